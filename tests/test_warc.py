# SPDX-License-Identifier: EUPL-1.2
"""WARCs as they are written: golden bytes, the judgement of other people's readers, rotation and resuming."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import subprocess
import tracemalloc
import zlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archiver.discovery import Discovery
from archiver.named_fields import Reference
from archiver.record_files import Position
from archiver.records import iterate, open_record
from archiver.warc import original_of, refer, reference_of
from index.errors import DamagedError, StorageError
from index.model import Original
from index.timestamp import to_warc_date
from tests.support.exchanges import MOMENT, REQUEST, RESPONSES, URL, exchange_of, warc_files

ORACLES = Path(__file__).parents[1] / ".venv-oracles" / "bin"
PLAIN = RESPONSES["plain"]
SUFFIX = {"gzip": ".warc.gz", "none": ".warc"}


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def record(kind, fields, block):
    lines = [("WARC-Type", kind), *fields, ("Content-Length", str(len(block)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return b"WARC/1.1\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def uuid(number):
    return f"<urn:uuid:00000000-0000-4000-8000-{number:012}>"


def about(number, url=URL):
    return [
        ("WARC-Record-ID", uuid(number)),
        ("WARC-Date", "2026-03-02T02:30:01.000500Z"),
        ("WARC-Target-URI", url),
        ("WARC-Warcinfo-ID", uuid(1)),
    ]


WIRE = [("WARC-IP-Address", "192.0.2.1"), ("WARC-Protocol", "http/1.1")]
INFO = b"software: daykeep/0.1\r\nformat: WARC File Format 1.1\r\n"
HEAD = PLAIN[: -len(b"hello")]
ORIGINAL = Original("20260301023000", "e.warc.gz", 7, 99, "text/html", 200, URL, "20260301023001")
REFERENCE = Reference(ORIGINAL, "<urn:uuid:e>", "2026-03-01T02:30:01.000001Z", sha256(b"hello"))

GOLDEN = [
    record(
        "warcinfo",
        [
            ("WARC-Record-ID", uuid(1)),
            ("WARC-Date", "2026-03-02T02:30:01.000500Z"),
            ("WARC-Filename", "t-00000{suffix}"),
            ("Content-Type", "application/warc-fields"),
            ("WARC-Block-Digest", sha256(INFO)),
        ],
        INFO,
    ),
    record(
        "response",
        [
            *about(2),
            *WIRE,
            ("Content-Type", "application/http; msgtype=response"),
            ("WARC-Payload-Digest", sha256(b"hello")),
            ("WARC-Block-Digest", sha256(PLAIN)),
        ],
        PLAIN,
    ),
    record(
        "request",
        [
            *about(3),
            *WIRE,
            ("WARC-Concurrent-To", uuid(2)),
            ("Content-Type", "application/http; msgtype=request"),
            ("WARC-Block-Digest", sha256(REQUEST)),
        ],
        REQUEST,
    ),
    record(
        "revisit",
        [
            *about(4),
            *WIRE,
            ("Content-Type", "application/http; msgtype=response"),
            ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"),
            ("WARC-Refers-To", "<urn:uuid:e>"),
            ("WARC-Refers-To-Target-URI", URL),
            ("WARC-Refers-To-Date", "2026-03-01T02:30:01.000001Z"),
            ("WARC-Payload-Digest", sha256(b"hello")),
            ("WARC-Block-Digest", sha256(HEAD)),
            ("WARC-Truncated", "length"),
        ],
        HEAD,
    ),
    record(
        "request",
        [
            *about(5),
            *WIRE,
            ("WARC-Concurrent-To", uuid(4)),
            ("Content-Type", "application/http; msgtype=request"),
            ("WARC-Block-Digest", sha256(REQUEST)),
        ],
        REQUEST,
    ),
    record(
        "resource",
        [
            *about(6, f"urn:text:{URL}"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("WARC-Payload-Digest", sha256(b"text")),
            ("WARC-Block-Digest", sha256(b"text")),
        ],
        b"text",
    ),
]


def write_golden(folder, compression):
    files = warc_files(folder, compression=compression)
    captures = [
        files.exchange(exchange_of(PLAIN)),
        files.exchange(exchange_of(PLAIN), REFERENCE),
        files.resource(f"urn:text:{URL}", "text/plain; charset=utf-8", b"text", MOMENT),
    ]
    files.close()
    return folder / f"t-00000{SUFFIX[compression]}", captures


def members(data):
    """Return each gzip member, inflated."""
    found = []
    while data:
        inflate = zlib.decompressobj(31)
        found.append(inflate.decompress(data))
        data = inflate.unused_data
    return found


def test_golden_bytes_plain(tmp_path):
    """Without compression a file is these bytes and no others."""
    path, _ = write_golden(tmp_path, "none")
    assert path.read_bytes() == b"".join(GOLDEN).replace(b"{suffix}", b".warc")


def test_golden_bytes_gzip(tmp_path):
    """With compression each record is one gzip member of the same bytes."""
    path, _ = write_golden(tmp_path, "gzip")
    assert members(path.read_bytes()) == [one.replace(b"{suffix}", b".warc.gz") for one in GOLDEN]


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_lines_of_the_index_point_at_their_records(tmp_path, compression):
    """Offset and length of a capture are those of its record, and the rest is what the record says."""
    path, captures = write_golden(tmp_path, compression)
    for capture, kind in zip(captures, ["response", "revisit", "resource"], strict=True):
        piece = path.read_bytes()[capture.offset : capture.offset + capture.length]
        text = gzip.decompress(piece) if compression == "gzip" else piece
        assert text.startswith(b"WARC/1.1\r\nWARC-Type: %b\r\n" % kind.encode())
        assert text.endswith(b"\r\n\r\n")
    response, revisit, resource = captures
    assert (response.url, response.mime, response.status, response.original) == (URL, "text/html", 200, None)
    assert (revisit.mime, revisit.status, revisit.digest) == ("warc/revisit", 200, response.digest)
    assert (revisit.original, revisit.urlkey) == (ORIGINAL, "org,example)/")
    assert (resource.mime, resource.status, resource.digest) == ("text/plain", None, sha256(b"text"))


GOLDEN_REQUEST = [
    *about(3),
    *WIRE,
    ("WARC-Concurrent-To", uuid(2)),
    ("Content-Type", "application/http; msgtype=request"),
    ("WARC-Block-Digest", sha256(REQUEST)),
]


@pytest.fixture(scope="module", params=["gzip", "none"])
def field(request, tmp_path_factory):
    """Return a file with everything that servers of the field send."""
    folder = tmp_path_factory.mktemp("field")
    files = warc_files(folder, compression=request.param)
    captures = {name: files.exchange(exchange_of(raw)) for name, raw in RESPONSES.items()}
    files.exchange(exchange_of(PLAIN), REFERENCE)
    files.resource("urn:daykeep:ledger", "application/jsonl", "é\n".encode(), MOMENT)
    files.close()
    return folder / f"t-00000{SUFFIX[request.param]}", captures


def test_every_record_has_what_it_must(field):
    """Every record has its fields, each once, and the warcinfo of its file."""
    path, _ = field
    for number, (_, one) in enumerate(iterate(path)):
        names = Counter(name.lower() for name, _ in one.fields)
        assert set(names.values()) == {1}
        assert {"warc-block-digest", "content-type", "warc-record-id", "warc-date", "content-length"} <= set(
            names
        )
        assert (one.field("WARC-Warcinfo-ID"), one.kind == "warcinfo") == ((None, True), (uuid(1), False))[
            number > 0
        ]


UNSAID = {
    *("chunked", "cut chunk", "bad chunk", "long chunk", "coding on two lines"),
    *("interim heads", "line of returns", "strange chunk ends", "long chunk extension"),
}


def test_payload_digest_is_said_where_all_agree_on_it(field):
    """A response says its payload digest unless checkers of the field would compute it over other bytes."""
    path, captures = field
    for name, capture in captures.items():
        with open_record(path, capture.offset) as one:
            said = one.field("WARC-Payload-Digest")
        assert said == (None if name in UNSAID else capture.digest), name


def test_blocks_are_exact(field):
    """The block of a response is what the server sent, byte for byte, whatever the bytes."""
    path, captures = field
    for name, capture in captures.items():
        with open_record(path, capture.offset) as one:
            assert one.block.read() == b"".join(exchange_of(RESPONSES[name]).raw()), name


def test_cut_bodies_say_so(field):
    """A body that is not whole is marked, in the record and in its line."""
    path, captures = field
    marked = {name for name, capture in captures.items() if capture.truncated}
    cut_chunks = {"cut chunk", "bad chunk", "long chunk", "strange chunk ends"}
    assert marked == {"cut body", "cut head", "cut interim head", *cut_chunks}
    for name, capture in captures.items():
        with open_record(path, capture.offset) as one:
            assert one.field("WARC-Truncated") == capture.truncated, name


class Command:
    verbose = False

    def __init__(self, *paths):
        self.inputs = [str(path) for path in paths]


def test_warcio_finds_nothing_wrong(field, capsys):
    """Warcio's own checker agrees with every digest, and reads every record."""
    path, captures = field
    assert (Checker(Command(path)).process_all(), capsys.readouterr().out) == (0, "")
    with path.open("rb") as file:
        kinds = Counter(one.rec_type for one in ArchiveIterator(file))
    assert kinds == {
        "warcinfo": 1,
        "response": len(captures),
        "request": len(captures) + 1,
        "revisit": 1,
        "resource": 1,
    }


FASTWARC = """
import sys, json
from fastwarc.warc import ArchiveIterator
found = []
for record in ArchiveIterator(open(sys.argv[1], "rb"), parse_http=False):
    found.append([str(record.record_type), record.verify_block_digest()])
print(json.dumps(found))
"""


def test_fastwarc_finds_nothing_wrong(field):
    """A second reader, FastWARC, reads every record and agrees with every block digest."""
    assert ORACLES.is_dir(), "the oracles are not here; run `make oracles`"
    path, captures = field
    ran = subprocess.run(
        [ORACLES / "python", "-c", FASTWARC, path], capture_output=True, text=True, check=True
    )
    found = json.loads(ran.stdout)
    assert len(found) == 2 * len(captures) + 4
    assert {right for _, right in found} == {True}


def stored(folder, exchange, same_as=None):
    files = warc_files(folder)
    capture = files.exchange(exchange, same_as)
    files.close()
    return capture


def test_redirect_is_absolute(tmp_path):
    """A redirect's line tells where it leads, made absolute."""
    assert stored(tmp_path, exchange_of(RESPONSES["301"])).redirect == "http://www.example.org/elsewhere"


def test_limit_of_the_body_is_marked(tmp_path):
    """A body that was cut at max_bytes is marked as cut by length."""
    assert stored(tmp_path, exchange_of(PLAIN, max_bytes=3)).truncated == "length"


def test_files_rotate_below_the_limit(tmp_path):
    """A new file is begun before the limit is passed, with a warcinfo of its own, and no file is over it."""
    files = warc_files(tmp_path, compression="none", max_file=5000)
    names = [files.exchange(exchange_of(PLAIN)).filename for _ in range(12)]
    files.close()
    assert sorted(set(names)) == [path.name for path in sorted(tmp_path.iterdir())]
    assert len(set(names)) > 2
    for path in tmp_path.iterdir():
        assert path.stat().st_size < 5000
        first, *others = [one for _, one in iterate(path)]
        assert (first.kind, first.field("WARC-Filename")) == ("warcinfo", path.name)
        assert {one.field("WARC-Warcinfo-ID") for one in others} == {first.field("WARC-Record-ID")}


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_resume_cuts_what_was_not_synced(tmp_path, compression):
    """After a crash everything behind the last sync goes, and writing goes on in a new file."""
    files = warc_files(tmp_path, compression=compression)
    files.exchange(exchange_of(PLAIN))
    position = files.sync()
    kept = files._folder.joinpath(position.filename).read_bytes()
    files.exchange(exchange_of(PLAIN))
    files.close()
    (tmp_path / f"t-00001{SUFFIX[compression]}").write_bytes(b"torn")
    (tmp_path / position.filename).chmod(0o444)  # as a crash in the middle of sealing leaves it

    again = warc_files(tmp_path, compression=compression)
    again.resume(position)
    capture = again.exchange(exchange_of(PLAIN))
    again.close()
    assert (tmp_path / position.filename).read_bytes() == kept
    assert capture.filename == f"t-00001{SUFFIX[compression]}"
    assert [one.kind for _, one in iterate(tmp_path / position.filename)] == [
        "warcinfo",
        "response",
        "request",
    ]


def test_resume_before_anything_was_synced(tmp_path):
    """Where nothing had been synced, nothing is kept."""
    (tmp_path / "t-00000.warc.gz").write_bytes(b"torn")
    files = warc_files(tmp_path)
    files.resume(None)
    assert list(tmp_path.iterdir()) == []
    assert files.exchange(exchange_of(PLAIN)).filename == "t-00000.warc.gz"
    files.close()


def test_resume_refuses_a_file_that_lost_bytes(tmp_path):
    """A file shorter than what was synced is not filled up with zeros: the disk has lost something."""
    (tmp_path / "t-00000.warc.gz").write_bytes(b"short")
    with pytest.raises(DamagedError, match="has 5 bytes, and 99 were synced"):
        warc_files(tmp_path).resume(Position("t-00000.warc.gz", 99))
    assert (tmp_path / "t-00000.warc.gz").read_bytes() == b"short"


def test_sync_tells_what_is_on_disk(tmp_path):
    """Up to the position that sync returns, the file is there for everybody else."""
    files = warc_files(tmp_path)
    assert files.sync() is None
    files.exchange(exchange_of(PLAIN))
    position = files.sync()
    assert position == Position("t-00000.warc.gz", (tmp_path / "t-00000.warc.gz").stat().st_size)
    files.close()


class Full(io.RawIOBase):
    """A disk without room: it takes nothing, and closing fails as writing does."""

    def write(self, _data):
        raise OSError(errno.ENOSPC, "No space left on device")

    def tell(self):
        return 0

    def flush(self):
        self.write(b"")

    def close(self):
        super().close() if self.closed else self.flush()


def test_full_disk_is_a_sentence(tmp_path):
    """Where the disk is full, writing ends with one sentence, and so does closing."""
    files = warc_files(tmp_path, compression="none")
    files.exchange(exchange_of(PLAIN))
    files.close()
    files._out = Full()
    with pytest.raises(StorageError, match="The disk is full"):
        files.exchange(exchange_of(PLAIN))
    with pytest.raises(StorageError, match="The disk is full"):
        files.close()
    files.close()


def test_golden_bytes_of_metadata(tmp_path):
    """How an address was found stands behind the request, about the response, without a digest of a payload."""
    files = warc_files(tmp_path, compression="none")
    files.exchange(exchange_of(PLAIN), how=Discovery("http://www.example.org/a", "LE", 36, "caf\u00e9|"))
    files.close()
    block = "via: http://www.example.org/a\r\nhopsFromSeed: LE\r\nfetchTimeMs: 36\r\ndaykeep-found: caf\u00e9|\r\n"
    head = [
        *about(4),
        ("WARC-Concurrent-To", uuid(2)),
        ("WARC-Refers-To", uuid(2)),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", sha256(block.encode())),
    ]
    data = (tmp_path / "t-00000.warc").read_bytes()
    assert data.endswith(
        record("request", GOLDEN_REQUEST, REQUEST) + record("metadata", head, block.encode())
    )


NOT_MODIFIED = RESPONSES["304"]
DIGEST = sha256(b"hello")


def test_golden_bytes_of_a_304(tmp_path):
    """A 304 that stands for a stored response is a revisit of its own profile, with that response's digest."""
    files = warc_files(tmp_path, compression="none")
    capture = files.exchange(exchange_of(NOT_MODIFIED), REFERENCE)
    files.close()
    head = [
        *about(2),
        *WIRE,
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Profile", "http://netpreserve.org/warc/1.1/revisit/server-not-modified"),
        ("WARC-Refers-To", "<urn:uuid:e>"),
        ("WARC-Refers-To-Target-URI", URL),
        ("WARC-Refers-To-Date", "2026-03-01T02:30:01.000001Z"),
        ("WARC-Payload-Digest", DIGEST),
        ("WARC-Block-Digest", sha256(NOT_MODIFIED)),
    ]
    data = (tmp_path / capture.filename).read_bytes()
    assert data[capture.offset :][: capture.length] == record("revisit", head, NOT_MODIFIED)
    assert (capture.mime, capture.status, capture.effective_status) == ("warc/revisit", 304, 200)
    assert (capture.digest, capture.original, capture.redirect) == (DIGEST, ORIGINAL, None)


CONDITIONS = b'GET / HTTP/1.1\r\nIf-None-Match: "old"\r\nIf-Modified-Since: Sun\r\n\r\n'
VALIDATORS = [
    (b"", ('"old"', "Sun")),
    (b'ETag: "new"\r\n', ('"new"', "Sun")),
    (b'ETag: "new"\r\nLast-Modified: Mon\r\n', ('"new"', "Mon")),
]


@pytest.mark.parametrize(("said", "kept"), VALIDATORS, ids=range(3))
def test_validators_last_from_day_to_day(tmp_path, said, kept):
    """What a 304 does not repeat is what it was asked by, so that the next day can ask again."""
    raw = b"HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n" + said + b"\r\n"
    capture = stored(tmp_path, replace(exchange_of(raw), request=CONDITIONS), REFERENCE)
    assert (capture.etag, capture.last_modified, capture.redirect) == (*kept, None)


def test_a_304_to_nothing_is_a_response(tmp_path):
    """A 304 that nothing stored answers for is kept as the response it was."""
    capture = stored(tmp_path, exchange_of(NOT_MODIFIED))
    assert (capture.mime, capture.status, capture.original) == ("unk", 304, None)
    assert capture.digest == sha256(b"")


def test_line_tells_what_a_revisit_has_to_say(tmp_path):
    """Of a response that its line names, a revisit can be made without opening the response's WARC."""
    capture = stored(tmp_path, exchange_of(PLAIN))
    original = original_of(capture, "20260302023000")
    assert (f"<{capture.record}>", capture.date) == (uuid(2), to_warc_date(MOMENT))
    assert reference_of(original, capture.digest) == refer(tmp_path / capture.filename, original)
    assert reference_of(msgspec.structs.replace(original, record=None), capture.digest) is None
    assert reference_of(msgspec.structs.replace(original, date=None), capture.digest) is None


def test_refer_knows_the_payload_of_a_chunked_response(tmp_path):
    """Of a record that does not say its payload digest, refer computes it."""
    capture = stored(tmp_path, exchange_of(RESPONSES["chunked"]))
    assert refer(tmp_path / capture.filename, original_of(capture, "20260302023000")).digest == capture.digest


def test_long_body_is_written_in_pieces(tmp_path):
    """A body of many megabytes is stored exactly, and never held whole."""
    raw = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * (24 << 12)
    exchange = exchange_of(raw)
    tracemalloc.start()
    try:
        capture = stored(tmp_path, exchange)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    with open_record(tmp_path / capture.filename, capture.offset) as one:
        assert one.block.read() == raw


def test_refer_reads_the_record_itself(tmp_path):
    """What a revisit says of the record it refers to is read from that record."""
    capture = stored(tmp_path, exchange_of(PLAIN))
    original = original_of(capture, "20260302023000")
    assert refer(tmp_path / capture.filename, original) == Reference(
        original, uuid(2), "2026-03-02T02:30:01.000500Z", sha256(b"hello")
    )


def test_refer_refuses_another_record(tmp_path):
    """A line that points at something else than the response of its URL is not believed."""
    capture = stored(tmp_path, exchange_of(PLAIN, "http://www.example.org/other"))
    for change in ({"url": URL}, {"offset": 0}, {"offset": capture.offset + 1}):
        wrong = msgspec.structs.replace(original_of(capture, "20260302023000"), **change)
        with pytest.raises(DamagedError):
            refer(tmp_path / capture.filename, wrong)


def test_original_of_a_revisit_is_the_first(tmp_path):
    """A revisit of a revisit refers to the record that has the payload, not to the one in between."""
    _, (_, revisit, _) = write_golden(tmp_path, "gzip")
    assert original_of(revisit, "20260302023000") == ORIGINAL


def test_moment_is_that_of_the_exchange(tmp_path):
    """Response and request have the moment of the exchange, not that of writing."""
    files = warc_files(tmp_path, compression="none")
    files.exchange(exchange_of(PLAIN, moment=MOMENT - timedelta(hours=1)))
    files.close()
    dates = [one.field("WARC-Date") for _, one in iterate(tmp_path / "t-00000.warc")]
    assert dates == ["2026-03-02T02:30:01.000500Z", *["2026-03-02T01:30:01.000500Z"] * 2]
