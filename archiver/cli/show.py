# SPDX-License-Identifier: EUPL-1.2
"""What a person or a script gets to see: tables and JSON on stdout, progress on stderr. Knows no command."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from index.model import Snapshot

    from ..crawl import Progress as CrawlProgress


def json_document(value: Any) -> None:
    """Print one JSON document; what could steer a terminal is escaped in it, as it may quote a website."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    click.echo("".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text))


def _escaped(character: str) -> str:
    """Return a character as JSON writes it in ASCII; such characters stand inside strings only."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, narrow: bool = False) -> None:
    """
    Print a table; columns parted by tabs where nobody watches, so that `cut` and `awk` can read it.

    `narrow`: of many columns, which stand closer to each other on a terminal.
    """
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(printable(cell) for cell in row))
        return
    shown = Table(*columns, box=None, header_style="bold", pad_edge=not narrow, padding=(0, 1 - narrow, 0, 1))
    for row in rows:
        shown.add_row(*(escape(printable(cell)) for cell in row))
    Console().print(shown)


def line(text: str) -> None:
    """Print one line, without what could steer a terminal: it may quote a website."""
    click.echo(printable(text))


def note(text: str) -> None:
    """Tell the person something on stderr."""
    click.echo(printable(text), err=True)


@contextlib.contextmanager
def crawl_progress(site: str) -> Iterator[Callable[[CrawlProgress], None]]:
    """Show a bar on a terminal while a crawl runs, and nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[url]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(site, total=None, url="")

        def show(progress: CrawlProgress) -> None:
            url = escape(printable(progress.url)[-60:])
            bar.update(
                task, completed=progress.done, total=progress.known, url=f"{size(progress.bytes)}  {url}"
            )

        yield show


@contextlib.contextmanager
def steps(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar of counted steps on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _name, _number, _total: None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda name, number, total: bar.update(
            task, completed=number, total=total, description=f"{what} {name}"
        )


@contextlib.contextmanager
def byte_progress(total: int) -> Iterator[Callable[[str, int], None]]:
    """Show a bar of bytes on a terminal: what is being done, and how many of all bytes are done."""
    if not sys.stderr.isatty():
        yield lambda _what, _bytes: None
        return
    columns = (BarColumn(), DownloadColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda what, size: bar.update(task, advance=size, description=escape(printable(what)[-60:]))


@contextlib.contextmanager
def bytes_done(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar of bytes on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def size(number: int) -> str:
    """Return bytes as a person reads them (powers of 1000)."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def snapshot_row(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as scripts get it."""
    return {
        "site": snapshot.site,
        "timestamp": snapshot.timestamp,
        "date": snapshot.day,
        "outcome": snapshot.outcome.value,
        "known": snapshot.known,
        "counts": dict(snapshot.counts),
        "changed": snapshot.changed,
        "lacking": snapshot.lacking,
        "bytes": snapshot.bytes,
        "demonstration": snapshot.demonstration,
    }


def describe(snapshot: Snapshot) -> str:
    """Return a snapshot in one sentence."""
    counts = ", ".join(f"{number} {outcome}" for outcome, number in snapshot.counts.items())
    return (
        f"{snapshot.site} {snapshot.day} ({snapshot.timestamp}): {snapshot.outcome.value}; "
        f"{snapshot.known} addresses known: {counts or 'none'}; {snapshot.changed} changed; "
        f"{size(snapshot.bytes)}."
    )


def printable(value: object) -> str:
    """Return a value as one line of text that cannot steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
