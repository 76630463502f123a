# SPDX-License-Identifier: EUPL-1.2
"""
One snapshot from beginning to end: crawl, write, verify, seal, publish.

    begin or resume ▸ crawl ▸ ledger and index ▸ read it all back ▸ datapackage ▸ rename ▸ publish

Before the rename nothing is shown, after it everything is; a crash at any point leaves a `.partial` folder
and its frontier, and the next call carries on from there. Knows nothing of schedules or of who asked.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import structlog

from index.errors import ArchiveError, DamagedError, StorageError
from index.model import Outcome, Snapshot
from index.timestamp import local_date, parse_timestamp

from . import package
from .addresses import AddressGuard
from .archive import Archive
from .collection import Collection, finder
from .crawl import Crawl, Progress
from .durable import reopen_dir
from .fetch import Fetcher
from .frontier import Frontier
from .machine import Machine, this_machine
from .past import LOOK_BACK, Previous, earlier
from .publish import publish_site
from .sealing import close_books, seal, set_aside
from .seals import keep_seal
from .settings import Settings, Site
from .snapshot_folder import SnapshotFolder
from .spelling import one_line
from .warc import CONFORMS_TO, FORMAT, WarcFiles

FULL_EVERY = {"weekly": timedelta(days=7), "monthly": timedelta(days=30), "yearly": timedelta(days=365)}

logger = structlog.get_logger(__name__)


class StoppedError(ArchiveError):
    """The crawl was asked to stop. What it has is stored; run the same command again and it carries on."""


class UnpublishedError(ArchiveError):
    """The snapshot is sealed, but the catalogue does not know it yet. The next command tries again."""

    def __init__(self, snapshot: Snapshot, reason: ArchiveError) -> None:
        name = f"{snapshot.timestamp} of {snapshot.site}"
        super().__init__(f"Snapshot {name} is sealed, but not yet in the catalogue: {reason}")
        self.snapshot = snapshot


def take(
    archive: Archive, site: Site, *, full: bool = False, report: Callable[[Progress], None] = lambda _: None
) -> Snapshot:
    """
    Take one snapshot now, or carry on with one of today that was stopped, and return it sealed and published.

    Raises BusyError where another process crawls the site, StorageError where the disk refuses,
    DamagedError where what was written does not read back, StoppedError where it was asked to stop,
    UnpublishedError where it is sealed and the catalogue could not be written.
    """
    with archive.collection.lock(site.name):
        return take_locked(archive, site, full=full, report=report)


def take_locked(
    archive: Archive, site: Site, *, full: bool = False, report: Callable[[Progress], None] = lambda _: None
) -> Snapshot:
    """Do what `take` does, for a caller who holds the site's lock already."""
    _forget_sealed(archive.collection, site.name)
    _close_earlier_days(archive, site)
    folder = archive.collection.unfinished(site.name)
    folder = folder or archive.collection.begin(site.name, archive.now())
    sealed = _finish(archive, site, folder, Crawl.run, full=full, report=report)
    logger.info("snapshot", site=site.name, timestamp=sealed.timestamp, outcome=str(sealed.summary.outcome))
    try:
        keep_seal(archive.collection, sealed)
        publish_site(archive.collection, archive.shelves, site.name)
    except ArchiveError as error:
        raise UnpublishedError(sealed.summary, error) from error
    return sealed.summary


def _close_earlier_days(archive: Archive, site: Site) -> None:
    """
    Seal what a crawl of an earlier calendar day left behind, as far as it came.

    Nothing more is asked for it: what stands there today is not what stood there on that day.
    """
    today = archive.now().astimezone(archive.settings.zone).date()
    while folder := archive.collection.unfinished(site.name):
        if local_date(folder.timestamp, archive.settings.zone) >= today:
            return
        try:
            sealed = _finish(archive, site, folder, lambda _: True, full=False, report=lambda _: None)
            keep_seal(archive.collection, sealed)
            logger.warning("closed-early", site=site.name, timestamp=folder.timestamp)
        except DamagedError as error:
            # set aside; a person has to look at it, and today must not wait for that
            logger.error("set-aside", site=site.name, reason=str(error))  # noqa: TRY400  no traceback


def _finish(
    archive: Archive,
    site: Site,
    folder: SnapshotFolder,
    crawled: Callable[[Crawl], bool],
    *,
    full: bool,
    report: Callable[[Progress], None],
) -> SnapshotFolder:
    """Bring an unfinished snapshot to its end and seal it; set it aside where it does not read back."""
    try:
        with contextlib.closing(Frontier(_frontier_path(archive.collection, folder))) as frontier:
            sealed = _take(archive, site, folder, frontier, crawled, full=full, report=report)
    except DamagedError as error:
        # its WARCs, its frontier or what was written of them: whichever it is, trying it again cannot help
        aside = set_aside(folder)
        forget_frontier(archive.collection, folder)
        raise DamagedError(f"{error} It is set aside in {aside}; the next attempt begins anew.") from error
    forget_frontier(archive.collection, folder)
    return sealed


def _take(
    archive: Archive,
    site: Site,
    folder: SnapshotFolder,
    frontier: Frontier,
    crawled: Callable[[Crawl], bool],
    *,
    full: bool,
    report: Callable[[Progress], None],
) -> SnapshotFolder:
    most = max(LOOK_BACK, site.suspicion.days)
    before = tuple(islice(earlier(archive.collection, site.name, folder.timestamp), most))
    everything = not before or full or full_is_due(archive.collection, site, folder.timestamp)
    files = _begin_files(archive, site, folder, frontier, full=everything)
    everything = frontier.meta("full") == "yes"
    previous = Previous(before[:LOOK_BACK], finder(archive.collection, site.name)) if before else None
    crawl = Crawl(
        site=site,
        frontier=frontier,
        files=files,
        new_fetcher=lambda: new_fetcher(archive, site),
        previous=previous,
        deduplicate=not everything,
        now=archive.now,
        stop=archive.stop,
        report=report,
        new_name=lambda: _made_up(archive.new_id()),
    )
    try:
        _crawl_to_the_end(crawl, crawled, site, frontier)
        close_books(folder, frontier, files, previous, archive.now(), ignore=site.suspicion.ignore)
    except BaseException:
        with contextlib.suppress(StorageError):  # what went wrong first says more than what follows from it
            files.close()
        raise
    files.close()
    return seal(archive.settings, site, archive.collection, folder, frontier, earlier=before, full=everything)


def _crawl_to_the_end(crawl: Crawl, crawled: Callable[[Crawl], bool], site: Site, frontier: Frontier) -> None:
    if not frontier.meta("closed") and not crawled(crawl):
        raise StoppedError(
            f"The crawl of {site.name} was stopped; {frontier.waiting()} addresses are waiting. "
            "What it has is stored; run the same command again to carry on."
        )


def _made_up(record_id: str) -> str:
    """Return the letters and digits of a new record's id: a name that no page has."""
    return "".join(filter(str.isalnum, record_id.rpartition(":")[2]))


def full_is_due(collection: Collection, site: Site, timestamp: str) -> bool:
    """Tell whether this snapshot must store everything: `full` of the site, since the last full one."""
    if site.full in {"always", "never"}:
        return site.full == "always"
    for folder in reversed(collection.snapshots(site.name)):
        if _was_full(folder):
            # a day is granted, so that a yearly full snapshot does not creep later by each day's minutes
            age = parse_timestamp(timestamp) - parse_timestamp(folder.timestamp) + timedelta(hours=12)
            return age >= FULL_EVERY[site.full]
    return True


def _was_full(folder: SnapshotFolder) -> bool:
    try:
        return folder.summary.outcome is not Outcome.FAILED and bool(folder.package["daykeep"].get("full"))
    except DamagedError:
        return False  # `earlier` says so where it matters


def new_fetcher(archive: Archive, site: Site) -> Fetcher:
    """Return a fetcher for one thread, with the limits and the address guard of a site."""
    spool = archive.collection.state / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    extra: dict[str, Any] = {"resolve": archive.resolve} if archive.resolve else {}
    return Fetcher(
        user_agent=site.user_agent,
        timeout=site.timeout,
        max_bytes=site.max_bytes,
        max_seconds=site.max_seconds,
        guard=AddressGuard(site.allow_addresses),
        spool_dir=spool,
        clock=archive.now,
        **extra,
    )


def forget_frontier(collection: Collection, folder: SnapshotFolder) -> None:
    """Remove the state of a crawl whose snapshot is sealed."""
    path = _frontier_path(collection, folder)
    for suffix in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _forget_sealed(collection: Collection, site: str) -> None:
    """Remove the frontiers of sealed snapshots: a crash may come between the seal and `forget_frontier`."""
    for path in (collection.state / "frontier").glob(f"{site}-*.sqlite"):
        timestamp = path.stem.removeprefix(f"{site}-")
        if timestamp in collection.timestamps(site):
            forget_frontier(collection, collection.at(site, timestamp))


def _frontier_path(collection: Collection, folder: SnapshotFolder) -> Path:
    return collection.state / "frontier" / f"{folder.site}-{folder.timestamp}.sqlite"


def _begin_files(
    archive: Archive, site: Site, folder: SnapshotFolder, frontier: Frontier, *, full: bool
) -> WarcFiles:
    files = WarcFiles(
        folder.path / "archive",
        f"{site.name}-{folder.timestamp}",
        compression=site.compression,
        warcinfo=warcinfo(archive.settings, site, this_machine()),
        now=archive.now,
        new_id=archive.new_id,
    )
    reopen_dir(folder.path)  # a crash while it was sealed may have made it read-only
    for path in (folder.index_path, folder.pages_path, folder.ledger_path):
        path.parent.mkdir(exist_ok=True)  # a crash may have come between them
    files.resume(frontier.position(), archive.collection.state / "torn")
    if frontier.meta("begun"):
        logger.info("resumed", site=site.name, timestamp=folder.timestamp, waiting=frontier.waiting())
    else:
        configuration = msgspec.json.encode(site)
        capture = files.resource(
            "urn:daykeep:configuration", "application/json", configuration, archive.now()
        )
        frontier.add_capture(capture)
        frontier.commit(files.sync(), begun=folder.timestamp, full="yes" if full else "no")
    return files


def warcinfo(settings: Settings, site: Site, machine: Machine) -> dict[str, str]:
    """Return the named fields of the warcinfo record (ISO 28500:2017 section 6.2), each once."""
    digest = hashlib.sha256(msgspec.json.encode(site)).hexdigest()
    operator = site.operator or settings.operator
    fields = {
        "operator": operator,
        "software": package.SOFTWARE,
        "format": FORMAT,
        "conformsTo": CONFORMS_TO,
        "description": f"daily snapshot of {site.title or site.name}",
        "isPartOf": site.name,
        "robots": site.robots,
        "hostname": machine.hostname,
        "ip": machine.ip or "",
        "http-header-user-agent": site.user_agent,
        "daykeep-configuration": f"sha256:{digest}",
        "daykeep-timezone": settings.timezone,
    }
    if site.demonstration:
        fields["description"] += " (DEMONSTRATION: a fictional site with a clock that was set by hand)"
    return {name: one_line(value) for name, value in fields.items() if value}
