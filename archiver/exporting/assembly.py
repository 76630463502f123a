# SPDX-License-Identifier: EUPL-1.2
"""
One export while it is put together: the days in it, what goes along, and where that stands. Writes no record.

    matching   the captures of a day that go along: all of them, or those whose address has a prefix
    records    a WARC of the export gets its path, and is remembered by its name
    add        a line of an index, and with it what the archive says the payload digest is
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from index.model import Capture, Original, Request, Segment
from index.urlkey import text_name

from ..collection import Find
from ..importing.as_they_came import LOG
from ..snapshot_folder import SnapshotFolder
from .packing import PackedFile
from .profiles import Profile
from .safe_names import Names, safe_name
from .worksheet import Moved, Worksheet
from .zipping import Meter, Output


@dataclass(slots=True)
class Assembly:
    """What the parts of an export share."""

    days: tuple[SnapshotFolder, ...]
    """Oldest first, of one site, at least one."""
    find: Find
    profile: Profile
    prefix: str | None
    sheet: Worksheet
    out: Output
    meter: Meter
    scratch: Path
    """A folder for what is not written into the export at once."""
    names: Names = field(default_factory=Names)
    files: list[PackedFile] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)
    """WARCs of the export: their paths by their names."""
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)
    """WARCs that go along whole, by snapshot and name: the name they have in the export."""
    foreign: dict[str, bool] = field(default_factory=dict)
    """Whether a snapshot is an imported one."""
    as_they_came: set[str] = field(default_factory=set)
    """Paths of WARCs of the export that have records as another tool wrote them."""
    with_unindexed: set[str] = field(default_factory=set)
    """Paths of WARCs that may hold records which no index has: other tools keep those of DNS as well."""
    indexes: dict[str, str] = field(default_factory=dict)
    """Paths of the indexes by the snapshots whose lines they have."""
    counts: Counter[str] = field(default_factory=Counter)
    """`captures`, `originals`, `rebuilt`."""

    @property
    def site(self) -> str:
        """The site it is of."""
        return self.days[0].site

    @property
    def newest(self) -> SnapshotFolder:
        """The last of its days."""
        return self.days[-1]

    def imported(self, day: SnapshotFolder) -> bool:
        """Tell whether a snapshot is made of files of other tools, which are sealed as they came."""
        found = self.foreign.get(day.timestamp)
        if found is None:
            found = self.foreign[day.timestamp] = (day.path / LOG).exists()
        return found

    def matching(self, day: SnapshotFolder) -> Iterator[Capture]:
        """Yield the captures of a day that go along, in the order of its index."""
        return (capture for capture in day.index.captures() if self.matches(capture.url))

    def matches(self, url: str) -> bool:
        """Tell whether an address goes along; the extracted text of a page goes with the page."""
        return self.prefix is None or url.startswith((self.prefix, text_name(self.prefix)))

    def path(self, part: str, day: SnapshotFolder, name: str = "") -> str:
        """Return where a part of the export stands."""
        pattern: str = getattr(self.profile.names, part)
        return pattern.format(
            site=safe_name(day.site), day=day.summary.day, timestamp=day.timestamp, name=safe_name(name)
        )

    def records(self, day: SnapshotFolder, name: str) -> str:
        """Return the path of a WARC of the export, whose name is safe and not taken."""
        self.paths[name] = self.path("records", day, name)
        return self.paths[name]

    def write(self, kind: str, path: str, chunks: Iterable[bytes], day: str = "") -> None:
        """Write a file of the export."""
        written = self.out.add(path, chunks)
        self.files.append(PackedFile(written.path, written.bytes, written.sha256, kind, day))

    def take(self, kind: str, path: str, file: Path, day: str = "") -> None:
        """Take a file into the export that stands in `scratch`."""
        written = self.out.take(path, file)
        self.files.append(PackedFile(written.path, written.bytes, written.sha256, kind, day))

    def add(self, day: SnapshotFolder, line: Capture) -> None:
        """Add a line to the index of the export; it tells where the record stands in the export."""
        index = self.indexes.get(day.timestamp)
        if index is None:
            index = self.indexes[day.timestamp] = self.path("index", day)
        self.sheet.line(index, line)
        self.sheet.expect(self.paths[line.filename], line)

    def relocated(self, snapshot: str, line: Capture) -> Capture:
        """Return the line of a capture of that snapshot as the export has it, its original too."""
        moved = self._moved(snapshot, line)
        original, request = line.original, self.requested(snapshot, line.request)
        there = self._moved(original.snapshot, original) if original else None
        if moved is None and there is None and request is line.request:
            return line
        if original and there:
            original = replace(original, **there)
        return replace(line, **(moved or {}), original=original, request=request)

    def requested(self, snapshot: str, request: Request | None) -> Request | None:
        """Return a request with the place that its record has in the export."""
        if request is None or self.renamed.get((snapshot, request.filename)) == request.filename:
            return request
        name, place = self.renamed.get((snapshot, request.filename)), request.offset
        if name is None:
            moved = self.sheet.placed((snapshot, request.filename, request.offset))
            name, place = (moved.name, moved.offset) if moved else ("", 0)
        return replace(request, filename=name, offset=place)

    def _moved(self, snapshot: str, line: Capture | Original) -> dict[str, Any] | None:
        """Return what is other in the export of where a record stands; None where nothing is."""
        if self.renamed.get((snapshot, line.filename)) == line.filename and not line.segments:
            return None
        moved = self._place(snapshot, line.filename, line.offset, line.length)
        segments = self._segments(snapshot, line.segments)
        return {
            "filename": moved.name,
            "offset": moved.offset,
            "length": moved.length,
            "segments": segments,
        }

    def _segments(self, snapshot: str, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        found = [self._place(snapshot, one.filename, one.offset, one.length) for one in segments]
        return tuple(Segment(one.name, one.offset, one.length) for one in found)

    def _place(self, snapshot: str, filename: str, offset: int, length: int) -> Moved:
        name = self.renamed.get((snapshot, filename))
        if name is not None:
            return Moved(name, offset, length)
        return self.sheet.placed((snapshot, filename, offset)) or Moved(filename, offset, length)
