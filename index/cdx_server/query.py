# SPDX-License-Identifier: EUPL-1.2
"""
What is asked, from the parameters of a request. docs/cdx.md says what each means; this is where each is read.

    url=example.org/*&from=2026&to=202603&filter=statuscode:200&collapse=digest&limit=100&showResumeKey=true

A parameter that is not known is passed over, as other CDX servers do: clients send parameters of many. So is
an empty one, as the fields of a form are that nobody filled in. One that is known and makes no sense is
refused with its name. Where one comes several times, the first counts; `filter` and `collapse` are meant to.
Knows nothing of where answers come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..errors import QueryError
from ..timestamp import parse_timestamp
from .days import FIRST_MOMENT, LAST_MOMENT
from .fields import DEFAULT, NAMES
from .filters import Filter, filters_of
from .order import Order
from .place import Line, parse_resume_key
from .scope import Match, Scope, scope_of

MOST = 50_000
"""Lines of one answer at most."""
MOST_SKIPPED = 1_000_000
PAGE_BLOCKS = 50
"""Blocks of a page: the Internet Archive's number."""
MAX_COLLAPSE = 8
MAX_FIELDS = 20

_DIGITS = re.compile(r"\d{1,14}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)
_COLLAPSE = re.compile(r"([a-z]{1,20})(?::(\d{1,5}))?", re.ASCII)
_WORDS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
}
_FIRST = "10000101000000"
"""The first moment there is: what is left out of `closest` is taken from it."""

T = TypeVar("T")


class Output(StrEnum):
    """How rows are written."""

    TEXT = "text"
    JSON = "json"
    CDXJ = "cdxj"


class Token(NamedTuple):
    """What of a row must differ from the row before: a field, or the first `length` characters of it."""

    field: str
    length: int | None


class Page(msgspec.Struct, frozen=True):
    """Part of an answer in parts; `number` is None where only their count is asked for."""

    number: int | None
    blocks: int


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One question, every part of it understood."""

    scope: Scope
    since: str = FIRST_MOMENT
    until: str = LAST_MOMENT
    order: Order = Order.DEFAULT
    closest: str = FIRST_MOMENT
    limit: int = MOST
    last: bool = False
    """Whether the last lines are meant, in the order of all."""
    offset: int = 0
    filters: tuple[Filter, ...] = ()
    collapse: tuple[Token, ...] = ()
    fields: tuple[str, ...] = DEFAULT
    """Names as they were asked for."""
    output: Output = Output.TEXT
    gzip: bool = True
    resolve: bool = False
    after: Line | None = None
    show_resume_key: bool = False
    show_dupes: bool = False
    show_skips: bool = False
    show_last_skip: bool = False
    page: Page | None = None

    @property
    def counts(self) -> bool:
        """Whether lines are counted that are not shown."""
        return self.show_skips or self.show_last_skip


def query_of(parameters: Iterable[tuple[str, str]]) -> Query:
    """Return what is asked. Raises QueryError, which names the parameter."""
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if value or name == "url":
            given.setdefault(name, []).append(value)
    read = {name: parse(name, given[name]) for name, parse in _PARAMETERS.items() if name in given}
    if "url" not in read:
        raise QueryError(
            "url", "is needed: the address whose captures are asked for, as url=example.org/page"
        )
    return _query(read)


def _query(read: dict[str, Any]) -> Query:
    scope = scope_of(read["url"], read.get("matchType"))
    limit, offset = read.get("limit", MOST), read.get("offset", 0)
    order = _order(read, scope)
    last = (limit < 0 or read.get("fastLatest", False)) and order is not Order.CLOSEST
    if last and offset > MOST:
        raise QueryError("offset", f"of the last lines at most {MOST} may be left out")
    return Query(
        scope=scope,
        since=read.get("from", FIRST_MOMENT),
        until=read.get("to", LAST_MOMENT),
        order=order,
        closest=read.get("closest", FIRST_MOMENT),
        limit=1 if last and "limit" not in read else min(abs(limit) or MOST, MOST),
        last=last,
        offset=0 if "resumeKey" in read else offset,  # what was skipped is skipped: clients send it again
        filters=read.get("filter", ()),
        collapse=read.get("collapse", ()) + read.get("collapseTime", ()),
        fields=read.get("fl") or read.get("fields") or DEFAULT,
        output=read.get("output", Output.TEXT),
        gzip=read.get("gzip", True),
        resolve=read.get("resolveRevisits", False),
        after=None if last else read.get("resumeKey"),
        show_resume_key=read.get("showResumeKey", False),
        show_dupes=read.get("showDupeCount", False),
        show_skips=read.get("showSkipCount", False),
        show_last_skip=read.get("lastSkipTimestamp", False),
        page=_page(read),
    )


def _order(read: dict[str, Any], scope: Scope) -> Order:
    plain = Order.CLOSEST if "closest" in read else Order.REVERSE if read.get("reverse") else Order.DEFAULT
    order: Order = read.get("sort", plain)
    if order is Order.CLOSEST and "closest" not in read:
        raise QueryError("closest", "is needed with sort=closest: the moment that is meant, up to 14 digits")
    if order is Order.CLOSEST and not scope.exact:
        raise QueryError("sort", "closest is of one address: leave matchType and the wildcard out")
    return order


def _page(read: dict[str, Any]) -> Page | None:
    number, blocks = read.get("page", -1), read.get("pageSize", PAGE_BLOCKS)
    if read.get("showNumPages"):
        return Page(None, blocks)
    return Page(number, blocks) if number >= 0 else None


# ---- one parameter each ---------------------------------------------------------------------------------


def _text(_name: str, values: Sequence[str]) -> str:
    return values[0]


def _flag(name: str, values: Sequence[str]) -> bool:
    if (word := values[0].lower()) not in _WORDS:
        raise QueryError(name, f"{values[0][:40]!a} is neither true nor false")
    return _WORDS[word]


def _number(least: int, most: int) -> Callable[[str, Sequence[str]], int]:
    def parse(name: str, values: Sequence[str]) -> int:
        if not _NUMBER.fullmatch(values[0]) or not least <= int(values[0]) <= most:
            raise QueryError(name, f"{values[0][:40]!a} is not a number from {least} to {most}")
        return int(values[0])

    return parse


def _choice(kind: Callable[[str], T], names: Iterable[str]) -> Callable[[str, Sequence[str]], T]:
    told = ", ".join(names)

    def parse(name: str, values: Sequence[str]) -> T:
        try:
            return kind(values[0])
        except ValueError as error:
            raise QueryError(name, f"{values[0][:40]!a} is none of {told}") from error

    return parse


def _from(name: str, values: Sequence[str]) -> str:
    return _moment(name, values[0]).ljust(14, "0")


def _to(name: str, values: Sequence[str]) -> str:
    return _moment(name, values[0]).ljust(14, "9")


def _closest(name: str, values: Sequence[str]) -> str:
    return _whole(name, _moment(name, values[0]))


def _moment(name: str, text: str) -> str:
    """Return the first digits of a timestamp where they are those of some moment."""
    if not _DIGITS.fullmatch(text):
        raise QueryError(
            name, f"{text[:40]!a} is not a moment: write 1 to 14 digits, as 20260302 or 20260302143000"
        )
    if len(text) > 4:  # of a year alone any is allowed: clients ask for all with 9999
        _whole(name, f"{min(max(int(text[:4]), 1000), 9996)}{text[4:]}")
    return text


def _whole(name: str, digits: str) -> str:
    """Return the first moment that begins with these digits, those of half a month or day left out."""
    known = digits[: len(digits) // 2 * 2] if len(digits) > 4 else digits
    padded = known + _FIRST[len(known) :]
    try:
        parse_timestamp(padded)
    except ValueError as error:
        raise QueryError(name, f"{digits!a} is not the beginning of a date and time in UTC") from error
    return padded


def _fl(name: str, values: Sequence[str]) -> tuple[str, ...]:
    names = tuple(part.strip() for part in values[0].split(","))
    if len(names) > MAX_FIELDS:
        raise QueryError(name, f"at most {MAX_FIELDS} fields may be named")
    for one in names:
        _field(name, one)
    return names


def _field(name: str, field: str) -> str:
    if field not in NAMES:
        raise QueryError(
            name, f"there is no field {field[:40]!a}; there are {', '.join((*DEFAULT, 'redirect'))}"
        )
    return NAMES[field]


def _collapse(name: str, values: Sequence[str]) -> tuple[Token, ...]:
    if len(values) > MAX_COLLAPSE:
        raise QueryError(name, f"may be given {MAX_COLLAPSE} times at most")
    return tuple(_token(name, value) for value in values)


def _token(name: str, value: str) -> Token:
    found = _COLLAPSE.fullmatch(value)
    if not found:
        raise QueryError(name, f"{value[:40]!a} is not written as field or field:length")
    return Token(_field(name, found[1]), int(found[2]) if found[2] else None)


def _collapse_time(name: str, values: Sequence[str]) -> tuple[Token, ...]:
    return Token("timestamp", _number(1, 14)(name, values)), Token("statuscode", None)


def _not_offered(name: str, values: Sequence[str]) -> None:
    if _flag(name, values):
        raise QueryError(name, "there is no secondary index here; ask for pages with showNumPages and page")


_PARAMETERS: dict[str, Callable[[str, Sequence[str]], Any]] = {
    "url": _text,
    "matchType": _choice(Match, list(Match)),
    "from": _from,
    "from_ts": _from,
    "to": _to,
    "sort": _choice(Order, list(Order)),
    "closest": _closest,
    "reverse": _flag,
    "limit": _number(-(10**9), 10**9),
    "offset": _number(0, MOST_SKIPPED),
    "fastLatest": _flag,
    "filter": lambda _name, values: filters_of(list(values)),
    "collapse": _collapse,
    "collapseTime": _collapse_time,
    "fl": _fl,
    "fields": _fl,
    "output": _choice(Output, list(Output)),
    "gzip": _flag,
    "resolveRevisits": _flag,
    "resumeKey": lambda _name, values: parse_resume_key(values[0]),
    "showResumeKey": _flag,
    "showDupeCount": _flag,
    "showSkipCount": _flag,
    "lastSkipTimestamp": _flag,
    "page": _number(-1, 10**6),
    "pageSize": _number(1, PAGE_BLOCKS),
    "showNumPages": _flag,
    "showPagedIndex": _not_offered,
}
