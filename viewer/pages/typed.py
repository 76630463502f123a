# SPDX-License-Identifier: EUPL-1.2
"""
What a visitor put into the one search box: words to look for, or the address of a page. Pure.

    https://www.ind.nl/kosten     an address: it says so itself
    www.ind.nl/kosten             an address: a host, and a path or www. about it
    ind.nl                        an address where that host is archived here; else words
    /kosten                       an address of the site that is searched in
    artikel 3.4, "node.js"        words

Read the other way the box would be of no use; so where it can be both, only a host of ours makes an address.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from archiver.settings import Site
from index.urlkey import normalise

_SCHEME = re.compile(r"https?:/{1,3}[^\s/]", re.IGNORECASE)
_HOST = re.compile(r"(?:[^\s/?#@:\".,'()]+\.)+[^\s/?#@:\".,'()\d]{2,63}(?::\d{1,5})?(?=[/?#]|\Z)")


def address_of(text: str, hosts: Collection[str]) -> str | None:
    """
    Return the normalised URL that was typed, None for words. `hosts` are those archived here, the first that
    of the site's front page.

    One without a scheme is given https; whoever looks it up tries http as well (`history`).
    """
    text = text.strip()
    if not text or re.search(r"\s", text):
        return None
    if _SCHEME.match(text):
        return normalise(text)
    if text.startswith("/") and not text.startswith("//") and hosts:
        return normalise(f"https://{next(iter(hosts))}{text}")
    host = _HOST.match(text)
    if host is None:
        return None
    named = host[0].lower()
    known = any(one in {named, f"www.{named}"} for one in hosts)
    shaped = named.startswith("www.") or text[host.end() : host.end() + 1] == "/"
    return normalise(f"https://{text}") if known or shaped else None


def hosts_of(sites: Iterable[Site]) -> list[str]:
    """Return the hosts where sites begin, the first of each first."""
    return [urlsplit(seed).netloc.lower() for site in sites for seed in site.seeds]
