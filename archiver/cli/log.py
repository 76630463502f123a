# SPDX-License-Identifier: EUPL-1.2
"""The log of a command: events on stderr, for a machine or for a person. Knows no event."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from .show import printable


def log_to_stderr(*, terminal: bool) -> None:
    """Write events to stderr: one JSON object per line, or readable lines where a person watches."""
    level = logging.WARNING if terminal else logging.INFO
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False) if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *([_printable] if terminal else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _printable(_logger: Any, _name: str, event: Any) -> Any:
    """Take out of an event what could steer a terminal: it may quote a website."""
    return {
        key: printable(value) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }
