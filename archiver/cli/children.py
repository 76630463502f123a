# SPDX-License-Identifier: EUPL-1.2
"""
A process and its children: forked, replaced where one dies, ended together. Knows nothing of what they do.

    parent ─┬─▶ viewer 1      each does its work until `stop` is set
            ├─▶ viewer 2
            └─▶ daily job

    a child dies                       it is replaced; one that dies young, each time later. The log says so
    SIGTERM or SIGINT to the parent    `stop` is set in all; who has not ended after PATIENCE is killed
    the parent dies                    its end of a pipe closes, which sets `stop` in the children

The parent has no threads and opens nothing but this, so that it may fork at any time; what each child reads
from, it opens itself.
"""

from __future__ import annotations

import mmap
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import structlog

from index.errors import ArchiveError

_ENDING = frozenset((signal.SIGTERM, signal.SIGINT))
PATIENCE = 13.0
"""Seconds in which children end that were asked to: one more than stopping.GRACE."""
YOUNG = 10.0
"""Seconds; a child that lived longer is replaced at once."""
FIRST_WAIT = 0.25
LONGEST_WAIT = 30.0

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Child:
    """One child: what it is called, what it does until `stop` is set, and how it fares."""

    name: str
    work: Callable[[], None]
    process: int = 0
    """Its number; 0 while there is none."""
    begun: float = 0.0
    again: float = 0.0
    """From when on it may be begun, by the monotonic clock."""
    early: int = 0
    """How often in a row it died young."""


class Roll:
    """Which children are at work: each says so itself, the parent says when it no longer is, all may read."""

    def __init__(self, count: int) -> None:
        self._marks = mmap.mmap(-1, max(count, 1))
        self._busy = memoryview(mmap.mmap(-1, 4 * max(count, 1))).cast("I")

    def mark(self, number: int, *, at_work: bool) -> None:
        """Write down of one child whether it is at work."""
        self._marks[number] = at_work

    def at_work(self, first: int) -> int:
        """Return how many of the first so many children are at work."""
        return sum(self._marks[:first])

    def tell(self, number: int, connections: int) -> None:
        """Write down how many connections a child has."""
        self._busy[number] = connections

    def fewest(self, first: int) -> int:
        """Return how many connections that one has, of the first so many at work, that has the fewest."""
        return min((self._busy[number] for number in range(first) if self._marks[number]), default=0)


class Children:
    """The children of this process. `stop` is set by signals to each of them, as the caller arranged it."""

    def __init__(self, children: Sequence[Child], stop: threading.Event, roll: Roll) -> None:
        self._children = children
        self._stop = stop
        self._roll = roll
        self._woken, self._wake = os.pipe()
        self._watched, self._held = os.pipe()

    def run(self, begun: Callable[[], None], ending: Callable[[], None]) -> int:
        """
        Begin all, call `begun`, keep them until `stop` is set, call `ending`, and end them. Main thread only.

        Return 0 where all ended by themselves, 1 where one had to be killed or ended badly.
        """
        os.set_blocking(self._wake, False)
        before = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        woken_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        try:
            self._begin_due()
            begun()
            while not self._stop.is_set():
                self._sleep(self._until_next())
                self._reap()
                self._begin_due()
            ending()
            return self._end()
        finally:
            signal.set_wakeup_fd(woken_before)
            signal.signal(signal.SIGCHLD, before)
            for one in (self._woken, self._wake, self._watched, self._held):
                os.close(one)

    def _begin_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if not child.process and child.again <= now and not self._stop.is_set():
                child.begun = now
                child.process = self._fork(child)

    def _fork(self, child: Child) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that reaches a child before Python has made itself at home in it is forgotten there
        # (CPython clears what is pending after a fork); held back, it comes when the child can hear it.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            process = os.fork()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        if not process:
            self._be(child)
        return process

    def _be(self, child: Child) -> NoReturn:
        """Be that child, and never come back from it."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for one in (self._woken, self._wake, self._held):
                os.close(one)
            threading.Thread(target=self._watch, name="parent", daemon=True).start()
            child.work()
            status = 0
        except ArchiveError as error:
            logger.error("child-failed", child=child.name, reason=str(error))  # noqa: TRY400  it says what to do
        except BaseException:  # whatever it is: this is the end of a process, and its parent must not be it
            logger.exception("child-failed", child=child.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _watch(self) -> None:
        """Stop when the parent has gone: nobody would stop this process, and a new parent wants its port."""
        os.read(self._watched, 1)
        self._stop.set()

    def _sleep(self, seconds: float | None) -> None:
        """Wait for a signal, such as that of a child that has ended."""
        if select.select([self._woken], [], [], seconds)[0]:
            os.read(self._woken, 512)

    def _until_next(self) -> float | None:
        """Return how long it is until a child may be begun; None where all are alive."""
        waiting = [child.again for child in self._children if not child.process]
        return max(min(waiting) - time.monotonic(), 0.0) if waiting else None

    def _reap(self) -> list[int]:
        """Take notice of children that have ended, and return their exit statuses."""
        statuses = []
        for number, child in enumerate(self._children):
            ended, status = os.waitpid(child.process, os.WNOHANG) if child.process else (0, 0)
            if ended:
                child.process = 0
                self._roll.mark(number, at_work=False)
                statuses.append(os.waitstatus_to_exitcode(status))
                if not self._stop.is_set():
                    self._put_off(child, statuses[-1])
        return statuses

    def _put_off(self, child: Child, status: int) -> None:
        now = time.monotonic()
        child.early = child.early + 1 if now - child.begun < YOUNG else 0
        wait = min(FIRST_WAIT * 2.0 ** min(child.early - 1, 10), LONGEST_WAIT) if child.early else 0.0
        child.again = now + wait
        logger.error("child-ended", child=child.name, status=status, seconds_until_replaced=wait)

    def _end(self) -> int:
        """Ask all to end, kill who does not, and tell how it went."""
        deadline = time.monotonic() + PATIENCE
        self._send(signal.SIGTERM)
        statuses = self._reap()
        while any(child.process for child in self._children):
            left = deadline - time.monotonic()
            if left <= 0:
                self._send(signal.SIGKILL)
            self._sleep(max(left, 0.05))
            statuses += self._reap()
        return int(any(statuses))

    def _send(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process:
                os.kill(child.process, number)  # ours until we reap it, so this is nobody else
