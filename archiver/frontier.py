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

from .durable import storage, sync_dir
from .ledger import Entry, UrlOutcome
from .warc import Position

_SCHEMA = """
CREATE TABLE IF NOT EXISTS url (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, urlkey TEXT NOT NULL, host TEXT NOT NULL,
    depth INTEGER NOT NULL, via TEXT NOT NULL, kind TEXT NOT NULL,
    borrowed INTEGER NOT NULL DEFAULT 0, hops INTEGER NOT NULL DEFAULT 0, recalled INTEGER NOT NULL DEFAULT 0,
    outcome TEXT, status INTEGER, reason TEXT NOT NULL DEFAULT '', bytes INTEGER NOT NULL DEFAULT 0,
    timestamp TEXT NOT NULL DEFAULT '', flag TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS waiting ON url (host, id) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS capture (url TEXT NOT NULL, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS page (url TEXT PRIMARY KEY, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_REFILL = 500
_OWN = "NOT borrowed AND (kind <> 'hint' OR outcome IN ('captured', 'unchanged', 'redirect', 'truncated'))"
"""What the day is judged by: URLs of the site, no guesses that were wrong."""


@dataclass(frozen=True, slots=True)
class Known:
    """A URL to ask for."""

    url: str
    depth: int
    """Links away from a seed."""
    via: str
    """Where it was found: a URL, or `seed`, `sitemap`, `robots`, `yesterday`."""
    kind: str
    """`outlink`, `embed` for a part that a page needs, `hint` for a guess, `sitemap` or `robots`."""
    borrowed: bool = False
    """Whether it is out of scope and asked for only because a page of the site needs it as a part."""
    hops: int = 0
    """Redirects in a row that led to it."""
    recalled: bool = False
    """Whether it is known from the day before, and `via` tells where it was found then."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a URL that was asked for, or that will not be."""

    outcome: UrlOutcome
    status: int | None = None
    reason: str = ""
    bytes: int = 0
    timestamp: str = ""
    flag: str = ""
    """What it is instead of a page, where it does not look like one."""


class Frontier:
    """Every known URL of one snapshot, each once; waiting ones by host in the order they were found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage(f"open the frontier {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_dir(path.parent.parent)
        with self._storing():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)
            self._db.execute("BEGIN")
            self._seen = {hash(url) for (url,) in self._db.execute("SELECT url FROM url")}
            hints = self._db.execute("SELECT url FROM url WHERE kind = 'hint'")
            self._guessed = {hash(url) for (url,) in hints}
            hosts = self._db.execute("SELECT DISTINCT host FROM url WHERE outcome IS NULL").fetchall()
        self._waiting: dict[str, deque[Known]] = {}
        self._hosts: dict[str, None] = dict.fromkeys(host for (host,) in hosts)
        self._handed_out: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of known URLs."""
        return len(self._seen)

    def __contains__(self, url: str) -> bool:
        """
        Tell whether a URL is known.

        By its hash, because pages repeat their links; Python's own is 64 bits, and of a hundred thousand URLs
        two collide once in 3.7 billion crawls.
        """
        return hash(url) in self._seen

    def add(self, known: Known, result: Result | None = None) -> bool:
        """Make a URL known, and say whether it was new; with a result it will not be asked for."""
        digest = hash(known.url)
        if digest in self._seen:
            self.confirm(known.url, known.via, known.kind)
            return False
        self._seen.add(digest)
        if known.kind == "hint":
            self._guessed.add(digest)
        host = str(origin(known.url))
        with self._storing():
            self._db.execute(
                "INSERT INTO url "
                "(url, urlkey, host, depth, via, kind, borrowed, hops, recalled, "
                "outcome, status, reason, bytes, timestamp, flag) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (known.url, urlkey(known.url), host, *_told(known), *_columns(result)),
            )
        if result is None:
            self._hosts[host] = None
        return True

    def confirm(self, url: str, via: str, kind: str) -> None:
        """Let what was a guess count, where it is linked to after all."""
        if kind == "hint" or hash(url) not in self._guessed:
            return
        self._guessed.discard(hash(url))
        with self._storing():
            self._db.execute("UPDATE url SET kind=?, via=? WHERE url=? AND kind='hint'", (kind, via, url))

    def reopen(self, known: Known) -> bool:
        """
        Let a URL that was out of scope be asked for after all, and say whether it was.

        A page may need as a part what another page only linked to.
        """
        with self._storing():
            cursor = self._db.execute(
                "UPDATE url SET outcome=NULL, reason='', timestamp='', "
                "depth=?, via=?, kind=?, borrowed=?, hops=?, recalled=? "
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
        """
        Record the one outcome of a known URL, with the index line of what was stored for it.

        Where an earlier try brought an answer and this one none, the answer stays its outcome.
        """
        if capture is None and result.status is None and self._answered(url):
            return
        with self._storing():
            self._db.execute(
                "UPDATE url SET outcome=?, status=?, reason=?, bytes=?, timestamp=?, flag=? WHERE url=?",
                (*_columns(result), url),
            )
        if capture is not None:
            self.add_capture(capture)

    def _answered(self, url: str) -> bool:
        """Tell whether something is stored for a URL; its outcome goes back to what that was."""
        with self._storing():
            cursor = self._db.execute(
                "UPDATE url SET outcome='http-error' WHERE url=? AND status IS NOT NULL", (url,)
            )
        return cursor.rowcount > 0

    def reopen_failed(self) -> None:
        """Let what failed before a stop be asked for again; what is stored for it stays until then."""
        with self._storing():
            self._db.execute(
                "UPDATE url SET outcome=NULL WHERE outcome IN ('network-error', 'timeout') "
                "OR (outcome='http-error' AND status IN (429, 502, 503, 504))"
            )
            hosts = self._db.execute("SELECT DISTINCT host FROM url WHERE outcome IS NULL").fetchall()
        self._hosts |= dict.fromkeys(host for (host,) in hosts)

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
            # asked for again, and not answered yet: what was answered first is its outcome
            self._db.execute(
                "UPDATE url SET outcome='http-error' WHERE outcome IS NULL AND status IS NOT NULL"
            )
            cursor = self._db.execute(
                "UPDATE url SET outcome=?, status=?, reason=?, bytes=?, timestamp=?, flag=? "
                "WHERE outcome IS NULL",
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
            "SELECT url, coalesce(outcome, 'not-reached'), status, reason, via, bytes, timestamp, depth, "
            "kind, borrowed, flag FROM url ORDER BY urlkey, url"
        )
        for url, outcome, *facts in rows:
            entry = Entry(url, UrlOutcome(outcome), *facts)
            yield msgspec.structs.replace(entry, borrowed=bool(entry.borrowed))

    def seed_redirects(self) -> list[str]:
        """Return where the seeds that were asked for lead, in the order of their keys."""
        query = (
            "SELECT capture.line FROM capture JOIN url ON capture.url = url.url "
            "WHERE url.via = 'seed' AND url.outcome = 'redirect' ORDER BY capture.line"
        )
        lines = (parse_line(line) for (line,) in self._db.execute(query))
        return [capture.redirect for capture in lines if capture.redirect]

    def not_modified(self) -> dict[str, str]:
        """Return the URLs that were answered with 304 and are as they were, each with its timestamp."""
        rows = self._db.execute("SELECT url, timestamp FROM url WHERE status = 304 AND outcome = 'unchanged'")
        return dict(rows.fetchall())

    def flag_unchanged(self, url: str, flag: str, evidence: str) -> None:
        """Keep what a URL was taken for, where today's answer was that nothing has changed."""
        with self._storing():
            self._db.execute(
                "UPDATE url SET flag=?, reason=? WHERE url=? AND status=304 AND outcome='unchanged'",
                (flag, evidence, url),
            )

    def settle_recalled(self) -> None:
        """Say `yesterday` of what was known from the day before, but where an unread page still names it."""
        with self._storing():
            self._db.execute(
                "UPDATE url SET via='yesterday' WHERE recalled AND via NOT IN "
                "(SELECT url FROM url WHERE status=304 AND outcome='unchanged')"
            )

    def any_not_modified(self) -> bool:
        """Tell whether a URL was answered with 304, so that its links were not read today."""
        row = self._db.execute("SELECT 1 FROM url WHERE status = 304 AND outcome = 'unchanged' LIMIT 1")
        return row.fetchone() is not None

    def outcome(self, url: str) -> tuple[UrlOutcome | None, int | None] | None:
        """Return outcome and status of a known URL, outcome None while it waits; None for an unknown one."""
        row = self._db.execute("SELECT outcome, status FROM url WHERE url=?", (url,)).fetchone()
        return row and (UrlOutcome(row[0]) if row[0] else None, row[1])

    def counts(self) -> dict[str, int]:
        """Return how many URLs have each outcome so far; waiting ones are left out."""
        return self._counted("outcome IS NOT NULL")

    def own_counts(self) -> dict[str, int]:
        """
        Return the same of what the site itself is made of.

        Nothing borrowed, no robots.txt, no sitemap, and of guesses only those that were right.
        """
        return self._counted(f"outcome IS NOT NULL AND {_OWN} AND kind NOT IN ('robots', 'sitemap')")

    def _counted(self, condition: str) -> dict[str, int]:
        rows = self._db.execute(f"SELECT outcome, count(*) FROM url WHERE {condition} GROUP BY outcome")  # noqa: S608
        return dict(rows.fetchall())

    def server_errors(self) -> int:
        """Return how many URLs of the site's own were answered with 5xx or 429, and stored as that."""
        query = (
            "SELECT count(*) FROM url WHERE (status >= 500 OR status = 429) AND outcome = 'http-error' "  # noqa: S608
            f"AND {_OWN}"
        )
        return int(self._db.execute(query).fetchone()[0])

    def flags(self) -> dict[str, int]:
        """Return how many answers of the site were taken for something else than a page, by what."""
        rows = self._db.execute(
            f"SELECT flag, count(*) FROM url WHERE flag <> '' AND {_OWN} GROUP BY flag"  # noqa: S608
        )
        return dict(rows.fetchall())

    def examined(self) -> int:
        """Return how many answers of the site could have been pages."""
        query = f"SELECT count(*) FROM url WHERE status IS NOT NULL AND kind='outlink' AND {_OWN}"  # noqa: S608
        return int(self._db.execute(query).fetchone()[0])

    def pages_stored(self) -> int:
        """Return how many pages and files of the site's own there are to be shown."""
        query = (
            "SELECT count(*) FROM url WHERE outcome IN ('captured', 'unchanged', 'truncated') "  # noqa: S608
            f"AND kind='outlink' AND {_OWN}"
        )
        return int(self._db.execute(query).fetchone()[0])

    def front_flag(self) -> tuple[str, str] | None:
        """Return for what a seed, or where it led, was taken, and the evidence; None where it was a page."""
        query = (
            "SELECT flag, reason FROM url "
            "WHERE flag <> '' AND (via = 'seed' OR (hops > 0 AND depth = 0)) LIMIT 1"
        )
        row = self._db.execute(query).fetchone()
        return (row[0], row[1]) if row else None

    def note_front(self, characters: int) -> None:
        """Keep how much text the page of a seed has, the longest of them."""
        with self._storing():
            self._db.execute(
                "INSERT INTO meta VALUES ('front', ?1) "
                "ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), ?1)",
                (characters,),
            )

    def front_text(self) -> int | None:
        """Return how many characters of text the page of a seed has; None where none was read today."""
        found = self.meta("front")
        return None if found is None else int(found)

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
                f"The frontier {self._path} cannot be read ({error}): check the disk. "
                "What is sealed is intact."
            ) from error


def _told(known: Known) -> tuple[int, str, str, bool, int, bool]:
    return known.depth, known.via, known.kind, known.borrowed, known.hops, known.recalled


def _columns(result: Result | None) -> tuple[str | None, int | None, str, int, str, str]:
    if result is None:
        return None, None, "", 0, "", ""
    return result.outcome.value, result.status, result.reason, result.bytes, result.timestamp, result.flag
