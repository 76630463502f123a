# SPDX-License-Identifier: EUPL-1.2
"""
Every kind of page of the viewer over ten years of days, asked by fifty visitors at once; prints a table.

    .venv/bin/python bench/visitors.py [--days 3650] [--urls 2000] [--visitors 50] [--think 3] [--seconds 30]
                                       [--stress 6] [--kinds calendar …] [--archive DIR] [--folder DIR]
                                       [--json] [--markdown]

    start, about, calendar, year, day, changes, between, missing, search, lifeline, compare, passage, sides,
    pane, print, proof, conformance, cite, frame, feed, cdx, replayed

An archive of ten years takes 6 GB of disk while it runs (bench/decade.py), or for longer in `--archive`.
`daykeep serve` shows it, with as many processes as it has by itself, and wrk holds a connection for each
visitor. Each kind of page is asked for in two ways, one after the other:

    visitors   each asks for a page, has it, and looks at it before the next: `--think` seconds on average,
               exponentially distributed and ten times that at most, as TPC-W has it. There it is 7 seconds;
               these visitors are more than twice as quick, and all at the same kind of page.
    stress     each asks for the next page as soon as it has one, as no visitor does: how many pages two cores
               make at most, and how long one waits behind 49 others that are being made

Each kind that has so many has thousands of addresses, chosen by chance, so that most of them are asked for
the first time; each of the two begins at another of them. Last, `all` is a mixture. On loopback only.

The aim is of visitors, and counts each answer: a page that says it has no room (503, of searches, comparisons
and feeds that are made at once) is told apart, and a kind with one of these has missed it.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.decade import SITE, Made, archive  # noqa: E402
from bench.launch import cpu, family  # noqa: E402
from bench.running import running  # noqa: E402
from bench.table import machine, report  # noqa: E402
from index.urlkey import origin  # noqa: E402
from tests.support.ports import free_port  # noqa: E402
from viewer.addresses.address import ReplayAddresses, format_web_path  # noqa: E402

AIM = 100
"""Milliseconds in which 95 of 100 pages are there."""
ADDRESSES = 3000
"""Of each kind, at most."""
_WALK = """
local targets, at = {}, 0
init = function(args)
  for line in io.lines(args[1]) do targets[#targets + 1] = line end
end
request = function()
  at = at % #targets + 1
  local host, rest = targets[at]:match("^(%S+) (%S+)$")
  local dest = host:find("^localhost") and "document" or "iframe"
  return wrk.format("GET", rest, {["Host"] = host, ["Accept-Language"] = "nl,en;q=0.5",
    ["Accept-Encoding"] = "gzip, deflate, br, zstd", ["Sec-Fetch-Dest"] = dest,
    ["Sec-Fetch-Mode"] = "navigate"})
end
local threads = {}
%s
setup = function(thread) threads[#threads + 1] = thread end
busy, other = 0, 0
response = function(status)
  if status == 503 then busy = busy + 1 elseif status >= 400 then other = other + 1 end
end
done = function(summary, latency)
  local wrong = summary.errors
  local busy, other = 0, wrong.read + wrong.connect + wrong.timeout
  for _, thread in ipairs(threads) do
    busy = busy + thread:get("busy")
    other = other + thread:get("other")
  end
  local said = '{"answers": %d, "seconds": %f, "busy": %d, "failed": %d, "bytes": %d, '
  said = said .. '"p50": %f, "p95": %f, "p99": %f}\\n'
  io.stderr:write(string.format(said, summary.requests, summary.duration / 1e6, busy, other, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
"""
_READING = "delay = function() return math.min(-math.log(1 - math.random()) * {0}, {0} * 10) end"
"""Milliseconds until a connection asks again; a script that has this function waits."""

Target = tuple[str, str]
"""The Host that is asked, and the target."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of page; times in milliseconds."""

    kind: str
    addresses: int
    answers: int
    """To visitors, as are all figures that do not say otherwise."""
    p50: float
    p95: float
    p99: float
    kilobytes: float
    """Of an answer, head and all, on average."""
    cpu: float
    """Milliseconds of the server's processors, for a page."""
    busy: int
    """Answers that there was no room."""
    failed: int
    """In both ways."""
    stress_per_second: float
    stress_p50: float
    stress_p95: float
    stress_busy: int

    @property
    def is_met(self) -> bool:
        """Whether the aim is met: every visitor had a page, and 95 of 100 in time."""
        return self.answers > 0 and self.p95 <= AIM and not self.busy and not self.failed


class Asked:
    """The addresses of each kind of page of an archive."""

    def __init__(self, made: Made, port: int) -> None:
        self._made = made
        self._own = f"localhost:{port}"
        self._replay = ReplayAddresses(f"http://{{label}}.localhost:{port}")
        self._chance = random.Random(11)

    def all(self) -> dict[str, list[Target]]:
        """Return the addresses of every kind."""
        found = {
            "start": ["/"],
            "about": ["/about", "/about/accessibility", "/about/correction", "/about/security"],
            "calendar": [f"/{SITE}/"],
            "year": [f"/{SITE}/?year={year}" for year in sorted({day[:4] for day in self._made.days})],
            **{kind: [make() for _ in range(ADDRESSES)] for kind, make in self._many().items()},
        }
        asked = {kind: [(self._own, path) for path in dict.fromkeys(paths)] for kind, paths in found.items()}
        asked["replayed"] = [self._replayed() for _ in range(ADDRESSES)]
        mixed = [one for some in asked.values() for one in self._chance.sample(some, min(len(some), 40))]
        self._chance.shuffle(mixed)
        return {**asked, "all": mixed}

    def _many(self) -> dict[str, Callable[[], str]]:
        return {
            "day": lambda: f"/{SITE}/{self._day()}/",
            "changes": lambda: f"/{SITE}/{self._name()}/changes",
            "between": self._between,
            "missing": lambda: f"/{SITE}/{self._name()}/missing",
            "search": self._search,
            "lifeline": lambda: f"/{SITE}/history?{urlencode({'url': self._url()})}",
            "compare": lambda: f"/{SITE}/compare?{urlencode({'url': self._changed()})}",
            "passage": self._passage,
            "sides": lambda: f"/{SITE}/compare?{urlencode({'url': self._changed(), 'view': 'pages'})}",
            "pane": lambda: f"/{SITE}/compare/pane?{urlencode({'url': self._url(), 'at': self._name()})}",
            "print": lambda: f"/{SITE}/print?{urlencode({'url': self._url(), 'at': self._name()})}",
            "proof": lambda: f"/{SITE}/{self._day()}/proof",
            "conformance": lambda: f"/{SITE}/{self._day()}/conformance",
            "cite": lambda: f"/{SITE}/cite?{urlencode({'url': self._url(), 'at': self._name()})}",
            "frame": lambda: format_web_path(self._name(), self._url()),
            "feed": lambda: f"/{SITE}/feed.atom?{urlencode({'before': self._name()})}",
            "cdx": lambda: f"/cdx?{urlencode({'url': self._url(), 'limit': 100})}",
        }

    def _name(self) -> str:
        return self._chance.choice(self._made.days)

    def _day(self) -> str:
        name = self._name()
        return f"{name[:4]}-{name[4:6]}-{name[6:8]}"

    def _url(self) -> str:
        return self._chance.choice(self._made.pages).url

    def _changed(self) -> str:
        return self._chance.choice([page for page in self._made.pages if len(page.days) > 1]).url

    def _between(self) -> str:
        place = self._chance.randrange(max(len(self._made.days) - 7, 1))
        first, last = self._made.days[place], self._made.days[min(place + 7, len(self._made.days) - 1)]
        return f"/{SITE}/changes?{urlencode({'from': first, 'to': last})}"

    def _search(self) -> str:
        words = self._chance.sample(self._made.words[20:2000], self._chance.choice((1, 1, 2)))
        return f"/{SITE}/search?{urlencode({'q': ' '.join(words), 'on': self._day()})}"

    def _passage(self) -> str:
        passage = self._chance.choice(self._made.words[20:200])
        return f"/{SITE}/history?{urlencode({'url': self._url(), 'passage': passage})}"

    def _replayed(self) -> Target:
        url = self._url()
        base = self._replay.origin(self._name(), origin(url))
        return base.removeprefix("http://"), url.removeprefix(str(origin(url)))


def configured(folder: Path, port: int) -> Path:
    """Write the configuration of what was made in a folder, and return where it stands."""
    config = folder / "daykeep.toml"
    config.write_text(
        f'data = "{folder / "data"}"\n[viewer]\nbase_url = "http://localhost:{port}"\n'
        f'replay_url = "http://{{label}}.localhost:{port}"\n'
        f'[[site]]\nname = "{SITE}"\nseeds = ["https://www.example.org/"]\n'
    )
    return config


@contextmanager
def serving(folder: Path, port: int) -> Iterator[int]:
    """Run `daykeep serve` on what was made; yield its process."""
    serve = ["serve", "--no-schedule", "--port", str(port)]
    command = [sys.executable, "-m", "archiver", "--config", str(configured(folder, port)), *serve]
    with running(["env", f"PYTHONPATH={ROOT}", *command], folder, port) as process:
        yield process


def ask(
    port: int, targets: list[Target], folder: Path, *, visitors: int, seconds: float, think: float
) -> dict[str, float]:
    """Let so many visitors ask for so long, who look `think` seconds at a page; return what wrk counted."""
    (folder / "targets.txt").write_text("".join(f"{host} {path}\n" for host, path in targets))
    (folder / "walk.lua").write_text(_WALK.replace("%s", _READING.format(think * 1000) if think else "", 1))
    asked = ["-t", "1", "-c", str(visitors), "-d", f"{seconds}s", "--timeout", "20s"]
    script = ["-s", folder / "walk.lua", f"http://127.0.0.1:{port}", "--", folder / "targets.txt"]
    done = subprocess.run(["wrk", *asked, *script], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stderr.strip().splitlines()[-1])
    return found


def measured(made: Made, given: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Yield a row for each kind of page."""
    port = free_port()
    with serving(folder, port) as process:
        asked = Asked(made, port).all()
        for kind in given.kinds or asked:
            targets, half, many = asked[kind], len(asked[kind]) // 2, given.visitors
            before = _used(process)
            read = ask(port, targets, folder, visitors=many, seconds=given.seconds, think=given.think)
            spent = _used(process) - before
            others = targets[half:] + targets[:half]
            pressed = ask(port, others, folder, visitors=many, seconds=given.stress, think=0)
            row = _row(kind, len(targets), read, spent, pressed)
            print(f"{kind}: p95 {row.p95:.0f} ms; at most {row.stress_per_second:.0f}/s", file=sys.stderr)
            yield row


def _used(process: int) -> float:
    return sum(map(cpu, family(process)))


def _row(kind: str, addresses: int, read: dict[str, float], spent: float, pressed: dict[str, float]) -> Row:
    answers = max(read["answers"], 1)
    return Row(
        kind=kind,
        addresses=addresses,
        answers=int(read["answers"]),
        p50=read["p50"],
        p95=read["p95"],
        p99=read["p99"],
        kilobytes=read["bytes"] / answers / 1000,
        cpu=spent / answers * 1000,
        busy=int(read["busy"]),
        failed=int(read["failed"] + pressed["failed"]),
        stress_per_second=pressed["answers"] / pressed["seconds"],
        stress_p50=pressed["p50"],
        stress_p95=pressed["p95"],
        stress_busy=int(pressed["busy"]),
    )


HEAD = (
    "page", "addresses", "answers", "p50 ms", "p95 ms", "p99 ms", "kB", "CPU ms", "no room", "failed",
    "stress: pages/s", "p50 ms", "p95 ms", "no room",
)  # fmt: skip


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    times = (f"{one:.0f}" for one in (row.p50, row.p95, row.p99))
    rest = (f"{row.kilobytes:.1f}", f"{row.cpu:.2f}", str(row.busy), str(row.failed))
    stress = (f"{one:.0f}" for one in (row.stress_per_second, row.stress_p50, row.stress_p95))
    return row.kind, str(row.addresses), str(row.answers), *times, *rest, *stress, str(row.stress_busy)


def verdicts(rows: list[Row], given: argparse.Namespace) -> Iterator[str]:
    """Yield what is beside its aim."""
    who = f"{given.visitors} visitors who look at a page for {given.think:g} seconds"
    late = [row.kind for row in rows if not row.is_met]
    yield f"{who}: p95 within {AIM} ms for {len(rows) - len(late)} of {len(rows)} kinds of page"
    if late:
        yield f"missed: {', '.join(late)}"
    quick = [row.kind for row in rows if row.stress_p95 <= AIM and not row.stress_busy]
    yield f"stress, as many who ask without a pause: within {AIM} ms for {len(quick)} of {len(rows)}"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="The viewer's pages under many visitors at once.")
    parser.add_argument("--days", type=int, default=3650)
    parser.add_argument("--urls", type=int, default=2000)
    parser.add_argument("--visitors", type=int, default=50, choices=range(1, 201), metavar="1-200")
    parser.add_argument("--think", type=float, default=3.0, help="seconds that a visitor looks at a page")
    parser.add_argument("--seconds", type=int, default=30, help="of visitors, for each kind of page")
    parser.add_argument(
        "--stress", type=int, default=6, help="seconds without a pause, for each kind of page"
    )
    parser.add_argument("--kinds", nargs="+", help="only these kinds of page")
    parser.add_argument(
        "--archive", type=Path, help="where the archive is kept, and taken from the next time"
    )
    parser.add_argument("--folder", type=Path, help="where files are made, if not in the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given, where = arguments(), machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-", dir=given.folder) as name:
        folder = Path(name)
        kept = given.archive or folder
        kept.mkdir(parents=True, exist_ok=True)
        made = archive(kept, given.days, given.urls)
        rows = list(measured(made, given, kept))
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    command = ".venv/bin/python bench/visitors.py " + shlex.join(sys.argv[1:])
    print(
        report(
            where, command, HEAD, [cells(row) for row in rows], verdicts(rows, given), markdown=given.markdown
        )
    )


if __name__ == "__main__":
    main()
