# SPDX-License-Identifier: EUPL-1.2
"""
What the records of one day say of each other, held together after all were read. Knows nothing of bytes.

    ids         each once; what a record refers to is there, of the right type, and says the same
    segments    1, 2, 3 … of one origin, one target, the sum of their lengths (ISO 28500:2017 clause 7)

Kept in a temporary database of SQLite's, which goes to disk where it grows: memory stays the same for any
number of records.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from .framing import Head
from .grammar import is_date, is_id, is_uri

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE record (
    file TEXT, at INTEGER, id TEXT, kind TEXT, date TEXT, target TEXT, payload TEXT, length INTEGER,
    number INTEGER, origin TEXT, total INTEGER, before INTEGER
);
CREATE TABLE reference (file TEXT, at INTEGER, how TEXT, id TEXT, date TEXT, target TEXT, payload TEXT);
"""

# Of an id that stands twice the first record counts, so that no join grows beyond the records there are.
_DERIVED = """
CREATE TABLE named AS
    SELECT min(rowid) AS first, count(*) AS times, * FROM record WHERE id IS NOT NULL GROUP BY id;
CREATE UNIQUE INDEX named_by_id ON named (id);
CREATE INDEX warcinfo ON record (id, file) WHERE kind = 'warcinfo';
CREATE TABLE segment AS
    SELECT min(rowid) AS first, count(*) AS times, origin, number FROM record
    WHERE kind = 'continuation' AND origin IS NOT NULL GROUP BY origin, number;
CREATE UNIQUE INDEX segment_by_number ON segment (origin, number);
CREATE TABLE chain AS
    SELECT origin, count(*) AS parts, sum(length) AS length, max(number) AS top FROM record
    WHERE kind = 'continuation' AND origin IS NOT NULL GROUP BY origin;
CREATE UNIQUE INDEX chain_by_origin ON chain (origin);
"""

# Each row is a rule and the query for what breaks it: file, offset, and what is there.
_QUERIES = (
    (
        "id-unique",
        """SELECT r.file, r.at, r.id || ' stands on another record too' FROM record r
           JOIN named n ON n.id = r.id WHERE n.times > 1 AND r.rowid <> n.first""",
    ),
    (
        "concurrent-known",
        """SELECT f.file, f.at, 'no record is ' || f.id FROM reference f
           LEFT JOIN named r ON r.id = f.id WHERE f.how = 'concurrent' AND r.id IS NULL""",
    ),
    (
        "concurrent-date",
        """SELECT f.file, f.at, f.date || ', and ' || r.date || ' of ' || f.id FROM reference f
           JOIN named r ON r.id = f.id WHERE f.how = 'concurrent' AND r.date <> f.date""",
    ),
    (
        "concurrent-target",
        """SELECT f.file, f.at, f.target || ', and ' || r.target || ' of ' || f.id FROM reference f
           JOIN named r ON r.id = f.id WHERE f.how = 'concurrent' AND r.target <> f.target""",
    ),
    (
        "warcinfo-id-known",
        """SELECT f.file, f.at, 'no warcinfo of this file is ' || f.id FROM reference f
           WHERE f.how = 'warcinfo' AND NOT EXISTS (
               SELECT 1 FROM record r WHERE r.id = f.id AND r.file = f.file AND r.kind = 'warcinfo')""",
    ),
    (
        "revisit-agrees",
        """SELECT f.file, f.at, f.id || ' is of ' || r.date || ' and ' || r.target FROM reference f
           JOIN named r ON r.id = f.id
           WHERE f.how = 'refers' AND (f.date <> r.date OR f.target <> r.target)""",
    ),
    (
        "revisit-payload",
        """SELECT f.file, f.at, f.id || ' has ' || r.payload FROM reference f JOIN named r ON r.id = f.id
           WHERE f.how = 'refers' AND r.payload <> f.payload
           AND substr(r.payload, 1, instr(r.payload, ':')) = substr(f.payload, 1, instr(f.payload, ':'))""",
    ),
    (
        "segment-origin-known",
        """SELECT s.file, s.at, 'no first segment is ' || s.origin FROM record s
           LEFT JOIN named o ON o.id = s.origin AND o.number = 1 AND o.kind <> 'continuation'
           WHERE s.kind = 'continuation' AND o.id IS NULL""",
    ),
    (
        "segment-order",
        """SELECT s.file, s.at, 'segment ' || s.number || ' stands twice' FROM record s
           JOIN segment g ON g.origin = s.origin AND g.number = s.number
           WHERE g.times > 1 AND s.rowid <> g.first
           UNION ALL
           SELECT s.file, s.at, 'segment ' || (s.number - 1) || ' is not there' FROM record s
           WHERE s.kind = 'continuation' AND s.number > 2 AND NOT EXISTS (
               SELECT 1 FROM segment g WHERE g.origin = s.origin AND g.number = s.number - 1)
           UNION ALL
           SELECT o.file, o.at, 'no segment follows the first' FROM named o
           WHERE o.number = 1 AND o.kind <> 'continuation'
           AND NOT EXISTS (SELECT 1 FROM chain c WHERE c.origin = o.id)""",
    ),
    (
        "segment-target",
        """SELECT s.file, s.at, s.target || ', and ' || o.target || ' of the first' FROM record s
           JOIN named o ON o.id = s.origin WHERE s.kind = 'continuation' AND s.target <> o.target""",
    ),
    (
        "segment-total-missing",
        """SELECT s.file, s.at, 'the last segment does not give it' FROM record s
           JOIN chain c ON c.origin = s.origin
           WHERE s.kind = 'continuation' AND s.number = c.top AND s.total IS NULL""",
    ),
    (
        "segment-total-misplaced",
        """SELECT s.file, s.at, 'a later segment follows' FROM record s JOIN chain c ON c.origin = s.origin
           WHERE s.kind = 'continuation' AND s.number < c.top AND s.total IS NOT NULL""",
    ),
    (
        "segment-total-value",
        """SELECT s.file, s.at, 'the segments have ' || (o.length + c.length) || ' bytes' FROM record s
           JOIN chain c ON c.origin = s.origin JOIN named o ON o.id = s.origin
           WHERE s.kind = 'continuation' AND s.number = c.top AND s.total >= 0
           AND c.parts = c.top - 1 AND s.total <> o.length + c.length""",
    ),
    (
        "segment-place",
        """SELECT file, at, before || ' records stand before it' FROM record
           WHERE number = 1 AND kind <> 'continuation' AND before > 0""",
    ),
)


class Register:
    """Every record of a day, by what it says. Close it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a private temporary file, in memory while it is small
        self._database.executescript(_TABLES)
        self._before: dict[str, int] = {}
        self._astray = False
        """Whether a continuation does not say what it continues, or where: then none can be held together."""

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def add(self, file: str, head: Head) -> None:
        """Take up a record."""
        get, id_ = head.get, head.get("warc-record-id")
        before = self._before.get(file, 0)
        self._before[file] = before + (head.kind != "warcinfo")
        number, origin = _number(get("warc-segment-number")), get("warc-segment-origin-id")
        if head.kind == "continuation" and ((number or 0) < 2 or not is_id(origin or "")):
            self._astray = True
        self._database.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (file, head.offset, id_, head.kind, get("warc-date"), _target(head), get("warc-payload-digest"),
             head.length, number, origin, _total(head), before),
        )  # fmt: skip
        said: tuple[str | None, str | None] = get("warc-date"), _target(head)
        for other in head.fields.get("warc-concurrent-to", ()):
            self._refer(file, head, "concurrent", other, *said, None)
        if warcinfo := get("warc-warcinfo-id"):
            self._refer(file, head, "warcinfo", warcinfo, *said, None)
        if head.kind == "revisit" and (earlier := get("warc-refers-to")):
            target, date = get("warc-refers-to-target-uri") or "", get("warc-refers-to-date") or ""
            said = date if is_date(date) else None, target if is_uri(target) else None
            self._refer(file, head, "refers", earlier, *said, get("warc-payload-digest"))

    def judge(self) -> Iterator[tuple[str, str, int, str]]:
        """Yield rule, file, offset and what is there, for all that were taken up."""
        self._database.executescript(_DERIVED)
        for rule, query in _QUERIES:
            if self._astray and rule.startswith("segment-"):
                continue
            with contextlib.closing(self._database.execute(query)) as rows:
                for file, offset, what in rows:
                    yield rule, file, offset, what

    def _refer(self, file: str, head: Head, how: str, other: str, *said: str | None) -> None:
        if not is_id(other):
            return  # told as such
        row = (file, head.offset, how, other, *said)
        self._database.execute("INSERT INTO reference VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _target(head: Head) -> str | None:
    return head.get("warc-target-uri")


def _total(head: Head) -> int | None:
    """Return the total length that a segment gives, a negative number where it gives another thing."""
    total = head.get("warc-segment-total-length")
    return None if total is None else -1 if (number := _number(total)) is None else number


def _number(digits: str | None) -> int | None:
    return int(digits) if digits and digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
