# SPDX-License-Identifier: EUPL-1.2
"""The folders of a collection: names that are unique, locks that hold across processes, damage in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.collection import Collection, disk_use
from archiver.durable import publish_dir
from archiver.snapshot_folder import SnapshotFolder
from index.errors import BusyError, DamagedError, NotFoundError, StorageError
from index.model import Outcome
from tests.support.snapshots import SITE, build_days, page

MOMENT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


@pytest.fixture
def collection(tmp_path):
    return Collection.create(tmp_path / "data")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Yield a collection with one sealed day of a real crawl."""
    with build_days(tmp_path_factory.mktemp("sealed"), [{"/": page("Monday")}]) as archive:
        yield archive.collection


def seal(collection, folder):
    publish_dir(folder.path, collection.at(folder.site, folder.timestamp).path)


def test_many_may_create_it_at_once(tmp_path):
    """Processes that begin together on a new data folder all find a collection, and leave nothing else."""
    for number in range(20):
        root = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(Collection.create, [root] * 8))
        assert {one.root for one in made} == {root}
        assert sorted(path.name for path in root.iterdir()) == [
            "catalogue",
            "collection.json",
            "sites",
            "state",
        ]


def test_create_makes_the_folders_and_says_the_format(collection):
    """A new data folder has its parts, and says which format it is."""
    assert sorted(path.name for path in collection.root.iterdir()) == [
        "catalogue",
        "collection.json",
        "sites",
        "state",
    ]
    assert json.loads((collection.root / "collection.json").read_bytes()) == {
        "format": 2,
        "software": "daykeep",
    }
    assert (collection.catalogue.name, collection.state.name) == ("catalogue", "state")


def test_create_again_changes_nothing(collection):
    """Opening a collection that is there leaves it as it is."""
    before = (collection.root / "collection.json").stat()
    Collection.create(collection.root)
    assert (collection.root / "collection.json").stat().st_mtime_ns == before.st_mtime_ns


MARKERS = [
    (b'{"format": 3}', "says format 3; this version of Daykeep reads format 2"),
    (b'{"format": 1}', "says format 1, .* begin a new archive .* `daykeep import SITE "),
    (b"{}", "says format None"),
    (b"[]", "cannot be read"),
    (b"\xff", "cannot be read"),
    (b"", "cannot be read"),
]


@pytest.mark.parametrize(("content", "why"), MARKERS)
def test_other_formats_are_refused(collection, content, why):
    """A folder of a newer format, or whose marker is damaged, is not touched."""
    (collection.root / "collection.json").write_bytes(content)
    with pytest.raises(DamagedError, match=why):
        Collection.create(collection.root)


def test_file_in_the_way_is_a_sentence(tmp_path):
    """Where the data folder is a file, the message says so."""
    (tmp_path / "data").write_bytes(b"")
    with pytest.raises(StorageError, match="Cannot make the data folder"):
        Collection.create(tmp_path / "data")


def test_begin_makes_an_unfinished_snapshot(collection):
    """A snapshot begins in a folder that does not count yet, with a place for everything."""
    folder = collection.begin("a", MOMENT)
    assert (folder.timestamp, folder.path.name) == ("20260302023000", "20260302023000.partial")
    assert sorted(path.name for path in folder.path.iterdir()) == ["archive", "indexes", "logs", "pages"]
    assert collection.unfinished("a") == folder
    assert (collection.timestamps("a"), collection.sites()) == ([], ["a"])


def test_begin_syncs_every_folder_above(collection, monkeypatch):
    """The names of all folders down to a new snapshot are on disk before anything is stored in it."""
    synced = []
    real = os.fsync

    def fsync(descriptor):
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    path = collection.begin("a", MOMENT).path
    unnamed = path.with_name(f".{path.name}")
    assert synced == [str(unnamed), str(path), *(str(one) for one in list(path.parents)[:4])]
    assert synced[-1] == str(collection.root)


def test_begin_is_whole_or_not_at_all(collection, monkeypatch):
    """Where the disk fills up while a snapshot begins, nothing unfinished is left to trip over."""
    real = Path.mkdir

    def mkdir(path, *arguments, **options):
        if path.name == "pages":
            raise OSError(28, "No space left on device")
        real(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", mkdir)
        with pytest.raises(StorageError, match="The disk is full"):
            collection.begin("a", MOMENT)
    assert collection.unfinished("a") is None
    assert collection.begin("a", MOMENT).timestamp == "20260302023000"


def test_timestamps_are_unique_across_sites(collection):
    """A timestamp names one snapshot of the whole collection, sealed or not."""
    first = collection.begin("a", MOMENT)
    assert collection.begin("b", MOMENT).timestamp == "20260302023001"
    seal(collection, first)
    assert collection.begin("a", MOMENT + timedelta(milliseconds=900)).timestamp == "20260302023002"


BEGIN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from archiver.collection import Collection
collection = Collection(Path(sys.argv[1]))
for _ in range(20):
    print(collection.begin(sys.argv[2], datetime(2026, 3, 2, 2, 30, tzinfo=UTC)).timestamp)
"""


def python(code, *arguments, **options):
    """Start a Python process in the project's folder."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **options
    )


def test_timestamps_are_unique_across_processes(collection):
    """Two processes that begin snapshots at once never give two of them one timestamp."""
    running = [python(BEGIN, collection.root, site) for site in ("a", "b")]
    given = [line for process in running for line in process.communicate(timeout=30)[0].split()]
    assert len(given) == len(set(given)) == 40


LOCK = """
import sys
from pathlib import Path
from archiver.collection import Collection
with Collection(Path(sys.argv[1])).lock("a"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_lock_is_held_across_processes(collection, end):
    """While another process crawls a site nobody else may, and when it ends, however it ends, they may."""
    with python(LOCK, collection.root) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="Another crawl or import of a is running"), collection.lock("a"):
            pass
        with collection.lock("b"):
            pass
        process.kill() if end == "is killed" else process.stdin.close()
        process.wait(20)
    with collection.lock("a"):
        pass


def test_lock_in_the_same_process(collection):
    """Two crawls of one site in one process exclude each other as well."""
    with collection.lock("a"), pytest.raises(BusyError), collection.lock("a"):
        pass


def test_publishing_waits_for_its_turn(collection):
    """Writing the catalogue can be begun again once it was left."""
    for _ in range(2):
        with collection.publishing():
            assert (collection.state / "locks" / "catalogue.lock").exists()


def test_unfinished_is_the_oldest(collection):
    """Of several snapshots that were left behind the oldest is carried on with."""
    first = collection.begin("a", MOMENT)
    collection.begin("a", MOMENT + timedelta(days=1))
    (first.path.parent / "notes.partial").mkdir()
    (first.path.parent / "2026.partial").mkdir()
    assert collection.unfinished("a") == first
    assert collection.unfinished("none") is None


def test_discard_removes_only_what_is_unfinished(collection):
    """An unfinished snapshot can be removed, a sealed one never."""
    folder = collection.begin("a", MOMENT)
    collection.discard(folder)
    assert collection.unfinished("a") is None
    sealed = collection.begin("a", MOMENT)
    seal(collection, sealed)
    with pytest.raises(ValueError, match="is sealed"):
        collection.discard(collection.at("a", sealed.timestamp))


def test_sealed_snapshots_are_read_only(sealed):
    """Nobody may write what is sealed: no file and no folder of it."""
    folder = sealed.snapshots(SITE)[0].path
    assert [path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o222] == []


def test_snapshots_are_listed_oldest_first(collection):
    """Sealed snapshots come in order, and nothing else counts as one."""
    for day in (2, 0, 1):
        seal(collection, collection.begin("a", MOMENT + timedelta(days=day)))
    (collection.site_folder("a") / "notes").mkdir()
    stamps = ["20260302023000", "20260303023000", "20260304023000"]
    assert collection.timestamps("a") == stamps
    assert [folder.timestamp for folder in collection.snapshots("a")] == stamps
    assert collection.snapshots("none") == []


@pytest.mark.parametrize("name", ["20260302023001", "2026", "../a", "20260302023000.partial", ""])
def test_snapshot_that_is_not_there(collection, name):
    """Asking for a day that is not there, or for a path, says how to list the days."""
    collection.begin("a", MOMENT)
    with pytest.raises(NotFoundError, match="daykeep snapshots a"):
        collection.snapshot("a", name)


def test_summary_is_what_was_sealed(sealed):
    """Day, outcome, counts and size of a snapshot are read from its own description."""
    folder = sealed.snapshots(SITE)[0]
    summary = folder.summary
    assert (summary.site, summary.day, summary.outcome) == (SITE, "2026-03-02", Outcome.COMPLETE)
    assert (dict(summary.counts), summary.known) == ({"captured": 1, "http-error": 2}, 3)
    packed = sum(path.stat().st_size for path in folder.path.glob("datapackage*"))
    assert summary.bytes == disk_use(folder.path) - packed


OTHER = [b"{}", b'{"daykeep": 1}', b'{"daykeep": {"day": "x"}}', b"[]", b"{", b"\xff", b"[" * 100_000]
COUNTS = b'{"resources":[],"daykeep":{"day":"","outcome":"%b","counts":%b,"changed":0,"lacking":0,"demonstration":false}}'


@pytest.mark.parametrize("content", [*OTHER, COUNTS % (b"fine", b"{}"), COUNTS % (b"complete", b"7")])
def test_damaged_description_is_a_sentence(tmp_path, content):
    """A description that cannot be read as one is a sentence that names the file."""
    (tmp_path / "datapackage.json").write_bytes(content)
    with pytest.raises(DamagedError, match=r"datapackage\.json"):
        _ = SnapshotFolder("a", "20260302023000", tmp_path).summary


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".x", "a\\b"])
def test_warc_names_are_no_paths(tmp_path, name):
    """A name in an index cannot lead out of the folder of WARCs."""
    with pytest.raises(DamagedError, match="is not the name of a WARC"):
        SnapshotFolder("a", "20260302023000", tmp_path).warc(name)


def test_missing_parts_are_sentences(tmp_path):
    """A snapshot whose index, WARCs or description are gone says so."""
    folder = SnapshotFolder("a", "20260302023000", tmp_path)
    for part in ("warcs", "package"):
        with pytest.raises(DamagedError, match="daykeep verify"):
            getattr(folder, part)
    with pytest.raises(NotFoundError, match="daykeep verify"):
        _ = folder.index


def test_disk_use_of_what_is_not_there(tmp_path):
    """An empty folder uses nothing."""
    assert disk_use(tmp_path) == 0
