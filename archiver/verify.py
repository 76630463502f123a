# SPDX-License-Identifier: EUPL-1.2
"""
Read a snapshot back and say everything that is not as it should be. Changes nothing and never stops early.

    package   every file has the size and SHA-256 that datapackage.json says, and no file is left over
    records   every record ends where it says, and its digests are right
    index     sorted; every line points at the record it describes; every record that should has a line
    revisits  what each refers to is there, is the response of that URL, and has the same payload
    ledger    every known URL once; what it calls stored is in the index, and the other way round
    counts    the outcomes of the ledger add up to those that were sealed

Runs before a snapshot is sealed (without `package` and `counts`) and whenever an operator asks. After damage
in a WARC it goes on at the next record that the index knows.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from index.cdxj import Index, is_sorted, parse_line
from index.errors import ArchiveError, DamagedError
from index.model import Capture, Original
from index.urlkey import urlkey

from .collection import SnapshotFolder
from .ledger import GOOD, UrlOutcome, count, read
from .package import encode_digest
from .records import BrokenError, Record, iterate, payload, read_http_head
from .warc import refer

INDEXED = frozenset({"response", "revisit", "resource"})
_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}
_PACKAGE = "datapackage.json"
_DIGEST = "datapackage-digest.json"
_INDEX = "indexes/index.cdxj"
_LEDGER = "logs/ledger.jsonl"

Find = Callable[[str, str], Path]
"""(snapshot, filename) → path of that WARC."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be."""

    snapshot: str
    file: str
    offset: int | None
    what: str

    def __str__(self) -> str:
        """Return it as a line for the operator."""
        place = self.file if self.offset is None else f"{self.file} at offset {self.offset}"
        return f"{self.snapshot}: {place}: {self.what}"


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a record turned out to be, to be held against its line in the index."""

    kind: str
    url: str
    length: int
    payload_digest: str


class _Resource(msgspec.Struct, frozen=True):
    """One file that datapackage.json lists."""

    path: str
    hash: str
    bytes: int


class _Package(msgspec.Struct, frozen=True):
    resources: tuple[_Resource, ...]


@dataclass(frozen=True, slots=True)
class _Contents:
    """A snapshot while its contents are checked."""

    folder: SnapshotFolder
    find: Find
    starts: dict[str, list[int]]
    """By WARC, where the index says that records begin."""
    stored: dict[tuple[str, int], _Stored]
    """By WARC and offset, what the records turned out to be that the index must know."""

    def captures(self) -> Iterator[Capture]:
        """Yield the lines of the index that can be read; `_read_index` has told of the others."""
        with Index(self.folder.index_path) as index:
            for line in index.lines():
                with contextlib.suppress(DamagedError):
                    yield parse_line(line)

    def problem(self, file: str, what: str, offset: int | None = None) -> Problem:
        return Problem(self.folder.timestamp, file, offset, what)


def verify(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """Yield every problem of a sealed snapshot; none means that it is whole. Raises nothing."""
    yield from check_package(folder)
    yield from check_contents(folder, find)
    yield from _told(folder, _LEDGER, check_counts(folder))


def check_contents(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """Yield every problem of records, index and ledger, of a snapshot sealed or about to be."""
    contents = _Contents(folder, find, {}, {})
    yield from _told(folder, _INDEX, _read_index(contents))
    yield from _told(folder, "archive", _check_warcs(contents))
    yield from _told(folder, _INDEX, _check_index(contents))
    yield from _told(folder, _INDEX, _check_revisits(contents))
    yield from _told(folder, _LEDGER, _check_ledger(contents))


def check_package(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield what differs between the files and datapackage.json, and between that and its own digest."""
    yield from _told(folder, _DIGEST, _check_digest(folder))
    yield from _told(folder, _PACKAGE, _check_resources(folder))


def _told(folder: SnapshotFolder, name: str, problems: Iterator[Problem]) -> Iterator[Problem]:
    """Yield problems, and what ends their list early as one more."""
    try:
        yield from problems
    except ArchiveError as error:
        yield Problem(folder.timestamp, name, None, str(error))
    except Exception as error:  # noqa: BLE001  nothing here may be trusted, and the other checks must still run
        yield Problem(folder.timestamp, name, None, f"cannot be checked: {error!r}")


def _check_digest(folder: SnapshotFolder) -> Iterator[Problem]:
    digest = hash_file(folder.path / _PACKAGE)
    if (folder.path / _DIGEST).read_bytes() != encode_digest(digest):
        yield Problem(folder.timestamp, _DIGEST, None, f"does not give the digest of {_PACKAGE}")


def _check_resources(folder: SnapshotFolder) -> Iterator[Problem]:
    package = msgspec.json.decode((folder.path / _PACKAGE).read_bytes(), type=_Package)
    there = {
        path.relative_to(folder.path).as_posix(): path for path in folder.path.rglob("*") if not path.is_dir()
    }
    for name, times in Counter(resource.path for resource in package.resources).items():
        if times > 1:
            yield Problem(folder.timestamp, _PACKAGE, None, f"lists {name} {times} times")
    for resource in package.resources:
        yield from _check_resource(folder, resource, there.get(resource.path))
    for name in sorted(
        there.keys() - {resource.path for resource in package.resources} - {_PACKAGE, _DIGEST}
    ):
        yield Problem(folder.timestamp, name, None, f"stands in the folder but not in {_PACKAGE}")


def hash_file(path: Path) -> str:
    """Return `sha256:` and the hexadecimal digest of a file."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _check_resource(folder: SnapshotFolder, resource: _Resource, path: Path | None) -> Iterator[Problem]:
    what = None
    try:
        size = path.stat().st_size if path else 0
        if path is None:
            what = f"is not there, and {_PACKAGE} lists it"
        elif size != resource.bytes:
            what = f"is {size} bytes long, sealed with {resource.bytes}"
        elif hash_file(path) != resource.hash:
            what = "its bytes are not the ones that were sealed"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    if what:
        yield Problem(folder.timestamp, resource.path, None, what)


def _read_index(contents: _Contents) -> Iterator[Problem]:
    """Keep where the index says that records begin, and yield the lines that cannot be read."""
    with Index(contents.folder.index_path) as index:
        if not is_sorted(index.lines()):
            yield contents.problem(_INDEX, "its lines are not in order")
        for number, line in enumerate(index.lines(), 1):
            try:
                capture = parse_line(line)
                contents.starts.setdefault(capture.filename, []).append(capture.offset)
            except DamagedError as error:
                yield contents.problem(_INDEX, f"line {number}: {error}")


def _check_warcs(contents: _Contents) -> Iterator[Problem]:
    for path in contents.folder.warcs:
        starts = sorted(contents.starts.get(path.name, ()))
        yield from _told(contents.folder, f"archive/{path.name}", _check_warc(contents, path, starts))


def _check_warc(contents: _Contents, path: Path, starts: Collection[int]) -> Iterator[Problem]:
    """Check every record; where one is broken go on at the next that the index knows."""
    name = f"archive/{path.name}"
    offset: int | None = 0
    while offset is not None:
        try:
            yield from _check_records(contents, path, offset)
            return
        except BrokenError as error:
            yield contents.problem(name, str(error), error.offset)
            offset = next((start for start in starts if start > error.offset), None)


def _check_records(contents: _Contents, path: Path, offset: int) -> Iterator[Problem]:
    """Check the records from an offset on, and keep what they are. Raises BrokenError."""
    last: tuple[int, _Stored] | None = None
    end = path.stat().st_size
    try:
        for start, record in iterate(path, offset):
            _keep(contents, path, last, start)
            last = None
            try:
                found, faults = _check_record(record)
            except DamagedError as error:
                raise BrokenError(str(error), start) from error
            last = (start, found)
            for fault in faults:
                yield contents.problem(f"archive/{path.name}", fault, start)
    except BrokenError as error:
        end = error.offset
        raise
    finally:
        _keep(contents, path, last, end)


def _keep(contents: _Contents, path: Path, last: tuple[int, _Stored] | None, end: int) -> None:
    """Keep what a record is, if it ended before `end`."""
    if last is not None and last[0] < end and last[1].kind in INDEXED:
        contents.stored[path.name, last[0]] = replace(last[1], length=end - last[0])


def _check_record(record: Record) -> tuple[_Stored, list[str]]:
    """Read a record's block to its end, and return what it is and what is wrong with it."""
    block = hashlib.sha256()
    tee = cast("BinaryIO", _Tee(record, block.update))
    digest, faults = _payload_digest(record, tee)
    for _ in iter(lambda: tee.read(65536), b""):
        pass
    said = record.field("WARC-Block-Digest")
    if said != f"sha256:{block.hexdigest()}":
        faults.append(f"the block digest is not {said}")
    said = record.field("WARC-Payload-Digest")
    if record.kind == "revisit":
        digest = said or ""
    elif said is not None and said != digest:
        faults.append(f"the payload digest is not {said}")
    return _Stored(record.kind, record.field("WARC-Target-URI") or "", 0, digest), faults


def _payload_digest(record: Record, tee: BinaryIO) -> tuple[str, list[str]]:
    chunks: Iterator[bytes] = iter(lambda: tee.read(65536), b"")
    if record.kind == "response":
        try:
            chunks = payload(tee, read_http_head(tee, record.field("WARC-Target-URI") or ""))
        except DamagedError as error:
            return "", [str(error)]
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}", []


class _Tee:
    """A record's block that tells a digest everything that is read of it."""

    def __init__(self, record: Record, update: Callable[[bytes], object]) -> None:
        self._block = record.block
        self._update = update

    def read(self, size: int = -1) -> bytes:
        data = self._block.read(size)
        self._update(data)
        return data

    def readline(self, limit: int = -1) -> bytes:
        data = self._block.readline(limit)
        self._update(data)
        return data


def _check_index(contents: _Contents) -> Iterator[Problem]:
    seen: set[tuple[str, int]] = set()
    for capture in contents.captures():
        place = (capture.filename, capture.offset)
        record = contents.stored.get(place)
        if record is None:
            what = f"no record at offset {capture.offset} of {capture.filename} for {capture.url}"
            yield contents.problem(_INDEX, what)
        elif fault := _misdescribed(capture, record):
            what = f"the line of {capture.url} gives another {fault} than its record in {capture.filename}"
            yield contents.problem(_INDEX, what)
        if place in seen:
            yield contents.problem(_INDEX, f"two lines for one record of {capture.url}")
        seen.add(place)
    for filename, offset in sorted(contents.stored.keys() - seen):
        what = f"the record of {contents.stored[filename, offset].url} has no line in the index"
        yield contents.problem(f"archive/{filename}", what, offset)


def _misdescribed(capture: Capture, record: _Stored) -> str:
    """Return what of a line is not as in its record, as far as the record alone can tell."""
    facts = {
        "key": (capture.urlkey, urlkey(record.url)),
        "address": (capture.url, record.url),
        "length": (capture.length, record.length),
        "payload digest": (capture.digest, record.payload_digest),
        "kind": (capture.original is not None, record.kind == "revisit"),
    }
    return ", ".join(name for name, (line, stored) in facts.items() if line != stored)


def _check_revisits(contents: _Contents) -> Iterator[Problem]:
    for capture in contents.captures():
        if fault := _revisit_fault(contents, capture):
            what = f"the revisit of {capture.url} refers to what is not there: {fault}"
            yield contents.problem(f"archive/{capture.filename}", what, capture.offset)


def _revisit_fault(contents: _Contents, capture: Capture) -> str:
    original = capture.original
    if original is None:
        return ""
    try:
        refer(contents.find(original.snapshot, original.filename), original)
        return _refers_elsewhere(contents.folder, capture, original)
    except (ArchiveError, OSError) as error:
        return str(error)


def _refers_elsewhere(folder: SnapshotFolder, capture: Capture, original: Original) -> str:
    """Return what is wrong where the line of the original, in its own snapshot, tells another payload."""
    home = folder
    if original.snapshot != folder.timestamp:
        home = SnapshotFolder(folder.site, original.snapshot, folder.path.parent / original.snapshot)
    with Index(home.index_path) as index:
        lines = [line for line in index.candidates(original.url) if line.offset == original.offset]
    same = any(line.filename == original.filename and line.digest == capture.digest for line in lines)
    return "" if same else f"snapshot {original.snapshot} knows no such payload there"


def _check_ledger(contents: _Contents) -> Iterator[Problem]:
    urls: Counter[str] = Counter()
    stored: set[str] = set()
    for entry in read(contents.folder.ledger_path):
        urls[entry.url] += 1
        if entry.outcome in _STORED:
            stored.add(entry.url)
    for url, times in urls.items():
        if times > 1:
            yield contents.problem(_LEDGER, f"{url} has {times} outcomes")
    indexed = {capture.url for capture in contents.captures() if not capture.url.startswith("urn:")}
    for url in sorted(stored - indexed):
        yield contents.problem(_LEDGER, f"{url} is called stored, and the index does not know it")
    for url in sorted(indexed - stored):
        yield contents.problem(_LEDGER, f"{url} is in the index, and the ledger does not call it stored")


def check_counts(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield where the ledger does not add up to the counts that were sealed."""
    if count(read(folder.ledger_path)) != dict(folder.summary.counts):
        what = "its outcomes do not add up to the sealed counts"
        yield Problem(folder.timestamp, _LEDGER, None, what)
