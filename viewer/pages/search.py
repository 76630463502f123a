# SPDX-License-Identifier: EUPL-1.2
"""
Search in a site as it stood on a day, as it stands now, or in all of its days: `/<site>/search?q=`.

    on=DAY     as the site stood on that day      when=ever   on any day, each text of a page by itself
    url=       addresses that begin so            type=, year=   of that type, first seen in that year

An address put into the box leads to that page instead (typed.py).

    catalogue   which texts have the words
    history     which of those texts were online at that snapshot, and from when to when
    WARC        the text itself, for the stretch that shows why it was found

A day without a snapshot has no results: those of another day are never shown in its place. Made a few at a
time; what one may cost is bounded in documents and places that are looked at (index/budget.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from archiver.settings import Site
from archiver.texts import text_of
from index.catalogue import Excerpts
from index.document import Document, Kind
from index.errors import BusyError, DamagedError, NotFoundError, QueryError
from index.lifeline import Interval, at
from index.model import Snapshot
from index.search import Filters, Found, Hit
from index.timestamp import is_year
from index.words import MAX_QUERY, parse

from ..current import client, holdings
from ..days import best, of_day
from ..holdings import Holdings
from ..kept_values import NOT_KEPT
from ..places import Places
from .browse import page_number
from .given_day import GivenDay, choices, given_day
from .typed import address_of, hosts_of

Known = tuple[list[Interval], dict[str, str]]
"""The lifeline of a page, and the texts of documents, those of its own among them."""

pages = Blueprint("search", __name__)

MAX_ADDRESS = 4096
LONG = 4
"""Searches made at once, by all processes."""
PATIENCE = 5.0
"""Seconds that one more waits: the first search after a publish opens what was published."""
PER_PAGE = 20
MAX_PAGE = 50
_PLACES = "daykeep-searching"
_SIZE, _PIECE = 2048, 150
"""Bytes that a result is counted for, and a piece of its excerpt beside its letters."""


@dataclass(frozen=True, slots=True)
class Result:
    """One page found, as it is shown."""

    at: str
    """A snapshot that has it."""
    url: str
    title: str
    language: str
    first_day: str
    last_day: str
    still: bool
    kind: Kind
    excerpt: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results."""

    results: list[Result]
    found: Found


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asks for."""

    text: str
    on: str
    ever: bool
    filters: Filters

    def link(self, site: str, **other: str) -> str:
        """Return the address of this search, with other values in it; None of what is empty is named."""
        values = {
            "q": self.text,
            "on": self.on,
            "when": "ever" if self.ever else "",
            "url": self.filters.prefix,
            "type": self.filters.kind,
            "year": self.filters.year,
        }
        named = {name: value for name, value in (values | other).items() if value}
        return f"/{site}/search?{urlencode(named)}"


def add_search(app: Flask, held: Holdings) -> None:
    """Let an application search."""
    app.extensions[_PLACES] = Places(held.crew.part(LONG), held.room, PATIENCE)
    app.register_blueprint(pages)


@pages.get("/<site>/search")
def search(site: str) -> Response | tuple[str, int]:
    """Show what matches, as the site stood on a day; or go to the page whose address was typed."""
    found = holdings().site(site)
    ever = request.args.get("when", "") == "ever"
    given = GivenDay() if ever else given_day("on")
    asked = _asked(given.moment, ever=ever)
    text = request.args.get("q", "").strip()[:MAX_ADDRESS]
    typed = address_of(text, hosts_of([found]))
    if typed and (given.period or not given.typed):
        return to_address(site, text if "://" in text else typed.removeprefix("https://"), given.typed)
    snapshots = holdings().good_snapshots(site)
    snapshot = _snapshot(snapshots, asked.on) if given.is_settled else None
    number, nothing = page_number(MAX_PAGE), bool(asked.text) and not parse(asked.text)
    page, too_common = None, False
    if asked.text and snapshot and not nothing:
        try:
            page = _found(found, asked, snapshot, number)
        except QueryError:
            too_common = True
    shown = render_template(
        "search.html",
        site=found,
        asked=asked,
        given=given,
        snapshot=snapshot,
        page=page,
        number=number,
        last=_last(page),
        around=[] if snapshot else choices(snapshots, given.period),
        passed_over=_passed_over(asked),
        too_common=too_common,
        nothing=nothing,
    )
    return shown, _status(snapshot, given.typed, nothing=nothing)


def _status(snapshot: Snapshot | None, on: str, *, nothing: bool) -> int:
    """Return how a page of results is answered: there is no such day, or nothing to look for."""
    if on and not snapshot:
        return 404
    return 400 if nothing else 200


def to_address(site: str, typed: str, on: str) -> Response:
    """Lead to the page of an address, with a scheme or without: on a day as typed, or all versions."""
    wanted = {"url": typed, "on": on} if on else {"url": typed}
    return redirect(f"/{site}/history?{urlencode(wanted)}")


def _asked(on: str, *, ever: bool) -> Asked:
    """Return what the address says; a type or year that there is not counts as none, and is told."""
    names = ("q", "url", "type", "year")
    given = {name: request.args.get(name, "").strip()[:MAX_QUERY] for name in names}
    kind = given["type"] if given["type"] in list(Kind) else ""
    year = given["year"] if is_year(given["year"]) else ""
    return Asked(given["q"], on, ever, Filters(given["url"], kind, year))


def _passed_over(asked: Asked) -> list[str]:
    """Return the year and the type of the address that are none, and so do not count."""
    named = (("year", asked.filters.year), ("type", asked.filters.kind))
    given = (request.args.get(name, "").strip()[:MAX_QUERY] for name, taken in named if not taken)
    return [one for one in given if one]


def _snapshot(snapshots: list[Snapshot], on: str) -> Snapshot | None:
    """Return the snapshot of a day, or the newest where no day is given."""
    if not on:
        return snapshots[-1] if snapshots else None
    wanted = of_day(snapshots, on)
    return best(wanted) if wanted else None


def _last(page: Page | None) -> int:
    return min(max(((page.found.total if page else 0) + PER_PAGE - 1) // PER_PAGE, 1), MAX_PAGE)


def _found(site: Site, asked: Asked, snapshot: Snapshot, number: int) -> Page:
    """Return a page of what is found, as it was found before where nothing was written since."""
    held = holdings()
    places: Places = current_app.extensions[_PLACES]

    def make() -> Page:
        with places.taken("Too many searches are being made", client()):
            return _search(site, asked, snapshot, number)

    name = ("search", site.name, asked, snapshot.timestamp, number)
    return held.kept.get(name, held.history.written(), make, _size)


def _size(page: Page) -> int:
    """Return about how many bytes a page of what was found takes."""
    if not all(result.excerpt for result in page.results):
        return NOT_KEPT
    pieces = (piece for result in page.results for piece, _ in result.excerpt)
    return _SIZE * (1 + len(page.results)) + sum(_PIECE + 2 * len(piece) for piece in pieces)


def _search(site: Site, asked: Asked, snapshot: Snapshot, number: int) -> Page:
    found = holdings().search.find(
        site.name,
        asked.text,
        None if asked.ever else snapshot.timestamp,
        limit=PER_PAGE,
        offset=(number - 1) * PER_PAGE,
        filters=asked.filters,
    )
    documents = holdings().history.documents(hit.id for hit in found.hits)
    excerpts = Excerpts(asked.text)
    moment = None if asked.ever else snapshot.timestamp
    hits = [hit for hit in found.hits if hit.id in documents]
    lifelines = holdings().history.lifelines((hit.url for hit in hits), site.name)
    names = {one.document_id for some in lifelines.values() for one in some if one.document_id}
    texts = holdings().history.texts_by_document(names)
    shown = [
        _result(documents[hit.id], hit, (lifelines.get(hit.url, []), texts), moment, excerpts) for hit in hits
    ]
    return Page(shown, found)


def _result(document: Document, hit: Hit, known: Known, moment: str | None, excerpts: Excerpts) -> Result:
    """Return what is shown of a text: as it stood at a moment, or without one the last time it was online."""
    lifeline, texts = known
    here = at(lifeline, moment) if moment else _last_of(lifeline, document)
    # the title may have changed, and the text not
    alike = {name for name, text in texts.items() if text == document.text} | {document.id}
    first, last = _stretch(lifeline, alike, here)
    try:
        excerpt = excerpts.of(text_of(holdings().collection, document), document.language)
    except (DamagedError, NotFoundError):
        excerpt = []  # `verify` tells what cannot be read; the other results are shown all the same
    return Result(
        at=moment or last.first,
        url=hit.url,
        title=document.title,
        language=document.language,
        first_day=first.first_day,
        last_day=last.last_day,
        still=last.still,
        kind=hit.kind,
        excerpt=excerpt,
    )


def _last_of(lifeline: list[Interval], document: Document) -> Interval | None:
    return next((one for one in reversed(lifeline) if one.document_id == document.id), None)


def _stretch(lifeline: list[Interval], alike: set[str], here: Interval | None) -> tuple[Interval, Interval]:
    """Return the first and the last interval of the unbroken row around one that has one text."""
    if here is None:
        raise BusyError("The catalogue was renewed while it was read; ask again.")
    place = lifeline.index(here)
    first = last = place
    while first and _goes_on(lifeline[first - 1], lifeline[first], alike):
        first -= 1
    while last + 1 < len(lifeline) and _goes_on(lifeline[last], lifeline[last + 1], alike):
        last += 1
    return lifeline[first], lifeline[last]


def _goes_on(one: Interval, following: Interval, alike: set[str]) -> bool:
    return one.document_id in alike and following.document_id in alike and one.until == following.first
