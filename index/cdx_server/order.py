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
from collections.abc import Iterable, Iterator
from enum import StrEnum

from ..errors import DamagedError
from ..timestamp import parse_timestamp
from .days import FIRST_MOMENT, Day, Reading
from .place import Line
from .scope import Scope

Rank = tuple[int, int, int]
"""Where a line of one key comes: time, snapshot and place in it."""


class Order(StrEnum):
    """In which order lines are asked for."""

    DEFAULT = "default"
    REVERSE = "reverse"
    CLOSEST = "closest"


def forwards(
    reading: Reading, scope: Scope, since: str, until: str, after: Line | None = None
) -> Iterator[Line]:
    """Yield the lines of a scope between two moments, both included, from a place on, itself included."""
    days = [day for day in reading.days if day.since <= until and since <= day.until]
    if scope.exact:
        begin = max(since, after.timestamp) if after else since
        low, high = scope.low + begin.encode(), scope.low + until.encode() + b"!"
        streams = ((day.since, reading.forwards(day, low, high)) for day in sorted(days, key=_by_since))
        found = _one_after_other(streams, 1)
    else:
        low = max(scope.low, after.head) if after else scope.low
        merged = heapq.merge(*(reading.forwards(day, low, scope.high) for day in days))
        found = (line for line in merged if since <= line.timestamp <= until)
    return found if after is None else _from(found, after)


def backwards(
    reading: Reading, scope: Scope, since: str, until: str, after: Line | None = None
) -> Iterator[Line]:
    """Yield the same from the last to the first."""
    days = [day for day in reading.days if day.since <= until and since <= day.until]
    if scope.exact:
        end = min(until, after.timestamp) if after else until
        low, high = scope.low + since.encode(), scope.low + end.encode() + b"!"
        ordered = sorted(days, key=_by_until, reverse=True)
        found = _one_after_other(((day.until, reading.backwards(day, low, high)) for day in ordered), -1)
    else:
        high = min(scope.high, after.head + b"!") if after else scope.high
        merged = heapq.merge(*(reading.backwards(day, scope.low, high) for day in days), reverse=True)
        found = (line for line in merged if since <= line.timestamp <= until)
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


def _one_after_other(streams: Iterable[tuple[str, Iterator[Line]]], sign: int) -> Iterator[Line]:
    """
    Merge streams that come with the first moment they may have, in that order; `sign` is -1 for backwards.

    A stream is asked for its first line when the others have come as far as that moment.
    """
    heap: list[tuple[Rank, Line, Iterator[Line]]] = []
    waiting = iter(streams)
    following = next(waiting, None)
    while heap or following:
        while following and (not heap or sign * int(following[0]) <= heap[0][0][0]):
            _push(heap, following[1], sign)
            following = next(waiting, None)
        if heap:
            _, line, stream = heapq.heappop(heap)
            yield line
            _push(heap, stream, sign)


def _push(heap: list[tuple[Rank, Line, Iterator[Line]]], stream: Iterator[Line], sign: int) -> None:
    line = next(stream, None)
    if line is not None:
        at, snapshot, offset = _rank(line)
        heapq.heappush(heap, ((sign * at, sign * snapshot, sign * offset), line, stream))


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


def _by_since(day: Day) -> tuple[str, str]:
    return day.since, day.timestamp


def _by_until(day: Day) -> tuple[str, str]:
    return day.until, day.timestamp


def _before(moment: str) -> str:
    return str(int(moment) - 1).zfill(14) if moment > FIRST_MOMENT else FIRST_MOMENT


def _seconds(timestamp: str) -> float:
    try:
        return parse_timestamp(timestamp).timestamp()
    except ValueError as error:
        raise DamagedError(f"The index has a capture at {timestamp!a}, which is no moment.") from error
