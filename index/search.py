# SPDX-License-Identifier: EUPL-1.2
"""
Search in a site as it stood on a day: what matches, how much of each kind and year, what may have been meant.

    history     state, and the texts online at that snapshot (kept until the state is another)
    catalogue   which of them have the words, each with its score
    here        filters, facets, the best first, a correction where nothing was found

What is found at a snapshot is what reading its pages one by one would find: filters and counts are of all
matches, never of the best only. Knows neither SQL nor Whoosh.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import compress
from math import inf

from .budget import Budget
from .catalogue import CORRECTIONS, Catalogue
from .document import Kind
from .errors import GoneError, QueryError
from .history import History
from .online import Online, State, Text
from .opened import Matches
from .words import MAX_QUERY, parse, words

_ATTEMPTS = 3
"""Times that the catalogue may be renewed between two steps of one search."""

_SITES_KEPT = 8
_SECTIONS = 12
"""Parts of a site that are named: a list that a reader can take in."""
_EQUAL = 1e-6
"""Scores nearer than this are equal: sums of floating point numbers differ by less."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked through. Empty: everything."""

    prefix: str = ""
    """The beginning of an address."""
    kind: str = ""
    """One of `document.Kind`."""
    year: str = ""
    """The year in which a text was first seen."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that has what was asked for. Scores compare within one search only."""

    id: str
    url: str
    kind: Kind
    year: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """The hits asked for, best first, and what there is in all."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    """How many there would be with each kind as the filter, the other filters as they are."""
    years: dict[str, int] = field(default_factory=dict)
    """The same for years, the newest first."""
    sections: dict[str, int] = field(default_factory=dict)
    """How many of all there are in the parts of the site (online.section_of) that have the most."""
    suggestion: str = ""
    """The query with words of the site for unknown ones, where that finds something under these filters."""


class Search:
    """Search in the sites of a history. Several threads may ask."""

    def __init__(self, history: History, catalogue: Catalogue) -> None:
        self._history = history
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[State, Online]] = OrderedDict()

    def find(
        self,
        site: str,
        asked: str,
        timestamp: str | None,
        *,
        limit: int,
        offset: int = 0,
        filters: Filters = Filters(),
    ) -> Found:
        """
        Return what a site had at a snapshot of what is asked for (words.parse), best first (BM25).

        Without a snapshot what it ever had: then a page is found once for each of its texts that matches.

        Nothing that is typed is an error, but for words too common to be looked up together. Raises
        QueryError for these, NotFoundError for an unknown snapshot, DamagedError where the catalogue cannot
        be read.
        """
        for _ in range(_ATTEMPTS):
            try:
                state, online = self._online(site)
                prefix = filters.prefix[:MAX_QUERY]
                among = online.at(timestamp, prefix) if timestamp else online.ever(prefix)
                if state.generation is None:
                    return Found()
                budget = Budget()
                matches = self._catalogue.search(state.generation, parse(asked), among, budget)
                suggestion = ""
                if not matches.numbers:
                    among = online.only(among, filters.kind, filters.year)
                    suggestion = self._suggest(state.generation, asked, among, budget)
            except GoneError as error:
                gone = error  # a newer generation took its place
            else:
                found = _found(matches, online, filters, slice(offset, offset + limit))
                return replace(found, suggestion=suggestion)
        raise gone

    def _online(self, site: str) -> tuple[State, Online]:
        state = self._history.state(site)
        with self._lock:
            kept = self._kept.get(site)
            if kept is None or kept[0] != state:
                documents = self._catalogue.documents(state.generation) if state.generation else []
                kept = state, self._history.texts(site, documents)
            self._kept[site] = kept
            self._kept.move_to_end(site)
            if len(self._kept) > _SITES_KEPT:
                self._kept.popitem(last=False)
        return kept

    def _suggest(self, generation: str, asked: str, among: bytes, budget: Budget) -> str:
        near = self._catalogue.corrections(generation, parse(asked))
        if not near or not all(near.values()):
            return ""
        for place in range(CORRECTIONS):
            meant = {word: options[min(place, len(options) - 1)] for word, options in near.items()}
            text = respelled(asked[:MAX_QUERY], meant)
            with suppress(QueryError):  # what was asked for has been answered
                if self._catalogue.search(generation, parse(text), among, budget).numbers:
                    return text
        return ""


def respelled(text: str, meant: Mapping[str, str]) -> str:
    """Return a text with other words in the place of some; all between the words stays as it is."""
    parts, at = [], 0
    for word in words(text):
        if word.folded in meant:
            parts += [text[at : word.start], meant[word.folded]]
            at = word.end
    return "".join([*parts, text[at:]])


def _found(matches: Matches, online: Online, filters: Filters, part: slice) -> Found:
    facets = list(map(online.facets.__getitem__, matches.numbers))
    counted = [(*online.named[facet], number) for facet, number in Counter(facets).items()]
    kinds = _summed((kind, number) for kind, year, number in counted if filters.year in ("", year))
    years = _summed((year, number) for kind, year, number in counted if filters.kind in ("", kind))
    if filters.kind or filters.year:
        passes = [filters.kind in ("", kind) and filters.year in ("", year) for kind, year in online.named]
        keep = [passes[facet] for facet in facets]
        numbers, scores = matches
        matches = Matches(list(compress(numbers, keep)), list(compress(scores, keep)))
    sections = Counter(map(online.sections.__getitem__, matches.numbers)).most_common(_SECTIONS)
    best = _best(matches, online.texts, part.stop)[part]
    return Found(
        [Hit(*text, score) for text, score in best],
        len(matches.numbers),
        dict(sorted(kinds.items(), key=lambda one: list(Kind).index(Kind(one[0])))),
        dict(sorted(years.items(), reverse=True)),
        {online.section_names[section]: number for section, number in sections},
    )


def _summed(numbers: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, number in numbers:
        total[str(name)] = total.get(str(name), 0) + number
    return total


def _best(matches: Matches, texts: Mapping[int, Text], number: int) -> list[tuple[Text, float]]:
    """Return the best; equal ones by address and id, an order that a rebuilt catalogue has too."""
    least = -inf
    if len(matches.scores) > number:
        least = heapq.nlargest(number, matches.scores)[-1] if number else inf
    some = [(texts[number], score) for number, score in zip(*matches, strict=True) if score >= least - _EQUAL]
    return sorted(some, key=lambda one: (-round(one[1], 6), one[0].url, one[0].document))[:number]
