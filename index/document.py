# SPDX-License-Identifier: EUPL-1.2
"""
A document: one distinct text of one page, and where its text record lies. Knows neither SQL nor Whoosh.

A page whose markup changes every day and whose text does not is one document. `history` says on which
days it was online, `catalogue` says which words are in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a visitor would call a text's file."""

    HTML = "html"
    PDF = "pdf"
    DOCUMENT = "document"


_KINDS = MappingProxyType(
    {"text/html": Kind.HTML, "application/xhtml+xml": Kind.HTML, "application/pdf": Kind.PDF}
)


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


def kind_of(mime: str) -> Kind:
    """Return what a file of a media type is called; what has a text and no name of its own is a document."""
    return _KINDS.get(mime, Kind.DOCUMENT)
