# SPDX-License-Identifier: EUPL-1.2
"""
Every record of a file of anyone's, in order, whatever has become of the file. Knows nothing of snapshots.

    for one in scan(path):    Seen      read to its end, digests recomputed, odd things by rule (`dialect`)
                              Skipped   bytes that are no intact record, and why

After damage it goes on at the next place where a record can be read. While a record is intact nothing in its
block is taken for another. What lies in no Seen lies in a Skipped: together they cover the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from index.errors import DamagedError

from .forms import Form, form_of, in_place
from .members import FAST, Library, Members
from .plain import Bad, Plain, is_spent, looked_for
from .seen import Fault, Seen, Skipped
from .window import Window

__all__ = ["Fault", "Form", "Seen", "Skipped", "find_start", "form_of", "in_place", "scan"]


def scan(
    path: Path, start: int = 0, stop: int | None = None, *, library: Library = FAST, form: Form | None = None
) -> Iterator[Seen | Skipped]:
    """
    Yield what a file that can be read in place holds, from an offset on: all that begins before `stop`.

    Memory stays bounded, whatever a record's size. `library` inflates: zlib, or what has its interface. Who
    knows the file's form tells it: to find it out takes long where the file is not what it should be.
    Raises DamagedError where the file is in no such form or cannot be read at all.
    """
    form = form or form_of(path)
    if not in_place(form):
        raise DamagedError(f"{path} is {form}: its records cannot be read in place. Unpack it first.")
    try:
        with path.open("rb", buffering=0) as file:
            window = Window(file.fileno())
            records = Plain(window) if form is Form.WARC else Members(window, library)
            yield from _walk(records, start, window.size if stop is None else stop)
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error


def find_start(path: Path, offset: int, form: Form | None = None) -> int | None:
    """Return where the first record at or after an offset seems to begin; None where none does."""
    try:
        with path.open("rb", buffering=0) as file:
            window = Window(file.fileno())
            plain = (form or form_of(path)) is Form.WARC
            return next((Plain(window) if plain else Members(window)).candidates(offset), None)
    except OSError as error:
        raise DamagedError(f"{path} cannot be read ({error.strerror or error}).") from error


def _walk(records: Plain | Members, offset: int, stop: int) -> Iterator[Seen | Skipped]:
    while offset < min(stop, records.size):
        found = records.take(offset)
        if isinstance(found, Bad):
            end, following = _after(records, found, stop)
            yield Skipped(offset, end, found.what, found.rule)
            if following is None:
                offset = end
                continue
            found = following
        yield found
        offset = found.end


def _after(records: Plain | Members, bad: Bad, stop: int) -> tuple[int, Seen | None]:
    """
    Return where what is bad ends, and the intact record that begins there, if one does.

    Where too much was read for nothing that is where the part that is asked for ends: others are read on.
    """
    if bad.end is not None:
        return bad.end, None
    for place, found in looked_for(records, bad.search):
        if isinstance(found, Seen):
            return place, found
        if found.headed:
            return place, None
    return (max(bad.search, min(stop, records.size)) if is_spent(records) else records.size), None
