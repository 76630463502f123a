# SPDX-License-Identifier: EUPL-1.2
"""Addresses as pages write them: one capture under any session or campaign, and guesses that spoil no day."""

from __future__ import annotations

import pytest

from tests.support.daily import daily, html, script, tagged
from tests.support.sites import text, to
from tests.support.snapshots import HOST

RULES = {"/robots.txt": text("User-agent: *\nAllow: /\n"), "/sitemap.xml": text("<urlset/>", "text/xml")}
ASP = "lit3py55t21z5v55vlm25s55"

# As written on a page, and the one address it is asked by.
WRITTEN = [
    ("/p?utm_source=mail&utm_medium=brief", "/p"),
    ("/p?fbclid=IwAR0", "/p"),
    ("/p?PHPSESSID=0123456789abcdef", "/p"),
    ("/p;jsessionid=1A2B3C.node1", "/p"),
    (f"/(S({ASP}))/p", "/p"),
    ("/q?x=1&utm_campaign=mei", "/q?x=1"),
    ("/q?utm_campaign=mei&x=1&gclid=z", "/q?x=1"),
    ("/q;jsessionid=9Z?x=1", "/q?x=1"),
]
PAGES = {"/p": html("<p>Paspoort</p>"), "/q?x=1": html("<p>Vraag een</p>")}


def answers_anything(pages):
    """Return a day on which every spelling is answered as a real server does: with the page it means."""
    return RULES | {written: pages[meant] for written, meant in WRITTEN} | pages


# Found addresses, tidied


def test_one_capture_of_one_page(tmp_path):
    """Links that differ in a campaign or a session lead to one request, one line of the ledger, one capture."""
    links = [written for written, _ in WRITTEN]
    with daily(tmp_path, answers_anything(PAGES) | {"/": html("", *links)}) as site:
        day = site.take()
        assert (site.asked("/p"), site.asked("/q?x=1")) == (1, 1)
        assert not {written for written, _ in WRITTEN} & set(site.web.paths())
        assert set(day.entries) == {"/", "/p", "/q?x=1", *RULES}
        urls = [one.url for one in day.folder.index.captures()]
        assert urls.count(f"{HOST}/p") == urls.count(f"{HOST}/q?x=1") == 1
        assert (day["/p"].outcome, day["/p"].via, day.snapshot.outcome) == (
            "captured",
            f"{HOST}/",
            "complete",
        )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Archive the links as written once, and yield what shows an address of that day."""
    pages = answers_anything(PAGES) | {"/": html("", *(written for written, _ in WRITTEN))}
    with daily(tmp_path_factory.mktemp("written"), pages) as site:
        day, visitor = site.take(), site.visitor()
        yield lambda path: visitor.replay(day.snapshot.timestamp, HOST + path)


@pytest.mark.parametrize(("written", "meant"), WRITTEN)
def test_click_on_the_link_as_written(shown, written, meant):
    """The replay of a link as the page has it is the capture of the address it was asked by."""
    assert f'href="{written}"' in shown("/").text.replace("&amp;", "&"), "the page keeps the link as it was"
    clicked = shown(written)
    assert clicked.status_code == 200
    assert clicked.text == shown(meant).text
    assert ("Paspoort" if meant == "/p" else "Vraag een") in clicked.text
    assert clicked.headers.get("X-Daykeep-Approximate") == "tidied"


def test_parts_and_listed_pages_are_tidied(tmp_path):
    """Parts of a page, links of a style sheet and what a sitemap lists lose their sessions as links do."""
    listed = f"<urlset><url><loc>{HOST}/p?utm_source=map</loc></url></urlset>"
    pages = answers_anything(PAGES) | {
        "/": html('<link rel=stylesheet href="/a.css?jsessionid=7"><img src="/i.png?utm_source=x">'),
        "/sitemap.xml": text(listed, "text/xml"),
        "/a.css": text("a { background: url(/i.png?utm_source=y) }", "text/css"),
        "/i.png": text("PNG", "image/png"),
    }
    with daily(tmp_path, pages) as site:
        day = site.take()
        assert set(day.entries) == {"/", "/a.css", "/i.png", "/p", *RULES}
        assert (day["/i.png"].kind, day["/p"].via) == ("embed", f"{HOST}/sitemap.xml")


def test_session_of_every_day(tmp_path):
    """A site that gives each visit a session of its own has the same pages the next day, none of them changed."""
    with daily(tmp_path, RULES) as site:
        days = [
            site.take(RULES | PAGES | {"/": html("", f"/p;jsessionid={one}", f"/q?x=1&PHPSESSID={one * 8}")})
            for one in ("A1", "B2", "C3")
        ]
    assert days[0].entries.keys() == days[1].entries.keys() == days[2].entries.keys()
    assert days[2].outcomes(*PAGES) == dict.fromkeys(PAGES, "unchanged")
    assert days[2].judged["changes"]["new"] == 0


def test_seeds_and_redirects_stay_as_they_are(tmp_path):
    """Where a seed stands and where a redirect leads is asked for as it is: a server may insist on it."""
    seed = f"{HOST}/?utm_source=seed"
    pages = RULES | {
        "/?utm_source=seed": html("", "/weg"),
        "/weg": to("/p?utm_source=hier"),
        "/p?utm_source=hier": html("<p>Paspoort</p>"),
    }
    with daily(tmp_path, pages, seeds=(seed,)) as site:
        day = site.take()
        assert day.outcomes("/?utm_source=seed", "/weg", "/p?utm_source=hier") == {
            "/?utm_source=seed": "captured", "/weg": "redirect", "/p?utm_source=hier": "captured",
        }  # fmt: skip
        visitor = site.visitor()
        led = visitor.replay(day.snapshot.timestamp, f"{HOST}/weg").headers["Location"]
        assert "Paspoort" in visitor.replay(day.snapshot.timestamp, HOST + led).text


def test_tidying_switched_off(tmp_path):
    """With both lists empty every spelling is an address of its own."""
    pages = answers_anything(PAGES) | {"/": html("", *(written for written, _ in WRITTEN))}
    with daily(tmp_path, pages, tracking_parameters=(), session_parameters=()) as site:
        day = site.take()
    assert set(day.entries) == {"/", *(written for written, _ in WRITTEN), *RULES}


# Hints


def test_hint_that_is_right(tmp_path):
    """An address in a script is asked for once, and what it gives is read like any other page."""
    pages = RULES | {
        "/": html(script("/nl/data/", "/nl/data/"), "/b"),
        "/b": html(script("/nl/data/")),
        "/nl/data/": html("", "/nl/verder"),
        "/nl/verder": html("<p>Verder</p>"),
    }
    with daily(tmp_path, pages) as site:
        day = site.take()
        assert site.asked("/nl/data/") == 1
        assert (day["/nl/data/"].outcome, day["/nl/data/"].kind) == ("captured", "hint")
        assert (day["/nl/verder"].outcome, day["/nl/verder"].kind) == ("captured", "outlink")
        assert site.ledger(day, "--json").json()["missed_hints"] == 0
        assert "hints that missed" not in site.ledger(day).err


MISSES = {
    "/nl/bestaat-niet/": (404, {}, b"nee"),
    "/nl/verboden/": (403, {}, b"nee"),
    "/nl/kapot/": (500, {}, b"nee"),
    "/nl/bezet/": (503, {}, b"nee"),
}


def test_hints_that_are_wrong(tmp_path):
    """What a guess misses is in the ledger and asked for once; it spoils no day, and is counted apart."""
    pages = RULES | {"/": html(script(*MISSES))} | MISSES
    with daily(tmp_path, pages, retries=2, retry_wait=0.0) as site:
        day = site.take()
        assert [site.asked(path) for path in MISSES] == [1, 1, 1, 1]
        assert {path: (day[path].kind, day[path].status, day[path].missed_hint) for path in MISSES} == {
            path: ("hint", status, True) for path, (status, *_) in MISSES.items()
        }
        assert (day.snapshot.outcome, day.snapshot.lacking, day.judged["reasons"]) == ("complete", 0, [])
        assert site.ledger(day, "--json").json()["missed_hints"] == 4
        told = site.ledger(day, "--outcome", "http-error")
        assert "Of these, 4 were hints that missed." in told.err
        assert all(f"{HOST}{path}" in told.out for path in MISSES)


CONFIRMED = {
    "the link on a later page": {"/": html(script("/nl/kapot/"), "/b"), "/b": html("", "/nl/kapot/")},
    "the link on an earlier page": {"/": html("", "/nl/kapot/", "/b"), "/b": html(script("/nl/kapot/"))},
    "both on one page": {"/": html(script("/nl/kapot/"), "/b", "/nl/kapot/"), "/b": html("")},
}


@pytest.mark.parametrize("where", CONFIRMED)
def test_guess_that_is_linked_to_counts(tmp_path, where):
    """Where a page links to what elsewhere is a guess, its failure counts: the day is partial."""
    with daily(
        tmp_path, RULES | CONFIRMED[where] | {"/nl/kapot/": MISSES["/nl/kapot/"]}, connections=1
    ) as site:
        day = site.take()
        assert site.asked("/nl/kapot/") == 1
        entry = day["/nl/kapot/"]
        assert (entry.kind, entry.missed_hint, entry.status) == ("outlink", False, 500)
        assert entry.via == (f"{HOST}/b" if where == "the link on a later page" else f"{HOST}/")
        assert (day.snapshot.outcome, day.snapshot.lacking) == ("partial", 1)
        assert site.ledger(day, "--json").json()["missed_hints"] == 0


def test_confirmed_404_is_a_dead_link(tmp_path):
    """A dead link is an answer like any other; it is not counted among the guesses that missed."""
    pages = RULES | {"/": html(script("/nl/weg/"), "/b"), "/b": html("", "/nl/weg/")}
    with daily(tmp_path, pages) as site:
        day = site.take()
        assert (day["/nl/weg/"].kind, day["/nl/weg/"].status) == ("outlink", 404)
        assert not day["/nl/weg/"].missed_hint
        assert day.snapshot.outcome == "complete"


def test_hints_out_of_scope(tmp_path):
    """What a script names on another host is neither asked for nor known; a link there is known."""
    away, linked = "http://ver.test/nl/pagina/", "http://ver.test/echt"
    with daily(
        tmp_path, RULES | {"/": html(script(away, "/nl/hier/"), linked), "/nl/hier/": html("")}
    ) as site:
        day = site.take()
        assert away not in day.entries
        assert day[linked].outcome == "out-of-scope"
        assert day["/nl/hier/"].outcome == "captured"
        assert {one.host for one in site.web.asked} == {"example.test"}


def test_missed_hint_is_not_recalled(tmp_path):
    """Where the page that named it has not changed, a guess that missed is let go; one that was right is none any more."""
    first = tagged(html(script("/nl/mis/", "/nl/raak/")))
    with daily(tmp_path, RULES | {"/": first, "/nl/raak/": tagged(html("<p>Raak</p>"))}) as site:
        before, after = site.take(), site.take()
        assert before["/nl/mis/"].missed_hint
        assert after["/"].status == 304
        assert site.asked("/nl/mis/") == 0
        assert "/nl/mis/" not in after.entries
        assert (after["/nl/raak/"].outcome, after["/nl/raak/"].kind) == ("unchanged", "embed")
        assert after.snapshot.outcome == "complete"
