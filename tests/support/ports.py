# SPDX-License-Identifier: EUPL-1.2
"""
Loopback ports for servers that a test starts, and the wait until such a server accepts.

Ports given out here lie below those that the kernel gives to connections and to servers that ask for any
(`ip_local_port_range`): neither can take one before the server that it is for does, and the waits below can
not connect to themselves (RFC 9293 section 3.5, simultaneous open). A port is one caller's until its process has
asked for KEPT more: other processes of ours see it as taken. What else runs on the machine may still take it,
so who starts a server should be ready to ask again (see `tests/support/nginx.py`).
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

LOOPBACK = "127.0.0.1"
LOWEST = 12_000
"""Above the last port that Chromium refuses to ask (10080)."""

KEPT = 100
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_taken: deque[int] = deque()


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on now, and that no one else is given for a while."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return `count` different ports, each as `free_port` does."""
    return [_free() for _ in range(count)]


def _free() -> int:
    lowest, chance = int(_RANGE.read_text().split()[0]), random.SystemRandom()
    for _ in range(1000):
        port = chance.randrange(LOWEST, lowest)
        if (mark := _marked(port)) is None:
            continue
        _taken.append(mark)
        while len(_taken) > KEPT:
            os.close(_taken.popleft())
        try:
            socket.create_server((LOOPBACK, port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port from {LOWEST} to {lowest - 1} is free")


def _marked(port: int) -> int | None:
    """Return a descriptor that marks a port as taken until it is closed; None where another process has it."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # an abstract name (unix(7)) is gone with the process that holds it, however that ends
        mark.bind(f"\0daykeep-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark.detach()


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
