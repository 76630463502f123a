# SPDX-License-Identifier: EUPL-1.2
"""
The digest of every sealed day, kept outside its folder: sites/<site>/seals.jsonl, only ever added to.

    {"snapshot":"20260302023000","package":"sha256:…","previous":""}
    {"snapshot":"20260303023000","package":"sha256:…","previous":"sha256:…"}
    {"snapshot":"20260304023000","package":"sha256:…","previous":"sha256:…","late":"2026-03-09T08:00:00Z"}

`package` is the SHA-256 of the day's datapackage.json, `previous` that of the whole line before, its newline
included. So the digest of the newest line speaks for all days before it, and whoever keeps that one digest
elsewhere can tell whether any of them was changed, taken away or put in between. In the order of sealing, not
of days: an import of the past comes last. `late` stands in the line of a day that was found sealed, without a
line: nothing is known of what happened to it before that moment.

    state/seals/<site>.json     the newest line as this machine last wrote it: one that is no longer in
                                seals.jsonl means that it was cut, made anew, or is an old copy

Knows nothing of what a day holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from index.errors import DamagedError

from .collection import Collection
from .durable import append_line, cut_torn, held_to_append, storage, sync_dir, write_file
from .package import hash_file
from .snapshot_folder import SnapshotFolder

NAME = "seals.jsonl"
MAX_LINE = 4096
"""Bytes of a line that are read; ours have two hundred."""


class Seal(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one line says."""

    snapshot: str
    package: str
    previous: str
    late: str = ""
    """When the line was written, for a day that was not sealed just then."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line as it stands, and the digest by which the next one must call it."""

    seal: Seal
    digest: str


class Newest(msgspec.Struct, frozen=True):
    """The last line that this machine wrote."""

    snapshot: str
    seal: str


def seals_path(collection: Collection, site: str) -> Path:
    """Return where the seals of a site stand."""
    return collection.site_folder(site).parent / NAME


def read_seals(path: Path) -> Iterator[Kept]:
    """Yield the seals of a site, oldest first. Raises DamagedError at the first fault."""
    for one in survey(path):
        if isinstance(one, str):
            raise DamagedError(one)
        yield one


class Torn(str):
    """What is said of a last line that was not written to its end, as where the power failed."""

    __slots__ = ()


def survey(path: Path) -> Iterator[Kept | str]:
    """
    Yield every line that is a seal, and in between what is wrong: a line that is none, or does not follow.

    A last line that a crash cut off is told as `Torn`: the next command that may write cuts it away.

    Raises DamagedError where the file cannot be read.
    """
    if not path.exists():
        return
    previous: str | None = ""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # no line is read of which half is written
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), 1):
                if not line.endswith(b"\n") and len(line) < MAX_LINE:
                    yield Torn(f"{path} line {number}, its last, was not written to its end.")
                    return
                try:
                    kept = Kept(msgspec.json.decode(line, type=Seal), _digest_of(line))
                except (ValueError, msgspec.DecodeError, RecursionError) as error:
                    yield f"{path} line {number} is not a seal ({error})."
                    previous = None  # of the next line it cannot be told whether it follows
                    continue
                if previous is not None and kept.seal.previous != previous:
                    yield (
                        f"{path} line {number} does not follow on the line before it: a line was changed, "
                        "taken out or put in. Compare it with a copy kept elsewhere."
                    )
                previous = kept.digest
                yield kept
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror}).") from error


def seal_of(collection: Collection, folder: SnapshotFolder) -> Kept | None:
    """
    Return the line of one day as it stands, None where it has none that can be read.

    The lines before it are not held against each other: that is what `survey` is for. A look through ten
    years of lines takes less than a millisecond.
    """
    path, wanted = seals_path(collection, folder.site), f'"snapshot":"{folder.timestamp}"'.encode()
    with suppress(OSError, ValueError, msgspec.DecodeError, RecursionError):  # an empty file cannot be mapped
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            place = data.find(wanted)
            start, end = data.rfind(b"\n", 0, max(place, 0)) + 1, data.find(b"\n", max(place, 0)) + 1
            line = data[start : min(end, start + MAX_LINE)]
        if place >= 0 and end:
            seal = msgspec.json.decode(line, type=Seal)
            return Kept(seal, _digest_of(line)) if seal.snapshot == folder.timestamp else None
    return None


def keep_seal(collection: Collection, sealed: SnapshotFolder) -> None:
    """Add the line of a day that was sealed just now. Raises StorageError."""
    _keep(collection, sealed.site, [sealed], "")


def keep_found(collection: Collection, moment: datetime) -> None:
    """
    Add a line for every sealed day that has none, oldest first, and say in it since when.

    Called by every command but `verify`: so a crash between sealing and `keep_seal`, and an archive that is
    older than its seals, leave no gap. A day that has a line keeps it, whatever has become of the day: what
    differs is for `verify` to tell, and so is a file that was damaged. Raises StorageError.
    """
    for site in collection.sites():
        there, _ = _as_it_is(seals_path(collection, site))
        missing = [folder for folder in collection.snapshots(site) if folder.timestamp not in there]
        if missing or (there and not newest_path(collection, site).exists()):
            _keep(collection, site, missing, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def newest_path(collection: Collection, site: str) -> Path:
    """Return where the newest line of a site is remembered."""
    return collection.state / "seals" / f"{site}.json"


def newest(collection: Collection, site: str) -> Newest | None:
    """Return the newest line as this machine wrote it; None where that is not known. Raises DamagedError."""
    path = newest_path(collection, site)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Newest) if path.exists() else None
    except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(f"{path} cannot be read ({error}).") from error


def _keep(collection: Collection, site: str, folders: Sequence[SnapshotFolder], late: str) -> None:
    path = seals_path(collection, site)
    with held_to_append(path) as descriptor:
        cut_torn(descriptor, MAX_LINE)  # its day is added anew
        there, last = _as_it_is(path)
        for folder in folders:
            if folder.timestamp not in there and (digest := _package_digest(folder)):
                previous = last.seal if last else ""
                line = msgspec.json.encode(Seal(folder.timestamp, digest, previous, late)) + b"\n"
                append_line(descriptor, line)
                last = Newest(folder.timestamp, _digest_of(line))
        os.fsync(descriptor)
        sync_dir(path.parent)
        if last is not None and _goes_on(collection, site, path):
            newest_path(collection, site).parent.mkdir(exist_ok=True)
            write_file(newest_path(collection, site), [msgspec.json.encode(last)])


def _goes_on(collection: Collection, site: str, path: Path) -> bool:
    """Tell whether the newest line that is remembered is still there; otherwise it stays remembered."""
    with suppress(DamagedError):
        known = newest(collection, site)
        return known is None or any(digest == known.seal for digest, _ in _lines(path))
    return False


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield digest and bytes of every line, whatever has become of the file."""
    if path.exists():
        with storage(f"read {path}"), path.open("rb") as file:
            for line in iter(lambda: file.readline(MAX_LINE), b""):
                yield _digest_of(line), line


def _as_it_is(path: Path) -> tuple[set[str], Newest | None]:
    """Return the days that have a line, and the last line, whatever has become of the file."""
    there: set[str] = set()
    last: Newest | None = None
    for digest, line in _lines(path):
        last = Newest("", digest)
        with suppress(ValueError, msgspec.DecodeError, RecursionError):
            snapshot = msgspec.json.decode(line, type=Seal).snapshot
            there.add(snapshot)
            last = Newest(snapshot, digest)
    return there, last


def _package_digest(folder: SnapshotFolder) -> str | None:
    """Return the digest of a day's datapackage.json; None where it cannot be read, which `verify` tells."""
    try:
        return hash_file(folder.path / "datapackage.json")
    except OSError:
        return None


def _digest_of(line: bytes) -> str:
    return f"sha256:{hashlib.sha256(line).hexdigest()}"


class Row(msgspec.Struct, frozen=True):
    """What somebody kept of one day: its package, or the digest of its line, or both."""

    snapshot: str = ""
    timestamp: str = ""
    site: str = ""
    package: str | None = None
    seal: str | None = None

    @property
    def name(self) -> str:
        """Return the snapshot it speaks of."""
        return self.snapshot or self.timestamp


def elsewhere(text: bytes) -> list[Row]:
    """
    Return what somebody kept: `daykeep snapshots --json` or a row of it, or lines of seals.jsonl.

    Raises DamagedError where it is none of these.
    """
    try:
        try:
            whole = msgspec.json.decode(text, type=list[Row] | Row)
        except msgspec.DecodeError:
            whole = [_row(line) for line in text.splitlines() if line.strip()]
        if isinstance(whole, Row):  # a row by itself, or the only line
            whole = [_row(text.strip()) if whole.seal is None else whole]
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(
            f"The list of digests cannot be read ({error}). It is what `daykeep snapshots SITE --json` says, "
            "or a copy of seals.jsonl."
        ) from error
    return [row for row in whole if row.name and (row.package or row.seal)]


def _row(line: bytes) -> Row:
    row = msgspec.json.decode(line, type=Row)
    return row if row.seal else msgspec.structs.replace(row, seal=_digest_of(line.strip() + b"\n"))
