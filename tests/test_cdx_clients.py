# SPDX-License-Identifier: EUPL-1.2
"""
The field's own clients ask our CDX server: cdx-toolkit, waybackpy and wayback, as they come from PyPI.

Those that know one address find us there (tests/support/wayback_machine.py). What they make of our answers is
held against a scan of all lines.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from index.cdx_server.days import Sealed, days_of
from tests.support.archive import Archive, Reply, build
from tests.support.cdx_days import scan
from tests.support.oracles import CLIENTS, needed, oracle
from tests.support.ports import free_port
from tests.support.viewing import serving
from tests.support.wayback_machine import served_as_wayback_machine

HOME = "https://www.example.org/"
PAGES = [f"{HOME}p/{number}" for number in range(12)]
# no pause between questions: it is a courtesy to others' servers, and has a setting
QUICK = {"CDXT_DEFAULT_MIN_RETRY_INTERVAL": "0", "CDXT_IA_MIN_RETRY_INTERVAL": "0"}


def day(number: int) -> dict[str, Reply]:
    """Return a day: the home page changes on the third, pages with an odd number every day, the rest never."""
    home = Reply(f"<title>Home</title>version {number // 2}")
    pages = {url: Reply(f"page {n}, day {number if n % 2 else 0}") for n, url in enumerate(PAGES)}
    other = {
        f"{HOME}moved": Reply(status=301, headers=(("Location", HOME),)),
        f"{HOME}gone": Reply("gone", status=404),
        "https://news.example.org/": Reply("news"),
    }
    return {HOME: home, **pages, **other}


SITES = {
    "demo": {f"2026030{number + 1}023000": day(number) for number in range(4)},
    "other": {"20260302040000": {HOME: Reply("seen by another crawl")}},
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("archive"), SITES, port=free_port()) as built:
        yield built


@pytest.fixture(scope="module")
def here(archive: Archive) -> Iterator[str]:
    """Serve the archive under its own name."""
    port = int(archive.settings.viewer.base_url.rpartition(":")[2])
    with serving(archive, port) as address:
        yield address


@pytest.fixture(scope="module")
def there(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve it as web.archive.org, and yield the environment of programs that find it there."""
    with served_as_wayback_machine(archive, tmp_path_factory.mktemp("machine")) as environment:
        yield environment


def client(environment: dict[str, str], code: str) -> Any:
    """Run a program with the clients installed, and return what it leaves in `found`."""
    program = f"import json\n{code}\nprint(json.dumps(found))"
    done = subprocess.run(
        [needed(CLIENTS / "python"), "-I", "-c", program],
        env=environment | QUICK,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def expected(archive: Archive, *asked: tuple[str, str]) -> list[list[str]]:
    held = [
        one
        for site in SITES
        for one in days_of([Sealed(f.timestamp, f.index_path) for f in archive.collection.snapshots(site)])
    ]
    return scan(held, asked)


ALL = ("url", "example.org/*")


# ---- cdx-toolkit -------------------------------------------------------------------------------------------

TOOLKIT = """
import cdx_toolkit
fields = ("urlkey", "timestamp", "url", "mime", "status", "digest", "length")
def rows(captures):
    return [[one[field] for field in fields] for one in captures]
"""


@pytest.mark.parametrize("small", [False, True])
def test_toolkit_has_each_capture_once(archive, here, monkeypatch, small):
    """cdx-toolkit asks page after page until one is empty, and has each capture once, in order."""
    if small:
        monkeypatch.setattr("index.cdx_server.pages.BLOCK", 5_000)
    code = f"""{TOOLKIT}
cdx = cdx_toolkit.CDXFetcher(source="{here}/cdx")
found = rows(cdx.iter("example.org/*", pageSize=1)), cdx.get_size_estimate("example.org/*", as_pages=True, pageSize=1)
"""
    found, pages = client({}, code)
    assert found == expected(archive, ALL)
    assert len(found) == 4 * 15 + 1
    assert (pages > 3) is small


def test_toolkit_asks_in_every_way(archive, here):
    """Its filters (which it writes as pywb has them), limits, dates, orders and domains find what they should."""
    questions: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
        ("example.org/", {}, []),
        ("example.org/", {"limit": 2}, [("limit", "2")]),
        ("example.org/", {"limit": -2}, [("limit", "-2")]),
        ("*.example.org", {}, []),
        ("example.org", {"matchType": "host"}, [("matchType", "host")]),
        ("example.org/*", {"filter": "statuscode:404"}, [("filter", "statuscode:404")]),
        ("example.org/*", {"filter": ["=status:301", "!~url:p/"]}, [("filter", "=status:301")]),
        ("example.org/*", {"filter": "!=mime:warc/revisit"}, [("filter", "!=mime:warc/revisit")]),
        (
            "example.org/",
            {"from_ts": "20260302", "to": "20260303"},
            [("from", "20260302"), ("to", "20260303")],
        ),
        (
            "example.org/",
            {"closest": "20260303", "sort": "closest", "limit": 3},
            [("closest", "20260303"), ("limit", "3")],
        ),
        ("example.org/*", {"collapse": "digest"}, [("collapse", "digest")]),
        ("example.org/nothing", {}, []),
    ]
    asked = [(url, options) for url, options, _ in questions]
    code = f"""{TOOLKIT}
cdx = cdx_toolkit.CDXFetcher(source="{here}/cdx")
found = [rows(cdx.get(url, **options)) for url, options in {asked!r}]
"""
    found = client({}, code)
    assert found == [expected(archive, ("url", url), *same) for url, _, same in questions]
    assert found[-1] == []
    assert all(found[:-1])


def test_toolkit_knows_us_as_the_archive(archive, there):
    """With its own name for the Wayback Machine it finds the same."""
    code = f"""{TOOLKIT}
found = rows(cdx_toolkit.CDXFetcher(source="ia").iter("example.org/*"))
"""
    assert client(there, code) == expected(archive, ALL)


def test_toolkit_reads_the_captures(here):
    """What it fetches for a capture, a revisit too, are the bytes whose digest the line has."""
    code = f"""{TOOLKIT}
cdx = cdx_toolkit.CDXFetcher(source="{here}/cdx", wb="{here}/web")
found = [(one["digest"], one["status"], one.content.hex()) for one in cdx.iter("example.org/p/*")]
"""
    found = client({}, code)
    assert len(found) == 48
    assert {status for _, status, _ in found} == {"200", "-"}
    for digest, _, content in found:
        assert digest == f"sha256:{hashlib.sha256(bytes.fromhex(content)).hexdigest()}"


def test_toolkit_command(archive, here, tmp_path):
    """So does its command."""
    ran = oracle(
        "cdxt",
        "--source",
        f"{here}/cdx",
        "--limit",
        "5",
        "iter",
        "--jsonl",
        "example.org/*",
        home=CLIENTS,
        cwd=tmp_path,
        env=QUICK,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["url"] for line in lines] == [row[2] for row in expected(archive, ALL, ("limit", "5"))]


# ---- waybackpy ---------------------------------------------------------------------------------------------

PY = """
from waybackpy import WaybackMachineCDXServerAPI as API
agent = "Mozilla/5.0"
"""


def test_waybackpy(archive, there):
    """The client waybackpy reads seven columns and goes on with resume keys; with pages it finds the same."""
    questions: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
        ("example.org/*", {}, []),
        ("example.org/*", {"limit": 7}, []),
        ("example.org/*", {"use_pagination": True}, []),
        ("example.org/p/", {"match_type": "prefix", "limit": 1, "gzip": "true"}, [("matchType", "prefix")]),
        ("example.org", {"match_type": "domain"}, [("matchType", "domain")]),
        (
            "example.org",
            {"start_timestamp": 2026, "end_timestamp": "20260302"},
            [("from", "2026"), ("to", "20260302")],
        ),
        (
            "example.org/*",
            {"filters": ["statuscode:[34]..", "!mimetype:warc/revisit"]},
            [("filter", "statuscode:[34].."), ("filter", "!mimetype:warc/revisit")],
        ),
        (
            "example.org/*",
            {"collapses": ["digest", "urlkey"], "limit": 4},
            [("collapse", "digest"), ("collapse", "urlkey")],
        ),
        ("example.org/*", {"sort": "reverse", "limit": 6}, [("sort", "reverse")]),
        ("example.org", {"closest": "20260303", "sort": "closest", "limit": 2}, [("closest", "20260303")]),
    ]
    asked = [(url, options) for url, options, _ in questions]
    code = f"""{PY}
found = [[str(one) for one in API(url, agent, **options).snapshots()] for url, options in {asked!r}]
"""
    found = client(there, code)
    for rows, (url, options, same) in zip(found, questions, strict=True):
        assert rows == [" ".join(row) for row in expected(archive, ("url", url), *same)], options


def test_waybackpy_nearest(there):
    """Its questions for one capture, the nearest to a moment, the first and the last, have their answers."""
    code = f"""{PY}
api = API("example.org", agent)
near = [api.near(year=2026, month=3, day=3, hour=0, minute=0), api.oldest(), api.newest()]
found = [one.timestamp for one in near]
"""
    assert client(there, code) == ["20260303023000", "20260301023000", "20260304023000"]


# ---- wayback -----------------------------------------------------------------------------------------------

EDGI = """
from datetime import date, datetime
from wayback import WaybackClient, WaybackSession
session = WaybackSession(search_calls_per_second=0, retries=0)
def row(one):
    return [one.urlkey, one.timestamp.strftime("%Y%m%d%H%M%S"), one.original, one.mimetype, one.statuscode, one.digest, one.length]
"""


def test_wayback(archive, there):
    """The `wayback` package reads every line, resolves revisits as it asks to, and goes on to the end."""
    code = f"""{EDGI}
with WaybackClient(session) as client:
    found = [[row(one) for one in client.search(**question)] for question in (
        dict(url="example.org/*"),
        dict(url="example.org/*", limit=5),
        dict(url="*.example.org", limit=7, resolve_revisits=False),
        dict(url="example.org", match_type="host", from_date=date(2026, 3, 2), to_date=datetime(2026, 3, 3, 12)),
        dict(url="example.org/*", filter_field=["statuscode:200", "~urlkey:p/1"], collapse="digest", limit=3),
        dict(url="example.org", limit=-2, fast_latest=True),
        dict(url="example.org/*", offset=3, limit=10),
        dict(url="example.org/none"),
    )]
"""
    resolved = ("resolveRevisits", "true")
    questions: list[list[tuple[str, str]]] = [
        [ALL, resolved],
        [ALL, resolved],
        [("url", "*.example.org")],
        [
            ("url", "example.org"),
            ("matchType", "host"),
            ("from", "20260302"),
            ("to", "20260303120000"),
            resolved,
        ],
        [ALL, ("filter", "statuscode:200"), ("filter", "~urlkey:p/1"), ("collapse", "digest"), resolved],
        [("url", "example.org"), ("limit", "-2"), resolved],
        [ALL, ("offset", "3"), resolved],
        [("url", "example.org/none")],
    ]
    found = client(there, code)
    for rows, asked in zip(found, questions, strict=True):
        assert rows == [_numbers(row) for row in expected(archive, *asked)]
    assert found[-1] == []
    assert all(found[:-1])


def _numbers(row: list[str]) -> list[Any]:
    return [*row[:4], None if row[4] == "-" else int(row[4]), row[5], int(row[6])]


def test_wayback_is_told_what_is_wrong(there):
    """What makes no sense is an error of the client's, with our status."""
    code = f"""{EDGI}
try:
    list(WaybackClient(session).search("example.org", filter_field="statuscode:("))
    found = "nothing"
except Exception as error:
    found = str(error)
"""
    assert "400" in client(there, code)


def test_the_clients_are_those_of_the_list():
    """What asks is what tests/oracles/clients.txt names."""
    listed = (Path(__file__).parent / "oracles/clients.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line for line in listed if line and not line.startswith("#")}
    ran = oracle("python", "-m", "pip", "freeze", home=CLIENTS)
    assert set(ran.stdout.replace("cdx_toolkit", "cdx-toolkit").split()) == pinned
