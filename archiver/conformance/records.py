# SPDX-License-Identifier: EUPL-1.2
"""
Rules that are measured on every record of some WARCs, in one pass over them. Knows nothing of days.

    glances(paths) ──▶ every watch sees every record ──▶ a finding for each

    Addresses  R11   WARC-Target-URI, by the grammar of RFC 3986
    Fields     R10   the fields that every record has
    Infos      R9    warcinfo first in each file, with the fields asked for
    Pairs      R8    every response with its request (`ledger` adds redirects and robots.txt)
    Secrets    R16   cookies, credentials, passwords in addresses

A file that breaks off is measured as far as it goes, and fails every rule here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..exchange import header_fields
from ..records import BrokenError, Record, iterate
from ..strict.grammar import is_uri
from .rules import Fact, Few, Finding, Rule, Verdict

MAX_BLOCK = 1 << 18
"""Bytes that are read of a request's head, or of a warcinfo; ours have a few hundred."""
_READ = frozenset({"warcinfo", "request"})
_WITH_ADDRESS = frozenset({"request", "response", "revisit", "resource", "conversion"})
_ANSWERS = frozenset({"response", "revisit"})
_SECRET = frozenset({"cookie", "authorization", "proxy-authorization"})
_BLANK = re.compile(rb"\r?\n\r?\n")
_USER = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#]*@", re.ASCII)


@dataclass(frozen=True, slots=True)
class Glance:
    """One record, as far as these rules look at it."""

    file: str
    offset: int
    first: bool
    """Whether it is the first of its file."""
    record: Record
    block: bytes
    """The beginning of the block of a request or a warcinfo; empty for all others."""

    def field(self, name: str) -> str:
        """Return the first value of a named field, empty where there is none."""
        return self.record.field(name) or ""

    @property
    def place(self) -> str:
        """Where it stands, and of what it is."""
        address = self.field("WARC-Target-URI")
        return f"{self.file} @ {self.offset}: {self.record.kind}{' ' if address else ''}{address}"


class Watch(Protocol):
    """Measures one rule while the records pass."""

    def see(self, glance: Glance) -> None:
        """Take note of a record."""


class Finder(Watch, Protocol):
    """Measures one rule by records alone."""

    def finding(self, rule: Rule, seen: Seen) -> Finding:
        """Return what was found."""


@dataclass(slots=True)
class Seen:
    """What the pass went over."""

    where: str
    """What was measured: `archive`, or the export."""
    files: int = 0
    records: int = 0
    broken: Few = field(default_factory=Few)

    def judged(self, rule: Rule, *facts: Fact, good: bool) -> Finding:
        """Return a finding on all files; what breaks off, or is not there at all, cannot pass."""
        if not self.files:
            return Finding(rule, Verdict.FAIL, (Fact("no-files"),), self.where)
        if self.broken.count:
            facts, good = (*facts, self.broken.fact("records-broken")), False
        return Finding(rule, Verdict.PASS if good else Verdict.FAIL, facts, self.where)


def watch(paths: Sequence[Path], where: str, watches: Sequence[Watch]) -> Seen:
    """Show every record of some WARCs to every watch, once. Memory is bounded by what the watches keep."""
    seen = Seen(where)
    for path in paths:
        seen.files += 1
        try:
            for glance in _glances(path):
                seen.records += 1
                for one in watches:
                    one.see(glance)
        except BrokenError as error:
            seen.broken.add(f"{path.name} @ {error.offset}: {error}")
    return seen


def _glances(path: Path) -> Iterator[Glance]:
    for number, (offset, record) in enumerate(iterate(path)):
        block = record.block.read(MAX_BLOCK) if record.kind in _READ else b""
        yield Glance(path.name, offset, number == 0, record, block)


class Addresses:
    """R11: the address of every request and response."""

    def __init__(self) -> None:
        self._records = 0
        self._bad = Few()

    def see(self, glance: Glance) -> None:
        """Take note of a record."""
        if glance.record.kind in _WITH_ADDRESS:
            self._records += 1
            if not is_uri(glance.field("WARC-Target-URI")):
                self._bad.add(glance.place)

    def finding(self, rule: Rule, seen: Seen) -> Finding:
        """Return what was found."""
        if self._bad.count:
            return seen.judged(rule, self._bad.fact("uris-bad", records=self._records), good=False)
        return seen.judged(rule, Fact("uris-good", {"records": self._records}), good=True)


class Fields:
    """R10: the fields that every record has."""

    def __init__(self, rule: Rule) -> None:
        self._asked = rule.fields
        self._bad = Few()

    def see(self, glance: Glance) -> None:
        """Take note of a record."""
        lacking = [name for name in self._asked if not glance.field(name) and _expected(name, glance)]
        if lacking:
            self._bad.add(f"{glance.place} ({', '.join(lacking)})")

    def finding(self, rule: Rule, seen: Seen) -> Finding:
        """Return what was found."""
        if self._bad.count:
            return seen.judged(rule, self._bad.fact("fields-bad", records=seen.records), good=False)
        values = {"records": seen.records, "fields": ", ".join(self._asked)}
        return seen.judged(rule, Fact("fields-good", values), good=True)


def _expected(name: str, glance: Glance) -> bool:
    """Tell whether a record should have a field (ISO 28500:2017 sections 5.6, 5.14 and 7)."""
    if name == "WARC-Warcinfo-ID":
        return glance.record.kind != "warcinfo"
    if name == "Content-Type":
        return glance.record.kind != "continuation" and glance.field("Content-Length") != "0"
    return True


class Infos:
    """R9: warcinfo first in each file, with the fields asked for."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._bad = Few()
        self._lacking: set[str] = set()

    def see(self, glance: Glance) -> None:
        """Take note of a record."""
        if not glance.first:
            return
        if glance.record.kind != "warcinfo":
            self._bad.add(f"{glance.file}: {glance.record.kind or '?'}")
            return
        said = {name.lower() for name, value in header_fields(glance.block) if value.strip()}
        lacking = [name for name in self._rule.fields if name.lower() not in said]
        if lacking:
            self._bad.add(f"{glance.file}: {', '.join(lacking)}")
        self._lacking.update(name for name in self._rule.useful if name.lower() not in said)

    def finding(self, rule: Rule, seen: Seen) -> Finding:
        """Return what was found."""
        values = {"files": seen.files, "fields": ", ".join(rule.fields)}
        fact = self._bad.fact("info-bad", files=seen.files) if self._bad.count else Fact("info-good", values)
        useful = ", ".join(name for name in rule.useful if name in self._lacking)
        more = (Fact("info-useful", {"fields": useful}),) if useful else ()
        return seen.judged(rule, fact, *more, good=not self._bad.count)


class Pairs:
    """
    R8: every response or revisit has its request, whichever of the two names the other or comes first.

    What still waits for its other half is kept as a hash; in our files that is one at a time.
    """

    def __init__(self) -> None:
        self.responses = 0
        self._alone: dict[int, str] = {}
        self._called: set[int] = set()
        """Responses that a request named before they came."""
        self._requests: set[int] = set()
        """Requests that named none that had come."""
        self._calls: dict[int, int] = {}
        """By the request that a response named before it came, that response."""

    def see(self, glance: Glance) -> None:
        """Take note of a record."""
        kind = glance.record.kind
        if kind == "request":
            self._request(glance)
        elif kind in _ANSWERS and glance.field("Content-Type").startswith("application/http"):
            self._response(glance)

    def fact(self) -> Fact:
        """Return what was found, a sentence of its own where one is alone."""
        few = Few()
        for place in self._alone.values():
            few.add(place)
        if few.count:
            return few.fact("pairs-alone", responses=self.responses)
        return Fact("pairs", {"responses": self.responses})

    @property
    def good(self) -> bool:
        """Whether none is alone."""
        return not self._alone

    def _request(self, glance: Glance) -> None:
        own, named = hash(glance.field("WARC-Record-ID")), _named(glance)
        waited = [self._alone.pop(one, None) for one in named | {self._calls.pop(own, 0)}]
        if not any(waited):
            self._called |= named
            self._requests.add(own)

    def _response(self, glance: Glance) -> None:
        self.responses += 1
        own, named = hash(glance.field("WARC-Record-ID")), _named(glance)
        if own not in self._called and not named & self._requests:
            self._alone[own] = glance.place
            self._calls.update(dict.fromkeys(named, own))
        self._called.discard(own)
        self._requests -= named


def _named(glance: Glance) -> set[int]:
    """Return the records that a record names as concurrent; the one field that may stand more than once."""
    fields = glance.record.fields
    return {hash(value) for name, value in fields if name.lower() == "warc-concurrent-to"}


class Secrets:
    """R16: nothing in a request, or in an address, that makes a page somebody's own."""

    def __init__(self) -> None:
        self._requests = 0
        self._addresses = 0
        self._found = Few()

    def see(self, glance: Glance) -> None:
        """Take note of a record."""
        kind = glance.record.kind
        found: list[str] = []
        if kind in _WITH_ADDRESS:
            self._addresses += 1
            found += ["user@host"] if _USER.match(glance.field("WARC-Target-URI")) else []
        if kind == "request":
            self._requests += 1
            head = _BLANK.split(glance.block, maxsplit=1)[0].partition(b"\n")[2]
            found += sorted({name for name, _ in header_fields(head) if name.lower() in _SECRET})
        if found:
            self._found.add(f"{glance.file} @ {glance.offset}: {', '.join(found)}")

    def finding(self, rule: Rule, seen: Seen) -> Finding:
        """Return what was found."""
        if self._found.count:
            return seen.judged(rule, self._found.fact("secrets"), good=False)
        values = {"requests": self._requests, "addresses": self._addresses}
        return seen.judged(rule, Fact("secrets-none", values), good=True)
