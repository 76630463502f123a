# SPDX-License-Identifier: EUPL-1.2
"""
How it is told that something is withheld, to programs and to caches: 451 (RFC 7725).

    Cache-Control: no-store                 it may be shown again tomorrow
    Link: <…>; rel="blocked-by"             who withholds it, where the operator has a website
    a sentence of plain text                where a program asks

The reason is text like any other, and stands in no header. Knows nothing of pages or of languages.
"""

from __future__ import annotations

from flask import Response

from index.takedown import WithheldError

from .current import holdings
from .protocols.memento import link

STATUS = 451


def refusing(response: Response) -> Response:
    """Set what every such answer has."""
    listing = holdings().settings.archive
    who = listing.organisation_website or listing.website
    response.headers["Cache-Control"] = "no-store"
    if who:
        response.headers["Link"] = link(who, "blocked-by")
    return response


def in_a_sentence(error: WithheldError) -> Response:
    """Answer a program."""
    one = error.decision
    days = (f" from {one.since}" if one.since else "") + (f" up to {one.until}" if one.until else "")
    text = f"{error.url} is withheld from the public{days}, since {one.at[:10]}. Reason: {one.reason}\n"
    return refusing(Response(text, STATUS, content_type="text/plain; charset=utf-8"))
