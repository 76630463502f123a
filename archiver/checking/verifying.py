# SPDX-License-Identifier: EUPL-1.2
"""
Whole days checked by all cores: what is to be done, as tasks that any process can be given.

    a small day     one task: everything
    a large day     its lists; its changes; each part of its WARCs; each file's digest, before its last part
    conformance     one task a day: what its records say of each other needs all of them

Results are problems, and how many bytes were read. Where there is little to do, it is done here.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import assert_never

from index.errors import ArchiveError

from ..collection import Collection, finder
from ..snapshot_folder import SnapshotFolder
from ..strict.days import check
from ..strict.rules import Level
from .change_check import check_changed
from .crew import Died, run
from .list_check import CHANGES
from .package_check import PACKAGE, Resource, check_hash, check_list, listed
from .problem import Kind, Problem, told
from .record_check import Desk, Part, check_part
from .verify import Day, check_contents_lists, check_sealed_lists, learn_known, verify

LARGE = 96 << 20
"""Bytes of a day from which on it is shared among processes."""
LITTLE = 48 << 20
"""Bytes of all days together below which no process is started: starting one takes longer."""


@dataclass(frozen=True, slots=True)
class WholeDay:
    """Everything of one day."""

    root: Path
    folder: SnapshotFolder


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one day."""

    root: Path
    folder: SnapshotFolder


@dataclass(frozen=True, slots=True)
class Changed:
    """What one day says that it changed, against the days before it."""

    root: Path
    folder: SnapshotFolder


@dataclass(frozen=True, slots=True)
class OnePart:
    """One part of one WARC."""

    root: Path
    part: Part


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The digest of one file."""

    root: Path
    folder: SnapshotFolder
    resource: Resource


@dataclass(frozen=True, slots=True)
class Conformance:
    """The WARCs of one day against the standard."""

    root: Path
    folder: SnapshotFolder
    now: datetime


Task = WholeDay | Lists | Changed | OnePart | FileDigest | Conformance


@dataclass(frozen=True, slots=True)
class Read:
    """So many more bytes were read."""

    bytes: int


def cores() -> int:
    """Return how many processes can run at once here."""
    return len(os.sched_getaffinity(0))


def size_of(folder: SnapshotFolder) -> int:
    """Return the bytes of a day's WARCs, none where they cannot be listed."""
    with contextlib.suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder.path / "archive") if entry.is_file())
    return 0


def verify_days(
    collection: Collection,
    folders: Iterable[SnapshotFolder],
    *,
    jobs: int,
    conformance: datetime | None = None,
) -> Iterator[tuple[SnapshotFolder, Problem | Read]]:
    """
    Yield every problem of these days, with the day, as they are found, and in between how much was read.

    `conformance`: hold the WARCs to the standard too; what lies behind that moment lies in the future.
    """
    days = list(folders)
    tasks = _tasks(collection.root, days, jobs, conformance)
    if jobs == 1 or sum(map(size_of, days)) < LITTLE:
        for task in tasks:
            yield from ((_folder_of(task), result) for result in perform(task))
        return
    with contextlib.closing(run(tasks, perform, jobs)) as results:
        for task, result in results:
            yield _folder_of(task), _died(task, result) if isinstance(result, Died) else result


def _tasks(root: Path, days: list[SnapshotFolder], jobs: int, conformance: datetime | None) -> Iterator[Task]:
    for folder in days:
        if conformance is not None:
            yield Conformance(root, folder, conformance)
        if jobs > 1 and size_of(folder) >= LARGE:
            yield from _tasks_of_large(root, folder)
        else:
            yield WholeDay(root, folder)


def _tasks_of_large(root: Path, folder: SnapshotFolder) -> Iterator[Task]:
    yield Lists(root, folder)
    yield Changed(root, folder)
    resources = {resource.path: resource for resource in listed(folder)}
    with contextlib.closing(Day(folder, deep=True)) as day:
        for _ in day.read_index():
            pass  # told by `Lists`, which reads it too
        for part, following in pairwise(chain(_parts(day), [None])):
            assert part is not None
            # before the last part: so two processes end together, and the file is still in memory
            if (following is None or following.file != part.file) and part.file in resources:
                yield FileDigest(root, folder, resources.pop(part.file))
            yield OnePart(root, part)
    for resource in resources.values():
        yield FileDigest(root, folder, resource)


def _parts(day: Day) -> Iterator[Part]:
    """Yield the parts of a day as far as its files can be listed; that they cannot is told by `Lists`."""
    with contextlib.suppress(ArchiveError, OSError):
        yield from day.parts()


def perform(task: Task) -> Iterator[Problem | Read]:
    """Do a task: yield its problems, and how much was read."""
    match task:
        case WholeDay(root, folder):
            yield from _with_reports(root, folder)
            yield from _check_changed(root, folder)
        case Lists(_, folder):
            yield from told(folder.timestamp, "archive", _unlisted(folder))
            yield from check_list(folder)
            yield from check_contents_lists(folder)
            yield from check_sealed_lists(folder)
        case Changed(root, folder):
            yield from _check_changed(root, folder)
        case OnePart(root, part):
            yield from told(part.folder.timestamp, part.file, _check_part(root, part))
            yield Read(part.stop - part.start)
        case FileDigest(_, folder, resource):
            yield from told(folder.timestamp, resource.path, check_hash(folder, resource))
        case Conformance(_, folder, now):
            yield from told(folder.timestamp, "archive", _conform(folder, now))
            yield Read(size_of(folder))
        case _:
            assert_never(task)


def _unlisted(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield nothing. Raises DamagedError where the WARCs of a day cannot be listed."""
    for _ in folder.warcs:
        yield from ()


def _with_reports(root: Path, folder: SnapshotFolder) -> Iterator[Problem | Read]:
    yield from verify(folder, finder(Collection(root), folder.site))
    yield Read(size_of(folder))


def _check_changed(root: Path, folder: SnapshotFolder) -> Iterator[Problem]:
    return told(folder.timestamp, CHANGES, check_changed(Collection(root), folder))


def _check_part(root: Path, part: Part) -> Iterator[Problem]:
    known = learn_known(part.folder)
    find = finder(Collection(root), part.folder.site)
    with contextlib.closing(Desk(part.folder, find, known)) as desk:
        yield from check_part(desk, part)


def _conform(folder: SnapshotFolder, now: datetime) -> Iterator[Problem]:
    """Hold our own files to the standard and to our promises; of files of others everything is advice."""
    imported = learn_known(folder).files
    own = [path for path in folder.warcs if path.name not in imported]
    for paths, foreign in ((own, False), ([path for path in folder.warcs if path.name in imported], True)):
        for finding in check(paths, now, house=not foreign):
            advice = foreign or finding.level is Level.SHOULD
            yield Problem(
                Kind.CONFORMANCE,
                folder.timestamp,
                f"archive/{finding.file}",
                finding.offset,
                finding.sentence,
                advice=advice,
            )


def _folder_of(task: Task) -> SnapshotFolder:
    return task.part.folder if isinstance(task, OnePart) else task.folder


def _died(task: Task, died: Died) -> Problem:
    folder = _folder_of(task)
    match task:
        case OnePart(_, part):
            file, what = part.file, f"its records from offset {part.start} to {part.stop}"
        case FileDigest(_, _, resource):
            file, what = resource.path, "its digest"
        case _:
            file, what = PACKAGE, "this day"
    code = f"with exit code {died.code}" if (died.code or 0) >= 0 else f"by signal {-(died.code or 0)}"
    message = f"the process that checked {what} ended {code}: nothing is known of it; check it again"
    return Problem(Kind.PROCESS, folder.timestamp, file, None, message)
