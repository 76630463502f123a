# SPDX-License-Identifier: EUPL-1.2
"""
Where the files of an export are written: into a folder, a ZIP, or one after the other. Knows no WARC.

    Folder   each a file, synced, below a root
    Zip      members of a ZIP, stored and never deflated (WACZ 1.1.1 section 4.2), 64-bit throughout (ZIP64)
    Joined   one file: records that follow each other are a WARC

Each is written as a stream, hashed on its way, and can be read back where it stands (`stretch`). The same
content makes the same bytes: dates are given, never those of the machine.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from index.errors import ArchiveError, ConfigurationError

from ..durable import storage, sync_dir, write_file

CHUNK = 1 << 20
_MODE = 0o100644 << 16
# The ZIP64 field stands in a member's own header alone. ReplayWeb.page 2.5 takes a member without an extra
# field in the directory for one without any, and reads it from the wrong byte on; with a modification time in
# UTC, as Info-ZIP writes it, both have one.
_EXTENDED = 0x5455


class TooLargeError(ArchiveError):
    """An export would be larger than there is room for."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file as it was written."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of a file on disk, from `start` up to but not including `end`."""

    path: Path
    start: int
    end: int


@dataclass(slots=True)
class Meter:
    """Counts the bytes of an export: tells how far it is, and stops it where there is no more room."""

    total: int
    """Bytes that are expected, about."""
    tell: Callable[[int, int], None]
    """Called with bytes done and expected."""
    room: int | None = None
    """Most bytes that may be written."""
    done: int = 0
    written: int = 0

    def write(self, number: int) -> None:
        """Count bytes written. Raises TooLargeError."""
        self.written += number
        if self.room is not None and self.written > self.room:
            raise TooLargeError(f"The export would be larger than the {self.room} bytes there is room for.")
        self.read(number)

    def read(self, number: int) -> None:
        """Count bytes read back."""
        self.done += number
        self.tell(self.done, max(self.total, self.done))


class Output(Protocol):
    """A place for the files of an export."""

    def add(self, path: str, chunks: Iterable[bytes]) -> Written:
        """Write a file. Raises StorageError, and ConfigurationError where the path is taken."""

    def take(self, path: str, file: Path) -> Written:
        """Write a file that stands on disk already, which is gone afterwards."""

    def stretch(self, path: str) -> Stretch:
        """Return where a file that was added can be read."""


class Folder:
    """Files below a root, which must be there."""

    def __init__(self, root: Path, meter: Meter) -> None:
        self._root = root
        self._meter = meter

    def add(self, path: str, chunks: Iterable[bytes]) -> Written:
        """Write a file and sync it."""
        target = self._new(path)
        digest = hashlib.sha256()
        size = write_file(target, _told(chunks, digest.update, self._meter))
        return Written(path, size, digest.hexdigest())

    def take(self, path: str, file: Path) -> Written:
        """Move a file here; it has been synced, and its bytes have been counted."""
        target = self._new(path)
        with storage(f"move {file} to {target}"):
            file.rename(target)
        return Written(path, target.stat().st_size, hash_of(target))

    def stretch(self, path: str) -> Stretch:
        """Return the whole file."""
        target = self._root / path
        return Stretch(target, 0, target.stat().st_size)

    def sync(self) -> None:
        """Sync every folder, so that the names in it survive power loss."""
        for folder, _, _ in os.walk(self._root):
            sync_dir(Path(folder))

    def _new(self, path: str) -> Path:
        target = self._root / path
        if target.exists():
            raise _taken(path)
        with storage(f"make the folder {target.parent}"):
            target.parent.mkdir(parents=True, exist_ok=True)
        return target


class Zip:
    """Members of a ZIP. Close it; raises StorageError."""

    def __init__(self, path: Path, moment: datetime, meter: Meter) -> None:
        self._path = path
        self._moment = moment.timetuple()[:6]
        self._stamp = struct.pack("<HHBL", _EXTENDED, 5, 1, int(moment.timestamp()) & 0xFFFFFFFF)
        self._meter = meter
        self._stretches: dict[str, Stretch] = {}
        with storage(f"write {path}"):
            self._file = path.open("w+b")
            self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED, allowZip64=True)

    def add(self, path: str, chunks: Iterable[bytes]) -> Written:
        """Write a member."""
        if path in self._stretches:
            raise _taken(path)
        info = zipfile.ZipInfo(path, self._moment)
        info.external_attr, info.create_system, info.extra = _MODE, 3, self._stamp
        digest, size = hashlib.sha256(), 0
        with storage(f"write {self._path}"), self._zip.open(info, "w", force_zip64=True) as member:
            start = self._file.tell()
            for chunk in _told(chunks, digest.update, self._meter):
                size += member.write(chunk)
        self._stretches[path] = Stretch(self._path, start, start + size)
        return Written(path, size, digest.hexdigest())

    def take(self, path: str, file: Path) -> Written:
        """Copy a file in, and delete it."""
        return _take(self, path, file)

    def stretch(self, path: str) -> Stretch:
        """Return where a member's bytes stand, which are on disk."""
        with storage(f"write {self._path}"):
            self._file.flush()
        return self._stretches[path]

    def close(self) -> None:
        """Write the list of members, and sync."""
        with storage(f"write {self._path}"):
            self._zip.close()
            _sync(self._file)
            self._file.close()

    def abandon(self) -> None:
        """Let go of a ZIP that will not be finished."""
        with suppress(OSError, ValueError):  # ValueError: a member was being written
            self._zip.close()
        with suppress(OSError):
            self._file.close()


class Joined:
    """Files one after the other in one. Close it; raises StorageError."""

    def __init__(self, path: Path, meter: Meter) -> None:
        self._path = path
        self._meter = meter
        self._stretches: dict[str, Stretch] = {}
        with storage(f"write {path}"):
            self._file = path.open("w+b")

    def add(self, path: str, chunks: Iterable[bytes]) -> Written:
        """Write what comes next."""
        if path in self._stretches:
            raise _taken(path)
        digest = hashlib.sha256()
        with storage(f"write {self._path}"):
            start = self._file.tell()
            for chunk in _told(chunks, digest.update, self._meter):
                self._file.write(chunk)
            self._stretches[path] = Stretch(self._path, start, self._file.tell())
        return Written(path, self._file.tell() - start, digest.hexdigest())

    def take(self, path: str, file: Path) -> Written:
        """Copy a file in, and delete it."""
        return _take(self, path, file)

    def stretch(self, path: str) -> Stretch:
        """Return where what was added stands."""
        with storage(f"write {self._path}"):
            self._file.flush()
        return self._stretches[path]

    def close(self) -> None:
        """Sync and close."""
        with storage(f"write {self._path}"):
            _sync(self._file)
            self._file.close()

    def abandon(self) -> None:
        """Let go of a file that will not be finished."""
        with suppress(OSError):
            self._file.close()


def read_chunks(path: Path) -> Iterable[bytes]:
    """Yield the bytes of a file."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises StorageError."""
    with storage(f"read {path}"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def zip_folder(root: Path, target: Path, moment: datetime) -> None:
    """
    Make a folder one ZIP, its files in the order of their paths, each deleted when it has been copied.

    Synced; raises StorageError.
    """
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    made = Zip(target, moment, Meter(0, lambda _done, _total: None))
    try:
        for path in paths:
            made.take(path.relative_to(root).as_posix(), path)
        made.close()
    except BaseException:
        made.abandon()
        raise


def _take(into: Zip | Joined, path: str, file: Path) -> Written:
    written = into.add(path, read_chunks(file))
    with storage(f"delete {file}"):
        file.unlink()
    return written


def _told(chunks: Iterable[bytes], update: Callable[[bytes], object], meter: Meter) -> Iterable[bytes]:
    for chunk in chunks:
        update(chunk)
        meter.write(len(chunk))
        yield chunk


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _taken(path: str) -> ConfigurationError:
    return ConfigurationError(
        f"Two files of the export would be {path}; let the names in the profile tell them apart."
    )
