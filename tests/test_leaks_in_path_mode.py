# SPDX-License-Identifier: EUPL-1.2
"""The ways to the live web of tests/support/leaks.py, where all days share one replay origin: none gets there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from msgspec import structs
from playwright.sync_api import Browser

from archiver.settings import Viewer
from tests.support.archive import Archive, build
from tests.support.leaks import ALONE, TOGETHER, Listener
from tests.support.ports import free_port
from tests.support.viewing import serving
from tests.test_leaks import DAY, FEW, SITE, answers, chromium, hear, live, try_all, ways

__all__ = ("chromium", "live")  # fixtures

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, live: Listener) -> Iterator[tuple[str, str]]:
    """Serve the pages in path mode: the viewer's address, and that of the replay origin."""
    port = free_port()
    day = {f"{SITE}{path}": reply for path, reply in answers(live).items()}
    viewer = Viewer(f"http://localhost:{port}", f"http://127.0.0.1:{port}")
    with build(tmp_path_factory.mktemp("leaks") / "data", {"demo": {DAY: day}}, port=port) as built:
        settings = structs.replace(built.settings, viewer=viewer)
        archive = Archive(settings, built.collection, built.history, built.catalogue)
        with serving(archive, port) as base:
            yield base, f"http://127.0.0.1:{port}"


@ways(*TOGETHER, *FEW)
def test_nothing_is_reached_in_the_frame(
    chromium: Browser, live: Listener, addresses: tuple[str, str], names: Sequence[str]
) -> None:
    """In the viewer's frame no way leads out."""
    live.heard.clear()
    context = chromium.new_context()
    try_all(context, names, lambda name: f"{addresses[0]}/web/{DAY}/{SITE}/{name}")
    assert hear(context, live) == {}
    context.close()


@pytest.mark.large
@pytest.mark.parametrize("names", [pytest.param((*TOGETHER, *ALONE), id="all")])
def test_nothing_is_reached_by_itself(
    chromium: Browser, live: Listener, addresses: tuple[str, str], names: Sequence[str]
) -> None:
    """Who opens the replay address itself is led into the frame, and no way leads out."""
    live.heard.clear()
    context = chromium.new_context()
    try_all(context, names, lambda name: f"{addresses[1]}/replay/{DAY}/{SITE}/{name}")
    assert hear(context, live) == {}
    context.close()
