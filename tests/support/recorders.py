# SPDX-License-Identifier: EUPL-1.2
"""
Other people's recorders at work on a site of this machine: each gives the WARCs it wrote.

    with warcprox(tmp_path) as get:           get(url) asks through the proxy
    with pywb_recorder(tmp_path) as get:      get(url) asks pywb, which records and shows
    written(tmp_path)                         what is there once it has ended
"""

from __future__ import annotations

import contextlib
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from .oracles import PYWB, needed, oracle
from .ports import LOOPBACK, free_port, wait_until_accepting

Get = Callable[[str], bytes]
LOCAL = Path(__file__).with_name("warcprox_local.py")


@contextlib.contextmanager
def _running(port: int, log: Path, *command: str | Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command], cwd=log.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            wait_until_accepting(port, lambda: process.poll() is None, 40)
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


@contextlib.contextmanager
def warcprox(folder: Path) -> Iterator[Get]:
    """Record what is asked for through warcprox: gzip, SHA-256, revisits for what is the same."""
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
    with _running(port, folder / "warcprox.log", needed(PYWB / "python"), LOCAL, *options, *dedup):
        yield lambda url: _body(urllib.request.build_opener(proxy), url)


@contextlib.contextmanager
def pywb_recorder(folder: Path) -> Iterator[Get]:
    """Record what is asked for through pywb's `record` mode."""
    ran = oracle("wb-manager", "init", "rec", home=PYWB, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    port = free_port()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    command = [needed(PYWB / "pywb"), "--record", "--live", "-b", LOOPBACK, "-p", str(port), "-d", folder]
    with _running(port, folder / "pywb.log", *command):
        yield lambda url: _body(opener, f"http://{LOOPBACK}:{port}/rec/record/id_/{url}")


def written(folder: Path) -> list[Path]:
    """Return the WARCs below a folder."""
    return sorted(folder.rglob("*.warc.gz*"))
