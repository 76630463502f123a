# SPDX-License-Identifier: EUPL-1.2
"""Payloads without the framework: the same answer field for field, and nothing else is answered so."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse, create_environ

from tests.support.archive import Archive, Reply, build
from tests.support.straight import Counted
from tests.support.viewing import app_of
from viewer.replaying.body import SHORT

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
LONG = random.Random(34).randbytes(SHORT + 1)
PAGE = gzip.compress(b"<title>Page</title>" + b"text " * 2000, mtime=0)
PLAIN = {
    "/": Reply("<title>Home</title>"),
    "/packed": Reply(PAGE, headers=(("Content-Encoding", "gzip"),)),
    "/chunked": Reply("<title>Chunked</title>", chunked=True),
    "/long.mp4": Reply(LONG, "video/mp4"),
    "/nothing": Reply("", "text/plain"),
    "/typeless": Reply("text", None),
    "/odd": Reply(
        "odd", "text/plain", headers=(("Status", "odd"), ("X-\xe9", "1"), ("X-Twice", "1"), ("X-Twice", "2"))
    ),
    "/a%2Fb?c=d&e": Reply("escaped"),
    "/na%C3%AFve.html": Reply("name"),
    "/same": Reply("the same on both days"),
}
OTHER = {
    "/missing": Reply("not here", status=404),
    "/moved": Reply("", status=302, headers=(("Location", "/"),)),
    "/no-content": Reply("", status=204),
    "/strange": Reply("strange", status=599),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Iterator[Archive]:
    days = {
        day: {SITE + path: reply for path, reply in {**PLAIN, **OTHER}.items()} for day in (MONDAY, TUESDAY)
    }
    with build(tmp_path_factory.mktemp("archive"), {"example": days}) as made:
        yield made


@pytest.fixture
def viewer(archive) -> Counted:
    return Counted(archive)


@pytest.mark.parametrize("path", PLAIN)
@pytest.mark.parametrize("mode", ["no-cors", "navigate", None])
def test_the_same_answer(viewer, path, mode):
    """What is plain is answered without a route, and no field or byte of the answer is another."""
    headers = {"Sec_Fetch_Mode": mode} if mode else {}
    answer = viewer.get(f"/web/{TUESDAY}id_/{SITE}{path}", **headers)
    assert (answer.status_code, viewer.asked) == (200, 0)
    assert answer.data == PLAIN[path].payload
    assert answer.headers["Memento-Datetime"]


@pytest.mark.parametrize("path", ["/", "/packed", "/chunked"])
def test_a_short_payload_has_a_length(viewer, path):
    """Its length is told whatever its coding: without it the connection would have to end."""
    answer = viewer.get(f"/web/{MONDAY}id_/{SITE}{path}")
    assert int(answer.headers["Content-Length"]) == len(PLAIN[path].payload)


@pytest.mark.parametrize("path", [*OTHER, "/never"])
def test_what_is_not_plain_is_left_to_the_route(viewer, path):
    """Redirects, errors, and what this day does not have."""
    viewer.get(f"/web/{MONDAY}id_/{SITE}{path}")
    assert viewer.asked == 1


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Range": "bytes=0-3"}),
        ("GET", {"If_None_Match": '"x"'}),
        ("GET", {"If_Modified_Since": "Mon, 02 Mar 2026 02:30:00 GMT"}),
        ("GET", {"Accept_Datetime": "Mon, 02 Mar 2026 02:30:00 GMT"}),
        ("HEAD", {}),
        ("POST", {}),
    ],
)
def test_questions_that_are_not_plain(viewer, method, headers):
    """Ranges, conditions, other methods."""
    viewer.get(f"/web/{MONDAY}id_/{SITE}/", method=method, **headers)
    assert viewer.asked == 1


@pytest.mark.parametrize(
    "target",
    [
        f"/web/{MONDAY}/{SITE}/",
        f"/web/2026-03-02id_/{SITE}/",
        f"/web/20260302023001id_/{SITE}/",
        f"/web/20261399999999id_/{SITE}/",
        f"/web/{MONDAY}id_/not an address",
        f"/web/{MONDAY}id_/",
    ],
)
def test_other_addresses(viewer, target):
    """The page in its frame, a day, another second, a moment that is none, and what is no address."""
    viewer.get(target)
    assert viewer.asked == 1


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:80", "elsewhere.example"])
def test_by_another_name(viewer, host):
    """Who asks by another name is led to the viewer's own."""
    assert viewer.get(f"/web/{MONDAY}id_/{SITE}/", host=host).status_code == 302
    assert viewer.asked == 1


def test_what_is_at_hand(archive):
    """What is in memory needs no waiting, what has to come from the disk does; then it is kept, and at hand."""
    app = app_of(archive)
    packed = f"/web/{MONDAY}id_/{SITE}/packed"

    def at_hand(target: str, **more: str) -> bool:
        environ = create_environ(target, "http://localhost:8080", headers=more)
        return bool(app.is_at_hand({**environ, "REQUEST_URI": target}))

    folder = archive.collection.at("example", MONDAY)
    [path] = folder.warcs
    assert not at_hand(packed)  # the snapshot is not open
    assert ask(app, f"/web/{MONDAY}id_/{SITE}/").status_code == 200
    path.read_bytes()
    assert at_hand(packed)
    assert not at_hand(packed, Range="bytes=0-1")
    assert not at_hand(f"/web/{MONDAY}id_/{SITE}/long.mp4")
    assert not at_hand(f"/web/{MONDAY}id_/{SITE}/moved")
    assert not at_hand(f"/web/{MONDAY}/{SITE}/")
    revisit = f"/web/{TUESDAY}id_/{SITE}/packed"  # its payload is Monday's
    assert ask(app, f"/web/{TUESDAY}id_/{SITE}/").status_code == 200
    archive.collection.at("example", TUESDAY).warcs[0].read_bytes()
    assert at_hand(revisit)
    forget(path)
    assert not at_hand(revisit)
    forget(path)  # that it was asked for lets the system read it
    assert not at_hand(packed)
    answer = ask(app, packed)
    forget(path)
    assert at_hand(packed)
    again = ask(app, packed)
    assert (again.data, list(again.headers)) == (answer.data, list(answer.headers))


def ask(app: Any, target: str) -> TestResponse:
    return Client(app, use_cookies=False).get(target, base_url="http://localhost:8080", buffered=True)


def forget(path: Path) -> None:
    """Let the system forget what it has of a file in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_damage_is_told_by_the_route(tmp_path):
    """A record that cannot be read is an error as everywhere else."""
    with build(tmp_path, {"example": {MONDAY: {f"{SITE}/": Reply("text " * 1000)}}}) as archive:
        folder = archive.collection.at("example", MONDAY)
        capture = folder.index.find(f"{SITE}/")
        assert capture is not None
        path = folder.warc(capture.filename)
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[capture.offset + capture.length - 6] ^= 0xFF  # in the checksum of the member
        path.write_bytes(data)
        viewer = Counted(archive)
        assert viewer.get(f"/web/{MONDAY}id_/{SITE}/").status_code == 500
        assert viewer.asked == 1
