# SPDX-License-Identifier: EUPL-1.2
r"""
What an import makes of one record, or of bytes that are none: done where the file is read, in many processes.

    Seen, Skipped ─▶ Row     day, line of the index, line of the ledger, lines of logs/import.jsonl

A line on its way is that of the index and what belongs to it, parted by tabs, which neither can hold:

    <urlkey> <14 digits> {…} TAB {entry of the ledger} [TAB {what a revisit says of its original}]
        [TAB <the request that an answer names>] LF

Knows nothing of other records, of snapshots or of where lines go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from index.cdxj import format_line
from index.model import REVISIT, Capture
from index.timestamp import local_date
from index.urlkey import urlkey

from ..dialect import RULES
from ..digests import is_sha256
from ..exchange import address_text, header
from ..identity import identity, moment_of
from ..ledger import Entry, UrlOutcome
from ..scanning.forms import Form
from ..scanning.seen import Fault, Seen, Skipped
from ..sent import request_of
from .answering import Sent, line_of

MARKS = MappingProxyType({"urn:daykeep:ledger": "ledger", "urn:daykeep:configuration": "begun"})
"""Addresses of records that tell of a snapshot of ours: its ledger, and what was written when it began."""
VIA = "import"
"""The `via` of an address that was known from an imported file."""
EARLIEST = "19900101000000"
"""No record of the web is older than the web."""

OWN_RULES: Mapping[str, str] = MappingProxyType(
    {
        "no-web-address": "The record is of no web address (DNS, WHOIS, a tool's own notes).",
        "unusable-uri": "The WARC-Target-URI is no address that can be asked for.",
        "unusable-date": "The WARC-Date is missing, no date, before 1990 or in the future.",
        "odd-type": "The WARC-Type is none of the standard's.",
        "segment": "The record is a segment of one that is not here whole.",
    }
)
"""Why a record is kept and has no line in the index."""
PROBLEMS = frozenset(
    {"unusable-uri", "unusable-date", *(name for name, rule in RULES.items() if rule.damage)}
)
"""Rules after which an operator should look at the file."""

_INDEXED = frozenset({"response", "revisit", "resource"})
_KINDS = _INDEXED | {"request", "metadata", "conversion", "continuation", "warcinfo"}
_NO_WEB = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"[^\s;/]+/[^\s;/]+")


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same for all records of a file."""

    file: str
    """Name it will have in the snapshot's archive/."""
    timezone: str
    latest: str
    """14 digits after which a date is in the future."""
    form: Form | None = None
    """What the file is, if that is known."""


class Row(NamedTuple):
    """What became of one record, in the few plain values that go from process to process."""

    sort: str
    """`capture`, `revisit`, `segment`, `sent` (a request that is no GET), `other` (no line) or `skipped`."""
    day: str
    """`YYYY-MM-DD` where the site is; empty where the record's date is unusable."""
    moment: str
    """14 digits in UTC; empty as above."""
    line: bytes
    """On its way into the index; empty where it has none. `joining` and `answering` have those of others."""
    told: bytes
    """Lines of logs/import.jsonl."""
    problems: int
    mark: str = ""
    """A value of MARKS."""
    offset: int = -1
    """Where the record begins, of one with a mark."""


class Told(msgspec.Struct, frozen=True):
    """One line of logs/import.jsonl about a record, or bytes that are none."""

    file: str
    offset: int
    bytes: int
    what: str
    rule: str
    kept: bool


class Continued(msgspec.Struct, frozen=True):
    """Where a record goes on (ISO 28500:2017 section 7)."""

    filename: str
    offset: int
    length: int
    last: bool


class Refers(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a revisit says of its original, as written."""

    to: str = ""
    uri: str = ""
    date: str = ""
    digest: str = ""
    not_modified: bool = False


_ENCODER = msgspec.json.Encoder()


def row_of(frame: Frame, one: Seen | Skipped) -> Row:
    """Return what becomes of a record, or of bytes that hold none."""
    if isinstance(one, Skipped):
        lost = Told(f"archive/{frame.file}", one.offset, one.end - one.offset, one.what, one.rule, kept=False)
        return Row("skipped", "", "", b"", _ENCODER.encode(lost) + b"\n", 1)
    moment = moment_of(one.fields.get("warc-date", ""))
    usable = EARLIEST <= moment <= frame.latest
    day = _day(moment[:12], frame.timezone) if usable else ""
    url = identity(one.url) if one.kind in _INDEXED else ""
    reason = _unindexed(one, usable=usable, url=url)
    odd = (*one.faults, Fault(reason, OWN_RULES[reason])) if reason else one.faults
    told = b"".join([_told(frame, one, fault) for fault in odd]) if odd else b""
    problems = sum(fault.rule in PROBLEMS for fault in odd)
    if one.kind == "continuation" and usable:
        return Row("segment", day, moment, _continued(frame, one), told, problems)
    if reason or not url:
        line = line_of(_sent(frame, one)) if one.block else b""
        return Row("sent" if line else "other", day, moment if usable else "", line, told, problems)
    if one.fields.get("warc-segment-number"):
        line = _segment(one.fields.get("warc-record-id", ""), "1", _line(frame, one, moment, url))
        return Row("segment", day, moment, line, told, problems)
    sort = "revisit" if one.kind == "revisit" else "capture"
    line = _line(frame, one, moment, url)
    return Row(sort, day, moment, line, told, problems, MARKS.get(url, ""), one.offset)


def _sent(frame: Frame, one: Seen) -> Sent:
    return Sent(request_of(one, frame.file), _id_in(one, "warc-record-id"), _id_in(one, "warc-concurrent-to"))


def _id_in(one: Seen, name: str) -> str:
    """Return the id in a field without its angle brackets, as it is compared with others."""
    return "".join(one.fields.get(name, "").split()).strip("<>")


def _unindexed(one: Seen, *, usable: bool, url: str) -> str:
    """Return the rule by which a record that should have a line has none; empty where all is as it should."""
    if one.kind not in _KINDS:
        return "odd-type"
    if one.kind not in _INDEXED:
        return ""
    if not url:
        return "no-web-address" if _NO_WEB.match(one.url) else "unusable-uri"
    return "" if usable else "unusable-date"


def _told(frame: Frame, one: Seen, fault: Fault) -> bytes:
    told = Told(f"archive/{frame.file}", one.offset, one.end - one.offset, fault.what, fault.rule, kept=True)
    return _ENCODER.encode(told) + b"\n"


@lru_cache(maxsize=4096)
def _day(minute: str, timezone: str) -> str:
    return local_date(f"{minute}00", _zone(timezone)).isoformat()


@lru_cache(maxsize=8)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _line(frame: Frame, one: Seen, moment: str, url: str) -> bytes:
    capture = _capture(frame, one, moment, url)
    line = format_line(capture)[:-1] + b"\t" + _ENCODER.encode(_entry(one, capture))
    if one.kind == "revisit":
        line += b"\t" + _ENCODER.encode(_refers(one))
    request = _id_in(one, "warc-concurrent-to")
    return line + (f"\t<{request}>\n".encode() if request else b"\n")


def _capture(frame: Frame, one: Seen, moment: str, url: str) -> Capture:
    fields, headers = one.fields, one.headers
    http = one.status is not None
    status = one.status if http or url.startswith("urn:") else 200 if one.kind == "resource" else None
    location = header(headers, "location") if http and 300 <= (one.status or 0) < 400 else None
    said = fields.get("warc-payload-digest")
    return Capture(
        urlkey(url),
        moment,
        url,
        REVISIT
        if one.kind == "revisit"
        else _mime(header(headers, "content-type") if http else fields.get("content-type")),
        status,
        one.digest,
        frame.file,
        one.offset,
        one.end - one.offset,
        redirect=_redirect(location, url) if location else None,
        etag=header(headers, "etag") if http else None,
        last_modified=header(headers, "last-modified") if http else None,
        truncated=_truncated(one),
        record=fields.get("warc-record-id", "").strip("<> ") or None,
        date=fields.get("warc-date"),
        recorded=said
        if said and said != one.digest and not is_sha256(said) and _is_right(one.faults)
        else None,
    )


def _redirect(location: str, url: str) -> str | None:
    found = identity(address_text(location), url)
    return found if found.startswith("http") else None


def _mime(value: str | None) -> str:
    mime = (value or "").partition(";")[0].strip().lower()
    return mime if _TOKEN.fullmatch(mime) else "unk"


def _is_right(faults: Iterable[Fault]) -> bool:
    """Tell whether a payload digest of another kind was checked and is that of the payload."""
    return not any(fault.rule in {"payload-digest", "digest-unknown"} for fault in faults)


def _truncated(one: Seen) -> str | None:
    """Return the reason of WARC-Truncated; a revisit is cut by `length` where its payload is left out."""
    reason = one.fields.get("warc-truncated")
    return None if one.kind == "revisit" and reason == "length" else reason


def _segment(record: str, number: str, rest: bytes) -> bytes:
    """Return a line that stands in order among the segments of a record."""
    place = number.rjust(9, "0") if number.isdecimal() and len(number) < 10 else "x"
    return f"{''.join(record.split())}\t{place}\t".encode() + rest


def _continued(frame: Frame, one: Seen) -> bytes:
    fields = one.fields
    there = Continued(frame.file, one.offset, one.end - one.offset, "warc-segment-total-length" in fields)
    number = fields.get("warc-segment-number", "")
    return _segment(fields.get("warc-segment-origin-id", ""), number, _ENCODER.encode(there) + b"\n")


def _refers(one: Seen) -> Refers:
    fields = one.fields
    return Refers(
        fields.get("warc-refers-to", "").strip("<> "),
        identity(fields.get("warc-refers-to-target-uri", "")),
        fields.get("warc-refers-to-date", ""),
        fields.get("warc-payload-digest", ""),
        "server-not-modified" in fields.get("warc-profile", ""),
    )


def _entry(one: Seen, capture: Capture) -> Entry:
    damage = next((RULES[fault.rule].sentence for fault in one.faults if fault.damage), "")
    return Entry(
        capture.url,
        _outcome(one, capture),
        capture.status,
        damage,
        VIA,
        one.block_length,
        capture.timestamp,
    )


def _outcome(one: Seen, capture: Capture) -> UrlOutcome:
    status = capture.status
    if capture.truncated:
        return UrlOutcome.TRUNCATED
    if one.kind == "revisit" and (status is None or status < 300 or status == 304):
        return UrlOutcome.UNCHANGED
    if status is None:
        return UrlOutcome.CAPTURED
    if 300 <= status < 400 and header(one.headers, "location"):
        return UrlOutcome.REDIRECT
    return UrlOutcome.CAPTURED if 200 <= status < 400 and status != 304 else UrlOutcome.HTTP_ERROR
