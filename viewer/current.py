# SPDX-License-Identifier: EUPL-1.2
"""The holdings of the application that answers, the one way to reach them; and who asks it."""

from __future__ import annotations

from flask import Flask, current_app, request

from .holdings import Holdings
from .places import client_of

_NAME = "daykeep"


def give(app: Flask, held: Holdings) -> None:
    """Let an application answer from these holdings."""
    app.extensions[_NAME] = held


def holdings() -> Holdings:
    """Return the holdings of the application that answers."""
    held: Holdings = current_app.extensions[_NAME]
    return held


def client() -> str | None:
    """Return by what the client that asks is told from others (`client_of`)."""
    return client_of(request.remote_addr)
