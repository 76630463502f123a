# SPDX-License-Identifier: EUPL-1.2
"""
Files whose records cannot be read in place, into WARCs that can be scanned. Knows nothing of snapshots.

    one-member gzip, zstd   ──▶ a plain WARC of the same bytes
    ARC, ARC.gz             ──▶ a plain WARC/1.1 of converted records (`arc`)
    WACZ                    ──▶ its WARCs byte for byte, each unpacked by its own form; its lists of pages

What is unpacked is bounded in all and by ratio; what is beyond is named, and what came before it is kept. The
files are for reading once: they have names of ours, and are removed with their folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from index.errors import DamagedError

from ..durable import storage
from . import arc, zipped
from .forms import Form, form_of, in_place
from .inflating import gunzip, unzstd
from .seen import Skipped
from .window import Window

_MAX_PAGES = 1 << 28


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may come out of one file."""

    most: int = 1 << 40
    """Bytes in all."""
    free: int = 1 << 30
    """Bytes that may come out of however few."""
    ratio: int = 250
    """Times the file's own size beyond `free`. Text compresses 5 times, empty pages 100 times."""


@dataclass(frozen=True, slots=True)
class Part:
    """A WARC that was unpacked, to be scanned in place."""

    path: Path
    form: Form
    origin: str
    """Its name inside the given file; empty where that is one stream."""


@dataclass(slots=True)
class Unpacked:
    """What came out of a file."""

    files: list[Part] = field(default_factory=list)
    """In the order in which they stand there."""
    skipped: list[Skipped] = field(default_factory=list)
    """Bytes of the given file that could not be unpacked, or were refused, by their places in it."""
    pages: list[Path] = field(default_factory=list)
    """Copies of the `pages/*.jsonl` of a WACZ."""


class _TooMuchError(Exception):
    """More comes out than may."""


def unpack(
    path: Path, form: Form, folder: Path, *, bounds: Bounds | None = None, new_id: arc.NewId = arc.named_by
) -> Unpacked:
    """
    Unpack a file of a form that is not in place into files in a folder that exists.

    Raises DamagedError where nothing of it can be read, StorageError where the disk refuses. A file of a form
    that is in place is itself what is returned.
    """
    found = Unpacked()
    if in_place(form):
        found.files.append(Part(path, form, ""))
        return found
    room = _Room(bounds or Bounds(), path.stat().st_size)
    _Unpacking(folder, room, new_id, found).file(path, form, "")
    return found


class _Room:
    """What may still come out."""

    def __init__(self, bounds: Bounds, size: int) -> None:
        self.most = min(bounds.most, max(bounds.free, bounds.ratio * size))
        self._left = self.most

    def take(self, length: int) -> int:
        """Return how many of so many bytes may come out."""
        taken = min(length, self._left)
        self._left -= taken
        return taken


class _Unpacking:
    """One given file on its way into files of a folder."""

    def __init__(self, folder: Path, room: _Room, new_id: arc.NewId, found: Unpacked) -> None:
        self._folder = folder
        self._room = room
        self._new_id = new_id
        self._found = found
        self._serial = 0

    def file(self, path: Path, form: Form, origin: str) -> None:
        """Unpack a file by its form; `origin` is its name inside the given one."""
        if form is Form.WACZ:
            self._wacz(path)
        elif form is Form.ARC_GZIP:
            plain = self._stream(path, Form.GZIP, origin, "arc")
            self._stream(plain, Form.ARC, origin or path.name, "warc", origin)
            plain.unlink()
        else:
            self._stream(path, form, origin or path.name, "warc", origin)

    def _stream(self, path: Path, form: Form, name: str, suffix: str, origin: str | None = None) -> Path:
        """Write what a file unpacks to into a new one; with an origin, that one is a part."""
        target = self._new(suffix)
        with (
            path.open("rb", buffering=0) as source,
            storage(f"unpack into {target}"),
            target.open("xb") as out,
        ):
            window = Window(source.fileno())
            to = _Bounded(out, self._room)
            try:
                for skipped in _STREAMS[form](window, to, name, self._new_id):
                    self._skip(skipped, origin)
            except _TooMuchError:
                what = f"it unpacks to more than {self._room.most} bytes; the rest is left out"
                self._skip(Skipped(0, window.size, what), origin)
        if origin is not None:
            self._found.files.append(Part(target, Form.WARC, origin))
        return target

    def _skip(self, skipped: Skipped, origin: str | None) -> None:
        what = f"{origin}: {skipped.what}" if origin else skipped.what
        self._found.skipped.append(Skipped(skipped.offset, skipped.end, what, skipped.rule))

    def _new(self, suffix: str) -> Path:
        self._serial += 1
        return self._folder / f"{self._serial:05d}.{suffix}"

    def _wacz(self, path: Path) -> None:
        members, refused = zipped.members(path)
        self._found.skipped += refused
        with path.open("rb", buffering=0) as file:
            window = Window(file.fileno())
            for member in members:
                if member.name.startswith("archive/"):
                    self._archive(path, window, member)
                elif member.name.startswith("pages/") and member.name.endswith(".jsonl"):
                    self._pages(path, window, member)

    def _archive(self, path: Path, window: Window, member: zipped.Member) -> None:
        target = self._copy(path, window, member, "member")
        if target is None:
            return
        try:
            form = form_of(target)
        except DamagedError:
            self._refuse(member, "it holds no record that is known here")
            return
        if form is Form.WACZ:
            self._refuse(member, "it is a WACZ inside a WACZ, which is not read")
        elif in_place(form):
            self._found.files.append(Part(target, form, member.name))
        else:
            self.file(target, form, member.name)
            target.unlink()

    def _pages(self, path: Path, window: Window, member: zipped.Member) -> None:
        if member.info.file_size > _MAX_PAGES:
            self._refuse(member, f"it is longer than {_MAX_PAGES} bytes")
            return
        target = self._copy(path, window, member, "jsonl")
        if target is not None:
            self._found.pages.append(target)

    def _copy(self, path: Path, window: Window, member: zipped.Member, suffix: str) -> Path | None:
        """Copy a member into a file of the folder, what can be read of it; None where that is nothing."""
        target = self._new(suffix)
        with storage(f"unpack into {target}"), target.open("xb") as out:
            to = _Bounded(out, self._room)
            try:
                for piece in zipped.pieces(path, window, member):
                    to(piece)
            except DamagedError as error:
                self._refuse(member, f"it breaks off ({error})")
            except _TooMuchError:
                self._refuse(
                    member, f"more than {self._room.most} bytes come out of the file; the rest is left out"
                )
        return target if target.stat().st_size else None

    def _refuse(self, member: zipped.Member, what: str) -> None:
        place = max(0, member.info.header_offset)
        self._found.skipped.append(Skipped(place, max(place, member.following), f"{member.name}: {what}"))


class _Bounded:
    """Writes what comes out of a file, as long as there is room."""

    def __init__(self, out: BinaryIO, room: _Room) -> None:
        self._out = out
        self._room = room

    def __call__(self, data: bytes) -> None:
        taken = self._room.take(len(data))
        self._out.write(data[:taken])
        if taken < len(data):
            raise _TooMuchError


def _gunzip(window: Window, to: _Bounded, _name: str, _new_id: arc.NewId) -> Iterator[Skipped]:
    return gunzip(window, to)


def _unzstd(window: Window, to: _Bounded, _name: str, _new_id: arc.NewId) -> Iterator[Skipped]:
    return unzstd(window, to)


_STREAMS: dict[Form, Callable[[Window, _Bounded, str, arc.NewId], Iterator[Skipped]]] = {
    Form.GZIP: _gunzip,
    Form.ZSTD: _unzstd,
    Form.ARC: arc.convert,
}
