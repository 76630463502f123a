# SPDX-License-Identifier: EUPL-1.2
"""
A page on two days: what each day has of it, and what its two texts say otherwise.

    history  ─▶ the version around each snapshot, and its document
    WARC     ─▶ the text of each document, as it was read when the page was crawled
    rules    ─▶ what of it is noise

Two texts are compared where both days have one; where they have not, each day's standing says why. Knows
nothing of commands or of the viewer's pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog

from index.comparison.alignment import Effort
from index.comparison.figures import Others, others
from index.comparison.passages import Passages, compare
from index.document import Document
from index.errors import DamagedError, NotFoundError
from index.history import History
from index.lifeline import Interval, at
from index.model import Snapshot
from index.noise import Noise, Stored
from index.timestamp import local_date

from .collection import Collection
from .texts import text_of

logger = structlog.get_logger(__name__)


class Standing(StrEnum):
    """What a day has of an address."""

    TEXT = "text"
    NO_TEXT = "no text"
    """An answer that shows no text: a picture, or a file of which none could be read."""
    LEADS = "leads"
    ERROR = "error"
    UNREADABLE = "unreadable"
    """It has a text, and that cannot be read from the disk."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Side:
    """What one day has of an address."""

    url: str
    snapshot: Snapshot
    interval: Interval | None
    standing: Standing
    document: Document | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A page on two days."""

    old: Side
    new: Side
    passages: Passages | None
    """None where one of the days has no text."""
    figures: Others

    @property
    def same_bytes(self) -> bool:
        """Whether both days got the same answer."""
        one, other = self.old.interval, self.new.interval
        return one is not None and other is not None and one.content == other.content


def side_of(
    collection: Collection, history: History, lifeline: Iterable[Interval], url: str, snapshot: Snapshot
) -> Side:
    """Return what a snapshot has of an address with this lifeline."""
    interval = at(lifeline, snapshot.timestamp)
    standing = _standing(interval)
    name = interval.document_id if interval else None
    document = history.documents([name]).get(name) if name else None
    if standing is not Standing.NO_TEXT or document is None:
        return Side(url, snapshot, interval, standing, document)
    try:
        return Side(url, snapshot, interval, Standing.TEXT, document, text_of(collection, document))
    except (DamagedError, NotFoundError) as error:
        logger.warning("text-unreadable", url=url, reason=str(error))
        return Side(url, snapshot, interval, Standing.UNREADABLE, document)


def compared(old: Side, new: Side, noise: Noise, zone: ZoneInfo) -> Comparison:
    """Return what two days have of a page, and what their texts say otherwise."""
    if old.standing is not Standing.TEXT or new.standing is not Standing.TEXT:
        return Comparison(old, new, None, Others((), cut=False))
    passages = compare(_stored(old, zone), _stored(new, zone), noise)
    return Comparison(old, new, passages, others(passages.rows, Effort()))


def _standing(interval: Interval | None) -> Standing:
    if interval is None:
        return Standing.ABSENT
    if interval.redirect is not None:
        return Standing.LEADS
    return Standing.ERROR if (interval.status or 0) >= 400 else Standing.NO_TEXT


def _stored(side: Side, zone: ZoneInfo) -> Stored:
    """Return a text with the day on which it was first stored: that is the date of today in it."""
    first = side.document.snapshot if side.document else side.snapshot.timestamp
    return Stored(side.text, local_date(first, zone))
