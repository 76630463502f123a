# SPDX-License-Identifier: EUPL-1.2
"""
The history as the public may see it: without what is withheld (index/takedown.py), as if that were not there.

    lifeline of /a       2 March ────────────────── 9 March
    withheld                   4 March ─── 6 March
    what is told         2 ─ 3 March          7 ─── 9 March

Everything that the viewer's pages tell of other days comes from here, so nothing has to be left out later. An
interval is cut where the days begin that are withheld; a page that is not shown is in no list, no count, no
search and no feed. Where nothing was ever hidden, every question goes on as it is. Knows nothing of captures.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import NamedTuple

from .changes import REPORTED, Kind
from .history import HTML, History
from .lifeline import Difference, Interval, chained
from .model import Outcome, Page, Snapshot
from .online import OPEN, Online, Standing, State
from .takedown import Decision, Register, in_force

_MOST_PAGES = 5_000
"""Pages that are read at once where many are withheld."""
_OK = 200

Runs = Sequence[tuple[str, str]]
"""Stretches of snapshots, first and last, that are shown; the last of them may be `OPEN`."""
Now = Callable[[], tuple[int, Register]]
"""Returns what is withheld, and a number that is the same only while that does not change."""


class Stretch(NamedTuple):
    """Days on which a URL was captured and is not shown, by one decision."""

    decision: Decision
    first_day: str
    last_day: str


class PublicHistory(History):
    """The same database, asked for the public. Close the history that it is made of, not this one."""

    def __init__(self, history: History, now: Now) -> None:
        self._engine = history._engine  # noqa: SLF001 - one and the same database
        self._commits = history._commits  # noqa: SLF001
        self._now = now
        self._days = _Days(history, now)

    def written(self) -> int | None:
        """Return a number that is the same only while nothing was written here, withheld or shown again."""
        return self._days.state()

    def lifeline(self, url: str, site: str | None = None) -> list[Interval]:
        """Return the intervals of a normalised URL, by site, oldest first; without a site, of all sites."""
        found = super().lifeline(url, site)
        return chained(list(self._cut(found))) if self._register else found

    def lifelines(self, urls: Iterable[str], site: str) -> dict[str, list[Interval]]:
        """Return the lifelines of some normalised URLs on a site, each as `lifeline` has it."""
        found = super().lifelines(urls, site)
        if not self._register:
            return found
        return {url: chained(list(self._cut(some))) for url, some in found.items()}

    def alike(self, url: str) -> list[Interval]:
        """Return the intervals, on all sites, of every URL that has the key of a normalised URL."""
        found = super().alike(url)
        return list(self._cut(found)) if self._register else found

    def withheld(self, url: str, site: str | None = None) -> list[Stretch]:
        """Return the days on which a normalised URL was captured and is not shown, by site, oldest first."""
        about = self._register.about(url) if self._register else ()
        found = super().lifeline(url, site) if about else []
        if about and not found:  # by another scheme, or otherwise spelled: the same was decided about it
            found = sorted(super().alike(url), key=lambda one: (one.site, one.first))
            found = [one for one in found if site in {None, one.site}]
        return [
            stretch
            for name, group in groupby(found, key=lambda one: one.site)
            for stretch in _stretches(list(group), self._days.good(name), about)
        ]

    def neighbours(self, site: str, url: str, *, limit: int = 50) -> list[str]:
        """Return the pages a site ever had whose keys stand next to that of a normalised URL, on its host."""
        found = super().neighbours(site, url, limit=limit)
        return [one for one in found if self._days.runs(site, one) != []]

    def pages(
        self,
        site: str,
        timestamp: str,
        *,
        after: str | None = None,
        limit: int = 100,
        contains: str | None = None,
    ) -> list[Page]:
        """Return the HTML pages that were online at a snapshot, in the order of their keys."""
        found: list[Page] = []
        size = limit
        while len(found) < limit:
            some = super().pages(site, timestamp, after=after, limit=size, contains=contains)
            found += [one for one in some if self._days.shows(site, one.url, timestamp)]
            if len(some) < size:
                break
            after, size = some[-1].url, min(size * 4, _MOST_PAGES)
        return found[:limit]

    def count_pages(self, site: str, timestamp: str, *, contains: str | None = None) -> int:
        """Return how many pages `pages` would give in all."""
        total = super().count_pages(site, timestamp, contains=contains)
        if not total:
            return 0  # also of a snapshot that failed, which lies within intervals and saw nothing
        around = (one for one in self._concerned(site) if one.first <= timestamp <= one.last)
        hidden = [one for one in around if not self._days.shows(site, one.url, timestamp)]
        return total - (self._containing(hidden, contains) if contains else len(hidden))

    def page_counts(self, site: str) -> dict[str, int]:
        """Return how many pages were online at each snapshot: `count_pages` of all, in one pass."""
        counts = super().page_counts(site)
        concerned = self._concerned(site)
        good = [one.timestamp for one in self._days.good(site)] if concerned else []
        steps = [0] * (len(good) + 1)
        for interval in concerned:
            _add(steps, good, interval.first, interval.last, 1)
            for first, last in self._days.runs(site, interval.url) or ():
                _add(steps, good, max(first, interval.first), min(last, interval.last), -1)
        hidden = dict(zip(good, accumulate(steps), strict=False))
        return {name: number - hidden.get(name, 0) for name, number in counts.items()}

    def first_changes(
        self, site: str, before: str, after: str, most: int | None, *, kinds: Collection[Kind] = REPORTED
    ) -> tuple[list[Difference], bool]:
        """Return `changes` of no more than so many URLs that differ, and whether there are more."""
        found, more = super().first_changes(site, before, after, most, kinds=kinds)
        days = (before, after)
        return [one for one in found if all(self._days.shows(site, one.url, day) for day in days)], more

    def state(self, site: str) -> State:
        """Return by what a reader knows that `texts` would be different now."""
        return super().state(site)._replace(view=self._now()[0])

    def texts(
        self,
        site: str,
        documents: Sequence[str],
        shown: Callable[[Iterable[Standing]], Iterable[Standing]] = lambda rows: rows,
    ) -> Online:
        """Return all texts of a site, and when each was online, by their numbers among these documents."""
        if not self._register:
            return super().texts(site, documents, shown)
        return super().texts(site, documents, lambda rows: self._standing(site, shown(rows)))

    @property
    def _register(self) -> Register:
        return self._now()[1]

    def _cut(self, intervals: Iterable[Interval]) -> Iterator[Interval]:
        """Yield what is shown of intervals, in their order."""
        for one in intervals:
            runs = self._days.runs(one.site, one.url)
            yield from [one] if runs is None else _parts(one, runs, self._days.good(one.site))

    def _standing(self, site: str, rows: Iterable[Standing]) -> Iterator[Standing]:
        """Yield what is shown of the times of texts."""
        for one in rows:
            runs = self._days.runs(site, one.url)
            for first, last in [(one.first, one.last)] if runs is None else runs:
                begin, end = max(first, one.first), min(last, one.last)
                if begin <= end:
                    yield one._replace(first=begin, last=end)

    def _concerned(self, site: str) -> list[Interval]:
        """Return the intervals of pages about which anything was decided."""
        if not self._register:
            return []
        found = self.of_keys(site, self._register.starts)
        pages = (one for one in found if one.status == _OK and one.mime in HTML)
        return [one for one in pages if self._days.runs(site, one.url) is not None]

    def _containing(self, intervals: Sequence[Interval], text: str) -> int:
        """Count the pages that have this text in their URL or title."""
        documents = self.documents(one.document_id for one in intervals if one.document_id)
        titles = {name: document.title for name, document in documents.items()}
        said = (f"{one.url}\n{titles.get(one.document_id or '', '')}" for one in intervals)
        return sum(text[:200].lower() in one.lower() for one in said)


class _Days:
    """Which snapshots show a URL. Kept until something is written, withheld or shown again."""

    def __init__(self, history: History, now: Now) -> None:
        self._history = history
        self._now = now
        self._known: tuple[int | None, dict[str, list[Snapshot]], dict[tuple[str, tuple[int, ...]], Runs]]
        self._known = None, {}, {}

    def state(self) -> int | None:
        number = self._history.written()
        return None if number is None else (number << 20) + self._now()[0]

    def good(self, site: str) -> list[Snapshot]:
        """Return the snapshots of a site that did not fail, oldest first."""
        _, known, _ = self._kept()
        if site not in known:
            known[site] = [one for one in self._history.snapshots(site) if one.outcome is not Outcome.FAILED]
        return known[site]

    def runs(self, site: str, url: str) -> Runs | None:
        """Return the snapshots of a site that show a URL; None where nothing was decided about it."""
        register = self._now()[1]
        numbers = register.numbers(url) if register else ()
        if not numbers:
            return None
        _, _, known = self._kept()
        if (site, numbers) not in known:
            about = [register.decisions[number] for number in numbers]
            known[site, numbers] = _runs(self.good(site), about)
        return known[site, numbers]

    def shows(self, site: str, url: str, timestamp: str) -> bool:
        runs = self.runs(site, url)
        return runs is None or any(first <= timestamp <= last for first, last in runs)

    def _kept(
        self,
    ) -> tuple[int | None, dict[str, list[Snapshot]], dict[tuple[str, tuple[int, ...]], Runs]]:
        state = self.state()
        if state is None or self._known[0] != state:
            self._known = state, {}, {}
        return self._known


def _runs(good: Sequence[Snapshot], about: Sequence[Decision]) -> Runs:
    groups = groupby(good, key=lambda one: _decision(about, one) is None)
    shown = [[one.timestamp for one in group] for is_shown, group in groups if is_shown]
    newest = good[-1].timestamp if good else ""
    return [(run[0], OPEN if run[-1] == newest else run[-1]) for run in shown]


def _parts(one: Interval, runs: Runs, good: Sequence[Snapshot]) -> Iterator[Interval]:
    """Yield the parts of an interval that lie within runs, each with its own days."""
    days = {snapshot.timestamp: snapshot.day for snapshot in good}
    for first, last in runs:
        begin, end = max(first, one.first), min(last, one.last)
        if begin <= end:
            yield replace(
                one,
                first=begin,
                last=end,
                first_day=days.get(begin, one.first_day),
                last_day=days.get(end, one.last_day),
                still=one.still and end == one.last,
            )


def _stretches(
    lifeline: Sequence[Interval], good: Iterable[Snapshot], about: Sequence[Decision]
) -> Iterator[Stretch]:
    seen = (one for one in good if any(of.first <= one.timestamp <= of.last for of in lifeline))
    for decision, group in groupby(
        ((_decision(about, one), one.day) for one in seen), key=lambda one: one[0]
    ):
        days = [day for _, day in group]
        if decision is not None:
            yield Stretch(decision, days[0], days[-1])


def _add(steps: list[int], good: Sequence[str], first: str, last: str, number: int) -> None:
    """Count something from one snapshot to another, both included, where the first is not after the last."""
    begin, end = bisect_left(good, first), bisect_right(good, last)
    if begin < end:
        steps[begin] += number
        steps[end] -= number


def _decision(about: Sequence[Decision], snapshot: Snapshot) -> Decision | None:
    return in_force(about, snapshot.timestamp, lambda _: snapshot.day)
