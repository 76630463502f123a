# SPDX-License-Identifier: EUPL-1.2
"""
Which URLs belong to a site. Knows nothing of what was fetched.

    page     the seeds and nothing else
    prefix   what begins with a seed, cut after its last slash, whatever the scheme
    host     every URL on the host of a seed, whatever the scheme
    domain   every host under the registrable domain of a seed (public suffix list as shipped)

`exclude` wins over `include`, `include` over the scope. A seed is always in scope. http and https on their
ports are one place: a site that moves from one to the other, and links to both, stays one site.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

import tldextract

from index.urlkey import normalise, origin

from .settings import Site

_DEFAULT_PORTS = frozenset({80, 443})


def scope_of(site: Site) -> Callable[[str], bool]:
    """Return the function that tells whether a normalised URL belongs to the site."""
    seeds = [url for seed in site.seeds if (url := normalise(seed))]
    included, left_out = _any(tuple(site.include)), _any(tuple(site.exclude))
    within = _SCOPES[site.scope](seeds)
    exact = frozenset(seeds)

    def in_scope(url: str) -> bool:
        if url in exact:
            return True
        return not left_out(url) and (within(url) or included(url))

    return in_scope


def excluded(site: Site, url: str) -> bool:
    """Tell whether a normalised URL is left out by name, as a page or as a part of one."""
    return _any(tuple(site.exclude))(url)


@lru_cache(maxsize=256)
def _any(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return the function that tells whether one of the patterns is found in a URL."""
    searches = [re.compile(pattern).search for pattern in patterns]
    return lambda url: any(search(url) for search in searches) if searches else False


def _page(seeds: list[str]) -> Callable[[str], bool]:
    return frozenset(seeds).__contains__


def _prefix(seeds: list[str]) -> Callable[[str], bool]:
    folders = map(_folder, seeds)
    prefixes = tuple(spelling for folder in folders for spelling in _both_schemes(folder))
    return lambda url: url.startswith(prefixes)


def _host(seeds: list[str]) -> Callable[[str], bool]:
    # told by the beginning alone, up to the slash that a normalised URL has after its host and port
    roots = tuple(spelling for seed in seeds for spelling in _both_schemes(f"{origin(seed)}/"))
    return lambda url: url.startswith(roots)


def _both_schemes(url: str) -> tuple[str, ...]:
    """Return the spellings of a normalised URL with either scheme, 80 and 443 being ports of both."""
    _, host, port = origin(url)
    path = url[len(str(origin(url))) :]
    if port not in _DEFAULT_PORTS:
        return tuple(f"{scheme}://{host}:{port}{path}" for scheme in ("http", "https"))
    places = ("http://{}", "https://{}", "http://{}:443", "https://{}:80")
    return tuple(place.format(host) + path for place in places)


def _domain(seeds: list[str]) -> Callable[[str], bool]:
    domains = set(map(_registrable, seeds))
    suffixes = tuple(f".{domain}" for domain in domains)
    return lambda url: (host := origin(url).host) in domains or host.endswith(suffixes)


def may_move(site: Site, seed: str, target: str) -> bool:
    """
    Tell whether a seed that leads to another address takes the scope along: to another host of its domain.

    On its own host the scope is what was configured, but with `page`, where the target is all there is; with
    `prefix` the target has to be below the same path. What is excluded stays so.
    """
    if not same_domain(seed, target) or excluded(site, target):
        return False
    if site.scope == "page":
        return True
    if target.startswith(_both_schemes(f"{origin(seed)}/")):
        return False
    return site.scope != "prefix" or _path(target).startswith(_folder(_path(seed)))


def _path(url: str) -> str:
    return url[len(str(origin(url))) :].partition("?")[0]


def _folder(url: str) -> str:
    return url[: url.partition("?")[0].rindex("/") + 1]


def same_domain(one: str, other: str) -> bool:
    """Tell whether two normalised URLs are of one registrable domain; an address is its own."""
    return _registrable(one) == _registrable(other)


def _registrable(url: str) -> str:
    return _registrable_host(origin(url).host)


@lru_cache(maxsize=4096)
def _registrable_host(host: str) -> str:
    known = _suffixes()(host)
    if known.suffix or known.ipv4 or known.ipv6:
        return known.top_domain_under_public_suffix or host
    # a name of an intranet or of a test: by the list's own rule for what it does not know, `*`, the last
    # label is the suffix (publicsuffix.org/list, "If no rules match")
    return ".".join(host.rsplit(".", 2)[-2:])


@cache
def _suffixes() -> tldextract.TLDExtract:
    # no list is fetched and no cache is written: the crawler asks nobody but the sites it archives. The
    # list's private part counts: under github.io each name is somebody else's site
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


_SCOPES: dict[str, Callable[[list[str]], Callable[[str], bool]]] = {
    "page": _page,
    "prefix": _prefix,
    "host": _host,
    "domain": _domain,
}
