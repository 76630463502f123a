# SPDX-License-Identifier: EUPL-1.2
"""
The Memento protocol (RFC 7089): a TimeGate for every URL, and TimeMaps of its mementos.

    GET /timegate/https://www.ind.nl/a          Accept-Datetime: Mon, 02 Mar 2026 12:00:00 GMT
        302   to the memento nearest in time (section 4.2.1: each memento has an address of its own)
        400   Accept-Datetime is no date: one sentence in plain text
        404   there is no memento of it

    GET /timemap/link/https://www.ind.nl/a      all mementos, PAGE at a time

Here the nearest day is given where the one that is asked for is not there, and the memento says which it is:
that is what a TimeGate is for. `/web/<day>/` never does so. Errors are in English: programs read them. Who
asks for no address at all is a person who looks around, and gets a page in words. Of a TimeMap each snapshot
on the page is looked into once, and LONG of them are made at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence

from flask import Blueprint, Flask, Response, current_app, render_template, request

from index.errors import ArchiveError
from index.takedown import WithheldError
from index.timestamp import parse_http_date, to_timestamp

from ..addresses.address import parse_archived
from ..addresses.request_target import request_target
from ..current import holdings
from ..holdings import Holdings
from ..refusal import in_a_sentence
from .as_memento import names_of
from .memento import LINK_FORMAT, Names, about, around, fitting, link
from .mementos import Kept, kept, memento_of, mementos_of, nearest
from .timemap import Span, TimeMap, as_json, as_links

pages = Blueprint("memento", __name__)

PAGE = 1000
"""Mementos of one page of a TimeMap."""
LONG = 4
"""TimeMaps that are made at once, by all processes."""
AGAIN = 5
"""Seconds after which a client may ask again."""

_ROOM = "daykeep-timemap"
_TIMEMAP = re.compile(
    r"/timemap/(?P<form>link|json)/(?:(?P<page>[1-9]\d{0,5})/)?(?P<url>.+)", re.ASCII | re.DOTALL
)
_WRITERS: dict[str, tuple[str, Callable[[Names, TimeMap], Iterator[bytes]]]] = {
    "link": (LINK_FORMAT, as_links),
    "json": ("application/json", as_json),
}


def add_memento(app: Flask, held: Holdings) -> None:
    """Let an application answer by the Memento protocol."""
    app.extensions[_ROOM] = threading.BoundedSemaphore(held.crew.part(LONG))
    app.register_blueprint(pages)


@pages.get("/timegate/")
@pages.get("/timemap/")
@pages.get("/timemap/<form>/")
def no_address(form: str = "link") -> tuple[str, int]:
    """Say how an address is asked for."""
    asked = "/timegate/" if request.path.startswith("/timegate/") else f"/timemap/{form}/"
    known = asked if form in _WRITERS else "/timemap/link/"
    return render_template("not_an_address.html", examples=[f"{known}https://www.example.org/"]), 404


@pages.get("/timegate/<path:_>")
def timegate(_: str) -> Response:
    """Lead to the memento of a URL that is nearest to a date."""
    return _negotiated(_gate(request_target(request.environ).removeprefix("/timegate/")))


def _gate(written: str) -> Response:
    try:
        url = parse_archived(written)
    except ValueError:
        return _refused(
            404, "This is not the address of a page: write it as /timegate/https://www.example.org/page."
        )
    names = names_of(holdings())
    try:
        moment = _moment()
    except ValueError as error:
        return _with_links(_refused(400, f"Accept-Datetime: {error}."), about(names, url))
    found = nearest(holdings(), kept(holdings(), url), moment)
    if found is None:
        holdings().refuse_withheld(url)
        return _with_links(
            _refused(404, "This archive has no memento of this address."), [link(url, "original")]
        )
    target = names.memento(found.chosen)
    response = Response(
        f"{target}\n", 302, content_type="text/plain; charset=utf-8", headers={"Location": target}
    )
    return _with_links(response, [*about(names, url), *around(names, found)])


def _moment() -> str | None:
    """Return the moment that is asked for, None where none is. Raises ValueError."""
    asked = request.headers.get("Accept-Datetime")
    return None if asked is None else to_timestamp(parse_http_date(asked))


def _negotiated(response: Response) -> Response:
    """
    Let no cache give this answer to another question.

    By its Vary a cache may tell answers apart; those that pass it over have nothing to keep.
    """
    response.headers["Vary"] = "accept-datetime"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@pages.get("/timemap/<form>/<path:_>")
def timemap(form: str, _: str) -> Response:
    """List the mementos of a URL, a page at a time."""
    asked = _TIMEMAP.fullmatch(request_target(request.environ))
    if asked is None:
        return _refused(404, "A TimeMap is /timemap/link/ or /timemap/json/, and then the address of a page.")
    try:
        url = parse_archived(asked["url"])
    except ValueError:
        return _refused(
            404, f"This is not the address of a page: write it as /timemap/{form}/https://www.example.org/."
        )
    room: threading.BoundedSemaphore = current_app.extensions[_ROOM]
    if not room.acquire(blocking=False):
        response = _refused(503, "Too many TimeMaps are being made: ask again in a few seconds.")
        response.headers["Retry-After"] = str(AGAIN)
        return response
    try:
        told = _told(url, int(asked["page"] or 1))
    finally:
        room.release()
    if told is None:
        holdings().refuse_withheld(url)
        return _with_links(
            _refused(404, "This archive has no memento of this address."), [link(url, "original")]
        )
    kind, written = _WRITERS[asked["form"]]
    response = Response(written(names_of(holdings()), told), content_type=kind)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _told(url: str, page: int) -> TimeMap | None:
    held = holdings()
    parts = _parts(kept(held, url))
    if page > len(parts):
        return None
    mementos = mementos_of(held, parts[page - 1])
    others = [
        found for number, part in enumerate(parts, 1) if number != page and (found := _span(number, part))
    ]
    return TimeMap(url, page, mementos, others, len(parts)) if mementos or others else None


def _parts(every: Sequence[Kept]) -> list[Sequence[Kept]]:
    return [every[start : start + PAGE] for start in range(0, len(every), PAGE)]


def _span(number: int, part: Sequence[Kept]) -> Span | None:
    """Return from when to when the mementos of a page are, without looking into all of its snapshots."""
    first = next(filter(None, (memento_of(holdings(), one) for one in part)), None)
    last = next(filter(None, (memento_of(holdings(), one) for one in reversed(part))), None)
    return Span(number, first, last) if first and last else None


@pages.errorhandler(WithheldError)
def may_not_be_shown(error: WithheldError) -> Response:
    """Say that all there is of an address is withheld."""
    return in_a_sentence(error)


@pages.errorhandler(ArchiveError)
def unreadable(error: ArchiveError) -> Response:
    """Say that something cannot be read: a part is never given for the whole."""
    current_app.logger.error("%s: %s", request.path, error)
    return _refused(500, "A part of the index cannot be read, and the answer would not be whole.")


def _refused(status: int, sentence: str) -> Response:
    return Response(f"{sentence}\n", status, content_type="text/plain; charset=utf-8")


def _with_links(response: Response, links: Sequence[str]) -> Response:
    response.headers["Link"] = fitting(links)
    return response
