# SPDX-License-Identifier: EUPL-1.2
"""What was asked by POST and other methods than GET: found by method and body, and never taken for a page."""

from __future__ import annotations

import hashlib
import json
import random
import tracemalloc
import zipfile

import pytest

from archiver.cli.compose import shelves_below
from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.identity import identity
from archiver.importing.survey import Frame
from archiver.importing.surveying import survey
from archiver.ledger import read
from archiver.pages import read_pages
from archiver.rebuilding import rebuild_beside
from archiver.scanning.scan import scan
from archiver.sent import request_of
from index.cdxj import Index
from index.request_key import key_of_request, query_of
from tests.support.archive import Archive as Viewed
from tests.support.foreign import record
from tests.support.importing import (
    EXAMPLE,
    empty_archive,
    exchange,
    html,
    outcomes,
    problems,
    sha1,
    take,
    write,
)
from tests.support.posts import FORM, ID, SENT, Sent, archived
from tests.support.published import answers
from tests.support.snapshots import SITE
from tests.support.viewing import Visitor

NOON, NEXT = "2026-02-10T11:00:00Z", "2026-02-11T11:00:00Z"
WAYS = [
    {"links": "request", "answer_first": True},  # warcio, Heritrix, browsertrix-crawler
    {"links": "request", "answer_first": False},
    {"links": "answer", "answer_first": False},  # wget
    {"links": "", "answer_first": True},
    {"links": "", "answer_first": False},
]


def lines_of(folder):
    """Return method, address and digest of every line about the web."""
    lines = [one for one in folder.index.captures() if not one.url.startswith("urn:")]
    return sorted((one.request.method if one.request else "GET", one.url, one.digest) for one in lines)


def expected():
    return sorted((one.method, f"{EXAMPLE}{one.path}", sha256_of(one)) for one in SENT)


def sha256_of(sent):
    return "sha256:" + hashlib.sha256(b"" if sent.method == "HEAD" else sent.answer).hexdigest()


def imported(root, records, name="a.warc"):
    """Return a context with an archive into which records were imported."""
    return empty_archive(root / "data"), write(root / name, records)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_every_answer_by_its_method(tmp_path, how, name):
    """Whichever record names the other, or none: each answer stands under its method and body, in order."""
    opened, given = imported(tmp_path, archived(NOON, **how), name)
    with opened as archive:
        report = take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert (report.files[0].indexed, report.whole) == (len(SENT), True)
        assert lines_of(folder) == expected()
        for one in SENT:
            url, query = f"{EXAMPLE}{one.path}", query_of(one.method, one.mime, one.body)
            if one.method != "GET":
                [line] = folder.index.asked(url, one.method, query)
                assert line.digest == sha256_of(one)
                assert line.urlkey == key_of_request(url, one.method, query)
        assert problems(archive) == []


def test_no_page_no_outcome_no_change(tmp_path):
    """The ledger, pages, changes and history are of what addresses show: answers to POST are beside them."""
    changed = [Sent(one.method, one.path, one.body, one.mime, b"another", one.status) for one in SENT[2:]]
    second = [*SENT[0].records(1, NEXT), *SENT[1].records(2, NEXT)]
    second += [one for n, sent in enumerate(changed, 3) for one in sent.records(n, NEXT)]
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc", archived(NOON)), write(tmp_path / "b.warc", second))
        first, last = archive.collection.snapshots(SITE)
        asked = {f"{EXAMPLE}/": "captured", f"{EXAMPLE}/api?page=1": "captured"}
        for folder in (first, last):
            assert outcomes(folder) == asked
            assert folder.package["daykeep"]["other_methods"] == len(SENT) - 2
            assert {page.url for page in read_pages(folder.pages_path)} <= set(asked)
        assert last.changes_path.read_bytes() == b""
        assert archive.shelves.history.lifeline(f"{EXAMPLE}/upload", SITE) == []
        [page] = archive.shelves.history.lifeline(f"{EXAMPLE}/", SITE)
        assert page.digest == sha256_of(SENT[0])
        assert problems(archive) == []


def test_head_never_stands_for_the_page(tmp_path):
    """A HEAD that came after the GET of a page, and has no body, is not what the page was."""
    records = [*exchange("/", html("hier"), NOON, 1), *Sent("HEAD", "/").records(2, "2026-02-10T12:00:00Z")]
    opened, given = imported(tmp_path, records)
    with opened as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert folder.index.find(f"{EXAMPLE}/").timestamp == "20260210110000"
        assert [page.url for page in read_pages(folder.pages_path)] == [f"{EXAMPLE}/"]


def test_far_apart_and_in_other_files(tmp_path):
    """A request may stand far from its answer, or in another file of the day."""
    posts = [one.records(number, NOON) for number, one in enumerate(SENT, 1)]
    between = [one for n in range(40) for one in exchange(f"/p{n}", html(f"p{n}"), NOON, 1000 + n)]
    answers, requests = [pair[0] for pair in posts], [pair[1] for pair in posts]
    random.Random(5).shuffle(requests)
    with empty_archive(tmp_path / "one") as archive:
        take(archive, write(tmp_path / "a.warc.gz", [*answers, *between, *requests]))
        [folder] = archive.collection.snapshots(SITE)
        assert [one for one in lines_of(folder) if "/p" not in one[1]] == expected()
    with empty_archive(tmp_path / "two") as archive:
        take(archive, write(tmp_path / "b.warc", [*answers, *between]), write(tmp_path / "c.warc", requests))
        [folder] = archive.collection.snapshots(SITE)
        assert [one for one in lines_of(folder) if "/p" not in one[1]] == expected()
        assert {one.request.filename for one in folder.index.captures() if one.request} == {"c.warc"}
        assert problems(archive) == []


def test_neighbours_in_a_row(tmp_path):
    """Where nothing names anything, pairs are counted from where they begin, as every tool writes one after the other."""
    form = [Sent("POST", "/a", b"n=%d" % n, FORM, b"answer %d" % n) for n in range(3)]
    row = [form[0], Sent("GET", "/a", answer=b"page"), form[1], form[2]]
    for first in (True, False):
        records = [
            r for n, one in enumerate(row, 1) for r in one.records(n, NOON, links="", answer_first=first)
        ]
        with empty_archive(tmp_path / f"data{first}") as archive:
            take(archive, write(tmp_path / "a.warc", records))
            [folder] = archive.collection.snapshots(SITE)
            for n, one in enumerate(form):
                [line] = folder.index.asked(f"{EXAMPLE}/a", "POST", f"n={n}")
                assert line.digest == sha256_of(one)
            assert folder.index.find(f"{EXAMPLE}/a").digest == sha256_of(row[1])


def test_a_request_whose_answer_is_not_here(tmp_path):
    """It takes nobody else's: the page beside it stays a page."""
    lost = Sent("POST", "/", b"a=1", FORM).records(7, NOON)[1]
    opened, given = imported(tmp_path, [lost, *exchange("/", html("hier"), NOON, 1), lost])
    with opened as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        assert folder.index.find(f"{EXAMPLE}/") is not None
        assert lines_of(folder)[0][0] == "GET"
        assert problems(archive) == []


def test_across_midnight(tmp_path):
    """A request of the first second of the next day goes with its answer, and is found there."""
    post = Sent("POST", "/a", b"a=1", FORM)
    answer, request = post.records(1, "2026-02-10T22:59:59Z")
    late = request.replace(b"2026-02-10T22:59:59Z", b"2026-02-10T23:00:01Z")
    records = [answer, late, *exchange("/", html("morgen"), "2026-02-10T23:30:00Z", 5)]
    opened, given = imported(tmp_path, records)
    with opened as archive:
        take(archive, given)
        first, _ = archive.collection.snapshots(SITE)
        [line] = first.index.asked(f"{EXAMPLE}/a", "POST", "a=1")
        assert line.request.filename.startswith(SITE)
        assert problems(archive) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "PUT"),
        ("requestBody", "q=two words&z=2"),
        ("request.digest", "sha256:" + "0" * 64),
        ("request.offset", "0"),
        ("request.filename", "b.warc"),
    ],
)
def test_verify_reads_the_request(tmp_path, field, value):
    """A line that says another method, body or place of its request than there is, is found."""
    opened, given = imported(tmp_path, archived(NOON))
    with opened as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        lines = folder.index_path.read_bytes().splitlines()
        [at] = [n for n, line in enumerate(lines) if b'"requestBody":"q=two words&z=1"' in line]
        head, _, told = lines[at].partition(b"{")
        lines[at] = (
            head + json.dumps(json.loads(b"{" + told) | {field: value}, separators=(",", ":")).encode()
        )
        folder.index_path.chmod(0o644)
        folder.index_path.write_bytes(b"\n".join(lines) + b"\n")
        found = [one for one in problems(archive) if "another" in one and "index.cdxj" in one]
        assert found


def test_verify_lets_no_answer_be_a_page(tmp_path):
    """A list of pages that names an answer to POST as one is found out, also where nothing else is of its address."""
    opened, given = imported(tmp_path, archived(NOON))
    with opened as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        folder.pages_path.chmod(0o644)
        with folder.pages_path.open("ab") as file:
            file.write(
                b'{"id":"x","url":"http://www.example.org/upload","ts":"2026-02-10T11:00:00Z","title":"","language":""}\n'
            )
        found = problems(archive)
        assert [one for one in found if "/upload is called a page" in one], found


def test_verify_counts_them(tmp_path):
    """An answer to POST whose line was made that of a page, key and all, is not as many as were sealed."""
    opened, given = imported(tmp_path, archived(NOON))
    with opened as archive:
        take(archive, given)
        [folder] = archive.collection.snapshots(SITE)
        lines = folder.index_path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if b'"method":"PUT"' not in line]
        folder.index_path.chmod(0o644)
        folder.index_path.write_bytes(b"".join(kept))
        assert any("answers to other methods than GET" in one for one in problems(archive))


def test_rebuilt_it_is_the_same(tmp_path):
    """The catalogue made anew answers as before, and knows nothing of answers to other methods."""
    with empty_archive(tmp_path / "data") as archive:
        other = [one for n, sent in enumerate(SENT[1:], 1) for one in sent.records(n, NEXT)]
        take(archive, write(tmp_path / "a.warc", archived(NOON)), write(tmp_path / "b.warc", other))
        before = answers(archive)
        rebuild_beside(archive.collection, shelves_below, lambda *_: None, refuse)
        assert answers(archive) == before
        known = {url for url, intervals in before["lifelines"].items() if intervals}
        assert known == {f"{EXAMPLE}/", f"{EXAMPLE}/api?page=1"}


def refuse(folder, error):
    raise AssertionError((folder, error))


@pytest.mark.parametrize("profile", ["wacz", "warc", "nl-richtlijn"])
@pytest.mark.parametrize("how", [WAYS[0], WAYS[2], WAYS[4]], ids=["request", "answer", "nothing"])
def test_exported_and_brought_back(tmp_path, profile, how):
    """An export has the lines, each with its request where that stands now; brought back, they are the same."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc.gz", archived(NOON, **how)))
        [folder] = archive.collection.snapshots(SITE)
        find, out = finder(archive.collection, SITE), tmp_path / ("x.wacz" if profile == "wacz" else "x")
        told = export([folder], find, out, profile=built_in()[profile])
        assert told.differences == 0
        assert_requests_stand(tmp_path, out, len(SENT) - 2)
        before = lines_of(folder)
    paths = sorted(out.rglob("*.warc*")) if out.is_dir() else [out]
    with empty_archive(tmp_path / "other") as archive:
        take(archive, *paths)
        [folder] = archive.collection.snapshots(SITE)
        assert lines_of(folder) == before
        assert problems(archive) == []


@pytest.mark.parametrize("profile", ["warc", "nl-richtlijn"])
@pytest.mark.parametrize("how", [WAYS[0], WAYS[2]], ids=["request", "answer"])
def test_a_part_of_it(tmp_path, profile, how):
    """Of an address and what is below it the answers to all methods go along, with their requests."""
    with empty_archive(tmp_path / "data") as archive:
        take(archive, write(tmp_path / "a.warc.gz", archived(NOON, **how)))
        [folder] = archive.collection.snapshots(SITE)
        find = finder(archive.collection, SITE)
        told = export([folder], find, tmp_path / "x", profile=built_in()[profile], url=f"{EXAMPLE}/api")
        assert (told.captures, told.differences) == (5, 0)
        assert_requests_stand(tmp_path, tmp_path / "x", 4)


def assert_requests_stand(root, out, number):
    """Hold the line of every request in an export against the record where it says that it lies."""
    if out.is_file():
        with zipfile.ZipFile(out) as file:
            file.extractall(root / "unpacked")
        out = root / "unpacked"
    warcs = {path.name: path for path in out.rglob("*.warc*")}
    with Index(next(out.rglob("index.cdxj"))) as index:
        asked = [one for one in index.captures() if one.request]
    assert len(asked) == number
    for one in asked:
        [seen] = scan(warcs[one.request.filename], one.request.offset, one.request.offset + 1)
        assert request_of(seen, one.request.filename) == one.request
        assert identity(seen.url) == one.url


def test_a_revisit_of_an_answer(tmp_path):
    """A revisit by POST refers to the answer to the same POST, and has its payload."""
    post = Sent("POST", "/a", b"a=1", FORM, b"the answer")
    first, asked = post.records(1, NOON)
    _, request = post.records(2, NEXT)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    digest = sha1(b"the answer")
    revisit = record(
        head, 2, kind="revisit", WARC_Target_URI=f"{EXAMPLE}/a", WARC_Date=NEXT,
        WARC_Profile="http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
        WARC_Payload_Digest=digest, WARC_Refers_To=ID % 1,
    )  # fmt: skip
    with empty_archive(tmp_path / "data") as archive:
        report = take(
            archive,
            write(tmp_path / "a.warc", [first, asked]),
            write(tmp_path / "b.warc", [revisit, request]),
        )
        assert report.unresolved == 0
        day = archive.collection.snapshots(SITE)[-1]
        [line] = day.index.asked(f"{EXAMPLE}/a", "POST", "a=1")
        assert line.original.record == (ID % 1)[1:-1]
        assert problems(archive) == []


def test_many_requests_in_little_memory(tmp_path):
    """A file of requests that nothing answers, each with a body of its own, is read like any other."""
    body = random.Random(1).randbytes(3000)
    requests = [Sent("POST", f"/{n}", body, "x/y").records(n, NOON)[1] for n in range(3000)]
    opened, given = imported(tmp_path, [*exchange("/", html("hier"), NOON, 900_000), *requests])
    with opened as archive:
        tracemalloc.start()
        take(archive, given, texts=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 60 << 20
        assert list(read(archive.collection.snapshots(SITE)[0].ledger_path))


def test_the_frame_of_a_stretch_does_not_matter(tmp_path):
    """However a file is parted among processes, the requests that are found in it are the same."""
    path = write(tmp_path / "a.warc", archived(NOON))
    found = []
    for stretch in (300, 5000, 1 << 20):
        lines = tmp_path / f"{stretch}"
        lines.mkdir()
        told = survey(path, Frame("a.warc", "Europe/Amsterdam", "20300101000000"), lines, stretch=stretch)
        found.append(list(told.sent))
    assert len(found[0]) == len(SENT) - 2
    assert found[0] == found[1] == found[2]


def test_the_cdx_server_has_them(tmp_path):
    """`/cdx` lists them below an address, and one by its method and body; the address itself is that of GET."""
    opened, given = imported(tmp_path, archived(NOON))
    with opened as archive:
        take(archive, given)
        shelves = archive.shelves
        visitor = Visitor(Viewed(archive.settings, archive.collection, shelves.history, shelves.catalogue))
        below = visitor.get("/cdx?url=www.example.org/api&matchType=prefix").text.splitlines()
        assert [line.split()[0] for line in below] == [
            "org,example)/api?__wb_method=options",
            "org,example)/api?__wb_method=post&a=1&a.2_=2&a.3_=true&a.4_=null&a.5_=x+y",
            "org,example)/api?__wb_method=post&page=1&q=other&z=1",
            "org,example)/api?__wb_method=post&page=1&q=two%20words&z=1",
            "org,example)/api?page=1",
        ]
        one = visitor.get("/cdx?url=www.example.org/api%3Fpage=1%26__wb_method=POST%26q=other%26z=1").text
        assert one.split()[0] == "org,example)/api?__wb_method=post&page=1&q=other&z=1"
        json = "%3F__wb_method=POST%26a=1%26a.2_=2%26a.3_=true%26a.4_=null%26a.5_=x%2By"
        assert visitor.get(f"/cdx?url=www.example.org/api{json}").text == f"{below[1]}\n"
        [page] = visitor.get("/cdx?url=www.example.org/api%3Fpage=1").text.splitlines()
        assert page.split()[5] == sha256_of(SENT[1])
