# SPDX-License-Identifier: EUPL-1.2
"""
Days are measured, and their reports kept: by a person's command, and one after the other where they wait.

    measured(subject, table)       measures one day here and now
    Measuring(…).next()            measures the newest day that has no report, in a process of its own

A process of its own, of low priority: the day is read several times, which keeps neither a crawl nor a
visitor waiting, and it can be stopped at any moment. What cannot be measured is told once and passed over
until the next start. Knows nothing of how a report is shown.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from index.catalogue import Catalogue
from index.errors import ArchiveError, BusyError
from index.history import History

from ..collection import Collection
from ..durable import storage
from ..exporting.export import export
from ..exporting.profiles import built_in
from ..runs import Runs
from ..settings import Settings
from ..snapshot_folder import SnapshotFolder
from ..spawned import Spawned
from .kept import keep, waiting
from .report import report
from .rules import Report, Table, document, load
from .subject import Subject

_LEAST_PRIORITY = 19
_LOOK = 0.5
"""Seconds after which it is looked whether to stop."""
_LEFT = 24 * 3600.0
"""Seconds after which a package that was tried out is surely nobody's any more."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Measured:
    """A day that was measured, or the reason why it could not be."""

    folder: SnapshotFolder
    problem: str = ""


def measured(
    subject: Subject, table: Table, step: Callable[[str, int, int], None] = lambda *_: None
) -> Report:
    """Measure a day and keep its report, unless it is an export that is measured. Raises as `report` does."""
    found = report(subject, table, lambda path: _make(subject, path), step)
    if subject.export is None:
        keep(subject.collection, subject.folder, document(table, found))
    return found


def _make(subject: Subject, path: Path) -> None:
    """Write a transfer package of the day, to try whether that can be done."""
    export([subject.folder], subject.find, path, profile=built_in()["mdto"], settings=subject.settings)


class Measuring:
    """Measures the days that wait."""

    def __init__(
        self, settings: Settings, collection: Collection, now: Callable[[], datetime], stop: threading.Event
    ) -> None:
        self._settings = settings
        self._collection = collection
        self._now = now
        self._stop = stop
        self._passed_over: set[tuple[str, str]] = set()

    def next(self, sites: Iterable[str] | None = None) -> Measured | None:
        """
        Measure the newest day of these sites (of all, if not given) that has no report, and return it.

        None where there is none, where another process measures, and where it was asked to stop. Raises
        StorageError.
        """
        try:
            with self._collection.measuring():
                self._forget_left()
                folder = self._newest(self._collection.sites() if sites is None else sites)
                if folder is None or self._stop.is_set():
                    return None
                return self._measure(folder)
        except BusyError:
            return None

    def _newest(self, sites: Iterable[str]) -> SnapshotFolder | None:
        days = waiting(self._collection, sites)
        return next((one for one in days if (one.site, one.timestamp) not in self._passed_over), None)

    def _measure(self, folder: SnapshotFolder) -> Measured | None:
        problem = self._asked(folder)
        if problem is None:
            return None
        if problem:
            self._passed_over.add((folder.site, folder.timestamp))
            logger.warning("not-measured", site=folder.site, snapshot=folder.timestamp, reason=problem)
        return Measured(folder, problem)

    def _asked(self, folder: SnapshotFolder) -> str | None:
        """Let a process measure a day: return what was wrong, None where it was stopped."""
        with storage("start a process that measures"):
            process = Spawned(_measure_here, self._settings, folder.site, folder.timestamp, self._now())
        try:
            while not process.pipe.poll(_LOOK):
                if self._stop.is_set():
                    return None
            return str(process.pipe.recv())
        except (EOFError, OSError):
            return "the process that measured it has ended before its time; see to the memory of this machine"
        finally:
            process.end()

    def _forget_left(self) -> None:
        """Remove packages of processes that were stopped in the middle of making one."""
        folder = self._collection.state / "conform"
        with storage(f"remove what was left in {folder}"):
            for left in folder.iterdir() if folder.is_dir() else ():
                if time.time() - left.stat().st_mtime > _LEFT:
                    shutil.rmtree(left, ignore_errors=True)


def _measure_here(pipe: Connection, settings: Settings, site: str, timestamp: str, now: datetime) -> None:
    """Be the process that measures one day, and tell in the end what was wrong; nothing where nothing was."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever asked ends this process
    os.nice(_LEAST_PRIORITY)
    os.dup2(2, 1)  # what is printed for others to read is not for this process to print
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        _measure_one(settings, site, timestamp, now)
    except (ArchiveError, OSError) as error:
        pipe.send(str(error))
    except Exception as error:  # noqa: BLE001  a fault of ours with one day must not keep the others waiting
        pipe.send(f"It broke off inside the program: {error!r}.")
    else:
        pipe.send("")


def _measure_one(settings: Settings, site: str, timestamp: str, now: datetime) -> None:
    collection = Collection(settings.root)
    with (
        contextlib.closing(History(collection.history_path)) as history,
        contextlib.closing(Catalogue(collection.search_path)) as catalogue,
    ):
        folder, runs = collection.snapshot(site, timestamp), tuple(Runs(collection.runs_path).of(site))
        measured(Subject(folder, collection, settings, history, catalogue, runs, now), load())
