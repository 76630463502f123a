# SPDX-License-Identifier: EUPL-1.2
"""Publishing that is killed at any moment: what is committed is found whole, and publishing goes on."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from datetime import timedelta

import pytest

from archiver.snapshot import take
from tests.support.command import command, configure
from tests.support.faults import Disk, build
from tests.support.published import DAYS, answers
from tests.support.sites import Web
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, opened, page, serving


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Archive four days, with what the catalogue answers about them."""
    root = tmp_path_factory.mktemp("kept")
    with build_days(root / "data", DAYS) as archive:
        return root / "data", answers(archive)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("faults"))


def seen(told):
    """Return what a visitor sees of an answer to a search; scores and corrections are of all days that are there."""
    hits, total, kinds, years, _ = told
    return (
        sorted((url, kind, year, document.id) for url, kind, year, _, document in hits),
        total,
        kinds,
        years,
    )


def changed(told):
    """Return what changed between two days, but for how long it was so: that is of all days that are there."""
    return [
        (
            kind,
            url,
            *(one and (one.status, one.digest, one.redirect, one.document_id, one.first) for one in both),
        )
        for kind, url, *both in told
    ]


def check(folder, before):
    """Every day that is there is whole, to the last search; return how many there are, and all answers."""
    with Web({}) as web, opened(folder, web, HandClock()) as archive:
        now = answers(archive)
    published = [one.timestamp for one in now["snapshots"]]
    assert now["snapshots"] == before["snapshots"][: len(published)]
    assert now["pages"] == {day: before["pages"][day] for day in published}
    for asked, told in now["search"].items():
        assert seen(told) == seen(before["search"][asked]), asked
    for pair, told in now["changes"].items():
        assert changed(told) == changed(before["changes"][pair]), pair
    return len(published), now


def go_on(folder):
    """Archive another day, on which a page says something new."""
    clock = HandClock()
    clock.set(FIRST + timedelta(days=len(DAYS)))
    with serving() as server, opened(folder, server, clock) as archive:
        server.day = DAYS[-1] | {"/": page("vergunning", "later")}
        take(archive, archive.settings.site[0])


@pytest.mark.parametrize(
    ("seed", "steps"),
    [(1, 2), *(pytest.param(seed, 12, marks=pytest.mark.large) for seed in (2, 3, 4))],
)
def test_killed_while_publishing(kept, tmp_path, library, seed, steps):
    """
    The next command publishes what is sealed. Killed again and again, at some call that changes the disk, it goes on.

    What was committed before each kill is whole; and when it comes to its end all answers are those of before.
    """
    data, before = kept
    config, chance = configure(tmp_path, f"{HOST}/"), random.Random(seed)
    words, disk = command(config, "status"), Disk(tmp_path / "data", library)

    def begin():
        disk.put_back(data)
        shutil.rmtree(disk.root / "catalogue")

    def run(env):
        return subprocess.run(words, env=env, check=False, capture_output=True, timeout=60).returncode

    begin()
    assert run(disk.watched()) != -signal.SIGKILL
    assert check(disk.root, before) == (len(DAYS), before)
    calls = disk.calls()["kill"]
    assert calls > 20 * len(DAYS)
    begin()
    published, kills, reach = 0, 0, 2 * calls // steps
    while run(disk.fault("kill", chance.randint(1, reach))) == -signal.SIGKILL:
        after, _ = check(disk.root, before)
        assert after >= published
        if after == published:
            reach += (
                calls // steps
            )  # a day that takes more calls than it was left alone for is never published
        published, kills = after, kills + 1
    assert kills
    assert check(disk.root, before) == (len(DAYS), before)
    go_on(disk.root)  # what the last kill left is taken away with the next day
    assert not list((disk.root / "catalogue" / "search").glob("*.partial"))
    assert len(list((disk.root / "catalogue" / "search").iterdir())) <= 2


def test_a_site_that_nobody_published(kept, tmp_path, library):
    """Killed at its very first call, nothing is published, and nothing is lost."""
    data, before = kept
    config, disk = configure(tmp_path, f"{HOST}/"), Disk(tmp_path / "data", library)
    disk.put_back(data)
    shutil.rmtree(disk.root / "catalogue")
    ended = subprocess.run(
        command(config, "status"), env=disk.fault("kill", 1), check=False, capture_output=True, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    with Web({}) as web, opened(disk.root, web, HandClock()) as archive:
        assert archive.shelves.history.snapshots(SITE) == []
    subprocess.run(command(config, "status"), check=False, capture_output=True, timeout=60)
    assert check(disk.root, before) == (len(DAYS), before)
