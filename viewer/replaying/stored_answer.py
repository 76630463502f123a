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

from flask import Response, g
from werkzeug.datastructures import Range

from archiver.exchange import header
from archiver.responses import Response as Stored

from ..rewriting.css import rewrite_css
from ..rewriting.headers import (
    fits,
    policy_of_worker,
    rewrite_headers,
)
from ..rewriting.html import rewrite_html
from ..rewriting.own_encoding import in_own_encoding
from .asked import Asked, Visit, links
from .body import (
    MAX_REWRITTEN,
    Body,
    Made,
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
from .page_head import head, place_of, policy_of_page
from .script import worker_script

GZIP = "gzip"
WORTH_PACKING = 512
"""Bytes of a body made here below which it goes out as it is."""
NOTE = "X-Daykeep-Approximate"
"""Says how an answer differs: `tidied`, `reordered`, `fuzzy`, `query-ignored`, `not-rewritten`."""
_STYLE_IN_XML = '<style xmlns="http://www.w3.org/1999/xhtml"'


def form_of(asked: Asked, stored: Stored) -> str:
    """Return the name of the form in which this client gets a body: each has an ETag of its own."""
    visit = asked.visit
    kind = kind_of(stored, visit.destination)
    if kind is Kind.PLAIN and not is_sniffed(stored, visit):
        return plain_body(stored, visit.accepts).encoding or "plain"
    return f"{kind.value}-{asked.means.version}{'-' + GZIP if visit.accepts(GZIP) else ''}"


def is_sniffed(stored: Stored, visit: Visit) -> bool:
    """Tell whether what a body is has to be told by its beginning."""
    return not mime_of(stored) and is_document(visit.destination)


def answer_with(
    asked: Asked, stored: Stored, stack: ExitStack, wanted: Range | None, said: str = ""
) -> Response:
    """Answer with a stored response; `stack` has what is open, and is closed after the last byte."""
    made = made_of(asked, stored, wanted, said)
    g.policy_in_page = made.narrowed
    if isinstance(made.chunks, list):
        return response_of(made.chunks, made.status, made.fields)
    opened = stack.pop_all()
    response = response_of(streaming(made.chunks, opened), made.status, made.fields)
    response.call_on_close(opened.close)
    return response


def made_of(asked: Asked, stored: Stored, wanted: Range | None = None, said: str = "") -> Made:
    """
    Return what a stored response is answered with, or the range of it that is wanted.

    It has the fields that depend on what is stored. `said` goes first into a page, in its own view.
    """
    visit = asked.visit
    kind = kind_of(stored, visit.destination)
    if kind is not Kind.PLAIN or not mime_of(stored):
        try:
            start, rest = beginning(stored, MAX_REWRITTEN)
        except ValueError:
            return _as_stored(asked, stored, plain_body(stored, visit.accepts), "not-rewritten")
        if kind is Kind.PLAIN and is_sniffed(stored, visit):
            kind = sniffed(start)
        if rest is not None or kind is Kind.PLAIN:
            note = "not-rewritten" if kind is not Kind.PLAIN else None
            return _as_stored(asked, stored, Body(whole(start, rest)), note)
        with asked.means.turns.taken():
            return _rewritten(asked, stored, start, kind, said)
    return _as_stored(asked, stored, part_of(plain_body(stored, visit.accepts), stored, wanted))


def _rewritten(asked: Asked, stored: Stored, body: bytes, kind: Kind, said: str = "") -> Made:
    addresses = asked.means.held.addresses
    mapper = addresses.mapper(asked.name, asked.url)
    fields = headers_of(asked, stored, None)
    content_type = header(stored.headers, "content-type") or "text/html"
    if kind is Kind.CSS:
        return _packed(asked, rewrite_css(body, mapper), stored.status, fields)
    if kind is Kind.WORKER and not addresses.by_path and not fits(asked.sources):
        fields.append(("Content-Security-Policy", policy_of_worker(asked.sources)))
    if kind is Kind.WORKER:
        return _packed(asked, worker_script(body, place_of(asked)), stored.status, fields)
    policy = "" if kind is Kind.XML else policy_of_page(asked)
    page = rewrite_html(
        body,
        charset_of(content_type),
        mapper,
        head(asked, stored),
        xml=kind is Kind.XML,
        link=links(asked),
        modules=[] if asked.view.scriptless else asked.snapshot.module_origins,
        scripts=not asked.view.scriptless,
        policy=said.replace("<style", _STYLE_IN_XML) if kind is Kind.XML else policy + said,
    )
    charset = "utf-8"
    if kind is Kind.HTML:
        page, charset = in_own_encoding(page, body, charset_of(content_type))
    typed = f"{content_type.partition(';')[0].strip()}; charset={charset}"
    kept = [(name, value) for name, value in fields if name.lower() != "content-type"]
    made = _packed(asked, page, stored.status, [*kept, ("Content-Type", typed)])
    return made._replace(narrowed=bool(policy))


def _packed(asked: Asked, body: bytes, status: int, fields: list[tuple[str, str]]) -> Made:
    """Return what was made here, with gzip where the client takes it and it is worth it."""
    if len(body) < WORTH_PACKING or not asked.visit.accepts(GZIP):
        return Made(status, fields, [body])
    return Made(status, [*fields, ("Content-Encoding", GZIP)], [packed(body)])


def _as_stored(asked: Asked, stored: Stored, body: Body, note: str | None = None) -> Made:
    fields = headers_of(asked, stored, body.encoding)
    if body.content_range:
        fields.append(("Content-Range", body.content_range))
    if body.length is not None:
        fields.append(("Content-Length", str(body.length)))
    if length_of(stored) is not None:
        fields.append(("Accept-Ranges", "bytes"))
    if note:
        fields.append((NOTE, note))
    return Made(body.status or stored.status, fields, gathered(body.chunks))


def headers_of(asked: Asked, stored: Stored, encoding: str | None) -> list[tuple[str, str]]:
    """Return the stored header fields that may be sent, with the content coding that the body really has."""
    mapper = asked.means.held.addresses.mapper(asked.name, asked.url)
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
