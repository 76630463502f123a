# SPDX-License-Identifier: EUPL-1.2
"""The feature site on one replay origin: which features this mode cannot have, and that all others pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from msgspec import structs
from playwright.sync_api import Browser

from archiver.archive import Archive
from tests.feature_site.archived import archived, day_of
from tests.feature_site.playing import Verdict, features, launch, pages, play_beside
from tests.support.archive import Archive as Held
from tests.support.ports import free_port
from tests.support.some import some
from tests.support.viewing import serving

pytestmark = pytest.mark.browser

# What a page's origin that is nobody's cannot do, and what scripts see of our path (docs/replay.md)
LOCATION = {631, 632, 710}
FRAMES = {256, 257, 259, 310, 308, 326, 338, 339, 340, 341, 347, 637, 704, 705, 709, 713, 716, 717, 718, 719, 726, 727,
          728, 729, 732, 1110}  # fmt: skip
STORAGE = {807, 810, 811, 812, 813, 814, 815, 816, 817, 818, 820, 821, 1021}
WORKERS = {1006, 1007, 1013}
OTHER = {237, 312, 324}
EITHER = frozenset({353})  # a frame of a blob has its origin told in time, or too late
SOME = tuple(pages()[::3])  # which `make test` plays; in origin mode it plays all
CANNOT = frozenset(LOCATION | FRAMES | STORAGE | WORKERS | OTHER)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archived(tmp_path_factory.mktemp("features")) as made:
        yield made


@pytest.fixture(scope="module")
def viewer(archive: Archive) -> Iterator[str]:
    """Serve the archive with one replay origin, by another name of this machine."""
    port = free_port()
    names = {"base_url": f"http://localhost:{port}", "replay_url": f"http://127.0.0.1:{port}"}
    settings = structs.replace(archive.settings, viewer=structs.replace(archive.settings.viewer, **names))
    with serving(
        Held(settings, archive.collection, archive.shelves.history, archive.shelves.catalogue), port
    ) as base:
        yield base


@pytest.fixture(scope="module")
def verdicts(browser: Browser, viewer: str, archive: Archive) -> Callable[[str], dict[int, Verdict]]:
    """
    Return what each feature of a page said, in Chromium as visitors have it, that finds nothing of the live site.

    The first page that is asked for plays all of its set, beside each other.
    """
    stamp = day_of(archive).timestamp

    @cache
    def played(names: tuple[str, ...]) -> dict[int, Verdict]:
        with launch(browser.browser_type) as started:
            return play_beside(started, lambda url: f"{viewer}/web/{stamp}/{url}", CANNOT | EITHER, names)

    def verdicts_of(name: str) -> dict[int, Verdict]:
        names = SOME if name in SOME else tuple(one for one in pages() if one not in SOME)
        return {number: one for number, one in played(names).items() if one.feature.page == name}

    return verdicts_of


@pytest.mark.parametrize("name", some(pages(), 3))
def test_features_in_paths(verdicts: Callable[[str], dict[int, Verdict]], name: str) -> None:
    """Every feature passes but those that are known not to; one of them that passes has to leave the list."""
    here = verdicts(name)
    failed = {number: one.said for number, one in here.items() if not one.passed}
    assert {number: said for number, said in failed.items() if number not in CANNOT | EITHER} == {}
    assert sorted(CANNOT & here.keys() - failed.keys()) == []


def test_the_documentation_counts_these() -> None:
    """docs/replay.md says how many features pass in this mode."""
    written = (Path(__file__).parents[1] / "docs" / "replay.md").read_text(encoding="utf-8")
    assert (
        f"Of the {len(features())} features of the feature site {len(features()) - len(CANNOT | EITHER)} pass here"
        in written
    )
