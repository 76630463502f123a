# SPDX-License-Identifier: EUPL-1.2
"""
What differs between any two published days of a site, told as for one day and the next.

    lifelines around both days ─▶ kinds ─▶ texts compared ─▶ moves

`day_changes` tells it of a day that is being sealed, and needs no history for it. Knows nothing of who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from index.changes import Change
from index.document import Document
from index.history import History
from index.lifeline import Difference, Interval
from index.model import Capture
from index.moves import Candidates
from index.urlkey import urlkey

from .collection import Collection
from .day_changes import Text, Texts, has_text
from .snapshot_folder import SnapshotFolder

BATCH = 500
"""Differences of which the documents are asked for at once."""
_Sides = tuple[Text | None, Text | None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What telling the differences of two days may cost; None: whatever it takes."""

    urls: int | None = None
    """Addresses that differ."""
    texts: int | None = None
    """Pairs of texts that are read."""
    known: int | None = None
    """Captures of both days among which is looked for what moved."""


@dataclass(frozen=True, slots=True)
class Told:
    """What differs between two days, and what was left out because it would have cost too much."""

    changes: list[Change]
    cut: bool = False
    """Whether more addresses differ."""
    unread: bool = False
    """Whether texts were taken for other ones by their digests alone, noise and all."""
    unmoved: bool = False
    """Whether it was not looked for what moved."""


def between_days(texts: Texts, history: History, first: SnapshotFolder, last: SnapshotFolder) -> list[Change]:
    """Return what differs between two published days of a site, told as for one day and the next."""
    return told_between(texts, history, first, last, Bounds()).changes


def told_between(
    texts: Texts, history: History, first: SnapshotFolder, last: SnapshotFolder, bounds: Bounds
) -> Told:
    """Return what differs between two published days of a site, as far as it may cost."""
    found, cut = history.first_changes(first.site, first.timestamp, last.timestamp, bounds.urls)
    changes, sides, unread = _changes(texts, history, found, bounds.texts)
    if cut or (bounds.known is not None and _known(first) + _known(last) > bounds.known):
        return Told(changes, cut, unread, unmoved=True)
    candidates = Candidates()
    passed = list(candidates.passing(changes))
    moves = candidates.found(
        lambda: chain(first.index.captures(), last.index.captures()),
        lambda change, new: texts.differ(sides[change.url][0], sides[new.url][1]) is False,
    )
    return Told(list(moves.marked(passed)), cut, unread)


def _changes(
    texts: Texts, history: History, found: Sequence[Difference], most: int | None
) -> tuple[list[Change], dict[str, _Sides], bool]:
    """Return differences as changes, the texts of both sides of each, and whether some were not read."""
    changes: list[Change] = []
    sides: dict[str, _Sides] = {}
    read = 0
    for one, documents in _with_documents(history, found):
        was, now = sides[one.url] = _texts_of(texts.collection, documents, one)
        read += was is not None and now is not None and was.name != now.name
        if most is not None and read > most:
            texts.left = 0
        before, after = _as_capture(one.before), _as_capture(one.after)
        changes.append(Change(one.kind, one.url, before, after, text=texts.differ(was, now)))
    return changes, sides, most is not None and read > most


def _with_documents(
    history: History, found: Sequence[Difference]
) -> Iterator[tuple[Difference, dict[str, Document]]]:
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        names = {side.document_id for one in batch for side in (one.before, one.after) if side}
        documents = history.documents(name for name in names if name)
        yield from ((one, documents) for one in batch)


def _known(folder: SnapshotFolder) -> int:
    return folder.summary.known


def _as_capture(side: Interval | None) -> Capture | None:
    """Return what a lifeline knows of an answer, as a capture without a record."""
    if side is None:
        return None
    return Capture(
        urlkey=urlkey(side.url),
        timestamp=side.first,
        url=side.url,
        mime=side.mime,
        status=side.status,
        digest=side.digest,
        filename="",
        offset=0,
        length=0,
        redirect=side.redirect,
        truncated=side.truncated,
    )


def _texts_of(collection: Collection, documents: dict[str, Document], one: Difference) -> _Sides:
    before, after = (_document_of(side, documents) for side in (one.before, one.after))
    return (
        _text(collection, before) if before else None,
        _text(collection, after) if after else None,
    )


def _document_of(side: Interval | None, documents: dict[str, Document]) -> Document | None:
    return documents.get(side.document_id or "") if side and has_text(side) else None


def _text(collection: Collection, document: Document) -> Text:
    """Return the text that the history names."""
    path = collection.at(document.site, document.snapshot).warc(document.filename)
    return Text(path, document.offset, document.text, document.snapshot, document.length)
