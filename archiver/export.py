# SPDX-License-Identifier: EUPL-1.2
"""
A self-contained copy of one day for an auditor, as a stream. Knows nothing of crawling or of the catalogue.

    wacz   one file, WACZ 1.1.1: a ZIP whose members are stored, never deflated again
    warc   the WARCs as they are: a folder with a manifest, or one file where the name ends in .warc[.gz]

Records are copied byte for byte. What revisits refer to in earlier days goes along in a file of its own,
`originals-….warc[.gz]`, so that the copy needs nothing but itself. With a URL prefix only the matching
records, the requests beside them and their warcinfo go along.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from index.cdxj import Index, format_line
from index.errors import ArchiveError, DamagedError, NotFoundError
from index.model import Capture, Original
from index.timestamp import parse_timestamp

from . import package
from .collection import Find, SnapshotFolder
from .durable import storage, sync_dir, write_file
from .pages import read_pages, write_pages
from .records import Extent, extent

PROFILES = ("wacz", "warc")
Place = tuple[str, str, int]
"""Snapshot, WARC and offset: where a record stands in the archive."""

_CHUNK = 1 << 20
_SUFFIXES = (".warc.gz", ".warc")


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


def export(
    folder: SnapshotFolder, find: Find, target: Path, *, profile: str = "wacz", url: str | None = None
) -> Exported:
    """
    Write a self-contained copy of a snapshot to `target`, whole or not at all.

    Raises NotFoundError where no capture begins with `url`, StorageError, and ArchiveError where `target`
    is there already: an export never overwrites.
    """
    _refuse_to_overwrite(target, profile)
    copy = _collect(folder, find, url, {one["path"]: one["hash"] for one in folder.package["resources"]})
    if profile == "wacz":
        write: Callable[[SnapshotFolder, _Copy, Path], tuple[int, int]] = _write_wacz
    else:
        write = _write_warc if _is_one_file(target) else _write_folder
    with storage(f"write the export {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        files, size = write(folder, copy, target)
    return Exported(target, profile, files, size, copy.captures, copy.originals)


def _is_one_file(target: Path) -> bool:
    return target.name.endswith((".warc", ".warc.gz"))


def _refuse_to_overwrite(target: Path, profile: str) -> None:
    folder = profile != "wacz" and not _is_one_file(target)
    if target.is_symlink() or (target.exists() and not (folder and _is_empty(target))):
        raise ArchiveError(f"{target} is there already; an export never overwrites. Choose another name.")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _collect(folder: SnapshotFolder, find: Find, url: str | None, sealed: Mapping[str, str]) -> _Copy:
    captures = [c for c in folder.index.captures() if url is None or _matches(c.url, url)]
    if url is not None and not captures:
        raise NotFoundError(f"No address of {folder.site} on {folder.timestamp} begins with {url}.")
    members = [_sealed(f"archive/{path.name}", path, sealed) for path in folder.warcs]
    places = {(folder.timestamp, c.filename, c.offset): c for c in captures}
    lines = captures
    if url is not None:
        own = [(c, folder.warc(c.filename)) for c in captures]
        members, lines = _copy_records("extract", folder, own)
        places = dict(zip(places, lines, strict=True))
    borrowed = _borrowed(folder, captures, places.keys())
    sources = [(line, find(snapshot, filename)) for (snapshot, filename, _), line in borrowed.items()]
    originals, more = _copy_records("originals", folder, sources)
    places |= dict(zip(borrowed, more, strict=True))
    lines = [*(_pointed(line, places) for line in lines), *more]
    members += [*originals, _bytes_member("indexes/index.cdxj", sorted(map(format_line, lines)))]
    members.append(_pages(folder, url, sealed))
    members += [_sealed(f"logs/{path.name}", path, sealed) for path in _logs(folder) if url is None]
    return _Copy(members, sum(not c.url.startswith("urn:") for c in captures), len(more))


def _matches(address: str, prefix: str) -> bool:
    return address.removeprefix("urn:text:").startswith(prefix)


def _sealed(name: str, path: Path, sealed: Mapping[str, str]) -> Member:
    """Return a sealed file to be copied whole; its bytes must be the ones that were sealed."""

    def read() -> Iterator[bytes]:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                yield chunk
        if f"sha256:{digest.hexdigest()}" != sealed.get(name):
            raise DamagedError(
                f"{path} is not as it was sealed, so it was not exported. Run `daykeep verify` to see "
                "how far the damage goes, and restore the file from a copy."
            )

    return Member(name, read)


def _pages(folder: SnapshotFolder, url: str | None, sealed: Mapping[str, str]) -> Member:
    if url is None:
        return _sealed("pages/pages.jsonl", folder.pages_path, sealed)
    pages = (page for page in read_pages(folder.pages_path) if page.url.startswith(url))
    return _bytes_member("pages/pages.jsonl", write_pages(pages))


def _logs(folder: SnapshotFolder) -> list[Path]:
    """Return the logs that say something: frictionless, and with it `wacz validate`, refuses empty ones."""
    with storage(f"read the logs in {folder.path}"):
        return [path for path in (folder.ledger_path, folder.changes_path) if path.stat().st_size]


def _borrowed(
    folder: SnapshotFolder, captures: list[Capture], held: Collection[Place]
) -> dict[Place, Capture]:
    """Return the lines of what revisits refer to and the copy does not hold, by where they stand."""
    wanted: dict[Place, Capture] = {}
    with ExitStack() as stack:
        indexes: dict[str, Index] = {}
        for capture in captures:
            original = capture.original
            place = _place(original) if original else None
            if original is None or place is None or place in held or place in wanted:
                continue
            if original.snapshot not in indexes:
                home = folder.path.parent / original.snapshot / "indexes" / "index.cdxj"
                indexes[original.snapshot] = stack.enter_context(Index(home))
            wanted[place] = _line_of(indexes[original.snapshot], capture.url, original)
    return wanted


def _place(original: Original) -> Place:
    return original.snapshot, original.filename, original.offset


def _line_of(index: Index, url: str, original: Original) -> Capture:
    for line in index.candidates(original.url):
        if (line.filename, line.offset) == (original.filename, original.offset):
            return line
    raise DamagedError(
        f"The revisit of {url} refers to snapshot {original.snapshot}, whose index does not know it. "
        "Nothing was written; run `daykeep verify`."
    )


def _pointed(line: Capture, places: Mapping[Place, Capture]) -> Capture:
    """Return a line whose original, if it has one, is where the copy holds it."""
    original = line.original
    if original is None:
        return line
    held = places[_place(original)]
    moved = replace(original, filename=held.filename, offset=held.offset, length=held.length)
    return replace(line, original=moved)


def _copy_records(
    kind: str, folder: SnapshotFolder, sources: Sequence[tuple[Capture, Path]]
) -> tuple[list[Member], list[Capture]]:
    """
    Return new files with the records of some captures, and the lines of these as they stand in them.

    One file for what is compressed and one for what is not; empty ones are left out.
    """
    copies = {suffix: _Pieces(f"{kind}-{folder.site}-{folder.timestamp}{suffix}") for suffix in _SUFFIXES}
    lines = [copies[_suffix(capture.filename)].add(capture, path) for capture, path in sources]
    members = [Member(f"archive/{copy.name}", copy.chunks) for copy in copies.values() if copy.pieces]
    return members, lines


def _suffix(filename: str) -> str:
    return next(suffix for suffix in _SUFFIXES if filename.endswith(suffix) or suffix == ".warc")


@dataclass(slots=True)
class _Pieces:
    """A new WARC made of records as they are: each source's warcinfo once, each record, its request."""

    name: str
    pieces: list[Piece] = field(default_factory=list)
    size: int = 0
    begun: set[Path] = field(default_factory=set)

    def add(self, capture: Capture, path: Path) -> Capture:
        """Add the record of a capture and the request beside it, and return its line."""
        if path not in self.begun:
            self._add(path, _extent(path, 0))
            self.begun.add(path)
        record = _extent(path, capture.offset)
        line = replace(capture, filename=self.name, offset=self._add(path, record), length=record.length)
        following = extent(path, record.offset + record.length)
        if following and following.concurrent_to and following.concurrent_to == record.record_id:
            self._add(path, following)
        return line

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the file."""
        return _pieces(self.pieces)

    def _add(self, path: Path, found: Extent) -> int:
        self.pieces.append(Piece(path, found.offset, found.length))
        self.size += found.length
        return self.size - found.length


def _extent(path: Path, offset: int) -> Extent:
    found = extent(path, offset)
    if found is None:
        raise DamagedError(f"{path} ends before offset {offset}. Run `daykeep verify`.")
    return found


def _pieces(pieces: list[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        with piece.path.open("rb") as file:
            file.seek(piece.offset)
            left = piece.length
            while left and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk


def _bytes_member(path: str, chunks: Iterable[bytes]) -> Member:
    data = list(chunks)
    return Member(path, lambda: iter(data))


def _write_wacz(folder: SnapshotFolder, copy: _Copy, target: Path) -> tuple[int, int]:
    temporary = target.with_name(f".{target.name}.tmp")
    moment = parse_timestamp(folder.timestamp)
    try:
        with temporary.open("wb") as file:
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
    return package.resource(member.path, f"sha256:{digest.hexdigest()}", size)


def _describe(
    archive: zipfile.ZipFile, folder: SnapshotFolder, resources: list[dict[str, Any]], moment: datetime
) -> None:
    sealed = folder.package
    title, url = str(sealed.get("title", "")), str(sealed.get("mainPageUrl", ""))
    described = package.describe(title, url, moment, resources, sealed.get("daykeep", {}))
    data = package.encode(described)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    for name, content in (
        ("datapackage.json", data),
        ("datapackage-digest.json", package.encode_digest(digest)),
    ):
        _add(archive, Member(name, lambda content=content: iter([content])), moment)  # type: ignore[misc]


def _write_warc(folder: SnapshotFolder, copy: _Copy, target: Path) -> tuple[int, int]:
    """Write all WARCs one after the other into one file: records that follow each other are a WARC."""
    warcs = [member for member in copy.members if member.path.startswith("archive/")]
    if {target.name.endswith(".gz")} != {member.path.endswith(".gz") for member in warcs}:
        raise ArchiveError(
            f"The records of {folder.timestamp} stand in files on "
            f"{' and '.join(sorted({_suffix(member.path) for member in warcs}))}, and an export leaves them "
            f"as they are. Choose another name than {target.name}: one that ends so, or that of a folder."
        )
    return 1, write_file(target, (chunk for member in warcs for chunk in member.chunks()))


def _write_folder(folder: SnapshotFolder, copy: _Copy, target: Path) -> tuple[int, int]:
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)  # what an export that was killed left behind
    try:
        temporary.mkdir()
        files = [_write_member(temporary, member) for member in copy.members]
        manifest = {"site": folder.site, "snapshot": folder.timestamp, "profile": "warc", "files": files}
        encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        size = write_file(temporary / "manifest.json", [encoded])
        temporary.rename(target)
        sync_dir(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return len(files) + 1, size + sum(file["bytes"] for file in files)


def _write_member(folder: Path, member: Member) -> dict[str, Any]:
    name = member.path.rpartition("/")[2]
    digest = hashlib.sha256()
    size = write_file(folder / name, _told(member.chunks(), digest.update))
    return {"name": name, "hash": f"sha256:{digest.hexdigest()}", "bytes": size}


def _told(chunks: Iterator[bytes], tell: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        tell(chunk)
        yield chunk
