# SPDX-License-Identifier: EUPL-1.2
"""
Records of any type into WARC files of bounded size, one file after the other. The only importer of warcio.

    <prefix>-00000.warc.gz   warcinfo, record, record, …          a new file before the limit is reached
    <prefix>-00001.warc.gz   warcinfo, first segment              a record that no file has room for
    <prefix>-00002.warc.gz   warcinfo, continuation
    <prefix>-00003.warc.gz   warcinfo, last continuation, record, …

Segmentation as ISO 28500:2017 section 7 has it: only where a new file does not help, the first segment as
long as it can be and alone behind its warcinfo. The payload digest, which is optional, is left out of it: all
checkers of the field would compute it over that segment alone. Knows nothing of HTTP, of what the records
mean, or of who reads them.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from index.errors import DamagedError
from index.model import Segment
from index.timestamp import to_warc_date

from .durable import keep_aside, storage, sync_dir
from .named_fields import Fields, continued, encode, first_of, sha256, within

MAX_FILE = 10**9
"""Bytes that no file reaches: the Dutch guideline's limit and ISO 28500 Annex C's advice."""

# Of isal. Measured on records of cppreference's pages, microseconds and bytes each, on one core:
#
#               page sent as gzip, 8,389 B   page sent plain, 38,577 B   fields alone, 845 B
#   zlib 6          130 us   8,256 B              528 us   6,991 B            19 us   535 B
#   zlib 1          140 us   8,270 B              193 us   8,083 B            15 us   545 B
#   zlib-ng 2       119 us   8,268 B              138 us   7,835 B            16 us   542 B
#   isal 2           40 us   8,272 B               56 us   7,872 B            10 us   544 B
#
# Nearly all servers compress their text, and then isal costs 0.2 % more disk at a third of the time. What it
# writes is read back by zlib, another implementation, before a day is sealed.
_LEVEL = 2
_GZIP = isal_zlib.MAX_WBITS + 16
_AT_ONCE = 1 << 20
"""Bytes of a record that are held and deflated in one go; a longer one passes in pieces."""
_HELD_BACK = 1 << 20
"""
More than what isal has taken in and not yet given out: up to 110 KB were seen, and 99 KB came at the end.
"""
_SEGMENT_FIELDS = 320
"""More than the fields take that the segments of a record have and the record itself has not."""
_TAIL = b"\r\n\r\n"


class _NamedFields(StatusAndHeaders):  # type: ignore[misc]
    """The head of a record, in bytes already."""

    def __init__(self, data: bytes) -> None:
        super().__init__("", [], protocol="WARC/1.1")
        self._data = data

    def to_bytes(self, *_: object, **__: object) -> bytes:
        return self._data


class _RecordWriter(WARCWriter):  # type: ignore[misc]
    """
    warcio's writer with our own digests and compression, for heads and blocks that are bytes already.

    warcio's own way makes the block anew from parsed header fields (non-ASCII ones percent-encoded), digests
    are SHA-1, a revisit's block is left out unless it was parsed, and the level is 9.
    """

    def _write_warc_record(self, out: BinaryIO, record: ArcWarcRecord) -> None:
        deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP) if self.gzip else None
        pending, left = record.rec_headers.to_bytes(), record.length
        while left and (chunk := record.raw_stream.read(min(left, _AT_ONCE))):
            left -= len(chunk)
            pending += chunk
            if len(pending) >= _AT_ONCE:
                out.write(deflate.compress(pending) if deflate else pending)
                pending = b""
        if left:
            raise DamagedError(f"A record's block ended {left} bytes before the length it was given.")
        pending += _TAIL
        out.write(deflate.compress(pending) + deflate.flush() if deflate else pending)


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a file has been synced; what comes after it may be torn."""

    filename: str
    offset: int


@dataclass(frozen=True, slots=True)
class Written:
    """Where a record went: its file, or that of its first segment and where the others are."""

    filename: str
    offset: int
    length: int
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """So many bytes of a block, and their digest."""

    length: int
    digest: str


class RecordFiles:
    """The WARCs of one snapshot while they are written, one file after the other. One thread at a time."""

    def __init__(
        self,
        folder: Path,
        prefix: str,
        *,
        compression: str,
        warcinfo: Mapping[str, str],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        max_file: int = MAX_FILE,
    ) -> None:
        self._folder = folder
        self._prefix = prefix
        self._writer = _RecordWriter(None, gzip=compression == "gzip", warc_version="1.1")
        self._warcinfo = dict(warcinfo)
        self._now = now
        self._new_id = new_id
        self._max_file = max_file
        self._serial = 0
        self._out: BinaryIO | None = None
        self._begun = 0
        self._lost = False
        self._name = ""
        self._warcinfo_id = ""

    def resume(self, position: Position | None, torn: Path | None = None) -> None:
        """
        Cut everything that was written after `position`, and go on in a new file.

        What had not been synced when the crawl stopped may be torn; its URLs are asked for again, and its
        bytes are kept in the folder `torn`. Of a record in segments nothing is left, or all: a position
        never lies between them. Raises DamagedError where a file is gone or shorter than what was synced:
        nothing can be carried on from that.
        """
        with storage(f"repair the WARCs in {self._folder}"):
            self._folder.mkdir(exist_ok=True)  # a power cut may have left the snapshot's folder empty
            if position is not None:
                _cut(self._folder / position.filename, position.offset, torn)
            for path in sorted(self._folder.iterdir()):
                if position is None or path.name > position.filename:
                    keep_aside(path, 0, torn)
                    path.unlink()
            self._serial = len(list(self._folder.iterdir()))
            sync_dir(self._folder)

    def new_id(self) -> str:
        """Return a WARC-Record-ID for a record to come, in its angle brackets. Raises StorageError."""
        if self._out is None:
            self._begin()
        return self._new_id()

    def record(
        self,
        kind: str,
        fields: Fields,
        block: BinaryIO,
        length: int,
        *,
        head: bytes | None = None,
        beside: int = 0,
    ) -> Written:
        """
        Write a record of any type, in segments where no file has room for it, and return where it stands.

        `fields` as they shall stand, without WARC-Type and Content-Length, which are added, and so is
        WARC-Warcinfo-ID unless it is there. `block` is read from its beginning, of a record in segments
        twice. With `head` these bytes (blank line included) stand before the block instead, as another
        writer wrote them; a record that must be segmented is headed by `fields` all the same. `beside`:
        bytes of what must follow in the same file. Raises StorageError, and DamagedError where the block is
        shorter than `length`.
        """
        out = self._out or self._begin()
        size = self._bound(len(head or encode(kind, fields, length)), length)
        if out.tell() + size + beside >= self._max_file and out.tell() > self._begun:
            out = self._next()
        if out.tell() + size < self._max_file:
            return self._whole(
                kind, head or encode(kind, within(fields, self._warcinfo_id), length), block, length
            )
        return self._in_parts(kind, fields, block, length)

    def sync(self) -> Position | None:
        """
        Sync what was written and return where it ends, None before any record. Raises StorageError.

        A sync that failed is final: the kernel may have dropped what it could not write, so a later one
        that succeeds would prove nothing, and is refused.
        """
        if self._out is None:
            return None
        with storage(f"store {self._folder / self._name}"):
            if self._lost:
                raise OSError(errno.EIO, "an earlier sync of it failed")
            self._lost = True
            self._out.flush()
            os.fsync(self._out.fileno())
            self._lost = False
        return Position(self._name, self._out.tell())

    def close(self) -> None:
        """Sync and close the current file. Raises StorageError, also where an earlier sync of it failed."""
        if self._out is not None:
            out = self._out
            try:
                self.sync()
            finally:
                self._out = None
                # closing writes what is still buffered: on a full disk it fails as the sync did
                with storage(f"store {self._folder / self._name}"):
                    out.close()

    def _bound(self, head: int, length: int) -> int:
        """Return how many bytes a record takes at most."""
        size = head + 32 + len(self._warcinfo_id) + length + len(_TAIL)
        return size + _growth(size) if self._writer.gzip else size

    def _next(self) -> BinaryIO:
        self.close()
        return self._begin()

    def _begin(self) -> BinaryIO:
        suffix = ".warc.gz" if self._writer.gzip else ".warc"
        self._name = f"{self._prefix}-{self._serial:05d}{suffix}"
        self._serial += 1
        with storage(f"begin {self._folder / self._name}"):
            self._out = (self._folder / self._name).open("xb")
            sync_dir(self._folder)
        self._warcinfo_id = self._new_id()
        data = "".join(f"{name}: {value}\r\n" for name, value in self._warcinfo.items()).encode()
        fields = [
            ("WARC-Record-ID", self._warcinfo_id),
            ("WARC-Date", to_warc_date(self._now())),
            ("WARC-Filename", self._name),
            ("Content-Type", "application/warc-fields"),
            ("WARC-Block-Digest", sha256(data)),
        ]
        self._write("warcinfo", encode("warcinfo", fields, len(data)), io.BytesIO(data), len(data))
        self._begun = self._out.tell()
        return self._out

    def _whole(self, kind: str, head: bytes, block: BinaryIO, length: int) -> Written:
        block.seek(0)
        return self._write(kind, head, block, length)

    def _in_parts(self, kind: str, fields: Fields, block: BinaryIO, length: int) -> Written:
        """Write a record of which it is not sure that a file has room for it, in as few files as need be."""
        room = self._max_file - 1 - self._begun - len(encode(kind, fields, length)) - _SEGMENT_FIELDS
        parts = list(_parts(block, length, max(1, room), gzip=self._writer.gzip))
        if len(parts) == 1:
            return self._whole(kind, encode(kind, within(fields, self._warcinfo_id), length), block, length)
        block.seek(0)
        origin, *others = parts
        own = within(first_of(fields, origin.digest), self._warcinfo_id)
        first = self._write(kind, encode(kind, own, origin.length), block, origin.length)
        segments = []
        for number, part in enumerate(others, 2):
            self._next()
            own = continued(
                fields, self._new_id(), number, part.digest, length if part is parts[-1] else None
            )
            head = encode("continuation", within(own, self._warcinfo_id), part.length)
            there = self._write("continuation", head, block, part.length)
            segments.append(Segment(there.filename, there.offset, there.length))
        return Written(first.filename, first.offset, first.length, tuple(segments))

    def _write(self, kind: str, head: bytes, block: BinaryIO, length: int) -> Written:
        assert self._out is not None, "a file is begun before anything is written"
        offset = self._out.tell()
        record = ArcWarcRecord("warc", kind, _NamedFields(head), block, None, None, length)
        with storage(f"write to {self._folder / self._name}"):
            self._writer.out = self._out
            self._writer.write_record(record)
        return Written(self._name, offset, self._out.tell() - offset)


def _growth(size: int) -> int:
    """Return by how many bytes at most something grows that cannot be compressed; 0.04 % and 23 were seen."""
    return size // 1000 + 512


def _parts(block: BinaryIO, length: int, room: int, *, gzip: bool) -> Iterator[_Part]:
    """
    Yield the parts of a block, each as long as a file's room allows, and their digests.

    How far compression reaches is only known when it is done, so a part is measured by compressing it once
    for nothing; only bodies longer than a file pay for that. Raises DamagedError where the block is shorter.
    """
    block.seek(0)
    waiting = b""
    while length:
        digest, meter, size = hashlib.sha256(), _Meter(room, gzip=gzip), 0
        while size < length:
            waiting = waiting or block.read(min(_AT_ONCE, length - size))
            if not waiting:
                raise DamagedError(
                    f"A record's block ended {length - size} bytes before the length it was given."
                )
            taken = meter.take(waiting)
            digest.update(waiting[:taken])
            size, waiting, full = size + taken, waiting[taken:], taken < len(waiting)
            if full:
                break
        length -= size
        yield _Part(size, f"sha256:{digest.hexdigest()}")


class _Meter:
    """How many bytes of a block a file has room for."""

    def __init__(self, room: int, *, gzip: bool) -> None:
        self._room = room - _growth(room) if gzip else room
        """Bytes that fit even where they cannot be compressed."""
        self._fed = self._out = 0
        self._limit = room - _HELD_BACK
        """Bytes that may have come out of the compression when more is put in."""
        self._deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP) if gzip else None

    def take(self, data: bytes) -> int:
        """Return how many of the next bytes still fit."""
        if self._deflate is not None:
            before, self._out = self._out, self._out + len(self._deflate.compress(data))
            # what goes in, comes out, but for what is held back: up to there all is known to fit
            if before + len(data) + _growth(len(data)) <= self._limit:
                self._fed += len(data)
                return len(data)
        taken = max(0 if self._fed else 1, min(len(data), self._room - self._fed))
        self._fed += taken
        return taken


def _cut(path: Path, size: int, torn: Path | None) -> None:
    """Take off what stands in a file after the last sync, a copy of it kept in the folder `torn`."""
    there = path.stat().st_size if path.exists() else 0
    if there < size:
        raise DamagedError(
            f"{path} has {there} bytes, and {size} were synced: the disk has lost some. Check the disk."
        )
    if there > size:
        keep_aside(path, size, torn)
        path.chmod(0o644)  # a crash while the snapshot was being sealed may have made it read-only
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())
