# SPDX-License-Identifier: EUPL-1.2
"""Links out of the archive: a page that says so, with the nearest days and the way to the live web."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from selectolax.lexbor import LexborHTMLParser

from index.urlkey import Origin, normalise
from tests.support.archive import Reply, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from viewer.addresses.address import ReplayAddresses
from viewer.addresses.outside import OUTSIDE, link_mapper, target_of

SITE = "https://www.example.org"
AWAY = "https://www.elsewhere.example"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
GONE = f"http://{MONDAY}-outside-invalid.localhost:8080"
PAGE = f"""<!doctype html><html><head><title>T</title></head><body><p>page</p>
<a id=out href="{AWAY}/a?b=c&amp;d#e">out</a> <a id=new target=_blank href="{AWAY}/new">new window</a>
<a id=in href="{SITE}/in">in</a> <a id=plain href="http://www.example.org/in">by http</a> <a id=lost href="/tuesday">lost</a>
<a id=img href="/redirect">redirect</a><svg><a xlink:href="{AWAY}/svg"><text>svg</text></a></svg>
<img src="{AWAY}/i.png"><form action="{AWAY}/zoek"><input name=q value=woord><button id=send>send</button></form>
<form method=post action="{AWAY}/post"><button id=post>post</button></form>
<button id=script onclick="location.href='{AWAY}/script'">script</button>
<button id=hash onclick="location.assign('https://a_b.example/x')">hashed</button></body></html>"""
DAYS = {
    MONDAY: {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/in": Reply("<title>I</title><p>inside</p>"),
        f"{SITE}/redirect": Reply(status=302, headers=(("Location", f"{AWAY}/led"),)),
        f"{SITE}/refresh": Reply(f'<meta http-equiv=refresh content="0; url={AWAY}/refreshed">'),
        f"{SITE}/spa": Reply("<title>S</title><p>single</p><script>history.pushState({}, '', '/route')</script>"),
        f"{SITE}/framing": Reply(f"<title>F</title><p>around</p><iframe src='{AWAY}/in'></iframe>"),
        f"{SITE}/lies": Reply(f"<title>L</title><p>lies</p><script>onload=()=>top.postMessage({{daykeep:1,url:'{SITE}/in',gone:true}},'*')</script>"),
    },
    TUESDAY: {f"{SITE}/": Reply("<title>T</title>tuesday"), f"{SITE}/tuesday": Reply("<title>D</title>tuesday")},
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("outside") / "data", {"demo": DAYS}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


LINKS = [
    (f"{SITE}/x#y", f"http://{MONDAY}-www-example-org.localhost:8080/x#y"),
    ("http://www.example.org/x", f"http://{MONDAY}-www-example-org.localhost:8080/x"),
    ("//www.example.org/x", f"http://{MONDAY}-www-example-org.localhost:8080/x"),
    (f"{AWAY}/a?b#c", f"{GONE}/{AWAY}/a?b#c"),
    (f" \n{AWAY}", f"{GONE}/{AWAY}/"),
    ("HTTPS:\\\\WWW.Elsewhere.example\\a", f"{GONE}/{AWAY}/a"),
    ("//www.elsewhere.example/a", f"{GONE}/{AWAY}/a"),
    (f"{AWAY}:8443/", f"{GONE}/{AWAY}:8443/"),
    ("https://user:word@www.elsewhere.example/", f"{GONE}/{AWAY}/"),
    ("https://bücher.example/é", f"{GONE}/https://xn--bcher-kva.example/%C3%A9"),
    ('https://www.elsewhere.example/"><script>', f"{GONE}/{AWAY}/%22%3E%3Cscript%3E"),
    ("https://outside.invalid/x", f"{GONE}/https://outside.invalid/x"),
    ("https://exa mple/", "https://exa mple/"),
    ("mailto:a@example.org", "mailto:a@example.org"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "mapped"), LINKS)
def test_where_links_lead(written, mapped):
    """A link to a host of the day leads to its replay, by whichever scheme it was captured; any other to outside."""
    addresses = ReplayAddresses("http://{label}.localhost:8080")
    mapper = link_mapper(addresses, MONDAY, f"{SITE}/page", {Origin("https", "www.example.org", 443)})
    assert mapper(written) == mapped


PIECES = st.sampled_from(
    [
        "http",
        "https",
        ":",
        "/",
        "\\",
        "//",
        "www.example.org",
        "x.nl",
        "@",
        "?",
        "#",
        "..",
        "%2f",
        "é",
        " ",
        "\n",
        "[::1]",
        ":80",
        "\0",
        "'",
        '"',
        "<",
    ]
)


@given(st.lists(PIECES, max_size=10).map("".join) | st.text(max_size=30))
def test_no_link_leads_to_the_live_web(written):
    """Whatever is written as a link, what browsers take for an address on the web leads to a replay origin."""
    addresses = ReplayAddresses("http://{label}.localhost:8080")
    mapper = link_mapper(addresses, MONDAY, f"{SITE}/page", {Origin("https", "www.example.org", 443)})
    leads = normalise(mapper(written), f"http://{MONDAY}-www-example-org.localhost:8080/page")
    assert leads is None or re.match(rf"http://{MONDAY}-[a-z0-9-]+\.localhost:8080/", leads)


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        (f"{OUTSIDE}/{AWAY}/a?b", f"{AWAY}/a?b"),
        (f"{OUTSIDE}/javascript:alert(1)", None),
        (f"{OUTSIDE}/data:text/html,x", None),
        (f"{OUTSIDE}/", None),
        (f"{OUTSIDE}/{OUTSIDE}/x", None),
        (f"{OUTSIDE}/www.elsewhere.example", None),
    ],
)
def test_what_outside_stands_for(asked, target):
    """An address on the replay origin of outside stands for an http or https address, or for none."""
    assert target_of(asked) == target


def test_links_of_a_page(visitor):
    """Links, forms, redirects and refreshes lead to outside; parts of the page do not."""
    markup = visitor.replay(MONDAY, f"{SITE}/").get_data(as_text=True)
    assert f'href="{GONE}/{AWAY}/a?b=c&amp;d#e"' in markup
    assert f'xlink:href="{GONE}/{AWAY}/svg"' in markup
    assert f'action="{GONE}/{AWAY}/zoek"' in markup
    assert f'src="http://{MONDAY}-www-elsewhere-example.localhost:8080/i.png"' in markup
    assert f'id=plain href="http://{MONDAY}-www-example-org.localhost:8080/in"' in markup
    assert visitor.replay(MONDAY, f"{SITE}/redirect").headers["Location"] == f"{GONE}/{AWAY}/led"
    assert f"url={GONE}/{AWAY}/refreshed" in visitor.replay(MONDAY, f"{SITE}/refresh").get_data(as_text=True)


def test_policies(visitor):
    """Frames and forms may go outside; no other part of a page may come from there."""
    policy = visitor.replay(MONDAY, f"{SITE}/").headers["Content-Security-Policy"]
    named = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert sorted(name for name, words in named.items() if GONE in words) == ["form-action", "frame-src"]
    assert GONE in visitor.get(f"/web/{MONDAY}/{SITE}/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_page_in_the_frame(visitor, language):
    """What the frame shows says that this is outside, and has no link that the sandbox would stop."""
    response = visitor.ask(
        "GET", GONE, f"/{AWAY}/<script>alert(1)", Sec_Fetch_Dest="iframe", Accept_Language=language
    )
    said = response.get_data(as_text=True)
    assert response.status_code == 404
    assert {"en": "Outside this archive", "nl": "Buiten dit archief"}[language] in said
    assert f"{AWAY}/%3Cscript%3Ealert(1)" in said
    assert "<a " not in said
    assert 'data-gone="yes"' in said


def test_outside_at_top_level(visitor):
    """Who opens an address of outside by itself comes to the viewer's page about it."""
    response = visitor.ask("GET", GONE, f"/{AWAY}/a?b", Sec_Fetch_Dest="document")
    assert response.headers["Location"] == f"http://localhost:8080/web/{MONDAY}/{AWAY}/a?b"


def test_page_about_what_is_outside(visitor):
    """The viewer's page says that nothing of the site is kept, and links to the live web as text, without a referrer."""
    response = visitor.get(f"/web/{MONDAY}/{AWAY}/a?b=c", Accept_Language="en")
    said = response.get_data(as_text=True)
    assert response.status_code == 404
    assert "<h1>Outside this archive</h1>" in said
    assert "This archive keeps nothing of this site." in said
    (link,) = re.findall(rf'<a href="{AWAY}[^>]*>.*?</a>', said)
    assert link == (
        f'<a href="{AWAY}/a?b=c" rel="noreferrer noopener nofollow external" referrerpolicy="no-referrer">'
        "https://<strong>www.elsewhere.example</strong>/a?b=c</a>"
    )
    assert "target=" not in link
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("url", "heading", "says"),
    [
        (f"{SITE}/tuesday", "Not in the archive on this day", f'href="/web/{TUESDAY}/{SITE}/tuesday"'),
        (f"{SITE}/never", "Never stored", "not stored on any day"),
    ],
)
def test_page_about_what_is_lacking(visitor, url, heading, says):
    """What the day lacks is told apart from what is outside: with its nearest days, and the live web too."""
    said = visitor.get(f"/web/{MONDAY}/{url}", Accept_Language="en").get_data(as_text=True)
    assert f"<h1>{heading}</h1>" in said
    assert says in said
    assert f'<a href="{url}" rel="noreferrer' in said


@pytest.mark.parametrize(
    "hostile",
    [
        'https://www.elsewhere.example/"onmouseover="alert(1)',
        "https://www.elsewhere.example/<script>alert(1)</script>",
        "https://www.elsewhere.example/\u202egpj.exe",
        "https://www.elsewhere.example@bank.example/",
        "https://elsewhere.example\\@bank.example/",
        "HTTP://WWW.ELSEWHERE.EXAMPLE/&quot;",
        "https://аpple.example/",
        "//javascript:alert(1)//",
    ],
)
def test_hostile_addresses(visitor, hostile):
    """An address is shown as what it is: its true host emphasised, nothing of it markup, only http and https."""
    response = visitor.get(f"/web/{MONDAY}/{hostile}", Accept_Language="en")
    said = response.get_data(as_text=True)
    live = said.partition('<section class="live">')[2]
    for href, host in re.findall(r'<a href="([^"]*)".*?<strong>(.*?)</strong>', live):
        assert href.startswith(("https://", "http://"))
        assert href.isascii()
        assert href.split("/")[2] == host
    assert "<script>alert" not in said
    assert LexborHTMLParser(said).css("[onmouseover]") == []


# ---- in a browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    root = tmp_path_factory.mktemp("shown") / "data"
    with build(root, {"demo": DAYS}, port=port) as built, serving(built, port) as base:
        yield base


WAYS = {
    "out": f"{AWAY}/a?b=c&d",
    "new": f"{AWAY}/new",
    "img": f"{AWAY}/led",
    "send": f"{AWAY}/zoek?q=woord",
    "script": f"{AWAY}/script",
    "hash": "https://a_b.example/x",
}


@pytest.mark.browser
@pytest.mark.parametrize("way", WAYS)
def test_ways_out(browser, address, way):
    """Whatever leads out ends on the viewer's page that says so, and the way back is the page before."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/", locale="en-GB") as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(f"#{way}"))
        seen.page.wait_for_url(f"{address}/web/{MONDAY}/{WAYS[way]}*")
        expect(seen.page.locator("h1")).to_have_text("Outside this archive")
        expect(seen.page.locator(".live a strong")).to_have_text(WAYS[way].split("/")[2])
        assert not any(url.startswith("https:") for url in seen.requests)
        seen.page.go_back()
        expect(seen.page.frame_locator("#daykeep-page").locator("p").first).to_have_text("page")


@pytest.mark.browser
def test_lost_page(browser, address):
    """A link to what another day has leads to the viewer's page with that day; a page that refreshes outside, outside."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/", locale="nl-NL") as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator("#lost"))
        expect(seen.page.locator("h1")).to_have_text("Op deze dag niet in het archief")
        seen.page.locator(f"a[href='/web/{TUESDAY}/{SITE}/tuesday']").click()
        expect(seen.page.frame_locator("#daykeep-page").locator("body")).to_contain_text("tuesday")
        seen.page.goto(f"{address}/web/{MONDAY}/{SITE}/refresh")
        expect(seen.page.locator("h1")).to_have_text("Buiten dit archief")


@pytest.mark.browser
def test_without_scripts(browser, address):
    """Without scripts the frame itself says that the page is outside; forms that post are answered in words."""
    with visit(
        browser, f"{address}/web/{MONDAY}ns_/{SITE}/", locale="nl-NL", java_script_enabled=False
    ) as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        follow(seen, frame.locator("#out"))
        expect(frame.locator("h1")).to_have_text("Buiten dit archief")
        expect(frame.locator("code")).to_have_text(f"{AWAY}/a?b=c&d")
        seen.page.goto(f"{address}/web/{MONDAY}ns_/{SITE}/")
        follow(seen, frame.locator("#post"))
        expect(frame.locator("h1")).to_have_text("Een gearchiveerde pagina kan niets versturen")


@pytest.mark.browser
def test_a_page_that_is_there_is_not_gone(browser, address):
    """An address that a script makes up stays with its page, and a page that lies about another goes nowhere."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/spa", locale="en-GB") as seen:
        seen.page.wait_for_url(f"{address}/web/{MONDAY}/{SITE}/route")
        expect(seen.page.frame_locator("#daykeep-page").locator("p")).to_have_text("single")
        seen.page.goto(f"{address}/web/{MONDAY}/{SITE}/lies")
        seen.page.wait_for_timeout(500)
        assert seen.page.url == f"{address}/web/{MONDAY}/{SITE}/lies"
        expect(seen.page.frame_locator("#daykeep-page").locator("p")).to_have_text("lies")


@pytest.mark.browser
def test_frame_in_the_page(browser, address):
    """A frame in the page for what is outside says so itself; the page around it stays, and the banner lists it."""
    with visit(browser, f"{address}/web/{MONDAY}/{SITE}/framing", locale="en-GB") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.frame_locator("iframe").locator("h1")).to_have_text("Outside this archive")
        expect(seen.page.locator("#daykeep-parts")).to_contain_text(f"{AWAY}/in (frame)")
        expect(seen.page.locator("#daykeep-parts")).not_to_contain_text("Counted are")
        expect(frame.locator("p").first).to_have_text("around")
        assert seen.page.url == f"{address}/web/{MONDAY}/{SITE}/framing"
