# SPDX-License-Identifier: EUPL-1.2
"""
What stands where the chosen day has nothing, and the marks of what another day has in its place.

    a part that the day lacks              404, nothing in it, and `Server-Timing: daykeep-gap`
    a picture, in a view without scripts   the same with a small sign in it: no script can mark the place
    a part that another day fills          its own status, `X-Daykeep-Filled-From: 20260303023000`, and
                                           `Server-Timing: daykeep-filled`

A picture that is not there must fail as it does on the live web: scripts wait for `error` and put another in
its place. So replay.js draws the mark over it afterwards; by Server-Timing it knows a gap from an error of
that day, and what is of another day from what is of this one. Knows nothing of how gaps come about.
"""

from __future__ import annotations

from flask import Response

from .filling import Filling

FILLED = "X-Daykeep-Filled-From"
"""The snapshot that an answer comes from, in a view that fills gaps."""

NOTE = "X-Daykeep-Approximate"
_TIMING = "daykeep-gap"
_TIMING_FILLED = "daykeep-filled"

_SIGN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'
    '<g fill="#fff7ed" stroke="#b45309" stroke-width="2">'
    '<rect x="1" y="1" width="22" height="22" stroke-dasharray="4 3"/>'
    '<path d="M7 7l10 10M17 7L7 17"/></g></svg>'
)


def broken(status: int, destination: str | None, *, scriptless: bool) -> Response:
    """Return the answer for a part that is not there."""
    if scriptless and destination == "image":
        return Response(_SIGN, status, mimetype="image/svg+xml")
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def mark_gap(response: Response) -> Response:
    """Let our script know this answer as a gap of the archive; other origins' pages may read the mark."""
    response.headers["Server-Timing"] = _TIMING
    response.headers["Timing-Allow-Origin"] = "*"
    return response


def mark_filled(response: Response, filling: Filling) -> Response:
    """Say of an answer from which day it comes. It may be another one tomorrow, so it is asked for again."""
    response.headers[FILLED] = filling.snapshot.timestamp
    response.headers[NOTE] = "other-day"
    response.headers["Server-Timing"] = _TIMING_FILLED
    response.headers["Timing-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "no-cache"
    return response
