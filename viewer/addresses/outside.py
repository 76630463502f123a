# SPDX-License-Identifier: EUPL-1.2
"""
Links that lead out of the archive: to a replay origin of their own, which says so and asks nobody.

    in a page of 2026-03-02     <a href="https://www.elsewhere.example/a?b">
    where nothing is captured   http://20260302023000-outside-invalid.localhost:8080/https://www.elsewhere.example/a?b

`outside.invalid` is no host that anybody can have (RFC 2606 section 2), so it is never one of the archive.
Frames may go there, and no other part of a page can. A link to the scheme that was not captured leads to the
one that was. Knows nothing of requests.
"""

from __future__ import annotations

from collections.abc import Collection

import ada_url

from index.urlkey import Origin, normalise, origin

from .address import AROUND, Mapper, in_full
from .path_address import Addresses

OUTSIDE = Origin("https", "outside.invalid", 443)
"""What stands, as an archived origin, for all that is outside."""

_OTHER = {("http", 80): ("https", 443), ("https", 443): ("http", 80)}


def outside_of(addresses: Addresses, name: str) -> str:
    """Return the replay origin that stands for outside; empty in path mode, which has one origin for all."""
    return "" if addresses.by_path else addresses.origin(name, OUTSIDE)


def link_mapper(addresses: Addresses, name: str, page: str, known: Collection[Origin]) -> Mapper | None:
    """
    Return the function that maps the links written in one page, as `ReplayAddresses.mapper` does.

    `known` are the origins of which something is captured. None in path mode, where links are mapped as all
    else: what is outside has a path there like any other.
    """
    if addresses.by_path:
        return None
    plain = addresses.mapper(name, page)
    outside = outside_of(addresses, name)

    def mapped(url: str) -> str:
        try:
            absolute = in_full(url.strip(AROUND), page)
        except ValueError:
            return url
        normal = normalise(absolute)
        if normal is None or origin(normal) in known:
            return plain(url)
        twin = _twin(normal, known)
        if twin:
            return addresses.url(name, twin + absolute[absolute.index(":") :])
        return f"{outside}/{normal}{ada_url.URL(absolute).hash if '#' in absolute else ''}"

    return mapped


def _twin(url: str, known: Collection[Origin]) -> str | None:
    """Return the other scheme of a URL, where its host was captured by that alone."""
    scheme, host, port = origin(url)
    other = _OTHER.get((scheme, port))
    return other[0] if other and Origin(other[0], host, other[1]) in known else None


def target_of(asked: str) -> str | None:
    """Return the URL that a URL on OUTSIDE stands for, None where it stands for none."""
    found = normalise(asked.removeprefix(f"{OUTSIDE}/"))
    return None if found is None or origin(found) == OUTSIDE else found
