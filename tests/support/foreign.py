# SPDX-License-Identifier: EUPL-1.2
"""Records as other tools write them, odd ones and broken ones included, in bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterable

RECORD_ID = "<urn:uuid:00000000-0000-4000-8000-%012d>"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def record(
    block: bytes = PAGE,
    number: int = 1,
    *,
    kind: str = "response",
    version: str = "1.0",
    tail: bytes = b"\r\n\r\n",
    length: int | None = None,
    eol: str = "\r\n",
    raw: bytes = b"",
    **fields: str | None,
) -> bytes:
    """
    Return a record. `fields` by their names with `_` for `-`: None leaves one out; `raw` are lines as they are.

    Without any, it is what warcio writes today for WARC/1.0, its block digest included.
    """
    said: dict[str, str | None] = {
        "WARC-Type": kind,
        "WARC-Record-ID": RECORD_ID % number,
        "WARC-Target-URI": f"http://www.example.org/{number}",
        "WARC-Date": "2026-03-02T02:30:01Z",
        "WARC-Block-Digest": sha1(block),
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block) if length is None else length),
    }
    said |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = "".join(f"{name}: {value}{eol}" for name, value in said.items() if value is not None)
    return f"WARC/{version}{eol}{lines}".encode() + raw + eol.encode() + block + tail


def members(records: Iterable[bytes]) -> bytes:
    """Return records as a gzip member each."""
    return b"".join(gzip.compress(one, 6, mtime=0) for one in records)
