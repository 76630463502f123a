# SPDX-License-Identifier: EUPL-1.2
"""What is sent for a URL, and what is carried from one exchange to the next: nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.exchange import Exchange
from index.errors import ConfigurationError
from index.urlkey import normalise
from tests.support.fetching import failed, make_fetcher, received
from tests.support.rawserver import Connection, RawServer, keep_answering

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("/?", "/?"),
        ("?a", "/?a"),
        ("/a?", "/a?"),
        ("/a??", "/a??"),
        ("/%7E%7c/%e2%82%ac", "/%7E%7c/%e2%82%ac"),
        ("/~|", "/~%7C"),
        ("/a;b=c;d", "/a;b=c;d"),
        ("//a//b//", "//a//b//"),
        ("//evil.example/", "//evil.example/"),
        ("/é ü", "/%C3%A9%20%C3%BC"),
        ("/?q=é&r=a+b%2B[]", "/?q=%C3%A9&r=a+b%2B%5B%5D"),
        ("/100%", "/100%25"),
        ("/%zz", "/%25zz"),
        ("/a/../b/./c", "/b/c"),
        ("/%2e%2e/x", "/x"),
        ("/a#b?c", "/a"),
        ("/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="),
        ("/http://x/?http://y/", "/http://x/?http://y/"),
    ],
)
def test_the_target_is_that_of_the_normalised_url(written: str, target: str):
    """The request line carries path and query of the normalised URL, unchanged by any library."""
    with RawServer(OK) as server, make_fetcher() as fetcher:
        url = normalise(server.url(written))
        assert url is not None
        exchange = fetcher.fetch(url)
        received(exchange)
    assert isinstance(exchange, Exchange)
    assert exchange.url == url == server.url(target)
    assert server.requests[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert exchange.request == server.requests[0]


def test_the_whole_request_is_ours():
    """A request has the fields below, in this order, and no others."""
    with RawServer(OK) as server, make_fetcher(accept_language="nl") as fetcher:
        received(fetcher.fetch(server.url("/x")))
    assert (
        server.requests[0]
        == (
            b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: daykeep/1.0 (+https://archive.example/)\r\n"
            b"Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nAccept-Language: nl\r\nConnection: keep-alive\r\n\r\n"
        )
        % server.port
    )


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"etag": '"abc"'}, [b'If-None-Match: "abc"']),
        ({"etag": 'W/"caf\xe9"'}, [b'If-None-Match: W/"caf\xe9"']),
        (
            {"last_modified": "Mon, 02 Mar 2026 02:30:00 GMT"},
            [b"If-Modified-Since: Mon, 02 Mar 2026 02:30:00 GMT"],
        ),
        ({"etag": "a", "last_modified": "b"}, [b"If-None-Match: a", b"If-Modified-Since: b"]),
        ({"etag": 'x"\r\nX-Injected: 1'}, []),
        ({"etag": "x\x00"}, []),
        ({"etag": "€"}, []),
        ({"etag": "x" * 2000}, []),
        ({"etag": ""}, []),
    ],
    ids=range(9),
)
def test_conditions_are_asked_where_they_are_sound(asked: dict[str, str], fields: list[bytes]):
    """Validators of an earlier capture come back as they were, and never as anything else."""
    with RawServer(OK) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url(), **asked))
    sent = server.requests[0].split(b"\r\n")
    assert [field for field in sent if field.startswith((b"If-", b"X-"))] == fields


def test_accept_can_be_given():
    """A caller that wants one media type says so in place of the default."""
    with RawServer(OK) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url(), accept="text/plain"))
    assert server.requests[0].count(b"Accept: ") == 1
    assert b"\r\nAccept: text/plain\r\n" in server.requests[0]


def test_not_modified_is_an_exchange():
    """A 304 is a response without a body."""
    raw = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
    with RawServer(raw) as server, make_fetcher() as fetcher:
        exchange = fetcher.fetch(server.url(), etag='"a"')
        assert received(exchange) == raw
    assert isinstance(exchange, Exchange)
    assert (exchange.status, exchange.payload_length, exchange.header("etag")) == (304, 0, '"a"')


def test_a_redirect_is_not_followed():
    """A redirect is handed back with its body, and nobody goes where it leads."""
    with RawServer(OK) as target:
        raw = f"HTTP/1.1 301 Moved\r\nLocation: {target.url()}\r\nContent-Length: 4\r\n\r\nbody".encode()
        with RawServer(raw) as server, make_fetcher() as fetcher:
            exchange = fetcher.fetch(server.url())
            assert received(exchange) == raw
        assert target.accepted == 0
    assert isinstance(exchange, Exchange)
    assert (exchange.status, exchange.header("LOCATION")) == (301, target.url())


def test_cookies_are_not_kept():
    """A cookie that a site sets is not sent back to it."""
    cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n\r\n")
    with RawServer(keep_answering(cookie)) as server, make_fetcher() as fetcher:
        for _ in range(3):
            assert received(fetcher.fetch(server.url())) == cookie
    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_the_environment_adds_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Proxies, .netrc and certificates named by the environment are not used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with RawServer(OK) as server, make_fetcher() as fetcher:
        assert received(fetcher.fetch(server.url())) == OK
    assert b"uthorization" not in server.requests[0]


def test_a_line_break_in_a_url_sends_nothing():
    """A URL that was not normalised cannot add a line to a request."""
    with RawServer(OK) as server, make_fetcher() as fetcher:
        assert failed(fetcher.fetch(server.url("/a\r\nX-Injected: 1"))).outcome == "network-error"
    assert server.requests == []


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\x00", "€"])
def test_a_header_that_breaks_the_request_is_refused(value: str):
    """A configured value that cannot stand in a header field is found before anything is asked."""
    with pytest.raises(ConfigurationError, match="User-Agent cannot be"):
        make_fetcher(user_agent=value)


def test_what_comes_unasked_is_not_an_answer():
    """A second response that a server sends ahead is not taken for the answer to the next request."""

    def answer(connection: Connection) -> None:
        if connection.request():
            connection.send(OK)
        if connection.server.accepted == 1:
            connection.send(OK.replace(b"hi", b"no"))
            sent.set()
        connection.request()

    sent = threading.Event()
    with RawServer(answer) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url("/1")))
        sent.wait()
        assert received(fetcher.fetch(server.url("/2"))) == OK
        assert server.accepted == 2


def test_a_fetcher_that_was_closed_begins_anew():
    """Closing lets go of the connections; what is asked afterwards goes over a new one."""
    with RawServer(keep_answering(OK)) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url()))
        fetcher.close()
        assert received(fetcher.fetch(server.url())) == OK
        assert server.accepted == 2


def test_the_date_is_that_of_the_request():
    """The date of an exchange is when its request was sent, connecting excluded."""
    ticks = iter(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=number) for number in range(9))
    with RawServer(OK) as server, make_fetcher(clock=lambda: next(ticks)) as fetcher:
        exchange = fetcher.fetch(server.url())
        received(exchange)
    assert exchange.date == datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)


def test_an_upload_is_never_asked_for():
    """A server that answers before it has read anything is heard all the same."""

    def answer(connection: Connection) -> None:
        connection.send(OK)
        connection.request()

    with RawServer(answer) as server, make_fetcher() as fetcher:
        assert received(fetcher.fetch(server.url())) == OK


def test_gzip_is_kept_and_its_payload_counted_packed():
    """Content coding stays: length and digest are those of the bytes as sent."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x00"
    with RawServer(raw) as server, make_fetcher() as fetcher:
        exchange = fetcher.fetch(server.url())
        assert received(exchange) == raw
    assert isinstance(exchange, Exchange)
    assert exchange.payload_length == 3


def test_a_redirect_body_is_not_unpacked():
    """Not even a redirect's body is decoded: a bomb in it stays packed."""
    raw = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb"
    with RawServer(raw) as server, make_fetcher() as fetcher:
        assert received(fetcher.fetch(server.url())) == raw
