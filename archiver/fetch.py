# SPDX-License-Identifier: EUPL-1.2
"""
Asks for one URL and hands back what came, byte for byte. Knows nothing of scope, robots or storage.

    fetch(url) ─▶ Exchange   a response, whole or cut
               ─▶ Failure    none, and why

A redirect is a response like any other. Nothing is carried from one exchange to the next but the open
connection: no cookies, no credentials, no proxy of the environment. There is no second try, but for a
connection that the server had closed while it lay idle.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from index.errors import ConfigurationError
from index.urlkey import Origin, origin

from .addresses import AddressGuard, Resolve, resolve_by_system
from .exchange import Exchange, Failure
from .payload import dechunk
from .recording import PoolManager, Recorder, tls_context
from .wire import Limits, NoResponseError, Recording

# A validator is a server's own bytes coming back to it: only what may stand in a field, and no more of it.
_VALIDATOR = re.compile(r"[\x20-\x7e\x80-\xff]{1,1024}")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_URL = re.compile(r"https?://[!-~]+")


class Fetcher:
    """
    Asks for URLs, one at a time, over connections that stay open. Make one for each thread, and close it.

    Connections are kept per origin, one each; after any doubt about where a response ended the connection
    is closed, so that what follows cannot be taken for the answer to another request.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        timeout: float,
        max_bytes: int,
        max_seconds: float,
        guard: AddressGuard,
        spool_dir: Path,
        clock: Callable[[], datetime],
        resolve: Resolve = resolve_by_system,
        verify: bool | str = True,
        accept_encoding: str = "gzip, deflate",
        accept_language: str | None = None,
    ) -> None:
        """
        Set up; nothing is asked yet.

        `timeout`: seconds of silence; `max_seconds`: of a whole exchange; `max_bytes`: of a body.
        `verify`: True for the certificates that come with requests, or a file or folder of trusted ones.
        `clock` gives aware UTC. Raises ConfigurationError where `verify` cannot be read, or where
        a value cannot stand in a header field.
        """
        self._recorder = Recorder(guard, resolve, Limits(timeout, max_seconds, max_bytes), spool_dir, clock)
        self._headers = _headers(user_agent, accept_encoding, accept_language)
        self._session = _session(PoolManager(self._recorder, _tls(verify)))

    def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str | None = None,
    ) -> Exchange | Failure:
        """
        Ask for a normalised URL with GET and receive the answer, whole or up to a limit.

        `etag` and `last_modified` are those of an earlier capture and make the request conditional.
        Raises StorageError where the disk cannot hold the response.
        """
        if not _URL.fullmatch(url):
            return Failure(url, self._recorder.clock(), "network-error", "the URL is not normalised")
        headers = self._headers | {"Accept": accept} if accept else self._headers
        for name, value in (("If-None-Match", etag), ("If-Modified-Since", last_modified)):
            if value and _VALIDATOR.fullmatch(value):
                headers = headers | {name: value}
        return self._attempt(url, origin(url), _request(url, headers))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(self, url: str, place: Origin, request: bytes, *, again: bool = True) -> Exchange | Failure:
        recording = self._recorder.start(place.host)
        try:
            self._session.get_adapter(url).send(_Prepared(url, place, request))
            return _exchange(url, recording)
        except NoResponseError as error:
            recording.response.close()
            if error.stale and again:
                return self._attempt(url, place, request, again=False)
            return Failure(url, recording.date, error.outcome, error.reason)
        except BaseException:
            recording.response.close()
            raise


class _Prepared(requests.PreparedRequest):
    """A request that is bytes already, to go to this origin as it is."""

    def __init__(self, url: str, place: Origin, data: bytes) -> None:
        super().__init__()
        self.method, self.url, self.place, self.data = "GET", url, place, data


class _Adapter(HTTPAdapter):
    """Sends over recorded connections, with no proxy, redirect, cookie or second try in between."""

    def __init__(self, manager: PoolManager) -> None:
        self._manager = manager
        self._nothing = requests.Response()
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        self.poolmanager = self._manager

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """
        Exchange a request for its response, which is in the recording and nowhere else.

        Going the whole way of requests and urllib3 took 0.25 ms more for each URL (pages of 8 KB, one core).
        Raises NoResponseError, StorageError.
        """
        prepared = cast("_Prepared", request)
        if prepared.place.port == 0:  # urllib3 takes 0 for "none given" and would ask port 80 or 443
            reason = f"host {prepared.place.host} cannot be reached on port 0"
            raise NoResponseError("network-error", reason)
        self._manager.pool(prepared.place).converse(prepared.data)
        return self._nothing


def _session(manager: PoolManager) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no .netrc, no proxies or certificates named by the environment
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(manager))
    return session


def _tls(verify: bool | str) -> ssl.SSLContext:
    trusted = Path(verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH)
    try:
        return tls_context(verify=verify is not False, trusted=trusted)
    except OSError as error:
        cause = f"The trusted certificates in {trusted} cannot be read: {error.strerror or error}."
        raise ConfigurationError(
            f"{cause} Name a PEM file, or a folder prepared with `openssl rehash`."
        ) from error


def _headers(user_agent: str, accept_encoding: str, accept_language: str | None) -> dict[str, str]:
    headers = {"User-Agent": user_agent, "Accept-Encoding": accept_encoding, "Accept": "*/*"}
    if accept_language:
        headers["Accept-Language"] = accept_language
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            raise ConfigurationError(f"{name} cannot be {value!r}: it has to be one line of Latin-1.")
    return headers | {"Connection": "keep-alive"}


def _request(url: str, headers: dict[str, str]) -> bytes:
    """Return the head of a GET; authority, path and query are those of the URL, an empty `?` included."""
    authority, target = url.split("/", 3)[2:]
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"GET /{target} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n".encode("latin-1")


def _payload(recording: Recording) -> tuple[str, int]:
    """
    Return digest and length of the body without transfer coding.

    A chunked one that came whole has the same by every reader (its framing leaves no choice). One that was
    cut is read again by the reader with which everybody reads it back: were the two to disagree on where
    the damage begins, what was stored would not verify.
    """
    if not (recording.chunked and recording.truncated):
        return f"sha256:{recording.digest.hexdigest()}", recording.payload_length
    digest, length = hashlib.sha256(), 0
    recording.response.seek(recording.head_length)
    for piece in dechunk(cast("BinaryIO", recording.response)):
        digest.update(piece)
        length += len(piece)
    return f"sha256:{digest.hexdigest()}", length


def _exchange(url: str, recording: Recording) -> Exchange:
    assert recording.head is not None
    took = time.monotonic() - recording.began
    digest, length = _payload(recording)
    return Exchange(
        url=url,
        date=recording.date,
        request=recording.request,
        response=cast("BinaryIO", recording.response),
        length=recording.length,
        head_length=recording.head_length,
        status=recording.head.status,
        headers=recording.head.headers,
        payload_digest=digest,
        payload_length=length,
        chunked=recording.chunked,
        address=recording.address,
        protocols=recording.protocols,
        cipher=recording.tls[1] if recording.tls else None,
        truncated=recording.truncated,
        reason=recording.reason,
        fetch_ms=round(took * 1000),
    )
