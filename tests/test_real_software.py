# SPDX-License-Identifier: EUPL-1.2
"""
Software that websites are made with, archived and replayed in Chromium with its server gone: WordPress, and Vite.

A picture of each live page and what its console said are kept; the replayed page looks the same, and says nothing of
which the live page was silent. Where the server stood somebody listens for who still asks: nobody may. Sphinx, with
its search, is in tests/test_real_site.py.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.support.chromium import difference, visit
from tests.support.listening import listening
from tests.support.nginx import Nginx
from tests.support.replayed import frame_picture, newest
from tests.support.serving import daykeep, served
from tests.support.wordpress import wordpress

pytestmark = [pytest.mark.browser, pytest.mark.large]

SIZE = (1100, 900)
ALIKE = 0.005
"""Share of pixels that may differ: the caret, the edges of letters."""

NOT_LOADED = "something was not loaded"

VITE = Path(__file__).parent / "vite_app"
CONFIG = """
[[site]]
name = "site"
seeds = [{seeds}]
scope = "host"
embeds = "scope"
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]
"""


def archived(folder: Path, *seeds: str) -> tuple[Path, str]:
    """Crawl a site once; return the configuration and the timestamp of the snapshot."""
    config = folder / "archive" / "config" / "daykeep.toml"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG.format(seeds=", ".join(f'"{seed}"' for seed in seeds)))
    done = daykeep("crawl", "site", config=config)
    assert done.returncode in {0, 3}, done.stderr
    assert daykeep("verify", config=config).returncode == 0
    return config, newest(config, "site")


@contextmanager
def replayed(config: Path, url: str) -> Iterator[str]:
    """Serve the archive, with a listener where the live site stood; nobody may have asked it at the end."""
    heard: list[str] = []
    with listening(int(re.findall(r":(\d+)/", url)[0]), heard), served(config) as base:
        yield base
    assert heard == []


def shown(page: Page) -> FrameLocator:
    """Return what the viewer's frame shows."""
    return page.frame_locator("#daykeep-page")


# ---- WordPress


def picture() -> str:
    """Return a PNG with a gradient, in base64."""
    out = BytesIO()
    Image.linear_gradient("L").resize((640, 320)).convert("RGB").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


WORDPRESS_PAGES = ("", "bericht-1/", "bericht-6/", "contact/", "2026/02/")


def test_wordpress(tmp_path: Path, browser: Browser) -> None:
    """Every kind of page of a WordPress is the same after its database, PHP and server are gone."""
    tmp_path.chmod(0o755)
    live: dict[str, tuple[bytes, set[str]]] = {}
    with wordpress(tmp_path / "site", picture()) as url:
        for path in WORDPRESS_PAGES:
            with visit(browser, url + path, size=SIZE, wait_until="networkidle") as seen:
                live[path] = seen.page.screenshot(), said(seen.problems)
        config, stamp = archived(tmp_path, url)
    with replayed(config, url) as base:
        for path in WORDPRESS_PAGES:
            with visit(browser, f"{base}/web/{stamp}/{url}{path}", wait_until="networkidle") as seen:
                expect(shown(seen.page).locator("body")).to_be_visible()
                assert difference(live[path][0], frame_picture(seen.page, SIZE)) < ALIKE, path
                assert said(seen.problems) <= live[path][1], path
        walk_through_wordpress(browser, f"{base}/web/{stamp}/{url}")


def said(problems: list[str]) -> set[str]:
    """
    Return what a console said, without addresses, which are others in an archive.

    A picture of a host that nobody could reach (WordPress asks one for faces) is told as a failure live, and as
    refused by the policy in an archive that has nothing of the host: both say that it is not there.
    """
    plain = (re.sub(r"\S*://\S*", "URL", problem) for problem in problems)
    return {
        NOT_LOADED if re.match(r"Failed to load|Loading the image URL violates", one) else one
        for one in plain
    }


def walk_through_wordpress(browser: Browser, start: str) -> None:
    """Go from the front page to a post, to the one before, and back: links and pictures work."""
    with visit(browser, start) as seen:
        frame = shown(seen.page)
        frame.get_by_role("link", name="Bericht 6", exact=True).first.click()
        expect(frame.locator("h1.entry-title")).to_have_text("Bericht 6")
        expect(frame.locator(".comment-content")).to_contain_text("Dank voor bericht 6.")
        drawn = frame.locator("img.wp-post-image").first.evaluate(
            "image => image.complete && image.naturalWidth"
        )
        assert drawn > 100
        frame.locator(".nav-previous a").click()
        expect(frame.locator("h1.entry-title")).to_have_text("Bericht 5")
        seen.page.go_back()
        expect(frame.locator("h1.entry-title")).to_have_text("Bericht 6")


# ---- a single-page application


@contextmanager
def vite(folder: Path) -> Iterator[str]:
    """Build the application with its own tools, and serve it as its documentation says."""
    source = folder / "app"
    shutil.copytree(VITE, source, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npx", "vite", "build"]):
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    fallback = f"root {source / 'dist'}; location / {{ try_files $uri /index.html; }}"
    with Nginx({}, folder / "nginx", server=fallback) as server:
        yield server.url


VITE_PAGES = {"": "/", "leges": "/leges", "rekenen": "/rekenen", "bestaat-niet": "/bestaat-niet"}


def test_single_page_application(tmp_path: Path, browser: Browser) -> None:
    """Every view of a Vite application is there: chunks, modules, a worker, data and routes, with the server gone."""
    live: dict[str, tuple[bytes, set[str]]] = {}
    with vite(tmp_path / "site") as url:
        for path, view in VITE_PAGES.items():
            with visit(browser, url + path, size=SIZE) as seen:
                expect(seen.page.locator("main")).to_have_attribute("data-shown", view)
                live[path] = seen.page.screenshot(), said(seen.problems)
        config, stamp = archived(tmp_path, *(url + path for path in VITE_PAGES))
    with replayed(config, url) as base:
        for path, view in VITE_PAGES.items():
            with visit(browser, f"{base}/web/{stamp}/{url}{path}") as seen:
                expect(shown(seen.page).locator("main")).to_have_attribute("data-shown", view)
                assert difference(live[path][0], frame_picture(seen.page, SIZE)) < ALIKE, path
                assert said(seen.problems) <= live[path][1], path
        walk_through_application(browser, f"{base}/web/{stamp}/{url}")


def walk_through_application(browser: Browser, start: str) -> None:
    """Go from view to view without a page being loaded: the address follows, and the way back works."""
    with visit(browser, start) as seen:
        frame = shown(seen.page)
        frame.get_by_role("link", name="Leges").click()
        expect(frame.locator("td").last).to_have_text("€ 1091")
        expect(seen.page).to_have_url(re.compile(r"/web/\d{14}/http://127\.0\.0\.1:\d+/leges$"))
        frame.get_by_role("link", name="Rekenen").click()
        expect(frame.locator("output")).to_have_text("500500")
        seen.page.go_back()
        expect(frame.locator("main")).to_have_attribute("data-shown", "/leges")


def test_the_ledger_of_an_application_adds_up(tmp_path: Path) -> None:
    """Each chunk that the application may ask for was found in its scripts."""
    with vite(tmp_path / "site") as url:
        config, stamp = archived(tmp_path, url)
    report = json.loads(daykeep("ledger", "site", stamp, "--json", config=config).stdout)
    outcomes = {row["url"].removeprefix(url): row["outcome"] for row in report["urls"]}
    built = {path.name for path in (tmp_path / "site" / "app" / "dist" / "assets").iterdir()}
    assert {f"assets/{name}" for name in built} <= {
        path for path, outcome in outcomes.items() if outcome == "captured"
    }
