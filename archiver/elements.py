# SPDX-License-Identifier: EUPL-1.2
"""
Hostile XML as a list of the elements one asks for. Knows nothing of sitemaps or feeds.

    <urlset><url><loc>https://example.org/</loc></url></urlset>
      → Element(name='loc', parent='url', attributes={}, text='https://example.org/')

Expat reads the bytes; a document that declares an entity is refused where it does so, and nothing outside
the document is ever read. What came before a mistake counts, and the mistake is told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_TEXT = 8192
"""Characters kept of one element's text."""
MAX_DEPTH = 256
ANYWHERE = "*"
"""In place of a parent's name: whatever the parent."""
_XML_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Element:
    """An element that was asked for. Names are in lower case, without prefix."""

    name: str
    parent: str
    attributes: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Elements:
    """What was found, in the order in which the elements ended."""

    root: str
    found: list[Element]
    problem: str
    """Why reading stopped before the end; empty if it did not."""


class _StopReadingError(Exception):
    """Raised inside expat's handlers, which have no other way out; never leaves this module."""


@dataclass(slots=True)
class _Reader:
    wanted: Collection[tuple[str, str]]
    limit: int
    root: str = ""
    open: list[str] = field(default_factory=list)
    asked: bool = False
    """Whether the element that began last, and has not ended, is wanted."""
    attributes: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    length: int = 0
    found: list[Element] = field(default_factory=list)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self.root = self.root or name
        if len(self.open) >= MAX_DEPTH:
            raise _StopReadingError(f"it is nested deeper than {MAX_DEPTH} elements")
        parent = self.open[-1] if self.open else ""
        self.asked = (name, parent) in self.wanted or (name, ANYWHERE) in self.wanted
        self.open.append(name)
        self.attributes = attributes
        self.text, self.length = [], 0

    def data(self, text: str) -> None:
        room = MAX_TEXT - self.length
        if self.asked and room > 0:
            self.text.append(text[:room])
            self.length += len(text)

    def end(self, _tag: str) -> None:
        name = self.open.pop()
        if not self.asked:
            return
        if len(self.found) >= self.limit:
            raise _StopReadingError(f"it has more than {self.limit} of the elements we read")
        parent = self.open[-1] if self.open else ""
        named = {_local(key): value for key, value in self.attributes.items()}
        self.found.append(Element(name, parent, named, "".join(self.text).strip()))
        self.asked = False

    def entity(self, *_declaration: object) -> None:
        raise _StopReadingError("it declares an entity, which we never follow")


def read_elements(body: bytes, wanted: Collection[tuple[str, str]], limit: int) -> Elements:
    """
    Return at most `limit` elements that have no elements inside and are `wanted`: pairs of the element's own
    local name and its parent's (or ANYWHERE), in lower case. Raises nothing.
    """
    reader = _Reader(wanted, limit)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.EntityDeclHandler = reader.entity
    problem = ""
    try:
        parser.Parse(body.lstrip(_XML_SPACE), True)  # noqa: FBT003 (a C function, by position only)
    except _StopReadingError as stop:
        problem = str(stop)
    except expat.ExpatError as error:
        problem = f"it is not well-formed XML: {error}"
    except (LookupError, ValueError) as error:  # an encoding that Python does not have, or not for this
        problem = f"its encoding cannot be read: {error}"
    return Elements(reader.root, reader.found, problem)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
