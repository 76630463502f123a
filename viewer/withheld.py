# SPDX-License-Identifier: EUPL-1.2
"""
What a visitor reads in place of what is withheld: why, since when, which days, and whom to ask.

    a page in a browser    words in the visitor's language, with the reason as the operator wrote it
    /web/…id_/…            a sentence

The reason is text like any other: templates escape it. Who decided is for the operator alone. Knows nothing
of what was captured.
"""

from __future__ import annotations

import re

from flask import Response, render_template, request
from flask_babel import gettext

from archiver.presented import contact_of
from index.takedown import Decision, WithheldError
from index.timestamp import local_date

from .addresses.request_target import request_target
from .current import holdings
from .holdings import Holdings
from .i18n import long_date
from .refusal import STATUS, in_a_sentence, refusing

_PAYLOAD = re.compile(r"/web/[^/]{1,40}id_/")


def withheld(error: WithheldError) -> Response:
    """Answer for what may not be shown."""
    if _PAYLOAD.match(request_target(request.environ)):
        return in_a_sentence(error)
    return refusing(Response(render_template("withheld.html", **said(holdings(), error)), STATUS))


def said(held: Holdings, error: WithheldError) -> dict[str, object]:
    """Return what a template says of it."""
    about, zone = held.settings.about, held.settings.zone
    return {
        "url": error.url,
        "decision": error.decision,
        "since": long_date(local_date(error.decision.moment, zone)),
        "days": days_of(held, error.decision),
        "contact": contact_of(about, held.settings.operator, about.correction_contact),
        "versions": [site for site in held.sites_with(error.url) if held.history.lifeline(error.url, site)],
        "asking": f"{held.settings.viewer.base_url.rstrip('/')}/about/correction",
    }


def days_of(held: Holdings, decision: Decision) -> str:
    """Return in words which days of an address are withheld."""
    since, until = (_day(held, bound) for bound in (decision.since, decision.until))
    words: str
    if since and since == until:
        words = since
    elif since and until:
        words = gettext("%(first)s up to and including %(last)s", first=since, last=until)
    elif since:
        words = gettext("from %(first)s, and all days to come", first=since)
    elif until:
        words = gettext("up to and including %(last)s", last=until)
    else:
        words = gettext("all days, and those to come")
    return words


def _day(held: Holdings, bound: str) -> str:
    day = local_date(bound, held.settings.zone) if bound.isdigit() else bound
    return long_date(day) if day else ""
