# SPDX-License-Identifier: EUPL-1.2
"""
Rows as bytes: columns parted by spaces, a JSON list of lists, or CDXJ. Knows nothing of where they come from.

    text   org,example)/ 20260302023001 https://example.org/ text/html 200 sha256:… 1043
           (an empty line, then the resume key)
    json   [["urlkey","timestamp",…],
           ["org,example)/","20260302023001",…],
           [],
           ["org%2Cexample…"]]
    cdxj   org,example)/ 20260302023001 {"url":"https://example.org/","mime":"text/html",…}

Where nothing was found, JSON is an empty list and the others are empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter

import msgspec

from .fields import DEFAULT, NAMES, Row
from .query import Output, Query

TYPES = {
    Output.TEXT: "text/plain; charset=utf-8",
    Output.JSON: "application/json",
    Output.CDXJ: "text/x-cdxj; charset=utf-8",
}
_CDXJ_NAMES = {"original": "url", "mimetype": "mime", "statuscode": "status"}
_encode = msgspec.json.Encoder().encode


def written(query: Query, rows: Iterator[Row], rest: Callable[[], str | None]) -> Iterator[bytes]:
    """Yield the pieces of an answer. `rest` is asked at the end for the resume key, if there is one."""
    return _WRITERS[query.output](query, rows, rest)


def ending(key: str | None) -> Iterator[bytes]:
    """Yield what comes after the last line of text: the resume key, if there is one."""
    if key:
        yield f"\n{key}\n".encode()


def _columns(query: Query) -> list[tuple[str, str]]:
    """Return the columns as their names and the attributes of a row."""
    counters = {
        "dupecount": query.show_dupes,
        "skipcount": query.show_skips,
        "endtimestamp": query.show_last_skip,
    }
    shown = [(name, NAMES[name]) for name in query.fields]
    return shown + [(name, name) for name, wanted in counters.items() if wanted]


def _values(attributes: list[str]) -> Callable[[Row], tuple[str, ...]]:
    if len(attributes) == 1:
        (only,) = attributes
        return lambda row: (getattr(row, only),)
    getter: Callable[[Row], tuple[str, ...]] = attrgetter(*attributes)
    return getter


def _text(query: Query, rows: Iterator[Row], rest: Callable[[], str | None]) -> Iterator[bytes]:
    values = _values([attribute for _, attribute in _columns(query)])
    for row in rows:
        yield f"{' '.join(values(row))}\n".encode()
    yield from ending(rest())


def _json(query: Query, rows: Iterator[Row], rest: Callable[[], str | None]) -> Iterator[bytes]:
    columns = _columns(query)
    values = _values([attribute for _, attribute in columns])
    head = b"[" + _encode([name for name, _ in columns])
    begun = False
    for row in rows:
        yield (b"" if begun else head) + b",\n" + _encode(values(row))
        begun = True
    if key := rest():
        yield (b"" if begun else head) + b",\n[],\n" + _encode([key])
        begun = True
    yield b"]\n" if begun else b"[]\n"


def _cdxj(query: Query, rows: Iterator[Row], rest: Callable[[], str | None]) -> Iterator[bytes]:
    asked = _columns(query)
    named = [(_CDXJ_NAMES.get(at, at), at) for _, at in asked if at not in {"urlkey", "timestamp"}]
    if query.fields == DEFAULT:
        named.append(("redirect", "redirect"))
    for row in rows:
        told = {name: getattr(row, attribute) for name, attribute in named}
        if told.get("redirect") == "-":
            del told["redirect"]
        yield f"{row.urlkey} {row.timestamp} ".encode() + _encode(told) + b"\n"
    yield from ending(rest())


_WRITERS = {Output.TEXT: _text, Output.JSON: _json, Output.CDXJ: _cdxj}
