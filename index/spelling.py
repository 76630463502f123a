# SPDX-License-Identifier: EUPL-1.2
"""
Words that a mistyped word may have been meant as. Knows nothing of where words are kept.

    pasport  ->  one letter put in, left out, changed, or two exchanged: every such word is asked for by name
    verblyfsvergunnng  ->  two of these: among the words that begin with the same letter and are as long

Bounded: a word of more than MAX_LETTERS is not looked at, of the words that begin alike at most MAX_LOOKED.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MIN_LETTERS, MAX_LETTERS = 3, 32
"""Shorter words are near to too many others, longer ones cost more than they are worth."""

MIN_FOR_TWO = 6
"""Letters of a word in which two mistakes are looked for."""

MAX_LOOKED = 20_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def near(word: str) -> Iterator[str]:
    """Yield every word that one mistake turns into this one, with plain letters; none for one too long."""
    if not MIN_LETTERS <= len(word) <= MAX_LETTERS:
        return
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (before + after[1:] for before, after in parts if after)
    yield from (before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1)
    yield from (before + letter + after[1:] for before, after in parts if after for letter in _LETTERS)
    yield from (before + letter + after for before, after in parts for letter in _LETTERS)


def within_two(word: str, others: Iterable[str]) -> Iterator[str]:
    """Yield those of these words that two mistakes turn into this one."""
    if not MIN_FOR_TWO <= len(word) <= MAX_LETTERS:
        return
    letters = set(word)
    for number, other in enumerate(others):
        if number >= MAX_LOOKED:
            return
        # two mistakes put in and take out four letters at most
        if (
            abs(len(other) - len(word)) <= 2
            and len(letters ^ set(other)) <= 4
            and distance(word, other, 2) <= 2
        ):
            yield other


def distance(one: str, other: str, most: int) -> int:
    """
    Return how many mistakes part two words: letters put in, left out, changed, neighbours exchanged.

    More than `most` is only told as more: rows in which all are more end the count.
    """
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for down, letter in enumerate(one, 1):
        two_before, before, row = before, row, [down]
        for right, against in enumerate(other, 1):
            least = min(before[right] + 1, row[-1] + 1, before[right - 1] + (letter != against))
            swapped = right > 1 and down > 1 and letter == other[right - 2] and one[down - 2] == against
            row.append(min(least, two_before[right - 2] + 1) if swapped else least)
        if min(row) > most and min(before) > most:
            return most + 1
    return row[-1]
