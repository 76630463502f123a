# SPDX-License-Identifier: EUPL-1.2
"""
Where the CPU of an answer of replay goes that nobody asked for yet, in one process without a server.

    .venv/bin/python bench/answer.py [--pages 240] [--times 8] [--json] [--markdown]

The pages are those of bench/replay.py, each asked for as a page and as a payload. What runs is looked at
every millisecond of the process; a part is all that its function does, whoever it calls. One thread: other
jobs make it slower by what they take of the caches, so figures are for comparison with each other.
"""

from __future__ import annotations

import argparse
import io
import json
import shlex
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Self

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.cli.compose import shelves, utc_now  # noqa: E402
from archiver.collection import Collection  # noqa: E402
from archiver.settings import load  # noqa: E402
from bench.replay import BASE, SITE, SITE_OF_BENCH, make  # noqa: E402
from bench.table import machine, table  # noqa: E402
from index.urlkey import origin  # noqa: E402
from viewer.addresses.address import ReplayAddresses  # noqa: E402
from viewer.app import create_app  # noqa: E402
from viewer.kept_answers import Keeping  # noqa: E402

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REPLAY = "http://{label}.localhost:8080"
SETTINGS = f'[viewer]\nbase_url = "http://localhost:8080"\nreplay_url = "{REPLAY}"\nkept_bytes = 0\n'
EVERY = 0.001

PASSED_OVER = "page: passed over as dull"
REST = "the rest"
PARTS = {
    ("open_snapshot.py", "exactly"): "capture: looked up",
    ("straight_payload.py", "stored_for"): "record: read, inflated, heads",
    ("body.py", "beginning"): "body: inflated",
    ("html.py", "rewrite_html"): "page: decoded, rewritten, encoded",
    ("body.py", "packed"): "body: deflated",
    **dict.fromkeys(
        [
            ("finished.py", "finish"), ("finished.py", "etag_of"), ("straight_replay.py", "_policies"),
            ("stored_answer.py", "headers_of"), ("page_head.py", "head"), ("as_captured.py", "payload_of"),
            ("as_memento.py", "memento_fields"),
        ],
        "header fields, and what goes first into a page",
    ),
}  # fmt: skip
"""The functions, of these files, that a part is."""


class Watch:
    """Looks again and again at what runs."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def _look(self, _number: int, frame: FrameType | None) -> None:
        part = REST
        while frame is not None:
            code = frame.f_code
            file = code.co_filename.rpartition("/")[2]
            if file == "dull.py":
                part = PASSED_OVER
                break
            part = PARTS.get((file, code.co_name), part)
            frame = frame.f_back
        self.seen[part] += 1

    def __enter__(self) -> Self:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)


def question(host: str, target: str, destination: str) -> WSGIEnvironment:
    """Return a plain question as a server hands it on."""
    return {
        "REQUEST_METHOD": "GET", "HTTP_HOST": host, "REQUEST_URI": target, "PATH_INFO": target,
        "QUERY_STRING": "", "SCRIPT_NAME": "", "SERVER_NAME": host, "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_SEC_FETCH_MODE": "no-cors",
        "HTTP_SEC_FETCH_DEST": destination, "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip


def ask(app: Keeping, asked: WSGIEnvironment) -> None:
    """Ask as the server does: is it at hand, then the answer."""
    told: list[str] = []

    def begin(status: str, *_: object) -> object:
        told.append(status)
        return None

    environ = dict(asked)
    app.is_at_hand(environ)
    body = app(environ, begin)  # type: ignore[arg-type]  # nobody here writes by what it returns
    for _ in body:
        pass
    getattr(body, "close", lambda: None)()
    if not told[0].startswith("200"):
        raise SystemExit(f"{asked['REQUEST_URI']}: {told[0]}")


def profile(app: Keeping, all_of: Sequence[WSGIEnvironment], times: int) -> dict[str, float]:
    """Return what each part takes of the processor for one answer, in microseconds."""
    ask(app, all_of[0])
    with Watch() as watch:
        begun = time.thread_time()
        for _ in range(times):
            for one in all_of:
                ask(app, one)
        spent = (time.thread_time() - begun) / times / len(all_of) * 1e6
    return {part: spent * count / watch.seen.total() for part, count in watch.seen.items()}


def rows(page: dict[str, float], payload: dict[str, float]) -> Iterator[tuple[str, str, str]]:
    """Yield the lines of the table."""
    for part in dict.fromkeys([*PARTS.values(), PASSED_OVER, REST]):
        yield part, f"{page.get(part, 0):.0f}", f"{payload.get(part, 0):.0f}"
    yield "all of it", f"{sum(page.values()):.0f}", f"{sum(payload.values()):.0f}"


def questions(name: str, urls: Iterable[str]) -> tuple[list[WSGIEnvironment], list[WSGIEnvironment]]:
    """Return the questions for pages of a day, and for their payloads."""
    host = ReplayAddresses(REPLAY).origin(name, origin(BASE)).removeprefix("http://")
    pages, payloads = [], []
    for url in urls:
        pages.append(question(host, url.removeprefix(BASE), "iframe"))
        payloads.append(question("localhost:8080", f"/web/{name}id_/{url}", "empty"))
    return pages, payloads


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description="Where the CPU of an answer goes.")
    parser.add_argument("--pages", type=int, default=240)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--site", type=Path, default=SITE, help="a folder of pages")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory(prefix="daykeep-bench-") as made:
        folder = Path(made)
        make(folder, given.site, 1, given.pages)
        config = folder / "ours" / "config" / "daykeep.toml"
        config.write_text(SETTINGS + SITE_OF_BENCH)
        settings = load(config)
        collection = Collection(settings.root)
        [day] = collection.snapshots("bench")
        urls = [one.url for one in day.index.captures() if one.mime == "text/html"]
        with shelves(collection) as opened:
            app = create_app(settings, collection, opened.history, opened.catalogue, now=utc_now)
            page, payload = (profile(app, asked, given.times) for asked in questions(day.timestamp, urls))
    if given.json:
        print(json.dumps({"machine": where, "page": page, "payload": payload}, indent=1))
        return
    print(f"{where}\n\n    .venv/bin/python bench/answer.py {shlex.join(sys.argv[1:])}\n")
    head = "part", "page, microseconds", "payload, microseconds"
    print(table(head, list(rows(page, payload)), markdown=given.markdown))


if __name__ == "__main__":
    main()
