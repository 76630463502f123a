# SPDX-License-Identifier: EUPL-1.2
"""
Files of anyone's into snapshots by calendar day, each file once.

    copy and hash ▸ look at every record ▸ by day: put together, seal ▸ publish

A file whose records are all of one day stands in that day's snapshot as it came. Everything works on a copy,
so that what is sealed is what was read. Killing it at any point leaves whole days or nothing: a day that is
sealed knows the SHA-256 of the files it was made of, and is not made of them again. Knows nothing of who
asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from index.errors import ArchiveError, DamagedError
from index.model import Snapshot
from index.timestamp import parse_timestamp, to_timestamp

from . import package
from .collection import Collection, SnapshotFolder, finder
from .durable import write_file
from .forms import Form, form_of, in_place
from .imported_day import DayFile, DayParts, Making, make_day
from .imported_pages import Pages
from .publish import publish_site
from .reader import Reader
from .settings import Site
from .snapshot import Archive
from .sorted_lines import SortedLines
from .staging import Given, Staging, require_readable
from .survey import Frame
from .surveying import Surveyed, survey
from .warc import CONFORMS_TO, FORMAT, WarcFiles

_FUTURE = timedelta(days=2)
"""How far a record may be ahead of our clock: other machines' clocks differ, and so do their zones."""
_SUFFIXES = {Form.WARC: ".warc", Form.WARC_GZIP: ".warc.gz"}


@dataclass(slots=True)
class FileReport:
    """What became of one file that was given."""

    file: str
    sha256: str = ""
    bytes: int = 0
    form: str = ""
    records: int = 0
    indexed: int = 0
    skipped: int = 0
    """Stretches of bytes that hold no record that can be read."""
    problems: int = 0
    """Those, and records with damage or without a usable address or date."""
    days: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    """Days of it that an earlier import has brought."""
    same_as: str = ""
    """The file given before it that has the same bytes."""
    problem: str = ""
    """Why nothing of it was imported."""


@dataclass(slots=True)
class Report:
    """What an import did."""

    site: str
    files: list[FileReport] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    unresolved: int = 0
    """Revisits whose payload is nowhere in the archive."""
    unpublished: str = ""
    """Why the catalogue does not know them yet."""

    @property
    def whole(self) -> bool:
        """Whether there is nothing that an operator has to look at."""
        faults = any(one.problem or one.problems for one in self.files)
        return not (faults or self.unresolved or self.unpublished)


@dataclass(slots=True)
class _Taken:
    """A given file that could be read."""

    given: Given
    report: FileReport
    form: Form
    surveyed: list[Surveyed] = field(default_factory=list)

    @property
    def days(self) -> dict[str, str]:
        """First moment of each day of it."""
        return _first(one.days for one in self.surveyed) or _first(one.other_days for one in self.surveyed)


Progress = Callable[[str, int], None]
"""Is told what is being done, and of how many more bytes."""


def bring(
    archive: Archive,
    site: Site,
    paths: Sequence[Path],
    *,
    texts: bool = True,
    progress: Progress = lambda _what, _bytes: None,
) -> Report:
    """
    Import files into snapshots of a site, in the order of their days, and publish them.

    Raises BusyError where the site is being crawled, NotFoundError for a file that cannot be read,
    StorageError where the disk refuses; what was sealed before stays, and the same call goes on from there.
    """
    for path in paths:
        require_readable(path)
    with archive.collection.lock(site.name):
        archive.collection.forget_imports(site.name)
        staging = Staging(archive.collection.import_folder(site.name))
        staging.begin()
        try:
            with contextlib.closing(Reader()) as reader:
                job = _Import(archive, site, staging, reader if texts else None, progress)
                return job.run(paths)
        finally:
            staging.free()


@dataclass(slots=True)
class _Import:
    archive: Archive
    site: Site
    staging: Staging
    reader: Reader | None
    progress: Progress

    def run(self, paths: Sequence[Path]) -> Report:
        report = Report(self.site.name)
        taken = [one for path in paths if (one := self._take(path, report)) is not None]
        for day in sorted({day for one in taken for day in one.days}):
            of_day = [one for one in taken if day in one.days and day not in one.report.already]
            if of_day:
                self._make(day, of_day, report)
        try:
            publish_site(self.archive.collection, self.archive.shelves, self.site.name)
        except ArchiveError as error:
            report.unpublished = str(error)
        return report

    def _take(self, path: Path, report: Report) -> _Taken | None:
        """Copy a file and look at all its records; None where there is nothing to be made of it."""
        given = self.staging.copy(path, lambda size: self.progress(f"copying {path.name}", size))
        told = FileReport(str(path), given.sha256, given.bytes)
        told.same_as = next((one.file for one in report.files if one.sha256 == given.sha256), "")
        report.files.append(told)
        known = _imported(self.archive.collection, self.site.name, given.sha256)
        if told.same_as or known.all_there:
            told.already = tuple(sorted(known.sealed))
            return None
        try:
            form = form_of(given.path)
            told.form = form.value
            taken = _Taken(given, told, form, list(self._surveyed(given, form)))
        except DamagedError as error:
            told.problem = str(error).replace(str(given.path), str(path))
            return None
        _tell(taken, known.sealed)
        return taken if taken.days else None

    def _surveyed(self, given: Given, form: Form) -> Iterator[Surveyed]:
        if not in_place(form):
            raise DamagedError(f"{given.path} is {form}, which cannot be imported yet.")
        name = self.staging.name(given.name, _SUFFIXES[form])
        yield self._survey(given.path, name, given.name)

    def _survey(self, path: Path, name: str, shown: str) -> Surveyed:
        latest = to_timestamp(self.archive.now() + _FUTURE)
        frame = Frame(name, self.archive.settings.timezone, latest)
        read = lambda size: self.progress(f"reading {shown}", size)  # noqa: E731
        return survey(path, frame, self.staging.folder / "lines", read)

    def _make(self, day: str, taken: list[_Taken], report: Report) -> None:
        collection = self.archive.collection
        folder = collection.begin_import(self.site.name, parse_timestamp(min(one.days[day] for one in taken)))
        parts = self._parts(folder, taken)
        making = Making(self.archive.settings, self.site, collection, self.staging)
        made = make_day(making, folder, parts)
        report.snapshots.append(made.folder.summary)
        report.unresolved += made.unresolved

    def _parts(self, folder: SnapshotFolder, taken: list[_Taken]) -> DayParts:
        lines = self.staging.folder / "lines"
        captures, revisits = (
            SortedLines(lines, f"{what}-{folder.timestamp}") for what in ("all", "all-revisits")
        )
        find = finder(self.archive.collection, self.site.name, folder)
        pages = Pages(
            self.reader, None, find, self._begin_texts, lambda url: self.progress(f"reading {url}", 0)
        )
        parts = DayParts(captures, revisits, pages)
        for one in taken:
            parts.log.append(self._header(one))
            parts.imported.append(_described(one))
            for part in one.surveyed:
                captures.take(part.captures)
                revisits.take(part.revisits)
                parts.log.append(part.log)
                parts.not_get |= part.not_get
                digest = one.given.sha256 if part.path == one.given.path else None
                parts.files.append(DayFile(part.path, f"archive/{part.name}", digest))
        return parts

    def _header(self, one: _Taken) -> Path:
        """Write what logs/import.jsonl says of a file as a whole."""
        path = self.staging.folder / "lines" / f"head-{one.given.path.name}.jsonl"
        told = {
            "file": f"archive/{one.surveyed[0].name}",
            "given": one.given.name,
            "sha256": one.given.sha256,
            "bytes": one.given.bytes,
            "form": one.form.value,
            "records": one.report.records,
            "indexed": one.report.indexed,
            "skipped": one.report.skipped,
            "problems": one.report.problems,
        }
        write_file(path, [msgspec.json.encode(told) + b"\n"])
        return path

    def _begin_texts(self, folder: SnapshotFolder) -> WarcFiles:
        return WarcFiles(
            folder.path / "archive",
            f"text-{self.site.name}-{folder.timestamp}",
            compression=self.site.compression,
            warcinfo={
                "software": package.SOFTWARE,
                "format": FORMAT,
                "conformsTo": CONFORMS_TO,
                "description": f"texts of pages that were imported for {self.site.title or self.site.name}",
                "isPartOf": self.site.name,
            },
            now=self.archive.now,
            new_id=self.archive.new_id,
        )


def _tell(taken: _Taken, sealed: frozenset[str]) -> None:
    told = taken.report
    for part in taken.surveyed:
        told.records += part.records
        told.indexed += part.indexed
        told.skipped += part.skipped
        told.problems += part.problems
    told.days = tuple(sorted(taken.days))
    told.already = tuple(day for day in told.days if day in sealed)
    if not told.days:
        told.problem = "It holds no record with a date that can be read."


def _first(days: Any) -> dict[str, str]:
    first: dict[str, str] = {}
    for one in days:
        for day, moment in one.items():
            first[day] = min(moment, first.get(day, moment))
    return first


def _described(one: _Taken) -> dict[str, Any]:
    """Return what datapackage.json says of a file that was given."""
    return {
        "file": one.given.name,
        "sha256": one.given.sha256,
        "bytes": one.given.bytes,
        "days": list(one.report.days),
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """What earlier imports have made of a file."""

    sealed: frozenset[str]
    days: frozenset[str]
    """All days it has."""

    @property
    def all_there(self) -> bool:
        """Whether nothing of it is left to be done."""
        return bool(self.days) and self.days <= self.sealed


def _imported(collection: Collection, site: str, sha256: str) -> _Known:
    """Return what the sealed snapshots of a site say of a file; a damaged one says nothing."""
    sealed: set[str] = set()
    days: set[str] = set()
    for folder in collection.snapshots(site):
        with contextlib.suppress(DamagedError, AttributeError, TypeError, LookupError):
            own = folder.package["daykeep"]
            for file in own.get("imported", ()):
                if file["sha256"] == sha256:
                    sealed.add(str(own["day"]))
                    days.update(map(str, file["days"]))
    return _Known(frozenset(sealed), frozenset(days))
