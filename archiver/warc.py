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

import hashlib
import io
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from index.errors import DamagedError
from index.model import REVISIT, Capture, Original
from index.timestamp import to_timestamp, to_warc_date
from index.urlkey import urlkey

from .durable import storage, sync_dir
from .exchange import Exchange
from .records import open_record

MAX_FILE = 10**9
"""Bytes after which a new file is begun: the Dutch guideline's limit and ISO 28500 Annex C's advice."""
PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
FORMAT = "WARC File Format 1.1"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"

_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")

Fields = list[tuple[str, str]]


class _Member:
    """A file that deflates what is written to it into one gzip member, ended by the flush of its record."""

    def __init__(self, out: BinaryIO, level: int) -> None:
        self._out = out
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS + 16)

    def write(self, data: bytes) -> None:
        self._out.write(self._deflate.compress(data))

    def flush(self) -> None:
        self._out.write(self._deflate.flush())


class _RecordWriter(WARCWriter):  # type: ignore[misc]
    """
    warcio's writer with our own digests and compression level, for blocks that are bytes already.

    warcio's own way makes the block anew from parsed header fields (non-ASCII ones percent-encoded), digests
    are SHA-1, a revisit's block is left out unless it was parsed, and the level is 9.
    """

    def __init__(self, out: BinaryIO, *, level: int | None) -> None:
        super().__init__(out, gzip=False, warc_version="1.1")
        self._level = level

    def _write_warc_record(self, out: BinaryIO, record: ArcWarcRecord) -> None:
        target = _Member(out, self._level) if self._level else out
        target.write(record.rec_headers.to_bytes(encoding="utf-8"))
        for chunk in self._iter_stream(record.raw_stream):
            target.write(chunk)
        target.write(b"\r\n\r\n")
        if isinstance(target, _Member):
            target.flush()


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored response that a revisit may refer to, as its own record tells."""

    original: Original
    record_id: str
    date: str
    """WARC-Date of that response, with its fraction."""


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
        self._level = 6 if compression == "gzip" else None
        self._warcinfo = dict(warcinfo)
        self._now = now
        self._new_id = new_id
        self._max_file = max_file
        self._serial = 0
        self._out: BinaryIO | None = None
        self._name = ""
        self._warcinfo_id = ""

    def resume(self, position: Position | None) -> None:
        """
        Cut everything that was written after `position`, and go on in a new file.

        What had not been synced when the crawl stopped may be torn; its URLs are asked for again. Raises
        DamagedError where a file is shorter than what was synced: nothing can be carried on from that.
        """
        with storage(f"repair the WARCs in {self._folder}"):
            for path in sorted(self._folder.iterdir()):
                if position is None or path.name > position.filename:
                    path.unlink()
                elif path.name == position.filename:
                    _cut(path, position.offset)
            self._serial = len(list(self._folder.iterdir()))
            sync_dir(self._folder)

    def exchange(self, exchange: Exchange, same_as: Reference | None = None) -> Capture:
        """
        Write response and request, and return the capture's line for the index.

        With `same_as` a revisit that refers to it is written instead of the body (profile
        identical-payload-digest; the header block is kept). Raises StorageError; DamagedError where the
        record referred to is not what the index says.
        """
        out = self._room(exchange.length)
        offset = out.tell()
        response_id = self._new_id()
        fields = self._exchange_fields(exchange, response_id)
        if same_as is None:
            fields = _response_fields(fields, exchange)
            self._write("response", fields, exchange.response, exchange.length)
        else:
            head = _head(exchange)
            fields += _revisit_fields(exchange, same_as, head)
            self._write("revisit", fields, io.BytesIO(head), len(head))
        end = out.tell()
        self._write_request(exchange, response_id)
        return _capture(exchange, same_as, self._name, offset, end - offset)

    def resource(self, uri: str, mime: str, data: bytes, moment: datetime) -> Capture:
        """Write an artefact of ours as a resource record, and return its line for the index."""
        out = self._room(len(data))
        offset = out.tell()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        fields = [
            ("WARC-Record-ID", self._new_id()),
            ("WARC-Date", to_warc_date(moment)),
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
        )

    def sync(self) -> Position | None:
        """Sync what was written and return where it ends, None before any record. Raises StorageError."""
        if self._out is None:
            return None
        with storage(f"store {self._folder / self._name}"):
            self._out.flush()
            os.fsync(self._out.fileno())
        return Position(self._name, self._out.tell())

    def close(self) -> None:
        """Sync and close the current file. Raises StorageError."""
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
        suffix = ".warc.gz" if self._level else ".warc"
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
            ("WARC-Block-Digest", f"sha256:{hashlib.sha256(data).hexdigest()}"),
        ]
        self._write("warcinfo", fields, io.BytesIO(data), len(data))
        return self._out

    def _exchange_fields(self, exchange: Exchange, record_id: str) -> Fields:
        fields = [
            ("WARC-Record-ID", record_id),
            ("WARC-Date", to_warc_date(exchange.date)),
            ("WARC-Target-URI", exchange.url),
            ("WARC-Warcinfo-ID", self._warcinfo_id),
        ]
        if exchange.address:
            fields.append(("WARC-IP-Address", exchange.address))
        if exchange.protocols:
            fields.append(("WARC-Protocol", exchange.protocols[0]))
        if exchange.cipher:
            fields.append(("WARC-Cipher-Suite", exchange.cipher))
        return fields

    def _write_request(self, exchange: Exchange, response_id: str) -> None:
        fields = self._exchange_fields(exchange, self._new_id())
        fields += [
            ("WARC-Concurrent-To", response_id),
            ("Content-Type", "application/http; msgtype=request"),
            ("WARC-Block-Digest", f"sha256:{hashlib.sha256(exchange.request).hexdigest()}"),
        ]
        self._write("request", fields, io.BytesIO(exchange.request), len(exchange.request))

    def _write(self, kind: str, fields: Fields, block: BinaryIO, length: int) -> None:
        block.seek(0)
        named = [("WARC-Type", kind), *fields, ("Content-Length", str(length))]
        headers = StatusAndHeaders("", named, protocol="WARC/1.1")
        record = ArcWarcRecord("warc", kind, headers, block, None, None, length)
        assert self._out is not None
        with storage(f"write to {self._folder / self._name}"):
            _RecordWriter(self._out, level=self._level).write_record(record)


def _cut(path: Path, size: int) -> None:
    there = path.stat().st_size
    if there < size:
        raise DamagedError(
            f"{path} has {there} bytes, and {size} were synced; the disk has lost some. Check it, then move "
            f"{path.parent.parent} away and take the snapshot anew."
        )
    if there > size:
        path.chmod(0o644)  # a crash while the snapshot was being sealed may have made it read-only
        with path.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())


def _head(exchange: Exchange) -> bytes:
    exchange.response.seek(0)
    return exchange.response.read(exchange.head_length)


def _response_fields(fields: Fields, exchange: Exchange) -> Fields:
    digest = hashlib.sha256()
    for chunk in exchange.raw():
        digest.update(chunk)
    fields.append(("Content-Type", "application/http; msgtype=response"))
    if _is_simple(exchange):
        fields.append(("WARC-Payload-Digest", exchange.payload_digest))
    fields.append(("WARC-Block-Digest", f"sha256:{digest.hexdigest()}"))
    if exchange.truncated:
        fields.append(("WARC-Truncated", exchange.truncated))
    return fields


def _is_simple(exchange: Exchange) -> bool:
    """Tell whether every reader finds the same payload: whatever follows the first line that looks blank."""
    head = _head(exchange)
    blank = _BLANK_LINE.search(head)
    return not exchange.chunked and (blank is None or blank.end() == len(head))


def _revisit_fields(exchange: Exchange, same_as: Reference, head: bytes) -> Fields:
    return [
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Profile", PROFILE),
        ("WARC-Refers-To", same_as.record_id),
        ("WARC-Refers-To-Target-URI", same_as.original.url),
        ("WARC-Refers-To-Date", same_as.date),
        ("WARC-Payload-Digest", exchange.payload_digest),
        ("WARC-Block-Digest", f"sha256:{hashlib.sha256(head).hexdigest()}"),
        ("WARC-Truncated", "length"),
    ]


def _capture(
    exchange: Exchange, same_as: Reference | None, filename: str, offset: int, length: int
) -> Capture:
    return Capture(
        urlkey=urlkey(exchange.url),
        timestamp=to_timestamp(exchange.date),
        url=exchange.url,
        mime=REVISIT if same_as else exchange.mime,
        status=exchange.status,
        digest=exchange.payload_digest,
        filename=filename,
        offset=offset,
        length=length,
        redirect=exchange.location,
        etag=exchange.header("etag"),
        last_modified=exchange.header("last-modified"),
        truncated=exchange.truncated,
        original=same_as.original if same_as else None,
    )


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
    )


def refer(path: Path, original: Original) -> Reference:
    """
    Return what a revisit must say of the response it refers to, read from the record itself.

    Raises DamagedError where the record there is not the response of that URL.
    """
    with open_record(path, original.offset) as record:
        if record.kind != "response" or record.field("WARC-Target-URI") != original.url:
            what = f"does not hold the response of {original.url}"
            raise DamagedError(f"{path} at offset {original.offset} {what}. Run `daykeep verify`.")
        return Reference(original, record.field("WARC-Record-ID") or "", record.field("WARC-Date") or "")
