# SPDX-License-Identifier: EUPL-1.2
"""
The segments of imported records (ISO 28500:2017 section 7) into one line of the index for each.

    <id> TAB 000000001 TAB {line of the first, on its way}
    <id> TAB 000000002 TAB {where the record goes on}      in order of id and number, of all files of a day

A record of which one is lacking has no line: what there is of it is kept, and told. Knows nothing of files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec
import structlog
from msgspec.structs import replace

from index.cdxj import format_line, parse_line
from index.errors import ArchiveError
from index.model import Capture, Segment

from ..collection import Find
from ..ledger import Entry
from ..responses import open_response
from ..snapshot_folder import SnapshotFolder
from .survey import OWN_RULES, Continued, Told

_CONTINUED = msgspec.json.Decoder(Continued)
_ENTRY = msgspec.json.Decoder(Entry)
_FIRST = b"000000001"

logger = structlog.get_logger(__name__)


def joined_segments(lines: Iterable[bytes], find: Find, folder: SnapshotFolder) -> Iterator[bytes | Told]:
    """Yield a line on its way into the index for every record that is whole, and what is loose."""
    for _, group in groupby(lines, key=lambda line: line.partition(b"\t")[0]):
        first, rest = b"", []
        for line in group:
            _, number, text = line.split(b"\t", 2)
            if number == _FIRST and not first:
                first = text
            else:
                rest.append((number, text))
        yield from _joined(first, rest, find, folder)


def _joined(
    first: bytes, rest: list[tuple[bytes, bytes]], find: Find, folder: SnapshotFolder
) -> Iterator[bytes | Told]:
    line, _, entry = first.rstrip(b"\n").partition(b"\t")
    others = [_CONTINUED.decode(text) for number, text in rest if number != _FIRST]
    if (
        first
        and others
        and _follow(rest)
        and [one.last for one in others] == [False] * (len(rest) - 1) + [True]
    ):
        whole = _whole(parse_line(line), others, find, folder)
        if whole is not None:
            yield format_line(whole)[:-1] + b"\t" + _all_of(entry.partition(b"\t")[0], others) + b"\n"
            return
    if first:
        capture = parse_line(line)
        yield _told(capture.filename, capture.offset, capture.length)
    for other in others:
        yield _told(other.filename, other.offset, other.length)


def _follow(rest: list[tuple[bytes, bytes]]) -> bool:
    return [number for number, _ in rest] == [b"%09d" % number for number in range(2, len(rest) + 2)]


def _whole(first: Capture, others: list[Continued], find: Find, folder: SnapshotFolder) -> Capture | None:
    """Return the line of a record in segments, its payload digest that of the whole; None if unreadable."""
    segments = tuple(Segment(one.filename, one.offset, one.length) for one in others)
    capture, digest = replace(first, segments=segments), hashlib.sha256()
    try:
        with open_response(find, folder.timestamp, capture) as stored:
            for piece in stored.body:
                digest.update(piece)
            truncated = stored.truncated
    except ArchiveError as error:
        logger.warning("segments-unreadable", url=first.url, reason=str(error))
        return None
    return replace(capture, digest=f"sha256:{digest.hexdigest()}", truncated=truncated, recorded=None)


def _all_of(entry: bytes, others: list[Continued]) -> bytes:
    told = _ENTRY.decode(entry)
    size = told.bytes + sum(one.length for one in others)
    return msgspec.json.encode(msgspec.structs.replace(told, bytes=size))


def _told(name: str, offset: int, length: int) -> Told:
    return Told(f"archive/{name}", offset, length, OWN_RULES["segment"], "segment", kept=True)
