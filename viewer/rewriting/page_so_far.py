# SPDX-License-Identifier: EUPL-1.2
"""
What is open in a page around an `<svg>` or `<math>`, looked up only where it matters.

    <p><b>…<svg>…</svg>…<svg><g></b>          for `</b>` the page is read up to the second `<svg>`
         [passed over  ]

Most of a page is so never followed, and nothing of it twice. Knows nothing of what is foreign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from .foreign_names import ROOTS
from .open_elements import OpenElements
from .open_stack import OfDocument
from .page_elements import PageElements
from .quirks import has_quirks
from .tags import Kind, Token
from .templates import Template


class Stretch(NamedTuple):
    """A stretch of a page that begins and ends outside `<svg>` and `<math>`."""

    start: int
    end: int
    passed: Mapping[int, int]
    """What is foreign in it: from where to where."""
    templates: Template | None
    """What is open at its start."""


Reader = Callable[[Stretch], Iterator[Token]]
"""Yields the tokens of a stretch, and of what is passed over only the first."""


class PageSoFar:
    """The open elements of a page, up to the outermost `<svg>` or `<math>` that the place is in."""

    def __init__(self, text: str, read: Reader, document: OfDocument, *, is_framed: bool) -> None:
        self._text = text
        self._read = read
        self._document = document
        self._is_framed = is_framed
        self._elements = PageElements(document)
        self._known = 0  # up to where they are known
        self._known_for = -1  # what it is that is begun there
        self._known_in: Template | None = None
        self.begun = 0
        """Where it begins."""
        self.passed: dict[int, int] = {}
        """What was foreign since the last look: from where to where."""

    def leave(self, place: int) -> None:
        """Go on at a place in the page: what is foreign has ended with elements of the page."""
        self._known = place

    def elements(self, templates: Template | None) -> OpenElements:
        """Return what is open, in which there are these templates. Raises ReadingsDiffer."""
        if self._known_for == self.begun:
            return self._elements
        if not self._known:
            self._document.has_quirks = not self._is_framed and has_quirks(self._text)
        last = self._known
        for token in self._read(Stretch(self._known, self.begun, self.passed, self._known_in)):
            if self._document.is_lost:
                break
            if token.start > last:
                self._elements.characters(self._text[last : token.start])
            self._follow(token)
            last = self.passed.get(token.start, token.end)
        if self.begun > last:
            self._elements.characters(self._text[last : self.begun])
        self._elements.begin_foreign()
        self._known, self._known_for, self._known_in = self.begun, self.begun, templates
        self.passed.clear()
        return self._elements

    def _follow(self, token: Token) -> None:
        """Go past a token of the page, or past what is foreign and begins with it."""
        if self._elements.tables.ignores(token.name):
            return
        if token.kind is Kind.START and token.name in ROOTS:
            if token.start != self._known_for:
                self._elements.begin_foreign()
        elif token.kind is Kind.START:
            self._elements.enter(token.name, self._text[slice(*token.attributes)])
        elif token.kind is Kind.END:
            self._elements.leave(token.name)
