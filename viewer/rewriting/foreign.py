# SPDX-License-Identifier: EUPL-1.2
"""
Where in a page `<svg>` and `<math>` are, which HTML stands in them, and what ends them (HTML 13.2.6.5).

    <p><svg><title>x</title></svg>           <title> is foreign: its text is no raw text
    <svg><foreignObject><div><svg>…          an integration point: HTML in what is foreign, and again
    <svg><g><p>                              `<p>` ends what is foreign, as may end tags of what is around it

Tags go in, in their order; what is open in the page around them is read only where a tag may close it
(open_elements.py), but for templates, in some of which most tags are nothing (templates.py). That reading is
long and may err, so little is to depend on it: where what is foreign ends without its end tag, that is to be
written, and an end tag that ends nothing to go. Nesting is remembered to a fixed depth, beyond which nobody
knows where a page is (`is_lost`). Knows nothing of raw text or addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .foreign_names import (
    BREAKOUT,
    CAPITALS,
    HTML_TYPES,
    INTEGRATION,
    OF_FONT,
    ROOTS,
    STILL_FOREIGN,
)
from .formatting import FORMATTING
from .open_elements import OpenElements
from .open_stack import OfDocument
from .page_so_far import PageSoFar, Reader
from .table_parts import TABLE_PARTS
from .tags import Kind, Token, attributes, is_self_closing, unescape
from .templates import Template, disputes, entered, ignores, left

_BESIDE_COLUMNS = frozenset(("col", "html"))
"""The end tags that end no `<colgroup>` where they end nothing, as all others do."""
_ENDS_BODY = frozenset(("body", "html"))
"""The end tags that close nothing, and tell where later comments belong."""
_DEEPEST = 256
"""Foreign elements within each other that are remembered; real pages have two or three."""


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


class Foreign:
    """
    The foreign elements around a place in a page, and the HTML in them. Knows them from tag to tag.

    Of the HTML around them it knows the templates, and reads the rest where that matters.
    """

    def __init__(
        self, text: str, read: Reader, *, scripts: bool | None = False, is_framed: bool = False
    ) -> None:
        self._text = text
        self.levels: list[_Level] = []
        """Empty where the place is in nothing foreign."""
        self.templates: Template | None = None
        """Templates of the page around the place, as far as one may hold columns only."""
        self._document = OfDocument()
        self._document.scripts = scripts
        self._page = PageSoFar(text, read, self._document, is_framed=is_framed)
        self._unwritten: list[str] = []
        """The end tags of what is foreign and ends with the tag that is followed."""
        self._is_shut_in = False
        """Whether such an end tag would end nothing, since HTML is open in what it is of."""

    def text(self) -> None:
        """Go past text, before a tag, a comment or a CDATA section: it may open elements again."""
        html = self._html_here()
        if html is not None:
            self._know_formatting()
            html.text()

    def follow(self, tag: Token) -> str | None:
        """
        Go past a tag; return the end tags that what is foreign ends without there, or None if it is nothing.

        With those before it, and without it, it is the same page to everyone who reads it so; and to who
        reads otherwise what is open around, the same is foreign all the same.
        """
        if self.ignores(tag.name):
            return ""
        self._unwritten.clear()
        self._is_shut_in = False
        is_any = self._leave(tag) if tag.kind is Kind.END else self._enter(tag)
        return "".join(self._unwritten) if is_any else None

    def ignores(self, name: str) -> bool:
        """Tell whether a tag that stands here is nothing: it begins neither raw text nor `<svg>`."""
        if not self.levels:
            return ignores(self.templates, name)
        html = self._html_here()
        return html is not None and html.tables.ignores(name)

    def disputes(self, name: str) -> bool:
        """Tell whether a start tag that stands here is one to some browsers, and nothing to others."""
        if not self.levels:
            return disputes(self.templates, name)
        html = self._html_here()
        return html is not None and html.tables.disputes(name)

    def disputes_end(self, name: str) -> bool:
        """
        Tell whether an end tag that stands here ends something else to some browsers, or nothing.

        The standard seeks a name whatever its case. Chromium gives the end tag the capitals of SVG if what it
        stands in is SVG, and none if it is MathML, and so ends no element of other spelling, nor HTML.
        """
        if name not in CAPITALS or not self._open_foreign():
            return False
        kind = self._open_foreign()[0][1]
        named = [one for other, one in self._open_foreign() if other == name]
        return named[0] != kind if named else kind == "svg"

    def _open_foreign(self) -> list[tuple[str, str]]:
        """Return names and kinds of the elements around the place, innermost first, up to one of HTML."""
        found: list[tuple[str, str]] = []
        for level in reversed(self.levels):
            found += zip(reversed(level.names), reversed(level.kinds), strict=True)
            if level.html:
                break
        return found

    def _html_here(self) -> OpenElements | None:
        """Return the HTML of an integration point, if the place is in that and in nothing foreign within."""
        return self.levels[-1].html if self.levels and not self.levels[-1].names else None

    @property
    def is_lost(self) -> bool:
        """Whether more is open in each other than is remembered: what follows can be read in any way."""
        return self._document.is_lost

    @property
    def is_inside(self) -> bool:
        """Whether what stands here is foreign."""
        return bool(self.levels) and bool(self.levels[-1].names)

    @property
    def innermost(self) -> str:
        """The foreign element that what stands here is in, if it is in no HTML in that."""
        return self.levels[-1].names[-1] if self.is_inside else ""

    @property
    def is_html(self) -> bool:
        """Whether what stands here is HTML: of the page, or in an integration point."""
        return not self.levels or (not self.levels[-1].names and bool(self.levels[-1].html))

    def _enter(self, tag: Token) -> bool:
        """Follow a start tag into foreign content, out of it, or into HTML inside it; tell if it is any."""
        if self.is_inside and self._breaks_out(tag):
            self._break_out(tag.start)
        if self.is_inside:
            self._enter_foreign(self.levels[-1], tag)
        elif self.levels:
            return self._enter_html(self.levels[-1], tag)
        else:
            self._enter_page(tag)
        return True

    def _enter_page(self, tag: Token) -> None:
        """Follow a start tag in the page."""
        self.templates = entered(self.templates, tag.name)
        if tag.name in ROOTS and not is_self_closing(self._text, tag):
            self._page.begun = tag.start
            self.levels.append(_Level(None, [tag.name], [tag.name]))

    def _enter_html(self, level: _Level, tag: Token) -> bool:
        """Follow a start tag in an integration point; tell whether it is one there."""
        if tag.name in ROOTS or (level.math_text and not level.html and tag.name in STILL_FOREIGN):
            self._enter_root(level, tag)
        elif tag.name in TABLE_PARTS and (tag.name != "table" or self._in_table()):
            return self._table_part(tag.name, tag.start, entering=True)
        elif level.html is not None:
            self._know_formatting(tag.name)
            is_form = tag.name == "form"  # of which there is one pointer for the whole document
            level.html.enter(
                tag.name,
                self._text[slice(*tag.attributes)],
                in_table=is_form and self._in_table(),
                in_template=is_form and self._in_template(),
            )
        return True

    def _know_formatting(self, name: str = "") -> None:
        """Read the page up to here, where it matters which formatting elements are open in it."""
        if name in FORMATTING or self._document.formatting:
            self._page.elements(self.templates)

    def _in_table(self) -> bool:
        """Tell whether what stands here is in a table and in no cell of it; and know what is open around."""
        page = self._page.elements(self.templates)
        open_here = (page if level.html is None else level.html for level in reversed(self.levels))
        return next(
            (found for html in open_here if (found := html.tables.holds_parts_only()) is not None), False
        )

    def _in_template(self) -> bool:
        """Tell whether what stands here is in a template; and know what is open around, and which form."""
        self._page.elements(self.templates)
        return any(self._html_of(level).has_template for level in self.levels)

    def _enter_root(self, level: _Level, tag: Token) -> None:
        if level.html is not None and tag.name in ROOTS:
            self._know_formatting()
            level.html.begin_foreign()
        if not is_self_closing(self._text, tag):
            level.names.append(tag.name)
            level.kinds.append(tag.name if tag.name in ROOTS else "math")

    def _breaks_out(self, tag: Token) -> bool:
        if tag.name != "font":
            return tag.name in BREAKOUT
        return any(one.name in OF_FONT for one in attributes(self._text, tag))

    def _break_out(self, place: int) -> None:
        """Close all foreign elements, up to the HTML or the integration point around them."""
        level = self.levels[-1]
        self._shut(level)
        level.names.clear()
        level.kinds.clear()
        if level.html is None:
            self.levels.clear()
            self._page.passed[self._page.begun] = place

    def _shut(self, level: _Level) -> None:
        """Note the end tags of foreign elements that end without: of the outermost, which end the others."""
        if not self._is_shut_in:
            self._unwritten += [f"</{name}>" for name in reversed(level.names) if name == level.names[0]]
        self._is_shut_in = self._is_shut_in or bool(level.html)

    def _enter_foreign(self, level: _Level, tag: Token) -> None:
        """Follow a start tag inside `<svg>` or `<math>`, whose kind all elements in it have."""
        if is_self_closing(self._text, tag):
            return
        if sum(len(one.names) for one in self.levels) >= _DEEPEST:
            self._document.is_lost = True
        kind = level.kinds[-1]
        if tag.name == "svg" and level.names[-1] == "annotation-xml":
            kind = tag.name
        level.names.append(tag.name)
        level.kinds.append(kind)
        if tag.name in INTEGRATION[kind] or (
            tag.name == "annotation-xml" and kind == "math" and self._holds_html(tag)
        ):
            math_text = kind == "math" and tag.name != "annotation-xml"
            self.levels.append(_Level(OpenElements(self._document), math_text=math_text))

    def _holds_html(self, tag: Token) -> bool:
        """Tell whether an `<annotation-xml>` says that it holds HTML."""
        for one in attributes(self._text, tag):
            if one.name == "encoding":
                return unescape(one.value.strip("\"'")).lower() in HTML_TYPES
        return False

    def _leave(self, tag: Token) -> bool:
        """
        Follow an end tag (HTML 13.2.6.5): it closes foreign elements, what they stand in, or nothing.

        Tell whether it does anything, as far as that is known: in the page itself each may.
        """
        if not self.levels:
            self.templates = left(self.templates, tag.name)
            return True
        level = self.levels[-1]
        if tag.name == "template":
            return self._leave_template(tag)
        if tag.name in {"br", "p"} and (level.names or level.html is not None):
            if level.names:
                self._break_out(tag.start)
            if level.html is not None:
                self._know_formatting()
                level.html.leave(tag.name)
            return True
        if not level.names and level.html:
            return self._leave_html(level.html, tag) or tag.name in _BESIDE_COLUMNS
        return self._cut(tag) or self._leave_around(tag)

    def _leave_html(self, html: OpenElements, tag: Token) -> bool:
        self._know_formatting(tag.name)
        if tag.name in TABLE_PARTS:
            return self._table_part(tag.name, tag.start)
        in_template = tag.name == "form" and self._in_template()
        before = html.state
        html.leave(tag.name, in_template=in_template)
        return html.state != before

    def _leave_template(self, tag: Token) -> bool:
        """Follow the end tag of a template, which ends whatever is open in it (HTML 13.2.6.4.4)."""
        level = self.levels[-1]
        if (level.names or not level.html) and self._cut(tag):
            return True
        if not self._in_template():
            return not level.names and bool(level.html)  # nothing, but in columns no other is
        while not self._html_of(self.levels[-1]).has_template:
            self._drop(len(self.levels) - 1)
            self.levels[-1].names.pop()
        html = self.levels[-1].html
        self._break_out(tag.start)
        if html is not None:
            html.leave(tag.name)
        else:
            self.templates = left(self.templates, tag.name)
        return True

    def _drop(self, place: int) -> None:
        """Leave the integration points from a depth on."""
        for level in reversed(self.levels[place:]):
            self._shut(level)
            if level.html is not None:
                level.html.close()
        del self.levels[place:]

    def _html_of(self, level: _Level) -> OpenElements:
        return self._page.elements(self.templates) if level.html is None else level.html

    def _cut(self, tag: Token) -> bool:
        """Close the innermost foreign element of a name, with no HTML element between."""
        for place in range(len(self.levels) - 1, -1, -1):
            level = self.levels[place]
            if level.cut(tag.name):
                self._drop(place + 1)
                if level.html is None and not level.names:
                    self.levels.clear()
                    self._page.passed[self._page.begun] = tag.end
                return True
            if level.html or level.html is None:
                return False
        return False

    def _leave_around(self, tag: Token) -> bool:
        """
        Follow an end tag that is of no foreign element: it is of the HTML around them, if of anything.

        In an integration point that holds nothing it may still be of what is one in the whole document.
        """
        level = self.levels[-1]
        if tag.name in TABLE_PARTS:
            return self._table_part(tag.name, tag.start)
        if not level.names:
            of_document = tag.name == "form" or tag.name in FORMATTING
            return of_document and level.html is not None and self._leave_html(level.html, tag)
        in_template = tag.name == "form" and self._in_template()
        html = self._html_of(level)
        before = html.state
        html.foreign(barred=("annotation-xml", "math") in zip(level.names, level.kinds, strict=True))
        html.leave(tag.name, in_template=in_template)
        if not html.took_foreign():
            return html.state != before or (level.html is None and tag.name in _ENDS_BODY)
        self._left(level, tag.end)
        return True

    def _left(self, level: _Level, place: int) -> None:
        self._shut(level)
        level.names.clear()
        level.kinds.clear()
        if level.html is None:
            self.levels.clear()
            self._page.leave(place)

    def _table_part(self, name: str, place: int, *, entering: bool = False) -> bool:
        """Follow a tag of a part of a table: it closes cells, whatever is open in them, or is nothing."""
        depth = len(self.levels) - 1
        while depth >= 0 and not self._html_of(self.levels[depth]).tables.has_any:
            depth -= 1
        if depth < 0 or not self._html_of(self.levels[depth]).tables.is_moved_by(name, entering=entering):
            return False
        self._drop(depth + 1)
        html = self.levels[depth].html
        self._break_out(place)
        if html is not None:
            (html.enter if entering else html.leave)(name)
        return True
