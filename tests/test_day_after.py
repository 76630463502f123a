# SPDX-License-Identifier: EUPL-1.2
"""A day after a bad one, crawled: what came back as it was is no news, what went in the meantime is removed."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest

from archiver.checking.verify import verify
from archiver.collection import Collection, finder
from archiver.past import LOOK_BACK
from tests.support.command import configure, inside
from tests.support.daily import daily, day_before, stop_at
from tests.support.snapshots import HOST, SITE, build_days, page

GONE = (410, {"Content-Type": "text/plain"}, b"weg")
BAD = (503, {"Content-Type": "text/plain"}, b"later")
HOME = page("Welkom", "/a", "/b", "/c")
RULES = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nAllow: /\n")
REFUSING = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /a\nDisallow: /b\nDisallow: /c\n")
GOOD = {"/robots.txt": RULES, "/": HOME, "/a": page("een"), "/b": page("twee"), "/c": page("drie")}


def kinds(folder):
    with folder.changes_path.open("rb") as file:
        lines = [msgspec.json.decode(line) for line in file]
    pages = [one for one in lines if not one["url"].endswith("/robots.txt")]
    return {one["url"].removeprefix(HOST): one["kind"] for one in pages}, pages


DAYS = [
    (dict.fromkeys(["/a", "/b", "/c"], BAD), "the server was out of order"),
    ({"/robots.txt": REFUSING}, "they were not to be asked for"),
]


@pytest.mark.parametrize(("bad", "why"), DAYS)
def test_the_day_after(tmp_path, bad, why):
    """What a bad day did not say is compared with the day before it, in the sealed list and in its counts."""
    after = GOOD | {"/b": page("twee, anders"), "/c": GONE, "/": page("Welkom", "/a", "/b", "/c", "/d")}
    after["/d"] = page("vier")
    with build_days(tmp_path, [GOOD, GOOD | bad, after]) as archive:
        first, second, third = archive.collection.snapshots(SITE)
        assert kinds(second)[0] == dict.fromkeys(["/a", "/b", "/c"], "unavailable"), why
        told, lines = kinds(third)
        assert told == {"/": "changed", "/b": "changed", "/c": "removed", "/d": "new"}, why
        assert {one["url"].removeprefix(HOST): one.get("since") for one in lines} == {
            "/": None,
            "/b": first.timestamp,
            "/c": first.timestamp,
            "/d": None,
        }
        others = third.package["daykeep"]["changes"]
        assert third.summary.changed == others["new"] + others["changed"] + others["removed"]
        find = finder(archive.collection, SITE)
        assert [problem for one in (first, second, third) for problem in verify(one, find)] == []
        history = archive.shelves.history
        since = history.changes(SITE, second.timestamp, third.timestamp)
        found = {one.url.removeprefix(HOST): str(one.kind) for one in since}
        assert {path: kind for path, kind in found.items() if path != "/robots.txt"} == told


def test_several_bad_days_on_end(tmp_path):
    """As many days as are looked back upon may be bad; after more it is not known what was there."""
    bad_day = GOOD | {"/a": BAD}
    with build_days(tmp_path, [GOOD, *[bad_day] * (LOOK_BACK - 1), GOOD]) as archive:
        assert kinds(archive.collection.snapshots(SITE)[-1])[0] == {}
    with build_days(tmp_path / "more", [GOOD, *[bad_day] * LOOK_BACK, GOOD]) as archive:
        assert kinds(archive.collection.snapshots(SITE)[-1])[0] == {"/a": "new"}


def test_a_day_without_a_change_adds_no_row(tmp_path):
    """After crawls on which nothing changed the tables have a row more for each snapshot, and no other."""
    with build_days(tmp_path, [GOOD]) as archive:
        path = archive.collection.catalogue / "history.sqlite"
        before = rows(path)
    with build_days(tmp_path / "more", [GOOD] * 4) as archive:
        after = rows(archive.collection.catalogue / "history.sqlite")
        assert [one.changed for one in archive.shelves.history.snapshots(SITE)][1:] == [0, 0, 0]
    assert after == before | {"snapshot": 4}
    assert before["lifeline"] >= len(GOOD)


def rows(path):
    with sqlite3.connect(path) as database:
        tables = ("snapshot", "lifeline", "document", "setting")
        counted = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    database.close()
    return counted


def test_an_import_after_a_bad_day(tmp_path):
    """Files of other tools are compared in the same way: with the last day that says what a page was."""
    after = GOOD | {"/b": page("twee, anders")}
    with build_days(tmp_path / "made", [GOOD, GOOD | {"/a": BAD, "/b": BAD}, after]) as made:
        files = [path for folder in made.collection.snapshots(SITE) for path in folder.warcs]
        config = configure(tmp_path / "new", f"{HOST}/")
        ended = inside(config, "import", "example", *map(str, files))
        assert ended.status in {0, 3}, ended.err
    folders = Collection(tmp_path / "new" / "data").snapshots("example")
    assert [kinds(folder)[0] for folder in folders[1:]] == [
        {"/a": "unavailable", "/b": "unavailable"},
        {"/b": "changed"},
    ]


@pytest.mark.parametrize("stops", [1, 2])
def test_after_days_that_were_stopped(tmp_path, stops):
    """What was not reached on a stopped day and is gone after it is removed; what is as it was is no change."""
    with daily(tmp_path, GOOD, connections=1) as site:
        site.take()
        for _ in range(stops):
            stop_at(site, "/")
        last = site.take(GOOD | {"/b": GONE})
        stopped = day_before(site)
    assert stopped["/b"].outcome == "not-reached"
    assert kinds(stopped.folder)[0].get("/b") == ("unavailable" if stops == 1 else None)  # told once
    assert kinds(last.folder)[0] == {"/b": "removed"}
    assert (last.judged["changed"], last.judged["changed_text"]) == (1, 1)
