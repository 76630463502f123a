# SPDX-License-Identifier: EUPL-1.2
"""
What every answer of replay is made with, the same for all: the archive, our script, how pages are rewritten.

Made once for each process. Knows nothing of requests.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources

from index.urlkey import normalise
from index.urlkey import origin as origin_of

from ..holdings import Holdings
from ..turns import Turns
from .script import page_script

# What the rewritten form of a body is made by: a change in any of these rooms makes another answer.
_REWRITERS = ("addresses", "replaying", "rewriting")
AT_ONCE = 3
"""Bodies that a process rewrites at once: with as many as it has threads, eight, large pages end later."""


@dataclass(frozen=True, slots=True)
class Script:
    """The script that goes first into every page, and the name of its version."""

    body: bytes
    version: str


@dataclass(frozen=True, slots=True)
class Means:
    """What answers of replay are made with."""

    held: Holdings
    script: Script
    version: str
    """Stands for everything that a rewritten page is made with besides the capture itself."""
    viewer: str
    """The viewer's own origin."""
    turns: Turns
    """Those of rewriting."""


def means_of(held: Holdings) -> Means:
    """Return what answers are made with from these holdings."""
    body = page_script()
    script = Script(body, hashlib.sha256(body).hexdigest()[:16])
    viewer = str(origin_of(normalise(held.settings.viewer.base_url) or ""))
    return Means(held, script, _version(held, script, viewer), viewer, Turns(AT_ONCE))


def _version(held: Holdings, script: Script, viewer: str) -> str:
    seen = hashlib.sha256()
    modules = [one for room in _REWRITERS for one in (resources.files("viewer") / room).iterdir()]
    for module in sorted((one for one in modules if one.is_file()), key=lambda one: one.name):
        seen.update(module.read_bytes())
    seen.update(f"{script.version}\n{viewer}\n{held.addresses.pattern}".encode())
    return seen.hexdigest()[:12]
