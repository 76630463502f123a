# SPDX-License-Identifier: EUPL-1.2
"""
Read a snapshot back and say everything that is not as it should be. Changes nothing and never stops early.

    package   every file has the size and SHA-256 that datapackage.json says, and no file is left over
    records   every record ends where it says, and its digests are right
    index     sorted; every line points at the record it describes; every record that should has a line
    revisits  what each refers to is there, is the response of that URL, and has the same payload
    ledger    every known URL once; what it calls stored is in the index, and the other way round

Runs before a snapshot is sealed (without `package`) and whenever an operator asks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from index.cdxj import Index, is_sorted
from index.errors import ArchiveError, DamagedError
from index.model import Capture

from .collection import SnapshotFolder
from .exchange import header
from .ledger import GOOD, Entry, UrlOutcome, count, read
from .payload import dechunk
from .warc import Record, iterate, read_http_head, refer

INDEXED = frozenset({"response", "revisit", "resource"})
_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}

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


def verify(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """Yield every problem of a sealed snapshot; none means that it is whole."""
    yield from check_package(folder)
    yield from check_contents(folder, find)


def check_contents(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """Yield every problem of records, index and ledger, of a snapshot sealed or about to be."""
    stored: dict[tuple[str, int], _Stored] = {}
    for path in folder.warcs:
        yield from _check_records(folder, path, stored)
    try:
        with Index(folder.index_path) as index:
            yield from _check_index(folder, index, stored)
            yield from _check_revisits(folder, index, find)
            yield from _check_ledger(folder, index)
    except ArchiveError as error:
        yield Problem(folder.timestamp, "indexes/index.cdxj", None, str(error))


def check_package(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield what differs between the files and datapackage.json, and between that and its own digest."""
    name = "datapackage.json"
    try:
        resources: list[dict[str, Any]] = folder.package["resources"]
        sealed = msgspec.json.decode((folder.path / "datapackage-digest.json").read_bytes(), type=dict[str, Any])
        digest = hash_file(folder.path / name)
    except (ArchiveError, OSError, KeyError, msgspec.DecodeError) as error:
        yield Problem(folder.timestamp, name, None, f"cannot be read: {error}")
        return
    if sealed.get("hash") != digest:
        yield Problem(folder.timestamp, name, None, "its digest is not the one in datapackage-digest.json")
    listed = {resource["path"] for resource in resources}
    for resource in resources:
        yield from _check_resource(folder, resource)
    for path in sorted(folder.path.rglob("*")):
        relative = path.relative_to(folder.path).as_posix()
        if path.is_file() and relative not in listed and not relative.startswith("datapackage"):
            yield Problem(folder.timestamp, relative, None, "stands in the folder but not in datapackage.json")


def hash_file(path: Path) -> str:
    """Return `sha256:` and the hexadecimal digest of a file."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _check_resource(folder: SnapshotFolder, resource: dict[str, Any]) -> Iterator[Problem]:
    path = folder.path / resource["path"]
    try:
        size = path.stat().st_size
        if size != resource["bytes"]:
            what = f"is {size} bytes long, sealed with {resource['bytes']}"
            yield Problem(folder.timestamp, resource["path"], None, what)
        elif hash_file(path) != resource["hash"]:
            yield Problem(folder.timestamp, resource["path"], None, "its bytes are not the ones that were sealed")
    except OSError as error:
        yield Problem(folder.timestamp, resource["path"], None, f"cannot be read: {error.strerror}")


def _check_records(
    folder: SnapshotFolder, path: Path, stored: dict[tuple[str, int], _Stored]
) -> Iterator[Problem]:
    previous: tuple[int, _Stored] | None = None
    try:
        for offset, record in iterate(path):
            if previous is not None:
                _keep(stored, path.name, previous, offset)
            found, faults = _check_record(record)
            for fault in faults:
                yield Problem(folder.timestamp, f"archive/{path.name}", offset, fault)
            previous = (offset, found)
    except DamagedError as error:
        yield Problem(folder.timestamp, f"archive/{path.name}", None, str(error))
    if previous is not None:
        _keep(stored, path.name, previous, path.stat().st_size)


def _keep(stored: dict[tuple[str, int], _Stored], name: str, last: tuple[int, _Stored], end: int) -> None:
    offset, found = last
    if found.kind in INDEXED:
        stored[name, offset] = _Stored(found.kind, found.url, end - offset, found.payload_digest)


def _check_record(record: Record) -> tuple[_Stored, list[str]]:
    """Read a record's block to its end, and return what it is and what is wrong with it."""
    block = hashlib.sha256()
    tee = cast(BinaryIO, _Tee(record, block.update))
    payload = _payload_digest(record, tee)
    for _ in iter(lambda: tee.read(65536), b""):
        pass
    faults = []
    said = record.field("WARC-Block-Digest")
    if said != f"sha256:{block.hexdigest()}":
        faults.append(f"the block digest is not {said}")
    said = record.field("WARC-Payload-Digest")
    if record.kind == "revisit":
        payload = said or ""
    elif said is not None and said != payload:
        faults.append(f"the payload digest is not {said}")
    return _Stored(record.kind, record.field("WARC-Target-URI") or "", 0, payload), faults


def _payload_digest(record: Record, tee: BinaryIO) -> str:
    digest = hashlib.sha256()
    if record.kind == "response":
        headers = read_http_head(tee, record.field("WARC-Target-URI") or "")[2]
        chunked = "chunked" in (header(headers, "transfer-encoding") or "").lower()
        for chunk in dechunk(tee) if chunked else iter(lambda: tee.read(65536), b""):
            digest.update(chunk)
    elif record.kind == "resource":
        for chunk in iter(lambda: tee.read(65536), b""):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


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


def _check_index(
    folder: SnapshotFolder, index: Index, stored: dict[tuple[str, int], _Stored]
) -> Iterator[Problem]:
    name = "indexes/index.cdxj"
    if not is_sorted(index.lines()):
        yield Problem(folder.timestamp, name, None, "its lines are not in order")
    seen: set[tuple[str, int]] = set()
    for capture in index.captures():
        place = (capture.filename, capture.offset)
        record = stored.get(place)
        if record is None:
            what = f"no record at offset {capture.offset} of {capture.filename} for {capture.url}"
            yield Problem(folder.timestamp, name, None, what)
        elif (record.url, record.length, record.payload_digest) != (capture.url, capture.length, capture.digest):
            what = f"the line of {capture.url} does not describe its record in {capture.filename}"
            yield Problem(folder.timestamp, name, capture.offset, what)
        if place in seen:
            yield Problem(folder.timestamp, name, None, f"two lines for one record of {capture.url}")
        seen.add(place)
    for filename, offset in stored.keys() - seen:
        what = f"the record of {stored[filename, offset].url} has no line in the index"
        yield Problem(folder.timestamp, f"archive/{filename}", offset, what)


def _check_revisits(folder: SnapshotFolder, index: Index, find: Find) -> Iterator[Problem]:
    for capture in index.captures():
        if capture.original is None:
            continue
        try:
            refer(find(capture.original.snapshot, capture.original.filename), capture.original)
            fault = _refers_elsewhere(folder, capture)
        except ArchiveError as error:
            fault = str(error)
        if fault:
            what = f"the revisit of {capture.url} refers to what is not there: {fault}"
            yield Problem(folder.timestamp, f"archive/{capture.filename}", capture.offset, what)


def _refers_elsewhere(folder: SnapshotFolder, capture: Capture) -> str:
    """Return what is wrong where the line of the original, in its own snapshot, tells another payload."""
    original = capture.original
    assert original is not None
    if original.snapshot == folder.timestamp:
        return ""
    home = SnapshotFolder(folder.site, original.snapshot, folder.path.parent / original.snapshot)
    with Index(home.index_path) as index:
        lines = [c for c in index.candidates(original.url) if c.offset == original.offset]
    same = any(line.filename == original.filename and line.digest == capture.digest for line in lines)
    return "" if same else f"snapshot {original.snapshot} knows no such payload there"


def _check_ledger(folder: SnapshotFolder, index: Index) -> Iterator[Problem]:
    name = "logs/ledger.jsonl"
    urls: Counter[str] = Counter()
    stored: set[str] = set()
    for entry in read(folder.ledger_path):
        urls[entry.url] += 1
        if entry.outcome in _STORED:
            stored.add(entry.url)
    for url, times in urls.items():
        if times > 1:
            yield Problem(folder.timestamp, name, None, f"{url} has {times} outcomes")
    indexed = {capture.url for capture in index.captures() if not capture.url.startswith("urn:")}
    for url in sorted(stored - indexed):
        yield Problem(folder.timestamp, name, None, f"{url} is called stored, and the index does not know it")
    for url in sorted(indexed - stored):
        yield Problem(folder.timestamp, name, None, f"{url} is in the index, and the ledger does not call it stored")


def check_counts(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield where the ledger does not add up to the counts that were sealed."""
    entries: list[Entry] = list(read(folder.ledger_path))
    if count(entries) != dict(folder.summary.counts):
        yield Problem(folder.timestamp, "logs/ledger.jsonl", None, "its outcomes do not add up to the sealed counts")
