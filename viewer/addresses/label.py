# SPDX-License-Identifier: EUPL-1.2
"""
One DNS label for one (snapshot, archived origin), and back. Knows nothing of replay hosts or requests.

    20261123023000-www-ind-nl                        https://www.ind.nl
    20261123023000h-www-ind-nl                       http://www.ind.nl
    20261123023000hp8080-127-0-0-1                   http://127.0.0.1:8080
    20261123023000-xn----bcher--kva-example          https://xn--bcher-kva.example
    20261123023000--s2nuuwdtyy7nj7c44uv5avqcji       https://a_b.example, by its hash
    20261123023000f-www-ind-nl                       https://www.ind.nl, in a view of its own (view.py)

    label   = timestamp [ "f" ] [ "n" ] [ "h" ] [ "p" port ] "-" ( host / "-" hash )
    host    = the host with every "-" doubled and every "." as one "-"
    hash    = the first 26 characters (130 bits) of the base32 SHA-256 of the origin, in lower case

`f` and `n` are letters of a view, `h` marks http, `p` a port that is not the default of the scheme. A hash
stands where the host does not fit: a label longer than 63 octets (RFC 1035 section 2.3.4), characters
outside letters, digits and hyphens (underscore, IPv6), an empty label, or a label of the host with a hyphen
at its edge (`a-.b` and `a.-b` would read the same). A readable host never begins with a hyphen, so `--` can
only mean a hash. The label begins with a digit and is one label of letters, digits and hyphens (RFC 952,
RFC 1123 2.1). viewer/static/replay.js computes the same label in the browser; tests compare the two.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from index.timestamp import parse_timestamp
from index.urlkey import Origin

from .view import PLAIN, View, view_of_letters

MAX_LABEL = 63
"""Octets in one DNS label (RFC 1035 section 2.3.4)."""

_DEFAULT_PORT = {"http": 80, "https": 443}
_PLAIN_HOST = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*", re.ASCII)
_LABEL = re.compile(
    r"(?P<timestamp>\d{14})(?P<rest>(?P<view>f?n?)(?P<http>h?)(?:p(?P<port>[1-9]\d{0,4}))?-(?:-(?P<hash>[a-z2-7]{26})|(?P<host>[a-z0-9][a-z0-9-]*)))",
    re.ASCII,
)
_HYPHENS = re.compile(r"-+")


@dataclass(frozen=True, slots=True)
class Label:
    """
    What a label says: the snapshot, and the archived origin where it can be read.

    `hashed` is the label without its timestamp where the origin cannot be read from it (see `resolve`);
    exactly one of `origin` and `hashed` is None.
    """

    timestamp: str
    origin: Origin | None
    hashed: str | None
    view: View = PLAIN


def make(timestamp: str, origin: Origin) -> str:
    """
    Return the label of an archived origin in the snapshot of a 14-digit timestamp.

    `timestamp` may end in the letters of a view.
    """
    port = "" if origin.port == _DEFAULT_PORT[origin.scheme] else f"p{origin.port}"
    prefix = f"{timestamp}{'h' if origin.scheme == 'http' else ''}{port}-"
    if _PLAIN_HOST.fullmatch(origin.host):
        label = prefix + origin.host.replace("-", "--").replace(".", "-")
        if len(label) <= MAX_LABEL:
            return label
    return f"{prefix}-{_hash(origin)}"


def parse(label: str) -> Label:
    """Return what a label says. Raises ValueError for anything that `make` would not have written."""
    found = _LABEL.fullmatch(label)
    if not found:
        raise ValueError(f"{label!r} is not the label of a snapshot and an origin")
    timestamp = found["timestamp"]
    parse_timestamp(timestamp)
    view = view_of_letters(found["view"])
    if found["hash"]:
        return Label(timestamp, None, found["rest"], view)
    scheme = "http" if found["http"] else "https"
    port = int(found["port"] or _DEFAULT_PORT[scheme])
    origin = Origin(scheme, _HYPHENS.sub(_undouble, found["host"]), port)
    if port > 0xFFFF or make(timestamp + view.letters, origin) != label:
        raise ValueError(f"{label!r} is not how the label of {origin} is written")
    return Label(timestamp, origin, None, view)


def resolve(label: Label, origins: Iterable[Origin]) -> Origin | None:
    """Return the origin of a label; one known by its hash is looked for among the snapshot's `origins`."""
    if label.origin:
        return label.origin
    wanted = f"{label.timestamp}{label.hashed}"
    named = label.timestamp + label.view.letters
    return next((origin for origin in origins if make(named, origin) == wanted), None)


def _hash(origin: Origin) -> str:
    return b32encode(sha256(str(origin).encode()).digest()).decode().lower()[:26]


def _undouble(hyphens: re.Match[str]) -> str:
    run = len(hyphens.group())
    return "." if run == 1 else "-" * (run // 2)
