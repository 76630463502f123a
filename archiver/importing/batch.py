# SPDX-License-Identifier: EUPL-1.2
"""What was found in one stretch of a file, as plain values that go from process to process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..scanning.scan import scan
from .survey import Frame, Row, row_of

CROWDED = b'"rule":"crowded-member"'


@dataclass(slots=True)
class Batch:
    """All records that begin in a stretch of a file. For the fields see `surveying.Surveyed`."""

    end: int
    """Where the last of them ends, and the next should begin."""
    captures: list[bytes] = field(default_factory=list)
    revisits: list[bytes] = field(default_factory=list)
    segments: list[bytes] = field(default_factory=list)
    told: bytes = b""
    records: int = 0
    skipped: int = 0
    problems: int = 0
    crowded: bool = False
    days: dict[str, str] = field(default_factory=dict)
    other_days: dict[str, str] = field(default_factory=dict)
    ledgers: list[tuple[int, str]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)


def read_stretch(path: Path, frame: Frame, start: int, stop: int) -> Batch:
    """Read all records that begin between two places of a file. Raises DamagedError."""
    batch, told = Batch(start), []
    for one in scan(path, start, stop, form=frame.form):
        row = row_of(frame, one)
        if row.told:
            told.append(row.told)
        _note(batch, row)
        batch.end = one.end
    batch.told = b"".join(told)
    batch.captures.sort()
    return batch


def _note(batch: Batch, row: Row) -> None:
    batch.problems += row.problems
    if row.sort == "skipped":
        batch.skipped += 1
        batch.crowded = batch.crowded or CROWDED in row.told
        return
    batch.records += 1
    if row.sort in {"other", "sent"}:
        _earliest(batch.other_days, row)
        batch.sent += [row.line] if row.line else []
        return
    {"revisit": batch.revisits, "segment": batch.segments}.get(row.sort, batch.captures).append(row.line)
    _earliest(batch.days, row)
    if row.mark == "ledger":
        batch.ledgers.append((row.offset, row.day))
    elif row.mark:
        batch.begun.append(row.moment)


def _earliest(days: dict[str, str], row: Row) -> None:
    if row.day and (row.day not in days or row.moment < days[row.day]):
        days[row.day] = row.moment
