# SPDX-License-Identifier: EUPL-1.2
"""
What an archived page sends, and which answer of its day is to just that. Nothing is passed on to anybody.

    POST /api  {"q":1} ─▶ method, what of the body stands in the key (index.request_key), SHA-256 of the body
                       ─▶ the answer to the same method and body; of several the same bytes, the latest

A body is held to be digested, and then forgotten; of one that is longer than an index looks into, nothing is
read to its end. Knows nothing of pages or of rewriting.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from werkzeug import Request as Visit

from index.cdxj import Index
from index.model import Capture, moment
from index.request_key import MAX_BODY, query_of, tells

READ = frozenset({"GET", "HEAD"})
"""Methods that send nothing."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a visitor's browser sent."""

    method: str
    query: str
    digest: str


def sent_by(visit: Visit) -> Sent | None:
    """Return what a request sends; None where it is more than MAX_BODY bytes."""
    body = b"" if visit.method in READ else visit.stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return None
    query = query_of(visit.method, visit.headers.get("Content-Type", ""), body)
    return Sent(visit.method, query, f"sha256:{hashlib.sha256(body).hexdigest()}")


def answer_to(index: Index, url: str, sent: Sent) -> Capture | None:
    """Return what a normalised URL answered to the same method and body; None where it was never asked so."""
    best: tuple[bool, tuple[str, str, str, int]] | None = None
    answer = None
    for capture in index.asked(url, sent.method, sent.query):
        same = capture.request is not None and capture.request.digest == sent.digest
        place = (same, moment(capture))
        if (same or tells(sent.query)) and (best is None or place > best):
            best, answer = place, capture
    return answer
