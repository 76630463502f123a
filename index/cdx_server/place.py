# SPDX-License-Identifier: EUPL-1.2
"""
Where a line stands among all lines, and the resume key that says so.

    org%2Cexample%29%2F+20260302023001+20260302023000+5120
    key                 timestamp      snapshot       byte of its index where the line begins

Sealed indexes never change, so a place stays what it is, and no two lines share one. The key is written as
the Internet Archive's is, escaped as in a query: clients send it back as they got it, escaped once more, or
paste it into an address. Knows nothing of who resumes.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote_plus, unquote_plus

from ..errors import QueryError

_KEY = re.compile(r"([!-~]{1,20000}) (\d{14}) (\d{14}) (\d{1,15})", re.ASCII)
MAX_KEY = 60_000


class Line(NamedTuple):
    """A line of an index, in the order of all lines: by key, time, snapshot and where it stands there."""

    head: bytes
    """Key and timestamp, with the space between them."""
    snapshot: str
    offset: int
    data: bytes = b""

    @property
    def timestamp(self) -> str:
        """The 14 digits of the capture."""
        return self.head[-14:].decode("ascii")


def resume_key(line: Line) -> str:
    """Return the key with which a query goes on after a line."""
    return quote_plus(f"{line.head.decode('ascii')} {line.snapshot} {line.offset}")


def parse_resume_key(text: str) -> Line:
    """Return the place that a key names, without its line. Raises QueryError."""
    short = text[:MAX_KEY]
    found = _KEY.fullmatch(short if " " in short else unquote_plus(short))
    if not found:
        raise QueryError("resumeKey", f"{text[:80]!a} is none that this server gave; ask again without it")
    return Line(f"{found[1]} {found[2]}".encode("ascii"), found[3], int(found[4]))
