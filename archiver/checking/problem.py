# SPDX-License-Identifier: EUPL-1.2
"""What is not as it should be in a collection, as typed values. Knows nothing of how it is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from index.errors import ArchiveError


class Kind(StrEnum):
    """What sort of thing it is, for scripts; sentences may change, these do not."""

    GONE = "snapshot-gone"
    """A day that was sealed is not there."""
    SEAL = "seal"
    """A day is not the one that was sealed, by a digest kept outside its folder."""
    PACKAGE = "package"
    """datapackage.json or its digest is not in order."""
    FILE_MISSING = "file-missing"
    FILE_STRAY = "file-stray"
    FILE_CHANGED = "file-changed"
    UNREADABLE = "unreadable"
    """Something cannot be checked at all."""
    RECORD_BROKEN = "record-broken"
    """A record does not begin or end where it should."""
    RECORD_CHANGED = "record-changed"
    """A record's bytes are not those that its digests are of."""
    RECORD_UNLISTED = "record-unlisted"
    """A record has no line in the index."""
    RECORD_MISSING = "record-missing"
    """A line of the index has no record."""
    SEGMENT = "segment"
    """A record in segments is not whole."""
    REVISIT = "revisit"
    """What a revisit refers to is not there, or another."""
    INDEX_LINE = "index-line"
    """A line of the index cannot be read, or describes another record."""
    INDEX_ORDER = "index-order"
    LEDGER = "ledger"
    COUNTS = "counts"
    """What was counted does not add up to what was sealed."""
    PAGES = "pages"
    CHANGES = "changes"
    TEXT = "text"
    """A text is kept of a page that the index does not know."""
    CONFORMANCE = "conformance"
    """A rule of WARC/1.1 is broken (archiver.strict.rules)."""
    PROCESS = "process"
    """A process that checked has died, and what it checked is not known."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be."""

    kind: Kind
    snapshot: str
    file: str
    offset: int | None
    what: str
    advice: bool = False
    """Whether it is advice of a standard, and nothing is wrong."""

    def __str__(self) -> str:
        """Return it as a line for the operator."""
        place = self.file if self.offset is None else f"{self.file} at offset {self.offset}"
        return f"{self.snapshot}: {place}: {self.what}"


def told(snapshot: str, file: str, problems: Iterator[Problem]) -> Iterator[Problem]:
    """Yield problems, and what ends their list early as one more."""
    try:
        yield from problems
    except ArchiveError as error:
        yield Problem(Kind.UNREADABLE, snapshot, file, None, str(error))
    except Exception as error:  # noqa: BLE001  nothing here may be trusted, and the other checks must still run
        yield Problem(Kind.UNREADABLE, snapshot, file, None, f"cannot be checked: {error!r}")
