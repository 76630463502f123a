# SPDX-License-Identifier: EUPL-1.2
"""
Which templates are open at a place in a page, as far as one of them may hold columns and nothing else.

    <template><col><style>               `<style>` is nothing, and what follows no raw text (HTML 13.2.6.4.12)
    <template><link><div><col>           a template for anything: the first tag that is not for a head tells
    <template><title></title><col>       browsers differ: to some `<title>` has told, and a column is nothing

Values, innermost first, so that a place is remembered by keeping one. Where no template is open but those for
anything, there is nothing to know: None. Knows nothing of what else is open.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

OF_HEAD = frozenset({
    "base", "basefont", "bgsound", "link", "meta", "noframes", "script", "style", "template", "title",
})  # fmt: skip
"""The start tags that do not tell what the template is for that they stand in (HTML 13.2.6.4.22)."""
DISPUTING = OF_HEAD - {"link", "meta", "script", "style", "template"}
"""Those that tell all the same in Chromium (tests/test_foreign_content.py): it is for anything."""
PARTS = frozenset({"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"})
"""Parts of tables, which a template may begin with."""
IN_COLUMNS = frozenset({"col", "template"})
"""All that is a tag in a template for columns."""


class _Holds(Enum):
    UNTOLD = auto()
    DISPUTED = auto()
    """Untold, or anything."""
    COLUMNS = auto()
    ANYTHING = auto()


class Template(NamedTuple):
    """An open template, and the one around it."""

    holds: _Holds
    around: Template | None


def entered(innermost: Template | None, name: str) -> Template | None:
    """Return what is open after a start tag."""
    if name == "template":
        return Template(_Holds.UNTOLD, innermost)
    if innermost is None or innermost.holds in {_Holds.COLUMNS, _Holds.ANYTHING}:
        return innermost
    if name in DISPUTING:
        return innermost._replace(holds=_Holds.DISPUTED)
    if name in OF_HEAD:
        return innermost
    if name == "col":
        return innermost._replace(holds=_Holds.COLUMNS)
    return innermost.around and innermost._replace(holds=_Holds.ANYTHING)


def left(innermost: Template | None, name: str) -> Template | None:
    """Return what is open after an end tag."""
    return innermost.around if innermost and name == "template" else innermost


def ignores(innermost: Template | None, name: str) -> bool:
    """Tell whether a start or end tag is nothing, since the template that it stands in holds columns only."""
    return innermost is not None and innermost.holds is _Holds.COLUMNS and name not in IN_COLUMNS


def disputes(innermost: Template | None, name: str) -> bool:
    """Tell whether a start tag is one to some browsers, and nothing to others."""
    return innermost is not None and innermost.holds is _Holds.DISPUTED and name in PARTS
