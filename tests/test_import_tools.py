# SPDX-License-Identifier: EUPL-1.2
"""
Real files of other people's recorders are imported: every page with its bytes, found, replayed and verified.

wget is in tests/test_import.py. HTTrack is not here: Debian's 3.49.4 writes no WARC, and its cache is none; what
later versions of it write is a WARC like any other.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from archiver.collection import finder
from archiver.responses import open_response
from tests.support.importing import empty_archive, found, problems, take
from tests.support.oracles import oracle
from tests.support.recorders import pywb_recorder, warcprox, written
from tests.support.snapshots import SITE, page, serving

PATHS = ("/", "/a", "/chunked", "/picture", "/moved", "/gone")
DAY = {
    "/": page("vergunning", "/a", "/picture", title="Home"),
    "/a": page("leges en tarief", title="Leges"),
    "/chunked": (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, b"in pieces" * 50),
    "/picture": (200, {"Content-Type": "image/png"}, bytes(range(256)) * 20),
    "/moved": (301, {"Location": "/a"}, b""),
}
RECORDERS = {"warcprox": warcprox, "pywb": pywb_recorder}


@pytest.fixture(scope="module", params=RECORDERS)
def recorded(request, tmp_path_factory):
    """Return what a recorder wrote of the site, of which it asked one page twice, and the address of the site."""
    folder = tmp_path_factory.mktemp(request.param)
    with serving() as server:
        server.day = DAY
        base = f"http://127.0.0.1:{server.port}"
        with RECORDERS[request.param](folder) as get:
            for path in PATHS:
                get(base + path)
            get(f"{base}/a")
    return written(folder), base


def payloads(archive) -> dict[str, tuple[int, bytes]]:
    """Return URL → status and payload, as replay reads them, of every HTTP capture."""
    made = {}
    for folder in archive.collection.snapshots(SITE):
        find = finder(archive.collection, SITE)
        for capture in folder.index.captures():
            if capture.url.startswith("http"):
                with open_response(find, folder.timestamp, capture) as response:
                    made[capture.url] = (response.status, b"".join(response.body))
    return made


def check(archive, base: str) -> None:
    """Hold an import to what the site answered."""
    got = payloads(archive)
    for path, (status, _, body) in DAY.items():
        if path != "/moved":
            assert got[base + path] == (status, body), path
    assert got[f"{base}/gone"][0] == 404
    [folder] = archive.collection.snapshots(SITE)
    assert found(archive, "tarief", folder.timestamp) == [f"{base}/a"]
    digests = {capture.url: capture.digest for capture in folder.index.captures()}
    assert digests[f"{base}/chunked"] == f"sha256:{hashlib.sha256(DAY['/chunked'][2]).hexdigest()}"
    assert problems(archive) == []


def test_what_a_recorder_wrote(recorded, tmp_path):
    """Its WARCs become a snapshot: every answer with its bytes, searched, verified, nothing unresolved."""
    warcs, base = recorded
    with empty_archive(tmp_path / "data", clock=lambda: datetime.now(UTC)) as archive:
        report = take(archive, *warcs)
        assert [(one.problem, one.problems) for one in report.files] == [("", 0)] * len(warcs)
        assert report.unresolved == 0
        check(archive, base)


def test_a_wacz_made_of_it(recorded, tmp_path):
    """A WACZ that py-wacz makes of those WARCs gives the same."""
    warcs, base = recorded
    target = tmp_path / "made.wacz"
    ran = oracle("wacz", "create", "--detect-pages", "-o", target, *warcs, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with empty_archive(tmp_path / "data", clock=lambda: datetime.now(UTC)) as archive:
        report = take(archive, target)
        assert [(one.problem, one.problems) for one in report.files] == [("", 0)]
        check(archive, base)
