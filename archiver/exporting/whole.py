# SPDX-License-Identifier: EUPL-1.2
"""
Records into an export anew, every revisit made a full response again, so that a day stands alone.

    response, resource, request, metadata …   block as it is; named fields by the rules of ours
    revisit, identical-payload-digest         head as that day received it, payload of the record it refers to
    revisit, server-not-modified              head and payload of the record it refers to, as replay shows it
    metadata, beside each of the two          from which record of which day the payload came

The payload of the record that is referred to is digested, and must be the one that the revisit says; where it
is not, the revisit stays one and the report names it. A body is framed as its head says: in chunks, those of
the record referred to where it has them, or plain. WARC-Date stays that of the day. A response made anew has
an id of its own, always the same for the same revisit, and its request refers to that.

Knows nothing of containers.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from index.errors import ArchiveError
from index.model import Capture, Request
from index.timestamp import parse_timestamp

from ..record_files import RecordFiles, Written
from ..records import BrokenError, Record, iterate, open_record, open_whole
from ..scanning.scan import find_start
from ..snapshot_folder import SnapshotFolder
from .assembly import Assembly
from .reframing import Block, Rebuilt, rebuild, spooled
from .rewritten_fields import metadata_of, of_record, of_response, warcinfo_of
from .worksheet import Moved

_BESIDE = 4096
"""Bytes kept free behind a response in the same file, for its request and what is said of it."""


def write_days(job: Assembly) -> None:
    """Write the records of every day anew, and their lines. Raises DamagedError, StorageError."""
    for day in job.days:
        for capture in job.matching(day):
            job.counts["captures"] += not capture.url.startswith("urn:")
            job.sheet.keep(day.timestamp, capture)
            if capture.original and capture.record:
                job.sheet.rebuild(f"<{capture.record}>")
    for day in job.days:
        folder = job.scratch / day.timestamp
        folder.mkdir()
        _Day(job, day, folder).write()
        for path in sorted(folder.iterdir()):
            job.take("records", job.paths[path.name], path, day.summary.day)
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record stands in the archive."""

    filename: str
    offset: int


Row = tuple[_Place, Record, Capture | None]
"""A record, and its line where it has one."""


@dataclass(slots=True)
class _Day:
    """The records of one day on their way into files."""

    job: Assembly
    day: SnapshotFolder
    folder: Path
    files: RecordFiles = field(init=False)
    ids: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        name = self.job.names.take(f"{self.day.site}-{self.day.timestamp}")
        self.ids = _ids(f"{self.job.profile.name} {self.job.prefix} {self.day.timestamp}")
        moment = parse_timestamp(self.day.timestamp)
        self.files = RecordFiles(
            self.folder,
            name,
            compression="gzip" if self._compressed() else "none",
            warcinfo=warcinfo_of(self.day, self.job.profile.name),
            now=lambda: moment,
            new_id=lambda: next(self.ids),
            max_file=self.job.profile.largest,
        )

    def write(self) -> None:
        """Write every record that goes along, in the order it is stored."""
        try:
            for path in self.day.warcs:
                for where, record, capture in self._records(path):
                    self._one(record, capture, where)
        except BaseException:
            with contextlib.suppress(ArchiveError):  # what stopped it is told; this file goes anyway
                self.files.close()
            raise
        self.files.close()
        for line in self.job.sheet.deferred():
            request = self.job.requested(self.day.timestamp, line.request)
            self.job.add(self.day, replace(line, request=request))
        for left in self.job.sheet.kept(self.day.timestamp):
            self._differs(_Place(left.filename, left.offset), left.url, "there is no record that can be read")

    def _compressed(self) -> bool:
        stored = any(path.name.endswith(".gz") for path in self.day.warcs)
        return {"gzip": True, "none": False, "stored": stored}[self.job.profile.compression]

    def _records(self, path: Path) -> Iterator[Row]:
        rows = self.job.sheet.kept(self.day.timestamp, path.name)
        return _beside(path, rows) if self.job.prefix else _every(self.job, self.day, path, rows)

    def _one(self, record: Record, capture: Capture | None, where: _Place) -> None:
        if record.kind in {"warcinfo", "continuation"}:
            return
        with self._block(record, capture) as block:
            if (
                capture is None
                or record.kind != "revisit"
                or not self._rebuilt(record, capture, block, where)
            ):
                self._kept(record, capture, block, where)

    @contextlib.contextmanager
    def _block(self, record: Record, capture: Capture | None) -> Iterator[Block]:
        with contextlib.ExitStack() as stack:
            if capture is not None and capture.segments:
                record = stack.enter_context(self._opened(self.day.timestamp, capture))
            yield stack.enter_context(spooled(_chunks(record.block), self.folder.parent))

    def _opened(self, snapshot: str, there: Capture) -> contextlib.AbstractContextManager[Record]:
        find = self.job.find
        return open_whole(
            lambda name: find(snapshot, name), find(snapshot, there.filename), there.offset, there.segments
        )

    def _kept(self, record: Record, capture: Capture | None, block: Block, where: _Place) -> None:
        """Write a record whose block stays as it is."""
        url = record.field("WARC-Target-URI")
        for told in _odd(record, capture, block):
            self._differs(where, url, told)
        written = self._put(record.kind, of_record(record, block, capture, self._renamed), block)
        if record.kind == "request" and not block.begins(b"GET "):
            moved = Moved(written.filename, written.offset, written.length)
            self.job.sheet.place((self.day.timestamp, where.filename, where.offset), moved)
        if capture is not None:
            lost = record.kind == "revisit"  # what it refers to is not in the export
            self._line(replace(capture, original=None, unresolved=lost), written, capture)
        elif record.kind in {"response", "resource"}:
            sort = "notes" if self.job.imported(self.day) else "differences"
            self._tell(sort, where, url, "the archive's index does not know of this record")

    def _rebuilt(self, record: Record, capture: Capture | None, block: Block, where: _Place) -> bool:
        """Write a response in place of a revisit with that block; False where the record stays as it is."""
        if capture is None or record.kind != "revisit" or capture.original is None:
            return False
        old = record.field("WARC-Record-ID") or ""
        with rebuild(self.job.find, block, capture, self.folder.parent) as made:
            if made.digest != capture.digest:
                what = f"the payload it refers to has digest {made.digest}, so this revisit stays one"
                self.job.sheet.leave(old)
                self._differs(where, capture.url, what)
                return False
            self.job.sheet.rebuild(old)
            self._response(record, capture, made)
        return True

    def _response(self, record: Record, capture: Capture, made: Rebuilt) -> None:
        own = self._renamed(record.field("WARC-Record-ID") or "")
        for told in made.notes:
            self.job.sheet.remark("notes", {"url": capture.url, "date": capture.date, "what": told})
        written = self._put("response", of_response(record, made, capture, own), made.block)
        about, text = metadata_of(record, capture, own, made, next(self.ids))
        with spooled([text], self.folder.parent) as block:
            self._put("metadata", [*about, ("WARC-Block-Digest", block.digest)], block)
        self.job.counts["rebuilt"] += 1
        line = replace(
            capture,
            original=None,
            mime=made.mime,
            status=made.status,
            truncated=made.truncated,
            record=own[1:-1],
        )
        self._line(line, written, capture)

    def _put(self, kind: str, fields: list[tuple[str, str]], block: Block) -> Written:
        beside = _BESIDE if kind == "response" else 0
        written = self.files.record(kind, fields, block.stream, block.length, beside=beside)
        self.job.meter.write(written.length + sum(one.length for one in written.segments))
        for name in (written.filename, *(one.filename for one in written.segments)):
            if name not in self.job.paths:
                path = self.job.records(self.day, name)
                if self.job.imported(self.day):
                    self.job.with_unindexed.add(path)
        return written

    def _line(self, capture: Capture, written: Written, stored: Capture) -> None:
        """Add the line of a record that was written; `stored` is the archive's own."""
        self.job.sheet.drop(self.day.timestamp, stored)
        line = replace(
            capture,
            filename=written.filename,
            offset=written.offset,
            length=written.length,
            segments=written.segments,
        )
        if line.request is None:
            self.job.add(self.day, line)
        else:
            self.job.sheet.defer(line)

    def _renamed(self, record_id: str) -> str:
        """Return the id of a record in the export: another where a response stands in place of a revisit."""
        if not self.job.sheet.is_rebuilt(record_id):
            return record_id
        return f"<{uuid.uuid5(uuid.NAMESPACE_URL, f'whole {record_id}').urn}>"

    def _differs(self, where: _Place, url: str | None, what: str) -> None:
        self._tell("differences", where, url, what)

    def _tell(self, sort: str, where: _Place, url: str | None, what: str) -> None:
        file = f"{self.day.timestamp}/{where.filename}"
        self.job.sheet.remark(sort, {"file": file, "offset": where.offset, "url": url or "", "what": what})


def _odd(record: Record, capture: Capture | None, block: Block) -> Iterator[str]:
    """Yield what is wrong with a record whose block is to stay as it is."""
    said = record.field("WARC-Block-Digest") or ""
    in_one = capture is None or not capture.segments
    if in_one and said.startswith("sha256:") and said != block.digest:
        yield f"the block digest is {block.digest}, and the record says {said}"
    if record.kind == "revisit" and (capture is None or capture.original is None):
        yield "this revisit refers to nothing that is there, and stays one"


def _ids(seed: str) -> Iterator[str]:
    """Yield ids that are always the same for the same export: warcinfo, metadata, continuation."""
    number = 0
    while True:
        yield f"<{uuid.uuid5(uuid.NAMESPACE_URL, f'export {seed} {number}').urn}>"
        number += 1


def _every(job: Assembly, day: SnapshotFolder, path: Path, rows: Iterator[Capture]) -> Iterator[Row]:
    """Yield every record of a WARC with its index line, which stand in the same order."""
    row = next(rows, None)
    for at, record in _readable(job, day, path):
        while row is not None and row.offset < at:
            row = next(rows, None)
        yield _Place(path.name, at), record, row if row is not None and row.offset == at else None


def _readable(job: Assembly, day: SnapshotFolder, path: Path) -> Iterator[tuple[int, Record]]:
    """
    Yield every record of a WARC.

    What another tool's file held that is no record was told when it was imported, and is noted. Raises
    BrokenError for damage in a file of ours.
    """
    offset: int | None = 0
    while offset is not None:
        try:
            yield from iterate(path, offset)
            return
        except BrokenError as error:
            if not job.imported(day):
                raise
            place = {"file": path.name, "offset": error.offset}
            job.sheet.remark("notes", {**place, "what": "here the imported file holds what is no record"})
            offset = find_start(path, error.offset + 1)


def _beside(path: Path, rows: Iterator[Capture]) -> Iterator[Row]:
    """Yield the record of each index line, and those behind it that belong to the same exchange."""
    for row in rows:
        own: str | None = None
        last = row.offset
        for at, record in iterate(path, row.offset):
            if own is not None and record.field("WARC-Concurrent-To") != own:
                break
            yield _Place(path.name, at), record, row if own is None else None
            own, last = own or record.field("WARC-Record-ID") or "", at
        if row.request and row.request.filename:
            yield from _request(path, row.request, range(row.offset, last + 1))
        if row.segments:
            end = row.segments[-1]
            yield from _behind(path.with_name(end.filename), end.offset, own)


def _request(path: Path, request: Request, written: range) -> Iterator[Row]:
    """Yield the request of an answer where it does not stand among what was written of it."""
    if request.filename != path.name or request.offset not in written:
        with open_record(path.with_name(request.filename), request.offset) as record:
            yield _Place(request.filename, request.offset), record, None


def _behind(path: Path, offset: int, own: str | None) -> Iterator[Row]:
    """Yield what stands behind the last segment of a record and belongs to the same exchange."""
    for number, (at, record) in enumerate(iterate(path, offset)):
        if number and record.field("WARC-Concurrent-To") != own:
            return
        if number:
            yield _Place(path.name, at), record, None


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(1 << 16):
        yield chunk
