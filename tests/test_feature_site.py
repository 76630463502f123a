# SPDX-License-Identifier: EUPL-1.2
"""
The feature site, archived and its server stopped, in Chromium: every feature passes, live and in replay.

`python -m tests.feature_site.score` sets the same WARC beside others' replay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from archiver.archive import Archive
from tests.feature_site.archived import archived, day_of, shown
from tests.feature_site.playing import Verdict, features, launch, pages, play
from tests.feature_site.server import FeatureSite

pytestmark = pytest.mark.browser

NOT_YET: frozenset[int] = frozenset()
"""Features of which it is known that replay does not have them; one that passes has to leave this list."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archived(tmp_path_factory.mktemp("features")) as made:
        yield made


@pytest.fixture(scope="module")
def viewer(archive: Archive) -> Iterator[str]:
    with shown(archive) as base:
        yield base


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Browser]:
    """Chromium as visitors have it, that finds nothing of the live site."""
    with launch(browser.browser_type) as started:
        yield started


def failed(verdicts: dict[int, Verdict]) -> dict[str, str]:
    """Return what did not pass, and what it said."""
    return {f"{number} {one.feature.title}": one.said for number, one in verdicts.items() if not one.passed}


def test_features_are_numbered() -> None:
    """There are more than a hundred features, each with a number and a name of its own."""
    found = features()
    assert len(found) > 390
    assert len({one.number for one in found}) == len({one.title for one in found}) == len(found)


def test_every_address_of_the_site_is_in_the_archive(archive: Archive) -> None:
    """The crawl found every page of features: none of them is a gap."""
    captured = {one.url.rpartition("/")[2] for one in day_of(archive).index.captures()}
    assert set(pages()) <= captured


@pytest.mark.large
def test_features_live(browser: Browser) -> None:
    """Every feature passes live, so that what fails in replay fails because of the replay."""
    with FeatureSite() as site, launch(browser.browser_type, site.port) as started:
        assert failed(play(started, lambda url: url)) == {}


@pytest.mark.parametrize("name", pages())
def test_features_in_replay(chromium: Browser, viewer: str, archive: Archive, name: str) -> None:
    """Every feature passes in the viewer's frame."""
    stamp = day_of(archive).timestamp
    verdicts = play(chromium, lambda url: f"{viewer}/web/{stamp}/{url}", [name])
    said = {number: one for number, one in verdicts.items() if number not in NOT_YET}
    assert failed(said) == {}
    assert [number for number, one in verdicts.items() if number in NOT_YET and one.passed] == []


def test_table_of_scores_is_of_these_features() -> None:
    """The table in the documentation counts as many features as there are."""
    written = (Path(__file__).parents[1] / "docs" / "replay.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- scores -->(.*)<!-- end of scores -->", written, re.DOTALL)
    assert table is not None
    counted = re.search(r"^\| \*\*all\*\* \| (\d+) \|", table[1], re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) == len(features())
