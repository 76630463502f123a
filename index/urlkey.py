# SPDX-License-Identifier: EUPL-1.2
"""
One URL function for crawler, index and viewer, and the sort-friendly key.

    normalise('HTTP://www.Example.org:80/a/../b#top')  ->  'http://www.example.org/b'
    urlkey('http://www.example.org/B/?b=2&a=1')        ->  'org,example)/b?a=1&b=2'

The normalised URL is identity: two spellings that the WHATWG parser (https://url.spec.whatwg.org) reads as
one URL are one, everything else is apart. The key only sorts and finds: it is coarser on purpose (case,
`www.`, scheme, order of parameters), the way the field's own tools key their CDX lines, so whoever looks
up by key then chooses among the lines by their URL. Knows nothing of scope or of what is worth fetching.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

import ada_url

MAX_URL = 4096
"""Longest URL we know, in characters. Longer ones are traps or data; browsers stop at a few times this."""

TEXT = "urn:text:"
"""Before the URL of a page, the name of its text."""

# Most URLs are already in order; this spares them the parser. The last label of the host begins with a
# letter, because `127.1` and `0x7f.1` are addresses, and no label is international.
_PLAIN_HEAD = re.compile(
    r"https?://(?!(?:[^/]*\.)?xn--)(?:[a-z0-9-]{1,63}\.)*[a-z][a-z0-9-]{0,62}(?::[1-9]\d{0,3})?", re.ASCII
)
# Of these no parser changes any, dot segments and bad escapes aside; a query has its own rule for `'`.
_PLAIN_TAIL = re.compile(r"/[A-Za-z0-9._~!$&()*+,;=:@/%-]*+(?:\?[A-Za-z0-9._~!$&()*+,;=:@/?%-]*+)?", re.ASCII)
# A path that is its own part of the key: lower case, nothing to escape, no query, slashes between segments.
_USUAL = re.compile(r"(https?://[^/?#]+)/((?:[a-z0-9._~-]++(?:/[a-z0-9._~-]++)*+)?+)", re.ASCII)
_NOT_PLAIN_ESCAPE = re.compile(r"/%2e|%(?![0-9A-Fa-f]{2})", re.IGNORECASE)
_AFTER_SCHEME = len("https://")
# RFC 3986 section 2 allows none of these raw; the WHATWG parser leaves some of them in path or query.
_NOT_RFC3986 = re.compile(r"[|{}\\^`\[\]<>\" ]|%(?![0-9A-Fa-f]{2})")
_TO_BE_ESCAPED = re.compile(r"[^!-~]|[#%]")
_REG_NAME = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]+", re.ASCII)
_PORT = re.compile(r"\d{1,5}", re.ASCII)
_WWW = re.compile(r"www\d*\.")
# The ids of sessions that others leave out of keys: those of ASP.NET in a path, and in a query the last of
# each kind, with the `&` after it. What stands before it does not matter to them: of `osid=…` an `o` is left.
_SESSION_IN_PATH = re.compile(r"(.*/)\((?:[a-z]\([0-9a-z]{24}\))+\)/([^?]+\.aspx)")
_OLD_SESSION_IN_PATH = re.compile(r"(.*/)\([0-9a-z]{24}\)/([^?]+\.aspx)")
_SESSIONS_IN_QUERY = tuple(
    re.compile(rf"(?=({named}(?:&|$)))")
    for named in (
        "jsessionid=[0-9a-z]{32}",
        "phpsessid=[0-9a-z]{32}",
        "sid=[0-9a-z]{32}",
        "aspsessionid[a-z]{8}=[a-z]{24}",
        "cfid=(?:(?!cfid=[^&])[^&])+&cftoken=[^&]+",
    )
)
_NAMES_OF_SESSIONS = ("sid=", "sessionid", "cfid=")
"""One of these stands in every query that has such an id."""
_TIMES_ESCAPED = 20
"""How often what is escaped again and again is undone: a hostile address may have it a thousand times."""


class Origin(NamedTuple):
    """Scheme, host and port of a URL, as browsers compare them (RFC 6454); the port is always a number."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as it stands in a URL, a default port left out."""
        default = 443 if self.scheme == "https" else 80
        return f"{self.scheme}://{self.host}" + ("" if self.port == default else f":{self.port}")


def normalise(url: str, base: str | None = None) -> str | None:
    """
    Return the identity of a URL, resolved against `base`; None where it is not a URL we can ask for.

    WHATWG parsing (dot segments, IDN to ASCII, default ports, percent-encoding of what must be), then:
    fragment and user information dropped, a trailing dot of the host dropped, and characters that
    RFC 3986 forbids percent-encoded, so that the result may stand in WARC-Target-URI as it is.
    Only http and https; at most MAX_URL characters.
    """
    if (plain := _plain(url)) is not None:
        return plain
    try:
        href = ada_url.join_url(base, url) if base else ada_url.normalize_url(url)
    except ValueError:
        return None
    if not href.startswith(("http://", "https://")):
        return None
    href = href.partition("#")[0]
    scheme, _, rest = href.partition("://")
    authority, slash, tail = rest.partition("/")
    host = authority.rpartition("@")[2]
    name, colon, port = (host, "", "") if host.endswith("]") else _split_port(host)
    name = name.removesuffix(".")
    if not _can_be_named(name):
        return None
    href = f"{scheme}://{name}{colon}{port}{slash}{_NOT_RFC3986.sub(_percent, tail)}"
    return href if len(href) <= MAX_URL else None


def text_name(url: str) -> str:
    """
    Return the name under which the text of a page is kept, as browsertrix-crawler names it.

    A URI of RFC 3986 section 3: the brackets of an IPv6 host may stand in an authority only, so they are
    encoded. No URN of RFC 8141 in every case: `text` is not registered, and a query is part of the name.
    """
    return TEXT + url.replace("[", "%5B").replace("]", "%5D")


def origin(url: str) -> Origin:
    """Return the origin of a normalised URL. Never raises: a port that is none is part of the host."""
    return _origin(_head(url))


def urlkey(url: str) -> str:
    """
    Return the key under which captures of a URL are sorted and found.

    Labels and numbers of the host reversed (`org,example`), `www.` and default port left out; escapes undone
    and made anew, path and query in lower case, segments of nothing and session ids out, parameters in the
    order of their names, then values, no slash at the end but the first. It is what the field's indexers
    write (surt, and pywb and cdxj-indexer by it; tests/test_urlkey_surt.py), but for what docs/urls.md tells.
    A `urn:` is its own key.
    """
    if usual := _USUAL.fullmatch(url):
        return f"{_key_of_head(usual[1])})/{usual[2]}"
    if not url.startswith(("http://", "https://")):
        return url
    path, mark, query = url.split("://", 1)[1].partition("/")[2].partition("?")
    query = _key_of_query(_escaped_once(query)) if mark else ""
    return f"{_key_of_head(_head(url))})/{_key_of_path(path)}" + (f"?{query}" if query else "")


def _plain(url: str) -> str | None:
    """Return the URL where no parser would change more than a default port; None where one has to look."""
    slash = url.find("/", _AFTER_SCHEME)
    if slash < 0 or len(url) > MAX_URL or "/." in url or not _PLAIN_TAIL.fullmatch(url, slash):
        return None
    if "%" in url and _NOT_PLAIN_ESCAPE.search(url):
        return None
    head = _plain_head(url[:slash])
    return None if head is None else head + url[slash:]


# The heads of URLs are few: a crawl asks for those of some hundred hosts a hundred thousand times.
@lru_cache(maxsize=4096)
def _plain_head(head: str) -> str | None:
    if not _PLAIN_HEAD.fullmatch(head):
        return None
    return head.removesuffix(":443" if head.startswith("https:") else ":80")


def _head(url: str) -> str:
    """Return scheme and authority of an absolute URL: `http://example.org:8080`."""
    slash = url.find("/", _AFTER_SCHEME)
    return url if slash < 0 else url[:slash]


@lru_cache(maxsize=4096)
def _origin(head: str) -> Origin:
    scheme, _, authority = head.partition("://")
    authority = authority.partition("?")[0]
    host, _, port = (authority, "", "") if authority.endswith("]") else _split_port(authority)
    if _PORT.fullmatch(port):
        return Origin(scheme, host, int(port))
    return Origin(scheme, host if not port else authority, 443 if scheme == "https" else 80)


@lru_cache(maxsize=4096)
def _key_of_head(head: str) -> str:
    scheme, host, port = _origin(head)
    host = _WWW.sub("", host, count=1) if _WWW.match(host) else host
    known = port in {0, 443 if scheme == "https" else 80}
    return _reversed(host) + ("" if known else f":{port}")


def _can_be_named(host: str) -> bool:
    """
    Tell whether a URI and the DNS can have this host.

    WHATWG lets empty labels, labels over 63 octets, and `"`, `` ` ``, `{` and `}` pass.
    """
    if host.startswith("["):
        return True
    return _REG_NAME.fullmatch(host) is not None and all(0 < len(label) <= 63 for label in host.split("."))


def _split_port(host: str) -> tuple[str, str, str]:
    name, colon, port = host.rpartition(":")
    return (name, colon, port) if colon else (host, "", "")


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def _reversed(host: str) -> str:
    return host[1:-1] if host.startswith("[") else ",".join(reversed(host.split(".")))


def _escaped_once(text: str) -> str:
    """Undo escapes until nothing changes, _TIMES_ESCAPED at most, then escape only what must be."""
    return text if not _TO_BE_ESCAPED.search(text) else _escaped(_undone(text))


def _undone(text: str) -> bytes:
    raw = text.encode()
    for _ in range(_TIMES_ESCAPED):
        undone = unquote_to_bytes(raw)
        if undone == raw:
            break
        raw = undone
    return raw


def _escaped(raw: bytes) -> str:
    return quote_from_bytes(raw, safe="!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _key_of_path(path: str) -> str:
    """Return a path, without the slash that it begins with, as it stands in a key."""
    if "//" in path or path.startswith("/") or _TO_BE_ESCAPED.search(path):
        path = _escaped(b"/".join(_segments(_undone(path))))
    path = path.lower()
    if ".aspx" in path:
        path = _without_session(f"/{path}")[1:]
    return path.removesuffix("/")


def _without_session(path: str) -> str:
    for session in (_SESSION_IN_PATH, _OLD_SESSION_IN_PATH):
        if found := session.match(path):
            path = found[1] + path[found.start(2) :]
    return path


def _segments(path: bytes) -> list[bytes]:
    """Return the segments of a path that say something, dots in them followed as others follow them."""
    found: list[bytes] = []
    for segment in path.split(b"/"):
        if segment != b"..":
            found += [] if segment == b"." else [segment]
        elif found:
            found.pop()
        else:
            found.append(segment)  # above the root, where it stands for one that the next may take away
    return [one for one in found if one]


def _key_of_query(query: str) -> str:
    query = query.lower()
    if any(name in query for name in _NAMES_OF_SESSIONS):
        query = _without_sessions(query)
    return "&".join(sorted(query.split("&"), key=_name_then_value)) if "&" in query else query


def _without_sessions(query: str) -> str:
    for session in _SESSIONS_IN_QUERY:
        if found := [one.span(1) for one in session.finditer(query)]:
            start, end = found[-1]
            query = query[:start] + query[end:]
    return query


def _name_then_value(parameter: str) -> list[str]:
    return parameter.split("=", 1)
