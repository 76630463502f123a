# SPDX-License-Identifier: EUPL-1.2
"""Work for other processes (archiver.checking.crew) that goes well, or ends its process, or takes for ever."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

from archiver.checking.crew import run


def perform(task: str) -> Iterator[str]:
    """Do what a word says."""
    yield f"begun {task}"
    if task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "exits":
        os._exit(7)
    if task == "waits":
        time.sleep(600)
    yield f"done {task}"


if __name__ == "__main__":
    from tests.support import dying  # another process finds its function by this name

    for _, result in run(["waits", "waits", "waits"], dying.perform, 2):
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()
