# SPDX-License-Identifier: EUPL-1.2
"""
What days changed, found by all cores before each day's turn to be published. Knows nothing of the catalogue.

    day 2 beside day 1, day 3 beside day 2, …  ─▶ processes ─▶ <folder>/<number>.jsonl: what differs of each

The merge of two indexes is most of what an unchanged day costs, and needs nothing but the two files. A day of
which a process could say nothing, or that is not published beside the one it was held against, is merged when
its turn comes: what is wrong with it is told then.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from index.changes import Change, merge
from index.errors import ArchiveError
from index.model import Outcome

from .durable import storage
from .snapshot_folder import SnapshotFolder
from .workers import Workers

FEW = 24
"""Days up to which starting processes takes longer than it saves."""

logger = structlog.get_logger(__name__)

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Change)
Task = tuple[SnapshotFolder | None, SnapshotFolder, Path]


def changes_of(before: SnapshotFolder | None, folder: SnapshotFolder) -> Iterator[Change]:
    """Yield what a day changed. Raises DamagedError, NotFoundError."""
    return merge(before.index.captures() if before else (), folder.index.captures())


def write_changes(before: SnapshotFolder | None, folder: SnapshotFolder, path: Path) -> bool:
    """Write what differs between two days, and tell whether it could be told."""
    try:
        differing = (one for one in changes_of(before, folder) if not one.same)
        with storage(f"write {path}"), path.open("wb") as file:
            file.writelines(_ENCODER.encode(one) + b"\n" for one in differing)
    except (ArchiveError, UnicodeEncodeError):
        path.unlink(missing_ok=True)
        return False
    return True


@dataclass(slots=True)
class MergedAhead:
    """The changes of days in the order in which they are asked for. Use as `publish.publish` asks."""

    found: Iterator[tuple[Task, bool]]
    _task: Task | None = None
    _known: bool = False

    def __call__(self, before: SnapshotFolder | None, folder: SnapshotFolder) -> Iterator[Change]:
        """Yield what differs between two days, of those that follow each other as they were expected."""
        while self._task is None or _place(self._task[1]) < _place(folder):
            following = self._following()
            if following is None:
                return changes_of(before, folder)
            if self._task is not None:
                self._task[2].unlink(missing_ok=True)
            self._task, self._known = following
        if self._known and self._task[:2] == (before, folder):
            return _read(self._task[2])
        return changes_of(before, folder)

    def _following(self) -> tuple[Task, bool] | None:
        """Return the next day; None where there is none, or the processes have ended before their time."""
        try:
            return next(self.found, None)
        except ArchiveError as error:
            logger.warning("merged-one-by-one", reason=str(error))
            self.found = iter(())
            return None


def _place(folder: SnapshotFolder) -> tuple[str, str]:
    return folder.site, folder.timestamp


def _read(path: Path) -> Iterator[Change]:
    with path.open("rb") as file:
        yield from map(_DECODER.decode, file)


def merged_ahead(days: Sequence[SnapshotFolder], folder: Path) -> Generator[tuple[Task, bool], None, None]:
    """Yield the days in order, each merged with the one before it of its site; `folder` is for the files."""
    with closing(Workers(write_changes)) as workers:
        yield from workers.results(_tasks(days, folder))


def _tasks(days: Sequence[SnapshotFolder], folder: Path) -> Iterator[Task]:
    before: SnapshotFolder | None = None
    for number, day in enumerate(days):
        if before is not None and before.site != day.site:
            before = None
        if _is_failed(day):
            continue
        yield before, day, folder / f"{number:05d}.jsonl"
        before = day


def _is_failed(day: SnapshotFolder) -> bool:
    try:
        return day.summary.outcome is Outcome.FAILED
    except ArchiveError:
        return True  # it is told when its turn comes
