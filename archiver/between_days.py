# SPDX-License-Identifier: EUPL-1.2
"""
What differs between any two published days of a site, told as for one day and the next.

    lifelines around both days ─▶ kinds ─▶ texts compared ─▶ moves

`day_changes` tells it of a day that is being sealed, and needs no history for it. Knows nothing of who asks.
"""

from __future__ import annotations

from itertools import chain

from index.changes import Change
from index.document import Document
from index.history import History
from index.lifeline import Difference, Interval
from index.model import Capture
from index.moves import Candidates
from index.urlkey import urlkey

from .collection import Collection, SnapshotFolder
from .day_changes import Text, Texts, has_text


def between_days(texts: Texts, history: History, first: SnapshotFolder, last: SnapshotFolder) -> list[Change]:
    """Return what differs between two published days of a site, told as for one day and the next."""
    changes: list[Change] = []
    sides: dict[str, tuple[Text | None, Text | None]] = {}
    for one in history.changes(first.site, first.timestamp, last.timestamp):
        sides[one.url] = _texts_of(texts.collection, history, one)
        before, after = _as_capture(one.before), _as_capture(one.after)
        changes.append(Change(one.kind, one.url, before, after, text=texts.differ(*sides[one.url])))
    candidates = Candidates()
    passed = list(candidates.passing(changes))
    moves = candidates.found(
        lambda: chain(first.index.captures(), last.index.captures()),
        lambda change, new: texts.differ(sides[change.url][0], sides[new.url][1]) is False,
    )
    return list(moves.marked(passed))


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


def _texts_of(collection: Collection, history: History, one: Difference) -> tuple[Text | None, Text | None]:
    names = [side.document_id for side in (one.before, one.after) if side and side.document_id]
    documents = history.documents(names)
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
    return Text(path, document.offset, document.text, document.snapshot)
