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

import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, render_template, request
from werkzeug.datastructures import Range
from werkzeug.exceptions import HTTPException

from archiver.exchange import header
from archiver.records import Response as Stored
from archiver.records import open_response
from index.errors import ArchiveError, NotFoundError
from index.model import Capture
from index.urlkey import Origin, normalise
from index.urlkey import origin as origin_of

from ..addresses.address import Mapper, format_web_path
from ..addresses.label import resolve
from ..addresses.outside import OUTSIDE, link_mapper, outside_of, target_of
from ..addresses.request_target import AnyPath, request_target
from ..addresses.view import View
from ..current import give, holdings
from ..holdings import Found, Holdings, Nearness, OpenSnapshot
from ..i18n import add_languages
from ..kept_answers import may_be_kept
from ..protocols.as_memento import as_memento
from ..rewriting.css import rewrite_css
from ..rewriting.head import head_script
from ..rewriting.headers import (
    MAX_LISTED,
    cookies_of,
    fits,
    policy_in_page,
    policy_of_worker,
    rewrite_headers,
    security_headers,
)
from ..rewriting.html import rewrite_html
from .body import (
    MAX_REWRITTEN,
    Body,
    beginning,
    coding_of,
    gathered,
    length_of,
    packed,
    part_of,
    plain_body,
    streaming,
    whole,
)
from .file import file_of
from .filling import fill, origins
from .form import Kind, charset_of, is_document, is_file, is_framed, kind_of, mime_of, sniffed
from .gap import broken, mark_filled, mark_gap
from .other_day import FILLED_SCRIPTLESS, notice, page_of_another_day
from .preflight import is_preflight, leave
from .script import page_script, worker_script
from .sent import READ, Sent, answer_to, sent_by
from .stored_parts import whole_or_part

_SCRIPT = "daykeep-replay-script"
_VERSION = "daykeep-rewriting-version"
SCRIPT_PATH = "/.daykeep/replay.js"
FOREVER = "public, max-age=31536000, immutable"
"""For bytes as they were captured: those never change."""

ASKED_AGAIN = "no-cache"
"""For what is made here from a capture: another version of this program may make it otherwise."""

GZIP = "gzip"
WORTH_PACKING = 512
"""Bytes of a body made here below which it goes out as it is."""

MAX_ORIGINS = 40
"""Other archived origins that a page is told of in path mode."""

GAP_CACHE = "public, max-age=600"
NOTE = "X-Daykeep-Approximate"
"""Says how an answer differs: `tidied`, `reordered`, `fuzzy`, `query-ignored`, `not-rewritten`."""

XHTML = "application/xhtml+xml"
_STYLE_IN_XML = '<style xmlns="http://www.w3.org/1999/xhtml"'
VARY = "Accept-Encoding, Sec-Fetch-Dest"

_POLICIES = frozenset({"Content-Security-Policy", "Connection-Allowlist"})

# What the rewritten form of a body is made by: a change in any of these rooms makes another answer.
_REWRITERS = ("addresses", "replaying", "rewriting")


@dataclass(frozen=True, slots=True)
class Script:
    """The script that goes first into every page, and the name of its version."""

    body: bytes
    version: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request on a replay origin asks for."""

    snapshot: OpenSnapshot
    origin: Origin
    url: str
    """Normalised URL in the archive."""
    view: View
    reach: frozenset[Origin]
    """The archived origins that a page of this view may reach."""

    @property
    def name(self) -> str:
        """The snapshot as labels name it: its timestamp, and the letters of the view."""
        return self.snapshot.timestamp + self.view.letters

    @property
    def sources(self) -> list[str]:
        """The replay origins that a page of this view may reach, as CSP sources."""
        return self.snapshot.sources(self.view, self.reach)


def create_replay(held: Holdings) -> Flask:
    """Return the application of all replay origins: one route, no static files, no session."""
    app = Flask("viewer", static_folder=None)
    add_languages(app, held.settings.language, by_cookie=False)
    give(app, held)
    app.extensions[_SCRIPT] = _script()
    app.extensions[_VERSION] = rewriting_version(held, app.extensions[_SCRIPT])
    app.url_map.merge_slashes = False
    app.url_map.converters["path"] = AnyPath
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    for rule in ("/", "/<path:_>"):
        app.add_url_rule(rule, "replay", _replay, methods=methods, provide_automatic_options=False)
    app.register_error_handler(ArchiveError, _failed)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_guarded)
    return app


def _script() -> Script:
    body = page_script()
    return Script(body, hashlib.sha256(body).hexdigest()[:16])


def rewriting_version(held: Holdings, script: Script) -> str:
    """Return what stands for everything that a rewritten page is made with besides the capture itself."""
    seen = hashlib.sha256()
    modules = [one for room in _REWRITERS for one in (resources.files("viewer") / room).iterdir()]
    for module in sorted((one for one in modules if one.is_file()), key=lambda one: one.name):
        seen.update(module.read_bytes())
    seen.update("\n".join([script.version, viewer_origin(held), held.addresses.pattern]).encode())
    return seen.hexdigest()[:12]


def viewer_origin(held: Holdings) -> str:
    """Return the viewer's own origin."""
    return str(origin_of(normalise(held.settings.viewer.base_url) or ""))


def _replay(_: str = "") -> Response:
    target = request_target(request.environ)
    own = _own(target.partition("?")[0])
    if own is not None:
        return own
    asked = _asked(target)
    if asked is None:
        return _secured(_gap(404), None)
    if request.method not in READ:
        asks_leave = is_preflight(request)
        return _secured(leave(request, asked.snapshot.timestamp) if asks_leave else _sent(asked), asked)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        return _secured(_to_frame(asked), asked)
    return _secured(_answer(asked), asked)


def _own(path: str) -> Response | None:
    """Answer what asks for nothing archived."""
    if request.headers.get("Service-Worker"):
        return _secured(Response("Service workers are not replayed.\n", 403, mimetype="text/plain"), None)
    if path == SCRIPT_PATH:
        return _script_answer()
    if request.method == "OPTIONS" and holdings().addresses.by_path:
        return _secured(
            Response(status=204), None
        )  # may a page ask? the headers of any answer say that it may
    return None


def _asked(target: str) -> Asked | None:
    held = holdings()
    read = held.addresses.read(request.environ.get("HTTP_HOST", ""), target)
    snapshot = held.shelf.get(read[0].timestamp) if read else None
    if read is None or snapshot is None:
        return None
    label, path = read
    reach = origins(held, snapshot, label.view)
    origin = resolve(label, reach)
    url = normalise(f"{origin}{path}") if origin else None
    return Asked(snapshot, origin, url, label.view, reach) if origin and url else None


def _sent(asked: Asked) -> Response:
    """Answer what sends something with what was archived for the same method and body, else in words."""
    sent = sent_by(request)
    if sent is None:
        return _refused(asked, 413)
    capture = _answer_to(asked, sent)
    if capture is None or capture.unresolved or request.headers.get("Sec-Fetch-Dest") == "document":
        return _refused(asked)
    with ExitStack() as stack:
        stored = stack.enter_context(_opened(asked.snapshot, capture))
        of_a_file = is_framed(_destination()) and is_file(stored)
        if not _can_be_sent(stored) or of_a_file or stored.status == HTTPStatus.PARTIAL_CONTENT:
            return _refused(asked)
        response = _rewritten_or_streamed(asked, stored, stack, "")
        response.headers["Cache-Control"] = "no-store"
        return response
    raise AssertionError


def _answer_to(asked: Asked, sent: Sent) -> Capture | None:
    folder = asked.snapshot.folder
    return answer_to(folder.index, asked.url, sent, folder.warc)


def _answer_to_head(asked: Asked) -> Response | None:
    """Answer a HEAD with one that was archived; where none was, GET has the same fields."""
    sent = sent_by(request)
    capture = _answer_to(asked, sent) if sent else None
    if capture is None or capture.unresolved:
        return None
    with _opened(asked.snapshot, capture) as stored:
        headers = _headers(asked, stored, coding_of(stored))
        length = length_of(stored)
        if length is not None:
            headers.append(("Content-Length", str(length)))
        response = _response(iter(()), stored.status, headers)
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
        return _redirect(holdings().addresses.url(asked.name, other))
    filling = fill(holdings(), asked.snapshot, asked.url) if asked.view.filled else None
    if filling is not None:
        return mark_filled(_captured(asked, *filling), filling)
    return _gap(404, asked)


def _captured(asked: Asked, snapshot: OpenSnapshot, found: Found) -> Response:
    """Answer with a capture of a snapshot: the one asked for, or one that fills its gap."""
    with ExitStack() as stack:
        stored = stack.enter_context(_opened(snapshot, found.capture))
        form = _form(stored)
        said = _notice(asked, stored, snapshot, found)
        form += f"-{hashlib.sha256(said.encode()).hexdigest()[:12]}" if said else ""
        day = "" if snapshot is asked.snapshot else f"-{snapshot.timestamp}"
        etag = f"{found.capture.digest.removeprefix('sha256:')[:32]}-{form}{day}"
        there = _whole_or_part(snapshot, found.capture, stored, etag)
        if isinstance(there, Capture):
            return _captured(asked, snapshot, replace(found, capture=there))
        if there is None or not _can_be_sent(there):
            return _gap(404, asked)
        stored = there
        if is_framed(_destination()) and is_file(stored):
            return _file(asked, stored, snapshot)
        filled = snapshot is not asked.snapshot
        if filled and stored.status == HTTPStatus.OK and not _says_itself(asked, stored):
            return _shown_within(asked, stored, snapshot)
        unchanged = stored.status == 200 and request.if_none_match.contains_weak(etag)
        response = (
            Response(status=304) if unchanged else _rewritten_or_streamed(asked, stored, stack, etag, said)
        )
        if not asked.view.filled:  # the nearest day that has a part may be another one tomorrow
            may_be_kept(request.environ)
        as_memento(response, holdings(), found.capture)
        _finished(response, etag, found, made=_is_made(stored, found))
        if said:
            response.headers["Vary"] = f"{VARY}, Accept-Language"
        return response
    raise AssertionError


def _whole_or_part(
    snapshot: OpenSnapshot, capture: Capture, stored: Stored, etag: str
) -> Stored | Capture | None:
    """Return what a capture is answered with; of one that is a part what `whole_or_part` says of it."""
    if stored.status != HTTPStatus.PARTIAL_CONTENT:
        return stored
    opened = partial(open_response, holdings().warc(snapshot.site), snapshot.timestamp)
    there = whole_or_part(snapshot.folder.index, capture, stored, opened, _wanted(etag))
    is_part = isinstance(there, Stored) and there.status == HTTPStatus.PARTIAL_CONTENT
    cuttable = mime_of(stored) and kind_of(stored, _destination()) is Kind.PLAIN  # no part is rewritten
    return None if is_part and not cuttable else there


def _opened(snapshot: OpenSnapshot, capture: Capture) -> AbstractContextManager[Stored]:
    return open_response(holdings().warc(snapshot.site), snapshot.timestamp, capture)


def _can_be_sent(stored: Stored) -> bool:
    return stored.status != 304 and 200 <= stored.status < 1000


def _notice(asked: Asked, stored: Stored, snapshot: OpenSnapshot, found: Found) -> str:
    """Return what makes a page say what of it is of another day, in the view where our script does not."""
    page = is_document(_destination()) and kind_of(stored, _destination()) is not Kind.CSS
    if asked.view != FILLED_SCRIPTLESS or not page or 300 <= stored.status < 400:
        return ""
    return notice(holdings(), asked.snapshot, snapshot, found, asked.url)


def _says_itself(asked: Asked, stored: Stored) -> bool:
    """Tell whether what a frame shows can say that it is of another day: by our script, or by a style."""
    if not is_framed(_destination()):
        return True
    kind = kind_of(stored, _destination())
    if kind is Kind.XML and asked.view.scriptless:
        return mime_of(stored) == XHTML
    return kind in {Kind.HTML, Kind.XML} or not mime_of(stored)


def _shown_within(asked: Asked, stored: Stored, other: OpenSnapshot) -> Response:
    """Answer with a page of ours that says of which day what is shown in it is: a picture, a film, a text."""
    held = holdings()
    mime = mime_of(stored)
    shown = "image" if mime == "image/svg+xml" else mime.partition("/")[0]
    response = Response(
        render_template(
            "other_day.html",
            asked=asked,
            head=_head(asked),
            said=page_of_another_day(held, asked.snapshot, other.timestamp),
            shown=shown,
            source=held.addresses.url(asked.name, asked.url),
        )
    )
    response.headers["Cache-Control"] = ASKED_AGAIN
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return response


def _rewritten_or_streamed(
    asked: Asked, stored: Stored, stack: ExitStack, etag: str, said: str = ""
) -> Response:
    kind = kind_of(stored, _destination())
    if kind is not Kind.PLAIN or not mime_of(stored):
        try:
            start, rest = beginning(stored, MAX_REWRITTEN)
        except ValueError:
            return _streamed(asked, stored, plain_body(stored, _accepts), stack, "not-rewritten")
        if kind is Kind.PLAIN and _is_sniffed(stored):
            kind = sniffed(start)
        if rest is not None or kind is Kind.PLAIN:
            note = "not-rewritten" if kind is not Kind.PLAIN else None
            return _streamed(asked, stored, Body(whole(start, rest)), stack, note)
        return _rewritten(asked, stored, start, kind, said)
    return _streamed(asked, stored, part_of(plain_body(stored, _accepts), stored, _wanted(etag)), stack)


def _wanted(etag: str) -> Range | None:
    """Return the range that is asked for, unless it is one of other bytes (RFC 9110 section 13.1.5)."""
    other = "If-Range" in request.headers and request.if_range.etag != etag
    return None if request.method != "GET" or other else request.range


def _rewritten(asked: Asked, stored: Stored, body: bytes, kind: Kind, said: str = "") -> Response:
    held = holdings()
    mapper = held.addresses.mapper(asked.name, asked.url)
    headers = _headers(asked, stored, None)
    content_type = header(stored.headers, "content-type") or "text/html"
    if kind is Kind.CSS:
        return _packed_response(rewrite_css(body, mapper), stored.status, headers)
    if kind is Kind.WORKER and not held.addresses.by_path and not fits(asked.sources):
        headers.append(("Content-Security-Policy", policy_of_worker(asked.sources)))
    if kind is Kind.WORKER:
        return _packed_response(worker_script(body, _said(asked)), stored.status, headers)
    page = rewrite_html(
        body,
        charset_of(content_type),
        mapper,
        _head(asked, stored),
        xml=kind is Kind.XML,
        link=_link_mapper(asked),
        modules=[] if asked.view.scriptless else asked.snapshot.module_origins,
        policy=said.replace("<style", _STYLE_IN_XML) if kind is Kind.XML else _policy_in_page(asked) + said,
    )
    typed = f"{content_type.partition(';')[0].strip()}; charset=utf-8"
    kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
    return _packed_response(page, stored.status, [*kept, ("Content-Type", typed)])


def _packed_response(body: bytes, status: int, headers: list[tuple[str, str]]) -> Response:
    """Return what was made here, with gzip where the client takes it and it is worth it."""
    if len(body) < WORTH_PACKING or not _accepts(GZIP):
        return _response(body, status, headers)
    return _response(packed(body), status, [*headers, ("Content-Encoding", GZIP)])


def _streamed(
    asked: Asked, stored: Stored, body: Body, stack: ExitStack, note: str | None = None
) -> Response:
    headers = _headers(asked, stored, body.encoding)
    if body.content_range:
        headers.append(("Content-Range", body.content_range))
    if body.length is not None:
        headers.append(("Content-Length", str(body.length)))
    if length_of(stored) is not None:
        headers.append(("Accept-Ranges", "bytes"))
    if note:
        headers.append((NOTE, note))
    status = body.status or stored.status
    chunks = gathered(body.chunks)
    if isinstance(chunks, list):
        return _response(chunks, status, headers)
    opened = stack.pop_all()
    response = _response(streaming(chunks, opened), status, headers)
    response.call_on_close(opened.close)
    return response


def _headers(asked: Asked, stored: Stored, encoding: str | None) -> list[tuple[str, str]]:
    """Return the stored header fields that may be sent, with the content coding that the body really has."""
    mapper = holdings().addresses.mapper(asked.name, asked.url)
    kept = rewrite_headers(stored.headers, mapper, _link_mapper(asked))
    named = [(name, value) for name, value in kept if name.lower() != "content-encoding"]
    return [*named, ("Content-Encoding", encoding)] if encoding else named


def _response(body: bytes | Iterable[bytes], status: int, headers: list[tuple[str, str]]) -> Response:
    response = Response(body, status)
    del response.headers[
        "Content-Type"
    ]  # werkzeug would say text/html where the archived server said nothing
    for name, value in headers:
        response.headers.add(name, value)
    return response


def _is_made(stored: Stored, found: Found) -> bool:
    """Tell whether an answer is more than stored bytes: a page, a redirect, a choice made for the visitor."""
    plain = kind_of(stored, _destination()) is Kind.PLAIN and not _is_sniffed(stored)
    framed = is_framed(_destination())  # then its policy counts, which names the viewer
    return not plain or framed or 300 <= stored.status < 400 or found.nearness is not Nearness.EXACT


def _finished(response: Response, etag: str, found: Found, *, made: bool) -> Response:
    response.headers["Cache-Control"] = ASKED_AGAIN if made else FOREVER
    response.headers["Vary"] = VARY
    response.set_etag(etag)
    if 300 <= response.status_code < 400:  # what it leads to may be a gap: who asked is told
        response.headers["Timing-Allow-Origin"] = "*"
    if found.nearness is not Nearness.EXACT:
        response.headers[NOTE] = found.nearness.value
    return response


def _form(stored: Stored) -> str:
    """Return the name of the form in which this client gets a body: each has an ETag of its own."""
    kind = kind_of(stored, _destination())
    if kind is Kind.PLAIN and not _is_sniffed(stored):
        return plain_body(stored, _accepts).encoding or "plain"
    version: str = current_app.extensions[_VERSION]
    return f"{kind.value}-{version}{'-' + GZIP if _accepts(GZIP) else ''}"


def _is_sniffed(stored: Stored) -> bool:
    return not mime_of(stored) and is_document(_destination())


def _destination() -> str | None:
    return request.headers.get("Sec-Fetch-Dest")


def _accepts(coding: str) -> bool:
    return request.accept_encodings.quality(coding) > 0


def _link_mapper(asked: Asked) -> Mapper | None:
    return link_mapper(holdings().addresses, asked.name, asked.url, asked.reach)


def _said(asked: Asked) -> dict[str, str]:
    """Return what our script has to know of where it runs."""
    addresses = holdings().addresses
    return {
        "pattern": addresses.pattern,
        "timestamp": asked.name,
        "origin": str(asked.origin),
        "home": addresses.origin(asked.name, asked.origin),
    }


def _head(asked: Asked, stored: Stored | None = None, **more: str) -> str:
    """Return what goes first into a page: our script, where there may be one."""
    if asked.view.scriptless:
        return ""
    held = holdings()
    script: Script = current_app.extensions[_SCRIPT]
    return head_script(
        f"{held.addresses.origin(asked.name, asked.origin)}{SCRIPT_PATH}?{script.version}",
        pattern=held.addresses.pattern,
        timestamp=asked.name,
        origin=str(asked.origin),
        viewer=viewer_origin(held),
        cookies=cookies_of(stored.headers) if stored else (),
        origins=_other_origins(asked) if held.addresses.by_path else "",
        outside=outside_of(held.addresses, asked.name),
        known=" ".join(asked.sources),
        **more,
    )


def _policy_in_page(asked: Asked) -> str:
    """Return the policy that a page has in itself where the origins it may reach do not fit a header."""
    if holdings().addresses.by_path or fits(asked.sources):
        return ""
    g.policy_in_page = True
    outside = outside_of(holdings().addresses, asked.name)
    return policy_in_page([*asked.sources, *filter(None, [outside])])


def _other_origins(asked: Asked) -> str:
    """Return other archived origins, of whose modules root-relative imports are mapped: the first few."""
    others = sorted(map(str, asked.snapshot.origins - {asked.origin}))
    return " ".join(others[:MAX_ORIGINS])


def _script_answer() -> Response:
    script: Script = current_app.extensions[_SCRIPT]
    response = Response(script.body, mimetype="text/javascript")
    response.headers["Cache-Control"] = FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(script.version)
    return _secured(response, None)


def _to_frame(asked: Asked) -> Response:
    base = holdings().settings.viewer.base_url.rstrip("/")
    url = target_of(asked.url) if asked.origin == OUTSIDE else None
    path = format_web_path(asked.snapshot.timestamp, url or asked.url, asked.view.modifier)
    response = _redirect(base + path)
    response.headers["Cache-Control"] = "no-store"
    return response


def _redirect(location: str) -> Response:
    response = Response(status=302, headers={"Location": location, "Cache-Control": GAP_CACHE, "Vary": VARY})
    del response.headers["Content-Type"]
    return response


def _refused(asked: Asked, status: int = 405) -> Response:
    """Answer what would send something of which no answer was archived: in words where a page is shown."""
    if is_framed(_destination()):
        response = Response(render_template("refused.html", head=_head(asked)), status)
    else:
        text = "An archived page cannot send anything: this is a copy, not the live site.\n"
        response = Response(text, status, mimetype="text/plain")
    response.headers["Allow"] = "GET, HEAD"
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(asked: Asked, stored: Stored, snapshot: OpenSnapshot) -> Response:
    """Answer in a frame for what a browser saves: the sandbox forbids that, the bar above has the link."""
    file = file_of(asked.url, stored)
    filled = snapshot is not asked.snapshot
    said = page_of_another_day(holdings(), asked.snapshot, snapshot.timestamp) if filled else ""
    response = Response(
        render_template("file.html", asked=asked, head=_head(asked), file=file, said=said), stored.status
    )
    response.headers["Cache-Control"] = ASKED_AGAIN
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return response


def _gap(status: int, asked: Asked | None = None) -> Response:
    """Answer for what this day does not have: a page where one is shown, else what a browser shows broken."""
    if is_document(_destination()):
        head = _head(asked, gone="yes") if asked else ""
        outside = _outside(asked) if asked else None
        response = Response(render_template("gap.html", asked=asked, outside=outside, head=head), status)
    else:
        response = broken(status, _destination(), scriptless=asked is not None and asked.view.scriptless)
    response.headers["Cache-Control"] = GAP_CACHE
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return mark_gap(response)


def _outside(asked: Asked) -> str | None:
    """Return the address that is asked for where nothing of its host is captured."""
    if asked.origin == OUTSIDE:
        return target_of(asked.url)
    hosts = {one.host for one in asked.reach}
    return None if asked.origin.host in hosts else asked.url


def _failed(error: ArchiveError) -> Response:
    status = 404 if isinstance(error, NotFoundError) else 500
    if status == 500:
        current_app.logger.error("%s: %s", request.host, error)
    response = Response(render_template("unreadable.html"), status)
    response.headers["Cache-Control"] = "no-store"
    return _secured(response, None)


def _secured(response: Response, asked: Asked | None) -> Response:
    """
    Set the headers of replay; an answer that has a policy of its own keeps that.

    A 304 gets no policy: its fields replace those that the browser has of the whole answer (RFC 9111 section
    3.2), whose policy was made for what is in it.
    """
    given = frozenset({"Content-Security-Policy"} & set(response.headers.keys()))
    left = _POLICIES if response.status_code == HTTPStatus.NOT_MODIFIED else given
    for name, value in _security_headers(asked):
        if name not in left:
            response.headers[name] = value
    return response


def _security_headers(asked: Asked | None) -> list[tuple[str, str]]:
    held = holdings()
    viewer = viewer_origin(held)
    by_path = held.addresses.base if held.addresses.by_path else ""
    led = "" if _destination() else viewer
    if asked is None:
        return security_headers([], viewer, by_path=by_path, led=led)
    own = asked.sources
    more: dict[str, Any] = {
        "by_path": by_path,
        "scriptless": asked.view.scriptless,
        "outside": outside_of(held.addresses, asked.name),
        "led": led,
    }
    if not by_path and not fits(own):
        wildcard = [held.addresses.wildcard()]
        listed = len(" ".join(own)) <= MAX_LISTED
        more |= {"ancestors": wildcard[0], "connects": own if listed else wildcard}
        own = wildcard if g.get("policy_in_page") else []
    return security_headers(own, viewer, **more)


def _http_error(error: HTTPException) -> Response:
    """Answer for what the framework itself refuses, and for a failure nobody foresaw, which it has logged."""
    return Response(f"{error.name}\n", error.code or 500, mimetype="text/plain")


def _guarded(response: Response) -> Response:
    """Let nothing out without a policy or with a cookie, whoever made it."""
    del response.headers["Set-Cookie"]
    secured = "Content-Security-Policy" in response.headers or response.status_code == HTTPStatus.NOT_MODIFIED
    return response if secured else _secured(response, None)


def is_replay_host(host: str, held: Holdings) -> bool:
    """Tell whether a Host header names a replay host, and not the viewer."""
    own = urlsplit(held.settings.viewer.base_url).hostname
    name = host.rpartition("@")[2].partition(":")[0].lower()
    return held.addresses.is_host(host) and (name != own or held.addresses.by_path)
