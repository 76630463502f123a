# SPDX-License-Identifier: EUPL-1.2
"""
The text of a document, out of the WARC that holds it.

    capture ─▶ its line `urn:text:<url>`, of this day or of the one that has the payload
    Place   ─▶ resource record `urn:text:<url>` ─▶ text

Knows nothing of history, of generations or of what calls it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path

import structlog

from index.cdxj import Index
from index.document import Document
from index.errors import DamagedError
from index.model import Capture, moment

from .collection import Collection
from .records import open_record
from .snapshot_folder import SnapshotFolder

MAX_TEXT = 4 << 20
"""Bytes of a text record that are read."""

MAX_TEXTS = 16
"""Texts of one address on one day that are looked at, the newest."""

Placed = tuple[Document, Path]
"""A document, and the WARC that has its text."""

logger = structlog.get_logger(__name__)


def line_of(
    today: SnapshotFolder, home: SnapshotFolder, capture: Capture
) -> tuple[SnapshotFolder, Capture] | None:
    """
    Return the line of the text of a page, and the day that has it; None where no text was read.

    `home` has the payload. A payload that another address had then may have been read again for this one;
    else the text of that address is this one's, where it is of the same payload. Raises as `Index.find`.
    """
    original = capture.original
    if original is None or original.url == capture.url:
        found = _text_of(home.index, capture.url, capture.digest)
        return (home, found) if found else None
    if (own := _text_of(today.index, capture.url, capture.digest)) is not None:
        return today, own
    found = _text_of(home.index, original.url, capture.digest)
    return (home, found) if found else None


def _text_of(index: Index, url: str, digest: str) -> Capture | None:
    """Return the newest text of an address that was read of a payload."""
    newest = heapq.nlargest(MAX_TEXTS, index.texts(url), key=moment)
    return next((text for text in newest if _is_of(text, index, url, digest)), None)


def _is_of(text: Capture, index: Index, url: str, digest: str) -> bool:
    """
    Tell whether a text was read of a payload that an address had on a day on which it may have had several.

    A text has the moment of the page of which it was read. Where no page is of that moment, as in files of
    other tools, all that the address had on that day is to be that payload.
    """
    then: set[bool] = set()
    ever: set[bool] = set()
    for one in index.captures_of(url):
        if one.shows and one.effective_status == HTTPStatus.OK:
            ever.add(one.digest == digest)
            if one.timestamp == text.timestamp:
                then.add(one.digest == digest)
    return False not in (then or ever)


def text_of(collection: Collection, document: Document) -> str:
    """Return the text of a document. Raises DamagedError where it cannot be read."""
    return read_text(placed(collection, document))


def placed(collection: Collection, document: Document) -> Placed:
    """Return a document with the path of the WARC that has its text."""
    return document, collection.at(document.site, document.snapshot).warc(document.filename)


def read_text(one: Placed) -> str:
    """Return the text of a document. Raises DamagedError where it cannot be read."""
    document, path = one
    with open_record(path, document.offset, document.length) as record:
        return record.block.read(MAX_TEXT).decode("utf-8", "replace")


def texts(documents: Iterable[Placed]) -> Iterator[tuple[Document, str]]:
    """Yield every document with its text; one that cannot be read is not found by its words."""
    for one in documents:
        try:
            yield one[0], read_text(one)
        except DamagedError as error:
            logger.warning("text-unreadable", url=one[0].url, reason=str(error))
