# SPDX-License-Identifier: EUPL-1.2
r"""
Take transfer and content codings off a body, piece by piece. Knows nothing of HTTP exchanges or WARC.

    chunked body (RFC 9112 section 7.1)        "5;x=y\r\n" "hello" "\r\n"  "0\r\n" trailers "\r\n"
    Content-Encoding (RFC 9110 section 8.4)    codings in the order they were applied, undone from the last
      gzip, x-gzip     RFC 1952       deflate    RFC 1950, or RFC 1951 where a server means that
      br               RFC 7932       zstd       RFC 8878, window as RFC 9659 allows it on the web

What arrived is never thrown away: damage ends the stream, and the reader is told. Nothing here holds more
than one piece, so that a bomb costs the one who reads only as much as he asks for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import brotli
from backports import zstd

PIECE = 65536
"""Most bytes yielded at once."""
MAX_CODINGS = 4
"""Codings undone on one body. Real servers apply one, seldom two."""
_SLICE = 256
"""Bytes given at once to a decoder that loses what it made of its input where that turns out to be broken."""
_MAX_WINDOW = 23
"""Base-2 logarithm of the largest zstd window: 8 MiB, all that RFC 9659 section 3 lets a server use."""
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
_MAX_LINE = 16 * 1024
_MAX_TRAILERS = 256


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its content codings. `reason` says in a few words why it is not whole."""

    data: bytes
    whole: bool
    reason: str = ""


@dataclass(slots=True)
class Dechunked:
    """
    The data of a chunked body. Iterate once; `whole` and `reason` are right when the iteration has ended.

    Line feeds alone are taken as line ends, as browsers do; anything else out of order ends the body.
    """

    stream: BinaryIO
    whole: bool = False
    reason: str = ""

    def __iter__(self) -> Iterator[bytes]:
        """Yield data without framing, up to the last chunk or the first damage."""
        while not self.reason:
            size = self._size()
            if size == 0:
                self._trailers()
                return
            if size:
                yield from self._data(size)

    def _size(self) -> int | None:
        line = self.stream.readline(_MAX_LINE)
        match = _SIZE.fullmatch(line)
        if match is None:
            self.reason = "a chunk has no valid size" if line else "the last chunk is missing"
            return None
        return int(match[1], 16)

    def _data(self, left: int) -> Iterator[bytes]:
        while left:
            piece = self.stream.read(min(left, PIECE))
            if not piece:
                self.reason = "a chunk is shorter than its size"
                return
            left -= len(piece)
            yield piece
        if self.stream.readline(2).strip(b"\r\n"):
            self.reason = "a chunk is longer than its size"

    def _trailers(self) -> None:
        for _ in range(_MAX_TRAILERS):
            line = self.stream.readline(_MAX_LINE)
            if line in (b"\r\n", b"\n"):
                self.whole = True
                return
            if not line:
                break
        self.reason = "the end of the trailers is missing"


def dechunk(stream: BinaryIO) -> Dechunked:
    """Return the data of a chunked body that starts where `stream` stands, to be iterated once."""
    return Dechunked(stream)


def decode(chunks: Iterable[bytes], content_encoding: str | None, limit: int) -> Decoded:
    """
    Return at most `limit` bytes of a body without its content codings (a Content-Encoding value, or None).

    Broken data gives what could be decoded. A coding we do not know leaves the body as it is from there on,
    and so does a body that never was in the coding it names. Both are said in the result; nothing is raised.
    """
    problems: list[str] = []
    data = bytearray()
    for piece in _decoded(chunks, content_encoding, problems):
        room = limit - len(data)
        data += piece[:room]
        if len(piece) > room:
            problems.append(f"it is longer than {limit} bytes")
            break
    return Decoded(bytes(data), not problems, "; ".join(problems))


def decoded_stream(chunks: Iterable[bytes], content_encoding: str | None) -> Iterator[bytes]:
    """Yield a body without its content codings, however long; it ends early where the data is broken."""
    return _decoded(chunks, content_encoding, [])


def codings(content_encoding: str | None) -> tuple[str, ...]:
    """Return the codings of a Content-Encoding value in the order they were applied, `identity` left out."""
    names = (name.strip().lower() for name in (content_encoding or "").split(","))
    return tuple(name for name in names if name not in {"", "identity"})


def _decoded(chunks: Iterable[bytes], content_encoding: str | None, problems: list[str]) -> Iterator[bytes]:
    names = codings(content_encoding)
    stream = iter(chunks)
    if len(names) > MAX_CODINGS:
        problems.append(f"more than {MAX_CODINGS} content codings")
        return stream
    for name in reversed(names):
        coding = _CODINGS.get(name)
        if coding is None:
            problems.append(f"content coding '{name[:40]}' is not known here")
            return stream
        stream = coding(stream, problems)
    return stream


@dataclass(slots=True)
class _Inflater:
    """zlib over pieces: never more than PIECE bytes out at once (zlib's `max_length`), whatever comes in."""

    problems: list[str]
    start: Callable[[bytes], int | None]
    """From the first two bytes, zlib's `wbits`; None where they do not begin this coding."""
    another: Callable[[bytes], bool]
    """Whether what follows the end of a member begins another one."""
    held: bytes = b""
    members: int = 0
    done: bool = False
    foreign: bool = False
    """Whether the body never was in this coding; it is then passed on as it is."""
    inflate: zlib._Decompress | None = field(default=None)

    def run(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.foreign:
                yield chunk
            elif not self.done:
                yield from self._feed(chunk)
        yield from self._finish()

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        data = self.held + chunk
        self.held = b""
        while data and not self.done:
            if self.inflate is None and not self._begin(data):
                if self.foreign:
                    yield data
                return
            piece, data = self._step(data)
            if piece:
                yield piece

    def _begin(self, data: bytes) -> bool:
        """Make ready for a member; False where more bytes are needed first, or where none begins here."""
        if len(data) < 2:
            self.held = data
            return False
        wbits = self.start(data[:2])
        if wbits is None or (self.members and not self.another(data)):
            self.done = True
            if not self.members:
                self.foreign = True
                self.problems.append("the body does not begin as its content coding does")
            return False
        self.inflate = zlib.decompressobj(wbits)
        return True

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        assert self.inflate is not None
        try:
            piece = self.inflate.decompress(data, PIECE)
        except zlib.error:
            self.problems.append("the compressed data is broken")
            self.done = True
            return b"", b""
        if not self.inflate.eof:
            return piece, self.inflate.unconsumed_tail
        rest = self.inflate.unused_data
        self.inflate = None
        self.members += 1
        return piece, rest

    def _finish(self) -> Iterator[bytes]:
        """Say what is missing when the input has ended; bytes too few to tell go out as they are."""
        if self.inflate and not self.done:
            yield from self._drain(self.inflate)
        elif self.held and not self.members:
            self.problems.append("the body does not begin as its content coding does")
            yield self.held

    def _drain(self, inflate: zlib._Decompress) -> Iterator[bytes]:
        """Yield what zlib still holds: output that did not fit when the last input had been taken in."""
        try:
            while piece := inflate.decompress(b"", PIECE):
                yield piece
        except zlib.error:
            self.problems.append("the compressed data is broken")
            return
        if not inflate.eof:
            self.problems.append("the compressed data ends early")


def _gzip_start(first: bytes) -> int | None:
    return 31 if first == b"\x1f\x8b" else None


def _deflate_start(first: bytes) -> int:
    """Tell zlib (RFC 1950 section 2.2) from raw deflate, which some servers send under the same name."""
    zlib_header = first[0] & 0x0F == 8 and int.from_bytes(first, "big") % 31 == 0
    return 15 if zlib_header else -15


def _gzip(chunks: Iterable[bytes], problems: list[str]) -> Iterator[bytes]:
    return _Inflater(problems, _gzip_start, lambda rest: rest[:2] == b"\x1f\x8b").run(chunks)


def _deflate(chunks: Iterable[bytes], problems: list[str]) -> Iterator[bytes]:
    return _Inflater(problems, _deflate_start, lambda _: False).run(chunks)


class _Decoder(Protocol):
    """
    A decoder of one body. It takes in all it is given, and gives little at once: the rest of what that made
    comes with the next calls, which must be given nothing until it is `hungry`.
    """

    error: type[Exception]
    mark: bytes | None
    """What a body in this coding begins with, if there is such a thing."""

    def step(self, data: bytes) -> bytes:
        """Take in `data` and return some output."""

    @property
    def hungry(self) -> bool:
        """Whether it has given all it can without more input."""

    @property
    def ended(self) -> bool:
        """Whether the body may end here."""


class _Brotli:
    """Has no mark at its beginning, and takes bytes after its end for damage. A window is 16 MiB at most."""

    error: type[Exception] = brotli.error
    mark: bytes | None = None

    def __init__(self) -> None:
        self._body = brotli.Decompressor()

    def step(self, data: bytes) -> bytes:
        # 1.2.1 goes over this limit by half of it, and says that it can take more while it still holds
        # output: who calls cuts what comes, and asks until nothing comes
        piece: bytes = self._body.process(data, output_buffer_limit=PIECE)
        return piece

    @property
    def hungry(self) -> bool:
        return bool(self._body.is_finished() or self._body.can_accept_more_data())

    @property
    def ended(self) -> bool:
        return bool(self._body.is_finished())


class _Zstd:
    """One frame after the other (RFC 8878 section 3.1), those to be skipped included."""

    error: type[Exception] = zstd.ZstdError
    mark: bytes | None = b"\x28\xb5\x2f\xfd"

    def __init__(self) -> None:
        self._frame = self._next_frame()

    def step(self, data: bytes) -> bytes:
        if self._frame.eof:
            data = self._frame.unused_data + data
            if not data:
                return b""
            self._frame = self._next_frame()
        return self._frame.decompress(data, PIECE)

    @property
    def hungry(self) -> bool:
        return self.ended if self._frame.eof else self._frame.needs_input

    @property
    def ended(self) -> bool:
        return self._frame.eof and not self._frame.unused_data

    def _next_frame(self) -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW})


@dataclass(slots=True)
class _Undoing:
    """A decoder at work on a body; a body that breaks before it gave a byte is passed on as it is."""

    decoder: _Decoder
    problems: list[str]
    taken: bytes | None = b""
    """Input that has brought no output yet; None once some came, or there was too much of it."""

    def run(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        parts = _slices(chunks)
        try:
            for part in parts:
                yield from self._feed(part)
        except self.decoder.error:
            yield from self._broken("the compressed data is broken", parts)
            return
        if self.taken != b"" and not self.decoder.ended:
            yield from self._broken("the compressed data ends early", ())

    def _feed(self, part: bytes) -> Iterator[bytes]:
        if self.taken is not None:
            self.taken = self.taken + part if len(self.taken) < PIECE else None
        while True:
            data = self.decoder.step(part)
            if data or self.decoder.ended:
                self.taken = None
            for at in range(0, len(data), PIECE):
                yield data[at : at + PIECE]
            if not data and self.decoder.hungry:
                return
            part = b""

    def _broken(self, why: str, rest: Iterable[bytes]) -> Iterator[bytes]:
        mark = self.decoder.mark
        if self.taken is None or (mark and self.taken.startswith(mark)):
            self.problems.append(why)
            return
        self.problems.append("the body is not in its content coding, or broken from its first bytes on")
        yield self.taken
        yield from rest


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _SLICE):
            yield chunk[at : at + _SLICE]


def _br(chunks: Iterable[bytes], problems: list[str]) -> Iterator[bytes]:
    return _Undoing(_Brotli(), problems).run(chunks)


def _zstd(chunks: Iterable[bytes], problems: list[str]) -> Iterator[bytes]:
    return _Undoing(_Zstd(), problems).run(chunks)


_CODINGS: dict[str, Callable[[Iterable[bytes], list[str]], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
}
KNOWN_CODINGS = frozenset(_CODINGS)
"""Content codings that are undone here."""
