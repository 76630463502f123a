# SPDX-License-Identifier: EUPL-1.2
"""
What an imported snapshot says of its own faults, logs/import.jsonl, so that they are told once, not as news.

    {"file":"archive/x.warc.gz","given":"x.warc.gz","sha256":"sha256:…","bytes":…,"form":"warc.gz","records":…}
    {"file":"archive/x.warc.gz","offset":333,"bytes":512,"what":"…","rule":"block-digest","kept":true}

The bytes are sealed as they came. A fault that stands in this log is known; any other is damage since then.
Knows nothing of how a snapshot is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from index.errors import DamagedError

from ..collection import SnapshotFolder

LOG = "logs/import.jsonl"


class Line(msgspec.Struct, frozen=True):
    """One object of the log: of a whole file where it has no `offset`."""

    file: str
    records: int | None = None
    offset: int | None = None
    rule: str = ""
    kept: bool = True


@dataclass(slots=True)
class Known:
    """What is known of the files of one snapshot."""

    files: set[str] = field(default_factory=set)
    """Names in archive/ of files whose records other tools wrote."""
    _told: set[int] = field(default_factory=set)
    """Hashes of (name, offset, rule); a badly damaged file has many."""
    _skipped: set[int] = field(default_factory=set)

    def has(self, name: str, offset: int, rule: str) -> bool:
        """Tell whether a fault of the record at an offset was told when it was imported."""
        return hash((name, offset, rule)) in self._told

    def skipped(self, name: str, offset: int) -> bool:
        """Tell whether the bytes from an offset on were passed over then."""
        return hash((name, offset)) in self._skipped

    def note(self, line: Line, rules: frozenset[str]) -> None:
        """Note a line of the log; of what was read by a rule only these rules are asked for."""
        name = line.file.removeprefix("archive/")
        if line.offset is None:
            if line.records is not None and name != line.file:
                self.files.add(name)
        elif not line.kept:
            self._skipped.add(hash((name, line.offset)))
        elif line.rule in rules:
            self._told.add(hash((name, line.offset, line.rule)))


def learn(folder: SnapshotFolder, known: Known, rules: frozenset[str]) -> None:
    """Note what a snapshot's log of its import says; nothing where it has none. Raises DamagedError."""
    path = folder.path / LOG
    if path.is_file():
        _read(path, known, rules)


def _read(path: Path, known: Known, rules: frozenset[str]) -> None:
    decoder = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as file:
            for line in file:
                known.note(decoder.decode(line), rules)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise DamagedError(f"{path} cannot be read ({error}).") from error
