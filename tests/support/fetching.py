# SPDX-License-Identifier: EUPL-1.2
"""Fetchers for tests: loopback allowed, short limits, and the response read back as bytes."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver.addresses import AddressGuard
from archiver.exchange import Exchange, Failure
from archiver.fetch import Fetcher

LOOPBACK = AddressGuard(["127.0.0.0/8", "::1"])


def now() -> datetime:
    return datetime.now(UTC)


def make_fetcher(**options: Any) -> Fetcher:
    """Return a fetcher that may talk to loopback; `options` replace what is set here."""
    settings: dict[str, Any] = {
        "user_agent": "daykeep/1.0 (+https://archive.example/)",
        "timeout": 5,
        "max_seconds": 10,
        "max_bytes": 10_000_000,
        "guard": LOOPBACK,
        "spool_dir": Path(tempfile.gettempdir()),
        "clock": now,
    }
    return Fetcher(**(settings | options))


def received(answer: Exchange | Failure) -> bytes:
    """Return every byte of the response of an exchange, and close it."""
    assert isinstance(answer, Exchange), answer
    data = b"".join(answer.raw())
    answer.close()
    assert len(data) == answer.length
    return data


def failed(answer: Exchange | Failure) -> Failure:
    """Return a failure that must be one."""
    assert isinstance(answer, Failure), answer
    return answer
