# SPDX-License-Identifier: EUPL-1.2
"""Turns: no more at once than there are, in the order in which they are asked for, and none is ever lost."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from viewer.turns import Turns


def waiting(turns: Turns, order: list[int], number: int) -> threading.Thread:
    """Start a thread that takes a turn and writes its number down; return when it waits for that."""
    before = len(turns._waiting)

    def take() -> None:
        with turns.taken():
            order.append(number)

    thread = threading.Thread(target=take)
    thread.start()
    deadline = time.monotonic() + 10
    while len(turns._waiting) == before:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return thread


def test_in_the_order_in_which_they_are_asked_for():
    """Who waits longest is next, and whoever comes when a turn gets free does not go before."""
    turns, order = Turns(1), []
    with turns.taken():
        threads = [waiting(turns, order, number) for number in range(6)]
        assert order == []
    with turns.taken():
        order.append(6)
    for one in threads:
        one.join(10)
    assert order == [0, 1, 2, 3, 4, 5, 6]


def test_no_more_at_once_than_there_are():
    """Of many threads that take turns over and over never more than three have one, and in the end all are free."""
    turns, inside, most = Turns(3), [0], [0]
    counting = threading.Lock()

    def work() -> None:
        for _ in range(200):
            with turns.taken():
                with counting:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                time.sleep(0)
                with counting:
                    inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert most[0] == 3
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(turns.taken())


def test_a_turn_that_ends_badly_is_handed_on():
    """What fails in a turn gives it back."""
    turns, order, threads = Turns(1), [], []

    def fail() -> None:
        with turns.taken():
            threads.append(waiting(turns, order, 1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    threads[0].join(10)
    assert order == [1]
    with turns.taken():
        pass
