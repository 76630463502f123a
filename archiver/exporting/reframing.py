# SPDX-License-Identifier: EUPL-1.2
"""
A revisit and the record it refers to, made one full response. Knows nothing of files or of named fields.

    the day's head     the record it refers to     body that is written
    chunked            chunked                     its chunks, as they are framed there
    chunked            plain                       its payload, framed in chunks
    plain              chunked or plain            its payload
    304, or none       any                         head and body of the record it refers to, as they are

A block is held in memory up to a megabyte and on disk beyond it: its length and its digest stand before it in
a record.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from msgspec.structs import replace

from index.errors import DamagedError
from index.model import Capture, Original

from ..collection import Find
from ..dialect import LOOK, HttpHead, framed, is_http, payload
from ..exchange import header
from ..records import MAX_HEAD, Record, open_whole
from ..responses import read_http_head

_IN_MEMORY = 1 << 20
_CHUNK = 1 << 16
_ENDS_BLANK = re.compile(rb"(?:\A|\n)\r?\n\Z")
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes of a record to be written; the stream may be read again and again."""

    stream: BinaryIO
    length: int
    digest: str
    """SHA-256 as a field says it."""

    def begins(self, data: bytes) -> bool:
        """Tell whether it begins with these bytes."""
        self.stream.seek(0)
        return self.stream.read(len(data)) == data

    def chunks(self) -> Iterator[bytes]:
        """Yield all of it."""
        self.stream.seek(0)
        while chunk := self.stream.read(_CHUNK):
            yield chunk


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A full response in place of a revisit."""

    block: Block
    digest: str
    """Of its payload, computed from these bytes."""
    status: int
    mime: str
    truncated: str | None
    received: tuple[str, ...]
    """Head lines that the day itself received where another head stands in the block; else empty."""
    source: Original
    """The record its payload is from, its id and date filled in."""
    notes: tuple[str, ...]
    """What the reader of a report should know."""


@contextlib.contextmanager
def spooled(chunks: Iterable[bytes], folder: Path) -> Iterator[Block]:
    """Hold bytes, in memory or in a nameless file in that folder, until the context ends."""
    digest, length = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder)) as spool:
        for chunk in chunks:
            digest.update(chunk)
            length += spool.write(chunk)
        yield Block(cast("BinaryIO", spool), length, f"sha256:{digest.hexdigest()}")


@contextlib.contextmanager
def rebuild(find: Find, revisit: Block, capture: Capture, folder: Path) -> Iterator[Rebuilt]:
    """
    Make a full response of a revisit, given its block, and of what its line refers to.

    The digest of the result says whether the payload is the right one. Raises DamagedError where the record
    it refers to cannot be read.
    """
    original = capture.original
    assert original is not None, "a revisit that refers to nothing cannot be rebuilt"
    own = _own_head(revisit, capture)
    path = find(original.snapshot, original.filename)
    where = partial(find, original.snapshot)
    with (
        open_whole(where, path, original.offset, original.segments) as source,
        spooled(_response(own.data, source, original.url), folder) as block,
    ):
        head = _head_of(block, capture.url)
        digest, length = _digest(payload(block.stream, head))
        yield Rebuilt(
            block,
            digest,
            head.status,
            _media_type(head),
            source.field("WARC-Truncated"),
            own.received,
            _named(original, source),
            (*_odd_length(head, length), *own.notes),
        )


def is_plain(block: Block, url: str) -> bool:
    """
    Tell whether every reader finds the same payload in a response: what follows its first blank line.

    Not so of a chunked body, or of one behind interim heads (docs/adr/0006-digests-and-revisits.md).
    """
    block.stream.seek(0)
    try:
        head = read_http_head(block.stream, url)
    except DamagedError:
        return False
    end = block.stream.tell()
    block.stream.seek(0)
    blank = _BLANK_LINE.search(block.stream.read(end))
    return not head.chunked and blank is not None and blank.end() == end


@dataclass(frozen=True, slots=True)
class _OwnHead:
    """What the day itself answered."""

    data: bytes
    """The head to be written; empty where that of the record referred to must stand."""
    received: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _own_head(revisit: Block, capture: Capture) -> _OwnHead:
    revisit.stream.seek(0)
    data = revisit.stream.read(MAX_HEAD)
    stream = io.BytesIO(data)
    try:
        head = read_http_head(stream, capture.url)
    except DamagedError:
        return _OwnHead(
            b"", notes=("the revisit has no HTTP head; that of the record it refers to stands here",)
        )
    text = data[: stream.tell()]
    if head.status == _NOT_MODIFIED:
        return _OwnHead(b"", received=tuple(filter(None, re.split(r"\r?\n", text.decode("latin-1")))))
    return _OwnHead(text if _ENDS_BLANK.search(text) else text + b"\r\n")


def _response(own: bytes, source: Record, url: str) -> Iterator[bytes]:
    if not own:
        yield from _rest(source.block)
        return
    yield own
    chunked = read_http_head(io.BytesIO(own), url).chunked
    there = cast("io.BufferedReader", source.block)
    if not is_http(source.kind, source.field("Content-Type"), there.peek(1)):
        yield from _in_chunks(_rest(there)) if chunked else _rest(there)
        return
    theirs = read_http_head(there, url)
    cut = source.field("WARC-Truncated") is not None
    if chunked and theirs.chunked and framed(there.peek(LOOK), truncated=cut):
        yield from _rest(there)
        return
    pieces = payload(there, theirs, truncated=cut)
    yield from _in_chunks(pieces) if chunked else pieces


def _head_of(block: Block, url: str) -> HttpHead:
    """Return the head of a response, and leave its stream at the body; without a head all is payload."""
    block.stream.seek(0)
    try:
        return read_http_head(block.stream, url)
    except DamagedError:
        block.stream.seek(0)
        return HttpHead(200, "OK", ())


def _rest(block: BinaryIO) -> Iterator[bytes]:
    while chunk := block.read(_CHUNK):
        yield chunk


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Frame a body in chunks (RFC 9112 section 7.1)."""
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _digest(chunks: Iterator[bytes]) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        length += len(chunk)
    return f"sha256:{digest.hexdigest()}", length


def _named(original: Original, source: Record) -> Original:
    """Return where a payload is from, with id and date as the record itself says them."""
    record, date = source.field("WARC-Record-ID"), source.field("WARC-Date")
    return replace(original, record=(record or "")[1:-1] or original.record, date=date or original.date)


def _media_type(head: HttpHead) -> str:
    value = (header(head.headers, "content-type") or "").partition(";")[0].strip().lower()
    return value if "/" in value and " " not in value else "unk"


def _odd_length(head: HttpHead, length: int) -> tuple[str, ...]:
    """Say where the head that the day received counts other bytes than the payload has."""
    said = [value for name, value in head.headers if name.lower() == "content-length"]
    wrong = [value for value in said if value != str(length)]
    if head.chunked or not wrong:
        return ()
    return (f"Content-Length says {wrong[0][:40]}, as it was received, and the payload has {length} bytes",)
