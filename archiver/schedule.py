# SPDX-License-Identifier: EUPL-1.2
"""
The clock of the daily job. The only importer of APScheduler, which merely ticks.

    every minute ▸ `run_due` (daily.py)
    every minute ▸ what has no report on the guideline yet ▸ measure it, in a process of its own

Knows nothing of what is due.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from index.errors import ArchiveError

from .archive import Archive
from .conformance.measuring import Measuring
from .daily import run_due
from .runs import Runs
from .snapshot import StoppedError

TICK_SECONDS = 60

logger = structlog.get_logger(__name__)


def start(archive: Archive, runs: Runs, *, take: bool = True) -> BackgroundScheduler:
    """
    Start ticking in a thread of its own, the first time at once, and return the scheduler to shut down.

    Without `take` no snapshot is taken: what there is is measured, as at any tick.

    A tick that is late still counts (no misfire limit), ticks that piled up count as one, and a tick that
    finds the last one busy is dropped.
    """
    # it would complain every minute that the last tick is still busy, which a long crawl is
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone=UTC)
    measuring = Measuring(archive.settings, archive.collection, archive.now, archive.stop)
    jobs: dict[str, tuple[Callable[..., None], tuple[object, ...]]] = {"conform": (_measure, (measuring,))}
    if take:
        jobs["run-due"] = (_tick, (archive, runs))
    for name, (job, arguments) in jobs.items():
        scheduler.add_job(
            job,
            IntervalTrigger(seconds=TICK_SECONDS, timezone=UTC),
            args=arguments,
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=archive.now(),
        )
    scheduler.start()
    return scheduler


def _measure(measuring: Measuring) -> None:
    try:
        while (one := measuring.next()) is not None:
            logger.info("measured", site=one.folder.site, snapshot=one.folder.timestamp, problem=one.problem)
    except ArchiveError as error:
        logger.error("measuring-failed", reason=str(error))  # noqa: TRY400  the sentence says what to do


def _tick(archive: Archive, runs: Runs) -> None:
    try:
        for taken in run_due(archive, runs):
            logger.info("taken", site=taken.site, day=taken.day.isoformat(), problem=taken.problem)
    except StoppedError as error:
        logger.info("stopped", reason=str(error))
    except ArchiveError as error:
        logger.error("tick-failed", reason=str(error))  # noqa: TRY400  the sentence says what to do
