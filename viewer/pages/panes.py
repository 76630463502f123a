# SPDX-License-Identifier: EUPL-1.2
"""
The page of one day in a pane of its own: `/<site>/compare/pane?url=&at=`, held by the comparison of two days.

    compare         the viewer's page; its frames are pages of the viewer alone
     ├─ pane        the viewer's page; its frame may show this snapshot's replay origins and no others
     │   └─ replay  the archived page of one day
     └─ pane
         └─ replay  the archived page of the other day

Each day has a policy of its own so that no page of one can lead its frame to the other. Knows nothing of how
two days are compared.
"""

from __future__ import annotations

from flask import Blueprint, Flask, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from index.urlkey import normalise

from ..addresses.outside import outside_of
from ..addresses.view import PLAIN
from ..current import holdings
from ..replaying.filling import sources
from ..rewriting.headers import fits
from ..security import allow_being_held, allow_frames
from ..told import ToldError, Way, filled, not_an_address
from .browse import shown_at

pages = Blueprint("panes", __name__)


def add_panes(app: Flask) -> None:
    """Let an application show the panes of a comparison."""
    app.register_blueprint(pages)


@pages.get("/<site>/compare/pane")
def pane(site: str) -> Response:
    """Show the page of one snapshot in a frame, and nothing else."""
    held = holdings()
    found_site, compared = held.site(site), Way(gettext("Two days compared"), f"/{site}/compare")
    url, at = normalise(request.args.get("url", "")), request.args.get("at", "")
    if url is None:
        raise ToldError(not_an_address(), compared)
    if "-" in at:
        raise ToldError(gettext("A pane is of one snapshot, and not of a day."), compared)
    snapshot = held.snapshot(site, shown_at(found_site, at).snapshot.timestamp)
    found = snapshot.look_up(url)
    if found is None:
        raise ToldError(filled(gettext("%(url)s was not stored on this day."), url=url), compared)
    at = snapshot.timestamp
    frames = [*sources(held, snapshot, PLAIN), *filter(None, [outside_of(held.addresses, at)])]
    in_page = not held.addresses.by_path and not fits(frames)
    allow_frames([held.addresses.wildcard()] if in_page else frames)
    allow_being_held()
    page = render_template(
        "pane.html",
        url=url,
        frames=frames if in_page else (),
        day=snapshot.folder.summary.day,
        source=held.addresses.url(at, url),
        by_path=held.addresses.by_path,
    )
    return Response(page, mimetype="text/html")
