# SPDX-License-Identifier: EUPL-1.2
"""
One crawl of one site: ask, store, find more, until every known URL has its outcome.

    frontier ──next──▶ asking: threads fetch and read ──▶ one thread: write WARC, finish, add links
        ▲                                                                        │
        └────────────────────────────────────────────────────────────────────────┘

Only the thread that calls `run` touches the frontier and the WARCs. About once a second both are synced
together (a group sync); what came after it is asked for again after a crash. Politeness is per host name,
robots.txt per origin (RFC 9309 section 2.3). Knows nothing of sealing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
import structlog

from index.errors import DamagedError
from index.model import Capture, Page
from index.timestamp import to_timestamp
from index.urlkey import normalise, origin

from . import robots
from .asking import Askers, Fault, RobotsVisit, Visit
from .exchange import Exchange, Failure
from .fetch import Fetcher
from .frontier import Frontier, Known, Result
from .ledger import UrlOutcome, read, still_known
from .past import Previous
from .scope import excluded, same_domain, scope_of
from .settings import Site
from .warc import WarcFiles

SYNC_SECONDS = 1.0
MAX_HOPS = 20
"""Redirects in a row that are followed, as many as browsers follow (Fetch standard, HTTP-redirect fetch)."""
PATIENCE = 5.0
"""Seconds that a crawl which is asked to stop waits for answers that are on their way."""
SPARE_THREADS = 4
"""Threads beyond `connections`, so that one slow host does not keep all others waiting."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a crawl is, for whoever shows it."""

    known: int
    done: int
    bytes: int
    url: str


@dataclass(slots=True)
class _Host:
    """Politeness towards one host name."""

    delay: float
    asked_at: float = float("-inf")
    active: int = 0

    def wait(self) -> float:
        """Return the seconds until it may be asked again."""
        return self.asked_at + self.delay - time.monotonic()


@dataclass(slots=True)
class _Origin:
    """What one origin asks of us."""

    host: _Host
    rules: robots.Rules | None = None
    asking_robots: bool = False
    closed: tuple[UrlOutcome, str] | None = None
    """Why nothing may be asked for, where its robots.txt could not be had."""


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
    _origins: dict[str, _Origin] = field(default_factory=dict)
    _asked: int = 0
    _finished: int = 0
    _bytes: int = 0
    _stopping_since: float | None = None
    _askers: Askers = field(init=False)
    _in_scope: Callable[[str], bool] = field(init=False)

    def __post_init__(self) -> None:
        self._in_scope = scope_of(self.site)

    def run(self) -> bool:
        """
        Crawl until nothing is waiting, and return True; False where it was stopped before, resumable.

        Raises StorageError where the disk refuses; what was synced until then is intact.
        """
        counts = self.frontier.counts()
        self._finished = sum(counts.values())
        self._asked = len(self.frontier) - sum(counts.get(refused, 0) for refused in _REFUSED)
        self._askers = Askers(
            self.site.connections + SPARE_THREADS, self.new_fetcher, self.site.user_agent, self.now
        )
        try:
            self._seed()
            self._go_on()
        finally:
            self._askers.close(0.1)
        self.commit()
        return not self.stop.is_set()

    def commit(self) -> None:
        """Sync the WARCs, then the state that speaks of them. After this a crash loses nothing."""
        self.frontier.commit(self.files.sync())

    def _go_on(self) -> None:
        last_sync = time.monotonic()
        while self._more():
            for brought in self._askers.arrived(self._pause()):
                self._take(brought)
            if time.monotonic() - last_sync > SYNC_SECONDS:
                self.commit()
                last_sync = time.monotonic()

    def _seed(self) -> None:
        for target in self.frontier.seed_redirects():
            self._move_seed(target)
        for seed in self.site.seeds:
            if url := normalise(seed):
                self._know(Known(url, 0, "seed", "outlink"))

    def _more(self) -> bool:
        """Hand out what may be asked now, and say whether anything is left to wait for."""
        if self.stop.is_set():
            now = time.monotonic()
            self._stopping_since = self._stopping_since or now
            return self._askers.under_way > 0 and now - self._stopping_since < PATIENCE
        self._dispatch()
        if self._askers.under_way or self.frontier.hosts():
            return True
        return self._add_yesterday()

    def _add_yesterday(self) -> bool:
        """Once nothing else is left, ask for what yesterday knew and nobody links to any more."""
        if self.previous is None or self.frontier.meta("yesterday"):
            return False
        try:
            for entry in still_known(read(self.previous.newest.ledger_path)):
                if self._in_scope(entry.url):
                    self._know(Known(entry.url, entry.depth, "yesterday", "outlink"))
        except DamagedError as error:
            logger.warning("yesterday-unknown", reason=str(error))
        self.frontier.commit(self.files.sync(), yesterday="asked")
        return bool(self.frontier.hosts())

    # Politeness

    def _dispatch(self) -> None:
        for name in self.frontier.hosts():
            place = self._origin(name)
            while self._may_ask(place) and self._ask_next(name, place):
                place.host.asked_at = time.monotonic()
                place.host.active += 1

    def _origin(self, name: str) -> _Origin:
        if name not in self._origins:
            host = self._hosts.setdefault(origin(f"{name}/").host, _Host(self.site.delay))
            self._origins[name] = _Origin(host)
        return self._origins[name]

    def _may_ask(self, place: _Origin) -> bool:
        return self._has_room(place) and self._askers.free and place.host.wait() <= 0

    def _has_room(self, place: _Origin) -> bool:
        return place.host.active < self.site.connections and not place.asking_robots

    def _ask_next(self, name: str, place: _Origin) -> bool:
        """Have the next URL of an origin asked for, its robots.txt first; False where none is waiting."""
        if place.rules is None:
            place.asking_robots = True
            self._askers.submit(name)
            return True
        known = self._next_allowed(name, place)
        if known is not None:
            self._askers.submit(known)
        return known is not None

    def _next_allowed(self, name: str, place: _Origin) -> Known | None:
        assert place.rules is not None
        while (known := self.frontier.next(name)) is not None:
            if self.site.robots == "ignore" or (place.closed is None and place.rules.allows(known.url)):
                return known
            outcome, reason = place.closed or (UrlOutcome.ROBOTS, "robots.txt does not allow it")
            self._finish(known, Result(outcome, reason=reason, timestamp=to_timestamp(self.now())))
        return None

    def _pause(self) -> float:
        """Return how many seconds to wait for answers before a host may be asked again."""
        if not self._askers.free:
            return 0.2
        places = map(self._origin, self.frontier.hosts())
        waits = [place.host.wait() for place in places if self._has_room(place)]
        return min(max(min(waits, default=0.2), 0.001), 0.2)

    # What came back

    def _take(self, brought: Visit | RobotsVisit | Fault) -> None:
        if isinstance(brought, Fault):
            raise brought.error
        if isinstance(brought, RobotsVisit):
            self._take_robots(brought)
            return
        self._origin(str(origin(brought.known.url))).host.active -= 1
        self._store(brought)

    def _take_robots(self, visit: RobotsVisit) -> None:
        place = self._origin(visit.origin)
        place.host.active -= 1
        place.asking_robots = False
        place.rules = visit.rules
        place.closed = _closed(visit.visits[-1].answer)
        if self.site.robots == "obey":
            place.host.delay = max(place.host.delay, visit.rules.crawl_delay or 0.0)
        own = self._in_scope(f"{visit.origin}/")
        for one in visit.visits:
            # a robots.txt that was known already, by a link or before a stop, keeps the outcome it gets now
            known = one.known if own else replace(one.known, borrowed=True)
            self._asked += self.frontier.add(known, Result(UrlOutcome.NOT_REACHED))
            self._store(one)
        if own:
            for url in visit.rules.sitemaps or [f"{visit.origin}/sitemap.xml"]:
                if found := normalise(url, f"{visit.origin}/"):
                    self._know(Known(found, 0, "robots" if visit.rules.sitemaps else "sitemap", "sitemap"))

    def _store(self, visit: Visit) -> None:
        if isinstance(visit.answer, Failure):
            failure = visit.answer
            result = Result(
                UrlOutcome(failure.outcome), reason=failure.reason, timestamp=to_timestamp(failure.date)
            )
            self._finish(visit.known, result)
            return
        try:
            self._store_exchange(visit, visit.answer)
        finally:
            visit.answer.close()

    def _store_exchange(self, visit: Visit, exchange: Exchange) -> None:
        same = self.previous.reference(exchange) if self.previous and self._may_refer(exchange) else None
        capture = self.files.exchange(exchange, same)
        outcome = _outcome(exchange, unchanged=same is not None)
        reason = exchange.reason or visit.read.note
        result = Result(outcome, exchange.status, reason, exchange.length, capture.timestamp)
        self._finish(visit.known, result, capture)
        self._keep_text(visit, exchange, capture, new=same is None)
        self._follow(visit, capture)

    def _may_refer(self, exchange: Exchange) -> bool:
        return (
            self.deduplicate
            and exchange.status == 200
            and exchange.payload_length > 0
            and not exchange.truncated
        )

    def _keep_text(self, visit: Visit, exchange: Exchange, capture: Capture, *, new: bool) -> None:
        if visit.read.page is None:
            return
        title, language, text = visit.read.page
        self.frontier.add_page(Page(capture.url, capture.timestamp, title, language))
        if new:
            uri, data = f"urn:text:{capture.url}", text.encode("utf-8", "replace")
            self.frontier.add_capture(
                self.files.resource(uri, "text/plain; charset=utf-8", data, exchange.date)
            )

    def _follow(self, visit: Visit, capture: Capture) -> None:
        """Make known what a response leads to. Parts of a page are one step nearer than what it links to."""
        known, read = visit.known, visit.read
        if capture.redirect and known.kind != "robots":
            if known.via == "seed":
                self._move_seed(capture.redirect)
            self._know(Known(capture.redirect, known.depth, known.url, known.kind, hops=known.hops + 1))
        for url in read.sitemaps:
            self._discover(url, known, "sitemap", 1)
        for url in read.listed:
            self._discover(url, known, "outlink", 1)
        if known.kind == "embed" or self._in_scope(known.url):
            for link in read.links:
                nearer = link.kind == "embed" and known.kind != "embed"
                self._discover(link.url, known, link.kind, 0 if nearer else 1)

    def _move_seed(self, url: str) -> None:
        """
        Take the address a seed leads to for a seed as well, where both are of one registrable domain.

        `https://example.org/` that answers with a redirect to `https://www.example.org/` is how many sites
        begin, and an archive of the redirect alone is not what anybody asked for.
        """
        if not self._in_scope(url) and any(same_domain(url, seed) for seed in self.site.seeds):
            self.site = msgspec.structs.replace(self.site, seeds=(*self.site.seeds, url))
            self._in_scope = scope_of(self.site)
            logger.info("seed-moved", site=self.site.name, url=url)

    def _discover(self, url: str, source: Known, kind: str, further: int) -> None:
        if kind != "hint":
            self._know(Known(url, source.depth + further, source.url, kind))

    def _know(self, known: Known) -> None:
        """Make a URL known, to be asked for or with the reason why not."""
        refused: tuple[UrlOutcome, str] | None = None
        if not self._in_scope(known.url):
            if known.kind != "embed" or not self._may_borrow(known.url):
                refused = UrlOutcome.OUT_OF_SCOPE, "not within the scope of the site"
            known = replace(known, borrowed=True)
        elif known.depth > self.site.max_depth:
            refused = UrlOutcome.OVER_LIMIT, f"more than max_depth = {self.site.max_depth} links from a seed"
        elif known.hops > MAX_HOPS:
            refused = UrlOutcome.OVER_LIMIT, f"more than {MAX_HOPS} redirects in a row"
        elif self._asked >= self.site.max_urls:
            refused = UrlOutcome.OVER_LIMIT, f"more than max_urls = {self.site.max_urls} addresses"
        if refused is None:
            self._asked += self.frontier.add(known) or (known.borrowed and self.frontier.reopen(known))
        else:
            self.frontier.add(
                known, Result(refused[0], reason=refused[1], timestamp=to_timestamp(self.now()))
            )

    def _may_borrow(self, url: str) -> bool:
        """Tell whether a part on another host may be fetched, one hop out of scope."""
        return self.site.embeds == "anywhere" and not excluded(self.site, url)

    def _finish(self, known: Known, result: Result, capture: Capture | None = None) -> None:
        self.frontier.finish(known.url, result, capture)
        self._finished += 1
        self._bytes += result.bytes
        self.report(Progress(max(self._asked, self._finished), self._finished, self._bytes, known.url))


_REFUSED = (UrlOutcome.OUT_OF_SCOPE, UrlOutcome.OVER_LIMIT)
"""Outcomes of URLs that are known and were not asked for by our own decision."""


def _closed(answer: Exchange | Failure) -> tuple[UrlOutcome, str] | None:
    """Return why an origin may not be asked for anything, from the answer to its robots.txt."""
    if isinstance(answer, Failure):
        return UrlOutcome(answer.outcome), answer.reason
    if answer.status >= 500:
        return UrlOutcome.ROBOTS, f"robots.txt was answered with {answer.status}, which forbids everything"
    return None


def _outcome(exchange: Exchange, *, unchanged: bool) -> UrlOutcome:
    if exchange.truncated:
        return UrlOutcome.TRUNCATED
    if unchanged:
        return UrlOutcome.UNCHANGED
    if 300 <= exchange.status < 400 and exchange.header("location"):
        return UrlOutcome.REDIRECT
    return UrlOutcome.CAPTURED if exchange.status < 400 else UrlOutcome.HTTP_ERROR
