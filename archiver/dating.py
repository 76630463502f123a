# SPDX-License-Identifier: EUPL-1.2
"""
From when to when a passage stood on a page: the text of each of its versions is read, once.

A page may have had thousands of texts, each as large as a text may be: who asks says how many characters may
be read for one answer; looking for a text, however short, counts as LEAST of them. Knows nothing of
commands or of the viewer's pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import structlog

from index.document import Document
from index.errors import DamagedError, NotFoundError
from index.history import History
from index.lifeline import Interval
from index.model import Outcome, Snapshot
from index.passage import Dated, fold, spans_of, standing_of

from .collection import Collection
from .texts import text_of

MAX_PASSAGE = 1000
"""Characters of a passage that is looked for."""

LEAST = 4096
"""Characters of text that take as long to read as finding the record that has them."""

logger = structlog.get_logger(__name__)


def date_passage(
    collection: Collection,
    history: History,
    lifeline: list[Interval],
    passage: str,
    *,
    most: int | None = None,
    snapshots: Callable[[str], Iterable[Snapshot]] | None = None,
) -> list[Dated]:
    """
    Return for each site of a URL's lifeline on which days the passage stood there; newest texts first read.

    `snapshots` tells those of a site, oldest first, for who knows them; else the history is asked.

    White space and case do not matter. At most about `most` characters are read, in at most `most` / LEAST
    texts; what then has not been looked at is not known. Raises ValueError for a passage
    without a word, or longer than MAX_PASSAGE.
    """
    wanted = fold(passage) if len(passage) <= MAX_PASSAGE else ""
    if not wanted:
        message = f"A passage is one to {MAX_PASSAGE} characters."
        raise ValueError(message)
    texts = _Texts(collection, history, wanted, most)
    taken = snapshots or history.snapshots
    return [
        _dated(site, lifeline, taken(site), texts) for site in dict.fromkeys(one.site for one in lifeline)
    ]


def _dated(site: str, lifeline: Iterable[Interval], snapshots: Iterable[Snapshot], texts: _Texts) -> Dated:
    intervals = [one for one in lifeline if one.site == site]
    complete = texts.read(one.document_id for one in reversed(intervals) if one.document_id)
    good = [one for one in snapshots if one.outcome is not Outcome.FAILED]
    found = spans_of(intervals, good, lambda one: standing_of(one, texts.holding.get))
    return Dated(site, intervals[0].url, found, complete)


class _Texts:
    """Which of the texts of a page have a passage."""

    def __init__(self, collection: Collection, history: History, wanted: str, most: int | None) -> None:
        self._collection = collection
        self._history = history
        self._wanted = wanted
        self._left = most
        self.holding: dict[str, bool] = {}
        """By document; one that could not be read is not here."""

    def read(self, names: Iterable[str]) -> bool:
        """Look at documents, each once, as far as may be read; return whether that was all."""
        for document in self._documents(dict.fromkeys(names)):
            if self._left is not None and self._left <= 0:
                return False
            text = self._text(document)
            if text is not None:
                self.holding[document.id] = self._wanted in fold(text)
        return True

    def _documents(self, names: Iterable[str]) -> Iterator[Document]:
        wanted = [name for name in names if name not in self.holding]
        found = self._history.documents(wanted)
        return (found[name] for name in wanted if name in found)

    def _text(self, document: Document) -> str | None:
        try:
            text = text_of(self._collection, document)
        except (DamagedError, NotFoundError) as error:
            logger.warning("text-unreadable", url=document.url, reason=str(error))
            text = None
        if self._left is not None:
            self._left -= max(len(text or ""), LEAST)
        return text
