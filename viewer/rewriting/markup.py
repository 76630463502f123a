# SPDX-License-Identifier: EUPL-1.2
"""
The tokens of an HTML or XML page, each with its place in the text, so that a rewriter touches only some.

    <!doctype html><p class=a>x &amp; <style>b{}</style><!-- c -->
    [other        ][start    ]        [start][raw][end ][other   ]

Text between tokens is not given. The tokens are those of the standard's tokenizer (HTML section 13.2.5):
where a tag ends, which attributes it has, what is raw text, what a comment is. Of tree construction it
knows just what the tokenizer needs: inside `<svg>` and `<math>` there is no raw text, and where broken markup
leaves them depends on what is open around them (open_elements.py). `<noscript>` is read
as markup, so that one rewritten page serves browsers with and without scripts.

Every page is hostile. Each regular expression takes what it once matched and never gives it back, an
unclosed thing runs to the end of the page, and nesting is remembered to a fixed depth: linear in the
size of the page, whatever stands in it. Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from html.entities import html5
from typing import NamedTuple

from .open_elements import TABLE_PARTS, OpenElements

SPACE = "\t\n\f\r "
"""White space of HTML."""

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
_HTML_TYPES = frozenset({"application/xhtml+xml", "text/html"})  # of an `<annotation-xml>` that holds HTML
_STILL_FOREIGN = frozenset({"malignmark", "mglyph"})
_OF_FONT = frozenset({"color", "face", "size"})
# HTML section 13.2.6.5: these end foreign content
_BREAKOUT = frozenset({
    "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1",
    "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol",
    "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul",
    "var",
})  # fmt: skip
_DEEPEST = 256
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


def local(name: str) -> str:
    """Return the name of an element without its prefix."""
    return name.rpartition(":")[2]


@dataclass(slots=True)
class _Level:
    """Foreign elements within each other, and the HTML they stand in: a page, or an integration point."""

    html: OpenElements | None
    """None: the page, whose elements are only looked at when it matters what they are."""
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    """What the content of each foreign element is: `svg` or `math`."""
    math_text: bool = False
    """Whether the integration point is one of MathML's for text, where two elements are foreign still."""

    def cut(self, name: str) -> bool:
        """Close the innermost foreign element of a name; tell whether there was one."""
        if name not in self.names:
            return False
        place = len(self.names) - 1 - self.names[::-1].index(name)
        del self.names[place:], self.kinds[place:]
        return True


class _Scanner:
    """Walks through a text once; what it remembers is its place and the foreign elements it is in."""

    def __init__(self, text: str, xml: bool, dull: re.Pattern[str] | None) -> None:
        self._text = text
        self._xml = xml
        self._dull = dull
        self._place = 0
        self._raw = ""
        self._levels: list[_Level] = []
        self._page = OpenElements()
        self._known = 0  # up to where the elements of the page are known
        self._begun = 0
        self._foreign: dict[int, int] = {}  # what was foreign since: from where to where

    def next(self) -> Token | None:
        """Return the next token, or None at the end."""
        if self._raw:
            return self._raw_text()
        passed = self._dull.match(self._text, self._place) if self._dull and not self._levels else None
        if passed:
            self._place = passed.end()
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
        name = found["tag"].lower()
        # as it is where the tag stands: `<svg><title>` is not
        if kind is Kind.START and self._is_raw(name, found):
            self._raw = name
        if not self._xml:
            self._follow(name, found, text=found.start() > before)
        return Token(kind, name, found.start(), found.end(), found.span("attributes"))

    def _follow(self, name: str, found: re.Match[str], *, text: bool) -> None:
        if text and self._levels and self._levels[-1].html:
            self._levels[-1].html.text()
        (self._leave if found["slash"] else self._enter)(name, found)

    def _other(self, found: re.Match[str]) -> Token:
        in_html = not self._levels or (not self._levels[-1].names and bool(self._levels[-1].html))
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
        return bool(self._levels) and bool(self._levels[-1].names)

    def _is_raw(self, name: str, found: re.Match[str]) -> bool:
        if self._xml or self._in_foreign():
            return name in _RAW_IN_FOREIGN and not _self_closing(found)
        return name in _RAW

    def _enter(self, name: str, found: re.Match[str]) -> None:
        """Follow a start tag into foreign content, out of it, or into HTML inside it."""
        if self._in_foreign() and self._breaks_out(name, found):
            self._break_out(found.start())
        if self._in_foreign():
            self._enter_foreign(name, self._levels[-1], found)
        elif self._levels:
            self._enter_html(name, self._levels[-1], found)
        elif name in _FOREIGN and not _self_closing(found):
            self._begun = found.start()
            self._levels.append(_Level(None, [name], [name]))

    def _enter_html(self, name: str, level: _Level, found: re.Match[str]) -> None:
        """Follow a start tag in an integration point."""
        if name in _FOREIGN or (level.math_text and not level.html and name in _STILL_FOREIGN):
            self._enter_root(name, level, found)
        elif name in TABLE_PARTS and name != "table":
            self._table_part(name, found.start(), entering=True)
        elif level.html is not None:
            level.html.enter(name, found["attributes"])

    def _enter_root(self, name: str, level: _Level, found: re.Match[str]) -> None:
        if level.html:
            level.html.text()
        if not _self_closing(found):
            level.names.append(name)
            level.kinds.append(name if name in _FOREIGN else "math")

    def _breaks_out(self, name: str, found: re.Match[str]) -> bool:
        if name != "font":
            return name in _BREAKOUT
        return any(
            one["name"].lower() in _OF_FONT
            for one in _ATTRIBUTES.finditer(self._text, *found.span("attributes"))
        )

    def _break_out(self, place: int) -> None:
        """Close all foreign elements, up to the HTML or the integration point around them."""
        level = self._levels[-1]
        level.names.clear()
        level.kinds.clear()
        if level.html is None:
            self._levels.clear()
            self._foreign[self._begun] = place

    def _enter_foreign(self, name: str, level: _Level, found: re.Match[str]) -> None:
        """Follow a start tag inside `<svg>` or `<math>`, whose kind all elements in it have."""
        if _self_closing(found) or sum(len(one.names) for one in self._levels) >= _DEEPEST:
            return
        kind = level.kinds[-1]
        if name == "svg" and level.names[-1] == "annotation-xml":
            kind = name
        level.names.append(name)
        level.kinds.append(kind)
        if name in _INTEGRATION[kind] or (
            name == "annotation-xml" and kind == "math" and self._is_html(found)
        ):
            math_text = kind == "math" and name != "annotation-xml"
            self._levels.append(_Level(OpenElements(), math_text=math_text))

    def _is_html(self, found: re.Match[str]) -> bool:
        """Tell whether an `<annotation-xml>` says that it holds HTML."""
        for one in _ATTRIBUTES.finditer(self._text, *found.span("attributes")):
            if one["name"].lower() == "encoding":
                return unescape((one["value"] or "").strip("\"'")).lower() in _HTML_TYPES
        return False

    def _leave(self, name: str, found: re.Match[str]) -> None:
        """Follow an end tag (HTML 13.2.6.5): it closes foreign elements, what they stand in, or nothing."""
        if not self._levels:
            return
        level = self._levels[-1]
        if level.names and name in {"br", "p"}:
            self._break_out(found.start())
            if level.html is not None:
                level.html.leave(name)
        elif not level.names and level.html:
            self._leave_html(name, level.html, found)
        elif not self._cut(name, found):
            self._leave_around(name, found)

    def _leave_html(self, name: str, html: OpenElements, found: re.Match[str]) -> None:
        if name in TABLE_PARTS:
            self._table_part(name, found.start())
        else:
            html.leave(name)

    def _cut(self, name: str, found: re.Match[str]) -> bool:
        """Close the innermost foreign element of a name, with no HTML element between."""
        for place in range(len(self._levels) - 1, -1, -1):
            level = self._levels[place]
            if level.cut(name):
                del self._levels[place + 1 :]
                if level.html is None and not level.names:
                    self._levels.clear()
                    self._foreign[self._begun] = found.end()
                return True
            if level.html or level.html is None:
                return False
        return False

    def _leave_around(self, name: str, found: re.Match[str]) -> None:
        """Follow an end tag that is of no foreign element: it is of the HTML around them, if of anything."""
        level = self._levels[-1]
        if name in TABLE_PARTS:
            self._table_part(name, found.start())
        elif level.names:
            html = self._page_elements() if level.html is None else level.html
            html.foreign(barred=("annotation-xml", "math") in zip(level.names, level.kinds, strict=True))
            html.leave(name)
            if html.took_foreign():
                self._left(level, found.end())

    def _left(self, level: _Level, place: int) -> None:
        level.names.clear()
        level.kinds.clear()
        if level.html is None:
            self._levels.clear()
            self._known = place

    def _table_part(self, name: str, place: int, *, entering: bool = False) -> None:
        """Follow a tag of a part of a table: it closes cells, whatever is open in them."""
        wanted = "table" if entering else name
        while self._levels:
            level = self._levels[-1]
            html = self._page_elements() if level.html is None else level.html
            if html.has_part(wanted):
                break
            if level.html is None or html.has_part("table") or not self._part_around(wanted):
                return
            self._levels.pop()
            self._levels[-1].names.pop()
        self._apply_part(name, place, entering=entering)

    def _part_around(self, wanted: str) -> bool:
        """Tell whether such a part is open at all: no further out than the innermost table."""
        for level in reversed(self._levels):
            html = self._page_elements() if level.html is None else level.html
            if html.has_part("table"):
                return html.has_part(wanted)
        return False

    def _apply_part(self, name: str, place: int, *, entering: bool) -> None:
        level = self._levels[-1]
        self._break_out(place)
        if level.html is not None:
            (level.html.enter if entering else level.html.leave)(name)

    def _page_elements(self) -> OpenElements:
        """
        Return what is open around the outermost `<svg>` or `<math>` that the scanner is in.

        Looked up only for tags that may close it, so that most of a page is passed over; what was read once
        is not read again.
        """
        scanner = _Scanner(self._text, xml=False, dull=None)
        scanner._place, last = self._known, self._known
        while (token := scanner.next()) is not None and token.start < self._begun:
            if token.start > last:
                self._page.text()
            last = token.end
            if token.start in self._foreign:
                self._page.text()
                scanner._levels.clear()
                scanner._raw = ""
                scanner._place = last = self._foreign[token.start]
            elif token.kind is Kind.START:
                self._page.enter(token.name, self._text[slice(*token.attributes)])
            elif token.kind is Kind.END:
                self._page.leave(token.name)
        if self._begun > last:
            self._page.text()
        self._known = self._begun
        self._foreign.clear()
        return self._page


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
