# SPDX-License-Identifier: EUPL-1.2
"""
An index read along with a list in the same order: a look-up costs a step where a search would cost many.

    list    a   c   d   b     addresses, in the order of their keys but for some
    index   a b c c d e f     each is found going forward; what lies behind (b) is searched for

Knows nothing of what the lists say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.cdxj import ASKED_OTHERWISE, Index
from index.urlkey import urlkey

_BEGINS = re.compile(rb'([!-~]+ )\d{14} \{"url":"([^"\\]*)"', re.ASCII)
MAX_HELD = 1000
"""Lines of one key that are held; where there are more they are searched for each time."""


class InStep:
    """The lines of an index by address, fastest where asked for in the order of keys."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lines = index.lines()
        self._next: bytes | None = next(self._lines, None)
        self._key = b""
        self._held: list[bytes] = []

    def lines(self, url: str) -> Iterator[bytes]:
        """Return the lines that share the key of a normalised URL, whatever their own spelling."""
        key = self._key_of(url)
        if key > self._key:
            self._go_on(key)
        if key == self._key and 0 < len(self._held) <= MAX_HELD:
            return iter(self._held)
        # behind, too many, or not where it should be, as in an index that is not in order
        return self._index.lines_of(url)

    def _key_of(self, url: str) -> bytes:
        """Return the key of an address and a space; where the next line is of it, as that line has it."""
        line = self._next
        begins = _BEGINS.match(line) if line is not None and ASKED_OTHERWISE not in line else None
        if begins and begins[2] == url.encode():
            return begins[1]
        return urlkey(url).encode() + b" "

    def _go_on(self, key: bytes) -> None:
        """Take up the lines of a key that was not reached before."""
        self._key, self._held = key, []
        line = self._next
        while line is not None and line < key:
            line = next(self._lines, None)
        while line is not None and line.startswith(key):
            if len(self._held) <= MAX_HELD:
                self._held.append(line)
            line = next(self._lines, None)
        self._next = line
