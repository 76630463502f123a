# SPDX-License-Identifier: EUPL-1.2
"""
The links of one document while they are gathered: absolute, once each, quickly. Knows nothing of formats.

    base http://example.org/a/b.html:   c.html   →   http://example.org/a/c.html
                                        ../c     →   http://example.org/c
                                        /c?d#e   →   http://example.org/c?d
    in a page read as windows-1252:     /c?d=é   →   http://example.org/c?d=%E9

Joining addresses is the largest single cost of a crawl (30 % of its time with urllib's urljoin), and nearly
all links of a page are plain and relative. Those are joined here; everything else goes to the WHATWG parser
in index.urlkey. Both give the same answer: tests/test_links.py compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from index.query_encoding import with_query_in
from index.urlkey import MAX_URL, normalise

from .spelling import as_found

Kind = Literal["outlink", "embed", "hint"]
MAX_LINKS = 200_000
"""Links taken from one document. A page of the largest manuals has a few thousand."""
MAX_HINTS = 2_000
"""Hints taken from one document: they are guesses, and each costs a request."""

RANK: MappingProxyType[Kind, int] = MappingProxyType({"hint": 0, "outlink": 1, "embed": 2})
"""Of the kinds that an address has in one document, the highest counts."""

# Letters that no parser changes in a path, and no dots that could mean a folder but those at the start.
_PLAIN = re.compile(
    r"((?:\.\./)*+)/?(?:[A-Za-z0-9_~!$&()*+,;=-][A-Za-z0-9._~!$&()*+,;=-]*+/)*+"
    r"(?:[A-Za-z0-9_~!$&()*+,;=-][A-Za-z0-9._~!$&()*+,;=-]*+)?"
    r"(?:\?[A-Za-z0-9._~!$&()*+,;=:@/-]*+)?",
    re.ASCII,
)
_OTHER_SCHEME = re.compile(r"\s*+(?!https?:)[A-Za-z][A-Za-z0-9+.-]*+:", re.IGNORECASE)
_MAX_REFERENCE = 3 * MAX_URL
"""Longer ones are data: a percent-encoded address is at most three times as long as its characters."""


class Resolver:
    """Resolves against one base, an absolute, normalised URL. Each spelling is worked out once."""

    __slots__ = ("_charset", "_folders", "_known", "_root", "base", "written")

    def __init__(self, base: str, charset: str = "utf-8") -> None:
        """
        Take the base apart: `http://example.org` and `http://example.org/a/`.

        `charset` is Python's name of the encoding that the document is read in: browsers ask with it.
        """
        self.base = base
        self._charset = charset
        path = base.partition("?")[0]
        self._folders = [path[: path.rfind("/") + 1]]
        self._root = "/".join(base.split("/", 3)[:3])
        self._known: dict[str, str | None] = {}
        self.written: dict[str, str] = {}
        """How addresses were written that joining does not make; together no longer than the document."""

    def below(self, base: str) -> Resolver:
        """Return what resolves in the same document against another base."""
        return Resolver(base, self._charset)

    def resolve(self, reference: str) -> str | None:
        """Return the normalised absolute URL without fragment; None where it cannot be asked for."""
        if "#" in reference:
            reference = reference.partition("#")[0]
        try:
            return self._known[reference]
        except KeyError:
            url = self._known[reference] = self._resolved(reference)
            return url

    def _resolved(self, reference: str) -> str | None:
        if not reference:
            return self.base
        plain = _PLAIN.fullmatch(reference)
        url = self._joined(reference, plain.end(1)) if plain else None
        if url is not None:
            return url if len(url) <= MAX_URL else None
        if len(reference) > _MAX_REFERENCE or _OTHER_SCHEME.match(reference):
            return None
        absolute = reference.startswith(("http://", "https://"))
        asked = with_query_in(reference, self._charset)
        url = normalise(asked) if absolute else normalise(asked, self.base)
        if url and url != reference and (written := as_found(reference, self.base, url)):
            self.written.setdefault(url, written)
        return url

    def _joined(self, reference: str, up: int) -> str | None:
        """Join a plain reference that begins with so many letters of `../`; None where the parser decides."""
        rest = reference[up:]
        if not rest or rest[0] == "?" or (rest[0] == "/" and (up or rest.startswith("//"))):
            return None
        return (self._root if rest[0] == "/" else self._above(up // 3)) + rest

    def _above(self, levels: int) -> str:
        """Return the folder of the base, or one so many levels above it; above the root one stays there."""
        while len(self._folders) <= levels:
            folder = self._folders[-1]
            self._folders.append(folder[: max(folder.rfind("/", 0, -1), len(self._root)) + 1])
        return self._folders[levels]


class Link(NamedTuple):
    """An absolute, normalised address and what it is to the document."""

    url: str
    kind: Kind
    found: str = ""
    """How it was written, if that is more than joining it (archiver.spelling)."""


@dataclass(slots=True)
class Links:
    """The links so far of one document. An address that is both outlink and embed is an embed."""

    itself: str
    """The document's own URL, which is not among its links."""
    resolver: Resolver
    found: dict[str, Kind] = field(default_factory=dict)
    canonical: str | None = None
    hints: int = 0
    """How many hints were found, those beyond MAX_HINTS too."""

    def add(self, reference: str | None, kind: Kind) -> None:
        """Add an address as written; one that cannot be asked for is passed over."""
        url = self.resolver.resolve(reference) if reference else None
        if url is None or url == self.itself:
            return
        known = self.found.get(url)
        if known is None:
            self.hints += kind == "hint"
            if len(self.found) < MAX_LINKS and (kind != "hint" or self.hints <= MAX_HINTS):
                self.found[url] = kind
        elif known != kind and RANK[kind] > RANK[known]:
            self.found[url] = kind

    def add_all(self, references: Iterable[str], kind: Kind) -> None:
        """Add addresses as written."""
        for reference in references:
            self.add(reference, kind)

    def listed(self) -> list[Link]:
        """Return the links in the order in which they were first added."""
        written = self.resolver.written
        return [Link(url, kind, written.get(url, "")) for url, kind in self.found.items()]
