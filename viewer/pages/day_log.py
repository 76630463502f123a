# SPDX-License-Identifier: EUPL-1.2
"""
What a sealed day says of itself, a piece at a time: its changes and what it lacks. Knows nothing of pages.

    logs/changes.jsonl   {"kind":"new","url":"https://…","before":null,"after":"sha256:…","status":200}
    logs/ledger.jsonl    as archiver.ledger reads it

Both may have a line for every URL of a large site: they are streamed, and only what is shown is held. An
address that is withheld on that day stands in neither list.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from archiver.ledger import LACKING, Entry, UrlOutcome
from archiver.ledger import read as read_ledger
from archiver.snapshot_folder import SnapshotFolder
from index.changes import Kind
from index.errors import DamagedError
from index.urlkey import urlkey

from ..open_snapshot import OpenSnapshot

T = TypeVar("T")
K = TypeVar("K")

_ENTRY = msgspec.json.Decoder(Entry)
SHOWN = 100
"""Lines of one group on the page of a day, and lines on one page of a full list."""

LEFT_OUT = (UrlOutcome.HTTP_ERROR, UrlOutcome.ROBOTS, UrlOutcome.OUT_OF_SCOPE)
"""Outcomes without a page stored that do not make a day incomplete: nothing there, or not meant to be had."""

MISSING = (*sorted(LACKING), *LEFT_OUT)
"""The outcomes listed as missing, those that make a day incomplete first."""


THERE = tuple(outcome for outcome in UrlOutcome if outcome not in MISSING)
"""The outcomes of what a day has."""


class ChangedUrl(msgspec.Struct, frozen=True):
    """One line of the changes."""

    kind: Kind
    url: str
    status: int | None = None
    since: str | None = None
    """The snapshot it was compared with, where that is not the one before."""
    text: bool | None = None
    """Whether a reader sees another text."""
    to: str | None = None
    """Where it moved."""
    origin: str | None = msgspec.field(name="from", default=None)
    """Where it was before it moved."""


_CHANGE = msgspec.json.Decoder(ChangedUrl)
L = TypeVar("L", Entry, ChangedUrl)


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """Some lines of one kind, and how many there are in all."""

    lines: list[T]
    total: int


def changes(snapshot: OpenSnapshot) -> Iterator[ChangedUrl]:
    """Yield what changed against the snapshot before. Raises DamagedError."""
    return shown(_changes(snapshot.folder), snapshot)


def shown(lines: Iterable[ChangedUrl], snapshot: OpenSnapshot) -> Iterator[ChangedUrl]:
    """Yield changes without the addresses that a snapshot withholds, also as those that others moved from."""
    for line in lines:
        if snapshot.withheld(line.url) is None:
            yield _told(line, snapshot)


def _told(line: ChangedUrl, snapshot: OpenSnapshot) -> ChangedUrl:
    if line.origin and snapshot.withheld(line.origin):
        return replace(line, origin=None)
    if line.to and snapshot.withheld(line.to):
        return replace(line, kind=Kind.REMOVED, to=None)
    return line


def _changes(folder: SnapshotFolder) -> Iterator[ChangedUrl]:
    decoder = msgspec.json.Decoder(ChangedUrl)
    try:
        with folder.changes_path.open("rb") as file:
            for line in file:
                yield decoder.decode(line)
    except (OSError, msgspec.DecodeError) as error:
        raise DamagedError(
            f"{folder.changes_path} cannot be read ({error}). Run `daykeep verify`."
        ) from error


def changes_by_kind(snapshot: OpenSnapshot) -> dict[Kind, Group[ChangedUrl]]:
    """Return the first changes of each kind, in the order of `Kind`."""
    found = _grouped(((change.kind, change) for change in changes(snapshot)), SHOWN)
    return {kind: found[kind] for kind in Kind if kind in found}


def missing(snapshot: OpenSnapshot) -> Iterator[Entry]:
    """Yield every known URL that has no whole answer stored. Raises DamagedError."""
    lacking = (one for one in read_ledger(snapshot.folder.ledger_path, but=THERE) if one.outcome in MISSING)
    return (entry for entry in lacking if snapshot.withheld(entry.url) is None)


def missing_by_outcome(snapshot: OpenSnapshot) -> dict[UrlOutcome, Group[Entry]]:
    """Return the first missing URLs of each outcome, in the order of MISSING."""
    found = _grouped(((entry.outcome, entry) for entry in missing(snapshot)), SHOWN)
    return {outcome: found[outcome] for outcome in MISSING if outcome in found}


def part(lines: Iterable[T], number: int) -> Group[T]:
    """Return one page of lines (the first is 1) and how many there are in all."""
    iterator = iter(lines)
    skipped = sum(1 for _ in islice(iterator, (number - 1) * SHOWN))
    shown = list(islice(iterator, SHOWN))
    return Group(shown, skipped + len(shown) + sum(1 for _ in iterator))


def outcome_of(folder: SnapshotFolder, *urls: str) -> Entry | None:
    """Return what the ledger says of the first of these URLs that it knows. Raises DamagedError."""
    entries = entries_of(folder, urls)
    return next((entries[url] for url in urls if url in entries), None)


def entries_of(folder: SnapshotFolder, urls: Iterable[str]) -> dict[str, Entry]:
    """Return what the ledger says of each of these URLs that it knows. Raises DamagedError."""
    return _looked_up(folder.ledger_path, _ENTRY, urls)


def change_of(snapshot: OpenSnapshot, url: str) -> ChangedUrl | None:
    """Return what a day says became of a URL, None where it was unchanged. Raises DamagedError."""
    found = _looked_up(snapshot.folder.changes_path, _CHANGE, (url,)).get(url)
    return next(shown([found], snapshot), None) if found else None


def _looked_up(path: Path, decoder: msgspec.json.Decoder[L], urls: Iterable[str]) -> dict[str, L]:
    try:
        with path.open("rb") as file, _mapped(file.fileno()) as data:
            found = ((url, _line(data, decoder, url)) for url in dict.fromkeys(urls))
            return {url: line for url, line in found if line}
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(f"{path} cannot be read ({error}). Run `daykeep verify`.") from error


@contextmanager
def _mapped(descriptor: int) -> Iterator[bytes | mmap.mmap]:
    try:
        mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError:  # an empty file cannot be mapped
        yield b""
        return
    with mapped:
        yield mapped


def _line(data: bytes | mmap.mmap, decoder: msgspec.json.Decoder[L], url: str) -> L | None:
    """Return the line of a URL; ledger and changes stand in the order of the URLs' keys, then of the URLs."""
    wanted, low, high = (urlkey(url), url), 0, len(data)
    while low < high:
        start = data.rfind(b"\n", 0, (low + high) // 2) + 1
        end = (data.find(b"\n", start) + 1) or len(data)
        entry = decoder.decode(data[start:end])
        place = (urlkey(entry.url), entry.url)
        if place == wanted:
            return entry
        if place < wanted:
            low = end
        else:
            high = start
    return None


def _grouped(lines: Iterable[tuple[K, T]], limit: int) -> Mapping[K, Group[T]]:
    first: dict[K, list[T]] = {}
    totals: Counter[K] = Counter()
    for key, line in lines:
        totals[key] += 1
        if totals[key] <= limit:
            first.setdefault(key, []).append(line)
    return {key: Group(kept, totals[key]) for key, kept in first.items()}
