# SPDX-License-Identifier: EUPL-1.2
"""
Other people's recorders at work on a site of this machine: each gives the WARCs it wrote.

    with warcprox(tmp_path) as get:           get(url) asks through the proxy
    with pywb_recorder(tmp_path) as get:      get(url) asks pywb, which records and shows
    written(tmp_path)                         what is there once it has ended
"""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from .oracles import PYWB, needed, oracle
from .ports import LOOPBACK, accepts, free_port, wait_until

Get = Callable[[str], bytes]
LOCAL = Path(__file__).with_name("warcprox_local.py")


@contextlib.contextmanager
def _running(ready: Callable[[], bool], log: Path, *command: str | Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command], cwd=log.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            wait_until(ready, lambda: process.poll() is None, 40)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _body(opener: urllib.request.OpenerDirector, url: str) -> bytes:
    try:
        with opener.open(url, timeout=30) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return bytes(refused.read())


def _has_table(database: Path, name: str) -> bool:
    """Tell whether a SQLite database is there and has a table."""
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        found = opened.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
        return found.fetchone() is not None


@contextlib.contextmanager
def warcprox(folder: Path) -> Iterator[Get]:
    """
    Record what is asked for through warcprox: gzip, SHA-256, revisits for what is the same.

    It accepts before it has made the table it looks digests up in, and what is answered in between it drops (on a
    busy machine one time in four): so the table is waited for as well.
    """
    port = free_port()
    options = [
        "-b",
        LOOPBACK,
        "-p",
        str(port),
        "-P",
        str(free_port()),
        "-d",
        folder,
        "-z",
        "-g",
        "sha256",
        "-q",
    ]
    dedup = ["--dedup-min-text-size", "0", "--dedup-min-binary-size", "0"]
    proxy = urllib.request.ProxyHandler({"http": f"http://{LOOPBACK}:{port}"})

    def ready() -> bool:
        return accepts(port) and _has_table(folder / "warcprox.sqlite", "dedup")

    with _running(ready, folder / "warcprox.log", needed(PYWB / "python"), LOCAL, *options, *dedup):
        yield lambda url: _body(urllib.request.build_opener(proxy), url)


@contextlib.contextmanager
def pywb_recorder(folder: Path) -> Iterator[Get]:
    """Record what is asked for through pywb's `record` mode."""
    ran = oracle("wb-manager", "init", "rec", home=PYWB, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    port = free_port()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    command = [needed(PYWB / "pywb"), "--record", "--live", "-b", LOOPBACK, "-p", str(port), "-d", folder]
    with _running(lambda: accepts(port), folder / "pywb.log", *command):
        yield lambda url: _body(opener, f"http://{LOOPBACK}:{port}/rec/record/id_/{url}")


def written(folder: Path) -> list[Path]:
    """Return the WARCs below a folder."""
    return sorted(folder.rglob("*.warc.gz*"))
