# SPDX-License-Identifier: EUPL-1.2
"""The commands about what the public is not shown: hide, unhide, hidden. No sealed day is touched by any."""

from __future__ import annotations

import click
import msgspec

from index.errors import ConfigurationError, NotFoundError
from index.takedown import (
    MAX_BY,
    MAX_REASON,
    VERSION,
    Action,
    Decision,
    Force,
    Register,
    forces,
    reach_of,
)
from index.urlkey import normalise

from ..snapshot_folder import SnapshotFolder
from ..takedowns import add_takedown, days_with, read_takedowns, takedowns_path
from . import show
from .compose import Reading, bounds_of, reading, utc_now

DONE = 0

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
prefix_option = click.option("--prefix", is_flag=True, help="Every address that begins with URL.")
from_option = click.option(
    "--from", "since", metavar="DATE", default="", help="From this day on, itself included."
)
to_option = click.option("--to", "until", metavar="DATE", default="", help="Up to this day, itself included.")
by_option = click.option("--by", metavar="NAME", default="", help="Who decided it; visitors are not told.")
_WORDS = {Force.ALL: "yes", Force.PART: "in part", Force.NONE: "no"}


@click.command("hide")
@click.argument("url")
@prefix_option
@from_option
@to_option
@click.option("--reason", required=True, metavar="TEXT", help="Why: visitors read it in place of the page.")
@by_option
@json_option
@click.pass_obj
def hide_command(
    config: str, url: str, prefix: bool, since: str, until: str, reason: str, by: str, as_json: bool
) -> int:
    """
    Withhold URL from the public, on all days and those to come, or on the days from DATE to DATE.

    The viewer answers 451 in its place, with the date and the reason, and leaves it out of lists, searches,
    feeds and downloads, at once and in every process. Nothing sealed is changed: `verify` and `export` read
    it as ever. An address stands for all that differ only in http or https, `www.`, capitals or the order of
    parameters. What was given out before may still be in caches: docs/takedown.md.

    Exit status: 0 done; 1 could not; 2 wrong usage, such as a DATE that is none.
    """
    archive = reading(config)
    decision = _decision(archive, Action.HIDE, url, prefix, (since, until), reason, by)
    return _decided(archive, decision, as_json=as_json)


@click.command("unhide")
@click.argument("url")
@prefix_option
@from_option
@to_option
@click.option("--reason", default="", metavar="TEXT", help="Why; stands in the register.")
@by_option
@json_option
@click.pass_obj
def unhide_command(
    config: str, url: str, prefix: bool, since: str, until: str, reason: str, by: str, as_json: bool
) -> int:
    """
    Show URL to the public again, on all days or on those from DATE to DATE.

    What was decided before stays in the register; the last decision about an address on a day counts.

    Exit status: 0 done; 1 nothing of it is withheld; 2 wrong usage, such as a DATE that is none.
    """
    archive = reading(config)
    decision = _decision(archive, Action.SHOW, url, prefix, (since, until), reason, by)
    if not _is_hidden(read_takedowns(takedowns_path(archive.collection)), decision):
        raise NotFoundError(f"Nothing of {decision.url} is withheld; `daykeep hidden` lists what is.")
    return _decided(archive, decision, as_json=as_json)


@click.command("hidden")
@click.option(
    "--all", "everything", is_flag=True, help="Also what no longer counts, and what was shown again."
)
@json_option
@click.pass_obj
def hidden_command(config: str, everything: bool, as_json: bool) -> int:
    """
    List what is withheld from the public: since when, why, and how much of each decision still counts.

    Exit status: 0 done; 1 the register cannot be read; 2 faulty configuration.
    """
    decisions = read_takedowns(takedowns_path(reading(config).collection)).decisions
    judged = zip(decisions, forces(decisions), strict=True)
    rows = [
        (one, force)
        for one, force in judged
        if everything or (one.action is Action.HIDE and force is not Force.NONE)
    ]
    if as_json:
        show.json_document([{**_row(one), "in_force": _WORDS[force]} for one, force in rows])
        return DONE
    columns = ("decided", "action", "address", "days", "in force", "by", "reason")
    show.table(
        columns,
        (
            (one.at, str(one.action), _named(one), _days(one), _WORDS[force], one.by, one.reason)
            for one, force in rows
        ),
    )
    return DONE


def _decision(
    archive: Reading,
    action: Action,
    url: str,
    prefix: bool,
    days: tuple[str, str],
    reason: str,
    by: str,
) -> Decision:
    normal = normalise(url)
    if normal is None:
        raise ConfigurationError(f"{url!r} is not an http(s) address; write it whole, with https://.")
    since, until = days
    starts, ends = (bounds_of(archive, text) if text else None for text in days)
    if starts and ends and starts[0] >= ends[1]:
        raise ConfigurationError(f"{until} is before {since}; give the earlier day first.")
    return Decision(
        takedowns=VERSION,
        action=action,
        url=normal,
        at=utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        prefix=prefix,
        since=since,
        until=until,
        reason=_text("--reason", reason, MAX_REASON, needed=action is Action.HIDE),
        by=_text("--by", by, MAX_BY),
    )


def _text(option: str, text: str, most: int, *, needed: bool = False) -> str:
    line = " ".join(text.split())
    if not line.isprintable():
        raise ConfigurationError(f"{option} has characters in it that cannot be shown; write plain words.")
    if len(line) > most or (needed and not line):
        raise ConfigurationError(f"{option} is {'one' if needed else 'no'} to {most} characters.")
    return line


def _is_hidden(register: Register, decision: Decision) -> bool:
    """Tell whether anything was hidden that a decision is about, and not all of it shown since."""
    reach = reach_of(decision)
    hidden = (
        one
        for one, force in zip(register.decisions, forces(register.decisions), strict=True)
        if one.action is Action.HIDE and force is not Force.NONE
    )
    return any(reach.has(reach_of(one).key) or reach_of(one).has(reach.key) for one in hidden)


def _decided(archive: Reading, decision: Decision, *, as_json: bool) -> int:
    add_takedown(archive.collection, decision)
    days = list(days_with(archive.collection, decision))
    told = {"days": len(days), "first_day": _day(days[:1]), "last_day": _day(days[-1:])}
    if as_json:
        show.json_document({**_row(decision), **told})
        return DONE
    what = "is withheld from the public" if decision.action is Action.HIDE else "is shown again"
    show.line(f"{_named(decision)} {what}: {_days(decision)}.")
    if days:
        show.note(f"{len(days)} sealed day(s) have it, from {told['first_day']} to {told['last_day']}.")
    else:
        show.note("No sealed day has it yet; is it written as the archive has it?")
    if decision.action is Action.HIDE:
        show.note(
            "Empty the cache of a proxy in front, if there is one: it may have answers (docs/takedown.md)."
        )
    return DONE


def _day(days: list[SnapshotFolder]) -> str | None:
    return min((day.summary.day for day in days), default=None)


def _row(decision: Decision) -> dict[str, object]:
    row: dict[str, object] = msgspec.to_builtins(decision)
    return {"prefix": False, "from": "", "to": "", "reason": "", "by": ""} | row


def _named(decision: Decision) -> str:
    return f"{decision.url}{'…' if decision.prefix else ''}"


def _days(decision: Decision) -> str:
    bounds = [f"from {decision.since}"] if decision.since else []
    bounds += [f"to {decision.until}"] if decision.until else []
    return " ".join(bounds) or "all days, and those to come"
