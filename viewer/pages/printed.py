# SPDX-License-Identifier: EUPL-1.2
"""
The view for printing: `/<site>/print?url=&at=&view=&sheets=`, a page of a day with all the room it takes.

    the viewer's page    which page of which day this is, its digest, where it can be looked up
     └─ replay           the archived page in the same frame as under /web/, as high as the page is

How high that is the page tells static/printing.js. Without scripts nobody knows, and the visitor chooses a
number of sheets. Knows nothing of how a page is replayed.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from index.urlkey import normalise

from ..addresses.address import format_web_path
from ..addresses.view import View, view_of_modifier
from ..current import holdings
from ..open_snapshot import OpenSnapshot
from ..replaying.filling import fill
from ..told import ToldError, Way, filled, not_an_address
from .browse import shown_at
from .framed import Framed, framed

pages = Blueprint("printed", __name__)

SHEETS = (1, 2, 5, 10, 20, 50, 100)
"""Numbers of sheets of paper that a visitor may choose; static/viewer.css says how high a page is on them."""
FIRST = 5


@pages.get("/<site>/print")
def printed(site: str) -> Response:
    """Show a page as it stood at a moment, a day or 14 digits of a snapshot, on its whole length."""
    held = holdings()
    found_site = held.site(site)
    url = normalise(request.args.get("url", "").strip())
    view = view_of_modifier(request.args.get("view", ""))
    if url is None or view is None:
        said = not_an_address() if url is None else gettext("There is no such view of a page.")
        raise ToldError(said, Way(gettext("Every day"), f"/{site}/"))
    snapshot = held.snapshot(site, shown_at(found_site, request.args.get("at", "")).snapshot.timestamp)
    page = _page(url, snapshot, view)
    if page is None:
        return redirect(format_web_path(snapshot.timestamp, url, view.modifier))
    return framed(page, "print.html", choices=SHEETS, sheets=_sheets())


def _sheets() -> int:
    """Return the number of sheets that was chosen. Raises ToldError for one that cannot be."""
    given = request.args.get("sheets", "") or str(FIRST)
    chosen = next((number for number in SHEETS if str(number) == given), None)
    if chosen is None:
        others = {name: value for name, value in request.args.items() if name != "sheets"}
        way = Way(gettext("Print this page"), f"{request.path}?{urlencode(others)}")
        raise ToldError(filled(gettext("“%(given)s” is no number of sheets to choose."), given=given), way)
    return chosen


def _page(url: str, snapshot: OpenSnapshot, view: View) -> Framed | None:
    """Return a page as its day has it, or another day where gaps are to be filled; None where none is."""
    found = snapshot.look_up(url)
    if found:
        return Framed(url, found, snapshot, view)
    filling = fill(holdings(), snapshot, url) if view.filled else None
    return Framed(url, filling.found, snapshot, view, filling.snapshot) if filling else None
