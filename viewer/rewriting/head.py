# SPDX-License-Identifier: EUPL-1.2
"""
What goes first into a page: the tag of our script, and the place where it runs before all else.

    <!doctype html><html><head>[here]    <!doctype html>[here]<p>    <html>[here]<body>

Knows nothing of addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as escape_text

from .markup import tokens
from .tags import SPACE, Kind, Token, local


def head_script(
    src: str,
    *,
    pattern: str,
    timestamp: str,
    origin: str,
    viewer: str,
    cookies: Sequence[str] = (),
    origins: str = "",
    **more: str,
) -> str:
    """
    Return the tag of replay.js for a page; the script itself says what `more` there may be.

    `src` is the script's absolute URL, because a `<base>` of the page around it holds in a `srcdoc`;
    `pattern` as in ReplayAddresses.pattern; `origin` the archived origin of the page; `viewer` the
    viewer's origin; `cookies` what came with the page, as in Set-Cookie. In path mode `origins` are the other
    archived origins, with spaces between. Well-formed in HTML and XML.
    """
    data = {"pattern": pattern, "timestamp": timestamp, "origin": origin, "viewer": viewer, **more}
    data |= {"origins": origins} if origins else {}
    if cookies:
        data["cookies"] = "\n".join(cookies)
    written = "".join(f' data-{name}="{escape_text(value)}"' for name, value in data.items())
    return f'<script src="{escape_text(src)}"{written}></script>'


def first_place(text: str, xml: bool) -> int:
    """
    Return where a script runs first: in `<head>`, else before the first thing that would begin the body.

    Never before a doctype: browsers would then render in quirks mode. -1 where there is no such place.
    """
    end = 0
    for token in tokens(text, xml=xml):
        if not xml and text[end : token.start].strip(SPACE):
            return _after_space(text, end)
        name = local(token.name)
        if token.kind is Kind.START and name == "head":
            return token.end
        if token.kind is not Kind.OTHER and (token.kind is not Kind.START or name != "html"):
            return _in_root(text, token, end) if xml else token.start
        end = token.end if not xml or token.kind is Kind.START else end
    if xml:
        return end or -1
    return _after_space(text, end)


def _after_space(text: str, start: int) -> int:
    """Return where white space ends: before the head there is none in the tree, within it there is."""
    return len(text) - len(text[start:].lstrip(SPACE))


def _in_root(text: str, token: Token, html_end: int) -> int:
    """Return the first place in the root of an XML page: after `<html>`, or after another root's tag."""
    if html_end:
        return html_end
    return token.end if token.kind is Kind.START and text[token.end - 2] != "/" else -1
