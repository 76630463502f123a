# SPDX-License-Identifier: EUPL-1.2
"""
The indexes of the days, searched in place: a bounded number of them open, a bounded part of each in memory.

    Day        one sealed index, and between which moments its captures can lie
    Calendar   all of them in the order in which their captures can come
    Indexes    the indexes opened last, kept open; thread-safe
    Reading    what one query reads, forwards or backwards, block by block, within its budget

A day is read a block at a time and need not stay open in between, so that a query over ten years of days
holds neither ten years of open files nor more than HELD bytes. Knows nothing of what is asked.
"""

from __future__ import annotations

import resource
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from ..cdxj import Index
from ..errors import DamagedError, NotFoundError
from ..timestamp import parse_timestamp, to_timestamp
from .budget import Budget
from .place import Line

MOST_OPEN = 4_000
"""
Indexes kept open at most, ten years of days, and never more than half of the files that the process may have.

A server that waits with select() can have no connection whose number is above 1,023: it is to wait otherwise,
or may have 1,024 files at most.
"""
HELD = 16 << 20
"""Bytes of all blocks of one query together, about."""
MOST_KEPT = 16 << 20
"""Bytes of the places of first lines that are kept, about."""
_PLACE = 300
"""Bytes of such a place without its key."""
_LEAST, _MOST = 2 << 10, 64 << 10
_FIRST = 2 << 10
_HEAD = 256
"""Bytes in which nearly every line has its key and its time."""
_NO_MORE: Iterator[Line] = iter(())

FIRST_MOMENT, LAST_MOMENT = "0" * 14, "9" * 14
# A snapshot is named after its beginning, or the first capture of an imported day, a few seconds later where
# that name was taken. A crawl, also one that was stopped and gone on with, ends before the next of its site
# begins; an imported day has the captures of one calendar day in some time zone.
_BEFORE, _AFTER = timedelta(days=1), timedelta(days=2)


class Sealed(NamedTuple):
    """A snapshot of a site: its name, its index, and whether it was imported."""

    timestamp: str
    path: Path
    imported: bool = False


class Day(NamedTuple):
    """A sealed index. No capture in it is before `since` or after `until` (14 digits)."""

    timestamp: str
    path: Path
    since: str
    until: str


def days_of(snapshots: Sequence[Sealed]) -> list[Day]:
    """Return the days of one site from its snapshots, oldest first."""
    days: list[Day] = []
    crawled = LAST_MOMENT  # until when a crawl can have gone on
    for one in reversed(snapshots):
        moment = parse_timestamp(one.timestamp)
        end = to_timestamp(moment + _AFTER)
        days.append(
            Day(one.timestamp, one.path, to_timestamp(moment - _BEFORE), end if one.imported else crawled)
        )
        crawled = crawled if one.imported else end
    return days[::-1]


class Calendar:
    """Days in the orders in which their captures can come. Made once for as long as the days are the same."""

    def __init__(self, days: Iterable[Day]) -> None:
        self.by_since = sorted(days, key=attrgetter("since", "timestamp"))
        self._by_until = sorted(self.by_since, key=attrgetter("until", "timestamp"))
        self.kept = Kept()
        # of all days up to one the last end, and of all from one on the first beginning: both only grow
        self._ends = list(accumulate((day.until for day in self.by_since), max))
        self._begins = list(accumulate((day.since for day in reversed(self._by_until)), min))[::-1]

    def forwards(self, since: str, until: str) -> Iterator[Day]:
        """Yield the days that can have captures between two moments, both included, by their beginning."""
        for at in range(bisect_left(self._ends, since), len(self.by_since)):
            day = self.by_since[at]
            if day.since > until:
                return
            if since <= day.until:
                yield day

    def backwards(self, since: str, until: str) -> Iterator[Day]:
        """Yield the same days by their end, the last first."""
        for at in range(bisect_right(self._begins, until) - 1, -1, -1):
            day = self._by_until[at]
            if day.until < since:
                return
            if day.since <= until:
                yield day


class Kept:
    """Where days have their first lines of some bounds: those asked for last. Several threads may use it."""

    def __init__(self) -> None:
        self._found: OrderedDict[_Asked, tuple[int, list[_First]]] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def get(self, asked: _Asked) -> list[_First] | None:
        """Return what was found, if it is still here; it is not to be changed."""
        with self._lock:
            if asked not in self._found:
                return None
            self._found.move_to_end(asked)
            return self._found[asked][1]

    def put(self, asked: _Asked, found: list[_First]) -> None:
        """Keep what was found, and let go of what was asked for longest ago where there is too much."""
        size = _PLACE + sum(_PLACE + len(line.head) for line, _ in found)
        with self._lock:
            self.bytes += size - self._found.pop(asked, (0, found))[0]
            self._found[asked] = size, found
            while self.bytes > MOST_KEPT:
                self.bytes -= self._found.popitem(last=False)[1][0]


class Bounds(NamedTuple):
    """
    Lines from `low` on and before `high`, bytewise.

    `named` is how they may begin, after the end of the line before them: if any line does, it is before all
    others from its beginning on.
    """

    low: bytes
    high: bytes
    named: bytes


_Asked = tuple[str, str, Bounds]
_First = tuple[Line, Day]
_Begun = tuple[Line, Iterator[Line]]
"""A line of a day, and those after it."""


class Indexes:
    """Open indexes, those opened last kept. One that is dropped stays open while it is read."""

    def __init__(self) -> None:
        self.limit = max(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2, MOST_OPEN), 1)
        self._open: dict[str, Index] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._open)

    def get(self, day: Day) -> Index:
        """Return the index of a day. Raises DamagedError where there is none, or none that can be read."""
        found = self._open.get(day.timestamp)  # which names one day of the whole collection
        if found is not None:
            return found
        opened = _opened(day.path)
        with self._lock:
            self._open[day.timestamp] = opened
            while len(self._open) > self.limit:
                del self._open[next(iter(self._open))]
        return opened


class Reading:
    """The days of one query. `opened` counts the indexes that were looked into."""

    def __init__(self, calendar: Calendar, indexes: Indexes, budget: Budget) -> None:
        self.calendar = calendar
        self.opened = 0
        self._indexes = indexes
        self._budget = budget
        self._most = max(min(HELD // max(len(calendar.by_since), 1), _MOST), _LEAST)
        self._first = min(_FIRST, self._most)
        self._near = 0
        """Where the last search ended: days of a site are alike."""

    def span(self, day: Day, low: bytes, high: bytes) -> tuple[int, int]:
        """Return where the lines of a day from `low` on begin, and where those before `high` end."""
        return self._span(self._indexes.get(day), low, high)

    def _span(self, index: Index, low: bytes, high: bytes) -> tuple[int, int]:
        self.opened += 1
        self._budget.check()
        start, end = index.span(low, high, self._near)
        self._near = start
        return start, end

    def begin(self, day: Day, bounds: Bounds) -> _Begun | None:
        """Return the first line of a day within bounds, and those after it as they are asked for."""
        index = self._look_into(day)
        start, read, at = index.about(bounds.named, self._near)
        block = read[at:]
        if b"\n" not in block or block < bounds.low:
            start = index.place(bounds.low, self._near)
            block = index.block(start, self._first)
        self._near = start
        return self._begun(day, start, block, bounds.high) if block and block < bounds.high else None

    def begin_at(self, day: Day, start: int, high: bytes) -> _Begun:
        """Return the line of a day that begins at a byte of it, and those after it that are before `high`."""
        index = self._again(day)
        block = index.read(start, start + self._first)
        return self._begun(day, start, block if b"\n" in block else index.block(start, self._first), high)

    def _begun(self, day: Day, start: int, block: bytes, high: bytes) -> _Begun:
        end = block.find(b"\n") + 1 or len(block)
        line = _line(day, start, block[:end])
        if block[end : end + _HEAD] >= high:  # as nearly everywhere: a capture of an address a day
            return line, _NO_MORE
        return line, self._rest(day, high, start, block[: block.rfind(b"\n") + 1 or end], end)

    def firsts(self, since: str, until: str, bounds: Bounds) -> list[_First]:
        """
        Return where each day of a time has its first line within bounds, without the line itself, in order.

        What was found is kept for who asks again: days do not change.
        """
        asked = since, until, bounds
        found = self.calendar.kept.get(asked)
        if found is None:
            found = sorted(self._firsts(self.calendar.forwards(since, until), bounds))
            self.calendar.kept.put(asked, found)
        return list(found)

    def _firsts(self, days: Iterable[Day], bounds: Bounds) -> Iterator[_First]:
        low, high, named = bounds
        for day in days:
            index = self._look_into(day)
            self._near, read, at = index.about(named, near := self._near)
            head = read[at : read.find(b" ", at) + 15]
            if head[-15:-14] != b" " or not head[-14:].isdigit():  # nothing is found, or not all of it
                self._near = start = index.place(low, near)
                begun = index.read(start, start + _HEAD)
                if begun.find(b" ", 0, _HEAD - 16) < 1:  # the end of the file, or a long key
                    begun = index.block(start, self._first)
                head = _head(day, begun) if begun and begun < high else high
            if head < high:
                # as in _line
                yield tuple.__new__(Line, (head, day.timestamp, self._near, b"")), day

    def _look_into(self, day: Day) -> Index:
        """Return the index of a day, and count it."""
        self.opened += 1
        self._budget.check()
        return self._indexes.get(day)

    def _rest(self, day: Day, high: bytes, start: int, block: bytes, at: int) -> Iterator[Line]:
        """Yield the lines before `high` from byte `at` of a block on, which begins at a byte of the day."""
        size = self._first
        while block:
            while at < len(block):
                end = block.find(b"\n", at) + 1 or len(block)
                data = block[at:end]
                if data >= high:
                    return
                yield _line(day, start + at, data)
                at = end
            start += len(block)
            size = min(size * 4, self._most)
            at, block = 0, self._again(day).block(start, size)

    def backwards(self, day: Day, low: bytes, high: bytes) -> Iterator[Line]:
        """Yield the lines from `low` on and before `high`, from the last to the first."""
        index = self._indexes.get(day)
        start, end = self._span(index, low, high)
        size = self._first
        while start < end:
            block = _block_before(index, start, end, size)
            del index  # of many days not all can be open
            end -= len(block)
            yield from reversed(list(_lines(day, end, block)))
            size = min(size * 4, self._most)
            index = self._again(day)

    def key_at(self, day: Day, offset: int, end: int) -> bytes | None:
        """Return the key, and the space after it, of the first line that begins after a byte of a day."""
        index = self._again(day)
        start = offset + index.block(offset, _FIRST).find(b"\n") + 1
        if start >= end:
            return None
        data = index.block(start, _FIRST)
        return data[: data.find(b" ") + 1]

    def _again(self, day: Day) -> Index:
        self._budget.check()
        return self._indexes.get(day)


def _block_before(index: Index, start: int, end: int, size: int) -> bytes:
    """Return whole lines up to `end`, about as many."""
    while start < end - size:
        block = index.read(end - size, end)
        cut = block.find(b"\n") + 1
        if cut < len(block):
            return block[cut:]
        size *= 2
    return index.read(start, end)


def _opened(path: Path) -> Index:
    try:
        return Index(path)
    except (OSError, NotFoundError) as error:
        raise DamagedError(f"The index {path} cannot be read ({error}). Run `daykeep verify`.") from error


def _lines(day: Day, start: int, block: bytes) -> Iterator[Line]:
    for data in block.splitlines(keepends=True):
        yield _line(day, start, data)
        start += len(data)


def _line(day: Day, start: int, data: bytes) -> Line:
    # the constructor of a named tuple takes twice the time of all the rest, and lines are many
    return tuple.__new__(Line, (_head(day, data), day.timestamp, start, data))


def _head(day: Day, data: bytes) -> bytes:
    """Return key and timestamp of the line with which some bytes begin. Raises DamagedError."""
    space = data.find(b" ")
    if space < 1 or not data[space + 1 : space + 15].isdigit() or data[space + 15 : space + 16] != b" ":
        raise DamagedError(
            f"The index of snapshot {day.timestamp} has a line without key and time: {data[:80]!a}. "
            "Run `daykeep verify`."
        )
    return data[: space + 15]


DaysNow = Callable[[], Sequence[Day]]
"""Returns every day there is at this moment."""
