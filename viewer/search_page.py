# SPDX-License-Identifier: EUPL-1.2
"""
Search in a site as it stood on a day: `/<site>/search?q=&on=`. Without a day, as it stands now.

    catalogue   which texts have the words
    history     which of those texts were online at that snapshot, and from when to when
    WARC        the text itself, for the stretch that shows why it was found

A day without a snapshot has no results: those of another day are never shown in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from archiver.records import open_record
from archiver.settings import Site
from index.catalogue import Hit, Results, excerpt
from index.document import Document
from index.errors import NotFoundError
from index.lifeline import Interval, at
from index.model import Snapshot
from index.timestamp import parse_date

from .current import holdings
from .days import around, best, of_day

pages = Blueprint("search", __name__)

PER_PAGE = 20
MAX_PAGE = 50
MAX_TEXT = 1 << 20
"""Bytes of a text that are read for its excerpt."""

RETRIES = 2
"""Times a search is asked again because the catalogue was renewed between two of its steps."""


@dataclass(frozen=True, slots=True)
class Result:
    """One page found, as it is shown."""

    url: str
    title: str
    language: str
    first_day: str
    last_day: str
    still: bool
    excerpt: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results."""

    results: list[Result]
    total: int
    complete: bool


@pages.get("/<site>/search")
def search(site: str) -> str | tuple[str, int]:
    """Show what matches, as the site stood on a day."""
    found = holdings().site(site)
    asked = request.args.get("q", "").strip()[:200]
    on = request.args.get("on", "").strip()
    snapshots = holdings().good_snapshots(site)
    snapshot = _snapshot(snapshots, on)
    number = min(max(request.args.get("page", 1, type=int), 1), MAX_PAGE)
    page = _search(found, asked, snapshot, number) if asked and snapshot else None
    shown = render_template(
        "search.html",
        site=found,
        asked=asked,
        on=on if _is_day(on) else "",
        snapshot=snapshot,
        page=page,
        number=number,
        last=_last(page),
        around=around(snapshots, on) if _is_day(on) and not snapshot else (None, None),
        bounds=(snapshots[0].day, snapshots[-1].day) if snapshots else ("", ""),
        bad_day=bool(on) and not _is_day(on),
    )
    return shown if snapshot or not on else (shown, 404)


def _snapshot(snapshots: list[Snapshot], on: str) -> Snapshot | None:
    """Return the snapshot of a day, or the newest where no day is given."""
    if not on:
        return snapshots[-1] if snapshots else None
    wanted = of_day(snapshots, on)
    return best(wanted) if wanted else None


def _is_day(text: str) -> bool:
    try:
        parse_date(text)
    except ValueError:
        return False
    return True


def _last(page: Page | None) -> int:
    return min(max(((page.total if page else 0) + PER_PAGE - 1) // PER_PAGE, 1), MAX_PAGE)


def _search(site: Site, asked: str, snapshot: Snapshot, number: int) -> Page:
    found = _matches(site.name, asked, snapshot, (number - 1) * PER_PAGE)
    documents = holdings().history.documents(hit.id for hit in found.hits)
    shown = [_result(documents[hit.id], hit, snapshot, asked) for hit in found.hits if hit.id in documents]
    return Page(shown, found.total, found.complete)


def _matches(site: str, asked: str, snapshot: Snapshot, offset: int) -> Results:
    """Ask the catalogue, and once more where a newer one took its place in the meantime."""
    held = holdings()
    for attempt in range(RETRIES + 1):
        generation = held.history.generation()
        if generation is None:
            break
        try:
            return held.catalogue.search(
                generation,
                site,
                asked,
                limit=PER_PAGE,
                offset=offset,
                allowed=lambda ids: held.history.online(ids, site, snapshot.timestamp),
            )
        except NotFoundError:
            if attempt == RETRIES:
                raise
    return Results([], 0, complete=True)


def _result(document: Document, hit: Hit, snapshot: Snapshot, asked: str) -> Result:
    first, last = _stretch(holdings().history.lifeline(hit.url, document.site), document.id, snapshot)
    return Result(
        url=hit.url,
        title=document.title,
        language=document.language,
        first_day=first.first_day,
        last_day=last.last_day,
        still=last.still,
        excerpt=excerpt(_text(document), asked, document.language),
    )


def _stretch(lifeline: list[Interval], name: str, snapshot: Snapshot) -> tuple[Interval, Interval]:
    """Return the first and the last interval of the unbroken row around a snapshot that has one text."""
    here = at(lifeline, snapshot.timestamp)
    if here is None:
        raise NotFoundError("The catalogue was renewed while it was read; ask again.")
    place = lifeline.index(here)
    first = last = place
    while first and _goes_on(lifeline[first - 1], lifeline[first], name):
        first -= 1
    while last + 1 < len(lifeline) and _goes_on(lifeline[last], lifeline[last + 1], name):
        last += 1
    return lifeline[first], lifeline[last]


def _goes_on(one: Interval, following: Interval, name: str) -> bool:
    return one.document_id == name and following.document_id == name and one.until == following.first


def _text(document: Document) -> str:
    folder = holdings().collection.at(document.site, document.snapshot)
    with open_record(folder.warc(document.filename), document.offset) as record:
        return record.block.read(MAX_TEXT).decode("utf-8", "replace")
