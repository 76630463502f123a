# SPDX-License-Identifier: EUPL-1.2
"""The calendar over years: one year with its days, links to the others, and a new day seen at once."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.support.archive import Lost, Reply, add_day, build
from tests.support.viewing import Visitor
from viewer.days import SiteDays, calendar_of

URL = "https://www.example.org/"
GOOD = {URL: Reply("<title>Home</title>hello")}
DAYS = {
    "20231231120000": GOOD,
    "20250101120000": GOOD,
    "20251231120000": {URL: Lost("timeout")},
    "20260302023000": GOOD,
}
LARGEST_MONTH = 30_000


@pytest.fixture
def archive(tmp_path):
    with build(tmp_path, {"demo": DAYS}) as built:
        yield built


@pytest.fixture
def visitor(archive):
    return Visitor(archive)


def markup(visitor, path):
    return visitor.get(path, Accept_Language="en").get_data(as_text=True)


def days_of(text):
    return re.findall(r'<td class="\w+"><a href="([\d-]+)/">', text)


def years_of(text):
    return re.findall(r'href="\?year=(\d+)#days"', text)


def test_newest_year_is_shown(visitor):
    """The newest year has its days; every year since the first is a link, also one without a snapshot."""
    text = markup(visitor, "/demo/")
    assert days_of(text) == ["2026-03-02"]
    assert years_of(text) == ["2025", "2024", "2023"]
    assert '<span aria-current="true">2026</span> <span class="hint">1 day kept</span>' in text


@pytest.mark.parametrize(
    ("year", "days"),
    [
        ("2025", ["2025-12-31", "2025-01-01"]),
        ("2024", []),
        ("2023", ["2023-12-31"]),
        ("1999", ["2026-03-02"]),
        ("9999", ["2026-03-02"]),
        ("x", ["2026-03-02"]),
        ("-1", ["2026-03-02"]),
    ],
)
def test_every_day_is_found_by_its_year(visitor, year, days):
    """Without a script each day is reached by its year; what is none says so, and shows the newest."""
    assert days_of(markup(visitor, f"/demo/?year={year}")) == days
    there = year in {"2023", "2024", "2025", "2026"}
    answer = visitor.get(f"/demo/?year={year}", Accept_Language="en")
    said = f"Nothing is kept of a year “<bdi>{year}</bdi>”. This is the newest year:"
    assert (answer.status_code, said in answer.text) == ((200, False) if there else (404, True))


def test_a_month_is_small(visitor):
    """A month of the calendar takes less than 30 kB, markup and all."""
    months = re.findall(r'<table class="month">.*?</table>', markup(visitor, "/demo/?year=2024"), re.DOTALL)
    assert len(months) == 12
    assert max(map(len, months)) < LARGEST_MONTH


def test_new_day_is_seen_at_once(visitor, archive):
    """What was remembered of a site counts until something is published: the next page has the new day."""
    before = markup(visitor, "/demo/"), markup(visitor, "/demo/2026-03-02/")
    add_day(
        archive, archive.settings.site[0], "20260304023000", {**GOOD, f"{URL}b": Reply("<title>B</title>b")}
    )
    assert days_of(markup(visitor, "/demo/")) == ["2026-03-02", "2026-03-04"]
    assert "2026-03-04" not in before[0] + before[1]
    assert "/demo/2026-03-04/" in markup(visitor, "/demo/2026-03-02/")
    assert re.search(r"<dt>Pages</dt><dd>2</dd>", markup(visitor, "/demo/2026-03-04/"))
    assert re.search(r"<dt>Pages</dt><dd>1</dd>", markup(visitor, "/demo/2026-03-02/"))


def test_days_of_a_site(archive):
    """Snapshots are found by name and by day; before and after a day, and before a snapshot, failed ones aside."""
    days = SiteDays(archive.history.snapshots("demo"))
    assert days.bounds == ("2023-12-31", "2026-03-02")
    assert days.around("2025-01-01") == ("2023-12-31", "2025-12-31")
    assert days.around("2020-01-01") == (None, "2023-12-31")
    assert days.around("2030-01-01") == ("2026-03-02", None)
    assert [one.timestamp for one in days.of_day("2025-12-31")] == ["20251231120000"]
    assert days.of_day("2025-06-01") == []
    assert days.before("20231231120000") is None
    before = days.before("20260302023000")
    assert before is not None
    assert before.timestamp == (
        "20251231120000" if days.by_name["20251231120000"] in days.good else "20250101120000"
    )


def test_nothing_yet():
    """A site without a snapshot has no years and no days."""
    days = SiteDays([])
    assert (days.bounds, days.around("2026-03-02"), days.before("20260302023000")) == (
        ("", ""),
        (None, None),
        None,
    )
    assert calendar_of(days, date(2026, 3, 2)) == []
