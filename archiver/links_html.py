# SPDX-License-Identifier: EUPL-1.2
"""
Which elements and attributes of HTML and SVG hold addresses. Knows nothing of other formats.

_TABLE is the table: element → its attributes, what is in them and what that is to the page. _RULES has the
elements that need more than a table. Tags are taken in the order of the document; scripts and style sheets
within the page come after them, and frames written into the page (`srcdoc`) after those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from types import MappingProxyType

from .css import find_css_links
from .hints import find_hints, find_json_hints
from .links_script import find_data_links, find_script_links
from .markup import Parsed, Raw, attributes, parse, unescaped
from .resolver import Kind, Links, Resolver

Attributes = dict[str, str]
MAX_REMEMBERED = 16_384
"""Characters up to which an inline script or style sheet is read once for all pages that have it."""
MAX_FRAMES = 3
"""How deep frames written into frames are read."""

# HTML standard, section 4.6.7, and what browsers and phones ask for beside it.
_EMBED_RELS = frozenset(
    {"stylesheet", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "apple-touch-startup-image"}
    | {"mask-icon", "fluid-icon", "manifest", "preload", "modulepreload", "prefetch", "import"}
)
_NO_RELS = frozenset({"dns-prefetch", "preconnect", "pingback", "webmention", "profile"})
_HINT_RELS = frozenset({"image_src", "prerender"})
_HINTS = (
    "og:image og:image:url og:image:secure_url og:url og:video og:video:url og:video:secure_url og:audio "
    "og:audio:url og:audio:secure_url og:see_also twitter:image twitter:image:src twitter:player "
    "twitter:player:stream twitter:url thumbnail image url contenturl embedurl thumbnailurl"
)
_HINT_METAS = frozenset(_HINTS.split())
_TILES = (
    "msapplication-tileimage msapplication-config msapplication-square70x70logo "
    "msapplication-square150x150logo msapplication-square310x310logo msapplication-wide310x150logo"
)
_EMBED_METAS = frozenset(_TILES.split())
_SCRIPTS = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript"})
_REFRESH = re.compile(r"[\s\d.]*+[;,\s]\s*+(?:url\s*+=\s*+)?+(.*)", re.IGNORECASE | re.DOTALL)
_BASE = re.compile(r"<base( [^>]*+)>")
_CANDIDATE = re.compile(r"([^\s,]\S*+)(?:(?<!,)(?:[^,(]|\([^)]*+\)?)*+)?")
_CONDITIONAL = re.compile(r"\s{0,8}\[if\b", re.IGNORECASE)


def find_srcset_links(value: str) -> Iterator[str]:
    """Yield the addresses of a srcset (HTML standard, section 4.8.4.2.1). Commas within stay: data:a,b."""
    for match in _CANDIDATE.finditer(value):
        yield match[1].rstrip(",")


def base_url(parsed: Parsed, url: str) -> str:
    """Return what addresses are relative to: the first `<base href>`, if we could ask for it."""
    given = (attributes(tag[1]).get("href") for tag in _BASE.finditer(parsed.html))
    href = next((href for href in given if href is not None), "")
    return (Resolver(url).resolve(href) if href else None) or url


def add_link(links: Links, href: str | None, rels: list[str], imagesrcset: str) -> None:
    """Add what a link element or a Link field is for, by its relations (in lower case)."""
    kinds = set(rels)
    if kinds & _EMBED_RELS:
        links.add(href, "embed")
        links.add_all(find_srcset_links(imagesrcset), "embed")
    elif kinds & _HINT_RELS:
        links.add(href, "hint")
    elif not kinds & _NO_RELS:
        links.add(href, "outlink")
        if "canonical" in kinds and href and links.canonical is None:
            links.canonical = links.resolver.resolve(href)


def refresh_target(content: str) -> str | None:
    """Return where a `refresh` leads, as written (HTML standard, section 4.2.5.3); None where it stays."""
    match = _REFRESH.match(content)
    target = match[1].strip() if match else ""
    if target[:1] in {'"', "'"}:
        target = target[1:].partition(target[0])[0]
    return target or None


def _as_it_is(value: str) -> Iterable[str]:
    return (value,)


def _separated(value: str) -> Iterable[str]:
    return value.replace(",", " ").split()


_How = Callable[[str], Iterable[str]]
_SOURCES: tuple[tuple[str, Kind, _How], ...] = (
    ("src", "embed", _as_it_is),
    ("data", "embed", _as_it_is),
    ("poster", "embed", _as_it_is),
    ("href", "embed", _as_it_is),
    ("xlink:href", "embed", _as_it_is),
    ("srcset", "embed", find_srcset_links),
    ("longdesc", "outlink", _as_it_is),
)
_REFERS: tuple[tuple[str, Kind, _How], ...] = (("href", "hint", _as_it_is), ("xlink:href", "hint", _as_it_is))
_IS_LINK: tuple[tuple[str, Kind, _How], ...] = (
    ("href", "outlink", _as_it_is),
    ("xlink:href", "outlink", _as_it_is),
)
_TABLE: dict[str, tuple[tuple[str, Kind, _How], ...]] = {
    **dict.fromkeys(("a", "area"), _IS_LINK),
    "img": (
        ("src", "embed", _as_it_is),
        ("srcset", "embed", find_srcset_links),
        ("lowsrc", "embed", _as_it_is),
        ("longdesc", "outlink", _as_it_is),
    ),
    **dict.fromkeys(("audio", "embed", "feImage", "frame", "iframe", "image"), _SOURCES),
    **dict.fromkeys(("portal", "source", "track", "use", "video"), _SOURCES),
    **dict.fromkeys(("blockquote", "del", "ins", "q"), (("cite", "hint", _as_it_is),)),
    **dict.fromkeys(("filter", "linearGradient", "mpath", "pattern", "radialGradient", "textPath"), _REFERS),
    "html": (("manifest", "embed", _as_it_is),),
}
# SVG 2, section 6.6: presentation attributes take what the property of CSS takes.
_STYLED = re.compile(
    r' (?:clip-path|cursor|fill|filter|marker(?:-end|-mid|-start)?|mask|stroke|style)="([^"]*+)"'
)
_BACKGROUND = re.compile(r' background="([^"]*+)"')
_DATA = re.compile(r' (data-[^ =>]++)="([^"]++)"')


def _on_listed(links: Links, given: Attributes, name: str) -> None:
    for attribute, kind, how in _TABLE[name]:
        value = given.get(attribute)
        if value:
            links.add_all(how(value), kind)


def _on_form(links: Links, given: Attributes, _name: str) -> None:
    if given.get("method", "get").strip().lower() in {"get", ""}:
        links.add(given.get("action"), "outlink")


def _on_button(links: Links, given: Attributes, _name: str) -> None:
    """Read a button or input. Where it does not say how its form is sent, its address is a guess."""
    method = given.get("formmethod", "").strip().lower()
    if method in {"", "get"}:
        links.add(given.get("formaction"), "outlink" if method else "hint")
    if given.get("type", "").strip().lower() == "image":
        links.add(given.get("src"), "embed")


def _on_link(links: Links, given: Attributes, _name: str) -> None:
    rels = given.get("rel", "").lower().split()
    add_link(links, given.get("href"), rels, given.get("imagesrcset", ""))


def _on_script(links: Links, given: Attributes, _name: str) -> None:
    links.add(given.get("src") or given.get("href") or given.get("xlink:href"), "embed")


def _on_object(links: Links, given: Attributes, _name: str) -> None:
    """Read an object or applet, whose addresses are relative to its `codebase` (HTML 4.01, section 13.3)."""
    codebase = given.get("codebase", "")
    base = links.resolver.resolve(codebase) if codebase else None
    inside = links.resolver.below(base) if base else links.resolver
    named = (given.get(attribute, "") for attribute in ("data", "code", "object"))
    for address in (*named, *_separated(given.get("archive", ""))):
        links.add(inside.resolve(address) if address else None, "embed")


def _on_meta(links: Links, given: Attributes, _name: str) -> None:
    content = given.get("content", "")
    name = (given.get("property") or given.get("name") or given.get("itemprop") or "").strip().lower()
    if name in _HINT_METAS:
        links.add(content, "hint")
    elif name in _EMBED_METAS:
        links.add(content, "embed")
    elif name == "msapplication-task":
        links.add_all(re.findall(r"action-uri=([^;\s]+)", content), "outlink")
        links.add_all(re.findall(r"icon-uri=([^;\s]+)", content), "embed")
    elif given.get("http-equiv", "").strip().lower() == "refresh":
        links.add(refresh_target(content), "outlink")


def _on_styled(links: Links, written: str, _name: str) -> None:
    for value in _STYLED.findall(written):
        links.add_all(find_css_links(unescaped(value)), "embed")


def _on_background(links: Links, written: str, _name: str) -> None:
    links.add_all(map(unescaped, _BACKGROUND.findall(written)), "embed")


def _on_data(links: Links, written: str, name: str) -> None:
    for attribute, value in _DATA.findall(written):
        if "/" in value:
            for address, certain in find_data_links(name, attribute, unescaped(value)):
                links.add(address, "embed" if certain else "hint")


_Rule = Callable[[Links, Attributes, str], None]
_RULES: MappingProxyType[str, _Rule] = MappingProxyType(
    {
        **dict.fromkeys(_TABLE, _on_listed),
        "form": _on_form,
        **dict.fromkeys(("button", "input"), _on_button),
        "link": _on_link,
        "script": _on_script,
        **dict.fromkeys(("applet", "object"), _on_object),
        "meta": _on_meta,
    }
)
# Attributes that any element may have: a mark to look for, and what to do with a tag that has it.
_ANYWHERE: tuple[tuple[str, Callable[[Links, str, str], None]], ...] = (
    ("url(", _on_styled),
    ("URL(", _on_styled),
    ("image-set(", _on_styled),
    (' background="', _on_background),
    (" data-", _on_data),
)
_LISTED = re.compile(rf"<({'|'.join(sorted(_RULES))})( [^>]++)>")
_HREF = re.compile(r' href="([^"]*+)"')


def add_page_links(links: Links, parsed: Parsed, frames: int = 0) -> None:
    """Add the links of a page; `frames` is how many frames it is inside of."""
    for tag in _LISTED.finditer(parsed.html):
        name, written = tag.groups()
        if name == "a" and (href := _HREF.search(written)):  # nine in ten links of a page
            links.add(unescaped(href[1]), "outlink")
        else:
            _RULES[name](links, attributes(written), name)
    for mark, on_tag in _ANYWHERE:
        for name, written in _tags_with(parsed.html, mark):
            on_tag(links, written, name)
    for raw in parsed.raw:
        _on_raw(links, raw, frames)


def _tags_with(html: str, mark: str) -> Iterator[tuple[str, str]]:
    """Yield name and attributes of each tag with a mark in it, without looking at the others."""
    done = 0
    while (at := html.find(mark, done)) >= 0:
        opening, closing = html.find("<", at), html.find(">", at)
        if 0 <= opening < closing or closing < 0:  # in the text between tags
            done = opening if opening >= 0 else len(html)
            continue
        name, _, written = html[html.rfind("<", done, at) + 1 : closing].partition(" ")
        yield name, f" {written}"
        done = closing


def _on_raw(links: Links, raw: Raw, frames: int) -> None:
    if raw.name == "script":
        _on_inline(links, attributes(raw.attributes), raw.text)
    elif raw.name == "style":
        links.add_all(_read_once(find_css_links, raw.text), "embed")
    elif raw.name == "iframe":
        srcdoc = attributes(raw.attributes).get("srcdoc") if "srcdoc" in raw.attributes else None
        if srcdoc and frames < MAX_FRAMES:
            add_page_links(links, parse(srcdoc.encode("utf-8", "replace"), "utf-8"), frames + 1)
    elif raw.name == "!--" and _CONDITIONAL.match(raw.text):
        links.add_all(find_hints(raw.text, beside=True), "hint")


def _on_inline(links: Links, given: Attributes, text: str) -> None:
    """Add what a script within the page names, by its type; one with `src` is not run."""
    kind = given.get("type", "").partition(";")[0].strip().lower()
    if kind == "importmap":
        links.add_all(_import_map(text), "embed")
    elif kind.endswith("json") or kind == "speculationrules":
        links.add_all(find_json_hints(text), "hint")
    elif given.get("src") is None:
        if kind in _SCRIPTS:
            links.add_all(_read_once(find_script_links, text), "embed")
        links.add_all(_read_once(_hints_beside, text), "hint")


def _hints_beside(text: str) -> Iterable[str]:
    return find_hints(text, beside=True)


def _read_once(find: Callable[[str], Iterable[str]], text: str) -> Iterable[str]:
    """Return what is found in a script or style sheet; the pages of a site have most of theirs in common."""
    return _remembered(find, text) if len(text) <= MAX_REMEMBERED else find(text)


@lru_cache(maxsize=256)
def _remembered(find: Callable[[str], Iterable[str]], text: str) -> tuple[str, ...]:
    return tuple(find(text))


def _import_map(text: str) -> Iterator[str]:
    """Yield the addresses of an import map (HTML standard, 8.1.5.2); those with / last are prefixes."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the page's own mistake: browsers then use no import map either
        return
    maps = value if isinstance(value, dict) else {}
    scopes = maps.get("scopes")
    for imports in (maps.get("imports"), *(scopes.values() if isinstance(scopes, dict) else ())):
        for address in imports.values() if isinstance(imports, dict) else ():
            if isinstance(address, str) and not address.endswith("/"):
                yield address
