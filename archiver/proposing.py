# SPDX-License-Identifier: EUPL-1.2
"""
Candidates for rules of noise in a site's newest days: reads the texts of the pages that change every day.

Bounded: the pages that changed most often, their newest versions, and so many lines of each.
Nothing is applied. Knows nothing of commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

import structlog

from index.document import Document
from index.errors import DamagedError, NotFoundError
from index.history import History
from index.model import Outcome
from index.noise import Noise, Stored
from index.proposals import LEAST, Proposal, proposals
from index.timestamp import local_date

from .collection import Collection
from .texts import text_of

DAYS = 10
"""Snapshots, the newest ones, whose changes are learned from."""
MOST_PAGES = 300
"""Pages that are read, those with the most texts first."""

logger = structlog.get_logger(__name__)


def propose(
    collection: Collection, history: History, site: str, noise: Noise, zone: ZoneInfo
) -> list[Proposal]:
    """Return rules that would take out what differs every day at the same place of a page."""
    good = [one.timestamp for one in history.snapshots(site) if one.outcome is not Outcome.FAILED][-DAYS:]
    if not good:
        return []
    reader = _Reader(collection, history, zone)
    urls = history.restless(site, good[0], least=LEAST, limit=MOST_PAGES)
    return proposals(((url, list(reader.texts(site, url, good[0]))) for url in urls), noise)


@dataclass(frozen=True, slots=True)
class _Reader:
    collection: Collection
    history: History
    zone: ZoneInfo

    def texts(self, site: str, url: str, since: str) -> Iterator[Stored]:
        """Yield the texts of a page since a snapshot, oldest first, each other than the one before."""
        lifeline = self.history.lifeline(url, site)
        names = [one.document_id for one in lifeline if one.last >= since and one.document_id]
        documents = self.history.documents(names)
        there = (documents[name] for name in names if name in documents)
        for _, alike in groupby(there, key=lambda one: one.text):
            yield from self._stored(next(alike))

    def _stored(self, document: Document) -> Iterator[Stored]:
        try:
            yield Stored(text_of(self.collection, document), local_date(document.snapshot, self.zone))
        except (DamagedError, NotFoundError) as error:
            logger.warning("text-unreadable", url=document.url, reason=str(error))
