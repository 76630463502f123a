# SPDX-License-Identifier: EUPL-1.2
"""The command that brings files of other tools in: import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from index.errors import ArchiveError

from ..importing.imports import Report, bring
from ..importing.taking import FileReport
from . import show
from .compose import find_site, opened

DONE, WITH_PROBLEMS = 0, 3


@click.command("import")
@click.argument("site")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(path_type=Path),
)
@click.option("--no-text", is_flag=True, help="Do not read pages: no search by their words, no titles.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def import_command(config: str, site: str, files: tuple[Path, ...], no_text: bool, as_json: bool) -> int:
    """
    Import web archives of any tool into SITE, as a snapshot for each calendar day they hold.

    FILE is a WARC (0.18, 1.0, 1.1), ARC or WACZ, plain or compressed with gzip or zstd; its content decides,
    not its name. What wget, Heritrix, Browsertrix, warcprox, pywb, HTTrack and ArchiveBox write is taken.

    Every file is kept byte for byte. Each record goes to the day of its date where the site is, and is found
    by its address as a crawled one is. What cannot be read is told with file and offset, and the rest is
    imported; logs/import.jsonl in each snapshot has it all. Give all files of a crawl at once: they refer to
    each other. A file that was imported before is recognised, and nothing is done.

    Exit status: 0 done, or there already; 1 could not; 2 wrong usage, or no such site; 3 done, with problems
    that are in the report.
    """
    with opened(config) as archive, show.byte_progress(2 * sum(map(_size, files))) as progress:
        report = bring(archive, find_site(archive, site), files, texts=not no_text, progress=progress)
    if as_json:
        show.json_document(_document(report))
    else:
        for line in _lines(report):
            show.line(line)
    if not report.snapshots and all(one.problem for one in report.files):
        raise ArchiveError(f"Nothing was imported: {report.files[0].problem}")
    return DONE if report.whole else WITH_PROBLEMS


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _document(report: Report) -> dict[str, object]:
    return {
        "site": report.site,
        "files": msgspec.to_builtins(report.files),
        "snapshots": [show.snapshot_row(one) for one in report.snapshots],
        "unresolved": report.unresolved,
        "loose": report.loose,
        "unpublished": report.unpublished,
    }


def _lines(report: Report) -> Iterator[str]:
    for one in report.files:
        yield _sentence(one)
    for snapshot in report.snapshots:
        yield show.describe(snapshot)
    if report.unresolved:
        yield (
            f"{report.unresolved} revisits refer to records that are not in this archive; their pages show a "
            "gap. Import the files that they refer to first, and these again into another site."
        )
    if report.loose:
        yield f"Of records that did not come whole: {_number(report.loose, 'segment')}, kept and not indexed."
    if report.unpublished:
        yield f"What was imported is sealed, but not yet in the catalogue: {report.unpublished}"


def _number(count: int, what: str, more: str = "s") -> str:
    return f"{count} {what}{'' if count == 1 else more}"


def _sentence(one: FileReport) -> str:
    if one.problem:
        return f"{one.file}: nothing imported. {one.problem}"
    if one.same_as:
        return f"{one.file}: the same bytes as {one.same_as}; nothing was done."
    if one.already and set(one.already) >= set(one.days):
        return f"{one.file}: imported before ({', '.join(one.already)}); nothing was done."
    days = f"{one.days[0]} to {one.days[-1]}" if len(one.days) > 1 else one.days[0]
    already = f" {', '.join(one.already)} had been imported before." if one.already else ""
    faults = ""
    if one.problems:
        skipped = _number(one.skipped, "stretch", "es")
        faults = f" {_number(one.problems, 'problem')}, of which {skipped} skipped."
    records = f"{_number(one.records, 'record')}, {one.indexed} of them indexed"
    return f"{one.file}: {one.form}, {show.size(one.bytes)}, {records}, {days}.{already}{faults}"
