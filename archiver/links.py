# SPDX-License-Identifier: EUPL-1.2
"""
Outlinks and embeds of what was fetched. Knows nothing of scope, of what is known already, or of fetching.

    outlink   an address to follow: another page                  a href, form with GET, rel=next, feed entry
    embed     an address the page needs to look as it did         img, srcset, script, style sheet, CSS url()
    hint      an address that may be worth asking for             og:image, JSON, strings in scripts

FINDERS is the table: media type → finder. Each takes what was fetched and adds to one list of links, which
are absolute, normalised, in order and once each. An address that is several of these is an embed if it is one
anywhere, else an outlink: what the page needs comes first, then what is
certain. Only http and https; the document itself is not among its links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from index.urlkey import normalise

from .charset import decoded
from .css import find_css_links
from .exchange import Headers, address_text, header
from .feeds import add_feed_links, stylesheets
from .hints import find_hints, hints_of, parsed_json
from .links_html import add_link, add_page_links, base_url, refresh_target
from .links_script import find_script_links
from .markup import MAX_TAGS, Parsed, parse
from .resolver import MAX_HINTS, RANK, Link, Links, Resolver
from .text import page_text

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
    note: str = ""
    """What was left out, for the ledger."""


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
    note: str = ""
    """What was left out, for the ledger."""


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
    named = list(_in_headers(url, headers))
    links = _merged([*named, *found.links]) if named else found.links
    text = page_text(page) if page and mime in PAGES else ""
    return Document(mime in PAGES, links, found.title, found.language, text, found.canonical, found.note)


def find_links(url: str, mime: str, charset: str | None, body: bytes, page: Parsed | None = None) -> Found:
    """
    Return the links of a document, with its title and language where it has them.

    `url` is normalised, `mime` in lower case without parameters, `charset` that of the Content-Type header,
    `body` without any coding. Give `page` if it has been parsed already. Other kinds of document have no
    links. Never raises for what the document holds.
    """
    if mime in MARKUP and page is None:
        page = parse_page(mime, charset, body)
    links = Links(url, Resolver(base_url(page, url), page.charset) if page else Resolver(url))
    finder = finder_of(mime)
    if finder:
        finder(links, _Fetched(mime, charset, body, page))
    title, language = (page.title, page.language) if page else ("", "")
    return Found(links.resolver.base, links.listed(), title, language, links.canonical, _note(links, page))


def _note(links: Links, page: Parsed | None) -> str:
    """Say what was left out, for the ledger."""
    cut = (
        "" if page is None or page.whole else f"its links were read in part: it has more than {MAX_TAGS} tags"
    )
    more = links.hints - MAX_HINTS
    unasked = f"{more} addresses that may be in it were not asked for" if more > 0 else ""
    return "; ".join(filter(None, (cut, unasked)))


def finder_of(mime: str) -> Finder | None:
    """Return how links are found in a media type: by its name, else its suffix (RFC 6839)."""
    return FINDERS.get(mime) or _BY_SUFFIX.get(mime.rpartition("+")[2] if "+" in mime else "")


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
        elif name.lower() == "speculation-rules":  # a list of strings, RFC 9651 section 3.3.3
            for rules in re.findall(r'"([^"\\]{1,2000})"', value[:MAX_HEADER]):
                if target := normalise(rules, url):
                    yield Link(target, "hint")


def _merged(links: list[Link]) -> list[Link]:
    """Name each address once, where it came first, as what it is most: embed, outlink, hint."""
    merged: dict[str, Link] = {}
    for link in links:
        known = merged.setdefault(link.url, link)
        if RANK[link.kind] > RANK[known.kind]:
            merged[link.url] = link
    return list(merged.values())


def _markup(links: Links, fetched: _Fetched) -> None:
    if fetched.mime != "text/html":
        links.add_all(stylesheets(fetched.body), "embed")
    if fetched.page:
        add_page_links(links, fetched.page)


def _script(links: Links, fetched: _Fetched) -> None:
    text = fetched.text
    links.add_all(find_script_links(text), "embed")
    links.add_all(find_hints(text), "hint")


def _css(links: Links, fetched: _Fetched) -> None:
    links.add_all(find_css_links(fetched.text), "embed")


def _xml(links: Links, fetched: _Fetched) -> None:
    add_feed_links(links, fetched.body)


def _json(links: Links, fetched: _Fetched) -> None:
    """Read a web application manifest (https://www.w3.org/TR/appmanifest/), a JSON Feed or other JSON."""
    text = fetched.text
    value = parsed_json(text)
    if value is None:
        links.add_all(find_hints(text, beside=True), "hint")
        return
    holder = _object(value)
    if str(holder.get("version", "")).startswith("https://jsonfeed.org/version/"):
        _json_feed(links, holder)
    else:
        _manifest(links, holder)
    links.add_all(hints_of(value), "hint")


def _manifest(links: Links, manifest: dict[str, Any]) -> None:
    _add_images(links, manifest)
    links.add(_string(manifest.get("start_url")), "outlink")
    for shortcut in _list(manifest.get("shortcuts")):
        links.add(_string(_object(shortcut).get("url")), "outlink")
        _add_images(links, _object(shortcut))


def _add_images(links: Links, holder: dict[str, Any]) -> None:
    for member in ("icons", "screenshots"):
        for image in _list(holder.get(member)):
            links.add(_string(_object(image).get("src")), "embed")


def _json_feed(links: Links, feed: dict[str, Any]) -> None:
    """Read a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    for member in ("home_page_url", "next_url"):
        links.add(_string(feed.get(member)), "outlink")
    for item in (feed, *map(_object, _list(feed.get("items")))):
        links.add(_string(item.get("url")), "outlink")
        for member in ("icon", "favicon", "image", "banner_image"):
            links.add(_string(item.get(member)), "embed")
        for attachment in _list(item.get("attachments")):
            links.add(_string(_object(attachment).get("url")), "embed")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


Finder = Callable[[Links, _Fetched], None]
PAGES = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of what a visitor would call a page."""
MARKUP = PAGES | {"image/svg+xml"}
"""Media types read with the parser of HTML."""
FINDERS: MappingProxyType[str, Finder] = MappingProxyType(
    {
        **dict.fromkeys(MARKUP, _markup),
        "text/css": _css,
        **dict.fromkeys(("text/javascript", "application/javascript", "application/x-javascript"), _script),
        **dict.fromkeys(("text/ecmascript", "application/ecmascript"), _script),
        **dict.fromkeys(("application/json", "text/json"), _json),
        **dict.fromkeys(("application/xml", "text/xml", "text/xsl"), _xml),
    }
)
"""Media type → finder of links."""
_BY_SUFFIX: MappingProxyType[str, Finder] = MappingProxyType({"json": _json, "xml": _xml})
