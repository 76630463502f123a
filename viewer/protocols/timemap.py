# SPDX-License-Identifier: EUPL-1.2
"""
A TimeMap written out: part of the mementos of a URL, as links (RFC 7089 section 5) or as JSON. Pure.

    <https://www.ind.nl/a>; rel="original",
    <BASE/timegate/https://www.ind.nl/a>; rel="timegate",
    <BASE/timemap/link/https://www.ind.nl/a>; rel="self"; type="application/link-format"; from="…"; until="…",
    <BASE/timemap/link/2/https://www.ind.nl/a>; rel="timemap"; type=…; from="…"; until="…",
    <BASE/web/20260302023004/https://www.ind.nl/a>; rel="first memento"; datetime="Mon, 02 Mar …",
    …

JSON has the members that the Time Travel service and MemGator have: `original_uri`, `timegate_uri`,
`timemap_uri`, `timemap_index`, `mementos` with `first`, `last` and `list`. Knows
nothing of where mementos come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from index.timestamp import parse_timestamp

from .memento import LINK_FORMAT, Memento, Names, link

_PIECE = 200
"""Links of one piece."""


class Span(NamedTuple):
    """A page of a TimeMap: its number, and the first and the last memento on it."""

    page: int
    first: Memento
    last: Memento


class TimeMap(NamedTuple):
    """One page, and what it tells of the others."""

    url: str
    page: int
    mementos: Sequence[Memento]
    """Oldest first."""
    others: Sequence[Span]
    pages: int


def as_links(names: Names, told: TimeMap) -> Iterator[bytes]:
    """Yield a TimeMap as `application/link-format`, in pieces."""
    held: list[str] = []
    for number, one in enumerate(_links(names, told)):
        held.append(f",\n{one}" if number else one)
        if len(held) == _PIECE:
            yield "".join(held).encode("ascii")
            held = []
    yield f"{''.join(held)}\n".encode("ascii")


def _links(names: Names, told: TimeMap) -> Iterator[str]:
    yield link(told.url, "original")
    yield link(names.timegate(told.url), "timegate")
    own = {"from": told.mementos[0].date, "until": told.mementos[-1].date} if told.mementos else {}
    yield link(names.timemap(told.url, page=told.page), "self", type=LINK_FORMAT, **own)
    for other in told.others:
        bounds = {"from": other.first.date, "until": other.last.date}
        yield link(names.timemap(told.url, page=other.page), "timemap", type=LINK_FORMAT, **bounds)
    for number, one in enumerate(told.mementos):
        words = ["first"] if told.page == 1 and number == 0 else []
        words += ["last"] if told.page == told.pages and number == len(told.mementos) - 1 else []
        yield link(names.memento(one), " ".join([*words, "memento"]), datetime=one.date)


def as_json(names: Names, told: TimeMap) -> Iterator[bytes]:
    """Yield a TimeMap as JSON, in pieces."""
    head = {
        "original_uri": told.url,
        "self": names.timemap(told.url, "json", told.page),
        "timegate_uri": names.timegate(told.url),
        "timemap_uri": {
            "link_format": names.timemap(told.url),
            "json_format": names.timemap(told.url, "json"),
        },
        "timemap_index": [_span(names, told, other) for other in told.others],
    }
    ends = {}
    if told.mementos and told.page == 1:
        ends["first"] = _memento(names, told.mementos[0])
    if told.mementos and told.page == told.pages:
        ends["last"] = _memento(names, told.mementos[-1])
    yield msgspec.json.encode(head)[:-1] + b',"mementos":' + (msgspec.json.encode(ends)[:-1])
    yield (b"," if ends else b"") + b'"list":['
    for start in range(0, len(told.mementos), _PIECE):
        some = msgspec.json.encode([_memento(names, one) for one in told.mementos[start : start + _PIECE]])
        yield (b",\n" if start else b"") + some[1:-1]
    yield b"]}}\n"


def _span(names: Names, told: TimeMap, other: Span) -> dict[str, str]:
    uri = names.timemap(told.url, "json", other.page)
    return {"from": _iso(other.first), "until": _iso(other.last), "uri": uri}


def _memento(names: Names, one: Memento) -> dict[str, str]:
    return {"datetime": _iso(one), "uri": names.memento(one)}


def _iso(one: Memento) -> str:
    return parse_timestamp(one.timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")
