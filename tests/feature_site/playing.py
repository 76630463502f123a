# SPDX-License-Identifier: EUPL-1.2
"""
The pages of the feature site in Chromium, wherever they are shown, and what their features say of themselves.

    with launch(playwright.chromium) as browser:
        verdicts = play(browser, lambda url: f"{base}/web/{day}/{url}")
        verdicts[101].passed

Knows nothing of archives.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserType, Error, Frame, Page

from tests.support.chromium import ARGUMENTS, executable, visit

from .answers import ORIGINS, SITE
from .server import PAGES

PATIENCE = 60_000
"""Milliseconds that a page may take to say that it is done; each of its features gives itself twenty seconds."""

_FEATURE = re.compile(r"\bfeature\((\d+), \"([^\"]+)\"")
_READ = """() => [...document.querySelectorAll("[data-feature]")].map(({ dataset }) =>
  [Number(dataset.feature), dataset.verdict, dataset.said || ""])"""
_SPOKEN = """(silent) => [...document.querySelectorAll("[data-feature]")].every(({ dataset }) =>
  dataset.verdict !== "waiting" || silent.includes(Number(dataset.feature)))"""
_DONE = "() => document.documentElement && document.documentElement.dataset.features === 'done'"


@dataclass(frozen=True, slots=True)
class Feature:
    number: int
    title: str
    page: str


@dataclass(frozen=True, slots=True)
class Verdict:
    feature: Feature
    passed: bool
    said: str
    """What was wrong, where something was."""


def features() -> list[Feature]:
    """Return every feature there is, as the pages have them, in the order of their numbers."""
    found = [
        Feature(int(number), title, file.name)
        for file in PAGES.glob("*.html")
        for number, title in _FEATURE.findall(file.read_text(encoding="utf-8"))
    ]
    return sorted(found, key=lambda one: one.number)


def pages() -> list[str]:
    """Return the names of the pages that have features, in the order of these."""
    return list(dict.fromkeys(one.page for one in features()))


def launch(chromium: BrowserType, port: int | None = None) -> Browser:
    """
    Start Chromium as visitors have it, with storage for frames of other sites; hosts of the site are at `port`.

    Without a port nothing of the site is reached, whatever asks for it.
    """
    where = f"127.0.0.1:{port}" if port else "~NOTFOUND"
    rules = ", ".join(f"MAP {host} {where}" for host in ("*.test", "127.0.0.1:8082"))
    secure = ",".join([SITE, ORIGINS["CDN"]])
    arguments = [
        *ARGUMENTS,
        f"--host-resolver-rules={rules}",
        "--autoplay-policy=no-user-gesture-required",
        "--disable-features=",  # of one switch given twice the last counts: playwright's own takes storage away
        *([f"--unsafely-treat-insecure-origin-as-secure={secure}"] if port else []),
        *(() if os.geteuid() else ("--no-sandbox",)),
    ]
    return chromium.launch(executable_path=executable(), args=arguments)


def play(
    browser: Browser, address: Callable[[str], str], names: Iterable[str] | None = None
) -> dict[int, Verdict]:
    """Show each page at the address that its URL has, and return what each feature said, by its number."""
    said: dict[int, tuple[str, str]] = {}
    for name in names or pages():
        with visit(browser, address(f"{SITE}/{name}"), **_VISIT) as seen:
            said |= _verdicts(_frame_of(seen.page, name))
    return {
        number: one for number, one in _judged(said).items() if names is None or one.feature.page in names
    }


def play_beside(
    browser: Browser, address: Callable[[str], str], silent: Iterable[int], names: Sequence[str]
) -> dict[int, Verdict]:
    """Do as `play` does, but what is left of a page when only `silent` features of it have to speak goes on beside the next."""
    with ExitStack() as left:
        said: dict[int, tuple[str, str]] = {}
        waiting = []
        for name in names:
            with ExitStack() as shown:
                seen = shown.enter_context(visit(browser, address(f"{SITE}/{name}"), **_VISIT))
                frame = _frame_of(seen.page, name)
                _wait(frame, _SPOKEN, sorted(silent))
                if frame is None or frame.evaluate(_DONE):
                    said |= _verdicts(frame)
                else:
                    waiting.append(frame)
                    left.push(shown.pop_all())
        for frame in waiting:
            said |= _verdicts(frame)
    return {number: one for number, one in _judged(said).items() if one.feature.page in names}


_VISIT: dict[str, Any] = {"ignore_https_errors": True, "wait_until": "commit"}


def _judged(said: dict[int, tuple[str, str]]) -> dict[int, Verdict]:
    unsaid = ("", "never ran")
    return {
        one.number: Verdict(one, said.get(one.number, unsaid)[0] == "pass", said.get(one.number, unsaid)[1])
        for one in features()
    }


def _verdicts(frame: Frame | None) -> dict[int, tuple[str, str]]:
    if frame is None:
        return {}
    _wait(frame, _DONE)
    return {number: (verdict, said) for number, verdict, said in frame.evaluate(_READ)}


def _wait(frame: Frame | None, until: str, argument: Any = None) -> None:
    with contextlib.suppress(Error):  # what does not come to its end has failed
        if frame is not None:
            frame.wait_for_function(until, arg=argument, timeout=PATIENCE)


def _frame_of(page: Page, name: str) -> Frame | None:
    """Return the frame that shows a page: it is the one whose address ends so and that has features."""
    waited = 0
    while waited < PATIENCE:
        for frame in page.frames:
            if frame.url.partition("#")[0].endswith(f"/{name}") and _has_features(frame):
                return frame
        page.wait_for_timeout(50)
        waited += 50
    return None


def _has_features(frame: Frame) -> bool:
    try:
        return bool(frame.evaluate("() => !!document.querySelector('[data-feature]')"))
    except Error:  # the frame is on its way to another page
        return False
