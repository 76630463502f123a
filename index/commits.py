# SPDX-License-Identifier: EUPL-1.2
"""
Whether anything was written to a database since: a look of a few microseconds, in place of a query.

    commits = Commits(engine)
    commits.count()      another number after every commit of anybody else's; None where that cannot be told

SQLite alone can be asked so (`PRAGMA data_version`, which needs one connection that stays open). Knows
nothing of tables.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import sqlalchemy as sql


class Commits:
    """Looks at one database. Several threads may ask; close it at the end."""

    def __init__(self, engine: sql.Engine) -> None:
        self._engine = engine
        self._can_tell = engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}
        self._connection: Any = None
        self._lock = threading.Lock()

    def count(self) -> int | None:
        """Return a number that is the same only while nobody has written anything."""
        if not self._can_tell:
            return None
        try:
            with self._lock:
                if self._connection is None:
                    pooled = self._engine.raw_connection()
                    pooled.detach()
                    self._connection = pooled
                cursor = self._connection.cursor()
                [number] = cursor.execute("PRAGMA data_version").fetchone()
                cursor.close()
        except (sqlite3.Error, sql.exc.SQLAlchemyError):
            return None  # whoever reads the database is told what the matter is
        return int(number)

    def close(self) -> None:
        """Close the connection. It is opened again where somebody asks."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
