# SPDX-License-Identifier: EUPL-1.2
"""docs/commands.md, made from the commands themselves: `python -m tests.support.command_help > docs/commands.md`."""

from __future__ import annotations

import sys

import click

from archiver.cli import COMMANDS, daykeep

HEAD = """\
# Commands

Made from the commands' own help by `python -m tests.support.command_help > docs/commands.md`; a test fails
when it is out of step. `DATE` is `YYYY-MM-DD` in the site's own calendar, or the 14 digits of a snapshot.
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD, _section("daykeep", daykeep, None)]
    parts += [_section(f"daykeep {name}", command(name), name) for name in sorted(COMMANDS)]
    return "\n".join(parts)


def command(name: str) -> click.Command:
    """Return a command by its name."""
    found = daykeep.get_command(click.Context(daykeep), name)
    assert found is not None
    return found


def _section(title: str, command: click.Command, name: str | None) -> str:
    # with the group's own settings: click makes the line on --help once, for whichever context asks first
    width = {"terminal_width": 100, "max_content_width": 100}
    context = click.Context(daykeep, info_name="daykeep", **width, **daykeep.context_settings)
    if name is not None:
        context = click.Context(command, info_name=name, parent=context, **width)
    text = command.get_help(context)
    return f"## {title}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(render())
