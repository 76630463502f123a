# SPDX-License-Identifier: EUPL-1.2
"""
All records of one file, looked at once and put where a snapshot can be made of them. Memory stays flat.

    file ─▶ stretches ─▶ processes that read ─▶ batches, in order ─▶ lines sorted on disk, log, figures

A stretch begins where a record seems to begin. Whether one does, the end of the stretch before it tells: if
the two differ, as where a record holds another in its block, it is read again from that end on. The
processes are started while the first long file is still being copied, and kept for the next. Knows nothing
of snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..durable import storage
from ..scanning.scan import find_start
from ..sorted_lines import SortedLines
from ..workers import Workers
from .batch import Batch, read_stretch
from .survey import Frame

STRETCH = 4 << 20
"""Bytes of a file that are read in one go."""
ALONE = 8
"""Stretches up to which starting processes costs more than it saves."""

Task = tuple[Path, Frame, int, int]
"""A file, what is the same for all its records, and a stretch."""


class Readers:
    """The processes that read long files. Close them."""

    def __init__(self) -> None:
        self._workers: Workers[Batch] | None = None

    def begin(self, size: int, stretch: int = STRETCH) -> None:
        """Start them, unless a file of that size is read here or they are there."""
        if size > ALONE * stretch and self._workers is None:
            self._workers = Workers(read_stretch)

    def close(self) -> None:
        """End them; for the next long file they are started again."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None

    def batches(self, path: Path, frame: Frame, stretch: int) -> Generator[Batch, None, None]:
        """Yield what is found in a file, in order. Raises DamagedError."""
        size = path.stat().st_size
        tasks = _tasks(path, frame, size, stretch)
        self.begin(size, stretch)
        if self._workers is None or size <= ALONE * stretch:
            yield from _chained((task, read_stretch(*task)) for task in tasks)
            return
        try:
            yield from _chained(self._workers.results(tasks))
        except BaseException:
            self.close()  # what they were asked for still waits in their pipes
            raise


@dataclass(slots=True)
class Surveyed:
    """A file whose records can be read where they stand, all of them looked at."""

    path: Path
    name: str
    """In the snapshot's archive/."""
    captures: SortedLines
    revisits: SortedLines
    segments: SortedLines
    sent: SortedLines
    """Requests other than GET, as `answering` has them."""
    log: Path
    """Lines of logs/import.jsonl."""
    records: int = 0
    skipped: int = 0
    problems: int = 0
    """Records with something an operator should see, and stretches that were skipped."""
    crowded: bool = False
    """Whether members hold several records, so that it has to be unpacked first."""
    days: dict[str, str] = field(default_factory=dict)
    """First moment of each day, of what stands in the index."""
    other_days: dict[str, str] = field(default_factory=dict)
    """The same of all else."""
    ledgers: list[tuple[int, str]] = field(default_factory=list)
    """Where ledgers of ours begin, and on which day they were written."""
    begun: list[str] = field(default_factory=list)
    """When snapshots of ours began."""

    @property
    def indexed(self) -> int:
        """How many records the index knows."""
        return len(self.captures) + len(self.revisits) + len(self.segments)

    def add(self, batch: Batch) -> None:
        """Take in what was found in one stretch."""
        self.captures.add_all(batch.captures)
        self.revisits.add_all(batch.revisits)
        self.segments.add_all(batch.segments)
        self.records += batch.records
        self.skipped += batch.skipped
        self.problems += batch.problems
        self.crowded = self.crowded or batch.crowded
        self.ledgers += batch.ledgers
        self.begun += batch.begun
        self.sent.add_all(batch.sent)
        _merge(self.days, batch.days)
        _merge(self.other_days, batch.other_days)


def survey(
    path: Path,
    frame: Frame,
    lines: Path,
    read: Callable[[int], None] = lambda _: None,
    *,
    readers: Readers | None = None,
    stretch: int = STRETCH,
) -> Surveyed:
    """
    Look at every record of a file; `lines` is a folder for what is sorted, `read` is told of bytes read.

    `readers` are the caller's, who closes them; without them a long file has its own.
    Raises DamagedError where the file cannot be read at all, StorageError.
    """
    number = len(list(lines.iterdir()))
    log = lines / f"log-{number}.jsonl"
    captures, revisits, segments, sent = (
        SortedLines(lines, f"{what}-{number}") for what in ("c", "r", "s", "q")
    )
    found = Surveyed(path, frame.file, captures, revisits, segments, sent, log)
    at = 0
    with (
        closing(Readers()) as own,
        storage(f"write {log}"),
        log.open("wb") as out,
        closing((readers or own).batches(path, frame, stretch)) as batches,
    ):
        for batch in batches:
            out.write(batch.told)
            found.add(batch)
            read(batch.end - at)
            at = batch.end
    return found


def _tasks(path: Path, frame: Frame, size: int, length: int) -> Iterator[Task]:
    start = 0
    while start < size:
        following = find_start(path, start + length, frame.form) if start + length < size else None
        yield path, frame, start, size if following is None else following
        start = size if following is None else following


def _chained(results: Iterable[tuple[Task, Batch]]) -> Iterator[Batch]:
    """Yield batches that follow each other without a gap, reading again what began in the wrong place."""
    at = 0
    for (path, frame, start, stop), batch in results:
        if at >= stop:
            continue  # a record reaches over all of it
        right = batch if start == at else read_stretch(path, frame, at, stop)
        at = right.end
        yield right


def _merge(days: dict[str, str], more: dict[str, str]) -> None:
    for day, moment in more.items():
        days[day] = min(moment, days.get(day, moment))
