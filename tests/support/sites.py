# SPDX-License-Identifier: EUPL-1.2
"""
A small web on one loopback port that remembers who asked for what, when, and how many at once.

    with Web({"/": page("Home", "/a"), "cdn.test/logo.png": PNG}) as web:
        ...
        web.paths()  →  ["/robots.txt", "/", "/a", …]

A key is a path, for any host, or a host with a path. An answer is status, fields and body as in
`tests.support.snapshots`, or a function of the handler that does what it likes.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.snapshots import NOT_FOUND, Answer

Reply = Answer | Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Asked:
    at: float
    """Seconds, monotonic."""
    host: str
    path: str


class Web(ThreadingHTTPServer):
    """Serves between `with` and its end. `pause` is how many seconds every answer takes."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, pages: Mapping[str, Reply], *, pause: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = dict(pages)
        self.pause = pause
        self.asked: list[Asked] = []
        self.busy = self.busiest = 0
        self.closing = threading.Event()
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Keep quiet: a client that was killed is what many tests are about."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def seed(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def paths(self, host: str | None = None) -> list[str]:
        """Return what was asked for so far, in order."""
        return [one.path for one in self.asked if host in {None, one.host}]

    def pages_asked(self) -> list[str]:
        """Return what was asked for but robots.txt and the sitemap that may be there."""
        return [path for path in self.paths() if path not in {"/robots.txt", "/sitemap.xml"}]

    def gaps(self) -> list[float]:
        """Return the seconds between each request and the next."""
        moments = sorted(one.at for one in self.asked)
        return [later - earlier for earlier, later in itertools.pairwise(moments)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Web
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        web, host = self.server, self.headers.get("Host", "").partition(":")[0]
        with web.lock:
            web.asked.append(Asked(time.monotonic(), host, self.path))
            web.busy += 1
            web.busiest = max(web.busiest, web.busy)
        try:
            if web.pause:
                web.closing.wait(web.pause)
            reply = web.pages.get(f"{host}{self.path}") or web.pages.get(self.path, NOT_FOUND)
        finally:
            with web.lock:
                web.busy -= 1
        with contextlib.suppress(ConnectionError):
            if callable(reply):
                reply(self)
            else:
                self._answer(*reply)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if int(headers.get("Content-Length", len(body))) > len(body):
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing for as long as the server lives."""
    handler.server.closing.wait(30)  # type: ignore[attr-defined]


def text(body: str, mime: str = "text/plain", status: int = 200) -> Answer:
    """Return an answer of text."""
    return status, {"Content-Type": mime}, body.encode()


def to(location: str, status: int = 301) -> Answer:
    """Return a redirect."""
    return status, {"Location": location}, b""
