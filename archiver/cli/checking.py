# SPDX-License-Identifier: EUPL-1.2
"""The command that reads everything again: verify. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from index import history
from index.errors import ArchiveError, ConfigurationError, DamagedError, NotFoundError

from .. import runs
from ..checking.package_check import PACKAGE, check_kept
from ..checking.problem import Kind, Problem, told
from ..checking.verifying import Read, cores, size_of, verify_days
from ..seals import NAME, Kept, Newest, Torn, elsewhere, newest, newest_path, seals_path, survey
from ..seals import Row as Told
from ..snapshot_folder import SnapshotFolder
from . import show
from .compose import Reading, find_snapshot, history_path, place_of, reading, require_site, runs_path, utc_now

DONE, WITH_PROBLEMS = 0, 3

Row = tuple[str, Problem]
"""A site, and what is wrong with a day of it."""


@click.command("verify")
@click.argument("site", required=False)
@click.argument("date", required=False)
@click.option("--from", "first", metavar="DATE", help="Only the days from this one on.")
@click.option("--to", "last", metavar="DATE", help="Only the days up to and with this one.")
@click.option("--conformance", is_flag=True, help="Hold every record to the rules of WARC/1.1, too.")
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Digests kept elsewhere: what `daykeep snapshots SITE --json` said, or a copy of seals.jsonl.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes that read. [default: one a core]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def verify_command(
    config: str,
    site: str | None,
    date: str | None,
    first: str | None,
    last: str | None,
    conformance: bool,
    against: Path | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """
    Read everything again, of all sites, of one SITE, or of one DATE, and print each problem.

    Every byte of the chosen days is read: digests, records against the index, ledger, pages and changes, what
    revisits refer to, datapackage.json, and the digest of it that is kept outside the day's folder. With
    --against the digests are those that somebody else kept. With --conformance advice is printed as well,
    and is no problem.

    Exit status: 0 everything is as it was sealed; 1 could not; 2 wrong usage; 3 problems were found.
    """
    if (first or last) and (date or not site):
        raise ConfigurationError("--from and --to choose days of one SITE; give that, and no DATE.")
    counted = _Counted(as_json=as_json)
    archive = reading(config)
    folders = _chosen(archive, site, date, first, last)
    sites = [site] if site else archive.collection.sites()
    whole = not (date or first or last)
    kept = elsewhere(against.read_bytes()) if against else None
    counted.take(_sealed(archive, sites, folders, whole=whole))
    if kept is not None:
        counted.take(_against(archive, folders, kept, str(against), whole=whole))
    total = sum(map(size_of, folders)) * (2 if conformance else 1)
    now = utc_now() if conformance else None
    results = verify_days(archive.collection, folders, jobs=jobs or cores(), conformance=now)
    with show.byte_progress(total) as progress:
        counted.take(_rows(results, progress))
    counted.conclude(len(folders))
    return WITH_PROBLEMS if counted.problems else DONE


class _Counted:
    """Problems on their way to whoever asked."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._rows: list[dict[str, Any]] = []
        self.problems = 0
        self.advice = 0

    def take(self, rows: Iterable[Row]) -> None:
        """Print problems as they come, or keep them for the one document."""
        for site, problem in rows:
            self.advice += problem.advice
            self.problems += not problem.advice
            if self._as_json:
                self._rows.append({"site": site, **msgspec.to_builtins(problem)})
            else:
                show.line(f"{site} {problem}")

    def conclude(self, snapshots: int) -> None:
        """Say how much was read and found."""
        if self._as_json:
            show.json_document({"snapshots": snapshots, "problems": self._rows})
        else:
            advice = f", {self.advice} piece(s) of advice" if self.advice else ""
            show.note(f"{snapshots} snapshot(s) read, {self.problems} problem(s){advice}.")


def _rows(
    results: Iterator[tuple[SnapshotFolder, Problem | Read]], progress: Callable[[str, int], None]
) -> Iterator[Row]:
    for folder, result in results:
        if isinstance(result, Read):
            progress(folder.timestamp, result.bytes)
        else:
            yield folder.site, result


def _sealed(
    archive: Reading, sites: Iterable[str], folders: list[SnapshotFolder], *, whole: bool
) -> Iterator[Row]:
    """Yield what differs from the digests kept outside the days' folders, and the days that are gone."""
    chosen = {(folder.site, folder.timestamp): folder for folder in folders}
    for site in sites:
        known: set[str] = set()
        for problem in told("", NAME, _seals(archive, site, chosen, known)):
            yield site, problem
        if whole:
            yield from _gone(archive, site, known)


def _seals(
    archive: Reading, site: str, chosen: dict[tuple[str, str], SnapshotFolder], known: set[str]
) -> Iterator[Problem]:
    """Go through the seals of a site, on after every fault, and add their days to the known ones."""
    remembered: Newest | None = None
    try:
        remembered = newest(archive.collection, site)
    except DamagedError as error:
        yield Problem(Kind.SEAL, "", NAME, None, str(error))
    late: dict[str, list[str]] = {}
    for kept in survey(seals_path(archive.collection, site)):
        if isinstance(kept, str):
            yield Problem(Kind.SEAL, "", NAME, None, str(kept), advice=isinstance(kept, Torn))
            continue
        remembered = None if remembered and remembered.seal == kept.digest else remembered
        known.add(kept.seal.snapshot)
        if folder := chosen.get((site, kept.seal.snapshot)):
            yield from told(folder.timestamp, PACKAGE, check_kept(folder, kept.seal.package, NAME))
            late.setdefault(kept.seal.late, []).append(folder.timestamp)
    if remembered is not None:
        yield Problem(Kind.SEAL, "", NAME, None, _forgotten(archive, site, remembered))
    yield from _late(late)
    yield from _unkept({name for where, name in chosen if where == site} - known)


def _late(late: dict[str, list[str]]) -> Iterator[Problem]:
    """Yield since when digests are known that were not kept when their days were sealed."""
    for moment, names in late.items():
        if moment:
            what = f"the digest of {_these(names)} is known since {moment} only: nothing is known of before"
            yield Problem(Kind.SEAL, max(names), NAME, None, what, advice=True)


def _unkept(names: set[str]) -> Iterator[Problem]:
    if names:
        what = f"the digest of {_these(names)} is kept nowhere outside its folder yet"
        yield Problem(Kind.SEAL, max(names), NAME, None, what, advice=True)


def _forgotten(archive: Reading, site: str, remembered: Newest) -> str:
    return (
        f"the line of snapshot {remembered.snapshot or 'unknown'} that this machine wrote last "
        f"({remembered.seal}) is no longer there: the file was cut, made anew, or is an old copy. "
        "Restore it from a newer copy; where there is none, compare with digests kept elsewhere, then "
        f"remove {newest_path(archive.collection, site)}"
    )


def _these(names: Collection[str]) -> str:
    return min(names) if len(names) == 1 else f"{len(names)} snapshots, {min(names)} to {max(names)},"


def _gone(archive: Reading, site: str, known: set[str]) -> Iterator[Row]:
    """Yield the snapshots that are gone: those of the seals, of the catalogue and of the table of runs."""
    for path, ask in (
        (history_path(archive.collection), history.known_snapshots),
        (runs_path(archive.collection), runs.known_snapshots),
    ):
        try:
            known |= ask(path, site)
        except ArchiveError as error:
            what = f"which snapshots there were cannot be asked: {error}"
            yield site, Problem(Kind.GONE, "", str(path.relative_to(archive.collection.root)), None, what)
    for timestamp in sorted(known - set(archive.collection.timestamps(site))):
        what = "this snapshot was sealed, and its folder is gone; restore it from a copy"
        yield site, Problem(Kind.GONE, timestamp, "snapshots", None, what)


def _against(
    archive: Reading, folders: list[SnapshotFolder], kept: list[Told], where: str, *, whole: bool
) -> Iterator[Row]:
    """Hold days and seals against what somebody kept. Raises ConfigurationError where none is of these."""
    there = {folder.timestamp: folder for folder in folders}
    sites = {folder.site for folder in folders}
    ours = [row for row in kept if row.name in there or (whole and row.site in {"", *sites})]
    if not ours:
        raise ConfigurationError(f"{where} has no digest of any of these snapshots; nothing can be compared.")
    everywhere = {name for site in archive.collection.sites() for name in archive.collection.timestamps(site)}
    for row in sorted(ours, key=lambda row: row.name):
        folder = there.get(row.name)
        if folder and row.package:
            for problem in told(row.name, PACKAGE, check_kept(folder, row.package, where)):
                yield folder.site, problem
        elif not folder and row.name not in everywhere:
            what = f"{where} has a digest of this snapshot, and its folder is gone"
            yield row.site or min(sites), Problem(Kind.GONE, row.name, "snapshots", None, what)
    yield from _unsealed(archive, ours, where)


def _unsealed(archive: Reading, kept: list[Told], where: str) -> Iterator[Row]:
    """Yield the first line of seals.jsonl that somebody kept the digest of and that is no longer there."""
    paths = [seals_path(archive.collection, site) for site in archive.collection.sites()]
    there = {one.digest for path in paths for one in survey(path) if isinstance(one, Kept)}
    gone = sorted((row.name, row.seal, row.site) for row in kept if row.seal and row.seal not in there)
    if gone:
        name, seal, site = gone[0]
        what = (
            f"the line of this snapshot ({seal}) that {where} speaks of is not there, nor {len(gone) - 1} of "
            "others: the file was made anew, or a line before it was changed"
        )
        yield site, Problem(Kind.SEAL, name, NAME, None, what)


def _chosen(
    archive: Reading, site: str | None, date: str | None, first: str | None, last: str | None
) -> list[SnapshotFolder]:
    if site and date:
        return [find_snapshot(archive, site, date)]
    sites = [require_site(archive, site)] if site else archive.collection.sites()
    folders = [folder for name in sites for folder in archive.collection.snapshots(name)]
    if first:
        folders = [folder for folder in folders if place_of(archive, folder, first) >= 0]
    if last:
        folders = [folder for folder in folders if place_of(archive, folder, last) <= 0]
    if not folders:
        raise NotFoundError("There is no snapshot to verify; `daykeep snapshots SITE` lists what there is.")
    return folders
