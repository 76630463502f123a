# SPDX-License-Identifier: EUPL-1.2
"""
Replay over HTTP beside pywb on the same WARCs, asked by wrk; prints a table.

    .venv/bin/python bench/replay.py [--days 10] [--pages 480] [--seconds 6] [--new-seconds 2]
                                     [--connections 1 8 32] [--kinds "page, new" …]
                                     [--ours-only] [--json] [--markdown]

    page, new      a page that nobody asked for yet, in full: with head, script and mapped addresses
    page, again    one of forty pages that were asked for before
    raw, new       a page exactly as captured (`id_`), that nobody asked for yet in this form
    raw, again     the same of those forty
    style          one of the style sheets, mapped
    image          one of the images

Ours is `daykeep serve`. pywb is its application under uWSGI with two processes, as its documentation runs
it. nginx sends the same files from disk: what this machine can do when nothing is looked up. Each kind is
asked one after the other, none of them beside another. Bodies are stored with gzip, as servers send them.

On a busy machine answers a second say nothing, but the CPU of an answer beside pywb's in the same run does:

    .venv/bin/python bench/replay.py --days 2 --connections 8 --new-seconds 60 --kinds "page, new" "raw, new"
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from warcio.statusandheaders import StatusAndHeaders  # noqa: E402
from warcio.warcwriter import WARCWriter  # noqa: E402

from bench.launch import cpu, family, own  # noqa: E402
from bench.running import running  # noqa: E402
from bench.table import machine, table  # noqa: E402
from index.timestamp import to_timestamp  # noqa: E402
from index.urlkey import origin  # noqa: E402
from tests.support.nginx import Nginx  # noqa: E402
from tests.support.ports import free_port  # noqa: E402
from viewer.addresses.address import ReplayAddresses  # noqa: E402

SITE = Path("/usr/share/doc/python3.11/html")
BASE = "https://docs.example.org"
SITE_OF_BENCH = f'[[site]]\nname = "bench"\nseeds = ["{BASE}/"]\n'
KINDS = ("page, new", "page, again", "raw, new", "raw, again", "style", "image")
AIMS = {"page, new": 5, "page, again": 20, "raw, new": 8, "raw, again": 8, "style": 8, "image": 8}
"""Times pywb's answers per second at eight connections."""

RAW = frozenset({"raw, new", "raw, again"})
NEW = frozenset({"page, new", "raw, new"})

_BEGUN = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
}
_AGAIN = 40
_WALK = """
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long us; } moment; int gettimeofday(moment *, void *);")
local function now()
  local moment = ffi.new("moment")
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.s) + tonumber(moment.us) / 1e6
end
local questions, at, began, thread = {}, 0, nil, nil
elapsed = 0
setup = function(one) thread = one end
init = function(args)
  for line in io.lines(args[1]) do
    local host, rest = line:match("^(%S+) (%S+)$")
    questions[#questions + 1] = wrk.format("GET", rest, {["Host"] = host, ["Sec-Fetch-Mode"] = "no-cors",
      ["Accept-Encoding"] = "gzip, deflate, br, zstd", ["Sec-Fetch-Dest"] = os.getenv("DEST")})
  end
end
request = function()
  began = began or now()
  if at == #questions and os.getenv("ONCE") and elapsed == 0 then
    elapsed = now() - began
    wrk.thread:stop()
  end
  at = at % #questions + 1
  return questions[at]
end
done = function(summary, latency)
  local wrong = summary.errors
  local failed = wrong.status + wrong.read + wrong.connect + wrong.timeout
  local said = '{"answers": %d, "seconds": %f, "failed": %d, "bytes": %d, "p50": %f, "p99": %f}\\n'
  local took = thread:get("elapsed")
  if took == 0 then took = summary.duration / 1e6 end
  io.stderr:write(string.format(said, summary.requests, took, failed, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One server, one kind of answer, so many connections; times in milliseconds."""

    kind: str
    connections: int
    server: str
    per_second: float
    p50: float
    p99: float
    kilobytes: float
    """Of an answer, head and all, on average."""
    failed: int
    cpu_ms: float
    """CPU of the server for an answer, all its processes."""
    memory: int
    """MiB that are of no file, after it."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked: connections at once, and for how many seconds."""

    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how it is asked for a capture: the Host and the path."""

    name: str
    port: int
    process: int
    asked: dict[str, list[tuple[str, str]]]


# ---- the archive -------------------------------------------------------------------------------------------


def files_of(site: Path, pages: int) -> list[Path]:
    """Return the files of the site: so many pages, and every style sheet and image."""
    found = sorted(path for path in site.rglob("*") if path.suffix in _TYPES and path.is_file())
    html = [path for path in found if path.suffix == ".html"][:pages]
    return [*html, *(path for path in found if path.suffix != ".html")]


def write_day(path: Path, site: Path, files: Iterable[Path], moment: datetime) -> None:
    """Write the WARC of a day; every page has a line that names the day, so that no two days are the same."""
    at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    with path.open("xb") as out:
        writer = WARCWriter(out, gzip=True)
        for file in files:
            body = file.read_bytes()
            coding = []
            if file.suffix != ".png":
                body = gzip.compress(body.replace(b"</body>", f"<p>{at}</p></body>".encode()), 6, mtime=0)
                coding = [("Content-Encoding", "gzip")]
            fields = [("Content-Type", _TYPES[file.suffix]), ("Content-Length", str(len(body))), *coding]
            head = StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1")
            uri = f"{BASE}/{file.relative_to(site)}"
            date = {"WARC-Date": at}
            record = writer.create_warc_record(
                uri, "response", payload=io.BytesIO(body), http_headers=head, warc_headers_dict=date
            )
            writer.write_record(record)


def make(folder: Path, site: Path, days: int, pages: int) -> list[Path]:
    """Write a WARC for each day, and give them to both archives; return the files of the site."""
    files = files_of(site, pages)
    warcs = []
    for day in range(days):
        moment = _BEGUN + timedelta(days=day)
        warcs.append(folder / f"{to_timestamp(moment)}.warc.gz")
        write_day(warcs[-1], site, files, moment)
    config = folder / "ours" / "config" / "daykeep.toml"
    run([*DAYKEEP, "init", folder / "ours", "--seed", f"{BASE}/"])
    config.write_text(SITE_OF_BENCH)
    run([*DAYKEEP, "--config", config, "import", "bench", *warcs])
    return files


DAYKEEP: list[str | Path] = [sys.executable, "-m", "archiver"]


def run(command: list[str | Path], folder: Path = ROOT) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(map(str, command[:6]))} failed:\n{done.stderr[-2000:]}")


# ---- the servers -------------------------------------------------------------------------------------------


@contextmanager
def ours(folder: Path, captures: dict[str, list[tuple[str, str]]]) -> Iterator[Server]:
    """Run `daykeep serve` on what was imported."""
    config = folder / "ours" / "config" / "daykeep.toml"
    port = free_port()
    named = (
        f'[viewer]\nbase_url = "http://localhost:{port}"\nreplay_url = "http://{{label}}.localhost:{port}"\n'
    )
    config.write_text(named + SITE_OF_BENCH)
    addresses = ReplayAddresses(f"http://{{label}}.localhost:{port}")

    def place(kind: str, timestamp: str, path: str) -> tuple[str, str]:
        if kind in RAW:
            return f"localhost:{port}", f"/web/{timestamp}id_/{BASE}{path}"
        return addresses.origin(timestamp, origin(BASE)).removeprefix("http://"), path

    asked = {kind: [place(kind, *one) for one in captures[kind]] for kind in captures}
    command = [*DAYKEEP, "--config", config, "serve", "--no-schedule", "--port", str(port)]
    with running(["env", f"PYTHONPATH={ROOT}", *command], folder, port) as process:
        yield Server("daykeep", port, process, asked)


@contextmanager
def pywb(folder: Path, captures: dict[str, list[tuple[str, str]]]) -> Iterator[Server]:
    """Run pywb under uWSGI with two processes."""
    home = folder / "pywb"
    home.mkdir()
    environment = ROOT / ".venv-pywb"
    run([environment / "bin" / "wb-manager", "init", "bench"], home)
    run([environment / "bin" / "wb-manager", "add", "bench", *sorted(folder.glob("*.warc.gz"))], home)
    port = free_port()
    marks = {"raw, new": "id_", "raw, again": "id_", "style": "cs_", "image": "im_"}
    asked = {
        kind: [
            (f"localhost:{port}", f"/bench/{timestamp}{marks.get(kind, 'mp_')}/{BASE}{path}")
            for timestamp, path in captures[kind]
        ]
        for kind in captures
    }
    # it ends a connection after each answer, and does not say so by itself
    http = ["--http-socket", f"127.0.0.1:{port}", "--add-header", "Connection: close"]
    workers = ["--master", "--processes", "2", "--gevent", "100", "--die-on-term", "--disable-logging"]
    application = ["--virtualenv", environment, "--module", "pywb.apps.wayback:application"]
    command = [UWSGI, *http, "--buffer-size", "65536", *workers, *application]
    with running(command, home, port) as process:
        yield Server("pywb", port, process, asked)


UWSGI = ROOT / ".venv-pywb" / "bin" / "pyuwsgi"


@contextmanager
def nginx(folder: Path, site: Path, captures: dict[str, list[tuple[str, str]]]) -> Iterator[Server]:
    """Run nginx on the files themselves."""
    home = folder / "nginx"
    home.mkdir()
    with Nginx(site, home) as server:
        port = int(server.url.rpartition(":")[2].strip("/"))
        asked = {kind: [(f"127.0.0.1:{port}", path) for _, path in captures[kind]] for kind in captures}
        yield Server("nginx, files", port, server.pid, asked)


# ---- the questions -----------------------------------------------------------------------------------------


def captures_of(files: list[Path], site: Path, timestamps: list[str]) -> dict[str, list[tuple[str, str]]]:
    """Return for each kind the captures that are asked for, in their order: timestamp and path."""

    def of(suffix: str) -> list[tuple[str, str]]:
        paths = [f"/{file.relative_to(site)}" for file in files if file.suffix == suffix]
        return [(timestamp, path) for path in paths for timestamp in timestamps]

    pages = of(".html")
    again = pages[:: max(len(pages) // _AGAIN, 1)][:_AGAIN]
    raw = {"raw, new": pages, "raw, again": again}
    return {"page, new": pages, "page, again": again, **raw, "style": of(".css"), "image": of(".png")}


def ask(port: int, kind: str, targets: list[tuple[str, str]], load: Load, folder: Path) -> dict[str, float]:
    """Ask a server for a while, or until there are no new pages any more, and return what wrk counted."""
    (folder / "targets.txt").write_text("".join(f"{host} {path}\n" for host, path in targets))
    (folder / "walk.lua").write_text(_WALK)
    dest = {"style": "style", "image": "image"}.get(kind, "empty" if kind in RAW else "iframe")
    environment = ["env", f"DEST={dest}", *(["ONCE=yes"] if kind in NEW else [])]
    asked = ["-t", "1", "-c", str(load.connections), "-d", f"{load.seconds}s", "--timeout", "10s"]
    script = ["-s", folder / "walk.lua", f"http://127.0.0.1:{port}", "--", folder / "targets.txt"]
    done = subprocess.run([*environment, "wrk", *asked, *script], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stderr.strip().splitlines()[-1])
    return found


def measured(server: Server, given: argparse.Namespace, folder: Path) -> Iterator[Row]:
    """Yield a row for each kind and number of connections."""
    for kind in given.kinds:
        if kind not in NEW:
            ask(server.port, kind, server.asked[kind], Load(1, 1), folder)
        for part, connections in enumerate(given.connections):
            before = used(server)
            targets = server.asked[kind]
            if kind in NEW:
                targets = targets[part :: len(given.connections)]
            seconds = given.new_seconds if kind in NEW else given.seconds
            found = ask(server.port, kind, targets, Load(connections, seconds), folder)
            row = _row(server, kind, connections, found, used(server) - before)
            print(f"{row.server}, {kind}, {connections}: {row.per_second:.0f}/s", file=sys.stderr)
            yield row


def _row(server: Server, kind: str, connections: int, found: dict[str, float], spent: float) -> Row:
    answers = max(found["answers"], 1)
    return Row(
        kind=kind,
        connections=connections,
        server=server.name,
        per_second=answers / found["seconds"],
        p50=found["p50"],
        p99=found["p99"],
        kilobytes=found["bytes"] / answers / 1000,
        failed=int(found["failed"]),
        cpu_ms=spent / answers * 1000,
        memory=sum(own(process) for process in family(server.process)) // 1024,
    )


def used(server: Server) -> float:
    """Return the CPU seconds of a server so far."""
    return sum(map(cpu, family(server.process)))


HEAD = ("answer", "server", "connections", "answers/s", "p50 ms", "p99 ms", "kB", "failed", "CPU ms", "MiB")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    times = f"{row.per_second:.0f}", f"{row.p50:.1f}", f"{row.p99:.1f}", f"{row.kilobytes:.0f}"
    rest = str(row.failed), f"{row.cpu_ms:.2f}", str(row.memory)
    return row.kind, row.server, str(row.connections), *times, *rest


def verdicts(found: list[Row]) -> Iterator[str]:
    """Yield what ours does beside pywb."""
    for row in found:
        for peer in found:
            same = (peer.kind, peer.connections) == (row.kind, row.connections)
            if same and (row.server, peer.server) == ("daykeep", "pywb"):
                aim = f" (aim: {AIMS[row.kind]})" if row.connections == 8 else ""
                times, less = row.per_second / peer.per_second, peer.cpu_ms / row.cpu_ms
                yield f"{row.kind}, {row.connections}: {times:.1f} times pywb{aim}, CPU one {less:.1f}th"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Replay beside pywb.")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--pages", type=int, default=480)
    parser.add_argument("--seconds", type=int, default=6, help="for each kind and number of connections")
    new = "the most for pages that nobody asked for yet: where they are all asked for, it ends"
    parser.add_argument("--new-seconds", type=int, default=2, help=new)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--kinds", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--site", type=Path, default=SITE, help="a folder of pages")
    parser.add_argument("--ours-only", action="store_true", help="without pywb and nginx")
    parser.add_argument("--folder", type=Path, help="where files are made, if not in the temporary folder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given = arguments()
    where = machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-", dir=given.folder) as made:
        folder = Path(made)
        files = make(folder, given.site, given.days, given.pages)
        timestamps = sorted(path.name for path in (folder / "ours/data/sites/bench/snapshots").iterdir())
        captures = captures_of(files, given.site, timestamps)
        found: list[Row] = []
        with ours(folder, captures) as server:
            found += measured(server, given, folder)
        if not given.ours_only:
            with pywb(folder, captures) as server:
                found += measured(server, given, folder)
            with nginx(folder, given.site, captures) as server:
                found += measured(server, given, folder)
    found.sort(key=lambda row: (KINDS.index(row.kind), row.connections))
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in found]}, indent=1))
        return
    print(f"{where}\n\n    .venv/bin/python bench/replay.py {shlex.join(sys.argv[1:])}\n")
    print(table(HEAD, [cells(row) for row in found], markdown=given.markdown) + "\n")
    mark = "- " if given.markdown else ""
    print("\n".join(mark + line for line in verdicts(found)))


if __name__ == "__main__":
    main()
