# SPDX-License-Identifier: EUPL-1.2
"""
The head of a record of any tool, into named fields of one shape. Knows nothing of blocks.

    WARC/1.0 CRLF          WARC/0.17 to WARC/1.1
    Name: value CRLF …     in UTF-8, or Latin-1 by rule; folded, repeated, LF alone by rule (`dialect`)
    CRLF

Nearly every head is plain: ASCII, each field once on one line. Such a one is taken apart in one go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..dialect import RULES, is_uri, warc_moment
from .seen import Fault

MAX_HEAD = 1 << 20
"""Bytes of named fields or of an HTTP head that are read."""
_PLAIN = re.compile(rb"WARC/(?:0\.1[78]|1\.[01])\r\n(?:[!-9;-~]++:[ -~]*+\r\n)*+(?:\r\n)?+")
_VERSION = re.compile(r"WARC/(0\.1[78]|1\.[01])")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_NAME = re.compile(r"[!-9;-~]+")
_REPEATABLE = frozenset({"warc-concurrent-to"})
_NO_URI = frozenset({"warcinfo", "metadata", "continuation"})


@dataclass(slots=True)
class Named:
    """The named fields of a record."""

    version: str
    kind: str
    fields: dict[str, str]
    length: int
    """Content-Length."""
    faults: list[Fault] = field(default_factory=list)


def fault(rule: str, what: str = "") -> Fault:
    """Return a fault by a rule, in the rule's own words where there are none of this record."""
    return Fault(rule, what or RULES[rule].sentence, RULES[rule].damage)


def named(head: bytes) -> Named | str:
    """
    Return the named fields of a head, given from its version line to the blank line behind it.

    Where that is no head of a record whose end can be known, the reason comes back in a few words.
    """
    faults: list[Fault] = []
    if _PLAIN.fullmatch(head):
        first, *lines = head.decode("ascii").rstrip("\r\n").split("\r\n")
        parts = [line.partition(":") for line in lines]
        fields = {name.lower(): value.strip(" ") for name, _, value in parts}
        if len(fields) != len(lines):
            fields = _first_of_each(parts, faults)
        version = first[5:]
    else:
        found = _odd(head, faults)
        if isinstance(found, str):
            return found
        version, fields = found
    length = fields.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        return "it has no Content-Length" if not length else f"its Content-Length is {length[:40]!r}"
    record = Named(version, fields.get("warc-type", "").lower(), fields, int(length), faults)
    _about(record)
    return record


def _first_of_each(parts: list[tuple[str, str, str]], faults: list[Fault]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, _, value in parts:
        key = name.rstrip(" \t").lower()
        if key not in fields:
            fields[key] = value.strip(" \t")
        elif key not in _REPEATABLE:
            faults.append(fault("repeated", f"{key} stands more than once"))
    return fields


def _odd(head: bytes, faults: list[Fault]) -> tuple[str, dict[str, str]] | str:
    """Return version and fields of a head that is not plain, or why it is none."""
    first, *lines = _lines(head, faults)
    version = _VERSION.fullmatch(first)
    if version is None:
        return f"no version of WARC that is known here (0.17 to 1.1): {first[:40]!r}"
    parts = [line.partition(":") for line in lines]
    for name, colon, _ in parts:
        if not colon or not _NAME.fullmatch(name.rstrip(" \t")):
            return f"a line of its head is no field: {name[:40]!r}"
    return version[1], _first_of_each(parts, faults)


def _lines(head: bytes, faults: list[Fault]) -> list[str]:
    """Return the lines of a head, folded ones joined."""
    try:
        text = head.decode()
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        faults.append(fault("latin-1"))
    text = text.rstrip("\r\n")
    lines = text.split("\r\n")
    if "\n" in text.replace("\r\n", ""):
        faults.append(fault("bare-lf"))
        lines = [line.removesuffix("\r") for line in text.split("\n")]
    if "\n " in text or "\n\t" in text:
        faults.append(fault("folded"))
        lines = _unfolded(lines)
    return lines


def _unfolded(lines: list[str]) -> list[str]:
    whole = [[line] for line in lines[:1]]
    for line in lines[1:]:
        if line.startswith((" ", "\t")) and len(whole) > 1:
            whole[-1].append(line.strip(" \t"))
        else:
            whole.append([line])
    return [" ".join(parts) for parts in whole]


def _about(found: Named) -> None:
    """Apply the rules for named fields that say who a record is, and put them in one shape."""
    fields, faults = found.fields, found.faults
    uri = fields.get("warc-target-uri")
    if uri is None:
        if found.kind not in _NO_URI:
            faults.append(fault("no-uri"))
    elif not is_uri(uri):
        _address(found, uri)
    record = fields.get("warc-record-id", "")
    if not record.startswith("<"):
        faults.append(fault("bare-id" if record else "no-id"))
        if record:
            fields["warc-record-id"] = f"<{record}>"
    _dated(found, fields.get("warc-date", ""))
    if found.length and not fields.get("content-type"):
        faults.append(fault("no-content-type"))


def _dated(found: Named, date: str) -> None:
    if warc_moment(date) is None:
        found.faults.append(fault("date-invalid", f"the WARC-Date is {date[:40]!r}"))
    elif date.isdigit():
        found.faults.append(fault("date-digits"))


def _address(found: Named, uri: str) -> None:
    """Take the brackets off an address, and say where it is none by RFC 3986."""
    if uri.startswith("<") and uri.endswith(">"):
        found.fields["warc-target-uri"] = uri = uri[1:-1]
        found.faults.append(fault("bracketed-uri"))
    if not is_uri(uri):
        found.faults.append(fault("invalid-uri", f"the WARC-Target-URI is {uri[:200]!r}"))
