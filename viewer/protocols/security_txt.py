# SPDX-License-Identifier: EUPL-1.2
"""
`/.well-known/security.txt` (RFC 9116): where to report a vulnerability of this viewer.

A file without a Contact is none (section 2.5.3), so where the configuration names nobody there is no file.
Knows nothing of archived pages: a security.txt of an archived site is served as that day had it, elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort

from archiver.presented import security_contacts

from ..current import holdings

pages = Blueprint("security_txt", __name__)

SPOKEN = ("nl", "en")
VALID = timedelta(days=180)
"""How far away Expires is: less than a year, as section 2.5.5 recommends."""


@pages.get("/.well-known/security.txt")
def security_txt() -> Response:
    """Tell finders of a vulnerability where to go."""
    held = holdings()
    contacts = security_contacts(held.settings.about, held.settings.operator)
    if not contacts:
        abort(404)
    base = held.settings.viewer.base_url.rstrip("/")
    text = written(contacts, base, held.settings.language, held.now())
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def written(contacts: list[str], base: str, language: str, now: datetime) -> str:
    """Return the file's text. It is the same all day, so that caches can tell that nothing changed."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    spoken = sorted(SPOKEN, key=lambda code: code != language)
    lines = [
        *(f"Contact: {contact}" for contact in contacts),
        f"Expires: {midnight + VALID:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(spoken)}",
        f"Canonical: {base}/.well-known/security.txt",
        f"Policy: {base}/about/security",
    ]
    return "\r\n".join(lines) + "\r\n"
