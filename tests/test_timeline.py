# SPDX-License-Identifier: EUPL-1.2
"""The versions of a page as a line: where each stands, in which shade, and how many there can be."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest

from index.lifeline import Interval
from tests.support.daily import daily, html
from tests.support.snapshots import HOST, SITE
from viewer.pages.timeline import LABELS, STEPS, timeline

MONDAY = date(2026, 3, 2)


def version(first: int, last: int, document: str | None = "a", status: int = 200, leads: str | None = None):
    days = [(MONDAY + timedelta(days=number)).isoformat() for number in (first, last)]
    names = [f"{day.replace('-', '')}023000" for day in days]
    made = Interval(
        "demo", HOST, status, f"{first}", leads, "text/html", None, document, *names, *days, still=False
    )
    return made, days[1]


def drawn(*versions, newest: int):
    picture = timeline(versions, (MONDAY + timedelta(days=newest)).isoformat())
    assert picture is not None
    return [(one.shade.value, round(one.start), round(one.width)) for one in picture.stretches], picture


@pytest.mark.parametrize(
    ("versions", "stretches"),
    [
        ([version(0, 4), version(5, 9, "b")], [("text", 0, 50), ("other", 50, 50)]),
        ([version(0, 4), version(5, 9)], [("text", 0, 50), ("text", 50, 50)]),
        ([version(0, 1), version(5, 9, "b")], [("text", 0, 20), ("other", 50, 50)]),
        ([version(0, 4), version(5, 5, None, 503), version(6, 9)], [("text", 0, 50), ("error", 50, 10), ("text", 60, 40)]),
        ([version(0, 4), version(5, 9, None, 301, HOST)], [("text", 0, 50), ("leads", 50, 50)]),
        ([version(0, 4, "a"), version(5, 6, "b"), version(7, 9, "a")], [("text", 0, 50), ("other", 50, 20), ("text", 70, 30)]),
        ([version(0, 2), version(3, 4, "b")], [("text", 0, 30), ("other", 30, 20)]),
    ],
)  # fmt: skip
def test_stretches(versions, stretches):
    """Each version is where its days are; another text has another shade, and days without the page are empty."""
    assert drawn(*versions, newest=9)[0] == stretches


def test_one_version_is_no_picture():
    """A line of one piece says nothing."""
    assert timeline([version(0, 9)], "2026-03-11") is None
    assert timeline([], "2026-03-11") is None


@pytest.mark.parametrize(
    ("days", "unit"),
    [(7, "day"), (89, "day"), (91, "month"), (200, "month"), (305, "month"), (1000, "month"), (4000, "year")],
)
def test_labels(days, unit):
    """Days, months or years are written below, as many as fit."""
    _, picture = drawn(version(0, 0), version(1, days - 1, "b"), newest=days - 1)
    assert {one.unit for one in picture.labels} == {unit}
    assert 2 <= len(picture.labels) <= LABELS
    assert all(0 <= one.at <= 100 for one in picture.labels)
    begins = {
        "day": lambda _: True,
        "month": lambda day: day.day == 1,
        "year": lambda day: f"{day:%m-%d}" == "01-01",
    }
    every = [day for day in (MONDAY + timedelta(days=number) for number in range(days)) if begins[unit](day)]
    assert [one.day for one in picture.labels] == every[:: -(-len(every) // LABELS)]


def test_thousands_of_versions():
    """A page that changed every day for ten years has a picture of bounded size, without a hole."""
    every = [version(number, number, str(number)) for number in range(3650)]
    stretches, picture = drawn(*every, newest=3649)
    assert len(stretches) <= STEPS
    ends = [(one.start, one.start + one.width) for one in picture.stretches]
    assert all(begin == pytest.approx(end) for (_, end), (begin, _) in pairwise(ends))
    assert ends[-1][1] == pytest.approx(100)


def test_picture_on_the_page(tmp_path):
    """The page of versions has the picture with a name in words, nothing that a policy forbids, and the table."""
    pages = {"/": html("begin", "/a"), "/a": html("een")}
    with daily(tmp_path, pages) as site:
        site.take()
        visitor = site.visitor()
        assert "<svg width" not in visitor.get(f"/{SITE}/history?url={HOST}/a").get_data(as_text=True)
        site.take(pages | {"/a": html("twee")})
        markup = (
            site.visitor().get(f"/{SITE}/history?url={HOST}/a", Accept_Language="en").get_data(as_text=True)
        )
    assert "Versions from 2 March 2026 to 3 March 2026, as a line" in markup
    assert re.findall(r'<rect class="(\w+)" x="([\d.]+)%"', markup) == [("text", "0.0"), ("other", "50.0")]
    assert "style=" not in markup
    assert "Compare with the version before" in markup
