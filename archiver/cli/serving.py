# SPDX-License-Identifier: EUPL-1.2
"""The commands that stay: serve, schedule, and demo, which serves what it made."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import socket
import sys
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import click
import structlog

from viewer.app import THREADS, create_app
from viewer.crew import Crew
from viewer.kept_answers import Keeping
from viewer.security import not_told

from .. import schedule
from ..collection import Collection
from ..demo.run import build
from ..exporting.profiles import Profile, profiles
from ..publish import Shelves
from ..settings import MOST_PROCESSES, Settings, load
from . import show
from .children import Child, Children, Roll
from .compose import new_record_id, opened, runs_of, utc_now
from .compose import shelves as opened_shelves
from .door import Door
from .listening import bind, with_address
from .log import log_to_stderr
from .stopping import stop_on_signals

DONE = 0
MOST_FILES = 10_000
"""Open files: the indexes of ten years of days, and some more than one visitor's connections."""
MOST_BY_ITSELF = 8
"""Processes that answer where nobody says how many: each takes memory."""
LEAST_THREADS = 4
DRAIN = 10.0
"""Seconds after a signal for which answers are still sent: less than stopping.GRACE."""

logger = structlog.get_logger(__name__)


@click.command("schedule")
@click.pass_obj
def schedule_command(config: str) -> int:
    """
    Run the daily job alone, without the viewer, until it is stopped.

    Exit status: 0 stopped by a signal; 1 could not; 2 faulty configuration.
    """
    log_to_stderr(terminal=False)
    stop = stop_on_signals()
    with opened(config, stop=stop) as archive:
        running = schedule.start(archive, runs_of(archive.collection))
        show.note(f"The daily job is running for {len(archive.settings.site)} site(s).")
        stop.wait()
        running.shutdown(wait=True)
    return DONE


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; as in viewer.base_url if left out."
)
@click.option(
    "--processes",
    type=click.IntRange(0, MOST_PROCESSES),
    help="Processes that answer; 0: one for each core. As in viewer.processes if left out.",
)
@click.option("--no-schedule", is_flag=True, help="Show the archive only; take no snapshots.")
@click.pass_obj
def serve_command(config: str, host: str, port: int | None, processes: int | None, no_schedule: bool) -> int:
    """
    Serve the viewer, and run the daily job beside it.

    Several processes answer, and one more takes the snapshots; one that dies is replaced.

    Exit status: 0 stopped by a signal; 1 could not, such as a port in use; 2 faulty configuration.
    """
    settings = load(Path(config))
    warn_of_plain_http(settings)
    known = profiles(Path(config).resolve().parent)
    return serve(settings, host, port, schedule=not no_schedule, processes=processes, known=known)


def serve(
    settings: Settings,
    host: str,
    port: int | None,
    *,
    schedule: bool,
    measure: bool = False,
    processes: int | None = None,
    known: dict[str, Profile] | None = None,
) -> int:
    """
    Serve until a signal comes. Raises ArchiveError where the address cannot be listened on.

    With `schedule` the daily job runs beside it, with `measure` that part of it which measures days.
    """
    allow_files(MOST_FILES)
    wanted = port if port is not None else urlsplit(settings.viewer.base_url).port or 8080
    listening = bind(host, wanted)
    settings = with_address(settings, listening.getsockname()[1])
    count = process_count(settings.viewer.processes if processes is None else processes)
    stop = stop_on_signals()
    viewer = Serving(settings, listening, count, Roll(count + 1), known or {})
    with contextlib.closing(listening):
        with opened(settings, stop=stop) as archive:  # publishes what waits, once
            viewer.application(archive.shelves)  # what is wrong in the configuration is said here
        children = [
            Child(f"viewer {number + 1}", partial(viewer.answer, number, stop)) for number in range(count)
        ]
        if schedule or measure:
            job = partial(_do_daily, settings, listening, stop, take=schedule)
            children.append(Child("daily job", job))
        gc.freeze()  # so that the children share these objects: collecting garbage would write to them
        return Children(children, stop, viewer.roll).run(partial(_say_where, settings), listening.close)


def process_count(wanted: int) -> int:
    """Return how many processes answer: so many, or one for each core that we may use."""
    return wanted or min(len(os.sched_getaffinity(0)), MOST_BY_ITSELF)


def _say_where(settings: Settings) -> None:
    show.line(f"Viewer: {settings.viewer.base_url.rstrip('/')}/")
    show.note("Stop it with Ctrl-C.")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Serving:
    """What each process that answers is made of."""

    settings: Settings
    listening: socket.socket
    processes: int
    roll: Roll
    profiles: dict[str, Profile]

    def application(self, shelves: Shelves) -> Keeping:
        """Return the viewer as one of so many processes has it. Raises ConfigurationError."""
        return create_app(
            self.settings,
            Collection(self.settings.root),
            shelves.history,
            shelves.catalogue,
            now=utc_now,
            profiles=self.profiles or None,
            crew=Crew(self.processes, lambda: self.roll.at_work(self.processes)),
        )

    def answer(self, number: int, stop: threading.Event) -> None:
        """Be one of these processes until `stop` is set, and end when all that was asked is answered."""
        with opened_shelves(Collection(self.settings.root)) as shelves:
            crew = Crew(self.processes)
            app, threads = self.application(shelves), crew.part(THREADS, LEAST_THREADS)

            def fewest(own: int) -> int:
                self.roll.tell(number, own)
                return self.roll.fewest(self.processes)

            door = Door(app, self.listening, threads=threads, is_at_hand=app.is_at_hand, fewest=fewest)
            door.open()
            self.roll.mark(number, at_work=True)
            stop.wait()
            if not door.close(DRAIN):
                logger.warning("answers-cut-off", seconds=DRAIN)


def _do_daily(settings: Settings, listening: socket.socket, stop: threading.Event, *, take: bool) -> None:
    """Take the daily snapshots, if that is asked, and measure days until `stop` is set."""
    listening.close()
    with opened(settings, stop=stop) as archive:
        running = schedule.start(archive, runs_of(archive.collection), take=take)
        stop.wait()
        running.shutdown(wait=True)


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
        return serve(load(config), host, port, schedule=False, measure=True)
    return DONE
