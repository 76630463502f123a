# SPDX-License-Identifier: EUPL-1.2
"""
The ledger of an imported snapshot: every address once, from its records or from the ledger that came along.

    records            ledger of an export of ours        entry
    has it             (none)                             of the record; the last one where there are several
    has it             has it                             of the ledger, as far as the record bears it out
    has it not         called stored                      not-reached: its record did not come along
    has it not         anything else                      of the ledger

Both sides are in the order of the addresses' keys. Knows nothing of files or of what a record holds.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter

import msgspec

from index.cdxj import ASKED_OTHERWISE, parse_line
from index.model import moment
from index.urlkey import urlkey

from ..ledger import GOOD, PROBE, Entry, UrlOutcome

_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}
_LOST = "its record did not come with the imported files"
_SERVER_ERRORS = frozenset({304, 429})

Keyed = tuple[bytes, Entry]
"""An entry with what it is put in order by."""

_ENTRY = msgspec.json.Decoder(Entry)
_ENCODER = msgspec.json.Encoder()


@dataclass(slots=True)
class Tally:
    """What the entries of a ledger add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    """Of all."""
    own: Counter[str] = field(default_factory=Counter)
    """Of what the site itself is made of, by which the day is judged (archiver.tallies)."""
    server_errors: int = 0

    def add(self, entry: Entry) -> None:
        """Count one."""
        self.counts[entry.outcome] += 1
        if entry.borrowed or entry.via == PROBE or entry.missed_hint:
            return
        status = entry.status or 0
        if entry.outcome is UrlOutcome.HTTP_ERROR and (status >= 500 or status in _SERVER_ERRORS):
            self.server_errors += 1
        if entry.kind not in {"robots", "sitemap"}:
            self.own[entry.outcome] += 1


def entries_of(lines: Iterable[bytes]) -> Iterator[Keyed]:
    """
    Yield the entry of every address among lines that are on their way into an index, in their order.

    A ledger is of what addresses show: an answer to another method than GET is no outcome of its address.
    """
    key, found = b"", dict[str, tuple[bytes, Entry]]()
    for line in lines:
        if ASKED_OTHERWISE in line or line.startswith(b"urn:"):
            continue
        this = _key(line)
        if this != key:
            yield from _of_key(key, found)
            key, found = this, {}
        index_line, _, rest = line.partition(b"\t")
        told = _ENTRY.decode(rest.partition(b"\t")[0])
        before = found.get(told.url)
        if before is None or _is_later(index_line, before[0]):
            found[told.url] = index_line, told
    yield from _of_key(key, found)


def _of_key(key: bytes, found: dict[str, tuple[bytes, Entry]]) -> Iterator[Keyed]:
    """Yield the entries of the addresses of one key."""
    for url in sorted(found):
        yield key + b" " + url.encode(), found[url][1]


def _key(line: bytes) -> bytes:
    return line[: line.index(b" ")]


def _is_later(line: bytes, other: bytes) -> bool:
    return moment(parse_line(line)) > moment(parse_line(other))


def keyed(entry: Entry) -> bytes:
    """Return an entry as a line that stands in order among others of its kind."""
    return f"{urlkey(entry.url)} {entry.url}".encode() + b"\t" + _ENCODER.encode(entry) + b"\n"


def unkeyed(lines: Iterable[bytes]) -> Iterator[Keyed]:
    """Yield what `keyed` made lines of; of an address that stands twice the first."""
    last = b""
    for line in lines:
        key, _, entry = line.partition(b"\t")
        if key != last:
            yield key, _ENTRY.decode(entry)
        last = key


def joined(records: Iterable[Keyed], taken: Iterable[Keyed]) -> Iterator[Entry]:
    """Yield every address of both sides once."""
    others = iter(taken)
    first = next(others, None)
    if first is None:  # nearly always: no ledger came along
        yield from (entry for _, entry in records)
        return
    taken = chain([first], others)
    sides = heapq.merge(
        ((key, 0, entry) for key, entry in records),
        ((key, 1, entry) for key, entry in taken),
        key=itemgetter(0, 1),
    )
    for _, group in groupby(sides, key=itemgetter(0)):
        both = {side: entry for _, side, entry in group}
        yield _of_both(both.get(0), both.get(1))


def _of_both(record: Entry | None, told: Entry | None) -> Entry:
    if told is None:
        assert record is not None
        return record
    replace = msgspec.structs.replace
    if record is None:
        lost = told.outcome in _STORED
        return replace(told, outcome=UrlOutcome.NOT_REACHED, reason=_LOST) if lost else told
    if told.outcome in _STORED and not (record.outcome is UrlOutcome.TRUNCATED or record.reason):
        return told
    return replace(
        told, outcome=record.outcome, reason=record.reason, status=record.status, bytes=record.bytes
    )
