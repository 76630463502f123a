# SPDX-License-Identifier: EUPL-1.2
"""
One snapshot of a site into the tables of the history, within a transaction of the caller's.

    snapshot   a row
    lifeline   what ended gets its `last`; what is new or different begins a row
    document   the texts that are not there yet

Knows nothing of who reads, and of no snapshot but this and the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sql

from .changes import Change
from .document import Document
from .errors import ArchiveError, DamagedError
from .model import Capture, Outcome, Snapshot
from .tables import DOCUMENT, KEY_LENGTH, LIFELINE, SNAPSHOT, newest, snapshot_row
from .urlkey import urlkey as key_of

T = TypeVar("T")

BATCH = 500
"""Rows per statement. SQLite before 3.32 binds at most 999 values in one statement."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A snapshot, what it changed, and the texts of what it changed."""

    snapshot: Snapshot
    changes: Iterable[Change]
    """
    What `merge` yields against `previous`, in any order; it is streamed. A failed snapshot has none.
    """
    documents: Mapping[str, Document]
    """The text of every page among the changes, by URL."""
    previous: str | None
    """The newest snapshot before it that did not fail; None for a site's first; any, of a failed one."""


def write(connection: sql.Connection, day: Publication) -> None:
    """Record a snapshot that comes after all others of its site. Raises ArchiveError, DamagedError."""
    _require_next(connection, day.snapshot, day.previous)
    connection.execute(sql.insert(SNAPSHOT), snapshot_row(day.snapshot))
    for batch in batches(change for change in day.changes if not change.same):
        _close_intervals(connection, day.snapshot.site, day.previous, batch)
        _insert_documents(connection, batch, day.documents)
        _open_intervals(connection, day.snapshot, batch, day.documents)


def forget(connection: sql.Connection, site: str) -> None:
    """Take every row of a site out."""
    for table in (LIFELINE, DOCUMENT, SNAPSHOT):
        connection.execute(sql.delete(table).where(table.c.site == site))


def place_of(url: str) -> tuple[str, str]:
    """Return where a URL stands in the order of the pages."""
    return key_of(url)[:KEY_LENGTH], url


def _require_next(connection: sql.Connection, snapshot: Snapshot, previous: str | None) -> None:
    last, compared = newest(connection, snapshot.site)
    fits = compared == previous or snapshot.outcome is Outcome.FAILED
    if not fits or (last or "") >= snapshot.timestamp:
        raise ArchiveError(
            f"Snapshot {snapshot.timestamp} of {snapshot.site} cannot be published after {last}, "
            f"as a change since {previous}. Run `daykeep rebuild`, which publishes oldest first."
        )


def _close_intervals(
    connection: sql.Connection, site: str, previous: str | None, batch: list[Change]
) -> None:
    ended = [_named(change.url, site) for change in batch if change.before]
    if not ended:
        return
    closing = sql.update(LIFELINE).where(
        LIFELINE.c.site == sql.bindparam("of_site"),
        LIFELINE.c.urlkey == sql.bindparam("of_key"),
        LIFELINE.c.url == sql.bindparam("of_url"),
        LIFELINE.c.last.is_(None),
    )
    closed = connection.execute(closing.values(last=previous), ended).rowcount
    if closed != len(ended):
        raise DamagedError(
            f"The lifelines of {site} do not fit its snapshot {previous}: "
            f"{len(ended)} intervals end, {closed} were open. Run `daykeep rebuild`."
        )


def _named(url: str, site: str) -> dict[str, str]:
    key, _ = place_of(url)
    return {"of_site": site, "of_key": key, "of_url": url}


def _open_intervals(
    connection: sql.Connection, snapshot: Snapshot, batch: list[Change], documents: Mapping[str, Document]
) -> None:
    rows = [
        _interval_row(snapshot, change.after, documents.get(change.url)) for change in batch if change.after
    ]
    if rows:
        connection.execute(sql.insert(LIFELINE), rows)


def _interval_row(snapshot: Snapshot, capture: Capture, document: Document | None) -> dict[str, Any]:
    key, url = place_of(capture.url)
    return {
        "site": snapshot.site,
        "urlkey": key,
        "url": url,
        "status": capture.effective_status,
        "digest": capture.digest,
        "redirect": capture.redirect,
        "mime": capture.content_type,
        "truncated": capture.truncated,
        "document_id": document.id if document else None,
        "first": snapshot.timestamp,
    }


def _insert_documents(
    connection: sql.Connection, batch: list[Change], documents: Mapping[str, Document]
) -> None:
    """Write the documents of a batch that are not there yet; a text seen before keeps its first record."""
    found = (documents.get(change.url) for change in batch if change.after)
    named = {document.id: document for document in found if document}
    if not named:
        return
    known = set(connection.scalars(sql.select(DOCUMENT.c.id).where(DOCUMENT.c.id.in_(named))))
    rows = [asdict(document) for name, document in named.items() if name not in known]
    if rows:
        connection.execute(sql.insert(DOCUMENT), rows)


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield lists of at most BATCH items."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
