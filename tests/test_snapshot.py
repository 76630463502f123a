# SPDX-License-Identifier: EUPL-1.2
"""A snapshot from its begin to its seal: what a day shares with those before it, and what no crash takes away."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from archiver import ledger
from archiver.checking.verify import verify
from archiver.collection import Collection, finder
from archiver.responses import open_response
from archiver.settings import Site
from archiver.snapshot import StoppedError, full_is_due, take
from index.errors import BusyError, DamagedError
from index.model import REVISIT
from index.search import Search
from tests.support.command import command, configure, daykeep
from tests.support.sites import Web, text
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, opened, page
from tests.support.some import some

SAME, GONE, BROKEN = page("Tuesday, and every day"), text("not here", status=404), text("oops", status=503)
HOME = page("home", "/a", "/b")


def captures(folder):
    return {one.url.removeprefix(HOST): one for one in folder.index.captures()}


def payload(archive, folder, url):
    capture = captures(folder)[url]
    with open_response(finder(archive.collection, SITE), folder.timestamp, capture) as response:
        return response.status, b"".join(response.body)


def problems(archive, *folders):
    find = finder(archive.collection, SITE)
    return [str(problem) for folder in folders for problem in verify(folder, find)]


def unreachable(archive):
    def resolve(_host, _port):
        raise OSError("no such name")

    return replace(archive, resolve=resolve)


def test_second_day_refers_to_the_first(tmp_path):
    """What is as it was becomes a revisit that replays the same bytes; what changed is stored."""
    day = {"/": HOME, "/a": SAME, "/b": page("Monday")}
    with build_days(tmp_path, [day, {**day, "/b": page("Tuesday")}]) as archive:
        first, second = archive.collection.snapshots(SITE)
        mimes = {url: one.mime for url, one in captures(second).items() if not url.startswith("urn:")}
        assert (mimes["/a"], mimes["/b"]) == (REVISIT, "text/html")
        assert captures(second)["/a"].original.snapshot == first.timestamp
        assert payload(archive, second, "/a") == payload(archive, first, "/a") == (200, SAME[2])
        assert payload(archive, second, "/b") != payload(archive, first, "/b")
        assert problems(archive, first, second) == []
        assert second.summary.changed == 1


@pytest.mark.parametrize("between", [BROKEN, GONE])
def test_payload_from_before_a_bad_day(tmp_path, between):
    """Where yesterday had no page, the body of the day before that is not stored again, and is found by its words."""
    good = {"/": HOME, "/a": page("Onvindbaar")}
    with build_days(
        tmp_path, [good, {"/": HOME, "/a": between}, {"/": HOME, "/a": between}, good]
    ) as archive:
        first, _, _, last = archive.collection.snapshots(SITE)
        assert captures(last)["/a"].original.snapshot == first.timestamp
        assert payload(archive, last, "/a") == (200, good["/a"][2])
        search = Search(archive.shelves.history, archive.shelves.catalogue)
        found = [
            search.find(SITE, "onvindbaar", day.timestamp, limit=9).total
            for day in archive.collection.snapshots(SITE)
        ]
        assert found == [1, 0, 0, 1]
        assert problems(archive, last) == []


def test_other_media_type_is_stored_again(tmp_path):
    """The same bytes under another media type are another answer."""
    status, fields, body = SAME
    days = [
        {"/": HOME, "/a": SAME},
        {"/": HOME, "/a": (status, {**fields, "Content-Type": "text/plain"}, body)},
    ]
    with build_days(tmp_path, days) as archive:
        last = archive.collection.snapshots(SITE)[-1]
        assert captures(last)["/a"].mime == "text/plain"
        assert last.summary.changed == 1


def cut(handler):
    """Answer five bytes of ten, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(b"hello")
    handler.close_connection = True


def test_cut_body_is_neither_referred_to_nor_refers(tmp_path):
    """What arrived of a cut body may be the bytes of a whole one, and is not the same answer."""
    whole = (200, {"Content-Type": "text/plain"}, b"hello")
    home = page("home", "/a")
    with Web({"/": home, "/a": cut}) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        for number, answer in enumerate((cut, whole, cut)):
            web.pages["/a"] = answer
            clock.set(FIRST + timedelta(days=number))
            take(archive, archive.settings.site[0])
        folders = archive.collection.snapshots(SITE)
        lines = [captures(folder)["/a"] for folder in folders]
        assert [(line.mime, line.truncated) for line in lines] == [
            ("text/plain", "disconnect"),
            ("text/plain", None),
            ("text/plain", "disconnect"),
        ]
        assert len({line.digest for line in lines}) == 1
        assert problems(archive, *folders) == []


def test_looks_back_no_further_than_a_week(tmp_path):
    """A page that was away for more than seven days is stored again."""
    good = {"/": HOME, "/a": SAME}
    with build_days(tmp_path, [good, *[{"/": HOME, "/a": BROKEN}] * 8, good]) as archive:
        last = archive.collection.snapshots(SITE)[-1]
        assert captures(last)["/a"].mime == "text/html"
        assert problems(archive, last) == []


def test_full_stores_everything(tmp_path):
    """`--full` refers to nothing: the snapshot stands on its own."""
    with Web({"/": HOME, "/a": SAME}) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        take(archive, archive.settings.site[0])
        clock.set(FIRST + timedelta(days=1))
        take(archive, archive.settings.site[0], full=True)
        first, second = archive.collection.snapshots(SITE)
        assert [one.original for one in second.index.captures()] == [None] * len(captures(second))
        assert (first.package["daykeep"]["full"], second.package["daykeep"]["full"]) == (True, True)
        assert second.summary.changed == 0


# Days since the last full snapshot of a site that takes one every day.
FULL = [
    ("always", 1, True),
    ("never", 4000, False),
    ("weekly", 6, False),
    ("weekly", 7, True),
    ("monthly", 29, False),
    ("monthly", 30, True),
    ("yearly", 364, False),
    ("yearly", 365, True),
]


@pytest.mark.parametrize(("policy", "days", "due"), FULL)
def test_full_is_due(tmp_path, policy, days, due):
    """How often nothing is deduplicated is counted from the last full snapshot that did not fail."""
    collection = Collection.create(tmp_path)
    own = {"outcome": "complete", "counts": {}, "changed": 0, "lacking": 0, "demonstration": False}
    for number, full, outcome in [(0, True, "complete"), (1, False, "complete"), (2, True, "failed")]:
        day = FIRST + timedelta(days=number)
        folder = collection.at(SITE, day.strftime("%Y%m%d%H%M%S"))
        folder.path.mkdir(parents=True)
        described = {
            "daykeep": own | {"day": f"{day.date()}", "full": full, "outcome": outcome},
            "resources": [],
        }
        (folder.path / "datapackage.json").write_text(json.dumps(described))
    now = FIRST + timedelta(days=days, minutes=-3)
    site = Site(name=SITE, seeds=(f"{HOST}/",), full=policy)
    assert full_is_due(collection, site, now.strftime("%Y%m%d%H%M%S")) is due


def test_first_is_full_whatever_the_policy(tmp_path):
    """There is nothing to refer to on the first day."""
    with build_days(tmp_path, [{"/": HOME}], full="never") as archive:
        assert archive.collection.snapshots(SITE)[0].package["daykeep"]["full"] is True


def test_failed_day(tmp_path):
    """A day on which the seed does not resolve is sealed as failed and changes nothing; the next compares past it."""
    world = {"/": HOME, "/a": SAME}
    with Web(world) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site, history = archive.settings.site[0], archive.shelves.history
        take(archive, site)
        before = history.lifeline(f"{HOST}/a")
        clock.set(FIRST + timedelta(days=1))
        failed = take(unreachable(archive), site)
        assert (failed.outcome, failed.counts) == ("failed", {"network-error": 4})
        assert history.lifeline(f"{HOST}/a") == before
        assert history.snapshot(SITE, failed.timestamp) == failed
        clock.set(FIRST + timedelta(days=2))
        third = take(archive, site)
        folders = archive.collection.snapshots(SITE)
        assert (third.outcome, third.changed, third.counts["unchanged"]) == ("complete", 0, 2)
        assert [(one.first, one.last) for one in history.lifeline(f"{HOST}/a")] == [
            (folders[0].timestamp, folders[2].timestamp)
        ]
        assert problems(archive, *folders) == []


def test_two_failed_days_and_a_first_one(tmp_path):
    """A site may begin with days that failed; the first that does not is its first."""
    with Web({"/": HOME}) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site = archive.settings.site[0]
        for number in range(3):
            clock.set(FIRST + timedelta(days=number))
            take(archive if number == 2 else unreachable(archive), site)
        last = archive.collection.snapshots(SITE)[-1]
        assert last.package["daykeep"]["full"] is True
        assert archive.shelves.history.lifeline(f"{HOST}/")[0].first == last.timestamp


def stop_at(archive, site, number):
    """Begin a crawl and have it stopped once it has brought so many URLs."""

    def report(progress):
        if progress.done >= number:
            archive.stop.set()

    with pytest.raises(StoppedError):
        take(archive, site, report=report)
    archive.stop.clear()


PAGES = {"/": page("home", *(f"/{n}" for n in range(40)))} | {f"/{n}": page(f"page {n}") for n in range(40)}


def test_earlier_day_is_closed_as_it_is(tmp_path):
    """What a stopped crawl of yesterday has is sealed without asking for more, and today gets its own snapshot."""
    with Web(PAGES) as web, opened(tmp_path, web, clock := HandClock(), connections=1) as archive:
        site = archive.settings.site[0]
        stop_at(archive, site, 10)
        asked = len(web.asked)
        clock.set(FIRST + timedelta(days=1))
        today = take(archive, site)
        yesterday = archive.collection.snapshots(SITE)[0]
        counts = yesterday.summary.counts
        assert (yesterday.summary.day, yesterday.summary.outcome) == ("2026-03-02", "partial")
        assert counts["captured"] + counts["not-reached"] + counts.get("http-error", 0) == 43
        assert counts["captured"] <= asked
        assert (today.day, today.outcome, today.counts["captured"]) == (
            "2026-03-03",
            "complete",
            today.counts["captured"],
        )
        assert today.counts["unchanged"] == counts["captured"]
        assert [one.timestamp for one in archive.shelves.history.snapshots(SITE)] == [
            yesterday.timestamp, today.timestamp,
        ]  # fmt: skip
        assert problems(archive, *archive.collection.snapshots(SITE)) == []


def test_full_crawl_stays_full_when_it_carries_on(tmp_path):
    """A crawl that began with --full deduplicates nothing after it was stopped either."""
    with Web(PAGES) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site = archive.settings.site[0]
        take(archive, site)
        clock.set(FIRST + timedelta(days=1))

        def report(progress):
            if progress.done >= 8:
                archive.stop.set()

        with pytest.raises(StoppedError):
            take(archive, site, full=True, report=report)
        archive.stop.clear()
        assert "unchanged" not in take(archive, site).counts


def test_damage_is_never_sealed(tmp_path):
    """What does not read back is set aside, not sealed, and the next attempt begins anew."""
    with Web(PAGES) as web, opened(tmp_path, web, clock := HandClock(), compression="none") as archive:
        site = archive.settings.site[0]
        stop_at(archive, site, 10)
        partial = archive.collection.unfinished(SITE)
        path = partial.warcs[0]
        data = bytearray(path.read_bytes())
        data[data.rindex(b"<p>page") + 4] ^= 1
        path.write_bytes(data)
        with pytest.raises(DamagedError, match=r"not sealed.*set aside"):
            take(archive, site)
        assert archive.collection.snapshots(SITE) == []
        assert archive.shelves.history.snapshots(SITE) == []
        assert partial.path.with_suffix(".damaged").is_dir()
        clock.set(FIRST + timedelta(hours=1))
        assert take(archive, site).outcome == "complete"


def test_damaged_yesterday_is_passed_over(tmp_path):
    """A damaged snapshot costs bytes, never today: the next compares with the newest one that is whole."""
    with Web({"/": HOME, "/a": SAME}) as web, opened(tmp_path, web, clock := HandClock()) as archive:
        site = archive.settings.site[0]
        for number in range(2):
            clock.set(FIRST + timedelta(days=number))
            take(archive, site)
        first, second = archive.collection.snapshots(SITE)
        second.ledger_path.chmod(0o644)
        second.ledger_path.write_bytes(b"{")
        clock.set(FIRST + timedelta(days=2))
        third = take(archive, site)
        assert third.counts["unchanged"] == 2
        assert (
            captures(archive.collection.at(SITE, third.timestamp))["/a"].original.snapshot == first.timestamp
        )


def test_one_crawl_of_a_site_at_a_time(tmp_path):
    """Whoever comes second is told so at once."""
    with Web({"/": HOME}) as web, opened(tmp_path, web, HandClock()) as archive:
        with archive.collection.lock(SITE), pytest.raises(BusyError):
            take(archive, archive.settings.site[0])
        assert take(archive, archive.settings.site[0]).outcome == "complete"


# Real processes, killed


def committed(data):
    """Return the URLs that have their outcome in the frontier on disk, and the name of the snapshot."""
    [path] = (data / "state" / "frontier").glob("*.sqlite")
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT url FROM url WHERE outcome IS NOT NULL AND kind != 'robots'"
        ).fetchall()
    database.close()
    return {url.partition("//")[2].partition("/")[2] for (url,) in rows}, path.stem.rpartition("-")[2]


def run_until(process, reached, seconds=30):
    deadline = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


KILLED = [70, 1, "sealing", 30]


@pytest.mark.parametrize("moment", some(KILLED, 2))
def test_killed(tmp_path, moment):
    """After kill -9 the next start carries on: nothing synced is lost, nothing committed is asked for twice."""
    site = {"/": page("home", *(f"/{n}" for n in range(100)))} | {
        f"/{n}": page(f"page {n}") for n in range(100)
    }
    data = tmp_path / "data"
    with Web(site, pause=0.1) as web:
        config = configure(tmp_path, web.seed, connections=4)
        process = subprocess.Popen(command(config, "crawl", "example"), stdout=-1, stderr=-1)
        if moment == "sealing":
            run_until(process, lambda: list(data.glob("sites/example/snapshots/*.partial/logs/ledger.jsonl")))
        else:
            run_until(process, lambda: len(web.asked) > moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done, timestamp = committed(data)
        assert moment != 70 or len(done) > 10
        web.asked.clear()
        ended = daykeep(config, "crawl", "example", "--json")
        again = {path.removeprefix("/") for path in web.pages_asked()}
    assert ended.status == 0, ended.err
    assert ended.json()["timestamp"] == timestamp
    assert not again & done
    assert again | done >= {path.removeprefix("/") for path in site}
    [folder] = Collection(data).snapshots("example")
    assert list(verify(folder, finder(Collection(data), "example"))) == []
    urls = Counter(entry.url for entry in ledger.read(folder.ledger_path))
    assert (len(urls), max(urls.values())) == (103, 1)
    assert ended.json()["known"] == 103
    assert list((data / "state" / "frontier").iterdir()) == []


def test_signal_stops_within_seconds(tmp_path):
    """SIGTERM ends a crawl in a few seconds with a sentence, and the same command carries on."""
    with Web(PAGES, pause=0.1) as web:
        config = configure(tmp_path, web.seed, connections=1)
        process = subprocess.Popen(command(config, "crawl", "example"), stdout=-1, stderr=-1)
        run_until(process, lambda: len(web.asked) > 5)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - started < 3
        assert (process.returncode, out) == (1, b"")
        assert b"run the same command again" in err
        assert b"Traceback" not in err
        web.pause = 0
        assert daykeep(config, "crawl", "example").status == 0
    assert max(Counter(web.pages_asked()).values()) == 1
