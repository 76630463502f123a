# SPDX-License-Identifier: EUPL-1.2
"""The catalogue is made again beside the one in use: whoever asks meanwhile, or after a kill, gets an answer."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from archiver import merged_ahead, rebuilding
from archiver.cli.compose import shelves_below
from archiver.rebuilding import rebuild_beside
from archiver.snapshot import take
from archiver.workers import Workers
from index.errors import BusyError
from tests.support.command import command, configure, inside
from tests.support.faults import Disk, build
from tests.support.published import DAYS, answers
from tests.support.sites import Web
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, opened


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Archive four days, with what the catalogue answers about them."""
    root = tmp_path_factory.mktemp("kept")
    with build_days(root / "data", DAYS) as archive:
        return root / "data", answers(archive)


@pytest.fixture
def archive(kept, tmp_path):
    """Open a copy of it."""
    shutil.copytree(kept[0], tmp_path / "data")
    with Web(DAYS[-1]) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        yield archive


def refuse(folder, error):
    raise AssertionError((folder, error))


def rebuilt(archive, report):
    return rebuild_beside(archive.collection, shelves_below, report, refuse)


def interrupted(archive, number):
    """Begin, and stop before so many days are published."""

    def stop(_folder, at, _total):
        if at == number:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(archive, stop)


def reported(archive):
    """Rebuild, and return the days that were published for it."""
    days = []
    assert rebuilt(archive, lambda folder, _number, _total: days.append(folder.timestamp)) == 4
    assert not (archive.collection.catalogue / "rebuild").exists()
    return days


@pytest.mark.parametrize("few", [24, 0], ids=["one by one", "merged ahead"])
def test_answers_stay_while_it_is_made(kept, archive, few, monkeypatch):
    """At every day on its way the catalogue answers as before, and so it does afterwards."""
    monkeypatch.setattr(rebuilding, "FEW", few)
    seen = []
    assert rebuilt(archive, lambda *_: seen.append(answers(archive) == kept[1])) == 4
    assert seen == [True] * 4
    assert answers(archive) == kept[1]


def test_goes_on_where_it_was(kept, archive):
    """What was made before it was stopped is not made again."""
    interrupted(archive, 3)
    assert answers(archive) == kept[1]
    assert reported(archive) == archive.collection.timestamps(SITE)[2:]
    assert answers(archive) == kept[1]


@pytest.mark.parametrize("torn", ["a day", "the list", "the search"])
def test_begins_again_where_something_is_not_what_it_was(kept, archive, torn):
    """A day that was restored meanwhile, or notes that are gone: all is made again."""
    interrupted(archive, 4)
    folder = archive.collection.catalogue / "rebuild"
    first = archive.collection.snapshots(SITE)[0]
    if torn == "a day":
        path = first.path / "datapackage.json"
        path.chmod(0o644)
        path.write_bytes(path.read_bytes() + b"\n")
    elif torn == "the list":
        (folder / "days.jsonl").write_bytes((folder / "days.jsonl").read_bytes()[:-9])
        (folder / "days.jsonl").write_bytes(b"")
    else:
        shutil.rmtree(folder / "search")
    assert reported(archive) == archive.collection.timestamps(SITE)
    assert answers(archive) == kept[1]


def test_a_day_that_comes_meanwhile_is_there(archive):
    """A day that is sealed and published while the last one is read is in the new catalogue too."""

    def report(_folder, number, total):
        if number == total == 4:
            archive.now.set(FIRST + timedelta(days=9))
            take(archive, archive.settings.site[0])

    assert rebuilt(archive, report) == 5
    assert [
        one.timestamp for one in archive.shelves.history.snapshots(SITE)
    ] == archive.collection.timestamps(SITE)


def test_one_at_a_time(kept, archive):
    """Who begins while another is on its way is told so, and spoils nothing of it."""
    told = []

    def report(folder, _number, _total):
        with pytest.raises(BusyError, match="Another rebuild is running; wait for it to end"):
            rebuilt(archive, refuse)
        told.append(folder.timestamp)

    assert rebuilt(archive, report) == 4
    assert told == archive.collection.timestamps(SITE)
    assert answers(archive) == kept[1]
    assert reported(archive) == told  # and the next may begin


def test_a_damaged_day_is_told_and_passed_over(archive, monkeypatch):
    """Merged ahead or not, the days around it are there as they are when days are published one by one."""
    second = archive.collection.snapshots(SITE)[1]
    second.index_path.chmod(0o644)
    second.index_path.write_bytes(b"not an index\n" + second.index_path.read_bytes())
    found, told = [], []
    for few in (24, 0):
        monkeypatch.setattr(rebuilding, "FEW", few)
        tell = lambda day, _: told.append(day.timestamp)  # noqa: E731
        assert rebuild_beside(archive.collection, shelves_below, lambda *_: None, tell) == 3
        found.append(answers_without(archive, second))
    assert told == [second.timestamp] * 2
    assert found[0] == found[1]


def answers_without(archive, folder):
    """Return what is answered but for the addresses of a day whose index cannot be read."""
    index = folder.index_path.read_bytes()
    folder.index_path.write_bytes(b"")
    try:
        return answers(archive)
    finally:
        folder.index_path.write_bytes(index)


class Dying(Workers):
    """Processes that are killed when one of them has been given so many days, before it can have answered."""

    at, given = 1, 0

    def _send(self, end, task):
        super()._send(end, task)
        type(self).given += 1
        if self.given == self.at:
            for process in self._processes:
                process.kill()


@pytest.mark.parametrize("at", [1, 3])
def test_processes_that_end_before_their_time(kept, archive, monkeypatch, at):
    """Where they are killed each day is merged when its turn comes."""
    monkeypatch.setattr(rebuilding, "FEW", 0)
    monkeypatch.setattr(Dying, "at", at)
    monkeypatch.setattr(Dying, "given", 0)
    monkeypatch.setattr(merged_ahead, "Workers", Dying)
    assert rebuilt(archive, lambda *_: None) == 4
    assert Dying.given >= at
    assert answers(archive) == kept[1]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("faults"))


MANY = "from archiver import rebuilding; rebuilding.FEW = 0; from archiver.cli import main; main()"
"""The command as it is for many days: other processes merge them ahead, and are killed at their own calls too."""


def killed(kept, tmp_path, library, parts, *, many=False):
    """Kill it at parts of its way, each time after the one before was mended."""
    data, before = kept
    config = configure(tmp_path, f"{HOST}/")
    disk = Disk(tmp_path / "data", library)
    disk.put_back(data)
    words = command(config, "rebuild")
    words = [sys.executable, "-c", MANY, *words[1:]] if many else words
    subprocess.run(words, env=disk.watched(), check=True, capture_output=True, timeout=60)
    calls = disk.calls()["kill"]
    for part in parts:
        env = disk.fault("kill", max(1, int(calls * part)))
        ended = subprocess.run(words, env=env, check=False, capture_output=True, timeout=60)
        assert ended.returncode == -signal.SIGKILL, part
        with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
            assert answers(archive) == before, part
        assert inside(config, "rebuild").status == 0
        with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
            assert answers(archive) == before, part


def test_killed(kept, tmp_path, library):
    """Killed at any point it leaves a catalogue that answers, and the next one goes on."""
    killed(kept, tmp_path, library, [0.5, 0.99])


def test_killed_with_the_processes_that_merge_ahead(kept, tmp_path, library):
    """At the first calls they are killed as well, at later ones it is killed alone."""
    killed(kept, tmp_path, library, [0, 0.8], many=True)


@pytest.mark.large
@pytest.mark.parametrize("many", [False, True])
def test_killed_at_many_points(kept, tmp_path, library, many):
    """The same at sixty points."""
    killed(kept, tmp_path, library, [number / 60 for number in range(60)], many=many)


def test_a_full_disk_leaves_what_there_was(kept, tmp_path, library):
    """It is told in a sentence, and everything answers as before."""
    config = configure(tmp_path, f"{HOST}/")
    disk = Disk(tmp_path / "data", library)
    disk.put_back(kept[0])
    words = command(config, "rebuild")
    subprocess.run(words, env=disk.watched(), check=True, capture_output=True, timeout=60)
    env = disk.fault("enospc", disk.calls()["enospc"] // 2)
    ended = subprocess.run(words, env=env, check=False, capture_output=True, timeout=60)
    assert (ended.returncode, b"intact" in ended.stderr) == (1, True)
    with Web({}) as web, opened(tmp_path / "data", web, HandClock()) as archive:
        assert answers(archive) == kept[1]
