# SPDX-License-Identifier: EUPL-1.2
"""
The leave that a browser asks before a script's request to another archived origin (Fetch section 3.2.2).

    OPTIONS /api  Origin: http://20260302023000-www-example-org.localhost:8080
                  Access-Control-Request-Method: POST
        → 204, for a page of the same snapshot

Archives seldom have such a question: crawlers and proxies ask none. Whether the page may read the answer
is for the archived answer to say. Knows nothing of captures.
"""

from __future__ import annotations

import re

from flask import Request, Response

from ..current import holdings

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_FIELD_NAMES = re.compile(r"[a-z0-9-]{1,64}(?:, ?[a-z0-9-]{1,64}){0,31}", re.ASCII)


def is_preflight(request: Request) -> bool:
    """Tell whether a request asks for leave, for a method that a page may use."""
    wanted = request.headers.get("Access-Control-Request-Method", "")
    return request.method == "OPTIONS" and wanted in METHODS


def leave(request: Request, timestamp: str) -> Response:
    """
    Give leave to ask to a page of the snapshot of a timestamp, and to none else.

    Its origin and the names of fields are all that is given back of what the visitor's browser sent.
    """
    origin = request.headers.get("Origin", "")
    label = holdings().addresses.label_of(origin.rpartition("/")[2])
    response = Response(status=204)
    del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    if label is None or label.timestamp != timestamp:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
    fields = request.headers.get("Access-Control-Request-Headers", "")
    if _FIELD_NAMES.fullmatch(fields):
        response.headers["Access-Control-Allow-Headers"] = fields
    return response
