# SPDX-License-Identifier: EUPL-1.2
"""Records given back as they were stored; hostile and damaged files refused, in bounded memory."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from contextlib import closing
from datetime import timedelta
from functools import cache

import pytest
from msgspec.structs import replace

from archiver.dialect import payload
from archiver.records import extent, iterate, open_record
from archiver.responses import open_response, read_http_head
from archiver.warc import original_of, refer
from index.errors import DamagedError
from tests.support.exchanges import MOMENT, RESPONSES, URL, exchange_of, warc_files

FIELDS = b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n%b"


def record(block=b"HTTP/1.1 200 OK\r\n\r\nhello"):
    return FIELDS % (len(block), block) + b"\r\n\r\n"


def put(folder, data):
    path = folder / "t.warc"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module", params=["gzip", "none"])
def stored(request, tmp_path_factory):
    """Return a file with everything that servers of the field send, and a resource."""
    folder = tmp_path_factory.mktemp("stored")
    files = warc_files(folder, compression=request.param)
    captures = {name: files.exchange(exchange_of(raw)) for name, raw in RESPONSES.items()}
    captures["resource"] = files.resource("urn:text:a", "text/plain; charset=utf-8", b"text", MOMENT)
    files.close()
    return folder, captures


def find_in(folder):
    return lambda _snapshot, filename: folder / filename


@pytest.mark.parametrize("name", RESPONSES)
def test_response_is_what_was_received(stored, name):
    """Status, fields and payload of a stored response are those that the crawler received."""
    folder, captures = stored
    exchange = exchange_of(RESPONSES[name])
    with open_response(find_in(folder), "20260302023000", captures[name]) as response:
        assert (response.status, response.headers) == (exchange.status, exchange.headers)
        assert b"".join(response.body) == b"".join(exchange.payload())
        assert (response.truncated, response.date) == (exchange.truncated, "2026-03-02T02:30:01.000500Z")


def test_reason_of_the_status_line(stored):
    """The words of the status line come along, whatever they are."""
    folder, captures = stored
    found = {}
    for name in ("plain", "no fields", "not ASCII"):
        with open_response(find_in(folder), "20260302023000", captures[name]) as response:
            found[name] = response.reason
    assert found == {"plain": "OK", "no fields": "", "not ASCII": "Déjà vu"}


def test_resource_is_a_response_of_its_type(stored):
    """An artefact of ours is given back with the media type it was stored with."""
    folder, captures = stored
    with open_response(find_in(folder), "20260302023000", captures["resource"]) as response:
        assert (response.status, response.headers) == (200, (("Content-Type", "text/plain; charset=utf-8"),))
        assert b"".join(response.body) == b"text"


REVISITS = [
    (
        b"HTTP/1.1 200 Fine\r\nX-Day: two\r\nContent-Length: 7\r\n\r\nhello!!",
        (200, "Fine", (("X-Day", "two"), ("Content-Length", "7"))),
    ),
    (
        b"HTTP/1.1 304 Not Modified\r\nX-Day: two\r\n\r\n",
        (200, "OK", (("Transfer-Encoding", "chunked"),)),
    ),
]


@pytest.mark.parametrize(("raw", "head"), REVISITS, ids=["equal payload", "not modified"])
def test_revisit_has_its_own_day_and_the_earlier_payload(tmp_path, raw, head):
    """A revisit shows that day's status and fields (the first day's after a 304) with the earlier payload."""
    first, second = warc_files(tmp_path, prefix="1"), warc_files(tmp_path, prefix="2")
    original = original_of(first.exchange(exchange_of(RESPONSES["chunked"])), "20260302023000")
    first.close()
    later = exchange_of(raw, moment=MOMENT + timedelta(days=1))
    capture = second.exchange(later, refer(tmp_path / original.filename, original))
    second.close()
    with open_response(find_in(tmp_path), "20260303023000", capture) as response:
        assert (response.status, response.reason, response.headers) == head
        assert b"".join(response.body) == b"hello!!"
        assert (response.date, response.truncated) == ("2026-03-03T02:30:01.000500Z", None)


def test_iterate_gives_every_record_in_order(stored):
    """All records of a file come in order, each with the offset at which it can be opened."""
    folder, _ = stored
    path = next(iter(folder.iterdir()))
    for offset, one in iterate(path):
        with open_record(path, offset) as same:
            assert same.fields == one.fields
    assert [one.kind for _, one in iterate(path)][:4] == ["warcinfo", "response", "request", "response"]


def test_extents_cover_the_file(stored):
    """The extents of all records lie against each other, from the first byte to the last."""
    folder, _ = stored
    path = next(iter(folder.iterdir()))
    offset = 0
    while found := extent(path, offset):
        assert found.offset == offset
        offset += found.length
    assert offset == path.stat().st_size


def test_extent_knows_who_belongs_together(stored):
    """A request names the response it stands beside."""
    folder, captures = stored
    path, capture = next(iter(folder.iterdir())), captures["plain"]
    response = extent(path, capture.offset)
    request = extent(path, capture.offset + capture.length)
    assert (response.length, request.concurrent_to) == (capture.length, response.record_id)


def read_all(path, offset=0):
    with open_record(path, offset) as one:
        return one.block.read()


BROKEN = {
    "empty file": lambda: b"",
    "no record": lambda: b"<html>",
    "no record, compressed": lambda: gzip.compress(b"<html>"),
    "no length": lambda: b"WARC/1.1\r\nWARC-Type: response\r\n\r\n",
    "length in words": lambda: b"WARC/1.1\r\nContent-Length: many\r\n\r\n",
    "length below nothing": lambda: b"WARC/1.1\r\nContent-Length: -1\r\n\r\n",
    "length of another script": lambda: "WARC/1.1\r\nContent-Length: ²\r\n\r\n".encode("latin-1"),
    "length of 5000 digits": lambda: b"WARC/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "length beyond the end": lambda: FIELDS % (999, b"short"),
    "length beyond the member": lambda: gzip.compress(FIELDS % (999, b"short")),
    "length beyond every file": lambda: FIELDS % (10**17, b"short"),
    "member cut off": lambda: gzip.compress(record(bytes(range(256)) * 9))[:-30],
    "member damaged": lambda: gzip.compress(record())[:20] + b"\0\0\0" + gzip.compress(record())[23:],
    "endless line": lambda: b"WARC/1.1\r\nA: " + b"x" * (3 << 20),
    "endless line, compressed": lambda: gzip.compress(b"WARC/1.1\r\nA: " + b"x" * (64 << 20)),
    "endless fields": lambda: b"WARC/1.1\r\n" + b"A: b\r\n" * (1 << 19),
    "endless fields, compressed": lambda: gzip.compress(b"WARC/1.1\r\n" + b"A: b\r\n" * (8 << 20)),
    "endless first line, compressed": lambda: gzip.compress(b"W" * (64 << 20)),
}


@cache
def broken(name):
    """Return a broken record, made once: some inflate to many megabytes."""
    return BROKEN[name]()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_record_is_refused(tmp_path, name):
    """What is not a whole record is refused with a sentence that names the file."""
    path = put(tmp_path, broken(name))
    with pytest.raises(DamagedError, match=r"t\.warc"):
        read_all(path)
    if path.stat().st_size:
        with pytest.raises(DamagedError, match=r"t\.warc"):
            list(iterate(path))


@pytest.mark.parametrize("name", BROKEN)
def test_broken_record_of_a_known_length_is_refused(tmp_path, name):
    """So it is where its length in the file is known, which small records are read at once by."""
    path = put(tmp_path, broken(name))
    with (
        pytest.raises(DamagedError, match=r"t\.warc"),
        open_record(path, 0, max(path.stat().st_size, 1)) as one,
    ):
        one.block.read()


@pytest.mark.parametrize("size", [0, 5, 100_000, 3 << 20])
@pytest.mark.parametrize("more", [-1, 0, 1, 1000])
def test_a_known_length_changes_nothing(tmp_path, size, more):
    """Whatever length is said, right or wrong: the record is the same, small or too large to be read at once."""
    block = bytes(size)
    member = gzip.compress(record(block))
    path = put(tmp_path, member + gzip.compress(record(b"the next")))
    with open_record(path, 0) as one, open_record(path, 0, len(member) + more) as same:
        assert (same.fields, same.block.read()) == (one.fields, one.block.read())


def test_wrong_checksum_is_found_at_the_end(tmp_path):
    """A gzip member whose checksum is wrong is refused by who reads it to its end."""
    path = put(tmp_path, gzip.compress(record())[:-8] + b"\0" * 8)
    with pytest.raises(DamagedError, match="incorrect data check"):
        list(iterate(path))


@pytest.mark.parametrize("name", [name for name in BROKEN if name.startswith("endless")])
def test_bombs_cost_little_memory(tmp_path, name):
    """Header lines that inflate without end are given up after a few megabytes."""
    path = put(tmp_path, broken(name))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedError):
            read_all(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_bomb_in_a_body_is_read_in_pieces(tmp_path):
    """A body that inflates a thousandfold passes in pieces."""
    path = put(tmp_path, gzip.compress(record(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(64 << 20))))
    tracemalloc.start()
    try:
        assert sum(1 for _ in iterate(path)) == 1
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


HEADS = {
    "no status line": b"<html>",
    "nothing": b"",
    "status in words": b"HTTP/1.1 OK\r\n\r\n",
    "status of another script": "HTTP/1.1 ²00 OK\r\n\r\n".encode("latin-1"),
    "status of many digits": b"HTTP/1.1 " + b"2" * 5000 + b"\r\n\r\n",
    "endless fields": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (1 << 19),
    "endless line": b"HTTP/1.1 200 OK\r\nA: " + b"x" * (3 << 20),
    "nonsense after an interim head": b"HTTP/1.1 103 Hints\r\n\r\n<html>\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_broken_http_head_is_refused(name):
    """A block that does not begin with an HTTP head of bounded length is refused, and its URL named."""
    with pytest.raises(DamagedError, match=URL):
        read_http_head(io.BytesIO(HEADS[name]), URL)


CODINGS = [
    ("chunked", 200, True),
    ("Chunked", 404, True),
    ("gzip, chunked", 200, True),
    ("chunked, gzip", 200, False),
    ("xchunked", 200, False),
    ("chunked", 204, False),
    ("chunked", 304, False),
]


@pytest.mark.parametrize(("coding", "status", "chunked"), CODINGS)
def test_framing_is_taken_as_the_crawler_took_it(coding, status, chunked):
    """A body is chunked where chunked is the last transfer coding and the status has a body."""
    block = b"HTTP/1.1 %d OK\r\nTransfer-Encoding: %b\r\n\r\n2\r\nhi\r\n0\r\n\r\n" % (status, coding.encode())
    stream = io.BytesIO(block)
    head = read_http_head(stream, URL)
    assert head.chunked is chunked
    assert (b"".join(payload(stream, head)) == b"hi") is chunked


BETWEEN = {
    "bytes between records": record() + b"junk" + record(),
    "length that lies": record().replace(b": 24", b": 20") + record(),
    "two records in one member": gzip.compress(record() + record()),
    "plain after compressed": gzip.compress(record()) + b"junk",
}


@pytest.mark.parametrize("name", BETWEEN)
def test_iterate_says_where_it_had_to_stop(tmp_path, name):
    """What stands where a record should is an error with its offset; the records before it are given."""
    seen = []
    with pytest.raises(DamagedError) as caught:
        seen.extend(offset for offset, _ in iterate(put(tmp_path, BETWEEN[name])))
    assert caught.value.offset in {0, len(record()), len(gzip.compress(record()))}
    assert f"offset {caught.value.offset}" in str(caught.value)


def test_iterate_from_an_offset(tmp_path):
    """Reading may begin at any record."""
    path = put(tmp_path, record() + record(b"HTTP/1.1 404 Gone\r\n\r\n"))
    assert [(offset, one.block.read(12)) for offset, one in iterate(path, len(record()))] == [
        (len(record()), b"HTTP/1.1 404")
    ]


def test_missing_file_is_a_sentence(tmp_path):
    """A WARC that is not there is a sentence, not a traceback."""
    for read in (read_all, lambda path: list(iterate(path)), lambda path: extent(path, 0)):
        with pytest.raises(DamagedError, match="No such file"):
            read(tmp_path / "none.warc")


def test_offset_beyond_the_end(tmp_path):
    """At the end of a file there is no further record."""
    path = put(tmp_path, record())
    assert extent(path, len(record())) is None
    with pytest.raises(DamagedError, match="no WARC record"):
        read_all(path, len(record()))


def test_revisit_without_its_original_is_refused(stored):
    """Where the earlier record is gone nothing else is shown in its place."""
    folder, captures = stored
    original = replace(original_of(captures["plain"], "20260301023000"), filename="gone.warc.gz")
    with (
        pytest.raises(DamagedError, match=r"gone\.warc\.gz"),
        open_response(find_in(folder), "20260302023000", replace(captures["plain"], original=original)),
    ):
        raise AssertionError("it was opened")


def test_records_of_other_tools(tmp_path):
    """Folded fields, line feeds alone and names in any case are read as other tools write them."""
    data = b"WARC/1.0\nwarc-type: Response\ncontent-length:5\nX: a\n b\n\nhello\r\n\r\n"
    with closing(iterate(put(tmp_path, data))) as records:
        _, one = next(records)
        assert (one.kind, one.field("x"), one.block.read()) == ("Response", "a b", b"hello")
