# SPDX-License-Identifier: EUPL-1.2
"""
Three spellings of one moment: aware UTC datetime, 14-digit timestamp, WARC and HTTP date.

    20260302023000              14 digits, UTC: names of snapshots, CDXJ lines, archival addresses
    2026-03-02T02:30:00.123456Z WARC/1.1 date with a fraction (W3C note on date formats)
    Mon, 02 Mar 2026 02:30:00 GMT   HTTP date (RFC 9110 section 5.6.7)

Years run from 1000 to 9998, which leaves room to turn a moment into any time zone and to name the day after.
A calendar day is always the site's own: `local_date` needs its time zone. Knows nothing of clocks.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from zoneinfo import ZoneInfo

_DIGITS = re.compile(r"\d{14}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HTTP_DATE = re.compile(
    rf"(?:mon|tue|wed|thu|fri|sat|sun), (\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) gmt",
    re.ASCII | re.IGNORECASE,
)

FIRST_YEAR, LAST_YEAR = 1000, 9998
"""Years that are read. At the ends of `datetime` a time zone, or the day after, is an OverflowError."""


def to_timestamp(moment: datetime) -> str:
    """Return the 14 digits of an aware datetime, in UTC; fractions of a second are cut."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S").zfill(14)


def parse_timestamp(digits: str) -> datetime:
    """Return the aware UTC datetime of exactly 14 digits. Raises ValueError for all else, odd years too."""
    if not _DIGITS.fullmatch(digits):
        message = f"{digits!r} is not a 14-digit timestamp"
        raise ValueError(message)
    _check_year(int(digits[:4]), digits)
    # a third of the time of strptime, and an index has one on every line
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)


def parse_date(text: str) -> date:
    """Return the date of `YYYY-MM-DD`. Raises ValueError for other ISO spellings and for odd years."""
    if not _DATE.fullmatch(text):
        message = f"{text!r} is not a date written as YYYY-MM-DD"
        raise ValueError(message)
    day = date.fromisoformat(text)
    _check_year(day.year, text)
    return day


def _check_year(year: int, text: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"{text!r} is not between the years {FIRST_YEAR} and {LAST_YEAR}"
        raise ValueError(message)


def is_date(text: str) -> bool:
    """Tell whether a text is a date as `parse_date` reads it."""
    try:
        parse_date(text)
    except ValueError:
        return False
    return True


def is_year(text: str) -> bool:
    """Tell whether a text is a year, four digits."""
    return _YEAR.fullmatch(text) is not None


def local_date(timestamp: str, zone: ZoneInfo) -> date:
    """Return the calendar day of a 14-digit timestamp in the site's own time zone."""
    return parse_timestamp(timestamp).astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[str, str]:
    """Return the first timestamp of a calendar day and the first of the next day (end exclusive)."""
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(date.fromordinal(day.toordinal() + 1), time.min, zone)
    return to_timestamp(start), to_timestamp(end)


def to_warc_date(moment: datetime) -> str:
    """Return the WARC/1.1 date of an aware datetime, with six decimals, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_http_date(moment: datetime) -> str:
    """Return the HTTP date of an aware datetime; fractions of a second are cut."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_http_date(text: str) -> datetime:
    """
    Return the aware UTC datetime of an HTTP date (RFC 9110 section 5.6.7, IMF-fixdate). Raises ValueError.

    The day may have one digit, and the name of the weekday is not held against the date.
    """
    found = _HTTP_DATE.fullmatch(text.strip(" \t"))
    if not found:
        message = f"{text[:80]!r} is not a date such as Mon, 02 Mar 2026 02:30:00 GMT"
        raise ValueError(message)
    day, month, year, hour, minute, second = found.groups()
    _check_year(int(year), text)
    number = _MONTHS.index(month.lower()) + 1
    return datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
