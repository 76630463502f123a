# SPDX-License-Identifier: EUPL-1.2
"""
All records of one file, looked at once and put where a snapshot can be made of them. Memory stays flat.

    file ─▶ stretches ─▶ processes that read ─▶ batches, in order ─▶ lines sorted on disk, log, figures

A stretch begins where a record seems to begin. Whether one does, the end of the stretch before it tells: if
the two differ, as where a record holds another in its block, it is read again from that end on. Knows nothing
of snapshots or of other files.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
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

Stretch = tuple[int, int]


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
    stretch: int = STRETCH,
) -> Surveyed:
    """
    Look at every record of a file; `lines` is a folder for what is sorted, `read` is told of bytes read.

    Raises DamagedError where the file cannot be read at all, StorageError.
    """
    number = len(list(lines.iterdir()))
    log = lines / f"log-{number}.jsonl"
    captures, revisits, segments, sent = (
        SortedLines(lines, f"{what}-{number}") for what in ("c", "r", "s", "q")
    )
    found = Surveyed(path, frame.file, captures, revisits, segments, sent, log)
    with storage(f"write {log}"), log.open("wb") as out, closing(_batches(path, frame, stretch)) as batches:
        at = 0
        for batch in batches:
            out.write(batch.told)
            found.add(batch)
            read(batch.end - at)
            at = batch.end
    return found


def _batches(path: Path, frame: Frame, stretch: int) -> Generator[Batch, None, None]:
    size = path.stat().st_size
    make = partial(read_stretch, path, frame)
    if size <= ALONE * stretch:
        yield from _chained(make, ((one, make(*one)) for one in _stretches(path, frame, size, stretch)))
        return
    with closing(Workers(make)) as workers:
        yield from _chained(make, workers.results(_stretches(path, frame, size, stretch)))


def _stretches(path: Path, frame: Frame, size: int, length: int) -> Iterator[Stretch]:
    start = 0
    while start < size:
        following = find_start(path, start + length, frame.form) if start + length < size else None
        yield start, size if following is None else following
        start = size if following is None else following


def _chained(make: Callable[[int, int], Batch], results: Iterable[tuple[Stretch, Batch]]) -> Iterator[Batch]:
    """Yield batches that follow each other without a gap, reading again what began in the wrong place."""
    at = 0
    for (start, stop), batch in results:
        if at >= stop:
            continue  # a record reaches over all of it
        right = batch if start == at else make(at, stop)
        at = right.end
        yield right


def _merge(days: dict[str, str], more: dict[str, str]) -> None:
    for day, moment in more.items():
        days[day] = min(moment, days.get(day, moment))
