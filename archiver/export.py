# SPDX-License-Identifier: EUPL-1.2
"""
A self-contained copy of one day for an auditor, as a stream. Knows nothing of crawling or of the catalogue.

    wacz   one file, WACZ 1.1.1: a ZIP whose members are stored, never deflated again
    warc   the WARCs as they are: a folder with a manifest, or one file where the name ends in .warc or .warc.gz

Records are copied byte for byte. What revisits refer to in earlier days goes along in a file of its own,
`originals-….warc[.gz]`, so that the copy needs nothing but itself. With a URL prefix only the matching
records, the requests beside them and their warcinfo go along.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from index.cdxj import Index, format_line
from index.errors import ArchiveError, DamagedError, NotFoundError
from index.model import Capture
from index.timestamp import parse_timestamp

from . import package
from .collection import SnapshotFolder
from .durable import storage, sync_dir, write_file
from .pages import read_pages, write_pages
from .records import Extent, extent

PROFILES = ("wacz", "warc")
Find = Callable[[str, str], Path]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a WARC to be copied as they are."""

    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the copy: where it stands in it, and the bytes it is made of."""

    path: str
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, for the report."""

    path: Path
    profile: str
    files: int
    bytes: int
    captures: int
    originals: int
    """Records of earlier days that went along, because revisits refer to them."""


@dataclass(frozen=True, slots=True)
class _Copy:
    members: list[Member]
    captures: int
    originals: int


def export(folder: SnapshotFolder, find: Find, target: Path, *, profile: str = "wacz", url: str | None = None) -> Exported:
    """
    Write a self-contained copy of a snapshot to `target`, whole or not at all.

    Raises NotFoundError where no capture begins with `url`, StorageError, and ArchiveError where `target`
    is there already: an export never overwrites.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise ArchiveError(f"{target} is there already; an export never overwrites. Choose another name.")
    copy = _collect(folder, find, url)
    write = _write_wacz if profile == "wacz" else _write_warcs
    with storage(f"write the export {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        files, size = write(folder, copy, target)
    return Exported(target, profile, files, size, copy.captures, copy.originals)


def _collect(folder: SnapshotFolder, find: Find, url: str | None) -> _Copy:
    captures = [c for c in folder.index.captures() if url is None or _matches(c.url, url)]
    if not any(not capture.url.startswith("urn:") for capture in captures):
        raise NotFoundError(f"No address of {folder.site} on {folder.timestamp} begins with {url}.")
    own = [Member(f"archive/{path.name}", _whole(path)) for path in folder.warcs]
    lines = captures
    if url is not None:
        own, lines = _extract(folder, captures)
    originals, lines, borrowed = _borrow(folder, find, lines)
    members = [*own, *originals, _bytes_member("indexes/index.cdxj", sorted(map(format_line, lines)))]
    members.append(_pages(folder, url))
    members += [Member(f"logs/{p.name}", _whole(p)) for p in (folder.ledger_path, folder.changes_path) if url is None]
    return _Copy(members, sum(not c.url.startswith("urn:") for c in captures), borrowed)


def _matches(address: str, prefix: str) -> bool:
    return address.removeprefix("urn:text:").startswith(prefix)


def _pages(folder: SnapshotFolder, url: str | None) -> Member:
    if url is None:
        return Member("pages/pages.jsonl", _whole(folder.pages_path))
    return _bytes_member("pages/pages.jsonl", write_pages(p for p in read_pages(folder.pages_path) if p.url.startswith(url)))


def _extract(folder: SnapshotFolder, captures: list[Capture]) -> tuple[list[Member], list[Capture]]:
    """Return one file with the records of some captures, and their lines as they stand in it."""
    name = _file_name("extract", folder, captures)
    pieces, lines = _copy_records([(capture, folder.warc(capture.filename)) for capture in captures], name)
    return [Member(f"archive/{name}", _pieces(pieces))], lines


def _borrow(folder: SnapshotFolder, find: Find, captures: list[Capture]) -> tuple[list[Member], list[Capture], int]:
    """Return the file of what revisits refer to in other snapshots, and all lines, made to point into it."""
    wanted: dict[tuple[str, str, int], Capture] = {}
    with ExitStack() as stack:
        indexes: dict[str, Index] = {}
        for capture in captures:
            original = capture.original
            if original is None or original.snapshot == folder.timestamp:
                continue
            if original.snapshot not in indexes:
                home = folder.path.parent / original.snapshot / "indexes" / "index.cdxj"
                indexes[original.snapshot] = stack.enter_context(Index(home))
            place = (original.snapshot, original.filename, original.offset)
            if place not in wanted:
                wanted[place] = _line_of(indexes[original.snapshot], capture)
    if not wanted:
        return [], captures, 0
    name = _file_name("originals", folder, list(wanted.values()))
    sources = [(line, find(snapshot, filename)) for (snapshot, filename, _), line in wanted.items()]
    pieces, lines = _copy_records(sources, name)
    moved = dict(zip(wanted, lines, strict=True))
    pointed = [_pointed(capture, folder, moved) for capture in captures]
    return [Member(f"archive/{name}", _pieces(pieces))], [*pointed, *lines], len(lines)


def _line_of(index: Index, capture: Capture) -> Capture:
    original = capture.original
    assert original is not None
    for line in index.candidates(original.url):
        if (line.filename, line.offset) == (original.filename, original.offset):
            return line
    raise ArchiveError(
        f"The revisit of {capture.url} refers to snapshot {original.snapshot}, whose index does not know it. "
        "Nothing was written; run `daykeep verify`."
    )


def _pointed(capture: Capture, folder: SnapshotFolder, moved: dict[tuple[str, str, int], Capture]) -> Capture:
    original = capture.original
    if original is None or (original.snapshot, original.filename, original.offset) not in moved:
        return capture
    line = moved[original.snapshot, original.filename, original.offset]
    return replace(capture, original=replace(original, filename=line.filename, offset=line.offset, length=line.length))


def _copy_records(sources: Iterable[tuple[Capture, Path]], name: str) -> tuple[list[Piece], list[Capture]]:
    """Return the pieces of a new file: each source's warcinfo once, each record and the request beside it."""
    pieces: list[Piece] = []
    lines: list[Capture] = []
    begun: set[Path] = set()
    size = 0

    def add(path: Path, found: Extent) -> int:
        nonlocal size
        pieces.append(Piece(path, found.offset, found.length))
        size += found.length
        return size - found.length

    for capture, path in sources:
        if path not in begun:
            add(path, _extent(path, 0))
            begun.add(path)
        record = _extent(path, capture.offset)
        lines.append(replace(capture, filename=name, offset=add(path, record), length=record.length))
        following = extent(path, record.offset + record.length)
        if following is not None and following.concurrent_to == record.record_id:
            add(path, following)
    return pieces, lines


def _extent(path: Path, offset: int) -> Extent:
    found = extent(path, offset)
    if found is None:
        raise DamagedError(f"{path} ends before offset {offset}. Run `daykeep verify`.")
    return found


def _file_name(kind: str, folder: SnapshotFolder, captures: list[Capture]) -> str:
    suffix = ".warc.gz" if captures[0].filename.endswith(".gz") else ".warc"
    return f"{kind}-{folder.site}-{folder.timestamp}{suffix}"


def _whole(path: Path) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return read


def _pieces(pieces: list[Piece]) -> Callable[[], Iterator[bytes]]:
    def read() -> Iterator[bytes]:
        for piece in pieces:
            with piece.path.open("rb") as file:
                file.seek(piece.offset)
                left = piece.length
                while left and (chunk := file.read(min(left, _CHUNK))):
                    left -= len(chunk)
                    yield chunk

    return read


def _bytes_member(path: str, chunks: Iterable[bytes]) -> Member:
    data = list(chunks)
    return Member(path, lambda: iter(data))


def _write_wacz(folder: SnapshotFolder, copy: _Copy, target: Path) -> tuple[int, int]:
    temporary = target.with_name(f".{target.name}.tmp")
    moment = parse_timestamp(folder.timestamp)
    try:
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                resources = [_add(archive, member, moment) for member in copy.members]
                _describe(archive, folder, resources, moment)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)
        sync_dir(target.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return len(resources) + 2, target.stat().st_size


def _add(archive: zipfile.ZipFile, member: Member, moment: datetime) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(member.path, moment.timetuple()[:6])
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=True) as file:
        for chunk in member.chunks():
            digest.update(chunk)
            size += file.write(chunk)
    name = member.path.rpartition("/")[2]
    return {"name": name, "path": member.path, "hash": f"sha256:{digest.hexdigest()}", "bytes": size}


def _describe(
    archive: zipfile.ZipFile, folder: SnapshotFolder, resources: list[dict[str, Any]], moment: datetime
) -> None:
    sealed = folder.package
    described = package.describe(sealed["title"], sealed["mainPageUrl"], moment, resources, sealed["daykeep"])
    data = package.encode(described)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    for name, content in (("datapackage.json", data), ("datapackage-digest.json", package.encode_digest(digest))):
        _add(archive, Member(name, lambda content=content: iter([content])), moment)  # type: ignore[misc]


def _write_warcs(folder: SnapshotFolder, copy: _Copy, target: Path) -> tuple[int, int]:
    warcs = [member for member in copy.members if member.path.startswith("archive/")]
    if target.name.endswith((".warc", ".warc.gz")):
        return 1, write_file(target, (chunk for member in warcs for chunk in member.chunks()))
    target.mkdir(exist_ok=True)
    files = []
    for member in copy.members:
        name = member.path.rpartition("/")[2]
        digest = hashlib.sha256()
        size = write_file(target / name, _told(member.chunks(), digest.update))
        files.append({"name": name, "hash": f"sha256:{digest.hexdigest()}", "bytes": size})
    manifest = {"site": folder.site, "snapshot": folder.timestamp, "profile": "warc", "files": files}
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    size = write_file(target / "manifest.json", [encoded])
    return len(files) + 1, size + sum(int(str(file["bytes"])) for file in files)


def _told(chunks: Iterator[bytes], tell: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        tell(chunk)
        yield chunk

