# SPDX-License-Identifier: EUPL-1.2
"""
What a response says: its links, and for a page or a document its title, language and text.

    response → unread (plain values, bounded) → Read (plain values)

Bounded by what was decoded: a body beyond that is stored whole and read in part, which is said. Knows
nothing of scope, of the frontier or of storing, nor of which process it runs in: see archiver.reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .documents import FILES, MAX_DOCUMENT, read_file
from .exchange import Exchange, Headers, header
from .links import finder_of, media_type, read_document
from .payload import Decoded, decode
from .resolver import Link
from .sitemap import read_sitemap

MAX_PARSED = 8 << 20
"""Bytes of a body, decoded, that are read for links and text."""
MAX_MARKUP = 16_384
"""Bytes of a page's markup that are looked at for what is not a page."""
MAX_SITEMAP = 50 << 20
"""The limit of the sitemap protocol."""

_PRIMARY = re.compile(r"[a-z]{2,8}(?![^-_])", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Unread:
    """What reading needs of one response, and no more of its body than is read."""

    url: str
    headers: Headers
    payload: bytes
    """Without transfer coding, with content coding."""
    cut: bool = False
    """Whether there is more of the payload."""
    sitemap: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one response."""

    links: tuple[Link, ...] = ()
    listed: tuple[str, ...] = ()
    """Pages that a sitemap lists."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps that a sitemap lists."""
    page: tuple[str, str, str] | None = None
    """Title, primary language subtag and text, where it is a page."""
    file: tuple[str, str, str] | None = None
    """The same of a PDF, Word or OpenDocument file."""
    note: str = ""
    """What could not be read, for the ledger."""
    head: str = ""
    """The beginning of a page's markup, as Latin-1."""


def unread_page(exchange: Exchange) -> Unread:
    """Take out of a response what its links and text are in; no body where its media type has none."""
    if exchange.mime in FILES:
        return _unread(exchange, MAX_DOCUMENT)
    readable = finder_of(exchange.mime) is not None or exchange.mime == "unk"
    return _unread(exchange, MAX_PARSED) if readable else Unread(exchange.url, exchange.headers, b"")


def unread_sitemap(exchange: Exchange) -> Unread:
    """Take out of a response what a sitemap lists."""
    return replace(_unread(exchange, MAX_SITEMAP), sitemap=True)


def _unread(exchange: Exchange, most: int) -> Unread:
    """Take at most so many bytes; what is compressed is not shorter when it is not."""
    parts: list[bytes] = []
    for part in exchange.payload():
        parts.append(part)
        most -= len(part)
        if most < 0:
            break
    return Unread(exchange.url, exchange.headers, b"".join(parts), most < 0)


def read(unread: Unread) -> Read:
    """Return what a response says. What a parser raises is raised, though none is known to."""
    if unread.sitemap:
        return _read_sitemap(unread)
    mime, _ = media_type(header(unread.headers, "content-type"), b"")
    return _read_file(unread, mime) if mime in FILES else _read_page(unread)


def _read_page(unread: Unread) -> Read:
    body = _decoded(unread, MAX_PARSED)
    document = read_document(unread.url, unread.headers, body.data)
    page = (document.title, primary(document.language), document.text) if document.is_page else None
    cut = "" if body.whole else f"its links were read in part: {body.reason}"
    note = "; ".join(filter(None, (cut, document.note)))
    head = body.data[:MAX_MARKUP].decode("latin-1") if document.is_page else ""
    return Read(tuple(document.links), page=page, note=note, head=head)


def _read_file(unread: Unread, mime: str) -> Read:
    """Return what a file says that is no page: its text, and the links of its header fields alone."""
    links = tuple(read_document(unread.url, unread.headers, b"").links)
    if not unread.payload:
        return Read(links)
    body = _decoded(unread, MAX_DOCUMENT)
    if not body.whole:
        return Read(links, note=f"its text was not read: {body.reason}")
    found = read_file(mime, body.data)
    said = (found.title, primary(found.language), found.text) if found.text or not found.note else None
    return Read(links, file=said, note=found.note)


def _read_sitemap(unread: Unread) -> Read:
    """Return what a sitemap lists: pages, sitemaps; as links its images, videos and other languages."""
    sitemap = read_sitemap(_decoded(unread, MAX_SITEMAP).data)
    links = [Link(url, "outlink") for url in sitemap.alternates] + [
        Link(url, "embed") for url in sitemap.media
    ]
    note = "; ".join(sitemap.problems[:3])
    return Read(tuple(links), tuple(sitemap.urls), tuple(sitemap.sitemaps), note=note)


def _decoded(unread: Unread, limit: int) -> Decoded:
    if not unread.payload:
        return Decoded(b"", whole=True)
    body = decode((unread.payload,), header(unread.headers, "content-encoding"), limit)
    return replace(body, whole=False, reason=f"it is longer than {limit} bytes") if unread.cut else body


def primary(tag: str) -> str:
    """Return the primary subtag of a language tag in lower case (RFC 5646 section 2.2.1): `nl` of `nl-NL`."""
    found = _PRIMARY.match(tag)
    return found[0].lower() if found else ""
