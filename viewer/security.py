# SPDX-License-Identifier: EUPL-1.2
"""
The headers that every answer of the viewer itself carries. Those of replay are in rewrite_headers.py.

Archived bytes never run on this origin: no script but the viewer's own file, nothing from elsewhere, and
a frame only on the page that has one, which also asks for its own banner anew. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, g

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# The sandbox of the frame lets no address of these lead anywhere. Were they refused by the policy, Chromium
# 156 would show an error of its own in place of the page whose link was followed.
_HARMLESS = ("mailto:", "tel:", "sms:")
_FIXED = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def allow_frames(sources: Sequence[str]) -> None:
    """Let the page that answers this request hold frames of these CSP sources, and of no others."""
    g.frame_sources = list(sources)


def add_security_headers(response: Response) -> Response:
    """Set the headers; an answer that has a policy of its own keeps that."""
    for name, value in _FIXED.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", _policy(g.get("frame_sources", ())))
    return response


def _policy(frames: Sequence[str]) -> str:
    framing = {"frame-src": " ".join([*frames, *_HARMLESS]), "connect-src": "'self'"} if frames else {}
    directives = {**_POLICY, **framing}
    return "; ".join(f"{name} {value}" for name, value in directives.items())
