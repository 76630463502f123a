# SPDX-License-Identifier: EUPL-1.2
"""
The folders of a collection on disk. Knows nothing of what stands inside a WARC or who asks.

    DATA/
      collection.json                             format version
      takedowns.jsonl                             what is withheld from the public; archiver/takedowns.py
      sites/<site>/snapshots/<14 digits>/         sealed: an unzipped WACZ, read-only
      sites/<site>/snapshots/<14 digits>.partial/ a snapshot being taken, or one that a crash left behind
      sites/<site>/snapshots/<14 digits>.importing/ one being made of imported files; begun anew after a crash
      sites/<site>/seals.jsonl                    the digest of every sealed snapshot, outside its folder
      sites/<site>/import/                        copies of the files of an import that is under way
      catalogue/                                  derived; may be deleted at any time
      state/                                      runs, locks, the frontier of a running crawl

A snapshot counts from the moment its folder has its final name; what is in it: snapshot_folder.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from index.errors import BusyError, DamagedError, NotFoundError, StorageError
from index.timestamp import to_timestamp

from .durable import reopen_dir, storage, sync_dir, write_file
from .snapshot_folder import SnapshotFolder

FORMAT = 2
_OTHERWISE_KEYED = 1
"""The format whose indexes have other keys, in another order (docs/adr/0038)."""
PARTIAL = ".partial"
IMPORTING = ".importing"
_TIMESTAMP = re.compile(r"\d{14}", re.ASCII)


Find = Callable[[str, str], Path]
"""(snapshot, filename) → path of that WARC."""


class Collection:
    """Everything under one data folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, root: Path) -> Collection:
        """Make the data folder if it is not there. Raises StorageError; DamagedError for a newer format."""
        collection = cls(root)
        marker = root / "collection.json"
        with storage(f"make the data folder {root}"):
            for name in ("sites", "catalogue", "state"):
                (root / name).mkdir(parents=True, exist_ok=True)
            sync_dir(root.parent)
        if not marker.exists():
            # several processes may begin at once: each writes a file of its own, and any of them will do
            own = root / f"collection.json.{os.getpid()}-{threading.get_ident()}"
            write_file(own, [msgspec.json.encode({"format": FORMAT, "software": "daykeep"}) + b"\n"])
            with storage(f"write {marker}"):
                own.rename(marker)
                sync_dir(root)
        collection.check_format()
        return collection

    def check_format(self) -> None:
        """Raise DamagedError unless this folder is a collection of a format we know."""
        marker = self.root / "collection.json"
        try:
            version = msgspec.json.decode(marker.read_bytes(), type=dict[str, Any]).get("format")
        except (OSError, msgspec.DecodeError) as error:
            raise DamagedError(
                f"{marker} cannot be read ({error}); is {self.root} a Daykeep data folder?"
            ) from error
        if version == _OTHERWISE_KEYED:
            raise DamagedError(
                f"{marker} says format {version}, whose indexes stand in another order; this version of "
                f"Daykeep reads format {FORMAT}. Nothing is lost: begin a new archive in another folder, and "
                "take each site over with "
                f"`daykeep import SITE {self.root}/sites/SITE/snapshots/*/archive/*`."
            )
        if version != FORMAT:
            raise DamagedError(
                f"{marker} says format {version}; this version of Daykeep reads format {FORMAT}."
            )

    @property
    def catalogue(self) -> Path:
        """Folder of what can be rebuilt."""
        return self.root / "catalogue"

    @property
    def history_path(self) -> Path:
        """Where the history stands."""
        return self.catalogue / "history.sqlite"

    @property
    def search_path(self) -> Path:
        """Folder of the search index."""
        return self.catalogue / "search"

    @property
    def runs_path(self) -> Path:
        """Where the table of runs stands."""
        return self.state / "runs.sqlite"

    @property
    def state(self) -> Path:
        """Folder of runs, locks and frontiers."""
        return self.root / "state"

    def site_folder(self, site: str) -> Path:
        """Return the folder that holds the snapshots of a site."""
        return self.root / "sites" / site / "snapshots"

    def sites(self) -> list[str]:
        """Return the names of the sites that have a folder, in order."""
        folder = self.root / "sites"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def timestamps(self, site: str) -> list[str]:
        """Return the names of the sealed snapshots of a site, oldest first."""
        folder = self.site_folder(site)
        return sorted(name for name in _names(folder) if _TIMESTAMP.fullmatch(name))

    def snapshots(self, site: str) -> list[SnapshotFolder]:
        """Return the sealed snapshots of a site, oldest first."""
        return [self.at(site, timestamp) for timestamp in self.timestamps(site)]

    def snapshot(self, site: str, timestamp: str) -> SnapshotFolder:
        """Return one sealed snapshot. Raises NotFoundError."""
        folder = self.at(site, timestamp)
        if not _TIMESTAMP.fullmatch(timestamp) or not folder.path.is_dir():
            raise NotFoundError(
                f"There is no snapshot {timestamp} of {site}; `daykeep snapshots {site}` lists them."
            )
        return folder

    def at(self, site: str, timestamp: str) -> SnapshotFolder:
        """Return where a sealed snapshot stands, whether it is there or not."""
        return SnapshotFolder(site, timestamp, self.site_folder(site) / timestamp)

    def unfinished(self, site: str) -> SnapshotFolder | None:
        """Return the snapshot that a stopped crawl left behind; the oldest if there are several."""
        folder = self.site_folder(site)
        cut = sorted(name.removesuffix(PARTIAL) for name in _names(folder) if name.endswith(PARTIAL))
        left = [name for name in cut if _TIMESTAMP.fullmatch(name)]
        return SnapshotFolder(site, left[0], folder / (left[0] + PARTIAL)) if left else None

    def begin(self, site: str, moment: datetime) -> SnapshotFolder:
        """
        Make the folder of a new snapshot and return it. Raises StorageError.

        Its timestamp is unique in the whole collection, so that a replay label names one snapshot; where
        two sites begin in one second, the later one is named a second later. The folder is there whole or
        not at all, and every folder above it is synced, so that what is sealed in it can be found.
        """
        return self._begin(site, moment, PARTIAL)

    def begin_import(self, site: str, moment: datetime) -> SnapshotFolder:
        """Do the same for a snapshot that is made of imported files. Raises StorageError."""
        return self._begin(site, moment, IMPORTING)

    def _begin(self, site: str, moment: datetime, suffix: str) -> SnapshotFolder:
        with self._naming(), storage(f"begin a snapshot of {site} under {self.root}"):
            while self._taken(to_timestamp(moment)):
                moment += timedelta(seconds=1)
            timestamp = to_timestamp(moment)
            path = self.site_folder(site) / (timestamp + suffix)
            for left in path.parent.glob(f".*{suffix}"):
                shutil.rmtree(left)  # a crash came before it had its name
            new = path.with_name(f".{path.name}")
            for name in ("archive", "indexes", "pages", "logs"):
                (new / name).mkdir(parents=True, exist_ok=True)
            sync_dir(new)
            new.rename(path)
            for folder in (path, *list(path.parents)[:4]):
                sync_dir(folder)
        return SnapshotFolder(site, timestamp, path)

    def import_folder(self, site: str) -> Path:
        """Return where an import keeps what it works on."""
        return self.root / "sites" / site / "import"

    def forget_imports(self, site: str) -> None:
        """
        Remove what an import that was stopped left behind, for a caller who holds the site's lock.

        Nothing of it counts, and the files that were given are where they were. Raises StorageError.
        """
        folder = self.site_folder(site)
        left = [folder / name for name in _names(folder) if name.endswith(IMPORTING)]
        with storage(f"remove what an import of {site} left behind"):
            for path in (*left, self.import_folder(site)):
                if path.is_dir():
                    reopen_dir(path)
                    shutil.rmtree(path)

    def discard(self, partial: SnapshotFolder) -> None:
        """Remove an unfinished snapshot. Raises ValueError for a sealed one."""
        if not partial.path.name.endswith(PARTIAL):
            message = f"{partial.path} is sealed"
            raise ValueError(message)
        with storage(f"remove {partial.path}"):
            shutil.rmtree(partial.path)

    @contextlib.contextmanager
    def lock(self, site: str) -> Iterator[None]:
        """Hold a site for one crawl or import at a time, across processes. Raises BusyError if held."""
        with self._locked(
            f"site-{site}", fcntl.LOCK_EX | fcntl.LOCK_NB, f"Another crawl or import of {site} is running"
        ):
            yield

    @contextlib.contextmanager
    def publishing(self) -> Iterator[None]:
        """Wait until nobody else writes the catalogue, and hold it."""
        with self._locked("catalogue", fcntl.LOCK_EX, "The catalogue is being written"):
            yield

    @contextlib.contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Make one new catalogue at a time, across processes. Raises BusyError if one is being made."""
        with self._locked("rebuild", fcntl.LOCK_EX | fcntl.LOCK_NB, "Another rebuild is running"):
            yield

    @contextlib.contextmanager
    def exporting(self) -> Iterator[None]:
        """Make one export for visitors at a time, across processes. Raises BusyError if one is being made."""
        with self._locked("export", fcntl.LOCK_EX | fcntl.LOCK_NB, "An export is being made"):
            yield

    @contextlib.contextmanager
    def measuring(self) -> Iterator[None]:
        """Measure one waiting day at a time, across processes. Raises BusyError if one is being measured."""
        with self._locked("conform", fcntl.LOCK_EX | fcntl.LOCK_NB, "A day is being measured"):
            yield

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        with self._locked("naming", fcntl.LOCK_EX, "A snapshot is being named"):
            yield

    @contextlib.contextmanager
    def _locked(self, name: str, how: int, busy: str) -> Iterator[None]:
        """Hold a lock that the kernel lets go of when the process ends, however it ends."""
        folder = self.state / "locks"
        with storage(f"lock {name} in {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                with storage(f"lock {name} in {folder}"):
                    fcntl.flock(descriptor, how)
            except StorageError as error:
                if isinstance(error.__cause__, BlockingIOError):
                    raise BusyError(f"{busy}; wait for it to end, or stop that process.") from None
                raise
            yield
        finally:
            os.close(descriptor)

    def _taken(self, timestamp: str) -> bool:
        folders = [self.site_folder(site) / timestamp for site in self.sites()]
        return any(
            folder.with_name(timestamp + suffix).exists()
            for folder in folders
            for suffix in ("", PARTIAL, IMPORTING)
        )


def finder(collection: Collection, site: str, partial: SnapshotFolder | None = None) -> Find:
    """Return the function that tells where a WARC of a snapshot stands, an unsealed one included."""

    def find(snapshot: str, filename: str) -> Path:
        if partial is not None and snapshot == partial.timestamp:
            return partial.warc(filename)
        return collection.at(site, snapshot).warc(filename)

    return find


def _names(folder: Path) -> list[str]:
    with storage(f"look through {folder}"):
        return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def disk_use(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise StorageError(f"Cannot look through {folder}: {error.strerror}.") from error
