# SPDX-License-Identifier: EUPL-1.2
"""
What a command used: time, CPU and memory, measured from outside by bench/launch.py. Knows nothing of crawls.

A command may be cut in two by a line on its stderr; the first part is then measured too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCH = Path(__file__).resolve().with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """Wall and CPU in seconds, children included; the peaks of resident memory, and of its own, in MiB."""

    wall: float
    cpu: float
    peak: float
    own: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A command that ran to its end. `marked` is what it had used when it wrote the mark, if it did."""

    whole: Usage
    marked: Usage | None


def measure(
    command: Sequence[str | Path], cwd: Path, *, accepted: Sequence[int] = (0,), mark: str = ""
) -> Measured:
    """
    Run a command in a folder and return what it used.

    `accepted` are the exit statuses of a run that did its work; any other ends the bench with the command's
    last words. `mark` is a text on its stderr that ends the first part.
    """
    words = [str(word) for word in command]
    # -I -S: no site-packages, so that the launcher is smaller than anything it measures
    done = subprocess.run(
        [sys.executable, "-I", "-S", LAUNCH, mark, *words], cwd=cwd, stdout=subprocess.PIPE, check=True
    )
    result = json.loads(done.stdout)
    if result["status"] not in accepted:
        raise SystemExit(f"{' '.join(words)} ended with {result['status']}:\n{result['stderr']}")
    return Measured(_usage(result), _usage(result["marked"]) if result["marked"] else None)


def _usage(figures: dict[str, float]) -> Usage:
    return Usage(figures["wall"], figures["cpu"], figures["peak"] / 1024, figures["own"] / 1024)
