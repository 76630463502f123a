# SPDX-License-Identifier: EUPL-1.2
"""
The records of one part of a WARC against the lines of the index that point into it.

    Part    a WARC from one offset to another, both where a record begins, and what the index says of it
    check   every record read to its end: its digests, its line, and what it refers to in other records

A part is a value that another process can be given. After damage it goes on at the next record that the index
knows. Knows nothing of ledgers and packages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from index.cdxj import parse_line
from index.errors import ArchiveError, DamagedError
from index.model import Capture, Original, Request

from ..collection import Find
from ..importing.as_they_came import Known
from ..readback import Found, read_back
from ..records import BrokenError
from ..scanning.scan import scan
from ..scanning.seen import Skipped
from ..snapshot_folder import SnapshotFolder
from .described import OpenIndexes, is_plain, misanswered, misdescribed, misreferred, unread, whole_digest
from .problem import Kind, Problem

INDEXED = frozenset({"response", "revisit", "resource"})
INDEX = "indexes/index.cdxj"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a WARC that begins and ends where a record does."""

    folder: SnapshotFolder
    name: str
    start: int
    stop: int
    places: list[tuple[int, int]]
    """Offset of a record, and where its line begins, of every line that points into this part; in order."""
    segments: list[tuple[int, int]]
    """Offset and length of the continuations that lines name in this part."""
    imported: bool
    """Whether another tool wrote it."""
    deep: bool
    """Whether the records that revisits refer to are read as well."""

    @property
    def file(self) -> str:
        """The name of the WARC within its snapshot."""
        return f"archive/{self.name}"

    def problem(self, kind: Kind, file: str, what: str, offset: int | None = None) -> Problem:
        """Return something that is wrong in this snapshot."""
        return Problem(kind, self.folder.timestamp, file, offset, what)


@dataclass(slots=True)
class Desk:
    """What stays open while the parts of one snapshot are checked. Close it."""

    folder: SnapshotFolder
    find: Find
    known: Known
    """What an imported snapshot says of its files itself."""
    indexes: OpenIndexes = field(init=False)
    sizes: dict[Path, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.indexes = OpenIndexes(self.folder)

    def close(self) -> None:
        """Close the indexes."""
        self.indexes.close()

    def line(self, position: int) -> bytes:
        """Return the line that begins at a byte of the index, as it stands. Raises NotFoundError, OSError."""
        return self.indexes.of(self.folder.timestamp).line_at(position)

    def capture(self, position: int) -> Capture:
        """Return the line that begins at a byte of the index. Raises DamagedError."""
        return parse_line(self.line(position))

    def size(self, path: Path) -> int:
        """Return the size of a WARC, looking once. Raises OSError."""
        if path not in self.sizes:
            self.sizes[path] = path.stat().st_size
        return self.sizes[path]


def check_part(desk: Desk, part: Part) -> Iterator[Problem]:
    """Yield what is wrong in a part."""
    check = _PartCheck(desk, part)
    yield from check.imported() if part.imported else check.own()
    yield from check.lost(None)
    for offset in check.segments:
        what = f"no segment of a record at offset {offset} of {part.name}"
        yield part.problem(Kind.SEGMENT, INDEX, what)


class _PartCheck:
    """One part while it is checked; the lines of its records are taken off one by one."""

    def __init__(self, desk: Desk, part: Part) -> None:
        self._desk = desk
        self._part = part
        self._waiting = deque(part.places)
        self.segments = dict(part.segments)

    def own(self) -> Iterator[Problem]:
        """Hold every record against its line; where one is broken go on at the next that the index knows."""
        path, part = self._desk.folder.warc(self._part.name), self._part
        offset: int | None = part.start
        while offset is not None and offset < part.stop:
            try:
                for found in read_back(path, offset):
                    yield from self._record(found)
                    if found.end >= part.stop:
                        break
                offset = None
            except BrokenError as error:
                yield part.problem(Kind.RECORD_BROKEN, part.file, str(error), error.offset)
                after = error.offset
                offset = next((place for place, _ in self._waiting if place > after), None)

    def imported(self) -> Iterator[Problem]:
        """Do the same for a file of another tool, of which those faults are known that its import told."""
        part, known = self._part, self._desk.known
        for one in scan(self._desk.folder.warc(part.name), part.start, part.stop):
            if isinstance(one, Skipped):
                if not known.skipped(part.name, one.offset, one.end):
                    yield part.problem(Kind.RECORD_BROKEN, part.file, one.what, one.offset)
                continue
            for fault in one.faults:
                if fault.damage and not known.has(part.name, one.offset, fault.rule):
                    yield part.problem(Kind.RECORD_CHANGED, part.file, fault.what, one.offset)
            if known.unlisted(part.name, one.offset):
                yield from self.lost(one.offset)
            else:
                yield from self._record(Found(one.offset, one.end, one.kind, one.fields, one.digest))

    def lost(self, before: int | None) -> Iterator[Problem]:
        """Take the lines off whose records should have begun before an offset, or anywhere, and did not."""
        while self._waiting and (before is None or self._waiting[0][0] < before):
            offset, line = self._waiting.popleft()
            try:
                url = self._desk.capture(line).url
                what = f"no record at offset {offset} of {self._part.name} for {url}"
                yield self._part.problem(Kind.RECORD_MISSING, INDEX, what)
            except DamagedError as error:
                yield self._part.problem(Kind.INDEX_LINE, INDEX, str(error))

    def _record(self, found: Found) -> Iterator[Problem]:
        part = self._part
        if self._waiting and self._waiting[0][0] < found.offset:
            yield from self.lost(found.offset)
        for fault in found.faults:
            yield part.problem(Kind.RECORD_CHANGED, part.file, fault, found.offset)
        if found.kind == "continuation":
            yield from self._continuation(found)
        if found.kind in INDEXED:
            yield from self._lines(found)

    def _continuation(self, found: Found) -> Iterator[Problem]:
        if self.segments.pop(found.offset, None) != found.end - found.offset:
            what = "a segment of a record that no line of the index names so"
            yield self._part.problem(Kind.SEGMENT, self._part.file, what, found.offset)

    def _lines(self, found: Found) -> Iterator[Problem]:
        lines = 0
        while self._waiting and self._waiting[0][0] == found.offset:
            lines += 1
            position = self._waiting.popleft()[1]
            if not is_plain(self._desk.line(position), self._part.name, found):
                yield from self._line(position, found)
        if lines > 1:
            what = f"two lines for one record of {found.url}"
            yield self._part.problem(Kind.INDEX_LINE, INDEX, what)
        if lines == 0:
            what = f"the record of {found.url} has no line in the index"
            yield self._part.problem(Kind.RECORD_UNLISTED, self._part.file, what, found.offset)

    def _line(self, line: int, found: Found) -> Iterator[Problem]:
        part = self._part
        try:
            capture = self._desk.capture(line)
        except DamagedError as error:
            yield part.problem(Kind.INDEX_LINE, INDEX, str(error))
            return
        if "warc-segment-number" in found.fields or capture.segments:
            try:
                found = replace(found, digest=whole_digest(self._desk.folder.warc(part.name), capture))
            except DamagedError as error:
                yield part.problem(Kind.SEGMENT, part.file, str(error), found.offset)
                return
        if fault := misdescribed(capture, part.name, found):
            what = f"the line of {capture.url} gives another {fault} than its record in {part.name}"
            yield part.problem(Kind.INDEX_LINE, INDEX, what)
        if capture.request is not None and (fault := self._request(capture.request, found)):
            what = f"the line of {capture.url} gives another request than there is: {fault}"
            yield part.problem(Kind.INDEX_LINE, INDEX, what)
        if capture.original is not None and (fault := self._revisit(capture, capture.original, found)):
            what = f"the revisit of {capture.url} refers to what is not there: {fault}"
            yield part.problem(Kind.REVISIT, part.file, what, found.offset)

    def _request(self, request: Request, found: Found) -> str:
        """Return what is wrong with the request that a line says its record answers."""
        try:
            return misanswered(request, found, self._desk.folder.warc(request.filename))
        except (ArchiveError, OSError) as error:
            return str(error)

    def _revisit(self, capture: Capture, original: Original, found: Found) -> str:
        """Return what is wrong with what a revisit refers to, as its line and its record have it."""
        try:
            path = self._desk.find(original.snapshot, original.filename)
            if self._desk.size(path) < original.offset + original.length:
                return f"{path} ends before it"
            # of an imported revisit only its line says what it refers to
            fault = "" if self._part.imported else misreferred(capture, original, found)
            if fault := fault or self._desk.indexes.unknown(capture, original):
                return fault
            return unread(path, capture, original) if self._part.deep else ""
        except (ArchiveError, OSError) as error:
            return str(error)
