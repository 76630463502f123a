# SPDX-License-Identifier: EUPL-1.2
"""
One day's index: a sorted text file with one line per capture. Knows nothing of other days, and no SQL.

    <urlkey> <14 digits> {"url":"https://…",…}        index/line.py tells what stands in one

Lines are sorted bytewise (`LC_ALL=C`), and looked for where they stand.
"""

from __future__ import annotations

import heapq
import mmap
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import NotFoundError
from .line import ASKED_OTHERWISE, format_line, json_text, parse_line
from .model import Capture, moment
from .request_key import key_of_request
from .urlkey import TEXT, text_name
from .urlkey import urlkey as key_of

__all__ = [
    "ASKED_OTHERWISE",
    "Index",
    "format_line",
    "is_sorted",
    "lower_bound",
    "merge_sorted",
    "parse_line",
    "place_of",
]

_BACK, _AHEAD = 1 << 10, 2 << 10
"""Bytes before and after a guess in which a line is looked for at once."""

_PLACE = re.compile(rb'","offset":"(\d{1,18})","filename":"([ -!#-\[\]-~]+)"')


def place_of(line: bytes) -> tuple[str, int]:
    """
    Return where the record of a line lies, WARC and offset, without reading all of the line.

    Raises DamagedError where that cannot be told.
    """
    if found := _PLACE.search(line):  # as we write it; inside a string the quotes would have backslashes
        return found[2].decode("ascii"), int(found[1])
    capture = parse_line(line)
    return capture.filename, capture.offset


def is_sorted(lines: Iterable[bytes]) -> bool:
    """Tell whether lines stand in bytewise order; equal lines may follow each other."""
    return all(before <= after for before, after in pairwise(lines))


def merge_sorted(*sources: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of several sorted sources in order, a line that occurs twice once."""
    last = None
    for line in heapq.merge(*sources):
        if line != last:
            yield line
        last = line


class Index:
    """
    One CDXJ file, memory-mapped and read only. Several threads may use it at once.

    Nothing is loaded when it is opened: a look-up reads the few pages that the binary search touches.
    Close it, or use it as a context manager. Raises NotFoundError where there is no such file.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb", buffering=0) as file:
                self._data = _mapped(file.fileno())
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no index at {path}. Run `daykeep verify`.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice does no harm."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()

    def lines(self) -> Iterator[bytes]:
        """Yield every line as it stands in the file, newline included."""
        return iter_from(self._data, 0)

    def all_of(self, pattern: re.Pattern[bytes]) -> set[bytes]:
        """Return all that the first group of a pattern matches, much sooner than line by line."""
        return {found[1] for found in pattern.finditer(self._data)}

    def lines_with(self, pattern: re.Pattern[bytes]) -> Iterator[bytes]:
        """Yield the lines in which a pattern that matches within a line does, much sooner than one by one."""
        at = 0
        while found := pattern.search(self._data, at):
            start = self._data.rfind(b"\n", 0, found.start()) + 1
            at = _line_end(self._data, found.end())
            yield self._data[start:at]

    def line_at(self, position: int) -> bytes:
        """Return the line that begins at a byte of the file."""
        return self._data[position : _line_end(self._data, position)]

    def span(self, low: bytes, high: bytes, near: int = 0) -> tuple[int, int]:
        """Return where the lines from `low` on begin, about `near`, and where those before `high` end."""
        start = lower_bound(self._data, low, near)
        return start, lower_bound(self._data, high, start)

    def block(self, start: int, size: int) -> bytes:
        """Return whole lines from a byte on: about `size` bytes, one line at least; nothing at the end."""
        while start + size < len(self._data):
            block = self._data[start : start + size]
            if cut := block.rfind(b"\n") + 1:
                return block[:cut]
            size *= 2
        return self._data[start:]

    def about(self, named: bytes, near: int) -> tuple[int, bytes, int]:
        """
        Return where the first line that begins so begins, if about `near`; what was read, and where in that.

        `named` has a line end before it. All is nothing where none is found. Of files that are alike it takes
        less than a search by halves, and spares a second read. What is found is the first if there is a whole
        line before it in what was read: did that begin so too, it would have been found.
        """
        since = near - _BACK if near > _BACK else 0
        read = self._data[since : near + _AHEAD]
        line_end, begins = read.find, read.startswith
        at = first = line_end(b"\n")
        while at >= 0:
            if begins(named, at):
                return (since + at + 1, read, at + 1) if at > first else (0, b"", 0)
            at = line_end(b"\n", at + 1)
        return 0, b"", 0

    def place(self, low: bytes, near: int = 0) -> int:
        """Return where the lines from `low` on begin, about `near`."""
        return lower_bound(self._data, low, near)

    def read(self, start: int, end: int) -> bytes:
        """Return bytes of the file."""
        return self._data[start:end]

    def captures(self) -> Iterator[Capture]:
        """Yield every capture in the order of the file."""
        return map(parse_line, self.lines())

    def exact(self, urlkey: str) -> Iterator[Capture]:
        """Yield the captures of one key, oldest first."""
        return map(parse_line, iter_prefix(self._data, urlkey.encode() + b" "))

    def prefix(self, urlkey_prefix: str) -> Iterator[Capture]:
        """Yield the captures whose key begins with these characters."""
        return map(parse_line, iter_prefix(self._data, urlkey_prefix.encode()))

    def candidates(self, url: str, other: str = "") -> Iterator[Capture]:
        """Yield the captures that share the key of a normalised URL, and those of another key."""
        for key in sorted({key_of(url), other} - {""}):
            yield from self.exact(key)

    def lines_of(self, url: str) -> Iterator[bytes]:
        """Yield the lines of the same."""
        return iter_prefix(self._data, key_of(url).encode() + b" ")

    def find(self, url: str) -> Capture | None:
        """Return the capture of exactly this normalised URL, the latest where there are several."""
        return max(self.captures_of(url), key=moment, default=None)

    def captures_of(self, url: str) -> Iterator[Capture]:
        """Yield the captures of exactly this normalised URL, oldest first but for those of one second."""
        spelled = b'{"url":%b,' % json_text(url)
        return (parse_line(line) for line in self.lines_of(url) if spelled in line)

    def text(self, url: str) -> Capture | None:
        """Return the line of the text of a page; of a day without any that costs no search."""
        return max(self.texts(url), key=moment, default=None)

    def texts(self, url: str) -> Iterator[Capture]:
        """Yield the lines of the texts of a page; of a day without any that costs no search."""
        return self.captures_of(text_name(url)) if self._has_texts else iter(())

    @cached_property
    def _has_texts(self) -> bool:
        return next(iter_prefix(self._data, TEXT.encode()), None) is not None

    def asked(self, url: str, method: str, query: str) -> Iterator[Capture]:
        """Yield what a normalised URL answered to another method than GET, of requests with that query."""
        for capture in self.exact(key_of_request(url, method, query)):
            request = capture.request
            if request and capture.url == url and (request.method, request.query) == (method, query):
                yield capture


def iter_prefix(data: bytes | mmap.mmap, prefix: bytes) -> Iterator[bytes]:
    """Yield the lines of sorted data that begin with a prefix."""
    for line in iter_from(data, lower_bound(data, prefix)):
        if not line.startswith(prefix):
            return
        yield line


def iter_from(data: bytes | mmap.mmap, start: int) -> Iterator[bytes]:
    """Yield the lines from the one that begins at `start`."""
    while start < len(data):
        end = _line_end(data, start)
        yield data[start:end]
        start = end


def lower_bound(data: bytes | mmap.mmap, wanted: bytes, near: int = 0) -> int:
    """Return where the first line begins that is not before `wanted`, or the data ends; `near` is a guess."""
    low, high = _around(data, wanted, near) if near else (0, len(data))
    size, line_end, line_start = len(wanted), data.find, data.rfind  # looked up once: a query does this often
    while low < high:
        start = line_start(b"\n", 0, (low + high) // 2) + 1
        if data[start : start + size] < wanted:
            low = line_end(b"\n", start) + 1 or len(data)
        else:
            high = start
    return low


def _around(data: bytes | mmap.mmap, wanted: bytes, near: int) -> tuple[int, int]:
    """Return two beginnings of lines between which the place is, in steps that grow from a guess."""
    size, line_start = len(wanted), data.rfind
    at, step = line_start(b"\n", 0, min(near, len(data) - 1)) + 1, 1 << 9
    if data[at : at + size] < wanted:
        while at + step < len(data):
            later = line_start(b"\n", 0, at + step) + 1
            if data[later : later + size] >= wanted:
                return at, later
            at, step = later, step * 4
        return at, len(data)
    while at > step:
        earlier = line_start(b"\n", 0, at - step) + 1
        if data[earlier : earlier + size] < wanted:
            return earlier, at
        at, step = earlier, step * 4
    return 0, at


def _line_end(data: bytes | mmap.mmap, start: int) -> int:
    return (data.find(b"\n", start) + 1) or len(data)


def _mapped(descriptor: int) -> bytes | mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except ValueError:  # an empty file cannot be mapped
        return b""
