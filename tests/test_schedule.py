# SPDX-License-Identifier: EUPL-1.2
"""The daily job takes what is due, once, whoever asks and whatever happened before."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from archiver import daily
from archiver.collection import Collection
from archiver.daily import run_due, take_day
from archiver.runs import Runs, State
from archiver.schedule import start
from archiver.snapshot import StoppedError
from tests.support.command import command, configure
from tests.support.ports import wait_until
from tests.support.sites import Web
from tests.support.snapshots import SITE, HandClock, opened, page

START = datetime(2026, 3, 22, 0, 0, tzinfo=UTC)


@pytest.fixture
def made(tmp_path):
    """Open an archive of one page with a hand clock, and its table of runs."""
    with Web({"/": page("home")}) as web, opened(tmp_path, web, clock := HandClock(START)) as archive:
        yield archive, Runs(archive.collection.state / "runs.sqlite"), clock


def days(archive):
    return [snapshot.day for snapshot in archive.shelves.history.snapshots(SITE)]


def unreachable(archive):
    def resolve(_host, _port):
        raise OSError("no such name")

    return replace(archive, resolve=resolve)


def with_site(archive, **more):
    site = msgspec.structs.replace(archive.settings.site[0], **more)
    return replace(archive, settings=msgspec.structs.replace(archive.settings, site=(site,)))


def test_days_over_the_clock_change(made):
    """Asked every seven minutes over the spring clock change, each calendar day gets exactly one snapshot."""
    archive, runs, clock = made
    archive = with_site(archive, at="02:30")
    for tick in range((4 * 24 - 3) * 60 // 7):
        clock.set(START + timedelta(days=5, minutes=7 * tick))
        list(run_due(archive, runs))
    assert days(archive) == ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"]
    assert {run.state for run in runs.of(SITE)} == {State.DONE}


def test_machine_that_was_off(made):
    """After three days off the gap is written down as missed, and the current day is caught up, late as it is."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    assert [one.day for one in run_due(archive, runs)] == [date(2026, 3, 22)]
    clock.set(START.replace(day=26, hour=20))
    assert [one.day for one in run_due(archive, runs)] == [date(2026, 3, 26)]
    assert [(run.day.day, run.state.value) for run in runs.of(SITE)] == [
        (22, "done"), (23, "missed"), (24, "missed"), (25, "missed"), (26, "done"),
    ]  # fmt: skip
    assert days(archive) == ["2026-03-22", "2026-03-26"]


def test_again_at_once_does_nothing(made):
    """Running what is due twice takes it once."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    [taken] = run_due(archive, runs)
    assert taken.good
    assert list(run_due(archive, runs)) == []
    assert runs.of(SITE)[0].snapshot == taken.snapshot.timestamp


def test_failed_day_is_tried_four_times(made):
    """A site that cannot be reached is tried each hour, four times; each attempt is a snapshot that says so."""
    archive, runs, clock = made
    for minute in range(0, 20 * 60, 15):
        clock.set(START.replace(hour=2, minute=30) + timedelta(minutes=minute))
        list(run_due(unreachable(archive), runs))
    assert [run.attempt for run in runs.of(SITE)] == [4]
    assert days(archive) == ["2026-03-22"] * 4
    clock.set(START.replace(day=23, hour=4))
    assert [one.good for one in run_due(archive, runs)] == [True]


def test_failed_attempt_leaves_a_good_day_good(made):
    """A second crawl of a day that finds nothing does not make the day one without a snapshot."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    [first] = run_due(archive, runs)
    again = take_day(unreachable(archive), runs, archive.settings.site[0], first.day)
    assert not again.good
    [run] = runs.of(SITE)
    assert (run.state, run.snapshot) == (State.DONE, first.snapshot.timestamp)


def test_demonstration_is_passed_over(made):
    """A demonstration's days are made by hand, never by the daily job."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    assert list(run_due(with_site(archive, demonstration=True), runs)) == []


def test_site_that_another_crawls_is_passed_over(made):
    """While another process has the site nothing is taken and nothing is written down."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    with archive.collection.lock(SITE):
        assert list(run_due(archive, runs)) == []
        assert runs.of(SITE) == []


def test_who_comes_after_the_other_takes_nothing(made):
    """What was due when asked, and was taken meanwhile, is not taken again."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    [taken] = run_due(archive, runs)
    assert take_day(archive, runs, archive.settings.site[0], taken.day, only_due=True) is None


def test_fault_of_one_site_spares_the_next(made, monkeypatch):
    """Whatever goes wrong with one site, the next has its snapshot, and the first is tried again later."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    bad = msgspec.structs.replace(archive.settings.site[0], name="bad")
    archive = replace(
        archive, settings=msgspec.structs.replace(archive.settings, site=(bad, *archive.settings.site))
    )
    take_locked = daily.take_locked

    def broken(archive, site, **more):
        if site.name == "bad":
            raise KeyError("a fault of ours")
        return take_locked(archive, site, **more)

    monkeypatch.setattr(daily, "take_locked", broken)
    taken = list(run_due(archive, runs))
    assert [(one.site, one.good) for one in taken] == [("bad", False), (SITE, True)]
    assert [run.state for run in runs.of("bad")] == [State.FAILED]


def test_stopped_day_is_settled_the_day_after(made):
    """A crawl that was stopped and never taken up leaves a partial day, written down as what it became."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))

    def stop(_progress):
        archive.stop.set()

    with pytest.raises(StoppedError):
        take_day(archive, runs, archive.settings.site[0], date(2026, 3, 22), report=stop)
    assert runs.of(SITE)[0].state is State.RUNNING
    archive.stop.clear()
    clock.set(START.replace(day=23, hour=4))
    assert [one.good for one in run_due(archive, runs)] == [True]
    assert [run.state for run in runs.of(SITE)] != [State.RUNNING, State.DONE]
    assert days(archive) == ["2026-03-22", "2026-03-23"]


def test_unpublished_snapshot_is_a_snapshot(made):
    """Where the catalogue cannot be written the day has its snapshot, the problem is told, nothing is crawled again."""
    archive, runs, clock = made
    clock.set(START.replace(hour=4))
    (archive.collection.catalogue / "search").write_text("in the way")
    [taken] = run_due(archive, runs)
    assert (taken.good, "not yet in the catalogue" in taken.problem) == (True, True)
    assert list(run_due(archive, runs)) == []
    (archive.collection.catalogue / "search").unlink()
    clock.set(START.replace(day=23, hour=4))
    list(run_due(archive, runs))
    assert days(archive) == ["2026-03-22", "2026-03-23"]


def test_the_clockwork_ticks_at_once(made):
    """The scheduler takes what is due when it starts, in a thread of its own."""
    archive, runs, _ = made
    archive = replace(archive, now=HandClock(START.replace(hour=4)))
    before = set(threading.enumerate())
    running = start(archive, runs)
    try:
        wait_until(lambda: days(archive) == ["2026-03-22"], lambda: True)
    finally:
        running.shutdown(wait=True)
    assert not [one.name for one in set(threading.enumerate()) - before if "APScheduler" in one.name]


def test_two_processes_take_one_snapshot(tmp_path):
    """Two `run-due` at the same moment take one snapshot between them."""
    with Web({"/": page("home", *(f"/{n}" for n in range(10)))}, pause=0.03) as web:
        config = configure(tmp_path, web.seed, at="00:00", connections=1)
        words = command(config, "run-due", "--json")
        both = [subprocess.Popen(words, stdout=-1, stderr=-1) for _ in range(2)]
        said = [process.communicate(timeout=30) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(Collection(tmp_path / "data").snapshots("example")) == 1
    assert web.paths().count("/") == 1


def test_serve_takes_what_is_due(tmp_path):
    """`daykeep serve` shows the archive and takes the snapshot that is due, and ends on SIGTERM."""
    with Web({"/": page("home")}) as web:
        config = configure(tmp_path, web.seed, at="00:00")
        process = subprocess.Popen(command(config, "serve", "--port", "0"), stdout=-1, stderr=-1)
        try:
            wait_until(
                lambda: Collection(tmp_path / "data").timestamps("example"),
                lambda: process.poll() is None,
                60,
            )
        finally:
            process.terminate()
        out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    assert out.startswith(b"Viewer: http://localhost:")
    assert b"Traceback" not in err
