# SPDX-License-Identifier: EUPL-1.2
"""
What replay puts first into archived pages and workers: our script, and what it has to know of its place.

Knows nothing of bodies.
"""

from __future__ import annotations

from archiver.responses import Response as Stored

from ..addresses.outside import outside_of
from ..rewriting.head import head_script
from ..rewriting.headers import cookies_of, fits, policy_in_page
from .asked import Asked

SCRIPT_PATH = "/.daykeep/replay.js"
MAX_ORIGINS = 40
"""Other archived origins that a page is told of in path mode."""


def place_of(asked: Asked) -> dict[str, str]:
    """Return what our script has to know of where it runs."""
    addresses = asked.means.held.addresses
    return {
        "pattern": addresses.pattern,
        "timestamp": asked.name,
        "origin": str(asked.origin),
        "home": addresses.origin(asked.name, asked.origin),
    }


def head(asked: Asked, stored: Stored | None = None, **more: str) -> str:
    """Return what goes first into a page: our script, where there may be one."""
    if asked.view.scriptless:
        return ""
    addresses = asked.means.held.addresses
    return head_script(
        f"{addresses.origin(asked.name, asked.origin)}{SCRIPT_PATH}?{asked.means.script.version}",
        pattern=addresses.pattern,
        timestamp=asked.name,
        origin=str(asked.origin),
        viewer=asked.means.viewer,
        cookies=cookies_of(stored.headers) if stored else (),
        origins=_other_origins(asked) if addresses.by_path else "",
        outside=outside_of(addresses, asked.name),
        known=" ".join(asked.sources),
        **more,
    )


def policy_of_page(asked: Asked) -> str:
    """Return the policy that a page has in itself where the origins it may reach do not fit a header."""
    addresses = asked.means.held.addresses
    if addresses.by_path or fits(asked.sources):
        return ""
    outside = outside_of(addresses, asked.name)
    return policy_in_page([*asked.sources, *filter(None, [outside])])


def _other_origins(asked: Asked) -> str:
    """Return other archived origins, of whose modules root-relative imports are mapped: the first few."""
    others = sorted(map(str, asked.snapshot.origins - {asked.origin}))
    return " ".join(others[:MAX_ORIGINS])
