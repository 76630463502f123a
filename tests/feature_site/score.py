# SPDX-License-Identifier: EUPL-1.2
"""
The table of docs/replay.md: the feature site in Daykeep, in pywb and in ReplayWeb.page, from the same WARC.

    python -m tests.feature_site.score           prints the table, and what failed where
    python -m tests.feature_site.score --write   writes it into docs/replay.md

A feature counts that passes live in the same Chromium. While the archives are shown nothing of the site can be
reached. Takes some minutes; `make oracles` makes what it needs.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from archiver.archive import Archive
from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from tests.support import pywb, replayweb

from .archived import NAME, archived, day_of, shown
from .playing import Verdict, features, launch, pages, play
from .server import FeatureSite

DOCUMENT = Path(__file__).parents[2] / "docs" / "replay.md"
TABLE = re.compile(r"(<!-- scores -->\n).*(<!-- end of scores -->)", re.DOTALL)
TITLE = re.compile(r"<title>(.*?)</title>")

Verdicts = dict[int, Verdict]
Address = Callable[[str], str]


@contextmanager
def in_daykeep(archive: Archive, _folder: Path) -> Iterator[Address]:
    with shown(archive) as base:
        yield lambda url: f"{base}/web/{day_of(archive).timestamp}/{url}"


@contextmanager
def in_pywb(archive: Archive, folder: Path) -> Iterator[Address]:
    folder.mkdir()
    pywb.collect(folder, "day", list(day_of(archive).warcs))
    with pywb.served(folder) as port:
        yield lambda url: f"http://localhost:{port}/day/{day_of(archive).timestamp}/{url}"


@contextmanager
def in_replayweb(archive: Archive, folder: Path) -> Iterator[Address]:
    folder.mkdir()
    wacz = folder / "exported.wacz"
    day = day_of(archive)
    export([day], finder(archive.collection, NAME), wacz, profile=built_in()["wacz"])
    with replayweb.served(folder, wacz) as base:
        yield lambda url: replayweb.address(base, url, day_of(archive).timestamp)


PLAYERS = {"Daykeep": in_daykeep, "pywb": in_pywb, "ReplayWeb.page": in_replayweb}


def score(folder: Path) -> dict[str, Verdicts]:
    """Return the verdicts of each player, and of the live site."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium
        with FeatureSite() as site, launch(chromium, site.port) as browser:
            scores = {"live": _played(browser, lambda url: url)}
        with archived(folder) as archive:
            for name, player in PLAYERS.items():
                with (
                    player(archive, folder / name) as address,
                    launch(chromium) as browser,
                ):
                    scores[name] = _played(browser, address)
    return scores


def _played(browser: Browser, address: Address) -> Verdicts:
    found: Verdicts = {}
    for page in pages():
        print(address(page), file=sys.stderr)
        found |= play(browser, address, [page])
    return found


def table(scores: dict[str, Verdicts]) -> str:
    """Return the table: for each page of features how many there are, and how many pass where."""
    counted = [one for one in features() if scores["live"][one.number].passed]
    lines = [f"| features | of | {' | '.join(PLAYERS)} |", f"|---|---|{'---|' * len(PLAYERS)}"]
    for page in [*pages(), ""]:
        numbers = [one.number for one in counted if page in {"", one.page}]
        passed = [sum(scores[name][number].passed for number in numbers) for name in PLAYERS]
        lines.append(f"| {_title(page)} | {len(numbers)} | {' | '.join(map(str, passed))} |")
    return "\n".join(lines) + "\n"


def _title(page: str) -> str:
    if not page:
        return "**all**"
    found = TITLE.search((Path(__file__).parent / "pages" / page).read_text(encoding="utf-8"))
    return found[1] if found else page


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        scores = score(Path(folder))
    for name, verdicts in scores.items():
        for number, one in verdicts.items():
            if not one.passed:
                print(f"{name}: {number} {one.feature.title}: {one.said}")
    written = table(scores)
    print(written)
    if "--write" in sys.argv:
        DOCUMENT.write_text(
            TABLE.sub(rf"\g<1>{written}\2", DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
