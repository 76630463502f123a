# SPDX-License-Identifier: EUPL-1.2
"""
Reports that are kept, one of each day that was measured: catalogue/conformance/<site>/<14 digits>.json.gz

    {"day":"2026-03-02","package":"sha256:…","counts":{"pass":15,…},"rules":[{"id":"R1",…},…],…}

What `daykeep conform SITE DATE --json` prints, in gzip: a third of its size. It says of which sealed day it
is (`package`) and counts for no other. It can be made again from the day, and so stands with what can be
deleted. Knows nothing of measuring.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from index.errors import ArchiveError

from ..collection import Collection
from ..durable import storage, write_file
from ..package import sealed_digest
from ..snapshot_folder import SnapshotFolder
from .rules import Text, Verdict

LARGEST = 4 << 20
"""Bytes of a report that are read: it has some thirty thousand."""
_SUFFIX = ".json.gz"

logger = structlog.get_logger(__name__)


class KeptFact(msgspec.Struct, frozen=True):
    """What was measured, as a sentence in each language, and the first places where it was found."""

    nl: str
    en: str
    examples: tuple[str, ...] = ()
    more: int = 0
    """How many places there are beyond the examples."""
    values: dict[str, object] = {}
    key: str = ""

    @property
    def text(self) -> Text:
        """The sentence."""
        return Text(self.nl, self.en)


class KeptRule(msgspec.Struct, frozen=True):
    """One rule as it was measured, with what it asks as it was worded then."""

    id: str
    verdict: Verdict
    title: Text
    asks: Text
    how: Text
    blind: Text
    source: str
    facts: tuple[KeptFact, ...]
    file: str = ""
    grade: Literal["P", "S"] = "S"


class KeptReport(msgspec.Struct, frozen=True):
    """All rules of one day."""

    title: Text
    basis: Text
    day: str
    snapshot: str
    made: str
    software: str
    package: str
    counts: dict[str, int]
    rules: tuple[KeptRule, ...]
    site: str = ""


_DECODER = msgspec.json.Decoder(KeptReport)


def keep(collection: Collection, folder: SnapshotFolder, document: Mapping[str, Any]) -> None:
    """Keep the report of a day in place of one that is there. Raises StorageError."""
    path = _path(collection, folder.site, folder.timestamp)
    data = gzip.compress(msgspec.json.encode(document), mtime=0)
    # a person may measure the day that is being measured: each writes a file of its own, and the last counts
    own = path.with_name(f".{path.name}.{os.getpid()}")
    with storage(f"keep the report {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(own, [data])
        own.rename(path)


def document_of(collection: Collection, folder: SnapshotFolder) -> bytes | None:
    """Return the report of a sealed day as it was printed, None where there is none of just this day."""
    found = _read(collection, folder)
    return found[0] if found else None


def report_of(collection: Collection, folder: SnapshotFolder) -> KeptReport | None:
    """Return the report of a sealed day, None where there is none of just this day that can be read."""
    found = _read(collection, folder)
    return found[1] if found else None


def waiting(collection: Collection, sites: Iterable[str]) -> list[SnapshotFolder]:
    """Return the sealed days of these sites that have no report, the newest first."""
    found = []
    for site in sites:
        folder = _path(collection, site, "x").parent
        with storage(f"look through {folder}"):
            there = {path.name.removesuffix(_SUFFIX) for path in folder.iterdir()} if folder.is_dir() else ()
        found += [one for one in collection.snapshots(site) if one.timestamp not in there]
    return sorted(found, key=lambda one: one.timestamp, reverse=True)


def _path(collection: Collection, site: str, timestamp: str) -> Path:
    return collection.catalogue / "conformance" / site / f"{timestamp}{_SUFFIX}"


def _read(collection: Collection, folder: SnapshotFolder) -> tuple[bytes, KeptReport] | None:
    path = _path(collection, folder.site, folder.timestamp)
    try:
        with gzip.open(path) as file:
            data = file.read(LARGEST)
        report = _DECODER.decode(data)
    except FileNotFoundError:
        return None
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, ArchiveError, RecursionError) as error:
        logger.warning("report-unreadable", path=str(path), reason=str(error))
        return None
    return (data, report) if report.package and report.package == sealed_digest(folder.path) else None
