# SPDX-License-Identifier: EUPL-1.2
"""
The memory that Daykeep needs for a large site, and for one very large body; prints a table.

    .venv/bin/python bench/memory.py [--urls 100000] [--small 2000] [--body 2000000000] [--connections N]
                                     [--json] [--markdown]

    large     a generated site of that many URLs
    small     a generated site of a few, without the body and with it: the difference is what the body costs

Every page is a file on disk, served by nginx (100,000 of them take 400 MB under the temporary folder). The
first row of each crawl is up to the seal, everything read back; the second, the whole command with the search
index, takes the longer part of the time: some ten minutes for 100,000 pages.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import peers, served  # noqa: E402
from bench.captured import distinct, size  # noqa: E402
from bench.generated import generate  # noqa: E402
from bench.measure import measure  # noqa: E402
from bench.table import machine, report  # noqa: E402

MOST, MOST_FOR_A_BODY = 400, 64
"""The aims, in MiB: the peak for the large site, and what the one body may add."""


@dataclass(frozen=True, slots=True)
class Row:
    """One crawl up to a moment: seconds, MiB of peak memory, bytes of WARC, distinct URLs with a 200."""

    site: str
    until: str
    urls: int
    wall: float
    cpu: float
    peak: float
    warc_bytes: int
    captured: int


def crawl(folder: Path, site: str, pages: int, connections: int, *, large: int = 0) -> Iterator[Row]:
    """Generate a site, crawl it into a new archive, and yield the row up to the seal and the whole one."""
    folder.mkdir()
    urls = generate(folder / "site", pages, large=large)
    with served.Server(folder / "site", folder / "nginx", "index.html") as server:
        config = peers.configure(folder / "archive", server.seed, connections)
        ours = peers.daykeep(config)
        command = ours.command(folder, server.seed, None)
        measured = measure(command, folder, accepted=ours.accepted, mark=ours.mark)
    warcs = ours.warcs(folder)
    written, captured = size(warcs), distinct(warcs)
    for until, usage in (("seal", measured.marked), ("search", measured.whole)):
        if usage:
            yield Row(site, until, urls, usage.wall, usage.cpu, usage.peak, written, captured)
    shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Take the three crawls, the small ones first."""
    yield from crawl(folder / "small", "small", given.small, given.connections)
    yield from crawl(folder / "body", "small + body", given.small, given.connections, large=given.body)
    yield from crawl(folder / "large", "large", given.urls - 1, given.connections)


HEAD = ("site", "until", "URLs", "distinct 200", "wall s", "CPU s", "peak MiB", "WARC MB")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    used = (f"{row.wall:.1f}", f"{row.cpu:.1f}", f"{row.peak:.0f}", f"{row.warc_bytes / 1e6:.1f}")
    return (row.site, row.until, str(row.urls), str(row.captured), *used)


def verdicts(rows: list[Row]) -> Iterator[str]:
    """Yield the peaks beside their aims."""
    peaks = {(row.site, row.until): row.peak for row in rows}
    for until in ("seal", "search"):
        if ("large", until) in peaks:
            added = peaks["small + body", until] - peaks["small", until]
            yield f"{until}: the large site peaks at {peaks['large', until]:.0f} MiB (aim: below {MOST})"
            yield f"{until}: the body adds {added:.0f} MiB (aim: below {MOST_FOR_A_BODY})"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Daykeep's memory on a large site and for a large body.")
    parser.add_argument("--urls", type=int, default=100_000, help="of the large site")
    parser.add_argument("--small", type=int, default=2_000, help="pages of the small one")
    parser.add_argument("--body", type=int, default=2_000_000_000, help="bytes of the one large body")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given, where = arguments(), machine()
    command = ".venv/bin/python bench/memory.py " + shlex.join(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as name:
        rows = []
        for row in run(Path(name), given):
            rows.append(row)
            print(f"{row.site}, until {row.until}: {row.peak:.0f} MiB", file=sys.stderr)
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    print(report(where, command, HEAD, [cells(row) for row in rows], verdicts(rows), markdown=given.markdown))


if __name__ == "__main__":
    main()
