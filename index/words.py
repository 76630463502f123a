# SPDX-License-Identifier: EUPL-1.2
"""
What a word is, and what a visitor asks for. Knows nothing of where words are kept.

    "zo'n Au-pair, art. 3.4"       ->  zo n au pair art 3 4
    paspoort "op tijd" au-pair     ->  (paspoort) (op tijd) (au pair)

A word is a run of letters and digits of any script, in lower case and without accents. Everything else
parts words, so that `au-pair`, `au pair` and `ind.nl` are found however they are written. A query is a list
of phrases that must all be there; a single word is a phrase of one. Quotation marks make a phrase, and so
does anything written without spaces. Nothing else has a meaning of its own, so nothing can be wrong.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MAX_QUERY = 200
"""Characters of a query that are read; the rest is passed over."""

MAX_TERMS = 20
"""Words of a query that are looked up; the rest is passed over."""

MAX_WORD = 64
"""Characters of a word that count, in pages as in queries. The longest word of the Van Dale has 53."""

# Combining marks belong to the letter before them: text may come decomposed.
_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+")
_QUOTES = re.compile('["“”„‟«»]')

Phrase = tuple[str, ...]
"""Words that follow each other."""


class Word(NamedTuple):
    """A word and where it stands in its text."""

    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text in order."""
    for match in _WORD.finditer(text):
        folded = fold(match.group()[: 2 * MAX_WORD])[:MAX_WORD]
        if folded:
            yield Word(folded, match.start(), match.end())


def fold(word: str) -> str:
    """Return a word in lower case, without accents and other marks on its letters."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter) and letter.isalnum())


def parse(query: str) -> list[Phrase]:
    """Return the phrases a visitor asks for, each once; at most MAX_TERMS words in all."""
    phrases = dict.fromkeys(filter(None, map(_phrase, _pieces(query[:MAX_QUERY]))))
    chosen, room = [], MAX_TERMS
    for phrase in phrases:
        if room:
            chosen.append(phrase[:room])
            room -= len(chosen[-1])
    return chosen


def _pieces(query: str) -> Iterator[str]:
    """Yield what stands between quotation marks whole, and the rest by spaces."""
    parts = _QUOTES.split(query)
    for number, part in enumerate(parts):
        # the last part follows a mark that was never closed where its number is odd
        if number % 2 and number < len(parts) - 1:
            yield part
        else:
            yield from part.split()


def _phrase(piece: str) -> Phrase:
    return tuple(word.folded for word in words(piece))
