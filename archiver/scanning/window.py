# SPDX-License-Identifier: EUPL-1.2
"""
Bytes of a file from any place, a few at a time. Knows nothing of what they are.

The file is not mapped into memory: a file of any size then costs the same, also in what `ps` shows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

HELD = 1 << 21
"""Bytes of a file that are held at once."""
PIECE = 1 << 18
_FIRST = 1 << 16
"""Bytes that are searched first: what is looked for mostly begins near by."""


class Window:
    """A file, or what of it stands before `end`, read two million bytes at a time. It closes nothing."""

    def __init__(self, descriptor: int, end: int | None = None) -> None:
        self._descriptor = descriptor
        self._data = b""
        self._at = 0
        size = os.fstat(descriptor).st_size
        self.size = size if end is None else min(size, end)

    def view(self, offset: int, length: int) -> memoryview:
        """Return up to so many bytes (HELD at most) from an offset on; fewer only at the end of the file."""
        start = offset - self._at
        if not 0 <= start <= len(self._data) - length:
            self._data, self._at, start = self._read(offset), offset, 0
        return memoryview(self._data)[start : start + length]

    def pieces(self, offset: int, end: int) -> Iterator[bytes]:
        """Yield the bytes between two places, which does not move what is held."""
        while offset < end and (piece := os.pread(self._descriptor, min(PIECE, end - offset), offset)):
            yield piece
            offset += len(piece)

    def find_all(self, pattern: re.Pattern[bytes], offset: int, longest: int) -> Iterator[int]:
        """Yield the places from an offset on where a pattern begins that matches `longest` bytes at most."""
        most = _FIRST
        while offset < self.size:
            data = self._read(offset, most)
            most = min(HELD, most * 4)
            last = offset + len(data) >= self.size
            sure = len(data) if last else len(data) - longest
            for match in pattern.finditer(data):
                if match.start() < sure:
                    yield offset + match.start()
            if last or not data:
                return
            offset += sure

    def _read(self, offset: int, most: int = HELD) -> bytes:
        return os.pread(self._descriptor, max(0, min(most, self.size - offset)), offset)
