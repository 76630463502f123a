# SPDX-License-Identifier: EUPL-1.2
"""The bench runs on a small site: its rows and the counts in them; never how fast anything was."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from archiver.scanning.scan import Seen, scan
from bench import served
from bench.asking import ask
from bench.captured import distinct
from bench.generated import LARGE, generate
from bench.made import make
from bench.measure import measure

ROOT = Path(__file__).parents[1]
PAGES = 40


def bench(script: str, *arguments: str | Path) -> Any:
    """Run a script of the bench and return what it prints with --json."""
    command = [sys.executable, ROOT / "bench" / script, *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sys.stderr.write(done.stderr)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """Crawl a small site beside wget, and return the rows by day and tool."""
    site = tmp_path_factory.mktemp("bench") / "site"
    generate(site, PAGES)
    report = bench("crawl.py", "--site", site, "--peers", "wget", "--changed", "0.1")
    return {(row["day"], row["tool"]): row for row in report["rows"]}


def test_rows_of_every_day(rows):
    """wget, our crawl up to the seal, and the whole command have a row each on each of the three days."""
    tools = ("wget", "daykeep", "daykeep + search")
    assert list(rows) == [(day, tool) for day in ("first", "unchanged", "changed") for tool in tools]


def test_everybody_captures_the_same(rows):
    """All pages and the style sheet are captured by both, on every day."""
    assert {key: row["captured"] for key, row in rows.items()} == dict.fromkeys(rows, PAGES + 1)


def test_nginx_counts_bodies(rows):
    """To wget every body is sent on every day, and every row tells requests and bytes of WARC."""
    assert {rows[day, "wget"]["bodies"] for day in ("first", "unchanged", "changed")} == {PAGES + 1}
    assert all(row["requests"] >= row["bodies"] and row["warc_bytes"] > 0 for row in rows.values())


def test_seal_comes_before_search(rows):
    """The row up to the seal is a part of the whole command's."""
    for day in ("first", "unchanged", "changed"):
        assert rows[day, "daykeep"]["wall"] <= rows[day, "daykeep + search"]["wall"]


def test_parts_of_an_answer(tmp_path):
    """The bench of answers gets every page and payload, and tells of each where the time went."""
    (tmp_path / "a.html").write_text(
        "<!doctype html><title>A</title><a href='https://x.example/'>a</a>" * 300
    )
    report = bench("answer.py", "--site", tmp_path, "--times", "40")
    assert "page: decoded, rewritten, encoded" in report["page"]
    assert sum(report["page"].values()) > sum(report["payload"].values()) > 0


def test_memory():
    """The bench of memory crawls its three sites whole, the large body among them."""
    report = bench("memory.py", "--urls", "30", "--small", "12", "--body", "3000000")
    rows = {(row["site"], row["until"]): row for row in report["rows"]}
    assert {site: rows[site, "seal"]["captured"] for site, _ in rows} == {
        "small": 13,
        "small + body": 14,
        "large": 30,
    }
    assert rows["small + body", "seal"]["warc_bytes"] > rows["small", "seal"]["warc_bytes"]


def test_reading(tmp_path):
    """The bench of reading has a row for each tool on one file, and ours again on a smaller one."""
    generate(tmp_path / "site", 60)
    report = bench("reading.py", "--site", tmp_path / "site", "--megabytes", "1", "--folder", tmp_path)
    tools = ["scan", "read back", "import", "verify"]
    rows = [(row["file"], row["tool"]) for row in report["rows"]]
    peers = ["warcio check", "cdxj-indexer", "pywb cdx-indexer", "fastwarc check"]
    assert rows == [("1.warc.gz", tool) for tool in tools + peers] + [("0.1.warc.gz", tool) for tool in tools]
    assert all(row["records"] > 10 and row["cpu"] > 0 < row["peak"] for row in report["rows"])


def test_made_warcs_are_read_by_their_tool(tmp_path):
    """The file that is read is one that warcio finds nothing wrong with, whole to our scan, compressed or not."""
    generate(tmp_path / "site", 20)
    for compressed in (True, False):
        path = tmp_path / f"made-{compressed}"
        records = make(path, tmp_path / "site", 0.1, compressed=compressed)
        subprocess.run([ROOT / ".venv" / "bin" / "warcio", "check", path], check=True)
        assert sum(isinstance(one, Seen) and one.intact for one in scan(path)) == records


def test_generated_site_is_the_same_twice(tmp_path):
    """The same number of pages gives the same bytes, and a large body takes no room."""
    assert [generate(tmp_path / name, 25, large=1 << 30) for name in "ab"] == [27, 27]
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.html")}
        for name in "ab"
    )
    assert len(first) == 25
    assert first == second
    assert (tmp_path / "a" / LARGE).stat().st_blocks == 0


def test_change(tmp_path):
    """The share of pages asked for is changed, inside the body, and no other file."""
    generate(tmp_path / "site", 20)
    before = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*.*")}
    assert served.change(tmp_path / "site", 0.25, random.Random(3)) == 5
    assert sum(path.read_bytes() != text for path, text in before.items()) == 5


def test_measure_children_and_mark(tmp_path):
    """A child's CPU and memory are counted, and the mark on stderr splits the run."""
    hungry = "sum(range(3_000_000)); held = bytearray(60_000_000)"
    code = (
        "import subprocess, sys; print('half way', file=sys.stderr, flush=True); "
        f"subprocess.run([sys.executable, '-c', '{hungry}'], check=True)"
    )
    done = measure([sys.executable, "-c", code], tmp_path, mark="half way")
    assert done.marked is not None
    assert done.marked.wall < done.whole.wall
    assert done.marked.peak < 57 < done.whole.peak
    assert done.marked.cpu < done.whole.cpu


def test_measure_tells_a_failure(tmp_path):
    """A command that fails ends the bench with its last words."""
    with pytest.raises(SystemExit, match="ended with 4:\nno such thing"):
        measure(["sh", "-c", "echo no such thing >&2; exit 4"], tmp_path)


def test_distinct_of_nothing():
    """No WARC, no URL."""
    assert distinct([]) == 0


def test_deflate(tmp_path: Path) -> None:
    """Pages of a folder give a row for each library and level; where there are none, it is said what to install."""
    command = [sys.executable, ROOT / "bench" / "deflate.py", "--markdown", "--megabytes", "1", "--site"]
    ended = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, "apt-get install cppreference-doc-en-html" in ended.stderr) == (1, True)
    (tmp_path / "a.html").write_bytes(b"<p>Wie een vergunning aanvraagt, krijgt bericht.</p>" * 10_000)
    ended = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=True, timeout=60)
    assert {row.split(" | ")[1] for row in ended.stdout.splitlines()[4:]} >= {"zlib 6", "isal 2"}


def test_years():
    """A day adds what has changed, one without change nothing, and every question is asked."""
    report = bench("years.py", "--days", "6", "--urls", "200", "--changed", "0.1", "--asked", "7")
    rows = {row["what"]: row for row in report["rows"]}
    assert [rows[what]["times"] for what in ("first day", "a day", "a day without")] == [1, 4, 1]
    assert rows["a day without"]["bytes"] == 0 < rows["its lines, one for each capture"]["bytes"]
    assert [rows[what]["times"] for what in ("history", "on a day", "a word")] == [7, 7, 7]
    without = bench("years.py", "--days", "3", "--urls", "20", "--asked", "1", "--words", "0")
    assert "a word" not in {row["what"] for row in without["rows"]}


def test_cdx_questions_have_the_same_answers() -> None:
    """The bench of CDX queries has a row for each question and server, and both find the same lines."""
    found = bench("cdx.py", "--days", "6", "--urls", "40", "--questions", "20", "--clients", "1", "2")["rows"]
    lines = {(row["question"], row["clients"], row["server"]): row["lines"] for row in found}
    assert len(lines) == 2 * (5 + 4)
    assert [row for row in found if row["refused"]] == []
    for question in ("address", "nearest", "beginning", "elsewhere"):
        for clients in (1, 2):
            ours, theirs = (lines[question, clients, server] for server in ("daykeep", "pywb"))
            assert ours == theirs > 0
    assert lines["address", 1, "daykeep"] == 6
    assert 1 <= lines["changes", 1, "daykeep"] < 2


def test_a_question_that_is_refused_is_counted() -> None:
    """What is not answered with 200 is no answer, and is told."""

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path == "/no" else 200)
            self.end_headers()
            self.wfile.write(b"one\ntwo\n")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        asked = ask(server.server_address[1], ["/a", "/no", "/b"], 2)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (len(asked.times), asked.lines, len(asked.refused)) == (2, 4, 1)
    assert asked.refused[0].startswith("/no: b'HTTP/1.0 503")


def test_search_finds_no_less_than_its_peers(tmp_path) -> None:
    """The bench of the search index has a row for each engine, asked the same, and ours finds no less."""
    generate(tmp_path / "site", 40)
    found = bench("search.py", "--documents", "150", "--asked", "25", "--site", tmp_path / "site")["rows"]
    rows = {row["engine"]: row["found"] for row in found}
    assert list(rows) == ["daykeep", "tantivy", "fts5"]
    for kind in ("term", "two terms", "phrase"):
        assert rows["daykeep"][kind] >= max(rows["tantivy"][kind], rows["fts5"][kind]) > 0


@pytest.mark.parametrize("one_in", [6, pytest.param(1, marks=pytest.mark.large)])
def test_visitors_ask_every_kind_of_page(tmp_path, one_in) -> None:
    """The benches of pages make an archive in which every kind of page has something, and is answered."""
    small = ("--days", "9", "--urls", "30", "--archive", tmp_path)
    alone = bench("pages.py", *small, "--pages", "3")["rows"]
    assert {row["kind"]: (row["failed"], row["pages"] > 0) for row in alone} == {
        row["kind"]: (0, True) for row in alone
    }
    kinds = [row["kind"] for row in alone]
    assert {"calendar", "day", "between", "search", "compare", "frame", "replayed", "feed", "all"} <= set(
        kinds
    )
    visitors = ("--visitors", "2", "--seconds", "1", "--think", "0.02", "--stress", "1")
    rows = bench("visitors.py", *small, *visitors, "--kinds", *kinds[::one_in])["rows"]
    assert [row["kind"] for row in rows] == kinds[::one_in]
    assert {row["kind"]: row["failed"] for row in rows} == dict.fromkeys(kinds[::one_in], 0)
    # on a busy machine a second may be too short for some kind
    assert all(row["kilobytes"] > 0.3 for row in rows if row["answers"])
    assert any(row["answers"] for row in rows)
    assert any(row["stress_per_second"] for row in rows)
