# SPDX-License-Identifier: EUPL-1.2
"""
Which templates are open at a place in a page, as far as one of them may hold columns and nothing else.

    <template><col><style>      `<style>` is nothing, and what follows is no raw text (HTML 13.2.6.4.12)
    <template><div><col>        a template for anything: its first tag tells

Values, innermost first, so that a place is remembered by keeping one. Where no template is open but those for
anything, there is nothing to know: None. Knows nothing of what else is open.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

OF_HEAD = frozenset({
    "base", "basefont", "bgsound", "link", "meta", "noframes", "script", "style", "template", "title",
})  # fmt: skip
"""The tags that do not tell what the template is for that they stand in (HTML 13.2.6.4.22)."""
_IN_COLUMNS = frozenset({"col", "template"})


class _Holds(Enum):
    UNTOLD = auto()
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
    if innermost is None or innermost.holds is not _Holds.UNTOLD or name in OF_HEAD:
        return innermost
    if name == "col":
        return innermost._replace(holds=_Holds.COLUMNS)
    return innermost.around and innermost._replace(holds=_Holds.ANYTHING)


def left(innermost: Template | None, name: str) -> Template | None:
    """Return what is open after an end tag."""
    return innermost.around if innermost and name == "template" else innermost


def ignores(innermost: Template | None, name: str) -> bool:
    """Tell whether a start or end tag is nothing, since the template that it stands in holds columns only."""
    return innermost is not None and innermost.holds is _Holds.COLUMNS and name not in _IN_COLUMNS
