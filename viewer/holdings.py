# SPDX-License-Identifier: EUPL-1.2
"""
What the viewer reads from, built once and passed along: settings, snapshots, history, search catalogue.

    Holdings       everything, one value per process
    Shelf          the snapshots read last, kept open, a bounded number of them
    OpenSnapshot   one sealed snapshot: which capture it has of a URL, and which origins it holds
    Found          the capture that answers for a URL, and how far it is from what was asked

Looking up a capture asks no database. Knows nothing of Flask, of pages or of rewriting.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from http import HTTPStatus
from itertools import chain, islice
from pathlib import Path

from archiver.collection import Collection, SnapshotFolder
from archiver.exporting.kept_exports import KeptExports
from archiver.fuzzy_rules import fuzzy_of
from archiver.in_force import tidy_of
from archiver.settings import Settings, Site
from index.errors import NotFoundError
from index.fuzzy import MAX_CANDIDATES, Alike, Fuzzy
from index.history import History
from index.model import Capture, Outcome, Snapshot
from index.parameters import Tidy
from index.search import Search
from index.timestamp import local_date, parse_timestamp
from index.urlkey import Origin, origin, urlkey

from .addresses.path_address import Addresses
from .addresses.view import View
from .crew import ALONE, Crew

KEPT_OPEN = 32
"""Snapshots kept open: each holds one mapped index file."""
KNOWN_PLACES = 1024
"""WARCs of which it is remembered where they stand."""

_SENDS_NOTHING = frozenset({"HEAD", "OPTIONS"})
_NO_VALUE = re.compile(r"\?[^=&?]*=\Z")
MAX_QUERIES = 200
"""Captures of a path with queries that are looked at for one that shows something."""

MAX_REMEMBERED = 10_000
"""Captures that are looked at for one answer about many addresses that were not captured as they are."""

MAX_MODULE_ORIGINS = 32
"""Archived origins whose modules a page is told of: each stands in every page."""

_SCRIPT_LINE = re.compile(rb'"mime":"[^"]*(?:java|ecma)script')
_URL_OF_LINE = re.compile(rb'\{"url":"(https?://[^"/?\\]+)')


class Nearness(StrEnum):
    """How the capture found differs from what was asked for."""

    EXACT = "exact"
    TIDIED = "tidied"
    """Without what the crawler takes off every address: it names no other page."""
    REORDERED = "reordered"
    """The same parameters in another order."""
    FUZZY = "fuzzy"
    """Another number against caches, another session: docs/replay.md has the rules."""
    QUERY_IGNORED = "query-ignored"


@dataclass(frozen=True, slots=True)
class Found:
    """A capture that answers for a URL in one snapshot."""

    capture: Capture
    nearness: Nearness = Nearness.EXACT


class Memory:
    """
    What was read of one path for one answer, so that many addresses of it cost what one does.

    `full` says that as many captures were read as may be: who asks stops there.
    """

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._left = most
        self.alike: dict[str, Alike] = {}
        self.of_key: dict[str, list[Capture]] = {}
        self.queries: dict[str, bool] = {}
        self.sent: dict[str, dict[str, Capture]] = {}
        self.full = False

    def spend(self, number: int) -> None:
        """Take so many captures of what may be read."""
        self._left -= number
        self.full = self.full or self._left < 0


class OpenSnapshot:
    """One sealed snapshot, its index open. Several threads may use it at once."""

    def __init__(self, folder: SnapshotFolder, addresses: Addresses, rules: Fuzzy) -> None:
        self.folder = folder
        self._rules = rules
        self.site = folder.site
        self.timestamp = folder.timestamp
        self._addresses = addresses
        self._sources: dict[View, tuple[frozenset[Origin], list[str]]] = {}
        self.memory: Memory | None = None
        """What was read for one answer about many addresses; None: nothing is remembered."""
        self.near: tuple[str, list[str]] | None = None
        """The snapshots that fill its gaps, and what was published when they were asked for."""

    def look_up(self, url: str) -> Found | None:
        """
        Return the capture that answers for a normalised URL, None where this snapshot has none.

        First that of exactly this URL; then that without the parameters that the crawler took off what it
        found (`tidy`): they track visitors, and name no other page. Then one that differs in what rules say
        names no other page (index/fuzzy.py). Last, a query that no capture of the path has is passed over:
        pages ask themselves with a query that only their own script reads (`search.html?q=…`). A path that
        was captured with some query keeps its queries apart: there they name different pages. An error, or
        `?cb=` without a value, that a script's half address led the crawler to, is no such query.
        """
        return self.as_asked(url) or self._reordered(url) or self._fuzzy(url) or self._without_query(url)

    def as_asked(self, url: str) -> Found | None:
        """Return the capture of a normalised URL by its own address, or without what is tidied away."""
        return self.exactly(url) or self._tidied(url)

    def exactly(self, url: str) -> Found | None:
        """Return the capture of a normalised URL by its own address."""
        capture = self.folder.index.find(url)
        return Found(capture) if capture is not None else None

    def remembering(self) -> tuple[OpenSnapshot, Memory]:
        """Return the same snapshot for one answer about many addresses, and what it remembers for it."""
        _ = self.tidy  # which is the same for all answers
        same = copy(self)
        same.memory = memory = Memory()
        return same, memory

    def _tidied(self, url: str) -> Found | None:
        tidied = self.tidy(url)
        capture = self.folder.index.find(tidied) if tidied != url else None
        return Found(capture, Nearness.TIDIED) if capture else None

    def _reordered(self, url: str) -> Found | None:
        """Return the capture with the same parameters in another order, where there is one alone."""
        path, mark, query = url.partition("?")
        pairs = sorted(query.split("&"))
        if not mark or len(pairs) == 1:
            return None
        same = [one for one in self._of_key(urlkey(url)) if _is_reordered(one.url, path, pairs)]
        return Found(same[0], Nearness.REORDERED) if len(same) == 1 else None

    def _fuzzy(self, url: str) -> Found | None:
        form = self._rules.form(url)
        if form is None:
            return None
        chosen = self._rules.choose_of(form, self._alike(urlkey(form.url.partition("?")[0])))
        return Found(chosen, Nearness.FUZZY) if chosen else None

    def _of_key(self, key: str) -> list[Capture]:
        """Return the captures of a key, as many as are looked at."""
        known = self.memory.of_key.get(key) if self.memory else None
        if known is not None:
            return known
        found = list(islice(self.folder.index.exact(key), MAX_CANDIDATES))
        self._spend(len(found))
        if self.memory:
            self.memory.of_key[key] = found
        return found

    def _alike(self, key: str) -> Alike:
        """Return the captures of a path that may answer for others, by what is left of their addresses."""
        known = self.memory.alike.get(key) if self.memory else None
        if known is not None:
            return known
        index = self.folder.index
        found = chain(index.exact(key), index.prefix(f"{key}?"), index.prefix(f"{key};"))
        nearby = list(islice(found, MAX_CANDIDATES + 1))
        self._spend(len(nearby))
        good = [one for one in nearby if answers(one)] if len(nearby) <= MAX_CANDIDATES else []
        alike = self._rules.grouped(good)
        if self.memory:
            self.memory.alike[key] = alike
        return alike

    def _spend(self, number: int) -> None:
        if self.memory:
            self.memory.spend(number)

    def _without_query(self, url: str) -> Found | None:
        path, mark, _ = url.partition("?")
        if not mark or self._has_queries(path):
            return None
        bare = self.folder.index.find(path)
        return Found(bare, Nearness.QUERY_IGNORED) if bare else None

    def sent_to(self, url: str) -> Found | None:
        """Return an answer to what was sent to a URL, by whichever method and with whatever body."""
        key = urlkey(url.partition("?")[0])
        known = self.memory.sent.get(key) if self.memory else None
        if known is None:
            near = list(islice(self.folder.index.prefix(f"{key}?"), MAX_CANDIDATES))
            self._spend(len(near))
            known = {one.url: one for one in near if one.request and one.request.method not in _SENDS_NOTHING}
            if self.memory:
                self.memory.sent[key] = known
        return Found(known[url]) if url in known else None

    def other_scheme(self, url: str) -> str | None:
        """Return the same URL by http instead of https or the reverse, where that was captured."""
        scheme, rest = url.split("://", 1)
        other = f"{'http' if scheme == 'https' else 'https'}://{rest}"
        found = self.look_up(other)
        return other if found and not found.capture.unresolved else None

    @cached_property
    def tidy(self) -> Tidy:
        """What the crawler took off the addresses it found: the site's own rules, as they were that day."""
        return tidy_of(self.folder)

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """The archived origins of which this snapshot has a capture."""
        found = (_URL_OF_LINE.search(line) for line in self.folder.index.lines())
        return frozenset(origin(text.decode()) for text in {match[1] for match in found if match})

    @cached_property
    def module_origins(self) -> list[str]:
        """The archived origins of which this snapshot has scripts, sorted; none where they are too many."""
        lines = (line for line in self.folder.index.lines() if _SCRIPT_LINE.search(line))
        found = {match[1] for match in map(_URL_OF_LINE.search, lines) if match}
        origins = sorted({str(origin(text.decode())) for text in found})
        return origins if len(origins) <= MAX_MODULE_ORIGINS else []

    def sources(self, view: View, origins: frozenset[Origin]) -> list[str]:
        """Return the replay origins of a view as CSP sources: all of them, however many."""
        if self._sources.get(view, (None, []))[0] != origins:
            self._sources[view] = origins, self._addresses.source(self.timestamp + view.letters, origins)
        return self._sources[view][1]

    def _has_queries(self, path: str) -> bool:
        key = urlkey(path)
        if self.memory and key in self.memory.queries:
            return self.memory.queries[key]
        looked, found = 0, False
        for one in islice(self.folder.index.prefix(f"{key}?"), MAX_QUERIES):
            looked += 1
            if one.shows and one.effective_status == HTTPStatus.OK and not _NO_VALUE.search(one.url):
                found = True
                break
        self._spend(looked)
        if self.memory:
            self.memory.queries[key] = found
        return found


def _is_reordered(url: str, path: str, pairs: list[str]) -> bool:
    """Tell whether a URL is of this path, with these parameters in whatever order."""
    other, _, query = url.partition("?")
    return other == path and sorted(query.split("&")) == pairs


class Shelf:
    """The snapshots of a collection by timestamp, those used last kept open. Thread-safe."""

    def __init__(
        self,
        collection: Collection,
        addresses: Addresses,
        limit: int = KEPT_OPEN,
        *,
        sites: Iterable[Site] = (),
    ) -> None:
        self._collection = collection
        self._addresses = addresses
        self._rules = {site.name: fuzzy_of(site) for site in sites}
        self._limit = limit
        self._open: OrderedDict[str, OpenSnapshot] = OrderedDict()
        self._lock = threading.Lock()
        self._sites: tuple[int, list[str]] = (0, [])
        self.warc: Callable[[str, str, str], Path] = lru_cache(KNOWN_PLACES)(self._warc)
        """Where a WARC of a snapshot of a site stands."""

    def get(self, timestamp: str) -> OpenSnapshot | None:
        """Return the sealed snapshot of a 14-digit timestamp, which names one in the whole collection."""
        with self._lock:
            if timestamp in self._open:
                self._open.move_to_end(timestamp)
                return self._open[timestamp]
        found = self._look(timestamp)
        if found is not None:
            self._keep(found)
        return found

    def alone(self, site: str) -> bool:
        """Tell whether no other site has a folder, and so none can have captured anything."""
        changed = (self._collection.root / "sites").stat().st_mtime_ns
        if self._sites[0] != changed:
            self._sites = changed, self._collection.sites()
        return self._sites[1] == [site]

    def _warc(self, site: str, snapshot: str, filename: str) -> Path:
        return self._collection.at(site, snapshot).warc(filename)

    def opened(self, timestamp: str) -> OpenSnapshot | None:
        """Return a snapshot that is open, None where it would have to be opened first."""
        return self._open.get(timestamp)

    def _look(self, timestamp: str) -> OpenSnapshot | None:
        parse_timestamp(timestamp)
        for site in self._collection.sites():
            folder = self._collection.at(site, timestamp)
            if folder.path.is_dir():
                return OpenSnapshot(folder, self._addresses, self._rules.get(site) or fuzzy_of(None))
        return None

    def _keep(self, snapshot: OpenSnapshot) -> None:
        """Make room for it. One that is dropped stays open for as long as some thread reads it."""
        with self._lock:
            self._open[snapshot.timestamp] = snapshot
            while len(self._open) > self._limit:
                self._open.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything the viewer reads from, and how many processes do so together."""

    settings: Settings
    collection: Collection
    history: History
    search: Search
    addresses: Addresses
    shelf: Shelf
    exports: KeptExports
    now: Callable[[], datetime]
    crew: Crew = ALONE

    def sites(self) -> list[Site]:
        """Return the sites of the configuration, then those that only the archive still has."""
        known = {site.name: site for site in self.settings.site}
        past = [Site(name=name, seeds=()) for name in self.history.sites() if name not in known]
        return [*known.values(), *past]

    def site(self, name: str) -> Site:
        """Return a site by name. Raises NotFoundError."""
        for site in self.sites():
            if site.name == name:
                return site
        raise NotFoundError(f"There is no site {name[:100]!r} in this archive.")

    def snapshot(self, site: str, timestamp: str) -> OpenSnapshot:
        """Return one open snapshot of a site. Raises NotFoundError."""
        found = self.shelf.get(timestamp)
        if found is None or found.site != site:
            raise NotFoundError(f"There is no snapshot {timestamp} of {site}.")
        return found

    def day_of(self, timestamp: str) -> date:
        """Return the calendar day of a snapshot as it was sealed; that of another moment here and now."""
        found = self.shelf.get(timestamp)
        return found.folder.day_by(self.settings.zone) if found else local_date(timestamp, self.settings.zone)

    def good_snapshots(self, site: str) -> list[Snapshot]:
        """Return the snapshots of a site that saw anything, oldest first."""
        return [one for one in self.history.snapshots(site) if one.outcome is not Outcome.FAILED]

    def kept_as(self, url: str, site: str) -> str:
        """
        Return the address by which a site's history has a URL, which is returned as it is where it has none.

        As it is written, or without what the crawler takes off the links it finds. The history is about many
        days, which may have had different rules: those of the configuration count.
        """
        if self.history.lifeline(url, site):
            return url
        tidied = self.settings.tidy_of(site)(url)
        return tidied if tidied != url and self.history.lifeline(tidied, site) else url

    def sites_with(self, url: str) -> list[str]:
        """Return the sites that ever had a URL, as it is written or as their crawler tidies it."""
        exact = self.history.sites_with(url)
        return [site for site in self.history.sites() if site in exact or self.kept_as(url, site) != url]

    def warc(self, site: str) -> Callable[[str, str], Path]:
        """Return the function that tells where a WARC of a snapshot of this site stands."""
        return partial(self.shelf.warc, site)

    def today(self) -> date:
        """Return the calendar day it is now, where days are counted."""
        return self.now().astimezone(self.settings.zone).date()


def answers(capture: Capture) -> bool:
    """Tell whether a capture may answer for another address than its own: it has an answer, and no error."""
    return not capture.unresolved and capture.shows and 200 <= (capture.effective_status or 0) < 400


def title_of(site: Site) -> str:
    """Return what a site is called."""
    return site.title or site.name
