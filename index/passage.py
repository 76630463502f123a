# SPDX-License-Identifier: EUPL-1.2
"""
On which days a passage stood on a page, as far as the snapshots of its site can tell.

    1 March       2        3            4        5 March           6        7
    version A     A        503          -        B                 B        B      - no snapshot that day
    there         there    not known    not known    not there     not there …

    Span    some days on end on which it was there, was not, or of which that is not known
    Dated   all of them, oldest first; the first and the last day it was there, and how sure their edges are

Not known are the days on which the URL was not captured, did not say what it is (503, a cut body), or has no
text that could be read; and days without a snapshot, where it stood on the one side of them and not on the
other. A page that is gone, or leads elsewhere, does not have the passage. Knows nothing of SQL or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from .changes import says
from .lifeline import Between, Interval, between
from .model import Snapshot
from .unicode_forms import caseless
from .words import without_soft

_DAY = timedelta(days=1)


class Standing(StrEnum):
    """Whether a passage stood on a page."""

    THERE = "there"
    NOT_THERE = "not there"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Span:
    """Some days on end, both included."""

    standing: Standing
    first_day: str
    last_day: str
    first: str | None = None
    """First and last snapshot of these days; None where there is none."""
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """On which days a passage stood on a page of a site."""

    site: str
    url: str
    spans: tuple[Span, ...]
    """From the first day on which the URL was captured to the newest snapshot."""
    complete: bool = True
    """Whether every version of the page was looked at; else the others are not known."""

    @property
    def first_day(self) -> str | None:
        """The first day on which it is known to have been there."""
        return next((span.first_day for span in self.spans if span.standing is Standing.THERE), None)

    @property
    def last_day(self) -> str | None:
        """The last day on which it is known to have been there."""
        return next((one.last_day for one in reversed(self.spans) if one.standing is Standing.THERE), None)

    @property
    def still(self) -> bool:
        """Whether it is there in the newest snapshot."""
        return bool(self.spans) and self.spans[-1].standing is Standing.THERE

    @property
    def throughout(self) -> Standing:
        """Whether it was there on all days from the first to the last; else the worst that is so of some."""
        there = [at for at, span in enumerate(self.spans) if span.standing is Standing.THERE]
        between = {span.standing for span in self.spans[there[0] : there[-1]]} if there else set()
        worse = (one for one in (Standing.NOT_THERE, Standing.NOT_KNOWN) if one in between)
        return next(worse, Standing.THERE)

    @property
    def came(self) -> Between | None:
        """The days between which it came first, where days between are not known."""
        edge = _edge(self.spans)
        return between(*edge) if edge else None

    @property
    def went(self) -> Between | None:
        """The days between which it went last, where days between are not known."""
        edge = _edge(self.spans[::-1])
        return between(*edge[::-1]) if edge else None


def fold(text: str) -> str:
    """Return text as it is compared: white space collapsed, whatever the case, without what shows nothing."""
    text = without_soft(text, joiners=True)
    return " ".join(caseless(text).split())


def standing_of(interval: Interval, holds: Callable[[str], bool | None]) -> Standing:
    """
    Return whether a version has the passage; `holds` tells it of the text of a document, None: no text.

    A cut body may show the passage; that it does not have it, it cannot say.
    """
    held = holds(interval.document_id) if interval.document_id else None
    if held:
        return Standing.THERE
    if not says(interval):
        return Standing.NOT_KNOWN
    if held is None and not _is_elsewhere(interval):
        return Standing.NOT_KNOWN
    return Standing.NOT_THERE


def spans_of(
    lifeline: Sequence[Interval], snapshots: Iterable[Snapshot], standing: Callable[[Interval], Standing]
) -> tuple[Span, ...]:
    """
    Return the days of a lifeline by whether a passage was there.

    `snapshots`: those of the site that did not fail, oldest first.
    """
    runs = [_run(list(group)) for _, group in groupby(_seen(lifeline, snapshots, standing), key=_standing)]
    return tuple(_filled(runs))


def _seen(
    lifeline: Sequence[Interval], snapshots: Iterable[Snapshot], standing: Callable[[Interval], Standing]
) -> Iterator[Span]:
    """Yield a span of one day for each snapshot since the first that has the URL."""
    verdicts = [(one, standing(one)) for one in lifeline]
    place = 0
    for snapshot in snapshots:
        name = snapshot.timestamp
        while place < len(verdicts) and verdicts[place][0].last < name:
            place += 1
        around = place < len(verdicts) and verdicts[place][0].first <= name
        if around or (verdicts and name > verdicts[0][0].first):
            found = verdicts[place][1] if around else Standing.NOT_KNOWN
            yield Span(found, snapshot.day, snapshot.day, name, name)


def _standing(span: Span) -> Standing:
    return span.standing


def _run(spans: list[Span]) -> Span:
    return replace(spans[0], last_day=spans[-1].last_day, last=spans[-1].last)


def _filled(runs: Iterable[Span]) -> Iterator[Span]:
    """Yield runs with the days between two of them as days of which nothing is known."""
    before: Span | None = None
    for run in runs:
        if before is None or not between(before.last_day, run.first_day):
            yield from [before] if before else []
            before = run
        elif before.standing is Standing.NOT_KNOWN:
            yield replace(before, last_day=_shifted(run.first_day, -_DAY))
            before = run
        elif run.standing is Standing.NOT_KNOWN:
            yield before
            before = replace(run, first_day=_shifted(before.last_day, _DAY))
        else:
            yield before
            missing = _shifted(before.last_day, _DAY), _shifted(run.first_day, -_DAY)
            yield Span(Standing.NOT_KNOWN, *missing)
            before = run
    yield from [before] if before else []


def _shifted(day: str, by: timedelta) -> str:
    return (date.fromisoformat(day) + by).isoformat()


def _is_elsewhere(interval: Interval) -> bool:
    """Tell whether a page is gone or leads to another."""
    return interval.redirect is not None or interval.status in {404, 410}


def _edge(spans: Sequence[Span]) -> tuple[str, str] | None:
    """
    Return the days on both sides of what is not known before the passage is there first, in this order.

    None where nothing is not known there, or nothing else comes before that.
    """
    number = next((at for at, span in enumerate(spans) if span.standing is Standing.THERE), 0)
    if number < 2 or spans[number - 1].standing is not Standing.NOT_KNOWN:
        return None
    known, there = spans[number - 2], spans[number]
    return _near(known, there), _near(there, known)


def _near(one: Span, other: Span) -> str:
    """Return the day of a span that is nearest to another."""
    return one.last_day if one.first_day < other.first_day else one.first_day
