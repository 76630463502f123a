# SPDX-License-Identifier: EUPL-1.2
"""
What a stored record answers: status, header fields and payload of a response, or of one it was the same as.

    block    of a response: status line, fields, blank line, body with its transfer coding
    revisit  status and fields of its own day, the payload of the record that it refers to

Bounded, whatever a record says of itself; what cannot be read is a DamagedError. Knows nothing of where in a
file a record is (records.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from index.errors import DamagedError, NotFoundError
from index.model import Capture, Original

from .dialect import HttpHead, is_http, parse_head, payload
from .exchange import Headers
from .records import Block, Record, at_once, chunks_of, open_whole, read_head


@dataclass(frozen=True, slots=True)
class Response:
    """A stored response: status and fields of its day, and the payload of that day or one proven equal."""

    status: int
    reason: str
    headers: Headers
    body: Iterator[bytes]
    """Without transfer coding, with content coding."""
    date: str
    """WARC-Date of the capture asked for."""
    truncated: str | None


@contextlib.contextmanager
def open_response(find: Callable[[str, str], Path], snapshot: str, capture: Capture) -> Iterator[Response]:
    """
    Open the response of a capture; `find(snapshot, filename)` tells where a WARC stands.

    For a revisit the status and the header fields are those of the day itself, the payload comes from the
    record it refers to, which the digest proved equal. Raises DamagedError, and NotFoundError for a revisit
    whose payload is nowhere.
    """
    if capture.unresolved:
        raise NotFoundError(
            f"What {capture.url} showed is not in this archive: its record says that it was the same as one "
            "that was never imported."
        )
    with contextlib.ExitStack() as stack:
        record = stack.enter_context(_open(find, snapshot, capture))
        original = capture.original
        source = stack.enter_context(_open(find, original.snapshot, original)) if original else record
        yield _response(record, source, capture.url)


def response_at_once(
    find: Callable[[str, str], Path], snapshot: str, capture: Capture, *, waiting: bool = True
) -> Response | None:
    """
    Return the response of a capture as `open_response` does, if its records are small, each read in one go.

    None for any other, and where a record cannot be read so; without `waiting` also where a disk would have
    to be waited for. Raises DamagedError.
    """
    if capture.unresolved:
        return None
    record = _small(find, snapshot, capture, waiting=waiting)
    original = capture.original
    source = _small(find, original.snapshot, original, waiting=waiting) if original and record else record
    return _response(record, source, capture.url) if record and source else None


def _small(
    find: Callable[[str, str], Path], snapshot: str, there: Capture | Original, *, waiting: bool
) -> Record | None:
    if there.segments:
        return None
    try:
        return at_once(find(snapshot, there.filename), there.offset, there.length, waiting=waiting)
    except OSError:  # nobody can read it; or EAGAIN where it is not in memory, EOPNOTSUPP where none can tell
        return None


def _response(record: Record, source: Record, url: str) -> Response:
    """Return what a record tells, with the payload of its source: the same one, or that of a revisit."""
    head, body = read_response(source)
    if source is not record:
        own = read_http_head(record.block, url) if _speaks_http(record) else head
        head = head if own.status == 304 else own
    date = record.field("WARC-Date") or ""
    return Response(head.status, head.reason, head.headers, body, date, source.field("WARC-Truncated"))


def read_response(record: Record) -> tuple[HttpHead, Iterator[bytes]]:
    """
    Return head and payload of a response or a resource, by the rules of `dialect`: scanning finds the same.

    What has no HTTP head is all payload, of the media type that its record says. Raises DamagedError.
    """
    if _speaks_http(record):
        head = read_http_head(record.block, record.field("WARC-Target-URI") or "")
        return head, payload(record.block, head, truncated=record.field("WARC-Truncated") is not None)
    mime = record.field("Content-Type") or "application/octet-stream"
    fields = () if mime.lower().startswith("application/http") else (("Content-Type", mime),)
    return HttpHead(200, "OK", fields), chunks_of(record.block)


def _speaks_http(record: Record) -> bool:
    first = cast("io.BufferedReader | Block", record.block).peek(1)
    return is_http(record.kind, record.field("Content-Type"), first)


def _open(
    find: Callable[[str, str], Path], snapshot: str, there: Capture | Original
) -> contextlib.AbstractContextManager[Record]:
    path = find(snapshot, there.filename)
    return open_whole(partial(find, snapshot), path, there.offset, there.segments, there.length)


def read_http_head(block: BinaryIO, url: str) -> HttpHead:
    """
    Read status line and header fields of a response, interim (1xx) ones passed over.

    Leaves the stream at the body. A response that was cut inside an interim head has that one. Raises
    DamagedError where there is no status line.
    """
    where = f"The stored response of {url}"
    found: HttpHead | None = None
    while lines := read_head(block, where):
        head = parse_head(lines)
        if head is None:
            break
        found = head
        if found.status >= 200 or found.status == 101:
            return found
    if found is None or lines:
        raise DamagedError(f"{where} has no HTTP status line. Run `daykeep verify`.")
    return found


def payload_digest(record: Record) -> str:
    """Return the digest of the payload of a response or a resource, read to its end. Raises DamagedError."""
    digest = hashlib.sha256()
    for chunk in read_response(record)[1]:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
