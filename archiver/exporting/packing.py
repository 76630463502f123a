# SPDX-License-Identifier: EUPL-1.2
"""
What an export holds before it gets its name, for whoever adds to it. Knows nothing of how it came about.

    Packed        the folder as it stands, the days in it, and every file with size and digest
    PackedFile    one file: its path in the export, and of which day it is

A profile with `packing = "…"` has its export shown to a function of that name (`export.PACKINGS`),
which may write more files into the folder and returns them; then the manifest is written, and the folder gets
its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..settings import Settings
from ..snapshot_folder import SnapshotFolder
from .profiles import Profile


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of an export."""

    path: str
    """Within the export, with `/` between folders."""
    bytes: int
    sha256: str
    """64 hexadecimal digits."""
    kind: str
    """`records`, `index`, `pages`, `logs`, `report`, `manifest`, or what a packing says of its own."""
    day: str = ""
    """The calendar day it is of, `YYYY-MM-DD`; empty where it is of all."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An export that is written but for its manifest."""

    root: Path
    """The folder, under a temporary name."""
    name: str
    """The name it will have."""
    site: str
    days: tuple[SnapshotFolder, ...]
    profile: Profile
    files: tuple[PackedFile, ...]
    settings: Settings | None
    moment: datetime
    """Of the newest day: the same day always makes the same export."""


Packing = Callable[[Packed], Iterable[PackedFile]]
"""Writes more files below `Packed.root`, and returns them."""
