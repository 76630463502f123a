# SPDX-License-Identifier: EUPL-1.2
"""
datapackage.json and its digest: what makes a snapshot's folder an unzipped WACZ 1.1.1.

    datapackage.json         profile, wacz_version, resources [{name, path, hash, bytes}], and our daykeep {…}
    datapackage-digest.json  {"path": "datapackage.json", "hash": "sha256:…"}   (nothing else may stand here)

Knows nothing of what is inside the files it lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from .durable import write_file

SOFTWARE = "daykeep/0.1"
PACKAGE, DIGEST = "datapackage.json", "datapackage-digest.json"
_MOST = 10_000
"""Bytes of a digest file that are read: it has some hundred."""
_PARTS = ("archive", "indexes", "logs", "pages", "fuzzy", "originals")


def hash_file(path: Path) -> str:
    """Return `sha256:` and the hexadecimal digest of a file. Raises OSError."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def resources(folder: Path, hash_file: Callable[[Path], str]) -> list[dict[str, Any]]:
    """Return path, SHA-256 and size of every file below a snapshot's own folders, in order of their paths."""
    paths = sorted(path for part in _PARTS for path in (folder / part).glob("**/*") if path.is_file())
    return [
        resource(path.relative_to(folder).as_posix(), hash_file(path), path.stat().st_size) for path in paths
    ]


def resource(path: str, digest: str, size: int) -> dict[str, Any]:
    """Return the entry of one file; its name is in lower case, as Frictionless Data Package 1 asks."""
    return {"name": path.rpartition("/")[2].lower(), "path": path, "hash": digest, "bytes": size}


def describe(
    title: str, url: str, moment: datetime, files: Iterable[Mapping[str, Any]], own: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the content of datapackage.json; `own` is what only we know and others pass over."""
    date = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": title,
        "created": date,
        "modified": date,
        "software": SOFTWARE,
        "mainPageUrl": url,
        "mainPageDate": date,
        "resources": list(files),
        "daykeep": dict(own),
    }


def encode(package: Mapping[str, Any]) -> bytes:
    """Return datapackage.json as it is written: readable, keys in the order given."""
    return msgspec.json.format(msgspec.json.encode(package), indent=2) + b"\n"


def encode_digest(digest: str) -> bytes:
    """Return datapackage-digest.json for the digest of datapackage.json (`sha256:` and hexadecimal)."""
    return msgspec.json.encode({"path": "datapackage.json", "hash": digest}) + b"\n"


def sealed_digest(folder: Path) -> str:
    """Return the digest of a day's datapackage.json as it was sealed; empty where it cannot be read."""
    try:
        with (folder / DIGEST).open("rb") as file:
            told = msgspec.json.decode(file.read(_MOST), type=dict[str, str])
    except (OSError, msgspec.DecodeError, RecursionError):
        return ""
    return told.get("hash", "")


def write_package(folder: Path, package: Mapping[str, Any], hash_file: Callable[[Path], str]) -> None:
    """Write both files into a snapshot's folder. Raises StorageError."""
    path = folder / PACKAGE
    write_file(path, [encode(package)])
    write_file(folder / DIGEST, [encode_digest(hash_file(path))])
