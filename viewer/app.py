# SPDX-License-Identifier: EUPL-1.2
"""
The viewer as one WSGI application: composes, and knows by the Host header which of two it is asked for.

    20260302023000-www-ind-nl.localhost:8080   replay.py: archived pages, each snapshot and origin its own
    anything else                              the viewer: pages about the archive, and the frame

    app = create_app(settings, collection, history, catalogue, now=clock)
    waitress.serve(app, listen="127.0.0.1:8080", threads=8)

Reads only. Nothing here can reach the live web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from archiver.collection import Collection
from archiver.settings import Settings
from index.catalogue import Catalogue
from index.errors import ArchiveError, BusyError, NotFoundError
from index.history import History

from . import browse, frame, lifeline_page, search_page
from .address import ReplayAddresses, format_web_path
from .current import give, holdings
from .days import best, to_day
from .holdings import Holdings, Shelf, title_of
from .i18n import COOKIE, LANGUAGES, add_languages, clock
from .replay import create_replay, is_replay_host
from .request_target import request_target
from .security import add_security_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

YEAR = 365 * 86400

pages = Blueprint("about", __name__)


def create_app(
    settings: Settings,
    collection: Collection,
    history: History,
    catalogue: Catalogue,
    *,
    now: Callable[[], datetime],
) -> WSGIApplication:
    """
    Return the WSGI application of viewer and replay. It may be called by several threads at once.

    What it reads from stays the caller's to close. Raises ConfigurationError for a `replay_url` that is
    not a pattern of replay origins.
    """
    addresses = ReplayAddresses(settings.viewer.replay_url)
    shelf = Shelf(collection, addresses)
    held = Holdings(settings, collection, history, catalogue, addresses, shelf, now)
    viewer, replay = create_viewer(held), create_replay(held)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chosen = replay if is_replay_host(environ.get("HTTP_HOST", ""), held) else viewer
        return chosen(environ, start_response)

    return app


def create_viewer(held: Holdings) -> Flask:
    """Return the application of the viewer's own pages."""
    app = Flask("viewer")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.config["MAX_CONTENT_LENGTH"] = 0
    give(app, held)
    add_languages(app, held.settings.language)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    for blueprint in (pages, frame.pages, browse.pages, search_page.pages, lifeline_page.pages):
        app.register_blueprint(blueprint)
    app.register_error_handler(ArchiveError, _archive_error)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_cached)
    app.after_request(add_security_headers)
    _add_template_words(app, held)
    return app


def _add_template_words(app: Flask, held: Holdings) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(clock=lambda timestamp: clock(timestamp, held.settings.zone))
    app.jinja_env.globals.update(
        web_path=format_web_path,
        title_of=title_of,
        to_day=to_day,
        best=best,
        here=lambda: quote(request_target(request.environ), safe=""),
        held=held,
    )


@pages.get("/about")
def about() -> str:
    """Say what this archive is, what it shows and what it does not claim."""
    return render_template("about.html")


@pages.get("/about/language/<code>")
def switch_language(code: str) -> AnyResponse:
    """Remember a language for a year, and go back to the page where it was chosen."""
    response = redirect(_own_path(request.args.get("back", "/")), 303)
    if code in LANGUAGES:
        secure = holdings().settings.viewer.base_url.startswith("https:")
        response.set_cookie(COOKIE, code, max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/healthz")
def healthz() -> Response:
    """Answer monitoring: whether the history can be read, and the newest snapshot of every site."""
    held = holdings()
    newest = {site: held.history.newest(site) for site in held.history.sites()}
    found = {
        site: {"timestamp": one.timestamp, "day": one.day, "outcome": one.outcome.value}
        for site, one in newest.items()
        if one
    }
    response = jsonify({"ok": True, "newest": found})
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_path(target: str) -> str:
    """Return a path of this viewer as it was given; the front page for anything that leads elsewhere."""
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if safe and target.isascii() else "/"


def _archive_error(error: ArchiveError) -> tuple[str, int]:
    status = 404 if isinstance(error, NotFoundError) else 503 if isinstance(error, BusyError) else 500
    return render_template("error.html", status=status, message=str(error)), status


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error  # a redirect that routing asks for
    return render_template("error.html", status=error.code, message=""), error.code


def _cached(response: Response) -> Response:
    """Let a browser ask whether a page is still the same; what a page says depends on its language."""
    if response.mimetype == "text/html" and request.method in {"GET", "HEAD"}:
        response.headers.setdefault("Cache-Control", "no-cache")
        response.headers["Vary"] = "Accept-Language, Cookie"
        if response.status_code == 200 and not response.is_streamed:
            response.add_etag(weak=True)
            response.make_conditional(request.environ)
    return response
