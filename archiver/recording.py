# SPDX-License-Identifier: EUPL-1.2
"""
urllib3 connections that keep both sides of an exchange as they go over the wire. Knows nothing of WARC.

    PoolManager ─▶ pools ─▶ connections ──send──▶ Recording.request
                                        ◀─recv── Recording.response   (wire.Receiver)

Nothing is patched and nothing is global: a Recorder belongs to one fetcher, and so to one thread, which
has one exchange under way at a time. A response is received whole (into memory or on disk, see
wire.IN_MEMORY) before urllib3 hears of it, and urllib3 is told of no header field and no body: all it would
do with them (decode, follow, keep cookies, judge the framing anew) is what an archive must not do.
"""

from __future__ import annotations

import http.client
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

    def start(self, host: str, target: str) -> Recording:
        """Begin an exchange: path and query `target`, sent to `host` exactly as given."""
        self._current = Recording(
            target=target,
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


class RecordedResponse(http.client.HTTPResponse):
    """A response that is in its recording, whole, before anyone asks for it."""

    def __init__(self, sock: socket.socket, *, recorder: Recorder, method: str | None = None) -> None:
        super().__init__(sock, method=method)
        self._recorder = recorder
        self._set_timeout = sock.settimeout

    def begin(self) -> None:
        """Receive it. Raises NoResponseError where no status line came, StorageError from the disk."""
        recording = self._recorder.current
        source = cast("io.RawIOBase", self.fp.raw)  # past the reader's own buffer: the receiver has one
        limits, buffer = self._recorder.limits, self._recorder.buffer
        Receiver(source, self._set_timeout, recording, limits, buffer).receive()
        assert recording.head is not None
        self.code = self.status = recording.head.status
        self.version, self.reason = 11, ""
        self.headers = self.msg = http.client.HTTPMessage()
        self.chunked, self.length = False, 0
        self.will_close = not recording.keep_alive
        self.fp.close()
        self.fp = None  # type: ignore[assignment]  # how http.client marks a response that was read to its end


class RecordedConnection(urllib3.connection.HTTPConnection):
    """A connection to a checked address, which records what is sent and what comes back."""

    def __init__(self, host: str, port: int | None = None, *, recorder: Recorder, **options: Any) -> None:
        super().__init__(host, port, **options)
        self.response_class = partial(RecordedResponse, recorder=recorder)  # type: ignore[assignment]
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

    def putrequest(
        self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False
    ) -> None:
        """Begin the request, with the target as recorded: urllib3 has quoted `url` anew."""
        del url
        super().putrequest(method, self._recorder.current.target, skip_host, skip_accept_encoding)

    def send(self, data: Any) -> None:
        """Send and record. Raises NoResponseError."""
        if self.sock is None:
            self.connect()
        recording = self._recorder.current
        recording.date = self._recorder.clock()
        recording.request += data
        recording.address, recording.tls = self._peer, self._tls
        recording.reused = self._served > 0
        self._served += 1
        try:
            super().send(data)
        except TimeoutError as error:
            raise NoResponseError("timeout", f"host {self.host} did not take the request") from error
        except ssl.SSLError as error:
            # a closed TLS connection may refuse the write; a closed plain one is found when reading
            reason = f"host {self.host} broke off the TLS connection: {_cause(error)}"
            raise NoResponseError("network-error", reason, stale=recording.reused) from error


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


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = RecordedSecureConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect early, as urllib3 does, without its warning where the operator chose not to verify."""
        if conn.is_closed:
            conn.connect()


class PoolManager(urllib3.PoolManager):
    """Hands out recorded connections, one kept open for each origin. For one thread."""

    def __init__(self, recorder: Recorder, tls: ssl.SSLContext) -> None:
        """One TLS context for all connections: reading the trusted certificates takes 10 ms each time."""
        super().__init__(num_pools=MAX_POOLS, maxsize=1)
        self.pool_classes_by_scheme = {
            "http": partial(_Pool, recorder=recorder),  # type: ignore[dict-item]
            "https": partial(_SecurePool, recorder=recorder, ssl_context=tls),  # type: ignore[dict-item]
        }


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
