# SPDX-License-Identifier: EUPL-1.2
"""
What a record holds, from its named fields and its block: HTTP head, payload, digests. Knows nothing of files.

    response   HTTP head, body     the body without transfer coding is the payload
    request    HTTP head, body
    all else   the payload itself

Any tool's digests are checked by the algorithm they name. A block that is held whole is hashed in one go, a
longer one in pieces; everything that is decided of either is decided by the same lines.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from ..dialect import LOOK, HttpHead, Joined, framed, head_end, is_http, parse_head
from ..digests import Digest, hasher, parse_digest, written
from ..exchange import Headers
from ..payload import dechunk
from .record_head import MAX_HEAD, Named, fault
from .seen import Seen, is_sent

FIRST = MAX_HEAD + LOOK
"""Bytes of a block that are given whole; a block that is longer comes in pieces after them."""
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_METHOD = re.compile(rb"([!-~]{1,32}) [^\n]*\n")
_SHA256 = "sha256"
_NO_HEADERS: Headers = ()


@dataclass(slots=True)
class _Entity:
    """Where the payload of a record lies in its block."""

    body: int = 0
    head: HttpHead | None = None
    method: str | None = None
    chunked: bool = False
    first_body: int = 0
    """Where the body would begin for who takes an interim head for the whole one."""


@dataclass(slots=True)
class _Sums:
    """The digests of one block."""

    payload: bytes
    """SHA-256 of the payload."""
    length: int
    """Bytes of the payload."""
    block: bytes | None
    """By the algorithm of the WARC-Block-Digest."""
    said: bytes | None
    """Of the payload by the algorithm of the WARC-Payload-Digest."""
    behind: bytes | None
    """The same of all that follows the first head, where that is another."""


def examine(
    offset: int, end: int, record: Named, first: bytes | memoryview, rest: Iterable[bytes] = ()
) -> Seen:
    """
    Return a record between two places, its block read to its end.

    `first` is the whole block, or of a longer one its first FIRST bytes; `rest` are the pieces that follow.
    """
    view = memoryview(first)
    entity = _entity(record, view)
    block = _said(record, "warc-block-digest")
    payload = None if record.kind == "revisit" else _said(record, "warc-payload-digest")
    sums = _digests(record, entity, (block, payload), view, rest)
    _compare(record, entity, sums, (block, payload))
    head = entity.head
    if head:
        _http_length(record, entity, sums.length)
    digest = _recorded(record) if record.kind == "revisit" else written(_SHA256, sums.payload)
    return Seen(
        offset,
        end,
        record.kind,
        record.version,
        record.fields,
        record.length,
        head.status if head else None,
        head.headers if head else _NO_HEADERS,
        digest,
        sums.length,
        entity.method,
        bytes(view) if is_sent(entity.method) else b"",
        tuple(record.faults),
    )


# where the payload lies


def _entity(record: Named, first: memoryview) -> _Entity:
    if record.kind == "request":
        return _request(first)
    if record.kind not in {"response", "revisit"}:
        return _Entity()
    mime = record.fields.get("content-type")
    if not is_http(record.kind, mime, first[:LOOK]):
        if record.kind == "response":
            _no_head(record, mime or "")
        return _Entity()
    entity = _response(record, first)
    if record.kind == "response" and entity.head and entity.head.chunked:
        truncated = "warc-truncated" in record.fields
        entity.chunked = framed(first[entity.body : entity.body + LOOK], truncated=truncated)
        if not entity.chunked:
            record.faults.append(fault("not-chunked"))
    return entity


def _no_head(record: Named, mime: str) -> None:
    if mime.lower().startswith("text/dns"):
        record.faults.append(fault("dns-response"))
    elif not mime or mime.lower().startswith("application/http"):
        what = f"the block of {record.length} bytes has no status line"
        record.faults.append(fault("no-status-line", what))


def _request(first: memoryview) -> _Entity:
    method = _METHOD.match(first)
    end = head_end(first)
    return _Entity(end if method and end > 0 else 0, None, method[1].decode() if method else None)


def _response(record: Named, first: memoryview) -> _Entity:
    """Return where the body begins behind the last head, interim (1xx) ones passed over."""
    start, first_body, found, odd = 0, 0, None, False
    while True:
        end = head_end(first, start)
        if end < 0 and len(first) >= FIRST:
            record.faults.append(fault("endless-head"))
            return _Entity()
        end = end if end >= 0 else len(first)
        lines = bytes(first[start:end])
        head = parse_head(_ended(lines))
        if head is None:
            break
        odd = odd or not lines.startswith(b"HTTP/1") or b"\n:" in lines
        found, start = head, end
        first_body = first_body or end
        if head.status >= 200 or head.status == 101 or end == len(first):
            break
    if odd:
        _of_http_2(record, bytes(first[:start]))
    return _Entity(start, found, None, first_body=first_body)


def _ended(lines: bytes) -> bytes:
    """Return a head with its last line ended, and no blank one behind it."""
    return lines[:-2] if lines.endswith(b"\r\n\r\n") else lines.rstrip(b"\r\n") + b"\r\n"


def _of_http_2(record: Named, head: bytes) -> None:
    if head[:6].upper() in {b"HTTP/2", b"HTTP/3"}:
        record.faults.append(fault("http-2"))
    if b":status:" in head:
        record.faults.append(fault("pseudo-fields"))


# digests


def _said(record: Named, name: str) -> Digest | None:
    """Return what a field says; None where it says none, or one that cannot be checked."""
    text = record.fields.get(name)
    if text is None:
        if name == "warc-block-digest":
            record.faults.append(fault("no-block-digest"))
        return None
    digest = parse_digest(text)
    if digest is None or digest.value is None:
        record.faults.append(fault("digest-unknown", f"{name} is {text[:100]!r}"))
        return None
    return digest


def _digests(
    record: Named,
    entity: _Entity,
    said: tuple[Digest | None, Digest | None],
    first: memoryview,
    rest: Iterable[bytes],
) -> _Sums:
    block, payload = (one.algorithm if one else None for one in said)
    if not entity.chunked and entity.body == entity.first_body and rest == ():
        return _of_one_piece(entity, block, payload, first)
    behind = None
    if said[1] and rest == ():
        # what most tools take for the payload of a chunked body: where it is, the true one need not be made
        behind = hasher(said[1].algorithm, first[entity.first_body :]).digest()
        payload = None if behind == said[1].value else payload
    running = _Running(entity, block, payload)
    running.take(first, rest)
    if running.broken:
        record.faults.append(fault("chunks-broken", running.broken))
    return running.sums(behind)


def _of_one_piece(entity: _Entity, block: str | None, payload: str | None, first: memoryview) -> _Sums:
    body = first[entity.body :]
    digest = hasher(_SHA256, body).digest()
    said = digest if payload == _SHA256 else hasher(payload, body).digest() if payload else None
    if block is None:
        whole = None
    elif entity.body == 0 and block in {payload, _SHA256}:
        whole = said if block == payload else digest
    else:
        whole = hasher(block, first).digest()
    return _Sums(digest, len(body), whole, said, None)


class _Running:
    """The digests of a block that comes in pieces, or whose payload does."""

    def __init__(self, entity: _Entity, block: str | None, payload: str | None) -> None:
        self.broken = ""
        """Why the chunk framing ends early."""
        self._entity = entity
        self._length = 0
        self._digest = hasher(_SHA256)
        self._block = hasher(block) if block else None
        self._said = hasher(payload) if payload and payload != _SHA256 else None
        odd = payload and (entity.chunked or entity.first_body != entity.body)
        self._behind = hasher(payload) if payload and odd else None
        self._is_sha256 = payload == _SHA256

    def take(self, first: memoryview, rest: Iterable[bytes]) -> None:
        """Read a block to its end."""
        if self._block:
            self._block.update(first)
        if self._behind:
            self._behind.update(first[self._entity.first_body :])
        body = first[self._entity.body :]
        left = self._teed(rest)
        if self._entity.chunked:
            self._chunks(body, left, whole=rest == ())
            return
        self._payload(body)
        for piece in left:
            self._payload(piece)

    def sums(self, behind: bytes | None) -> _Sums:
        """Return the digests of what was taken; `behind` is that of all after the first head, if known."""
        digest = self._digest.digest()
        said = digest if self._is_sha256 else self._said.digest() if self._said else None
        return _Sums(
            digest,
            self._length,
            self._block.digest() if self._block else None,
            said,
            self._behind.digest() if self._behind else behind,
        )

    def _chunks(self, body: memoryview, left: Iterator[bytes], *, whole: bool) -> None:
        start = bytes(body)
        stream = io.BytesIO(start) if whole else Joined(start, cast("BinaryIO", _Stream(left)))
        chunks = dechunk(stream)
        for piece in chunks:
            self._payload(piece)
        for _ in left:
            pass
        self.broken = chunks.reason

    def _payload(self, piece: bytes | memoryview) -> None:
        self._length += len(piece)
        self._digest.update(piece)
        if self._said:
            self._said.update(piece)

    def _teed(self, rest: Iterable[bytes]) -> Iterator[bytes]:
        for piece in rest:
            if self._block:
                self._block.update(piece)
            if self._behind:
                self._behind.update(piece)
            yield piece


class _Stream:
    """Pieces as something that can be read, each as long as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._next: Callable[[], bytes] = lambda: next(pieces, b"")

    def read(self, _: int = -1) -> bytes:
        return self._next()


# what is said, held against what is so


def _compare(record: Named, entity: _Entity, sums: _Sums, said: tuple[Digest | None, Digest | None]) -> None:
    block, payload = said
    if block and sums.block != block.value:
        nothing = record.kind == "revisit" and block.value == hasher(block.algorithm).digest()
        what = f"the block digest is not {record.fields['warc-block-digest']}"
        record.faults.append(fault("digest-of-nothing") if nothing else fault("block-digest", what))
    if payload is None or sums.said == payload.value:
        return
    if sums.behind == payload.value:
        record.faults.append(fault("digest-over-framing" if entity.chunked else "digest-after-first-head"))
        return
    what = f"the payload digest is not {record.fields['warc-payload-digest']}"
    record.faults.append(fault("payload-digest", what))


def _recorded(record: Named) -> str:
    """Return the payload digest of a revisit: SHA-256 in our notation, another as it stands."""
    text = record.fields.get("warc-payload-digest", "")
    digest = parse_digest(text)
    return written(_SHA256, digest.value) if digest and digest.value and digest.algorithm == _SHA256 else text


def _http_length(record: Named, entity: _Entity, length: int) -> None:
    """Say where the HTTP Content-Length is not the length of the body, unless another rule explains that."""
    head = entity.head
    if head is None or record.kind != "response" or head.chunked or "warc-truncated" in record.fields:
        return
    for name, said in head.headers:
        if len(name) == 14 and name.lower() == "content-length":
            if said == str(length) or head.status in {204, 304} or head.status < 200:
                return
            if _LENGTH.fullmatch(said) and int(said) != length:
                what = f"the HTTP Content-Length is {said}, the body {length} bytes"
                record.faults.append(fault("http-length", what))
            return
