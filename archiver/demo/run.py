# SPDX-License-Identifier: EUPL-1.2
"""
Archive the demonstration site day by day, with a clock that is set by hand.

The site's name, www.verblijfsdienst.example, is reserved and resolves nowhere (RFC 2606); while the archive
is built it is mapped onto a server on this machine, through the same two seams every crawl has: the
resolver and the clock. Everything made here is marked as a demonstration. Knows nothing of showing it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from index.catalogue import Catalogue
from index.errors import ArchiveError
from index.history import History
from index.timestamp import parse_date

from ..archive import Archive
from ..collection import Collection
from ..durable import storage, write_file
from ..publish import Shelves
from ..runs import Runs, State
from ..settings import Settings, load
from ..snapshot import take
from .server import DemoServer
from .site import DAYS, HOST

SITE = "verblijfsdienst"
ZONE = ZoneInfo("Europe/Amsterdam")
HOUR = 3
"""Local hour at which the demonstration's days are taken."""

CONFIGURATION = f"""\
# The demonstration archive of `daykeep demo`: a fictional site that exists nowhere else.
# Its days were taken with a clock set by hand; the daily job passes over it.

data = "../data"
timezone = "Europe/Amsterdam"
language = "nl"

[[site]]
name = "{SITE}"
title = "Verblijfsdienst"
seeds = ["http://{HOST}/"]
delay = 0
retries = 0
max_wait = 0
connections = 2
timeout = 10
allow_addresses = ["127.0.0.0/8"]
demonstration = true
"""


class HandClock:
    """A clock that begins each day where it is set, and goes on at the pace of the machine's own."""

    def __init__(self) -> None:
        self._start = datetime.combine(parse_date(DAYS[0].date), datetime.min.time(), ZONE)
        self._set_at = time.monotonic()

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self._start, self._set_at = moment, time.monotonic()

    def __call__(self) -> datetime:
        """Return what it shows."""
        return self._start + timedelta(seconds=time.monotonic() - self._set_at)


def build(directory: Path, new_id: Callable[[], str], step: Callable[[str, int, int], None]) -> Path:
    """
    Make the demonstration archive in a folder, or what is missing of it, and return its configuration file.

    Days that are there already are left as they are. Raises StorageError; ArchiveError where the folder
    holds another archive.
    """
    config = directory / "config" / "daykeep.toml"
    if not config.exists():
        with storage(f"make {config.parent}"):
            config.parent.mkdir(parents=True, exist_ok=True)
        write_file(config, [CONFIGURATION.encode()])
    settings = load(config)
    if [site.name for site in settings.site] != [SITE]:
        raise ArchiveError(f"{directory} holds another archive; name an empty folder for the demonstration.")
    for number, name in enumerate(_take_days(settings, new_id), 1):
        step(name, number, len(DAYS))
    return config


def _take_days(settings: Settings, new_id: Callable[[], str]) -> Iterator[str]:
    collection = Collection.create(settings.root)
    site, clock = settings.find(SITE), HandClock()
    taken = {folder.summary.day for folder in collection.snapshots(SITE)}
    runs = Runs(collection.state / "runs.sqlite")
    with DemoServer() as server, _shelves(collection) as shelves:
        archive = Archive(
            settings,
            collection,
            shelves,
            clock,
            new_id,
            threading.Event(),
            lambda _host, _port: [("127.0.0.1", server.port)],
        )
        for number, day in enumerate(DAYS):
            if day.date not in taken:
                server.day = number
                clock.set(
                    datetime.combine(parse_date(day.date), datetime.min.time(), ZONE) + timedelta(hours=HOUR)
                )
                run = runs.begin(SITE, parse_date(day.date), clock())
                snapshot = take(archive, site)
                runs.end(run, State.DONE, clock(), snapshot=snapshot.timestamp)
            yield day.date


@contextmanager
def _shelves(collection: Collection) -> Iterator[Shelves]:
    with (
        closing(History(collection.catalogue / "history.sqlite")) as history,
        closing(Catalogue(collection.catalogue / "search")) as catalogue,
    ):
        yield Shelves(history, catalogue)
