# SPDX-License-Identifier: EUPL-1.2
"""
Read a snapshot back and say everything that is not as it should be. Changes nothing and never stops early.

    package   every file has the size and SHA-256 that datapackage.json says, and no file is left over
    records   every record ends where it says, and its digests are right
    segments  a record in several has all of them, each once, and the payload digest of the whole is right
    index     sorted; every line points at the record it describes; every record that should has a line
    revisits  what each refers to is there, is the response of that URL, and has the same payload
    ledger    every known URL once; what it calls stored is in the index, and the other way round
    counts    the outcomes of the ledger add up to those that were sealed

Runs before a snapshot is sealed (without `package` and `counts`) and whenever an operator asks. After damage
in a WARC it goes on at the next record that the index knows. Files of other tools that were imported are
sealed as they came: the faults that logs/import.jsonl tells of them are known.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from index.cdxj import parse_line, place_of
from index.errors import ArchiveError, DamagedError
from index.model import Capture, Original

from .as_they_came import LOG, Known, learn
from .collection import Find, SnapshotFolder
from .described import OpenIndexes, misdescribed, misreferred, unread, whole_digest
from .ledger import GOOD, UrlOutcome, count, read
from .package import encode_digest
from .readback import Found, read_back
from .records import BrokenError
from .scan import scan
from .seen import Skipped
from .survey import OWN_RULES, PROBLEMS

INDEXED = frozenset({"response", "revisit", "resource"})
_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}
_PACKAGE = "datapackage.json"
_DIGEST = "datapackage-digest.json"
_INDEX = "indexes/index.cdxj"
_LEDGER = "logs/ledger.jsonl"
_EXPECTED = PROBLEMS | frozenset(OWN_RULES)
"""Rules of which a line in the log of an import says that they are known."""
_IN_SEGMENTS = b'"segments":"'
_LINE_WIDTH = 48
_LINE_BITS = (1 << _LINE_WIDTH) - 1
"""A place has the offset of a record above these bits, and in them the offset of its line in the index."""


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
    deep: bool
    """Whether the records that revisits refer to are read as well."""
    indexes: OpenIndexes
    known: Known = field(default_factory=Known)
    """What an imported snapshot says of its files itself."""
    places: dict[str, list[int]] = field(default_factory=dict)
    """By WARC, of every line its record's offset and, in the lowest bits, where in the index it begins."""
    continued: dict[str, dict[int, int]] = field(default_factory=dict)
    """By WARC, where the lines say that `continuation` records begin, and how long they are."""
    urls: set[int] = field(default_factory=set)
    """Of every URL in the index its hash; as text a hundred thousand take fifteen megabytes."""
    sizes: dict[Path, int] = field(default_factory=dict)

    def capture(self, place: int) -> Capture:
        """Return the line at a place, and note its URL. Raises DamagedError."""
        line = self.indexes.of(self.folder.timestamp).line_at(place & _LINE_BITS)
        capture = parse_line(line)
        if not capture.url.startswith("urn:"):
            self.urls.add(hash(capture.url))
        return capture

    def captures(self) -> Iterator[Capture]:
        """Yield the lines of the index that can be read."""
        for line in self.indexes.of(self.folder.timestamp).lines():
            with contextlib.suppress(DamagedError):
                yield parse_line(line)

    def size(self, path: Path) -> int:
        """Return the size of a WARC, looking once. Raises OSError."""
        if path not in self.sizes:
            self.sizes[path] = path.stat().st_size
        return self.sizes[path]

    def problem(self, file: str, what: str, offset: int | None = None) -> Problem:
        return Problem(self.folder.timestamp, file, offset, what)


def verify(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """
    Yield every problem of a sealed snapshot; none means that it is whole. Raises nothing.

    Reads the records in other snapshots, too, that its revisits refer to.
    """
    yield from check_package(folder)
    yield from check_contents(folder, find, deep=True)
    yield from _told(folder, _LEDGER, check_counts(folder))


def check_contents(folder: SnapshotFolder, find: Find, *, deep: bool = False) -> Iterator[Problem]:
    """
    Yield every problem of records, index and ledger, of a snapshot sealed or about to be.

    Of a record that a revisit refers to, the line in its own snapshot is believed (what is sealed has been
    read back), unless `deep`.
    """
    with contextlib.closing(OpenIndexes(folder)) as indexes:
        contents = _Contents(folder, find, deep, indexes)
        yield from _told(folder, LOG, _read_log(contents))
        yield from _told(folder, _INDEX, _read_index(contents))
        yield from _told(folder, "archive", _check_warcs(contents))
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
    """Keep where the index says that records begin, and yield what is wrong with its lines."""
    last, position, sorted_ = b"", 0, True
    for number, line in enumerate(contents.indexes.of(contents.folder.timestamp).lines(), 1):
        sorted_, last = sorted_ and last <= line, line
        try:
            filename, offset = place_of(line)
            contents.places.setdefault(filename, []).append(offset << _LINE_WIDTH | position)
            if _IN_SEGMENTS in line:
                for one in parse_line(line).segments:
                    contents.continued.setdefault(one.filename, {})[one.offset] = one.length
        except DamagedError as error:
            yield contents.problem(_INDEX, f"line {number}: {error}")
        position += len(line)
    if not sorted_:
        yield contents.problem(_INDEX, "its lines are not in order")


def _read_log(contents: _Contents) -> Iterator[Problem]:
    learn(contents.folder, contents.known, _EXPECTED)
    yield from ()


def _check_warcs(contents: _Contents) -> Iterator[Problem]:
    for path in contents.folder.warcs:
        waiting = deque(sorted(contents.places.pop(path.name, [])))
        check = _check_imported if path.name in contents.known.files else _check_warc
        yield from _told(contents.folder, f"archive/{path.name}", check(contents, path, waiting))
        yield from _told(contents.folder, _INDEX, _lost(contents, path.name, waiting))
    for filename, segments in contents.continued.items():
        for offset in segments:
            yield contents.problem(_INDEX, f"no segment of a record at offset {offset} of {filename}")
    for filename, places in contents.places.items():
        yield from _told(contents.folder, _INDEX, _lost(contents, filename, deque(places)))


def _check_warc(contents: _Contents, path: Path, waiting: deque[int]) -> Iterator[Problem]:
    """
    Hold every record against its line; where one is broken go on at the next that the index knows.

    `waiting` are the lines of this file in the order of their records, and are taken off one by one.
    """
    offset: int | None = 0
    while offset is not None:
        try:
            for found in read_back(path, offset):
                yield from _lost(contents, path.name, waiting, found.offset)
                yield from _check_record(contents, path.name, waiting, found)
            return
        except BrokenError as error:
            yield contents.problem(f"archive/{path.name}", str(error), error.offset)
            starts = (place >> _LINE_WIDTH for place in waiting)
            offset = next((start for start in starts if start > error.offset), None)


def _check_imported(contents: _Contents, path: Path, waiting: deque[int]) -> Iterator[Problem]:
    """Do the same for a file of another tool: its faults are known that were told when it was imported."""
    name, known = path.name, contents.known
    for one in scan(path):
        if isinstance(one, Skipped):
            if not known.skipped(name, one.offset):
                yield contents.problem(f"archive/{name}", one.what, one.offset)
            continue
        yield from _lost(contents, name, waiting, one.offset)
        for fault in one.faults:
            if fault.damage and not known.has(name, one.offset, fault.rule):
                yield contents.problem(f"archive/{name}", fault.what, one.offset)
        if not any(known.has(name, one.offset, rule) for rule in OWN_RULES):
            found = Found(one.offset, one.end, one.kind, one.fields, one.digest)
            yield from _check_record(contents, name, waiting, found)


def _lost(
    contents: _Contents, filename: str, waiting: deque[int], before: int | None = None
) -> Iterator[Problem]:
    """Take the lines off whose records should have begun before an offset, or anywhere, and did not."""
    while waiting and (before is None or waiting[0] >> _LINE_WIDTH < before):
        place = waiting.popleft()
        try:
            url = contents.capture(place).url
            what = f"no record at offset {place >> _LINE_WIDTH} of {filename} for {url}"
        except DamagedError as error:
            what = str(error)
        yield contents.problem(_INDEX, what)


def _check_record(contents: _Contents, filename: str, waiting: deque[int], found: Found) -> Iterator[Problem]:
    for fault in found.faults:
        yield contents.problem(f"archive/{filename}", fault, found.offset)
    if found.kind == "continuation":
        length = contents.continued.get(filename, {}).pop(found.offset, None)
        if length != found.end - found.offset:
            what = "a segment of a record that no line of the index names so"
            yield contents.problem(f"archive/{filename}", what, found.offset)
    if found.kind not in INDEXED:
        return  # a line that points here is told as lost
    lines = 0
    while waiting and waiting[0] >> _LINE_WIDTH == found.offset:
        lines += 1
        yield from _check_line(contents, filename, waiting.popleft(), found)
    if lines > 1:
        yield contents.problem(_INDEX, f"two lines for one record of {found.url}")
    if lines == 0:
        what = f"the record of {found.url} has no line in the index"
        yield contents.problem(f"archive/{filename}", what, found.offset)


def _check_line(contents: _Contents, filename: str, place: int, found: Found) -> Iterator[Problem]:
    try:
        capture = contents.capture(place)
    except DamagedError as error:
        yield contents.problem(_INDEX, str(error))
        return
    if "warc-segment-number" in found.fields or capture.segments:
        try:
            whole = whole_digest(contents.folder.warc(filename), capture)
            found = replace(found, digest=whole)
        except DamagedError as error:
            yield contents.problem(f"archive/{filename}", str(error), found.offset)
            return
    if fault := misdescribed(capture, filename, found):
        what = f"the line of {capture.url} gives another {fault} than its record in {filename}"
        yield contents.problem(_INDEX, what)
    if capture.original is not None and (fault := _revisit_fault(contents, capture, capture.original, found)):
        what = f"the revisit of {capture.url} refers to what is not there: {fault}"
        yield contents.problem(f"archive/{filename}", what, found.offset)


def _revisit_fault(contents: _Contents, capture: Capture, original: Original, found: Found) -> str:
    """Return what is wrong with what a revisit refers to, as its line and its record have it."""
    try:
        path = contents.find(original.snapshot, original.filename)
        if contents.size(path) < original.offset + original.length:
            return f"{path} ends before it"
        imported = capture.filename in contents.known.files  # what it refers to, only its line says
        fault = "" if imported else misreferred(capture, original, found)
        if fault := fault or contents.indexes.unknown(capture, original):
            return fault
        return unread(path, capture, original) if contents.deep else ""
    except (ArchiveError, OSError) as error:
        return str(error)


def _check_ledger(contents: _Contents) -> Iterator[Problem]:
    """Hold the ledger against the index; of what was seen only hashes are kept, as a day may be long."""
    seen: set[int] = set()
    stored: set[int] = set()
    again: Counter[str] = Counter()
    for entry in read(contents.folder.ledger_path):
        number = hash(entry.url)
        if number in seen:
            again[entry.url] += 1
        seen.add(number)
        if entry.outcome in _STORED:
            stored.add(number)
            if number not in contents.urls:
                what = f"{entry.url} is called stored, and the index does not know it"
                yield contents.problem(_LEDGER, what)
    for url, times in again.items():
        yield contents.problem(_LEDGER, f"{url} has {times + 1} outcomes")
    if not contents.urls <= stored:
        yield from _untold(contents, stored)


def _untold(contents: _Contents, stored: set[int]) -> Iterator[Problem]:
    for capture in contents.captures():
        if not capture.url.startswith("urn:") and hash(capture.url) not in stored:
            what = f"{capture.url} is in the index, and the ledger does not call it stored"
            yield contents.problem(_LEDGER, what)


def check_counts(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield where the ledger does not add up to the counts that were sealed."""
    if count(read(folder.ledger_path)) != dict(folder.summary.counts):
        what = "its outcomes do not add up to the sealed counts"
        yield Problem(folder.timestamp, _LEDGER, None, what)
