# SPDX-License-Identifier: EUPL-1.2
"""
The list of pages of a snapshot, pages/pages.jsonl, as WACZ 1.1.1 section 5.2.2 has it.

    {"format":"json-pages-1.0","id":"pages","title":"All pages"}
    {"id":"20260302023001-0","url":"https://…","ts":"2026-03-02T02:30:01Z","title":"…","language":"nl"}

`language` is ours. Knows nothing of how pages are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from index.errors import DamagedError
from index.model import Page
from index.timestamp import to_timestamp

from .identity import moment_of


class _Line(msgspec.Struct, frozen=True):
    id: str
    url: str
    ts: str
    title: str
    language: str = ""


def write_pages(pages: Iterable[Page]) -> Iterator[bytes]:
    """Yield the lines of the list, the one that names the format first."""
    yield msgspec.json.encode({"format": "json-pages-1.0", "id": "pages", "title": "All pages"}) + b"\n"
    encoder = msgspec.json.Encoder()
    for number, page in enumerate(pages):
        at = page.timestamp
        moment = f"{at[:4]}-{at[4:6]}-{at[6:8]}T{at[8:10]}:{at[10:12]}:{at[12:]}Z"
        name = f"{page.timestamp}-{number}"
        yield encoder.encode(_Line(name, page.url, moment, page.title, page.language)) + b"\n"


def read_pages(path: Path) -> Iterator[Page]:
    """Yield the pages of a list. Raises DamagedError naming the line that cannot be read."""
    decoder = msgspec.json.Decoder(_Line)
    try:
        with path.open("rb") as file:
            next(file, b"")
            for number, line in enumerate(file, 2):
                try:
                    page = decoder.decode(line)
                    moment = moment_of(page.ts) or to_timestamp(datetime.fromisoformat(page.ts))
                except (msgspec.DecodeError, RecursionError, ValueError) as error:
                    raise DamagedError(f"{path} line {number} is not a page: {error}.") from error
                yield Page(page.url, moment, page.title, page.language)
    except OSError as error:
        raise DamagedError(f"The list of pages {path} cannot be read: {error.strerror}.") from error
