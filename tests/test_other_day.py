# SPDX-License-Identifier: EUPL-1.2
"""In a view that fills gaps everything of another day is marked or listed: with scripts, and where no script says so."""

from __future__ import annotations

import base64
import re

import pytest
from msgspec import structs
from playwright.sync_api import expect

from archiver.settings import Viewer
from tests.support.archive import Archive, Lost, Reply, UrlOutcome, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving
from tests.test_gaps import banner, css, piece, png, text_of

SITE, CDN = "https://www.example.org", "https://cdn.example.net"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
SVG = Reply('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40"/></svg>', "image/svg+xml")  # fmt: skip
WAV = base64.b64decode("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=")
LATE = "html::before{content:none!important;display:none!important}img{outline:none}"
PAGE = f"""<!doctype html><title>P</title><link rel=stylesheet href="/own.css"><link rel=stylesheet href="/lost.css">
<style>@import "/imported.css"; {LATE}</style><p id=text>text</p><img id=lost src="/lost.png" width=40 height=40>
<img id=there src="/there.png" width=40 height=40><img id=cdn src="{CDN}/c.png" width=40 height=40>
<img id=led src="/led.png" width=40 height=40><object id=object data="/o.svg" width=40 height=40></object>
<audio id=audio controls src="/a.wav"></audio><iframe id=inner src="/inner"></iframe><iframe id=gone src="/gone"></iframe>
<video id=film src="/none.mp4" width=40 height=40></video><object id=none data="/none.svg" width=40 height=40></object>
<script>fetch("/data.json"); new Worker("/w.js")</script>"""
LINKS = """<!doctype html><title>L</title><p>links</p><a id=page href="/monday">monday</a> <a id=moved href="/moved">moved</a>
<a id=image href="/lost.png">image</a> <a id=plain href="/plain.txt">text</a> <a id=xml href="/x.xml">xml</a> <a id=file href="/f.pdf">file</a>
<a id=xhtml href="/x.xhtml">xhtml</a>"""
OWN = Reply(
    '@font-face{font-family:F;src:url("/f.woff2")}p{font-family:F;background:url("/bg.png")}', "text/css"
)
XHTML = (
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>X</title></head><body><p>xhtml</p></body></html>'
)
DAYS = {
    MONDAY: {
        f"{SITE}/": Reply("<title>m</title>m"),
        f"{SITE}/lost.png": png(), f"{CDN}/c.png": png(), f"{SITE}/target.png": png(), f"{SITE}/bg.png": png(),
        f"{SITE}/deep.png": png(), f"{SITE}/o.svg": SVG, f"{SITE}/a.wav": Reply(WAV, "audio/wav"),
        f"{SITE}/f.woff2": Reply(b"font", "font/woff2"), f"{SITE}/imported.css": css("blue"),
        f"{SITE}/lost.css": Reply("i{background:url(/of-lost.png)}", "text/css"), f"{SITE}/of-lost.png": png(),
        f"{SITE}/data.json": Reply("1", "application/json"), f"{SITE}/w.js": Reply("1", "text/javascript"),
        f"{SITE}/gone": Reply("<title>G</title><p>gone</p>"),
        f"{SITE}/monday": Reply("<title>M</title><p>page of monday</p>"),
        f"{SITE}/plain.txt": Reply("text of monday", "text/plain"), f"{SITE}/x.xml": Reply("<a>xml</a>", "text/xml"),
        f"{SITE}/f.pdf": Reply(b"%PDF-", "application/pdf"), f"{SITE}/x.xhtml": Reply(XHTML, "application/xhtml+xml"),
    },
    TUESDAY: {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/links": Reply(LINKS),
        f"{SITE}/own.css": OWN,
        f"{SITE}/there.png": png(),
        f"{SITE}/led.png": Reply(status=302, headers=(("Location", "/target.png"),)),
        f"{SITE}/moved": Reply(status=302, headers=(("Location", "/monday"),)),
        f"{SITE}/inner": Reply("<title>I</title><img id=deep src=/deep.png width=40 height=40><p>inner</p>"),
        f"{SITE}/monday": Lost(UrlOutcome.TIMEOUT),
        f"{SITE}/whole": Reply("<title>W</title><p>whole</p><img src=/there.png>"),
    },
}  # fmt: skip
OTHERS = {
    "lost.png": "image", "c.png": "image", "target.png": "image", "deep.png": "image", "o.svg": "part",
    "a.wav": "sound or film", "gone": "frame", "lost.css": "style sheet", "imported.css": "style sheet",
    "bg.png": "background", "of-lost.png": "background", "f.woff2": "font",
}  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with build(tmp_path_factory.mktemp("other") / "data", {"demo": DAYS}, port=free_port()) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive, int(archive.settings.viewer.base_url.rpartition(":")[2]))


@pytest.fixture(scope="module", params=["names", "paths"])
def address(request, archive):
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    settings = archive.settings
    if request.param == "paths":
        port = free_port()
        viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
        settings = structs.replace(settings, viewer=viewer)
    with serving(Archive(settings, archive.collection, archive.history, archive.catalogue), port) as base:
        yield base


def listed(markup: str, heading: str = "Of another day") -> dict[str, str]:
    """Return what the banner lists under a heading, by its last name: what it is."""
    part = re.split(r"<p data-key=", markup.partition(f"<strong>{heading}</strong>")[2])[0]
    lines = re.findall(r'<span class="address">([^<]*)</span> <span class="hint">\(([^)]*)\)', part)
    return {url.rpartition("/")[2]: kind for url, kind in lines}


def test_banner_of_the_view_without_scripts(visitor):
    """It lists what style sheets, frames and redirects bring of another day, each with its kind and its day."""
    markup = banner(visitor, f"/web/{TUESDAY}fn_/{SITE}/")
    assert listed(markup) == OTHERS
    said = text_of(markup)
    assert said.startswith("2 parts of this page are missing. 12 parts of this page are of another day.")
    assert f"{SITE}/bg.png (background) – Monday 2 March 2026" in said
    assert "Counted are the parts that the page, its style sheets and its frames name." in said
    plain = banner(visitor, f"/web/{TUESDAY}ns_/{SITE}/")
    assert set(listed(plain, "Missing")) >= {"bg.png", "f.woff2", "imported.css", "deep.png", "target.png"}


@pytest.mark.parametrize("view", ["fg_", "fn_"])
@pytest.mark.parametrize("path", ["/monday", "/moved"])
def test_page_that_is_filled_says_so_first(visitor, view, path):
    """The first line of the banner says that the page is of another day, also where a redirect led to it."""
    page = visitor.get(f"/web/{TUESDAY}{view}/{SITE}{path}", Accept_Language="en").get_data(as_text=True)
    head = text_of(page[page.index('<header id="daykeep-banner"') : page.index("daykeep-parts")])
    assert head.startswith("Of another day This page was not stored on Tuesday 3 March 2026.")
    assert "Archived copy of Monday 2 March 2026" in head
    assert not text_of(piece(page)).startswith("1 part of this page is of another day")
    dutch = visitor.get(f"/web/{TUESDAY}{view}/{SITE}{path}", Accept_Language="nl").get_data(as_text=True)
    assert "Deze pagina is op dinsdag 3 maart 2026 niet bewaard." in dutch


def notice(response) -> str:
    found = re.search(
        r'<style(?: xmlns="[^"]*")?>@layer\{.*?content:"([^"]*)"', response.get_data(as_text=True)
    )
    return re.sub(r"\\([0-9a-f]+) ", lambda code: chr(int(code[1], 16)), found[1]) if found else ""


def test_notice_in_the_page(visitor):
    """Without scripts the page itself says that it, or what in it, is of another day; a whole page says nothing."""
    name = f"{TUESDAY}fn"
    filled = visitor.replay(name, f"{SITE}/monday", Sec_Fetch_Dest="iframe", Accept_Language="en")
    assert notice(filled).startswith("This page was not stored on Tuesday 3 March 2026.")
    dutch = visitor.replay(name, f"{SITE}/monday", Sec_Fetch_Dest="iframe", Accept_Language="nl")
    assert notice(dutch).startswith("Deze pagina is op dinsdag 3 maart 2026 niet bewaard.")
    assert dutch.headers["ETag"] != filled.headers["ETag"]
    assert "Accept-Language" in filled.headers["Vary"]
    own = visitor.replay(name, f"{SITE}/", Sec_Fetch_Dest="iframe", Accept_Language="en")
    assert notice(own).startswith("12 parts of this page are of another day. 2 March 2026: background (2);")
    for view, path in (("fn", "/whole"), ("f", "/monday"), ("n", "/whole"), ("", "/")):
        assert notice(visitor.replay(f"{TUESDAY}{view}", SITE + path, Sec_Fetch_Dest="iframe")) == ""
    again = visitor.replay(name, f"{SITE}/monday", Sec_Fetch_Dest="iframe", Accept_Language="en", If_None_Match=filled.headers["ETag"])  # fmt: skip
    assert again.status_code == 304
    embedded = visitor.replay(name, f"{SITE}/lost.png", Sec_Fetch_Dest="image")
    assert embedded.data == png().body


def test_notice_is_text(tmp_path):
    """What a page is called, or has in its addresses, is nothing in the style but text."""
    evil = '/a"]{}*{background:url(//evil.example)}</style><script>.png'
    name = "/a%22%5D%7B%7D*%7Bbackground:url(//evil.example)%7D%3C/style%3E%3Cscript%3E.png"
    days = {
        MONDAY: {f"{SITE}/": Reply("m"), SITE + name: png(), f"{SITE}/b);'.png": png()},
        TUESDAY: {f"{SITE}/": Reply(f"<title>t</title><img src='{evil}'><img src=\"/b);'.png\"><p>x")},
    }
    with build(tmp_path / "data", {"demo": days}) as built:
        answer = Visitor(built).replay(
            f"{TUESDAY}fn", f"{SITE}/", Sec_Fetch_Dest="iframe", Accept_Language="en"
        )
        (style,) = re.findall(r"<style>(.*?)</style>", answer.get_data(as_text=True))
        assert "evil.example)" not in style
        assert notice(answer).startswith("2 parts of this page are of another day.")


def line(frame, name: str) -> str:
    return frame.locator(f"#{name}").evaluate("e => getComputedStyle(e).outlineStyle")


@pytest.mark.browser
@pytest.mark.parametrize("view", ["fg_", "fn_"])
def test_marks(browser, address, view):
    """What has a place and is of another day has a dotted line around it, whatever styles the page has; the rest has none."""
    with visit(browser, f"{address}/web/{TUESDAY}{view}/{SITE}/", locale="en-GB") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        for name in ("lost", "cdn", "object", "audio", "gone", *(["led"] if view == "fg_" else [])):
            expect(frame.locator(f"#{name}")).to_have_css("outline-style", "dotted")
        assert line(frame, "there") == "none"
        assert line(frame, "inner") == "none"
        expect(frame.frame_locator("#inner").locator("#deep")).to_have_css("outline-style", "dotted")
        told = seen.page.locator("#daykeep-parts")
        if view == "fg_":
            expect(frame.locator("#film")).to_have_css("outline-style", "dashed")
            expect(frame.locator("#none")).to_have_css(
                "outline-style", "double"
            )  # nothing to fall back on: no size
            expect(told).not_to_contain_text("Counted are")
        else:
            bar = "() => getComputedStyle(document.documentElement, '::before').content"
            assert "12 parts of this page are of another day." in seen.page.frames[1].evaluate(bar)
        wanted = OTHERS | ({"data.json": "part"} if view == "fg_" else {})
        if view == "fg_":
            wanted = {
                name: kind for name, kind in wanted.items() if name != "of-lost.png"
            }  # which nothing needed
            expect(told).to_contain_text("data.json")
            expect(told).to_contain_text("f.woff2")
            expect(told).to_contain_text("deep.png")
            wanted |= {"o.svg": "frame", "w.js": "script"}
        for name in wanted:
            expect(told).to_contain_text(name)
        found = listed(told.evaluate("e => e.outerHTML"))
        assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.browser
@pytest.mark.parametrize("view", ["fg_", "fn_"])
@pytest.mark.parametrize("link", ["page", "moved", "image", "plain", "xml", "xhtml", "file"])
def test_followed_links(browser, address, view, link):
    """What a link leads to, or a redirect behind it, says that it is of another day, in the banner or in the frame."""
    with visit(browser, f"{address}/web/{TUESDAY}{view}/{SITE}/links", locale="en-GB") as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(f"#{link}"))
        says = "This page was not stored on Tuesday 3 March 2026."
        if view == "fg_":
            expect(seen.page.locator("#daykeep-banner .banner-other-day")).to_contain_text(says)
            return
        seen.page.wait_for_function("() => true")
        frame = seen.page.frame_locator("#daykeep-page")
        if link in {"page", "moved", "xhtml"}:
            expect(frame.locator("p")).to_have_text("xhtml" if link == "xhtml" else "page of monday")
            assert says in seen.page.frames[1].evaluate(
                "() => getComputedStyle(document.documentElement, '::before').content"
            )
            box = "() => [innerWidth, parseFloat(getComputedStyle(document.documentElement, '::before').height)]"
            width, height = seen.page.frames[1].evaluate(box)
            assert width > 1000
            assert height > 20
        else:
            expect(frame.locator("strong").first).to_contain_text(says)
        if link == "image":
            expect(frame.locator("img")).to_have_js_property("naturalWidth", 1)


@pytest.mark.browser
def test_missing_ones_are_marked(browser, address):
    """Without filling, what has a place and is missing has a dashed mark; fonts and backgrounds are listed as such."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/", locale="en-GB") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        for name in ("lost", "cdn", "led", "audio", "film", "gone"):
            expect(frame.locator(f"#{name}")).to_have_css("outline-style", "dashed")
        for name in ("object", "none"):  # nothing to fall back on: no size
            expect(frame.locator(f"#{name}")).to_have_css("outline-style", "double")
        assert line(frame, "there") == "none"
        told = seen.page.locator("#daykeep-parts")
        expect(told).to_contain_text("f.woff2")
        found = listed(told.evaluate("e => e.outerHTML"), "Missing")
        assert {name: found.get(name) for name in ("bg.png", "f.woff2", "none.mp4", "gone")} == {
            "bg.png": "background", "f.woff2": "font", "none.mp4": "sound or film", "gone": "frame",
        }  # fmt: skip
        frame.locator("#film").evaluate("e => { e.remove() }")
        frame.locator("#lost").evaluate("e => { e.src = '/there.png' }")
        expect(frame.locator("#lost")).to_have_css("outline-style", "none")
