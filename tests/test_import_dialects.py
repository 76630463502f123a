# SPDX-License-Identifier: EUPL-1.2
"""Records as the tools of the field write them, byte for byte by their documentation and sources: each is taken."""

from __future__ import annotations

import hashlib
import json
import random

import pytest

from archiver.importing.survey import Frame
from archiver.importing.surveying import survey
from archiver.responses import open_response
from tests.support.archive import Archive as Viewed
from tests.support.exchanges import exchange_of, warc_files
from tests.support.foreign import members, record
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
from tests.support.snapshots import SITE
from tests.support.viewing import Visitor
from tests.test_import_forms import wacz

NOON = "2026-02-10T11:00:00Z"
ID = "<urn:uuid:00000000-0000-4000-8000-%012d>"
BODY = html("leges en tarief", "Leges")


def sha256_hex(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def browsertrix():
    """Return what browsertrix-crawler 1.x writes with warcio.js: HTTP/2 said as 1.1, SHA-256, text, pageinfo."""
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nx-orig-content-encoding: br\r\n\r\n"
    block = head.encode() + BODY
    common = {
        "WARC_Target_URI": f"{EXAMPLE}/leges", "WARC_Date": "2026-02-10T11:00:00.123Z",
        "WARC_Protocol": "h2", "WARC_Block_Digest": sha256_hex(block),
    }  # fmt: skip
    response = record(
        block, 1, version="1.1", WARC_Payload_Digest=sha256_hex(BODY), WARC_Page_ID="a-b-c",
        WARC_Resource_Type="document", WARC_JSON_Metadata='{"ipType":"Public"}', **common,
    )  # fmt: skip
    asked = b"GET /leges HTTP/1.1\r\nuser-agent: x\r\n\r\n"
    request = record(
        asked, 2, kind="request", version="1.1", WARC_Concurrent_To=ID % 1,
        Content_Type="application/http; msgtype=request",
        **{**common, "WARC_Block_Digest": sha256_hex(asked)},
    )  # fmt: skip

    def resource(number, uri, mime, data):
        return record(
            data, number, kind="resource", version="1.1", WARC_Target_URI=uri, Content_Type=mime,
            WARC_Date=NOON, WARC_Block_Digest=sha256_hex(data), WARC_Payload_Digest=sha256_hex(data),
        )  # fmt: skip

    info = json.dumps({"pageid": "a-b-c", "urls": {f"{EXAMPLE}/leges": {"status": 200}}}).encode()
    return [
        record(b"software: Browsertrix-Crawler 1.14.1\r\n", 9, kind="warcinfo", version="1.1",
               WARC_Target_URI=None, WARC_Date=NOON, Content_Type="application/warc-fields",
               WARC_Block_Digest=sha256_hex(b"software: Browsertrix-Crawler 1.14.1\r\n")),
        response, request,
        resource(3, f"urn:text:{EXAMPLE}/leges", "text/plain", b"leges en tarief, gelezen door de crawler"),
        resource(4, f"urn:pageinfo:{EXAMPLE}/leges", "application/json", info),
        resource(5, f"urn:view:{EXAMPLE}/leges", "image/png", b"\x89PNG"),
    ]  # fmt: skip


def heritrix():
    """Return what Heritrix 3 writes: WARC/1.0, DNS as response, SHA-1, metadata, 304 as server-not-modified."""
    dns = b"20260210110000\nwww.example.org.\t60\tIN\tA\t192.0.2.1\n"
    [response, request] = exchange("/leges", BODY, NOON, 1, WARC_IP_Address="192.0.2.1")
    return [
        record(b"software: Heritrix/3.15.0\r\nformat: WARC File Format 1.0\r\n", 9, kind="warcinfo",
               WARC_Target_URI=None, WARC_Date=NOON, Content_Type="application/warc-fields",
               WARC_Block_Digest=None, WARC_Filename="a.warc.gz"),
        record(dns, 8, WARC_Target_URI="dns:www.example.org", WARC_Date=NOON, Content_Type="text/dns",
               WARC_Block_Digest=None, WARC_Payload_Digest=sha1(dns)),
        response, request,
        record(b"fetchTimeMs: 12\r\n", 7, kind="metadata", WARC_Target_URI=f"{EXAMPLE}/leges",
               WARC_Date=NOON, Content_Type="application/warc-fields", WARC_Concurrent_To=ID % 1,
               WARC_Block_Digest=None),
        revisit("/leges", "2026-02-10T12:00:00Z", 6, sha1(b""), head=b"HTTP/1.1 304 Not Modified\r\n\r\n",
                WARC_Profile="http://netpreserve.org/warc/1.0/revisit/server-not-modified",
                WARC_Refers_To=ID % 1, WARC_Refers_To_Date=NOON, WARC_Refers_To_Target_URI=f"{EXAMPLE}/leges",
                WARC_Block_Digest=None),
    ]  # fmt: skip


def httrack():
    """Return what HTTrack 3.49.23 writes by --warc: WARC/1.1, one record each, SHA-1 of the payload."""
    [response, request] = exchange("/leges", BODY, NOON, 1, WARC_Block_Digest=None)
    return [one.replace(b"WARC/1.0", b"WARC/1.1", 1) for one in (response, request)]


def archivebox():
    """Return what ArchiveBox keeps: the WARC of its wget, URIs in brackets, the request before the response."""
    [response, request] = exchange("/leges", BODY, NOON, 1)
    bare = f"WARC-Target-URI: {EXAMPLE}/leges".encode()
    named = f"WARC-Target-URI: <{EXAMPLE}/leges>".encode()
    notes = record(b"--warc-file=x\n", 8, kind="resource", WARC_Date=NOON, Content_Type="text/plain",
                   WARC_Target_URI="<metadata://gnu.org/software/wget/warc/wget_arguments.txt>")  # fmt: skip
    return [request.replace(bare, named), response.replace(bare, named), notes]


def warcprox():
    """Return what warcprox writes: SHA-256 on request, and its revisits by URI and date."""
    block = http(BODY)
    first = record(block, 1, WARC_Target_URI=f"{EXAMPLE}/leges", WARC_Date=NOON,
                   WARC_Payload_Digest=sha256_hex(BODY), WARC_Block_Digest=None)  # fmt: skip
    again = revisit("/leges", "2026-02-10T12:00:00Z", 2, sha256_hex(BODY), WARC_Block_Digest=None,
                    WARC_Refers_To_Date=NOON, WARC_Refers_To_Target_URI=f"{EXAMPLE}/leges")  # fmt: skip
    return [first, again]


def framed():
    """Return a chunked answer whose digest was made over the framing, as warcio and wpull do."""
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    return [
        record(block, 1, WARC_Target_URI=f"{EXAMPLE}/leges", WARC_Date=NOON, WARC_Payload_Digest=sha1(body))
    ]


def pywb():
    """Return what pywb's recorder may write: the framing taken off, and the field left that says it is there."""
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY
    return [
        record(block, 1, WARC_Target_URI=f"{EXAMPLE}/leges", WARC_Date=NOON, WARC_Payload_Digest=sha1(BODY))
    ]


def http_2():
    """Return an answer with the pseudo header fields of HTTP/2 left in its block."""
    block = b"HTTP/2 200\r\n:status: 200\r\ncontent-type: text/html\r\n\r\n" + BODY
    return [record(block, 1, WARC_Target_URI=f"{EXAMPLE}/leges", WARC_Date=NOON)]


TOOLS = [browsertrix, heritrix, httrack, archivebox, warcprox, framed, pywb, http_2]


@pytest.mark.parametrize("tool", TOOLS)
def test_dialect(tmp_path, tool):
    """The page is stored as it was shown, found by its words, replayed, and nothing is called a problem."""
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, write(tmp_path / "a.warc.gz", tool()))
        [folder] = archive.collection.snapshots(SITE)
        line = folder.index.find(f"{EXAMPLE}/leges")
        assert line.digest == sha256_hex(BODY)
        assert list(outcomes(folder)) == [f"{EXAMPLE}/leges"]
        assert found(archive, "tarief", folder.timestamp) == [f"{EXAMPLE}/leges"]
        with open_response(lambda _, name: folder.warc(name), folder.timestamp, line) as stored:
            assert b"".join(stored.body) == BODY
        assert (report.whole, report.files[0].problems) == (True, 0)
        assert problems(archive) == []


def test_text_that_came_along(tmp_path):
    """The text of a page that Browsertrix read is the one that is searched; none is made beside it."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc.gz", browsertrix()))
        [folder] = archive.collection.snapshots(SITE)
        assert found(archive, "crawler", folder.timestamp) == [f"{EXAMPLE}/leges"]
        assert [path.name for path in folder.warcs] == ["a.warc.gz"]


def test_pages_of_a_wacz(tmp_path):
    """Pages that a WACZ lists are the pages, with the titles and texts it has of them."""
    pages = [
        {"id": "1", "url": f"{EXAMPLE}/", "ts": NOON, "title": "Uit de lijst", "text": "woorden uit de lijst"}
    ]
    records = [
        *exchange("/", html("vergunning", "Home"), NOON, 1),
        *exchange("/frame", html("kader"), NOON, 2),
    ]
    (tmp_path / "a.wacz").write_bytes(wacz(members(records), pages=[*pages, {"url": 7}, "none"]))
    with empty_archive(tmp_path / "data") as archive:
        take(archive, tmp_path / "a.wacz")
        [folder] = archive.collection.snapshots(SITE)
        lines = folder.pages_path.read_text().splitlines()
        assert [json.loads(line)["title"] for line in lines[1:]] == ["Uit de lijst"]
        assert found(archive, "lijst", folder.timestamp) == [f"{EXAMPLE}/"]
        assert found(archive, "kader", folder.timestamp) == []


def test_a_gap_where_nothing_is_known(tmp_path):
    """A page whose revisit refers to nothing shows a gap, in its frame and as captured; the day is there."""
    with empty_archive(tmp_path / "data") as archive:
        here = [revisit("/", NOON, 2, sha1(b"elsewhere")), *exchange("/leges", BODY, NOON, 3)]
        take(archive, write(tmp_path / "a.warc", here))
        [timestamp] = archive.collection.timestamps(SITE)
        history, catalogue = archive.shelves.history, archive.shelves.catalogue
        visitor = Visitor(Viewed(archive.settings, archive.collection, history, catalogue))
        asked = visitor.replay(timestamp, f"{EXAMPLE}/", Sec_Fetch_Dest="iframe")
        assert asked.status_code == 404
        assert visitor.replay(timestamp, f"{EXAMPLE}/leges").data != b""
        assert visitor.get(f"/web/{timestamp}id_/{EXAMPLE}/").status_code == 404
        assert visitor.get(f"/{SITE}/2026-02-10/").status_code == 200


def test_segments(tmp_path):
    """A record in segments over several files is one capture with the digest of the whole, and replays so."""
    body = random.Random(4).randbytes(30_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    (tmp_path / "given").mkdir()
    files = warc_files(tmp_path / "given", compression="gzip", max_file=8000)
    files.exchange(exchange_of(head + body, max_bytes=1 << 30))
    files.close()
    given = sorted((tmp_path / "given").iterdir())
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, *given)
        [folder] = archive.collection.snapshots(SITE)
        [line] = folder.index.captures()
        assert (line.digest, len(line.segments)) == (sha256_hex(body), len(given) - 1)
        with open_response(lambda _, name: folder.warc(name), folder.timestamp, line) as stored:
            assert b"".join(stored.body) == body
        assert (report.loose, problems(archive)) == (0, [])
    with empty_archive(tmp_path / "lacking") as archive:
        report = take(archive, given[0], *given[2:])
        assert (report.loose, report.whole) == (len(given) - 1, False)
        assert problems(archive) == []


@pytest.mark.parametrize("gz", [True, False])
def test_stretches_are_chained(tmp_path, gz):
    """Read in stretches by several processes a file gives what it gives in one, also where records hold records."""
    inner = b"".join(exchange("/inner", html("inner"), NOON, 7) * 20)
    records = [one for n in range(60) for one in exchange(f"/{n}", html("x " * n * 20), NOON, n + 1)]
    records += (
        exchange("/holds", inner, NOON, 90) * 2 + exchange("/after", b"y" * 30_000, NOON, 91) + records[:8]
    )
    path = write(tmp_path / ("a.warc.gz" if gz else "a.warc"), records)
    path.write_bytes(path.read_bytes()[:-20] + b"torn")
    results = []
    for stretch in (1 << 30, 3000):
        lines = tmp_path / f"lines-{stretch}"
        lines.mkdir()
        seen = survey(path, Frame("a", "Europe/Amsterdam", "20270101000000"), lines, stretch=stretch)
        results.append((list(seen.captures), seen.log.read_bytes(), seen.records, seen.skipped, seen.days))
    assert results[0] == results[1]
    assert results[0][2] > 130
