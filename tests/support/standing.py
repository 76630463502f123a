# SPDX-License-Identifier: EUPL-1.2
"""A process that stands still for a while, as one that hangs does."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.support.ports import wait_until


def states(process: int) -> Iterator[str]:
    """Yield the state of each thread of a process: T where it is stopped."""
    for stat in Path(f"/proc/{process}/task").glob("*/stat"):
        yield stat.read_text().rpartition(")")[2].split()[0]


@contextlib.contextmanager
def standing_still(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        # one thread takes the signal, and the others may run on for a moment
        wait_until(lambda: set(states(process)) == {"T"}, lambda: True)
        yield
    finally:
        os.kill(process, signal.SIGCONT)
