# SPDX-License-Identifier: EUPL-1.2
"""
A document: one distinct text of one page under one title, and where its text record lies. Knows neither SQL
nor Whoosh.

A page whose markup changes every day and whose text and title do not is one document; another title makes
another, since words are found in titles too, and its language decides by which endings. `history` says on
which days it was online, `catalogue` says which words are in it.
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
    """14-digit name of the snapshot in which this text was first seen under this title."""
    filename: str
    offset: int
    length: int
    text: str
    """Digest of the text: equal for equal texts of a page, whatever its title."""


def document_id(site: str, url: str, text: str, title: str, language: str) -> str:
    """Return the name of a document: 32 hexadecimal digits of SHA-256 over all that decides what finds it."""
    said = f"{site}\n{url}\n{text}\n{language}\n{title}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def kind_of(mime: str) -> Kind:
    """Return what a file of a media type is called; what has a text and no name of its own is a document."""
    return _KINDS.get(mime, Kind.DOCUMENT)
