# SPDX-License-Identifier: EUPL-1.2
"""
Files of anyone's into snapshots by calendar day, each file once.

    copy and hash ▸ unpack ▸ look at every record ▸ by day: put together, seal ▸ publish

A file whose records are all of one day stands in that day's snapshot as it came; what has to be unpacked or
parted by day stands in originals/ of its first day, and its records in files of ours. Everything works on a
copy, so that what is sealed is what was read. Killing it at any point leaves whole days or nothing: a sealed
day knows the SHA-256 of the files it was made of, and is not made of them again. Knows nothing of who asks.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from index.errors import ArchiveError, DamagedError
from index.model import Snapshot
from index.timestamp import parse_timestamp, to_timestamp

from ..archive import Archive
from ..collection import Collection
from ..publish import publish_site
from ..reader import Reader
from ..seals import keep_seal
from ..settings import Site
from .day import Making, make_day
from .gathering import Gathering
from .staging import Staging, require_readable
from .surveying import Readers
from .taking import FileReport, Taken, Taker, units, unreadable

Progress = Callable[[str, int], None]
"""Is told what is being done, and of how many more bytes."""

_OURS = re.compile(r"([a-z0-9-]+-\d{14})-\d{5}\.warc(?:\.gz)?", re.ASCII)
_FUTURE = timedelta(days=2)
"""How far a record may be ahead of our clock: other machines' clocks differ, and so do their zones."""


@dataclass(slots=True)
class Report:
    """What an import did."""

    site: str
    files: list[FileReport] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    unresolved: int = 0
    """Revisits whose payload is nowhere in the archive."""
    loose: int = 0
    """Segments of records that did not come whole."""
    unpublished: str = ""
    """Why the catalogue does not know them yet."""

    @property
    def whole(self) -> bool:
        """Whether there is nothing that an operator has to look at."""
        faults = any(one.problem or one.problems for one in self.files)
        return not (faults or self.unresolved or self.loose or self.unpublished)


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
            with contextlib.closing(Reader()) as reader, contextlib.ExitStack() as stack:
                latest = to_timestamp(archive.now() + _FUTURE)
                readers = stack.enter_context(contextlib.closing(Readers()))
                taker = Taker(staging, archive.settings.timezone, latest, progress, readers)
                gathering = Gathering(archive, site, taker, reader if texts else None, stack)
                return _Import(archive, site, taker, gathering).run(paths)
        finally:
            staging.free()


@dataclass(slots=True)
class _Import:
    archive: Archive
    site: Site
    taker: Taker
    gathering: Gathering

    def run(self, paths: Sequence[Path]) -> Report:
        report = Report(self.site.name)
        taken = [one for path in paths if (one := self._take(path, report)) is not None]
        self._join(taken)
        self.taker.readers.close()
        self.taker.staging.settle()
        for day, here in units(taken):
            self._make(day, here, report)
        try:
            publish_site(self.archive.collection, self.archive.shelves, self.site.name)
        except ArchiveError as error:
            report.unpublished = str(error)
        return report

    def _join(self, taken: list[Taken]) -> None:
        """
        Let the files of one export go together, by their names, as they are given at once.

        Only the last WARC of a snapshot of ours has its ledger: `<site>-<time>-00001.warc.gz`, and with it
        `<site>-<time>-00000.warc.gz` and `originals-<site>-<time>.warc.gz`.
        """
        for one in taken:
            named = _OURS.fullmatch(one.given.name) if one.begun else None
            for other in taken if named else ():
                if not other.begun and named and named[1] in other.given.name:
                    self.taker.join(other, one.begun)

    def _take(self, path: Path, report: Report) -> Taken | None:
        """Copy a file and look at all its records; None where there is nothing to be made of it."""
        with contextlib.suppress(OSError):  # that it is gone is told by who copies it
            self.taker.readers.begin(path.stat().st_size)
        given = self.taker.staging.copy(path, lambda size: self.taker.progress(f"copying {path.name}", size))
        told = FileReport(str(path), given.sha256, given.bytes)
        told.same_as = next((one.file for one in report.files if one.sha256 == given.sha256), "")
        report.files.append(told)
        known = _imported(self.archive.collection, self.site.name, given.sha256)
        if told.same_as or known.all_there:
            told.already = tuple(sorted(known.sealed))
            return None
        try:
            taken = self.taker.take(given, told)
        except DamagedError as error:
            told.problem = unreadable(error, given)
            return None
        told.already = tuple(day for day in told.days if day in known.sealed)
        return taken if told.days else None

    def _make(self, day: str, taken: list[Taken], report: Report) -> None:
        collection = self.archive.collection
        folder = collection.begin_import(self.site.name, parse_timestamp(min(one.days[day] for one in taken)))
        making = Making(self.archive.settings, self.site, collection, self.taker.staging)
        made = make_day(making, folder, self.gathering.parts(folder, day, taken))
        keep_seal(collection, made.folder)
        report.snapshots.append(made.folder.summary)
        report.unresolved += made.unresolved
        report.loose += made.loose


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
