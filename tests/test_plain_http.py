# SPDX-License-Identifier: EUPL-1.2
"""Over plain http, under names that browsers do not trust, no Sec-Fetch field comes: what leans on it fails safe."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import pytest
from msgspec import structs
from playwright.sync_api import Browser, expect

from archiver.settings import Viewer
from tests.support.archive import Archive, Reply, build
from tests.support.chromium import ARGUMENTS, executable, visit
from tests.support.ports import free_port
from tests.support.viewing import serving

pytestmark = pytest.mark.browser

SITE, CDN, MONDAY = "https://www.example.org", "https://cdn.example.net", "20260302023000"
SHEET = f"h1 {{ background: url({CDN}/a.png) }}"
FETCHED = """<!doctype html><title>Fetches</title><h1>Fetches</h1><output></output><script>
fetch('/a.css').then((answer) => answer.text()).then((text) => { document.querySelector('output').textContent = text; });
</script>"""
PAGE = f"""<!doctype html><title>Home</title><h1>Home</h1><script>document.title = "ran"; try {{ top.location = "{CDN}/" }} catch {{}}
</script><a href="/next">next</a>"""
DAY = {
    f"{SITE}/": Reply(PAGE),
    f"{SITE}/next": Reply("<!doctype html><title>Next</title><h1>Next</h1>"),
    f"{SITE}/fetches": Reply(FETCHED),
    f"{SITE}/a.css": Reply(SHEET, "text/css"),
    f"{CDN}/a.png": Reply(b"x", "image/png"),
}


@pytest.fixture(scope="module", params=["names", "paths"])
def viewer(request, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Serve a day under plain names; yield the viewer's address and the replay's of the home page."""
    port = free_port()
    base = f"http://archive.example:{port}"
    by_name = request.param == "names"
    replay = f"http://{{label}}.replay.example:{port}" if by_name else f"http://replay.example:{port}"
    home = (f"http://{MONDAY}-www-example-org.replay.example:{port}" if by_name
            else f"http://replay.example:{port}/replay/{MONDAY}/{SITE}")  # fmt: skip
    with build(tmp_path_factory.mktemp("plain"), {"demo": {MONDAY: DAY}}, port=port) as made:
        settings = structs.replace(made.settings, viewer=Viewer(base, replay))
        with serving(Archive(settings, made.collection, made.history, made.catalogue), port):
            yield base, home


@pytest.fixture(scope="module")
def plain(browser: Browser) -> Iterator[Browser]:
    """Start a Chromium for which every name is this machine."""
    sandbox = () if os.geteuid() else ("--no-sandbox",)
    options = [*ARGUMENTS, "--host-resolver-rules=MAP * 127.0.0.1", *sandbox]
    with browser.browser_type.launch(executable_path=executable(), args=options) as started:
        yield started


def test_a_page_is_replayed_in_its_frame(viewer, plain):
    """Nothing of the frame leans on these fields, which do not come."""
    base, _ = viewer
    with visit(plain) as seen:
        fields = []
        seen.page.on("request", lambda one: fields.append(one.all_headers()))
        seen.page.goto(f"{base}/web/{MONDAY}/{SITE}/")
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("h1")).to_have_text("Home")
        frame.get_by_role("link", name="next").click()
        expect(frame.locator("h1")).to_have_text("Next")
        expect(seen.page).to_have_url(f"{base}/web/{MONDAY}/{SITE}/next")
        assert not any(name.startswith("sec-fetch") for one in fields for name in one)


def test_a_visit_past_the_frame_is_led_into_it(viewer, plain):
    """The script leads it there, before any of the page's runs; an archived script cannot lead it elsewhere."""
    base, home = viewer
    with visit(plain) as seen:
        seen.page.goto(f"{home}/", wait_until="commit")
        expect(seen.page).to_have_url(f"{base}/web/{MONDAY}/{SITE}/")
        expect(seen.page.frame_locator("#daykeep-page").locator("h1")).to_have_text("Home")
        assert all(re.match(r"http://[a-z0-9.-]*\.example[:/]", url) for url in seen.requests)


def test_what_is_fetched_stays_within_the_archive(viewer, plain):
    """A style sheet for a script cannot be told from one for a page, and has no address of the live web."""
    base, _ = viewer
    with visit(plain, f"{base}/web/{MONDAY}/{SITE}/fetches") as seen:
        said = seen.page.frame_locator("#daykeep-page").locator("output")
        expect(said).to_have_text(re.compile("background"))
        assert CDN not in said.inner_text().replace(f"/replay/{MONDAY}/{CDN}", "")


def test_another_page_cannot_ask_for_parts(viewer, plain):
    """By no way that a page of another origin has, archived ones included."""
    base, home = viewer
    question = json.dumps({"moment": MONDAY, "page": f"{SITE}/", "parts": []})
    with visit(plain, f"{base}/about") as seen:
        asked = f"fetch('/web/parts', {{method: 'POST', body: {question!r}, headers: {{'Content-Type': 'application/json'}}}})"
        assert seen.page.evaluate(f"{asked}.then((answer) => answer.status, () => 'refused')") in {
            200,
            "refused",
        }
    with visit(plain, f"{home}/a.css") as seen:
        there = asked.replace("'/web", f"'{base}/web")
        assert seen.page.evaluate(f"{there}.then((answer) => answer.status, () => 'refused')") == "refused"
