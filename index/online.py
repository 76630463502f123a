# SPDX-License-Identifier: EUPL-1.2
"""
Which texts of a site were online on a day, held in memory: a search asks it of thousands at once.

    Standing   a text, and one interval of snapshots over which its page had it
    Online     all of a site, as of one state of the history

A day is a condition on intervals, not a part of the text query, and an unchanged day adds no interval. What
is held of a hundred thousand intervals is some tens of megabytes, and read anew when a day is published.
Knows neither SQL nor Whoosh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from sys import intern
from typing import NamedTuple

from .document import Kind, kind_of
from .errors import NotFoundError

OPEN = "99999999999999"
"""The last snapshot of an interval that is still open."""

_DAYS_KEPT = 32


class State(NamedTuple):
    """What tells one state of a site's history from another."""

    generation: str | None
    """The generation of the catalogue that belongs to it."""
    snapshots: int
    newest: str | None


class Standing(NamedTuple):
    """A text of a page from snapshot `first` to snapshot `last`."""

    document: str
    url: str
    mime: str
    year: str
    """In which the text was first seen."""
    first: str
    last: str


class Text(NamedTuple):
    """What is told of a text beside its words."""

    url: str
    kind: Kind
    year: str


class Online:
    """The texts of a site. Several threads may ask."""

    def __init__(self, site: str, rows: Iterable[Standing], snapshots: Mapping[str, bool]) -> None:
        """`snapshots` says of each whether it saw anything: no page was online to one that failed."""
        self.texts: dict[str, Text] = {}
        self._site = site
        self._snapshots = snapshots
        self.facets: dict[str, tuple[Kind, str]] = {}
        """Kind and year of every text."""
        self._rows: list[tuple[str, str, str]] = []
        for row in rows:
            kind = kind_of(row.mime)
            self.texts[row.document] = Text(row.url, kind, intern(row.year))
            self.facets[row.document] = kind, intern(row.year)
            self._rows.append((row.document, intern(row.first), intern(row.last)))
        self.at = lru_cache(_DAYS_KEPT)(self._at)
        """Return the texts that were online at a snapshot, at addresses that begin so; see `_at`."""

    def _at(self, timestamp: str, prefix: str = "") -> frozenset[str]:
        """
        Return the ids of the texts that were online at a snapshot. Raises NotFoundError for an unknown one.

        `prefix` is the beginning of an address, with or without its scheme, which does not count.
        """
        if timestamp not in self._snapshots:
            raise NotFoundError(f"Site {self._site} has no published snapshot {timestamp}.")
        if not self._snapshots[timestamp]:
            return frozenset()
        found = [name for name, first, last in self._rows if first <= timestamp <= last]
        start = without_scheme(prefix)
        if start:
            found = [name for name in found if without_scheme(self.texts[name].url).startswith(start)]
        return frozenset(found)


def without_scheme(url: str) -> str:
    """Return an address without `http://` or `https://`, its host in lower case."""
    rest = url.partition("://")[2] or url
    host, slash, path = rest.partition("/")
    return host.lower() + slash + path
