# SPDX-License-Identifier: EUPL-1.2
"""
The three questions that the public has, asked in Chromium from the first page on, with scripts and without.

What did the page on late decisions say on a day; when did the amount change; which pages changed that week. Only
what a visitor sees is used: words, headings, links and fields by their names, and no address is typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from archiver.demo.site import DAYS, LATE_DECISION_NL, MOVED_NL, NEW_NL
from tests.support.serving import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def viewer(demo: Path) -> Iterator[str]:
    with served(demo) as base:
        yield base


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest, browser: Browser, viewer: str) -> Iterator[Page]:
    """Somebody who has opened the first page."""
    with browser.new_context(java_script_enabled=request.param, locale="nl-NL") as context:
        opened = context.new_page()
        opened.goto(f"{viewer}/")
        yield opened


def link(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name).first.click()


@pytest.mark.parametrize(("number", "said"), [(0, "€ 23 per dag"), (2, "€ 35 per dag"), (6, "€ 45 per dag")])
def test_what_did_the_page_say_on_a_day(page: Page, number: int, said: str) -> None:
    """Words and a day lead to the page as it was, which says its own amount, under a banner that says the day."""
    page.get_by_label("Woorden of het adres van een pagina").fill("te late beslissing dwangsom")
    page.get_by_label("Zoals de site was op").fill(DAYS[number].date)
    page.get_by_role("button", name="Zoeken").click()
    found = page.get_by_role("main").get_by_role("listitem").filter(has_text=LATE_DECISION_NL)
    found.get_by_role("link").first.click()
    banner = page.get_by_role("banner")
    expect(banner).to_contain_text(f"{number + 2} maart 2026")
    expect(banner).to_contain_text("Dit is niet de echte site")
    shown = page.frame_locator("iframe[title^='Gearchiveerde pagina']").locator("body")
    expect(shown).to_contain_text(said)
    others = {f"€ {day.penalty} per dag" for day in DAYS} - {said}
    assert not [other for other in others if other in shown.inner_text()]


def test_when_did_the_amount_change(page: Page) -> None:
    """From the page its versions are one step away, and each change from there: on which day, from what, to what."""
    page.get_by_label("Woorden of het adres van een pagina").fill("te late beslissing dwangsom")
    page.get_by_role("button", name="Zoeken").click()
    found = page.get_by_role("main").get_by_role("listitem").filter(has_text=LATE_DECISION_NL)
    found.get_by_role("link", name="Alle versies").click()
    changes = []
    for place in (0, 1):
        page.get_by_role("link", name="Vergelijk met de versie ervoor").nth(place).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Twee dagen vergeleken")
        days = re.findall(r"\d+ maart 2026", " ".join(page.locator(".side-day").all_inner_texts()))
        cells = page.get_by_role("row").filter(has_text="per dag").first.get_by_role("cell")
        changes.append((days[0], cells.nth(1).inner_text(), days[1], cells.nth(2).inner_text()))
        page.go_back()
    assert changes == [
        ("6 maart 2026", "€ 35", "7 maart 2026", "€ 45"),
        ("2 maart 2026", "€ 23", "3 maart 2026", "€ 35"),
    ]


def test_which_pages_changed_that_week(page: Page) -> None:
    """From the first page to the site, and from day to day by the way to the next: what each changed."""
    link(page, "Verblijfsdienst")
    page.get_by_role("link", name=re.compile(r"^3\b")).first.click()
    seen: dict[str, set[str]] = {}
    for day in DAYS[1:]:
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text(f"{int(day.date[-2:])} maart 2026")
        seen[day.date] = changed(page)
        if day is not DAYS[-1]:
            page.get_by_role("link", name="Volgende dag").click()
    assert LATE_DECISION_NL in seen["2026-03-03"]
    assert seen["2026-03-04"] == set()
    assert LATE_DECISION_NL in seen["2026-03-07"]
    assert {NEW_NL, MOVED_NL} <= seen["2026-03-07"]
    assert LATE_DECISION_NL not in seen["2026-03-08"]


def changed(page: Page) -> set[str]:
    """Return the paths that the list of what changed on a day names, what is folded up unfolded."""
    region = page.get_by_role("region", name="Wat er veranderde")
    folded = region.locator("details:not([open]) > summary")
    while folded.count():
        folded.first.click()
    return set(re.findall(r"http://www\.verblijfsdienst\.example(/\S*)", region.inner_text()))
