# SPDX-License-Identifier: EUPL-1.2
"""Rows of text as a table, for a terminal or in Markdown, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """Return a table as text: the first two columns to the left, figures to the right."""
    if markdown:
        rule = ["---", "---", *["---:"] * (len(head) - 2)]
        return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in (head, *rows))


def report(
    where: str,
    command: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    verdicts: Iterable[str],
    *,
    markdown: bool,
) -> str:
    """Return what was measured as text: where, by which command, the table, and what it says in words."""
    lines = "\n".join(f"- {line}" if markdown else line for line in verdicts)
    return f"{where}\n\n    {command}\n\n{table(head, rows, markdown=markdown)}\n\n{lines}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=True)
    texts = [text.ljust(width) if at < 2 else text.rjust(width) for at, (text, width) in enumerate(cells)]
    return "  ".join(texts).rstrip()


def machine() -> str:
    """Return one line that tells where this runs, and how busy the machine was before it."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    python = f"Python {platform.python_version()}"
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GiB, {system}, {python}, load before the run {load:.1f}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
