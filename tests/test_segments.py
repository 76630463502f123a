# SPDX-License-Identifier: EUPL-1.2
"""Records that no file has room for: written in segments, read as one, every fault in them found."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import re
import shutil
import zipfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import msgspec
import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

import archiver.snapshot
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.exporting.export import export
from archiver.exporting.profiles import built_in
from archiver.importing.imports import bring
from archiver.ledger import read as read_ledger
from archiver.record_files import RecordFiles
from archiver.records import iterate
from archiver.responses import open_response
from archiver.snapshot import take
from archiver.snapshot_folder import SnapshotFolder
from archiver.warc import WarcFiles, original_of, refer, reference_of
from index.cdxj import format_line, parse_line
from index.errors import DamagedError, StorageError
from index.model import Segment
from tests.support.exchanges import MOMENT, exchange_of, warc_files
from tests.support.importing import empty_archive
from tests.support.snapshots import FIRST, HOST, SITE, HandClock, opened, page, serving
from tests.support.viewing import Visitor

SUFFIX = {"gzip": ".warc.gz", "none": ".warc"}
NOISE = random.Random(4).randbytes(30_000)
TEXT = b"Wie een vergunning aanvraagt, krijgt bericht. " * 2000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
MAX = 8000


def response(body):
    return exchange_of(HEAD % len(body) + body, max_bytes=1 << 30)


def written(folder, body, compression, *, max_file=MAX):
    files = warc_files(folder, compression=compression, max_file=max_file)
    capture = files.exchange(response(body))
    files.close()
    return capture


def everything(folder):
    return [(path.name, one) for path in sorted(folder.iterdir()) for _, one in iterate(path)]


def find_in(folder):
    return lambda _snapshot, filename: folder / filename


def body_of(folder, capture):
    with open_response(find_in(folder), "20260302023000", capture) as stored:
        return b"".join(stored.body)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_segments_are_as_the_standard_has_them(tmp_path, compression):
    """First segment alone behind its warcinfo, the others in files of their own, the request behind the last."""
    capture = written(tmp_path, NOISE, compression)
    found = everything(tmp_path)
    kinds = [(name[2:7], one.kind) for name, one in found]
    assert kinds == [
        *[("00000", "warcinfo"), ("00000", "response")],
        *[(f"0000{n}", kind) for n in range(1, 5) for kind in ("warcinfo", "continuation")],
        ("00004", "request"),
    ]
    first = found[1][1]
    continued = [one for _, one in found if one.kind == "continuation"]
    assert (first.field("WARC-Segment-Number"), first.field("WARC-Payload-Digest")) == ("1", None)
    assert [one.field("WARC-Segment-Number") for one in continued] == ["2", "3", "4", "5"]
    assert {one.field("WARC-Segment-Origin-ID") for one in continued} == {first.field("WARC-Record-ID")}
    assert {one.field("WARC-Target-URI") for _, one in found[1:] if one.kind != "warcinfo"} == {capture.url}
    total = str(response(NOISE).length)
    assert [one.field("WARC-Segment-Total-Length") for one in continued] == [None, None, None, total]
    assert found[-1][1].field("WARC-Concurrent-To") == first.field("WARC-Record-ID")
    assert capture.digest == f"sha256:{hashlib.sha256(NOISE).hexdigest()}"


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_no_file_reaches_the_limit_and_all_but_the_last_come_near(tmp_path, compression):
    """Segments are as long as the limit allows, whatever the compression makes of them."""
    written(tmp_path, NOISE, compression)
    *full, last = [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert max(*full, last) < MAX
    assert min(full) > MAX - (1400 if compression == "gzip" else 600)


def test_golden_bytes_of_the_last_segment(tmp_path):
    """The last continuation says where it belongs, which it is, how long all are, and the digest of its block."""
    capture = written(tmp_path, NOISE[:9000], "none")
    (place,) = capture.segments
    raw = b"".join(response(NOISE[:9000]).raw())
    data = (tmp_path / place.filename).read_bytes()[place.offset :][: place.length]
    head, _, rest = data.partition(b"\r\n\r\n")
    block = rest[: -len(b"\r\n\r\n")]
    assert raw.endswith(block)
    assert head.decode().split("\r\n") == [
        "WARC/1.1",
        "WARC-Type: continuation",
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000004>",
        "WARC-Date: 2026-03-02T02:30:01.000500Z",
        "WARC-Target-URI: http://www.example.org/",
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000003>",
        "WARC-Segment-Origin-ID: <urn:uuid:00000000-0000-4000-8000-000000000002>",
        "WARC-Segment-Number: 2",
        f"WARC-Segment-Total-Length: {len(raw)}",
        "Content-Type: application/octet-stream",
        f"WARC-Block-Digest: sha256:{hashlib.sha256(block).hexdigest()}",
        f"Content-Length: {len(block)}",
    ]


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_other_checkers_find_nothing_wrong(tmp_path, compression, capsys):
    """Warcio's own checker, which takes each segment for a record, agrees with every digest."""
    written(tmp_path, NOISE, compression)
    command = SimpleNamespace(verbose=False, inputs=[str(path) for path in tmp_path.iterdir()])
    assert (Checker(command).process_all(), capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_block_digest_of_every_segment_is_its_own(tmp_path, compression):
    """The block digest of a segment is that of its own block, so that each can be checked alone."""
    written(tmp_path, NOISE, compression)
    for path in tmp_path.iterdir():
        for _, one in iterate(path):
            assert one.field("WARC-Block-Digest") == f"sha256:{hashlib.sha256(one.block.read()).hexdigest()}"


@pytest.mark.parametrize("compression", ["gzip", "none"])
@pytest.mark.parametrize("size", [1, 5000, 7000, 7300, 7400, 7500, 7600, 8000, 15000, 30_000])
def test_whole_is_given_back(tmp_path, size, compression):
    """A body of any length about the limit comes back as it was, and has its digest."""
    capture = written(tmp_path, NOISE[:size], compression)
    assert body_of(tmp_path, capture) == NOISE[:size]
    assert parse_line(format_line(capture)) == capture
    assert refer(tmp_path / capture.filename, original_of(capture, "20260302023000")).digest == capture.digest
    assert all(path.stat().st_size < MAX for path in tmp_path.iterdir())


def test_what_compression_makes_fit_is_one_record(tmp_path):
    """A body longer than a file that compression makes short enough is no reason for segments."""
    limit = 4 << 20
    capture = written(tmp_path, TEXT * 60, "gzip", max_file=limit)
    assert (capture.segments, body_of(tmp_path, capture)) == ((), TEXT * 60)
    assert len(TEXT * 60) > limit > next(tmp_path.iterdir()).stat().st_size


def test_revisit_of_a_record_in_segments(tmp_path):
    """A revisit finds all of its original, also through its own line, and a cut original says so."""
    first = written(tmp_path, NOISE, "gzip")
    same_as = reference_of(original_of(first, "20260302023000"), first.digest)
    later = warc_files(tmp_path, prefix="later")
    capture = later.exchange(replace(response(NOISE), date=MOMENT + timedelta(days=1)), same_as)
    later.close()
    again = parse_line(format_line(capture))
    assert (again, again.original.segments) == (capture, first.segments)
    assert body_of(tmp_path, again) == NOISE


def test_truncation_is_said_by_the_last_segment(tmp_path):
    """ISO 28500 section 7: the whole adopts the mark of truncation of its last segment."""
    files = warc_files(tmp_path, compression="none", max_file=MAX)
    capture = files.exchange(exchange_of(HEAD % 99_999 + NOISE, max_bytes=20_000))
    files.close()
    marks = [one.field("WARC-Truncated") for _, one in everything(tmp_path) if one.kind != "warcinfo"]
    assert marks == [None, None, "length", None]
    with open_response(find_in(tmp_path), "20260302023000", capture) as stored:
        assert (stored.truncated, capture.truncated, b"".join(stored.body)) == (
            "length",
            "length",
            NOISE[:20_000],
        )


def test_chunked_body_in_segments(tmp_path):
    """The framing of a chunked body may be cut anywhere; the payload is put together from all of it."""
    framed = b"".join(
        b"%x\r\n%b\r\n" % (len(p), p) for p in (NOISE[n : n + 999] for n in range(0, 30_000, 999))
    )
    files = warc_files(tmp_path, max_file=MAX)
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
    capture = files.exchange(exchange_of(raw))
    files.close()
    assert (len(capture.segments), body_of(tmp_path, capture)) == (4, NOISE)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_other_readers_read_every_segment(tmp_path, compression):
    """Warcio, which knows no segments, reads each of them as a record."""
    written(tmp_path, NOISE, compression)
    kinds = []
    for path in sorted(tmp_path.iterdir()):
        with path.open("rb") as file:
            kinds += [(one.rec_type, bool(one.content_stream().read())) for one in ArchiveIterator(file)]
    assert [kind for kind, _ in kinds].count("continuation") == 4
    assert all(filled for kind, filled in kinds if kind in {"response", "continuation"})


KINDS = [("resource", "urn:x:1"), ("conversion", "http://www.example.org/"), ("metadata", None)]


@pytest.mark.parametrize(("kind", "uri"), KINDS)
def test_any_record_can_be_written(tmp_path, kind, uri):
    """Records of every type are written with the fields they are given, and in segments where they must be."""
    files = warc_files(tmp_path, compression="none", max_file=MAX)
    fields = [("WARC-Record-ID", files.new_id()), ("WARC-Date", "2026-03-02T02:30:01Z")]
    fields += [("WARC-Target-URI", uri)] if uri else []
    short = files.record(kind, [*fields, ("X", "é")], io.BytesIO(b"block"), 5)
    long = files.record(kind, fields, io.BytesIO(NOISE), len(NOISE))
    files.close()
    data = (tmp_path / short.filename).read_bytes()[short.offset :][: short.length].decode()
    target = f"WARC-Target-URI: {uri}\r\n" if uri else ""
    warcinfo = "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
    assert data == (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {fields[0][1]}\r\nWARC-Date: 2026-03-02T02:30:01Z\r\n"
        f"{target}{warcinfo}X: é\r\nContent-Length: 5\r\n\r\nblock\r\n\r\n"
    )
    blocks = b"".join(one.block.read() for _, one in records_with(tmp_path, "continuation"))
    assert (len(long.segments), NOISE.endswith(blocks)) == (4, True)


def records_with(folder, kind):
    for path in sorted(folder.iterdir()):
        yield from ((path, one) for _, one in iterate(path) if one.kind == kind)


def test_copied_record_keeps_its_own_bytes(tmp_path):
    """A record of another writer is copied with the head it had; in segments it has its own fields."""
    head = b"WARC/1.0\r\nWARC-Type: resource\r\nwarc-record-id: <urn:a>\r\nWARC-Date: 2009-01-01T00:00:00Z\r\nContent-Length: 5\r\n\r\n"
    files = warc_files(tmp_path, compression="none")
    there = files.record("resource", [("WARC-Record-ID", "<urn:a>")], io.BytesIO(b"block"), 5, head=head)
    files.close()
    data = (tmp_path / there.filename).read_bytes()
    assert data[there.offset :] == head + b"block\r\n\r\n"


def test_block_shorter_than_it_should_be_is_refused(tmp_path):
    """A block that ends before its length is a sentence, and never a record that lies."""
    for length in (10, 20_000):
        files = warc_files(tmp_path / str(length), max_file=MAX)
        fields = [("WARC-Record-ID", files.new_id()), ("WARC-Date", "2026-03-02T02:30:01Z")]
        with pytest.raises(DamagedError, match="bytes before the length"):
            files.record("resource", fields, io.BytesIO(b"short"), length)
        files.close()


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_resume_leaves_nothing_of_a_record_cut_in_its_middle(tmp_path, compression):
    """A crash after any file of a record in segments leaves what was synced before it, and no piece of it."""
    files = warc_files(tmp_path, compression=compression, max_file=MAX)
    files.exchange(response(b"before"))
    position = files.sync()
    before = (tmp_path / position.filename).read_bytes()
    files.exchange(response(NOISE))
    files.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    for cut in range(2, len(names) + 1):
        torn = tmp_path.with_name(f"{tmp_path.name}-{cut}")
        torn.mkdir()
        for name in names[:cut]:
            shutil.copy(tmp_path / name, torn)
        (torn / names[cut - 1]).write_bytes((torn / names[cut - 1]).read_bytes()[:300])
        again = warc_files(torn, compression=compression, max_file=MAX)
        again.resume(position)
        assert [(path.name, path.read_bytes()) for path in torn.iterdir()] == [(position.filename, before)]
        capture = again.exchange(response(NOISE))
        again.close()
        assert body_of(torn, capture) == NOISE


def test_failure_between_segments_is_a_sentence(tmp_path, monkeypatch):
    """Where the disk is full at a later segment, writing ends with a sentence."""
    files = warc_files(tmp_path, max_file=MAX)
    begin = RecordFiles._begin

    def refuse(self):
        if self._serial == 2:
            raise StorageError("The disk is full.")
        return begin(self)

    monkeypatch.setattr(RecordFiles, "_begin", refuse)
    with pytest.raises(StorageError, match="full"):
        files.exchange(response(NOISE))
    files.close()


# whole days

DAYS = [
    {
        "/": page("Monday", "/film", "/cast"),
        "/film": (200, {"Content-Type": "video/mp4"}, NOISE),
        "/cast": (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, NOISE[:20_000]),
    },
    {"/": page("Tuesday", "/film"), "/film": (200, {"Content-Type": "video/mp4"}, NOISE)},
]
MONDAY, TUESDAY = "20260302023000", "20260303023000"


@pytest.fixture(scope="module", params=["gzip", "none"])
def archive(request, tmp_path_factory):
    """Yield two days of a site whose files are much longer than a WARC may be."""
    root, clock = tmp_path_factory.mktemp("days"), HandClock()
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setattr(archiver.snapshot, "WarcFiles", partial(WarcFiles, max_file=MAX))
        with opened(root, server, clock, compression=request.param) as made:
            for number, day in enumerate(DAYS):
                server.day = day
                clock.set(FIRST + timedelta(days=number))
                take(made, made.settings.site[0])
            yield made


def line_of(folder, path):
    return next(one for one in folder.index.captures() if one.url == HOST + path)


def test_days_with_segments_verify(archive):
    """A sealed day with records in segments is whole, and so is the next, whose revisits refer to them."""
    folders = archive.collection.snapshots(SITE)
    find = finder(archive.collection, SITE)
    assert [str(one) for folder in folders for one in verify(folder, find)] == []
    monday, tuesday = folders
    assert (len(line_of(monday, "/film").segments), line_of(tuesday, "/film").mime) == (4, "warc/revisit")
    assert line_of(tuesday, "/film").original.segments == line_of(monday, "/film").segments
    assert all(path.stat().st_size < MAX for path in monday.warcs)


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_days_with_segments_replay(archive, day):
    """The viewer gives the whole body, and ranges of it that lie across segments."""
    visitor = Visitor(
        SimpleNamespace(
            settings=archive.settings,
            collection=archive.collection,
            history=archive.shelves.history,
            catalogue=archive.shelves.catalogue,
        )
    )
    address = f"/web/{day}id_/{HOST}/film"
    assert visitor.get(address).data == NOISE
    part = visitor.get(address, Range="bytes=5000-16000")
    assert (part.status_code, part.data) == (206, NOISE[5000:16001])
    assert visitor.get(address, Range="bytes=-10").data == NOISE[-10:]


def send(archive, target, days, **how):
    collection = archive.collection
    profile = built_in()[how.pop("profile", "wacz")]
    folders = [collection.at(SITE, day) for day in days]
    return export(folders, finder(collection, SITE), target, profile=profile, **how)


EXPORTS = [
    ("wacz", [MONDAY], None),
    ("wacz", [TUESDAY], None),
    ("wacz", [MONDAY, TUESDAY], None),
    ("wacz", [MONDAY], f"{HOST}/film"),
    ("wacz", [TUESDAY], f"{HOST}/film"),
    ("nl-richtlijn", [TUESDAY], None),
]


@pytest.mark.parametrize(("profile", "days", "url"), EXPORTS)
def test_exports_hold_the_whole(archive, tmp_path, profile, days, url):
    """Whatever is exported, of a day or of one address, holds the whole body, and the request that fetched it."""
    target = tmp_path / ("x.wacz" if profile == "wacz" else "x")
    send(archive, target, days, profile=profile, url=url)
    folder = target
    if profile == "wacz":
        folder = tmp_path / "unpacked"
        with zipfile.ZipFile(target) as file:
            file.extractall(folder)
    warcs = {path.name: path for path in folder.rglob("*.warc*") if path.is_file()}
    lines = next(folder.rglob("*.cdxj")).read_bytes().splitlines()
    films = [capture for capture in map(parse_line, lines) if capture.url == f"{HOST}/film"]
    for film in films:
        with open_response(lambda _day, name: warcs[name], "none", film) as stored:
            assert b"".join(stored.body) == NOISE
    requests = [one for path in warcs.values() for _, one in iterate(path) if one.kind == "request"]
    asked = {one.field("WARC-Concurrent-To") for one in requests}
    assert {f"<{film.record}>" for film in films} <= asked
    assert films


def brought(folder, *paths):
    """Import files elsewhere; return lines, ledger, log and problems of the day they have."""
    with empty_archive(folder, seeds=(f"{HOST}/",)) as elsewhere:
        bring(elsewhere, elsewhere.settings.site[0], paths)
        (day,) = elsewhere.collection.snapshots(SITE)
        find = finder(elsewhere.collection, SITE)
        lines = {one.url.removeprefix(HOST): one for one in day.index.captures()}
        bodies = {}
        for path in ("/film", "/cast"):
            if path in lines:
                with open_response(find, day.timestamp, lines[path]) as stored:
                    bodies[path] = b"".join(stored.body)
        ledger = {one.url.removeprefix(HOST): one.outcome.value for one in read_ledger(day.ledger_path)}
        log = (day.path / "logs" / "import.jsonl").read_text()
        return lines, bodies, ledger, log, [str(one) for one in verify(day, find)]


def test_import_puts_segments_together(archive, tmp_path):
    """A day with records in segments, imported elsewhere from its files, in any order, is as it was."""
    files = archive.collection.at(SITE, MONDAY).warcs
    lines, bodies, ledger, _, problems = brought(tmp_path / "data", *reversed(files))
    assert (bodies["/film"], bodies["/cast"], problems) == (NOISE, NOISE[:20_000], [])
    assert (lines["/film"].digest, len(lines["/film"].segments)) == (
        f"sha256:{hashlib.sha256(NOISE).hexdigest()}",
        4,
    )
    assert (ledger["/film"], ledger["/cast"]) == ("captured", "captured")


def test_import_of_an_export_in_segments(archive, tmp_path):
    """An export as WACZ has all segments, and is imported elsewhere with the same payload."""
    send(archive, tmp_path / "x.wacz", [MONDAY])
    _, bodies, ledger, _, problems = brought(tmp_path / "data", tmp_path / "x.wacz")
    assert (bodies["/film"], ledger["/film"], problems) == (NOISE, "captured", [])


def segment_files(days):
    line = next(
        parse_line(line)
        for line in (days / MONDAY / "indexes/index.cdxj").read_bytes().splitlines()
        if b'/film"' in line
    )
    return [days / MONDAY / "archive" / one.filename for one in line.segments]


def renumbered(path, number):
    data = path.read_bytes()
    plain = gzip.decompress(data) if path.name.endswith(".gz") else data
    changed = re.sub(rb"WARC-Segment-Number: \d+", b"WARC-Segment-Number: %d" % number, plain)
    if path.name.endswith(".gz"):
        pieces = re.split(rb"(?=WARC/1\.1\r\n)", changed)[1:]
        changed = b"".join(map(gzip.compress, pieces))
    path.write_bytes(changed)


def exchanged(files):
    first, second = files[0].read_bytes(), files[1].read_bytes()
    files[0].write_bytes(second)
    files[1].write_bytes(first)


def doubled(files):
    shutil.copy(files[0], files[0].with_name(f"z-{files[0].name}"))


DAMAGES = {
    "missing": (lambda files: files[1].unlink(), "No such file"),
    "last one missing": (lambda files: files[-1].unlink(), "No such file"),
    "exchanged": (exchanged, "segment"),
    "doubled": (doubled, "a segment of a record that no line of the index names so"),
    "another number": (lambda files: renumbered(files[0], 7), "segment"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_of_segments_is_found(archive, tmp_path, name):
    """A segment that is missing, exchanged, doubled or another is found and named, by the contents alone."""
    damage, told = DAMAGES[name]
    shutil.copytree(archive.collection.site_folder(SITE), tmp_path / "days")
    for path in [tmp_path / "days", *(tmp_path / "days").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    damage(segment_files(tmp_path / "days"))

    def find(snapshot, filename):
        return SnapshotFolder(SITE, snapshot, tmp_path / "days" / snapshot).warc(filename)

    found = [str(one) for one in verify(SnapshotFolder(SITE, MONDAY, tmp_path / "days" / MONDAY), find)]
    assert any(told in one for one in found if "datapackage.json" not in one), found
    again = [str(one) for one in verify(SnapshotFolder(SITE, TUESDAY, tmp_path / "days" / TUESDAY), find)]
    assert (again == []) == (name == "doubled"), again


BAD = [
    "",
    "a",
    "a@1",
    "a@1+",
    "../a@1+2",
    "a@1+2  b@1+2",
    "a@-1+2",
    "a@1+2 ",
    "a@²+1",
    " ".join(["a@1+2"] * 10_001),
]


@pytest.mark.parametrize("text", BAD)
def test_line_with_bad_segments_is_refused(text):
    """Where a line does not say properly where segments are, it is damaged."""
    line = b'a,b)/ 20260302023000 {"url":"u","mime":"m","status":"200","digest":"d","length":"1","offset":"0","filename":"f","segments":"%b"}'
    with pytest.raises(DamagedError):
        parse_line(line % text.encode())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda ones: ones[:-1], "not the last segment"),
        (lambda ones: (*ones[:1], *ones[2:]), "does not hold segment 3"),
        (lambda ones: (ones[1], ones[0], *ones[2:]), "does not hold segment 2"),
        (lambda ones: (Segment("gone", 0, 1), *ones[1:]), "No such file"),
        (lambda ones: (msgspec.structs.replace(ones[0], offset=0), *ones[1:]), "does not hold segment 2"),
    ],
    ids=["last left out", "one left out", "exchanged", "gone", "another record"],
)
def test_whole_is_never_put_together_wrongly(tmp_path, change, told):
    """What cannot be put together is an error with its place, and never a shorter body."""
    capture = written(tmp_path, NOISE, "gzip")
    with pytest.raises(DamagedError, match=told):
        body_of(tmp_path, msgspec.structs.replace(capture, segments=change(capture.segments)))


LONG = 1_100_000_000


class Film:
    """Answers with more bytes than a file may have, made while they are sent, and remembers their digest."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        noise = random.Random(5).randbytes(1 << 20)
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp4")
        handler.send_header("Content-Length", str(LONG))
        handler.end_headers()
        left = LONG
        while left:
            piece = noise[:left]
            handler.wfile.write(piece)
            self.digest.update(piece)
            left -= len(piece)


@pytest.mark.large
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_body_above_a_gigabyte_round_trips(tmp_path, compression):
    """A body of more than 10^9 bytes is crawled, sealed, verified and given back, and no file reaches 10^9."""
    from tests.support.sites import Web

    film = Film()
    pages = {"example.test/": page("home", "/film"), "example.test/film": film}
    with Web(pages) as web, opened(tmp_path, web, HandClock(), compression=compression, timeout=60.0) as made:
        take(made, made.settings.site[0])
        (folder,) = made.collection.snapshots(SITE)
        capture, digest = line_of(folder, "/film"), hashlib.sha256()
        assert capture.digest == f"sha256:{film.digest.hexdigest()}"
        assert [path.stat().st_size < 10**9 for path in folder.warcs] == [True] * len(folder.warcs)
        assert [str(one) for one in verify(folder, finder(made.collection, SITE))] == []
        with open_response(finder(made.collection, SITE), folder.timestamp, capture) as stored:
            for chunk in stored.body:
                digest.update(chunk)
        assert (len(capture.segments) >= 1, digest.hexdigest()) == (True, film.digest.hexdigest())
