# SPDX-License-Identifier: EUPL-1.2
"""`daykeep export` as an operator types it: ranges, profiles of his own, a bar, and exit statuses."""

from __future__ import annotations

import json
import zipfile

import pytest

from archiver.demo.run import SITE
from archiver.demo.site import DAYS
from tests.support.command import daykeep
from tests.support.importing import revisit, sha1, write

FIRST, THIRD, LAST = DAYS[0].date, DAYS[2].date, DAYS[-1].date


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ((FIRST,), 1),
        ((FIRST, "--to", FIRST), 1),
        ((FIRST, "--to", THIRD), 3),
        (("2020-01-01", "--to", "2030-01-01"), 7),
        ((FIRST.replace("-", "") + "000000", "--to", THIRD), 3),
    ],
)
def test_days(demo, tmp_path, words, days):
    """One day, or all from one to another, both included; a day without a snapshot is passed over."""
    ended = daykeep(demo, "export", SITE, *words, "-o", tmp_path / "x", "--profile", "warc", "--json")
    assert (ended.status, ended.err) == (0, "")
    told = ended.json()
    assert (len(told["snapshots"]), told["differences"]) == (days, 0)
    assert json.loads((tmp_path / "x" / "manifest.json").read_bytes())["snapshots"] == told["snapshots"]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ((THIRD, "--to", FIRST), 2, f"{FIRST} is before {THIRD}; give the earlier day first."),
        (("2020-01-01", "--to", "2020-01-31"), 1, "There is no snapshot of"),
        ((FIRST, "--to", "tomorrow"), 2, "'tomorrow' is not a date"),
        ((FIRST, "--profile", "nl"), 2, "There is no export profile 'nl'"),
        ((FIRST, "--url", "https://elsewhere.example/"), 1, "begins with https://elsewhere.example/"),
    ],
)
def test_faults(demo, tmp_path, words, status, says):
    """What cannot be done is one sentence, and nothing is written."""
    ended = daykeep(demo, "export", SITE, *words, "-o", tmp_path / "x")
    assert (ended.status, ended.out, says in ended.err) == (status, "", True)
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_it_wrote(demo, tmp_path):
    """One sentence says how many captures went along and that they were read back."""
    ended = daykeep(demo, "export", SITE, THIRD, "-o", tmp_path / "x", "--profile", "nl-richtlijn")
    assert ended.status == 0
    assert "of them made full responses again" in ended.out
    assert "payloads read back, no difference(s)." in ended.out


OWN = """
title = { nl = "Van ons", en = "Ours" }
container = "wacz"
records = "whole"
compression = "none"
parts = ["index", "pages"]
[names]
records = "archive/{name}"
index = "indexes/index.cdxj"
pages = "pages/pages.jsonl"
"""


@pytest.fixture
def own(demo):
    """Put a profile beside the configuration, for one test."""
    folder = demo.parent / "profiles"
    folder.mkdir()
    (folder / "ours.toml").write_text(OWN)
    yield folder / "ours.toml"
    (folder / "ours.toml").unlink()
    folder.rmdir()


def test_a_profile_of_ones_own(demo, own, tmp_path):
    """A file in `profiles/` beside the configuration is a profile; a fault in it names the file."""
    ended = daykeep(demo, "export", SITE, THIRD, "-o", tmp_path / "x.wacz", "--profile", "ours", "--json")
    assert (ended.status, ended.json()["rebuilt"] > 0) == (0, True)
    with zipfile.ZipFile(tmp_path / "x.wacz") as file:
        names = file.namelist()
    assert [name for name in names if not name.startswith("archive/")] == [
        "indexes/index.cdxj",
        "pages/pages.jsonl",
        "datapackage.json",
        "datapackage-digest.json",
    ]
    own.write_text(OWN.replace("records =", "recods =", 1))
    ended = daykeep(demo, "export", SITE, THIRD, "-o", tmp_path / "y.wacz", "--profile", "ours")
    assert (ended.status, f"{own}: unknown key `recods`; the nearest is `records`" in ended.err) == (2, True)


def test_differences_are_exit_status_3(tmp_path):
    """A revisit that refers to nothing cannot be made whole: the export is there, and the command says so."""
    daykeep(None, "init", tmp_path, "--seed", "http://www.example.org/", "--name", "old")
    config = tmp_path / "config" / "daykeep.toml"
    given = write(tmp_path / "given.warc", [revisit("/lost", "2026-03-02T02:30:06Z", 3, sha1(b"nowhere"))])
    assert daykeep(config, "import", "old", given).status == 3
    ended = daykeep(config, "export", "old", "2026-03-02", "-o", tmp_path / "x", "--profile", "nl-richtlijn")
    assert ended.status == 3
    assert "1 thing(s) are not as the archive has them, each named in the report. The first: " in ended.err
    assert "this revisit refers to nothing that is there, and stays one" in ended.err
    (one,) = json.loads((tmp_path / "x" / "report.json").read_bytes())["differences"]
    assert one["url"] == "http://www.example.org/lost"
