# SPDX-License-Identifier: EUPL-1.2
r"""
Records of an ARC file into WARC/1.1 records. Knows nothing of compression.

    version 1   URL IP date mime length LF                                          block LF
    version 2   URL IP date mime code checksum location offset filename length LF   block LF

The first record, filedesc://, becomes a metadata record that keeps its block, behind a warcinfo; what begins
with an HTTP status line becomes a response; all else a resource of the media type that its line says. An id
is made of what a record holds, so that one file gives the same records every time.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.timestamp import to_warc_date

from ..dialect import is_http, warc_moment
from .inflating import Write
from .seen import Skipped
from .window import Window

NewId = Callable[[str], str]
"""Makes a WARC-Record-ID, in its brackets, of a text that is one record's alone."""
_MAX_LINE = 1 << 14
_LINE = re.compile(rb"(?:filedesc|https?|ftp|dns|data|whois|gopher|nntp):[^\n]{1,16000}\n")
_DATE = re.compile(rb"\d{14}|\d{12}")
_ENDS = re.compile(rb"[\r\n]{0,4}")
_MIME = re.compile(r"[!-~]+/[!-~]+")


@dataclass(frozen=True, slots=True)
class _Line:
    """The line before a block."""

    url: str
    address: str
    date: str
    mime: str
    length: int
    start: int
    """Where the block begins."""

    @property
    def end(self) -> int:
        return self.start + self.length


def named_by(text: str) -> str:
    """Return a WARC-Record-ID made of a text (RFC 9562 section 5.5)."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}>"


def convert(window: Window, write: Write, name: str, new_id: NewId = named_by) -> Iterator[Skipped]:
    """Write every record of a plain ARC as records of a WARC, and yield what of it is no record."""
    info = new_id(f"warcinfo {name}")
    _warcinfo(write, name, info)
    place = 0
    while place < window.size:
        line = _line(window, place)
        what = "there is no ARC record here" if line is None else _fault(window, line)
        if line is None or what:
            end = _next(window, place + 1)
            if bytes(window.view(place, end - place if end - place <= 4 else 5)).strip(b"\r\n"):
                yield Skipped(place, end, what)
            place = end
            continue
        _record(window, line, write, info, new_id)
        place = line.end + _ends(window, line.end)


def follow(window: Window) -> bool:
    """Tell whether somewhere in a file an ARC record follows another: one alone may stand in any body."""
    places = window.find_all(_LINE, 0, _MAX_LINE)
    lines = (line for place in places if (line := _line(window, place)) is not None)
    return any(_line(window, line.end + _ends(window, line.end)) is not None for line in lines)


def _line(window: Window, place: int) -> _Line | None:
    found = _LINE.match(window.view(place, _MAX_LINE))
    if found is None:
        return None
    words = found[0].rstrip(b"\r\n").split(b" ")
    at = next((at for at in range(len(words) - 3, 1, -1) if _DATE.fullmatch(words[at])), 0)
    if not at or not words[-1].isdigit() or len(words[-1]) > 18:
        return None
    url = b" ".join(words[: at - 1])
    texts = [word.decode("latin-1") for word in (words[at - 1], words[at], words[at + 1])]
    return _Line(_text(url), texts[0], texts[1], texts[2], int(words[-1]), place + found.end())


def _text(url: bytes) -> str:
    try:
        return url.decode()
    except UnicodeDecodeError:
        return url.decode("latin-1")


def _fault(window: Window, line: _Line) -> str:
    """Return what is wrong with a record, by what follows it: an end of line, or another record at once."""
    if line.end > window.size:
        return f"the ARC record is cut off, {line.end - window.size} bytes are missing"
    ended = line.end == window.size or _ends(window, line.end) or _line(window, line.end)
    return "" if ended else "its length is not that of its block"


def _ends(window: Window, place: int) -> int:
    found = _ENDS.match(bytes(window.view(place, 4)))
    return found.end() if found else 0


def _next(window: Window, place: int) -> int:
    for found in window.find_all(_LINE, place, _MAX_LINE):
        if _line(window, found):
            return found
    return window.size


def _warcinfo(write: Write, name: str, record_id: str) -> None:
    about = f"records of the ARC file {' '.join(name.split())}"
    block = f"software: daykeep\r\nformat: WARC File Format 1.1\r\ndescription: {about}\r\n".encode()
    digest = f"sha256:{hashlib.sha256(block).hexdigest()}"
    # the moment stands for no capture; an ARC does not say when it was begun
    fields = [("WARC-Record-ID", record_id), ("WARC-Date", "1970-01-01T00:00:00Z")]
    fields += [("Content-Type", "application/warc-fields"), ("WARC-Block-Digest", digest)]
    write(_head("warcinfo", fields, len(block)) + block + b"\r\n\r\n")


def _record(window: Window, line: _Line, write: Write, info: str, new_id: NewId) -> None:
    digest = hashlib.sha256()
    for piece in window.pieces(line.start, line.end):
        digest.update(piece)
    kind, mime = _kind(window, line)
    block = f"sha256:{digest.hexdigest()}"
    fields = [
        ("WARC-Record-ID", new_id(f"{line.url} {line.date} {line.start} {block}")),
        ("WARC-Date", _date(line.date)),
        ("WARC-Target-URI", _one_line(line.url)),
        ("WARC-Warcinfo-ID", info),
        *_address(line.address),
        ("Content-Type", mime),
        ("WARC-Block-Digest", block),
    ]
    write(_head(kind, fields, line.length))
    for piece in window.pieces(line.start, line.end):
        write(piece)
    write(b"\r\n\r\n")


def _kind(window: Window, line: _Line) -> tuple[str, str]:
    mime = line.mime if _MIME.fullmatch(line.mime) else "application/octet-stream"
    if line.url.startswith("filedesc:"):
        return "metadata", mime
    if is_http("response", None, bytes(window.view(line.start, min(line.length, 1 << 16)))):
        return "response", "application/http; msgtype=response"
    return "resource", mime


def _date(digits: str) -> str:
    moment = warc_moment(digits.ljust(14, "0"))
    return to_warc_date(moment) if moment else digits


def _address(text: str) -> list[tuple[str, str]]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return []
    return [] if address.is_unspecified else [("WARC-IP-Address", str(address))]


def _one_line(url: str) -> str:
    return url.replace("\r", "%0D").replace("\n", "%0A")


def _head(kind: str, fields: list[tuple[str, str]], length: int) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"WARC/1.1\r\nWARC-Type: {kind}\r\n{lines}Content-Length: {length}\r\n\r\n".encode()
