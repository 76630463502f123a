# SPDX-License-Identifier: EUPL-1.2
"""
URLs that were refused or failed, and get another try the same day. Knows nothing of hosts or of fetching.

    first try ──wait──▶ second try ──twice as long──▶ third try …     as many as the site allows

Each has an outcome all the while; a later try may better it. Held in memory: after a crash the outcomes
stand, and `Frontier.reopen_failed` lets them be asked for anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from .known import Known, Result
from .retry import Answer, deserves_another


@dataclass(slots=True)
class Again:
    """What is to be asked again, and when. Times are seconds of one monotonic clock."""

    retries: int
    """Tries beyond the first."""
    wait: float
    """Seconds before the second try; doubled for each after it."""
    _tries: dict[str, int] = field(default_factory=dict)
    _heap: list[tuple[float, int, Known]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)

    @property
    def waiting(self) -> bool:
        """Whether anything is to be asked again."""
        return bool(self._heap)

    def tried(self, url: str) -> bool:
        """Tell whether a URL has had a try before the one that is under way."""
        return url in self._tries

    def plan(self, known: Known, answer: Answer, now: float) -> None:
        """Note that a URL is to be asked again, where that may help; guesses are not."""
        tries = self._tries.get(known.url, 0)
        if known.kind != "hint" and tries < self.retries and deserves_another(answer):
            self._tries[known.url] = tries + 1
            heapq.heappush(self._heap, (now + self.wait * 2**tries, next(self._number), known))

    def told(self, known: Known, result: Result, answer: Answer) -> Result:
        """Return an outcome with how often the URL was asked for, where that was in vain."""
        tries = self._tries.get(known.url, 0)
        if not tries or not deserves_another(answer):
            return result
        how_often = f"asked {tries + 1} times"
        return replace(result, reason=f"{result.reason}; {how_often}" if result.reason else how_often)

    def due(self, now: float, may_ask: Callable[[Known], bool]) -> Iterator[Known]:
        """Yield what may be asked again now; what is due and may not yet, stays."""
        held = []
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if may_ask(entry[2]):
                yield entry[2]
            else:
                held.append(entry)
        for entry in held:
            heapq.heappush(self._heap, entry)
