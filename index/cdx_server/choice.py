# SPDX-License-Identifier: EUPL-1.2
"""
Filters, collapsing, counters, offset and limit over lines that come in order. Knows nothing of output.

    lines → rows of sites → filters → collapse → offset → limit

A run tells afterwards after which line the rest begins. It is resumed from that line, which is read again
for what it means to the next one (is that a repetition?) and not shown again: parts of an answer are
together what it would be at once. Counters alone begin anew with each part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from .budget import Budget, OutOfTimeError
from .fields import Row, row_of
from .place import Line
from .query import Query, Token

MOST_DIGESTS = 200_000
"""Distinct digests that are counted in one answer; with more it ends there, and goes on with a resume key."""
_Chosen = tuple[Row, Line]
"""A row that is shown, and the line it stands on."""


class Run:
    """The rows of one query. Iterate once; then `rest` is the line after which more follows, if more does."""

    def __init__(self, query: Query, lines: Iterator[Line], budget: Budget) -> None:
        self._query = query
        self._lines = lines
        self._budget = budget
        self._token = _token_of(query.collapse)
        self._seen: dict[int, int] = {}
        self._passed = 0
        self.rest: Line | None = None

    def rows(self) -> Iterator[Row]:
        """Yield what is shown. Raises OutOfTimeError where that ends it and nobody could ask for the rest."""
        if self._query.last:
            yield from self._last()
            return
        shown = 0
        last: Line | None = None
        for row, line in self._skipped(self._chosen()):
            if shown == self._query.limit:
                self.rest = last
                return
            yield row
            shown, last = shown + 1, line
            if shown == self._query.limit and not self._query.show_resume_key:
                return  # nobody asks whether there is more

    def _last(self) -> Iterator[Row]:
        """Yield the last rows, in their order; the lines come backwards unless something depends on order."""
        kept = (row for row, _ in self._chosen())
        if needs_order(self._query):
            ended = list(deque(kept, maxlen=self._query.offset + self._query.limit))
            yield from ended[: len(ended) - self._query.offset][-self._query.limit :]
            return
        found: list[Row] = []
        for number, row in enumerate(kept):
            if number >= self._query.offset:
                found.append(row)
            if len(found) == self._query.limit:
                break
        yield from reversed(found)

    def _skipped(self, rows: Iterator[_Chosen]) -> Iterator[_Chosen]:
        return self._after_offset(rows) if self._query.offset else rows

    def _after_offset(self, rows: Iterator[_Chosen]) -> Iterator[_Chosen]:
        for chosen in rows:
            self._passed += 1
            if self._passed > self._query.offset:
                yield chosen

    def _chosen(self) -> Iterator[_Chosen]:
        """Return the rows that filters and collapsing leave, with what was skipped after each where asked."""
        judged = self._judged()
        return self._with_skipped(judged) if self._query.counts else (one[:2] for one in judged if one[2])

    def _with_skipped(self, judged: Iterator[tuple[Row, Line, bool]]) -> Iterator[_Chosen]:
        held: _Chosen | None = None
        for row, line, keep in judged:
            if keep:
                if held:
                    yield held
                held = replace(row, endtimestamp=row.timestamp), line
            elif held:
                skipped = int(held[0].skipcount) + 1
                held = replace(held[0], skipcount=str(skipped), endtimestamp=row.timestamp), held[1]
        if held:
            yield held

    def _judged(self) -> Iterator[tuple[Row, Line, bool]]:
        """Yield every row with whether it is shown; where time runs out, end, and say where."""
        before: object = None
        scanned: Line | None = None
        fitting: Line | None = None
        after, filters, token_of = self._query.after, self._query.filters, self._token
        try:
            for line in self._lines:
                row = self._row(line)
                if row is None:
                    continue
                wanted = not filters or all(fits(row) for fits in filters)
                token = token_of(row) if wanted and token_of else None
                new = wanted and (token is None or token != before)
                again = after is not None and line[:3] == after[:3]
                judged = (self._counted(row) if new and not again else row), line, new
                before = token if wanted else before
                if not again:
                    scanned, fitting = line, line if wanted else fitting
                    yield judged
        except OutOfTimeError as error:
            # collapsing goes on from a line that fits; where there is none from the last, or it never would
            self._stop(error, fitting if self._query.collapse and fitting else scanned)

    def _row(self, line: Line) -> Row | None:
        self._budget.check()
        return row_of(line, resolve=self._query.resolve)

    def _stop(self, error: OutOfTimeError, line: Line | None) -> None:
        """Let the answer end at a line. Raises the error where it could not be gone on with from there."""
        goes_on = self._query.show_resume_key and not self._query.last and self._passed >= self._query.offset
        if line is None or not goes_on:
            raise error
        self.rest = line

    def _counted(self, row: Row) -> Row:
        """Return a row with how often its digest came before, as `showDupeCount` asks."""
        if not self._query.show_dupes:
            return row
        name = hash(row.digest)
        count = self._seen.get(name, -1) + 1
        if count == 0 and len(self._seen) == MOST_DIGESTS:
            raise OutOfTimeError("There are more digests than can be counted: ask for less, or in parts")
        self._seen[name] = count
        return replace(row, dupecount=str(count), mimetype=row.content_type if count else row.mimetype)


def needs_order(query: Query) -> bool:
    """Tell whether what is shown depends on what comes before it."""
    return bool(query.collapse or query.counts or query.show_dupes)


def _token_of(collapse: tuple[Token, ...]) -> Callable[[Row], tuple[str, ...]] | None:
    """Return the function that tells what of a row must differ from the one before; None if nothing."""
    if not collapse:
        return None
    return lambda row: tuple([getattr(row, field)[:length] for field, length in collapse])
