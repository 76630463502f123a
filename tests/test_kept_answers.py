# SPDX-License-Identifier: EUPL-1.2
"""Answers kept in memory: which are, that they are the same, and that nothing else is ever given for them."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable

import pytest
from werkzeug.test import Client, create_environ

from tests.support.archive import Reply, build
from tests.support.viewing import Visitor
from viewer.kept_answers import LARGEST, OVERHEAD, Answer, KeptAnswers, keeping, key_of, may_be_kept

SITE = "https://www.example.org"
MONDAY, TUESDAY = "20260302023000", "20260303023000"
TEXT = "p { color: red } " * 200


class Counting:
    """An application that says how often it was called; `/kept…` may be kept."""

    def __init__(self, body: Iterable[bytes] = (b"one ", b"two"), status: str = "200 OK") -> None:
        self.calls = 0
        self.body = body
        self.status = status

    def __call__(self, environ, start_response):
        self.calls += 1
        if environ["PATH_INFO"].startswith("/kept"):
            may_be_kept(environ)
        start_response(self.status, [("Content-Type", "text/plain"), ("X-Call", str(self.calls))])
        return self.body


def calls(
    app: Counting, *asked: tuple[str, dict[str, str]], limit: int = 1 << 20, method: str = "GET"
) -> int:
    """Return how often an application was called for these requests."""
    client = Client(keeping(app, KeptAnswers(limit)), use_cookies=False)
    for path, headers in asked:
        client.open(path, method=method, headers=headers, buffered=True)
    return app.calls


def test_an_answer_is_kept_whole_with_its_head():
    client = Client(keeping(Counting(), KeptAnswers(1 << 20)), use_cookies=False)
    first, second = client.get("/kept?a=b", buffered=True), client.get("/kept?a=b", buffered=True)
    assert (first.data, second.data) == (b"one two", b"one two")
    assert second.headers["X-Call"] == first.headers["X-Call"] == "1"


def test_what_nobody_marked_is_asked_each_time():
    assert calls(Counting(), ("/other", {}), ("/other", {})) == 2


@pytest.mark.parametrize(
    "other",
    [
        ("/kept?x", {}),
        ("/kept%2F", {}),
        ("/kept", {"Host": "elsewhere"}),
        ("/kept", {"Sec-Fetch-Dest": "iframe"}),
        ("/kept", {"Sec-Fetch-Mode": "navigate"}),
        ("/kept", {"Accept-Encoding": "gzip"}),
    ],
)
def test_what_an_answer_depends_on_is_told_apart(other):
    assert calls(Counting(), ("/kept", {}), other, other, ("/kept", {})) == 2


@pytest.mark.parametrize(
    "header",
    [
        "Range",
        "If-Range",
        "If-None-Match",
        "If-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Service-Worker",
        "Accept-Datetime",
        "Upgrade",
    ],
)
def test_a_request_of_its_own_kind_is_neither_kept_nor_answered(header):
    own = ("/kept", {header: "x"})
    assert calls(Counting(), own, own, ("/kept", {}), own) == 4


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_only_get_is_kept(method):
    assert calls(Counting(), ("/kept", {}), ("/kept", {}), method=method) == 2


@pytest.mark.parametrize("status", ["206 Partial Content", "304 Not Modified", "404 Not Found", "503 Busy"])
def test_only_a_whole_answer_is_kept(status):
    assert calls(Counting(status=status), ("/kept", {}), ("/kept", {})) == 2


def test_the_largest_body_is_kept_and_a_larger_one_passes():
    kept, longer = Counting([b"x" * LARGEST]), Counting([b"x" * LARGEST, b"y"])
    assert calls(kept, ("/kept", {}), ("/kept", {}), limit=4 << 20) == 1
    assert calls(longer, ("/kept", {}), ("/kept", {}), limit=4 << 20) == 2


def test_a_very_long_address_is_not_kept():
    long = ("/kept?" + "a" * 3000, {})
    assert calls(Counting(), long, long) == 2


def test_a_server_that_does_not_tell_the_target_keeps_nothing():
    environ = create_environ("/kept")
    for name in ("REQUEST_URI", "RAW_URI"):
        environ.pop(name, None)
    assert key_of(environ) is None


def test_a_body_that_breaks_off_is_not_kept():
    def breaking():
        yield b"one "
        raise OSError("the disk is gone")

    class Broken(Counting):
        def __call__(self, environ, start_response):
            self.body = breaking()
            return super().__call__(environ, start_response)

    app = Broken()
    client = Client(keeping(app, KeptAnswers(1 << 20)), use_cookies=False)
    for _ in range(2):
        with pytest.raises(OSError, match="the disk is gone"):
            client.get("/kept", buffered=True)
    assert app.calls == 2


def test_a_visitor_who_goes_half_way_leaves_nothing_and_closes_the_body():
    closed = []

    class Body:
        def __iter__(self):
            yield from (b"one ", b"two")

        def close(self):
            closed.append(True)

    kept = KeptAnswers(1 << 20)
    body = keeping(Counting(Body()), kept)(create_environ("/kept"), lambda *_: lambda _: None)
    assert next(iter(body)) == b"one "
    body.close()
    assert closed == [True]
    assert kept.held == 0


def test_what_is_not_kept_goes_to_the_server_as_it_came():
    """A server knows a file by its type, and sends it in its own way."""
    body = iter([b"x"])
    passed = keeping(Counting(body), KeptAnswers(1 << 20))(create_environ("/file"), lambda *_: lambda _: None)
    assert passed is body


def test_those_used_longest_ago_make_room():
    kept = KeptAnswers(3 * (OVERHEAD + 11))
    answer = Answer("200 OK", [], b"x" * 10)
    for name in "abc":
        kept.keep((name,), answer)
    assert kept.get(("a",))
    kept.keep(("d",), answer)
    assert [name for name in "abcd" if kept.get((name,))] == ["a", "c", "d"]
    assert kept.held == 3 * (OVERHEAD + 11)  # each with a body of ten and a key of one


def test_header_fields_and_the_key_count():
    """A policy of several kilobytes is memory as a body is."""
    kept = KeptAnswers(1 << 20)
    kept.keep(("host", "/path"), Answer("200 OK", [("Content-Security-Policy", "x" * 4000)], b""))
    assert kept.held == OVERHEAD + len("host/path") + len("Content-Security-Policy") + 4000


def test_nothing_is_kept_where_nothing_may_be():
    assert calls(Counting(), ("/kept", {}), ("/kept", {}), limit=0) == 2


def test_several_threads_at_once_keep_within_the_limit():
    kept = KeptAnswers(50 * OVERHEAD)
    client = keeping(Counting(), kept)

    def visit(part: int) -> None:
        for number in range(200):
            Client(client, use_cookies=False).get(f"/kept?{(number * part) % 90}", buffered=True)

    threads = [threading.Thread(target=visit, args=(part,)) for part in (1, 7, 11, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < kept.held <= 50 * OVERHEAD


# ---- in the viewer


@pytest.fixture
def archive(tmp_path):
    page = f'<!doctype html><title>T</title><a href="{SITE}/b">b</a>{TEXT}'
    monday = {
        f"{SITE}/": Reply(page),
        f"{SITE}/a.css": Reply(TEXT, "text/css"),
        f"{SITE}/i.png": Reply(b"\x89PNG", "image/png"),
    }
    tuesday = {f"{SITE}/": Reply(page.replace("T<", "D<"))}
    with build(tmp_path, {"example": {MONDAY: monday, TUESDAY: tuesday}}) as made:
        yield made


def without_files(archive) -> None:
    """Take the WARCs of every day away."""
    for folder in archive.collection.snapshots("example"):
        for path in folder.path.glob("archive/*"):
            path.parent.chmod(0o755)
            path.unlink()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", {"Sec_Fetch_Dest": "iframe", "Accept_Encoding": "gzip"}),
        ("/", {"Sec_Fetch_Dest": "iframe"}),
        ("/a.css", {"Sec_Fetch_Dest": "style"}),
        ("/i.png", {"Sec_Fetch_Dest": "image"}),
    ],
)
def test_replay_gives_the_same_again_without_reading_the_file(archive, path, said):
    visitor = Visitor(archive)
    first = visitor.replay(MONDAY, SITE + path, **said)
    assert first.status_code == 200
    without_files(archive)
    second = visitor.replay(MONDAY, SITE + path, **said)
    assert (second.status_code, second.data) == (200, first.data)
    assert list(second.headers) == list(first.headers)
    assert visitor.replay(TUESDAY, SITE + "/", **said).status_code == 500


def test_a_raw_payload_is_kept_by_its_timestamp_and_not_by_a_day(archive):
    visitor = Visitor(archive)
    exact, day = f"/web/{MONDAY}id_/{SITE}/", f"/web/2026-03-02id_/{SITE}/"
    first = visitor.get(exact)
    assert first.data == visitor.get(day).data
    without_files(archive)
    assert visitor.get(exact).data == first.data
    assert visitor.get(day).status_code == 500


def test_a_made_page_is_packed_for_who_takes_it_and_has_its_own_tag(archive):
    visitor = Visitor(archive)
    packed = visitor.replay(MONDAY, SITE + "/", Sec_Fetch_Dest="iframe", Accept_Encoding="br, gzip")
    plain = visitor.replay(MONDAY, SITE + "/", Sec_Fetch_Dest="iframe", Accept_Encoding="br, gzip;q=0")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]
