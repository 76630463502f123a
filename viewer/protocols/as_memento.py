# SPDX-License-Identifier: EUPL-1.2
"""
What an answer that shows a capture says of itself: `Memento-Datetime` and `Link` (RFC 7089 section 4).

    Memento-Datetime   the second in which this capture was made, of a part of a page its own
    Link               the original, its TimeGate and TimeMaps, and the memento by its address in the viewer
    Content-Location   that address, where a day or a snapshot was asked for and not the capture's second

The day that was asked for is not promised anything: tomorrow it may have another snapshot. The address in
Content-Location is. An answer that shows no capture (a gap, our own pages) has none of these.
"""

from __future__ import annotations

from flask import Response

from index.errors import DamagedError
from index.model import Capture

from ..holdings import Holdings
from .memento import Around, Memento, Names, about, around, fitting, link
from .mementos import beside, kept


def names_of(held: Holdings) -> Names:
    """Return what things are called in an installation."""
    return Names(held.settings.viewer.base_url.rstrip("/"))


def as_memento(response: Response, held: Holdings, capture: Capture) -> Response:
    """Say of which capture an answer is; for payloads and for the parts of a page."""
    if capture.unresolved:  # of a revisit whose payload is nowhere nothing can be shown
        return response
    response.headers.update(memento_fields(held, capture))
    return response


def memento_fields(held: Holdings, capture: Capture) -> list[tuple[str, str]]:
    """Return the header fields of which capture an answer is, for one that can be shown."""
    names, one = names_of(held), Memento(capture.timestamp, capture.url)
    own = link(names.memento(one), "memento", datetime=one.date)
    return _label(one, [*about(names, one.url), own])


def canonical(held: Holdings, capture: Capture) -> str:
    """Return the address that shows this capture for ever."""
    return names_of(held).memento(Memento(capture.timestamp, capture.url))


def as_page(response: Response, held: Holdings, capture: Capture) -> Response:
    """
    Say of the page that shows a capture in its frame which it is, and which others there are of it.

    The bytes as they were received are the alternate.
    """
    if capture.unresolved:
        return response
    names, one = names_of(held), Memento(capture.timestamp, capture.url)
    try:
        found = beside(held, kept(held, one.url), one)
    except DamagedError:  # of another day: this page can be shown, and /timegate/ and /timemap/ say it
        found = Around(one)
    others = around(names, found)
    links = [*about(names, one.url), *others, link(names.payload(one), "alternate")]
    response.headers.update(_label(one, links))
    return response


def _label(one: Memento, links: list[str]) -> list[tuple[str, str]]:
    return [("Memento-Datetime", one.date), ("Link", fitting(links))]
