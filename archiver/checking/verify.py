# SPDX-License-Identifier: EUPL-1.2
"""
Read a snapshot back and say everything that is not as it should be. Changes nothing and never stops early.

    package   every file has the size and SHA-256 that datapackage.json says, and no file is left over
    records   every record ends where it says, and its digests are right
    segments  a record in several has all of them, each once, and the payload digest of the whole is right
    index     sorted; every line points at the record it describes; every record that should has a line
    revisits  what each refers to is there, is the response of that URL, and has the same payload
    lists     ledger, texts, pages, changes and counts agree with the index, and with what was sealed

Runs before a snapshot is sealed (records, index, revisits, ledger and texts) and whenever an operator asks. A
WARC is checked in parts that begin and end where the index says a record does, so that several processes can
share one. Files of other tools that were imported are sealed as they came: the faults that logs/import.jsonl
tells of them are known.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from index.cdxj import ASKED_OTHERWISE, Index, parse_line, place_of
from index.errors import DamagedError, NotFoundError

from ..collection import Find
from ..importing.as_they_came import LOG, Known, Rules, learn
from ..importing.survey import OWN_RULES, PROBLEMS
from ..package import hash_file
from ..snapshot_folder import SnapshotFolder
from .list_check import (
    CHANGES,
    LEDGER,
    PAGES,
    check_changes,
    check_counts,
    check_ledger,
    check_other_methods,
    check_pages,
    check_texts,
)
from .package_check import check_package
from .places import Places
from .problem import Kind, Problem, told
from .record_check import INDEX, Desk, Part, check_part

__all__ = ["Kind", "Problem", "check_contents", "check_package", "hash_file", "verify"]

PART = 32 << 20
"""Bytes of a WARC that are checked as one part, a record more or less."""
_RULES = Rules(PROBLEMS, frozenset({*OWN_RULES, "not-get"}))
"""Rules that a log of an import may tell; days sealed before answers to POST had lines tell `not-get`."""
_URL = re.compile(rb'[^ ]* \d{14} \{"url":"([^"\\]*)"', re.ASCII)
_TEXT = "urn:text:"
_BATCH = 1000
_FAR = 1 << 62


def verify(folder: SnapshotFolder, find: Find) -> Iterator[Problem]:
    """
    Yield every problem of a sealed snapshot; none means that it is whole. Raises nothing.

    Reads the records in other snapshots, too, that its revisits refer to.
    """
    yield from check_package(folder)
    yield from check_contents(folder, find, deep=True)
    yield from check_sealed_lists(folder)


def check_contents(folder: SnapshotFolder, find: Find, *, deep: bool = False) -> Iterator[Problem]:
    """
    Yield every problem of records, index and ledger, of a snapshot sealed or about to be.

    Of a record that a revisit refers to, the line in its own snapshot is believed (what is sealed has been
    read back), unless `deep`.
    """
    with contextlib.closing(Day(folder, deep=deep)) as day:
        yield from day.read_index()
        yield from told(folder.timestamp, "archive", _check_parts(day, find))
        yield from day.check_lists()


def _check_parts(day: Day, find: Find) -> Iterator[Problem]:
    with contextlib.closing(Desk(day.folder, find, day.known)) as desk:
        for part in day.parts():
            yield from told(day.folder.timestamp, part.file, check_part(desk, part))


def check_contents_lists(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield the problems of index, ledger and texts by themselves, without a look at any record."""
    with contextlib.closing(Day(folder, deep=False)) as day:
        yield from day.read_index()
        yield from day.check_lists()


def check_sealed_lists(folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield what in pages, changes and counts is not as the index has it or as it was sealed."""
    yield from told(folder.timestamp, LEDGER, check_counts(folder))
    try:
        index = Index(folder.index_path)
    except (NotFoundError, OSError):
        return  # told where the index is read
    with index:
        yield from told(folder.timestamp, PAGES, check_pages(folder, index))
        yield from told(folder.timestamp, CHANGES, check_changes(folder, index))
        yield from told(folder.timestamp, INDEX, check_other_methods(folder, index))


def learn_known(folder: SnapshotFolder) -> Known:
    """Return what an imported snapshot says of its own faults. Raises DamagedError."""
    log = folder.path / LOG
    try:
        stat = log.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Known()  # nothing was imported
    return _learned(log, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1)
def _learned(log: Path, _changed: int, _size: int) -> Known:
    """Return what a log says, read once by a process for all parts of a day that it is given."""
    return learn(log, _RULES)


@dataclass(slots=True)
class Day:
    """A snapshot while its contents are checked. Close it."""

    folder: SnapshotFolder
    deep: bool
    known: Known = field(default_factory=Known)
    places: Places = field(default_factory=Places)
    index: Index | None = None

    def close(self) -> None:
        """Let go of files."""
        self.places.close()
        if self.index is not None:
            self.index.close()

    def read_index(self) -> Iterator[Problem]:
        """Take up where the index says that records begin, and yield what is wrong with its lines."""
        yield from told(self.folder.timestamp, LOG, self._learn())
        yield from told(self.folder.timestamp, INDEX, self._read_index())
        self.places.ready()

    def check_lists(self) -> Iterator[Problem]:
        """Yield what in ledger and texts is not as the index has it, which was read before."""
        if self.index is None:
            return
        places, name = self.places, self.folder.timestamp
        yield from told(name, LEDGER, check_ledger(self.folder, places, self.index))
        texts = check_texts(self.folder, places, self.index, imported=(self.folder.path / LOG).exists())
        yield from told(name, INDEX, texts)

    def parts(self) -> Iterator[Part]:
        """Yield the parts of all WARCs, and of those that are gone their lines. Raises DamagedError."""
        there = self.folder.warcs
        for path in there:
            yield from self._parts(path.name, path.stat().st_size)
        for name in set(self.places.files()) - {path.name for path in there}:
            start = self.places.next_place(name, 0)
            while start is not None:
                yield self._part(name, start, start, start + PART)
                start = self.places.next_place(name, start + PART)
            yield self._part(name, 0, 0, 0)

    def _parts(self, name: str, size: int) -> Iterator[Part]:
        start = 0
        while start < size:
            stop = self.places.next_place(name, start + PART)
            last = stop is None or stop >= size
            stop = size if stop is None or last else stop
            yield self._part(name, start, stop, _FAR if last else stop)
            start = stop

    def _part(self, name: str, start: int, stop: int, before: int) -> Part:
        """Return a part, with the lines of what should begin in it or before another offset."""
        places = self.places.within(name, start, before)
        segments = self.places.segments_within(name, start, before or _FAR)
        imported = name in self.known.files
        return Part(self.folder, name, start, stop, places, segments, imported, self.deep)

    def _learn(self) -> Iterator[Problem]:
        self.known = learn_known(self.folder)
        yield from ()

    def _read_index(self) -> Iterator[Problem]:
        self.index = Index(self.folder.index_path)
        reader = _IndexReader(self)
        lines = self.index.lines()
        while batch := list(islice(lines, _BATCH)):
            yield from reader.take(batch)
        if not reader.sorted:
            what = "its lines are not in order"
            yield Problem(Kind.INDEX_ORDER, self.folder.timestamp, INDEX, None, what)


class _IndexReader:
    """The lines of an index, so many at once, into `Places`."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._last = b""
        self._position = 0
        self._number = 0
        self.sorted = True

    def take(self, lines: list[bytes]) -> Iterator[Problem]:
        """Take up lines, and yield what is wrong with them."""
        places: list[tuple[str, int, int]] = []
        segments: list[tuple[str, int, int]] = []
        urls: list[str] = []
        for line in lines:
            self._number += 1
            self.sorted, self._last = self.sorted and self._last <= line, line
            try:
                places.append((*place_of(line), self._position))
                if b'"segments":"' in line:
                    segments += [(one.filename, one.offset, one.length) for one in parse_line(line).segments]
                if ASKED_OTHERWISE not in line:  # the ledger is of what addresses show
                    urls.append(_url_of(line))
            except DamagedError as error:
                what = f"line {self._number}: {error}"
                yield Problem(Kind.INDEX_LINE, self._day.folder.timestamp, INDEX, None, what)
            self._position += len(line)
        self._day.places.add_lines(places)
        self._day.places.add_segments(segments)
        self._day.places.add_urls(hash(url) for url in urls if not url.startswith("urn:"))
        self._day.places.add_texts(hash(url.removeprefix(_TEXT)) for url in urls if url.startswith(_TEXT))


def _url_of(line: bytes) -> str:
    """Return the address of a line, without reading all of it where it is written as we write it."""
    if found := _URL.match(line):
        return found[1].decode("ascii", "replace")
    return parse_line(line).url
