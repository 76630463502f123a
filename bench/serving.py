# SPDX-License-Identifier: EUPL-1.2
"""
What serving alone costs: an application that does nothing, served as `daykeep serve` does, and by others.

    .venv/bin/python bench/serving.py [--seconds 4] [--connections 1 8 32] [--tools FOLDER] [--markdown]

An answer has 12 kB, as a page with gzip. gunicorn runs two processes with four threads each, granian two with
two, as their documentations advise for two cores; ours are two with eight, and `at hand` is what needs no
waiting. Both are installed from the registry at the versions of `requirements-servers.txt`, in an environment
of their own.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.peers import BENCH, TOOLS, environment  # noqa: E402
from bench.running import running  # noqa: E402
from bench.table import machine, table  # noqa: E402
from tests.support.ports import free_port  # noqa: E402

APPLICATION = """
BODY = b"x" * 12_000
HEAD = [("Content-Type", "text/html"), ("Content-Length", "12000")]

def app(environ, start_response):
    start_response("200 OK", HEAD)
    return [BODY]
"""
OURS = """
import socket, sys
sys.path.insert(0, {root!r})
from archiver.cli.children import Child, Children, Roll
from archiver.cli.door import Door
from archiver.cli.stopping import stop_on_signals
from hello import app
listening, stop = socket.create_server(("127.0.0.1", int(sys.argv[1]))), stop_on_signals()
def answer():
    door = Door(app, listening, threads=8, is_at_hand=lambda _: "at-hand" in sys.argv)
    door.open()
    stop.wait()
    door.close(1)
sys.exit(Children([Child(n, answer) for n in "12"], stop, Roll(2)).run(lambda: None, listening.close))
"""

Words = list[str | Path]


def servers(folder: Path, tools: Path) -> Iterator[tuple[str, Words, int]]:
    """Yield each server: its name, its command, its port."""
    port = free_port()
    yield "daykeep", [sys.executable, folder / "ours.py", str(port)], port
    port = free_port()
    yield "daykeep, at hand", [sys.executable, folder / "ours.py", str(port), "at-hand"], port
    bin_ = environment(tools, "servers", BENCH / "requirements-servers.txt") / "bin"
    port = free_port()
    threads = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    yield "gunicorn", [bin_ / "gunicorn", *threads, "hello:app"], port
    port = free_port()
    where = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    yield (
        "granian",
        [bin_ / "granian", *where, "--workers", "2", "--blocking-threads", "2", "hello:app"],
        port,
    )


def ask(port: int, connections: int, seconds: int) -> float:
    """Return how many answers a second wrk got."""
    load = ["-t", "1", "-c", str(connections), "-d", f"{seconds}s", f"http://127.0.0.1:{port}/"]
    done = subprocess.run(["wrk", *load], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"wrk said nothing of its answers: {done.stdout}")
    return float(found[1])


def rows(given: argparse.Namespace, folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield a line for each server."""
    for name, command, port in servers(folder, given.tools):
        with running(command, folder, port):
            ask(port, 1, 1)
            yield name, "hello", *(f"{ask(port, many, given.seconds):.0f}" for many in given.connections)


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description="Serving alone, beside gunicorn and granian.")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--tools", type=Path, default=TOOLS)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as name:
        folder = Path(name)
        (folder / "hello.py").write_text(APPLICATION, encoding="utf-8")
        (folder / "ours.py").write_text(OURS.format(root=str(ROOT)), encoding="utf-8")
        found = list(rows(given, folder))
    print(f"{where}\n\n    .venv/bin/python bench/serving.py {shlex.join(sys.argv[1:])}\n")
    head = ("server", "application", *(f"answers/s, {many} at once" for many in given.connections))
    print(table(head, found, markdown=given.markdown))


if __name__ == "__main__":
    main()
