# SPDX-License-Identifier: EUPL-1.2
"""
The pages around the archive: what it is, who runs it, and where to turn to with what.

What only the operator can say comes from the table `[about]` of the configuration. Where it says nothing,
the pages say that, and nothing is made up. Knows nothing of archived pages.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from archiver.presented import contact_of, security_contacts

from ..current import holdings
from ..holdings import Holdings
from ..i18n import COOKIE, LANGUAGES

YEAR = 365 * 86400

pages = Blueprint("about", __name__)


@pages.get("/about")
def about() -> str:
    """Say what this archive is, what it shows and what it does not claim."""
    held = holdings()
    listed = [(site, held.history.first(site.name)) for site in held.sites()]
    return render_template("about.html", listed=listed, contact=_contact(held))


@pages.get("/about/accessibility")
def accessibility() -> str:
    """Say how far all can use the viewer, what of it they cannot, and whom to tell."""
    own = holdings().settings.about.accessibility_contact
    return render_template("accessibility.html", contact=_contact(holdings(), own))


@pages.get("/about/security")
def security() -> str:
    """Say how to report a vulnerability."""
    settings = holdings().settings
    return render_template("security.html", contacts=security_contacts(settings.about, settings.operator))


@pages.get("/about/correction")
def correction() -> str:
    """Say how to ask for a correction or a removal, and what can be done and what cannot."""
    own = holdings().settings.about.correction_contact
    return render_template("correction.html", contact=_contact(holdings(), own))


@pages.get("/about/language/<code>")
def switch_language(code: str) -> Response:
    """Remember a language for a year, and go back to the page where it was chosen."""
    response = redirect(_own_path(request.args.get("back", "/")), 303)
    if code in LANGUAGES:
        secure = holdings().settings.viewer.base_url.startswith("https:")
        response.set_cookie(COOKIE, code, max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response


def _contact(held: Holdings, own: str = "") -> str:
    return contact_of(held.settings.about, held.settings.operator, own)


def _own_path(target: str) -> str:
    """Return a path of this viewer as it was given; the front page for anything that leads elsewhere."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe and target.isascii() else "/"
