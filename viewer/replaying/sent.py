# SPDX-License-Identifier: EUPL-1.2
"""
What an archived page sends, and which answer of its day is to just that. Nothing is passed on to anybody.

    POST /api  {"q":1} ─▶ method, what of the body stands in the key (index.request_key), SHA-256 of the body
                       ─▶ the answer to the same method and the very same bytes, of several the latest
               a form in parts whose boundary alone is another: the archived request is read and compared

Requests that share a key may ask for different things: `{"match":{"a":1}}` and `{"term":{"a":1}}` do. A body
is held to be digested, and then forgotten; of one that is longer than an index looks into, nothing is read to
its end. Knows nothing of pages or of rewriting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

from werkzeug import Request as Visit

from archiver.dialect import head_end
from archiver.exchange import header, header_fields
from archiver.records import MAX_HEAD, open_record
from index.cdxj import Index
from index.model import Capture, Request, moment
from index.request_key import MAX_BODY, parts_of, query_of

READ = frozenset({"GET", "HEAD"})
"""Methods that send nothing."""


MAX_COMPARED = 16
"""Archived requests that are read for one that is asked now, the latest of those that share its key."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a visitor's browser sent."""

    method: str
    query: str
    digest: str
    parts: list[bytes] | None = None
    """What stands between the boundaries, where it is a form in parts."""


def sent_by(visit: Visit) -> Sent | None:
    """Return what a request sends; None where it is more than MAX_BODY bytes."""
    body = b"" if visit.method in READ else visit.stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return None
    mime = visit.headers.get("Content-Type", "")
    query = query_of(visit.method, mime, body)
    return Sent(visit.method, query, f"sha256:{hashlib.sha256(body).hexdigest()}", parts_of(mime, body))


def answer_to(index: Index, url: str, sent: Sent, find: Callable[[str], Path]) -> Capture | None:
    """
    Return what a normalised URL answered to the same method and body; None where it was never asked so.

    `find` tells where a WARC of the snapshot stands. Raises DamagedError.
    """
    alike = list(index.asked(url, sent.method, sent.query))
    same = (one for one in alike if one.request and one.request.digest == sent.digest)
    return max(same, key=moment, default=None) or _with_the_same_parts(alike, sent, find)


def _with_the_same_parts(alike: Iterable[Capture], sent: Sent, find: Callable[[str], Path]) -> Capture | None:
    if sent.parts is None:
        return None
    for capture in nlargest(MAX_COMPARED, alike, key=moment):
        if capture.request and _parts_in(capture.request, find) == sent.parts:
            return capture
    return None


def _parts_in(request: Request, find: Callable[[str], Path]) -> list[bytes] | None:
    """Return the parts of an archived form; None where it is none or its record did not come along."""
    if not request.filename:
        return None
    with open_record(find(request.filename), request.offset) as record:
        block = record.block.read(MAX_HEAD + MAX_BODY)
    start = max(head_end(block), 0)
    fields = header_fields(block[:start].partition(b"\n")[2])
    return parts_of(header(fields, "content-type") or "", block[start:])
