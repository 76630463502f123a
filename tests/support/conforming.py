# SPDX-License-Identifier: EUPL-1.2
"""
A day that meets every rule of the guideline, and copies of it in which one thing is made wrong.

    with archived(root) as good: ...            three real days of a small site, everything configured
    with copied(good, tmp_path) as copy:        a writable copy
        copy.rewrite(lambda head, block: ...)   its newest WARC, record by record
        copy.measure("R8").verdict
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from archiver.collection import Collection
from archiver.conformance.report import report
from archiver.conformance.rules import Finding, Report, Table, load
from archiver.conformance.subject import Subject
from archiver.conformance.transfer import Make
from archiver.exporting.appraisal import Appraisal, Mdto
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.runs import Run, Runs, State
from archiver.settings import Settings
from archiver.snapshot_folder import SnapshotFolder
from index.catalogue import Catalogue
from index.history import History
from index.timestamp import local_date, parse_timestamp
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, opened, page, serving

ROBOTS = (
    200,
    {"Content-Type": "text/plain"},
    f"User-agent: *\nAllow: /\nSitemap: {HOST}/sitemap.xml\n".encode(),
)
SITEMAP = (
    200,
    {"Content-Type": "application/xml"},
    f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{HOST}/a</loc></url></urlset>'.encode(),
)
TERMS = Appraisal(appraisal="Blijvend te bewaren", appraisal_code="B", restriction="Geen beperking")
Change = Callable[[list[bytes], bytes], "tuple[list[bytes], bytes] | None"]
"""Lines of a record's head and its block, to what shall stand in their place; None leaves the record out."""

__all__ = ["FIRST", "HOST", "SITE", "HandClock", "opened", "serving"]


def site_of(text: str) -> dict[str, Any]:
    """Return the site on a day: pages, a redirect, a dead link, robots.txt and a sitemap."""
    return {
        "/": page(text, "/a", "/moved", "/dead"),
        "/a": page("A page that stays as it is"),
        "/moved": (301, {"Location": "/a"}, b""),
        "/robots.txt": ROBOTS,
        "/sitemap.xml": SITEMAP,
    }


def a_report(places: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """Return a report as it is kept, of one rule that was found wanting in these places."""
    text = {"nl": "x", "en": "x"}
    fact = {"key": "x", **text, "values": {"count": len(places)}, "examples": places, "more": 0}
    words = dict.fromkeys(("title", "asks", "how", "blind"), text)
    rule = {"id": "R3", "verdict": "fail", **words, "grade": "S", "source": "x", "file": "", "facts": [fact]}
    about = dict.fromkeys(("snapshot", "made", "software", "package"), "")
    return {"title": text, "basis": text, "day": "2026-03-02", **about, "counts": {}, "rules": [rule], **more}


@contextlib.contextmanager
def archived(root: Path, **more: Any) -> Iterator[Copy]:
    """Archive three days, with a table of runs, and give the newest to be measured."""
    days = [site_of(text) for text in ("Monday", "Tuesday", "Wednesday")]
    options = {"compression": "none", "mdto": TERMS, "title": "De gemeente", **more}
    with build_days(root, days, **options) as archive:
        settings = msgspec.structs.replace(
            archive.settings, mdto=Mdto(creator="Gemeente X", contact="info@x.example")
        )
        runs = Runs(archive.collection.state / "runs.sqlite")
        for folder in archive.collection.snapshots(SITE):
            started = parse_timestamp(folder.timestamp)
            run = runs.begin(SITE, local_date(folder.timestamp, settings.zone), started)
            runs.end(run, State.DONE, started + timedelta(minutes=10), snapshot=folder.timestamp)
        yield Copy(archive.collection, settings, archive.shelves.history, archive.shelves.catalogue)


@contextlib.contextmanager
def copied(good: Copy, root: Path) -> Iterator[Copy]:
    """Copy an archive, make the copy writable, and open it."""
    shutil.copytree(good.collection.root, root, dirs_exist_ok=True)
    for path in root.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    collection = Collection(root)
    with (
        contextlib.closing(History(collection.catalogue / "history.sqlite")) as history,
        contextlib.closing(Catalogue(collection.catalogue / "search")) as catalogue,
    ):
        yield Copy(collection, msgspec.structs.replace(good.settings, data=str(root)), history, catalogue)


@dataclass
class Copy:
    """An archive of which the newest day is measured."""

    collection: Collection
    settings: Settings
    history: History
    catalogue: Catalogue
    runs: list[Run] | None = None
    exported: Path | None = None
    table: Table = field(default_factory=load)

    @property
    def folder(self) -> SnapshotFolder:
        return self.collection.snapshots(SITE)[-1]

    @property
    def day(self) -> Path:
        """The newest snapshot's folder."""
        return self.folder.path

    @property
    def subject(self) -> Subject:
        runs = self.runs if self.runs is not None else Runs(self.collection.state / "runs.sqlite").of(SITE)
        now = datetime.now(UTC)
        shelves = (self.history, self.catalogue)
        return Subject(self.folder, self.collection, self.settings, *shelves, tuple(runs), now, self.exported)

    def make(self, path: Path) -> None:
        """Write a transfer package of the newest day."""
        export([self.folder], self.subject.find, path, profile=built_in()["mdto"], settings=self.settings)

    def report(self, make: Make | None = None) -> Report:
        """Measure everything."""
        return report(self.subject, self.table, make or self.make)

    def measure(self, rule: str, make: Make | None = None) -> Finding:
        """Measure everything, and return one rule."""
        return next(finding for finding in self.report(make).findings if finding.rule.id == rule)

    # Making things wrong

    def rewrite(self, change: Change, snapshot: Path | None = None) -> None:
        """Rewrite the WARC of a snapshot, the newest if not said, record by record."""
        (path,) = ((snapshot or self.day) / "archive").iterdir()
        path.write_bytes(b"".join(_rewritten(path.read_bytes(), change)))

    def describe(self, **own: Any) -> None:
        """Change what datapackage.json says under `daykeep`."""
        path = self.day / "datapackage.json"
        package = json.loads(path.read_bytes())
        package["daykeep"].update(own)
        path.write_text(json.dumps(package))

    def seal(self, name: str) -> None:
        """Give one file's new size and SHA-256 to datapackage.json."""
        path = self.day / "datapackage.json"
        package = json.loads(path.read_bytes())
        data = (self.day / name).read_bytes()
        for resource in package["resources"]:
            if resource["path"] == name:
                resource.update(bytes=len(data), hash=f"sha256:{hashlib.sha256(data).hexdigest()}")
        path.write_text(json.dumps(package))

    def lines(self, name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
        """Change the lines of a file of the newest snapshot."""
        path = self.day / name
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    def limit(self, rule: str, **limits: float) -> None:
        """Measure by other limits."""
        rules = tuple(
            msgspec.structs.replace(one, limits={**one.limits, **limits}) if one.id == rule else one
            for one in self.table.rule
        )
        self.table = msgspec.structs.replace(self.table, rule=rules)

    def run(self, **changes: Any) -> None:
        """Change the newest row of the table of runs."""
        runs = list(self.subject.runs)
        self.runs = [*runs[:-1], replace(runs[-1], **changes)]


def _rewritten(data: bytes, change: Change) -> Iterator[bytes]:
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        length = int(next(line for line in lines if line.lower().startswith(b"content-length:"))[15:])
        block, data = rest[:length], rest[length + 4 :]
        changed = change(lines, block)
        if changed is not None:
            lines, block = changed
            lines = [line for line in lines if not line.lower().startswith(b"content-length:")]
            yield b"\r\n".join([*lines, b"Content-Length: %d" % len(block), b"", block, b"", b""])
