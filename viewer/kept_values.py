# SPDX-License-Identifier: EUPL-1.2
"""
What was found for a page, kept until something is written: asked for again, it costs a look into a table.

    found = kept.get(("between", "ind", "20260302023000", "20260309023000"), history.written(), make, size)

    version    a number that is the same only while all that it is found in is so (`History.written`), read
               before any of that; None: nobody can tell, and nothing is kept
    size       bytes or so that a value takes; all together have so many, the least lately used makes room

What is kept is what was found, and never a page: that is made for each visitor, in his language, as things
are then. Several threads may ask for one value at once, and each makes it. Knows nothing of what is kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

NOT_KEPT = 1 << 62
"""The size of what is not to be kept: part of it could not be read, and may be again."""

ROOM = 16 << 20
"""Bytes, of all processes."""
SHARE = 16
"""No value takes more than this part of the room."""


class KeptValues:
    """So many bytes of values by their names. Several threads may use it at once."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[int, int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable, version: int | None, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return the value of this name and version: the one that is kept, or what `make` makes now."""
        if version is None:
            return make()
        with self._lock:
            known = self._values.get(name)
            if known is not None and known[0] == version:
                self._values.move_to_end(name)
                value: T = known[2]
                return value
        value = make()
        self._keep(name, version, value, size(value))
        return value

    def _keep(self, name: Hashable, version: int, value: object, size: int) -> None:
        with self._lock:
            if (before := self._values.pop(name, None)) is not None:
                self._held -= before[1]
            if size * SHARE > self._room:
                return
            self._values[name] = version, size, value
            self._held += size
            while self._held > self._room:
                _, (_, freed, _) = self._values.popitem(last=False)
                self._held -= freed

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held
