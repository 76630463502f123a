# SPDX-License-Identifier: EUPL-1.2
"""
Two days of one page: `/<site>/compare?url=&from=&to=`.

    ?view=text    what its text says otherwise: amounts, dates, links, and every line with what came and went
    ?view=pages   the page of each day as it looked, in a pane of its own (viewer/pages/panes.py)
    ?as=          the address it has on the later day, where it moved

`to` left out is the newest day, `from` the version before. A day without a snapshot stands for the nearest
one, and the page says so; what is no day stands for none (given_day.py). Where a day has no text to
compare, the page says what it has. Made a few at a time; what one may cost is bounded in characters and cells
(index/comparison).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, Flask, current_app, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from archiver.comparing import Comparison, Side, Standing, compared, side_of
from archiver.exchange import header
from archiver.ledger import Entry
from archiver.noise_rules import noise_of
from archiver.responses import open_response
from archiver.settings import Site
from index.changes import Kind
from index.comparison import links
from index.comparison.links import LinkChanges
from index.comparison.passages import Fold, Row, folded
from index.errors import DamagedError, NotFoundError
from index.lifeline import Interval
from index.model import Snapshot

from ..current import client, holdings
from ..holdings import Holdings
from ..kept_values import NOT_KEPT
from ..places import Places
from ..replaying.body import beginning
from ..replaying.form import charset_of
from ..rewriting.charset import decode
from ..rewriting.page_links import MAX_MARKUP, links_of
from ..security import allow_frames
from ..told import ToldError, Way, filled
from .addressed import addresses_of
from .day_log import change_of, outcome_of
from .given_day import GivenDay, choices, given_moment
from .nearest import nearest_pages
from .panes import add_panes
from .two_days import Step, TwoDays, choose, steps

VIEWS = ("text", "pages")
LONG = 2
"""Comparisons made at once, by all processes: each may take a second."""
MAX_ROWS = 600
"""Lines and folds on one page."""
MAX_SHOWN = 300_000
"""Characters of them."""
MAX_FOLDED = 100_000
"""Characters of folded lines that are in the page: folds beyond that say only how many lines they are."""
MAX_PASSAGE = 300
"""Characters of a line by which it is dated."""
MOVED_WITHIN = 8
"""Snapshots after a page was seen last that are asked whether it moved: as far as days look back."""

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_PLACES = "daykeep-comparing"
_ROW = 1024
"""Bytes that a line is counted for beside its letters."""

pages = Blueprint("compare", __name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor asks for."""

    typed: str
    url: str | None
    renamed: str | None
    """The address on the later day, where it is another."""
    old: GivenDay
    new: GivenDay
    view: str

    @property
    def is_settled(self) -> bool:
        """Whether what was given for days are days."""
        return self.old.is_settled and self.new.is_settled

    def link(self, site: str, **other: str | None) -> str:
        """Return the address of this comparison with other values in it; what is empty is not named."""
        values = {
            "url": self.url,
            "as": self.renamed,
            "from": self.old.moment,
            "to": self.new.moment,
            "view": "pages" if self.view == "pages" else None,
        }
        named = {name: value for name, value in (values | other).items() if value}
        return f"/{site}/compare?{urlencode(named)}"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of two texts as they are shown."""

    rows: Sequence[Row | Fold]
    more: int
    """Lines and folds that are left out."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A comparison as it is shown."""

    found: Comparison
    lines: Lines
    links: LinkChanges | None
    """None where one of the days has no page that can be read for links."""
    moved: str | None
    """Where the page is on the later day, as far as a day between says so."""
    reasons: dict[str, Entry]
    """By snapshot, what its ledger says of an address it does not have."""
    steps: tuple[Step | None, Step | None]


def add_comparisons(app: Flask, held: Holdings) -> None:
    """Let an application compare two days of a page."""
    app.extensions[_PLACES] = Places(held.crew.part(LONG), held.room)
    app.register_blueprint(pages)
    add_panes(app)


@pages.get("/<site>/compare")
def compare(site: str) -> str | Response | tuple[str, int]:
    """Show two days of one page beside each other."""
    found, version = holdings().site(site), holdings().history.written()
    asked = _asked(site)
    good = holdings().good_snapshots(site)
    lifeline = holdings().lifeline(asked.url, site) if asked.url else []
    days = None
    if lifeline and asked.is_settled:
        days = choose(lifeline, good, asked.old.moment, asked.new.moment)
    if asked.is_settled or not lifeline:
        _refuse_withheld(site, asked, days)
    shown = None
    if days and days.old and asked.url:
        shown = _compared(
            version, _name(found, asked, days), partial(_shown, found, asked, lifeline, good, days)
        )
    if asked.view == "pages":
        allow_frames(["'self'"])
    page = render_template(
        "compare.html",
        site=found,
        asked=asked,
        known=bool(lifeline),
        days=days,
        shown=shown,
        elsewhere=[name for name in holdings().sites_with(asked.url) if name != site] if asked.url else [],
        choices=(choices(good, asked.old.period), choices(good, asked.new.period)),
        nearest=nearest_pages(holdings().history, site, asked.url) if asked.url and not lifeline else [],
        passage_of=passage_of,
        newest=good[-1].timestamp if good else "",
    )
    return page if days or not asked.typed else (page, 404)


def _refuse_withheld(site: str, asked: Asked, days: TwoDays | None) -> None:
    """Raise WithheldError where one of the two days, or all of them, may not be shown of the page."""
    if asked.url and not days:
        holdings().refuse_withheld(asked.url, site)
    for url, chosen in ((asked.url, days.old), (asked.renamed or asked.url, days.new)) if days else ():
        if url and chosen:
            holdings().takedowns.refuse(url, chosen.snapshot.timestamp)


def _asked(site: str) -> Asked:
    typed = request.args.get("url", "").strip()
    renamed = request.args.get("as", "").strip()
    url = addresses_of(typed, site)[1] if typed else None
    other = addresses_of(renamed, site)[1] if renamed else None
    old, new = given_moment("from"), given_moment("to")
    view = request.args.get("view", "") or "text"
    asked = Asked(typed, url, None if other == url else other, old, new, view)
    if view not in VIEWS:
        said = filled(gettext("“%(given)s” is no way to compare."), given=view)
        raise ToldError(said, Way(gettext("Two days compared"), asked.link(site)))
    return asked


def _name(site: Site, asked: Asked, days: TwoDays) -> Hashable:
    """Return what a comparison is of, and by which rules."""
    between = days.old.snapshot.timestamp if days.old else "", days.new.snapshot.timestamp
    return "compare", site.name, asked.url, asked.renamed, between, noise_of(site)


def _compared(version: int | None, name: Hashable, make: Callable[[], Shown]) -> Shown:
    """Return a comparison, as it was made before where nothing was written since that version."""
    places: Places = current_app.extensions[_PLACES]

    def made() -> Shown:
        with places.taken("Too many pages are being compared", client()):
            return make()

    return holdings().kept.get(name, version, made, _weight)


def _weight(shown: Shown) -> int:
    """Return about how many bytes a comparison takes: its texts whole, and its lines."""
    if Standing.UNREADABLE in {shown.found.old.standing, shown.found.new.standing}:
        return NOT_KEPT
    texts = len(shown.found.old.text) + len(shown.found.new.text)
    rows = shown.found.passages.rows if shown.found.passages else ()
    return _ROW * (1 + len(rows)) + 8 * texts


def _shown(site: Site, asked: Asked, lifeline: list[Interval], good: list[Snapshot], days: TwoDays) -> Shown:
    assert days.old is not None
    assert asked.url is not None
    held = holdings()
    now_url = asked.renamed or asked.url
    now = held.lifeline(now_url, site.name) if asked.renamed else lifeline
    old = side_of(held.collection, held.history, lifeline, asked.url, days.old.snapshot)
    new = side_of(held.collection, held.history, now, now_url, days.new.snapshot)
    found = compared(old, new, noise_of(site), held.settings.zone)
    return Shown(
        found=found,
        lines=_lines(found.passages.rows if found.passages else ()),
        links=_links(old, new),
        moved=_moved(site.name, old, new, good),
        reasons=dict(_reasons(old, new)),
        steps=steps(lifeline, good, days),
    )


def _lines(rows: Iterable[Row]) -> Lines:
    """Return as much of two texts as one page holds."""
    shown: list[Row | Fold] = []
    left, room = MAX_SHOWN, MAX_FOLDED
    more = 0
    for one in folded(rows):
        kept: Row | Fold = one
        size = _size(one)
        if isinstance(one, Fold):
            room -= size
            kept, size = (one if room >= 0 else Fold((), one.number)), 0
        left -= size
        if more or left < 0 or len(shown) >= MAX_ROWS:
            more += 1
        else:
            shown.append(kept)
    return Lines(shown, more)


def _size(one: Row | Fold) -> int:
    return sum(map(len, one.lines)) if isinstance(one, Fold) else len(one.old) + len(one.new)


def _links(old: Side, new: Side) -> LinkChanges | None:
    """Return what became of the links of a page; of files that are no page there is nothing to tell."""
    if old.interval is None or new.interval is None or not {old.interval.mime, new.interval.mime} <= _PAGES:
        return None
    if old.standing is not Standing.TEXT or new.standing is not Standing.TEXT:
        return None
    if old.interval.content == new.interval.content:
        return LinkChanges()
    try:
        return links.compare(_links_of(old), _links_of(new))
    except (DamagedError, NotFoundError, ValueError):
        current_app.logger.exception("links of %s", old.url)
        return None


def _links_of(side: Side) -> list[links.Link]:
    """Return the links of a page as its day has it. Raises DamagedError, NotFoundError and ValueError."""
    held = holdings()
    snapshot = held.snapshot(side.snapshot.site, side.snapshot.timestamp)
    found = snapshot.look_up(side.url)
    if found is None:
        raise NotFoundError(f"{side.url} is not in the index of {snapshot.timestamp}.")
    with open_response(held.warc(snapshot.site), snapshot.timestamp, found.capture) as stored:
        body, _ = beginning(stored, MAX_MARKUP)
        charset = charset_of(header(stored.headers, "content-type") or "")
        return links_of(decode(body, charset), side.url)


def _moved(site: str, old: Side, new: Side, good: Sequence[Snapshot]) -> str | None:
    """Return where a page moved that is not there on the later day, as a day between tells it."""
    if old.interval is None or new.standing in {Standing.TEXT, Standing.NO_TEXT}:
        return None
    between = [one for one in good if old.interval.last < one.timestamp <= new.snapshot.timestamp]
    for one in between[:MOVED_WITHIN]:
        change = change_of(holdings().snapshot(site, one.timestamp), old.url)
        if change is not None and change.kind is Kind.MOVED:
            return change.to
    return None


def _reasons(*sides: Side) -> Iterator[tuple[str, Entry]]:
    for side in sides:
        if side.standing is Standing.ABSENT:
            folder = holdings().snapshot(side.snapshot.site, side.snapshot.timestamp).folder
            entry = outcome_of(folder, side.url)
            if entry:
                yield side.snapshot.timestamp, entry


def passage_of(line: str) -> str:
    """Return as much of a line as it is dated by, cut between two words."""
    if len(line) <= MAX_PASSAGE:
        return line
    return line[:MAX_PASSAGE].rpartition(" ")[0] or line[:MAX_PASSAGE]
