# SPDX-License-Identifier: EUPL-1.2
"""
The register of takedowns on disk: DATA/takedowns.jsonl, beside the archive and no part of any sealed day.

    add     lock, cut what a crash left of a last line, check all that is there, append, sync file and folder
    read    the decisions, in their order; a last line without an end was never decided

It is not derived from anything: no `rebuild` makes it again, and a copy of it belongs to every copy of the
archive. index/takedown.py has the form of a line. Knows nothing of what is shown where.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import msgspec

from index.cdxj import Index
from index.errors import ArchiveError, DamagedError, NotFoundError
from index.model import Capture
from index.takedown import VERSION, Action, DayOf, Decision, Reach, Register, reach_of

from .collection import Collection
from .durable import append_line, cut_torn, held_to_append, sync_dir
from .snapshot_folder import SnapshotFolder

NAME = "takedowns.jsonl"
MAX_LINE = 64 << 10
"""Bytes of a line; the longest that can be decided has some fifty thousand, nearly all of it escapes."""
MAX_BYTES = 64 << 20
"""Bytes of a register: a hundred thousand decisions and more."""


def takedowns_path(collection: Collection) -> Path:
    """Return where the register stands."""
    return collection.root / NAME


def read_takedowns(path: Path) -> Register:
    """Return all decisions; none where there is no register. Raises DamagedError: then nothing is known."""
    try:
        with path.open("rb") as file:
            return _register(path, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return Register()
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror}). Mend that, or restore it.") from error


def add_takedown(collection: Collection, decision: Decision) -> None:
    """
    Add a decision; once this returns it is kept whatever happens to the machine.

    Raises StorageError, and DamagedError where the register cannot be read: nothing is added to that.
    """
    path = takedowns_path(collection)
    line = msgspec.json.encode(decision) + b"\n"
    _decided(path, 0, line)
    with held_to_append(path) as descriptor:
        cut_torn(descriptor, MAX_LINE)
        size = os.fstat(descriptor).st_size
        if not size:
            os.fchmod(descriptor, 0o644)  # whoever decides: the viewer, another user maybe, has to read it
        if size + len(line) > MAX_BYTES:
            raise ArchiveError(f"{path} has no room: it may have {MAX_BYTES} bytes.")
        _register(path, os.pread(descriptor, size, 0))
        append_line(descriptor, line)
        os.fsync(descriptor)
        sync_dir(path.parent)


def _register(path: Path, data: bytes) -> Register:
    if len(data) > MAX_BYTES:
        raise DamagedError(
            f"{path} has more than {MAX_BYTES} bytes, which no register of ours has. Restore it."
        )
    whole = data[: data.rfind(b"\n") + 1]
    lines = enumerate(whole.splitlines(keepends=True), 1)
    return Register([_decided(path, number, line) for number, line in lines])


class _Versioned(msgspec.Struct):
    """As much of a line as every version has."""

    takedowns: int


def _decided(path: Path, number: int, line: bytes) -> Decision:
    try:
        version = msgspec.json.decode(line, type=_Versioned).takedowns
        if version == VERSION:
            return msgspec.json.decode(line, type=Decision)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(
            f"{path} line {number} is no decision ({error}). Restore it from a copy."
        ) from error
    raise DamagedError(
        f"{path} line {number} has version {version}; this version of Daykeep reads version {VERSION}."
    )


def withheld_in(
    register: Register, day: SnapshotFolder, day_of: DayOf, prefix: str = ""
) -> Iterator[tuple[Capture, Decision]]:
    """Yield what a sealed day captured, at addresses that begin so, and the public is not shown, and why."""
    for decision in register.decisions if register else ():
        for one in _concerned(day.index, decision):
            found = register.withheld(one.url, day.timestamp, day_of)
            if found is not None and one.url.startswith(prefix):
                yield one, found


def _concerned(index: Index, decision: Decision) -> Iterator[Capture]:
    """Yield the captures that a decision to hide may be about, those of other methods than GET among them."""
    if decision.action is not Action.HIDE:
        return
    reach = reach_of(decision)
    yield from index.exact(reach.key)
    for start in reach.starts or (f"{reach.key.partition('?')[0]}?",):
        yield from index.prefix(start)


def days_with(collection: Collection, decision: Decision) -> Iterator[SnapshotFolder]:
    """Yield the sealed days, of every site, that have a capture which a decision is about."""
    reach = reach_of(decision)
    for site in collection.sites():
        for day in collection.snapshots(site):
            with suppress(DamagedError, NotFoundError):  # `verify` tells of a day that cannot be read
                if _is_meant(decision, day) and _has(day, reach):
                    yield day


def _is_meant(decision: Decision, day: SnapshotFolder) -> bool:
    return decision.covers(day.timestamp, lambda _: day.summary.day)


def _has(day: SnapshotFolder, reach: Reach) -> bool:
    with day.index as index:
        found: Iterator[Capture] = chain(index.exact(reach.key), *map(index.prefix, reach.starts))
        return next(found, None) is not None
