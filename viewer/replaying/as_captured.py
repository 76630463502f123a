# SPDX-License-Identifier: EUPL-1.2
"""
The payload of a capture exactly as it was received, for tools and auditors: `/web/<moment>id_/<url>`.

The body is without transfer coding and with its content coding, byte for byte what the payload digest is
over. The stored header fields come as `X-Archive-Orig-<name>`; the status is that of the capture, and a
redirect leads on within the archive. It is sent as a download of unknown type under a policy that
forbids everything, so no browser runs it on the viewer's origin; its name says what it is.

A browser that saves it is told of the content coding and undoes it. A tool is not: it would undo it
unasked, and then compare other bytes than those of the digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus

from flask import Response, request

from archiver.exchange import Headers
from archiver.records import Response as Stored
from archiver.records import open_response

from ..addresses.address import format_web_path
from ..current import holdings
from ..holdings import Found, OpenSnapshot
from .body import Body, coding_of, extent_of, part_of, streaming
from .file import disposition, file_name

PREFIX = "X-Archive-Orig-"
MAX_FIELDS = 100
"""Stored header fields that are passed on, and bytes of each below: proxies refuse larger heads."""

MAX_VALUE = 1000

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}", re.ASCII)
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


def as_captured(snapshot: OpenSnapshot, found: Found) -> Response:
    """Answer with the payload of a capture. Raises DamagedError."""
    with ExitStack() as stack:
        find = holdings().warc(snapshot.site)
        stored = stack.enter_context(open_response(find, snapshot.timestamp, found.capture))
        opened = stack.pop_all()
        body = _body(stored)
        status = stored.status if 200 <= stored.status < 600 and stored.status != 304 else 200
        response = Response(
            streaming(body.chunks, opened), body.status or status, mimetype="application/octet-stream"
        )
        response.call_on_close(opened.close)
        for name, value in [*_originals(stored.headers), *_own(snapshot, found), *_framing(body)]:
            response.headers.add(name, value)
        response.headers[f"{PREFIX}Status"] = str(stored.status)
        response.set_etag(found.capture.digest.removeprefix("sha256:"))
        return response
    raise AssertionError


def _body(stored: Stored) -> Body:
    """Return the payload, or the range of it that is asked for; with its coding where a browser saves it."""
    saved = request.headers.get("Sec-Fetch-Mode") == "navigate"
    whole = Body(stored.body, coding_of(stored) if saved else None)
    wanted = request.range if request.method == "GET" and "If-Range" not in request.headers else None
    body, there = part_of(whole, stored, wanted), extent_of(stored)
    if body.content_range or there is None or stored.status != HTTPStatus.PARTIAL_CONTENT:
        return body
    return replace(body, content_range=f"bytes {there.first}-{there.end - 1}/{there.total}")


def _framing(body: Body) -> Iterator[tuple[str, str]]:
    yield "Vary", "Sec-Fetch-Mode"
    if body.encoding:
        yield "Content-Encoding", body.encoding
    if body.length is not None:
        yield "Accept-Ranges", "bytes"
        yield "Content-Length", str(body.length)
    if body.content_range:
        yield "Content-Range", body.content_range


def _originals(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers[:MAX_FIELDS]:
        if _NAME.fullmatch(name) and not _UNSENDABLE.search(value):
            yield f"{PREFIX}{name}", value[:MAX_VALUE]


def _own(snapshot: OpenSnapshot, found: Found) -> Iterable[tuple[str, str]]:
    name = file_name(found.capture.url, found.capture.content_type)
    yield "Content-Disposition", disposition(name)
    yield "Content-Security-Policy", "sandbox; default-src 'none'"
    yield "Cache-Control", "public, max-age=31536000, immutable"
    if found.capture.redirect:
        yield "Location", format_web_path(snapshot.timestamp, found.capture.redirect, "id_")
