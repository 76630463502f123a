# SPDX-License-Identifier: EUPL-1.2
"""The command that reports on a day against the Dutch guideline: conform."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from ..archive import Archive
from ..conformance.page import page
from ..conformance.report import report
from ..conformance.rules import Fact, Language, Report, Table, document, load, sentence
from ..conformance.subject import Subject
from ..durable import write_file
from ..exporting.export import export
from ..exporting.profiles import built_in
from . import show
from .compose import find_snapshot, opened, runs_of

DONE, WITH_PROBLEMS = 0, 3


@click.command("conform")
@click.argument("site")
@click.argument("date")
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
    site: str,
    date: str,
    as_json: bool,
    target: Path | None,
    language: Language | None,
    exported: Path | None,
) -> int:
    """
    Measure SITE on DATE against the Dutch guideline for archiving government websites, rule by rule.

    Every rule is measured on the files: pass, fail or not applicable, with the measured fact and the file.
    The day is read several times, and a transfer package is made of it and thrown away.

    Exit status: 0 no rule fails; 1 could not; 2 wrong usage; 3 one rule or more fails.
    """
    table = load()
    with opened(config) as archive, show.steps("Measuring") as step:
        subject = _subject(archive, site, date, exported)
        chosen: Language = language or archive.settings.language
        measured = report(subject, table, lambda path: _make(subject, path), step)
    if target is not None:
        write_file(target, [page(table, measured, chosen).encode("utf-8", "replace")])
    if as_json:
        show.json_document(document(table, measured))
    else:
        _print(table, measured, chosen)
    return WITH_PROBLEMS if measured.failed else DONE


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


def _make(subject: Subject, path: Path) -> None:
    """Write a transfer package of the day, to try whether that can be done."""
    export([subject.folder], subject.find, path, profile=built_in()["mdto"], settings=subject.settings)


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
