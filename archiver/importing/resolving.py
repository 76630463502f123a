# SPDX-License-Identifier: EUPL-1.2
"""
Where the payload of an imported revisit lies, in this import or in the site's snapshots. Never a guess.

    1. the record of that id (WARC-Refers-To)
    2. the record of that address and date (WARC-Refers-To-Target-URI, -Date)
    3. the latest earlier record of the same address

and of each only one whose payload is proven equal: by the digest that the revisit says, in whatever
algorithm, against what is known of the record or what its bytes give. A server's 304 says itself that the
record it refers to holds (`server-not-modified`), so there 1 and 2 need no digest. Knows nothing of files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog
from msgspec.structs import replace

from index.cdxj import Index
from index.errors import DamagedError, NotFoundError
from index.model import Capture, Original, moment

from ..checking.described import NO_DIGEST
from ..collection import Find
from ..dialect import warc_moment
from ..digests import Digest, hasher, parse_digest
from ..responses import open_response
from ..snapshot_folder import SnapshotFolder
from ..warc import original_of
from .survey import Refers

MAX_OPEN = 64
"""Indexes of earlier snapshots that are kept open; each takes a file descriptor."""
LOOK_BACK = 366
"""Snapshots that are looked through for one record, the nearest first."""
UNRESOLVED = "it says that nothing has changed since a record that is not in this archive"
"""The reason in the ledger."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Targets:
    """Everything a revisit of one snapshot may refer to. Close it."""

    own: str
    """14-digit name of the snapshot that is being made."""
    index: Index
    """Of what is in it, revisits apart."""
    earlier: Sequence[SnapshotFolder]
    """The sealed snapshots of the site, oldest first."""
    find: Find
    _open: OrderedDict[str, Index | None] = field(default_factory=OrderedDict)

    def close(self) -> None:
        """Close every index."""
        for index in self._open.values():
            if index is not None:
                index.close()
        self._open.clear()
        self.index.close()

    def resolve(self, capture: Capture, refers: Refers) -> Capture:
        """Return the line of a revisit with the original it refers to, or marked as without one."""
        said = parse_digest(refers.digest)
        silent = refers.not_modified and _says_nothing(said)
        for snapshot, line in self._candidates(capture, refers):
            if line.unresolved or (line.record == capture.record and line.record is not None):
                continue
            if self._is_equal(said, snapshot, line) or (silent and _is_meant(line, refers)):
                return _resolved(capture, refers, original_of(line, snapshot), line.digest)
        cut = capture.truncated or "unspecified"
        return replace(capture, digest=refers.digest or NO_DIGEST, truncated=cut, unresolved=True)

    def _candidates(self, capture: Capture, refers: Refers) -> Iterator[tuple[str, Capture]]:
        """Yield the records that may be meant: those that are named, then those before it, latest first."""
        url = refers.uri or capture.url
        own = capture.urlkey if capture.request else ""
        if refers.to or refers.date:
            for snapshot, index in self._indexes(_digits(refers.date) or capture.timestamp):
                lines = [line for line in index.candidates(url, own) if _is_meant(line, refers)]
                yield from ((snapshot, line) for line in lines)
        for snapshot, index in self._indexes(capture.timestamp):
            there = index.candidates(url, own)
            lines = [line for line in there if line.url == url and _is_before(line, capture)]
            yield from ((snapshot, line) for line in sorted(lines, key=moment, reverse=True))

    def _indexes(self, near: str) -> Iterator[tuple[str, Index]]:
        """Yield the indexes to look in, that of this snapshot first, then those nearest before a moment."""
        yield self.own, self.index
        before = [folder for folder in self.earlier if folder.timestamp <= near]
        after = [folder for folder in self.earlier if near < folder.timestamp <= self.own]
        for folder in (*reversed(before), *after)[:LOOK_BACK]:
            index = self._opened(folder)
            if index is not None:
                yield folder.timestamp, index

    def _opened(self, folder: SnapshotFolder) -> Index | None:
        if folder.timestamp in self._open:
            self._open.move_to_end(folder.timestamp)
            return self._open[folder.timestamp]
        try:
            index: Index | None = Index(folder.index_path)
        except (OSError, NotFoundError) as error:
            logger.warning("passed-over", site=folder.site, snapshot=folder.timestamp, reason=str(error))
            index = None
        self._open[folder.timestamp] = index
        if len(self._open) > MAX_OPEN:
            _, oldest = self._open.popitem(last=False)
            if oldest is not None:
                oldest.close()
        return index

    def _is_equal(self, said: Digest | None, snapshot: str, line: Capture) -> bool:
        """Tell whether the payload of a record is the one of which a revisit says the digest."""
        if said is None or said.value is None:
            return False
        for known in (line.digest, line.recorded or ""):
            there = parse_digest(known)
            if there is not None and there.algorithm == said.algorithm:
                return there.value == said.value
        return self._computed(said.algorithm, snapshot, line) == said.value

    def _computed(self, algorithm: str, snapshot: str, line: Capture) -> bytes | None:
        digest = hasher(algorithm)
        try:
            with open_response(self.find, snapshot, line) as stored:
                for piece in stored.body:
                    digest.update(piece)
        except DamagedError as error:
            logger.warning("target-unreadable", url=line.url, snapshot=snapshot, reason=str(error))
            return None
        return digest.digest()


def _resolved(capture: Capture, refers: Refers, original: Original, digest: str) -> Capture:
    """Return the line of a revisit whose payload is that of a record with a digest."""
    own = refers.digest if refers.digest and refers.digest != digest else None
    status = capture.status if capture.status is not None else original.status
    return replace(capture, original=original, digest=digest, recorded=own, status=status)


def _says_nothing(said: Digest | None) -> bool:
    """Tell whether a digest is none, or that of no bytes at all (Heritrix, of a 304)."""
    return said is None or said.value is None or said.value == hasher(said.algorithm).digest()


def _is_meant(line: Capture, refers: Refers) -> bool:
    """Tell whether a record is the one that a revisit names, by its id or by address and date."""
    if refers.to and line.record == refers.to:
        return True
    if not refers.uri or line.url != refers.uri:
        return False
    return bool(refers.date) and (line.date == refers.date or line.timestamp == _digits(refers.date))


def _is_before(line: Capture, capture: Capture) -> bool:
    return (line.timestamp, line.date or "") <= (capture.timestamp, capture.date or "")


def _digits(date: str) -> str:
    moment = warc_moment(date) if date else None
    return moment.strftime("%Y%m%d%H%M%S") if moment else ""
