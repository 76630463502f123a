# SPDX-License-Identifier: EUPL-1.2
"""
The pages around the archive: the sites, the calendar of one, and what a day holds, changed and lacks.

Everything is read as it was sealed and published; nothing is made here but the page. Knows nothing of
archived markup: titles and addresses go through the templates, which escape them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from archiver.ledger import Entry, UrlOutcome
from archiver.settings import Site
from archiver.snapshot_folder import SnapshotFolder
from index.changes import Kind
from index.errors import NotFoundError
from index.model import Outcome, Page, Snapshot
from index.timestamp import is_date, is_year, local_date, parse_timestamp
from index.urlkey import normalise

from ..addresses.address import format_web_path
from ..current import holdings
from ..days import Day, SiteDays, best, calendar_of, last_day, to_day
from ..holdings import title_of
from ..i18n import SHORT_STATES
from ..open_snapshot import OpenSnapshot
from ..told import ToldError, Way, filled
from .change_list import FILTERS, Wanted, is_section, survey
from .day_log import MISSING, SHOWN, Group, changes, changes_by_kind, missing, missing_by_outcome, part
from .given_day import given_day, place_of
from .typed import address_of, hosts_of
from .typed_day import MAX_TYPED, Period, Unit

pages = Blueprint("browse", __name__)

MAX_PAGE = 100_000
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class NoSnapshotError(NotFoundError):
    """A moment of which a site has no snapshot; what a visitor reads is made of its parts."""

    def __init__(self, site: Site, moment: str) -> None:
        super().__init__(f"There is no snapshot of {title_of(site)} at {moment[:40]!r}.")
        self.site, self.moment = site, moment


@dataclass(frozen=True, slots=True)
class Shown:
    """The snapshot a page is about, and what there is around it."""

    site: Site
    snapshot: Snapshot
    of_day: list[Snapshot]
    """All snapshots of its day, oldest first."""
    previous: Snapshot | None
    """The snapshot its changes are counted from."""
    before: str | None
    after: str | None
    """Nearest other days with a snapshot."""

    @property
    def day(self) -> Day:
        """Its day, with how it went."""
        return to_day([self.snapshot])


@pages.get("/")
def home() -> str | Response:
    """Show the sites, or go where the search box or the address box leads."""
    held = holdings()
    if "q" in request.args or "url" in request.args:
        return _from_home()
    listed = [(site, held.history.newest(site.name)) for site in held.sites()]
    return render_template("home.html", listed=listed, today=held.today())


def _from_home() -> Response:
    """Go where the search box leads: to an address on a day or in all its versions, else to a search."""
    held = holdings()
    text = request.args.get("q", request.args.get("url", "")).strip()
    given = given_day("on")
    sites = held.sites()
    url = _typed(text) if "q" not in request.args else address_of(text, hosts_of(sites))
    # a search says of what is no day that it is none
    if url and (given.is_settled or "q" not in request.args):
        stored = _stored(url, text)
        known = given.period if given.moment else None
        return redirect(place_of(stored, known) if known else format_web_path("*", stored))
    name = request.args.get("site", "") or (sites[0].name if len(sites) == 1 else "")
    if not text or "q" not in request.args:
        return redirect("/")
    if not name:
        said = gettext("Choose the site in which to search.")
        raise ToldError(said, status=400)
    held.site(name)
    wanted = {"q": text, "on": given.typed, "when": request.args.get("when", "")}
    return redirect(f"/{name}/search?{urlencode({key: value for key, value in wanted.items() if value})}")


def _stored(url: str, text: str) -> str:
    """Return a URL that was typed without a scheme with that by which it is stored; https where it is not."""
    other = url.replace("https:", "http:", 1)
    if "://" in text[:10] or holdings().sites_with(url) or not holdings().sites_with(other):
        return url
    return other


def _typed(text: str) -> str | None:
    """Return the URL of what a visitor typed, who may have left out the scheme."""
    return normalise(text if "://" in text[:10] else f"https://{text}")


@pages.get("/<site>/")
def site_calendar(site: str) -> Response | tuple[str, int]:
    """Show every day of one year of a site, the newest if left out; or go to the day that was typed."""
    held = holdings()
    found = held.site(site)
    days = held.days(site)
    given = given_day("day")
    period = given.period
    place = _place_of(period, given.typed, site) if period else None
    if place:
        return redirect(place)
    year = request.args.get("year", "").strip()
    years = calendar_of(days, held.today(), int(year) if is_year(year) else None)
    no_year = "" if any(one.number == int(year) for one in years if is_year(year)) else year
    page = render_template(
        "calendar.html",
        site=found,
        years=years,
        no_year=no_year[:MAX_TYPED],
        snapshots=days.all,
        newest=days.all[-1] if days.all else None,
        words={state.value: str(word) for state, word in SHORT_STATES.items()},
        shades=days.shades,
        typed=given.typed,
        period=period,
        around=days.around(period.first.isoformat()) if period else (None, None),
    )
    return page, 404 if no_year or given.typed else 200  # what was typed and has a place was led to it


def _place_of(period: Period, typed: str, site: str) -> str | None:
    """Return where what was typed is, a day or a part of the calendar; None where that does not reach it."""
    if period.day:
        return f"/{site}/{period.day}/{'?' + urlencode({'typed': typed}) if period.is_doubtful else ''}"
    days = holdings().days(site)
    if not days.all or period.last.isoformat() < days.bounds[0]:
        return None
    if period.first > last_day(days, holdings().today()):
        return None
    return (
        f"/{site}/?year={period.first.year}#{'days' if period.unit is Unit.YEAR else f'{period.first:%Y-%m}'}"
    )


@pages.get("/<site>/<moment>/")
def day(site: str, moment: str) -> str:
    """Show one day (`YYYY-MM-DD`), or one of its snapshots (14 digits)."""
    found = holdings().site(site)
    shown = shown_at(found, moment)
    if shown.snapshot.outcome is Outcome.FAILED:
        return render_template(
            "day.html",
            shown=shown,
            pages=[],
            changes={},
            changed_text=None,
            missing=_missing(shown),
            **_two_readings(moment),
        )
    contains = request.args.get("contains", "").strip()[:200] or None
    listed, total, more = _pages(shown, contains)
    return render_template(
        "day.html",
        shown=shown,
        pages=listed,
        total=total,
        more=more,
        contains=contains or "",
        continued="after" in request.args,
        changes=changes_by_kind(snapshot_of(shown)),
        changed_text=folder_of(shown).changed_text,
        missing=_missing(shown),
        **_two_readings(moment),
    )


def _two_readings(moment: str) -> dict[str, object]:
    """Return what was typed for a day, where another may have been meant."""
    given = given_day("typed")
    read = given.period
    believed = read is not None and read.is_doubtful and read.day == moment
    return {"typed": given.typed, "read": read if believed else None}


@pages.get("/<site>/<moment>/missing")
def all_missing(site: str, moment: str) -> str:
    """Show everything a day lacks, or one outcome of it, a page at a time."""
    shown = shown_at(holdings().site(site), moment)
    outcome = request.args.get("outcome", "")
    if outcome and outcome not in MISSING:
        said = filled(gettext("“%(given)s” is no reason for which something is missing."), given=outcome)
        raise ToldError(said, Way(gettext("What is missing and why"), request.path))
    number = page_number()
    lacking = snapshot_of(shown)
    wanted = (entry for entry in missing(lacking) if not outcome or entry.outcome == outcome)
    group = part(wanted, number)
    return render_template(
        "missing.html",
        shown=shown,
        outcome=UrlOutcome(outcome) if outcome else None,
        counts={name: one.total for name, one in missing_by_outcome(lacking).items()},
        group=group,
        number=number,
        last=last_page(group.total),
    )


@pages.get("/<site>/<moment>/changes")
def all_changes(site: str, moment: str) -> str:
    """Show everything a day changed, or what is asked for of it, a page at a time."""
    shown = shown_at(holdings().site(site), moment)
    wanted = wanted_changes()
    number = page_number()
    found = survey(changes(snapshot_of(shown)), wanted, number)
    return render_template(
        "changes.html",
        shown=shown,
        wanted=wanted,
        found=found,
        number=number,
        last=last_page(found.group.total),
    )


def wanted_changes() -> Wanted:
    """Return which changes this request asks for. Raises ToldError for an unknown kind or section."""
    wanted = Wanted(request.args.get("kind", ""), request.args.get("section", ""))
    known = wanted.kind in {"", *FILTERS, *(kind.value for kind in Kind)}
    everything = Way(gettext("All that changed"), request.path)
    if not known:
        raise ToldError(filled(gettext("“%(given)s” is no kind of change."), given=wanted.kind), everything)
    if wanted.section and not is_section(wanted.section):
        said = gettext("“%(given)s” is no part of the site: that is the beginning of a path, such as /news/.")
        raise ToldError(filled(said, given=wanted.section), everything)
    return wanted


@pages.app_errorhandler(NoSnapshotError)
def no_snapshot(error: NoSnapshotError) -> tuple[str, int]:
    """Say on any page of a day that the site has no such day, and which days are nearest."""
    site, moment = error.site, error.moment
    day = moment if is_date(moment) else None
    near = _near(holdings().days(site.name), moment)
    page = render_template(
        "no_snapshot.html", site=site, day=day, moment=moment[:40], near=near, **_two_readings(moment)
    )
    return page, 404


def _near(days: SiteDays, moment: str) -> list[str]:
    """Return the nearest days of a moment that have a snapshot, in their order; none of what is no moment."""
    try:
        day = moment if is_date(moment) else local_date(moment, holdings().settings.zone).isoformat()
    except (ValueError, OverflowError):  # the last hours of the year 9999 are no day in every zone
        return []
    before, after = days.around(day)
    return [one for one in (before, day if days.of_day(day) else None, after) if one]


def shown_at(site: Site, moment: str) -> Shown:
    """Return the snapshot of a day or a timestamp. Raises NoSnapshotError."""
    days = holdings().days(site.name)
    chosen = _chosen(days, moment)
    if chosen is None:
        raise NoSnapshotError(site, moment)
    same_day, previous = days.of_day(chosen.day), days.before(chosen.timestamp)
    return Shown(site, chosen, same_day, previous, *days.around(chosen.day))


def _chosen(days: SiteDays, moment: str) -> Snapshot | None:
    if is_date(moment):
        found = days.of_day(moment)
        return best(found) if found else None
    try:
        parse_timestamp(moment)
    except ValueError:
        return None
    return days.by_name.get(moment)


def _pages(shown: Shown, contains: str | None) -> tuple[list[Page], int, str | None]:
    """Return a part of the pages, how many there are, and after which URL the next part begins."""
    history = holdings().history
    after = normalise(request.args.get("after", ""))
    name, timestamp = shown.site.name, shown.snapshot.timestamp
    listed = history.pages(name, timestamp, after=after, limit=SHOWN + 1, contains=contains)
    if contains:
        total = history.count_pages(name, timestamp, contains=contains)
    else:
        total = holdings().count_pages(name, timestamp)
    return listed[:SHOWN], total, listed[SHOWN - 1].url if len(listed) > SHOWN else None


def _missing(shown: Shown) -> dict[UrlOutcome, Group[Entry]]:
    return missing_by_outcome(snapshot_of(shown))


def folder_of(shown: Shown) -> SnapshotFolder:
    """Return the sealed folder of the snapshot that a page is about."""
    return snapshot_of(shown).folder


def snapshot_of(shown: Shown) -> OpenSnapshot:
    """Return the snapshot that a page is about, open."""
    return holdings().snapshot(shown.site.name, shown.snapshot.timestamp)


def page_number(most: int = MAX_PAGE) -> int:
    """Return the number of the page of a list, from 1 to the last that any has. Raises ToldError."""
    given = request.args.get("page", "") or "1"
    number = int(given) if _NUMBER.fullmatch(given) else 0
    if not 0 < number <= most:
        others = {name: value for name, value in request.args.items() if name != "page"}
        first = Way(gettext("First page"), f"{request.path}?{urlencode(others)}" if others else request.path)
        raise ToldError(filled(gettext("“%(given)s” is no page of this list."), given=given), first)
    return number


def last_page(total: int) -> int:
    """Return the number of the last page of a list of so many lines."""
    return max((total + SHOWN - 1) // SHOWN, 1)
