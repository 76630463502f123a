# SPDX-License-Identifier: EUPL-1.2
r"""
What a WACZ holds: its WARCs and its lists of pages, read member by member, never by path. Knows no records.

    "PK\3\4" header name extra data …   archive/*.warc.gz, pages/*.jsonl, …   directory   "PK\5\6" end

A zip can say anything: names that lead elsewhere, links, members that lie over each other, a directory
without end, data that unpacks for ever. Such a member is refused by name and the others are read.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.errors import DamagedError

from .seen import Skipped
from .window import Window

MAX_MEMBERS = 20_000
_MAX_DIRECTORY = 1 << 26
"""Bytes of a directory that is read: it is held in memory."""
_END = b"PK\5\6"
_END_64 = b"PK\6\6"
_LOCATOR_64 = b"PK\6\7"
_LOCAL = b"PK\3\4"
_PIECE = 1 << 18
_MOVED = 1 << 20
"""Bytes before its place in which a header is looked for."""
_ENCRYPTED = 1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


@dataclass(frozen=True, slots=True)
class Member:
    """A member that may be read."""

    info: zipfile.ZipInfo
    following: int
    """Where in the file the next header or the directory begins."""

    @property
    def name(self) -> str:
        """As it stands in the zip."""
        return self.info.filename


def is_wacz(path: Path) -> bool:
    """Tell whether a file is a zip with an archive folder, by the directory at its end."""
    try:
        return any(name.startswith("archive/") for name in _directory(path))
    except (DamagedError, zipfile.BadZipFile, ValueError, NotImplementedError, io.UnsupportedOperation):
        return False


def _directory(path: Path) -> list[str]:
    with path.open("rb") as file:
        _check_size(Window(file.fileno()), path)
    with zipfile.ZipFile(path) as opened:
        return opened.namelist()


def _check_size(window: Window, path: Path) -> None:
    """Refuse a directory that is too large to be held, before it is."""
    last = bytes(window.view(max(0, window.size - 65557), 65557))
    at = last.rfind(_END)
    if at < 0:
        raise DamagedError(f"{path} has no zip directory at its end.")
    entries, size = (
        int.from_bytes(last[at + 10 : at + 12], "little"),
        int.from_bytes(last[at + 12 : at + 16], "little"),
    )
    locator = last[at - 20 : at] if at >= 20 else b""
    if locator.startswith(_LOCATOR_64):
        record = bytes(window.view(int.from_bytes(locator[8:16], "little"), 56))
        if record.startswith(_END_64):
            entries, size = int.from_bytes(record[32:40], "little"), int.from_bytes(record[40:48], "little")
    if entries > MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise DamagedError(
            f"{path} says that it has {entries} members; more than {MAX_MEMBERS} are not read."
        )


def members(path: Path) -> tuple[list[Member], list[Skipped]]:
    """
    Return the members of a WACZ that may be read, and those that are refused.

    Raises DamagedError where its directory cannot be read, or has too many members.
    """
    try:
        with path.open("rb") as file:
            window = Window(file.fileno())
            _check_size(window, path)
            with zipfile.ZipFile(path) as opened:
                infos, directory = opened.infolist(), opened.start_dir
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DamagedError(f"{path} has a zip directory that cannot be read: {error}.") from error
    ordered = sorted(infos, key=lambda info: info.header_offset)
    limits = [info.header_offset for info in ordered[1:]] + [directory]
    taken, refused = [], []
    for info, following in zip(ordered, limits, strict=True):
        if info.is_dir():
            continue
        what = _fault(info, following)
        if what:
            start = max(0, info.header_offset)
            refused.append(Skipped(start, max(start, following), what))
        else:
            taken.append(Member(info, following))
    return taken, refused


def _shown(name: str) -> str:
    return repr(name[:200])


def _fault(info: zipfile.ZipInfo, following: int) -> str:
    """Return why a member is not read; empty where it may be."""
    name = info.filename
    path = PurePosixPath(name)
    mode = info.external_attr >> 16
    length = 30 + len(name.encode()) + info.compress_size
    faults = {
        "its name leads out of the zip": path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or ":" in name,
        "it is a link": stat.S_ISLNK(mode),
        "it is encrypted": bool(info.flag_bits & _ENCRYPTED),
        f"it is compressed by method {info.compress_type}": info.compress_type not in _METHODS,
        "it lies over another member": info.header_offset + length > following,
        "it lies before the beginning of the file": following <= 0,
    }
    what = next((what for what, so in faults.items() if so), "")
    return f"{_shown(name)}: {what}" if what else ""


def pieces(path: Path, window: Window, member: Member) -> Iterator[bytes]:
    """
    Yield a member's bytes. Raises DamagedError where they cannot be read, after those that could.

    A stored one, as every WARC in a WACZ is, is read as it lies there, whatever its checksum says: its
    records have digests of their own. Where its header is broken too, all up to the next header is given.
    """
    if member.info.compress_type == zipfile.ZIP_STORED:
        yield from window.pieces(*_extent(window, member))
        return
    try:
        with zipfile.ZipFile(path) as opened, opened.open(member.info) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise DamagedError(f"{_shown(member.name)}: {error}") from error


def _extent(window: Window, member: Member) -> tuple[int, int]:
    offset = _header(window, member)
    header = bytes(window.view(offset, 30))
    name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    end = offset + 30 + name + extra + member.info.compress_size
    if header.startswith(_LOCAL) and end <= member.following:
        moved = offset != member.info.header_offset
        return end - member.info.compress_size, member.following if moved else end
    return offset, member.following


def _header(window: Window, member: Member) -> int:
    """Return where a member's header stands: bytes that came into the file or went move it from its place."""
    said = max(0, member.info.header_offset)
    if window.view(said, 4) == _LOCAL:
        return said
    pattern = re.compile(re.escape(_LOCAL) + b".{26}" + re.escape(member.name.encode()), re.DOTALL)
    places = window.find_all(pattern, max(0, said - _MOVED), 30 + len(member.name.encode()))
    found = next(places, said)
    return found if found < member.following else said
