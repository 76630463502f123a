# SPDX-License-Identifier: EUPL-1.2
"""
Killed at any moment, power cut, disk full or failing, stopped by a signal: the next start loses nothing.

The real command in processes of its own, against a server that counts its requests. After every fault the same
command carries on, asks for nothing that had been committed, and what it seals is verified and compared with
what the server sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from archiver import durable, ledger
from archiver.collection import Collection, finder
from archiver.record_files import Position
from archiver.records import iterate
from archiver.responses import open_response
from archiver.warc import WarcFiles
from index.errors import DamagedError, StorageError
from tests.support.command import Ended, command, configure, daykeep, inside
from tests.support.faults import Disk, build
from tests.support.sites import Web, to
from tests.support.snapshots import FIRST, page

COUNT = 40
NOISE = random.Random(7)
PAGES = {
    "/": page("home", *(f"/{n}" for n in range(COUNT)), "/moved", "/gone", "/picture"),
    **{f"/{n}": page(f"page {n} " + NOISE.randbytes(400).hex(), "/", f"/{n + 1}") for n in range(COUNT)},
    "/moved": to("/3"),
    "/picture": (200, {"Content-Type": "image/png"}, NOISE.randbytes(60_000)),
}
OURS = ("/robots.txt", "/sitemap.xml")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the library that makes disks fail."""
    return build(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def web():
    with Web(PAGES, pause=0.02) as serving:
        yield serving


class Place:
    """An archive of the web on a disk that may fail, and what is true of it after every start."""

    def __init__(self, folder: Path, web: Web, library: Path, **site: object) -> None:
        self.web = web
        self.data = folder / "data"
        self.disk = Disk(self.data, library)
        self.config = configure(folder, web.seed, connections=4, **site)

    def crawl(self, env: dict[str, str] | None = None) -> Ended:
        """Crawl, and see that nothing is asked for again that had its outcome when the process began."""
        done = committed(self.data)
        before = len(self.web.asked)
        ended = daykeep(self.config, "crawl", "example", env=env or self.disk.watched())
        assert not set(self.web.paths()[before:]) & done
        return ended

    def start(self, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        words = command(self.config, "crawl", "example")
        return subprocess.Popen(words, stdout=-1, stderr=-1, env=env or self.disk.watched())

    def kill_when(self, reached) -> None:
        """Crawl, and kill -9 as soon as something is so."""
        process = self.start()
        run_until(process, reached)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def closed(self) -> list[Path]:
        """Return the ledgers of unfinished snapshots: all is crawled."""
        return list(self.data.glob("sites/example/snapshots/*.partial/logs/ledger.jsonl"))

    def partial(self) -> list[Path]:
        return list(self.data.glob("sites/example/snapshots/*.partial"))

    def sealed(self) -> list[str]:
        return Collection(self.data).timestamps("example")

    def check(self) -> None:
        """Whatever was sealed is whole, read-only, has every address once, and says what the server said."""
        verified = inside(self.config, "verify", "example")
        assert verified.status == 0, verified
        listed = inside(self.config, "snapshots", "example", "--json").json()
        assert sorted(one["timestamp"] for one in listed) == self.sealed()
        for folder in Collection(self.data).snapshots("example"):
            entries = [
                entry.url.removeprefix(self.web.seed[:-1]) for entry in ledger.read(folder.ledger_path)
            ]
            assert Counter(entries) == Counter({*PAGES, "/gone", f"/{COUNT}", *OURS})
            assert {oct(path.stat().st_mode & 0o222) for path in (folder.path, *folder.path.rglob("*"))} == {
                "0o0"
            }
            for path, (_, _, body) in PAGES.items():
                assert self.stored(folder, path) == body
        assert [one.name for one in self.data.glob("state/frontier/*")] == []

    def stored(self, folder, path: str) -> bytes:
        capture = folder.index.find(f"{self.web.seed[:-1]}{path}")
        with open_response(finder(Collection(self.data), "example"), folder.timestamp, capture) as response:
            return b"".join(response.body)


@pytest.fixture
def place(tmp_path, web, library):
    return Place(tmp_path, web, library)


def committed(data: Path) -> set[str]:
    """Return the paths that have their outcome in the frontier on disk; robots.txt is asked at every start."""
    done = set()
    for path in data.glob("state/frontier/*.sqlite"):
        timestamp = path.stem.rpartition("-")[2]
        if not list(data.glob(f"sites/*/snapshots/{timestamp}.partial")):
            continue
        with tempfile.TemporaryDirectory() as copy:
            for one in path.parent.glob(f"{path.name}*"):
                with contextlib.suppress(FileNotFoundError):  # a running crawl removes its journal
                    shutil.copy(one, copy)
            with contextlib.closing(sqlite3.connect(Path(copy) / path.name)) as database:
                rows = database.execute(DONE).fetchall() if database.execute(HAS_URLS).fetchone() else []
        done |= {"/" + url.split("/", 3)[3] for (url,) in rows}
    return done


DONE = "SELECT url FROM url WHERE outcome IS NOT NULL AND kind != 'robots'"
HAS_URLS = "SELECT 1 FROM sqlite_master WHERE name = 'url'"


def run_until(process, reached, seconds=30):
    deadline = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def spread(count: int, of: int) -> list[int]:
    """Return so many numbers of 1 to `of`, evenly spread."""
    return sorted({round((n + 0.5) * of / count) or 1 for n in range(count)})


FEW = 5
"""Calls that a run may have fewer than another: group syncs go by the clock."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory, library):
    """Take a snapshot that nothing happens to, and return how many calls each deed would have counted."""
    with Web(PAGES) as web:
        place = Place(tmp_path_factory.mktemp("calls"), web, library)
        assert place.crawl().status == 0
        return place.disk.calls()


# ---- killed --------------------------------------------------------------------------------------------------


def kill_again_and_again(place: Place, kills: int, seed: int, most: int) -> None:
    """Kill at random moments and at random calls, go on each time, and take whole snapshots in between."""
    chance = random.Random(seed)
    killed = 0
    place.web.pause = 0.06
    while killed < kills:
        if chance.random() < 0.5:
            ended = place.crawl(place.disk.fault("kill", chance.randint(1, most)))
            killed += ended.status == -signal.SIGKILL
            assert ended.status in {0, -signal.SIGKILL}, ended
        else:
            killed += killed_after(place, chance.uniform(0.4, 1.6))
    place.web.pause = 0
    assert place.crawl().status == 0
    assert place.partial() == []
    place.check()


def killed_after(place: Place, seconds: float) -> bool:
    done, before = committed(place.data), len(place.web.asked)
    process = place.start()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate()
    assert not set(place.web.paths()[before:]) & done
    return process.returncode != 0


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.large)])
def test_killed_again_and_again(place, calls, times):
    """Killed some times in a row at random, each start goes on where the last one was."""
    kill_again_and_again(place, times, 1, calls["kill"])


@pytest.mark.large
@pytest.mark.parametrize("seed", range(10, 15))
def test_killed_a_hundred_times(place, calls, seed):
    """Killed a hundred times at random, twenty to an archive, nothing is lost and nothing asked for twice."""
    kill_again_and_again(place, 20, seed, calls["kill"])


def crawled(place: Place) -> Path:
    """Have everything crawled and nothing sealed, and return a copy of the archive as it is then."""
    place.kill_when(place.closed)
    copy = place.data.with_name("crawled")
    shutil.copytree(place.data, copy)
    return copy


def finish_from(place: Place, copy: Path, deed: str, at: int) -> Ended:
    """Set the archive back to a copy, finish it with a fault on the way, and return how that ended."""
    place.disk.put_back(copy)
    return place.crawl(place.disk.fault(deed, at))


def kill_while_sealing(place: Place, how_many: int) -> None:
    copy = crawled(place)
    assert finish_from(place, copy, "nothing", 0).status == 0
    most = place.disk.calls()["kill"]
    for at in spread(min(how_many, most), most - FEW):
        assert finish_from(place, copy, "kill", at).status == -signal.SIGKILL
        asked = len(place.web.asked)
        assert inside(place.config, "status").status in {0, 3}  # publishes what is sealed
        unsealed = place.partial()
        assert place.crawl().status == 0
        assert len(place.sealed()) == (1 if unsealed else 2)
        assert unsealed == [] or place.web.paths()[asked:] in ([], ["/robots.txt"])
        place.check()


def test_killed_while_sealing_and_publishing(place):
    """Killed on the way from a finished crawl to its place in the catalogue, nothing is asked for again."""
    kill_while_sealing(place, 2)


@pytest.mark.large
def test_killed_at_every_call_while_sealing(place):
    """Killed at every single call that changes the disk while sealing and publishing, the next start goes on."""
    kill_while_sealing(place, 1000)


# ---- power cut, disk failing, disk full ----------------------------------------------------------------------


def test_power_cut_while_crawling(place):
    """After a power cut the frontier and the WARCs agree, and only what came after the last sync is asked again."""
    place.web.pause = 0.15
    place.kill_when(lambda: len(place.web.asked) > 45)
    there = committed(place.data)
    place.disk.cut_power()
    left = committed(place.data)
    assert len(left) > 5
    assert left <= there
    place.web.pause, before = 0, len(place.web.asked)
    [partial] = place.partial()
    assert place.crawl().status == 0
    assert place.sealed() == [partial.stem]
    assert set(place.web.paths()[before:]) - set(OURS) == {*PAGES, "/gone", f"/{COUNT}"} - left
    place.check()


def power_cuts(place: Place, points: list[int]) -> None:
    copy = place.data.with_name("empty")
    shutil.copytree(place.data, copy)
    for at in points:
        assert finish_from(place, copy, "kill", at).status == -signal.SIGKILL
        place.disk.cut_power()
        assert place.crawl().status == 0
        assert place.partial() == []
        place.check()


def test_power_cut_anywhere(place, calls):
    """Wherever the power fails, from the first folder to the last row, the next start makes it whole."""
    power_cuts(place, [calls["kill"] * 3 // 4])


@pytest.mark.large
def test_power_cut_everywhere(place, calls):
    """The same at a hundred points."""
    power_cuts(place, spread(100, calls["kill"] - FEW))


def failing_syncs(place: Place, points: list[int]) -> None:
    copy = place.data.with_name("empty")
    shutil.copytree(place.data, copy)
    for at in points:
        ended = finish_from(place, copy, "eio", at)
        if ended.status == 0:  # SQLite says nothing of a sync on closing: its journal stays where that fails
            assert len(place.sealed()) == 1, ended
        else:
            assert ended.status in {1, 3}, ended
            assert "nput/output error" in ended.err or "disk I/O error" in ended.err
        place.disk.cut_power()
        assert place.crawl().status == 0
        assert place.partial() == []
        place.check()


def test_failed_sync_stops_the_crawl(place, calls):
    """A sync that fails once ends the command with a sentence, and nothing it should have stored is believed."""
    failing_syncs(place, spread(2, calls["eio"]))


@pytest.mark.large
def test_every_sync_fails_once(place, calls):
    """The same with each sync of a snapshot in turn."""
    failing_syncs(place, spread(calls["eio"], calls["eio"] - FEW))


def full_disks(place: Place, points: list[int]) -> None:
    copy = place.data.with_name("empty")
    shutil.copytree(place.data, copy)
    for at in points:
        ended = finish_from(place, copy, "enospc", at)
        if ended.status == 0:  # the number of writes differs from run to run: this one had fewer
            assert (at > points[-1] * 3 // 4, len(place.sealed())) == (True, 1), ended
            continue
        assert ended.status in {1, 3}, ended
        # of some writes SQLite tells no more than that they failed
        assert any(why in ended.err for why in ("full", "No space left", "disk I/O error"))
        assert "ree space" in ended.err
        assert place.crawl().status == 0
        assert place.partial() == []
        place.check()


def test_full_disk_stops_the_crawl(place, calls):
    """Wherever the disk takes no more, the command says so and what to do, and carries on when there is room."""
    full_disks(place, spread(1, calls["enospc"]))


@pytest.mark.large
def test_full_disk_at_many_writes(place, calls):
    """The same at sixty writes of a snapshot."""
    full_disks(place, spread(60, calls["enospc"] - FEW))


SMALL_DISK = """
set -e
mkdir -p "$1"
mount -t tmpfs -o size=600k tmpfs "$1"
cd "$1"
set +e
"${@:2}" crawl example; echo "first $?"
ls sites/example/snapshots
mount -o remount,size=50m "$1"
"${@:2}" crawl example; echo "second $?"
ls sites/example/snapshots
"${@:2}" verify example; echo "verify $?"
"""


def test_disk_that_is_really_full(tmp_path, web):
    """On a small disk of its own the crawl stops with a sentence, and with more room the same snapshot goes on."""
    web.pages["/picture"] = (200, {"Content-Type": "image/png"}, NOISE.randbytes(900_000))
    config = configure(tmp_path, web.seed, connections=2)
    words = ["unshare", "-Urm", "bash", "-c", SMALL_DISK, "disk", tmp_path / "data", *command(config)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    said = ran.stdout.splitlines()
    assert said[0] == "first 1", ran
    assert (
        "The disk is full. What was stored before is intact; free space and run the command again."
        in ran.stderr
    )
    assert "Traceback" not in ran.stderr
    [partial] = [line for line in said if line.endswith(".partial")]
    assert {"second 0", partial.removesuffix(".partial"), "verify 0"} <= set(said)


# ---- stopped -------------------------------------------------------------------------------------------------


def drip(handler):
    """Send a byte every now and then, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    while not handler.server.closing.wait(0.2):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def test_signals_stop_a_crawl_that_waits(place):
    """SIGTERM ends a crawl within 15 seconds though a server drips; what was in flight is kept, more signals do no harm."""
    place.web.pages["/picture"] = drip
    place.web.pause = 0.1
    process = place.start()
    run_until(process, lambda: "/picture" in place.web.paths() and len(place.web.asked) > 20)
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)
        time.sleep(0.1)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 15
    assert (process.returncode, out) == (1, b"")
    assert b"run the same command again" in err
    assert b"Traceback" not in err
    assert set(place.web.paths()) - committed(place.data) == {"/picture", "/robots.txt"}
    place.web.pages["/picture"] = PAGES["/picture"]
    place.web.pause = 0
    assert place.crawl().status == 0
    assert len(place.sealed()) == 1
    place.check()


@pytest.mark.parametrize("moment", ["sealing", "publishing"])
def test_signals_while_sealing(place, moment):
    """SIGTERM while a snapshot is sealed or published ends within 15 seconds, and nothing is lost by it."""
    process = place.start()
    run_until(process, lambda: place.sealed() if moment == "publishing" else place.closed())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    _, err = process.communicate(timeout=15)
    assert process.returncode in {0, 1}, err
    assert b"Traceback" not in err
    asked = len(place.web.asked)
    if process.returncode:
        assert place.crawl().status == 0
    assert set(place.web.paths()[asked:]) <= {"/robots.txt"}
    assert len(place.sealed()) == 1
    place.check()


def test_second_process_does_nothing(place):
    """While a site is being crawled a second crawl of it says so, asks for nothing and changes nothing."""
    held = threading.Event()
    place.web.pages["/picture"] = lambda handler: (held.wait(30), handler._answer(*PAGES["/picture"]))
    first = place.start()
    run_until(first, lambda: "/picture" in place.web.paths())
    second = daykeep(place.config, "crawl", "example")
    held.set()
    _, err = first.communicate(timeout=30)
    assert first.returncode == 0, err
    assert (second.status, second.out) == (1, "")
    assert "Another crawl or import of example is running" in second.err
    assert max(Counter(place.web.paths()).values()) == 1
    assert len(place.sealed()) == 1
    place.check()


# ---- what a crash leaves behind ------------------------------------------------------------------------------


def test_torn_end_is_kept_aside(place):
    """What stood in the WARC behind the last sync is cut off, kept in state/torn, and told in the log."""
    place.web.pause = 0.1
    place.kill_when(lambda: len(committed(place.data)) > 5)
    [partial] = place.partial()
    warc = max(partial.glob("archive/*"))
    with warc.open("ab") as file:
        file.write(b"\x1f\x8b torn")
    place.web.pause = 0
    ended = place.crawl()
    assert ended.status == 0
    [told] = [json.loads(line) for line in ended.err.splitlines() if '"event": "torn"' in line]
    [kept] = place.data.glob("state/torn/*")
    assert kept.name == f"{warc.name}-{told['offset']}.bin"
    assert kept.read_bytes().endswith(b"\x1f\x8b torn")
    assert told["kept"] == str(kept)
    place.check()


def test_snapshot_the_disk_lost_is_set_aside(place):
    """A WARC shorter than what was synced is set aside, and the next attempt begins anew instead of failing for ever."""
    place.web.pause = 0.1
    place.kill_when(lambda: len(committed(place.data)) > 5)
    [partial] = place.partial()
    os.truncate(max(partial.glob("archive/*")), 10)
    place.web.pause = 0
    first = place.crawl()
    assert first.status == 1
    assert "the disk has lost some" in first.err
    assert partial.with_suffix(".damaged").is_dir()
    place.web.asked.clear()
    assert place.crawl().status == 0
    place.check()


def test_lost_snapshot_of_an_earlier_day_does_not_hold_up_today(tmp_path, web, library):
    """What the disk lost of yesterday's unfinished crawl is set aside, and today is taken all the same."""
    place = Place(tmp_path, web, library)
    lost = place.data / "sites/example/snapshots/20260301023000.partial"
    for name in ("archive", "indexes", "pages", "logs"):
        (lost / name).mkdir(parents=True)
    frontier = place.data / "state/frontier/example-20260301023000.sqlite"
    frontier.parent.mkdir(parents=True)
    frontier.write_bytes(b"not a database" * 1000)
    ended = daykeep(place.config, "crawl", "example")
    assert ended.status == 0
    assert '"event": "set-aside"' in ended.err
    assert lost.with_suffix(".damaged").is_dir()
    place.check()


def files_in(folder: Path) -> WarcFiles:
    return WarcFiles(
        folder, "t", compression="gzip", warcinfo={}, now=lambda: FIRST, new_id=lambda: "<urn:uuid:1>"
    )


def resource(files: WarcFiles) -> None:
    files.resource("urn:x", "text/plain", b"x" * 100, FIRST)


def test_cut_at_every_byte(tmp_path):
    """Wherever in its last record a WARC was torn, what had been synced before it is what is left."""
    files = files_in(tmp_path / "whole")
    (tmp_path / "whole").mkdir()
    resource(files)
    position = files.sync()
    resource(files)
    files.close()
    whole = (tmp_path / "whole" / position.filename).read_bytes()
    for size in range(position.offset, len(whole), 7):
        torn = tmp_path / str(size)
        torn.mkdir()
        (torn / position.filename).write_bytes(whole[:size])
        files_in(torn).resume(position, tmp_path / "torn")
        left = torn / position.filename
        assert left.read_bytes() == whole[: position.offset]
        assert [one.kind for _, one in iterate(left)] == ["warcinfo", "resource"]


def test_torn_ends_are_bounded(tmp_path, monkeypatch):
    """Of a torn end so many bytes are kept, and of all of them the newest."""
    monkeypatch.setattr(durable, "MAX_TORN", 1 << 16)
    path, folder = tmp_path / "w", tmp_path / "torn"
    path.write_bytes(b"x" * (1 << 17))
    for offset in range(durable.MAX_TORN_FILES + 3):
        durable.keep_aside(path, offset, folder)
    kept = sorted(folder.iterdir())
    assert len(kept) == durable.MAX_TORN_FILES
    assert {one.stat().st_size for one in kept} == {1 << 16}
    assert folder / "w-0.bin" not in kept
    assert folder / f"w-{offset}.bin" in kept


def test_torn_end_that_cannot_be_kept(tmp_path):
    """Where there is no room for the torn end, the repair is made all the same."""
    (tmp_path / "torn").write_bytes(b"a file is in the way")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "t-00000.warc.gz").write_bytes(b"torn")
    files_in(tmp_path / "a").resume(None, tmp_path / "torn")
    assert list((tmp_path / "a").iterdir()) == []


def test_resume_refuses_a_file_that_is_gone(tmp_path):
    """A WARC that was synced and is not there any more is a loss, and is told."""
    with pytest.raises(DamagedError, match="has 0 bytes, and 99 were synced"):
        files_in(tmp_path).resume(Position("t-00000.warc.gz", 99))


def test_sync_after_a_failed_sync_is_refused(tmp_path, monkeypatch):
    """After a sync that failed no later one is believed, though the kernel would say it went well."""
    files = files_in(tmp_path)
    resource(files)
    real, answers = os.fsync, [OSError(5, "Input/output error")]

    def fsync(descriptor):
        if answers:
            raise answers.pop()
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match=r"Input/output error\. The disk failed"):
        files.sync()
    with pytest.raises(StorageError, match="an earlier sync of it failed"):
        files.sync()
    with pytest.raises(StorageError, match="an earlier sync of it failed"):
        files.close()
