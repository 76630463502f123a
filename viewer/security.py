# SPDX-License-Identifier: EUPL-1.2
"""
The headers that every answer of the viewer itself carries. Those of replay are in rewriting/headers.py.

Archived bytes never run on this origin: no script but the viewer's own file, nothing from elsewhere, and
a frame only on the page that has one, which also asks for its own banner anew. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response, g
from werkzeug.datastructures import Headers

from archiver.settings import Viewer
from index.urlkey import normalise, origin

from .current import holdings

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# The sandbox of the frame lets no address of these lead anywhere. Were they refused by the policy, Chromium
# 156 would show an error of its own in place of the page whose link was followed.
_HARMLESS = ("mailto:", "tel:", "sms:")
FIXED = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""What stands in the head of every answer of the viewer."""


def allow_frames(sources: Sequence[str]) -> None:
    """Let the page that answers this request hold frames of these CSP sources, and of no others."""
    g.frame_sources = list(sources)


def allow_being_held() -> None:
    """Let the page that answers this request stand in a frame of another page of the viewer."""
    g.held_by_viewer = True


def add_security_headers(response: Response) -> Response:
    """Set the headers; an answer that has a policy of its own keeps that."""
    for name, value in FIXED.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", _policy(g.get("frame_sources", ())))
    return response


def asked_by_viewer(fields: Headers) -> bool:
    """
    Tell whether a page of the viewer asks, and none elsewhere; what is no browser may ask as well.

    Browsers send Origin with each POST, also where they do not send Sec-Fetch-Site (`is_told`).
    """
    site, asking = fields.get("Sec-Fetch-Site", "same-origin"), fields.get("Origin")
    own = str(origin(normalise(holdings().settings.viewer.base_url) or ""))
    return site == "same-origin" and asking in {None, own}


def not_told(viewer: Viewer) -> list[str]:
    """
    Return which of the two public addresses browsers do not send Sec-Fetch-… to, nor hold for secure.

    They do over TLS, and to names and numbers of this machine (Secure Contexts section 3.1).
    """
    return [url for url in (viewer.base_url, viewer.replay_url) if not is_told(url)]


def is_told(url: str) -> bool:
    """Tell whether an address is one of those that browsers trust; `{label}` may stand in its name."""
    parts = urlsplit(url.replace("{label}", "label"))
    name = (parts.hostname or "").rstrip(".")
    try:
        here = ip_address(name).is_loopback
    except ValueError:
        here = name == "localhost" or name.endswith(".localhost")
    return parts.scheme == "https" or here


def _policy(frames: Sequence[str]) -> str:
    framing = {"frame-src": " ".join([*frames, *_HARMLESS]), "connect-src": "'self'"} if frames else {}
    held = {"frame-ancestors": "'self'"} if g.get("held_by_viewer", False) else {}
    directives = {**_POLICY, **framing, **held}
    return "; ".join(f"{name} {value}" for name, value in directives.items())
