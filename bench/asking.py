# SPDX-License-Identifier: EUPL-1.2
"""
Many questions to a server over HTTP, a connection for each, and how long every answer took. Knows no server.

    asked = ask(port, ["/cdx?url=…", …], clients=8)
    asked.per_second, asked.percentile(0.99)

The clients are processes, so that the one who asks is not what is measured. A question is sent and read
with bare sockets: an HTTP library would take longer than the server.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of many questions: seconds in all, and of each that was answered; lines of all together."""

    wall: float
    times: Sequence[float]
    lines: int
    refused: Sequence[str]
    """What was not answered with 200, each with how it was."""

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.times) / self.wall

    def percentile(self, share: float) -> float:
        """Return the time in milliseconds within which this share of the answers was there."""
        ordered = sorted(self.times) or [float("nan")]
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000


def ask(port: int, targets: Sequence[str], clients: int) -> Asked:
    """Ask all questions, so many at once."""
    parts = [(port, targets[number::clients]) for number in range(clients)]
    with multiprocessing.get_context("fork").Pool(clients) as pool:
        pool.map(abs, range(clients))  # all have begun
        begun = time.perf_counter()
        found = pool.map(_ask, parts, chunksize=1)
        wall = time.perf_counter() - begun
    times = [one for client in found for one in client.times]
    refused = [one for client in found for one in client.refused]
    return Asked(wall, times, sum(one.lines for one in found), refused)


def _ask(part: tuple[int, Sequence[str]]) -> Asked:
    port, targets = part
    times: list[float] = []
    refused: list[str] = []
    lines = 0
    start = time.perf_counter()
    for target in targets:
        begun = time.perf_counter()
        told, body = _answer(port, target)
        if b" 200 " not in told[:16]:
            refused.append(f"{target}: {told[:40]!r}")
            continue
        times.append(time.perf_counter() - begun)
        lines += body.count(b"\n")
    return Asked(time.perf_counter() - start, times, lines, refused)


def _answer(port: int, target: str) -> tuple[bytes, bytes]:
    """Return head and body of an answer."""
    head = f"GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(head.encode())
        pieces = []
        while piece := client.recv(1 << 16):
            pieces.append(piece)
    told, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    return told, body if b"chunked" not in told.lower() else _whole(body)


def _whole(body: bytes) -> bytes:
    """Return what chunks hold (RFC 9112 section 7.1)."""
    pieces = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(body[:length])
        body = body[length + 2 :]
    return b"".join(pieces)
