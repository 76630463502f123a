# SPDX-License-Identifier: EUPL-1.2
"""
Records into an export as they are stored, byte for byte. Knows nothing of containers or of what records mean.

    without a prefix   every WARC of each day whole; its bytes must be the ones that were sealed
    with a prefix      extract-….warc[.gz]: the matching records, the requests beside them, their warcinfo
    originals          originals-….warc[.gz]: what revisits refer to in days that are not in the export

So the copy needs nothing but itself. A record that goes on in segments has each of them in a file of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from index.cdxj import Index
from index.errors import DamagedError
from index.model import Capture, Request, Segment

from ..records import Extent, extent, open_record
from ..snapshot_folder import SnapshotFolder
from .assembly import Assembly
from .worksheet import Moved, Wanted
from .zipping import CHUNK

SUFFIXES = (".warc.gz", ".warc")

_MOST_BESIDE = 8
"""Records of one exchange that follow its response: the request, and metadata of other tools."""

Source = tuple[SnapshotFolder, Capture]
"""A capture and the snapshot it is of, which may be none of the export's own."""


def copy_days(job: Assembly) -> None:
    """Write the records of every day, what they refer to, and the lines of all. Raises DamagedError."""
    _survey(job)
    for day in job.days:
        if job.prefix is None:
            _whole_files(job, day)
        else:
            _copy(job, day, "extract", partial(_own, job, day))
    _copy(job, job.newest, "originals", partial(_borrowed, job))
    for day in job.days:
        for capture in job.matching(day):
            job.add(day, job.relocated(day.timestamp, capture))
    for source, capture in job.sheet.all_kept():
        job.add(job.newest, job.relocated(source, capture))


def suffix_of(filename: str) -> str:
    """Return what the name of a WARC ends in."""
    return next(suffix for suffix in SUFFIXES if filename.endswith(suffix) or suffix == ".warc")


def sealed_chunks(name: str, path: Path, sealed: str | None) -> Iterator[bytes]:
    """
    Yield the bytes of a sealed file, whose digest (`sha256:` and hexadecimal digits) must be the sealed one.

    Raises DamagedError at the end where it is not: nothing of the export has its name by then.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            yield chunk
    if f"sha256:{digest.hexdigest()}" != sealed:
        raise DamagedError(
            f"{path} is not as it was sealed ({name}), so it was not exported. Run `daykeep verify` to see "
            "how far the damage goes, and restore the file from a copy."
        )


def sealed_digests(day: SnapshotFolder) -> dict[str, str]:
    """Return the digest of every file of a snapshot by its path, as they were sealed. Raises DamagedError."""
    try:
        return {one["path"]: one["hash"] for one in day.package["resources"]}
    except (KeyError, TypeError) as error:
        raise DamagedError(
            f"{day.path / 'datapackage.json'} does not list the files of the day. Run `daykeep verify`."
        ) from error


def suffixes_of(job: Assembly) -> set[str]:
    """Return what the names of all WARCs end in from which records go along."""
    names = {warc.name for day in job.days for warc in day.warcs}
    names |= {
        capture.original.filename for day in job.days for capture in job.matching(day) if capture.original
    }
    return set(map(suffix_of, names))


def _survey(job: Assembly) -> None:
    """Count what goes along, and note what it refers to in days that do not go along whole."""
    whole = {day.timestamp for day in job.days} if job.prefix is None else set()
    for day in job.days:
        for capture in job.matching(day):
            job.counts["captures"] += not capture.url.startswith("urn:")
            if capture.original and capture.original.snapshot not in whole:
                job.sheet.want(capture.original, capture)


def _whole_files(job: Assembly, day: SnapshotFolder) -> None:
    sealed = sealed_digests(day)
    for path in day.warcs:
        name = job.names.take(path.name)
        job.renamed[day.timestamp, path.name] = name
        chunks = sealed_chunks(path.name, path, sealed.get(f"archive/{path.name}"))
        job.write("records", job.records(day, name), chunks, day.summary.day)
        if job.imported(day):
            job.as_they_came.add(job.paths[name])


def _own(job: Assembly, day: SnapshotFolder, suffix: str) -> Iterator[Source]:
    return ((day, capture) for capture in job.matching(day) if suffix_of(capture.filename) == suffix)


def _borrowed(job: Assembly, suffix: str) -> Iterator[Source]:
    """Yield what is wanted and not there yet; each index is opened once, as they come in order."""
    home: SnapshotFolder | None = None
    index: Index | None = None
    try:
        for wanted in job.sheet.wanted(compressed=suffix == ".warc.gz"):
            timestamp = wanted.place[0]
            if home is None or index is None or home.timestamp != timestamp:
                if index is not None:
                    index.close()
                home = SnapshotFolder(job.site, timestamp, job.newest.path.parent / timestamp)
                index = Index(home.index_path)
            capture = _line_of(index, wanted)
            job.counts["originals"] += 1
            job.sheet.keep(timestamp, capture)
            yield home, capture
    finally:
        if index is not None:
            index.close()


def _line_of(index: Index, wanted: Wanted) -> Capture:
    for line in index.candidates(wanted.original, wanted.key):
        if (line.filename, line.offset) == wanted.place[1:]:
            return line
    raise DamagedError(
        f"The revisit of {wanted.url} refers to snapshot {wanted.place[0]}, whose index does not know it. "
        "Nothing was written; run `daykeep verify`."
    )


def _copy(
    job: Assembly, day: SnapshotFolder, kind: str, sources_of: Callable[[str], Iterable[Source]]
) -> None:
    """
    Write new files with the records of some captures: one of what is compressed, one of what is not.

    Empty ones are left out. `sources_of` gives the captures for a suffix.
    """
    stem = f"{kind}-{day.site}-{day.timestamp}"
    for suffix in SUFFIXES:
        name = job.names.take(stem + suffix)
        segmented: list[tuple[SnapshotFolder, Segment]] = []
        chunks = _File(job, name).chunks(sources_of(suffix), segmented)
        path = job.records(day, name)
        first = next(chunks, None)
        if first is None:
            del job.paths[name]
            continue
        job.write("records", path, chain([first], chunks), day.summary.day)
        for number, (home, segment) in enumerate(segmented, 1):
            _copy_segment(job, day, job.names.take(f"{stem}-s{number:05d}{suffix}"), home, segment)


def _copy_segment(job: Assembly, day: SnapshotFolder, name: str, home: SnapshotFolder, one: Segment) -> None:
    place = (home.timestamp, one.filename, one.offset)
    if (home.timestamp, one.filename) in job.renamed or job.sheet.placed(place):
        return
    chunks = _File(job, name).segment(home, one)
    job.write("records", job.records(day, name), chunks, day.summary.day)


@dataclass(slots=True)
class _File:
    """A new WARC made of records as they are: each source's warcinfo once, each record, its request."""

    job: Assembly
    name: str
    size: int = 0
    begun: set[Path] = field(default_factory=set)

    def chunks(
        self, sources: Iterable[Source], segmented: list[tuple[SnapshotFolder, Segment]]
    ) -> Iterator[bytes]:
        """Yield the bytes of the file, and note where each record went."""
        for home, capture in sources:
            if self.job.imported(home):
                self.job.as_they_came.add(self.job.paths[self.name])
            path = self.job.find(home.timestamp, capture.filename)
            yield from self._warcinfo(path)
            record = _extent(path, capture.offset)
            self._place((home.timestamp, capture.filename, capture.offset), record)
            yield from self._copied(path, record)
            for beside in _beside(path, record):
                self._place((home.timestamp, capture.filename, beside.offset), beside)
                yield from self._copied(path, beside)
            yield from self._request(home, capture.request)
            segmented += [(home, segment) for segment in capture.segments]

    def _request(self, home: SnapshotFolder, request: Request | None) -> Iterator[bytes]:
        """Yield the request of an answer to another method than GET where it does not stand behind it."""
        if request is None or not request.filename:
            return
        place = (home.timestamp, request.filename, request.offset)
        if (found := self.job.sheet.placed(place)) is None or found.name != self.name:
            path = self.job.find(home.timestamp, request.filename)
            record = _extent(path, request.offset)
            self._place(place, record)
            yield from self._copied(path, record)

    def segment(self, home: SnapshotFolder, segment: Segment) -> Iterator[bytes]:
        """Yield the bytes of a file with one segment of a record."""
        path = self.job.find(home.timestamp, segment.filename)
        yield from self._warcinfo(path)
        record = _extent(path, segment.offset)
        self._place((home.timestamp, segment.filename, segment.offset), record)
        yield from self._copied(path, record)
        for beside in _beside(path, replace(record, record_id=_origin(path, segment.offset))):
            yield from self._copied(path, beside)

    def _warcinfo(self, path: Path) -> Iterator[bytes]:
        """Yield the warcinfo at the head of a file that records are taken from, once."""
        if path in self.begun:
            return
        self.begun.add(path)
        with open_record(path, 0) as record:
            if record.kind != "warcinfo":
                return
        yield from self._copied(path, _extent(path, 0))

    def _place(self, place: tuple[str, str, int], record: Extent) -> None:
        self.job.sheet.place(place, Moved(self.name, self.size, record.length))

    def _copied(self, path: Path, found: Extent) -> Iterator[bytes]:
        self.size += found.length
        with path.open("rb") as file:
            file.seek(found.offset)
            left = found.length
            while left and (chunk := file.read(min(left, CHUNK))):
                left -= len(chunk)
                yield chunk


def _beside(path: Path, record: Extent) -> Iterator[Extent]:
    """Yield the records that follow another and say that they belong to the same exchange."""
    last = record
    for _ in range(_MOST_BESIDE):
        following = extent(path, last.offset + last.length)
        if following is None or not following.concurrent_to or following.concurrent_to != record.record_id:
            return
        yield following
        last = following


def _origin(path: Path, offset: int) -> str | None:
    """Return the id of the record that a continuation belongs to: its request stands behind the last."""
    with open_record(path, offset) as record:
        return record.field("WARC-Segment-Origin-ID")


def _extent(path: Path, offset: int) -> Extent:
    found = extent(path, offset)
    if found is None:
        raise DamagedError(f"{path} ends before offset {offset}. Run `daykeep verify`.")
    return found
