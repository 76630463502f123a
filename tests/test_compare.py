# SPDX-License-Identifier: EUPL-1.2
"""Two days of a page beside each other: which days, what each has, what its text says otherwise, and its bounds."""

from __future__ import annotations

import re
from html import escape
from itertools import product
from urllib.parse import quote, urlencode

import pytest

from index.comparison.links import Link
from tests.support.daily import daily, html
from tests.support.office import DOCX, docx
from tests.support.sites import to
from tests.support.snapshots import HOST, SITE
from viewer import places
from viewer.pages import compare
from viewer.rewriting import page_links
from viewer.rewriting.page_links import links_of

EVIL = "<script>alert(1)</script>\"'>&amp;[removed: ]</ins></del>"
MARKED = EVIL.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
PATHS = ("/fee", "/counted", "/doc", "/pic", "/old", "/gone", "/evil", "/lost", "/empty", "/long")


def paragraphs(*lines: str, title: str = "Een pagina", more: str = ""):
    body = "".join(f"<p>{line}</p>" for line in lines)
    markup = f'<!doctype html><html lang="nl"><title>{title}</title>{body}{more}</html>'
    return 200, {"Content-Type": "text/html; charset=utf-8"}, markup.encode()


def word(text: str):
    return 200, {"Content-Type": DOCX}, docx(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")


def picture(data: bytes):
    return 200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n" + data


def failing(status: int):
    return status, {"Content-Type": "text/plain"}, b"niet nu"


REST = [f"Regel {number} blijft zoals zij was." for number in range(12)]
MONDAY = {
    "/": html("begin", *PATHS),
    "/fee": paragraphs(
        *REST, "De dwangsom is € 23 per dag.", "Bel ons op maandag.", title="Oud", more='<a href="/x">X</a><a href="/gone">Weg</a>'
    ),
    "/counted": paragraphs("Al 1234 bezoekers vandaag.", "Vandaag is het 2 maart 2026."),
    "/doc": word("Het tarief is € 100."),
    "/pic": picture(b"1"),
    "/old": paragraphs("De afspraak is op dinsdag."),
    "/gone": paragraphs("Hier was iets."),
    "/evil": paragraphs(MARKED.replace("1", "0"), title=MARKED),
    "/lost": paragraphs("Nog even."),
    "/empty": paragraphs("Altijd hetzelfde."),
    "/long": paragraphs(*(f"Oude regel {number}" for number in range(900))),
}  # fmt: skip
TUESDAY = MONDAY | {
    "/fee": paragraphs(
        *REST, "De dwangsom is € 35 per dag.", "Maak een afspraak.", title="Nieuw", more='<a href="/y">X</a><a href="/new">Afspraak</a>'
    ),
    "/counted": paragraphs("Al 1234 bezoekers vandaag.", "Vandaag is het 3 maart 2026."),
    "/doc": word("Het tarief is € 110."),
    "/pic": picture(b"2"),
    "/evil": paragraphs(MARKED, title=MARKED + "!"),
    "/long": paragraphs(*(f"Nieuwe zin nummer {number}" for number in range(900))),
}  # fmt: skip
THURSDAY = TUESDAY | {
    "/": html("begin", *PATHS, "/new"),
    "/fee": failing(503),
    "/old": to("/new", 301),
    "/new": paragraphs("De afspraak is op dinsdag."),
    "/gone": failing(404),
    "/lost": failing(503),
}
FRIDAY = THURSDAY | {
    "/fee": paragraphs(*REST, "De dwangsom is € 45 per dag.", "Maak een afspraak.", title="Nieuw"),
    "/new": paragraphs("De afspraak is op donderdag."),
    "/lost": paragraphs("Nog even, maar anders."),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Monday, Tuesday, no Wednesday, Thursday and Friday."""
    with daily(tmp_path_factory.mktemp("compare"), MONDAY) as site:
        site.take()
        site.take(TUESDAY)
        site.days += 1
        site.take(THURSDAY)
        site.take(FRIDAY)
        yield site


@pytest.fixture(scope="module")
def visitor(site):
    return site.visitor()


def asked(visitor, path: str, language: str = "en", **more: str):
    query = urlencode({"url": HOST + path, **more})
    return visitor.get(f"/{SITE}/compare?{query}", Accept_Language=language)


def page(visitor, path: str, **more: str) -> str:
    answer = asked(visitor, path, **more)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def read(markup: str) -> str:
    """Return what a screen reader says: tags away, white space as one."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"</?bdi>", "", markup)).split())


def test_what_changed_from_one_day_to_the_next(visitor):
    """Lines, amounts, links and title are told, unchanged lines are folded, and each change leads to its dating."""
    markup = page(visitor, "/fee", **{"from": "2026-03-02", "to": "2026-03-03"})
    said = read(markup)
    assert "Monday 2 March 2026" in said
    assert "Tuesday 3 March 2026" in said
    assert "De dwangsom is [removed: € 23 ] [added: € 35 ] per dag." in said
    assert "[removed: Bel ons op maandag. ]" in said
    assert "[added: Maak een afspraak. ]" in said
    assert "Amount € 23 € 35 De dwangsom is € 35 per dag." in said
    assert "10 lines unchanged" in said
    assert "[removed: Oud ] [added: Nieuw ]" in said
    assert f"X [removed: {HOST}/x ] [added: {HOST}/y ]" in said
    assert f"Afspraak {HOST}/new" in said
    assert f"Weg {HOST}/gone" in said
    passage = urlencode({"url": f"{HOST}/fee", "passage": "De dwangsom is € 35 per dag."})
    assert f"/{SITE}/history?{passage}#passage-days".replace("&", "&amp;") in markup
    dated = visitor.get(f"/{SITE}/history?{passage}", Accept_Language="en")
    assert "It was there from 3 March 2026 up to and including 3 March 2026." in read(
        dated.get_data(as_text=True)
    )


def test_the_same_in_dutch(visitor):
    """All of it is there in Dutch."""
    said = read(page(visitor, "/fee", language="nl", **{"from": "2026-03-02", "to": "2026-03-03"}))
    assert "De dwangsom is [weg: € 23 ] [nieuw: € 35 ] per dag." in said
    assert "De tekst is gewijzigd" in said


@pytest.mark.parametrize(
    ("path", "more", "days"),
    [
        ("/fee", {}, ("3 March 2026", "6 March 2026")),  # the 503 of Thursday is no version
        ("/doc", {}, ("2 March 2026", "6 March 2026")),
        ("/fee", {"to": "2026-03-03"}, ("2 March 2026", "3 March 2026")),
        ("/fee", {"from": "2026-03-02"}, ("2 March 2026", "6 March 2026")),
        ("/fee", {"from": "2026-03-06", "to": "2026-03-02"}, ("2 March 2026", "6 March 2026")),
        ("/fee", {"from": "2026-03-04", "to": "2026-03-06"}, ("3 March 2026", "6 March 2026")),
        ("/fee", {"from": "20260302120000", "to": "20260303023000"}, ("2 March 2026", "3 March 2026")),
        ("/fee", {"from": "2 maart 2026", "to": "March 3, 2026"}, ("2 March 2026", "3 March 2026")),
        ("/fee", {"from": "2020-01-01", "to": "2030-01-01"}, ("2 March 2026", "6 March 2026")),
    ],
)
def test_which_days(visitor, path, more, days):
    """Left out, the newest day and the version before; without a snapshot, the nearest day; always in order."""
    markup = page(visitor, path, **more)
    first, last = re.findall(r'<input id="(?:from|to)"[^>]*value="([^"]*)"', markup)
    assert (first, last) == days


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"from": "2026-03-04"}, "There is no snapshot of Wednesday 4 March 2026. This is the nearest day."),
        ({"from": "20260304000000"}, "There is no snapshot 20260304000000. This is the nearest one."),
        ({"from": "4-3-2026"}, "“4-3-2026” was read with the day before the month: Wednesday 4 March 2026."),
        ({"from": "Monday 3 March 2026"}, "3 March 2026 was a Tuesday. You wrote another day of the week"),
    ],
)
def test_another_day_is_never_silent(visitor, more, says):
    """Where another day than the one asked for is shown, the page says so."""
    assert says in read(page(visitor, "/fee", **more))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"from": "ooit"}, "“ooit” is not understood as a day."),
        ({"to": "2026-02-30"}, "“2026-02-30” is not understood as a day."),
        ({"from": "<b>"}, "“&lt;b&gt;” is not understood as a day."),
        ({"to": "maart 2026"}, "“maart 2026” is more than a day. Choose one, such as:"),
    ],
)
def test_what_is_no_day_stands_for_none(visitor, more, says):
    """What is no day is told, stays in its field to be mended, and no other days are compared in its place."""
    answer = asked(visitor, "/fee", **more)
    assert answer.status_code == 404
    markup = answer.get_data(as_text=True)
    assert says in read(markup)
    assert "never stored" not in markup
    assert f'value="{escape(next(iter(more.values())))}"' in markup
    assert "<del>" not in markup


@pytest.mark.parametrize(
    ("path", "more", "says"),
    [
        ("/doc", {}, "Het tarief is [removed: € 100 ] [added: € 110 ] ."),
        ("/pic", {}, "Stored, without a text that can be compared (image/png)."),
        ("/pic", {"from": "2026-03-03", "to": "2026-03-05"}, "Both days have exactly the same answer."),
        ("/fee", {"to": "2026-03-05"}, "The server answered with error 503"),
        ("/gone", {"to": "2026-03-05", "from": "2026-03-03"}, "The server answered with error 404"),
        ("/old", {"to": "2026-03-05"}, f"This page has moved to {HOST}/new Compare it with the page there"),
        ("/new", {"from": "2026-03-02"}, "This address was not stored on this day."),
        ("/counted", {}, "A reader sees the same text 1 line differs in what says nothing"),
        ("/empty", {"from": "2026-03-02"}, "Both days have exactly the same answer, byte for byte."),
        ("/empty", {}, "since it was first stored this page has had one version"),
        ("/lost", {}, "Nog even [added: , maar anders ] ."),
    ],
)
def test_what_each_day_has(visitor, path, more, says):
    """Files, pictures, errors, pages that moved or were not there, noise, and what is equal: each has an answer."""
    assert says in read(page(visitor, path, **more))


def test_a_page_that_moved(visitor):
    """Under its new address it is compared with what it said at the old one."""
    markup = page(visitor, "/old", **{"from": "2026-03-03", "to": "2026-03-06", "as": f"{HOST}/new"})
    assert "De afspraak is op [removed: dinsdag ] [added: donderdag ] ." in read(markup)
    assert f"{HOST}/new" in read(markup)


def test_changes_before_and_after(visitor):
    """From one change the others of the page are a step away."""
    markup = page(visitor, "/fee", **{"from": "2026-03-03", "to": "2026-03-06"})
    before = re.search(r'rel="prev" href="([^"]*)"', markup)
    assert before is not None
    earlier = visitor.get(before[1].replace("&amp;", "&"), Accept_Language="en").get_data(as_text=True)
    assert "[removed: € 23 ] [added: € 35 ]" in read(earlier)
    assert 'rel="prev"' not in earlier
    assert 'rel="next"' in earlier


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("", 200, "Address of the page"),
        (f"url={quote('example.test/fee')}", 200, "Two days compared"),
        ("url=::", 404, "That is not the address of a web page."),
        (f"url={HOST}/never", 404, "This address was never stored as part of"),
        ("url=" + quote(EVIL), 404, ""),
        (f"url={HOST}/fee&as=::", 200, "Two days compared"),
        (f"url={HOST}/fee&as={HOST}/never", 200, "This address was not stored on this day."),
        (f"url={HOST}/fee&view=nonsense", 404, "“nonsense” is no way to compare."),
        (f"url={HOST}/fe", 404, "Did you mean one of these pages?"),
        (f"url={HOST}/fee&from=&to=", 200, "Two days compared"),
    ],
)
def test_addresses(visitor, query, status, says):
    """An address that is none, or never was stored, is told; one without a scheme is found."""
    answer = visitor.get(f"/{SITE}/compare?{query}", Accept_Language="en")
    assert answer.status_code == status
    assert says in read(answer.get_data(as_text=True))
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_no_such_site(visitor):
    """A site that is not there is told as everywhere."""
    assert visitor.get("/nope/compare?url=a.example").status_code == 404


@pytest.mark.parametrize(("language", "view"), list(product(("en", "nl"), ("text", "pages"))))
def test_hostile_texts_are_text(visitor, language, view):
    """Markup in texts and titles is shown as it is, and marks nothing."""
    markup = page(
        visitor, "/evil", language=language, view=view, **{"from": "2026-03-02", "to": "2026-03-03"}
    )
    assert "<script>alert" not in markup
    assert markup.count("<ins>") == markup.count("</ins>")
    assert markup.count("<del>") == markup.count("</del>")


def test_long_changes_are_cut_and_said(site, visitor, monkeypatch):
    """Of a page that is other altogether so many lines are shown, and the page says that there are more."""
    more = {"from": "2026-03-02", "to": "2026-03-03"}
    said = read(page(visitor, "/long", **more))
    assert "This page shows the first changes alone" in said
    assert "compared by whole lines" in said
    assert said.count("[removed: Oude regel") <= compare.MAX_ROWS
    assert "This page shows the first changes alone" not in read(page(visitor, "/fee", **more))
    monkeypatch.setattr(compare, "MAX_FOLDED", 10)
    markup = page(site.visitor(), "/fee", **more)
    assert ("10 lines unchanged" in read(markup), "<details" in markup) == (True, False)
    monkeypatch.setattr(compare, "MAX_SHOWN", 200)
    assert "This page shows the first changes alone" in read(page(site.visitor(), "/fee", **more))


def test_no_more_comparisons_than_there_is_room_for(site, monkeypatch):
    """One more than are made at once is told to come again, and when; the room is given back."""
    monkeypatch.setattr(compare, "LONG", 1)
    monkeypatch.setattr(places, "PATIENCE", 0.01)
    visitor, real, inside = site.visitor(), compare.compared, []

    def while_busy(*given):
        if not inside:
            inside.append(asked(visitor, "/fee"))
        return real(*given)

    monkeypatch.setattr(compare, "compared", while_busy)
    assert asked(visitor, "/fee").status_code == 200
    assert inside[0].status_code == 503
    assert int(inside[0].headers["Retry-After"]) > 0
    assert asked(visitor, "/fee").status_code == 200


def test_panes_hold_one_day_each(visitor):
    """A pane may show its own day alone, and only the viewer may hold it; the comparison holds panes alone."""
    markup = page(visitor, "/fee", view="pages", **{"from": "2026-03-02", "to": "2026-03-03"})
    answer = asked(visitor, "/fee", view="pages")
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"frame-src ([^;]*)", policy)[1].split() == ["'self'", "mailto:", "tel:", "sms:"]
    assert "frame-ancestors 'none'" in policy
    frames = [one.replace("&amp;", "&") for one in re.findall(r'<iframe src="([^"]*)"', markup)]
    assert len(frames) == 2
    for frame, day in zip(frames, ("20260302", "20260303"), strict=True):
        held = visitor.get(frame)
        policy = held.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy
        sources = re.search(r"frame-src ([^;]*)", policy)[1]
        assert set(re.findall(r"//(\d{8})\d{6}", sources)) == {day}
        assert f"//{day}023000h-example-test.localhost" in held.get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    ["", f"url={HOST}/fee", f"url={HOST}/fee&at=2026-03-02", "url=::&at=20260302023000", f"url={HOST}/fee&at=20260302023001", f"url={HOST}/never&at=20260302023000"],
)  # fmt: skip
def test_panes_that_are_none(visitor, query):
    """What names no page of a day is no pane."""
    assert visitor.get(f"/{SITE}/compare/pane?{query}").status_code == 404


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ('<a href="/a">Een <b>twee</b></a>', [("Een twee", f"{HOST}/a")]),
        ('<a href="b?x=1&amp;y=2#z">Op  een\nregel</a>', [("Op een regel", f"{HOST}/map/b?x=1&y=2")]),
        ('<a href="#top">Boven</a><a>geen</a><a href="javascript:x()">nee</a>', []),
        ('<a href="mailto:a@b.example">Mail</a> <a href=" tel:112 ">Bel</a>', [("Mail", "mailto:a@b.example"), ("Bel", "tel:112")]),
        ('<base href="https://cdn.example/"><a href="c">C</a>', [("C", "https://cdn.example/c")]),
        ('<a href="/d"><img alt="Een plaatje" src="x"></a>', [("Een plaatje", f"{HOST}/d")]),
        ('<a href="/e">open <a href="/f">dicht', [("open", f"{HOST}/e"), ("dicht", f"{HOST}/f")]),
        ('<script>"<a href=/no>x</a>"</script><!-- <a href="/no">x</a> -->', []),
        ('<a href="/g"><script>nee</script>wel</a>', [("wel", f"{HOST}/g")]),
        ('<map><area href="/h"></map>', [("", f"{HOST}/h")]),
    ],
)  # fmt: skip
def test_links_of_a_page(markup, found):
    """A link has its words as a reader sees them, and where it leads as a browser would go."""
    assert links_of(markup, f"{HOST}/map/page") == [Link(*one) for one in found]


def test_links_of_a_page_are_bounded(monkeypatch):
    """Of a page full of links so many are taken, and of a long one the beginning."""
    many = "".join(f'<a href="/{number}">{number}</a>' for number in range(9000))
    assert len(links_of(many, f"{HOST}/")) == page_links.MAX_LINKS + 1
    monkeypatch.setattr(page_links, "MAX_MARKUP", 40)
    assert links_of(many, f"{HOST}/") == [Link("0", f"{HOST}/0"), Link("1", f"{HOST}/1")]
