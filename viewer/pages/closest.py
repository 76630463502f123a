# SPDX-License-Identifier: EUPL-1.2
"""
The nearest days that have a page, where the day that was asked for has not. Pure.

A lifeline also spans snapshots that failed, which saw nothing: only those that did not fail are offered.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from index.lifeline import Interval


def last_before(lifeline: Sequence[Interval], good: Sequence[str], moment: str) -> str | None:
    """Return the newest of these timestamps before a moment at which the URL was captured."""
    for interval in reversed(lifeline):
        at = min(bisect_left(good, moment), bisect_right(good, interval.last)) - 1
        if at >= 0 and good[at] >= interval.first:
            return good[at]
    return None


def first_from(lifeline: Sequence[Interval], good: Sequence[str], moment: str) -> str | None:
    """Return the oldest of these timestamps at or after a moment at which the URL was captured."""
    for interval in lifeline:
        at = bisect_left(good, max(moment, interval.first))
        if at < len(good) and good[at] <= interval.last:
            return good[at]
    return None
