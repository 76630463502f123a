# SPDX-License-Identifier: EUPL-1.2
"""
One process's server on a socket that other processes may accept from too. The only importer of waitress.

    door = Door(app, listening, threads=8)
    door.open()
    …
    door.close(seconds=10)

    is_at_hand(environ)   the answer needs no waiting: it is given by the thread that waits for connections,
                          which costs less than half of handing it to another
    anything else         is answered by one of the threads

Closed, it takes in who has connected already, answers what was asked or is being asked, tells every client
with its answer that the connection ends, and lets go of connections on which nothing happens. Knows nothing
of what is answered.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import waitress
from waitress.channel import HTTPChannel
from waitress.task import WSGITask
from waitress.utilities import build_http_date
from waitress.wasyncore import dispatcher

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

QUIET = 0.5
"""Seconds without a byte after which nobody is about to ask something on a connection."""
LOOK = 0.02
PUT_OFF, MOMENT = 5, 0.001
"""How often, and for how many seconds each time, a connection is left to a process that has far fewer."""
_MOST_WAITING = 1024
"""Connections that are taken in at the end: the kernel keeps no more of them waiting (waitress' backlog)."""


@lru_cache(4096)
def _spelled(name: str) -> str:
    """Return the name of a field as waitress spells it."""
    return "-".join([part.capitalize() for part in name.split("-")])


_HANDLED = frozenset({"Connection", "Date", "Server"})
"""Fields that waitress does something about."""
_date = lru_cache(4)(build_http_date)


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """One request; where the server is ending, the last on its connection."""

    def build_response_header(self) -> bytes:
        """Return the head of the answer: waitress', spelled faster where the connection goes on."""
        if self.channel.server.ending:
            self.set_close_on_finish()
        head: bytes = self._usual_head() or super().build_response_header()
        return head

    def _usual_head(self) -> bytes | None:
        """Return the head of an answer of known length on a connection that stays, None of any other."""
        ends = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.version != "1.1" or ends or self.close_on_finish:
            return None
        fields = [(_spelled(name), value) for name, value in self.response_headers]
        told = {name for name, _ in fields}
        if self.content_length is None or not self.has_body or not told.isdisjoint(_HANDLED):
            return None
        if "Content-Length" not in told:
            fields.append(("Content-Length", str(self.content_length)))
        lines = [f"{name}: {value}" for name, value in fields]
        date = _date(int(self.start_time))
        return "\r\n".join([f"HTTP/1.1 {self.status}", *lines, f"Date: {date}", "", ""]).encode("latin-1")


class _Channel(HTTPChannel):  # type: ignore[misc]
    begun: _Task | None = None

    def task_class(self, channel: HTTPChannel, request: Any) -> _Task:
        """Return the task of a request: the one that was begun already, if one was."""
        task, self.begun = self.begun or _Task(channel, request), None
        return task

    def received(self, data: bytes) -> bool:
        taken: bool = super().received(data)
        asked, self.server.asked = self.server.asked, []
        for channel in asked:
            channel.begin()
        return taken

    def begin(self) -> None:
        """Answer the first request at once where that needs no waiting; else leave it to a thread."""
        request = self.requests[0]
        # what waits to be sent to a client who reads slowly would be waited for
        alone = len(self.requests) == 1 and not self.total_outbufs_len
        task = self.task_class(self, request) if alone and self.connected and not request.error else None
        if task is None or not self.server.is_at_hand(task.get_environment()):
            self.server.task_dispatcher.add_task(self)
            return
        self.begun = task
        self.service()
        if self.writable():
            self.handle_write()


def _add_task(server: Any, channel: _Channel) -> None:
    """Take notice of a request; in the thread that receives, which has a lock then, it is begun later."""
    if threading.get_ident() == server.own_thread:
        server.asked.append(channel)
    else:
        server.task_dispatcher.add_task(channel)


def _wake(server: Any) -> None:
    """Let the thread that waits for connections look again; it does that anyway where it calls this."""
    if threading.get_ident() != server.own_thread:
        server.trigger.pull_trigger()


def _accept(server: Any) -> None:
    """Take a connection in; where another process has far fewer, leave it some milliseconds to be first."""
    own = len(server.active_channels)
    if server.put_off < PUT_OFF and not server.ending and own > 2 * server.fewest(own) + 2:
        server.put_off += 1
        time.sleep(MOMENT)
        return
    server.put_off = 0
    type(server).handle_accept(server)
    server.fewest(len(server.active_channels))


def server_of(
    app: WSGIApplication,
    listening: socket.socket,
    threads: int,
    is_at_hand: Callable[[WSGIEnvironment], bool] = lambda _environ: False,
    fewest: Callable[[int], int] = lambda own: own,
) -> Any:
    """Return a server that waits with poll(): with select() no connection may have a number above 1,023."""
    server = waitress.create_server(
        app, sockets=[listening], threads=threads, ident=None, asyncore_use_poll=True
    )
    server.ending = False
    server.channel_class = _Channel
    server.asked, server.own_thread, server.is_at_hand = [], 0, is_at_hand
    server.put_off, server.fewest = 0, fewest
    server.handle_accept = partial(_accept, server)
    server.add_task, server.pull_trigger = partial(_add_task, server), partial(_wake, server)
    return server


class Door:
    """A server in a thread of its own."""

    def __init__(
        self,
        app: WSGIApplication,
        listening: socket.socket,
        *,
        threads: int,
        is_at_hand: Callable[[WSGIEnvironment], bool] = lambda _environ: False,
        fewest: Callable[[int], int] = lambda own: own,
    ) -> None:
        """Make it. `fewest` is told how many connections it has, and tells how many the idlest has."""
        self._server = server_of(app, listening, threads, is_at_hand, fewest)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)

    def open(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def _run(self) -> None:
        self._server.own_thread = threading.get_ident()
        self._server.run()

    def close(self, seconds: float) -> bool:
        """Answer what is being asked, for so long at most; return whether all was answered."""
        deadline = time.monotonic() + seconds
        self._in_its_thread(self._leave)
        while not (self._left.is_set() and not self._server.active_channels):
            if time.monotonic() >= deadline or not self._thread.is_alive():
                return False
            time.sleep(LOOK)
            self._in_its_thread(self._let_go)
        return True

    def _in_its_thread(self, what: Any) -> None:
        """Have something done by the thread that waits for the connections, which alone may close them."""
        self._server.trigger.pull_trigger(what)

    def _leave(self) -> None:
        """Take in who has connected already, then listen no more."""
        self._server.ending = True
        waiting = select.poll()
        waiting.register(self._server.socket, select.POLLIN)
        for _ in range(_MOST_WAITING):
            if not waiting.poll(0):
                break
            self._server.handle_accept()
        dispatcher.close(self._server)  # not the server's own `close`, which no longer wakes its thread
        self._left.set()

    def _let_go(self) -> None:
        for channel in list(self._server.active_channels.values()):
            if _is_quiet(channel):
                channel.handle_close()


def _is_quiet(channel: Any) -> bool:
    """Tell whether nothing was asked on a connection that is not answered, and nobody is about to ask."""
    busy = channel.requests or channel.total_outbufs_len or channel.request is not None
    if busy or time.time() - channel.last_activity < QUIET:
        return False
    try:
        return not channel.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:  # reset by the other side
        return True
