# SPDX-License-Identifier: EUPL-1.2
"""
What programs ask of any host without being told: `/robots.txt` (RFC 9309) and `/favicon.ico`.

    open     the front page, the pages about the archive, and of each site its calendar and its days
    closed   archived copies: whoever searches the web for a page means the live one, not one of last year
             what is made for a question, of which there are endlessly many, and what is costly to make
             what programs other than search engines ask

Of the viewer alone: a replay origin has the robots.txt and the icon of the archived site, as that day had
them, and says by a field of its own that it is for no search engine (rewriting/headers.py).
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app

pages = Blueprint("root_files", __name__)

OPEN = ("/", "/*/?year=")
"""Beginnings of paths that crawlers may ask, `*` being anything. Of two that match the longer one counts."""
CLOSED = (
    "/*?",
    "/web/",
    "/*/search",
    "/*/history",
    "/*/compare",
    "/*/cite",
    "/*/print",
    "/*/export/",
    "/*/proof/",
    "/about/language/",
    "/cdx",
    "/timegate/",
    "/timemap/",
)
"""And those that they may not."""
_SAYS = """\
# This archive keeps copies of other websites, day by day. Search engines are welcome to what it says itself:
# the pages about it, the calendar of each site, and what changed on each day. The copies are not for them, as
# who searches the web means the live page; nor are answers to questions, of which there is no end. Whoever
# needs the copies for research asks by CDX, by Memento or for a download, or writes to us (/about).
"""
_KEPT = "public, max-age=3600"


@pages.get("/robots.txt")
def robots_txt() -> Response:
    """Tell crawlers which pages are for them."""
    rules = [*(f"Allow: {path}" for path in OPEN), *(f"Disallow: {path}" for path in CLOSED)]
    lines = "\n".join(["User-agent: *", *rules, ""])
    response = Response(_SAYS + lines, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = _KEPT
    return response


@pages.get("/favicon.ico")
def favicon() -> Response:
    """Answer browsers that look for an icon where no page names one."""
    response: Response = current_app.send_static_file("favicon.ico")
    response.headers["Cache-Control"] = _KEPT
    return response
