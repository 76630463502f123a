# SPDX-License-Identifier: EUPL-1.2
"""
Reads a WARC of ours back from its first byte to its last: what each record is, and what is wrong with it.

Records are read as those of any tool are (`plain`, `members`, `held`), but nothing is looked for behind
damage: who reads back knows from the index where the next record should be. Inflated by zlib, another
implementation than the one that wrote: a fault of that one must not vouch for itself. Knows no indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from .records import BrokenError
from .scanning.members import MAGIC, ZLIB, Members
from .scanning.plain import Bad, Plain
from .scanning.seen import Seen
from .scanning.window import Window

TELLING = frozenset(
    {
        "block-digest",
        "payload-digest",
        "digest-over-framing",
        "digest-after-first-head",
        "digest-unknown",
        "digest-of-nothing",
        "no-block-digest",
        "no-status-line",
        "endless-head",
        "repeated",
        "tail",
    }
)
"""Rules of `dialect` that no record of ours needs. Others tell what a server sent, or how others write."""


class Found(msgspec.Struct, frozen=True):
    """A record that was read to its end."""

    offset: int
    end: int
    """Where the next record begins, or the file ends."""
    kind: str
    fields: dict[str, str]
    """Named fields by their names in lower case, the first of each."""
    digest: str
    """Of the payload as it is; of a revisit, as its field says."""
    faults: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The WARC-Target-URI."""
        return self.fields.get("warc-target-uri", "")


def read_back(path: Path, offset: int = 0, end: int | None = None) -> Iterator[Found]:
    """
    Yield every record from an offset on, each read to its end and its digests recomputed.

    Up to `end` where a WARC stands inside another file, in which something else follows. Memory stays
    bounded, whatever a record's size. Raises BrokenError where the file cannot be read on.
    """
    try:
        with path.open("rb", buffering=0) as file:
            window = Window(file.fileno(), end)
            records = Members(window, ZLIB) if MAGIC.match(window.view(offset, 4)) else Plain(window)
            while offset < window.size:
                seen = records.take(offset)
                if isinstance(seen, Bad):
                    raise BrokenError(f"{path} at offset {offset}: {seen.what}.", offset)
                yield found_of(seen)
                offset = seen.end
    except OSError as error:
        raise BrokenError(f"{path} cannot be read ({error.strerror or error}).", offset) from error


def found_of(seen: Seen) -> Found:
    """Return what reading back says of a record that was seen."""
    faults = tuple([fault.what for fault in seen.faults if fault.rule in TELLING]) if seen.faults else ()
    return Found(seen.offset, seen.end, seen.kind, seen.fields, seen.digest, faults)
