# SPDX-License-Identifier: EUPL-1.2
"""
From sealed snapshots to the catalogue: history and search. `rebuild` is `publish` in a loop.

    1. one merge of the two indexes: what is new, changed, removed
    2. the texts of changed pages go into a new generation of the search index
    3. one transaction of the history makes all of it count, generation included

A crash before 3 leaves documents that nothing refers to; publishing again finds them there and goes on.
Knows nothing of crawling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from index.catalogue import Catalogue
from index.changes import Change, merge
from index.document import Document, document_id
from index.history import History
from index.model import Capture, Outcome

from .collection import Collection, SnapshotFolder
from .pages import read_pages
from .warc import open_record

MAX_TEXT = 4 << 20
"""Bytes of a text record that are indexed."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where publishing writes: all of it derived, all of it below catalogue/."""

    history: History
    catalogue: Catalogue


def publish(collection: Collection, shelves: Shelves, folder: SnapshotFolder) -> None:
    """
    Make a sealed snapshot part of the catalogue; nothing happens where it is already.

    A failed snapshot becomes a row of its own and changes no lifeline: it saw nothing, which is not the
    same as seeing that pages are gone. Raises ArchiveError where a newer one of the site is there already.
    """
    with collection.publishing():
        history = shelves.history
        if history.snapshot(folder.site, folder.timestamp) is not None:
            return
        if folder.summary.outcome is Outcome.FAILED:
            history.publish(folder.summary, (), {}, previous=None, generation=None)
            return
        before = previous_good(collection, folder.site, folder.timestamp)
        documents = {document.url: document for document in _documents(folder, _changes(before, folder))}
        generation = history.generation()
        if documents:
            texts = _texts(folder, documents)
            generation = shelves.catalogue.publish(generation, texts)
        previous = before.timestamp if before else None
        history.publish(
            folder.summary, _changes(before, folder), documents, previous=previous, generation=generation
        )
        shelves.catalogue.collect({generation} if generation else set())


def rebuild(collection: Collection, shelves: Shelves, report: Callable[[SnapshotFolder, int, int], None]) -> int:
    """Publish every sealed snapshot that is not published yet, oldest first, and return how many there were."""
    todo = [
        folder
        for site in collection.sites()
        for folder in collection.snapshots(site)
        if shelves.history.snapshot(site, folder.timestamp) is None
    ]
    for number, folder in enumerate(todo, 1):
        report(folder, number, len(todo))
        publish(collection, shelves, folder)
    return len(todo)


def previous_good(collection: Collection, site: str, timestamp: str) -> SnapshotFolder | None:
    """Return the newest sealed snapshot before a timestamp that did not fail."""
    for name in reversed(collection.timestamps(site)):
        folder = collection.at(site, name)
        if name < timestamp and folder.summary.outcome is not Outcome.FAILED:
            return folder
    return None


def _changes(before: SnapshotFolder | None, folder: SnapshotFolder) -> Iterator[Change]:
    return merge(before.index.captures() if before else (), folder.index.captures())


def _documents(folder: SnapshotFolder, changes: Iterator[Change]) -> Iterator[Document]:
    """Yield the document of every page whose payload is new in this snapshot."""
    pages = {page.url: page for page in read_pages(folder.pages_path)}
    for change in changes:
        page = pages.get(change.url)
        if change.same or change.after is None or page is None:
            continue
        text = _text_of(folder, change.after)
        if text is not None:
            yield Document(
                document_id(folder.site, change.url, text.digest),
                folder.site,
                change.url,
                page.title,
                page.language,
                folder.timestamp,
                text.filename,
                text.offset,
                text.length,
            )


def _text_of(folder: SnapshotFolder, capture: Capture) -> Capture | None:
    return folder.index.find(f"urn:text:{capture.url}")


def _texts(folder: SnapshotFolder, documents: dict[str, Document]) -> Iterator[tuple[Document, str]]:
    for document in documents.values():
        with open_record(folder.warc(document.filename), document.offset) as record:
            yield document, record.block.read(MAX_TEXT).decode("utf-8", "replace")
