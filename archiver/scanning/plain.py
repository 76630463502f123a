# SPDX-License-Identifier: EUPL-1.2
"""
Records of a WARC that is not compressed. Knows nothing of compression.

    head CRLF CRLF  block of Content-Length bytes  CRLF CRLF   then the next record, or the end of the file

A length can lie, so what follows a block has its say: where neither a record nor the end of the file follows,
a record counts only if its block digest is right, or if it has none and ends in its two line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ..dialect import head_end
from .held import FIRST, examine
from .quick import head_length, quick
from .record_head import MAX_HEAD, Named, fault, named
from .seen import Seen
from .window import Window

TAIL = b"\r\n\r\n"
_LOOK = 1 << 14
"""Bytes in which nearly every head ends."""
_QUICK = 1 << 20
_ENDS = re.compile(rb"[\r\n]{0,64}")
_BLANK = re.compile(rb"\n\r?\n")
_BEGINS = re.compile(rb"WARC/\d{1,2}\.\d{1,2}\r?\n")
NOT_ITS_DIGEST = frozenset({"block-digest", "digest-of-nothing"})
"""Rules after which nothing vouches for where a block ends."""
_PATIENCE = 1 << 30
"""Bytes read for nothing, beside four times the file's own, after which no next record is looked for."""
LEAST = 1 << 8
"""What a place where no record begins counts for at least."""
_CHAIN_COST = 1 << 28
"""The same in bytes of heads, each as `_PARSING` has it."""
_PARSING = 20
"""How much longer it takes to read a byte of a head than one of a block."""
_CHAIN = 10_000
"""Records that are looked at inside one block to see whether its length lies."""


@dataclass(frozen=True, slots=True)
class Bad:
    """No intact record begins at a place."""

    what: str
    search: int
    """From where on the next one is to be looked for."""
    end: int | None = None
    """Where what is there ends, if that is known."""
    rule: str = "damage"
    headed: bool = False
    """Whether a record's head stands there."""


class Records(Protocol):
    """The records of a file, each asked for by its place."""

    size: int
    wasted: int
    """Bytes that were read for records that turned out to be none."""

    def take(self, offset: int) -> Seen | Bad:
        """Return the record that begins at an offset, read to its end."""

    def candidates(self, offset: int) -> Iterator[int]:
        """Yield the places at or after an offset where a record could begin."""


def is_spent(records: Records) -> bool:
    """Tell whether so much was read for nothing that nothing more is looked for."""
    return records.wasted > _PATIENCE + 4 * records.size


def looked_for(records: Records, search: int) -> Iterator[tuple[int, Seen | Bad]]:
    """Yield what is at every place where a record could begin, until too much was read for nothing."""
    for place in records.candidates(search):
        if is_spent(records):
            return
        if place >= search:
            found = records.take(place)
            yield place, found
            search = found.search if isinstance(found, Bad) else search


class Plain:
    """The records of a plain WARC, each asked for by its place."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.size = window.size
        self.wasted = 0
        """Bytes that were read for records that turned out to be none."""

    def take(self, offset: int) -> Seen | Bad:
        """Return the record that begins at an offset, read to its end."""
        found = self._quickly(offset) or self._carefully(offset)
        if isinstance(found, Bad):
            self.wasted += LEAST
        return found

    def _quickly(self, offset: int) -> Seen | None:
        """Return a record that is held whole and stands before another, if nothing is odd about it."""
        lengths = head_length(self._window.view(offset, _LOOK))
        if lengths is None or lengths[1] > _QUICK:
            return None
        length = sum(lengths) + len(TAIL)
        data = self._window.view(offset, length + 5)
        if len(data) < length or bytes(data[length:]) not in {b"WARC/", b""}:
            return None
        return quick(data[:length], offset, offset + length)

    def _carefully(self, offset: int) -> Seen | Bad:
        head = self._head(offset)
        if isinstance(head, Bad):
            return head
        record, start = head
        end = start + record.length
        if end > self.size:
            return Bad(f"it is cut off, {end - self.size} bytes are missing", start, headed=True)
        after = bytes(self._window.view(end, 96))
        ends = _ENDS.match(after)
        assert ends is not None
        follows = ends.end() == len(after) or bool(_BEGINS.match(after, ends.end()))
        if ends[0] != TAIL and (follows or after[:4] != TAIL):
            record.faults.append(fault("tail", f"the record ends in {ends[0][:8]!r}"))
        found = self._examined(offset, start, record, end + (ends.end() if follows else min(4, ends.end())))
        return self._judged(found, start, follows=follows, tail=after[:4] == TAIL)

    def _head(self, offset: int) -> tuple[Named, int] | Bad:
        view = self._window.view(offset, _LOOK)
        if not _BEGINS.match(view):
            return Bad("there is no record here", offset + 1)
        end = head_end(view)
        if end < 0:
            view = self._window.view(offset, MAX_HEAD)
            end = head_end(view)
        if end < 0:
            self.wasted += len(view)
            return Bad("the head of its record does not end", self._hopeful(offset))
        record = named(bytes(view[:end]))
        if isinstance(record, str):
            self.wasted += _PARSING * end
            return Bad(record, offset + 1)
        return record, offset + end

    def _hopeful(self, offset: int) -> int:
        """Return from where on a head can end, where none does that begins at an offset."""
        blank = next(self._window.find_all(_BLANK, offset + 1, 3), None)
        return self.size if blank is None else max(offset + 1, blank - MAX_HEAD)

    def _examined(self, offset: int, start: int, record: Named, end: int) -> Seen:
        first = self._window.view(start, min(record.length, FIRST))
        rest = self._window.pieces(start + len(first), start + record.length) if record.length > FIRST else ()
        return examine(offset, end, record, first, rest)

    def _judged(self, found: Seen, start: int, *, follows: bool, tail: bool) -> Seen | Bad:
        """Return a record, unless what it says of itself and what follows it speak against it."""
        wrong = any(fault.rule in NOT_ITS_DIGEST for fault in found.faults)
        checked = not any(fault.rule in {"no-block-digest", "digest-unknown"} for fault in found.faults)
        odd = any(fault.rule == "tail" for fault in found.faults)
        if follows and not (wrong and (odd or self._chained(start, found.end))):
            return found
        if not follows and not wrong and (checked or tail):
            return found
        self.wasted += found.block_length
        return Bad("its length is not that of its block", start, headed=True)

    def _chained(self, start: int, end: int) -> bool:
        """Tell whether records stand in a block, the last of which ends where the block's own tail does."""
        steps, wasted = 0, self.wasted
        for candidate in self.candidates(start):
            at = candidate
            while at < end and steps < _CHAIN:
                steps += 1
                following = self._next(at)
                if following is None:
                    break
                at = following
            spent, self.wasted = self.wasted - wasted, wasted  # nothing is lost that is looked for
            if candidate >= end or steps >= _CHAIN or spent > _CHAIN_COST:
                break
            if at == end:
                return True
        return False

    def _next(self, offset: int) -> int | None:
        """Return where the record after one begins, by its head alone."""
        head = self._head(offset)
        if isinstance(head, Bad):
            return None
        end = head[1] + head[0].length
        return end + len(TAIL) if bytes(self._window.view(end, len(TAIL))) == TAIL else None

    def candidates(self, offset: int) -> Iterator[int]:
        """
        Yield the places at or after an offset where a record could begin.

        Not only at the beginning of a line: what stood before it may be gone.
        """
        yield from self._window.find_all(_BEGINS, offset, 16)
