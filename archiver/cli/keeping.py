# SPDX-License-Identifier: EUPL-1.2
"""The commands that keep what was made: export, rebuild."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click
import msgspec

from index.errors import ArchiveError
from index.urlkey import normalise

from ..collection import Collection, finder
from ..exporting.export import Exported, export
from ..exporting.profiles import chosen, profiles
from ..rebuilding import rebuild_beside
from ..seals import keep_found
from ..settings import load
from ..snapshot_folder import SnapshotFolder
from ..takedowns import read_takedowns, takedowns_path, withheld_in
from . import show
from .compose import find_snapshots, opened, shelves_below, utc_now

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
@click.option(
    "--public", is_flag=True, help="Write nothing where something of it is withheld (daykeep hide)."
)
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
    public: bool,
    as_json: bool,
) -> int:
    r"""
    Write a self-contained copy of SITE on DATE for an auditor, and read it back.

    \b
    wacz          to look at: one file that any WACZ viewer opens, with full
                  responses in place of references to earlier days
    warc          to keep or to check: the WARC files byte for byte as they were
                  sealed, in a folder with a manifest, or one file if the name
                  ends in .warc.gz or .warc
    nl-richtlijn  to hand over as the Dutch guideline asks: not compressed, at
                  most 1 GB a file, full responses in place of references
    mdto          the same as a transfer package for an archive institution
    wacz-stored   to keep in one file: the records as stored, byte for byte

    What this day refers to in earlier days goes along. Kinds of your own stand in `profiles/` beside the
    configuration. What is withheld from the public goes along too, and that is said; with --public nothing
    is written then.

    Exit status: 0 done; 1 no such day or address, the file is there already, or --public and something is
    withheld; 2 wrong usage; 3 written, but something in it is not as the archive has it.
    """
    with opened(config) as archive, show.bytes_done("Exporting") as tell:
        profile = chosen(profiles(Path(config).resolve().parent), name)
        days = find_snapshots(archive, site, date, last)
        address = (normalise(prefix) or prefix) if prefix else None
        withheld = _withheld(archive.collection, days, address or "")
        if public and withheld:
            raise ArchiveError(
                f"{withheld}, so nothing is written with --public. Without it all goes along, with --url "
                "only addresses that begin so."
            )
        written = export(
            days,
            finder(archive.collection, site),
            target,
            profile=profile,
            url=address,
            settings=archive.settings,
            tell=tell,
        )
    timestamps = [day.timestamp for day in days]
    if as_json:
        row = msgspec.to_builtins(written, enc_hook=str)
        show.json_document({"site": site, "snapshot": timestamps[-1], "snapshots": timestamps, **row})
    else:
        show.line(_told(written, timestamps))
    if withheld:
        show.note(f"{withheld}: hand this copy to those alone who may have it.")
    if written.differences:
        show.note(
            f"{written.differences} thing(s) are not as the archive has them, each named in the report. "
            f"The first: {written.first}"
        )
    return WITH_PROBLEMS if written.differences else DONE


def _withheld(collection: Collection, days: Iterable[SnapshotFolder], prefix: str) -> str:
    """Return in words what of these days is withheld from the public; empty where nothing is."""
    register = read_takedowns(takedowns_path(collection))
    found = {
        capture.url
        for day in (days if register else ())
        for capture, _ in withheld_in(register, day, partial(_day_of, day), prefix)
    }
    first = min(found, default="")
    return f"{len(found)} address(es) of it are withheld from the public, such as {first}" if found else ""


def _day_of(day: SnapshotFolder, _snapshot: str) -> str:
    return day.summary.day


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


@click.command("rebuild")
@json_option
@click.pass_obj
def rebuild_command(config: str, as_json: bool) -> int:
    """
    Make everything under catalogue/ again from the sealed snapshots. Safe at any time.

    It is made beside the one in use, which answers until the new one is whole. Stopped, it goes on where it
    was.

    Exit status: 0 done; 1 could not; 2 faulty configuration; 3 done, but for snapshots that are damaged.
    """
    collection = Collection.create(load(Path(config)).root)
    keep_found(collection, utc_now())
    problems: list[str] = []

    def tell(folder: SnapshotFolder, error: ArchiveError) -> None:
        problems.append(f"{folder.site} {folder.timestamp}: {error}")

    with show.steps("Rebuilding") as step:
        done = rebuild_beside(
            collection, shelves_below, lambda f, n, total: step(f"{f.site} {f.timestamp}", n, total), tell
        )
    if as_json:
        show.json_document({"snapshots": done, "problems": problems})
    else:
        show.line(f"{done} snapshot(s) are in the catalogue.")
    for problem in problems:
        show.note(problem)
    return WITH_PROBLEMS if problems else DONE
