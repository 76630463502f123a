# SPDX-License-Identifier: EUPL-1.2
"""
Two lines, word by word, as pieces that are in both, only in the old one, or only in the new one.

    De dwangsom is € 23 per dag.
    De dwangsom is € 35 per dag.
    [De dwangsom is ][-€ 23-][+€ 35+][ per dag.]

A figure is one word with its points and commas (`€ 1.234,50`), so that none is told by its digits. What two
changes have between them and says little, a space, a comma, a short word, is taken into them: whole phrases
can be read, single letters and articles cannot. Knows nothing of how pieces are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from .alignment import Effort, Run, likeness, runs

ALIKE = 0.5
"""Share of their words that two lines have in common for one to be the other, changed."""
LITTLE = 3
"""Letters and figures up to which something between two changes is taken into them."""

_WORDS = re.compile(r"(?:[€$£] ?)?+\d++(?:[.,:/-]\d++)*+|[^\W\d]++|\s++|[^\w\s]")


class Mark(StrEnum):
    """In which of two texts something stands."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class Piece(NamedTuple):
    """A part of a line."""

    mark: Mark
    text: str


def words(line: str) -> list[str]:
    """Return a line in pieces that are compared as wholes; joined they are the line."""
    return _WORDS.findall(line)


def alike(old: Sequence[str], new: Sequence[str], effort: Effort) -> float:
    """Return how much two lines in words have in common, from 0 to 1, spaces left out."""
    left, right = ([one for one in side if not one.isspace()] for side in (old, new))
    return likeness(left, right, effort)


def pieces(old: str, new: str, effort: Effort) -> tuple[Piece, ...]:
    """Return two lines as pieces: of what is other first what was, then what is."""
    before, after = words(old), words(new)
    found = _whole(runs(before, after, effort), before)
    return tuple(_pieces(found, before, after))


def _pieces(found: Iterable[Run], old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for run in found:
        was, now = "".join(old[slice(*run.old)]), "".join(new[slice(*run.new)])
        if run.same:
            yield Piece(Mark.SAME, now)
            continue
        if was:
            yield Piece(Mark.REMOVED, was)
        if now:
            yield Piece(Mark.ADDED, now)


def _whole(found: Sequence[Run], old: Sequence[str]) -> list[Run]:
    """Return runs with what says little between two changes taken into them."""
    kept: list[Run] = []
    for place, run in enumerate(found):
        inside = 0 < place < len(found) - 1
        other = not run.same or (inside and _says_little(old[slice(*run.old)]))
        if other and kept and not kept[-1].same:
            kept[-1] = Run(same=False, old=(kept[-1].old[0], run.old[1]), new=(kept[-1].new[0], run.new[1]))
        else:
            kept.append(run._replace(same=not other))
    return kept


def _says_little(between: Iterable[str]) -> bool:
    text = "".join(between)
    return sum(map(str.isalnum, text)) <= LITTLE and not any(map(str.isdigit, text))
