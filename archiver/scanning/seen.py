# SPDX-License-Identifier: EUPL-1.2
"""
What scanning a file gives, as values. Knows nothing of how a file is read.

    Seen      a record that was read to its end, kept, with what is odd or wrong about it
    Skipped   bytes that are no intact record, and why
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from index.request_key import GET

from ..exchange import Headers


@dataclass(frozen=True, slots=True)
class Fault:
    """Something odd about a record that is kept all the same, by a rule of `dialect.RULES`."""

    rule: str
    """The id of the rule."""
    what: str
    """What this record has, in a few words."""
    damage: bool = False
    """Whether bytes of the record are not those that were written."""


class Seen(msgspec.Struct, frozen=True):
    """A record that was read to its end, its digests recomputed."""

    offset: int
    end: int
    """Where the next record begins, or the file ends."""
    kind: str
    """WARC-Type in lower case."""
    version: str
    """`1.1`, `1.0`, `0.18` …"""
    fields: dict[str, str]
    """Named fields by their names in lower case, the first of each; brackets around the URI taken off."""
    block_length: int
    status: int | None
    """Of a response or revisit, where its block has an HTTP head."""
    headers: Headers
    """HTTP fields of a response or revisit, as Latin-1; without pseudo header fields."""
    digest: str
    """`sha256:` of the payload without transfer coding; of a revisit what its field says, empty for none."""
    payload_length: int
    method: str | None = None
    """Of a request."""
    block: bytes = b""
    """Of a request that is no GET: its block, of a longer one the beginning (`held.FIRST` bytes)."""
    faults: tuple[Fault, ...] = ()

    @property
    def url(self) -> str:
        """The WARC-Target-URI."""
        return self.fields.get("warc-target-uri", "")

    @property
    def intact(self) -> bool:
        """Whether nothing says that bytes are other than they were written."""
        return not any(fault.damage for fault in self.faults)


def is_sent(method: str | None) -> bool:
    """Tell whether a request by a method may send something: whether it is no GET."""
    return method is not None and method.upper() != GET


@dataclass(frozen=True, slots=True)
class Skipped:
    """Bytes that hold no intact record."""

    offset: int
    end: int
    what: str
    """Why, in a few words."""
    rule: str = "damage"
    """
    `damage`; or `crowded-member`: a gzip member holds more than one record, so none but the first could be
    read in place. Nothing is lost there: `unpack` as Form.GZIP gives them all.
    """
