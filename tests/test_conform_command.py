# SPDX-License-Identifier: EUPL-1.2
"""`daykeep conform` as an operator runs it: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command import configure, daykeep, inside
from tests.support.snapshots import page, serving

TERMS = '[mdto]\ncreator = "Gemeente X"\nappraisal = "Blijvend te bewaren"\nappraisal_code = "B"\nrestriction = "Geen beperking"\n'


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> dict[str, Path]:
    """Take a day of a small site twice: with the configuration as it comes, and as the guideline asks."""
    made = {}
    with serving() as server:
        server.day = {
            "/": page("Hello", "/a"),
            "/a": page("A"),
            "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nAllow: /\n"),
        }
        seed = f"http://127.0.0.1:{server.port}/"
        for name, options in (("as it comes", {}), ("configured", {"compression": "none", "top": TERMS})):
            made[name] = configure(tmp_path_factory.mktemp("archive"), seed, **options)
            done = daykeep(made[name], "crawl", "example")
            assert done.status in {0, 3}, done.err
    return made


def today(config: Path) -> str:
    return inside(config, "snapshots", "example", "--json").json()[0]["date"]


def test_configured_day_meets_every_rule(archives):
    """A day taken and configured as the guideline asks ends with status 0, and a line for each rule."""
    done = daykeep(archives["configured"], "conform", "example", today(archives["configured"]))
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [line[0] for line in lines] == [f"R{number}" for number in range(1, 18)]
    assert {line[1] for line in lines} == {"voldoet"}, done.out
    assert done.status == 0


def test_day_as_it_comes(archives):
    """With the defaults the day fails on compression and on what nobody has decided yet, and says what to do."""
    config = archives["as it comes"]
    done = inside(config, "conform", "example", today(config), "--language", "en")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert {row[0] for row in rows if row[1] == "fail"} == {"R7", "R14"}
    said = {row[0]: row[3] for row in rows}
    assert "--profile nl-richtlijn" in said["R7"]
    assert said["R14"].endswith(
        "Not configured (docs/mdto.md): mdto.appraisal, mdto.creator, mdto.restriction."
    )
    assert done.status == 3


def test_export_meets_what_the_stored_day_does_not(archives, tmp_path):
    """What the report advises works: the export it names is not compressed, and is measured in place of the day."""
    config, day = archives["as it comes"], today(archives["as it comes"])
    export = tmp_path / "export"
    assert inside(config, "export", "example", day, "-o", export, "--profile", "nl-richtlijn").status == 0
    told = inside(config, "conform", "example", day, "--json", "--export", export).json()
    verdicts = {rule["id"]: rule["verdict"] for rule in told["rules"]}
    assert told["export"] == "export"
    assert {verdicts[f"R{number}"] for number in (5, 6, 7, 8, 9, 10, 11, 16)} == {"pass"}
    assert (verdicts["R14"], verdicts["R15"]) == ("not-applicable", "not-applicable")


def test_page_and_document(archives, tmp_path):
    """One run may write the page and print the document; the page is in the language that was asked for."""
    config, page_file = archives["configured"], tmp_path / "report.html"
    done = inside(config, "conform", "example", today(config), "--json", "-o", page_file, "--language", "en")
    assert done.json()["counts"] == {"pass": 17, "fail": 0, "not-applicable": 0}
    html = page_file.read_text(encoding="utf-8")
    assert '<html lang="en">' in html
    assert len(re.findall('<section class="one pass"', html)) == 17


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("example", "1999-01-01"), 1, "There is no snapshot"),
        (("exampel", "2026-03-02"), 2, "nearest valid one is `example`"),
        (("example", "yesterday"), 2, "is not a date"),
        (("example", "2026-03-02", "--language", "fr"), 2, "'nl', 'en'"),
        (("example", "DAY", "--export", "/nowhere"), 1, "There is no WARC in"),
        (("example", "DAY", "--export", "EMPTY"), 1, "There is no WARC in"),
        (("example", "DAY", "-o", "EMPTY/no/folder/report.html"), 1, "is not there"),
    ],
)
def test_what_cannot_be_done(archives, tmp_path, words, status, said):
    """What cannot be measured or written ends with a sentence and the status that the help tells."""
    config = archives["configured"]
    (tmp_path / "empty").mkdir()
    known = {"DAY": today(config), "EMPTY": str(tmp_path / "empty")}
    real = [re.sub("DAY|EMPTY", lambda found: known[found[0]], word) for word in words]
    done = inside(config, "conform", *real)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
