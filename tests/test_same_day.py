# SPDX-License-Identifier: EUPL-1.2
"""Two days of one page with different figures in it never mix, in any order, with a warm cache, going back and forth."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.feature_site.answers import png
from tests.support.archive import Reply, build
from tests.support.chromium import visit
from tests.support.ports import free_port
from tests.support.viewing import serving

pytestmark = pytest.mark.browser

SITE, CDN = "https://www.example.org", "https://cdn.example.org"
DAYS = {"20260302023000": 11, "20260303023000": 22}
"""Each day, and its figure: how wide the picture is, and what script and data say."""

PAGE = f"""<!doctype html><title>Figures</title><img id=own src=/figure.png><img id=far src={CDN}/figure.png>
<p id=said></p><p id=data></p><script src=/figure.js></script>
<script>fetch("{CDN}/figure.json").then((a) => a.json()).then((figure) => {{ data.textContent = figure }})</script>"""


def day(figure: int) -> dict[str, Reply]:
    """Return one day, all of whose addresses are those of the other."""
    open_to_all = (("Access-Control-Allow-Origin", "*"), ("Cache-Control", "public, max-age=9999999"))
    return {
        f"{SITE}/": Reply(PAGE),
        f"{SITE}/figure.png": Reply(png(figure), "image/png", headers=open_to_all),
        f"{CDN}/figure.png": Reply(png(figure), "image/png", headers=open_to_all),
        f"{SITE}/figure.js": Reply(f"said.textContent = {figure}", "text/javascript", headers=open_to_all),
        f"{CDN}/figure.json": Reply(f"{figure}", "application/json", headers=open_to_all),
    }


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    days = {stamp: day(figure) for stamp, figure in DAYS.items()}
    with (
        build(tmp_path_factory.mktemp("days") / "data", {"demo": days}, port=port) as built,
        serving(built, port) as base,
    ):
        yield base


def shows(page, stamp):
    """Expect each part of the page to be that of the day."""
    frame, figure = page.frame_locator("#daykeep-page"), DAYS[stamp]
    for part in ("#own", "#far"):
        expect(frame.locator(part)).to_have_js_property("naturalWidth", figure)
    for part in ("#said", "#data"):
        expect(frame.locator(part)).to_have_text(str(figure))


FIRST, SECOND = DAYS
ORDERS = [(FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND, FIRST), (SECOND, FIRST, SECOND)]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(stamp[7] for stamp in order))
def test_figures_never_mix(browser, address, order):
    """Whatever day is visited after whatever, and gone back to, its figures are its own."""
    with visit(browser) as seen:
        for stamp in order:
            seen.page.goto(f"{address}/web/{stamp}/{SITE}/")
            shows(seen.page, stamp)
        for stamp in order[-2::-1]:
            seen.page.go_back()
            shows(seen.page, stamp)
        for stamp in order[1:]:
            seen.page.go_forward()
            shows(seen.page, stamp)
