# SPDX-License-Identifier: EUPL-1.2
"""
Turns, in the order in which they are asked for: so many are taken at once, all others wait. Thread-safe.

    turns = Turns(3)
    with turns.taken():
        …

Threads of one process share one processor's time. Where all of them work, each piece of work takes as many
times longer as there are threads, and a large one keeps everybody waiting for as long as it lasts; a few at
a time end sooner, all of them. A place that gets free is handed to who has waited longest: with a lock, or a
threading.Semaphore, a thread that comes later may be first. Knows nothing of what is done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """So many turns at once."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[threading.Lock] = deque()
        self._own = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, without end, and hold it."""
        mine = self._asked()
        if mine is not None:
            mine.acquire()  # until it is handed over
        try:
            yield
        finally:
            self._hand_over()

    def _asked(self) -> threading.Lock | None:
        """Take a turn that is free and return None, or return what is locked until one is."""
        with self._own:
            if self._free:
                self._free -= 1
                return None
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
            return mine

    def _hand_over(self) -> None:
        with self._own:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
