# SPDX-License-Identifier: EUPL-1.2
"""
The snapshots of a collection by their timestamps, those read last kept open: a bounded number of them.

A timestamp names one snapshot in the whole collection, whichever site it is of. Knows nothing of what a
snapshot has of a URL.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from archiver.collection import Collection
from archiver.fuzzy_rules import fuzzy_of
from archiver.settings import Site
from index.timestamp import parse_timestamp

from .addresses.path_address import Addresses
from .open_snapshot import OpenSnapshot
from .takedowns import Takedowns

KEPT_OPEN = 32
"""Snapshots kept open: each holds one mapped index file."""
KNOWN_PLACES = 1024
"""WARCs of which it is remembered where they stand."""


class Shelf:
    """The snapshots of a collection by timestamp, those used last kept open. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        addresses: Addresses,
        limit: int = KEPT_OPEN,
        *,
        takedowns: Takedowns,
        sites: Iterable[Site] = (),
    ) -> None:
        self._collection = collection
        self._takedowns = takedowns
        self._addresses = addresses
        self._rules = {site.name: fuzzy_of(site) for site in sites}
        self._limit = limit
        self._open: OrderedDict[str, OpenSnapshot] = OrderedDict()
        self._lock = threading.Lock()
        self._sites: tuple[int, list[str]] = (0, [])
        self.warc: Callable[[str, str, str], Path] = lru_cache(KNOWN_PLACES)(self._warc)
        """Where a WARC of a snapshot of a site stands."""

    def get(self, timestamp: str) -> OpenSnapshot | None:
        """Return the sealed snapshot of a 14-digit timestamp, which names one in the whole collection."""
        with self._lock:
            if timestamp in self._open:
                self._open.move_to_end(timestamp)
                return self._open[timestamp]
        found = self._look(timestamp)
        if found is not None:
            self._keep(found)
        return found

    def alone(self, site: str) -> bool:
        """Tell whether no other site has a folder, and so none can have captured anything."""
        changed = (self._collection.root / "sites").stat().st_mtime_ns
        if self._sites[0] != changed:
            self._sites = changed, self._collection.sites()
        return self._sites[1] == [site]

    def _warc(self, site: str, snapshot: str, filename: str) -> Path:
        return self._collection.at(site, snapshot).warc(filename)

    def opened(self, timestamp: str) -> OpenSnapshot | None:
        """Return a snapshot that is open, None where it would have to be opened first."""
        return self._open.get(timestamp)

    def read_through(self, timestamp: str) -> OpenSnapshot | None:
        """Return a snapshot that is open and whose index was read through; None for any other."""
        snapshot = self.opened(timestamp)
        return snapshot if snapshot and snapshot.is_read_through else None

    def _look(self, timestamp: str) -> OpenSnapshot | None:
        try:
            parse_timestamp(timestamp)
        except ValueError:  # it becomes the name of a folder
            return None
        for site in self._collection.sites():
            folder = self._collection.at(site, timestamp)
            if folder.path.is_dir():
                rules = self._rules.get(site) or fuzzy_of(None)
                return OpenSnapshot(folder, self._addresses, rules, self._takedowns)
        return None

    def _keep(self, snapshot: OpenSnapshot) -> None:
        """Make room for it. One that is dropped stays open for as long as some thread reads it."""
        with self._lock:
            self._open[snapshot.timestamp] = snapshot
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
