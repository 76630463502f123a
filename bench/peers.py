# SPDX-License-Identifier: EUPL-1.2
"""
The crawlers of the bench, ours among them: how each is made ready, run, and where it leaves its WARCs.

Each is set up as an ordinary user of it would, with no politeness and the same scope, one host. A peer makes
a folder of its own for each day. Knows nothing of figures.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
REQUIREMENTS = BENCH / "requirements-scrapy.txt"
TOOLS = Path.home() / ".cache" / "daykeep-bench"
SEALED = '"event": "snapshot"'
"""What our command logs when a snapshot is read back and sealed, before it goes into history and search."""

Words = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Peer:
    """A crawler. `includes` says in one sentence what its row holds."""

    name: str
    command: Callable[[Path, str, Path | None], Words]
    """The command for the folder of today, a seed, and the folder of the first day, None on that day."""
    warcs: Callable[[Path], list[Path]]
    """The WARCs of the day whose folder is given."""
    includes: str
    version: Words
    accepted: tuple[int, ...] = (0,)
    mark: str = ""
    remembers: bool = False
    """It knows what an earlier day brought."""


def _found(*patterns: str) -> Callable[[Path], list[Path]]:
    return lambda home: sorted(path for pattern in patterns for path in home.glob(pattern))


def _versions(python: str | Path, *packages: str) -> Words:
    code = "import sys, importlib.metadata as m; print(*(f'{p} {m.version(p)}' for p in sys.argv[1:]))"
    return [python, "-c", code, *packages]


def _wget(home: Path, seed: str, first: Path | None) -> Words:
    dedup = [f"--warc-dedup={first / 'site.cdx'}"] if first else []
    out = ["--warc-file=site", "--warc-cdx", *dedup]
    return ["wget", "--mirror", "--no-verbose", *out, f"--directory-prefix={home / 'mirror'}", seed]


WGET = Peer(
    "wget",
    _wget,
    _found("*.warc.gz"),
    "crawl, WARC, CDX and mirrored files, bodies asked for plain; nothing read back; --warc-dedup later",
    ["wget", "--version"],
    accepted=(0, 8),  # 8: the site has a dead link
    remembers=True,
)

CAPTURE_HTTP = Peer(
    "capture_http",
    lambda _home, seed, _first: [sys.executable, BENCH / "capture_http_peer.py", seed],
    _found("thread-*.warc.gz"),
    "requests, eight threads, WARC; no index, nothing read back, every day a first day",
    _versions(sys.executable, "warcio", "requests"),
)


def scrapy(tools: Path = TOOLS) -> Peer:
    """Return Scrapy with scrapy-webarchive, installed from the registry under `tools` at the first use."""
    program = environment(tools, "scrapy", REQUIREMENTS) / "bin" / "scrapy"
    return Peer(
        "scrapy",
        lambda _home, seed, _first: [program, "runspider", BENCH / "scrapy_peer.py", "-a", f"seed={seed}"],
        _found("out/*.wacz"),
        "crawl, WARC, CDXJ and WACZ by scrapy-webarchive; nothing read back, every day a first day",
        _versions(program.with_name("python"), "scrapy", "scrapy-webarchive"),
    )


def environment(tools: Path, name: str, requirements: Path) -> Path:
    """Return the environment of pinned requirements; other pins or another Python make a new one."""
    identity = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = tools / f"{name}-{identity}"
    made = folder / "made.stamp"
    if not made.exists():
        print(f"Installing {requirements.name} in {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip: Words = [
            folder / "bin" / "python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        # the list is whole and its versions agree; without --no-deps pip 23 looks for older ones for minutes
        subprocess.run([*pip, "--no-deps", "--requirement", requirements], check=True)
        made.touch()
    return folder


def daykeep(config: Path) -> Peer:
    """Return ours, for a configuration that `configure` wrote; it keeps all its days in one archive."""
    command: Words = [sys.executable, "-m", "archiver", "--config", config, "crawl", "bench"]
    return Peer(
        "daykeep",
        lambda _home, _seed, _first: ["env", f"PYTHONPATH={ROOT}", *command],
        lambda _home: newest(config),
        "crawl, WARC, ledger, index, all read back, synced and sealed; then history and the search index",
        [sys.executable, "-m", "archiver", "--version"],
        accepted=(0, 3),  # 3: a dead link makes a partial day
        mark=SEALED,
        remembers=True,
    )


def newest(config: Path) -> list[Path]:
    """Return the WARCs of the newest sealed snapshot of an archive."""
    snapshots = sorted((config.parent.parent / "data/sites/bench/snapshots").glob("[0-9]" * 14))
    return sorted(snapshots[-1].glob("archive/*.warc*")) if snapshots else []


def configure(folder: Path, seed: str, connections: int) -> Path:
    """Write a configuration without politeness in a new folder, and return its path."""
    path = folder / "config" / "daykeep.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f"""\
[[site]]
name = "bench"
seeds = ["{seed}"]
embeds = "scope"
delay = 0
connections = {connections}
max_urls = 1_000_000
max_bytes = 4_000_000_000
allow_addresses = ["127.0.0.1"]
""",
        encoding="utf-8",
    )
    return path


def version(peer: Peer) -> str:
    """Return the first line of what a peer says of its version."""
    done = subprocess.run(
        [str(word) for word in peer.version], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if lines else f"{peer.name}, version unknown"
