# SPDX-License-Identifier: EUPL-1.2
"""
Archival addresses: from an archived URL to where it is replayed, and from a request to what it asks for.

Replay addresses, one host for each snapshot and archived origin (label.py), the rest as it was:

    https://www.ind.nl/a?b=c#d   in 20261123023000
    http://20261123023000-www-ind-nl.localhost:8080/a?b=c#d

Addresses of the viewer itself:

    /web/20261123023000/https://www.ind.nl/a?b=c     the page in the viewer's frame, by UTC timestamp
    /web/2026-11-23/https://www.ind.nl/              the same, by calendar day of the site
    /web/20261123023000id_/https://www.ind.nl/       the payload as captured (a modifier: two letters, `_`)
    /web/2026-11-23id_/https://www.ind.nl/           the same, by day
    /web/20261123023000ns_/https://www.ind.nl/       a view of it (view.py has them)
    /web/202611/https://www.ind.nl/                  the beginning of a timestamp, of two digits a step from a
                                                     year to a minute: the first capture in it
    /web/*/https://www.ind.nl/                       all days: the lifeline
    /web/2026-11-23/www.ind.nl/                      without scheme: https is meant
    /web/2026-11-23/https:/www.ind.nl/               as proxies that merge slashes hand it on
    /web/2026-11-23/https%3A%2F%2Fwww.ind.nl%2Fa     escaped as one segment

Knows nothing of what is in the archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import ada_url

from index.errors import ConfigurationError
from index.timestamp import parse_date, parse_timestamp
from index.urlkey import Origin, normalise, origin

from .label import Label, make, parse

Mapper = Callable[[str], str]
"""From an absolute or protocol-relative URL, as written, to its replay URL; what it cannot map comes back."""

_BASE = re.compile(
    r"(?P<scheme>https?)://\{label\}\.(?P<parent>[a-z0-9.-]*[a-z0-9](?::[0-9]{1,5})?)/?", re.ASCII
)
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
# What needs no parser: no user information, escapes, international names, dots at an edge or default port.
_PLAIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?:[a-z0-9_-]+\.)*[a-z][a-z0-9-]*)(?P<rest>(?:[/?#][^\\\t\r\n]*)?)",
    re.ASCII,
)
_SLASHES = frozenset({"//", "/\\", "\\/", "\\\\"})
# Two slashes may be missing: the address is then relative where the page has that scheme too, else a host
_WITHOUT_SLASHES = re.compile(r"https?:(?![/\\]{2})", re.IGNORECASE)
_PAGE = re.compile(
    r"/web/(?P<moment>\d{4}(?:\d\d){0,5}|\d{4}-\d{2}-\d{2}|\*)(?P<modifier>(?:[a-z]{2}_)?)/(?P<url>.+)",
    re.ASCII | re.DOTALL,
)
_EARLIEST = "00000101000000"
_SCHEME = re.compile(r"(https?):/+", re.IGNORECASE)
AROUND = "".join(map(chr, range(0x21)))
"""What may stand around an address and is none of it: controls and the space (URL section 4.4)."""
_ESCAPED_SCHEME = re.compile(r"https?%3a", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """
    What a path under `/web/` asks for.

    `moment` is a 14-digit timestamp or the beginning of one, a `YYYY-MM-DD` or `*`; `modifier` is empty or as
    `id_`; `url` is normalised (index.urlkey).
    """

    moment: str
    modifier: str
    url: str

    @property
    def beginning(self) -> bool:
        """Tell whether the moment is no more than the beginning of a timestamp: a year, a month and so on."""
        return self.moment.isdecimal() and len(self.moment) < len(_EARLIEST)


def in_full(text: str, page: str) -> str:
    """
    Return an address of a page with its scheme and host, where one of them stands there or two slashes do.

    `page` is its normalised URL (URL section 4.4, special authority slashes state). Raises ValueError.
    """
    if text[:2] in _SLASHES:
        return f"{page.partition(':')[0]}://{text[2:]}"
    return ada_url.join_url(page, text) if _WITHOUT_SLASHES.match(text) else text


class ReplayAddresses:
    """
    The replay origins of one installation, made from a pattern such as `http://{label}.localhost:8080`.

    Raises ConfigurationError where the pattern is not scheme, `{label}`, a dot, a host and at most a port.
    """

    by_path = False
    base = ""

    def __init__(self, base: str) -> None:
        found = _BASE.fullmatch(base)
        if not found:
            raise ConfigurationError(
                f"replay_url is {base!r}, which is not a pattern of replay origins; "
                "write it as http://{label}.localhost:8080, in lower case and without a path"
            )
        scheme = found["scheme"]
        parent = found["parent"].removesuffix(_DEFAULT_PORT[scheme])
        self.pattern = f"{scheme}://{{label}}.{parent}"
        """The pattern as browsers write an origin: no slash at the end, no default port."""
        name, colon, port = parent.partition(":")
        self._below = f".{name}"
        asked = f"{colon}{port}" if colon else f"(?:{_DEFAULT_PORT[scheme]})?"
        self._host = re.compile(rf"(?P<label>[a-z0-9-]+)\.{re.escape(name)}{asked}", re.ASCII | re.IGNORECASE)

    def origin(self, timestamp: str, archived: Origin) -> str:
        """
        Return the replay origin of an archived origin, as it stands in a CSP or an Origin header.

        `timestamp`, here and below, may end in the letters of a view.
        """
        return self.pattern.replace("{label}", make(timestamp, archived))

    def url(self, timestamp: str, url: str) -> str:
        """
        Return the replay URL of an absolute http or https URL; path, query and fragment stay as written.

        User information is left out. Raises ValueError where a browser would not take it for such a URL.
        """
        plain = _PLAIN.fullmatch(url)
        if plain:
            archived = Origin(plain["scheme"], plain["host"], 80 if plain["scheme"] == "http" else 443)
            return self.origin(timestamp, archived) + plain["rest"]
        normal = normalise(url)
        if normal is None:
            raise ValueError(f"{url[:200]!r} is not an absolute http or https URL")
        href = ada_url.URL(url)
        return f"{self.origin(timestamp, origin(normal))}{href.pathname}{href.search}{href.hash}"

    def mapper(self, timestamp: str, page: str) -> Mapper:
        """
        Return the function that maps the addresses written in one archived page or style sheet.

        `page` is its normalised URL: the scheme of protocol-relative addresses is taken from it.
        """

        def mapped(url: str) -> str:
            try:
                return self.url(timestamp, in_full(url.strip(AROUND), page))
            except ValueError:
                return url

        return mapped

    def label_of(self, host_header: str) -> Label | None:
        """Return what a request's Host header says where it is a replay host; None where it is not."""
        found = self._host.fullmatch(host_header)
        if not found:
            return None
        try:
            return parse(found["label"].lower())
        except ValueError:
            return None

    def read(self, host_header: str, target: str) -> tuple[Label, str] | None:
        """Return what a request asks for, and the path there; None where it is for no snapshot."""
        label = self.label_of(host_header)
        return (label, target) if label else None

    def is_host(self, host_header: str) -> bool:
        """Tell whether a Host header names something below the name that replay hosts have."""
        return host_header.rpartition("@")[2].partition(":")[0].lower().endswith(self._below)

    def source(self, timestamp: str, origins: Iterable[Origin]) -> list[str]:
        """Return the CSP source expressions (CSP3 section 2.3.1) of a snapshot's origins, sorted."""
        return sorted({self.origin(timestamp, archived) for archived in origins})

    def wildcard(self) -> str:
        """Return the CSP source expression that covers every replay origin."""
        return self.pattern.replace("{label}", "*")


def parse_web_path(target: str) -> WebAddress:
    """
    Return what a request target under `/web/` asks for; the module's docstring lists the forms.

    `target` is path and query as they were sent, escapes kept: servers that decode the path lose `%2F`.
    Raises ValueError with the reason for anything else.
    """
    found = _PAGE.fullmatch(target)
    if not found:
        raise ValueError(f"{target[:200]!r} is not /web/<timestamp or YYYY-MM-DD>/<url>")
    moment = found["moment"]
    if moment != "*":
        _check_moment(moment)
    return WebAddress(moment, found["modifier"], parse_archived(found["url"]))


@lru_cache(1024)
def _check_moment(moment: str) -> None:
    """Refuse what is no moment: ValueError. Most questions are for a few snapshots."""
    if "-" in moment:
        parse_date(moment)
    else:
        parse_timestamp(earliest(moment))


def earliest(moment: str) -> str:
    """Return the first timestamp that begins so, of the beginning of one: `202603` is 20260301000000."""
    return moment + _EARLIEST[len(moment) :]


def parse_archived(written: str) -> str:
    """
    Return the normalised URL that stands at the end of a path, in any form that the module's docstring lists.

    Raises ValueError where it is none.
    """
    written = unquote(written) if _ESCAPED_SCHEME.match(written) else written
    scheme = _SCHEME.match(written)
    absolute = f"{scheme[1]}://{written[scheme.end() :]}" if scheme else f"https://{written.lstrip('/')}"
    url = normalise(absolute)
    if url is None:
        raise ValueError(f"{written[:200]!r} is not the address of a page")
    return url


def format_web_path(moment: str, url: str, modifier: str = "") -> str:
    """Return the viewer's path of a normalised URL: the first forms of the module's docstring."""
    return f"/web/{moment}{modifier}/{url}"
