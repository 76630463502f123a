# SPDX-License-Identifier: EUPL-1.2
"""
Documents into a whoosh index: what its fields are, and how many processes write one at once.

    id               of the document
    text_nl, …       the stems of its title, three times, and of its text, in the field of its language
    word             the words as they are written, for corrections: each once in what is written together

    documents ─┬─▶ part-0: an index of its own ─┐
               └─▶ part-1: an index of its own ─┴─▶ its segment moved into the folder, one commit for all
    documents of a day ─▶ a segment more; of those before it some become one (merging)

Every word counts, those that search engines are used to leave out too: `to be or not to be` is a row like any
other. Knows nothing of generations or of days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from whoosh import fields, index

from . import merging
from .document import Document
from .errors import DamagedError
from .languages import LANGUAGES, Stem, language_of, stems
from .postings import FORM, Codec, Places
from .segment import TEXT, WORD
from .words import words

MAX_TEXT = 1_000_000
"""Characters of a text that are looked through."""

MAX_WORDS = 100_000
"""Words of a text that are indexed."""

TITLE_WEIGHT = 3
"""How many occurrences in the text one in the title is worth."""

_MAX_TITLE = 100
_MAX_DISTINCT = 1_000_000
_SPELLED = range(3, 33)
"""Letters of a word that a correction may propose."""

_BREAK = "\x00"
"""Stands between title and text, so that no phrase goes from one into the other. No stem is this."""

_MEMORY_MB = 32


def create(folder: Path) -> None:
    """Make an index without documents in a folder that is empty."""
    index.create_in(folder, _schema()).close()


def add(folder: Path, documents: Iterable[tuple[Document, str]]) -> int:
    """Add the documents that are not there yet, each with its text, and return how many that were."""
    with closing(_opened(folder)) as opened, closing(opened.reader()) as reader:
        writer = _writer(opened)
        try:
            added: set[str] = set()
            pen = _Pen()
            for document, text in documents:
                if document.id not in added and ("id", document.id) not in reader:
                    writer.add_document(**pen.fields(document, text))
                    added.add(document.id)
            writer.commit(mergetype=merging.bounded)
        except BaseException:
            _abandon(writer)
            raise
    return len(added)


def write_part(folder: Path, documents: Iterable[tuple[Document, str]]) -> int:
    """Make an index of these documents alone, which `join` takes in; return how many there are."""
    folder.mkdir()
    create(folder)
    return add(folder, documents)


def join(folder: Path, parts: Iterable[Path]) -> int:
    """Take the documents of indexes into the one of a folder, and return how many there are."""
    segments: list[Any] = []
    for part in parts:
        with closing(_opened(part)) as opened:
            segments += opened._segments()  # noqa: SLF001 - the one way to what is handed to a merge
        for path in part.glob("*.seg"):
            path.rename(folder / path.name)
    with closing(_opened(folder)) as opened:
        writer = _writer(opened)
        try:
            writer.commit(mergetype=lambda _, before: [*before, *segments])
        except BaseException:
            _abandon(writer)
            raise
    return sum(segment.doc_count_all() for segment in segments)


def is_crowded(folder: Path) -> bool:
    """Tell whether an index has so many segments that one of them all is better."""
    with closing(_opened(folder)) as opened:
        return len(parts_of(opened)) >= merging.CROWDED


def settle(folder: Path) -> None:
    """Make one segment of all those of an index."""
    with closing(_opened(folder)) as opened:
        writer = _writer(opened)
        try:
            writer.commit(mergetype=merging.everything)
        except BaseException:
            _abandon(writer)
            raise


def known(folder: Path, names: Iterable[str]) -> set[str]:
    """Return which of these documents an index has."""
    with closing(_opened(folder)) as opened, closing(opened.reader()) as reader:
        return {name for name in names if ("id", name) in reader}


def parts_of(opened: Any) -> list[Any]:
    """Return the segments of an index that is open. Raises DamagedError where another version made it."""
    segments = list(opened._segments())  # noqa: SLF001 - opened one by one, those that are open already left so
    forms = {getattr(segment.codec(), "form", None) for segment in segments}
    if set(opened.schema.names()) != set(_schema().names()) or forms - {FORM}:
        raise DamagedError("The search catalogue was made by another version. Run `daykeep rebuild`.")
    return segments


def _opened(folder: Path) -> Any:
    opened = index.open_dir(folder)
    parts_of(opened)
    return opened


def _writer(opened: Any) -> Any:
    return opened.writer(limitmb=_MEMORY_MB, codec=Codec())


def _schema() -> Any:
    texts = {f"{TEXT}{language}": _stems_field() for language in LANGUAGES}
    return fields.Schema(id=fields.ID(unique=True, stored=True), **{WORD: fields.ID()}, **texts)


def _stems_field() -> Any:
    field = fields.TEXT()
    field.format = Places()  # texts arrive as lists of stems; the analyser is never asked
    return field


class _Pen:
    """Writes documents that come together: a word that one of them has need not be written again."""

    def __init__(self) -> None:
        self._stems = stems()
        self._spelled: set[str] = set()

    def fields(self, document: Document, text: str) -> dict[str, Any]:
        language = language_of(document.language)
        stem = self._stems[language]
        title = [*islice(_folded(document.title), _MAX_TITLE)]
        found = [*islice(_folded(text[:MAX_TEXT]), MAX_WORDS)]
        written = {"id": document.id, f"{TEXT}{language}": _weighted(title, found, stem)}
        if new := self._new(title, found):
            written[WORD] = new
        return written

    def _new(self, title: list[str], found: list[str]) -> list[str]:
        if len(self._spelled) > _MAX_DISTINCT:
            return []
        new = {*title, *found} - self._spelled
        self._spelled |= new
        return sorted(word for word in new if len(word) in _SPELLED and not word.isdecimal())


def _folded(text: str) -> Iterator[str]:
    return (word.folded for word in words(text))


def _weighted(title: list[str], found: list[str], stem: Stem) -> list[str]:
    ahead = [*map(stem, title), _BREAK] * TITLE_WEIGHT if title else []
    return [*ahead, *map(stem, found)]


def _abandon(writer: Any) -> None:
    # A failed commit leaves whoosh's writer half closed and its lock held: whatever it then says is of no
    # more use, the folder is deleted with everything in it.
    with suppress(Exception):
        writer.cancel()
    if writer.writelock and writer.writelock.fd is not None:
        writer.writelock.release()
