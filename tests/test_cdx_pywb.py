# SPDX-License-Identifier: EUPL-1.2
"""
Our CDX server beside pywb's on the same lines: where both have a parameter, both find the same captures.

Where they differ on purpose, a test says so.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from index.cdx_server.answer import CdxServer
from index.cdx_server.days import Day
from tests.support.cdx_days import capture, original, write_days
from tests.support.pywb import served

Asked = dict[str, str | list[str]]
URLS = [
    "https://www.example.org/",
    "http://example.org/",
    "http://example.org:8080/A/B?b=2&a=1",
    "https://www.example.org/a",
    "https://www.example.org/a/",
    "https://www.example.org/a/b?x=1",
    "https://www.example.org/a/b?X=1&y=2",
    "https://www.example.org/a/?",
    "https://www.example.org/ab",
    "https://www.example.org/a%2Fb",
    "https://www.example.org/a/%C3%BC",
    "https://www2.example.org/a",
    "https://news.example.org/a",
    "https://a.news.example.org/",
    "https://example-news.org/",
    "https://example.com/a",
    "https://127.0.0.1/x",
    "https://xn--bcher-kva.example/a",
]
NAMES = ["20260302023000", "20260303023000", "20260401023000"]
SCOPES = [
    {"url": url, "matchType": match}
    for url in [
        *URLS[:9],
        *URLS[11:15],
        "example.org",
        "org",
        "EXAMPLE.org/A",
        "http://user@example.org:80/a#b",
    ]
    for match in ("exact", "prefix", "host", "domain")
]
WILD = [
    {"url": url}
    for url in (
        "*.example.org",
        "example.org/*",
        "example.org/a*",
        "example.org/a/*",
        "*.org",
        "https://www.example.org/a/b?x*",
    )
]
WHOLE = {"url": "example.org", "matchType": "domain"}
ONE = {"url": "example.org"}
OTHER = [
    WHOLE | {"from": "20260303"},
    WHOLE | {"to": "20260302"},
    WHOLE | {"from": "202603", "to": "202603"},
    WHOLE | {"from": "20260303023001", "to": "2026040102"},
    WHOLE | {"limit": "5"},
    WHOLE | {"sort": "reverse"},
    WHOLE | {"sort": "reverse", "limit": "4"},
    WHOLE | {"reverse": "true", "from": "20260303"},
    WHOLE | {"filter": ["=status:404", "!=mime:warc/revisit"]},
    WHOLE | {"filter": "!=mime:text/html"},
    WHOLE | {"filter": ["~status:[45]..", "!~mime:warc/.*"]},
    WHOLE | {"filter": "!~mime:text/.*"},
    WHOLE | {"filter": ["=statuscode:200", "!=mime:warc/revisit"], "limit": "3"},
    ONE | {"closest": "20260303000000"},
    ONE | {"closest": "20260402000000", "limit": "2"},
    ONE | {"closest": "20260101000000", "sort": "closest", "limit": "3"},
    ONE | {"sort": "reverse"},
    ONE | {"limit": "1"},
]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """Return three days of all addresses; no two captures of one key are as far from any moment above."""
    made = {}
    for number, name in enumerate(NAMES):
        made[name] = [
            capture(
                url,
                f"{name[:12]}{n:02}",
                "abc"[(n + number) % 3],
                mime=("text/html", "image/png")[n % 2],
                status=(200, 404, 503)[n % 3],
                length=100 * n + number,
                same=original(url, NAMES[0]) if number == 1 and n % 4 == 0 else None,
            )
            for n, url in enumerate(URLS)
        ]
    return write_days(tmp_path_factory.mktemp("days"), {"demo": made})


@pytest.fixture(scope="module")
def pywb(days: list[Day], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the same lines by pywb, and yield its port."""
    home = tmp_path_factory.mktemp("pywb")
    indexes = home / "collections" / "all" / "indexes"
    indexes.mkdir(parents=True)
    (indexes.parent / "archive").mkdir()
    lines = sorted(line for day in days for line in day.path.read_bytes().splitlines(keepends=True))
    Path(indexes / "index.cdxj").write_bytes(b"".join(lines))
    with served(home) as port:
        yield port


def ours(days: list[Day], asked: Asked) -> list[tuple[str, str, str, str]]:
    parameters = parse_qsl(urlencode(asked | {"fl": "urlkey,timestamp,url,length"}, doseq=True))
    answer = CdxServer(lambda: days, time.monotonic).answer(parameters)
    return [tuple(line.split(" ")) for line in b"".join(answer.pieces).decode().splitlines()]


def theirs(port: int, asked: Asked) -> list[tuple[str, str, str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", f"/all/cdx?{urlencode(asked | {'output': 'json'}, doseq=True)}")
    answer = connection.getresponse()
    told = answer.read().decode()
    connection.close()
    if answer.status == 404:
        return []  # where it finds nothing it says so
    assert answer.status == 200, told
    found = map(json.loads, told.splitlines())
    return [(one["urlkey"], one["timestamp"], one["url"], one["length"]) for one in found]


@pytest.mark.parametrize("asked", [*SCOPES, *WILD, *OTHER], ids=lambda asked: urlencode(asked, doseq=True))
def test_the_same_is_found(days, pywb, asked):
    """Both find the same captures, in the same order."""
    assert ours(days, asked) == theirs(pywb, asked)


def test_a_filter_without_a_sign(days, pywb):
    """Here it is a regular expression for the whole value, there a text somewhere in it."""
    asked = WHOLE | {"filter": "length:40"}
    assert ours(days, asked) == []
    assert ours(days, WHOLE | {"filter": "length:.*40.*"}) == theirs(pywb, asked) != []


def test_the_status_of_a_revisit(days, pywb):
    """Here a revisit has none, as in the Wayback Machine; pywb has what our index says, that of the page."""
    asked = ONE | {"filter": ["=mime:warc/revisit", "=status:200"]}
    assert ours(days, asked) == []
    dash = ONE | {"filter": ["=mime:warc/revisit", "=status:-"]}
    assert ours(days, dash) == theirs(pywb, asked) != []
    assert (
        ours(
            days,
            asked
            | {"filter": "=status:200", "resolveRevisits": "true", "from": "20260303", "to": "20260303"},
        )
        != []
    )
