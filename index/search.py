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
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .catalogue import CORRECTIONS, Catalogue
from .document import Kind
from .errors import NotFoundError
from .history import History
from .online import Online, State, Text
from .words import MAX_QUERY, parse, words

_ATTEMPTS = 3
"""Times that the catalogue may be renewed between two steps of one search."""

_SITES_KEPT = 8
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
    suggestion: str = ""
    """The query with words of the site in the place of unknown ones, where that finds something."""


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
        timestamp: str,
        *,
        limit: int,
        offset: int = 0,
        filters: Filters = Filters(),
    ) -> Found:
        """
        Return what a site had at a snapshot of what is asked for (words.parse), best first (BM25).

        Nothing that is typed is an error. Raises NotFoundError for an unknown snapshot, DamagedError where
        the catalogue cannot be read.
        """
        for _ in range(_ATTEMPTS):
            state, online = self._online(site)
            among = online.at(timestamp, filters.prefix[:MAX_QUERY])
            if state.generation is None:
                break
            try:
                scores = self._catalogue.search(state.generation, parse(asked), among)
                suggestion = "" if scores else self._suggest(state.generation, asked, among)
            except NotFoundError as error:
                gone = error  # a newer generation took its place
            else:
                found = _found(scores, online, filters, slice(offset, offset + limit))
                return replace(found, suggestion=suggestion)
        else:
            raise gone
        return Found()

    def _online(self, site: str) -> tuple[State, Online]:
        state = self._history.state(site)
        with self._lock:
            kept = self._kept.get(site)
            if kept is None or kept[0] != state:
                kept = state, self._history.texts(site)
            self._kept[site] = kept
            self._kept.move_to_end(site)
            if len(self._kept) > _SITES_KEPT:
                self._kept.popitem(last=False)
        return kept

    def _suggest(self, generation: str, asked: str, among: Collection[str]) -> str:
        near = self._catalogue.corrections(generation, parse(asked))
        if not near or not all(near.values()):
            return ""
        for place in range(CORRECTIONS):
            meant = {word: options[min(place, len(options) - 1)] for word, options in near.items()}
            text = respelled(asked[:MAX_QUERY], meant)
            if self._catalogue.search(generation, parse(text), among):
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


def _found(
    scores: dict[str, float],
    online: Online,
    filters: Filters,
    part: slice,
) -> Found:
    counted = Counter(map(online.facets.__getitem__, scores))
    pairs = [(kind, year, number) for (kind, year), number in counted.items()]
    kinds = _summed((kind, number) for kind, year, number in pairs if filters.year in ("", year))
    years = _summed((year, number) for kind, year, number in pairs if filters.kind in ("", kind))
    texts = online.texts
    if filters.kind or filters.year:
        scores = {name: score for name, score in scores.items() if _passes(texts[name], filters)}
    best = _best(scores, texts, part.stop)[part]
    hits = [Hit(name, *texts[name], scores[name]) for name in best]
    return Found(
        hits,
        len(scores),
        dict(sorted(kinds.items(), key=lambda one: list(Kind).index(Kind(one[0])))),
        dict(sorted(years.items(), reverse=True)),
    )


def _passes(text: Text, filters: Filters) -> bool:
    return filters.kind in ("", text.kind) and filters.year in ("", text.year)


def _summed(numbers: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, number in numbers:
        total[str(name)] = total.get(str(name), 0) + number
    return total


def _best(scores: dict[str, float], texts: Mapping[str, Text], number: int) -> list[str]:
    """Return the best; equal ones by address and id, an order that a rebuilt catalogue has too."""
    if len(scores) > number:
        least = heapq.nlargest(number, scores.values())[-1] if number else 0.0
        names: Iterator[str] = (name for name, score in scores.items() if score >= least - _EQUAL)
    else:
        names = iter(scores)
    order = sorted(names, key=lambda name: (-round(scores[name], 6), texts[name].url, name))
    return order[:number]
