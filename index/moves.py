# SPDX-License-Identifier: EUPL-1.2
"""
Which pages moved to another address: gone here, and new there with the same content. Knows no files.

    the old URL, that was there, answers   at the new URL, that is new                       so it
    gone (404, 410)                        its payload, and at no other URL of either day    moved
    gone                                   its payload, at several                           is removed
    301, 308 to it                         its payload, or its text but for noise            moved
    301, 308 to it                         something else                                    changed
    301, 308 to a URL that was there       anything                                          changed
    302, 303, 307                          anything                                          changed

Where the server does not say itself where a page went, its payload has to be the only one of its kind: a
notice that stands on a hundred pages moves from none of them to any other. An empty payload is no content.

    candidates = Candidates()
    for change in candidates.passing(merge(…)): …     the first pass: what has gone, what is new
    moves = candidates.found(captures_of_both_days, same_text)
    for change in moves.marked(merge(…)): …           the second, on days that have any

Memory holds what is new, has gone or leads elsewhere, of each at most MAX_MOVES; with more nothing has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from .changes import Change, Kind
from .model import Capture

MAX_MOVES = 10_000
"""Addresses of one day that are new, or gone, or lead elsewhere, among which moves are looked for."""
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The digest of a payload of no bytes."""
_PERMANENT = frozenset({301, 308})


@dataclass(frozen=True, slots=True)
class Moves:
    """What moved on a day: old URL → new URL."""

    to: dict[str, str]

    def marked(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Pass changes on, those of both URLs of a move marked as such: a reader sees the text of before."""
        origins = {new: old for old, new in reversed(self.to.items())}
        for change in changes:
            if new := self.to.get(change.url):
                yield replace(change, kind=Kind.MOVED, moved=new, text=_as_before(change))
            elif old := origins.get(change.url):
                yield replace(change, moved=old, text=_as_before(change))
            else:
                yield change


@dataclass(slots=True)
class Candidates:
    """What of a day may have moved."""

    _gone: dict[str, list[str]] = field(default_factory=dict)
    """Payload digest → URLs that had it and are gone."""
    _new: dict[str, Capture] = field(default_factory=dict)
    """URL → what is new there."""
    _led: list[Change] = field(default_factory=list)
    """Pages that have become permanent redirects."""

    def passing(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Pass changes on, and take note of them on the way."""
        for change in changes:
            self._note(change)
            yield change

    def found(
        self, captures: Callable[[], Iterable[Capture]], same_text: Callable[[Change, Capture], bool]
    ) -> Moves:
        """
        Return what moved.

        `captures`: all of both days, read where a payload may have moved; `same_text` tells whether a reader
        sees at a new URL what stood at an old one, asked where a page leads there.
        """
        if max(len(self._gone), len(self._new), len(self._led)) > MAX_MOVES:
            return Moves({})
        led = {one.url: target for one in self._led if (target := self._target(one, same_text))}
        return Moves(led | self._by_payload(captures))

    def _note(self, change: Change) -> None:
        was, now = change.compared, change.after
        if now is None:
            return
        if change.kind is Kind.NEW and _is_content(now) and len(self._new) <= MAX_MOVES:
            self._new[change.url] = now
        if was is None or not _is_content(was):
            return
        if change.kind is Kind.REMOVED and len(self._gone) <= MAX_MOVES:
            urls = self._gone.setdefault(was.digest, [])
            if len(urls) < 2:
                urls.append(change.url)
        elif _leads_on(change, now) and len(self._led) <= MAX_MOVES:
            self._led.append(change)

    def _target(self, change: Change, same_text: Callable[[Change, Capture], bool]) -> str | None:
        assert change.after is not None
        assert change.compared is not None
        new = self._new.get(change.after.redirect or "")
        if new is None or not (new.digest == change.compared.digest or same_text(change, new)):
            return None
        return new.url

    def _by_payload(self, captures: Callable[[], Iterable[Capture]]) -> dict[str, str]:
        """Return the moves of payloads that stood and stand at one URL each."""
        places: dict[str, set[str]] = {
            new.digest: set() for new in self._new.values() if len(self._gone.get(new.digest, ())) == 1
        }
        for capture in captures() if places else ():
            urls = places.get(capture.digest)
            if urls is not None and len(urls) < 3 and capture.shows and _is_page(capture):
                urls.add(capture.url)
        for new in self._new.values():  # the old URL may have stood in an earlier snapshot than yesterday's
            if new.digest in places:
                places[new.digest] |= {new.url, *self._gone[new.digest]}
        alone = {digest: urls for digest, urls in places.items() if len(urls) == 2}
        return {self._gone[one.digest][0]: one.url for one in self._new.values() if one.digest in alone}


def _is_content(capture: Capture | None) -> bool:
    """Tell whether a capture has a whole content by which it can be known elsewhere."""
    return (
        capture is not None
        and capture.effective_status == 200
        and not capture.truncated
        and not capture.unresolved
        and capture.digest != EMPTY
    )


def _leads_on(change: Change, now: Capture) -> bool:
    """Tell whether a page has become a permanent redirect."""
    return change.kind is Kind.CHANGED and now.effective_status in _PERMANENT and now.redirect is not None


def _is_page(capture: Capture) -> bool:
    return not capture.urlkey.startswith("urn:")


def _as_before(change: Change) -> bool | None:
    return None if change.text is None else False
