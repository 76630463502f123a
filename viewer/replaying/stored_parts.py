# SPDX-License-Identifier: EUPL-1.2
"""
A body of which parts were captured (206): joined to the whole, told to be a part, or a gap; never as whole.

    captures of one address     200                                    that is the body, whole
                                206  bytes 0-99/100                    the whole too
                                206  bytes 0-49/100, etag "a"          with the next one the whole
                                206  bytes 40-99/100, etag "a"
                                206  bytes 40-99/100, no or weak etag  a part, with nothing to join it to
    asked without Range         200 with the whole; a gap where only parts are there
    asked with Range            206 with as much from its start as is stored; a gap where its start is not

Parts are joined where the server itself said that they are of the same bytes: one strong ETag (RFC 9110
section 13.3.3), one length. Only captures of one snapshot are. Knows nothing of Flask, or of pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from heapq import nlargest
from http import HTTPStatus
from typing import NamedTuple

from werkzeug.datastructures import Range

from archiver.exchange import header
from archiver.responses import Response as Stored
from index.cdxj import Index
from index.errors import DamagedError
from index.model import Capture, moment
from index.urlkey import urlkey

from .body import Extent, bounds, cut, extent_of

MAX_PARTS = 64
"""Captures of one address that are looked into, the latest."""

_BODIES = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})
_ALL = re.compile(r"bytes 0-(\d{1,15})/(\d{1,15})", re.ASCII)

Opener = Callable[[Capture], AbstractContextManager[Stored]]


class Part(NamedTuple):
    """A capture of a part, and which."""

    extent: Extent
    capture: Capture


def whole_or_part(
    index: Index, capture: Capture, stored: Stored, opened: Opener, wanted: Range | None
) -> Stored | Capture | None:
    """
    Return with what a captured 206 is answered: a 200 with the whole, or a 206 with what is there of it.

    `stored` is that capture, open; `opened` opens others of its snapshot. A capture of the whole comes back
    as it is; None where neither is there. What comes back may raise DamagedError while it is read.
    """
    if _is_whole(stored):
        return _anew(stored, 200, stored.body)
    own, others = extent_of(stored), _others(index, capture)
    parts = [Part(own, capture)] if own else []
    if own is not None and (capture.etag or "").startswith('"'):
        parts += _parts((one for one in others if one.etag == capture.etag), opened, own.total)
    run = _run(parts, 0)
    if run and run[-1].extent.end == run[-1].extent.total:
        return _anew(stored, 200, _bytes(run, 0, opened), length=run[-1].extent.total)
    whole = (one for one in others if one.effective_status == HTTPStatus.OK and not one.truncated)
    return next(whole, None) or _part(stored, parts, opened, wanted)


def _is_whole(stored: Stored) -> bool:
    """Tell whether a 206 says that it is all there is, whatever its coding."""
    said = _ALL.fullmatch(header(stored.headers, "content-range") or "")
    if said is None or stored.truncated:
        return False
    total = int(said[2])
    return int(said[1]) + 1 == total and header(stored.headers, "content-length") in {None, str(total)}


def _others(index: Index, capture: Capture) -> list[Capture]:
    """Return the other captures of the address that have a body, the latest first."""
    same = (one for one in index.exact(urlkey(capture.url)) if one.url == capture.url and one != capture)
    bodies = (one for one in same if one.shows and not one.unresolved and one.effective_status in _BODIES)
    return nlargest(MAX_PARTS, bodies, key=moment)


def _parts(captures: Iterable[Capture], opened: Opener, total: int) -> Iterator[Part]:
    """Yield the parts of a body of so many bytes among captures."""
    for capture in captures:
        if capture.effective_status == HTTPStatus.PARTIAL_CONTENT:
            with opened(capture) as stored:
                extent = extent_of(stored)
            if extent is not None and extent.total == total:
                yield Part(extent, capture)


def _run(parts: Sequence[Part], start: int) -> list[Part]:
    """Return parts that follow each other from a byte on without a hole, as few as there need be."""
    run: list[Part] = []
    while True:
        there = (one for one in parts if one.extent.first <= start < one.extent.end)
        best = max(there, key=lambda one: one.extent.end, default=None)
        if best is None:
            return run
        run.append(best)
        start = best.extent.end


def _part(stored: Stored, parts: Sequence[Part], opened: Opener, wanted: Range | None) -> Stored | None:
    """Return as much from the start of what is wanted as is there."""
    if not parts or wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    total = parts[0].extent.total
    start, _ = bounds(*wanted.ranges[0], total)
    if start >= total:
        return stored  # which is told to whoever asks (416)
    run = _run(parts, start)
    if not run:
        return None
    end = run[-1].extent.end
    body = _bytes(run, start, opened)
    return _anew(stored, 206, body, length=end - start, content_range=f"bytes {start}-{end - 1}/{total}")


def _bytes(run: Iterable[Part], start: int, opened: Opener) -> Iterator[bytes]:
    """Yield the bytes of parts from a byte on. Raises DamagedError for one that is shorter than it says."""
    for extent, capture in run:
        left = extent.end - start
        with opened(capture) as stored:
            for piece in cut(stored.body, start - extent.first, left):
                left -= len(piece)
                yield piece
        if left:
            raise DamagedError(
                f"A part of {capture.url} is {left} bytes shorter than it says. Run `daykeep verify`."
            )
        start = extent.end


def _anew(
    stored: Stored,
    status: int,
    body: Iterator[bytes],
    *,
    length: int | None = None,
    content_range: str | None = None,
) -> Stored:
    """Return a stored answer with another status, body and extent; None: its own length, and no range."""
    gone = {"content-range"} if length is None else {"content-range", "content-length"}
    headers = [(name, value) for name, value in stored.headers if name.lower() not in gone]
    headers += [] if length is None else [("Content-Length", str(length))]
    headers += [("Content-Range", content_range)] if content_range else []
    return replace(stored, status=status, reason="", headers=tuple(headers), body=body, truncated=None)
