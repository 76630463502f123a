# SPDX-License-Identifier: EUPL-1.2
"""
One crawl of one site: ask, store, find more, until every known URL has its outcome.

    frontier ──next──▶ threads: fetch, read links and text ──▶ one thread: write WARC, finish, add links
        ▲                                                                        │
        └────────────────────────────────────────────────────────────────────────┘

Only the thread that calls `run` touches the frontier and the WARCs. About once a second both are synced
together (a group sync); what came after it is asked for again after a crash. Knows nothing of sealing.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from index.cdxj import Index
from index.errors import DamagedError
from index.model import Capture, Page
from index.timestamp import to_timestamp
from index.urlkey import normalise, origin

from . import robots
from .collection import SnapshotFolder
from .exchange import Exchange, Failure
from .fetch import Fetcher
from .frontier import Frontier, Known, Result
from .ledger import UrlOutcome, read, still_known
from .payload import decode
from .reading import Read, read_page, read_sitemaps
from .scope import scope_of
from .settings import Site
from .warc import Reference, WarcFiles, original_of, refer

SYNC_SECONDS = 1.0
MAX_ROBOTS_HOPS = 5
MAX_ROBOTS = 1 << 20
"""Bytes of robots.txt that are read; RFC 9309 section 2.5 asks for at least 500 KiB."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a crawl is, for whoever shows it."""

    known: int
    done: int
    bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The snapshot before this one: what it knew, and where a payload of the site's past lies."""

    folder: SnapshotFolder
    find: Callable[[str, str], Path]
    """(snapshot, filename) → path of that WARC."""

    @property
    def index(self) -> Index:
        """Its CDXJ."""
        return self.folder.index

    def reference(self, exchange: Exchange) -> Reference | None:
        """
        Return the stored response with the same payload, if the URL had it in that snapshot.

        None as well where that record cannot be read: then the body is stored again, and nothing is lost.
        """
        capture = self.index.find(exchange.url)
        if capture is None or (capture.effective_status, capture.digest) != (exchange.status, exchange.payload_digest):
            return None
        if capture.truncated or capture.content_type != exchange.mime:
            return None
        original = original_of(capture, self.folder.timestamp)
        try:
            return refer(self.find(original.snapshot, original.filename), original)
        except DamagedError as error:
            logger.warning("stored-again", url=exchange.url, reason=str(error))
            return None


@dataclass(slots=True)
class _Host:
    """Politeness towards one origin."""

    delay: float
    ready_at: float = 0.0
    active: int = 0
    rules: robots.Rules | None = None
    asking_robots: bool = False


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a thread brings back for one URL."""

    known: Known
    answer: Exchange | Failure
    read: Read = Read()


@dataclass(frozen=True, slots=True)
class _RobotsVisit:
    host: str
    visits: tuple[_Visit, ...]
    rules: robots.Rules


@dataclass(slots=True)
class Crawl:
    """A crawl with all it works on. `run` it once."""

    site: Site
    frontier: Frontier
    files: WarcFiles
    new_fetcher: Callable[[], Fetcher]
    previous: Previous | None
    deduplicate: bool
    now: Callable[[], datetime]
    stop: threading.Event
    report: Callable[[Progress], None]
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _done: queue.Queue[_Visit | _RobotsVisit] = field(default_factory=queue.Queue)
    _in_flight: int = 0
    _asked: int = 0
    _finished: int = 0
    _bytes: int = 0
    _local: threading.local = field(default_factory=threading.local)
    _in_scope: Callable[[str], bool] = field(init=False)

    def __post_init__(self) -> None:
        self._in_scope = scope_of(self.site)

    def run(self) -> bool:
        """
        Crawl until nothing is waiting, and return True; False where it was stopped before, resumable.

        Raises StorageError where the disk refuses; what was synced until then is intact.
        """
        self._asked = self._finished = sum(self.frontier.counts().values())
        self._seed()
        last_sync = time.monotonic()
        with ThreadPoolExecutor(max(4, self.site.connections), thread_name_prefix="fetch") as pool:
            while self._more(pool):
                for visit in self._arrived():
                    self._take(visit)
                if time.monotonic() - last_sync > SYNC_SECONDS:
                    self.commit()
                    last_sync = time.monotonic()
        self.commit()
        return not self.stop.is_set()

    def commit(self) -> None:
        """Group sync: WARCs first, then the state that speaks of them. After this line a crash loses nothing."""
        self.frontier.commit(self.files.sync())

    def _seed(self) -> None:
        for seed in self.site.seeds:
            if url := normalise(seed):
                self._know(Known(url, 0, "seed", "outlink"))

    def _more(self, pool: ThreadPoolExecutor) -> bool:
        """Hand out what may be asked now, and say whether anything is left to wait for."""
        if self.stop.is_set():
            return self._in_flight > 0
        self._dispatch(pool)
        if self._in_flight or self.frontier.hosts():
            return True
        return self._add_yesterday()

    def _add_yesterday(self) -> bool:
        """Once nothing else is left, ask for what yesterday knew and nobody links to any more."""
        if self.previous is None or self.frontier.meta("yesterday"):
            return False
        added = 0
        for entry in still_known(read(self.previous.folder.ledger_path)):
            if self._in_scope(entry.url) and self.frontier.add(Known(entry.url, entry.depth, "yesterday", "outlink")):
                added += 1
        self.frontier.commit(self.files.sync(), yesterday="asked")
        return added > 0

    def _dispatch(self, pool: ThreadPoolExecutor) -> None:
        for name in self.frontier.hosts():
            host = self._hosts.setdefault(name, _Host(self.site.delay))
            while not host.asking_robots and host.active < self.site.connections and host.ready_at <= time.monotonic():
                if host.rules is None:
                    self._submit(pool, host, self._visit_robots, name)
                    host.asking_robots = True
                elif (known := self._next_allowed(name, host.rules)) is not None:
                    self._submit(pool, host, self._visit, known)
                else:
                    break

    def _next_allowed(self, name: str, rules: robots.Rules) -> Known | None:
        while (known := self.frontier.next(name)) is not None:
            if self.site.robots == "ignore" or known.kind == "robots" or rules.allows(known.url):
                return known
            self._settle(known, UrlOutcome.ROBOTS, "robots.txt does not allow it")
        return None

    def _submit(self, pool: ThreadPoolExecutor, host: _Host, work: Callable[..., _Visit | _RobotsVisit], what: object) -> None:
        host.active += 1
        host.ready_at = time.monotonic() + host.delay
        self._in_flight += 1
        pool.submit(lambda: self._done.put(work(what)))

    def _arrived(self) -> Iterator[_Visit | _RobotsVisit]:
        """Yield what has come back; wait for the first until the next host may be asked again."""
        try:
            yield self._done.get(timeout=self._pause())
            while True:
                yield self._done.get_nowait()
        except queue.Empty:
            return

    def _pause(self) -> float:
        waits = [
            host.ready_at - time.monotonic()
            for name in self.frontier.hosts()
            if (host := self._hosts.get(name)) and host.active < self.site.connections and not host.asking_robots
        ]
        return min(max(min(waits, default=0.2), 0.001), 0.2)

    # In the threads

    def _fetcher(self) -> Fetcher:
        if not hasattr(self._local, "fetcher"):
            self._local.fetcher = self.new_fetcher()
        fetcher: Fetcher = self._local.fetcher
        return fetcher

    def _visit(self, known: Known) -> _Visit:
        answer = self._ask(known.url)
        if isinstance(answer, Failure) or answer.status != 200:
            return _Visit(known, answer)
        try:
            return _Visit(known, answer, read_sitemaps(answer) if known.kind == "sitemap" else read_page(answer))
        except Exception as error:  # noqa: BLE001  whatever a hostile body does to a parser, the body is kept
            logger.warning("unreadable", url=known.url, error=repr(error))
            return _Visit(known, answer, Read(note=f"its links could not be read ({type(error).__name__})"))

    def _ask(self, url: str) -> Exchange | Failure:
        try:
            return self._fetcher().fetch(url)
        except Exception as error:  # noqa: BLE001  one URL must not end the crawl of all others
            logger.exception("fetch-fault", url=url)
            return Failure(url, self.now(), "network-error", f"the request failed inside the crawler: {error!r}")

    def _visit_robots(self, name: str) -> _RobotsVisit:
        """Ask for robots.txt, over at most five redirects (RFC 9309 section 2.3.1.2)."""
        url: str | None = f"{name}/robots.txt"
        visits: list[_Visit] = []
        while url and len(visits) <= MAX_ROBOTS_HOPS:
            answer = self._ask(url)
            visits.append(_Visit(Known(url, 0, "robots", "robots"), answer))
            if isinstance(answer, Failure):
                return _RobotsVisit(name, tuple(visits), robots.unreachable())
            if not 300 <= answer.status < 400:
                body = decode(answer.payload(), answer.header("content-encoding"), MAX_ROBOTS)
                return _RobotsVisit(name, tuple(visits), robots.parse(answer.status, body.data, self.site.user_agent))
            url = normalise(answer.header("location") or "", url)
        return _RobotsVisit(name, tuple(visits), robots.parse(404, b"", self.site.user_agent))

    # In the one thread that stores

    def _take(self, visit: _Visit | _RobotsVisit) -> None:
        self._in_flight -= 1
        if isinstance(visit, _RobotsVisit):
            self._take_robots(visit)
            return
        self._hosts[str(origin(visit.known.url))].active -= 1
        self._store(visit)

    def _take_robots(self, visit: _RobotsVisit) -> None:
        host = self._hosts[visit.host]
        host.active -= 1
        host.asking_robots = False
        host.rules = visit.rules
        host.delay = max(self.site.delay, visit.rules.crawl_delay or 0.0 if self.site.robots == "obey" else 0.0)
        for one in visit.visits:
            # a robots.txt that was known already, by a link or before a stop, keeps the outcome it gets now
            self.frontier.add(one.known)
            self._store(one)
        if self._in_scope(f"{visit.host}/"):
            for url in visit.rules.sitemaps or [f"{visit.host}/sitemap.xml"]:
                if found := normalise(url, f"{visit.host}/"):
                    self._know(Known(found, 0, "robots" if visit.rules.sitemaps else "sitemap", "sitemap"))

    def _store(self, visit: _Visit) -> None:
        if isinstance(visit.answer, Failure):
            failure = visit.answer
            result = Result(UrlOutcome(failure.outcome), reason=failure.reason, timestamp=to_timestamp(failure.date))
            self._finish(visit.known, result)
            return
        exchange = visit.answer
        same = self.previous.reference(exchange) if self.previous and self._may_refer(exchange) else None
        capture = self.files.exchange(exchange, same)
        outcome = _outcome(exchange, unchanged=same is not None)
        reason = exchange.reason or visit.read.note
        self._finish(
            visit.known, Result(outcome, exchange.status, reason, exchange.length, capture.timestamp), capture
        )
        self._keep_text(visit, capture, new=same is None)
        self._follow(visit, capture)
        exchange.close()

    def _may_refer(self, exchange: Exchange) -> bool:
        return self.deduplicate and exchange.status == 200 and exchange.payload_length > 0 and not exchange.truncated

    def _keep_text(self, visit: _Visit, capture: Capture, *, new: bool) -> None:
        if visit.read.page is None or not isinstance(visit.answer, Exchange):
            return
        title, language, text = visit.read.page
        self.frontier.add_page(Page(capture.url, capture.timestamp, title, language))
        if new:
            uri, data = f"urn:text:{capture.url}", text.encode("utf-8", "replace")
            self.frontier.add_capture(self.files.resource(uri, "text/plain; charset=utf-8", data, visit.answer.date))

    def _follow(self, visit: _Visit, capture: Capture) -> None:
        """Make known what a response leads to. Parts of a page are one step nearer than what it links to."""
        known, read = visit.known, visit.read
        if capture.redirect and known.kind != "robots":
            self._discover(capture.redirect, known, known.kind, 0)
        for url in read.sitemaps:
            self._discover(url, known, "sitemap", 1)
        for url in read.listed:
            self._discover(url, known, "outlink", 1)
        if known.kind == "embed" or self._in_scope(known.url):
            for link in read.links:
                nearer = link.kind == "embed" and known.kind != "embed"
                self._discover(link.url, known, link.kind, 0 if nearer else 1)

    def _discover(self, url: str, source: Known, kind: str, further: int) -> None:
        if kind != "hint":
            self._know(Known(url, source.depth + further, source.url, kind))

    def _know(self, known: Known) -> None:
        """Make a URL known, to be asked for or with the reason why not."""
        refused: tuple[UrlOutcome, str] | None = None
        if known.kind != "embed" and not self._in_scope(known.url):
            refused = UrlOutcome.OUT_OF_SCOPE, "not within the scope of the site"
        elif known.depth > self.site.max_depth:
            refused = UrlOutcome.OVER_LIMIT, f"more than max_depth = {self.site.max_depth} links from a seed"
        elif self._asked >= self.site.max_urls:
            refused = UrlOutcome.OVER_LIMIT, f"more than max_urls = {self.site.max_urls} addresses"
        if refused is None:
            self._asked += self.frontier.add(known)
        else:
            self.frontier.add(known, Result(refused[0], reason=refused[1], timestamp=to_timestamp(self.now())))

    def _settle(self, known: Known, outcome: UrlOutcome, reason: str) -> None:
        self._finish(known, Result(outcome, reason=reason, timestamp=to_timestamp(self.now())))

    def _finish(self, known: Known, result: Result, capture: Capture | None = None) -> None:
        self.frontier.finish(known.url, result, capture)
        self._finished += 1
        self._bytes += result.bytes
        self.report(Progress(max(self._asked, self._finished), self._finished, self._bytes, known.url))


def _outcome(exchange: Exchange, *, unchanged: bool) -> UrlOutcome:
    if exchange.truncated:
        return UrlOutcome.TRUNCATED
    if unchanged:
        return UrlOutcome.UNCHANGED
    if 300 <= exchange.status < 400 and exchange.header("location"):
        return UrlOutcome.REDIRECT
    return UrlOutcome.CAPTURED if exchange.status < 400 else UrlOutcome.HTTP_ERROR
