# SPDX-License-Identifier: EUPL-1.2
"""The real command in processes of its own: run to its end, or serving on a free port."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DAYKEEP = [sys.executable, "-P", "-m", "archiver"]


def daykeep(*words: str | Path, config: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the caller looks at status and output."""
    options = ["--config", str(config)] if config else []
    command = [*DAYKEEP, *options, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


@contextlib.contextmanager
def served(config: Path, *words: str) -> Iterator[str]:
    """Serve an archive on a free port, and yield the viewer's address without its last slash."""
    command = [*DAYKEEP, "--config", str(config), "serve", "--port", "0", *(words or ("--no-schedule",))]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"Viewer: (http://localhost:\d+)/\n", line)
        if found is None:
            process.kill()
            raise AssertionError(f"`daykeep serve` did not start: {line!r} {process.communicate()[1]}")
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)
