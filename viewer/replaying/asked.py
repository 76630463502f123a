# SPDX-License-Identifier: EUPL-1.2
"""
What a request on a replay origin asks for: which snapshot, archived origin and URL, and in which view.

    GET /a?b=c  Host: 20260302023000-www-ind-nl.localhost:8080
        → snapshot 20260302023000, origin https://www.ind.nl, URL https://www.ind.nl/a?b=c

Knows nothing of what was captured.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import Range
from werkzeug.http import parse_range_header

from index.urlkey import Origin, normalise
from index.urlkey import origin as origin_of

from ..addresses.address import Mapper
from ..addresses.label import resolve
from ..addresses.outside import link_mapper
from ..addresses.view import View
from ..current import holdings
from ..holdings import Holdings
from ..open_snapshot import OpenSnapshot
from .filling import origins

VARY = "Accept-Encoding, Sec-Fetch-Dest"

BESIDE = "X-Daykeep-Range"
"""In which a cache in front tells the visitor's range, while it asks for the whole to cut that out itself."""


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


def read_asked(target: str) -> Asked | None:
    """Return what a request asks for by its Host and target; None where there is no such thing."""
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
    """Return what the browser wants the answer for (Fetch section 2.2.7), if it tells."""
    return request.headers.get("Sec-Fetch-Dest")


def accepts(coding: str) -> bool:
    """Tell whether the client takes a content coding."""
    return request.accept_encodings.quality(coding) > 0


def links(asked: Asked) -> Mapper | None:
    """Return what maps where a page leads, if otherwise than what it is made of."""
    return link_mapper(holdings().addresses, asked.name, asked.url, asked.reach)


def viewer_origin(held: Holdings) -> str:
    """Return the viewer's own origin."""
    return str(origin_of(normalise(held.settings.viewer.base_url) or ""))
