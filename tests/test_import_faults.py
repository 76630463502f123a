# SPDX-License-Identifier: EUPL-1.2
"""An import that is killed, or loses power or disk, leaves whole days; run again, all is there."""

from __future__ import annotations

import random
import signal
import subprocess

import pytest

from archiver.collection import Collection
from tests.support.command import command, configure, daykeep, inside
from tests.support.faults import Disk, build
from tests.support.importing import EXAMPLE, exchange, html, outcomes, write

EARLY, LATE, NEXT = "2026-02-10T12:00:00Z", "2026-02-10T22:00:00Z", "2026-02-11T12:00:00Z"
TWO_DAYS = [*exchange("/", html("vergunning"), EARLY, 1), *exchange("/leges", html("leges"), NEXT, 2)]
ONE_DAY = exchange("/tarief", html("tarief"), LATE, 3)
WHOLE = {
    "20260210120000": {f"{EXAMPLE}/": "captured", f"{EXAMPLE}/tarief": "captured"},
    "20260211120000": {f"{EXAMPLE}/leges": "captured"},
}
RANDOM = random.Random(17)


class Place:
    """An archive on a disk that may fail, and two files to be imported into it."""

    def __init__(self, folder, library):
        self.data = folder / "data"
        self.disk = Disk(self.data, library)
        self.config = configure(folder, f"{EXAMPLE}/")
        self.given = [write(folder / "two.warc", TWO_DAYS), write(folder / "one.warc.gz", ONE_DAY)]

    def bring(self, env=None):
        words = ("import", "example", *self.given, "--no-text")
        return daykeep(self.config, *words, env=env or self.disk.watched())

    def days(self):
        return Collection(self.data).snapshots("example")

    def check_whole_days(self):
        """Whatever has its name is whole, and is one of the days there are to be."""
        found = {folder.timestamp: outcomes(folder) for folder in self.days()}
        assert found.items() <= WHOLE.items()
        if found:
            assert inside(self.config, "verify", "example").status == 0

    def check_all(self):
        """Run it again: it brings what is lacking, once, and leaves nothing behind."""
        again = self.bring()
        assert again.status == 0, again
        assert {folder.timestamp: outcomes(folder) for folder in self.days()} == WHOLE
        assert inside(self.config, "verify", "example").status == 0
        assert {path.name for path in (self.data / "sites/example").iterdir()} == {"snapshots", "seals.jsonl"}
        assert sorted(path.name for path in (self.data / "sites/example/snapshots").iterdir()) == sorted(
            WHOLE
        )
        listed = inside(self.config, "snapshots", "example", "--json").json()
        assert [one["timestamp"] for one in listed] == sorted(WHOLE)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def calls(tmp_path_factory, library):
    """Return how many calls an import makes that change the disk, by what may be done to them."""
    place = Place(tmp_path_factory.mktemp("counted"), library)
    place.check_all()
    return place.disk.calls()


@pytest.mark.parametrize("part", [0.05, 0.4, 0.6, 0.8, 0.95])
def test_killed_at_any_call(tmp_path, library, calls, part):
    """Killed where it changes the disk, and the power cut, it leaves whole days; run again it is done."""
    place = Place(tmp_path, library)
    at = max(1, int(calls["kill"] * part) + RANDOM.randrange(-3, 4))
    killed = subprocess.run(
        command(place.config, "import", "example", *place.given, "--no-text"),
        env=place.disk.fault("kill", at), capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    place.disk.cut_power()
    place.check_whole_days()
    place.check_all()


@pytest.mark.parametrize("deed", ["eio", "enospc"])
@pytest.mark.parametrize("part", [0.3, 0.8])
def test_a_disk_that_refuses(tmp_path, library, calls, deed, part):
    """A disk that is full or fails is told in a sentence; what was sealed is whole, the rest comes later."""
    place = Place(tmp_path, library)
    ended = place.bring(place.disk.fault(deed, max(1, int(calls[deed] * part))))
    assert ended.status in {1, 3}
    assert "intact" in ended.err + ended.out
    place.check_whole_days()
    place.check_all()
