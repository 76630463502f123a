# SPDX-License-Identifier: EUPL-1.2
"""
A function done in several processes at once, its results in order. Knows nothing of what it does.

    task 0, 2, 4 … ─▶ pipe ─▶ process 0 ─▶ pipe ─┐
    task 1, 3, 5 … ─▶ pipe ─▶ process 1 ─▶ pipe ─┴▶ results 0, 1, 2, …

A process has one task and one waiting, so that memory holds a few results however many tasks there are. When
the one that asks is gone, its ends of the pipes are closed, and the others end too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Generic, TypeVar

from index.errors import ArchiveError

T = TypeVar("T")
AHEAD = 2
"""Tasks that a process is given before its first result is taken."""


class Workers(Generic[T]):
    """Processes that do one function. Close them."""

    def __init__(self, function: Callable[..., T], number: int | None = None) -> None:
        # spawned, not forked: what is open here stays closed there
        context = multiprocessing.get_context("spawn")
        self._ends: list[Connection] = []
        self._processes = []
        for _ in range(number or len(os.sched_getaffinity(0))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, function), daemon=True)
            with _no_program():
                process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)

    def results(self, tasks: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, T]]:
        """
        Yield each task, the arguments of one call, with its result, in order.

        What a call raises is raised here. Raises ArchiveError where a process ends before its time.
        """
        waiting: deque[tuple[tuple[Any, ...], Connection]] = deque()
        for number, task in enumerate(tasks):
            end = self._ends[number % len(self._ends)]
            if len(waiting) >= AHEAD * len(self._ends):
                yield self._result(waiting)
            self._send(end, task)
            waiting.append((task, end))
        while waiting:
            yield self._result(waiting)

    def close(self) -> None:
        """End the processes; they have nothing to lose."""
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.kill()
            process.join()
            process.close()

    def _send(self, end: Connection, task: tuple[Any, ...]) -> None:
        try:
            end.send(task)
        except OSError as error:
            raise _lost() from error

    def _result(self, waiting: deque[tuple[tuple[Any, ...], Connection]]) -> tuple[Any, T]:
        task, end = waiting.popleft()
        try:
            result, error = end.recv()
        except (OSError, EOFError) as lost:
            raise _lost() from lost
        if error is not None:
            raise error
        return task, result


@contextmanager
def _no_program() -> Iterator[None]:
    """
    Let a process that is started not import the program that runs here: it needs the function's module alone.

    The whole command line takes six times as long to import, and most of the memory.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _lost() -> ArchiveError:
    return ArchiveError(
        "A process that reads for this command has ended before its time. See to the memory of this machine; "
        "then run the command again."
    )


def _work(end: Connection, function: Callable[..., Any]) -> None:
    """Do what is asked until nobody asks. A stop is for the one that asks to decide."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            task = end.recv()
        except (EOFError, OSError):
            return
        answer: tuple[Any, Exception | None]
        try:
            answer = function(*task), None
        except Exception as error:  # noqa: BLE001  it is raised where it was asked for
            answer = None, error
        try:
            end.send(answer)
        except OSError:
            return
