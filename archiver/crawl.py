# SPDX-License-Identifier: EUPL-1.2
"""
One crawl of one site: ask, store, find more, until every known URL has its outcome.

    frontier ──next──▶ asking: threads fetch and read ──▶ one thread: write WARC, finish, add links
        ▲                                                                        │
        └──────────────────── intake: in scope? too deep? ◀──────────────────────┘

Only the thread that calls `run` touches the frontier and the WARCs. About once a second both are synced
together (a group sync); what came after it is asked for again after a crash. Knows nothing of sealing.
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
from index.model import Capture
from index.timestamp import to_timestamp
from index.urlkey import normalise, origin

from .again import Again
from .asking import Ask, Askers, Fault, RobotsVisit, Visit
from .capturing import Capturing, ConditionLostError
from .discovery import STEPS
from .exchange import Exchange, Failure, address_text
from .fetch import Fetcher
from .frontier import Frontier
from .intake import Intake
from .known import Known, Result
from .ledger import PROBE, UNLISTED, Entry, UrlOutcome, read
from .past import Previous
from .politeness import Place, Politeness
from .probes import REASON, Probes
from .reading import Read
from .retry import Answer, retry_after
from .settings import Site
from .spelling import as_found
from .suspicion import Kind
from .warc import WarcFiles

SYNC_SECONDS = 1.0
PATIENCE = 10.0
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
    new_name: Callable[[], str]
    """Returns a name that no page of a site has (archiver.probes)."""
    _finished: int = 0
    _bytes: int = 0
    _stopping_since: float | None = None
    _again: Again = field(init=False)
    _askers: Askers = field(init=False)
    _capturing: Capturing = field(init=False)
    _intake: Intake = field(init=False)
    _politeness: Politeness = field(init=False)
    _probes: Probes = field(init=False)

    def __post_init__(self) -> None:
        site = self.site
        self._intake = Intake(site, self.frontier, self.now)
        self._capturing = Capturing(self.frontier, self.files, self.previous, self.deduplicate)
        self._politeness = Politeness(site.delay, site.connections, site.max_wait, time.monotonic)
        self._again = Again(site.retries, site.retry_wait)
        self._probes = Probes(self.new_name, self._in_scope, Kind.SOFT_404 in site.suspicion.ignore)
        self._probes.resume(self.frontier.meta("probes"))
        self._finished = sum(self.frontier.counts().values())

    def run(self) -> bool:
        """
        Crawl until nothing is waiting, and return True; False where it was stopped before, resumable.

        Raises StorageError where the disk refuses; what was synced until then is intact.
        """
        if self.frontier.meta("closed"):
            return True  # its ledger is written: nothing may come to it any more
        self._askers = Askers(self.site.connections + SPARE_THREADS, self.new_fetcher, self.site, self.now)
        try:
            self.frontier.reopen_failed()
            self._intake.seeds()
            self._go_on()
        finally:
            self._askers.close(0.1)
        self.commit()
        return not self.stop.is_set()

    def commit(self, **meta: str) -> None:
        """Sync the WARCs, then the state that speaks of them. After this a crash loses nothing."""
        if probes := self._probes.unsaved():
            meta["probes"] = probes
        if self._intake.unlisted:
            meta[UNLISTED] = str(self._intake.unlisted)
        self.frontier.commit(self.files.sync(), **meta)

    def _go_on(self) -> None:
        last_sync = time.monotonic()
        while self._more():
            for brought in self._askers.arrived(self._pause()):
                self._take(brought)
            if time.monotonic() - last_sync > SYNC_SECONDS:
                self.commit()
                last_sync = time.monotonic()

    def _more(self) -> bool:
        """Hand out what may be asked now, and say whether anything is left to wait for."""
        if self.stop.is_set():
            now = time.monotonic()
            self._stopping_since = self._stopping_since or now
            return self._askers.under_way > 0 and now - self._stopping_since < PATIENCE
        self._dispatch()
        if self._askers.under_way or self.frontier.hosts() or self._again.waiting:
            return True
        return self._add_yesterday()

    def _add_yesterday(self) -> bool:
        """
        Once nothing else is left, ask for what yesterday knew and nobody links to any more.

        First for what the site had; then, when it is known which pages were not read today because they are
        as they were, for what those name.
        """
        if self.previous is None:
            return False
        if not self.frontier.meta("yesterday"):
            stored = self.previous.stored
            self._recall(lambda entry: self._intake.recall(entry, stored))
            self.commit(yesterday="asked")
        if not self.frontier.hosts() and not self.frontier.meta("unread"):
            if self.frontier.any_not_modified():
                self._recall(self._intake.recall_unread)
            self.commit(unread="asked")
        return bool(self.frontier.hosts())

    def _recall(self, take: Callable[[Entry], None]) -> None:
        assert self.previous is not None
        try:
            for entry in read(self.previous.newest.ledger_path):
                if entry.lasting:
                    take(entry)
        except DamagedError as error:
            logger.warning("yesterday-unknown", reason=str(error))

    # Handing out

    def _dispatch(self) -> None:
        for known in self._again.due(time.monotonic(), lambda known: self._may_go_on(self._place(known))):
            if not self._refused(self._place(known)):  # else the outcome of the last try stands
                self._ask(self._place(known), known)
        for name in self.frontier.hosts():
            place = self._politeness.place(name)
            while self._may_go_on(place):
                if not self._ask_next(place):
                    break

    def _place(self, known: Known) -> Place:
        return self._politeness.place(str(origin(known.url)))

    def _may_go_on(self, place: Place) -> bool:
        """Tell whether an origin may be asked now, or has no more to be waited for."""
        return bool(self._refused(place)) or (self._askers.free and self._politeness.may_ask(place))

    def _refused(self, place: Place) -> tuple[UrlOutcome, str] | None:
        """Return why an origin is not asked for anything more today."""
        refused = place.given_up
        return None if self.site.robots == "ignore" and refused is place.closed else refused

    def _ask_next(self, place: Place) -> bool:
        """Have the next URL of an origin asked for, its robots.txt first; False where none is waiting."""
        if place.rules is None and not self._refused(place):
            place.asking_robots = True
            place.robots_at = self._politeness.asked(place)
            self._askers.submit(place.name)
            return True
        known = self._next_allowed(place)
        if known is not None:
            self._ask(place, known)
        return known is not None

    def _ask(self, place: Place, known: Known) -> None:
        condition = self.previous.condition(known.url) if self.previous and self.deduplicate else None
        self._askers.submit(Ask(known, condition, self._politeness.asked(place)))

    def _next_allowed(self, place: Place) -> Known | None:
        while (known := self.frontier.next(place.name)) is not None:
            refused = self._refused(place)
            if refused is None:
                if self.site.robots == "ignore" or (place.rules and place.rules.allows(known.url)):
                    return known
                refused = UrlOutcome.ROBOTS, "robots.txt does not allow it"
            outcome, reason = refused
            self._finish(known, Result(outcome, reason=reason, timestamp=to_timestamp(self.now())))
        return None

    def _pause(self) -> float:
        """Return how many seconds to wait for answers before a host may be asked again."""
        if not self._askers.free:
            return 0.2
        return self._politeness.pause(map(self._politeness.place, self.frontier.hosts()))

    # What came back

    def _take(self, brought: Visit | RobotsVisit | Fault) -> None:
        if isinstance(brought, Fault):
            raise brought.error
        if isinstance(brought, RobotsVisit):
            self._take_robots(brought)
            return
        known = self.frontier.current(brought.known)
        if known is not brought.known:
            brought = replace(brought, known=known)
        place = self._place(known)
        self._politeness.answered(place, self._told(brought.answer), brought.asked)
        self._store(brought)

    def _told(self, answer: Exchange | Failure) -> Answer:
        if isinstance(answer, Failure):
            return Answer(outcome=answer.outcome)
        wait = retry_after(answer.header("retry-after"), self.now())
        return Answer(answer.status, wait, answer.truncated)

    def _take_robots(self, visit: RobotsVisit) -> None:
        place = self._politeness.place(visit.origin)
        place.asking_robots = False
        self._politeness.answered(place, self._told(visit.visits[-1].answer), place.robots_at)
        own = self._intake.in_scope(f"{visit.origin}/")
        for one in visit.visits:
            # a robots.txt that was known already, by a link or before a stop, keeps the outcome it gets now
            self._intake.settle(one.known if own else replace(one.known, borrowed=True))
            self._store(one, again=False)
        answer = visit.visits[-1].answer
        closed = _closed(answer)
        if (closed or _too_many(answer)) and self._robots_again(place):
            return
        place.closed = closed
        place.rules = visit.rules
        if self.site.robots == "obey":
            place.host.delay = max(place.host.delay, visit.rules.crawl_delay or 0.0)
        if own:
            for url in visit.rules.sitemaps or [f"{visit.origin}/sitemap.xml"]:
                if found := normalise(url, f"{visit.origin}/"):
                    via = "robots" if visit.rules.sitemaps else "sitemap"
                    self._intake.know(Known(found, 0, via, "sitemap", path=STEPS["sitemap"]))

    def _robots_again(self, place: Place) -> bool:
        """Tell whether robots.txt is asked for once more, after a rest; without it nothing may be asked."""
        place.robots_tries += 1
        if place.robots_tries > self.site.retries or self.stop.is_set():
            return False
        place.robots_at = time.monotonic() + self.site.retry_wait
        return True

    def _store(self, visit: Visit, *, again: bool = True) -> None:
        known = visit.known
        visit = self._probed(visit) if known.via == PROBE else self._probes.judged(visit)
        try:
            result, capture = self._capturing.store(visit)
            if capture is not None and known.via == PROBE:
                capture = msgspec.structs.replace(capture, made_up=True)
        except ConditionLostError:
            asked = self._politeness.asked(self._place(known))
            self._askers.submit(Ask(known, None, asked))
            return
        answer = self._told(visit.answer)
        self._finish(known, self._again.told(known, result, answer), capture)
        if again:
            self._again.plan(known, answer, time.monotonic())
        if capture is not None and known.via != PROBE:
            self._follow(visit, capture)

    def _probed(self, visit: Visit) -> Visit:
        """Flag the pages that are the same as the answer to a probe, of which only the record is kept."""
        for url, suspicion in self._probes.answered(visit):
            self.frontier.flag(url, suspicion.kind, suspicion.evidence)
        return replace(visit, read=Read(note=REASON), suspicion=None)

    def _in_scope(self, url: str) -> bool:
        return self._intake.in_scope(url)  # which changes where a seed is found to have moved

    def _follow(self, visit: Visit, capture: Capture) -> None:
        """Make known what a response leads to. Parts of a page are one step nearer than what it links to."""
        known, found, intake = visit.known, visit.read, self._intake
        if capture.redirect and known.kind != "robots":
            written = as_found(_location(visit.answer), known.url, capture.redirect)
            intake.redirected(known, capture.redirect, written)
        for url in found.sitemaps:
            intake.discover(url, known, "sitemap", 1)
        intake.listed(found.listed, known)
        if found.page:
            self._learn(visit, found.page[2])
        if known.kind == "embed" or intake.in_scope(known.url):
            intake.follow(found.links, known)

    def _learn(self, visit: Visit, text: str) -> None:
        known = visit.known
        self._intake.seen(known.url, text)
        if probe := self._probes.learn(visit):
            self._intake.know(probe)
        if known.depth == 0 and not known.borrowed:
            self.frontier.note_front(len(text))

    def _finish(self, known: Known, result: Result, capture: Capture | None = None) -> None:
        self.frontier.finish(known.url, result, capture)
        self._finished += not self._again.tried(known.url)
        self._bytes += result.bytes
        self.report(Progress(max(self._intake.asked, self._finished), self._finished, self._bytes, known.url))


def _location(answer: Exchange | Failure) -> str:
    return address_text(answer.header("location") or "") if isinstance(answer, Exchange) else ""


def _too_many(answer: Exchange | Failure) -> bool:
    """
    Tell whether we came too often (429), which says nothing yet of what robots.txt allows.

    Asked again in vain it counts as any other 4xx, which allows everything (RFC 9309 section 2.3.1.3).
    """
    return isinstance(answer, Exchange) and answer.status == 429


def _closed(answer: Exchange | Failure) -> tuple[UrlOutcome, str] | None:
    """Return why an origin may not be asked for anything, from the answer to its robots.txt."""
    if isinstance(answer, Failure):
        return UrlOutcome(answer.outcome), answer.reason
    if answer.truncated in ("time", "disconnect"):
        return UrlOutcome.ROBOTS, "robots.txt did not arrive whole, and what is missing may forbid anything"
    if answer.status >= 500:
        return UrlOutcome.ROBOTS, f"robots.txt was answered with {answer.status}, which forbids everything"
    return None
