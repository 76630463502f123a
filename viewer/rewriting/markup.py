# SPDX-License-Identifier: EUPL-1.2
"""
The tokens of an HTML or XML page, each with its place in the text, so that a rewriter touches only some.

    <!doctype html><p class=a>x &amp; <style>b{}</style><!-- c -->
    [other        ][start    ]        [start][raw][end ][other   ]

Text between tokens is not given. The tokens are those of the standard's tokenizer (HTML section 13.2.5):
where a tag ends, which attributes it has, what is raw text, what a comment is. Of tree construction it
knows just what the tokenizer needs: inside `<svg>` and `<math>` there is no raw text, and where broken markup
leaves them depends on what is open around them (foreign.py); nor is there any in a template for columns
(templates.py). `<noscript>` is read as markup, as without scripts; where scripts may run, its content must be
the same tags to both (`Noscript`).

Every page is hostile. Each regular expression takes what it once matched and never gives it back, an
unclosed thing runs to the end of the page, and nesting is remembered to a fixed depth, below which the rest
of the page is one raw text (`TOO_DEEP`): linear in its size, whatever stands in it.
Knows nothing of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

from .dull import Over
from .foreign import Foreign
from .page_elements import ReadingsDiffer
from .page_so_far import Stretch
from .tags import ATTRIBUTE, Kind, Token, is_self_closing, local, lower
from .templates import Template, entered

_ANY_ATTRIBUTE = re.sub(r"\?P<\w+>", "?:", ATTRIBUTE)
_TAG = (
    rf"(?P<slash>/?)(?P<tag>[A-Za-z][^\t\n\f\r />]*+)"
    rf"(?P<attributes>(?:{_ANY_ATTRIBUTE})*+)[\t\n\f\r /]*+(?P<close>>?)"
)
_COMMENT = r"!--(?:-?>|(?s:.*?)(?:--!?>|\Z))"
# HTML section 13.2.5.7: `</` at the very end of a page is text
_HTML_TOKEN = re.compile(rf"<(?:{_TAG}|{_COMMENT}|[!?][^>]*+>?|/(?:>|[^>]++>?))")
QUOTED = r"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)"
"""A literal between quotes, of XML; one without end runs to the end of the page."""
# XML 1.0 section 2.8: a quote in a comment or an instruction in a doctype begins nothing, nor does a
# `]` within a declaration end it
_DECLARED = rf"<![A-Z](?:[^>\"']|{QUOTED})*+(?:>|\Z)"
_SUBSET = (
    rf"\[(?:[^\]\"'<]|<!--(?s:.*?)(?:-->|\Z)|<\?(?s:.*?)(?:\?>|\Z)|{_DECLARED}|<(?!!--|\?|![A-Z])|{QUOTED})*+"
    r"(?:\]|\Z)"
)
_XML_TOKEN = re.compile(
    rf"<(?:{_TAG}|!--(?s:.*?)(?:-->|\Z)|!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|\?(?s:.*?)(?:\?>|\Z)"
    rf"|!(?:[^>\[\"']|{QUOTED}|{_SUBSET})*+>?)"
)
CDATA = "<![CDATA["
"""What a section begins with that is text whatever stands in it."""
_CDATA_END = re.compile(r"\]\]>|\Z")

TOO_DEEP = "#too-deep"
"""The name of the rest of a page: more is open around and in `<svg>` or `<math>` than is remembered."""
DISPUTED = "#disputed"
"""The name of a start tag that is one to some browsers and nothing to others, and is given as raw text."""
DISPUTED_END = "#disputed-end"
"""The name of such an end tag in foreign content."""
NOTHING = "#nothing"
"""The name of a tag around foreign content that opens or ends nothing."""
SECTION = "#section"
"""The name of a CDATA section directly in an integration point, where text counts as HTML."""
NO_SECTION = "#no-section"
"""The name of what looks like one in HTML in foreign content, and is a comment."""
WHOLE_NOSCRIPT = "#noscript"
"""The name of a `<noscript>` with its tags, given as raw text."""
_FRAMESET = "frameset"
_NOSCRIPT = "noscript"
_RAW = frozenset(
    {"iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_RAW_IN_FOREIGN = frozenset({"script", "style"})
# In foreign content and in XML such text ends where any tag begins; CDATA sections are part of it, and
# comments that can be read in one way
_FOREIGN_TEXT = re.compile(
    r"(?:[^<]++|<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+-->|<(?![A-Za-z/!?]))*+"
)
_RAW_END = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)
    for name in (_RAW | {_NOSCRIPT}) - {"plaintext"}
}
# HTML section 13.2.5.15 to 13.2.5.31: `<script>` inside `<!--` inside a script hides its end tag.
_IN_SCRIPT = re.compile(
    r"(?P<shut><!---?>|-->)|(?P<open><!--)|<(?P<end>/?)script(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII
)


class Noscript(Enum):
    """
    How the content of `<noscript>` is read.

    Where scripts run it is text up to the first end tag; where they do not it is markup, in which that may
    stand in a comment, say, and what follows is other tags (HTML section 13.2.6.4.4). A page for both may
    only have content that ends at one place; any other is given as raw text, for the caller to take away.
    """

    MARKUP = auto()
    """No scripts run."""
    EITHER = auto()
    """Content that ends in two places is raw text. Raises ReadingsDiffer where that is not enough."""
    TEXT = auto()
    """Scripts run: all of it is raw text."""
    NONE = auto()
    """There is none: each is given as raw text with its tags, for the caller to take away."""


_SCRIPTS = {Noscript.MARKUP: False, Noscript.EITHER: None, Noscript.TEXT: True, Noscript.NONE: True}


def tokens(
    text: str,
    *,
    xml: bool = False,
    over: Over | None = None,
    noscript: Noscript = Noscript.MARKUP,
    is_framed: bool = False,
) -> Iterator[Token]:
    """
    Yield the tokens of a page in their order. A tag that the page ends in is none, as in browsers.

    `over` passes over text and whole tags that the caller wants no token of (dull.py), `<noscript>`,
    `<template>` and `<frameset>` not among them. It is not asked inside `<svg>` and `<math>`, in a template
    that may hold columns only or one within that, nor after a `<frameset>`, behind which text may be what is
    none. `is_framed` says that it is a document within a page (`srcdoc`), which is never in quirks mode.
    """
    scanner = _Scanner(text, xml, over, Noscript.MARKUP if xml else noscript, is_framed=is_framed)
    while (token := scanner.next()) is not None:
        yield token


class _Scanner:
    """Walks through a text once; it remembers its place, and the foreign elements and templates around it."""

    def __init__(
        self,
        text: str,
        xml: bool,
        over: Over | None,
        noscript: Noscript,
        *,
        differing: bool = False,
        is_framed: bool = False,
    ) -> None:
        self._text = text
        self._xml = xml
        self._over = over
        self._noscript = noscript
        self._all_text = False
        """Whether all that follows is text where scripts run, in a `<noscript>` without an end."""
        self._place = 0
        self._raw = ""
        self._kept: Token | None = None
        """A tag that is yet to be given."""
        self._within = 0
        """In XML, the elements open from one on whose text comes in pieces."""
        self._pieces_of = ""
        self._foreign = Foreign(text, self._outside, scripts=_SCRIPTS[noscript], is_framed=is_framed)
        self._differing = differing
        """Whether tags were read that are none where scripts run, in a `<noscript>`."""

    def next(self) -> Token | None:
        """Return the next token, or None at the end."""
        if self._kept:
            kept, self._kept = self._kept, None
            return kept
        if self._raw:
            return self._raw_text()
        if (self._within or self._foreign.levels) and (piece := self._piece()):
            return piece
        if self._over and not self._within and not self._foreign.levels and not self._foreign.templates:
            self._place = self._over(self._place)
        before = self._place
        found = (_XML_TOKEN if self._xml else _HTML_TOKEN).search(self._text, self._place)
        if not found:
            return None
        self._place = found.end()
        if not self._xml and self._text[before : found.start()].strip("\0"):
            self._foreign.text()
        if found["tag"] is None:
            return self._other(found)
        return self._tag(found) if found["close"] else None

    def _tag(self, found: re.Match[str]) -> Token:
        kind = Kind.END if found["slash"] else Kind.START
        token = Token(kind, lower(found["tag"]), found.start(), found.end(), found.span("attributes"))
        if token.name == _FRAMESET:
            self._over = None
        if kind is Kind.START and self._foreign.disputes(token.name):
            return Token(Kind.RAW, DISPUTED, token.start, token.end)
        if kind is Kind.END and self._foreign.disputes_end(token.name):
            return Token(Kind.RAW, DISPUTED_END, token.start, token.end)
        if kind is Kind.START and (whole := self._whole_noscript(token)):
            return whole
        # as it is where the tag stands: `<svg><title>` is not
        if kind is Kind.START and self._begins_raw(token):
            self._raw = local(token.name) if self._xml else token.name
        if self._xml:
            self._count(token)
            return token
        return self._followed(token)

    def _followed(self, token: Token) -> Token:
        unwritten = self._foreign.follow(token)
        if self._foreign.is_lost:
            return self._rest(token)
        if unwritten is None:
            return Token(Kind.RAW, NOTHING, token.start, token.end)
        if unwritten:
            self._kept = token
            return Token(Kind.UNWRITTEN, unwritten, token.start, token.start)
        return token

    def _count(self, token: Token) -> None:
        """Follow a tag of XML in an element whose text comes in pieces."""
        if self._within and token.kind is Kind.END:
            self._within -= 1
        elif self._within and not is_self_closing(self._text, token):
            self._within += 1

    def _rest(self, token: Token) -> Token:
        self._raw, self._place = "", len(self._text)
        return Token(Kind.RAW, TOO_DEEP, token.start, self._place)

    def _other(self, found: re.Match[str]) -> Token:
        start = found.start()
        if not self._foreign.levels or not self._text.startswith(CDATA, start):
            return Token(Kind.OTHER, "", start, self._place)
        if self._foreign.is_html:
            return Token(Kind.RAW, NO_SECTION, start, self._place)
        end = _CDATA_END.search(self._text, start + len(CDATA))
        self._place = end.end() if end else len(self._text)
        if self._foreign.is_inside:
            return Token(Kind.OTHER, "", start, self._place)
        if end and end.start() > start + len(CDATA):
            self._foreign.text()
        return Token(Kind.RAW, SECTION, start, self._place)

    def _raw_text(self) -> Token:
        name, start, self._raw = self._raw, self._place, ""
        self._place = self._end_of(name)
        if not self._xml and not self._foreign.is_inside:
            return Token(Kind.RAW, name, start, self._place)
        if self._xml and not self._within and not self._text.startswith("</", self._place):
            self._within, self._pieces_of = 1, name
        return Token(Kind.TEXT, name, start, self._place)

    def _piece(self) -> Token | None:
        """Return text of a `<script>` or `<style>` behind something that stands in it."""
        name = self._pieces_of if self._within else self._foreign.innermost
        if name not in _RAW_IN_FOREIGN:
            return None
        start, self._place = self._place, self._end_of(name)
        return Token(Kind.PIECE, name, start, self._place) if self._place > start else None

    def _end_of(self, name: str) -> int:
        if self._xml or self._foreign.is_inside:
            found = _FOREIGN_TEXT.match(self._text, self._place)
            return found.end() if found else self._place
        if name == "script":
            return _script_end(self._text, self._place)
        pattern = _RAW_END.get(name)  # nothing ends `<plaintext>`
        found = pattern.search(self._text, self._place) if pattern else None
        return found.start() if found else len(self._text)

    def _begins_raw(self, tag: Token) -> bool:
        """Tell whether what follows a start tag is raw text, or given as that."""
        if self._foreign.ignores(tag.name):
            return False
        return self._is_raw(tag) or self._is_taken(tag)

    def _is_raw(self, tag: Token) -> bool:
        if self._xml or self._foreign.is_inside:
            name = local(tag.name) if self._xml else tag.name
            return name in _RAW_IN_FOREIGN and not is_self_closing(self._text, tag)
        return tag.name in _RAW

    def _is_taken(self, tag: Token) -> bool:
        """Tell whether a tag is of a `<noscript>` whose content is given as raw text."""
        as_markup = self._noscript is Noscript.MARKUP or self._all_text
        if tag.name != _NOSCRIPT or as_markup or self._foreign.is_inside:
            return False
        end = _RAW_END[_NOSCRIPT].search(self._text, tag.end)
        if end is None:
            self._all_text = True
            return False
        in_templates = entered(self._foreign.templates, _NOSCRIPT)  # which tags in it could end
        if self._noscript is not Noscript.EITHER or self._foreign.levels or in_templates:
            return True
        content = self._text[tag.end : end.start()]
        self._differing = self._differing or "<" in content
        return not _ends_alike(content)

    def _whole_noscript(self, tag: Token) -> Token | None:
        """
        Return a `<noscript>` with its tags, where the tags alone may be read in two ways: in foreign content.

        Without scripts its start tag opens formatting elements again, and with them it does not.
        """
        goes = self._noscript is Noscript.NONE or (
            self._noscript is Noscript.EITHER and bool(self._foreign.levels)
        )
        if tag.name != _NOSCRIPT or not goes or self._all_text or self._foreign.is_inside:
            return None
        end = _RAW_END[_NOSCRIPT].search(self._text, tag.end)
        shut = _HTML_TOKEN.match(self._text, end.start()) if end else None
        if not shut or not shut["close"] or self._foreign.ignores(_NOSCRIPT):
            return None
        self._place = shut.end()
        return Token(Kind.RAW, WHOLE_NOSCRIPT, tag.start, self._place)

    def pass_to(self, place: int, templates: Template | None) -> None:
        """Go to a place that is in nothing foreign, and in no raw text."""
        self._foreign.levels.clear()
        self._foreign.templates = templates
        self._raw = ""
        self._place = place

    def _outside(self, stretch: Stretch) -> Iterator[Token]:
        """Yield the tokens of a stretch outside; of what is passed over in it only the first."""
        if self._differing:
            raise ReadingsDiffer
        scanner = _Scanner(self._text, xml=False, over=None, noscript=self._noscript)
        scanner.pass_to(stretch.start, stretch.templates)
        while (token := scanner.next()) is not None and token.start < stretch.end:
            yield token
            if token.start in stretch.passed:
                scanner.pass_to(stretch.passed[token.start], scanner._foreign.templates)

    def ends_noscript(self) -> bool:
        """Tell whether the first `noscript` tag is an end tag, at the end of the text and in nothing."""
        while (token := self.next()) is not None and token.name != _NOSCRIPT:
            pass
        last = token is not None and token.kind is Kind.END and token.end == len(self._text)
        return last and not self._foreign.levels and not self._foreign.templates


def _ends_alike(content: str) -> bool:
    """Tell whether the content of a `<noscript>`, read as markup, ends where it ends as text."""
    whole = f"{content}</{_NOSCRIPT}>"
    scanner = _Scanner(whole, xml=False, over=None, noscript=Noscript.MARKUP, differing=True)
    try:
        return scanner.ends_noscript()
    except ReadingsDiffer:
        return False


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
