# SPDX-License-Identifier: EUPL-1.2
"""
Exchanges into WARC/1.1 records, and records at an offset back into bytes. The only importer of warcio.

    warcinfo                     first in every file
    response | revisit, request  one pair per exchange, with one WARC-Date
    resource                     artefacts of ours: urn:text:<url>, urn:daykeep:ledger, …

Rules (ISO 28500:2017): the block keeps the bytes as sent; digests are SHA-256, lower-case hexadecimal; the
payload digest is over the body without transfer coding. On a response whose body is chunked the payload
digest is left out of the WARC (it is optional there) and stands in the CDXJ: every checker of the field
computes it over the chunk framing (warcio issue 74) and would call the right one wrong. Knows nothing of
what to fetch or of who reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from index.errors import DamagedError
from index.model import REVISIT, Capture, Original
from index.timestamp import to_timestamp, to_warc_date
from index.urlkey import normalise, urlkey

from .durable import storage, sync_dir
from .exchange import Exchange, Headers, header
from .payload import dechunk

MAX_FILE = 10**9
"""Bytes after which a new file is begun: the Dutch guideline's limit and ISO 28500 Annex C's advice."""
MAX_RECORD_HEAD = 1 << 20
MAX_HTTP_HEAD = 1 << 20
PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
FORMAT = "WARC File Format 1.1"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_CHUNK = 65536
_GZIP_MAGIC = b"\x1f\x8b"

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
    """The WARCs of one snapshot while they are being written, one file after the other. One thread at a time."""

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

        What had not been synced when the crawl stopped may be torn; its URLs are asked for again.
        """
        with storage(f"repair the WARCs in {self._folder}"):
            for path in sorted(self._folder.iterdir()):
                if position is None or path.name > position.filename:
                    path.unlink()
                elif path.name == position.filename:
                    os.truncate(path, position.offset)
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
        """Sync what was written, and return up to where; None before the first record. Raises StorageError."""
        if self._out is None:
            return None
        with storage(f"store {self._folder / self._name}"):
            self._out.flush()
            os.fsync(self._out.fileno())
        return Position(self._name, self._out.tell())

    def close(self) -> None:
        """Sync and close the current file. Raises StorageError."""
        if self._out is not None:
            try:
                self.sync()
            finally:
                self._out.close()
                self._out = None

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


def _head(exchange: Exchange) -> bytes:
    exchange.response.seek(0)
    return exchange.response.read(exchange.head_length)


def _response_fields(fields: Fields, exchange: Exchange) -> Fields:
    digest = hashlib.sha256()
    for chunk in exchange.raw():
        digest.update(chunk)
    fields.append(("Content-Type", "application/http; msgtype=response"))
    if not exchange.chunked:
        fields.append(("WARC-Payload-Digest", exchange.payload_digest))
    fields.append(("WARC-Block-Digest", f"sha256:{digest.hexdigest()}"))
    if exchange.truncated:
        fields.append(("WARC-Truncated", exchange.truncated))
    return fields


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


def _capture(exchange: Exchange, same_as: Reference | None, filename: str, offset: int, length: int) -> Capture:
    location = exchange.header("location") if 300 <= exchange.status < 400 else None
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
        redirect=normalise(location, exchange.url) if location else None,
        etag=exchange.header("etag"),
        last_modified=exchange.header("last-modified"),
        truncated=exchange.truncated,
        original=same_as.original if same_as else None,
    )


# Reading


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


@dataclass(frozen=True, slots=True)
class Response:
    """A stored response: that day's status and header fields, and the payload of that day or one proven equal."""

    status: int
    reason: str
    headers: Headers
    body: Iterator[bytes]
    """Without transfer coding, with content coding."""
    date: str
    """WARC-Date of the capture asked for."""
    truncated: str | None


@contextlib.contextmanager
def open_record(path: Path, offset: int) -> Iterator[Record]:
    """
    Open the record that begins at an offset of a WARC, gzip per record or plain.

    Raises DamagedError where the file or a record at that offset is not there. Memory stays bounded
    whatever the record's size.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            yield _read_record(file, f"{path} at offset {offset}")
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}). Run `daykeep verify`.") from error


@contextlib.contextmanager
def open_response(find: Callable[[str, str], Path], snapshot: str, capture: Capture) -> Iterator[Response]:
    """
    Open the response of a capture; `find(snapshot, filename)` tells where a WARC stands.

    For a revisit the status and the header fields are those of the day itself, the payload comes from the
    record it refers to, which the digest proved equal. Raises DamagedError.
    """
    with contextlib.ExitStack() as stack:
        record = stack.enter_context(open_record(find(snapshot, capture.filename), capture.offset))
        date = record.field("WARC-Date") or ""
        if record.kind == "resource":
            mime = record.field("Content-Type") or "application/octet-stream"
            yield Response(200, "OK", (("Content-Type", mime),), _chunks(record.block), date, None)
            return
        status, reason, headers = read_http_head(record.block, capture.url)
        source = record
        framing = headers
        if capture.original is not None:
            original = capture.original
            source = stack.enter_context(open_record(find(original.snapshot, original.filename), original.offset))
            first_status, first_reason, framing = read_http_head(source.block, original.url)
            if status == 304:
                status, reason, headers = first_status, first_reason, framing
        yield Response(status, reason, headers, _body(source.block, framing), date, source.field("WARC-Truncated"))


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
            raise DamagedError(f"{path} at offset {original.offset} does not hold the response of {original.url}.")
        return Reference(original, record.field("WARC-Record-ID") or "", record.field("WARC-Date") or "")


def read_http_head(block: BinaryIO, url: str) -> tuple[int, str, Headers]:
    """
    Read status line and header fields of a response, interim (1xx) ones passed over.

    Leaves the stream at the body. Raises DamagedError where there is no status line.
    """
    while True:
        parts = _line(block, url).split(None, 2)
        if len(parts) < 2 or not parts[0].upper().startswith("HTTP/") or not parts[1].isdigit():
            raise DamagedError(f"The stored response of {url} has no HTTP status line. Run `daykeep verify`.")
        headers = _fields(block, url)
        status = int(parts[1])
        if not 100 <= status < 200 or status == 101:
            return status, parts[2] if len(parts) > 2 else "", headers


def iterate(path: Path, offset: int = 0) -> Generator[tuple[int, Record], None, None]:
    """
    Yield offset and record of every record of a file from an offset on, in order; what is left of a block is passed over.

    Raises DamagedError, with the offset, where the file cannot be read any further: a record that is cut,
    a length that lies, or bytes between records.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while offset < size:
                file.seek(offset)
                source, record = _read_source(file, f"{path} at offset {offset}")
                yield offset, record
                for _ in _chunks(record.block):
                    pass
                inflated = source.raw if isinstance(source.raw, _Inflated) else None
                if source.read(4) != b"\r\n\r\n" or (inflated and source.read(1)):
                    raise DamagedError(f"{path} at offset {offset}: the record does not end where its length says.")
                offset = inflated.end(offset) if inflated else file.tell()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error


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
    if not source.readline(64).startswith(b"WARC/"):
        raise DamagedError(f"{where} there is no WARC record. Run `daykeep verify` to see how far it goes.")
    fields = _fields(source, where)
    length = header(fields, "Content-Length") or ""
    if not length.isdigit():
        raise DamagedError(f"{where} the record has no Content-Length. Run `daykeep verify`.")
    return cast(io.BufferedReader, source), Record(fields, io.BufferedReader(_Limited(source, int(length), where), _CHUNK))


def _fields(source: BinaryIO, where: str) -> Headers:
    fields: list[tuple[str, str]] = []
    budget = MAX_HTTP_HEAD
    while line := _line(source, where):
        budget -= len(line)
        if budget < 0:
            raise DamagedError(f"{where}: the header fields do not end. Run `daykeep verify`.")
        name, colon, value = line.partition(":")
        if line[0] in " \t" and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif colon:
            fields.append((name.strip(), value.strip()))
    return tuple(fields)


def _line(source: BinaryIO, where: str) -> str:
    line = source.readline(MAX_RECORD_HEAD)
    if len(line) >= MAX_RECORD_HEAD:
        raise DamagedError(f"{where}: a header line does not end. Run `daykeep verify`.")
    return line.decode("latin-1").rstrip("\r\n")


def _body(block: BinaryIO, headers: Headers) -> Iterator[bytes]:
    coding = header(headers, "transfer-encoding") or ""
    return iter(dechunk(block)) if "chunked" in coding.lower() else _chunks(block)


def _chunks(block: BinaryIO) -> Iterator[bytes]:
    while chunk := block.read(_CHUNK):
        yield chunk


class _Inflated(io.RawIOBase):
    """The bytes of the one gzip member that begins where a file stands. Raises DamagedError where it is broken."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        self._file = file
        self._where = where
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        self._fed = 0

    def readable(self) -> bool:
        return True

    def end(self, start: int) -> int:
        """Return where the member ends in its file, given where it starts; only once it was read to its end."""
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


class _Limited(io.RawIOBase):
    """The next so many bytes of a stream. Raises DamagedError where it ends before them."""

    def __init__(self, source: io.BufferedReader, length: int, where: str) -> None:
        self._source = source
        self._left = length
        self._where = where

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left == 0:
            return 0
        data = self._source.read(min(len(buffer), self._left))
        if not data:
            raise DamagedError(f"{self._where}: the record is cut off, {self._left} bytes are missing.")
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)
