# SPDX-License-Identifier: EUPL-1.2
"""
Real documentation that Debian ships, archived from a real nginx, replayed in Chromium with the server gone.

The small set (the SQLite manual, and the Python tutorial with its search) is part of `make test`; the large one
is the whole Python manual and a reference of C++ of several thousand pages. Where the server stood a listener counts who still asks it: nobody may.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.chromium import difference, visit
from tests.support.complaints import complaints
from tests.support.listening import listening
from tests.support.nginx import Nginx
from tests.support.oracles import oracle
from tests.support.replayed import frame_picture, newest
from tests.support.serving import daykeep, served

pytestmark = pytest.mark.browser

DOCUMENTATION = {
    "sqlite": Path("/usr/share/doc/sqlite3"),
    "python": Path("/usr/share/doc/python3.11/html"),
    "cpp": Path("/usr/share/cppreference/doc/html"),
}
SIZE = (1100, 700)
LIVE_PAGES = (
    "sqlite/index.html",
    "sqlite/lang_select.html",
    "sqlite/arch.html",
    "sqlite/c3ref/open.html",
    "python/tutorial/index.html",
    "python/tutorial/classes.html",
)
SMALL = """
[[site]]
name = "sqlite"
seeds = ["{url}sqlite/index.html"]
scope = "prefix"
exclude = ["^https?://(?!127[.])"]
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]

[[site]]
name = "python"
seeds = ["{url}python/tutorial/index.html"]
scope = "prefix"
include = ["/python/search\\\\.html"]
exclude = ["^https?://(?!127[.])"]
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]
"""
LARGE = """
[[site]]
name = "python"
seeds = ["{url}python/index.html"]
scope = "prefix"
exclude = ["^https?://(?!127[.])"]
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]

[[site]]
name = "cpp"
seeds = ["{url}cpp/en/cpp/index.html"]
scope = "host"
exclude = ["^https?://(?!127[.])"]
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]
"""
# captured at least, a query and a page it must find, pages to be pictured
MANUALS = {
    "python": (
        500,
        "asynchronous context manager",
        "python/reference/datamodel.html",
        ("python/library/os.html", "python/reference/datamodel.html", "python/genindex-all.html"),
    ),
    "cpp": (
        4000,
        "strict weak ordering",
        "cpp/en/cpp/concept/Compare.html",
        ("cpp/en/cpp/index.html", "cpp/en/cpp/container/vector.html"),
    ),
}


@dataclass
class Archived:
    """An archive of real documentation, with pictures of its pages as they were live."""

    config: Path
    live: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    still_asked: list[str] = field(default_factory=list)


def archive(
    folder: Path, template: str, sites: tuple[str, ...], browser: Browser, pages: tuple[str, ...]
) -> Archived:
    """Take one snapshot of each site, and pictures of some pages, from an nginx that is gone afterwards."""
    config = folder / "config" / "daykeep.toml"
    config.parent.mkdir()
    roots = {f"/{name}/": DOCUMENTATION[name] for name in {page.partition("/")[0] for page in pages}}
    with Nginx(roots, folder / "nginx") as server:
        config.write_text(template.format(url=server.url))
        archived = Archived(config, server.url)
        for site in sites:
            done = daykeep("crawl", site, config=config)
            assert done.returncode == 0, done.stderr
        for page in pages:
            with visit(browser, server.url + page, size=SIZE) as seen:
                archived.pictures[page] = seen.page.screenshot()
    return archived


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Archived]:
    made = archive(tmp_path_factory.mktemp("real"), SMALL, ("sqlite", "python"), browser, LIVE_PAGES)
    port = int(re.findall(r":(\d+)/", made.live)[0])
    with listening(port, made.still_asked):
        yield made


@pytest.fixture(scope="module")
def viewer(archived: Archived) -> Iterator[str]:
    with served(archived.config) as base:
        yield base


@pytest.mark.parametrize("site", ["sqlite", "python"])
def test_ledger_adds_up(archived: Archived, site: str) -> None:
    """Every known URL has one outcome, they add up, and nothing was lost on the way."""
    report = json.loads(
        daykeep("ledger", site, newest(archived.config, site), "--json", config=archived.config).stdout
    )
    assert sum(report["totals"].values()) == report["known"] == len({row["url"] for row in report["urls"]})
    assert set(report["totals"]) <= {"captured", "redirect", "http-error", "out-of-scope", "robots"}
    assert report["totals"]["captured"] > {"sqlite": 800, "python": 17}[site]


def test_everything_on_disk_is_in_the_archive(archived: Archived) -> None:
    """Each page that nginx serves and another page links to was captured with its bytes."""
    report = json.loads(
        daykeep(
            "ledger", "sqlite", newest(archived.config, "sqlite"), "--json", config=archived.config
        ).stdout
    )
    prefix = f"{archived.live}sqlite/"
    for row in report["urls"]:
        if row["outcome"] == "http-error":
            assert row["status"] == 404
            assert not (
                DOCUMENTATION["sqlite"] / row["url"].removeprefix(prefix).partition("?")[0]
            ).is_file(), row["url"]


@pytest.mark.parametrize(
    ("query", "page"), [("recursive triggers", "pragma.html"), ('"write-ahead log"', "wal.html")]
)
def test_catalogue_finds_its_words(archived: Archived, query: str, page: str) -> None:
    """Words and phrases of the manual are found where they stand."""
    done = daykeep("search", "sqlite", query, "--limit", "1000", "--json", config=archived.config)
    assert any(hit["url"].endswith(f"/{page}") for hit in json.loads(done.stdout)["pages"])


def test_verify_finds_nothing(archived: Archived) -> None:
    """Everything reads back as it was sealed."""
    done = daykeep("verify", config=archived.config)
    assert (done.returncode, done.stdout) == (0, "")


def test_validators_find_nothing(archived: Archived) -> None:
    """Two validators pass every file, and nothing is there that others are known to complain about."""
    files = sorted(archived.config.parents[1].glob("data/sites/*/snapshots/*/archive/*"))
    assert {path.name.partition("-")[0] for path in files} == {"sqlite", "python"}
    assert oracle("warcio", "check", *files).stdout == ""
    for path in files:
        assert oracle("fastwarc", "check", path).returncode == 0, path
        assert [one for one in complaints(path) if not one.false_alarm] == []


@pytest.mark.parametrize("page", LIVE_PAGES)
def test_replay_looks_like_the_live_page(
    browser: Browser, viewer: str, archived: Archived, page: str
) -> None:
    """The replayed page is, to the pixel almost, what the live server showed."""
    with visit(
        browser, f"{viewer}/web/{newest(archived.config, page.partition('/')[0])}/{archived.live}{page}"
    ) as seen:
        expect(seen.page.frame_locator("#daykeep-page").locator("body")).to_be_visible()
        replayed = frame_picture(seen.page, SIZE)
    assert difference(archived.pictures[page], replayed) < 0.005


def test_links_stay_inside_the_day(browser: Browser, viewer: str, archived: Archived) -> None:
    """Walking from page to page inside the frame never leaves the snapshot."""
    stamp = newest(archived.config, "sqlite")
    with visit(browser, f"{viewer}/web/{stamp}/{archived.live}sqlite/index.html") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        for text in ("Documentation", "SQL Syntax", "SELECT"):
            with seen.page.expect_event("framenavigated"):
                frame.get_by_role("link", name=text, exact=False).first.click()
            expect(frame.locator("body")).to_be_visible()
        assert f"/web/{stamp}/{archived.live}sqlite/" in seen.page.url
        inside = [frame.url for frame in seen.page.frames[1:]]
        assert inside
        assert all(f"//{stamp}" in url for url in inside)
        assert all(re.match(rf"http://({stamp}[^./]*\.)?localhost:", url) for url in seen.requests), (
            seen.requests
        )


def test_search_page_of_the_manual_works(browser: Browser, viewer: str, archived: Archived) -> None:
    """The manual's own search, a script with a large index, finds pages inside the archive."""
    stamp = newest(archived.config, "python")
    with visit(browser, f"{viewer}/web/{stamp}/{archived.live}python/search.html") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        frame.locator(
            "#search-documentation input[name=q], main input[name=q], .body input[name=q]"
        ).first.fill("inheritance")
        frame.locator("#search-documentation input[type=submit], .body input[type=submit]").first.click()
        expect(frame.locator("#search-results")).to_contain_text("Search Results", timeout=15_000)
        expect(frame.locator("#search-results li a").first).to_be_visible(timeout=15_000)


def test_nobody_asked_the_live_server(archived: Archived) -> None:
    """While all of the above was replayed, nothing knocked where the live server stood."""
    assert archived.still_asked == []


@pytest.mark.large
@pytest.mark.parametrize("site", MANUALS)
def test_whole_manual(tmp_path: Path, browser: Browser, site: str) -> None:
    """A whole manual of thousands of addresses: ledger, catalogue, verify and replay, with the server gone."""
    least, words, page, pictured = MANUALS[site]
    made = archive(tmp_path, LARGE, (site,), browser, pictured)
    stamp = newest(made.config, site)
    report = json.loads(daykeep("ledger", site, stamp, "--json", config=made.config).stdout)
    assert sum(report["totals"].values()) == report["known"] == len({row["url"] for row in report["urls"]})
    assert report["totals"]["captured"] > least
    assert daykeep("verify", config=made.config).returncode == 0
    found = daykeep("search", site, words, "--limit", "500", "--json", config=made.config)
    assert f"{made.live}{page}" in {hit["url"] for hit in json.loads(found.stdout)["pages"]}
    port = int(re.findall(r":(\d+)/", made.live)[0])
    with listening(port, made.still_asked), served(made.config) as base:
        for path in pictured:
            with visit(browser, f"{base}/web/{stamp}/{made.live}{path}") as seen:
                expect(seen.page.frame_locator("#daykeep-page").locator("body")).to_be_visible()
                assert difference(made.pictures[path], frame_picture(seen.page, SIZE)) < 0.005, path
    assert made.still_asked == []
