# SPDX-License-Identifier: EUPL-1.2
"""
What an imported snapshot says of its own faults, logs/import.jsonl, so that they are told once, not as news.

    {"file":"archive/x.warc.gz","given":"x.warc.gz","sha256":"sha256:…","bytes":…,"form":"warc.gz","records":…}
    {"file":"archive/x.warc.gz","offset":333,"bytes":512,"what":"…","rule":"block-digest","kept":true}

The bytes are sealed as they came. A fault that stands in this log is known; any other is damage since then.
Knows nothing of how a snapshot is checked.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from index.errors import DamagedError

LOG = "logs/import.jsonl"
_KEPT = re.compile(
    rb'\{"file":"[ -!#-\[\]-~]*+","offset":\d++,"bytes":\d++,"what":"(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*+",'
    rb'"rule":"([a-z0-9-]++)","kept":true\}\n'
)
"""The line of a kept record as it is written: which of them matter can be told without reading all of it."""


class Line(msgspec.Struct, frozen=True):
    """One object of the log: of a whole file where it has no `offset`."""

    file: str
    records: int | None = None
    offset: int | None = None
    bytes: int = 0
    rule: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a log."""

    faults: frozenset[str]
    """Rules of faults that are no news once they are told."""
    unlisted: frozenset[str]
    """Rules by which a record is kept and has no line in the index."""


@dataclass(slots=True)
class Stretches:
    """Stretches of a file; those that touch are one where they come in order, as they are written."""

    _begins: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def add(self, begin: int, end: int) -> None:
        """Add one."""
        if self._ends and self._begins[-1] <= begin <= self._ends[-1]:
            self._ends[-1] = max(end, self._ends[-1])
        else:
            at = bisect_right(self._begins, begin)
            self._begins.insert(at, begin)
            self._ends.insert(at, end)

    def has(self, begin: int, end: int) -> bool:
        """Tell whether all bytes between two places are in one of them."""
        at = bisect_right(self._begins, begin) - 1
        return at >= 0 and end <= self._ends[at]


@dataclass(slots=True)
class Known:
    """What is known of the files of one snapshot."""

    files: set[str] = field(default_factory=set)
    """Names in archive/ of files whose records other tools wrote."""
    _told: set[int] = field(default_factory=set)
    """Hashes of (name, offset, rule); a badly damaged file has many."""
    _skipped: dict[str, Stretches] = field(default_factory=dict)
    _unlisted: set[int] = field(default_factory=set)
    """Hashes of (name, offset) of records that are kept and have no line in the index."""

    def has(self, name: str, offset: int, rule: str) -> bool:
        """Tell whether a fault of the record at an offset was told when it was imported."""
        return hash((name, offset, rule)) in self._told

    def skipped(self, name: str, offset: int, end: int) -> bool:
        """Tell whether all bytes between two places were passed over then, in one stretch or several."""
        return name in self._skipped and self._skipped[name].has(offset, end)

    def unlisted(self, name: str, offset: int) -> bool:
        """Tell whether the record at an offset was kept without a line in the index."""
        return bool(self._unlisted) and hash((name, offset)) in self._unlisted

    def note(self, line: Line, rules: Rules) -> None:
        """Note a line of the log; of what was read by a rule only these rules are asked for."""
        name = line.file.removeprefix("archive/")
        if line.offset is None:
            if line.records is not None and name != line.file:
                self.files.add(name)
        elif not line.kept:
            self._skipped.setdefault(name, Stretches()).add(line.offset, line.offset + line.bytes)
        elif line.rule in rules.unlisted:
            self._unlisted.add(hash((name, line.offset)))
        elif line.rule in rules.faults:
            self._told.add(hash((name, line.offset, line.rule)))


def learn(path: Path, rules: Rules) -> Known:
    """Return what a log of an import says. Raises DamagedError."""
    known = Known()
    decoder = msgspec.json.Decoder(Line)
    wanted = rules.faults | rules.unlisted
    try:
        with path.open("rb") as file:
            for line in file:
                told = _KEPT.fullmatch(line)
                if told is None or told[1].decode("ascii") in wanted:
                    known.note(decoder.decode(line), rules)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(f"{path} cannot be read ({error}).") from error
    return known
