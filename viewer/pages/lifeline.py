# SPDX-License-Identifier: EUPL-1.2
"""
The lifeline of a URL: `/<site>/history?url=`. Each version with its first and last day, and the gaps between.

With `&passage=` it tells on which days a passage stood there. With `&on=` it leads to the page on the day
that was typed: the form of the banner asks so.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from archiver.dating import MAX_PASSAGE, date_passage
from index.lifeline import Interval
from index.model import Snapshot
from index.passage import Dated

from ..current import client, holdings
from ..holdings import Holdings
from ..places import Places
from .addressed import addresses_of
from .given_day import choices, given_day, place_of
from .nearest import nearest_pages
from .timeline import timeline

MAX_READ = 16 << 20
"""Characters of text read for one answer about a passage."""

LONG = 2
"""Answers about a passage made at once, by all processes: each may read thousands of texts."""

_PLACES = "daykeep-dating"

pages = Blueprint("lifeline", __name__)


def add_lifelines(app: Flask, held: Holdings) -> None:
    """Let an application show lifelines."""
    app.extensions[_PLACES] = Places(held.crew.part(LONG), held.room)
    app.register_blueprint(pages)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a URL, as it is shown."""

    interval: Interval
    title: str
    last_day: str
    """Last day on which it was seen."""
    first: str
    last: str
    """First and last snapshot that saw it."""
    gap: tuple[str, str] | None
    """First and last day after it on which snapshots did not have the URL."""


@pages.get("/<site>/history")
def history(site: str) -> str | Response | tuple[str, int]:
    """Show the lifeline of a URL, or go to one of its days."""
    found = holdings().site(site)
    typed = request.args.get("url", "").strip()
    url, kept = addresses_of(typed, site) if typed else (None, None)
    given = given_day("on")
    if url and given.period and given.moment:
        return redirect(place_of(url, given.period))
    url = kept
    good = holdings().good_snapshots(site)
    lifeline = holdings().lifeline(url, site) if url else []
    withheld = holdings().history.withheld(url, site) if url else []
    if url and not lifeline:
        holdings().refuse_withheld(url, site)
    versions = list(_versions(lifeline, good))
    passage = request.args.get("passage", "").strip()[:MAX_PASSAGE]
    page = render_template(
        "lifeline.html",
        site=found,
        typed=typed,
        url=url,
        versions=versions[::-1],
        withheld=withheld[::-1],
        picture=timeline([(one.interval, one.last_day) for one in versions], good[-1].day) if good else None,
        passage=passage,
        dated=_dated(lifeline, passage),
        nearest=nearest_pages(holdings().history, site, url) if url and not versions else [],
        elsewhere=[name for name in holdings().sites_with(url) if name != site] if url else [],
        given=given,
        choices=choices(good, given.period),
    )
    return page if (versions or not typed) and given.is_settled else (page, 404)


def _dated(lifeline: list[Interval], passage: str) -> Dated | None:
    if not lifeline or not passage:
        return None
    held = holdings()
    places: Places = current_app.extensions[_PLACES]
    with places.taken("Too many passages are being looked for", client()):
        [found] = date_passage(
            held.collection,
            held.history,
            lifeline,
            passage,
            most=MAX_READ,
            snapshots=held.good_snapshots,
        )
        return found


def _versions(lifeline: list[Interval], good: list[Snapshot]) -> Iterator[Version]:
    titles = holdings().history.documents(one.document_id for one in lifeline if one.document_id)
    times = [one.timestamp for one in good]
    for interval in lifeline:
        document = titles.get(interval.document_id or "")
        last = good[bisect_right(times, interval.last) - 1]
        yield Version(
            interval=interval,
            title=document.title if document else "",
            last_day=last.day,
            first=interval.first,
            last=last.timestamp,
            gap=_gap(interval, good, times),
        )


def _gap(interval: Interval, good: Sequence[Snapshot], times: Sequence[str]) -> tuple[str, str] | None:
    """Return the days between a version and the next, or today, on which snapshots did not have the URL."""
    start = bisect_right(times, interval.last)
    end = bisect_left(times, interval.until) if interval.until else len(times)
    return (good[start].day, good[end - 1].day) if start < end else None
