# SPDX-License-Identifier: EUPL-1.2
"""
The pictures of docs/tour.md and README, from the demonstration: `python -m tests.support.tour [NAME…]`.

Each picture shows a page on a desk and on a telephone, in Dutch and light (`home-nl.webp`), and in English and dark
(`home-en.webp`). What there is to be seen stands in SHOTS; what there is to be said, in the tour.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from unittest import mock

import msgspec
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from archiver.cli.compose import shelves
from archiver.collection import Collection
from archiver.demo.site import DAYS, HOST, LATE_DECISION_NL
from archiver.settings import load
from tests.support.archive import Archive
from tests.support.chromium import launch, visit
from tests.support.ports import free_port
from tests.support.serving import daykeep, served
from tests.support.viewing import serving
from viewer.pages import compare
from viewer.places import Places

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "img"
DESK, PHONE = (1280, 900), (390, 900)
GAP, GROUND = 40, "#8796a5"
SCALE, QUALITY = 0.7, 50
SITE = "/verblijfsdienst"
PAGE = f"http://{HOST}{LATE_DECISION_NL}"
HIDDEN = f"http://{HOST}/nl/contact"
REASON = "Verzoek van een betrokkene (artikel 17 AVG)"
LANGUAGES = {"nl": ("nl-NL", "light"), "en": ("en-GB", "dark")}
_FIRST, _SECOND, _OUTAGE, _LATER = (DAYS[number].date for number in (0, 1, 4, 5))
_BOTH = f"url={PAGE}&from={_FIRST}&to={_SECOND}"


def _nothing(_page: Page) -> None:
    pass


def _at(selector: str) -> Callable[[Page], None]:
    """Return what scrolls a page to an element."""

    def go(page: Page) -> None:
        page.locator(selector).first.evaluate(
            "one => { one.scrollIntoView({block: 'start'}); window.scrollBy(0, -24); }"
        )

    return go


def _shown(page: Page) -> None:
    """Wait for the archived page, its pictures included."""
    page.frame_locator("#daykeep-page").locator("h1").first.wait_for()
    page.wait_for_timeout(700)


def _unfolded(page: Page) -> None:
    _shown(page)
    page.evaluate("document.getElementById('daykeep-more').open = true")


def _folded(page: Page) -> None:
    _shown(page)
    page.evaluate("document.getElementById('daykeep-more').open = false")


def _parts(page: Page) -> None:
    _folded(page)
    page.locator("#daykeep-parts > summary").click()


def _selected(page: Page) -> None:
    """Select a sentence in the archived page, which then stands in the bar's question."""
    _unfolded(page)
    page.frame_locator("#daykeep-page").locator("strong", has_text="per dag").first.click(click_count=3)
    expect(page.locator("#daykeep-passage")).not_to_have_value("")


def _grown(page: Page) -> None:
    expect(page.locator("#daykeep-sheets")).to_be_hidden()
    page.wait_for_timeout(1500)


def _panes(page: Page) -> None:
    for place in (0, 1):
        page.locator("#daykeep-panes iframe").nth(place).content_frame.frame_locator("iframe").locator(
            "h1"
        ).wait_for()
    _at("#daykeep-panes")(page)
    page.wait_for_timeout(700)


@dataclass(frozen=True, slots=True)
class Shot:
    """What a picture shows."""

    path: str
    act: Callable[[Page], None] = _nothing
    viewer: str = "names"
    """Of which viewer: a name for each day, all in paths, or one without room."""


SHOTS: dict[str, Shot] = {
    "home": Shot("/"),
    "calendar": Shot(f"{SITE}/"),
    "calendar-days": Shot(f"{SITE}/", _at("#days")),
    "no-day": Shot(f"{SITE}/2026-02-01/"),
    "day": Shot(f"{SITE}/{_OUTAGE}/"),
    "changes": Shot(f"{SITE}/{_LATER}/changes"),
    "between": Shot(f"{SITE}/changes?from={_FIRST}&to={_LATER}"),
    "missing": Shot(f"{SITE}/{_OUTAGE}/missing"),
    "downloads": Shot(f"{SITE}/{_OUTAGE}/", _at("#export")),
    "proof": Shot(f"{SITE}/{_SECOND}/proof"),
    "conformance": Shot(f"{SITE}/{_SECOND}/conformance"),
    "search": Shot(f"{SITE}/search?q=dwangsom+beslissing&on={DAYS[2].date}", _at("main .lead")),
    "did-you-mean": Shot(f"{SITE}/search?q=dwangsm&on={DAYS[2].date}"),
    "never-stored": Shot(f"{SITE}/history?url=http://{HOST}/nl/te-late-beslising"),
    "lifeline": Shot(f"{SITE}/history?url={PAGE}"),
    "frame": Shot(f"/web/{_SECOND}/{PAGE}", _unfolded),
    "weekday": Shot(f"/web/{_SECOND}/{PAGE}#daykeep-weekday", _folded),
    "frame-folded": Shot(f"/web/{_SECOND}/{PAGE}", _folded),
    "frame-parts": Shot(f"/web/{_OUTAGE}/http://{HOST}/nl/", _parts),
    "selected": Shot(f"/web/{_SECOND}/{PAGE}", _selected),
    "dated": Shot(f"{SITE}/history?url={PAGE}&passage=%E2%82%AC+35+per+dag", _at("#passage-days")),
    "print": Shot(f"{SITE}/print?url={PAGE}&at={_SECOND}", _grown),
    "paths": Shot(f"/web/{_SECOND}/{PAGE}", _unfolded, "paths"),
    "compare-text": Shot(f"{SITE}/compare?{_BOTH}", _at(".sides")),
    "compare-pages": Shot(f"{SITE}/compare?{_BOTH}&view=pages", _panes),
    "cite": Shot(f"{SITE}/cite?url={PAGE}&at={_SECOND}"),
    "not-there": Shot(f"/web/{_SECOND}/http://{HOST}/nl/volg-uw-aanvraag"),
    "withheld": Shot(f"/web/{_SECOND}/{HIDDEN}"),
    "not-found": Shot(f"{SITE}/morgen/"),
    "busy": Shot(f"{SITE}/compare?{_BOTH}", viewer="busy"),
    "about": Shot("/about"),
    "accessibility": Shot("/about/accessibility"),
    "correction": Shot("/about/correction"),
    "security": Shot("/about/security"),
}


def taken(browser: Browser, address: str, shot: Shot, language: str) -> Image.Image:
    """Return a picture of a page on a desk and, beside it, on a telephone."""
    locale, scheme = LANGUAGES[language]
    both = Image.new("RGB", (DESK[0] + PHONE[0] + 3 * GAP, DESK[1] + 2 * GAP), GROUND)
    left = GAP
    for size in (DESK, PHONE):
        with visit(browser, address, size=size, locale=locale, color_scheme=scheme) as seen:
            shot.act(seen.page)
            seen.page.wait_for_timeout(300)
            both.paste(Image.open(BytesIO(seen.page.screenshot())), (left, GAP))
        left += size[0] + GAP
    smaller = (round(both.width * SCALE), round(both.height * SCALE))
    return both.resize(smaller, Image.Resampling.LANCZOS)


@contextmanager
def without_room(config: Path) -> Iterator[str]:
    """Serve an archive by a viewer that has no place for a comparison."""
    port, settings = free_port(), load(config)
    viewer = msgspec.structs.replace(
        settings.viewer, base_url=f"http://localhost:{port}", replay_url=f"http://{{label}}.localhost:{port}"
    )
    collection = Collection(settings.root)
    with (
        shelves(collection) as opened,
        mock.patch.object(compare, "Places", side_effect=lambda _, room: Places(0, room)),
    ):
        archive = Archive(settings, collection, opened.history, opened.catalogue)
        with serving(
            replace(archive, settings=msgspec.structs.replace(settings, viewer=viewer)), port
        ) as base:
            yield base


@contextmanager
def viewers(folder: Path) -> Iterator[dict[str, str]]:
    """Build the demonstration, withhold a page of it, and serve it in each way; yield the addresses."""
    config = folder / "config" / "daykeep.toml"
    done = [
        daykeep("demo", folder, "--no-serve"),
        daykeep("conform", "verblijfsdienst", _SECOND, config=config),
        daykeep("hide", HIDDEN, "--from", _SECOND, "--to", _SECOND, "--reason", REASON, config=config),
    ]
    failed = next((one.stderr for one in done if one.returncode not in {0, 3}), "")
    if failed:
        sys.exit(failed)
    in_paths = config.with_name("in_paths.toml")
    table = '[viewer]\nreplay_url = "http://127.0.0.1:8080"\n\n[[site]]'
    in_paths.write_text(config.read_text("utf-8").replace("[[site]]", table, 1), "utf-8")
    with ExitStack() as open_:
        yield {
            "names": open_.enter_context(served(config)),
            "paths": open_.enter_context(served(in_paths)),
            "busy": open_.enter_context(without_room(config)),
        }


def main(names: list[str]) -> None:
    """Take the pictures of these names, or every picture."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "archive"
        with viewers(folder) as addresses, sync_playwright() as playwright, launch(playwright) as browser:
            for shot in names or SHOTS:
                for language in LANGUAGES:
                    wanted = SHOTS[shot]
                    picture = taken(browser, addresses[wanted.viewer] + wanted.path, wanted, language)
                    picture.save(PICTURES / f"{shot}-{language}.webp", quality=QUALITY, method=6)
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # sealed folders are read-only


if __name__ == "__main__":
    main(sys.argv[1:])
