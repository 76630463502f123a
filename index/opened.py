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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import log
from typing import NamedTuple

from .budget import Budget
from .languages import Stem
from .postings import Numbers
from .segment import Postings, Segment, marked
from .words import Phrase, Query

_K1, _B = 1.2, 0.75
"""The usual constants of BM25."""


class Matches(NamedTuple):
    """What has what was asked for: numbers of documents in a generation, in order, and the score of each."""

    numbers: list[int]
    scores: list[float]


class Opened:
    """A generation's segments, in order. One thread at a time asks. `documents` has all ids, by number."""

    def __init__(self, segments: Sequence[Segment], stems: Mapping[str, Stem]) -> None:
        self._segments = segments
        self._stems = stems
        self.documents = [name for segment in segments for name in segment.documents]
        count = len(self.documents)
        lengths = sum(sum(segment.lengths) for segment in segments)
        average = lengths / count if lengths else 1.0
        self._norms = [
            [_K1 * (1 - _B + _B * length / average) for length in segment.lengths] for segment in segments
        ]

    def matches(self, asked: Query, among: bytes, budget: Budget) -> Matches:
        """
        Return the documents that have what was asked for, of those marked: `among` has a byte for each.

        Raises QueryError where that takes more than the budget has.
        """
        matches = Matches([], [])
        if not asked or not self.documents:
            return matches
        wanted = sorted((self._frequency(phrase), phrase) for phrase in asked.wanted)
        first = 0
        for segment, norms in zip(self._segments, self._norms, strict=True):
            marks = among[first : first + len(norms)]
            asking = _Asking(segment, self._stems, budget)
            parts = asking.parts([phrase for _, phrase in wanted], marks)
            numbers = asking.without(asked.unwanted, parts[-1].numbers, marks) if parts else []
            weighed = zip(map(self._factor, wanted), parts, strict=False)
            matches.numbers.extend([first + number for number in numbers])
            matches.scores.extend(_scores(numbers, weighed, norms))
            first += len(norms)
        return matches

    def known(self, word: str) -> bool:
        """Tell whether any document has a word, in some form."""
        return self._frequency((word,)) > 0

    def _factor(self, wanted: tuple[int, Phrase]) -> float:
        return (log(len(self.documents) / (wanted[0] + 1)) + 1) * (_K1 + 1)

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


@dataclass(frozen=True, slots=True)
class _Asking:
    """One segment, asked for one search."""

    segment: Segment
    stems: Mapping[str, Stem]
    budget: Budget

    def parts(self, phrases: Sequence[Phrase], among: bytes | bytearray) -> list[Postings]:
        """Return for each phrase which documents have it and those before it; nothing where none has all."""
        parts: list[Postings] = []
        for phrase in phrases:
            if parts:
                among = marked(parts[-1].numbers, len(among))
            parts.append(self._having(phrase, among))
            if not parts[-1].numbers:
                return []
        return parts

    def without(self, phrases: Iterable[Phrase], numbers: Numbers, among: bytes | bytearray) -> Numbers:
        for phrase in phrases:
            unwanted = set(self._having(phrase, among).numbers)
            numbers = [number for number in numbers if number not in unwanted]
        return numbers

    def _having(self, phrase: Phrase, among: bytes | bytearray) -> Postings:
        """Return the documents, of those marked, that have a phrase in the language that each is in."""
        found = [
            self.segment.row(language, stems, among, self.budget)
            if len(stems) > 1
            else _of_those(self._postings(language, stems[0]), among)
            for language, stems in self._named(phrase)
        ]
        some = [part for part in found if part.numbers]
        if len(some) == 1:
            return some[0]
        pairs = sorted(pair for part in some for pair in zip(*part, strict=True))
        return Postings([number for number, _ in pairs], [count for _, count in pairs])

    def _named(self, phrase: Phrase) -> Iterator[tuple[str, list[str]]]:
        """Yield a phrase in every language: a document is in the field of one alone."""
        for language, stem in self.stems.items():
            yield language, [stem(word) for word in phrase]

    def _postings(self, language: str, stem: str) -> Postings:
        self.budget.spend(self.segment.frequency(language, stem))
        return self.segment.postings(language, stem)


def _of_those(postings: Postings, marks: bytes | bytearray) -> Postings:
    keep = list(map(marks.__getitem__, postings.numbers))
    return Postings(list(compress(postings.numbers, keep)), list(compress(postings.counts, keep)))


def _scores(
    numbers: Numbers, weighed: Iterable[tuple[float, Postings]], norms: Sequence[float]
) -> list[float]:
    """Return the sum of what each phrase, with its factor, adds for each of these documents."""
    size, norms = len(norms), list(map(norms.__getitem__, numbers))
    marks, scores = bytearray(), [0.0] * len(numbers)
    for factor, (having, counts) in weighed:
        if len(having) > len(numbers):
            marks = marks or marked(numbers, size)
        of_these = compress(counts, map(marks.__getitem__, having)) if len(having) > len(numbers) else counts
        scores = [
            score + factor * count / (count + norm)
            for score, count, norm in zip(scores, of_these, norms, strict=True)
        ]
    return scores
