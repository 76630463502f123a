# SPDX-License-Identifier: EUPL-1.2
"""
The lines of many days in one order. Knows nothing of columns or filters.

    DEFAULT   by key, then time          …)/a of 2 March, …)/a of 3 March, …)/b of 2 March
    REVERSE   the same backwards
    CLOSEST   of one key, by how far they are from a moment; of two as far, the earlier first

Of one key the days come one after the other, so that a day is opened when its first capture may be next: a
few captures of ten years read a few days, and the nearest ones are read from their moment outwards. Of many
keys all days are merged.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from ..errors import DamagedError
from ..timestamp import parse_timestamp
from .days import FIRST_MOMENT, LAST_MOMENT, Bounds, Day, Reading
from .place import Line
from .scope import Scope

Rank = tuple[int, int, int]
"""Where a line of one key comes: time, snapshot and place in it."""
_Begun = tuple[Line, Iterator[Line]]
"""The next line of a day, and those after it."""


class Order(StrEnum):
    """In which order lines are asked for."""

    DEFAULT = "default"
    REVERSE = "reverse"
    CLOSEST = "closest"


def forwards(
    reading: Reading, scope: Scope, since: str, until: str, after: Line | None = None
) -> Iterator[Line]:
    """Yield the lines of a scope between two moments, both included, from a place on, itself included."""
    if scope.exact:
        begin = max(since, after.timestamp) if after else since
        low, high = scope.low + begin.encode(), scope.low + until.encode() + b"!"
        days = reading.calendar.forwards(since, until)
        found = _in_time(reading, scope.low, days, Bounds(low, high, b"\n" + scope.low))
    else:
        low = max(scope.low, after.head) if after else scope.low
        firsts = reading.firsts(since, until, Bounds(low, scope.high, b"\n" + low))
        found = _within(_by_key(reading, firsts, scope.high), since, until)
    return found if after is None else _from(found, after)


def backwards(
    reading: Reading, scope: Scope, since: str, until: str, after: Line | None = None
) -> Iterator[Line]:
    """Yield the same from the last to the first."""
    days = reading.calendar.backwards(since, until)
    if scope.exact:
        end = min(until, after.timestamp) if after else until
        low, high = scope.low + since.encode(), scope.low + end.encode() + b"!"
        found = _back_in_time(reading, days, low, high)
    else:
        high = min(scope.high, after.head + b"!") if after else scope.high
        merged = heapq.merge(*(reading.backwards(day, scope.low, high) for day in days), reverse=True)
        found = _within(merged, since, until)
    return found if after is None else _back_from(found, after)


def nearest(
    reading: Reading, scope: Scope, moment: str, bounds: tuple[str, str], after: Line | None
) -> Iterator[Line]:
    """Yield the lines of one key, the nearest to a moment first, within bounds and from a place on."""
    since, until = bounds
    target = _seconds(moment)
    earlier = _by_second(backwards(reading, scope, since, min(until, _before(moment))))
    later = forwards(reading, scope, max(since, moment), until)

    def distance(line: Line) -> tuple[float, Rank]:
        return abs(_seconds(line.timestamp) - target), _rank(line)

    merged = heapq.merge(earlier, later, key=distance)
    return merged if after is None else (line for line in merged if distance(line) >= distance(after))


def _in_time(reading: Reading, key: bytes, days: Iterator[Day], bounds: Bounds) -> Iterator[Line]:
    """
    Yield the lines of one key, of days in the order of their beginning.

    A day is looked into when the others have come as far as the first moment that it may have.
    """
    heap: list[_Begun] = []
    following = next(days, None)
    while heap or following:
        while following and (not heap or key + following.since.encode() <= heap[0][0].head):
            if begun := reading.begin(following, bounds):
                heapq.heappush(heap, begun)
            following = next(days, None)
        if heap:
            line, rest = heap[0]
            yield line
            _advance(heap, rest)


def _by_key(reading: Reading, firsts: list[tuple[Line, Day]], high: bytes) -> Iterator[Line]:
    """
    Yield the lines of many keys before `high`, of days with where each has its first.

    What a day has is read when that is next.
    """
    heap: list[tuple[Line, Day | Iterator[Line]]] = [*firsts]
    while heap:
        line, rest = heap[0]
        if isinstance(rest, Day):
            line, rest = reading.begin_at(rest, line.offset, high)
        yield line
        _advance(heap, rest)


def _advance(heap: list[Any], rest: Iterator[Line]) -> None:
    """Put the next line of the first stream in place of what is there; no two lines have one place."""
    line = next(rest, None)
    if line is None:
        heapq.heappop(heap)
    else:
        heapq.heapreplace(heap, (line, rest))


def _back_in_time(reading: Reading, days: Iterator[Day], low: bytes, high: bytes) -> Iterator[Line]:
    """Yield the lines of one key from the last to the first, of days in the order of their end, likewise."""
    heap: list[tuple[Rank, Line, Iterator[Line]]] = []
    following = next(days, None)
    while heap or following:
        while following and (not heap or -int(following.until) <= heap[0][0][0]):
            _push(heap, reading.backwards(following, low, high))
            following = next(days, None)
        if heap:
            _, line, stream = heapq.heappop(heap)
            yield line
            _push(heap, stream)


def _push(heap: list[tuple[Rank, Line, Iterator[Line]]], stream: Iterator[Line]) -> None:
    line = next(stream, None)
    if line is not None:
        at, snapshot, offset = _rank(line)
        heapq.heappush(heap, ((-at, -snapshot, -offset), line, stream))


def _within(lines: Iterator[Line], since: str, until: str) -> Iterator[Line]:
    if (since, until) == (FIRST_MOMENT, LAST_MOMENT):
        return lines
    return (line for line in lines if since <= line.timestamp <= until)


def _by_second(lines: Iterator[Line]) -> Iterator[Line]:
    """Yield lines that come backwards with those of one second in the order of their places."""
    same: list[Line] = []
    for line in lines:
        if same and same[0].head != line.head:
            yield from sorted(same)
            same = []
        same.append(line)
    yield from sorted(same)


def _from(lines: Iterator[Line], place: Line) -> Iterator[Line]:
    return (line for line in lines if line[:3] >= place[:3])


def _back_from(lines: Iterator[Line], place: Line) -> Iterator[Line]:
    return (line for line in lines if line[:3] <= place[:3])


def _rank(line: Line) -> Rank:
    return int(line.timestamp), int(line.snapshot), line.offset


def _before(moment: str) -> str:
    return str(int(moment) - 1).zfill(14) if moment > FIRST_MOMENT else FIRST_MOMENT


def _seconds(timestamp: str) -> float:
    try:
        return parse_timestamp(timestamp).timestamp()
    except ValueError as error:
        raise DamagedError(f"The index has a capture at {timestamp!a}, which is no moment.") from error
