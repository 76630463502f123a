# SPDX-License-Identifier: EUPL-1.2
"""The server of the demonstration site: conditional requests, codings, connections."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading

import pytest

from archiver.demo import site
from archiver.demo.server import DemoServer, answer
from archiver.demo.site import DAYS


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"if-none-match": "ETAG"}, 304),
        ({"if-none-match": 'W/ETAG, "other"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Sun, 08 Mar 2026 06:00:00 GMT"}, 200),
        ({"if-modified-since": "Mon, 02 Mar 2026 06:00:00 GMT"}, 304),
        ({"if-modified-since": "Sun, 01 Mar 2026 06:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "2 Mar 2026"}, 200),
    ],
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_conditional_requests(fields, status, coding):
    """A client that has the page is told so, whichever coding it has it in."""
    asked = {"accept-encoding": coding}
    tag = answer(0, "/nl/", asked).header("ETag")
    conditions = {name: value.replace("ETAG", tag) for name, value in fields.items()}
    response = answer(0, "/nl/", asked | conditions)
    assert response.status == status
    assert response.header("ETag") == tag
    assert response.header("Vary") == "Accept-Encoding"
    assert bool(response.body) == (status == 200)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/nl/", 200), ("http://www.verblijfsdienst.example/nl/", 200), ("http://www.verblijfsdienst.example", 302),
        ("/nl/%7a%6Feken?q=%C3%A9", 200), ("*", 404), ("http://[", 404), ("/%ff", 404),
    ],
)  # fmt: skip
def test_request_targets(target, status):
    """Targets come in origin and absolute form, with escapes, and broken ones are not found."""
    assert answer(0, target, {}).status == status


@pytest.fixture(scope="module")
def server():
    with DemoServer() as running:
        yield running


@pytest.fixture
def client(server):
    server.day = 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    yield connection
    connection.close()


def ask(client, path, method="GET", **fields):
    client.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
    response = client.getresponse()
    return response, response.read()


def test_server_keeps_the_connection_and_follows_the_day(server, client):
    """One connection serves many requests, each as on the day that is set, under any Host."""
    for day, one in enumerate(DAYS):
        server.day = day
        response, body = ask(client, site.LATE_DECISION_NL, Host=site.HOST)
        local = client.sock.getsockname()
        assert (response.status, response.version) == (200, 11)
        assert f"€ {one.penalty} per dag".encode() in body
        assert client.sock.getsockname() == local
    assert response.getheader("Server") == "demo"


def test_server_answers_head_like_get_without_a_body(client):
    """HEAD gives the fields of GET, Content-Length included, and leaves the connection usable."""
    for path in ("/nl/", "/", "/nl/weg", "/assets/img/haven-640.jpg"):
        head, nothing = ask(client, path, "HEAD")
        got, body = ask(client, path)
        assert nothing == b""
        assert int(head.getheader("Content-Length")) == len(body)
        assert [field for field in head.getheaders() if field[0] != "Date"] == [
            field for field in got.getheaders() if field[0] != "Date"
        ]


def test_server_compresses_text_and_only_text(client):
    """Text goes out in gzip where the client takes it, the same bytes each time; pictures never do."""
    first, zipped = ask(client, "/nl/", Accept_Encoding="gzip")
    _, again = ask(client, "/nl/", Accept_Encoding="br, gzip;q=0.5")
    plain, body = ask(client, "/nl/", Accept_Encoding="gzip;q=0")
    picture, _ = ask(client, "/assets/img/haven-640.jpg", Accept_Encoding="gzip")
    assert first.getheader("Content-Encoding") == "gzip"
    assert zipped == again
    assert gzip.decompress(zipped) == body
    assert first.getheader("ETag") != plain.getheader("ETag")
    assert plain.getheader("Content-Encoding") is None
    assert picture.getheader("Content-Encoding") is None


def test_server_answers_304_without_a_body(client):
    """A 304 has no body and no length, and the next request on the connection works."""
    response, _ = ask(client, "/nl/")
    told, body = ask(client, "/nl/", If_None_Match=response.getheader("ETag"))
    assert (told.status, body, told.getheader("Content-Length")) == (304, b"", None)
    assert ask(client, "/en/")[0].status == 200


def test_server_survives_broken_clients(server, client, capfd):
    """Rubbish, half a request and a reset connection harm nobody else and print nothing."""
    for sent in (
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET /nl/ HT",
        b"GET /nl/ HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as broken:
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close by reset
            broken.sendall(sent)
    assert ask(client, "/nl/")[0].status == 200
    assert capfd.readouterr().err == ""


def test_server_serves_several_at_once(server):
    """A client that holds its connection open keeps nobody waiting."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        idle.sendall(b"GET /nl/ HTTP/1.1\r\n")
        other = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        assert ask(other, "/nl/")[0].status == 200
        other.close()


def test_server_stops_cleanly():
    """After the context the port is closed and the threads that served open connections have ended."""
    before = set(threading.enumerate())
    with DemoServer(day=3) as server:
        port = server.port
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        assert ask(idle, site.GONE_NL)[0].status == 410
        started = set(threading.enumerate()) - before
    assert len(started) >= 2
    for thread in started:
        thread.join(5)
        assert not thread.is_alive()
    assert idle.sock.recv(1) == b""
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
