# SPDX-License-Identifier: EUPL-1.2
"""
A WARC of any size as another tool would have written it, made of the pages of a folder. Knows no readers.

    warcinfo, then for each page a response and its request: WARC/1.0, SHA-1 in base32, as warcio writes them

Every third page has chunk framing. Pages come again under other addresses until the file is long enough.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

PAGES = 6000
"""Pages of a folder that are held in memory; half a gigabyte of them at most."""
_MOST = 1 << 29
_BEGUN = datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)
_REQUEST = (
    b"GET %s HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n"
    b"Accept-Encoding: identity\r\n\r\n"
)
_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Mar 2026 00:00:01 GMT\r\n"
    b"Content-Type: text/html\r\n"
    b'Last-Modified: Sun, 01 Mar 2026 00:00:00 GMT\r\nETag: "65e1c0d0-%x"\r\n'
    b"Connection: keep-alive\r\n%s\r\n\r\n"
)


def make(path: Path, site: Path, megabytes: float, *, compressed: bool) -> int:
    """Write a WARC of about so many megabytes, and return how many records it has."""
    pages = _pages(site)
    count = 0
    with path.open("xb") as out:
        for record in _records(pages):
            count += 1
            out.write(gzip.compress(record, 6, mtime=0) if compressed else record)
            if count % 2 and out.tell() >= megabytes * 1_000_000:
                break
    return count


def _pages(site: Path) -> list[bytes]:
    pages: list[bytes] = []
    held = 0
    for file in itertools.islice(sorted(site.rglob("*.htm*")), PAGES):
        pages.append(file.read_bytes())
        held += len(pages[-1])
        if held > _MOST:
            break
    if not pages:
        raise SystemExit(f"{site} has no pages; give another folder with --site.")
    return pages


def _records(pages: list[bytes]) -> Iterator[bytes]:
    info = b"software: bench\r\nformat: WARC File Format 1.0\r\n"
    yield _record("warcinfo", None, 0, info, "application/warc-fields")
    for number in itertools.count():
        url = f"http://www.example.org/{number // len(pages)}/{number % len(pages):05d}.html"
        block = _response(pages[number % len(pages)], number)
        yield _record("response", url, number, block, "application/http; msgtype=response")
        request = _REQUEST % url.removeprefix("http://www.example.org").encode()
        yield _record("request", url, number, request, "application/http; msgtype=request")


def _response(page: bytes, number: int) -> bytes:
    if number % 3:
        return _HEAD % (number, b"Content-Length: %d" % len(page)) + page
    parts = (page[at : at + 16384] for at in range(0, len(page), 16384))
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return _HEAD % (number, b"Transfer-Encoding: chunked") + body + b"0\r\n\r\n"


def _record(kind: str, url: str | None, number: int, block: bytes, mime: str) -> bytes:
    moment = _BEGUN + timedelta(milliseconds=number * 100)
    body = block.partition(b"\r\n\r\n")[2]
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{kind}{number}')}>",
        "WARC-Target-URI": url,
        "WARC-Date": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "WARC-IP-Address": "192.0.2.1" if kind == "response" else None,
        "WARC-Block-Digest": _sha1(block),
        "WARC-Payload-Digest": _sha1(body) if kind == "response" else None,
        "Content-Type": mime,
        "Content-Length": str(len(block)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def _sha1(data: bytes) -> str:
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    return "sha1:" + base64.b32encode(digest).decode()
