# SPDX-License-Identifier: EUPL-1.2
"""
The threads of a crawl: each asks for a URL, reads what came, and hands it back. They store nothing.

    submit ──▶ queue ──▶ threads: fetch, have links and text read ──▶ queue ──▶ arrived

The threads are daemons. A server that never ends its answer may hold one for half an hour; a crawl that has
to stop leaves such a thread behind, and the URL it asked for is asked for again. Knows nothing of the
frontier, of politeness or of WARC.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from index.errors import ArchiveError, StorageError

from . import robots
from .discovery import STEPS
from .exchange import Exchange, Failure
from .fetch import Fetcher
from .known import Known
from .ledger import UNREAD
from .links import PAGES
from .past import Condition
from .payload import decode
from .reader import Reader, UnreadableError
from .reading import Read, unread_page, unread_sitemap
from .settings import Site
from .suspicion import Seen, Suspicion, examine, leads_to_login

MAX_ROBOTS_HOPS = 5
MAX_ROBOTS = 1 << 20
"""Bytes of robots.txt that are read; RFC 9309 section 2.5 asks for at least 500 KiB."""

_CUT_BY_CHANCE = frozenset({"time", "disconnect"})

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ask:
    """A URL to ask for, on the condition that it is not as it was."""

    known: Known
    condition: Condition | None = None
    asked: float = 0.0
    """When, on the crawl's steady clock."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a thread brings back for one URL."""

    known: Known
    answer: Exchange | Failure
    read: Read = field(default_factory=Read)
    condition: Condition | None = None
    """What it was asked with."""
    asked: float = 0.0
    suspicion: Suspicion | None = None
    """What it is instead of a page, where it does not look like one."""


@dataclass(frozen=True, slots=True)
class RobotsVisit:
    """What a thread brings back of the robots.txt of one origin, redirects and all."""

    origin: str
    visits: tuple[Visit, ...]
    rules: robots.Rules


@dataclass(frozen=True, slots=True)
class Fault:
    """What no crawl can go on with, such as a full disk."""

    error: Exception


Brought = Visit | RobotsVisit | Fault


class Askers:
    """Threads that ask, a fixed number of them. Used by one thread, and closed by it at the end."""

    def __init__(
        self, count: int, new_fetcher: Callable[[], Fetcher], site: Site, now: Callable[[], datetime]
    ) -> None:
        self.under_way = 0
        """How many were submitted and have not arrived."""
        self._count = count
        self._new_fetcher = new_fetcher
        self._user_agent = site.user_agent
        self._ignored = frozenset(site.suspicion.ignore)
        self._now = now
        self._todo: queue.Queue[Ask | str | None] = queue.Queue()
        self._done: queue.Queue[Brought] = queue.Queue()
        self._closed = False
        self._reader = Reader()
        self._reading = threading.Lock()  # one page at a time: a hostile one takes hundreds of megabytes
        self._threads = [threading.Thread(target=self._work, daemon=True, name="fetch") for _ in range(count)]
        for thread in self._threads:
            thread.start()

    @property
    def free(self) -> bool:
        """Whether a thread has nothing to do; what is submitted then is asked for at once."""
        return self.under_way < self._count

    def submit(self, what: Ask | str) -> None:
        """Have a URL asked for, or the robots.txt of an origin."""
        self.under_way += 1
        self._todo.put(what)

    def arrived(self, timeout: float) -> Iterator[Brought]:
        """Yield what has come back; wait so many seconds for the first."""
        try:
            brought = self._done.get(timeout=timeout)
            while True:
                self.under_way -= 1
                yield brought
                brought = self._done.get_nowait()
        except queue.Empty:
            return

    def close(self, patience: float) -> None:
        """Send the threads home, and wait so many seconds for those that are still receiving."""
        self._closed = True
        for _ in self._threads:
            self._todo.put(None)
        until = time.monotonic() + (patience if self.under_way else 10)
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.01))
        self._reader.stop()
        with self._reading:  # what is read now ends at once
            self._reader.close()
        while not self._done.empty():
            _let_go(self._done.get_nowait())

    def _work(self) -> None:
        try:
            fetcher = self._new_fetcher()
        except Exception as error:  # noqa: BLE001  it must reach the thread that waits for an answer
            self._done.put(Fault(error))
            return
        with fetcher:
            while (what := self._todo.get()) is not None:
                brought = self._brought(fetcher, what)
                if self._closed:
                    _let_go(brought)
                    return
                self._done.put(brought)

    def _brought(self, fetcher: Fetcher, what: Ask | str) -> Brought:
        try:
            return self._robots(fetcher, what) if isinstance(what, str) else self._visit(fetcher, what)
        except Exception as error:  # noqa: BLE001  it must reach the thread that waits for an answer
            return Fault(error)

    def _visit(self, fetcher: Fetcher, ask: Ask) -> Visit:
        before = ask.condition.capture if ask.condition else None
        etag, last_modified = (before.etag, before.last_modified) if before else (None, None)
        visit = self._read(ask.known, self._ask(fetcher, ask.known.url, etag, last_modified))
        return replace(visit, condition=ask.condition, asked=ask.asked)

    def _read(self, known: Known, answer: Exchange | Failure) -> Visit:
        """Read what came for links, and for whether it is what it should be."""
        if isinstance(answer, Failure):
            return Visit(known, answer)
        if not _worth_reading(answer):
            return Visit(known, answer, suspicion=self._suspicion(known, answer, Read()))
        try:
            with self._reading:
                if known.kind == "sitemap" and _says_something(answer):
                    return Visit(known, answer, self._reader.read(unread_sitemap(answer)))
                read = self._reader.read(unread_page(answer))
            # of an error's page nothing is followed, it is only looked at
            followed = read if _says_something(answer) else Read()
            return Visit(known, answer, followed, suspicion=self._suspicion(known, answer, read))
        except ArchiveError:
            answer.close()
            raise
        except UnreadableError as error:  # whatever a hostile body does to a parser, the body is kept
            logger.warning("unreadable", url=known.url, error=str(error))
            return Visit(known, answer, Read(note=f"{UNREAD} ({error})"))

    def _suspicion(self, known: Known, answer: Exchange, read: Read) -> Suspicion | None:
        """Return for what an answer is taken instead of the page; only what could be one is looked at."""
        if known.kind not in ("outlink", "hint"):
            return None
        title, _, text = read.page or ("", "", "")
        seen = Seen(
            status=answer.status,
            headers=answer.headers,
            title=title,
            text=text,
            markup=read.head,
            links=len(read.links),
        )
        found = examine(seen, self._ignored) or leads_to_login(known.url, answer.location)
        return None if found and found.kind in self._ignored else found

    def _ask(
        self, fetcher: Fetcher, url: str, etag: str | None = None, last_modified: str | None = None
    ) -> Exchange | Failure:
        try:
            return fetcher.fetch(url, etag=etag, last_modified=last_modified)
        except StorageError:
            raise
        except Exception as error:  # one URL must not end the crawl of all others
            logger.exception("fetch-fault", url=url)
            return Failure(
                url, self._now(), "network-error", f"the request failed inside the crawler: {error!r}"
            )

    def _robots(self, fetcher: Fetcher, name: str) -> RobotsVisit:
        """Ask for robots.txt, over at most five redirects (RFC 9309 section 2.3.1.2)."""
        url: str | None = f"{name}/robots.txt"
        visits: dict[str, Visit] = {}
        while url and url not in visits and len(visits) <= MAX_ROBOTS_HOPS:
            answer = self._ask(fetcher, url)
            visits[url] = self._read_robots(url, answer)
            if isinstance(answer, Failure):
                return RobotsVisit(name, tuple(visits.values()), robots.unreachable())
            if not 300 <= answer.status < 400:
                return RobotsVisit(name, tuple(visits.values()), self._rules(answer))
            url = answer.location
        return RobotsVisit(name, tuple(visits.values()), robots.parse(404, b"", self._user_agent))

    def _read_robots(self, url: str, answer: Exchange | Failure) -> Visit:
        """
        Return the visit of robots.txt or of where it leads, which may be a page of the site like any other.

        Sites that answer every unknown path with a redirect to their first page are common; that page is
        then known from here, and what it says must not be lost.
        """
        if urlsplit(url).path == "/robots.txt":
            return Visit(Known(url, 0, "robots", "robots", path=STEPS["robots"]), answer)
        return self._read(Known(url, 0, "robots", "outlink"), answer)

    def _rules(self, answer: Exchange) -> robots.Rules:
        if answer.truncated in _CUT_BY_CHANCE:  # what is missing may be what forbids
            return robots.unreachable()
        try:
            body = decode(answer.payload(), answer.header("content-encoding"), MAX_ROBOTS)
            return robots.parse(answer.status, body.data, self._user_agent)
        except Exception as error:  # noqa: BLE001  rules that cannot be read may forbid everything
            logger.warning("robots-unreadable", url=answer.url, error=repr(error))
            return robots.unreachable()


def _worth_reading(answer: Exchange) -> bool:
    return _says_something(answer) or (answer.status >= 400 and answer.mime in PAGES)


def _says_something(answer: Exchange) -> bool:
    """Tell whether the body is what was asked for, and whole: not of 204, 205 or 206 (RFC 9110, 15.3)."""
    return 200 <= answer.status < 300 and answer.status not in (204, 205, 206)


def _let_go(brought: Brought) -> None:
    """Close the responses of what nobody waits for any more."""
    for visit in brought.visits if isinstance(brought, RobotsVisit) else [brought]:
        if isinstance(visit, Visit) and isinstance(visit.answer, Exchange):
            visit.answer.close()
