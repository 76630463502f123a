# SPDX-License-Identifier: EUPL-1.2
"""
A stored body on its way to a visitor: with or without its content coding, whole or one range of it.

    stored    gzip, client takes gzip      as stored, Content-Encoding: gzip
              gzip, client does not        decoded while it streams
              br (no decoder here)         as stored, whatever the client takes
    range     bytes=0-99 of a body that is stored without coding, whole or in part   206
              one that begins behind what is stored                                  416, nothing
              anything else                                                          200, all that is stored

Nothing holds more than a piece of a body, except what is rewritten. Knows nothing of pages or addresses.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple, cast

from isal import igzip, igzip_lib, isal_zlib
from werkzeug.datastructures import Range

from archiver.exchange import header
from archiver.payload import KNOWN_CODINGS, codings, decoded_stream
from archiver.responses import Response as Stored

SHORT = 256 << 10
"""Bytes of a body up to which it is sent in one piece: without its length, no other could follow it."""

MAX_REWRITTEN = 32 << 20
"""Bytes of a page or style sheet that are rewritten; a longer one is passed on as it is, with a note."""


_BROKEN = cast("type[Exception]", igzip_lib.IsalError)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", re.ASCII)


class Extent(NamedTuple):
    """Which bytes of a whole are stored: from the first on, up to the end, of so many."""

    first: int
    end: int
    total: int

    @property
    def length(self) -> int:
        """Bytes that are there."""
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Body:
    """What to send: the bytes, their Content-Encoding, and which part they are (RFC 9110 section 14.4)."""

    chunks: Iterable[bytes]
    encoding: str | None = None
    content_range: str | None = None
    length: int | None = None
    """Bytes that will be sent, where that is known before."""
    status: int | None = None
    """Status that takes the place of the stored one."""


class Made(NamedTuple):
    """An answer: its status, its header fields, and what is sent, in one piece if it is short."""

    status: int
    fields: list[tuple[str, str]]
    chunks: list[bytes] | Iterator[bytes]
    narrowed: bool = False
    """Whether a policy that stands in the page narrows that of the header."""

    def having(self, fields: Iterable[tuple[str, str]]) -> Made:
        """Return the same answer with these fields, in place of any of their names that it has."""
        more = list(fields)
        names = {name.lower() for name, _ in more}
        kept = [one for one in self.fields if one[0].lower() not in names]
        return self._replace(fields=[*kept, *more])


def coding_of(stored: Stored) -> str | None:
    """Return the Content-Encoding of a stored body as one canonical value; None where it has none."""
    return ", ".join(codings(header(stored.headers, "content-encoding"))) or None


def plain_body(stored: Stored, accepts: Callable[[str], bool]) -> Body:
    """Return a body as it is stored, or decoded where the client does not take its coding."""
    coding = coding_of(stored)
    if coding is None or not _can_decode(coding) or all(map(accepts, codings(coding))):
        return Body(stored.body, coding)
    return Body(decoded_stream(stored.body, coding))


def beginning(stored: Stored, limit: int) -> tuple[bytes, Iterator[bytes] | None]:
    """
    Return a body without its coding, up to `limit` bytes, and the rest where there is more.

    Raises ValueError for a coding that cannot be undone here.
    """
    coding = coding_of(stored)
    if coding and not _can_decode(coding):
        raise ValueError(f"content coding {coding!r} is not known here")
    held = gathered(stored.body)
    if isinstance(held, list):
        short = held[0] if coding is None else _inflated(held[0], limit) if coding == "gzip" else None
        if short is not None and len(short) <= limit:
            return short, None
    data = bytearray()
    stream = decoded_stream(held, coding)
    for piece in stream:
        data += piece
        if len(data) > limit:
            return bytes(data), stream
    return bytes(data), None


def _inflated(body: bytes, limit: int) -> bytes | None:
    """Return what one whole gzip member holds, up to more than a limit; None for anything else or damage."""
    inflate = isal_zlib.decompressobj(zlib.MAX_WBITS + 16)
    try:
        data: bytes = inflate.decompress(body, limit + 1)
    except _BROKEN:
        return None
    return data if inflate.eof and not inflate.unused_data else None


def packed(body: bytes) -> bytes:
    """Return a body with gzip, the same bytes each time, at the level that costs least per byte saved."""
    return igzip.compress(body, 2, mtime=0)


def whole(start: bytes, rest: Iterator[bytes] | None) -> Iterable[bytes]:
    """Return a body again that `beginning` took apart."""
    return chain([start], rest or ())


def part_of(body: Body, stored: Stored, wanted: Range | None) -> Body:
    """Return the one range that is wanted of a body that can be cut; otherwise the body as it is."""
    there = extent_of(stored)
    if there is None:
        return body
    body = replace(body, length=there.length)
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return body
    start, end = bounds(*wanted.ranges[0], there.total)
    end = min(end, there.end)
    if start >= end or start < there.first:
        return Body((), content_range=f"bytes */{there.total}", length=0, status=416)
    return replace(
        body,
        chunks=cut(body.chunks, start - there.first, end - start),
        content_range=f"bytes {start}-{end - 1}/{there.total}",
        length=end - start,
        status=206,
    )


def bounds(first: int | None, end: int | None, total: int) -> tuple[int, int]:
    """Return start and end of a range (RFC 9110 section 14.1.2); a negative `first` counts from the end."""
    if first is None or first < 0:
        return max(total + (first or 0), 0), total
    return first, min(total if end is None else end, total)


def gathered(chunks: Iterable[bytes]) -> list[bytes] | Iterator[bytes]:
    """Return a short body in one piece, so that its length can be told; a longer one as it comes."""
    stream, held, size = iter(chunks), [], 0
    for piece in stream:
        held.append(piece)
        size += len(piece)
        if size > SHORT:
            return chain(held, stream)
    return [b"".join(held)]


def streaming(chunks: Iterable[bytes], resources: ExitStack) -> Iterator[bytes]:
    """Yield chunks, and let go of what they are read from when they end or fail."""
    with resources:
        yield from chunks


def _can_decode(coding: str) -> bool:
    return all(name in KNOWN_CODINGS for name in codings(coding))


def length_of(stored: Stored) -> int | None:
    """Return how many bytes a body says it has that can be cut into ranges."""
    there = extent_of(stored)
    return there.length if there else None


def extent_of(stored: Stored) -> Extent | None:
    """Return what is there of a body that can be cut: of a 200 or 206, not broken off, unframed, uncoded."""
    length = header(stored.headers, "content-length") or ""
    framed = header(stored.headers, "transfer-encoding")
    certain = not framed and not stored.truncated and coding_of(stored) is None
    if not certain or not length.isascii() or not length.isdecimal():
        return None
    if stored.status == 206:
        return _part(header(stored.headers, "content-range") or "", int(length))
    return Extent(0, int(length), int(length)) if stored.status == 200 else None


def _part(written: str, length: int) -> Extent | None:
    """Return what a Content-Range says (RFC 9110 section 14.4), where it agrees with the length."""
    found = _CONTENT_RANGE.fullmatch(written)
    there = Extent(int(found[1]), int(found[2]) + 1, int(found[3])) if found else None
    return there if there and there.length == length and there.end <= there.total else None


def cut(chunks: Iterable[bytes], skip: int, left: int) -> Iterator[bytes]:
    """Yield so many bytes, after those that are skipped."""
    for chunk in chunks:
        piece = chunk[skip : skip + left]
        skip = max(skip - len(chunk), 0)
        left -= len(piece)
        if piece:
            yield piece
        if not left:
            return
