# SPDX-License-Identifier: EUPL-1.2
"""The figures of bench/crawl.py: a row for each tool and day, their medians, ratios and footnotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from bench.peers import Peer

WITH_SEARCH = "daykeep + search"


@dataclass(frozen=True, slots=True)
class Row:
    """One tool on one day: seconds, MiB of peak memory, bytes; `captured` is distinct URLs with a 200."""

    day: str
    tool: str
    wall: float
    cpu: float
    peak: float
    warc_bytes: int
    captured: int
    requests: int
    bodies: int
    sent_bytes: int

    @property
    def speed(self) -> float:
        """Distinct URLs captured in a second: an address asked for in vain does not raise it."""
        return self.captured / self.wall

    @property
    def cost(self) -> float:
        """CPU seconds for 1,000 distinct URLs captured."""
        return self.cpu / self.captured * 1000


def middle(rows: Sequence[Row]) -> Row:
    """Return the median, figure by figure, of the rows of one tool on one day."""
    numbers = [name for name in Row.__slots__ if name not in {"day", "tool"}]
    return replace(rows[0], **{name: median(getattr(row, name) for row in rows) for name in numbers})


def grouped(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the runs of each tool on each day together, in the order they were first taken."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.day, row.tool), []).append(row)
    return list(groups.values())


HEAD = (
    *("day", "tool", "wall s", "URLs/s", "CPU s/1000", "peak MiB", "WARC MB"),
    *("sent MB", "bodies", "requests", "distinct 200"),
)


def cells(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return a line of the table: medians, and the range of the wall time where there were several runs."""
    row, walls = middle(rows), [one.wall for one in rows]
    spread = f" ({min(walls):.1f} to {max(walls):.1f})" if len(rows) > 1 else ""
    figures = (f"{row.speed:.0f}", f"{row.cost:.2f}", f"{row.peak:.0f}", f"{row.warc_bytes / 1e6:.2f}")
    sent = (f"{row.sent_bytes / 1e6:.2f}", f"{row.bodies:.0f}", f"{row.requests:.0f}", f"{row.captured:.0f}")
    return (row.day, row.tool, f"{row.wall:.1f}{spread}", *figures, *sent)


def ratios(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a sentence for each day and each peer: our sealed crawl against theirs."""
    middles = {(one.day, one.tool): one for one in map(middle, grouped(rows))}
    for (day, tool), theirs in middles.items():
        ours = middles.get((day, "daykeep"))
        if ours and not tool.startswith("daykeep"):
            figures = (
                f"{ours.speed / theirs.speed:.2f} times the URLs/s",
                f"{ours.cost / theirs.cost:.2f} of the CPU",
                f"{ours.warc_bytes / theirs.warc_bytes:.2f} of the WARC bytes",
                f"{ours.sent_bytes / theirs.sent_bytes:.2f} of the bytes sent",
            )
            yield f"{day} day, daykeep beside {tool}: {', '.join(figures)}"


NOTES = """\
URLs/s and CPU are for distinct URLs with an answer 200, counted in the WARCs with warcio: a revisit counts, \
an address asked for in vain does not. Requests, bodies (answers 200) and MB sent are from nginx's log, as \
compressed (gzip, level 1).
CPU is of the whole tree of processes; the peak is the highest of the tree together. No politeness anywhere.\
"""


def notes(tools: Sequence[Peer]) -> Iterator[str]:
    """Yield what the figures mean and what each row includes."""
    yield from NOTES.splitlines()
    for peer in tools:
        first, _, rest = peer.includes.partition("; then ")
        yield f"{peer.name}: {first}."
        if rest:
            yield f"{WITH_SEARCH}: the whole command, with {rest}."
