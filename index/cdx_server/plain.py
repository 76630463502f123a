# SPDX-License-Identifier: EUPL-1.2
"""
What is asked most, answered in half the time: all columns as text, and nothing that looks at what they say.

    org,example)/ 20260302023001 {"url":"https://…","mime":"text/html","status":"200","digest":…,"length":"1043",…}
    org,example)/ 20260302023001 https://… text/html 200 sha256:… 1043

Columns are cut out of a line as they stand in it. Where one may not go out as it is, the line is read as any
other (fields): the answer is the same, byte by byte. Knows nothing of where lines come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import REVISIT
from .budget import Budget, OutOfTimeError
from .fields import DEFAULT, row_of
from .place import Line
from .query import Output, Query

# As index.line writes it. A value has no space, no quote, no backslash, and is printable ASCII: in JSON it
# stands for itself, and no column of it needs an escape.
_VALUE = rb"([!#-\[\]-~]+)"
_CUT = re.compile(
    rb'([!-~]+ \d{14}) \{"url":"%b","mime":"%b","status":"%b","digest":"%b","length":"%b"[,}]'
    % ((_VALUE,) * 5)
)
_MADE_UP, _ORIGINAL = b"made_up", b"orig.mime"
"""A line that has one of these anywhere is read whole; looked for with their quotes they take longer."""
_REVISIT = REVISIT.encode()


def is_plain(query: Query) -> bool:
    """Tell whether nothing is asked but lines in their order, from where on, and how many."""
    return query == Query(
        scope=query.scope,
        since=query.since,
        until=query.until,
        order=query.order,
        closest=query.closest,
        limit=query.limit,
        gzip=query.gzip,
        show_resume_key=query.show_resume_key,
        page=query.page,
        fields=DEFAULT,
        output=Output.TEXT,
    )


class Plain:
    """The answer to a plain query. Iterate once; then `rest` is the line after which more follows, if any."""

    def __init__(self, query: Query, lines: Iterator[Line], budget: Budget) -> None:
        self._query = query
        self._lines = lines
        self._budget = budget
        self.rest: Line | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield each line as columns. Raises OutOfTimeError where that ends it and nobody could go on."""
        goes_on, limit = self._query.show_resume_key, self._query.limit
        shown, last = 0, None
        try:
            for line in self._lines:
                self._budget.check()
                columns = cut(line)
                if columns is None:
                    continue
                if shown == limit:
                    self.rest = last
                    return
                yield columns
                shown, last = shown + 1, line
                if shown == limit and not goes_on:
                    return
        except OutOfTimeError:
            if last is None or not goes_on:
                raise
            self.rest = last


def cut(line: Line) -> bytes | None:
    """Return a line as columns, its end included; None for an address that the crawler made up."""
    data = line.data
    found = _CUT.match(data) if data.endswith(b"}\n") else None
    if found is None or _MADE_UP in data:
        return _read(line)
    head, url, mime, status, digest, length = found.groups()
    if mime == _REVISIT:
        return b"%b %b %b - %b %b\n" % (head, url, mime, digest, length)
    if _ORIGINAL in data:  # a status of what it stands for
        return _read(line)
    return b"%b %b %b %b %b %b\n" % (head, url, mime, status, digest, length)


def _read(line: Line) -> bytes | None:
    row = row_of(line)
    return None if row is None else f"{' '.join([getattr(row, name) for name in DEFAULT])}\n".encode()
