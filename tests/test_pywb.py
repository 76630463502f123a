# SPDX-License-Identifier: EUPL-1.2
"""
pywb on our exports: its index agrees with ours line by line, and it replays what we replay.

Each difference has a rule (tests/support/cdxj_rules.py); docs/validators.md tells them. pywb runs from an
environment of its own and never asks the live web: it has no collection that could.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.responses import open_response
from index.cdxj import Index
from tests.support.archive import Reply, build
from tests.support.cdxj_rules import RULES, differences, read_lines, unexplained
from tests.support.command import inside
from tests.support.oracles import oracle
from tests.support.pywb import collect, fetch, served

SITE, DAY = "verblijfsdienst", "2026-03-03"  # the second day of the demonstration: most of it did not change
STAMP = "20260302023000"
ODD = [
    "https://www.example.org/",
    "http://example.org:8080/A/B?b=2&a=1",
    "https://www.example.org/a;jsessionid=0123456789ABCDEF0123456789ABCDEF",
    "https://www2.example.org/?PHPSESSID=0123456789abcdef0123456789abcdef&x=1",
    "https://127.0.0.1/x",
    "http://192.0.2.7:81/",
    "https://[2001:db8::1]/x",
    "https://xn--bcher-kva.example/%C3%BC/%7Euser/",
    "https://www.example.org/a/?",
    "https://www.example.org/a//b/",
    "https://www.example.org/%2525",
    "https://www.example.org/a%2Fb",
    "https://www.example.org/p?q=%20+&&z",
    "https://www.example.org/Q?A=B&a=b",
    "https://www.example.org/?x=a%26b",
    "https://www.example.org/a,b)c",
    "https://a_b.example.org/x",
]


@dataclass(frozen=True, slots=True)
class Exported:
    """A folder that was exported, and what pywb made of it."""

    folder: Path
    index: Path

    @property
    def home(self) -> Path:
        """The folder of all collections."""
        return self.folder.parents[1]

    @property
    def warcs(self) -> list[Path]:
        return sorted(self.folder.glob("*.warc*"))


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Return the folder of all collections."""
    return tmp_path_factory.mktemp("pywb")


@pytest.fixture(scope="module")
def day(demo, home) -> Exported:
    """Return the second day of the demonstration, exported as it is stored."""
    folder = home / "exported" / "warc"
    ran = inside(demo, "export", SITE, DAY, "--profile", "warc", "-o", folder)
    assert ran.status == 0, ran.err
    made = collect(home, "warc", sorted(folder.glob("*.warc*")))
    return Exported(folder, made.index)


@pytest.fixture(scope="module")
def whole(demo, home) -> Exported:
    """Return the same day by the guideline's rules: full responses in place of revisits."""
    folder = home / "exported" / "whole"
    ran = inside(demo, "export", SITE, DAY, "--profile", "nl-richtlijn", "-o", folder)
    assert ran.status == 0, ran.err
    return Exported(folder, collect(home, "whole", sorted(folder.glob("*.warc"))).index)


@pytest.fixture(scope="module")
def odd(home, tmp_path_factory) -> Exported:
    """Return a day of addresses that keys are made of in different ways, some of their answers chunked."""
    replies = {url: Reply(f"<title>{n}</title>page {n}", chunked=n % 5 == 0) for n, url in enumerate(ODD)}
    folder = home / "exported" / "odd"
    with build(tmp_path_factory.mktemp("odd"), {"odd": {STAMP: replies}}) as archive:
        snapshot = archive.collection.snapshot("odd", STAMP)
        export([snapshot], finder(archive.collection, "odd"), folder, profile=built_in()["warc"])
    return Exported(folder, collect(home, "odd", sorted(folder.glob("*.warc*"))).index)


@pytest.fixture(scope="module")
def port(day, odd, whole):
    """Yield the port on which pywb serves every collection."""
    assert day.home == odd.home == whole.home
    with served(day.home) as port:
        yield port


# ---- the index -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["day", "odd", "whole"])
def test_pywb_index_agrees(name, request):
    """The records that pywb finds are those that our index names, at the same places, and the lines say the same."""
    exported = request.getfixturevalue(name)
    ours, theirs = read_lines(exported.folder / "index.cdxj"), read_lines(exported.index)
    assert len(ours) == len(theirs) > 30
    assert unexplained(ours, theirs) == []


@pytest.mark.parametrize("name", ["day", "odd", "whole"])
def test_cdxj_indexer_agrees(name, request, tmp_path):
    """So it is with cdxj-indexer."""
    exported = request.getfixturevalue(name)
    found = tmp_path / "index.cdxj"
    ran = oracle("cdxj-indexer", "--sort", "-o", found, *exported.warcs)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert unexplained(read_lines(exported.folder / "index.cdxj"), read_lines(found)) == []


def test_lines_stand_in_the_same_order(day):
    """Keys that are the same stand in the same order."""
    ours, theirs = read_lines(day.folder / "index.cdxj"), read_lines(day.index)
    same = {line["key"] for line in ours} & {line["key"] for line in theirs}
    keys = [[(one["key"], one["timestamp"]) for one in side if one["key"] in same] for side in (ours, theirs)]
    assert keys[0] == keys[1]
    assert len(keys[0]) > 100


def test_every_rule_is_needed(day, odd, whole):
    """Each rule explains a difference that there is: a rule that the tools no longer need fails here."""
    used: Counter[str] = Counter()
    for one in (day, odd, whole):
        found = differences(read_lines(one.folder / "index.cdxj"), read_lines(one.index))
        used.update(rule.words for _, _, rule, _ in found if rule)
    assert used.keys() == {rule.words for rule in RULES}


def test_unexplained_difference_is_told(day):
    """The comparison fails on a line that is gone, and on one that says something else."""
    ours, theirs = read_lines(day.folder / "index.cdxj"), read_lines(day.index)
    assert len(unexplained(ours, theirs[1:])) == 1
    theirs[0].fields["mime"] = "text/x-other"
    assert len(unexplained(ours, theirs)) == 1


# ---- replay ----------------------------------------------------------------------------------------------------


def captures(folder):
    """Return what our own reader finds behind each HTTP capture of an export: capture, status and payload."""
    with Index(folder / "index.cdxj") as lines:
        for capture in lines.captures():
            if capture.url.startswith("http"):
                with open_response(lambda _day, name: folder / name, "none", capture) as response:
                    yield capture, response.status, b"".join(response.body)


def test_pywb_replays_what_we_replay(day, port):
    """
    Status and body come out of pywb byte for byte as they come out of ours, revisits among them.

    Two things aside: a redirect to the same address with a slash has one key with its target, and pywb redirects
    to what it takes for itself; and of a 304 it shows the 304.
    """
    kinds: Counter[str] = Counter()
    for capture, status, body in captures(day.folder):
        got = fetch(port, "warc", capture.timestamp, capture.url)
        if capture.status == 304:
            kinds["not modified"] += 1
            assert (got.status, got.body) == (304, b"")
        elif capture.redirect == f"{capture.url}/":
            kinds["slash"] += 1
            assert (got.status, got.location.partition("id_/")[2]) == (307, capture.redirect)
        else:
            kinds[capture.mime] += 1
            assert (got.status, got.body) == (status, body), capture.url
    assert kinds["text/html"] > 5
    assert {"not modified", "slash", "warc/revisit", "image/png", "text/css"} <= kinds.keys()


def test_pywb_replays_the_whole_day(whole, port):
    """By the guideline's rules, all of a day that hardly changed comes out of pywb as it comes out of ours."""
    kinds: Counter[str] = Counter()
    for capture, status, body in captures(whole.folder):
        if capture.redirect != f"{capture.url}/":
            kinds[capture.mime] += 1
            got = fetch(port, "whole", capture.timestamp, capture.url)
            assert (got.status, got.body) == (status, body), capture.url
    assert "warc/revisit" not in kinds
    assert kinds["text/html"] > 30
    assert kinds["image/png"] > 5


def test_pywb_takes_the_framing_off_chunks(odd, port):
    """A chunked answer comes out of pywb as its payload, as it comes out of ours."""
    for capture, status, body in captures(odd.folder):
        if ODD.index(capture.url) % 5 == 0 and "[" not in capture.url:
            got = fetch(port, "odd", capture.timestamp, capture.url)
            assert (got.status, got.body) == (status, body), capture.url


def test_pywb_has_no_other_page(port):
    """What was not captured is not found: pywb does not ask the web."""
    assert fetch(port, "warc", STAMP, "http://www.verblijfsdienst.example/nowhere").status == 404
