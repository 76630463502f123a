# SPDX-License-Identifier: EUPL-1.2
"""The commands that tell of change: history, changes. They change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import msgspec

from index.changes import Change, Kind
from index.errors import ConfigurationError, NotFoundError
from index.lifeline import Between, Interval
from index.noise import Noise
from index.passage import Dated, Standing
from index.urlkey import normalise

from ..archive import Archive
from ..between_days import between_days
from ..dating import date_passage
from ..day_changes import Texts
from ..noise_rules import noise_of
from ..proposing import propose
from . import show
from .compose import find_snapshot, opened, require_site
from .looking import DONE, json_option


@click.command("history")
@click.argument("url")
@click.option("--passage", metavar="TEXT", help="On which days TEXT stood on the page.")
@json_option
@click.pass_obj
def history_command(config: str, url: str, passage: str | None, as_json: bool) -> int:
    """
    Show the lifeline of URL: its versions, each with the first and the last day it was seen.

    Where no day saw one version and the next day the other, the days are told between which it changed.
    With --passage the text of every version is read, and the days are shown on which TEXT was there, was
    not, or of which that is not known. White space and capitals do not matter.

    Where it was never captured as it is written, without the session and tracking parameters that the
    configuration of the site takes off. An address without a scheme is that of https, else that of http.

    Exit status: 0 done; 1 never captured; 2 not an address.
    """
    addresses = _addresses(url)
    with opened(config) as archive:
        intervals = next(filter(None, (_lifeline(archive, one) for one in addresses)), [])
        if not intervals:
            raise NotFoundError(
                f"{' or '.join(addresses)} was never captured. `daykeep search` finds pages by their words."
            )
        if passage is not None:
            return _show_passage(archive, intervals, passage, as_json=as_json)
        rows = [msgspec.to_builtins(interval) for interval in intervals]
    if as_json:
        show.json_document(rows)
    else:
        columns = ("first day", "last day", "status", "digest", "changed")
        days = ((r["first_day"], r["last_day"], r["status"], str(r["digest"])[:23]) for r in rows)
        changed = (_between(interval.began) for interval in intervals)
        show.table(columns, ((*cells, when) for cells, when in zip(days, changed, strict=True)))
    return DONE


def _between(days: Between | None) -> str:
    return f"between {days.after} and {days.by}" if days else ""


def _show_passage(archive: Archive, intervals: list[Interval], passage: str, *, as_json: bool) -> int:
    try:
        found = date_passage(archive.collection, archive.shelves.history, intervals, passage)
    except ValueError as error:
        raise ConfigurationError(f"--passage: {error}") from error
    if as_json:
        show.json_document([_dated_row(one, passage) for one in found])
        return DONE
    spans = ((one.site, span) for one in found for span in one.spans)
    rows = ((site, str(span.standing), span.first_day, span.last_day) for site, span in spans)
    show.table(("site", "passage", "first day", "last day"), rows)
    for one in found:
        show.note(f"{one.site}: {_told(one)}.")
    return DONE


def _dated_row(one: Dated, passage: str) -> dict[str, object]:
    return {
        "site": one.site,
        "url": one.url,
        "passage": passage,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "still": one.still,
        "throughout": one.throughout,
        "came": one.came,
        "went": one.went,
        "days": one.spans,
    }


def _told(one: Dated) -> str:
    """Return in a sentence when a passage was there."""
    if one.first_day is None:
        return "it was not there on any day that is known"
    until = f"{one.last_day}, the newest day" if one.still else f"{one.last_day}"
    came = f"; it came {_between(one.came)}" if one.came else ""
    went = f"; it went {_between(one.went)}" if one.went else ""
    if one.throughout is Standing.THERE:
        return f"it was there from {one.first_day} to {until}{came}{went}"
    how = "on some" if one.throughout is Standing.NOT_THERE else "of some"
    said = "it was not there" if one.throughout is Standing.NOT_THERE else "that is not known"
    return (
        f"the first day it was there is {one.first_day}, the last {until}; {how} days between {said}"
        f"{came}{went}"
    )


def _lifeline(archive: Archive, address: str) -> list[Interval]:
    return archive.shelves.history.lifeline(address) or list(_of_tidied(archive, address))


def _of_tidied(archive: Archive, address: str) -> Iterator[Interval]:
    """Yield the intervals of an address without what the crawler of each site takes off its links."""
    history = archive.shelves.history
    for site in history.sites():
        tidied = archive.settings.tidy_of(site)(address)
        if tidied != address:
            yield from history.lifeline(tidied, site)


def _addresses(url: str) -> list[str]:
    """Return the addresses that may be meant: without a scheme those of https and of http."""
    written = [url] if "://" in url else [f"https://{url}", f"http://{url}"]
    found = [address for one in written if (address := normalise(one)) is not None]
    if not found:
        raise ConfigurationError(f"{url!r} is not an http(s) address.")
    return found


@click.command("changes")
@click.argument("site")
@click.argument("from_date", metavar="FROM", required=False)
@click.argument("to_date", metavar="TO", required=False)
@click.option("--proposals", is_flag=True, help="Rules of noise, learned from pages that change every day.")
@json_option
@click.pass_obj
def changes_command(
    config: str, site: str, from_date: str | None, to_date: str | None, proposals: bool, as_json: bool
) -> int:
    """
    List the URLs of SITE that are new, changed, removed or moved between two days.

    Changed are the bytes of an answer. Beside it stands whether a reader sees another text: what rules of
    noise take out (config/noise.toml, and those of the site) does not count; - where there is no text.

    With --proposals, and no days: rules that would take out what differs every day at the same place of a
    page, as the configuration takes them. None is applied.

    Exit status: 0 done; 1 no such day; 2 wrong usage.
    """
    if proposals and from_date is None:
        return _show_proposals(config, site, as_json=as_json)
    if proposals or from_date is None or to_date is None:
        raise click.UsageError("Give two days, FROM and TO, or --proposals and no day.")
    with opened(config) as archive:
        first, last = (find_snapshot(archive, site, date) for date in (from_date, to_date))
        texts = Texts(archive.collection, _noise(archive, site), archive.settings.zone)
        found = between_days(texts, archive.shelves.history, first, last)
    rows = [{"kind": one.kind.value, "url": one.url, "text": one.text, **_moved(one)} for one in found]
    totals = {"bytes": len(rows), "text": sum(row["text"] is True for row in rows)}
    if as_json:
        show.json_document(
            {
                "site": site,
                "from": first.timestamp,
                "to": last.timestamp,
                "totals": totals,
                "changes": rows,
            }
        )
    else:
        columns = ("kind", "url", "text", "moved")
        show.table(columns, ((one.kind.value, one.url, _SEEN[one.text], one.moved or "") for one in found))
        show.note(
            f"{totals['bytes']} addresses differ between {first.timestamp} and {last.timestamp}; of "
            f"{totals['text']} of them a reader sees another text, noise left out."
        )
    return DONE


def _moved(change: Change) -> dict[str, str]:
    if change.moved is None:
        return {}
    return {"to" if change.kind is Kind.MOVED else "from": change.moved}


def _show_proposals(config: str, site: str, *, as_json: bool) -> int:
    with opened(config) as archive:
        name, noise = require_site(archive, site), _noise(archive, site)
        history, zone = archive.shelves.history, archive.settings.zone
        found = propose(archive.collection, history, name, noise, zone)
    if as_json:
        rows = [{**msgspec.to_builtins(one.rule), "pages": one.pages, "url": one.url} for one in found]
        keys = ("name", "pattern", "takes", "pages", "url")
        show.json_document([{key: row[key] for key in keys} for row in rows])
        return DONE
    for one in found:
        show.line("[[site.noise]]")
        show.line(f"# {one.pages} page(s), such as {one.url}")
        show.line(f"name = {toml_string(one.rule.name)}")
        show.line(f"pattern = {toml_string(one.rule.pattern)}")
        show.line(f"takes = [{', '.join(map(toml_string, one.rule.takes))}]")
        show.line("")
    show.note(f"{len(found)} rule(s) proposed; none is applied. docs/changes.md tells what to do.")
    return DONE


def toml_string(text: str) -> str:
    """Return text as a string of TOML: as in JSON, and what shows nothing by its number."""
    quoted = json.dumps(text, ensure_ascii=False)  # in ASCII JSON would have halves of characters
    return "".join(one if one.isprintable() else _by_number(ord(one)) for one in quoted)


def _by_number(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_SEEN: dict[object, str] = {True: "other text", False: "same text", None: "-"}


def _noise(archive: Archive, site: str) -> Noise:
    return noise_of(next((one for one in archive.settings.site if one.name == site), None))
