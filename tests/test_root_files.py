# SPDX-License-Identifier: EUPL-1.2
"""What crawlers and browsers ask at the root: our own robots.txt and icon for the viewer, archived ones elsewhere."""

from __future__ import annotations

import struct

import pytest
from protego import Protego

from tests.support.archive import Reply, build
from tests.support.kinds import NO_PAGE
from tests.support.viewing import Visitor, viewer_of

HOME = "https://www.example.org/"
DAY = "20260302023000"
ROBOTS, ICON = "User-agent: *\nDisallow: /geheim/\n", b"\0\0\1\0archived"
BASE = "http://localhost:8080"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    page = Reply("<title>Home</title>x")
    first = {
        HOME: page,
        f"{HOME}robots.txt": Reply(ROBOTS, "text/plain"),
        f"{HOME}favicon.ico": Reply(ICON, "image/x-icon"),
    }
    with build(tmp_path_factory.mktemp("root"), {"demo": {DAY: first}}) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive):
    return Visitor(archive)


@pytest.fixture(scope="module")
def rules(visitor):
    answer = visitor.get("/robots.txt")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert len(answer.data) < 4096
    return Protego.parse(answer.text)


OPEN = [
    "/",
    "/about",
    "/about/accessibility",
    "/demo/",
    "/demo/?year=2019",
    "/demo/2026-03-02/",
    f"/demo/{DAY}/",
    "/demo/2026-03-02/changes",
    "/demo/2026-03-02/missing",
    "/demo/2026-03-02/conformance",
    "/demo/feed.atom",
    "/static/viewer.css",
    "/.well-known/security.txt",
    "/robots.txt",
    "/favicon.ico",
]
CLOSED = [
    f"/web/2026-03-02/{HOME}",
    f"/web/{DAY}id_/{HOME}",
    f"/web/*/{HOME}",
    "/?q=x&site=demo",
    "/demo/?day=gisteren",
    "/demo/search",
    "/demo/search?q=x",
    f"/demo/history?url={HOME}",
    f"/demo/compare?url={HOME}&from=2026-03-01",
    f"/demo/compare/pane?url={HOME}&at={DAY}",
    f"/demo/cite?url={HOME}",
    f"/demo/print?url={HOME}&at={DAY}",
    "/demo/changes?from=2026-03-01&to=2026-03-02",
    "/demo/2026-03-02/changes?kind=new&page=2",
    "/demo/2026-03-02/?contains=x",
    "/demo/2026-03-02/export/wacz",
    "/demo/2026-03-02/proof/SHA256SUMS",
    "/demo/feed.atom?before=20260301000000",
    "/about/language/nl?back=/",
    f"/cdx?url={HOME}",
    f"/cdx/search/cdx?url={HOME}",
    f"/timegate/{HOME}",
    f"/timemap/link/{HOME}",
]


@pytest.mark.parametrize("path", OPEN)
def test_open_to_search_engines(rules, path):
    """The public finds the archive, each site and each day by a search engine."""
    assert rules.can_fetch(BASE + path, "Googlebot")


@pytest.mark.parametrize("path", CLOSED)
def test_closed_to_search_engines(rules, path):
    """No copy is found in place of the live page, and no crawler walks through endless questions."""
    assert not rules.can_fetch(BASE + path, "Googlebot")


def test_every_route_was_thought_of(archive):
    """A new route that takes a query or an address is said to be open or closed."""
    rules = {rule.rule for rule in viewer_of(archive).url_map.iter_rules()}
    named = {"/" + path.split("?")[0].strip("/").rpartition("/")[2] for path in [*OPEN, *CLOSED]}
    last = {
        "/" + rule.rpartition("/")[2]
        for rule in rules
        if rule.startswith("/<site>/") and rule.count("<") == 1
    }
    assert last <= named | {"/"}
    assert "/robots.txt" in NO_PAGE


def test_icon(visitor):
    """Browsers that look for an icon by themselves get ours, in sizes for tabs and lists."""
    answer = visitor.get("/favicon.ico")
    assert (answer.status_code, answer.mimetype) == (200, "image/vnd.microsoft.icon")
    assert "max-age=3600" in answer.headers["Cache-Control"]
    reserved, kind, count = struct.unpack_from("<HHH", answer.data)
    assert (reserved, kind) == (0, 1)
    entries = [struct.unpack_from("<BBBBHHII", answer.data, 6 + 16 * number) for number in range(count)]
    assert [entry[0] for entry in entries] == [16, 32, 48]
    for *_, size, offset in entries:
        assert answer.data[offset : offset + size].startswith(b"\x89PNG\r\n\x1a\n")
    assert len(answer.data) < 10_000


def test_by_another_name(visitor):
    """By another name than ours they lead to ours, as every page does."""
    answer = visitor.ask("GET", "http://127.0.0.1:8080", "/robots.txt")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{BASE}/robots.txt")


@pytest.mark.parametrize(("name", "body"), [("robots.txt", ROBOTS.encode()), ("favicon.ico", ICON)])
def test_archived_ones_stay(visitor, name, body):
    """A replay origin has those of the archived site, as that day had them."""
    answer = visitor.replay(DAY, f"{HOME}{name}")
    assert (answer.status_code, answer.data) == (200, body)


@pytest.mark.parametrize("path", ["", "robots.txt", "zzz"])
def test_replay_is_for_no_search_engine(visitor, path):
    """Whatever a replay origin answers says that it is not to be found in place of the live page."""
    assert visitor.replay(DAY, f"{HOME}{path}").headers["X-Robots-Tag"] == "noindex, nofollow"
