# SPDX-License-Identifier: EUPL-1.2
"""
What the viewer reads from, built once per process and passed along: settings, history, search, snapshots.

    Holdings       everything, one value
    Shelf          shelf.py: the snapshots read last, kept open
    OpenSnapshot   open_snapshot.py: which capture one of them has of a URL

Knows nothing of Flask, of pages or of rewriting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path

from archiver.collection import Collection
from archiver.exporting.kept_exports import KeptExports
from archiver.settings import Settings, Site
from index.errors import NotFoundError
from index.lifeline import Interval
from index.model import Snapshot
from index.public import PublicHistory
from index.search import Search
from index.takedown import WithheldError
from index.timestamp import local_date

from .addresses.path_address import Addresses
from .crew import ALONE, Crew
from .days import SiteDays
from .kept_values import NOT_KEPT, KeptValues
from .open_snapshot import OpenSnapshot
from .places import Room
from .shelf import Shelf
from .takedowns import Takedowns


class NoSiteError(NotFoundError):
    """A site that the archive does not have; what a visitor reads is made of its name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no site {name[:100]!r} in this archive.")
        self.name = name


_SMALL = 1024
"""Bytes that an interval is counted for, and whatever else is small."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything the viewer reads from, and how many processes do so together."""

    settings: Settings
    collection: Collection
    history: PublicHistory
    """What is withheld is not in it."""
    search: Search
    addresses: Addresses
    shelf: Shelf
    exports: KeptExports
    takedowns: Takedowns
    now: Callable[[], datetime]
    crew: Crew = ALONE
    room: Room = field(default_factory=Room)
    """Where costly answers are made and waited for."""
    kept: KeptValues = field(default_factory=KeptValues)
    """What was found for pages, until something is written."""
    _days: dict[str, tuple[int | None, SiteDays]] = field(default_factory=dict)
    """The snapshots of each site, and what was written to the history when they were read."""
    _counts: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    """So also how many pages each snapshot has."""

    def sites(self) -> list[Site]:
        """Return the sites of the configuration, then those that only the archive still has."""
        known = {site.name: site for site in self.settings.site}
        past = [Site(name=name, seeds=()) for name in self.archived() if name not in known]
        return [*known.values(), *past]

    def archived(self) -> list[str]:
        """Return the names of the sites that have a snapshot, in order."""
        return self.kept.get(("sites",), self.history.written(), self.history.sites, lambda _: _SMALL)

    def lifeline(self, url: str, site: str) -> list[Interval]:
        """Return the intervals of a normalised URL on a site, oldest first; nobody changes that list."""
        return self.kept.get(
            ("lifeline", site, url),
            self.history.written(),
            lambda: self.history.lifeline(url, site),
            lambda found: _SMALL * (1 + len(found)) if found else NOT_KEPT,
        )

    def site(self, name: str) -> Site:
        """Return a site by name. Raises NoSiteError."""
        for site in self.sites():
            if site.name == name:
                return site
        raise NoSiteError(name)

    def snapshot(self, site: str, timestamp: str) -> OpenSnapshot:
        """Return one open snapshot of a site. Raises NotFoundError."""
        found = self.shelf.get(timestamp)
        if found is None or found.site != site:
            raise NotFoundError(f"There is no snapshot {timestamp} of {site}.")
        return found

    def day_of(self, timestamp: str) -> date:
        """Return the calendar day of a snapshot as it was sealed; that of another moment here and now."""
        found = self.shelf.get(timestamp)
        return found.folder.day_by(self.settings.zone) if found else local_date(timestamp, self.settings.zone)

    def good_snapshots(self, site: str) -> list[Snapshot]:
        """Return the snapshots of a site that saw anything, oldest first."""
        return list(self.days(site).good)

    def days(self, site: str) -> SiteDays:
        """Return the snapshots of a site, as they were read when something was last published."""
        written = self.history.written()
        known = self._days.get(site)
        if known is not None and written is not None and known[0] == written:
            return known[1]
        found = SiteDays(self.history.snapshots(site))
        if found.all:  # so that nobody's made-up names are remembered
            self._days[site] = written, found
        return found

    def count_pages(self, site: str, timestamp: str) -> int:
        """Return how many pages were online at a snapshot of a site."""
        written = self.history.written()
        known = self._counts.get(site)
        if known is None or written is None or known[0] != written:
            if written is None:
                return self.history.count_pages(site, timestamp)
            known = self._counts[site] = written, self.history.page_counts(site)
        number = known[1].get(timestamp)
        return number if number is not None else self.history.count_pages(site, timestamp)

    def kept_as(self, url: str, site: str) -> str:
        """
        Return the address by which a site's history has a URL, which is returned as it is where it has none.

        As it is written, or without what the crawler takes off the links it finds. The history is about many
        days, which may have had different rules: those of the configuration count.
        """
        if self.lifeline(url, site):
            return url
        tidied = self.settings.tidy_of(site)(url)
        return tidied if tidied != url and self.lifeline(tidied, site) else url

    def sites_with(self, url: str) -> list[str]:
        """Return the sites that ever had a URL, as it is written or as their crawler tidies it."""
        exact = self.history.sites_with(url)
        return [site for site in self.archived() if site in exact or self.kept_as(url, site) != url]

    def refuse_withheld(self, url: str, site: str | None = None) -> None:
        """Raise WithheldError for a URL of which days are withheld, where nothing else is to be told."""
        stretches = self.history.withheld(url, site)
        if stretches:
            raise WithheldError(url, stretches[-1].decision)

    def warc(self, site: str) -> Callable[[str, str], Path]:
        """Return the function that tells where a WARC of a snapshot of this site stands."""
        return partial(self.shelf.warc, site)

    def today(self) -> date:
        """Return the calendar day it is now, where days are counted."""
        return self.now().astimezone(self.settings.zone).date()


def title_of(site: Site) -> str:
    """Return what a site is called."""
    return site.title or site.name
