# SPDX-License-Identifier: EUPL-1.2
"""
What was read of a snapshot for one answer about many addresses, so that a path is read once for all of them.

    500 parts of a page, each /find?q=…   the captures of /find are looked at once, and only so many in all

It lives as long as the answer is made. Knows nothing of how a capture is chosen.
"""

from __future__ import annotations

from index.fuzzy import Alike
from index.model import Capture

MAX_REMEMBERED = 10_000
"""Captures that are looked at for one answer about many addresses that were not captured as they are."""


class Memory:
    """
    What was read of one path for one answer, so that many addresses of it cost what one does.

    `full` says that as many captures were read as may be: who asks stops there.
    """

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._left = most
        self.alike: dict[str, Alike] = {}
        self.of_key: dict[str, list[Capture]] = {}
        self.queries: dict[str, bool] = {}
        self.sent: dict[str, dict[tuple[str, str], Capture]] = {}
        self.full = False

    def spend(self, number: int) -> None:
        """Take so many captures of what may be read."""
        self._left -= number
        self.full = self.full or self._left < 0
