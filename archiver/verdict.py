# SPDX-License-Identifier: EUPL-1.2
"""
Whether a day as a whole is the site, or something else: walls, maintenance, and a site that shrank overnight.

    bot wall or maintenance at a seed, or on most pages     failed: nothing of it is the site
    a share of walls, log-ins, parked or default pages      partial
    many soft 404s; far fewer pages than before             partial

Each reason is one sentence with its figures. Knows nothing of crawling or of the ledger: archiver.ledger
judges what is lacking, this judges what is there, and the worse of both is the outcome of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Annotated

import msgspec
from msgspec import Meta

from index.model import Outcome

from .suspicion import Kind, Suspicion

Share = Annotated[float, Meta(ge=0, le=1)]

_WORST_FIRST = (Outcome.FAILED, Outcome.PARTIAL, Outcome.COMPLETE)
_NOT_THE_SITE = frozenset({Kind.BOT_WALL, Kind.MAINTENANCE})
_NAMES = {
    Kind.BOT_WALL: "bot walls",
    Kind.MAINTENANCE: "maintenance pages",
    Kind.LOGIN: "redirects to a log-in",
    Kind.PARKED: "pages of a parked domain",
    Kind.DEFAULT_PAGE: "default pages of a web server",
    Kind.SOFT_404: "pages that say 'not found' with a status of success",
}


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From where on a suspicion is one about the day: the table `[site.suspicion]` of the configuration."""

    partial: Share = 0.01
    """A larger share of pages with bot walls, maintenance, parked or default pages makes the day partial."""
    failed: Share = 0.5
    """A larger share of bot walls and maintenance pages makes it failed."""
    login: Share = 0.5
    """A larger share of redirects to a log-in makes it partial."""
    soft_404: Share = 0.1
    """A larger share of soft 404s makes it partial; a few dead links are nobody's emergency."""
    pages: Share = 0.5
    """Fewer pages than this share of yesterday's, or of the median of the last days: partial."""
    bytes: Share = 0.3
    """The same for the bytes of all pages and files as stored; only where WARCs are compressed."""
    front: Share = 0.1
    """The same for the text of the front page."""
    days: Annotated[int, Meta(ge=1, le=366)] = 7
    """How many earlier days the median is taken over."""
    ignore: tuple[Kind, ...] = ()
    """What is not to be looked for, where a site's own pages are mistaken for it."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """How much of a site was there on one day. None: not known, and not compared."""

    pages: int
    """URLs of the site with something to show for it: captured, unchanged or truncated."""
    bytes: int | None = None
    """Of their records as compressed, those that unchanged ones refer to counted in."""
    front: int | None = None
    """Characters of text of the first seed's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the crawl found, counted."""

    examined: int
    """Answers that could be pages of the site and were examined, redirects counted in."""
    suspicions: Mapping[Kind, int] = field(default_factory=dict)
    """How many of them were flagged as what."""
    front: Suspicion | None = None
    """What was found at a seed, or where the seed led; None where all is well there."""
    figures: DayFigures = field(default_factory=lambda: DayFigures(0))


@dataclass(frozen=True, slots=True)
class DayVerdict:
    """How the day went by what is in it."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    """One sentence each, worst first; empty where the day is complete."""


def judge_day(
    day: Day, before: Sequence[DayFigures] = (), thresholds: Thresholds | None = None
) -> DayVerdict:
    """
    Return the verdict over a day. `before` has the figures of earlier days that did not fail, oldest first.

    Only the last `thresholds.days` of them count. A site that has become smaller for good is partial for half
    as many days, until the median has followed.
    """
    limits = thresholds or Thresholds()
    found = [*_by_front(day, limits), *_by_share(day, limits)]
    shrinking = shrunk(before, day.figures, limits)
    if shrinking:
        found.append((Outcome.PARTIAL, shrinking))
    found.sort(key=lambda one: _WORST_FIRST.index(one[0]))
    return DayVerdict(found[0][0] if found else Outcome.COMPLETE, tuple(reason for _, reason in found))


def worse(one: Outcome, other: Outcome) -> Outcome:
    """Return the worse of two outcomes of a day."""
    return min(one, other, key=_WORST_FIRST.index)


def shrunk(before: Sequence[DayFigures], today: DayFigures, thresholds: Thresholds) -> str | None:
    """Return the sentence that says by how much the site has shrunk, or None where it has not."""
    last = before[-thresholds.days :]
    shares = (thresholds.pages, thresholds.bytes, thresholds.front)
    sentences = (measure.less(last, today, share) for measure, share in zip(_MEASURES, shares, strict=True))
    return next((sentence for sentence in sentences if sentence), None)


@dataclass(frozen=True, slots=True)
class _Measure:
    """A figure of a day that is compared with earlier ones."""

    what: str
    of: Callable[[DayFigures], int | None]
    least: int
    """What there must have been before for less of it to mean anything."""

    def less(self, before: Sequence[DayFigures], today: DayFigures, share: float) -> str | None:
        now = self.of(today)
        earlier = [figure for day in before if (figure := self.of(day)) is not None]
        if now is None or not earlier:
            return None
        compared = {"the day before": earlier[-1], f"the median of {len(earlier)} days": median(earlier)}
        for name, was in compared.items():
            if was >= self.least and now < share * was:
                return f"the site has shrunk: {now} {self.what}, {name} had {was:.0f}"
        return None


_MEASURES = (
    # a site of a few pages has not shrunk but lost a page, which the ledger tells
    _Measure("pages", lambda day: day.pages, 10),
    _Measure("bytes", lambda day: day.bytes, 100_000),
    _Measure("characters of text on the front page", lambda day: day.front, 200),
)


def _by_front(day: Day, limits: Thresholds) -> Iterator[tuple[Outcome, str]]:
    if day.front is not None and day.front.kind not in limits.ignore:
        outcome = Outcome.FAILED if day.front.kind in _NOT_THE_SITE else Outcome.PARTIAL
        yield outcome, f"the front page is not the site's ({day.front.kind}): {day.front.evidence}"


def _by_share(day: Day, limits: Thresholds) -> Iterator[tuple[Outcome, str]]:
    counts = {kind: day.suspicions.get(kind, 0) for kind in Kind if kind not in limits.ignore}
    walls = _several(counts, _NOT_THE_SITE)
    if walls > limits.failed * day.examined:
        yield Outcome.FAILED, _sentence(counts, _NOT_THE_SITE, day.examined)
    elif walls > limits.partial * day.examined:
        yield Outcome.PARTIAL, _sentence(counts, _NOT_THE_SITE, day.examined)
    others = {
        (Kind.PARKED, Kind.DEFAULT_PAGE): limits.partial,
        (Kind.LOGIN,): limits.login,
        (Kind.SOFT_404,): limits.soft_404,
    }
    for kinds, share in others.items():
        if _several(counts, kinds) > share * day.examined:
            yield Outcome.PARTIAL, _sentence(counts, kinds, day.examined)


def _several(counts: Mapping[Kind, int], kinds: Iterable[Kind]) -> int:
    return sum(counts.get(kind, 0) for kind in kinds)


def _sentence(counts: Mapping[Kind, int], kinds: Iterable[Kind], examined: int) -> str:
    named = [f"{counts[kind]} {_NAMES[kind]}" for kind in Kind if kind in kinds and counts.get(kind)]
    return f"{' and '.join(named)} among {examined} answers"
