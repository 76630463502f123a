# SPDX-License-Identifier: EUPL-1.2
"""Files of other tools on their way into an archive of a test."""

from __future__ import annotations

import base64
import hashlib
from contextlib import contextmanager
from pathlib import Path

from archiver.archive import Archive
from archiver.checking.verify import verify
from archiver.collection import finder
from archiver.importing.imports import bring
from archiver.ledger import read
from archiver.publish import Shelves
from index.search import Search
from tests.support.foreign import members, record
from tests.support.snapshots import SITE, HandClock, SiteServer, opened

PAGE = (
    "HTTP/1.1 {status} OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n{more}\r\n"
)
EXAMPLE = "http://www.example.org"


def html(words: str, title: str = "A page") -> bytes:
    return f'<!doctype html><html lang="nl"><title>{title}</title><p>{words}</p></html>'.encode()


def http(body: bytes, status: int = 200, more: str = "") -> bytes:
    return PAGE.format(status=status, length=len(body), more=more).encode() + body


def exchange(
    path: str, body: bytes, date: str, number: int, *, status: int = 200, more: str = "", **fields: str | None
) -> list[bytes]:
    """Return a response as warcio writes it, and its request."""
    block = http(body, status, more)
    uri, said = f"{EXAMPLE}{path}", {"WARC_Date": date, "WARC_Payload_Digest": sha1(body), **fields}
    concurrent = {"WARC_Concurrent_To": f"<urn:uuid:00000000-0000-4000-8000-{number:012d}>"}
    request = record(
        f"GET {path} HTTP/1.1\r\n\r\n".encode(), number + 500_000, kind="request", WARC_Date=date,
        WARC_Target_URI=uri, Content_Type="application/http; msgtype=request", **concurrent,
    )  # fmt: skip
    return [record(block, number, WARC_Target_URI=uri, **said), request]


def revisit(path: str, date: str, number: int, digest: str | None, *, head: bytes = http(b""), **fields):
    """Return a revisit as warcio writes it."""
    uri = f"{EXAMPLE}{path}"
    said = {
        "WARC_Date": date,
        "WARC_Payload_Digest": digest,
        "WARC_Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
        **fields,
    }
    return record(head, number, kind="revisit", WARC_Target_URI=uri, **said)


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def write(path: Path, records: list[bytes]) -> Path:
    """Write records into a file: a gzip member each where its name ends in .gz."""
    path.write_bytes(members(records) if path.name.endswith(".gz") else b"".join(records))
    return path


@contextmanager
def empty_archive(root: Path, *, clock=None, seeds=(f"{EXAMPLE}/",), **more):
    """Open an archive of one site without a snapshot, on 2 March 2026 where no clock is given."""
    with SiteServer() as server, opened(root, server, clock or HandClock(), seeds=seeds, **more) as archive:
        yield archive


def take(archive: Archive, *paths: Path, **more):
    """Import files into the one site of an archive."""
    return bring(archive, archive.settings.site[0], paths, **more)


def problems(archive: Archive) -> list[str]:
    """Return what verify finds in all snapshots."""
    find = finder(archive.collection, SITE)
    return [str(one) for folder in archive.collection.snapshots(SITE) for one in verify(folder, find)]


def outcomes(folder) -> dict[str, str]:
    """Return URL → outcome of a snapshot's ledger."""
    return {entry.url: entry.outcome.value for entry in read(folder.ledger_path)}


def found(archive: Archive, words: str, timestamp: str) -> list[str]:
    """Return the URLs that a search finds on a day."""
    shelves: Shelves = archive.shelves
    results = Search(shelves.history, shelves.catalogue).find(SITE, words, timestamp, limit=50)
    return sorted(hit.url for hit in results.hits)
