# SPDX-License-Identifier: EUPL-1.2
"""
One snapshot from beginning to end: crawl, write, verify, seal, publish.

    begin or resume ▸ crawl ▸ ledger and index ▸ read it all back ▸ datapackage ▸ rename ▸ publish

Before the rename nothing is shown, after it everything is; a crash at any point leaves a `.partial` folder
and its frontier, and the next call carries on from there. Knows nothing of schedules or of who asked.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import structlog

from index.changes import Change, Kind, merge, reported, tally
from index.errors import ArchiveError, DamagedError
from index.model import Outcome, Snapshot
from index.timestamp import local_date, parse_timestamp

from . import package
from .addresses import AddressGuard, Resolve
from .collection import Collection, SnapshotFolder
from .crawl import Crawl, Progress
from .durable import publish_dir, storage, sync_dir, write_file
from .fetch import Fetcher
from .frontier import Frontier, Result
from .ledger import UrlOutcome, judge, lacking, write_lines
from .pages import write_pages
from .past import LOOK_BACK, Previous, earlier
from .publish import Shelves, publish_site
from .settings import Settings, Site
from .verify import check_contents, hash_file
from .warc import CONFORMS_TO, FORMAT, WarcFiles

FULL_EVERY = {"weekly": timedelta(days=7), "monthly": timedelta(days=30), "yearly": timedelta(days=365)}

logger = structlog.get_logger(__name__)


class UnsealedError(DamagedError):
    """What was written does not read back as it was written."""


class StoppedError(ArchiveError):
    """The crawl was asked to stop. What it has is stored; run the same command again and it carries on."""


class UnpublishedError(ArchiveError):
    """The snapshot is sealed, but the catalogue does not know it yet. The next command tries again."""

    def __init__(self, snapshot: Snapshot, reason: ArchiveError) -> None:
        name = f"{snapshot.timestamp} of {snapshot.site}"
        super().__init__(f"Snapshot {name} is sealed, but not yet in the catalogue: {reason}")
        self.snapshot = snapshot


@dataclass(frozen=True, slots=True)
class Archive:
    """What a snapshot is made with. Built once, passed to whoever takes one."""

    settings: Settings
    collection: Collection
    shelves: Shelves
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    """Returns a WARC-Record-ID, brackets included."""
    stop: threading.Event
    resolve: Resolve | None = None
    """Names to addresses, where the network's own answer is not wanted."""


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
    _close_earlier_days(archive, site)
    folder = archive.collection.unfinished(site.name)
    folder = folder or archive.collection.begin(site.name, archive.now())
    sealed = _finish(archive, site, folder, Crawl.run, full=full, report=report)
    logger.info("snapshot", site=site.name, timestamp=sealed.timestamp, outcome=str(sealed.summary.outcome))
    try:
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
            _finish(archive, site, folder, lambda _: True, full=False, report=lambda _: None)
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
    frontier = Frontier(_frontier_path(archive.collection, folder))
    try:
        sealed = _take(archive, site, folder, frontier, crawled, full=full, report=report)
    except UnsealedError as error:
        aside = _set_aside(folder)
        raise DamagedError(f"{error} It is set aside in {aside}; the next attempt begins anew.") from error
    finally:
        frontier.close()
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
    before = tuple(islice(earlier(archive.collection, site.name, folder.timestamp), LOOK_BACK))
    everything = not before or full or full_is_due(archive.collection, site, folder.timestamp)
    files = _begin_files(archive, site, folder, frontier, full=everything)
    everything = frontier.meta("full") == "yes"
    crawl = Crawl(
        site=site,
        frontier=frontier,
        files=files,
        new_fetcher=lambda: new_fetcher(archive, site),
        previous=Previous(before, finder(archive.collection, site.name)) if before else None,
        deduplicate=not everything,
        now=archive.now,
        stop=archive.stop,
        report=report,
    )
    try:
        if not crawled(crawl):
            raise StoppedError(
                f"The crawl of {site.name} was stopped; {frontier.waiting()} addresses are waiting. "
                "What it has is stored; run the same command again to carry on."
            )
        _write_ledger(archive, folder, frontier, files)
    finally:
        files.close()
    return seal(archive, site, folder, frontier, before=before[0] if before else None, full=everything)


def seal(
    archive: Archive,
    site: Site,
    folder: SnapshotFolder,
    frontier: Frontier,
    *,
    before: SnapshotFolder | None,
    full: bool,
) -> SnapshotFolder:
    """Write index, pages and changes, read everything back, and give the folder its final name."""
    write_file(folder.index_path, frontier.index_lines())
    write_file(folder.pages_path, write_pages(frontier.pages()))
    kinds: Counter[Kind] = Counter()
    counts = frontier.counts()
    own_counts, server_errors = frontier.own_counts(), frontier.server_errors()
    outcome = judge(own_counts, server_errors)
    write_file(folder.changes_path, _change_lines(_changes(before, folder, outcome), kinds))
    problems = list(check_contents(folder, finder(archive.collection, site.name, folder)))
    if problems:
        raise UnsealedError(
            f"The snapshot in {folder.path} does not read back as it was written ({problems[0]}); it is not "
            f"sealed. Check the disk. Problems found: {len(problems)}."
        )
    own = _own_facts(archive.settings, site, folder.timestamp) | {
        "outcome": outcome.value,
        "counts": counts,
        "changes": {kind.value: kinds[kind] for kind in Kind},
        "changed": reported(kinds),
        "lacking": lacking(own_counts, server_errors),
        "full": full,
    }
    moment = parse_timestamp(folder.timestamp)
    title = f"{site.title or site.name} {own['day']}"
    described = package.describe(title, site.seeds[0], moment, package.resources(folder.path, hash_file), own)
    package.write_package(folder.path, described, hash_file)
    sealed = archive.collection.at(site.name, folder.timestamp)
    publish_dir(folder.path, sealed.path)
    return sealed


def _own_facts(settings: Settings, site: Site, timestamp: str) -> dict[str, Any]:
    """Return what datapackage.json tells under `daykeep`, but for what the crawl brought."""
    return {
        "site": site.name,
        "timestamp": timestamp,
        "day": local_date(timestamp, settings.zone).isoformat(),
        "demonstration": site.demonstration,
        "timezone": settings.timezone,
    }


def _set_aside(folder: SnapshotFolder) -> Path:
    """Give a snapshot that cannot be sealed a name by which nothing takes it up again, and return it."""
    aside = folder.path.with_suffix(".damaged")
    with storage(f"set {folder.path} aside"):
        folder.path.rename(aside)
        sync_dir(aside.parent)
    return aside


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


def finder(
    collection: Collection, site: str, partial: SnapshotFolder | None = None
) -> Callable[[str, str], Path]:
    """Return the function that tells where a WARC of a snapshot stands, an unsealed one included."""

    def find(snapshot: str, filename: str) -> Path:
        if partial is not None and snapshot == partial.timestamp:
            return partial.warc(filename)
        return collection.at(site, snapshot).warc(filename)

    return find


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
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _frontier_path(collection: Collection, folder: SnapshotFolder) -> Path:
    return collection.state / "frontier" / f"{folder.site}-{folder.timestamp}.sqlite"


def _begin_files(
    archive: Archive, site: Site, folder: SnapshotFolder, frontier: Frontier, *, full: bool
) -> WarcFiles:
    files = WarcFiles(
        folder.path / "archive",
        f"{site.name}-{folder.timestamp}",
        compression=site.compression,
        warcinfo=warcinfo(archive.settings, site),
        now=archive.now,
        new_id=archive.new_id,
    )
    for path in (folder.index_path, folder.pages_path, folder.ledger_path):
        path.parent.mkdir(exist_ok=True)  # a crash may have come between them
    files.resume(frontier.position())
    if not frontier.meta("begun"):
        configuration = msgspec.json.encode(site)
        capture = files.resource(
            "urn:daykeep:configuration", "application/json", configuration, archive.now()
        )
        frontier.add_capture(capture)
        frontier.commit(files.sync(), begun=folder.timestamp, full="yes" if full else "no")
    return files


def warcinfo(settings: Settings, site: Site) -> dict[str, str]:
    """Return the named fields of the warcinfo record (ISO 28500:2017 section 6.2)."""
    digest = hashlib.sha256(msgspec.json.encode(site)).hexdigest()
    fields = {
        "software": package.SOFTWARE,
        "format": FORMAT,
        "conformsTo": CONFORMS_TO,
        "description": f"daily snapshot of {site.title or site.name}",
        "isPartOf": site.name,
        "robots": "obey" if site.robots == "obey" else "ignore",
        "http-header-user-agent": site.user_agent,
        "daykeep-configuration": f"sha256:{digest}",
        "daykeep-timezone": settings.timezone,
    }
    if site.demonstration:
        fields["description"] += " (DEMONSTRATION: a fictional site with a clock that was set by hand)"
    return fields


def _write_ledger(archive: Archive, folder: SnapshotFolder, frontier: Frontier, files: WarcFiles) -> None:
    """Close the books: what is left has an outcome too, and the ledger becomes a file and a record."""
    if frontier.meta("closed"):
        return
    frontier.finish_waiting(Result(UrlOutcome.NOT_REACHED, reason="the crawl ended before it"))
    write_file(folder.ledger_path, write_lines(frontier.entries()))
    ledger = folder.ledger_path.read_bytes()
    frontier.add_capture(files.resource("urn:daykeep:ledger", "application/jsonl", ledger, archive.now()))
    frontier.commit(files.sync(), closed="yes")


def _changes(before: SnapshotFolder | None, folder: SnapshotFolder, outcome: Outcome) -> Iterable[Change]:
    if outcome is Outcome.FAILED:
        return ()
    return merge(before.index.captures() if before else (), folder.index.captures())


def _change_lines(changes: Iterable[Change], kinds: Counter[Kind]) -> Iterable[bytes]:
    """Yield a line for every URL that is not as it was, and count all of them."""
    encoder = msgspec.json.Encoder()
    for change in tally(changes, kinds):
        if change.kind is not Kind.UNCHANGED:
            line = {
                "kind": change.kind.value,
                "url": change.url,
                "before": change.before.digest if change.before else None,
                "after": change.after.digest if change.after else None,
                "status": change.after.effective_status if change.after else None,
            }
            yield encoder.encode(line) + b"\n"
