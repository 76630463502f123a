# SPDX-License-Identifier: EUPL-1.2
"""
What a page in HTML or XML is made of: tokens, the attributes of a tag, and references to characters.

    <a class=x title="1 &lt; 2" class=y>
    [ class, x ] [ title, 1 &lt; 2 ]         of two with one name the first counts

Each expression takes what it once matched and never gives it back. Knows nothing of where tokens stand in a
page, or of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from html.entities import html5
from typing import NamedTuple

SPACE = "\t\n\f\r "
"""White space of HTML."""

_S = r"[\t\n\f\r ]"
ATTRIBUTE = (
    rf"[\t\n\f\r /]*+(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rf"(?:{_S}*+={_S}*+"
    r"(?P<value>\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+|(?=>|\Z)))?+"
)
"""An attribute of a tag, with the space before it."""
_ATTRIBUTES = re.compile(ATTRIBUTE)

_CAPITALS = re.compile("[A-Z]+")
_REFERENCE = re.compile(
    r"&(?:#[xX](?P<hex>[0-9A-Fa-f]++);?|#(?P<decimal>[0-9]++);?|(?P<name>[A-Za-z0-9]++)(?P<end>[;=]?))"
)


class Kind(Enum):
    """What a token is."""

    START = auto()
    END = auto()
    RAW = auto()
    """The text of `<script>`, `<style>`, `<title>` and their like; `name` says which."""
    TEXT = auto()
    """That of `<script>` or `<style>` in foreign content and in XML: references and CDATA sections count."""
    PIECE = auto()
    """More of such a text, behind an element or the like; browsers join the two."""
    UNWRITTEN = auto()
    """End tags that are not there, `name`, of what is foreign and ends without; where they would stand."""
    OTHER = auto()
    """A comment, a doctype, a CDATA section, a processing instruction."""


class Token(NamedTuple):
    """A token and its place in the text; `attributes` is where those of a start tag stand."""

    kind: Kind
    name: str
    start: int
    end: int
    attributes: tuple[int, int] = (0, 0)


class Attribute(NamedTuple):
    """
    An attribute as written: its name (of HTML in lower case), its raw value without quotes, and its places.

    `start` to `end` is the attribute with the space before it; `value_start` to `value_end` the value
    with its quotes. `quote` is empty where there is none. An attribute without value has an empty span.
    """

    name: str
    value: str
    quote: str
    start: int
    end: int
    value_start: int
    value_end: int


def attributes(text: str, token: Token, *, xml: bool = False, every: bool = False) -> Iterator[Attribute]:
    """
    Yield the attributes of a start tag; of several with one name only the first, which counts, or `every`.

    In XML names stay as they are written, since `HREF` is another one there.
    """
    seen = set()
    for found in _ATTRIBUTES.finditer(text, *token.attributes):
        name = found["name"] if xml else lower(found["name"])
        if name in seen and not every:
            continue
        seen.add(name)
        written = found["value"] or ""
        quote = written[0] if written[:1] in {'"', "'"} else ""
        start, end = found.span("value") if found["value"] is not None else (found.end(), found.end())
        yield Attribute(
            name, written[1:-1] if quote else written, quote, found.start(), found.end(), start, end
        )


def lower(name: str) -> str:
    """Return a name with its ASCII letters in lower case: a Kelvin sign is no `k` (HTML section 13.2.5.8)."""
    return name.lower() if name.isascii() else _CAPITALS.sub(lambda found: found[0].lower(), name)


def unescape(value: str) -> str:
    """Return an attribute's value with its character references undone (HTML section 13.2.5.73)."""
    return _REFERENCE.sub(_character, value) if "&" in value else value


def escape(value: str, quote: str) -> str:
    """Return a value as it may stand between `quote`s in HTML and in XML."""
    value = value.replace("&", "&amp;").replace("<", "&lt;")
    return value.replace("'", "&#39;") if quote == "'" else value.replace('"', "&quot;")


def local(name: str) -> str:
    """Return the name of an element without its prefix."""
    return name.rpartition(":")[2]


def is_self_closing(text: str, tag: Token) -> bool:
    """Tell whether a tag ends in `/>`; the slash of `<a href=x/>` is the value's (HTML 13.2.5.37)."""
    return text.endswith("/>", tag.start, tag.end) and tag.attributes[1] < tag.end - 1


def _character(found: re.Match[str]) -> str:
    if found["hex"] or found["decimal"]:
        digits = (found["hex"] or found["decimal"]).lstrip("0")[:8]
        code = int(digits or "0", 16 if found["hex"] else 10)
        return _WINDOWS.get(code) or _scalar(code)
    name, end = found["name"], found["end"]
    if end == ";" and f"{name};" in html5:
        return html5[f"{name};"]
    # Without a semicolon, only where no letter, digit or `=` follows: `?a=1&copy=2` is not a copyright sign
    return html5[name] + end if name in html5 and end != "=" else found[0]


def _scalar(code: int) -> str:
    valid = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if valid else "\N{REPLACEMENT CHARACTER}"


# References to C1 controls mean the windows-1252 character (HTML section 13.2.5.80)
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
