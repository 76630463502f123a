# SPDX-License-Identifier: EUPL-1.2
"""The demonstration in a real browser: what a page said on each day of its week."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from archiver.demo.site import (
    DAYS,
    GONE_EN,
    HOST,
    LATE_DECISION_NL,
    MOVED_NL,
    MOVED_TO_NL,
    NEW_NL,
    WAITING_EN,
)
from tests.support.chromium import visit
from tests.support.serving import daykeep, served

pytestmark = pytest.mark.browser
ORIGIN = f"http://{HOST}"


@pytest.fixture(scope="module")
def viewer(demo: Path) -> Iterator[str]:
    with served(demo) as base:
        yield base


def replayed(page: Page) -> FrameLocator:
    return page.frame_locator("#daykeep-page")


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 5, 6])
def test_amount_of_each_day(browser: Browser, viewer: str, number: int) -> None:
    """The page on late decisions shows the amount of the day that was asked for, under a banner that says the day."""
    day = DAYS[number]
    with visit(browser, f"{viewer}/web/{day.date}/{ORIGIN}{LATE_DECISION_NL}") as seen:
        expect(replayed(seen.page).locator("body")).to_contain_text(f"€ {day.penalty} per dag")
        expect(seen.page.locator("#daykeep-banner")).to_contain_text(str(int(day.date[-2:])))
        others = {d.penalty for d in DAYS} - {day.penalty}
        text = replayed(seen.page).locator("body").inner_text()
        assert not [amount for amount in others if f"€ {amount} per dag" in text]
        # on the day of the outage the page's own pictures answered 503, and the console says so as it did live
        assert [problem for problem in seen.problems if not (day.outage and "503" in problem)] == []


def test_days_switch_from_the_banner(browser: Browser, viewer: str) -> None:
    """Another date chosen in the banner shows the same page of that day."""
    with visit(browser, f"{viewer}/web/{DAYS[0].date}/{ORIGIN}{LATE_DECISION_NL}") as seen:
        expect(replayed(seen.page).locator("body")).to_contain_text("€ 23 per dag")
        seen.page.locator("#daykeep-banner #on").fill(DAYS[6].date)
        seen.page.locator("#daykeep-banner form button").first.click()
        expect(replayed(seen.page).locator("body")).to_contain_text("€ 45 per dag")


def test_scripts_of_that_day_run(browser: Browser, viewer: str) -> None:
    """The waiting times, which a module fetches as JSON, are those of the day."""
    for number in (0, 6):
        with visit(browser, f"{viewer}/web/{DAYS[number].date}/{ORIGIN}{WAITING_EN}") as seen:
            table = replayed(seen.page).locator("table").first
            expect(table).to_contain_text(str(DAYS[number].waits[0]))
            expect(table).to_contain_text(str(DAYS[number].waits[2]))


def test_links_stay_inside_the_day(browser: Browser, viewer: str) -> None:
    """A link followed inside the frame leads to the same day, and the banner follows."""
    with visit(browser, f"{viewer}/web/{DAYS[1].date}/{ORIGIN}/nl/") as seen:
        link = replayed(seen.page).locator(f'main a[href="{LATE_DECISION_NL}"]').first
        link.click()
        expect(replayed(seen.page).locator("body")).to_contain_text("€ 35 per dag")
        expect(seen.page).to_have_url(re.compile(re.escape(LATE_DECISION_NL) + "$"))
        assert all("localhost" in request for request in map(str, seen.requests))


@pytest.mark.parametrize(
    ("path", "lifeline"),
    [
        (GONE_EN, [(200, "2026-03-02", "2026-03-04"), (410, "2026-03-05", "2026-03-05")]),
        (NEW_NL, [(200, "2026-03-07", "2026-03-08")]),
    ],
)
def test_lifelines_tell_the_week(demo: Path, path: str, lifeline: list[tuple[int, str, str]]) -> None:
    """A page that disappears and one that appears have lifelines that say so."""
    done = daykeep("history", f"{ORIGIN}{path}", "--json", config=demo)
    rows = [(r["status"], r["first_day"], r["last_day"]) for r in json.loads(done.stdout)]
    assert rows[: len(lifeline)] == lifeline


def test_moved_page_leads_on(browser: Browser, viewer: str) -> None:
    """On the day a page has moved, its old address leads to the new one, as it did that day."""
    with visit(browser, f"{viewer}/web/{DAYS[5].date}/{ORIGIN}{MOVED_NL}") as seen:
        expect(seen.page).to_have_url(re.compile(re.escape(MOVED_TO_NL) + "$"))
        expect(replayed(seen.page).locator("h1")).to_be_visible()


def test_search_on_a_day(demo: Path) -> None:
    """A search as of a day finds what stood there that day, and not what came later."""
    found = {}
    for day in (DAYS[0], DAYS[6]):
        done = daykeep("search", "verblijfsdienst", "dwangsom", "--on", day.date, "--json", config=demo)
        assert done.returncode == 0, done.stderr
        found[day.date] = {page["url"] for page in json.loads(done.stdout)["pages"]}
    assert f"{ORIGIN}{LATE_DECISION_NL}" in found[DAYS[0].date] & found[DAYS[6].date]
    assert found[DAYS[6].date] - found[DAYS[0].date]
