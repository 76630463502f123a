# SPDX-License-Identifier: EUPL-1.2
"""
The copies that an import works on: what is sealed is what was read. Knows nothing of what is in a file.

    sites/<site>/import/given/<name>   a file as it was given, hashed while copied, synced while read
                       /read/          WARCs made of files whose records cannot be read where they stand
                       /lines/         sorted lines on their way into an index

The folder is removed at the end of the import, and by the next one after a crash.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path

from index.errors import NotFoundError

from ..durable import storage, sync_dir

_PIECE = 1 << 20
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIX = re.compile(r"(?:\.(?:warc|arc|wacz|gz|gzip|zst|zstd|zip|open|txt))+\Z", re.IGNORECASE)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows the dot."""
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Given:
    """A file that was given, as it was copied."""

    source: Path
    """Where it was given."""
    path: Path
    """Where its copy stands."""
    sha256: str
    """`sha256:` and hexadecimal digits."""
    bytes: int

    @property
    def name(self) -> str:
        """Its name as it was given."""
        return self.source.name


@dataclass(slots=True)
class Staging:
    """The folder of one import."""

    folder: Path
    _names: set[str] = field(default_factory=set)
    _hasher: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _syncer: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    """Both leave Python, and the other core has nothing to do meanwhile."""
    _syncing: list[Future[None]] = field(default_factory=list)

    def begin(self) -> None:
        """Make the folder. Raises StorageError."""
        with storage(f"make the folder {self.folder}"):
            for name in ("given", "read", "lines"):
                (self.folder / name).mkdir(parents=True)

    def copy(self, source: Path, copied: Callable[[int], None]) -> Given:
        """
        Copy a file, telling how many bytes have been copied at a time. `settle` says that it is on disk.

        Raises NotFoundError where it cannot be read, StorageError where the copy cannot be written.
        """
        target = self.folder / "given" / f"{len(list((self.folder / 'given').iterdir())):05d}"
        digest, size = hashlib.sha256(), 0
        with storage(f"copy {source} to {target}"), target.open("wb", buffering=0) as out:
            for piece in _pieces(source):
                hashed = self._hasher.submit(digest.update, piece)
                try:
                    _write(out, piece)
                finally:
                    hashed.result()
                size += len(piece)
                copied(len(piece))
        self._syncing.append(self._syncer.submit(_sync, target))
        return Given(source, target, f"sha256:{digest.hexdigest()}", size)

    def settle(self) -> None:
        """Wait until every copy is on disk. Raises StorageError where the disk refuses."""
        with storage(f"sync the copies in {self.folder}"):
            while self._syncing:
                self._syncing.pop(0).result()

    def new_folder(self) -> Path:
        """Make a folder for what is unpacked from one file. Raises StorageError."""
        parent = self.folder / "read"
        folder = parent / f"{len(list(parent.iterdir())):05d}"
        with storage(f"make the folder {folder}"):
            folder.mkdir()
        return folder

    def name(self, given: str, suffix: str, place: str = "archive") -> str:
        """
        Return a name for a file in a folder of a snapshot: safe on every disk, unlike others of this import.

        Letters, digits, dots, hyphens and underscores of ASCII, at most some hundred of them, with a suffix
        that says what the file is. Names that differ in case alone are the same name on some disks.
        """
        stem = _SUFFIX.sub("", _UNSAFE.sub("_", given))[:_LONGEST].strip("._-") or "file"
        stem = f"file-{stem}" if _RESERVED.match(stem) else stem
        name, number = f"{stem}{suffix}", 1
        while f"{place}/{name.casefold()}" in self._names:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._names.add(f"{place}/{name.casefold()}")
        return name

    def free(self) -> None:
        """Remove the folder with all that is in it. Raises StorageError."""
        for hand in (self._hasher, self._syncer):
            hand.shutdown(cancel_futures=True)
        with storage(f"remove {self.folder}"):
            shutil.rmtree(self.folder)
            sync_dir(self.folder.parent)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def require_readable(source: Path) -> None:
    """Raise NotFoundError where a file cannot be read, or not twice: a pipe, a device, a folder."""
    with _reading(source):
        mode = source.stat().st_mode
    if stat.S_ISDIR(mode):
        raise NotFoundError(f"{source} is a folder. Name the files in it.")
    if not stat.S_ISREG(mode):
        raise NotFoundError(f"{source} is a pipe or a device. Write what comes out of it to a file first.")
    next(_pieces(source), None)


def _pieces(source: Path) -> Iterator[memoryview]:
    """Yield a file in pieces, each good until the next: new memory for each costs as much as reading it."""
    held = bytearray(_PIECE)
    with _reading(source), source.open("rb", buffering=0) as file:
        while length := file.readinto(held):
            yield memoryview(held)[:length]


def _write(out: RawIOBase, piece: memoryview) -> None:
    """Write all of a piece; a disk that fills up takes a part of it first."""
    while len(piece):
        piece = piece[out.write(piece) or 0 :]


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotFoundError(
            f"{source} cannot be read ({error.strerror or error}). Name a file that can."
        ) from error
