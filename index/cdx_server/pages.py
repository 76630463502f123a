# SPDX-License-Identifier: EUPL-1.2
"""
An answer in parts of about the same size, each of which can be asked for by its number.

    blocks of a page * BLOCK bytes of index lines = a page

How much there is tells the size of the lines in question, which two searches in each index give; no line is
read. Of one key, pages are parts of the time; of many keys, parts of the keys, which one index (the one
that has most of them) divides into equal parts. Pages change when a day is added: resume keys do not. Knows
nothing of filters: a page may hold fewer lines than another, or none.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from .days import FIRST_MOMENT, LAST_MOMENT, Day, Reading
from .scope import Scope

BLOCK = 3_000 * 350
"""Bytes that a block stands for: 3,000 lines, as in a compressed index of the Internet Archive."""


class Part(NamedTuple):
    """What one page is about."""

    scope: Scope
    since: str
    until: str


class _Held(NamedTuple):
    day: Day
    start: int
    end: int

    @property
    def bytes(self) -> int:
        return max(self.end - self.start, 0)


class Pages:
    """The pages of a scope between two moments."""

    def __init__(self, reading: Reading, whole: Part, blocks: int) -> None:
        scope, since, until = whole
        self._reading = reading
        self._whole = whole
        days = reading.calendar.forwards(since, until)
        held = [_Held(day, *reading.span(day, scope.low, scope.high)) for day in days]
        self._held = [one for one in held if one.bytes]
        total = sum(one.bytes for one in self._held)
        self.count = -(-total // (blocks * BLOCK))

    def part(self, number: int) -> Part | None:
        """Return what a page is about, from 0; None after the last."""
        if number >= self.count:
            return None
        return self._of_time(number) if self._whole.scope.exact else self._of_keys(number)

    def _of_time(self, number: int) -> Part:
        begins = sorted(one.day.timestamp for one in self._held)
        since, until = self._bound(begins, number), self._bound(begins, number + 1)
        last = LAST_MOMENT if until is None else _before(until)
        first = FIRST_MOMENT if since is None else since
        return Part(self._whole.scope, max(self._whole.since, first), min(self._whole.until, last))

    def _bound(self, begins: list[str], number: int) -> str | None:
        return begins[len(begins) * number // self.count] if 0 < number < self.count else None

    def _of_keys(self, number: int) -> Part:
        scope, since, until = self._whole
        narrowed = msgspec.structs.replace(scope, low=self._key(number), high=self._key(number + 1))
        return Part(narrowed, since, until)

    def _key(self, number: int) -> bytes:
        """Return the key at which a page begins, and the one before it ends."""
        scope = self._whole.scope
        if not 0 < number < self.count:
            return scope.high if number else scope.low
        most = max(self._held, key=lambda one: (one.bytes, one.day.timestamp))
        found = self._reading.key_at(most.day, most.start + most.bytes * number // self.count, most.end)
        return found or scope.high


def _before(moment: str) -> str:
    return str(int(moment) - 1).zfill(14)
