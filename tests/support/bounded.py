# SPDX-License-Identifier: EUPL-1.2
"""
Work that must end, however hostile its input, in a process that the system stops after so much of the processor.

    assert ends(lambda: rewrite(HOSTILE))       runs in a child; what it raises fails the test too

No time is compared: inputs are so long that what grows with their square would take many minutes of the
processor, where what grows with their length takes a second or two. A busy machine makes no difference.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable

SECONDS = 40
"""Of the processor, not of a clock."""


def ends(work: Callable[[], object], seconds: int = SECONDS) -> bool:
    """Tell whether work ends before it has had so many seconds of the processor. Raises AssertionError."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _run(work, seconds)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, -signal.SIGXCPU}, f"it did not end well: {status}; its words are on stderr"
    return status == 0


def _run(work: Callable[[], object], seconds: int) -> None:
    """Be the child, which never returns."""
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        work()
        status = 0
    finally:  # whatever was raised, nothing of pytest runs twice
        if status:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(status)
