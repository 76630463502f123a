# SPDX-License-Identifier: EUPL-1.2
"""Records read back: nothing of ours is odd, what is wrong is said, and nothing holds much."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from archiver.readback import read_back
from archiver.records import BrokenError
from tests.support.exchanges import MOMENT, RESPONSES, exchange_of, warc_files

BLOCK = b"HTTP/1.1 200 OK\r\n\r\nhello"
HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
OTHER = "sha256:" + "0" * 64


def read(path, data):
    path.write_bytes(data)
    return list(read_back(path))


@pytest.fixture(scope="module", params=["gzip", "none"])
def stored(request, tmp_path_factory):
    """Return a file with everything that servers of the field send, a resource and a long body."""
    folder = tmp_path_factory.mktemp("stored")
    files = warc_files(folder, compression=request.param)
    exchanges = [exchange_of(raw) for raw in RESPONSES.values()]
    exchanges.append(exchange_of(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * (3 << 12)))
    captures = [files.exchange(one) for one in exchanges]
    captures.append(files.resource("urn:text:a", "text/plain; charset=utf-8", b"text", MOMENT))
    files.close()
    return next(iter(folder.iterdir())), captures


def test_what_was_written_is_read_back(stored):
    """Every record is found where its line says, with its payload digest, and nothing is wrong with it."""
    path, captures = stored
    found = {one.offset: one for one in read_back(path)}
    for capture in captures:
        one = found[capture.offset]
        assert (one.url, one.end - one.offset) == (capture.url, capture.length)
        assert (one.digest, one.faults) == (capture.digest, ())
        assert one.fields["warc-record-id"] == f"<{capture.record}>"


def lying(**fields):
    lines = {"WARC-Type": "response", "WARC-Target-URI": "http://a.example/"} | fields
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return b"WARC/1.1\r\n%bContent-Length: %d\r\n\r\n%b\r\n\r\n" % (head.encode(), len(BLOCK), BLOCK)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, "There is no WARC-Block-Digest."),
        ({"WARC_Block_Digest": OTHER}, f"the block digest is not {OTHER}"),
        ({"WARC_Payload_Digest": OTHER}, f"the payload digest is not {OTHER}"),
    ],
    ids=["none", "block", "payload"],
)
def test_digests_that_lie_are_faults(tmp_path, pack, fields, fault):
    """A digest that is missing or wrong is said, and the records after it are read."""
    found = read(tmp_path / "t", pack(lying(**fields)) * 2)
    assert [fault in one.faults for one in found] == [True, True]
    assert {one.digest for one in found} == {HELLO}


TWICE = [
    b"WARC-Type: response\r\nWARC-Type: revisit\r\nContent-Length: 0\r\n",
    b"WARC-Type: response\r\nContent-Length: 5\r\nContent-Length: 0\r\n",
    b"WARC-Type: response\r\nwarc-target-uri: a\r\nWARC-Target-URI: b\r\nContent-Length: 0\r\n",
]


@pytest.mark.parametrize("fields", TWICE, ids=["type", "length", "address"])
def test_fields_that_stand_twice_are_read_one_way(tmp_path, fields):
    """Of a field that stands twice the first counts, as for every other reader here."""
    path = tmp_path / "t"
    path.write_bytes(b"WARC/1.1\r\n" + fields + b"\r\n\r\n\r\n")
    try:
        found = list(read_back(path))
    except BrokenError:
        assert b"Length: 5" in fields
    else:
        assert [(one.kind, one.url) for one in found] == [("response", "a" if b": a" in fields else "")]


def test_bomb_is_read_in_bounded_memory(tmp_path):
    """A body that inflates a thousandfold is hashed in pieces."""
    body = BLOCK + bytes(64 << 20)
    data = b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n" % (len(body), body)
    (tmp_path / "t").write_bytes(gzip.compress(data))
    tracemalloc.start()
    try:
        assert len(list(read_back(tmp_path / "t"))) == 1
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_damage_ends_it_after_the_records_before(tmp_path):
    """What is before the damage is given, and the damage has its offset."""
    whole = gzip.compress(lying())
    (tmp_path / "t").write_bytes(whole + b"junk")
    records = read_back(tmp_path / "t")
    assert next(records).end == len(whole)
    with pytest.raises(BrokenError) as caught:
        next(records)
    assert caught.value.offset == len(whole)


def test_missing_file_is_a_sentence(tmp_path):
    """A WARC that is not there is a sentence."""
    with pytest.raises(BrokenError, match="No such file"):
        list(read_back(tmp_path / "none"))
