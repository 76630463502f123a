# SPDX-License-Identifier: EUPL-1.2
"""
A file that was given, into parts whose records can be read where they stand, all of them looked at.

    plain WARC, gzip member per record ─▶ itself
    one-member gzip, zstd, ARC         ─▶ a WARC to be parted into files of ours, the original beside it
    WACZ                               ─▶ its WARCs as they are, its lists of pages, the original beside them

Knows nothing of snapshots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from index.errors import DamagedError
from index.timestamp import local_date

from ..scanning.forms import Form, form_of, in_place
from ..scanning.seen import Skipped
from ..scanning.unpack import Part, unpack
from .staging import Given, Staging
from .survey import Frame, Told
from .surveying import Readers, Surveyed, survey

MAX_DAYS = 2000
"""Days that one file may bring, each a snapshot of its own: a crawl for each day of five years."""
_SUFFIXES = {Form.WARC: ".warc", Form.WARC_GZIP: ".warc.gz"}
_ORIGINALS = {
    Form.WARC: ".warc",
    Form.WARC_GZIP: ".warc.gz",
    Form.GZIP: ".warc.gz",
    Form.ZSTD: ".warc.zst",
    Form.ARC: ".arc",
    Form.ARC_GZIP: ".arc.gz",
    Form.WACZ: ".wacz",
}


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
class Portion:
    """A part of a given file."""

    surveyed: Surveyed
    origin: str
    """Its name inside the given file; empty where it is that."""
    stands: bool
    """Whether it can stand in a snapshot as it is; what was unpacked from a stream takes too much room."""


@dataclass(slots=True)
class Taken:
    """A given file that could be read."""

    given: Given
    report: FileReport
    form: Form
    original: str
    """The name it has where it stands in originals/."""
    portions: list[Portion] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    """What could not be unpacked, by its places in the given file."""
    pages: list[Path] = field(default_factory=list)

    begun: str = ""
    """When the one snapshot of ours began that it is an export of; empty where it is none."""

    @property
    def days(self) -> dict[str, str]:
        """
        First moment of each day of it; of what is in no index only where nothing is.

        An export of one snapshot of ours has one, whatever its records say: what they refer to in earlier
        days came along with them, and a crawl may run past midnight.
        """
        if self.begun:
            return {self.report.days[0]: self.begun}
        parts = [one.surveyed for one in self.portions]
        return first_moments(one.days for one in parts) or first_moments(one.other_days for one in parts)

    @property
    def is_itself(self) -> bool:
        """Whether the file can be read as it came."""
        return [one.surveyed.path for one in self.portions] == [self.given.path]

    def told(self) -> Iterator[bytes]:
        """Yield the lines of logs/import.jsonl about what never came out of it."""
        for one in self.skipped:
            file, size = f"originals/{self.original}", one.end - one.offset
            told = Told(file, one.offset, size, one.what, one.rule, kept=False)
            yield msgspec.json.encode(told) + b"\n"


@dataclass(slots=True)
class Taker:
    """Takes given files, one after the other."""

    staging: Staging
    timezone: str
    latest: str
    progress: Callable[[str, int], None]
    readers: Readers
    """Of long files."""

    def take(self, given: Given, report: FileReport) -> Taken:
        """Look at all records of a file. Raises DamagedError where nothing can be read, StorageError."""
        form = form_of(given.path)
        report.form = form.value
        taken = Taken(given, report, form, self.staging.name(given.name, _ORIGINALS[form], "originals"))
        if not in_place(form):
            self._unpack(taken, given.path, form)
        else:
            found = self._survey(given.path, form, given.name)
            if found.crowded:
                taken.form = Form.GZIP
                self._unpack(taken, given.path, Form.GZIP)
            else:
                taken.portions.append(Portion(found, "", stands=True))
        _count(taken)
        self._recognise(taken)
        _require_few_days(report)
        return taken

    def _recognise(self, taken: Taken) -> None:
        """Note where a file is an export of one snapshot of ours: it has one ledger, and one beginning."""
        begun = [moment for portion in taken.portions for moment in portion.surveyed.begun]
        if len(begun) == 1 and sum(len(portion.surveyed.ledgers) for portion in taken.portions) == 1:
            self.join(taken, begun[0])

    def join(self, taken: Taken, begun: str) -> None:
        """Let a file belong to the export of a snapshot of ours that began at a moment."""
        taken.report.days = (local_date(begun, ZoneInfo(self.timezone)).isoformat(),)
        taken.begun = begun

    def _unpack(self, taken: Taken, path: Path, form: Form, origin: str = "") -> None:
        folder = self.staging.new_folder()
        unpacked = unpack(path, form, folder)
        taken.skipped += unpacked.skipped
        taken.pages += unpacked.pages
        for part in unpacked.files:
            self._portion(taken, part, form, origin or part.origin)

    def _portion(self, taken: Taken, part: Part, form: Form, origin: str) -> None:
        name = origin.rpartition("/")[2] or taken.given.name
        found = self._survey(part.path, part.form, name)
        if found.crowded and part.form is Form.WARC_GZIP:
            self._unpack(taken, part.path, Form.GZIP, origin)
        else:
            taken.portions.append(Portion(found, origin, stands=form is Form.WACZ))

    def _survey(self, path: Path, form: Form, name: str) -> Surveyed:
        return self.survey(path, self.staging.name(name, _SUFFIXES[form]), name, form)

    def survey(self, path: Path, name: str, shown: str, form: Form) -> Surveyed:
        """Look at all records of a file that can be read as it stands."""
        read = lambda size: self.progress(f"reading {shown}", size)  # noqa: E731
        return survey(path, self.frame(name, form), self.staging.folder / "lines", read, readers=self.readers)

    def frame(self, name: str, form: Form | None) -> Frame:
        """Return what is the same for all records of a file."""
        return Frame(name, self.timezone, self.latest, form)


def _count(taken: Taken) -> None:
    told = taken.report
    told.skipped = told.problems = len(taken.skipped)
    for portion in taken.portions:
        found = portion.surveyed
        told.records += found.records
        told.indexed += found.indexed
        told.skipped += found.skipped
        told.problems += found.problems
    told.days = tuple(sorted(taken.days))
    if not told.days:
        told.problem = "It holds no record with a date that can be read."


def _require_few_days(report: FileReport) -> None:
    number = len(report.days)
    if number > MAX_DAYS:
        span, report.days = f"{report.days[0]} to {report.days[-1]}", ()
        raise DamagedError(
            f"Its records are of {number} days ({span}), and each would become a snapshot; more than "
            f"{MAX_DAYS} are not taken from one file. Part it by year first."
        )


def first_moments(days: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return the first moment of each day of several."""
    first: dict[str, str] = {}
    for one in days:
        for day, moment in one.items():
            first[day] = min(moment, first.get(day, moment))
    return first


def unreadable(error: DamagedError, given: Given) -> str:
    """Return why a file cannot be read, by the name it was given."""
    return str(error).replace(str(given.path), str(given.source))


def units(taken: Sequence[Taken]) -> Iterator[tuple[str, list[Taken]]]:
    """
    Yield the snapshots that are to be made, oldest first: a day, and the files that have something of it.

    An export of a snapshot of ours is one by itself; what an earlier import has brought is left out.
    """
    keys = sorted({(day, one.begun) for one in taken for day in one.days})
    for day, begun in keys:
        of_it = [one for one in taken if one.begun == begun and day in one.days]
        if left := [one for one in of_it if day not in one.report.already]:
            yield day, left
