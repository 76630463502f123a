# SPDX-License-Identifier: EUPL-1.2
"""
Tasks done by several processes, their results yielded as they come. Knows nothing of what the tasks are.

    tasks ──▶ one at a time to each process ──▶ results, one by one, through its pipe ──▶ whoever asked

A process that dies is told, with the task it had, and replaced; the others go on. Nothing is held: a process
whose results nobody takes waits. Ctrl-C is for the parent alone, which ends the others.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from ..spawned import Spawned

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Died:
    """A process ended before its task did, with this exit code; a negative one is the number of a signal."""

    code: int | None


class _Worker(Generic[Task]):
    """One process, as seen from its parent."""

    def __init__(self, perform: Callable[[Task], Iterator[Any]]) -> None:
        self._process = Spawned(_serve, perform)
        self.pipe = self._process.pipe
        self.task: Task | None = None

    def begin(self, task: Task) -> None:
        """Give it a task. Raises OSError where it has died."""
        self.task = task
        self.pipe.send(task)

    def end(self) -> int | None:
        """End it at once and return its exit code; it has nothing to lose."""
        return self._process.end()


def run(
    tasks: Iterable[Task], perform: Callable[[Task], Iterator[Result]], jobs: int
) -> Generator[tuple[Task, Result | Died], None, None]:
    """
    Yield task and result of every result of every task, in the order in which they come.

    `perform` is a function of a module, not of `__main__`; it and its tasks and results are pickled. `tasks`
    is asked for the next one when a process is free. Close the generator to end early.
    """
    waiting = iter(tasks)
    workers: list[_Worker[Task]] = []
    try:
        for task in waiting:
            workers.append(_Worker(perform))
            workers[-1].begin(task)
            if len(workers) == jobs:
                break
        while workers:
            ready = wait([one.pipe for one in workers])
            for worker in [one for one in workers if one.pipe in ready]:
                yield from _take(worker, workers, waiting, perform)
    finally:
        for worker in workers:
            worker.end()


def _take(
    worker: _Worker[Task],
    workers: list[_Worker[Task]],
    waiting: Iterator[Task],
    perform: Callable[[Task], Iterator[Any]],
) -> Iterator[tuple[Task, Any]]:
    """Take what a process says, and give it its next task where it has done its own."""
    task = worker.task
    assert task is not None
    try:
        done, result = worker.pipe.recv()
    except (EOFError, OSError):
        workers.remove(worker)
        yield task, Died(worker.end())
        worker = _Worker(perform)
        workers.append(worker)
        done = True
    else:
        if not done:
            yield task, result
    if done:
        following = next(waiting, None)
        if following is None:
            workers.remove(worker)
            worker.end()
        else:
            with contextlib.suppress(OSError):  # that it has died is told when it is listened to
                worker.begin(following)


def _serve(pipe: Connection, perform: Callable[[Any], Iterator[Any]]) -> None:
    """Do tasks until nobody gives one any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, OSError):  # whoever asked has gone
        while True:
            for result in perform(pipe.recv()):
                pipe.send((False, result))
            pipe.send((True, None))
