# SPDX-License-Identifier: EUPL-1.2
"""
What an export must remember while it is written, in an SQLite file of its own: memory stays flat.

    wanted     records of earlier days that revisits refer to, each once, and whose revisit asked first
    placed     where a record that was moved stands in the export
    capture    index lines by where their records lie, so that a WARC can be read from end to end beside them
    line       index lines of the export, sorted
    rebuilt    ids of revisits in whose place a full response stands
    expected   which payload digest the archive's index has for a record of the export
    found      what the records of the export were found to be
    late       index lines that wait until it is known where the request of each stands
    remark     what the report must say besides

The file is thrown away; nothing in it is synced. Raises StorageError. Knows nothing of WARC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from index.cdxj import format_line, parse_line
from index.model import Capture, Original

from ..sqlite_file import open_file

Place = tuple[str, str, int]
"""Snapshot, WARC and offset: where a record stands in the archive."""

_TABLES = (
    """CREATE TABLE wanted (snapshot TEXT, filename TEXT, offset INTEGER, url TEXT, original TEXT,
       key TEXT, PRIMARY KEY (snapshot, filename, offset)) WITHOUT ROWID""",
    """CREATE TABLE placed (snapshot TEXT, filename TEXT, offset INTEGER, name TEXT, place INTEGER,
       length INTEGER, PRIMARY KEY (snapshot, filename, offset)) WITHOUT ROWID""",
    """CREATE TABLE capture (snapshot TEXT, filename TEXT, offset INTEGER, line BLOB,
       PRIMARY KEY (snapshot, filename, offset)) WITHOUT ROWID""",
    "CREATE TABLE line (path TEXT, line BLOB, PRIMARY KEY (path, line)) WITHOUT ROWID",
    """CREATE TABLE expected (path TEXT, place INTEGER, digest TEXT, recorded TEXT, url TEXT, whole BLOB,
       PRIMARY KEY (path, place)) WITHOUT ROWID""",
    """CREATE TABLE found (path TEXT, place INTEGER, digest TEXT, url TEXT, faults TEXT, stray INTEGER,
       PRIMARY KEY (path, place)) WITHOUT ROWID""",
    "CREATE TABLE rebuilt (record TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE late (line BLOB)",
    "CREATE TABLE remark (sort TEXT, told BLOB)",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record of an earlier day that goes along."""

    place: Place
    url: str
    """Of the revisit that asked for it first."""
    original: str
    """Its own URL."""
    key: str
    """The key of that revisit; where both answer another method than GET it is the record's too."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a record stands in the export."""

    name: str
    offset: int
    length: int


class Worksheet:
    """The tables above. One thread at a time; close it."""

    def __init__(self, path: Path) -> None:
        pragmas = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8000", "temp_store=FILE")
        self._db = open_file(path, "worksheet of the export", _TABLES, 1, *pragmas)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def want(self, original: Original, revisit: Capture) -> None:
        """Remember that a revisit refers to a record."""
        place = original.snapshot, original.filename, original.offset
        row = (*place, revisit.url, original.url, revisit.urlkey)
        self._db.execute("INSERT OR IGNORE INTO wanted VALUES (?,?,?,?,?,?)", row)

    def wanted(self, *, compressed: bool) -> Iterator[Wanted]:
        """Yield what is wanted and has no place yet, in the order it lies on disk."""
        query = """SELECT snapshot, filename, offset, url, original, key FROM wanted
            WHERE (filename LIKE '%.gz') = ? AND NOT EXISTS (SELECT 1 FROM placed
              WHERE (placed.snapshot, placed.filename, placed.offset)
                  = (wanted.snapshot, wanted.filename, wanted.offset))
            ORDER BY snapshot, filename, offset"""
        for snapshot, filename, offset, *told in self._db.execute(query, (compressed,)):
            yield Wanted((snapshot, filename, offset), *told)

    def place(self, place: Place, moved: Moved) -> None:
        """Remember where a record stands in the export."""
        row = (*place, moved.name, moved.offset, moved.length)
        self._db.execute("INSERT OR REPLACE INTO placed VALUES (?,?,?,?,?,?)", row)

    def placed(self, place: Place) -> Moved | None:
        """Return where a record stands in the export, None for one that was not moved."""
        query = "SELECT name, place, length FROM placed WHERE snapshot = ? AND filename = ? AND offset = ?"
        row = self._db.execute(query, place).fetchone()
        return Moved(*row) if row else None

    def keep(self, snapshot: str, capture: Capture) -> None:
        """Keep an index line by where its record lies."""
        row = (snapshot, capture.filename, capture.offset, format_line(capture))
        self._db.execute("INSERT OR REPLACE INTO capture VALUES (?,?,?,?)", row)

    def kept(self, snapshot: str, filename: str | None = None) -> Iterator[Capture]:
        """Yield the index lines of a snapshot, or of one of its WARCs, in the order their records lie."""
        query = """SELECT line FROM capture WHERE snapshot = ?1 AND (?2 IS NULL OR filename = ?2)
            ORDER BY filename, offset"""
        for (line,) in self._db.execute(query, (snapshot, filename)):
            yield parse_line(line)

    def drop(self, snapshot: str, capture: Capture) -> None:
        """Forget a line that was kept: its record has been written."""
        query = "DELETE FROM capture WHERE snapshot = ? AND filename = ? AND offset = ?"
        self._db.execute(query, (snapshot, capture.filename, capture.offset))

    def all_kept(self) -> Iterator[tuple[str, Capture]]:
        """Yield every line that was kept, and the snapshot it is of."""
        for snapshot, line in self._db.execute("SELECT snapshot, line FROM capture"):
            yield snapshot, parse_line(line)

    def rebuild(self, record: str) -> None:
        """Remember that a full response takes the place of the revisit with that id."""
        self._db.execute("INSERT OR IGNORE INTO rebuilt VALUES (?)", (record,))

    def leave(self, record: str) -> None:
        """Remember that the revisit with that id stays one."""
        self._db.execute("DELETE FROM rebuilt WHERE record = ?", (record,))

    def is_rebuilt(self, record: str) -> bool:
        """Tell whether a full response takes the place of the record with that id."""
        return self._db.execute("SELECT 1 FROM rebuilt WHERE record = ?", (record,)).fetchone() is not None

    def line(self, path: str, capture: Capture) -> None:
        """Add a line to an index of the export."""
        self._db.execute("INSERT OR IGNORE INTO line VALUES (?,?)", (path, format_line(capture)))

    def defer(self, capture: Capture) -> None:
        """Keep a line until the requests of its day have their places."""
        self._db.execute("INSERT INTO late VALUES (?)", (format_line(capture),))

    def deferred(self) -> Iterator[Capture]:
        """Yield the lines that were kept so, and forget them."""
        for (line,) in self._db.execute("SELECT line FROM late"):
            yield parse_line(line)
        self._db.execute("DELETE FROM late")

    def indexes(self) -> list[str]:
        """Return the paths of the indexes that have lines."""
        return [path for (path,) in self._db.execute("SELECT DISTINCT path FROM line ORDER BY path")]

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of an index in order."""
        query = "SELECT line FROM line WHERE path = ? ORDER BY line"
        return (line for (line,) in self._db.execute(query, (path,)))

    def expect(self, path: str, capture: Capture) -> None:
        """Remember which digest the archive has for the record at the place that this line tells."""
        whole = format_line(capture) if capture.segments else None
        row = (path, capture.offset, capture.digest, capture.recorded or capture.digest, capture.url, whole)
        self._db.execute("INSERT OR REPLACE INTO expected VALUES (?,?,?,?,?,?)", row)

    def next_expected(self, path: str, place: int) -> int | None:
        """Return where the first record behind a place of a file is expected."""
        query = "SELECT min(place) FROM expected WHERE path = ? AND place > ?"
        found: int | None = self._db.execute(query, (path, place)).fetchone()[0]
        return found

    def segmented(self) -> Iterator[tuple[str, Capture]]:
        """Yield path and line of what is expected of records in several segments."""
        query = "SELECT path, whole FROM expected WHERE whole IS NOT NULL ORDER BY path, place"
        for path, line in self._db.execute(query).fetchall():
            yield path, parse_line(line)

    def find(self, path: str, place: int, *, digest: str, url: str, faults: str, stray: bool = False) -> None:
        """Remember what a record of the export was found to be; `stray`: it need not be in an index."""
        row = (path, place, digest, url, faults, stray)
        self._db.execute("INSERT OR REPLACE INTO found VALUES (?,?,?,?,?,?)", row)

    def counts(self) -> tuple[int, int]:
        """Return how many payloads are expected, and how many of them are equal."""
        query = """SELECT count(*), count(found.digest) FROM expected LEFT JOIN found
            ON (found.path, found.place) = (expected.path, expected.place)
            AND found.digest IN (expected.digest, expected.recorded)"""
        expected, equal = self._db.execute(query).fetchone()
        return expected, equal

    def differences(self) -> Iterator[dict[str, Any]]:
        """Yield everything in which the export is not as the archive's index says."""
        for path, place, url, digest, got, faults in self._db.execute(_DIFFERENT):
            what = _what(digest, got, faults)
            yield {"file": path, "offset": place, "url": url, "what": what}

    def remark(self, sort: str, told: dict[str, Any]) -> None:
        """Keep something that the report must say: `differences` or `notes`."""
        self._db.execute("INSERT INTO remark VALUES (?,?)", (sort, msgspec.json.encode(told)))

    def remarks(self, sort: str) -> Iterator[dict[str, Any]]:
        """Yield what was kept, in the order it came."""
        for (told,) in self._db.execute("SELECT told FROM remark WHERE sort = ? ORDER BY rowid", (sort,)):
            yield msgspec.json.decode(told)


_DIFFERENT = """
SELECT expected.path, expected.place, expected.url, expected.digest, found.digest, found.faults
  FROM expected LEFT JOIN found USING (path, place)
 WHERE found.digest IS NULL OR found.digest NOT IN (expected.digest, expected.recorded) OR found.faults != ''
UNION ALL
SELECT found.path, found.place, found.url, NULL, found.digest, found.faults
  FROM found LEFT JOIN expected USING (path, place)
 WHERE expected.path IS NULL AND NOT found.stray
 ORDER BY 1, 2"""


def _what(digest: str | None, got: str | None, faults: str | None) -> str:
    if got is None:
        return "no record was found here"
    told = [faults] if faults else []
    if digest is None and not faults:
        told.append("the archive's index does not know of this record")
    if digest is not None and digest != got:
        told.append(f"the payload digest is {got or 'unknown'}, and the archive's index has {digest}")
    return "; ".join(told)
