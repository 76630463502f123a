# SPDX-License-Identifier: EUPL-1.2
"""
The digest of every sealed day, kept outside its folder: sites/<site>/seals.jsonl, only ever added to.

    {"snapshot":"20260302023000","package":"sha256:…","previous":""}
    {"snapshot":"20260303023000","package":"sha256:…","previous":"sha256:…"}

`package` is the SHA-256 of the day's datapackage.json, `previous` that of the whole line before, its newline
included. So the digest of the newest line speaks for all days before it, and whoever keeps that one digest
elsewhere can tell whether any of them was changed, taken away or put in between. In the order of sealing, not
of days: an import of the past comes last. Knows nothing of what a day holds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from index.errors import DamagedError

from .collection import Collection, SnapshotFolder
from .durable import storage, sync_dir
from .package import hash_file

NAME = "seals.jsonl"
MAX_LINE = 4096
"""Bytes of a line that are read; ours have two hundred."""


class Seal(msgspec.Struct, frozen=True):
    """What one line says."""

    snapshot: str
    package: str
    previous: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A line as it stands, and the digest by which the next one must call it."""

    seal: Seal
    digest: str


def seals_path(collection: Collection, site: str) -> Path:
    """Return where the seals of a site stand."""
    return collection.site_folder(site).parent / NAME


def read_seals(path: Path) -> Iterator[Kept]:
    """Yield the seals of a site, oldest first. Raises DamagedError at the first fault."""
    if not path.exists():
        return
    previous = ""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), 1):
                kept = _kept(line, number, path)
                if kept.seal.previous != previous:
                    raise DamagedError(
                        f"{path} line {number} does not follow on the line before it: a line was changed, "
                        "taken out or put in. Compare it with a copy kept elsewhere."
                    )
                previous = kept.digest
                yield kept
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror}).") from error


def keep_seals(collection: Collection, site: str) -> None:
    """
    Add a line for every sealed day of a site that has none yet, oldest first. Raises StorageError.

    Called after a day is sealed, and by every command, so that a crash between the two leaves no gap. A day
    that has a line keeps it, whatever has become of the day: what differs is for `verify` to tell, and so is
    a file that was damaged.
    """
    path = seals_path(collection, site)
    if not (missing := _missing(collection, site, path)):
        return
    with _held(path) as descriptor:
        _cut_torn(path, descriptor)
        there, previous = _as_it_is(path)
        for folder in missing:
            if folder.timestamp not in there and (digest := _package_digest(folder)):
                line = msgspec.json.encode(Seal(folder.timestamp, digest, previous)) + b"\n"
                os.write(descriptor, line)
                previous = _digest_of(line)
        os.fsync(descriptor)
        sync_dir(path.parent)


def _missing(collection: Collection, site: str, path: Path) -> list[SnapshotFolder]:
    there, _ = _as_it_is(path)
    return [folder for folder in collection.snapshots(site) if folder.timestamp not in there]


def _as_it_is(path: Path) -> tuple[set[str], str]:
    """Return the days that have a line, and the digest of the last line, whatever has become of the file."""
    there: set[str] = set()
    line = b""
    if path.exists():
        with storage(f"read {path}"), path.open("rb") as file:
            for line in iter(lambda: file.readline(MAX_LINE), b""):
                with suppress(ValueError, msgspec.DecodeError, RecursionError):
                    there.add(msgspec.json.decode(line, type=Seal).snapshot)
    return there, _digest_of(line) if line else ""


def _package_digest(folder: SnapshotFolder) -> str | None:
    """Return the digest of a day's datapackage.json; None where it cannot be read, which `verify` tells."""
    try:
        return hash_file(folder.path / "datapackage.json")
    except OSError:
        return None


def _kept(line: bytes, number: int, path: Path) -> Kept:
    try:
        return Kept(msgspec.json.decode(line, type=Seal), _digest_of(line))
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(f"{path} line {number} is not a seal ({error}).") from error


def _digest_of(line: bytes) -> str:
    return f"sha256:{hashlib.sha256(line).hexdigest()}"


@contextmanager
def _held(path: Path) -> Iterator[int]:
    with storage(f"write {path}"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _cut_torn(path: Path, descriptor: int) -> None:
    """Take off a line that a crash cut while it was written; its day is added anew."""
    size = path.stat().st_size
    tail = os.pread(descriptor, MAX_LINE, max(size - MAX_LINE, 0))
    if not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)


def elsewhere(text: bytes) -> dict[str, str]:
    """
    Return the digests by snapshot of a list that somebody kept: `daykeep snapshots --json`, or seals.jsonl.

    Raises DamagedError where it is neither.
    """
    try:
        if text.lstrip().startswith(b"["):
            rows = msgspec.json.decode(text, type=list[_Row])
        else:
            rows = [msgspec.json.decode(line, type=_Row) for line in text.splitlines() if line.strip()]
        return {row.snapshot or row.timestamp: row.package for row in rows}
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(
            f"The list of digests cannot be read ({error}). It is what `daykeep snapshots SITE --json` says, "
            "or a copy of seals.jsonl."
        ) from error


class _Row(msgspec.Struct, frozen=True):
    package: str
    snapshot: str = ""
    timestamp: str = ""
