# SPDX-License-Identifier: EUPL-1.2
"""
The versions of a page as a picture: where on a line each begins and ends, in percent of its length. Pure.

    2 March                                   8 March
    |▓▓▓▓▓▓▓|░░░░░░░░░░░░░░|  |▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓|        a text; another text; not stored; the first again

A change of text changes the shade, a change of bytes alone draws a line within it. What would be thinner than
it can be seen is one with its neighbour, so that a page with thousands of versions has a picture as well. The
table below it has every version in words. Knows nothing of markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from index.lifeline import Interval

STEPS = 500
"""Parts of the line that are told apart: what is shorter is drawn as one of them."""
LABELS = 5
"""Dates below the line, at most: so many fit a telephone."""
_DAY = timedelta(days=1)


class Shade(StrEnum):
    """What a stretch of the line stands for."""

    TEXT = "text"
    OTHER = "other"
    """A text too: the shade changes with every change of text."""
    LEADS = "leads"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the line."""

    shade: Shade
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Label:
    """A date below the line."""

    day: date
    at: float
    unit: str
    """`year`, `month` or `day`: how much of it is written."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture."""

    first: date
    last: date
    stretches: tuple[Stretch, ...]
    labels: tuple[Label, ...]

    def has(self, shade: str) -> bool:
        """Tell whether a stretch of it has this shade."""
        return any(one.shade == shade for one in self.stretches)


def timeline(versions: Sequence[tuple[Interval, str]], last_day: str) -> Timeline | None:
    """
    Return the picture of versions, oldest first, each with the last day on which it was seen.

    `last_day`: the newest day of the site. None where there is but one version: a line of one piece says
    nothing.
    """
    if len(versions) < 2:
        return None
    first = date.fromisoformat(versions[0][0].first_day)
    end = max(date.fromisoformat(last_day), date.fromisoformat(versions[-1][1])) + _DAY
    days = (end - first).days
    drawn = _drawn(_shaded(versions), first, days)
    return Timeline(first, end - _DAY, tuple(drawn), tuple(_labels(first, days)))


def _shaded(versions: Iterable[tuple[Interval, str]]) -> Iterator[tuple[Shade, date, date]]:
    """Yield each version with its shade, its first day and the day after its last."""
    text, document = Shade.TEXT, None
    for number, (interval, last_day) in enumerate(versions):
        shade = _special(interval)
        if shade is None:
            if document is not None and (interval.document_id or str(number)) != document:
                text = Shade.OTHER if text is Shade.TEXT else Shade.TEXT
            document = interval.document_id or str(number)
            shade = text
        yield shade, date.fromisoformat(interval.first_day), date.fromisoformat(last_day) + _DAY


def _special(interval: Interval) -> Shade | None:
    if interval.redirect is not None:
        return Shade.LEADS
    return Shade.ERROR if (interval.status or 0) >= 400 else None


def _drawn(versions: Iterable[tuple[Shade, date, date]], first: date, days: int) -> Iterator[Stretch]:
    """Yield stretches in steps of the line, at most one for each step."""
    free = 0
    for shade, start, end in versions:
        begin, stop = (round((day - first).days / days * STEPS) for day in (start, end))
        if begin < free and stop <= free:  # within a step that is drawn
            continue
        begin = max(begin, free)
        free = min(max(stop, begin + 1), STEPS)
        if begin < free:
            yield Stretch(shade, begin / STEPS * 100, (free - begin) / STEPS * 100)


def _labels(first: date, days: int) -> Iterator[Label]:
    """Yield dates at even distances: first days of years or months, or days, as the length asks for."""
    unit = "year" if days > 3 * 365 else "month" if days > 90 else "day"
    marks = list(_marks(first, first + timedelta(days=days), unit))
    every = max(-(-len(marks) // LABELS), 1)
    yield from (Label(one, (one - first).days / days * 100, unit) for one in marks[::every])


def _marks(first: date, end: date, unit: str) -> Iterator[date]:
    """Yield the first days of years or months, or the days, from one day until before another."""
    one = first if unit == "day" else _next(first - _DAY, unit)
    while one < end:
        yield one
        one = _next(one, unit)


def _next(day: date, unit: str) -> date:
    """Return the day after, or the first day of the year or month after."""
    if unit == "day":
        return day + _DAY
    last = unit == "year" or day.month == 12
    return date(day.year + 1, 1, 1) if last else date(day.year, day.month + 1, 1)
