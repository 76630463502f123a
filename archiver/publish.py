# SPDX-License-Identifier: EUPL-1.2
"""
From sealed snapshots to the catalogue: history and search.

    1. one merge of the two indexes: what is new, changed, removed
    2. the texts of changed pages go into a new generation of the search index
    3. one transaction of the history makes all of it count, generation included

A day that lies before others that are published, as after an import, takes its place by the same steps for
all snapshots of its site, with one transaction for them all: readers see the old state or the new one. A
crash before 3 leaves documents that nothing refers to; publishing again finds them there and goes on.
Knows nothing of crawling.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from sys import intern

import structlog

from index.catalogue import Catalogue, Part
from index.changes import Change, merge
from index.document import Document, document_id
from index.errors import ArchiveError, BusyError, DamagedError, NotFoundError, StorageError
from index.history import History
from index.model import Capture, Outcome
from index.publication import Publication

from .collection import Collection
from .merged_ahead import changes_of
from .pages import read_pages
from .search_part import index_part
from .snapshot_folder import SnapshotFolder
from .texts import line_of, placed, texts
from .workers import Workers

MANY = 500
"""Documents from which on each core writes a part: starting a process takes as long as indexing fifty."""

MAX_PARTS = 8
"""Each part is a segment, and every search asks all segments."""

Differing = Callable[[SnapshotFolder | None, SnapshotFolder], Iterator[Change]]
"""Returns what a day changed against another; what is the same may be left out."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where publishing writes: all of it derived, all of it below catalogue/."""

    history: History
    catalogue: Catalogue


def publish(
    collection: Collection, shelves: Shelves, folder: SnapshotFolder, differing: Differing = changes_of
) -> None:
    """
    Make a sealed snapshot part of the catalogue; nothing happens where it is already.

    A failed snapshot becomes a row of its own and changes no lifeline: it saw nothing, which is not the
    same as seeing that pages are gone. Where newer ones of the site are there already, as after an import of
    earlier days, all of the site is published anew, in order. `differing` is asked twice for what it changed.
    """
    with collection.publishing():
        _publish(collection, shelves, folder, differing)


def publish_site(collection: Collection, shelves: Shelves, site: str) -> None:
    """Publish every sealed snapshot of a site that is not published yet, oldest first."""
    for folder in unpublished(collection, shelves, [site]):
        publish(collection, shelves, folder)


def publish_waiting(
    collection: Collection,
    shelves: Shelves,
    problem: Callable[[SnapshotFolder, ArchiveError], None] | None = None,
) -> int:
    """
    Publish every sealed snapshot that is not published yet, oldest first, and return how many there were.

    One that cannot be published is told to `problem` and passed over, so that one damaged day does not hide
    the others; without `problem` its error is raised.
    """
    todo = unpublished(collection, shelves, collection.sites())
    if todo:
        forget_where_search_is_gone(collection, shelves)
        todo = unpublished(collection, shelves, collection.sites())
    done = 0
    for folder in todo:
        try:
            publish(collection, shelves, folder)
            done += 1
        except (BusyError, StorageError):
            raise
        except ArchiveError as error:
            if problem is None:
                raise
            problem(folder, error)
    return done


def unpublished(collection: Collection, shelves: Shelves, sites: Iterable[str]) -> list[SnapshotFolder]:
    """Return the sealed snapshots that the catalogue does not know, by site, oldest first."""
    return [
        folder
        for site in sites
        for folder in collection.snapshots(site)
        if shelves.history.snapshot(site, folder.timestamp) is None
    ]


def forget_where_search_is_gone(collection: Collection, shelves: Shelves) -> None:
    """Empty the history where the generation of the search index that belongs to it cannot be read."""
    with collection.publishing():
        generation = shelves.history.generation()
        try:
            if generation is not None:
                shelves.catalogue.check(generation)
        except (NotFoundError, DamagedError) as error:
            logger.warning("search-made-anew", reason=str(error))
            shelves.history.clear()


def _publish(collection: Collection, shelves: Shelves, folder: SnapshotFolder, differing: Differing) -> None:
    history = shelves.history
    if history.snapshot(folder.site, folder.timestamp) is not None:
        return
    newest = history.newest(folder.site)
    if newest is not None and newest.timestamp > folder.timestamp:
        _publish_anew(collection, shelves, folder)
        return
    if folder.summary.outcome is Outcome.FAILED:
        history.publish(folder.summary, (), {}, previous=None, generation=None)
        return
    before = _newest_published(collection, history, folder.site)
    documents = {one.url: one for one in _documents(collection, folder, differing(before, folder))}
    earlier = generation = history.generation()
    if documents:
        generation = _add_documents(collection, shelves.catalogue, earlier, documents)
    previous = before.timestamp if before else None
    changes = differing(before, folder)
    history.publish(folder.summary, changes, documents, previous=previous, generation=generation)
    # the one before stays for a reader that asked for its name a moment ago
    shelves.catalogue.collect({name for name in (earlier, generation) if name})
    _settle(shelves, generation)


def _settle(shelves: Shelves, generation: str | None) -> None:
    """Make a catalogue of many small segments one of a large one, now that the day can be read."""
    try:
        settled = shelves.catalogue.settled(generation) if generation else generation
        if settled and settled != generation:
            shelves.history.name_generation(settled)
            shelves.catalogue.collect({name for name in (generation, settled) if name})
    except ArchiveError as error:
        logger.warning("search-not-settled", reason=str(error))  # it is as good as it was


def _publish_anew(collection: Collection, shelves: Shelves, wanted: SnapshotFolder) -> None:
    """
    Publish a snapshot that lies before others of its site, and these once more, in one transaction.

    With all others that wait and can be read: several days of the past cost as much as one.
    """
    _read_through(wanted)  # one that is damaged costs no more than this, at every command
    history, site = shelves.history, wanted.site
    published = {snapshot.timestamp for snapshot in history.snapshots(site)} | {wanted.timestamp}
    folders = [one for one in collection.snapshots(site) if one.timestamp in published or _is_readable(one)]
    earlier = history.generation()
    press = _Press(collection, shelves, earlier)
    history.publish_anew(site, press.days(folders), lambda: press.generation)
    shelves.catalogue.collect({name for name in (earlier, press.generation) if name})
    logger.info("published-anew", site=site, snapshots=len(folders), since=wanted.timestamp)


@dataclass(slots=True)
class _Press:
    """Makes the publications of a site's snapshots one after the other, and the generations they need."""

    collection: Collection
    shelves: Shelves
    generation: str | None

    def days(self, folders: Iterable[SnapshotFolder]) -> Iterator[Publication]:
        """Yield a publication for each; when the last is taken, `generation` has all their documents."""
        before: SnapshotFolder | None = None
        for folder in folders:
            previous = before.timestamp if before else None
            if folder.summary.outcome is Outcome.FAILED:
                yield Publication(folder.summary, (), {}, previous)
                continue
            changes = changes_of(before, folder)
            documents = {one.url: one for one in _documents(self.collection, folder, changes)}
            self._add(documents)
            yield Publication(folder.summary, changes_of(before, folder), documents, previous)
            before = folder

    def _add(self, documents: Mapping[str, Document]) -> None:
        """Put into a new generation what the history of before, which readers still see, does not have."""
        known = self.shelves.history.documents(one.id for one in documents.values())
        new = {url: one for url, one in documents.items() if one.id not in known}
        if new:
            self.generation = _add_documents(self.collection, self.shelves.catalogue, self.generation, new)


def _read_through(folder: SnapshotFolder) -> None:
    """Raise DamagedError or NotFoundError where what publishing reads of a snapshot cannot be read."""
    if folder.summary.outcome is not Outcome.FAILED:
        for _ in merge((), folder.index.captures()):
            pass
        for _ in read_pages(folder.pages_path):
            pass


def _is_readable(folder: SnapshotFolder) -> bool:
    try:
        _read_through(folder)
    except (DamagedError, NotFoundError):
        return False  # it is told when it is its own turn
    return True


def _newest_published(collection: Collection, history: History, site: str) -> SnapshotFolder | None:
    """Return the published snapshot that a new one is compared with: the newest that did not fail."""
    for snapshot in reversed(history.snapshots(site)):
        if snapshot.outcome is not Outcome.FAILED:
            return collection.at(site, snapshot.timestamp)
    return None


def _documents(
    collection: Collection, folder: SnapshotFolder, changes: Iterator[Change]
) -> Iterator[Document]:
    """Yield the document of every page whose payload is new in this snapshot."""
    if not any(_has_texts(one) for one in (folder, *collection.snapshots(folder.site))):
        return
    pages = {page.url: page for page in read_pages(folder.pages_path)}
    has_texts: dict[str, bool] = {}
    for change in changes:
        page = pages.get(change.url)
        if change.same or change.after is None or page is None:
            continue
        home = _home(collection, folder, change.after)
        for one in (home, folder):
            if one.timestamp not in has_texts:
                has_texts[one.timestamp] = _has_texts(one)
        found = has_texts[home.timestamp] or has_texts[folder.timestamp]
        if found and (text := _text(folder, home, change.after)) is not None:
            day, line = text
            yield Document(
                document_id(folder.site, change.url, line.digest, page.title, page.language),
                folder.site,
                change.url,
                page.title,
                intern(page.language),  # all these are held until the day is published, and are few
                intern(day.timestamp),
                intern(line.filename),
                line.offset,
                line.length,
                line.digest,
            )


def _home(collection: Collection, folder: SnapshotFolder, capture: Capture) -> SnapshotFolder:
    """Return the snapshot that holds the payload of a capture, and with it the text that was read of it."""
    return collection.at(folder.site, capture.original.snapshot) if capture.original else folder


def _has_texts(home: SnapshotFolder) -> bool:
    """Tell whether any text was read on a day: where there are none at all, no page is looked up or held."""
    with suppress(DamagedError, NotFoundError):
        return next(home.index.prefix("urn:text:"), None) is not None
    return True  # `_text` says what is wrong


def _text(
    folder: SnapshotFolder, home: SnapshotFolder, capture: Capture
) -> tuple[SnapshotFolder, Capture] | None:
    """Return the line of a page's text; a day that is gone or damaged takes the words of later days along."""
    try:
        return line_of(folder, home, capture)
    except (DamagedError, NotFoundError) as error:
        logger.warning("text-unreadable", url=capture.url, reason=str(error))
        return None


def _add_documents(
    collection: Collection, catalogue: Catalogue, earlier: str | None, documents: Mapping[str, Document]
) -> str:
    """Return the name of a generation that has these documents too; of many, each core writes a part."""
    found = [placed(collection, one) for one in documents.values()]
    cores = min(len(os.sched_getaffinity(0)), MAX_PARTS)
    if cores == 1 or len(found) < MANY:
        return catalogue.publish(earlier, texts(found))
    paths = {document.id: path for document, path in found}

    def write(parts: list[Part]) -> None:
        tasks = [(folder, [(one, paths[one.id]) for one in some]) for folder, some in parts]
        with closing(Workers(index_part, len(tasks))) as workers:
            for _ in workers.results(tasks):
                pass

    return catalogue.publish_in_parts(earlier, [document for document, _ in found], cores, write)
