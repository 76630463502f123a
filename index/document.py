# SPDX-License-Identifier: EUPL-1.2
"""
A document: one distinct text of one page, and where its text record lies. Knows neither SQL nor Whoosh.

A page whose markup changes every day and whose text does not is one document. `history` says on which
days it was online, `catalogue` says which words are in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One distinct text of a page. The text itself is in the record of a snapshot's WARC."""

    id: str
    """As `document_id` makes it, so that building the catalogue anew gives the same."""
    site: str
    url: str
    title: str
    language: str
    """Primary language subtag in lower case, empty where unknown."""
    snapshot: str
    """14-digit name of the snapshot in which this text was first seen."""
    filename: str
    offset: int
    length: int


def document_id(site: str, url: str, text_digest: str) -> str:
    """Return the name of a document: 32 hexadecimal digits of SHA-256 over its site, URL and text digest."""
    return hashlib.sha256(f"{site}\n{url}\n{text_digest}".encode()).hexdigest()[:32]
