# SPDX-License-Identifier: EUPL-1.2
"""An export holds no day in memory, stops where there is no room, and is told how far it is."""

from __future__ import annotations

import functools
import multiprocessing
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.exporting.zipping import TooLargeError
from index.errors import StorageError
from tests.support.many import find, many_days


@pytest.fixture(scope="module", params=[6000, pytest.param(40_000, marks=pytest.mark.large)])
def days(request, tmp_path_factory):
    """Two days of many captures, each of the second one a revisit of the first."""
    root = tmp_path_factory.mktemp("many")
    return request.param, root, many_days(root, request.param)


def in_a_process(work):
    """Run a function in a process of its own, and return what it returned, a number below 256."""
    process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(work()))
    process.start()
    process.join(1500)
    return process.exitcode


def anonymous():
    """Return the memory of this process that is its own, in megabytes: the index, mapped from disk, is not."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("RssAnon")]
    return int(line.split()[1]) // 1000


def grown(work):
    """Do something, and return by how many megabytes this process grew at the most while it was done."""
    before, most, done = anonymous(), [0], threading.Event()

    def watch():
        while not done.wait(0.02):
            most[0] = max(most[0], anonymous())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        work()
    finally:
        done.set()
        watching.join()
    return max(0, most[0] - before)


@pytest.mark.parametrize(
    ("profile", "target"), [("wacz-stored", "x.wacz"), ("warc", "x"), ("nl-richtlijn", "x")]
)
def test_memory_stays_flat(days, tmp_path, profile, target):
    """However many captures a day has, and however many it borrows, an export grows by less than 16 MB."""
    count, root, (_, second) = days

    def work():
        told = export([second], functools.partial(find, root), tmp_path / target, profile=built_in()[profile])
        assert (told.captures, told.differences) == (count, 0)
        assert (told.originals, told.rebuilt) == ((0, count) if profile == "nl-richtlijn" else (count, 0))

    assert in_a_process(lambda: grown(work)) < 16


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Two days of some captures."""
    root = tmp_path_factory.mktemp("few")
    return root, many_days(root, 300)


TARGETS = [
    ("wacz", "x.wacz"),
    ("warc", "x"),
    ("warc", "x.warc"),
    ("nl-richtlijn", "x"),
    ("nl-richtlijn", "x.warc"),
]


@pytest.mark.parametrize(("profile", "target"), TARGETS)
def test_no_room(few, tmp_path, profile, target):
    """Where an export would be larger than it may be, it stops, and nothing is left."""
    root, (_, second) = few
    with pytest.raises(TooLargeError):
        export(
            [second],
            functools.partial(find, root),
            tmp_path / target,
            profile=built_in()[profile],
            room=50_000,
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("profile", "target"), TARGETS)
def test_a_file_that_may_not_grow(few, tmp_path, profile, target):
    """Where the disk takes no more of the export itself, one sentence says so, and nothing is left."""
    root, (first, _) = few

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (220_000, 220_000))  # more than the worksheet has by then
        try:
            export([first], functools.partial(find, root), tmp_path / target, profile=built_in()[profile])
        except StorageError as error:
            return 0 if "ulimit -f" in str(error) or "The disk is full" in str(error) else 1
        return 2

    assert in_a_process(work) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("profile", "target"), TARGETS)
def test_progress(few, tmp_path, profile, target):
    """An export tells how many bytes are done: never less than before, and all of them at the end."""
    root, (_, second) = few
    told = []
    export(
        [second],
        functools.partial(find, root),
        tmp_path / target,
        profile=built_in()[profile],
        tell=lambda done, total: told.append((done, total)),
    )
    assert told == sorted(told)
    assert all(done <= total for done, total in told)
    assert len(told) > 3
