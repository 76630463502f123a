# SPDX-License-Identifier: EUPL-1.2
"""
How many costly answers of one sort are made at once: others wait a little, and are then asked to come back.

    places = Places(2)
    with places.taken("Too many pages are being compared"):
        …

Knows nothing of what is made.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from index.errors import BusyError

PATIENCE = 1.0
"""Seconds that one more waits for a place."""


class Places:
    """So many places; thread-safe."""

    def __init__(self, number: int) -> None:
        self._places = threading.BoundedSemaphore(number)

    @contextmanager
    def taken(self, why: str) -> Iterator[None]:
        """Hold a place. Raises BusyError, with the reason, where none gets free in time."""
        if not self._places.acquire(timeout=PATIENCE):
            raise BusyError(f"{why}: ask again in a few seconds.")
        try:
            yield
        finally:
            self._places.release()
