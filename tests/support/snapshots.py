# SPDX-License-Identifier: EUPL-1.2
"""
A sealed archive made by a real crawl of a real server on this machine, one day after the other.

    with build_days(tmp_path, [{"/": page("Monday")}, {"/": page("Tuesday")}]) as archive:
        monday, tuesday = archive.collection.snapshots(SITE)

The site is called example.test; it is mapped onto the server by the resolver, and its clock is set by hand.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from archiver.archive import Archive
from archiver.collection import Collection
from archiver.publish import Shelves
from archiver.settings import Settings, Site
from archiver.snapshot import take
from index.catalogue import Catalogue
from index.history import History

SITE = "example"
HOST = "http://example.test"
FIRST = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, header fields and body. A body with `Transfer-Encoding: chunked` is given without its framing."""
Day = Mapping[str, Answer]

NOT_FOUND: Answer = (404, {"Content-Type": "text/plain"}, b"not here")


def page(text: str, *links: str, title: str = "A page", language: str = "nl") -> Answer:
    """Return a page of HTML with a text and links."""
    anchors = "".join(f'<a href="{link}">{link}</a>' for link in links)
    body = f'<!doctype html><html lang="{language}"><title>{title}</title><p>{text}</p>{anchors}</html>'
    return 200, {"Content-Type": "text/html; charset=utf-8"}, body.encode()


class HandClock:
    """A clock that stands where it is set, and goes on a millisecond whenever it is read."""

    def __init__(self, start: datetime = FIRST) -> None:
        self._start = start
        self._read = itertools.count()

    def set(self, moment: datetime) -> None:
        self._start, self._read = moment, itertools.count()

    def __call__(self) -> datetime:
        return self._start + timedelta(milliseconds=next(self._read))


class SiteServer(ThreadingHTTPServer):
    """Answers every path as the table `day` says, and 404 for what is not in it. `asked` has every path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.day: Day = {}
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SiteServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, headers, body = self.server.day.get(self.path, NOT_FOUND)
        chunked = headers.get("Transfer-Encoding") == "chunked"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not chunked and status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if chunked:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[SiteServer]:
    """Run a server on a free port of this machine."""
    with SiteServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def opened(root: Path, server: SiteServer, clock: HandClock, **more: Any) -> Iterator[Archive]:
    """Open an archive of one site, whose every host is the server; `more` goes to the `Site`."""
    site = Site(
        **(
            {"name": SITE, "seeds": (f"{HOST}/",), "delay": 0.0, "timeout": 5.0, "retries": 0, **_LOCAL}
            | more
        )
    )
    collection = Collection.create(root)
    search = collection.catalogue / "search"
    with (
        contextlib.closing(History(collection.catalogue / "history.sqlite")) as history,
        contextlib.closing(Catalogue(search)) as catalogue,
    ):
        yield Archive(
            settings=Settings(data=str(root), site=(site,)),
            collection=collection,
            shelves=Shelves(history, catalogue),
            now=clock,
            new_id=lambda: f"<urn:uuid:{uuid.uuid4()}>",
            stop=threading.Event(),
            resolve=lambda _host, _port: [("127.0.0.1", server.port)],
        )


_LOCAL = {"allow_addresses": ("127.0.0.0/8",)}


@contextlib.contextmanager
def build_days(root: Path, days: Sequence[Day], **more: Any) -> Iterator[Archive]:
    """Archive each day in turn at 02:30 UTC from 2 March 2026 on; yield the archive, the server stopped."""
    clock = HandClock()
    with contextlib.ExitStack() as stack:
        with serving() as server:
            archive = stack.enter_context(opened(root, server, clock, **more))
            for number, day in enumerate(days):
                server.day = day
                clock.set(FIRST + timedelta(days=number))
                take(archive, archive.settings.site[0])
        yield archive


def writable_copy(sealed: Path, folder: Path) -> Collection:
    """Return a copy, in `folder`, of the data folder of sealed days, which may be damaged."""
    shutil.copytree(sealed, folder)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Collection(folder)
