# SPDX-License-Identifier: EUPL-1.2
"""The command that reports on a day against the Dutch guideline: conform."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from index.errors import ConfigurationError

from ..archive import Archive
from ..conformance.kept import report_of
from ..conformance.measuring import Measuring, measured
from ..conformance.page import page
from ..conformance.rules import Fact, Language, Report, Table, Verdict, document, load, sentence
from ..conformance.subject import Subject
from ..durable import write_file
from . import show
from .compose import find_snapshot, opened, require_site, runs_of
from .stopping import stop_on_signals

DONE, WITH_PROBLEMS = 0, 3


@click.command("conform")
@click.argument("site", required=False)
@click.argument("date", required=False)
@click.option("--waiting", is_flag=True, help="Measure every day, of SITE or of all, that has no report yet.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, in both languages.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file to write; one that is there already is replaced.",
)
@click.option(
    "--language",
    type=click.Choice(get_args(Language)),
    help="Of the HTML and of the lines on stdout; the configuration's, if not given.",
)
@click.option(
    "--export",
    "exported",
    type=click.Path(path_type=Path),
    help="Measure the WARC files, and the packing slip, of this export of the day.",
)
@click.pass_obj
def conform_command(
    config: str,
    site: str | None,
    date: str | None,
    waiting: bool,
    as_json: bool,
    target: Path | None,
    language: Language | None,
    exported: Path | None,
) -> int:
    """
    Measure SITE on DATE against the Dutch guideline for archiving government websites, rule by rule.

    Every rule is measured on the files: pass, fail or not applicable, with the measured fact and the file.
    The day is read several times, and a transfer package is made of it and thrown away. The report is kept,
    and the viewer shows it; the daily job measures days that have none. With --waiting this does so too, the
    newest day first, and prints a line for each.

    Exit status: 0 no rule fails, or with --waiting all could be measured; 1 could not; 2 wrong usage; 3 one
    rule or more fails, or with --waiting a day could not be measured.
    """
    if waiting:
        if date or as_json or target or language or exported:
            raise ConfigurationError("--waiting measures every day that waits: give it a SITE at most.")
        return _measure_waiting(config, site)
    if not site or not date:
        raise ConfigurationError("Which day? Give SITE and DATE, or --waiting for all that have no report.")
    table = load()
    with opened(config) as archive, show.steps("Measuring") as step:
        chosen: Language = language or archive.settings.language
        found = measured(_subject(archive, site, date, exported), table, step)
    if target is not None:
        write_file(target, [page(table, found, chosen).encode("utf-8", "replace")])
    if as_json:
        show.json_document(document(table, found))
    else:
        _print(table, found, chosen)
    return WITH_PROBLEMS if found.failed else DONE


def _measure_waiting(config: str, site: str | None) -> int:
    stop = stop_on_signals()
    status = DONE
    with opened(config, stop=stop) as archive:
        sites = [require_site(archive, site)] if site else None
        measuring = Measuring(archive.settings, archive.collection, archive.now, stop)
        while (one := measuring.next(sites)) is not None:
            name = f"{one.folder.site} {one.folder.timestamp}"
            kept = report_of(archive.collection, one.folder)
            if kept is None:
                status = WITH_PROBLEMS
                show.line(f"{name}: {one.problem or 'no report'}")
            else:
                show.line(f"{name}: " + ", ".join(f"{kept.counts[one.value]} {one.value}" for one in Verdict))
    return status


def _subject(archive: Archive, site: str, date: str, exported: Path | None) -> Subject:
    return Subject(
        folder=find_snapshot(archive, site, date),
        collection=archive.collection,
        settings=archive.settings,
        history=archive.shelves.history,
        catalogue=archive.shelves.catalogue,
        runs=tuple(runs_of(archive.collection).of(site)),
        now=archive.now(),
        export=exported,
    )


def _told(table: Table, fact: Fact, language: Language) -> str:
    """Return a fact with the places that are named, on one line."""
    places = list(fact.examples)
    if fact.more:
        places.append(table.words["more"].in_(language).format(count=fact.more))
    said = sentence(table, fact, language)
    return f"{said} [{'; '.join(places)}]" if places else said


def _print(table: Table, measured: Report, language: Language) -> None:
    rows = []
    for finding in measured.findings:
        verdict = table.words[finding.verdict.value].in_(language)
        facts = " ".join(_told(table, fact, language) for fact in finding.facts)
        rows.append((finding.rule.id, verdict, finding.rule.title.in_(language), facts, finding.file))
    words = table.words
    heads = [words[key].in_(language) for key in ("rule", "verdict", "subject", "facts", "file")]
    show.table(heads, rows)
