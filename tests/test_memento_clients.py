# SPDX-License-Identifier: EUPL-1.2
"""
Clients of the Memento protocol find here what they should: memento-client and wayback, as they come from PyPI.

memento-client is the protocol's own: it follows the TimeGate, and says what of the headers is not by RFC 7089.
wayback knows one address, and finds us there (tests/support/wayback_machine.py).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.archive import Archive, Reply, build
from tests.support.oracles import CLIENTS, needed
from tests.support.ports import free_port
from tests.support.viewing import serving
from tests.support.wayback_machine import ADDRESS, served_as_wayback_machine

HOME = "https://www.example.org/"
PAGE = f"{HOME}a%2Fb?c=d%20e"
DAYS = {
    f"2026030{n}023000": {
        HOME: Reply(f"<title>Home</title>version {n // 2}"),
        PAGE: Reply("page"),
        f"{HOME}gone": Reply("gone", status=404),
        f"{HOME}moved": Reply(status=302, headers=(("Location", HOME),)),
    }
    for n in (1, 2, 3, 5)
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("archive"), {"demo": DAYS}, port=free_port()) as built:
        yield built


@pytest.fixture(scope="module")
def here(archive: Archive) -> Iterator[str]:
    with serving(archive, int(archive.settings.viewer.base_url.rpartition(":")[2])) as address:
        yield address


@pytest.fixture(scope="module")
def there(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve it as web.archive.org, and yield the environment of programs that find it there."""
    with served_as_wayback_machine(archive, tmp_path_factory.mktemp("machine")) as environment:
        yield environment


def client(code: str, environment: dict[str, str] | None = None) -> Any:
    """Run a program with the clients installed, and return what it leaves in `found`."""
    done = subprocess.run(
        [needed(CLIENTS / "python"), "-I", "-c", f"import json\n{code}\nprint(json.dumps(found))"],
        env=environment or {},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


MEMENTO = """
from datetime import datetime
from memento_client import MementoClient
client = MementoClient(timegate_uri="{here}/timegate/", check_native_timegate=False)
def plain(info):
    return {{name: [one["uri"][0], str(one["datetime"])] for name, one in info.get("mementos", {{}}).items()}}
"""


@pytest.mark.parametrize("url", [HOME, PAGE, f"{HOME}gone"])
@pytest.mark.parametrize(
    ("asked", "closest", "prev", "after"),
    [
        ((1998, 1, 1), "01", None, "02"),
        ((2026, 3, 2, 2, 30), "02", "01", "03"),
        ((2026, 3, 4, 0, 0), "03", "02", "05"),
        ((2099, 1, 1), "05", "03", None),
    ],
)
def test_memento_client(here, url, asked, closest, prev, after):
    """It gets the memento nearest to its date, with the first, the last, and those before and after it."""
    # from a memento the client finds the original itself, without asking the live web for it
    memento = f"{here}/web/2026-03-02/{url}"
    code = f"""{MEMENTO.format(here=here)}
info = client.get_memento_info("{memento}", datetime(*{asked}))
found = info["original_uri"], info["timegate_uri"], info["mementos"]["closest"]["http_status_code"], plain(info)
"""
    original, gate, status, mementos = client(code)
    assert (original, gate, status) == (url, f"{here}/timegate/{url}", 200)
    second = {HOME: "00", PAGE: "01"}.get(url, "02")
    wanted = {"closest": closest, "first": "01", "last": "05", "prev": prev, "next": after}
    wanted = {name: day for name, day in wanted.items() if day}
    # of a memento that is also the first or the last the client says that
    assert {name: mementos[name] for name in wanted if name in mementos} == {
        name: [f"{here}/web/202603{day}0230{second}/{url}", f"2026-03-{day} 02:30:{second}"]
        for name, day in wanted.items()
        if name in mementos
    }
    assert mementos.keys() >= {"closest", "first", "last"}


def test_memento_client_where_there_is_none(here):
    """An address that was never captured has a TimeGate, and no memento."""
    code = f"""{MEMENTO.format(here=here)}
import requests
asked = requests.head("{here}/web/2026-03-02/{HOME}")
asked.headers["Link"] = '<{HOME}nowhere>; rel="original"'
info = client.get_memento_info("{HOME}nowhere", datetime(2026, 3, 2), req_uri_response=asked)
found = info
"""
    assert client(code) == {
        "original_uri": f"{HOME}nowhere",
        "timegate_uri": f"{here}/timegate/{HOME}nowhere",
    }


def test_memento_client_on_our_headers(here):
    """It takes the TimeGate for a TimeGate and every form of a memento for a memento, and nothing else."""
    code = f"""{MEMENTO.format(here=here)}
found = [
    client.is_timegate("{here}/timegate/{HOME}"),
    [client.is_memento(f"{here}/web/{{moment}}/{HOME}") for moment in ("20260302023000", "20260302023000id_", "2026-03-02")],
    client.is_memento("{here}/web/2026-03-04/{HOME}"),
    client.is_memento("{here}/timemap/link/{HOME}"),
    client.is_timegate("{here}/web/20260302023000/{HOME}"),
]
"""
    assert client(code) == [True, [True, True, True], False, False, False]


WAYBACK = """
import os, wayback
client = wayback.WaybackClient(wayback.WaybackSession(search_calls_per_second=0, memento_calls_per_second=0))
client.session.verify = os.environ["REQUESTS_CA_BUNDLE"]  # which a session forgets when it follows a redirect
def told(memento):
    links = {name: one["url"] for name, one in memento.links.items()}
    return [memento.memento_url, str(memento.timestamp), memento.url, memento.text, links]
"""


def test_wayback(there):
    """The client wayback reads a memento's bytes, moment, original and links, of errors too."""
    code = f"""{WAYBACK}
record = next(client.search("{HOME}", from_date="20260303"))
found = [told(client.get_memento(record)), told(client.get_memento("{PAGE}", "20260305023001")),
    client.get_memento("{HOME}gone", "20260302023002", follow_redirects=False).status_code]
"""
    home, page, gone = client(code, there)
    assert home[:4] == [f"{ADDRESS}/web/20260303023000id_/{HOME}", "2026-03-03 02:30:00+00:00", HOME,
                        "<title>Home</title>version 1"]  # fmt: skip
    assert page[:4] == [f"{ADDRESS}/web/20260305023001id_/{PAGE}", "2026-03-05 02:30:01+00:00", PAGE, "page"]
    assert home[4]["original"] == HOME
    assert home[4]["timegate"] == f"{ADDRESS}/timegate/{HOME}"
    assert gone == 404


def test_wayback_follows_a_redirect(there):
    """A captured redirect is followed to the memento of the same snapshot that it leads to."""
    code = f"""{WAYBACK}
memento = client.get_memento("{HOME}moved", "20260302023003", exact_redirects=True)
found = [memento.url, str(memento.timestamp), memento.text, [one.url for one in memento.history]]
"""
    assert client(code, there) == [
        HOME,
        "2026-03-02 02:30:00+00:00",
        "<title>Home</title>version 1",
        [f"{HOME}moved"],
    ]
