# SPDX-License-Identifier: EUPL-1.2
"""Two days of a page in Chromium: the public's question, with and without JavaScript; and days that never meet."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from msgspec import structs
from playwright.sync_api import Browser, Page, expect

from archiver.demo.site import DAYS, HOST, LATE_DECISION_NL
from archiver.settings import Viewer
from tests.support.archive import Reply, build
from tests.support.ports import free_port
from tests.support.serving import served
from tests.support.viewing import serving

pytestmark = pytest.mark.browser
LATE = f"http://{HOST}{LATE_DECISION_NL}"
SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
LONG = "<p>Een regel.</p>" * 200

# Everything a page of one day could do to reach the page of the other beside it, or the viewer around both.
REACHING = """<p id="heard">niets</p><script>
const heard = [];
addEventListener("message", (event) => {
  if (event.data && event.data.daykeep) heard.push("ours");
  else heard.push(event.data);
  document.getElementById("heard").textContent = heard.join(" ");
});
const reach = () => {
  for (let pane = 0; pane < top.frames.length; pane++) {
    const other = top.frames[pane].frames[0];
    try { other.postMessage("van %(day)s", "*"); } catch {}
    try { other.location.href; document.title = "gelezen"; } catch {}
    try { if (other !== self) other.location = location.href; } catch {}
  }
  try { top.location = "/elders"; } catch {}
  try { top.document.title = "vals"; } catch {}
};
if (location.search === "") setInterval(reach, 100);
</script>"""


@pytest.fixture(scope="module")
def viewer(demo):
    with served(demo) as base:
        yield base


def replies(day: str) -> dict[str, Reply]:
    def page(body: str) -> Reply:
        return Reply(f'<!doctype html><html lang="nl"><title>Dag</title><h1>{day}</h1>{body}</html>')

    return {
        f"{SITE}/": page(REACHING % {"day": day} + f'<a id="on" href="/long">verder</a>{LONG}'),
        f"{SITE}/long": page(f'{LONG}<p id="end">Einde van {day}.</p>'),
        f"{SITE}/away": page(
            f"<script>setTimeout(() => location = location.href.replace(/{MONDAY}|{TUESDAY}/,"
            f" (one) => one === '{MONDAY}' ? '{TUESDAY}' : '{MONDAY}').replace('away', 'long'), 200)</script>"
        ),
    }


@pytest.fixture(scope="module", params=["names", "paths"])
def hostile(request, tmp_path_factory):
    """Each day under a name of its own, and all days on one origin."""
    port = free_port()
    days = {MONDAY: replies("maandag"), TUESDAY: replies("dinsdag")}
    root = tmp_path_factory.mktemp("panes") / "data"
    with build(root, {"demo": days}, port=port) as archive:
        if request.param == "paths":
            settings = structs.replace(
                archive.settings, viewer=Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
            )
            archive = replace(archive, settings=settings)  # noqa: PLW2901
        with serving(archive, port) as base:
            yield base


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request, browser: Browser):
    context = browser.new_context(java_script_enabled=request.param, locale="en")
    yield context.new_page()
    context.close()


def panes(page: Page):
    """Return the archived pages in both panes."""
    frames = page.locator("#daykeep-panes iframe")
    return [frames.nth(place).content_frame.frame_locator("iframe") for place in (0, 1)]


def test_when_did_the_amount_change(page: Page, viewer: str) -> None:
    """From the versions of the page the change is one step away: on which day, from what and to what."""
    page.goto(f"{viewer}/verblijfsdienst/history?url={LATE}")
    rows = page.locator("table.data tbody tr")
    expect(rows).to_have_count(3)
    rows.nth(1).get_by_role("link", name="Compare with the version before").click()
    expect(page.locator(".sides")).to_contain_text("Monday 2 March 2026")
    expect(page.locator(".sides")).to_contain_text("Tuesday 3 March 2026")
    first = page.locator("table.figures tbody tr").first
    expect(first.locator("del")).to_have_text("€ 23")
    expect(first.locator("ins")).to_have_text("€ 35")
    expect(page.locator(".diff del").first).to_contain_text("€ 23")
    first.get_by_role("link").click()
    expect(page.locator("#passage-days")).to_contain_text("€ 35 per dag")
    expect(page.locator("section[aria-labelledby=passage-days]")).to_contain_text("from 3 March 2026")


def test_pages_beside_each_other(page: Page, viewer: str) -> None:
    """Each pane shows the page of its own day, with scripts and without."""
    page.goto(f"{viewer}/verblijfsdienst/compare?url={LATE}&from={DAYS[0].date}&to={DAYS[1].date}")
    page.get_by_role("link", name="As the pages looked").click()
    first, second = panes(page)
    expect(first.locator("body")).to_contain_text("€ 23 per dag")
    expect(second.locator("body")).to_contain_text("€ 35 per dag")


def test_keyboard_finds_the_change(browser: Browser, viewer: str) -> None:
    """With the keyboard alone the two days can be chosen, and what changed be unfolded."""
    with browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"{viewer}/verblijfsdienst/compare?url={LATE}")
        page.locator("#from").focus()
        page.locator("#from").fill(DAYS[0].date)
        page.keyboard.press("Enter")
        expect(page.locator("table.figures")).to_contain_text("€ 45")
        fold = page.locator(".diff summary").first
        fold.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".diff details").first).to_have_attribute("open", "")


def test_when_a_selected_sentence_appeared(browser: Browser, viewer: str) -> None:
    """What is selected in the archived page stands in the banner's question, and is dated from there."""
    with browser.new_context(locale="en", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{viewer}/web/{DAYS[1].date}/{LATE}")
        replayed = page.frame_locator("#daykeep-page")
        replayed.locator("strong", has_text="€ 35 per dag").click(click_count=3)
        field = page.locator("#daykeep-passage")
        expect(field).to_have_value("€ 35 per dag")
        page.locator("#daykeep-dating").get_by_role("button").click()
        expect(page.locator("section[aria-labelledby=passage-days]")).to_contain_text("from 3 March 2026")


def test_a_sentence_is_dated_from_the_banner(page: Page, viewer: str) -> None:
    """Without scripts too, a sentence can be typed in the banner; and what changed in this version is a step away."""
    page.goto(f"{viewer}/web/{DAYS[1].date}/{LATE}")
    page.locator("#daykeep-passage").fill("€ 23 per dag")
    page.locator("#daykeep-dating").get_by_role("button").click()
    expect(page.locator("section[aria-labelledby=passage-days]")).to_contain_text("2 March 2026")
    page.goto(f"{viewer}/web/{DAYS[1].date}/{LATE}")
    page.get_by_role("link", name="What changed in this version").click()
    expect(page.locator("table.figures")).to_contain_text("€ 35")


def test_pages_scroll_together(browser: Browser, hostile: str) -> None:
    """What is scrolled in one pane is scrolled in the other, as a share of its length; and not where it is switched off."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, locale="en") as context:
        page = context.new_page()
        page.goto(f"{hostile}/demo/compare?url={SITE}/long&from={MONDAY}&to={TUESDAY}&view=pages")
        first, second = panes(page)
        expect(first.locator("#end")).to_be_attached()
        expect(second.locator("#end")).not_to_be_in_viewport()
        page.locator("#daykeep-panes iframe").first.hover()
        page.mouse.wheel(0, 100_000)
        expect(first.locator("#end")).to_be_in_viewport()
        expect(second.locator("#end")).to_be_in_viewport()
        page.get_by_label("Scroll both pages together").uncheck()
        page.locator("#daykeep-panes iframe").first.hover()
        page.mouse.wheel(0, -100_000)
        expect(first.locator("h1")).to_be_in_viewport()
        expect(second.locator("#end")).to_be_in_viewport()


def test_days_never_meet(browser: Browser, hostile: str) -> None:
    """A page of one day says nothing to that of the other, leads it nowhere and reads nothing, nor of the viewer."""
    with browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"{hostile}/demo/compare?url={SITE}/&from={MONDAY}&to={TUESDAY}&view=pages")
        title, address = page.title(), page.url
        page.wait_for_timeout(1500)
        for pane, day in zip(panes(page), ("maandag", "dinsdag"), strict=True):
            expect(pane.locator("h1")).to_have_text(day)
            said = pane.locator("#heard").inner_text().split(" ")
            assert "van" in said  # what a page says to itself arrives
            assert {one for one in said if one.endswith("dag")} == {day}
            assert "ours" not in said
        assert (page.title(), page.url) == (title, address)
        panes(page)[0].locator("#on").click()
        expect(page.locator(".pane-left").first).to_be_visible()
        expect(page.locator(".pane-left").last).to_be_hidden()


def test_a_pane_does_not_go_to_the_other_day(browser: Browser, hostile: str) -> None:
    """Whoever leads the frame of a pane to the other day's address, our script passed by: its policy stops it."""
    with browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"{hostile}/demo/compare?url={SITE}/long&from={MONDAY}&to={TUESDAY}&view=pages")
        first, second = panes(page)
        expect(first.locator("h1")).to_have_text("maandag")
        expect(second.locator("h1")).to_have_text("dinsdag")
        monday = next(one for one in page.frames if one.url.endswith(f"at={MONDAY}"))
        tuesday = next(one.url for one in page.frames if re.search(rf"[/]{TUESDAY}.*/long$", one.url))
        monday.evaluate("url => { frames[0].location = url; }", tuesday)
        page.wait_for_timeout(1000)
        assert first.get_by_text("Einde van dinsdag.").count() == 0


def test_a_page_does_not_lead_its_pane_to_the_other_day(browser: Browser, hostile: str) -> None:
    """A page that leads its own frame to the other day's address gets no page of that day."""
    with browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(f"{hostile}/demo/compare?url={SITE}/away&from={MONDAY}&to={TUESDAY}&view=pages")
        page.wait_for_timeout(1500)
        for pane, other in zip(panes(page), ("dinsdag", "maandag"), strict=True):
            assert pane.get_by_text(f"Einde van {other}.").count() == 0
