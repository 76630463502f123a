# SPDX-License-Identifier: EUPL-1.2
"""
The catalogue made again beside the one in use, and put in its place at once. `rebuild` is this.

    catalogue/rebuild/history.sqlite   filled day by day, oldest first
                      search/          its generations
                      days.jsonl       the days that are in it, each with the digest it had
    catalogue/history.sqlite           answers as before, until one transaction takes all of it over

So nobody who searches meanwhile is told that there is nothing, and a disk that fills up leaves what there
was. Killed, it goes on where it was, unless a day that is in it is no longer what it was: then it begins
again. Knows nothing of crawling, nor of how search works.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from index.errors import ArchiveError, BusyError, StorageError

from .collection import Collection
from .durable import storage, sync_dir
from .merged_ahead import FEW, MergedAhead, changes_of, merged_ahead
from .package import hash_file
from .publish import Differing, Shelves, publish, unpublished
from .snapshot_folder import SnapshotFolder

Open = Callable[[Path], AbstractContextManager[Shelves]]
"""Opens the history and the search below a folder."""
Report = Callable[[SnapshotFolder, int, int], None]
Tell = Callable[[SnapshotFolder, ArchiveError], None]
_LIST = "days.jsonl"


class _Day(msgspec.Struct, frozen=True):
    """A day that is in the new catalogue, or on its way there."""

    site: str
    snapshot: str
    package: str
    """Digest of its datapackage.json; empty where that cannot be read."""


def rebuild_beside(collection: Collection, open_shelves: Open, report: Report, tell: Tell) -> int:
    """
    Make the catalogue again and return how many snapshots it has.

    One that cannot be published is told and passed over. Raises BusyError (also where another does the same),
    StorageError; then the catalogue is as it was, and the same call goes on.
    """
    with collection.rebuilding():
        return _rebuilt(collection, open_shelves, report, tell)


def _rebuilt(collection: Collection, open_shelves: Open, report: Report, tell: Tell) -> int:
    folder = collection.catalogue / "rebuild"
    with storage(f"make the folder {folder}"):
        if not _goes_on(collection, folder, open_shelves):
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
    with open_shelves(folder) as made:
        filling = _Filling(collection, made, folder, report, tell)
        while True:
            filling.fill()
            with collection.publishing():
                # a day may have been sealed and published while the last one was read
                if not filling.waiting():
                    _swap(collection, folder, made, open_shelves)
                    break
        done = sum(len(made.history.snapshots(site)) for site in made.history.sites())
    with storage(f"remove {folder}"):
        shutil.rmtree(folder)
    return done


@dataclass(slots=True)
class _Filling:
    collection: Collection
    made: Shelves
    folder: Path
    report: Report
    tell: Tell
    _passed_over: set[tuple[str, str]] = field(default_factory=set)

    def waiting(self) -> list[SnapshotFolder]:
        """Return the days that are not in the new catalogue, but for those that cannot be."""
        there = unpublished(self.collection, self.made, self.collection.sites())
        return [one for one in there if (one.site, one.timestamp) not in self._passed_over]

    def fill(self) -> None:
        """Publish every day into the new catalogue."""
        waiting = self.waiting()
        with closing(merged_ahead(waiting, self.folder)) as found:
            self._publish(waiting, MergedAhead(found) if len(waiting) > FEW else changes_of)

    def _publish(self, waiting: list[SnapshotFolder], differing: Differing) -> None:
        for number, day in enumerate(waiting, 1):
            self.report(day, number, len(waiting))
            self._note(day)
            try:
                publish(self.collection, self.made, day, differing)
            except (BusyError, StorageError):
                raise
            except ArchiveError as error:
                self._passed_over.add((day.site, day.timestamp))
                self.tell(day, error)

    def _note(self, day: SnapshotFolder) -> None:
        """Note what a day is before it is published: what is there afterwards is in the list for sure."""
        line = msgspec.json.encode(_Day(day.site, day.timestamp, _digest(day))) + b"\n"
        path = self.folder / _LIST
        with storage(f"write {path}"), path.open("ab") as file:
            file.write(line)


def _swap(collection: Collection, folder: Path, made: Shelves, open_shelves: Open) -> None:
    """Let the new catalogue count. The caller keeps others from publishing."""
    generation = made.history.generation()
    made.catalogue.close()
    with _live(collection, open_shelves) as live:
        if generation is not None:
            search = collection.catalogue / "search"
            with storage(f"put {generation} into {search}"):
                search.mkdir(exist_ok=True)
                (folder / "search" / generation).rename(search / generation)
                sync_dir(search)
        live.history.take_over(made.history)
        live.catalogue.collect({generation} if generation else set())


def _live(collection: Collection, open_shelves: Open) -> AbstractContextManager[Shelves]:
    """Open the catalogue that is in use; what cannot be read of it is deleted, and made again."""
    home = collection.catalogue
    try:
        with open_shelves(home) as live:
            live.history.sites()
    except (BusyError, StorageError):
        raise
    except ArchiveError:
        with storage(f"delete {home / 'history.sqlite'}"):
            for suffix in ("", "-wal", "-shm"):
                (home / f"history.sqlite{suffix}").unlink(missing_ok=True)
    with storage(f"empty {home / 'search'}"):
        if not (home / "search").is_dir():
            (home / "search").unlink(missing_ok=True)
    return open_shelves(home)


def _goes_on(collection: Collection, folder: Path, open_shelves: Open) -> bool:
    """Tell whether what was begun is of the days as they are."""
    try:
        noted = _noted(folder / _LIST)
        with open_shelves(folder) as made:
            history = made.history
            there = [(site, one.timestamp) for site in history.sites() for one in history.snapshots(site)]
            generation = history.generation()
        if generation is not None and not (folder / "search" / generation).is_dir():
            return False
        return all(noted.get(one) == _digest(collection.at(*one)) != "" for one in there)
    except (ArchiveError, OSError, msgspec.DecodeError):
        return False


def _noted(path: Path) -> dict[tuple[str, str], str]:
    """Return the digest of each day in the list; a line that a crash cut is none."""
    data = path.read_bytes() if path.exists() else b""
    days = msgspec.json.Decoder(_Day).decode_lines(data[: data.rfind(b"\n") + 1])
    return {(one.site, one.snapshot): one.package for one in days}


def _digest(day: SnapshotFolder) -> str:
    with suppress(OSError, ArchiveError):
        return hash_file(day.path / "datapackage.json")
    return ""
