# SPDX-License-Identifier: EUPL-1.2
"""The demonstration archive: seven days of a made-up site, marked as such, made once."""

from __future__ import annotations

import itertools

import pytest

from archiver.checking.verify import verify
from archiver.collection import Collection, finder
from archiver.demo.run import SITE, build
from archiver.demo.site import DAYS
from archiver.records import iterate
from archiver.runs import Runs, State
from index.errors import ArchiveError, StorageError
from tests.support.command import configure, daykeep, inside
from tests.support.record_rules import broken

count = itertools.count()


def new_id():
    return f"<urn:uuid:00000000-0000-4000-8000-{next(count):012d}>"


def test_days(demo):
    """Each day of the demonstration has its snapshot, in order, in the archive and in the table of runs."""
    collection = Collection(demo.parent.parent / "data")
    snapshots = [folder.summary for folder in collection.snapshots(SITE)]
    assert [snapshot.day for snapshot in snapshots] == [day.date for day in DAYS]
    assert {snapshot.demonstration for snapshot in snapshots} == {True}
    runs = Runs(collection.state / "runs.sqlite").of(SITE)
    assert [(run.state, run.snapshot) for run in runs] == [(State.DONE, one.timestamp) for one in snapshots]


def test_whole(demo):
    """All of it reads back without a problem."""
    collection = Collection(demo.parent.parent / "data")
    for folder in collection.snapshots(SITE):
        assert list(verify(folder, finder(collection, SITE))) == []


def test_records_keep_the_rules(demo):
    """Every record of the demonstration keeps every rule."""
    for folder in Collection(demo.parent.parent / "data").snapshots(SITE):
        assert broken(folder.warcs) == []


def test_warcinfo_says_that_it_is_made_up(demo):
    """Whoever finds one of its WARCs alone can read that the site is fictional."""
    for folder in Collection(demo.parent.parent / "data").snapshots(SITE):
        _, record = next(iterate(folder.warcs[0]))
        assert b"DEMONSTRATION" in record.block.read()


def test_again_leaves_it_as_it_is(demo):
    """Making it a second time takes no day again."""
    folder = demo.parent.parent
    before = Collection(folder / "data").timestamps(SITE)
    steps = []
    assert build(folder, new_id, lambda name, number, total: steps.append((name, number, total))) == demo
    assert Collection(folder / "data").timestamps(SITE) == before
    assert steps == [(day.date, number, len(DAYS)) for number, day in enumerate(DAYS, 1)]


def test_another_archive_is_not_touched(tmp_path):
    """A folder that holds an archive already is refused."""
    configure(tmp_path, "https://www.example.org/")
    with pytest.raises(ArchiveError, match="another archive"):
        build(tmp_path, new_id, lambda *_: None)
    assert not (tmp_path / "data").exists()


def test_folder_that_cannot_be_made(tmp_path):
    """A file in the way is told in a sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        build(tmp_path / "file" / "demo", new_id, lambda *_: None)


def test_command(demo):
    """`daykeep demo --no-serve` says where the configuration is, and status finds nothing to complain of."""
    folder = demo.parent.parent
    ended = daykeep(None, "demo", folder, "--no-serve")
    assert (ended.status, ended.out) == (0, f"Configuration: {demo}\n")
    [row] = inside(demo, "status", "--json").json()
    assert (row["ok"], row["snapshots"], row["next_due"], row["gaps"]) == (True, 7, None, [])
