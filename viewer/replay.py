# SPDX-License-Identifier: EUPL-1.2
"""
The replay origins: an archived URL at its own path, on a host that names one snapshot and one origin.

    GET /a?b=c  Host: 20260302023000-www-ind-nl.localhost:8080
        label → snapshot 20260302023000, origin https://www.ind.nl
        → the capture of https://www.ind.nl/a?b=c in that snapshot and in no other, or a gap (404)

Pages and style sheets have their absolute addresses mapped; every other body goes out as it is stored. A
visit outside the viewer's frame is sent to the frame. Never sets a cookie, never asks another server.
Knows nothing of databases.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, render_template, request

from archiver.exchange import header
from archiver.records import Response as Stored
from archiver.records import open_response
from index.errors import ArchiveError, NotFoundError
from index.urlkey import Origin, normalise
from index.urlkey import origin as origin_of

from .address import format_web_path
from .body import MAX_REWRITTEN, Body, beginning, length_of, part_of, plain_body, streaming, whole
from .current import give, holdings
from .holdings import Found, Holdings, Nearness, OpenSnapshot
from .i18n import add_languages
from .label import resolve
from .request_target import request_target
from .rewrite_css import rewrite_css
from .rewrite_headers import rewrite_headers, security_headers
from .rewrite_html import head_script, rewrite_html

_SCRIPT = "daykeep-replay-script"
SCRIPT_PATH = "/.daykeep/replay.js"
FOREVER = "public, max-age=31536000, immutable"
"""A capture never changes, so neither does its replay."""

GAP_CACHE = "public, max-age=600"
NOTE = "X-Daykeep-Approximate"
"""Says how an answer differs from what was asked: `query-ignored`, `not-rewritten`."""

VARY = "Accept-Encoding, Sec-Fetch-Dest"

# Fetch section 3.2.7: destinations whose answer becomes a document. A client that does not tell (`None`) may
# show anything as one.
_DOCUMENTS = frozenset({None, "document", "iframe", "frame", "object", "embed"})
_XML = frozenset({"application/xhtml+xml", "image/svg+xml"})
_ANY_XML = re.compile(r"(?:text|application)/(?:[\w.+-]+\+)?xml", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
# MIME Sniffing section 7.1: what makes a body without a type a page
_SNIFFED = re.compile(
    rb"[\t\n\f\r ]*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)"
    rb"[\s>-]",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """How a body is rewritten."""

    HTML = "html"
    XML = "xml"
    CSS = "css"
    PLAIN = "plain"


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


def create_replay(held: Holdings) -> Flask:
    """Return the application of all replay origins: one route, no static files, no session."""
    app = Flask("viewer", static_folder=None)
    add_languages(app, held.settings.language)
    give(app, held)
    app.extensions[_SCRIPT] = _script()
    app.url_map.merge_slashes = False
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    for rule in ("/", "/<path:_>"):
        app.add_url_rule(rule, "replay", _replay, methods=methods, provide_automatic_options=False)
    app.register_error_handler(ArchiveError, _failed)
    app.after_request(_without_cookies)
    return app


def _script() -> Script:
    body = (resources.files("viewer") / "static" / "replay.js").read_bytes()
    return Script(body, hashlib.sha256(body).hexdigest()[:16])


def viewer_origin(held: Holdings) -> str:
    """Return the viewer's own origin."""
    return str(origin_of(normalise(held.settings.viewer.base_url) or ""))


def _replay(_: str = "") -> Response:
    target = request_target(request.environ)
    path = target.partition("?")[0]
    if request.headers.get("Service-Worker"):
        return _secured(Response("Service workers are not replayed.\n", 403, mimetype="text/plain"), None)
    if path == SCRIPT_PATH:
        return _script_answer()
    asked = _asked(target)
    if asked is None:
        return _secured(_gap(404), None)
    if request.method not in {"GET", "HEAD"}:
        return _secured(_refused(), asked.snapshot)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        return _secured(_to_frame(asked), asked.snapshot)
    return _secured(_answer(asked), asked.snapshot)


def _asked(target: str) -> Asked | None:
    held = holdings()
    label = held.addresses.label_of(request.environ.get("HTTP_HOST", ""))
    snapshot = held.shelf.get(label.timestamp) if label else None
    if label is None or snapshot is None:
        return None
    origin = resolve(label, snapshot.origins)
    url = normalise(f"{origin}{target}") if origin else None
    return Asked(snapshot, origin, url) if origin and url else None


def _answer(asked: Asked) -> Response:
    found = asked.snapshot.look_up(asked.url)
    if found is not None:
        return _captured(asked, found)
    other = asked.snapshot.other_scheme(asked.url)
    if other is not None:
        return _redirect(holdings().addresses.url(asked.snapshot.timestamp, other))
    return _gap(404, asked)


def _captured(asked: Asked, found: Found) -> Response:
    with ExitStack() as stack:
        find = holdings().warc(asked.snapshot.site)
        stored = stack.enter_context(open_response(find, asked.snapshot.timestamp, found.capture))
        if stored.status == 304 or not 200 <= stored.status < 1000:
            return _gap(404, asked)
        etag = f"{found.capture.digest.removeprefix('sha256:')[:32]}-{_form(stored)}"
        if stored.status == 200 and request.if_none_match.contains_weak(etag):
            return _finished(Response(status=304), etag, found)
        response = _rewritten_or_streamed(asked, stored, stack)
        return _finished(response, etag, found)
    raise AssertionError


def _rewritten_or_streamed(asked: Asked, stored: Stored, stack: ExitStack) -> Response:
    kind = _kind(stored, request)
    if kind is not Kind.PLAIN or _has_no_type(stored):
        try:
            start, rest = beginning(stored, MAX_REWRITTEN)
        except ValueError:
            return _streamed(asked, stored, plain_body(stored, _accepts), stack, "not-rewritten")
        if _has_no_type(stored) and kind is Kind.PLAIN:
            kind = Kind.HTML if _is_document(request) and _SNIFFED.match(start[:512]) else Kind.PLAIN
        if rest is not None or kind is Kind.PLAIN:
            note = "not-rewritten" if kind is not Kind.PLAIN else None
            return _streamed(asked, stored, Body(whole(start, rest)), stack, note)
        return _rewritten(asked, stored, start, kind)
    wanted = request.range if request.method == "GET" and "If-Range" not in request.headers else None
    return _streamed(asked, stored, part_of(plain_body(stored, _accepts), stored, wanted), stack)


def _rewritten(asked: Asked, stored: Stored, body: bytes, kind: Kind) -> Response:
    held = holdings()
    mapper = held.addresses.mapper(asked.snapshot.timestamp, asked.url)
    headers = _headers(asked, stored, None)
    content_type = header(stored.headers, "content-type") or "text/html"
    if kind is Kind.CSS:
        return _response(rewrite_css(body, mapper), stored.status, headers)
    charset = _CHARSET.search(content_type)
    page = rewrite_html(body, charset[1] if charset else None, mapper, _head(asked), xml=kind is Kind.XML)
    typed = f"{content_type.partition(';')[0].strip()}; charset=utf-8"
    kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
    return _response(page, stored.status, [*kept, ("Content-Type", typed)])


def _streamed(
    asked: Asked, stored: Stored, body: Body, stack: ExitStack, note: str | None = None
) -> Response:
    headers = _headers(asked, stored, body.encoding)
    if body.content_range:
        headers += [("Content-Range", body.content_range), ("Content-Length", str(body.length))]
    if length_of(stored) is not None:
        headers.append(("Accept-Ranges", "bytes"))
    if note:
        headers.append((NOTE, note))
    opened = stack.pop_all()
    status = 206 if body.content_range else 200 if stored.status == 206 else stored.status
    response = _response(streaming(body.chunks, opened), status, headers)
    response.call_on_close(opened.close)
    return response


def _headers(asked: Asked, stored: Stored, encoding: str | None) -> list[tuple[str, str]]:
    """Return the stored header fields that may be sent, with the content coding that the body really has."""
    mapper = holdings().addresses.mapper(asked.snapshot.timestamp, asked.url)
    kept = rewrite_headers(stored.headers, mapper)
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


def _finished(response: Response, etag: str, found: Found) -> Response:
    response.headers["Cache-Control"] = FOREVER
    response.headers["Vary"] = VARY
    response.set_etag(etag)
    if found.nearness is not Nearness.EXACT:
        response.headers[NOTE] = found.nearness.value
    return response


def _form(stored: Stored) -> str:
    """Return the name of the form in which this client gets a body: each has an ETag of its own."""
    kind = _kind(stored, request)
    if kind is not Kind.PLAIN:
        return kind.value
    return plain_body(stored, _accepts).encoding or "plain"


def _kind(stored: Stored, asking: Request) -> Kind:
    """Return how a body is rewritten, from its type and from what the browser wants it for."""
    mime = _mime(stored)
    destination = asking.headers.get("Sec-Fetch-Dest")
    if mime == "text/css" or destination == "style":
        return Kind.CSS
    if destination not in _DOCUMENTS:
        return Kind.PLAIN
    if mime == "text/html":
        return Kind.HTML
    if mime in _XML or (destination and _ANY_XML.fullmatch(mime)):
        return Kind.XML
    return Kind.PLAIN


def _is_document(asking: Request) -> bool:
    return asking.headers.get("Sec-Fetch-Dest") in _DOCUMENTS


def _mime(stored: Stored) -> str:
    return (header(stored.headers, "content-type") or "").partition(";")[0].strip().lower()


def _has_no_type(stored: Stored) -> bool:
    return not _mime(stored)


def _accepts(coding: str) -> bool:
    return request.accept_encodings.quality(coding) > 0


def _head(asked: Asked) -> str:
    held = holdings()
    script: Script = current_app.extensions[_SCRIPT]
    return head_script(
        f"{held.addresses.origin(asked.snapshot.timestamp, asked.origin)}{SCRIPT_PATH}?{script.version}",
        pattern=held.addresses.pattern,
        timestamp=asked.snapshot.timestamp,
        origin=str(asked.origin),
        viewer=viewer_origin(held),
    )


def _script_answer() -> Response:
    script: Script = current_app.extensions[_SCRIPT]
    response = Response(script.body, mimetype="text/javascript")
    response.headers["Cache-Control"] = FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(script.version)
    return _secured(response, None)


def _to_frame(asked: Asked) -> Response:
    base = holdings().settings.viewer.base_url.rstrip("/")
    response = _redirect(base + format_web_path(asked.snapshot.timestamp, asked.url))
    response.headers["Cache-Control"] = "no-store"
    return response


def _redirect(location: str) -> Response:
    response = Response(status=302, headers={"Location": location, "Cache-Control": GAP_CACHE, "Vary": VARY})
    del response.headers["Content-Type"]
    return response


def _refused() -> Response:
    text = "An archived page cannot send anything: this is a copy, not the live site.\n"
    return Response(text, 405, {"Allow": "GET, HEAD"}, mimetype="text/plain")


def _gap(status: int, asked: Asked | None = None) -> Response:
    """Answer for what this day does not have: a page where one is shown, nothing where a part is missing."""
    if _is_document(request):
        head = _head(asked) if asked else ""
        response = Response(render_template("gap.html", asked=asked, head=head), status)
    else:
        response = Response(status=status)
        del response.headers["Content-Type"]
    response.headers["Cache-Control"] = GAP_CACHE
    response.headers["Vary"] = f"{VARY}, Accept-Language"
    return response


def _failed(error: ArchiveError) -> Response:
    status = 404 if isinstance(error, NotFoundError) else 500
    response = Response(f"{error}\n", status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return _secured(response, None)


def _secured(response: Response, snapshot: OpenSnapshot | None) -> Response:
    held = holdings()
    own = snapshot.sources if snapshot else []
    for name, value in security_headers(own, viewer_origin(held)):
        response.headers[name] = value
    return response


def _without_cookies(response: Response) -> Response:
    del response.headers["Set-Cookie"]
    return response


def is_replay_host(host: str, held: Holdings) -> bool:
    """Tell whether a Host header names something below the name that replay hosts have, a label or not."""
    parent = urlsplit(held.addresses.pattern.replace("{label}", "label")).hostname or ""
    own = urlsplit(held.settings.viewer.base_url).hostname
    name = host.rpartition("@")[2].partition(":")[0].lower()
    return name != own and name.endswith(parent.removeprefix("label"))
