# SPDX-License-Identifier: EUPL-1.2
"""
A signal to a command whose main thread is stuck: it ends all the same, within 15 seconds, and loses nothing.

Where the command can still look at what it was asked, tests/test_faults.py tries it. These wait out the alarm.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from archiver.cli.stopping import STOPPED
from archiver.collection import Collection
from tests.support.command import command, configure, daykeep
from tests.support.sites import Web, hang
from tests.support.snapshots import page

pytestmark = pytest.mark.large

COUNT = 12
PAGES = {
    "/": page("home", *(f"/{number}" for number in range(COUNT))),
    **{f"/{number}": page(f"page {number}") for number in range(COUNT)},
}
OURS = {"/robots.txt", "/sitemap.xml"}
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def web():
    with Web(PAGES, pause=0.05) as serving:
        yield serving


@pytest.fixture
def config(tmp_path, web):
    return configure(tmp_path, web.seed, connections=1)


def start(config, stderr=subprocess.PIPE):
    return subprocess.Popen(command(config, "crawl", "example"), stdout=subprocess.PIPE, stderr=stderr)


def until(reached, process):
    deadline = time.monotonic() + 30
    while not reached():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stopped(process):
    """Send signals, and return the exit status and what was said; fail where it takes 15 seconds."""
    for number in SIGNALS:
        process.send_signal(number)
        time.sleep(0.05)
    try:
        _, said = process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()
    return process.returncode, said


def finished(config, web):
    """Crawl to the end; return what was asked for. Everything must be there, and be whole."""
    before = len(web.asked)
    assert daykeep(config, "crawl", "example").status == 0
    assert daykeep(config, "verify").status == 0
    assert Collection(config.parents[1] / "data").unfinished("example") is None
    return set(web.paths()[before:]) - OURS


@contextlib.contextmanager
def full_pipe():
    """Yield a pipe that takes not one byte more, and that nobody reads."""
    unread, pipe = os.pipe()
    try:
        os.set_blocking(pipe, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(pipe, b"x" * 4096)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(pipe, b"x")
        os.set_blocking(pipe, True)
        yield pipe
    finally:
        os.close(unread)
        os.close(pipe)


def test_where_nobody_reads_what_it_says(config, web):
    """A command that waits for somebody to read its messages is stopped, and its crawl is carried on with."""
    web.pages["/7"] = hang
    first = start(config)
    until(lambda: "/7" in web.paths(), first)
    time.sleep(1.5)  # a commit comes each second
    first.kill()
    first.communicate()
    done = set(web.paths()) - {"/7"}
    with full_pipe() as pipe:
        process = start(config, pipe)
        until(lambda: has_open(process, "frontier"), process)
        asked = len(web.asked)
        time.sleep(1)
        assert len(web.asked) == asked  # it would ask for robots.txt first, were it not stuck
        assert stopped(process) == (1, None)
    web.pages["/7"] = PAGES["/7"]
    assert finished(config, web) == set(PAGES) - done


def has_open(process, name):
    """Tell whether a process has a file open in a folder of this name."""
    with contextlib.suppress(FileNotFoundError):  # a file that was closed in the meantime
        return any(name in str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir())
    return False


def test_where_the_catalogue_is_held(config, web):
    """A command that waits for the catalogue is stopped; the day is sealed, and the next command publishes it."""
    process = start(config)
    until(lambda: len(web.asked) > 4, process)
    collection = Collection(config.parents[1] / "data")
    with (collection.state / "locks" / "catalogue.lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        until(lambda: collection.timestamps("example"), process)
        status, said = stopped(process)
        assert (status, said.endswith(STOPPED)) == (1, True)
    assert daykeep(config, "history", web.seed).status == 0
    assert daykeep(config, "verify").status == 0
