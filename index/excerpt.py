# SPDX-License-Identifier: EUPL-1.2
"""
The stretch of a text that shows why it was found. Knows nothing of where texts and stemmers come from.

    [("… aanvraag van een ", False), ("verblijfsvergunning", True), (" voor een ", False), …]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice

from .words import Phrase, Word, words

_BEFORE, _AFTER = 60, 200
"""Characters of an excerpt before its first marked word, and from there on."""

_MAX_MARKED = 300
_SPACE = re.compile(r"\s+")


def marked(text: str, phrases: Sequence[Phrase], stem: Callable[[str], str]) -> list[tuple[str, bool]]:
    """Return the stretch with most of the words of these phrases, in pieces: (text, is it one of them)."""
    found = _matches(text, phrases, stem)
    if not found:
        return _pieces(text, [], 0, _AFTER)
    start = _densest(found)
    return _pieces(text, found, start - _BEFORE, start + _AFTER)


def _matches(text: str, phrases: Sequence[Phrase], stem: Callable[[str], str]) -> list[Word]:
    """Return the words of a text that were asked for, each with its stem; the first _MAX_MARKED."""
    wanted = {stem(word) for phrase in phrases for word in phrase}
    heads = {word[0] for word in wanted if word}  # a stemmer changes ends, not the first letter
    stemmed = lru_cache(None)(stem)
    found = (
        Word(stemmed(word.folded), word.start, word.end) for word in words(text) if word.folded[0] in heads
    )
    return list(islice((word for word in found if word.folded in wanted), _MAX_MARKED))


def _densest(found: list[Word]) -> int:
    """Return where the stretch begins that has most different words, the first of equals."""

    def different(start: int) -> int:
        return len({word.folded for word in found if start <= word.start < start + _AFTER})

    return max((word.start for word in found), key=different)


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
