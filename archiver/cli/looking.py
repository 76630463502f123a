# SPDX-License-Identifier: EUPL-1.2
"""The commands that look: status, snapshots, ledger, search. They change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import click

from index.catalogue import Excerpts
from index.document import Kind
from index.errors import DamagedError, NotFoundError
from index.model import Outcome
from index.search import Filters, Found, Search
from index.timestamp import is_year, parse_timestamp

from ..archive import Archive
from ..collection import disk_use
from ..ledger import Entry, UrlOutcome, count, read
from ..runs import Run, State
from ..seals import Kept, read_seals, seals_path
from ..texts import text_of
from . import show
from .compose import find_snapshot, opened, require_site, runs_of

DONE, WITH_PROBLEMS = 0, 3

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.command("status")
@json_option
@click.pass_obj
def status_command(config: str, as_json: bool) -> int:
    """
    Show per site: last snapshot, its outcome, gaps, when the next is due, disk use.

    `changed` counts the addresses that the last one found new, changed, removed or moved; `text` those of
    them of which a reader sees another text, noise left out (-: sealed before that was told).

    Exit status: 0 the last snapshot of every site is complete and recent; 1 could not; 2 faulty
    configuration; 3 a site has none, or its last one is partial, failed or more than two days old.
    """
    with opened(config) as archive:
        rows = [_status_row(archive, name) for name in _site_names(archive)]
    if as_json:
        show.json_document(rows)
    else:
        columns = ("site", "last", "outcome", "snapshots", "gaps", "next due", "size", "changed", "text")
        show.table(columns, ([*_cells(row)] for row in rows), narrow=True)
    return DONE if rows and all(row["ok"] for row in rows) else WITH_PROBLEMS


def _site_names(archive: Archive) -> list[str]:
    configured = [site.name for site in archive.settings.site]
    return configured + [name for name in archive.collection.sites() if name not in configured]


def _status_row(archive: Archive, name: str) -> dict[str, object]:
    now, zone = archive.now(), archive.settings.zone
    runs = runs_of(archive.collection)
    folders = archive.collection.snapshots(name)
    last = folders[-1].summary if folders else None
    site = next((site for site in archive.settings.site if site.name == name), None)
    recent = last is not None and now - parse_timestamp(last.timestamp) < timedelta(days=2)
    return {
        "site": name,
        "last": last.timestamp if last else None,
        "date": last.day if last else None,
        "outcome": last.outcome.value if last else None,
        "changed": last.changed if last else None,
        "changed_text": folders[-1].changed_text if folders else None,
        "snapshots": len(folders),
        "gaps": [run.day.isoformat() for run in runs.of(name) if _is_gap(run)],
        "next_due": runs.next_due(site, now, zone).astimezone(zone).isoformat(timespec="minutes")
        if site and not site.demonstration
        else None,
        "bytes": disk_use(archive.collection.site_folder(name)),
        "ok": last is not None and (recent or last.demonstration) and last.outcome.value == "complete",
    }


def _is_gap(run: Run) -> bool:
    return run.state in {State.MISSED, State.FAILED}


def _cells(row: dict[str, object]) -> list[object]:
    gaps = row["gaps"]
    assert isinstance(gaps, list)
    last = row["date"] or "never"
    size = show.size(int(str(row["bytes"])))
    return [
        row["site"],
        last,
        row["outcome"] or "-",
        row["snapshots"],
        len(gaps),
        row["next_due"] or "-",
        size,
        _or_dash(row["changed"]),
        _or_dash(row["changed_text"]),
    ]


@click.command("snapshots")
@click.argument("site")
@json_option
@click.pass_obj
def snapshots_command(config: str, site: str, as_json: bool) -> int:
    """
    List the sealed snapshots of SITE, oldest first.

    `changed` counts the addresses that are new, changed, removed or moved; `text changed` those of them of
    which a reader sees another text, noise left out (-: sealed before that was told).

    With --json each has the digest of its datapackage.json as it was sealed (`package`), and one that speaks
    for it and all that were sealed before (`seal`). Keep them elsewhere: `daykeep verify --against` takes
    them.

    Exit status: 0 done; 1 could not; 2 no such site.
    """
    with opened(config) as archive:
        folders = archive.collection.snapshots(require_site(archive, site))
        rows = [folder.summary for folder in folders]
        texts = [folder.changed_text for folder in folders]
        path = seals_path(archive.collection, site)
        seals = {kept.seal.snapshot: kept for kept in read_seals(path)} if as_json else {}
    if as_json:
        show.json_document(
            [
                show.snapshot_row(row) | {"changed_text": text} | _seal(seals.get(row.timestamp))
                for row, text in zip(rows, texts, strict=True)
            ]
        )
    else:
        columns = ("timestamp", "date", "outcome", "known", "changed", "size", "text changed")
        cells = (
            (r.timestamp, r.day, r.outcome.value, r.known, r.changed, show.size(r.bytes), _or_dash(text))
            for r, text in zip(rows, texts, strict=True)
        )
        show.table(columns, cells)
    return DONE


def _or_dash(value: object) -> object:
    return "-" if value is None else value


def _seal(kept: Kept | None) -> dict[str, str | None]:
    return {"package": kept.seal.package if kept else None, "seal": kept.digest if kept else None}


@click.command("ledger")
@click.argument("site")
@click.argument("date")
@click.option(
    "--outcome",
    type=click.Choice([outcome.value for outcome in UrlOutcome]),
    multiple=True,
    help="Only these.",
)
@json_option
@click.pass_obj
def ledger_command(config: str, site: str, date: str, outcome: tuple[str, ...], as_json: bool) -> int:
    """
    Show every known URL of SITE on DATE with its one outcome, and how many have each.

    DATE is YYYY-MM-DD, or the 14 digits of a snapshot. Hints that missed (what only looked like an
    address, in a script or in data) have an outcome like every URL, and are counted apart: they say
    nothing about the day.

    Exit status: 0 done; 1 no such day; 2 wrong usage.
    """
    with opened(config) as archive:
        folder = find_snapshot(archive, site, date)
        entries = list(read(folder.ledger_path))
    totals, missed = count(entries), sum(entry.missed_hint for entry in entries)
    reasons = folder.reasons
    shown = [entry for entry in entries if not outcome or entry.outcome.value in outcome]
    if as_json:
        known = len(entries)
        show.json_document(
            {
                "site": site,
                "snapshot": folder.timestamp,
                "known": known,
                "totals": totals,
                "missed_hints": missed,
                "reasons": reasons,
                "urls": shown,
            }
        )
        return DONE
    show.table(
        ("outcome", "status", "bytes", "url", "via", "reason"),
        ((e.outcome.value, e.status or "-", e.bytes, e.url, e.via, _why(e)) for e in shown),
    )
    totalled = ", ".join(f"{number} {name}" for name, number in totals.items())
    show.note(f"{folder.timestamp}: {len(entries)} addresses known = {totalled}.")
    if missed:
        show.note(f"Of these, {missed} were hints that missed.")
    for reason in reasons:
        show.note(f"The day was judged: {reason}.")
    return DONE


def _why(entry: Entry) -> str:
    """Return the reason of an outcome, with what the answer was taken for."""
    return f"{entry.flag}: {entry.reason}" if entry.flag else entry.reason


def _year(_context: click.Context, _option: click.Parameter, text: str) -> str:
    if text and not is_year(text):
        raise click.BadParameter(f"{text!r} is not a year of four digits, such as 2026.")
    return text


@click.command("search")
@click.argument("site")
@click.argument("query")
@click.option("--on", "on", metavar="DATE", help="As the site stood on this day; the newest if left out.")
@click.option("--ever", is_flag=True, help="On any day: a page is found once for each of its texts.")
@click.option("--url", "prefix", metavar="PREFIX", default="", help="Only addresses that begin so.")
@click.option(
    "--type", "kind", type=click.Choice([one.value for one in Kind]), help="Only files of this type."
)
@click.option(
    "--year",
    metavar="YEAR",
    default="",
    callback=_year,
    help="Only texts that were first seen in this year, four digits.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@click.pass_obj
def search_command(
    config: str,
    site: str,
    query: str,
    on: str | None,
    ever: bool,
    prefix: str,
    kind: str | None,
    year: str,
    limit: int,
    as_json: bool,
) -> int:
    """
    Find the pages of SITE whose text has the words of QUERY, as the site stood on a day.

    Words must all occur; "words in quotes" as they stand; a word after a minus or NOT must not. Accents,
    capitals and endings do not matter. Put -- before a SITE and QUERY that begin with a minus. With --json
    also how many there are of each type and year, and what a word that nothing has may have been meant as.

    Exit status: 0 done, also where nothing was found; 1 no such day; 2 wrong usage.
    """
    if on and ever:
        raise click.UsageError("Either --on a day, or --ever.")
    with opened(config) as archive:
        history = archive.shelves.history
        timestamp = find_snapshot(archive, site, on).timestamp if on else _newest(archive, site)
        search = Search(history, archive.shelves.catalogue)
        filters = Filters(prefix, kind or "", year)
        found = search.find(site, query, None if ever else timestamp, limit=limit, filters=filters)
        rows = list(_found_rows(archive, found, query)) if as_json else list(_plain_rows(archive, found))
        snapshot = history.snapshot(site, timestamp)
        day = "any day" if ever else snapshot.day if snapshot else timestamp
    if as_json:
        about = {"site": site, "query": query, "snapshot": None if ever else timestamp, "total": found.total}
        facets = {"type": found.kinds, "year": found.years, "section": found.sections}
        show.json_document(about | {"facets": facets, "suggestion": found.suggestion, "pages": rows})
    else:
        show.table(("title", "url"), ((row["title"], row["url"]) for row in rows))
        show.note(f"{found.total} {'text' if ever else 'page'}(s) of {site} on {day}{_counted(found)}.")
        if found.suggestion:
            show.note(f"Did you mean: {found.suggestion}")
    return DONE


def _plain_rows(archive: Archive, found: Found) -> Iterator[dict[str, object]]:
    documents = archive.shelves.history.documents([hit.id for hit in found.hits])
    for hit in found.hits:
        yield {"url": hit.url, "title": documents[hit.id].title}


def _found_rows(archive: Archive, found: Found, query: str) -> Iterator[dict[str, object]]:
    documents = archive.shelves.history.documents([hit.id for hit in found.hits])
    excerpts = Excerpts(query)
    for hit in found.hits:
        document = documents[hit.id]
        try:
            pieces = excerpts.of(text_of(archive.collection, document), document.language)
        except (DamagedError, NotFoundError):
            pieces = []  # `verify` tells what cannot be read
        yield {
            "url": hit.url,
            "title": document.title,
            "type": hit.kind,
            "year": hit.year,
            "score": round(hit.score, 3),
            "excerpt": [{"text": text, "hit": marked} for text, marked in pieces],
        }


def _counted(found: Found) -> str:
    """Return how many there are of each type and year, where there is more than one of either."""
    several = (facet for facet in (found.kinds, found.years) if len(facet) > 1)
    parts = ["; " + ", ".join(f"{name}: {number}" for name, number in facet.items()) for facet in several]
    return "".join(parts)


def _newest(archive: Archive, site: str) -> str:
    """Return the newest day in the catalogue that did not fail: a newer one that is damaged hides none."""
    require_site(archive, site)
    published = archive.shelves.history.snapshots(site)
    good = [one.timestamp for one in published if one.outcome is not Outcome.FAILED]
    if good:
        return good[-1]
    if archive.collection.timestamps(site):
        raise NotFoundError(
            f"No day of {site} that can be searched is in the catalogue; `daykeep verify {site}` tells what "
            "is wrong with those that are sealed."
        )
    raise NotFoundError(f"{site} has no snapshot yet; take one with `daykeep crawl {site}`.")
