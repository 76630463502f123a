# SPDX-License-Identifier: EUPL-1.2
r"""
Receives one HTTP/1.1 response and keeps every byte of it. Knows nothing of sockets' making or of pools.

    HTTP/1.1 103 Early Hints\r\n … \r\n\r\n        interim responses, none or more   ┐
    HTTP/1.1 200 OK\r\n                            status line                       │ head_length
    Name: value\r\n … \r\n                         fields, blank line                ┘
    5;ext\r\nhello\r\n0\r\nTrailer: x\r\n\r\n      body with its framing (RFC 9112 sections 6 and 7)

The head is read here and not by http.client, because its parser loses what an archive must keep. Tried on
Python 3.11: a line without a colon ends the fields (a Content-Length after it is gone), `A : 1` ends them
as well, `A: 1\rB: 2` becomes two fields, 103 counts as the final response, and more than 100 fields or a
line over 65,536 bytes is an error.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from tempfile import SpooledTemporaryFile

from .durable import storage
from .exchange import Headers, header_fields

MAX_HEAD = 256 * 1024
"""Longest head kept, in bytes, interim responses included; also the most that trailers may take."""
IN_MEMORY = 1024 * 1024
"""Bytes of a response held in memory; a longer one goes to disk."""
BUFFER = 64 * 1024
_MAX_CHUNK_LINE = 16 * 1024
# One-byte chunks cost five bytes of framing each. What costs more is not there to carry a body.
_FRAMING_PER_BYTE = 8
_FRAMING_FREE = 1024 * 1024

_STATUS = re.compile(rb"HTTP/(\d)(?:\.(\d))?[ \t]+([1-9]\d\d)(?:[ \t][^\n]*|\r?)\n")
_HEAD_END = re.compile(rb"\n\r?\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*|\r?)\n")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class NoResponseError(Exception):
    """No status line came. `outcome` is a word of the ledger, the message its reason."""

    def __init__(self, outcome: str, reason: str, *, stale: bool = False) -> None:
        """`stale`: a connection kept open was closed before a byte came, so asking anew is right."""
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.stale = stale


class _CutError(Exception):
    """The response ends here. `truncated` is a reason of WARC-Truncated."""

    def __init__(self, truncated: str, reason: str) -> None:
        super().__init__(reason)
        self.truncated = truncated
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may cost."""

    timeout: float
    """Seconds of silence, and to connect."""
    max_seconds: float
    """Seconds in all, from resolving the name to the last byte."""
    max_bytes: int
    """Bytes of the body without transfer coding."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and fields of a final response."""

    version: tuple[int, int]
    status: int
    headers: Headers

    def tokens(self, name: str) -> list[str]:
        """Return the members of a comma-separated field, all lines of it, in lower case."""
        lines = [value for key, value in self.headers if key.lower() == name]
        return [token.strip().lower() for line in lines for token in line.split(",")]


@dataclass(slots=True)
class Recording:
    """One exchange under way: all that was sent and has arrived so far, whatever happens next."""

    host: str
    date: datetime
    deadline: float
    """On the clock of time.monotonic."""
    response: SpooledTemporaryFile[bytes]
    request: bytes = b""
    address: str | None = None
    tls: tuple[str, str | None] | None = None
    """Value for WARC-Protocol and IANA name of the cipher suite."""
    reused: bool = False
    """Whether the connection had served an exchange before."""
    head: Head | None = None
    length: int = 0
    head_length: int = 0
    payload_length: int = 0
    chunked: bool = False
    keep_alive: bool = False
    """Whether the connection may carry another exchange: the server agrees and its framing is sure."""
    truncated: str | None = None
    reason: str = ""
    began: float = field(default_factory=time.monotonic)
    """When, on the same clock."""
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Values for WARC-Protocol."""
        version = "http/1.0" if self.head and self.head.version == (1, 0) else "http/1.1"
        return (version, self.tls[0]) if self.tls else (version,)

    def doubt(self, reason: str) -> None:
        """Note something odd in the framing; the connection will not be used again."""
        self.keep_alive = False
        self.reason = self.reason or reason


class _Body(Enum):
    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


@dataclass(frozen=True, slots=True)
class _Framing:
    body: _Body
    length: int = 0
    doubt: str = ""


class Receiver:
    """
    Receives one response from a stream into a recording.

    Every wait for bytes ends at the deadline or after the time of silence, so neither a dripping nor an
    endless response holds the crawl. Nothing of a body is held: it goes from one buffer to the spool.
    """

    def __init__(
        self,
        source: io.RawIOBase,
        set_timeout: Callable[[float], None],
        recording: Recording,
        limits: Limits,
        buffer: bytearray,
    ) -> None:
        """`source` reads from the connection with one system call; `buffer` may be used again afterwards."""
        self._source = source
        self._set_timeout = set_timeout
        self._to = recording
        self._limits = limits
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._kept = self._start = self._end = 0  # of the buffer: in the spool, taken, filled

    def receive(self) -> None:
        """
        Receive it to its end or to a limit; a response that was cut says so in the recording.

        Raises NoResponseError where no whole status line came, StorageError where the disk refused.
        """
        try:
            head = self._receive_head()
            self._to.keep_alive = _stays_open(head)
            self._receive_body(_framing(head))
        except _CutError as cut:
            self._to.keep_alive = False
            self._to.truncated, self._to.reason = cut.truncated, cut.reason
        self._spool()
        if self._start != self._end:
            self._to.doubt("the server sent more bytes than its response has; they are not kept")

    # the head

    def _receive_head(self) -> Head:
        while True:
            block = bytearray()
            try:
                self._read_block(block)
            except _CutError as cut:
                self._keep_head(block, cut)
                raise
            head = self._keep_head(block)
            if head.status >= 200 or head.status == 101:
                return head

    def _read_block(self, block: bytearray) -> None:
        """Append to `block` up to and including the next blank line."""
        while True:
            seen = len(block)
            self._need()
            block += self._view[self._start : self._end]
            if not block.startswith(b"HTTP/"[: len(block)]):
                raise NoResponseError(
                    "network-error", f"host {self._to.host} did not answer in HTTP: no status line"
                )
            if end := _HEAD_END.search(block, max(seen - 2, 0)):
                self._kept = self._start = self._start + end.end() - seen
                del block[end.end() :]
                return
            self._kept = self._start = self._end
            if self._to.length + len(block) >= MAX_HEAD:
                del block[MAX_HEAD - self._to.length :]
                raise _CutError("length", f"the header fields are longer than {MAX_HEAD} bytes")

    def _keep_head(self, block: bytearray, cut: _CutError | None = None) -> Head:
        line = _STATUS.match(block)
        if line is None:
            raise self._no_status_line(block, cut)
        version = int(line[1]), int(line[2] or b"0")
        head = Head(version, int(line[3]), header_fields(bytes(block[line.end() :])))
        self._write(block)
        self._to.length += len(block)
        self._to.head_length = self._to.length
        self._to.head = head
        return head

    def _no_status_line(self, block: bytearray, cut: _CutError | None) -> NoResponseError:
        host = self._to.host
        if cut and cut.truncated == "time":
            return NoResponseError("timeout", f"host {host} gave no answer: {cut.reason}")
        if cut is None or block:
            return self._not_http()
        stale = self._to.reused and self._to.length == 0
        return NoResponseError("network-error", f"host {host} gave no answer: {cut.reason}", stale=stale)

    def _not_http(self) -> NoResponseError:
        return NoResponseError(
            "network-error", f"host {self._to.host} did not answer in HTTP: no status line"
        )

    # the body

    def _receive_body(self, framing: _Framing) -> None:
        if framing.doubt:
            self._to.doubt(framing.doubt)
        if framing.body is _Body.LENGTH:
            self._payload(framing.length)
        elif framing.body is _Body.CHUNKED:
            self._to.chunked = True
            self._chunks()
        elif framing.body is _Body.UNTIL_CLOSE:
            self._to.keep_alive = False
            while self._start != self._end or self._fill():
                self._payload(self._end - self._start)

    def _payload(self, amount: int) -> None:
        """Keep `amount` bytes of the body."""
        while amount > 0:
            room = self._limits.max_bytes - self._to.payload_length
            if room <= 0:
                raise _CutError("length", f"the body is longer than {self._limits.max_bytes} bytes")
            self._need()
            part = self._take(min(amount, room))
            amount -= len(part)
            self._to.digest.update(part)
            self._to.payload_length += len(part)

    def _chunks(self) -> None:
        while size := self._chunk_size():
            self._payload(size)
            if self._line(2).strip(b"\r\n"):
                raise _CutError("unspecified", "a chunk does not end where its size says")
        self._trailers()

    def _chunk_size(self) -> int:
        framing = self._to.length - self._to.head_length - self._to.payload_length
        if framing > _FRAMING_FREE + _FRAMING_PER_BYTE * self._to.payload_length:
            raise _CutError("length", "the framing of the chunks outweighs the body")
        line = _CHUNK_SIZE.fullmatch(self._line(_MAX_CHUNK_LINE))
        if line is None:
            raise _CutError("unspecified", "the size of a chunk is not a number")
        return int(line[1], 16)

    def _trailers(self) -> None:
        """Keep the trailer fields and the blank line; some servers close without it, with nothing lost."""
        most = self._to.length + MAX_HEAD
        while self._to.length < most:
            if self._start == self._end and not self._fill():
                self._to.doubt("the server closed the connection without the blank line after the last chunk")
                return
            if self._line(MAX_HEAD) in (b"\r\n", b"\n"):
                return
        raise _CutError("length", f"the trailer fields are longer than {MAX_HEAD} bytes")

    def _line(self, limit: int) -> bytes:
        """Take and return what comes up to and including a line feed, or `limit` bytes of it."""
        line = bytearray()
        while not line.endswith(b"\n") and len(line) < limit:
            self._need()
            most = limit - len(line)
            end = self._buffer.find(b"\n", self._start, min(self._end, self._start + most))
            line += self._take(most if end < 0 else end + 1 - self._start)
        return bytes(line)

    # bytes

    def _take(self, most: int) -> memoryview:
        """Take what the buffer has, `most` bytes at most; it is kept before the buffer is filled anew."""
        start = self._start
        self._start = min(self._end, start + most)
        self._to.length += self._start - start
        return self._view[start : self._start]

    def _spool(self) -> None:
        """Keep what was taken since the last time."""
        if self._kept < self._start:
            self._write(self._view[self._kept : self._start])
            self._kept = self._start

    def _write(self, part: bytearray | memoryview) -> None:
        with storage("keep a response while it arrives"):
            self._to.response.write(part)

    def _need(self) -> None:
        if self._start == self._end and not self._fill():
            raise _CutError("disconnect", "the server closed the connection before the response was complete")

    def _fill(self) -> bool:
        """Wait for bytes and put them in the empty buffer; False at the end of the stream."""
        self._spool()
        left = self._to.deadline - time.monotonic()
        if left <= 0:
            raise _CutError("time", f"not complete within {self._limits.max_seconds:g} seconds")
        if left < self._limits.timeout:
            self._set_timeout(left)
        try:
            count = self._source.readinto(self._buffer) or 0
        except TimeoutError:
            raise self._silence(left) from None
        except OSError as error:
            raise _CutError("disconnect", f"the connection broke off ({error.strerror or error})") from error
        self._kept, self._start, self._end = 0, 0, count
        return count > 0

    def _silence(self, left: float) -> _CutError:
        if left < self._limits.timeout:
            return _CutError("time", f"not complete within {self._limits.max_seconds:g} seconds")
        return _CutError("time", f"nothing came for {self._limits.timeout:g} seconds")


def _stays_open(head: Head) -> bool:
    """RFC 9112 section 9.3: HTTP/1.1 stays open unless told otherwise, HTTP/1.0 only when told so."""
    tokens = head.tokens("connection")
    if "close" in tokens or head.status == 101:
        return False
    return head.version == (1, 1) or (head.version == (1, 0) and "keep-alive" in tokens)


def _framing(head: Head) -> _Framing:
    """Return how the body is delimited, by the order of RFC 9112 section 6.3."""
    if head.status < 200 or head.status in (204, 304):
        return _Framing(_Body.NONE)
    lengths = {token.strip() for token in head.tokens("content-length")}
    codings = head.tokens("transfer-encoding")
    if codings:
        return _by_coding(head, codings, with_length=bool(lengths))
    if not lengths:
        return _Framing(_Body.UNTIL_CLOSE)
    if len(lengths) > 1:
        return _Framing(_Body.UNTIL_CLOSE, doubt="the response names more than one Content-Length")
    length = lengths.pop()
    if not _LENGTH.fullmatch(length):
        return _Framing(_Body.UNTIL_CLOSE, doubt="the Content-Length is not a number")
    return _Framing(_Body.LENGTH, int(length))


def _by_coding(head: Head, codings: list[str], *, with_length: bool) -> _Framing:
    if codings[-1] != "chunked":
        return _Framing(_Body.UNTIL_CLOSE, doubt="the last transfer coding is not chunked")
    if len(codings) > 1:
        return _Framing(_Body.CHUNKED, doubt="the body has a transfer coding besides chunked, which is kept")
    if with_length:
        return _Framing(_Body.CHUNKED, doubt="the response has both Content-Length and Transfer-Encoding")
    if head.version < (1, 1):
        return _Framing(_Body.CHUNKED, doubt="an HTTP/1.0 response names a transfer coding")
    return _Framing(_Body.CHUNKED)
