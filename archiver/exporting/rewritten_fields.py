# SPDX-License-Identifier: EUPL-1.2
"""
Named fields of records that are written anew for an export. Knows nothing of files or of blocks.

    of_record     those of a stored record, by our rules, whoever wrote it
    of_response   those of a response that stands in place of a revisit
    metadata_of   the record beside it, which says where its payload is from
    warcinfo_of   what a file says of itself: all that the stored one says, and the format it now has

The metadata record is `application/warc-fields`; its WARC-Refers-To and WARC-Concurrent-To name the response:

    rebuilt-from-record:    <urn:uuid:…>                     the record that holds the payload
    rebuilt-from-uri:       https://www.example.org/         its address
    rebuilt-from-date:      2026-03-02T02:30:00.002000Z      when that was received
    rebuilt-from-snapshot:  20260302023000                   in which snapshot it stands
    revisit-record:         <urn:uuid:…>                     the record that stood here in the archive
    revisit-profile:        http://netpreserve.org/warc/1.1/revisit/…
    received:               HTTP/1.1 304 Not Modified        each line of the head that the day itself
    received:               ETag: "7"                        received, where another stands in the response
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import quote

from index.model import Capture

from .. import package
from ..exchange import address_text, header_fields
from ..named_fields import Fields
from ..records import Record, open_record
from ..snapshot_folder import SnapshotFolder
from ..warc import CONFORMS_TO, FORMAT
from .reframing import Block, Rebuilt, is_plain

_MADE_ANEW = frozenset(
    {
        "warc-type",
        "content-length",
        "warc-warcinfo-id",
        "warc-block-digest",
        "warc-payload-digest",
        "warc-segment-number",
        "warc-segment-origin-id",
        "warc-segment-total-length",
    }
)
_OF_A_REVISIT = frozenset(
    {"warc-profile", "warc-refers-to", "warc-refers-to-target-uri", "warc-refers-to-date", "warc-truncated"}
)
_SEVERAL = frozenset({"warc-concurrent-to"})
_CONTENT_TYPES = {
    "response": "application/http; msgtype=response",
    "revisit": "application/http; msgtype=response",
    "request": "application/http; msgtype=request",
    "metadata": "application/warc-fields",
}
# RFC 3986: everything that may stand in an address
_ADDRESS = "%:/?#[]@!$&'()*+,;=-._~"
_SECRET = re.compile(r"[\x00-\x1f\x7f]")
_MOST_INFO = 1 << 16

Renamed = Callable[[str], str]
"""From the id of a record to the one it has in the export."""


def of_record(record: Record, block: Block, capture: Capture | None, renamed: Renamed) -> Fields:
    """Return the fields of a record whose block stays as it is; the digests are made anew."""
    fields = _kept(record, renamed, frozenset())
    names = {name.lower() for name, _ in fields}
    if "warc-record-id" not in names:
        made = uuid.uuid5(uuid.NAMESPACE_URL, f"{record.field('WARC-Date')} {block.digest}").urn
        fields.insert(0, ("WARC-Record-ID", f"<{made}>"))
    if "content-type" not in names:
        fields.append(("Content-Type", _CONTENT_TYPES.get(record.kind, "application/octet-stream")))
    digest = _payload_digest(record, block, capture)
    if digest is not None:
        fields.append(("WARC-Payload-Digest", digest))
    return [*fields, ("WARC-Block-Digest", block.digest)]


def of_response(record: Record, made: Rebuilt, capture: Capture, own: str) -> Fields:
    """Return the fields of the response with the id `own` that stands in place of a revisit."""
    fields = [
        pair for pair in _kept(record, lambda old: old, _OF_A_REVISIT) if pair[0].lower() != "warc-record-id"
    ]
    fields.insert(0, ("WARC-Record-ID", own))
    if is_plain(made.block, capture.url):
        fields.append(("WARC-Payload-Digest", made.digest))
    fields.append(("WARC-Block-Digest", made.block.digest))
    return [*fields, ("WARC-Truncated", made.truncated)] if made.truncated else fields


def metadata_of(
    record: Record, capture: Capture, own: str, made: Rebuilt, record_id: str
) -> tuple[Fields, bytes]:
    """Return fields, but for the digest, and block of the metadata record beside a response made anew."""
    source = made.source
    said = [
        ("rebuilt-from-record", f"<{source.record}>"),
        ("rebuilt-from-uri", source.url),
        ("rebuilt-from-date", source.date or ""),
        ("rebuilt-from-snapshot", source.snapshot),
        ("revisit-record", record.field("WARC-Record-ID") or ""),
        ("revisit-profile", record.field("WARC-Profile") or ""),
        *(("received", line) for line in made.received),
    ]
    text = "".join(f"{name}: {_SECRET.sub(' ', value)}\r\n" for name, value in said if value)
    fields = [
        ("WARC-Record-ID", record_id),
        ("WARC-Date", record.field("WARC-Date") or ""),
        ("WARC-Target-URI", _address(capture.url)),
        ("WARC-Refers-To", own),
        ("WARC-Concurrent-To", own),
        ("Content-Type", "application/warc-fields"),
    ]
    return fields, text.encode()


def warcinfo_of(day: SnapshotFolder, profile: str) -> dict[str, str]:
    """
    Return what the files of an export say of themselves: what the day's first file says, and their format.

    `robots` is `unknown` where that is not told. Raises DamagedError.
    """
    stored: dict[str, str] = {"software": package.SOFTWARE}
    for name, value in _stored_info(day):
        stored[name.lower() if name.lower() in {"software", "robots", "format"} else name] = value
    about = {"format": FORMAT, "conformsTo": CONFORMS_TO, "daykeep-export": f"{package.SOFTWARE} {profile}"}
    return {"robots": "unknown", **stored, **about}


def _stored_info(day: SnapshotFolder) -> Fields:
    for path in day.warcs:
        with open_record(path, 0) as record:
            if record.kind == "warcinfo":
                return [(name, _text(value)) for name, value in header_fields(record.block.read(_MOST_INFO))]
    return []


def _kept(record: Record, renamed: Renamed, without: frozenset[str]) -> Fields:
    """Return fields in their order, each once, with ids and addresses as they are in the export."""
    kept: Fields = []
    seen: set[str] = set()
    for name, value in record.fields:
        lower = name.lower()
        if lower in _MADE_ANEW or lower in without or (lower in seen and lower not in _SEVERAL):
            continue
        seen.add(lower)
        kept.append((name, _value(lower, _text(value), renamed)))
    return kept


def _value(name: str, value: str, renamed: Renamed) -> str:
    if name in {"warc-concurrent-to", "warc-refers-to"}:
        return renamed(value)
    return _address(value.strip("<>")) if name == "warc-target-uri" else value


def _address(value: str) -> str:
    return quote(value, safe=_ADDRESS)


def _text(value: str) -> str:
    """Return a value, which was read as Latin-1, as the UTF-8 that fields are in, on one line."""
    return _SECRET.sub(" ", address_text(value))


def _payload_digest(record: Record, block: Block, capture: Capture | None) -> str | None:
    """Return the payload digest of a record that has a payload, where all readers find the same."""
    if record.kind == "resource":
        return block.digest
    if record.kind == "revisit":
        return record.field("WARC-Payload-Digest")
    http = (record.field("Content-Type") or "").lower().startswith("application/http")
    if record.kind != "response" or capture is None or not http or not is_plain(block, capture.url):
        return None
    return capture.digest
