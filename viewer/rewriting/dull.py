# SPDX-License-Identifier: EUPL-1.2
"""
Stretches of a page that nobody has to look at: text, and whole tags as most are written. Most of a page.

    <p class="a">Text &amp; more <a href="#b">b</a> <img src="//x/y">
    [--------------------- dull --------------------][ looked at    ]

Which tags are dull, the caller says in expressions that are made here. With RE2: its automaton takes a byte
in two nanoseconds, where Python's expressions take ten; and it is linear whatever stands in a page. It has no
lookahead, so that "any name but these" is spelled out (`any_but`). Knows nothing of what is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import re2

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"

Over = Callable[[int], int]
"""From a place where a token may begin to the first that is worth a look, which may be the same."""


class Dull:
    """Text, end tags, and whatever else is said to be dull."""

    def __init__(self, *others: str) -> None:
        """
        Take expressions for whole tags, whole elements and the like (`tag`).

        Elements with raw text may only be among them with their text and end tag, and `<svg>`, `<math>` and
        `<template>` not at all: what stands in them is no markup, or other markup.
        """
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = options.longest_match = True
        stretch = "|".join(["[^<]+", "</[a-z][a-z0-9]*>", *others])
        self._stretch = re2.compile(f"(?:{stretch})*".encode(), options)

    def over(self, plain: bytes) -> Over:
        """Return what tells, of a text (`plain_of`), where a dull stretch ends that begins at a place."""
        match = self._stretch.match
        return lambda place: match(plain, place).end()


def plain_of(text: str) -> bytes:
    """
    Return a byte for each character of a text, so that places are the same.

    What is not ASCII is dull in text and in values alone, and so is what stands for it. To keep what is in
    Latin-1 costs a tenth of replacing that too.
    """
    return text.encode("latin-1", "replace")


def tag(element: str, *attributes: str) -> str:
    """Return an expression for a start tag of an element with such attributes, as most are written."""
    return rf"<{element}(?:[ \n]+(?:{'|'.join(attributes)}))*[ \n]*/?>"


def valued(attribute: str, value: str) -> str:
    """Return an expression for an attribute with a value between quotes; `{quote}` in it stands for those."""
    written = "|".join(f"{quote}{value.format(quote=quote)}{quote}" for quote in "\"'")
    return f"{attribute}=(?:{written})"


def schemeless(but: str) -> tuple[str, str]:
    """
    Return two expressions for text of any characters but these, in which neither `http:` nor `https:` stands.

    The second is for one that is not empty. In whatever case, and without its beginning: not `tp:` nor `tps:`
    either. Where a scheme stands what follows may be an address (URL section 4.4, "scheme state"), with
    slashes or without; to ask so of each value costs nothing, to seek them in the page before, a tenth.
    """
    after_t = "[tT]+(?:[pP][sS]?[tT]+)*"
    goes_on = f"(?:[^tTpP{but}]|[pP][^:sStT{but}]|[pP][sS][^:tT{but}])"
    one, last = f"(?:[^tT{but}]|{after_t}{goes_on})", f"{after_t}(?:[pP][sS]?)?"
    return f"{one}*(?:{last})?", f"(?:{one}+(?:{last})?|{last})"


def element_but(names: Collection[str]) -> str:
    """Return an expression for the name of any element but these, in lower case."""
    return _any_but(names, _LETTERS + _DIGITS)


def attribute_but(names: Collection[str]) -> str:
    """Return an expression for the name of any attribute but these, in lower case."""
    return _any_but(names, _LETTERS + _DIGITS + ":-")


def _any_but(names: Collection[str], rest: str) -> str:
    """Return an expression for any name of a letter and then of `rest`, but for the names given."""
    firsts = {name[0] for name in names}
    others = "".join(letter for letter in _LETTERS if letter not in firsts)
    return f"(?:{'|'.join([f'[{others}][{rest}]*', *_branches(names, rest)])})"


def _ending_but(endings: Collection[str], rest: str) -> str:
    """Return an expression for any ending of a name, none included, but for the endings given."""
    firsts = {ending[:1] for ending in endings}
    others = "".join(one for one in rest if one not in firsts)
    nothing = [] if "" in firsts else [""]
    return f"(?:{'|'.join([f'[{others}][{rest}]*', *_branches(endings, rest), *nothing])})"


def _branches(names: Collection[str], rest: str) -> list[str]:
    """Return an expression for each letter that a name begins with."""
    firsts = sorted({name[0] for name in names if name})
    return [first + _ending_but([name[1:] for name in names if name[:1] == first], rest) for first in firsts]
