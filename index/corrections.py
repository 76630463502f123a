# SPDX-License-Identifier: EUPL-1.2
"""
Words of a search generation that a word nobody wrote may have been meant as.

Reads the dictionaries through readers of its own: looking at thousands of words takes a while, in which
others search. One thread at a time asks. Knows nothing of days or of ranking.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby, islice
from typing import Any

from .languages import Stem
from .segment import TEXT, WORD
from .spelling import MAX_LOOKED, near, within_two

_READ = 4 * MAX_LOOKED
"""Entries of dictionaries that are read for one word: a word may be in many segments."""


class Dictionaries:
    """Those of all segments of a generation, by whoosh's readers, which are closed with it."""

    def __init__(self, readers: Sequence[Any], stems: Mapping[str, Stem]) -> None:
        self._readers = readers
        self._stems = stems

    def close(self) -> None:
        """Let go of the files."""
        for reader in self._readers:
            reader.close()

    def nearest(self, word: str, most: int) -> list[str]:
        """
        Return words of the index that a word nobody wrote may have been meant as, the likeliest first.

        Those that one mistake turns into it, the commonest first; if there are none, those that two do.
        """
        found = {other for other in near(word) if any((WORD, other) in reader for reader in self._readers)}
        found = found or set(within_two(word, self._words(word[:1])))
        found.discard(word)
        return sorted(found, key=lambda other: (-self._frequency(other), other))[:most]

    def _words(self, prefix: str) -> Iterator[str]:
        """Yield the words that begin with these letters, each once, in order; the first of very many."""
        every = merge(*(reader.expand_prefix(WORD, prefix) for reader in self._readers))
        for text, _ in groupby(islice(every, _READ)):
            yield text.decode() if isinstance(text, bytes) else text

    def _frequency(self, word: str) -> int:
        """Return in how many documents a word occurs, in any form."""
        return sum(
            int(reader.doc_frequency(f"{TEXT}{language}", stem(word)))
            for reader in self._readers
            for language, stem in self._stems.items()
        )
