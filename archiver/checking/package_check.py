# SPDX-License-Identifier: EUPL-1.2
"""
The files of a snapshot against datapackage.json, and that against its digests.
Knows nothing of records.

    datapackage.json         lists every file once, with its size and SHA-256
    datapackage-digest.json  has the SHA-256 of datapackage.json
    seals.jsonl, --against   have it too, outside the folder (archiver.seals)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..package import encode_digest, hash_file
from ..snapshot_folder import SnapshotFolder
from .problem import Kind, Problem, told

PACKAGE = "datapackage.json"
DIGEST = "datapackage-digest.json"


class Resource(msgspec.Struct, frozen=True):
    """One file that datapackage.json lists."""

    path: str
    hash: str
    bytes: int


class _Own(msgspec.Struct, frozen=True):
    site: str
    timestamp: str


class _Package(msgspec.Struct, frozen=True):
    resources: tuple[Resource, ...]


class _Named(msgspec.Struct, frozen=True):
    daykeep: _Own


def check_package(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield what differs between the files and datapackage.json, and between that and its own digest."""
    yield from check_list(folder)
    for resource in listed(folder):
        yield from told(folder.timestamp, resource.path, check_hash(folder, resource))


def check_list(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield the same, but for the digests of the files themselves."""
    yield from told(folder.timestamp, DIGEST, _check_digest(folder))
    yield from told(folder.timestamp, PACKAGE, _check_name(folder))
    yield from told(folder.timestamp, PACKAGE, _check_resources(folder))


def check_kept(folder: SnapshotFolder, kept: str, where: str) -> Iterator[Problem]:
    """Yield where datapackage.json is another than a digest of it says that is kept outside the folder."""
    if (digest := hash_file(folder.path / PACKAGE)) != kept:
        what = f"is not the one that was sealed: {where} has {kept}, and it is {digest}"
        yield Problem(Kind.SEAL, folder.timestamp, PACKAGE, None, what)


def listed(folder: SnapshotFolder) -> list[Resource]:
    """Return the files that datapackage.json lists and that are there, of that size."""
    try:
        package = msgspec.json.decode((folder.path / PACKAGE).read_bytes(), type=_Package)
    except (OSError, ValueError, msgspec.DecodeError, RecursionError):
        return []  # told by `check_list`
    there = _there(folder)
    return [one for one in package.resources if _size(there.get(one.path)) == one.bytes]


def check_hash(folder: SnapshotFolder, resource: Resource) -> Iterator[Problem]:
    """Yield where the bytes of a file are not those that were sealed."""
    try:
        if hash_file(folder.path / resource.path) == resource.hash:
            return
        kind, what = Kind.FILE_CHANGED, "its bytes are not the ones that were sealed"
    except OSError as error:
        kind, what = Kind.UNREADABLE, f"cannot be read: {error.strerror}"
    yield Problem(kind, folder.timestamp, resource.path, None, what)


def _there(folder: SnapshotFolder) -> dict[str, Path]:
    return {
        path.relative_to(folder.path).as_posix(): path for path in folder.path.rglob("*") if not path.is_dir()
    }


def _size(path: Path | None) -> int | None:
    try:
        return path.stat().st_size if path else None
    except OSError:
        return None  # told by `_check_resource`


def _check_digest(folder: SnapshotFolder) -> Iterator[Problem]:
    digest = hash_file(folder.path / PACKAGE)
    if (folder.path / DIGEST).read_bytes() != encode_digest(digest):
        what = f"does not give the digest of {PACKAGE}"
        yield Problem(Kind.PACKAGE, folder.timestamp, DIGEST, None, what)


def _check_name(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield where a folder has the place of another day than the one it was sealed as."""
    own = msgspec.json.decode((folder.path / PACKAGE).read_bytes(), type=_Named).daykeep
    if (own.site, own.timestamp) != (folder.site, folder.timestamp):
        what = f"is that of {own.site} {own.timestamp}: this folder is a copy of that day, or was renamed"
        yield Problem(Kind.PACKAGE, folder.timestamp, PACKAGE, None, what)


def _check_resources(folder: SnapshotFolder) -> Iterator[Problem]:
    package = msgspec.json.decode((folder.path / PACKAGE).read_bytes(), type=_Package)
    there = _there(folder)
    for name, times in Counter(resource.path for resource in package.resources).items():
        if times > 1:
            yield Problem(Kind.PACKAGE, folder.timestamp, PACKAGE, None, f"lists {name} {times} times")
    for resource in package.resources:
        yield from _check_resource(folder, resource, there.get(resource.path))
    for name in sorted(there.keys() - {resource.path for resource in package.resources} - {PACKAGE, DIGEST}):
        what = f"stands in the folder but not in {PACKAGE}"
        yield Problem(Kind.FILE_STRAY, folder.timestamp, name, None, what)


def _check_resource(folder: SnapshotFolder, resource: Resource, path: Path | None) -> Iterator[Problem]:
    kind, what = Kind.FILE_CHANGED, ""
    try:
        size = path.stat().st_size if path else 0
        if path is None:
            kind, what = Kind.FILE_MISSING, f"is not there, and {PACKAGE} lists it"
        elif size != resource.bytes:
            what = f"is {size} bytes long, sealed with {resource.bytes}"
    except OSError as error:
        kind, what = Kind.UNREADABLE, f"cannot be read: {error.strerror}"
    if what:
        yield Problem(kind, folder.timestamp, resource.path, None, what)
