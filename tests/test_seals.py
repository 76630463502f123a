# SPDX-License-Identifier: EUPL-1.2
"""seals.jsonl: a line a day, chained; a full disk, several processes, an archive from before, a list kept elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from archiver.collection import Collection
from archiver.seals import (
    elsewhere,
    keep_found,
    keep_seal,
    newest,
    newest_path,
    read_seals,
    seals_path,
    survey,
)
from index.errors import DamagedError, StorageError
from tests.support.command import configure, inside

SITE = "example"
HOST = "http://example.test"
MOMENT = datetime(2026, 3, 9, 8, tzinfo=UTC)
DAYS = [f"202603{day:02}023000" for day in range(2, 8)]


@pytest.fixture
def collection(tmp_path):
    """Return a collection whose days are folders with nothing but a datapackage.json each."""
    made = Collection.create(tmp_path / "data")
    for day in DAYS:
        folder = made.at(SITE, day).path
        folder.mkdir(parents=True)
        (folder / "datapackage.json").write_text(json.dumps({"day": day}))
    return made


def lines(collection):
    return [one.seal for one in read_seals(seals_path(collection, SITE))]


def test_a_day_sealed_just_now_and_days_found(collection):
    """The line of a day sealed just now says no more; days that were found have since when they are known."""
    keep_seal(collection, collection.at(SITE, DAYS[0]))
    keep_found(collection, MOMENT)
    keep_found(collection, datetime(2027, 1, 1, tzinfo=UTC))
    assert [(one.snapshot, one.late) for one in lines(collection)] == [
        (DAYS[0], ""),
        *[(day, "2026-03-09T08:00:00Z") for day in DAYS[1:]],
    ]
    assert newest(collection, SITE).snapshot == DAYS[-1]


FULL = """
import resource, sys
from pathlib import Path
from archiver.collection import Collection
from archiver.seals import keep_found
from datetime import datetime, UTC
most = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
keep_found(Collection(Path(sys.argv[1])), datetime(2026, 3, 9, 8, tzinfo=UTC))
"""


@pytest.mark.parametrize("more", [0, 1, 100, 250])
def test_a_full_disk_leaves_no_half_a_line(collection, more):
    """Where the disk takes a part of a line, it is taken off again; the next time goes on as if nothing was."""
    keep_seal(collection, collection.at(SITE, DAYS[0]))
    path = seals_path(collection, SITE)
    most = path.stat().st_size + more
    command = [sys.executable, "-c", FULL, str(collection.root), str(most)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert StorageError.__name__ in ended.stderr
    assert len(lines(collection)) == (2 if more >= 250 else 1)
    keep_found(collection, MOMENT)
    assert [one.snapshot for one in lines(collection)] == DAYS


def test_a_torn_line_is_written_anew(collection):
    """Half a line, as a crash leaves it, is taken off; its day gets a whole one."""
    keep_found(collection, MOMENT)
    path = seals_path(collection, SITE)
    os.truncate(path, path.stat().st_size - 40)
    keep_found(collection, MOMENT)
    assert [one.snapshot for one in lines(collection)] == DAYS


SEVERAL = """
import sys
from pathlib import Path
from archiver.collection import Collection
from archiver.seals import keep_seal
made = Collection(Path(sys.argv[1]))
sys.stdin.read(1)
for folder in made.snapshots("example"):
    keep_seal(made, folder)
"""


def test_several_processes_write_each_day_once(collection):
    """However many keep the same days at the same moment: each day has one line, and the lines are a chain."""
    command = [sys.executable, "-c", SEVERAL, str(collection.root)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(4)]
    for one in running:
        one.stdin.write(b"x")
        one.stdin.close()
    assert [one.wait(timeout=60) for one in running] == [0] * 4
    assert sorted(one.snapshot for one in lines(collection)) == DAYS


def test_a_spoilt_line_does_not_hide_the_others(collection):
    """Every line that can be read is read, and each fault is told."""
    keep_found(collection, MOMENT)
    path = seals_path(collection, SITE)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([b"{\n", *whole[1:3], *whole[4:]]))
    found = list(survey(path))
    assert [one.seal.snapshot for one in found if not isinstance(one, str)] == [*DAYS[1:3], *DAYS[4:]]
    assert [
        "line 1 is not" in one or "line 4 does not follow" in one for one in found if isinstance(one, str)
    ] == [
        True,
        True,
    ]
    with pytest.raises(DamagedError, match="line 1 is not a seal"):
        lines(collection)


def test_what_is_remembered_outlives_a_cut(collection):
    """The newest line stays remembered where it is no longer there, however many follow."""
    keep_found(collection, MOMENT)
    before = newest(collection, SITE)
    path = seals_path(collection, SITE)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    keep_found(collection, MOMENT.replace(year=2027))
    assert newest(collection, SITE) == before
    assert [one.late[:4] for one in lines(collection)] == ["2026"] * 2 + ["2027"] * 4


def test_lists_that_can_be_kept(collection):
    """What `snapshots --json` says, one row of it, and lines of seals.jsonl are read; a day without a digest is none."""
    keep_found(collection, MOMENT)
    path = seals_path(collection, SITE)
    kept = list(read_seals(path))
    wanted = [(one.seal.snapshot, one.seal.package, one.digest) for one in kept]
    rows = [
        {"site": SITE, "timestamp": one.seal.snapshot, "package": one.seal.package, "seal": one.digest}
        for one in kept
    ]
    none = {"site": SITE, "timestamp": "20260309023000", "package": None, "seal": None}

    def read(text):
        return [(row.name, row.package, row.seal) for row in elsewhere(text)]

    assert read(json.dumps([*rows, none], indent=2).encode()) == wanted
    assert read(json.dumps(rows[2], indent=2).encode()) == wanted[2:3]
    assert read(path.read_bytes()) == wanted
    assert read(path.read_bytes().replace(b"\n", b"\r\n")) == wanted
    assert read(path.read_bytes().splitlines()[-1]) == wanted[-1:]
    assert read(b"[]") == read(b"") == []


@pytest.mark.parametrize("text", [b"x", b"[1]", b"\xff", b"[" * 100_000, b'{"snapshot":1}', b"null"])
def test_lists_that_are_none(text):
    """Anything else is said to be none."""
    with pytest.raises(DamagedError, match="cannot be read"):
        elsewhere(text)


# ---- with the command itself ---------------------------------------------------------------------------------


@pytest.fixture
def data(demo, tmp_path):
    """Return a copy of the demonstration archive that may be damaged, and its configuration."""
    shutil.copytree(demo.parents[1] / "data", tmp_path / "data")
    for path in (tmp_path / "data").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    collection = Collection(tmp_path / "data")
    (site,) = collection.sites()
    return collection, site, configure(tmp_path, f"{HOST}/", name=site)


def said(config, *words, status):
    ended = inside(config, "verify", "--json", *words)
    assert ended.status == status, ended.out + ended.err
    return (
        [(one["kind"], one["advice"], one["what"]) for one in ended.json()["problems"]]
        if ended.out
        else ended.err
    )


def test_an_archive_from_before_seals(data):
    """After an upgrade nothing is wrong; the first command that may write keeps the digests, and says since when."""
    collection, site, config = data
    seals_path(collection, site).unlink()
    newest_path(collection, site).unlink()
    days = collection.timestamps(site)
    for known in ("kept nowhere outside its folder yet", "known since 20"):
        ((kind, advice, what),) = said(config, status=0)
        assert (kind, advice) == ("seal", True)
        assert f"{len(days)} snapshots, {days[0]} to {days[-1]}, is {known}" in what
        inside(config, "snapshots", site)


def test_the_newest_seal_speaks_for_all(data, tmp_path):
    """Of one line kept elsewhere, nothing but its digest tells that an earlier day and all seals were made anew."""
    collection, site, config = data
    rows = json.loads(inside(config, "snapshots", site, "--json").out)
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"timestamp": rows[-1]["timestamp"], "seal": rows[-1]["seal"]}))
    assert said(config, "--against", str(kept), status=0) == []
    path = seals_path(collection, site)
    seals = [msgspec.structs.replace(one.seal, late="") for one in read_seals(path)]
    seals[0] = msgspec.structs.replace(seals[0], package="sha256:" + "0" * 64)
    forged, previous = b"", ""
    for one in seals:
        line = msgspec.json.encode(msgspec.structs.replace(one, previous=previous)) + b"\n"
        path.write_bytes(forged := forged + line)
        previous = list(read_seals(path))[-1].digest
    newest_path(collection, site).unlink()
    found = said(config, site, rows[-1]["date"], "--against", str(kept), status=3)
    assert [(kind, "kept.json speaks of is not there" in what) for kind, _, what in found] == [("seal", True)]


@pytest.mark.parametrize("text", ["", "[]", '[{"timestamp":"19990101000000","package":"sha256:00"}]'])
def test_a_list_that_says_nothing_is_no_proof(text, data, tmp_path):
    """A list without a digest of any chosen snapshot ends in words, not in `0 problems`."""
    _, site, config = data
    (tmp_path / "kept.json").write_text(text)
    assert "nothing can be compared" in said(
        config, site, "2026-03-04", "--against", str(tmp_path / "kept.json"), status=2
    )


def everything(folder):
    """Return what a folder holds, and when each file was last written."""
    found = {path: path.lstat() for path in sorted(folder.rglob("*"))}
    return {path: (stat.st_mtime_ns, stat.st_size, stat.st_mode) for path, stat in found.items()}


@pytest.mark.parametrize("gone", [[], ["catalogue"], ["catalogue", "state"]])
def test_verify_writes_nothing(data, gone):
    """A copy on a disk that cannot be written is verified, with or without what is made of it."""
    collection, site, config = data
    for name in gone:
        shutil.rmtree(collection.root / name)
    seals_path(collection, site).write_bytes(
        seals_path(collection, site).read_bytes().splitlines(keepends=True)[0]
    )
    before = everything(collection.root)
    ended = inside(config, "verify", site, "--json")
    assert everything(collection.root) == before
    assert ended.status == (0 if "state" in gone else 3)
    assert "kept nowhere outside its folder yet" in ended.out


def test_verify_of_no_archive(tmp_path):
    """It says so, and makes none."""
    config = configure(tmp_path, "https://example.org/")
    ended = inside(config, "verify")
    assert (ended.status, (tmp_path / "data").exists()) == (1, False)
    assert "There is no archive at" in ended.err


def test_a_damaged_catalogue_is_told_and_days_are_read(data):
    """What cannot be asked for the days that are gone is a problem of its own."""
    collection, _site, config = data
    (collection.catalogue / "history.sqlite").write_bytes(b"no database" * 1000)
    ((kind, advice, what),) = said(config, status=3)
    assert (kind, advice) == ("snapshot-gone", False)
    assert "cannot be asked" in what


def test_a_last_line_that_was_not_written_to_its_end_is_advice(data):
    """A crash within a line is no forgery; the next command that may write heals it."""
    collection, site, config = data
    path = seals_path(collection, site)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines)[:-40])
    newest_path(collection, site).write_bytes(
        msgspec.json.encode({"snapshot": "", "seal": list(read_seals_of(lines[:-1], path))[-1]})
    )
    told = said(config, status=0)
    assert [advice for _, advice, _ in told] == [True, True]
    assert "was not written to its end" in told[0][2]
    inside(config, "snapshots", site)
    assert all("since 20" in what for _, _, what in said(config, status=0))


def read_seals_of(lines, path):
    """Return the digests of lines that stand in a file of their own."""
    other = path.with_name("others.jsonl")
    other.write_bytes(b"".join(lines))
    found = [one.digest for one in read_seals(other)]
    other.unlink()
    return found


def test_what_is_remembered_cannot_be_read(data):
    """That is told; the seals are compared all the same, and nobody is told that they are not there."""
    collection, site, config = data
    newest_path(collection, site).write_bytes(b"{")
    ((kind, advice, what),) = said(config, status=3)
    assert (kind, advice) == ("seal", False)
    assert "cannot be read" in what


@pytest.mark.parametrize("leave", ["nothing in it yet", "nothing but sites"])
def test_what_is_made_anew_is_not_asked(data, leave):
    """An empty catalogue, or a copy of sites/ alone, is no problem of the days."""
    collection, _site, config = data
    if leave == "nothing in it yet":
        (collection.catalogue / "history.sqlite").write_bytes(b"")
    else:
        for name in ("catalogue", "state"):
            shutil.rmtree(collection.root / name)
        (collection.root / "collection.json").unlink()
    assert said(config, status=0) == []
