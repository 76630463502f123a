# SPDX-License-Identifier: EUPL-1.2
"""
The stack of open elements of HTML, as far as `<svg>` and `<math>` end with it (HTML 13.2.4.2, 13.2.6.4).

    <div><svg><path></div>     the stack is `div`: `</div>` closes it, and with it what is foreign in it
    <p><svg><path></div>       no `div` is open: `</div>` is nothing, and what follows is still in `<svg>`

Start and end tags go in, by name; of the insertion modes only what moves the stack: implied ends, scopes,
parts of tables, also in templates, formatting elements that come back, and the adoption agency. A page is
hostile: no more than so many elements are remembered, beyond which it is lost, and a tag costs no more than a
look through them. Knows nothing of text, attributes or addresses.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum

from .templates import DISPUTING, IN_COLUMNS, OF_HEAD, PARTS

_FOREIGN = "#foreign"  # stands for `<svg>` or `<math>` with all that is open in it
_BARRED = "#barred"  # the same with an `<annotation-xml>`, over which most end tags do not reach
_MARKER = "#marker"
_DEEPEST = 256  # elements that are remembered; a tag costs a look through them
_MOST_FORMATTING = 256
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input",
    "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_MARKED = frozenset(("applet", "marquee", "object"))
_CELLS = frozenset(("td", "th"))
_GROUPS = frozenset(("tbody", "tfoot", "thead"))
TABLE_PARTS = PARTS | {"table"}
"""The tags that belong to tables."""
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl",
    "fieldset", "figcaption", "figure", "footer", "header", "hgroup", "listing", "main", "menu", "nav",
    "ol", "pre", "search", "section", "summary", "ul",
})  # fmt: skip
_CLOSES_P = _BLOCKS | _HEADINGS | {"dd", "dt", "form", "hr", "li", "p", "plaintext", "table", "xmp"}
_SPECIAL = frozenset({
    "applet", "area", "article", "aside", "base", "basefont", "bgsound", "blockquote", "body", "br",
    "button", "caption", "center", "col", "colgroup", "dd", "details", "dir", "div", "dl", "dt",
    "embed", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2",
    "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "iframe", "img", "input",
    "keygen", "li", "link", "listing", "main", "marquee", "menu", "meta", "nav", "noembed", "noframes",
    "noscript", "object", "ol", "p", "param", "plaintext", "pre", "script", "search", "section",
    "select", "source", "style", "summary", "table", "tbody", "td", "template", "textarea", "tfoot",
    "th", "thead", "title", "tr", "track", "ul", "wbr", "xmp", "address", _BARRED,
})  # fmt: skip
_SCOPE = frozenset(
    ("applet", "caption", "marquee", "object", "select", "table", "td", "template", "th", _BARRED)
)
_BUTTON_SCOPE = _SCOPE | {"button"}
_LIST_SCOPE = _SCOPE | {"ol", "ul"}
_TABLE_SCOPE = frozenset(("table", "template"))
_IMPLIED = frozenset(("dd", "dt", "li", "optgroup", "option", "p", "rb", "rp", "rt", "rtc"))
_NO_TEXT = frozenset({
    "base", "basefont", "bgsound", "caption", "col", "colgroup", "frame", "frameset", "link", "meta",
    "noframes", "noscript", "param", "rb", "rp", "rt", "rtc", "script", "source", "style", "table",
    "tbody", "td", "template", "tfoot", "th", "thead", "title", "tr", "track", "iframe", "noembed",
    "textarea", "hr",
})  # fmt: skip
_NOTHING = frozenset(("body", "frameset", "head", "html", "frame"))
_BESIDE_COLUMNS = frozenset(("html", "template"))  # what does not end a `<colgroup>`, nor is part of one


class _Mode(Enum):
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


_MODE_IN = {
    "table": _Mode.TABLE, "caption": _Mode.CAPTION, "colgroup": _Mode.COLUMNS, "tr": _Mode.CELLS,
    **dict.fromkeys(_GROUPS, _Mode.ROWS), **dict.fromkeys(_CELLS, _Mode.CELL),
}  # fmt: skip
_TEMPLATE_OF = {
    "caption": _Mode.TABLE, "col": _Mode.COLUMNS, "colgroup": _Mode.TABLE, "tr": _Mode.ROWS,
    **dict.fromkeys(_GROUPS, _Mode.TABLE), **dict.fromkeys(_CELLS, _Mode.CELLS),
}  # fmt: skip
"""What a template is for whose first part this is."""
_HOLDS = {_Mode.CELLS: _CELLS, _Mode.ROWS: _CELLS | {"tr"}, _Mode.COLUMNS: frozenset({"col"})}
"""The parts that open there; all others end it first."""
_IN_TABLE = frozenset({_Mode.TABLE, _Mode.COLUMNS, _Mode.ROWS, _Mode.CELLS})


class _Element:
    """An open element; two of one name are two. Of a template it is known what it is for, once it is told."""

    __slots__ = ("attributes", "mode", "name", "open", "times")

    def __init__(self, name: str, attributes: str = "") -> None:
        self.name = name
        self.attributes = attributes
        self.open = True
        self.times = 0  # of a marker
        self.mode = _Mode.UNTOLD if name == "template" else _MODE_IN.get(name)


class OfDocument:
    """What there is one of in a whole document, whatever stands in what."""

    def __init__(self) -> None:
        self.form: _Element | None = None
        """The form that was opened last and not ended."""
        self.is_lost = False
        """Whether more was open than is remembered, so that nobody knows what ends what."""


class OpenElements:
    """The open elements of a document or of an integration point, innermost last."""

    def __init__(self, document: OfDocument) -> None:
        self._stack: list[_Element] = []
        self._count: Counter[str] = Counter()  # of open elements, by name
        self._formatting: list[_Element] = []
        self._document = document

    def __bool__(self) -> bool:
        """Tell whether any is open."""
        return bool(self._stack)

    def _has_part(self, name: str) -> bool:
        """Tell whether a part of a table is open, and no other table or template within it."""
        return self._in_scope({name}, _TABLE_SCOPE)

    @property
    def has_table_or_template(self) -> bool:
        """Whether a table or a template is open, which parts of tables belong to."""
        return self._count["table"] > 0 or self.has_template

    @property
    def has_template(self) -> bool:
        """Whether a template is open."""
        return self._count["template"] > 0

    def ignores(self, name: str) -> bool:
        """Tell whether a tag is nothing, since its template holds columns only (HTML 13.2.6.4.12)."""
        mode, place = self._context()
        is_template = mode is _Mode.COLUMNS and self._stack[place].name == "template"
        return is_template and name not in IN_COLUMNS

    def disputes(self, name: str) -> bool:
        """Tell whether a start tag is one to some browsers, and nothing to others (templates.py)."""
        return name in PARTS and self._context()[0] is _Mode.DISPUTED

    def text(self) -> None:
        """Note text, or a tag like it: formatting elements that ended with what they were in come back."""
        missing = []
        for element in reversed(self._formatting):
            if element.name == _MARKER or element.open:
                break
            missing.append(element)
        place = len(self._formatting) - len(missing)
        for element in reversed(missing):
            self._formatting[place] = self._push(element.name, element.attributes)
            place += 1

    def enter(
        self, name: str, attributes: str = "", *, in_table: bool = False, in_template: bool = False
    ) -> None:
        """
        Follow a start tag; of its attributes it counts whether two tags have the same.

        `in_table` tells whether these elements stand in a table and in no cell of it, `in_template` whether
        in a template; of tables and templates that are open here it is known.
        """
        if name in PARTS:
            self._move(name, entering=True)
            return
        self._no_part(name)
        if self.has_table_or_template:
            in_table = bool(self.in_table())
        if self._is_nothing(name, in_table=in_table, in_template=in_template or self.has_template):
            return
        if name == "form" and in_table:
            self._empty_form()
            return
        self._make_room(name)
        if name not in _CLOSES_P | _NO_TEXT:
            self.text()
        if name not in _VOID:
            self._open(name, attributes, in_template=in_template or self.has_template)

    def _is_nothing(self, name: str, *, in_table: bool, in_template: bool) -> bool:
        """Tell whether a start tag opens nothing, as a form in a form or a `<select>` that ends another."""
        if name in {"input", "select"} and self._in_scope({"select"}, _SCOPE):
            self._close({"select"}, _SCOPE)
            return name == "select"
        if name == "table":
            return in_table and not self._has_part("table")  # in a template for parts of one
        if name == "form":
            return in_table if in_template else self._document.form is not None
        return name in _NOTHING

    def _no_part(self, name: str) -> None:
        """Note what is no part of a table: columns end, and a template that begins so is for anything."""
        mode, place = self._context()
        if mode is _Mode.COLUMNS and self._stack[place].name == "colgroup" and name not in _BESIDE_COLUMNS:
            self._cut(place)
        elif mode in {_Mode.UNTOLD, _Mode.DISPUTED} and name not in OF_HEAD:
            self._stack[place].mode = _Mode.BODY
        elif mode is _Mode.UNTOLD and name in DISPUTING:
            self._stack[place].mode = _Mode.DISPUTED

    def _empty_form(self) -> None:
        """Follow a form directly in a table: it is empty, and all the same the form of what follows."""
        self._document.form = _Element("form")
        self._document.form.open = False

    def _open(self, name: str, attributes: str, *, in_template: bool) -> None:
        element = self._push(name, attributes)
        if name in _FORMATTING:
            self._remember(element)
        elif name in _MARKED or name == "template":
            self._mark()
        elif name == "form" and not in_template:
            self._document.form = element

    def leave(self, name: str, *, in_template: bool = False) -> None:
        """Follow an end tag; `in_template` tells whether these elements stand in a template."""
        if name in _FORMATTING:
            self._adopt(name)
        elif name == "form":
            self._leave_form(in_template=in_template or self.has_template)
        elif name in TABLE_PARTS:
            self._move(name, entering=False)
        elif name == "template":
            self._close({name}, frozenset())
        elif name in _HEADINGS:
            self._close(_HEADINGS, _SCOPE)
        elif name in _BLOCKS | _MARKED | {"button", "dd", "dt", "li", "p", "select"}:
            self._close({name}, {"p": _BUTTON_SCOPE, "li": _LIST_SCOPE}.get(name, _SCOPE))
        elif name not in _NOTHING:
            self._close({name}, _SPECIAL)

    def begin_foreign(self) -> None:
        """Follow the start tag of `<svg>` or `<math>`, which is not remembered."""
        self._no_part(_FOREIGN)
        self.text()

    def foreign(self, *, barred: bool) -> None:
        """Put `<svg>` or `<math>` on the stack; `barred` says that an `<annotation-xml>` is open in it."""
        self.begin_foreign()
        name = _BARRED if barred else _FOREIGN
        self._stack.append(_Element(name))
        self._count[name] += 1

    def took_foreign(self) -> bool:
        """Take it from the stack again; tell whether it had gone before."""
        for element in reversed(self._stack):
            if element.name in {_FOREIGN, _BARRED}:
                self._remove(element)
                return False
        return True

    def _push(self, name: str, attributes: str = "") -> _Element:
        element = _Element(name, attributes)
        self._stack.append(element)
        self._count[name] += 1
        if len(self._stack) > _DEEPEST:
            self._document.is_lost = True
        return element

    def _cut(self, place: int) -> None:
        """Close all from a place on."""
        for element in self._stack[place:]:
            element.open = False
            self._count[element.name] -= 1
        del self._stack[place:]

    def _remove(self, element: _Element) -> None:
        """Close one element, and none that is in it."""
        if element in self._stack:
            self._stack.remove(element)
            self._count[element.name] -= 1
        element.open = False

    def _remember(self, element: _Element) -> None:
        """Add to the formatting elements, of which no more than three are alike (HTML 13.2.4.3)."""
        alike = []
        for one in reversed(self._formatting):
            if one.name == _MARKER:
                break
            if (one.name, one.attributes) == (element.name, element.attributes):
                alike.append(one)
        if len(alike) >= 3:
            self._formatting.remove(alike[-1])
        self._formatting.append(element)
        if len(self._formatting) > _MOST_FORMATTING:
            self._document.is_lost = True

    def _make_room(self, name: str) -> None:
        """Close what a start tag closes."""
        if name in {"li", "dd", "dt"}:
            self._close_item({"li"} if name == "li" else {"dd", "dt"})
        if name in _CLOSES_P:
            self._close({"p"}, _BUTTON_SCOPE)
        top = self._stack[-1].name if self._stack else ""
        if (name in _HEADINGS and top in _HEADINGS) or (name in {"option", "optgroup"} and top == "option"):
            self._cut(-1)
        elif (name == "a" and self._last_formatting("a")) or (
            name == "nobr" and self._in_scope({"nobr"}, _SCOPE)
        ):
            self._adopt(name)
        elif name == "button" or (name == "table" and self.in_table()):
            self._close({name}, _SCOPE if name == "button" else _TABLE_SCOPE)
        elif name in _IMPLIED and self._in_scope({"ruby"}, _SCOPE):
            self._make_room_in_ruby(name)

    def _make_room_in_ruby(self, name: str) -> None:
        if name in {"rb", "rtc"}:
            self._close_implied(frozenset())
        elif name in {"rp", "rt"}:
            self._close_implied(frozenset({"rtc"}))

    def in_table(self) -> bool | None:
        """
        Tell whether a table is open, and no cell or caption of it: where a table ends by another.

        None where no part of a table is open, nor a template.
        """
        mode, place = self._context()
        return mode in _IN_TABLE if place >= 0 else None

    def _close_item(self, names: set[str]) -> None:
        for place in range(len(self._stack) - 1, -1, -1):
            name = self._stack[place].name
            if name in names:
                self._cut(place)
                return
            if name in _SPECIAL and name not in {"address", "div", "p"}:
                return

    def _close_implied(self, but: frozenset[str]) -> None:
        while self._stack and self._stack[-1].name in _IMPLIED - but:
            self._cut(-1)

    def moves(self, name: str, *, entering: bool) -> bool:
        """Tell whether the start or end tag of a part of a table is anything where it stands."""
        mode, place = self._context()
        if place < 0:
            return False
        if entering and name == "table":  # a table directly in a table ends it
            return mode in _IN_TABLE and self._has_part(name)
        is_in = self._stack[place].name in _MODE_IN  # or in a template, and in nothing in that
        return self._enters(name, mode, is_in=is_in) if entering else self._leaves(name, mode, is_in=is_in)

    def _move(self, name: str, *, entering: bool) -> None:
        """
        Follow the start or end tag of a part of a table (HTML 13.2.6.4.9 to 13.2.6.4.15).

        What it closes is closed from within, a step at a time, and what must be around it is opened.
        """
        goes_on = True
        while goes_on and self.moves(name, entering=entering):
            goes_on = self._step_in(name) if entering else self._step_out(name)

    @staticmethod
    def _enters(name: str, mode: _Mode, *, is_in: bool) -> bool:
        if is_in or mode in {_Mode.BODY, _Mode.COLUMNS, _Mode.DISPUTED}:
            return is_in
        return name in _HOLDS.get(mode, TABLE_PARTS)

    def _leaves(self, name: str, mode: _Mode, *, is_in: bool) -> bool:
        match mode:
            case _Mode.CELL:
                return name not in {"caption", "col", "colgroup"} and self._has_part(name)
            case _Mode.CELLS | _Mode.ROWS if name in _GROUPS:
                return is_in and self._has_part(name)
            case _Mode.CELLS:
                return is_in and name in {"table", "tr"}
            case _Mode.CAPTION:
                return name in {"caption", "table"}
            case _Mode.COLUMNS:
                return is_in and name != "col"
        return is_in and name == "table"

    def _step_in(self, name: str) -> bool:
        """Close or open one part for another that begins; tell whether there is more to do."""
        mode, place = self._context()
        if mode is _Mode.UNTOLD:
            self._stack[place].mode = _TEMPLATE_OF[name]
        elif mode is _Mode.TABLE or name in _HOLDS.get(mode, ()):
            self._cut(place + 1)
            return self._open_part(name, mode)
        else:
            self._close_part(place)
        return True

    def _open_part(self, name: str, mode: _Mode) -> bool:
        """Open a part, or what must be around it; tell whether it is yet to be opened itself."""
        around = {_Mode.ROWS: "tr", _Mode.TABLE: "colgroup" if name == "col" else "tbody"}
        own = name in _GROUPS | {"caption", "colgroup"} or mode is _Mode.CELLS
        if mode is not _Mode.COLUMNS:  # of which each is closed at once
            self._push(name if own else around[mode])
        if name in _CELLS | {"caption"} and own:
            self._mark()
        return not (own or mode is _Mode.COLUMNS or name == around.get(mode))

    def _step_out(self, name: str) -> bool:
        """Close one part on the way to that which ends; tell whether there are more."""
        _, place = self._context()
        closed = self._stack[place].name
        self._close_part(place)
        return closed != name

    def _close_part(self, place: int) -> None:
        marked = self._stack[place].name in _CELLS | {"caption"}
        self._cut(place)
        if marked:
            self._forget_to_marker()

    def _context(self) -> tuple[_Mode, int]:
        """Return what the innermost table, part of one or template may hold, and its place, or -1."""
        if not self.has_table_or_template:
            return _Mode.BODY, -1
        for place in range(len(self._stack) - 1, -1, -1):
            mode = self._stack[place].mode
            if mode is not None:
                return mode, place
        return _Mode.BODY, -1

    def _in_scope(self, names: frozenset[str] | set[str], scope: frozenset[str]) -> bool:
        return self._place(names, scope) >= 0

    def _place(self, names: frozenset[str] | set[str], scope: frozenset[str]) -> int:
        """Return where the innermost element of a name is, or -1 if there is none within a scope."""
        if any(self._count[name] for name in names):
            for place in range(len(self._stack) - 1, -1, -1):
                name = self._stack[place].name
                if name in names:
                    return place
                if name in scope:
                    break
        return -1

    def _close(self, names: frozenset[str] | set[str], scope: frozenset[str]) -> None:
        """Close the innermost element of a name with all that is in it, if it is in scope."""
        place = self._place(names, scope)
        if place < 0:
            return
        marked = self._stack[place].name in _MARKED | {"template"}
        self._cut(place)
        if marked:
            self._forget_to_marker()

    def _mark(self) -> None:
        """Set a marker, beyond which no formatting element is looked for; those in a row are one, counted."""
        if not self._formatting or self._formatting[-1].name != _MARKER:
            self._formatting.append(_Element(_MARKER))
        self._formatting[-1].times += 1

    def _forget_to_marker(self) -> None:
        while self._formatting and self._formatting[-1].name != _MARKER:
            self._formatting.pop()
        if self._formatting:
            self._formatting[-1].times -= 1
            if not self._formatting[-1].times:
                self._formatting.pop()

    def _leave_form(self, *, in_template: bool) -> None:
        """End a form: it alone is taken from the stack, and what is open in it stays open."""
        if in_template:
            self._close({"form"}, _SCOPE)
            return
        form, self._document.form = self._document.form, None
        if form in self._stack and self._in_scope({"form"}, _SCOPE):
            self._close_implied(frozenset())
            self._remove(form)

    def _last_formatting(self, name: str) -> _Element | None:
        for element in reversed(self._formatting):
            if element.name == _MARKER:
                return None
            if element.name == name:
                return element
        return None

    def _adopt(self, name: str) -> None:
        """End a formatting element, also where blocks in it do not end: the adoption agency (13.2.6.4.7)."""
        top = self._stack[-1] if self._stack else None
        if top and top.name == name and top not in self._formatting:
            self._cut(-1)
            return
        for _ in range(8):
            element = self._last_formatting(name)
            if element is None:
                self._close({name}, _SPECIAL)
                return
            if element not in self._stack:
                self._formatting.remove(element)
                return
            if not self._in_scope({name}, _SCOPE):
                return
            if not self._split(element):
                return

    def _split(self, element: _Element) -> bool:
        """End a formatting element; one with a block in it goes on within that, to be ended there."""
        place = self._stack.index(element)
        block = next((one for one in self._stack[place:] if one.name in _SPECIAL), None)
        if block is None:
            self._cut(place)
            self._formatting.remove(element)
            return False
        between = self._stack[place + 1 : self._stack.index(block)]
        for count, one in enumerate(reversed(between), 1):
            if count > 3 and one in self._formatting:
                self._formatting.remove(one)
            if one not in self._formatting:
                self._remove(one)
        self._remove(element)
        again = _Element(element.name, element.attributes)
        self._stack.insert(self._stack.index(block) + 1, again)
        self._count[again.name] += 1
        self._formatting[self._formatting.index(element)] = again
        return True
