# SPDX-License-Identifier: EUPL-1.2
"""
The command line: the only place that composes, prints and exits.

    __init__    the command `daykeep`, its global options, and errors into exit statuses
    compose     configuration file → Settings, Collection, History, Catalogue, clock
    show        tables and JSON on stdout, progress on stderr
    beginning   init
    making      crawl, run-due
    bringing    import
    serving     serve, schedule, demo
    listening   a port of ours, and public addresses that fit it
    looking     status, snapshots, ledger, history, changes, search
    checking    verify
    keeping     export, rebuild
    conforming  conform

Exit status: 0 done; 1 could not; 2 wrong usage or configuration; 3 done, with problems.
"""

from __future__ import annotations

import sys

import click

from index.errors import ArchiveError, ConfigurationError

from . import show
from .beginning import init_command
from .bringing import import_command
from .checking import verify_command
from .compose import log_to_stderr
from .conforming import conform_command
from .keeping import export_command, rebuild_command
from .looking import (
    changes_command,
    history_command,
    ledger_command,
    search_command,
    snapshots_command,
    status_command,
)
from .making import crawl_command, run_due_command
from .serving import demo_command, schedule_command, serve_command

EXIT_STATUS = "Exit status: 0 done; 1 could not; 2 wrong usage or configuration; 3 done, with problems."


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_STATUS)
@click.version_option(package_name="daykeep", prog_name="daykeep")
@click.option(
    "--config",
    envvar="DAYKEEP_CONFIG",
    default="config/daykeep.toml",
    show_default=True,
    type=click.Path(dir_okay=False),
    help="The configuration file; $DAYKEEP_CONFIG does the same.",
)
@click.pass_context
def daykeep(context: click.Context, config: str) -> None:
    """
    Keep every day of a website: crawl it daily, index it, replay it, hand it over.

    Begin with `daykeep init`, then `daykeep crawl SITE`, then `daykeep serve`. `daykeep demo` shows it all
    on a small built-in site.
    """
    log_to_stderr(terminal=sys.stderr.isatty())
    context.obj = config


for command in (
    init_command,
    crawl_command,
    run_due_command,
    serve_command,
    schedule_command,
    status_command,
    snapshots_command,
    ledger_command,
    history_command,
    changes_command,
    search_command,
    export_command,
    import_command,
    verify_command,
    conform_command,
    rebuild_command,
    demo_command,
):
    daykeep.add_command(command)


def main() -> None:
    """Run the command line, and turn what went wrong into one sentence and an exit status."""
    try:
        sys.exit(daykeep.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        # the reader of our output has gone, as with `| head`; Python would complain again at exit
        sys.stderr.close()
        sys.exit(1)
    except (ArchiveError, OSError, click.Abort, KeyboardInterrupt) as error:
        show.note(f"daykeep: {_sentence(error)}")
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)


def _sentence(error: BaseException) -> str:
    """Return what went wrong, and what to do."""
    if isinstance(error, ArchiveError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'The system'}: {error.strerror or error}. Mend that and try again."
    return "Stopped. What was stored is intact; run the same command again to carry on."
