# SPDX-License-Identifier: EUPL-1.2
"""
What a day changed, as it is sealed: logs/changes.jsonl, and the figures of it in datapackage.json.

    changes        how many addresses of each kind, by their bytes
    changed        how many of them are new, changed, removed or moved
    changed_text   of how many of those a reader sees another text than before, noise left out
    changed_noise  how many changed and have the same text to a reader
    compared       with which days, and by which rules of noise: what it takes to tell all of that again

The text of a page was read when it was crawled, and stands in a record of its own. Two are compared only
where the payload changed, and read only where their digests differ: a day on which nothing changed costs one
merge. Knows nothing of crawls and imports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec.structs import replace

from index.changes import (
    REPORTED,
    Answer,
    Change,
    Kind,
    Recall,
    encode_changes,
    is_there,
    merge,
    nothing_earlier,
    reported,
    tally,
)
from index.errors import DamagedError, NotFoundError
from index.model import Capture
from index.moves import Candidates, Moves
from index.noise import Noise, Rule, Stored
from index.timestamp import local_date

from .collection import Collection
from .durable import write_file
from .past import LOOK_BACK, recall, usable
from .records import open_record
from .snapshot_folder import SnapshotFolder
from .texts import MAX_TEXT, line_of

KEPT_OPEN = 32
"""Indexes of earlier snapshots that are kept open; each takes a file descriptor."""

MOST_READ = 1_000_000_000
"""Characters of text that are compared for one day; what then differs in its digest counts as another."""

logger = structlog.get_logger(__name__)


class Compared(msgspec.Struct, frozen=True):
    """What a day was compared with, and by which rules: `compared` in datapackage.json."""

    snapshots: tuple[str, ...] = msgspec.field(name="with", default=())
    """Newest first: the one before it, and those that were asked what it does not say."""
    rules: tuple[Rule, ...] = ()
    """Rules of noise, each with its name and pattern alone."""


def write_changes(
    collection: Collection,
    folder: SnapshotFolder,
    earlier: Iterable[SnapshotFolder],
    noise: Noise,
    zone: ZoneInfo,
    *,
    failed: bool,
) -> dict[str, Any]:
    """
    Write what a day that is not sealed yet changed, and return what datapackage.json says of it.

    `earlier`: the snapshots before it that did not fail, newest first, taken as far as they are needed. A day
    that failed saw nothing, and so changed nothing.
    """
    if failed:
        write_file(folder.changes_path, ())
        return _Figures().told()
    taken: list[str] = []
    day = _Day.of(folder, _noted(islice(earlier, LOOK_BACK), taken), Texts(collection, noise, zone))
    figures, candidates = _Figures(), Candidates()
    changes = candidates.passing(day.changes()) if day.before else day.changes()  # a first day: nothing moved
    write_file(folder.changes_path, encode_changes(figures.of(changes)))
    moves = day.moves(candidates)
    if moves.to:
        figures = _Figures()
        write_file(folder.changes_path, encode_changes(figures.of(moves.marked(day.changes()))))
    rules = [{"name": rule.name, "pattern": rule.pattern} for rule in noise.rules]
    return figures.told() | {"compared": {"with": taken, "rules": rules}}


def told_anew(collection: Collection, folder: SnapshotFolder) -> Iterator[bytes] | None:
    """
    Return the lines that the changes of a sealed day should have, by the indexes and texts that are there.

    None where that cannot be told: the day was sealed before it kept what it was compared with, or one of
    these days is gone or is not as it was sealed itself. Raises DamagedError, ValidationError.
    """
    kept = folder.package["daykeep"].get("compared")
    if kept is None:
        return None
    compared = msgspec.convert(kept, Compared)
    past = [collection.at(folder.site, name) for name in compared.snapshots[:LOOK_BACK]]
    if not all(map(usable, past)):
        return None
    zone = ZoneInfo(folder.package["daykeep"]["timezone"])
    day = _Day.of(folder, past, Texts(collection, Noise(compared.rules), zone))
    candidates = Candidates()
    for _ in candidates.passing(day.merged()) if day.before else ():
        pass
    moves = day.moves(candidates)
    return encode_changes(moves.marked(day.changes()))


def _noted(folders: Iterable[SnapshotFolder], names: list[str]) -> Iterator[SnapshotFolder]:
    for folder in folders:
        names.append(folder.timestamp)
        yield folder


@dataclass(frozen=True, slots=True)
class _Day:
    """A day and those before it."""

    folder: SnapshotFolder
    before: SnapshotFolder | None
    look: Recall
    texts: DayTexts

    @classmethod
    def of(cls, folder: SnapshotFolder, past: Iterable[SnapshotFolder], texts: Texts) -> _Day:
        """Take up a day; those before it newest first, as far as they are needed."""
        others = iter(past)
        before = next(others, None)
        look = recall(others) if before else nothing_earlier
        return cls(folder, before, look, DayTexts(texts, folder, before))

    def merged(self) -> Iterator[Change]:
        """Yield every address with its change, in bytes alone."""
        return merge(_captures(self.before), self.folder.index.captures(), self.look)

    def changes(self) -> Iterator[Change]:
        """Yield every address with its change, those that count with whether a reader sees another text."""
        self.texts.texts.left = MOST_READ
        for change in self.merged():
            text = self.texts.differ(change) if change.kind in REPORTED else None
            yield change if text is None else replace(change, text=text)

    def moves(self, candidates: Candidates) -> Moves:
        """Return what moved of what may have."""
        self.texts.texts.left = MOST_READ
        return candidates.found(
            lambda: chain(_captures(self.before), self.folder.index.captures()), self.texts.same_at
        )


def _captures(folder: SnapshotFolder | None) -> Iterable[Capture]:
    return folder.index.captures() if folder else ()


@dataclass(slots=True)
class _Figures:
    """Counts changes on their way."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    other_text: int = 0
    noise: int = 0

    def of(self, changes: Iterable[Change]) -> Iterator[Change]:
        for change in tally(changes, self.kinds):
            self.other_text += change.text is True
            self.noise += change.kind is Kind.CHANGED and change.text is False
            yield change

    def told(self) -> dict[str, Any]:
        return {
            "changes": {kind.value: self.kinds[kind] for kind in Kind},
            "changed": reported(self.kinds),
            "changed_text": self.other_text,
            "changed_noise": self.noise,
        }


def has_text(answer: Answer) -> bool:
    """Tell whether a URL shows a text of its own: it is there, and leads nowhere else."""
    return is_there(answer) and answer.content[2] is None


@dataclass(frozen=True, slots=True)
class Text:
    """Where the text of a page lies."""

    path: Path
    offset: int
    name: str
    """Equal for equal texts of one page."""
    seen: str
    """When the page was answered so first."""
    length: int = 0
    """Bytes that its record takes in the file; 0: not known."""


@dataclass(slots=True)
class Texts:
    """Reads and compares texts, as many as one day may cost."""

    collection: Collection
    noise: Noise
    zone: ZoneInfo
    left: int = MOST_READ
    unreadable: bool = False
    """Whether one of them could not be read."""

    def differ(self, old: Text | None, new: Text | None) -> bool | None:
        """
        Tell whether a reader sees another text; None where there is none on either side, or it is unreadable.

            old | new   text                          none
            text        not the same, but for noise   True
            none        True                          None
        """
        if old is None or new is None:
            return None if old is new else True
        if old.name == new.name:
            return False
        if self.left <= 0:
            return True
        before, after = self._read(old), self._read(new)
        if before is None or after is None:
            return None
        self.left -= len(before.text) + len(after.text)
        return not self.noise.same(before, after)

    def _read(self, text: Text) -> Stored | None:
        try:
            with open_record(text.path, text.offset, text.length) as record:
                data = record.block.read(MAX_TEXT)
        except DamagedError as error:
            logger.warning("text-unreadable", path=str(text.path), reason=str(error))
            self.unreadable = True
            return None
        return Stored(data.decode("utf-8", "replace"), local_date(text.seen, self.zone))


@dataclass(frozen=True, slots=True)
class DayTexts:
    """The texts of a day that is not in the history yet, and of what its pages were before."""

    texts: Texts
    today: SnapshotFolder
    before: SnapshotFolder | None
    _homes: dict[str, SnapshotFolder] = field(default_factory=dict)

    def differ(self, change: Change) -> bool | None:
        """Tell whether a reader sees another text of a page than before."""
        was = self._find(change.compared, self._before(change))
        return self.texts.differ(was, self._find(change.after, self.today.timestamp))

    def same_at(self, change: Change, new: Capture) -> bool:
        """Tell whether a reader sees at another URL of today the text that a page had before."""
        was, now = self._find(change.compared, self._before(change)), self._find(new, self.today.timestamp)
        return self.texts.differ(was, now) is False

    def _before(self, change: Change) -> str | None:
        """Return the snapshot that a change is told against."""
        if change.earlier:
            return change.earlier.snapshot
        return self.before.timestamp if self.before else None

    def _find(self, capture: Capture | None, snapshot: str | None) -> Text | None:
        """Return the text of a page as a day had it, None where it has none."""
        if capture is None or snapshot is None or not has_text(capture):
            return None
        seen_by = self._folder(snapshot)
        home = self._folder(capture.original.snapshot) if capture.original else seen_by
        try:
            found = line_of(seen_by, home, capture)
            path = found[0].warc(found[1].filename) if found else None
        except (DamagedError, NotFoundError) as error:
            logger.warning("text-unreadable", url=capture.url, reason=str(error))
            return None
        if found is None or path is None:
            return None
        seen = capture.original.timestamp if capture.original else capture.timestamp
        return Text(path, found[1].offset, found[1].digest, seen, found[1].length)

    def _folder(self, snapshot: str) -> SnapshotFolder:
        for folder in (self.today, self.before):
            if folder is not None and folder.timestamp == snapshot:
                return folder
        if snapshot not in self._homes:
            if len(self._homes) >= KEPT_OPEN:
                self._homes.clear()
            self._homes[snapshot] = self.texts.collection.at(self.today.site, snapshot)
        return self._homes[snapshot]
