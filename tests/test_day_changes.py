# SPDX-License-Identifier: EUPL-1.2
"""Two kinds of change of a crawled day: bytes, and text as a reader sees it; sealed, told and verified."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from archiver.between_days import between_days
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.day_changes import Texts
from archiver.noise_rules import noise_of
from index.noise import Rule
from tests.support.snapshots import FIRST, HOST, SITE, build_days, page

ROBOTS = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nAllow: /\n")
PICTURE = (200, {"Content-Type": "image/png"}, b"\x89PNG one")
LINKS = ("/today", "/token", "/hidden", "/fee", "/picture", "/gone", "/leads", "/count")
GONE = (410, {"Content-Type": "text/plain"}, b"weg")
TO = (301, {"Location": "/fee"}, b"")


def html(body):
    return 200, {"Content-Type": "text/html; charset=utf-8"}, f"<!doctype html><body>{body}".encode()


def day(number):
    """Return a site whose pages all differ in their bytes each day, and some of them in what they say."""
    today = (FIRST + timedelta(days=number)).day
    return {
        "/robots.txt": ROBOTS,
        "/": page("Welkom", *LINKS),
        "/today": html(f"<p>Het is vandaag {today} maart 2026, 14:0{number} uur.</p><p>Kosten 350 euro</p>"),
        "/token": html(f"<p>Contact</p><p>Request ID: 77ab-{number}{number}99aa</p>"),
        "/hidden": html(f"<input type=hidden name=csrf value={number}><p>Formulier</p><!-- {number} -->"),
        "/fee": html(f"<p>Kosten {350 + number} euro</p>"),
        "/picture": (200, {"Content-Type": "image/png"}, b"\x89PNG %d" % number),
        "/gone": html("<p>Blijft niet</p>") if number < 1 else GONE,
        "/leads": html("<p>Leidt straks ergens heen</p>") if number < 1 else TO,
        "/count": html(f"<p>Wachtrij: {7 + number} mensen</p>"),
    }


SEEN = {
    "/today": ("changed", False),
    "/token": ("changed", False),
    "/hidden": ("changed", False),
    "/fee": ("changed", True),
    "/picture": ("changed", None),
    "/gone": ("removed", True),
    "/leads": ("changed", True),
    "/count": ("changed", True),
}


def lines(folder):
    with folder.changes_path.open("rb") as file:
        found = [msgspec.json.decode(line) for line in file]
    return {one["url"].removeprefix(HOST): (one["kind"], one.get("text")) for one in found}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with build_days(tmp_path_factory.mktemp("kept"), [day(0), day(1), day(1)]) as archive:
        yield archive


def test_text_as_a_reader_sees_it(kept):
    """Each change has its kind by bytes, and beside it whether a reader sees another text; both are counted."""
    first, second, third = kept.collection.snapshots(SITE)
    assert lines(second) == SEEN
    assert (second.summary.changed, second.changed_text) == (8, 4)
    assert (third.summary.changed, third.changed_text, lines(third)) == (0, 0, {})
    # nothing but what has no text, as the picture and robots.txt, is new without a text
    assert {path for path, (_, text) in lines(first).items() if not text} == {"/picture", "/robots.txt"}
    assert first.changed_text == first.summary.changed - 2


def test_between_two_days_the_same_is_told(kept):
    """Comparing any two days tells of their texts what the sealed list of the day says."""
    first, _, third = kept.collection.snapshots(SITE)
    told = between(kept, first, third)
    assert {one.url.removeprefix(HOST): (one.kind.value, one.text) for one in told} == SEEN


def between(archive, first, last):
    texts = Texts(archive.collection, noise_of(None), archive.settings.zone)
    return between_days(texts, archive.shelves.history, first, last)


def test_a_day_of_too_much_text(kept):
    """Once a day has read as much as it may, texts of other digests count as other texts; equal ones do not."""
    first, _, third = kept.collection.snapshots(SITE)
    texts = Texts(kept.collection, noise_of(None), kept.settings.zone, left=0)
    told = between_days(texts, kept.shelves.history, first, third)
    found = {one.url.removeprefix(HOST): one.text for one in told}
    assert (found["/today"], found["/fee"], found["/hidden"], found["/picture"]) == (True, True, False, None)


def test_rules_of_the_site(tmp_path):
    """A site's own rules of noise are used when its day is sealed."""
    own = (Rule(name="queue", pattern=r"wachtrij: \d{1,4} mensen"), Rule(name="labelled-token"))
    with build_days(tmp_path, [day(0), day(1)], noise=own) as archive:
        found = lines(archive.collection.snapshots(SITE)[1])
    assert (found["/count"], found["/token"]) == (("changed", False), ("changed", True))


def problems(archive):
    find = finder(archive.collection, SITE)
    return [str(one) for folder in archive.collection.snapshots(SITE) for one in verify(folder, find)]


def seal_anew(folder, change):
    """Change lines and figures of a sealed day as they would be had it been sealed so."""
    for path in (folder.changes_path, folder.path / "datapackage.json"):
        path.chmod(0o644)
    package = json.loads((folder.path / "datapackage.json").read_text())
    kept = [json.loads(line) for line in folder.changes_path.read_text().splitlines()]
    change(kept, package["daykeep"])
    folder.changes_path.write_text("".join(json.dumps(one) + "\n" for one in kept))
    (folder.path / "datapackage.json").write_text(json.dumps(package))


def as_before(lines, own):
    for line in lines:
        line.pop("text", None)
        line.pop("since", None)
    own.pop("changed_text")
    own.pop("changed_noise")


def count_one_more(_lines, own):
    own["changed_text"] += 1


SEALED = [(as_before, []), (count_one_more, ["its changes of text do not add up to the sealed number"])]


@pytest.mark.parametrize(("change", "told"), SEALED)
def test_days_sealed_before(tmp_path, change, told):
    """A day without these keys reads and verifies as it always did; a number that is not that of the lines is told."""
    with build_days(tmp_path, [day(0), day(1)]) as archive:
        assert problems(archive) == []
        folder = archive.collection.snapshots(SITE)[1]
        seal_anew(folder, change)
        [folder] = archive.collection.snapshots(SITE)[1:]
        found = [one for one in problems(archive) if "logs/changes.jsonl" in one and "text" in one]
        assert [told[0] in one for one in found] == [True for _ in told]
        assert folder.changed_text == (None if change is as_before else 5)
        assert not [one for one in problems(archive) if "kinds do not add up" in one or "line " in one]


def test_a_text_that_cannot_be_read(tmp_path):
    """Where the text of before is gone from the disk, the day is sealed all the same, and says nothing of it."""
    with build_days(tmp_path, [day(0), day(1)]) as archive:
        first, second = archive.collection.snapshots(SITE)
        for warc in first.warcs:
            warc.chmod(0o644)
            warc.write_bytes(warc.read_bytes()[:300])
        told = {one.url.removeprefix(HOST): one.text for one in between(archive, first, second)}
    assert (told["/fee"], told["/hidden"], told["/gone"]) == (None, False, True)
