# SPDX-License-Identifier: EUPL-1.2
"""
From which times the parts of a page come, and which are missing and why: what the banner says in words.

    asked      https://…/a.png, https://…/b.css, https://…/c.js, https://…/d.png
    Report     there    a.png at 03:30:02, the same as on 2 March; b.css at 03:30:04
               failed   c.js: on that day the server answered with 404, and so does the replay
               missing  d.png: timeout on that day; the nearest day that has it is 3 March
               filled   in a view that fills gaps: d.png of 3 March

Every answer is looked up here, whoever tells which parts a page asked for. Knows nothing of pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from archiver.ledger import Entry
from index.lifeline import Moment
from index.lifeline import nearest as nearest_of
from index.model import Capture
from index.timestamp import local_date
from index.urlkey import urlkey

from .closest import first_from, last_before
from .day_log import entries_of
from .embeds import Embed, Kind
from .filling import Filling, fill, neighbours
from .holdings import Found, Holdings, OpenSnapshot
from .view import View

SHOWN = 50
"""Parts of one list that are shown, and missing ones for which reason and nearest day are sought."""


MAX_REDIRECTS = 10
"""Redirects of one part that are followed; browsers give up after twenty."""


class Part(NamedTuple):
    """A part that is there, or of which an error is there."""

    kind: Kind
    capture: Capture
    day: str | None = None
    """The snapshot it comes from, where that is not the chosen one."""


class Missing(NamedTuple):
    """A part that the day does not have."""

    kind: Kind
    url: str
    entry: Entry | None = None
    """What the ledger of that day says of it."""
    unresolved: bool = False
    """Whether the day says it was the same as a copy that is nowhere here."""
    nearest: str | None = None
    """The snapshot nearest in time that has it."""


@dataclass(slots=True)
class Report:
    """What is known of the parts of one page, the page itself among those that are there."""

    there: list[Part] = field(default_factory=list)
    failed: list[Part] = field(default_factory=list)
    filled: list[Part] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    same_as: list[tuple[str, int]] = field(default_factory=list)
    """Days, oldest first, and how many parts are proven to be the same as on them."""
    exact: bool = False
    """Whether this is what the page asked for as it was shown, and not what it names by itself."""

    @property
    def span(self) -> tuple[str, str]:
        """The first and the last second at which something was received that is of the day."""
        times = [part.capture.timestamp for part in (*self.there, *self.failed)]
        return min(times, default=""), max(times, default="")

    @property
    def total(self) -> int:
        """How many parts the page has beside itself."""
        known = (*self.there, *self.failed, *self.filled)
        return sum(part.kind is not Kind.PAGE for part in known) + len(self.missing)


def report(
    held: Holdings, snapshot: OpenSnapshot, view: View, asked: Iterable[Embed], *, exact: bool = False
) -> Report:
    """Return from where the parts of a page come that is shown in a view of a snapshot."""
    told, seen = Report(exact=exact), set[str]()
    near = neighbours(held, snapshot) if view.filled else []
    for kind, urls in asked:
        url, found = _first(snapshot, urls)
        name = found.capture.url if found else url
        if name not in seen:
            seen.add(name)
            one = Part(kind, found.capture) if found and not found.capture.unresolved else None
            filling = fill(held, snapshot, url, near) if one is None and view.filled else None
            _sort_in(told, one or _filled(kind, filling) or Missing(kind, url, unresolved=found is not None))
    told.missing = _explained(held, snapshot, told.missing)
    originals = (part.capture.original for part in told.there)
    days = (local_date(one.timestamp, held.settings.zone).isoformat() for one in originals if one)
    told.same_as = sorted(Counter(days).items())
    return told


def _first(snapshot: OpenSnapshot, urls: Sequence[str]) -> tuple[str, Found | None]:
    """Return the first of several addresses that the day has, else the first; redirects are followed."""
    for url in urls:
        found = _found(snapshot, url)
        if found:
            return _led(snapshot, url, found)
    return urls[0], None


def _found(snapshot: OpenSnapshot, url: str) -> Found | None:
    """Return what a replay of a URL answers with, in the end: by the other scheme, or to what a page sent."""
    found = snapshot.look_up(url)
    if found is None and (other := snapshot.other_scheme(url)):
        found = snapshot.look_up(other)
    return found or _sent(snapshot, url)


def _sent(snapshot: OpenSnapshot, url: str) -> Found | None:
    """Return the answer to what was sent to a URL: a page tells what it asked for, not by which method."""
    asked = snapshot.folder.index.prefix(f"{urlkey(url)}?__wb_method=") if "?" not in url else ()
    return next((Found(one) for one in asked if one.url == url), None)


def _led(snapshot: OpenSnapshot, url: str, found: Found) -> tuple[str, Found | None]:
    """Return where redirects lead in the end, and the capture there; None where the day has none."""
    here: Found | None = found
    for _ in range(MAX_REDIRECTS):
        leads = here.capture.redirect if here and not here.capture.unresolved else None
        if leads is None:
            break
        url, here = leads, _found(snapshot, leads)
    return url, here


def _filled(kind: Kind, filling: Filling | None) -> Part | None:
    return Part(kind, filling.found.capture, filling.snapshot.timestamp) if filling else None


def _sort_in(told: Report, one: Part | Missing) -> None:
    if isinstance(one, Missing):
        told.missing.append(one)
    elif one.day is not None:
        told.filled.append(one)
    else:
        failed = (one.capture.effective_status or 0) >= 400
        (told.failed if failed else told.there).append(one)


def _explained(held: Holdings, snapshot: OpenSnapshot, missing: Sequence[Missing]) -> list[Missing]:
    """Return the missing parts with what is known of them, of as many as are shown."""
    first = missing[:SHOWN]
    if not first:
        return []
    entries = entries_of(snapshot.folder, (one.url for one in first))
    good = [one.timestamp for one in held.good_snapshots(snapshot.site)]
    explained = [
        one._replace(entry=entries.get(one.url), nearest=_nearest(held, snapshot, one.url, good))
        for one in first
    ]
    return [*explained, *missing[SHOWN:]]


def _nearest(held: Holdings, snapshot: OpenSnapshot, url: str, good: Sequence[str]) -> str | None:
    """Return the snapshot of the same site nearest in time that has a URL; of two as near, the earlier."""
    lifeline = held.history.lifeline(held.kept_as(url, snapshot.site), snapshot.site)
    lifeline = [one for one in lifeline if 200 <= (one.status or 0) < 400]
    if not lifeline:
        return None
    before = last_before(lifeline, good, snapshot.timestamp)
    after = first_from(lifeline, good, snapshot.timestamp)
    moments = [Moment(snapshot.site, one) for one in (before, after) if one]
    found = nearest_of(moments, snapshot.timestamp)
    return found.timestamp if found else None
