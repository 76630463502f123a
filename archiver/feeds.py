# SPDX-License-Identifier: EUPL-1.2
"""
Which elements of XML documents hold addresses: feeds, sitemaps met as files, and what browsers ask for.

    <rss><channel><item><link>https://example.org/1</link><enclosure url="a.mp3"/></item></channel></rss>

_TABLE is the table: (element, parent) → attribute, or None for its text, and what it is. Knows nothing of who
asks; sitemaps that are asked for as such are read by archiver.sitemap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

from .elements import ANYWHERE, read_elements
from .resolver import Kind, Links

MAX_ELEMENTS = 50_000
_PROLOGUE = 4096
"""Bytes in which a document names its style sheets."""
_STYLESHEET = re.compile(rb"""<\?xml-stylesheet\s[^<>]*?\bhref\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")

_TABLE: MappingProxyType[tuple[str, str], tuple[tuple[str | None, Kind], ...]] = MappingProxyType(
    {
        # Atom, RFC 4287
        ("link", "entry"): (("href", "outlink"),),
        ("link", "feed"): (("href", "outlink"),),
        ("content", "entry"): (("src", "outlink"), ("url", "embed")),
        ("logo", "feed"): ((None, "embed"),),
        ("icon", "feed"): ((None, "embed"),),
        # RSS 2.0; RSS 1.0 (RDF)
        ("link", "item"): ((None, "outlink"),),
        ("link", "channel"): ((None, "outlink"), ("href", "outlink")),
        ("comments", "item"): ((None, "outlink"),),
        ("enclosure", ANYWHERE): (("url", "embed"),),
        ("url", "image"): ((None, "embed"),),
        # Media RSS 1.5.1; iTunes podcasts
        ("content", "item"): (("url", "embed"),),
        ("content", "group"): (("url", "embed"),),
        ("thumbnail", ANYWHERE): (("url", "embed"),),
        ("player", ANYWHERE): (("url", "outlink"),),
        ("image", ANYWHERE): (("href", "embed"),),
        # https://www.sitemaps.org/protocol.html, with what search engines added for images, videos, languages
        ("loc", "url"): ((None, "outlink"),),
        ("loc", "sitemap"): ((None, "outlink"),),
        ("link", "url"): (("href", "outlink"),),
        ("loc", "image"): ((None, "embed"),),
        ("content_loc", "video"): ((None, "embed"),),
        ("thumbnail_loc", "video"): ((None, "embed"),),
        ("player_loc", "video"): ((None, "hint"),),
        # browserconfig.xml
        **{
            (f"{shape}logo", "tile"): (("src", "embed"),)
            for shape in ("square70x70", "square150x150", "square310x310", "wide310x150")
        },
        ("tileimage", "tile"): (("src", "embed"),),
        ("polling-uri", "notification"): (("src", "hint"),),
        # OpenSearch 1.1; the `Url` is a template, and its results are no pages of the site
        ("image", "opensearchdescription"): ((None, "embed"),),
        ("searchform", "opensearchdescription"): ((None, "outlink"),),
        # XSLT 1.0, section 2.6
        **{
            (word, root): (("href", "embed"),)
            for word in ("include", "import")
            for root in ("stylesheet", "transform")
        },
    }
)


def add_feed_links(links: Links, body: bytes) -> None:
    """Add the links of an XML document, as far as it can be read, its style sheets first."""
    links.add_all(stylesheets(body), "embed")
    for element in read_elements(body, _TABLE, MAX_ELEMENTS).found:
        rules = _TABLE.get((element.name, element.parent)) or _TABLE[element.name, ANYWHERE]
        for attribute, kind in rules:
            value = element.attributes.get(attribute) if attribute else element.text
            links.add(value, _of_link(element.attributes, kind) if attribute == "href" else kind)


def stylesheets(body: bytes) -> Iterator[str]:
    """Yield the style sheets that an XML document names before its first element."""
    for match in _STYLESHEET.finditer(body[:_PROLOGUE]):
        yield (match[1] or match[2] or b"").decode("utf-8", "replace").replace("&amp;", "&")


def _of_link(given: dict[str, str], kind: Kind) -> Kind:
    """Return what a link is: one to an enclosure is a part of its entry (RFC 4287, section 4.2.7.2)."""
    return "embed" if given.get("rel", "").lower() == "enclosure" else kind
