# SPDX-License-Identifier: EUPL-1.2
"""
What validators that cannot be run here are known to complain about, one row each, held against a WARC.

    complaints(path)  ->  [Complaint("jwarc", "field must not be repeated", "<urn:uuid:…>"), …]

The rows were read in the tools' sources and issues, and are told here in our own code:

    jwarc           HeaderValidator, ValidateTool (iipc/jwarc): fields by record type, their form, Content-Length
    warchaeology    gowarc headerfielddef.go (nlnwa/gowarc): fields by record type, Content-Type of what has a block
    JHOVE           WARC-kb over JWAT 1.0.3 of 2015 (openpreserve/jhove 294, 388, 632, 937)

Rows that are marked `false_alarm` call right files wrong; docs/validators.md says why. Records are read by
warcio, not by our own reader. Framing and digests are not here: warcio and FastWARC are run on those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator

KINDS = ["warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"]
WITHOUT_EVENT = {"warcinfo", "conversion", "continuation"}
# Field → the record types that may have it; a field that is not here may stand anywhere.
ALLOWED = {
    "warc-concurrent-to": {*KINDS} - WITHOUT_EVENT,
    "warc-ip-address": {*KINDS} - WITHOUT_EVENT,
    "warc-refers-to": {"revisit", "metadata", "conversion"},
    "warc-refers-to-target-uri": {"revisit"},
    "warc-refers-to-date": {"revisit"},
    "warc-profile": {"revisit"},
    "warc-target-uri": {*KINDS} - {"warcinfo"},
    "warc-warcinfo-id": {*KINDS} - {"warcinfo"},
    "warc-filename": {"warcinfo"},
    "warc-segment-origin-id": {"continuation"},
    "warc-segment-total-length": {"continuation"},
}
REQUIRED = {
    **{kind: {"warc-target-uri"} for kind in KINDS if kind not in {"warcinfo", "metadata"}},
    "revisit": {"warc-target-uri", "warc-profile"},
    "continuation": {"warc-target-uri", "warc-segment-origin-id"},
}
MANDATORY = {"warc-record-id", "content-length", "warc-date", "warc-type"}
_TOKEN = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_ID = r"<[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\s]+>"
_DATE = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z"
_URI = r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
FORMS = {
    "warc-record-id": _ID,
    "warc-concurrent-to": _ID,
    "warc-refers-to": _ID,
    "warc-warcinfo-id": _ID,
    "warc-segment-origin-id": _ID,
    "warc-date": _DATE,
    "warc-refers-to-date": _DATE,
    "warc-target-uri": _URI,
    "warc-refers-to-target-uri": _URI,
    "warc-profile": _URI,
    "content-length": r"\d+",
    "warc-segment-number": r"[1-9]\d*",
    "warc-segment-total-length": r"\d+",
    "content-type": rf'{_TOKEN}/{_TOKEN}(?: *; *{_TOKEN}=(?:{_TOKEN}|"[^"\\]*"))*',
    "warc-block-digest": r"sha256:[0-9a-f]{64}",
    "warc-payload-digest": r"sha256:[0-9a-f]{64}",
    "warc-truncated": "length|time|disconnect|unspecified",
    "warc-ip-address": r"[0-9.]+|[0-9a-f:.]+",
}


@dataclass(frozen=True, slots=True)
class Head:
    """A record's named fields in the order they stand, names in lower case, and what its block turned out to be."""

    fields: tuple[tuple[str, str], ...]
    http_length: str | None = None
    """Content-Length of the HTTP response in the block."""
    body: int = 0
    """Bytes of the block after the HTTP head."""

    def get(self, name: str) -> str | None:
        return next((value for field, value in self.fields if field == name), None)

    @property
    def kind(self) -> str:
        return self.get("warc-type") or ""


@dataclass(frozen=True, slots=True)
class Row:
    """One known complaint: who makes it, in which words of ours, and about which records."""

    tool: str
    words: str
    about: Callable[[Head], bool]
    false_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    tool: str
    words: str
    record: str
    false_alarm: bool


def _repeated(head: Head) -> bool:
    names = [name for name, _ in head.fields if name != "warc-concurrent-to"]
    return len(names) != len({*names})


def _misplaced(head: Head) -> bool:
    return head.kind in KINDS and any(head.kind not in ALLOWED.get(name, KINDS) for name, _ in head.fields)


def _lacking(head: Head) -> bool:
    return not (MANDATORY | REQUIRED.get(head.kind, set())) <= {name for name, _ in head.fields}


def _malformed(head: Head) -> bool:
    return any(re.fullmatch(FORMS[name], value) is None for name, value in head.fields if name in FORMS)


def _untyped(head: Head) -> bool:
    has_block = head.get("content-length") != "0" and head.kind != "continuation"
    return has_block and head.get("content-type") is None


def _other_length(head: Head) -> bool:
    return bool(head.http_length) and head.http_length not in {"0", str(head.body)}


def _has_fraction(head: Head) -> bool:
    return "." in (head.get("warc-date") or "")


ROWS = (
    Row("jwarc", "field must not be repeated", _repeated),
    Row("jwarc", "field not allowed on this record", _misplaced),
    Row("jwarc", "mandatory field missing", _lacking),
    Row("JHOVE", "value not as the standard has it, or URI outside RFC 3986", _malformed),
    Row("warchaeology", "Content-Type missing", _untyped),
    Row("warchaeology", "unknown record type", lambda head: head.kind not in KINDS),
    Row(
        "jwarc",
        "HTTP Content-Length differs",
        lambda head: (
            _other_length(head) and not (head.get("warc-truncated") or head.get("warc-segment-number"))
        ),
    ),
    Row(
        "jwarc",
        "HTTP Content-Length differs on what is cut or segmented",
        lambda head: (
            _other_length(head) and bool(head.get("warc-truncated") or head.get("warc-segment-number"))
        ),
        false_alarm=True,
    ),
    Row(
        "jwarc",
        "WARC-Segment-Origin-ID is not a number",
        lambda head: head.get("warc-segment-origin-id") is not None,
        false_alarm=True,
    ),
    Row("JHOVE", "WARC-Date has a fraction", _has_fraction, false_alarm=True),
    Row(
        "JHOVE",
        "payload digest of a revisit is not that of its block",
        lambda head: head.kind == "revisit" and head.get("warc-payload-digest") is not None,
        false_alarm=True,
    ),
)


def heads(path: Path) -> Iterator[Head]:
    """Read the head of every record, and how long the HTTP body is that follows it."""
    with path.open("rb") as file:
        for record in ArchiveIterator(file):
            fields = tuple((name.lower(), value) for name, value in record.rec_headers.headers)
            if record.rec_type != "response" or record.http_headers is None:
                yield Head(fields)
                continue
            yield Head(fields, record.http_headers.get_header("Content-Length"), _length(record))


def _length(record) -> int:
    return sum(len(piece) for piece in iter(lambda: record.raw_stream.read(1 << 16), b""))


def complaints(path: Path) -> list[Complaint]:
    """Return what the rows have to say of every record of a file."""
    return [
        Complaint(row.tool, row.words, head.get("warc-record-id") or "", row.false_alarm)
        for head in heads(path)
        for row in ROWS
        if row.about(head)
    ]
