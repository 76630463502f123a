# SPDX-License-Identifier: EUPL-1.2
"""What changed between any two days, as the viewer tells it: which days, which changes, and its bounds."""

from __future__ import annotations

import re

import pytest

from archiver.between_days import Bounds, between_days, told_between
from archiver.day_changes import Texts
from archiver.noise_rules import noise_of
from index.changes import Kind
from tests.support.archive import Reply, build
from tests.support.daily import daily, html
from tests.support.sites import to
from tests.support.snapshots import SITE
from tests.support.viewing import Visitor
from viewer import places
from viewer.pages import between

PATHS = ("/nl/a", "/nl/b", "/counted", "/old", "/gone", "/back")
GONE = (404, {"Content-Type": "text/plain"}, b"weg")
MONDAY = {
    "/": html("begin", *PATHS),
    "/nl/a": html("een"),
    "/nl/b": html("een"),
    "/counted": html("Vandaag is het 2 maart 2026."),
    "/old": html("verhuist"),
    "/gone": html("verdwijnt"),
    "/back": html("zoals het was"),
}
TUESDAY = MONDAY | {"/nl/a": html("twee"), "/back": html("heel even anders")}
THURSDAY = TUESDAY | {
    "/": html("begin", *PATHS, "/new"),
    "/nl/a": html("drie"),
    "/counted": html("Vandaag is het 5 maart 2026."),
    "/old": to("/new", 301),
    "/new": html("verhuist"),
    "/gone": GONE,
    "/back": html("zoals het was"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Monday, Tuesday, no Wednesday, and Thursday."""
    with daily(tmp_path_factory.mktemp("between"), MONDAY) as site:
        site.take()
        site.take(TUESDAY)
        site.days += 1
        site.take(THURSDAY)
        yield site


@pytest.fixture(scope="module")
def visitor(site):
    return site.visitor()


def page(visitor, query: str, language: str = "en") -> str:
    answer = visitor.get(f"/{SITE}/changes?{query}", Accept_Language=language)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def listed(markup: str) -> dict[str, str]:
    """Return what a page lists: path → what happened."""
    rows = re.findall(
        r'<li class="change"><span class="tag (\w+)">.*?</span><div>(.*?)</div></li>', markup, re.DOTALL
    )
    return {re.findall(r"http://example\.test([^\s<\"]*)", row)[0]: kind for kind, row in rows}


ALL = {
    "/": "changed",
    "/counted": "changed",
    "/gone": "removed",
    "/new": "new",
    "/nl/a": "changed",
    "/old": "moved",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from=2026-03-02&to=2026-03-05", ALL),
        ("from=2026-03-05&to=2026-03-02", ALL),
        ("from=20260302023000&to=20260305023000", ALL),
        ("from=2020-01-01&to=2030-01-01", ALL),
        ("from=2026-03-02&to=2026-03-03", {"/nl/a": "changed", "/back": "changed"}),
        ("from=2+maart+2026&to=March+3,+2026", {"/nl/a": "changed", "/back": "changed"}),
        ("to=2026-03-03", {"/nl/a": "changed", "/back": "changed"}),
        ("", ALL | {"/back": "changed"}),
        ("from=2026-03-02&kind=bytes", {"/counted": "changed"}),
        ("from=2026-03-02&kind=text", {"/": "changed", "/nl/a": "changed"}),
        ("from=2026-03-02&section=/nl/", {"/nl/a": "changed"}),
        ("from=2026-03-02&kind=moved&section=/nl/", {}),
        ("from=2026-03-03&to=2026-03-03", {}),
    ],
)
def test_what_differs(visitor, query, found):
    """What differs between both days is told, whatever came between, and filtered as a day's list is."""
    assert listed(page(visitor, query)) == found


def test_both_kinds_are_counted(visitor):
    """Each filter says how many it leaves, in both languages."""
    for language, said in (("en", "Changed in bytes alone (1)"), ("nl", "Alleen in bytes gewijzigd (1)")):
        assert said in page(visitor, "from=2026-03-02", language)


def test_each_changed_page_leads_to_both_days(visitor):
    """Each page that changed leads to the two days compared, and not to others."""
    markup = page(visitor, "from=2026-03-02&to=2026-03-05&section=/nl/")
    [link] = re.findall(r'href="(/[^"]*/compare\?[^"]*)"', markup)
    said = visitor.get(link.replace("&amp;", "&"), Accept_Language="en").get_data(as_text=True)
    assert "Monday 2 March 2026" in said
    assert "Thursday 5 March 2026" in said


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "from=2026-03-04",
            "There is no snapshot of Wednesday 4 March 2026. The nearest day is Tuesday 3 March 2026.",
        ),
        ("to=donderdag+3+maart+2026", "3 March 2026 was a Tuesday. You wrote another day of the week"),
        ("from=3/2/2026", "was read with the day before the month: Tuesday 3 February 2026."),
    ],
)
def test_another_day_is_never_silent(visitor, query, says):
    """Where another day than the one asked for is shown, or may have been meant, the page says so."""
    assert says in page(visitor, query)


@pytest.mark.parametrize(
    ("query", "says", "links"),
    [
        ("to=ooit", "“<bdi>ooit</bdi>” is not understood as a day", []),
        ("from=%3Cb%3E", "“<bdi>&lt;b&gt;</bdi>” is not understood as a day", []),
        (
            "from=maart+2026&to=2026-03-05&kind=text",
            "“<bdi>maart 2026</bdi>” is more than a day",
            [f"/{SITE}/changes?kind=text&from=2026-03-0{day}&to=2026-03-05" for day in (2, 5)],
        ),
    ],
)
def test_what_is_no_day_stands_for_none(visitor, query, says, links):
    """What is no day is told, and the days that may be meant are offered; nothing of other days is told in its place."""
    answer = visitor.get(f"/{SITE}/changes?{query}", Accept_Language="en")
    assert answer.status_code == 404
    markup = answer.get_data(as_text=True)
    assert says in markup
    assert listed(markup) == {}
    assert re.findall(rf'<li><a href="(/{SITE}/changes[^"]*)"', markup.replace("&amp;", "&")) == links


@pytest.mark.parametrize("query", ["kind=nonsense", "section=x"])
def test_filters_that_are_none(visitor, query):
    """An unknown kind or section is no page."""
    assert visitor.get(f"/{SITE}/changes?{query}").status_code == 404


def test_sites_without_two_days(tmp_path):
    """With one day or none there is nothing to tell, and the page says so."""
    days = {"one": {"20260302023000": {"https://www.example.org/": Reply("<p>x")}}, "empty": {}}
    with build(tmp_path / "data", days) as archive:
        for name in days:
            answer = Visitor(archive).get(f"/{name}/changes", Accept_Language="en")
            assert (answer.status_code, "no two days" in answer.get_data(as_text=True)) == (200, True)
        assert Visitor(archive).get("/nope/changes").status_code == 404


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        (Bounds(urls=2), "More addresses differ than can be told of at once"),
        (Bounds(texts=0), "not all were read"),
        (Bounds(known=3), "What moved is told as removed and new"),
    ],
)
def test_bounds_are_told(visitor, monkeypatch, bounds, says):
    """What was left out because it would have cost too much is said."""
    assert says not in page(visitor, "from=2026-03-02")
    monkeypatch.setattr(between, "BOUNDS", bounds)
    assert says in page(visitor, "from=2026-03-02")


def test_within_bounds_the_same_is_told(site):
    """Bounds that are not met change nothing; one that is leaves out the last addresses, and no noise."""
    archive = site.archive
    first, _, last = archive.collection.snapshots(SITE)

    def texts():
        return Texts(archive.collection, noise_of(None), archive.settings.zone)

    history = archive.shelves.history
    whole = between_days(texts(), history, first, last)
    told = told_between(texts(), history, first, last, Bounds(100, 100, 1000))
    assert (told.changes, told.cut, told.unread, told.unmoved) == (whole, False, False, False)
    few = told_between(texts(), history, first, last, Bounds(urls=3, texts=0))
    assert [one.url for one in few.changes] == [one.url for one in whole[: len(few.changes)]]
    assert 0 < len(few.changes) <= 3
    assert (few.cut, few.unread, few.unmoved) == (True, True, True)
    assert not [one for one in few.changes if one.kind is Kind.MOVED]


def test_no_more_answers_than_there_is_room_for(site, monkeypatch):
    """One more than are made at once is told to come again."""
    monkeypatch.setattr(between, "LONG", 1)
    monkeypatch.setattr(places, "PATIENCE", 0.01)
    visitor, real, inside = site.visitor(), between.told_between, []

    def while_busy(*given):
        if not inside:
            inside.append(visitor.get(f"/{SITE}/changes"))
        return real(*given)

    monkeypatch.setattr(between, "told_between", while_busy)
    assert visitor.get(f"/{SITE}/changes").status_code == 200
    assert (inside[0].status_code, "Retry-After" in inside[0].headers) == (503, True)
