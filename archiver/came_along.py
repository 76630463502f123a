# SPDX-License-Identifier: EUPL-1.2
"""
What files bring besides their records: the ledger of a snapshot of ours, the lists of pages of a WACZ.

    urn:daykeep:ledger   a resource record, one entry a line          (archiver.ledger)
    pages/*.jsonl        {"url":…,"ts":…,"title":…,"text":…}          (WACZ 1.1.1 section 5.2.2)

Both come from outside: a line that cannot be read, or is of no address, is passed over. Knows nothing of
what is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
import structlog

from index.errors import DamagedError
from index.timestamp import local_date
from index.urlkey import normalise, urlkey

from .books import keyed
from .identity import moment_of
from .imported_pages import Listed
from .ledger import Entry
from .records import open_record
from .sorted_lines import SortedLines
from .taking import Taken
from .text import MAX_TEXT

_LONGEST = 1 << 24
"""Bytes of one line; a page's text may stand in it."""
_MAX_TITLE = 2000

logger = structlog.get_logger(__name__)


class _Listed(msgspec.Struct, frozen=True):
    """A line of a list of pages; whatever else stands in it is passed over."""

    url: str
    ts: str = ""
    title: str | None = None
    language: str | None = None
    text: str | None = None


def ledgers(taken: Iterable[Taken], day: str, lines: SortedLines) -> SortedLines:
    """Fill `lines` with the ledgers that came along for a day, in the form of `books.keyed`."""
    decoder = msgspec.json.Decoder(Entry)
    for one in taken:
        for portion in one.portions:
            for offset, written in portion.surveyed.ledgers:
                if one.begun or written == day:
                    for entry in _entries(portion.surveyed.path, offset, decoder):
                        lines.add(keyed(entry))
    return lines


def _entries(path: Path, offset: int, decoder: msgspec.json.Decoder[Entry]) -> Iterator[Entry]:
    try:
        with open_record(path, offset) as record:
            for line in _lines(record.block):
                try:
                    entry = decoder.decode(line)
                except (msgspec.MsgspecError, RecursionError):
                    continue
                if normalise(entry.url) == entry.url:
                    yield entry
    except DamagedError as error:
        logger.warning("ledger-unreadable", file=str(path), offset=offset, reason=str(error))


def listed_pages(taken: Iterable[Taken], day: str, timezone: str, lines: SortedLines) -> SortedLines:
    """Fill `lines` with the pages that are listed for a day: `<urlkey> <url>` TAB a `Listed`."""
    zone = ZoneInfo(timezone)
    for one in taken:
        for path in one.pages:
            for page in _pages(path):
                moment = moment_of(page.ts)
                url = normalise(page.url)
                if url and (one.begun or not moment or local_date(moment, zone).isoformat() == day):
                    lines.add(f"{urlkey(url)} {url}".encode() + b"\t" + _encoded(page, url))
    return lines


def _encoded(page: _Listed, url: str) -> bytes:
    title, text = (page.title or "")[:_MAX_TITLE], page.text
    listed = Listed(url, title, page.language or "", text[:MAX_TEXT] if text is not None else None)
    return msgspec.json.encode(listed) + b"\n"


def _pages(path: Path) -> Iterator[_Listed]:
    decoder = msgspec.json.Decoder(_Listed)
    with path.open("rb") as file:
        for line in _lines(file):
            try:
                page = decoder.decode(line)
            except (msgspec.MsgspecError, RecursionError, UnicodeError):
                continue  # the first line names the format; others may be anything
            yield page


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield lines of bounded length; a longer one comes in pieces, none of which is a line."""
    return iter(lambda: stream.readline(_LONGEST), b"")
