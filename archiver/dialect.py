# SPDX-License-Identifier: EUPL-1.2
"""
How records of other tools are read where they do not do as the standard says: a table of rules.

    block of a response   status line, fields, blank line, body   HTTP/1.x, HTTP/2 and later, pseudo fields
    block without one     the payload itself                      DNS of Heritrix, HTTP/0.9, a bare document

One way to find the payload for who scans, verifies, replays and exports: all of them come here. A rule that
was used is a fault of a record that is kept all the same; one with `damage` says that its bytes are not those
that were written. Knows nothing of files or of where a record lies.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import BinaryIO

from index.timestamp import FIRST_YEAR, LAST_YEAR, parse_timestamp

from .exchange import Headers, header_fields
from .payload import dechunk

LOOK = 65536
"""Bytes of a body that are looked at before it is decided whether it has chunk framing."""
_NO_BODY = frozenset({204, 304})
_STATUS = re.compile(rb"HTTP/[\d.]{1,8}[ \t]+([1-9]\d\d)(?:[ \t]([^\n]*)|\r?)\n", re.IGNORECASE)
_PSEUDO = re.compile(rb"(?::[a-z]+:[^\n]*\n)*?:status:[ \t]*([1-9]\d\d)[ \t]*\r?\n")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")
_BLANK = re.compile(rb"\n\r?\n")
_DIGITS = re.compile(r"\d{14}", re.ASCII)
_SHORT = re.compile(r"\d{4}(?:-\d\d)?", re.ASCII)
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[!$&'()*+,;=:@/?#\[\]A-Za-z0-9._~-]++|%[0-9A-Fa-f]{2})*+", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is odd about a record, and how it is read all the same."""

    sentence: str
    damage: bool = False
    """Whether bytes are not what they were when the record was written."""


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # digests
        "block-digest": Rule("The block is not the one its WARC-Block-Digest was made of.", damage=True),
        "payload-digest": Rule(
            "The payload is not the one its WARC-Payload-Digest was made of.", damage=True
        ),
        "digest-over-framing": Rule("The payload digest was made over the chunk framing (warcio, wpull)."),
        "digest-after-first-head": Rule("The payload digest was made over all that follows the first head."),
        "digest-unknown": Rule(
            "A digest has an algorithm or a notation that is not known here; not checked."
        ),
        "digest-of-nothing": Rule(
            "The block digest of a revisit was made of no bytes (wget); its block is not checked."
        ),
        "no-block-digest": Rule("There is no WARC-Block-Digest."),
        # named fields
        "bare-lf": Rule("Lines of the record's head end in a line feed alone."),
        "folded": Rule("A field of the record's head runs over several lines; they are joined by a space."),
        "latin-1": Rule("Named fields are not UTF-8; they are read as Latin-1."),
        "repeated": Rule("A named field stands more than once; the first counts."),
        "bracketed-uri": Rule("The WARC-Target-URI stands in angle brackets (wget); they are taken off."),
        "invalid-uri": Rule("The WARC-Target-URI is not one by RFC 3986; it is kept as it is."),
        "no-uri": Rule("There is no WARC-Target-URI where one must be."),
        "bare-id": Rule("The WARC-Record-ID stands without angle brackets."),
        "no-id": Rule("There is no WARC-Record-ID."),
        "date-digits": Rule("The WARC-Date is 14 digits, as in ARC."),
        "date-invalid": Rule("The WARC-Date is missing or no date."),
        "no-content-type": Rule("There is no Content-Type; what the block is, its first line tells."),
        "tail": Rule("The record does not end in two line ends."),
        # HTTP
        "http-2": Rule("The status line is of HTTP/2 or later, which has none on the wire."),
        "pseudo-fields": Rule("Pseudo header fields of HTTP/2 stand in the block; :status is the status."),
        "no-status-line": Rule("The response has no status line; all of its block is the payload."),
        "endless-head": Rule("The header fields do not end; all of the block is the payload."),
        "http-length": Rule(
            "The HTTP Content-Length is not the length of the body; what is there is the body."
        ),
        "not-chunked": Rule("The header fields say chunked and the body is not (pywb issue 584)."),
        "chunks-broken": Rule("The chunk framing breaks off; the payload is what comes before that."),
        "dns-response": Rule("A DNS answer stands as a response (Heritrix); its block is the payload."),
    }
)


@dataclass(frozen=True, slots=True)
class HttpHead:
    """Status line and header fields of a response."""

    status: int
    reason: str
    headers: Headers

    @property
    def chunked(self) -> bool:
        """Whether a body follows with chunk framing (RFC 9112 section 6.3), as the crawler took it."""
        lines = [
            value for name, value in self.headers if len(name) == 17 and name.lower() == "transfer-encoding"
        ]
        if not lines:
            return False
        codings = [coding.strip().lower() for coding in ",".join(lines).split(",")]
        return codings[-1] == "chunked" and self.status >= 200 and self.status not in _NO_BODY


def parse_head(lines: bytes) -> HttpHead | None:
    """
    Return status and fields of a response's head, given without its blank line; None where it has no status.

    Pseudo header fields (RFC 9113 section 8.3) are no fields: their names could not be sent again.
    """
    line, _, rest = lines.partition(b"\n")
    match = _STATUS.fullmatch(line + b"\n")
    if match:
        fields = header_fields(rest)
        reason = (match[2] or b"").decode("latin-1").strip()
        return HttpHead(int(match[1]), reason, _real(fields) if rest.startswith(b":") else fields)
    pseudo = _PSEUDO.match(lines if lines.endswith(b"\n") else lines + b"\n")
    return HttpHead(int(pseudo[1]), "", _real(header_fields(lines))) if pseudo else None


def _real(fields: Headers) -> Headers:
    return tuple([pair for pair in fields if pair[0]])


def is_http(kind: str, content_type: str | None, first: bytes | memoryview) -> bool:
    """
    Tell whether a block begins with an HTTP head, from its record's type and its first bytes.

    A block whose Content-Type is another media type is the payload itself, whatever it looks like: a page
    about HTTP must not lose its first lines.
    """
    if kind not in {"response", "revisit"}:
        return False
    if content_type and not content_type.lower().lstrip().startswith("application/http"):
        return False
    return bool(_STATUS.match(first) or _PSEUDO.match(first))


def head_end(block: bytes | memoryview, start: int = 0) -> int:
    """Return where the blank line after a head ends, -1 where none is in sight."""
    found = _BLANK.search(block, start)
    return found.end() if found else -1


def framed(first: bytes | memoryview, *, truncated: bool) -> bool:
    """
    Tell whether a body whose header fields say chunked is, from its first LOOK bytes.

    A response that was cut (WARC-Truncated) was cut by who followed its framing, so that is followed again.
    An empty body has nothing to tell.
    """
    size = _SIZE.match(first)
    if truncated or not first:
        return True
    if size is None:
        return False
    end = size.end() + int(size[1], 16)
    return size[1].strip(b"0") == b"" or not bytes(first[end : end + 2]).strip(b"\r\n")


def payload(block: BinaryIO, head: HttpHead, *, truncated: bool = False) -> Iterator[bytes]:
    """Yield the rest of a response's block, which stands at the body, without transfer coding."""
    if not head.chunked:
        return _chunks(block)
    first = block.read(LOOK)
    body = Joined(first, block)
    return iter(dechunk(body)) if framed(first, truncated=truncated) else _chunks(body)


def _chunks(block: BinaryIO) -> Iterator[bytes]:
    while chunk := block.read(LOOK):
        yield chunk


class Joined(io.BufferedReader):
    """Bytes that were read already, and after them the stream that they came from."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        super().__init__(_Pieces(_all(first, rest)), LOOK)


def _all(first: bytes, rest: BinaryIO) -> Iterator[bytes]:
    if first:
        yield first
    yield from _chunks(rest)


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._held:
            self._held = memoryview(next(self._pieces, b""))
        piece = self._held[: len(buffer)]
        buffer[: len(piece)] = piece
        self._held = self._held[len(piece) :]
        return len(piece)


def warc_moment(text: str) -> datetime | None:
    """
    Return the moment of a WARC-Date of any tool: with or without a fraction, or the 14 digits of ARC.

    A date without a zone is UTC, as the standard has it; so is one that is a year, a month or a day alone.
    """
    said = text.strip()
    try:
        if len(said) == 14 and _DIGITS.fullmatch(said):
            return parse_timestamp(said)
        whole = said + "0001-01-01"[len(said) :] if len(said) < 8 and _SHORT.fullmatch(said) else said
        moment = datetime.fromisoformat(whole)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def is_uri(text: str) -> bool:
    """Tell whether a WARC-Target-URI has only what RFC 3986 section 2 lets stand in a URI."""
    return _URI.fullmatch(text) is not None
