# SPDX-License-Identifier: EUPL-1.2
"""
The stretch of a text that shows why it was found. Knows nothing of where texts and stemmers come from.

    [("… aanvraag van een ", False), ("verblijfsvergunning", True), (" voor een ", False), …]

Of stretches with as many of the words the first that stands in a sentence: a page has its menu first, each
word of which is a line of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from .words import Phrase, Word, words_with_initials

_BEFORE, _AFTER = 60, 200
"""Characters of an excerpt before its first marked word, and from there on."""

_SENTENCE = 50
"""Characters of a line that is taken for more than a heading or an entry of a menu."""
_MAX_MARKED = 300
_SPACE = re.compile(r"\s+")


class Marker:
    """Marks the words of some phrases in texts of one language, given by what takes a word to its stem."""

    def __init__(self, phrases: Sequence[Phrase], stem: Callable[[str], str]) -> None:
        self._stem = stem
        self._wanted = {stem(word) for phrase in phrases for word in phrase}
        # a stemmer changes ends, not the first letter
        self._initials = {word[0] for word in self._wanted if word}

    def marked(self, text: str) -> list[tuple[str, bool]]:
        """Return the stretch with most of these words, in pieces: (text, is it one of them)."""
        found = self._matches(text) if self._initials else []
        if not found:
            return _pieces(text, [], 0, _AFTER)
        start = _chosen(text, found)
        line = text.rfind("\n", 0, start) + 1
        return _pieces(text, found, max(start - _BEFORE, line), start + _AFTER)

    def _matches(self, text: str) -> list[Word]:
        """Return the words of a text that were asked for, each with its stem; the first _MAX_MARKED."""
        words = words_with_initials(text, self._initials)
        found = (Word(self._stem(word.folded), word.start, word.end) for word in words)
        return list(islice((word for word in found if word.folded in self._wanted), _MAX_MARKED))


def _chosen(text: str, found: Sequence[Word]) -> int:
    """Return where the stretch begins that is shown."""
    most, start = _densest(found)
    in_sentence, best = _densest([word for word in found if _is_in_sentence(text, word)])
    return best if in_sentence == most else start


def _is_in_sentence(text: str, word: Word) -> bool:
    end = text.find("\n", word.end)
    return (end if end >= 0 else len(text)) - text.rfind("\n", 0, word.start) > _SENTENCE


def _densest(found: Sequence[Word]) -> tuple[int, int]:
    """Return how many different words stand in a stretch at most, and where the first of these begins."""
    within: Counter[str] = Counter()
    end, most, best = 0, 0, 0
    for word in found:
        while end < len(found) and found[end].start < word.start + _AFTER:
            within[found[end].folded] += 1
            end += 1
        if len(within) > most:
            most, best = len(within), word.start
        within[word.folded] -= 1
        if not within[word.folded]:
            del within[word.folded]
    return most, best


def _pieces(text: str, found: list[Word], start: int, end: int) -> list[tuple[str, bool]]:
    start, end = _at_space(text, max(start, 0)), _at_space(text, min(end, len(text)))
    pieces, at = [("… " if start else "", False)], start
    for word in found:
        if start <= word.start and word.end <= end:
            pieces += [(text[at : word.start], False), (text[word.start : word.end], True)]
            at = word.end
    pieces += [(text[at:end], False), (" …" if end < len(text) else "", False)]
    return [(_SPACE.sub(" ", piece), marked) for piece, marked in pieces if piece]


def _at_space(text: str, offset: int) -> int:
    """Return the last place before an offset, at most thirty characters back, where a word ends."""
    if not 0 < offset < len(text):
        return offset
    space = max(text.rfind(mark, max(offset - 30, 0), offset + 1) for mark in " \n\t")
    return space if space >= 0 else offset
