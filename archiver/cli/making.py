# SPDX-License-Identifier: EUPL-1.2
"""The commands that make snapshots and show them: init, crawl, run-due, schedule, serve, demo."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import waitress

from index.errors import ArchiveError, ConfigurationError
from index.model import Outcome
from index.urlkey import normalise, origin
from viewer.app import create_app

from .. import schedule as daily
from ..collection import Collection
from ..demo.run import build
from ..durable import storage, write_file
from ..ledger import read
from ..runs import Runs
from ..settings import Settings, load
from ..snapshot import Archive
from . import show
from .compose import find_site, log_to_stderr, new_record_id, opened, runs_of, stop_on_signals
from .serving import bind, with_address

DONE, WITH_PROBLEMS = 0, 3


@click.command("init")
@click.argument("directory", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", help="The address of the site to keep, such as https://www.example.org/.")
@click.option("--name", help="A short name for the site; made from the address if left out.")
def init_command(directory: Path, seed: str | None, name: str | None) -> int:
    """
    Write DIRECTORY/config/daykeep.toml, with comments, and make an empty archive.

    A configuration that is there already is left as it is.

    Exit status: 0 done; 1 the folder cannot be written; 2 the address is not one.
    """
    config = directory / "config" / "daykeep.toml"
    if config.exists():
        settings = load(config)
        show.note(f"{config} is there already and was left as it is.")
    else:
        address = normalise(seed or "https://www.example.org/")
        if address is None:
            raise ConfigurationError(f"{seed!r} is not an http(s) address; write it with https:// in front.")
        site = name or _site_name(address)
        with storage(f"make {config.parent}"):
            config.parent.mkdir(parents=True, exist_ok=True)
        write_file(config, [_configuration(address, site).encode()])
        settings = load(config)
    Collection.create(settings.root)
    names = " ".join(site.name for site in settings.site)
    show.line(f"Configuration: {config}")
    show.line(f"Archive:       {settings.root}")
    show.line(f"Next:          daykeep --config {config} crawl {names}")
    return DONE


def _site_name(address: str) -> str:
    """Return a site's name made from its host: letters, digits and hyphens."""
    host = origin(address).host.removeprefix("www.")
    return re.sub(r"[^a-z0-9]+", "-", host).strip("-")[:64] or "site"


def _configuration(address: str, site: str) -> str:
    """Return the annotated configuration with a site's own values in it."""
    text = _reference()
    host = origin(address).host
    values = {
        "name": f'"{site}"',
        "title": f'"{host}"',
        "seeds": f'["{address}"]',
        "allow_addresses": f'["{host}"]' if _is_private(host) else "[]",
    }
    for key, value in values.items():
        text = re.sub(rf'(?m)^{key} = (?:"[^"]*"|\[[^\]]*\])', lambda _, key=key, value=value: f"{key} = {value}", text)  # type: ignore[misc]
    return text.replace('["localhost"]', '["127.0.0.0/8", "::1"]')


def _reference() -> str:
    """Return config/daykeep.toml, from the wheel or from the checkout."""
    here = Path(__file__).resolve().parent.parent
    for path in (here / "data" / "daykeep.toml", here.parent / "config" / "daykeep.toml"):
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise ArchiveError("The annotated configuration is not in this installation; install Daykeep again.")


def _is_private(host: str) -> bool:
    """Tell whether an address names this machine or a private network in so many words; no name is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return False


@click.command("crawl")
@click.argument("site")
@click.option("--full", is_flag=True, help="Store everything again, even what yesterday had.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_obj
def crawl_command(config: str, site: str, full: bool, as_json: bool) -> int:
    """
    Take one snapshot of SITE now: crawl, write, read back, seal, publish.

    If a crawl was stopped before its end, this carries on with it.

    Exit status: 0 complete; 1 could not, or not one address could be captured; 2 no such site or a faulty
    configuration; 3 the snapshot is partial: `daykeep ledger` tells what is missing.
    """
    log_to_stderr(terminal=sys.stderr.isatty())
    stop = threading.Event()
    stop_on_signals(stop)
    with opened(config, stop=stop) as archive, show.crawl_progress(site) as report:
        day = archive.now().astimezone(archive.settings.zone).date()
        runs = runs_of(archive.collection)
        taken = daily.take_day(archive, runs, find_site(archive, site), day, full=full, report=report)
    if taken is None:
        raise ArchiveError(f"Another crawl of {site} is running; wait for it to end, or stop that process.")
    if taken.snapshot is None:
        raise ArchiveError(taken.problem)
    if as_json:
        show.json_document(show.snapshot_row(taken.snapshot))
    else:
        show.line(show.describe(taken.snapshot))
    return _status(taken, archive)


def _status(taken: daily.Taken, archive: Archive) -> int:
    assert taken.snapshot is not None
    if taken.snapshot.outcome is Outcome.FAILED:
        raise ArchiveError(_why_failed(archive, taken))
    return WITH_PROBLEMS if taken.snapshot.outcome is Outcome.PARTIAL else DONE


def _why_failed(archive: Archive, taken: daily.Taken) -> str:
    """Return why not one address could be captured: what became of the seeds."""
    assert taken.snapshot is not None
    folder = archive.collection.at(taken.site, taken.snapshot.timestamp)
    reasons = [entry.reason or f"HTTP {entry.status}" for entry in read(folder.ledger_path) if entry.via == "seed"]
    return (
        f"Nothing of {taken.site} could be captured: {'; '.join(reasons[:3])}. The attempt is recorded; check the seeds in "
        f"the configuration and run `daykeep crawl {taken.site}` again."
    )


@click.command("run-due")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--now", "at_once", is_flag=True, help="Also sites that have no snapshot yet, whatever the time of day.")
@click.pass_obj
def run_due_command(config: str, as_json: bool, at_once: bool) -> int:
    """
    Take every snapshot that is due today and not yet taken. For cron or a systemd timer.

    Running it again at once does nothing; run it as often as you like.

    Exit status: 0 all complete, or nothing was due; 1 could not; 2 faulty configuration; 3 one or more
    snapshots are partial or failed.
    """
    log_to_stderr(terminal=sys.stderr.isatty())
    stop = threading.Event()
    stop_on_signals(stop)
    with opened(config, stop=stop) as archive:
        runs = runs_of(archive.collection)
        with contextlib.ExitStack() as bars:
            taken = list(_first_ones(archive, runs, bars)) if at_once else []
            taken += daily.run_due(archive, runs)
    rows = [
        show.snapshot_row(one.snapshot) if one.snapshot else {"site": one.site, "problem": one.problem} for one in taken
    ]
    if as_json:
        show.json_document(rows)
    else:
        for one in taken:
            show.line(show.describe(one.snapshot) if one.snapshot else f"{one.site}: {one.problem}")
        if not taken:
            show.line("Nothing was due.")
    whole = all(one.snapshot and one.snapshot.outcome is Outcome.COMPLETE for one in taken)
    return DONE if whole else WITH_PROBLEMS


def _first_ones(archive: Archive, runs: Runs, bars: contextlib.ExitStack) -> Iterator[daily.Taken]:
    for site in archive.settings.site:
        if not archive.collection.timestamps(site.name):
            report = bars.enter_context(show.crawl_progress(site.name))
            day = archive.now().astimezone(archive.settings.zone).date()
            if taken := daily.take_day(archive, runs, site, day, report=report):
                yield taken


@click.command("schedule")
@click.pass_obj
def schedule_command(config: str) -> int:
    """
    Run the daily job alone, without the viewer, until it is stopped.

    Exit status: 0 stopped by a signal; 1 could not; 2 faulty configuration.
    """
    log_to_stderr(terminal=False)
    stop = threading.Event()
    stop_on_signals(stop)
    with opened(config, stop=stop) as archive:
        running = daily.start(archive, runs_of(archive.collection))
        show.note(f"The daily job is running for {len(archive.settings.site)} site(s).")
        stop.wait()
        running.shutdown(wait=True)
    return DONE


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; as in viewer.base_url if left out.")
@click.option("--no-schedule", is_flag=True, help="Show the archive only; take no snapshots.")
@click.pass_obj
def serve_command(config: str, host: str, port: int | None, no_schedule: bool) -> int:
    """
    Serve the viewer, and run the daily job in the same process.

    Exit status: 0 stopped by a signal; 1 could not, such as a port in use; 2 faulty configuration.
    """
    log_to_stderr(terminal=sys.stderr.isatty())
    settings = load(Path(config))
    serve(settings, host, port, schedule=not no_schedule)
    return DONE


def serve(settings: Settings, host: str, port: int | None, *, schedule: bool) -> None:
    """Serve until a signal comes. Raises ArchiveError where the address cannot be listened on."""
    wanted = port if port is not None else urlsplit(settings.viewer.base_url).port or 8080
    listening = bind(host, wanted)
    settings = with_address(settings, listening.getsockname()[1])
    stop = threading.Event()
    stop_on_signals(stop)
    with contextlib.closing(listening), opened(settings, stop=stop) as archive:
        app = create_app(
            settings, archive.collection, archive.shelves.history, archive.shelves.catalogue, now=archive.now
        )
        server = waitress.create_server(app, sockets=[listening], threads=8, ident=None)
        thread = threading.Thread(target=server.run, name="viewer", daemon=True)
        thread.start()
        running = daily.start(archive, runs_of(archive.collection)) if schedule else None
        show.line(f"Viewer: {settings.viewer.base_url}/" if not settings.viewer.base_url.endswith("/") else f"Viewer: {settings.viewer.base_url}")
        show.note("Stop it with Ctrl-C.")
        sys.stdout.flush()
        stop.wait()
        if running is not None:
            running.shutdown(wait=True)
        server.close()


@click.command("demo")
@click.argument("directory", default="demo-archive", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 takes a free one.")
@click.option("--no-serve", is_flag=True, help="Build the archive and stop.")
def demo_command(directory: Path, host: str, port: int, no_serve: bool) -> int:
    """
    Archive a small built-in site over seven days of its life, and serve the archive.

    The site is served on this machine and crawled day by day with a clock that is set by hand; everything
    is marked as a demonstration. An archive that is there already is served as it is.

    Exit status: 0 done; 1 could not.
    """
    log_to_stderr(terminal=True)
    listening_problem = None if no_serve else bind(host, port)
    try:
        with show.steps("Archiving the demonstration site") as step:
            config = build(directory, new_record_id, step)
    finally:
        if listening_problem is not None:
            listening_problem.close()
    show.line(f"Configuration: {config}")
    if not no_serve:
        serve(load(config), host, port, schedule=False)
    return DONE
