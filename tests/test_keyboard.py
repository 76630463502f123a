# SPDX-License-Identifier: EUPL-1.2
"""
Finding and reading with a keyboard alone, from the first page to an archived page and out of it again.

What holds at each stop (a name, in view, a focus that is seen, an order that makes sense) is in support/keyboard.py;
comparing has its own walk in test_compare_in_browser.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from archiver.demo.site import DAYS, HOST, LATE_DECISION_NL
from tests.support.chromium import visit
from tests.support.keyboard import Walker, focused_in
from tests.support.kinds import SITE, TUESDAY, every_kind
from tests.support.serving import served
from viewer.addresses.view import View

pytestmark = pytest.mark.browser
SMALL, WIDE = (320, 640), (1280, 800)
PAGE = f"http://{HOST}{LATE_DECISION_NL}"
NL = {
    "skip": "Naar de inhoud",
    "search": "Woorden of het adres van een pagina",
    "on": "Zoals de site was op",
    "ever": "of op welke dag dan ook",
    "find": "Zoeken",
    "found": "Als onze beslissing te laat is",
    "go to": "Ga naar een dag",
    "show": "Tonen",
    "skip to page": "Naar de gearchiveerde pagina",
    "fold": "Andere dagen",
    "before": "Vorige versie",
    "after": "Volgende versie",
    "this page on": "Deze pagina op",
    "passage": "Op welke dagen stond dit er?",
    "dating": "Toon de dagen",
    "versions": "Alle 3 versies",
    "changed": "Wat in deze versie veranderde",
    "calendar": "Kalender",
    "cite": "Verwijzen",
    "print": "Afdrukken",
    "scriptless": "Zonder scripts",
    "copy": "Kopiëren",
    "copied": "Gekopieerd",
    "wacz": "Eén bestand om te bekijken (WACZ)",
    "back": "Terug naar de pagina",
}
EN = {
    "skip": "Skip to the content",
    "search": "Words or address of a page",
    "on": "As the site stood on",
    "ever": "or on any day",
    "find": "Search",
    "found": "Als onze beslissing te laat is",
    "go to": "Go to a day",
    "show": "Show",
    "skip to page": "Skip to the archived page",
    "fold": "Other days",
    "before": "Previous version",
    "after": "Next version",
    "this page on": "This page on",
    "passage": "On which days did it say this?",
    "dating": "Show the days",
    "versions": "All 3 versions",
    "changed": "What changed in this version",
    "calendar": "Calendar",
    "cite": "Cite",
    "print": "Print",
    "scriptless": "Without scripts",
    "copy": "Copy",
    "copied": "Copied",
    "wacz": "One file to look at (WACZ)",
    "back": "Back to the page",
}


@pytest.fixture(scope="module")
def base(demo: Path) -> Iterator[str]:
    with served(demo) as address:
        yield address


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with every_kind(tmp_path_factory.mktemp("kinds")) as bases:
        yield bases


LOOKS = [(SMALL, "nl", "dark"), (WIDE, "en", "light")]
FURTHER = [(WIDE, "nl", "light"), (SMALL, "en", "light"), (WIDE, "en", "dark")]
"""With those above, each two of size, language and scheme meet; large, as what is walked and looked at is the same."""


@pytest.fixture(params=[*LOOKS, *(pytest.param(one, marks=pytest.mark.large) for one in FURTHER)], ids=str)
def walk(request: Any, browser: Browser) -> Iterator[tuple[Walker, dict[str, str]]]:
    size, language, scheme = request.param
    with visit(
        browser,
        permissions=["clipboard-write"],
        size=size,
        locale=f"{language}-{'NL' if language == 'nl' else 'GB'}",
        color_scheme=scheme,
    ) as seen:
        walker = Walker(seen.page)
        yield walker, NL if language == "nl" else EN
        assert [one for one in seen.problems if "Failed to load resource" not in one] == []
        assert walker.problems == []


def archived(page: Page) -> Frame:
    """Return the frame of the archived page, once it is there."""
    page.frame_locator("#daykeep-page").locator("h1").wait_for()
    return next(frame for frame in page.frames[1:] if HOST.split(".")[1] in frame.url)


def unfolded(walker: Walker, words: dict[str, str]) -> None:
    """Walk to what folds the bar, and unfold it where it is folded, as it is on a telephone."""
    walker.to(words["fold"])
    if walker.page.locator("#daykeep-more").get_attribute("open") is None:
        walker.press("Enter")
    expect(walker.page.locator("#daykeep-more")).to_have_attribute("open", "")


def test_finding_by_words(walk: tuple[Walker, dict[str, str]], base: str) -> None:
    """From the first page: past the head by the first link, words and a day typed, and the page opened that was found."""
    walker, words = walk
    page = walker.page
    page.goto(base)
    walker.to(words["skip"])
    walker.press("Enter")
    expect(page.locator("main")).to_be_focused()
    walker.to(words["search"])
    walker.typed("dwangsom beslissing")
    walker.to(words["on"])
    walker.typed("3-3-2026")
    walker.to(words["ever"])
    walker.to(words["find"])
    walker.press("Enter")
    expect(page.locator("ol.results")).to_be_visible()
    expect(page.locator("main")).to_contain_text("3 maart 2026" if words is NL else "3 March 2026")
    walker.fresh()
    walker.to(words["found"])
    walker.press("Enter")
    expect(page.locator("#daykeep-address")).to_have_text(PAGE)
    archived(page)
    walker.fresh()
    walker.to(words["skip to page"])


def test_finding_by_day(walk: tuple[Walker, dict[str, str]], base: str) -> None:
    """On the calendar a day is typed, or reached among the days; from the day a page is opened, or all of it taken away."""
    walker, words = walk
    page = walker.page
    page.goto(f"{base}/verblijfsdienst/")
    walker.to(words["go to"])
    walker.typed("3-3-2026")
    walker.press("Enter")
    expect(page).to_have_url(f"{base}/verblijfsdienst/{DAYS[1].date}/")
    walker.fresh()
    walker.to("Expat desk")
    page.go_back()
    walker.fresh()
    walker.to("7")
    walker.press("Enter")
    expect(page).to_have_url(f"{base}/verblijfsdienst/{DAYS[5].date}/")
    walker.fresh()
    walker.to(words["wacz"])
    with page.expect_download() as loading:
        walker.press("Enter")
    assert loading.value.suggested_filename.endswith(".wacz")


def test_the_bar(walk: tuple[Walker, dict[str, str]], base: str) -> None:
    """All that the bar has is reached in the order in which it stands there, forth and back, and the bar folds away."""
    walker, words = walk
    page = walker.page
    page.goto(f"{base}/web/{DAYS[1].date}/{PAGE}")
    archived(page)
    unfolded(walker, words)
    for name in (
        "before",
        "after",
        "this page on",
        "show",
        "passage",
        "dating",
        "versions",
        "changed",
        "calendar",
    ):
        walker.to(words[name])
    for name in ("cite", "print", "scriptless"):
        walker.to(words[name])
    walker.to(words["before"], key="Shift+Tab")
    walker.to(words["fold"], key="Shift+Tab")
    walker.press("Enter")
    expect(page.locator("#daykeep-more")).not_to_have_attribute("open", "")
    walker.press("Enter")
    walker.to(words["after"])
    walker.press("Enter")
    expect(page.locator("#daykeep-banner")).to_contain_text("7 maart 2026" if words is NL else "7 March 2026")


def test_citing_and_printing(walk: tuple[Walker, dict[str, str]], base: str) -> None:
    """From the bar to the citation, which is copied, and to paper; and back to the page."""
    walker, words = walk
    page = walker.page
    page.goto(f"{base}/web/{DAYS[1].date}/{PAGE}")
    archived(page)
    unfolded(walker, words)
    walker.to(words["cite"])
    walker.press("Enter")
    expect(page.locator("button.copy").first).to_be_visible()
    walker.fresh()
    walker.to(words["copy"])
    walker.press("Enter")
    expect(page.locator("#copied")).to_contain_text(words["copied"])
    page.go_back()
    archived(page)
    walker.fresh()
    unfolded(walker, words)
    walker.to(words["print"])
    walker.press("Enter")
    expect(page.locator("#daykeep-print")).to_be_visible()
    walker.fresh()
    walker.to(words["print"])
    walker.to(words["back"])
    walker.press("Enter")
    archived(page)


def test_what_is_missing_is_unfolded(walk: tuple[Walker, dict[str, str]], kinds: tuple[str, str]) -> None:
    """Of a page of which parts are missing the list of them is opened, walked and left."""
    walker, words = walk
    page = walker.page
    page.goto(f"{kinds[0]}/web/{TUESDAY}{View(filled=True).modifier}/{SITE}/formulier")
    page.frame_locator("#daykeep-page").locator("h1").wait_for()
    expect(page.locator("#daykeep-parts")).to_have_class(re.compile("lacking"))
    walker.to_match("#daykeep-parts > summary")
    walker.press("Enter")
    expect(page.locator("#daykeep-parts")).to_have_attribute("open", "")
    assert page.locator("#daykeep-parts a").count()
    for _ in page.locator("#daykeep-parts a").all():
        walker.to_match("#daykeep-parts a")
    unfolded(walker, words)
    walker.to_match("#daykeep-page")


def test_into_the_page_and_out(walk: tuple[Walker, dict[str, str]], base: str) -> None:
    """The first link of the bar leads into the archived page; there links are walked and followed, and left both ways."""
    walker, words = walk
    page = walker.page
    page.goto(f"{base}/web/{DAYS[1].date}/{PAGE}")
    within = archived(page)
    walker.to(words["skip to page"])
    walker.press("Enter")
    walker.press("Tab")
    first = focused_in(within)
    assert first
    walker.press("Tab")
    assert focused_in(within) not in {"", first}
    walker.press("Shift+Tab", 2)
    back = walker.look()
    assert back is None or back.place["element"] != "iframe"
    walker.to_match("#daykeep-page")
    seen = set()
    for _ in range(within.locator("a, button, input, summary, [tabindex]").count() + 5):
        seen.add(focused_in(within))
        walker.press("Tab")
        if page.evaluate("document.activeElement.localName") != "iframe":
            break
    assert page.evaluate("document.activeElement.localName") != "iframe"
    assert len(seen - {""}) > 5
