# SPDX-License-Identifier: EUPL-1.2
"""
Which URLs belong to a site. Knows nothing of what was fetched.

    page     the seeds and nothing else
    prefix   what begins with a seed, cut after its last slash
    host     every URL on the host of a seed, whatever the scheme or port of http and https
    domain   every host under the registrable domain of a seed (public suffix list as shipped)

`exclude` wins over `include`, `include` over the scope. A seed is always in scope.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import tldextract

from index.urlkey import normalise, origin

from .settings import Site

_DEFAULT_PORTS = frozenset({80, 443})


def scope_of(site: Site) -> Callable[[str], bool]:
    """Return the function that tells whether a normalised URL belongs to the site."""
    seeds = [url for seed in site.seeds if (url := normalise(seed))]
    include = [re.compile(pattern) for pattern in site.include]
    exclude = [re.compile(pattern) for pattern in site.exclude]
    within = _SCOPES[site.scope](seeds)
    exact = frozenset(seeds)

    def in_scope(url: str) -> bool:
        if url in exact:
            return True
        if any(pattern.search(url) for pattern in exclude):
            return False
        return within(url) or any(pattern.search(url) for pattern in include)

    return in_scope


def _page(seeds: list[str]) -> Callable[[str], bool]:
    return frozenset(seeds).__contains__


def _prefix(seeds: list[str]) -> Callable[[str], bool]:
    prefixes = tuple(url[: url.partition("?")[0].rindex("/") + 1] for url in seeds)
    return lambda url: url.startswith(prefixes)


def _host(seeds: list[str]) -> Callable[[str], bool]:
    hosts = frozenset(_place(url) for url in seeds)
    return lambda url: _place(url) in hosts


def _domain(seeds: list[str]) -> Callable[[str], bool]:
    domains = set(map(_registrable, seeds))
    suffixes = tuple(f".{domain}" for domain in domains)
    return lambda url: (host := origin(url).host) in domains or host.endswith(suffixes)


def excluded(site: Site, url: str) -> bool:
    """Tell whether a normalised URL is left out by name, as a page or as a part of one."""
    return any(re.search(pattern, url) for pattern in site.exclude)


def same_domain(one: str, other: str) -> bool:
    """Tell whether two normalised URLs are of one registrable domain; an address is its own."""
    return _registrable(one) == _registrable(other)


def _registrable(url: str) -> str:
    host = origin(url).host
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


def _place(url: str) -> tuple[str, int]:
    """Return host and port, with 80 and 443 as one: a site that moves to https stays one site."""
    _, host, port = origin(url)
    return host, 0 if port in _DEFAULT_PORTS else port


_SCOPES: dict[str, Callable[[list[str]], Callable[[str], bool]]] = {
    "page": _page,
    "prefix": _prefix,
    "host": _host,
    "domain": _domain,
}
