# SPDX-License-Identifier: EUPL-1.2
"""A server of a bench, from when it accepts until the context is left. Knows nothing of what it does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.ports import wait_until_accepting  # noqa: E402


@contextmanager
def running(command: Sequence[str | Path], folder: Path, port: int) -> Iterator[int]:
    """Run a server in a folder, where its log stands; yield its process once it accepts on a port."""
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until_accepting(port, lambda: process.poll() is None, 60)
            yield process.pid
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
