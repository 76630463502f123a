# SPDX-License-Identifier: EUPL-1.2
"""
A query answered: from the parameters of a request to the bytes of an answer, as they are found.

    server = CdxServer(days, time.monotonic)
    answer = server.answer([("url", "example.org/*"), ("output", "json")])
    answer.type, b"".join(answer.pieces)

Nothing is read until the pieces are asked for, and nothing is held but a block of each day. Whoever goes away
closes the iterator. Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import msgspec

from .budget import Budget
from .choice import Run, needs_order
from .days import Calendar, Day, DaysNow, Indexes, Reading
from .order import Order, backwards, forwards, nearest
from .output import TYPES, ending, written
from .pages import Pages, Part
from .place import Line, resume_key
from .plain import Plain, is_plain
from .query import Query, query_of

SECONDS = 20.0
"""Time that an answer may take of ours."""
_PIECE = 32 << 10

Shows = Callable[[Line], bool]


class Answer(msgspec.Struct, frozen=True):
    """The bytes of an answer, as they are found, and their media type."""

    query: Query
    type: str
    pieces: Generator[bytes, None, None]
    """Close it where nobody wants the rest."""
    reading: Reading


class CdxServer:
    """Answers queries about the days that there are when each is asked. Thread-safe."""

    def __init__(
        self,
        days: DaysNow,
        clock: Callable[[], float],
        seconds: float = SECONDS,
        shown: Callable[[], Shows | None] = lambda: None,
    ) -> None:
        """`shown`, asked for each answer, returns what tells whether a line counts; None where all do."""
        self._days = days
        self._shown = shown
        self._clock = clock
        self._seconds = seconds
        self._indexes = Indexes()
        self._known: tuple[Sequence[Day], Calendar] | None = None

    def answer(
        self, parameters: Iterable[tuple[str, str]], on_long: Callable[[], None] = lambda: None
    ) -> Answer:
        """
        Return the answer. Raises QueryError; its pieces raise OutOfTimeError, DamagedError.

        `on_long` is called when it turns out to take long; its error ends the pieces too.
        """
        query = query_of(parameters)
        budget = Budget(self._seconds, self._clock, on_long)
        reading = Reading(self._calendar(), self._indexes, budget)
        found = _timed(_found(query, reading, budget, self._shown()), budget)
        kind = "text/plain; charset=utf-8" if _counts_pages(query) else TYPES[query.output]
        return Answer(query, kind, found, reading)

    def _calendar(self) -> Calendar:
        """Return the days that there are now; they are put in order once for as long as they are the same."""
        days, known = self._days(), self._known
        if known is None or known[0] is not days:
            known = self._known = days, Calendar(days)
        return known[1]


def _counts_pages(query: Query) -> bool:
    return query.page is not None and query.page.number is None


def _found(query: Query, reading: Reading, budget: Budget, shows: Shows | None) -> Iterator[bytes]:
    part: Part | None = Part(query.scope, query.since, query.until)
    if query.page is not None and part is not None:
        pages = Pages(reading, part, query.page.blocks)
        if query.page.number is None:
            yield b"%d\n" % pages.count
            return
        part = pages.part(query.page.number)
    if part is None:
        return  # after the last page: empty in any form, by which clients know it
    lines = filter(shows, _lines(query, reading, part)) if shows else _lines(query, reading, part)
    if is_plain(query):
        plain = Plain(query, lines, budget)
        yield from plain.pieces()
        yield from ending(_key(query, plain.rest))
        return
    run = Run(query, lines, budget)
    yield from written(query, run.rows(), lambda: _key(query, run.rest))


def _key(query: Query, rest: Line | None) -> str | None:
    return resume_key(rest) if rest is not None and query.show_resume_key else None


def _lines(query: Query, reading: Reading, part: Part) -> Iterator[Line]:
    """Return the lines in the order in which the run wants them: the last ones from the end where it can."""
    scope, since, until = part
    if query.order is Order.CLOSEST:
        return nearest(reading, scope, query.closest, (since, until), query.after)
    back = (query.order is Order.REVERSE) is not (query.last and not needs_order(query))
    return (backwards if back else forwards)(reading, scope, since, until, query.after)


def _timed(pieces: Iterator[bytes], budget: Budget) -> Generator[bytes, None, None]:
    """Yield pieces joined to a fair size; the clock stands still while nobody asks for the next."""
    more = True
    while more:
        with budget.running():
            joined, more = _joined(pieces)
        if joined:
            yield joined


def _joined(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            return b"".join(held), True
    return b"".join(held), False
