# SPDX-License-Identifier: EUPL-1.2
"""
The stack of open elements, and the looks through it: scopes, and the table around a place (HTML 13.2.4.2).

No more than so many are remembered: beyond that a document is lost, and a look costs no more than so many
steps. Knows nothing of what a tag opens or closes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set as AbstractSet
from enum import Enum

FOREIGN = "#foreign"
"""Stands for `<svg>` or `<math>` with all that is open in it."""
BARRED = "#barred"
"""The same with an `<annotation-xml>`, over which most end tags do not reach."""
_DEEPEST = 256  # elements that are remembered; a tag costs a look through them
CELLS = frozenset(("td", "th"))
"""Parts of tables that hold anything."""
GROUPS = frozenset(("tbody", "tfoot", "thead"))
"""Parts of tables that hold rows."""
SPECIAL = frozenset({
    "applet", "area", "article", "aside", "base", "basefont", "bgsound", "blockquote", "body", "br",
    "button", "caption", "center", "col", "colgroup", "dd", "details", "dir", "div", "dl", "dt",
    "embed", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2",
    "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "iframe", "img", "input",
    "keygen", "li", "link", "listing", "main", "marquee", "menu", "meta", "nav", "noembed", "noframes",
    "noscript", "object", "ol", "p", "param", "plaintext", "pre", "script", "search", "section",
    "select", "source", "style", "summary", "table", "tbody", "td", "template", "textarea", "tfoot",
    "th", "thead", "title", "tr", "track", "ul", "wbr", "xmp", "address", BARRED,
})  # fmt: skip
"""What an end tag of another name does not reach over."""
DOUBTED = "search"
"""One of these since 2023, and not in Chromium 156: where it matters nobody can tell what is open."""
SCOPE = frozenset(
    ("applet", "caption", "marquee", "object", "select", "table", "td", "template", "th", BARRED)
)
TABLE_SCOPE = frozenset(("table", "template"))
_IMPLIED = frozenset(("dd", "dt", "li", "optgroup", "option", "p", "rb", "rp", "rt", "rtc"))


class Mode(Enum):
    """What a table, a part of one or a template may hold that has nothing open in it (HTML 13.2.6.4)."""

    UNTOLD = "in template"
    DISPUTED = "in template, or in body"
    BODY = "in body"
    TABLE = "in table"
    CAPTION = "in caption"
    COLUMNS = "in column group"
    ROWS = "in table body"
    CELLS = "in row"
    CELL = "in cell"


MODE_IN = {
    "table": Mode.TABLE, "caption": Mode.CAPTION, "colgroup": Mode.COLUMNS, "tr": Mode.CELLS,
    **dict.fromkeys(GROUPS, Mode.ROWS), **dict.fromkeys(CELLS, Mode.CELL),
}  # fmt: skip


class Element:
    """An open element; two of one name are two. Of a template it is known what it is for, once it is told."""

    __slots__ = ("attributes", "mode", "name", "open", "stack")

    def __init__(self, name: str, attributes: str = "") -> None:
        self.name = name
        self.attributes = attributes
        self.open = True
        self.stack: Stack | None = None
        """What it is open in, once it is."""
        self.mode = Mode.UNTOLD if name == "template" else MODE_IN.get(name)


class Marker:
    """What no formatting element is looked for beyond; those in a row are one, counted."""

    __slots__ = ("times",)

    def __init__(self) -> None:
        self.times = 1


class OfDocument:
    """What there is one of in a whole document, whatever stands in what."""

    def __init__(self) -> None:
        self.formatting: list[Element | Marker] = []
        """The active formatting elements, in whatever they stand (formatting.py)."""
        self.form: Element | None = None
        """The form that was opened last and not ended."""
        self.has_quirks: bool | None = None
        """Whether it is shown in quirks mode; None where that is not known."""
        self.scripts: bool | None = False
        """Whether scripts run, which a `<noscript>` depends on; None where both is to be so."""
        self.is_lost = False
        """Whether more was open than is remembered, so that nobody knows what ends what."""


class Stack:
    """The open elements of a document or of an integration point."""

    def __init__(self, document: OfDocument) -> None:
        self.elements: list[Element] = []
        """Innermost last; changed by methods alone, which count."""
        self._count: Counter[str] = Counter()  # of open elements, by name
        self._document = document

    @property
    def has_template(self) -> bool:
        """Whether a template is open."""
        return self._count["template"] > 0

    @property
    def has_table_or_template(self) -> bool:
        """Whether a table or a template is open, which parts of tables belong to."""
        return self._count["table"] > 0 or self.has_template

    @property
    def innermost(self) -> Element | None:
        """The element that was opened last, None if none is open."""
        return self.elements[-1] if self.elements else None

    def push(self, element: Element) -> None:
        """Open an element in the innermost."""
        self.insert(len(self.elements), element)
        if len(self.elements) > _DEEPEST:
            self._document.is_lost = True

    def insert(self, place: int, element: Element) -> None:
        """Open an element at a place, around what is there."""
        self.elements.insert(place, element)
        element.stack = self
        self._count[element.name] += 1

    def cut(self, place: int) -> None:
        """Close all from a place on."""
        for element in self.elements[place:]:
            element.open = False
            self._count[element.name] -= 1
        del self.elements[place:]

    def remove(self, element: Element) -> None:
        """Close one element, and none that is in it."""
        if element in self.elements:
            self.elements.remove(element)
            self._count[element.name] -= 1
        element.open = False

    def close(self, names: AbstractSet[str], scope: AbstractSet[str]) -> str:
        """Close the innermost element of some names, with all in it, if in scope; return its name, or ''."""
        place = self.place(names, scope)
        if place < 0:
            return ""
        name = self.elements[place].name
        self.cut(place)
        return name

    def close_implied(self, but: frozenset[str] = frozenset()) -> None:
        """Close what needs no end tag of its own (HTML 13.2.6.3)."""
        while self.elements and self.elements[-1].name in _IMPLIED - but:
            self.cut(-1)

    def in_scope(self, names: AbstractSet[str], scope: AbstractSet[str]) -> bool:
        """Tell whether an element of some names is open, and none of a scope within it."""
        return self.place(names, scope) >= 0

    def place(self, names: AbstractSet[str], scope: AbstractSet[str]) -> int:
        """Return where the innermost element of some names is, or -1 if there is none within a scope."""
        doubted = False
        if any(self._count[name] for name in names):
            for place in range(len(self.elements) - 1, -1, -1):
                name = self.elements[place].name
                if name in names:
                    self._document.is_lost = self._document.is_lost or doubted
                    return -1 if doubted else place
                if name in scope and name != DOUBTED:
                    break
                doubted = doubted or name in scope
        return -1

    def table_around(self) -> tuple[Mode, int]:
        """Return what the innermost table, part of one or template may hold, and its place, or -1."""
        if self.has_table_or_template:
            for place in range(len(self.elements) - 1, -1, -1):
                mode = self.elements[place].mode
                if mode is not None:
                    return mode, place
        return Mode.BODY, -1
