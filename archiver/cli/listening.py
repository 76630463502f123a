# SPDX-License-Identifier: EUPL-1.2
"""Listening: a socket that is ours before anything else is done, and public addresses that fit it."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit, urlunsplit

import msgspec

from index.errors import ArchiveError

from ..settings import Settings

_REASONS = {
    errno.EADDRINUSE: "the port is in use; stop what uses it, or choose another with --port",
    errno.EACCES: "ports below 1024 need more rights; choose another with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
}


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address. Raises ArchiveError that says why not and what to do."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label of the name that is empty or too long
        reason = getattr(error, "strerror", None) or error
        raise ArchiveError(f"Cannot listen on {host}: {reason}. Choose another with --host.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # only now it is ours: two may be bound to one port as long as neither listens
    except OSError as error:
        listening.close()
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise ArchiveError(f"Cannot listen on {host}:{port}: {reason}.") from error
    return listening


def with_address(settings: Settings, port: int) -> Settings:
    """
    Return the settings with the port that is really listened on in the public addresses.

    Only where these name this machine itself: behind a proxy the configured ones are right.
    """
    viewer = settings.viewer
    base, replay = _with_port(viewer.base_url, port), _with_port(viewer.replay_url, port)
    moved = msgspec.structs.replace(viewer, base_url=base, replay_url=replay)
    return msgspec.structs.replace(settings, viewer=moved)


def _with_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    if host not in {"localhost", "127.0.0.1"} and not host.endswith(".localhost"):
        return url
    return urlunsplit(parts._replace(netloc=f"{host}:{port}"))
