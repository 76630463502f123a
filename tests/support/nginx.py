# SPDX-License-Identifier: EUPL-1.2
"""
A real nginx on a free loopback port, serving folders: the website that tests archive.

    with Nginx({"/": site, "/docs/": Path("/usr/share/doc/sqlite3/")}, tmp_path / "nginx") as server:
        requests.get(server.url + "index.html")
        server.requests()

One process in the foreground under the current user, with a configuration, log and temporary files of its own in
the folder given; it reads nothing of the system's. Files come with ETag and Last-Modified, and text compressed to
who asks for it. Several may run at once.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import LOOPBACK, free_port, wait_until

ATTEMPTS = 5  # ports to try: another process may take a free one before nginx does

CONFIGURATION = """\
daemon off;
master_process off;
pid "{folder}/nginx.pid";
error_log "{folder}/error.log" notice;
events {{ worker_connections 512; }}
http {{
    log_format seen '$request_method $request_uri $status $http_if_none_match';
    access_log "{folder}/access.log" seen;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    types {{
        text/html html htm; text/css css; text/javascript js mjs; application/json json; text/plain txt;
        text/xml xml; application/atom+xml atom; image/svg+xml svg; image/png png; image/jpeg jpg jpeg;
        image/webp webp; image/gif gif; image/x-icon ico; font/woff2 woff2; font/woff woff; application/pdf pdf;
        video/mp4 mp4; application/wasm wasm; application/zip zip;
    }}
    default_type application/octet-stream;
    charset utf-8;
    gzip on;
    gzip_vary on;
    gzip_min_length 256;
    gzip_types text/css text/javascript application/json text/plain text/xml image/svg+xml;
    {http}
    server {{
        listen {address}:{port};
        server_name _;
        index index.html;
        {locations}
        {server}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the access log; `etag` is the client's If-None-Match, None when it sent none."""

    method: str
    target: str
    status: int
    etag: str | None


def _request(line: str) -> Request:
    method, target, status, etag = line.split(" ", 3)
    return Request(method, target, int(status), None if etag == "-" else etag)


def _location(prefix: str, root: Path) -> str:
    """Map a prefix that ends in a slash onto a folder; nginx's alias replaces the prefix by the folder."""
    if not prefix.endswith("/") or not root.is_dir():
        raise ValueError(f"{prefix!r} must end in a slash and {root} must be a folder")
    return f'location "{prefix}" {{ alias "{root}/"; }}'


def program() -> str:
    """Return the path of nginx. Raises RuntimeError with what to install when it is not there."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise RuntimeError(
            "nginx is not on this machine; run `make machine`, or install Debian's package nginx"
        )
    return found


class Nginx:
    """
    A context manager: inside it, nginx serves `roots` (URL prefix → folder, or one folder for everything).

    `folder` is made and holds all it writes; neither may have a double quote or a dollar sign in its name.
    `http` and `server` are extra lines for those two blocks of the configuration.
    """

    def __init__(
        self, roots: Path | Mapping[str, Path], folder: Path, *, http: str = "", server: str = ""
    ) -> None:
        self.roots = {"/": roots} if isinstance(roots, Path) else dict(roots)
        self.folder = folder
        self.http = http
        self.server = server
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the root, with its closing slash."""
        return f"http://{LOOPBACK}:{self.port}/"

    @property
    def pid(self) -> int:
        """The process that serves. Raises RuntimeError outside the context."""
        if self._process is None:
            raise RuntimeError("nginx is not running")
        return self._process.pid

    def requests(self) -> list[Request]:
        """Return what was asked so far. nginx writes a line after the answer has left, so the last may lag."""
        text = (self.folder / "access.log").read_text(encoding="utf-8")
        return [_request(line) for line in text.splitlines()]

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(ATTEMPTS):
            self.port = free_port()
            try:
                self._start()
            except ConnectionError:
                if "Address already in use" not in self._errors():
                    raise RuntimeError(f"nginx did not start: {self._errors()}") from None
            else:
                return self
        raise RuntimeError(f"nginx found no free port in {ATTEMPTS} attempts")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _start(self) -> None:
        """
        Start nginx and wait until it listens; raises ConnectionError if it ends before that.

        nginx writes its pid file when its sockets listen. To connect would not do: on a port that somebody else
        took, somebody else accepts while nginx still tries.
        """
        configuration = self.folder / "nginx.conf"
        listening = self.folder / "nginx.pid"
        listening.unlink(missing_ok=True)
        configuration.write_text(self._configuration(), encoding="utf-8")
        command = [program(), "-p", self.folder, "-c", configuration, "-e", self.folder / "error.log"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._process = process
        try:
            wait_until(listening.is_file, lambda: process.poll() is None)
        except BaseException:
            self._stop()
            raise

    def _configuration(self) -> str:
        locations = [_location(prefix, root) for prefix, root in self.roots.items()]
        return CONFIGURATION.format(
            folder=self.folder,
            address=LOOPBACK,
            port=self.port,
            http=self.http,
            server=self.server,
            locations="\n        ".join(locations),
        )

    def _errors(self) -> str:
        return (self.folder / "error.log").read_text(encoding="utf-8")

    def _stop(self) -> None:
        """End nginx and reap it, so that no process outlives its test."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
