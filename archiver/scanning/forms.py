# SPDX-License-Identifier: EUPL-1.2
r"""
What a file is, by its first bytes; its name is never asked.

    "WARC/"                    plain WARC
    "\x1f\x8b\x08"             gzip: a member per record, or one for all, by what the first one holds
    "\x28\xb5\x2f\xfd"         zstd (RFC 8878); with a dictionary before it, "\x5d\x2a\x4d\x18"
    an ARC URL line            ARC
    "PK\3\4" …                 zip: a WACZ if it has archive/

Where the first bytes are damaged, the first record that can be found in the file decides. Knows nothing of
what is done with a file.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import islice
from pathlib import Path

from index.errors import DamagedError

from ..dialect import head_end
from . import arc
from .inflating import beginning, opening
from .members import ERRORS, FAST, MAGIC, Member, Members
from .plain import Plain, looked_for
from .record_head import MAX_HEAD, named
from .seen import Seen
from .window import Window
from .zipped import is_wacz


class Form(StrEnum):
    """What a file of records is."""

    WARC = "warc"
    WARC_GZIP = "warc.gz"
    """A gzip member for each record."""
    GZIP = "one-member gzip"
    """A WARC compressed without regard to its records."""
    ZSTD = "zstd"
    ARC = "arc"
    ARC_GZIP = "arc.gz"
    WACZ = "wacz"


_ARC = re.compile(
    rb"(?:filedesc|https?|ftp|dns|data|whois)[:/][!-~]* \S+ \d{14}(?:\d{3})? \S+ (?:\S+ )*\d+\r?\n"
)
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
_WARC = re.compile(rb"WARC/\d+\.\d+\r?\n")
_FIRST = 1 << 28
"""Bytes of a first record that are read to see whether a second one stands in its gzip member."""
_TRIES = 1 << 12
"""Places that look like the beginning of something compressed which are tried in a damaged file."""
_IN_PLACE = frozenset({Form.WARC, Form.WARC_GZIP})


def in_place(form: Form) -> bool:
    """Tell whether each record of such a file can be read at its own offset in the file as it stands."""
    return form in _IN_PLACE


def form_of(path: Path) -> Form:
    """
    Return what a file is, by its content.

    Raises DamagedError where it holds no record in a form that is known here, or cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as file:
            window = Window(file.fileno())
            form = _by_start(window) or (Form.WACZ if is_wacz(path) else _by_search(window))
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error
    if form is None:
        known = "WARC, WARC.gz, one gzip or zstd stream of them, ARC, ARC.gz or WACZ"
        raise DamagedError(f"{path} holds no web archive records that are known here. Give {known}.")
    return form


def _by_start(window: Window) -> Form | None:
    first = bytes(window.view(0, 1 << 12))
    if _WARC.match(first):
        return Form.WARC if isinstance(Plain(window).take(0), Seen) else _by_search(window) or Form.WARC
    if MAGIC.match(first):
        return _gzip(window, 0)
    if _ZSTD.match(first):
        return Form.ZSTD
    return Form.ARC if _ARC.match(first) else None


def _gzip(window: Window, offset: int) -> Form | None:
    """Return what the member at an offset says of its file; None where it holds neither ARC nor WARC."""
    data = beginning(window, offset, MAX_HEAD)
    if _ARC.match(data):
        return Form.ARC_GZIP
    if not _WARC.match(data):
        return None
    following = _following(data)
    if following is not None and _WARC.match(data[following:].lstrip(b"\r\n")):
        return Form.GZIP
    try:
        return Form.WARC_GZIP if _single(window, offset) else Form.GZIP
    except (*ERRORS, EOFError):
        others = next(Members(window).candidates(offset + 1), None)
        return Form.GZIP if others is None else Form.WARC_GZIP


def _following(data: bytes) -> int | None:
    """Return where the first record's block ends, by its head; None where the head does not tell."""
    end = head_end(data)
    record = named(data[:end]) if end > 0 else ""
    return None if isinstance(record, str) else end + record.length


def _single(window: Window, offset: int) -> bool:
    """Tell whether a member ends where its first record ends, or the next one begins as a record does."""
    member = Member(window, offset, FAST)
    data = member.read_whole(MAX_HEAD)
    end = _following(data)
    if (end is None and not member.ended) or (end or 0) > _FIRST:
        return True
    read = len(data)
    for piece in member.pieces(max(0, (end or 0) - read)):
        read += len(piece)
    after = data[end:] + member.read_whole(128)
    if end is not None and read >= end and member.ended and not after.strip(b"\r\n"):
        return True
    return member.ended and Members(window).begins(member.place)


def _by_search(window: Window) -> Form | None:
    """
    Return what the intact records are that stand anywhere in a file.

    One that follows another tells more than one alone: bodies hold records too.
    """
    for place in islice(window.find_all(MAGIC, 0, 4), _TRIES):
        form = _gzip(window, place)
        if form:
            return form
    if any(_WARC.match(opening(window, place)) for place in islice(window.find_all(_ZSTD, 0, 4), _TRIES)):
        return Form.ZSTD
    alone = False
    for _, found in looked_for(Plain(window), 0):
        if isinstance(found, Seen):
            alone = True
            if _WARC.match(window.view(found.end, 16)):
                return Form.WARC
    if arc.follow(window):
        return Form.ARC
    return Form.WARC if alone else None
