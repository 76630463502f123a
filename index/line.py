# SPDX-License-Identifier: EUPL-1.2
"""
One line of an index, and the capture that it is of. Knows nothing of files, or of other lines.

    <urlkey> <14 digits> {"url":"https://…","mime":"text/html","status":"200","digest":"sha256:…",
    "length":"1043","offset":"333","filename":"….warc.gz"}

A line is ASCII and ends in a newline. Lines are sorted bytewise (`LC_ALL=C`), the names and the
strings are those of CDXJ 0.1.0 (webrecorder/specs), in this order; a status that is not there is `-`.
After them come keys of our own, each only where it has a value: `redirect`, `etag`, `last_modified`,
`truncated`, `record` and `date` (WARC-Record-ID without angle brackets, and WARC-Date with its fraction),
`made_up` (of an address that the crawler made up), `recorded` (the record's own WARC-Payload-Digest where
another tool wrote another one than `digest`), `unresolved` (of a revisit whose payload is nowhere here),
`segments` (where the record goes on if it stands in
segments: `filename@offset+length` of each `continuation` record, in order, parted by spaces),
of what answers another method than GET `method` and `requestBody` (what of the body stands in the key, as
cdxj-indexer and pywb have it), `request.digest` (of the body), `request.filename` and `request.offset` (where
the record of the request lies),
and where the payload of a revisit lies: `orig.snapshot`, `orig.filename`, `orig.offset`, `orig.length`,
`orig.mime`, `orig.status`, `orig.url`, `orig.timestamp`, `orig.record`, `orig.date`, `orig.segments`.
With these a revisit of a revisit can name the first record without opening it. Unknown keys are passed over,
so that a file with more in it can be read.
"""

from __future__ import annotations

import json
import re

import msgspec

from .errors import DamagedError
from .model import Capture, Original, Request, Segment

_KEY = re.compile(r"[!-~]+", re.ASCII)
_BEGINS = re.compile(rb"([!-~]+) (\d{14}) ")
_TIMESTAMP = re.compile(r"\d{14}", re.ASCII)
_SEGMENT = re.compile(r"([^/@ \x00]+)@(\d{1,18})\+(\d{1,18})", re.ASCII)
ASKED_OTHERWISE = b',"method":"'
"""Stands in every line of what answers another method than GET, and in no other: strings have it escaped."""
MAX_SEGMENTS = 10_000
"""Segments of one record that a line may name: ten terabytes."""


class _Line(msgspec.Struct, omit_defaults=True):
    """The JSON of one line, in the order it is written."""

    url: str
    mime: str
    status: str
    digest: str
    length: str
    offset: str
    filename: str
    redirect: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    truncated: str | None = None
    record: str | None = None
    date: str | None = None
    made_up: str | None = None
    recorded: str | None = None
    unresolved: str | None = None
    segments: str | None = None
    orig_snapshot: str | None = msgspec.field(name="orig.snapshot", default=None)
    orig_filename: str | None = msgspec.field(name="orig.filename", default=None)
    orig_offset: str | None = msgspec.field(name="orig.offset", default=None)
    orig_length: str | None = msgspec.field(name="orig.length", default=None)
    orig_mime: str | None = msgspec.field(name="orig.mime", default=None)
    orig_status: str | None = msgspec.field(name="orig.status", default=None)
    orig_url: str | None = msgspec.field(name="orig.url", default=None)
    orig_timestamp: str | None = msgspec.field(name="orig.timestamp", default=None)
    orig_record: str | None = msgspec.field(name="orig.record", default=None)
    orig_date: str | None = msgspec.field(name="orig.date", default=None)
    orig_segments: str | None = msgspec.field(name="orig.segments", default=None)
    method: str | None = None
    query: str | None = msgspec.field(name="requestBody", default=None)
    request_digest: str | None = msgspec.field(name="request.digest", default=None)
    request_filename: str | None = msgspec.field(name="request.filename", default=None)
    request_offset: str | None = msgspec.field(name="request.offset", default=None)


def format_line(capture: Capture) -> bytes:
    """
    Return the line of a capture, newline included.

    Raises ValueError for a key or timestamp that would break the line; `urlkey()` makes no such key.
    """
    if not _KEY.fullmatch(capture.urlkey) or not _TIMESTAMP.fullmatch(capture.timestamp):
        message = f"{capture.urlkey!r} {capture.timestamp!r} cannot begin a CDXJ line"
        raise ValueError(message)
    return b"%b %b %b\n" % (capture.urlkey.encode(), capture.timestamp.encode(), _encode(_to_line(capture)))


def parse_line(line: bytes) -> Capture:
    """Return the capture of a line, with or without its newline. Raises DamagedError that says why not."""
    try:
        key, timestamp, body = _parted(line)
        return _to_capture(key, timestamp, _DECODER.decode(body))
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        message = f"This line of the index cannot be read: {line[:200]!r} ({error}). Run `daykeep verify`."
        raise DamagedError(message) from error


def _parted(line: bytes) -> tuple[str, str, bytes]:
    begins = _BEGINS.match(line)
    if begins is None:
        raise ValueError("it does not begin with a key and 14 digits")
    return begins[1].decode("ascii"), begins[2].decode("ascii"), line[begins.end() :]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)


def _encode(line: _Line) -> bytes:
    try:
        fast = _ENCODER.encode(line)
    except UnicodeEncodeError:  # a lone surrogate, which no UTF-8 can say
        fast = b"\xff"
    return fast if fast.isascii() else _encode_escaped(line)


def _encode_escaped(line: _Line) -> bytes:
    names = {field.name: field.encode_name for field in msgspec.structs.fields(line)}
    values = {names[name]: value for name, value in msgspec.structs.asdict(line).items() if value is not None}
    return json.dumps({name: _whole(value) for name, value in values.items()}, separators=(",", ":")).encode()


def _whole(text: str) -> str:
    """Return text with U+FFFD in place of lone surrogates."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_text(text: str) -> bytes:
    """Return a string as it stands in the JSON of a line."""
    try:
        fast = _ENCODER.encode(text)
    except UnicodeEncodeError:
        fast = b"\xff"
    return fast if fast.isascii() else json.dumps(_whole(text)).encode()


def _to_line(capture: Capture) -> _Line:
    line = _Line(
        capture.url,
        capture.mime,
        "-" if capture.status is None else str(capture.status),
        capture.digest,
        str(capture.length),
        str(capture.offset),
        capture.filename,
        capture.redirect,
        capture.etag,
        capture.last_modified,
        capture.truncated,
        capture.record,
        capture.date,
        "yes" if capture.made_up else None,
        capture.recorded,
        "yes" if capture.unresolved else None,
        _joined(capture.segments),
    )
    if capture.original:
        _tell_original(line, capture.original)
    if capture.request:
        _tell_request(line, capture.request)
    return line


def _tell_original(line: _Line, original: Original) -> None:
    line.orig_snapshot = original.snapshot
    line.orig_filename = original.filename
    line.orig_offset = str(original.offset)
    line.orig_length = str(original.length)
    line.orig_mime = original.mime
    line.orig_status = str(original.status)
    line.orig_url = original.url
    line.orig_timestamp = original.timestamp
    line.orig_record = original.record
    line.orig_date = original.date
    line.orig_segments = _joined(original.segments)


def _tell_request(line: _Line, request: Request) -> None:
    line.method = request.method
    line.query = request.query or None
    line.request_digest = request.digest
    if request.filename:
        line.request_filename, line.request_offset = request.filename, str(request.offset)


def _to_capture(urlkey: str, timestamp: str, line: _Line) -> Capture:
    status, offset, length = line.status, line.offset, line.length
    digits = offset + length if status == "-" else offset + length + status
    if (
        not (digits.isascii() and digits.isdigit())
        or len(offset) > 18
        or len(length) > 18
        or len(status) > 18
    ):
        for text in (offset, length, "0" if status == "-" else status):
            _number(text)  # which of them is none
    return Capture(
        urlkey,
        timestamp,
        line.url,
        line.mime,
        None if status == "-" else int(status),
        line.digest,
        line.filename,
        int(offset),
        int(length),
        line.redirect,
        line.etag,
        line.last_modified,
        line.truncated,
        None if line.orig_snapshot is None else _to_original(line),
        line.record,
        line.date,
        line.made_up is not None,
        line.recorded,
        line.unresolved is not None,
        _segments(line.segments),
        None if line.method is None else _to_request(line.method, line),
    )


def _to_request(method: str, line: _Line) -> Request:
    offset = _number(line.request_offset or "0")
    digest = _required(line.request_digest, "request.digest")
    return Request(method, line.query or "", digest, line.request_filename or "", offset)


def _to_original(line: _Line) -> Original:
    return Original(
        _required(line.orig_snapshot, "orig.snapshot"),
        _required(line.orig_filename, "orig.filename"),
        _number(_required(line.orig_offset, "orig.offset")),
        _number(_required(line.orig_length, "orig.length")),
        _required(line.orig_mime, "orig.mime"),
        _number(_required(line.orig_status, "orig.status")),
        _required(line.orig_url, "orig.url"),
        _required(line.orig_timestamp, "orig.timestamp"),
        line.orig_record,
        line.orig_date,
        _segments(line.orig_segments),
    )


def _joined(segments: tuple[Segment, ...]) -> str | None:
    return " ".join([f"{one.filename}@{one.offset}+{one.length}" for one in segments]) or None


def _segments(text: str | None) -> tuple[Segment, ...]:
    if text is None:
        return ()
    found = [_SEGMENT.fullmatch(part) for part in text.split(" ")]
    if None in found or len(found) > MAX_SEGMENTS:
        raise ValueError(f"{text[:80]!r} does not tell where segments are")
    return tuple(Segment(one[1], int(one[2]), int(one[3])) for one in found if one)


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


def _number(digits: str) -> int:
    # int() alone would take '+1', ' 1', '1_0' and digits of other scripts
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError(f"{digits[:40]!r} is not a number")
    return int(digits)
