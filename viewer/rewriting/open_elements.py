# SPDX-License-Identifier: EUPL-1.2
"""
The open elements of HTML, as far as `<svg>` and `<math>` end with them (HTML 13.2.6.4.7).

    <div><svg><path></div>     the stack is `div`: `</div>` closes it, and with it what is foreign in it
    <p><svg><path></div>       no `div` is open: `</div>` is nothing, and what follows is still in `<svg>`

Start and end tags go in, by name, and move the stack (open_stack.py); parts of tables and formatting elements
have rules of their own (table_parts.py, formatting.py). Knows nothing of text, attributes or addresses.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from .formatting import FORMATTING, FormattingElements
from .open_stack import BARRED, FOREIGN, SCOPE, SPECIAL, TABLE_SCOPE, Element, OfDocument, Stack
from .table_parts import TABLE_PARTS, TableParts
from .templates import PARTS

_VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_MARKED = frozenset(("applet", "marquee", "object"))
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl",
    "fieldset", "figcaption", "figure", "footer", "header", "hgroup", "listing", "main", "menu", "nav",
    "ol", "pre", "search", "section", "summary", "ul",
})  # fmt: skip
_CLOSES_P = _BLOCKS | _HEADINGS | {"dd", "dt", "form", "hr", "li", "p", "plaintext", "table", "xmp"}
_BUTTON_SCOPE = SCOPE | {"button"}
_LIST_SCOPE = SCOPE | {"ol", "ul"}
_ITEM_SCOPE = SPECIAL - {"address", "div", "p"}
_OF_RUBY = {
    "rb": frozenset[str](),
    "rp": frozenset({"rtc"}),
    "rt": frozenset({"rtc"}),
    "rtc": frozenset[str](),
}
"""Which start tags in `<ruby>` close what needs no end tag, and what of it stays open."""
_NO_TEXT = frozenset({
    "base", "basefont", "bgsound", "caption", "col", "colgroup", "frame", "frameset", "link", "meta",
    "noframes", "param", "rb", "rp", "rt", "rtc", "script", "source", "style", "table",
    "tbody", "td", "template", "tfoot", "th", "thead", "title", "tr", "track", "iframe", "noembed",
    "textarea", "hr",
})  # fmt: skip
_QUIET = (_CLOSES_P | _NO_TEXT) - {"xmp"}
"""The start tags that open no formatting elements again."""
_NOTHING = frozenset(("body", "frameset", "head", "html", "frame"))


class OpenElements:
    """The open elements of a document or of an integration point, innermost last."""

    def __init__(self, document: OfDocument) -> None:
        self._document = document
        self._stack = Stack(document)
        self._formatting = FormattingElements(document, self._stack)
        self.tables = TableParts(self._stack, self._formatting)
        """The tables and the templates among them."""

    def __bool__(self) -> bool:
        """Tell whether any is open."""
        return bool(self._stack.elements)

    @property
    def state(self) -> tuple[object, ...]:
        """All that an end tag may change, to be compared."""
        return (*self._stack.elements, None, *self._document.formatting, self._document.form)

    @property
    def has_template(self) -> bool:
        """Whether a template is open."""
        return self._stack.has_template

    def close(self) -> None:
        """Close all of them, with the foreign element that they stand in."""
        self._stack.cut(0)

    def text(self) -> None:
        """Note text, or a tag like it: formatting elements that ended with what they were in come back."""
        self._formatting.reopen()

    def enter(
        self, name: str, attributes: str = "", *, in_table: bool = False, in_template: bool = False
    ) -> None:
        """
        Follow a start tag; of its attributes it counts whether two tags have the same.

        `in_table` tells whether these elements stand in a table and in no cell of it, `in_template` whether
        in a template; of tables and templates that are open here it is known.
        """
        if name in PARTS:
            self.tables.enter(name)
            return
        self.tables.no_part(name)
        if self.tables.has_any:
            in_table = bool(self.tables.holds_parts_only())
        if self._is_nothing(name, in_table=in_table, in_template=in_template or self.has_template):
            return
        if name == "form" and in_table:
            self._empty_form()
            return
        self._make_room(name)
        if name not in _QUIET and not (name == "noscript" and self._document.scripts):
            self.text()
        if name not in _VOID:
            self._open(name, attributes, in_template=in_template or self.has_template)

    def _is_nothing(self, name: str, *, in_table: bool, in_template: bool) -> bool:
        """Tell whether a start tag opens nothing, as a form in a form or a `<select>` that ends another."""
        if name in {"input", "select"} and self._stack.in_scope({"select"}, SCOPE):
            self._close({"select"}, SCOPE)
            return name == "select"
        if name == "table":
            return in_table and not self.tables.has_part("table")  # in a template for parts of one
        if name == "form":
            return in_table if in_template else self._document.form is not None
        return name in _NOTHING

    def _empty_form(self) -> None:
        """Follow a form directly in a table: it is empty, and all the same the form of what follows."""
        self._document.form = Element("form")
        self._document.form.open = False

    def _open(self, name: str, attributes: str, *, in_template: bool) -> None:
        element = Element(name, attributes)
        self._stack.push(element)
        if name in FORMATTING:
            self._formatting.remember(element)
        elif name in _MARKED or name == "template":
            self._formatting.mark()
        elif name == "form" and not in_template:
            self._document.form = element

    def leave(self, name: str, *, in_template: bool = False) -> None:
        """Follow an end tag; `in_template` tells whether these elements stand in a template."""
        if name in FORMATTING:
            self._formatting.end(name)
        elif name == "form":
            self._leave_form(in_template=in_template or self.has_template)
        elif name in TABLE_PARTS:
            self.tables.leave(name)
        elif name != "br":
            self._leave(name)
        elif not self.tables.is_untold:  # as its start tag, but in a template that is for nothing yet
            self.text()

    def _leave(self, name: str) -> None:
        """Follow an end tag that closes no more than there is between it and its start tag."""
        if name == "template":
            self._close({name}, frozenset())
        elif name in _HEADINGS:
            self._close(_HEADINGS, SCOPE)
        elif name in _BLOCKS | _MARKED | {"button", "dd", "dt", "li", "p", "select"}:
            self._close({name}, {"p": _BUTTON_SCOPE, "li": _LIST_SCOPE}.get(name, SCOPE))
        elif name not in _NOTHING:
            self._close({name}, SPECIAL)

    def begin_foreign(self) -> None:
        """Follow the start tag of `<svg>` or `<math>`, which is not remembered."""
        self.tables.no_part(FOREIGN)
        self.text()

    def foreign(self, *, barred: bool) -> None:
        """Put on the stack what was begun; `barred` says that an `<annotation-xml>` is open in it."""
        self._stack.push(Element(BARRED if barred else FOREIGN))

    def took_foreign(self) -> bool:
        """Take it from the stack again; tell whether it had gone before."""
        for element in reversed(self._stack.elements):
            if element.name in {FOREIGN, BARRED}:
                self._stack.remove(element)
                return False
        return True

    def _make_room(self, name: str) -> None:
        """Close what a start tag closes."""
        if name in {"li", "dd", "dt"}:
            self._close({"li"} if name == "li" else {"dd", "dt"}, _ITEM_SCOPE)
        if name in _CLOSES_P and not self._leaves_p(name):
            self._close({"p"}, _BUTTON_SCOPE)
        if name in _HEADINGS | {"hr", "optgroup", "option"}:
            self._make_room_of_its_kind(name)
        elif name == "a":
            self._formatting.end_for_another(name)
        elif name == "nobr" and self._stack.in_scope({"nobr"}, SCOPE):
            self._formatting.end(name)
        elif name == "button" or (name == "table" and self.tables.holds_parts_only()):
            self._close({name}, SCOPE if name == "button" else TABLE_SCOPE)
        elif name in _OF_RUBY and self._stack.in_scope({"ruby"}, SCOPE):
            self._stack.close_implied(_OF_RUBY[name])

    def _make_room_of_its_kind(self, name: str) -> None:
        """Close a heading or an option directly in which another begins, and in a `<select>` more."""
        innermost = self._stack.innermost
        top = innermost.name if innermost else ""
        if name not in _HEADINGS and self._stack.in_scope({"select"}, SCOPE):
            self._stack.close_implied(frozenset({"optgroup"} if name == "option" else ()))
        elif top in _HEADINGS if name in _HEADINGS else name != "hr" and top == "option":
            self._stack.cut(-1)

    def _leaves_p(self, name: str) -> bool:
        """Tell whether a start tag that closes a `<p>` does not here: a table in quirks mode."""
        if name != "table" or not self._stack.in_scope({"p"}, _BUTTON_SCOPE):
            return False
        self._document.is_lost = self._document.is_lost or self._document.has_quirks is None
        return bool(self._document.has_quirks)

    def _close(self, names: AbstractSet[str], scope: AbstractSet[str]) -> None:
        """Close the innermost element of some names with all that is in it, if it is in scope."""
        if self._stack.close(names, scope) in _MARKED | {"template"}:
            self._formatting.forget_to_marker()

    def _leave_form(self, *, in_template: bool) -> None:
        """End a form: it alone is taken from the stack, and what is open in it stays open."""
        if in_template:
            self._close({"form"}, SCOPE)
            return
        form, self._document.form = self._document.form, None
        if form in self._stack.elements and self._stack.in_scope({"form"}, SCOPE):
            self._stack.close_implied()
            self._stack.remove(form)
