# SPDX-License-Identifier: EUPL-1.2
"""
Lines of any number, put in order on disk. Knows nothing of what they say.

    add ─▶ memory ─▶ run 0, run 1, … (each sorted) ─▶ merged when read

Memory holds one run; when there are many, they are merged into one, so that few files are ever open.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from .durable import storage

RUN = 16 << 20
"""Bytes of lines that are held."""
RUNS = 48
"""Files that are merged at once."""
_EACH = 64
"""What a line costs in memory besides its bytes."""


class SortedLines:
    """
    A collection of lines of bytes, each with its newline, that is read in bytewise order as often as wanted.

    Raises StorageError where the disk refuses.
    """

    def __init__(self, folder: Path, name: str, run: int = RUN) -> None:
        self._folder = folder
        self._name = name
        self._run = run
        self._held: list[bytes] = []
        self._size = 0
        self._files: list[Path] = []
        self._number = 0
        self._count = 0

    def __len__(self) -> int:
        """Return how many lines were added."""
        return self._count

    def add(self, line: bytes) -> None:
        """Add a line."""
        self._held.append(line)
        self._count += 1
        self._size += len(line) + _EACH
        if self._size > self._run:
            self._spill()

    def add_all(self, lines: list[bytes]) -> None:
        """Add many lines."""
        self._held += lines
        self._count += len(lines)
        self._size += sum(map(len, lines)) + _EACH * len(lines)
        if self._size > self._run:
            self._spill()

    def take(self, other: SortedLines) -> None:
        """Take the lines of another collection over, which is of no more use."""
        if other._held:
            other._spill()
        self._files += other._files
        self._count += len(other)
        if len(self._files) >= RUNS:
            self._merge()

    def __iter__(self) -> Iterator[bytes]:
        """Yield every line in order; equal lines as often as they were added."""
        self._held.sort()
        return self._merged([*self._files], self._held)

    def _spill(self) -> None:
        self._held.sort()
        self._files.append(self._write(self._held))
        self._held, self._size = [], 0
        if len(self._files) >= RUNS:
            self._merge()

    def _merge(self) -> None:
        merged = self._write(self._merged(self._files, []))
        with storage(f"remove lines in {self._folder}"):
            for path in self._files:
                path.unlink()
        self._files = [merged]

    def _write(self, lines: Iterable[bytes]) -> Path:
        path = self._folder / f"{self._name}-{self._number:05d}"
        self._number += 1
        with storage(f"write {path}"), path.open("wb", buffering=1 << 20) as file:
            file.writelines(lines)
        return path

    def _merged(self, paths: list[Path], held: list[bytes]) -> Iterator[bytes]:
        with storage(f"read the lines in {self._folder}"), ExitStack() as stack:
            files: list[Iterable[bytes]] = [stack.enter_context(path.open("rb")) for path in paths]
            yield from heapq.merge(*files, held) if files else held
