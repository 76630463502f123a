# SPDX-License-Identifier: EUPL-1.2
r"""
Maps the addresses in a style sheet and leaves every other byte as it was.

    url(https://a.example/b.png)            url( "//a.example/b.png" )       url(http\:\/\/a.example)
    @import "https://a.example/c.css";      src("https://a.example/f.woff2")
    image-set("https://a.example/1.png" 1x, url(https://a.example/2.png) 2x)

Only absolute http and https addresses and protocol-relative ones are touched. Strings elsewhere are text
(`content: "https://…"`), `@namespace` names are names, and comments are comments. Tokens are those of CSS
Syntax Level 3 section 4. One regular expression whose loops never give back what they took: linear in
the size of the sheet, unclosed strings and comments included. Knows nothing of HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from ..addresses.address import Mapper
from ..addresses.path_address import RootedMapper, touched

_SPACE = r"(?:[ \t\r\n\f]|/\*(?s:.*?)(?:\*/|\Z))*+"
_DOUBLE = r'"(?:[^"\\\r\n\f]|\\(?s:.))*+"?'
_SINGLE = r"'(?:[^'\\\r\n\f]|\\(?s:.))*+'?"
_STRING = rf"(?:{_DOUBLE}|{_SINGLE})"
_CODE = r"\\[0-9a-fA-F]{1,6}+(?:\r\n|[ \t\r\n\f])?+"  # the space belongs to it (CSS Syntax 4.3.7)
_NAME_BEFORE = r"(?<![\w\\-])"
_URL = rf"(?:url|src)\([ \t\r\n\f]*+(?:{_STRING}|(?:[^\s\"'()\\]|{_CODE}|\\(?s:.))*+)"

_TOKEN = re.compile(
    rf"""
      /\*(?s:.*?)(?:\*/|\Z)
    | @namespace\b(?:[^;{{}}"']|{_STRING})*+
    | (?P<import>@import{_SPACE})(?P<imported>{_STRING})
    | {_NAME_BEFORE}(?P<set>(?:-webkit-)?image-set\((?:[^()"']|{_STRING}|\((?:[^()"']|{_STRING})*+\)?)*+)
    | {_NAME_BEFORE}(?P<url>{_URL})
    | {_STRING}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IN_SET = re.compile(
    rf"/\*(?s:.*?)(?:\*/|\Z)|type\({_STRING}|(?P<url>{_URL})|(?P<string>{_STRING})", re.IGNORECASE
)
_PARTS = re.compile(r"(?P<function>[a-z]+\([ \t\r\n\f]*+)(?P<argument>(?s:.*))", re.IGNORECASE)
_ESCAPE = re.compile(
    r"\\(?:(?P<code>[0-9a-fA-F]{1,6})(?:\r\n|[ \t\r\n\f])?|(?P<newline>\r\n|[\r\n\f])|(?P<char>(?s:.)))"
)
_ESCAPED = re.compile(r"[\"'()\\<\x00-\x20\x7f]")
_LOOKED_BACK = 2000
"""Characters before an address in which it is sought what it is for."""

_UTF_16_MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Use(Enum):
    """What a style sheet uses an address for."""

    IMPORT = auto()
    FONT = auto()
    IMAGE = auto()


def rewrite_css(body: bytes, mapper: Mapper) -> bytes:
    """
    Return a style sheet with its addresses mapped.

    The bytes may be in any charset that has ASCII in it, or in UTF-16 with its mark; they stay in it.
    """
    charset = _UTF_16_MARKS.get(body[:2])
    if charset:
        return rewrite_css_text(body.decode(charset, "surrogatepass"), mapper).encode(
            charset, "surrogatepass"
        )
    return rewrite_css_text(body.decode("utf-8", "surrogateescape"), mapper).encode(
        "utf-8", "surrogateescape"
    )


def rewrite_css_text(text: str, mapper: Mapper) -> str:
    """Return the text of a style sheet or a style attribute with its addresses mapped."""
    slash = "/" if isinstance(mapper, RootedMapper) else "//"
    if slash not in text and "\\" not in text and "http" not in text.lower():
        return text
    return _TOKEN.sub(lambda token: _mapped_token(token, mapper), text)


def uses_in_css(text: str) -> Iterator[tuple[Use, str]]:
    """Yield what a text of CSS may use, by address, escapes undone; a browser asks only for what it needs."""
    for token in _TOKEN.finditer(text):
        if token["imported"] is not None:
            yield Use.IMPORT, _address(token["imported"])
        elif token["set"] is not None:
            yield from ((Use.IMAGE, address) for address in _addresses_in_set(token["set"]))
        elif token["url"] is not None:
            yield _use_at(text, token.start()), _address_in(token["url"])


def _addresses_in_set(text: str) -> Iterator[str]:
    for part in _IN_SET.finditer(text):
        if part["url"] is not None:
            yield _address_in(part["url"])
        elif part["string"] is not None:
            yield _address(part["string"])


def _use_at(text: str, start: int) -> Use:
    """Return what an address is for, by what stands before it."""
    before = text[max(0, start - _LOOKED_BACK) : start]
    if before[-40:].rstrip().lower().endswith("@import"):
        return Use.IMPORT
    rule = before.rpartition("{")[0][-40:].rstrip().lower()
    return Use.FONT if rule.endswith("@font-face") and "}" not in before.rpartition("{")[2] else Use.IMAGE


def _address_in(url: str) -> str:
    """Return the address of `url(…)`."""
    parts = _PARTS.fullmatch(url)
    return _address(parts["argument"]) if parts else ""


def _address(argument: str) -> str:
    """Return what stands between the parentheses, or a string, as the address that it is."""
    quote = argument[:1] if argument[:1] in {'"', "'"} else ""
    written = argument.strip() if not quote else argument[1:].removesuffix(quote)
    return _ESCAPE.sub(_unescaped, written)


def _mapped_token(token: re.Match[str], mapper: Mapper) -> str:
    if token["url"] is not None:
        return _mapped_url(token["url"], mapper)
    if token["imported"] is not None:
        return token["import"] + _mapped_argument(token["imported"], mapper)
    if token["set"] is not None:
        return _IN_SET.sub(lambda part: _mapped_part(part, mapper), token["set"])
    return token[0]


def _mapped_part(part: re.Match[str], mapper: Mapper) -> str:
    if part["url"] is not None:
        return _mapped_url(part["url"], mapper)
    return _mapped_argument(part[0], mapper) if part["string"] is not None else part[0]


def _mapped_url(url: str, mapper: Mapper) -> str:
    parts = _PARTS.fullmatch(url)
    return parts["function"] + _mapped_argument(parts["argument"], mapper) if parts else url


def _mapped_argument(argument: str, mapper: Mapper) -> str:
    """Map what stands between the parentheses, or a string; what is not mapped stays as written."""
    quote = argument[:1] if argument[:1] in {'"', "'"} else ""
    closed = bool(quote) and len(argument) > 1 and argument.endswith(quote)
    written = argument[len(quote) : -1 if closed else None]
    address = _ESCAPE.sub(_unescaped, written) if "\\" in written else written
    if not touched(mapper).match(address):
        return argument
    mapped = mapper(address)
    if mapped == address:
        return argument
    return f"{quote}{_ESCAPED.sub(_escaped, mapped)}{quote if closed else ''}"


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
