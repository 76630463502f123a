# SPDX-License-Identifier: EUPL-1.2
"""
Which answers of a day are to requests other than GET, by whichever of the two records tells of the other.

    1. the request names the answer       WARC-Concurrent-To                 warcio, Heritrix, browsertrix
    2. the answer names the request       WARC-Concurrent-To                 wget
    3. neither names anything             one stands right behind the other, of the same address

    lines of requests ─▶ notes (SQLite) ◀─ lines of answers ─▶ lines with another key and a `Request`

Requests and answers may be far apart, in different files, and as many as there can be: memory holds none of
them. For the third way files are read once more, and only those with a request that nothing else tells of.
Knows nothing of what stands in a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from index.cdxj import format_line, parse_line, place_of
from index.model import Request
from index.request_key import key_of_request

from ..scanning.scan import scan
from ..scanning.seen import Seen
from ..sorted_lines import SortedLines
from ..sqlite_file import Connection, open_file

_BATCH = 1000
_RECORD = re.compile(rb'"record":"([^"\\]+)"')
_TABLES = (
    """CREATE TABLE sent (filename TEXT, offset INTEGER, id TEXT, answer TEXT, request BLOB,
       PRIMARY KEY (filename, offset)) WITHOUT ROWID""",
    """CREATE TABLE pair (filename TEXT, offset INTEGER, sent TEXT, at INTEGER,
       PRIMARY KEY (filename, offset)) WITHOUT ROWID""",
)
_INDEXES = ("CREATE INDEX by_id ON sent (id)", "CREATE INDEX by_answer ON sent (answer)")
_OF_ANSWER = """
INSERT OR IGNORE INTO pair
SELECT ?1, ?2, filename, offset FROM sent WHERE (answer <> '' AND answer = ?3) OR (id <> '' AND id = ?4)
ORDER BY answer = ?3 DESC, filename = ?1 DESC, abs(offset - ?2) LIMIT 1
"""
_ALONE = """
SELECT DISTINCT filename FROM sent WHERE answer = '' AND NOT EXISTS (
    SELECT 1 FROM pair WHERE pair.sent = sent.filename AND pair.at = sent.offset)
"""
_OF_PLACE = """
SELECT request FROM pair JOIN sent ON sent.filename = pair.sent AND sent.offset = pair.at
WHERE pair.filename = ? AND pair.offset = ?
"""
_ANSWERS = frozenset({"response", "revisit"})

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Request)


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request other than GET, on its way from where it was read."""

    request: Request
    id: str = ""
    answer: str = ""
    """The WARC-Record-ID that its WARC-Concurrent-To names; both without angle brackets."""


_SENT = msgspec.json.Decoder(Sent)


def line_of(sent: Sent) -> bytes:
    """Return a request as a line."""
    return _ENCODER.encode(sent) + b"\n"


@dataclass(slots=True)
class Answering:
    """The requests other than GET of one day, and their answers once `match` has seen them. Close it."""

    path: Path
    """Where the notes are kept."""
    _db: Connection = field(init=False)

    def __post_init__(self) -> None:
        pragmas = ("synchronous=OFF", "journal_mode=OFF")
        self._db = open_file(self.path, "notes of an import", _TABLES, 1, *pragmas)

    def close(self) -> None:
        """Let go of the notes."""
        self._db.close()

    def match(self, sent: Iterable[bytes], answers: Iterable[bytes], find: Callable[[str], Path]) -> None:
        """
        Find the answer of each request among lines on their way; `find` tells where a WARC stands.

        Raises StorageError.
        """
        self._db.execute("BEGIN")
        self._insert("INSERT OR IGNORE INTO sent VALUES (?, ?, ?, ?, ?)", map(_row, sent))
        for statement in _INDEXES:
            self._db.execute(statement)
        self._insert(_OF_ANSWER, map(_named, answers))
        for (name,) in self._db.execute(_ALONE).fetchall():
            self._insert("INSERT OR IGNORE INTO pair VALUES (?, ?, ?, ?)", _neighbours(find(name), name))
        self._db.execute("COMMIT")

    def lines(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines on their way; what answers another method than GET with its own key."""
        for line in lines:
            row = self._db.execute(_OF_PLACE, place_of(line)).fetchone()
            yield _with_request(line, _DECODER.decode(row[0])) if row else line

    def _insert(self, statement: str, rows: Iterator[tuple[object, ...]]) -> None:
        while batch := list(islice(rows, _BATCH)):
            self._db.executemany(statement, batch)


def answered(
    sent: SortedLines, sides: Iterable[SortedLines], find: Callable[[str], Path], notes: Path
) -> list[SortedLines]:
    """Return lines of a day in which what answers another method than GET says so. Raises StorageError."""
    kept = list(sides)
    with closing(Answering(notes)) as answering:
        answering.match(sent, (line for side in kept for line in side), find)
        for number, side in enumerate(kept):
            kept[number] = SortedLines(notes.parent, f"{notes.stem}-{number}")
            for line in answering.lines(side):
                kept[number].add(line)
    return kept


def _row(line: bytes) -> tuple[object, ...]:
    sent = _SENT.decode(line)
    request = sent.request
    return request.filename, request.offset, sent.id, sent.answer, _ENCODER.encode(request)


def _named(line: bytes) -> tuple[object, ...]:
    """Return where an answer lies, its id, and the id of the request that it names."""
    record = _RECORD.search(line)
    named = line.rstrip(b"\n").rpartition(b"\t")[2]
    request = named[1:-1] if named.startswith(b"<") else b""
    own = record[1] if record else b""
    return *place_of(line), own.decode("ascii", "replace"), request.decode("utf-8", "replace")


def _neighbours(path: Path, name: str) -> Iterator[tuple[object, ...]]:
    """Yield the answers of a file, and the requests other than GET, that stand beside each other unnamed."""
    before: Seen | None = None
    for one in scan(path):
        if not isinstance(one, Seen) or "warc-concurrent-to" in one.fields:
            before = None
        elif before is not None and before.url == one.url and _are_pair(before, one):
            request, answer = (one, before) if one.kind == "request" else (before, one)
            if request.block:
                yield name, answer.offset, name, request.offset
            before = None
        else:
            before = one


def _are_pair(before: Seen, one: Seen) -> bool:
    kinds = {before.kind, one.kind}
    return "request" in kinds and bool(kinds & _ANSWERS)


def _with_request(line: bytes, request: Request) -> bytes:
    told, _, rest = line.partition(b"\t")
    capture = parse_line(told)
    key = key_of_request(capture.url, request.method, request.query)
    return format_line(replace(capture, urlkey=key, request=request))[:-1] + b"\t" + rest
