# SPDX-License-Identifier: EUPL-1.2
"""
The text of a document, out of the WARC that holds it.

    capture ─▶ its line `urn:text:<url>`, of this day or of the one that has the payload
    Place   ─▶ resource record `urn:text:<url>` ─▶ text

Knows nothing of history, of generations or of what calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from index.document import Document
from index.errors import DamagedError
from index.model import Capture

from .collection import Collection, SnapshotFolder
from .records import open_record

MAX_TEXT = 4 << 20
"""Bytes of a text record that are read."""

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
        found = home.index.text(capture.url)
        return (home, found) if found else None
    if (own := today.index.text(capture.url)) is not None:
        return today, own
    other = home.index.find(original.url)
    alike = other is not None and other.digest == capture.digest
    found = home.index.text(original.url) if alike else None
    return (home, found) if found else None


def text_of(collection: Collection, document: Document) -> str:
    """Return the text of a document. Raises DamagedError where it cannot be read."""
    return read_text(placed(collection, document))


def placed(collection: Collection, document: Document) -> Placed:
    """Return a document with the path of the WARC that has its text."""
    return document, collection.at(document.site, document.snapshot).warc(document.filename)


def read_text(one: Placed) -> str:
    """Return the text of a document. Raises DamagedError where it cannot be read."""
    document, path = one
    with open_record(path, document.offset) as record:
        return record.block.read(MAX_TEXT).decode("utf-8", "replace")


def texts(documents: Iterable[Placed]) -> Iterator[tuple[Document, str]]:
    """Yield every document with its text; one that cannot be read is not found by its words."""
    for one in documents:
        try:
            yield one[0], read_text(one)
        except DamagedError as error:
            logger.warning("text-unreadable", url=one[0].url, reason=str(error))
