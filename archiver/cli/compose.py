# SPDX-License-Identifier: EUPL-1.2
"""From a configuration file to the objects a command works with, each built once. Knows no command."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

from index.catalogue import Catalogue
from index.errors import ArchiveError, ConfigurationError, DamagedError, NotFoundError
from index.history import History
from index.model import Outcome
from index.timestamp import day_bounds, parse_date, parse_timestamp, to_timestamp

from ..addresses import Resolve
from ..archive import Archive
from ..collection import Collection
from ..publish import Shelves, publish_waiting
from ..runs import Runs
from ..seals import keep_found
from ..settings import Settings, Site, load
from ..snapshot_folder import SnapshotFolder

T = TypeVar("T")
_HISTORY = "history.sqlite"

logger = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the present moment; the only place that asks the machine's clock."""
    return datetime.now(UTC)


def new_record_id() -> str:
    """Return a new WARC-Record-ID."""
    return f"<urn:uuid:{uuid.uuid4()}>"


@contextlib.contextmanager
def opened(
    config: str | Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    resolve: Resolve | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Archive]:
    """
    Open the archive that a configuration file names, and close it at the end.

    What is sealed but not in the catalogue, because a crash came between or somebody deleted catalogue/,
    is published first, so that every command sees every sealed day.
    """
    settings = load(Path(config)) if isinstance(config, str) else config
    collection = Collection.create(settings.root)
    with shelves(collection) as opened_shelves:
        archive = Archive(
            settings, collection, opened_shelves, now, new_record_id, stop or threading.Event(), resolve
        )
        keep_found(collection, now())
        publish_waiting(collection, opened_shelves, _warn_unpublished)
        yield archive


class Looked(Protocol):
    """What is needed to find a day: an archive, or one that is only looked at."""

    @property
    def settings(self) -> Settings:
        """Its configuration."""

    @property
    def collection(self) -> Collection:
        """Its snapshots."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An archive that is looked at and not written to: a copy on a disk that cannot be written will do."""

    settings: Settings
    collection: Collection


def reading(config: str) -> Reading:
    """
    Return the archive that a configuration file names, as it stands: nothing is published, sealed or made.

    Raises ConfigurationError, NotFoundError where there is none, DamagedError for a newer format.
    """
    settings = load(Path(config))
    collection = Collection(settings.root)
    if not (collection.root / "sites").is_dir():
        raise NotFoundError(f"There is no archive at {collection.root}; `daykeep crawl SITE` begins one.")
    if (collection.root / "collection.json").exists():  # where only sites/ was restored there is none yet
        collection.check_format()
    return Reading(settings, collection)


def _warn_unpublished(folder: SnapshotFolder, error: ArchiveError) -> None:
    logger.warning("not-in-the-catalogue", site=folder.site, snapshot=folder.timestamp, reason=str(error))


def shelves(collection: Collection) -> AbstractContextManager[Shelves]:
    """Open history and catalogue. Raises DamagedError with the advice to rebuild where they are damaged."""
    return shelves_below(collection.catalogue)


@contextlib.contextmanager
def shelves_below(folder: Path) -> Iterator[Shelves]:
    """Open history and catalogue of a folder, such as one that is being filled."""
    with (
        contextlib.closing(History(folder / _HISTORY)) as history,
        contextlib.closing(Catalogue(folder / "search")) as catalogue,
    ):
        yield Shelves(history, catalogue)


def history_path(collection: Collection) -> Path:
    """Return where the history stands."""
    return collection.history_path


def runs_path(collection: Collection) -> Path:
    """Return where the table of runs stands."""
    return collection.runs_path


def runs_of(collection: Collection) -> Runs:
    """Open the table of runs."""
    return Runs(runs_path(collection))


def find_site(archive: Archive, name: str) -> Site:
    """Return a configured site; for one that is only on disk, say so."""
    if name in archive.collection.sites() and name not in {site.name for site in archive.settings.site}:
        raise ConfigurationError(
            f"{name!r} has snapshots on disk but no [[site]] in the configuration; add it there."
        )
    return archive.settings.find(name)


def require_site(archive: Looked, name: str) -> str:
    """Return the name of a site that is configured or on disk. Raises ConfigurationError."""
    return name if name in archive.collection.sites() else archive.settings.find(name).name


def find_snapshot(archive: Looked, site: str, text: str) -> SnapshotFolder:
    """
    Return the snapshot that a command's DATE means: 14 digits exactly, or the best one of a calendar day.

    The best is the newest that did not fail. Raises ConfigurationError for what is neither, NotFoundError
    with the nearest days there are.
    """
    require_site(archive, site)
    if text.isdigit():
        _parse(parse_timestamp, text)
        return archive.collection.snapshot(site, text)
    _parse(parse_date, text)
    of_day = [one for one in archive.collection.snapshots(site) if place_of(archive, one, text) == 0]
    if not of_day:
        raise NotFoundError(f"There is no snapshot of {site} on {text}. {_nearest(archive, site, text)}")
    return _best(of_day)


def find_snapshots(archive: Archive, site: str, first: str, last: str | None) -> list[SnapshotFolder]:
    """
    Return the snapshots that stand for the days from DATE to DATE, both included, oldest first.

    A day without a snapshot is passed over. Raises ConfigurationError and NotFoundError as above, and
    ConfigurationError where the last day is before the first.
    """
    if last is None:
        return [find_snapshot(archive, site, first)]
    require_site(archive, site)
    start, end = bounds_of(archive, first)[0], bounds_of(archive, last)[1]
    if start >= end:
        raise ConfigurationError(f"{last} is before {first}; give the earlier day first.")
    found = [
        folder
        for folder in archive.collection.snapshots(site)
        if place_of(archive, folder, first) >= 0 >= place_of(archive, folder, last)
    ]
    if not found:
        raise NotFoundError(
            f"There is no snapshot of {site} from {first} to {last}. {_nearest(archive, site, first)}"
        )
    days: dict[str, list[SnapshotFolder]] = {}
    for folder in found:
        days.setdefault(_day(archive, folder), []).append(folder)
    return [_best(of_day) for of_day in days.values()]


def bounds_of(archive: Looked, text: str) -> tuple[str, str]:
    """Return the first timestamp that a DATE means, and the first after it. Raises ConfigurationError."""
    if text.isdigit():
        moment = _parse(parse_timestamp, text)
        return text, to_timestamp(moment + timedelta(seconds=1))
    return _parse(lambda text: day_bounds(parse_date(text), archive.settings.zone), text)


def _best(of_day: list[SnapshotFolder]) -> SnapshotFolder:
    """Return the newest that did not fail, else the newest."""
    return ([folder for folder in of_day if not _failed(folder)] or of_day)[-1]


def place_of(archive: Looked, folder: SnapshotFolder, text: str) -> int:
    """
    Tell whether a snapshot lies before a DATE (-1), on it (0), or behind it (1).

    Its day is the one that it was sealed with, whatever time zone is configured today. Raises
    ConfigurationError for what is no DATE.
    """
    if text.isdigit():
        _parse(parse_timestamp, text)
        own = folder.timestamp
    else:
        asked, moment = _parse(parse_date, text), parse_timestamp(folder.timestamp).date()
        # no time zone is a day away from UTC: only near it the seal has to be read
        own = _day(archive, folder) if abs((moment - asked).days) <= 1 else moment.isoformat()
    return (own > text) - (own < text)


def _day(archive: Looked, folder: SnapshotFolder) -> str:
    return folder.day_by(archive.settings.zone).isoformat()


def _failed(folder: SnapshotFolder) -> bool:
    try:
        return folder.summary.outcome is Outcome.FAILED
    except DamagedError:
        return False  # `daykeep verify` must be able to look at it


def _parse(parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:  # OverflowError: the first and the last day there are
        raise ConfigurationError(
            f"{text!r} is not a date: write YYYY-MM-DD, or the 14 digits of a snapshot."
        ) from error


def _nearest(archive: Looked, site: str, text: str) -> str:
    folders = archive.collection.snapshots(site)
    places = [(place_of(archive, folder, text), folder) for folder in folders]
    near = [one for place, one in places if place < 0][-1:] + [one for place, one in places if place >= 0][:1]
    days = " and ".join(_day(archive, one) for one in near)
    return f"The nearest: {days}." if days else f"It has none yet; take one with `daykeep crawl {site}`."
