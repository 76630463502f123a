# SPDX-License-Identifier: EUPL-1.2
"""The commands that stay: serve, schedule, and demo, which serves what it made."""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import waitress

from viewer.app import THREADS, create_app
from viewer.security import not_told

from .. import schedule as daily
from ..demo.run import build
from ..exporting.profiles import Profile, profiles
from ..settings import Settings, load
from . import show
from .compose import new_record_id, opened, runs_of, stop_on_signals
from .listening import bind, with_address
from .log import log_to_stderr

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

DONE = 0
MOST_FILES = 10_000
"""Open files: the indexes of ten years of days, and some more than one visitor's connections."""


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
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; as in viewer.base_url if left out."
)
@click.option("--no-schedule", is_flag=True, help="Show the archive only; take no snapshots.")
@click.pass_obj
def serve_command(config: str, host: str, port: int | None, no_schedule: bool) -> int:
    """
    Serve the viewer, and run the daily job in the same process.

    Exit status: 0 stopped by a signal; 1 could not, such as a port in use; 2 faulty configuration.
    """
    settings = load(Path(config))
    warn_of_plain_http(settings)
    known = profiles(Path(config).resolve().parent)
    serve(settings, host, port, schedule=not no_schedule, known=known)
    return DONE


def serve(
    settings: Settings,
    host: str,
    port: int | None,
    *,
    schedule: bool,
    known: dict[str, Profile] | None = None,
) -> None:
    """Serve until a signal comes. Raises ArchiveError where the address cannot be listened on."""
    allow_files(MOST_FILES)
    wanted = port if port is not None else urlsplit(settings.viewer.base_url).port or 8080
    listening = bind(host, wanted)
    settings = with_address(settings, listening.getsockname()[1])
    stop = threading.Event()
    stop_on_signals(stop)
    with contextlib.closing(listening), opened(settings, stop=stop) as archive:
        app = create_app(
            settings,
            archive.collection,
            archive.shelves.history,
            archive.shelves.catalogue,
            now=archive.now,
            profiles=known,
        )
        server = server_of(app, listening)
        thread = threading.Thread(target=server.run, name="viewer", daemon=True)
        thread.start()
        running = daily.start(archive, runs_of(archive.collection)) if schedule else None
        show.line(f"Viewer: {settings.viewer.base_url.rstrip('/')}/")
        show.note("Stop it with Ctrl-C.")
        sys.stdout.flush()
        stop.wait()
        if running is not None:
            running.shutdown(wait=True)
        server.close()


def server_of(app: WSGIApplication, listening: socket.socket) -> Any:
    """Return a server that waits with poll(): with select() no connection may have a number above 1,023."""
    return waitress.create_server(
        app, sockets=[listening], threads=THREADS, ident=None, asyncore_use_poll=True
    )


def warn_of_plain_http(settings: Settings) -> None:
    """Say at the start which public addresses are without the protection that browsers give to TLS alone."""
    for url in not_told(settings.viewer):
        show.note(
            f"Warning: {url} is plain http, under a name not of this machine alone. Browsers then do not "
            "say what a request is for, and hold nothing apart as they do over TLS: archived pages are less "
            "well kept from the viewer and from each other. Put a proxy with TLS in front and write https:// "
            "in [viewer] (docs/operations.md)."
        )


def allow_files(most: int) -> None:
    """Let this process have so many files open, or as many as it may, where it has not that many already."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@click.command("demo")
@click.argument("directory", default="demo-archive", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--no-serve", is_flag=True, help="Build the archive and stop.")
def demo_command(directory: Path, host: str, port: int, no_serve: bool) -> int:
    """
    Archive a small built-in site over seven days of its life, and serve the archive.

    The site is served on this machine and crawled day by day with a clock that is set by hand; everything
    is marked as a demonstration. An archive that is there already is served as it is.

    Exit status: 0 done; 1 could not.
    """
    log_to_stderr(terminal=True)
    if not no_serve:
        bind(host, port).close()  # a port in use is told before the work, not after it
    with show.steps("Archiving the demonstration site") as step:
        config = build(directory, new_record_id, step)
    show.line(f"Configuration: {config}")
    if not no_serve:
        serve(load(config), host, port, schedule=False)
    return DONE
