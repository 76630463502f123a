# SPDX-License-Identifier: EUPL-1.2
"""
When to ask again: the Retry-After field, which answers deserve another try, and how long a host rests.

    answer                                            again   host rests   given up after (in a row)
    refused      429                                  yes     yes          5
    unavailable  503 with Retry-After                 yes     yes          never
    silent       no response                          yes     no           50
    failing      408, 500, 502 to 504, 520 to 527,    yes     no           never
                 a body cut by chance
    final        every other answer                   no      no           never

A final answer ends every row. A host rests so many seconds a day in all and no more: then what answers 503 is
recorded as that and what else the site has is not kept waiting for it. Knows nothing of requests, of the
frontier or of clocks: times are numbers of seconds on whatever steady clock the caller passes in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType

MAX_RETRY_AFTER = 86_400.0
"""Seconds. Who asks us to come back later than tomorrow is asked tomorrow anyway."""

_LONGEST = 64
"""Characters of a Retry-After field that are looked at; the longest date (RFC 850) has 33."""
# Delta-seconds has digits alone. Servers also send fractions, a sign, and the field twice in one line.
_SECONDS = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:[;,s].*)?", re.ASCII | re.IGNORECASE)


class Kind(StrEnum):
    """What an answer says about the host."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    SILENT = "silent"
    FAILING = "failing"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Answer:
    """What matters here of one answer, or of a request that got none."""

    status: int | None = None
    """None where no response came."""
    retry_after: float | None = None
    """Seconds, as `retry_after` reads them."""
    truncated: str | None = None
    """The word of WARC-Truncated (`length`, `time`, `disconnect`, `unspecified`) where the body was cut."""
    outcome: str = ""
    """The word of the ledger where no response came."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What follows from one kind of answer."""

    again: bool
    rests: bool
    """Whether the host is left alone for a while."""
    gives_up_after: int
    """The how-manieth in a row ends the day for the host; 0 for never."""


TREATMENTS: Mapping[Kind, Treatment] = MappingProxyType(
    {
        Kind.REFUSED: Treatment(again=True, rests=True, gives_up_after=5),
        Kind.UNAVAILABLE: Treatment(again=True, rests=True, gives_up_after=0),
        Kind.SILENT: Treatment(again=True, rests=False, gives_up_after=50),
        Kind.FAILING: Treatment(again=True, rests=False, gives_up_after=0),
        Kind.FINAL: Treatment(again=False, rests=False, gives_up_after=0),
    }
)

# 520 to 527 are what Cloudflare answers for an origin that fails behind it.
_FAILING = frozenset({408, 500, 502, 503, 504, *range(520, 528)})
AGAIN = frozenset({429, *_FAILING})
"""Statuses after which an address may be asked once more."""
CUT_BY_CHANCE = frozenset({"disconnect", "time", "unspecified"})
"""The words of WARC-Truncated for a body that may arrive whole another time."""
_OURS = frozenset({"out-of-scope"})
"""Outcomes of requests that we did not make: they say nothing about the host."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """
    Return how many seconds a Retry-After field asks us to wait; None where there is none to be understood.

    RFC 9110 section 10.2.3: a number of seconds, or a date in any of the three formats of section 5.6.7.
    `now` is aware. What is negative or past is 0; what is absurd is MAX_RETRY_AFTER. Never raises.
    """
    if value is None or len(value) > _LONGEST:
        return None
    match = _SECONDS.fullmatch(value)
    wanted = float(match[1]) if match else _until(value, now)
    return None if wanted is None else min(max(wanted, 0.0), MAX_RETRY_AFTER)


def kind_of(answer: Answer) -> Kind:
    """Return what an answer says about the host, by the table above."""
    if answer.status is None:
        return Kind.FINAL if answer.outcome in _OURS else Kind.SILENT
    if answer.status == 429:
        return Kind.REFUSED
    if answer.status == 503 and answer.retry_after is not None:
        return Kind.UNAVAILABLE
    cut = answer.truncated in CUT_BY_CHANCE
    return Kind.FAILING if cut or answer.status in _FAILING else Kind.FINAL


def deserves_another(answer: Answer) -> bool:
    """
    Tell whether the address may be asked once more the same day.

    A body cut at our own limit of length is as whole as it will get; one cut by a lost connection is not.
    """
    return TREATMENTS[kind_of(answer)].again


@dataclass(slots=True)
class Backoff:
    """
    How long one host is left alone, told by its answers in order.

        backoff.take(Answer(429, retry_after=120), asked=…, now=…)
        backoff.rest(now)     ->  120.0, and less as time goes by
        backoff.given_up      ->  '' or the sentence for the ledger

    Answers to requests that were on their way together are of one burst and count as one: with 8 connections
    a first 429 comes eight times.
    """

    budget: float = 300.0
    """Seconds that the host may rest in all; what is left of them."""
    first_wait: float = 5.0
    """Seconds of the first rest where the server names none; each next in a row is twice as long."""
    given_up: str = ""
    """Why the host is not asked any more today; empty as long as it is."""
    _resting_until: float = float("-inf")
    _counted_at: float = float("-inf")
    _rows: dict[Kind, int] = field(default_factory=dict)

    def rest(self, now: float) -> float:
        """Return the seconds for which the host is to be left alone; 0 where it may be asked."""
        return max(self._resting_until - now, 0.0)

    def take(self, answer: Answer, asked: float, now: float) -> None:
        """Take note of an answer that came `now` to a request that was sent at `asked`."""
        kind = kind_of(answer)
        if kind is Kind.FINAL:
            self._rows.clear()
            return
        row = self._rows.get(kind, 0)
        if row == 0 or asked >= self._counted_at:
            row += 1
            self._rows[kind] = row
            self._counted_at = now
        treatment = TREATMENTS[kind]
        if treatment.rests:
            self._leave_alone(answer, row - 1, now)
        if treatment.gives_up_after and row >= treatment.gives_up_after:
            self.given_up = self.given_up or _why(kind, row, answer)

    def _leave_alone(self, answer: Answer, rests_before: int, now: float) -> None:
        growing = self.first_wait * 2.0 ** min(rests_before, 30)
        until = now + (growing if answer.retry_after is None else answer.retry_after)
        further = min(until - max(self._resting_until, now), self.budget)
        if further > 0:
            self._resting_until = max(self._resting_until, now) + further
            self.budget -= further


def _until(value: str, now: datetime) -> float | None:
    """Return the seconds from now to an HTTP-date; None for what is none."""
    try:
        date = parsedate_to_datetime(value)
        # asctime has no zone and means UTC, as every HTTP-date does
        return ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):  # what a senseless date may raise in `email`
        return None


def _why(kind: Kind, row: int, answer: Answer) -> str:
    asked = f", which asked for {answer.retry_after:.0f} seconds" if answer.retry_after else ""
    if kind is Kind.REFUSED:
        last = f"last with status {answer.status}{asked}"
        return f"the host refused {row} times in a row, {last}; given up for today"
    return f"the host gave no response {row} times in a row; given up for today"
