# SPDX-License-Identifier: EUPL-1.2
"""
The command line: the only place that composes, prints and exits.

    __init__    the command `daykeep`, its global options, and errors into exit statuses
    log         JSON lines on stderr
    compose     configuration file → Settings, Collection, History, Catalogue, clock
    show        tables and JSON on stdout, progress on stderr
    beginning   init
    making      crawl, run-due
    bringing    import
    serving     serve, schedule, demo
    children    processes of one command, replaced where one dies
    door        the server of one process, and its end
    listening   a port of ours, and public addresses that fit it
    looking     status, snapshots, ledger, search
    changing    history, changes
    checking    verify
    keeping     export, rebuild
    conforming  conform
    withholding hide, unhide, hidden

Exit status: 0 done; 1 could not; 2 wrong usage or configuration; 3 done, with problems.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from index.errors import ArchiveError, ConfigurationError

from . import show
from .log import log_to_stderr

EXIT_STATUS = "Exit status: 0 done; 1 could not; 2 wrong usage or configuration; 3 done, with problems."


COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "beginning",
        "crawl": "making",
        "run-due": "making",
        "serve": "serving",
        "schedule": "serving",
        "status": "looking",
        "snapshots": "looking",
        "ledger": "looking",
        "history": "changing",
        "changes": "changing",
        "search": "looking",
        "export": "keeping",
        "import": "bringing",
        "verify": "checking",
        "conform": "conforming",
        "rebuild": "keeping",
        "hide": "withholding",
        "unhide": "withholding",
        "hidden": "withholding",
        "demo": "serving",
    }
)
"""Every command and the module that has it, as `<name>_command`."""


class Commands(click.Group):
    """The commands, each imported when it is called: together they take a second, which none needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's interface
        """Return their names in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one; None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{COMMANDS[cmd_name]}", __name__)
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_STATUS)
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
