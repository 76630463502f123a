# SPDX-License-Identifier: EUPL-1.2
"""
Serves the demonstration site on the loopback interface, as an ordinary web server would.

    with DemoServer() as server:
        server.day = 3
        ...  http://127.0.0.1:{server.port}/nl/

Knows HTTP (keep-alive, HEAD, gzip, conditional requests) and nothing of the site: site.respond does. Any
Host is answered, and the absolute form of a request target too (RFC 9112 section 3.2.2), so the server
may be reached under the site's own name by whoever maps that name to it.
"""

from __future__ import annotations

import gzip
import socket
import sys
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from .site import Response, respond

Fields = Mapping[str, str]
"""Request fields by name in lower case."""

_TEXT = ("text/", "application/json", "application/xml", "application/atom+xml", "application/manifest+json")
_PATIENCE = 30.0
"""Seconds an idle connection is kept open."""


class DemoServer:
    """
    The site on a free port of 127.0.0.1, in a thread, for as long as the context lasts.

    Set `day` (0 to 6) between crawls; every later request is answered as on that day.
    """

    def __init__(self, day: int = 0) -> None:
        self.day = day
        self.port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        assert self._thread
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


def answer(day: int, target: str, fields: Fields) -> Response:
    """Return the response to a GET with these request fields: encoded, or 304 where the client has it."""
    response = respond(day, _path(target))
    if _compressible(response):
        zipped = _accepts_gzip(fields.get("accept-encoding", ""))
        response = _encoded(response) if zipped else _with(response, Vary="Accept-Encoding")
    return _not_modified(response) if _has_it(response, fields) else response


def _path(target: str) -> str:
    """Return path and query of a request target, in origin or absolute form; escapes in the path undone."""
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return target
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path, mark, query = target.partition("?")
    return unquote(path) + mark + query


def _compressible(response: Response) -> bool:
    media_type = response.header("Content-Type") or ""
    return media_type.startswith((*_TEXT, "image/svg+xml"))


def _accepts_gzip(value: str) -> bool:
    """Read Accept-Encoding (RFC 9110 section 12.5.3) as far as gzip goes: named, and not refused by q=0."""
    for member in value.lower().split(","):
        coding, _, weight = member.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


@cache
def _encoded(response: Response) -> Response:
    """Return the response in gzip, with an entity tag of its own, as the bytes differ (RFC 9110, 8.8.3)."""
    tag = response.header("ETag")
    fresh = {"ETag": tag.removesuffix('"') + '-gzip"'} if tag else {}
    zipped = Response(response.status, response.headers, gzip.compress(response.body, mtime=0))
    return _with(zipped, **fresh, **{"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def _with(response: Response, **fields: str) -> Response:
    kept = tuple((name, value) for name, value in response.headers if name not in fields)
    return Response(response.status, (*kept, *fields.items()), response.body)


def _has_it(response: Response, fields: Fields) -> bool:
    """Judge the preconditions of a GET in the order of RFC 9110 section 13.2.2."""
    if response.status != 200:
        return False
    if (tags := fields.get("if-none-match")) is not None:
        known = {one.strip().removeprefix("W/") for one in tags.split(",")}
        return "*" in known or response.header("ETag") in known
    since = fields.get("if-modified-since")
    return since is not None and _not_later(response.header("Last-Modified") or "", since)


def _not_later(modified: str, since: str) -> bool:
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):  # not a date, or one without a zone: the field is to be ignored
        return False


def _not_modified(response: Response) -> Response:
    """Return the 304, with the fields a cache needs and none that describe a body (section 15.4.5)."""
    kept = {"ETag", "Last-Modified", "Cache-Control", "Vary"}
    return Response(304, tuple(field for field in response.headers if field[0] in kept), b"")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, site: DemoServer) -> None:
        self.site = site
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket.set_inheritable(False)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections clients still hold open, so that no thread waits for their next request."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was first
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave a broken connection at that: it concerns one client, who knows. Print anything else."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    # Headers and body leave in one segment; apart, Nagle and delayed acknowledgement cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def _answer(self) -> Response:
        fields = {name.lower(): value for name, value in self.headers.items()}
        return answer(self.server.site.day, self.path, fields)

    def _send(self, response: Response, *, with_body: bool) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != 304:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(response.body)

    def version_string(self) -> str:
        """Return the Server field: no product, no version."""
        return "demo"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the name is the library's
        """Keep quiet: who archives the site keeps the requests already."""
