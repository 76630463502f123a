# SPDX-License-Identifier: EUPL-1.2
"""
The tables of the history and how a database is opened. Knows nothing of what is asked of it.

SQLite by default, in WAL mode so that readers never wait for the one that publishes; the same tables on
PostgreSQL. Only this module and `history` know SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import exc

from .errors import ArchiveError, BusyError, DamagedError, StorageError
from .model import Outcome, Snapshot

FORMAT = "2"
"""Version of the tables below. Another version is refused, and made anew by `daykeep rebuild`."""

# Bytewise order everywhere: PostgreSQL would otherwise sort by the server's language.
_BYTES = sql.Text().with_variant(sql.Text(collation="C"), "postgresql")
# An index entry of PostgreSQL holds 2,704 bytes, a URL of ours up to 4,096: the key is cut, the URL decides.
KEY_LENGTH = 1000

_ENDED = sql.text("last IS NOT NULL")

TABLES = sql.MetaData()
SNAPSHOT = sql.Table(
    "snapshot",
    TABLES,
    sql.Column("site", _BYTES, primary_key=True),
    sql.Column("timestamp", sql.String(14), primary_key=True),
    sql.Column("day", sql.String(10), nullable=False),
    sql.Column("outcome", sql.String(20), nullable=False),
    sql.Column("counts", sql.JSON, nullable=False),
    sql.Column("bytes", sql.BigInteger, nullable=False),
    sql.Column("changed", sql.Integer, nullable=False),
    sql.Column("lacking", sql.Integer, nullable=False),
    sql.Column("demonstration", sql.Boolean, nullable=False),
    sql.Column("noise", sql.Integer, nullable=False),
    sql.Column("changed_text", sql.Integer),
)
DOCUMENT = sql.Table(
    "document",
    TABLES,
    sql.Column("id", sql.String(64), primary_key=True),
    sql.Column("site", _BYTES, nullable=False),
    sql.Column("url", _BYTES, nullable=False),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("language", sql.String(20), nullable=False),
    sql.Column("snapshot", sql.String(14), nullable=False),
    sql.Column("filename", sql.Text, nullable=False),
    sql.Column("offset", sql.BigInteger, nullable=False),
    sql.Column("length", sql.BigInteger, nullable=False),
    sql.Column("text", sql.String(128), nullable=False),
)
LIFELINE = sql.Table(
    "lifeline",
    TABLES,
    sql.Column("id", sql.BigInteger().with_variant(sql.Integer, "sqlite"), primary_key=True),
    sql.Column("site", _BYTES, nullable=False),
    sql.Column("urlkey", _BYTES, nullable=False),
    sql.Column("url", _BYTES, nullable=False),
    sql.Column("status", sql.Integer),
    sql.Column("digest", sql.String(128), nullable=False),
    sql.Column("redirect", sql.Text),
    sql.Column("mime", sql.Text, nullable=False),
    sql.Column("truncated", sql.String(20)),
    sql.Column("document_id", sql.ForeignKey(DOCUMENT.c.id)),
    sql.Column("first", sql.String(14), nullable=False),
    sql.Column("last", sql.String(14)),
    sql.Index("lifeline_by_key", "site", "urlkey"),
    sql.Index("lifeline_by_document", "document_id"),
    sql.Index("lifeline_by_first", "first", "site"),
    # of those that ended alone: what is open is looked for by its URL, never by this
    sql.Index("lifeline_by_last", "last", "site", sqlite_where=_ENDED, postgresql_where=_ENDED),
)
SETTING = sql.Table(
    "setting",
    TABLES,
    sql.Column("name", sql.String(40), primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
)


_NEWEST = SNAPSHOT.alias("newest")
_FIRST, _LAST = SNAPSHOT.alias("first_snapshot"), SNAPSHOT.alias("last_snapshot")
_END = sql.func.coalesce(
    LIFELINE.c.last,
    sql.select(sql.func.max(_NEWEST.c.timestamp))
    .where(_NEWEST.c.site == LIFELINE.c.site, _NEWEST.c.outcome != Outcome.FAILED.value)
    .scalar_subquery(),
)
INTERVALS: Any = (
    sql.select(
        *(LIFELINE.c[name] for name in ("site", "url", "status", "digest", "redirect", "mime", "truncated")),
        LIFELINE.c.document_id,
        LIFELINE.c.first,
        _LAST.c.timestamp.label("last"),
        _FIRST.c.day.label("first_day"),
        _LAST.c.day.label("last_day"),
        LIFELINE.c.last.is_(None).label("still"),
    )
    .join(_FIRST, (_FIRST.c.site == LIFELINE.c.site) & (_FIRST.c.timestamp == LIFELINE.c.first))
    .join(_LAST, (_LAST.c.site == LIFELINE.c.site) & (_LAST.c.timestamp == _END))
)
"""
Every interval as a row of `lifeline.Interval`, in the order of its fields, an open one up to the newest
snapshot that did not fail.
"""


def standing(timestamp: Any) -> sql.ColumnElement[bool]:
    """Return the condition that an interval is around a snapshot."""
    open_or_later = LIFELINE.c.last.is_(None) | (LIFELINE.c.last >= timestamp)
    return sql.and_(LIFELINE.c.first <= timestamp, open_or_later)


def turned(site: str, one: str, other: str) -> sql.ColumnElement[bool]:
    """
    Return the condition that an interval of a site is around one of two snapshots, and not around both.

    It began after the earlier of them, or ended before the later: by these a database finds them at once,
    where it is asked for each by itself.
    """
    early, late = sorted((one, other))
    open_or_later = LIFELINE.c.last.is_(None) | (LIFELINE.c.last >= late)
    began = (LIFELINE.c.first > early, LIFELINE.c.first <= late, open_or_later)
    ended = (LIFELINE.c.last >= early, LIFELINE.c.last < late, LIFELINE.c.first <= early)
    # SQLite, which knows no numbers of rows, would go through all of a site: an expression has no index
    named = sql.select(LIFELINE.c.id).where(LIFELINE.c.site.concat("") == site)
    return LIFELINE.c.id.in_(sql.union_all(named.where(*began), named.where(*ended)))


def newest(connection: sql.Connection, site: str) -> tuple[str | None, str | None]:
    """Return the timestamps of the newest snapshot of a site, and of the newest that did not fail."""
    query = sql.select(sql.func.max(SNAPSHOT.c.timestamp)).where(SNAPSHOT.c.site == site)
    saw_something = query.where(SNAPSHOT.c.outcome != Outcome.FAILED.value)
    return connection.scalar(query), connection.scalar(saw_something)


def saw(site: str, timestamp: str) -> sql.ColumnElement[bool]:
    """Return the condition that a snapshot did not fail: no page was online to one that saw nothing."""
    named = (SNAPSHOT.c.site == site, SNAPSHOT.c.timestamp == timestamp)
    return sql.exists().where(*named, SNAPSHOT.c.outcome != Outcome.FAILED.value)


# FULL, since the catalogue's old generations are deleted once a commit names a newer one.
_PRAGMAS = ("busy_timeout=10000", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL")


def open_engine(location: Path | str) -> sql.Engine:
    """Return an engine whose tables are there, for the path of an SQLite file or a database URL."""
    engine = sql.create_engine(_database_url(location))
    if engine.dialect.name == "sqlite":
        sql.event.listen(engine, "connect", _set_pragmas)
    try:
        with engine.begin() as connection:
            _prepare(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def told() -> Iterator[None]:
    """Turn what a database says into an error of ours: busy, damaged, or out of reach."""
    try:
        yield
    except exc.DBAPIError as error:
        said = str(error.orig)
        if "locked" in said or "could not obtain lock" in said:
            raise BusyError(f"The catalogue is in use by another process ({said}). Try again.") from error
        if isinstance(error, exc.OperationalError) and "malformed" not in said:
            raise StorageError(
                f"The catalogue cannot be read or written ({said}). Free space on its disk, or mend the disk "
                "or its rights, and run the command again; what is sealed is intact."
            ) from error
        raise DamagedError(f"The catalogue is damaged ({said}). Run `daykeep rebuild`.") from error


def get_setting(connection: sql.Connection, name: str) -> str | None:
    """Return a setting, None where it was never set."""
    return connection.scalar(sql.select(SETTING.c.value).where(SETTING.c.name == name))


def put_setting(connection: sql.Connection, name: str, value: str) -> None:
    """Set a setting, whether or not it was there."""
    connection.execute(sql.delete(SETTING).where(SETTING.c.name == name))
    connection.execute(sql.insert(SETTING).values(name=name, value=value))


def _database_url(location: Path | str) -> sql.URL:
    if isinstance(location, str) and "://" in location:
        return sql.make_url(location)
    path = Path(location)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {path.parent} cannot be made ({error.strerror}).") from error
    return sql.URL.create("sqlite", database=str(path))


def _set_pragmas(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _prepare(connection: sql.Connection) -> None:
    for table in TABLES.sorted_tables:
        connection.execute(sql.schema.CreateTable(table, if_not_exists=True))
        for index in sorted(table.indexes, key=attrgetter("name")):
            connection.execute(sql.schema.CreateIndex(index, if_not_exists=True))
    version = get_setting(connection, "format")
    if version is None:
        put_setting(connection, "format", FORMAT)
    elif version != FORMAT:
        raise ArchiveError(
            f"The catalogue has format {version}, this program writes {FORMAT}. Run `daykeep rebuild`."
        )
    _add_columns(connection)


def _add_columns(connection: sql.Connection) -> None:
    """Add what a catalogue of this format may lack; it is empty in rows that are there, until a rebuild."""
    if _told_texts(connection):
        return
    connection.execute(sql.update(SETTING).values(value=SETTING.c.value))  # one process does it, others wait
    if not _told_texts(connection):
        connection.execute(sql.text("ALTER TABLE snapshot ADD COLUMN changed_text INTEGER"))


def _told_texts(connection: sql.Connection) -> bool:
    columns = connection.execute(sql.text("SELECT * FROM snapshot LIMIT 0"))
    return "changed_text" in list(columns.keys())


def snapshot_row(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as the values of its row."""
    return {
        "site": snapshot.site,
        "timestamp": snapshot.timestamp,
        "day": snapshot.day,
        "outcome": snapshot.outcome.value,
        "counts": dict(snapshot.counts),
        "bytes": snapshot.bytes,
        "changed": snapshot.changed,
        "lacking": snapshot.lacking,
        "demonstration": snapshot.demonstration,
        "noise": snapshot.noise,
        "changed_text": snapshot.changed_text,
    }


def to_snapshot(row: Any) -> Snapshot:
    """Return the snapshot of a row."""
    named = row._mapping  # noqa: SLF001 - the documented way to a row's columns
    return Snapshot(**{**named, "outcome": Outcome(named["outcome"])})
