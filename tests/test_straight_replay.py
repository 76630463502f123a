# SPDX-License-Identifier: EUPL-1.2
"""Pages and their parts without the framework: the same answer field for field, and nothing else so."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator

import brotli
import pytest
from msgspec.structs import replace
from werkzeug.test import create_environ

from archiver.settings import Viewer
from archiver.takedowns import add_takedown
from index.takedown import VERSION, Action, Decision
from index.urlkey import origin
from tests.support.archive import Archive, Reply, build
from tests.support.straight import Counted
from tests.support.viewing import app_of
from viewer.addresses.label import make
from viewer.replaying.body import SHORT
from viewer.rewriting.headers import MAX_SOURCES

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
LONG = random.Random(48).randbytes(SHORT + 1)
PAGE = (
    "<!doctype html><title>Page</title><a href='https://www.example.org/a'>a</a><img src=/a.png>" + "x " * 400
)
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><style>a{}</style><a href='https://www.example.org/'/></svg>"
GZIP = (("Content-Encoding", "gzip"),)
PLAIN = {
    "/": Reply(PAGE, headers=(("Set-Cookie", "a=1"), ("X-Frame-Options", "DENY"), ("X-Total-Count", "3"))),
    "/packed": Reply(gzip.compress(PAGE.encode(), mtime=0), headers=GZIP),
    "/broken": Reply(gzip.compress(PAGE.encode(), mtime=0)[:-40], headers=GZIP),
    "/br": Reply(brotli.compress(PAGE.encode()), headers=(("Content-Encoding", "br"),)),
    "/odd-coding": Reply(PAGE, headers=(("Content-Encoding", "odd"),)),
    "/latin": Reply("<p>caf\xe9".encode("latin-1"), "text/html; charset=iso-8859-1"),
    "/typeless": Reply("<!doctype html><p>page", None),
    "/typeless-text": Reply("text", None),
    "/chunked": Reply(PAGE, chunked=True),
    "/a.svg": Reply(SVG, "image/svg+xml"),
    "/a.xhtml": Reply("<html xmlns='http://www.w3.org/1999/xhtml'><head/></html>", "application/xhtml+xml"),
    "/a.css": Reply("a{background:url(https://www.example.org/a.png)}" * 20, "text/css"),
    "/packed.css": Reply(gzip.compress(b"a{background:url(//x.example/a.png)}"), "text/css", headers=GZIP),
    "/a.js": Reply("'use strict';", "text/javascript", headers=(("Access-Control-Allow-Origin", SITE),)),
    "/a.png": Reply(b"\x89PNG", "image/png"),
    "/long.mp4": Reply(LONG, "video/mp4"),
    "/nothing": Reply("", "text/plain"),
    "/a%2Fb?c=d&e": Reply("escaped"),
    "/same": Reply("the same on both days"),
}
FILES = {"/a.pdf": Reply(b"%PDF-", "application/pdf"), "/a.csv": Reply("a,b", "text/csv")}
OTHER = {
    "/missing": Reply("not here", status=404),
    "/moved": Reply("", status=302, headers=(("Location", "/"),)),
    "/no-content": Reply("", status=204),
    "/part.mp4": Reply("part", "video/mp4", 206, headers=(("Content-Range", "bytes 0-3/9"),)),
}
DAY = {SITE + path: reply for path, reply in {**PLAIN, **FILES, **OTHER}.items()}
AT = "2026-03-09T08:00:00Z"
DESTINATIONS = ["iframe", "style", "script", "worker", "image", "empty", "object", None]
BY_PATH = Viewer("http://localhost:8080", "http://127.0.0.1:8080")


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("archive"), {"example": {MONDAY: DAY, TUESDAY: DAY}}) as made:
        yield made


@pytest.fixture(scope="module")
def in_paths(archive) -> Archive:
    return Archive(
        replace(archive.settings, viewer=BY_PATH), archive.collection, archive.history, archive.catalogue
    )


def place(url: str, day: str) -> tuple[str, str]:
    """Return where a URL of a day is replayed: path and host."""
    return url.removeprefix(str(origin(url))), f"{make(day, origin(url))}.localhost:8080"


@pytest.mark.parametrize("destination", DESTINATIONS)
@pytest.mark.parametrize("view", ["", "n"])
def test_the_same_answer(archive, destination, view):
    """What is plain is answered without a route, and no field or byte of the answer is another."""
    viewer = Counted(archive)
    told = {"Sec_Fetch_Dest": destination} if destination else {}
    for path in PLAIN:
        for codings in ("gzip, deflate, br, zstd", "gzip;q=0, br", ""):
            more = {"Accept_Encoding": codings} if codings else {}
            answer = viewer.get(*place(SITE + path, TUESDAY + view), **told, **more)
            assert (answer.status_code, viewer.asked) == (200, 0), path
            assert answer.headers["Content-Security-Policy"]
            assert answer.headers["Memento-Datetime"]
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("destination", ["iframe", "style", "worker", "image", None])
def test_in_path_mode(in_paths, destination):
    """So it is where all days have one origin."""
    viewer = Counted(in_paths)
    told = {"Sec_Fetch_Dest": destination} if destination else {}
    for path in PLAIN:
        answer = viewer.get(
            f"/replay/{MONDAY}/{SITE}{path}", "127.0.0.1:8080", Accept_Encoding="gzip", **told
        )
        assert (answer.status_code, viewer.asked) == (200, 0), path
        assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]


@pytest.mark.parametrize("destination", ["iframe", "worker", "image"])
def test_with_many_origins(tmp_path, destination):
    """Where the origins do not fit a header, a page has its policy in itself, and the header is wide."""
    day = {f"https://host-{number}.example/": Reply(PAGE) for number in range(MAX_SOURCES // 20)}
    with build(tmp_path, {"example": {MONDAY: day}}) as archive:
        viewer = Counted(archive)
        answer = viewer.get(*place("https://host-1.example/", MONDAY), Sec_Fetch_Dest=destination)
        assert (answer.status_code, viewer.asked) == (200, 0)
        policy = answer.headers["Content-Security-Policy"].partition(";")[0]
        assert ("*.localhost:8080" in policy) == (destination == "iframe")
        assert (b"http-equiv" in answer.data) == (destination == "iframe")


@pytest.mark.parametrize("path", [*OTHER, "/never", "/?utm_source=x", "/?_=17"])
def test_what_is_not_plain_is_left_to_the_route(archive, path):
    """Redirects, errors, parts, what this day does not have, and what is only like what was asked for."""
    viewer = Counted(archive)
    viewer.get(*place(SITE + path, MONDAY), Sec_Fetch_Dest="iframe")
    assert viewer.asked == 1


@pytest.mark.parametrize("path", FILES)
def test_files(archive, path):
    """What a frame cannot show is a page of ours there, and itself elsewhere."""
    viewer = Counted(archive)
    viewer.get(*place(SITE + path, MONDAY), Sec_Fetch_Dest="iframe")
    assert viewer.asked == 1
    viewer.get(*place(SITE + path, MONDAY), Sec_Fetch_Dest="empty")
    assert viewer.asked == 1


@pytest.mark.parametrize("view", ["f", "fn"])
def test_filled_views(archive, view):
    """What another day fills may be another tomorrow."""
    viewer = Counted(archive)
    viewer.get(*place(f"{SITE}/", MONDAY + view), Sec_Fetch_Dest="iframe")
    assert viewer.asked == 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Range": "bytes=0-3"}),
        ("GET", {"If_None_Match": '"x"'}),
        ("GET", {"Service_Worker": "script"}),
        ("GET", {"Upgrade": "websocket"}),
        ("GET", {"Sec_Fetch_Dest": "document"}),
        ("HEAD", {}),
        ("POST", {}),
        ("OPTIONS", {}),
    ],
)
def test_questions_that_are_not_plain(archive, method, headers):
    """Ranges, conditions, service workers, web sockets, visits past the frame, other methods."""
    viewer = Counted(archive)
    viewer.get(*place(f"{SITE}/", MONDAY), method=method, **headers)
    assert viewer.asked == 1


@pytest.mark.parametrize("host", ["20260302023001-www-example-org", "20261399999999-www-example-org", "x"])
def test_other_hosts(archive, host):
    """Snapshots that there are not."""
    viewer = Counted(archive)
    assert viewer.get("/", f"{host}.localhost:8080").status_code == 404
    assert viewer.asked == 1


def test_what_is_withheld(tmp_path):
    """What may not be shown is refused by the route from the next request on, also what was kept and at hand."""
    with build(tmp_path, {"example": {MONDAY: DAY}}) as archive:
        viewer = Counted(archive)
        paths = ["/", "/a.png", "/a.css"]
        for path in paths:
            for destination in ("iframe", "empty"):
                target, host = place(SITE + path, MONDAY)
                assert viewer.get(target, host, Sec_Fetch_Dest=destination).status_code == 200
        assert viewer.asked == 0
        hidden = Decision(
            takedowns=VERSION, action=Action.HIDE, url=f"{SITE}/", prefix=True, reason="x", at=AT
        )
        add_takedown(archive.collection, hidden)
        for path in paths:
            target, host = place(SITE + path, MONDAY)
            assert viewer.get(target, host, Sec_Fetch_Dest="iframe").status_code == 451
            assert viewer.get(target, host, Sec_Fetch_Dest="empty").status_code == 451
            assert viewer.get(f"/web/{MONDAY}id_/{SITE}{path}").status_code == 451


def test_our_script(archive):
    """The script is no capture."""
    viewer = Counted(archive)
    assert viewer.get("/.daykeep/replay.js", place(f"{SITE}/", MONDAY)[1]).status_code == 200
    assert viewer.asked == 1


def test_what_is_at_hand(archive):
    """What is small, in memory and sent as stored needs no waiting, once the day's index was read through."""
    app = app_of(archive)

    def at_hand(path: str, day: str = MONDAY, destination: str = "image") -> bool:
        target, host = place(SITE + path, day)
        environ = create_environ(target, f"http://{host}", headers={"Sec-Fetch-Dest": destination})
        environ["REQUEST_URI"] = target
        return bool(app.is_at_hand(environ))

    for day in (MONDAY, TUESDAY):
        archive.collection.at("example", day).warcs[0].read_bytes()
    assert not at_hand("/a.png")
    target, host = place(f"{SITE}/", MONDAY)
    environ = create_environ(target, f"http://{host}", headers={"Sec-Fetch-Dest": "iframe"})
    assert b"".join(app({**environ, "REQUEST_URI": target}, lambda *_: None))
    assert at_hand("/a.png")
    assert at_hand("/", destination="empty")
    assert not at_hand("/a.png", TUESDAY)
    assert not at_hand("/long.mp4")
    assert not at_hand("/moved")
    assert not at_hand("/same", destination="iframe")  # a page is rewritten
