# SPDX-License-Identifier: EUPL-1.2
"""
Read the addresses that a site lists of itself. Knows nothing of how a sitemap is found or fetched.

    <urlset>        url/loc               pages           https://www.sitemaps.org/protocol.html
                    url/xhtml:link        the page in other languages
                    image:loc, video:…    its images and videos    search engines' own additions
    <sitemapindex>  sitemap/loc           more sitemaps
    <feed>          entry/link href       pages           RFC 4287
    <rss>, <RDF>    item/link             pages           RSS 2.0, RSS 1.0
    plain text      one address a line    pages

All of them may be compressed with gzip. `lastmod` is not read: sites get it wrong in both directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from index.urlkey import normalise

from .elements import Element, read_elements
from .payload import decode

MAX_URLS = 50_000
"""Addresses read of one file, the protocol's own limit."""
MAX_BYTES = 50 * 1024 * 1024
"""Bytes read of one file after decompression, the protocol's own limit."""
MAX_PROBLEMS = 20

# By parent too: `image:loc` stands under another, and is no page.
_PAGES = frozenset({("loc", "url"), ("link", "item"), ("link", "entry")})
_SITEMAP = ("loc", "sitemap")
_ALTERNATE = ("link", "url")
_MEDIA = frozenset({("loc", "image"), ("content_loc", "video"), ("thumbnail_loc", "video")})
_ROOTS = frozenset({"urlset", "sitemapindex", "feed", "rss", "rdf"})
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists: normalised, in order, once each. `problems` are sentences for the log."""

    urls: list[str]
    sitemaps: list[str]
    problems: list[str]
    alternates: list[str] = field(default_factory=list)
    """The pages in other languages."""
    media: list[str] = field(default_factory=list)
    """Images and videos of the pages."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a file lists, as written."""

    pages: list[str]
    sitemaps: list[str] = field(default_factory=list)
    alternates: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)


def read_sitemap(body: bytes) -> Sitemap:
    """Return what the sitemap lists, as far as it can be read. Never raises, whatever the bytes are."""
    problems: list[str] = []
    if body.startswith(b"\x1f\x8b"):
        unpacked = decode([body], "gzip", MAX_BYTES)
        body = unpacked.data
        problems += [] if unpacked.whole else [f"The sitemap is not whole: {unpacked.reason}."]
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES]
        problems.append(f"The sitemap is longer than {MAX_BYTES} bytes; the rest was not read.")
    listed = _from_xml(body, problems) if _is_xml(body) else _Listed(_lines(body, problems))
    kinds = (listed.pages, listed.sitemaps, listed.alternates, listed.media)
    urls, sitemaps, alternates, media = (_normalised(kind, problems) for kind in kinds)
    return Sitemap(urls, sitemaps, problems[:MAX_PROBLEMS], alternates, media)


def _is_xml(body: bytes) -> bool:
    return body[:256].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _from_xml(body: bytes, problems: list[str]) -> _Listed:
    # A page may have several links, images and languages; more than this can only be noise.
    document = read_elements(body, _PAGES | _MEDIA | {_SITEMAP, _ALTERNATE}, 4 * MAX_URLS)
    if document.problem:
        problems.append(f"The sitemap was read in part: {document.problem}.")
    if document.root not in _ROOTS:
        problems.append(f"This is no sitemap or feed: its first element is '{document.root[:40]}'.")
    listed = _Listed([])
    for element in document.found:
        _list(listed, element)
    return listed


def _list(listed: _Listed, element: Element) -> None:
    """Put an element where it belongs; empty addresses are left out."""
    kind = element.name, element.parent
    if kind in _PAGES and (address := _address(element)):
        listed.pages.append(address)
    elif kind == _SITEMAP:
        listed.sitemaps.append(element.text)
    elif kind == _ALTERNATE and element.attributes.get("href") and _is_alternate(element):
        listed.alternates.append(element.attributes["href"])
    elif kind in _MEDIA and element.text:
        listed.media.append(element.text)


def _address(element: Element) -> str:
    """Return the address of a page; empty for a link of an Atom entry that is to something else."""
    if element.parent == "entry":
        return element.attributes.get("href", "") if _is_alternate(element) else ""
    return element.text


def _is_alternate(element: Element) -> bool:
    return element.attributes.get("rel", "alternate").lower() == "alternate"  # RFC 4287 section 4.2.7.2


def _lines(body: bytes, problems: list[str]) -> list[str]:
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    text = body.decode(encoding, "replace").removeprefix("\ufeff")
    lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
    if lines and not any(line.startswith(("http://", "https://")) for line in lines[:10]):
        problems.append("This is no sitemap: it is neither XML nor a list of addresses.")
        return []
    return lines


def _normalised(addresses: Iterable[str], problems: list[str]) -> list[str]:
    urls: dict[str, None] = {}
    for address in addresses:
        url = normalise(address)
        if url is None:
            if len(problems) < MAX_PROBLEMS:
                problems.append(f"'{address[:200]}' is not an address that can be asked for.")
        elif len(urls) < MAX_URLS:
            urls[url] = None
        elif url not in urls:
            problems.append(f"The sitemap lists more than {MAX_URLS} addresses; the rest was not read.")
            break
    return list(urls)
