# SPDX-License-Identifier: EUPL-1.2
"""
What a crawl's books add up to, for judging the day: of the site's own URLs, counted in SQL.

Knows nothing of crawling, nor of what follows from the figures: archiver.sealing judges.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from .ledger import UNREAD

_OWN = (
    "NOT borrowed AND via <> 'probe' "
    "AND (kind <> 'hint' OR outcome IN ('captured', 'unchanged', 'redirect', 'truncated'))"
)
"""What the day is judged by: URLs of the site, none made up by us, no guesses that were wrong."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """Reads the table of URLs of one frontier."""

    _db: sqlite3.Connection

    def own_counts(self) -> dict[str, int]:
        """
        Return the same of what the site itself is made of.

        Nothing borrowed, no robots.txt, no sitemap, and of guesses only those that were right.
        """
        return self._counted(f"outcome IS NOT NULL AND {_OWN} AND kind NOT IN ('robots', 'sitemap')")

    def _counted(self, condition: str) -> dict[str, int]:
        rows = self._db.execute(f"SELECT outcome, count(*) FROM url WHERE {condition} GROUP BY outcome")  # noqa: S608
        return dict(rows.fetchall())

    def server_errors(self) -> int:
        """
        Return how many URLs of the site's own were answered with 5xx or 429, and stored as that.

        Or with a 304 to no condition of ours, which answers nothing either.
        """
        query = (
            "SELECT count(*) FROM url WHERE (status >= 500 OR status IN (304, 429)) "  # noqa: S608
            f"AND outcome = 'http-error' AND {_OWN}"
        )
        return int(self._db.execute(query).fetchone()[0])

    def unread(self) -> int:
        """Return how many of the site's own are stored and could not be read for what they lead to."""
        query = f"SELECT count(*) FROM url WHERE reason LIKE ? AND {_OWN}"  # noqa: S608
        return int(self._db.execute(query, (f"{UNREAD}%",)).fetchone()[0])

    def flags(self) -> dict[str, int]:
        """Return how many of the `examined` were taken for something else than a page, by what."""
        rows = self._db.execute(
            f"SELECT flag, count(*) FROM url WHERE flag <> '' AND kind='outlink' AND {_OWN} GROUP BY flag"  # noqa: S608
        )
        return dict(rows.fetchall())

    def examined(self) -> int:
        """Return how many answers of the site could have been pages."""
        query = f"SELECT count(*) FROM url WHERE status IS NOT NULL AND kind='outlink' AND {_OWN}"  # noqa: S608
        return int(self._db.execute(query).fetchone()[0])

    def lines_stored(self) -> Iterator[bytes]:
        """Yield the index lines of what is stored of the site's own pages and files."""
        query = (
            "SELECT line FROM capture JOIN url ON known = id "  # noqa: S608
            f"WHERE outcome IN ('captured', 'unchanged', 'truncated') AND kind='outlink' AND {_OWN}"
        )
        return (line for (line,) in self._db.execute(query))

    def pages_stored(self) -> int:
        """Return how many pages and files of the site's own there are to be shown."""
        query = (
            "SELECT count(*) FROM url WHERE outcome IN ('captured', 'unchanged', 'truncated') "  # noqa: S608
            f"AND kind='outlink' AND {_OWN}"
        )
        return int(self._db.execute(query).fetchone()[0])

    def front_flag(self) -> tuple[str, str] | None:
        """
        Return for what a seed, or where it led, was taken, and the evidence; None where all are pages.

        Of several seeds the one for which there is nothing at all.
        """
        query = (
            "SELECT flag, reason FROM url "
            "WHERE flag <> '' AND (via = 'seed' OR (hops > 0 AND depth = 0)) "
            "ORDER BY flag IN ('bot-wall', 'maintenance') DESC, urlkey LIMIT 1"
        )
        row = self._db.execute(query).fetchone()
        return (row[0], row[1]) if row else None

    def front_text(self) -> int | None:
        """Return how many characters of text the page of a seed has; None where none was read today."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'front'").fetchone()
        return int(row[0]) if row else None

    def not_modified(self) -> dict[str, str]:
        """Return the URLs that were answered with 304 and are as they were, each with its timestamp."""
        rows = self._db.execute("SELECT url, timestamp FROM url WHERE status = 304 AND outcome = 'unchanged'")
        return dict(rows.fetchall())

    def front_unread(self) -> bool:
        """Tell whether the page of a seed was answered with 304, so that its text was not read today."""
        query = (
            "SELECT 1 FROM url WHERE depth = 0 AND kind = 'outlink' AND NOT borrowed "
            "AND status = 304 AND outcome = 'unchanged' LIMIT 1"
        )
        return self._db.execute(query).fetchone() is not None
