# SPDX-License-Identifier: EUPL-1.2
"""
The tokens of an HTML or XML page, each with its place in the text, so that a rewriter touches only some.

    <!doctype html><p class=a>x &amp; <style>b{}</style><!-- c -->
    [other        ][start    ]        [start][raw][end ][other   ]

Text between tokens is not given. The tokens are those of the standard's tokenizer (HTML section 13.2.5):
where a tag ends, which attributes it has, what is raw text, what a comment is. Of tree construction it
knows just what the tokenizer needs: inside `<svg>` and `<math>` there is no raw text. `<noscript>` is read
as markup, so that one rewritten page serves browsers with and without scripts.

Every page is hostile. Each regular expression takes what it once matched and never gives it back, an
unclosed thing runs to the end of the page, and nesting is remembered to a fixed depth: linear in the
size of the page, whatever stands in it. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from html.entities import html5
from typing import NamedTuple

_S = r"[\t\n\f\r ]"
_ATTRIBUTE = (
    rf"[\t\n\f\r /]*+(?P<name>[^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rf"(?:{_S}*+={_S}*+"
    r"(?P<value>\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+|(?=>|\Z)))?+"
)
_ANY_ATTRIBUTE = re.sub(r"\?P<\w+>", "?:", _ATTRIBUTE)
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
_ATTRIBUTES = re.compile(_ATTRIBUTE)
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

_FOREIGN = frozenset({"math", "svg"})
_INTEGRATION = {
    "svg": frozenset({"desc", "foreignobject", "title"}),
    "math": frozenset({"mi", "mn", "mo", "ms", "mtext"}),
}
_HTML_INSIDE = re.compile(
    r"\bencoding\s*+=\s*+[\"']?(?:text/html|application/xhtml\+xml)(?![^\s\"'>/])", re.IGNORECASE
)
# HTML section 13.2.6.5: these end foreign content
_BREAKOUT = frozenset({
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1",
    "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol",
    "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul",
    "var",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_DEEPEST = 64
"""Foreign elements within each other that are remembered; real pages have two or three."""

_REFERENCE = re.compile(
    r"&(?:#[xX](?P<hex>[0-9A-Fa-f]++);?|#(?P<decimal>[0-9]++);?|(?P<name>[A-Za-z0-9]++)(?P<end>[;=]?))"
)


class Kind(Enum):
    """What a token is."""

    START = auto()
    END = auto()
    RAW = auto()
    """The text of `<script>`, `<style>`, `<title>` and their like; `name` says which."""
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
    An attribute as written: its name in lower case, its raw value without quotes, and its places.

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


def tokens(text: str, *, xml: bool = False, dull: re.Pattern[str] | None = None) -> Iterator[Token]:
    """
    Yield the tokens of a page in their order. A tag that the page ends in is none, as in browsers.

    `dull` is text and whole tags that the caller wants no token of, matched where a token may begin. It
    matches neither the start tag of an element with raw text nor `<svg>` nor `<math>`, and it is not asked
    inside those two.
    """
    scanner = _Scanner(text, xml, dull)
    while (token := scanner.next()) is not None:
        yield token


def attributes(text: str, token: Token) -> Iterator[Attribute]:
    """Yield the attributes of a start tag; of several with one name only the first, which counts."""
    seen = set()
    for found in _ATTRIBUTES.finditer(text, *token.attributes):
        name = found["name"].lower()
        if name in seen:
            continue
        seen.add(name)
        written = found["value"] or ""
        quote = written[0] if written[:1] in {'"', "'"} else ""
        start, end = found.span("value") if found["value"] is not None else (found.end(), found.end())
        yield Attribute(
            name, written[1:-1] if quote else written, quote, found.start(), found.end(), start, end
        )


def unescape(value: str) -> str:
    """Return an attribute's value with its character references undone (HTML section 13.2.5.73)."""
    return _REFERENCE.sub(_character, value) if "&" in value else value


def escape(value: str, quote: str) -> str:
    """Return a value as it may stand between `quote`s in HTML and in XML."""
    value = value.replace("&", "&amp;").replace("<", "&lt;")
    return value.replace("'", "&#39;") if quote == "'" else value.replace('"', "&quot;")


class _Open(NamedTuple):
    """An open element, from the outermost `<svg>` or `<math>` on."""

    name: str
    content: str
    """What its content is: `svg`, `math`, or nothing for HTML."""
    html: bool = False
    """Whether it is an HTML element itself."""


class _Scanner:
    """Walks through a text once; what it remembers is its place and the foreign elements it is in."""

    def __init__(self, text: str, xml: bool, dull: re.Pattern[str] | None) -> None:
        self._text = text
        self._xml = xml
        self._dull = dull
        self._place = 0
        self._raw = ""
        self._open: list[_Open] = []

    def next(self) -> Token | None:
        """Return the next token, or None at the end."""
        if self._raw:
            return self._raw_text()
        passed = self._dull.match(self._text, self._place) if self._dull and not self._open else None
        if passed:
            self._place = passed.end()
        found = (_XML_TOKEN if self._xml else _HTML_TOKEN).search(self._text, self._place)
        if not found:
            return None
        self._place = found.end()
        if found["tag"] is None:
            return self._other(found)
        if not found["close"]:
            return None
        kind = Kind.END if found["slash"] else Kind.START
        name = found["tag"].lower()
        # as it is where the tag stands: `<svg><title>` is not
        if kind is Kind.START and self._is_raw(name, found):
            self._raw = name
        if not self._xml:
            (self._leave if found["slash"] else self._enter)(name, found)
        return Token(kind, name, found.start(), found.end(), found.span("attributes"))

    def _other(self, found: re.Match[str]) -> Token:
        in_html = not self._open or self._open[-1].html
        if not in_html and self._text.startswith("<![CDATA[", found.start()):
            end = _CDATA_END.search(self._text, found.start() + 9)
            self._place = end.end() if end else len(self._text)
        return Token(Kind.OTHER, "", found.start(), self._place)

    def _raw_text(self) -> Token:
        name, start, self._raw = self._raw, self._place, ""
        self._place = self._end_of(name)
        return Token(Kind.RAW, name, start, self._place)

    def _end_of(self, name: str) -> int:
        if self._xml or self._in_foreign():
            found = _FOREIGN_TEXT.match(self._text, self._place)
            return found.end() if found else self._place
        if name == "script":
            return _script_end(self._text, self._place)
        pattern = _RAW_END.get(name)  # nothing ends `<plaintext>`
        found = pattern.search(self._text, self._place) if pattern else None
        return found.start() if found else len(self._text)

    def _in_foreign(self) -> bool:
        return bool(self._open) and self._open[-1].content != ""

    def _is_raw(self, name: str, found: re.Match[str]) -> bool:
        if self._xml or self._in_foreign():
            return name in _RAW_IN_FOREIGN and not _self_closing(found)
        return name in _RAW

    def _enter(self, name: str, found: re.Match[str]) -> None:
        """Follow a start tag into foreign content, out of it, or into HTML inside it."""
        stack = self._open
        if self._in_foreign() and name in _BREAKOUT:
            while self._in_foreign():
                stack.pop()
        kind = stack[-1].content if stack else ""
        if kind:
            self._enter_foreign(name, kind, found)
        elif name in _FOREIGN:
            self._push(_Open(name, name), found)
        elif stack and name not in _VOID and stack[-1] != _Open(name, "", html=True):
            self._push(_Open(name, "", html=True), None)

    def _enter_foreign(self, name: str, kind: str, found: re.Match[str]) -> None:
        """Follow a start tag inside `<svg>` or `<math>`, whose kind all elements in it have."""
        content = kind
        if name == "annotation-xml" and kind == "math":
            content = "" if _HTML_INSIDE.search(found["attributes"]) else kind
        elif name in _INTEGRATION[kind]:
            content = ""
        elif name == "svg" and self._open[-1].name == "annotation-xml":
            content = name
        self._push(_Open(name, content), found)

    def _push(self, opened: _Open, found: re.Match[str] | None) -> None:
        if len(self._open) < _DEEPEST and not (found and _self_closing(found)):
            self._open.append(opened)

    def _leave(self, name: str, _found: re.Match[str]) -> None:
        """Follow an end tag; inside HTML elements it closes one of them or nothing (HTML 13.2.6.4.7)."""
        stack = self._open
        inside = bool(stack) and stack[-1].html
        for place in range(len(stack) - 1, -1, -1):
            if inside and not stack[place].html:
                return
            if stack[place].name == name and stack[place].html == inside:
                del stack[place:]
                return


def _self_closing(found: re.Match[str]) -> bool:
    """Tell whether a tag ends in `/>`; the slash of `<a href=x/>` is the value's (HTML 13.2.5.37)."""
    return found[0].endswith("/>") and found.end("attributes") < found.end() - 1


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
