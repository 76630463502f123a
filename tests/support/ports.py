# SPDX-License-Identifier: EUPL-1.2
"""
Loopback ports for servers that a test starts, and the wait until such a server accepts.

A free port is only known to be free at the moment of asking: who starts a server on it must be ready to ask
again (see `tests/support/nginx.py`).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports on loopback that nothing listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def accepts(port: int) -> bool:
    """Tell whether something accepts connections on a loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(done: Callable[[], bool], alive: Callable[[], bool], seconds: float = 20) -> None:
    """
    Return once `done` tells so, asked every 20 milliseconds.

    `alive` tells whether the process that should bring it about still runs. Raises ConnectionError as soon as it
    does not, TimeoutError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not done():
        if not alive():
            raise ConnectionError("the server ended before it accepted a connection")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server did not accept a connection within {seconds} seconds")
        time.sleep(0.02)


def wait_until_accepting(port: int, alive: Callable[[], bool], seconds: float = 20) -> None:
    """Return once something accepts on a loopback port; raises as `wait_until` does."""
    wait_until(lambda: accepts(port), alive, seconds)
