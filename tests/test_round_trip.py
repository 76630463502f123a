# SPDX-License-Identifier: EUPL-1.2
"""What was crawled and exported is imported elsewhere as it was: payloads, pages, ledger, search and replay."""

from __future__ import annotations

import pytest

from archiver.ledger import read
from archiver.pages import read_pages
from tests.support.archive import Archive as Viewed
from tests.support.command import configure, inside
from tests.support.importing import empty_archive, found, problems, take
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, build_days, page
from tests.support.viewing import Visitor

WORDS = ["vergunning", "tarief", "nieuw", "geduld", "nergens"]
DAYS = [
    {"/": page("vergunning", "/a", "/b", "/weg"), "/a": page("tarief", title="Tarief"), "/b": page("geduld")},
    {
        "/": page("vergunning nieuw", "/a", "/b", "/weg", "/stuk"),
        "/a": page("tarief", title="Tarief"),
        "/b": (301, {"Location": "/a"}, b""),
        "/stuk": (503, {"Content-Type": "text/html"}, b"stuk"),
    },
]
COPIES = [("day.wacz", "wacz"), ("day.warc.gz", "warc"), ("folder", "warc")]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """Two crawled days, and exports of the second in every profile."""
    root = tmp_path_factory.mktemp("crawled")
    config = configure(root, f"{HOST}/")
    with build_days(root / "data", DAYS) as archive:
        timestamp = archive.collection.timestamps(SITE)[-1]
        for name, profile in COPIES:
            ended = inside(config, "export", SITE, timestamp, "-o", root / name, "--profile", profile)
            assert ended.status == 0, ended.err
        yield root, archive, facts(archive, timestamp)


def facts(archive, timestamp):
    """Return what a day has and says, but for where its bytes lie."""
    folder = archive.collection.snapshot(SITE, timestamp)
    lines = [one for one in folder.index.captures() if one.timestamp >= timestamp]
    lines = [one for one in lines if not one.url.startswith("urn:text:")]  # they lie where a text is new
    return {
        "payloads": {
            (one.url, one.timestamp, one.effective_status, one.content_type): one.digest for one in lines
        },
        "ledger": list(read(folder.ledger_path)),
        "pages": list(read_pages(folder.pages_path)),
        "listed": archive.shelves.history.pages(SITE, timestamp),
        "search": {word: found(archive, word, timestamp) for word in WORDS},
        "counts": folder.summary.counts,
        "lacking": folder.summary.lacking,
        "outcome": folder.summary.outcome,
        "replayed": replayed(archive, timestamp),
    }


def replayed(archive, timestamp):
    viewed = Viewed(archive.settings, archive.collection, archive.shelves.history, archive.shelves.catalogue)
    visitor = Visitor(viewed)
    answers = [visitor.replay(timestamp, f"{HOST}{path}") for path in ("/", "/a", "/b", "/weg", "/stuk")]
    return [(one.status_code, one.headers.get("Location"), one.data) for one in answers]


@pytest.mark.parametrize("name", [name for name, _ in COPIES])
def test_round_trip(crawled, tmp_path, name):
    """An export of ours, imported into another archive, is the day it was made of, its gaps too."""
    root, archive, before = crawled
    paths = sorted((root / name).rglob("*.warc*")) if (root / name).is_dir() else [root / name]
    with empty_archive(tmp_path / "data", clock=HandClock(FIRST), seeds=(f"{HOST}/",)) as other:
        report = take(other, *paths)
        [timestamp] = other.collection.timestamps(SITE)
        assert timestamp == archive.collection.timestamps(SITE)[-1]
        after = facts(other, timestamp)
        for fact, value in before.items():
            assert after[fact] == value, fact
        assert (report.unresolved, [one.problem for one in report.files]) == (0, [""] * len(paths))
        assert problems(other) == []


def test_what_did_not_come_along(crawled, tmp_path):
    """A record that an export has lost is not called stored by the ledger that came with it."""
    root, *_ = crawled
    data = bytearray((root / "day.warc.gz").read_bytes())
    with empty_archive(tmp_path / "data", clock=HandClock(FIRST), seeds=(f"{HOST}/",)) as whole:
        take(whole, root / "day.warc.gz")
        line = whole.collection.snapshots(SITE)[0].index.find(f"{HOST}/")
    data[line.offset + line.length // 2] ^= 0xFF
    (tmp_path / "torn.warc.gz").write_bytes(data)
    with empty_archive(tmp_path / "torn", clock=HandClock(FIRST), seeds=(f"{HOST}/",)) as archive:
        report = take(archive, tmp_path / "torn.warc.gz")
        [folder] = archive.collection.snapshots(SITE)
        ledger = {one.url: (one.outcome, one.reason) for one in read(folder.ledger_path)}
        assert ledger[f"{HOST}/"] == ("not-reached", "its record did not come with the imported files")
        assert ledger[f"{HOST}/weg"][0] == "http-error"
        assert (report.files[0].skipped, report.whole) == (1, False)
        assert problems(archive) == []


def test_a_day_that_was_not_the_site(tmp_path):
    """What an export says of its day, that a bot wall stood in place of the site, holds after the import too."""
    wall = page("Checking your browser before accessing example.test. Enable JavaScript and cookies to continue.",
                title="Just a moment...")  # fmt: skip
    config = configure(tmp_path, f"{HOST}/")
    with build_days(tmp_path / "data", [{"/": wall}]) as archive:
        [folder] = archive.collection.snapshots(SITE)
        before = (folder.summary.outcome, folder.reasons)
        ended = inside(config, "export", SITE, folder.timestamp, "-o", tmp_path / "x.wacz")
        assert ended.status == 0, ended.err
    assert before[0] == "failed"
    with empty_archive(tmp_path / "other", clock=HandClock(FIRST), seeds=(f"{HOST}/",)) as other:
        take(other, tmp_path / "x.wacz")
        [folder] = other.collection.snapshots(SITE)
        assert (folder.summary.outcome, folder.reasons) == before
        assert problems(other) == []
