# SPDX-License-Identifier: EUPL-1.2
"""
The words everyone shares, as frozen values. Knows nothing of how they are stored or shown.

Those of which there are a hundred thousand a day are structs of msgspec: a frozen dataclass of twenty fields
takes 1.5 microseconds to make, such a struct 0.07.

    Capture   one archived exchange or artefact = one CDXJ line
    Segment   where a record goes on that no file had room for
    Original  where the payload of a revisit lives
    Request   what was sent, where that was no GET
    Page      an HTML capture worth listing, with its title
    Snapshot  one dated crawl of one site, with its outcome and counts
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

REVISIT = "warc/revisit"
"""The mime that CDX tools write for a revisit record, whatever the page's own type."""


Content = tuple[int | None, str, str | None, str]
"""What a URL answered, for comparing days: status, payload digest, redirect target and media type."""


class Outcome(StrEnum):
    """How a whole snapshot went."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class Segment(msgspec.Struct, frozen=True):
    """Where a record goes on that no file had room for: a `continuation` record (ISO 28500:2017 7)."""

    filename: str
    """Name of a WARC, in the folder of the first segment's."""
    offset: int
    length: int


class Original(msgspec.Struct, frozen=True):
    """Where the payload of a revisit is stored: a record of this or of an earlier snapshot of the site."""

    snapshot: str
    """14-digit name of the snapshot that holds the record."""
    filename: str
    offset: int
    length: int
    mime: str
    status: int
    url: str
    timestamp: str
    record: str | None = None
    """WARC-Record-ID of that record, without its angle brackets; None in indexes older than this field."""
    date: str | None = None
    """WARC-Date of that record, with its fraction; None as above."""
    segments: tuple[Segment, ...] = ()
    """Where that record goes on, in order, if it stands in segments."""


class Request(msgspec.Struct, frozen=True):
    """By which request a capture was answered, where its method is not GET (index.request_key)."""

    method: str
    query: str
    """What of its body stands in the key."""
    digest: str
    """`sha256:` of its body."""
    filename: str
    """Name of the WARC with its record, in the folder of the answer's; empty where it did not come along."""
    offset: int


class Capture(msgspec.Struct, frozen=True):
    """
    One archived exchange as indexed.

    `digest` is `sha256:` and 64 hexadecimal digits, of the payload; only of an unresolved revisit, whose
    payload nobody has here, it is what its record says.
    """

    urlkey: str
    timestamp: str
    url: str
    mime: str
    """Media type as served, in lower case without parameters; REVISIT for a revisit; `unk` if none."""
    status: int | None
    """HTTP status; None for artefacts of ours, such as extracted text."""
    digest: str
    filename: str
    """Name of the WARC below the snapshot's archive/."""
    offset: int
    length: int
    redirect: str | None = None
    """Where a 3xx leads, absolute and normalised."""
    etag: str | None = None
    last_modified: str | None = None
    truncated: str | None = None
    """Reason of WARC-Truncated where the body was cut."""
    original: Original | None = None
    record: str | None = None
    """WARC-Record-ID, without its angle brackets; None in indexes older than this field."""
    date: str | None = None
    """WARC-Date, with its fraction; None as above."""
    made_up: bool = False
    """Whether the crawler made up the address to see what is answered to it; it is no part of the site."""
    recorded: str | None = None
    """The record's own WARC-Payload-Digest as written, where that is not `digest` (other tools' records)."""
    unresolved: bool = False
    """Whether it is a revisit, of an imported file, whose payload is nowhere in this archive."""
    segments: tuple[Segment, ...] = ()
    """Where the record goes on, in order, if it stands in segments; `filename` has the first."""
    request: Request | None = None
    """Of what answers another method than GET: it is not what its address shows, and has a key of its own."""

    @property
    def shows(self) -> bool:
        """Whether it is what a visitor of its address got: by GET, and of no address that was made up."""
        return self.request is None and not self.made_up

    @property
    def content_type(self) -> str:
        """The media type of the page itself, also where this capture is a revisit."""
        return self.original.mime if self.original else self.mime

    @property
    def effective_status(self) -> int | None:
        """The status a visitor of that day saw: a 304 to our crawler stood for the original's status."""
        return self.original.status if self.original and self.status == 304 else self.status

    @property
    def content(self) -> Content:
        """What must stay equal for the URL to count as unchanged."""
        return self.effective_status, self.digest, self.redirect, self.content_type


def moment(capture: Capture) -> tuple[str, str, str, int]:
    """Return what puts captures of one URL in the order of time, those of the same second too."""
    return capture.timestamp, capture.date or "", capture.filename, capture.offset


class Page(msgspec.Struct, frozen=True):
    """An HTML capture worth listing: one line of pages/pages.jsonl."""

    url: str
    timestamp: str
    title: str
    language: str
    """Primary language subtag in lower case (`nl`), empty where the page does not say."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One dated crawl of one site, sealed."""

    site: str
    timestamp: str
    day: str
    """The calendar day in the site's own time zone, `YYYY-MM-DD`."""
    outcome: Outcome
    counts: Mapping[str, int] = field(default_factory=dict)
    """Known URLs by ledger outcome; they add up to the number of known URLs."""
    bytes: int = 0
    """Size of the sealed folder."""
    changed: int = 0
    """URLs new, changed or removed against the snapshot before it."""
    lacking: int = 0
    """URLs that were there to be had and are not stored, or not whole, or as an error of the server's own."""
    demonstration: bool = False
    noise: int = 0
    """Of `changed`, pages that differ in what says nothing alone; 0 in days sealed before that was told."""
    changed_text: int | None = None
    """Of `changed`, those of which a reader sees another text; None in days sealed before that was told."""

    @property
    def known(self) -> int:
        """How many URLs this day knew."""
        return sum(self.counts.values())
