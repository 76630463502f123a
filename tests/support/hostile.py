# SPDX-License-Identifier: EUPL-1.2
"""
The servers of a hostile web on this machine, with ordinary pages in between, and one crawl of all of it.

    with Hostile(inside_port, certify(folder)) as web:
        …                                          web.ports, web.main.requests

    python -m tests.support.hostile '{"data": …, "site": {…}, "ports": {…}, "memory": …}'

The second crawls it in a process of its own, whose memory is bounded. What is answered, and what has to
become of it, is in `tests.support.misbehaviours`.
"""

from __future__ import annotations

import contextlib
import json
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from archiver.snapshot import take
from tests.support.misbehaviours import (
    INSIDE,
    MISBEHAVIOURS,
    REDIRECTS,
    ROBOTS,
    SITE,
    SITEMAPS,
    TRAPS,
    Misbehaviour,
    links,
    page,
    raw,
    redirect,
)
from tests.support.rawserver import Connection, RawServer
from tests.support.snapshots import HandClock, opened

ALLOWED = "127.0.0.1"
"""The one address that the crawl may talk to."""
ORDINARY = ("/first", "/second", "/last", "/after-first", "/after-second", "/after-last")


@dataclass
class Hostile:
    """The servers of this web. `inside_port` is what the private redirects lead to."""

    inside_port: int
    certificate: Path
    """A PEM file with a certificate and its key."""
    ports: dict[str, int] = field(default_factory=dict)
    """Where a host is found; that of the empty name is everything else."""

    def __enter__(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        with contextlib.ExitStack() as stack:
            self.main = stack.enter_context(RawServer(self._converse))
            secure = stack.enter_context(RawServer(page("x"), tls=context))
            plain = stack.enter_context(RawServer(lambda connection: connection.send(page("x"))))
            self.ports = {
                "": self.main.port,
                "tls-plain.test": plain.port,
                "tls-self.test": secure.port,
                "plain-tls.test": secure.port,
            }
            self._answers = {(one.host, one.target): one for one in MISBEHAVIOURS}
            for number, authority in enumerate(INSIDE):
                inner = f"http://{authority.format(port=self.inside_port)}/inside"
                one = self._answers["bad.test", f"/private-{number}"]
                self._answers["bad.test", one.target] = replace(one, answer=redirect(inner))
            self._undo = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _converse(self, connection: Connection) -> None:
        while request := connection.request():
            path = request.split(b" ", 2)[1].decode("latin-1")
            host = request.lower().partition(b"\nhost:")[2].split(b"\r")[0].strip().decode("latin-1")
            one = self._answers.get((host.partition(":")[0], path)) or _family(path)
            if one is None:
                connection.send(_ordinary(host, path))
                continue
            if callable(one.answer):
                one.answer(connection, path)
            else:
                connection.send(one.answer)
            if not one.stays:
                return


def _family(path: str) -> Misbehaviour | None:
    """Return the misbehaviour that made up an address, beside the one it begins with."""
    for one in (*TRAPS, *REDIRECTS, *SITEMAPS):
        if callable(one.answer) and path.startswith((one.target.partition("?")[0], f"/{one.name}-")):
            return one
    return None


def _ordinary(host: str, path: str) -> bytes:
    if path == "/robots.txt":
        listed = "".join(f"Sitemap: {one.url}\n" for one in SITEMAPS) if host == "bad.test" else ""
        return raw(f"User-agent: *\nDisallow: /never\n{listed}".encode(), "Content-Type: text/plain")
    if path == "/redirect-back":
        return redirect("/redirect-loop")
    if path == "/":
        return page(_index())
    return page(links(f"/after-{path[1:]}") if path in ORDINARY[:3] else f"an ordinary page at {path}")


def _index() -> str:
    outlinks = [
        one.url for one in MISBEHAVIOURS if not one.embed and one.host == "bad.test" and one not in SITEMAPS
    ]
    parts = [one.url for one in MISBEHAVIOURS if one.embed]
    parts += [f"http://{one.host}/part" for one in ROBOTS]
    images = "".join(f'<img src="{part}">' for part in parts)
    return links("/first", *outlinks[::2], "/second", *outlinks[1::2], "/last") + images


def certify(folder: Path) -> Path:
    """Make a certificate that vouches for itself, and return the file that has it and its key."""
    made_here = folder / "tls.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    )
    subprocess.run(
        [*command.split(), "-keyout", made_here, "-out", folder / "cert.pem"], check=True, capture_output=True
    )
    with made_here.open("ab") as file:
        file.write((folder / "cert.pem").read_bytes())
    return made_here


def look_up(ports: Mapping[str, int]) -> Callable[[str, int], list[tuple[str, int]]]:
    """Return a resolver that finds this web, and takes every address for what it is."""

    def resolve(host: str, port: int) -> list[tuple[str, int]]:
        if host.endswith(".test"):
            return [("127.0.0.1", ports.get(host, ports[""]))]
        return [("127.0.0.2" if host == "localhost" else host.strip("[]"), port)]

    return resolve


def crawl(asked: dict[str, Any]) -> dict[str, Any]:
    """Take a snapshot of this web in `data`; return its timestamp, seconds of CPU and peak of memory in bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    options = {"seeds": (f"{SITE}/",), "allow_addresses": (ALLOWED,), **asked["site"]}
    with opened(Path(asked["data"]), None, HandClock(), **options) as made_so:  # type: ignore[arg-type]
        archive = replace(made_so, resolve=look_up(asked["ports"]))
        taken = take(archive, archive.settings.site[0])
    return {"timestamp": taken.timestamp, "cpu": time.process_time(), "peak": _peak()}


def _peak() -> int:
    """Return the most memory this program has held, in bytes; ru_maxrss has that of the process it came from too."""
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(crawl(json.loads(sys.argv[1]))) + "\n")
