# SPDX-License-Identifier: EUPL-1.2
"""
Exports made for visitors, kept for a while below state/exports. Knows nothing of HTTP.

    state/exports/<key>.<sha256>.wacz      an export, whole; its digest is in its name
    state/exports/.<key>.tmp/              one that is being made, or that a crash left behind

`key` stands for the sealed day, the profile and the version of the program: the same three always make the
same bytes, also after an export was dropped and made again. A visitor cannot fill the disk: what is kept and
what is being made stay below a limit together, the oldest go first, and a share of the disk stays free. Nor
can he keep the machine busy: one export is made at a time, in all processes together, and one that could not
be made is not tried again for an hour.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from index.errors import ArchiveError, BusyError, NotFoundError
from index.timestamp import parse_timestamp

from .. import package
from ..collection import Collection, finder
from ..durable import storage, sync_dir
from ..settings import Settings
from ..snapshot_folder import SnapshotFolder
from .export import export
from .profiles import Profile, chosen
from .zipping import TooLargeError, hash_of, zip_folder

WAIT = 20.0
"""Seconds that the visitor whose export is made is kept waiting, before he is told to come back."""
KEPT_FREE = 0.05
"""Share of the disk that no export takes: the daily job comes first."""
REFUSED = 3600.0
"""Seconds for which what failed is not tried again: later the disk may have room, or a file be restored."""
_REFUSALS = 256
_NAME = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})\.(?:wacz|zip)", re.ASCII)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """An export that stands ready. Close its file."""

    file: BinaryIO
    bytes: int
    sha256: str


@dataclass(slots=True)
class _Making:
    key: str
    thread: threading.Thread
    error: ArchiveError | None = None


class KeptExports:
    """The exports of one collection. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        settings: Settings,
        known: dict[str, Profile],
        wait: float = WAIT,
        refused: float = REFUSED,
    ) -> None:
        self._collection = collection
        self._settings = settings
        self._known = known
        self._wait = wait
        self._refused_for = refused
        self._folder = collection.state / "exports"
        self._lock = threading.Lock()
        self._making: _Making | None = None
        self._refused: OrderedDict[str, tuple[float, ArchiveError]] = OrderedDict()

    @property
    def offered(self) -> list[Profile]:
        """The profiles that visitors may download. Raises ConfigurationError for one that there is not."""
        viewer = self._settings.viewer
        return [chosen(self._known, name) for name in viewer.downloads] if viewer.download_bytes else []

    def profile(self, name: str) -> Profile:
        """Return an offered profile by name. Raises NotFoundError."""
        for profile in self.offered:
            if profile.name == name:
                return profile
        raise NotFoundError(f"There is no download {name[:40]!r} here.")

    def size(self, day: SnapshotFolder, profile: Profile) -> int | None:
        """Return how many bytes an export has, None where it is not there now."""
        try:
            path = self._path(self._key(day, profile))
            return path.stat().st_size if path else None
        except (OSError, NotFoundError):  # dropped since; or the day has lost its seal, which `verify` tells
            return None

    def get(self, day: SnapshotFolder, profile: Profile) -> Kept:
        """
        Return an export, made first where it is not there.

        Raises BusyError where it is not ready yet, or another is being made; TooLargeError; and what
        `export` raises.
        """
        key = self._key(day, profile)
        kept = self._open(key)
        if kept is not None:
            return kept
        making, own = self._begin(key, day, profile)
        if own:
            making.thread.join(self._wait)
            kept = self._open(key)
        if kept is None:
            own_error = making.error if making.key == key else None  # another's failure is not this one's
            raise own_error or BusyError("An export is being made; come back in a moment.")
        return kept

    def _key(self, day: SnapshotFolder, profile: Profile) -> str:
        """Return what stands for the sealed day, the profile, what is configured for it, and this version."""
        try:
            sealed = (day.path / "datapackage-digest.json").read_bytes()
        except OSError as error:
            raise NotFoundError(f"The seal of {day.timestamp} of {day.site} cannot be read.") from error
        configured = msgspec.json.encode(self._settings) if profile.packing else b""
        parts = (day.site, day.timestamp, sealed, msgspec.json.encode(profile), configured, package.SOFTWARE)
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]

    def _begin(self, key: str, day: SnapshotFolder, profile: Profile) -> tuple[_Making, bool]:
        """Begin to make an export unless one is being made, and tell whether it was begun here."""
        with self._lock:
            until, error = self._refused.get(key, (0.0, None))
            if error is not None and time.monotonic() < until:
                raise error
            if self._making is not None and self._making.thread.is_alive():
                return self._making, False
            thread = threading.Thread(target=self._make, args=(key, day, profile), name="export", daemon=True)
            self._making = _Making(key, thread)
            thread.start()
            return self._making, True

    def _make(self, key: str, day: SnapshotFolder, profile: Profile) -> None:
        assert self._making is not None
        making = self._making
        try:
            with self._collection.exporting():
                if self._path(key) is None:  # another process may have made it just now
                    self._make_room()
                    self._write(key, day, profile)
        except BusyError as error:
            making.error = error
        except ArchiveError as error:
            logger.warning("export-not-made", site=day.site, snapshot=day.timestamp, reason=str(error))
            self._refuse(making, error)
        except Exception:  # a thread ends silently: without this it would be begun again at each request
            logger.exception("export-not-made", site=day.site, snapshot=day.timestamp)
            self._refuse(making, ArchiveError("An export could not be made; the log says why."))

    def _refuse(self, making: _Making, error: ArchiveError) -> None:
        with self._lock:
            making.error = error
            self._refused.pop(making.key, None)
            self._refused[making.key] = (time.monotonic() + self._refused_for, error)
            while len(self._refused) > _REFUSALS:
                self._refused.popitem(last=False)

    def _write(self, key: str, day: SnapshotFolder, profile: Profile) -> None:
        work = self._folder / f".{key}.tmp"
        with storage(f"make {work}"):
            work.mkdir()
        try:
            made = work / ("x" + profile.suffix)
            target = made if profile.container == "wacz" else work / "x"
            export(
                [day],
                finder(self._collection, day.site),
                target,
                profile=profile,
                settings=self._settings,
                room=self._room(),
            )
            if target is not made:
                zip_folder(target, made, parse_timestamp(day.timestamp))
            with storage(f"keep {made}"):
                made.rename(self._folder / f"{key}.{hash_of(made)}{profile.suffix}")
                sync_dir(self._folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _make_room(self) -> None:
        """Drop what was left behind, and the oldest exports until half of the limit is free."""
        with storage(f"make room in {self._folder}"):
            self._folder.mkdir(exist_ok=True)
            for left in self._folder.glob(".*.tmp"):
                shutil.rmtree(left)
            found = sorted(self._exports(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
            used = 0
            for path in found:
                used += path.stat().st_size
                if used > self._settings.viewer.download_bytes // 2:
                    path.unlink()

    def _room(self) -> int:
        disk = shutil.disk_usage(self._folder)
        free = disk.free - int(disk.total * KEPT_FREE)
        room = min(self._settings.viewer.download_bytes // 2, free)
        if room <= 0:
            raise TooLargeError("There is no room on the disk for exports now.")
        return room

    def _exports(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from (path for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def _path(self, key: str) -> Path | None:
        return next((path for path in self._exports() if path.name.startswith(key)), None)

    def _open(self, key: str) -> Kept | None:
        """Open an export, which stays readable when it is dropped; the newest used are dropped last."""
        path = self._path(key)
        if path is None:
            return None
        try:
            file = path.open("rb")
        except FileNotFoundError:  # dropped since
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Kept(file, os.fstat(file.fileno()).st_size, path.name.split(".")[1])
