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
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from index.errors import ConfigurationError
from index.urlkey import origin

from .addresses import AddressGuard, Resolve, resolve_by_system
from .exchange import Exchange, Failure
from .payload import dechunk
from .recording import PoolManager, Recorder, tls_context
from .wire import Limits, NoResponseError, Recording

# A validator is a server's own bytes coming back to it: only what may stand in a field, and no more of it.
_VALIDATOR = re.compile(r"[\x20-\x7e\x80-\xff]{1,1024}")


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
        `clock` gives aware UTC. Raises ConfigurationError where `verify` cannot be read.
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
        headers = dict(self._headers)
        if accept:
            headers["Accept"] = accept
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers |= {
            name: value for name, value in conditions.items() if value and _VALIDATOR.fullmatch(value)
        }
        return self._attempt(url, headers)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(self, url: str, headers: dict[str, str], *, again: bool = True) -> Exchange | Failure:
        recording = self._recorder.start(origin(url).host, _target(url))
        with ExitStack() as undo:
            undo.callback(recording.response.close)
            try:
                self._send(url, headers)
            except NoResponseError as error:
                if not (error.stale and again):
                    return Failure(url, recording.date, error.outcome, error.reason)
            except requests.RequestException as error:
                return Failure(url, recording.date, "network-error", f"host {recording.host}: {error}")
            else:
                undo.pop_all()
                return _exchange(url, recording)
        return self._attempt(url, headers, again=False)

    def _send(self, url: str, headers: dict[str, str]) -> None:
        if origin(url).port == 0:  # urllib3 takes 0 for "none given" and would ask port 80 or 443
            raise NoResponseError("network-error", f"host {origin(url).host} cannot be reached on port 0")
        request = requests.PreparedRequest()
        request.method, request.url, request.headers = "GET", url, CaseInsensitiveDict(headers)
        answer = self._session.send(
            request, stream=True, allow_redirects=False, timeout=self._recorder.limits.timeout
        )
        answer.raw.release_conn()


class _Adapter(HTTPAdapter):
    """Sends over recorded connections, to the origin and target of our URL and nothing derived from it."""

    def __init__(self, manager: PoolManager) -> None:
        self._manager = manager
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_: Any, **__: Any) -> None:
        self.poolmanager = self._manager

    def cert_verify(self, *_: Any) -> None:
        """Leave the pool alone: its TLS context holds what is trusted."""

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, *_: Any, **__: Any
    ) -> tuple[Any, Any]:
        """Return scheme, host and port; TLS settings are the manager's own."""
        return origin(str(request.url))._asdict(), {}

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        del proxies
        return _target(str(request.url))


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
    return headers | {"Connection": "keep-alive"}


def _target(url: str) -> str:
    """Return path and query of a normalised URL, an empty query and its `?` included."""
    return "/" + url.split("/", 3)[3]


def _payload(recording: Recording) -> tuple[str, int]:
    """
    Return digest and length of the body without transfer coding.

    Of a chunked one, by the reader with which everybody reads it back: were the two to disagree on a
    server's strange framing, what was stored would not verify.
    """
    if not recording.chunked:
        return f"sha256:{recording.digest.hexdigest()}", recording.payload_length
    digest, length = hashlib.sha256(), 0
    recording.response.seek(recording.head_length)
    for piece in dechunk(cast("BinaryIO", recording.response)):
        digest.update(piece)
        length += len(piece)
    return f"sha256:{digest.hexdigest()}", length


def _exchange(url: str, recording: Recording) -> Exchange:
    assert recording.head is not None
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
    )
