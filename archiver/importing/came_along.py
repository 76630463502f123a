# SPDX-License-Identifier: EUPL-1.2
"""
What files bring besides their records: the ledger of a snapshot of ours, the lists of pages of a WACZ.

    urn:daykeep:ledger   a resource record, one entry a line          (archiver.ledger)
    pages/*.jsonl        {"url":…,"ts":…,"title":…,"text":…}          (WACZ 1.1.1 section 5.2.2)
    datapackage.json     {"daykeep":{"outcome":…,"reasons":[…]}}      of an export of ours

All come from outside: a line that cannot be read, or is of no address, is passed over. Knows nothing of
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
from index.model import Outcome
from index.timestamp import local_date
from index.urlkey import normalise, urlkey

from ..identity import moment_of
from ..ledger import Entry
from ..records import open_record
from ..scanning import zipped
from ..scanning.forms import Form
from ..scanning.window import Window
from ..sorted_lines import SortedLines
from ..text import MAX_TEXT
from .books import keyed
from .pages import Listed
from .taking import Taken

_LONGEST = 1 << 24
"""Bytes of one line; a page's text may stand in it."""
_MAX_TITLE = 2000
_MAX_REASONS = 20

logger = structlog.get_logger(__name__)


class _Listed(msgspec.Struct, frozen=True):
    """A line of a list of pages; whatever else stands in it is passed over."""

    url: str
    ts: str = ""
    title: str | None = None
    language: str | None = None
    text: str | None = None


class _Own(msgspec.Struct, frozen=True):
    outcome: Outcome = Outcome.COMPLETE
    reasons: tuple[str, ...] = ()


class _Package(msgspec.Struct, frozen=True):
    daykeep: _Own


def judgement(taken: Iterable[Taken]) -> tuple[Outcome, list[str]]:
    """Return how a day was judged that an export of ours is of, and why; complete where nothing says."""
    for one in taken:
        if one.begun and one.form is Form.WACZ:
            own = _own(one.given.path)
            return own.outcome, [reason[:_MAX_TITLE] for reason in own.reasons[:_MAX_REASONS]]
    return Outcome.COMPLETE, []


def _own(path: Path) -> _Own:
    members, _ = zipped.members(path)
    wanted = [one for one in members if one.name == "datapackage.json" and one.info.file_size <= _LONGEST]
    try:
        with path.open("rb", buffering=0) as file:
            data = b"".join(zipped.pieces(path, Window(file.fileno()), wanted[0]))
        return msgspec.json.decode(data, type=_Package).daykeep
    except (IndexError, DamagedError, msgspec.MsgspecError, RecursionError) as error:
        logger.warning("judgement-unreadable", file=str(path), reason=repr(error))
        return _Own()


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
