# SPDX-License-Identifier: EUPL-1.2
"""
What a site or its neighbours make up without end: frames in frames, ids in redirects, addresses, attributes.

And what has to hold where the process that reads pages cannot go on. A crawl ends, says what is lacking, and
the next day is no larger for it.
"""

from __future__ import annotations

import itertools
import re

import pytest

from archiver.intake import MAX_BEYOND, Intake
from archiver.ledger import UNREAD
from archiver.reader import Reader, ReaderError
from archiver.reading import Unread
from archiver.snapshot import StoppedError, take
from tests.support.daily import closed, daily, html, tagged
from tests.support.sites import text, to
from tests.support.snapshots import HOST, SITE, page

RULES = {
    "/robots.txt": closed(text("User-agent: *\nAllow: /\n")),
    "/sitemap.xml": closed(text("<urlset/>", "text/xml")),
}
ADS = "http://ads.test"


def stop_at(site, path):
    """Begin today's crawl, and stop it when a path, or a URL of another host, has its outcome."""

    def stop(progress):
        if progress.url.removeprefix(HOST) == path:
            site.archive.stop.set()

    with pytest.raises(StoppedError):
        take(site.archive, site.archive.settings.site[0], report=stop)
    site.archive.stop.clear()


# Seeds that lead elsewhere

MOVED = {
    "example.test/": to("/nl/", 302),
    "example.test/nl/": to("http://www.example.test/nl/"),
    "www.example.test/nl/": page("Welkom", "/nl/a"),
    "www.example.test/nl/a": page("Verder"),
}
AT_LAST = ("http://www.example.test/nl/", "http://www.example.test/nl/a")


def test_seed_that_leads_on_twice(tmp_path):
    """A seed that leads over a page of its own to another host of its domain takes the scope there."""
    with daily(tmp_path, RULES | MOVED) as site:
        for expected in ("captured", "unchanged"):
            day = site.take()
            assert day.outcomes(*AT_LAST) == dict.fromkeys(AT_LAST, expected)
            assert day.snapshot.outcome == "complete"


@pytest.mark.parametrize("path", ["/", "/nl/", AT_LAST[0]])
def test_seed_that_leads_on_twice_and_a_stop(tmp_path, path):
    """The same where the crawl is stopped on the way, and carried on with."""
    with daily(tmp_path, RULES | MOVED, connections=1) as site:
        stop_at(site, path)
        day = site.take(next_day=False)
        assert day.outcomes(*AT_LAST) == dict.fromkeys(AT_LAST, "captured")
        assert site.asked("/nl/a") == 1


OTHERS = {
    "/nl/a": page("Over Nederland"),
    "/en/": page("English", "/en/a"),
    "/en/a": page("More English"),
    "/onderhoud.html": page("Zo terug", "/en/"),
}


@pytest.mark.parametrize("target", ["/onderhoud.html", "/en/", "http://www.example.test/en/"])
def test_prefix_stays_where_it_was(tmp_path, target):
    """With scope `prefix` a seed that leads out of its path, here or on another host, leaves the scope as it is."""
    with daily(tmp_path, RULES | OTHERS, seeds=(f"{HOST}/nl/",), scope="prefix") as site:
        site.take(RULES | OTHERS | {"/nl/": page("Welkom", "/nl/a")})
        day = site.take(RULES | OTHERS | {"/nl/": to(target, 302)})
        assert day[target].outcome == "out-of-scope"
        assert day["/nl/a"].outcome == "unchanged"
        assert {path for path in site.web.pages_asked() if not path.startswith("/nl/")} == set()


def test_prefix_moves_with_its_path(tmp_path):
    """With scope `prefix` a seed that leads to the same path on another host of its domain takes the scope along."""
    www = {f"www.example.test{path}": page(path, "/nl/a", "/en/") for path in ("/nl/", "/nl/a", "/en/")}
    pages = RULES | {"example.test/nl/": to("http://www.example.test/nl/")} | www
    with daily(tmp_path, pages, seeds=(f"{HOST}/nl/",), scope="prefix") as site:
        day = site.take()
        moved = [f"http://www.example.test{path}" for path in ("/nl/", "/nl/a", "/en/")]
        assert list(day.outcomes(*moved).values()) == ["captured", "captured", "out-of-scope"]


# Parts of parts on other hosts


def frame(number):
    """Return a page of another host that frames the next one."""
    return html(f'<p>Reclame nummer {number}</p><iframe src="/f/{number + 1}"></iframe>')


def framed(*, fresh=()):
    """Return a site with endless frames of another host, which answer 304 but for those that are `fresh`."""
    answers = {number: frame(number) for number in range(40)}
    return RULES | {
        "/": tagged(html(f'<iframe src="{ADS}/f/1"></iframe>')),
        **{f"ads.test/f/{n}": one if n in fresh else tagged(one) for n, one in answers.items()},
    }


def asked_frames(site):
    return sorted({int(path[3:]) for path in site.web.paths("ads.test") if path.startswith("/f/")})


def test_frames_without_end(tmp_path):
    """Frames in frames of other hosts are followed so far and no further, and the day is complete."""
    with daily(tmp_path, framed()) as site:
        day = site.take()
        assert asked_frames(site) == list(range(1, MAX_BEYOND + 1))
        beyond = day[f"{ADS}/f/{MAX_BEYOND + 1}"]
        assert (beyond.outcome, beyond.reason) == (
            "over-limit",
            f"more than {MAX_BEYOND} parts in a row out of scope",
        )
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("complete", 0)


FRESH = [set(), {1}, {2}, {3}, {2, 3}, {1, 2, 3}, set(range(40))]


@pytest.mark.parametrize("fresh", FRESH, ids=lambda numbers: f"fresh{len(numbers)}{min(numbers, default='')}")
def test_frames_do_not_go_deeper_day_by_day(tmp_path, fresh):
    """Whichever of them has not changed since, the days after ask for the same frames and no more."""
    with daily(tmp_path, framed(fresh=fresh)) as site:
        for _ in range(3):
            day = site.take()
            assert asked_frames(site) == list(range(1, MAX_BEYOND + 1))
            assert day.snapshot.outcome == "complete"


def test_frame_that_leads_back(tmp_path):
    """From a page of the site that another host frames it goes on as from any other."""
    pages = RULES | {
        "/": html(f'<iframe src="{ADS}/f/1"></iframe>'),
        "ads.test/f/1": html('<iframe src="/f/2"></iframe>', f"{HOST}/terug"),
        "ads.test/f/2": html(f'<iframe src="{HOST}/in"></iframe>'),
        "/in": html(f'<iframe src="{ADS}/f/5"></iframe>'),
        "/terug": page("Terug"),
    }
    with daily(tmp_path, pages | {"ads.test/f/5": frame(5), "ads.test/f/6": frame(6)}) as site:
        wanted = ("/terug", "/in", f"{ADS}/f/5", f"{ADS}/f/6")
        assert site.take().outcomes(*wanted) == dict.fromkeys(wanted, "captured")


def test_sheet_import_and_font_of_other_hosts(tmp_path):
    """A style sheet of another host, the one it imports and the font of that are all there."""
    font = (200, {"Content-Type": "font/woff2"}, b"wOF2 and the rest")
    pages = RULES | {
        "/": html('<link rel=stylesheet href="http://cdn.test/a.css">'),
        "cdn.test/a.css": text('@import "http://stijl.test/b.css";', "text/css"),
        "stijl.test/b.css": text("@font-face{font-family:a;src:url(/f.woff2)}", "text/css"),
        "stijl.test/f.woff2": font,
    }
    parts = ("http://cdn.test/a.css", "http://stijl.test/b.css", "http://stijl.test/f.woff2")
    with daily(tmp_path, pages) as site:
        assert site.take().outcomes(*parts) == dict.fromkeys(parts, "captured")
        assert site.take().outcomes(*parts) == dict.fromkeys(parts, "unchanged")


# Ids in redirects


def test_sessions_in_redirects(tmp_path):
    """Addresses that a redirect gives a new session id each time are not asked for again: no day is larger."""
    count = itertools.count(1)

    class Sessions(dict):
        def get(self, path, other=None):
            return session if re.match(r"/p\d", path) else super().get(path, other)

    def session(handler):
        if ";jsessionid=" in handler.path:
            handler._answer(*page(f"Bladzijde {handler.path[:3]}"))
        else:
            handler._answer(*to(f"{handler.path};jsessionid={next(count) * 7919:032X}", 302))

    with daily(tmp_path, {}) as site:
        site.web.pages = Sessions(RULES | {"/": tagged(page("Welkom", "/p1", "/p2", "/p3"))})
        days = [site.take() for _ in range(5)]
        assert [len(day.entries) for day in days[2:]] == [len(days[1].entries)] * 3
        assert len(site.web.pages_asked()) == 7
        assert days[4].snapshot.outcome == "complete"


# More addresses than can be written down

FEW = 60


@pytest.fixture
def few(monkeypatch):
    """Let a ledger have room for a few dozen addresses."""
    monkeypatch.setattr(Intake, "most_known", property(lambda _: FEW))


def made_up(page_number, count):
    return [f"http://elders.test/{page_number}/{number}" for number in range(count)]


@pytest.mark.usefixtures("few")
def test_more_addresses_than_a_ledger_holds(tmp_path):
    """Addresses that are not asked for are written down so far; the rest is counted, told, and lacking."""
    names = [f"/{number}" for number in range(10)]
    pages = RULES | {"/": page("Welkom", *made_up("eerst", 500), *names)}
    pages |= {name: page(f"Over {name}", *made_up(name[1:], 100)) for name in names}
    with daily(tmp_path, pages, connections=1) as site:
        day = site.take()
        assert day.outcomes(*names) == dict.fromkeys(names, "captured")
        counted = 1500 + len(RULES) + 1 + len(names) - len(day.entries)
        assert len(day.entries) <= FEW + len(names)
        assert day.judged["reasons"] == [
            f"up to {counted} addresses more than a ledger holds were found, and are not in it"
        ]
        assert day.snapshot.outcome == "partial"
        assert str(counted) in site.ledger(day).err + site.ledger(day).out


@pytest.mark.usefixtures("few")
def test_max_urls_are_asked_for_all_the_same(tmp_path):
    """As many addresses as `max_urls` allows are asked for, however many others came before them."""
    names = [f"/{number}" for number in range(200)]
    pages = RULES | {"/": page("Welkom", *made_up("eerst", 500), *names)}
    pages |= dict.fromkeys(names, text("gewoon"))
    with daily(tmp_path, pages, max_urls=100) as site:
        day = site.take()
        assert len([path for path in site.web.paths() if path in names]) == 100 - 3
        assert len(day.entries) <= FEW + 100
        assert day.snapshot.outcome == "partial"


@pytest.mark.usefixtures("few")
def test_count_survives_a_stop(tmp_path):
    """What was counted before a stop still counts when the crawl is carried on with, once each."""
    pages = RULES | {
        "/": page("Welkom", *made_up("eerst", 500), "/a"),
        "/a": page("A", *made_up("a", 100)),
    }
    with daily(tmp_path, pages, connections=1) as site:
        stop_at(site, "/")
        day = site.take(next_day=False)
        counted = 600 + len(RULES) + 2 - len(day.entries)
        assert day.judged["reasons"][0].startswith(f"up to {counted} addresses more")
        assert site.asked("/") == 0


# Pages that cannot be read


def bodies(size):
    """Return a page of so many bytes of <body> tags, links in between, and how many; the last names come again."""
    numbers = itertools.chain(range(95_000), itertools.cycle(range(94_000, 95_000)))
    tags, names, written = [], (f"{number:x}z" for number in numbers), 0
    while written < size:
        tags.append(f'<body {" ".join(itertools.islice(names, 900))}><a href="/{len(tags)}">verder</a>')
        written += len(tags[-1])
    return "".join(tags).encode(), len(tags)


@pytest.mark.parametrize("name", [b"body", b"BODY", b"html"])
def test_many_attributes_of_one_body(name):
    """A page whose many <body> or <html> tags are one element with all their attributes is read to the end."""
    body, count = bodies(2_000_000)
    reader = Reader(seconds=60)
    try:
        found = reader.read(
            Unread(f"{HOST}/", (("Content-Type", "text/html"),), body.replace(b"<body", b"<" + name))
        )
    finally:
        reader.close()
    assert [url for url, *_ in found.links] == [f"{HOST}/{number}" for number in range(count)]


DEADLY = """
import os, sys
sys.path.insert(0, {{root!r}})
from archiver import reader
if os.path.exists({broken!r}):
    sys.exit(3)
def read(unread, inner=reader.read):
    if unread.url.endswith("/dodelijk"):
        if {for_good}:
            open({broken!r}, "w").close()
        os._exit(9)
    return inner(unread)
reader.read = read
reader.main()
"""


@pytest.fixture
def deadly(tmp_path, monkeypatch):
    """Return what lets readers die of the page /dodelijk: there, or from then on; and the file that makes it so."""
    broken = tmp_path / "broken"

    def prepare(*, for_good):
        monkeypatch.setattr("archiver.reader._START", DEADLY.format(broken=str(broken), for_good=for_good))
        return broken

    return prepare


def leading(*links):
    return RULES | {
        "/": page("Welkom", "/dodelijk", "/a"),
        "/dodelijk": tagged(page("Hier blijft men in", *links)),
        "/a": page("A"),
        "/verborgen": page("Alleen van daar"),
    }


def test_page_that_nobody_can_read(tmp_path, deadly):
    """A page that takes the reader with it twice is stored; what it leads to is not known, and the day is partial."""
    deadly(for_good=False)
    with daily(tmp_path, leading("/verborgen")) as site:
        day = site.take()
        assert day["/dodelijk"].outcome == "captured"
        assert day["/dodelijk"].reason.startswith(f"{UNREAD} (the reader ended with status 9)")
        assert day.payload("/dodelijk") == page("Hier blijft men in", "/verborgen")[2]
        assert day.outcomes("/", "/a") == {"/": "captured", "/a": "captured"}
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", 1)
        assert day.judged["reasons"] == ["the links of 1 could not be read"]


def test_page_that_could_not_be_read_before(tmp_path, deadly, monkeypatch):
    """What could not be read one day is read the next, though it has not changed: its links are found then."""
    with daily(tmp_path, leading("/verborgen")) as site:
        deadly(for_good=False)
        site.take()
        monkeypatch.undo()
        day = site.take()
        assert day["/verborgen"].outcome == "captured"
        assert day.snapshot.outcome == "complete"


def test_reader_that_cannot_begin(tmp_path, monkeypatch):
    """Where no reader can be started the crawl ends with an error that says so, and can be carried on with."""
    with daily(tmp_path, leading()) as site:
        with monkeypatch.context() as patched:
            patched.setattr("sys.executable", "/bin/false")
            with pytest.raises(ReaderError, match=r"ends before it begins, with status 1.* run it again"):
                take(site.archive, site.archive.settings.site[0])
        assert site.archive.collection.timestamps(SITE) == []
        day = site.take()
        assert day.outcomes("/", "/a", "/dodelijk") == dict.fromkeys(("/", "/a", "/dodelijk"), "captured")
        assert day.snapshot.outcome == "complete"


def test_reader_that_cannot_go_on(tmp_path, deadly, monkeypatch):
    """Where it cannot be started any more, what was stored before stays, and is not asked for again."""
    broken = deadly(for_good=True)
    monkeypatch.setattr("archiver.crawl.SYNC_SECONDS", 0.0)
    with daily(tmp_path, leading(), connections=1) as site:
        with pytest.raises(ReaderError, match="ends before it begins, with status 3"):
            take(site.archive, site.archive.settings.site[0])
        assert site.asked("/") == 1
        broken.unlink()
        monkeypatch.undo()
        day = site.take(next_day=False)
        assert site.asked("/") == 0
        assert day.outcomes("/", "/a", "/dodelijk") == dict.fromkeys(("/", "/a", "/dodelijk"), "captured")
        assert (day.snapshot.outcome, day.judged["reasons"]) == ("complete", [])


def test_redirects_of_robots_move_no_scope(tmp_path):
    """Where a chain of redirects of robots.txt leads to another host, that is no seed, after a stop neither."""
    away = "http://ander.example.test"
    chain = {f"{SITE}.test/robots.txt": to("/r1"), "/r1": to("/r2"), "/r2": to(f"{away}/r3")}
    pages = chain | {"/": page("Hallo"), "ander.example.test/r3": page("x", "/y"), "/y": page("y")}
    with daily(tmp_path, pages, connections=1) as site:

        def stop(progress):
            if progress.url == f"{HOST}/":
                site.archive.stop.set()

        with pytest.raises(StoppedError):
            take(site.archive, site.archive.settings.site[0], report=stop)
        site.archive.stop.clear()
        day = site.take(next_day=False)
        assert day["/"].outcome == "captured"
        assert f"{away}/y" not in day.entries
