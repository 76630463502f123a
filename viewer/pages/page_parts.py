# SPDX-License-Identifier: EUPL-1.2
"""
Where the parts of a page come from, for its banner: by what the page names, or by what it asked for.

    POST /web/parts    {"moment":"20260302023000fg_","page":"https://…/","parts":[["image","https://…/a.png"]]}
                       the same piece of the banner as on the frame page, told of exactly these parts
                       ["other","https://…/api","POST"]: asked for by another method than GET

The page in the frame tells the addresses, so they are as hostile as it is: no more than so many, each made an
address or passed over, shown as text. What became of each is looked up here. Only reads.
"""

from __future__ import annotations

import re
import threading
from itertools import islice

import msgspec
from flask import Blueprint, Flask, Response, abort, current_app, make_response, render_template, request

from index.errors import BusyError
from index.urlkey import normalise

from ..addresses.view import View, view_of_modifier
from ..current import holdings
from ..holdings import Holdings
from ..open_snapshot import Found, OpenSnapshot
from ..replaying.named import named_by
from ..rewriting.embeds import MAX_EMBEDS, Embed, Kind
from ..security import asked_by_viewer
from .parts import Report, report

pages = Blueprint("page_parts", __name__)

AT_ONCE = 2
"""Questions that are looked into at one time, by all processes, and seconds that one more waits."""

WAIT = 2.0
MAX_ASKED = 64 * 1024
"""Bytes of a question; viewer.js asks for less."""
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""Methods that a page is believed to have used; what it says to be another counts as GET."""
_ROOM = "daykeep-parts"
_MOMENT = re.compile(r"(\d{14})((?:[a-z]{2}_)?)", re.ASCII)


class _Named(msgspec.Struct, array_like=True):
    """A part as a page tells it. Without a method it is asked for by GET."""

    kind: str
    url: str
    method: str = "GET"


class _Asked(msgspec.Struct):
    """The question."""

    moment: str
    page: str
    parts: list[_Named]
    more: bool = False
    """Whether the page asked for more than it tells."""


_DECODER = msgspec.json.Decoder(_Asked)


def add_parts(app: Flask, held: Holdings) -> None:
    """Let an application answer such questions."""
    app.extensions[_ROOM] = threading.BoundedSemaphore(held.crew.part(AT_ONCE))
    app.register_blueprint(pages)


def named_parts(snapshot: OpenSnapshot, view: View, page: OpenSnapshot, found: Found, asked: str) -> Report:
    """Return from where a page and the parts come that it names; `page` is the snapshot that holds it."""
    named = named_by(holdings(), snapshot, view, page, found)
    parts = [Embed(Kind.PAGE, (asked,)), *named.parts]
    told = report(holdings(), snapshot, view, parts, cut=named.cut)
    told.deep = view.scriptless
    return told


@pages.post("/web/parts")
def asked_parts() -> Response:
    """Answer which of these parts a day has, as a piece of the banner."""
    if request.mimetype != "application/json" or not asked_by_viewer(request.headers):
        abort(405)
    request.max_content_length = MAX_ASKED
    try:
        asked = _DECODER.decode(request.get_data())
    except msgspec.DecodeError:
        abort(400)
    moment = _MOMENT.fullmatch(asked.moment)
    view = view_of_modifier(moment[2]) if moment else None
    page = normalise(asked.page)
    snapshot = holdings().shelf.get(moment[1]) if moment and view is not None else None
    if snapshot is None or view is None or page is None:
        abort(404)
    room: threading.BoundedSemaphore = current_app.extensions[_ROOM]
    if not room.acquire(timeout=WAIT):
        raise BusyError("The server is busy. The banner asks again when the page asks for more.")
    try:
        cut = asked.more or len(asked.parts) > MAX_EMBEDS
        told = report(holdings(), snapshot, view, _believed(asked, page), exact=True, cut=cut)
    finally:
        room.release()
    markup = render_template(
        "page_parts.html", parts=told, summary=snapshot.folder.summary, view=view, address=page
    )
    response = make_response(markup)
    response.headers["Cache-Control"] = "no-store"
    return response


def _believed(asked: _Asked, page: str) -> list[Embed]:
    """Return the parts as they are looked up: addresses, of a kind and a method there is, not too many."""
    normal = ((one, normalise(one.url)) for one in islice(asked.parts, MAX_EMBEDS))
    kinds = {kind.value: kind for kind in Kind}
    parts = [
        Embed(kinds.get(one.kind, Kind.OTHER), (url,), one.method if one.method in METHODS else "GET")
        for one, url in normal
        if url
    ]
    return [Embed(Kind.PAGE, (page,)), *(one for one in parts if one.kind is not Kind.PAGE)]
