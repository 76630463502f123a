# SPDX-License-Identifier: EUPL-1.2
"""One box to find a page with: words as of a day or of any day, or an address; and what was meant by a wrong one."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from index.online import section_of
from index.search import Filters, Search
from tests.support.archive import Reply, build
from tests.support.viewing import Visitor
from viewer.pages.typed import address_of

SITE = "https://www.example.org"
MON, TUE, WED = "20260302023000", "20260303023000", "20260304023000"


def page(title: str, text: str) -> Reply:
    return Reply(f"<html lang=en><title>{title}</title><p>{text}", mime="text/html")


DAYS = {
    MON: {f"{SITE}/": page("Home", "welcome"), f"{SITE}/en/fees": page("Fees", "the fee is 23 euro")},
    TUE: {
        f"{SITE}/": page("Home", "welcome"),
        f"{SITE}/en/fees": page("Fees", "the fee is 35 euro"),
        f"{SITE}/nl/kosten": page("Kosten", "the fee in Dutch"),
    },
    WED: {f"{SITE}/": page("Home", "welcome"), f"{SITE}/nl/kosten": page("Kosten", "the fee in Dutch")},
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("finding"), {"demo": DAYS}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://www.ind.nl/a b", None),
        ("https://www.ind.nl/a", "https://www.ind.nl/a"),
        ("HTTP://Example.ORG", "http://example.org/"),
        (" http:/example.org/x ", "http://example.org/x"),
        ("www.elsewhere.nl", "https://www.elsewhere.nl/"),
        ("elsewhere.nl/kosten?p=1", "https://elsewhere.nl/kosten?p=1"),
        ("example.org", "https://example.org/"),
        ("www.example.org", "https://www.example.org/"),
        ("WWW.EXAMPLE.ORG/A", "https://www.example.org/A"),
        ("/nl/kosten", "https://www.example.org/nl/kosten"),
        ("www.example.org:8080/x", "https://www.example.org:8080/x"),
        ("elsewhere.nl", None),
        ("node.js", None),
        ("art.3/4", None),
        ("3.4/5", None),
        ("o.a./e.d.", None),
        ("paspoort", None),
        ("paspoort -leges", None),
        ('"www.example.org"', None),
        ("kosten/leges", None),
        ("//example.org/x", None),
        ("/", "https://www.example.org/"),
        ("mailto:a@example.org", None),
        ("a@example.org/x", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("", None),
    ],
)
def test_words_or_an_address(text, meant):
    """What is an address without doubt is one; a word with a point or a stroke in it stays a word."""
    assert address_of(text, ["www.example.org"]) == meant


@pytest.mark.parametrize("start", ["/", "/demo/search"])
def test_an_address_leads_to_its_page(visitor, start):
    """On the start page and in the search of a site: all versions of the page, or that of the day."""
    for typed in (f"{SITE}/en/fees", "www.example.org/en/fees", "/en/fees"):
        answer = visitor.get(f"{start}?{urlencode({'q': typed, 'site': 'demo'})}")
        while answer.status_code == 302:
            answer = visitor.get(answer.headers["Location"].removeprefix("http://localhost:8080"))
        assert answer.status_code == 200
        assert unescape(answer.text).count(f"{SITE}/en/fees") > 2
        assert "/web/20260302023000/" in answer.text
    answer = visitor.get(f"{start}?{urlencode({'q': f'{SITE}/en/fees', 'on': '2026-03-03', 'site': 'demo'})}")
    while "/web/" not in answer.headers["Location"]:
        answer = visitor.get(answer.headers["Location"])
    assert answer.headers["Location"] == f"/web/2026-03-03/{SITE}/en/fees"


def test_words_lead_to_a_search(visitor):
    """From the start page, of the only site there is, with the day and whether any day counts."""
    assert visitor.get("/?q=the+fee").headers["Location"] == "/demo/search?q=the+fee"
    asked = visitor.get("/?q=fee&on=2026-03-02&when=ever&site=demo").headers["Location"]
    assert asked == "/demo/search?q=fee&on=2026-03-02&when=ever"
    assert visitor.get("/?q=fee&site=none").status_code == 404
    assert visitor.get("/?q=").headers["Location"] == "/"


def test_of_any_day_is_what_each_day_has(archive):
    """What is found on any day is what is found on one of them; each text of a page by itself, once."""
    search = Search(archive.history, archive.catalogue)
    ever = search.find("demo", "fee", None, limit=10)
    days = [search.find("demo", "fee", day, limit=10) for day in (MON, TUE, WED)]
    assert {hit.id for hit in ever.hits} == {hit.id for day in days for hit in day.hits}
    assert (ever.total, len(ever.hits)) == (3, 3)
    dutch = search.find("demo", "fee", None, limit=10, filters=Filters(prefix="www.example.org/nl/"))
    assert [hit.url for hit in dutch.hits] == [f"{SITE}/nl/kosten"]


def test_of_any_day_says_when(visitor):
    """Both texts of a page that changed are shown, each with its days, and lead to a day that has it."""
    text = unescape(visitor.get("/demo/search?q=fee&when=ever", Accept_Language="en").text)
    assert "3 texts, of any day." in text
    assert "This text was online on 2 March 2026." in text
    assert "This text was online on 3 March 2026." in text
    assert "This text has been online since 3 March 2026." in text
    links = re.findall(r'<a href="/web/(\d{14})/https://www\.example\.org/en/fees"', text)
    assert sorted(links) == [MON, TUE]
    amounts = {at: visitor.get(f"/web/{at}id_/{SITE}/en/fees").text for at in links}
    assert ("23" in amounts[MON], "35" in amounts[TUE]) == (True, True)
    nothing = visitor.get("/demo/search?q=nowhere&when=ever", Accept_Language="en").text
    assert "on any day" in nothing


def test_parts_of_the_site(archive, visitor):
    """Results are counted by the first folder of their address, and each count leads to these alone."""
    found = Search(archive.history, archive.catalogue).find("demo", "fee", TUE, limit=1)
    assert found.sections == {"www.example.org/en/": 1, "www.example.org/nl/": 1}
    text = unescape(visitor.get("/demo/search?q=fee&on=2026-03-03").text)
    [link] = re.findall(r'href="([^"]*url=www\.example\.org%2Fnl%2F[^"]*)"', text)
    within = visitor.get(link).text
    assert ("/nl/kosten" in within, "/en/fees<" in within) == (True, False)


@pytest.mark.parametrize(
    ("url", "section"),
    [
        ("https://www.example.org/", "www.example.org/"),
        ("https://www.example.org/a", "www.example.org/"),
        ("https://www.example.org/a/b/c?d=/e/", "www.example.org/a/"),
        ("http://www.example.org:8080/a/", "www.example.org:8080/a/"),
        ("https://www.example.org/?a=/b/", "www.example.org/"),
    ],
)
def test_section_of(url, section):
    """The host and the first folder; a page beside folders is of none."""
    assert section_of(url) == section


@pytest.mark.parametrize(
    "path", ["/demo/history?url=https://www.example.org/en/feess", f"/web/2026-03-04/{SITE}/en/feess"]
)
def test_an_address_never_stored_offers_the_nearest(visitor, path):
    """It says so, answers 404, and names the page that was likely meant."""
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert f'href="/demo/history?url={SITE.replace(":", "%3A")}/en/fees"' in answer.text


def test_nothing_like_it_offers_nothing(visitor):
    """An address like none of the site's gets no guess."""
    text = visitor.get(f"/demo/history?url={SITE}/{'q' * 3000}").text
    assert "/demo/history?url=https%3A" not in text


def test_every_filter_that_is_none_is_told(visitor):
    """A year and a type that are none do not count, and each of them is named."""
    text = visitor.get("/demo/search?q=fee&year=xx&type=zz", Accept_Language="en").text
    for given in ("xx", "zz"):
        assert f"“<bdi>{given}</bdi>” is not a year of four digits or a type of file" in text
