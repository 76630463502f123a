# SPDX-License-Identifier: EUPL-1.2
r"""
Which lines are wanted: `filter=[!][=|~][field:]pattern`.

    statuscode:200          the whole value fits the regular expression    as the Internet Archive has it
    ~urlkey:news            the expression is found somewhere in it        as its clients and pywb's use it
    =mimetype:text/html     the value is this text                         as pywb has it
    !statuscode:200         lines that the rest does not fit; `!` may stand before or after `=` and `~`
    4:200                   a field by its number, from 0
    .*\.pdf .*               without a field: all seven columns, parted by spaces

Expressions are RE2's: time grows with the length of the value alone, whatever the pattern, so that no
pattern holds the server. References back and look-around, which no such engine can have, are refused.
Knows nothing of where lines come from.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from ..errors import QueryError
from .fields import DEFAULT, NAMES, Row

MAX_FILTERS = 20
MAX_PATTERN = 500
MAX_MEMORY = 1 << 19
"""Bytes of a compiled pattern and its automaton; re2 keeps the last 128 of them."""
MAX_PROGRAM = 300
"""
Instructions of a compiled pattern.

The automaton of so many has room in MAX_MEMORY. Without it a match takes as many steps for each letter: for a
thousand letters 0.2 ms, and five times as long with three times as many.
"""
_FORM = re.compile(r"(?P<signs>[!=~]{0,2})(?:(?P<field>[a-z]{1,20}|\d{1,2}):)?(?P<pattern>.*)", re.DOTALL)
_SIGNS = {"": "whole", "~": "part", "=": "equal"}

Test = Callable[[str], bool]


class Filter(msgspec.Struct, frozen=True):
    """One filter, ready for use."""

    value: Callable[[Row], str]
    fits: Test
    inverted: bool

    def __call__(self, row: Row) -> bool:
        """Tell whether a line is wanted."""
        return self.fits(self.value(row)) is not self.inverted


def filters_of(texts: list[str]) -> tuple[Filter, ...]:
    """Return the filters of a query. Raises QueryError."""
    if len(texts) > MAX_FILTERS:
        raise QueryError("filter", f"there are {len(texts)}; at most {MAX_FILTERS} may be given")
    return tuple(map(_filter, texts))


def _filter(text: str) -> Filter:
    found = _FORM.fullmatch(text)
    if not found or found["signs"].replace("!", "", 1) not in _SIGNS:
        raise QueryError("filter", f"{text[:80]!a} is not written as [!][=|~]field:pattern")
    if len(found["pattern"]) > MAX_PATTERN:
        raise QueryError("filter", f"a pattern may have {MAX_PATTERN} characters, and one has more")
    how = _SIGNS[found["signs"].replace("!", "", 1)]
    return Filter(_value_of(found["field"]), _TESTS[how](found["pattern"]), "!" in found["signs"])


def _value_of(field: str | None) -> Callable[[Row], str]:
    if field is None:
        columns = attrgetter(*DEFAULT)
        return lambda row: " ".join(columns(row))
    name = DEFAULT[int(field)] if field.isdigit() and int(field) < len(DEFAULT) else NAMES.get(field)
    if name is None:
        raise QueryError("filter", f"there is no field {field!a}; there are {', '.join(DEFAULT)}")
    value: Callable[[Row], str] = attrgetter(name)
    return value


def _equal(text: str) -> Test:
    return lambda value: value == text


def _whole(pattern: str) -> Test:
    # most filters are of plain words, as `statuscode:200`; those need no expression
    return _equal(pattern) if pattern.replace("-", "").isalnum() else _matches(pattern, "fullmatch")


def _part(pattern: str) -> Test:
    return _matches(pattern, "search")


def _matches(pattern: str, how: str) -> Test:
    method: Callable[[bytes], Any] = getattr(_compiled(pattern), how)
    return lambda value: method(value.encode("ascii")) is not None


@functools.cache
def _options() -> Any:
    import re2  # noqa: PLC0415 - what a command loads it waits for, and few queries have an expression

    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1  # values are ASCII, and `.` takes one instruction for six
    return options


def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - as above

    try:
        compiled = re2.compile(pattern.encode("ascii"), _options())
    except UnicodeEncodeError as error:
        raise QueryError("filter", f"{pattern[:80]!a} is not ASCII; values are percent-encoded") from error
    except re2.error as error:
        told = b"".join(one for one in error.args if isinstance(one, bytes)).decode("ascii", "replace")
        what = f"{pattern[:80]!a} is no regular expression of RE2"
        raise QueryError("filter", f"{what}: {told[:120]!a}" if told else what) from error
    if compiled.programsize > MAX_PROGRAM:
        raise QueryError("filter", f"{pattern[:80]!a} takes too long: repeat less, or less often")
    return compiled


_TESTS = {"whole": _whole, "part": _part, "equal": _equal}
