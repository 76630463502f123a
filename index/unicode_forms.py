# SPDX-License-Identifier: EUPL-1.2
"""
Texts in Unicode's normal forms, in time that their length alone decides. Knows nothing of what they are for.

    a + 200,000 marks, by turns above and below    ->  a + the first 30 of them, in their order

A normal form puts the marks of a letter in the order of their classes, and Python's `unicodedata` does so by
insertion, holding its lock: the second text above would stop a whole server for minutes. No language writes
more than a few marks on a letter; what Unicode itself takes as the limit (UAX #15, Stream-Safe Text Format)
is kept, the rest left out. Long texts are made in pieces, so that other threads have their turn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MAX_MARKS = 30
"""Marks on end that are kept."""

MAX_PIECE = 1 << 16
"""Characters after which a piece ends before the next character below U+0300."""

# Every mark is of these, and dashes, symbols and emoji are too: what is found is looked at one by one.
# Alone among letters, the halfwidth voiced sound marks become marks (NFKD).
_PERHAPS = r"(?:[^\w\s\x00-\u02ff]|[\uff9e\uff9f])"
_LONG = re.compile(f"(?<!{_PERHAPS}){_PERHAPS}{{{MAX_MARKS + 1},}}")
# No character below U+0300 is a mark or is composed with the one before it.
_PIECE = re.compile(f"[\\x00-\\U0010ffff]{{1,{MAX_PIECE}}}[^\\x00-\\u02ff]*")


def normal_form(form: Form, text: str) -> str:
    """Return text in a normal form, marks beyond the first MAX_MARKS on end left out."""
    return _in_pieces(lambda piece: unicodedata.normalize(form, piece), text)


def caseless(text: str) -> str:
    """Return text as canonical caseless matching compares it (Unicode 3.13, D145), in NFC."""
    return _in_pieces(_caseless, text)


def stream_safe(text: str) -> str:
    """Return text without the marks beyond the first MAX_MARKS on end."""
    return _LONG.sub(_cut, text)


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces, each of which is normalised as it is within the whole."""
    for found in _PIECE.finditer(text):
        yield found[0]


def _in_pieces(form: Callable[[str], str], text: str) -> str:
    if text.isascii():
        return form(text)
    return "".join(form(stream_safe(piece)) for piece in pieces(text))


def _caseless(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _cut(run: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in run[0]:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


@lru_cache(4096)
def _is_mark(character: str) -> bool:
    """Tell whether a character joins the marks of the one before it, as it stands or taken apart."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) > 0
