# SPDX-License-Identifier: EUPL-1.2
"""
What a request on a replay origin asks for: which snapshot, archived origin and URL, and in which view.

    GET /a?b=c  Host: 20260302023000-www-ind-nl.localhost:8080
        → snapshot 20260302023000, origin https://www.ind.nl, URL https://www.ind.nl/a?b=c

Knows nothing of what was captured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import current_app, request
from werkzeug.datastructures import Accept, Range
from werkzeug.http import parse_accept_header, parse_range_header

from index.urlkey import Origin, normalise

from ..addresses.address import Mapper
from ..addresses.label import resolve
from ..addresses.outside import link_mapper
from ..addresses.view import View
from ..open_snapshot import OpenSnapshot
from .filling import origins
from .means import Means

MEANS = "daykeep-means"
VARY = "Accept-Encoding, Sec-Fetch-Dest"
_USUAL = 256
"""Characters of an Accept-Encoding whose meaning is remembered: browsers have a handful of them."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visitor's browser says of what it wants."""

    destination: str | None
    """What it wants the answer for (Fetch section 2.2.7), if it tells."""
    encodings: str | None
    """The content codings it takes, as it says so."""

    def accepts(self, coding: str) -> bool:
        """Tell whether the client takes a content coding."""
        short = self.encodings is None or len(self.encodings) <= _USUAL
        parse = _parsed if short else parse_accept_header
        return parse(self.encodings).quality(coding) > 0


@lru_cache(256)
def _parsed(encodings: str | None) -> Accept:
    return parse_accept_header(encodings)


def visit_of(environ: Mapping[str, Any]) -> Visit:
    """Return what a request says of what is wanted."""
    return Visit(environ.get("HTTP_SEC_FETCH_DEST"), environ.get("HTTP_ACCEPT_ENCODING"))


BESIDE = "X-Daykeep-Range"
"""In which a cache in front tells the visitor's range, while it asks for the whole to cut that out itself."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request on a replay origin asks for, and what its answer is made with."""

    means: Means
    visit: Visit
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


def asked_by(
    means: Means,
    environ: Mapping[str, Any],
    target: str,
    opened: Callable[[str], OpenSnapshot | None],
) -> Asked | None:
    """
    Return what a request asks for by its Host and target; None where there is no such thing.

    `opened` returns the snapshot of a timestamp, or None.
    """
    read = means.held.addresses.read(environ.get("HTTP_HOST", ""), target)
    snapshot = opened(read[0].timestamp) if read else None
    if read is None or snapshot is None:
        return None
    label, path = read
    reach = origins(means.held, snapshot, label.view)
    origin = resolve(label, reach)
    url = normalise(f"{origin}{path}") if origin else None
    if not origin or not url:
        return None
    return Asked(means, visit_of(environ), snapshot, origin, url, label.view, reach)


def means() -> Means:
    """Return what the application that answers makes its answers with."""
    found: Means = current_app.extensions[MEANS]
    return found


def read_asked(target: str) -> Asked | None:
    """Return what the current request asks for; None where there is no such thing."""
    made_with = means()
    return asked_by(made_with, request.environ, target, made_with.held.shelf.get)


def wanted(etag: str, *, of_a_part: bool = False) -> Range | None:
    """
    Return the range that is asked for, unless it is one of other bytes (RFC 9110 section 13.1.5).

    Of a body that is there in part, what a cache in front tells of the visitor counts too.
    """
    other = "If-Range" in request.headers and request.if_range.etag != etag
    if request.method != "GET" or other:
        return None
    beside = request.headers.get(BESIDE) if of_a_part else None
    return request.range or (parse_range_header(beside) if beside else None)


def destination() -> str | None:
    """Return what the browser wants the answer of the current request for, if it tells."""
    return visit_of(request.environ).destination


def links(asked: Asked) -> Mapper | None:
    """Return what maps where a page leads, if otherwise than what it is made of."""
    return link_mapper(asked.means.held.addresses, asked.name, asked.url, asked.reach)
