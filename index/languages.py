# SPDX-License-Identifier: EUPL-1.2
"""
The languages whose words are found in every form: what is taken off a word to compare it. Knows no index.

    nl   verblijfsvergunningen  ->  verblijfsvergunn
    en   permits                ->  permit
    und  Genehmigungen          ->  genehmigungen       any other language: as written

A page that does not say its language counts as Dutch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from whoosh.lang.snowball.dutch import DutchStemmer
from whoosh.lang.snowball.english import EnglishStemmer

Stem = Callable[[str], str]

UNKNOWN = "und"
LANGUAGES: dict[str, Callable[[], Stem]] = {
    "nl": lambda: DutchStemmer().stem,
    "en": lambda: EnglishStemmer().stem,
    UNKNOWN: lambda: str,
}
_REMEMBERED = 50_000
"""Words whose stem is remembered: a stemmer takes 20 microseconds for a word, and texts repeat theirs."""


def language_of(tag: str) -> str:
    """Return which of LANGUAGES a page's own language is treated as."""
    tag = tag or "nl"
    return tag if tag in LANGUAGES else UNKNOWN


@cache
def stem_of(language: str) -> Stem:
    """Return the stemmer of one of LANGUAGES that all threads share, which remembers what it was asked."""
    return lru_cache(_REMEMBERED)(LANGUAGES[language]())


def stems() -> dict[str, Stem]:
    """Return a stemmer for each language, which remembers what it was asked."""
    return {language: lru_cache(_REMEMBERED)(make()) for language, make in LANGUAGES.items()}
