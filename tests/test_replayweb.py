# SPDX-License-Identifier: EUPL-1.2
"""
An exported WACZ, judged by its reference validator and by ReplayWeb.page in Chromium.

The day is the second of the demonstration: most of its pages, styles and images were answered with 304 and stand in
the archive as revisits. Nothing of a test leaves this machine.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from index.cdxj import Index
from tests.support.chromium import visit
from tests.support.command import inside
from tests.support.oracles import oracle
from tests.support.replayweb import address, served

pytestmark = pytest.mark.browser

SITE, DAY, LAST = "verblijfsdienst", "2026-03-03", "2026-03-04"
HOST, STAMP = "http://www.verblijfsdienst.example", "20260303020000"
UNCHANGED = f"{HOST}/nl/wachttijden"
RANGES = {"day": [], "range": ["--to", LAST], "prefix": ["--url", f"{HOST}/en/"]}


@pytest.fixture(scope="module")
def exported(demo, tmp_path_factory):
    """Return a function that exports the day as a WACZ, once for each kind."""
    made: dict[tuple[str, ...], Path] = {}

    def get(*words: str) -> Path:
        if words not in made:
            made[words] = tmp_path_factory.mktemp("wacz") / "day.wacz"
            ran = inside(demo, "export", SITE, DAY, "-o", made[words], *words)
            assert ran.status == 0, ran.err
        return made[words]

    return get


@pytest.fixture(scope="module")
def viewer(exported, tmp_path_factory):
    """Yield the address of the viewer that shows the day."""
    with served(tmp_path_factory.mktemp("replayweb"), exported()) as base:
        yield base


def lines(wacz: Path, folder: Path):
    """Return the captures that a WACZ lists."""
    with zipfile.ZipFile(wacz) as file:
        file.extract("indexes/index.cdxj", folder)
    with Index(folder / "indexes" / "index.cdxj") as index:
        return [*index.captures()]


def hosts(seen) -> set[str]:
    return {re.sub(r"^\w+://([^/]*)/.*", r"\1", url) for url in seen.requests if "://" in url}


# ---- the reference validator -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["wacz", "wacz-stored"])
@pytest.mark.parametrize("what", RANGES)
def test_wacz_is_valid_for_its_own_tool(exported, what, profile):
    """`wacz validate` accepts a day, several days and part of a day, with full responses and as stored."""
    ran = oracle("wacz", "validate", "-f", exported(*RANGES[what], "--profile", profile))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Validation succeeded" in ran.stdout


# ---- ReplayWeb.page --------------------------------------------------------------------------------------------


def test_front_page_renders(browser, viewer):
    """The front page is there with its text, its image, its styles and its fonts."""
    with visit(browser) as seen:
        seen.page.goto(address(viewer, f"{HOST}/nl/", STAMP))
        frame = seen.page.frame_locator("iframe")
        expect(frame.locator("h1")).to_have_text("Welkom bij de Verblijfsdienst", timeout=20_000)
        expect(frame.locator("link[rel=stylesheet]").first).to_be_attached()
        body = frame.locator("body")
        body.evaluate(
            "() => new Promise(done => document.readyState === 'complete' ? done() : onload = done)"
        )
        assert body.evaluate("() => [...document.images].map(image => image.naturalWidth > 0)") == [True]
        rules = body.evaluate(
            "() => [...document.styleSheets].filter(one => one.href).map(one => one.cssRules.length)"
        )
        assert [count > 10 for count in rules] == [True]
        assert body.evaluate("() => document.fonts.ready.then(() => document.fonts.size)") > 0
        assert hosts(seen) == {viewer.split("/")[2]}


def test_linked_page_that_did_not_change(browser, viewer, demo):
    """A page that the archive has as a revisit of the day before opens by its link, on its own day."""
    with Index(next(demo.parents[1].glob(f"data/sites/*/snapshots/{STAMP}/indexes/index.cdxj"))) as index:
        stored = index.find(UNCHANGED)
    assert (stored.mime, stored.status) == ("warc/revisit", 304)
    with visit(browser) as seen:
        seen.page.goto(address(viewer, f"{HOST}/nl/", STAMP))
        frame = seen.page.frame_locator("iframe")
        frame.get_by_role("link", name="Wachttijden").first.click(timeout=20_000)
        expect(frame.locator("h1")).to_contain_text("Wachttijden", timeout=20_000)
        there = frame.locator("body").evaluate("() => location.href")
        # the second in which it was asked for depends on the machine
        assert re.search(rf"/{STAMP[:8]}\d{{6}}mp_/{re.escape(UNCHANGED)}$", there), there
        assert frame.locator("table, p").count() > 2
        assert hosts(seen) == {viewer.split("/")[2]}


FETCH = """async (urls) => Promise.all(urls.map(async (url) => {
    const answer = await fetch(url), body = await answer.arrayBuffer();
    const digest = [...new Uint8Array(await crypto.subtle.digest("SHA-256", body))];
    return [answer.status, digest.map(byte => byte.toString(16).padStart(2, "0")).join("")];
}))"""


def test_revisited_resources_resolve(browser, viewer, exported, tmp_path):
    """Every image and font of the day, unchanged since the day before, comes out with its bytes."""
    parts = [
        one
        for one in lines(exported(), tmp_path)
        if one.mime in {"image/png", "image/jpeg", "font/woff2"} and one.status == 200
    ]
    assert len(parts) > 5
    with visit(browser) as seen:
        seen.page.goto(address(viewer, f"{HOST}/nl/", STAMP))
        frame = seen.page.frame_locator("iframe")
        expect(frame.locator("h1")).to_be_visible(timeout=20_000)
        got = frame.locator("body").evaluate(f"(body, urls) => ({FETCH})(urls)", [one.url for one in parts])
    assert got == [[200, one.digest.removeprefix("sha256:")] for one in parts]


def test_list_and_search_of_pages(browser, viewer, exported):
    """The list has every page of the day, and the search finds one by words of its title."""
    with zipfile.ZipFile(exported()) as file:
        pages = [json.loads(line) for line in file.read("pages/pages.jsonl").splitlines()[1:]]
    with visit(browser) as seen:
        seen.page.goto(address(viewer))
        entries = seen.page.locator("wr-page-entry")
        expect(seen.page.get_by_text(f"{len(pages)} pages")).to_be_visible(timeout=20_000)
        seen.page.get_by_placeholder("Search by Page URL, Title, or Text").fill("wachttijden")
        expect(entries).to_have_count(1, timeout=20_000)
        expect(entries.first).to_contain_text(UNCHANGED)
        expect(entries.first).to_contain_text("Wachttijden")


def test_stored_revisits_are_not_looked_up(browser, exported, tmp_path):
    """
    Of records as stored, ReplayWeb.page shows what a 304 stands for as nothing: why `wacz` has full responses.

    When this fails, the viewer has learnt it, and docs/validators.md is to say so.
    """
    with served(tmp_path, exported("--profile", "wacz-stored")) as base, visit(browser) as seen:
        seen.page.goto(address(base, f"{HOST}/nl/", STAMP))
        frame = seen.page.frame_locator("iframe")
        expect(frame.locator("h1")).to_be_visible(timeout=20_000)
        sizes = frame.locator("body").evaluate("() => [...document.images].map(image => image.naturalWidth)")
    assert sizes == [0]
