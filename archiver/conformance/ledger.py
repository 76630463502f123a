# SPDX-License-Identifier: EUPL-1.2
"""
Rules that are measured on the ledger: R3 the whole website, R4 the list of what could not be had, and of R8
the path to a page (redirects, robots.txt, sitemaps). Of addresses only hashes are kept, as a day may be long.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from index.errors import DamagedError
from index.model import Outcome
from index.urlkey import origin

from ..ledger import GONE, GOOD, Entry, UrlOutcome, read
from .records import Pairs, Seen
from .rules import Fact, Few, Finding, Rule, Share, Verdict
from .subject import Subject

LEDGER = "logs/ledger.jsonl"
_STORED = GOOD | {UrlOutcome.HTTP_ERROR, UrlOutcome.TRUNCATED}
_FETCHES = frozenset({"robots", "sitemap"})
_CHUNK = 1 << 20


@dataclass(slots=True)
class Books:
    """What one pass over a ledger brings."""

    counts: Counter[str] = field(default_factory=Counter)
    unsaved: Counter[str] = field(default_factory=Counter)
    """Of what is not stored, or not as it was meant, by outcome."""
    urls: set[int] = field(default_factory=set)
    robots: set[int] = field(default_factory=set)
    """robots.txt files, whose redirects are no path to a page."""
    hosts: dict[int, str] = field(default_factory=dict)
    """Origins of which a response is stored."""
    closed: set[int] = field(default_factory=set)
    """Origins whose robots.txt has an outcome."""
    twice: Few = field(default_factory=Few)
    unreasoned: Few = field(default_factory=Few)
    seeds: Counter[bool] = field(default_factory=Counter)
    seeds_lost: Few = field(default_factory=Few)
    sitemaps: Counter[bool] = field(default_factory=Counter)
    """Those that are there: most sites have none where one is guessed."""
    sitemaps_lost: Few = field(default_factory=Few)
    fetches_lost: Few = field(default_factory=Few)

    @property
    def known(self) -> int:
        """How many addresses have an outcome."""
        return sum(self.counts.values())


def read_books(subject: Subject) -> Books:
    """Read the ledger of a snapshot once. Raises DamagedError."""
    books = Books()
    for entry in read(subject.folder.ledger_path):
        _count(books, entry)
        _path(books, entry, subject)
    return books


def _count(books: Books, entry: Entry) -> None:
    number = hash(entry.url)
    if number in books.urls:
        books.twice.add(entry.url)
    books.urls.add(number)
    books.counts[entry.outcome.value] += 1
    if entry.outcome not in GOOD:
        books.unsaved[entry.outcome.value] += 1
        if not entry.reason and entry.status is None:
            books.unreasoned.add(f"{entry.url} ({entry.outcome.value})")
    if entry.via == "seed":
        books.seeds[entry.outcome in GOOD] += 1
        if entry.outcome not in GOOD:
            books.seeds_lost.add(_what_became(entry))


def _what_became(entry: Entry) -> str:
    return f"{entry.url}: {entry.reason or entry.status or entry.outcome.value}"


def _path(books: Books, entry: Entry, subject: Subject) -> None:
    stored = entry.outcome in _STORED
    if entry.kind == "robots":
        books.robots.add(hash(entry.url))
        books.closed.add(hash(str(origin(entry.url))))
    elif stored:
        host = str(origin(entry.url))
        books.hosts[hash(host)] = host
    if entry.kind == "sitemap" and entry.status not in GONE:
        books.sitemaps[entry.outcome in GOOD] += 1
        if entry.outcome not in GOOD:
            books.sitemaps_lost.add(_what_became(entry))
    if entry.kind in _FETCHES and stored and subject.folder.index.find(entry.url) is None:
        books.fetches_lost.add(entry.url)


def whole_site(rule: Rule, subject: Subject) -> Finding:
    """R3: the ledger balances, every seed was got, and little is lacking."""
    books, summary = read_books(subject), subject.folder.summary
    counts = dict(books.counts)
    balanced = counts == dict(summary.counts) and not books.twice.count
    share, limit = summary.lacking / max(books.known, 1), rule.limits["share"]
    seeded = bool(books.seeds[True] or subject.imported) and not books.seeds[False]
    shares = {"lacking": summary.lacking, "share": Share(share), "limit": Share(limit)}
    read_all = not books.sitemaps_lost.count
    good = balanced and seeded and read_all and share <= limit and summary.outcome is not Outcome.FAILED
    facts = [
        _balance(counts, dict(summary.counts)),
        *([books.twice.fact("ledger-twice")] if books.twice.count else []),
        Fact("seeds", {"got": books.seeds[True], "seeds": books.seeds.total()}),
        *([books.seeds_lost.fact("seeds-lost")] if books.seeds_lost.count else []),
        Fact("sitemaps", {"got": books.sitemaps[True], "sitemaps": books.sitemaps.total()}),
        *([books.sitemaps_lost.fact("sitemaps-lost")] if books.sitemaps_lost.count else []),
        Fact("share", shares),
        Fact("outcome", {"outcome": summary.outcome.value}),
    ]
    return Finding(rule, Verdict.PASS if good else Verdict.FAIL, tuple(facts), LEDGER)


def _balance(counts: dict[str, int], sealed: dict[str, int]) -> Fact:
    if counts != sealed:
        return Fact("ledger-differs", {"counts": _listed(counts), "sealed": _listed(sealed)})
    return Fact("ledger-balances", {"known": sum(counts.values()), "counts": _listed(counts)})


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{outcome} {number}" for outcome, number in sorted(counts.items())) or "0"


def not_harvested(rule: Rule, subject: Subject) -> Finding:
    """R4: the list exists, is sealed, and gives reasons."""
    try:
        books = read_books(subject)
    except DamagedError as error:
        return Finding(rule, Verdict.FAIL, (Fact("list-missing", {"why": str(error)}),), LEDGER)
    facts = [Fact("list-there", {"count": books.unsaved.total(), "counts": _listed(dict(books.unsaved))})]
    facts += [Fact("list-unsealed")] if not _sealed(subject) else []
    facts += [books.unreasoned.fact("list-unreasoned")] if books.unreasoned.count else []
    return Finding(rule, Verdict.FAIL if len(facts) > 1 else Verdict.PASS, tuple(facts), LEDGER)


def _sealed(subject: Subject) -> bool:
    """Tell whether datapackage.json has the ledger with the SHA-256 that it has now."""
    digest = hashlib.sha256()
    with subject.folder.ledger_path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    resources = subject.folder.package.get("resources", [])
    said = [one.get("hash") for one in resources if isinstance(one, dict) and one.get("path") == LEDGER]
    return said == [f"sha256:{digest.hexdigest()}"]


def path_to_a_page(rule: Rule, subject: Subject, pairs: Pairs, seen: Seen) -> Finding:
    """R8: every response has its request, every hop its target, every host its robots.txt."""
    books = read_books(subject)
    hops, lost = 0, Few()
    for capture in subject.folder.index.captures():
        if capture.redirect and capture.shows and hash(capture.url) not in books.robots:
            hops += 1
            if hash(capture.redirect) not in books.urls:
                lost.add(f"{capture.url} → {capture.redirect}")
    silent = Few()
    for number, host in books.hosts.items():
        if number not in books.closed:
            silent.add(host)
    facts = [
        pairs.fact(),
        lost.fact("hops-lost", hops=hops) if lost.count else Fact("hops", {"hops": hops}),
        _hosts(books, silent),
        *([books.fetches_lost.fact("fetches-lost")] if books.fetches_lost.count else []),
    ]
    good = pairs.good and not (lost.count or silent.count or books.fetches_lost.count)
    return seen.judged(rule, *facts, good=good)


def _hosts(books: Books, silent: Few) -> Fact:
    if silent.count:
        return silent.fact("hosts-lost")
    return Fact("hosts", {"hosts": len(books.hosts), "sitemaps": books.sitemaps.total()})
