# SPDX-License-Identifier: EUPL-1.2
"""
What changed between two days of a site, whatever came between them: `/<site>/changes?from=&to=`.

    from    left out: the day before       a day without a snapshot: the nearest one, and that is said
    to      left out: the newest day       what is no day: nothing is told, and that is said (given_day.py)

Told by the history, as `daykeep changes` tells it, and filtered as the list of one day is. Bounded in
addresses that differ, texts that are read and captures that are looked through; what was left out is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, render_template

from archiver.between_days import Bounds, Told, told_between
from archiver.day_changes import Texts
from archiver.noise_rules import noise_of
from archiver.settings import Site
from index.changes import Change, Kind
from index.model import Snapshot

from ..current import client, holdings
from ..holdings import Holdings
from ..kept_values import NOT_KEPT
from ..places import Places
from .browse import last_page, page_number, wanted_changes
from .change_list import survey
from .day_log import ChangedUrl, shown
from .given_day import choices, given_moment
from .two_days import Chosen, at_moment

BOUNDS = Bounds(urls=5_000, texts=300, known=200_000)
"""What one answer may cost: a second or so."""
LONG = 2
"""Answers made at once, by all processes."""

_PLACES = "daykeep-between"
_SIZE = 2048
"""Bytes that a change is counted for."""

pages = Blueprint("between", __name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two days, as the list of one day has them: it, and what it is compared with."""

    site: Site
    snapshot: Snapshot
    previous: Snapshot


def add_changes_between(app: Flask, held: Holdings) -> None:
    """Let an application tell what changed between two days."""
    app.extensions[_PLACES] = Places(held.crew.part(LONG), held.room)
    app.register_blueprint(pages)


@pages.get("/<site>/changes")
def changes_between(site: str) -> str | tuple[str, int]:
    """Show what differs between two days, or what is asked for of it, a page at a time."""
    found = holdings().site(site)
    wanted, number = wanted_changes(), page_number()
    good = holdings().good_snapshots(site)
    old, new = given_moment("from"), given_moment("to")
    settled = old.is_settled and new.is_settled
    days = _days(good, old.moment, new.moment) if settled else None
    told, listed = None, None
    if days:
        told = _told(found, days)
        last = holdings().snapshot(site, days[1].snapshot.timestamp)
        listed = survey(shown(_as_lines(told.changes), last), wanted, number)
    page = render_template(
        "between.html",
        site=found,
        days=days,
        shown=Pair(found, days[1].snapshot, days[0].snapshot) if days else None,
        told=told,
        found=listed,
        wanted=wanted,
        given=(old, new),
        choices=(choices(good, old.period), choices(good, new.period)),
        number=number,
        last=last_page(listed.group.total) if listed else 1,
    )
    return page if settled else (page, 404)


def _days(good: list[Snapshot], old: str, new: str) -> tuple[Chosen, Chosen] | None:
    """Return the two days, the earlier first; None where there are no two snapshots."""
    if len(good) < 2:
        return None
    last = at_moment(good, new) if new else Chosen(good[-1])
    earlier = [one for one in good if one.timestamp < last.snapshot.timestamp]
    first = at_moment(good, old) if old else Chosen(earlier[-1] if earlier else good[0])
    if first.snapshot.timestamp > last.snapshot.timestamp:
        return last, first
    return first, last


def _told(site: Site, days: tuple[Chosen, Chosen]) -> Told:
    """Return what differs, as it was told before where nothing was written since."""
    held, noise = holdings(), noise_of(site)
    names = [one.snapshot.timestamp for one in days]
    places: Places = current_app.extensions[_PLACES]
    texts = Texts(held.collection, noise, held.settings.zone)

    def make() -> Told:
        with places.taken("Too many days are being compared", client()):
            first, last = (held.snapshot(site.name, name).folder for name in names)
            return told_between(texts, held.history, first, last, BOUNDS)

    def size(told: Told) -> int:
        return NOT_KEPT if texts.unreadable else _SIZE * (1 + len(told.changes))

    return held.kept.get(("between", site.name, *names, noise, BOUNDS), held.history.written(), make, size)


def _as_lines(changes: Iterable[Change]) -> Iterator[ChangedUrl]:
    """Yield changes as the log of a day has them."""
    for one in changes:
        moved = one.kind is Kind.MOVED
        status = one.after.effective_status if one.after else None
        to, origin = (one.moved, None) if moved else (None, one.moved)
        yield ChangedUrl(one.kind, one.url, status, text=one.text, to=to, origin=origin)
