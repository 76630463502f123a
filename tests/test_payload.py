# SPDX-License-Identifier: EUPL-1.2
"""Bodies lose their codings in bounded memory, and damage costs only what is damaged."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from collections.abc import Callable
from hashlib import sha256

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from archiver.payload import KNOWN_CODINGS, PIECE, dechunk, decode, decoded_stream

TEXT = b"a page " * 1000
GZIP = gzip.compress(TEXT, mtime=0)
NOISE = b"".join(sha256(b"%d" % number).hexdigest().encode() for number in range(3000))
BROTLI = brotli.compress(TEXT)
ZSTD = zstd.compress(TEXT)
SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
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
    ("br", BROTLI, TEXT, True),
    ("br", brotli.compress(NOISE), NOISE, True),
    ("br", brotli.compress(b""), b"", True),
    ("br", b"", b"", True),
    ("br", brotli.compress(NOISE)[:-99], None, False),
    ("br", b"<!doctype html><title>plain</title>", b"<!doctype html><title>plain</title>", False),
    ("br", b"plain after all", b"plain after all", False),
    ("br", b"x", b"x", False),
    ("zstd", ZSTD, TEXT, True),
    ("zstd", ZSTD + SKIPPED + ZSTD, TEXT + TEXT, True),
    ("zstd", zstd.compress(b""), b"", True),
    ("zstd", b"", b"", True),
    ("zstd", zstd.compress(NOISE)[:-3], None, False),
    ("zstd", b"plain after all", b"plain after all", False),
    ("zstd", ZSTD + b"garbage", TEXT, False),
    ("br, gzip", gzip.compress(BROTLI), TEXT, True),
    ("zstd, br", brotli.compress(ZSTD), TEXT, True),
    ("br, gzip", gzip.compress(b"brotli"), b"brotli", False),
    ("dcb", b"\xff\x44\x43\x42", b"\xff\x44\x43\x42", False),
    ("gzip," * 9, GZIP, GZIP, False),
]


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize(("coding", "body", "data", "whole"), DECODED)
def test_content_codings(coding: str | None, body: bytes, data: bytes | None, whole: bool, size: int) -> None:
    """Content codings are undone however the bytes are cut, and what cannot be undone is said."""
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    result = decode(chunks, coding, 10**6)
    assert (result.whole, bool(result.reason)) == (whole, not whole)
    if data is None:
        assert any(text.startswith(result.data) and len(result.data) > 2000 for text in (TEXT, NOISE))
    else:
        assert result.data == data
    assert b"".join(decoded_stream(chunks, coding)) == result.data


def packed(pack: Callable[[bytes], bytes], finish: Callable[[], bytes], mebibytes: int) -> bytes:
    """Return zeros in a coding, without ever holding them all."""
    return b"".join(pack(bytes(2**20)) for _ in range(mebibytes)) + finish()


def gzip_bomb(mebibytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packed(packer.compress, packer.flush, mebibytes)


def brotli_bomb(mebibytes: int) -> bytes:
    packer = brotli.Compressor(quality=5)
    return packed(packer.process, packer.finish, mebibytes)


def zstd_bomb(mebibytes: int) -> bytes:
    packer = zstd.ZstdCompressor()
    return packed(packer.compress, packer.flush, mebibytes)


BOMBS = [
    ("gzip, gzip", lambda: gzip.compress(gzip_bomb(512))),
    ("br", lambda: brotli_bomb(512)),
    ("br, br", lambda: brotli.compress(brotli_bomb(512))),
    ("zstd", lambda: zstd_bomb(512)),
    ("zstd, gzip", lambda: gzip.compress(zstd_bomb(512))),
]


@pytest.mark.parametrize(("coding", "made"), BOMBS, ids=[coding for coding, _ in BOMBS])
def test_a_bomb_costs_no_more_than_the_limit(coding: str, made: Callable[[], bytes]) -> None:
    """A body that grows a thousandfold, or twice that over, is read up to the limit and no further."""
    bomb = made()
    assert len(bomb) < 2**20
    tracemalloc.start()
    result = decode([bomb], coding, 2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(result.data), result.whole) == (2**20, False)
    assert peak < 8 * 2**20


def test_a_zstd_window_is_no_larger_than_the_web_allows() -> None:
    """A frame that wants more memory than RFC 9659 grants is not decoded."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    wide = packer.compress(TEXT) + packer.flush()
    assert decode([wide], "zstd", 10**6).whole is False


def test_pieces_are_small() -> None:
    """No piece of a stream is larger than the promise, whatever came in at once."""
    packs = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstd.compress}
    for coding, pack in packs.items():
        pieces = [len(piece) for piece in decoded_stream([pack(bytes(10**7))], coding)]
        assert (max(pieces) <= PIECE, sum(pieces)) == (True, 10**7), coding


@given(
    st.binary(max_size=300),
    st.sampled_from(["gzip", "deflate", "gzip, deflate", "br", "zstd", "zstd, br", "x"]),
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


def test_what_can_be_decoded_is_told() -> None:
    """Whoever must know beforehand whether a body can be decoded asks the table itself."""
    assert {"gzip", "x-gzip", "deflate", "br", "zstd"} == KNOWN_CODINGS
