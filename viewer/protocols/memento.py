# SPDX-License-Identifier: EUPL-1.2
"""
The names of the Memento protocol (RFC 7089) in one installation, and links in the form of RFC 8288. Pure.

    original   https://www.ind.nl/a                          URI-R: the address on the live web
    memento    BASE/web/20260302023004/https://www.ind.nl/a  URI-M: one capture, by its own second
    timegate   BASE/timegate/https://www.ind.nl/a            URI-G: leads to the memento nearest to a date
    timemap    BASE/timemap/link/https://www.ind.nl/a        URI-T: all mementos, the first thousand
               BASE/timemap/link/2/https://www.ind.nl/a      the second thousand
               BASE/timemap/json/https://www.ind.nl/a        the same in JSON

BASE is the viewer's public address of the configuration, never what a request says of itself: whoever could
choose it would send other clients elsewhere through a cache. Knows nothing of what is in the archive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from index.timestamp import parse_timestamp, to_http_date

from ..addresses.address import format_web_path

LINK_FORMAT = "application/link-format"
MAX_LINK = 3000
"""
Characters of a Link header: proxies refuse larger heads. What has no room is left out, the least needed
first.
"""

_UNSAFE = re.compile(r"[^!#-;=?-~]+")


@lru_cache(1024)
def _http_date(timestamp: str) -> str:
    return to_http_date(parse_timestamp(timestamp))


class Memento(NamedTuple):
    """One capture: when, by its second in UTC (14 digits), and of which URL."""

    timestamp: str
    url: str

    @property
    def date(self) -> str:
        """The moment as headers write it."""
        return _http_date(self.timestamp)


class Around(NamedTuple):
    """The memento that is meant, and those that it is told with; of a single one all but two are None."""

    chosen: Memento
    first: Memento | None = None
    last: Memento | None = None
    prev: Memento | None = None
    next: Memento | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called; `base` is the viewer's public address without a slash at its end."""

    base: str

    def memento(self, one: Memento) -> str:
        """Return the URI-M of a capture."""
        return self.base + format_web_path(one.timestamp, one.url)

    def payload(self, one: Memento) -> str:
        """Return where the bytes of a capture are as they were received."""
        return self.base + format_web_path(one.timestamp, one.url, "id_")

    def timegate(self, url: str) -> str:
        """Return the URI-G of a normalised URL."""
        return f"{self.base}/timegate/{url}"

    def timemap(self, url: str, form: str = "link", page: int = 1) -> str:
        """Return the URI-T of a normalised URL: the form `link` or `json`, and the page from 1."""
        part = f"{page}/" if page > 1 else ""
        return f"{self.base}/timemap/{form}/{part}{url}"


def link(uri: str, rel: str, **more: str) -> str:
    """Return one link (RFC 8288 section 3); values of `more` are ours, and have no quote in them."""
    told = "".join([f'; {name}="{value}"' for name, value in more.items()])
    return f'<{_safe(uri)}>; rel="{rel}"{told}'


def _safe(uri: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0]), uri) if _UNSAFE.search(uri) else uri


def about(names: Names, url: str) -> list[str]:
    """Return the links by which everything of a URL is found, the original first."""
    safe = _safe(url)
    return [
        f'<{safe}>; rel="original"',
        f'<{names.timegate(safe)}>; rel="timegate"',
        f'<{names.timemap(safe)}>; rel="timemap"; type="{LINK_FORMAT}"',
        f'<{names.timemap(safe, "json")}>; rel="timemap"; type="application/json"',
    ]


def around(names: Names, found: Around) -> Iterator[str]:
    """Yield a link for each memento, with all that it is: the one that is meant first."""
    relations: dict[Memento, list[str]] = {found.chosen: []}
    for name in ("first", "prev", "next", "last"):
        one = getattr(found, name)
        if one is not None:
            relations.setdefault(one, []).append(name)
    for one, words in relations.items():
        yield link(names.memento(one), " ".join([*words, "memento"]), datetime=one.date)


def fitting(links: Iterable[str]) -> str:
    """Return the value of a Link header: the first link whatever its length, then what there is room for."""
    told = ""
    for one in links:
        joined = f"{told}, {one}" if told else one
        if told and len(joined) > MAX_LINK:
            continue
        told = joined
    return told
