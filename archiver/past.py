# SPDX-License-Identifier: EUPL-1.2
"""
What a site's earlier snapshots have for today's: the one to compare with, and payloads not to store again.

    Monday 200 ◀── Tuesday 503 ◀── Wednesday 200, payload of Monday: a revisit of Monday's record

A snapshot whose index or ledger is not as it was sealed is passed over, with a warning: today is archived all
the same, with more bytes. Knows nothing of crawling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from index.errors import DamagedError
from index.model import Capture, Outcome

from .collection import Collection, SnapshotFolder
from .exchange import Exchange
from .verify import hash_file
from .warc import Reference, original_of, refer

LOOK_BACK = 8
"""Snapshots: yesterday's, and seven more where that has no whole 200 of a URL."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Previous:
    """The snapshots before this one: what the newest knew, and where a payload of the site's past lies."""

    folders: tuple[SnapshotFolder, ...]
    """Newest first, at least one, none of them failed."""
    find: Callable[[str, str], Path]
    """(snapshot, filename) → path of that WARC."""

    @property
    def newest(self) -> SnapshotFolder:
        """The snapshot that today is compared with."""
        return self.folders[0]

    def reference(self, exchange: Exchange) -> Reference | None:
        """
        Return the stored response with the same payload, if the URL had it when last it answered 200.

        None as well where that record cannot be read: then the body is stored again, and nothing is lost.
        """
        for folder in self.folders:
            capture = folder.index.find(exchange.url)
            if capture is not None and capture.effective_status == 200 and not capture.truncated:
                return self._refer(folder, capture) if _equal(capture, exchange) else None
        return None

    def _refer(self, folder: SnapshotFolder, capture: Capture) -> Reference | None:
        original = original_of(capture, folder.timestamp)
        try:
            return refer(self.find(original.snapshot, original.filename), original)
        except DamagedError as error:
            logger.warning("stored-again", url=capture.url, reason=str(error))
            return None


def earlier(collection: Collection, site: str, timestamp: str) -> Iterator[SnapshotFolder]:
    """Yield the sealed snapshots before a timestamp that did not fail and are whole, newest first."""
    for name in reversed(collection.timestamps(site)):
        folder = collection.at(site, name)
        if name < timestamp and _usable(folder):
            yield folder


def _usable(folder: SnapshotFolder) -> bool:
    try:
        failed = folder.summary.outcome is Outcome.FAILED
        altered = [] if failed else list(_altered(folder))
    except DamagedError as error:
        failed, altered = False, [str(error)]
    if altered:
        logger.warning("passed-over", site=folder.site, snapshot=folder.timestamp, reason="; ".join(altered))
    return not failed and not altered


def _altered(folder: SnapshotFolder) -> Iterator[str]:
    sealed = {resource["path"]: resource["hash"] for resource in folder.package["resources"]}
    for path in (folder.index_path, folder.ledger_path):
        digest = hash_file(path) if path.is_file() else None
        if digest != sealed.get(path.relative_to(folder.path).as_posix()):
            yield f"{path} is not as it was sealed; run `daykeep verify`"


def _equal(capture: Capture, exchange: Exchange) -> bool:
    return (capture.digest, capture.content_type) == (exchange.payload_digest, exchange.mime)
