# SPDX-License-Identifier: EUPL-1.2
"""
Questions to an SQLite file that is not written to, also where it cannot be. Knows nothing of what is asked.

    journal by rollback                read as it stands: its locks need no file
    WAL, no -wal there                 read as a file that does not change, and again where it did meanwhile
    WAL, -wal and -shm there           read beside whoever writes
    anything else, as after a crash    a copy with its journals is read, in the temporary folder

In WAL mode who reads makes two files beside the database, unless it says that the file does not change
(https://www.sqlite.org/wal.html section 6; https://www.sqlite.org/uri.html, `immutable`); and what a crash
left in a journal is put in order by who opens it next, which is not for a reader.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import BusyError, DamagedError

_WAIT = 30
"""Seconds that are waited for who writes."""
_TIMES = 30
"""How often a file is read that changes meanwhile."""
_PAUSE = 0.1
"""Seconds in between; what was written within them may have the time that it had before."""
_FILES = ("", "-wal", "-shm", "-journal")

Rows = list[tuple[Any, ...]]


def ask(path: Path, query: str, *values: object) -> Rows:
    """
    Return the rows of a query; none where there is no such file, or nothing in it yet.

    Raises DamagedError where the file is no database or cannot be read, BusyError.
    """
    if not path.exists():
        return []
    try:
        return _asked(path, lambda uri: _rows(uri, query, values))
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return []  # a crash came while it was made, or its layout is another; it is made anew
        if "locked" in str(error):
            raise _busy(path) from error
        raise DamagedError(f"{path} is damaged ({error}).") from error
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error


def _asked(path: Path, read: Callable[[str], Rows]) -> Rows:
    for _ in range(_TIMES):
        before, now = _state(path), time.time()
        try:
            if not _is_wal(path) or {"-wal", "-shm"} <= before.keys():
                return read(_uri(path, "mode=ro"))  # its locks see to it that it does not change
            rows = _of_copy(path, read) if "-wal" in before else read(_uri(path, "mode=ro&immutable=1"))
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error) or "locked" in str(error):
                raise
            rows = _of_copy(path, read)  # left by a crash, or written to while it was read
        if _state(path) == before and all(now - at > _PAUSE for at, _ in before.values()):
            return rows
        time.sleep(_PAUSE)
    raise _busy(path)


def _busy(path: Path) -> BusyError:
    return BusyError(f"{path} is in use by another process. Try again.")


def _of_copy(path: Path, read: Callable[[str], Rows]) -> Rows:
    with tempfile.TemporaryDirectory(prefix="daykeep-") as folder:
        for suffix in ("", "-wal", "-journal"):
            one = path.with_name(path.name + suffix)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(one, Path(folder) / one.name)
        return read(_uri(Path(folder) / path.name, "mode=rw"))


def _uri(path: Path, how: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{how}"


def _rows(uri: str, query: str, values: tuple[object, ...]) -> Rows:
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)) as database:
        return database.execute(query, values).fetchall()


def _is_wal(path: Path) -> bool:
    """Tell it by the header (https://www.sqlite.org/fileformat.html section 1.3.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


def _state(path: Path) -> dict[str, tuple[float, int]]:
    """Return when each file of a database was written, and how long it is."""
    found: dict[str, tuple[float, int]] = {}
    for suffix in _FILES:
        with contextlib.suppress(FileNotFoundError):
            stat = path.with_name(path.name + suffix).stat()
            found[suffix] = stat.st_mtime, stat.st_size
    return found
