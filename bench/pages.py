# SPDX-License-Identifier: EUPL-1.2
"""
What every kind of page of the viewer costs the processor, in one process without a server around it.

    .venv/bin/python bench/pages.py [--days 3650] [--urls 2000] [--pages 100] [--kinds calendar …]
                                    [--archive DIR] [--profile] [--json] [--markdown]

The archive and the kinds of page are those of bench/visitors.py; `--archive` keeps what is made in a folder,
and takes it from there the next time. Each kind is asked for so many of its pages, no address twice, after
some that warm up what is made once; then the same again. Processor time of this process counts, so that other
jobs beside it matter little. `--profile` prints where the time of each kind went, to standard error.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.test import Client

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.collection import Collection  # noqa: E402
from archiver.settings import Settings, load  # noqa: E402
from bench.decade import Made, archive  # noqa: E402
from bench.table import machine, report  # noqa: E402
from bench.visitors import Asked, Target, configured  # noqa: E402
from index.catalogue import Catalogue  # noqa: E402
from index.history import History  # noqa: E402
from viewer.app import create_app  # noqa: E402

PORT = 8080
WARM = 5
"""Pages of each kind that are asked for before any is counted."""
FIELDS = {
    "Accept-Language": "nl,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Mode": "navigate",
}
LINES = 60
"""Lines of a profile."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of page; milliseconds of the processor for each."""

    kind: str
    pages: int
    first: float
    """Each asked for the first time."""
    again: float
    kilobytes: float
    """Of a body, on average."""
    failed: int


class Asker:
    """Asks an application in this process."""

    def __init__(self, settings: Settings, history: History, catalogue: Catalogue) -> None:
        app = create_app(
            settings, Collection(settings.root), history, catalogue, now=lambda: datetime.now(UTC)
        )
        self._client = Client(app, use_cookies=False)

    def ask(self, targets: list[Target]) -> tuple[float, int, int]:
        """Return milliseconds of the processor for each, bytes in all, and how many were no good answer."""
        size = failed = 0
        begun = time.process_time()
        for host, path in targets:
            shown = {"Sec-Fetch-Dest": "document" if host.startswith("localhost") else "iframe"}
            answer = self._client.get(path, base_url=f"http://{host}", headers=FIELDS | shown, buffered=True)
            size += len(answer.data)
            failed += answer.status_code >= 400
        return (time.process_time() - begun) / max(len(targets), 1) * 1000, size, failed


def measured(asker: Asker, made: Made, given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each kind of page."""
    asked = Asked(made, PORT).all()
    for kind in given.kinds or asked:
        warm, targets = asked[kind][-WARM:], asked[kind][: given.pages]
        asker.ask(warm)
        with profiled(kind) if given.profile else ExitStack():
            first, size, failed = asker.ask(targets)
        again, _, more = asker.ask(targets)
        yield Row(kind, len(targets), first, again, size / len(targets) / 1000, failed + more)


@contextmanager
def profiled(kind: str) -> Iterator[None]:
    """Tell where the time of what is done inside went."""
    profile = cProfile.Profile(time.process_time)
    profile.enable()
    yield
    profile.disable()
    print(f"==== {kind}", file=sys.stderr)
    pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(LINES)


HEAD = ("page", "pages", "CPU ms", "again", "kB", "failed")


def cells(row: Row) -> tuple[str, ...]:
    """Return a line of the table."""
    costs = f"{row.first:.2f}", f"{row.again:.2f}", f"{row.kilobytes:.1f}"
    return row.kind, str(row.pages), *costs, str(row.failed)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What the viewer's pages cost the processor.")
    parser.add_argument("--days", type=int, default=3650)
    parser.add_argument("--urls", type=int, default=2000)
    parser.add_argument("--pages", type=int, default=100, help="of each kind")
    parser.add_argument("--kinds", nargs="+", help="only these kinds of page")
    parser.add_argument("--archive", type=Path, help="where the archive is made, or was made before")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Measure, in a folder that is removed afterwards where none is given."""
    given, where = arguments(), machine()
    with ExitStack() as stack:
        folder = given.archive or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="daykeep-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        made = archive(folder, given.days, given.urls)
        settings = load(configured(folder, PORT))
        kept = Collection(settings.root).catalogue
        history = stack.enter_context(History(kept / "history.sqlite"))
        catalogue = stack.enter_context(Catalogue(kept / "search"))
        rows = list(measured(Asker(settings, history, catalogue), made, given))
    if given.json:
        print(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    command = ".venv/bin/python bench/pages.py " + shlex.join(sys.argv[1:])
    print(report(where, command, HEAD, list(map(cells, rows)), [], markdown=given.markdown))


if __name__ == "__main__":
    main()
