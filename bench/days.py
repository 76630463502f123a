# SPDX-License-Identifier: EUPL-1.2
"""
The indexes of a site over years of days, written in a second for a hundred days of ten thousand lines.

    day = Lines(lines)          in the order of an index; each has its date after its key, 8 digits
    day.put(17, line)           another line at a place of it
    day.of("20260302")          all of them with this date

From one day to the next few lines differ but for their date: what lies between the dates is kept, and joined
by the date. Knows nothing of what lines say.
"""

from __future__ import annotations

from operator import add

_DATE = 8


def parted(line: bytes) -> tuple[bytes, bytes]:
    """Return what a line has before its date, and after it."""
    at = line.index(b" ") + 1
    return line[:at], line[at + _DATE :]


class Lines:
    """Lines of an index, of any day."""

    def __init__(self, lines: list[bytes]) -> None:
        both = [parted(line) for line in lines]
        self._before, self._after = [one[0] for one in both], [one[1] for one in both]

    def put(self, place: int, line: bytes) -> None:
        """Let another line stand at a place; it has the same key."""
        self._before[place], self._after[place] = parted(line)

    def of(self, date: str) -> bytes:
        """Return all lines of a day."""
        return date.encode().join(map(add, [b"", *self._after], [*self._before, b""]))


def dated(line: bytes, dates: list[str]) -> bytes:
    """Return a line once for each of these days."""
    before, after = parted(line)
    return b"".join([b"%b%b%b" % (before, date.encode(), after) for date in dates])
