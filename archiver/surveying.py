# SPDX-License-Identifier: EUPL-1.2
"""
All records of one file, looked at once and put where a snapshot can be made of them. Memory stays flat.

    file ─scan─▶ Row, Row, …   lines sorted on disk, the log as it comes, and a few figures

Knows nothing of snapshots or of other files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .durable import storage
from .scan import scan
from .sorted_lines import SortedLines
from .survey import Frame, Row, row_of

CROWDED = "crowded-member"
_STEP = 256
"""Records after which is told how far it is."""


@dataclass(slots=True)
class Surveyed:
    """A file whose records can be read where they stand, all of them looked at."""

    path: Path
    name: str
    """In the snapshot's archive/."""
    captures: SortedLines
    revisits: SortedLines
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
    not_get: set[str] = field(default_factory=set)
    """WARC-Record-IDs of what answers other methods than GET."""

    @property
    def indexed(self) -> int:
        """How many records get a line in the index."""
        return len(self.captures) + len(self.revisits)


def survey(path: Path, frame: Frame, lines: Path, read: Callable[[int], None] = lambda _: None) -> Surveyed:
    """
    Look at every record of a file; `lines` is a folder for what is sorted, `read` is told of bytes read.

    Raises DamagedError where the file cannot be read at all, StorageError.
    """
    number = len(list(lines.iterdir()))
    log = lines / f"log-{number}.jsonl"
    captures, revisits = (SortedLines(lines, f"{what}-{number}") for what in ("captures", "revisits"))
    found = Surveyed(path, frame.file, captures, revisits, log)
    with storage(f"write {log}"), log.open("wb") as out:
        for row in _rows(path, frame, read):
            out.write(row.told)
            _note(found, row)
    return found


def _rows(path: Path, frame: Frame, read: Callable[[int], None]) -> Iterator[Row]:
    make = partial(row_of, frame)
    at = 0
    for number, one in enumerate(scan(path)):
        yield make(one)
        if not number % _STEP:
            read(one.end - at)
            at = one.end
    read(path.stat().st_size - at)


def _note(found: Surveyed, row: Row) -> None:
    found.problems += row.problems
    if row.sort == "skipped":
        found.skipped += 1
        found.crowded = found.crowded or CROWDED.encode() in row.told
        return
    found.records += 1
    if row.sort == "other":
        _earliest(found.other_days, row)
        if row.answers:
            found.not_get.add(row.answers)
        return
    (found.revisits if row.sort == "revisit" else found.captures).add(row.line)
    _earliest(found.days, row)
    if row.mark == "ledger":
        found.ledgers.append((row.offset, row.day))
    elif row.mark:
        found.begun.append(row.moment)


def _earliest(days: dict[str, str], row: Row) -> None:
    if row.day and (row.day not in days or row.moment < days[row.day]):
        days[row.day] = row.moment
