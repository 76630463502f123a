# SPDX-License-Identifier: EUPL-1.2
"""
Reads a WARC back from its first byte to its last: what each record is, and what is wrong with it.

    small, whole, in the shape we write ──▶ taken in one piece     nearly every record
    everything else                     ──▶ `records`, in pieces   other tools' records, long ones, damage

The quick way only ever accepts. Whatever it is not sure of, it leaves to the slow way, which accepts or says
what is wrong; both give the same for the same record. Knows nothing of indexes or of other records.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from index.errors import DamagedError

from .payload import dechunk
from .records import BrokenError, Record, iterate, payload, read_http_head

_WINDOW = 1 << 20
"""Bytes of a file that are held, and the longest record that is taken in one piece."""
_STEP = 1 << 14
"""Bytes given to zlib at once: what is left of them behind the end of a member is copied."""
_WANTED = re.compile(
    rb"WARC/1\.1\r\nWARC-Type: (response|revisit|request|resource|warcinfo)\r\n"
    rb"((?:[A-Za-z-]+: [!-~][ -~]*\r\n)*)Content-Length: (\d{1,7})\r\n\r\n"
)
_HTTP_HEAD = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)(?: [^\r\n]*)?\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)*\r\n")
_SAID_ALREADY = frozenset({"warc-type", "content-length"})
_NO_BODY = frozenset({b"204", b"304"})


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was read to its end."""

    offset: int
    end: int
    """Where the next record begins, or the file ends."""
    kind: str
    fields: dict[str, str]
    """Named fields by their names in lower case, the first of each."""
    digest: str
    """Of the payload as it is; of a revisit, as its field says."""
    faults: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The WARC-Target-URI."""
        return self.fields.get("warc-target-uri", "")


def read_back(path: Path, offset: int = 0) -> Iterator[Found]:
    """
    Yield every record from an offset on, each read to its end and its digests recomputed.

    Memory stays bounded, whatever a record's size. Raises BrokenError where the file cannot be read on.
    """
    try:
        with path.open("rb", buffering=0) as file:
            window = _Window(file.fileno())
            size = os.fstat(file.fileno()).st_size
            while offset < size:
                found = _quickly(window, offset) or _slowly(path, offset)
                yield found
                offset = found.end
    except OSError as error:
        raise BrokenError(f"{path} cannot be read ({error.strerror or error}).", offset) from error


# the quick way


class _Window:
    """Bytes of a file from any place, read a million at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._data = b""
        self._at = 0

    def view(self, offset: int, length: int) -> memoryview:
        """Return up to so many bytes from an offset on; fewer only at the end of the file."""
        start = offset - self._at
        if not 0 <= start <= len(self._data) - length:
            self._data, self._at, start = os.pread(self._descriptor, _WINDOW, offset), offset, 0
        return memoryview(self._data)[start : start + length]


def _quickly(window: _Window, offset: int) -> Found | None:
    compressed = bytes(window.view(offset, 2)) == b"\x1f\x8b"
    data, length = _inflated(window, offset) if compressed else _plain(window, offset)
    head = _WANTED.match(data)
    if head is None or data[head.end() + int(head[3]) :] != b"\r\n\r\n":
        return None
    fields = _fields(head[2].decode("ascii"))
    return _accepted(head, data, fields, offset, length) if fields else None


def _fields(lines: str) -> dict[str, str]:
    """Return named fields by their names in lower case; nothing where one stands twice."""
    pairs = [line.split(": ", 1) for line in lines.split("\r\n")[:-1]]
    fields = {name.lower(): value.rstrip(" ") for name, value in pairs}
    return fields if len(fields) == len(pairs) and not fields.keys() & _SAID_ALREADY else {}


def _inflated(window: _Window, offset: int) -> tuple[bytes, int]:
    """Return the gzip member at an offset, inflated, and its length in the file; nothing where in doubt."""
    inflate, data, fed = zlib.decompressobj(zlib.MAX_WBITS + 16), b"", 0
    while not inflate.eof:
        piece = window.view(offset + fed, _STEP)
        fed += len(piece)
        try:
            data += inflate.decompress(piece, _WINDOW)
        except zlib.error:
            return b"", 0
        if not piece or inflate.unconsumed_tail or len(data) > _WINDOW:
            return b"", 0
    return data, fed - len(inflate.unused_data)


def _plain(window: _Window, offset: int) -> tuple[bytes, int]:
    """Return the record at an offset of a file that is not compressed, and its length; nothing in doubt."""
    head = _WANTED.match(window.view(offset, _STEP))
    length = head.end() + int(head[3]) + 4 if head else _WINDOW + 1
    return (bytes(window.view(offset, length)), length) if length <= _WINDOW else (b"", 0)


def _accepted(
    head: re.Match[bytes], data: bytes, fields: dict[str, str], offset: int, length: int
) -> Found | None:
    """Return a record whose digests are right and whose payload leaves no doubt."""
    kind, block = head[1].decode(), memoryview(data)[head.end() : -4]
    said = fields.get("warc-payload-digest")
    digest: str | None = said or ""
    if kind != "revisit":
        digest = _payload_of(block) if kind == "response" else _sha256(block)
    if digest is None or fields.get("warc-block-digest") != _sha256(block) or said not in {None, digest}:
        return None
    return Found(offset, offset + length, kind, fields, digest)


def _payload_of(block: memoryview) -> str | None:
    head = _HTTP_HEAD.match(block)
    if head is None:
        return None
    names = head[0].lower()
    codings = names.count(b"transfer-encoding")
    if codings == 0 or head[1] in _NO_BODY:
        return _sha256(block[head.end() :])
    if codings > 1 or b"\r\ntransfer-encoding: chunked\r\n" not in names:
        return None
    digest = hashlib.sha256()
    for piece in dechunk(io.BytesIO(block[head.end() :])):
        digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def _sha256(data: bytes | memoryview) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


# the slow way


def _slowly(path: Path, offset: int) -> Found:
    with closing(iterate(path, offset)) as records:
        _, record = next(records)
        try:
            fields = {name.lower(): value for name, value in reversed(record.fields)}
            digest, faults = _examined(record)
        except DamagedError as error:
            raise BrokenError(str(error), offset) from error
        try:
            following = next(records, None)
            end = path.stat().st_size if following is None else following[0]
        except BrokenError as error:
            if error.offset == offset:
                raise
            end = error.offset
    return Found(offset, end, record.kind, fields, digest, faults)


def _examined(record: Record) -> tuple[str, tuple[str, ...]]:
    """Read a record's block to its end, and return its payload digest and what is wrong with it."""
    block = hashlib.sha256()
    tee = cast("BinaryIO", _Tee(record, block.update))
    digest, faults = _payload_digest(record, tee)
    for _ in iter(lambda: tee.read(65536), b""):
        pass
    said = record.field("WARC-Block-Digest")
    if said != f"sha256:{block.hexdigest()}":
        faults.append(f"the block digest is not {said}")
    said = record.field("WARC-Payload-Digest")
    if record.kind == "revisit":
        digest = said or ""
    elif said is not None and said != digest:
        faults.append(f"the payload digest is not {said}")
    return digest, tuple(faults)


def _payload_digest(record: Record, tee: BinaryIO) -> tuple[str, list[str]]:
    chunks: Iterator[bytes] = iter(lambda: tee.read(65536), b"")
    if record.kind == "response":
        try:
            chunks = payload(tee, read_http_head(tee, record.field("WARC-Target-URI") or ""))
        except DamagedError as error:
            return "", [str(error)]
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}", []


class _Tee:
    """A record's block that tells a digest everything that is read of it."""

    def __init__(self, record: Record, update: Callable[[bytes], object]) -> None:
        self._block = record.block
        self._update = update

    def read(self, size: int = -1) -> bytes:
        data = self._block.read(size)
        self._update(data)
        return data

    def readline(self, limit: int = -1) -> bytes:
        data = self._block.readline(limit)
        self._update(data)
        return data
