# SPDX-License-Identifier: EUPL-1.2
"""
One sealed snapshot with its index open: which capture it has of a URL, and which origins it holds.

    Found      the capture that answers for a URL
    Nearness   how far it is from what was asked

Looking up a capture asks no database. One that is withheld from the public is no answer, but a WithheldError:
whoever does not catch it shows nothing. Knows nothing of other snapshots, of Flask, of pages or of rewriting.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from itertools import chain, islice

from archiver.in_force import tidy_of
from archiver.snapshot_folder import SnapshotFolder
from index.fuzzy import MAX_CANDIDATES, Alike, Fuzzy
from index.model import Capture
from index.parameters import Tidy
from index.takedown import Decision, WithheldError
from index.urlkey import Origin, origin, urlkey

from .addresses.path_address import Addresses
from .addresses.view import View
from .memory import Memory
from .takedowns import Takedowns

_NO_VALUE = re.compile(r"\?[^=&?]*=\Z")
MAX_QUERIES = 200
"""Captures of a path with queries that are looked at for one that shows something."""

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


class OpenSnapshot:
    """One sealed snapshot, its index open. Several threads may use it at once."""

    def __init__(
        self, folder: SnapshotFolder, addresses: Addresses, rules: Fuzzy, takedowns: Takedowns
    ) -> None:
        self.folder = folder
        self._takedowns = takedowns
        self._rules = rules
        self.site = folder.site
        self.timestamp = folder.timestamp
        self._addresses = addresses
        self._sources: dict[View, tuple[frozenset[Origin], list[str]]] = {}
        self.memory: Memory | None = None
        """What was read for one answer about many addresses; None: nothing is remembered."""
        self.near: tuple[str, list[str]] | None = None
        """The snapshots that fill its gaps, and what was published when they were asked for."""
        self._withholds: tuple[int, Decision | None] | None = None

    def look_up(self, url: str) -> Found | None:
        """
        Return the capture that answers for a normalised URL, None where this snapshot has none.

        First that of exactly this URL; then that without the parameters that the crawler took off what it
        found (`tidy`): they track visitors, and name no other page. Then one that differs in what rules say
        names no other page (index/fuzzy.py). Last, a query that no capture of the path has is passed over:
        pages ask themselves with a query that only their own script reads (`search.html?q=…`). A path that
        was captured with some query keeps its queries apart: there they name different pages. An error, or
        `?cb=` without a value, that a script's half address led the crawler to, is no such query. Raises
        WithheldError.
        """
        found = self._exactly(url) or self._tidied(url)
        return self.open(found or self._reordered(url) or self._fuzzy(url) or self._without_query(url))

    def as_asked(self, url: str) -> Found | None:
        """
        Return the capture of a normalised URL by its own address, or without what is tidied away.

        Raises WithheldError.
        """
        return self.open(self._exactly(url) or self._tidied(url))

    def exactly(self, url: str) -> Found | None:
        """Return the capture of a normalised URL by its own address. Raises WithheldError."""
        return self.open(self._exactly(url))

    def open(self, found: Found | None) -> Found | None:
        """Return what was found, if it may be shown. Raises WithheldError."""
        if found is not None and (decision := self.withheld(found.capture.url)) is not None:
            raise WithheldError(found.capture.url, decision, found.capture.timestamp)
        return found

    def withheld(self, url: str) -> Decision | None:
        """Return the decision by which a normalised URL is not shown as this snapshot has it."""
        return self._takedowns.of(url, self.timestamp)

    def withholds(self) -> Decision | None:
        """Return a decision by which something of this snapshot is not shown; None where all of it is."""
        number = self._takedowns.now()[0]
        if self._withholds is None or self._withholds[0] != number:
            self._withholds = number, self._takedowns.within(self.folder)
        return self._withholds[1]

    def _exactly(self, url: str) -> Found | None:
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
        nearby = self._near(key)
        good = [one for one in nearby if answers(one)] if len(nearby) <= MAX_CANDIDATES else []
        alike = self._rules.grouped(good)
        if self.memory:
            self.memory.alike[key] = alike
        return alike

    def _near(self, key: str) -> list[Capture]:
        """
        Return the captures of a path, whatever parameters it ends in; one too many where there are too many.

        A session may stand in the middle of a path that has other parameters (`/a;v=1;sid=…/b`): then all
        captures are looked at that are the same up to the first of them.
        """
        index = self.folder.index
        found = chain(index.exact(key), index.prefix(f"{key}?"), index.prefix(f"{key};"))
        nearby = list(islice(found, MAX_CANDIDATES + 1))
        self._spend(len(nearby))
        start, mark, _ = key.partition(";")
        if not mark:
            return nearby
        wider = list(islice(index.prefix(f"{start};"), MAX_CANDIDATES + 1))
        self._spend(len(wider))
        return wider if len(wider) <= MAX_CANDIDATES else nearby

    def _spend(self, number: int) -> None:
        if self.memory:
            self.memory.spend(number)

    def _without_query(self, url: str) -> Found | None:
        path, mark, _ = url.partition("?")
        if not mark or self._has_queries(path):
            return None
        bare = self.folder.index.find(path)
        return Found(bare, Nearness.QUERY_IGNORED) if bare else None

    def sent_to(self, url: str, method: str) -> Found | None:
        """
        Return an answer to another method than GET at a normalised URL, with whatever body.

        Raises WithheldError.
        """
        key = urlkey(url.partition("?")[0])
        known = self.memory.sent.get(key) if self.memory else None
        if known is None:
            near = list(islice(self.folder.index.prefix(f"{key}?"), MAX_CANDIDATES))
            self._spend(len(near))
            known = {(one.request.method, one.url): one for one in near if one.request}
            if self.memory:
                self.memory.sent[key] = known
        found = known.get((method, url))
        return self.open(Found(found) if found else None)

    def other_scheme(self, url: str) -> str | None:
        """
        Return the same URL by http instead of https or the reverse, where that was captured.

        Raises WithheldError.
        """
        scheme, rest = url.split("://", 1)
        other = f"{'http' if scheme == 'https' else 'https'}://{rest}"
        found = self.look_up(other)
        return other if found and not found.capture.unresolved else None

    @property
    def is_read_through(self) -> bool:
        """Whether its origins are known, for which the whole index is read once."""
        return self.__dict__.keys() >= {"origins", "module_origins"}

    @cached_property
    def tidy(self) -> Tidy:
        """What the crawler took off the addresses it found: the site's own rules, as they were that day."""
        return tidy_of(self.folder)

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """The archived origins of which this snapshot has a capture."""
        found = self.folder.index.all_of(_URL_OF_LINE)
        return frozenset(origin(text.decode()) for text in found)

    @cached_property
    def module_origins(self) -> list[str]:
        """The archived origins of which this snapshot has scripts, sorted; none where they are too many."""
        lines = self.folder.index.lines_with(_SCRIPT_LINE)
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


def answers(capture: Capture) -> bool:
    """Tell whether a capture may answer for another address than its own: it has an answer, and no error."""
    return not capture.unresolved and capture.shows and 200 <= (capture.effective_status or 0) < 400
