# SPDX-License-Identifier: EUPL-1.2
"""
A stored response as an answer: rewritten where it is a page or style sheet, else streamed as it is stored.

    text/html      → mapped, our script first, with gzip where the client takes it
    anything else  → its stored bytes, decoded only where the client does not take their coding

Knows nothing of which capture answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus

from flask import Response, current_app

from archiver.exchange import header
from archiver.records import Response as Stored

from ..current import holdings
from ..rewriting.css import rewrite_css
from ..rewriting.headers import (
    fits,
    policy_of_worker,
    rewrite_headers,
)
from ..rewriting.html import rewrite_html
from .asked import Asked, accepts, destination, links, wanted
from .body import (
    MAX_REWRITTEN,
    Body,
    beginning,
    gathered,
    length_of,
    packed,
    part_of,
    plain_body,
    streaming,
    whole,
)
from .form import Kind, charset_of, is_document, kind_of, mime_of, sniffed
from .page_head import VERSION, head, place_of, policy_of_page
from .script import worker_script

GZIP = "gzip"
WORTH_PACKING = 512
"""Bytes of a body made here below which it goes out as it is."""
NOTE = "X-Daykeep-Approximate"
"""Says how an answer differs: `tidied`, `reordered`, `fuzzy`, `query-ignored`, `not-rewritten`."""
_STYLE_IN_XML = '<style xmlns="http://www.w3.org/1999/xhtml"'


def form_of(stored: Stored) -> str:
    """Return the name of the form in which this client gets a body: each has an ETag of its own."""
    kind = kind_of(stored, destination())
    if kind is Kind.PLAIN and not is_sniffed(stored):
        return plain_body(stored, accepts).encoding or "plain"
    version: str = current_app.extensions[VERSION]
    return f"{kind.value}-{version}{'-' + GZIP if accepts(GZIP) else ''}"


def is_sniffed(stored: Stored) -> bool:
    """Tell whether what a body is has to be told by its beginning."""
    return not mime_of(stored) and is_document(destination())


def answer_with(asked: Asked, stored: Stored, stack: ExitStack, etag: str, said: str = "") -> Response:
    """Answer with a stored response; `stack` has what is open, and is closed after the last byte."""
    kind = kind_of(stored, destination())
    if kind is not Kind.PLAIN or not mime_of(stored):
        try:
            start, rest = beginning(stored, MAX_REWRITTEN)
        except ValueError:
            return _streamed(asked, stored, plain_body(stored, accepts), stack, "not-rewritten")
        if kind is Kind.PLAIN and is_sniffed(stored):
            kind = sniffed(start)
        if rest is not None or kind is Kind.PLAIN:
            note = "not-rewritten" if kind is not Kind.PLAIN else None
            return _streamed(asked, stored, Body(whole(start, rest)), stack, note)
        return _rewritten(asked, stored, start, kind, said)
    asked_for = wanted(etag, of_a_part=stored.status == HTTPStatus.PARTIAL_CONTENT)
    return _streamed(asked, stored, part_of(plain_body(stored, accepts), stored, asked_for), stack)


def _rewritten(asked: Asked, stored: Stored, body: bytes, kind: Kind, said: str = "") -> Response:
    held = holdings()
    mapper = held.addresses.mapper(asked.name, asked.url)
    headers = headers_of(asked, stored, None)
    content_type = header(stored.headers, "content-type") or "text/html"
    if kind is Kind.CSS:
        return _packed_response(rewrite_css(body, mapper), stored.status, headers)
    if kind is Kind.WORKER and not held.addresses.by_path and not fits(asked.sources):
        headers.append(("Content-Security-Policy", policy_of_worker(asked.sources)))
    if kind is Kind.WORKER:
        return _packed_response(worker_script(body, place_of(asked)), stored.status, headers)
    page = rewrite_html(
        body,
        charset_of(content_type),
        mapper,
        head(asked, stored),
        xml=kind is Kind.XML,
        link=links(asked),
        modules=[] if asked.view.scriptless else asked.snapshot.module_origins,
        policy=said.replace("<style", _STYLE_IN_XML) if kind is Kind.XML else policy_of_page(asked) + said,
    )
    typed = f"{content_type.partition(';')[0].strip()}; charset=utf-8"
    kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
    return _packed_response(page, stored.status, [*kept, ("Content-Type", typed)])


def _packed_response(body: bytes, status: int, headers: list[tuple[str, str]]) -> Response:
    """Return what was made here, with gzip where the client takes it and it is worth it."""
    if len(body) < WORTH_PACKING or not accepts(GZIP):
        return response_of(body, status, headers)
    return response_of(packed(body), status, [*headers, ("Content-Encoding", GZIP)])


def _streamed(
    asked: Asked, stored: Stored, body: Body, stack: ExitStack, note: str | None = None
) -> Response:
    headers = headers_of(asked, stored, body.encoding)
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
        return response_of(chunks, status, headers)
    opened = stack.pop_all()
    response = response_of(streaming(chunks, opened), status, headers)
    response.call_on_close(opened.close)
    return response


def headers_of(asked: Asked, stored: Stored, encoding: str | None) -> list[tuple[str, str]]:
    """Return the stored header fields that may be sent, with the content coding that the body really has."""
    mapper = holdings().addresses.mapper(asked.name, asked.url)
    kept = rewrite_headers(stored.headers, mapper, links(asked))
    named = [(name, value) for name, value in kept if name.lower() != "content-encoding"]
    return [*named, ("Content-Encoding", encoding)] if encoding else named


def response_of(body: bytes | Iterable[bytes], status: int, headers: list[tuple[str, str]]) -> Response:
    """Return a response of exactly these fields."""
    response = Response(body, status)
    del response.headers[
        "Content-Type"
    ]  # werkzeug would say text/html where the archived server said nothing
    for name, value in headers:
        response.headers.add(name, value)
    return response
