# SPDX-License-Identifier: EUPL-1.2
"""
What changes, to be followed: Atom feeds (RFC 4287) of a site, a section of it and a page.

    /<site>/feed.atom                        an entry for each day on which something changed, newest first
    /<site>/feed.atom?section=/nl/nieuws/    of addresses whose path begins so
    /<site>/feed.atom?url=https://…          an entry for each version of a page
    &before=20260303023000                   the entries before a snapshot (RFC 5005 section 3)
    &lang=nl                                 in that language; else in that of the configuration

An entry has a name of its own for ever: `urn:uuid` of the site, what is followed and the snapshot, wherever
the archive is found. A sealed day does not change, so a feed is asked for again by its ETag.
Bounded in days that are looked at, in lines that are read and in entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import islice
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request
from flask_babel import force_locale, gettext

from archiver.settings import Site
from index.changes import says
from index.lifeline import Interval
from index.model import Snapshot
from index.timestamp import parse_timestamp

from ..current import client, holdings
from ..holdings import Holdings, title_of
from ..i18n import LANGUAGES
from ..places import Places
from ..told import ToldError, filled
from .addressed import addresses_of
from .change_list import Wanted, filter_of, is_section
from .day_log import ChangedUrl, changes
from .two_days import is_moment

ENTRIES = 20
"""Entries of one page of a feed."""
DAYS = 100
"""Days that are looked at for them."""
LINES = 300_000
"""Changes that are read for them."""
LISTED = 25
"""Addresses that one entry lists."""
LONG = 2
"""Feeds made at once, by all processes."""

_NAMES = uuid.UUID("6f6c1a0e-6a3d-5c0a-9a55-6b1f0f3f2d11")
"""The namespace of the names of feeds and entries (RFC 9562 section 5.5)."""
_PLACES = "daykeep-feeds"

pages = Blueprint("feed", __name__)


@dataclass(frozen=True, slots=True)
class Followed:
    """What a feed is of."""

    site: Site
    section: str = ""
    url: str = ""

    @property
    def what(self) -> str:
        """What this feed is of, in words."""
        return self.url or ", ".join(filter(None, (title_of(self.site), self.section)))

    def name(self, moment: str = "") -> str:
        """Return the lasting name of this feed, or of its entry of a snapshot."""
        said = f"{self.site.name}\n{self.section}\n{self.url}\n{moment}"
        return uuid.uuid5(_NAMES, said).urn

    def address(self, language: str, before: str = "") -> str:
        """Return the path of a page of this feed."""
        values = {"section": self.section, "url": self.url, "lang": language, "before": before}
        return (
            f"/{self.site.name}/feed.atom?{urlencode({key: value for key, value in values.items() if value})}"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a day and what changed on it, or a version of a page and the one before."""

    name: str
    snapshot: Snapshot
    listed: Sequence[ChangedUrl] = ()
    total: int = 0
    for_a_reader: int = 0
    """Of these, how many read otherwise, were not there before or have gone."""
    previous: str | None = None
    """The snapshot it is compared with."""
    version: Interval | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of a feed, and before which snapshot the next ones are."""

    entries: list[Entry]
    rest: str | None


def add_feeds(app: Flask, held: Holdings) -> None:
    """Let an application answer with feeds."""
    app.extensions[_PLACES] = Places(held.crew.part(LONG), held.room)
    app.jinja_env.filters.update(rfc3339=rfc3339)
    app.register_blueprint(pages)


@pages.get("/<site>/feed.atom")
def feed(site: str) -> Response:
    """Answer with a page of a feed."""
    held = holdings()
    followed, language = _followed(held.site(site)), _language()
    before = request.args.get("before", "")
    if before and not ("-" not in before and is_moment(before)):
        abort(404)
    places: Places = current_app.extensions[_PLACES]
    with places.taken("Too many feeds are being made", client()):
        part = _versions(followed, before) if followed.url else _days(followed, before)
    with force_locale(language):
        text = render_template("feed.xml", followed=followed, part=part, before=before, language=language)
    response = Response(text, mimetype="application/atom+xml")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request.environ)
    return response


def _language() -> str:
    """Return the language a feed is asked for in, that of the configuration where none is named."""
    given = request.args.get("lang", "")
    if given and given not in LANGUAGES:
        raise ToldError(filled(gettext("“%(given)s” is no language of this archive."), given=given))
    return given or holdings().settings.language


def _followed(site: Site) -> Followed:
    section, typed = request.args.get("section", ""), request.args.get("url", "").strip()
    if (section and not is_section(section)) or (section and typed):
        abort(404)
    if not typed:
        return Followed(site, section)
    url = addresses_of(typed, site.name)[1]
    if url is None or not holdings().lifeline(url, site.name):
        if url:
            holdings().refuse_withheld(url, site.name)
        abort(404)
    return Followed(site, url=url)


def _days(followed: Followed, before: str) -> Part:
    """Return the entries of the days before a snapshot on which something of this changed, newest first."""
    held = holdings()
    good = held.good_snapshots(followed.site.name)
    until = [one for one in good if not before or one.timestamp < before]
    entries: list[Entry] = []
    left = LINES
    for place in range(len(until) - 1, max(len(until) - 1 - DAYS, -1), -1):
        snapshot, previous = until[place], until[place - 1] if place else None
        if len(entries) == ENTRIES or left <= 0:
            return Part(entries, until[place + 1].timestamp if place + 1 < len(until) else before or None)
        if snapshot.changed:
            entry, read = _day(followed, snapshot, previous)
            left -= read
            entries += [entry] if entry.total else []
    rest = until[-DAYS].timestamp if len(until) > DAYS else None
    return Part(entries, rest)


def _day(followed: Followed, snapshot: Snapshot, previous: Snapshot | None) -> tuple[Entry, int]:
    """Return the entry of a day, and how many lines were read for it."""
    wanted = Wanted(section=followed.section)
    sealed = holdings().snapshot(followed.site.name, snapshot.timestamp)
    listed: list[ChangedUrl] = []
    total = for_a_reader = read = 0
    for change in changes(sealed):
        read += 1
        if not wanted.takes(change):
            continue
        total += 1
        for_a_reader += filter_of(change) != "bytes"
        if len(listed) < LISTED:
            listed.append(change)
    name = followed.name(snapshot.timestamp)
    earlier = previous.timestamp if previous else None
    return Entry(name, snapshot, listed, total, for_a_reader, earlier), read


def _versions(followed: Followed, before: str) -> Part:
    """Return the entries of the versions of a page that began before a snapshot, newest first."""
    held = holdings()
    good = {one.timestamp: one for one in held.good_snapshots(followed.site.name)}
    lifeline = [one for one in held.lifeline(followed.url, followed.site.name) if says(one)]
    began = [one for one in lifeline if one.first in good and (not before or one.first < before)][::-1]
    entries = list(islice(_of_versions(followed, began, good), ENTRIES))
    return Part(entries, began[ENTRIES - 1].first if len(began) > ENTRIES else None)


def _of_versions(followed: Followed, began: Sequence[Interval], good: dict[str, Snapshot]) -> Iterator[Entry]:
    for place, version in enumerate(began):
        earlier = began[place + 1].last if place + 1 < len(began) else None
        yield Entry(
            followed.name(version.first), good[version.first], total=1, previous=earlier, version=version
        )


def rfc3339(timestamp: str) -> str:
    """Return a 14-digit timestamp as RFC 3339 has it: `2026-03-02T02:30:00Z`."""
    return parse_timestamp(timestamp).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
