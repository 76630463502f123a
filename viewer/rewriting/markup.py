# SPDX-License-Identifier: EUPL-1.2
"""
The tokens of an HTML or XML page, each with its place in the text, so that a rewriter touches only some.

    <!doctype html><p class=a>x &amp; <style>b{}</style><!-- c -->
    [other        ][start    ]        [start][raw][end ][other   ]

Text between tokens is not given. The tokens are those of the standard's tokenizer (HTML section 13.2.5):
where a tag ends, which attributes it has, what is raw text, what a comment is. Of tree construction it
knows just what the tokenizer needs: inside `<svg>` and `<math>` there is no raw text, and where broken markup
leaves them depends on what is open around them (foreign.py). `<noscript>` is read as markup, so that one
rewritten page serves browsers with and without scripts.

Every page is hostile. Each regular expression takes what it once matched and never gives it back, an
unclosed thing runs to the end of the page, and nesting is remembered to a fixed depth: linear in the
size of the page, whatever stands in it. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .dull import Over
from .foreign import Foreign
from .tags import ATTRIBUTE, Kind, Token, is_self_closing

_ANY_ATTRIBUTE = re.sub(r"\?P<\w+>", "?:", ATTRIBUTE)
_TAG = (
    rf"(?P<slash>/?)(?P<tag>[A-Za-z][^\t\n\f\r />]*+)"
    rf"(?P<attributes>(?:{_ANY_ATTRIBUTE})*+)[\t\n\f\r /]*+(?P<close>>?)"
)
_COMMENT = r"!--(?:-?>|(?s:.*?)(?:--!?>|\Z))"
# HTML section 13.2.5.7: `</` at the very end of a page is text
_HTML_TOKEN = re.compile(rf"<(?:{_TAG}|{_COMMENT}|[!?][^>]*+>?|/(?:>|[^>]++>?))")
_XML_TOKEN = re.compile(
    rf"<(?:{_TAG}|!--(?s:.*?)(?:-->|\Z)|!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|\?(?s:.*?)(?:\?>|\Z)"
    r"|!(?:[^>\[\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|\[(?:[^\]\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+(?:\]|\Z))*+>?)"
)
_CDATA_END = re.compile(r"\]\]>|\Z")

_RAW = frozenset(
    {"iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_RAW_IN_FOREIGN = frozenset({"script", "style"})
# In foreign content and in XML such text ends where any tag or comment begins; a CDATA section is part of it
_FOREIGN_TEXT = re.compile(r"(?:[^<]++|<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|<(?![A-Za-z/!?]))*+")
_RAW_END = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW - {"plaintext"}}
# HTML section 13.2.5.15 to 13.2.5.31: `<script>` inside `<!--` inside a script hides its end tag.
_IN_SCRIPT = re.compile(
    r"(?P<shut><!---?>|-->)|(?P<open><!--)|<(?P<end>/?)script(?=[\t\n\f\r />])", re.IGNORECASE
)


def tokens(text: str, *, xml: bool = False, over: Over | None = None) -> Iterator[Token]:
    """
    Yield the tokens of a page in their order. A tag that the page ends in is none, as in browsers.

    `over` passes over text and whole tags that the caller wants no token of (dull.py). It is not asked inside
    `<svg>` and `<math>`.
    """
    scanner = _Scanner(text, xml, over)
    while (token := scanner.next()) is not None:
        yield token


class _Scanner:
    """Walks through a text once; what it remembers is its place and the foreign elements it is in."""

    def __init__(self, text: str, xml: bool, over: Over | None) -> None:
        self._text = text
        self._xml = xml
        self._over = over
        self._place = 0
        self._raw = ""
        self._foreign = Foreign(text, _outside)

    def next(self) -> Token | None:
        """Return the next token, or None at the end."""
        if self._raw:
            return self._raw_text()
        if self._over and not self._foreign.levels:
            self._place = self._over(self._place)
        before = self._place
        found = (_XML_TOKEN if self._xml else _HTML_TOKEN).search(self._text, self._place)
        if not found:
            return None
        self._place = found.end()
        if found["tag"] is None:
            return self._other(found)
        if not found["close"]:
            return None
        kind = Kind.END if found["slash"] else Kind.START
        token = Token(kind, found["tag"].lower(), found.start(), found.end(), found.span("attributes"))
        # as it is where the tag stands: `<svg><title>` is not
        if kind is Kind.START and self._is_raw(token):
            self._raw = token.name
        if not self._xml:
            self._foreign.follow(token, text=token.start > before)
        return token

    def _other(self, found: re.Match[str]) -> Token:
        if not self._foreign.is_html and self._text.startswith("<![CDATA[", found.start()):
            end = _CDATA_END.search(self._text, found.start() + 9)
            self._place = end.end() if end else len(self._text)
        return Token(Kind.OTHER, "", found.start(), self._place)

    def _raw_text(self) -> Token:
        name, start, self._raw = self._raw, self._place, ""
        self._place = self._end_of(name)
        return Token(Kind.RAW, name, start, self._place)

    def _end_of(self, name: str) -> int:
        if self._xml or self._foreign.is_inside:
            found = _FOREIGN_TEXT.match(self._text, self._place)
            return found.end() if found else self._place
        if name == "script":
            return _script_end(self._text, self._place)
        pattern = _RAW_END.get(name)  # nothing ends `<plaintext>`
        found = pattern.search(self._text, self._place) if pattern else None
        return found.start() if found else len(self._text)

    def _is_raw(self, tag: Token) -> bool:
        if self._xml or self._foreign.is_inside:
            return tag.name in _RAW_IN_FOREIGN and not is_self_closing(self._text, tag)
        return tag.name in _RAW

    def pass_to(self, place: int) -> None:
        """Go to a place that is in nothing foreign, and in no raw text."""
        self._foreign.levels.clear()
        self._raw = ""
        self._place = place


def _outside(text: str, start: int, end: int, passed: Mapping[int, int]) -> Iterator[Token]:
    """Yield the tokens between two places of a page; of each stretch that is passed over only the first."""
    scanner = _Scanner(text, xml=False, over=None)
    scanner.pass_to(start)
    while (token := scanner.next()) is not None and token.start < end:
        yield token
        if token.start in passed:
            scanner.pass_to(passed[token.start])


def _script_end(text: str, start: int) -> int:
    escaped = hidden = False
    for found in _IN_SCRIPT.finditer(text, start):
        if found["open"]:
            escaped = True
        elif found["shut"]:
            escaped = hidden = False
        elif found["end"] and not hidden:
            return found.start()
        elif found["end"] is not None:
            hidden = escaped and not found["end"]
    return len(text)
