# SPDX-License-Identifier: EUPL-1.2
"""The viewer's own pages: every route, well asked, badly asked and hostile; and Chromium on the frame."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from playwright.sync_api import expect

from archiver.ledger import UrlOutcome
from index.budget import Budget
from index.urlkey import normalise
from tests.support.archive import Lost, Reply, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.addresses.request_target import request_target
from viewer.pages.closest import first_from, last_before
from viewer.replaying.file import disposition, file_name

SITE = "https://www.example.org"
MONDAY, TUESDAY, TUESDAY_NOON, WEDNESDAY, FRIDAY = (
    "20260302023000",
    "20260303023000",
    "20260303110000",
    "20260304023000",
    "20260306023000",
)
EVIL = "<script>alert(1)</script>"


def page(title: str, text: str, more: str = "") -> Reply:
    return Reply(
        f'<!doctype html><html lang="nl"><head><title>{title}</title></head><body><p>{text}</p>{more}</body></html>'
    )


PDF = b"%PDF-1.4\n" + b"1" * 1_200_000
FORM = '<form method="post" action="/kosten"><button>Verstuur</button></form>'
WAYS = "".join(
    f'<p><a id="{name}" href="{path}">{name}</a></p>'
    for name, path in {
        "pdf": "/verslag.pdf",
        "coded": "/gecodeerd.pdf",
        "error": "/storing",
        "query": "/kosten?van=mij",
        "gone": "/nooit",
    }.items()
)
LINKS = f'<a id="costs" href="/kosten">Kosten</a> <a id="absolute" href="{SITE}/kosten">Ook kosten</a>'
FORGING = f"""<script>
addEventListener("load", () => {{
  for (const url of ["https://www.ind.nl/", "http://www.example.org/", "{SITE}:444/", "https://a_b.example/",
                     "https://www-example.org/", "{SITE}@bank.example/", "https://www.example.org.bank.example/"])
    top.postMessage({{daykeep: 1, url, title: "Vervalst"}}, "*");
  history.pushState(null, "", "#klaar");
}});
</script>"""
DAYS = {
    MONDAY: {
        f"{SITE}/": page("Voorpagina", "Een aanvraag kost 100 euro.", LINKS),
        f"{SITE}/kosten": page("Kosten", "De leges van maandag."),
        f"{SITE}/evil": page(EVIL, f"hostile {EVIL}"),
        f"{SITE}/a%2Fb": page("Schuine streep", "met escape"),
        f"{SITE}/z?a=b;c": page("Vraag", "met een vraagteken"),
        f"{SITE}/alleen-maandag": page("Alleen maandag", "weg"),
        f"{SITE}/oud": Reply(status=301, headers=(("Location", "/kosten"),)),
        "http://www.example.org/plain": page("Zonder slot", "http"),
    },
    TUESDAY: {
        f"{SITE}/": page("Voorpagina", "Een aanvraag kost 200 euro.", LINKS),
        f"{SITE}/kosten": page("Kosten", "De leges van dinsdag."),
        f"{SITE}/alleen-maandag": page("Niet gevonden", "404") and Reply("weg", status=404),
    },
    TUESDAY_NOON: {f"{SITE}/": page("Voorpagina", "Een aanvraag kost 200 euro.", LINKS)},
    WEDNESDAY: {f"{SITE}/": Lost(UrlOutcome.NETWORK_ERROR, f"refused {EVIL}")},
    FRIDAY: {
        f"{SITE}/": page("Voorpagina", "Een aanvraag kost 300 euro.", LINKS),
        f"{SITE}/kosten": page("Kosten", "De leges van vrijdag."),
        f"{SITE}/wegen": page("Wegen", "Waarheen?", WAYS + FORM),
        f"{SITE}/verslag.pdf": Reply(PDF, "application/pdf"),
        f"{SITE}/gecodeerd.pdf": Reply(
            gzip.compress(PDF, mtime=0), "application/pdf", headers=(("Content-Encoding", "gzip"),)
        ),
        f"{SITE}/storing": Reply("<title>Storing</title><p>Even niet.</p>", status=503),
        f"{SITE}/vals": page("Vals", "vals", FORGING),
        "https://a_b.example/": page("Onder streep", "achter een hash"),
        **{f"{SITE}/pdf/{number}": Lost(UrlOutcome.TIMEOUT) for number in range(130)},
        f"{SITE}/beheer": Lost(UrlOutcome.ROBOTS, "Disallow: /beheer"),
    },
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("viewer") / "data", {"demo": DAYS, "empty": {}}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


@pytest.mark.parametrize(
    "rest",
    ["", "changes", "missing", "proof", "proof/seal.json", "conformance", "export/wacz", "cite", "print"],
)
@pytest.mark.parametrize(
    ("moment", "says", "near"),
    [
        ("2026-03-05", "op deze dag geen opname van Site demo", ["2026-03-04", "2026-03-06"]),
        ("20260303023001", "van “20260303023001”", ["2026-03-02", "2026-03-03", "2026-03-04"]),
        ("99991231235959", "van “99991231235959”", []),
        ("1 april", "van “1 april”", []),
    ],
)
def test_no_such_day_on_any_page_of_a_day(visitor, rest, moment, says, near):
    """Every page of a day that is not there says so in the visitor's language, and leads to the nearest days."""
    url = quote(f"{SITE}/kosten", safe="")
    path = f"{rest}?url={url}&at={moment}" if rest in {"cite", "print"} else f"{moment}/{rest}"
    answer = visitor.get(f"/demo/{path}", Accept_Language="nl")
    assert answer.status_code == 404
    assert says in text_of(answer)
    assert "There is no" not in answer.text
    assert re.findall(r'<li><a href="/demo/([0-9-]+)/">', answer.text) == near


def test_what_a_list_of_changes_cannot_know(visitor):
    """Where a day lacks addresses, its changes and those between it and another say so, and never that nothing changed."""
    for path in ("/demo/2026-03-06/changes", "/demo/changes?from=2026-03-03&to=2026-03-06"):
        answer = visitor.get(path, Accept_Language="en")
        assert "On Friday 6 March 2026 131 addresses could not be stored, or not whole" in text_of(answer)
        assert f'href="/demo/{FRIDAY}/missing"' in answer.text
    assert "or not whole: " not in text_of(visitor.get("/demo/2026-03-03/changes", Accept_Language="en"))


def test_nothing_changed_of_what_could_be_stored(tmp_path):
    """A day that lacks something is never said to be unchanged as a whole."""
    same = {f"{SITE}/": page("Voorpagina", "Dezelfde tekst.")}
    days = {MONDAY: same, TUESDAY: {**same, f"{SITE}/kosten": Lost(UrlOutcome.TIMEOUT)}}
    with build(tmp_path / "data", {"demo": days}) as built:
        said = text_of(Visitor(built).get("/demo/2026-03-03/", Accept_Language="en"))
    assert "Of what could be stored, nothing changed since Monday 2 March 2026." in said
    assert " Nothing changed since" not in said


def text_of(response) -> str:
    markup = re.sub(r"</?bdi>", "", response.get_data(as_text=True))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup))


WEB = f"/web/{MONDAY}/{SITE}"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/", 200, "Site demo"),
        ("/?site=demo&q=aanvraag", 302, ""),
        ("/?url=www.example.org&on=2026-03-02", 302, ""),
        ("/?url=%3A%3A&on=2026-03-02", 302, ""),
        ("/?site=nope&q=x", 404, "no site"),
        ("/demo", 308, ""),
        ("/demo/", 200, "march 2026"),
        ("/demo/?day=2026-03-02", 302, ""),
        ("/demo/?day=nonsense", 404, "march 2026"),
        ("/demo/?year=abc", 404, "Nothing is kept of a year “abc”. This is the newest year:"),
        ("/demo/?year=99999", 404, "Nothing is kept of a year “99999”."),
        ("/demo/?year=2026", 200, "march 2026"),
        ("/?q=aanvraag", 400, "Choose the site in which to search."),
        ("/empty/", 200, "No snapshot has been taken yet"),
        ("/nope/", 404, "no site"),
        ("/demo/2026-03-02/", 200, "Monday 2 March 2026"),
        ("/demo/2026-03-04/", 200, "could not be reached"),
        ("/demo/2026-03-05/", 404, "no snapshot of Site demo on this day"),
        ("/demo/2026-02-30/", 404, "no snapshot"),
        (f"/demo/{TUESDAY}/", 200, "at 03:30"),
        ("/demo/20260302023001/", 404, "no snapshot"),
        ("/demo/nonsense/", 404, "no snapshot"),
        ("/demo/2026-03-06/missing", 200, "132 addresses"),
        ("/demo/2026-03-06/missing", 200, "Not everything in this list makes a day incomplete"),
        ("/demo/2026-03-06/missing?outcome=timeout&page=2", 200, "Page 2 of 2"),
        ("/demo/2026-03-06/missing?outcome=nonsense", 404, "“nonsense” is no reason for which something is"),
        ("/demo/search?q=aanvraag&on=2026-03-06", 200, "131 addresses could not be stored"),
        ("/demo/search?q=nergens&on=2026-03-06", 200, "131 addresses could not be stored"),
        ("/demo/2026-03-06/missing?page=-1", 404, "“-1” is no page of this list. First page"),
        ("/demo/2026-03-06/missing?page=two", 404, "“two” is no page of this list. First page"),
        ("/demo/2026-03-06/missing?page=", 200, "Page 1 of 2"),
        ("/demo/2026-03-06/missing?page=9", 200, "This list ends before that page. Page 2 of 2"),
        ("/demo/2026-03-03/changes?page=9", 200, "This list ends before that page. Page 1 of 1"),
        (f"/demo/{TUESDAY}/changes", 200, "/kosten"),
        ("/demo/2026-03-03/changes?kind=nonsense", 404, "“nonsense” is no kind of change. All that changed"),
        ("/demo/2026-03-03/changes?section=news", 404, "“news” is no part of the site"),
        ("/demo/2026-03-03/export/zip", 404, "No copy “zip” is offered of this day."),
        ("/demo/2026-03-03/proof/zip", 404, "There is no list “zip” here. Proof of this day"),
        ("/demo/2026-03-03/conformance.json", 404, "This day has not been measured yet."),
        ("/demo/search", 200, "Search in Site demo"),
        ("/demo/search?q=aanvraag", 200, "1 page as the site stood on Friday 6 March 2026"),
        ("/demo/search?q=aanvraag&on=2026-03-02", 200, "100 euro"),
        ("/demo/search?q=aanvraag&on=2026-03-05", 404, "nothing to search in"),
        ("/demo/search?q=aanvraag&on=nonsense", 404, "“nonsense” is not understood as a day"),
        ("/demo/search?q=NOT+NOT+NOT+a", 400, "“NOT NOT NOT a” has no word to look for."),
        ("/demo/search?q=-", 400, "“-” has no word to look for. Give at least one word"),
        ("/demo/search?q=%22", 400, "has no word to look for"),
        ("/demo/search?q=-leges", 400, "“-leges” has no word to look for"),
        ("/demo/search?q=-&on=nonsense", 404, "“nonsense” is not understood as a day"),
        ("/demo/search?q=aanvraag&page=999999", 404, "“999999” is no page of this list"),
        ("/demo/search?q=aanvraag&page=50", 200, "This list ends before that page"),
        ("/demo/search?q=aanvraag&year=abc", 200, "“abc” is not a year"),
        ("/demo/search?q=aanvraag&type=gif", 200, "“gif” is not a year of four digits or a type"),
        ("/empty/search?q=x", 200, "No snapshot"),
        (f"/demo/history?url={SITE}/", 200, "3 versions"),
        (f"/demo/history?url={SITE}/never", 404, "never stored"),
        ("/demo/history?url=javascript:alert(1)", 404, "not the address"),
        ("/demo/history", 200, "Address of the page"),
        (f"/demo/history?url={SITE}/&on=2026-03-02", 302, ""),
        (f"/demo/history?url={SITE}/&on=ooit", 404, "is not understood as a day"),
        ("/timegate/", 404, "Programs ask here for the address of a page"),
        ("/timemap/", 404, "/timemap/link/https://www.example.org/"),
        ("/timemap/json/", 404, "/timemap/json/https://www.example.org/"),
        ("/timemap/x/", 404, "/timemap/link/https://www.example.org/"),
        (f"{WEB}/", 200, "Archived copy"),
        (f"/web/2026-03-02/{SITE}/", 200, "Monday 2 March 2026, 03:30"),
        (f"/web/2026-03-02/{SITE}/a%2Fb", 200, "a%2Fb"),
        (f"/web/2026-03-02/{SITE}/z?a=b;c", 200, "/z?a=b;c"),
        (f"/web/2026-03-02/{SITE}/kosten?van=mij", 200, "without what comes after the question mark"),
        (f"/web/2026-03-02/{SITE}/z?a=other", 404, "Never stored"),
        (f"/web/2026-03-02/{SITE}/plain", 302, ""),
        (f"/web/2026-03-02/{SITE}/never", 404, "not stored on any day"),
        (f"/web/2026-03-06/{SITE}/beheer", 404, "robots.txt"),
        (f"/web/2026-03-05/{SITE}/", 404, "no snapshot of Site demo of Thursday 5 March 2026"),
        (f"/web/2026-03-04/{SITE}/", 404, "nearest days"),
        (f"/web/20260302023001/{SITE}/", 404, "nearest days"),
        (f"/web/*/{SITE}/", 302, ""),
        (f"/web/{MONDAY}im_/{SITE}/", 302, ""),
        ("/web/nonsense/https://www.example.org/", 404, "Not an address of this archive"),
        ("/web/2026-03-02/javascript:alert(1)", 404, "Not an address of this archive"),
        ("/web/", 404, "Not an address of this archive"),
        *[
            (f"/web/{moment}/{SITE}/", 404, "Not an address of this archive")
            for moment in ("9999-12-31", "0001-01-01", "0999-12-31", "99991231235959", "00010101000000")
        ],
        (f"/web/9998-12-31/{SITE}/", 404, "no snapshot"),
        (f"/web/1000-01-01/{SITE}/", 404, "no snapshot"),
        *[
            (path.format(day), status, "")
            for day in ("9999-12-31", "0001-01-01")
            for path, status in (
                ("/demo/{}/", 404),
                ("/demo/{}/missing", 404),
                ("/demo/{}/changes", 404),
                ("/demo/?day={}", 404),
                ("/demo/search?q=x&on={}", 404),
                ("/?url=www.example.org&on={}", 302),
                (f"/demo/history?url={SITE}/&on={{}}", 404),
            )
        ],
        ("/demo/99991231235959/", 404, "no snapshot"),
        ("/about", 200, "About this archive"),
        ("/nothing/at/all/here/1", 404, "no such page"),
        ("/%00%ff/", 404, "no site"),
        ("/../../etc/passwd", 404, ""),
        ("/demo/..%2f..%2fetc/", 404, ""),
    ],
)
def test_route(visitor, path, status, says):
    """Every address of the viewer has an answer that says what is the case, and never a traceback."""
    response = visitor.get(path, Accept_Language="en")
    assert response.status_code == status
    assert says.lower() in text_of(response).lower()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/?site=demo&q=a%20b", "/demo/search?q=a+b"),
        ("/?url=www.example.org&on=2026-03-02", f"/web/2026-03-02/{SITE}/"),
        (f"/?url={quote(SITE + '/z?a=b;c')}&on=", f"/web/*/{SITE}/z?a=b;c"),
        ("/demo/?day=2026-03-02", "/demo/2026-03-02/"),
        (f"/demo/history?url={SITE}/&on=2026-03-02", f"/web/2026-03-02/{SITE}/"),
        (f"/web/2026-03-02/{SITE}/plain", "/web/2026-03-02/http://www.example.org/plain"),
        (f"/web/{MONDAY}js_/{SITE}/", f"/web/{MONDAY}/{SITE}/"),
        (f"/web/*/{SITE}/z?a=b;c", f"/demo/history?url={quote(SITE + '/z?a=b;c', safe='')}"),
        ("/about/language/nl?back=%2Fdemo%2F%3Fx", "/demo/?x"),
        ("/about/language/nl?back=%2F%2Fevil.example", "/"),
        ("/about/language/nl?back=%2F%5Cevil.example", "/"),
        ("/about/language/nl?back=https%3A%2F%2Fevil.example", "/"),
        ("/about/language/nl?back=%2F%0d%0aSet-Cookie%3Ax", "/"),
    ],
)
def test_redirect(visitor, path, target):
    """What leads on leads to a path of this viewer, and to no other place."""
    response = visitor.get(path)
    assert response.headers["Location"] == target


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/demo/", f"{WEB}/"])
def test_reading_only(visitor, method, path):
    """Nothing can be sent to the viewer."""
    assert visitor.ask(method, "http://localhost:8080", path).status_code == 405


@pytest.mark.parametrize(
    "path", ["/", "/demo/", "/nope/", f"{WEB}/", "/healthz", "/static/viewer.css", "/demo"]
)
def test_security_headers(visitor, path):
    """Every answer forbids scripts of others, framing, sniffing and referrers, and sets no cookie."""
    headers = visitor.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert ("frame-src" in policy) == path.startswith("/web/")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


def test_frame_sources_are_of_that_snapshot(visitor):
    """The frame page may hold replay origins of its own snapshot alone."""
    policy = visitor.get(f"{WEB}/").headers["Content-Security-Policy"]
    (sources,) = re.findall(r"frame-src ([^;]*)", policy)
    assert sources.split() == [
        f"http://{MONDAY}-www-example-org.localhost:8080",
        f"http://{MONDAY}h-www-example-org.localhost:8080",
        f"http://{MONDAY}-outside-invalid.localhost:8080",
        *("mailto:", "tel:", "sms:"),  # the sandbox stops them, without an error in place of the page
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/demo/2026-03-02/",
        f"{WEB}/evil",
        "/demo/2026-03-04/",
        "/demo/2026-03-04/missing",
        f"/demo/history?url={SITE}/evil",
        "/demo/search?q=hostile&on=2026-03-02",
        f"/demo/search?q={quote(EVIL)}",
        f"/demo/search?q=x&on={quote(EVIL)}",
        f"/demo/2026-03-02/?contains={quote(EVIL)}",
        f"/demo/history?url={quote(EVIL)}",
        f"/web/2026-03-02/{SITE}/{quote(EVIL)}",
        f"/web/2026-03-02/{SITE}/<script>alert(1)</script>",
        f"/{quote(EVIL)}/",
        f"/demo/{quote(EVIL)}/",
        f"/about/language/en?back={quote(EVIL)}",
    ],
)
def test_archived_text_is_escaped(visitor, path):
    """Titles, addresses, reasons and queries are shown as text, never as markup."""
    assert "<script>alert" not in visitor.get(path).get_data(as_text=True)


def test_calendar_has_every_day_in_words(visitor):
    """The calendar has all days since the first, also those without a snapshot, each with its state."""
    markup = visitor.get("/demo/", Accept_Language="en").get_data(as_text=True)
    days = re.findall(r'<td class="(\w+)">(?:<a href="([\d-]+)/">|<span>)(\d+)<i>([^<]*)</i>', markup)
    assert [(state, day, words) for state, _, day, words in days] == [
        ("complete", "2", "whole"),
        ("complete", "3", "whole"),
        ("failed", "4", "failed"),
        ("none", "5", "none"),
        ("partial", "6", "−131 partly"),
        ("none", "7", "none"),
        ("none", "8", "none"),
        ("none", "9", "none"),
        ("none", "10", "none"),
    ]
    assert [day for _, day, _, _ in days if day] == ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-06"]


def test_day_tells_pages_changes_and_gaps(visitor):
    """The page of a day links its pages, both versions of what changed, and what is missing with the reason."""
    markup = visitor.get("/demo/2026-03-06/", Accept_Language="en").get_data(as_text=True)
    assert f'<a href="/web/{FRIDAY}/{SITE}/kosten" hreflang="nl"><bdi>Kosten</bdi></a>' in markup
    assert f'href="/web/{TUESDAY_NOON}/{SITE}/"' in markup
    assert "The server took too long to answer" in markup
    assert markup.replace("<wbr>", "").count("/pdf/") == 100
    assert "Not everything in this list makes a day incomplete" in markup
    assert f"/demo/{FRIDAY}/missing?outcome=timeout" in markup
    assert "daykeep export demo" in markup


def test_missing_by_reason(visitor):
    """What is missing is parted by its reason, each with how many there are, and says why in our words first."""
    path = f"/demo/{FRIDAY}/missing"
    markup = visitor.get(path, Accept_Language="en").get_data(as_text=True)
    assert f'<a href="{path}?outcome=timeout">the server took too long to answer (130)</a>' in markup
    assert '<span aria-current="true">All</span>' in markup
    assert "the site asks crawlers not to fetch it (robots.txt) – " in markup
    markup = visitor.get(f"{path}?outcome=timeout", Accept_Language="en").get_data(as_text=True)
    assert '<span aria-current="true">the server took too long to answer (130)</span>' in markup
    assert f'<a href="{path}">All</a>' in markup


def test_day_with_two_snapshots(visitor):
    """Of several snapshots of a day the newest that did not fail is shown, and the others are linked."""
    markup = visitor.get("/demo/2026-03-03/", Accept_Language="en").get_data(as_text=True)
    assert "as it was received at 12:00" in markup
    assert f'href="/demo/{TUESDAY}/"' in markup


def test_pages_of_a_day_go_on(tmp_path):
    """A long list of pages is shown a part at a time, and every page is in one part."""
    many = {f"{SITE}/{number:03}": page(f"Pagina {number}", f"tekst {number}") for number in range(230)}
    with build(tmp_path / "data", {"demo": {MONDAY: many}}) as built:
        visitor, path, seen = Visitor(built), "/demo/2026-03-02/", []
        while path:
            markup = visitor.get(path).get_data(as_text=True)
            seen += re.findall(rf'href="/web/{MONDAY}/{SITE}/(\d+)"', markup.split('id="changes"')[0])
            following = re.findall(r'rel="next" href="([^"#]*after=[^"#]*)', markup)
            path = following[0].replace("&amp;", "&") if following else ""
    assert seen == [f"{number:03}" for number in range(230)]


def test_filter_of_pages(visitor):
    """The filter keeps the pages that have the text in their title or address."""
    markup = visitor.get("/demo/2026-03-02/?contains=kosten").get_data(as_text=True)
    listed = markup.split('id="changes"')[0]
    assert f"{SITE}/kosten" in listed
    assert f"{SITE}/alleen-maandag" not in listed


@pytest.mark.parametrize(
    ("asked", "on", "found"),
    [
        ("aanvraag 100", "2026-03-02", ["/"]),
        ("aanvraag 100", "2026-03-06", []),
        ("aanvraag 300", "2026-03-06", ["/"]),
        ('"kost 200"', "2026-03-03", ["/"]),
        ("lèges", "2026-03-02", ["/kosten"]),
    ],
)
def test_search_as_the_site_stood(visitor, asked, on, found):
    """A search finds what was online on that day, and links to that day."""
    markup = visitor.get(f"/demo/search?q={quote(asked)}&on={on}").get_data(as_text=True)
    assert re.findall(rf'href="/web/\d+/{SITE}([^"]*)"', markup) == found
    assert ("<mark>" in markup) == bool(found)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=aanvraag&url=" + quote(f"{SITE}/kosten"), []),
        ("q=leges&url=" + quote(f"{SITE}/kosten"), ["/kosten"]),
        ("q=leges&type=html&year=2026", ["/kosten"]),
        ("q=leges&type=pdf", []),
        ("q=leges&year=1999", []),
        ("q=leges&type=nonsense&year=MMXX", ["/kosten"]),
        ("q=leges+-leges", []),
    ],
)
def test_search_filters(visitor, asked, found):
    """A search may be kept to addresses, a type of file and a year; what is no type or year filters nothing."""
    markup = visitor.get(f"/demo/search?{asked}&on=2026-03-02").get_data(as_text=True)
    assert re.findall(rf'href="/web/\d+/{SITE}([^"]*)"', markup) == found


@pytest.mark.parametrize(("language", "said"), [("en", "too common"), ("nl", "te gewoon")])
def test_search_for_words_that_are_too_common(visitor, monkeypatch, language, said):
    """What would keep others waiting too long is refused in a sentence, and the page stays."""
    monkeypatch.setattr("index.search.Budget", lambda: Budget(0))
    answer = visitor.get("/demo/search?q=de+aanvraag&on=2026-03-02", Accept_Language=language)
    assert (answer.status_code, said in text_of(answer)) == (200, True)


@pytest.mark.parametrize(("language", "said"), [("en", "Did you mean:"), ("nl", "Bedoelt u:")])
def test_search_proposes_a_word(visitor, language, said):
    """A word that nobody wrote is corrected, by a link that keeps the day and the filters."""
    answer = visitor.get("/demo/search?q=aanvrasg+100&on=2026-03-02&type=html", Accept_Language=language)
    markup = answer.get_data(as_text=True)
    assert said in text_of(answer)
    assert 'href="/demo/search?q=aanvraag+100&amp;on=2026-03-02&amp;type=html"' in markup


def test_search_counts_by_type(visitor):
    """A chosen type is marked, and the way back to all types is a link."""
    markup = visitor.get("/demo/search?q=leges&on=2026-03-02&type=html").get_data(as_text=True)
    assert re.search(r'<span aria-current="true">[^<]+ \(1\)</span>', markup)
    assert 'href="/demo/search?q=leges&amp;on=2026-03-02"' in markup


def test_search_tells_how_long_a_text_was_online(visitor):
    """A result says from when to when its text was online."""
    said = text_of(visitor.get("/demo/search?q=aanvraag&on=2026-03-02", Accept_Language="en"))
    assert "This text was online on 2 March 2026." in said


def test_lifeline_shows_versions_and_gaps(visitor):
    """The lifeline lists each version with its days, newest first, and the days without the URL."""
    said = text_of(visitor.get(f"/demo/history?url={SITE}/kosten", Accept_Language="en"))
    order = ["6 March 2026", "3 March 2026 3 March 2026 Not stored", "2 March 2026 2 March 2026 Kosten"]
    places = [said.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("language", "between", "stood", "edge"),
    [
        ("en", "changed between 3 March 2026 and 6 March 2026", "It was there from 3 March 2026 up to and including 3 March 2026.",
         "It went between 3 March 2026 and 6 March 2026"),
        ("nl", "veranderd tussen 3 maart 2026 en 6 maart 2026", "Het stond er van 3 maart 2026 tot en met 3 maart 2026.",
         "Het is verdwenen tussen 3 maart 2026 en 6 maart 2026"),
    ],
)  # fmt: skip
def test_lifeline_tells_between_which_days(visitor, language, between, stood, edge):
    """Where days are missing, the days around them are told, of versions and of a passage; in both languages."""
    said = text_of(visitor.get(f"/demo/history?url={SITE}/&passage=KOST++200", Accept_Language=language))
    assert [between in said, stood in said, edge in said] == [True, True, True], said


def test_passage_that_never_was(visitor):
    """A passage that was on no day is told so; what is given is shown as text."""
    page = visitor.get(f"/demo/history?url={SITE}/&passage=%3Cscript%3Enooit", Accept_Language="en")
    assert "It was not there on any day that is known." in text_of(page)
    assert "<script>nooit" not in page.get_data(as_text=True)


def test_banner(visitor):
    """The banner says which day this is and of what, and leads to the other versions, the calendar and the lifeline."""
    markup = visitor.get(f"/web/{TUESDAY}/{SITE}/", Accept_Language="en").get_data(as_text=True)
    banner, frame = markup.split('<iframe id="daykeep-page"')
    assert 'id="daykeep-banner"' in banner
    assert "This is not the live site." in banner
    assert f'rel="prev" href="/web/{MONDAY}/{SITE}/"' in banner
    assert f'rel="next" href="/web/{FRIDAY}/{SITE}/"' in banner
    assert 'href="/demo/"' in banner
    assert re.search(r'<input id="on" name="on" type="text"[^>]* value="3 March 2026"', banner)
    assert f'src="http://{TUESDAY}-www-example-org.localhost:8080/"' in frame
    assert 'sandbox="allow-scripts allow-same-origin allow-forms"' in frame


@pytest.mark.parametrize(
    ("moment", "before", "after"),
    [("2026-03-05", TUESDAY_NOON, FRIDAY), ("2026-03-01", None, MONDAY), ("2026-04-01", FRIDAY, None)],
)
def test_nearest_days_are_offered(visitor, moment, before, after):
    """A day without the page offers the nearest days that have it, never one whose snapshot failed."""
    markup = visitor.get(f"/web/{moment}/{SITE}/").get_data(as_text=True)
    assert re.findall(rf'href="/web/(\d+)/{SITE}/"', markup) == [one for one in (before, after) if one]
    assert "<iframe" not in markup


def test_demonstration_is_marked(tmp_path):
    """A demonstration says so on every page about it and in the banner."""
    with build(tmp_path / "data", {"demo": {MONDAY: DAYS[MONDAY]}}, demonstration=True) as built:
        for path in ("/", "/demo/", "/demo/2026-03-02/", f"{WEB}/"):
            assert "not a real site" in Visitor(built).get(path, Accept_Language="en").get_data(as_text=True)


def test_as_captured(visitor):
    """`id_` gives the payload as received, under headers with which no browser runs it."""
    response = visitor.get(f"/web/{MONDAY}id_/{SITE}/")
    assert response.data == DAYS[MONDAY][f"{SITE}/"].payload
    assert response.mimetype == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Archive-Orig-Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    ("url", "mime", "name"),
    [
        ("https://www.example.org/con", "text/plain", "_con.txt"),
        ("https://www.example.org/NUL.pdf", "application/pdf", "_NUL.pdf"),
        (f"{SITE}/docs/jaar%20verslag.pdf", "application/pdf", "jaar verslag.pdf"),
        (f"{SITE}/VERSLAG.PDF", "application/pdf", "VERSLAG.PDF"),
        (f"{SITE}/verslag.php?id=7", "application/pdf", "verslag.php.pdf"),
        (f"{SITE}/download?id=7", "application/pdf", "download.pdf"),
        (f"{SITE}/data.xyz", "application/octet-stream", "data.xyz"),
        (f"{SITE}/foto.jpeg", "image/jpeg", "foto.jpeg"),
        (f"{SITE}/", "text/html", "www.example.org.html"),
        (f"{SITE}/map/", "text/html", "www.example.org.html"),
        (f"{SITE}/..%2F..%2Fetc%2Fpasswd", "unk", "etc_passwd"),
        (f"{SITE}/.bashrc", "unk", "bashrc"),
        (f"{SITE}/a%0d%0aSet-Cookie:%22x%22.pdf", "application/pdf", "a__Set-Cookie__x_.pdf"),
        (f"{SITE}/rekening%E2%80%AEfdp.exe", "application/octet-stream", "rekening_fdp.exe"),
        (f"{SITE}/caf%C3%A9.pdf", "application/pdf", "café.pdf"),
        (f"{SITE}/%ff%fe", "unk", "\ufffd\ufffd"),
        (f"{SITE}/{'x' * 500}.pdf", "application/pdf", f"{'x' * 60}.pdf"),
    ],
)
def test_file_name(url, mime, name):
    """A payload is saved under the name in its address, which is safe and says what it is."""
    assert file_name(url, mime) == name
    assert disposition(name).isprintable()
    assert disposition(name).isascii()
    assert disposition(name).endswith(f"filename*=UTF-8''{quote(name, safe='')}")


PARTS_OF_NAMES = st.sampled_from(
    [*"/.?#_-;%", "%2F", "..", "about", "CON", "index", "a", "A9", "é", ".html", ".HTM", ".pdf", ".tar.gz", "=", "jaarverslag"]
)  # fmt: skip


@given(
    st.lists(PARTS_OF_NAMES, max_size=8).map("".join),
    st.sampled_from(["text/html", "application/pdf", "unk", ""]),
)
def test_plain_file_names(written, mime):
    """A name that is taken as it stands is the one that would be made of it with care."""
    url = normalise(f"{SITE}/{written}")
    assert url
    short = file_name(url, mime)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("viewer.replaying.file._PLAIN", re.compile(r"(?!)"))
        assert file_name(url, mime) == short


def test_range_as_captured(visitor):
    """A part of a payload can be asked for, as a download that goes on does."""
    whole = visitor.get(f"/web/{FRIDAY}id_/{SITE}/verslag.pdf")
    assert whole.headers["Content-Length"] == str(len(PDF))
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="verslag.pdf"')
    part = visitor.get(f"/web/{FRIDAY}id_/{SITE}/verslag.pdf", Range="bytes=2-5")
    assert (part.status_code, part.data) == (206, PDF[2:6])
    behind = visitor.get(f"/web/{FRIDAY}id_/{SITE}/verslag.pdf", Range=f"bytes={len(PDF)}-")
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(PDF)}")


def test_coding_is_told_to_browsers_alone(visitor):
    """A tool gets the payload as it was received; a browser that saves it is told to undo its coding."""
    path = f"/web/{FRIDAY}id_/{SITE}/gecodeerd.pdf"
    tool, browser = visitor.get(path), visitor.get(path, Sec_Fetch_Mode="navigate")
    assert tool.data == browser.data == gzip.compress(PDF, mtime=0)
    assert "Content-Encoding" not in tool.headers
    assert browser.headers["Content-Encoding"] == "gzip"
    assert browser.headers["Vary"] == "Sec-Fetch-Mode"


def test_file_has_a_link_in_the_banner(visitor):
    """The frame page of a file says what it is, and links to it outside of the sandbox."""
    markup = visitor.get(f"/web/{FRIDAY}/{SITE}/verslag.pdf", Accept_Language="nl").get_data(as_text=True)
    assert f'href="/web/{FRIDAY}id_/{SITE}/verslag.pdf"' in markup.split("<iframe")[0]
    assert "PDF, 1,2 MB" in markup
    assert "banner-file" not in visitor.get(f"/web/{FRIDAY}/{SITE}/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        (f"/web/{MONDAY}id_/{SITE}/oud", 301, f"/web/{MONDAY}id_/{SITE}/kosten"),
        (f"/web/{TUESDAY}id_/{SITE}/alleen-maandag", 404, None),
        (f"/web/2026-03-02id_/{SITE}/", 200, None),
        (f"/web/2026-03-05id_/{SITE}/", 404, None),
        (f"/web/2026-03-02id_/{SITE}/plain", 302, "/web/2026-03-02id_/http://www.example.org/plain"),
    ],
)
def test_as_captured_status(visitor, path, status, location):
    """`id_` answers with the status of the capture, and stays within the archive."""
    response = visitor.get(path)
    assert (response.status_code, response.headers.get("Location")) == (status, location)


def test_healthz(visitor):
    """Monitoring is told the newest snapshot of every site."""
    response = visitor.get("/healthz")
    told = {"timestamp": FRIDAY, "day": "2026-03-06", "outcome": "partial"}
    assert json.loads(response.data) == {"ok": True, "newest": {"demo": told}}


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "nl"),
        ({"Accept_Language": "en-GB,en;q=0.9"}, "en"),
        ({"Accept_Language": "fr, nl;q=0.5"}, "nl"),
        ({"Accept_Language": "en", "Cookie": "lang=nl"}, "nl"),
        ({"Cookie": "lang=xx"}, "nl"),
    ],
)
def test_language(visitor, headers, language):
    """The visitor's choice comes first, then the browser's, then that of the configuration."""
    assert f'<html lang="{language}">' in visitor.get("/", **headers).get_data(as_text=True)


def test_language_switch(visitor):
    """The switch keeps the choice in a cookie that no script reads, and goes back to the same page."""
    response = visitor.get(f"/about/language/en?back={quote(f'/web/{MONDAY}/{SITE}/z?a=b;c', safe='')}")
    assert response.headers["Location"] == f"/web/{MONDAY}/{SITE}/z?a=b;c"
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("lang=en;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


def test_page_is_not_sent_twice(visitor):
    """A browser that has a page is told that it is still the same."""
    tag = visitor.get("/demo/").headers["ETag"]
    assert visitor.get("/demo/", If_None_Match=tag).status_code == 304


@pytest.mark.parametrize(
    "host", ["archive.example", "localhost:9999", "127.0.0.1:8080", "[::1]:8080", "localhost"]
)
@pytest.mark.parametrize("path", ["/", f"{WEB}/", f"{WEB}/z?a=b;c", "/demo", "//evil.example/"])
def test_other_names_lead_to_the_viewers_own(visitor, host, path):
    """Who came by another name is led to the same path of the viewer's own name, where frames are allowed."""
    response = visitor.ask("GET", "http://localhost:8080", path, Host=host)
    assert response.status_code == 302
    assert response.headers["Location"] == f"http://localhost:8080{path}"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["", "a b", "localhost:8080/x", "me@localhost:8080", "localhost:port", "x" * 300]
)
def test_odd_host_is_refused(visitor, host):
    """A Host header that is no name of a host gets no further."""
    response = visitor.ask("GET", "http://localhost:8080", "/", Host=host)
    assert response.status_code == 400
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("host", ["LOCALHOST:8080", "localhost:8080"])
def test_own_name_in_any_case(visitor, host):
    """The viewer's own name is known in any case."""
    assert visitor.ask("GET", "http://localhost:8080", "/", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["10.0.0.7:8080", ""])
def test_monitoring_asks_by_any_name(visitor, host):
    """Monitoring is answered whatever name it asks by."""
    assert visitor.ask("GET", "http://localhost:8080", "/healthz", Host=host).status_code == 200


def test_redirects_of_routing_are_to_the_viewers_own_address(tmp_path):
    """Behind a proxy that ends TLS a slash is added at the public address, not at the one asked of us."""
    with build(tmp_path / "data", {"demo": {}}) as built:
        public = structs.replace(built.settings.viewer, base_url="https://archive.example")
        settings = structs.replace(built.settings, viewer=public)
        visitor = Visitor(replace(built, settings=settings))
        response = visitor.ask("GET", "http://archive.example", "/demo?a=b")
    assert response.headers["Location"] == "https://archive.example/demo/?a=b"


def test_damaged_archive_is_told_in_a_sentence(tmp_path, caplog):
    """What cannot be read is one sentence, its place is told to the log alone, and there is no traceback."""
    with build(tmp_path / "data", {"demo": {MONDAY: DAYS[MONDAY]}}) as built:
        log = built.collection.at("demo", MONDAY).ledger_path
        log.parent.chmod(0o755)
        log.chmod(0o644)
        log.write_bytes(b"not json\n")
        response = Visitor(built).get("/demo/2026-03-02/")
        assert response.status_code == 500
        assert "niet te lezen" in response.get_data(as_text=True)
        assert str(tmp_path) not in response.get_data(as_text=True)
        assert f"{tmp_path}/data" in caplog.text
        assert "line 1 is not a ledger entry" in caplog.text
        assert "Traceback" not in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({"REQUEST_URI": "/a%2Fb?c=d;e"}, "/a%2Fb?c=d;e"),
        ({"RAW_URI": "/a%2Fb?c"}, "/a%2Fb?c"),
        ({"REQUEST_URI": "http://localhost:8080/a?b"}, "/a?b"),
        ({"REQUEST_URI": "http://localhost:8080"}, "/"),
        ({"REQUEST_URI": "*"}, "/*"),
        ({"PATH_INFO": "/a b/\xc3\xa9", "QUERY_STRING": "c=%20"}, "/a%20b/%C3%A9?c=%20"),
        ({"PATH_INFO": "/web/2026-03-02/https://x.example/"}, "/web/2026-03-02/https://x.example/"),
        ({"REQUEST_URI": "/caf\xc3\xa9"}, "/caf%C3%A9"),
        ({"REQUEST_URI": "/\u20ac"}, "/%E2%82%AC"),
        ({}, "/"),
    ],
)
def test_request_target(environ, target):
    """The target is what was sent where the server tells, else it is made from the decoded path."""
    assert request_target(environ) == target


def test_closest(archive):
    """The nearest snapshots that saw a URL are found also where its lifeline spans one that failed."""
    lifeline = archive.history.lifeline(f"{SITE}/")
    good = [MONDAY, TUESDAY, TUESDAY_NOON, FRIDAY]
    assert last_before(lifeline, good, "20260304120000") == TUESDAY_NOON
    assert first_from(lifeline, good, "20260304000000") == FRIDAY
    assert last_before(lifeline, good, "20200101000000") is None
    assert first_from(lifeline, good, "20300101000000") is None


# ---- in a browser --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    data = tmp_path_factory.mktemp("browser") / "data"
    with build(data, {"demo": DAYS}, port=port) as built, serving(built, port) as base:
        yield base


def said_in_frame(seen) -> str:
    return seen.page.frame_locator("#daykeep-page").locator("p").first.inner_text()


@pytest.mark.browser
@pytest.mark.parametrize(("day", "price"), [("2026-03-02", 100), ("2026-03-03", 200), ("2026-03-06", 300)])
def test_frame_shows_the_day(browser, address, day, price):
    """The frame shows the page of the day that was asked for."""
    with visit(browser, f"{address}/web/{day}/{SITE}/") as seen:
        assert said_in_frame(seen) == f"Een aanvraag kost {price} euro."
        assert seen.problems == []


@pytest.mark.browser
def test_days_do_not_mix_in_a_warm_cache(browser, address):
    """Going from day to day and back in one browser shows each day as it was."""
    with visit(browser) as seen:
        for day, price in [
            ("2026-03-02", 100),
            ("2026-03-06", 300),
            ("2026-03-03", 200),
            ("2026-03-02", 100),
        ]:
            seen.page.goto(f"{address}/web/{day}/{SITE}/")
            assert said_in_frame(seen) == f"Een aanvraag kost {price} euro."


@pytest.mark.browser
@pytest.mark.parametrize("link", ["#costs", "#absolute"])
def test_links_stay_within_the_day_and_the_banner_follows(browser, address, link):
    """A link in the page leads to that page of the same day; banner, title and address bar follow."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/") as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(link))
        seen.page.wait_for_url(f"{address}/web/{TUESDAY}/{SITE}/kosten")
        assert said_in_frame(seen) == "De leges van dinsdag."
        assert seen.page.locator("#daykeep-address").inner_text() == f"{SITE}/kosten"
        assert seen.page.title().startswith("Kosten")
        assert [url for url in seen.requests if "example.org" in url and "localhost" not in url] == []


@pytest.mark.browser
@pytest.mark.parametrize("size", [(320, 568), (390, 844), (1280, 800)])
@pytest.mark.parametrize("scripts", [True, False])
def test_warnings_are_seen_at_once(browser, address, size, scripts):
    """What is wrong with a page stands in the part of its banner that shows without scrolling, on a phone too."""
    with visit(
        browser, f"{address}/web/{FRIDAY}/{SITE}/storing", size=size, java_script_enabled=scripts, locale="en"
    ) as seen:
        banner = seen.page.locator("#daykeep-banner").bounding_box()
        warning = seen.page.get_by_text("answered with error 503").bounding_box()
        assert banner["y"] <= warning["y"]
        assert warning["y"] + warning["height"] <= banner["y"] + banner["height"]


@pytest.mark.browser
def test_frame_page_without_script(browser, address):
    """Without any script the date switcher still leads to the page on another day."""
    with visit(browser, f"{address}/web/2026-03-02/{SITE}/", java_script_enabled=False) as seen:
        seen.page.locator("#on").fill("6 maart 2026")
        seen.page.locator(".switch button").click()
        assert seen.page.url == f"{address}/web/2026-03-06/{SITE}/"
        assert said_in_frame(seen) == "Een aanvraag kost 300 euro."


FORGED = [
    {"daykeep": 1, "url": "javascript:alert(1)", "title": "x"},
    {"daykeep": 1, "url": "https://bank.example/", "title": "x"},
    {"daykeep": 2, "url": "https://bank.example/"},
    {"daykeep": 1, "url": 7},
    None,
    "text",
]


@pytest.mark.browser
@pytest.mark.parametrize("message", FORGED)
def test_banner_believes_only_its_frame(browser, address, message):
    """A message that is not from the frame, or is not an address, changes nothing."""
    with visit(browser, f"{address}/web/2026-03-02/{SITE}/") as seen:
        seen.page.evaluate("message => window.postMessage(message, '*')", message)
        seen.page.wait_for_timeout(50)
        assert seen.page.locator("#daykeep-address").inner_text() == f"{SITE}/"
        assert f"/web/{MONDAY}/{SITE}/" in seen.page.url or f"/web/2026-03-02/{SITE}/" in seen.page.url


@pytest.mark.browser
def test_page_speaks_for_its_own_origin_alone(browser, address):
    """An archived script cannot make banner, title and address bar name another site than its own."""
    with visit(browser) as seen:
        seen.page.add_init_script(
            "if (top === window) { window.said = [];"
            " new MutationObserver(() => said.push(document.title + document.getElementById('daykeep-address')"
            "?.textContent + location.href)).observe(document, {subtree: true, childList: true}); }"
        )
        seen.page.goto(f"{address}/web/{FRIDAY}/{SITE}/vals")
        seen.page.wait_for_url(f"{address}/web/{FRIDAY}/{SITE}/vals#klaar")
        said = seen.page.evaluate("said")
        assert said
        assert [one for one in said if "Vervalst" in one or "bank" in one or "ind.nl" in one] == []
        assert seen.page.locator("#daykeep-address").inner_text() == f"{SITE}/vals"


@pytest.mark.browser
def test_banner_follows_an_origin_behind_a_hash(browser, address):
    """A page whose origin does not fit in a label is believed about that origin."""
    with visit(browser, f"{address}/web/{FRIDAY}/https://a_b.example/") as seen:
        frame = seen.page.frames[1]
        frame.evaluate("history.pushState(null, '', '/verder')")
        seen.page.wait_for_url(f"{address}/web/{FRIDAY}/https://a_b.example/verder")


@pytest.mark.browser
@pytest.mark.parametrize("link", ["pdf", "coded"])
def test_file_can_be_saved(browser, address, link):
    """A link to a PDF followed inside the frame ends in a file on the visitor's disk, as the site sent it."""
    with visit(
        browser, f"{address}/web/{FRIDAY}/{SITE}/wegen", locale="nl-NL", accept_downloads=True
    ) as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(f"#{link}"))
        seen.page.locator(".banner-file").wait_for()
        heading = seen.page.frame_locator("#daykeep-page").locator("h1").inner_text()
        with seen.page.expect_download() as download:
            seen.page.locator(".banner-file a").click()
        assert download.value.suggested_filename == heading
        assert heading.endswith(".pdf")
        assert download.value.path().read_bytes() == PDF


@pytest.mark.browser
@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("error", "answered with error 503"),
        ("query", "This exact address was not stored"),
        ("pdf", "PDF, 1.2 MB"),
    ],
)
def test_warnings_follow_the_frame(browser, address, link, says):
    """What the banner says of a page comes when a link in the frame leads there, and goes on the way back."""
    with visit(browser, f"{address}/web/{FRIDAY}/{SITE}/wegen", locale="en-GB") as seen:
        banner = seen.page.locator("#daykeep-banner")
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(f"#{link}"))
        expect(banner).to_contain_text(says)
        seen.page.go_back()
        expect(banner).not_to_contain_text(says)
        expect(seen.page.locator("#daykeep-address")).to_have_text(f"{SITE}/wegen")


@pytest.mark.browser
def test_versions_follow_the_frame(browser, address):
    """The links to other versions are those of the page that the frame shows, also after a gap."""
    with visit(browser, f"{address}/web/{FRIDAY}/{SITE}/wegen", locale="en-GB") as seen:
        frame, before = seen.page.frame_locator("#daykeep-page"), seen.page.locator(".versions [rel=prev]")
        expect(before).to_have_count(0)
        follow(seen, frame.locator("#gone"))
        seen.page.wait_for_url(f"{address}/web/{FRIDAY}/{SITE}/nooit")
        expect(seen.page.locator("h1")).to_have_text("Never stored")
        seen.page.go_back()
        follow(seen, frame.locator("#query"))
        expect(before).to_have_attribute("href", f"/web/{TUESDAY}/{SITE}/kosten")


@pytest.mark.browser
def test_form_that_is_sent_says_why_not(browser, address):
    """A form sent inside the frame is answered in words, below a banner that still works."""
    with visit(browser, f"{address}/web/{FRIDAY}/{SITE}/wegen", locale="nl-NL") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        follow(seen, frame.locator("button"))
        expect(frame.locator("h1")).to_have_text("Een gearchiveerde pagina kan niets versturen")
        expect(seen.page.locator("#daykeep-address")).to_have_text(f"{SITE}/kosten")


@pytest.mark.browser
@pytest.mark.parametrize(("locale", "meant"), [("en-GB", "Did you mean:"), ("nl-NL", "Bedoelt u:")])
def test_search_by_keyboard_without_scripts(browser, address, locale, meant):
    """With a keyboard alone and no scripts one searches, follows a correction, and keeps to a type of file."""
    with visit(browser, f"{address}/demo/search", locale=locale, java_script_enabled=False) as seen:
        keys = seen.page.keyboard

        def on(selector):
            for _ in range(40):
                if seen.page.locator(f"{selector}:focus").count():
                    return
                keys.press("Tab")
            raise AssertionError(f"the keyboard does not reach {selector}")

        on("#q")
        keys.type("aanvrasg")
        keys.press("Enter")
        expect(seen.page.locator(".suggestion")).to_contain_text(meant)
        on(".suggestion a")
        keys.press("Enter")
        expect(seen.page.locator(".results.found > li")).to_have_count(1)
        expect(seen.page.locator("mark").first).to_be_visible()
        seen.page.goto(f"{address}/demo/search?q=aanvraag&type=pdf&on=2026-03-06")
        expect(seen.page.locator(".results.found > li")).to_have_count(0)
        on(".facet a")
        keys.press("Enter")
        expect(seen.page.locator(".results.found > li")).to_have_count(1)
        assert seen.problems == []


WIDTHS = (1280, 768, 390, 320)


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/demo/",
        "/demo/2026-03-06/",
        "/demo/search?q=aanvraag",
        "/demo/search?q=aanvraag&type=pdf&year=2026&url=" + "x" * 150,
        f"/demo/history?url={SITE}/",
        f"/web/2026-03-02/{SITE}/",
        f"/web/2026-03-05/{SITE}/",
        f"/web/2026-03-06/{SITE}/verslag.pdf",
        "/about",
    ],
)
def test_page_fits(browser, address, path):
    """No page is wider than the screen, down to a small telephone."""
    with visit(browser, address + path) as seen:
        needed = {}
        for width in WIDTHS:
            seen.page.set_viewport_size({"width": width, "height": 800})
            needed[width] = seen.page.evaluate("document.documentElement.scrollWidth")
    assert {width: wide for width, wide in needed.items() if wide > width} == {}


BROKEN = """() => {
    const broken = [];
    for (const cell of document.querySelectorAll(".data th, .data td")) {
        cell.style.hyphens = "none";
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        for (let text = texts.nextNode(); text; text = texts.nextNode()) {
            for (const word of text.data.matchAll(/[^\\s-]+/g)) {
                const range = document.createRange();
                range.setStart(text, word.index);
                range.setEnd(text, word.index + word[0].length);
                const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
                if (lines.size > 1 && !text.parentElement.closest(".address")) broken.push(word[0]);
            }
        }
    }
    return broken;
}"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", ["nl-NL", "en-GB"])
def test_no_word_of_a_table_is_broken(browser, address, width, language):
    """On a telephone a table is scrolled rather than that a word is broken in its middle."""
    with visit(browser, f"{address}/demo/history?url={SITE}/", size=(width, 800), locale=language) as seen:
        assert seen.page.locator(".data td").count() > 3
        seen.page.evaluate(
            "document.querySelector('.data tr:last-child td:last-child').textContent = 'Verblijfsvergunningsaanvragen'"
        )
        assert seen.page.evaluate(BROKEN) == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
