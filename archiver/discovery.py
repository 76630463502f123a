# SPDX-License-Identifier: EUPL-1.2
"""
How an address was come by, as the block of a metadata record says it. Knows nothing of records or files.

    via: http://www.example.org/            CRLF    the page or file that names it
    hopsFromSeed: LLE                       CRLF    one letter a step, from a seed on
    fetchTimeMs: 36                         CRLF    from the first packet sent to the last one received
    daykeep-found: ../met spatie|streep     CRLF    as it was written there, where that is no URI

The first three are named by ISO 28500:2017 section 6.6; the letters are those of Heritrix's discovery path
(community annotation to that section). Each is left out where it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

STEPS: MappingProxyType[str, str] = MappingProxyType(
    {"outlink": "L", "embed": "E", "hint": "X", "redirect": "R", "robots": "P", "sitemap": "P", "listed": "M"}
)
"""What kind of step → its letter: link, embed, speculative, redirect, prerequisite, manifest."""
MAX_STEPS = 100
"""Letters of a path that are kept; one that is longer is not said at all."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What is known of how an address was come by, and how long it took to get it."""

    via: str = ""
    path: str | None = None
    fetch_ms: int | None = None
    found: str = ""

    def block(self) -> bytes:
        """Return the named fields, each once."""
        facts = {
            "via": self.via if self.via.startswith(("http://", "https://")) else None,
            "hopsFromSeed": self.path,
            "fetchTimeMs": self.fetch_ms,
            "daykeep-found": self.found or None,
        }
        lines = [f"{name}: {value}".rstrip(" ") for name, value in facts.items() if value is not None]
        return "".join([f"{line}\r\n" for line in lines]).encode()


def further(path: str | None, step: str) -> str | None:
    """Return the path to what was found by a step of a kind; None where the path so far is not known."""
    if path is None or len(path) >= MAX_STEPS:
        return None
    return path + STEPS[step]
