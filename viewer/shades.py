# SPDX-License-Identifier: EUPL-1.2
"""
How much is much: the days of a site in up to five steps, by how many pages changed. Pure.

    1 2 2 3 3 4 5 7 8 900   days on which anything changed, sorted
        ┆   ┆     ┆   ┆     the last of a quarter, of half, of three quarters, of 95 in a hundred and of all
    steps: 1 to 2, 3, 4 to 7, 8 to 900

By rank and not by size: one day on which the whole site was made anew takes the last step to itself, and
leaves the others as they were. Equal counts have one step, so a site of few days, or of days that are all
alike, has fewer than five. Knows nothing of colours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SHARES = (25, 50, 75, 95, 100)
"""Of the days on which anything changed, in hundredths: those up to each step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from how many pages on, and up to how many."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Shades:
    """The steps of a site, by the largest count of each, in order."""

    tops: tuple[int, ...]

    def of(self, count: int) -> int:
        """Return the step of a count, from 1; 0 where nothing changed."""
        return min(bisect_left(self.tops, count) + 1, len(self.tops)) if count > 0 else 0

    @property
    def is_full(self) -> bool:
        """Whether there are as many steps as there can be."""
        return len(self.tops) == len(SHARES)

    def __iter__(self) -> Iterator[Step]:
        """Yield the steps, that of the smallest counts first."""
        first = 1
        for number, last in enumerate(self.tops, 1):
            yield Step(number, first, last)
            first = last + 1


def shades_of(counts: Iterable[int]) -> Shades:
    """Return the steps for the counts of all days; those of nothing decide nothing."""
    known = sorted(count for count in counts if count > 0)
    tops = {known[-(-len(known) * share // 100) - 1] for share in SHARES} if known else ()
    return Shades(tuple(sorted(tops)))
