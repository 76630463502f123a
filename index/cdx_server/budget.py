# SPDX-License-Identifier: EUPL-1.2
"""
How much one query may take: time of ours, not that of a client who reads slowly. Knows nothing of what is
done.

    budget = Budget(20.0, time.monotonic)
    with budget.running(): …        the clock runs in here alone
    budget.check()                  raises OutOfTimeError
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import ArchiveError


class OutOfTimeError(ArchiveError):
    """A query took all the time that one may have."""


class Budget:
    """Seconds that a query may take, of a clock that the caller gives."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._left = seconds
        self._clock = clock
        self._since: float | None = None
        self._asked = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the clock run."""
        since = self._since = self._clock()
        try:
            yield
        finally:
            self._left -= self._clock() - since
            self._since = None

    def check(self) -> None:
        """Raise OutOfTimeError where the time is over."""
        if self._since is not None and self._clock() - self._since > self._left:
            raise OutOfTimeError(
                "This question takes longer than one may: ask for less, or with showResumeKey=true in parts"
            )

    def step(self) -> None:
        """Count one line, and look at the clock now and then."""
        self._asked += 1
        if self._asked % 256 == 0:
            self.check()
