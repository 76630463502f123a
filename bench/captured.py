# SPDX-License-Identifier: EUPL-1.2
"""
What a crawl captured, read from its WARCs with warcio, whoever wrote them. Knows nothing of the crawlers.

A URL counts once, when the WARCs hold an answer 200 for it: a response, a revisit that says the same payload
came again, or a revisit of a 304, by which the server said that the earlier answer still holds.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from warcio.archiveiterator import ArchiveIterator

NOT_MODIFIED = "server-not-modified"
INSIDE = "archive/"
"""Where a WACZ keeps its WARCs."""


def distinct(paths: Iterable[Path]) -> int:
    """Return how many different URLs the WARCs, loose or in a WACZ, hold a 200 for."""
    return len({url for path in paths for stream in _warcs(path) for url in _urls(stream)})


def size(paths: Iterable[Path]) -> int:
    """Return the bytes of the WARCs together; of a WACZ, those inside it."""
    return sum(_size(path) for path in paths)


def _size(path: Path) -> int:
    if path.suffix != ".wacz":
        return path.stat().st_size
    with zipfile.ZipFile(path) as package:
        return sum(one.file_size for one in package.infolist() if one.filename.startswith(INSIDE))


def _warcs(path: Path) -> Iterator[IO[bytes]]:
    if path.suffix != ".wacz":
        with path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if name.startswith(INSIDE):
                with package.open(name) as stream:
                    yield stream


def _urls(stream: IO[bytes]) -> Iterator[str]:
    for record in ArchiveIterator(stream):
        if record.rec_type in {"response", "revisit"} and _answers(record):
            # one spelling: some write what the page said, some what they asked for
            yield unquote(record.rec_headers.get_header("WARC-Target-URI")).partition("#")[0]


def _answers(record: Any) -> bool:
    profile = record.rec_headers.get_header("WARC-Profile") or ""
    status = record.http_headers.get_statuscode() if record.http_headers else ""
    return status == "200" or (status == "304" and profile.endswith(NOT_MODIFIED))
