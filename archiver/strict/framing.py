# SPDX-License-Identifier: EUPL-1.2
"""
Where the records of a WARC begin and end, to the byte. Knows nothing of what fields or blocks mean.

    "WARC/1.1" CRLF *( name ":" value CRLF ) CRLF   block of Content-Length bytes   CRLF CRLF
    the next record begins at the very next byte, or the file ends;
    where it is compressed, each record is one gzip member (RFC 1952), and nothing stands between them

A reader of its own: it shares no code with `records` and `readback`, so that one mistake is not made twice.
After a fault it says where, and goes on at the next member or record that it can find.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from .fields import Fields, parse_fields

Tell = Callable[[str, int, str], None]
"""(rule, offset, what)."""

MAX_HEAD = 1 << 20
"""Bytes of a head that are read."""
MAX_BREAKS = 1000
"""Faults in the framing of one file after which it is given up: each costs a search for what follows."""
MAX_WASTE = 4
"""Times the size of a file that may be read in vain, in members that turn out broken."""
_WINDOW = 1 << 20
_PIECE = 1 << 16
_STEP = 1 << 14
_MAGIC = b"\x1f\x8b\x08"
_VERSION = b"WARC/1.1\r\n"
_TAIL = b"\r\n\r\n"
_LONGEST = 10**18


class _BrokenError(Exception):
    """The framing is broken; the rule it breaks and what is there."""

    def __init__(self, rule: str, what: str) -> None:
        super().__init__(what)
        self.rule = rule


class Sink(Protocol):
    """Takes the block of one record."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""

    def close(self) -> None:
        """Say what is wrong with the block, which came whole."""


@dataclass(frozen=True, slots=True)
class Head:
    """The named fields of a record, as they stand."""

    offset: int
    fields: Fields
    length: int

    @property
    def kind(self) -> str:
        """The WARC-Type, empty where there is none."""
        return self.get("warc-type") or ""

    def get(self, name: str) -> str | None:
        """Return the first value of a field, by its name in lower case."""
        values = self.fields.get(name)
        return values[0] if values else None


class Framing:
    """The records of one open file."""

    def __init__(self, descriptor: int, begin: Callable[[Head], Sink], tell: Tell) -> None:
        self._window = _Window(descriptor)
        self._size = self._window.size
        self._begin = begin
        self._tell = tell

    def read(self) -> Iterator[None]:
        """Give all records to `begin` in order; yield after each, so that faults are told. Raises OSError."""
        offset = breaks = waste = 0
        if self._size == 0:
            self._tell("file-empty", 0, "the file is empty")
        while offset < self._size:
            source = self._source(offset)
            try:
                while True:
                    self._record(source, offset)
                    yield
                    if not source.more_records():
                        break
                    self._said_members(source, offset)
                offset = source.end()
            except _BrokenError as error:
                breaks += 1
                onward = self._onward(source, offset)
                waste += source.waste()
                if breaks == MAX_BREAKS or waste > MAX_WASTE * self._size:
                    onward = self._size
                where = (
                    f"reading goes on at {onward}" if onward < self._size else "nothing behind it can be read"
                )
                self._tell(error.rule, offset, f"{error}; {where}")
                offset = onward
                yield

    def _source(self, offset: int) -> _Source:
        compressed = self._window.read(offset, len(_MAGIC)) == _MAGIC
        return _Member(self._window, offset) if compressed else _Plain(self._window, offset)

    def _said_members(self, source: _Source, offset: int) -> None:
        if not source.told:
            self._tell("gzip-member", offset, "more than one record in one gzip member")
            source.told = True

    def _record(self, source: _Source, offset: int) -> None:
        head = Head(offset, *self._head(source, offset))
        sink = self._begin(head)
        source.foresee(head.length)
        left = head.length
        while left:
            piece = source.take(min(left, _PIECE))
            if not piece:
                raise _BrokenError("block-cut", f"{left} of the {head.length} bytes of the block are missing")
            left -= len(piece)
            sink.feed(piece)
        _check_tail(source.exactly(len(_TAIL)))
        sink.close()

    def _head(self, source: _Source, offset: int) -> tuple[Fields, int]:
        version = source.line(64)
        if not version.startswith(b"WARC/"):
            raise _BrokenError("stray-bytes", f"{version[:16]!r} stands where a record should begin")
        if version != _VERSION:
            self._tell("version-line", offset, f"the first line is {version!r}")
        lines, size = [], 0
        while (line := source.line(MAX_HEAD)) not in {b"\r\n", b"\n"}:
            size += len(line)
            if not line.endswith(b"\n") or size > MAX_HEAD or line == _VERSION:
                raise _BrokenError("head-end", "no empty line ends the head")
            lines.append(line)
        fields = parse_fields([*lines, line], lambda rule, what: self._tell(rule, offset, what))
        return fields, _length(fields)

    def _onward(self, source: _Source, offset: int) -> int:
        """Return where reading can go on after a fault in the record at an offset, else the size."""
        if isinstance(source, _Member) and (end := source.drained()) is not None:
            return end
        sought = _MAGIC if self._window.read(0, len(_MAGIC)) == _MAGIC else b"WARC/1."
        start = offset + 1
        while (found := self._window.find(sought, start)) is not None:
            if self._begins(found):
                return found
            start = found + 1
        return self._size

    def _begins(self, offset: int) -> bool:
        """Tell whether a record begins here, as far as its first bytes tell."""
        data = self._window.read(offset, 1024)
        if data.startswith(b"W"):
            return self._window.read(offset - 1, 1) == b"\n"
        try:
            return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(data, 5) == b"WARC/"
        except zlib.error:
            return False


def _length(fields: Fields) -> int:
    values = fields.get("content-length")
    if not values:
        raise _BrokenError("length-missing", "the record has no Content-Length")
    if not (values[0].isascii() and values[0].isdigit()):
        raise _BrokenError("length-form", f"Content-Length is {values[0][:80]!r}")
    return int(values[0]) if len(values[0]) <= 18 else _LONGEST


def _check_tail(tail: bytes) -> None:
    if tail != _TAIL:
        raise _BrokenError("record-end", f"{tail!r} follows the block in place of two CRLF")


class _Window:
    """Bytes of a file from any place, read a million at a time."""

    def __init__(self, descriptor: int) -> None:
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor
        self._data = b""
        self._at = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return up to so many bytes; fewer only at the end of the file."""
        start = offset - self._at
        there = len(self._data) - start
        if start < 0 or there <= 0 or (there < length and len(self._data) == _WINDOW):
            self._data, self._at, start = os.pread(self._descriptor, _WINDOW, offset), offset, 0
        return self._data[start : start + length]

    def peek(self, offset: int, length: int) -> bytes:
        """Return bytes without moving the window."""
        return os.pread(self._descriptor, length, offset)

    def find(self, sought: bytes, start: int) -> int | None:
        """Return where bytes stand next, from `start` on."""
        while start < self.size:
            found = (data := self.read(start, _PIECE)).find(sought)
            if found >= 0:
                return start + found
            start += max(len(data) - len(sought) + 1, 1)
        return None


class _Source:
    """Bytes from an offset on, with a reading position."""

    def __init__(self, window: _Window, offset: int) -> None:
        self._window = window
        self._offset = offset
        self._buffer = b""
        self._at = 0
        self.told = False
        """Whether it was said that several records share it."""

    def take(self, size: int) -> bytes:
        """Return up to so many bytes, none only at the end."""
        if self._at == len(self._buffer):
            self._buffer, self._at = self._more(), 0
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def exactly(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        data = b""
        while len(data) < size and (piece := self.take(size - len(data))):
            data += piece
        return data

    def line(self, limit: int) -> bytes:
        """Return the bytes up to and with the next LF, or `limit` of them, or what there is."""
        parts: list[bytes] = []
        left = limit
        while left:
            if self._at == len(self._buffer):
                self._buffer, self._at = self._more(), 0
            end = self._buffer.find(b"\n", self._at, self._at + left) + 1
            piece = self.take(end - self._at if end else left)
            parts.append(piece)
            left -= len(piece)
            if end or not piece:
                break
        return b"".join(parts)

    def more_records(self) -> bool:
        """Tell whether another record follows within this source."""
        return False

    def foresee(self, length: int) -> None:
        """Raise _BrokenError at once where it can be told that no block of that length ends here."""

    def waste(self) -> int:
        """Return how much was read that will be read again after a fault."""
        return 0

    def end(self) -> int:
        """Return where in the file that ends which was read."""
        raise NotImplementedError

    def _more(self) -> bytes:
        raise NotImplementedError


class _Plain(_Source):
    """The file itself, of which a long block that ends nowhere can be told without reading it."""

    def foresee(self, length: int) -> None:
        tail = self._window.size - self.end() - length
        if tail < 0:
            raise _BrokenError("block-cut", f"{-tail} of the {length} bytes of the block are missing")
        if length > _WINDOW:
            _check_tail(self._window.peek(self.end() + length, len(_TAIL)))

    def end(self) -> int:
        return self._offset - len(self._buffer) + self._at

    def _more(self) -> bytes:
        data = self._window.read(self._offset, _PIECE)
        self._offset += len(data)
        return data


class _Member(_Source):
    """One gzip member, inflated."""

    def __init__(self, window: _Window, offset: int) -> None:
        super().__init__(window, offset)
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        self._fed = 0

    def more_records(self) -> bool:
        if self._at == len(self._buffer):
            self._buffer, self._at = self._more(), 0
        return self._at < len(self._buffer)

    def end(self) -> int:
        return self._offset + self._fed - len(self._inflate.unused_data)

    def waste(self) -> int:
        return self._fed

    def drained(self) -> int | None:
        """Read what is left, and return where the member ends; None where it cannot be inflated."""
        try:
            while self._more():
                pass
        except _BrokenError:
            return None
        return self.end()

    def _more(self) -> bytes:
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._raw()
            try:
                out = self._inflate.decompress(data, _PIECE)
            except zlib.error as error:
                raise _BrokenError("gzip-whole", f"the gzip member is damaged: {error}") from error
            if out:
                return out
        return b""

    def _raw(self) -> bytes:
        data = self._window.read(self._offset + self._fed, _STEP)
        self._fed += len(data)
        if not data:
            raise _BrokenError("gzip-whole", "the gzip member is cut off")
        return data
