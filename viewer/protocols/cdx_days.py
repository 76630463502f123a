# SPDX-License-Identifier: EUPL-1.2
"""
The sealed days of every site for the CDX server, listed again when one was added. Knows nothing of queries.

A folder's time of change tells that. Two changes within one tick of the file system's clock have one time:
what changed just now is not kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from archiver.collection import Collection
from archiver.importing.as_they_came import LOG
from archiver.snapshot_folder import SnapshotFolder
from index.cdx_server.days import Day, Sealed, days_of
from index.timestamp import parse_timestamp

_TICK = 2_000_000_000  # ns; of the coarsest clock a file system has

Signs = tuple[tuple[str, int], ...]


class SealedDays:
    """Call it for the days that there are. Several threads may."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._known: tuple[Signs, Sequence[Day]] | None = None

    def __call__(self) -> Sequence[Day]:
        """Return every sealed day of every site."""
        signs = tuple(self._signs())
        with self._lock:
            if self._known and self._known[0] == signs:
                return self._known[1]
        days = self._listed([name for name, _ in signs])
        settled = all(time.time_ns() - changed > _TICK for _, changed in signs)
        with self._lock:
            self._known = (signs, days) if settled else None
        return days

    def _signs(self) -> Iterator[tuple[str, int]]:
        for site in self._collection.sites():
            folder: Path = self._collection.site_folder(site)
            try:
                yield site, folder.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # a site that has no snapshot yet

    def _listed(self, sites: list[str]) -> list[Day]:
        found = (
            [_sealed(one) for one in self._collection.snapshots(site) if _is_named(one)] for site in sites
        )
        return sorted((day for snapshots in found for day in days_of(snapshots)), key=_by_time)


def _sealed(folder: SnapshotFolder) -> Sealed:
    return Sealed(folder.timestamp, folder.index_path, (folder.path / LOG).exists())


def _is_named(folder: SnapshotFolder) -> bool:
    """Tell whether a folder has the name of a snapshot: 14 digits may also be no moment."""
    try:
        parse_timestamp(folder.timestamp)
    except ValueError:
        return False
    return True


def _by_time(day: Day) -> tuple[str, str]:
    return day.since, day.timestamp
