# SPDX-License-Identifier: EUPL-1.2
"""
The grammar of values in WARC/1.1, as strict as the standards it quotes. Knows nothing of records or files.

    URI           RFC 3986 section 3, with a scheme          id       "<" URI ">"
    date          YYYY[-MM[-DD[Thh:mm[:ss[.f{1,9}]]Z]]]      media    token "/" token *( ";" parameter )
    digest        token ":" token                            address  dotted quad, or RFC 4291 section 2.2

No pattern here can be made to backtrack: each step of it begins with what no other step begins with.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from datetime import UTC, datetime

_HEX = "%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|{_HEX})"
_USER = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|{_HEX})*"
_NAME = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|{_HEX})*"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:"
    rf"(?://(?:{_USER}@)?(?:\[(?P<literal>[0-9A-Za-z:.~!$&'()*+,;=_\-]+)\]|{_NAME})(?::\d*)?(?:/{_PCHAR}*)*"
    rf"|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?",
    re.ASCII,
)
_FUTURE = re.compile(r"v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_WORD = r"[!#$%&'*+\-.0-9A-Z^_`a-z|~]+"
TOKEN = re.compile(_WORD, re.ASCII)
_MEDIA = re.compile(
    rf'{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"))*',
    re.ASCII,
)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?Z)?)?)?", re.ASCII
)
_DIGEST = re.compile(rf"({_WORD}):({_WORD})", re.ASCII)
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=")

ALGORITHMS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3-224": "sha3_224",
    "sha3-256": "sha3_256",
    "sha3-384": "sha3_384",
    "sha3-512": "sha3_512",
    "blake2s": "blake2s",
    "blake2b": "blake2b",
}
"""Labels of digests (community annotation #80) and what hashlib calls them."""
_OTHER_LABELS = {
    "sha-1": "sha1",
    "sha-224": "sha224",
    "sha-256": "sha256",
    "sha-384": "sha384",
    "sha-512": "sha512",
}


def is_uri(text: str) -> bool:
    """Tell whether a text is a URI of RFC 3986, with a scheme and nothing unencoded that must be encoded."""
    match = _URI.fullmatch(text)
    if match is None:
        return False
    literal = match["literal"]
    return literal is None or _FUTURE.fullmatch(literal) is not None or _is_ipv6(literal)


def is_id(text: str) -> bool:
    """Tell whether a text is a URI in angle brackets."""
    return text.startswith("<") and text.endswith(">") and is_uri(text[1:-1])


def is_uuid_where_said(record_id: str) -> bool:
    """Tell whether an id in brackets is a UUID, or does not say that it is one."""
    urn = record_id[1:-1]
    return not urn.lower().startswith("urn:uuid:") or _UUID.fullmatch(urn[9:]) is not None


def is_media_type(text: str) -> bool:
    """Tell whether a text is a media type with its parameters; spaces as RFC 9110 section 8.3.1 has them."""
    return _MEDIA.fullmatch(text) is not None


def essence(media_type: str) -> str:
    """Return type and subtype in lower case."""
    return media_type.partition(";")[0].strip().lower()


def parameter(media_type: str, name: str) -> str | None:
    """Return a parameter of a media type, without quotes, in lower case."""
    for part in media_type.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return None


def is_date(text: str) -> bool:
    """Tell whether a text has the form of a WARC-Date, at any of its precisions."""
    return _DATE.fullmatch(text) is not None


def is_to_the_second(text: str) -> bool:
    """Tell whether a date has seconds."""
    match = _DATE.fullmatch(text)
    return match is not None and match[6] is not None


def moment_of(text: str) -> datetime | None:
    """Return the moment of a date, what it leaves out taken as the first; None where there is none."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(part or first) for part, first in zip(match.groups()[:6], (0, 1, 1, 0, 0, 0), strict=True)
    )
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def is_address(text: str) -> bool:
    """Tell whether a text is an IPv4 address as a dotted quad or an IPv6 address, without a zone."""
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return _is_ipv6(text)


def is_digest(text: str) -> bool:
    """Tell whether a text is an algorithm, a colon and a value."""
    return _DIGEST.fullmatch(text) is not None


def algorithm_of(digest: str) -> str | None:
    """Return what hashlib calls the algorithm of a digest; None where it is none we can compute."""
    label = digest.partition(":")[0].lower()
    return ALGORITHMS.get(_OTHER_LABELS.get(label, label))


def is_well_written(digest: str, size: int) -> bool:
    """Tell whether label and value are spelled as agreed; `size` is the number of bytes of the digest."""
    label, _, value = digest.partition(":")
    if label not in ALGORITHMS:
        return False
    return value == value.lower() if len(value) == 2 * size else value == value.upper()


def value_of(digest: str, size: int) -> bytes | None:
    """Return the bytes of a digest in Base16 or Base32; None where it is not of that many bytes."""
    value = digest.partition(":")[2]
    try:
        if len(value) == 2 * size:
            return bytes.fromhex(value)
        data = base64.b32decode(value + "=" * (-len(value) % 8), casefold=True)
    except (ValueError, binascii.Error):
        return None
    return data if len(data) == size else None


def has_encoded_word(text: str) -> bool:
    """Tell whether a text has what RFC 2047 calls an encoded word."""
    return "=?" in text and _ENCODED_WORD.search(text) is not None


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text).packed)
    except ValueError:
        return False
