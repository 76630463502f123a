# SPDX-License-Identifier: EUPL-1.2
"""
A visitor who has a keyboard and nothing else, in Chromium: each stop is looked at as it comes.

    walker = Walker(page)
    walker.to("Zoeken")            presses Tab until what has the focus is called so
    walker.press("Enter")

At every stop: what has the focus has a name and stands in view, with nothing before it, and the way there does not
jump back up and to the left. The first of each sort on a page is looked at with the focus and without it: they differ
by enough pixels of enough contrast (WCAG 2.2, 1.4.11, 2.4.7, 2.4.11 and 2.4.13). Knows nothing of which pages
there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import CDPSession, Frame, Page

from archiver.colour import contrast

MARGIN = 8
"""CSS pixels around an element in which its focus shows."""
CONTRAST = 3.0
PATIENCE = 90
"""Stops after which what is looked for is not on the way."""

# Where the focus is, whether something else covers it, which element of all it is, and of which sort
PLACE = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const boxes = [...one.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
    const labels = [...(one.labels ?? [])];
    const seen = boxes.some((box) => {
        const [x, y] = [box.left + Math.min(box.width / 2, 40), box.top + box.height / 2];
        const top = document.elementFromPoint(x, y);
        return top && (one.contains(top) || top.contains(one) || labels.includes(top));
    });
    const box = one.getBoundingClientRect();
    const number = [...document.querySelectorAll("*")].indexOf(one);
    const kind = [one, one.parentElement, one.parentElement?.parentElement].map((up) => `${up?.localName}.${up?.className}`).join(" ");
    return {number, kind, seen, left: box.left, top: box.top, right: box.right, bottom: box.bottom, element: one.localName};
}"""
BLUR = "() => { window.daykeepFocused = document.activeElement; document.activeElement.blur(); }"
FOCUS = "() => window.daykeepFocused.focus({preventScroll: true, focusVisible: true})"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the focus is."""

    name: str
    role: str
    place: dict[str, Any]


class Walker:
    """Somebody who walks a page by its keyboard; what was wrong on the way is in `problems`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self._session = page.context.new_cdp_session(page)
        self._before: Stop | None = None
        self._looked: set[tuple[str, str]] = set()

    def press(self, key: str, times: int = 1) -> None:
        """Press a key, and look at where the focus is then, if anywhere."""
        for _ in range(times):
            self.page.keyboard.press(key)

    def typed(self, text: str) -> None:
        """Type into what has the focus."""
        self.page.keyboard.type(text)

    def to(self, name: str, key: str = "Tab") -> Stop:
        """Press a key until the focus is on what is called so, or begins so; looks at all on the way."""
        passed = []
        for _ in range(PATIENCE):
            self.press(key)
            stop = self.look(forth=key == "Tab")
            if stop and stop.name.startswith(name):
                return stop
            passed.append(stop.name if stop else None)
        raise AssertionError(f"{name!r} is not reached by {key}: {passed}")

    def to_match(self, selector: str) -> Stop:
        """Press Tab until the focus is on what a selector names; looks at all on the way."""
        for _ in range(PATIENCE):
            self.press("Tab")
            stop = self.look()
            if stop and self.page.evaluate("(one) => document.activeElement.matches(one)", selector):
                return stop
        raise AssertionError(f"{selector} is not reached")

    def look(self, *, forth: bool = True) -> Stop | None:
        """Look at what has the focus; None where nothing of this page has."""
        place = self.page.evaluate(PLACE)
        if place is None:
            self._before = None
            return None
        name, role = called(self._session)
        stop = Stop(name, role, place)
        told = f"{self.page.url} {place['element']} {name!r}"
        if place["element"] != "iframe":
            self._judge(told, stop)
        if forth and self._before and self._jumps(self._before.place, place):
            self.problems.append(f"{told}: the focus jumps back from {self._before.name!r}")
        self._before = stop
        return stop

    def fresh(self) -> None:
        """Forget where the focus was: another page is there."""
        self._before = None

    def _judge(self, told: str, stop: Stop) -> None:
        if not stop.name:
            self.problems.append(f"{told}: has no name")
        if not stop.place["seen"]:
            self.problems.append(f"{told}: is not in view")
            return
        kind = (self.page.url, stop.place["kind"])
        if kind in self._looked:
            return
        self._looked.add(kind)
        found, needed = self._indicated(stop.place)
        if found < needed:
            self.problems.append(f"{told}: its focus shows by {found} pixels, and needs {needed}")

    def _indicated(self, place: dict[str, Any]) -> tuple[int, int]:
        """Return by how many pixels the focus shows, and how many it takes."""
        size = self.page.viewport_size
        assert size is not None
        left, top = max(place["left"] - MARGIN, 0), max(place["top"] - MARGIN, 0)
        right, bottom = (
            min(place["right"] + MARGIN, size["width"]),
            min(place["bottom"] + MARGIN, size["height"]),
        )
        clip: Any = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        focused = self.page.screenshot(clip=clip)
        self.page.evaluate(BLUR)
        plain = self.page.screenshot(clip=clip)
        self.page.evaluate(FOCUS)
        width, height = clip["width"] - 2 * MARGIN, clip["height"] - 2 * MARGIN
        return contrasting(focused, plain), int(2 * (min(width, 60) + min(height, 20)))

    @staticmethod
    def _jumps(before: dict[str, Any], after: dict[str, Any]) -> bool:
        up = after["bottom"] <= before["top"] and after["left"] <= before["left"]
        return bool(up and after["number"] < before["number"])


def called(session: CDPSession) -> tuple[str, str]:
    """Return the name and the role by which what has the focus is told to who cannot see it."""
    found = session.send("Runtime.evaluate", {"expression": "document.activeElement"})
    tree = session.send(
        "Accessibility.getPartialAXTree",
        {"objectId": found["result"]["objectId"], "fetchRelatives": False},
    )
    node = tree["nodes"][0]
    return str(node.get("name", {}).get("value", "")).strip(), str(node.get("role", {}).get("value", ""))


def contrasting(one: bytes, other: bytes) -> int:
    """Return how many pixels of two pictures are apart by a contrast that can be seen."""
    first, second = (Image.open(BytesIO(data)).convert("RGB") for data in (one, other))
    pairs = Counter(zip(_pixels(first), _pixels(second), strict=True))
    return sum(number for pair, number in pairs.items() if contrast(*pair) >= CONTRAST)


def _pixels(picture: Image.Image) -> Iterator[str]:
    """Yield the colour of each pixel, `#rrggbb`."""
    data = picture.tobytes().hex()
    return (f"#{data[start : start + 6]}" for start in range(0, len(data), 6))


def focused_in(frame: Frame) -> str:
    """Return the text of what has the focus within a frame; empty where nothing has."""
    told: str = frame.evaluate(
        "() => document.hasFocus() && document.activeElement !== document.body"
        " ? document.activeElement.textContent.trim() : ''"
    )
    return told
