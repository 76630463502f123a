# SPDX-License-Identifier: EUPL-1.2
"""What changes, to be followed and filtered: Atom feeds of a site, a section and a page, and a day's list."""

from __future__ import annotations

import re
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import feedparser
import pytest

from index.changes import Kind
from tests.support.archive import Reply, build
from tests.support.atom_rules import ATOM, complaints
from tests.support.daily import daily, html
from tests.support.sites import to
from tests.support.snapshots import HOST, SITE
from tests.support.viewing import Visitor
from viewer import places
from viewer.pages import change_list, feed
from viewer.pages.change_list import Wanted, filter_of, sections_of, survey
from viewer.pages.day_log import SHOWN, ChangedUrl

EVIL = "/nl/%3Cscript%3Ealert(1)%3C/script%3E?a=1&amp;b=%22%5D%5D%3E"
PATHS = ("/nl/nieuws/een", "/nl/kosten", "/en/fees", "/counted", "/old", "/gone", EVIL)


def counted(number: int):
    return html(f"Vandaag is het {number} maart 2026.")


MONDAY = {
    "/": html("begin", *PATHS),
    "/nl/nieuws/een": html("bericht"),
    "/nl/kosten": html("100 euro"),
    "/en/fees": html("100 euro"),
    "/counted": counted(2),
    "/old": html("verhuist"),
    "/gone": html("verdwijnt"),
    EVIL.replace("&amp;", "&"): html("boos"),
}
TUESDAY = MONDAY | {
    "/nl/kosten": html("200 euro"),
    "/nl/nieuws/een": html("ander bericht"),
    "/counted": counted(3),
    EVIL.replace("&amp;", "&"): html("nog bozer"),
}
FRIDAY = TUESDAY | {
    "/": html("begin", *PATHS, "/new"),
    "/old": to("/new", 301),
    "/new": html("verhuist"),
    "/gone": (404, {"Content-Type": "text/plain"}, b"weg"),
    "/en/fees": html("300 euro"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Monday, Tuesday, a Wednesday on which nothing changed, a Thursday that failed, and Friday."""
    with daily(tmp_path_factory.mktemp("feed"), MONDAY) as site:
        site.take()
        site.take(TUESDAY)
        site.take()
        site.take({"/": (503, {"Content-Type": "text/plain"}, b"niet nu")})
        site.take(FRIDAY)
        yield site


@pytest.fixture(scope="module")
def visitor(site):
    return site.visitor()


def fetched(visitor, **query: str):
    answer = visitor.get(f"/{SITE}/feed.atom?{urlencode(query)}")
    assert answer.status_code == 200
    assert answer.mimetype == "application/atom+xml"
    assert complaints(answer.data) == []
    read = feedparser.parse(answer.data)
    assert not read.bozo
    assert len(read.entries) == len(ET.fromstring(answer.data).findall(f"{ATOM}entry"))
    return read


def test_feed_of_a_site(visitor):
    """Each day on which something changed is an entry, newest first, with what changed and how to compare it."""
    read = fetched(visitor, lang="en")
    titles = [entry.title for entry in read.entries]
    assert titles[0].startswith("Friday 6 March 2026: ")
    assert titles[1] == "Tuesday 3 March 2026: 4 changes"
    assert [one.split(" ")[0] for one in titles] == ["Friday", "Tuesday", "Monday"]
    tuesday = read.entries[1]
    assert tuesday.updated == "2026-03-03T02:30:00Z"
    assert tuesday.link == f"http://localhost:8080/{SITE}/20260303023000/changes"
    said = tuesday.content[0].value
    assert "Of 3 addresses a reader sees another text" in said
    assert f"{HOST}/nl/kosten" in said
    compared = re.findall(r'href="(http://localhost:8080/[^"]*compare[^"]*)"', said)
    assert len(compared) == 4
    answer = visitor.get(compared[0].removeprefix("http://localhost:8080").replace("&amp;", "&"))
    assert answer.status_code == 200
    assert "Moved" in read.entries[0].content[0].value
    assert "Removed" in read.entries[0].content[0].value


def test_feed_of_a_section(visitor):
    """Days on which nothing of the section changed are no entries."""
    read = fetched(visitor, section="/nl/nieuws/", lang="en")
    assert [entry.title for entry in read.entries] == [
        "Tuesday 3 March 2026: 1 change",
        "Monday 2 March 2026: 1 change",
    ]
    assert "/nl/kosten" not in read.entries[0].content[0].value
    assert read.feed.title.endswith("/nl/nieuws/")
    listed = visitor.get(read.entries[0].link.removeprefix("http://localhost:8080"))
    assert f"{HOST}/nl/nieuws/een" in listed.get_data(as_text=True)


def test_feed_of_a_page(visitor):
    """Each version is an entry, which leads to what it changed."""
    read = fetched(visitor, url=f"{HOST}/nl/kosten", lang="en")
    assert [entry.title for entry in read.entries] == [
        "Another version on Tuesday 3 March 2026",
        "First stored on Monday 2 March 2026",
    ]
    page = visitor.get(read.entries[0].link.removeprefix("http://localhost:8080"), Accept_Language="en")
    assert "100" in page.get_data(as_text=True)


def test_names_last(site, visitor):
    """An entry is called the same in every feed page and language, and differs by what is followed."""
    first, again = fetched(visitor, lang="nl"), fetched(site.visitor(), lang="en")
    assert [one.id for one in first.entries] == [one.id for one in again.entries]
    assert first.feed.id == again.feed.id
    section, page = fetched(visitor, section="/nl/"), fetched(visitor, url=f"{HOST}/nl/kosten")
    assert len({first.feed.id, section.feed.id, page.feed.id}) == 3
    assert not {one.id for one in first.entries} & {one.id for one in section.entries}
    assert all(one.id.startswith("urn:uuid:") for one in first.entries)


def test_language(visitor):
    """A feed is in the language it is asked in, else in that of the archive, whatever the browser prefers."""
    assert "veranderen" in fetched(visitor, lang="nl").feed.subtitle
    default = visitor.get(f"/{SITE}/feed.atom", Accept_Language="en").get_data(as_text=True)
    assert 'xml:lang="nl"' in default
    assert "dag voor dag" in default
    none = visitor.get(f"/{SITE}/feed.atom?lang=xx", Accept_Language="en")
    assert none.status_code == 404
    assert "is no language of this archive" in none.text


def test_asked_again(visitor):
    """A feed that is as it was is not sent again."""
    first = visitor.get(f"/{SITE}/feed.atom")
    again = visitor.get(f"/{SITE}/feed.atom", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    other = visitor.get(f"/{SITE}/feed.atom?lang=en", If_None_Match=first.headers["ETag"])
    assert other.status_code == 200


def test_pages_of_a_feed(visitor, monkeypatch):
    """A feed has so many entries; the next page has those before, each once, until the first day."""
    monkeypatch.setattr(feed, "ENTRIES", 1)
    for query in ({}, {"url": f"{HOST}/nl/kosten"}, {"section": "/nl/"}):
        whole = []
        path = f"/{SITE}/feed.atom?{urlencode({**query, 'lang': 'en'})}"
        while path:
            read = feedparser.parse(visitor.get(path).data)
            whole += [entry.title for entry in read.entries]
            links = {link.rel: link.href for link in read.feed.links}
            assert links["first"].startswith("http://localhost:8080/")
            path = links.get("next", "").removeprefix("http://localhost:8080")
            assert len(whole) < 9
        assert len(whole) == len(set(whole)) == (3 if not query else 2)


def test_a_feed_is_bounded(visitor, monkeypatch):
    """It looks at so many days and reads so many lines, and the next page goes on from there."""
    monkeypatch.setattr(feed, "DAYS", 2)
    read = fetched(visitor, section="/nl/nieuws/")
    assert read.entries == []
    assert any(link.rel == "next" for link in read.feed.links)
    monkeypatch.setattr(feed, "DAYS", 100)
    monkeypatch.setattr(feed, "LINES", 1)
    assert len(fetched(visitor).entries) == 1
    monkeypatch.setattr(feed, "LISTED", 2)
    assert fetched(visitor, lang="en").entries[0].content[0].value.count("<li>") == 2


@pytest.mark.parametrize(
    "query",
    ["before=nonsense", "before=2026-03-02", "section=nl", "section=/%00", "url=::", f"url={HOST}/never", f"url={HOST}/&section=/nl/", "section=/" + "x" * 501],
)  # fmt: skip
def test_feeds_that_are_none(visitor, query):
    """What was never stored, and what is no section or moment, has no feed."""
    assert visitor.get(f"/{SITE}/feed.atom?{query}").status_code == 404


def test_feeds_without_days(tmp_path):
    """A site without a snapshot has a feed without entries; one that is not there has none."""
    with build(tmp_path / "data", {"empty": {}}) as archive:
        visitor = Visitor(archive)
        answer = visitor.get("/empty/feed.atom")
        assert (answer.status_code, complaints(answer.data)) == (200, [])
        assert visitor.get("/nope/feed.atom").status_code == 404


def test_hostile_addresses_in_a_feed(visitor):
    """Markup in addresses is text in the entry, once it is read as HTML too."""
    said = fetched(visitor, section="/nl/").entries[0].content[0].value
    assert "<script" not in said


def test_hostile_titles_in_a_feed(tmp_path):
    """A site's own title, however it is written, is text."""
    title = "<script>alert(1)</script> & ]]> \x0b"
    days = {"20260302023000": {"https://www.example.org/": Reply("<title>x</title>y")}}
    with build(tmp_path / "data", {"demo": days}, title=title) as archive:
        answer = Visitor(archive).get("/demo/feed.atom?lang=en")
        assert complaints(answer.data) == []
        said = ET.fromstring(answer.data).findtext(f"{ATOM}title")
        assert said == "Changes of <script>alert(1)</script> & ]]>  "


def test_no_more_feeds_than_there_is_room_for(site, monkeypatch):
    """One more than are made at once is told to come again."""
    monkeypatch.setattr(feed, "LONG", 1)
    monkeypatch.setattr(places, "PATIENCE", 0.01)
    visitor, real, inside = site.visitor(), feed.changes, []

    def while_busy(folder):
        if not inside:
            inside.append(visitor.get(f"/{SITE}/feed.atom"))
        return real(folder)

    monkeypatch.setattr(feed, "changes", while_busy)
    assert visitor.get(f"/{SITE}/feed.atom").status_code == 200
    assert (inside[0].status_code, "Retry-After" in inside[0].headers) == (503, True)


@pytest.mark.parametrize("path", ["/", "/2026-03-03/", "/2026-03-03/changes", f"/history?url={HOST}/nl/kosten", f"/compare?url={HOST}/nl/kosten"])  # fmt: skip
def test_pages_name_their_feed(visitor, path):
    """A page that has a feed names it in its head, in its own language, and the feed is there."""
    markup = visitor.get(f"/{SITE}{path}", Accept_Language="en").get_data(as_text=True)
    [found] = re.findall(
        r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" href="([^"]*)"', markup
    )
    answer = visitor.get(found.replace("&amp;", "&"))
    assert (answer.status_code, 'xml:lang="en"' in answer.get_data(as_text=True)) == (200, True)


# The list of a day


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("", ["/counted", "/nl/kosten", "/nl/nieuws/een", EVIL]),
        ("kind=text", ["/nl/kosten", "/nl/nieuws/een", EVIL]),
        ("kind=bytes", ["/counted"]),
        ("kind=changed", ["/counted", "/nl/kosten", "/nl/nieuws/een", EVIL]),
        ("kind=new", []),
        ("section=/nl/", ["/nl/kosten", "/nl/nieuws/een", EVIL]),
        ("section=/nl/nieuws/", ["/nl/nieuws/een"]),
        ("section=/nl/&kind=bytes", []),
    ],
)
def test_filters_of_a_day(visitor, query, paths):
    """A day's changes are filtered by what happened and by section, and each leads to what it changed."""
    markup = visitor.get(f"/{SITE}/2026-03-03/changes?{query}", Accept_Language="en").get_data(as_text=True)
    shown = re.findall(r'<a href="/web/\d{14}/http://example\.test([^"]*)">http', markup)
    assert sorted(set(shown)) == sorted(path.replace("&amp;", "&amp;") for path in paths)
    assert markup.count("/compare?") == len(paths)
    assert f"{len(paths)} address" in markup


def test_filters_say_how_many(visitor):
    """Each filter says how many it leaves, and both kinds of change are counted."""
    markup = visitor.get(f"/{SITE}/2026-03-03/changes", Accept_Language="en").get_data(as_text=True)
    for said in ("Changed for a reader (3)", "Changed in bytes alone (1)", "/nl/ (3)", "/nl/nieuws/ (1)"):
        assert said in markup
    friday = visitor.get(f"/{SITE}/2026-03-06/changes", Accept_Language="en").get_data(as_text=True)
    for said in ("Moved (1)", "Removed (1)", "New (1)"):
        assert said in friday


def test_what_moved_is_compared_under_its_new_address(visitor):
    """From the list of a day a page that moved leads to both of its addresses compared."""
    markup = visitor.get(f"/{SITE}/2026-03-06/changes?kind=moved", Accept_Language="en").get_data(
        as_text=True
    )
    [link] = re.findall(r'href="(/[^"]*/compare\?[^"]*)"', markup)
    answer = visitor.get(link.replace("&amp;", "&"), Accept_Language="en").get_data(as_text=True)
    assert "A reader sees the same text" in answer or "Nothing has changed" in answer


@pytest.mark.parametrize("query", ["kind=nonsense", "section=nl", "section=/%0A"])
def test_filters_that_are_none(visitor, query):
    """An unknown kind, and what is no beginning of a path, is no page."""
    assert visitor.get(f"/{SITE}/2026-03-03/changes?{query}").status_code == 404


def test_survey_is_bounded(monkeypatch):
    """Of a day with very many sections so many are counted, and those with most changes are offered."""
    monkeypatch.setattr(change_list, "MAX_SECTIONS", 30)
    many = [ChangedUrl(Kind.NEW, f"{HOST}/{number}/a") for number in range(400)]
    found = survey(many, Wanted(), 4)
    assert (found.group.total, len(found.group.lines)) == (400, SHOWN)
    assert len(found.sections) == change_list.SHOWN_SECTIONS
    assert found.kinds == {"new": 400}


@pytest.mark.parametrize(
    ("path", "sections"),
    [("/", []), ("/a", []), ("/nl/a", ["/nl/"]), ("/nl/b/c/d", ["/nl/", "/nl/b/"]), ("", []), ("/nl/?x=/a/b/", ["/nl/"])],
)  # fmt: skip
def test_sections(path, sections):
    """A section is the first folder of a path, or the first two."""
    assert sections_of(f"{HOST}{path}") == sections


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (ChangedUrl(Kind.CHANGED, HOST, text=True), "text"),
        (ChangedUrl(Kind.CHANGED, HOST, text=False), "bytes"),
        (ChangedUrl(Kind.CHANGED, HOST), "text"),
        (ChangedUrl(Kind.MOVED, HOST, to=HOST), "moved"),
    ],
)
def test_filter_of_a_change(change, name):
    """What has no text to compare changed for a reader; only what reads the same changed in bytes alone."""
    assert filter_of(change) == name
