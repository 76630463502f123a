# SPDX-License-Identifier: EUPL-1.2
"""
What two sequences have in common, in their order, and what is between. The only home of rapidfuzz.

    old  a b c d        new  a c x d
    Run(0:1 same 0:1)  Run(1:2 gone)  Run(2:3 same 1:2)  Run(new 2:3)  Run(3:4 same 3:4)

Their longest common subsequence, by bit-parallel dynamic programming (Hyyrö 2004): so many cells as the
product of both lengths, sixty-four at a time, whatever stands in them, and a bit of memory for each. So the
worst case is known before it begins, which difflib and what is like it cannot say: 2,000 elements of three
sorts take difflib seconds. Who asks has a number of cells to spend; what would take more is told as one piece
that is other altogether. Knows nothing of words or lines.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from rapidfuzz.distance import Indel

MOST = 200_000_000
"""Cells of one comparison: some tenths of a second, and 25 MB."""


class Run(NamedTuple):
    """A stretch of two sequences that is in both, or in one, or in each another; ends are exclusive."""

    same: bool
    old: tuple[int, int]
    new: tuple[int, int]


class Effort:
    """How many cells may still be looked at."""

    def __init__(self, cells: int = MOST) -> None:
        self._left = cells
        self.short = False
        """Whether something was not looked at because it would have taken more."""

    def spend(self, cells: int) -> bool:
        """Take so many, if there are; else say so, and remember it."""
        if cells > self._left:
            self.short = True
            return False
        self._left -= cells
        return True


def runs(old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> list[Run]:
    """Return both sequences from beginning to end as runs, no two of one sort next to each other."""
    first = _equal(zip(old, new, strict=False))
    last = _equal(zip(reversed(old[first:]), reversed(new[first:]), strict=False))
    middle = _middle(old[first : len(old) - last], new[first : len(new) - last], effort)
    shifted = (_shifted(run, first) for run in middle)
    ends = (Run(same=True, old=(len(old) - last, len(old)), new=(len(new) - last, len(new))),)
    return list(_joined((Run(same=True, old=(0, first), new=(0, first)), *shifted, *ends)))


def likeness(old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> float:
    """Return how much of two sequences is in both, from 0 to 1; 0 where that would take too much."""
    if not effort.spend(len(old) * len(new)):
        return 0.0
    return float(Indel.normalized_similarity(*_numbered(old, new)))


def _middle(old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> Iterator[Run]:
    if not old or not new or not effort.spend(len(old) * len(new)):
        yield Run(same=False, old=(0, len(old)), new=(0, len(new)))
        return
    for step in Indel.opcodes(*_numbered(old, new)):
        places = (step.src_start, step.src_end), (step.dest_start, step.dest_end)
        yield Run(step.tag == "equal", *places)


def _numbered(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """Return both with a number for each sort of element: rapidfuzz tells other values by their hash."""
    numbers: dict[Hashable, int] = {}
    left, right = ([numbers.setdefault(one, len(numbers)) for one in side] for side in (old, new))
    return left, right


def _joined(parts: Iterable[Run]) -> Iterator[Run]:
    """Yield runs without empty ones, those of one sort that follow each other as one."""
    before: Run | None = None
    for run in parts:
        if run.old[0] == run.old[1] and run.new[0] == run.new[1]:
            continue
        if before is not None and before.same == run.same:
            before = Run(run.same, (before.old[0], run.old[1]), (before.new[0], run.new[1]))
            continue
        if before is not None:
            yield before
        before = run
    if before is not None:
        yield before


def _shifted(run: Run, by: int) -> Run:
    return Run(run.same, (run.old[0] + by, run.old[1] + by), (run.new[0] + by, run.new[1] + by))


def _equal(pairs: Iterable[tuple[Hashable, Hashable]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
