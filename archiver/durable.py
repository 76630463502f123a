# SPDX-License-Identifier: EUPL-1.2
"""
Writing so that what is called stored survives power loss. Knows nothing of what is written.

    write_file     open(temp) write fsync close rename fsync(folder)
    publish_dir    chmod and fsync(every file) chmod and fsync(every folder) rename fsync(parent)
    append_line    write, on a descriptor that only adds; the caller syncs
    cut_torn       what a crash left of a line that was not written to its end
    keep_aside     what a crash left behind the last sync, before it is cut off

A failed sync is final (StorageError): the kernel may have dropped the pages it could not write, so a
second sync that succeeds proves nothing (the 2018 PostgreSQL finding, known as fsyncgate).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import structlog

from index.errors import StorageError

MAX_TORN = 4 << 20
"""Bytes kept of one torn end."""
MAX_TORN_FILES = 25
"""Torn ends that are kept, the newest."""

logger = structlog.get_logger(__name__)


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
    errno.ENOENT: "The folder it belongs in is not there. Mount the disk it stands on, or choose another.",
    errno.EIO: "The disk failed. What was stored before is intact; check the disk before you run it again.",
    errno.EFBIG: "No file may grow that far here. What was stored before is intact; raise `ulimit -f`.",
    errno.EMFILE: "Too many files are open. What was stored before is intact; raise `ulimit -n`.",
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


def append_line(descriptor: int, line: bytes) -> None:
    """Write a line whole or not at all: a full disk may take a part of it."""
    end = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(line):
            written += os.write(descriptor, line[written:])
    except BaseException:
        os.ftruncate(descriptor, end)
        raise


def cut_torn(descriptor: int, most: int) -> None:
    """Take off a last line that a crash cut while it was written; lines have `most` bytes at most."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, most, max(size - most, 0))
    if not tail.endswith(b"\n"):
        os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)


@contextlib.contextmanager
def held_to_append(path: Path) -> Iterator[int]:
    """Open a file that is only added to, made if it is not there, and hold it against other processes."""
    with storage(f"write {path}"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def publish_dir(partial: Path, final: Path) -> None:
    """
    Make a folder read-only with all that is in it, sync it, and give it its final name.

    The rename is the commit point: before it the folder does not count, after it it is complete, and not
    even a crash at once leaves it open to writing; `reopen_dir` undoes the rights of one that did not come
    so far. Raises StorageError, also when `final` is there already.
    """
    with storage(f"seal {final}"):
        if final.exists():
            raise StorageError(f"Cannot seal {final}: it is there already. Nothing was changed.")
        for folder, _, names in os.walk(partial, topdown=False):
            for name in names:
                _sync_file(Path(folder) / name)
            Path(folder).chmod(0o555)
            sync_dir(Path(folder))
        partial.rename(final)
        sync_dir(final.parent)


def reopen_dir(partial: Path) -> None:
    """Let a folder be written in again that was about to be published when a crash came."""
    with storage(f"carry on in {partial}"):
        for folder, _, _ in os.walk(partial):
            Path(folder).chmod(0o755)


def _sync_file(path: Path) -> None:
    path.chmod(0o444)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def keep_aside(path: Path, offset: int, folder: Path | None) -> None:
    """
    Copy what a file holds from an offset on into a folder, before it is cut off, and say so in the log.

    At most MAX_TORN bytes of it, and the newest MAX_TORN_FILES of them: they are for who wants to know what
    a crash did, and nothing reads them again. A disk without room for that must not keep the repair from
    being made, so a refusal is only logged; with no folder nothing is kept.
    """
    size = path.stat().st_size - offset
    if size <= 0:
        return
    kept = None
    try:
        kept = _copied(path, offset, folder) if folder else None
    except (OSError, StorageError) as error:
        logger.warning("torn-not-kept", file=str(path), reason=str(error))
    logger.warning("torn", file=str(path), offset=offset, bytes=size, kept=kept and str(kept))


def _copied(path: Path, offset: int, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    newest_first = sorted(folder.glob("*.bin"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for old in newest_first[MAX_TORN_FILES - 1 :]:
        old.unlink()
    copy = folder / f"{path.name}-{offset}.bin"
    with path.open("rb") as file:
        file.seek(offset)
        write_file(copy, islice(iter(lambda: file.read(1 << 16), b""), MAX_TORN >> 16))
    return copy
