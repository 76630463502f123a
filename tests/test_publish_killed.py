# SPDX-License-Identifier: EUPL-1.2
"""Publishing that is killed at any moment: what is committed is found whole, and publishing goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from index.catalogue import Catalogue
from index.history import History
from index.search import Search
from tests.support.days import Answer, publish, stamp

PAGES, DAYS = 12, 400


def day(number):
    """Return the pages of a day: some are as the day before, and each has a word of its own."""
    return {
        f"https://example.org/{page}": Answer(
            f"leges pagina{page} dag{number if page % 3 == number % 3 else 0}"
        )
        for page in range(PAGES)
    }


def go_on(folder):
    """Publish one day after the other from where it stands; run as a process of its own, which is killed."""
    days = [day(number) for number in range(DAYS)]
    with History(folder / "h.sqlite") as history, Catalogue(folder / "search") as catalogue:
        for number in range(len(history.snapshots("demo")), DAYS):
            before = history.generation()
            publish(history, days[: number + 1], catalogue=catalogue, start=number)
            catalogue.collect({name for name in (before, history.generation()) if name})


def killed_after(folder, seconds):
    """Publish in a process that is killed after so many seconds from its first day on."""
    code = (
        f"from pathlib import Path; from tests.test_publish_killed import go_on; go_on(Path({str(folder)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1]) as process:
        until = time.monotonic() + 60
        before = names(folder)
        while names(folder) == before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(seconds)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def names(folder):
    search = folder / "search"
    return {path.name for path in search.iterdir()} if search.is_dir() else set()


def check(folder):
    """Every published day is found whole, by the words of that day and of that day alone."""
    with History(folder / "h.sqlite") as history, Catalogue(folder / "search") as catalogue:
        search = Search(history, catalogue)
        published = len(history.snapshots("demo"))
        for number in range(published):
            assert search.find("demo", "leges", stamp(number), limit=99).total == PAGES
            found = search.find("demo", f"dag{number}", stamp(number), limit=99).total
            assert found == (PAGES if number == 0 else PAGES // 3)
        return published


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.large), pytest.param(3, marks=pytest.mark.large)]
)
def test_killed_while_publishing(tmp_path, seed):
    """After each of several kills what was committed is whole, and the next process carries on from there."""
    chance, before = random.Random(seed), 0
    for _ in range(6 if seed == 1 else 40):
        killed_after(tmp_path, chance.uniform(0, 0.15))
        after = check(tmp_path)
        assert after >= before
        before = after
    assert 0 < before < DAYS
    with History(tmp_path / "h.sqlite") as history, Catalogue(tmp_path / "search") as catalogue:
        publish(history, [day(number) for number in range(before + 1)], catalogue=catalogue, start=before)
        catalogue.collect({history.generation()})
        assert names(tmp_path) == {history.generation()}
    assert check(tmp_path) == before + 1
