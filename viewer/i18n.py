# SPDX-License-Identifier: EUPL-1.2
"""
Dutch and English: which one a visitor gets, how dates read in it, and the archive's words in it.

A language is chosen by the visitor (a cookie that the switch sets), else by the browser's
Accept-Language, else by the configuration. The texts of the source are English; translations/ has both
languages, and tests/test_translations.py finds what was forgotten. Knows nothing of pages.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Flask, request
from flask_babel import Babel, format_decimal, get_locale, get_translations, lazy_gettext

from archiver.ledger import UrlOutcome
from index.changes import Kind
from index.passage import Standing
from index.timestamp import parse_timestamp

from .days import State
from .replaying.file import File
from .rewriting.embeds import Kind as PartKind

LANGUAGES = {"nl": "Nederlands", "en": "English"}
COOKIE = "lang"
_BY_LANGUAGE: dict[str, Any] = {}
KNOWN_DATES = 8192
"""Dates that are kept as they are written: some years in some forms."""

# What the calendar has room for; the legend below it says what each means.
SHORT_STATES = {
    State.COMPLETE: lazy_gettext("whole"),
    State.UNCHANGED: lazy_gettext("same"),
    State.NOISE: lazy_gettext("alike"),
    State.PARTIAL: lazy_gettext("partly"),
    State.FAILED: lazy_gettext("failed"),
    State.NONE: lazy_gettext("none"),
}
STATES = {
    State.COMPLETE: lazy_gettext("Complete"),
    State.UNCHANGED: lazy_gettext("Complete and unchanged"),
    State.NOISE: lazy_gettext("Complete, and unchanged but for dates and counters"),
    State.PARTIAL: lazy_gettext("Partial"),
    State.FAILED: lazy_gettext("Failed"),
    State.NONE: lazy_gettext("No snapshot"),
}
STATE_MEANINGS = {
    State.COMPLETE: lazy_gettext("everything we knew of was stored"),
    State.UNCHANGED: lazy_gettext("everything was stored, and nothing had changed since the snapshot before"),
    State.NOISE: lazy_gettext(
        "everything was stored, and only what says nothing had changed, such as the date of today"
    ),
    State.PARTIAL: lazy_gettext("something could not be stored; the number says how many addresses"),
    State.FAILED: lazy_gettext("the site could not be reached, so nothing was stored"),
    State.NONE: lazy_gettext("no snapshot was taken on this day"),
}
OUTCOMES = {
    UrlOutcome.CAPTURED: lazy_gettext("stored"),
    UrlOutcome.UNCHANGED: lazy_gettext("stored, the same as before"),
    UrlOutcome.REDIRECT: lazy_gettext("leads to another address"),
    UrlOutcome.HTTP_ERROR: lazy_gettext("the server answered with an error"),
    UrlOutcome.NETWORK_ERROR: lazy_gettext("the server could not be reached"),
    UrlOutcome.TIMEOUT: lazy_gettext("the server took too long to answer"),
    UrlOutcome.TRUNCATED: lazy_gettext("the answer was cut off; what came is stored"),
    UrlOutcome.ROBOTS: lazy_gettext("the site asks crawlers not to fetch it (robots.txt)"),
    UrlOutcome.OUT_OF_SCOPE: lazy_gettext("outside the part of the web that is archived here"),
    UrlOutcome.OVER_LIMIT: lazy_gettext("beyond the limits set for this site"),
    UrlOutcome.NOT_REACHED: lazy_gettext("the crawl ended before its turn came"),
}
KINDS = {
    Kind.NEW: lazy_gettext("New"),
    Kind.CHANGED: lazy_gettext("Changed"),
    Kind.REMOVED: lazy_gettext("Removed"),
    Kind.MOVED: lazy_gettext("Moved"),
    Kind.UNAVAILABLE: lazy_gettext("Not to be had"),
    Kind.UNCHANGED: lazy_gettext("Unchanged"),
}
FILTERS = {
    "new": lazy_gettext("New"),
    "text": lazy_gettext("Changed for a reader"),
    "bytes": lazy_gettext("Changed in bytes alone"),
    "removed": lazy_gettext("Removed"),
    "moved": lazy_gettext("Moved"),
    "unavailable": lazy_gettext("Not to be had"),
    "changed": lazy_gettext("Changed"),
}
STANDINGS = {
    Standing.THERE: lazy_gettext("there"),
    Standing.NOT_THERE: lazy_gettext("not there"),
    Standing.NOT_KNOWN: lazy_gettext("not known: not stored, not to be had, or no text"),
}

PART_KINDS = {
    PartKind.PAGE: lazy_gettext("the page"),
    PartKind.IMAGE: lazy_gettext("image"),
    PartKind.BACKGROUND: lazy_gettext("background"),
    PartKind.STYLE: lazy_gettext("style sheet"),
    PartKind.SCRIPT: lazy_gettext("script"),
    PartKind.FRAME: lazy_gettext("frame"),
    PartKind.MEDIA: lazy_gettext("sound or film"),
    PartKind.FONT: lazy_gettext("font"),
    PartKind.OTHER: lazy_gettext("part"),
}


def add_languages(app: Flask, default: str, *, by_cookie: bool = True) -> None:
    """
    Give an application the translations, the choice of language and the filters of the templates.

    Without `by_cookie` no cookie counts for anything: replay origins know none.
    """
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(__file__).parent / "translations")
    Babel(app, default_locale=default, locale_selector=lambda: chosen_language(default, by_cookie=by_cookie))
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, number: _translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        long_date=long_date,
        short_date=short_date,
        weekday=weekday,
        day_month=day_month,
        short_month=short_month,
        size_words=size_words,
        figure=figure,
    )
    app.jinja_env.globals.update(
        languages=LANGUAGES,
        language=lambda: str(get_locale()),
        states=STATES,
        short_states=SHORT_STATES,
        state_meanings=STATE_MEANINGS,
        outcomes=OUTCOMES,
        kinds=KINDS,
        filters=FILTERS,
        standings=STANDINGS,
        part_kinds=PART_KINDS,
        month_name=month_name,
        weekdays=weekdays,
        file_kind=file_kind,
    )


def chosen_language(default: str, *, by_cookie: bool = True) -> str:
    """Return the language of the answer to this request."""
    cookie = request.cookies.get(COOKIE) if by_cookie else None
    if cookie in LANGUAGES:
        return cookie
    return request.accept_languages.best_match([default, *LANGUAGES]) or default


def long_date(day: str | date) -> str:
    """Return a day in full: `maandag 2 maart 2026`."""
    return _written(_date(day), "EEEE d MMMM y", str(get_locale()))


def short_date(day: str | date) -> str:
    """Return a day without its weekday: `2 maart 2026`."""
    return _written(_date(day), "d MMMM y", str(get_locale()))


def weekday(day: date) -> str:
    """Return the day of the week of a day: `maandag`."""
    return _written(day, "EEEE", str(get_locale()))


def day_month(day: date) -> str:
    """Return a day without its year, cut short: `2 mrt`."""
    return _written(day, "d MMM", str(get_locale()))


def short_month(day: date) -> str:
    """Return a month with its year, cut short: `mrt 26`."""
    return _written(day, "MMM yy", str(get_locale()))


def month_name(day: date) -> str:
    """Return a month with its year: `maart 2026`."""
    return _written(day, "LLLL y", str(get_locale()))


def weekdays() -> list[tuple[str, str]]:
    """Return the days of the week from Monday on, each as two letters or so and in full."""
    locale: Any = get_locale()
    return [
        (locale.days["stand-alone"]["short"][number], locale.days["stand-alone"]["wide"][number])
        for number in range(7)
    ]


def file_kind(file: File) -> str:
    """Return type and size of a file in words: `PDF, 1,4 MB`; empty where neither is known."""
    kind = file.name.rpartition(".")[2].upper() if "." in file.name else file.mime
    return ", ".join(filter(None, [kind, size_words(file.size) if file.size is not None else ""]))


def size_words(count: int) -> str:
    """Return bytes in words: `1,4 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{format_decimal(round(count / size, 1))} {unit}"
    return f"{count} B"


def figure(number: int) -> str:
    """Return a number with its thousands apart: `12.345`."""
    return str(format_decimal(number))


def second(timestamp: str, zone: ZoneInfo) -> str:
    """Return the local time of a 14-digit timestamp with its second: `03:30:04`."""
    return parse_timestamp(timestamp).astimezone(zone).strftime("%H:%M:%S")


def clock(timestamp: str, zone: ZoneInfo) -> str:
    """Return the local time of a 14-digit timestamp: `03:30`."""
    return parse_timestamp(timestamp).astimezone(zone).strftime("%H:%M")


def _translations() -> Any:
    """Return the texts in the language of this request: a page asks for a hundred of them."""
    locale: Any = get_locale()
    known = _BY_LANGUAGE.get(locale.language) if locale else None
    if known is None:
        known = get_translations()
        if locale:
            _BY_LANGUAGE[locale.language] = known
    return known


@lru_cache(KNOWN_DATES)
def _written(day: date, pattern: str, locale: str) -> str:
    return str(format_date(day, pattern, locale))


def _date(day: str | date) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
