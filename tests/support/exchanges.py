# SPDX-License-Identifier: EUPL-1.2
"""Exchanges made of the bytes of a response, received as the crawler receives them, and WARCs to put them in."""

from __future__ import annotations

import io
import itertools
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from archiver.exchange import Exchange
from archiver.warc import WarcFiles
from archiver.wire import BUFFER, Limits, Receiver, Recording

MOMENT = datetime(2026, 3, 2, 2, 30, 1, 500, tzinfo=UTC)
URL = "http://www.example.org/"
REQUEST = b"GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n"

# What servers of the field send that a parser may trip over; each is received, stored and read back.
RESPONSES = {
    "plain": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n2\r\n!!\r\n0\r\nTrailer: 1\r\n\r\n",
    "not ASCII": b"HTTP/1.1 200 D\xe9j\xe0 vu\r\nX-Name: \x80\x93\xff\r\nContent-Length: 1\r\n\r\nx",
    "empty body": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no fields": b"HTTP/1.1 200\r\n\r\n",
    "304": b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 99\r\n\r\n',
    "304 chunked": b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "301": b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\nhi",
    "cut body": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello",
    "cut chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello",
    "strange chunk ends": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\r\n0\r\n\r\n",
    "long chunk extension": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"
    + b"x" * 9000
    + b"\r\nhello\r\n0\r\n\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    "long chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n",
    "cut head": b"HTTP/1.1 200 OK\r\nContent-Type: text/ht",
    "cut interim head": b"HTTP/1.1 103 Early Hints\r\nLink: </a",
    "interim heads": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "line of returns": b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\r\nContent-Length: 2\r\n\r\nhi",
    "folded": b"HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\nContent-Length: 2\r\n\r\nhi",
    "no colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nhi",
    "return in reason": b"HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nhi",
    "chunked not last": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "coding on two lines": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "zeros": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\0\0\r\n",
}


def exchange_of(raw: bytes, url: str = URL, *, moment: datetime = MOMENT, max_bytes: int = 10**9) -> Exchange:
    """Return the exchange that a crawl keeps of a response with these bytes, after which the server closes."""
    limits = Limits(timeout=5, max_seconds=5, max_bytes=max_bytes)
    with SpooledTemporaryFile() as spool:
        got = Recording("www.example.org", moment, time.monotonic() + 5, spool)
        Receiver(
            cast("io.RawIOBase", io.BytesIO(raw)), lambda _: None, got, limits, bytearray(BUFFER)
        ).receive()
        spool.seek(0)
        response = io.BytesIO(spool.read())
    assert got.head is not None
    return Exchange(
        url=url,
        date=moment,
        request=REQUEST,
        response=response,
        length=got.length,
        head_length=got.head_length,
        status=got.head.status,
        headers=got.head.headers,
        payload_digest=f"sha256:{got.digest.hexdigest()}",
        payload_length=got.payload_length,
        chunked=got.chunked,
        address="192.0.2.1",
        protocols=got.protocols,
        truncated=got.truncated,
    )


def warc_files(folder: Path, *, compression: str = "gzip", prefix: str = "t", **more: Any) -> WarcFiles:
    """Return a writer whose clock stands still and whose ids count up."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = itertools.count(1)
    return WarcFiles(
        folder,
        prefix,
        compression=compression,
        now=lambda: MOMENT,
        new_id=lambda: f"<urn:uuid:00000000-0000-4000-8000-{next(numbers):012}>",
        **{"warcinfo": {"software": "daykeep/0.1", "format": "WARC File Format 1.1"}} | more,
    )
