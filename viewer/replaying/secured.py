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
from ..rewriting.headers import (
    MAX_LISTED,
    fits,
    security_headers,
)
from .asked import Asked, destination, means
from .means import Means

_POLICIES = frozenset({"Content-Security-Policy", "Connection-Allowlist"})


def secured(response: Response, asked: Asked | None) -> Response:
    """
    Set the headers of replay; an answer that has a policy of its own keeps that.

    A 304 gets no policy: its fields replace those that the browser has of the whole answer (RFC 9111 section
    3.2), whose policy was made for what is in it.
    """
    given = frozenset({"Content-Security-Policy"} & set(response.headers.keys()))
    left = _POLICIES if response.status_code == HTTPStatus.NOT_MODIFIED else given
    fields = (
        policies(asked, narrowed=g.get("policy_in_page", False))
        if asked
        else security_headers([], **_of_all(means(), destination()))
    )
    for name, value in fields:
        if name not in left:
            response.headers[name] = value
    return response


def policies(asked: Asked, *, narrowed: bool) -> list[tuple[str, str]]:
    """Return the fields of an answer about a snapshot; `narrowed`: the page has a policy in itself."""
    addresses = asked.means.held.addresses
    own = asked.sources
    more = _of_all(asked.means, asked.visit.destination)
    more |= {"scriptless": asked.view.scriptless, "outside": outside_of(addresses, asked.name)}
    if not addresses.by_path and not fits(own):
        wildcard = [addresses.wildcard()]
        listed = len(" ".join(own)) <= MAX_LISTED
        more |= {"ancestors": wildcard[0], "connects": own if listed else wildcard}
        own = wildcard if narrowed else []
    return security_headers(own, **more)


def _of_all(made_with: Means, wanted_for: str | None) -> dict[str, Any]:
    """Return what the policy of every answer is made with."""
    addresses = made_with.held.addresses
    return {
        "viewer_origin": made_with.viewer,
        "by_path": addresses.base if addresses.by_path else "",
        "led": "" if wanted_for else made_with.viewer,
    }


def guarded(response: Response) -> Response:
    """Let nothing out without a policy or with a cookie, whoever made it."""
    del response.headers["Set-Cookie"]
    safe = "Content-Security-Policy" in response.headers or response.status_code == HTTPStatus.NOT_MODIFIED
    return response if safe else secured(response, None)
