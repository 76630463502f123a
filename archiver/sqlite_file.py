# SPDX-License-Identifier: EUPL-1.2
"""
An SQLite file of one process: opened, of the version we know, its errors told as ours. Knows no table.

    user_version   0 and no table yet   new: the tables are made, in one transaction with their version
                   the one we write     as it is
                   any other            DamagedError: another version of the program made it

    the disk, its rights or its space ─▶ StorageError      the bytes of the file ─▶ DamagedError

Every statement and every row goes through `Cursor`, so that no error of SQLite's own gets past it but one:
a ProgrammingError, which is a fault of the program.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from index.errors import ArchiveError, BusyError, DamagedError, StorageError

from .durable import storage

T = TypeVar("T")

_OF_THE_FILE = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA}
)
"""Result codes by which the bytes are to blame; SQLITE_ERROR is a table or a column that is not there."""
_ERRNO = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
}
"""What the system would have said; of all others, that the disk failed."""


def _telling(method: Callable[..., T]) -> Callable[..., T]:
    """Return a method of a cursor with its errors told. A `try` costs nothing where none is raised."""

    def told(cursor: Cursor, *values: Any) -> T:
        try:
            return method(cursor, *values)
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise _ours(error, cursor.connection.name) from error

    return told


class Cursor(sqlite3.Cursor):
    """A cursor that raises StorageError, DamagedError and BusyError."""

    connection: Connection
    execute = _telling(sqlite3.Cursor.execute)
    executemany = _telling(sqlite3.Cursor.executemany)
    fetchone = _telling(sqlite3.Cursor.fetchone)
    fetchall = _telling(sqlite3.Cursor.fetchall)
    __next__ = _telling(sqlite3.Cursor.__next__)


class Connection(sqlite3.Connection):
    """A connection all of whose cursors do so."""

    name: str = ""
    """What it is, with its path: the beginning of a sentence about it."""

    def execute(self, query: str, values: Any = ()) -> Cursor:
        """Run a statement with a cursor of its own."""
        cursor = self.cursor(Cursor)
        cursor.execute(query, values)
        return cursor

    def executemany(self, query: str, rows: Iterable[Any]) -> Cursor:
        """Run a statement for each row."""
        cursor = self.cursor(Cursor)
        cursor.executemany(query, rows)
        return cursor


def open_file(path: Path, what: str, tables: Iterable[str], version: int, *pragmas: str) -> Connection:
    """
    Open an SQLite file and return the connection, in autocommit; its tables are made where it is new.

    `what` it is, for messages. One thread at a time may use it. Raises StorageError, and DamagedError for
    what is no database or has tables of another version, which are left as they are.
    """
    name = f"{what} {path}"
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Connection)
    except sqlite3.Error as error:
        raise _ours(error, name) from error
    db.name = name
    try:
        _prepare(db, tables, version, pragmas)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: Connection, tables: Iterable[str], version: int, pragmas: Iterable[str]) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    new = found == 0 and db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
    if not new and found != version:
        raise DamagedError(
            f"The {db.name} is of format {found}, and this version of Daykeep reads format {version}. "
            "What is sealed is intact."
        )
    for pragma in pragmas:
        db.execute(f"PRAGMA {pragma}")
    if new:
        db.execute("BEGIN")
        for table in tables:
            db.execute(table)
        db.execute(f"PRAGMA user_version = {version}")
        db.execute("COMMIT")


def _ours(error: sqlite3.Error, name: str) -> ArchiveError:
    """Return the error of ours that says what SQLite said. Extended result codes keep the plain one below."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return BusyError(f"The {name} is held by another process ({error}); wait for it to end, or stop it.")
    if code in _OF_THE_FILE or not isinstance(error, sqlite3.OperationalError):
        return DamagedError(f"The {name} cannot be read ({error}): check the disk. What is sealed is intact.")
    try:
        with storage(f"read or write the {name}"):
            raise OSError(_ERRNO.get(code, errno.EIO), str(error))
    except StorageError as told:
        return told
