# SPDX-License-Identifier: EUPL-1.2
"""
An HTTP message as it passes by: where its head ends, and what its payload is. Knows nothing of records.

    start line CRLF *( name ":" value CRLF ) CRLF body      interim (1xx) heads may come first
    chunked (RFC 9112 section 7.1): *( size [;ext] CRLF data CRLF ) "0" CRLF *( trailer CRLF ) CRLF

The payload is the body without transfer coding. Fed in pieces of any size; holds a head at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

MAX_HEAD = 1 << 20
_BLANK = re.compile(rb"(?:^|\n)\r?\n")
_STATUS = re.compile(rb"HTTP/\d\.\d ([1-9]\d\d)(?: [^\r\n]*)?\r?", re.ASCII)
_REQUEST = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [^ \r\n]+ HTTP/\d\.\d\r?", re.ASCII)
_FIELD = re.compile(rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*:[^\r\n\0]*|[ \t][^\r\n\0]*)\r?")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")
_CODING = re.compile(rb"^transfer-encoding[ \t]*:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LONGEST_LINE = 1 << 16
_NO_BODY = frozenset({204, 304})


class _At(Enum):
    SIZE = "size"
    DATA = "data"
    DATA_END = "end of data"
    TRAILER = "trailer"
    OVER = "over"
    BROKEN = "broken"


class Chunks:
    """Takes chunk framing off a body, and remembers whether it was sound."""

    def __init__(self, out: Callable[[bytes], object]) -> None:
        self._out = out
        self._at = _At.SIZE
        self._left = 0
        self._line = b""
        self.began = False
        """Whether there was one chunk at least."""

    @property
    def whole(self) -> bool:
        """Whether the last chunk came and the trailers ended."""
        return self._at is _At.OVER

    @property
    def broken(self) -> bool:
        """Whether what stood there was no chunk."""
        return self._at is _At.BROKEN

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        while data and self._at not in {_At.OVER, _At.BROKEN}:
            data = self._data(data) if self._at is _At.DATA else self._by_line(data)

    def _data(self, data: bytes) -> bytes:
        piece, rest = data[: self._left], data[self._left :]
        self._out(piece)
        self._left -= len(piece)
        if not self._left:
            self._at = _At.DATA_END
        return rest

    def _by_line(self, data: bytes) -> bytes:
        line, newline, rest = data.partition(b"\n")
        self._line += line + newline
        if len(self._line) > _LONGEST_LINE:
            self._at = _At.BROKEN
        elif newline:
            line, self._line = self._line, b""
            self._whole_line(line)
        return rest

    def _whole_line(self, line: bytes) -> None:
        blank = line in {b"\r\n", b"\n"}
        if self._at is _At.DATA_END:
            self._at = _At.SIZE if blank else _At.BROKEN
        elif self._at is _At.TRAILER:
            self._at = _At.OVER if blank else _At.TRAILER
        elif (match := _SIZE.fullmatch(line)) is None:
            self._at = _At.BROKEN
        else:
            self.began = True
            self._left = int(match[1], 16)
            self._at = _At.DATA if self._left else _At.TRAILER


class Message:
    """One HTTP message; `payload` takes the payload, `raw` the body as it stands."""

    def __init__(
        self, *, request: bool, payload: Callable[[bytes], object], raw: Callable[[bytes], object]
    ) -> None:
        self._request = request
        self._payload = payload
        self._raw = raw
        self._head: bytearray | None = bytearray()
        self._length: int | None = None
        self.faults: list[str] = []
        self.status = 0
        self.body = 0
        """Bytes of the body so far, as they stand."""
        self.chunks: Chunks | None = None

    @property
    def has_head(self) -> bool:
        """Whether a head came and ended."""
        return self._head is None

    @property
    def missing(self) -> int:
        """Bytes by which the body is shorter than its Content-Length says."""
        return 0 if self._length is None else max(self._length - self.body, 0)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._head is None:
            self._take_body(data)
            return
        self._head += data
        while self._head is not None and (blank := _BLANK.search(self._head)):
            head, rest = bytes(self._head[: blank.end()]), bytes(self._head[blank.end() :])
            self._head = bytearray(rest)
            if self._read_head(head):
                self._head = None
                self._take_body(rest)
        if self._head is not None and len(self._head) > MAX_HEAD:
            self.faults.append("its head does not end")
            self._head = None

    def close(self) -> None:
        """Say that nothing more comes."""
        if self._head is not None:
            self.faults.append("its head does not end")

    def _read_head(self, head: bytes) -> bool:
        """Read a head, and tell whether it is the last before the body."""
        lines = head.split(b"\n")
        start = (_REQUEST if self._request else _STATUS).fullmatch(lines[0])
        if start is None:
            self.faults.append(f"it begins with {lines[0][:80]!r}")
            return True
        if wrong := next((line for line in lines[1:-2] if not _FIELD.fullmatch(line)), None):
            self.faults.append(f"{wrong[:80]!r} is no header field")
        self.status = 0 if self._request else int(start[1])
        if 100 <= self.status < 200 and self.status != 101:
            return False
        self._read_framing(head)
        return True

    def _read_framing(self, head: bytes) -> None:
        if self.status in _NO_BODY:
            return
        codings = b",".join(_CODING.findall(head)).lower().split(b",")
        lengths = set(_LENGTH.findall(head))
        if codings[-1].strip() == b"chunked":
            self.chunks = Chunks(self._payload)
        elif codings == [b""] and len(lengths) == 1:
            self._length = int(lengths.pop())

    def _take_body(self, data: bytes) -> None:
        self.body += len(data)
        self._raw(data)
        if self.chunks is not None:
            self.chunks.feed(data)
