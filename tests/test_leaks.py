# SPDX-License-Identifier: EUPL-1.2
"""
An archived page that tries to reach the live web, in every way we know, reaches nothing: not even a connection.

In the viewer's frame, and opened by itself, in Chromium. The same pages live do reach it: only then the silence of
the archive says something. tests/support/leaks.py has the ways. Those that leave each other alone are tried some to
a page; that each is tried in a page of its own too takes minutes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page

from index.urlkey import origin
from tests.feature_site.playing import launch
from tests.support.archive import Reply, build
from tests.support.leaks import ALONE, TOGETHER, WAYS, Listener, together
from tests.support.ports import free_port
from tests.support.sites import Web
from tests.support.some import some_at_once
from tests.support.viewing import serving
from viewer.addresses.label import make

pytestmark = pytest.mark.browser

SITE, DAY = "http://leaks.test", "20260302023000"
BATCH = 16
"""Pages open at once."""

PATIENCE = 10
"""Seconds that the pages which are open at once may take."""

ROUNDS = 4
"""How often a live page is opened of which nothing was heard, anew and by itself from the second time on."""

TRIED = """() => document.readyState === 'complete'
  && (document.documentElement.dataset?.tried || document.contentType !== 'text/html')"""
SILENT_LIVE = frozenset({
    "apple-icon", "background-fetch", "dns-prefetch", "fenced-frame", "frame-nested", "icon", "link-preconnect",
    "link-style-sheet", "manifest", "nel", "preconnect", "preconnect-icon", "prerender", "reporting", "source-map",
    "speculation-document", "speculation-prerender", "svg-use", "track", "webrtc-svg-link", "worker", "xslt",
})  # fmt: skip
"""Ways that Chromium 156 does not go live either, without a window or without TLS."""


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Browser]:
    with launch(browser.browser_type) as started:
        yield started


LEADING = (
    "redirect", "refresh-field", "meta-refresh", "location", "location-replace", "top", "parent", "open", "link-top", "link-blank",
    "form-post", "base", "written", "frameset", "svg-document-script", "xhtml-document", "xslt-made", "webrtc-one-piece",
)  # fmt: skip
"""Of those that take a page of their own, one of each kind."""
FEW = (
    "redirect",
    "location",
    "top",
    "open",
    "link-blank",
    "form-post",
    "written",
    "frameset",
    "svg-document-script",
)
"""Those of them that `make test` also tries by themselves and in path mode; `make test-large` tries all."""
OTHERS = [name for name in ALONE if name not in LEADING]
assert len(OTHERS) > 30


def ways(*names: str) -> pytest.MarkDecorator:
    """Run a test with these pages, and with a page for every way: that takes minutes."""
    apart = pytest.param(tuple(WAYS), id="apart", marks=pytest.mark.large)
    return pytest.mark.parametrize("names", [pytest.param(names, id="together"), apart])


def answers(live: Listener) -> dict[str, Reply]:
    """Return every page of every way, by path."""
    found: dict[str, Reply] = {"/end": Reply("<!doctype html><title>end</title>end")}
    for name, way in WAYS.items():
        found |= way.pages(name, live.base(name))
    return found | {f"/{page}": together(names, live.base) for page, names in TOGETHER.items()}


@pytest.fixture(scope="module")
def live() -> Iterator[Listener]:
    with Listener() as listening:
        yield listening


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory, live: Listener) -> Iterator[str]:
    port = free_port()
    day = {f"{SITE}{path}": reply for path, reply in answers(live).items()}
    folder: Path = tmp_path_factory.mktemp("leaks") / "data"
    with build(folder, {"demo": {DAY: day}}, port=port) as built, serving(built, port) as base:
        yield base


def try_all(
    context: BrowserContext,
    names: Sequence[str],
    address: Callable[[str], str],
    *,
    is_done: Callable[[str], bool] = lambda _name: True,
    batch: int = BATCH,
) -> None:
    """Open each page, some at once, and close them when they have tried and are done."""
    clock = context.new_page()
    for start in range(0, len(names), batch):
        some = names[start : start + batch]
        opened = {name: _open(context, address(name)) for name in some}
        until, tried = time.monotonic() + PATIENCE, set[str]()
        while time.monotonic() < until and not all(
            (name in tried or _is_elsewhere(page, address(name))) and is_done(name)
            for name, page in opened.items()
        ):
            clock.wait_for_timeout(100)
            tried |= {name for name in opened.keys() - tried if _says_so(opened[name], address(name))}
        for page in opened.values():
            page.close()


def _open(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    with contextlib.suppress(Error):  # a page that went elsewhere meanwhile
        page.goto(address, wait_until="commit")
    return page


def _frames_of(page: Page, address: str) -> list[Frame]:
    """Return the frames that show the archived page itself; none once it has gone elsewhere."""
    name = address.rpartition("/")[2]
    return [frame for frame in page.frames if frame.url.endswith(f"/{name}") and "/web/" not in frame.url]


def _says_so(page: Page, address: str) -> bool:
    """Tell whether a page says that it has tried. To ask costs more than to look where it is."""
    shown = _frames_of(page, address)
    with contextlib.suppress(Error):  # it goes elsewhere meanwhile
        return bool(shown and shown[-1].evaluate(TRIED))
    return False


def _is_elsewhere(page: Page, address: str) -> bool:
    """Tell whether a page is no longer there to say anything."""
    name = address.rpartition("/")[2]
    waiting = len(page.frames) == 1 and "/web/" in page.url and page.url.endswith(f"/{name}")
    return not waiting and not _frames_of(page, address)


def hear(context: BrowserContext, live: Listener) -> dict[str, list[str]]:
    """Return what was heard, once something that is sent now has arrived."""
    page = context.new_page()
    with contextlib.suppress(Error):
        page.goto(live.base("sentinel"))
    page.close()
    assert live.heard.pop("sentinel")
    return dict(live.heard)


@ways(*TOGETHER)
def test_live_pages_do_reach_it(chromium: Browser, live: Listener, names: Sequence[str]) -> None:
    """The same pages, served live, reach the listener."""
    live.heard.clear()
    with Web(
        {path: (one.status, dict(one.fields()), one.payload) for path, one in answers(live).items()}
    ) as web:
        left, batch = list(names), BATCH
        for _ in range(ROUNDS):  # a browser may put off what it does by itself, such as a prefetch
            context = chromium.new_context()
            try_all(
                context,
                left,
                lambda name: f"http://127.0.0.1:{web.port}/{name}",
                is_done=lambda name: not _unheard(name, live),
                batch=batch,
            )
            context.close()
            left, batch = [name for name in left if _unheard(name, live)], 1
    assert sum(len(_ways_of(name)) for name in names) > 100
    assert {name: _unheard(name, live) for name in left} == {}


def _ways_of(name: str) -> Sequence[str]:
    return TOGETHER.get(name, (name,))


def _unheard(name: str, live: Listener) -> set[str]:
    """Return the ways of a page of which nothing was heard yet, and should be."""
    return set(_ways_of(name)) - SILENT_LIVE - set(live.heard)


@ways(*TOGETHER, *LEADING)
def test_nothing_is_reached_in_the_frame(
    chromium: Browser, live: Listener, viewer: str, names: Sequence[str]
) -> None:
    """In the viewer's frame no way leads out, and the viewer's page stays where it is."""
    live.heard.clear()
    context = chromium.new_context()
    try_all(context, names, lambda name: f"{viewer}/web/{DAY}/{SITE}/{name}")
    assert hear(context, live) == {}
    context.close()


@pytest.mark.parametrize("names", some_at_once(OTHERS, 3))
def test_no_other_way_leads_out_of_the_frame(
    browser: Browser, live: Listener, viewer: str, names: Sequence[str]
) -> None:
    """
    Nor do those that are like one of the leading ones, here in the engine alone, which is what goes there.

    In the whole of Chromium all of them are large, here two thirds.
    """
    live.heard.clear()
    with browser.new_context() as context:
        try_all(context, names, lambda name: f"{viewer}/web/{DAY}/{SITE}/{name}")
        assert hear(context, live) == {}


@ways(*TOGETHER, *FEW)
def test_nothing_is_reached_by_itself(
    chromium: Browser, live: Listener, viewer: str, names: Sequence[str]
) -> None:
    """Who opens the replay address itself is led into the frame, and no way leads out."""
    live.heard.clear()
    context = chromium.new_context()
    label = make(DAY, origin(f"{SITE}/"))
    replayed = viewer.replace("localhost", f"{label}.localhost")
    try_all(context, names, lambda name: f"{replayed}/{name}")
    assert hear(context, live) == {}
    context.close()
