# SPDX-License-Identifier: EUPL-1.2
"""
The named fields of our WARC records, and what a revisit says. Knows nothing of files or compression.

    WARC/1.1 CRLF
    WARC-Type: response CRLF
    Name: value CRLF …
    Content-Length: 5120 CRLF CRLF

Each field stands once, in one order, on one line, in UTF-8 (ISO 28500:2017 section 4). Digests are SHA-256
in lower-case hexadecimal.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from index.model import Original
from index.timestamp import to_warc_date

from .exchange import Exchange

IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

_IDENTITY = frozenset({"warc-record-id", "warc-date", "warc-target-uri"})
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reference:
    """A stored response that a revisit may refer to."""

    original: Original
    record_id: str
    """WARC-Record-ID of that response, in its angle brackets."""
    date: str
    """WARC-Date of that response, with its fraction."""
    digest: str
    """Of its payload, `sha256:` and hexadecimal digits."""


def encode(kind: str, fields: Fields, length: int) -> bytes:
    """Return the head of a record of that WARC-Type, its blank line included."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    return f"WARC/1.1\r\nWARC-Type: {kind}\r\n{lines}Content-Length: {length}\r\n\r\n".encode()


def sha256(data: bytes) -> str:
    """Return the digest of a block as a field says it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def head_of(exchange: Exchange) -> bytes:
    """Return status line and header fields of a response as sent, the blank line included."""
    exchange.response.seek(0)
    return exchange.response.read(exchange.head_length)


def about(exchange: Exchange) -> Fields:
    """Return what response (or revisit) and request of one exchange have in common."""
    fields = [
        ("WARC-Date", to_warc_date(exchange.date)),
        ("WARC-Target-URI", exchange.url),
    ]
    if exchange.address:
        fields.append(("WARC-IP-Address", exchange.address))
    if exchange.protocols:
        # once, as every field (section 5.1): the proposal would repeat it for the version of TLS, which the
        # suite tells as well, since no older one than 1.2 is spoken (RFC 8446 appendix B.4: no WITH is 1.3)
        fields.append(("WARC-Protocol", exchange.protocols[0]))
    if exchange.cipher:
        fields.append(("WARC-Cipher-Suite", exchange.cipher))
    return fields


def of_response(exchange: Exchange) -> Fields:
    """Return the fields of a response record; reads the response once for its block digest."""
    digest = hashlib.sha256()
    for chunk in exchange.raw():
        digest.update(chunk)
    fields = [("Content-Type", "application/http; msgtype=response")]
    if _is_simple(exchange):
        fields.append(("WARC-Payload-Digest", exchange.payload_digest))
    fields.append(("WARC-Block-Digest", f"sha256:{digest.hexdigest()}"))
    if exchange.truncated:
        fields.append(("WARC-Truncated", exchange.truncated))
    return fields


def of_revisit(exchange: Exchange, same_as: Reference, head: bytes) -> Fields:
    """
    Return the fields of a revisit record whose block is `head`.

    ISO 28500:2017 section 6.7: an equal payload that is left out is marked as cut by `length`; of a 304
    nothing is left out, and its payload is that of the record referred to.
    """
    not_modified = exchange.status == 304
    truncated = exchange.truncated if not_modified else "length"
    fields = [
        ("Content-Type", "application/http; msgtype=response"),
        ("WARC-Profile", NOT_MODIFIED if not_modified else IDENTICAL),
        ("WARC-Refers-To", same_as.record_id),
        ("WARC-Refers-To-Target-URI", same_as.original.url),
        ("WARC-Refers-To-Date", same_as.date),
        ("WARC-Payload-Digest", same_as.digest if not_modified else exchange.payload_digest),
        ("WARC-Block-Digest", sha256(head)),
    ]
    return [*fields, ("WARC-Truncated", truncated)] if truncated else fields


def of_request(exchange: Exchange, response_id: str) -> Fields:
    """Return the fields of a request record, which stands beside the response or revisit of that id."""
    return [
        ("WARC-Concurrent-To", response_id),
        ("Content-Type", "application/http; msgtype=request"),
        ("WARC-Block-Digest", sha256(exchange.request)),
    ]


def of_metadata(response_id: str, block: bytes) -> Fields:
    """
    Return the fields of a metadata record about the response of that id.

    It has no payload, and so no digest of one (ISO 28500:2017 sections 4 and 5.9).
    """
    return [
        ("WARC-Concurrent-To", response_id),
        ("WARC-Refers-To", response_id),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Block-Digest", sha256(block)),
    ]


def within(fields: Fields, warcinfo_id: str) -> Fields:
    """Return the fields of a record with the warcinfo it stands under, unless they name one."""
    names = [name.lower() for name, _ in fields]
    if "warc-warcinfo-id" in names:
        return fields
    place = 1 + max((number for number, name in enumerate(names) if name in _IDENTITY), default=-1)
    return [*fields[:place], ("WARC-Warcinfo-ID", warcinfo_id), *fields[place:]]


def first_of(fields: Fields, digest: str) -> Fields:
    """
    Return the fields of the first segment of a record, whose own block has that digest.

    ISO 28500:2017 section 7: the mark of truncation stands on the last. The payload digest would be that of
    the whole; readers that take the segment for a record would find it wrong.
    """
    left_out = {"warc-payload-digest", "warc-truncated", "warc-block-digest", "warc-segment-number"}
    kept = [(name, value) for name, value in fields if name.lower() not in left_out]
    return [*kept, ("WARC-Segment-Number", "1"), ("WARC-Block-Digest", digest)]


def continued(fields: Fields, record_id: str, number: int, digest: str, total: int | None) -> Fields:
    """
    Return the fields of a `continuation` of the record with these fields; `total` on the last alone.

    Its block is a piece of a message, and no message: its type is that of bytes.
    """
    said = {name.lower(): value for name, value in fields}
    own = [
        ("WARC-Record-ID", record_id),
        *((name, said[name.lower()]) for name in ("WARC-Date", "WARC-Target-URI") if name.lower() in said),
        ("WARC-Segment-Origin-ID", said["warc-record-id"]),
        ("WARC-Segment-Number", str(number)),
    ]
    if total is not None:
        own.append(("WARC-Segment-Total-Length", str(total)))
        own += [("WARC-Truncated", said["warc-truncated"])] if "warc-truncated" in said else []
    return [*own, ("Content-Type", "application/octet-stream"), ("WARC-Block-Digest", digest)]


def _is_simple(exchange: Exchange) -> bool:
    """Tell whether every reader finds the same payload: whatever follows the first line that looks blank."""
    if exchange.chunked:
        return False
    head = head_of(exchange)
    blank = _BLANK_LINE.search(head)
    return blank is None or blank.end() == len(head)
