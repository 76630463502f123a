# SPDX-License-Identifier: EUPL-1.2
"""
What a record is, from its head and its block: named fields, payload, digests. Knows nothing of files.

    head    "WARC/1.0" fields, without the blank line          ──▶ `named`
    block   first megabyte whole, the rest in pieces           ──▶ `examine`
              response   HTTP head, body: the body without transfer coding is the payload
              request    HTTP head, body
              all else   the payload itself

Any tool's digests are checked by the algorithm they name. One path for records of every size, so that what
was found of a short one and of a long one cannot differ.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from .dialect import (
    LOOK,
    RULES,
    HttpHead,
    Joined,
    framed,
    head_end,
    is_http,
    is_uri,
    parse_head,
    warc_moment,
)
from .digests import Digest, hasher, parse_digest, written
from .exchange import Headers
from .payload import dechunk
from .seen import Fault, Seen

MAX_HEAD = 1 << 20
"""Bytes of named fields or of an HTTP head that are read."""
FIRST = MAX_HEAD + LOOK
"""Bytes of a block that are given whole; a block that is longer comes in pieces after them."""
_VERSION = re.compile(r"WARC/([01]\.\d{1,2})")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_NAME = re.compile(r"[!-9;-~]+")
_METHOD = re.compile(rb"([!-~]{1,32}) [^\n]*\n")
_REPEATABLE = frozenset({"warc-concurrent-to"})
_NO_URI = frozenset({"warcinfo", "metadata", "continuation"})
_HEXADECIMAL = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(slots=True)
class Named:
    """The named fields of a record."""

    version: str
    kind: str
    fields: dict[str, str]
    length: int
    """Content-Length."""
    faults: list[Fault] = field(default_factory=list)


def fault(rule: str, what: str = "") -> Fault:
    """Return a fault by a rule, in the rule's own words where there are none of this record."""
    return Fault(rule, what or RULES[rule].sentence, RULES[rule].damage)


def named(head: bytes) -> Named | str:
    """
    Return the named fields of a head, from its version line to the blank line behind it.

    Where that is no head of a record whose end can be known, the reason comes back in a few words.
    """
    faults: list[Fault] = []
    lines = _lines(head, faults)
    version = _VERSION.fullmatch(lines[0])
    if version is None:
        return f"no version of WARC that is known here (0.17 to 1.1): {lines[0][:40]!r}"
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        key = name.rstrip(" \t").lower()
        if not colon or not _NAME.fullmatch(key):
            return f"a line of its head is no field: {line[:40]!r}"
        if key not in fields:
            fields[key] = value.strip(" \t")
        elif key not in _REPEATABLE:
            faults.append(fault("repeated", f"{key} stands more than once"))
    length = fields.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        return "it has no Content-Length" if not length else f"its Content-Length is {length[:40]!r}"
    found = Named(version[1], fields.get("warc-type", "").lower(), fields, int(length), faults)
    _about(found)
    return found


def _lines(head: bytes, faults: list[Fault]) -> list[str]:
    """Return the lines of a head, folded ones joined."""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        faults.append(fault("latin-1"))
    text = text.rstrip("\r\n")
    lines = text.split("\r\n")
    if "\n" in text.replace("\r\n", ""):
        faults.append(fault("bare-lf"))
        lines = [line.removesuffix("\r") for line in text.split("\n")]
    if "\n " in text or "\n\t" in text:
        faults.append(fault("folded"))
        lines = _unfolded(lines)
    return lines


def _unfolded(lines: list[str]) -> list[str]:
    whole = lines[:1]
    for line in lines[1:]:
        if line.startswith((" ", "\t")) and len(whole) > 1:
            whole[-1] += " " + line.strip(" \t")
        else:
            whole.append(line)
    return whole


def _about(found: Named) -> None:
    """Apply the rules for named fields that say who a record is, and put them in one shape."""
    fields, faults = found.fields, found.faults
    _address(found, fields.get("warc-target-uri"))
    record = fields.get("warc-record-id", "")
    if not record.startswith("<"):
        faults.append(fault("bare-id" if record else "no-id"))
        if record:
            fields["warc-record-id"] = f"<{record}>"
    date = fields.get("warc-date", "")
    if warc_moment(date) is None:
        faults.append(fault("date-invalid", f"the WARC-Date is {date[:40]!r}"))
    elif date.isdigit():
        faults.append(fault("date-digits"))
    if found.length and not fields.get("content-type"):
        faults.append(fault("no-content-type"))


def _address(found: Named, uri: str | None) -> None:
    if uri is None:
        if found.kind not in _NO_URI:
            found.faults.append(fault("no-uri"))
        return
    if uri.startswith("<") and uri.endswith(">"):
        found.fields["warc-target-uri"] = uri = uri[1:-1]
        found.faults.append(fault("bracketed-uri"))
    if not is_uri(uri):
        found.faults.append(fault("invalid-uri", f"the WARC-Target-URI is {uri[:200]!r}"))


# the block


@dataclass(slots=True)
class _Entity:
    """Where the payload of a record lies in its block."""

    body: int = 0
    head: HttpHead | None = None
    method: str | None = None
    chunked: bool = False
    first_body: int = 0
    """Where the body would begin for who takes an interim head for the whole one."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a record's block holds."""

    status: int | None
    headers: Headers
    method: str | None
    digest: str
    payload_length: int


def examine(record: Named, first: bytes | memoryview, rest: Iterable[bytes] = ()) -> Held:
    """Return what a block holds, read to its end: its first FIRST bytes, or all of it, and what follows."""
    faults = record.faults
    entity = _entity(record, bytes(first[:FIRST]) if len(first) > FIRST else first, faults)
    sums = _Sums(record, entity, faults)
    sums.take(first, rest)
    _compare(record, sums, faults)
    _http_length(record, entity, sums.payload_length, faults)
    digest = written("sha256", sums.payload.digest()) if record.kind != "revisit" else _recorded(record)
    head = entity.head
    return Held(
        head.status if head else None,
        head.headers if head else (),
        entity.method,
        digest,
        sums.payload_length,
    )


def seen(offset: int, end: int, record: Named, held: Held) -> Seen:
    """Return a record as scanning gives it."""
    return Seen(
        offset,
        end,
        record.kind,
        record.version,
        record.fields,
        record.length,
        held.status,
        held.headers,
        held.digest,
        held.payload_length,
        held.method,
        tuple(record.faults),
    )


def _entity(record: Named, first: bytes | memoryview, faults: list[Fault]) -> _Entity:
    if record.kind == "request":
        return _request(first)
    if record.kind not in {"response", "revisit"}:
        return _Entity()
    mime = record.fields.get("content-type")
    if not is_http(record.kind, mime, bytes(first[:LOOK])):
        if record.kind == "response":
            _no_head(record, mime or "", faults)
        return _Entity()
    entity = _response(first, faults)
    if entity.head and entity.head.chunked and record.kind == "response":
        truncated = "warc-truncated" in record.fields
        entity.chunked = framed(first[entity.body : entity.body + LOOK], truncated=truncated)
        if not entity.chunked:
            faults.append(fault("not-chunked"))
    return entity


def _no_head(record: Named, mime: str, faults: list[Fault]) -> None:
    if mime.lower().startswith("text/dns"):
        faults.append(fault("dns-response"))
    elif not mime or mime.lower().startswith("application/http"):
        faults.append(fault("no-status-line", f"the block of {record.length} bytes has no status line"))


def _request(first: bytes | memoryview) -> _Entity:
    method = _METHOD.match(first)
    end = head_end(first)
    return _Entity(end if method and end > 0 else 0, None, method[1].decode() if method else None)


def _response(first: bytes | memoryview, faults: list[Fault]) -> _Entity:
    """Return where the body begins behind the last head, interim (1xx) ones passed over."""
    start, first_body, found = 0, 0, None
    while True:
        end = head_end(first, start)
        if end < 0 and len(first) >= FIRST:
            faults.append(fault("endless-head"))
            return _Entity()
        head = parse_head(bytes(first[start : end if end >= 0 else len(first)]).rstrip(b"\r\n") + b"\r\n")
        if head is None:
            break
        found, start = head, end if end >= 0 else len(first)
        first_body = first_body or start
        if head.status >= 200 or head.status == 101 or end < 0:
            break
    if first[:6] == b"HTTP/2" or first[:6] == b"HTTP/3":
        faults.append(fault("http-2"))
    if b":status:" in bytes(first[:start]):
        faults.append(fault("pseudo-fields"))
    return _Entity(start, found, None, first_body=first_body)


class _Sums:
    """Digests of one block: of all of it, of its payload, and of what other tools take for the payload."""

    def __init__(self, record: Named, entity: _Entity, faults: list[Fault]) -> None:
        self.entity = entity
        self.payload_length = 0
        self.said_block = _said(record, "warc-block-digest", faults)
        said = None if record.kind == "revisit" else _said(record, "warc-payload-digest", faults)
        self.said_payload = said
        self.block = hasher(self.said_block.algorithm) if self.said_block else None
        self.payload = hashlib.sha256()
        self.also = hasher(said.algorithm) if said and said.algorithm != "sha256" else None
        odd = entity.chunked or entity.first_body != entity.body
        self.behind = hasher(said.algorithm) if said and odd else None
        """Over all that follows the first head."""
        self._faults = faults

    def take(self, first: bytes | memoryview, rest: Iterable[bytes]) -> None:
        view = memoryview(first)
        if self.block:
            self.block.update(view)
        if self.behind:
            self.behind.update(view[self.entity.first_body :])
        body = view[self.entity.body :]
        if self.entity.chunked:
            self._chunks(body, rest)
            return
        self._payload(body)
        for piece in self._teed(rest):
            self._payload(piece)

    def _chunks(self, body: memoryview, rest: Iterable[bytes]) -> None:
        left = self._teed(rest)
        start = bytes(body)
        whole = isinstance(rest, tuple) and not rest
        stream = io.BytesIO(start) if whole else Joined(start, cast("BinaryIO", _Stream(left)))
        chunks = dechunk(stream)
        for piece in chunks:
            self._payload(piece)
        for _ in left:
            pass
        if not chunks.whole:
            self._faults.append(fault("chunks-broken", chunks.reason))

    def _payload(self, piece: bytes | memoryview) -> None:
        self.payload_length += len(piece)
        self.payload.update(piece)
        if self.also:
            self.also.update(piece)

    def _teed(self, rest: Iterable[bytes]) -> Iterator[bytes]:
        for piece in rest:
            if self.block:
                self.block.update(piece)
            if self.behind:
                self.behind.update(piece)
            yield piece


class _Stream:
    """Pieces as something that can be read, each as long as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._next: Callable[[], bytes] = lambda: next(pieces, b"")

    def read(self, _: int = -1) -> bytes:
        return self._next()


def _said(record: Named, name: str, faults: list[Fault]) -> Digest | None:
    text = record.fields.get(name)
    if text is None:
        if name == "warc-block-digest":
            faults.append(fault("no-block-digest"))
        return None
    if text.startswith("sha256:") and _HEXADECIMAL.fullmatch(text, 7):
        return Digest("sha256", bytes.fromhex(text[7:]))
    digest = parse_digest(text)
    if digest is None or digest.value is None:
        faults.append(fault("digest-unknown", f"{name} is {text[:100]!r}"))
        return None
    return digest


def _compare(record: Named, sums: _Sums, faults: list[Fault]) -> None:
    if sums.said_block and sums.block and sums.block.digest() != sums.said_block.value:
        said = record.fields["warc-block-digest"]
        faults.append(fault("block-digest", f"the block digest is not {said}"))
    if sums.said_payload is None:
        return
    if (sums.also or sums.payload).digest() == sums.said_payload.value:
        return
    if sums.behind and sums.behind.digest() == sums.said_payload.value:
        faults.append(fault("digest-over-framing" if sums.entity.chunked else "digest-after-first-head"))
        return
    said = record.fields["warc-payload-digest"]
    faults.append(fault("payload-digest", f"the payload digest is not {said}"))


def _recorded(record: Named) -> str:
    """Return the payload digest of a revisit: SHA-256 in our notation, another as it stands."""
    text = record.fields.get("warc-payload-digest", "")
    digest = parse_digest(text)
    return (
        written("sha256", digest.value) if digest and digest.value and digest.algorithm == "sha256" else text
    )


def _http_length(record: Named, entity: _Entity, length: int, faults: list[Fault]) -> None:
    head: Any = entity.head
    if record.kind != "response" or head is None or head.chunked or "warc-truncated" in record.fields:
        return
    said = next((value for name, value in head.headers if name.lower() == "content-length"), "")
    if head.status in {204, 304} or head.status < 200 or not _LENGTH.fullmatch(said) or int(said) == length:
        return
    faults.append(fault("http-length", f"the HTTP Content-Length is {said}, the body {length} bytes"))
