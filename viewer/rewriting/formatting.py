# SPDX-License-Identifier: EUPL-1.2
"""
Formatting elements, which end with what they stand in and come back after it (HTML 13.2.4.3 and 13.2.6.4.7).

    <div><b>x</div>y          `<b>` ends with `<div>`, and is opened again for y
    <b><p>x</b>y</p>          `</b>` ends it around `<p>`, and within it for y: the adoption agency

They move the stack of open elements. There is one list of them, also where HTML stands in what is foreign; an
element of the page is in no scope there, and stays. No more than so many are remembered, beyond which a
document is lost. Knows nothing of text or of other tags.
"""

from __future__ import annotations

from .open_stack import DOUBTED, SCOPE, SPECIAL, Element, Marker, OfDocument, Stack

FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
})  # fmt: skip
"""The tags of formatting elements."""
_MOST = 256


class FormattingElements:
    """The active formatting elements of a document, seen from its page or from an integration point."""

    def __init__(self, document: OfDocument, stack: Stack) -> None:
        self._entries = document.formatting
        self._document = document
        self._stack = stack

    @property
    def has_ended(self) -> bool:
        """Whether one ended with something around it, and would be opened again."""
        return bool(self._entries) and isinstance(last := self._entries[-1], Element) and not last.open

    def reopen(self) -> None:
        """Open again in the innermost element what ended with something around it."""
        missing = []
        for element in reversed(self._entries):
            if isinstance(element, Marker) or element.open:
                break
            missing.append(element)
        place = len(self._entries) - len(missing)
        for element in reversed(missing):
            again = Element(element.name, element.attributes)
            self._stack.push(again)
            self._entries[place] = again
            place += 1

    def remember(self, element: Element) -> None:
        """Add an element that was opened; no more than three are alike (HTML 13.2.4.3)."""
        alike = []
        for one in reversed(self._entries):
            if isinstance(one, Marker):
                break
            if (one.name, one.attributes) == (element.name, element.attributes):
                alike.append(one)
        if len(alike) >= 3:
            self._entries.remove(alike[-1])
        self._entries.append(element)
        if len(self._entries) > _MOST:
            self._document.is_lost = True

    def mark(self) -> None:
        """Set a marker, beyond which none is looked for."""
        if self._entries and isinstance(last := self._entries[-1], Marker):
            last.times += 1
        else:
            self._entries.append(Marker())

    def forget_to_marker(self) -> None:
        """Forget what came after the last marker, and the marker."""
        while self._entries and not isinstance(self._entries[-1], Marker):
            self._entries.pop()
        if self._entries and isinstance(last := self._entries[-1], Marker):
            last.times -= 1
            if not last.times:
                self._entries.pop()

    def last(self, name: str) -> Element | None:
        """Return the last of a name after the last marker, open or not."""
        for element in reversed(self._entries):
            if isinstance(element, Marker):
                return None
            if element.name == name:
                return element
        return None

    def end(self, name: str) -> None:
        """End a formatting element, also where blocks in it do not end (HTML 13.2.6.4.7)."""
        innermost = self._stack.innermost
        if innermost and innermost.name == name and innermost not in self._entries:
            self._stack.cut(-1)
            return
        for _ in range(8):
            element = self.last(name)
            if element is None:
                self._stack.close({name}, SPECIAL)
                return
            if not element.open:
                self._entries.remove(element)
                return
            if element.stack is not self._stack or not self._stack.in_scope({name}, SCOPE):
                return
            if not self._split(element):
                return

    def end_for_another(self, name: str) -> None:
        """End one, if there is one, where another of its name begins; out of scope too, as `<a>`."""
        element = self.last(name)
        if element is None:
            return
        self.end(name)
        if element in self._entries:
            self._entries.remove(element)
        if element.open and element.stack is not None:
            element.stack.remove(element)

    def _split(self, element: Element) -> bool:
        """End a formatting element; one with a block in it goes on within that, to be ended there."""
        elements = self._stack.elements
        place = elements.index(element)
        block = next((one for one in elements[place:] if one.name in SPECIAL), None)
        if block is None:
            self._stack.cut(place)
            self._entries.remove(element)
            return False
        self._document.is_lost = self._document.is_lost or block.name == DOUBTED
        between = elements[place + 1 : elements.index(block)]
        for count, one in enumerate(reversed(between), 1):
            if count > 3 and one in self._entries:
                self._entries.remove(one)
            if one not in self._entries:
                self._stack.remove(one)
        self._stack.remove(element)
        again = Element(element.name, element.attributes)
        self._stack.insert(elements.index(block) + 1, again)
        self._entries[self._entries.index(element)] = again
        return True
