# SPDX-License-Identifier: EUPL-1.2
"""
Replay on one origin: the archived address stands in the path, for installations without a wildcard name.

    https://www.ind.nl/a?b=c#d   in 20261123023000
    http://replay.example.org/replay/20261123023000/https://www.ind.nl/a?b=c#d

A relative address leads where it should by itself. One that begins at the root (`/a`), or climbs above it
(`../../a`), would leave the snapshot, and is mapped as absolute ones are: rewriters ask `touched`.
The same interface as ReplayAddresses (address.py). Knows nothing of what is in the archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import ada_url

from index.errors import ConfigurationError
from index.timestamp import parse_timestamp
from index.urlkey import Origin, normalise, origin

from .address import AROUND, Mapper, ReplayAddresses, in_full, parse_archived
from .label import Label
from .view import view_of_letters

PREFIX = "/replay/"

_TARGET = re.compile(
    r"/replay/(?P<timestamp>\d{14})(?P<view>f?n?)/(?P<url>https?(?::|%3[Aa]).+)", re.ASCII | re.DOTALL
)
_PLAIN = re.compile(r"https?://(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*(?P<rest>(?:[/?#][^\\\t\r\n]*)?)", re.ASCII)
_SCHEME = r"https?:(?=[^\x00-\x20\"'])"
_BREAK = re.compile(r"[\t\n\r]+")
_SPACE = "\t\n\f\r "
_ABSOLUTE = re.compile(rf"[\x00-\x20]*(?:{_SCHEME}|[/\\]{{2}})", re.IGNORECASE)
_CLIMBING = r"(?:[^?#:]*[/\\])?\.\.(?:[/\\?#]|\Z)"
_CLIMBS = re.compile(_CLIMBING)
_ROOTED = re.compile(rf"[\x00-\x20]*(?:{_SCHEME}|[/\\]|{_CLIMBING})", re.IGNORECASE)


class PathAddresses:
    """
    The one replay origin of an installation, such as `http://replay.example.org`.

    Raises ConfigurationError where it is more than an origin.
    """

    by_path = True

    def __init__(self, base: str) -> None:
        normal = normalise(base)
        if normal is None or normal != f"{origin(normal)}/":
            raise ConfigurationError(
                f"replay_url is {base!r}, which is no origin; write it as http://replay.example.org, "
                "without a path, or as http://{label}.localhost:8080"
            )
        self.base = str(origin(normal))
        """The replay origin."""
        self._archived = origin(normal)
        self.pattern = f"{self.base}{PREFIX}"
        """What every replay URL begins with."""

    def origin(self, _timestamp: str, _archived: Origin) -> str:
        """Return the replay origin, of whatever snapshot and archived origin."""
        return self.base

    def url(self, timestamp: str, url: str) -> str:
        """
        Return the replay URL of an absolute http or https URL; path, query and fragment stay as written.

        User information is left out. Raises ValueError where a browser would not take it for such a URL.
        """
        plain = _PLAIN.fullmatch(url)
        if plain and ".." not in url:
            slash = "" if plain["rest"].startswith("/") else "/"
            at = plain.start("rest")
            return f"{self.pattern}{timestamp}/{url[:at]}{slash}{url[at:]}"
        normal = normalise(url)
        if normal is None:
            raise ValueError(f"{url[:200]!r} is not an absolute http or https URL")
        href = ada_url.URL(url)
        return f"{self.pattern}{timestamp}/{origin(normal)}{href.pathname}{href.search}{href.hash}"

    def mapper(self, timestamp: str, page: str) -> Mapper:
        """Return what maps the addresses written in one archived page or style sheet, a normalised URL."""
        return RootedMapper(self, timestamp, page)

    def read(self, host_header: str, target: str) -> tuple[Label, str] | None:
        """Return what a request asks for, and the path there; None where it is for no snapshot."""
        found = _TARGET.fullmatch(target)
        if not found or not self.is_host(host_header):
            return None
        try:
            parse_timestamp(found["timestamp"])
            url = parse_archived(found["url"])
        except ValueError:
            return None
        archived = origin(url)
        view = view_of_letters(found["view"])
        return Label(found["timestamp"], archived, None, view), url.removeprefix(str(archived))

    def label_of(self, _host_header: str) -> Label | None:
        """Return None: no host tells of a snapshot here."""
        return None

    def is_host(self, host_header: str) -> bool:
        """Tell whether a Host header names the replay origin."""
        named = normalise(f"{self._archived.scheme}://{host_header}/")
        return named is not None and origin(named) == self._archived

    def source(self, timestamp: str, _origins: Iterable[Origin]) -> list[str]:
        """Return the CSP source expression (CSP3 section 6.7.2.12) of all that a snapshot may use."""
        return [f"{self.pattern}{timestamp}/"]

    def wildcard(self) -> str:
        """Return the CSP source expression that covers every snapshot."""
        return self.pattern


class RootedMapper:
    """Maps the addresses written in one page: absolute ones, and those that begin at the root or above it."""

    def __init__(self, addresses: PathAddresses, timestamp: str, page: str) -> None:
        self._addresses = addresses
        self._timestamp = timestamp
        self._page = page

    def __call__(self, url: str) -> str:
        """Return the replay URL of an address as written; what cannot be mapped comes back."""
        text = url.strip(AROUND)
        try:
            if text[:1] in {"/", "\\"} or _ABSOLUTE.match(text) or self._climbs(text):
                return self._addresses.url(self._timestamp, self._joined(text))
        except ValueError:
            return url
        return url

    def based(self, href: str) -> RootedMapper:
        """Return the mapper of the same page below a `<base href>`."""
        base = normalise(self._joined(href.strip(AROUND)))
        return RootedMapper(self._addresses, self._timestamp, base) if base else self

    def _joined(self, text: str) -> str:
        if _ABSOLUTE.match(text):
            return in_full(text, self._page)
        if text[:1] in {"/", "\\"}:
            return f"{origin(self._page)}/{text[1:]}"
        return ada_url.join_url(self._page, text)

    def _climbs(self, text: str) -> bool:
        """Tell whether a relative address has more `..` than there are folders to leave."""
        if not _CLIMBS.match(text):
            return False
        replayed = self._addresses.url(self._timestamp, self._page)
        return ada_url.join_url(replayed, text) != self._addresses.url(self._timestamp, self._joined(text))


def touched(mapper: Mapper) -> re.Pattern[str]:
    """Return which addresses, as they are written, a mapper has to do with."""
    return _ROOTED if isinstance(mapper, RootedMapper) else _ABSOLUTE


def mapped_address(value: str, mapper: Mapper) -> str:
    """Map an address as it is written, if the mapper has to do with it; any other stays as it is."""
    address = _BREAK.sub("", value)  # as URL parsers do (URL section 4.4)
    if not touched(mapper).match(address):
        return value
    address = address.strip(_SPACE)
    mapped = mapper(address)
    return value if mapped == address else mapped


Addresses = ReplayAddresses | PathAddresses


def replay_addresses(base: str) -> Addresses:
    """Return the replay addresses of a `replay_url`. Raises ConfigurationError."""
    return ReplayAddresses(base) if "{label}" in base else PathAddresses(base)
