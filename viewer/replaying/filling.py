# SPDX-License-Identifier: EUPL-1.2
"""
What another day has of an address that the chosen day lacks: only where a visitor asks for it, and marked.

    chosen  2026-03-04     has no /logo.png
    good    2026-03-02, 2026-03-03, 2026-03-06     of the same site, sealed, at most so many days away
    fills   2026-03-03     the nearest that has it, of two as near the earlier

Never another site's day, never a capture that failed, never an address that is only like the one asked for,
and never the live web. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

from index.lifeline import at
from index.takedown import WithheldError
from index.timestamp import parse_timestamp
from index.urlkey import Origin

from ..addresses.view import View
from ..holdings import Holdings
from ..open_snapshot import Found, OpenSnapshot, answers

NEIGHBOURS = 7
"""Good snapshots before the chosen one, and after it, that may fill its gaps."""


class Filling(NamedTuple):
    """A capture of another day that stands where the chosen day has none."""

    snapshot: OpenSnapshot
    found: Found


def neighbours(held: Holdings, snapshot: OpenSnapshot) -> list[str]:
    """Return the snapshots that may fill the gaps of one, nearest first."""
    newest = held.history.newest(snapshot.site)
    known = f"{held.history.generation()} {newest.timestamp if newest else ''}"
    if snapshot.near is None or snapshot.near[0] != known:
        snapshot.near = known, _neighbours(held, snapshot)
    return snapshot.near[1]


def _neighbours(held: Holdings, snapshot: OpenSnapshot) -> list[str]:
    here = parse_timestamp(snapshot.timestamp)
    limit = timedelta(days=held.settings.viewer.fill_days)
    good = [one.timestamp for one in held.good_snapshots(snapshot.site)]
    before = [one for one in good if one < snapshot.timestamp][-NEIGHBOURS:]
    after = [one for one in good if one > snapshot.timestamp][:NEIGHBOURS]
    ranked = sorted((abs(parse_timestamp(one) - here), one) for one in chain(before, after))
    return [one for apart, one in ranked if apart <= limit]


def fill(
    held: Holdings, snapshot: OpenSnapshot, url: str, near: Sequence[str] | None = None
) -> Filling | None:
    """
    Return what fills the gap of a URL in a snapshot; None where no day near has it.

    `near` are its neighbours, for who asks more than once.
    """
    lifeline = held.lifeline(held.kept_as(url, snapshot.site), snapshot.site)
    if not lifeline:
        return None
    for timestamp in neighbours(held, snapshot) if near is None else near:
        interval = at(lifeline, timestamp)
        if interval is None or not 200 <= (interval.status or 0) < 400:
            continue
        other = held.snapshot(snapshot.site, timestamp)
        with suppress(WithheldError):  # no day that may not be shown stands for another
            found = other.as_asked(url)
            if found and answers(found.capture):
                return Filling(other, found)
    return None


def origins(held: Holdings, snapshot: OpenSnapshot, view: View) -> frozenset[Origin]:
    """Return the archived origins that a page of this snapshot may reach in a view."""
    if not view.filled:
        return snapshot.origins
    others = (held.snapshot(snapshot.site, one) for one in neighbours(held, snapshot))
    return snapshot.origins.union(*(other.origins for other in others))


def sources(held: Holdings, snapshot: OpenSnapshot, view: View) -> list[str]:
    """Return the replay origins that a page of this snapshot may reach in a view, as CSP sources."""
    return snapshot.sources(view, origins(held, snapshot, view))
