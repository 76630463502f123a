# SPDX-License-Identifier: EUPL-1.2
"""
An answer into records, index lines and its outcome. Knows nothing of what is asked next.

    304 to our condition        revisit server-not-modified        unchanged
    200, payload of before      revisit identical-payload-digest   unchanged
    anything else that came     response                           captured, redirect, http-error, truncated
    no answer                   nothing                            network-error, timeout, out-of-scope

The text of a page is kept as a record of its own, where the page is new, and how a new address was found in a
metadata record.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.model import Capture, Page
from index.timestamp import to_timestamp
from index.urlkey import text_name

from .asking import Visit
from .discovery import Discovery
from .exchange import Exchange, Failure
from .frontier import Frontier
from .known import Result
from .ledger import UrlOutcome
from .named_fields import Reference
from .past import Previous
from .warc import WarcFiles


class ConditionLostError(Exception):
    """A server says 304, and what it refers to cannot be read any more: to be asked anew, in full."""


@dataclass(slots=True)
class Capturing:
    """Stores what a crawl brings home. One thread uses it."""

    frontier: Frontier
    files: WarcFiles
    previous: Previous | None
    deduplicate: bool

    def store(self, visit: Visit) -> tuple[Result, Capture | None]:
        """
        Write an answer, and return its outcome and its line for the index; the caller records both.

        Raises ConditionLostError, and StorageError where the disk refuses.
        """
        answer = visit.answer
        if isinstance(answer, Failure):
            outcome = UrlOutcome(answer.outcome)
            return Result(outcome, reason=answer.reason, timestamp=to_timestamp(answer.date)), None
        try:
            return self._exchange(visit, answer)
        finally:
            answer.close()

    def _exchange(self, visit: Visit, exchange: Exchange) -> tuple[Result, Capture]:
        same = self._same(visit, exchange)
        how = _discovery(visit, exchange) if same is None else None
        capture = self.files.exchange(exchange, same, how)
        self._keep_text(visit, exchange, capture, new=same is None)
        suspicion = visit.suspicion
        reason = exchange.reason or visit.read.note or (suspicion.evidence if suspicion else "")
        outcome = _outcome(exchange, unchanged=same is not None)
        flag = suspicion.kind if suspicion else ""
        return Result(outcome, exchange.status, reason, exchange.length, capture.timestamp, flag), capture

    def _same(self, visit: Visit, exchange: Exchange) -> Reference | None:
        if self.previous is None or not self.deduplicate or exchange.truncated:
            return None
        if exchange.status == 304 and visit.condition is not None:
            reference = self.previous.refer(visit.condition)
            if reference is None:
                raise ConditionLostError
            return reference
        if exchange.status == 200 and exchange.payload_length > 0:
            return self.previous.reference(exchange)
        return None

    def _keep_text(self, visit: Visit, exchange: Exchange, capture: Capture, *, new: bool) -> None:
        said = visit.read.page or visit.read.file
        if said is None:
            return
        title, language, text = said
        self.frontier.add_page(Page(capture.url, capture.timestamp, title, language))
        if new:
            uri, data = text_name(capture.url), text.encode("utf-8", "replace")
            self.frontier.add_capture(
                self.files.resource(uri, "text/plain; charset=utf-8", data, exchange.date)
            )


def _discovery(visit: Visit, exchange: Exchange) -> Discovery | None:
    """
    Return how an address was come by where that is kept: beside what is new, and where its form was another.

    Redirects and errors are stored anew each day, and the ledger has where they were found; a record more
    for each would make a day on which nothing changed half as large again.
    """
    known = visit.known
    if not known.found and not 200 <= exchange.status < 300:
        return None
    return Discovery(known.via, known.path, exchange.fetch_ms, known.found)


def _outcome(exchange: Exchange, *, unchanged: bool) -> UrlOutcome:
    if exchange.truncated:
        return UrlOutcome.TRUNCATED
    if unchanged:
        return UrlOutcome.UNCHANGED
    if 300 <= exchange.status < 400 and exchange.header("location"):
        return UrlOutcome.REDIRECT
    meant = 200 <= exchange.status < 400 and exchange.status != 304  # 304 without a condition answers nothing
    return UrlOutcome.CAPTURED if meant else UrlOutcome.HTTP_ERROR
