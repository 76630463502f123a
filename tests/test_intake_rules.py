# SPDX-License-Identifier: EUPL-1.2
"""When a seed that leads elsewhere takes the scope along: a table, without a crawl."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.frontier import Frontier
from archiver.intake import Intake
from archiver.settings import Site

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HERE = "http://example.test"
WWW = "http://www.example.test"
TLS = "https://example.test"

MOVES = [
    # scope, seed, where it leads, an address, whether that is within the scope then
    ("host", f"{HERE}/", f"{WWW}/", f"{WWW}/a", True),
    ("host", f"{HERE}/", f"{TLS}/", f"{TLS}/a", True),
    ("host", f"{HERE}/", "http://example.com/", "http://example.com/", False),
    ("host", f"{HERE}/", f"{HERE}:8080/", f"{HERE}:8080/a", True),
    ("prefix", f"{HERE}/nl/", f"{WWW}/nl/", f"{WWW}/nl/a", True),
    ("prefix", f"{HERE}/nl/", f"{WWW}/nl/", f"{WWW}/en/", False),
    ("prefix", f"{HERE}/nl/", f"{WWW}/nl/start?a=/x/", f"{WWW}/nl/a", True),
    ("prefix", f"{HERE}/nl/", f"{WWW}/", f"{WWW}/", False),
    ("prefix", f"{HERE}/nl/", f"{WWW}/en/", f"{WWW}/en/", False),
    ("prefix", f"{HERE}/nl/", f"{HERE}/en/", f"{HERE}/en/", False),
    ("prefix", f"{HERE}/nl/", f"{HERE}/", f"{HERE}/en/", False),
    ("prefix", f"{HERE}/nl/", f"{TLS}/nl/", f"{TLS}/nl/a", True),
    ("prefix", f"{HERE}/nl/", f"{TLS}/en/", f"{TLS}/en/", False),
    ("prefix", f"{HERE}", f"{WWW}/nl/", f"{WWW}/nl/a", True),
    # of a scope of one page nothing is left where that page leads nowhere
    ("page", f"{HERE}/", f"{TLS}/", f"{TLS}/", True),
    ("page", f"{HERE}/", f"{WWW}/", f"{WWW}/", True),
    ("page", f"{HERE}/", f"{WWW}/", f"{WWW}/a", False),
    ("page", f"{HERE}/", f"{HERE}/nl/", f"{HERE}/nl/", True),
    ("domain", f"{WWW}/", f"{HERE}/", f"{HERE}/a", True),
]


@pytest.mark.parametrize(("scope", "seed", "target", "url", "within"), MOVES)
def test_seed_that_leads_elsewhere(tmp_path, scope, seed, target, url, within):
    """The scope goes along to another host of the domain, and stays what was configured otherwise."""
    assert _moved(tmp_path, target, scope=scope, seeds=(seed,)).in_scope(url) is within


def test_several_seeds(tmp_path):
    """Of several seeds it is enough that it may be the move of one of them."""
    moved = _moved(tmp_path, f"{WWW}/en/", scope="prefix", seeds=(f"{HERE}/nl/", f"{HERE}/en/"))
    assert (moved.in_scope(f"{WWW}/en/a"), moved.in_scope(f"{WWW}/nl/a")) == (True, False)


def test_excluded(tmp_path):
    """What is left out by name stays so where a seed leads there."""
    moved = _moved(tmp_path, f"{WWW}/inloggen", seeds=(f"{HERE}/",), exclude=("/inloggen",))
    assert not moved.in_scope(f"{WWW}/inloggen")


def _moved(folder: Path, target: str, **site: object) -> Intake:
    with contextlib.closing(Frontier(folder / "state" / "frontier.sqlite")) as frontier:
        intake = Intake(Site(name="example", **site), frontier, lambda: NOW)  # type: ignore[arg-type]
        intake.seeds()
        intake.move_seed(target)
        return intake
