# SPDX-License-Identifier: EUPL-1.2
"""What another tool archived is exported like our own days: as it came, or by the rules of the guideline."""

from __future__ import annotations

import json
import zipfile

import pytest

from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.records import iterate
from index.cdxj import Index
from tests.support.foreign import record
from tests.support.importing import EXAMPLE, empty_archive, exchange, html, revisit, sha1, take, write
from tests.support.oracles import oracle
from tests.support.snapshots import SITE

HELLO, OTHER = html("hello"), html("other")
FIRST = {"WARC_Refers_To_Target_URI": f"{EXAMPLE}/", "WARC_Refers_To_Date": "2026-03-02T02:30:01Z"}
POSTED = [
    record(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 8, WARC_Target_URI=f"{EXAMPLE}/form"),
    record(
        b"POST /form HTTP/1.1\r\n\r\n",
        9,
        kind="request",
        WARC_Target_URI=f"{EXAMPLE}/form",
        Content_Type="application/http; msgtype=request",
        WARC_Concurrent_To="<urn:uuid:00000000-0000-4000-8000-000000000008>",
    ),
]
RECORDS = [
    *exchange("/", HELLO, "2026-03-02T02:30:01Z", 1),
    revisit("/again", "2026-03-02T02:30:05Z", 2, sha1(HELLO), **FIRST),
    revisit("/lost", "2026-03-02T02:30:06Z", 3, sha1(b"nowhere")),
    revisit("/bare", "2026-03-02T02:30:07Z", 4, sha1(HELLO), head=b"", **FIRST),
    *exchange("/wrong", OTHER, "2026-03-02T02:30:08Z", 5, WARC_Payload_Digest=sha1(b"x")),
    b"garbage in between\r\n",
    *exchange("/o|dd page", OTHER, "2026-03-02T02:30:09Z", 6),
    *POSTED,
    record(
        b"20260302023001\nwww.example.org.\t60\tIN\tA\t192.0.2.1\n",
        10,
        WARC_Target_URI="dns:www.example.org",
        Content_Type="text/dns",
    ),
]
URLS = {f"{EXAMPLE}/{path}" for path in ("", "again", "bare", "wrong", "o%7Cdd%20page", "form")}


@pytest.fixture(scope="module", params=["given.warc", "given.warc.gz"])
def archive(request, tmp_path_factory):
    """Import a day from one file of another tool, with garbage in it."""
    root = tmp_path_factory.mktemp("imported")
    with empty_archive(root / "data") as built:
        take(built, write(root / request.param, RECORDS))
        yield built


def send(archive, target, name, **how):
    (day,) = archive.collection.snapshots(SITE)
    return day, export([day], finder(archive.collection, SITE), target, profile=built_in()[name], **how)


def report(path):
    return json.loads(path.read_bytes())


@pytest.mark.parametrize(("name", "target"), [("wacz-stored", "x.wacz"), ("warc", "x")])
def test_as_stored_it_is_as_it_came(archive, tmp_path, name, target):
    """The file that was given goes along byte for byte; what is odd in it is noted, and nothing differs."""
    day, told = send(archive, tmp_path / target, name)
    given = next(path for path in day.warcs if path.name.startswith("given"))
    if name == "wacz-stored":
        with zipfile.ZipFile(tmp_path / target) as file:
            file.extractall(tmp_path / "unpacked")
    folder = tmp_path / "unpacked" if name == "wacz-stored" else tmp_path / target
    copy = folder / "archive" / given.name if name == "wacz-stored" else folder / given.name
    assert copy.read_bytes() == given.read_bytes()
    said = report(folder / ("logs/digests.json" if name == "wacz-stored" else "report.json"))
    assert (told.differences, said["payloads"]["equal"]) == (0, told.compared)
    whats = [one["what"] for one in said["notes"]]
    assert any("payload digest is not sha1:" in what for what in whats)
    assert "here is no record that can be read" in whats
    assert (folder / "logs" / "import.jsonl").exists() or (folder / "import.jsonl").exists()


def test_an_imported_wacz_is_valid(archive, tmp_path):
    """`wacz validate` accepts the export of an imported day."""
    send(archive, tmp_path / "x.wacz", "wacz")
    assert oracle("wacz", "validate", "-f", tmp_path / "x.wacz").returncode == 0


def test_by_the_guideline(archive, tmp_path):
    """Heads are made anew, revisits are made whole, and one that refers to nothing is named."""
    _, told = send(archive, tmp_path / "x", "nl-richtlijn")
    assert (told.rebuilt, told.differences) == (2, 1)
    said = report(tmp_path / "x" / "report.json")
    assert [one["url"] for one in said["differences"]] == [f"{EXAMPLE}/lost"]
    notes = {(one.get("url"), one["what"]) for one in said["notes"]}
    assert ("dns:www.example.org", "the archive's index does not know of this record") in notes
    assert (
        f"{EXAMPLE}/bare",
        "the revisit has no HTTP head; that of the record it refers to stands here",
    ) in notes
    with Index(tmp_path / "x" / "index.cdxj") as index:
        lines = {one.url: one for one in index.captures() if not one.url.startswith("urn:")}
    assert {url for url, one in lines.items() if not one.unresolved} == URLS
    assert all(one.digest.startswith("sha256:") for url, one in lines.items() if not one.unresolved)


def test_by_the_guideline_every_record_is_by_the_rules(archive, tmp_path):
    """Whoever wrote a record: SHA-256 of its block, a type, a warcinfo, an address by RFC 3986; checkers agree."""
    send(archive, tmp_path / "x", "nl-richtlijn")
    (path,) = (tmp_path / "x").glob("*.warc")
    kinds = []
    for _, one in iterate(path):
        kinds.append(one.kind)
        assert (one.field("WARC-Block-Digest") or "").startswith("sha256:")
        assert one.field("Content-Type")
        assert bool(one.field("WARC-Warcinfo-ID")) is (one.kind != "warcinfo")
        assert "|" not in (one.field("WARC-Target-URI") or "")
    assert (kinds.count("request"), kinds.count("revisit"), kinds.count("metadata")) == (4, 1, 2)
    for tool in ("warcio", "fastwarc"):
        ran = oracle(tool, "check", path)
        assert ran.returncode == 0, ran.stdout


def test_a_part_of_it(archive, tmp_path):
    """With a prefix the records that it needs go along as they came."""
    _, told = send(archive, tmp_path / "x", "warc", url=f"{EXAMPLE}/again")
    assert (told.captures, told.originals, told.differences) == (1, 1, 0)
