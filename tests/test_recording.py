# SPDX-License-Identifier: EUPL-1.2
"""Connections go to checked addresses, are used again, and say over what they went."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import urllib3.connectionpool
import urllib3.poolmanager

from archiver.addresses import AddressGuard
from archiver.exchange import Exchange, Failure
from archiver.recording import iana_name
from index.errors import ConfigurationError
from tests.support.fetching import failed, make_fetcher, received
from tests.support.rawserver import Connection, RawServer, keep_answering

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
HOST = "www.example.org"


class Authority(NamedTuple):
    """A throw-away certificate of www.example.org and 127.0.0.1 that vouches for itself."""

    certificate: str
    key: str

    def server(self, latest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        """Return a server's context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = latest
        context.load_cert_chain(self.certificate, self.key)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("tls")
    made = Authority(str(folder / "cert.pem"), str(folder / "key.pem"))
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
        f"-addext subjectAltName=DNS:{HOST},IP:127.0.0.1"
    )
    files = ["-keyout", made.key, "-out", made.certificate]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return made


def to_loopback(*addresses: str) -> Callable[[str, int], list[tuple[str, int]]]:
    """Return a resolver that gives every name the same addresses."""
    return lambda _, port: [(address, port) for address in addresses or ("127.0.0.1",)]


# addresses


def test_loopback_is_refused_by_default():
    """A site on a private address is not asked, and the reason says what to do."""
    with RawServer(OK) as server, make_fetcher(guard=AddressGuard()) as fetcher:
        failure = failed(fetcher.fetch(server.url()))
    assert failure.outcome == "out-of-scope"
    assert failure.reason == (
        "address 127.0.0.1 of host 127.0.0.1 is loopback; list it under allow_addresses to archive it"
    )
    assert server.accepted == 0


def test_a_name_that_leads_inside_is_refused():
    """A public name whose DNS points into the private network is refused by its address."""
    with make_fetcher(guard=AddressGuard(), resolve=to_loopback("10.0.0.1", "fd00::1")) as fetcher:
        failure = failed(fetcher.fetch(f"http://{HOST}/"))
    assert failure.outcome == "out-of-scope"
    assert f"of host {HOST} is private" in failure.reason


def test_only_allowed_addresses_are_tried():
    """Among several addresses the refused ones are passed by, and Host stays the name."""
    with RawServer(OK) as server, make_fetcher(resolve=to_loopback("10.0.0.1", "127.0.0.1")) as fetcher:
        exchange = fetcher.fetch(server.url(host=HOST))
        received(exchange)
    assert isinstance(exchange, Exchange)
    assert exchange.address == "127.0.0.1"
    assert f"\r\nHost: {HOST}:{server.port}\r\n".encode() in server.requests[0]


def test_each_address_is_tried_in_turn():
    """Where one address refuses the connection the next is asked."""
    with RawServer(OK) as server, make_fetcher(resolve=to_loopback("127.0.0.2", "127.0.0.1")) as fetcher:
        assert received(fetcher.fetch(server.url(host=HOST))) == OK


@pytest.mark.parametrize(
    ("addresses", "outcome"), [(("10.0.0.1", "127.0.0.2"), "network-error"), ((), "out-of-scope")]
)
def test_the_failure_of_an_allowed_address_counts(addresses: tuple[str, ...], outcome: str):
    """A refused address is the reason only where no allowed one could be tried."""
    with RawServer(OK) as server, make_fetcher(resolve=to_loopback(*addresses or ("10.0.0.1",))) as fetcher:
        assert failed(fetcher.fetch(server.url(host=HOST))).outcome == outcome


def test_a_host_by_its_ipv6_address():
    """An IPv6 address in the URL is connected to as it is."""
    listener = socket.create_server(("::1", 0), family=socket.AF_INET6)

    def answer() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            sock.sendall(OK)

    thread = threading.Thread(target=answer)
    thread.start()
    with listener, make_fetcher() as fetcher:
        exchange = fetcher.fetch(f"http://[::1]:{listener.getsockname()[1]}/")
        thread.join()
    assert isinstance(exchange, Exchange), exchange
    assert (exchange.address, received(exchange)) == ("::1", OK)


def _unknown(*_: object) -> list[tuple[str, int]]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("options", "url", "reason"),
    [
        (
            {"resolve": _unknown},
            f"http://{HOST}/",
            "could not be found in the DNS: Name or service not known",
        ),
        ({}, f"http://{'a' * 64}.example/", "could not be found in the DNS"),
        ({"resolve": lambda *_: []}, f"http://{HOST}/", "has no address"),
        ({}, "http://127.0.0.1:1/", "could not be connected to: Connection refused"),
        ({}, "http://127.0.0.1:0/", "cannot be reached on port 0"),
    ],
    ids=["unknown", "long-label", "none", "refused", "port-0"],
)
def test_a_host_that_cannot_be_reached(options: dict[str, object], url: str, reason: str):
    """What stands between us and the host is said in plain words."""
    with make_fetcher(**options) as fetcher:
        failure = failed(fetcher.fetch(url))
    assert failure.outcome == "network-error"
    assert failure.reason.startswith("host ")
    assert reason in failure.reason


def test_a_host_that_does_not_accept():
    """A connection that is never accepted ends after the time of silence."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.settimeout(0)
            sock.connect_ex(("127.0.0.1", port))
        with make_fetcher(timeout=0.3) as fetcher:
            failure = failed(fetcher.fetch(f"http://127.0.0.1:{port}/"))
        for sock in waiting:
            sock.close()
    assert (failure.outcome, "in time" in failure.reason) == ("timeout", True)


def test_a_host_that_hangs_after_accepting():
    """A server that takes the request and says nothing is a timeout."""
    with RawServer(Connection.pause) as server, make_fetcher(timeout=0.2) as fetcher:
        failure = failed(fetcher.fetch(server.url()))
    assert failure == Failure(
        server.url(), failure.date, "timeout", "host 127.0.0.1 gave no answer: nothing came for 0.2 seconds"
    )


# connections


def test_a_connection_is_used_again():
    """Request after request to one origin goes over one connection."""
    with RawServer(keep_answering(OK)) as server, make_fetcher() as fetcher:
        for number in range(5):
            assert received(fetcher.fetch(server.url(f"/{number}"))) == OK
        assert (server.accepted, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: x, close\r\n",
        b"HTTP/1.0 200 OK\r\n",
    ],
)
def test_a_server_that_wants_to_close_is_left(head: bytes):
    """A connection that the server gives up is not used again."""
    with (
        RawServer(keep_answering(head + b"Content-Length: 2\r\n\r\nhi")) as server,
        make_fetcher() as fetcher,
    ):
        for _ in range(2):
            received(fetcher.fetch(server.url()))
        assert server.accepted == 2


def _answers_once(connection: Connection) -> None:
    connection.request()
    connection.send(OK)
    connection.request()


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_closed_while_idle_is_made_anew(authority: Authority, secure: bool):
    """A request that meets a connection closed by the server is sent once more, over a fresh one."""
    tls = authority.server() if secure else None
    with RawServer(_answers_once, tls) as server, make_fetcher(verify=authority.certificate) as fetcher:
        assert [received(fetcher.fetch(server.url(f"/{number}"))) for number in range(3)] == [OK] * 3
        assert server.accepted == 3


@pytest.mark.parametrize("break_off", [lambda _: None, Connection.reset])
def test_a_server_that_never_answers_is_asked_once(break_off: Callable[[Connection], None]):
    """A fresh connection that is closed without an answer is the site's failure, without a second try."""

    def answer(connection: Connection) -> None:
        connection.request()
        break_off(connection)

    with RawServer(answer) as server, make_fetcher() as fetcher:
        failure = failed(fetcher.fetch(server.url()))
        assert (failure.outcome, server.accepted) == ("network-error", 1)
    assert "gave no answer" in failure.reason


def test_a_lost_connection_is_made_anew_only_once():
    """If the fresh connection is closed as well, that is the answer."""

    def answer(connection: Connection) -> None:
        if connection.server.accepted == 1:
            _answers_once(connection)
        else:
            connection.request()

    with RawServer(answer) as server, make_fetcher() as fetcher:
        received(fetcher.fetch(server.url()))
        assert failed(fetcher.fetch(server.url())).outcome == "network-error"
        assert server.accepted == 2


def test_a_failure_does_not_spoil_the_next_exchange():
    """After a failed exchange the same fetcher goes on as if it were new."""
    with RawServer(b"garbage") as bad, RawServer(OK) as good, make_fetcher() as fetcher:
        failed(fetcher.fetch(bad.url()))
        assert received(fetcher.fetch(good.url())) == OK


def test_threads_do_not_meet():
    """Fetchers in several threads keep their exchanges apart."""

    def answer(connection: Connection) -> None:
        while request := connection.request():
            body = request.split()[1] * 500
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    wrong: list[str] = []

    def crawl(name: str) -> None:
        with make_fetcher() as fetcher:
            for number in range(40):
                target = f"/{name}/{number}"
                data = received(fetcher.fetch(server.url(target)))
                if data.partition(b"\r\n\r\n")[2] != target.encode() * 500:
                    wrong.append(target)

    with RawServer(answer) as server:
        threads = [threading.Thread(target=crawl, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
    assert len(server.requests) == 160


def test_nothing_global_is_changed():
    """The libraries' own classes stay what they were."""
    assert http.client.HTTPConnection.response_class is http.client.HTTPResponse
    assert urllib3.connectionpool.HTTPConnectionPool.ConnectionCls is urllib3.connection.HTTPConnection
    assert urllib3.poolmanager.pool_classes_by_scheme["http"] is urllib3.connectionpool.HTTPConnectionPool


# TLS


@pytest.mark.parametrize(
    ("latest", "protocol", "cipher"),
    [
        (ssl.TLSVersion.TLSv1_3, "tls/1.3", "TLS_AES"),
        (ssl.TLSVersion.TLSv1_2, "tls/1.2", "TLS_ECDHE_ECDSA_WITH_"),
    ],
)
def test_tls_facts_are_kept(authority: Authority, latest: ssl.TLSVersion, protocol: str, cipher: str):
    """Bytes, TLS version and cipher suite of an HTTPS exchange are those of the connection."""
    server = RawServer(keep_answering(OK), authority.server(latest))
    with server, make_fetcher(verify=authority.certificate, resolve=to_loopback()) as fetcher:
        for _ in range(2):
            exchange = fetcher.fetch(server.url(host=HOST))
            assert received(exchange) == OK
            assert isinstance(exchange, Exchange)
            assert exchange.protocols == ("http/1.1", protocol)
            assert (exchange.cipher or "").startswith(cipher)
        assert server.accepted == 1


@pytest.mark.parametrize(
    ("host", "trusted", "reason"),
    [
        (HOST, False, f"the certificate of host {HOST} could not be verified: self-signed certificate"),
        (
            "other.example",
            True,
            "the certificate of host other.example could not be verified: Hostname mismatch",
        ),
    ],
)
def test_a_certificate_that_does_not_hold(authority: Authority, host: str, trusted: bool, reason: str):
    """A host that cannot prove its name gets no request, and the reason names the cause."""
    options = {"verify": authority.certificate} if trusted else {}
    server = RawServer(OK, authority.server())
    with server, make_fetcher(resolve=to_loopback(), **options) as fetcher:
        failure = failed(fetcher.fetch(server.url(host=host)))
    assert (failure.outcome, server.requests) == ("network-error", [])
    assert failure.reason.startswith(reason)


def test_verification_can_be_left_out(authority: Authority):
    """An operator who chose not to verify gets the page, and no warning for each connection."""
    with RawServer(OK, authority.server()) as server, make_fetcher(verify=False) as fetcher:
        assert received(fetcher.fetch(server.url())) == OK


def test_a_server_without_tls():
    """HTTPS to a port that speaks plain HTTP fails in words."""
    with RawServer(lambda connection: connection.send(OK)) as server, make_fetcher() as fetcher:
        failure = failed(fetcher.fetch(server.url().replace("http:", "https:")))
    assert failure.outcome == "network-error"
    assert "TLS with host 127.0.0.1 failed" in failure.reason


def test_a_handshake_that_hangs():
    """A server that never shakes hands is a timeout."""
    waited_out: list[bool] = []

    def hang(connection: Connection) -> None:
        connection.pause()
        waited_out.append(not connection.server.closing.is_set())

    with RawServer(hang) as server, make_fetcher(timeout=0.2) as fetcher:
        failure = failed(fetcher.fetch(server.url().replace("http:", "https:")))
        assert failure.outcome == "timeout"
        assert waited_out == []


def test_trusted_certificates_that_cannot_be_read(tmp_path: Path):
    """A wrong path to certificates is found before anything is asked."""
    with pytest.raises(ConfigurationError, match=r"gone\.pem cannot be read"):
        make_fetcher(verify=str(tmp_path / "gone.pem"))


def test_cipher_suites_have_their_iana_names():
    """Every suite that our connections may use is recorded by the name IANA gave it."""
    printed = subprocess.run(
        ["openssl", "ciphers", "-stdname", "ALL"], check=True, capture_output=True, text=True
    )
    names = {line.split()[2]: line.split()[0] for line in printed.stdout.splitlines()}
    # suites of a pre-shared key or a password are offered by some builds of Python and can never be agreed on
    ciphers = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).get_ciphers()
    offered = [one["name"] for one in ciphers if not re.search("PSK|SRP", one["name"])]
    assert offered
    assert [iana_name(name) for name in offered] == [names[name] for name in offered]
    assert iana_name("NO-SUCH-SUITE") is None
