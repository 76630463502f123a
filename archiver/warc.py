# SPDX-License-Identifier: EUPL-1.2
"""
Exchanges and artefacts into WARC/1.1 records. The only importer of warcio.

    warcinfo                     first in every file
    response | revisit, request  one pair per exchange, with one WARC-Date
    resource                     artefacts of ours: urn:text:<url>, urn:daykeep:ledger, …

Rules (ISO 28500:2017): the block keeps the bytes as sent; digests are SHA-256, lower-case hexadecimal; the
payload digest is over the body without transfer coding. On a response whose body is chunked, or begins
after interim (1xx) heads, the payload digest is left out of the WARC (it is optional there) and stands in
the CDXJ: every checker of the field computes it over the chunk framing (warcio issue 74), or over all that
follows the first blank line, and would call the right one wrong. Knows nothing of
what to fetch or of who reads: `records` gives records back.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from index.errors import DamagedError
from index.model import REVISIT, Capture, Original
from index.timestamp import to_timestamp, to_warc_date
from index.urlkey import urlkey

from .digests import is_sha256
from .durable import keep_aside, storage, sync_dir
from .exchange import Exchange, header, header_fields
from .identity import identity
from .named_fields import (
    Fields,
    Reference,
    about,
    encode,
    head_of,
    of_request,
    of_response,
    of_revisit,
    sha256,
)
from .records import open_record, payload_digest

MAX_FILE = 10**9
"""Bytes after which a new file is begun: the Dutch guideline's limit and ISO 28500 Annex C's advice."""
FORMAT = "WARC File Format 1.1"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"

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
        pending = record.rec_headers.to_bytes()
        while chunk := record.raw_stream.read(_AT_ONCE):
            pending += chunk
            if len(pending) >= _AT_ONCE:
                out.write(deflate.compress(pending) if deflate else pending)
                pending = b""
        pending += b"\r\n\r\n"
        out.write(deflate.compress(pending) + deflate.flush() if deflate else pending)


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a file has been synced; what comes after it may be torn."""

    filename: str
    offset: int


class WarcFiles:
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
        self._lost = False
        self._name = ""
        self._warcinfo_id = ""

    def resume(self, position: Position | None, torn: Path | None = None) -> None:
        """
        Cut everything that was written after `position`, and go on in a new file.

        What had not been synced when the crawl stopped may be torn; its URLs are asked for again, and its
        bytes are kept in the folder `torn`. Raises DamagedError where a file is gone or shorter than what
        was synced: nothing can be carried on from that.
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

    def exchange(self, exchange: Exchange, same_as: Reference | None = None) -> Capture:
        """
        Write response and request, and return the capture's line for the index.

        With `same_as` a revisit that refers to it is written in place of the response, with its header
        block: of profile server-not-modified where the answer was 304, else identical-payload-digest. A 304
        without `same_as` is a response like any other. Raises StorageError.
        """
        out = self._room(exchange.length)
        offset = out.tell()
        record_id = self._new_id()
        own: Fields = [("WARC-Record-ID", record_id), *about(exchange, self._warcinfo_id)]
        if same_as is None:
            self._write("response", own + of_response(exchange), exchange.response, exchange.length)
        else:
            head = head_of(exchange)
            self._write("revisit", own + of_revisit(exchange, same_as, head), io.BytesIO(head), len(head))
        length = out.tell() - offset
        request = [("WARC-Record-ID", self._new_id()), *own[1:], *of_request(exchange, record_id)]
        self._write("request", request, io.BytesIO(exchange.request), len(exchange.request))
        capture = _capture(exchange, record_id, self._name, offset, length)
        return _revisit(capture, exchange, same_as) if same_as else capture

    def resource(self, uri: str, mime: str, data: bytes, moment: datetime) -> Capture:
        """Write an artefact of ours as a resource record, and return its line for the index."""
        out = self._room(len(data))
        offset = out.tell()
        record_id, date, digest = self._new_id(), to_warc_date(moment), sha256(data)
        fields = [
            ("WARC-Record-ID", record_id),
            ("WARC-Date", date),
            ("WARC-Target-URI", uri),
            ("WARC-Warcinfo-ID", self._warcinfo_id),
            ("Content-Type", mime),
            ("WARC-Payload-Digest", digest),
            ("WARC-Block-Digest", digest),
        ]
        self._write("resource", fields, io.BytesIO(data), len(data))
        return Capture(
            urlkey=urlkey(uri),
            timestamp=to_timestamp(moment),
            url=uri,
            mime=mime.partition(";")[0],
            status=None,
            digest=digest,
            filename=self._name,
            offset=offset,
            length=out.tell() - offset,
            record=record_id[1:-1],
            date=date,
        )

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

    def _room(self, length: int) -> BinaryIO:
        """Return a file with room for a record of that many bytes, begun with its warcinfo."""
        if self._out is not None and self._out.tell() + length + (1 << 20) > self._max_file:
            self.close()
        return self._out or self._begin()

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
        self._write("warcinfo", fields, io.BytesIO(data), len(data))
        return self._out

    def _write(self, kind: str, fields: Fields, block: BinaryIO, length: int) -> None:
        block.seek(0)
        head = _NamedFields(encode(kind, fields, length))
        record = ArcWarcRecord("warc", kind, head, block, None, None, length)
        with storage(f"write to {self._folder / self._name}"):
            self._writer.out = self._out
            self._writer.write_record(record)


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


def _capture(exchange: Exchange, record_id: str, filename: str, offset: int, length: int) -> Capture:
    return Capture(
        urlkey=urlkey(exchange.url),
        timestamp=to_timestamp(exchange.date),
        url=exchange.url,
        mime=exchange.mime,
        status=exchange.status,
        digest=exchange.payload_digest,
        filename=filename,
        offset=offset,
        length=length,
        redirect=exchange.location,
        etag=exchange.header("etag"),
        last_modified=exchange.header("last-modified"),
        truncated=exchange.truncated,
        record=record_id[1:-1],
        date=to_warc_date(exchange.date),
    )


def _revisit(capture: Capture, exchange: Exchange, same_as: Reference) -> Capture:
    """
    Return the line of a revisit.

    A 304 stands for the original's payload. It need not repeat the validators (RFC 9110 section 15.4.5 asks
    for the ETag alone); those that were asked by hold on, so that the day after can ask by them as well.
    """
    if exchange.status != 304:
        return replace(capture, mime=REVISIT, original=same_as.original)
    return replace(
        capture,
        mime=REVISIT,
        original=same_as.original,
        digest=same_as.digest,
        redirect=None,
        etag=capture.etag or _asked_by(exchange, "if-none-match"),
        last_modified=capture.last_modified or _asked_by(exchange, "if-modified-since"),
    )


def _asked_by(exchange: Exchange, name: str) -> str | None:
    return header(header_fields(exchange.request.partition(b"\n")[2]), name)


def original_of(capture: Capture, snapshot: str) -> Original:
    """Return where the payload of a capture of that snapshot lives: in itself, or where its revisit says."""
    return capture.original or Original(
        snapshot=snapshot,
        filename=capture.filename,
        offset=capture.offset,
        length=capture.length,
        mime=capture.mime,
        status=capture.status or 0,
        url=capture.url,
        timestamp=capture.timestamp,
        record=capture.record,
        date=capture.date,
    )


def reference_of(original: Original, digest: str) -> Reference | None:
    """Return what a revisit must say of a response with that payload, None where its line does not tell."""
    if original.record is None or original.date is None:
        return None
    return Reference(original, f"<{original.record}>", original.date, digest)


def refer(path: Path, original: Original) -> Reference:
    """
    Return what a revisit must say of the response it refers to, read from the record itself.

    Raises DamagedError where the record there is not the response of that URL.
    """
    with open_record(path, original.offset) as record:
        uri = (record.field("WARC-Target-URI") or "").strip("<> ")  # wget puts it in brackets
        if record.kind != "response" or identity(uri) != original.url:
            what = f"does not hold the response of {original.url}"
            raise DamagedError(f"{path} at offset {original.offset} {what}. Run `daykeep verify`.")
        said = record.field("WARC-Payload-Digest") or ""
        digest = said if is_sha256(said) else payload_digest(record)
        record_id, date = record.field("WARC-Record-ID") or "", record.field("WARC-Date") or ""
        return Reference(original, record_id, date, digest)
