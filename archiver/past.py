# SPDX-License-Identifier: EUPL-1.2
"""
What a site's earlier snapshots have for today's: the one to compare with, and payloads not to store again.

    Monday 200 ◀── Tuesday 503 ◀── Wednesday 200, payload of Monday: a revisit of Monday's record

A snapshot whose index or ledger is not as it was sealed is passed over, with a warning: today is archived all
the same, with more bytes. Knows nothing of crawling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from index.changes import Earlier, Recall, says
from index.errors import DamagedError
from index.model import Capture, Outcome, Page
from index.timestamp import parse_timestamp

from .collection import Collection
from .exchange import Exchange
from .ledger import UNREAD, read
from .named_fields import Reference
from .package import hash_file
from .pages import read_pages
from .snapshot_folder import SnapshotFolder
from .warc import original_of, refer, reference_of

T = TypeVar("T")

LOOK_BACK = 8
"""Snapshots: yesterday's, and seven more where that has no whole 200 of a URL."""

_CLOCKS_DIFFER = timedelta(minutes=1)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole 200 of before, by which a server can say that nothing has changed since."""

    snapshot: str
    """14-digit name of the snapshot that has this line in its index."""
    capture: Capture


@dataclass(frozen=True, slots=True)
class Previous:
    """The snapshots before this one: what the newest knew, and where a payload of the site's past lies."""

    folders: tuple[SnapshotFolder, ...]
    """Newest first, at least one, none of them failed."""
    find: Callable[[str, str], Path]
    """(snapshot, filename) → path of that WARC."""
    _sizes: dict[Path, int] = field(default_factory=dict)
    _not_read: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def newest(self) -> SnapshotFolder:
        """The snapshot that today is compared with."""
        return self.folders[0]

    def condition(self, url: str) -> Condition | None:
        """Return what to ask by whether a URL is still as it was; None where it has to be sent anyway."""
        found = self._newest(url)
        if found is None or url in self._unread(found.snapshot):
            return None
        if _from_the_future(found.capture):
            found = replace(found, capture=msgspec.structs.replace(found.capture, last_modified=None))
        return found if found.capture.etag or found.capture.last_modified else None

    def stored(self, url: str) -> bool:
        """Tell whether one of these snapshots has an answer of a URL."""
        return any(folder.index.find(url) is not None for folder in self.folders)

    def reference(self, exchange: Exchange) -> Reference | None:
        """
        Return the stored response with the same payload, if the URL had it when last it answered 200.

        None as well where that record cannot be read: then the body is stored again, and nothing is lost.
        """
        found = self._newest(exchange.url)
        return self.refer(found) if found and _equal(found.capture, exchange) else None

    def refer(self, found: Condition) -> Reference | None:
        """Return what a revisit says of a capture; None where its record cannot be read."""
        original = original_of(found.capture, found.snapshot)
        path = self.find(original.snapshot, original.filename)
        try:
            self._expect(path, original.offset + original.length)
            reference = reference_of(original, found.capture.digest) or refer(path, original)
            return reference if reference.record_id else None  # an imported record may have no id to name
        except DamagedError as error:
            logger.warning("stored-again", url=found.capture.url, reason=str(error))
            return None

    def pages(self, wanted: dict[str, str]) -> Iterator[Page]:
        """
        Yield the pages that were answered with 304 today, as they stood in the newest list that has them.

        `wanted` is URL → timestamp of today, and is emptied of what was found.
        """
        for folder in self.folders:
            if not wanted:
                return
            for page in read_pages(folder.pages_path):
                if timestamp := wanted.pop(page.url, None):
                    yield msgspec.structs.replace(page, timestamp=timestamp)

    def _newest(self, url: str) -> Condition | None:
        for folder in self.folders:
            capture = folder.index.find(url)
            if capture is not None and capture.effective_status == 200 and not capture.truncated:
                return Condition(folder.timestamp, capture)
        return None

    def _unread(self, snapshot: str) -> frozenset[str]:
        """Return the URLs of a day whose links could not be read: by a 304 they would never be."""
        if snapshot not in self._not_read:
            folder = next(folder for folder in self.folders if folder.timestamp == snapshot)
            entries = read(folder.ledger_path)
            self._not_read[snapshot] = frozenset(one.url for one in entries if one.reason.startswith(UNREAD))
        return self._not_read[snapshot]

    def _expect(self, path: Path, end: int) -> None:
        """Raise DamagedError where a WARC is shorter than its index says, looking once a file."""
        if path not in self._sizes:
            self._sizes[path] = path.stat().st_size if path.is_file() else 0
        if self._sizes[path] < end:
            raise DamagedError(f"{path} is gone or shorter than its index says. Run `daykeep verify`.")


def earlier(collection: Collection, site: str, timestamp: str) -> Iterator[SnapshotFolder]:
    """Yield the sealed snapshots before a timestamp that did not fail and are whole, newest first."""
    for name in reversed(collection.timestamps(site)):
        folder = collection.at(site, name)
        if name < timestamp and usable(folder):
            yield folder


def recall(folders: Iterable[SnapshotFolder]) -> Recall:
    """
    Return what looks up the last answer of a URL that says what it is, in snapshots, newest first.

    They are taken as far as they are needed, and once: on most days no further than the first few addresses
    that are new. What can still not be told of a URL by LOOK_BACK of them is not known.
    """
    untaken, taken = iter(folders), list[SnapshotFolder]()

    def look(url: str) -> Earlier | None:
        for folder in _as_needed(untaken, taken):
            capture = folder.index.find(url)
            if capture is not None and capture.shows and says(capture):
                return Earlier(folder.timestamp, capture)
        return None

    return look


def _as_needed(untaken: Iterator[T], taken: list[T]) -> Iterator[T]:
    yield from tuple(taken)
    for one in untaken:
        taken.append(one)
        yield one


def usable(folder: SnapshotFolder) -> bool:
    """Tell whether a snapshot did not fail, and has index and ledger as they were sealed."""
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


def _from_the_future(capture: Capture) -> bool:
    """
    Tell whether a page is said to have changed after it was sent, so that its date is no validator.

    RFC 9110 section 8.8.2.1 forbids such dates; by one, later changes would count as none.
    """
    if capture.last_modified is None:
        return False
    try:
        changed = parsedate_to_datetime(capture.last_modified)
    except (ValueError, TypeError, IndexError, OverflowError):  # what senseless dates raise in `email`
        return False
    aware = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
    return aware > parse_timestamp(capture.timestamp) + _CLOCKS_DIFFER


def _equal(capture: Capture, exchange: Exchange) -> bool:
    return (capture.digest, capture.content_type) == (exchange.payload_digest, exchange.mime)
