# SPDX-License-Identifier: EUPL-1.2
"""Rules about days: R1 every day, R2 a full harvest every year, R13 public within a day. Opens no WARC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from index.cdxj import Index
from index.errors import DamagedError
from index.model import Outcome
from index.timestamp import parse_timestamp

from ..durable import storage
from ..runs import State
from ..snapshot_folder import SnapshotFolder
from .rules import Fact, Few, Finding, Rule, Verdict
from .subject import Subject

_RECORDED = frozenset({State.MISSED, State.FAILED})
_TABLE = "state/runs.sqlite, sites/{site}/snapshots"


def every_day(rule: Rule, subject: Subject) -> Finding:
    """R1: each calendar day since the first has a snapshot, or a gap with its reason."""
    taken = {subject.day_of(folder) for folder in subject.up_to_now}
    first = min(taken)
    runs = {run.day: run for run in subject.runs}
    recorded, silent = Few(), Few()
    days = list(_days(first, subject.day))
    for day in days:
        run = runs.get(day)
        if day in taken:
            continue
        if run is not None and run.state in _RECORDED and run.note:
            recorded.add(f"{day}: {run.state.value}, {run.note}")
        else:
            silent.add(day.isoformat())
    values = {"days": len(days), "first": first.isoformat(), "taken": len(taken & set(days))}
    facts = [Fact("days-all", {**values, "recorded": recorded.count})]
    facts += [silent.fact("days-silent")] if silent.count else []
    facts += [recorded.fact("days-missed")] if recorded.count else []
    verdict = Verdict.FAIL if silent.count else Verdict.PASS
    return Finding(rule, verdict, tuple(facts), _TABLE.format(site=subject.folder.site))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def full_every_year(rule: Rule, subject: Subject) -> Finding:
    """R2: the last full snapshot is recent enough, and stands without any other."""
    limit = rule.limit("days")
    full = next((folder for folder in reversed(subject.up_to_now) if _is_full(folder, subject, limit)), None)
    if full is None:
        return Finding(rule, Verdict.FAIL, (Fact("full-none"),), "datapackage.json")
    day = subject.day_of(full)
    age = (subject.day - day).days
    leaning, records = _leaning(full)
    aged = Fact("full-age", {"day": day.isoformat(), "age": age, "limit": limit})
    alone = leaning.fact("full-leaning") if leaning.count else Fact("full-alone", {"records": records})
    verdict = Verdict.PASS if age <= limit and not leaning.count else Verdict.FAIL
    return Finding(rule, verdict, (aged, alone), f"{full.timestamp}/indexes/index.cdxj")


def _leaning(folder: SnapshotFolder) -> tuple[Few, int]:
    """Return the records of a snapshot that refer to another one, and how many it has."""
    leaning, records = Few(), 0
    with Index(folder.index_path) as index:
        for capture in index.captures():
            records += 1
            if capture.original is not None and capture.original.snapshot != folder.timestamp:
                leaning.add(f"{capture.url} → {capture.original.snapshot}")
    return leaning, records


def _is_full(folder: SnapshotFolder, subject: Subject, limit: int) -> bool:
    """Tell whether a snapshot was sealed as full, or, of files that others harvested, stands alone."""
    try:
        own = folder.package["daykeep"]
        if folder.summary.outcome is Outcome.FAILED:
            return False
        if own.get("full") or "imported" not in own:
            return bool(own.get("full"))
        recent = (subject.day - subject.day_of(folder)).days <= limit  # older ones decide nothing
        return recent and not _leaning(folder)[0].count
    except (DamagedError, OSError, AttributeError, KeyError):
        return False  # R17 and R12 tell of a snapshot that cannot be read


def public_in_time(rule: Rule, subject: Subject) -> Finding:
    """R13: from the beginning of the harvest to publication it took less than the limit."""
    folder = subject.folder
    for excused, key in (
        (subject.imported, "lag-imported"),
        (subject.folder.summary.demonstration, "lag-demonstration"),
    ):
        if excused:
            return Finding(rule, Verdict.NOT_APPLICABLE, (Fact(key),), "datapackage.json")
    ended, until, file = _ended(subject)
    hours = (ended - parse_timestamp(folder.timestamp)).total_seconds() / 3600
    published = subject.history.snapshot(folder.site, folder.timestamp) is not None
    limit = rule.limit("hours")
    facts = (
        Fact("lag", {"hours": hours, "until": Fact(until), "limit": limit}),
        Fact("lag-published" if published else "lag-unpublished"),
    )
    good = published and 0 <= hours < limit
    return Finding(rule, Verdict.PASS if good else Verdict.FAIL, facts, file)


def _ended(subject: Subject) -> tuple[datetime, str, str]:
    """Return when a snapshot was public, by what that is known, and where it is written."""
    for run in subject.runs:
        if run.snapshot == subject.folder.timestamp and run.finished is not None:
            return run.finished, "lag-until-run", "state/runs.sqlite"
    path = subject.folder.path / "datapackage.json"
    with storage(f"look at {path}"):
        return datetime.fromtimestamp(path.stat().st_mtime, UTC), "lag-until-seal", path.name
