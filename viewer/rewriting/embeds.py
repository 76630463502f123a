# SPDX-License-Identifier: EUPL-1.2
"""
The parts that a page or a style sheet names: pictures, style sheets, scripts, frames, sound and film.

    <img src=a.png srcset="a.png 1x, b.png 2x">   Embed(image, (https://…/a.png, https://…/b.png))
    <link rel=stylesheet href=c.css>              Embed(style, (https://…/c.css,))
    @font-face { src: url(f.woff2) }              Embed(font, (https://…/f.woff2,))
    body { background: url(d.png) }               Embed(background, (https://…/d.png,))

Of several addresses of one element a browser asks for one. What of its styles it needs, and what scripts
ask for, is known only to the browser that runs them (viewer/static/replay.js tells). Every page is hostile:
linear in its size, and no more than so many parts are told. Knows nothing of what is in the archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from index.query_encoding import with_query_in
from index.urlkey import normalise

from .charset import decode
from .css import Use, uses_in_css
from .dull import Dull, attribute_but, element_but, plain_of, tag, valued
from .markup import tokens
from .own_encoding import codec_to_ask_in
from .tags import Kind as Of
from .tags import Token, attributes, unescape

MAX_EMBEDS = 500
"""Parts of one page that are told."""
MAX_CANDIDATES = 20
"""Addresses of one element that are told."""

MAX_READ = 1 << 20
"""Bytes of a page that are read for them."""

_SPACE = "\t\n\f\r "
_CANDIDATE = re.compile(r"[\t\n\f\r ,]*+([^\t\n\f\r ]++)(?:(?<=,)|(?:[^,(]|\([^)]*+\)?)*+)")
_NAMING = frozenset(
    {
        "audio", "base", "embed", "feimage", "frame", "iframe", "image", "img", "input", "link", "math",
        "noembed", "noframes", "object", "plaintext", "script", "source", "style", "svg", "template",
        "textarea", "title", "track", "use", "video", "xmp",
    }
)  # fmt: skip
_ATTRIBUTE = attribute_but({"background", "style"})
_DULL = Dull(tag(element_but(_NAMING), valued(_ATTRIBUTE, "[^{quote}]*"), _ATTRIBUTE))
# Links of these kinds are asked for with the page.
_STYLE = frozenset({"stylesheet"})
_ICONS = frozenset({"icon", "apple-touch-icon", "mask-icon"})


class Kind(StrEnum):
    """What a part is."""

    PAGE = "page"
    IMAGE = "image"
    BACKGROUND = "background"
    STYLE = "style"
    SCRIPT = "script"
    FRAME = "frame"
    MEDIA = "media"
    FONT = "font"
    OTHER = "other"


_USES = {Use.IMPORT: Kind.STYLE, Use.FONT: Kind.FONT, Use.IMAGE: Kind.BACKGROUND}
_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Embed(NamedTuple):
    """One part: what it is, the normalised addresses of which a browser takes one, and how it asks for it."""

    kind: Kind
    urls: tuple[str, ...]
    method: str = "GET"


Values = dict[str, str]
"""The attributes of a tag, their references undone."""


def embeds(
    body: bytes,
    charset: str | None,
    url: str,
    *,
    xml: bool = False,
    styles: bool = False,
    most: int = MAX_EMBEDS,
) -> list[Embed]:
    """
    Return the parts that a page names, each address once, in the order of the page, and at most so many.

    With `styles` also what it may come to need: what its `<style>` names besides imports; every `<source>`.
    """
    found: list[Embed] = []
    seen: set[str] = set()
    base = url
    text = decode(body[:MAX_READ], charset, xml=xml)
    codec = "utf-8" if xml else codec_to_ask_in(body[:MAX_READ], charset)
    for token, values in _starts(text, xml=xml):
        if token.name == "base" and base == url:
            base = normalise(values.get("href", ""), url) or url
        for kind, written in _of_tag(token.name.rpartition(":")[2], values, most, styles=styles):
            urls = tuple(dict.fromkeys(filter(None, (_absolute(one, base, codec) for one in written))))
            if urls and not seen.issuperset(urls):
                seen.update(urls)
                found.append(Embed(kind, urls[:MAX_CANDIDATES]))
        if len(found) >= most:
            return found[:most]
    return found


def embeds_of_sheet(body: bytes, url: str, *, most: int = MAX_EMBEDS) -> list[Embed]:
    """Return what a style sheet names, each address once, in its order, and at most so many."""
    mark = _UTF_16.get(body[:2])
    text = body[:MAX_READ].decode(mark or "utf-8", "replace")
    named = ((kind, _absolute(written, url)) for kind, (written,) in _of_style(text, most))
    kinds: dict[str, Kind] = {}
    for kind, found in named:
        if found:
            kinds.setdefault(found, kind)
    return [Embed(kind, (found,)) for found, kind in kinds.items()]


def _starts(text: str, *, xml: bool) -> Iterator[tuple[Token, Values]]:
    """Yield the start tags with their attributes, and `<style>` with its text as an attribute."""
    for token in tokens(text, xml=xml, over=_DULL.over(plain_of(text))):
        if token.kind is Of.START:
            yield token, {one.name: unescape(one.value) for one in attributes(text, token)}
        elif token.kind in {Of.RAW, Of.TEXT} and token.name == "style":
            yield token, {"": text[token.start : token.end]}


def _of_tag(name: str, values: Values, most: int, *, styles: bool) -> Iterator[tuple[Kind, list[str]]]:
    rule = _RULES.get(name)
    if rule:
        yield from rule(values)
    if name == "source" and styles:
        yield Kind.MEDIA, [values.get("src", "")]
        yield Kind.IMAGE, _srcset(values.get("srcset", ""))
    if name == "style":
        of_style = _of_style(values.get("", ""), most)
        yield from of_style if styles else (one for one in of_style if one[0] is Kind.STYLE)
    if "style" in values:
        yield from _of_style(values["style"], most)
    if values.get("background"):
        yield Kind.BACKGROUND, [values["background"]]


def _of_style(text: str, most: int) -> Iterator[tuple[Kind, list[str]]]:
    """Yield what a text of CSS names, at most so many."""
    for use, address in islice(uses_in_css(text), most):
        yield _USES[use], [address]


def _absolute(written: str, base: str, codec: str = "utf-8") -> str | None:
    """Return an address as a normalised URL; None for one that is asked of no server."""
    asked = with_query_in(written.partition("#")[0].strip(_SPACE), codec)
    return normalise(asked, base) if asked else None


def _attribute(kind: Kind, *names: str) -> Callable[[Values], Iterator[tuple[Kind, list[str]]]]:
    def rule(values: Values) -> Iterator[tuple[Kind, list[str]]]:
        for name in names:
            if values.get(name):
                yield kind, [values[name]]

    return rule


def _image(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    yield Kind.IMAGE, [values.get("src", ""), *_srcset(values.get("srcset", ""))]


def _image_in_either(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    """Return what an `<image>` names: one of SVG, or in HTML another name of `<img>`."""
    yield from _image(values)
    yield from _attribute(Kind.IMAGE, "href", "xlink:href")(values)


def _input(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    if values.get("type", "").strip(_SPACE).lower() == "image":
        yield Kind.IMAGE, [values.get("src", "")]


def _link(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    rel = set(values.get("rel", "").lower().split())
    if rel & _STYLE and "alternate" not in rel and "disabled" not in values:
        yield Kind.STYLE, [values.get("href", "")]
    elif rel & _ICONS:
        yield Kind.IMAGE, [values.get("href", "")]


def _script(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    said = values.get("type", "").strip(_SPACE).lower()
    if said in {"", "module"} or said.endswith(("javascript", "ecmascript")):
        yield Kind.SCRIPT, [values.get("src", "")]


def _frame(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    if "srcdoc" not in values:
        yield Kind.FRAME, [values.get("src", "")]


def _video(values: Values) -> Iterator[tuple[Kind, list[str]]]:
    yield Kind.MEDIA, [values.get("src", "")]
    yield Kind.IMAGE, [values.get("poster", "")]


def _srcset(value: str) -> list[str]:
    return [found[1].rstrip(",") for found in islice(_CANDIDATE.finditer(value), MAX_CANDIDATES)]


_RULES: dict[str, Callable[[Values], Iterator[tuple[Kind, list[str]]]]] = {
    "audio": _attribute(Kind.MEDIA, "src"),
    "embed": _attribute(Kind.OTHER, "src"),
    "feimage": _attribute(Kind.IMAGE, "href", "xlink:href"),
    "frame": _frame,
    "iframe": _frame,
    "image": _image_in_either,
    "img": _image,
    "input": _input,
    "link": _link,
    "object": _attribute(Kind.OTHER, "data"),
    "script": _script,
    "track": _attribute(Kind.OTHER, "src"),
    "use": _attribute(Kind.IMAGE, "href", "xlink:href"),
    "video": _video,
}
