# SPDX-License-Identifier: EUPL-1.2
"""
The URLs of a running crawl, each once, in SQLite, so that a stopped crawl carries on.

    url       every known URL: waiting, or with its outcome
    capture   the index lines of what was stored, sorted when the snapshot is sealed
    page      the pages among them
    meta      up to where the WARCs were synced when this state was committed

State and WARCs move together: `commit` stores a position that has just been synced, so after a crash the
state and the WARCs up to that position agree. Outside a commit nothing is promised. One thread uses it.
Knows nothing of HTTP, of robots or of politeness.
"""

from __future__ import annotations

import errno
import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from index.cdxj import format_line, parse_line
from index.errors import DamagedError
from index.model import Capture, Page
from index.urlkey import origin, urlkey

from .durable import storage
from .ledger import Entry, UrlOutcome
from .warc import Position

_SCHEMA = """
CREATE TABLE IF NOT EXISTS url (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, urlkey TEXT NOT NULL, host TEXT NOT NULL,
    depth INTEGER NOT NULL, via TEXT NOT NULL, kind TEXT NOT NULL,
    borrowed INTEGER NOT NULL DEFAULT 0, hops INTEGER NOT NULL DEFAULT 0,
    outcome TEXT, status INTEGER, reason TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0,
    timestamp TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS waiting ON url (host, id) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS capture (url TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS page (url TEXT PRIMARY KEY, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_REFILL = 500


@dataclass(frozen=True, slots=True)
class Known:
    """A URL to ask for."""

    url: str
    depth: int
    """Links away from a seed."""
    via: str
    """Where it was found: a URL, or `seed`, `sitemap`, `robots`, `yesterday`."""
    kind: str
    """`outlink`, `embed` for a part that a page needs, `sitemap` or `robots`."""
    borrowed: bool = False
    """Whether it is out of scope and asked for only because a page of the site needs it as a part."""
    hops: int = 0
    """Redirects in a row that led to it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a URL that was asked for, or that will not be."""

    outcome: UrlOutcome
    status: int | None = None
    reason: str = ""
    bytes: int = 0
    timestamp: str = ""


class Frontier:
    """Every known URL of one snapshot, each once; waiting ones by host in the order they were found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage(f"open the frontier {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._storing():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
            self._db.execute("BEGIN")
            self._seen = {hash(url) for (url,) in self._db.execute("SELECT url FROM url")}
            hosts = self._db.execute("SELECT DISTINCT host FROM url WHERE outcome IS NULL").fetchall()
        self._waiting: dict[str, deque[Known]] = {}
        self._hosts: dict[str, None] = dict.fromkeys(host for (host,) in hosts)
        self._handed_out: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of known URLs."""
        return len(self._seen)

    def add(self, known: Known, result: Result | None = None) -> bool:
        """
        Make a URL known, and say whether it was new; with a result it will not be asked for.

        A hash of the URL decides first, because pages repeat their links; Python's own is 64 bits, and
        of a hundred thousand URLs two collide once in 3.7 billion crawls.
        """
        digest = hash(known.url)
        if digest in self._seen:
            return False
        self._seen.add(digest)
        host = str(origin(known.url))
        with self._storing():
            self._db.execute(
                "INSERT INTO url "
                "(url, urlkey, host, depth, via, kind, borrowed, hops, "
                "outcome, status, reason, bytes, timestamp) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (known.url, urlkey(known.url), host, *_told(known), *_columns(result)),
            )
        if result is None:
            self._hosts[host] = None
        return True

    def reopen(self, known: Known) -> bool:
        """
        Let a URL that was out of scope be asked for after all, and say whether it was.

        A page may need as a part what another page only linked to.
        """
        with self._storing():
            cursor = self._db.execute(
                "UPDATE url SET outcome=NULL, reason='', timestamp='', "
                "depth=?, via=?, kind=?, borrowed=?, hops=? "
                "WHERE url=? AND outcome='out-of-scope' AND status IS NULL",
                (*_told(known), known.url),
            )
        if not cursor.rowcount:
            return False
        host = str(origin(known.url))
        number = self._db.execute("SELECT id FROM url WHERE url=?", (known.url,)).fetchone()[0]
        if number <= self._handed_out.get(host, 0):  # else the next refill comes by it
            self._waiting.setdefault(host, deque()).append(known)
        self._hosts[host] = None
        return True

    def hosts(self) -> list[str]:
        """Return the origins that may have URLs waiting."""
        return list(self._hosts)

    def next(self, host: str) -> Known | None:
        """Return the next waiting URL of an origin, each once; None when there is none."""
        waiting = self._waiting.setdefault(host, deque())
        if not waiting:
            self._refill(host, waiting)
        if waiting:
            return waiting.popleft()
        # how far it was handed out stays: what is being asked for now must not be handed out again
        del self._waiting[host]
        self._hosts.pop(host, None)
        return None

    def finish(self, url: str, result: Result, capture: Capture | None = None) -> None:
        """Record the one outcome of a known URL, with the index line of what was stored for it."""
        with self._storing():
            self._db.execute(
                "UPDATE url SET outcome=?, status=?, reason=?, bytes=?, timestamp=? WHERE url=?",
                (*_columns(result), url),
            )
        if capture is not None:
            self.add_capture(capture)

    def add_capture(self, capture: Capture) -> None:
        """Keep the index line of a stored record."""
        with self._storing():
            self._db.execute("INSERT INTO capture VALUES (?, ?)", (capture.url, format_line(capture)))

    def add_page(self, page: Page) -> None:
        """Keep a page for the list of pages."""
        line = msgspec.json.encode(page)
        with self._storing():
            self._db.execute("INSERT OR REPLACE INTO page VALUES (?, ?)", (page.url, line))

    def finish_waiting(self, result: Result) -> int:
        """Give every URL that is still waiting the same outcome, and return how many there were."""
        with self._storing():
            cursor = self._db.execute(
                "UPDATE url SET outcome=?, status=?, reason=?, bytes=?, timestamp=? WHERE outcome IS NULL",
                _columns(result),
            )
        self._waiting.clear()
        self._hosts.clear()
        return cursor.rowcount

    def waiting(self) -> int:
        """Return how many URLs have no outcome yet."""
        return int(self._db.execute("SELECT count(*) FROM url WHERE outcome IS NULL").fetchone()[0])

    def commit(self, position: Position | None, **meta: str) -> None:
        """Make everything so far last, together with a position up to which the WARCs have been synced."""
        if position is not None:
            meta |= {"filename": position.filename, "offset": str(position.offset)}
        with self._storing():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", meta.items())
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def meta(self, key: str) -> str | None:
        """Return a value committed earlier."""
        row = self._db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return row[0] if row else None

    def position(self) -> Position | None:
        """Return up to where the WARCs were synced at the last commit."""
        filename, offset = self.meta("filename"), self.meta("offset")
        return Position(filename, int(offset)) if filename and offset else None

    def entries(self) -> Iterator[Entry]:
        """Yield the ledger, in the order of the URLs' keys."""
        rows = self._db.execute(
            "SELECT url, coalesce(outcome, 'not-reached'), status, reason, via, bytes, timestamp, depth "
            "FROM url ORDER BY urlkey, url"
        )
        for url, outcome, *rest in rows:
            yield Entry(url, UrlOutcome(outcome), *rest)

    def seed_redirects(self) -> list[str]:
        """Return where the seeds that were asked for lead, in the order of their keys."""
        query = (
            "SELECT capture.line FROM capture JOIN url ON capture.url = url.url "
            "WHERE url.via = 'seed' AND url.outcome = 'redirect' ORDER BY capture.line"
        )
        lines = (parse_line(line) for (line,) in self._db.execute(query))
        return [capture.redirect for capture in lines if capture.redirect]

    def counts(self) -> dict[str, int]:
        """Return how many URLs have each outcome so far; waiting ones are left out."""
        return self._counted("outcome IS NOT NULL")

    def own_counts(self) -> dict[str, int]:
        """Return the same of what the site itself is made of: nothing borrowed, no robots.txt, no sitemap."""
        return self._counted("outcome IS NOT NULL AND NOT borrowed AND kind NOT IN ('robots', 'sitemap')")

    def _counted(self, condition: str) -> dict[str, int]:
        rows = self._db.execute(f"SELECT outcome, count(*) FROM url WHERE {condition} GROUP BY outcome")  # noqa: S608
        return dict(rows.fetchall())

    def server_errors(self) -> int:
        """Return how many URLs of the site's own were answered with 5xx or 429, and stored as that."""
        query = (
            "SELECT count(*) FROM url WHERE (status >= 500 OR status = 429) AND outcome = 'http-error' "
            "AND NOT borrowed"
        )
        return int(self._db.execute(query).fetchone()[0])

    def index_lines(self) -> Iterator[bytes]:
        """Yield the index lines of everything stored, sorted bytewise."""
        for (line,) in self._db.execute("SELECT line FROM capture ORDER BY line"):
            yield line

    def pages(self) -> Iterator[Page]:
        """Yield the pages in the order of their URLs' keys."""
        rows = self._db.execute(
            "SELECT page.line FROM page JOIN url USING (url) ORDER BY url.urlkey, url.url"
        )
        decoder = msgspec.json.Decoder(Page)
        for (line,) in rows:
            yield decoder.decode(line)

    def close(self) -> None:
        """Close without committing."""
        self._db.close()

    def _refill(self, host: str, waiting: deque[Known]) -> None:
        rows = self._db.execute(
            "SELECT id, url, depth, via, kind, borrowed, hops FROM url "
            "WHERE host=? AND id>? AND outcome IS NULL ORDER BY id LIMIT ?",
            (host, self._handed_out.get(host, 0), _REFILL),
        ).fetchall()
        for number, url, depth, via, kind, borrowed, hops in rows:
            waiting.append(Known(url, depth, via, kind, bool(borrowed), hops))
            self._handed_out[host] = number

    def _storing(self) -> _Storing:
        return _Storing(self._path)


class _Storing:
    """Turns SQLite's errors about the disk into a StorageError, and about its file into a DamagedError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, sqlite3.OperationalError):
            with storage(f"write the frontier {self._path}"):
                raise OSError(errno.ENOSPC if "full" in str(error) else errno.EIO, str(error)) from error
        if isinstance(error, sqlite3.DatabaseError):
            raise DamagedError(
                f"The frontier {self._path} cannot be read ({error}). Move it and the unfinished snapshot "
                "away, and take the snapshot anew; what is sealed is intact."
            ) from error


def _told(known: Known) -> tuple[int, str, str, bool, int]:
    return known.depth, known.via, known.kind, known.borrowed, known.hops


def _columns(result: Result | None) -> tuple[str | None, int | None, str, int, str]:
    if result is None:
        return None, None, "", 0, ""
    return result.outcome.value, result.status, result.reason, result.bytes, result.timestamp
