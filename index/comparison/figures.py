# SPDX-License-Identifier: EUPL-1.2
r"""
Amounts, shares, measures and dates in a line of text, in Dutch and English; and which of them differ.

    De dwangsom is € 23 per dag.            AMOUNT   EUR  23       € 23
    kosten: 1.234,50 euro                   AMOUNT   EUR  1234.50  1.234,50 euro
    a fee of $1,234.50                      AMOUNT   USD  1234.50  $1,234.50
    21% btw, 3,5 procent                    SHARE    %    21       21%
    binnen 8 weken                          MEASURE  week 8        8 weken
    vanaf 1 januari 2026, on 1 July         DATE          1-1-2026 1 januari 2026

They are found by one expression that takes what it matches and gives nothing back, and are equal by what they
say: `€ 1.000` and `EUR 1000,00` are one amount. Of two lines that are one changed, figures of one sort stand
beside each other in their order; what left one place of a page and came at another did not change. Knows
nothing of pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from .alignment import Effort, runs
from .figure_words import CURRENCIES, MONTHS, TIMES, UNITS
from .passages import Row, What

MAX_LINE = 20_000
"""Characters of a line in which figures are looked for."""
MAX_READ = 100_000
"""Characters of lines that differ in which figures are looked for: half a second at the worst."""
MAX_CHANGES = 200
"""Figures that differ which are told of one comparison."""


class Sort(StrEnum):
    """What a figure is."""

    AMOUNT = "amount"
    SHARE = "share"
    MEASURE = "measure"
    DATE = "date"


class Figure(NamedTuple):
    """A figure in a line, as it is written, and what it says."""

    sort: Sort
    unit: str
    value: str
    text: str

    @property
    def said(self) -> tuple[Sort, str, str]:
        """What makes it equal to another."""
        return self.sort, self.unit, self.value


class Other(NamedTuple):
    """A figure that differs: what it was, what it is, and the line that has it."""

    sort: Sort
    old: str
    """Empty where it is new."""
    new: str
    """Empty where it has gone."""
    line: str
    """The line as it is now; as it was, where it has gone."""


class Others(NamedTuple):
    """The figures that differ between two texts."""

    found: tuple[Other, ...]
    cut: bool
    """Whether there are more."""


def _any_of(table: Iterable[str]) -> str:
    """Return an expression for one of these words, the longest that fits."""
    named = (one for alternatives in table for one in alternatives.split("|"))
    return f"(?>{'|'.join(sorted(named, key=len, reverse=True))})"


_END = r"(?![^\W_])"
_NUMBER = r"\d{1,15}+(?:[.,]\d{1,15}+){0,6}+"
_DASH = "(?:,[-\N{EN DASH}\N{EM DASH}])?+"
_GROWN = rf"(?: {_any_of(TIMES.values())}{_END})?+"
_MONEY, _UNIT = _any_of(CURRENCIES.values()), _any_of(UNITS.values())
_NAMED = rf"(?P<{{}}>{_any_of(MONTHS)}){_END}\.?+"
_FIGURE = re.compile(
    r"(?<![^\W_])(?<!\d[.,:/-])(?:"
    rf"(?P<d1>\d{{1,2}}) {_NAMED.format('m1')}(?: (?P<y1>\d{{4}})(?!\d))?+"
    rf"|{_NAMED.format('m2')} (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?+{_END}(?:,? (?P<y2>\d{{4}})(?!\d))?+"
    rf"|{_NAMED.format('m5')} (?P<y5>\d{{4}})(?!\d)"
    rf"|(?P<y3>\d{{4}})-(?P<m3>\d{{2}})-(?P<d3>\d{{2}}){_END}"
    rf"|(?P<d4>\d{{1,2}})(?P<sep>[-/.])(?P<m4>\d{{1,2}})(?P=sep)(?P<y4>\d{{4}}){_END}"
    rf"|(?P<c1>{_MONEY}) ?(?P<n1>{_NUMBER}){_DASH}(?P<g1>{_GROWN})"
    rf"|(?P<n2>{_NUMBER}){_DASH}(?P<g2>{_GROWN}) ?(?P<c2>{_MONEY}){_END}"
    rf"|(?P<n3>{_NUMBER}) ?(?P<share>[%‰]|(?>procent(?:punt(?:en)?)?|per ?cent|percentage points){_END})"
    rf"|(?P<time>\d{{1,2}}[.:]\d{{2}})(?: (?:uur|hours)| ?[ap]\.?m\b| ?h){_END}"
    rf"|(?P<n4>{_NUMBER})[ -]?(?P<unit>{_UNIT}){_END}"
    r")",
    re.IGNORECASE,
)
_CODES = {
    word: name for table in (CURRENCIES, UNITS) for name, words in table.items() for word in words.split("|")
}
_CODES["$"], _CODES["us$"] = "USD", "USD"
_MONTH_OF = {word: str(number) for number, words in enumerate(MONTHS, 1) for word in words.split("|")}


def figures(line: str) -> list[Figure]:
    """Return the figures of a line in their order."""
    if not any(map(str.isdigit, line)):
        return []
    return [_figure(found) for found in _FIGURE.finditer(line[:MAX_LINE])]


def others(rows: Iterable[Row], effort: Effort) -> Others:
    """Return the figures that differ in the lines of two texts."""
    found: list[Other] = []
    left = MAX_READ
    for row in rows:
        if row.what not in {What.CHANGED, What.ADDED, What.REMOVED}:
            continue
        left -= len(row.old) + len(row.new)
        if left < 0:
            break
        found += _others(row, effort)
    settled = list(_settled(found))
    return Others(tuple(settled[:MAX_CHANGES]), left < 0 or len(settled) > MAX_CHANGES)


def _others(row: Row, effort: Effort) -> Iterator[Other]:
    old, new = _by_sort(row.old), _by_sort(row.new)
    for sort in Sort:
        for was, now in _paired(old.get(sort, []), new.get(sort, []), effort):
            if was is None or now is None or was.said != now.said:
                yield Other(
                    sort, was.text if was else "", now.text if now else "", row.new if now else row.old
                )


def _by_sort(line: str) -> dict[Sort, list[Figure]]:
    ordered = sorted(figures(line), key=attrgetter("sort"))
    return {sort: list(group) for sort, group in groupby(ordered, key=attrgetter("sort"))}


def _paired(
    old: Sequence[Figure], new: Sequence[Figure], effort: Effort
) -> Iterator[tuple[Figure | None, Figure | None]]:
    """Yield figures of one sort that stand for each other: as many as before keep their places."""
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    for run in runs([one.said for one in old], [one.said for one in new], effort):
        if run.same:
            continue
        was, now = old[slice(*run.old)], new[slice(*run.new)]
        for place in range(max(len(was), len(now))):
            yield (was[place] if place < len(was) else None, now[place] if place < len(now) else None)


def _settled(found: Sequence[Other]) -> Iterator[Other]:
    """Yield what differs without figures that left one line and came in another as they were."""
    gone = Counter((one.sort, one.old) for one in found if not one.new)
    come = Counter((one.sort, one.new) for one in found if not one.old)
    both = {key: min(number, come[key]) for key, number in gone.items()}
    left_old, left_new = Counter(both), Counter(both)
    for one in found:
        key, left = ((one.sort, one.old), left_old) if not one.new else ((one.sort, one.new), left_new)
        if (not one.new or not one.old) and left[key] > 0:
            left[key] -= 1
        else:
            yield one


def _figure(found: re.Match[str]) -> Figure:
    text, named = found[0], found.groupdict()
    if named["share"]:
        return Figure(Sort.SHARE, "‰" if named["share"] == "‰" else "%", _value(named["n3"]), text)
    if named["time"]:
        return Figure(Sort.MEASURE, "time", text.lower(), text)
    if named["unit"]:
        return Figure(Sort.MEASURE, _CODES[named["unit"].lower()], _value(named["n4"]), text)
    money = named["c1"] or named["c2"]
    if money:
        grown = (named["g1"] or named["g2"] or "").strip().lower()
        times = next((name for name, words in TIMES.items() if grown in words.split("|")), "")
        value = f"{_value(named['n1'] or named['n2'])}{times and f' {times}'}"
        return Figure(Sort.AMOUNT, _CODES[money.lower()], value, text)
    return Figure(Sort.DATE, "", _date(named), text)


def _date(named: dict[str, str | None]) -> str:
    day = next((named[name] for name in ("d1", "d2", "d3", "d4") if named[name]), "") or ""
    year = next((named[name] for name in ("y1", "y2", "y3", "y4", "y5") if named[name]), "") or ""
    month = next((named[name] for name in ("m1", "m2", "m3", "m4", "m5") if named[name]), "") or ""
    number = _MONTH_OF.get(month.lower(), month.lstrip("0"))
    return f"{day.lstrip('0')}-{number}-{year}"


def _value(written: str) -> str:
    """
    Return a number as figures with a point before its fraction: `1.234,50` is 1234.50, `3,5` is 3.5.

    One mark before exactly three figures parts thousands: `1.234` is 1234, here as in print.
    """
    marks = [one for one in written if one in ".,"]
    *whole, last = re.split("[.,]", written)
    fraction = bool(whole) and (len(set(marks)) > 1 or (len(marks) == 1 and len(last) != 3))
    digits = "".join(whole) if fraction else "".join([*whole, last])
    plain = digits.lstrip("0") or "0"
    rest = last.rstrip("0") if fraction else ""
    return f"{plain}.{rest}" if rest else plain
