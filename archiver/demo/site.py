# SPDX-License-Identifier: EUPL-1.2
"""
The demonstration site as a pure function of day and path: `respond(day, path_and_query)`.

DAYS below is the week's story. No clock, no randomness: what is asked twice is answered twice the same,
on every machine. Knows nothing of sockets, of conditional requests or of compression (server.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from . import pages
from .pages import LANGUAGES, ORIGIN, PAGES, UNLISTED, Language, Page
from .pdf import pdf


@dataclass(frozen=True, slots=True)
class Day:
    """What is true on the site on one day, and what happens on it."""

    date: str
    penalty: int
    """Euros per day that a late decision costs the service."""
    study: int
    """Fee for a study permit, in euros."""
    waits: tuple[int, ...]
    """Waiting time in weeks for each of PROCEDURES."""
    measured: str
    """Date of the waiting times."""
    nl: str
    en: str
    outage: bool = False


# fmt: off
DAYS: tuple[Day, ...] = (
    Day("2026-03-02", 23, 228, (7, 9, 21, 5, 12), "2026-03-02",
        "De site zoals wij haar aantreffen.",
        "The site as we find it."),
    Day("2026-03-03", 35, 228, (7, 10, 21, 5, 13), "2026-03-03",
        "De dwangsom bij een te late beslissing gaat van € 23 naar € 35 per dag; een bericht meldt het.",
        "The penalty for a late decision rises from €23 to €35 per day; a news item says so."),
    Day("2026-03-04", 35, 228, (7, 10, 21, 5, 13), "2026-03-03",
        "Er verandert niets.",
        "Nothing changes."),
    Day("2026-03-05", 35, 228, (8, 10, 22, 5, 13), "2026-03-05",
        "Het inloopspreekuur verdwijnt van de site; een nieuwsbericht verschijnt.",
        "The walk-in hour disappears from the site; a news item appears."),
    Day("2026-03-06", 35, 228, (8, 10, 22, 5, 13), "2026-03-05",
        "Storing: de helft van de site antwoordt met 503.",
        "Outage: half of the site answers 503.", outage=True),
    Day("2026-03-07", 45, 228, (8, 11, 22, 6, 13), "2026-03-07",
        "Alles is terug. De afsprakenpagina verhuist, een pagina komt erbij, de dwangsom wordt € 45 per dag.",
        "All is back. The appointments page moves, a page is added, the penalty goes to €45 per day."),
    Day("2026-03-08", 45, 243, (8, 11, 23, 6, 14), "2026-03-08",
        "De wachttijden en de kosten van een studievergunning veranderen.",
        "The waiting times and the fee for a study permit change."),
)
# fmt: on

PROCEDURES = (
    {"nl": "Werk en kennis", "en": "Work and knowledge", "limit": 13},
    {"nl": "Studie", "en": "Study", "limit": 9},
    {"nl": "Gezin", "en": "Family", "limit": 26},
    {"nl": "Au pair", "en": "Au pair", "limit": 13},
    {"nl": "Verlenging", "en": "Renewal", "limit": 13},
)
FEES: tuple[tuple[str, str, int | None], ...] = (
    ("Vergunning voor werk", "Permit for work", 380),
    ("Vergunning voor studie", "Permit for study", None),  # changes: Day.study
    ("Vergunning voor gezin", "Permit for family", 210),
    ("Vergunning voor een kind", "Permit for a child", 75),
    ("Au pair", "Au pair", 355),
    ("Verlenging", "Renewal", 228),
    ("Nieuw pasje na verlies", "New card after loss", 72),
)
DOCUMENTS: dict[str, tuple[str, Language]] = {
    "/documenten/tarieven-2026.pdf": ("fees", "nl"),
    "/documenten/te-late-beslissing.pdf": ("late", "nl"),
    "/documents/fees-2026.pdf": ("fees", "en"),
    "/documents/late-decision.pdf": ("late", "en"),
}
MAX_PENALTY_DAYS = 42

HOST = "www.verblijfsdienst.example"
HOME_NL, HOME_EN = "/nl/", "/en/"
LATE_DECISION_NL, LATE_DECISION_EN = "/nl/te-late-beslissing", "/en/late-decision"
FEES_NL, FEES_EN = "/nl/kosten", "/en/fees"
FEES_PDF_NL, FEES_PDF_EN = "/documenten/tarieven-2026.pdf", "/documents/fees-2026.pdf"
WAITING_NL, WAITING_EN, WAITING_JSON = "/nl/wachttijden", "/en/waiting-times", "/data/wachttijden.json"
SEARCH_NL, SEARCH_EN = "/nl/zoeken", "/en/search"
GONE_NL, GONE_EN = "/nl/inloopspreekuur", "/en/walk-in-hour"
"""Disappear on day 3."""
MOVED_NL, MOVED_TO_NL = "/nl/afspraak-maken", "/nl/afspraak"
MOVED_EN, MOVED_TO_EN = "/en/make-an-appointment", "/en/appointment"
"""Move on day 5."""
NEW_NL, NEW_EN = "/nl/volg-uw-aanvraag", "/en/track-your-application"
"""Appear on day 5."""
DISALLOWED = "/intern/"

NEVER_DOWN = frozenset(
    {"/", "/robots.txt", "/favicon.ico", HOME_NL, HOME_EN, LATE_DECISION_NL, LATE_DECISION_EN}
)
STYLE = ("/assets/css/", "/assets/js/", "/assets/font/")
"""Stays up in the outage as well: what is left of the site is to look like itself."""

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json; charset=utf-8",
    "webp": "image/webp",
    "woff2": "font/woff2",
    "xml": "application/xml; charset=utf-8",
}
FEED_TYPE = "application/atom+xml; charset=utf-8"
FEEDS: dict[str, Language] = {"/nl/nieuws/feed.xml": "nl", "/en/news/feed.xml": "en"}
INDEXES: dict[str, Language] = {"/data/zoekindex-nl.json": "nl", "/data/zoekindex-en.json": "en"}

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Response:
    """A response without Date, Server and Content-Length, which the server adds; body not encoded."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a field, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def respond(day: int, path_and_query: str) -> Response:
    """
    Answer a GET for a path on a day, 0 to 6; other days raise IndexError. A query changes nothing.

    An unknown path is answered 404, a page that was removed 410, a page that moved 301, and in the
    outage half of what would have been found 503.
    """
    if not 0 <= day < len(DAYS):
        raise IndexError(f"the demonstration site has days 0 to {len(DAYS) - 1}, not {day}")
    path = path_and_query.partition("#")[0].partition("?")[0]
    if DAYS[day].outage and is_down(path) and _known(day, path):
        return _message(day, path, 503, (("Retry-After", "3600"),))
    if path in paths(day):
        return _found(day, path)
    if target := _redirect(day, path):
        return _moved(*target)
    return _message(day, path, 410 if _page_once_at(day, path) else 404)


@cache
def paths(day: int) -> frozenset[str]:
    """Return every path that is answered 200 on a day, or would be but for the outage."""
    standing = {page.path(language) for page in PAGES if page.stands(day) for language in LANGUAGES}
    return frozenset({*standing, *_MADE, *_assets(), *DOCUMENTS, *FEEDS, *INDEXES})


def is_down(path: str) -> bool:
    """Tell whether a path is in the half of the site that the outage takes: odd SHA-256 of the path."""
    if path in NEVER_DOWN or path.startswith(STYLE):
        return False
    return hashlib.sha256(path.encode("utf-8", "replace")).digest()[-1] % 2 == 1


@cache
def first_day(day: int, path: str) -> int:
    """Return the day since which the content of a path has been what it is on `day`."""
    while day and path in paths(day - 1) and _content(day - 1, path) == _content(day, path):
        day -= 1
    return day


def etag(body: bytes) -> str:
    """Return the strong entity tag of a body (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@cache
def _found(day: int, path: str) -> Response:
    since = DAYS[first_day(day, path)].date
    media_type, body = _content(day, path)
    if language := _page_language(day, path):
        body = body.replace(pages.CHANGED.encode(), pages.spelled(since, language).encode())
    moment = datetime.fromisoformat(since).replace(hour=6, tzinfo=UTC)
    headers = (
        ("Content-Type", media_type),
        *((("Content-Language", language),) if language else ()),
        ("Cache-Control", "no-cache"),
        ("ETag", etag(body)),
        ("Last-Modified", format_datetime(moment, usegmt=True)),
    )
    return Response(200, headers, body)


@cache
def _content(day: int, path: str) -> tuple[str, bytes]:
    """Return media type and body of a known path, without the date of its last change."""
    media_type = FEED_TYPE if path in FEEDS else MEDIA_TYPES.get(path.rpartition(".")[2], MEDIA_TYPES["html"])
    if asset := _assets().get(path):
        return media_type, asset.read_bytes()
    if path in DOCUMENTS:
        name, language = DOCUMENTS[path]
        text = pages.filled(f"{language}/{name}.txt", day, language, _facts(day))
        return media_type, pdf(text, language)
    return media_type, _text(day, path).encode()


def _text(day: int, path: str) -> str:
    if made := _MADE.get(path):
        return made(day)
    if language := FEEDS.get(path):
        items = pages.news(day, _facts(day), language)
        return pages.filled("feed.xml", day, language, {"items": items})
    if language := INDEXES.get(path):
        return _search_index(day, language)
    page, language = _page_at(day)[path]
    return pages.html(page, day, _facts(day), language)


def _waiting_times(day: int) -> str:
    now = DAYS[day]
    procedures = [{**one, "weeks": weeks} for one, weeks in zip(PROCEDURES, now.waits, strict=True)]
    return _json({"measured": now.measured, "procedures": procedures})


def _search_index(day: int, language: Language) -> str:
    entries = []
    for path, (page, spoken) in _page_at(day).items():
        if spoken == language and page.name not in UNLISTED | {"search", "latest"}:
            drawn = pages.fragment(page.name, day, _facts(day), language)
            entries.append({"url": path, "title": drawn.title, "text": drawn.text})
    return _json(entries)


def _sitemap(day: int) -> str:
    listed = [
        (path, DAYS[first_day(day, path)].date)
        for path, (page, _) in _page_at(day).items()
        if page.name not in UNLISTED
    ]
    return pages.filled("sitemap.xml", day, "nl", {"listed": listed})


_MADE = {"/sitemap.xml": _sitemap, WAITING_JSON: _waiting_times}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _facts(day: int) -> dict[str, Any]:
    now = DAYS[day]
    fees = [{"nl": nl, "en": en, "amount": amount or now.study} for nl, en, amount in FEES]
    return {
        "penalty": now.penalty,
        "maximum": now.penalty * MAX_PENALTY_DAYS,
        "fees": fees,
        "procedures": PROCEDURES,
    }


@cache
def _page_at(day: int) -> dict[str, tuple[Page, Language]]:
    """Return the pages of a day by path, the two languages of one after the other."""
    return {page.path(one): (page, one) for page in PAGES if page.stands(day) for one in LANGUAGES}


def _page_language(day: int, path: str) -> Language | None:
    found = _page_at(day).get(path)
    return found[1] if found else None


def _page_once_at(day: int, path: str) -> tuple[Page, Language] | None:
    """Return the page that stood at a path before `day`."""
    gone = (page for page in PAGES if page.last < day)
    return next(((page, one) for page in gone for one in LANGUAGES if page.path(one) == path), None)


def _known(day: int, path: str) -> bool:
    return path in paths(day) or _redirect(day, path) is not None


def _redirect(day: int, path: str) -> tuple[int, str] | None:
    """Return status and target where a path leads elsewhere: the root, a page that moved, a stray slash."""
    if path == "/":
        return 302, HOME_NL
    if once := _page_once_at(day, path):
        page, language = once
        target = pages.links(day, language)[page.name]
        return (301, target) if target else None
    other = path.removesuffix("/") if path.endswith("/") else path + "/"
    return (301, other) if other in paths(day) else None


def _moved(status: int, target: str) -> Response:
    body = f'<!DOCTYPE html>\n<title>{status}</title>\n<a href="{target}">{ORIGIN}{target}</a>\n'.encode()
    return Response(status, (("Content-Type", MEDIA_TYPES["html"]), ("Location", target)), body)


def _message(day: int, path: str, status: int, extra: Headers = ()) -> Response:
    language: Language = "en" if path.startswith(("/en/", "/documents/")) else "nl"
    body = pages.message(str(status), day, _facts(day), language).encode()
    headers = (("Content-Type", MEDIA_TYPES["html"]), ("Content-Language", language), *extra)
    return Response(status, headers, body)


@cache
def _assets() -> dict[str, Traversable]:
    """Return the files served as they are, by path. Drawings and notes beside them are not served."""
    root = files("archiver.demo") / "assets"
    served = (
        entry for kind in ("css", "font", "img", "js") for entry in _walk(root / kind, f"/assets/{kind}")
    )
    top = {f"/{name}": root / name for name in ("robots.txt", "manifest.webmanifest")}
    return dict(served) | top | {"/favicon.ico": root / "img" / "favicon.ico"}


def _walk(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for child in sorted(folder.iterdir(), key=lambda one: one.name):
        if child.is_dir():
            yield from _walk(child, f"{name}/{child.name}")
        else:
            yield f"{name}/{child.name}", child
