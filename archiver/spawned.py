# SPDX-License-Identifier: EUPL-1.2
"""
A process of this program that runs one function, and the pipe to it. Knows nothing of what is said there.

    us ──▶ python -c … ──▶ imports the module of the function, and nothing else ──▶ function(pipe, *arguments)

Not by multiprocessing, whose processes first import what the command itself is made of: that takes seconds,
and what they need a part of one. Not forked: what is open or locked here stays so here alone.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

_CODE = "import sys; sys.path[:] = {path!r}; from {module} import work; work({descriptor})"
_END = 5
"""Seconds that an ended process is waited for."""


class Spawned:
    """One process, as seen from here. End it."""

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:
        """Start it. Function (not of `__main__`) and arguments are pickled. Raises OSError."""
        self.pipe, other = Pipe()
        descriptor = other.fileno()
        code = _CODE.format(path=sys.path, module=__name__, descriptor=descriptor)
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own code
            [sys.executable, "-c", code], stdin=subprocess.DEVNULL, pass_fds=(descriptor,)
        )
        other.close()
        with contextlib.suppress(OSError):  # that it has died is told when it is listened to
            self.pipe.send((function, arguments))

    def end(self) -> int | None:
        """End it at once and return its exit code; a negative one is the number of a signal."""
        self.pipe.close()
        for limit in (0.1, _END):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(limit)
            self._process.kill()
        return None


def work(descriptor: int) -> None:
    """Be such a process: do what comes first through the pipe."""
    pipe = Connection(descriptor)
    with contextlib.suppress(EOFError):  # whoever asked has gone
        function, arguments = pipe.recv()
        function(pipe, *arguments)
