# SPDX-License-Identifier: EUPL-1.2
"""
How much one query may take: time of ours, not that of a client who reads slowly. Knows nothing of what is
done.

    budget = Budget(20.0, time.monotonic)
    with budget.running(): …        the clock runs in here alone
    budget.check()                  raises OutOfTimeError, and says once that it takes long
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import ArchiveError


class OutOfTimeError(ArchiveError):
    """A query took all the time that one may have."""


SHORT = 0.25
"""Seconds after which a query takes long."""


def _nobody() -> None:
    """Hear that a query takes long, and do nothing."""


class Budget:
    """
    Seconds that a query may take, of a clock that the caller gives.

    `on_long` is called once, when it has taken SHORT; it may wait, which is no time of the query's, and what
    it raises ends the query. `checks` counts.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float], on_long: Callable[[], None] = _nobody
    ) -> None:
        self._left = seconds
        self._short = SHORT
        self._clock = clock
        self._on_long = on_long
        self._since: float | None = None
        self.checks = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the clock run."""
        self._since = self._clock()
        try:
            yield
        finally:
            used = self._clock() - self._since
            self._left -= used
            self._short -= used
            self._since = None

    def check(self) -> None:
        """Raise OutOfTimeError where the time is over."""
        self.checks += 1
        if self._since is None:
            return
        now = self._clock()
        used = now - self._since
        if used > self._short:
            self._short = float("inf")
            self._on_long()
            self._since += self._clock() - now
        if used > self._left:
            raise OutOfTimeError(
                "This question takes longer than one may: ask for less, or with showResumeKey=true in parts"
            )
