# SPDX-License-Identifier: EUPL-1.2
"""
A record that is held whole and has nothing odd about it, taken apart in as few steps as there can be.

    data ──▶ `quick` ──▶ Seen, or None: `held` decides      nearly every record of every tool is taken here

It only ever accepts. Whatever it is not sure of it leaves to `held`, which knows every rule, and gives the
same for a record that is taken here (tests/test_quick.py). Expressions do in one call what Python would do
field by field: that took two thirds of the time, inflating and hashing a third. Knows nothing of files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from types import MappingProxyType

import msgspec

from ..dialect import is_uri
from ..exchange import Headers
from .record_head import fault
from .seen import Fault, Seen, is_sent

_HEAD = re.compile(
    rb"WARC/(?:0\.18|1\.[01])\r\n(?:[A-Za-z-]++: [!-~](?:[ -~]*+(?<! ))?\r\n)++\r\n",
)
_FIELD = re.compile(r"^([A-Za-z-]++): ([!-~](?:[ -~]*+(?<! ))?)\r\n", re.MULTILINE)
_VERSIONS = MappingProxyType({"WARC/0.18": "0.18", "WARC/1.0": "1.0", "WARC/1.1": "1.1"})
_STATUS = re.compile(r"HTTP/1\.[01] ([2-5]\d\d)(?: [^\r\n]*+)?\r\n", re.ASCII)
_HTTP_FIELD = re.compile(r"^([!-9;-~]++):(?: (?! ))?(?! )([^\r\n\t\0]*+(?<! ))\r\n", re.MULTILINE)
"""With white space that is no part of the value in one place alone."""
_METHOD = re.compile(rb"([A-Z]{1,16}) [^\r\n]*\r\n(?:[^\r\n]++\r\n)*+\r\n")
_LENGTH = re.compile(r"\ncontent-length: ?(\d{1,9})\r")
_DATE = re.compile(r"[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T[01]\d:[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z")
_SHA1 = re.compile(r"sha1:[A-Z2-7]{32}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,7})\r\n")
_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
_MOST_CHUNKS = 2000
_TAIL = b"\r\n\r\n"
_BLANK = re.compile(_TAIL)
_LONGEST = 1 << 16
"""Bytes of a head that is taken here."""
_NO_HEADERS: Headers = ()
_NO_FAULTS: tuple[Fault, ...] = ()
_PLAIN_KINDS = frozenset({"resource", "metadata", "warcinfo", "conversion"})
_OVER_FRAMING = (fault("digest-over-framing"),)


class _Names(dict[str, str]):
    """Names of fields in lower case: there are few, so each is made once. Bounded, as a file can have any."""

    def __missing__(self, name: str) -> str:
        lower = name.lower()
        if len(self) < 1000:
            self[name] = lower
        return lower


_LOWER = _Names()


class _Payload(msgspec.Struct, frozen=True):
    status: int | None = None
    headers: Headers = _NO_HEADERS
    method: str | None = None
    body: int = 0
    chunked: bool = False


class _Taken(msgspec.Struct, frozen=True):
    kind: str
    version: str
    fields: dict[str, str]
    block: memoryview
    payload: _Payload
    offset: int
    end: int


def head_length(data: bytes | memoryview) -> tuple[int, int] | None:
    """Return how long a record's head and block are; None where its head is not one that is taken here."""
    head = _HEAD.match(data)
    if head is None:
        return None
    at = head[0].find(b"\r\nContent-Length: ")
    digits = head[0][at + 18 : at + 30].partition(b"\r")[0]
    return (head.end(), int(digits)) if at >= 0 and digits.isdigit() and len(digits) < 10 else None


def quick(data: bytes | memoryview, offset: int, end: int) -> Seen | None:
    """Return the record that `data` is, tail included, which lies between two places; None in doubt."""
    text = _head(data, 0)
    version = _VERSIONS.get(text[: text.find("\r")])
    pairs = _FIELD.findall(text)
    if version is None or data[-4:] != _TAIL or len(pairs) != text.count("\n") - 1:
        return None  # a line is no plain field
    fields = {_LOWER[name]: value for name, value in pairs}
    start = len(text) + 2
    block = memoryview(data)[start:-4]
    if len(fields) != len(pairs) or fields.get("content-length") != str(len(block)) or not _is_usual(fields):
        return None
    kind = fields["warc-type"].lower()
    payload = _payload(kind, fields, block, data, start)
    return _checked(_Taken(kind, version, fields, block, payload, offset, end)) if payload else None


def _head(data: bytes | memoryview, start: int) -> str:
    """Return the lines from a place to a blank one; nothing where none is near."""
    if isinstance(data, bytes):
        end = data.find(_TAIL, start, start + _LONGEST)
    else:
        blank = _BLANK.search(data, start, start + _LONGEST)
        end = blank.start() if blank else -1
    return str(data[start : end + 2], "latin-1") if end >= 0 else ""


def _is_usual(fields: dict[str, str]) -> bool:
    """Tell whether no rule for named fields is needed."""
    uri = fields.get("warc-target-uri")
    return (
        "warc-type" in fields
        and "content-type" in fields
        and "warc-truncated" not in fields
        and fields.get("warc-record-id", "").startswith("<")
        and _DATE.fullmatch(fields.get("warc-date", "")) is not None
        and (is_uri(uri) if uri is not None else fields["warc-type"] == "warcinfo")
    )


def _payload(
    kind: str, fields: dict[str, str], block: memoryview, data: bytes | memoryview, start: int
) -> _Payload | None:
    """Return where the payload lies in a block; None in doubt."""
    if kind in _PLAIN_KINDS:
        return _Payload()
    if not fields["content-type"].startswith("application/http"):
        return None
    if kind == "request":
        request = _METHOD.match(block)
        return _Payload(method=request[1].decode(), body=request.end()) if request else None
    return _response(kind, _head(data, start), len(block)) if kind in {"response", "revisit"} else None


def _response(kind: str, text: str, length: int) -> _Payload | None:
    line = _STATUS.match(text)
    headers = _HTTP_FIELD.findall(text, line.end()) if line else []
    if line is None or len(headers) != text.count("\n") - 1:
        return None  # a line is no plain field
    small = text.lower()
    status, chunked, body = int(line[1]), False, len(text) + 2
    if "\ntransfer-encoding:" in small:
        chunked = "\ntransfer-encoding: chunked\r" in small and small.count("\ntransfer-encoding:") == 1
        if not chunked or status in {204, 304}:
            return None
    elif kind == "response" and "\ncontent-length:" in small:
        said = _LENGTH.search(small)
        if said is None or int(said[1]) != length - body:
            return None
    return _Payload(status, tuple(headers), None, body, chunked)


def _checked(one: _Taken) -> Seen | None:
    """Return a record whose digests are right; None in doubt."""
    said_block = one.fields.get("warc-block-digest")
    if said_block is None or not _same(said_block, one.block):
        return None
    said, body = one.fields.get("warc-payload-digest"), one.block[one.payload.body :]
    if one.kind == "revisit":
        return _seen(one, said, len(body)) if said and _SHA256.fullmatch(said) else None
    pieces = _pieces(body) if one.payload.chunked else (body,)
    if pieces is None:
        return None
    sha256 = hashlib.sha256(pieces[0] if pieces else b"")
    for piece in pieces[1:]:
        sha256.update(piece)
    digest = f"sha256:{sha256.hexdigest()}"
    length = sum(map(len, pieces))
    if said is None or said == digest:
        return _seen(one, digest, length)
    if not _same(said, body):
        return None
    return _seen(one, digest, length, _OVER_FRAMING if one.payload.chunked else _NO_FAULTS)


def _seen(one: _Taken, digest: str, length: int, faults: tuple[Fault, ...] = _NO_FAULTS) -> Seen:
    found = one.payload
    return Seen(
        one.offset,
        one.end,
        one.kind,
        one.version,
        one.fields,
        len(one.block),
        found.status,
        found.headers,
        digest,
        length,
        found.method,
        bytes(one.block) if is_sent(found.method) else b"",
        faults,
    )


def _pieces(body: memoryview) -> Sequence[memoryview] | None:
    """Return the chunks of a body that ends just where they do; None in doubt."""
    pieces: list[memoryview] = []
    at = 0
    while len(pieces) < _MOST_CHUNKS and (size := _SIZE.match(body, at)):
        length = int(size[1], 16)
        start = size.end()
        at = start + length + 2
        if bytes(body[at - 2 : at]) != b"\r\n":
            return None
        if length == 0:
            return pieces if at == len(body) else None
        pieces.append(body[start : at - 2])
    return None


def _same(said: str, data: memoryview) -> bool:
    """Tell whether a digest in one of the two usual notations is that of the data."""
    if _SHA1.fullmatch(said):
        number = int(said[5:].encode("ascii").translate(_BASE32), 32)
        return number.to_bytes(20, "big") == hashlib.sha1(data, usedforsecurity=False).digest()
    return _SHA256.fullmatch(said) is not None and said[7:] == hashlib.sha256(data).hexdigest()
