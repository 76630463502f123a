# SPDX-License-Identifier: EUPL-1.2
"""A file of SQLite: made whole or not at all, of one version, and every error of it a sentence."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from archiver.sqlite_file import open_file
from index.errors import BusyError, DamagedError, StorageError

TABLES = ("CREATE TABLE t (a INTEGER PRIMARY KEY, b)", "CREATE INDEX i ON t (b)")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.sqlite"


def opened(path, version=1, tables=TABLES):
    return contextlib.closing(open_file(path, "table of things", tables, version))


def test_tables_are_made_once(path):
    """A new file gets its tables; one that has them keeps what is in it."""
    with opened(path) as database:
        database.execute("INSERT INTO t VALUES (1, 'x')")
    with opened(path) as database:
        assert database.execute("SELECT * FROM t").fetchall() == [(1, "x")]


def test_tables_are_made_whole_or_not_at_all(path):
    """Where a table cannot be made, none is there, and the next start makes all."""
    with (
        pytest.raises(DamagedError, match=r"table of things .* cannot be read"),
        opened(path, 1, (*TABLES, "no SQL")),
    ):
        pass
    with opened(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize(("made", "wanted"), [(1, 2), (2, 1)])
def test_another_version_is_told(path, made, wanted):
    """A file of another version is refused by a sentence that has both."""
    open_file(path, "table of things", TABLES, made).close()
    with pytest.raises(DamagedError, match=f"is of format {made}, and .* reads format {wanted}"):
        open_file(path, "table of things", TABLES, wanted)


@pytest.mark.parametrize(
    ("before", "error", "said"),
    [
        ("PRAGMA max_page_count = 1", StorageError, "The disk is full"),
        ("PRAGMA query_only = 1", StorageError, "the right to write"),
        ("DROP TABLE t", DamagedError, "no such table"),
    ],
)
def test_each_error_says_what_to_do(path, before, error, said):
    """What SQLite says becomes the error that says what to do, and names the file."""
    with opened(path) as database:
        database.execute(before)
        with pytest.raises(error, match=rf"table of things .*x\.sqlite.*{said}"):
            database.executemany("INSERT INTO t VALUES (?, ?)", ((n, "x" * 5000) for n in range(9)))


def test_held_by_another_process(path):
    """A file that somebody else holds is told as that, not as a disk that failed."""
    with opened(path) as database, contextlib.closing(sqlite3.connect(path)) as other:
        database.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError, match=r"x\.sqlite is held by another process"):
            database.execute("INSERT INTO t VALUES (1, 2)")


@pytest.mark.parametrize(
    "read", [list, lambda rows: rows.fetchall(), lambda rows: [rows.fetchone() for _ in range(1000)]]
)
def test_damage_that_is_met_on_the_way(path, read):
    """Damage further on in the file is told when the rows that stand there are read."""
    with opened(path) as database:
        database.executemany("INSERT INTO t VALUES (?, ?)", ((n, "x" * 200) for n in range(1000)))
    data = bytearray(path.read_bytes())
    data[len(data) // 4 : len(data) // 2] = b"\xff" * (len(data) // 2 - len(data) // 4)
    path.write_bytes(data)
    with opened(path) as database:
        rows = database.execute("SELECT a, b FROM t ORDER BY a")
        with pytest.raises(
            DamagedError, match=r"x\.sqlite cannot be read \(database disk image is malformed"
        ):
            read(rows)


def test_fault_of_the_program_stays_one(path):
    """A statement with the wrong number of values is no matter of the disk."""
    with opened(path) as database, pytest.raises(sqlite3.ProgrammingError):
        database.execute("INSERT INTO t VALUES (?, ?)", (1,))
