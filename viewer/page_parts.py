# SPDX-License-Identifier: EUPL-1.2
"""
Where the parts of a page come from, for its banner: by what the page names, or by what it asked for.

    POST /web/parts    {"moment":"20260302023000fg_","page":"https://…/","parts":[["image","https://…/a.png"]]}
                       the same piece of the banner as on the frame page, told of exactly these parts

The page in the frame tells the addresses, so they are as hostile as it is: no more than so many, each made an
address or passed over, shown as text. What became of each is looked up here. Only reads.
"""

from __future__ import annotations

import re
import threading
from itertools import islice

import msgspec
from flask import Blueprint, Response, abort, make_response, render_template, request

from archiver.exchange import header
from archiver.records import open_response
from index.errors import BusyError
from index.urlkey import normalise

from .body import MAX_REWRITTEN, beginning
from .current import holdings
from .embeds import MAX_EMBEDS, Embed, Kind, embeds
from .form import Kind as Form
from .form import charset_of, kind_of
from .holdings import Found, OpenSnapshot
from .parts import Report, report
from .view import View, view_of_modifier

pages = Blueprint("page_parts", __name__)

AT_ONCE = 2
"""Questions that are looked into at one time, and seconds that one more waits."""

WAIT = 2.0
MAX_ASKED = 64 * 1024
"""Bytes of a question; viewer.js asks for less."""
_ANSWERED = threading.BoundedSemaphore(AT_ONCE)
_MOMENT = re.compile(r"(\d{14})((?:[a-z]{2}_)?)", re.ASCII)


class _Asked(msgspec.Struct):
    """The question."""

    moment: str
    page: str
    parts: list[tuple[str, str]]


_DECODER = msgspec.json.Decoder(_Asked)


def named_parts(snapshot: OpenSnapshot, view: View, page: OpenSnapshot, found: Found) -> Report:
    """Return from where the parts come that a page names; `page` is the snapshot that holds it."""
    asked = [Embed(Kind.PAGE, (found.capture.url,)), *_embeds(page, found)]
    return report(holdings(), snapshot, view, asked)


def _embeds(snapshot: OpenSnapshot, found: Found) -> list[Embed]:
    """Return the parts that a capture names; none where it is no page, or cannot be read as one."""
    with open_response(holdings().warc(snapshot.site), snapshot.timestamp, found.capture) as stored:
        kind = kind_of(stored, "iframe")
        if kind not in {Form.HTML, Form.XML}:
            return []
        try:
            start, _ = beginning(stored, MAX_REWRITTEN)
        except ValueError:
            return []
        typed = header(stored.headers, "content-type") or ""
        return embeds(start, charset_of(typed), found.capture.url, xml=kind is Form.XML)


@pages.post("/web/parts")
def asked_parts() -> Response:
    """Answer which of these parts a day has, as a piece of the banner."""
    if request.mimetype != "application/json" or request.headers.get("Sec-Fetch-Site") not in {
        None,
        "same-origin",
    }:
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
    if not _ANSWERED.acquire(timeout=WAIT):
        raise BusyError("The server is busy. The banner asks again when the page asks for more.")
    try:
        told = report(holdings(), snapshot, view, _believed(asked, page), exact=True)
    finally:
        _ANSWERED.release()
    markup = render_template(
        "page_parts.html", parts=told, summary=snapshot.folder.summary, view=view, address=page
    )
    response = make_response(markup)
    response.headers["Cache-Control"] = "no-store"
    return response


def _believed(asked: _Asked, page: str) -> list[Embed]:
    """Return the parts as they are looked up: addresses, of a kind there is, and not too many."""
    normal = ((kind, normalise(url)) for kind, url in islice(asked.parts, MAX_EMBEDS))
    kinds = {kind.value: kind for kind in Kind}
    parts = [Embed(kinds.get(kind, Kind.OTHER), (url,)) for kind, url in normal if url]
    return [Embed(Kind.PAGE, (page,)), *(one for one in parts if one.kind is not Kind.PAGE)]
