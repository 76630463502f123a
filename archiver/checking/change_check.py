# SPDX-License-Identifier: EUPL-1.2
"""
What a sealed day says that it changed, against what its index, its texts and the days before it say.

    sealed   {"kind":"changed","url":"https://…/fee","text":false,…}     a forged line
    anew     {"kind":"changed","url":"https://…/fee","text":true,…}      what the same merge tells today

Two indexes are read, and of addresses that changed the texts that differ: what it cost to seal the day, and
as bounded. Rules of noise and the days it was compared with are those that the day keeps itself; a day that
keeps none, or whose days before it are gone, is passed over. What a line says of digest and status is held
against the index elsewhere (`list_check`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from ..collection import Collection
from ..day_changes import told_anew
from ..snapshot_folder import SnapshotFolder
from .list_check import CHANGES
from .problem import Kind, Problem

_KEYS = {
    "kind": "the kind of change",
    "before": "what was there before",
    "since": "since when that was there",
    "text": "whether a reader sees another text",
    "to": "where it moved",
    "from": "where it came from",
}


def check_changed(collection: Collection, folder: SnapshotFolder) -> Iterator[Problem]:
    """Yield the lines that say otherwise than the days do. Raises DamagedError, DecodeError, OSError."""
    anew = told_anew(collection, folder)
    if anew is None:
        return
    with folder.changes_path.open("rb") as file:
        for number, (line, expected) in enumerate(zip_longest(file, anew), 1):
            if line == expected:
                continue
            told, right = _read(line), _read(expected)
            if told.get("url") != right.get("url"):
                of, instead = (f"of {one['url']}" if one else "not there" for one in (told, right))
                what = f"line {number} is {of}, and by the days it is {instead}; what follows does not fit"
                yield _problem(folder, what)
                return
            if wrong := [meant for key, meant in _KEYS.items() if told.get(key) != right.get(key)]:
                what = f"line {number}: the days say of {told['url']} otherwise {' and '.join(wrong)}"
                yield _problem(folder, what)


def _read(line: bytes | None) -> dict[str, Any]:
    return msgspec.json.decode(line, type=dict[str, Any]) if line is not None else {}


def _problem(folder: SnapshotFolder, what: str) -> Problem:
    return Problem(Kind.CHANGES, folder.timestamp, CHANGES, None, what)
