# SPDX-License-Identifier: EUPL-1.2
"""Addresses without end are refused, and those of large, ordinary sites are not."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from archiver import traps
from archiver.traps import FAR_MONTHS, TrapLimits, Traps

HOST = "https://www.example.org"
PAGE = f"{HOST}/"


def made(**limits):
    return Traps(2026, TrapLimits(**limits))


def asked(found, url, depth=3):
    return found.refuse(HOST + url, depth, PAGE)


# An address, and the setting by which it is refused.
SHAPES = [
    ("/" + "a/" * 6, "max_repeats"),
    ("/x/" + "1/" * 6, "max_repeats"),
    ("/a/x/a/y/a/z/a/u/a/v/a", "max_repeats"),
    ("/" + "a/b/" * 4, "max_cycles"),
    ("/start/" + "en/map/of/" * 4 + "end", "max_cycles"),
    ("/" + "/".join(f"s{number}" for number in range(31)), "max_segments"),
    ("/list?" + "&".join(f"f{number}=1" for number in range(41)), "max_parameters"),
    ("/list?" + "&".join(["sort=a"] * 11), "max_repeated_parameters"),
    ("/" + "/" * 3000 + "a/" * 6, "max_repeats"),
]


@pytest.mark.parametrize(("url", "setting"), SHAPES, ids=range(len(SHAPES)))
def test_shape(url, setting):
    """An address that repeats itself is refused with what is wrong and the setting that allows it."""
    reason = asked(made(), url)
    limit = getattr(TrapLimits(), setting)
    assert reason is not None
    assert reason.endswith(f"more than {setting} = {limit}")
    assert "like one of endless addresses" in reason
    assert asked(made(**{setting: 10_000}), url) != reason


ORDINARY = [
    "",
    "/a/a/a/a/a",
    "/tiles/4/4/4.png",
    "/a/b/a/b/a/b",
    "/nl/wetten/2024/01/01/01/tekst",
    "/w/cpp/container/vector/operator_cmp.html",
    "/" + "/".join(f"map{number}" for number in range(30)),
    "/search?f%5B0%5D=type%3Anews&f%5B1%5D=year%3A2024&sort=date&page=3",
    "/list?cat=1&cat=2&cat=3&cat=4",
    "/dossiers/3456/12/",
    "/agenda/2027-12",
    "/visie-2050/",
    "/klimaat/2050/12",
    "/archief/1890/05/03",
    "/?q=",
    "/?&&&&",
]


@pytest.mark.parametrize("url", ORDINARY)
def test_ordinary(url):
    """Addresses that real sites have are asked for."""
    assert asked(made(), url) is None


def test_what_the_operator_names_is_never_refused():
    """Seeds, and what robots.txt names, are asked for whatever they look like."""
    url = f"{HOST}/" + "a/" * 50
    found = made()
    assert found.refuse(url, 3, PAGE)
    assert (found.refuse(url, 0, PAGE), found.refuse(url, 3, "seed"), found.refuse(url, 3, "robots")) == (
        None,
    ) * 3


def crawled(found, urls):
    """Ask for addresses one after the other, each with its content; return how many were refused, and why."""
    reasons = []
    for url, content in urls:
        if reason := asked(found, url):
            reasons.append(reason)
        else:
            found.seen(HOST + url, content)
    return reasons


SAME = [
    ("/page?id={}", "max_queries"),
    ("/page?x=y{}&z=1", "max_queries"),
    ("/item/{}", "max_same"),
    ("/s/{:032x}/home", "max_same"),
    ("/(S(a1b2c3d4e5f6g7h8i9j{}))/home.aspx", "max_same"),
    ("/home;jsessionid=0123456789ABCDEF{}", "max_same"),
    ("/calendar/week/{}/", "max_same"),
]


@pytest.mark.parametrize(("pattern", "setting"), SAME)
def test_one_page_under_any_number_of_addresses(pattern, setting):
    """A pattern is left once so many of its URLs gave what was seen before; other patterns are not."""
    found = made(**{setting: 100})
    reasons = crawled(found, ((pattern.format(number), "same") for number in range(5000)))
    assert len(reasons) == 5000 - 102
    assert reasons[0].endswith(f"101 addresses like it brought nothing new; more than {setting} = 100")
    assert asked(found, "/other?id=1") is None
    assert asked(found, "/other/1") is None


def manual():
    """Four thousand pages in folders, as of a reference manual."""
    names = ("vector", "map", "list", "operator_cmp", "begin2", "string_view", "optional", "to_array64")
    for number, (one, two, three) in enumerate(itertools.product(range(20), range(25), names)):
        yield f"/w/cpp/container{one}/part{two}/{three}.html", f"text {number}"


def news():
    for number in range(10_000):
        year, rest = divmod(number, 1000)
        month, day = rest % 12 + 1, rest % 28 + 1
        yield f"/nieuws/{2017 + year}/{month:02}/{day:02}/bericht-{number}", f"text {number}"


def forum():
    for number in range(50_000):
        yield f"/viewtopic.php?id={number + 1}", f"text {number}"


def catalogue():
    """Yield a register in which every third number is of nothing, which a page with status 200 says."""
    for number in range(30_000):
        yield f"/product/{number}", "there is no such product" if number % 3 == 0 else f"text {number}"


def listing():
    """Two filters, two orders and pages: different content under each."""
    for number in range(8000):
        yield f"/register?type={number % 7}&sort={'ab'[number % 2]}&page={number}", f"text {number}"


def calendar():
    """Ten years of an agenda, most months of it empty and alike."""
    for number in range(240):
        yield (
            f"/agenda/{2017 + number // 12}-{number % 12 + 1:02}",
            f"text {number if number % 5 == 0 else 0}",
        )


@pytest.mark.parametrize("site", [manual, news, forum, catalogue, listing, calendar])
def test_large_ordinary_sites(site):
    """Nothing of a large site whose pages differ is refused, whether its content is known yet or not."""
    found = made()
    assert [reason for url, _ in site() if (reason := asked(found, url))] == []
    assert crawled(found, site()) == []
    assert crawled(found, site()) == []


def test_combinations_of_filters():
    """Of filters that combine without end so many combinations are asked for, and those again."""
    found = made(max_combinations=100)
    names = [f"filter_{name}" for name in "abcdefghij"]
    chosen = [sets for size in range(2, 6) for sets in itertools.combinations(names, size)]
    urls = [f"/shop?{'&'.join(f'{name}=x' for name in sets)}" for sets in chosen]
    reasons = [asked(found, url) for url in urls]
    assert reasons[:100] == [None] * 100
    assert all(reason and reason.endswith("more than max_combinations = 100") for reason in reasons[100:])
    assert [asked(found, url) for url in urls[:100]] == [None] * 100


MONTHS = [
    "/calendar?month={year}-{month:02}",
    "/calendar/{year}/{month}/",
    "/calendar?year={year}&month={month}",
    "/calendar?m={month}&y={year}",
    "/kalender/maand-{year}-{month:02}-01",
]


@pytest.mark.parametrize("pattern", MONTHS)
def test_months_to_come(pattern):
    """A calendar is followed some years ahead, and a little further; then each further month is refused."""
    found = made(max_years_ahead=2)
    months = [(year, month) for year in range(2026, 2100) for month in range(1, 13)]
    reasons = [asked(found, pattern.format(year=year, month=month)) for year, month in months]
    free = 3 * 12 + FAR_MONTHS
    assert reasons[:free] == [None] * free
    assert all(reason and reason.endswith("more than max_years_ahead = 2") for reason in reasons[free:])


def hostile_urls():
    """Addresses that are all different in every way that is remembered."""
    for number in range(8000):
        yield f"/p{number:x}x/{number}?a{number:x}z={number}&b{number % 977:x}q=1"


def test_memory_is_bounded(monkeypatch):
    """However many patterns and contents there are, what is remembered stays within its bounds."""
    monkeypatch.setattr(traps, "MAX_REMEMBERED", 2000)
    monkeypatch.setattr(traps, "MAX_PATTERNS", 500)
    found = made()
    tracemalloc.start()
    crawled(found, ((url, url) for url in hostile_urls()))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2 * 2**20
    assert asked(found, "/new") is None


def test_a_trap_is_remembered_while_much_else_goes_by(monkeypatch):
    """A pattern that is in use is not forgotten for those that are not."""
    monkeypatch.setattr(traps, "MAX_PATTERNS", 50)
    found = made(max_queries=100)
    mixed = itertools.chain.from_iterable(
        [(f"/page?id={number}", "same"), (f"/article-{number:x}x/1", str(number))] for number in range(500)
    )
    assert len(crawled(found, mixed)) == 500 - 102


def test_every_limit_is_used():
    """Each setting can be the one that refuses."""
    tested = {setting for _, setting in SHAPES + SAME} | {"max_combinations", "max_years_ahead"}
    assert set(TrapLimits.__struct_fields__) == tested
