# SPDX-License-Identifier: EUPL-1.2
"""On paper: all of an archived page, with which page of which day it is; and each page of the viewer, nothing cut."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import urlencode

import pypdfium2
import pytest
from msgspec import structs
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from werkzeug.test import TestResponse

from archiver.ledger import UrlOutcome
from archiver.settings import Viewer
from tests.support.archive import HTML, Archive, Lost, Reply, build
from tests.support.chromium import launch_whole, visit
from tests.support.kinds import KINDS, Kind, every_kind, reach
from tests.support.ports import free_port
from tests.support.some import some
from tests.support.viewing import Visitor, serving

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
LINES = "".join(f"<p>Regel {number} van een lange bladzijde.</p>" for number in range(300))
BAR = "position:fixed;left:0;right:0;background:#eee"
A4 = 703
"""CSS pixels between the margins."""
LIES = """<script>
const say = (size) => top.postMessage({daykeep: 1, size}, "*");
setInterval(() => {
  for (const size of [[NaN, NaN, 960, 900], [-1, -1, 960, 900], ["x"], [], [1, 2], [Infinity, Infinity, 960, 900],
    {length: 4}, [960, 1e9, innerWidth, innerHeight], [960, 9e6, innerWidth, innerHeight], [1e6, 1e6, innerWidth, innerHeight], [1e308, 1, 960, 900]]) say(size);
}, 20);
</script>"""


def page_of(body: str, style: str = "") -> Reply:
    head = f'<!doctype html><html lang="nl"><title>Bladzijde</title><style>{style}</style>'
    return Reply(f"{head}<body><h1>Begin</h1>{body}<p>EINDE</p>", HTML)


def tall_picture() -> Reply:
    held = BytesIO()
    Image.new("RGB", (20, 3000), "#336699").save(held, "PNG")
    return Reply(held.getvalue(), "image/png")


# What is printed, and words that have to stand on the paper besides those at its beginning and its end
PAGES: dict[str, tuple[Reply, tuple[str, ...]]] = {
    "long": (page_of(LINES), ("Regel 150 van", "Regel 299 van")),
    "wide": (
        page_of(f'<div style="width:2000px">LINKS<span style="float:right">RECHTS</span></div>{LINES}'),
        ("LINKS", "RECHTS"),
    ),
    "short": (page_of("<p>Kort.</p>"), ("Kort.",)),
    "high": (page_of(f'<div style="height:100vh;background:#ccf">HOOG</div>{LINES}'), ("HOOG", "Regel 299")),
    "foot": (page_of(LINES, "body{min-height:100vh;margin:30px}"), ("Regel 299 van",)),
    "within": (
        page_of(
            f'<div style="flex:1;overflow-y:auto">{LINES}<p>DIEP</p></div>',
            "html,body{height:100%;margin:0;overflow:hidden}body{display:flex;flex-direction:column}",
        ),
        ("Regel 299 van", "DIEP"),
    ),
    "bars": (
        page_of(f'<div style="{BAR};top:0">KOP</div><div style="{BAR};bottom:0">VOET</div>{LINES}'),
        ("KOP", "VOET"),
    ),
    "own": (page_of(f"<nav>MENU</nav>{LINES}", "@media print{nav{display:none}}"), ("Regel 299 van",)),
    "late": (page_of(f'{LINES}<img loading="lazy" src="/late.png">'), ("Regel 299 van",)),
}


def replies() -> dict[str, Reply | Lost]:
    return {
        f"{SITE}/": page_of('<a href="/long">verder</a><img src="/weg.png">'),
        **{f"{SITE}/{name}": reply for name, (reply, _) in PAGES.items()},
        f"{SITE}/late.png": tall_picture(),
        f"{SITE}/lies": page_of(LIES),
        f"{SITE}/leads": page_of('<script>location.replace("/short")</script>'),
        f"{SITE}/weg.png": Lost(UrlOutcome.TIMEOUT, "read timed out"),
    }


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """Start the whole of Chromium: its engine alone leaves the frames of other sites out of what it prints."""
    with launch_whole(browser.browser_type) as started:
        yield started


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    days = {MONDAY: replies(), TUESDAY: {f"{SITE}/short": page_of("<p>dinsdag</p>")}}
    with build(tmp_path_factory.mktemp("print") / "data", {"demo": days}, port=free_port()) as built:
        yield built


@pytest.fixture(scope="module")
def named(archive: Archive) -> Iterator[str]:
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    with serving(archive, port) as base:
        yield base


@pytest.fixture(scope="module")
def pathed(archive: Archive) -> Iterator[str]:
    port = free_port()
    viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
    with serving(replace(archive, settings=structs.replace(archive.settings, viewer=viewer)), port) as base:
        yield base


def on_paper(page: Page) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True, prefer_css_page_size=True))


def texts(document: pypdfium2.PdfDocument) -> str:
    """Return all that can be read on the sheets, without spaces: where a line is broken does not count."""
    read = [sheet.get_textpage().get_text_bounded(0, 0, *sheet.get_size()) for sheet in document]
    return squeezed(" ".join(read))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\ufffe\x02-]", "", text)  # pdfium has U+FFFE or 2 for a hyphen at a line's end


def has_ink(sheet: pypdfium2.PdfPage) -> bool:
    """Tell whether a sheet has anything on it."""
    low, _ = sheet.render(scale=0.5).to_pil().convert("L").getextrema()
    return bool(low < 160)


def url_of(base: str, name: str, **more: str | int) -> str:
    rest = "".join(f"&{key}={value}" for key, value in more.items())
    return f"{base}/demo/print?url={SITE}/{name}&at={MONDAY}{rest}"


def grown(page: Page) -> None:
    """Wait until the page has told how large it is, and its frame has stayed so for a while."""
    expect(page.locator("#daykeep-sheets")).to_be_hidden()
    page.wait_for_function(
        """() => {
            const now = document.getElementById("daykeep-room").style.cssText;
            const [was, since] = window.daykeepSeen ?? [];
            if (was !== now) window.daykeepSeen = [now, Date.now()];
            return was === now && Date.now() - since > 1500;
        }"""
    )


def visitor_of(archive: Archive) -> Visitor:
    return Visitor(archive, int(archive.settings.viewer.base_url.rpartition(":")[2]))


def told(archive: Archive, name: str) -> list[str]:
    """Return what paper has to say of a page of Monday."""
    payload = visitor_of(archive).get(f"/web/{MONDAY}id_/{SITE}/{name}").data
    base = archive.settings.viewer.base_url.rpartition(":")[0]
    return [
        "Archiefkopie van maandag 2 maart 2026, 03:30 uur",
        "Dit is niet de echte site.",
        f"Adres op het web {SITE}/{name}",
        "uur (2026-03-02T02:30:0",
        f"sha256:{hashlib.sha256(payload).hexdigest()}",
        f"Adres in dit archief {base}:",
        f"/{SITE}/{name} Bewaard door",
    ]


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_the_whole_page_is_printed(browser: Browser, archive: Archive, named: str, name: str) -> None:
    """From its first words to its last, with which page of which day it is above them, and no sheet is empty."""
    with visit(browser, url_of(named, name), locale="nl") as seen:
        grown(seen.page)
        document = on_paper(seen.page)
        assert seen.problems == []
    found = texts(document)
    for words in (*told(archive, name), "Begin", *PAGES[name][1], "EINDE"):
        assert squeezed(words) in found, words
    for words in ("Terug naar de pagina", "Over dit archief", "Hooguit"):
        assert squeezed(words) not in found, words
    assert all(has_ink(sheet) for sheet in document)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["long", "wide", "short", "own"])
def test_the_frame_page_is_printed_whole(browser: Browser, archive: Archive, named: str, name: str) -> None:
    """The print command of the browser, given where the page is read, gives all of the page as well."""
    with visit(browser, f"{named}/web/{MONDAY}/{SITE}/{name}", locale="nl") as seen:
        seen.page.frame_locator("#daykeep-page").get_by_text("EINDE").wait_for()
        seen.page.wait_for_timeout(1500)
        found = texts(on_paper(seen.page))
        seen.page.wait_for_timeout(500)
        assert not seen.page.locator("#daykeep-room").get_attribute("style")
    for words in (*told(archive, name), "Begin", *PAGES[name][1], "EINDE"):
        assert squeezed(words) in found, words
    assert squeezed("Vorige versie") not in found


@pytest.mark.browser
@pytest.mark.parametrize("name", ["long", "high", "short"])
def test_in_path_mode(browser: Browser, pathed: str, name: str) -> None:
    """So too where an archived page has an origin that is nobody's."""
    with visit(browser, url_of(pathed, name), locale="nl") as seen:
        grown(seen.page)
        found = texts(on_paper(seen.page))
    for words in ("maandag 2 maart 2026", "Begin", *PAGES[name][1], "EINDE"):
        assert squeezed(words) in found, words


@pytest.mark.browser
def test_without_scripts_the_visitor_chooses(browser: Browser, archive: Archive, named: str) -> None:
    """Nobody can tell how long the page is: it may be too long for the paper, which is said, until enough is chosen."""
    with visit(browser, f"{named}/web/{MONDAY}/{SITE}/long", locale="nl", java_script_enabled=False) as seen:
        seen.page.get_by_role("link", name="Afdrukken").click()
        seen.page.wait_for_load_state("load")
        few = texts(on_paper(seen.page))
        assert squeezed("Regel 100 van") in few
        assert "EINDE" not in few
        assert squeezed("Hooguit 5 vellen van de pagina worden getoond; zij kan langer zijn.") in few
        seen.page.get_by_role("link", name="10", exact=True).click()
        seen.page.wait_for_url("**&sheets=10")
        seen.page.wait_for_load_state("load")
        enough = texts(on_paper(seen.page))
    for words in (*told(archive, "long"), "Begin", "Regel 299 van", "EINDE", "Hooguit 10 vellen"):
        assert squeezed(words) in enough, words


@pytest.mark.browser
def test_from_the_bar_to_paper(browser: Browser, named: str) -> None:
    """The bar leads there and back; links of the page lead nowhere there, and the button asks the browser to print."""
    with visit(browser, f"{named}/web/{MONDAY}/{SITE}/", locale="nl") as seen:
        page = seen.page
        page.frame_locator("#daykeep-page").get_by_role("link", name="verder").click()
        expect(page.locator("#daykeep-address")).to_have_text(f"{SITE}/long")
        link = page.get_by_role("link", name="Afdrukken")
        expect(link).to_have_attribute("href", re.compile(r"url=https%3A%2F%2Fwww.example.org%2Flong&at="))
        link.click()
        grown(page)
        page.evaluate("() => { window.print = () => { window.asked = true; }; }")
        page.get_by_role("button", name="Afdrukken").click()
        assert page.evaluate("window.asked")
        page.get_by_role("link", name="Terug naar de pagina").click()
        expect(page.locator("#daykeep-address")).to_have_text(f"{SITE}/long")


@pytest.mark.browser
def test_a_page_that_lies_about_its_size(browser: Browser, named: str) -> None:
    """What a page says of itself makes its frame larger within bounds, and nothing else; that it was too much is said."""
    with visit(browser, url_of(named, "lies"), locale="nl") as seen:
        expect(seen.page.locator("#daykeep-long")).to_be_visible()
        seen.page.wait_for_timeout(1000)
        box = seen.page.locator("#daykeep-printed").bounding_box()
        assert box is not None
        width, height = box["width"], box["height"]
        assert 960 <= width <= 4000
        assert 900 <= height <= 200 * 1010 * 4000 / 690 + 1
        expect(seen.page.get_by_role("heading", name="van maandag 2 maart 2026")).to_be_visible()


@pytest.mark.browser
def test_where_a_page_leads_on_the_paper_says_so(browser: Browser, named: str) -> None:
    """A page whose script goes elsewhere is not taken for the one that the paper names."""
    with visit(browser, url_of(named, "leads"), locale="nl") as seen:
        notice = seen.page.locator("#daykeep-left")
        expect(notice).to_contain_text("Deze pagina leidde door naar een ander adres")
        expect(notice).to_contain_text(f"{SITE}/short")
        assert squeezed(f"{SITE}/short") in texts(on_paper(seen.page))


def test_what_is_asked_for(archive: Archive) -> None:
    """Gaps are counted, a filled page is told apart, and what the day does not have leads to the days that do."""
    visitor = visitor_of(archive)

    def get(query: str) -> TestResponse:
        return visitor.get(f"/demo/print?{query}", Accept_Language="en")

    assert "1 part of this page is missing." in get(f"url={SITE}/&at=2026-03-02").text
    filled = get(f"url={SITE}/long&at={TUESDAY}&view=fg_").text
    assert "Of another day" in filled
    assert "Monday 2 March 2026" in filled
    away = get(f"url={SITE}/long&at={TUESDAY}")
    assert (away.status_code, away.headers["Location"]) == (302, f"/web/{TUESDAY}/{SITE}/long")
    for wrong in ("url=x:", "url=", f"url={SITE}/&view=zz_", f"url={SITE}/&at=nu"):
        at = "" if "at=" in wrong else f"&at={MONDAY}"
        assert get(f"{wrong}{at}").status_code == 404
    for given in ("1e9", "3", "zzz"):
        told = get(f"url={SITE}/&at={MONDAY}&sheets={given}")
        assert told.status_code == 404
        assert (
            f"/demo/print?{urlencode({'url': f'{SITE}/', 'at': MONDAY})}".replace("&", "&amp;") in told.text
        )
    assert "frame-src http://20260302023000-www-example-org.localhost" in str(
        get(f"url={SITE}/&at={MONDAY}").headers["Content-Security-Policy"]
    )


NOT_ON_PAPER = {
    "parts",
    "file",
    "gap",
    "gap outside",
    "refused",
    "other day",
    "unreadable",
    "withheld within",
    "pane",
    "being made",
}
"""Pages within a frame, and a download."""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with every_kind(tmp_path_factory.mktemp("kinds")) as bases:
        yield bases


@pytest.mark.browser
@pytest.mark.parametrize(
    "kind",
    some([one for one in KINDS if one.name not in NOT_ON_PAPER and not one.narrow], 3),
    ids=lambda kind: kind.name,
)
def test_every_page_of_the_viewer(browser: Browser, kinds: tuple[str, str], kind: Kind) -> None:
    """Each kind of page fits between the margins, with all its words and without what leads elsewhere; also in the dark."""
    with visit(browser, size=(A4, 1000), locale="nl", color_scheme="dark") as seen:
        page = seen.page
        reach(page, kind, kinds[0])
        if kind.name == "print":
            grown(page)
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= A4
        page.evaluate("for (const one of document.querySelectorAll('.visually-hidden')) one.remove()")
        words = page.evaluate("(document.querySelector('.paper, main') ?? document.body).innerText").split()
        assert not page.locator("nav:visible, form:visible, .skip:visible").count()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.emulate_media(media="null")
        document = on_paper(page)
    found = texts(document)
    assert [word for word in words if squeezed(word).strip(",.") not in found] == []
    assert all(has_ink(sheet) for sheet in [*document][: -1 if kind.template == "frame.html" else None])
