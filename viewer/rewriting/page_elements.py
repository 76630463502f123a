# SPDX-License-Identifier: EUPL-1.2
"""
The open elements of a page, whose `<noscript>` ends by itself in the head (HTML 13.2.6.4.4 and 13.2.6.4.5).

    <head><noscript><link></noscript>        ends with its end tag
    <head><noscript><p></noscript>           `<p>` has ended it, and begun the body: the end tag is nothing

That is where no scripts run; elsewhere it is text, and opens no formatting elements again. Knows nothing of
what is foreign.
"""

from __future__ import annotations

from .open_elements import OpenElements
from .open_stack import OfDocument
from .tags import SPACE

_IN_NOSCRIPT = frozenset({
    "basefont", "bgsound", "head", "html", "link", "meta", "noframes", "noscript", "style",
})  # fmt: skip
_IN_HEAD = _IN_NOSCRIPT | {"base", "script", "template", "title"}
_NOSCRIPT = frozenset({"noscript"})


class ReadingsDiffer(Exception):  # noqa: N818  # no error: what is to be done is known
    """What ends an `<svg>` or `<math>` may depend on a `<noscript>` before it, and on whether scripts run."""


class PageElements(OpenElements):
    """The open elements of a page, from its first tag on."""

    def __init__(self, document: OfDocument) -> None:
        super().__init__(document)
        self._is_head = True

    def characters(self, written: str) -> None:
        """Follow text: of white space a head is not ended."""
        if written.strip(SPACE):
            self._end_head()
        self.text()

    def enter(
        self, name: str, attributes: str = "", *, in_table: bool = False, in_template: bool = False
    ) -> None:
        """Follow a start tag. Raises ReadingsDiffer."""
        if name == "noscript" and self._document.scripts is None and self._formatting.has_ended:
            raise ReadingsDiffer
        if self._is_head and not self.has_template:
            if name == "noscript" and self._stack.in_scope(_NOSCRIPT, frozenset()):
                return
            if name not in _IN_HEAD:
                self._end_head()
            elif name not in _IN_NOSCRIPT:
                self._stack.close(_NOSCRIPT, frozenset())
        super().enter(name, attributes, in_table=in_table, in_template=in_template)

    def leave(self, name: str, *, in_template: bool = False) -> None:
        """Follow an end tag."""
        if self._is_head and not self.has_template:
            ends = {"br"} if self._stack.in_scope(_NOSCRIPT, frozenset()) else {"body", "br", "head", "html"}
            if name in ends:
                self._end_head()
        super().leave(name, in_template=in_template)

    def begin_foreign(self) -> None:
        """Follow the start tag of `<svg>` or `<math>`."""
        self._end_head()
        super().begin_foreign()

    def _end_head(self) -> None:
        if self._is_head and not self.has_template:
            self._stack.close(_NOSCRIPT, frozenset())
            self._is_head = False
