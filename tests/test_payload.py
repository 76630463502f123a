# SPDX-License-Identifier: EUPL-1.2
"""Bodies lose their codings in bounded memory, and damage costs only what is damaged."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.payload import PIECE, dechunk, decode, decoded_stream

TEXT = b"a page " * 1000
GZIP = gzip.compress(TEXT, mtime=0)
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(TEXT) + RAW.flush()

CHUNKED = [
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello", True),
    (b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n", b"hello!", True),
    (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", True),
    (b"5\nhello\n0\n\n", b"hello", True),
    (b"  5  \r\nhello\r\n000\r\n\r\n", b"hello", True),
    (b"0\r\n\r\n", b"", True),
    (b"", b"", False),
    (b"5\r\nhel", b"hel", False),
    (b"5\r\nhello", b"hello", False),
    (b"5\r\nhello\r\n", b"hello", False),
    (b"5\r\nhello\r\n0\r\n", b"hello", False),
    (b"5\r\nhello world\r\n0\r\n\r\n", b"hello", False),
    (b"-5\r\nhello\r\n0\r\n\r\n", b"", False),
    (b"0x5\r\nhello\r\n0\r\n\r\n", b"", False),
    (b"5\r\nhello\r\nzz\r\n", b"hello", False),
    (b"ffffffffffffffffffffff\r\nhello", b"", False),
    (b"fffffffffff\r\nhello", b"hello", False),
    (b"1" * 100_000, b"", False),
]


@pytest.mark.parametrize(("wire", "data", "whole"), CHUNKED)
def test_chunk_framing(wire: bytes, data: bytes, whole: bool) -> None:
    """A chunked body gives what arrived, and says whether that is all."""
    body = dechunk(io.BytesIO(wire))
    assert b"".join(body) == data
    assert (body.whole, bool(body.reason)) == (whole, not whole)


DECODED = [
    (None, TEXT, TEXT, True),
    ("", TEXT, TEXT, True),
    ("identity", TEXT, TEXT, True),
    ("gzip", GZIP, TEXT, True),
    ("GZip", GZIP, TEXT, True),
    ("x-gzip", GZIP, TEXT, True),
    ("gzip", GZIP + GZIP, TEXT + TEXT, True),
    ("gzip", GZIP + b"\0" * 100, TEXT, True),
    ("gzip", GZIP + b"garbage", TEXT, True),
    ("gzip", b"", b"", True),
    ("gzip", GZIP[:-1], TEXT, False),
    ("gzip", b"plain after all", b"plain after all", False),
    ("gzip", b"x", b"x", False),
    ("gzip", GZIP[:10] + b"\xff" * 20, b"", False),
    ("deflate", zlib.compress(TEXT), TEXT, True),
    ("deflate", RAW_DEFLATE, TEXT, True),
    ("deflate", RAW_DEFLATE[:-5] or b"", None, False),
    ("gzip, gzip", gzip.compress(GZIP), TEXT, True),
    ("deflate, gzip", gzip.compress(zlib.compress(TEXT)), TEXT, True),
    ("br", b"\x0b\x02\x80", b"\x0b\x02\x80", False),
    ("zstd", b"(\xb5/\xfd", b"(\xb5/\xfd", False),
    ("br, gzip", gzip.compress(b"brotli"), b"brotli", False),
    ("gzip," * 9, GZIP, GZIP, False),
]


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize(("coding", "body", "data", "whole"), DECODED)
def test_content_codings(coding: str | None, body: bytes, data: bytes | None, whole: bool, size: int) -> None:
    """Content codings are undone however the bytes are cut, and what cannot be undone is said."""
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    result = decode(chunks, coding, 10**6)
    assert (result.whole, bool(result.reason)) == (whole, not whole)
    assert TEXT.startswith(result.data) if data is None else result.data == data
    assert b"".join(decoded_stream(chunks, coding)) == result.data


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    """A gzip body that grows a thousandfold, twice over, is read up to the limit and no further."""
    packer = zlib.compressobj(9, wbits=31)
    once = b"".join(packer.compress(bytes(2**20)) for _ in range(512)) + packer.flush()
    bomb = gzip.compress(once)
    tracemalloc.start()
    result = decode([bomb], "gzip, gzip", 2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(result.data), result.whole) == (2**20, False)
    assert peak < 8 * 2**20


def test_pieces_are_small() -> None:
    """No piece of a stream is larger than the promise, whatever came in at once."""
    assert max(map(len, decoded_stream([gzip.compress(bytes(10**7))], "gzip"))) <= PIECE


@given(
    st.binary(max_size=300),
    st.sampled_from(["gzip", "deflate", "gzip, deflate", "br", "x"]),
    st.integers(0, 500),
)
def test_any_bytes_are_decoded_without_error(body: bytes, coding: str, limit: int) -> None:
    """Random bytes never raise and never exceed the limit."""
    assert len(decode([body], coding, limit).data) <= limit
    list(dechunk(io.BytesIO(body)))


@given(st.lists(st.binary(max_size=50)))
def test_chunks_come_back(parts: list[bytes]) -> None:
    """What was framed comes back as it was."""
    wire = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
    body = dechunk(io.BytesIO(wire))
    assert (b"".join(body), body.whole) == (b"".join(parts), True)
