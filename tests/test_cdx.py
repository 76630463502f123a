# SPDX-License-Identifier: EUPL-1.2
"""The CDX routes: how an answer goes over HTTP, what never does, and that who goes away is not answered on."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.serving import LEAST_THREADS
from archiver.ledger import UrlOutcome
from index.cdx_server.answer import Answer, CdxServer
from index.cdx_server.budget import OutOfTimeError
from index.timestamp import parse_timestamp
from tests.support.archive import Archive, Lost, Reply, add_day, build
from tests.support.cdx_days import capture, write_days
from tests.support.ports import free_port, wait_until
from tests.support.viewing import Visitor, app_of, serving
from viewer.app import THREADS
from viewer.crew import Crew
from viewer.protocols import cdx
from viewer.protocols.cdx_days import SealedDays

HOME = "https://www.example.org/"
FIRST, SECOND, THIRD = "20260302023000", "20260303023000", "20260304023000"
SITES = {
    "demo": {
        FIRST: {
            HOME: Reply("<title>Home</title>Monday"),
            f"{HOME}a/%C3%A9?x=1": Reply("accented"),
            f"{HOME}moved": Reply(status=301, headers=(("Location", HOME),)),
        },
        SECOND: {
            HOME: Reply("<title>Home</title>Monday"),
            f"{HOME}a/%C3%A9?x=1": Reply(status=304),
        },
    },
    "other": {
        "20260302040000": {
            HOME: Reply("<title>Home</title>Monday, seen by another crawl"),
            "https://news.example.org/": Reply("news"),
        },
        "20260303040000": {HOME: Lost(UrlOutcome.TIMEOUT)},
    },
}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Archive]:
    with build(tmp_path_factory.mktemp("cdx"), SITES, port=port) as built:
        yield built


@pytest.fixture(scope="module")
def visitor(archive: Archive, port: int) -> Visitor:
    return Visitor(archive, port)


def rows(text: str) -> list[list[str]]:
    return [line.split(" ") for line in text.splitlines()]


def test_lines_of_every_site(visitor):
    """All sites of the archive answer, each capture of each day; a revisit is one."""
    found = rows(visitor.get("/cdx?url=example.org").text)
    assert [(row[1], row[3], row[4]) for row in found] == [
        ("20260302023000", "text/html", "200"),
        ("20260302040000", "text/html", "200"),
        ("20260303023000", "warc/revisit", "-"),
    ]
    assert all(len(row) == 7 and row[5].startswith("sha256:") and row[6].isdigit() for row in found)


@pytest.mark.parametrize("path", ["/cdx", "/cdx/search/cdx"])
def test_both_paths(visitor, path):
    """The path that clients of the Wayback Machine know answers the same."""
    answer = visitor.get(f"{path}?url=*.example.org&output=json")
    assert answer.json == visitor.get("/cdx?url=*.example.org&output=json").json
    assert len(answer.json) == 8


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("", "text/plain; charset=utf-8"),
        ("&output=json", "application/json"),
        ("&output=cdxj", "text/x-cdxj; charset=utf-8"),
        ("&output=json&showNumPages=true", "text/plain; charset=utf-8"),
    ],
)
def test_headers(visitor, asked, kind):
    """An answer has its type, is asked for again each time, and can do nothing in a browser."""
    answer = visitor.get(f"/cdx?url=example.org{asked}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert int(answer.headers["Content-Length"]) == len(answer.data)


@pytest.mark.parametrize(
    ("asked", "accepted", "coding"),
    [
        ("", "gzip, deflate", "gzip"),
        ("&gzip=true", "gzip", "gzip"),
        ("&gzip=false", "gzip", None),
        ("", "identity", None),
        ("", "gzip;q=0", None),
        ("&gzip=true", "br", None),
    ],
)
def test_compression(visitor, asked, accepted, coding):
    """An answer is compressed where the client takes gzip and did not say otherwise."""
    answer = visitor.get(f"/cdx?url=example.org{asked}", Accept_Encoding=accepted)
    plain = visitor.get("/cdx?url=example.org").data
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (gzip.decompress(answer.data) if coding else answer.data) == plain


def test_head(visitor, port):
    """HEAD has the headers of GET and no body."""
    answer = visitor.ask("HEAD", f"http://localhost:{port}", "/cdx?url=example.org")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "url: is needed"),
        ("url=example.org&from=tuesday", "from: 'tuesday' is not a moment"),
        ("url=example.org&filter=original:(((", "filter: '(((' is no regular expression"),
        ("url=example.org&limit=%3Cscript%3E", "limit: '<script>' is not a number"),
        ("url=example.org" + "&a=b" * 300, "url: may come with 200 parameters at most"),
        ("url=example.org/" + "a" * 40_000, "url: with all other parameters may have 32000 characters"),
        ("url=example.org/" + "a" * 5_000, "url: "),
        ("url=example.org&collapse=%00", "collapse: '\\x00' is not"),
    ],
)
def test_refused(visitor, query, said):
    """What makes no sense is refused in one sentence that begins with the parameter, as plain text."""
    answer = visitor.get(f"/cdx?{query}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(said)
    assert answer.text.endswith(".\n")
    assert answer.text.count("\n") == 1


@given(st.text("url=&example.org%0123456789abcdefABCDEF*+;()[]~!", max_size=60))
def test_any_query_has_an_answer(visitor, query):
    """Whatever bytes and escapes make the query, it is answered or refused."""
    assert visitor.get(f"/cdx?{query}").status_code in {200, 400}
    assert visitor.get(f"/cdx?url=*.example.org&{query}").status_code in {200, 400}


@pytest.mark.parametrize(
    "written",
    [
        "https%3A%2F%2Fwww.example.org%2Fa%2F%25C3%25A9%3Fx%3D1",  # as it should be
        "https://www.example.org/a/%25c3%25a9?x=1",
        "example.org/a/%C3%A9%3Fx=1",  # escaped once: the character itself
        "example.org/a/é?x=1",
    ],
)
def test_escaped_addresses(visitor, written):
    """An address is found whether it was escaped for the query or not."""
    found = rows(visitor.get(f"/cdx?url={quote(written, safe='%:/?=&')}").text)
    assert [row[2] for row in found] == [f"{HOME}a/%C3%A9?x=1"] * 2


def test_bytes_that_are_no_utf8():
    """A byte that is no UTF-8 is the escape it was: addresses in Latin-1 are found too."""
    found = cdx._parameters(b"url=example.org/caf%E9&filter=original:%FF")
    assert found == [("url", "example.org/caf%E9"), ("filter", "original:%FF")]


def test_what_is_not_told(visitor, archive):
    """No file, no place in one, no text that we took out of a page, in any form or by any prefix."""
    index = archive.collection.snapshot("demo", FIRST).index_path.read_text(encoding="ascii")
    assert "urn:text:" in index
    assert "warc.gz" in index
    for asked in ("url=*.org", "url=org&matchType=domain", "url=example.org/*", "url=text&matchType=domain"):
        for output in ("text", "json", "cdxj"):
            answer = visitor.get(f"/cdx?{asked}&output={output}")
            assert "urn:" not in answer.text
            assert "warc.gz" not in answer.text
    for url in (
        "urn:text:https://www.example.org/",
        "urn:text:",
        "file:///etc/passwd",
        "*",
        "**",
        "*.",
        "*./*",
    ):
        assert visitor.get(f"/cdx?url={quote(url)}").status_code == 400


def test_an_unsealed_day_is_not_told(tmp_path):
    """A snapshot that is being taken is nobody's to see; one that was sealed is there at the next query."""
    with build(tmp_path, {"demo": {FIRST: SITES["demo"][FIRST]}}) as archive:
        visitor = Visitor(archive)
        assert len(rows(visitor.get("/cdx?url=example.org").text)) == 1
        for name in ("99999999999999", "20260231000000", "2026", ".20260303023000"):
            (archive.collection.site_folder("demo") / name).mkdir()  # no snapshot has such a name
        taking = archive.collection.begin("demo", parse_timestamp(SECOND))
        sealed = archive.collection.snapshot("demo", FIRST)
        taking.index_path.write_bytes(sealed.index_path.read_bytes())
        assert len(rows(visitor.get("/cdx?url=example.org").text)) == 1
        add_day(archive, archive.settings.site[0], THIRD, SITES["demo"][SECOND])
        assert len(rows(visitor.get("/cdx?url=example.org").text)) == 2


@pytest.mark.parametrize("asked", ["url=*.example.org", "url=example.org/*", "url=example.org"])
def test_a_new_day_is_there_at_the_next_query(tmp_path, monkeypatch, asked):
    """However often it was asked before: a day that was sealed since is told, and one that is gone is not."""
    monkeypatch.setattr("viewer.protocols.cdx_days._TICK", -1)  # all is kept that can be
    with build(tmp_path, {"demo": {FIRST: SITES["demo"][FIRST]}}) as archive:
        visitor = Visitor(archive)
        whole = f"/cdx?{asked}&fl=timestamp"

        def days_told() -> set[str]:
            told = [visitor.get(whole).text for _ in range(3)]
            assert told[0] == told[1] == told[2]
            return {line[:8] for line in told[0].splitlines()}

        assert days_told() == {FIRST[:8]}
        for name in (SECOND, THIRD):
            add_day(archive, archive.settings.site[0], name, SITES["demo"][SECOND])
        assert days_told() == {FIRST[:8], SECOND[:8], THIRD[:8]}
        folder = archive.collection.site_folder("demo")
        (folder / SECOND).rename(tmp_path / SECOND)
        assert days_told() == {FIRST[:8], THIRD[:8]}
        (tmp_path / SECOND).rename(folder / SECOND)
        assert days_told() == {FIRST[:8], SECOND[:8], THIRD[:8]}


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        (
            "20260302023001",
            200,
        ),  # the second in which the address was captured, on a day named a second before
        ("20260303023001", 200),  # a revisit
        ("20260302023002", 404),  # another address was captured then
        ("20260304023001", 404),  # a day without a snapshot is no other day
        ("20260301023001", 404),
    ],
)
@pytest.mark.parametrize("modifier", ["", "id_"])
def test_a_capture_is_found_by_its_own_timestamp(visitor, moment, modifier, status):
    """What a line says leads to its capture: /web/<timestamp>/<original>, and to no other."""
    answer = visitor.get(f"/web/{moment}{modifier}/{HOME}a/%C3%A9?x=1")
    assert answer.status_code == status
    if status == 200 and modifier:
        assert answer.data == b"accented"


def test_days_are_listed_once(archive, monkeypatch):
    """As long as no folder changed, the days are not listed again."""
    monkeypatch.setattr("viewer.protocols.cdx_days._TICK", -1)
    days = SealedDays(archive.collection)
    assert days() is days()
    assert [day.timestamp for day in days()] == [FIRST, "20260302040000", SECOND, "20260303040000"]


def test_damage_is_no_part_of_an_answer(tmp_path):
    """A day whose index cannot be read makes an error, not an answer without it, and tells no path."""
    with build(tmp_path, {"demo": {FIRST: SITES["demo"][FIRST]}}) as archive:
        path = archive.collection.snapshot("demo", FIRST).index_path
        path.parent.chmod(0o700)
        path.chmod(0o600)
        path.write_bytes(b"org,example)/ 20260302023000 {\n")
        answer = Visitor(archive).get("/cdx?url=example.org")
        assert answer.status_code == 500
        assert str(tmp_path) not in answer.text


# ---- long answers ------------------------------------------------------------------------------------------


class Watched(CdxServer):
    """A server that remembers its answers."""

    answers: list[Answer]

    def answer(self, parameters: Any, on_long: Any) -> Answer:
        made = super().answer(parameters, on_long)
        self.answers.append(made)
        return made


@pytest.fixture
def long(tmp_path, monkeypatch) -> Iterator[Watched]:
    """Put a day of six thousand lines of eight kilobytes in place of the archive's."""
    url = f"{HOME}{'a' * 4000}"
    held = write_days(tmp_path, {"demo": {FIRST: [capture(f"{url}{n:04}", FIRST) for n in range(6000)]}})
    server = Watched(lambda: held, lambda: 0.0)
    server.answers = []
    monkeypatch.setattr(cdx, "CdxServer", lambda *_, **_more: server)
    return server


@pytest.fixture
def visitor_of_long(long, archive, port) -> Visitor:
    assert not long.answers
    return Visitor(archive, port)


def begun(port: int) -> socket.socket:
    """Ask for everything, and read the beginning of it."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(b"GET /cdx?url=*.example.org HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port)
    seen = b""
    while b"org,example)/aaaa" not in seen:
        seen += client.recv(1000)
    assert seen.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Transfer-Encoding: chunked\r\n" in seen
    return client


def cut(client: socket.socket) -> None:
    """Break a connection off, as when a client is killed."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def ended(answer: Answer) -> None:
    """Return once an answer is no longer made."""
    wait_until(lambda: answer.pieces.gi_frame is None, lambda: True, 30)


def asked_lines(answer: Answer) -> int:
    return answer.reading._budget.checks


def test_who_goes_away_is_not_answered_on(archive, port, long):
    """When a client goes, the answer ends where it is, and its place is free."""
    with serving(archive, port):
        for _ in range(cdx.LONG + 2):
            cut(begun(port))
            answer = long.answers[-1]
            ended(answer)
            assert 0 < asked_lines(answer) < 6000


@pytest.fixture
def rooms(monkeypatch) -> list[cdx._Room]:
    """Remember the rooms that are made, in which nobody gives up waiting."""
    made: list[cdx._Room] = []

    class Room(cdx._Room):
        def __init__(self, crew: Crew) -> None:
            super().__init__(crew)
            made.append(self)

    monkeypatch.setattr(cdx, "_Room", Room)
    monkeypatch.setattr(cdx, "PATIENCE", 600.0)
    return made


def free(waiting: threading.BoundedSemaphore) -> int:
    return waiting._value


def test_a_long_answer_waits_for_a_place(archive, port, long, rooms):
    """So many long answers are made at once; the next waits until one of them ends, and is whole then."""
    with serving(archive, port), ThreadPoolExecutor(1) as pool:
        held = [begun(port) for _ in range(cdx.LONG)]
        later = pool.submit(begun, port)
        wait_until(lambda: free(rooms[-1]._waiting) < cdx.WAITING, lambda: True, 30)
        assert free(rooms[-1]._places) == 0
        assert not later.done()
        cut(held.pop())
        held.append(later.result(timeout=30))
        assert free(rooms[-1]._waiting) == cdx.WAITING
        for client in held:
            cut(client)
        for answer in long.answers:
            ended(answer)
        wait_until(lambda: free(rooms[-1]._places) == cdx.LONG, lambda: True, 30)


def test_few_wait(archive, port, long, rooms, monkeypatch):
    """Where enough wait, the next is told at once when to come back; short answers are not held up."""
    monkeypatch.setattr(cdx, "WAITING", 1)
    with serving(archive, port), ThreadPoolExecutor(1) as pool:
        held = [begun(port) for _ in range(cdx.LONG)]
        later = pool.submit(begun, port)
        wait_until(lambda: free(rooms[-1]._waiting) == 0, lambda: True, 30)
        visitor = http.client.HTTPConnection("localhost", port, timeout=30)
        visitor.request("GET", "/cdx?url=*.example.org")
        refused = visitor.getresponse()
        assert (refused.status, refused.getheader("Retry-After")) == (503, "5")
        refused.read()
        visitor.request("GET", f"/cdx?url={HOME}{'a' * 4000}0001")
        found = visitor.getresponse()
        assert found.status == 200
        found.read()
        visitor.close()
        for client in held:
            cut(client)
        cut(later.result(timeout=30))
        for answer in long.answers:
            ended(answer)


def test_nobody_waits_for_ever(archive, port, long, monkeypatch):
    """Who waits for a place longer than one should is told when to come back, and waits no more."""
    monkeypatch.setattr(cdx, "PATIENCE", 0.01)
    with serving(archive, port):
        held = [begun(port) for _ in range(cdx.LONG)]
        for _ in range(cdx.WAITING + 1):
            assert Visitor(archive, port).get("/cdx?url=example.org/no").status_code == 200
            visitor = http.client.HTTPConnection("localhost", port, timeout=30)
            visitor.request("GET", "/cdx?url=*.example.org")
            refused = visitor.getresponse()
            assert (refused.status, refused.getheader("Retry-After")) == (503, "5")
            visitor.close()
        for client in held:
            cut(client)
        for answer in long.answers:
            ended(answer)


def test_threads_are_left():
    """Long answers, and those that wait to be, leave half of each process's threads to everybody else."""
    for crew in map(Crew, range(1, 65)):
        assert 2 * (crew.part(cdx.LONG) + crew.part(cdx.WAITING)) <= crew.part(THREADS, LEAST_THREADS)


def test_a_whole_long_answer(visitor_of_long, monkeypatch):
    """A long answer arrives whole, compressed or not, and frees its place."""
    monkeypatch.setattr(cdx, "WHOLE", 50_000)
    for _ in range(cdx.LONG + 1):
        answer = visitor_of_long.get("/cdx?url=*.example.org&fl=timestamp,length", Accept_Encoding="gzip")
        assert gzip.decompress(answer.data) == b"20260302023000 1043\n" * 6000


def test_an_answer_is_made_as_it_is_read(archive, port, long):
    """Nothing but the beginning is read ahead of who reads, and closing ends it."""
    app = app_of(archive)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/cdx",
        "QUERY_STRING": "url=*.example.org",
        "HTTP_HOST": f"localhost:{port}",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": None,
        "wsgi.errors": None,
    }
    body = app(environ, lambda *_: None)
    next(iter(body))
    assert asked_lines(long.answers[-1]) < 100
    body.close()
    assert asked_lines(long.answers[-1]) < 100


def test_no_time_for_a_whole_answer(visitor_of_long, long, monkeypatch):
    """An answer that takes too long is refused before it began, and cut off after: never taken for the whole."""
    ticks = iter(range(10**9))
    monkeypatch.setattr(long, "_clock", lambda: float(next(ticks)))
    monkeypatch.setattr(long, "_seconds", 2.0)
    refused = visitor_of_long.get("/cdx?url=*.example.org")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "showResumeKey" in refused.text
    monkeypatch.setattr(long, "_seconds", 1000.0)
    with pytest.raises(OutOfTimeError):
        visitor_of_long.get("/cdx?url=*.example.org")


def test_threads(archive, port, visitor):
    """Several clients at once get the same."""
    expected = visitor.get("/cdx?url=*.example.org&output=json").data
    found: list[bytes] = []

    def many(own: Visitor) -> None:
        found.extend(own.get("/cdx?url=*.example.org&output=json").data for _ in range(10))

    # made here: werkzeug compiles rules, and Python 3.11 cannot parse in several threads at once
    threads = [threading.Thread(target=many, args=[Visitor(archive, port)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 40
    assert json.loads(expected)[0][0] == "urlkey"
