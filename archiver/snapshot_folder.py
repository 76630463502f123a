# SPDX-License-Identifier: EUPL-1.2
"""
The folder of one snapshot, an unzipped WACZ, sealed or being made: its files, and what it says of itself.

    archive/*.warc.gz
    indexes/index.cdxj
    pages/pages.jsonl
    logs/ledger.jsonl
    logs/changes.jsonl
    datapackage.json
    datapackage-digest.json

Knows nothing of other snapshots, nor of what stands inside a WARC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from index.cdxj import Index
from index.errors import DamagedError
from index.model import Outcome, Snapshot
from index.timestamp import local_date


@dataclass(frozen=True)
class SnapshotFolder:
    """One snapshot on disk, sealed or being made."""

    site: str
    timestamp: str
    path: Path

    def warc(self, filename: str) -> Path:
        """Return the path of a WARC of this snapshot. Raises DamagedError for a name that is a path."""
        if "/" in filename or "\\" in filename or filename.startswith("."):
            raise DamagedError(
                f"{filename!r} is not the name of a WARC; the index of {self.path} is damaged."
            )
        return self.path / "archive" / filename

    @property
    def warcs(self) -> list[Path]:
        """The WARCs of this snapshot, in the order of their names, which is the order of writing."""
        try:
            return sorted(path for path in (self.path / "archive").iterdir() if path.is_file())
        except OSError as error:
            raise DamagedError(
                f"The WARCs in {self.path / 'archive'} cannot be listed ({error.strerror}). "
                "Run `daykeep verify`."
            ) from error

    @property
    def index_path(self) -> Path:
        """Where the CDXJ stands."""
        return self.path / "indexes" / "index.cdxj"

    @property
    def pages_path(self) -> Path:
        """Where the list of pages stands."""
        return self.path / "pages" / "pages.jsonl"

    @property
    def ledger_path(self) -> Path:
        """Where the ledger stands."""
        return self.path / "logs" / "ledger.jsonl"

    @property
    def changes_path(self) -> Path:
        """Where the changes against the snapshot before stand."""
        return self.path / "logs" / "changes.jsonl"

    @cached_property
    def index(self) -> Index:
        """The CDXJ of a sealed snapshot, opened once. Raises DamagedError where it cannot be read."""
        try:
            return Index(self.index_path)
        except OSError as error:
            raise DamagedError(
                f"The index of snapshot {self.timestamp} of {self.site} cannot be read ({error.strerror}). "
                "Run `daykeep verify` to see how far the damage goes."
            ) from error

    @cached_property
    def package(self) -> dict[str, Any]:
        """What datapackage.json says. Raises DamagedError where it cannot be read."""
        path = self.path / "datapackage.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise DamagedError(
                f"{path} cannot be read ({error}). Run `daykeep verify` to see how far it goes."
            ) from error

    @property
    def reasons(self) -> list[str]:
        """What was there in place of the site, a sentence each; empty where nothing was, or none was kept."""
        own = self.package.get("daykeep")
        reasons = own.get("reasons") if isinstance(own, dict) else None
        return [str(reason) for reason in reasons] if isinstance(reasons, list) else []

    @property
    def changed_text(self) -> int | None:
        """Of how many changes a reader sees another text; None in days sealed before that was told."""
        own = self.package.get("daykeep")
        number = own.get("changed_text") if isinstance(own, dict) else None
        return number if isinstance(number, int) else None

    @cached_property
    def summary(self) -> Snapshot:
        """Outcome and counts, as they were sealed."""
        try:
            own = self.package["daykeep"]
            return Snapshot(
                site=self.site,
                timestamp=self.timestamp,
                day=own["day"],
                outcome=Outcome(own["outcome"]),
                counts=dict(own["counts"]),
                bytes=sum(resource["bytes"] for resource in self.package["resources"]),
                changed=own["changed"],
                lacking=own["lacking"],
                demonstration=own["demonstration"],
                noise=int(own.get("changed_noise", 0)),
                changed_text=self.changed_text,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DamagedError(
                f"{self.path / 'datapackage.json'} does not describe a snapshot ({error!r}). "
                "Run `daykeep verify`."
            ) from error

    def day_by(self, zone: ZoneInfo) -> date:
        """Return the calendar day it was sealed with; by this time zone where that cannot be read."""
        try:
            return date.fromisoformat(self.summary.day)
        except (DamagedError, TypeError, ValueError):
            return local_date(self.timestamp, zone)
