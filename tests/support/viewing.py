# SPDX-License-Identifier: EUPL-1.2
"""The viewer over an archive of a test: called in the process, or served by waitress on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import waitress
from werkzeug.test import Client, TestResponse

from archiver.exporting.kept_exports import KeptExports
from archiver.exporting.profiles import built_in
from index.public import PublicHistory
from index.search import Search
from index.urlkey import origin
from tests.support.archive import Archive
from viewer.addresses.label import make
from viewer.addresses.path_address import replay_addresses
from viewer.app import THREADS, create_app, create_viewer
from viewer.holdings import Holdings
from viewer.shelf import Shelf
from viewer.takedowns import Takedowns

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def app_of(archive: Archive) -> Any:
    """Return the WSGI application over an archive, on 10 March 2026."""
    return create_app(
        archive.settings, archive.collection, archive.history, archive.catalogue, now=lambda: NOW
    )


def viewer_of(archive: Archive) -> Any:
    """Return the Flask application of the viewer's own pages over an archive."""
    addresses = replay_addresses(archive.settings.viewer.replay_url)
    takedowns = Takedowns(archive.collection, archive.settings.zone)
    shelf = Shelf(archive.collection, addresses, takedowns=takedowns)
    history = PublicHistory(archive.history, takedowns.now)
    held = Holdings(
        archive.settings,
        archive.collection,
        history,
        Search(history, archive.catalogue),
        addresses,
        shelf,
        KeptExports(archive.collection, archive.settings, built_in()),
        takedowns,
        lambda: NOW,
    )
    return create_viewer(held)


class Visitor:
    """Asks the application in the same process; keeps no cookies."""

    def __init__(self, archive: Archive, port: int = 8080) -> None:
        self._client = Client(app_of(archive), use_cookies=False)
        self._port = port

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask the viewer; header names are written with underscores."""
        return self.ask("GET", f"http://localhost:{self._port}", path, **headers)

    def replay(self, timestamp: str, url: str, *, method: str = "GET", **headers: str) -> TestResponse:
        """Ask the replay origin of an archived URL for it."""
        archived = origin(url)
        label = make(timestamp, archived)
        path = url.removeprefix(str(archived))
        return self.ask(method, f"http://{label}.localhost:{self._port}", path, **headers)

    def ask(self, method: str, base: str, path: str, *, body: bytes = b"", **headers: str) -> TestResponse:
        """Ask any host of the application."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.open(path, base_url=base, method=method, headers=fields, data=body, buffered=True)


@contextmanager
def serving(archive: Archive, port: int) -> Iterator[str]:
    """Serve viewer and replay on a port of loopback as `daykeep serve` does, and yield the viewer's address."""
    server = waitress.create_server(
        app_of(archive), host="127.0.0.1", port=port, threads=THREADS, asyncore_use_poll=True
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        # in the thread that waits for them: connections that nobody closes would keep it until it is given up
        server.trigger.pull_trigger(lambda: _close(server))
        thread.join(timeout=10)
        server.task_dispatcher.shutdown()


def _close(server: Any) -> None:
    for channel in list(server.active_channels.values()):
        channel.handle_close()
    server.close()
