# SPDX-License-Identifier: EUPL-1.2
"""
The one place that tells whether a capture may be shown: the register of takedowns, as one process knows it.

    refresh()          once for each request: one question to the file system; the register anew if it grew
    of(url, snapshot)  the decision by which it is not shown; None, and nothing is looked up, where nothing is
    refuse(…)          the same as an error, which every route answers with 451

What was decided counts in every process from the next request on. A register that has become shorter, or
cannot be read, takes nothing back: what was withheld stays so until the server is started anew. Knows nothing
of pages.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from zoneinfo import ZoneInfo

import structlog

from archiver.collection import Collection
from archiver.snapshot_folder import SnapshotFolder
from archiver.takedowns import read_takedowns, takedowns_path, withheld_in
from index.cdx_server.place import Line
from index.cdxj import parse_line
from index.errors import DamagedError
from index.takedown import Decision, Register, WithheldError
from index.timestamp import local_date

_TICK = 2_000_000_000
"""Nanoseconds of the coarsest clock of a file system: within one, two changes may look like one."""
_KNOWN_DAYS = 8192
_NAMED = "urn:"
_TIME = len(" 20260302023000")

logger = structlog.get_logger(__name__)


class Takedowns:
    """What is withheld. Several threads may ask."""

    def __init__(self, collection: Collection, zone: ZoneInfo) -> None:
        """Read the register. Raises DamagedError where that cannot be: then nothing may be shown."""
        self._collection = collection
        self._zone = zone
        self._path = takedowns_path(collection)
        self._name = str(self._path)
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._settled = True
        self.day_of: Callable[[str], str] = lru_cache(_KNOWN_DAYS)(self._day_of)
        """Returns the calendar day of a snapshot, as it was sealed."""
        self._current: tuple[int, Register] = 0, Register()
        seen = self._state()
        self._current = 0, read_takedowns(self._path)
        self._mark(seen)

    def now(self) -> tuple[int, Register]:
        """Return what is withheld, and a number that is the same only while that does not change."""
        return self._current

    @property
    def register(self) -> Register:
        """What is withheld."""
        return self._current[1]

    def refresh(self) -> int:
        """Read the register if something was decided since, and return that number."""
        seen = self._state()
        if seen != self._seen or not self._settled:
            with self._lock:
                self._read(seen)
        return self._current[0]

    def of(self, url: str, snapshot: str) -> Decision | None:
        """Return the decision by which a URL is not shown as a snapshot has it."""
        register = self._current[1]
        return register.withheld(url, snapshot, self.day_of) if register else None

    def refuse(self, url: str, snapshot: str) -> None:
        """Raise WithheldError for what is not shown."""
        decision = self.of(url, snapshot)
        if decision is not None:
            raise WithheldError(url, decision)

    def lines(self) -> Callable[[Line], bool] | None:
        """Return what tells whether a line of an index may be shown; None where all may."""
        register = self._current[1]
        if not register:
            return None

        def shows(line: Line) -> bool:
            key = line.head[:-_TIME].decode("ascii")
            if not (register.concerns(key) or key.startswith(_NAMED)):
                return True
            return register.withheld(parse_line(line.data).url, line.snapshot, self.day_of) is None

        return shows

    def within(self, day: SnapshotFolder) -> Decision | None:
        """Return a decision by which something that a sealed day captured is not shown."""
        found = withheld_in(self._current[1], day, self.day_of)
        return next((decision for _, decision in found), None)

    def _state(self) -> tuple[int, int, int] | None:
        # once a request: what is not there is told in a fifth of the time without an error
        if self._seen is None and not os.access(self._name, os.F_OK):
            return None
        try:
            stat = os.stat(self._name)  # noqa: PTH116 - in half the time of a Path
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.exception("takedowns-not-read", reason=str(error))
            return self._seen
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def _mark(self, seen: tuple[int, int, int] | None) -> None:
        self._seen = seen
        self._settled = seen is None or time.time_ns() - seen[2] > _TICK

    def _read(self, seen: tuple[int, int, int] | None) -> None:
        number, known = self._current
        try:
            found = read_takedowns(self._path).decisions
        except DamagedError as error:
            if seen != self._seen:
                logger.exception("takedowns-not-read", reason=str(error))
            self._mark(seen)
            return
        if found[: len(known.decisions)] != known.decisions:
            logger.error("takedowns-lost", path=self._name, known=len(known.decisions), found=len(found))
            found = (*known.decisions, *(one for one in found if one not in known.decisions))
        if found != known.decisions:
            self._current = number + 1, Register(found)
        self._mark(seen)

    def _day_of(self, snapshot: str) -> str:
        for site in self._collection.sites():
            folder = self._collection.at(site, snapshot)
            if folder.path.is_dir():
                return folder.day_by(self._zone).isoformat()
        return local_date(snapshot, self._zone).isoformat()
