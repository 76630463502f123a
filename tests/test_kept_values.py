# SPDX-License-Identifier: EUPL-1.2
"""What was found for a page is kept until something is written, within its room; the page itself never is."""

from __future__ import annotations

from itertools import count

import pytest

from tests.support.daily import daily, html
from tests.support.snapshots import HOST, SITE
from viewer.kept_values import NOT_KEPT, SHARE, KeptValues
from viewer.pages import between, compare
from viewer.pages import search as search_page


def numbers():
    """Return a maker that makes another value each time."""
    made = count()
    return lambda: next(made)


def small(_: object) -> int:
    return 1


def test_kept_while_nothing_is_written():
    """A value is made once for a name and a version, and anew for another name or another version."""
    kept, make = KeptValues(100), numbers()
    found = [kept.get(name, version, make, small) for name, version in ("a1", "a1", "b1", "a2", "a2", "b1")]
    assert found == [0, 0, 1, 2, 2, 1]
    assert kept.held == 2  # the one of version 1 made room for that of version 2


def test_nothing_is_kept_where_nobody_can_tell():
    """Without a version every value is made anew."""
    kept, make = KeptValues(100), numbers()
    assert [kept.get("a", None, make, small) for _ in range(3)] == [0, 1, 2]
    assert kept.held == 0


def test_bounded():
    """All values together take no more than the room: the least lately used goes first."""
    kept, make = KeptValues(3 * SHARE), numbers()
    names = [str(number) for number in range(SHARE + 1)]
    for name in names[:SHARE]:
        kept.get(name, 1, make, lambda _: 3)
    assert kept.held == 3 * SHARE
    assert kept.get("0", 1, make, small) == 0  # asked for again: now the last used
    kept.get(names[-1], 1, make, lambda _: 3)
    assert kept.held == 3 * SHARE
    assert kept.get("0", 1, make, small) == 0
    assert kept.get("1", 1, make, lambda _: 3) > SHARE  # that one had gone


@pytest.mark.parametrize("size", [101, NOT_KEPT])
def test_no_value_takes_the_room_of_all_others(size):
    """What takes more than its share of the room is not kept, and what was kept by its name is not either."""
    kept, make = KeptValues(100 * SHARE), numbers()
    assert kept.get("other", 1, make, small) == 0
    assert kept.get("a", 1, make, small) == 1
    assert [kept.get("a", version, make, lambda _: size) for version in (2, 2)] == [2, 3]
    assert kept.get("other", 1, make, small) == 0
    assert kept.held == 1


def test_what_fails_is_not_kept():
    """A value that cannot be made is tried again the next time."""
    kept = KeptValues(100)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", 1, lambda: 1 // 0, small)
    assert kept.get("a", 1, lambda: 7, small) == 7


MONDAY = {"/": html("welkom", "/a"), "/a": html("het bedrag is tien euro")}
TUESDAY = {"/": html("welkom", "/a"), "/a": html("het bedrag is twintig euro")}
WEDNESDAY = {
    "/": html("welkom", "/a", "/allernieuwste"),
    "/a": html("het bedrag is dertig euro"),
    "/allernieuwste": html("nog een bedrag"),
}


@pytest.fixture
def site(tmp_path):
    with daily(tmp_path, MONDAY) as site:
        site.take()
        site.take(TUESDAY)
        yield site


PAGES = [
    (f"/{SITE}/changes", between, "told_between", "allernieuwste"),
    (f"/{SITE}/search?q=bedrag", search_page, "_search", "allernieuwste"),
    (f"/{SITE}/compare?url={HOST}/a", compare, "_shown", "dertig"),
]


@pytest.mark.parametrize(("path", "module", "maker", "newer"), PAGES)
def test_found_once_in_both_languages_and_anew_after_a_publish(site, monkeypatch, path, module, maker, newer):
    """What a page tells is found once, for whichever language; the page after the next day tells of that day."""
    real, made = getattr(module, maker), []
    monkeypatch.setattr(module, maker, lambda *given: made.append(given) or real(*given))
    visitor = site.visitor()
    dutch, english, again = (visitor.get(path, Accept_Language=one).text for one in ("nl", "en", "nl"))
    assert len(made) == 1
    assert dutch == again
    assert '<html lang="nl">' in dutch
    assert '<html lang="en">' in english
    assert newer not in dutch
    site.take(WEDNESDAY)
    fresh = visitor.get(path, Accept_Language="nl").text
    assert len(made) == 2
    assert newer in fresh


def test_lifelines_are_fresh_after_a_publish(site):
    """The versions of a page, and the sites there are, are those of the newest day as soon as it is published."""
    visitor = site.visitor()
    path = f"/{SITE}/history?url={HOST}/a"
    before = visitor.get(path).text.count("<tr")
    site.take(WEDNESDAY)
    assert visitor.get(path).text.count("<tr") == before + 1
    assert visitor.get(f"/{SITE}/history?url={HOST}/allernieuwste").status_code == 200
