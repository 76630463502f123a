# SPDX-License-Identifier: EUPL-1.2
"""
Writing so that what is called stored survives power loss. Knows nothing of what is written.

    write_file     open(temp) write fsync close rename fsync(folder)
    publish_dir    fsync(every file) fsync(every folder) rename fsync(parent)

A failed sync is final (StorageError): the kernel may have dropped the pages it could not write, so a
second sync that succeeds proves nothing (the 2018 PostgreSQL finding, known as fsyncgate).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from index.errors import StorageError


@contextlib.contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn an OSError inside into a StorageError that says what was being done and what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, _ELSE)
        raise StorageError(f"Cannot {what}: {error.strerror or error}. {advice}") from error


_ELSE = "What was stored before is intact; mend the disk or its rights and run the command again."
_ADVICE = {
    errno.ENOSPC: "The disk is full. What was stored before is intact; free space and run the command again.",
    errno.EDQUOT: "The quota is used up. What was stored before is intact; raise it and run again.",
    errno.EACCES: "Give the user that runs Daykeep the right to write there, or choose another folder.",
    errno.EPERM: "Give the user that runs Daykeep the right to write there, or choose another folder.",
    errno.EROFS: "The disk is mounted read-only. Mount it for writing, or choose another folder.",
    errno.ENOTDIR: "Something that is not a folder is in the way. Choose another folder.",
}


def sync_dir(folder: Path) -> None:
    """Sync a folder, so that names created or renamed in it survive power loss."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, chunks: Iterable[bytes]) -> int:
    """
    Write a whole file or nothing, and return its size in bytes.

    The name appears only when every byte is on disk. Raises StorageError.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    size = 0
    with storage(f"write {path}"):
        try:
            with temporary.open("wb") as file:
                for chunk in chunks:
                    size += file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_dir(path.parent)
    return size


def publish_dir(partial: Path, final: Path) -> None:
    """
    Sync a folder with all that is in it, make it read-only, and give it its final name.

    The rename is the commit point: before it the folder does not count, after it it is complete.
    Raises StorageError, also when `final` is there already.
    """
    with storage(f"seal {final}"):
        if final.exists():
            raise StorageError(f"Cannot seal {final}: it is there already. Nothing was changed.")
        for folder, _, names in os.walk(partial, topdown=False):
            for name in names:
                _sync_file(Path(folder) / name)
            sync_dir(Path(folder))
        partial.rename(final)
        sync_dir(final.parent)
        for folder, _, _ in os.walk(final):
            Path(folder).chmod(0o555)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    path.chmod(0o444)
