# SPDX-License-Identifier: EUPL-1.2
"""
One small site archived day after day, with all that a day leaves behind at hand.

    with daily(tmp_path, {"/": home("/a"), "/a": page("A")}) as site:
        monday = site.take()
        tuesday = site.take({"/a": in_turn(text("busy", status=503), page("A"))})
        tuesday["/a"].outcome, tuesday.judged["reasons"], tuesday.statuses("/a")

Every host is the one server; a day is verified before it is returned. Knows nothing of what is tested.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from archiver import ledger
from archiver.archive import Archive
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.ledger import Entry
from archiver.records import iterate
from archiver.responses import open_response
from archiver.snapshot import StoppedError, take
from archiver.snapshot_folder import SnapshotFolder
from index.model import Snapshot
from tests.support import archive as made_up
from tests.support.command import Ended, configure, inside
from tests.support.sites import Reply, Web
from tests.support.snapshots import FIRST, HOST, SITE, Answer, HandClock, opened
from tests.support.viewing import Visitor

PATIENCE = 30
"""Seconds after which a crawl that does not end is stopped, so that its test fails and does not hang."""


class SecondsClock(HandClock):
    """A clock that stands where it is set, and goes on a second whenever it is read."""

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=next(self._read))


@dataclass(frozen=True, slots=True)
class Taken:
    """What one day left behind."""

    snapshot: Snapshot
    folder: SnapshotFolder
    entries: Mapping[str, Entry]
    """By path, or by URL where it is of another host."""
    find: Callable[[str, str], Path]

    def __getitem__(self, path: str) -> Entry:
        return self.entries[path]

    @property
    def judged(self) -> dict[str, Any]:
        """What datapackage.json says under `daykeep`."""
        own: dict[str, Any] = self.folder.package["daykeep"]
        return own

    def flagged(self) -> dict[str, str]:
        """Return what was taken for something else than a page, by path."""
        return {path: entry.flag for path, entry in self.entries.items() if entry.flag}

    def outcomes(self, *paths: str) -> dict[str, str]:
        return {path: self.entries[path].outcome.value for path in paths}

    def statuses(self, path: str) -> list[int]:
        """Return the statuses of all responses in the WARCs for a path, in the order they were stored."""
        return [
            int(record.block.read().split(b" ", 2)[1])
            for warc in self.folder.warcs
            for _, record in iterate(warc)
            if (record.kind, record.field("WARC-Target-URI")) == ("response", HOST + path)
        ]

    def payload(self, path: str) -> bytes:
        """Return what the archive answers for a path on that day."""
        capture = self.folder.index.find(HOST + path)
        assert capture is not None
        with open_response(self.find, self.folder.timestamp, capture) as response:
            return b"".join(response.body)


@dataclass(slots=True)
class Daily:
    """An archive of one site whose pages a test changes from day to day."""

    root: Path
    web: Web
    archive: Archive
    clock: HandClock
    days: int = 0

    def take(self, pages: Mapping[str, Reply] | None = None, *, next_day: bool = True) -> Taken:
        """Archive the next day, or the same once more, with these pages and no others where they are given."""
        if pages is not None:
            self.web.pages = dict(pages)
        self.web.asked.clear()
        if next_day:
            self.clock.set(FIRST + timedelta(days=self.days))
            self.days += 1
        with stopped_after(self.archive, PATIENCE):
            snapshot = take(self.archive, self.archive.settings.site[0])
        return self.taken(snapshot)

    def taken(self, snapshot: Snapshot) -> Taken:
        """Return what a snapshot left behind, once it has been read back whole."""
        find = finder(self.archive.collection, SITE)
        folder = self.archive.collection.at(SITE, snapshot.timestamp)
        assert list(verify(folder, find)) == []
        entries = list(ledger.read(folder.ledger_path))
        by_path = {entry.url.removeprefix(HOST): entry for entry in entries}
        assert len(by_path) == len(entries) == sum(snapshot.counts.values())
        return Taken(snapshot, folder, by_path, find)

    def asked(self, path: str) -> int:
        """Return how often a path was asked for since the day began."""
        return self.web.paths().count(path)

    def ledger(self, day: Taken, *words: str) -> Ended:
        """Run `daykeep ledger` for a day."""
        config = configure(self.root, f"{HOST}/")
        return inside(config, "ledger", SITE, day.snapshot.timestamp, *words)

    def visitor(self) -> Visitor:
        """Return a visitor of the viewer over this archive."""
        archive, shelves = self.archive, self.archive.shelves
        return Visitor(
            made_up.Archive(archive.settings, archive.collection, shelves.history, shelves.catalogue)
        )


@contextlib.contextmanager
def daily(
    root: Path, pages: Mapping[str, Reply], *, clock: HandClock | None = None, **more: Any
) -> Iterator[Daily]:
    """Serve pages, and open an archive of them in `root`/data; `more` goes to the `Site`."""
    clock = clock or HandClock()
    with Web(pages) as web, opened(root / "data", web, clock, **more) as archive:
        yield Daily(root, web, archive, clock)


@contextlib.contextmanager
def stopped_after(archive: Archive, seconds: float) -> Iterator[None]:
    """Ask a crawl to stop that is still running after so many seconds."""
    watch = threading.Timer(seconds, archive.stop.set)
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        watch.join()


def in_turn(*answers: Reply) -> Reply:
    """Return what answers one request after the other, and the last of them from then on."""
    coming = itertools.chain(answers, itertools.repeat(answers[-1]))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply = next(coming)
        if callable(reply):
            reply(handler)
        else:
            handler._answer(*reply)  # type: ignore[attr-defined]

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Answer a part of what was announced."""
    handler._answer(200, {"Content-Type": "text/plain", "Content-Length": "100"}, b"a part")  # type: ignore[attr-defined]


def closed(answer: Answer) -> Answer:
    """
    Return an answer after which the server closes the connection.

    One that is kept open and then ends without an answer is nobody's fault: the same is asked once more at once.
    """
    status, fields, body = answer
    return status, {**fields, "Connection": "close"}, body


def tagged(answer: Answer) -> Reply:
    """Return what answers 304 to whoever has it already."""
    status, fields, body = answer
    tag = f'"{zlib.crc32(body):x}"'

    def reply(handler: BaseHTTPRequestHandler) -> None:
        same = handler.headers.get("If-None-Match") == tag
        handler._answer(304 if same else status, {**fields, "ETag": tag}, b"" if same else body)  # type: ignore[attr-defined]

    return reply


def script(*addresses: str) -> str:
    """Return a script that has these strings in it."""
    named = ", ".join(f'"{address}"' for address in addresses)
    return f"<script>var plekken = [{named}];</script>"


def html(body: str, *links: str, title: str = "Een pagina", status: int = 200, **fields: str) -> Answer:
    """Return a page with markup of its own and links; names of fields are written with underscores."""
    anchors = "".join(f'<a href="{link}">verder</a>\n' for link in links)
    data = f'<!doctype html><html lang="nl"><title>{title}</title><body>{body}\n{anchors}</body></html>'
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return status, {"Content-Type": "text/html; charset=utf-8", **named}, data.encode()


def stop_at(site: Daily, path: str, *, next_day: bool = True) -> None:
    """Begin a day, and stop it when a path has its outcome."""

    def stop(progress: Any) -> None:
        if progress.url == HOST + path:
            site.archive.stop.set()

    if next_day:
        site.clock.set(FIRST + timedelta(days=site.days))
        site.days += 1
    with pytest.raises(StoppedError):
        take(site.archive, site.archive.settings.site[0], report=stop)
    site.archive.stop.clear()


def day_before(site: Daily) -> Taken:
    """Return the last day but one, as it was sealed."""
    return site.taken(site.archive.collection.snapshots(SITE)[-2].summary)
