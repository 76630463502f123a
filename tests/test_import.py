# SPDX-License-Identifier: EUPL-1.2
"""Files of other tools become snapshots: byte for byte, by calendar day, found, searched and replayed."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

import pytest

from archiver.importing.imports import bring
from index.errors import NotFoundError
from index.model import REVISIT
from tests.support.command import configure, daykeep, inside
from tests.support.foreign import record
from tests.support.importing import (
    EXAMPLE,
    empty_archive,
    exchange,
    found,
    html,
    http,
    outcomes,
    problems,
    revisit,
    sha1,
    take,
    write,
)
from tests.support.snapshots import SITE, page, serving

NOON = "2026-02-10T11:00:00Z"
LATER = "2026-02-11T11:00:00Z"


def day_of(date, number, words="vergunning", **fields):
    return [
        *exchange("/", html(words, "Home"), date, number, **fields),
        *exchange("/leges", html("leges en tarief", "Leges"), date, number + 1),
        *exchange("/oud", b"", date, number + 2, status=301, more="Location: /leges\r\n"),
        *exchange("/weg", b"not here", date, number + 3, status=404),
    ]


@pytest.mark.parametrize("name", ["crawl.warc", "crawl.warc.gz"])
def test_a_file_becomes_a_snapshot(tmp_path, name):
    """A file of one day stands in its snapshot as it came, with index, ledger, pages, texts and changes."""
    given = write(tmp_path / name, day_of(NOON, 1))
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert (folder.timestamp, folder.summary.day) == ("20260210110000", "2026-02-10")
        assert folder.warc(name).read_bytes() == given.read_bytes()
        assert outcomes(folder) == {
            f"{EXAMPLE}/": "captured",
            f"{EXAMPLE}/leges": "captured",
            f"{EXAMPLE}/oud": "redirect",
            f"{EXAMPLE}/weg": "http-error",
        }
        assert found(archive, "tarief", folder.timestamp) == [f"{EXAMPLE}/leges"]
        assert [one.title for one in archive.shelves.history.pages(SITE, folder.timestamp)] == [
            "Home",
            "Leges",
        ]
        [told] = report.files
        assert (told.records, told.indexed, told.problems, told.days) == (8, 4, 0, ("2026-02-10",))
        assert folder.package["daykeep"]["imported"] == [
            {"file": name, "sha256": told.sha256, "bytes": given.stat().st_size, "days": ["2026-02-10"]}
        ]
        assert problems(archive) == []
        assert report.whole


def test_nothing_is_left_behind(tmp_path):
    """After an import nothing of it stands anywhere but in the snapshot."""
    given = write(tmp_path / "a.warc", day_of(NOON, 1))
    with empty_archive(tmp_path / "data") as archive:
        take(archive, given)
        assert {path.name for path in (tmp_path / "data" / "sites" / SITE).iterdir()} == {
            "snapshots",
            "seals.jsonl",
        }
        assert len(list(archive.collection.site_folder(SITE).iterdir())) == 1


def test_the_same_file_twice(tmp_path):
    """A file that was imported is recognised, also under another name, and in one command given twice."""
    given = write(tmp_path / "a.warc", day_of(NOON, 1))
    again = write(tmp_path / "b.warc", day_of(NOON, 1))
    with empty_archive(tmp_path / "data") as archive:
        first = take(archive, given, again)
        assert [one.same_as for one in first.files] == ["", str(given)]
        second = take(archive, again)
        assert (second.snapshots, second.files[0].already, second.whole) == ([], ("2026-02-10",), True)
        assert len(archive.collection.timestamps(SITE)) == 1


def test_files_of_one_crawl_refer_to_each_other(tmp_path):
    """A revisit in one file finds its response in another of the same import, whichever comes first."""
    body = html("vergunning")
    one = write(tmp_path / "1.warc", [revisit("/", "2026-02-10T12:00:00Z", 9, sha1(body))])
    two = write(tmp_path / "2.warc.gz", exchange("/", body, NOON, 1))
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, one, two)
        [folder] = archive.collection.snapshots(SITE)
        newest = folder.index.find(f"{EXAMPLE}/")
        assert (newest.mime, newest.original.filename, newest.recorded) == (REVISIT, "2.warc.gz", sha1(body))
        assert newest.digest.startswith("sha256:")
        assert report.unresolved == 0
        assert problems(archive) == []


REFERS = [
    {"WARC_Refers_To": "<urn:uuid:00000000-0000-4000-8000-000000000001>"},
    {"WARC_Refers_To_Target_URI": f"{EXAMPLE}/", "WARC_Refers_To_Date": NOON},
    {},
    {"WARC_Refers_To": "<urn:uuid:99999999-0000-4000-8000-000000000001>"},
]


@pytest.mark.parametrize("refers", REFERS)
def test_revisit_of_an_earlier_import(tmp_path, refers):
    """A revisit is resolved by id, by address and date, or by its digest, against the site's snapshots."""
    body = html("vergunning")
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "1.warc", exchange("/", body, NOON, 1)))
        report = take(archive, write(tmp_path / "2.warc", [revisit("/", LATER, 2, sha1(body), **refers)]))
        first, second = archive.collection.snapshots(SITE)
        line = second.index.find(f"{EXAMPLE}/")
        assert (line.original.snapshot, line.digest) == (
            first.timestamp,
            first.index.find(f"{EXAMPLE}/").digest,
        )
        assert outcomes(second) == {f"{EXAMPLE}/": "unchanged"}
        assert report.unresolved == 0
        assert [
            one.kind for one in archive.shelves.history.changes(SITE, first.timestamp, second.timestamp)
        ] == []
        assert problems(archive) == []


@pytest.mark.parametrize("digest", [sha1(b"something else"), "sha256:" + "0" * 64, "crc32:12345678", None])
@pytest.mark.parametrize("refers", REFERS)
def test_a_payload_that_is_not_proven_equal(tmp_path, digest, refers):
    """A revisit whose payload is not that of what it names refers to nothing: a gap, never another page."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "1.warc", exchange("/", html("vergunning"), NOON, 1)))
        report = take(archive, write(tmp_path / "2.warc", [revisit("/", LATER, 2, digest, **refers)]))
        second = archive.collection.snapshots(SITE)[1]
        line = second.index.find(f"{EXAMPLE}/")
        assert (line.unresolved, line.original) == (True, None)
        assert outcomes(second) == {f"{EXAMPLE}/": "truncated"}
        assert (report.unresolved, report.whole) == (1, False)
        assert problems(archive) == []


def test_a_day_of_the_past(tmp_path):
    """What is older than what there is takes its place in history and search, as if it had come first."""
    old, new = ("2025-01-05T10:00:00Z", "2026-02-10T11:00:00Z")
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "new.warc", day_of(new, 1)))
        take(archive, write(tmp_path / "old.warc", day_of(old, 100, words="paspoort")))
        history = archive.shelves.history
        days = [one.day for one in history.snapshots(SITE)]
        assert days == ["2025-01-05", "2026-02-10"]
        spans = [(one.first_day, one.last_day) for one in history.lifeline(f"{EXAMPLE}/")]
        assert spans == [("2025-01-05", "2025-01-05"), ("2026-02-10", "2026-02-10")]
        first, second = archive.collection.timestamps(SITE)
        assert found(archive, "paspoort", first) == [f"{EXAMPLE}/"]
        assert found(archive, "paspoort", second) == []
        assert found(archive, "tarief", second) == [f"{EXAMPLE}/leges"]


def test_no_text(tmp_path):
    """Without texts nothing is read: the pages are there, and search does not find them."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc", day_of(NOON, 1)), texts=False)
        [folder] = archive.collection.snapshots(SITE)
        assert [path.name for path in folder.warcs] == ["a.warc"]
        assert len(archive.shelves.history.pages(SITE, folder.timestamp)) == 2
        assert found(archive, "tarief", folder.timestamp) == []
        assert problems(archive) == []


ODD = [
    ({"WARC_Target_URI": "dns:www.example.org", "Content_Type": "text/dns"}, "no-web-address", True),
    ({"WARC_Target_URI": "http://[broken/"}, "unusable-uri", False),
    ({"WARC_Target_URI": None}, "unusable-uri", False),
    ({"WARC_Date": None}, "unusable-date", False),
    ({"WARC_Date": "yesterday"}, "unusable-date", False),
    ({"WARC_Date": "1970-01-01T00:00:00Z"}, "unusable-date", False),
    ({"WARC_Date": "2031-01-01T00:00:00Z"}, "unusable-date", False),
    ({"kind": "invention"}, "odd-type", True),
]


@pytest.mark.parametrize(("fields", "rule", "whole"), ODD)
def test_records_that_are_kept_and_not_indexed(tmp_path, fields, rule, whole):
    """A record that no address or day can be made of is kept in the bytes, told, and known to verify."""
    odd = record(http(b"x"), 50, **{"WARC_Date": NOON, **fields})
    given = write(tmp_path / "a.warc", [*day_of(NOON, 1), odd])
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert folder.warc("a.warc").read_bytes() == given.read_bytes()
        told = [json.loads(line) for line in (folder.path / "logs" / "import.jsonl").read_text().splitlines()]
        offset = given.stat().st_size - len(odd)
        assert rule in [one["rule"] for one in told if one.get("offset") == offset]
        assert (report.files[0].indexed, report.whole) == (4, whole)
        assert problems(archive) == []


def test_damage_is_told_and_the_rest_imported(tmp_path):
    """Bytes that hold no record are skipped and named; what is intact on both sides is imported."""
    before, after = exchange("/", html("vergunning"), NOON, 1), exchange("/leges", html("leges"), NOON, 2)
    given = tmp_path / "a.warc"
    given.write_bytes(b"".join(before) + b"WARC/1.0\r\nnonsense" * 3 + b"".join(after))
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert outcomes(folder) == {f"{EXAMPLE}/": "captured", f"{EXAMPLE}/leges": "captured"}
        told = [json.loads(line) for line in (folder.path / "logs" / "import.jsonl").read_text().splitlines()]
        assert [one["offset"] for one in told if not one.get("kept", True)] == [len(b"".join(before))]
        assert (report.files[0].skipped, report.whole) == (1, False)
        assert problems(archive) == []


def test_damage_since_the_import_is_found(tmp_path):
    """What was told when a file was imported is known to verify; a byte that changes afterwards is not."""
    wrong = exchange("/leges", html("leges"), NOON, 2, WARC_Payload_Digest=sha1(b"wrong"))
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc", [*exchange("/", html("vergunning"), NOON, 1), *wrong]))
        [folder] = archive.collection.snapshots(SITE)
        assert problems(archive) == []
        path = folder.warc("a.warc")
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(b"vergunning", b"Vergunning"))
        assert any("archive/a.warc at offset 0" in one for one in problems(archive))


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_another_method_than_get(tmp_path, method):
    """What answers a form or a question about a page is not what its address shows."""
    response, request = exchange("/", b"", "2026-02-10T12:00:00Z", 60)
    other = request.replace(b"GET / HTTP", f"{method} / HTTP".encode())
    other = other.replace(b"Content-Length: 18", f"Content-Length: {15 + len(method)}".encode())
    given = write(tmp_path / "a.warc", [*day_of(NOON, 1), response, other])
    with empty_archive(tmp_path / "data") as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert folder.index.find(f"{EXAMPLE}/").timestamp == "20260210110000"
        assert problems(archive) == []


def test_files_of_wget(tmp_path):
    """What wget writes, plain, compressed and with revisits, is imported whole and replays as it was."""
    pages = {"/": page("vergunning", "/a", "/b"), "/a": page("tarief"), "/b": page("leges")}
    with serving() as server:
        server.day = pages
        for more in (["--warc-file=plain", "--no-warc-compression", "--warc-cdx"], ["--warc-file=gz"],
                     ["--warc-file=again", "--warc-dedup=plain.cdx"]):  # fmt: skip
            url = f"http://127.0.0.1:{server.port}/"
            subprocess.run(
                ["wget", "-q", "-r", "-P", "out", *more, url], cwd=tmp_path, check=False, timeout=60
            )
    with empty_archive(tmp_path / "data", clock=lambda: datetime.now(UTC)) as archive:
        report = take(archive, tmp_path / "plain.warc", tmp_path / "gz.warc.gz", tmp_path / "again.warc.gz")
        assert [one.indexed for one in report.files] == [4, 4, 4]
        folder = archive.collection.snapshots(SITE)[-1]
        assert found(archive, "tarief", folder.timestamp) == [f"http://127.0.0.1:{server.port}/a"]
        again = [one for one in folder.index.captures() if one.filename == "again.warc.gz"]
        assert {one.original.filename for one in again if one.status == 200} == {"plain.warc"}
        assert (report.unresolved, report.whole) == (0, True)
        assert problems(archive) == []


def test_a_file_that_holds_nothing(tmp_path):
    """A file without a record is told with its reason, the others are imported; alone it is a failure."""
    (tmp_path / "b.warc").write_bytes(b"this is no archive at all")
    config = configure(tmp_path, f"{EXAMPLE}/")
    given = write(tmp_path / "a.warc", day_of(NOON, 1))
    ended = inside(config, "import", "example", given, tmp_path / "b.warc", "--json")
    assert ended.status == 3
    assert "no web archive records" in ended.json()["files"][1]["problem"]
    assert [one["date"] for one in ended.json()["snapshots"]] == ["2026-02-10"]
    alone = inside(config, "import", "example", tmp_path / "b.warc")
    assert alone.status == 1
    assert "Nothing was imported" in alone.err


def test_the_command(tmp_path):
    """The command says per file what it held, tells a file it knows, and refuses a site it does not."""
    config = configure(tmp_path, f"{EXAMPLE}/")
    given = write(tmp_path / "a.warc.gz", day_of(NOON, 1))
    first = daykeep(config, "import", "example", given)
    assert (first.status, first.err) == (0, "") or "published" in first.err
    assert f"{given}: warc.gz" in first.out
    assert "8 records, 4 of them indexed, 2026-02-10." in first.out
    assert "example 2026-02-10 (20260210110000): complete; 4 addresses known" in first.out
    second = inside(config, "import", "example", given)
    assert (second.status, second.out) == (0, f"{given}: imported before (2026-02-10); nothing was done.\n")
    assert inside(config, "import", "exmaple", given).status == 2
    assert inside(config, "import", "example", tmp_path / "none.warc").status == 1
    assert inside(config, "verify").status == 0


def test_a_file_that_goes_away(tmp_path):
    """A file that cannot be read is said before anything is sealed."""
    with empty_archive(tmp_path / "data") as archive:
        with pytest.raises(NotFoundError, match=r"gone\.warc cannot be read"):
            bring(archive, archive.settings.site[0], [tmp_path / "gone.warc"])
        assert archive.collection.sites() == []
