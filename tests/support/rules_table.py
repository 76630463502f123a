# SPDX-License-Identifier: EUPL-1.2
"""The rules of WARC/1.1 as the table of docs/conformance.md: `python -m tests.support.rules_table`."""

from __future__ import annotations

import sys

from archiver.strict.rules import RULES


def render() -> str:
    """Return the table."""
    rows = [
        f"| `{name}` | {rule.section} | {rule.level.value} | {rule.sentence} |"
        for name, rule in RULES.items()
    ]
    return "\n".join(["| rule | section | level | says |", "|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
