# SPDX-License-Identifier: EUPL-1.2
"""
The daily job: what is due is taken, once, whoever asks.

    run_due ▸ for each site: is today's snapshot due? ▸ take it ▸ write down how it ended

`run_due` is the whole of `daykeep run-due`, for cron or a systemd timer, and what schedule.py calls every
minute. Knows nothing of crawling, and no clock but the one it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

import structlog

from index.errors import ArchiveError, BusyError
from index.model import Outcome, Snapshot

from .archive import Archive
from .crawl import Progress
from .runs import Runs, State
from .settings import Site
from .snapshot import StoppedError, UnpublishedError, take_locked

NOTHING_CAPTURED = "not one address could be captured"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """How one site's day went: a snapshot, or the reason why there is none."""

    site: str
    day: date
    snapshot: Snapshot | None
    problem: str = ""

    @property
    def good(self) -> bool:
        """Whether the day has its snapshot, if only in part."""
        return self.snapshot is not None and self.snapshot.outcome is not Outcome.FAILED


def run_due(
    archive: Archive, runs: Runs, *, report: Callable[[str, Progress], None] = lambda _site, _progress: None
) -> Iterator[Taken]:
    """
    Take every snapshot that is due today and not yet taken, one site after the other; yield how each went.

    Doing it again at once does nothing. Days on which nothing ran are written down as missed first. A site
    that another process is crawling is passed over. One site's failure does not stop the next.
    """
    zone = archive.settings.zone
    for site in archive.settings.site:
        if archive.stop.is_set():
            return
        if site.demonstration:
            continue  # its days are made by `daykeep demo`, with a clock set by hand
        for missed in runs.note_missed(site.name, archive.now().astimezone(zone).date(), archive.now()):
            logger.warning("missed", site=site.name, day=missed.isoformat())
        day = runs.due(site, archive.now(), zone)
        if day is not None:
            taken = take_day(archive, runs, site, day, only_due=True, report=partial(report, site.name))
            if taken is not None:
                yield taken


def take_day(
    archive: Archive,
    runs: Runs,
    site: Site,
    day: date,
    *,
    full: bool = False,
    only_due: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Taken | None:
    """
    Take the snapshot of a calendar day and write down how it went; None where another process is at it.

    With `only_due` also None where another process was quicker. What is due is asked once more with the
    site's lock held, and the lock is held until the outcome is written: so two processes take one snapshot.
    """
    try:
        with archive.collection.lock(site.name):
            if only_due and runs.due(site, archive.now(), archive.settings.zone) != day:
                return None
            return _take_day(archive, runs, site, day, full=full, report=report)
    except BusyError:
        return None


def _take_day(
    archive: Archive, runs: Runs, site: Site, day: date, *, full: bool, report: Callable[[Progress], None]
) -> Taken:
    earlier = runs.find(site.name, day)
    run = runs.begin(site.name, day, archive.now())
    taken = _attempt(archive, site, day, full=full, report=report)
    state = State.DONE if taken.good else State.FAILED
    snapshot = taken.snapshot.timestamp if taken.snapshot else None
    if not taken.good and earlier is not None and earlier.state is State.DONE:
        state, snapshot = State.DONE, earlier.snapshot  # the day has a good snapshot from before
    runs.end(run, state, archive.now(), snapshot=snapshot, note=taken.problem)
    runs.settle(site.name, day, archive.now(), _sealed_days(archive, site))
    return taken


def _attempt(
    archive: Archive, site: Site, day: date, *, full: bool, report: Callable[[Progress], None]
) -> Taken:
    try:
        snapshot = take_locked(archive, site, full=full, report=report)
    except StoppedError:
        # stays `running`: the next start finds it due and carries on with the same snapshot
        raise
    except UnpublishedError as error:
        logger.error("unpublished", site=site.name, day=day.isoformat(), reason=str(error))  # noqa: TRY400
        return Taken(site.name, day, error.snapshot, str(error))
    except ArchiveError as error:
        logger.error("failed", site=site.name, day=day.isoformat(), reason=str(error))  # noqa: TRY400
        return Taken(site.name, day, None, str(error))
    except Exception as error:  # a fault of ours with one site must not keep the others from their day
        logger.exception("fault", site=site.name, day=day.isoformat())
        return Taken(
            site.name, day, None, f"The crawl of {site.name} broke off inside the program: {error!r}."
        )
    if snapshot.outcome is not Outcome.FAILED:
        return Taken(site.name, day, snapshot)
    reasons = archive.collection.at(site.name, snapshot.timestamp).reasons
    return Taken(site.name, day, snapshot, reasons[0] if reasons else NOTHING_CAPTURED)


def _sealed_days(archive: Archive, site: Site) -> dict[str, str]:
    """Return the newest good snapshot of each day as published: day to timestamp."""
    snapshots = archive.shelves.history.snapshots(site.name)
    return {one.day: one.timestamp for one in snapshots if one.outcome is not Outcome.FAILED}
