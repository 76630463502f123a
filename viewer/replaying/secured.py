# SPDX-License-Identifier: EUPL-1.2
"""
Which policy an answer of replay gets: no answer goes out without one, and none with a cookie.

The fields themselves are in rewriting/headers.py; here is told of which page or gap an answer is.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, g

from ..addresses.outside import outside_of
from ..current import holdings
from ..rewriting.headers import (
    MAX_LISTED,
    fits,
    security_headers,
)
from .asked import Asked, destination, viewer_origin

_POLICIES = frozenset({"Content-Security-Policy", "Connection-Allowlist"})


def secured(response: Response, asked: Asked | None) -> Response:
    """
    Set the headers of replay; an answer that has a policy of its own keeps that.

    A 304 gets no policy: its fields replace those that the browser has of the whole answer (RFC 9111 section
    3.2), whose policy was made for what is in it.
    """
    given = frozenset({"Content-Security-Policy"} & set(response.headers.keys()))
    left = _POLICIES if response.status_code == HTTPStatus.NOT_MODIFIED else given
    for name, value in _security_headers(asked):
        if name not in left:
            response.headers[name] = value
    return response


def _security_headers(asked: Asked | None) -> list[tuple[str, str]]:
    held = holdings()
    viewer = viewer_origin(held)
    by_path = held.addresses.base if held.addresses.by_path else ""
    led = "" if destination() else viewer
    if asked is None:
        return security_headers([], viewer, by_path=by_path, led=led)
    own = asked.sources
    more: dict[str, Any] = {
        "by_path": by_path,
        "scriptless": asked.view.scriptless,
        "outside": outside_of(held.addresses, asked.name),
        "led": led,
    }
    if not by_path and not fits(own):
        wildcard = [held.addresses.wildcard()]
        listed = len(" ".join(own)) <= MAX_LISTED
        more |= {"ancestors": wildcard[0], "connects": own if listed else wildcard}
        own = wildcard if g.get("policy_in_page") else []
    return security_headers(own, viewer, **more)


def guarded(response: Response) -> Response:
    """Let nothing out without a policy or with a cookie, whoever made it."""
    del response.headers["Set-Cookie"]
    safe = "Content-Security-Policy" in response.headers or response.status_code == HTTPStatus.NOT_MODIFIED
    return response if safe else secured(response, None)
