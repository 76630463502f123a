# SPDX-License-Identifier: EUPL-1.2
"""
Which elements and attributes of HTML and SVG hold addresses. Knows nothing of other formats.

_RULES is the table: element → what to take from it. The tree is walked once, in the order of the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import MappingProxyType

from selectolax.lexbor import LexborNode

from .css import find_css_links
from .links_script import find_data_links, find_script_links
from .markup import Parsed, tag_ids
from .resolver import Links, Resolver

Attributes = dict[str, str | None]

# HTML standard, section 4.6.7, and what browsers and phones ask for beside it.
_EMBED_RELS = frozenset(
    {"stylesheet", "icon", "apple-touch-icon", "apple-touch-icon-precomposed", "apple-touch-startup-image"}
    | {"mask-icon", "fluid-icon", "manifest", "preload", "modulepreload", "prefetch", "import"}
)
_NO_RELS = frozenset({"dns-prefetch", "preconnect", "pingback", "webmention", "profile"})
_HINT_RELS = frozenset({"image_src"})
_HINT_METAS = frozenset(
    {"og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"}
)
_SCRIPTS = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript"})
_REFRESH = re.compile(r"[\s\d.]*+[;,\s]\s*+(?:url\s*+=\s*+)?+(.*)", re.IGNORECASE | re.DOTALL)
_BASE = re.compile(rb"<base[\s/]", re.IGNORECASE)
_CANDIDATE = re.compile(r"([^\s,]\S*+)(?:(?<!,)(?:[^,(]|\([^)]*+\)?)*+)?")


def find_srcset_links(value: str) -> Iterator[str]:
    """Yield the addresses of a srcset (HTML standard, section 4.8.4.2.1). Commas within stay: data:a,b."""
    for match in _CANDIDATE.finditer(value):
        yield match[1].rstrip(",")


def base_url(parsed: Parsed, url: str) -> str:
    """Return what addresses are relative to: the first `<base href>`, if we could ask for it."""
    if not _BASE.search(parsed.tree.raw_html):
        return url
    given = (node.attributes.get("href") for node in parsed.tree.tags("base"))
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


def _on_a(links: Links, given: Attributes, _node: LexborNode) -> None:
    links.add(given.get("href") or given.get("xlink:href"), "outlink")


def _on_form(links: Links, given: Attributes, _node: LexborNode) -> None:
    if (given.get("method") or "get").strip().lower() == "get":
        links.add(given.get("action"), "outlink")


def _on_link(links: Links, given: Attributes, _node: LexborNode) -> None:
    rels = (given.get("rel") or "").lower().split()
    add_link(links, given.get("href"), rels, given.get("imagesrcset") or "")


def _on_embed(links: Links, given: Attributes, _node: LexborNode) -> None:
    for name in ("src", "data", "poster", "href", "xlink:href"):
        links.add(given.get(name), "embed")
    links.add_all(find_srcset_links(given.get("srcset") or ""), "embed")


def _on_image(links: Links, given: Attributes, _node: LexborNode) -> None:
    links.add(given.get("src"), "embed")
    srcset = given.get("srcset")
    if srcset:
        links.add_all(find_srcset_links(srcset), "embed")


def _on_input(links: Links, given: Attributes, _node: LexborNode) -> None:
    if (given.get("type") or "").strip().lower() == "image":
        links.add(given.get("src"), "embed")


def _on_script(links: Links, given: Attributes, node: LexborNode) -> None:
    links.add(given.get("src") or given.get("href") or given.get("xlink:href"), "embed")
    kind = (given.get("type") or "").strip().lower()
    if kind == "importmap":
        links.add_all(_import_map(node.text()), "embed")
    elif kind in _SCRIPTS and given.get("src") is None:
        links.add_all(find_script_links(node.text()), "embed")


def _on_style(links: Links, _given: Attributes, node: LexborNode) -> None:
    links.add_all(find_css_links(node.text()), "embed")


def _on_meta(links: Links, given: Attributes, _node: LexborNode) -> None:
    content = given.get("content") or ""
    if (given.get("property") or given.get("name") or "").strip().lower() in _HINT_METAS:
        links.add(content, "hint")
    elif (given.get("http-equiv") or "").strip().lower() == "refresh":
        links.add(refresh_target(content), "outlink")


def refresh_target(content: str) -> str | None:
    """Return where a `refresh` leads, as written (HTML standard, section 4.2.5.3); None where it stays."""
    match = _REFRESH.match(content)
    target = match[1].strip() if match else ""
    if target[:1] in {'"', "'"}:
        target = target[1:].partition(target[0])[0]
    return target or None


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


_Rule = Callable[[Links, Attributes, LexborNode], None]
_RULES: dict[str, _Rule] = {
    "a": _on_a,
    "area": _on_a,
    "form": _on_form,
    "link": _on_link,
    "meta": _on_meta,
    "script": _on_script,
    "style": _on_style,
    "img": _on_image,
    "input": _on_input,
    **dict.fromkeys(("audio", "embed", "frame", "iframe", "image", "object"), _on_embed),
    **dict.fromkeys(("source", "track", "video"), _on_embed),
}
_BY_ID = MappingProxyType({number: _RULES[name] for number, name in tag_ids(_RULES).items()})
_TEMPLATE = next(iter(tag_ids(("template",))))
# `use` has no number of its own; the others are attributes of any element. Most styles hold no address,
# and asking each node for its identity is dear, so the selector looks for the bracket of url( first.
_MARKED = """[style*="("],[background],use"""


def add_page_links(links: Links, parsed: Parsed) -> None:
    """Add the links of a page, those within its templates after the others."""
    root = parsed.tree.root
    roots = [root] if root else []
    for tree in roots:  # grows: what a template holds is a tree of its own
        roots += _walk(links, tree)
    links.add_all(find_data_links(parsed.tree.raw_html), "embed")


def _walk(links: Links, root: LexborNode) -> list[LexborNode]:
    """Add the links of a tree in its order; return the trees of its templates."""
    marked = {node.mem_id for node in root.css(_MARKED)}
    templates: list[LexborNode] = []
    for node in root.traverse():
        number = node.tag_id
        rule = _BY_ID.get(number)
        if rule:
            rule(links, node.attributes, node)
        elif number == _TEMPLATE:
            templates += node.template_fragments()
        if marked and node.mem_id in marked:
            _on_marked(links, node.attributes, node.tag)
    return templates


def _on_marked(links: Links, given: Attributes, tag: str | None) -> None:
    links.add_all(find_css_links(given.get("style") or ""), "embed")
    links.add(given.get("background"), "embed")
    if tag == "use":
        links.add(given.get("href") or given.get("xlink:href"), "embed")
