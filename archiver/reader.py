# SPDX-License-Identifier: EUPL-1.2
"""
A process of its own that reads pages, so that none can take the crawl with it. Knows nothing of what is read.

    crawl ──Unread──▶ pipe ──▶ reader ──▶ pipe ──Read──▶ crawl

A frame is its length in 8 bytes and MessagePack; the first one from the reader is empty, and says that it is
ready.

Pages are parsed by libraries in C, and whoever makes a page may have looked for their faults. A reader that
dies, takes more memory than MAX_MEMORY or longer than SECONDS is replaced by a new one; the page is stored
all the same, and the ledger says that its links were not read. Without it such a page would end the crawl,
and end it again at every new start. What reading costs also falls to a second core.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from index.errors import ArchiveError

from .reading import Read, Unread, read

SECONDS = 120.0
"""Longest time for one page. The worst that tests/test_hostile.py knows takes some seconds."""
MAX_MEMORY = 2 << 30
"""Bytes of address space. The worst page known takes hundreds of megabytes."""
MAX_ANSWER = 256 << 20
"""Bytes; the most links and the longest text that are taken of a page are an eighth of that."""
_ADVICE = "See to the memory that the crawl may take, and that Daykeep is installed whole; then run it again."
_HEAD = 8
_PIECE = 1 << 20
_START = "import sys; sys.path.insert(0, {root!r}); from archiver.reader import main; main()"


class ReaderError(ArchiveError):
    """There is no reading at all."""


class UnreadableError(Exception):
    """A page that could not be read, with the reason in a few words, for the ledger."""


class _LostError(Exception):
    """The reader has died."""


class _NotBegunError(_LostError):
    """The reader has died before it was ready to read anything."""


class Reader:
    """Reads in a process of its own, started when it is first needed. One thread at a time uses it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: _Process | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The number of the process, if one is running."""
        return self._process.pid if self._process else None

    def read(self, unread: Unread) -> Read:
        """
        Return what a response says; raises UnreadableError, with the reason, where it could not be read.

        A reader may die of what has nothing to do with the page, so a new one has a second look. Raises
        ReaderError where none can be started.
        """
        with suppress(_LostError):
            return self._read(unread)
        try:
            return self._read(unread)
        except _NotBegunError as error:
            raise ReaderError(f"{error} Without it no page leads anywhere. {_ADVICE}") from error
        except _LostError as error:
            raise UnreadableError(str(error)) from error

    def _read(self, unread: Unread) -> Read:
        if self._stopped:
            raise UnreadableError("the crawl was stopped")
        try:
            self._process = self._process or _Process()
        except OSError as error:
            raise _NotBegunError(f"The reader of pages cannot be started ({error}).") from error
        try:
            found, fault = self._process.ask(unread, time.monotonic() + self._seconds)
        except TimeoutError as error:
            self._end()
            raise UnreadableError(f"reading took longer than {self._seconds:.0f} seconds") from error
        except (OSError, msgspec.MsgspecError, _LostError) as error:
            begun, status = self._process.begun, self._end()
            if not begun:
                raise _NotBegunError(
                    f"The reader of pages ends before it begins, with status {status}."
                ) from error
            raise _LostError(f"the reader ended with status {status}") from error
        if found is None:
            raise UnreadableError(fault)
        return found

    def stop(self) -> None:
        """Have a `read` that is under way in another thread end now, and every later one."""
        self._stopped = True
        if process := self._process:
            process.kill()

    def close(self) -> None:
        """End the process, if there is one. It has nothing to lose."""
        self._stopped = True
        self._end()

    def _end(self) -> int | None:
        process, self._process = self._process, None
        return process.end() if process else None


class _Process:
    """The reader as seen from the crawl: two pipes, which are never waited for without end."""

    def __init__(self) -> None:
        code = _START.format(root=str(Path(__file__).resolve().parent.parent))
        self._child = subprocess.Popen(  # noqa: S603  our own interpreter and our own module
            [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self._child.stdin
        assert self._child.stdout
        self.begun = False
        self._to, self._from = self._child.stdin.fileno(), self._child.stdout.fileno()
        self._ready_to, self._ready_from = select.poll(), select.poll()
        self._ready_to.register(self._to, select.POLLOUT)
        self._ready_from.register(self._from, select.POLLIN)
        os.set_blocking(self._to, False)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(tuple[Read | None, str])

    @property
    def pid(self) -> int:
        return self._child.pid

    def ask(self, unread: Unread, until: float) -> tuple[Read | None, str]:
        """Return what was read, or why not. Raises _LostError, OSError or TimeoutError."""
        if not self.begun:
            self._receive(_HEAD, until)
            self.begun = True
        self._send(_framed(self._encoder.encode(unread)), until)
        length = int.from_bytes(self._receive(_HEAD, until), "big")
        if length > MAX_ANSWER:
            raise _LostError
        return self._decoder.decode(self._receive(length, until))

    def kill(self) -> None:
        self._child.kill()

    def end(self) -> int:
        """Kill it, wait for its end and return its status."""
        self._child.kill()
        with self._child:  # closes the pipes and waits
            pass
        return self._child.returncode

    def _send(self, frame: bytes, until: float) -> None:
        left = memoryview(frame)
        while left:
            _wait(self._ready_to, until)
            left = left[os.write(self._to, left) :]

    def _receive(self, length: int, until: float) -> bytes:
        received = bytearray()
        while len(received) < length:
            _wait(self._ready_from, until)
            piece = os.read(self._from, min(length - len(received), _PIECE))
            if not piece:
                raise _LostError
            received += piece
        return bytes(received)


def _wait(ready: select.poll, until: float) -> None:
    if not ready.poll(max(until - time.monotonic(), 0) * 1000):
        raise TimeoutError


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(_HEAD, "big") + data


# The other end


def main() -> None:
    """
    Read what comes on standard input until it ends, and answer on standard output.

    A stop is for the crawl to decide, so signals that are sent to the whole group are passed over.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # of what a page did to us no copy stays on the disk
    ended = suppress(
        BrokenPipeError, msgspec.DecodeError
    )  # the crawl is gone, perhaps in the middle of a frame
    with ended, os.fdopen(os.dup(0), "rb") as asked, os.fdopen(os.dup(1), "wb") as told:
        os.dup2(2, 1)  # whatever a library prints must not come between
        decoder, encoder = msgspec.msgpack.Decoder(Unread), msgspec.msgpack.Encoder()
        told.write(_framed(b""))  # ready
        told.flush()
        while head := asked.read(_HEAD):
            signal.alarm(int(1.5 * SECONDS))  # should nobody be there any more who does it
            unread = decoder.decode(asked.read(int.from_bytes(head, "big")))
            told.write(_framed(_answer(unread, encoder)))
            told.flush()
            signal.alarm(0)


def _answer(unread: Unread, encoder: msgspec.msgpack.Encoder) -> bytes:
    try:
        return encoder.encode((_writable(read(unread)), ""))
    except Exception as error:  # noqa: BLE001  whatever a hostile body does to a parser, the crawl goes on
        return encoder.encode((None, type(error).__name__))


def _writable(found: Read) -> Read:
    """Replace halves of surrogate pairs, which a page can spell and UTF-8 cannot."""
    return replace(found, page=_written(found.page), file=_written(found.file))


def _written(said: tuple[str, str, str] | None) -> tuple[str, str, str] | None:
    if said is None:
        return None
    title, language, text = (part.encode("utf-8", "replace").decode() for part in said)
    return title, language, text
