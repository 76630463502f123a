# SPDX-License-Identifier: EUPL-1.2
r"""
Maps the addresses in a style sheet and leaves every other byte as it was.

    url(https://a.example/b.png)            url( "//a.example/b.png" )       url(http\:\/\/a.example)
    @import "https://a.example/c.css";      src("https://a.example/f.woff2")
    image-set("https://a.example/1.png" 1x, url(https://a.example/2.png) 2x)

Only absolute http and https addresses and protocol-relative ones are touched. Strings elsewhere are text
(`content: "https://…"`), `@namespace` names are names, and comments are comments. Tokens are those of CSS
Syntax Level 3 section 4, also where a name has escapes in it (`u\72l(…)`) or an address has a quote. Regular
expressions whose loops never give back what they took: linear in the size of the sheet, unclosed strings and
comments included. Knows nothing of HTML.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from enum import Enum, auto
from typing import NamedTuple

from ..addresses.address import Mapper
from ..addresses.path_address import RootedMapper, mapped_address
from .data_url import rewritten_sheet

_SPACE = r"(?:[ \t\r\n\f]|/\*(?s:.*?)(?:\*/|\Z))*+"
_COMMENT = r"/\*(?s:.*?)(?:\*/|\Z)"
_ESCAPED_ANY = r"\\(?:\r\n|(?s:.))"
_STRING = rf"(?:\"(?:[^\"\\\r\n\f]|{_ESCAPED_ANY})*+\"?|'(?:[^'\\\r\n\f]|{_ESCAPED_ANY})*+'?)"
# the space belongs to a code (CSS Syntax 4.3.7)
_IN_NAME = r"\\(?:[0-9a-fA-F]{1,6}+(?:\r\n|[ \t\r\n\f])?+|[^0-9a-fA-F\r\n\f])"
_LETTERS = r"a-zA-Z0-9_\-\x00\x80-\U0010ffff"
_NAME = rf"(?:[{_LETTERS}]++|{_IN_NAME})++"
_ADDRESSING = r"(?:url|src|(?:-webkit-)?image-set)"

_DULL = re.compile(
    rf"""(?:
      [^{_LETTERS}\\"'/@\#<]++
    | (?!{_ADDRESSING}\()[a-zA-Z0-9_-]++(?![\\\x00\x80-\U0010ffff])
    | {_COMMENT} | /(?!\*) | <(?:!--)?+
    | {_STRING}
    | \#(?:{_NAME})?+
    | {_NAME}(?!\()
    )*+""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
"""All up to the next at-keyword, or function that may have an address."""
_DULL_WITHIN = re.compile(
    rf"(?:[^{_LETTERS}\\\"'/@#()\[\]{{}}]++|{_COMMENT}|/(?!\*)|[@#](?:{_NAME})?+|{_NAME}(?!\())*+", re.ASCII
)
"""All within a function up to the next string, bracket or function."""
_PRELUDE = re.compile(
    rf"(?:[^{_LETTERS}\\\"'/@#;{{}}]++|{_COMMENT}|/(?!\*)|{_STRING}|[@#](?:{_NAME})?+|{_NAME}(?!\())*+",
    re.ASCII,
)
"""All before a block or the end of a statement, up to the next function."""
_WORD = re.compile(rf"(?P<at>@?+)(?P<name>{_NAME})(?P<function>\(?+)", re.ASCII)
# Not every browser has these in names (CSS Syntax 4.2 as of 2023); what follows may be a name of its own
_DOUBTED = re.compile(
    r"[\x80-\xb6\xb8-\xbf\xd7\xf7\u037e\u2000-\u200b\u200e-\u203e\u2041-\u206f\u2190-\u2bff\u2ff0-\u3000"
    r"\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]"
)
_BEFORE_STRING = re.compile(rf"{_SPACE}(?P<string>{_STRING})")
_TEXT = re.compile(_STRING)
_WHOLE_STRING = re.compile(rf"\"(?:[^\"\\\r\n\f]|{_ESCAPED_ANY})*+\"|'(?:[^'\\\r\n\f]|{_ESCAPED_ANY})*+'")
# CSS Syntax 4.3.6 and 4.3.14: one that is no address ends where an address would, with the first `)`
_IN_URL = re.compile(
    rf"[ \t\r\n\f]*+(?:(?P<string>{_STRING})|(?P<bare>(?:[^ \t\r\n\f\"'()\\]|{_IN_NAME})*+)"
    r"(?P<rest>(?:[^)\\]|\\(?s:.))*+))"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ESCAPE = re.compile(
    r"\\(?:(?P<code>[0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(?P<newline>\r\n|[\r\n\f])|(?P<char>(?s:.)))"
)
_ESCAPED = re.compile(r"[\"'()\\<\x00-\x20\x7f]")
_WORTH_A_LOOK = re.compile("http|data:", re.IGNORECASE)
_DEEPEST = 3
"""Style sheets in each other's addresses that are read; what is deeper is empty."""
_LOOKED_BACK = 2000
"""Characters before an address in which it is sought what it is for."""

_WHITE = " \t\r\n\f"

_UTF_16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Use(Enum):
    """What a style sheet uses an address for."""

    IMPORT = auto()
    FONT = auto()
    IMAGE = auto()


_FUNCTIONS: dict[str, Use | None] = {"src": None, "image-set": Use.IMAGE, "-webkit-image-set": Use.IMAGE}
"""Functions whose strings are addresses, and what for."""


def rewrite_css(body: bytes, mapper: Mapper, depth: int = 0) -> bytes:
    """
    Return a style sheet with its addresses mapped.

    The bytes may be in any charset that has ASCII in it, or in UTF-16 with its mark; they stay in it. `depth`
    counts the style sheets in whose addresses it stands.
    """
    charset = _UTF_16_MARKS.get(body[:2])
    if charset:
        return rewrite_css_text(body.decode(charset, "surrogatepass"), mapper, depth).encode(
            charset, "surrogatepass"
        )
    return rewrite_css_text(body.decode("utf-8", "surrogateescape"), mapper, depth).encode(
        "utf-8", "surrogateescape"
    )


def mapped_sheet(address: str, mapper: Mapper, depth: int = 0) -> str:
    """Map the address of a style sheet; the addresses in one that is its own address are mapped."""
    within = rewritten_sheet(
        address, lambda body: rewrite_css(body, mapper, depth + 1) if depth < _DEEPEST else b""
    )
    return mapped_address(address, mapper) if within is None else within


def rewrite_css_text(text: str, mapper: Mapper, depth: int = 0) -> str:
    """Return the text of a style sheet or a style attribute with its addresses mapped."""
    slash = "/" if isinstance(mapper, RootedMapper) else "//"
    seen = text.replace("\t", "") if "\t" in text else text  # as in an address
    if slash not in seen and "\\" not in seen and not _WORTH_A_LOOK.search(seen):
        return text
    pieces, done = [], 0
    for one in _arguments(text):
        pieces += [text[done : one.start], _mapped_argument(text[one.start : one.end], mapper, depth)]
        done = one.end
    return "".join([*pieces, text[done:]])


def uses_in_css(text: str) -> Iterator[tuple[Use, str]]:
    """Yield what a text of CSS may use, by address, escapes undone; a browser asks only for what it needs."""
    for one in _arguments(text):
        yield one.use or _use_at(text, one.start), _address(text[one.start : one.end])


class _Argument(NamedTuple):
    """Where an address stands: a string with its quotes, or what is between parentheses without."""

    start: int
    end: int
    use: Use | None
    """None where what stands before it tells."""


def _arguments(text: str) -> Iterator[_Argument]:
    """Yield where addresses stand in a text of CSS, in order."""
    place = 0
    while (place := _end(_DULL, text, place)) < len(text):
        word = _WORD.match(text, place)
        if word is None:  # an escape that is none, or an `@` before no name
            place += 1
            continue
        name, place = _named(word["name"]), word.end()
        if word["at"]:
            place -= len(word["function"])
            if name == "namespace":
                place = _after_prelude(text, place)
            elif name == "import" and (imported := _BEFORE_STRING.match(text, place)):
                yield _Argument(*imported.span("string"), Use.IMPORT)
                place = imported.end()
        elif name == "url":
            place = yield from _in_url(text, place, None)
        elif name in _FUNCTIONS:
            place = yield from _in_function(text, place, _FUNCTIONS[name])


def _in_url(text: str, place: int, use: Use | None) -> Generator[_Argument, None, int]:
    """Yield where the address stands in `url(…)`, from behind its parenthesis; return how far was read."""
    found = _IN_URL.match(text, place)
    if not found:
        return place
    if found["string"] is not None:
        yield _Argument(*found.span("string"), use)
    elif found["bare"]:  # also of one that is no address: Chromium takes it for one when it scans ahead
        yield _Argument(*found.span("bare"), use)
    return found.end()


def _in_function(text: str, place: int, use: Use | None) -> Generator[_Argument, None, int]:
    """Yield where addresses stand in a function whose strings are such; return where it ends (5.4.9)."""
    closing = [")"]
    while closing and (place := _end(_DULL_WITHIN, text, place)) < len(text):
        mark, word = text[place], _WORD.match(text, place)
        if word is not None and (name := _named(word["name"])) == "url":
            place = yield from _in_url(text, word.end(), use)
            closing.append(")")
        elif word is not None:
            typed = _BEFORE_STRING.match(text, word.end()) if name == "type" else None
            place = typed.end() if typed else word.end()
            closing.append(")")
        elif string := _TEXT.match(text, place):
            yield _Argument(place, string.end(), use)
            place = string.end()
        else:
            if mark in _CLOSING:
                closing.append(_CLOSING[mark])
            elif mark == closing[-1]:
                closing.pop()
            place += 1
    return place


def _after_prelude(text: str, place: int) -> int:
    """Return where `@namespace` ends, whose addresses are names."""
    while (place := _end(_PRELUDE, text, place)) < len(text) and text[place] not in ";{}":
        word = _WORD.match(text, place)
        place = word.end() if word else place + 1
        if word and _named(word["name"]) == "url" and (found := _IN_URL.match(text, place)):
            place = found.end()
    return place


def _end(dull: re.Pattern[str], text: str, place: int) -> int:
    found = dull.match(text, place)
    return found.end() if found else place


def _named(written: str) -> str:
    """Return a name in lower case, its escapes undone."""
    name = _ESCAPE.sub(_unescaped, written) if "\\" in written else written
    return name.lower() if name.isascii() else _DOUBTED.split(name)[-1].lower()


def _use_at(text: str, start: int) -> Use:
    """Return what an address is for, by what stands before it."""
    before = text[max(0, start - _LOOKED_BACK) : start].rstrip(_WHITE)[:-4]
    if before[-40:].rstrip().lower().endswith("@import"):
        return Use.IMPORT
    rule = before.rpartition("{")[0][-40:].rstrip().lower()
    return Use.FONT if rule.endswith("@font-face") and "}" not in before.rpartition("{")[2] else Use.IMAGE


def _address(argument: str) -> str:
    """Return what stands between the parentheses, or a string, as the address that it is."""
    quote = argument[:1] if argument[:1] in {'"', "'"} else ""
    closed = bool(quote) and bool(_WHOLE_STRING.fullmatch(argument))
    written = argument[len(quote) : -1 if closed else None]
    return _ESCAPE.sub(_unescaped, written) if "\\" in written else written


def _mapped_argument(argument: str, mapper: Mapper, depth: int) -> str:
    """Map what stands between the parentheses, or a string; what is not mapped stays as written."""
    address = _address(argument)
    mapped = mapped_sheet(address, mapper, depth)
    if mapped == address:
        return argument
    quote = argument[:1] if argument[:1] in {'"', "'"} else ""
    closed = quote if _WHOLE_STRING.fullmatch(argument) else ""
    return f"{quote}{_ESCAPED.sub(_escaped, mapped)}{closed}"


def _unescaped(escape: re.Match[str]) -> str:
    """Return what an escape stands for (CSS Syntax 4.3.7); an escaped newline stands for nothing."""
    if escape["code"]:
        code = int(escape["code"], 16)
        return (
            chr(code)
            if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
            else "\N{REPLACEMENT CHARACTER}"
        )
    return escape["char"] or ""


def _escaped(character: re.Match[str]) -> str:
    """Write a character as a code: right in strings and without quotes, and `<` cannot end a `<style>`."""
    return f"\\{ord(character[0]):x} "
