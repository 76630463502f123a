# SPDX-License-Identifier: EUPL-1.2
"""The demonstration on one replay origin, served as an operator does: what a page said on each day of its week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from archiver.demo.site import DAYS, HOST, LATE_DECISION_NL, MOVED_NL, MOVED_TO_NL, WAITING_EN
from tests.support.chromium import visit
from tests.support.serving import served

pytestmark = pytest.mark.browser
ORIGIN = f"http://{HOST}"


@pytest.fixture(scope="module")
def viewer(demo: Path) -> Iterator[str]:
    """Serve the demonstration with one replay origin; the port is that of the viewer, the name another."""
    text = demo.read_text(encoding="utf-8")
    assert "[viewer]" not in text
    config = demo.with_name("in_paths.toml")
    config.write_text(
        text.replace("[[site]]", '[viewer]\nreplay_url = "http://127.0.0.1:8080"\n\n[[site]]', 1), "utf-8"
    )
    with served(config) as base:
        yield base


def replayed(page: Page) -> FrameLocator:
    return page.frame_locator("#daykeep-page")


@pytest.mark.parametrize("number", range(7))
def test_amount_of_each_day(browser: Browser, viewer: str, number: int) -> None:
    """The page shows the amount of the day that was asked for and of no other, with its pictures and style."""
    day = DAYS[number]
    with visit(browser, f"{viewer}/web/{day.date}/{ORIGIN}{LATE_DECISION_NL}") as seen:
        expect(replayed(seen.page).locator("body")).to_contain_text(f"€ {day.penalty} per dag")
        text = replayed(seen.page).locator("body").inner_text()
        assert not [d.penalty for d in DAYS if d.penalty != day.penalty and f"€ {d.penalty} per dag" in text]
        assert [problem for problem in seen.problems if not (day.outage and "503" in problem)] == []
        banner = seen.page.locator("#daykeep-banner")
        expect(banner.locator("a[href='/about#simpler']")).to_be_visible()
        assert all(f"{viewer}/" in url or "//127.0.0.1:" in url for url in map(str, seen.requests))


def test_scripts_of_that_day_run(browser: Browser, viewer: str) -> None:
    """The waiting times, which a module fetches as JSON, are those of the day."""
    for number in (0, 6, 0):
        with visit(browser, f"{viewer}/web/{DAYS[number].date}/{ORIGIN}{WAITING_EN}") as seen:
            table = replayed(seen.page).locator("table").first
            expect(table).to_contain_text(str(DAYS[number].waits[0]))
            expect(table).to_contain_text(str(DAYS[number].waits[2]))


def test_links_stay_inside_the_day(browser: Browser, viewer: str) -> None:
    """A link followed inside the frame leads to the same day, and the banner follows."""
    with visit(browser, f"{viewer}/web/{DAYS[1].date}/{ORIGIN}/nl/") as seen:
        replayed(seen.page).locator(f'main a[href$="{LATE_DECISION_NL}"]').first.click()
        expect(replayed(seen.page).locator("body")).to_contain_text("€ 35 per dag")
        expect(seen.page).to_have_url(re.compile(re.escape(LATE_DECISION_NL) + "$"))


def test_moved_page_leads_on(browser: Browser, viewer: str) -> None:
    """On the day a page has moved, its old address leads to the new one, as it did that day."""
    with visit(browser, f"{viewer}/web/{DAYS[5].date}/{ORIGIN}{MOVED_NL}") as seen:
        expect(seen.page).to_have_url(re.compile(re.escape(MOVED_TO_NL) + "$"))
        expect(replayed(seen.page).locator("h1")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "What a page remembers"), ("nl", "Wat een pagina onthoudt")]
)
def test_what_does_not_work_is_told(browser: Browser, viewer: str, language: str, words: str) -> None:
    """The banner leads to what this mode cannot do, in the visitor's language."""
    with visit(browser, f"{viewer}/about/language/{language}?back=/web/{DAYS[0].date}/{ORIGIN}/nl/") as seen:
        seen.page.locator("#daykeep-banner a[href='/about#simpler']").click()
        expect(seen.page.locator("#simpler")).to_be_visible()
        expect(seen.page.locator("main")).to_contain_text(words)
