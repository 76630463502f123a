# SPDX-License-Identifier: EUPL-1.2
"""
How many costly answers are made at once: others wait a little, and are then asked to come back.

    room = Room(12, each=6)        threads that costly answers of all sorts may keep, and those for one client
    places = Places(2, room)       of this sort two are made at once; more of them wait, in that room
    with places.taken("Too many pages are being compared", client="192.0.2.7"):
        …

Who waits keeps a thread from other visitors: all who wait, for whatever, count with all that is made, and
before a room that is full nobody stands for long. So a page that costs little finds a thread, and one client
who asks for many costly ones at once leaves room for others. Knows nothing of what is made.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network

from index.errors import BusyError

MOST, EACH = 12, 6
"""Threads, of all processes, that costly answers keep, and of these those for one client."""
PATIENCE = 1.0
"""Seconds that one more waits for a place."""
AT_THE_DOOR = 0.5
"""Seconds that one more stands before a room that is full."""


class Room:
    """Room for so many at once, of which one client has no more than `each`; thread-safe."""

    def __init__(self, number: int = MOST, each: int = EACH) -> None:
        self._left = number
        self._each = each
        self._clients: Counter[str] = Counter()
        self._changed = threading.Condition()

    def enter(self, client: str | None) -> bool:
        """Come in, where there is room for this client in time; None: it cannot be told from others."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_room(client), AT_THE_DOOR):
                return False
            self._left -= 1
            if client is not None:
                self._clients[client] += 1
            return True

    def leave(self, client: str | None) -> None:
        """Go out."""
        with self._changed:
            self._left += 1
            if client is not None:
                self._clients[client] -= 1
                if not self._clients[client]:
                    del self._clients[client]
            self._changed.notify_all()

    def _has_room(self, client: str | None) -> bool:
        return self._left > 0 and (client is None or self._clients[client] < self._each)


class Places:
    """So many places of one sort, in a room; thread-safe."""

    def __init__(self, number: int, room: Room, patience: float | None = None) -> None:
        """`patience`: seconds that one more waits, where these are others than PATIENCE."""
        self._places = threading.BoundedSemaphore(number)
        self._room = room
        self._patience = patience

    @contextmanager
    def taken(self, why: str, client: str | None = None) -> Iterator[None]:
        """Hold a place. Raises BusyError, with the reason, where none gets free in time."""
        if not self._room.enter(client):
            raise _busy(why)
        try:
            if not self._places.acquire(timeout=self._patience or PATIENCE):
                raise _busy(why)
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._room.leave(client)


def client_of(address: str | None) -> str | None:
    """
    Return by what a client is told from others: its public address, of IPv6 the network that one house has.

    None for any other address: a proxy on this machine or beside it asks for everybody, and limits by itself.
    """
    try:
        found = ip_address(address or "")
    except ValueError:
        return None
    if not found.is_global:
        return None
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def _busy(why: str) -> BusyError:
    return BusyError(f"{why}: ask again in a few seconds.")
