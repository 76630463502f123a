# SPDX-License-Identifier: EUPL-1.2
"""
Questions to an SQLite file that is not written to, also where it cannot be. Knows nothing of what is asked.

A file in WAL mode needs two files beside it, even of who only reads. Where no `-wal` is there, nobody writes
and all of it stands in the file itself, so that it can be opened as one that does not change
(https://www.sqlite.org/uri.html, `immutable`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .errors import BusyError, DamagedError

_WAIT = 30
"""Seconds that are waited for who writes."""


def ask(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """
    Return the rows of a query; none where there is no such file.

    Raises DamagedError where the file or its tables are not what they should be, BusyError.
    """
    if not path.exists():
        return []
    try:
        return _rows(path, query, values, immutable=not path.with_name(f"{path.name}-wal").exists())
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BusyError(f"{path} is in use by another process ({error}). Try again.") from error
        if "no such" in str(error):
            raise DamagedError(f"{path} is damaged ({error}).") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path} is damaged ({error}).") from error
    try:
        return _rows(
            path, query, values, immutable=True
        )  # what stands in a -wal that cannot be opened is lost
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{path} cannot be read ({error}).") from error


def _rows(path: Path, query: str, values: tuple[object, ...], *, immutable: bool) -> list[tuple[Any, ...]]:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if immutable else "")
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)) as database:
        return database.execute(query, values).fetchall()
