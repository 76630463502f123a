# SPDX-License-Identifier: EUPL-1.2
"""
Tables, their parts and templates among the open elements (HTML 13.2.6.4.9 to 13.2.6.4.15, 13.2.6.4.22).

    <table><td>                  `<tbody>` and `<tr>` are opened around `<td>`
    <tr><td>x<tr>                the second `<tr>` ends the cell and the row, and all that is open in them
    <div><tr>                    nothing, where no table is open

What a tag closes is closed from within, a step at a time, and what must be around it is opened. Knows nothing
of other tags, but that one of them ends columns and tells what a template is for.
"""

from __future__ import annotations

from .formatting import FormattingElements
from .open_stack import CELLS, GROUPS, MODE_IN, TABLE_SCOPE, Element, Mode, Stack
from .templates import DISPUTING, IN_COLUMNS, OF_HEAD, PARTS

TABLE_PARTS = PARTS | {"table"}
"""The tags that belong to tables."""
_TEMPLATE_OF = {
    "caption": Mode.TABLE, "col": Mode.COLUMNS, "colgroup": Mode.TABLE, "tr": Mode.ROWS,
    **dict.fromkeys(GROUPS, Mode.TABLE), **dict.fromkeys(CELLS, Mode.CELLS),
}  # fmt: skip
"""What a template is for whose first part this is."""
_HOLDS = {Mode.CELLS: CELLS, Mode.ROWS: CELLS | {"tr"}, Mode.COLUMNS: frozenset({"col"})}
"""The parts that open there; all others end it first."""
_IN_TABLE = frozenset({Mode.TABLE, Mode.COLUMNS, Mode.ROWS, Mode.CELLS})
_BESIDE_COLUMNS = frozenset(("html", "template"))  # what does not end a `<colgroup>`, nor is part of one


class TableParts:
    """The tables, their parts and the templates of a document or of an integration point."""

    def __init__(self, stack: Stack, formatting: FormattingElements) -> None:
        self._stack = stack
        self._formatting = formatting

    def ignores(self, name: str) -> bool:
        """Tell whether a tag is nothing, since its template holds columns only (HTML 13.2.6.4.12)."""
        mode, place = self._stack.table_around()
        is_template = mode is Mode.COLUMNS and self._stack.elements[place].name == "template"
        return is_template and name not in IN_COLUMNS

    def disputes(self, name: str) -> bool:
        """Tell whether a start tag is one to some browsers, and nothing to others (templates.py)."""
        return name in PARTS and self._stack.table_around()[0] is Mode.DISPUTED

    @property
    def has_any(self) -> bool:
        """Whether a table or a template is open, which parts of tables belong to."""
        return self._stack.has_table_or_template

    @property
    def is_untold(self) -> bool:
        """Whether the place is in a template of which nothing tells yet what it is for."""
        return self._stack.table_around()[0] is Mode.UNTOLD

    def has_part(self, name: str) -> bool:
        """Tell whether a table or a part of one is open, and no other table or template within it."""
        return self._stack.in_scope({name}, TABLE_SCOPE)

    def holds_parts_only(self) -> bool | None:
        """
        Tell whether a table is open, and no cell or caption of it: where a table ends by another.

        None where no part of a table is open, nor a template.
        """
        mode, place = self._stack.table_around()
        return mode in _IN_TABLE if place >= 0 else None

    def no_part(self, name: str) -> None:
        """Note what is no part of a table: columns end, and a template that begins so is for anything."""
        mode, place = self._stack.table_around()
        if place < 0:
            return
        around = self._stack.elements[place]
        if mode is Mode.COLUMNS and around.name == "colgroup" and name not in _BESIDE_COLUMNS:
            self._stack.cut(place)
        elif mode in {Mode.UNTOLD, Mode.DISPUTED} and name not in OF_HEAD:
            around.mode = Mode.BODY
        elif mode is Mode.UNTOLD and name in DISPUTING:
            around.mode = Mode.DISPUTED

    def enter(self, name: str) -> None:
        """Follow the start tag of a part."""
        goes_on = True
        while goes_on and self.is_moved_by(name, entering=True):
            goes_on = self._step_in(name)

    def leave(self, name: str) -> None:
        """Follow the end tag of a table or a part of one."""
        goes_on = True
        while goes_on and self.is_moved_by(name, entering=False):
            goes_on = self._step_out(name)

    def is_moved_by(self, name: str, *, entering: bool) -> bool:
        """Tell whether the start or end tag of a table or a part of one is anything where it stands."""
        mode, place = self._stack.table_around()
        if place < 0:
            return False
        if entering and name == "table":  # a table directly in a table ends it
            return mode in _IN_TABLE and self.has_part(name)
        is_in = self._stack.elements[place].name in MODE_IN  # or in a template, and in nothing in that
        return _enters(name, mode, is_in=is_in) if entering else self._leaves(name, mode, is_in=is_in)

    def _leaves(self, name: str, mode: Mode, *, is_in: bool) -> bool:
        match mode:
            case Mode.CELL:
                return name not in {"caption", "col", "colgroup"} and self.has_part(name)
            case Mode.CELLS | Mode.ROWS if name in GROUPS:
                return is_in and self.has_part(name)
            case Mode.CELLS:
                return is_in and name in {"table", "tr"}
            case Mode.CAPTION:
                return name in {"caption", "table"}
            case Mode.COLUMNS:
                return is_in and name != "col"
        return is_in and name == "table"

    def _step_in(self, name: str) -> bool:
        """Close or open one part for another that begins; tell whether there is more to do."""
        mode, place = self._stack.table_around()
        if mode is Mode.UNTOLD:
            self._stack.elements[place].mode = _TEMPLATE_OF[name]
        elif mode is Mode.TABLE or name in _HOLDS.get(mode, ()):
            self._stack.cut(place + 1)
            return self._open(name, mode)
        else:
            self._close(place)
        return True

    def _open(self, name: str, mode: Mode) -> bool:
        """Open a part, or what must be around it; tell whether it is yet to be opened itself."""
        around = {Mode.ROWS: "tr", Mode.TABLE: "colgroup" if name == "col" else "tbody"}
        own = name in GROUPS | {"caption", "colgroup"} or mode is Mode.CELLS
        if mode is not Mode.COLUMNS:  # of which each is closed at once
            self._stack.push(Element(name if own else around[mode]))
        if name in CELLS | {"caption"} and own:
            self._formatting.mark()
        return not (own or mode is Mode.COLUMNS or name == around.get(mode))

    def _step_out(self, name: str) -> bool:
        """Close one part on the way to that which ends; tell whether there are more."""
        _, place = self._stack.table_around()
        closed = self._stack.elements[place].name
        self._close(place)
        return closed != name

    def _close(self, place: int) -> None:
        marked = self._stack.elements[place].name in CELLS | {"caption"}
        self._stack.cut(place)
        if marked:
            self._formatting.forget_to_marker()


def _enters(name: str, mode: Mode, *, is_in: bool) -> bool:
    if is_in or mode in {Mode.BODY, Mode.COLUMNS, Mode.DISPUTED}:
        return is_in
    return name in _HOLDS.get(mode, TABLE_PARTS)
