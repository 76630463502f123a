# SPDX-License-Identifier: EUPL-1.2
"""What people type for a day is read as they meant it, or not at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as some

from viewer.pages.typed_day import MAX_TYPED, Unit, read_day

TODAY = date(2026, 3, 10)
MARCH_3 = "2026-03-03"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026/3/2", "2026-03-02"),
        ("20260302", "2026-03-02"),
        ("3-3-2026", MARCH_3),
        ("03/03/2026", MARCH_3),
        ("3.3.26", MARCH_3),
        ("03 03 2026", MARCH_3),
        ("13-02-2026", "2026-02-13"),
        ("02/13/2026", "2026-02-13"),  # no month 13
        ("29-2-2024", "2024-02-29"),
        ("3 maart 2026", MARCH_3),
        ("3 mrt 26", MARCH_3),
        ("3 mrt. '26", MARCH_3),
        ("3 mrt ’26", MARCH_3),
        ("3 Maart 2026", MARCH_3),
        ("3maart2026", MARCH_3),
        ("dinsdag 3 maart 2026", MARCH_3),
        ("di 3 mrt 2026", MARCH_3),
        ("March 3, 2026", MARCH_3),
        ("Tuesday, March 3rd, 2026", MARCH_3),
        ("the 3rd of March 2026", MARCH_3),
        ("3 MAR 2026", MARCH_3),
        ("Sept. 1 2025", "2025-09-01"),
        ("2026 maart 3", MARCH_3),
        ("1e maart", "2026-03-01"),
        ("1ste maart", "2026-03-01"),
        ("op de 1e maart", "2026-03-01"),
        ("March 1st", "2026-03-01"),
        ("10 maart", "2026-03-10"),  # today
        ("11 maart", "2025-03-11"),  # has not been this year
        ("24 dec", "2025-12-24"),
        ("29 februari", "2024-02-29"),
        ("5-3", "2026-03-05"),
        ("25-12", "2025-12-25"),
        ("vandaag", "2026-03-10"),
        ("today", "2026-03-10"),
        ("Gisteren", "2026-03-09"),
        (" yesterday ", "2026-03-09"),
        ("eergisteren", "2026-03-08"),
        ("\uff13 maart \uff12\uff10\uff12\uff16", MARCH_3),  # digits as wide as Chinese letters
        ("3 mei 1998", "1998-05-03"),
        ("d.d. 3 maart 2026", MARCH_3),
        ("dd. 3-3-2026", MARCH_3),
        ("3 maart jl.", MARCH_3),
        ("dinsdag 3 maart j.l.", MARCH_3),
        ("op dinsdag 3 maart 2026", MARCH_3),
        ("on Tuesday, 3 March 2026", MARCH_3),
        ("3 maart 2026 (dinsdag)", MARCH_3),
        ("3 March 2026, Tues.", MARCH_3),
        ("din 3 maart 2026", MARCH_3),
        ("3\u20113\u20112026", MARCH_3),  # hyphens that do not break, as word processors write them
        ("3 \u2014 3 \u2014 2026", MARCH_3),
        ("3 may 98", "1998-05-03"),
    ],
)
def test_days(typed, day):
    """A day is read in Dutch and in English, in figures and in words."""
    found = read_day(typed, TODAY)
    assert found is not None
    assert (found.unit, found.day) == (Unit.DAY, day)


@pytest.mark.parametrize(
    ("typed", "unit", "first", "last"),
    [
        ("maart 2026", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("February 2024", Unit.MONTH, date(2024, 2, 1), date(2024, 2, 29)),
        ("2026 maart", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("mrt '26", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("2026-03", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("3/2026", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("maart", Unit.MONTH, date(2026, 3, 1), date(2026, 3, 31)),
        ("december", Unit.MONTH, date(2025, 12, 1), date(2025, 12, 31)),
        ("maart 99", Unit.MONTH, date(1999, 3, 1), date(1999, 3, 31)),
        ("2026", Unit.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        ("1998", Unit.YEAR, date(1998, 1, 1), date(1998, 12, 31)),
    ],
)
def test_months_and_years(typed, unit, first, last):
    """A month and a year are stretches of days."""
    found = read_day(typed, TODAY)
    assert found is not None
    assert (found.unit, found.first, found.last, found.day) == (unit, first, last, None)


@pytest.mark.parametrize(
    ("typed", "day", "other"),
    [
        ("3/4/2026", date(2026, 4, 3), date(2026, 3, 4)),
        ("03-04-26", date(2026, 4, 3), date(2026, 3, 4)),
        ("3-4", date(2025, 4, 3), date(2026, 3, 4)),
        ("3/3/2026", date(2026, 3, 3), None),
        ("13/3/2026", date(2026, 3, 13), None),
        ("2026-03-04", date(2026, 3, 4), None),
        ("3 april 2026", date(2026, 4, 3), None),
    ],
)
def test_two_readings(typed, day, other):
    """Where either number can be the day it is the first, and the other reading is known too."""
    found = read_day(typed, TODAY)
    assert found is not None
    assert (found.first, found.other) == (day, other)


@pytest.mark.parametrize(
    ("typed", "day", "weekday"),
    [
        ("maandag 6 maart 2026", date(2026, 3, 6), 0),
        ("ma 6 mrt 26", date(2026, 3, 6), 0),
        ("Monday, March 6th, 2026", date(2026, 3, 6), 0),
        ("zondag 06-03-2026", date(2026, 3, 6), 6),
        ("Sun 6 March", date(2026, 3, 6), 6),
        ("vrijdag 6 maart 2026", date(2026, 3, 6), None),
        ("Fri 6 March", date(2026, 3, 6), None),
        ("6 maart 2026", date(2026, 3, 6), None),
        ("wo 3/4/2026", date(2026, 4, 3), 2),
    ],
)
def test_another_day_of_the_week(typed, day, weekday):
    """The day is that of the date; a day of the week that it is not is told, and one that it is says nothing."""
    found = read_day(typed, TODAY)
    assert found is not None
    assert (found.first, found.weekday) == (day, weekday)


@pytest.mark.parametrize(
    "typed",
    ["maandag 3 maart 2026", "3 maart 2026, maandag", "op maandag 3 maart", "3 March 2026 (Mon)"],
)
def test_another_day_of_the_week_anywhere(typed):
    """Wherever a day of the week stands it is held against the day, which counts."""
    found = read_day(typed, TODAY)
    assert found is not None
    assert (found.day, found.weekday) == (MARCH_3, 0)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "-", "3", "31", "123", "12345", "202603", "31-2-2026", "30 februari", "29-2-2026", "0-0-0", "32 maart",
        "2026-13-01", "13-13-2026", "maart maart 2026", "3 foo 2026", "foo", "de", "maandag", "mar2026x", "3 maart 2026 x",
        "3 maart 02026", "0000", "9999", "0999-01-01", "1 2 3 4", "2026 2026", "maart 2026 maart", "3+3+2026", "3 maart;2026",
        "2026-03-02T10:00", "3 ma 2026", "3 maandag 2026", "maandag maandag", "maandag 3 maart 2026 dinsdag", "jl.", "d.d.", "op de", "<b>3 maart 2026</b>", "3\u202e maart 2026", "3\0maart 2026", "gisteren 2026", "morgen",
        "9" * 60, "maart" * 20, "3 maart 2026" + " " * MAX_TYPED,
    ],
)  # fmt: skip
def test_what_is_no_day(typed):
    """What has anything else in it, or is no day of the calendar, is not guessed at."""
    assert read_day(typed, TODAY) is None


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    "form", ["full", "long", "medium", "EEEE d MMMM y", "d MMMM y", "d MMM yy", "y-MM-dd", "d-M-y"]
)
def test_every_day_as_it_is_written(language, form):
    """Every day that is written as the languages or the pages write days is read as itself."""
    for number in range(0, 4000, 7):
        day = date(2016, 1, 1) + timedelta(days=number)
        found = read_day(format_date(day, form, language), TODAY)
        assert found is not None, format_date(day, form, language)
        assert (found.first, found.weekday) == (day, None)


@given(some.text(max_size=80))
def test_anything(text):
    """Whatever is typed is read or not, and is no error; a day that is read is near to what can be written."""
    found = read_day(text, TODAY)
    assert found is None or (found.first <= found.last and len(text) <= MAX_TYPED)


@given(
    some.lists(
        some.sampled_from(
            ["3", "03", "2026", "'26", "maart", "e", "-", " ", "de", "ma", "99", "0", "gisteren"]
        ),
        max_size=9,
    )
)
def test_pieces_of_dates(pieces):
    """Nor are pieces of dates in any order."""
    found = read_day("".join(pieces), TODAY)
    assert found is None or found.first <= found.last
