# SPDX-License-Identifier: EUPL-1.2
"""
What commands work with: settings, collection, catalogue, clock, names. Built once, passed to who needs it.

Knows nothing of what is done with it; crawling and importing are not loaded for who does neither.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .addresses import Resolve
from .collection import Collection
from .publish import Shelves
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Archive:
    """What a snapshot is made with. Built once, passed to whoever takes one."""

    settings: Settings
    collection: Collection
    shelves: Shelves
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    """Returns a WARC-Record-ID, brackets included."""
    stop: threading.Event
    resolve: Resolve | None = None
    """Names to addresses, where the network's own answer is not wanted."""
