# SPDX-License-Identifier: EUPL-1.2
"""
A day that a visitor gives in a field of a page: what was typed, and what it means.

    on=2 mrt 26            GivenDay("2 mrt 26")      moment 2026-03-02
    on=3/4/2026            GivenDay("3/4/2026")      moment 2026-04-03, doubtful: it may be 4 March
    on=maart 2026          GivenDay("maart 2026")    no moment: more than a day
    on=ooit                GivenDay("ooit")          no moment: not understood
    from=20260302023000    a snapshot, as links of the viewer name them; where two days are compared

Every page that takes a day reads it here, and what there is to say of it says the macro `said_of_day`
(templates/parts.html): the same for the same text, wherever it is typed. What is not a day stands for no
other.

    /web/2026-04-03/https://…#daykeep-or-2026       with the month first it is a day of that year
    /web/2026-03-06/https://…#daykeep-weekday       another day of the week was written

The address of an archived page has no room for a question of ours, so what is doubtful about its day stands
in its fragment, and the page has a sentence for each that shows when it is the target (the macro `as_read`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import request

from index.model import Snapshot
from index.timestamp import parse_timestamp

from ..addresses.address import format_web_path
from ..current import holdings
from ..days import SiteDays
from .typed_day import MAX_TYPED, Period, read_day


@dataclass(frozen=True, slots=True)
class GivenDay:
    """What stands in a field for a day."""

    typed: str = ""
    """As much of it as may be a day, and one more letter where it is longer."""
    period: Period | None = None
    timestamp: str = ""

    @property
    def moment(self) -> str:
        """The day as `YYYY-MM-DD`, or the timestamp; empty where neither was given."""
        return self.timestamp or (self.period.day if self.period else None) or ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing was given, or something that is a day."""
        return not self.typed or bool(self.moment)


def given_day(name: str) -> GivenDay:
    """Return what the request gives for a day."""
    typed = request.args.get(name, "").strip()
    return GivenDay(typed[: MAX_TYPED + 1], read_day(typed, holdings().today()))


def given_moment(name: str) -> GivenDay:
    """Return what the request gives for a day, or for a snapshot."""
    typed = request.args.get(name, "").strip()
    try:
        parse_timestamp(typed)
    except ValueError:
        return given_day(name)
    return GivenDay(typed, timestamp=typed)


def choices(snapshots: list[Snapshot], period: Period | None) -> list[str]:
    """Return the first and the last day of a stretch that have a snapshot, else the nearest days to it."""
    if period is None:
        return []
    days, first, last = SiteDays(snapshots), period.first.isoformat(), period.last.isoformat()
    within = [day for day in days.days if first <= day <= last]
    if within:
        return [within[0], within[-1]] if within[-1] != within[0] else within
    return [day for day in (days.around(first)[0], days.around(last)[1]) if day]


def place_of(url: str, period: Period) -> str:
    """Return the path of an archived page on the day that was typed, at what is doubtful about that."""
    path = format_web_path(period.first.isoformat(), url)
    if period.other:
        return f"{path}#daykeep-or-{period.other.year}"
    return f"{path}#daykeep-weekday" if period.weekday is not None else path


def others(day: date) -> list[date]:
    """
    Return which days may have been meant with the month first by what was read as this day.

    Without a year it is the last such day that has been, so the other may be of the year before or after.
    """
    if day.day > 12 or day.day == day.month:
        return []
    return [date(day.year + more, day.day, day.month) for more in (-1, 0, 1)]
