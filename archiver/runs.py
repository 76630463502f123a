# SPDX-License-Identifier: EUPL-1.2
"""
Which snapshot of which calendar day has been taken: the table that makes the daily job idempotent.

    run   site     local_date  attempt  state    snapshot        started                note
          example  2026-03-02  1        done     20260302023000  2026-03-02T02:30:00…
          example  2026-03-03  0        missed

A day has one row, whoever asks and however often: the schedule, `run-due` from cron, or a person. A day on
which nothing ran at all is written down as missed, so that a gap is never silent. Local time comes from the
time zone database; cron triggers are not used, because one of them skips a day after a clock change (ADR 9).
Knows nothing of how a snapshot is taken.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from index.errors import DamagedError
from index.unwritten import ask

from .durable import storage
from .settings import Site

MAX_ATTEMPTS = 4
RETRY_AFTER = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    site TEXT NOT NULL, local_date TEXT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL,
    snapshot TEXT, started TEXT NOT NULL, finished TEXT, note TEXT NOT NULL DEFAULT '',
    UNIQUE (site, local_date)
)
"""


class State(StrEnum):
    """What became of one site's calendar day."""

    RUNNING = "running"
    """Begun; also after a crash, until the next start carries on with it."""
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the table."""

    site: str
    day: date
    attempt: int
    state: State
    snapshot: str | None
    started: datetime
    finished: datetime | None
    note: str


class Runs:
    """The table of runs, in one SQLite file. Several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage(f"open the table of runs {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as db:
            db.execute(_SCHEMA)

    def due(self, site: Site, now: datetime, zone: ZoneInfo) -> date | None:
        """
        Return the calendar day whose snapshot is due and not yet taken, None where there is nothing to do.

        A failed day is due again an hour later, four attempts in all; a day that was begun and not ended
        is due, because the process that began it may have died: who has the site's lock decides.
        """
        local = now.astimezone(zone)
        if local.time() < time.fromisoformat(site.at):
            return None
        run = self.find(site.name, local.date())
        if run is None or run.state in {State.RUNNING, State.MISSED}:
            return local.date()
        if run.state is State.FAILED and run.attempt < MAX_ATTEMPTS and _waited(run, now):
            return local.date()
        return None

    def next_due(self, site: Site, now: datetime, zone: ZoneInfo) -> datetime:
        """Return when the next snapshot of a site is due, in UTC; now where one already is."""
        if self.due(site, now, zone):
            return now.astimezone(UTC)
        today = now.astimezone(zone).date()
        run = self.find(site.name, today)
        if run is None or run.state in {State.RUNNING, State.MISSED}:
            return _moment(today, site.at, zone)
        if run.state is State.FAILED and run.attempt < MAX_ATTEMPTS and run.finished is not None:
            return max(run.finished + RETRY_AFTER, _moment(today, site.at, zone))
        return _moment(today + timedelta(days=1), site.at, zone)

    def begin(self, site: str, day: date, now: datetime) -> Run:
        """Write down that a day's snapshot is being taken, and return the row."""
        with self._connected() as db:
            db.execute(
                "INSERT INTO run (site, local_date, attempt, state, started) VALUES (?, ?, 1, 'running', ?) "
                "ON CONFLICT (site, local_date) DO UPDATE SET attempt = attempt + (state != 'running'), "
                "state = 'running', started = excluded.started, finished = NULL, note = ''",
                (site, day.isoformat(), now.isoformat()),
            )
        run = self.find(site, day)
        assert run is not None
        return run

    def end(
        self, run: Run, state: State, now: datetime, *, snapshot: str | None = None, note: str = ""
    ) -> None:
        """Write down how it ended."""
        with self._connected() as db:
            db.execute(
                "UPDATE run SET state=?, snapshot=?, finished=?, note=? WHERE site=? AND local_date=?",
                (state.value, snapshot, now.isoformat(), note, run.site, run.day.isoformat()),
            )

    def settle(self, site: str, today: date, now: datetime, sealed: Mapping[str, str]) -> None:
        """
        Write down how earlier days ended whose process died before it could; for who has the site's lock.

        `sealed` has the newest snapshot of each day that did not fail: day to timestamp.
        """
        for run in self.of(site):
            if run.state is State.RUNNING and run.day < today:
                snapshot = sealed.get(run.day.isoformat())
                state = State.DONE if snapshot else State.FAILED
                self.end(run, state, now, snapshot=snapshot, note="it was stopped before its end")

    def note_missed(self, site: str, today: date, now: datetime) -> list[date]:
        """Write down every day since the last row on which nothing ran, and return them."""
        last = self._last_day(site)
        if last is None:
            return []
        days = [last + timedelta(days=n) for n in range(1, (today - last).days)]
        with self._connected() as db:
            db.executemany(
                "INSERT OR IGNORE INTO run (site, local_date, attempt, state, started, note) "
                "VALUES (?, ?, 0, 'missed', ?, 'nothing ran on this day')",
                [(site, day.isoformat(), now.isoformat()) for day in days],
            )
        return days

    def find(self, site: str, day: date) -> Run | None:
        """Return the row of a day."""
        with self._connected() as db:
            row = db.execute(f"{_SELECT} AND local_date=?", (site, day.isoformat())).fetchone()
        return _run(row) if row else None

    def of(self, site: str) -> list[Run]:
        """Return every row of a site, oldest first."""
        with self._connected() as db:
            return [_run(row) for row in db.execute(f"{_SELECT} ORDER BY local_date", (site,))]

    def _last_day(self, site: str) -> date | None:
        with self._connected() as db:
            row = db.execute("SELECT max(local_date) FROM run WHERE site=?", (site,)).fetchone()
        return date.fromisoformat(row[0]) if row and row[0] else None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Open, begin, commit and close: asked once a minute, no handle needs to outlive a question."""
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=30)) as db, db:
                yield db
        except sqlite3.OperationalError as error:
            with storage(f"write the table of runs {self._path}"):
                raise OSError(_errno(str(error)), str(error)) from error
        except sqlite3.DatabaseError as error:
            raise DamagedError(
                f"The table of runs {self._path} is damaged ({error}). Move it away and it is made anew; the "
                "snapshots stand apart from it."
            ) from error


def known_snapshots(path: Path, site: str) -> set[str]:
    """
    Return the names of the snapshots that runs ended in, without writing; none where there is no table.

    Raises DamagedError, BusyError.
    """
    rows = ask(path, "SELECT snapshot FROM run WHERE site = ? AND snapshot IS NOT NULL", site)
    return {name for (name,) in rows}


_SELECT = "SELECT site, local_date, attempt, state, snapshot, started, finished, note FROM run WHERE site=?"


def _moment(day: date, at: str, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day at or after a local time; the time itself may be skipped in spring."""
    moment = datetime.combine(day, time.fromisoformat(at), zone).astimezone(UTC)
    skipped = moment.astimezone(zone).time() != time.fromisoformat(at)
    while skipped and (moment - _MINUTE).astimezone(zone).time() >= time.fromisoformat(at):
        moment -= _MINUTE
    return moment


def _errno(said: str) -> int:
    """Return the system's number for what SQLite says of the disk; 0 for anything else."""
    numbers = {"full": errno.ENOSPC, "readonly": errno.EROFS, "disk I/O": errno.EIO}
    return next((number for words, number in numbers.items() if words in said), 0)


def _waited(run: Run, now: datetime) -> bool:
    return run.finished is None or now - run.finished >= RETRY_AFTER


def _run(row: tuple[str, str, int, str, str | None, str, str | None, str]) -> Run:
    site, day, attempt, state, snapshot, started, finished, note = row
    return Run(
        site,
        date.fromisoformat(day),
        attempt,
        State(state),
        snapshot,
        datetime.fromisoformat(started),
        datetime.fromisoformat(finished) if finished else None,
        note,
    )
