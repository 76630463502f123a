# SPDX-License-Identifier: EUPL-1.2
"""
The report on one day: each rule of the guideline, measured on the finished files.

    one pass over every record of the WARCs ──▶ R8 R9 R10 R11 R16
    files, ledger, index, table of runs     ──▶ R1 to R7 R12 R13 R17
    a transfer package                      ──▶ R14 R15

A rule that cannot be measured because something is damaged fails, and says why; the others are measured all
the same. Knows nothing of how a report is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from index.errors import ArchiveError

from .. import package
from .days import every_day, full_every_year, public_in_time
from .files import catalogue, quality, size, standard, uncompressed
from .ledger import not_harvested, path_to_a_page, whole_site
from .records import Addresses, Fields, Finder, Infos, Pairs, Secrets, Seen, watch
from .rules import Fact, Finding, Report, Rule, Table, Verdict
from .subject import Subject
from .transfer import Make, metadata, package_of, slip

Measure = Callable[[Rule], Finding]


def report(
    subject: Subject, table: Table, make: Make, step: Callable[[str, int, int], None] = lambda *_: None
) -> Report:
    """
    Measure every rule of a table and return the report.

    `make` writes a transfer package of the snapshot to try whether that can be done; `step` is told each
    rule as it begins. Raises StorageError where the disk refuses, NotFoundError for an export without WARCs,
    DamagedError where the day is too damaged to say what it is.
    """
    rules = {rule.id: rule for rule in table.rule}
    step("WARC", 0, len(rules) + 2)
    summary, warcs = subject.folder.summary, subject.warcs
    watches: dict[str, Finder] = {
        "R9": Infos(rules["R9"]),
        "R10": Fields(rules["R10"]),
        "R11": Addresses(),
        "R16": Secrets(),
    }
    pairs = Pairs()
    seen = watch(warcs, subject.where, [*watches.values(), pairs])
    step("MDTO", 1, len(rules) + 2)
    with package_of(subject, make) as made:
        measures = _measures(subject, seen, pairs, made)
        measures |= {name: _by_records(one, seen) for name, one in watches.items()}
        findings = tuple(_measured(rules.values(), measures, step))
    return Report(
        site=subject.folder.site,
        title=subject.site.title or subject.folder.site,
        day=summary.day,
        snapshot=subject.folder.timestamp,
        made=subject.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        software=package.SOFTWARE,
        package=package.sealed_digest(subject.folder.path),
        export=subject.export.name if subject.export else "",
        findings=findings,
    )


def _by_records(one: Finder, seen: Seen) -> Measure:
    return lambda rule: one.finding(rule, seen)


def _measures(subject: Subject, seen: Seen, pairs: Pairs, made: Path | Fact) -> dict[str, Measure]:
    return {
        "R1": lambda rule: every_day(rule, subject),
        "R2": lambda rule: full_every_year(rule, subject),
        "R3": lambda rule: whole_site(rule, subject),
        "R4": lambda rule: not_harvested(rule, subject),
        "R5": lambda rule: standard(rule, subject, seen),
        "R6": lambda rule: size(rule, subject),
        "R7": lambda rule: uncompressed(rule, subject),
        "R8": lambda rule: path_to_a_page(rule, subject, pairs, seen),
        "R12": lambda rule: quality(rule, subject),
        "R13": lambda rule: public_in_time(rule, subject),
        "R14": lambda rule: metadata(rule, made),
        "R15": lambda rule: slip(rule, made),
        "R17": lambda rule: catalogue(rule, subject),
    }


def _measured(
    rules: Iterable[Rule], measures: dict[str, Measure], step: Callable[[str, int, int], None]
) -> Iterator[Finding]:
    for number, rule in enumerate(rules, 2):
        step(rule.id, number, len(measures) + 2)
        try:
            yield measures[rule.id](rule)
        except (ArchiveError, OSError) as error:
            yield Finding(rule, Verdict.FAIL, (Fact("unmeasured", {"why": str(error)}),), "")
