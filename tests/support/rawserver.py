# SPDX-License-Identifier: EUPL-1.2
r"""
A loopback server that answers each connection with given bytes or a given function, well-behaved or not.

    with RawServer(b"HTTP/1.1 200 OK\r\n…") as server:       # one request, the bytes, close
    with RawServer(lambda connection: …) as server:          # whatever the function does, then close

Knows nothing of HTTP beyond the blank line that ends a request.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

BLANK = b"\r\n\r\n"


@dataclass
class Connection:
    """One accepted connection, as the answering function sees it."""

    sock: socket.socket
    server: RawServer
    _rest: bytes = b""

    def request(self) -> bytes:
        """Return the next request up to its blank line; empty where the client closed."""
        while BLANK not in self._rest:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self._rest += data
        head, _, self._rest = self._rest.partition(BLANK)
        self.server.requests.append(head + BLANK)
        return head + BLANK

    def send(self, data: bytes) -> None:
        """Send all of the bytes."""
        self.sock.sendall(data)

    def drip(self, data: bytes, seconds: float) -> None:
        """Send byte after byte with a pause, until the server closes or the client has gone."""
        for byte in data:
            self.sock.sendall(bytes((byte,)))
            if self.server.closing.wait(seconds):
                return

    def pause(self, seconds: float = 30) -> None:
        """Do nothing until the server closes."""
        self.server.closing.wait(seconds)

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Answer = bytes | Callable[[Connection], None]


def keep_answering(*answers: bytes) -> Callable[[Connection], None]:
    """Return a function that answers request after request on one connection, the last answer repeated."""

    def answer(connection: Connection) -> None:
        number = 0
        while connection.request():
            connection.send(answers[min(number, len(answers) - 1)])
            number += 1

    return answer


@dataclass
class RawServer:
    """Listens on a free port of 127.0.0.1 between `with` and its end."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    accepted: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def url(self, target: str = "/", host: str = "127.0.0.1") -> str:
        """Return a URL of this server."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{target}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.closing.is_set():
                sock, _ = self._listener.accept()
                self.accepted += 1
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        # a client that goes away is what many tests are about; it is no fault of the server
        with sock, contextlib.suppress(OSError):
            sock.settimeout(10)
            if self.tls is None:
                self._converse(sock)
                return
            with self.tls.wrap_socket(sock, server_side=True) as secure:
                self._converse(secure)

    def _converse(self, sock: socket.socket) -> None:
        connection = Connection(sock, self)
        if callable(self.answer):
            self.answer(connection)
            return
        connection.request()
        connection.send(self.answer)
