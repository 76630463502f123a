# SPDX-License-Identifier: EUPL-1.2
"""
What a word is, and what a visitor asks for. Knows nothing of where words are kept.

    "zo'n Au-pair, art. 3.4"            ->  zo n au pair art 3 4
    paspoort "op tijd" au-pair          ->  wanted (paspoort) (op tijd) (au pair)
    paspoort -leges NOT "op reis"       ->  wanted (paspoort), unwanted (leges) (op reis)

A word is a run of letters and digits of any script, in lower case and without accents. What only says where
a line may be broken, or shows nothing at all, is no part of it: a soft hyphen, a zero-width space or joiner.
Everything else parts words, so that `au-pair`, `au pair` and `ind.nl` are found however they are written. In
scripts that write words without spaces a zero-width space is one, and where joiners belong to the spelling,
as in Persian, they part as spaces do: that is how people type them.

A query is a list of phrases that must all be there, and of some that must not; a single word is a phrase of
one. Quotation marks make a phrase, and so does anything written without spaces. What follows a minus after a
space, or `NOT` in capitals, must not be there; `AND` in capitals says what holds anyway. Nothing else has a
meaning of its own, so nothing can be wrong: whatever is typed is read in one pass, in time that its length
alone decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

MAX_QUERY = 200
"""Characters of a query that are read; the rest is passed over."""

MAX_TERMS = 20
"""Words of a query that are looked up; the rest is passed over."""

MAX_WORD = 64
"""Characters of a word that count, in pages as in queries. The longest word of the Van Dale has 53."""

# Combining marks belong to the letter before them: text may come decomposed. A soft hyphen, marks of
# direction, a word joiner and a byte order mark show nothing.
_LETTER, _MARK = r"[^\W_]", r"[\u0300-\u036f\u00ad\u200e\u200f\u2060\ufeff]"
# zero-width space and joiners, but for Arabic, Indic and other scripts that need them
_ZERO, _NEEDING = "[\u200b-\u200d]", "\u0600-\u109f\u1780-\u18af"
_JOINING = f"(?<![{_NEEDING}]){_ZERO}(?![{_NEEDING}])"
_RUN = f"(?:{_LETTER}+|{_MARK}+|{_JOINING})"
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+")
_SOFT = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_WORD = re.compile(f"{_RUN}+")
_MARKS = '"“”„‟«»'
# one of: what stands between two quotation marks; what stands without spaces. A mark that is never closed is
# passed over: only the last can be such a one, so that looking for its end happens once.
_PIECE = re.compile(f"(-?)(?:[{_MARKS}]([^{_MARKS}]*)[{_MARKS}]|([^\\s{_MARKS}]+))")

Phrase = tuple[str, ...]
"""Words that follow each other."""


class Word(NamedTuple):
    """A word and where it stands in its text."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Query:
    """What must be on a page, all of it, and what must not, none of it."""

    wanted: tuple[Phrase, ...] = ()
    unwanted: tuple[Phrase, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is asked for: what must not be there alone finds nothing."""
        return bool(self.wanted)


def words(text: str) -> Iterator[Word]:
    """Yield the words of a text in order."""
    for match in _WORD.finditer(text):
        folded = _folded(match.group())
        if folded:
            yield Word(folded, match.start(), match.end())


def words_with_initials(text: str, initials: Collection[str]) -> Iterator[Word]:
    """Yield of a text's `words` those that begin with one of these letters, much sooner than all of them."""
    folded = lru_cache(None)(_folded)
    for match in _beginning(frozenset(initials)).finditer(text):
        word = folded(match.group())
        if word and word[0] in initials:
            yield Word(word, match.start(), match.end())


def _folded(run: str) -> str:
    return fold((run if run.isascii() else _UNSEEN.sub("", run))[: 2 * MAX_WORD])[:MAX_WORD]


@lru_cache(1024)
def _beginning(initials: frozenset[str]) -> re.Pattern[str]:
    """Return what finds the words that begin with these letters, and those that may when they are folded."""
    plain = re.escape("".join(sorted({form for one in initials for form in (one.lower(), one.upper())})))
    # the letter is looked for first and then what is before it: a search for a set of letters is a quick one
    part = f"(?:(?<={_LETTER}|{_MARK})|(?<=(?<![{_NEEDING}]){_ZERO})(?![{_NEEDING}]))"
    first = f"(?<!{_LETTER}.)(?<!{_MARK}.)(?<!(?<![{_NEEDING}]){_ZERO}[^{_NEEDING}])"
    return re.compile(f"[{plain}\x80-\U0010ffff]{part}{first}{_RUN}*", re.DOTALL)


def fold(word: str) -> str:
    """Return a word in lower case, without accents and other marks on its letters, in its plain letters."""
    if word.isascii():
        return word.lower()
    # letters of mathematics are plain capitals only when they are taken apart, others only afterwards
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter) and letter.isalnum())


def without_soft(text: str, *, joiners: bool = False) -> str:
    """Return a text without what only says where a line may be broken; without joiners too where asked."""
    return text if text.isascii() else (_UNSEEN if joiners else _SOFT).sub("", text)


def parse(query: str) -> Query:
    """Return the phrases a visitor asks for, each once; at most MAX_TERMS words in all."""
    phrases = dict.fromkeys(_phrases(query[:MAX_QUERY]))
    room, kept = MAX_TERMS, []
    for phrase, unwanted in phrases:
        if room:
            kept.append((phrase[:room], unwanted))
            room -= len(kept[-1][0])
    wanted = tuple(phrase for phrase, unwanted in kept if not unwanted)
    return Query(wanted, tuple(phrase for phrase, unwanted in kept if unwanted))


def _phrases(query: str) -> Iterator[tuple[Phrase, bool]]:
    """Yield each phrase, and whether it must not be there."""
    negated = False
    for piece in _PIECE.finditer(query):
        minus, quoted, plain = piece.groups()
        if plain in ("NOT", "AND") and not minus:
            negated = negated or plain == "NOT"
            continue
        phrase = tuple(word.folded for word in words(plain or quoted or ""))
        if phrase:
            # a minus within a word or after a closing mark is a hyphen
            apart = not piece.start() or query[piece.start() - 1].isspace()
            yield phrase, negated or bool(minus and apart)
            negated = False
