# SPDX-License-Identifier: EUPL-1.2
"""What a report is made of: one sealed snapshot, what stands beside it, maybe an export. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from index.catalogue import Catalogue
from index.errors import NotFoundError
from index.history import History

from ..collection import Collection, Find, finder
from ..runs import Run
from ..settings import Settings, Site
from ..snapshot_folder import SnapshotFolder

_SUFFIXES = (".warc", ".warc.gz")


@dataclass(frozen=True)
class Subject:
    """What is measured, and with what at hand. Built once, given to every measure."""

    folder: SnapshotFolder
    collection: Collection
    settings: Settings
    history: History
    catalogue: Catalogue
    runs: tuple[Run, ...]
    """Of this site."""
    now: datetime
    export: Path | None = None

    @property
    def find(self) -> Find:
        """Where a WARC of a snapshot of the site stands."""
        return finder(self.collection, self.folder.site)

    @property
    def day(self) -> date:
        """The calendar day of the snapshot."""
        return self.day_of(self.folder)

    def day_of(self, folder: SnapshotFolder) -> date:
        """Return the calendar day of a snapshot."""
        return folder.day_by(self.settings.zone)

    @property
    def site(self) -> Site:
        """The site as it is configured; with nothing but its name where it is no longer."""
        known = (site for site in self.settings.site if site.name == self.folder.site)
        return next(known, Site(name=self.folder.site, seeds=()))

    @cached_property
    def imported(self) -> bool:
        """Whether the snapshot was made of files that others harvested."""
        own = self.folder.package.get("daykeep")
        return isinstance(own, dict) and "imported" in own

    @property
    def up_to_now(self) -> list[SnapshotFolder]:
        """The sealed snapshots of the site up to this one, oldest first."""
        every = self.collection.snapshots(self.folder.site)
        return [one for one in every if one.timestamp <= self.folder.timestamp]

    @cached_property
    def warcs(self) -> list[Path]:
        """The WARCs that are measured: the stored ones, or those of the export. Raises DamagedError."""
        return self.folder.warcs if self.export is None else warcs_in(self.export)

    @property
    def where(self) -> str:
        """What the WARCs are measured on, for the reader."""
        return "archive" if self.export is None else self.export.name


def warcs_in(export: Path) -> list[Path]:
    """Return the WARCs of an exported folder, or the one file. Raises NotFoundError where there is none."""
    paths: Iterable[Path] = export.rglob("*") if export.is_dir() else [export]
    found = sorted(path for path in paths if path.name.endswith(_SUFFIXES) and path.is_file())
    if not found:
        raise NotFoundError(
            f"There is no WARC in {export}; name the folder, or the WARC, that `daykeep export` wrote."
        )
    return found
