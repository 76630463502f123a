# SPDX-License-Identifier: EUPL-1.2
"""
Which captures the public is not shown, as the operator decided: a register that is only added to. Pure.

    {"takedowns":1,"action":"hide","url":"https://www.example.org/a","at":"2026-11-30T08:40:00Z","reason":"…"}
    {…,"action":"hide","url":"https://www.example.org/brieven/","prefix":true,…}   all addresses that begin so
    {…,"action":"hide",…,"from":"2026-03-02","to":"2026-03-05",…}                  those days, both included
    {…,"action":"show",…}                                                          shown again

Of all decisions about an address on a day the last one counts, and the others stay: what was withheld, since
when and why can always be told. An address stands for all that have its key (index/urlkey.py): by http and
https, with `www.` and without, in capitals or not, its parameters in any order; and for all that was answered
there, also to POST. A day is that of the snapshot, as it was sealed. Knows nothing of files or of who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from .errors import ArchiveError
from .urlkey import MAX_URL, TEXT, urlkey

VERSION = 1
MAX_REASON = 1000
MAX_BY = 200
_DATE = r"\A(\d{4}-\d{2}-\d{2}|\d{14})?\Z"

DayOf = Callable[[str], str]
"""Returns the calendar day (`YYYY-MM-DD`) of a snapshot, as it was sealed."""


class Action(StrEnum):
    """What a decision does."""

    HIDE = "hide"
    SHOW = "show"


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of the register."""

    takedowns: int
    """Version of this form: VERSION."""
    action: Action
    url: Annotated[str, Meta(min_length=1, max_length=MAX_URL)]
    """Normalised."""
    at: Annotated[str, Meta(pattern=r"\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z\Z")]
    """When it was decided."""
    prefix: bool = False
    """Whether every address is meant that begins so."""
    since: Annotated[str, Meta(pattern=_DATE)] = msgspec.field(name="from", default="")
    """The first day that is meant, or the 14 digits of a snapshot; empty: from the first on."""
    until: Annotated[str, Meta(pattern=_DATE)] = msgspec.field(name="to", default="")
    """The last one, itself included; empty: days to come too."""
    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""
    by: Annotated[str, Meta(max_length=MAX_BY)] = ""

    @property
    def moment(self) -> str:
        """When it was decided, as 14 digits in UTC."""
        return "".join(filter(str.isdigit, self.at))

    def covers(self, snapshot: str, day_of: DayOf) -> bool:
        """Tell whether a snapshot (14 digits) is one of those that are meant."""
        return (not self.since or self.since <= _as(self.since, snapshot, day_of)) and (
            not self.until or _as(self.until, snapshot, day_of) <= self.until
        )


def _as(bound: str, snapshot: str, day_of: DayOf) -> str:
    """Return a snapshot as a bound is written."""
    return snapshot if bound.isdigit() else day_of(snapshot)


class WithheldError(ArchiveError):
    """What was asked for is withheld from the public; HTTP 451. Nothing is broken, nothing was taken away."""

    def __init__(self, url: str, decision: Decision, captured: str = "") -> None:
        """Say what, since when and why. `captured`: 14 digits, where one capture is meant."""
        super().__init__(f"{url} is withheld since {decision.at[:10]}: {decision.reason}")
        self.url = url
        self.decision = decision
        self.captured = captured


class Reach(NamedTuple):
    """Which keys a decision is about: one alone, and those that begin with any of these."""

    key: str
    starts: tuple[str, ...]

    def has(self, key: str) -> bool:
        """Tell whether a key is one of them."""
        return key == self.key or (bool(self.starts) and key.startswith(self.starts))

    def within(self, other: Reach) -> bool:
        """Tell whether another one has all that this one has."""
        return other.has(self.key) and all(one.startswith(other.starts or ("\0",)) for one in self.starts)


def reach_of(decision: Decision) -> Reach:
    """
    Return which keys a decision is about.

    A key has no slash at its end: `/brieven/` as a prefix is that page and all below it, not `/brievenbus`.
    """
    key = urlkey(decision.url)
    if not decision.prefix:
        return Reach(key, ())
    if decision.url.endswith("/") and not key.endswith("/"):
        return Reach(key, (f"{key}/", f"{key}?"))
    return Reach(key, (key,))


def page_of(url: str) -> str:
    """Return the address of a page by the name of its text, any other one as it is."""
    if not url.startswith(TEXT):
        return url
    scheme, mark, rest = url.removeprefix(TEXT).partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.replace('%5B', '[').replace('%5D', ']')}{slash}{path}"


class _Beginnings:
    """Numbers by the beginnings of keys: looked up in as many steps as there are lengths of them."""

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = {}
        self._lengths: list[int] = []

    def add(self, start: str, number: int) -> None:
        self.found.setdefault(start, []).append(number)
        if len(start) not in self._lengths:
            self._lengths.append(len(start))

    def of(self, key: str) -> Iterator[int]:
        """Yield the numbers of every beginning that a key has."""
        for length in self._lengths:
            yield from self.found.get(key[:length], ()) if length <= len(key) else ()


class Register:
    """All decisions, oldest first. False where nothing was ever hidden: then nothing needs to be asked."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self.decisions = tuple(decisions)
        self._of_key: dict[str, list[int]] = {}
        self._below = _Beginnings()
        self._hidden = _Beginnings()
        for number, one in enumerate(self.decisions):
            reach = reach_of(one)
            self._of_key.setdefault(reach.key, []).append(number)
            for start in reach.starts:
                self._below.add(start, number)
            if one.action is Action.HIDE:
                self._hidden.add(reach.key.partition("?")[0], number)

    def __bool__(self) -> bool:
        """Tell whether anything was ever hidden."""
        return bool(self._hidden.found)

    @property
    def starts(self) -> list[str]:
        """With one of these begins every key of which anything was ever hidden."""
        return list(self._hidden.found)

    def concerns(self, key: str) -> bool:
        """Tell whether a key begins with one of these; of another method than GET, that of its address."""
        return next(self._hidden.of(key), None) is not None

    def numbers(self, url: str) -> tuple[int, ...]:
        """Return which decisions are about a normalised URL, or the name of a text, the last one first."""
        key = urlkey(page_of(url))
        numbers = {*self._of_key.get(key, ()), *self._below.of(key)}
        return tuple(sorted(numbers, reverse=True)) if numbers else ()

    def about(self, url: str) -> tuple[Decision, ...]:
        """Return these decisions."""
        return tuple(self.decisions[number] for number in self.numbers(url))

    def withheld(self, url: str, snapshot: str, day_of: DayOf) -> Decision | None:
        """Return the decision by which a URL is not shown as a snapshot has it; None where it is shown."""
        return in_force(self.about(url), snapshot, day_of) if self else None


def in_force(about: Iterable[Decision], snapshot: str, day_of: DayOf) -> Decision | None:
    """Return the decision that hides a snapshot, of decisions the last one first; None where none does."""
    last = next((one for one in about if one.covers(snapshot, day_of)), None)
    return last if last is not None and last.action is Action.HIDE else None


class Force(StrEnum):
    """How much of a decision still counts."""

    ALL = "all"
    PART = "part"
    NONE = "none"


def forces(decisions: Sequence[Decision]) -> Iterator[Force]:
    """Yield for each decision how much of it those after it leave."""
    reaches = [(reach_of(one), _span(one)) for one in decisions]
    for number, (reach, span) in enumerate(reaches):
        later = reaches[number + 1 :]
        if any(reach.within(other) and _is_within(span, days) for other, days in later):
            yield Force.NONE
        elif any(
            _meet(reach, other) and max(span[0], days[0]) <= min(span[1], days[1]) for other, days in later
        ):
            yield Force.PART
        else:
            yield Force.ALL


def _meet(one: Reach, other: Reach) -> bool:
    return one.has(other.key) or other.has(one.key)


def _span(decision: Decision) -> tuple[str, str]:
    """Return the first and the last second that are meant, as 14 digits that sort."""
    since, until = (bound.replace("-", "") for bound in (decision.since, decision.until))
    return since.ljust(14, "0"), until.ljust(14, "9")


def _is_within(span: tuple[str, str], other: tuple[str, str]) -> bool:
    return other[0] <= span[0] and span[1] <= other[1]
