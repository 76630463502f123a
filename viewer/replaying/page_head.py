# SPDX-License-Identifier: EUPL-1.2
"""
What replay puts first into archived pages and workers: our script, and what it has to know of its place.

Knows nothing of bodies.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from flask import current_app, g

from archiver.records import Response as Stored

from ..addresses.outside import outside_of
from ..current import holdings
from ..holdings import Holdings
from ..rewriting.head import head_script
from ..rewriting.headers import (
    cookies_of,
    fits,
    policy_in_page,
)
from .asked import Asked, viewer_origin
from .script import page_script

SCRIPT = "daykeep-replay-script"
VERSION = "daykeep-rewriting-version"
SCRIPT_PATH = "/.daykeep/replay.js"
MAX_ORIGINS = 40
"""Other archived origins that a page is told of in path mode."""
# What the rewritten form of a body is made by: a change in any of these rooms makes another answer.
_REWRITERS = ("addresses", "replaying", "rewriting")


@dataclass(frozen=True, slots=True)
class Script:
    """The script that goes first into every page, and the name of its version."""

    body: bytes
    version: str


def make_script() -> Script:
    """Read our script, once for all requests."""
    body = page_script()
    return Script(body, hashlib.sha256(body).hexdigest()[:16])


def rewriting_version(held: Holdings, script: Script) -> str:
    """Return what stands for everything that a rewritten page is made with besides the capture itself."""
    seen = hashlib.sha256()
    modules = [one for room in _REWRITERS for one in (resources.files("viewer") / room).iterdir()]
    for module in sorted((one for one in modules if one.is_file()), key=lambda one: one.name):
        seen.update(module.read_bytes())
    seen.update("\n".join([script.version, viewer_origin(held), held.addresses.pattern]).encode())
    return seen.hexdigest()[:12]


def place_of(asked: Asked) -> dict[str, str]:
    """Return what our script has to know of where it runs."""
    addresses = holdings().addresses
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
    held = holdings()
    script: Script = current_app.extensions[SCRIPT]
    return head_script(
        f"{held.addresses.origin(asked.name, asked.origin)}{SCRIPT_PATH}?{script.version}",
        pattern=held.addresses.pattern,
        timestamp=asked.name,
        origin=str(asked.origin),
        viewer=viewer_origin(held),
        cookies=cookies_of(stored.headers) if stored else (),
        origins=_other_origins(asked) if held.addresses.by_path else "",
        outside=outside_of(held.addresses, asked.name),
        known=" ".join(asked.sources),
        **more,
    )


def policy_of_page(asked: Asked) -> str:
    """Return the policy that a page has in itself where the origins it may reach do not fit a header."""
    if holdings().addresses.by_path or fits(asked.sources):
        return ""
    g.policy_in_page = True
    outside = outside_of(holdings().addresses, asked.name)
    return policy_in_page([*asked.sources, *filter(None, [outside])])


def _other_origins(asked: Asked) -> str:
    """Return other archived origins, of whose modules root-relative imports are mapped: the first few."""
    others = sorted(map(str, asked.snapshot.origins - {asked.origin}))
    return " ".join(others[:MAX_ORIGINS])
