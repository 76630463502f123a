# SPDX-License-Identifier: EUPL-1.2
"""
What an answer of replay that shows a capture says of itself: which capture, how near, how long it holds.

    ETag, Cache-Control, Vary         the form that this client gets, and whether it may be another tomorrow
    Memento-Datetime, Link            of which capture it is
    X-Daykeep-Approximate             where it is only like what was asked for

Knows nothing of requests.
"""

from __future__ import annotations

import hashlib

from werkzeug.http import quote_etag

from archiver.responses import Response as Stored

from ..open_snapshot import Found, Nearness
from ..protocols.as_memento import memento_fields
from .asked import VARY, Asked
from .form import Kind, is_framed, kind_of
from .own_answers import ASKED_AGAIN
from .stored_answer import NOTE, form_of, is_sniffed

FOREVER = "public, max-age=31536000, immutable"
"""For bytes as they were captured: those never change."""


def etag_of(asked: Asked, stored: Stored, found: Found, said: str = "") -> str:
    """Return the ETag of an answer with a capture of the chosen day; `said` is what the page has first."""
    form = form_of(asked, stored)
    form += f"-{hashlib.sha256(said.encode()).hexdigest()[:12]}" if said else ""
    return f"{found.capture.digest.removeprefix('sha256:')[:32]}-{form}"


def finish(asked: Asked, stored: Stored, found: Found, etag: str, status: int) -> list[tuple[str, str]]:
    """Return the header fields that say so."""
    fields = [] if found.capture.unresolved else memento_fields(asked.means.held, found.capture)
    fields += [
        ("Cache-Control", ASKED_AGAIN if _is_made(asked, stored, found) else FOREVER),
        ("Vary", VARY),
        ("ETag", quote_etag(etag)),
    ]
    if 300 <= status < 400:  # what it leads to may be a gap: who asked is told
        fields.append(("Timing-Allow-Origin", "*"))
    if found.nearness is not Nearness.EXACT:
        fields.append((NOTE, found.nearness.value))
    return fields


def _is_made(asked: Asked, stored: Stored, found: Found) -> bool:
    """Tell whether an answer is more than stored bytes: a page, a redirect, a choice made for the visitor."""
    visit = asked.visit
    plain = kind_of(stored, visit.destination) is Kind.PLAIN and not is_sniffed(stored, visit)
    framed = is_framed(visit.destination)  # then its policy counts, which names the viewer
    return not plain or framed or 300 <= stored.status < 400 or found.nearness is not Nearness.EXACT
