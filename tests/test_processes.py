# SPDX-License-Identifier: EUPL-1.2
"""
`daykeep serve` in several processes: each answers by itself, none is missed, and none is left behind.

The real command on loopback, its processes stopped and killed; what the parent does alone is tried with
children that a small program makes.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from werkzeug.test import Client

from archiver.cli.children import FIRST_WAIT
from archiver.cli.door import PUT_OFF, Door
from archiver.cli.listening import bind
from archiver.cli.serving import MOST_BY_ITSELF, process_count
from archiver.collection import Collection
from bench.launch import family
from tests.support.archive import Reply, build
from tests.support.command import command, configure
from tests.support.ports import accepts, wait_until
from tests.support.sites import Web
from tests.support.snapshots import page
from tests.support.standing import standing_still
from tests.support.viewing import NOW
from viewer.app import create_app
from viewer.crew import Crew
from viewer.kept_answers import KeptAnswers

SITE = "https://www.example.org"
MONDAY = "20260302023000"
MOST = 200_000
LARGE = random.Random(6).randbytes(48 << 20)
"""More than the buffers of both ends of a connection and the server's own hold together."""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    """Return the configuration of an archive with a page, and with a film that takes a while."""
    root = tmp_path_factory.mktemp("archive")
    day = {f"{SITE}/": Reply("<title>Home</title>"), f"{SITE}/film": Reply(LARGE, "video/mp4")}
    with build(root / "data", {"example": {MONDAY: day}}):
        return configure(root, f"{SITE}/")


class Served:
    """A running `daykeep serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def children(self) -> list[int]:
        return family(self.process.pid)[1:]

    def get(self, path: str = "/healthz") -> bytes:
        """Ask once, on a connection of its own."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(client):
            client.request("GET", path, headers={"Host": f"localhost:{self.port}"})
            answer = client.getresponse()
            assert answer.status == 200
            return answer.read()

    def alive(self) -> int:
        """Return how many processes answer, by what monitoring is told."""
        told = json.loads(self.get())["processes"]
        assert told["wanted"] == 2
        return int(told["alive"])

    def ended(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit status; fail where it takes 15 seconds."""
        self.process.send_signal(number)
        self.process.wait(timeout=15)
        return self.process.returncode


@contextlib.contextmanager
def serving(config: Path, log: Path, *words: str) -> Iterator[Served]:
    with log.open("wb") as err:
        arguments = command(config, "serve", "--port", "0", "--processes", "2", *words)
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=err)
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    assert line.startswith("Viewer: http://localhost:"), log.read_text()
    served = Served(process, int(line.rstrip("/\n").rpartition(":")[2]), log)
    children = served.children
    try:
        yield served
    finally:
        children = [*dict.fromkeys([*children, *served.children])]
        process.kill()
        process.communicate()
        wait_until(lambda: not any(map(exists, children)), lambda: True)


@pytest.fixture
def served(config, tmp_path) -> Iterator[Served]:
    with serving(config, tmp_path / "log", "--no-schedule") as running:
        yield running


def exists(process: int) -> bool:
    """Tell whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_each_answers_while_the_other_stands_still(served):
    """One process that does nothing any more holds nobody up, whichever of the two it is."""
    wait_until(lambda: served.alive() == 2, lambda: True)
    first, second = served.children
    for one in (first, second):
        with standing_still(one):
            for _ in range(20):
                served.get()


def test_who_is_killed_is_replaced(served):
    """After kill -9 the other answers, monitoring is told, and soon there are two again."""
    wait_until(lambda: served.alive() == 2, lambda: True)
    before = served.children
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: not exists(before[0]), lambda: True)
    for _ in range(20):
        served.get()
    wait_until(lambda: "child-ended" in served.log.read_text(), lambda: True)
    wait_until(lambda: served.alive() == 2, lambda: True)
    after = served.children
    assert before[1] in after
    assert before[0] not in after
    [event] = [json.loads(line) for line in served.log.read_text().splitlines() if "child-ended" in line]
    assert (event["child"], event["status"]) == ("viewer 1", -signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(served, number):
    """A signal ends the processes, with status 0; none is left, and the port is free at once."""
    children = served.children
    assert served.ended(number) == 0, served.log.read_text()
    assert not any(map(exists, children))
    bind("127.0.0.1", served.port).close()
    assert "Traceback" not in served.log.read_text()


def test_an_answer_on_its_way_arrives(served):
    """A visitor who is being sent a film when the signal comes gets all of it; nobody else is let in."""
    client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    client.request("GET", f"/web/{MONDAY}id_/{SITE}/film", headers={"Host": f"localhost:{served.port}"})
    answer = client.getresponse()
    begun = answer.read(1000)
    served.process.terminate()
    wait_until(lambda: not accepts(served.port), lambda: True)
    assert served.process.poll() is None
    assert begun + answer.read() == LARGE
    client.close()
    assert served.process.wait(timeout=15) == 0
    assert "answers-cut-off" not in served.log.read_text()


def test_children_end_with_their_parent(served):
    """Where the parent is killed the others end too, and the port can be taken again."""
    children = served.children
    served.process.kill()
    served.process.wait(timeout=15)
    wait_until(lambda: not any(map(exists, children)), lambda: True)
    bind("127.0.0.1", served.port).close()


def test_the_daily_job_runs_once(tmp_path):
    """With two processes that answer, the snapshot that is due is taken once, by a third."""
    with Web({"/": page("home")}) as web:
        config = configure(tmp_path, web.seed, at="00:00")
        with serving(config, tmp_path / "log") as served:
            assert len(served.children) >= 3
            wait_until(lambda: '"taken"' in served.log.read_text(), lambda: served.process.poll() is None)
            assert served.ended() == 0
    assert len(Collection(tmp_path / "data").snapshots("example")) == 1
    assert web.paths().count("/") == 1


def test_one_process_is_enough(config, tmp_path):
    """With one process one answers."""
    with serving(config, tmp_path / "log", "--no-schedule", "--processes", "1") as served:
        assert len(served.children) == 1
        assert json.loads(served.get())["processes"] == {"wanted": 1, "alive": 1}


def test_memory_for_answers_is_shared_out(tmp_path, monkeypatch):
    """However many processes keep answers, together they keep no more than is configured."""
    made: list[KeptAnswers] = []

    class Kept(KeptAnswers):
        def __init__(self, limit: int) -> None:
            super().__init__(limit)
            made.append(self)

    monkeypatch.setattr("viewer.app.KeptAnswers", Kept)
    pages = {f"{SITE}/{number}": Reply(f"<title>{number}</title>{'x' * 5000}") for number in range(40)}
    with build(tmp_path, {"example": {MONDAY: pages}}) as archive:
        viewer = msgspec.structs.replace(archive.settings.viewer, kept_bytes=MOST)
        settings = msgspec.structs.replace(archive.settings, viewer=viewer)
        for _ in range(4):
            app = create_app(
                settings,
                archive.collection,
                archive.history,
                archive.catalogue,
                now=lambda: NOW,
                crew=Crew(4),
            )
            for number in range(40):
                ask(app, f"/web/{MONDAY}id_/{SITE}/{number}")
    assert 0.8 * MOST < sum(one.held for one in made) <= MOST


def ask(app: Callable[..., object], target: str) -> None:
    client = Client(app, use_cookies=False)
    assert client.get(target, base_url="http://localhost:8080", buffered=True).status_code == 200


@pytest.mark.parametrize(
    ("processes", "limit", "least", "part"),
    [(1, 4, 1, 4), (2, 4, 1, 2), (3, 4, 1, 1), (8, 4, 1, 1), (2, 16, 4, 8), (8, 16, 4, 4), (8, 7, 0, 0)],
)
def test_limits_are_shared_out(processes, limit, least, part):
    assert Crew(processes).part(limit, least) == part


def test_processes_by_themselves():
    """A number that is given counts; otherwise there is one for each core, up to a few."""
    assert process_count(3) == 3
    assert process_count(0) == min(len(os.sched_getaffinity(0)), MOST_BY_ITSELF)


# ---- the end of a server -----------------------------------------------------------------------------------


class Slow:
    """An application that answers `/slow` when it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let = threading.Event()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            self.asked.set()
            assert self.let.wait(30)
        start_response("200 OK", [("Content-Length", "5")])
        return [b"there"]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def door(slow) -> Iterator[tuple[Door, int]]:
    listening = bind("127.0.0.1", 0)
    opened = Door(slow, listening, threads=4)
    opened.open()
    yield opened, listening.getsockname()[1]
    opened.close(0)
    listening.close()


def test_a_server_ends_when_all_is_answered(door, slow):
    """Closed, it answers what was asked, says that the connection ends, and lets go of one that is idle."""
    server, port = door
    idle, asking = (http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2))
    idle.request("GET", "/")
    assert idle.getresponse().read() == b"there"
    asking.request("GET", "/slow")
    assert slow.asked.wait(30)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(server.close, 30)
        wait_until(lambda: not accepts(port), lambda: True)
        assert idle.sock.recv(1) == b""
        assert not closing.done()
        slow.let.set()
        answer = asking.getresponse()
        assert (answer.read(), answer.getheader("Connection")) == (b"there", "close")
        assert closing.result(timeout=30)
    idle.close()
    asking.close()


def test_who_connected_before_the_end_is_answered(door):
    """A connection that was made, and on which nothing was asked yet, may still ask."""
    server, port = door
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client, ThreadPoolExecutor(1) as pool:
        closing = pool.submit(server.close, 30)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        said = b""
        while piece := client.recv(1000):
            said += piece
        assert said.endswith(b"\r\n\r\nthere")
        assert closing.result(timeout=30)


def test_an_end_that_takes_too_long_is_told(door, slow):
    """What is not answered in time is given up, and that is said."""
    server, port = door
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", "/slow")
    assert slow.asked.wait(30)
    assert not server.close(0.1)
    slow.let.set()
    client.close()


class AtHand(Slow):
    """The same; everything but `/slow` needs no waiting. Says which thread answered."""

    SIZE = 1 << 20

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            return super().__call__(environ, start_response)
        body = b"x" * self.SIZE if environ["PATH_INFO"] == "/large" else b"quick"
        name = threading.current_thread().name
        start_response("200 OK", [("Content-Length", str(len(body))), ("X-Thread", name)])
        return [body]

    def is_at_hand(self, environ):
        return environ["PATH_INFO"] != "/slow"


@pytest.fixture
def at_hand() -> Iterator[tuple[AtHand, int]]:
    """Serve it with one thread."""
    listening, app = bind("127.0.0.1", 0), AtHand()
    opened = Door(app, listening, threads=1, is_at_hand=app.is_at_hand)
    opened.open()
    yield app, listening.getsockname()[1]
    app.let.set()
    opened.close(0)
    listening.close()


def test_what_is_at_hand_waits_for_no_thread(at_hand):
    """While the only thread is busy, what needs no waiting is answered, again and again on one connection."""
    app, port = at_hand
    slow, quick = (http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(2))
    slow.request("GET", "/slow")
    assert app.asked.wait(30)
    for _ in range(3):
        quick.request("GET", "/quick")
        answer = quick.getresponse()
        assert (answer.read(), answer.getheader("X-Thread")) == (b"quick", "viewer")
    app.let.set()
    assert slow.getresponse().read() == b"there"
    slow.close()
    quick.close()


def test_questions_in_one_packet(at_hand):
    """Questions that come together are answered in their order, whoever answers each."""
    app, port = at_hand
    app.let.set()
    paths = (b"/quick", b"/slow", b"/quick")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"".join(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths))
        said = b""
        while said.count(b"HTTP/1.1 200 OK") < 3 or not said.endswith(b"quick"):
            said += client.recv(10_000)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"quick", b"there", b"quick"]


def test_who_reads_nothing_holds_nobody_up(at_hand):
    """A client who asks for much that is at hand and reads none of it is alone with that."""
    _, port = at_hand
    with socket.create_connection(("127.0.0.1", port), timeout=30) as greedy:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 60)
        for _ in range(5):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            client.request("GET", "/quick")
            assert client.getresponse().read() == b"quick"
            client.close()


def test_connections_are_left_to_who_has_fewer(slow):
    """Where another process has far fewer a connection waits a little for it, and is answered all the same."""
    listening, told = bind("127.0.0.1", 0), []

    def fewest(own: int) -> int:
        told.append(own)
        return 0

    server = Door(slow, listening, threads=4, fewest=fewest)
    server.open()
    port = listening.getsockname()[1]
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        assert [told.count(own) for own in range(6)] == [1, 2, 2, PUT_OFF + 1, PUT_OFF + 1, PUT_OFF + 1]
    server.close(5)
    listening.close()


# ---- the parent --------------------------------------------------------------------------------------------

PROGRAM = """
import os, signal, sys, time
from archiver.cli import children
from archiver.cli.children import Child, Children, Roll
from archiver.cli.log import log_to_stderr
from archiver.cli.stopping import stop_on_signals
log_to_stderr(terminal=False)
stop = stop_on_signals()
children.PATIENCE = 0.5
def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
    time.sleep(60)
def broken():
    raise ValueError("broken")
works = {"good": stop.wait, "deaf": deaf, "broken": broken}
made = [Child(name, works[name]) for name in sys.argv[1:]]
sys.exit(Children(made, stop, Roll(len(made))).run(lambda: print("begun", flush=True), lambda: print("ending", flush=True)))
"""


@contextlib.contextmanager
def parent(*names: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_who_dies_young_waits_longer_each_time():
    """A child that cannot begin is tried again, each time later, and the others are left in peace."""
    with parent("good", "broken") as process:
        events = []
        while len(events) < 3:
            line = json.loads(process.stderr.readline())
            if line["event"] == "child-ended":
                events.append(line)
        process.terminate()
        out, _ = process.communicate(timeout=15)
    assert out.split() == ["begun", "ending"]
    assert [one["child"] for one in events] == ["broken"] * 3
    waits = [one["seconds_until_replaced"] for one in events]
    assert waits == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert process.returncode == 0


def test_who_does_not_listen_is_killed():
    """A child that does not end is killed after a while, and the exit status says that not all went well."""
    with parent("good", "deaf") as process:
        assert {process.stdout.readline(), process.stdout.readline()} == {"begun\n", "deaf\n"}
        children = family(process.pid)[1:]
        begun = time.monotonic()
        process.terminate()
        assert process.wait(timeout=15) == 1
        assert time.monotonic() - begun >= 0.5
    assert not any(map(exists, children))


AT_ONCE = """
import sys
from archiver.cli.children import Child, Children, Roll
from archiver.cli.stopping import stop_on_signals

for _ in range(100):
    stop = stop_on_signals()
    made = [Child("first", stop.wait), Child("second", stop.wait)]
    if Children(made, stop, Roll(2)).run(stop.set, lambda: None):
        sys.exit("a child was killed")
"""


def test_a_child_hears_a_signal_that_comes_before_it_is_there():
    """A hundred times over, children that are told to end in the moment they are made end by themselves."""
    ran = subprocess.run(
        [sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=90, check=False
    )
    assert ran.returncode == 0, ran.stderr
