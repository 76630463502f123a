# SPDX-License-Identifier: EUPL-1.2
"""Every form of file, and files of several days: all records, each on its day, the originals as they came."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest

from archiver.scanning.scan import scan
from archiver.scanning.seen import Seen
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

NOON = "2026-02-10T11:00:00Z"
LATER = "2026-02-11T11:00:00Z"
LATE = datetime(2026, 4, 30, tzinfo=UTC)


def crawl(version="1.0"):
    records = [
        record(b"software: made up\r\n", 9, kind="warcinfo", WARC_Target_URI=None, WARC_Date=NOON,
               Content_Type="application/warc-fields"),
        *exchange("/", html("vergunning", "Home"), NOON, 1),
        *exchange("/leges", html("leges en tarief", "Leges"), NOON, 2),
    ]  # fmt: skip
    return [one.replace(b"WARC/1.0", f"WARC/{version}".encode(), 1) for one in records]


def arc():
    def one(url, mime, block):
        return f"{url} 192.0.2.1 20260210110000 {mime} {len(block)}\n".encode() + block + b"\n"

    head = b"1 0 Made up\nURL IP-address Archive-date Content-type Archive-length\n"
    pages = [one(f"{EXAMPLE}/", "text/html", http(html("vergunning", "Home"))),
             one(f"{EXAMPLE}/leges", "text/html", http(html("leges en tarief", "Leges")))]  # fmt: skip
    return one("filedesc://x.arc", "text/plain", head) + b"".join(pages)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def wacz(*warcs, pages=None, **more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for number, data in enumerate(warcs):
            file.writestr(f"archive/rec-{number}.warc.gz", data)
        if pages is not None:
            lines = [{"format": "json-pages-1.0", "id": "pages", "title": "All pages"}, *pages]
            file.writestr("pages/pages.jsonl", "\n".join(map(json.dumps, lines)))
        for name, data in more.items():
            file.writestr(name, data)
    return out.getvalue()


FORMS = [
    ("x.warc", lambda: b"".join(crawl()), "archive/x.warc"),
    ("x.warc.gz", lambda: members(crawl()), "archive/x.warc.gz"),
    ("x-018.warc", lambda: b"".join(crawl("0.18")), "archive/x-018.warc"),
    ("x-11.warc.gz", lambda: members(crawl("1.1")), "archive/x-11.warc.gz"),
    ("misnamed.zip", lambda: members(crawl()), "archive/misnamed.warc.gz"),
    ("one.warc.gz", lambda: gzip.compress(b"".join(crawl())), "originals/one.warc.gz"),
    ("crowded.warc.gz", lambda: members([*crawl()[:3], b"".join(crawl()[3:])]), "originals/crowded.warc.gz"),
    ("x.warc.zst", lambda: zstd(b"".join(crawl())), "originals/x.warc.zst"),
    ("x.arc", arc, "originals/x.arc"),
    ("x.arc.gz", lambda: gzip.compress(arc()), "originals/x.arc.gz"),
    ("x.wacz", lambda: wacz(members(crawl())), "originals/x.wacz"),
    ("two.wacz", lambda: wacz(members(crawl()[:3]), members(crawl()[3:])), "originals/two.wacz"),
]


@pytest.mark.parametrize(("name", "make", "kept"), FORMS)
def test_every_form(tmp_path, name, make, kept):
    """Whatever form a file has, its pages are found, it is kept byte for byte, and verify is content."""
    data = make()
    (tmp_path / name).write_bytes(data)
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, tmp_path / name)
        [folder] = archive.collection.snapshots(SITE)
        assert (folder.path / kept).read_bytes() == data
        assert outcomes(folder) == {f"{EXAMPLE}/": "captured", f"{EXAMPLE}/leges": "captured"}
        assert found(archive, "tarief", folder.timestamp) == [f"{EXAMPLE}/leges"]
        assert [one.title for one in archive.shelves.history.pages(SITE, folder.timestamp)] == [
            "Home",
            "Leges",
        ]
        assert (report.files[0].days, report.files[0].indexed, report.whole) == (("2026-02-10",), 2, True)
        assert folder.summary.timestamp == "20260210110000"
        assert problems(archive) == []
        assert take(archive, tmp_path / name).snapshots == []


def blocks(path):
    """Return the bytes of every record of a WARC without its compression, but those of our own warcinfo."""
    kept = []
    for one in scan(path):
        assert isinstance(one, Seen)
        data = path.read_bytes()[one.offset : one.end]
        data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        if b"software: daykeep" not in data:
            kept.append(data)
    return kept


NIGHT = [  # the day ends at 23:00 UTC: Amsterdam in winter
    *exchange("/", html("vergunning"), "2026-02-10T22:59:59Z", 1),
    *exchange("/leges", html("leges en tarief"), "2026-02-10T23:00:00Z", 2),
    record(b"note: of the first\r\n", 30, kind="metadata", WARC_Date="2026-02-10T23:10:00Z",
           WARC_Target_URI=f"{EXAMPLE}/", Content_Type="application/warc-fields",
           WARC_Concurrent_To="<urn:uuid:00000000-0000-4000-8000-000000000001>"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["night.warc", "night.warc.gz"])
def test_a_file_of_two_days(tmp_path, name):
    """Records go to their day, each as it was, with what belongs to them; the file itself to the first day."""
    given = write(tmp_path / name, NIGHT)
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, given)
        first, second = archive.collection.snapshots(SITE)
        assert [one.day for one in report.snapshots] == ["2026-02-10", "2026-02-11"]
        assert (first.path / "originals" / name).read_bytes() == given.read_bytes()
        assert not (second.path / "originals").exists()
        warcs = [one.path / "archive" / f"{SITE}-{one.timestamp}-00000.warc.gz" for one in (first, second)]
        assert blocks(warcs[0]) == [NIGHT[0], NIGHT[1], NIGHT[4]]
        assert blocks(warcs[1]) == [NIGHT[2], NIGHT[3]]
        assert (outcomes(first), outcomes(second)) == (
            {f"{EXAMPLE}/": "captured"},
            {f"{EXAMPLE}/leges": "captured"},
        )
        assert problems(archive) == []
        assert take(archive, given).files[0].already == ("2026-02-10", "2026-02-11")


def test_requests_follow_their_response(tmp_path):
    """A request of before midnight goes with the response of after it, also where the response names it."""
    response, request = exchange("/", html("vergunning"), "2026-02-10T23:00:01Z", 1)
    before = request.replace(b"2026-02-10T23:00:01Z", b"2026-02-10T22:59:59Z")
    named, asked = exchange("/leges", html("leges"), "2026-02-10T23:00:01Z", 2,
                            WARC_Concurrent_To="<urn:uuid:00000000-0000-4000-8000-000000500002>")  # fmt: skip
    wget = asked.replace(b"2026-02-10T23:00:01Z", b"2026-02-10T22:59:59Z").replace(
        b"WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000002>\r\n", b""
    )
    other = exchange("/oud", html("oud"), "2026-02-10T12:00:00Z", 3)
    given = write(tmp_path / "a.warc", [*other, before, response, wget, named])
    with empty_archive(tmp_path / "data") as archive:
        take(archive, given)
        second = archive.collection.snapshots(SITE)[1]
        warc = second.path / "archive" / f"{SITE}-{second.timestamp}-00000.warc.gz"
        assert blocks(warc) == [before, response, wget, named]


@pytest.mark.parametrize(
    ("moments", "days"),
    [
        (["2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"],
         ["2026-03-28", "2026-03-29", "2026-03-30"]),
        (["2025-10-25T21:59:59Z", "2025-10-25T22:00:00Z", "2025-10-26T22:59:59Z", "2025-10-26T23:00:00Z"],
         ["2025-10-25", "2025-10-26", "2025-10-27"]),
    ],
)  # fmt: skip
def test_days_of_23_and_of_25_hours(tmp_path, moments, days):
    """Days are those of the clock on the wall, on the nights when it goes forward and back too."""
    records = [one for n, moment in enumerate(moments) for one in exchange(f"/{n}", html("x"), moment, n + 1)]
    with empty_archive(tmp_path / "data", clock=lambda: LATE) as archive:
        report = take(archive, write(tmp_path / "a.warc.gz", records))
        assert [one.day for one in report.snapshots] == days
        assert [len(outcomes(one)) for one in archive.collection.snapshots(SITE)] == [1, 2, 1]
        assert problems(archive) == []


def test_revisits_across_days_of_one_file(tmp_path):
    """What a later day of a file says is unchanged is found in the earlier day of it."""
    body = html("vergunning")
    given = write(tmp_path / "a.warc.gz", [*exchange("/", body, NOON, 1), revisit("/", LATER, 2, sha1(body))])
    with empty_archive(tmp_path / "data") as archive:
        take(archive, given)
        first, second = archive.collection.snapshots(SITE)
        assert second.index.find(f"{EXAMPLE}/").original.snapshot == first.timestamp
        assert problems(archive) == []


def test_damage_in_a_file_that_is_parted(tmp_path):
    """What is skipped in a file of two days, or in a compressed one, is told by its place in the original."""
    torn = b"".join(NIGHT[:2]) + b"WARC/1.0\r\nnonsense" * 2 + b"".join(NIGHT[2:])
    (tmp_path / "a.warc").write_bytes(torn)
    (tmp_path / "b.warc.gz").write_bytes(gzip.compress(torn + b"\n"))
    with empty_archive(tmp_path / "data") as archive:
        report = take(archive, tmp_path / "a.warc", tmp_path / "b.warc.gz")
        first = archive.collection.snapshots(SITE)[0]
        lines = (first.path / "logs" / "import.jsonl").read_text().splitlines()
        lost = [one for one in map(json.loads, lines) if not one.get("kept", True)]
        offset = len(b"".join(NIGHT[:2]))
        assert (lost[0]["file"], lost[0]["offset"]) == ("originals/a.warc", offset)
        assert lost[1]["file"] == "originals/b.warc.gz"
        assert f"at offset {offset}" in lost[1]["what"]
        assert [one.skipped for one in report.files] == [1, 1]
        assert problems(archive) == []
