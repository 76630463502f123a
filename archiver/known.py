# SPDX-License-Identifier: EUPL-1.2
"""An address that a crawl knows, and what became of it. Knows nothing of where either is kept."""

from __future__ import annotations

from dataclasses import dataclass

from .ledger import UrlOutcome


@dataclass(frozen=True, slots=True)
class Known:
    """A URL to ask for."""

    url: str
    depth: int
    """Links away from a seed."""
    via: str
    """Where it was found: a URL, or `seed`, `sitemap`, `robots`, `yesterday`."""
    kind: str
    """`outlink`, `embed` for a part that a page needs, `hint` for a guess, `sitemap` or `robots`."""
    borrowed: bool = False
    """Whether it is out of scope and asked for only because a page of the site needs it as a part."""
    hops: int = 0
    """Redirects in a row that led to it."""
    beyond: int = 0
    """Parts in a row that led to it since the scope was left."""
    recalled: bool = False
    """Whether it is known from the day before, and `via` tells where it was found then."""
    path: str | None = None
    """The steps to it from a seed (archiver.discovery), where they are known."""
    found: str = ""
    """How it was written where it was found, if that is more than joining it (archiver.spelling)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a URL that was asked for, or that will not be."""

    outcome: UrlOutcome
    status: int | None = None
    reason: str = ""
    bytes: int = 0
    timestamp: str = ""
    flag: str = ""
    """What it is instead of a page, where it does not look like one."""
