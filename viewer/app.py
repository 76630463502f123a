# SPDX-License-Identifier: EUPL-1.2
"""
The viewer as one WSGI application: composes, and knows by the Host header which of two it is asked for.

    20260302023000-www-ind-nl.localhost:8080   replaying: archived pages, each snapshot and origin its own
    anything else                              the viewer: pages about the archive, and the frame

    app = create_app(settings, collection, history, catalogue, now=clock)
    waitress.serve(app, listen="127.0.0.1:8080", threads=THREADS)

Reads only. Nothing here can reach the live web.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, Response, current_app, jsonify, redirect, render_template, request
from flask_babel import get_locale, gettext
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from archiver.collection import Collection
from archiver.exporting.kept_exports import KeptExports
from archiver.exporting.profiles import Profile, built_in
from archiver.presented import name_of, words_of_contact
from archiver.settings import Settings
from index.catalogue import Catalogue
from index.errors import ArchiveError, BusyError, ConfigurationError, GoneError, NotFoundError
from index.history import History
from index.public import PublicHistory
from index.search import Search
from index.takedown import WithheldError
from index.timestamp import local_date, parse_timestamp
from index.urlkey import normalise, origin

from . import apart
from .addresses.address import format_web_path
from .addresses.path_address import replay_addresses
from .addresses.request_target import AnyPath, request_target
from .crew import ALONE, Crew
from .current import give, holdings
from .days import best, to_day
from .holdings import Holdings, NoSiteError, title_of
from .i18n import add_languages, clock, second
from .kept_answers import Keeping, KeptAnswers, keeping
from .kept_values import ROOM, KeptValues
from .pages import (
    around,
    between,
    browse,
    cite,
    compare,
    download,
    feed,
    frame,
    lifeline,
    page_parts,
    printed,
    root_files,
    search,
    theme,
    trust,
)
from .pages.theme import is_themed
from .places import EACH, MOST, Room
from .protocols import security_txt, web_archive_txt
from .protocols.cdx import add_cdx
from .protocols.timegate import add_memento
from .reasons import in_words
from .replaying.means import means_of
from .replaying.replay import create_replay, is_replay_host
from .replaying.straight_payload import Payloads
from .replaying.straight_replay import Replayed
from .security import add_security_headers
from .shelf import Shelf
from .straight import Straight
from .takedowns import Takedowns
from .told import ToldError, filled
from .withheld import withheld

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

THREADS = 16
"""Threads of all processes that run it together: long CDX answers keep at most half of them."""
AGAIN = 10
"""Seconds after which to come back to a busy viewer: what it refuses has waited for its turn already."""
# RFC 3986 section 3.2.2, without what ends an authority or goes before its host
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}", re.ASCII)

pages = Blueprint("monitoring", __name__)


def create_app(
    settings: Settings,
    collection: Collection,
    history: History,
    catalogue: Catalogue,
    *,
    now: Callable[[], datetime],
    profiles: dict[str, Profile] | None = None,
    crew: Crew = ALONE,
) -> Keeping:
    """
    Return the WSGI application of viewer and replay. It may be called by several threads at once.

    What it reads from stays the caller's to close. `profiles` are the kinds of export there are; the
    built-in ones if left out. Where several processes each have one, `crew` says so: they share out limits.
    Raises ConfigurationError for a `replay_url` that is not a pattern of replay origins, and for a download
    that is no profile.
    """
    addresses = replay_addresses(settings.viewer.replay_url)
    if addresses.base and addresses.is_host(urlsplit(settings.viewer.base_url).netloc):
        raise ConfigurationError(
            "Archived pages may not run where the viewer is: viewer.base_url and viewer.replay_url need "
            "different names. On this machine, where both get the port that is listened on, use "
            "http://localhost and http://127.0.0.1."
        )
    takedowns = Takedowns(collection, settings.zone)
    shelf = Shelf(collection, addresses, takedowns=takedowns, sites=settings.site)
    exports = KeptExports(collection, settings, profiles or built_in())
    public = PublicHistory(history, takedowns.now)
    search = Search(public, catalogue)
    room, values = Room(crew.part(MOST, least=2), crew.part(EACH)), KeptValues(crew.part(ROOM))
    held = Holdings(
        settings, collection, public, search, addresses, shelf, exports, takedowns, now, crew, room, values
    )
    _ = exports.offered
    made_with = means_of(held)
    viewer = Straight(create_viewer(held), Payloads(held))
    replay = Straight(create_replay(made_with), Replayed(made_with))

    def chosen(environ: WSGIEnvironment) -> Straight:
        return replay if is_replay_host(environ.get("HTTP_HOST", ""), held) else viewer

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return chosen(environ)(environ, start_response)

    def at_hand(environ: WSGIEnvironment) -> bool:
        return chosen(environ).is_at_hand(environ)

    kept = KeptAnswers(crew.part(settings.viewer.kept_bytes, least=0))
    return keeping(app, kept, at_hand, takedowns.refresh)


def create_viewer(held: Holdings) -> Flask:
    """Return the application of the viewer's own pages."""
    app = Flask("viewer")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.config["MAX_CONTENT_LENGTH"] = 0
    give(app, held)
    add_languages(app, held.settings.language)
    app.url_map.merge_slashes = False
    app.url_map.converters["path"] = AnyPath
    app.url_map.strict_slashes = True
    for blueprint in (
        pages,
        around.pages,
        theme.pages,
        security_txt.pages,
        root_files.pages,
        frame.pages,
        cite.pages,
        printed.pages,
        browse.pages,
        download.pages,
        trust.pages,
    ):
        app.register_blueprint(blueprint)
    search.add_search(app, held)
    lifeline.add_lifelines(app, held)
    compare.add_comparisons(app, held)
    feed.add_feeds(app, held)
    between.add_changes_between(app, held)
    add_cdx(app, held)
    add_memento(app, held)
    page_parts.add_parts(app, held)
    app.register_blueprint(web_archive_txt.pages)
    app.before_request(_at_base_url)
    app.register_error_handler(ArchiveError, _archive_error)
    app.register_error_handler(ToldError, _told)
    app.register_error_handler(NoSiteError, _no_site)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_led_to_base_url)
    app.after_request(_cached)
    app.after_request(add_security_headers)
    _add_template_words(app, held)
    return app


def _add_template_words(app: Flask, held: Holdings) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    zone = held.settings.zone
    app.jinja_env.filters.update(
        **apart.FILTERS,
        clock=lambda timestamp: clock(timestamp, zone),
        second=lambda timestamp: second(timestamp, zone),
        contact_words=words_of_contact,
        in_words=in_words,
        utc=lambda timestamp: f"{parse_timestamp(timestamp):%Y-%m-%dT%H:%M:%SZ}",
        local_day=lambda timestamp: local_date(timestamp, zone),
        snapshot_day=held.day_of,
    )
    app.jinja_env.globals.update(
        web_path=format_web_path,
        title_of=title_of,
        to_day=to_day,
        best=best,
        here=lambda: quote(request_target(request.environ), safe=""),
        address_here=lambda: held.settings.viewer.base_url.rstrip("/") + request_target(request.environ),
        held=held,
        downloads=download.downloads_of,
        withholds=lambda shown: browse.snapshot_of(shown).withholds(),
        theme=held.settings.theme,
        themed=is_themed(held.settings.theme),
        archive_name=lambda: held.settings.about.name(str(get_locale())) or gettext("Web archive"),
        organisation=held.settings.archive.organisation or name_of(held.settings.operator),
    )


@pages.get("/healthz")
def healthz() -> Response:
    """Answer monitoring: whether the history can be read, the newest snapshot of every site, who answers."""
    held = holdings()
    newest = {site: held.history.newest(site) for site in held.history.sites()}
    found = {
        site: {"timestamp": one.timestamp, "day": one.day, "outcome": one.outcome.value}
        for site, one in newest.items()
        if one
    }
    crew = held.crew
    alive = {"wanted": crew.processes, "alive": crew.alive()} if crew.alive else {}
    response = jsonify({"ok": True, "newest": found, **({"processes": alive} if alive else {})})
    response.headers["Cache-Control"] = "no-store"
    return response


def _at_base_url() -> AnyResponse | None:
    """
    Lead a visitor who came by another name to the viewer's own, which alone may hold the frame.

    Monitoring may ask by any name. What is no host name gets no further.
    """
    base = holdings().settings.viewer.base_url.rstrip("/")
    asked = request.environ.get("HTTP_HOST", "")
    if request.path == "/healthz":
        return None
    named = normalise(f"{urlsplit(base).scheme}://{asked}/") if _HOST.fullmatch(asked) else None
    if named is None:
        # in plain text: under such a name Flask can make no address for a style sheet
        return Response(f"{gettext('This request cannot be understood.')}\n", 400, mimetype="text/plain")
    if origin(named) == origin(normalise(base) or ""):
        return None
    response = redirect(base + request_target(request.environ), 302 if request.method == "GET" else 307)
    response.headers["Cache-Control"] = "no-store"
    return response


def _led_to_base_url(response: Response) -> Response:
    """Let a redirect that routing made, of scheme and host as asked of us, lead to the public address."""
    location = response.headers.get("Location", "")
    if location.startswith(("http:", "https:")):
        parts = urlsplit(location)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response.headers["Location"] = holdings().settings.viewer.base_url.rstrip("/") + path
    return response


def _archive_error(error: ArchiveError) -> Response | tuple[str, int, dict[str, str]]:
    """Say what sort of matter it is; its message is for operators, and goes to the log."""
    if isinstance(error, WithheldError):
        return withheld(error)
    status = _status(error)
    if status != 404:
        current_app.logger.error("%s: %s", request.path, error)
    headers = {"Retry-After": str(AGAIN)} if status == 503 else {}
    return render_template("error.html", status=status, again=AGAIN), status, headers


def _status(error: ArchiveError) -> int:
    if isinstance(error, (BusyError, GoneError)):  # a generation has gone because a newer one has come
        return 503
    return 404 if isinstance(error, NotFoundError) else 500


def _told(error: ToldError) -> tuple[str, int]:
    return render_template("error.html", status=error.status, said=error.said, ways=error.ways), error.status


def _no_site(error: NoSiteError) -> tuple[str, int]:
    return _told(ToldError(filled(gettext("There is no site “%(name)s” in this archive."), name=error.name)))


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400:
        return error  # a redirect that routing asks for
    return render_template("error.html", status=error.code), error.code


def _cached(response: Response) -> Response:
    """Let a browser ask whether a page is still the same; what a page says depends on its language."""
    if response.mimetype == "text/html" and request.method in {"GET", "HEAD"}:
        response.headers.setdefault("Cache-Control", "no-cache")
        response.headers["Vary"] = "Accept-Language, Cookie"
        if response.status_code == 200 and not response.is_streamed:
            response.add_etag(weak=True)
            response.make_conditional(request.environ)
    return response
