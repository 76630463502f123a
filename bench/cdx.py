# SPDX-License-Identifier: EUPL-1.2
"""
CDX queries over HTTP beside pywb's own CDX server, on the same lines; prints a table.

    .venv/bin/python bench/cdx.py [--days 365] [--urls 1000] [--questions 2000] [--clients 1 8]
                                  [--kinds nearest …] [--ours-only] [--json] [--markdown]

Ten years of ten thousand addresses take 20 GB of disk on our side and 10 on pywb's, and ten minutes:

    .venv/bin/python bench/cdx.py --days 3650 --urls 10000 --kinds nearest --questions 1000 --clients 1

    address    every capture of an address
    nearest    the capture of an address that is nearest to a moment
    beginning  the first hundred lines of one of twenty folders
    elsewhere  the first hundred lines of what begins as an address does: most of these questions are new
    changes    the captures of an address that differ from the one before (pywb cannot be asked so)

Ours is `viewer.app` behind waitress, as `daykeep serve` runs it, with an index for each day. pywb is its
`pywb` command from `.venv-pywb` (`make oracles`), with all lines in one index, as its `wb-manager` makes
it, without what our lines say of the original of a revisit. Three addresses in a thousand change on a day.
Each server is asked a tenth of the questions first. A question that is not answered with 200 is a failure,
and told.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import waitress  # noqa: E402

from archiver.cli.serving import MOST_FILES, allow_files  # noqa: E402
from archiver.collection import Collection  # noqa: E402
from archiver.settings import Settings, Viewer  # noqa: E402
from bench.asking import Asked, ask  # noqa: E402
from bench.days import Lines, dated  # noqa: E402
from bench.launch import cpu, family  # noqa: E402
from bench.running import running  # noqa: E402
from bench.table import machine, table  # noqa: E402
from index.catalogue import Catalogue  # noqa: E402
from index.cdxj import format_line  # noqa: E402
from index.history import History  # noqa: E402
from index.model import REVISIT, Capture, Original  # noqa: E402
from index.timestamp import to_timestamp  # noqa: E402
from index.urlkey import urlkey  # noqa: E402
from tests.support.ports import free_port  # noqa: E402
from viewer.app import THREADS, create_app  # noqa: E402

PYWB = ROOT / ".venv-pywb" / "bin" / "pywb"
SITE = "https://www.example.org"
CHANGED = 0.003
_BEGUN = datetime(2016, 1, 1, 2, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One server, one kind of question, so many at once; times in milliseconds."""

    question: str
    clients: int
    server: str
    per_second: float
    p50: float
    p99: float
    lines: float
    """Of an answer, on average."""
    cpu: float
    """Milliseconds of the server's processors, for a question."""
    refused: int
    """Questions that were not answered with 200."""


# ---- the archive -------------------------------------------------------------------------------------------


def make(folder: Path, days: int, urls: int) -> None:
    """Write an index for each day into a collection, and all their lines into one for pywb."""
    chance, collection = random.Random(20261129), Collection.create(folder / "data")
    order = sorted(range(urls), key=lambda number: _key(number) + " ")
    moments = [_BEGUN + timedelta(days=number) for number in range(days)]
    begun: list[list[int]] = [[0] for _ in order]  # of each address the days on which it changed
    today, fresh = Lines([_line(number, moments[0], revisit=False) for number in order]), list(range(urls))
    for day, moment in enumerate(moments):
        if day:
            for place in fresh:
                today.put(place, _line(order[place], moments[begun[place][-1]], revisit=True))
            fresh = chance.sample(range(urls), max(round(urls * CHANGED), 1))
            for place in fresh:
                begun[place].append(day)
                today.put(place, _line(order[place], moment, revisit=False))
        path = collection.at("bench", to_timestamp(moment)).index_path
        path.parent.mkdir(parents=True)
        path.write_bytes(today.of(f"{moment:%Y%m%d}"))
    _make_one(folder / "pywb" / "collections" / "bench", order, begun, moments)


def _make_one(folder: Path, order: list[int], begun: list[list[int]], moments: list[datetime]) -> None:
    """Write the lines of all days into one index, as pywb has them: where a revisit leads is none of it."""
    (folder / "indexes").mkdir(parents=True)
    (folder / "archive").mkdir()
    dates = [f"{moment:%Y%m%d}" for moment in moments]
    with (folder / "indexes" / "index.cdxj").open("wb") as out:
        for number, days in zip(order, begun, strict=True):
            for first, following in zip(days, [*days[1:], len(dates)], strict=True):
                out.write(_line(number, moments[first], revisit=False))
                again = _line(number, moments[first], revisit=True)
                plain = again[: again.index(b',"orig.snapshot"')] + b"}\n"
                out.write(dated(plain, dates[first + 1 : following]))


def _url(number: int) -> str:
    return f"{SITE}/part-{number % 20}/page-{number:06}.html"


def _key(number: int) -> str:
    return urlkey(_url(number))


def _line(number: int, moment: datetime, *, revisit: bool) -> bytes:
    """Return the line of an address on the day on which it changed, or what it is later but for its date."""
    url, at = _url(number), to_timestamp(moment + timedelta(seconds=number % 3600))
    first = Original(to_timestamp(moment), "b.warc.gz", number, 900, "text/html", 200, url, at)
    digest = f"sha256:{zlib.crc32(f'{number} {at}'.encode()):064x}"
    mime, same = (REVISIT, first) if revisit else ("text/html", None)
    return format_line(
        Capture(urlkey(url), at, url, mime, 200, digest, "bench.warc.gz", number, 500, original=same)
    )


# ---- the servers -------------------------------------------------------------------------------------------


def serve(folder: Path, port: int) -> None:
    """Serve our viewer over the collection until it is stopped."""
    address = f"http://localhost:{port}"
    allow_files(MOST_FILES)
    settings = Settings(data=str(folder), viewer=Viewer(address, f"http://{{label}}.localhost:{port}"))
    collection = Collection.create(folder)
    with (
        History(collection.catalogue / "history.sqlite") as history,
        Catalogue(collection.catalogue / "search") as catalogue,
    ):
        app = create_app(settings, collection, history, catalogue, now=lambda: datetime.now(UTC))
        waitress.serve(app, listen=f"127.0.0.1:{port}", threads=THREADS, asyncore_use_poll=True, _quiet=True)


def servers(folder: Path, peer: bool) -> Iterator[tuple[str, list[str | Path], int, str]]:
    """Yield each server: its name, command, port, and where it answers."""
    port = free_port()
    own: list[str | Path] = [sys.executable, Path(__file__), "--serve", folder / "data", "--port", str(port)]
    yield "daykeep", own, port, "/cdx"
    if peer:
        port = free_port()
        yield "pywb", [PYWB, "-b", "127.0.0.1", "-p", str(port), "-d", folder / "pywb"], port, "/bench/cdx"


# ---- the questions -----------------------------------------------------------------------------------------


def questions(kind: str, count: int, days: int, urls: int) -> list[str]:
    """Return the queries of a kind, the same for every server."""
    chance = random.Random(kind)
    return [_question(kind, chance, days, urls) for _ in range(count)]


def _question(kind: str, chance: random.Random, days: int, urls: int) -> str:
    number = chance.randrange(urls)
    url = f"url=www.example.org/part-{number % 20}/page-{number:06}.html"
    if kind == "nearest":
        moment = to_timestamp(_BEGUN + timedelta(days=chance.randrange(days), hours=chance.randrange(24)))
        return f"{url}&closest={moment}&sort=closest&limit=1"
    if kind == "beginning":
        return f"url=www.example.org/part-{number % 20}/&matchType=prefix&limit=100"
    if kind == "elsewhere":
        return f"{url.removesuffix('.html')}&matchType=prefix&limit=100"
    return f"{url}&collapse=digest" if kind == "changes" else url


KINDS = {"address": True, "nearest": True, "beginning": True, "elsewhere": True, "changes": False}
"""Kinds of questions, and whether pywb can be asked so."""


def rows(folder: Path, given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each kind of question, number of clients and server."""
    for server, command, port, path in servers(folder, not given.ours_only):
        with running(command, folder, port) as process:
            for kind in (name for name in given.kinds if KINDS[name] or server == "daykeep"):
                asked = questions(kind, given.questions, given.days, given.urls)
                targets = [f"{path}?{one}" for one in asked]
                ask(port, targets[: max(len(targets) // 10, 1)], 1)
                for clients in given.clients:
                    before = used(process)
                    found = ask(port, targets, clients)
                    yield _row(kind, clients, server, found, used(process) - before)


def used(process: int) -> float:
    """Return the CPU seconds of a server's processes until now."""
    return sum(map(cpu, family(process)))


def _row(kind: str, clients: int, server: str, asked: Asked, seconds: float) -> Row:
    print(f"{kind}, {clients} at once, {server}: {asked.per_second:.0f}/s", file=sys.stderr)
    for one in asked.refused[:3]:
        print(f"not answered: {one}", file=sys.stderr)
    count = len(asked.times) + len(asked.refused)
    return Row(
        kind,
        clients,
        server,
        asked.per_second,
        asked.percentile(0.5),
        asked.percentile(0.99),
        asked.lines / max(len(asked.times), 1),
        seconds / count * 1000,
        len(asked.refused),
    )


HEAD = ("question", "server", "at once", "queries/s", "p50 ms", "p99 ms", "CPU ms", "lines", "refused")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    times = f"{row.per_second:.0f}", f"{row.p50:.1f}", f"{row.p99:.1f}", f"{row.cpu:.2f}"
    return row.question, row.server, str(row.clients), *times, f"{row.lines:.0f}", str(row.refused)


def verdicts(found: list[Row]) -> Iterator[str]:
    """Yield what ours does beside pywb."""
    for row in found:
        for peer in found:
            same = (peer.question, peer.clients) == (row.question, row.clients)
            if same and (row.server, peer.server) == ("daykeep", "pywb"):
                times = row.per_second / (peer.per_second or float("nan"))
                work = peer.cpu / (row.cpu or float("nan"))
                yield (
                    f"{row.question}, {row.clients} at once: {times:.1f} times pywb's queries/s (aim: 5), "
                    f"{work:.1f} times as many per CPU second"
                )
        if row.refused:
            yield f"{row.question}, {row.clients} at once: {row.server} refused {row.refused}: FAILED"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="CDX queries beside pywb's CDX server.")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--urls", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=2000, help="of each kind")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="questions at once")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS), help="of questions")
    parser.add_argument("--ours-only", action="store_true", help="without pywb")
    parser.add_argument("--folder", type=Path, help="where files are made, if not in the temporary folder")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    given = arguments()
    if given.serve:
        serve(given.serve, given.port)
        return
    where = machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-", dir=given.folder) as name:
        begun = time.perf_counter()
        make(Path(name), given.days, given.urls)
        made = f"{given.days} days of {given.urls} addresses, made in {time.perf_counter() - begun:.0f} s"
        print(made, file=sys.stderr)
        found = sorted(
            rows(Path(name), given), key=lambda row: (list(KINDS).index(row.question), row.clients)
        )
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in found]}, indent=1))
        return
    print(
        f"{where}\n\n    .venv/bin/python bench/cdx.py {shlex.join(sys.argv[1:])}\n\n"
        f"{made.partition(',')[0]}.\n"
    )
    print(table(HEAD, [cells(row) for row in found], markdown=given.markdown) + "\n")
    mark = "- " if given.markdown else ""
    print("\n".join(mark + line for line in verdicts(found)))


if __name__ == "__main__":
    main()
