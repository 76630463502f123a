# SPDX-License-Identifier: EUPL-1.2
"""
Self-contained copies of days for an auditor: composes, and gives the export its name when it is whole.

    profile ──▶ records into the export      copying (as stored) or whole (revisits made responses again)
             ─▶ index, pages, logs beside them
             ─▶ everything read back and compared with the archive: exported
             ─▶ report, what a packing adds, manifest or datapackage.json
             ─▶ sync, rename

Everything is a stream; what must be remembered stands in a worksheet on disk, beside the target, under a name
that begins with a dot. The same days, profile and version make the same bytes. Knows nothing of crawling or
of the catalogue.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from index.errors import ArchiveError, NotFoundError
from index.model import Page
from index.timestamp import parse_timestamp

from .. import package
from ..collection import Find
from ..durable import storage, sync_dir, write_file
from ..pages import read_pages, write_pages
from ..settings import Settings
from ..snapshot_folder import SnapshotFolder
from . import transfer
from .assembly import Assembly
from .copying import SUFFIXES, copy_days, sealed_chunks, sealed_digests, suffix_of, suffixes_of
from .exported import Report, document, read_export
from .packing import Packed, Packing
from .profiles import Profile
from .safe_names import Names
from .whole import write_days
from .worksheet import Worksheet
from .zipping import Folder, Joined, Meter, Zip

PACKINGS: Mapping[str, Packing] = {"mdto": transfer.pack}
"""What a profile may have added to its export, by the name it gives as `packing`."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, for the report."""

    path: Path
    profile: str
    files: int
    bytes: int
    captures: int
    originals: int
    """Records of other days that went along, because revisits refer to them."""
    rebuilt: int
    """Full responses that stand in place of revisits."""
    compared: int
    """Payloads that were read back from the export and digested."""
    differences: int
    """What is not as the archive's index has it."""
    first: str
    """The first of these as a sentence."""


def export(
    days: Sequence[SnapshotFolder],
    find: Find,
    target: Path,
    *,
    profile: Profile,
    url: str | None = None,
    settings: Settings | None = None,
    room: int | None = None,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Exported:
    """
    Write a self-contained copy of snapshots of one site, oldest first, to `target`, whole or not at all.

    `room`: the most bytes it may take; `tell` is called with bytes done and expected. Raises NotFoundError
    where no capture begins with `url`, TooLargeError, StorageError, DamagedError, and ArchiveError where
    `target` is there already: an export never overwrites.
    """
    if profile.packing and url is not None:
        raise ArchiveError(f"Profile {profile.name} describes whole days; export without --url.")
    single = profile.single and target.name.endswith(SUFFIXES)
    _refuse_to_overwrite(target, folder=profile.container == "folder" and not single, single=single)
    staging = target.with_name(f".{target.name}.tmp")
    meter = Meter(2 * sum(map(_size_of_records, days)), tell, room)
    with storage(f"write the export {target}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staging, ignore_errors=True)  # what an export that was killed left behind
        (staging / "scratch").mkdir(parents=True)
    try:
        with closing(Worksheet(staging / "worksheet.sqlite")) as sheet:
            making = _Making(tuple(days), find, profile, url, settings, staging, sheet, meter, target.name)
            return (
                making.one_file if single else making.wacz if profile.container == "wacz" else making.folder
            )(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _size_of_records(day: SnapshotFolder) -> int:
    return sum(one["bytes"] for one in day.package["resources"] if one["path"].startswith("archive/"))


def _refuse_to_overwrite(target: Path, *, folder: bool, single: bool) -> None:
    for path in (target, *([_beside(target)] if single else [])):
        if path.is_symlink() or (path.exists() and not (folder and _is_empty(path))):
            raise ArchiveError(f"{path} is there already; an export never overwrites. Choose another name.")


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _beside(target: Path) -> Path:
    """Return where the report on a single file stands."""
    return target.with_name(f"{target.name}.report.json")


@dataclass(slots=True)
class _Making:
    """One export on its way."""

    days: tuple[SnapshotFolder, ...]
    find: Find
    profile: Profile
    url: str | None
    settings: Settings | None
    staging: Path
    sheet: Worksheet
    meter: Meter
    name: str

    def folder(self, target: Path) -> Exported:
        """Make a folder."""
        root = self.staging / "export"
        with storage(f"make {root}"):
            root.mkdir()
        out = Folder(root, self.meter)
        job = self._job(out)
        report = self._fill(job)
        self._pack(job, root)
        if "manifest" in self.profile.parts:
            job.write("manifest", job.path("manifest", job.newest), [_manifest(job)])
        with storage(f"write the export {target}"):
            out.sync()
        _name(root, target)
        return _exported(job, report, target, sum(one.bytes for one in job.files))

    def wacz(self, target: Path) -> Exported:
        """Make a WACZ."""
        path = self.staging / "export"
        out = Zip(path, self._moment, self.meter)
        try:
            job = self._job(out)
            report = self._fill(job)
            _describe(job, self._moment)
            out.close()
        except BaseException:
            out.abandon()
            raise
        _name(path, target)
        return _exported(job, report, target, target.stat().st_size)

    def one_file(self, target: Path) -> Exported:
        """Make one WARC of all: records that follow each other are a WARC. The report stands beside it."""
        path = self.staging / "export"
        out = Joined(path, self.meter)
        try:
            job = self._job(out)
            self._refuse_suffix(job, target)
            _write_records(job)
            self._refuse_several(job, target)
            report = read_export(job)
            out.close()
        except BaseException:
            out.abandon()
            raise
        _name(path, target)
        write_file(_beside(target), document(job, report))
        size = target.stat().st_size
        return _exported(job, report, target, size, files=1)

    @property
    def _moment(self) -> datetime:
        return parse_timestamp(self.days[-1].timestamp)

    def _job(self, out: Folder | Zip | Joined) -> Assembly:
        scratch = self.staging / "scratch"
        job = Assembly(self.days, self.find, self.profile, self.url, self.sheet, out, self.meter, scratch)
        if self.url is not None and not any(any(True for _ in job.matching(day)) for day in self.days):
            when = " to ".join(dict.fromkeys((self.days[0].timestamp, self.days[-1].timestamp)))
            raise NotFoundError(f"No address of {job.site} on {when} begins with {self.url}.")
        return job

    def _fill(self, job: Assembly) -> Report:
        _write_records(job)
        for part, write in (("index", _index), ("pages", _pages), ("logs", _logs)):
            if part in self.profile.parts:
                write(job)
        if "originals" in self.profile.parts and self.url is None:
            _originals(job)
        report = read_export(job)
        if "report" in self.profile.parts:
            job.write("report", job.path("report", job.newest), document(job, report))
        return report

    def _pack(self, job: Assembly, root: Path) -> None:
        if self.profile.packing:
            packed = Packed(
                root,
                self.name,
                job.site,
                self.days,
                self.profile,
                tuple(job.files),
                self.settings,
                self._moment,
            )
            job.files += PACKINGS[self.profile.packing](packed)

    def _refuse_suffix(self, job: Assembly, target: Path) -> None:
        found = suffixes_of(job) if self.profile.as_stored else {_suffix(self.profile)}
        if found != {suffix_of(target.name)}:
            raise ArchiveError(
                f"The records of {job.newest.timestamp} stand in files on {' and '.join(sorted(found))}, and "
                f"an export leaves them as they are. Choose another name than {target.name}: one that ends "
                "so, or that of a folder."
            )

    def _refuse_several(self, job: Assembly, target: Path) -> None:
        if not self.profile.as_stored and len(job.paths) > 1:
            raise ArchiveError(
                f"These records take {len(job.paths)} files of at most {self.profile.largest} bytes. Choose "
                f"the name of a folder instead of {target.name}."
            )


def _suffix(profile: Profile) -> str:
    return ".warc.gz" if profile.compression == "gzip" else ".warc"


def _write_records(job: Assembly) -> None:
    (copy_days if job.profile.as_stored else write_days)(job)


def _name(made: Path, target: Path) -> None:
    """Give what was made its name, and sync that."""
    with storage(f"write the export {target}"):
        made.rename(target)
        sync_dir(target.parent)


def _index(job: Assembly) -> None:
    for path in job.sheet.indexes() or [job.path("index", job.newest)]:
        job.write("index", path, job.sheet.lines(path))


def _by_path(job: Assembly, part: str) -> dict[str, list[SnapshotFolder]]:
    found = defaultdict(list)
    for day in job.days:
        found[job.path(part, day)].append(day)
    return found


def _pages(job: Assembly) -> None:
    for path, days in _by_path(job, "pages").items():
        if len(days) == 1 and job.prefix is None:
            sealed = sealed_digests(days[0]).get("pages/pages.jsonl")
            job.write("pages", path, sealed_chunks(path, days[0].pages_path, sealed), days[0].summary.day)
        else:
            job.write("pages", path, write_pages(_pages_of(job, days)))


def _pages_of(job: Assembly, days: Iterable[SnapshotFolder]) -> Iterator[Page]:
    for day in days:
        yield from (page for page in read_pages(day.pages_path) if job.matches(page.url))


def _logs(job: Assembly) -> None:
    """Write the logs that say something: frictionless, and with it `wacz validate`, refuses empty ones."""
    for day in job.days if job.prefix is None else ():
        _along(job, day, "logs")


def _originals(job: Assembly) -> None:
    for day in job.days:
        _along(job, day, "originals")


def _along(job: Assembly, day: SnapshotFolder, part: str) -> None:
    """Write the sealed files of a part of a snapshot; of several days each name says which."""
    for path, digest in sealed_digests(day).items():
        folder, _, name = path.partition("/")
        file = day.path / path
        if folder != part or not file.stat().st_size:
            continue
        there = job.path(part, day, _apart(job, part, day, name))
        job.write(part, there, sealed_chunks(name, file, digest), day.summary.day)


def _apart(job: Assembly, part: str, day: SnapshotFolder, name: str) -> str:
    """Return the name of a file of which each day has one: of several days it says which."""
    told_by_path = "{timestamp}" in getattr(job.profile.names, part)
    if len(job.days) > 1 and not told_by_path:
        return job.names.take(f"{day.site}-{day.timestamp}-{name}", folder=part)
    return job.names.take(name, folder=f"{part}/{day.timestamp}")


def _manifest(job: Assembly) -> bytes:
    """Return what the folder holds, with size and digest."""
    manifest = {
        "site": job.site,
        "snapshot": job.newest.timestamp,
        "snapshots": [day.timestamp for day in job.days],
        "url": job.prefix,
        "profile": job.profile.name,
        "software": package.SOFTWARE,
        "files": [
            {"name": one.path, "hash": f"sha256:{one.sha256}", "bytes": one.bytes}
            for one in sorted(job.files, key=lambda one: one.path)
        ],
    }
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _describe(job: Assembly, moment: datetime) -> None:
    """Write datapackage.json and its digest, the last members of a WACZ."""
    sealed, names = job.newest.package, Names()
    title, url = str(sealed.get("title", "")), str(sealed.get("mainPageUrl", ""))
    files = [package.resource(one.path, f"sha256:{one.sha256}", one.bytes) for one in job.files]
    named = [{**one, "name": names.take(one["name"])} for one in files]
    own: dict[str, Any] = dict(sealed.get("daykeep", {}))
    if len(job.days) > 1:
        title = f"{title}, {job.days[0].summary.day} to {job.newest.summary.day}"
        own = {"site": job.site, "snapshots": [day.package.get("daykeep", {}) for day in job.days]}
    data = package.encode(package.describe(title, url, moment, named, own))
    job.write("package", "datapackage.json", [data])
    digest = f"sha256:{job.files[-1].sha256}"
    job.write("package", "datapackage-digest.json", [package.encode_digest(digest)])


def _exported(job: Assembly, report: Report, target: Path, size: int, files: int | None = None) -> Exported:
    return Exported(
        target,
        job.profile.name,
        files or len(job.files),
        size,
        job.counts["captures"],
        job.counts["originals"],
        job.counts["rebuilt"],
        report.compared,
        report.differences,
        report.first,
    )
