# SPDX-License-Identifier: EUPL-1.2
"""
What a day changed: one pass over yesterday's index and today's. Knows nothing of files and databases.

What a URL answered puts it in one of four states. Two make the kind: today's, and the last one before it
that says what the URL is.

    before | today  there         gone        unknown       absent
    never           new           unchanged   unavailable   unavailable
    there           changed (*)   removed     unavailable   unavailable
    gone            new           unchanged   unavailable   unchanged

    there    an answer that says what the URL is: 2xx, 3xx, and 4xx such as 401 or 403
    gone     404 or 410
    unknown  an answer that does not say: 5xx, 408, 425, 429, or a body cut by a fault on the way
    absent   no capture: not reached, refused, or no longer linked
    never    no answer before that says
    (*)      unchanged, where status, payload and redirect target are equal

So a bad day of the network or the server reads as `unavailable`, never as a mass removal, and the day after
it is compared with the day before it: what came back as it was is unchanged, what has gone in the meantime is
removed. `removed` always rests on the server's own word, about a page that was there. A link that was dead
when first seen is not news: unchanged. Where yesterday does not say, `recall` is asked for the last day that
does; it is asked for nothing else.

The kind is for people. What the archive answers for a day follows `same`, which is about yesterday alone: a
URL that is gone on both days is unchanged even though its error page differs, and both error pages are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol

import msgspec

from .errors import DamagedError
from .model import Capture, Content, moment


class Kind(StrEnum):
    """What happened to a URL between two snapshots."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    UNAVAILABLE = "unavailable"


REPORTED = frozenset({Kind.NEW, Kind.CHANGED, Kind.REMOVED, Kind.MOVED})
"""The kinds that count as a change of the site."""


class _State(StrEnum):
    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"
    ABSENT = "absent"


_KINDS = {
    (_State.ABSENT, _State.THERE): Kind.NEW,
    (_State.ABSENT, _State.GONE): Kind.UNCHANGED,
    (_State.ABSENT, _State.UNKNOWN): Kind.UNAVAILABLE,
    (_State.ABSENT, _State.ABSENT): Kind.UNAVAILABLE,
    (_State.THERE, _State.THERE): Kind.CHANGED,
    (_State.THERE, _State.GONE): Kind.REMOVED,
    (_State.THERE, _State.UNKNOWN): Kind.UNAVAILABLE,
    (_State.THERE, _State.ABSENT): Kind.UNAVAILABLE,
    (_State.GONE, _State.THERE): Kind.NEW,
    (_State.GONE, _State.GONE): Kind.UNCHANGED,
    (_State.GONE, _State.UNKNOWN): Kind.UNAVAILABLE,
    (_State.GONE, _State.ABSENT): Kind.UNCHANGED,
}
"""By the last state before today that says what the URL is (ABSENT: none does), and that of today."""
_NOTHING: Mapping[str, Capture] = MappingProxyType({})
_GONE = frozenset({404, 410})
_NOT_NOW = frozenset({408, 425, 429})
_CUT_BY_A_FAULT = frozenset({"time", "disconnect", "unspecified"})
"""Reasons of WARC-Truncated; a body cut at our own limit (`length`) is the same body every day."""


class Answer(Protocol):
    """What a URL answered on a day: a Capture, or an interval of its lifeline."""

    @property
    def content(self) -> Content:
        """What must stay equal."""

    @property
    def effective_status(self) -> int | None:
        """The status that a visitor saw."""

    @property
    def truncated(self) -> str | None:
        """Reason of WARC-Truncated where the body was cut."""


class Earlier(NamedTuple):
    """What a URL answered on a day before yesterday."""

    snapshot: str
    capture: Capture


Recall = Callable[[str], Earlier | None]
"""Returns the last answer of a URL before yesterday that says what it is, None where there is none."""


class Change(msgspec.Struct, frozen=True):
    """One URL on two days; None where that day has no capture of it."""

    kind: Kind
    url: str
    before: Capture | None
    after: Capture | None
    earlier: Earlier | None = None
    """What it was compared with, where `before` does not say what the URL is."""
    text: bool | None = None
    """Whether a reader sees another text than before; None where that was not asked, or there is none."""
    moved: str | None = None
    """Of what moved, where it is now; of what is new, where it was before. `index.moves` finds it."""

    @property
    def same(self) -> bool:
        """Whether the archive answers the same for both days, so that nothing needs to be written."""
        return _same(self.before, self.after)

    @property
    def compared(self) -> Capture | None:
        """What it was before, as far as is known."""
        return self.earlier.capture if self.earlier else self.before


def kind_of(before: Answer | None, after: Answer | None) -> Kind:
    """Return what happened to a URL, from the last answer before today that says what it is, and today's."""
    return _kind(_known(_state(before)), before, after)


def says(answer: Answer | None) -> bool:
    """Tell whether an answer says what the URL is: there, or gone."""
    return _known(_state(answer)) is not _State.ABSENT


def is_there(answer: Answer | None) -> bool:
    """Tell whether an answer says that the URL is there."""
    return _state(answer) is _State.THERE


def nothing_earlier(_url: str) -> None:
    """Recall nothing: of a first day."""


def merge(
    old: Iterable[Capture], new: Iterable[Capture], recall: Recall = nothing_earlier
) -> Iterator[Change]:
    """
    Yield one change for every URL of two days, in the order of their keys; unchanged ones too.

    Both sides are in the order of an index file. A URL captured more than once on a day counts as its
    last capture. Artefacts of ours (`urn:`) and addresses that we made up are left out. Memory holds the
    URLs of one key. Raises DamagedError where a side is not in order.
    """
    left, right = _by_key(old), _by_key(new)
    was, now = next(left, None), next(right, None)
    while was is not None or now is not None:
        before = was[1] if was is not None and (now is None or was[0] <= now[0]) else _NOTHING
        after = now[1] if now is not None and (was is None or now[0] <= was[0]) else _NOTHING
        yield from _pairs(before, after, recall)
        was = was if before is _NOTHING else next(left, None)
        now = now if after is _NOTHING else next(right, None)


def tally(changes: Iterable[Change], counts: Counter[Kind]) -> Iterator[Change]:
    """Pass changes on and count them by kind on the way, for whoever streams them elsewhere."""
    for change in changes:
        counts[change.kind] += 1
        yield change


def encode_changes(changes: Iterable[Change]) -> Iterator[bytes]:
    """
    Yield a line of JSON for every URL that is not unchanged: `logs/changes.jsonl` of a snapshot.

        {"kind":"new","url":"https://…","before":null,"after":"sha256:…","status":200}
        {"kind":"changed","url":"https://…","before":"sha256:…","after":"sha256:…","status":200,
         "since":"20260302023000"}

    `before` is what it was compared with; that stands in the snapshot `since`, where not in yesterday's.
    `text` says whether a reader sees another text, where there is one on either side. What has moved has
    `to`, and what is new by that has `from`.
    """
    encoder = msgspec.json.Encoder()
    for change in changes:
        if change.kind is not Kind.UNCHANGED:
            line = {
                "kind": change.kind,
                "url": change.url,
                "before": change.compared.digest if change.compared else None,
                "after": change.after.digest if change.after else None,
                "status": change.after.effective_status if change.after else None,
            }
            if change.earlier:
                line["since"] = change.earlier.snapshot
            if change.text is not None:
                line["text"] = change.text
            if change.moved is not None:
                line["to" if change.kind is Kind.MOVED else "from"] = change.moved
            yield encoder.encode(line) + b"\n"


def reported(counts: Counter[Kind]) -> int:
    """Return how many URLs are new, changed, removed or moved: what `Snapshot.changed` says."""
    return sum(counts[kind] for kind in REPORTED)


def _pairs(before: Mapping[str, Capture], after: Mapping[str, Capture], recall: Recall) -> Iterator[Change]:
    if len(after) == 1 and (not before or before.keys() == after.keys()):  # nearly all
        ((url, now),) = after.items()
        yield _change(url, before.get(url), now, recall)
        return
    for url in sorted(before.keys() | after.keys()):
        yield _change(url, before.get(url), after.get(url), recall)


def _change(url: str, before: Capture | None, after: Capture | None, recall: Recall) -> Change:
    state = _known(_state(before)) if before is not None else _State.ABSENT
    if state is not _State.ABSENT:
        if before and after and before.content == after.content and before.truncated == after.truncated:
            return Change(Kind.UNCHANGED, url, before, after)  # nearly all: spares a second look at each
        return Change(_kind(state, before, after), url, before, after)
    earlier = recall(url)
    if earlier is None:
        return Change(_KINDS[state, _state(after)], url, before, after)
    return Change(kind_of(earlier.capture, after), url, before, after, earlier)


def _kind(known: _State, before: Answer | None, after: Answer | None) -> Kind:
    kind = _KINDS[known, _state(after)]
    return Kind.UNCHANGED if kind is Kind.CHANGED and _same(before, after) else kind


def _by_key(captures: Iterable[Capture]) -> Iterator[tuple[str, dict[str, Capture]]]:
    key, answers = "", list[Capture]()
    for capture in captures:
        if capture.urlkey != key:
            if key and not key.startswith("urn:"):
                yield key, _last_of(answers)
            if capture.urlkey < key:
                what = f"{capture.urlkey} follows {key}"
                raise DamagedError(f"An index is not in order: {what}. Run `daykeep verify`.")
            key, answers = capture.urlkey, []
        if capture.request is None and not capture.made_up:  # what it `shows`, at less cost
            answers.append(capture)
    if key and not key.startswith("urn:"):
        yield key, _last_of(answers)


def _last_of(answers: list[Capture]) -> dict[str, Capture]:
    """Return the last answer of each address of one key."""
    if len(answers) > 1:  # lines are in order up to the second, and a second try may be as quick
        answers.sort(key=moment)
    return {capture.url: capture for capture in answers}


def _same(before: Answer | None, after: Answer | None) -> bool:
    return before is not None and after is not None and before.content == after.content


def _known(state: _State) -> _State:
    return _State.ABSENT if state is _State.UNKNOWN else state


def _state(answer: Answer | None) -> _State:
    if answer is None:
        return _State.ABSENT
    status = answer.effective_status
    if status in _GONE:
        return _State.GONE
    if status in _NOT_NOW or (status or 0) >= 500 or answer.truncated in _CUT_BY_A_FAULT:
        return _State.UNKNOWN
    return _State.THERE
