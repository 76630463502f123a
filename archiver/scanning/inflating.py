# SPDX-License-Identifier: EUPL-1.2
r"""
What was compressed without regard to records, into plain bytes. Knows nothing of what the bytes are.

    gzip (RFC 1952)   member after member
    zstd (RFC 8878)   frame after frame; WARC-zstd has a dictionary for all of them in front, in a frame to be
                      skipped: "\x5d\x2a\x4d\x18" length dictionary, itself compressed or not

What comes before damage is given to its last byte; after it, from the next member or frame that can be read.
The caller's `write` bounds what comes out: a bomb costs as much as he takes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Generator, Iterator

from backports import zstd

from .members import MAGIC
from .seen import Skipped
from .window import Window

Write = Callable[[bytes], object]
"""Takes what was unpacked. What it raises ends the unpacking."""
_STEP = 1 << 16
_OUT = 1 << 20
_ZSTD_OUT = 1 << 16
_FRAME = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_DICTIONARY = b"\x5d\x2a\x4d\x18"
_MAX_DICTIONARY = 1 << 24
_WINDOW = 27
"""Base-2 logarithm of the largest zstd window: 128 MiB, what the zstd tool itself takes unasked."""
_BREAK = b"\n"
"""Written where something is missing, so that what follows begins a line."""


def gunzip(window: Window, write: Write) -> Iterator[Skipped]:
    """Inflate all members of a file, and yield what of it could not be read."""
    place = 0
    while place < window.size:
        member = _Member(window, place)
        try:
            for piece in member.pieces():
                write(piece)
            place = member.place
        except (zlib.error, EOFError) as error:
            what, bad = (str(error), member.place) if str(error) else ("the gzip member is cut off", place)
            place = yield from _next(window, bad, member.place, what, begins=_gzip_at, pattern=MAGIC)
            write(_BREAK)


def _next(
    window: Window,
    bad: int,
    search: int,
    what: str,
    *,
    begins: Callable[[Window, int], bool],
    pattern: re.Pattern[bytes],
) -> Generator[Skipped, None, int]:
    """Yield what is passed over from a bad place on, and return where it can be read again."""
    found = (place for place in window.find_all(pattern, search + 1, 4) if begins(window, place))
    end = next(found, window.size)
    yield Skipped(bad, end, what)
    return end


def beginning(window: Window, offset: int, most: int) -> bytes:
    """Return up to so many bytes of the gzip member at an offset, as far as it can be read."""
    out = bytearray()
    try:
        for piece in _Member(window, offset).pieces():
            out += piece
            if len(out) >= most:
                break
    except (zlib.error, EOFError):
        pass  # who reads on will say so
    return bytes(out[:most])


def _gzip_at(window: Window, place: int) -> bool:
    """Tell whether what looks like the beginning of a member is one."""
    try:
        inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        return bool(inflate.decompress(window.view(place, _STEP), _STEP))
    except zlib.error:
        return False


class _Member:
    """A gzip member that is inflated to its end, or to the last byte before it breaks."""

    def __init__(self, window: Window, offset: int) -> None:
        self._window = window
        self.place = offset
        """Where it ends, or up to where it was read."""

    def pieces(self) -> Iterator[bytes]:
        """Yield what it holds. Raises zlib.error where it is broken, EOFError where the file ends early."""
        inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        while not inflate.eof:
            data: bytes | memoryview = self._window.view(self.place, _STEP)
            if not data:
                raise EOFError
            length = len(data)
            while data and not inflate.eof:
                before = inflate.copy()
                try:
                    piece = inflate.decompress(data, _OUT)
                except zlib.error:
                    yield _to_the_last_byte(before, data)
                    raise
                yield piece
                data = inflate.unconsumed_tail
            self.place += length - len(inflate.unused_data)


def _to_the_last_byte(inflate: zlib._Decompress, data: bytes | memoryview) -> bytes:
    """Return what zlib throws away when it finds damage: all that it had made of the data before it."""
    out = bytearray()
    try:
        while piece := inflate.decompress(data, 1):
            out += piece
            data = inflate.unconsumed_tail
    except zlib.error:
        pass  # the damage that is known already
    return bytes(out)


def opening(window: Window, place: int) -> bytes:
    """Return the first bytes that come out of a zstd frame without a dictionary; none where nothing does."""
    inflate = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW})
    try:
        for piece in window.pieces(place, min(window.size, place + _MAX_DICTIONARY)):
            if out := inflate.decompress(piece, max_length=64):
                return out
            if inflate.eof:
                break
    except zstd.ZstdError:
        return b""
    return b""


def unzstd(window: Window, write: Write) -> Iterator[Skipped]:
    """Decompress all frames of a file, and yield what of it could not be read."""
    place, dictionary = 0, None
    while place < window.size:
        frame = _Frame(window, place, dictionary)
        try:
            if bytes(window.view(place, 4)) == _DICTIONARY and place == 0:
                dictionary = _dictionary(window)
            for piece in frame.pieces():
                write(piece)
            place = frame.place
        except (zstd.ZstdError, EOFError) as error:
            what, bad = (str(error), frame.place) if str(error) else ("the zstd frame is cut off", place)
            begins = _begins_with(dictionary)
            place = yield from _next(window, bad, frame.place, what, begins=begins, pattern=_FRAME)
            write(_BREAK)


def _dictionary(window: Window) -> zstd.ZstdDict:
    """Return the dictionary that stands in the first frame. Raises ZstdError where that is none."""
    length = int.from_bytes(window.view(4, 4), "little")
    if not 8 <= length <= _MAX_DICTIONARY:
        raise zstd.ZstdError(f"a dictionary of {length} bytes is not read")
    data = b"".join(window.pieces(8, 8 + length))
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        data = zstd.ZstdDecompressor().decompress(data, _MAX_DICTIONARY)
    try:
        return zstd.ZstdDict(data)
    except ValueError as error:
        raise zstd.ZstdError(str(error)) from error


def _begins_with(dictionary: zstd.ZstdDict | None) -> Callable[[Window, int], bool]:
    def begins(window: Window, place: int) -> bool:
        try:
            return bool(next(_Frame(window, place, dictionary).pieces(), b""))
        except (zstd.ZstdError, EOFError):
            return False

    return begins


class _Frame:
    """A zstd frame; one that is to be skipped gives nothing."""

    def __init__(self, window: Window, offset: int, dictionary: zstd.ZstdDict | None) -> None:
        self._window = window
        self._dictionary = dictionary
        self.place = offset
        """Where it ends, or up to where it was read."""

    def pieces(self) -> Iterator[bytes]:
        """Yield what it holds. Raises ZstdError where it is broken, EOFError where the file ends early."""
        head = bytes(self._window.view(self.place, 8))
        if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
            end = self.place + 8 + int.from_bytes(head[4:8], "little")
            if end > self._window.size:
                raise EOFError
            self.place = end
            return
        frame = zstd.ZstdDecompressor(
            zstd_dict=self._dictionary, options={zstd.DecompressionParameter.window_log_max: _WINDOW}
        )
        while not frame.eof:
            data = bytes(self._window.view(self.place, _STEP)) if frame.needs_input else b""
            if frame.needs_input and not data:
                raise EOFError
            if piece := frame.decompress(data, _ZSTD_OUT):
                yield piece
            self.place += len(data) - len(frame.unused_data)
