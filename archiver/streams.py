# SPDX-License-Identifier: EUPL-1.2
"""Streams made of others: what an iterator yields, and the next so many bytes. Knows nothing of records."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from index.errors import DamagedError


class Pieces(io.RawIOBase):
    """What an iterator yields, as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the piece at hand goes; 0 at the end."""
        self._held = self._held or memoryview(next(self._chunks, b""))
        piece = self._held[: len(buffer)]
        buffer[: len(piece)] = piece
        self._held = self._held[len(piece) :]
        return len(piece)


class Limited(io.RawIOBase):
    """The next so many bytes of a stream. Raises DamagedError where it ends before them."""

    def __init__(self, source: io.BufferedReader, length: int, where: str) -> None:
        self._source = source
        self._left = length
        self._where = where

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one reading goes; 0 at the end. Raises DamagedError."""
        if self._left == 0:
            return 0
        data = self._source.read(min(len(buffer), self._left))
        if not data:
            raise DamagedError(f"{self._where}: the record is cut off, {self._left} bytes are missing.")
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)
