# SPDX-License-Identifier: EUPL-1.2
"""
Reads an export back and compares it with the archive: every payload, digested anew from the exported bytes.

    each WARC of the export ──▶ payload digest, digest of the block ─┐
    the archive's own index ──▶ payload digest ──────────────────────┴──▶ report: how many, each difference

The report is a JSON document:

    {"profile": "…", "site": "…", "days": [{"day", "snapshot"}], "url": null, "software": "…",
     "payloads": {"compared": 7, "equal": 7}, "records": {"response": 7, …}, "originals": 0, "rebuilt": 2,
     "differences": [{"file", "offset", "url", "what"}], "notes": […]}

Knows nothing of how the export was written.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from index.errors import DamagedError
from index.model import Capture

from .. import package
from ..readback import Found, read_back
from ..records import BrokenError
from ..responses import open_response
from .assembly import Assembly

_WITH_PAYLOAD = frozenset({"response", "revisit", "resource"})


@dataclass(frozen=True, slots=True)
class Report:
    """What reading back found, in numbers."""

    compared: int
    equal: int
    differences: int
    first: str
    """The first difference as a sentence; empty where there is none."""
    records: dict[str, int]


def read_export(job: Assembly) -> Report:
    """Read every record of an export, and count how it compares. What differs is kept in the worksheet."""
    records: Counter[str] = Counter()
    for path in job.paths.values():
        for offset, found in _records(job, path):
            records[found.kind] += 1
            _keep(job, path, offset, found)
    for path, capture in job.sheet.segmented():
        _keep_segmented(job, path, capture)
    compared, equal = job.sheet.counts()
    number, first = 0, ""
    for one in _differences(job):
        number, first = number + 1, first or f"{one['file']} at {one['offset']}: {one['what']} ({one['url']})"
    return Report(compared, equal, number, first, dict(sorted(records.items())))


def document(job: Assembly, report: Report) -> Iterator[bytes]:
    """Yield the report as JSON, however many differences there are."""
    about = {
        "profile": job.profile.name,
        "site": job.site,
        "days": [{"day": day.summary.day, "snapshot": day.timestamp} for day in job.days],
        "url": job.prefix,
        "software": package.SOFTWARE,
        "payloads": {"compared": report.compared, "equal": report.equal},
        "records": report.records,
        "originals": job.counts["originals"],
        "rebuilt": job.counts["rebuilt"],
    }
    yield msgspec.json.format(msgspec.json.encode(about), indent=2)[:-2]
    yield from _listed("differences", _differences(job))
    yield from _listed("notes", job.sheet.remarks("notes"))
    yield b"\n}\n"


def _listed(name: str, rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    yield b',\n  "%b": [' % name.encode()
    mark = b"\n    "
    for row in rows:
        yield mark + msgspec.json.encode(row)
        mark = b",\n    "
    yield b"\n  ]" if mark.startswith(b",") else b"]"


def _differences(job: Assembly) -> Iterator[dict[str, Any]]:
    yield from job.sheet.remarks("differences")
    yield from job.sheet.differences()


def _records(job: Assembly, path: str) -> Iterator[tuple[int, Found]]:
    """
    Yield the records of one WARC of the export, and their offsets, counted from its own beginning.

    What another tool's file holds that is no record is passed over, and noted: the file is as it came.
    """
    there = job.out.stretch(path)
    offset: int | None = there.start
    while offset is not None:
        before = offset
        try:
            for found in read_back(there.path, offset, there.end):
                job.meter.read(found.end - before)
                before = found.end
                yield found.offset - there.start, found
            return
        except BrokenError as error:
            place = error.offset - there.start
            _tell(job, path, place, "", "here is no record that can be read")
            following = job.sheet.next_expected(path, place)
            offset = None if following is None else there.start + following


def _keep(job: Assembly, path: str, offset: int, found: Found) -> None:
    faults = "; ".join(found.faults)
    if faults and path in job.as_they_came:
        _tell(job, path, offset, found.url, faults)
        faults = ""
    if found.kind in _WITH_PAYLOAD or faults:
        stray = path in job.as_they_came or path in job.with_unindexed
        job.sheet.find(path, offset, digest=found.digest, url=found.url, faults=faults, stray=stray)


def _tell(job: Assembly, path: str, offset: int, url: str, what: str) -> None:
    """Keep a fault: in a record as another tool wrote it, it is as it was sealed, and only noted."""
    sort = "notes" if path in job.as_they_came else "differences"
    job.sheet.remark(sort, {"file": path, "offset": offset, "url": url, "what": what})


def _keep_segmented(job: Assembly, path: str, capture: Capture) -> None:
    """Digest the payload of a record that stands in segments: each of them was read, but not the whole."""
    try:
        digest = _digest(job, capture)
    except DamagedError:
        faults = "its segments cannot be read as one"
        job.sheet.find(path, capture.offset, digest="", url=capture.url, faults=faults)
        return
    job.sheet.find(path, capture.offset, digest=digest, url=capture.url, faults="")


def _digest(job: Assembly, capture: Capture) -> str:
    moved = replace(
        capture,
        original=None,
        offset=capture.offset + _start(job, capture.filename),
        segments=tuple(
            replace(one, offset=one.offset + _start(job, one.filename)) for one in capture.segments
        ),
    )
    digest = hashlib.sha256()
    with open_response(lambda _snapshot, name: _home(job, name), "", moved) as response:
        for chunk in response.body:
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _start(job: Assembly, name: str) -> int:
    return job.out.stretch(job.paths[name]).start


def _home(job: Assembly, name: str) -> Path:
    return job.out.stretch(job.paths[name]).path
