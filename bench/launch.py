# SPDX-License-Identifier: EUPL-1.2
"""
Run one command and print what it used, as one JSON object. Knows nothing of crawls.

    python -I -S bench/launch.py MARK COMMAND [ARGUMENT…]

    {"status": 0, "wall": s, "cpu": s, "peak": KiB, "own": KiB, "marked": {…} | null, "stderr": "…"}

A program of its own, small and with the standard library alone: Linux counts the memory of the process that
starts a command into that command's peak (exec keeps the high-water mark of the memory it replaces), so a
bench that holds a table of URLs would lend its size to wget. CPU is the command's and that of every child it
waited for. `peak` is all that is resident, `own` what of it is of no file: an index that is mapped from disk
takes no memory from others. MARK is a text that the command writes on stderr between two phases; empty for
none.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE") // 1024
EVERY = 0.1
KEPT = 20


def family(process: int) -> list[int]:
    """Return a process and its living descendants; those that end meanwhile are left out."""
    found = [process]
    for one in found:
        for tasks in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, tasks.read_text().split())
            except OSError:
                continue
    return found


def cpu(process: int) -> float:
    """Return the CPU seconds of a process and of children it waited for: fields 14 to 17 of proc(5) stat."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def resident(process: int) -> int:
    """Return the resident memory of a process in KiB."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def own(process: int) -> int:
    """Return the resident memory of a process that is of no file, in KiB."""
    return _status(process, "RssAnon:")


def high_water(process: int) -> int:
    """Return the highest resident memory of a process so far in KiB."""
    return _status(process, "VmHWM:")


def _status(process: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return max((int(line.split()[1]) for line in lines if line.startswith(name)), default=0)


class Watch:
    """Samples the memory of a process and its children together: the kernel keeps the peak of each alone."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.peak = 0
        self.own = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.over.wait(EVERY):
            processes = family(self.process)
            self.peak = max(self.peak, sum(map(resident, processes)))
            self.own = max(self.own, sum(map(own, processes)))

    def stop(self) -> None:
        """Take no more samples."""
        self.over.set()
        self.thread.join()


def so_far(watch: Watch, start: float) -> dict[str, float]:
    """Return what a running command has used until now."""
    used = sum(map(cpu, family(watch.process)))
    peak = max(watch.peak, high_water(watch.process))
    return {"wall": time.perf_counter() - start, "cpu": used, "peak": peak, "own": watch.own}


def launch(mark: bytes, command: list[str]) -> dict[str, object]:
    """Run a command to its end; its standard output is thrown away."""
    lines: deque[bytes] = deque(maxlen=KEPT)
    marked = None
    read, write = os.pipe()
    nothing = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    start = time.perf_counter()
    process = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[nothing, (os.POSIX_SPAWN_DUP2, write, 2)]
    )
    os.close(write)
    watch = Watch(process)
    with open(read, "rb") as stderr:
        for line in stderr:
            if mark and mark in line:
                marked = so_far(watch, start)
            lines.append(line)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    watch.stop()
    return {
        "status": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": max(usage.ru_maxrss, watch.peak),
        "own": watch.own,
        "marked": marked,
        "stderr": b"".join(lines).decode(errors="replace"),
    }


if __name__ == "__main__":
    print(json.dumps(launch(sys.argv[1].encode(), sys.argv[2:])))
