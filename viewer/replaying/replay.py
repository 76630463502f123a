# SPDX-License-Identifier: EUPL-1.2
"""
The replay origins: an archived URL at its own path, on a host that names one snapshot and one origin.

    GET /a?b=c  Host: 20260302023000-www-ind-nl.localhost:8080
        label → snapshot 20260302023000, origin https://www.ind.nl
        → the capture of https://www.ind.nl/a?b=c in that snapshot and in no other, or a gap (404)
    POST and the like
        → what was archived for the same method and body, or a refusal in words (405)

Pages and style sheets have their absolute addresses mapped; every other body goes out as it is stored. A
visit outside the viewer's frame is sent to the frame. Never sets a cookie, never asks another server.
Knows nothing of databases.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import lru_cache, partial
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from archiver.responses import Response as Stored
from archiver.responses import open_response
from index.errors import ArchiveError, NotFoundError
from index.model import Capture
from index.takedown import WithheldError

from .. import apart
from ..addresses.request_target import AnyPath, request_target
from ..current import give, holdings
from ..holdings import Holdings
from ..i18n import add_languages
from ..kept_answers import may_be_kept
from ..open_snapshot import Found, OpenSnapshot
from .asked import BESIDE, MEANS, VARY, Asked, destination, means, read_asked, wanted
from .body import (
    coding_of,
    length_of,
)
from .filling import fill
from .finished import FOREVER, etag_of, finish
from .form import Kind, is_document, is_file, is_framed, kind_of, mime_of
from .gap import mark_filled
from .means import Means
from .other_day import FILLED_SCRIPTLESS, notice
from .own_answers import (
    ASKED_AGAIN,
    file_page,
    gap_page,
    redirect,
    refused,
    shown_within,
    to_frame,
    withheld_page,
)
from .page_head import SCRIPT_PATH
from .preflight import is_preflight, leave
from .secured import guarded, secured
from .sent import READ, Sent, answer_to, sent_by
from .stored_answer import answer_with, headers_of, response_of
from .stored_parts import whole_or_part

XHTML = "application/xhtml+xml"


def create_replay(made_with: Means) -> Flask:
    """Return the application of all replay origins: one route, no static files, no session."""
    held = made_with.held
    app = Flask("viewer", static_folder=None)
    add_languages(app, held.settings.language, by_cookie=False)
    app.jinja_env.filters.update(apart.FILTERS)
    give(app, held)
    app.extensions[MEANS] = made_with
    app.url_map.merge_slashes = False
    app.url_map.converters["path"] = AnyPath
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    for rule in ("/", "/<path:_>"):
        app.add_url_rule(rule, "replay", _replay, methods=methods, provide_automatic_options=False)
    app.register_error_handler(ArchiveError, _failed)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(guarded)
    return app


def _replay(_: str = "") -> Response:
    target = request_target(request.environ)
    own = _own(target.partition("?")[0])
    if own is not None:
        return own
    asked = read_asked(target)
    if asked is None:
        return secured(gap_page(404), None)
    if request.method not in READ:
        asks_leave = is_preflight(request)
        return secured(leave(request, asked.snapshot.timestamp) if asks_leave else _sent(asked), asked)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        return secured(to_frame(asked), asked)
    try:
        return secured(_answer(asked), asked)
    except WithheldError as error:
        return secured(withheld_page(error, asked), asked)


def _own(path: str) -> Response | None:
    """Answer what asks for nothing archived."""
    if request.headers.get("Service-Worker"):
        return secured(Response("Service workers are not replayed.\n", 403, mimetype="text/plain"), None)
    if path == SCRIPT_PATH:
        return _script_answer()
    if request.method == "OPTIONS" and holdings().addresses.by_path:
        return secured(
            Response(status=204), None
        )  # may a page ask? the headers of any answer say that it may
    return None


def _sent(asked: Asked) -> Response:
    """Answer what sends something with what was archived for the same method and body, else in words."""
    sent = sent_by(request)
    if sent is None:
        return refused(asked, 413)
    try:
        capture = _answer_to(asked, sent)
    except WithheldError as error:
        return withheld_page(error, asked)
    if capture is None or capture.unresolved or request.headers.get("Sec-Fetch-Dest") == "document":
        return refused(asked)
    with ExitStack() as stack:
        stored = stack.enter_context(_opened(asked.snapshot, capture))
        of_a_file = is_framed(destination()) and is_file(stored)
        if not _can_be_sent(stored) or of_a_file or stored.status == HTTPStatus.PARTIAL_CONTENT:
            return refused(asked)
        response = answer_with(asked, stored, stack, wanted(""))
        response.headers["Cache-Control"] = "no-store"
        return response
    raise AssertionError


def _answer_to(asked: Asked, sent: Sent) -> Capture | None:
    """Return what answers just that. Raises WithheldError."""
    folder = asked.snapshot.folder
    found = answer_to(folder.index, asked.url, sent, folder.warc)
    if found is not None:
        asked.snapshot.open(Found(found))
    return found


def _answer_to_head(asked: Asked) -> Response | None:
    """Answer a HEAD with one that was archived; where none was, GET has the same fields."""
    sent = sent_by(request)
    capture = _answer_to(asked, sent) if sent else None
    if capture is None or capture.unresolved:
        return None
    with _opened(asked.snapshot, capture) as stored:
        headers = headers_of(asked, stored, coding_of(stored))
        length = length_of(stored)
        if length is not None:
            headers.append(("Content-Length", str(length)))
        response = response_of(iter(()), stored.status, headers)
        response.headers["Cache-Control"] = ASKED_AGAIN
        return response if _can_be_sent(stored) else None


def _answer(asked: Asked) -> Response:
    if request.method == "HEAD" and (head := _answer_to_head(asked)) is not None:
        return head
    found = asked.snapshot.look_up(asked.url)
    if found is not None and not found.capture.unresolved:
        return _captured(asked, asked.snapshot, found)
    other = asked.snapshot.other_scheme(asked.url)
    if other is not None:
        return redirect(holdings().addresses.url(asked.name, other))
    filling = fill(holdings(), asked.snapshot, asked.url) if asked.view.filled else None
    if filling is not None:
        return mark_filled(_captured(asked, *filling), filling)
    return gap_page(404, asked)


def _captured(asked: Asked, snapshot: OpenSnapshot, found: Found) -> Response:
    """Answer with a capture of a snapshot: the one asked for, or one that fills its gap."""
    with ExitStack() as stack:
        stored = stack.enter_context(_opened(snapshot, found.capture))
        said = _notice(asked, stored, snapshot, found)
        etag = etag_of(asked, stored, found, said)
        etag += "" if snapshot is asked.snapshot else f"-{snapshot.timestamp}"
        there = _whole_or_part(snapshot, found.capture, stored, etag)
        if isinstance(there, Capture):
            return _captured(asked, snapshot, replace(found, capture=there))
        if there is None:
            return _gap_of_parts(asked)
        if not _can_be_sent(there):
            return gap_page(404, asked)
        stored = there
        if is_framed(destination()) and is_file(stored):
            return file_page(asked, stored, snapshot)
        filled = snapshot is not asked.snapshot
        if filled and stored.status == HTTPStatus.OK and not _says_itself(asked, stored):
            return shown_within(asked, stored, snapshot)
        unchanged = stored.status == 200 and request.if_none_match.contains_weak(etag)
        part = wanted(etag, of_a_part=stored.status == HTTPStatus.PARTIAL_CONTENT)
        response = Response(status=304) if unchanged else answer_with(asked, stored, stack, part, said)
        if not asked.view.filled:  # the nearest day that has a part may be another one tomorrow
            may_be_kept(request.environ)
        _finished(response, finish(asked, stored, found, etag, response.status_code), said)
        return response
    raise AssertionError


def _gap_of_parts(asked: Asked) -> Response:
    """Answer for bytes that are not there; a cache would give it to who asks for others of the address."""
    response = gap_page(404, asked)
    response.headers["Cache-Control"] = "no-store"
    return response


def _whole_or_part(
    snapshot: OpenSnapshot, capture: Capture, stored: Stored, etag: str
) -> Stored | Capture | None:
    """Return what a capture is answered with; of one that is a part what `whole_or_part` says of it."""
    if stored.status != HTTPStatus.PARTIAL_CONTENT:
        return stored
    opened = partial(open_response, holdings().warc(snapshot.site), snapshot.timestamp)
    there = whole_or_part(snapshot.folder.index, capture, stored, opened, wanted(etag, of_a_part=True))
    is_part = isinstance(there, Stored) and there.status == HTTPStatus.PARTIAL_CONTENT
    cuttable = mime_of(stored) and kind_of(stored, destination()) is Kind.PLAIN  # no part is rewritten
    return None if is_part and not cuttable else there


def _opened(snapshot: OpenSnapshot, capture: Capture) -> AbstractContextManager[Stored]:
    return open_response(holdings().warc(snapshot.site), snapshot.timestamp, capture)


def _can_be_sent(stored: Stored) -> bool:
    return stored.status != 304 and 200 <= stored.status < 1000


def _notice(asked: Asked, stored: Stored, snapshot: OpenSnapshot, found: Found) -> str:
    """Return what makes a page say what of it is of another day, in the view where our script does not."""
    page = is_document(destination()) and kind_of(stored, destination()) is not Kind.CSS
    if asked.view != FILLED_SCRIPTLESS or not page or 300 <= stored.status < 400:
        return ""
    return notice(holdings(), asked.snapshot, snapshot, found, asked.url)


def _says_itself(asked: Asked, stored: Stored) -> bool:
    """Tell whether what a frame shows can say that it is of another day: by our script, or by a style."""
    if not is_framed(destination()):
        return True
    kind = kind_of(stored, destination())
    if kind is Kind.XML and asked.view.scriptless:
        return mime_of(stored) == XHTML
    return kind in {Kind.HTML, Kind.XML} or not mime_of(stored)


def _finished(response: Response, fields: list[tuple[str, str]], said: str) -> None:
    """Set what an answer says of itself; it may also depend on more than others do."""
    response.headers.update(fields)
    if _is_by_beside(response):
        response.headers["Vary"] = f"{VARY}, {BESIDE}"
    if said:
        response.headers["Vary"] = f"{VARY}, Accept-Language"


def _is_by_beside(response: Response) -> bool:
    """Tell whether an answer is a range that only a cache in front told of."""
    return "Content-Range" in response.headers and "Range" not in request.headers


def _script_answer() -> Response:
    script = means().script
    response = Response(script.body, mimetype="text/javascript")
    response.headers["Cache-Control"] = FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(script.version)
    return secured(response, None)


def _failed(error: ArchiveError) -> Response:
    status = 404 if isinstance(error, NotFoundError) else 500
    if status == 500:
        current_app.logger.error("%s: %s", request.host, error)
    response = Response(render_template("unreadable.html"), status)
    response.headers["Cache-Control"] = "no-store"
    return secured(response, None)


def _http_error(error: HTTPException) -> Response:
    """Answer for what the framework itself refuses, and for a failure nobody foresaw, which it has logged."""
    if error.code is None or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Response(render_template("unreadable.html"), error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return Response(f"{gettext('This request cannot be understood.')}\n", error.code, mimetype="text/plain")


@lru_cache(16)
def _host_of(url: str) -> str | None:
    return urlsplit(url).hostname


def is_replay_host(host: str, held: Holdings) -> bool:
    """Tell whether a Host header names a replay host, and not the viewer."""
    own = _host_of(held.settings.viewer.base_url)
    name = host.rpartition("@")[2].partition(":")[0].lower()
    return held.addresses.is_host(host) and (name != own or held.addresses.by_path)
