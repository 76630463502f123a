# SPDX-License-Identifier: EUPL-1.2
"""The quick way takes only records about which the careful way says the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.scanning.members import Members
from archiver.scanning.plain import Plain
from archiver.scanning.quick import head_length, quick
from archiver.scanning.window import Window
from tests.support.exchanges import RESPONSES, exchange_of, warc_files
from tests.support.foreign import CHUNKED, PAGE, members, record, sha1, sha256

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
MADE = {
    "warcio's response": record(PAGE, WARC_Payload_Digest=sha1(b"hello")),
    "warcio's chunked response": record(CHUNKED, WARC_Payload_Digest=sha1(b"5\r\nhello\r\n0\r\n\r\n")),
    "our chunked response": record(CHUNKED, WARC_Block_Digest=sha256(CHUNKED), WARC_Payload_Digest=sha256(b"hello")),
    "request": record(REQUEST, kind="request", Content_Type="application/http; msgtype=request"),
    "resource": record(b"text", kind="resource", Content_Type="text/plain"),
    "warcinfo": record(b"a: b\r\n", kind="warcinfo", WARC_Target_URI=None, Content_Type="application/warc-fields"),
    "our revisit": record(PAGE[:-5], kind="revisit", WARC_Payload_Digest=sha256(b"hello"), version="1.1"),
    "fields of HTTP in every case": record(PAGE.replace(b"Content-Length", b"CONTENT-length")),
    "a value that is empty": record(PAGE.replace(b" text/html", b"")),
}  # fmt: skip
ODD = [
    record(WARC_Block_Digest=None),
    record(WARC_Block_Digest=sha1(b"")),
    record(WARC_Payload_Digest=sha1(b"")),
    record(WARC_Target_URI="<http://a/>"),
    record(WARC_Record_ID="urn:uuid:1"),
    record(WARC_Date="20260302023001"),
    record(WARC_Truncated="length"),
    record(PAGE.replace(b": 5", b": 6")),
    record(CHUNKED[:-5]),
    record(tail=b"\r\n"),
    record(raw=b"WARC-Type: request\r\n"),
    record(version="1.2"),
    record(length=3),
    record(b"<html>"),
    record(b"HTTP/2 200\r\n\r\n"),
]


def both(path):
    """Return what each way says of the record at the beginning of a file."""
    with path.open("rb") as file:
        window = Window(file.fileno())
        if path.read_bytes()[:1] == b"W":
            plain = Plain(window)
            return plain._quickly(0), plain._carefully(0)
        packed = Members(window)
        view = window.view(0, 1 << 15)
        return packed._quickly(view, 0), packed._carefully(view, 0)


@pytest.mark.parametrize("pack", [bytes, lambda data: members([data])], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", MADE)
def test_usual_records_are_taken_quickly(tmp_path, name, pack):
    """What most tools write is taken by the quick way, which says what the careful way says."""
    (tmp_path / "t").write_bytes(pack(MADE[name]))
    fast, slow = both(tmp_path / "t")
    assert fast is not None
    assert fast == slow


@pytest.mark.parametrize("data", ODD)
def test_odd_records_are_left_to_the_rules(data):
    """What a rule is needed for is left to the careful way."""
    assert quick(data, 0, len(data)) is None


@pytest.mark.parametrize("raw", RESPONSES.values(), ids=list(RESPONSES))
def test_our_own_records(tmp_path, raw):
    """Of all that servers send both ways say the same, or the quick one nothing."""
    files = warc_files(tmp_path, compression="none")
    capture = files.exchange(exchange_of(raw))
    files.close()
    (path,) = tmp_path.iterdir()
    with path.open("rb") as file:
        plain = Plain(Window(file.fileno()))
        fast, slow = plain._quickly(capture.offset), plain._carefully(capture.offset)
    assert fast is None or fast == slow


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), name=st.sampled_from(sorted(MADE)))
def test_both_ways_agree_on_damage(tmp_path, seed, name):
    """Whatever is changed in a record, the quick way takes it only as the careful way does."""
    rng = random.Random(seed)
    data = bytearray(MADE[name])
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(data))
        piece = rng.choice(
            [b"", b" ", b"\r\n", b"\t", b":", b"\xe9", b"0", b"WARC-Date: x\r\n", b"\0", b"a", b"A"]
        )
        data[place : place + rng.randrange(3)] = piece
    (tmp_path / "t").write_bytes(data + b"WARC/1.0\r\n")
    with (tmp_path / "t").open("rb") as file:
        plain = Plain(Window(file.fileno()))
        fast = plain._quickly(0)
        assert fast is None or fast == plain._carefully(0)


def test_head_length():
    """The lengths of head and block are told by the head alone, and only where it is a usual one."""
    data = record()
    assert head_length(data) == (data.index(b"HTTP"), len(PAGE))
    assert head_length(record(length=10**12)) is None
    assert head_length(record(Content_Length=None)) is None
    assert head_length(b"HTTP/1.1 200 OK\r\n\r\n") is None
