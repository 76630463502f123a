# SPDX-License-Identifier: EUPL-1.2
"""
What of an archived response's header reaches the visitor, and what replay adds to it.

One table, header name → keep, drop or map. **A header that is not in the table is dropped**: the set of
headers that make a browser send reports, prefetch, isolate or grant grows every year, and servers in
front of us obey some of their own (`X-Accel-Redirect` and `X-Sendfile` hand out local files). What a page
loses by it is a custom header that its script reads; such a name is added as a row. Nothing is lost to
the auditor: the record and `id_` have the header as it was received.

The security headers of replay are the first of three layers against leaks (the frame's sandbox and the
viewer's `frame-src` are the others). Knows nothing of Flask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from html import escape

from ..addresses.address import Mapper
from ..addresses.path_address import mapped_address


class Rule(Enum):
    """What happens to a header."""

    KEEP = auto()
    DROP = auto()
    MAP = auto()


KEEP, DROP, MAP = Rule.KEEP, Rule.DROP, Rule.MAP

RULES: dict[str, Rule] = {
    # What the content is
    "content-type": KEEP,
    "content-language": KEEP,
    "content-disposition": KEEP,
    "content-encoding": KEEP,  # the caller leaves it out where it rewrote the body
    "last-modified": KEEP,  # document.lastModified reads it
    "allow": KEEP,
    "retry-after": KEEP,
    # Never added, but kept: whether the browser sniffed the type is part of what the page looked like
    "x-content-type-options": KEEP,
    # What a script may read of other archived origins (Fetch, section 3.2)
    "access-control-allow-origin": MAP,
    "access-control-allow-credentials": KEEP,
    "access-control-allow-headers": KEEP,
    "access-control-allow-methods": KEEP,
    "access-control-expose-headers": KEEP,
    "access-control-max-age": KEEP,
    "timing-allow-origin": MAP,
    "x-total-count": KEEP,  # page counts that scripts of lists read
    "x-wp-total": KEEP,
    "x-wp-totalpages": KEEP,
    # Where it leads
    "location": MAP,
    "refresh": MAP,
    # Policies of the live origin; replay sets its own
    "content-security-policy": DROP,
    "content-security-policy-report-only": DROP,
    "x-content-security-policy": DROP,
    "x-webkit-csp": DROP,
    "x-frame-options": DROP,
    "x-xss-protection": DROP,
    "strict-transport-security": DROP,
    "public-key-pins": DROP,
    "expect-ct": DROP,
    "permissions-policy": DROP,
    "feature-policy": DROP,
    "document-policy": DROP,
    "referrer-policy": DROP,
    "cross-origin-opener-policy": DROP,
    "cross-origin-opener-policy-report-only": DROP,
    "cross-origin-embedder-policy": DROP,
    "cross-origin-embedder-policy-report-only": DROP,
    "cross-origin-resource-policy": DROP,
    "connection-allowlist": DROP,
    "connection-allowlist-report-only": DROP,
    "allow-connection-allowlist-from": DROP,
    "origin-agent-cluster": DROP,
    "x-permitted-cross-domain-policies": DROP,
    "x-robots-tag": DROP,
    # State of the live origin in the visitor's browser
    "set-cookie": DROP,
    "set-cookie2": DROP,
    "set-login": DROP,
    "clear-site-data": DROP,
    "service-worker-allowed": DROP,
    "www-authenticate": DROP,  # would ask the visitor for a password
    "proxy-authenticate": DROP,
    "authentication-info": DROP,
    "activate-storage-access": DROP,
    # What makes a browser connect by itself
    "link": DROP,
    "report-to": DROP,
    "reporting-endpoints": DROP,
    "nel": DROP,
    "alt-svc": DROP,
    "alt-used": DROP,
    "speculation-rules": DROP,
    "no-vary-search": DROP,
    "supports-loading-mode": DROP,
    "sourcemap": DROP,
    "x-sourcemap": DROP,
    "x-dns-prefetch-control": DROP,
    "attribution-reporting-register-source": DROP,
    "attribution-reporting-register-trigger": DROP,
    "accept-ch": DROP,
    "critical-ch": DROP,
    "origin-trial": DROP,
    # Hop by hop, and what describes bytes that replay sends anew (RFC 9110 section 7.6.1)
    "connection": DROP,
    "keep-alive": DROP,
    "proxy-connection": DROP,
    "te": DROP,
    "trailer": DROP,
    "transfer-encoding": DROP,
    "upgrade": DROP,
    "content-length": DROP,
    "content-range": DROP,
    "accept-ranges": DROP,
    "content-md5": DROP,
    "digest": DROP,
    "content-digest": DROP,
    "repr-digest": DROP,
    # Freshness: a capture never changes, and the replay says so itself
    "age": DROP,
    "cache-control": DROP,
    "cdn-cache-control": DROP,
    "surrogate-control": DROP,
    "date": DROP,
    "etag": DROP,
    "expires": DROP,
    "pragma": DROP,
    "vary": DROP,
    "server": DROP,
    # Orders to a server in front of us
    "x-accel-redirect": DROP,
    "x-sendfile": DROP,
    "x-lighttpd-send-file": DROP,
    "x-litespeed-location": DROP,
    "x-reproxy-url": DROP,
}

# Features a page of an archive has no use for; each name known to Chromium 156, which complains of others.
_DENIED_FEATURES = (
    "accelerometer", "browsing-topics", "camera", "clipboard-read", "display-capture",
    "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "otp-credentials", "payment", "publickey-credentials-create",
    "publickey-credentials-get", "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip

_LEADING = frozenset({"location", "refresh"})
_REFRESH = re.compile(
    r"(?P<before>[\t\n\v\f\r \d.]*+[;,]?[\t\n\v\f\r ]*+(?:url[\t\n\v\f\r ]*+=[\t\n\v\f\r ]*+)?)"
    r"(?:\"(?P<double>[^\"]*+)|'(?P<single>[^']*+)|(?P<bare>.*+))(?P<after>.*+)",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
MAX_COOKIES, MAX_COOKIE = 50, 4096
"""Cookies of one answer, and characters of one (RFC 6265 section 6.1)."""

_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")


def rewrite_headers(
    headers: Iterable[tuple[str, str]], address_mapper: Mapper, link_mapper: Mapper | None = None
) -> list[tuple[str, str]]:
    """
    Return the archived headers that may be sent, in their order, addresses mapped.

    `link_mapper` maps where the answer leads, if otherwise than what it names.
    A value that no HTTP message can carry (control characters, outside Latin-1) is dropped with its name.
    """
    kept = []
    for name, value in headers:
        rule = RULES.get(name.lower(), DROP)
        if rule is DROP or _UNSENDABLE.search(value):
            continue
        mapper = link_mapper if link_mapper and name.lower() in _LEADING else address_mapper
        kept.append((name, _MAPPERS[name.lower()](value, mapper) if rule is MAP else value))
    return kept


def cookies_of(headers: Iterable[tuple[str, str]]) -> list[str]:
    """
    Return the cookies that a page came with, for its scripts to find in the jar of replay.js.

    Those that are for the server alone are not among them.
    """
    found = [value for name, value in headers if name.lower() == "set-cookie"]
    told = [one for one in found if not _UNSENDABLE.search(one) and "httponly" not in one.lower()]
    return [one for one in told if len(one) <= MAX_COOKIE][:MAX_COOKIES]


MAX_SOURCES = 500
"""
Characters of origins in a header, where they stand six times: proxies take a head of 4 or 8 KiB. Where a
snapshot has more, a page has them all in itself (`policy_in_page`), under a header with the wildcard.
"""


MAX_LISTED = 3000
"""Characters of origins in a header where they stand once: the policy of a worker, what may be reached."""


def fits(own: Sequence[str]) -> bool:
    """Tell whether so many source expressions fit a header."""
    return len(" ".join(own)) <= MAX_SOURCES


def policy_of_worker(own: Sequence[str]) -> str:
    """Return the policy of a worker, which may ask its origins and nothing else; each stands in it once."""
    origins = " ".join(own)
    shown = origins if len(origins) <= MAX_LISTED else ""
    return f"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval' {shown}".strip()


def policy_in_page(own: Sequence[str]) -> str:
    """
    Return a `<meta>` that narrows what the header's policy allows to these sources (CSP3 section 3.3).

    Both policies hold. It has to come first in the head: what stands before it is not under it. Well-formed
    in HTML and XML.
    """
    written = f"default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval' {' '.join(own)}"
    return f'<meta http-equiv="Content-Security-Policy" content="{escape(written)}"/>'


def security_headers(
    own: Sequence[str],
    viewer_origin: str,
    *,
    scriptless: bool = False,
    by_path: str = "",
    outside: str = "",
    ancestors: str = "",
    connects: Sequence[str] | None = None,
    led: str = "",
) -> list[tuple[str, str]]:
    """
    Return the headers that every replay response carries, whatever its status and type.

    `own` are the source expressions of the snapshot's replay origins (`ReplayAddresses.source`); where they
    do not fit a header, the wildcard for a page that has a policy in itself, and none for what has none (see
    `policy_in_page`). `viewer_origin` is the only page outside that may frame.
    `scriptless` forbids every script, of the page and of ours. `by_path` is the replay origin in path mode,
    where all snapshots have the same: a page then has an origin that is nobody's, and may use what is below
    `own`. `outside` is where forms and frames may lead besides, `ancestors`
    who may frame it and `connects` where it may connect to, if not just `own`. `led` is where our script
    leads a visit past the frame, of a browser that does not tell one.
    """
    if by_path:
        policy = _policy_in_paths(own, by_path, scriptless=scriptless)
        fixed = [
            one for one in _FIXED if one[0] != "Origin-Agent-Cluster"
        ]  # which is of origins that are somebody's
        return [("Content-Security-Policy", policy), _connections([led]), *fixed, *_SHARED]
    framing = ancestors or " ".join(dict.fromkeys(own))
    policy = _policy(own, f"{viewer_origin} {framing}", scriptless=scriptless, outside=outside)
    return [
        ("Content-Security-Policy", policy),
        _connections([*(own if connects is None else connects), outside, led]),
        *_FIXED,
    ]


def _connections(origins: Sequence[str]) -> tuple[str, str]:
    """
    Return the field that names where a page may connect to at all (Connection Allowlist, Chromium 156).

    It closes what no other policy does: WebRTC, and the connection that is opened for a frame which is then
    refused. A link to mail or telephone, which Chromium would show an error page for, connects to nothing;
    our redirects stay within. Browsers that do not know it pass it over.
    """
    named = "".join(f' "{origin}"' for origin in dict.fromkeys(origins) if origin)
    return "Connection-Allowlist", f'(response-origin{named} "mailto:*" "tel:*");redirects=allow'


def _policy_in_paths(own: Sequence[str], replay_origin: str, *, scriptless: bool) -> str:
    """
    Return the policy in path mode: `'self'` would be every day, and `own` ends in the path of the snapshot.

    Without `allow-same-origin` each page that is loaded has an origin of its own: no page reaches the storage
    or the window of another. Such an origin matches no `frame-ancestors`, so that a page could hold no frame:
    it is left out. Who frames a page of ours elsewhere gets what anybody may read, and no banner.
    """
    origins = " ".join(dict.fromkeys(own))
    allowed = "" if scriptless else "allow-scripts allow-modals"
    # a web socket is led to where there is none, so that it fails by its events
    ours = f"{replay_origin}/.daykeep/ {replay_origin.replace('http', 'ws', 1)}/.daykeep/socket"
    directives = {
        "default-src": f"data: blob: 'unsafe-inline' 'unsafe-eval' {ours} {origins}",
        **({"script-src": "'none'", "worker-src": "'none'"} if scriptless else {}),
        "frame-src": f"blob: {origins}",
        "object-src": origins or "'none'",
        "base-uri": origins or "'none'",
        "form-action": origins or "'none'",
        "sandbox": f"{allowed} allow-forms allow-downloads",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in directives.items())


def _policy(own: Sequence[str], ancestors: str, *, scriptless: bool, outside: str) -> str:
    """
    Return the policy (CSP3). `connect-src` and the rest fall back on `default-src`.

    `data:` documents do not inherit a policy and reached the live web, hence no `data:` in `frame-src`.
    Chromium 156 does not know `webrtc`; replay.js takes RTCPeerConnection away.
    """
    origins = " ".join(dict.fromkeys(own))
    allowed = "" if scriptless else "allow-scripts allow-modals"
    directives = {
        "default-src": f"'self' data: blob: 'unsafe-inline' 'unsafe-eval' {origins}",
        **({"script-src": "'none'", "worker-src": "'none'"} if scriptless else {}),
        "frame-src": f"'self' blob: {origins} {outside}",
        "object-src": f"'self' {origins}",
        "base-uri": f"'self' {origins}",
        "form-action": f"'self' {origins} {outside}",
        "frame-ancestors": f"'self' {ancestors}",
        # The frame has a sandbox too; this one holds where a browser is brought here some other way
        "sandbox": f"{allowed} allow-same-origin allow-forms allow-downloads",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in directives.items())


_FIXED = (
    # As browsers have it where nobody says otherwise: a frame of another archived origin knows which one led
    # to it. Whatever is asked for stays within the replay origins.
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-DNS-Prefetch-Control", "off"),
    # Archived pages embed other archived origins, and names under `localhost` are sites of their own
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    # Who opens an answer by itself, past the frame, shares no window with it
    ("Cross-Origin-Opener-Policy", "same-origin"),
    # Snapshots under one domain cannot become one origin by document.domain
    ("Origin-Agent-Cluster", "?1"),
    # Who searches the web means the live page. The robots.txt at this origin is the archived one
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Permissions-Policy", ", ".join(f"{feature}=()" for feature in _DENIED_FEATURES)),
)


# An origin that is nobody's is another than ours: what a page asks for by script, as a module or as a font is
# only given to it if anybody may have it. Anybody may: nothing here depends on who asks.
_SHARED = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "*"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Expose-Headers", "*"),
    ("Access-Control-Max-Age", "86400"),
    ("Timing-Allow-Origin", "*"),
)


def _map_origins(value: str, mapper: Mapper) -> str:
    return ", ".join(mapped_address(part.strip(), mapper) for part in value.split(","))


def map_refresh(value: str, mapper: Mapper) -> str:
    """Return the value of a Refresh header or `<meta http-equiv=refresh>` (HTML 4.2.5.3), mapped."""
    found = _REFRESH.fullmatch(value)
    if not found:
        return value
    quoted = "double" if found["double"] is not None else "single" if found["single"] is not None else "bare"
    start, end = found.span(quoted)
    return f"{value[:start]}{mapped_address(value[start:end], mapper)}{value[end:]}"


_MAPPERS: dict[str, Callable[[str, Mapper], str]] = {
    "location": mapped_address,
    "refresh": map_refresh,
    "access-control-allow-origin": _map_origins,
    "timing-allow-origin": _map_origins,
}
