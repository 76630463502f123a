# SPDX-License-Identifier: EUPL-1.2
"""
Answers of replay that no archived server gave: gaps, refusals, files to save, ways to the frame.

Knows nothing of rewriting or of what stands in WARCs.
"""

from __future__ import annotations

from flask import Response, render_template

from archiver.responses import Response as Stored
from index.takedown import WithheldError

from ..addresses.address import format_web_path
from ..addresses.outside import OUTSIDE, target_of
from ..current import holdings
from ..open_snapshot import OpenSnapshot
from ..refusal import STATUS, refusing
from ..withheld import said
from .asked import VARY, Asked, destination
from .file import file_of
from .form import is_document, is_framed, mime_of
from .gap import broken, mark_gap
from .other_day import page_of_another_day
from .page_head import head

GAP_CACHE = "public, max-age=600"
ASKED_AGAIN = "no-cache"
"""For what is made here from a capture: another version of this program may make it otherwise."""


def to_frame(asked: Asked) -> Response:
    """Lead to the viewer's frame."""
    base = holdings().settings.viewer.base_url.rstrip("/")
    url = target_of(asked.url) if asked.origin == OUTSIDE else None
    path = format_web_path(asked.snapshot.timestamp, url or asked.url, asked.view.modifier)
    response = redirect(base + path)
    response.headers["Cache-Control"] = "no-store"
    return response


def redirect(location: str) -> Response:
    """Lead elsewhere within the archive, for a while."""
    response = Response(status=302, headers={"Location": location, "Cache-Control": GAP_CACHE, "Vary": VARY})
    del response.headers["Content-Type"]
    return response


def refused(asked: Asked, status: int = 405) -> Response:
    """Answer what would send something of which no answer was archived: in words where a page is shown."""
    if is_framed(destination()):
        response = Response(render_template("refused.html", head=head(asked)), status)
    else:
        text = "An archived page cannot send anything: this is a copy, not the live site.\n"
        response = Response(text, status, mimetype="text/plain")
    response.headers["Allow"] = "GET, HEAD"
    response.headers["Cache-Control"] = "no-store"
    return response


def file_page(asked: Asked, stored: Stored, snapshot: OpenSnapshot) -> Response:
    """Answer in a frame for what a browser saves: the sandbox forbids that, the bar above has the link."""
    file = file_of(asked.url, stored)
    filled = snapshot is not asked.snapshot
    said = page_of_another_day(holdings(), asked.snapshot, snapshot.timestamp) if filled else ""
    response = Response(
        render_template("file.html", asked=asked, head=head(asked), file=file, said=said), stored.status
    )
    response.headers["Cache-Control"] = ASKED_AGAIN
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return response


def shown_within(asked: Asked, stored: Stored, other: OpenSnapshot) -> Response:
    """Answer with a page of ours that says of which day what is shown in it is: a picture, a film, a text."""
    held = holdings()
    mime = mime_of(stored)
    shown = "image" if mime == "image/svg+xml" else mime.partition("/")[0]
    response = Response(
        render_template(
            "other_day.html",
            asked=asked,
            head=head(asked),
            said=page_of_another_day(held, asked.snapshot, other.timestamp),
            shown=shown,
            source=held.addresses.url(asked.name, asked.url),
        )
    )
    response.headers["Cache-Control"] = ASKED_AGAIN
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return response


def gap_page(status: int, asked: Asked | None = None) -> Response:
    """Answer for what this day does not have: a page where one is shown, else what a browser shows broken."""
    if is_document(destination()):
        first = head(asked, gone="yes") if asked else ""
        outside = _outside(asked) if asked else None
        response = Response(render_template("gap.html", asked=asked, outside=outside, head=first), status)
    else:
        response = broken(status, destination(), scriptless=asked is not None and asked.view.scriptless)
    response.headers["Cache-Control"] = GAP_CACHE
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return mark_gap(response)


def withheld_page(error: WithheldError, asked: Asked) -> Response:
    """Answer for what may not be shown: a page where one is shown, else what a browser shows broken."""
    if is_document(destination()):
        shows = said(holdings(), error)
        page = render_template("withheld_in_frame.html", head=head(asked, gone="yes"), **shows)
        response = Response(page, STATUS)
    else:
        response = broken(STATUS, destination(), scriptless=asked.view.scriptless)
    return mark_gap(refusing(response))


def _outside(asked: Asked) -> str | None:
    """Return the address that is asked for where nothing of its host is captured."""
    if asked.origin == OUTSIDE:
        return target_of(asked.url)
    hosts = {one.host for one in asked.reach}
    return None if asked.origin.host in hosts else asked.url
