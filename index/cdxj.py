# SPDX-License-Identifier: EUPL-1.2
"""
One day's index: a sorted text file with one line per capture. Knows nothing of other days, and no SQL.

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
and where the payload of a revisit lies: `orig.snapshot`, `orig.filename`, `orig.offset`, `orig.length`,
`orig.mime`, `orig.status`, `orig.url`, `orig.timestamp`, `orig.record`, `orig.date`, `orig.segments`.
With these a revisit of a revisit can name the first record without opening it. Unknown keys are passed over,
so that a file with more in it can be read.
"""

from __future__ import annotations

import heapq
import json
import mmap
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from .errors import DamagedError, NotFoundError
from .model import Capture, Original, Segment, moment
from .urlkey import urlkey as key_of

_KEY = re.compile(r"[!-~]+", re.ASCII)
_TIMESTAMP = re.compile(r"\d{14}", re.ASCII)
_SEGMENT = re.compile(r"([^/@ \x00]+)@(\d{1,18})\+(\d{1,18})", re.ASCII)
_PLACE = re.compile(rb'","offset":"(\d{1,18})","filename":"([ -!#-\[\]-~]+)"')
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
        key, timestamp, body = line.split(b" ", 2)
        return _to_capture(key.decode("ascii"), timestamp.decode("ascii"), _DECODER.decode(body))
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        message = f"This line of the index cannot be read: {line[:200]!r} ({error}). Run `daykeep verify`."
        raise DamagedError(message) from error


def place_of(line: bytes) -> tuple[str, int]:
    """
    Return where the record of a line lies, WARC and offset, without reading all of the line.

    Raises DamagedError where that cannot be told.
    """
    if found := _PLACE.search(line):  # as we write it; inside a string the quotes would have backslashes
        return found[2].decode("ascii"), int(found[1])
    capture = parse_line(line)
    return capture.filename, capture.offset


def is_sorted(lines: Iterable[bytes]) -> bool:
    """Tell whether lines stand in bytewise order; equal lines may follow each other."""
    return all(before <= after for before, after in pairwise(lines))


def merge_sorted(*sources: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of several sorted sources in order, a line that occurs twice once."""
    last = None
    for line in heapq.merge(*sources):
        if line != last:
            yield line
        last = line


class Index:
    """
    One CDXJ file, memory-mapped and read only. Several threads may use it at once.

    Nothing is loaded when it is opened: a look-up reads the few pages that the binary search touches.
    Close it, or use it as a context manager. Raises NotFoundError where there is no such file.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb", buffering=0) as file:
                self._data = _mapped(file.fileno())
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no index at {path}. Run `daykeep verify`.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice does no harm."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def lines(self) -> Iterator[bytes]:
        """Yield every line as it stands in the file, newline included."""
        return iter_from(self._data, 0)

    def line_at(self, position: int) -> bytes:
        """Return the line that begins at a byte of the file."""
        return self._data[position : _line_end(self._data, position)]

    def span(self, low: bytes, high: bytes, near: int = 0) -> tuple[int, int]:
        """Return where the lines from `low` on begin, about `near`, and where those before `high` end."""
        start = lower_bound(self._data, low, near)
        return start, lower_bound(self._data, high, start)

    def block(self, start: int, size: int) -> bytes:
        """Return whole lines from a byte on: about `size` bytes, one line at least; nothing at the end."""
        while start + size < len(self._data):
            block = self._data[start : start + size]
            if cut := block.rfind(b"\n") + 1:
                return block[:cut]
            size *= 2
        return self._data[start:]

    def place(self, low: bytes, near: int = 0) -> int:
        """Return where the lines from `low` on begin, about `near`."""
        return lower_bound(self._data, low, near)

    def read(self, start: int, end: int) -> bytes:
        """Return bytes of the file."""
        return self._data[start:end]

    def captures(self) -> Iterator[Capture]:
        """Yield every capture in the order of the file."""
        return map(parse_line, self.lines())

    def exact(self, urlkey: str) -> Iterator[Capture]:
        """Yield the captures of one key, oldest first."""
        return map(parse_line, iter_prefix(self._data, urlkey.encode() + b" "))

    def prefix(self, urlkey_prefix: str) -> Iterator[Capture]:
        """Yield the captures whose key begins with these characters."""
        return map(parse_line, iter_prefix(self._data, urlkey_prefix.encode()))

    def candidates(self, url: str) -> Iterator[Capture]:
        """Yield the captures that share the key of a normalised URL, whatever their own spelling."""
        return map(parse_line, self.lines_of(url))

    def lines_of(self, url: str) -> Iterator[bytes]:
        """Yield the lines of the same."""
        return iter_prefix(self._data, key_of(url).encode() + b" ")

    def find(self, url: str) -> Capture | None:
        """Return the capture of exactly this normalised URL, the latest where there are several."""
        spelled = b'{"url":%b,' % _json(url)
        captures = (parse_line(line) for line in self.lines_of(url) if spelled in line)
        return max(captures, key=moment, default=None)


def iter_prefix(data: bytes | mmap.mmap, prefix: bytes) -> Iterator[bytes]:
    """Yield the lines of sorted data that begin with a prefix."""
    for line in iter_from(data, lower_bound(data, prefix)):
        if not line.startswith(prefix):
            return
        yield line


def iter_from(data: bytes | mmap.mmap, start: int) -> Iterator[bytes]:
    """Yield the lines from the one that begins at `start`."""
    while start < len(data):
        end = _line_end(data, start)
        yield data[start:end]
        start = end


def lower_bound(data: bytes | mmap.mmap, wanted: bytes, near: int = 0) -> int:
    """Return where the first line begins that is not before `wanted`, or the data ends; `near` is a guess."""
    low, high = _around(data, wanted, near) if near else (0, len(data))
    size, line_end, line_start = len(wanted), data.find, data.rfind  # looked up once: a query does this often
    while low < high:
        start = line_start(b"\n", 0, (low + high) // 2) + 1
        if data[start : start + size] < wanted:
            low = line_end(b"\n", start) + 1 or len(data)
        else:
            high = start
    return low


def _around(data: bytes | mmap.mmap, wanted: bytes, near: int) -> tuple[int, int]:
    """Return two beginnings of lines between which the place is, in steps that grow from a guess."""
    size, line_start = len(wanted), data.rfind
    at, step = line_start(b"\n", 0, min(near, len(data) - 1)) + 1, 1 << 9
    if data[at : at + size] < wanted:
        while at + step < len(data):
            later = line_start(b"\n", 0, at + step) + 1
            if data[later : later + size] >= wanted:
                return at, later
            at, step = later, step * 4
        return at, len(data)
    while at > step:
        earlier = line_start(b"\n", 0, at - step) + 1
        if data[earlier : earlier + size] < wanted:
            return earlier, at
        at, step = earlier, step * 4
    return 0, at


def _line_start(data: bytes | mmap.mmap, offset: int) -> int:
    return data.rfind(b"\n", 0, offset) + 1


def _line_end(data: bytes | mmap.mmap, start: int) -> int:
    return (data.find(b"\n", start) + 1) or len(data)


def _mapped(descriptor: int) -> bytes | mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError:  # an empty file cannot be mapped
        return b""


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


def _json(text: str) -> bytes:
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
    return _with_original(line, capture.original) if capture.original else line


def _with_original(line: _Line, original: Original) -> _Line:
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
    return line


def _to_capture(urlkey: str, timestamp: str, line: _Line) -> Capture:
    if not _KEY.fullmatch(urlkey) or not _TIMESTAMP.fullmatch(timestamp):
        raise ValueError("it does not begin with a key and 14 digits")
    return Capture(
        urlkey,
        timestamp,
        line.url,
        line.mime,
        None if line.status == "-" else _number(line.status),
        line.digest,
        line.filename,
        _number(line.offset),
        _number(line.length),
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
    )


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
