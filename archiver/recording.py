# SPDX-License-Identifier: EUPL-1.2
"""
urllib3 connections that keep both sides of an exchange as they go over the wire. Knows nothing of WARC.

    PoolManager ─▶ pools ─▶ connections ──send──▶ Recording.request
                                        ◀─recv── Recording.response   (wire.Receiver)

Nothing is patched and nothing is global: a Recorder belongs to one fetcher, and so to one thread, which
has one exchange under way at a time. urllib3 keeps, checks and closes the connections and shakes hands; it
is given no header field and no body to look at: all it would do with them (decode, follow, keep cookies,
judge the framing anew) is what an archive must not do.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, Final, cast

import urllib3
import urllib3.connection

from index.urlkey import Origin

from .addresses import AddressGuard, Resolve
from .wire import BUFFER, IN_MEMORY, Limits, NoResponseError, Receiver, Recording

MAX_POOLS = 32
"""Origins whose connection a fetcher keeps open."""

# OpenSSL's names to IANA's, for the suites below TLS 1.3 that the standard library offers; those of
# TLS 1.3 have the same name in both. `openssl ciphers -stdname` prints the pairs.
_IANA: Final = {
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES256-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    "ECDHE-RSA-AES256-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    "ECDHE-ECDSA-AES128-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "DHE-RSA-AES256-GCM-SHA384": "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "DHE-RSA-AES128-GCM-SHA256": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "DHE-RSA-AES256-SHA256": "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    "DHE-RSA-AES128-SHA256": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    "DHE-RSA-CHACHA20-POLY1305": "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES256-SHA": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "ECDHE-RSA-AES256-SHA": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "ECDHE-ECDSA-AES128-SHA": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "DHE-RSA-AES256-SHA": "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "DHE-RSA-AES128-SHA": "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "AES256-GCM-SHA384": "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "AES256-SHA256": "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "AES128-SHA256": "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "AES256-SHA": "TLS_RSA_WITH_AES_256_CBC_SHA",
    "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
}


@dataclass(slots=True)
class Recorder:
    """What the connections of one fetcher share, and the exchange they have under way."""

    guard: AddressGuard
    resolve: Resolve
    limits: Limits
    spool_dir: Path
    """Folder for responses longer than wire.IN_MEMORY; their files have no name."""
    clock: Callable[[], datetime]
    buffer: bytearray = field(default_factory=lambda: bytearray(BUFFER))
    _current: Recording | None = None

    @property
    def current(self) -> Recording:
        """The exchange under way."""
        assert self._current is not None, "start a recording before using a connection"
        return self._current

    def start(self, host: str) -> Recording:
        """Begin an exchange with a host."""
        self._current = Recording(
            host=host,
            date=self.clock(),
            deadline=time.monotonic() + self.limits.max_seconds,
            response=SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(self.spool_dir)),  # noqa: SIM115 - the exchange's
        )
        return self._current

    def connect(self, host: str, port: int) -> tuple[socket.socket, str]:
        """
        Return a connection to an allowed address of a host, and that address; each is tried in turn.

        What is checked is what is connected to: a name cannot resolve to something else in between.
        Raises NoResponseError.
        """
        refused = failure = None
        for address, number in self._addresses(host, port):
            if kind := self.guard.refusal(address):
                where = f"address {address} of host {host} is {kind}"
                refused = NoResponseError(
                    "out-of-scope", f"{where}; list it under allow_addresses to archive it"
                )
                continue
            try:
                return self._open(host, address, number), address
            except NoResponseError as error:
                failure = error
        raise failure or refused or NoResponseError("network-error", f"host {host} has no address")

    def _addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        try:
            return self.resolve(host, port)
        # UnicodeError: the standard library's IDNA codec, where a label is empty or longer than 63
        except (OSError, UnicodeError) as error:
            reason = f"host {host} could not be found in the DNS: {_cause(error)}"
            raise NoResponseError("network-error", reason) from error

    def _open(self, host: str, address: str, port: int) -> socket.socket:
        left = max(0.001, self.current.deadline - time.monotonic())
        try:
            sock = socket.create_connection((address, port), min(self.limits.timeout, left))
        except TimeoutError as error:
            reason = f"host {host} ({address}) did not accept a connection in time"
            raise NoResponseError("timeout", reason) from error
        except OSError as error:
            reason = f"host {host} ({address}) could not be connected to: {_cause(error)}"
            raise NoResponseError("network-error", reason) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


@dataclass(frozen=True, slots=True)
class _Source:
    """What the receiver reads a connection by: one system call each."""

    readinto: Callable[[bytearray], int]


class RecordedConnection(urllib3.connection.HTTPConnection):
    """A connection to a checked address, which records what is sent and what comes back."""

    def __init__(self, host: str, port: int | None = None, *, recorder: Recorder, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._recorder = recorder
        self._served = 0
        self._peer: str | None = None
        self._tls: tuple[str, str | None] | None = None

    def _new_conn(self) -> socket.socket:
        sock, self._peer = self._recorder.connect(self.host, self.port)
        return sock

    def connect(self) -> None:
        """Connect. Raises NoResponseError."""
        self._served = 0
        super().connect()

    def converse(self, request: bytes) -> None:
        """
        Send a request and receive its response, both into the recording under way.

        http.client and urllib3 would take the request apart and make it anew, field by field, and want a
        response object; both together cost as much as all the rest of an exchange. Afterwards the connection
        is closed unless it may carry another exchange. Raises NoResponseError, StorageError.
        """
        recorder, recording = self._recorder, self._recorder.current
        try:
            if self.sock is None:
                self.connect()
            self._send(request, recording)
            source = cast("io.RawIOBase", _Source(self.sock.recv_into))
            Receiver(source, self.sock.settimeout, recording, recorder.limits, recorder.buffer).receive()
        except BaseException:
            self.close()
            raise
        if not recording.keep_alive:
            self.close()

    def _send(self, request: bytes, recording: Recording) -> None:
        limits = self._recorder.limits
        if self.sock.gettimeout() != limits.timeout:  # less was left to the exchange before, or to connect
            self.sock.settimeout(limits.timeout)
        recording.date = self._recorder.clock()
        recording.request = request
        recording.address, recording.tls = self._peer, self._tls
        recording.reused = self._served > 0
        self._served += 1
        try:
            self.sock.sendall(request)
        except TimeoutError as error:
            raise NoResponseError("timeout", f"host {self.host} did not take the request") from error
        except ssl.SSLError as error:
            # a closed TLS connection may refuse the write; a closed plain one is found when reading
            reason = f"host {self.host} broke off the TLS connection: {_cause(error)}"
            raise NoResponseError("network-error", reason, stale=recording.reused) from error
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may have answered before it closed; reading tells
        except OSError as error:
            reason = f"host {self.host} broke off the connection: {_cause(error)}"
            raise NoResponseError("network-error", reason) from error


class RecordedSecureConnection(RecordedConnection, urllib3.connection.HTTPSConnection):
    """The same over TLS; the certificate is checked against the host's name, not its address."""

    def connect(self) -> None:
        """Connect and shake hands. Raises NoResponseError."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            reason = f"the certificate of host {self.host} could not be verified: {error.verify_message}"
            raise NoResponseError("network-error", reason) from error
        except TimeoutError as error:
            raise NoResponseError("timeout", f"host {self.host} did not finish the TLS handshake") from error
        except OSError as error:
            reason = f"TLS with host {self.host} failed: {_cause(error)}"
            raise NoResponseError("network-error", reason) from error
        assert isinstance(self.sock, ssl.SSLSocket)
        self._tls = _tls_facts(self.sock)


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = RecordedConnection

    def converse(self, request: bytes) -> None:
        """
        Exchange a request for its response over the connection kept open, or a new one.

        A connection on which something came unasked is not used again: it would be taken for the answer.
        Raises NoResponseError, StorageError.
        """
        connection = self._get_conn()  # closes it if something came
        try:
            cast("RecordedConnection", connection).converse(request)
        finally:
            self._put_conn(connection)


class _SecurePool(_Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = RecordedSecureConnection


class PoolManager(urllib3.PoolManager):
    """Hands out recorded connections, one kept open for each origin. For one thread."""

    def __init__(self, recorder: Recorder, tls: ssl.SSLContext) -> None:
        """One TLS context for all connections: reading the trusted certificates takes 10 ms each time."""
        super().__init__(num_pools=MAX_POOLS, maxsize=1)
        self.pool_classes_by_scheme = {
            "http": partial(_Pool, recorder=recorder),  # type: ignore[dict-item]
            "https": partial(_SecurePool, recorder=recorder, ssl_context=tls),  # type: ignore[dict-item]
        }
        self._latest: tuple[Origin, _Pool] | None = None

    def clear(self) -> None:
        """Close all connections."""
        self._latest = None
        super().clear()

    def pool(self, place: Origin) -> _Pool:
        """Return the pool of an origin; a crawl asks the same one many times over."""
        if self._latest is None or self._latest[0] != place:
            found = self.connection_from_host(place.host, place.port, place.scheme)
            self._latest = place, cast("_Pool", found)
        return self._latest[1]


def tls_context(*, verify: bool, trusted: Path) -> ssl.SSLContext:
    """Return a context that trusts a file or folder of certificates, or anyone where not `verify`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify:
        folder = trusted.is_dir()
        context.load_verify_locations(None if folder else trusted, trusted if folder else None)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def iana_name(name: str) -> str | None:
    """Return the IANA name of a cipher suite that OpenSSL names, None where it is not known."""
    return name if name.startswith("TLS_") else _IANA.get(name)


def _tls_facts(sock: ssl.SSLSocket) -> tuple[str, str | None]:
    version = (sock.version() or "").removeprefix("TLSv")
    cipher = sock.cipher()
    return f"tls/{version}", iana_name(cipher[0]) if cipher else None


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
