# SPDX-License-Identifier: EUPL-1.2
"""Bodies of which browsers recorded parts (206): joined where they are proven to be one, told as a part, or a gap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from archiver.settings import Viewer as ViewerAddress
from tests.support.archive import Archive as Viewed
from tests.support.chromium import visit
from tests.support.importing import EXAMPLE, empty_archive, exchange, take, write
from tests.support.part_records import STAMP, part, records, whole
from tests.support.ports import free_port
from tests.support.viewing import Visitor, serving

BYTES = bytes(range(100))
CLIP = (Path(__file__).parent / "feature_site/files/clip.webm").read_bytes()
MIDDLE = len(CLIP) // 2


V1, V2, WEAK = {"ETag": '"v1"'}, {"ETag": '"v2"'}, {"ETag": 'W/"v1"'}
OTHER = bytes(reversed(BYTES))
GIVEN = [
    part("/all.bin", BYTES, 0, 100, 1),
    part("/all.txt", b"<p>" + BYTES[32:90], 0, 61, 1, Content_Type="text/plain"),
    part("/joined.bin", BYTES, 50, 100, 1, **V1),
    part("/joined.bin", BYTES, 0, 60, 2, **V1),
    part("/three.bin", BYTES, 70, 100, 3, **V1),
    part("/three.bin", BYTES, 0, 30, 1, **V1),
    part("/three.bin", BYTES, 20, 80, 2, **V1),
    part("/hole.bin", BYTES, 0, 30, 1, **V1),
    part("/hole.bin", BYTES, 60, 100, 2, **V1),
    part("/weak.bin", BYTES, 50, 100, 1, **WEAK),
    part("/weak.bin", BYTES, 0, 60, 2, **WEAK),
    part("/no-tag.bin", BYTES, 50, 100, 1),
    part("/no-tag.bin", BYTES, 0, 60, 2),
    part("/two.bin", OTHER, 50, 100, 1, **V1),
    part("/two.bin", BYTES, 0, 60, 2, **V2),
    part("/lengths.bin", OTHER + b"x", 50, 101, 1, **V1),
    part("/lengths.bin", BYTES, 0, 60, 2, **V1),
    part("/once-whole.bin", BYTES, 50, 100, 2, **V2),
    whole("/once-whole.bin", OTHER, 1, **V1),
    part("/lone.bin", BYTES, 40, 60, 1, **V1),
    part("/said-nothing.bin", BYTES, 40, 60, 1, Content_Range=""),
    part("/said-nonsense.bin", BYTES, 40, 60, 1, Content_Range="bytes 40-59/*"),
    part("/packed.txt", BYTES, 0, 50, 1, Content_Encoding="gzip", **V1),
    part("/page.html", b"<title>page</title>" * 10, 0, 50, 1, Content_Type="text/html", **V1),
    part("/clip.webm", CLIP, MIDDLE - 500, len(CLIP), 1, Content_Type="video/webm", **V1),
    part("/clip.webm", CLIP, 0, MIDDLE, 2, Content_Type="video/webm", **V1),
    part("/half.webm", CLIP, MIDDLE, len(CLIP), 1, Content_Type="video/webm", **V1),
]  # fmt: skip
PAGE = b"""<!doctype html><title>films</title><video id=joined muted src=/clip.webm></video><video id=half muted src=/half.webm></video>
<p></p><script>
half.onerror = () => { document.querySelector("p").textContent = "half failed"; };
</script>"""


def recorded() -> list[bytes]:
    pages = exchange("/films", PAGE, "2026-02-10T11:00:00Z", 900)
    return pages + exchange("/asks", ASKING, "2026-02-10T11:00:30Z", 910) + records(GIVEN)


@pytest.fixture(scope="module")
def viewed(tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    with empty_archive(root / "data") as archive:
        take(archive, write(root / "a.warc", recorded()), texts=False)
        shelves = archive.shelves
        yield Viewed(archive.settings, archive.collection, shelves.history, shelves.catalogue)


@pytest.fixture(scope="module")
def visitor(viewed):
    return Visitor(viewed)


@contextmanager
def shown(viewed: Viewed) -> Iterator[str]:
    """Serve the archive on a free port, and yield the viewer's address."""
    port = free_port()
    address = ViewerAddress(
        base_url=f"http://localhost:{port}", replay_url=f"http://{{label}}.localhost:{port}"
    )
    settings = replace(viewed.settings, viewer=address)
    with serving(Viewed(settings, viewed.collection, viewed.history, viewed.catalogue), port) as base:
        yield base


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/all.bin", BYTES),
        ("/all.txt", b"<p>" + BYTES[32:90]),
        ("/joined.bin", BYTES),
        ("/three.bin", BYTES),
        ("/once-whole.bin", OTHER),
        ("/clip.webm", CLIP),
    ],
)
def test_what_is_whole_is_sent_whole(visitor, path, body):
    """A 206 of all bytes, parts that make up all, and a whole of the same day: 200, and any range of it."""
    answer = visitor.replay(STAMP, EXAMPLE + path, Sec_Fetch_Dest="empty")
    assert (answer.status_code, answer.data) == (200, body)
    assert answer.headers["Content-Length"] == str(len(body))
    assert "Content-Range" not in answer.headers
    for first, end in ((0, 10), (25, 75), (55, len(body))):
        some = visitor.replay(STAMP, EXAMPLE + path, Sec_Fetch_Dest="empty", Range=f"bytes={first}-{end - 1}")
        last = min(end, len(body)) - 1
        assert (some.status_code, some.data) == (206, body[first:end])
        assert some.headers["Content-Range"] == f"bytes {first}-{last}/{len(body)}"
        assert some.headers["ETag"] == answer.headers["ETag"]
    head = visitor.replay(STAMP, EXAMPLE + path, method="HEAD", Sec_Fetch_Dest="empty")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(body)))


PARTS = ["/hole.bin", "/weak.bin", "/no-tag.bin", "/two.bin", "/lengths.bin", "/lone.bin", "/said-nothing.bin",
         "/said-nonsense.bin", "/packed.txt", "/page.html", "/half.webm"]  # fmt: skip


@pytest.mark.parametrize("path", PARTS)
@pytest.mark.parametrize("destination", ["empty", "video", "iframe"])
def test_a_part_is_never_sent_as_the_whole(visitor, path, destination):
    """Where not all is there, or is not proven to be of the same bytes, it is a gap that can be seen."""
    for method in ("GET", "HEAD"):
        answer = visitor.replay(STAMP, EXAMPLE + path, method=method, Sec_Fetch_Dest=destination)
        assert answer.status_code == 404
        assert "daykeep-gap" in answer.headers["Server-Timing"]
    mismatched = visitor.replay(
        STAMP, EXAMPLE + path, Range="bytes=45-46", If_Range='"other"', Sec_Fetch_Dest="empty"
    )
    assert mismatched.status_code == 404


@pytest.mark.parametrize(
    ("path", "wanted", "first", "end"),
    [
        ("/lone.bin", "bytes=40-", 40, 60),
        ("/lone.bin", "bytes=45-49", 45, 50),
        ("/lone.bin", "bytes=-40", None, None),
        ("/lone.bin", "bytes=0-", None, None),
        ("/lone.bin", "bytes=60-", None, None),
        ("/hole.bin", "bytes=0-", 0, 30),
        ("/hole.bin", "bytes=10-99", 10, 30),
        ("/hole.bin", "bytes=30-99", None, None),
        ("/hole.bin", "bytes=-40", 60, 100),
        ("/two.bin", "bytes=0-", 0, 60),
        ("/two.bin", "bytes=60-", None, None),
        ("/said-nothing.bin", "bytes=40-", None, None),
        ("/hole.bin", "bytes=0-1,4-5", None, None),
        ("/hole.bin", "items=0-1", None, None),
    ],
)
def test_a_range_is_what_is_there_of_it(visitor, path, wanted, first, end):
    """As much from where it begins as is stored; a gap where not even that is."""
    answer = visitor.replay(STAMP, EXAMPLE + path, Range=wanted, Sec_Fetch_Dest="empty")
    if first is None:
        assert answer.status_code == 404
        assert "daykeep-gap" in answer.headers["Server-Timing"]
        return
    assert (answer.status_code, answer.data) == (206, BYTES[first:end])
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/100"
    assert answer.headers["Content-Length"] == str(end - first)


@pytest.mark.parametrize(
    ("path", "fields", "status", "body"),
    [
        ("/joined.bin", {"X_Daykeep_Range": "bytes=40-49"}, 200, BYTES),
        ("/joined.bin", {"X_Daykeep_Range": "bytes=40-49", "Range": "bytes=1-2"}, 206, BYTES[1:3]),
        ("/once-whole.bin", {"X_Daykeep_Range": "bytes=40-49"}, 200, OTHER),
        ("/lone.bin", {"X_Daykeep_Range": "bytes=45-"}, 206, BYTES[45:60]),
        ("/lone.bin", {"X_Daykeep_Range": "bytes=45-", "Range": "bytes=41-42"}, 206, BYTES[41:43]),
        ("/lone.bin", {"X_Daykeep_Range": "bytes=45-", "If_Range": '"other"'}, 404, b""),
        ("/lone.bin", {"X_Daykeep_Range": "bytes=0-"}, 404, b""),
        ("/lone.bin", {"X_Daykeep_Range": "bytes=200-"}, 416, b""),
        ("/lone.bin", {"X_Daykeep_Range": "nonsense"}, 404, b""),
        ("/page.html", {"X_Daykeep_Range": "bytes=0-9"}, 206, b"<title>pag"),
    ],
)
def test_a_cache_in_front_tells_the_range(visitor, path, fields, status, body):
    """One that asks for wholes and cuts them itself gets the whole where that is there, else the visitor's range."""
    answer = visitor.replay(STAMP, EXAMPLE + path, Sec_Fetch_Dest="empty", **fields)
    assert (answer.status_code, answer.data) == (status, body)
    if status in {206, 416}:
        assert "Content-Range" in answer.headers  # by which a cache knows it
        assert ("X-Daykeep-Range" in answer.headers["Vary"]) is ("Range" not in fields)
    head = visitor.replay(STAMP, EXAMPLE + path, method="HEAD", Sec_Fetch_Dest="empty", **fields)
    assert head.status_code in {200, 404}


def test_a_range_behind_the_end(visitor):
    """Whoever asks for what never was is told how long the whole is."""
    answer = visitor.replay(STAMP, f"{EXAMPLE}/hole.bin", Range="bytes=100-", Sec_Fetch_Dest="empty")
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */100")


def test_as_captured_says_which_part_it_is(visitor):
    """The payload of the record, and which bytes of the whole they are."""
    answer = visitor.get(f"/web/{STAMP}id_/{EXAMPLE}/lone.bin")
    assert (answer.status_code, answer.data) == (206, BYTES[40:60])
    assert answer.headers["Content-Range"] == "bytes 40-59/100"


@pytest.mark.parametrize(
    ("path", "wanted"), [("/hole.bin", "bytes=30-"), ("/hole.bin", ""), ("/page.html", "")]
)
def test_a_gap_among_parts_is_kept_by_nobody(visitor, path, wanted):
    """A cache that kept it would give it to who asks for other bytes of the address, which are there."""
    said = {"Range": wanted} if wanted else {}
    answer = visitor.replay(STAMP, EXAMPLE + path, Sec_Fetch_Dest="empty", **said)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def told(visitor, parts, language="en"):
    question = json.dumps({"moment": STAMP, "page": f"{EXAMPLE}/films", "parts": parts}).encode()
    fields = {"Content_Type": "application/json", "Accept_Language": language}
    return visitor.ask("POST", "http://localhost:8080", "/web/parts", body=question, **fields).text


@pytest.mark.parametrize(
    ("path", "is_whole"),
    [
        ("/all.bin", True),
        ("/joined.bin", True),
        ("/three.bin", True),
        ("/once-whole.bin", True),
        ("/hole.bin", False),
        ("/weak.bin", False),
        ("/two.bin", False),
        ("/lone.bin", False),
        ("/said-nothing.bin", False),
        ("/page.html", False),
    ],
)
def test_the_banner_counts_no_part_for_the_whole(visitor, path, is_whole):
    """What has no answer for who asks for all of it is told as not stored whole; what has one is there."""
    assert (visitor.replay(STAMP, EXAMPLE + path, Sec_Fetch_Dest="empty").status_code == 200) is is_whole
    banner = told(visitor, [["media", EXAMPLE + path]])
    assert ("1 part of this page was not stored whole." in banner) is not is_whole
    assert ("1 other part, of this day." in banner) is is_whole
    banner = told(visitor, [["media", EXAMPLE + path]], "nl")
    assert ("1 onderdeel van deze pagina is niet heel bewaard." in banner) is not is_whole


def test_so_many_parts_are_looked_into(visitor, monkeypatch):
    """A question about many of them is answered in part, and says so."""
    asked = [["media", EXAMPLE + path] for path in ("/hole.bin", "/weak.bin", "/two.bin", "/lone.bin")]
    assert "4 parts of this page were not stored whole." in told(visitor, asked)
    monkeypatch.setattr("viewer.replaying.whole_bodies.MAX_BODIES", 2)
    assert "At least 2 parts of this page were not stored whole." in told(visitor, asked)


ASKING = b"""<!doctype html><title>asks</title><p></p><script>
const ask = async (range) => (await fetch("/hole.bin", range ? {headers: {Range: range}} : {})).status;
(async () => {
  const told = [];
  for (const range of ["bytes=30-", "bytes=0-", null, "bytes=0-9", "bytes=30-", "bytes=60-"]) told.push(await ask(range));
  document.querySelector("p").textContent = told.join(" ");
})();
</script>"""


@pytest.mark.browser
def test_what_is_there_is_found_after_what_is_not(viewed, browser):
    """Whatever a browser asked for before: the bytes that are stored come, and those that are not are a gap."""
    with shown(viewed) as base, visit(browser, f"{base}/web/{STAMP}/{EXAMPLE}/asks") as seen:
        told = seen.page.frame_locator("#daykeep-page").locator("p")
        expect(told).to_have_text("404 206 404 206 404 206")


@pytest.mark.browser
def test_films_in_a_browser(viewed, browser):
    """A film of which two overlapping parts were recorded plays to its end; of one without its beginning nothing does."""
    with shown(viewed) as base, visit(browser, f"{base}/web/{STAMP}/{EXAMPLE}/films") as seen:
        frame = seen.page.frame_locator("#daykeep-page")
        expect(frame.locator("p")).to_have_text("half failed")
        film = frame.locator("#joined")
        assert film.evaluate(
            """async (film) => {
              await film.play();
              await new Promise((done, fail) => { film.onended = done; film.onerror = () => fail(film.error); });
              return Math.abs(film.currentTime - film.duration) < 0.1 && film.error === null;
            }"""
        )
