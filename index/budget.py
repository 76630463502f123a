# SPDX-License-Identifier: EUPL-1.2
"""
What one search may cost, all that it asks together. Knows nothing of words or of indexes.

Searches wait for each other, so one that looks at a site's commonest words at all their places keeps others
waiting. What is found is exact or it is not given: a search that would take too long is refused in words,
since a list without some of the pages could not be told from a whole one.
"""

from __future__ import annotations

from .errors import QueryError

MOST = 20_000_000
"""Documents of a word and places in a document that are looked at: about two seconds."""


class Budget:
    """What is left of that for one search."""

    def __init__(self, left: int = MOST) -> None:
        self._left = left

    def spend(self, number: int) -> None:
        """Take so much of it. Raises QueryError where there is not so much left."""
        self._left -= number
        if self._left < 0:
            raise QueryError(
                "query",
                "these words are too common to be looked up together; leave the commonest out",
            )
