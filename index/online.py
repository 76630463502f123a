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

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import compress
from sys import intern
from typing import NamedTuple

from .document import Kind, kind_of
from .errors import UnpublishedError

OPEN = "99999999999999"
"""The last snapshot of an interval that is still open."""

_DAYS_KEPT = 128
_STEPS, _LEAST_STEP = 16, 64
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
_ON, _OFF = 0, 1
"""What begins with a snapshot sorts before what ends with it: a text is online to both."""


class State(NamedTuple):
    """What tells one state of a site's history from another."""

    generation: str | None
    """The generation of the catalogue that belongs to it."""
    snapshots: int
    newest: str | None
    view: int = 0
    """Another number where not the same of it is told."""


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

    document: str
    url: str
    kind: Kind
    year: str


class Online:
    """
    The texts of a site, by the numbers that a generation of the catalogue has for them.

    Several threads may ask. `texts` has what is told of each text, `facets` its kind and year as a number,
    which `named` has in words; `sections` the part of the site it is of, in `section_names`.
    """

    def __init__(
        self,
        site: str,
        rows: Iterable[Standing],
        snapshots: Mapping[str, bool],
        documents: Sequence[str],
    ) -> None:
        """
        `snapshots` says of each whether it saw anything: no page was online to one that failed.

        `documents` are the ids of all that a generation holds, in its order; what it lacks is not found.
        """
        numbers = {name: number for number, name in enumerate(documents)}
        self.texts: dict[int, Text] = {}
        self.facets = array("H", bytes(2 * len(documents)))
        self.sections = array("L", bytes(array("L").itemsize * len(documents)))
        self._site = site
        self._snapshots = snapshots
        self._size = len(documents)
        known: dict[tuple[Kind, str], int] = {}
        sections: dict[str, int] = {}
        events: list[tuple[str, int, int]] = []
        for row in rows:
            number = numbers.get(row.document)
            if number is None:
                continue
            facet = kind_of(row.mime), row.year
            self.facets[number] = known.setdefault(facet, len(known))
            self.sections[number] = sections.setdefault(section_of(row.url), len(sections))
            self.texts[number] = Text(row.document, row.url, facet[0], intern(row.year))
            events += (row.first, _ON, number), (row.last, _OFF, number)
        self.named = list(known)
        self.section_names = list(sections)
        self._events = sorted(events)
        self._kept = self._marks_at_steps()
        self.at = lru_cache(_DAYS_KEPT)(self._at)
        """Return which texts were online at a snapshot, at addresses that begin so; see `_at`."""

    def _at(self, timestamp: str, prefix: str = "") -> bytes:
        """
        Return a byte for each document, 1 for the texts that were online at a snapshot.

        `prefix` is the beginning of an address, with or without its scheme, which does not count. Raises
        UnpublishedError for an unknown snapshot.
        """
        if timestamp not in self._snapshots:
            raise UnpublishedError(self._site, timestamp)
        if not self._snapshots[timestamp]:
            return bytes(self._size)
        until = bisect_right(self._events, (timestamp, _ON, self._size))
        step = until // self._step
        marks = bytearray(self._kept[step])
        self._apply(marks, self._events[step * self._step : until])
        return self._within(marks, prefix)

    def ever(self, prefix: str = "") -> bytes:
        """Return a byte for each document, 1 for what the site ever had, at addresses that begin so."""
        marks = bytearray(self._size)
        for number in self.texts:
            marks[number] = 1
        return self._within(marks, prefix)

    def _within(self, marks: bytearray, prefix: str) -> bytes:
        start = without_scheme(prefix)
        for number in compress(range(self._size), marks) if start else ():
            marks[number] = without_scheme(self.texts[number].url).startswith(start)
        return bytes(marks)

    def only(self, marks: bytes, kind: str, year: str) -> bytes:
        """Return these marks for texts of a kind and a year alone; empty: of any."""
        if not (kind or year):
            return marks
        passes = bytes(kind in ("", one) and year in ("", other) for one, other in self.named)
        return bytes(marked and passes[facet] for marked, facet in zip(marks, self.facets, strict=True))

    def _marks_at_steps(self) -> list[bytes]:
        """Return what was online after every so many events, so that no day is counted from the first on."""
        self._step = max(_LEAST_STEP, len(self._events) // _STEPS)
        marks, kept = bytearray(self._size), [bytes(self._size)]
        for first in range(0, len(self._events), self._step):
            self._apply(marks, self._events[first : first + self._step])
            kept.append(bytes(marks))
        return kept

    @staticmethod
    def _apply(marks: bytearray, events: Iterable[tuple[str, int, int]]) -> None:
        for _, off, number in events:
            marks[number] += -1 if off else 1


def without_scheme(url: str) -> str:
    """Return an address without the scheme that it begins with, its host in lower case."""
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    host, slash, path = rest.partition("/")
    return host.lower() + slash + path


def section_of(url: str) -> str:
    """Return the part of a site an address is of: its host and the first folder, `www.ind.nl/en/`."""
    host, _, path = without_scheme(url.partition("?")[0]).partition("/")
    folder, slash, _ = path.partition("/")
    return f"{host}/{folder}/" if slash and folder else f"{host}/"
