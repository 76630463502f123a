# SPDX-License-Identifier: EUPL-1.2
"""
Which mementos there are of a URL, and which of them is nearest to a moment.

    kept(held, url)               the snapshots that have it, from the history: no file is opened
    memento_of(held, one)         when exactly such a snapshot captured it, from the index of that snapshot
    nearest(held, every, moment)  the memento that is meant, with first, last, and those before and after it

Every snapshot that did not fail is a memento of what it has, also on a day on which nothing changed: a
capture was made, and it has a moment of its own. Where the spelling that is asked for was not captured, a URL
is also found by the other scheme and with or without `www.`; each memento is told by the URL that it is of.
Paths that differ in upper and lower case are different pages. Knows nothing of HTTP.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from operator import attrgetter
from typing import NamedTuple, overload

from index.errors import DamagedError
from index.lifeline import Interval
from index.timestamp import parse_timestamp

from ..holdings import Holdings
from .memento import Around, Memento

NEAR = 4
"""
Snapshots on each side that are asked for their moment. A capture comes after the name of its snapshot, so
that with the crawls of one site two would do; crawls of several sites and imported days overlap.
"""
TRIES = 64
"""Snapshots on each side that are looked into for these, where some have nothing that can be shown."""


class Kept(NamedTuple):
    """A snapshot that has a URL, and how the URL is spelled there."""

    snapshot: str
    site: str
    url: str


class _OfOne(Sequence[Kept]):
    """The snapshots, oldest first, that have one URL of one site: thousands, of which few are asked."""

    def __init__(self, names: Sequence[str], site: str, url: str) -> None:
        self._names, self._site, self._url = names, site, url

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, at: int) -> Kept: ...

    @overload
    def __getitem__(self, at: slice) -> _OfOne: ...

    def __getitem__(self, at: int | slice) -> Kept | _OfOne:
        if isinstance(at, slice):
            return _OfOne(self._names[at], self._site, self._url)
        return Kept(self._names[at], self._site, self._url)


def kept(held: Holdings, url: str) -> Sequence[Kept]:
    """Return the snapshots that have a normalised URL, or one that is taken for it, oldest first."""
    taken = [one for spelling in _spellings(held, url) for one in _alike(held, spelling)]
    if taken and len({(one.site, one.url) for one in taken}) == 1:
        good = held.days(taken[0].site).good_names
        having = dict.fromkeys(name for one in taken for name in _within(good, one))
        return _OfOne(sorted(having), taken[0].site, taken[0].url)
    found: dict[str, Kept] = {}
    for one in reversed(taken):  # the first of them that has a snapshot counts
        names = _within(held.days(one.site).good_names, one)
        found.update(zip(names, map(Kept, names, repeat(one.site), repeat(one.url)), strict=False))
    return sorted(found.values())


def _spellings(held: Holdings, url: str) -> Iterable[str]:
    """Return a URL as it is written, then as the crawlers of the sites tidy it."""
    return dict.fromkeys([url, *(held.settings.tidy_of(site)(url) for site in held.archived())])


def _alike(held: Holdings, url: str) -> list[Interval]:
    """Return the intervals of URLs that are taken for this one, its own first, then by the other scheme."""
    scheme, _, rest = url.partition("://")
    bare = rest.removeprefix("www.")
    found = [
        one for one in held.history.alike(url) if one.url.partition("://")[2].removeprefix("www.") == bare
    ]
    return sorted(
        found, key=lambda one: (not one.url.endswith(f"://{rest}"), not one.url.startswith(f"{scheme}:"))
    )


def memento_of(held: Holdings, one: Kept) -> Memento | None:
    """Return the memento of a snapshot, None where what it has cannot be shown. Raises DamagedError."""
    with held.collection.at(one.site, one.snapshot).index as index:
        capture = index.find(one.url)
    if capture is None:
        raise DamagedError(
            f"The history says that snapshot {one.snapshot} of {one.site} has {one.url}, "
            "and its index does not. Run `daykeep verify`."
        )
    return None if capture.unresolved else Memento(capture.timestamp, one.url)


def mementos_of(held: Holdings, some: Iterable[Kept]) -> list[Memento]:
    """Return the mementos of these snapshots, oldest first, each once."""
    return sorted({found for one in some if (found := memento_of(held, one))})


def nearest(held: Holdings, every: Sequence[Kept], moment: str | None) -> Around | None:
    """
    Return the memento least far from a moment (14 digits), of two as far the earlier; without one the newest.

    With it come the first, the last, and those before and after it. None where there is no memento at all.
    """
    near = _near(held, every, moment or every[-1].snapshot) if every else []
    if not near:
        return None
    chosen = min(near, key=lambda one: (_apart(one.timestamp, moment), one)) if moment else near[-1]
    return _told(held, every, chosen, near)


def beside(held: Holdings, every: Sequence[Kept], chosen: Memento) -> Around:
    """Return a memento with the first, the last, and those before and after it."""
    return _told(held, every, chosen, _near(held, every, chosen.timestamp))


def _near(held: Holdings, every: Sequence[Kept], moment: str) -> list[Memento]:
    at = bisect_right(every, moment, key=attrgetter("snapshot"))
    return sorted({*_some(held, reversed(every[:at])), *_some(held, every[at:])})


def _told(held: Holdings, every: Sequence[Kept], chosen: Memento, near: Sequence[Memento]) -> Around:
    return Around(
        chosen,
        first=min(_some(held, every), default=None),
        last=max(_some(held, reversed(every)), default=None),
        prev=max((one for one in near if one.timestamp < chosen.timestamp), default=None),
        next=min((one for one in near if one.timestamp > chosen.timestamp), default=None),
    )


def _some(held: Holdings, every: Iterable[Kept]) -> Iterator[Memento]:
    """Yield the mementos of the first few snapshots that have one."""
    return islice(filter(None, (memento_of(held, one) for one in islice(every, TRIES))), NEAR)


def _within(good: Sequence[str], one: Interval) -> Sequence[str]:
    """Return the snapshots of an interval; it also spans those that failed, which saw nothing."""
    return good[bisect_left(good, one.first) : bisect_right(good, one.last)]


def _apart(one: str, other: str) -> float:
    return abs((parse_timestamp(one) - parse_timestamp(other)).total_seconds())
