# SPDX-License-Identifier: EUPL-1.2
"""
What a response says: its links, and for a page its title, language and text, from one parse.

Bounded by what was decoded: a body beyond that is stored whole and read in part, which is said. Knows
nothing of scope, of the frontier or of storing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .exchange import Exchange
from .links import finder_of, read_document
from .payload import decode
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
class Read:
    """What was read of one response."""

    links: tuple[Link, ...] = ()
    listed: tuple[str, ...] = ()
    """Pages that a sitemap lists."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps that a sitemap lists."""
    page: tuple[str, str, str] | None = None
    """Title, primary language subtag and text, where it is a page."""
    note: str = ""
    """What could not be read, for the ledger."""
    head: str = ""
    """The beginning of a page's markup, as Latin-1."""


def read_page(exchange: Exchange) -> Read:
    """Return links, title, language and text of a response with status 200."""
    readable = finder_of(exchange.mime) is not None or exchange.mime == "unk"
    chunks = exchange.payload() if readable else ()
    body = decode(chunks, exchange.header("content-encoding") if readable else None, MAX_PARSED)
    document = read_document(exchange.url, exchange.headers, body.data)
    page = (document.title, primary(document.language), document.text) if document.is_page else None
    cut = "" if body.whole else f"its links were read in part: {body.reason}"
    note = "; ".join(filter(None, (cut, document.note)))
    head = body.data[:MAX_MARKUP].decode("latin-1") if document.is_page else ""
    return Read(tuple(document.links), page=page, note=note, head=head)


def read_sitemaps(exchange: Exchange) -> Read:
    """Return what a sitemap lists: pages, sitemaps; as links its images, videos and other languages."""
    body = decode(exchange.payload(), exchange.header("content-encoding"), MAX_SITEMAP)
    sitemap = read_sitemap(body.data)
    links = [Link(url, "outlink") for url in sitemap.alternates] + [
        Link(url, "embed") for url in sitemap.media
    ]
    note = "; ".join(sitemap.problems[:3])
    return Read(tuple(links), tuple(sitemap.urls), tuple(sitemap.sitemaps), note=note)


def primary(tag: str) -> str:
    """Return the primary subtag of a language tag in lower case (RFC 5646 section 2.2.1): `nl` of `nl-NL`."""
    found = _PRIMARY.match(tag)
    return found[0].lower() if found else ""
