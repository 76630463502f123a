# SPDX-License-Identifier: EUPL-1.2
"""
Other people's validators on our files: nothing to complain about, but for the false alarms that are known.

docs/validators.md is the page for auditors. Each false alarm it names fails a test here when the tool no longer
raises it, so that the page can say so.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import Counter
from pathlib import Path

import brotli
import pytest
from warcio.archiveiterator import ArchiveIterator

from archiver.demo.run import CONFIGURATION, build
from tests.support.complaints import FORMS, ROWS, Head, complaints, heads
from tests.support.exchanges import exchange_of, warc_files
from tests.support.nginx import Nginx
from tests.support.oracles import ROOT, oracle
from tests.support.serving import daykeep

MANUAL = Path("/usr/share/doc/python3.11/html")
# Chapters that come without validators are sent whole again on the second day, and found to be the same; one that
# is sent as it is has a Content-Length, and is over the limit.
UNCONDITIONAL = f"""
location "/python/tutorial/c" {{ alias "{MANUAL}/tutorial/c"; etag off; add_header Last-Modified ""; if_modified_since off; }}
location "/python/tutorial/d" {{ alias "{MANUAL}/tutorial/d"; gzip off; }}
"""
REAL = """
[[site]]
name = "python"
seeds = ["{url}python/tutorial/index.html"]
scope = "prefix"
exclude = ["^https?://(?!127[.])"]
delay = 0
retries = 0
max_bytes = 60000
compression = "none"
allow_addresses = ["127.0.0.1"]
"""


def warcs(folder: Path) -> list[Path]:
    return sorted(folder.glob("data/sites/*/snapshots/*/archive/*"))


@pytest.fixture(scope="module")
def demonstration(demo, tmp_path_factory) -> list[Path]:
    """Return the WARCs of the demonstration's days, gzip and plain."""
    plain = tmp_path_factory.mktemp("plain")
    (plain / "config").mkdir()
    (plain / "config" / "daykeep.toml").write_text(CONFIGURATION + 'compression = "none"\n')
    build(plain, lambda: f"<urn:uuid:{uuid.uuid4()}>", lambda *_: None)
    return warcs(demo.parents[1]) + warcs(plain)


@pytest.fixture(scope="module")
def documentation(tmp_path_factory) -> list[Path]:
    """Return the plain WARCs of two days of Debian's Python tutorial behind nginx."""
    folder = tmp_path_factory.mktemp("documentation")
    config = folder / "config" / "daykeep.toml"
    config.parent.mkdir()
    with Nginx({"/python/": MANUAL}, folder / "nginx", server=UNCONDITIONAL) as server:
        config.write_text(REAL.format(url=server.url))
        for _ in range(2):
            ran = daykeep("crawl", "python", config=config)
            assert ran.returncode == 3, ran.stderr  # done, and one answer is over max_bytes
    return warcs(folder)


@pytest.fixture(scope="module")
def segmented(tmp_path_factory) -> list[Path]:
    """Return the WARCs of a body that no file has room for: a first segment and its continuations."""
    folder = tmp_path_factory.mktemp("segmented")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 30000\r\n\r\n"
    writer = warc_files(folder, compression="gzip", max_file=8000)
    writer.exchange(exchange_of(head + random.Random(4).randbytes(30_000), max_bytes=1 << 20))
    writer.close()
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def files(demonstration, documentation) -> list[Path]:
    return demonstration + documentation


def kinds(paths: list[Path]) -> Counter[str]:
    """Count the records by type, and what is special about them."""
    found: Counter[str] = Counter()
    for head in (head for path in paths for head in heads(path)):
        found[head.kind] += 1
        found[(head.get("warc-profile") or "").rpartition("/")[2]] += 1
        found[f"truncated {head.kind}"] += head.get("warc-truncated") is not None
        found["chunked"] += head.kind == "response" and head.get("warc-payload-digest") is None
    return found


def test_there_is_something_to_judge(files):
    """The files have each kind of record, answers that were chunked and cut, and revisits of both kinds."""
    assert len(files) == 2 * 7 + 2
    assert {path.suffix for path in files} == {".gz", ".warc"}
    found = kinds(files)
    wanted = "warcinfo response request resource revisit chunked identical-payload-digest server-not-modified"
    assert [name for name in [*wanted.split(), "truncated response"] if not found[name]] == []


def test_warcio_check(files):
    """`warcio check` has nothing to say of any file."""
    ran = oracle("warcio", "check", *files)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_fastwarc_check(files):
    """`fastwarc check` passes every record of every file."""
    for path in files:
        ran = oracle("fastwarc", "check", path)
        count = sum(1 for _ in heads(path))
        assert (ran.returncode, ran.stdout) == (0, f"{count} records were verified successfully.\n"), path


def test_warcio_index_reads_every_record(files):
    """`warcio index` finds the records where our own index says they are, and says nothing else."""
    for path in files:
        ran = oracle("warcio", "index", "-f", "offset,warc-type,warc-record-id", path)
        theirs = [json.loads(line) for line in ran.stdout.splitlines()]
        assert (ran.returncode, ran.stderr) == (0, "")
        ours = index_of(path)
        assert {f"<{line['record']}>": line["offset"] for line in ours}.items() <= {
            line["warc-record-id"]: line["offset"] for line in theirs
        }.items()
        assert len(theirs) == sum(1 for _ in heads(path))


def index_of(path: Path) -> list[dict[str, str]]:
    """Return the lines of our index that point into a WARC."""
    text = (path.parents[1] / "indexes" / "index.cdxj").read_text(encoding="ascii")
    lines = [json.loads(line.split(" ", 2)[2]) for line in text.splitlines()]
    return [line for line in lines if line["filename"] == path.name]


def test_segments_are_accepted(segmented):
    """A record in segments passes warcio and FastWARC, and nothing is to be complained about that is no false alarm."""
    assert [head.kind for path in segmented for head in heads(path)].count("continuation") >= 3
    assert oracle("warcio", "check", *segmented).stdout == ""
    for path in segmented:
        assert oracle("fastwarc", "check", path).returncode == 0
    told = [one for path in segmented for one in complaints(path)]
    assert [one for one in told if not one.false_alarm] == []
    assert {one.words for one in told} >= {
        "WARC-Segment-Origin-ID is not a number",
        "HTTP Content-Length differs on what is cut or segmented",
    }


# ---- tools that cannot be run here -----------------------------------------------------------------------------


def test_no_known_complaint(files):
    """None of the complaints that jwarc, warchaeology and JHOVE are known for is deserved."""
    deserved = [one for path in files for one in complaints(path) if not one.false_alarm]
    assert deserved == []


GOOD = {
    "warc-type": "response",
    "warc-record-id": "<urn:uuid:00000000-0000-4000-8000-000000000001>",
    "warc-date": "2026-03-02T02:30:00Z",
    "warc-target-uri": "https://www.example.org/",
    "content-type": "application/http; msgtype=response",
    "content-length": "100",
}
REVISIT = GOOD | {"warc-type": "revisit", "warc-profile": "http://netpreserve.org/warc/1.1/revisit/x"}
NEXT = GOOD | {"warc-type": "continuation", "warc-segment-origin-id": GOOD["warc-record-id"]}
SHORT = {"http_length": "90", "body": 80}


def head(fields: dict[str, str | None], *more: tuple[str, str], **about) -> Head:
    kept = tuple((name, value) for name, value in fields.items() if value is not None)
    return Head((*kept, *more), **about)


@pytest.mark.parametrize(
    ("words", "bad"),
    [
        ("field must not be repeated", head(GOOD, ("warc-date", "2026-03-02T02:30:00Z"))),
        ("field not allowed on this record", head(GOOD | {"warc-filename": "x.warc"})),
        ("mandatory field missing", head(GOOD | {"warc-target-uri": None})),
        ("mandatory field missing", head(REVISIT | {"warc-profile": None})),
        (
            "value not as the standard has it, or URI outside RFC 3986",
            head(GOOD | {"warc-target-uri": "http://a/|"}),
        ),
        (
            "value not as the standard has it, or URI outside RFC 3986",
            head(GOOD | {"warc-date": "2026-03-02"}),
        ),
        ("Content-Type missing", head(GOOD | {"content-type": None})),
        ("unknown record type", head(GOOD | {"warc-type": "respons"})),
        ("HTTP Content-Length differs", head(GOOD, **SHORT)),
        (
            "HTTP Content-Length differs on what is cut or segmented",
            head(GOOD | {"warc-truncated": "length"}, **SHORT),
        ),
        (
            "HTTP Content-Length differs on what is cut or segmented",
            head(GOOD, ("warc-segment-number", "1"), **SHORT),
        ),
        ("WARC-Segment-Origin-ID is not a number", head(NEXT)),
        ("WARC-Date has a fraction", head(GOOD | {"warc-date": "2026-03-02T02:30:00.5Z"})),
        (
            "payload digest of a revisit is not that of its block",
            head(REVISIT | {"warc-payload-digest": f"sha256:{0:064}"}),
        ),
    ],
)
def test_complaint_is_raised(words, bad):
    """Each row finds what it is about, and nothing else speaks up."""
    assert [row.words for row in ROWS if row.about(bad)] == [words]


@pytest.mark.parametrize("good", [GOOD, REVISIT])
def test_nothing_to_complain_about(good):
    """A record that is right passes every row."""
    assert [row.words for row in ROWS if row.about(head(good, http_length="80", body=80))] == []


def test_every_row_has_an_example():
    """No row is without its example above."""
    marks = [mark for mark in test_complaint_is_raised.pytestmark if mark.name == "parametrize"]
    assert {words for words, _ in marks[0].args[1]} == {row.words for row in ROWS}
    assert set(FORMS) >= {"warc-date", "warc-target-uri"}


# ---- false alarms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "HTTP Content-Length differs on what is cut or segmented",
        "WARC-Date has a fraction",
        "payload digest of a revisit is not that of its block",
    ],
)
def test_known_false_alarm_is_raised(files, words):
    """What the page calls a false alarm does occur in these files."""
    assert any(one.words == words for path in files for one in complaints(path))


def test_fastwarc_calls_payloads_wrong_that_are_right(files, tmp_path):
    """`fastwarc check -p` refuses the payload digest of revisits and resources, and of nothing else."""
    for number, path in enumerate(files):
        report = tmp_path / f"{number}.txt"
        assert oracle("fastwarc", "check", "-p", "-o", report, path).returncode == 1
        refused = {record for record, said in said_by(report) if "PAYLOAD_FAIL" in said}
        assert refused == {
            head.get("warc-record-id")
            for head in heads(path)
            if head.kind in {"revisit", "resource"} and head.get("warc-payload-digest")
        }


def said_by(report: Path) -> list[tuple[str, str]]:
    lines = (line.partition(": ") for line in report.read_text().splitlines())
    return [(record, said) for record, _, said in lines]


def test_chunked_payload_digest_would_be_called_wrong(documentation, tmp_path):
    """The right payload digest on a chunked response makes warcio call the file wrong: the reason we leave it out."""
    plain = documentation[0]
    with plain.open("rb") as file:
        chunked = next(
            record.rec_headers.get_header("WARC-Record-ID")
            for record in ArchiveIterator(file)
            if record.http_headers and record.http_headers.get_header("Transfer-Encoding") == "chunked"
        )
    digest = next(line["digest"] for line in index_of(plain) if f"<{line['record']}>" == chunked)
    data = plain.read_bytes()
    name = f"WARC-Record-ID: {chunked}\r\n".encode()
    forged = tmp_path / "forged.warc"
    forged.write_bytes(data.replace(name, name + f"WARC-Payload-Digest: {digest}\r\n".encode(), 1))
    ran = oracle("warcio", "check", forged)
    assert ran.returncode == 1
    assert re.findall(r"payload digest failed", ran.stdout) == ["payload digest failed"]


def test_warcio_ends_at_brotli(tmp_path):
    """At a response in brotli `warcio check` ends with a traceback; without the module it reads on, and FastWARC does."""
    body = brotli.compress(b"Wie een vergunning aanvraagt, krijgt bericht.")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: %d\r\n\r\n" % len(body)
    writer = warc_files(tmp_path, compression="gzip")
    writer.exchange(exchange_of(head + body))
    writer.close()
    (path,) = tmp_path.iterdir()
    assert "has no attribute 'unused_data'" in oracle("warcio", "check", path).stderr
    without = (
        "import sys; sys.modules['brotli'] = None; from warcio.cli import main; main(['check', sys.argv[1]])"
    )
    ran = oracle("python", "-c", without, path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert oracle("fastwarc", "check", path).returncode == 0


def test_page_names_every_false_alarm():
    """docs/validators.md has each false alarm by name of the tool and in our words."""
    text = (ROOT / "docs" / "validators.md").read_text(encoding="utf-8")
    assert [
        row.words for row in ROWS if row.false_alarm and f"| {row.tool} | {row.words} |" not in text
    ] == []
