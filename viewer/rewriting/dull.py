# SPDX-License-Identifier: EUPL-1.2
"""
Stretches of a page that nobody has to look at: text, and whole tags as most are written. Most of a page.

    <p class="a">Text &amp; more <a href="#b">b</a> <img src="//x/y">
    [--------------------- dull --------------------][ looked at    ]

Which elements and attributes are never dull, and what may stand in a value, the caller says. With RE2: its
automaton takes a byte in a nanosecond, where Python's expressions take ten; and it is linear whatever stands
in a page. It has no lookahead, so that "any name but these" is spelled out (`_any_but`). Knows nothing of
what is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import re2

ANY_VALUE = "[^{quote}]*"
"""An attribute's value between quotes, whatever it is; `{quote}` is that quote."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"

Over = Callable[[int], int]
"""From a place where a token may begin to the first that is worth a look, which may be the same."""


class Dull:
    """What is dull: tags of any element with any attribute but these, in lower case, and all text."""

    def __init__(self, elements: Collection[str], attributes: Collection[str], value: str) -> None:
        """
        `value` is what a value between quotes may be, an expression with `{quote}` for the quote.

        The elements with raw text, `svg` and `math` have to be among those that are not dull: what stands in
        them is no markup, or other markup.
        """
        element = _any_but(elements, _LETTERS + _DIGITS)
        attribute = _any_but(attributes, _LETTERS + _DIGITS + ":-")
        values = "|".join(f"={quote}{value.format(quote=quote)}{quote}" for quote in "\"'")
        tag = rf"<{element}(?:[ \n]+{attribute}(?:{values})?)*[ \n]*/?>"
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = options.longest_match = True
        self._stretch = re2.compile(rf"(?:[^<]+|</[a-z][a-z0-9]*>|{tag})*".encode(), options)

    def over(self, plain: bytes) -> Over:
        """Return what tells, of a text (`plain_of`), where a dull stretch ends that begins at a place."""
        match = self._stretch.match
        return lambda place: match(plain, place).end()


def plain_of(text: str) -> bytes:
    """
    Return a byte for each character of a text, so that places are the same.

    What is not ASCII is dull in text and in values alone, and so is what stands for it.
    """
    return text.encode("ascii", "replace")


def _any_but(names: Collection[str], rest: str) -> str:
    """Return an expression for any name of a letter and then of `rest`, but for the names given."""
    firsts = sorted({name[0] for name in names})
    others = "".join(sorted(set(_LETTERS).difference(firsts)))
    branches = [
        f"{first}{_ending_but([one[1:] for one in names if one[0] == first], rest)}" for first in firsts
    ]
    return f"(?:{'|'.join([f'[{others}][{rest}]*', *branches])})"


def _ending_but(endings: Collection[str], rest: str) -> str:
    """Return an expression for any ending of a name, none included, but for the endings given."""
    firsts = sorted({ending[0] for ending in endings if ending})
    others = "".join(one for one in rest if one not in firsts)
    branches = [
        f"{first}{_ending_but([one[1:] for one in endings if one[:1] == first], rest)}" for first in firsts
    ]
    nothing = [] if "" in endings else [""]
    return f"(?:{'|'.join([f'[{others}][{rest}]*', *branches, *nothing])})"
