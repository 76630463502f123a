# SPDX-License-Identifier: EUPL-1.2
"""
What a crawl makes of an address it comes across: to be asked for, or known with the reason why not.

    known already ─▶ scope ─▶ parts of other hosts ─▶ depth ─▶ redirects in a row ─▶ traps ─▶ number

Every address ends in the frontier, and so in the ledger, once; hints alone (what only looks like an address)
are passed by where they lead out of scope. Knows nothing of fetching or of storing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus

import msgspec
import structlog

from index.parameters import Tidy
from index.timestamp import to_timestamp
from index.urlkey import normalise

from .discovery import further
from .frontier import Frontier
from .known import Known, Result
from .ledger import GONE, GOOD, REFUSED, UNLISTED, Entry, UrlOutcome
from .resolver import Link
from .scope import excluded, may_move, scope_of
from .settings import Site
from .spelling import as_found
from .traps import Traps

MAX_HOPS = 20
"""Redirects in a row that are followed, as many as browsers follow (Fetch standard, HTTP-redirect fetch)."""

MAX_BEYOND = 5
"""
Parts in a row out of scope that are fetched. The tutorial in the Python manual has four:
a style sheet, two that it imports in turn, and an image.
"""
LISTED_PER_URL = 5
"""Addresses in the ledger for each that may be asked for: about 500 bytes of memory, 300 of disk."""
_LASTING = frozenset({"seed", "sitemap", "robots"})

Refusal = tuple[UrlOutcome, str]

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Intake:
    """Decides about addresses, for one crawl of one site."""

    site: Site
    frontier: Frontier
    now: Callable[[], datetime]
    asked: int = 0
    """URLs that were asked for or are to be, against `max_urls`."""
    unlisted: int = 0
    """Addresses that were found, would not have been asked for, and are not in the ledger either."""
    in_scope: Callable[[str], bool] = field(init=False)
    _traps: Traps = field(init=False)
    _tidy: Tidy = field(init=False)
    _led: set[str] = field(default_factory=set)
    """Where seeds lead, over any number of redirects."""
    _told: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By kind, hashes of the addresses of links that came by: pages share most of theirs."""

    def __post_init__(self) -> None:
        counts = self.frontier.counts()
        self.asked = len(self.frontier) - sum(counts.get(refused, 0) for refused in REFUSED)
        self.unlisted = int(self.frontier.meta(UNLISTED) or 0)
        self.in_scope = scope_of(self.site)
        self._tidy = self.site.tidy
        self._traps = Traps(self.now().year, self.site.traps)

    @property
    def most_known(self) -> int:
        """How many addresses are written down: a server can make up more than are ever asked for."""
        return max(LISTED_PER_URL * self.site.max_urls, 100_000)

    def seeds(self) -> None:
        """Make the seeds known, and where they were found to lead."""
        for target in self.frontier.seed_redirects():
            self._led.add(target)
            self.move_seed(target)
        for seed in self.site.seeds:
            if url := normalise(seed):
                self.know(Known(url, 0, "seed", "outlink", path="", found=as_found(seed, None, url)))

    def redirected(self, known: Known, target: str, found: str = "") -> None:
        """Make known where an address leads, as what it is itself; a seed may take the scope along."""
        if known.via == "seed" or known.url in self._led:
            self._led.add(target)
            self.move_seed(target)
        path = further(known.path, "redirect")
        led = replace(known, url=target, via=known.url, hops=known.hops + 1, path=path, found=found)
        self.know(replace(led, borrowed=False, recalled=False))

    def move_seed(self, url: str) -> None:
        """
        Take the address a seed leads to for a seed as well, where both are of one registrable domain.

        `https://example.org/` that answers with a redirect to `https://www.example.org/` is how many sites
        begin, and an archive of the redirect alone is not what anybody asked for.
        """
        seeds = filter(None, map(normalise, self.site.seeds))
        if not self.in_scope(url) and any(may_move(self.site, seed, url) for seed in seeds):
            self.site = msgspec.structs.replace(self.site, seeds=(*self.site.seeds, url))
            self.in_scope = scope_of(self.site)
            logger.info("seed-moved", site=self.site.name, url=url)

    def follow(self, links: Iterable[Link], source: Known) -> None:
        """
        Make known what a page or a file links to; its parts are as near to the seeds as itself.

        What another page linked to in the same way is passed over: it would change nothing. Of what is
        borrowed only the parts are of interest, and links that lead back.
        """
        nearer = 0 if source.kind != "embed" else 1
        for url, kind, found in links:
            told, digest = self._told[kind], hash(url)
            if digest not in told and (kind == "embed" or not source.borrowed or self.in_scope(url)):
                if len(told) < self.most_known:
                    told.add(digest)
                self.discover(url, source, kind, nearer if kind == "embed" else 1, found=found)

    def listed(self, urls: Iterable[str], source: Known) -> None:
        """Make known the pages that a sitemap lists; one of another host has those of the site in view."""
        for url in urls:
            if not source.borrowed or self.in_scope(url):
                self.discover(url, source, "outlink", 1, step="listed")

    def discover(
        self, url: str, source: Known, kind: str, links: int, *, step: str = "", found: str = ""
    ) -> None:
        """
        Make known what a response names, so many links further away than itself.

        Without session ids and what only tracks visitors: that would be the same page under many addresses.
        `step` is the kind of step, if that is not the kind of address; `found` how it was written.
        """
        named, url = url, self._tidy(url)
        if url in self.frontier:
            self.frontier.confirm(url, source.url, kind)
            if kind != "embed":
                return
        if kind != "hint" or self.in_scope(url):
            known = Known(url, source.depth + links, source.url, kind, beyond=source.beyond + 1)
            found = found or (named if named != url else "")
            self.know(replace(known, path=further(source.path, step or kind), found=found))

    def recall(self, entry: Entry, stored: Callable[[str], bool]) -> None:
        """
        Ask for what the site had the day before and today has not come across: its removal is recorded.

        What was refused then counts where it was `stored` before: robots.txt may have failed for a day. A
        guess that was right is none any more.
        """
        if not self.in_scope(entry.url) or entry.status in GONE:
            return
        if entry.outcome not in REFUSED or stored(entry.url):
            right = entry.kind == "hint" and entry.outcome in GOOD
            self._recall(msgspec.structs.replace(entry, kind="embed") if right else entry)

    def recall_unread(self, entry: Entry) -> None:
        """
        Keep known what a page may name that was answered with 304 today, so that nobody has read its links.

        Dead links and parts on other hosts in any case, because other unread pages than the one they were
        found on may name them too; by that page alone what was refused, for such addresses may be endless,
        and what was answered with 410, by which a server says that it is meant.
        """
        own = self.in_scope(entry.url) and entry.outcome not in REFUSED and entry.status != HTTPStatus.GONE
        part = entry.borrowed and entry.outcome in GOOD | {UrlOutcome.NOT_REACHED}
        if own or part or self.frontier.outcome(entry.via) == (UrlOutcome.UNCHANGED, 304):
            self._recall(entry)

    def _recall(self, entry: Entry) -> None:
        """
        Make known what the day before knew.

        How far out of scope it was is not in the ledger: what was found beyond the scope leads no further.
        Where it was not asked for because it was too far, it is not today. What redirects led to under a
        session id is left out: they make up another each day.
        """
        own = self.in_scope(entry.url)
        beyond = 0 if own or self.in_scope(entry.via) else MAX_BEYOND
        known = Known(entry.url, entry.depth, entry.via, entry.kind, beyond=beyond, recalled=True)
        if entry.url in self.frontier:
            self.frontier.confirm(entry.url, entry.via, entry.kind)
        elif entry.outcome is UrlOutcome.OVER_LIMIT and not own:
            refused = Result(entry.outcome, reason=entry.reason, timestamp=to_timestamp(self.now()))
            self.frontier.add(replace(known, borrowed=True), refused)
        elif entry.via in _LASTING or self._tidy(entry.url) == entry.url:
            self.know(known)

    def know(self, known: Known) -> None:
        """Make a URL known, to be asked for or with the reason why not; once, and then never again."""
        if self.in_scope(known.url):
            known = replace(known, beyond=0) if known.beyond else known
        else:
            known = replace(known, borrowed=True, beyond=max(known.beyond, 1))
        refused = self._refused(known)
        if refused is None:
            self.asked += self.frontier.add(known) or (known.borrowed and self.frontier.reopen(known))
        elif len(self.frontier) >= self.most_known and known.url not in self.frontier:
            self.unlisted += 1
        else:
            timestamp = to_timestamp(self.now())
            self.frontier.add(known, Result(refused[0], reason=refused[1], timestamp=timestamp))

    def seen(self, url: str, digest: str) -> None:
        """Learn what a URL gave, by its text or the digest of its payload: traps give the same again."""
        self._traps.seen(url, digest)

    def settle(self, known: Known) -> None:
        """Make a URL known that has been asked for already."""
        self.asked += self.frontier.add(known, Result(UrlOutcome.NOT_REACHED))

    def _refused(self, known: Known) -> Refusal | None:
        if known.borrowed and not self._may_borrow(known):
            return UrlOutcome.OUT_OF_SCOPE, "not within the scope of the site"
        reason = self._over_limit(known)
        return (UrlOutcome.OVER_LIMIT, reason) if reason else None

    def _over_limit(self, known: Known) -> str | None:
        if known.depth > self.site.max_depth and not known.borrowed:
            return f"more than max_depth = {self.site.max_depth} links from a seed"
        if known.beyond > MAX_BEYOND:
            return f"more than {MAX_BEYOND} parts in a row out of scope"
        if known.hops > MAX_HOPS:
            return f"more than {MAX_HOPS} redirects in a row"
        if self.asked >= self.site.max_urls:
            return f"more than max_urls = {self.site.max_urls} addresses"
        return self._traps.refuse(known.url, known.depth, known.via)

    def _may_borrow(self, known: Known) -> bool:
        """
        Tell whether something on another host may be fetched: a part, or a sitemap.

        A robots.txt may name a sitemap on any host (sitemaps.org, "Sitemaps & Cross Submits").
        """
        wanted = known.kind == "sitemap" or (known.kind == "embed" and self.site.embeds == "anywhere")
        return wanted and not excluded(self.site, known.url)
