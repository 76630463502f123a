# SPDX-License-Identifier: EUPL-1.2
"""The holdings of the application that answers the current request: the one way to reach them."""

from __future__ import annotations

from flask import Flask, current_app

from .holdings import Holdings

_NAME = "daykeep"


def give(app: Flask, held: Holdings) -> None:
    """Let an application answer from these holdings."""
    app.extensions[_NAME] = held


def holdings() -> Holdings:
    """Return the holdings of the application that answers."""
    held: Holdings = current_app.extensions[_NAME]
    return held
