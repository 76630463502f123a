# SPDX-License-Identifier: EUPL-1.2
"""
Two texts of a page, line by line: what is in both, what came, went or changed, and what says nothing.

    De dwangsom is € 23 per dag.     De dwangsom is € 35 per dag.     CHANGED, word by word
    Bel ons op maandag.              -                                REMOVED
    Al 1234 bezoekers vandaag.       Al 1301 bezoekers vandaag.       NOISE, by rules (index/noise.py)
    Contact                          Contact                          SAME

A line is a block of the page as a reader sees it. Where lines took the place of others, those that are alike
stand beside each other. Bounded in characters, in lines and in effort, and each bound that was met is said.
Knows nothing of days but that of each capture, which decides what is noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from index.noise import Noise, Stored
from index.words import without_soft

from .alignment import Effort, Run, runs
from .wording import ALIKE, Mark, Piece, alike, pieces, words

MAX_LINES = 20_000
"""Lines of each text that are compared."""
MAX_TEXT = 2_000_000
"""Characters of each text that are compared: as many as are taken of a page."""
MAX_CLEANED = 100_000
"""Characters of each text in lines that the other has not, in which noise is looked for."""
MAX_PAIRS = 2_500
"""Pairs of lines of one place that are looked at for those that are alike; some fifty on each side."""
MAX_LINE = 20_000
"""Characters of a line up to which it is compared word by word."""
CONTEXT = 2
"""Lines that stay beside what changed when the others are folded away."""


class What(StrEnum):
    """What became of a line."""

    SAME = "same"
    NOISE = "noise"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"


class Row(NamedTuple):
    """One line of either text, or of both."""

    what: What
    old: str
    """As it was; empty where it was not there."""
    new: str
    """As it is; empty where it is not there."""
    pieces: tuple[Piece, ...] = ()
    """Of what is CHANGED, or NOISE: word by word."""


class Fold(NamedTuple):
    """Lines on end that are in both texts, far from what changed."""

    lines: tuple[str, ...]
    """Empty where only their number is kept."""
    number: int


@dataclass(frozen=True, slots=True)
class Passages:
    """What two texts say otherwise."""

    rows: tuple[Row, ...]
    cut: bool = False
    """Whether one of them is longer than is compared: what comes after that was not looked at."""
    coarse: bool = False
    """Whether they differ so much that not all of it was looked at word by word."""

    def number(self, *kinds: What) -> int:
        """Return how many lines became this."""
        return sum(row.what in kinds for row in self.rows)

    @property
    def differ(self) -> bool:
        """Whether a reader sees another text, noise left out."""
        return any(row.what in {What.CHANGED, What.REMOVED, What.ADDED} for row in self.rows)


def compare(old: Stored, new: Stored, noise: Noise) -> Passages:
    """Return what two texts of a page say otherwise."""
    effort = Effort()
    (before, cut_before), (after, cut_after) = _lines(old.text), _lines(new.text)
    keys = _Keys(noise)
    left = keys.of(before, old, set(after))
    right = keys.of(after, new, set(before))
    sides = _Sides(before, after, left, right, effort)
    rows = tuple(row for run in runs(left, right, effort) for row in sides.rows(run))
    return Passages(rows, cut_before or cut_after, effort.short or keys.short)


def folded(rows: Iterable[Row], context: int = CONTEXT) -> Iterator[Row | Fold]:
    """Yield rows with those that are in both texts as folds, but for so many beside each that is not."""
    waiting: list[Row] = []
    begun = False
    for row in rows:
        if row.what is What.SAME:
            waiting.append(row)
            continue
        yield from _fold(waiting, context if begun else 0, context)
        yield row
        waiting, begun = [], True
    yield from _fold(waiting, context if begun else 0, 0)


def _fold(rows: Sequence[Row], first: int, last: int) -> Iterator[Row | Fold]:
    end = len(rows) - last
    if end - first < 2:  # a fold of one line is as long as the line
        yield from rows
        return
    yield from rows[:first]
    yield Fold(tuple(row.new for row in rows[first:end]), end - first)
    yield from rows[end:]


def _lines(text: str) -> tuple[list[str], bool]:
    lines = without_soft(text[:MAX_TEXT]).split("\n")
    return lines[:MAX_LINES], len(text) > MAX_TEXT or len(lines) > MAX_LINES


@dataclass(slots=True)
class _Keys:
    """What lines are compared by: themselves, or what is left of them without noise."""

    noise: Noise
    short: bool = False

    def of(self, lines: Iterable[str], text: Stored, others: set[str]) -> list[str]:
        left = MAX_CLEANED
        keys = []
        for line in lines:
            if line in others:
                keys.append(line)
            elif len(line) > left:
                self.short = True
                keys.append(line)
            else:
                left -= len(line)
                keys.append(self.noise.cleaned(line, text.day))
        return keys


@dataclass(frozen=True, slots=True)
class _Sides:
    """The lines of two texts, and what they are compared by."""

    old: Sequence[str]
    new: Sequence[str]
    old_keys: Sequence[str]
    new_keys: Sequence[str]
    effort: Effort

    def rows(self, run: Run) -> Iterator[Row]:
        """Yield the lines of a run."""
        if run.same:
            for line, other in zip(self.old[slice(*run.old)], self.new[slice(*run.new)], strict=True):
                yield Row(What.SAME, line, other) if line == other else self._noise(line, other)
            return
        for was, now in _paired(self.old[slice(*run.old)], self.new[slice(*run.new)], self.effort):
            yield self._row(was, now)

    def _row(self, was: str | None, now: str | None) -> Row:
        if was is None or now is None:
            return Row(What.ADDED, "", now or "") if was is None else Row(What.REMOVED, was, "")
        return Row(What.CHANGED, was, now, self._pieces(was, now))

    def _noise(self, was: str, now: str) -> Row:
        return Row(What.NOISE, was, now, self._pieces(was, now))

    def _pieces(self, was: str, now: str) -> tuple[Piece, ...]:
        if max(len(was), len(now)) > MAX_LINE:
            self.effort.short = True
            return Piece(Mark.REMOVED, was), Piece(Mark.ADDED, now)
        return pieces(was, now, self.effort)


def _paired(
    old: Sequence[str], new: Sequence[str], effort: Effort
) -> Iterator[tuple[str | None, str | None]]:
    """Yield lines that took the place of others, those that are alike together, in the order of both."""
    done_old = done_new = 0
    for at_old, at_new in _pairs(old, new, effort):
        yield from ((line, None) for line in old[done_old:at_old])
        yield from ((None, line) for line in new[done_new:at_new])
        yield old[at_old], new[at_new]
        done_old, done_new = at_old + 1, at_new + 1
    yield from ((line, None) for line in old[done_old:])
    yield from ((None, line) for line in new[done_new:])


def _pairs(old: Sequence[str], new: Sequence[str], effort: Effort) -> list[tuple[int, int]]:
    """Return the places of lines that are alike, by the pairing that has most in common."""
    if not old or not new:
        return []
    if len(old) * len(new) > MAX_PAIRS:
        effort.short = True
        return []
    left, right = ([words(line) if len(line) <= MAX_LINE else [] for line in side] for side in (old, new))
    value = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    like = [[alike(one, other, effort) for other in right] for one in left]
    for a in range(len(old) - 1, -1, -1):
        for b in range(len(new) - 1, -1, -1):
            together = value[a + 1][b + 1] + like[a][b] if like[a][b] >= ALIKE else 0.0
            value[a][b] = max(together, value[a + 1][b], value[a][b + 1])
    return list(_best(value, like))


def _best(value: list[list[float]], like: list[list[float]]) -> Iterator[tuple[int, int]]:
    a = b = 0
    while a < len(like) and b < len(like[0]):
        if like[a][b] >= ALIKE and value[a][b] == value[a + 1][b + 1] + like[a][b]:
            yield a, b
            a, b = a + 1, b + 1
        elif value[a][b] == value[a + 1][b]:
            a += 1
        else:
            b += 1
