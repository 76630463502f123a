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
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import BusyError, DamagedError

_WAIT = 30
"""Seconds that are waited for who writes."""
_TIMES = 5
"""How often a file is read that changes meanwhile."""
_JOURNALS = ("-wal", "-shm", "-journal")

Rows = list[tuple[Any, ...]]


def ask(path: Path, query: str, *values: object) -> Rows:
    """
    Return the rows of a query; none where there is no such file, or nothing in it yet.

    Raises DamagedError where the file is no database or cannot be read, BusyError.
    """
    if not path.exists():
        return []
    try:
        for _ in range(_TIMES):
            before = _state(path)
            rows = _asked(path, query, values)
            if rows is not None and (before == _state(path) or not _is_immutable(path)):
                return rows
        return _of_copy(path, query, values)
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return []  # a crash came while it was made, or its layout is another; it is made anew
        if "locked" in str(error):
            raise BusyError(f"{path} is in use by another process ({error}). Try again.") from error
        raise DamagedError(f"{path} is damaged ({error}).") from error
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error


def _asked(path: Path, query: str, values: tuple[object, ...]) -> Rows | None:
    """Return what the file itself says; None where it has to be asked again."""
    try:
        if _is_immutable(path):
            return _rows(path, query, values, "mode=ro&immutable=1")
        if not _is_wal(path) or _beside(path, "-shm").exists():
            return _rows(path, query, values, "mode=ro")
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error) or "locked" in str(error):
            raise
        return None  # written to while it was read, or left by a crash
    return _of_copy(path, query, values)


def _of_copy(path: Path, query: str, values: tuple[object, ...]) -> Rows:
    with tempfile.TemporaryDirectory(prefix="daykeep-") as folder:
        copy = Path(folder) / path.name
        for one in (path, _beside(path, "-wal"), _beside(path, "-journal")):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(one, Path(folder) / one.name)
        return _rows(copy, query, values, "mode=rw")


def _rows(path: Path, query: str, values: tuple[object, ...], how: str) -> Rows:
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)) as database:
        return database.execute(query, values).fetchall()


def _is_immutable(path: Path) -> bool:
    return _is_wal(path) and not _beside(path, "-wal").exists()


def _is_wal(path: Path) -> bool:
    """Tell it by the header (https://www.sqlite.org/fileformat.html section 1.3.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _state(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for one in (path, *(_beside(path, suffix) for suffix in _JOURNALS)):
        try:
            stat = one.stat()
            found.append((stat.st_mtime_ns, stat.st_size))
        except FileNotFoundError:
            found.append(None)
    return found
