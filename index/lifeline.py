# SPDX-License-Identifier: EUPL-1.2
"""
The lifeline of a URL: the intervals over which what it answered stood unchanged. Knows nothing of SQL.

    Interval    one stretch of snapshots with the same answer
    Between     when something changed, where days are missing around it
    Difference  one URL that two snapshots answer differently
    Moment      a snapshot of a site, by name
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from .changes import Kind, kind_of, says
from .model import Content
from .timestamp import parse_timestamp

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Between:
    """A change on a day that is not known: days are missing between two that were seen."""

    after: str
    """Last day on which it was seen as before."""
    by: str
    """First day on which it was seen changed."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From snapshot `first` to snapshot `last`, both included, a URL answered the same."""

    site: str
    url: str
    status: int | None
    digest: str
    redirect: str | None
    mime: str
    truncated: str | None
    document_id: str | None
    first: str
    last: str
    """Where the interval is still open: the newest snapshot of the site that did not fail."""
    first_day: str
    last_day: str
    still: bool
    """Whether the newest snapshot that did not fail still has it."""
    until: str | None = None
    """First snapshot of the next interval of this URL in a lifeline; later than the day after a gap."""
    began: Between | None = None
    """When this version took the place of the one before, where no day saw the one and the next the other."""
    ended: Between | None = None
    """The same of its end. Answers that do not say what the URL is, such as 503, neither begin nor end."""

    @property
    def content(self) -> Content:
        """What stayed equal."""
        return self.status, self.digest, self.redirect, self.mime

    @property
    def effective_status(self) -> int | None:
        """The status that a visitor saw."""
        return self.status


# `dataclasses.replace` takes three times as long, and pages have hundreds of them
_SAID = attrgetter(*[one.name for one in fields(Interval)][:-3])
"""All that an interval says by itself: all but the last three of its fields."""


class Difference(NamedTuple):
    """One URL that differs between two snapshots, with the intervals around each."""

    kind: Kind
    url: str
    before: Interval | None
    """Where that does not say what the URL is: the last one before it that does, as far as it was given."""
    after: Interval | None


class Moment(NamedTuple):
    """A snapshot of a site, by name."""

    site: str
    timestamp: str


def difference(around: Iterable[Interval], before: str, after: str) -> Difference:
    """Return what became of one URL, from its intervals around two snapshots (one or two of them)."""
    intervals = list(around)
    was, now = at(intervals, before), at(intervals, after)
    return Difference(kind_of(was, now), intervals[0].url, was, now)


def bridged(one: Difference, earlier: Iterable[Interval]) -> Difference:
    """Return a difference against the last of these earlier intervals that says what the URL is."""
    known = max(filter(says, earlier), key=attrgetter("first"), default=None)
    return one if known is None else one._replace(kind=kind_of(known, one.after), before=known)


def at(lifeline: Iterable[Interval], timestamp: str) -> Interval | None:
    """Return the interval around a snapshot, None where that snapshot has no capture of the URL."""
    return next((one for one in lifeline if one.first <= timestamp <= one.last), None)


def chained(intervals: Sequence[Interval]) -> list[Interval]:
    """
    Return intervals in order of site and time, each with the start of the next one of its site.

    And with the days between which it began and ended, where days are missing there.
    """
    return [one for _, group in groupby(intervals, key=attrgetter("site")) for one in _chained(list(group))]


def _chained(intervals: list[Interval]) -> Iterator[Interval]:
    began: dict[str, Between] = {}
    ended: dict[str, Between] = {}
    for one, after in pairwise(filter(says, intervals)):
        if one.content != after.content and (apart := between(one.last_day, after.first_day)):
            ended[one.first] = began[after.first] = apart
    for one, following in zip(intervals, [*intervals[1:], None], strict=True):
        until = following.first if following else None
        yield Interval(*(*_SAID(one), until, began.get(one.first), ended.get(one.first)))


def between(after: str, by: str) -> Between | None:
    """Return two days as what lies between them, None where they are the same or follow each other."""
    return Between(after, by) if date.fromisoformat(by) - date.fromisoformat(after) > _DAY else None


def neighbours(lifeline: Sequence[Interval], timestamp: str) -> tuple[Interval | None, Interval | None]:
    """Return the nearest intervals before and after a snapshot whose content differs from its own."""
    here = at(lifeline, timestamp)
    others = [one for one in lifeline if here is None or one.content != here.content]
    before = (one for one in reversed(others) if one.last < timestamp)
    after = (one for one in others if one.first > timestamp)
    return next(before, None), next(after, None)


def nearest(moments: Iterable[Moment], timestamp: str) -> Moment | None:
    """Return the moment least far from a timestamp; of two as far, the earlier."""
    ranked = ((_apart(moment.timestamp, timestamp), moment.timestamp, moment) for moment in moments)
    return min(ranked, default=(None, None, None))[2]


def _apart(one: str, other: str) -> timedelta:
    return abs(parse_timestamp(one) - parse_timestamp(other))
