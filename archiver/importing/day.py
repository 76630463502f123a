# SPDX-License-Identifier: EUPL-1.2
"""
One snapshot out of imported files: index, ledger, pages, changes, log and package, and its final name.

    archive/        the files whose records the index points into, and the texts of pages
    originals/      given files that stand nowhere else as they came
    logs/import.jsonl   an object for each file, and each record that was skipped, damaged or read by a rule

Before the rename nothing counts, after it everything does. Knows nothing of how files are read, or of which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from heapq import merge as merged
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from index.cdxj import ASKED_OTHERWISE, Index, format_line, merge_sorted, parse_line
from index.model import Outcome
from index.timestamp import local_date, parse_timestamp

from .. import package
from ..collection import Collection, finder
from ..day_changes import write_changes
from ..durable import publish_dir, storage, write_file
from ..ledger import PROBE, Entry, UrlOutcome, judge, lacking, write_lines
from ..noise_rules import noise_of
from ..pages import write_pages
from ..past import earlier
from ..settings import Settings, Site
from ..snapshot_folder import SnapshotFolder
from ..sorted_lines import SortedLines
from ..verdict import worse
from .answering import answered
from .books import Tally, entries_of, joined, unkeyed
from .joining import joined_segments
from .pages import Pages
from .resolving import UNRESOLVED, Targets
from .staging import Staging
from .survey import Refers

_REFERS = msgspec.json.Decoder(Refers)
_ENTRY = msgspec.json.Decoder(Entry)
_ENCODER = msgspec.json.Encoder()


@dataclass(slots=True)
class DayFile:
    """A file of a snapshot."""

    path: Path
    """Where it stands in the staging folder."""
    place: str
    """Where it belongs in the snapshot: `archive/…` or `originals/…`."""
    digest: str | None = None
    """`sha256:…` where it is known already."""


@dataclass(slots=True)
class DayParts:
    """What a snapshot is made of."""

    captures: SortedLines
    revisits: SortedLines
    segments: SortedLines
    sent: SortedLines
    """Requests other than GET."""
    pages: Pages
    log: list[Path] = field(default_factory=list)
    """Files with the lines of logs/import.jsonl."""
    files: list[DayFile] = field(default_factory=list)
    imported: list[dict[str, Any]] = field(default_factory=list)
    """What datapackage.json says of the files that were given."""
    taken: SortedLines | None = None
    """The ledger that came with an export of ours, as `books.keyed` has it."""
    outcome: Outcome = Outcome.COMPLETE
    """How an export of ours says that the day went; the worse of that and what its records give counts."""
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Making:
    """What every snapshot of an import is made with."""

    settings: Settings
    site: Site
    collection: Collection
    staging: Staging


@dataclass(frozen=True, slots=True)
class MadeDay:
    """A sealed snapshot, and what its report says besides."""

    folder: SnapshotFolder
    unresolved: int
    loose: int
    """Segments of records that are not here whole."""


def make_day(making: Making, folder: SnapshotFolder, parts: DayParts) -> MadeDay:
    """Put a snapshot together in its folder and seal it. Raises StorageError, DamagedError."""
    _place(folder, parts.files)
    loose = _join(making, folder, parts)
    _part_methods(making, folder, parts)
    resolved, unresolved = _resolve(making, folder, parts)
    probes = _probes(parts.taken)
    # read more than once, and never held
    lines = partial(merged, parts.captures, resolved) if len(resolved) else lambda: iter(parts.captures)
    write_file(folder.index_path, (_final(line, probes) for line in lines()))
    texts = SortedLines(making.staging.folder / "lines", f"texts-{folder.timestamp}")
    write_file(folder.pages_path, write_pages(parts.pages(folder, texts)))
    _add_texts(folder, texts)
    tallied = Tally()
    books = joined(entries_of(lines()), unkeyed(parts.taken or ()))
    write_file(folder.ledger_path, write_lines(_tallied(books, tallied)))
    write_file(folder.path / "logs" / "import.jsonl", _log(parts.log))
    own = _judged(making, folder, parts, tallied)
    if len(parts.sent) and (others := sum(ASKED_OTHERWISE in line for line in lines())):
        own["other_methods"] = others
    _describe(making, folder, parts, own)
    sealed = making.collection.at(making.site.name, folder.timestamp)
    publish_dir(folder.path, sealed.path)
    return MadeDay(sealed, unresolved, loose)


def _place(folder: SnapshotFolder, files: Iterable[DayFile]) -> None:
    """Let the copies stand in the snapshot; in staging they stay for the days that still need them."""
    with storage(f"put the files of {folder.path} in their place"):
        for file in files:
            target = folder.path / file.place
            target.parent.mkdir(exist_ok=True)
            target.hardlink_to(file.path)


def _join(making: Making, folder: SnapshotFolder, parts: DayParts) -> int:
    """Make one line of the segments of each record; return how many have no others, which the log tells."""
    log, loose = making.staging.folder / "lines" / f"loose-{folder.timestamp}.jsonl", 0
    told: list[bytes] = []
    for found in joined_segments(parts.segments, finder(making.collection, making.site.name, folder), folder):
        if isinstance(found, bytes):
            parts.captures.add(found)
        else:
            loose += 1
            told.append(_ENCODER.encode(found) + b"\n")
    write_file(log, told)
    parts.log.append(log)
    return loose


def _part_methods(making: Making, folder: SnapshotFolder, parts: DayParts) -> None:
    """Let what answers another method than GET have a key of its own."""
    if len(parts.sent):
        notes = making.staging.folder / "lines" / f"sent-{folder.timestamp}.sqlite"
        sides = (parts.captures, parts.revisits)
        parts.captures, parts.revisits = answered(parts.sent, sides, folder.warc, notes)


def _resolve(making: Making, folder: SnapshotFolder, parts: DayParts) -> tuple[SortedLines, int]:
    """Return the lines of revisits with what they refer to, and how many refer to nothing there is."""
    lines = SortedLines(making.staging.folder / "lines", f"revisits-{folder.timestamp}")
    if not len(parts.revisits):
        return lines, 0
    base = making.staging.folder / "lines" / f"base-{folder.timestamp}.cdxj"
    write_file(base, map(_bare, parts.captures))
    find = finder(making.collection, making.site.name, folder)
    targets = Targets(folder.timestamp, Index(base), making.collection.snapshots(making.site.name), find)
    unresolved = 0
    with closing(targets):
        for line in parts.revisits:
            found, known = _resolved(targets, line)
            unresolved += not known
            lines.add(found)
    return lines, unresolved


def _resolved(targets: Targets, line: bytes) -> tuple[bytes, bool]:
    index_line, entry, refers = line.rstrip(b"\n").split(b"\t")[:3]
    capture = targets.resolve(parse_line(index_line), _REFERS.decode(refers))
    if capture.unresolved:
        told = msgspec.structs.replace(
            _ENTRY.decode(entry), outcome=UrlOutcome.TRUNCATED, reason=UNRESOLVED, status=capture.status
        )
        entry = _ENCODER.encode(told)
    return format_line(capture)[:-1] + b"\t" + entry + b"\n", not capture.unresolved


def _bare(line: bytes) -> bytes:
    return line.partition(b"\t")[0] + b"\n"


def _probes(taken: SortedLines | None) -> frozenset[str]:
    return frozenset(entry.url for _, entry in unkeyed(taken or ()) if entry.via == PROBE)


def _final(line: bytes, probes: frozenset[str]) -> bytes:
    """Return the line as it stands in the index; addresses that our crawler made up are marked."""
    bare = _bare(line)
    if probes and (capture := parse_line(bare)).url in probes:
        return format_line(replace(capture, made_up=True))
    return bare


def _add_texts(folder: SnapshotFolder, texts: SortedLines) -> None:
    if len(texts):
        with Index(folder.index_path) as index:
            write_file(folder.index_path, merge_sorted(index.lines(), texts))


def _tallied(entries: Iterable[Entry], tallied: Tally) -> Iterator[Entry]:
    for entry in entries:
        tallied.add(entry)
        yield entry


def _log(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            yield from iter(lambda file=file: file.read(1 << 16), b"")  # type: ignore[misc]


def _judged(making: Making, folder: SnapshotFolder, parts: DayParts, tallied: Tally) -> dict[str, Any]:
    """Write what has changed, and return what datapackage.json tells of the day."""
    counts = {one.value: tallied.counts[one.value] for one in UrlOutcome if tallied.counts[one.value]}
    own = dict(tallied.own)
    outcome = worse(judge(own, tallied.server_errors), parts.outcome)
    past = earlier(making.collection, making.site.name, folder.timestamp)
    noise, zone = noise_of(making.site), making.settings.zone
    failed = outcome is Outcome.FAILED
    changes = write_changes(making.collection, folder, past, noise, zone, failed=failed)
    return {
        "outcome": outcome.value,
        "reasons": parts.reasons,
        "counts": counts,
        **changes,
        "lacking": lacking(own, tallied.server_errors),
        "full": False,
        "imported": parts.imported,
    }


def _describe(making: Making, folder: SnapshotFolder, parts: DayParts, own: dict[str, Any]) -> None:
    settings, site = making.settings, making.site
    known = {folder.path / file.place: file.digest for file in parts.files if file.digest}
    resources = package.resources(folder.path, lambda path: known.get(path) or package.hash_file(path))
    day = local_date(folder.timestamp, settings.zone).isoformat()
    facts = {
        "site": site.name,
        "timestamp": folder.timestamp,
        "day": day,
        "demonstration": site.demonstration,
        "timezone": settings.timezone,
    }
    title = f"{site.title or site.name} {day}"
    moment = parse_timestamp(folder.timestamp)
    described = package.describe(title, site.seeds[0], moment, resources, facts | own)
    package.write_package(folder.path, described, package.hash_file)
