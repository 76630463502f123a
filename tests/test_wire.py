# SPDX-License-Identifier: EUPL-1.2
"""A response is kept byte for byte, whole or cut, however it is framed."""

from __future__ import annotations

import gzip
import hashlib
import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.exchange import Exchange, header_fields
from archiver.wire import MAX_HEAD
from index.errors import StorageError
from tests.support.bounded import ends
from tests.support.exchanges import exchange_of
from tests.support.fetching import failed, make_fetcher, received
from tests.support.rawserver import Connection, RawServer, keep_answering

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = gzip.compress(b"hello " * 50, mtime=0)


def fetch(answer, **options) -> Exchange:
    """Fetch one answer of a server; the exchange is still open."""
    with RawServer(answer) as server, make_fetcher(**options) as fetcher:
        exchange = fetcher.fetch(server.url())
    assert isinstance(exchange, Exchange), exchange
    return exchange


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (OK + b"content-LENGTH :5\r\n\r\nhello", b"hello"),
        (OK + b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
        (OK + b"Content-Length: 0\r\n\r\n", b""),
        (OK + b"\r\nuntil close", b"until close"),
        (OK + b"Odd line\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (OK + b"A:  two  spaces  \r\nA: again\r\nB:\r\n\t folded\r\n\r\n", b""),
        (OK + b"Latin: caf\xe9\x85\r\n\r\nx", b"x"),
        (b"HTTP/1.1 200\nContent-Length: 2\n\nhi", b"hi"),
        (b"HTTP/1.0 404 Not Found\r\n\r\ngone", b"gone"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + PACKED, PACKED),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (CHUNKED + b'5;name="v"\r\nhello\r\n1 \r\n!\r\n000\r\nTrailer: x\r\nT: y\r\n\r\n', b"hello!"),
        (CHUNKED + b"5\nhello\n0\n\n", b"hello"),
        (OK + b"Transfer-Encoding: CHUNKED\r\nContent-Length: 1\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
        (CHUNKED + b"2\r\nhi\r\n0\r\n", b"hi"),
        (OK + b"Transfer-Encoding: identity\r\n\r\nplain", b"plain"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 99\r\n\r\n", b""),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + OK + b"\r\nhi", b"hi"),
        (OK + b"X: y\r\n" * 5000 + b"Content-Length: 2\r\n\r\nhi", b"hi"),
        (OK + b"X: " + b"y" * 100_000 + b"\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    ],
    ids=range(25),
)
def test_every_byte_is_kept(raw: bytes, payload: bytes):
    """A whole response is kept as it came, and its payload is the body without transfer coding."""
    exchange = fetch(raw)
    assert received(exchange) == raw
    assert exchange.truncated is None
    assert exchange.payload_digest == f"sha256:{hashlib.sha256(payload).hexdigest()}"
    assert exchange.payload_length == len(payload)
    assert exchange.chunked is (b"chunked" in raw.lower())
    assert exchange.chunked or raw[exchange.head_length :] == payload


def test_bytes_are_kept_however_they_arrive():
    """Cuts between packets, in the middle of every line and chunk, change nothing."""
    raw = b"HTTP/1.1 100 C\r\n\r\n" + CHUNKED + b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n\r\n"

    def drip(connection: Connection) -> None:
        connection.request()
        connection.drip(raw, 0.0005)

    exchange = fetch(drip)
    assert received(exchange) == raw
    assert (exchange.payload_length, exchange.truncated, exchange.status) == (5, None, 200)


def test_a_large_body_goes_to_disk_whole(tmp_path: Path):
    """A body larger than memory may hold comes back as sent, and leaves no file behind."""
    raw = OK + b"Content-Length: 3000000\r\n\r\n" + bytes(range(250)) * 12_000
    exchange = fetch(raw, spool_dir=tmp_path)
    assert received(exchange) == raw
    assert not list(tmp_path.iterdir())


def test_a_disk_that_refuses_is_not_the_sites_fault(tmp_path: Path):
    """A spool that cannot be written is a storage error and not a network error."""
    server = RawServer(OK + b"\r\n" + b"x" * 2_000_000)
    with server, make_fetcher(spool_dir=tmp_path / "gone") as fetcher, pytest.raises(StorageError):
        fetcher.fetch(server.url())


@pytest.mark.parametrize(
    ("raw", "kept", "reason"),
    [
        (OK + b"Content-Length: 9\r\n\r\nhello", None, "disconnect"),
        (OK + b"Content-Len", None, "disconnect"),
        (CHUNKED + b"9\r\nhello", None, "disconnect"),
        (CHUNKED + b"5\r\nhello\r\n", None, "disconnect"),
        (CHUNKED + b"5\r\nhello\r\n0x1\r\nx", CHUNKED + b"5\r\nhello\r\n0x1\r\n", "unspecified"),
        (CHUNKED + b"-1\r\nhello", CHUNKED + b"-1\r\n", "unspecified"),
        (CHUNKED + b"2\r\nhello\r\n0\r\n\r\n", CHUNKED + b"2\r\nhell", "unspecified"),
        (CHUNKED + b"<html>\n", None, "unspecified"),
        (OK + b"\r\n" + b"x" * 2000, OK + b"\r\n" + b"x" * 1000, "length"),
        (
            OK + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000,
            OK + b"Content-Length: 2000\r\n\r\n" + b"x" * 1000,
            "length",
        ),
        (CHUNKED + b"7D0\r\n" + b"x" * 2000, CHUNKED + b"7D0\r\n" + b"x" * 1000, "length"),
    ],
    ids=range(11),
)
def test_a_cut_response_keeps_what_came(raw: bytes, kept: bytes | None, reason: str):
    """What arrived before the cut is kept, with the reason of the cut and a sentence."""
    exchange = fetch(raw, max_bytes=1000)
    assert received(exchange) == (raw if kept is None else kept)
    assert (exchange.status, exchange.truncated) == (200, reason)
    assert exchange.reason


def test_a_body_of_exactly_the_limit_is_whole():
    """The limit itself is allowed."""
    exchange = fetch(OK + b"\r\n" + b"x" * 1000, max_bytes=1000)
    assert len(received(exchange)) == exchange.head_length + 1000
    assert exchange.truncated is None


def _reset(connection: Connection) -> None:
    connection.request()
    connection.send(OK + b"Content-Length: 9\r\n\r\nhello")
    time.sleep(0.05)
    connection.reset()


def test_a_reset_keeps_what_came():
    """A connection that is reset in the middle leaves a response cut by disconnection."""
    exchange = fetch(_reset)
    assert received(exchange).endswith(b"hello")
    assert exchange.truncated == "disconnect"


def _endless(first: bytes, again: bytes):
    def answer(connection: Connection) -> None:
        connection.request()
        connection.send(first)
        while not connection.server.closing.is_set():
            connection.send(again * 100)

    return answer


@pytest.mark.parametrize(
    ("first", "again", "longest"),
    [
        (OK + b"\r\n", b"x" * 100, 1_000_100),
        (CHUNKED, b"3E8\r\n" + b"x" * 1000 + b"\r\n", 1_020_000),
        (CHUNKED, b"1;" + b"e" * 1000 + b"\r\nx\r\n", 1_200_000),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n", 2 * MAX_HEAD),
        (CHUNKED, b"e" * 100, 20_000),
        (OK, b"X-Endless: 1\r\n", MAX_HEAD),
        (OK + b"X: ", b"y" * 100, MAX_HEAD),
    ],
    ids=["body", "chunks", "extensions", "trailers", "chunk-size", "fields", "field"],
)
def test_the_endless_ends(first: bytes, again: bytes, longest: int):
    """A response without end is cut at a limit, and what came is kept."""
    exchange = fetch(_endless(first, again), max_bytes=1_000_000)
    assert received(exchange).startswith(first)
    assert exchange.truncated in ("length", "unspecified")
    assert exchange.length <= longest


def test_endless_interim_responses_end():
    """A server that only ever says 'continue' gives no answer."""
    with RawServer(_endless(b"", b"HTTP/1.1 100 C\r\n\r\n")) as server, make_fetcher() as fetcher:
        assert failed(fetcher.fetch(server.url())).outcome == "network-error"


@pytest.mark.parametrize(
    ("first", "again", "limits"),
    [
        (OK + b"\r\n", b"x" * 1000, {"max_seconds": 1}),
        (OK, b"X: " + b"y" * 1000, {"max_seconds": 1}),
        (CHUNKED, b"1\r\n" * 1000, {"max_seconds": 1}),
        (OK + b"Content-Length: 9\r\n\r\n", b"", {"timeout": 1}),
        (OK + b"Content-Length: 9\r\n\r\n", b"", {"max_seconds": 1}),
    ],
    ids=["body", "head", "chunk", "silence", "deadline-in-silence"],
)
def test_a_dripping_response_ends_in_time(first: bytes, again: bytes, limits: dict[str, float]):
    """Neither byte after byte nor silence holds the crawl beyond its limits."""
    waited_out: list[bool] = []

    def drip(connection: Connection) -> None:
        connection.request()
        connection.send(first)
        connection.drip(again, 0.02)
        connection.pause()
        waited_out.append(not connection.server.closing.is_set())

    exchange = fetch(drip, **limits)
    assert True not in waited_out
    assert received(exchange).startswith(first)
    assert exchange.truncated == "time"
    assert exchange.reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "gave no answer"),
        (b"<html>HTTP/0.9</html>", "no status line"),
        (b"HTTP/1.1 200 OK", "no status line"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 OK\r\n\r\n", "no status line"),
        (b"ICY 200 OK\r\n\r\n", "no status line"),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "gave no answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n<html>", "no status line"),
        (b"HTTP/1.1 " + b"9" * 300_000, "no status line"),
    ],
    ids=range(10),
)
def test_no_status_line_is_no_response(raw: bytes, reason: str):
    """What does not begin with a whole status line is a network error with its cause in words."""
    with RawServer(raw) as server, make_fetcher() as fetcher:
        failure = failed(fetcher.fetch(server.url()))
    assert failure.outcome == "network-error"
    assert reason in failure.reason
    assert "127.0.0.1" in failure.reason


@pytest.mark.parametrize(
    "raw",
    [
        OK + b"Content-Length: 2\r\n\r\nhi, and more",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Content-Length: two\r\n\r\nhi",
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\nbody",
        CHUNKED + b"2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
    ids=range(8),
)
def test_a_doubtful_connection_is_not_used_again(raw: bytes):
    """After any doubt about where a response ended, the next request has a connection of its own."""

    def answer(connection: Connection) -> None:
        connection.request()
        connection.send(raw)
        if b"Content-Length: 1" in raw or b"two" in raw:
            return
        connection.request()

    with RawServer(answer) as server, make_fetcher() as fetcher:
        for _ in range(2):
            exchange = fetcher.fetch(server.url())
            assert exchange.reason
            received(exchange)
        assert server.accepted == 2


def test_bytes_beyond_the_response_are_not_kept():
    """What a server sends after the end of its response belongs to no response."""
    exchange = fetch(OK + b"Content-Length: 2\r\n\r\nhi, and more")
    assert received(exchange) == OK + b"Content-Length: 2\r\n\r\nhi"
    assert (exchange.truncated, "more bytes" in exchange.reason) == (None, True)


def test_an_answer_cannot_be_left_for_the_next_request():
    """A second response sent ahead is not taken for the answer to the next request."""
    poison = OK + b"Content-Length: 1\r\n\r\n1" + OK + b"Content-Length: 6\r\n\r\npoison"

    def answer(connection: Connection) -> None:
        connection.request()
        connection.send(poison if connection.server.accepted == 1 else OK + b"Content-Length: 4\r\n\r\ngood")
        connection.request()

    with RawServer(answer) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url("/first")))
        assert received(fetcher.fetch(server.url("/second"))).endswith(b"good")


def test_the_framing_does_not_carry_over():
    """Responses of every framing follow each other on one connection."""
    plain, chunked = OK + b"Content-Length: 2\r\n\r\nhi", CHUNKED + b"2\r\nhi\r\n0\r\n\r\n"
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    with RawServer(keep_answering(plain, chunked, empty, plain)) as server, make_fetcher() as fetcher:
        assert [received(fetcher.fetch(server.url())) for _ in range(4)] == [plain, chunked, empty, plain]
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        (b"A: 1\r\na: 2\r\n\r\n", (("A", "1"), ("a", "2"))),
        (b"A : \t1 \r\n\r\n", (("A", "1"),)),
        (b"A: x:y\r\nno field\r\nB:\r\n\r\n", (("A", "x:y"), ("B", ""))),
        (b" lost\r\nA: 1\r\n\t2 \r\n  3\r\n\r\n", (("A", "1 2 3"),)),
        (b"A:\r\n 1\r\n\r\n", (("A", "1"),)),
        (b"A: caf\xe9\x85b\x0b\r\n\r\n", (("A", "caf\xe9\x85b\x0b"),)),
        (b"A: 1\rB: 2\x003\r\n\r\n", (("A", "1 B: 2 3"),)),
        (b": 1\r\n\r\n", ()),
        (b"A: 1\nB: 2\n\n", (("A", "1"), ("B", "2"))),
    ],
    ids=range(9),
)
def test_fields_are_read_in_order_and_as_spelled(block: bytes, fields: tuple[tuple[str, str], ...]):
    """Fields keep order, repetition and spelling; folds are joined and control characters made harmless."""
    assert header_fields(block) == fields


def test_a_thousand_folds_take_no_time():
    """A head of nothing but folded lines is read in proportion to its length."""
    folded = b"A: 1\r\n" + b" a\r\n" * 600_000
    assert ends(lambda: header_fields(folded))  # by the square of it: minutes
    (name, value), *_ = header_fields(folded)
    assert (name, len(value)) == ("A", 1_200_001)


def test_a_closed_exchange_lets_go():
    """Closing an exchange frees its bytes."""
    exchange = fetch(OK + b"\r\nhi")
    exchange.close()
    assert isinstance(exchange.response, io.IOBase)
    assert exchange.response.closed


_PIECES = st.sampled_from(
    [b"0", b"5", b"a", b"\r\n", b"\n", b"\r", b";x", b" ", b"hello", b"0\r\n\r\n", b"5\r\nhello\r\n"]
)


@given(st.lists(_PIECES, max_size=12))
def test_a_whole_chunked_body_is_the_same_to_every_reader(pieces: list[bytes]):
    """The receiver and the reader of stored records agree on every chunked body that was not cut."""
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(pieces)
    exchange = exchange_of(raw)
    if not exchange.truncated:
        read = hashlib.sha256(b"".join(exchange.payload())).hexdigest()
        assert exchange.payload_digest == f"sha256:{read}"
    assert raw.startswith(b"".join(exchange.raw()))
