# SPDX-License-Identifier: EUPL-1.2
"""
Which snapshots there are, and from when to when each URL's content stood unchanged: in SQL.

    snapshot   one row per published snapshot of a site
    lifeline   one row per interval over which a URL answered the same; `last` is empty while it still does
    document   one row per distinct text and title of a page, and where its text record lies
    setting    the version of this layout, and the generation of the catalogue that belongs to it

    lifeline   site  url                    first           last            status  digest
               demo  https://example.org/a  20260302023000  20260304023000  200     sha256:…
               demo  https://example.org/a  20260305023000                  200     sha256:…

`first` and `last` are names of snapshots. What a URL answered on a day is the interval around that day; no
interval means that the day has no capture of it. An unchanged day writes no lifeline row.

Order of publishing: first the new generation of the catalogue (documents that no lifeline names do no harm),
then `History.publish`, whose commit is the moment at which readers see the day. Readers take the generation
from here, so they see the old state or the new one, never half. Everything here can be made again from the
sealed snapshots. Knows nothing of WARC, of a snapshot's files, or of how search works.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sql

from .changes import REPORTED, Change, Kind, says
from .commits import Commits
from .document import Document
from .errors import UnpublishedError
from .lifeline import Difference, Interval, bridged, chained, difference
from .model import Outcome, Page, Snapshot
from .online import Online, Standing, State
from .publication import BATCH, Publication, batches, forget, place_of, write
from .tables import (
    DOCUMENT,
    INTERVALS,
    KEY_LENGTH,
    LIFELINE,
    SETTING,
    SNAPSHOT,
    get_setting,
    newest,
    open_engine,
    put_setting,
    saw,
    standing,
    to_snapshot,
    told,
    turned,
)
from .texts import state_of, texts_of
from .unwritten import ask
from .urlkey import origin

HTML = ("text/html", "application/xhtml+xml")
"""Media types of pages."""


class History:
    """
    The archive's memory across days, in one database. Several threads may use it; close it at the end.

    `location` is the path of an SQLite file, made if it is not there, or an SQLAlchemy database URL.
    Methods raise BusyError, StorageError or DamagedError where the database cannot answer.
    """

    def __init__(self, location: Path | str) -> None:
        with told():
            self._engine = open_engine(location)
        self._commits = Commits(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. Closing twice does no harm."""
        self._commits.close()
        self._engine.dispose()

    def publish(
        self,
        snapshot: Snapshot,
        changes: Iterable[Change],
        documents: Mapping[str, Document],
        *,
        previous: str | None,
        generation: str | None,
    ) -> bool:
        """
        Record a snapshot and what it changed, in one transaction; return whether it was new here.

        For the parts see `Publication`. `generation` names the catalogue that holds these documents; None
        leaves the name as it is. A snapshot that is already here is left as it is, and `changes` unread.
        Snapshots come oldest first: raises ArchiveError where they do not.
        """
        with self._writing() as connection:
            if _snapshot(connection, snapshot.site, snapshot.timestamp):
                return False
            write(connection, Publication(snapshot, changes, documents, previous))
            if generation is not None:
                put_setting(connection, "generation", generation)
        return True

    def publish_anew(
        self, site: str, days: Iterable[Publication], generation: Callable[[], str | None]
    ) -> None:
        """
        Forget a site and record these snapshots of it, oldest first, in one transaction.

        For a day that comes to lie before others that are here. Readers see the old state until all of it is
        written, and keep it where it fails. `generation` is asked when the last day is written.
        """
        with self._writing() as connection:
            forget(connection, site)
            for day in days:
                write(connection, day)
            if (name := generation()) is not None:
                put_setting(connection, "generation", name)

    def take_over(self, other: History) -> None:
        """
        Become what another history is, in one transaction: readers see the old state or all of the new one.

        The generation that the other names is named here too.
        """
        with self._writing() as connection, other._reading() as source:
            for table in (LIFELINE, DOCUMENT, SNAPSHOT):
                connection.execute(sql.delete(table))
            connection.execute(sql.delete(SETTING).where(SETTING.c.name == "generation"))
            for table in (SNAPSHOT, DOCUMENT, LIFELINE):
                rows = source.execution_options(yield_per=BATCH).execute(sql.select(table))
                for batch in rows.mappings().partitions():
                    connection.execute(sql.insert(table), [dict(row) for row in batch])
            if (name := get_setting(source, "generation")) is not None:
                put_setting(connection, "generation", name)

    def clear(self) -> None:
        """Forget everything, in one transaction: the beginning of a rebuild."""
        with self._writing() as connection:
            for table in (LIFELINE, DOCUMENT, SNAPSHOT):
                connection.execute(sql.delete(table))
            connection.execute(sql.delete(SETTING).where(SETTING.c.name == "generation"))

    def written(self) -> int | None:
        """
        Return a number that is the same only while nothing was written here, in a few microseconds.

        It counts for this object alone. None where the database cannot be asked so: then anything may have.
        """
        return self._commits.count()

    def generation(self) -> str | None:
        """Return the name of the catalogue generation that belongs to what is published."""
        with self._reading() as connection:
            return get_setting(connection, "generation")

    def name_generation(self, name: str) -> None:
        """Let another generation of the catalogue count, which holds the same documents."""
        with self._writing() as connection:
            put_setting(connection, "generation", name)

    def sites(self) -> list[str]:
        """Return the sites that have a snapshot, in order of name."""
        with self._reading() as connection:
            return _sites(connection)

    def snapshots(self, site: str) -> list[Snapshot]:
        """Return the published snapshots of a site, oldest first."""
        query = sql.select(SNAPSHOT).where(SNAPSHOT.c.site == site).order_by(SNAPSHOT.c.timestamp)
        with self._reading() as connection:
            return [to_snapshot(row) for row in connection.execute(query)]

    def snapshot(self, site: str, timestamp: str) -> Snapshot | None:
        """Return the snapshot of exactly this name, None where it is not published."""
        with self._reading() as connection:
            return _snapshot(connection, site, timestamp)

    def newest(self, site: str) -> Snapshot | None:
        """Return the last snapshot of a site, None where there is none."""
        with self._reading() as connection:
            last, _ = newest(connection, site)
            return _snapshot(connection, site, last) if last else None

    def first(self, site: str) -> Snapshot | None:
        """Return the first snapshot of a site that has anything, None where there is none."""
        query = sql.select(SNAPSHOT).where(
            SNAPSHOT.c.site == site, SNAPSHOT.c.outcome != Outcome.FAILED.value
        )
        with self._reading() as connection:
            row = connection.execute(query.order_by(SNAPSHOT.c.timestamp).limit(1)).first()
            return to_snapshot(row) if row else None

    def lifeline(self, url: str, site: str | None = None) -> list[Interval]:
        """Return the intervals of a normalised URL, by site, oldest first; without a site, of all sites."""
        with self._reading() as connection:
            sites = [site] if site else _sites(connection)
            rows = connection.execute(
                INTERVALS.where(_of_url(url, sites)).order_by(LIFELINE.c.site, LIFELINE.c.first)
            )
            return chained([_to_interval(row) for row in rows])

    def lifelines(self, urls: Iterable[str], site: str) -> dict[str, list[Interval]]:
        """Return the lifelines of some normalised URLs on a site, each as `lifeline` has it."""
        found: dict[str, list[Interval]] = {}
        with self._reading() as connection:
            for batch in batches(dict.fromkeys(urls)):
                keys = LIFELINE.c.urlkey.in_({place_of(url)[0] for url in batch})
                query = INTERVALS.where(LIFELINE.c.site == site, keys, LIFELINE.c.url.in_(batch))
                for row in connection.execute(query.order_by(LIFELINE.c.first)):
                    found.setdefault(row.url, []).append(_to_interval(row))
        return {url: chained(intervals) for url, intervals in found.items()}

    def alike(self, url: str) -> list[Interval]:
        """
        Return the intervals, on all sites, of every URL that has the key of a normalised URL (index.urlkey).

        They are of several URLs, and so not chained: none has `until`, `began` or `ended`.
        """
        key, _ = place_of(url)
        with self._reading() as connection:
            query = INTERVALS.where(LIFELINE.c.site.in_(_sites(connection)), LIFELINE.c.urlkey == key)
            return [_to_interval(row) for row in connection.execute(query.order_by(LIFELINE.c.first))]

    def of_keys(self, site: str, starts: Iterable[str]) -> list[Interval]:
        """Return the intervals of every URL whose key begins with one of these, not chained either."""
        found: dict[Interval, None] = {}
        with self._reading() as connection:
            for start in starts:
                short = start[:KEY_LENGTH]  # keys are printable ASCII
                keys = sql.and_(LIFELINE.c.urlkey >= short, LIFELINE.c.urlkey < short + "\x7f")
                rows = connection.execute(INTERVALS.where(LIFELINE.c.site == site, keys))
                found.update((_to_interval(row), None) for row in rows)
        return list(found)

    def sites_with(self, url: str) -> list[str]:
        """Return the sites that captured this normalised URL on some day, in order of name."""
        with self._reading() as connection:
            query = sql.select(LIFELINE.c.site).where(_of_url(url, _sites(connection)))
            return list(connection.scalars(query.distinct().order_by(LIFELINE.c.site)))

    def neighbours(self, site: str, url: str, *, limit: int = 50) -> list[str]:
        """Return the pages a site ever had whose keys stand next to that of a normalised URL, on its host."""
        key, _ = place_of(url)
        query = sql.select(LIFELINE.c.url, LIFELINE.c.urlkey).where(
            LIFELINE.c.site == site, LIFELINE.c.document_id.is_not(None)
        )
        parts = (
            query.where(LIFELINE.c.urlkey >= key).order_by(LIFELINE.c.urlkey),
            query.where(LIFELINE.c.urlkey < key).order_by(LIFELINE.c.urlkey.desc()),
        )
        with self._reading() as connection:
            rows = [row for part in parts for row in connection.execute(part.limit(limit))]
        return [*dict.fromkeys(row.url for row in rows if origin(row.url).host == origin(url).host)]

    def pages(
        self,
        site: str,
        timestamp: str,
        *,
        after: str | None = None,
        limit: int = 100,
        contains: str | None = None,
    ) -> list[Page]:
        """
        Return the HTML pages that were online at a snapshot, in the order of their keys.

        `after` is the URL of the last page of the part before this one. `contains` keeps the pages that
        have this text in their URL or title, whatever the case. Raises UnpublishedError for an unknown
        snapshot.
        """
        place = sql.tuple_(LIFELINE.c.urlkey, LIFELINE.c.url)
        columns = (LIFELINE.c.url, DOCUMENT.c.title, DOCUMENT.c.language)
        query = _of_pages(sql.select(*columns), site, timestamp, contains)
        if after is not None:
            query = query.where(place > sql.tuple_(*place_of(after)))
        with self._reading() as connection:
            _require(connection, site, timestamp)
            rows = connection.execute(query.order_by(*place).limit(limit))
            return [Page(row.url, timestamp, row.title or "", row.language or "") for row in rows]

    def count_pages(self, site: str, timestamp: str, *, contains: str | None = None) -> int:
        """Return how many pages `pages` would give in all."""
        query = _of_pages(sql.select(sql.func.count()), site, timestamp, contains)
        with self._reading() as connection:
            _require(connection, site, timestamp)
            return connection.scalar(query) or 0

    def page_counts(self, site: str) -> dict[str, int]:
        """Return how many pages were online at each snapshot: `count_pages` of all, in one pass."""
        pages = (LIFELINE.c.site == site, LIFELINE.c.status == 200, LIFELINE.c.mime.in_(HTML))
        number, ended = sql.func.count().label("number"), LIFELINE.c.last.is_not(None)
        begun = sql.select(LIFELINE.c.first.label("at"), number, sql.literal(0).label("ends"))
        over = sql.select(LIFELINE.c.last.label("at"), number, sql.literal(1).label("ends"))
        query = sql.union_all(
            begun.where(*pages).group_by(LIFELINE.c.first),
            over.where(*pages, ended).group_by(LIFELINE.c.last),
        )
        starts: dict[str, int] = {}
        ends: dict[str, int] = {}
        with self._reading() as connection:
            for at, many, is_end in connection.execute(query):
                (ends if is_end else starts)[at] = many
        online, found = 0, {}
        for snapshot in self.snapshots(site):
            online += starts.get(snapshot.timestamp, 0)
            found[snapshot.timestamp] = online if snapshot.outcome is not Outcome.FAILED else 0
            online -= ends.get(snapshot.timestamp, 0)
        return found

    def changes(
        self, site: str, before: str, after: str, *, kinds: Collection[Kind] = REPORTED
    ) -> list[Difference]:
        """
        Return what differs between two snapshots, in the order of the keys, whatever came between them.

        The same table of kinds as from day to day (`changes.kind_of`): where the first of the two does not
        say what a URL is, the last interval before it that does counts. Raises UnpublishedError for an
        unknown snapshot.
        """
        return self.first_changes(site, before, after, None, kinds=kinds)[0]

    def first_changes(
        self, site: str, before: str, after: str, most: int | None, *, kinds: Collection[Kind] = REPORTED
    ) -> tuple[list[Difference], bool]:
        """Return `changes` of no more than so many URLs that differ, and whether there are more."""
        query = INTERVALS.where(turned(site, before, after)).order_by(LIFELINE.c.urlkey, LIFELINE.c.url)
        if most is not None:
            query = query.limit(2 * most + 2)  # a URL has one interval around both, or two
        with self._reading() as connection:
            _require(connection, site, before)
            _require(connection, site, after)
            groups = _by_url(connection.execute(query))
            found = [difference(map(_to_interval, group), before, after) for group in groups]
            more = most is not None and len(found) > most
            found = _bridged(connection, site, before, found[:most])
        return [one for one in found if one.kind in kinds], more

    def restless(self, site: str, since: str, *, least: int, limit: int) -> list[str]:
        """Return the URLs that had at least so many texts since a snapshot, those with the most first."""
        number = sql.func.count(DOCUMENT.c.text.distinct())
        ends_later = LIFELINE.c.last.is_(None) | (LIFELINE.c.last >= since)
        query = sql.select(LIFELINE.c.url).join(DOCUMENT).where(LIFELINE.c.site == site, ends_later)
        query = query.group_by(LIFELINE.c.url)
        query = query.having(number >= least).order_by(number.desc(), LIFELINE.c.url).limit(limit)
        with self._reading() as connection:
            return list(connection.scalars(query))

    def documents(self, document_ids: Iterable[str]) -> dict[str, Document]:
        """Return documents by their id; ids that are not here are left out."""
        query = sql.select(DOCUMENT)
        with self._reading() as connection:
            return {
                row.id: Document(**row._mapping)  # noqa: SLF001 - the documented way to a row's columns
                for batch in batches(document_ids)
                for row in connection.execute(query.where(DOCUMENT.c.id.in_(batch)))
            }

    def texts_by_document(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Return the digest of the text of each of these documents; ids that are not here are left out."""
        query = sql.select(DOCUMENT.c.id, DOCUMENT.c.text)
        with self._reading() as connection:
            return {
                name: text
                for batch in batches(document_ids)
                for name, text in connection.execute(query.where(DOCUMENT.c.id.in_(batch)))
            }

    def state(self, site: str) -> State:
        """Return by what a reader knows that `texts` would be different now."""
        with self._reading() as connection:
            return state_of(connection, site)

    def texts(
        self,
        site: str,
        documents: Sequence[str],
        shown: Callable[[Iterable[Standing]], Iterable[Standing]] = lambda rows: rows,
    ) -> Online:
        """
        Return all texts of a site, and when each was online, by their numbers among these documents.

        `shown` tells what of them counts.
        """
        with self._reading() as connection:
            query = sql.select(SNAPSHOT.c.timestamp, SNAPSHOT.c.outcome).where(SNAPSHOT.c.site == site)
            snapshots = {name: how != Outcome.FAILED.value for name, how in connection.execute(query)}
            return Online(site, shown(texts_of(connection, site)), snapshots, documents)

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        """Open a transaction that holds the write lock from its first statement on."""
        with told(), self._engine.begin() as connection:
            connection.execute(sql.update(SETTING).values(value=SETTING.c.value))
            yield connection


def known_snapshots(location: Path, site: str) -> set[str]:
    """
    Return the names of a site's published snapshots, without writing anything; none where nothing is there.

    Raises DamagedError, BusyError.
    """
    return {name for (name,) in ask(location, "SELECT timestamp FROM snapshot WHERE site = ?", site)}


def _bridged(connection: sql.Connection, site: str, before: str, found: list[Difference]) -> list[Difference]:
    """Look up what the first of two snapshots does not say in the intervals before it."""
    unsaid = [one.url for one in found if not says(one.before)]
    earlier: dict[str, list[Interval]] = {}
    for batch in batches(unsaid):
        of_keys = LIFELINE.c.urlkey.in_({place_of(url)[0] for url in batch})
        query = INTERVALS.where(LIFELINE.c.site == site, of_keys, LIFELINE.c.first < before)
        wanted = set(batch)
        for row in connection.execute(query):
            if row.url in wanted and says(interval := _to_interval(row)):
                known = earlier.setdefault(row.url, [interval])[0]
                earlier[row.url] = [max(known, interval, key=attrgetter("first"))]
    return [bridged(one, earlier[one.url]) if one.url in earlier else one for one in found]


def _of_url(url: str, sites: list[str]) -> sql.ColumnElement[bool]:
    key, _ = place_of(url)
    return sql.and_(LIFELINE.c.site.in_(sites), LIFELINE.c.urlkey == key, LIFELINE.c.url == url)


def _of_pages(query: sql.Select[Any], site: str, timestamp: str, contains: str | None) -> sql.Select[Any]:
    query = query.select_from(LIFELINE.outerjoin(DOCUMENT)).where(saw(site, timestamp), standing(timestamp))
    query = query.where(LIFELINE.c.site == site, LIFELINE.c.status == 200, LIFELINE.c.mime.in_(HTML))
    if contains:
        url, title = (
            column.icontains(contains[:200], autoescape=True) for column in (LIFELINE.c.url, DOCUMENT.c.title)
        )
        query = query.where(url | title)
    return query


def _by_url(rows: Iterable[Any]) -> Iterator[Iterable[Any]]:
    return (group for _, group in groupby(rows, key=attrgetter("url")))


def _sites(connection: sql.Connection) -> list[str]:
    return list(connection.scalars(sql.select(SNAPSHOT.c.site).distinct().order_by(SNAPSHOT.c.site)))


def _snapshot(connection: sql.Connection, site: str, timestamp: str) -> Snapshot | None:
    query = sql.select(SNAPSHOT).where(SNAPSHOT.c.site == site, SNAPSHOT.c.timestamp == timestamp)
    row = connection.execute(query).first()
    return to_snapshot(row) if row else None


def _require(connection: sql.Connection, site: str, timestamp: str) -> None:
    if not _snapshot(connection, site, timestamp):
        raise UnpublishedError(site, timestamp)


def _to_interval(row: Any) -> Interval:
    *most, still = row  # in the order of Interval's fields
    return Interval(*(*most, bool(still)))
