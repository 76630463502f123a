# SPDX-License-Identifier: EUPL-1.2
"""Which day's snapshot is due, over clock changes, crashes and days on which the machine was off."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from archiver.runs import MAX_ATTEMPTS, Runs, State, _errno
from archiver.settings import Site
from index.errors import DamagedError, StorageError

ZONE = ZoneInfo("Europe/Amsterdam")


def site_at(at="03:30"):
    return Site(name="demo", seeds=("https://www.example.org/",), at=at)


def moment(text):
    """Return a moment written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "state" / "runs.sqlite")


# Local time of the snapshot, and the first moment (UTC) at which it is due. On 29 March 02:00 becomes 03:00,
# on 25 October 03:00 becomes 02:00.
DUE = [
    ("00:30", "2026-03-28T23:30"),
    ("02:30", "2026-03-29T01:00"),
    ("03:30", "2026-03-29T01:30"),
    ("00:30", "2026-10-24T22:30"),
    ("02:30", "2026-10-25T00:30"),
    ("03:30", "2026-10-25T02:30"),
    ("03:30", "2026-07-01T01:30"),
]


@pytest.mark.parametrize(("at", "first"), DUE)
def test_due(runs, at, first):
    """A snapshot is due from its local time on, also on the days on which the clock changes, until it is taken."""
    now = moment(first)
    day = now.astimezone(ZONE).date()
    earlier = now - timedelta(minutes=1)
    assert runs.due(site_at(at), earlier, ZONE) is None
    assert runs.next_due(site_at(at), earlier, ZONE) == now
    assert runs.due(site_at(at), now, ZONE) == day
    assert runs.next_due(site_at(at), now, ZONE) == now
    runs.end(runs.begin("demo", day, now), State.DONE, now, snapshot="20260329013000")
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZONE).astimezone(UTC)
    while now < midnight:
        assert runs.due(site_at(at), now, ZONE) is None
        assert runs.next_due(site_at(at), now, ZONE).astimezone(ZONE).date() == day + timedelta(days=1)
        now += timedelta(minutes=20)


@pytest.mark.parametrize("at", ["00:30", "02:30", "03:30"])
@pytest.mark.parametrize("start", ["2026-03-22T00:00", "2026-10-18T00:00"])
def test_fortnight(runs, at, start):
    """A clock that ticks every seven minutes for a fortnight finds every calendar day due exactly once."""
    now, taken = moment(start), []
    for _ in range((14 * 24 - 3) * 60 // 7):
        if day := runs.due(site_at(at), now, ZONE):
            taken.append(day)
            runs.end(runs.begin("demo", day, now), State.DONE, now)
        now += timedelta(minutes=7)
    first = moment(start).astimezone(ZONE).date()
    assert taken == [first + timedelta(days=n) for n in range(14)]


def test_failed_day_is_tried_again(runs):
    """A failed day is due again an hour later, four attempts in all, and not a fifth time."""
    now, attempts = moment("2026-03-02T02:30"), []
    for _ in range(24):
        if day := runs.due(site_at(), now, ZONE):
            run = runs.begin("demo", day, now)
            attempts.append((now.hour, run.attempt))
            runs.end(run, State.FAILED, now + timedelta(minutes=10), note="no such host")
            assert runs.due(site_at(), now + timedelta(minutes=69), ZONE) is None
            retry = now + timedelta(minutes=70) if run.attempt < MAX_ATTEMPTS else moment("2026-03-03T02:30")
            assert runs.next_due(site_at(), now + timedelta(minutes=11), ZONE) == retry
        now += timedelta(minutes=30)
    assert attempts == [(2, 1), (4, 2), (5, 3), (7, 4)]
    assert runs.find("demo", date(2026, 3, 2)).note == "no such host"


def test_crash_leaves_the_day_due(runs):
    """A day that was begun and not ended is due, and beginning it again is the same attempt."""
    day, now = date(2026, 3, 2), moment("2026-03-02T02:30")
    assert runs.begin("demo", day, now).attempt == 1
    assert runs.due(site_at(), now, ZONE) == day
    assert runs.begin("demo", day, now).attempt == 1


def test_days_without_a_run_are_missed(runs):
    """Days on which nothing ran are written down, once, and neither the first day nor today is one of them."""
    now = moment("2026-03-06T12:00")
    assert runs.note_missed("demo", date(2026, 3, 6), now) == []
    runs.end(runs.begin("demo", date(2026, 3, 2), now), State.DONE, now)
    assert runs.note_missed("demo", date(2026, 3, 6), now) == [date(2026, 3, day) for day in (3, 4, 5)]
    assert runs.note_missed("demo", date(2026, 3, 6), now) == []
    assert [(run.day.day, run.state, run.attempt) for run in runs.of("demo")] == [
        (2, State.DONE, 1), (3, State.MISSED, 0), (4, State.MISSED, 0), (5, State.MISSED, 0),
    ]  # fmt: skip


def test_earlier_days_are_settled(runs):
    """A day whose process died is done where a snapshot of it was sealed after all, and failed where not."""
    now = moment("2026-03-04T03:00")
    for day in (2, 3, 4):
        runs.begin("demo", date(2026, 3, day), now)
    runs.settle("demo", date(2026, 3, 4), now, {"2026-03-02": "20260302023000"})
    assert [(run.state, run.snapshot) for run in runs.of("demo")] == [
        (State.DONE, "20260302023000"), (State.FAILED, None), (State.RUNNING, None),
    ]  # fmt: skip


def test_manual_crawl_counts_for_the_day(runs):
    """Who takes the snapshot makes no difference: before its time of day too, the day has it."""
    day, early = date(2026, 3, 2), moment("2026-03-02T00:10")
    runs.end(runs.begin("demo", day, early), State.DONE, early)
    assert runs.due(site_at(), moment("2026-03-02T02:30"), ZONE) is None
    assert runs.next_due(site_at(), early, ZONE) == moment("2026-03-03T02:30")


def test_damaged_table(tmp_path):
    """A table that is no database is told with what to do."""
    (tmp_path / "runs.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(DamagedError, match="Move it away"):
        Runs(tmp_path / "runs.sqlite")


def test_table_that_cannot_be_written(tmp_path):
    """A folder in the way is a fault of the disk, told as one."""
    (tmp_path / "runs.sqlite").mkdir()
    with pytest.raises(StorageError, match="table of runs"):
        Runs(tmp_path / "runs.sqlite")


REFUSALS = [
    ("database or disk is full", errno.ENOSPC),
    ("attempt to write a readonly database", errno.EROFS),
    ("disk I/O error", errno.EIO),
    ("unable to open database file", 0),
]


@pytest.mark.parametrize(("said", "number"), REFUSALS)
def test_what_sqlite_says_of_the_disk(said, number):
    """What SQLite says of a disk is told with the advice of that fault."""
    assert _errno(said) == number
