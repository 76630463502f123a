# SPDX-License-Identifier: EUPL-1.2
"""
With what a part of a page is answered in the end: of which day it is, and how near to what was asked.

    /a.png             of the day                          Answer(/a.png, …)
    /a.png?_=17        like what was asked                 Answer(…, nearness=fuzzy)
    /old → /new        redirects are followed              Answer(/new, …)
    /lost.png          where gaps are filled               Answer(/lost.png, …, day=20260302023000)
    POST /api          answered to that method             Answer(/api, …)

What a browser that asks the replay origin gets, found out without asking. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from index.takedown import Decision, WithheldError

from ..holdings import Holdings
from ..open_snapshot import Found, Nearness, OpenSnapshot
from .filling import fill
from .sent import READ

LIKE = frozenset({Nearness.REORDERED, Nearness.FUZZY, Nearness.QUERY_IGNORED})
"""How an answer may be only like what was asked for. `tidied` names no other page."""

MAX_REDIRECTS = 10
"""Redirects of one part that are followed; browsers give up after twenty."""


class Answer(NamedTuple):
    """What an address is answered with in the end, redirects followed."""

    url: str
    """Where they led."""
    found: Found | None
    holder: OpenSnapshot
    day: str | None = None
    nearness: Nearness = Nearness.EXACT
    withheld: Decision | None = None
    """Why nothing may be shown of it, where that is so."""

    @property
    def is_there(self) -> bool:
        """Whether there is something to be shown."""
        return self.found is not None and not self.found.capture.unresolved


def answer_of(
    held: Holdings, snapshot: OpenSnapshot, urls: Sequence[str], near: Sequence[str], method: str = "GET"
) -> Answer:
    """
    Return what answers for the first of several addresses that the day has, else that another day fills.

    `near` are the days that fill gaps, where gaps are to be filled: of what is asked for by GET. By another
    method it is there where an answer to that was captured, whatever was sent; for HEAD that of GET is one.
    What is withheld is no gap, and nothing fills it.
    """
    try:
        found = snapshot.sent_to(urls[0], method) if method != "GET" else None
    except WithheldError as error:
        return Answer(urls[0], None, snapshot, withheld=error.decision)
    if found or method not in READ:
        return Answer(urls[0], found, snapshot)
    withheld: Answer | None = None
    for url, days in ((url, days) for days in ((), near) for url in urls):
        first = _hop(held, snapshot, url, days)
        if first.found and (first.is_there or days is near):
            return _led(held, snapshot, first, near)
        withheld = withheld or (first if first.withheld else None)
    return withheld or Answer(urls[0], None, snapshot)


def _hop(held: Holdings, snapshot: OpenSnapshot, url: str, near: Sequence[str]) -> Answer:
    """Return what a replay of a URL answers with by itself."""
    try:
        found = _found(snapshot, url)
    except WithheldError as error:
        return Answer(url, None, snapshot, withheld=error.decision)
    if near and (found is None or found.capture.unresolved):
        filling = fill(held, snapshot, url, near)
        if filling:
            return Answer(
                url, filling.found, filling.snapshot, filling.snapshot.timestamp, filling.found.nearness
            )
    return Answer(url, found, snapshot, None, found.nearness if found else Nearness.EXACT)


def _found(snapshot: OpenSnapshot, url: str) -> Found | None:
    """Return what the day has for a URL, by the other scheme too. Raises WithheldError."""
    found = snapshot.look_up(url)
    if found is None and (other := snapshot.other_scheme(url)):
        found = snapshot.look_up(other)
    return found


def _led(held: Holdings, snapshot: OpenSnapshot, first: Answer, near: Sequence[str]) -> Answer:
    """Return where redirects lead in the end. What one of them was on the way, the end is too."""
    here, day, nearness = first, first.day, first.nearness
    for _ in range(MAX_REDIRECTS):
        leads = here.found.capture.redirect if here.found and here.is_there else None
        if leads is None:
            break
        here = _hop(held, snapshot, leads, near)
        day = here.day or day
        nearness = nearness if nearness in LIKE else here.nearness
    return here._replace(day=day, nearness=nearness)
