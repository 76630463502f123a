# SPDX-License-Identifier: EUPL-1.2
"""Fixtures for every test: an environment without the developer's own settings, a browser, web servers."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.support.nginx import Nginx

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same examples every time, and no stopwatch: a test fails because of the code, not because of the machine.
hypothesis.settings.register_profile("daykeep", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("daykeep")


LONGEST = (
    "faults", "hostile_values", "bench", "leaks", "real_site", "banner_in_browser", "encodings", "feature_site_in_paths",
    "feature_site", "rewrite_html", "replay_script", "accessibility", "processes", "hostile", "leaks_in_path_mode", "print",
    "keyboard", "other_day", "compare_in_browser", "viewer", "replayweb", "path_mode", "publish_killed", "demo_in_browser",
    "public_questions", "behind_a_proxy", "gaps", "plain_http", "bad_input", "takedown", "takedown_register", "cli",
    "demo_in_paths", "outside", "foreign_content", "export", "crawl", "verify", "import_faults", "same_day", "validators",
    "bad_days", "download", "import_tools", "fuzzed", "stop", "real_software",
)  # fmt: skip
"""Files whose tests take long, the longest first: of two workers neither is to be left with a long one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long; within a file the order stays."""
    rank = {f"test_{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def plain_environment() -> Iterator[None]:
    """Hide configuration, proxies, language and time zone of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name == "DAYKEEP_CONFIG" or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("LC_ALL", "C.UTF-8")
        patch.setenv("TZ", "UTC")
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker; `tests.support.chromium.visit` gives each its own context."""
    from playwright.sync_api import expect, sync_playwright

    from tests.support.chromium import launch

    with sync_playwright() as playwright, launch(playwright) as running:
        expect.set_options(timeout=30_000)  # not five seconds, which a busy machine may take
        yield running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the demonstration archive once for all workers; return the configuration file of this worker's copy."""
    from archiver.demo.run import build

    own = tmp_path_factory.getbasetemp()
    made = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demonstration"
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits, and finds it there
        config = build(made, lambda: f"<urn:uuid:{uuid.uuid4()}>", lambda *_: None)
    copy = tmp_path_factory.mktemp("demo") / "archive"
    shutil.copytree(made, copy)
    return copy / config.relative_to(made)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[..., Nginx]]:
    """Return a function that starts an nginx for this test: `nginx(folder)` or `nginx({"/docs/": folder})`."""
    with ExitStack() as running:
        count = 0

        def start(roots: Any, **settings: str) -> Nginx:
            nonlocal count
            count += 1
            return running.enter_context(Nginx(roots, tmp_path / f"nginx-{count}", **settings))

        yield start


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a case of bytes after its argument: compressed bytes hold the time, and differ between workers."""
    return argname if isinstance(val, bytes) else None
