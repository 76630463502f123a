# SPDX-License-Identifier: EUPL-1.2
"""
What a day's snapshot is made of, out of the files that have that day: as they stand, or parted.

    all records of one day, readable in place ─▶ archive/<its name>, as it came
    anything else                             ─▶ archive/<site>-<timestamp>-00000.warc.gz, of ours
                                                 originals/<its name>, in the snapshot of its first day

Knows nothing of how a snapshot is sealed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from index.timestamp import to_warc_date

from .. import package
from ..archive import Archive
from ..collection import finder
from ..durable import write_file
from ..named_fields import Fields
from ..reader import Reader
from ..scanning.forms import Form
from ..settings import Site
from ..snapshot_folder import SnapshotFolder
from ..sorted_lines import SortedLines
from ..warc import CONFORMS_TO, FORMAT, WarcFiles
from .came_along import judgement, ledgers, listed_pages
from .day import DayFile, DayParts
from .pages import Pages
from .parting import Parting, PartWriter
from .survey import Told
from .surveying import Surveyed
from .taking import Portion, Taken, Taker

_TOLD = msgspec.json.Decoder(Told)
_NOT_KEPT = b'"kept":false'


@dataclass(slots=True)
class Gathering:
    """Gathers the parts of one day after the other. `stack` closes what is open between them."""

    archive: Archive
    site: Site
    taker: Taker
    reader: Reader | None
    stack: contextlib.ExitStack
    _partings: dict[Path, Parting] = field(default_factory=dict)

    def parts(self, folder: SnapshotFolder, day: str, taken: Sequence[Taken]) -> DayParts:
        """Return what the snapshot of a day is made of. Raises StorageError."""
        lines = self._lines
        captures, revisits, segments, sent = (
            SortedLines(lines, f"all-{what}-{folder.timestamp}") for what in ("c", "r", "s", "q")
        )
        find = finder(self.archive.collection, self.site.name, folder)
        told = lambda url: self.taker.progress(f"reading {url}", 0)  # noqa: E731
        listed = listed_pages(
            taken, day, self.taker.timezone, SortedLines(lines, f"pages-{folder.timestamp}")
        )
        only = all(one.pages for one in taken)
        pages = Pages(self.reader, listed, find, self._begin_texts, told, only=only)
        parts = DayParts(captures, revisits, segments, sent, pages)
        parts.taken = ledgers(taken, day, SortedLines(lines, f"ledgers-{folder.timestamp}"))
        parts.outcome, parts.reasons = judgement(taken)
        for one in taken:
            parts.imported.append(_described(one))
            self._add(parts, folder, day, one)
        return parts

    @property
    def _lines(self) -> Path:
        return self.taker.staging.folder / "lines"

    def _add(self, parts: DayParts, folder: SnapshotFolder, day: str, one: Taken) -> None:
        whole = [portion for portion in one.portions if _stands(portion, day, one)]
        rest = [portion for portion in one.portions if portion not in whole and _has(portion, day, one)]
        if day == min(one.days) and not (one.is_itself and whole):
            parts.files.append(DayFile(one.given.path, f"originals/{one.original}", one.given.sha256))
            lost = (line for portion in one.portions if portion not in whole for line in _lost(portion, one))
            parts.log.append(self._log(f"{one.given.path.name}-lost", [*one.told(), *lost]))
        standing = [(portion.surveyed, portion.origin) for portion in whole]
        for found, origin in [*standing, *self._parted(parts, folder, day, one, rest)]:
            parts.log += [self._log(f"{found.name}-head", [_header(one, found, origin)]), found.log]
            parts.captures.take(found.captures)
            parts.revisits.take(found.revisits)
            parts.segments.take(found.segments)
            parts.sent.take(found.sent)
            digest = one.given.sha256 if found.path == one.given.path else None
            parts.files.append(DayFile(found.path, f"archive/{found.name}", digest))

    def _parted(
        self, parts: DayParts, folder: SnapshotFolder, day: str, one: Taken, portions: list[Portion]
    ) -> Iterator[tuple[Surveyed, str]]:
        """Copy the records of a day into files of ours, and look at these."""
        if not portions:
            return
        serial = sum(file.place.startswith("archive/") for file in parts.files)
        prefix = f"{self.site.name}-{folder.timestamp}"
        says = self._says(f"records of {one.given.name} ({one.given.sha256})")
        writer = PartWriter(self.taker.staging.new_folder(), prefix, self._about(), says, serial)
        for portion in portions:
            wanted = day if len(one.days) > 1 else None
            writer.add(portion.surveyed.path, self._parting(portion).records(wanted))
        writer.close()
        for path in writer.files:
            name = self.taker.staging.name(path.name, ".warc.gz")
            yield self.taker.survey(path, name, one.given.name, Form.WARC_GZIP), ""

    def _parting(self, portion: Portion) -> Parting:
        path = portion.surveyed.path
        if path not in self._partings:
            frame, notes = self.taker.frame(portion.surveyed.name, None), path.with_suffix(".sqlite")
            self._partings[path] = Parting(path, frame, notes)
            self.stack.callback(self._partings[path].close)
        return self._partings[path]

    def _log(self, name: str, lines: Iterable[bytes]) -> Path:
        path = self._lines / f"{name}.jsonl"
        write_file(path, lines)
        return path

    def _about(self) -> Fields:
        return [("WARC-Record-ID", self.archive.new_id()), ("WARC-Date", to_warc_date(self.archive.now()))]

    def _warcinfo(self, description: str) -> dict[str, str]:
        return {
            "software": package.SOFTWARE,
            "format": FORMAT,
            "conformsTo": CONFORMS_TO,
            "description": description,
            "isPartOf": self.site.name,
        }

    def _says(self, description: str) -> bytes:
        fields = self._warcinfo(description).items()
        return "".join(f"{name}: {_one_line(value)}\r\n" for name, value in fields).encode()

    def _begin_texts(self, folder: SnapshotFolder) -> WarcFiles:
        return WarcFiles(
            folder.path / "archive",
            f"text-{self.site.name}-{folder.timestamp}",
            compression=self.site.compression,
            warcinfo=self._warcinfo(
                f"texts of pages that were imported for {self.site.title or self.site.name}"
            ),
            now=self.archive.now,
            new_id=self.archive.new_id,
        )


def _one_line(value: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value)


def _has(portion: Portion, day: str, one: Taken) -> bool:
    """Tell whether a portion has something of a day; what has no line in an index goes with the first."""
    if one.begun:
        return True
    return day in portion.surveyed.days or (not portion.surveyed.days and day == min(one.days))


def _stands(portion: Portion, day: str, one: Taken) -> bool:
    """Tell whether a portion stands as it came in the snapshot of a day."""
    one_day = one.begun or len(portion.surveyed.days) <= 1
    return bool(portion.stands and one_day and _has(portion, day, one))


def _lost(portion: Portion, one: Taken) -> Iterator[bytes]:
    """Yield what the log of a portion that is parted says was skipped, by its place in the original."""
    where = portion.origin or "what it unpacks to"
    itself = portion.surveyed.path == one.given.path
    with portion.surveyed.log.open("rb") as log:
        for line in log:
            if _NOT_KEPT in line:
                told = _TOLD.decode(line)
                what = told.what if itself else f"{where} at offset {told.offset}: {told.what}"
                moved = msgspec.structs.replace(told, file=f"originals/{one.original}", what=what)
                yield msgspec.json.encode(moved) + b"\n"


def _header(one: Taken, found: Surveyed, origin: str) -> bytes:
    """Return what logs/import.jsonl says of a file of archive/ as a whole."""
    told = {
        "file": f"archive/{found.name}",
        "given": one.given.name,
        "sha256": one.given.sha256,
        "bytes": one.given.bytes,
        "form": one.form.value,
        "records": found.records,
        "indexed": found.indexed,
        "skipped": found.skipped,
        "problems": found.problems,
    }
    if origin:
        told["origin"] = origin
    if found.path != one.given.path:
        told["original"] = f"originals/{one.original}"
    return msgspec.json.encode(told) + b"\n"


def _described(one: Taken) -> dict[str, Any]:
    """Return what datapackage.json says of a file that was given."""
    return {
        "file": one.given.name,
        "sha256": one.given.sha256,
        "bytes": one.given.bytes,
        "days": list(one.report.days),
    }
