# SPDX-License-Identifier: EUPL-1.2
"""
Which two days of a page are compared: those that were asked for, or the nearest, or the last two versions.

    to      left out: the newest day        a day without a snapshot: the nearest one, and that is said
    from    left out: the last day of the version before, of those that say what the page is

Pure: knows nothing of requests, databases or pages.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from index.changes import says
from index.lifeline import Interval, Moment, at, nearest, neighbours
from index.model import Snapshot
from index.timestamp import parse_date, parse_timestamp

from ..days import best, of_day


@dataclass(frozen=True, slots=True)
class Chosen:
    """A snapshot, and what was asked for where that has none."""

    snapshot: Snapshot
    instead_of: str | None = None
    """The day or timestamp that has no snapshot."""


@dataclass(frozen=True, slots=True)
class TwoDays:
    """The snapshots to compare; `old` is None where no other version is known."""

    old: Chosen | None
    new: Chosen


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a page: the last snapshot of one version and the first of the next."""

    old: str
    new: str
    day: str
    """The day of the newer one."""


def is_moment(text: str) -> bool:
    """Tell whether a text is a calendar day or a 14-digit timestamp."""
    try:
        (parse_date if "-" in text else parse_timestamp)(text)
    except ValueError:
        return False
    return True


def choose(lifeline: Sequence[Interval], good: Sequence[Snapshot], old: str, new: str) -> TwoDays | None:
    """
    Return the two snapshots to compare, the older one first; None where there is no snapshot at all.

    `good`: the snapshots that saw anything, oldest first. `old` and `new` are moments, or empty.
    """
    if not good:
        return None
    last = at_moment(good, new) if new else Chosen(good[-1])
    first = at_moment(good, old) if old else _before(lifeline, good, last.snapshot)
    if first and first.snapshot.timestamp > last.snapshot.timestamp:
        first, last = last, first
    return TwoDays(first, last)


def at_moment(good: Sequence[Snapshot], moment: str) -> Chosen:
    """Return the snapshot of a moment, or of at least one the nearest: of two as far, the earlier."""
    if "-" not in moment:
        place = bisect_left(good, moment, key=attrgetter("timestamp"))
        near = {one.timestamp: one for one in good[max(place - 1, 0) : place + 1]}
        found = nearest((Moment(one.site, name) for name, one in near.items()), moment)
        chosen = near[found.timestamp] if found else good[-1]
        return Chosen(chosen, None if chosen.timestamp == moment else moment)
    same = of_day(good, moment)
    if same:
        return Chosen(best(same))
    wanted = date.fromisoformat(moment)
    day = min({one.day for one in good}, key=lambda one: (abs(date.fromisoformat(one) - wanted), one))
    return Chosen(best(of_day(good, day)), moment)


def _before(lifeline: Sequence[Interval], good: Sequence[Snapshot], new: Snapshot) -> Chosen | None:
    """Return the last snapshot of the version before; versions that say nothing, such as 503, are none."""
    around = at(lifeline, new.timestamp)
    known = [one for one in lifeline if says(one) or one is around]
    before, _ = neighbours(known, new.timestamp)
    return Chosen(_snapshot_by(good, before.last)) if before else None


def steps(
    lifeline: Sequence[Interval], good: Sequence[Snapshot], days: TwoDays
) -> tuple[Step | None, Step | None]:
    """Return the change before the older of two snapshots, and the one after the newer."""
    if days.old is None:
        return None, None
    known = list(filter(says, lifeline))
    old, new = days.old.snapshot.timestamp, days.new.snapshot.timestamp
    earlier, _ = neighbours(known, old)
    _, later = neighbours(known, new)
    here, there = _last_until(known, old), _last_until(known, new)
    return (
        _step(good, earlier, here) if earlier and here else None,
        _step(good, there, later) if later and there else None,
    )


def _last_until(known: Sequence[Interval], timestamp: str) -> Interval | None:
    return next((one for one in reversed(known) if one.first <= timestamp), None)


def _step(good: Sequence[Snapshot], one: Interval, other: Interval) -> Step | None:
    if one.first >= other.first:
        return None
    return Step(_snapshot_by(good, one.last).timestamp, other.first, other.first_day)


def _snapshot_by(good: Sequence[Snapshot], timestamp: str) -> Snapshot:
    """Return the last good snapshot up to a timestamp; the first where there is none."""
    return next((one for one in reversed(good) if one.timestamp <= timestamp), good[0])
