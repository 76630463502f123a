# SPDX-License-Identifier: EUPL-1.2
"""
Reading one WARC of a gigabyte, beside warcio, cdxj-indexer, pywb and FastWARC; prints a table.

    .venv/bin/python bench/reading.py [--warc FILE] [--site FOLDER] [--megabytes 1000] [--repeat 1]
                                      [--plain] [--ours-only] [--json] [--markdown]

    scan        every record read to its end, block and payload digests checked, in one process
    read back   the same with zlib, as before a day is sealed
    import      `daykeep import --no-text`: an indexed, sealed and published snapshot, every digest checked
    verify      `daykeep verify` of that snapshot: every byte, every line of the index, every digest

The file is as warcio writes it, made of the pages of a folder (a third of the bodies chunked), or given. The
peers come from `.venv-oracles` and `.venv-pywb` (`make oracles`). Files are read once before the first row,
so that none waits for the disk. Ours is measured again on a tenth of the file, for the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.readback import read_back  # noqa: E402
from archiver.scanning.scan import Seen, scan  # noqa: E402
from bench.made import make  # noqa: E402
from bench.measure import Usage, measure  # noqa: E402
from bench.table import machine, table  # noqa: E402

SITE = Path("/usr/share/cppreference/doc/html")
ORACLES = ROOT / ".venv-oracles" / "bin"
PYWB = ROOT / ".venv-pywb" / "bin"
DAYKEEP = Path(sys.executable).with_name("daykeep")
CONFIG = """data = "data"
timezone = "UTC"

[[site]]
name = "bench"
seeds = ["http://www.example.org/"]
"""
PEERS = ("warcio check", "cdxj-indexer", "pywb cdx-indexer", "fastwarc check")
AIMS = {"import": "cdxj-indexer", "verify": "warcio check"}
AIM = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One tool on one file."""

    file: str
    tool: str
    records: int
    bytes: int
    wall: float
    cpu: float
    peak: float
    own: float
    """MiB that are of no file, as the index is that is mapped from disk."""

    @property
    def per_second(self) -> float:
        """Records in a second."""
        return self.records / self.wall


def peers(file: Path) -> dict[str, list[str | Path]]:
    """Return the commands of other tools that read a file."""
    return {
        "warcio check": [ORACLES / "warcio", "check", file],
        "cdxj-indexer": [ORACLES / "cdxj-indexer", "--sort", "--output", file.with_suffix(".cdxj"), file],
        "pywb cdx-indexer": [PYWB / "cdx-indexer", "-s", "-j", "-o", file.with_suffix(".pywb.cdxj"), file],
        "fastwarc check": [ORACLES / "fastwarc", "check", "--quiet", file],
    }


def ours(file: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Return our commands, in the order in which they have to run."""
    daykeep: list[str | Path] = [DAYKEEP, "--config", folder / "daykeep.toml"]
    again: list[str | Path] = [sys.executable, Path(__file__), "--only"]
    return {
        "scan": [*again, "scan", "--warc", file],
        "read back": [*again, "read-back", "--warc", file],
        "import": [*daykeep, "import", "--no-text", "bench", file],
        "verify": [*daykeep, "verify", "bench"],
    }


def only(what: str, path: Path) -> int:
    """Read a file in this process, and return how many intact records it has."""
    if what == "read-back":
        return sum(1 for one in read_back(path) if not one.faults or "framing" in one.faults[0])
    return sum(1 for one in scan(path) if isinstance(one, Seen) and one.intact)


def rows(file: Path, records: int, given: argparse.Namespace, *, beside: bool) -> Iterator[Row]:
    """Yield a row for each tool on a file."""
    for _ in file.open("rb"):
        pass
    with tempfile.TemporaryDirectory(prefix="archive-", dir=file.parent) as name:
        folder = Path(name)
        (folder / "daykeep.toml").write_text(CONFIG, encoding="utf-8")
        commands = ours(file, folder) | (peers(file) if beside else {})
        for tool, command in commands.items():
            usage = best(tool, command, folder, given.repeat)
            print(f"{file.name}, {tool}: {usage.wall:.1f} s", file=sys.stderr)
            yield Row(
                file.name, tool, records, file.stat().st_size, usage.wall, usage.cpu, usage.peak, usage.own
            )


def best(tool: str, command: list[str | Path], folder: Path, repeat: int) -> Usage:
    """Return the median of several runs of a command, by wall time."""
    runs = []
    for _ in range(repeat):
        if tool == "import":
            shutil.rmtree(folder / "data", ignore_errors=True)
        runs.append(measure(command, folder, accepted=(0,)).whole)
    return sorted(runs, key=lambda one: one.wall)[(len(runs) - 1) // 2]


def run(folder: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Measure the file, and ours again on one of a tenth of its size."""
    suffix = ".warc" if given.plain else ".warc.gz"
    beside = not given.ours_only
    if given.warc:
        yield from rows(given.warc, only("scan", given.warc), given, beside=beside)
        return
    for megabytes in (given.megabytes, given.megabytes / 10):
        file = folder / f"{megabytes:g}{suffix}"
        records = make(file, given.site, megabytes, compressed=not given.plain)
        yield from rows(file, records, given, beside=beside and megabytes == given.megabytes)


HEAD = ("file", "tool", "records/s", "MB/s", "wall s", "CPU s", "records per CPU s", "peak MiB", "own MiB")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    speed = f"{row.per_second:.0f}", f"{row.bytes / 1e6 / row.wall:.0f}"
    used = f"{row.wall:.1f}", f"{row.cpu:.1f}", f"{row.records / row.cpu:.0f}"
    return row.file, row.tool, *speed, *used, f"{row.peak:.0f}", f"{row.own:.0f}"


def verdicts(found: list[Row]) -> Iterator[str]:
    """Yield what ours does beside the peers, and the aims."""
    first = {row.tool: row for row in found if row.file == found[0].file}
    second = {row.tool: row for row in found if row.file != found[0].file}
    yield f"{statistics.median(row.records for row in first.values()):.0f} records in {found[0].file}."
    for tool, row in first.items():
        for peer in (name for name in PEERS if name in first and tool not in PEERS):
            aim = f" (aim: {AIM})" if AIMS.get(tool) == peer else ""
            times, work = row.per_second / first[peer].per_second, first[peer].cpu / row.cpu
            yield f"{tool} beside {peer}: {times:.2f} times the records/s{aim}, {work:.2f} per CPU second"
    for tool, row in second.items():
        yield f"{tool}: {row.own:.0f} MiB of its own on {row.file}, {first[tool].own:.0f} on {found[0].file}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Daykeep's reading of WARCs beside other tools.")
    parser.add_argument("--warc", type=Path, help="this file instead of one that is made")
    parser.add_argument("--site", type=Path, default=SITE, help="pages that a file is made of")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the median counts")
    parser.add_argument("--plain", action="store_true", help="a file that is not compressed")
    parser.add_argument("--ours-only", action="store_true", help="without the other tools")
    parser.add_argument("--folder", type=Path, help="where files are made, if not in the temporary folder")
    parser.add_argument("--only", choices=("scan", "read-back"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given, where = arguments(), machine()
    if given.only:
        print(only(given.only, given.warc))
        return
    command = ".venv/bin/python bench/reading.py " + shlex.join(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-", dir=given.folder) as name:
        found = list(run(Path(name), given))
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in found]}, indent=1))
        return
    print(f"{where}\n\n    {command}\n")
    print(table(HEAD, [cells(row) for row in found], markdown=given.markdown) + "\n")
    mark = "- " if given.markdown else ""
    print("\n".join(mark + line for line in verdicts(found)))


if __name__ == "__main__":
    main()
