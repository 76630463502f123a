# SPDX-License-Identifier: EUPL-1.2
"""
The end of a crawl: its books are closed, judged, read back, and the folder gets its final name.

    close_books   what waits gets its outcome; the ledger becomes a file and a record
    judgement     what is lacking (ledger), and what is there instead of the site (verdict); the worse counts
    seal          index, pages, changes; everything read back; datapackage.json; rename

Knows nothing of how a crawl is run or of the catalogue.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import structlog

from index.cdxj import parse_line
from index.errors import DamagedError
from index.model import Outcome
from index.timestamp import local_date, parse_timestamp, to_timestamp

from . import package
from .checking.verify import check_contents
from .collection import Collection, Find, finder
from .day_changes import write_changes
from .durable import publish_dir, storage, sync_dir, write_file
from .frontier import Frontier
from .known import Known, Result
from .ledger import REFUSED, UNLISTED, UrlOutcome, judge, lacking, read, write_lines
from .noise_rules import noise_of
from .pages import write_pages
from .past import Previous
from .settings import Settings, Site
from .snapshot_folder import SnapshotFolder
from .suspicion import Kind as Suspected
from .suspicion import Suspicion
from .tallies import Tallies
from .verdict import Day, DayFigures, judge_day, worse
from .warc import WarcFiles

logger = structlog.get_logger(__name__)


class UnsealedError(DamagedError):
    """What was written does not read back as it was written."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a day went, and what it rests on."""

    outcome: Outcome
    reasons: tuple[str, ...]
    """A sentence each for what is there instead of the site; what is lacking is told by the counts."""
    counts: dict[str, int]
    lacking: int
    figures: DayFigures


def close_books(
    folder: SnapshotFolder,
    frontier: Frontier,
    files: WarcFiles,
    previous: Previous | None,
    moment: datetime,
    *,
    ignore: Container[Suspected] = (),
) -> None:
    """
    Give what is left an outcome too, and make the ledger a file and a record, once.

    What unread pages were taken for the day before holds on, but for what is to be ignored.
    """
    if frontier.meta("closed"):
        return
    if previous is not None and frontier.meta("unread") is None:
        _recall_unasked(frontier, previous)
    ended = Result(UrlOutcome.NOT_REACHED, reason="the crawl ended before it", timestamp=to_timestamp(moment))
    frontier.finish_waiting(ended)
    if previous is not None:
        _recall_unchanged(frontier, previous, ignore)
    write_file(folder.ledger_path, write_lines(frontier.entries()))
    ledger = folder.ledger_path.read_bytes()
    frontier.add_capture(files.resource("urn:daykeep:ledger", "application/jsonl", ledger, moment))
    frontier.commit(files.sync(), closed="yes")


def _recall_unasked(frontier: Frontier, previous: Previous) -> None:
    """
    Keep known what a crawl that ended early had not come to ask for, so that the day after knows of it.

    What was refused the day before keeps that, for one day; all else waits, for what the end of the crawl
    makes of it.
    """
    try:
        for entry in read(previous.newest.ledger_path):
            again = entry.outcome in REFUSED and entry.via == "yesterday"
            if entry.url in frontier or (again and not previous.stored(entry.url)):
                continue
            if entry.lasting:
                known = Known(entry.url, entry.depth, entry.via, entry.kind, entry.borrowed, recalled=True)
                refused = Result(entry.outcome, reason=entry.reason, timestamp=entry.timestamp)
                frontier.add(known, refused if entry.outcome in REFUSED else None)
    except DamagedError as error:
        logger.warning("yesterday-unknown", reason=str(error))


def _recall_unchanged(frontier: Frontier, previous: Previous, ignore: Container[Suspected]) -> None:
    """Say of pages that were answered with 304, and so not read, what was read of them before."""
    frontier.settle_recalled()
    try:
        for page in previous.pages(frontier.tallies().not_modified()):
            frontier.add_page(page)
        for entry in read(previous.newest.ledger_path):
            if entry.flag and entry.flag not in ignore:
                frontier.flag_unchanged(entry.url, entry.flag, entry.reason)
    except DamagedError as error:
        logger.warning("unchanged-unknown", reason=str(error))


def judgement(frontier: Frontier, site: Site, earlier: Iterable[SnapshotFolder]) -> Judgement:
    """Return how the day went. `earlier` are snapshots that did not fail, newest first."""
    tallies = frontier.tallies()
    own, errors, unread = tallies.own_counts(), tallies.server_errors(), tallies.unread()
    before = [figures for folder in earlier if (figures := _figures(folder))]
    today = _day(frontier, before[0] if before else None)
    verdict = judge_day(today, before[::-1], site.suspicion)
    unlisted = int(frontier.meta(UNLISTED) or 0)
    more = (
        f"up to {unlisted} addresses more than a ledger holds were found, and are not in it"
        if unlisted
        else ""
    )
    leads = f"the links of {unread} could not be read" if unread else ""
    return Judgement(
        outcome=worse(judge(own, errors + unread + unlisted), verdict.outcome),
        reasons=(*verdict.reasons, *filter(None, (leads, more))),
        counts=frontier.counts(),
        lacking=lacking(own, errors + unread),
        figures=today.figures,
    )


def _day(frontier: Frontier, yesterday: DayFigures | None) -> Day:
    tallies = frontier.tallies()
    front = tallies.front_text()
    if yesterday is not None and yesterday.front is not None and tallies.front_unread():
        front = max(front or 0, yesterday.front)  # the text of an unread one is that of the day before
    flag = tallies.front_flag()
    return Day(
        examined=tallies.examined(),
        suspicions={Suspected(kind): number for kind, number in tallies.flags().items()},
        front=Suspicion(Suspected(flag[0]), flag[1]) if flag else None,
        figures=DayFigures(tallies.pages_stored(), _bytes(tallies), front),
    )


def _bytes(tallies: Tallies) -> int | None:
    """
    Return how large the records of what the site has are, those that revisits refer to counted in.

    None where some are not compressed: their sizes cannot be compared with those of others.
    """
    total = 0
    for line in tallies.lines_stored():
        capture = parse_line(line)
        record = capture.original or capture
        if not record.filename.endswith(".gz"):
            return None
        total += record.length if capture.effective_status == HTTPStatus.OK else 0
    return total


def _figures(folder: SnapshotFolder) -> DayFigures | None:
    """Return how much there was on an earlier day; None where that was not sealed with it."""
    try:
        return msgspec.convert(folder.package["daykeep"]["figures"], DayFigures)
    except (DamagedError, LookupError, TypeError, msgspec.ValidationError):
        return None


def seal(
    settings: Settings,
    site: Site,
    collection: Collection,
    folder: SnapshotFolder,
    frontier: Frontier,
    *,
    earlier: tuple[SnapshotFolder, ...],
    full: bool,
) -> SnapshotFolder:
    """
    Write index, pages and changes, read everything back, and give the folder its final name.

    `earlier`: the snapshots before it that did not fail, newest first. Raises UnsealedError, StorageError.
    """
    write_file(folder.index_path, frontier.index_lines())
    write_file(folder.pages_path, write_pages(frontier.pages()))
    judged = judgement(frontier, site, earlier)
    failed = judged.outcome is Outcome.FAILED
    changes = write_changes(collection, folder, earlier, noise_of(site), settings.zone, failed=failed)
    _read_back(folder, finder(collection, site.name, folder))
    own = _own_facts(settings, site, folder.timestamp) | {
        "outcome": judged.outcome.value,
        "reasons": list(judged.reasons),
        "counts": judged.counts,
        **changes,
        "lacking": judged.lacking,
        "figures": msgspec.to_builtins(judged.figures),
        "full": full,
    }
    moment = parse_timestamp(folder.timestamp)
    title = f"{site.title or site.name} {own['day']}"
    described = package.describe(
        title, site.seeds[0], moment, package.resources(folder.path, package.hash_file), own
    )
    package.write_package(folder.path, described, package.hash_file)
    sealed = collection.at(site.name, folder.timestamp)
    publish_dir(folder.path, sealed.path)
    return sealed


def set_aside(folder: SnapshotFolder) -> Path:
    """Give a snapshot that cannot be sealed a name by which nothing takes it up again, and return it."""
    aside = folder.path.with_suffix(".damaged")
    with storage(f"set {folder.path} aside"):
        folder.path.rename(aside)
        sync_dir(aside.parent)
    return aside


def _read_back(folder: SnapshotFolder, find: Find) -> None:
    problems = list(check_contents(folder, find))
    if problems:
        raise UnsealedError(
            f"The snapshot in {folder.path} does not read back as it was written ({problems[0]}); it is not "
            f"sealed. Check the disk. Problems found: {len(problems)}."
        )


def _own_facts(settings: Settings, site: Site, timestamp: str) -> dict[str, Any]:
    """Return what datapackage.json tells under `daykeep`, but for what the crawl brought."""
    return {
        "site": site.name,
        "timestamp": timestamp,
        "day": local_date(timestamp, settings.zone).isoformat(),
        "demonstration": site.demonstration,
        "timezone": settings.timezone,
    }
