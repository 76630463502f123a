# SPDX-License-Identifier: EUPL-1.2
"""Three spellings of a moment, and the day of a site."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.timestamp import (
    day_bounds,
    local_date,
    parse_date,
    parse_http_date,
    parse_timestamp,
    to_http_date,
    to_timestamp,
    to_warc_date,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MOMENT = datetime(2026, 3, 2, 2, 30, 0, 123456, tzinfo=UTC)
NO_TIMESTAMP = [
    "",
    "2026",
    "2026030202300",
    "202603020230000",
    "20260230000000",
    "20260302246000",
    "２０２６０３０２０２３０００",
    "2026-03-02T02:3",
    " 0260302023000",
    "20260302023000\n",
    "00010101000000",
    "09991231235959",
    "99990101000000",
]
NO_DATE = [
    "",
    "2026-3-2",
    "20260302",
    "2026-02-30",
    "2026-W10-1",
    "2026-03-02\n",
    "２０２６-03-02",
    "0001-01-01",
    "0999-12-31",
    "9999-12-31",
]
DAYS = [
    ("20260301225959", date(2026, 3, 1)),
    ("20260301230000", date(2026, 3, 2)),
    ("20260302225959", date(2026, 3, 2)),
    ("20260701215959", date(2026, 7, 1)),
    ("20260701220000", date(2026, 7, 2)),
]
BOUNDS = [
    (date(2026, 3, 2), ("20260301230000", "20260302230000")),
    (date(2026, 3, 29), ("20260328230000", "20260329220000")),
    (date(2026, 10, 25), ("20261024220000", "20261025230000")),
    (date(2026, 12, 31), ("20261230230000", "20261231230000")),
]


def test_spellings():
    """One moment in each of its three spellings."""
    assert to_timestamp(MOMENT) == "20260302023000"
    assert to_warc_date(MOMENT) == "2026-03-02T02:30:00.123456Z"
    assert to_http_date(MOMENT) == "Mon, 02 Mar 2026 02:30:00 GMT"


def test_other_zones_become_utc():
    """A moment told in another zone is written in UTC."""
    there = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert to_timestamp(there) == "20260302023000"
    assert to_warc_date(there) == "2026-03-02T02:30:00.123456Z"
    assert to_http_date(there) == "Mon, 02 Mar 2026 02:30:00 GMT"


@pytest.mark.parametrize("text", NO_TIMESTAMP)
def test_no_timestamp(text):
    """Only 14 ASCII digits that are a moment are a timestamp."""
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@pytest.mark.parametrize("text", NO_DATE)
def test_no_date(text):
    """Only `YYYY-MM-DD` is a date."""
    with pytest.raises(ValueError, match=r".+"):
        parse_date(text)


def test_date():
    """A date is read as written."""
    assert parse_date("2026-03-02") == date(2026, 3, 2)


@pytest.mark.parametrize("text", ["1000-01-01", "9998-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Amsterdam"])
def test_first_and_last_day_that_are_read(text, zone):
    """A day at either end has its bounds, and a moment of it its day, in every time zone."""
    first, end = day_bounds(parse_date(text), ZoneInfo(zone))
    assert first < end
    noon = f"{text.replace('-', '')}120000"
    assert abs(local_date(noon, ZoneInfo(zone)) - parse_date(text)).days <= 1


@pytest.mark.parametrize(("timestamp", "day"), DAYS)
def test_local_date(timestamp, day):
    """A snapshot belongs to the day of the site's own zone."""
    assert local_date(timestamp, AMSTERDAM) == day


@pytest.mark.parametrize(("day", "bounds"), BOUNDS)
def test_day_bounds(day, bounds):
    """A day runs from midnight to midnight of the site's zone, 23 or 25 hours where the clock changes."""
    assert day_bounds(day, AMSTERDAM) == bounds


@given(
    st.datetimes(
        datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.just(UTC),
    )
)
def test_round_trips(moment):
    """What is written is read back: to the second as a timestamp, to the microsecond as a WARC date."""
    assert parse_timestamp(to_timestamp(moment)) == moment.replace(microsecond=0)
    assert datetime.fromisoformat(to_warc_date(moment)) == moment


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("Mon, 02 Mar 2026 02:30:00 GMT", "20260302023000"),
        ("Mon, 2 Mar 2026 02:30:00 GMT", "20260302023000"),
        (" mon, 02 MAR 2026 02:30:00 gmt ", "20260302023000"),
        ("Sun, 02 Mar 2026 02:30:00 GMT", "20260302023000"),  # it was a Monday
        ("Thu, 29 Feb 2024 23:59:59 GMT", "20240229235959"),
    ],
)
def test_http_dates(text, digits):
    """An HTTP date is read as its moment, whatever the case, and the weekday is not held against it."""
    assert to_timestamp(parse_http_date(text)) == digits


@pytest.mark.parametrize(
    "text",
    ["", "Mon, 30 Feb 2026 02:30:00 GMT", "Mon, 02 Mar 2026 02:30:60 GMT", "Mon, 02 Mar 26 02:30:00 GMT",
     "Mon, 02 Mar 2026 02:30:00 UTC", "Monday, 02-Mar-26 02:30:00 GMT", "Mon, 02 Mar 0999 02:30:00 GMT"],
)  # fmt: skip
def test_no_http_dates(text):
    """Other forms, days that there are not, and odd years are refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse_http_date(text)
