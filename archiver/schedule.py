# SPDX-License-Identifier: EUPL-1.2
"""
The daily job: what is due is taken, once. The only importer of APScheduler, which merely ticks.

    every minute ▸ run_due ▸ for each site: is today's snapshot due? ▸ take it ▸ write down how it ended

`run_due` is also the whole of `daykeep run-due`, for cron or a systemd timer. Knows nothing of crawling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from datetime import UTC, date

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from index.errors import ArchiveError, BusyError
from index.model import Outcome, Snapshot

from .crawl import Progress
from .runs import Runs, State
from .settings import Site
from .snapshot import Archive, StoppedError, take

TICK_SECONDS = 60

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """How one site's day went: a snapshot, or the reason why there is none."""

    site: str
    day: date
    snapshot: Snapshot | None
    problem: str = ""


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
            taken = take_day(archive, runs, site, day, report=partial(report, site.name))
            if taken is not None:
                yield taken


def take_day(
    archive: Archive,
    runs: Runs,
    site: Site,
    day: date,
    *,
    full: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Taken | None:
    """Take the snapshot of a calendar day and write down how it went; None where another process is at it."""
    run = runs.begin(site.name, day, archive.now())
    try:
        snapshot = take(archive, site, full=full, report=report)
    except BusyError:
        return None
    except StoppedError:
        # stays `running`: the next start finds it due and carries on with the same snapshot
        raise
    except ArchiveError as error:
        logger.error("failed", site=site.name, day=day.isoformat(), reason=str(error))  # noqa: TRY400  no traceback
        runs.end(run, State.FAILED, archive.now(), note=str(error))
        return Taken(site.name, day, None, str(error))
    failed = snapshot.outcome is Outcome.FAILED
    note = "not one address could be captured" if failed else ""
    state = State.FAILED if failed else State.DONE
    runs.end(run, state, archive.now(), snapshot=snapshot.timestamp, note=note)
    return Taken(site.name, day, snapshot, note)


def start(archive: Archive, runs: Runs) -> BackgroundScheduler:
    """
    Start ticking in a thread of its own, the first time at once, and return the scheduler to shut down.

    A tick that is late still counts (no misfire limit), ticks that piled up count as one, and a tick that
    finds the last one busy is dropped.
    """
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(
        _tick,
        IntervalTrigger(seconds=TICK_SECONDS, timezone=UTC),
        args=(archive, runs),
        id="run-due",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=archive.now(),
    )
    scheduler.start()
    return scheduler


def _tick(archive: Archive, runs: Runs) -> None:
    try:
        for taken in run_due(archive, runs):
            logger.info("taken", site=taken.site, day=taken.day.isoformat(), problem=taken.problem)
    except ArchiveError as error:
        logger.error("tick-failed", reason=str(error))  # noqa: TRY400  the sentence says what to do
