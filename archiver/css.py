# SPDX-License-Identifier: EUPL-1.2
r"""
Find addresses in a style sheet or a style attribute. Knows nothing of what they are relative to.

    url(a.png)  url( "a.png" )        CSS Values 4, section 4.5; unquoted ones take escapes: url(a\ b.png)
    @import "a.css"  @import url(a)   CSS Cascade 5, section 2
    image-set("a.png" 1x, url(b) 2x)  CSS Images 4, section 2.4
    image("a.png", red)  src("a.png") CSS Images 4, section 2.5; CSS Values 5, section 3

One pass of one expression that never goes back, so time is linear in the text.
"""

from __future__ import annotations

import re

MAX_CSS = 10_000_000
"""Characters read of one style sheet. The largest sheets of the field are a tenth of this."""

_WORTH_READING = re.compile(r"url\(|@import|image(?:-set)?\(|\bsrc\(", re.IGNORECASE)
_STRING = r""""(?:[^"\\\n]|\\[\s\S])*+"?|'(?:[^'\\\n]|\\[\s\S])*+'?"""
_TOKEN = re.compile(
    rf"""
      /\*(?:[^*]|\*(?!/))*+(?:\*/)?
    | (?<![\w-])url\(\s*+(?:(?P<quoted>{_STRING})|(?P<bare>(?:[^)\\]|\\[\s\S])*+))
    | (?P<string>{_STRING})
    | (?P<at>@[\w-]++)
    | (?P<set>(?<![\w-])(?:(?:-webkit-)?image-set|image|src)\()
    | (?P<mark>[();{{}}])
    | \\[\s\S]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:([0-9A-Fa-f]{1,6})(?:\r\n|[ \t\r\n\f])?|(\r\n|[\r\n\f])|([\s\S])|\Z)")


def find_css_links(text: str) -> list[str]:
    """Return the addresses as written, escapes undone, in order, once each, without mere fragments."""
    text = text[:MAX_CSS]
    if not _WORTH_READING.search(text):
        return []
    found = (reference for reference in _references(text) if reference and not reference.startswith("#"))
    return list(dict.fromkeys(found))


def _references(text: str) -> list[str]:
    """Walk the tokens. A string counts after `@import` and inside image-set(); `@namespace` names no file."""
    found: list[str] = []
    rule = ""
    depth = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "at":
            rule = token["at"].lower()
        elif kind in {"quoted", "bare"} and rule != "@namespace":
            found.append(_value(token[kind]))
            depth += bool(depth)  # its own closing bracket is still to come
        elif kind == "string" and (rule == "@import" or depth == 1):
            found.append(_value(token["string"]))
            rule = ""
        elif kind == "set":
            depth += 1
        elif kind == "mark":
            rule, depth = _after(token["mark"], rule, depth)
    return found


def _after(mark: str, rule: str, depth: int) -> tuple[str, int]:
    if mark in "()":
        return rule, max(depth + (1 if mark == "(" else -1), 0) if depth else 0
    return "", 0


def _value(written: str) -> str:
    """Return what a string or an unquoted url() says: quotes off, escapes undone (CSS Syntax 3, 4.3.7)."""
    if written[:1] in {'"', "'"}:
        written = written[1:-1] if len(written) > 1 and written[-1] == written[0] else written[1:]
    value = _ESCAPE.sub(_unescaped, written) if "\\" in written else written
    return value.strip()


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        number = int(match[1], 16)
        return "\ufffd" if not 0 < number < 0x110000 or 0xD800 <= number < 0xE000 else chr(number)
    return match[3] or ""
