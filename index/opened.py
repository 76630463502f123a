# SPDX-License-Identifier: EUPL-1.2
"""
One search generation, kept open: which documents have what was asked for, and how well each fits (BM25).

    word      in any language's field by that language's stem; a document has one language
    phrase    words one after the other; it weighs what its rarest word does
    together  what all have, the rarest first, so that the others are looked for among few

Scores depend on what the generation holds and not on how it is cut into segments: a catalogue that was built
anew, or by several processes, answers the same. Knows nothing of days: it is told which documents count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import log

from .languages import Stem
from .segment import Segment
from .spelling import near, within_two
from .words import Phrase, Query

_K1, _B = 1.2, 0.75
"""The usual constants of BM25."""

_TOLD = 32
"""Choices of documents that are remembered: a day is asked for again and again."""


class Opened:
    """A generation's segments, in order. One thread at a time asks."""

    def __init__(self, segments: Sequence[Segment], stems: Mapping[str, Stem]) -> None:
        self._segments = segments
        self._stems = stems
        self._count = sum(len(segment.documents) for segment in segments)
        lengths = sum(sum(segment.lengths) for segment in segments)
        average = lengths / self._count if lengths else 1.0
        self._told: deque[tuple[Collection[str], list[bytearray]]] = deque(maxlen=_TOLD)
        self._norms = [
            [_K1 * (1 - _B + _B * length / average) for length in segment.lengths] for segment in segments
        ]

    def scores(self, asked: Query, among: Collection[str]) -> dict[str, float]:
        """Return the documents of these that have what was asked for, each with its score."""
        if not asked:
            return {}
        wanted = sorted((self._frequency(phrase), phrase) for phrase in asked.wanted)
        found: dict[str, float] = {}
        for segment, norms, counts in zip(self._segments, self._norms, self._counts(among), strict=True):
            names = segment.documents
            scores = self._together(segment, norms, wanted, counts)
            if scores:
                for number in self._having(segment, asked.unwanted, _marked(counts, scores)):
                    scores.pop(number, None)
            found.update({names[number]: score for number, score in scores.items()})
        return found

    def nearest(self, word: str, most: int) -> list[str]:
        """
        Return words of the index that a word nobody wrote may have been meant as, the likeliest first.

        Those that one mistake turns into it, the commonest first; if there are none, those that two do.
        """
        found = {other for other in near(word) if any(segment.has(other) for segment in self._segments)}
        if not found:
            for segment in self._segments:
                found.update(within_two(word, segment.words(word[:1])))
        found.discard(word)
        return sorted(found, key=lambda other: (-self._frequency((other,)), other))[:most]

    def known(self, word: str) -> bool:
        """Tell whether any document has a word, in some form."""
        return self._frequency((word,)) > 0

    def _counts(self, among: Collection[str]) -> list[bytearray]:
        """Return by segment which documents count; what was told lately is remembered, as one object."""
        for told, counts in self._told:
            if told is among:
                return counts
        counts = [bytearray(map(among.__contains__, segment.documents)) for segment in self._segments]
        self._told.append((among, counts))
        return counts

    def _together(
        self,
        segment: Segment,
        norms: Sequence[float],
        wanted: Iterable[tuple[int, Phrase]],
        counts: bytearray,
    ) -> dict[int, float]:
        scores: dict[int, float] | None = None
        for frequency, phrase in wanted:
            factor = (log(self._count / (frequency + 1)) + 1) * (_K1 + 1)
            found = self._weighed(segment, phrase, counts, norms, factor)
            scores = found if scores is None else {at: scores[at] + score for at, score in found.items()}
            if not scores:
                return {}
            counts = _marked(counts, scores)
        return scores or {}

    def _weighed(
        self, segment: Segment, phrase: Phrase, counts: bytearray, norms: Sequence[float], factor: float
    ) -> dict[int, float]:
        found: dict[int, float] = {}
        for language, stems in self._named(phrase):
            if len(stems) > 1:
                row = segment.row(language, stems, counts)
                found |= {at: factor * n / (n + norms[at]) for at, n in row.items()}
            else:
                pairs = zip(*segment.postings(language, stems[0]), strict=True)
                found |= {at: factor * n / (n + norms[at]) for at, n in pairs if counts[at]}
        return found

    def _having(self, segment: Segment, phrases: Iterable[Phrase], counts: bytearray) -> Iterator[int]:
        """Yield the documents, of those marked, that have any of these phrases."""
        for phrase in phrases:
            yield from self._weighed(segment, phrase, counts, [1.0] * len(counts), 1.0)

    def _named(self, phrase: Phrase) -> Iterator[tuple[str, list[str]]]:
        """Yield a phrase in every language: a document is in the field of one alone."""
        for language, stem in self._stems.items():
            yield language, [stem(word) for word in phrase]

    def _frequency(self, phrase: Phrase) -> int:
        """Return in how many documents the rarest word of a phrase occurs."""
        by_language = [(language, stem) for language, stem in self._stems.items()]
        return min(
            sum(
                segment.frequency(language, stem(word))
                for segment in self._segments
                for language, stem in by_language
            )
            for word in phrase
        )


def _marked(counts: bytearray, numbers: Iterable[int]) -> bytearray:
    """Return as many marks as there were, set for these documents alone."""
    marked = bytearray(len(counts))
    for number in numbers:
        marked[number] = 1
    return marked
