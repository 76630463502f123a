# SPDX-License-Identifier: EUPL-1.2
"""
Which keys of an index an address stands for. Knows nothing of what else is asked.

    exact    https://example.org/about/    org,example)/about
    prefix   example.org/about/*           org,example)/about/…
    host     example.org                   org,example)/…
    domain   *.example.org                 org,example)/…  org,example,www2)/…

An address may be written without its scheme. The key is coarser than the address (index/urlkey.py): http and
https, `www.` and none, upper and lower case are one, as the field's other CDX servers have it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ..errors import QueryError
from ..urlkey import normalise, urlkey


class Match(StrEnum):
    """How far an address reaches."""

    EXACT = "exact"
    PREFIX = "prefix"
    HOST = "host"
    DOMAIN = "domain"


class Scope(msgspec.Struct, frozen=True):
    """The keys from `low` on and before `high`, bytewise; with EXACT the one key `low` without its space."""

    match: Match
    low: bytes
    high: bytes

    @property
    def exact(self) -> bool:
        """Whether it is one key, of which lines stand in the order of time."""
        return self.match is Match.EXACT


def scope_of(url: str, match: Match | None) -> Scope:
    """Return the keys of an address; a wildcard in it counts where `match` is None. Raises QueryError."""
    bare, wild = _without_wildcard(url.strip())
    match = match or wild
    normal = normalise(bare if "://" in bare[:10] else f"http://{bare.lstrip('/')}") if bare else None
    if normal is None or "*" in normal.partition("://")[2].partition("/")[0]:
        raise QueryError("url", f"{url[:200]!a} is not the address of a page; write it as example.org/page")
    return _LOW_HIGH[match](bare, urlkey(normal))


def _without_wildcard(url: str) -> tuple[str, Match]:
    if url.startswith("*."):
        return url[2:].removesuffix("*"), Match.DOMAIN
    if url.endswith("*"):
        return url[:-1], Match.PREFIX
    return url, Match.EXACT


def _exact(_url: str, key: str) -> Scope:
    return Scope(Match.EXACT, f"{key} ".encode(), f"{key}!".encode())


def _prefix(url: str, key: str) -> Scope:
    # the key has no slash at its end and no empty query: what was written there narrows the prefix
    for end in ("/", "?"):
        key += end if url.endswith(end) and not key.endswith(end) else ""
    return Scope(Match.PREFIX, key.encode(), after(key.encode()))


def _host(_url: str, key: str) -> Scope:
    host = key.partition(")")[0].encode() + b")"
    return Scope(Match.HOST, host, after(host))


def _domain(_url: str, key: str) -> Scope:
    host = key.partition(")")[0].encode()
    # `)` ends a host, `,` begins a label below it, and `-` is the next character that a host may have
    return Scope(Match.DOMAIN, host + b")", host + b"-")


def after(prefix: bytes) -> bytes:
    """Return the least bytes that come after all that begin with a prefix, which does not end in 0xFF."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


_LOW_HIGH = {Match.EXACT: _exact, Match.PREFIX: _prefix, Match.HOST: _host, Match.DOMAIN: _domain}
