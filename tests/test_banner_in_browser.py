# SPDX-License-Identifier: EUPL-1.2
"""The banner while a page goes on asking: focus, open lists and scroll stay; changes are said once; no flood stops it."""

from __future__ import annotations

import re
import time

import pytest
from msgspec import structs
from playwright.sync_api import Route, expect

from archiver.settings import Viewer
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.some import some
from tests.support.viewing import serving
from tests.test_gaps import png

pytestmark = pytest.mark.browser

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
IMAGES = "".join(f"<img src=/gone{number}.png>" for number in range(30))
# Asks for one more image whenever `more()` is called
ASKING = f"""<!doctype html><title>A</title><p>asking</p>{IMAGES}<a id=next href=/next>next</a>
<script>let n = 0; window.more = (there) => {{ new Image().src = there ? "/there.png?_=" + ++n : "/more" + ++n + ".png" }}</script>"""
FLOODS = {
    "parts": "to.postMessage({daykeep:1, page:9, parts:[['image', 'https://www.example.org/' + n + '.png']]}, '*')",
    "new-pages": "to.postMessage({daykeep:1, page:n, parts:[['image', 'https://www.example.org/' + n + '.png']]}, '*')",
    "places": "to.postMessage({daykeep:1, url:'https://www.example.org/n' + n, title:'t' + n}, '*')",
    "gone": "to.postMessage({daykeep:1, url:'https://www.example.org/next', gone:true}, '*')",
    "nothing": "to.postMessage(n, '*')",
    "long": "to.postMessage({daykeep:1, page:9, title:LONG, url:'https://www.example.org/' + LONG, parts:[[LONG, LONG]]}, '*')",
    "many": "to.postMessage({daykeep:1, page:9, parts:MANY}, '*')",
    "from-within": "",
}
COUNTS = {"long": 2_000, "many": 2_000}
FLOOD = """<!doctype html><title>F</title><p>flood</p><a id=next href=/next>next</a><iframe id=inner src=%s></iframe><script>
const to = top, LONG = 'x'.repeat(20000), MANY = Array.from({length: 1000}, (_, i) => ['image', 'https://www.example.org/m' + i]);
onload = () => setTimeout(() => { for (let n = 0; n < %d; n++) { %s } document.title = 'done'; }, 300);
</script>"""


def flood(name: str) -> str:
    inner = "/flood-parts" if name == "from-within" else "/next"
    return FLOOD % (inner, COUNTS.get(name, 100_000), FLOODS[name])


DAYS = {
    MONDAY: {f"{SITE}/": Reply("<title>m</title>m"), f"{SITE}/gone1.png": png()},
    TUESDAY: {
        f"{SITE}/": Reply(ASKING),
        f"{SITE}/there.png": png(),
        f"{SITE}/next": Reply("<title>N</title><p>next page</p><img src=/one.png>"),
        **{f"{SITE}/flood-{name}": Reply(flood(name)) for name in FLOODS},
    },
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    port = free_port()
    with build(tmp_path_factory.mktemp("banner") / "data", {"demo": DAYS}, port=port) as built:
        yield built


@pytest.fixture(scope="module")
def address(archive):
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    with serving(archive, port) as base:
        yield base


@pytest.fixture(scope="module")
def path_address(archive):
    port = free_port()
    viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
    settings = structs.replace(archive.settings, viewer=viewer)
    with serving(Archive(settings, archive.collection, archive.history, archive.catalogue), port) as base:
        yield base


def more(seen, *, there: bool = False) -> None:
    """Let the archived page ask for one more image, and wait until the banner knows."""
    with seen.page.expect_response("**/web/parts"):
        seen.page.frames[1].evaluate("there => more(there)", there)
    seen.page.wait_for_timeout(50)


def settled(seen, number: int):
    told = seen.page.locator("#daykeep-parts")
    expect(told.locator(".banner-counts")).to_contain_text(f"{number} parts of this page are missing.")
    return told


SHIFTS = """window.shifts = [];
new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(one => one.value))).observe({type: "layout-shift", buffered: true})"""


def late(route: Route) -> None:
    """Let a script come when the page was drawn already."""
    time.sleep(0.3)
    route.continue_()


@pytest.mark.parametrize("size", [(390, 700), (1280, 800)])
def test_the_page_does_not_jump(browser, address, size):
    """From its first moment the banner takes the room that it will have: Web Vitals' measure of layout shifts is good."""
    with visit(browser, size=size, locale="en-GB") as seen:
        seen.page.add_init_script(SHIFTS)
        seen.page.route("**/viewer.js*", late)
        seen.page.goto(f"{address}/web/{TUESDAY}/{SITE}/next", wait_until="networkidle")
        assert sum(seen.page.evaluate("shifts")) < 0.1
        seen.page.locator("#daykeep-room").evaluate("one => { one.style.marginTop = '200px' }")
        seen.page.wait_for_function("() => shifts.some(one => one > 0.1)")  # which would be heard
        if size[0] == 390:
            expect(seen.page.locator(".banner-tools")).not_to_be_visible()
            seen.page.locator("#daykeep-more > summary").click()
        expect(seen.page.locator("#daykeep-passage")).to_be_in_viewport(ratio=1)


def test_small_screen_without_the_script(browser, address):
    """Where the script does not come, the other days are there all the same."""
    with visit(browser, size=(390, 700), locale="en-GB") as seen:
        seen.page.route("**/viewer.js*", lambda route: route.abort())
        seen.page.goto(f"{address}/web/{TUESDAY}/{SITE}/next")
        expect(seen.page.locator("#daykeep-passage")).to_be_in_viewport(ratio=1)
    with visit(
        browser,
        f"{address}/web/{TUESDAY}/{SITE}/next",
        size=(390, 700),
        java_script_enabled=False,
    ) as seen:
        expect(seen.page.locator("#daykeep-passage")).to_be_in_viewport(ratio=1)


def test_focus_and_scroll_stay(browser, address):
    """While the banner is renewed the focus stays where it is, on the same element; so do open lists and the scroll."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/", locale="en-GB", size=(390, 700)) as seen:
        told = settled(seen, 30)
        page = seen.page
        told.locator("summary").focus()
        more(seen)
        settled(seen, 31)
        expect(told.locator("summary")).to_be_focused()
        page.keyboard.press("Enter")
        link = told.locator("li a").first
        link.focus()
        href = link.get_attribute("href")
        page.evaluate("document.getElementById('daykeep-banner').scrollTop = 150")
        scrolled = page.evaluate("document.getElementById('daykeep-banner').scrollTop")
        more(seen)
        settled(seen, 32)
        assert told.evaluate("e => e.open")
        assert page.evaluate("document.activeElement.getAttribute('href')") == href
        assert page.evaluate("document.getElementById('daykeep-banner').scrollTop") == scrolled > 0
        assert "/more2.png" in told.text_content()


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("language", ["nl-NL", "en-GB"])
@pytest.mark.parametrize("size", [(320, 568), (390, 844), (1280, 800)], ids=str)
def test_what_is_missing_is_seen_at_once(browser, address, size, language, scripts):
    """How many parts are missing stands in view when the page opens, before the other days, and hides nothing of the page."""
    with visit(
        browser,
        f"{address}/web/{TUESDAY}/{SITE}/",
        size=size,
        locale=language,
        java_script_enabled=scripts,
    ) as seen:
        counts = seen.page.locator("#daykeep-parts .banner-counts")
        expect(counts).to_contain_text("30 ")
        banner, told = seen.page.locator("#daykeep-banner").bounding_box(), counts.bounding_box()
        shown = seen.page.locator("#daykeep-page").bounding_box()
        others = seen.page.locator("#daykeep-more").bounding_box()
        assert banner["y"] <= told["y"]
        assert told["y"] + told["height"] <= banner["y"] + banner["height"]
        assert told["y"] + told["height"] <= others["y"] or told["x"] + told["width"] <= others["x"]
        assert shown["y"] >= banner["y"] + banner["height"]
        assert shown["y"] + shown["height"] <= size[1]
        assert shown["height"] > size[1] * 0.35
        seen.page.locator("#daykeep-more").evaluate("one => { one.open = true }")
        opened = seen.page.locator("#daykeep-page").bounding_box()
        seen.page.locator("#daykeep-more > summary").click()
        expect(seen.page.locator("#on")).to_be_hidden()
        assert seen.page.locator("#daykeep-page").bounding_box()["height"] > opened["height"]


def test_what_is_typed_stays(browser, address):
    """Another page in the frame renews the whole banner, and what is being typed in it stays."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/", locale="en-GB") as seen:
        settled(seen, 30)
        day = seen.page.locator("#on")
        day.fill("2 maart 2026")
        day.focus()
        seen.page.frames[1].evaluate("document.getElementById('next').click()")
        expect(seen.page.locator("#daykeep-parts .banner-counts")).to_contain_text(
            "1 part of this page is missing."
        )
        expect(day).to_be_focused()
        expect(day).to_have_value("2 maart 2026")
        expect(seen.page.locator("#daykeep-url")).to_have_value(f"{SITE}/next")


def test_focus_of_what_is_gone(browser, address):
    """Where what had the focus is no longer there, it goes to what opened the list."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/", locale="en-GB") as seen:
        told = settled(seen, 30)
        told.locator("summary").click()
        told.locator("li a").first.focus()
        seen.page.frames[1].evaluate("document.getElementById('next').click()")
        expect(told.locator(".banner-counts")).to_contain_text("1 part of this page is missing.")
        expect(told.locator("summary")).to_be_focused()


def test_changes_of_the_counts_are_said_once(browser, address):
    """A polite region says the counts after they have changed; renewals that change none of them say nothing."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/", locale="en-GB") as seen:
        settled(seen, 30)
        region = seen.page.locator("#daykeep-said")
        expect(region).to_have_attribute("aria-live", "polite")
        seen.page.wait_for_timeout(2000)
        seen.page.evaluate("""() => { window.said = []; new MutationObserver(() => said.push(document.getElementById("daykeep-said").textContent))
            .observe(document.getElementById("daykeep-said"), { childList: true, characterData: true, subtree: true }) }""")  # fmt: skip
        for _ in range(3):
            more(seen)
        settled(seen, 33)
        expect(region).to_have_text("33 parts of this page are missing.")
        spoken = seen.page.evaluate("said")
        assert spoken == ["33 parts of this page are missing."]
        more(seen)
        seen.page.frames[1].evaluate("document.images[0].remove()")
        expect(region).to_have_text("34 parts of this page are missing.")
        more(seen, there=True)
        seen.page.wait_for_timeout(2500)
        assert [one for one in seen.page.evaluate("said") if "like" not in one] == [
            "33 parts of this page are missing.",
            "34 parts of this page are missing.",
        ]


@pytest.mark.parametrize("name", some(FLOODS, 4))
def test_flood_of_messages(browser, address, name):
    """A hundred thousand messages: the viewer answers meanwhile, asks little, and its banner follows the next link."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/flood-{name}", locale="en-GB") as seen:
        page = seen.page
        seen.requests.clear()
        page.locator("#daykeep-parts summary").click(timeout=20_000)
        expect(page.locator("#daykeep-parts")).to_have_attribute("open", "", timeout=20_000)
        if name == "from-within":
            expect(page.frame_locator("#daykeep-page").frame_locator("#inner").locator("p")).to_have_text(
                "flood"
            )
            page.wait_for_function("() => document.body", timeout=20_000)
        else:
            flooding = page.frames[1]
            flooding.wait_for_function("document.title === 'done'", timeout=60_000)
        page.frames[1].evaluate("document.getElementById('next').click()")
        expect(page.locator("#daykeep-address")).to_have_text(f"{SITE}/next", timeout=60_000)
        expect(page.locator("#daykeep-parts .banner-counts")).to_contain_text(
            "1 part of this page is missing.", timeout=30_000
        )
        expect(page.locator("#daykeep-parts")).to_contain_text(f"{SITE}/one.png")
        assert page.url == f"{address}/web/{TUESDAY}/{SITE}/next"
        asked = [url for url in seen.requests if re.search(r"localhost:\d+/web/", url)]
        assert len(asked) < 100
        assert not [url for url in asked if len(url) > 9000]


def test_flood_in_path_mode(browser, path_address):
    """So too in path mode, where the page alone tells where it is."""
    with visit(browser, f"{path_address}/web/{TUESDAY}/{SITE}/flood-places", locale="en-GB") as seen:
        flooding = seen.page.frames[1]
        flooding.wait_for_function("document.title === 'done'", timeout=60_000)
        flooding.evaluate("document.getElementById('next').click()")
        expect(seen.page.locator("#daykeep-address")).to_have_text(f"{SITE}/next", timeout=60_000)
        expect(seen.page.locator("#daykeep-parts .banner-counts")).to_contain_text(
            "1 part of this page is missing.", timeout=30_000
        )


def test_others_are_not_heard(browser, address):
    """Messages of the viewer's own window, or of none of its frames, change nothing."""
    with visit(browser, f"{address}/web/{TUESDAY}/{SITE}/next", locale="en-GB") as seen:
        expect(seen.page.locator("#daykeep-parts")).not_to_contain_text("Counted are")
        seen.page.evaluate(
            f"for (let n = 0; n < 500; n++) window.postMessage({{daykeep: 1, url: '{SITE}/', parts: [['image', '{SITE}/lie.png']], page: 5}}, '*')"
        )
        seen.page.wait_for_timeout(1200)
        assert "lie.png" not in seen.page.locator("#daykeep-parts").text_content()
        expect(seen.page.locator("#daykeep-address")).to_have_text(f"{SITE}/next")
