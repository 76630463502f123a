# SPDX-License-Identifier: EUPL-1.2
"""
An archived page in the viewer's frame, below a banner that says which day it is: everything under /web/.

    /web/<timestamp or day>/<url>      the frame page; viewer/addresses/address.py lists the forms
    /web/<timestamp or day>id_/<url>   the payload as captured (viewer/replaying/as_captured.py)
    /web/<timestamp or day>ns_/<url>   the page in a view of its own (viewer/addresses/view.py)
    /web/<beginning of a timestamp>/<url>    to the first capture of that year, month, day, hour or minute
    /web/*/<url>                       to the lifeline

Both forms of a moment answer by themselves, so that either can be cited. A day that does not have the
URL is told so, with the nearest days that have it: never another day in its place. Knows nothing of what
the banner shows (framed.py), nor of how the page inside the frame is made.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from archiver.ledger import Entry
from archiver.settings import Site
from index.model import Outcome
from index.takedown import WithheldError
from index.timestamp import day_bounds, local_date
from index.urlkey import origin

from ..addresses.address import WebAddress, earliest, format_web_path, parse_web_path
from ..addresses.request_target import request_target
from ..addresses.view import view_of_modifier
from ..current import holdings
from ..days import best
from ..holdings import title_of
from ..kept_answers import may_be_kept
from ..open_snapshot import Found, OpenSnapshot
from ..protocols.as_memento import as_memento, as_page, canonical
from ..protocols.mementos import NEAR, kept, nearest
from ..replaying.as_captured import as_captured
from ..replaying.filling import fill
from .closest import first_from, last_before
from .day_log import outcome_of
from .framed import Framed, framed
from .given_day import others, place_of
from .nearest import nearest_pages
from .typed_day import MAX_TYPED, read_day

pages = Blueprint("frame", __name__)

_BEGINS_URL = re.compile(r"https?(?::|%3a)|[^/]*\.[^/\d]", re.IGNORECASE)
"""Where an address stands in place of a moment."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one site has of a URL around a moment at which it does not have it."""

    site: str
    title: str
    snapshot: str | None
    """The snapshot of the moment that was asked for, if there is one that did not fail."""
    entry: Entry | None
    """What its ledger says of the URL."""
    before: str | None
    after: str | None
    """Nearest timestamps at which the URL was captured."""


@pages.get("/web/")
@pages.get("/web/<path:_>")
def web(_: str = "") -> AnyResponse | tuple[str, int]:
    """Answer any address under /web/."""
    target = request_target(request.environ)
    try:
        address = parse_web_path(target)
    except ValueError:
        return _not_an_address(target), 404
    if address.moment == "*":
        return _to_lifeline(address.url)
    if address.modifier != "id_" and view_of_modifier(address.modifier) is None:
        return redirect(format_web_path(address.moment, address.url))
    if address.beginning:
        return _first_of(address) or _not_there(address)
    return _answer(address)


def _not_an_address(target: str) -> str:
    """Say that an address under /web/ is none, and where the page is found whose address stands in it."""
    moment, _, rest = target.removeprefix("/web/").partition("/")
    if _BEGINS_URL.match(moment):
        moment, rest = "", target.removeprefix("/web/")
    given = unquote(moment)
    period = read_day(given, holdings().today())
    try:
        url = parse_web_path(f"/web/*/{rest}").url
    except ValueError:
        url = None
    return render_template(
        "not_an_address.html",
        given=given[: MAX_TYPED + 1],
        url=url,
        day=period.first if period and period.day else None,
        place=place_of(url, period) if url and period and period.day else None,
    )


def _first_of(address: WebAddress) -> AnyResponse | None:
    """
    Lead to the first capture whose timestamp begins so, as links to other archives are written.

    None where there is none: what is nearest in another year or on another day is offered, and not shown.
    """
    held, start = holdings(), earliest(address.moment)
    found = nearest(held, kept(held, address.url), start)
    if found is None:
        held.refuse_withheld(address.url)
        return None
    one = found.chosen if found.chosen.timestamp >= start else found.next
    if one is None or not one.timestamp.startswith(address.moment):
        return None
    response = redirect(format_web_path(one.timestamp, one.url, address.modifier))
    response.headers["Cache-Control"] = "no-cache"
    return response


def _answer(address: WebAddress) -> AnyResponse | tuple[str, int]:
    candidates = []
    for snapshot in _meant(address):
        candidates.append(snapshot)
        found = snapshot.look_up(address.url)
        if found:
            return _shown(address, snapshot, found)
    for snapshot in candidates:
        other = snapshot.other_scheme(address.url)
        if other:
            return redirect(format_web_path(address.moment, other, address.modifier))
    return _filled(address, candidates) or _not_there(address)


def _filled(address: WebAddress, candidates: Iterable[OpenSnapshot]) -> Response | None:
    """Return the frame page of a page that another day has, where gaps are to be filled."""
    view = view_of_modifier(address.modifier)
    if view is None or not view.filled:
        return None
    for snapshot in candidates:
        filling = fill(holdings(), snapshot, address.url)
        if filling:
            return framed(Framed(address.url, filling.found, snapshot, view, filling.snapshot))
    return None


def _shown(address: WebAddress, snapshot: OpenSnapshot, found: Found) -> Response:
    view = view_of_modifier(address.modifier)
    if view is None:
        response = as_captured(snapshot, found)
        if "-" in address.moment:  # by a day another snapshot may be the best one tomorrow
            response.headers["Cache-Control"] = "no-cache"
        elif address.moment == snapshot.timestamp:
            may_be_kept(request.environ)
        return as_memento(response, holdings(), found.capture)
    response = framed(Framed(address.url, found, snapshot, view))
    if not address.modifier and address.moment != found.capture.timestamp:
        response.headers["Content-Location"] = canonical(holdings(), found.capture)
    return as_page(response, holdings(), found.capture)


def _snapshots_at(moment: str) -> Iterator[OpenSnapshot]:
    """Yield the snapshots of a moment, best first: the one of a timestamp, or those of a day on each site."""
    held = holdings()
    if "-" not in moment:
        found = held.shelf.get(moment)
        if found:
            yield found
        return
    for site in held.sites():
        left = list(held.days(site.name).of_day(moment))
        while left:
            chosen = best(left)
            left.remove(chosen)
            yield held.snapshot(site.name, chosen.timestamp)


def _meant(address: WebAddress) -> Iterator[OpenSnapshot]:
    """
    Yield the snapshots that an address may mean, best first.

    A second that is the name of a snapshot is first the second of a capture, where another site has one of
    exactly this URL: so indexes name captures, and their readers ask for them (docs/cdx.md).
    """
    named = list(_snapshots_at(address.moment))
    if "-" in address.moment:
        yield from named
        return
    if named and not _captured_then(named[0], address):
        others = set(holdings().history.sites_with(address.url)) - {named[0].site}
        yield from _captured_at(address, sorted(others))
    yield from named
    yield from _captured_at(address, [site.name for site in holdings().sites()])


def _captured_at(address: WebAddress, sites: Iterable[str]) -> Iterator[OpenSnapshot]:
    """Yield the snapshots of these sites that captured a URL in that very second."""
    held = holdings()
    for site in sites:
        names = list(held.days(site).by_name)
        end = bisect_right(names, address.moment)
        for name in reversed(names[max(end - NEAR, 0) : end]):  # a crawl and imported days overlap
            snapshot = held.snapshot(site, name)
            if _captured_then(snapshot, address):
                yield snapshot


def _captured_then(snapshot: OpenSnapshot, address: WebAddress) -> bool:
    """Tell whether a snapshot captured a URL in that very second. Raises WithheldError where it did."""
    try:
        found = snapshot.look_up(address.url)
    except WithheldError as error:
        if error.captured == address.moment:
            raise
        return False
    return found is not None and found.capture.timestamp == address.moment


def _not_there(address: WebAddress) -> AnyResponse | tuple[str, int]:
    held = holdings()
    if address.modifier == "id_":
        text = f"{address.url} is not in the archive at {address.moment}.\n"
        return Response(text, 404, mimetype="text/plain")
    start, end = _span(address.moment)
    named = held.sites_with(address.url)
    offers = [_offer(site, address, start, end) for site in named]
    day = None if address.beginning else _day(address.moment)
    around = list(_snapshots_at(address.moment))
    known = [snapshot.site for snapshot in around]
    page = render_template(
        "not_there.html",
        address=address,
        day=day,
        others=others(day) if day else [],
        offers=offers,
        sites=[site for site in held.sites() if site.name in known],
        reasons=[] if offers else _reasons(address),
        nearest=[] if offers else _nearest(held.archived() if address.beginning else known, address.url),
        outside=bool(around) and not offers and not any(_has_host(one, address.url) for one in around),
        live=urlsplit(address.url),
    )
    return page, 404


def _nearest(sites: Iterable[str], url: str) -> list[tuple[Site, list[str]]]:
    """Return which stored pages an address that was never stored may have been meant as, by site."""
    held = holdings()
    return [(held.site(site), nearest_pages(held.history, site, url)) for site in dict.fromkeys(sites)]


def _has_host(snapshot: OpenSnapshot, url: str) -> bool:
    """Tell whether a snapshot has anything of the host of a URL."""
    return any(one.host == origin(url).host for one in snapshot.origins)


def _day(moment: str) -> date:
    if "-" in moment:
        return date.fromisoformat(moment)
    return local_date(moment, holdings().settings.zone)


def _span(moment: str) -> tuple[str, str]:
    """Return the first timestamp of a moment, and what comes after its last one."""
    if "-" in moment:
        return day_bounds(date.fromisoformat(moment), holdings().settings.zone)
    return earliest(moment), moment.ljust(14, "9")


def _offer(site: str, address: WebAddress, start: str, end: str) -> Offer:
    held = holdings()
    lifeline = held.lifeline(held.kept_as(address.url, site), site)
    good = [one.timestamp for one in held.good_snapshots(site)]
    there = next((one for one in _snapshots_at(address.moment) if one.site == site and _saw(one)), None)
    return Offer(
        site=site,
        title=title_of(held.site(site)),
        snapshot=there.timestamp if there else None,
        entry=_outcome(there, address.url) if there else None,
        before=last_before(lifeline, good, start),
        after=first_from(lifeline, good, end),
    )


def _saw(snapshot: OpenSnapshot) -> bool:
    return snapshot.folder.summary.outcome is not Outcome.FAILED


def _reasons(address: WebAddress) -> list[Entry]:
    """Return what the ledgers of that moment say of a URL that was never captured."""
    found = (_outcome(snapshot, address.url) for snapshot in _snapshots_at(address.moment))
    return [entry for entry in found if entry]


def _outcome(snapshot: OpenSnapshot, url: str) -> Entry | None:
    """Return what the ledger of a snapshot says of a URL, as it is written or as the crawler tidied it."""
    return outcome_of(snapshot.folder, url, snapshot.tidy(url))


def _to_lifeline(url: str) -> AnyResponse | tuple[str, int]:
    held = holdings()
    sites = held.sites_with(url) or [site.name for site in held.sites()[:1]]
    if not sites:
        return render_template("error.html", status=404), 404
    return redirect(f"/{sites[0]}/history?{urlencode({'url': url})}")
