# SPDX-License-Identifier: EUPL-1.2
"""
The ledger: every known URL of a day with exactly one outcome. Knows nothing of how outcomes come about.

One JSON object per line of logs/ledger.jsonl, in the order of the URLs' keys:

    {"url":"https://…","outcome":"captured","status":200,"reason":"","via":"seed","bytes":5120,
     "timestamp":"20260302023001","depth":0,"kind":"outlink"}

`via` tells where the URL was found: `seed`, `sitemap`, `robots`, `yesterday`, the URL of the page, or `probe`
for one that was made up (archiver.probes). `kind` tells what it is there: `outlink`, `embed`, `sitemap`,
`robots`, or `hint` for what only looks like an address (in a script, in data); what a hint misses does not
count against the day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from index.errors import DamagedError
from index.model import Outcome

from .retry import AGAIN


class UrlOutcome(StrEnum):
    """What became of one known URL."""

    CAPTURED = "captured"
    UNCHANGED = "unchanged"
    REDIRECT = "redirect"
    HTTP_ERROR = "http-error"
    NETWORK_ERROR = "network-error"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    ROBOTS = "robots"
    OUT_OF_SCOPE = "out-of-scope"
    OVER_LIMIT = "over-limit"
    NOT_REACHED = "not-reached"


GOOD = frozenset({UrlOutcome.CAPTURED, UrlOutcome.UNCHANGED, UrlOutcome.REDIRECT})
"""Outcomes with a response that is stored and was meant."""

GONE = frozenset({404, 410})
"""Statuses by which the server says that there is nothing; asked again while something may link to it."""

STORED = frozenset({UrlOutcome.CAPTURED, UrlOutcome.UNCHANGED, UrlOutcome.TRUNCATED})
"""Outcomes with something to show for it."""

REFUSED = frozenset({UrlOutcome.OUT_OF_SCOPE, UrlOutcome.OVER_LIMIT, UrlOutcome.ROBOTS})
"""Outcomes of URLs that were not asked for, by a decision."""

PROBE = "probe"
"""The `via` of an address that the crawler made up (archiver.probes)."""
UNREAD = "its links could not be read"
"""How the reason begins where a page is stored and what it leads to is not known."""

UNLISTED = "unlisted"
"""Under this name the frontier keeps how many addresses were found beyond what a ledger holds."""

LACKING = frozenset(
    {
        UrlOutcome.NETWORK_ERROR,
        UrlOutcome.TIMEOUT,
        UrlOutcome.TRUNCATED,
        UrlOutcome.OVER_LIMIT,
        UrlOutcome.NOT_REACHED,
    }
)
"""Outcomes that make a day incomplete: something was there to be had and we do not have it, or not whole."""


class Entry(msgspec.Struct, frozen=True):
    """One known URL and what became of it."""

    url: str
    outcome: UrlOutcome
    status: int | None
    reason: str
    via: str
    bytes: int
    """Bytes received on the wire."""
    timestamp: str
    """14 digits; when it was asked for, or decided."""
    depth: int = 0
    """Links away from a seed."""
    kind: str = "outlink"
    borrowed: bool = False
    """Whether it is out of scope and was asked for only because a page of the site needs it as a part."""
    flag: str = ""
    """What it is instead of a page, where it does not look like one (archiver.suspicion)."""

    @property
    def asked(self) -> bool:
        """Whether it was asked for, or would have been had there been time."""
        return self.outcome not in REFUSED

    @property
    def missed_hint(self) -> bool:
        """Whether it was no more than a guess, and wrong."""
        return self.kind == "hint" and self.outcome not in STORED | {UrlOutcome.REDIRECT}

    @property
    def lasting(self) -> bool:
        """Whether the next day should know of it: all but probes, and guesses that were said to be wrong."""
        told = self.status is not None and 400 <= self.status < 500 and self.status not in AGAIN
        return self.via != PROBE and not (self.missed_hint and (told or self.outcome in REFUSED))


def write_lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the ledger's lines."""
    encoder = msgspec.json.Encoder()
    for entry in entries:
        yield encoder.encode(entry) + b"\n"


def read(path: Path, *, but: Collection[UrlOutcome] = ()) -> Iterator[Entry]:
    """
    Yield the entries of a ledger. Raises DamagedError naming the line that cannot be read.

    Lines of the outcomes in `but` are passed over unread: most of a good day, told in a third of the time.
    """
    # in a text of JSON each of its quotes would have a backslash before it
    passed = re.compile(b"|".join(b'"outcome":"%b"' % one.encode() for one in but) if but else b"(?!)").search
    decoder = msgspec.json.Decoder(Entry)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if passed(line):
                    continue
                try:
                    yield decoder.decode(line)
                except (msgspec.DecodeError, RecursionError) as error:
                    raise DamagedError(f"{path} line {number} is not a ledger entry: {error}.") from error
    except OSError as error:
        raise DamagedError(f"The ledger {path} cannot be read: {error.strerror}.") from error


def count(entries: Iterable[Entry]) -> dict[str, int]:
    """Return how many URLs had each outcome; the sum is the number of known URLs."""
    counted = Counter(entry.outcome for entry in entries)
    return {outcome.value: counted[outcome] for outcome in UrlOutcome if counted[outcome]}


def lacking(counts: dict[str, int], server_errors: int) -> int:
    """Return how many URLs were there to be had and are not stored, not whole, or as a server's error."""
    return server_errors + sum(counts.get(outcome, 0) for outcome in LACKING)


def judge(counts: dict[str, int], server_errors: int) -> Outcome:
    """
    Return how the day went as a whole.

    Failed: not one page or file of the site was got; redirects alone lead nowhere. Partial: something that
    was there to be had is lacking, or the server answered 5xx or 429. Complete: everything else; a 404 is an
    answer like any other.
    """
    if not any(counts.get(outcome) for outcome in STORED):
        return Outcome.FAILED
    return Outcome.PARTIAL if lacking(counts, server_errors) else Outcome.COMPLETE
