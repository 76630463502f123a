# SPDX-License-Identifier: EUPL-1.2
"""Days are checked by several processes with one result, a process that dies is told, and Ctrl-C ends them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.checking import verify as verify_module
from archiver.checking import verifying
from archiver.checking.crew import Died, run
from archiver.checking.problem import Kind
from archiver.checking.verifying import OnePart, Read, verify_days
from tests.support.command import configure, inside
from tests.support.dying import perform
from tests.support.snapshots import HOST, SITE, build_days, page, writable_copy

ROOT = Path(__file__).parents[1]
FIRST, SECOND = "20260302023000", "20260303023000"
LINKS = [f"/{number}" for number in range(40)]
DAY = {"/": page("home", *LINKS)} | {link: page(f"text of {link} " * 20) for link in LINKS}
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Yield the data folder of two days of forty pages, on the second of which nothing changed."""
    root = tmp_path_factory.mktemp("sealed") / "data"
    with build_days(root, [DAY, DAY]) as archive:
        yield archive.collection.root


@pytest.fixture
def data(sealed, tmp_path):
    """Return a copy of it that may be damaged."""
    return writable_copy(sealed, tmp_path / "data")


@pytest.fixture
def in_parts(monkeypatch):
    """Have every day shared among processes, in parts of a few records."""
    monkeypatch.setattr(verifying, "LARGE", 1)
    monkeypatch.setattr(verifying, "LITTLE", 1)
    monkeypatch.setattr(verify_module, "PART", 5000)


def checked(collection, jobs, **options):
    """Return the problems of all days as lines, in order, and how many bytes were read."""
    results = [one for _, one in verify_days(collection, collection.snapshots(SITE), jobs=jobs, **options)]
    lines = sorted(str(one) for one in results if not isinstance(one, Read))
    return lines, sum(one.bytes for one in results if isinstance(one, Read))


def warc_of(collection, timestamp):
    return next(iter(collection.at(SITE, timestamp).warcs))


@pytest.mark.usefixtures("in_parts")
def test_whole_days_in_parts(data):
    """Days that are whole have no problems in parts either, and every byte of their WARCs is in one part."""
    parts = [
        task
        for task in verifying._tasks(data.root, data.snapshots(SITE), 2, None)
        if isinstance(task, OnePart)
    ]
    assert len(parts) > 6
    sizes = sum(warc_of(data, name).stat().st_size for name in (FIRST, SECOND))
    assert checked(data, 2) == ([], sizes)


@pytest.mark.parametrize("at", [0.1, 0.35, 0.6, 0.9])
@pytest.mark.usefixtures("in_parts")
def test_several_processes_find_what_one_finds(at, data):
    """Damage anywhere in a WARC is told in the same words by two processes as by one, each once."""
    path = warc_of(data, FIRST)
    whole = bytearray(path.read_bytes())
    whole[int(len(whole) * at)] ^= 0x10
    path.write_bytes(whole)
    shared, _ = checked(data, 2)
    verifying.LARGE = 1 << 40
    alone, _ = checked(data, 1)
    assert shared == alone
    assert any("its bytes are not the ones that were sealed" in one for one in alone)


@pytest.mark.usefixtures("in_parts")
def test_missing_warc_in_parts(data):
    """Of a WARC that is gone every line is told, in parts too."""
    warc_of(data, FIRST).unlink()
    lines, _ = checked(data, 2)
    assert sum("no record at offset" in one for one in lines) == len(
        data.at(SITE, FIRST).index_path.read_bytes().splitlines()
    )


def test_process_that_dies_is_told():
    """The task of a process that was killed or that exited is told with its exit code, and the others are done."""
    tasks = ["a", "killed", "b", "exits", "c", "d"]
    results = list(run(iter(tasks), perform, 2))
    assert sorted((task, one.code) for task, one in results if isinstance(one, Died)) == [
        ("exits", 7),
        ("killed", -9),
    ]
    assert {task for task, one in results if one == f"done {task}"} == {"a", "b", "c", "d"}


def test_death_is_a_problem(data):
    """What a process that died had to check is named, never passed over."""
    [task, *_] = verifying._tasks(data.root, data.snapshots(SITE), 2, None)
    problem = verifying._died(task, Died(-9))
    assert (problem.kind, problem.snapshot) == (Kind.PROCESS, FIRST)
    assert "ended by signal 9" in problem.what


def test_interrupt_ends_all_processes():
    """Ctrl-C, which goes to every process of the terminal, ends the parent at once and with it the others."""
    command = [sys.executable, "-m", "tests.support.dying"]
    options = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "start_new_session": True,
        "text": True,
    }
    with subprocess.Popen(command, cwd=ROOT, **options) as process:
        assert [process.stdout.readline(), process.stdout.readline()] == ["begun waits\n"] * 2
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) != 0
        assert time.monotonic() - began < 10
        while session_of(process.pid) and time.monotonic() - began < 10:
            time.sleep(0.05)
        assert session_of(process.pid) == b""


def session_of(number):
    """Return the processes of a session."""
    return subprocess.run(["pgrep", "-s", str(number)], check=False, capture_output=True).stdout


def test_conformance_of_our_own_days(data):
    """The days of a crawl keep the standard and our promises; a forged head is a problem with its rule."""
    assert checked(data, 1, conformance=NOW)[0] == []
    path = warc_of(data, FIRST)
    with path.open("ab") as file:
        file.write(b"\0" * 10)
    lines, _ = checked(data, 1, conformance=NOW)
    assert any("stray-bytes (shall, 4)" in one for one in lines)


COMMANDS = [
    ((SITE,), 0, 2),
    ((SITE, "2026-03-02"), 0, 1),
    ((SITE, "--from", "2026-03-03"), 0, 1),
    ((SITE, "--to", FIRST), 0, 1),
    ((SITE, "--from", "2026-03-02", "--to", "2026-03-03", "--conformance", "--jobs", "1"), 0, 2),
    ((SITE, "--from", "2027-01-01"), 1, None),
    ((SITE, "2026-03-02", "--from", "2026-03-02"), 2, None),
    (("--to", "2026-03-02"), 2, None),
]


@pytest.mark.parametrize(("words", "status", "snapshots"), COMMANDS)
@pytest.mark.usefixtures("data")
def test_command(words, status, snapshots, tmp_path):
    """Days are chosen by date or range; what cannot be chosen so is said."""
    ended = inside(configure(tmp_path, f"{HOST}/"), "verify", *words, "--json")
    assert ended.status == status, ended.err
    if snapshots:
        assert ended.json() == {"snapshots": snapshots, "problems": []}
