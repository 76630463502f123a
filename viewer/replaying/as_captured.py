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
from werkzeug.datastructures import Range

from archiver.exchange import Headers
from archiver.responses import Response as Stored
from archiver.responses import open_response

from ..addresses.address import format_web_path
from ..current import holdings
from ..open_snapshot import Found, OpenSnapshot
from .body import Body, Made, coding_of, extent_of, gathered, part_of
from .file import disposition, file_name

PREFIX = "X-Archive-Orig-"
NAVIGATE = "navigate"
"""What browsers say (`Sec-Fetch-Mode`) of what a visitor follows or saves."""

MAX_FIELDS = 100
"""Stored header fields that are passed on, and bytes of each below: proxies refuse larger heads."""

MAX_VALUE = 1000

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}", re.ASCII)
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


def as_captured(snapshot: OpenSnapshot, found: Found) -> Response:
    """Answer with the payload of a capture. Raises DamagedError."""
    wanted = request.range if request.method == "GET" and "If-Range" not in request.headers else None
    saved = request.headers.get("Sec-Fetch-Mode") == NAVIGATE
    with ExitStack() as stack:
        stored = stack.enter_context(
            open_response(holdings().warc(snapshot.site), snapshot.timestamp, found.capture)
        )
        payload = payload_of(snapshot, found, stored, wanted=wanted, saved=saved)
        response = Response(payload.chunks, payload.status, payload.fields)
        response.call_on_close(stack.pop_all().close)
        return response
    raise AssertionError


def payload_of(
    snapshot: OpenSnapshot,
    found: Found,
    stored: Stored,
    *,
    wanted: Range | None = None,
    saved: bool = False,
) -> Made:
    """
    Return the payload of a capture, stored so, or the range of it that is wanted. Raises DamagedError.

    `saved`: a browser saves it, and undoes the coding that it is told.
    """
    capture = found.capture
    body = _body(stored, wanted, saved=saved)
    chunks = gathered(body.chunks)
    status = stored.status if 200 <= stored.status < 600 and stored.status != 304 else 200
    fields = [
        ("Content-Type", "application/octet-stream"),
        *_originals(stored.headers),
        *_own(snapshot, found),
        *_framing(body, chunks),
        (f"{PREFIX}Status", str(stored.status)),
        ("ETag", f'"{capture.digest.removeprefix("sha256:")}"'),
    ]
    return Made(body.status or status, fields, chunks)


def _body(stored: Stored, wanted: Range | None, *, saved: bool) -> Body:
    """Return the payload, or the range of it that is wanted; with its coding where a browser saves it."""
    whole = Body(stored.body, coding_of(stored) if saved else None)
    body, there = part_of(whole, stored, wanted), extent_of(stored)
    if body.content_range or there is None or stored.status != HTTPStatus.PARTIAL_CONTENT:
        return body
    return replace(body, content_range=f"bytes {there.first}-{there.end - 1}/{there.total}")


def _framing(body: Body, chunks: list[bytes] | Iterator[bytes]) -> Iterator[tuple[str, str]]:
    yield "Vary", "Sec-Fetch-Mode"
    if body.encoding:
        yield "Content-Encoding", body.encoding
    if body.length is not None:
        yield "Accept-Ranges", "bytes"
        yield "Content-Length", str(body.length)
    elif isinstance(chunks, list):
        yield "Content-Length", str(len(chunks[0]))
    if body.content_range:
        yield "Content-Range", body.content_range


def _originals(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers[:MAX_FIELDS]:
        if _NAME.fullmatch(name) and not _UNSENDABLE.search(value) and name.lower() != "status":
            yield f"{PREFIX}{name}", value[:MAX_VALUE]


def _own(snapshot: OpenSnapshot, found: Found) -> Iterable[tuple[str, str]]:
    name = file_name(found.capture.url, found.capture.content_type)
    yield "Content-Disposition", disposition(name)
    yield "Content-Security-Policy", "sandbox; default-src 'none'"
    yield "Cache-Control", "public, max-age=31536000, immutable"
    if found.capture.redirect:
        yield "Location", format_web_path(snapshot.timestamp, found.capture.redirect, "id_")
