# SPDX-License-Identifier: EUPL-1.2
"""
Records of a file into WARCs of ours, day by day, each record's own bytes as they are.

    plain WARC ─▶ offset, end, day (SQLite) ─▶ <site>-<timestamp>-00000.warc.gz, a gzip member for each record

A request, metadata and the like go with the response they belong to, also across midnight; what belongs to
none goes with what follows it. Members of a file that has one for each record are copied as they stand.
Knows nothing of indexes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ..durable import storage
from ..named_fields import Fields, encode, sha256
from ..scanning.scan import scan
from ..scanning.seen import Seen
from ..sqlite_file import open_file
from .survey import Frame, Row, row_of

MAX_FILE = 10**9
"""Bytes after which a new file is begun, as for those of a crawl."""
_PIECE = 1 << 20
_LEVEL = 4
_BATCH = 1000
_GZIP = b"\x1f\x8b"
_TABLES = (
    """
CREATE TABLE record (
    offset INTEGER PRIMARY KEY, end INTEGER, day TEXT, leads INTEGER, id TEXT, ref TEXT)
""",
)
_INDEXES = ("CREATE INDEX by_id ON record (id)", "CREATE INDEX by_ref ON record (ref) WHERE leads")
_OF_WHAT_IT_NAMES = """
UPDATE record SET day = (SELECT o.day FROM record o WHERE o.id = record.ref AND o.leads)
WHERE NOT leads AND ref <> '' AND EXISTS (SELECT 1 FROM record o WHERE o.id = record.ref AND o.leads)
"""
_OF_WHAT_NAMES_IT = """
UPDATE record SET day = (SELECT o.day FROM record o WHERE o.ref = record.id AND o.leads)
WHERE NOT leads AND id <> '' AND EXISTS (SELECT 1 FROM record o WHERE o.ref = record.id AND o.leads)
"""
_OF_WHAT_FOLLOWS = """
UPDATE record SET day = coalesce(
    (SELECT o.day FROM record o WHERE o.leads AND o.offset > record.offset ORDER BY o.offset LIMIT 1),
    (SELECT o.day FROM record o WHERE o.leads AND o.offset < record.offset ORDER BY o.offset DESC LIMIT 1),
    day)
WHERE NOT leads AND day NOT IN (SELECT day FROM record WHERE leads)
"""


class Parting:
    """Which record of a file belongs to which day. Close it."""

    def __init__(self, path: Path, frame: Frame, database: Path) -> None:
        """Read a file once and note where each record belongs. Raises DamagedError, StorageError."""
        self.path = path
        pragmas = ("synchronous=OFF", "journal_mode=OFF")
        self._db = open_file(database, "notes of an import", _TABLES, 1, *pragmas)
        self._db.execute("BEGIN")
        for rows in _batches(_noted(one, row_of(frame, one)) for one in scan(path) if isinstance(one, Seen)):
            self._db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
        for statement in (*_INDEXES, _OF_WHAT_IT_NAMES, _OF_WHAT_NAMES_IT, _OF_WHAT_FOLLOWS):
            self._db.execute(statement)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the notes."""
        self._db.close()

    def records(self, day: str | None) -> Iterator[tuple[int, int]]:
        """Yield where each record of a day begins and ends, in the order of the file; without a day, all."""
        query = "SELECT offset, end FROM record WHERE ? IS NULL OR day = ? ORDER BY offset"
        yield from self._db.execute(query, (day, day))


def _batches(rows: Iterator[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _noted(one: Seen, row: Row) -> tuple[object, ...]:
    fields = one.fields
    names = ["warc-concurrent-to"]
    if one.kind not in {"response", "revisit", "resource"}:
        names += ["warc-refers-to", "warc-segment-origin-id"]
    ref = next((fields[name] for name in names if name in fields), "")
    leads = bool(row.line and row.day) and one.kind not in {"continuation", "request"}
    return one.offset, one.end, row.day, leads, fields.get("warc-record-id", ""), ref


@dataclass(slots=True)
class PartWriter:
    """Writes records as they are into WARCs of one name and one snapshot."""

    folder: Path
    prefix: str
    about: Fields
    """Of the warcinfo that begins each file: its id, its date."""
    says: bytes
    """What that warcinfo says (ISO 28500:2017 section 6.2)."""
    serial: int = 0
    """Number of the first file."""
    files: list[Path] = field(default_factory=list)
    _out: BinaryIO | None = None

    def add(self, path: Path, places: Iterator[tuple[int, int]]) -> None:
        """Copy records of a file. Raises StorageError."""
        with storage(f"copy records of {path} into {self.folder}"), path.open("rb") as source:
            for offset, end in places:
                out = self._room(end - offset)
                source.seek(offset)
                _copy(source, end - offset, out)

    def close(self) -> None:
        """Close the last file."""
        if self._out is not None:
            with storage(f"write {self.files[-1]}"):
                self._out.close()
            self._out = None

    def _room(self, length: int) -> BinaryIO:
        if self._out is not None and self._out.tell() + length + _PIECE > MAX_FILE:
            self.close()
        if self._out is None:
            self.files.append(self.folder / f"{self.prefix}-{self.serial + len(self.files):05d}.warc.gz")
            self._out = self.files[-1].open("xb")
            named = ("WARC-Filename", self.files[-1].name)
            typed = [("Content-Type", "application/warc-fields"), ("WARC-Block-Digest", sha256(self.says))]
            head = encode("warcinfo", [*self.about, named, *typed], len(self.says))
            self._out.write(_member(head + self.says + b"\r\n\r\n"))
        return self._out


def _copy(source: BinaryIO, left: int, out: BinaryIO) -> None:
    """Copy a record: the member it is, or what it is as a member."""
    first = source.read(min(left, _PIECE))
    deflate = None if first.startswith(_GZIP) else zlib.compressobj(_LEVEL, wbits=zlib.MAX_WBITS + 16)
    while first:
        out.write(deflate.compress(first) if deflate else first)
        left -= len(first)
        first = source.read(min(left, _PIECE))
    if deflate:
        out.write(deflate.flush())


def _member(data: bytes) -> bytes:
    return zlib.compress(data, _LEVEL, wbits=zlib.MAX_WBITS + 16)
