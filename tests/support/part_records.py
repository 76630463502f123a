# SPDX-License-Identifier: EUPL-1.2
"""
Answers of a server with a part of a body (206), as tools record them: given as values, and as records of a file.

    part("/film.webm", FILM, 0, 1000, second=1, ETag='"v1"')      its first thousand bytes, at 11:00:01
    records([part(…), whole(…)])                                   a record each

All are of one site, on 10 February 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .foreign import record, sha1
from .importing import EXAMPLE

STAMP = "20260210110000"
"""The snapshot that they become."""


class Given(NamedTuple):
    """What was answered: path, bytes, the head's lines, and the second at which."""

    path: str
    body: bytes
    head: list[str]
    second: int


def part(path: str, body: bytes, first: int, end: int, second: int, **said: str) -> Given:
    """Return what a server answered with the bytes from `first` up to `end`; `said` are its other fields."""
    fields = {
        "Content-Range": f"bytes {first}-{end - 1}/{len(body)}",
        "Content-Length": str(end - first),
        **said,
    }
    fields = {
        "Content-Type": "application/octet-stream",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    head = [f"{name}: {value}" for name, value in fields.items() if value]
    return Given(path, body[first:end], ["HTTP/1.1 206 Partial Content", *head, "", ""], second)


def whole(path: str, body: bytes, second: int, **said: str) -> Given:
    """Return what a server answered with all of it."""
    given = part(path, body, 0, len(body), second, **said)
    head = ["HTTP/1.1 200 OK", *(one for one in given.head[1:] if not one.startswith("Content-Range"))]
    return given._replace(head=head)


def records(given: Iterable[Given]) -> list[bytes]:
    """Return the answers as records, numbered from one on."""
    made = []
    for number, (path, body, head, second) in enumerate(given, 1):
        block = "\r\n".join(head).encode() + body
        said = {
            "WARC_Target_URI": f"{EXAMPLE}{path}",
            "WARC_Date": f"2026-02-10T11:00:{second:02d}Z",
            "WARC_Payload_Digest": sha1(body),
        }
        made.append(record(block, number, **said))
    return made
