# SPDX-License-Identifier: EUPL-1.2
"""
Debian's Chromium, driven by playwright: pages with everything they did, and the difference of two screenshots.

    with sync_playwright() as playwright, launch(playwright) as browser, visit(browser, url) as seen:
        seen.page.screenshot()
        assert seen.problems == []

playwright's own browser is never downloaded. A missing Chromium is an error with what to do, never a skip.

`launch` starts Chromium's headless shell, Debian's package beside Chromium: the same engine without windows, toolbars
and profiles, in which a page costs a fifth. What the browser around the engine does itself (what it fetches ahead,
which scheme it prefers, frames on paper) is tried in the whole of Chromium, `executable()`; `make test-large` takes that for all.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserType, Locator, Page, Playwright, Request

NAMES = ("chromium", "chromium-headless-shell")
WHOLE = "DAYKEEP_WHOLE_CHROMIUM"
"""In the environment: every test in a browser takes the whole of Chromium."""

# A browser that asks for nothing but the page under test and draws it the same on every machine.
ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--accept-lang=en-US,en",  # as the whole of Chromium says by itself
)

VIEWPORT = (1280, 800)  # CSS pixels
PATIENCE = 250  # looks, 20 ms apart, for the page that a click asks for


def executable(names: Sequence[str] = NAMES) -> str:
    """Return the path of Chromium. Raises RuntimeError with what to install when it is not there."""
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    raise RuntimeError(
        "Chromium is not on this machine; run `make machine`, or install Debian's package chromium"
    )


def shell() -> str:
    """Return the path of the headless shell; that of Chromium where it is not there, or the whole is wanted."""
    return executable(NAMES if os.environ.get(WHOLE) else NAMES[::-1])


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a screen; close it, or use it as a context manager."""
    return playwright.chromium.launch(executable_path=shell(), args=[*ARGUMENTS, *_sandbox()])


def launch_whole(kind: BrowserType, *more: str) -> Browser:
    """Start the whole of Chromium; `more` are further arguments."""
    return kind.launch(executable_path=executable(), args=[*ARGUMENTS, *more, *_sandbox()])


def _sandbox() -> tuple[str, ...]:
    return () if os.geteuid() else ("--no-sandbox",)  # Chromium refuses its sandbox to root


@dataclass(slots=True)
class Seen:
    """A page and what it did since it was opened, in the order it happened."""

    page: Page
    problems: list[str] = field(default_factory=list)  # console errors and uncaught exceptions
    requests: list[str] = field(default_factory=list)  # every URL asked for, frames and workers included
    failed: list[str] = field(default_factory=list)  # URLs that got no response at all

    def watch(self) -> None:
        """Collect from the page from now on."""
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console", lambda said: self.problems.append(said.text) if said.type == "error" else None
        )
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.context.on("request", lambda request: self.requests.append(request.url))


@contextmanager
def visit(
    browser: Browser,
    url: str | None = None,
    *,
    size: tuple[int, int] = VIEWPORT,
    wait_until: Any = "load",
    **context: Any,
) -> Iterator[Seen]:
    """
    Open `url` in a context of its own (no shared cookies, cache or storage) and collect what it does.

    Without a URL the page is blank, for tests that set something up first. `context` goes to playwright's
    `new_context`: `java_script_enabled=False`, `locale="nl-NL"` and so on.
    """
    opened = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
    try:
        seen = Seen(opened.new_page())
        seen.watch()
        if url is not None:
            seen.page.goto(url, wait_until=wait_until)
        yield seen
    finally:
        opened.close()


def follow(seen: Seen, link: Locator, *, tries: int = 3) -> None:
    """
    Click what leads away from the page in a frame, until the browser asks for another.

    A click goes to where a frame of another process was drawn last. Once in some ten thousand on a busy machine nothing
    comes of it, though the driver says that it was clicked; a visitor clicks again. Raises AssertionError with
    what was seen when a page was never asked for.
    """
    asked: list[str] = []

    def note(one: Request) -> None:
        if one.is_navigation_request():
            asked.append(one.url)

    seen.page.context.on("request", note)
    try:
        for _ in range(tries):
            link.click()
            for _ in range(PATIENCE):
                if asked:
                    return
                seen.page.wait_for_timeout(20)
    finally:
        seen.page.context.remove_listener("request", note)
    shown = [frame.url for frame in seen.page.frames]
    raise AssertionError(f"{tries} clicks on {link} and no page asked for: {shown}, {seen.problems}")


def difference(one: bytes, other: bytes, *, tolerance: int = 16) -> float:
    """
    Return the share, 0 to 1, of pixels in which two pictures differ by more than `tolerance` of 255 in a colour.

    Pictures of unequal size are laid on each other at the top left; what only one of them covers, or neither
    does within the rectangle around both, counts as different.
    """
    first, second = (Image.open(BytesIO(data)).convert("RGB") for data in (one, other))
    common = (0, 0, min(first.width, second.width), min(first.height, second.height))
    bands = ImageChops.difference(first.crop(common), second.crop(common)).split()
    strongest = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    equal = sum(strongest.histogram()[: tolerance + 1])
    return 1 - equal / (max(first.width, second.width) * max(first.height, second.height))
