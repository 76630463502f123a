# SPDX-License-Identifier: EUPL-1.2
"""
What a visitor typed for a day: a day, a month or a year, as people write them in Dutch and in English. Pure.

    2026-03-02, 2-3-2026, 02/03/2026, 2.3.26, 20260302      a day; where both can be, its number is first
    2 maart 2026, maandag 2 mrt '26, March 2nd, 2026        a day
    d.d. 2 maart 2026, 2 maart jl., 2 March 2026 (Mon)      as letters have it
    2 maart, 1e maart, March 2                              the last one that has been
    vandaag, gisteren, eergisteren, today, yesterday        a day
    maart 2026, mrt '26, 03-2026, 2026-03, March            a month; without a year the last one
    2026                                                    a year

Both languages are read whatever the language of the page. Both write the number of the day first here, as the
pages of the viewer do; a day that would be another with the month first has it beside it (`other`), and a day
of the week that was written and that it is not (`weekday`): the page says so. What is not one of these is
nothing: no part of a text is guessed at. Bounded in characters.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import dropwhile, pairwise

from babel import Locale

from index.timestamp import FIRST_YEAR, LAST_YEAR

MAX_TYPED = 60
"""Characters of what is read; `woensdag de 30ste september 2026` has 33."""

_TOKEN = re.compile(r"'?\d+|[^\W\d_]+")
_BETWEEN = re.compile(r"[\s,./'()-]*")
_STRAIGHT = str.maketrans(
    "\N{RIGHT SINGLE QUOTATION MARK}\N{HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}", "'----"
)
_LETTERED = re.compile(r"\b(?:d\.? ?d|j\.? ?l)\b\.?")
"""What Dutch letters put before a day, *de dato*, and after one, *jongstleden*."""
_ORDINALS = frozenset({"d", "de", "e", "nd", "rd", "st", "ste", "th"})
_FILLERS = frozenset({"de", "of", "on", "op", "the", "van"})
_DAYS_AGO = {
    "now": 0,
    "nu": 0,
    "today": 0,
    "vandaag": 0,
    "gisteren": 1,
    "yesterday": 1,
    "eergisteren": 2,
}
_NINETIES = 90
"""From this number on two digits of a year are of the century of the first websites."""


class Unit(StrEnum):
    """How long a stretch of days is that was typed."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """What was typed: the days from `first` to `last`."""

    unit: Unit
    first: date
    last: date
    other: date | None = None
    """The day that it would be with the month first."""
    weekday: int | None = None
    """The day of the week that was written where the day is another one; 0 is Monday."""

    @property
    def day(self) -> str | None:
        """The day as `YYYY-MM-DD`; None for a month or a year."""
        return self.first.isoformat() if self.unit is Unit.DAY else None

    @property
    def is_doubtful(self) -> bool:
        """Whether another day may have been meant."""
        return self.other is not None or self.weekday is not None


def read_day(text: str, today: date) -> Period | None:
    """Return what was typed; None for what is none of these, or no day of the calendar."""
    words = _words(text)
    if words is None:
        return None
    try:
        return _period(words, today)
    except ValueError:  # 31 February, month 13, year 0
        return None


def _words(text: str) -> list[str] | None:
    """Return the numbers and words of a text in their order; None where it has anything else."""
    if len(text) > MAX_TYPED:
        return None
    plain = _LETTERED.sub(" ", unicodedata.normalize("NFKC", text).casefold().translate(_STRAIGHT))
    found = list(_TOKEN.finditer(plain))
    ends = [0, *(end for one in found for end in one.span()), len(plain)]
    between = (plain[start:end] for start, end in list(pairwise(ends))[::2])
    if not found or not all(map(_BETWEEN.fullmatch, between)):
        return None
    return [one[0] for one in found]


def _period(given: list[str], today: date) -> Period | None:
    words = list(dropwhile(_FILLERS.__contains__, given))
    if not words:
        return None
    if len(words) == 1 and words[0] in _DAYS_AGO:
        return _day(today - timedelta(days=_DAYS_AGO[words[0]]))
    parts = list(_parts(words))
    reading = _READINGS.get("".join(kind for kind, _ in parts))
    found = reading(today, *(value for _, value in parts)) if reading else None
    named = _WEEKDAYS.get(words[0], _WEEKDAYS.get(words[-1]))
    return _held_against(named, found)


def _held_against(weekday: int | None, found: Period | None) -> Period | None:
    """Return what was read, with the day of the week that was written where it is not that of the day."""
    if found is None or weekday is None or found.day is None or found.first.weekday() == weekday:
        return found
    return replace(found, weekday=weekday)


def _parts(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    """
    Yield what each word is, as _READINGS has it, and its number.

    A day of the week at one end is held against the day afterwards; an article says nothing.
    """
    before = ""
    weekday = 0 if words[0] in _WEEKDAYS else len(words) - 1
    for place, word in enumerate(words):
        if word.strip("'").isdecimal():
            yield _number(word)
        elif word in _MONTHS:
            yield "m", _MONTHS[word]
        elif not (place == weekday and word in _WEEKDAYS) and not _is_passed_over(word, before):
            yield "?", 0
        before = word


def _number(word: str) -> tuple[str, int]:
    digits = word.removeprefix("'")
    if digits != word:
        return ("y", _year(int(digits))) if len(digits) == 2 else ("?", 0)
    return {1: "s", 2: "s", 4: "y", 8: "e"}.get(len(digits), "?"), int(digits)


def _is_passed_over(word: str, before: str) -> bool:
    return word in _FILLERS or (word in _ORDINALS and before.isdecimal())


def _year(number: int) -> int:
    """Return the year that is meant by two digits, or by more."""
    if number > 99:
        return number
    return number + (1900 if number >= _NINETIES else 2000)


def _day_or_year(today: date, month: int, number: int) -> Period:
    """Return the day of `maart 26`, and the month of `maart 99`."""
    return _month(_year(number), month) if number > 31 else _day(_last(month, number, today))


# What was typed, in its order: `s` one or two digits, `y` a year, `e` eight digits, `m` the name of a month.
_READINGS: Mapping[str, Callable[..., Period | None]] = {
    "y": lambda _, year: Period(Unit.YEAR, _date(year, 1, 1), date(year, 12, 31)),
    "m": lambda today, month: _month(today.year if month <= today.month else today.year - 1, month),
    "my": lambda _, month, year: _month(year, month),
    "ym": lambda _, year, month: _month(year, month),
    "sy": lambda _, month, year: _month(year, month),
    "ys": lambda _, year, month: _month(year, month),
    "e": lambda _, digits: _day(_date(digits // 10_000, digits // 100 % 100, digits % 100)),
    "sm": lambda today, day, month: _day(_last(month, day, today)),
    "ms": _day_or_year,
    "smy": lambda _, day, month, year: _day(_date(year, month, day)),
    "sms": lambda _, day, month, year: _day(_date(_year(year), month, day)),
    "msy": lambda _, month, day, year: _day(_date(year, month, day)),
    "mss": lambda _, month, day, year: _day(_date(_year(year), month, day)),
    "yms": lambda _, year, month, day: _day(_date(year, month, day)),
    "yss": lambda _, year, month, day: _day(_date(year, month, day)),
    "ss": lambda today, one, other: _either(one, other, lambda day, month: _last(month, day, today)),
    "ssy": lambda _, one, other, year: _either(one, other, lambda day, month: _date(year, month, day)),
    "sss": lambda _, one, other, year: _either(one, other, lambda day, month: _date(_year(year), month, day)),
}


def _either(one: int, other: int, made: Callable[[int, int], date]) -> Period | None:
    """Return the day whose number stands first; where there is none, that whose month does."""
    found = [day for day in (_tried(made, one, other), _tried(made, other, one)) if day]
    if not found:
        return None
    return Period(Unit.DAY, found[0], found[0], found[1] if found[0] != found[-1] else None)


def _tried(made: Callable[[int, int], date], day: int, month: int) -> date | None:
    try:
        return made(day, month)
    except ValueError:
        return None


def _last(month: int, day: int, today: date) -> date:
    """Return the last such day that has been, today with it. Raises ValueError for one that no year has."""
    for year in range(today.year, today.year - 9, -1):  # 29 February: at most every eighth year
        if monthrange(year, month)[1] >= day > 0 and date(year, month, day) <= today:
            return date(year, month, day)
    message = f"no year has day {day} in month {month}"
    raise ValueError(message)


def _month(year: int, month: int) -> Period:
    first = _date(year, month, 1)
    return Period(Unit.MONTH, first, first.replace(day=monthrange(year, month)[1]))


def _day(day: date) -> Period:
    return Period(Unit.DAY, day, day)


def _date(year: int, month: int, day: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"{year} is no year that is read"
        raise ValueError(message)
    return date(year, month, day)


def _named(kind: str, *widths: str) -> Iterator[tuple[int, str]]:
    """Yield the names of months or days of the week in both languages, in lower case, with their numbers."""
    for language in ("nl", "en"):
        forms = getattr(Locale(language), kind)["format"]
        for width in widths:
            yield from ((number, name.casefold().rstrip(".")) for number, name in forms[width].items())


_MONTHS: Mapping[str, int] = {
    name[:length]: number
    for number, name in _named("months", "wide", "abbreviated")
    for length in range(3, len(name) + 1)
}
"""Names of months, and what is left of them when they are cut short after three letters or more."""
_WEEKDAYS: Mapping[str, int] = {
    name[:length]: number
    for number, name in _named("days", "wide", "abbreviated", "short")
    for length in range(min(3, len(name)), len(name) + 1)
    if name[:length] not in _MONTHS
}
"""Names of days of the week, and what is left of them in the same way."""
