# SPDX-License-Identifier: EUPL-1.2
"""An SQLite file is asked without a byte being written, whatever a crash or somebody who writes left beside it."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading

import pytest

from index.errors import BusyError, DamagedError
from index.unwritten import ask

ROWS = 3000
QUERY = "SELECT name FROM one WHERE name > ?"
CRASH = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 5")
if sys.argv[2] == "wal":
    db.execute("INSERT INTO one VALUES ('z')")
    os._exit(0)
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE one SET name = name || 'x'")
os._exit(0)
"""


@pytest.fixture(params=["delete", "wal"])
def database(request, tmp_path):
    """Return a database of so many rows, closed, and how it keeps its journal."""
    path = tmp_path / "catalogue" / "one.sqlite"
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA journal_mode = {request.param}")
    db.execute("CREATE TABLE one (name TEXT)")
    db.executemany("INSERT INTO one VALUES (?)", [(f"{number:06d}",) for number in range(ROWS)])
    db.commit()
    db.close()
    return path, request.param


def standing(folder):
    return {one.name: (one.stat().st_mtime_ns, one.read_bytes()) for one in folder.iterdir()}


def asked(path):
    before = standing(path.parent)
    rows = ask(path, QUERY, "")
    assert standing(path.parent) == before, "something was written"
    return [name for (name,) in rows]


def test_a_file_at_rest(database):
    """All rows, and nothing beside the file."""
    path, _ = database
    assert len(asked(path)) == ROWS


def test_after_a_crash(database):
    """What was committed is there, what was not is not; the journal stays for who may write."""
    path, mode = database
    subprocess.run([sys.executable, "-c", CRASH, path, mode], check=True)
    assert path.with_name(path.name + ("-wal" if mode == "wal" else "-journal")).stat().st_size
    path.with_name(path.name + "-shm").unlink(missing_ok=True)  # as in a copy of the folder
    rows = asked(path)
    assert len(rows) == (ROWS + 1 if mode == "wal" else ROWS)
    assert not any(row.endswith("x") for row in rows)


def test_beside_who_writes(database):
    """Every answer is that of one moment, whatever is written meanwhile."""
    path, _ = database
    over = threading.Event()

    def write():
        number = 0
        while not over.is_set():
            number += 1
            with sqlite3.connect(path, timeout=30) as db:
                db.execute("UPDATE one SET name = ?", (f"{number:06d}",))
            db.close()

    writing = threading.Thread(target=write)
    writing.start()
    answers = 0
    try:
        for _ in range(20):
            with contextlib.suppress(BusyError):  # said, and no wrong answer given
                rows = ask(path, QUERY, "")
                answers += 1
                assert len(rows) == ROWS
                assert len(set(rows)) in {1, ROWS}
    finally:
        over.set()
        writing.join()
    assert answers


def test_nothing_there(tmp_path):
    """No file, an empty one, and one without the table have no rows."""
    assert ask(tmp_path / "none", QUERY, "") == []
    (tmp_path / "empty").touch()
    assert ask(tmp_path / "empty", QUERY, "") == []


def test_no_database(tmp_path):
    """What is no database is told."""
    (tmp_path / "odd").write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError, match="is damaged"):
        ask(tmp_path / "odd", QUERY, "")


def test_a_copy_leaves_nothing(database, tmp_path, monkeypatch):
    """What is copied to be read is removed again."""
    path, mode = database
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    subprocess.run([sys.executable, "-c", CRASH, path, mode], check=True)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    before = sorted(one.name for one in tmp_path.iterdir())
    asked(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == before
