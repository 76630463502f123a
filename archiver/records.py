# SPDX-License-Identifier: EUPL-1.2
"""
Records of a WARC back into bytes: one at an offset, or all of a file.

    record   "WARC/1.1" CRLF fields CRLF block CRLF CRLF     plain, or one gzip member each
    segments a block too long for one file goes on in `continuation` records of others (`open_whole`)
    at once  a small record whose length is known is read and inflated in one go, any other as it is needed

Not warcio: its reader holds a header line of any length, and passes over damage without a word. Everything
here is bounded, whatever a file says of itself, and what cannot be read is a DamagedError with its place.
Knows nothing of how records are written, nor of HTTP in their blocks.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from isal import igzip_lib, isal_zlib

from index.errors import DamagedError
from index.model import Segment

from .exchange import Headers, header, header_fields
from .streams import Limited, Pieces

MAX_HEAD = 1 << 20
"""Bytes of named fields or of an HTTP head that are read; the crawler keeps a quarter of that at most."""
_CHUNK = 65536
_GZIP_MAGIC = b"\x1f\x8b"
_AT_ONCE = 256 << 10
"""Bytes of a gzip member that is read at once."""
_MOST_AT_ONCE = 2 << 20
"""Bytes that may come out of it; where more would, it is read as it is needed."""
_BROKEN = cast("type[Exception]", igzip_lib.IsalError)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class BrokenError(DamagedError):
    """A WARC cannot be read from a record on. `offset` is where that record begins, or should."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its named fields, and its block as a stream that ends where the block ends."""

    fields: Headers
    block: BinaryIO

    def field(self, name: str) -> str | None:
        """Return the first value of a named field, whatever the case of its name."""
        return header(self.fields, name)

    @property
    def kind(self) -> str:
        """The WARC-Type."""
        return self.field("WARC-Type") or ""


@contextlib.contextmanager
def open_record(path: Path, offset: int, length: int = 0) -> Iterator[Record]:
    """
    Open the record that begins at an offset of a WARC, gzip per record or plain.

    `length` is how many bytes it takes in the file, where that is known: a small one is then read at once.
    Raises DamagedError where the file or a record at that offset is not there. Memory stays bounded
    whatever the record's size.
    """
    try:
        record = at_once(path, offset, length)
        if record is not None:
            yield record
            return
        with path.open("rb") as file:
            file.seek(offset)
            yield _read_record(file, f"{path} at offset {offset}")
    except OSError as error:
        raise DamagedError(
            f"{path} cannot be read ({error.strerror or error}). Run `daykeep verify`."
        ) from error


@contextlib.contextmanager
def open_whole(
    find: Callable[[str], Path],
    path: Path,
    offset: int,
    segments: tuple[Segment, ...] = (),
    length: int = 0,
) -> Iterator[Record]:
    """
    Open a record with all of its segments, its block as if it stood in one; `find` tells where a WARC stands.

    The fields are those of the first, with the length of all and the mark of truncation that the last has
    (ISO 28500:2017 section 7). Raises DamagedError, also while the block is read: where a segment is not
    there, is another, or has another length than all should have.
    """
    with open_record(path, offset, length) as first:
        if not segments:
            yield first
            return
        places = [(find(segment.filename), segment.offset) for segment in segments]
        with open_record(*places[-1]) as last:
            fields, total = _logical(first, last, f"{places[-1][0]} at offset {places[-1][1]}")
        with contextlib.closing(_joined(first, places, total)) as chunks:
            yield Record(fields, io.BufferedReader(Pieces(chunks), _CHUNK))


def _logical(first: Record, last: Record, where: str) -> tuple[Headers, int]:
    """Return fields and length of a record whose first and last segments are given. Raises DamagedError."""
    length = last.field("WARC-Segment-Total-Length") or ""
    if not _LENGTH.fullmatch(length):
        raise DamagedError(f"{where} there is not the last segment of a record. Run `daykeep verify`.")
    adopted = {"content-length", "warc-truncated"}
    kept = [(name, value) for name, value in first.fields if name.lower() not in adopted]
    cut = last.field("WARC-Truncated")
    truncated = [("WARC-Truncated", cut)] if cut else []
    return (*kept, ("Content-Length", length), *truncated), int(length)


def _joined(first: Record, places: list[tuple[Path, int]], total: int) -> Generator[bytes, None, None]:
    """Yield the blocks of all segments, each opened when its turn comes."""
    left = total
    for chunk in chunks_of(first.block):
        left -= len(chunk)
        yield chunk
    for number, (path, offset) in enumerate(places, 2):
        with open_record(path, offset) as segment:
            origin, said = segment.field("WARC-Segment-Origin-ID"), segment.field("WARC-Segment-Number")
            own = first.field("WARC-Record-ID"), str(number)
            if segment.kind != "continuation" or (origin, said) != own:
                what = f"does not hold segment {number} of record {own[0]}"
                raise DamagedError(f"{path} at offset {offset} {what}. Run `daykeep verify`.")
            for chunk in chunks_of(segment.block):
                left -= len(chunk)
                yield chunk
    if left:
        what = f"The segments of record {first.field('WARC-Record-ID')} are {abs(left)} bytes too"
        raise DamagedError(f"{what} {'short' if left > 0 else 'long'}. Run `daykeep verify`.")


def iterate(path: Path, offset: int = 0) -> Generator[tuple[int, Record], None, None]:
    """
    Yield offset and record of every record of a file from an offset on, in order.

    What the caller leaves of a block is passed over. Raises BrokenError where the file cannot be read any
    further: a record that is cut, a length that lies, or bytes between records.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while offset < size:
                file.seek(offset)
                source, record = _read_source(file, f"{path} at offset {offset}")
                yield offset, record
                offset = _end(file, source, record, offset)
    except DamagedError as error:
        raise BrokenError(str(error), offset) from error
    except OSError as error:
        raise BrokenError(f"{path} cannot be read ({error.strerror or error}).", offset) from error


def _end(file: BinaryIO, source: io.BufferedReader, record: Record, start: int) -> int:
    """Pass over what is left of a record, and return where the next one begins."""
    for _ in chunks_of(record.block):
        pass
    inflated = source.raw if isinstance(source.raw, _Inflated) else None
    if source.read(4) != b"\r\n\r\n" or (inflated and source.read(1)):
        raise DamagedError(f"{file.name} at offset {start}: the record does not end where it says.")
    return inflated.end(start) if inflated else file.tell()


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a record lies, to be copied byte for byte, and who it is."""

    offset: int
    length: int
    record_id: str | None
    concurrent_to: str | None


def extent(path: Path, offset: int) -> Extent | None:
    """
    Return the extent of the record at an offset, its tail included; None at the end of the file.

    Reads the record to its end. Raises DamagedError.
    """
    with contextlib.closing(iterate(path, offset)) as records:
        first = next(records, None)
        if first is None:
            return None
        ids = first[1].field("WARC-Record-ID"), first[1].field("WARC-Concurrent-To")
        following = next(records, None)
        end = path.stat().st_size if following is None else following[0]
    return Extent(offset, end - offset, *ids)


def _read_record(file: BinaryIO, where: str) -> Record:
    return _read_source(file, where)[1]


def _read_source(file: BinaryIO, where: str) -> tuple[io.BufferedReader, Record]:
    magic = file.read(2)
    file.seek(-len(magic), io.SEEK_CUR)
    gzip = magic == _GZIP_MAGIC
    source: Any = io.BufferedReader(_Inflated(file, where), _CHUNK) if gzip else file
    fields, length = _named_fields(source, where)
    block = io.BufferedReader(Limited(source, length, where), _CHUNK)
    return cast("io.BufferedReader", source), Record(fields, block)


def _named_fields(source: BinaryIO, where: str) -> tuple[Headers, int]:
    """Read the head of a record, and return its fields and the length of its block. Raises DamagedError."""
    if not source.readline(64).startswith(b"WARC/"):
        raise DamagedError(f"{where} there is no WARC record. Run `daykeep verify` to see how far it goes.")
    fields = header_fields(read_head(source, where))
    length = header(fields, "Content-Length") or ""
    if not _LENGTH.fullmatch(length):
        raise DamagedError(f"{where} the record has no Content-Length. Run `daykeep verify`.")
    return fields, int(length)


def at_once(path: Path, offset: int, length: int, *, waiting: bool = True) -> Record | None:
    """
    Return a record that is one whole gzip member of so many bytes; None for anything else.

    What is damaged is anything else too: who reads it piece by piece says what is wrong with it. Raises
    OSError; without `waiting` also where the page cache does not hold it.
    """
    if not 0 < length <= _AT_ONCE:
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        stored = os.pread(descriptor, length, offset) if waiting else _cached(descriptor, length, offset)
    finally:
        os.close(descriptor)
    if not stored.startswith(_GZIP_MAGIC):
        return None
    inflate = isal_zlib.decompressobj(zlib.MAX_WBITS + 16)
    try:
        source = Block(inflate.decompress(stored, _MOST_AT_ONCE))
        if not inflate.eof:
            return None
        fields, size = _named_fields(source, "")
    except (_BROKEN, DamagedError):
        return None
    block = source.read(size)
    return Record(fields, Block(block)) if len(block) == size else None


def _cached(descriptor: int, length: int, offset: int) -> bytes:
    """Return what the page cache holds of so many bytes. Raises OSError where it holds none."""
    held = bytearray(length)
    return bytes(memoryview(held)[: os.preadv(descriptor, [held], offset, os.RWF_NOWAIT)])


def read_head(source: BinaryIO, where: str) -> bytes:
    """Return the lines up to a blank one, which is read as well, or up to the end."""
    lines = bytearray()
    while (line := source.readline(MAX_HEAD)) not in (b"\r\n", b"\n", b""):
        lines += line
        if len(lines) >= MAX_HEAD:
            raise DamagedError(f"{where}: the header fields do not end. Run `daykeep verify`.")
    return bytes(lines)


def chunks_of(block: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a block, in pieces of bounded size."""
    while chunk := block.read(_CHUNK):
        yield chunk


class Block(io.BytesIO):
    """Bytes in memory that can be looked at before they are read, as those of a file can."""

    def peek(self, _size: int = 0) -> memoryview:
        """Return what is not read yet, and leave it there."""
        return self.getbuffer()[self.tell() :]


class _Inflated(io.RawIOBase):
    """The bytes of the gzip member that begins where a file stands; DamagedError where it is broken."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self._where = where
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        self._fed = 0

    def readable(self) -> bool:
        return True

    def end(self, start: int) -> int:
        """Return where the member ends in its file, given where it starts; it was read to its end."""
        return start + self._fed - len(self._inflate.unused_data)

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            data = self._inflate.unconsumed_tail or self._more()
            try:
                out = self._inflate.decompress(data, len(buffer))
            except zlib.error as error:
                raise DamagedError(f"{self._where} is damaged: {error}. Run `daykeep verify`.") from error
            if out:
                buffer[: len(out)] = out
                return len(out)
        return 0

    def _more(self) -> bytes:
        data = self._file.read(8192)
        if not data:
            raise DamagedError(f"{self._where}: the gzip member is cut off. Run `daykeep verify`.")
        self._fed += len(data)
        return data
