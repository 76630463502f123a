# SPDX-License-Identifier: EUPL-1.2
"""
Days of a site and how each went, as a calendar. Pure: knows nothing of databases, pages or languages.

    snapshots of a site  →  Day(2026-03-02, unchanged)  →  months of weeks of days, newest first

Several snapshots may be of one day: the newest that did not fail stands for it.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from index.model import Outcome, Snapshot


class State(StrEnum):
    """How a calendar day went."""

    COMPLETE = "complete"
    UNCHANGED = "unchanged"
    NOISE = "noise"
    PARTIAL = "partial"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of a site, since its first snapshot."""

    date: date
    state: State
    lacking: int = 0
    """URLs that were there to be had and were not stored, or not whole."""

    @property
    def iso(self) -> str:
        """The day as `YYYY-MM-DD`."""
        return self.date.isoformat()


@dataclass(frozen=True, slots=True)
class Month:
    """A month as rows of seven days from Monday; None where nothing is to be told."""

    first: date
    weeks: Sequence[Sequence[Day | None]]


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar year, its newest month first."""

    number: int
    months: Sequence[Month]
    kept: int
    """Days with a snapshot that did not fail."""


def best(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the snapshot that stands for a day: the newest that did not fail, else the newest."""
    return max(snapshots, key=lambda one: (one.outcome is not Outcome.FAILED, one.timestamp))


def of_day(snapshots: Iterable[Snapshot], day: str) -> list[Snapshot]:
    """Return the snapshots of a calendar day (`YYYY-MM-DD`), in their order."""
    return [one for one in snapshots if one.day == day]


def around(snapshots: Iterable[Snapshot], day: str) -> tuple[str | None, str | None]:
    """Return the nearest days before and after a day that have a snapshot, `YYYY-MM-DD`."""
    known = {one.day for one in snapshots}
    before, after = [one for one in known if one < day], [one for one in known if one > day]
    return max(before, default=None), min(after, default=None)


def to_day(snapshots: Sequence[Snapshot]) -> Day:
    """Return the day of the snapshots of one calendar day, at least one."""
    chosen = best(snapshots)
    good = [one for one in snapshots if one.outcome is not Outcome.FAILED]
    changed, noise = sum(one.changed for one in good), sum(one.noise for one in good)
    return Day(date.fromisoformat(chosen.day), _state(chosen, changed, noise), chosen.lacking)


def calendar_of(snapshots: Iterable[Snapshot], today: date) -> list[Year]:
    """
    Return every day from the first snapshot until today, or until the newest where that is later.

    A demonstration ends with its last day, because its clock was set by hand. `snapshots` are oldest first.
    Days without a snapshot are there too; years and months newest first.
    """
    snapshots = list(snapshots)
    days = {day.date: day for day in map(_grouped, groupby(snapshots, key=attrgetter("day")))}
    if not days:
        return []
    staged = all(one.demonstration for one in snapshots)
    first, last = min(days), max(days) if staged else max(today, *days)
    every = [days.get(one, Day(one, State.NONE)) for one in _dates(first, last)]
    years = groupby(reversed(every), key=lambda day: day.date.year)
    return [_year(number, list(group)) for number, group in years]


def _grouped(group: tuple[str, Iterable[Snapshot]]) -> Day:
    return to_day(list(group[1]))


def _state(snapshot: Snapshot, changed: int, noise: int) -> State:
    if snapshot.outcome is Outcome.COMPLETE and changed == noise:
        return State.NOISE if noise else State.UNCHANGED
    return State(snapshot.outcome.value)


def _dates(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _year(number: int, days: list[Day]) -> Year:
    months = groupby(days, key=lambda day: day.date.month)
    kept = sum(day.state not in {State.NONE, State.FAILED} for day in days)
    return Year(number, [_month(number, month, list(group)) for month, group in months], kept)


def _month(year: int, month: int, days: list[Day]) -> Month:
    known = {day.date.day: day for day in days}
    weeks = calendar.Calendar(firstweekday=0).monthdayscalendar(year, month)
    return Month(date(year, month, 1), [[known.get(number) for number in week] for week in weeks])
