# SPDX-License-Identifier: EUPL-1.2
"""
The URLs of a running crawl, each once, in SQLite, so that a stopped crawl carries on.

    url       every known URL: waiting, or with its outcome; `id` counts them in the order they were found
    capture   the index lines of what was stored, sorted when the snapshot is sealed; `known` is the id
    page      the pages among them, by the id of their URL
    meta      up to where the WARCs were synced when this state was committed

State and WARCs move together: `commit` stores a position that has just been synced, so after a crash the
state and the WARCs up to that position agree. Outside a commit nothing is promised. One thread uses it.
Every method raises StorageError where the disk refuses, and DamagedError where the file is not what it was.
Knows nothing of HTTP, of robots or of politeness.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from index.cdxj import format_line, parse_line
from index.errors import ArchiveError
from index.model import Capture, Page
from index.urlkey import origin, urlkey

from .durable import storage, sync_dir
from .known import Known, Result
from .ledger import Entry, UrlOutcome
from .record_files import Position
from .retry import AGAIN, CUT_BY_CHANCE
from .sqlite_file import Cursor, open_file
from .tallies import Tallies

FORMAT = 2
"""Version of the tables below: a crawl that another version began is set aside, and begun anew."""

# No index by URL: where each stands is held in memory, and ids come in order, so that a new row goes to the
# end of the table. With an index, adding 50,000 addresses took twice as long, and finishing them half as long
# again.
_TABLES = (
    """CREATE TABLE url (
        id INTEGER PRIMARY KEY, url TEXT NOT NULL, urlkey TEXT NOT NULL, host TEXT NOT NULL,
        depth INTEGER NOT NULL, via TEXT NOT NULL, kind TEXT NOT NULL,
        borrowed INTEGER NOT NULL, hops INTEGER NOT NULL, beyond INTEGER NOT NULL, recalled INTEGER NOT NULL,
        path TEXT, found TEXT NOT NULL,
        outcome TEXT, stood TEXT, status INTEGER, reason TEXT NOT NULL, bytes INTEGER NOT NULL,
        timestamp TEXT NOT NULL, flag TEXT NOT NULL
    )""",
    "CREATE INDEX waiting ON url (host, id) WHERE outcome IS NULL",
    "CREATE TABLE capture (known INTEGER, line BLOB NOT NULL)",
    "CREATE TABLE page (id INTEGER PRIMARY KEY, line BLOB NOT NULL)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_REFILL = 500


class Frontier:
    """Every known URL of one snapshot, each once; waiting ones by host in the order they were found."""

    def __init__(self, path: Path) -> None:
        with storage(f"open the frontier {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_dir(path.parent.parent)
        self._db = open_file(path, "frontier", _TABLES, FORMAT, "journal_mode=WAL", "synchronous=FULL")
        self._writing = self._db.cursor(Cursor)  # for what is told of every URL: making one costs 0.5 µs
        self._ids: dict[int, int] = {}
        self._guessed: set[int] = set()
        self._hosts: dict[str, None] = {}
        self._waiting: dict[str, deque[Known]] = {}
        self._handed_out: dict[str, int] = {}
        try:
            self._carry_on()
        except ArchiveError:
            self._db.close()
            raise

    def _carry_on(self) -> None:
        """Read what is known, and begin the transaction that the first commit ends."""
        for number, url, kind in self._db.execute("SELECT id, url, kind FROM url"):
            self._ids[hash(url)] = number
            if kind == "hint":
                self._guessed.add(hash(url))
        self._last = max(self._ids.values(), default=0)
        self._add_waiting_hosts()
        self._db.execute("BEGIN")

    def _add_waiting_hosts(self) -> None:
        hosts = self._db.execute("SELECT DISTINCT host FROM url WHERE outcome IS NULL").fetchall()
        self._hosts |= dict.fromkeys(host for (host,) in hosts)

    def __len__(self) -> int:
        """Return the number of known URLs."""
        return len(self._ids)

    def __contains__(self, url: str) -> bool:
        """
        Tell whether a URL is known.

        By its hash, because pages repeat their links; Python's own is 64 bits, and of a hundred thousand URLs
        two collide once in 3.7 billion crawls.
        """
        return hash(url) in self._ids

    def add(self, known: Known, result: Result | None = None) -> bool:
        """Make a URL known, and say whether it was new; with a result it will not be asked for."""
        digest = hash(known.url)
        if digest in self._ids:
            self.confirm(known.url, known.via, known.kind)
            return False
        if known.kind == "hint":
            self._guessed.add(digest)
        host = str(origin(known.url))
        self._last += 1
        self._writing.execute(
            "INSERT INTO url VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?)",
            (self._last, known.url, urlkey(known.url), host, *_told(known), *_columns(result)),
        )
        self._ids[digest] = self._last
        if result is None:
            self._hosts[host] = None
        return True

    def confirm(self, url: str, via: str, kind: str) -> None:
        """Let what was a guess count, where it is linked to after all, and where it was found to lead."""
        if kind == "hint" or hash(url) not in self._guessed:
            return
        self._guessed.discard(hash(url))
        values = (kind, via, self._id(url))
        self._db.execute("UPDATE url SET kind=?, via=?, path=NULL WHERE id=? AND kind='hint'", values)
        if (self.outcome(url) or (None,))[0] is UrlOutcome.REDIRECT:
            led = self._db.execute("SELECT url FROM url WHERE via=? AND kind='hint' AND hops > 0", (url,))
            for (target,) in led.fetchall():
                self.confirm(target, url, kind)

    def current(self, known: Known) -> Known:
        """Return a URL as it is known by now: what was handed out as a guess may have been confirmed."""
        if known.kind != "hint" or hash(known.url) in self._guessed:
            return known
        row = self._db.execute("SELECT kind, via FROM url WHERE id=?", (self._id(known.url),)).fetchone()
        return replace(known, kind=row[0], via=row[1], path=None) if row else known

    def reopen(self, known: Known) -> bool:
        """
        Let a URL that was out of scope be asked for after all, and say whether it was.

        A page may need as a part what another page only linked to.
        """
        number = self._id(known.url)
        cursor = self._db.execute(
            "UPDATE url SET outcome=NULL, reason='', timestamp='', "
            "depth=?, via=?, kind=?, borrowed=?, hops=?, beyond=?, recalled=?, path=?, found=? "
            "WHERE id=? AND outcome='out-of-scope' AND status IS NULL",
            (*_told(known), number),
        )
        if number is None or not cursor.rowcount:
            return False
        host = str(origin(known.url))
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
            return self.current(waiting.popleft())
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
        self._writing.execute(
            "UPDATE url SET outcome=?, status=?, reason=?, bytes=?, timestamp=?, flag=? WHERE id=?",
            (*_columns(result), self._id(url)),
        )
        if capture is not None:
            self.add_capture(capture)

    def _answered(self, url: str) -> bool:
        """Tell whether something is stored for a URL; its outcome goes back to what that was."""
        query = "UPDATE url SET outcome=coalesce(outcome, stood) WHERE id=? AND status IS NOT NULL"
        return self._db.execute(query, (self._id(url),)).rowcount > 0

    def reopen_failed(self) -> None:
        """Let what failed before a stop be asked for again; what is stored for it stays until then."""
        cut = " OR ".join("instr(CAST(line AS TEXT), ?)" for _ in CUT_BY_CHANCE)
        statuses = ",".join("?" * len(AGAIN))
        self._db.execute(
            "UPDATE url SET stood=outcome, outcome=NULL WHERE outcome IN ('network-error', 'timeout') "  # noqa: S608
            f"OR (outcome='http-error' AND status IN ({statuses})) "
            f"OR (outcome='truncated' AND id IN (SELECT known FROM capture WHERE {cut}))",
            (*AGAIN, *(f'"truncated":"{word}"' for word in CUT_BY_CHANCE)),
        )
        self._add_waiting_hosts()

    def add_capture(self, capture: Capture) -> None:
        """Keep the index line of a stored record."""
        line = format_line(capture)
        self._writing.execute("INSERT INTO capture VALUES (?, ?)", (self._id(capture.url), line))

    def add_page(self, page: Page) -> None:
        """Keep a known URL for the list of pages, as it was read last."""
        line = msgspec.json.encode(page)
        self._writing.execute("INSERT OR REPLACE INTO page VALUES (?, ?)", (self._ids[hash(page.url)], line))

    def finish_waiting(self, result: Result) -> int:
        """Give every URL that is still waiting the same outcome, and return how many there were."""
        # asked for again, and not answered yet: what was answered first is its outcome
        self._db.execute("UPDATE url SET outcome=stood WHERE outcome IS NULL AND status IS NOT NULL")
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
        """Return where seeds that were asked for lead, over any number of redirects, in the order of keys."""
        query = (
            "WITH RECURSIVE led(id, url) AS (SELECT id, url FROM url WHERE via = 'seed' UNION "
            "SELECT next.id, next.url FROM url AS next JOIN led ON next.via = led.url WHERE next.hops > 0) "
            "SELECT line FROM capture JOIN led ON known = id ORDER BY line"
        )
        lines = (parse_line(line) for (line,) in self._db.execute(query))
        return [capture.redirect for capture in lines if capture.redirect]

    def flag_unchanged(self, url: str, flag: str, evidence: str) -> None:
        """Keep what a URL was taken for, where today's answer was that nothing has changed."""
        self._db.execute(
            "UPDATE url SET flag=?, reason=? WHERE id=? AND status=304 AND outcome='unchanged'",
            (flag, evidence, self._id(url)),
        )

    def settle_recalled(self) -> None:
        """Say `yesterday` of what was known from the day before, but where an unread page still names it."""
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
        query = "SELECT outcome, status FROM url WHERE id=?"
        row = self._db.execute(query, (self._id(url),)).fetchone()
        return row and (UrlOutcome(row[0]) if row[0] else None, row[1])

    def counts(self) -> dict[str, int]:
        """Return how many URLs have each outcome so far; waiting ones are left out."""
        query = "SELECT outcome, count(*) FROM url WHERE outcome IS NOT NULL GROUP BY outcome"
        return dict(self._db.execute(query).fetchall())

    def tallies(self) -> Tallies:
        """Return what the day is judged by."""
        return Tallies(self._db)

    def note_front(self, characters: int) -> None:
        """Keep how much text the page of a seed has, the longest of them."""
        self._db.execute(
            "INSERT INTO meta VALUES ('front', ?1) "
            "ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), ?1)",
            (characters,),
        )

    def index_lines(self) -> Iterator[bytes]:
        """Yield the index lines of everything stored, sorted bytewise."""
        for (line,) in self._db.execute("SELECT line FROM capture ORDER BY line"):
            yield line

    def pages(self) -> Iterator[Page]:
        """Yield the pages in the order of their URLs' keys."""
        rows = self._db.execute("SELECT page.line FROM page JOIN url USING (id) ORDER BY urlkey, url")
        decoder = msgspec.json.Decoder(Page)
        for (line,) in rows:
            yield decoder.decode(line)

    def flag(self, url: str, flag: str, evidence: str) -> None:
        """Keep what a page that is stored already was found to be instead, where nothing else was."""
        self._db.execute(
            "UPDATE url SET flag=?, reason=coalesce(nullif(reason, ''), ?) "
            "WHERE id=? AND flag='' AND outcome IN ('captured', 'unchanged')",
            (flag, evidence, self._id(url)),
        )

    def close(self) -> None:
        """Close without committing."""
        self._db.close()

    def _refill(self, host: str, waiting: deque[Known]) -> None:
        rows = self._db.execute(
            "SELECT id, url, depth, via, kind, borrowed, hops, beyond, recalled, path, found FROM url "
            "WHERE host=? AND id>? AND outcome IS NULL ORDER BY id LIMIT ?",
            (host, self._handed_out.get(host, 0), _REFILL),
        ).fetchall()
        for number, url, depth, via, kind, borrowed, hops, beyond, recalled, path, found in rows:
            further = bool(borrowed), hops, beyond, bool(recalled), path, found
            waiting.append(Known(url, depth, via, kind, *further))
            self._handed_out[host] = number

    def _id(self, url: str) -> int | None:
        return self._ids.get(hash(url))


def _told(known: Known) -> tuple[int, str, str, bool, int, int, bool, str | None, str]:
    further = known.hops, known.beyond, known.recalled, known.path, known.found
    return known.depth, known.via, known.kind, known.borrowed, *further


def _columns(result: Result | None) -> tuple[str | None, int | None, str, int, str, str]:
    if result is None:
        return None, None, "", 0, "", ""
    return result.outcome.value, result.status, result.reason, result.bytes, result.timestamp, result.flag
