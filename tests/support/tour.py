# SPDX-License-Identifier: EUPL-1.2
"""The pictures of docs/tour.md and README, from the demonstration: `python -m tests.support.tour`."""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from archiver.demo.site import DAYS, HOST, LATE_DECISION_NL
from tests.support.chromium import launch, visit
from tests.support.serving import daykeep, served

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "img"
PAGE = f"http://{HOST}{LATE_DECISION_NL}"
DESKTOP, PHONE = (1280, 800), (390, 800)
# name → path, size, whole page
SHOTS: dict[str, tuple[str, tuple[int, int], bool]] = {
    "home": ("/", DESKTOP, False),
    "calendar": ("/verblijfsdienst/", DESKTOP, False),
    "calendar-phone": ("/verblijfsdienst/", PHONE, False),
    "day": (f"/verblijfsdienst/{DAYS[4].date}/", DESKTOP, False),
    "downloads": (f"/verblijfsdienst/{DAYS[4].date}/#export", DESKTOP, False),
    "search": (f"/verblijfsdienst/search?q=dwangsom&on={DAYS[2].date}", DESKTOP, False),
    "lifeline": (f"/verblijfsdienst/history?url={PAGE}", DESKTOP, False),
    "frame": (f"/web/{DAYS[1].date}/{PAGE}", DESKTOP, False),
    "frame-phone": (f"/web/{DAYS[1].date}/{PAGE}", PHONE, False),
    "not-there": (f"/web/{DAYS[1].date}/http://{HOST}/nl/bestaat-niet", DESKTOP, False),
}


def picture(data: bytes, path: Path) -> None:
    """Write a screenshot with 256 colours: a third of the bytes, and nobody sees the difference."""
    image = Image.open(BytesIO(data)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main() -> None:
    """Build the demonstration, serve it, and take every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name) / "archive"
        done = daykeep("demo", archive, "--no-serve")
        if done.returncode:
            sys.exit(done.stderr)
        with (
            sync_playwright() as playwright,
            launch(playwright) as browser,
            served(archive / "config" / "daykeep.toml") as base,
        ):
            for shot, (path, size, whole) in SHOTS.items():
                with visit(browser, base + path, size=size, locale="nl-NL") as seen:
                    seen.page.wait_for_timeout(500)
                    picture(seen.page.screenshot(full_page=whole), PICTURES / f"{shot}.png")
        for path in archive.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # sealed folders are read-only


if __name__ == "__main__":
    main()
