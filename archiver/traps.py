# SPDX-License-Identifier: EUPL-1.2
"""
Addresses that a site makes up without end. Knows nothing of fetching, of scope or of why a URL is wanted.

    /a/a/a/a/a …              a relative link that leads into itself
    /list?sort=a&sort=a …     a link that adds to the address it stands on
    /shop?colour=…&size=…     filters in every combination
    /calendar/2091-07         months that nobody has written anything about
    /page?id=1, ?id=2 …       one page under any number of addresses

The first rules look at an address alone and are in RULES. The last learns: the crawl tells what each URL gave
(`seen`), URLs of one pattern are counted together, and a pattern is left when it keeps giving what it gave
before. It asks for proof, and never counts alone: a forum with fifty thousand posts, a news archive of ten
years and a manual of thousands of pages are no traps, and `max_urls` and `max_depth` bound them anyway.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Limit = Annotated[int, Meta(ge=1)]

MAX_REMEMBERED = 100_000
"""Contents, and members of sets, that are remembered over all patterns; the oldest are forgotten first."""
MAX_PATTERNS = 20_000
"""Patterns that are remembered."""
MAX_CYCLE = 8
"""Segments of the longest cycle that is looked for."""
STALE_SHARE = 10
"""A pattern is left where at most one in so many of its URLs gave something new."""
FAR_MONTHS = 120
"""Months beyond `max_years_ahead` that one pattern may name: four digits and two are not always a month."""
LAST_YEAR = 2199
"""Four digits beyond this are a number; a calendar that goes there has come through the years before."""

_OWN_WORD = frozenset({"seed", "robots"})
_NUMBER = "#"
"""Stands for a number in a pattern; no normalised URL has it."""
_DIGITS = re.compile(r"\d+", re.ASCII)
_TOKEN = re.compile(r"[0-9A-Za-z_-]{16,}", re.ASCII)
_MONTH = re.compile(r"(?<!\d)(\d{4})[-/](0?[1-9]|1[0-2])(?!\d)", re.ASCII)
_YEAR_PARAMETER = re.compile(r"[\w.\[-]*(?:year|jaar|yr|y)\]?=(\d{4})", re.ASCII | re.IGNORECASE)
_MONTH_PARAMETER = re.compile(r"[\w.\[-]*(?:month|maand|mon|m)\]?=(0?[1-9]|1[0-2])", re.ASCII | re.IGNORECASE)


class TrapLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an ordinary site stays within: the table `[site.traps]` of the configuration."""

    max_segments: Limit = 30
    """Segments of a path."""
    max_repeats: Limit = 5
    """Times that one segment stands in a path."""
    max_cycles: Limit = 3
    """Times in a row that the same two or more segments stand in a path."""
    max_parameters: Limit = 40
    """Parameters of a query string."""
    max_repeated_parameters: Limit = 10
    """Times that one and the same parameter, its value included, stands in a query string."""
    max_combinations: Limit = 500
    """Sets of parameter names with which one path is asked for."""
    max_years_ahead: Limit = 10
    """Years from now on in which a month may lie."""
    max_same: Limit = 1000
    """URLs of one pattern that gave nothing new."""
    max_queries: Limit = 1000
    """Query strings of one path that gave nothing new."""


@dataclass(frozen=True, slots=True)
class _Address:
    """A URL taken apart, once for all rules."""

    path: str
    """With scheme and host."""
    segments: list[str]
    parameters: list[str]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(_DIGITS.sub(_NUMBER, one.partition("=")[0]) for one in self.parameters)


Rule = Callable[[_Address, int], str | None]
"""From an address and the limit: what is too much, in words; None where nothing is."""


def _segments(address: _Address, most: int) -> str | None:
    count = len(address.segments)
    return f"its path has {count} segments" if count > most else None


def _repeats(address: _Address, most: int) -> str | None:
    segment, count = _commonest(address.segments, most)
    if count > most:
        return f"'{segment[:40]}' stands {count} times in its path"
    return None


def _cycles(address: _Address, most: int) -> str | None:
    cycle = _cycle(address.segments, most)
    return f"'{'/'.join(cycle)[:80]}' stands again and again in its path" if cycle else None


def _parameters(address: _Address, most: int) -> str | None:
    count = len(address.parameters)
    return f"its query string has {count} parameters" if count > most else None


def _repeated_parameters(address: _Address, most: int) -> str | None:
    parameter, count = _commonest(address.parameters, most)
    return f"'{parameter[:40]}' stands {count} times in its query string" if count > most else None


RULES: tuple[tuple[str, Rule], ...] = (
    ("max_segments", _segments),
    ("max_repeats", _repeats),
    ("max_cycles", _cycles),
    ("max_parameters", _parameters),
    ("max_repeated_parameters", _repeated_parameters),
)
"""Setting and rule, of all rules that need nothing but the address; asked in this order."""


@dataclass(slots=True)
class _Brought:
    """What the URLs of one pattern gave."""

    fresh: int = 0
    stale: int = 0

    def count(self, *, new: bool) -> None:
        if new:
            self.fresh += 1
        else:
            self.stale += 1

    def is_stale(self, most: int) -> bool:
        return self.stale > most and STALE_SHARE * self.fresh <= self.fresh + self.stale


@dataclass(slots=True)
class _Sets:
    """Sets by key, bounded one by one and all together."""

    sets: OrderedDict[str, set[int]] = field(default_factory=OrderedDict)
    size: int = 0

    def add(self, key: str, member: Hashable, most: int) -> bool:
        """Put a member into the set of a key; False where it is new and the set is full."""
        members = self.sets.pop(key, set())
        self.sets[key] = members
        before, digest = len(members), hash(member)
        if digest not in members and before >= most:
            return False
        members.add(digest)
        self.size += len(members) - before
        while self.size > MAX_REMEMBERED:
            self.size -= len(self.sets.popitem(last=False)[1])
        return True


@dataclass(slots=True)
class Traps:
    """What one crawl has learned of the addresses of its site. For one thread."""

    year: int
    """The year it is."""
    limits: TrapLimits = field(default_factory=TrapLimits)
    _combinations: _Sets = field(default_factory=_Sets)
    _months: _Sets = field(default_factory=_Sets)
    _contents: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _patterns: OrderedDict[str, _Brought] = field(default_factory=OrderedDict)

    def refuse(self, url: str, depth: int, via: str) -> str | None:
        """
        Return why a normalised URL will not be asked for, and which setting says so; None where it may be.

        `depth` is its distance from a seed, `via` where it was found; what the operator and robots.txt name
        themselves is never refused. Ask once for each URL that is new, before it becomes known.
        """
        if depth == 0 or via in _OWN_WORD:
            return None
        address = _apart(url)
        for setting, what in self._found(url, address):
            limit = getattr(self.limits, setting)
            return f"it looks like one of endless addresses: {what}; more than {setting} = {limit}"
        return None

    def seen(self, url: str, digest: str) -> None:
        """
        Learn what a URL gave: the digest of its text where it is a page, else of its payload.

        Of the text, because pages that a trap makes up differ in the links they hold and in nothing else.
        """
        for _, pattern in _patterns(url):
            brought = self._patterns.pop(pattern, None) or _Brought()
            self._patterns[pattern] = brought
            content = hash((pattern, digest))
            known = content in self._contents
            self._contents[content] = None
            self._contents.move_to_end(content)
            brought.count(new=not known)
        _forget(self._patterns, MAX_PATTERNS)
        _forget(self._contents, MAX_REMEMBERED)

    def _found(self, url: str, address: _Address) -> Iterator[tuple[str, str]]:
        """Yield each setting that an address goes beyond, and how."""
        for setting, rule in RULES:
            if what := rule(address, getattr(self.limits, setting)):
                yield setting, what
        if what := self._combined(address):
            yield "max_combinations", what
        if what := self._far(url, address):
            yield "max_years_ahead", what
        for setting, pattern in _patterns(url):
            brought = self._patterns.get(pattern)
            if brought and brought.is_stale(getattr(self.limits, setting)):
                self._patterns.move_to_end(pattern)
                yield setting, f"{brought.stale} addresses like it brought nothing new"

    def _combined(self, address: _Address) -> str | None:
        if len(address.parameters) < 2:
            return None
        if self._combinations.add(address.path, address.names, self.limits.max_combinations):
            return None
        return "its path is asked for with ever other sets of parameters"

    def _far(self, url: str, address: _Address) -> str | None:
        for year, month in _months(url, address):
            ahead = self.year + self.limits.max_years_ahead < year <= LAST_YEAR
            if ahead and not self._months.add(_pattern(url), (year, month), FAR_MONTHS):
                return f"it is one of more than {FAR_MONTHS} for months as far away as {year}-{month:02}"
        return None


def _apart(url: str) -> _Address:
    path, _, query = url.partition("?")
    segments = [segment for segment in path.split("/")[3:] if segment]
    return _Address(path, segments, [one for one in query.split("&") if one])


def _patterns(url: str) -> Iterator[tuple[str, str]]:
    """Yield setting and pattern under which a URL is counted; none for one that varies in nothing."""
    path, mark, query = url.partition("?")
    pattern = _pattern(url)
    if mark and query:
        yield "max_queries", f"{path}?"
    if pattern != url:
        yield "max_same", pattern


def _pattern(url: str) -> str:
    """
    Return what URLs that a program makes have in common.

    `/s/0f3c9d…/item/12?page=3` and `/s/77ab01…/item/7?page=4` are both `/s/*/item/#?page`.
    """
    start = url.find("/", 8)
    path, mark, query = url[start:].partition("?")
    path = _DIGITS.sub(_NUMBER, _TOKEN.sub(_token, path))
    names = sorted({_DIGITS.sub(_NUMBER, one.partition("=")[0]) for one in query.split("&")})
    return url[:start] + path + mark + "&".join(names)


def _token(match: re.Match[str]) -> str:
    """Take a long word with a digit in it for a name that no person gave."""
    return "*" if _DIGITS.search(match[0]) else match[0]


def _months(url: str, address: _Address) -> Iterator[tuple[int, int]]:
    """Yield year and month where an address names them: `2031-07`, `/2031/07/`, `?year=2031&month=7`."""
    for match in _MONTH.finditer(url):
        yield int(match[1]), int(match[2])
    years = _values(_YEAR_PARAMETER, address.parameters)
    months = _values(_MONTH_PARAMETER, address.parameters)
    if years and months:
        yield years[0], months[0]


def _values(parameter: re.Pattern[str], parameters: Iterable[str]) -> list[int]:
    found = map(parameter.fullmatch, parameters)
    return [int(match[1]) for match in found if match]


def _commonest(words: list[str], most: int) -> tuple[str, int]:
    """Return the word that stands there most often, and how often; spared where it cannot be over `most`."""
    return Counter(words).most_common(1)[0] if len(words) > most else ("", 0)


def _cycle(segments: list[str], most: int) -> list[str]:
    """Return segments that stand more than `most` times in a row; empty where none do."""
    for size in range(2, MAX_CYCLE + 1):
        run = 0
        for place in range(size, len(segments)):
            run = run + 1 if segments[place] == segments[place - size] else 0
            if run >= size * most:
                return segments[place - size + 1 : place + 1]
    return []


def _forget(remembered: OrderedDict[Any, Any], most: int) -> None:
    while len(remembered) > most:
        remembered.popitem(last=False)
