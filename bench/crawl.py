# SPDX-License-Identifier: EUPL-1.2
"""
One site crawled by Daykeep and by its peers, side by side in one run, over three days; prints a table.

    .venv/bin/python bench/crawl.py [--site FOLDER] [--peers wget,scrapy,capture_http] [--days 1|2]
                                    [--changed 0.03] [--repeat N] [--connections N] [--tools FOLDER]
                                    [--json] [--markdown]

    first        nothing is known
    unchanged    the same site again
    changed      the same site with a share of its pages changed

One nginx serves a copy of the folder, by default the C++ reference of Debian's cppreference-doc-en-html. The
days go by turns: every peer takes the first, then every peer the next. Needs Debian's nginx and wget; Scrapy
is installed from the registry into an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import peers, served  # noqa: E402
from bench.captured import distinct, size  # noqa: E402
from bench.measure import Usage, measure  # noqa: E402
from bench.peers import Peer  # noqa: E402
from bench.rows import HEAD, WITH_SEARCH, Row, cells, grouped, notes, ratios  # noqa: E402
from bench.table import machine, table  # noqa: E402

SITE = Path("/usr/share/cppreference/doc/html")
DAYS = {1: ("first",), 2: ("first", "unchanged", "changed")}
PEERS: dict[str, Callable[[Path], Peer]] = {
    "wget": lambda _tools: peers.WGET,
    "scrapy": peers.scrapy,
    "capture_http": lambda _tools: peers.CAPTURE_HTTP,
}


def take(peer: Peer, day: str, server: served.Server, folder: Path) -> Iterator[Row]:
    """Let a peer take one day, and yield its row; of ours, first the row up to the seal."""
    home, first = folder / f"{peer.name}-{day}", folder / f"{peer.name}-first"
    home.mkdir()
    server.sent()
    command = peer.command(home, server.seed, None if day == "first" else first)
    measured = measure(command, home, accepted=peer.accepted, mark=peer.mark)
    sent, warcs = server.sent(), peer.warcs(home)
    if not (captured := distinct(warcs)):
        raise SystemExit(f"{peer.name} captured nothing on the {day} day.")

    def row(tool: str, usage: Usage) -> Row:
        figures = (usage.wall, usage.cpu, usage.peak, size(warcs), captured)
        return Row(day, tool, *figures, sent.answers, sent.bodies, sent.body_bytes)

    if measured.marked:
        yield row(peer.name, measured.marked)
    yield row(WITH_SEARCH if peer.mark else peer.name, measured.whole)
    shutil.rmtree(home / "mirror", ignore_errors=True)


def run(folder: Path, given: argparse.Namespace, others: Sequence[Peer]) -> Iterator[Row]:
    """Measure everybody on every day, once, in a new folder."""
    folder.mkdir()
    site = served.copy(given.site, folder / "site")
    with served.Server(site, folder / "nginx", served.start_of(site)) as server:
        ours = peers.daykeep(peers.configure(folder / "daykeep", server.seed, given.connections))
        for day in DAYS[given.days]:
            if day == "changed":
                served.change(site, given.changed, random.Random(3))
            for peer in (*others, ours):
                # who knows of no earlier day does the same work on every day after the first
                if day != "changed" or peer.remembers:
                    yield from take(peer, day, server, folder)


def report(given: argparse.Namespace, tools: Sequence[Peer], rows: Sequence[Row], where: str) -> None:
    """Print where and what was run, the table, the ratios and the notes; or all of it as JSON."""
    command = ".venv/bin/python bench/crawl.py " + shlex.join(sys.argv[1:])
    versions = [peers.version(peer) for peer in tools]
    if given.json:
        facts: dict[str, object] = {"machine": where, "command": command.strip(), "versions": versions}
        print(
            json.dumps(facts | {"rows": [asdict(row) for row in rows], "ratios": [*ratios(rows)]}, indent=1)
        )
        return
    mark = "- " if given.markdown else ""
    print(f"{where}\n\n{', '.join(versions)}\n\n    {command}\n")
    print(table(HEAD, [cells(group) for group in grouped(rows)], markdown=given.markdown) + "\n")
    print("\n".join(mark + line for line in (*ratios(rows), *notes(tools))))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Daykeep's crawl beside its peers.")
    parser.add_argument("--site", type=Path, default=SITE, help="a folder with an index.html")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; empty for ours alone")
    parser.add_argument("--days", type=int, choices=DAYS, default=2)
    parser.add_argument("--changed", type=float, default=0.03, help="share of pages changed on the last day")
    parser.add_argument("--repeat", type=int, default=1, help="runs; the table has the medians")
    parser.add_argument("--connections", type=int, default=4, help="of ours")
    parser.add_argument("--tools", type=Path, default=peers.TOOLS, help="where Scrapy is installed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def chosen(names: str, tools: Path) -> list[Peer]:
    """Return the peers asked for, ready to run. Raises SystemExit for one that there is not."""
    wanted = [name for name in names.split(",") if name]
    if unknown := [name for name in wanted if name not in PEERS]:
        raise SystemExit(f"There is no peer {unknown[0]!r}; there are: {', '.join(PEERS)}.")
    missing = [name for name in ("nginx", "wget") if name in {"nginx", *wanted} and not shutil.which(name)]
    if missing:
        raise SystemExit(f"Not on this machine: {' '.join(missing)}. Install Debian's packages of that name.")
    return [PEERS[name](tools) for name in wanted]


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given = arguments()
    if not given.site.is_dir():
        raise SystemExit(f"{given.site} is not here. On Debian: apt-get install cppreference-doc-en-html")
    others, where = chosen(given.peers, given.tools), machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as name:
        rows = []
        for number in range(given.repeat):
            for row in run(Path(name) / str(number), given, others):
                rows.append(row)
                print(f"{row.day} {row.tool}: {row.wall:.1f} s, {row.captured} URLs", file=sys.stderr)
            shutil.rmtree(Path(name) / str(number), ignore_errors=True)
        report(given, (*others, peers.daykeep(Path(name))), rows, where)


if __name__ == "__main__":
    main()
