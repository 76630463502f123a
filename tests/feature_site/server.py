# SPDX-License-Identifier: EUPL-1.2
"""
The feature site on one port of this machine, under all of its host names.

    with FeatureSite() as site:
        site.resolve("cdn.features.test", 80)  →  [("127.0.0.1", 34567)]

Which host is meant is told by the Host field, so names, ports and schemes are as many as the table has. Knows
nothing of what is tested.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from .answers import ANSWERS, HERE, Answer, Asked, Reply, named, picture, text

PAGES = HERE / "pages"
WHOLE = {"%PLAIN%": "/plain.js", "%OTHER%": "/other.js", "%LINKED%": "/s/linked.css", "%WORDS%": "/words.txt"}
"""What stands in pages for the integrity of which answer."""

_TLS_HANDSHAKE = b"\x16"
_CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=features.test"


class FeatureSite(ThreadingHTTPServer):
    """Serves between `with` and its end, and remembers which addresses it answered."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self._tls = _tls_context()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Keep quiet of browsers that go away."""

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Speak TLS with whoever begins with it: http and https are on one port."""
        if request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            with self._tls.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
            return
        super().finish_request(request, client_address)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def resolve(self, _host: str, _port: int) -> list[tuple[str, int]]:
        """Return where any host of the site is."""
        return [("127.0.0.1", self.port)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FeatureSite
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        host = self.headers.get("Host", "")
        self.server.asked.append(f"{self.command} {host}{self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, host, self.path, self.headers, body)
        self._answer(answer_to(asked))

    do_HEAD = do_POST = do_PUT = do_OPTIONS = do_GET  # noqa: N815 — http.server's names

    def _answer(self, answer: Answer) -> None:
        fields, body = dict(answer.fields), answer.body
        chunked = "Transfer-Encoding" in fields
        self.send_response(answer.status)
        for name, value in answer.fields:
            self.send_header(name, value)
        if not chunked and answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def answer_to(asked: Asked) -> Answer:
    """Return what the site answers: a row of the table, a picture, a page, or 404."""
    path = urlsplit(asked.target).path
    keys = (f"{asked.host}{path}", asked.target, path)
    reply: Reply | None = next((ANSWERS[key] for key in keys if key in ANSWERS), None)
    if reply is None and path.startswith("/img/"):
        reply = picture
    reply = reply or _page(path)
    return reply(asked) if callable(reply) else reply


def _page(path: str) -> Answer:
    name = path.removeprefix("/") or "index.html"
    for file in PAGES.iterdir():
        if file.name == name:
            mime = "text/javascript" if file.suffix == ".js" else "text/html"
            written = named(file.read_text(encoding="utf-8"))
            for name, answer in WHOLE.items():
                written = written.replace(name, whole(answer)) if name in written else written
            return text(written, f"{mime}; charset=utf-8")
    return text("<!doctype html><title>404</title>not here", "text/html", 404)


def whole(path: str) -> str:
    """Return what `integrity` says of an answer (Subresource Integrity section 3.1)."""
    digest = hashlib.sha256(answer_to(Asked("GET", "features.test", path, {}, b"")).body).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        files = (f"{folder}/key.pem", f"{folder}/cert.pem")
        made = [*_CERTIFICATE.split(), "-keyout", files[0], "-out", files[1]]
        subprocess.run(made, check=True, capture_output=True)
        context.load_cert_chain(files[1], files[0])
    return context
