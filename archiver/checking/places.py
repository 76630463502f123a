# SPDX-License-Identifier: EUPL-1.2
"""
Where the index of one snapshot says that records begin, and which addresses it and the ledger know.

    place       WARC, offset of a record, where its line begins in the index
    continued   WARC, offset and length of a `continuation` record
    url, text   hashes of the addresses that have a capture; of those that have a text
    entry       hash of every address of the ledger, and whether it is called stored

The index is in the order of keys and a WARC in that of its records: here one is put in the order of the
other, in a temporary database of SQLite, which goes to disk where it grows. So memory stays the same for any
number of captures. Knows nothing of what a record is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE place (file TEXT, at INTEGER, line INTEGER);
CREATE TABLE continued (file TEXT, at INTEGER, length INTEGER);
CREATE TABLE url (hash INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE text (hash INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE entry (hash INTEGER, stored INTEGER);
"""
_BATCH = 1000
MAX_NAMED = 1000
"""Addresses of one fault that are looked up to be named; the others are counted."""

_FAULTS = {
    "again": "SELECT hash FROM entry GROUP BY hash HAVING count(*) > 1",
    "unknown": "SELECT DISTINCT hash FROM entry WHERE stored AND hash NOT IN (SELECT hash FROM url)",
    "untold": "SELECT hash FROM url WHERE hash NOT IN (SELECT hash FROM entry WHERE stored)",
    "textless": "SELECT hash FROM text WHERE hash NOT IN (SELECT hash FROM url)",
    # of an import: that its page did not come along is what the ledger says of it
    "textless import": "SELECT hash FROM text WHERE hash NOT IN (SELECT hash FROM url)"
    " AND hash NOT IN (SELECT hash FROM entry)",
}


class Places:
    """The places and addresses of one snapshot. Close it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False)
        self._database.executescript(_TABLES)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def add_lines(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Take up WARC, offset and line; all in the order given."""
        self._many("INSERT INTO place VALUES (?, ?, ?)", rows)

    def add_segments(self, rows: Iterable[tuple[str, int, int]]) -> None:
        """Take up WARC, offset and length of continuations."""
        self._many("INSERT INTO continued VALUES (?, ?, ?)", rows)

    def add_urls(self, hashes: Iterable[int]) -> None:
        """Take up addresses that have a capture."""
        self._many("INSERT OR IGNORE INTO url VALUES (?)", ((one,) for one in hashes))

    def add_texts(self, hashes: Iterable[int]) -> None:
        """Take up addresses that have a text."""
        self._many("INSERT OR IGNORE INTO text VALUES (?)", ((one,) for one in hashes))

    def add_entries(self, rows: Iterable[tuple[int, bool]]) -> None:
        """Take up what the ledger says."""
        self._many("INSERT INTO entry VALUES (?, ?)", rows)

    def ready(self) -> None:
        """Say that all lines were taken up."""
        self._database.execute("CREATE INDEX IF NOT EXISTS by_place ON place (file, at, line)")
        self._database.execute("CREATE INDEX IF NOT EXISTS by_segment ON continued (file, at)")

    def files(self) -> list[str]:
        """Return the WARCs that lines point into, in order."""
        rows = self._database.execute("SELECT file FROM place UNION SELECT file FROM continued ORDER BY file")
        return [file for (file,) in rows]

    def within(self, file: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Return offset and line of what begins in a part of a WARC, in order."""
        query = "SELECT at, line FROM place WHERE file = ? AND at >= ? AND at < ? ORDER BY at, line"
        return self._database.execute(query, (file, start, stop)).fetchall()

    def segments_within(self, file: str, start: int, stop: int) -> list[tuple[int, int]]:
        """Return offset and length of the continuations in a part of a WARC."""
        query = "SELECT at, length FROM continued WHERE file = ? AND at >= ? AND at < ? ORDER BY at"
        return self._database.execute(query, (file, start, stop)).fetchall()

    def next_place(self, file: str, offset: int) -> int | None:
        """Return where the first record from an offset on begins."""
        query = "SELECT at FROM place WHERE file = ? AND at >= ? ORDER BY at LIMIT 1"
        row = self._database.execute(query, (file, offset)).fetchone()
        return row[0] if row else None

    def faults(self, which: str) -> tuple[set[int], int]:
        """Return hashes of the first addresses with a fault (a key of _FAULTS), and how many have it."""
        found: set[int] = set()
        number = 0
        for (one,) in self._database.execute(_FAULTS[which]):
            number += 1
            if number <= MAX_NAMED:
                found.add(one)
        return found, number

    def _many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        waiting: Iterator[tuple[object, ...]] = iter(rows)
        while batch := list(islice(waiting, _BATCH)):
            self._database.executemany(statement, batch)
