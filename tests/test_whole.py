# SPDX-License-Identifier: EUPL-1.2
"""Exports by the Dutch guideline: every revisit a full response again, so that a day stands alone."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import msgspec
import pytest

from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.records import iterate
from archiver.responses import open_response
from archiver.snapshot_folder import SnapshotFolder
from index.cdxj import Index, is_sorted
from index.errors import ArchiveError, NotFoundError
from tests.support.archive import Reply, WarcFiles, build
from tests.support.oracles import oracle

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
TEXT = b"<!doctype html><title>The same</title>" + b"always the same. " * 300
PLAIN, CHUNKED = Reply(TEXT), Reply(TEXT, chunked=True)
NOT_MODIFIED = Reply(b"", mime=None, status=304, headers=(("ETag", '"7"'), ("X-Day", "Tuesday")))
BEFORE = {
    f"{SITE}/": Reply("<title>Home</title>Monday"),
    f"{SITE}/plain-plain": PLAIN,
    f"{SITE}/plain-chunked": PLAIN,
    f"{SITE}/chunked-plain": CHUNKED,
    f"{SITE}/chunked-chunked": CHUNKED,
    f"{SITE}/plain-304": Reply(TEXT, headers=(("ETag", '"7"'), ("X-Day", "Monday"))),
    f"{SITE}/chunked-304": CHUNKED,
    f"{SITE}/empty": Reply(b"", mime="text/plain"),
    f"{SITE}/lying": Reply(TEXT),
}
AFTER = {
    f"{SITE}/": Reply("<title>Home</title>Tuesday"),
    f"{SITE}/plain-plain": Reply(TEXT, headers=(("X-Day", "Tuesday"),)),
    f"{SITE}/plain-chunked": CHUNKED,
    f"{SITE}/chunked-plain": PLAIN,
    f"{SITE}/chunked-chunked": CHUNKED,
    f"{SITE}/plain-304": NOT_MODIFIED,
    f"{SITE}/chunked-304": NOT_MODIFIED,
    f"{SITE}/empty": Reply(b"", mime="text/plain"),
    f"{SITE}/lying": Reply(TEXT, headers=(("Content-Length", "5"),)),
    f"{SITE}/moved": Reply(b"", status=301, mime=None, headers=(("Location", "/"),)),
}


@pytest.fixture(scope="module", params=["gzip", "none"])
def archive(request, tmp_path_factory):
    """Two days, nearly all of the second one the same as the first."""
    days = {MONDAY: BEFORE, TUESDAY: AFTER}
    root = tmp_path_factory.mktemp("archive")
    with build(root, {"demo": days}, compression=request.param) as built:
        yield built


def send(archive, target, *days, **how):
    profile = msgspec.structs.replace(built_in()["nl-richtlijn"], **how.pop("change", {}))
    folders = [archive.collection.snapshot("demo", day) for day in days or (TUESDAY,)]
    return export(folders, finder(archive.collection, "demo"), target, profile=profile, **how)


def warcs(folder):
    return sorted(folder.glob("*.warc"))


def records(folder):
    """Return every record of an export: kind, fields and block."""
    found = []
    for path in warcs(folder):
        for _, record in iterate(path):
            found.append((record.kind, dict(record.fields), record.block.read()))
    return found


def of(folder, kind, name):
    """Return the one record of a kind whose address ends so."""
    (found,) = [
        one for one in records(folder) if one[0] == kind and one[1]["WARC-Target-URI"] == f"{SITE}/{name}"
    ]
    return found


def report(folder):
    return json.loads((folder / "report.json").read_bytes())


def payloads(archive, day):
    """Return what the archive's own index says of a day: address and payload digest of all that was captured."""
    with Index(archive.collection.snapshot("demo", day).index_path) as index:
        return sorted((one.url, one.digest) for one in index.captures())


# Nothing of ours is imported there: warcio reads, and takes the chunk framing off.
FOREIGN = """
import hashlib, json, sys
from warcio.archiveiterator import ArchiveIterator
found = []
for path in sys.argv[1:]:
    with open(path, "rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type in {"response", "resource", "revisit"}:
                assert record.rec_type != "revisit"
                data = record.content_stream().read()
                url = record.rec_headers.get_header("WARC-Target-URI")
                found.append([url, "sha256:" + hashlib.sha256(data).hexdigest()])
print(json.dumps(sorted(found)))
"""


def seen_by_warcio(*paths):
    """Address and payload digest of every response and resource, as warcio reads them."""
    ran = oracle("python", "-c", FOREIGN, *paths)
    assert ran.returncode == 0, ran.stderr
    return [tuple(one) for one in json.loads(ran.stdout)]


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_a_day_stands_alone(archive, tmp_path, day):
    """With nothing but its WARCs, another tool finds every payload that the archive has for that day."""
    told = send(archive, tmp_path / "x", day)
    (tmp_path / "alone").mkdir()
    for path in warcs(tmp_path / "x"):
        shutil.copy(path, tmp_path / "alone")
    assert seen_by_warcio(*warcs(tmp_path / "alone")) == payloads(archive, day)
    assert (told.compared, told.differences) == (len(payloads(archive, day)), 0)
    assert told.rebuilt == (8 if day == TUESDAY else 0)


def test_its_index_opens_every_line(archive, tmp_path):
    """The index in the folder leads to every payload in the files beside it, with the status of the day."""
    send(archive, tmp_path / "x")
    with Index(tmp_path / "x" / "index.cdxj") as index:
        assert is_sorted(index.lines())
        for capture in index.captures():
            assert capture.original is None
            with open_response(lambda _day, name: tmp_path / "x" / name, "none", capture) as response:
                body = b"".join(response.body)
            assert f"sha256:{hashlib.sha256(body).hexdigest()}" == capture.digest, capture.url
            if capture.status is not None:
                assert (response.status, capture.mime != "warc/revisit") == (capture.status, True)


@pytest.mark.parametrize("days", [(MONDAY,), (TUESDAY,), (MONDAY, TUESDAY)])
def test_other_checkers_find_nothing(archive, tmp_path, days):
    """Warcio check and FastWARC's checker agree with every record; no file is compressed."""
    send(archive, tmp_path / "x", *days)
    for path in warcs(tmp_path / "x"):
        assert path.read_bytes()[:9] == b"WARC/1.1\r"
        for tool in ("warcio", "fastwarc"):
            ran = oracle(tool, "check", path)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert "fail" not in ran.stdout


def test_cdxj_indexer_has_every_response(archive, tmp_path):
    """cdxj-indexer, given the files alone, lists every address of the day with the digest of the archive."""
    send(archive, tmp_path / "x")
    ran = oracle("cdxj-indexer", "--records", "response,revisit", *warcs(tmp_path / "x"))
    lines = [json.loads(line.split(" ", 2)[2]) for line in ran.stdout.splitlines()]
    assert {one["url"] for one in lines} == set(AFTER)
    digests = dict(payloads(archive, TUESDAY))
    plain = [one for one in lines if not one["url"].endswith(("chunked", "chunked-304"))]
    assert len(plain) == 7
    assert all(one["digest"] == digests[one["url"]] for one in plain)


HEAD = b"HTTP/1.1 200 Made up\r\nContent-Type: text/html; charset=utf-8\r\n"
FRAMED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(TEXT), TEXT)
LENGTH = b"Content-Length: %d\r\n" % len(TEXT)
CODING = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("plain-plain", HEAD + LENGTH + b"X-Day: Tuesday\r\n\r\n" + TEXT),
        ("plain-chunked", HEAD + CODING + b"\r\n" + FRAMED),
        ("chunked-plain", HEAD + LENGTH + b"\r\n" + TEXT),
        ("chunked-chunked", HEAD + CODING + b"\r\n" + FRAMED),
        ("plain-304", HEAD + LENGTH + b'ETag: "7"\r\nX-Day: Monday\r\n\r\n' + TEXT),
        ("chunked-304", HEAD + CODING + b"\r\n" + FRAMED),
        ("empty", b"HTTP/1.1 200 Made up\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_response_in_place_of_a_revisit(archive, tmp_path, name, block):
    """The head is that of the day (after a 304, of the original), and the body is framed as that head says."""
    send(archive, tmp_path / "x")
    _, fields, written = of(tmp_path / "x", "response", name)
    assert written == block
    assert fields["WARC-Block-Digest"] == f"sha256:{hashlib.sha256(block).hexdigest()}"
    assert ("WARC-Payload-Digest" in fields) is (CODING not in block)
    assert fields["WARC-Date"].startswith("2026-03-03T02:30:0")
    assert fields["Content-Type"] == "application/http; msgtype=response"
    assert not {"WARC-Profile", "WARC-Truncated", "WARC-Refers-To", "WARC-Refers-To-Date"} & set(fields)


def test_metadata_says_where_a_payload_is_from(archive, tmp_path):
    """Beside each stands from which record of which day it is, and the head that the day received after a 304."""
    send(archive, tmp_path / "x")
    home = archive.collection.snapshot("demo", MONDAY).index.find(f"{SITE}/plain-304")
    here = archive.collection.snapshot("demo", TUESDAY).index.find(f"{SITE}/plain-304")
    _, response, _ = of(tmp_path / "x", "response", "plain-304")
    _, fields, block = of(tmp_path / "x", "metadata", "plain-304")
    assert fields["WARC-Refers-To"] == fields["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    assert (fields["WARC-Date"], fields["Content-Type"]) == (response["WARC-Date"], "application/warc-fields")
    assert block.decode().splitlines() == [
        f"rebuilt-from-record: <{home.record}>",
        f"rebuilt-from-uri: {SITE}/plain-304",
        f"rebuilt-from-date: {home.date}",
        f"rebuilt-from-snapshot: {MONDAY}",
        f"revisit-record: <{here.record}>",
        "revisit-profile: http://netpreserve.org/warc/1.1/revisit/server-not-modified",
        "received: HTTP/1.1 304 Made up",
        "received: Content-Length: 0",
        'received: ETag: "7"',
        "received: X-Day: Tuesday",
    ]
    assert b"received" not in of(tmp_path / "x", "metadata", "plain-plain")[2]


def test_fields_of_every_record(archive, tmp_path):
    """Every record says what the guideline asks for, once, and each request names the response it belongs to."""
    send(archive, tmp_path / "x", MONDAY, TUESDAY)
    found = records(tmp_path / "x")
    infos = {fields["WARC-Record-ID"]: path for kind, fields, path in found if kind == "warcinfo"}
    ids = [fields["WARC-Record-ID"] for _, fields, _ in found]
    responses = {fields["WARC-Record-ID"]: fields for kind, fields, _ in found if kind == "response"}
    assert len(set(ids)) == len(ids)
    assert not [kind for kind, _, _ in found if kind == "revisit"]
    for kind, fields, block in found:
        assert fields["WARC-Block-Digest"] == f"sha256:{hashlib.sha256(block).hexdigest()}"
        assert fields["Content-Type"]
        assert (fields.get("WARC-Warcinfo-ID") in infos) is (kind != "warcinfo")
        if kind == "request":
            beside = responses[fields["WARC-Concurrent-To"]]
            assert (beside["WARC-Target-URI"], beside["WARC-Date"]) == (
                fields["WARC-Target-URI"],
                fields["WARC-Date"],
            )
    for path in warcs(tmp_path / "x"):
        for _, record in iterate(path):
            names = [name.lower() for name, _ in record.fields]
            assert len(set(names)) == len(names)


def test_warcinfo(archive, tmp_path):
    """A file says its own name, and of software, format and robots what the stored one says, or that it is unknown."""
    send(archive, tmp_path / "x")
    for path in warcs(tmp_path / "x"):
        kind, fields, block = next(
            (record.kind, dict(record.fields), record.block.read()) for _, record in iterate(path)
        )
        lines = block.decode().splitlines()
        assert (kind, fields["WARC-Filename"]) == ("warcinfo", path.name)
        assert lines[0] == "robots: unknown"
        assert "software: daykeep/0.1" in lines
        assert "format: WARC File Format 1.1" in lines
        assert "daykeep-export: daykeep/0.1 nl-richtlijn" in lines


def test_what_is_odd_is_noted(archive, tmp_path):
    """A Content-Length that never was right stays as it was received, and the report says so."""
    send(archive, tmp_path / "x")
    (note,) = report(tmp_path / "x")["notes"]
    assert note["url"] == f"{SITE}/lying"
    assert note["what"] == f"Content-Length says 5, as it was received, and the payload has {len(TEXT)} bytes"


@pytest.mark.parametrize("name", ["x", "x.warc"])
def test_it_is_the_same_each_time(archive, tmp_path, name):
    """Made twice, an export has the same bytes in every file."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        send(archive, tmp_path / folder / name, MONDAY, TUESDAY) if name == "x" else send(
            archive, tmp_path / folder / name
        )
    made = [
        {
            path.relative_to(tmp_path / folder): path.read_bytes()
            for path in (tmp_path / folder).rglob("*")
            if path.is_file()
        }
        for folder in ("one", "two")
    ]
    assert made[0] == made[1]
    assert made[0]


def test_one_file(archive, tmp_path):
    """A name that ends in .warc is one file, with its report beside it; .warc.gz is not what the guideline asks."""
    told = send(archive, tmp_path / "x.warc")
    assert (told.files, told.rebuilt, told.differences) == (1, 8, 0)
    assert json.loads((tmp_path / "x.warc.report.json").read_bytes())["payloads"]["compared"] == told.compared
    assert seen_by_warcio(tmp_path / "x.warc") == payloads(archive, TUESDAY)
    with pytest.raises(ArchiveError, match=r"files on \.warc"):
        send(archive, tmp_path / "y.warc.gz")
    with pytest.raises(ArchiveError, match="Choose the name of a folder"):
        send(archive, tmp_path / "y.warc", change={"max_file": 9000})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.warc", "x.warc.report.json"]


def test_prefix(archive, tmp_path):
    """With a prefix the matching responses, their requests and metadata are there, and nothing else."""
    told = send(archive, tmp_path / "x", url=f"{SITE}/plain-")
    found = records(tmp_path / "x")
    assert (told.captures, told.rebuilt, told.compared) == (3, 3, 3)
    assert sorted(kind for kind, _, _ in found) == sorted(
        ["warcinfo"] + ["response", "request", "metadata"] * 3
    )
    assert {fields["WARC-Target-URI"] for kind, fields, _ in found if kind != "warcinfo"} == {
        f"{SITE}/plain-{name}" for name in ("plain", "chunked", "304")
    }
    with pytest.raises(NotFoundError):
        send(archive, tmp_path / "y", url="https://elsewhere.example/")


def test_days_of_a_range(archive, tmp_path):
    """A range has the files of each day, one index, and logs that say which day they are of."""
    send(archive, tmp_path / "x", MONDAY, TUESDAY)
    names = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert names == sorted(
        [
            *(
                f"demo-{day}-{name}"
                for day in (MONDAY, TUESDAY)
                for name in ("00000.warc", "changes.jsonl", "ledger.jsonl")
            ),
            *("index.cdxj", "pages.jsonl", "manifest.json", "report.json"),
        ]
    )
    with Index(tmp_path / "x" / "index.cdxj") as index:
        assert sorted((one.url, one.digest) for one in index.captures()) == sorted(
            payloads(archive, MONDAY) + payloads(archive, TUESDAY)
        )


def test_no_file_reaches_the_limit(tmp_path):
    """Files stay below the limit, and a body that no file has room for goes on in segments, and is compared whole."""
    body = hashlib.shake_256(b"large").digest(100_000)
    large = Reply(body, mime="application/octet-stream")
    days = {MONDAY: {f"{SITE}/large": large}, TUESDAY: {f"{SITE}/large": large, f"{SITE}/": PLAIN}}
    with build(tmp_path / "data", {"demo": days}) as built:
        told = send(built, tmp_path / "x", change={"max_file": 30_000})
    assert (told.rebuilt, told.compared, told.differences) == (1, 3, 0)
    assert len(warcs(tmp_path / "x")) >= 4
    assert all(path.stat().st_size < 30_000 for path in warcs(tmp_path / "x"))
    with Index(tmp_path / "x" / "index.cdxj") as index:
        capture = index.find(f"{SITE}/large")
        assert len(capture.segments) >= 3
        with open_response(lambda _day, name: tmp_path / "x" / name, "none", capture) as response:
            assert b"".join(response.body) == body


def test_day_that_is_stored_in_segments(tmp_path, monkeypatch):
    """A record that is stored in segments is written whole where there is room, and its revisit is rebuilt from it."""
    body = hashlib.shake_256(b"large").digest(100_000)
    large = Reply(body, mime="application/octet-stream")
    monkeypatch.setattr("tests.support.archive.WarcFiles", Small)
    days = {MONDAY: {f"{SITE}/large": large}, TUESDAY: {f"{SITE}/large": large}}
    with build(tmp_path / "data", {"demo": days}) as built:
        assert len(built.collection.snapshot("demo", MONDAY).index.find(f"{SITE}/large").segments) >= 3
        for day in (MONDAY, TUESDAY):
            told = send(built, tmp_path / day, day)
            assert (told.compared, told.differences, len(warcs(tmp_path / day))) == (1, 0, 1)
            assert of(tmp_path / day, "response", "large")[2].endswith(body)
        for name, how in [("x.wacz", {}), ("y.wacz", {"url": f"{SITE}/large"})]:
            folder = built.collection.snapshot("demo", TUESDAY)
            find = finder(built.collection, "demo")
            told = export([folder], find, tmp_path / name, profile=built_in()["wacz-stored"], **how)
            assert (told.originals, told.compared, told.differences) == (1, 2, 0)


class Small(WarcFiles):
    """Files of a size at which a large body needs segments."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named, max_file=30_000)


def damaged(archive, folder):
    """Return the archive's second day, in a copy whose first day can be changed."""
    shutil.copytree(archive.collection.site_folder("demo"), folder / "snapshots")
    for path in [folder / "snapshots", *(folder / "snapshots").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder / "snapshots"


def test_another_payload_is_never_put_in_place(tmp_path):
    """Where the record that a revisit refers to holds something else, it stays a revisit, and the report says so."""
    with build(tmp_path / "data", {"demo": {MONDAY: BEFORE, TUESDAY: AFTER}}, compression="none") as built:
        home = damaged(built, tmp_path)
    (first,) = (home / MONDAY / "archive").iterdir()
    first.write_bytes(first.read_bytes().replace(b"always the same. ", b"ALWAYS THE SAME. ", 1))
    told = export(
        [SnapshotFolder("demo", TUESDAY, home / TUESDAY)],
        lambda day, name: home / day / "archive" / name,
        tmp_path / "x",
        profile=built_in()["nl-richtlijn"],
    )
    (kind, fields, _) = of(tmp_path / "x", "revisit", "plain-plain")
    assert (told.rebuilt, kind) == (7, "revisit")
    request = of(tmp_path / "x", "request", "plain-plain")[1]
    assert request["WARC-Concurrent-To"] == fields["WARC-Record-ID"]
    assert told.differences == 1, report(tmp_path / "x")["differences"]
    (one,) = report(tmp_path / "x")["differences"]
    assert one["url"] == f"{SITE}/plain-plain"
    assert re.match(
        r"the payload it refers to has digest sha256:\w{64}, so this revisit stays one", one["what"]
    )
