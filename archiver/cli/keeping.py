# SPDX-License-Identifier: EUPL-1.2
"""The commands that keep what was made: export, verify, rebuild."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
import msgspec

from index.errors import ArchiveError, BusyError, NotFoundError, StorageError
from index.history import History
from index.urlkey import normalise

from ..collection import Collection, SnapshotFolder, finder
from ..durable import storage
from ..export import Exported, export
from ..profiles import chosen, profiles
from ..publish import rebuild
from ..settings import load
from ..snapshot import Archive
from ..verify import Problem, verify
from . import show
from .compose import find_snapshot, find_snapshots, history_path, opened, require_site, runs_of, shelves

DONE, WITH_PROBLEMS = 0, 3

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.command("export")
@click.argument("site")
@click.argument("date")
@click.option("--to", "last", metavar="DATE", help="Every day from DATE to this one, both included.")
@click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="File or folder to write.",
)
@click.option("--profile", "name", default="wacz", show_default=True, help="What kind of copy.")
@click.option("--url", "prefix", help="Only addresses that begin with this.")
@json_option
@click.pass_obj
def export_command(
    config: str,
    site: str,
    date: str,
    last: str | None,
    target: Path,
    name: str,
    prefix: str | None,
    as_json: bool,
) -> int:
    r"""
    Write a self-contained copy of SITE on DATE for an auditor, and read it back.

    \b
    wacz          one file that any WACZ viewer opens, with full responses in place
                  of references to earlier days
    warc          the WARC files as stored, in a folder with a manifest, or one
                  file if the name ends in .warc.gz or .warc
    nl-richtlijn  as the Dutch guideline asks: not compressed, at most 1 GB a
                  file, full responses in place of references to earlier days
    mdto          the same as a transfer package for an archive institution
    wacz-stored   one file with the records as stored, byte for byte

    What this day refers to in earlier days goes along. Kinds of your own stand in `profiles/` beside the
    configuration.

    Exit status: 0 done; 1 no such day or address, or the file is there already; 2 wrong usage; 3 written, but
    something in it is not as the archive has it.
    """
    with opened(config) as archive, show.bytes_done("Exporting") as tell:
        profile = chosen(profiles(Path(config).resolve().parent), name)
        days = find_snapshots(archive, site, date, last)
        written = export(
            days,
            finder(archive.collection, site),
            target,
            profile=profile,
            url=(normalise(prefix) or prefix) if prefix else None,
            settings=archive.settings,
            tell=tell,
        )
    timestamps = [day.timestamp for day in days]
    if as_json:
        row = msgspec.to_builtins(written, enc_hook=str)
        show.json_document({"site": site, "snapshot": timestamps[-1], "snapshots": timestamps, **row})
    else:
        show.line(_told(written, timestamps))
    if written.differences:
        show.note(
            f"{written.differences} thing(s) are not as the archive has them, each named in the report. "
            f"The first: {written.first}"
        )
    return WITH_PROBLEMS if written.differences else DONE


def _told(written: Exported, timestamps: list[str]) -> str:
    """Return what was written as a sentence."""
    when = timestamps[0] if len(timestamps) == 1 else f"{len(timestamps)} days to {timestamps[-1]}"
    with_what = f"with {written.originals} records of other days they refer to"
    if written.rebuilt:
        with_what = f"{written.rebuilt} of them made full responses again"
    return (
        f"{written.path}: {written.captures} captures of {when}, {with_what}; {written.files} file(s), "
        f"{show.size(written.bytes)}; {written.compared} payloads read back, "
        f"{written.differences or 'no'} difference(s)."
    )


@click.command("verify")
@click.argument("site", required=False)
@click.argument("date", required=False)
@json_option
@click.pass_obj
def verify_command(config: str, site: str | None, date: str | None, as_json: bool) -> int:
    """
    Read everything again, of all sites, of one SITE, or of one DATE, and print each problem.

    Exit status: 0 everything is as it was sealed; 1 could not; 2 wrong usage; 3 problems were found.
    """
    rows = []
    with opened(config) as archive, show.steps("Verifying") as step:
        gone = [] if date else list(_gone(archive, [site] if site else archive.collection.sites()))
        folders = _chosen(archive, site, date)
        for name, problem in chain(gone, _problems(archive, folders, step)):
            rows.append({"site": name, **msgspec.to_builtins(problem)})
            if not as_json:
                show.line(f"{name} {problem}")
    if as_json:
        show.json_document({"snapshots": len(folders), "problems": rows})
    else:
        show.note(f"{len(folders)} snapshot(s) read, {len(rows)} problem(s).")
    return WITH_PROBLEMS if rows else DONE


def _problems(
    archive: Archive, folders: list[SnapshotFolder], step: Callable[[str, int, int], None]
) -> Iterator[tuple[str, Problem]]:
    for number, folder in enumerate(folders, 1):
        step(f"{folder.site} {folder.timestamp}", number, len(folders))
        for problem in verify(folder, finder(archive.collection, folder.site)):
            yield folder.site, problem


def _gone(archive: Archive, sites: Iterable[str]) -> Iterator[tuple[str, Problem]]:
    """Yield the snapshots that the catalogue or the table of runs knows, and the disk does not."""
    runs = runs_of(archive.collection)
    for site in sites:
        known = {snapshot.timestamp for snapshot in archive.shelves.history.snapshots(site)}
        known |= {run.snapshot for run in runs.of(site) if run.snapshot}
        for timestamp in sorted(known - set(archive.collection.timestamps(site))):
            what = "this snapshot was sealed, and its folder is gone; restore it from a copy"
            yield site, Problem(timestamp, "snapshots", None, what)


def _chosen(archive: Archive, site: str | None, date: str | None) -> list[SnapshotFolder]:
    if site and date:
        return [find_snapshot(archive, site, date)]
    sites = [require_site(archive, site)] if site else archive.collection.sites()
    folders = [folder for name in sites for folder in archive.collection.snapshots(name)]
    if not folders:
        raise NotFoundError("There is no snapshot to verify yet; take one with `daykeep crawl SITE`.")
    return folders


@click.command("rebuild")
@json_option
@click.pass_obj
def rebuild_command(config: str, as_json: bool) -> int:
    """
    Make everything under catalogue/ again from the sealed snapshots. Safe at any time.

    Exit status: 0 done; 1 could not; 2 faulty configuration; 3 done, but for snapshots that are damaged.
    """
    collection = Collection.create(load(Path(config)).root)
    _empty(collection)
    problems: list[str] = []

    def tell(folder: SnapshotFolder, error: ArchiveError) -> None:
        problems.append(f"{folder.site} {folder.timestamp}: {error}")

    with shelves(collection) as opened_shelves, show.steps("Rebuilding") as step:
        done = rebuild(
            collection, opened_shelves, lambda f, n, total: step(f"{f.site} {f.timestamp}", n, total), tell
        )
    if as_json:
        show.json_document({"snapshots": done, "problems": problems})
    else:
        show.line(f"{done} snapshot(s) are in the catalogue.")
    for problem in problems:
        show.note(problem)
    return WITH_PROBLEMS if problems else DONE


def _empty(collection: Collection) -> None:
    """
    Forget what was published; the file itself is deleted only where it cannot be read.

    A viewer or a crawl that has it open goes on with the same file, and sees what is published anew.
    """
    path = history_path(collection)
    with collection.publishing():
        try:
            with History(path) as history:
                history.clear()
        except (BusyError, StorageError):
            raise
        except ArchiveError:
            with storage(f"delete {path}"):
                for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                    path.with_name(name).unlink(missing_ok=True)
        with storage(f"empty {collection.catalogue}"):
            shutil.rmtree(collection.catalogue / "search", ignore_errors=False, onerror=_not_there)


def _not_there(_function: object, _path: str, error: Any) -> None:
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]
