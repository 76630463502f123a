# SPDX-License-Identifier: EUPL-1.2
"""
From which times the parts of a page come, and which are missing and why: what the banner says in words.

    asked      https://…/a.png, https://…/b.css, https://…/c.js, https://…/d.png
    Report     there    a.png at 03:30:02, the same as on 2 March; b.css at 03:30:04, like what was asked for
               partial  e.webm: the browser that was recorded asked for its first half alone
               failed   c.js: on that day the server answered with 404, and so does the replay
               missing  d.png: timeout on that day; the nearest day that has it is 3 March
               filled   in a view that fills gaps: d.png of 3 March

Every answer is looked up here, whoever tells which parts a page asked for. Knows nothing of pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from archiver.ledger import Entry
from index.lifeline import Moment
from index.lifeline import nearest as nearest_of
from index.model import Capture
from index.takedown import Decision
from index.timestamp import local_date

from ..addresses.view import View
from ..holdings import Holdings
from ..open_snapshot import Nearness, OpenSnapshot
from ..replaying.answering import LIKE, Answer, answer_of
from ..replaying.filling import neighbours
from ..replaying.sent import READ
from ..replaying.whole_bodies import Bodies
from ..rewriting.embeds import Embed, Kind
from .closest import first_from, last_before
from .day_log import entries_of

SHOWN = 50
"""Parts of one list that are shown, and missing ones for which reason and nearest day are sought."""


class Part(NamedTuple):
    """A part that is there, or of which an error is there."""

    kind: Kind
    capture: Capture
    day: str | None = None
    """The snapshot it comes from, or that led to it, where that is not the chosen one."""
    asked: str = ""
    """The address that was asked for, in the end, where the capture is of another."""
    nearness: Nearness = Nearness.EXACT
    method: str = "GET"

    @property
    def is_like(self) -> bool:
        """Whether it is only like what was asked for."""
        return self.nearness in LIKE


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
    method: str = "GET"
    """Of another one neither the ledger nor other days are asked: they know of GET alone."""
    withheld: Decision | None = None
    """By which decision nothing may be shown of it, where it is there."""


class Same(NamedTuple):
    """What is the same as on an earlier day: so many parts, and the page itself."""

    day: str
    parts: int
    page: bool


@dataclass(slots=True)
class Report:
    """What is known of a page and its parts. The page itself is none of its parts, and counts among none."""

    page: Part | Missing | None = None
    there: list[Part] = field(default_factory=list)
    failed: list[Part] = field(default_factory=list)
    filled: list[Part] = field(default_factory=list)
    partial: list[Part] = field(default_factory=list)
    """Of their bodies not all was captured: only who asks for a stretch that is there has an answer."""
    missing: list[Missing] = field(default_factory=list)
    same_as: list[Same] = field(default_factory=list)
    """Proven by their digest to be the same, oldest day first."""
    unmodified: list[Same] = field(default_factory=list)
    """Of these the server said that they had not changed since; nothing was received."""
    exact: bool = False
    """Whether this is what the page asked for as it was shown, and not what it names by itself."""
    cut: bool = False
    """Whether there are more parts than are told."""
    deep: bool = False
    """Whether style sheets and frames that the page names were read for what they name."""

    @property
    def span(self) -> tuple[str, str]:
        """The first and the last second at which something was received that is of the day."""
        page = [self.page] if isinstance(self.page, Part) and self.page.day is None else []
        received = (*page, *self.there, *self.failed, *self.partial)
        times = [part.capture.timestamp for part in received if part.day is None]
        return min(times, default=""), max(times, default="")

    @property
    def total(self) -> int:
        """How many parts the page has beside itself."""
        sorts = (self.there, self.failed, self.filled, self.partial, self.missing)
        return sum(len(one) for one in sorts)

    @property
    def like(self) -> list[Part]:
        """The parts that are only like what was asked for."""
        return [part for part in (*self.there, *self.failed, *self.filled, *self.partial) if part.is_like]

    @property
    def instead(self) -> str | None:
        """The snapshot that the page itself comes from, where that is not the chosen one."""
        return self.page.day if isinstance(self.page, Part) else None


def report(
    held: Holdings,
    snapshot: OpenSnapshot,
    view: View,
    asked: Iterable[Embed],
    *,
    exact: bool = False,
    cut: bool = False,
) -> Report:
    """Return from where a page and its parts come that is shown in a view of a snapshot."""
    told, seen = Report(exact=exact, cut=cut), set[tuple[str, str]]()
    near = neighbours(held, snapshot) if view.filled else []
    snapshot, memory = snapshot.remembering()
    bodies = Bodies(held)
    for one in asked:
        if memory.full or bodies.full:
            told.cut = True
            break
        answer = answer_of(held, snapshot, one.urls, near, one.method)
        name = answer.found.capture.url if answer.found and answer.nearness not in LIKE else answer.url
        if (one.method, name) not in seen:
            seen.add((one.method, name))
            _sort_in(told, one, answer, partial=bodies.is_partial(answer))
    told.missing = _explained(held, snapshot, told.missing)
    told.same_as, told.unmodified = _same(held, snapshot, told)
    return told


def _sort_in(told: Report, asked: Embed, answer: Answer, *, partial: bool) -> None:
    one = _as_part(asked, answer)
    if asked.kind is Kind.PAGE:
        told.page = one
    elif isinstance(one, Missing):
        told.missing.append(one)
    elif partial:
        told.partial.append(one)
    elif one.day is not None:
        told.filled.append(one)
    else:
        failed = (one.capture.effective_status or 0) >= 400
        (told.failed if failed else told.there).append(one)


def _as_part(embed: Embed, answer: Answer) -> Part | Missing:
    if answer.found is None or not answer.is_there:
        unresolved = answer.found is not None
        return Missing(embed.kind, answer.url, None, unresolved, None, embed.method, answer.withheld)
    capture = answer.found.capture
    asked = answer.url if answer.url != capture.url else ""
    return Part(embed.kind, capture, answer.day, asked, answer.nearness, embed.method)


def _same(held: Holdings, snapshot: OpenSnapshot, told: Report) -> tuple[list[Same], list[Same]]:
    """Return what was the same as on earlier days: by its digest, and by what the server said of it."""
    page = [told.page] if isinstance(told.page, Part) and told.page.day is None else []
    known = [part for part in (*page, *told.there) if _is_of_before(part.capture, snapshot)]
    said = [part for part in known if part.capture.status == HTTPStatus.NOT_MODIFIED]
    proven = [part for part in known if part.capture.status != HTTPStatus.NOT_MODIFIED]
    return _by_day(held, proven), _by_day(held, said)


def _is_of_before(capture: Capture, snapshot: OpenSnapshot) -> bool:
    return capture.original is not None and capture.original.snapshot != snapshot.timestamp


def _by_day(held: Holdings, parts: Iterable[Part]) -> list[Same]:
    days: Counter[str] = Counter()
    pages = set[str]()
    for part in parts:
        stored = part.capture.original.timestamp if part.capture.original else part.capture.timestamp
        day = local_date(stored, held.settings.zone).isoformat()
        days[day] += part.kind is not Kind.PAGE
        if part.kind is Kind.PAGE:
            pages.add(day)
    return [Same(day, count, day in pages) for day, count in sorted(days.items())]


def _explained(held: Holdings, snapshot: OpenSnapshot, missing: Sequence[Missing]) -> list[Missing]:
    """Return the missing parts with what is known of them, of as many as are shown."""
    first = missing[:SHOWN]
    if not first:
        return []
    entries = entries_of(snapshot.folder, (one.url for one in first if one.method in READ))
    good = [one.timestamp for one in held.good_snapshots(snapshot.site)]
    explained = [
        one._replace(entry=entries.get(one.url), nearest=_nearest(held, snapshot, one.url, good))
        if one.method in READ and one.withheld is None
        else one
        for one in first
    ]
    return [*explained, *missing[SHOWN:]]


def _nearest(held: Holdings, snapshot: OpenSnapshot, url: str, good: Sequence[str]) -> str | None:
    """Return the snapshot of the same site nearest in time that has a URL; of two as near, the earlier."""
    lifeline = held.lifeline(held.kept_as(url, snapshot.site), snapshot.site)
    lifeline = [one for one in lifeline if 200 <= (one.status or 0) < 400]
    if not lifeline:
        return None
    before = last_before(lifeline, good, snapshot.timestamp)
    after = first_from(lifeline, good, snapshot.timestamp)
    moments = [Moment(snapshot.site, one) for one in (before, after) if one]
    found = nearest_of(moments, snapshot.timestamp)
    return found.timestamp if found else None
