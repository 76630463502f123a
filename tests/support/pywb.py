# SPDX-License-Identifier: EUPL-1.2
"""
pywb from an environment of its own: a collection of given WARCs, indexed by it and served on a free port.

    collection = Collection(tmp_path, "day", [warc, …])
    with served(collection) as port:
        fetch(port, "day", "20260302023000", "https://www.example.org/")
"""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .oracles import PYWB, needed, oracle
from .ports import LOOPBACK, free_port, wait_until_accepting


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection below a folder that may hold several."""

    folder: Path
    name: str

    @property
    def index(self) -> Path:
        return self.folder / "collections" / self.name / "indexes" / "index.cdxj"


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    body: bytes
    location: str | None


def collect(folder: Path, name: str, warcs: Sequence[Path]) -> Collection:
    """Let pywb take WARCs into a collection, and index them."""
    for words in (["init", name], ["add", name, *warcs]):
        ran = oracle("wb-manager", *words, home=PYWB, cwd=folder)
        assert ran.returncode == 0, ran.stderr
    return Collection(folder, name)


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Run pywb over the collections below a folder on a free port of this machine."""
    port = free_port()
    command = [needed(PYWB / "pywb"), "-b", LOOPBACK, "-p", str(port), "-d", folder]
    with (folder / "pywb.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until_accepting(port, lambda: process.poll() is None, 40)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=20)


def fetch(port: int, collection: str, timestamp: str, url: str) -> Fetched:
    """Ask for a capture as it was recorded (`id_`): nothing rewritten, its content coding kept."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.putrequest("GET", f"/{collection}/{timestamp}id_/{url}", skip_accept_encoding=True)
        connection.putheader("Accept-Encoding", "gzip, deflate, br, zstd")
        connection.endheaders()
        answer = connection.getresponse()
        return Fetched(answer.status, answer.read(), answer.getheader("Location"))
    finally:
        connection.close()
