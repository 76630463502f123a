# SPDX-License-Identifier: EUPL-1.2
"""
The texts of a site out of the tables of the history: which there are, and when each was online.

One row for every interval over which a page had a text, and the state by which a reader knows that what it
read is no longer all. Knows nothing of words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sql

from .online import OPEN, Standing, State
from .tables import DOCUMENT, LIFELINE, SNAPSHOT, get_setting

_OK = 200
_TEXTS: Any = (
    sql.select(
        DOCUMENT.c.id,
        LIFELINE.c.url,
        LIFELINE.c.mime,
        SNAPSHOT.c.day,
        DOCUMENT.c.snapshot,
        LIFELINE.c.first,
        LIFELINE.c.last,
    )
    .select_from(LIFELINE)
    .join(DOCUMENT, DOCUMENT.c.id == LIFELINE.c.document_id)
    .outerjoin(SNAPSHOT, (SNAPSHOT.c.site == DOCUMENT.c.site) & (SNAPSHOT.c.timestamp == DOCUMENT.c.snapshot))
)


def state_of(connection: sql.Connection, site: str) -> State:
    """Return what is different after whatever was published since."""
    counted = sql.select(sql.func.count(), sql.func.max(SNAPSHOT.c.timestamp)).where(SNAPSHOT.c.site == site)
    number, newest = connection.execute(counted).one()
    return State(get_setting(connection, "generation"), number, newest)


def texts_of(connection: sql.Connection, site: str) -> Iterator[Standing]:
    """Yield every interval of a site's pages that has a text."""
    query = _TEXTS.where(LIFELINE.c.site == site, LIFELINE.c.status == _OK)
    for name, url, mime, day, seen, first, last in connection.execute(query):
        yield Standing(name, url, mime, (day or seen)[:4], first, last or OPEN)
