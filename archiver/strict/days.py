# SPDX-License-Identifier: EUPL-1.2
"""
Holds every record of one day to the rules of WARC/1.1 (ISO 28500:2017), framing and tails included.

    file ──▶ strict_framing ──▶ strict_fields, strict_blocks     each record by itself
                            └─▶ strict_register                  what they say of each other
    all faults ──▶ Finding: rule, file, offset, what is there    the rules stand in strict_rules

Streams: memory is the same for any size of file and any number of records. Knows nothing of snapshots, and
shares no code with what writes our records or reads them for replay.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .blocks import Block
from .fields import check_fields
from .framing import Framing, Head, Sink
from .register import Register
from .rules import RULES, Level

MAX_FILE = 10**9
_NAME = re.compile(r".+-\d{14}(?:\d{3})?-\d+(?:[-.].+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken."""

    rule: str
    file: str
    offset: int
    what: str

    @property
    def level(self) -> Level:
        """How much the rule binds."""
        return RULES[self.rule].level

    @property
    def sentence(self) -> str:
        """What the rule says, and what is there."""
        rule = RULES[self.rule]
        return f"{self.rule} ({rule.level.value}, {rule.section}): {rule.sentence} Here {self.what}."

    def __str__(self) -> str:
        """Return it as a line for a person."""
        return f"{self.file} at offset {self.offset}: {self.sentence}"


def check(paths: Iterable[Path], now: datetime, *, house: bool = True) -> Iterator[Finding]:
    """
    Yield every finding in the WARCs of one day, those that need all of its files last.

    Without `house` the rules of this archive are left out, as for files that others wrote. Raises OSError
    where a file cannot be read.
    """
    with contextlib.closing(Register()) as register:
        for path in paths:
            yield from _wanted(_File(path, register, now).check(), house=house)
        found = (Finding(*row) for row in register.judge())
        yield from _wanted(found, house=house)


def _wanted(findings: Iterable[Finding], *, house: bool) -> Iterator[Finding]:
    return (one for one in findings if house or one.level is not Level.HOUSE)


class _File:
    """One file while it is checked."""

    def __init__(self, path: Path, register: Register, now: datetime) -> None:
        self._path = path
        self._register = register
        self._now = now
        self._found: list[Finding] = []
        self._first = True

    def check(self) -> Iterator[Finding]:
        """Yield every finding of the file. Raises OSError."""
        with self._path.open("rb", buffering=0) as file:
            self._check_name(file.read(2) == b"\x1f\x8b", self._path.stat().st_size)
            for _ in Framing(file.fileno(), self._begin, self._tell).read():
                yield from self._told()
        yield from self._told()

    def _told(self) -> list[Finding]:
        found, self._found = self._found, []
        return found

    def _tell(self, rule: str, offset: int, what: str) -> None:
        self._found.append(Finding(rule, self._path.name, offset, what))

    def _check_name(self, compressed: bool, size: int) -> None:
        name = self._path.name
        if not name.endswith(".warc.gz" if compressed else ".warc"):
            self._tell("file-suffix", 0, f"its name is {name}")
        if not _NAME.fullmatch(name):
            self._tell("file-name", 0, f"its name is {name}")
        if size > MAX_FILE:
            self._tell("file-size", 0, f"it has {size} bytes")

    def _begin(self, head: Head) -> Sink:
        def say(rule: str, what: str) -> None:
            self._tell(rule, head.offset, what)

        if self._first and head.kind != "warcinfo":
            say("warcinfo-first", f"it begins with a {head.kind or 'record of no type'}")
        self._first = False
        check_fields(head.fields, head.length, self._now, say)
        filename = head.get("warc-filename")
        if head.kind == "warcinfo" and filename is not None and filename.strip('"') != self._path.name:
            say("filename-own", f"WARC-Filename is {filename[:200]}")
        self._register.add(self._path.name, head)
        return Block(head, say)
