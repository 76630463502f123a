# SPDX-License-Identifier: EUPL-1.2
"""
Days of a site and how each went, as a calendar. Pure: knows nothing of databases, pages or languages.

    snapshots of a site  →  Day(2026-03-02, unchanged)  →  months of weeks of days, newest first

Several snapshots may be of one day: the newest that did not fail stands for it.
"""

from __future__ import annotations

import calendar
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from index.model import Outcome, Snapshot

from .shades import Shades, shades_of

_LONG = 10_000


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
    changed: int = 0
    """Pages of which a reader sees another text than before."""
    shade: int = 0
    """How much that is among the days of its site, 1 to 5; 0 where it is nothing."""

    @property
    def brief(self) -> str:
        """How many pages changed, in no more than five characters."""
        return str(self.changed) if self.changed < _LONG else f"{min(self.changed // 1000, 9999)}k"

    @property
    def iso(self) -> str:
        """The day as `YYYY-MM-DD`."""
        return self.date.isoformat()


@dataclass(frozen=True)
class SiteDays:
    """The snapshots of a site, oldest first, and where to find one: made once, and asked often."""

    all: list[Snapshot]

    @cached_property
    def good(self) -> list[Snapshot]:
        """Those that saw anything."""
        return [one for one in self.all if one.outcome is not Outcome.FAILED]

    @cached_property
    def good_names(self) -> list[str]:
        """Their timestamps."""
        return [one.timestamp for one in self.good]

    @cached_property
    def by_name(self) -> dict[str, Snapshot]:
        """Each by its timestamp."""
        return {one.timestamp: one for one in self.all}

    @cached_property
    def by_day(self) -> dict[str, list[Snapshot]]:
        """Those of each calendar day (`YYYY-MM-DD`), in their order."""
        found: dict[str, list[Snapshot]] = {}
        for one in self.all:
            found.setdefault(one.day, []).append(one)
        return found

    @cached_property
    def days(self) -> list[str]:
        """The calendar days that have a snapshot, the first of them first."""
        return sorted(self.by_day)

    @cached_property
    def changed(self) -> dict[str, int]:
        """
        Of how many pages a reader saw another text than before, by calendar day.

        Not of the first snapshot, which has nothing before it, nor of days sealed before that was told.
        """
        found: Counter[str] = Counter()
        for one in self.good[1:]:
            found[one.day] += one.changed_text or 0
        return dict(found)

    @cached_property
    def shades(self) -> Shades:
        """What is much and what is little on this site."""
        return shades_of(self.changed.values())

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and the last of them; empty where there is none."""
        return (self.days[0], self.days[-1]) if self.all else ("", "")

    def of_day(self, day: str) -> list[Snapshot]:
        """Return the snapshots of a calendar day, in their order."""
        return self.by_day.get(day, [])

    def around(self, day: str) -> tuple[str | None, str | None]:
        """Return the nearest days before and after a day that have a snapshot."""
        start, end = bisect_left(self.days, day), bisect_right(self.days, day)
        return self.days[start - 1] if start else None, self.days[end] if end < len(self.days) else None

    def before(self, timestamp: str) -> Snapshot | None:
        """Return the last snapshot before one that saw anything."""
        place = bisect_left(self.good_names, timestamp)
        return self.good[place - 1] if place else None


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
    """Empty where another year is shown."""
    kept: int
    """Days with a snapshot that did not fail."""


def best(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the snapshot that stands for a day: the newest that did not fail, else the newest."""
    return max(snapshots, key=lambda one: (one.outcome is not Outcome.FAILED, one.timestamp))


def of_day(snapshots: Iterable[Snapshot], day: str) -> list[Snapshot]:
    """Return the snapshots of a calendar day (`YYYY-MM-DD`), in their order."""
    return [one for one in snapshots if one.day == day]


def to_day(snapshots: Sequence[Snapshot]) -> Day:
    """Return the day of the snapshots of one calendar day, at least one."""
    chosen = best(snapshots)
    good = [one for one in snapshots if one.outcome is not Outcome.FAILED]
    changed, noise = sum(one.changed for one in good), sum(one.noise for one in good)
    return Day(date.fromisoformat(chosen.day), _state(chosen, changed, noise), chosen.lacking)


def calendar_of(known: SiteDays, today: date, year: int | None = None) -> list[Year]:
    """
    Return every year from the first snapshot until today, or until the newest where that is later.

    One of them has its days, also those without a snapshot: that which is asked for, else the newest. A
    demonstration ends with its last day, because its clock was set by hand. Years and months newest first.
    """
    if not known.all:
        return []
    start = date.fromisoformat(known.bounds[0])
    last = last_day(known, today)
    shown = year if year is not None and start.year <= year <= last.year else last.year
    kept = Counter(day[:4] for day in {one.day for one in known.good})
    return [
        Year(number, _months(known, number, start, last) if number == shown else (), kept[f"{number:04}"])
        for number in range(last.year, start.year - 1, -1)
    ]


def last_day(known: SiteDays, today: date) -> date:
    """Return the day with which a calendar ends: today, but the newest of a demonstration."""
    newest = date.fromisoformat(known.bounds[1])
    return newest if all(one.demonstration for one in known.all) else max(today, newest)


def _months(known: SiteDays, year: int, first: date, last: date) -> list[Month]:
    begin, end = max(first, date(year, 1, 1)), min(last, date(year, 12, 31))
    days = (_day(known, one) for one in reversed(list(_dates(begin, end))))
    return [
        _month(year, month, list(group)) for month, group in groupby(days, key=lambda day: day.date.month)
    ]


def _day(known: SiteDays, day: date) -> Day:
    found = known.of_day(day.isoformat())
    if not found:
        return Day(day, State.NONE)
    changed = known.changed.get(day.isoformat(), 0)
    return replace(to_day(found), changed=changed, shade=known.shades.of(changed))


def _state(snapshot: Snapshot, changed: int, noise: int) -> State:
    if snapshot.outcome is Outcome.COMPLETE and changed == noise:
        return State.NOISE if noise else State.UNCHANGED
    return State(snapshot.outcome.value)


def _dates(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _month(year: int, month: int, days: list[Day]) -> Month:
    known = {day.date.day: day for day in days}
    weeks = calendar.Calendar(firstweekday=0).monthdayscalendar(year, month)
    return Month(date(year, month, 1), [[known.get(number) for number in week] for week in weeks])
