# SPDX-License-Identifier: EUPL-1.2
"""The commands that take snapshots: crawl, run-due."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from index.errors import ArchiveError
from index.model import Outcome

from .. import daily
from ..archive import Archive
from ..ledger import read
from ..runs import Runs
from . import show
from .compose import find_site, opened, runs_of
from .stopping import stop_on_signals

DONE, WITH_PROBLEMS = 0, 3


@click.command("crawl")
@click.argument("site")
@click.option("--full", is_flag=True, help="Store everything again, even what yesterday had.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def crawl_command(config: str, site: str, full: bool, as_json: bool) -> int:
    """
    Take one snapshot of SITE now: crawl, write, read back, seal, publish.

    If a crawl was stopped before its end, this carries on with it.

    Exit status: 0 complete; 1 could not, or what came is not the site; 2 no such site or a faulty
    configuration; 3 the snapshot is partial: `daykeep ledger` tells what is missing.
    """
    stop = stop_on_signals()
    with opened(config, stop=stop) as archive, show.crawl_progress(site) as report:
        day = archive.now().astimezone(archive.settings.zone).date()
        runs = runs_of(archive.collection)
        taken = daily.take_day(archive, runs, find_site(archive, site), day, full=full, report=report)
    if taken is None:
        raise ArchiveError(
            f"Another crawl or import of {site} is running; wait for it to end, or stop that process."
        )
    if taken.snapshot is None:
        raise ArchiveError(taken.problem)
    if as_json:
        show.json_document(show.snapshot_row(taken.snapshot))
    else:
        show.line(show.describe(taken.snapshot))
    return _status(taken, archive)


def _status(taken: daily.Taken, archive: Archive) -> int:
    assert taken.snapshot is not None
    if taken.snapshot.outcome is Outcome.FAILED:
        raise ArchiveError(_why_failed(archive, taken))
    if taken.problem:
        show.note(taken.problem)
    return WITH_PROBLEMS if taken.problem or taken.snapshot.outcome is Outcome.PARTIAL else DONE


def _why_failed(archive: Archive, taken: daily.Taken) -> str:
    """Return why a day failed: what was there in place of the site, or what became of the seeds."""
    assert taken.snapshot is not None
    folder = archive.collection.at(taken.site, taken.snapshot.timestamp)
    if folder.reasons:
        return (
            f"What was captured is not {taken.site}: {folder.reasons[0]}. It is kept, and the day counts as "
            f"failed; look at the site, and run `daykeep crawl {taken.site}` again."
        )
    reasons = [
        entry.reason or f"HTTP {entry.status}" for entry in read(folder.ledger_path) if entry.via == "seed"
    ]
    return (
        f"Nothing of {taken.site} could be captured: {'; '.join(reasons[:3])}. The attempt is recorded; "
        f"check the seeds in the configuration and run `daykeep crawl {taken.site}` again."
    )


@click.command("run-due")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option(
    "--now", "at_once", is_flag=True, help="Also sites that have no snapshot yet, whatever the time of day."
)
@click.pass_obj
def run_due_command(config: str, as_json: bool, at_once: bool) -> int:
    """
    Take every snapshot that is due today and not yet taken. For cron or a systemd timer.

    Running it again at once does nothing; run it as often as you like.

    Exit status: 0 all complete, or nothing was due; 1 could not; 2 faulty configuration; 3 one or more
    snapshots are partial or failed.
    """
    stop = stop_on_signals()
    with opened(config, stop=stop) as archive:
        runs = runs_of(archive.collection)
        taken = list(_first_ones(archive, runs)) if at_once else []
        taken += daily.run_due(archive, runs)
    if as_json:
        show.json_document([_row(one) for one in taken])
    else:
        for one in taken:
            show.line(show.describe(one.snapshot) if one.snapshot else f"{one.site}: {one.problem}")
        if not taken:
            show.line("Nothing was due.")
    whole = all(
        one.snapshot and one.snapshot.outcome is Outcome.COMPLETE and not one.problem for one in taken
    )
    return DONE if whole else WITH_PROBLEMS


def _row(taken: daily.Taken) -> dict[str, Any]:
    row = show.snapshot_row(taken.snapshot) if taken.snapshot else {"site": taken.site}
    return row | ({"problem": taken.problem} if taken.problem else {})


def _first_ones(archive: Archive, runs: Runs) -> Iterator[daily.Taken]:
    """Take the first snapshot of every site that has none, whatever the time of day."""
    for site in archive.settings.site:
        if not site.demonstration and not archive.collection.timestamps(site.name):
            day = archive.now().astimezone(archive.settings.zone).date()
            with show.crawl_progress(site.name) as report:
                if taken := daily.take_day(archive, runs, site, day, report=report):
                    yield taken
