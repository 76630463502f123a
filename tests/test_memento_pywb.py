# SPDX-License-Identifier: EUPL-1.2
"""
Our TimeMaps and TimeGate beside pywb's on the same WARCs: both have the same mementos, and lead to the same ones.

Where they differ on purpose, a test says so.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator

import pytest

from archiver.ledger import UrlOutcome
from index.timestamp import parse_timestamp, to_http_date
from tests.support.archive import Archive, Lost, Reply, build
from tests.support.ports import LOOPBACK
from tests.support.pywb import collect, served
from tests.support.viewing import Visitor

HOME = "https://www.example.org/"
PAGE = f"{HOME}a%2Fb?c=d%20e&f=%C3%A9"
URLS = [HOME, PAGE, f"{HOME}gone", f"{HOME}moved", f"{HOME}late", "http://old.example.org/a/b?x=1&y=2"]


def day(number: int) -> dict[str, Reply | Lost]:
    late = {f"{HOME}late": Reply(f"late {number}")} if number > 3 else {}
    old: Reply | Lost = Lost(UrlOutcome.TIMEOUT) if number == 4 else Reply("old")
    return {
        HOME: Reply(f"home {number // 3}"),  # changes on some days: the others are revisits
        PAGE: Reply(f"page {number}"),
        f"{HOME}gone": Reply("gone", status=404),
        f"{HOME}moved": Reply(status=301, headers=(("Location", HOME),)),
        **late,
        URLS[-1]: old,
        # what both take for another page
        f"{HOME}gone?x=1": Reply("with a query"),
    }


DAYS = {f"202603{n:02}023000": day(n) for n in (1, 2, 3, 4, 5, 9, 10)}
DATES = [
    "20200101000000", "20260302023000", "20260302120000", "20260302143100", "20260304023000", "20260306000000",
    "20260307033000", "20260310023003", "20990101000000",
]  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("archive"), {"demo": DAYS}) as built:
        yield built


@pytest.fixture(scope="module")
def ours(archive: Archive) -> Visitor:
    return Visitor(archive)


@pytest.fixture(scope="module")
def pywb(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the same WARCs by pywb, and yield its port."""
    home = tmp_path_factory.mktemp("pywb")
    warcs = [warc for folder in archive.collection.snapshots("demo") for warc in folder.warcs]
    collect(home, "all", warcs)
    with served(home) as port:
        yield port


def ask(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    told = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer, told


def mementos(told: str) -> list[tuple[str, str]]:
    """Return moment and address of each memento of a TimeMap, as its URI has them."""
    return [
        (found[1], found[2])
        for line in told.splitlines()
        if (found := re.search(r'<[^>]*?/(\d{14})(?:mp_)?/([^>]*)>; rel="[^"]*memento"', line))
    ]


@pytest.mark.parametrize("url", URLS)
def test_the_same_mementos(ours, pywb, url):
    """Both TimeMaps list the same captures with the same dates, of pages, errors, redirects and revisits."""
    _, theirs = ask(pywb, f"/all/timemap/link/{url}")
    our = ours.get(f"/timemap/link/{url}").text
    assert mementos(our) == mementos(theirs) != []
    dates = re.compile(r'datetime="([^"]+)"')
    assert dates.findall(our) == dates.findall(theirs)


@pytest.mark.parametrize("url", URLS)
def test_the_same_memento_is_nearest(ours, pywb, url):
    """For any date both TimeGates lead to captures of the same moment."""
    for moment in DATES:
        date = to_http_date(parse_timestamp(moment))
        theirs, _ = ask(pywb, f"/all/{url}", **{"Accept-Datetime": date})
        our = ours.get(f"/timegate/{url}", Accept_Datetime=date)
        assert our.headers["Vary"] == theirs.headers["Vary"].lower() == "accept-datetime"
        chosen = re.search(r"/web/(\d{14})/", our.headers["Location"])
        link = re.search(r'/(\d{14})mp_/[^>]*>; rel="memento"', theirs.headers["Link"])
        assert chosen
        assert link
        assert chosen[1] == link[1], date


def test_upper_and_lower_case(ours, pywb):
    """There an address in other case is the same page; here it is another, which has no memento."""
    other = f"{HOME}GONE"
    assert len(mementos(ask(pywb, f"/all/timemap/link/{other}")[1])) == len(DAYS)
    assert ours.get(f"/timemap/link/{other}").status_code == 404
