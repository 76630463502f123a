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
from .links import FINDERS, MARKUP, find_header_links, find_links, parse_page
from .payload import decode
from .resolver import Link
from .sitemap import read_sitemap
from .text import page_text

MAX_PARSED = 32 << 20
"""Bytes of a body, decoded, that are read for links and text."""
MAX_SITEMAP = 50 << 20
"""The limit of the sitemap protocol."""
PAGES = frozenset({"text/html", "application/xhtml+xml"})

_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s"';,]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one response."""

    links: tuple[Link, ...] = ()
    listed: tuple[str, ...] = ()
    """Pages that a sitemap lists."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps that a sitemap lists."""
    page: tuple[str, str, str] | None = None
    """Title, language and text, where it is a page."""
    note: str = ""
    """What could not be read, for the ledger."""


def read_page(exchange: Exchange) -> Read:
    """Return links, title, language and text of a response with status 200."""
    mime = exchange.mime
    headers = [link for name, value in exchange.headers if name.lower() == "link" for link in _header(exchange, value)]
    if mime not in FINDERS:
        return Read(tuple(headers))
    body = decode(exchange.payload(), exchange.header("content-encoding"), MAX_PARSED)
    charset = charset_of(exchange.header("content-type"))
    document = parse_page(mime, charset, body.data) if mime in MARKUP else None
    found = find_links(exchange.url, mime, charset, body.data, document)
    page = (found.title, found.language, page_text(document)) if document and mime in PAGES else None
    note = "" if body.whole else f"its links were read in part: {body.reason}"
    return Read((*found.links, *headers), page=page, note=note)


def read_sitemaps(exchange: Exchange) -> Read:
    """Return what a sitemap lists."""
    body = decode(exchange.payload(), exchange.header("content-encoding"), MAX_SITEMAP)
    sitemap = read_sitemap(body.data)
    return Read(listed=tuple(sitemap.urls), sitemaps=tuple(sitemap.sitemaps), note="; ".join(sitemap.problems[:3]))


def charset_of(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type field."""
    match = _CHARSET.search(content_type or "")
    return match[1] if match else None


def _header(exchange: Exchange, value: str) -> list[Link]:
    return find_header_links(exchange.url, value)

