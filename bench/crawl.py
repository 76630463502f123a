# SPDX-License-Identifier: EUPL-1.2
"""
Crawl the SQLite documentation from an nginx on this machine with Daykeep and with wget, and print both.

    .venv/bin/python bench/crawl.py [FOLDER]

Same site, same run, no politeness on either side. Daykeep's row is the whole command: crawl, write, read
back, seal, and publish to history and search; wget's is a mirror with WARC output and no index. Day two is
the same site unchanged. Needs Debian's nginx, wget and sqlite3-doc.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.nginx import Nginx  # noqa: E402

SITE = Path("/usr/share/doc/sqlite3")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured command."""

    name: str
    wall: float
    cpu: float
    peak: int
    urls: int
    stored: int


def measure(name: str, command: list[str], cwd: Path, server: Nginx, stored: Path) -> Row:
    """Run a command and return its figures; URLs are what the server saw."""
    before, start = len(server.requests()), time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    # wget ends with 8 where the site has a dead link, Daykeep with 3 where a day is partial
    if os.waitstatus_to_exitcode(status) not in {0, 3, 8}:
        raise SystemExit(f"{name} failed: {' '.join(command)}")
    urls = len(server.requests()) - before
    size = sum(path.stat().st_size for path in stored.rglob("*.warc*"))
    return Row(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, urls, size)


def configuration(server: Nginx) -> str:
    """Return a configuration without politeness."""
    return f"""
[[site]]
name = "bench"
seeds = ["{server.url}index.html"]
embeds = "scope"
delay = 0
connections = 4
allow_addresses = ["127.0.0.1"]
"""


def run(folder: Path, site: Path) -> list[Row]:
    """Measure both, on two days."""
    config = folder / "config" / "daykeep.toml"
    config.parent.mkdir()
    rows = []
    with Nginx({"/": site}, folder / "nginx") as server:
        config.write_text(configuration(server))
        for day in (1, 2):
            home = folder / f"wget-{day}"
            home.mkdir()
            cdx = ["--warc-cdx"] if day == 1 else ["--warc-cdx", f"--warc-dedup={folder}/wget-1/site.cdx"]
            wget = ["wget", "--mirror", "--no-verbose", "--warc-file=site", *cdx, server.url + "index.html"]
            rows.append(measure(f"wget, day {day}", wget, home, server, home))
            ours = [sys.executable, "-m", "archiver", "--config", str(config), "crawl", "bench"]
            snapshots = folder / "data" / "sites" / "bench" / "snapshots"
            row = measure(f"daykeep, day {day}", ours, ROOT, server, snapshots)
            earlier = rows[1].stored if day == 2 else 0
            rows.append(Row(row.name, row.wall, row.cpu, row.peak, row.urls, row.stored - earlier))
    return rows


def show(rows: list[Row]) -> None:
    """Print the figures and, for each day, ours beside wget's."""
    names = ("wall s", "URLs", "URLs/s", "CPU s/1000", "peak MiB", "WARC MB")
    print(" " * 16 + "".join(f"{name:>12}" for name in names))
    for row in rows:
        figures = (
            row.wall,
            row.urls,
            row.urls / row.wall,
            row.cpu / row.urls * 1000,
            row.peak,
            row.stored / 1e6,
        )
        print(f"{row.name:16}" + "".join(f"{figure:12.2f}" for figure in figures))
    for wget, ours in zip(rows[::2], rows[1::2], strict=True):
        speed = (ours.urls / ours.wall) / (wget.urls / wget.wall)
        cpu, stored = ours.cpu / wget.cpu, ours.stored / wget.stored
        print(
            f"{ours.name}: {speed:.2f} times wget's URLs/s, {cpu:.2f} of its CPU, {stored:.2f} of its bytes"
        )


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else SITE
    missing = [name for name in ("nginx", "wget") if not shutil.which(name)]
    if missing or not site.is_dir():
        needed = " ".join(missing) or site
        raise SystemExit(f"Not here: {needed}. On Debian: apt-get install nginx wget sqlite3-doc")
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as name:
        show(run(Path(name), site))


if __name__ == "__main__":
    main()
