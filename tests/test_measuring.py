# SPDX-License-Identifier: EUPL-1.2
"""Days that wait are measured one after the other, and their reports kept: each of just the day it is of."""

from __future__ import annotations

import gzip
import json
import threading
from datetime import UTC, datetime

import msgspec
import pytest

from archiver.collection import Collection
from archiver.conformance.kept import LARGEST, document_of, keep, report_of, waiting
from archiver.conformance.measuring import Measuring, measured
from archiver.conformance.rules import load
from archiver.package import sealed_digest
from archiver.runs import Runs
from archiver.schedule import start
from tests.support.command import configure, daykeep
from tests.support.conforming import SITE, a_report, archived, copied
from tests.support.importing import empty_archive, exchange, html, take, write
from tests.support.ports import wait_until
from tests.support.snapshots import page, serving

NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    with archived(tmp_path_factory.mktemp("good")) as made:
        yield made


@pytest.fixture
def copy(good, tmp_path):
    with copied(good, tmp_path / "copy") as made:
        yield made


def measuring(copy, stop=None):
    return Measuring(copy.settings, copy.collection, lambda: NOW, stop or threading.Event())


def test_every_day_in_its_turn(copy):
    """The newest day comes first, each in its turn, until none waits; a second look finds nothing to do."""
    days = [folder.timestamp for folder in copy.collection.snapshots(SITE)]
    one = measuring(copy)
    done = [one.next(), one.next(), one.next(), one.next()]
    assert [found and (found.folder.timestamp, found.problem) for found in done] == [
        *((day, "") for day in reversed(days)),
        None,
    ]
    for folder in copy.collection.snapshots(SITE):
        report = report_of(copy.collection, folder)
        assert report is not None
        assert (report.snapshot, report.made) == (folder.timestamp, "2026-03-09T08:00:00Z")
        assert report.counts == {"pass": 17, "fail": 0, "not-applicable": 0}
        assert [rule.id for rule in report.rules] == [f"R{number}" for number in range(1, 18)]
        assert all(one.nl and one.en for rule in report.rules for one in rule.facts)
    assert waiting(copy.collection, [SITE]) == []
    assert list((copy.collection.state / "conform").iterdir()) == []


def test_measured_by_hand(copy):
    """A person's report is kept in place of the one before; that of an export is of the export, and is not."""
    folder = copy.folder
    found = measured(copy.subject, load())
    document = document_of(copy.collection, folder)
    assert document is not None
    told = json.loads(document)
    assert (told["package"], told["made"]) == (found.package, found.made)
    assert told["package"] == sealed_digest(folder.path)
    copy.exported = folder.path
    measured(copy.subject, load())
    assert document_of(copy.collection, folder) == document


KEPT = {
    "no gzip": lambda: b"no gzip",
    "cut": lambda: gzip.compress(b"{"),
    "no report": lambda: gzip.compress(b"[]"),
    "deep": lambda: gzip.compress(b"[" * 100_000),
    "torn": lambda: gzip.compress(msgspec.json.encode(a_report()))[:-9],
    "of another day": lambda: gzip.compress(msgspec.json.encode(a_report(package="sha256:of another day"))),
    "too large": lambda: gzip.compress(msgspec.json.encode(a_report(day="x" * LARGEST))),
    "a gigabyte": lambda: gzip.compress(b" " * (1 << 20), 1) * (1 << 10),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_no_report_of_this_day(copy, name):
    """What cannot be read, or is of another day, is not shown, and costs no memory."""
    folder = copy.folder
    keep(copy.collection, folder, a_report(package=sealed_digest(folder.path)))
    assert report_of(copy.collection, folder) is not None
    path = copy.collection.catalogue / "conformance" / SITE / f"{folder.timestamp}.json.gz"
    path.write_bytes(KEPT[name]())
    assert report_of(copy.collection, folder) is None


def test_a_day_that_cannot_be_measured(copy):
    """It is told once with the reason, the others are measured all the same, and the next start tries it again."""
    (copy.day / "datapackage.json").write_bytes(b"{}")
    one = measuring(copy)
    first = one.next()
    assert first is not None
    assert first.folder == copy.folder
    assert "datapackage.json" in first.problem
    rest = [one.next(), one.next(), one.next()]
    assert [found and found.problem for found in rest] == ["", "", None]
    again = measuring(copy).next()
    assert again is not None
    assert again.problem == first.problem


def test_stopped(copy):
    """Asked to stop, it begins nothing, and what it was at is given up at once: no report, and nobody left behind."""
    stop = threading.Event()
    stop.set()
    assert measuring(copy, stop).next() is None
    waited = threading.Event()
    timer = threading.Timer(0.05, waited.set)
    timer.start()
    assert measuring(copy, waited).next() is None
    timer.join()
    assert len(waiting(copy.collection, [SITE])) == 3


def test_one_at_a_time(copy):
    """While one process measures, another does not."""
    with copy.collection.measuring():
        assert measuring(copy).next() is None


def test_imported_day(tmp_path):
    """A day that was made of files of others has a report too; when it was public is no matter for it."""
    with empty_archive(tmp_path) as archive:
        records = exchange("/", html("Hello"), "2026-02-03T10:00:00Z", 1)
        assert take(archive, write(tmp_path / "others.warc", records)).snapshots
        one = Measuring(archive.settings, archive.collection, archive.now, archive.stop).next()
        assert one is not None
        assert one.problem == ""
        report = report_of(archive.collection, one.folder)
        assert report is not None
        verdicts = {rule.id: rule.verdict.value for rule in report.rules}
        assert (verdicts["R12"], verdicts["R13"]) == ("pass", "not-applicable")


def test_the_daily_job_measures(tmp_path):
    """Beside the job that takes snapshots runs one that measures what waits, also where none are taken."""
    with empty_archive(tmp_path) as archive:
        take(archive, write(tmp_path / "a.warc", exchange("/", html("Hello"), "2026-02-03T10:00:00Z", 1)))
        running = start(archive, Runs(archive.collection.runs_path), take=False)
        try:
            assert [job.id for job in running.get_jobs()] == ["conform"]
            wait_until(lambda: not waiting(archive.collection, [SITE]), lambda: True, 120)
        finally:
            archive.stop.set()
            running.shutdown(wait=True)


def test_waiting_by_command(tmp_path):
    """`daykeep conform --waiting` measures what waits and says so; afterwards nothing does."""
    with serving() as server:
        server.day = {"/": page("Hello")}
        config = configure(tmp_path, f"http://127.0.0.1:{server.port}/")
        assert daykeep(config, "crawl", "example").status in {0, 3}
    done = daykeep(config, "conform", "--waiting")
    assert done.status == 0, done.err
    assert done.out.startswith("example 20")
    assert " pass, " in done.out
    assert " fail, " in done.out
    collection = Collection(tmp_path / "data")
    assert (collection.sites(), waiting(collection, ["example"])) == (["example"], [])
    again = daykeep(config, "conform", "example", "--waiting")
    assert (again.status, again.out) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("conform",),
        ("conform", "example"),
        ("conform", "example", "2026-03-02", "--waiting"),
        ("conform", "--waiting", "--json"),
    ],
)
def test_wrong_usage(tmp_path, words):
    """What is asked for must be one day, or all that wait."""
    config = configure(tmp_path, "http://127.0.0.1:9/")
    assert daykeep(config, *words).status == 2
