# SPDX-License-Identifier: EUPL-1.2
"""A listener where a live server stood: it writes down whoever still asks, and answers nobody."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def listening(port: int, heard: list[str]) -> Iterator[None]:
    """Listen where the live server stood, and write down whoever asks."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    with connection:
                        heard.append(connection.recv(2048).decode("latin-1"))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
