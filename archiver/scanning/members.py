# SPDX-License-Identifier: EUPL-1.2
r"""
Records of a WARC that is compressed record by record. Knows nothing of digests.

    "\x1f\x8b\x08" … one gzip member (RFC 1952) for each record     short ones are inflated in one go

A member vouches for its bytes by its checksum, so a record counts when it fills its member. Which library
inflates is the caller's: whoever checks what was just written takes another than the one that wrote it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any, Protocol, cast

from isal import igzip_lib, isal_zlib
from msgspec.structs import replace

from ..dialect import head_end
from .held import FIRST, examine
from .plain import LEAST, NOT_ITS_DIGEST, TAIL, Bad
from .quick import quick
from .record_head import MAX_HEAD, Named, fault, named
from .seen import Seen
from .window import Window

MAGIC = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
_STEP = 1 << 15
"""Bytes given at once: what is left of them behind the end of a member is copied."""
_PIECE = 1 << 18
_QUICK = 1 << 20
"""Bytes of a record that is inflated in one go."""
_GZIP = zlib.MAX_WBITS + 16
_BEGINS = re.compile(rb"[\r\n]*WARC/\d{1,2}\.\d{1,2}\r?\n")
ERRORS: tuple[type[Exception], type[Exception]] = (zlib.error, cast("type[Exception]", igzip_lib.IsalError))
"""What an inflater raises of broken data."""


class Library(Protocol):
    """zlib, or what has its interface."""

    def decompressobj(self, wbits: int) -> Any:
        """Return an inflater."""


ZLIB: Library = zlib
FAST: Library = isal_zlib
"""Inflates in half of zlib's time; wrote our own records as well."""


class Member:
    """The bytes of the gzip member that begins at a place, in order. Raises ERRORS where it is broken."""

    def __init__(self, window: Window, offset: int, library: Library) -> None:
        self._window = window
        self._inflate = library.decompressobj(_GZIP)
        self._fed = offset
        self._tail: Any = b""

    @property
    def ended(self) -> bool:
        """Whether all of it has been read, and its checksum is right."""
        return bool(self._inflate.eof)

    @property
    def place(self) -> int:
        """Where in the file it ends, or up to where it was read."""
        return self._fed - len(self._inflate.unused_data)

    def read(self, most: int) -> bytes:
        """Return up to so many bytes, nothing only at the end. Raises EOFError where the file ends before."""
        while not self._inflate.eof:
            data = self._tail or self._more()
            out: bytes = self._inflate.decompress(data, most)
            self._tail = self._inflate.unconsumed_tail
            if out:
                return out
        return b""

    def begin(self, view: memoryview, most: int) -> bytes:
        """Return so many bytes from its beginning, of which `view` has the first; fewer only at the end."""
        self._fed += len(view)
        data: bytes = self._inflate.decompress(view, most)
        self._tail = self._inflate.unconsumed_tail
        return data if self._inflate.eof else data + self.read_whole(most - len(data))

    def _more(self) -> memoryview:
        data = self._window.view(self._fed, _STEP)
        if not data:
            raise EOFError
        self._fed += len(data)
        return data

    def read_whole(self, most: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        parts: list[bytes] = []
        while most and (part := self.read(most)):
            parts.append(part)
            most -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def pieces(self, length: int) -> Iterator[bytes]:
        """Yield the next so many bytes; fewer only at the end."""
        while length and (piece := self.read(min(_PIECE, length))):
            yield piece
            length -= len(piece)


class Members:
    """The records of a WARC with a gzip member each, asked for by their places."""

    def __init__(self, window: Window, library: Library = FAST) -> None:
        self._window = window
        self._library = library
        self.size = window.size
        self.wasted = 0
        """Bytes that were read for records that turned out to be none."""

    def take(self, offset: int) -> Seen | Bad:
        """Return the record in the member that begins at an offset, read to its end."""
        view = self._window.view(offset, _STEP)
        return self._quickly(view, offset) or self._carefully(view, offset)

    def _carefully(self, view: memoryview, offset: int) -> Seen | Bad:
        if not MAGIC.match(view):
            return Bad("there is no gzip member here", offset + 1)
        member = Member(self._window, offset, self._library)
        read = 0
        try:
            data = member.begin(view, FIRST)
            read = len(data)
            found = self._record(offset, member, data)
        except EOFError:
            found = Bad("the gzip member is cut off", offset + 1, headed=read > 0)
        except ERRORS as error:
            found = Bad(f"the gzip member is broken ({error})", offset + 1, headed=read > 0)
        if isinstance(found, Bad):
            self.wasted += max(read, member.place - offset, LEAST)
        return found

    def _quickly(self, view: memoryview, offset: int) -> Seen | None:
        """Return the record of a member that is held whole, if nothing is odd about it."""
        inflate = self._library.decompressobj(_GZIP)
        end = offset + len(view)
        try:
            data = inflate.decompress(view, _QUICK)
            while not inflate.eof:
                view = self._window.view(end, _STEP)
                if not view or inflate.unconsumed_tail or len(data) >= _QUICK:
                    return None
                end += len(view)
                data += inflate.decompress(view, _QUICK)
        except ERRORS:
            return None
        return quick(data, offset, end - len(inflate.unused_data))

    def _record(self, offset: int, member: Member, data: bytes) -> Seen | Bad:
        end = head_end(data)
        if not _BEGINS.match(data) or data[:1] != b"W":
            return self._bad("the gzip member holds no record", member)
        if not 0 < end <= MAX_HEAD:
            return self._bad("the head of its record does not end", member)
        record = named(data[:end])
        if isinstance(record, str):
            return self._bad(record, member)
        if len(data) >= end + record.length and member.ended:
            return self._short(offset, member, data, end, record)
        return self._long(offset, member, data, end, record)

    def _short(self, offset: int, member: Member, data: bytes, start: int, record: Named) -> Seen | Bad:
        """Return a record that is held whole."""
        end = start + record.length
        wrong = self._tail(data[end : end + 64], record, member, len(data) - end)
        if wrong:
            return wrong
        found = examine(offset, member.place, record, memoryview(data)[start:end])
        return self._judged(found, member)

    def _long(self, offset: int, member: Member, data: bytes, start: int, record: Named) -> Seen | Bad:
        """Return a record that is longer than what is held."""
        first = data[start : start + record.length]
        first += member.read_whole(min(FIRST, record.length) - len(first))
        left = record.length - len(first)
        passed = 0

        def rest() -> Iterator[bytes]:
            nonlocal passed
            for piece in member.pieces(left):
                passed += len(piece)
                yield piece

        found = examine(offset, offset, record, first, rest())
        if passed < left:
            return self._bad(f"it is cut off, {left - passed} bytes are missing", member)
        after = data[start + record.length :] if left <= 0 else b""
        after += member.read_whole(max(0, 65 - len(after)))
        wrong = self._tail(after[:64], record, member, len(after))
        faults = tuple(record.faults)
        return wrong or self._judged(replace(found, end=member.place, faults=faults), member)

    def _judged(self, found: Seen, member: Member) -> Seen | Bad:
        """Return a record, unless both its digest and its end say that its length lies."""
        rules = {fault.rule for fault in found.faults}
        if "tail" in rules and rules & NOT_ITS_DIGEST:
            return self._bad("its length is not that of its block", member)
        return found

    def _tail(self, after: bytes, record: Named, member: Member, length: int) -> Bad | None:
        """Return what is wrong behind a block: more than line ends before the end of the member."""
        if after == TAIL and member.ended:
            return None
        if not after.strip(b"\r\n") and length <= 64 and member.ended:
            record.faults.append(fault("tail", f"the record ends in {after[:8]!r}"))
            return None
        if _BEGINS.match(after):
            found = self._bad("a gzip member holds more than one record", member)
            return Bad(found.what, found.search, found.end, "crowded-member", headed=True)
        return self._bad("its length is not that of its block", member)

    def _bad(self, what: str, member: Member) -> Bad:
        return Bad(what, member.place, member.place if member.ended else None, headed=True)

    def candidates(self, offset: int) -> Iterator[int]:
        """Yield the places at or after an offset where a member begins that begins as a record does."""
        for place in self._window.find_all(MAGIC, offset, 4):
            if self.begins(place):
                yield place

    def begins(self, place: int) -> bool:
        """Tell whether a member begins at a place that begins as a record does."""
        try:
            return Member(self._window, place, self._library).read_whole(5) == b"WARC/"
        except (*ERRORS, EOFError):
            return False
