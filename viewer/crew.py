# SPDX-License-Identifier: EUPL-1.2
"""
The processes that answer together, seen from one of them: limits are shared out. Knows nothing of processes.

    Crew(2).part(4)      2      of four answers at once, two are this process's
    Crew(8).part(4)      1      each has one, for what cannot be asked at all is no answer
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crew:
    """So many processes, and how many of them are alive, where somebody knows."""

    processes: int = 1
    alive: Callable[[], int] | None = None

    def part(self, limit: int, least: int = 1) -> int:
        """Return how much of a limit of all together is this process's."""
        return max(limit // self.processes, least)


ALONE = Crew()
"""One process."""
