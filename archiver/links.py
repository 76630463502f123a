# SPDX-License-Identifier: EUPL-1.2
"""
Outlinks and embeds of what was fetched. Knows nothing of scope, of what is known already, or of fetching.

    outlink   an address to follow: another page                  a href, form with GET, rel=next, feed entry
    embed     an address the page needs to look as it did         img, srcset, script, style sheet, CSS url()
    hint      an address that may be worth asking for             og:image

FINDERS is the table: media type → finder. Each takes what was fetched and adds to one list of links, which
are absolute, normalised, in the order of the document and once each. An address that is both is an embed,
since that is what the page needs. Only http and https; the document itself is not among its links.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from index.urlkey import normalise

from .charset import decoded
from .css import find_css_links
from .elements import read_elements
from .exchange import Headers, address_text, header
from .links_html import add_link, add_page_links, base_url, refresh_target
from .links_script import find_script_links
from .markup import Parsed, parse
from .resolver import Kind, Link, Links, Resolver
from .text import page_text

MAX_FEED_ELEMENTS = 50_000
MAX_HEADER = 65_536
_LIKE_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,512}<(?:!doctype html|html|head|body|!--)", re.IGNORECASE)
_CHARSET = re.compile(r"""\bcharset\s*+=\s*+["']?([^\s"';]++)""", re.IGNORECASE)
_HEADER_LINK = re.compile(r'<([^<>]*+)>((?:[^,"<]|"(?:[^"\\]|\\.)*+"?)*+)')
_HEADER_PARAMETER = re.compile(r';\s*+([\w*-]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s;,"]++))')


@dataclass(frozen=True, slots=True)
class Found:
    """What a document says of other documents and of itself."""

    base: str
    """What its addresses are relative to: its own URL, or that of the first `<base href>`."""
    links: list[Link]
    title: str = ""
    language: str = ""
    canonical: str | None = None
    """The address that the document says it should be known by."""


@dataclass(frozen=True, slots=True)
class Document:
    """All that a crawl wants to know of a body. Plain values: nothing of the parser is kept."""

    is_page: bool
    """Whether it is HTML or XHTML, which a visitor would call a page."""
    links: list[Link]
    title: str = ""
    language: str = ""
    text: str = ""
    canonical: str | None = None


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What a finder is given."""

    mime: str
    charset: str | None
    body: bytes
    page: Parsed | None

    @property
    def text(self) -> str:
        return decoded(self.body, self.charset)[0].decode()


def read_document(url: str, headers: Headers, body: bytes) -> Document:
    """
    Return the links, title, language and text of what `url` answered; the body is parsed once.

    `body` is without any coding. Links of the header fields come first. Nothing is raised.
    """
    mime, charset = media_type(header(headers, "content-type"), body)
    page = parse_page(mime, charset, body) if mime in MARKUP else None
    found = find_links(url, mime, charset, body, page)
    links = _merged([*_in_headers(url, headers), *found.links])
    text = page_text(page) if page and mime in PAGES else ""
    return Document(mime in PAGES, links, found.title, found.language, text, found.canonical)


def find_links(url: str, mime: str, charset: str | None, body: bytes, page: Parsed | None = None) -> Found:
    """
    Return the links of a document, with its title and language where it has them.

    `url` is normalised, `mime` in lower case without parameters, `charset` that of the Content-Type header,
    `body` without any coding. Give `page` if it has been parsed already. Other kinds of document have no
    links. Never raises for what the document holds.
    """
    if mime in MARKUP and page is None:
        page = parse_page(mime, charset, body)
    links = Links(url, Resolver(base_url(page, url) if page else url))
    finder = FINDERS.get(mime)
    if finder:
        finder(links, _Fetched(mime, charset, body, page))
    title, language = (page.title, page.language) if page else ("", "")
    return Found(links.resolver.base, links.listed(), title, language, links.canonical)


def media_type(value: str | None, body: bytes) -> tuple[str, str | None]:
    """
    Return the media type, in lower case without parameters, and the charset of a Content-Type value.

    A body that came without a type is HTML where it begins like HTML, as browsers take it.
    """
    mime, _, parameters = (value or "").partition(";")
    mime = mime.strip().lower()
    if "/" not in mime:
        mime = "text/html" if _LIKE_HTML.match(body) else "unk"
    charset = _CHARSET.search(parameters)
    return mime, charset[1] if charset else None


def parse_page(mime: str, charset: str | None, body: bytes) -> Parsed:
    """Parse a document of one of the MARKUP types, to share it between links and text."""
    return parse(body, charset, xml=mime != "text/html")


def find_header_links(url: str, value: str) -> list[Link]:
    """Return the links of one `Link` header field (RFC 8288), relative to `url`, the URL that answered."""
    links = Links(url, Resolver(url))
    for match in _HEADER_LINK.finditer(value[:MAX_HEADER]):
        parameters = _HEADER_PARAMETER.findall(match[2])
        rel = next((quoted or plain for name, quoted, plain in parameters if name.lower() == "rel"), "")
        if rel:
            add_link(links, match[1], rel.lower().split(), "")
    return links.listed()


def _in_headers(url: str, headers: Headers) -> Iterator[Link]:
    for name, value in headers:
        if name.lower() == "link":
            yield from find_header_links(url, address_text(value))
        elif name.lower() == "refresh":
            target = normalise(refresh_target(address_text(value[:MAX_HEADER])) or "", url)
            if target and target != url:
                yield Link(target, "outlink")


def _merged(links: list[Link]) -> list[Link]:
    """Name each address once, where it came first; as an embed if it is one anywhere."""
    embeds = {link.url for link in links if link.kind == "embed"}
    first = {link.url: link for link in reversed(links)}
    order = dict.fromkeys(link.url for link in links)
    return [Link(url, "embed") if url in embeds else first[url] for url in order]


def _markup(links: Links, fetched: _Fetched) -> None:
    if fetched.mime != "text/html":
        links.add_all(_stylesheets(fetched.body), "embed")
    if fetched.page:
        add_page_links(links, fetched.page)


_STYLESHEET = re.compile(rb"""<\?xml-stylesheet\s[^<>]*?\bhref\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""")


def _stylesheets(body: bytes) -> Iterator[str]:
    """Yield the style sheets that an XML document names before its first element."""
    for match in _STYLESHEET.finditer(body[:4096]):
        yield (match[1] or match[2] or b"").decode("utf-8", "replace").replace("&amp;", "&")


def _script(links: Links, fetched: _Fetched) -> None:
    links.add_all(find_script_links(fetched.text), "embed")


def _css(links: Links, fetched: _Fetched) -> None:
    links.add_all(find_css_links(fetched.text), "embed")


# (element, parent) → (attribute, or None for its text; kind). RFC 4287; RSS 2.0; RSS 1.0 (RDF).
_FEED: dict[tuple[str, str], tuple[str | None, Kind]] = {
    ("link", "entry"): ("href", "outlink"),
    ("link", "feed"): ("href", "outlink"),
    ("content", "entry"): ("src", "outlink"),
    ("logo", "feed"): (None, "embed"),
    ("icon", "feed"): (None, "embed"),
    ("link", "item"): (None, "outlink"),
    ("link", "channel"): (None, "outlink"),
    ("enclosure", "item"): ("url", "embed"),
    ("url", "image"): (None, "embed"),
}


def _feed(links: Links, fetched: _Fetched) -> None:
    links.add_all(_stylesheets(fetched.body), "embed")
    for element in read_elements(fetched.body, _FEED, MAX_FEED_ELEMENTS).found:
        attribute, kind = _FEED[element.name, element.parent]
        links.add(element.attributes.get(attribute) if attribute else element.text, kind)


def _manifest(links: Links, fetched: _Fetched) -> None:
    """Read a web application manifest (https://www.w3.org/TR/appmanifest/); other JSON has none."""
    manifest = _object(_json(fetched.text))
    _add_images(links, manifest)
    links.add(_string(manifest.get("start_url")), "outlink")
    for shortcut in _list(manifest.get("shortcuts")):
        links.add(_string(_object(shortcut).get("url")), "outlink")
        _add_images(links, _object(shortcut))


def _add_images(links: Links, holder: dict[str, Any]) -> None:
    for member in ("icons", "screenshots"):
        for image in _list(holder.get(member)):
            links.add(_string(_object(image).get("src")), "embed")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a page's own mistake: it then has no links, as in a browser
        return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


PAGES = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of what a visitor would call a page."""
MARKUP = PAGES | {"image/svg+xml"}
"""Media types read with the parser of HTML."""
FINDERS: MappingProxyType[str, Callable[[Links, _Fetched], None]] = MappingProxyType(
    {
        **dict.fromkeys(MARKUP, _markup),
        "text/css": _css,
        **dict.fromkeys(("text/javascript", "application/javascript", "application/x-javascript"), _script),
        **dict.fromkeys(("application/manifest+json", "application/json"), _manifest),
        **dict.fromkeys(("application/atom+xml", "application/rss+xml", "application/rdf+xml"), _feed),
        **dict.fromkeys(("application/xml", "text/xml"), _feed),
    }
)
"""Media type → finder of links."""
