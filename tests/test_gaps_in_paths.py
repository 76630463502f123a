# SPDX-License-Identifier: EUPL-1.2
"""Gaps, views and links out in path mode, where all days share one replay origin: the same as elsewhere."""

from __future__ import annotations

import pytest
from msgspec import structs
from playwright.sync_api import expect

from archiver.settings import Viewer
from tests.support.archive import Archive, build
from tests.support.chromium import follow, visit
from tests.support.ports import free_port
from tests.support.viewing import serving
from tests.test_gaps import CDN, DAYS, MONDAY, SITE, WEDNESDAY, Reply

pytestmark = pytest.mark.browser

AWAY = "https://www.elsewhere.example"
LINKS = f'<!doctype html><title>L</title><p>links</p><a id=out href="{AWAY}/a?b">out</a><a id=lost href="/only-monday">lost</a>'


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    made = DAYS | {WEDNESDAY: DAYS[WEDNESDAY] | {f"{SITE}/links": Reply(LINKS)}}
    with build(tmp_path_factory.mktemp("paths") / "data", {"demo": made}, port=port) as built:
        viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
        settings = structs.replace(built.settings, viewer=viewer)
        archive = Archive(settings, built.collection, built.history, built.catalogue)
        with serving(archive, port) as base:
            yield base


def test_parts_are_told(browser, address):
    """The banner lists what the page and the frame within it asked for, and missing images are marked."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/", locale="en-GB") as seen:
        told = seen.page.locator("#daykeep-parts")
        expect(told).to_contain_text(f"{SITE}/deep.png")
        expect(told).to_contain_text(f"{CDN}/logo.png")
        expect(told).not_to_contain_text("Counted are")
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("#lost")).to_have_css("outline-style", "dashed")
        expect(frame.locator("#broken")).to_have_css("outline-style", "none")


def test_filled_and_unfilled_never_mix(browser, address):
    """Each view shows its own, in any order of visiting, with a warm cache."""
    plain, filled = f"{address}/web/{WEDNESDAY}/{SITE}/", f"{address}/web/{WEDNESDAY}fg_/{SITE}/"
    with visit(browser, plain, locale="en-GB") as seen:
        for where, width in ((plain, 0), (filled, 1), (plain, 0), (filled, 1)):
            seen.page.goto(where)
            told = seen.page.locator("#daykeep-parts")
            expect(told).not_to_contain_text("Counted are")
            lost = seen.page.frame_locator("#daykeep-page").locator("#lost")
            expect(lost).to_have_js_property("naturalWidth", width)
            summary = expect(told.locator("summary"))
            summary.to_contain_text("of another day" if width else "missing")
            if not width:
                summary.not_to_contain_text("of another day")


@pytest.mark.parametrize(
    ("link", "url", "heading"),
    [
        ("out", f"{AWAY}/a?b", "Outside this archive"),
        ("lost", f"{SITE}/only-monday", "Not in the archive on this day"),
    ],
)
def test_links_out(browser, address, link, url, heading):
    """A link to what is not there ends on the viewer's page that says so, and the way back is the page before."""
    with visit(browser, f"{address}/web/{WEDNESDAY}/{SITE}/links", locale="en-GB") as seen:
        follow(seen, seen.page.frame_locator("#daykeep-page").locator(f"#{link}"))
        seen.page.wait_for_url(f"{address}/web/{WEDNESDAY}/{url}*")
        expect(seen.page.locator("h1")).to_have_text(heading)
        expect(seen.page.locator(".live a")).to_have_attribute("href", url)
        seen.page.go_back()
        expect(seen.page.frame_locator("#daykeep-page").locator("p")).to_have_text("links")


def test_without_scripts(browser, address):
    """The view without scripts shows the page, and a sign where an image is missing."""
    with visit(browser, f"{address}/web/{MONDAY}ns_/{SITE}/only-monday") as seen:
        expect(seen.page.frame_locator("#daykeep-page").locator("p")).to_have_text("only monday")
        seen.page.goto(f"{address}/web/{WEDNESDAY}ns_/{SITE}/")
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("#lost")).to_have_js_property("naturalWidth", 24)
        assert not any("replay.js" in url for url in seen.requests)
