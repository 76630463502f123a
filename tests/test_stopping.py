# SPDX-License-Identifier: EUPL-1.2
"""The event that a signal sets: heard at whatever step of a wait the signal comes, and by all that wait."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from archiver.cli.stopping import Stop

AT_EACH_STEP = """
import signal, sys, threading
from archiver.cli.stopping import Stop

def waits(step):
    stop, steps, came = Stop(), 0, False
    def each(frame, event, _argument):
        nonlocal steps, came
        frame.f_trace_opcodes = True
        if event == "opcode" and not came:
            if steps == step:
                came = True
                signal.raise_signal(signal.SIGTERM)
            steps += 1
        return each
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    late = threading.Timer(0.3, stop.set)
    late.start()
    sys.settrace(each)
    told = stop.wait()
    sys.settrace(None)
    late.cancel()
    return came, told

step, came = 0, True
while came:
    came, told = waits(step)
    if not told:
        sys.exit(f"not told at step {step}")
    step += 1
print(step)
"""


def test_a_signal_is_heard_at_every_step_of_a_wait():
    """However far the wait has come when the signal comes, it ends and says that it was told to."""
    ran = subprocess.run(
        [sys.executable, "-c", AT_EACH_STEP], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 10


ELSEWHERE = """
import os, signal, threading, time
from archiver.cli.stopping import Stop

stop = Stop()
signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
def other():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)
threading.Thread(target=other, daemon=True).start()
os._exit(not stop.wait())
"""


def test_a_signal_that_wakes_another_thread_is_heard():
    """The system may give it to any thread; only the main one hears it, when it looks up."""
    assert subprocess.run([sys.executable, "-c", ELSEWHERE], timeout=30, check=False).returncode == 0


ENDING = """
import os, signal, sys, time
from archiver.cli import stopping

class Slow:
    def __init__(self):
        self._time = time
    def __del__(self):
        self._time.sleep(2)

stopping.GRACE = 1
sys.modules["slow"] = Slow()
stop = stopping.stop_on_signals()
os.kill(os.getpid(), signal.SIGTERM)
stop.wait()
print("done")
sys.exit(3)
"""


def test_a_process_that_ends_by_itself_says_how():
    """An alarm that comes while Python takes itself apart, without handlers, ends nothing."""
    ran = subprocess.run(
        [sys.executable, "-c", ENDING], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, "done\n", "")
    closed = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, ENDING.replace('print("done")', "")],
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (closed.returncode, closed.stderr) == (3, b"")


def test_all_that_wait_are_woken():
    """One asks, eight threads that wait hear it, and whoever asks afterwards."""
    stop, told = Stop(), []
    waiting = [threading.Thread(target=lambda: told.append(stop.wait(30))) for _ in range(8)]
    for one in waiting:
        one.start()
    stop.set()
    for one in waiting:
        one.join(10)
    assert told == [True] * 8
    assert stop.wait()
    assert stop.wait(0)


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
def test_a_wait_that_is_over_says_that_nobody_asked(seconds):
    """As threading.Event does, for a time that is past too."""
    stop = Stop()
    assert not stop.wait(seconds)
    assert not stop.is_set()


def test_a_stop_is_not_taken_back():
    """Who was asked to stop stays so."""
    stop = Stop()
    stop.set()
    with pytest.raises(NotImplementedError):
        stop.clear()
    assert stop.is_set()


def test_each_process_has_its_own():
    """What is set in a child is not set in its parent: a parent keeps its other children."""
    stop = Stop()
    child = os.fork()
    if not child:
        stop.set()
        os._exit(not stop.wait(10))
    assert os.waitpid(child, 0)[1] == 0
    assert not stop.wait(0)
