# SPDX-License-Identifier: EUPL-1.2
"""
Two sealed days with as many captures as a test wants, written in seconds: bytes, not through a crawl.

    first, second = many_days(tmp_path, 100_000)     the second refers to the first with every capture
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from msgspec.structs import replace

from archiver import package
from archiver.durable import write_file
from archiver.named_fields import IDENTICAL, encode, sha256
from archiver.pages import write_pages
from archiver.snapshot_folder import SnapshotFolder
from index.cdxj import format_line
from index.model import REVISIT, Capture, Original
from index.timestamp import parse_timestamp
from index.urlkey import urlkey

SITE = "many"
FIRST, SECOND = "20260302023000", "20260303023000"
_DATES = {FIRST: "2026-03-02T02:30:00.000000Z", SECOND: "2026-03-03T02:30:00.000000Z"}
_HTTP = "application/http; msgtype=response"


def many_days(root: Path, count: int) -> tuple[SnapshotFolder, SnapshotFolder]:
    """Write two days of `count` captures each, and return their folders."""
    first = _day(root, FIRST, count, {})
    originals = {one.url: one for one in first.index.captures()}
    return first, _day(root, SECOND, count, originals)


def find(root: Path, snapshot: str, filename: str) -> Path:
    """Return where a WARC of these days stands."""
    return root / SITE / snapshot / "archive" / filename


def _day(root: Path, timestamp: str, count: int, originals: dict[str, Capture]) -> SnapshotFolder:
    path = root / SITE / timestamp
    for name in ("archive", "indexes", "pages", "logs"):
        (path / name).mkdir(parents=True)
    folder = SnapshotFolder(SITE, timestamp, path)
    name, lines = f"{SITE}-{timestamp}-00000.warc", []
    with (path / "archive" / name).open("wb") as file:
        info = b"software: made by hand\r\n"
        about = [("WARC-Record-ID", _id(timestamp)), ("WARC-Date", _DATES[timestamp])]
        about += [("Content-Type", "application/warc-fields"), ("WARC-Block-Digest", sha256(info))]
        file.write(encode("warcinfo", about, len(info)) + info + b"\r\n\r\n")
        for number in range(count):
            url = f"https://www.example.org/{number:06}"
            capture, data = _record(timestamp, url, number, originals.get(url))
            offset = file.tell()
            file.write(data)
            lines.append(format_line(_placed(capture, name, offset, len(data))))
    write_file(folder.index_path, sorted(lines))
    write_file(folder.pages_path, write_pages(()))
    write_file(folder.ledger_path, [b'{"url":"https://www.example.org/"}\n'])
    _seal(folder, count)
    return folder


def _id(text: str) -> str:
    return f"<{uuid.uuid5(uuid.NAMESPACE_URL, text).urn}>"


def _record(timestamp: str, url: str, number: int, original: Capture | None) -> tuple[Capture, bytes]:
    body = f"payload {number} ".encode() * 20
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    block = head if original else head + body
    digest, record = f"sha256:{hashlib.sha256(body).hexdigest()}", _id(f"{timestamp} {url}")
    fields = [
        ("WARC-Record-ID", record),
        ("WARC-Date", _DATES[timestamp]),
        ("WARC-Target-URI", url),
        ("WARC-Warcinfo-ID", _id(timestamp)),
        ("Content-Type", _HTTP),
        ("WARC-Payload-Digest", digest),
        ("WARC-Block-Digest", sha256(block)),
    ]
    if original:
        fields += [
            ("WARC-Profile", IDENTICAL),
            ("WARC-Refers-To", f"<{original.record}>"),
            ("WARC-Truncated", "length"),
        ]
    data = encode("revisit" if original else "response", fields, len(block)) + block + b"\r\n\r\n"
    mime = REVISIT if original else "text/plain"
    there = _original(original) if original else None
    capture = Capture(
        urlkey(url), timestamp, url, mime, 200, digest, "", 0, 0, original=there, record=record[1:-1]
    )
    return capture, data


def _original(one: Capture) -> Original:
    return Original(
        FIRST,
        one.filename,
        one.offset,
        one.length,
        one.mime,
        200,
        one.url,
        one.timestamp,
        one.record,
        _DATES[FIRST],
    )


def _placed(capture: Capture, name: str, offset: int, length: int) -> Capture:
    return replace(capture, filename=name, offset=offset, length=length, date=_DATES[capture.timestamp])


def _seal(folder: SnapshotFolder, count: int) -> None:
    own = {
        "site": SITE,
        "timestamp": folder.timestamp,
        "day": f"{folder.timestamp[:4]}-{folder.timestamp[4:6]}-{folder.timestamp[6:8]}",
        "outcome": "complete",
        "counts": {"captured": count},
        "changed": 0,
        "lacking": 0,
        "demonstration": False,
    }
    files = package.resources(
        folder.path, lambda path: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    )
    described = package.describe(
        SITE, "https://www.example.org/", parse_timestamp(folder.timestamp), files, own
    )
    package.write_package(
        folder.path, described, lambda path: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    )
