# SPDX-License-Identifier: EUPL-1.2
"""
What a parser makes of a page, so that a page and its rewritten form can be compared: the same tree.

    tree(rewrite_html(body, None, mapper, SCRIPT)) == tree(body)

The parser is lexbor's, which the rewriter does not use. Left out is what the rewriter's table is there to change: the
script put first, mapped addresses, the attributes that are taken away, what a `<noscript>` holds that ends in two
places (tests/test_noscript.py), what stands behind too many foreign elements in each other, the text of a `<style>` in `<svg>` that comes in pieces, parts
of tables that are tags in a template to some browsers only, and end tags that are so in `<svg>`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from viewer.rewriting.data_url import parse_data_url
from viewer.rewriting.markup import (
    DISPUTED,
    DISPUTED_END,
    TOO_DEEP,
    WHOLE_NOSCRIPT,
    Noscript,
    tokens,
)
from viewer.rewriting.page_elements import ReadingsDiffer
from viewer.rewriting.rules import ELEMENTS, EVERYWHERE, srcset, url
from viewer.rewriting.tags import Kind

_ADDRESS_IN_STYLE = re.compile(r"url\(|@import|image-set\(|\\", re.IGNORECASE)
_LEADS_OUT = re.compile(
    r"[\x00-\x20]*(https?:)?[\t\n\r]*[/\\][\t\n\r]*[/\\](?!m/)", re.IGNORECASE
)  # as URL parsers have it: U+2028 is no space

_LEFT = {DISPUTED: "</tr>", DISPUTED_END: "</img>", WHOLE_NOSCRIPT: "</img>"}
SCRIPT = "<script src=h></script>"
"""What is put first in a page."""


def mapper(url: str) -> str:
    """Map an absolute address so that it can be told."""
    return "http://m/" + re.sub(r"^(https?:)?//", "", url)


def tree(html: str) -> list[object]:
    """Everything a parser makes of a page, in order, our script and what the table changes left out."""
    found: list[object] = []
    for each in _nodes(LexborHTMLParser(_unambiguous(html)).root):
        if each.tag == "script" and each.attributes.get("src") == "h":
            continue
        text = _text(each) if each.tag == "-text" else None
        around = each.parent.tag if each.parent is not None else None
        found.append((each.tag, around, text, _kept(each), _framed(each)))
    return found


def _nodes(root: LexborNode) -> Iterator[LexborNode]:
    """Yield everything below a node, and then what its templates hold, which is no part of the document."""
    yield from root.traverse(include_text=True)
    for fragment in root.template_fragments():
        yield from _nodes(fragment)


def _unambiguous(html: str) -> str:
    """Return a page without what the rewriter takes out: of each `<noscript>`, and what nobody can tell."""
    if not re.search("<noscript|<svg|<math|<template", html, re.IGNORECASE):
        return html
    try:
        taken = _taken_out(html, Noscript.EITHER)
    except ReadingsDiffer:
        taken = _taken_out(html, Noscript.NONE)
    for start, end, new in reversed(taken):
        html = html[:start] + new + html[end:]
    return html


def _taken_out(html: str, noscript: Noscript) -> list[tuple[int, int, str]]:
    found = tokens(html, noscript=noscript)
    return [
        (one.start, one.end, _LEFT.get(one.name, ""))
        for one in found
        if (
            one.kind is Kind.RAW
            and one.name in {"noscript", DISPUTED, DISPUTED_END, TOO_DEEP, WHOLE_NOSCRIPT}
        )
        or (one.kind is Kind.PIECE and one.name == "style")
    ]


def _bare(value: str) -> str:
    return re.sub(r"http://m/|(https?:)?//", "", value).strip("\t\n\f\r ")


def _text(node: LexborNode) -> object:
    """Return a text; of a style sheet or an import map without what the addresses in it became."""
    text = node.text(deep=False)
    parent = node.parent
    if parent is not None and parent.tag == "script" and parent.attributes.get("type") == "importmap":
        try:
            return {name: value for name, value in json.loads(_bare(text)).items() if name != "integrity"}
        except (ValueError, AttributeError):
            return text
    return _plain_style(text) if parent is not None and parent.tag == "style" else text


def _plain_style(text: str) -> str:
    """Return what stands before the first address of a style: an address is written anew, with other escapes."""
    return _bare(_ADDRESS_IN_STYLE.split(text)[0])


def _kept(node: LexborNode) -> dict[str, str]:
    taken = {"integrity", "nonce", "ping", "target", "formtarget", "rel", "type", "http-equiv", "charset"}
    if node.tag == "iframe":
        taken |= {"sandbox", "src", "srcdoc"}
    kept = {name: value or "" for name, value in node.attributes.items() if name not in taken}
    return {
        name: _plain_style(value) if _styles(name) else _bare(re.sub(r"[\t\n\r]|charset=\S+", "", value))
        for name, value in kept.items()
    }


def _styles(name: str) -> bool:
    return name in EVERYWHERE and EVERYWHERE[name] is EVERYWHERE["style"]


def _framed(node: LexborNode) -> object:
    """Return what a frame shows: the tree of a document it holds, or the address of another."""
    if node.tag != "iframe":
        return None
    if "srcdoc" in node.attributes:
        return tree("<!doctype html>" + (node.attributes["srcdoc"] or ""))  # never in quirks mode
    source = node.attributes.get("src") or ""
    data = parse_data_url(source)
    return tree(data.as_html()) if data else _bare(source)


def leading_out(html: str) -> list[tuple[str, str, str]]:
    """Return the attributes of the table that lead out of the replay, in the frames of a page too."""
    found = []
    for node in _nodes(LexborHTMLParser(html).root):
        rules = {**EVERYWHERE, **ELEMENTS.get(node.tag, {})}
        named = {name for name, rule in rules.items() if rule in {srcset, url, ELEMENTS["a"]["href"]}}
        for name, value in node.attributes.items():
            if name == "srcdoc" and node.tag == "iframe":
                found += leading_out(value or "")
            elif name in named and _LEADS_OUT.match(value or ""):
                found.append((node.tag, name, value or ""))
    return found
