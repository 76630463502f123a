# SPDX-License-Identifier: EUPL-1.2
"""
Ways to look at a page that a visitor chooses: with its gaps filled from other days, and without scripts.

    address                          label on the replay host    is
    /web/20260302023000/https://…    20260302023000-…            the page as that day has it
    /web/20260302023000fg_/https://… 20260302023000f-…           gaps filled from the nearest day
    /web/20260302023000ns_/https://… 20260302023000n-…           no script at all
    /web/20260302023000fn_/https://… 20260302023000fn-…          both

The choice is part of the address, so that it can be cited and holds for nothing else. Every view has replay
origins of its own: cookies, storage and caches of a filled page never meet those of the day. Pure.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """How a page is looked at."""

    filled: bool = False
    """Whether what the day lacks is taken from the nearest day that has it."""
    scriptless: bool = False

    @property
    def letters(self) -> str:
        """What stands after the timestamp in a label."""
        return f"{'f' if self.filled else ''}{'n' if self.scriptless else ''}"

    @property
    def modifier(self) -> str:
        """What stands after the moment in an address of the viewer."""
        return _MODIFIERS[self]


PLAIN = View()
"""The page as that day has it."""

_MODIFIERS = {
    PLAIN: "",
    View(filled=True): "fg_",
    View(scriptless=True): "ns_",
    View(filled=True, scriptless=True): "fn_",
}
_BY_MODIFIER = {modifier: view for view, modifier in _MODIFIERS.items()}
_BY_LETTERS = {view.letters: view for view in _MODIFIERS}


def view_of_modifier(modifier: str) -> View | None:
    """Return the view of a modifier in an address of the viewer; None where it names none."""
    return _BY_MODIFIER.get(modifier)


def view_of_letters(letters: str) -> View:
    """Return the view of the letters in a label: "", "f", "n" or "fn"."""
    return _BY_LETTERS[letters]
