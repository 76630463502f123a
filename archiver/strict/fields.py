# SPDX-License-Identifier: EUPL-1.2
"""
The named fields of one record, held to ISO 28500:2017 clauses 4 and 5. Knows nothing of files or blocks.

    parse_fields    lines ──▶ names in lower case and their values, and what their form breaks
    check_fields    what must be there, what must not stand on this type, what a value must look like

What is expected stands in tables, a row each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from .grammar import (
    TOKEN,
    has_encoded_word,
    is_address,
    is_date,
    is_digest,
    is_id,
    is_media_type,
    is_to_the_second,
    is_uri,
    is_uuid_where_said,
    moment_of,
)

Fields = dict[str, list[str]]
"""Values by the names of fields in lower case, in the order of the record."""
Say = Callable[[str, str], None]
"""(rule, what)."""

KINDS = frozenset(
    {"warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation"}
)
REPEATABLE = frozenset({"warc-concurrent-to", "warc-protocol"})
_PROPOSED = frozenset(
    {
        "warc-protocol",  # #42
        "warc-cipher-suite",  # #86
        "warc-json-metadata",  # warcio and pywb
        "warc-page-id",  # Browsertrix Crawler
        "warc-resource-type",
        "warc-source-uri",  # warcio, beside a changed target
        "warc-creation-date",
        "warc-idn-target-uri",
    }
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _all_but(*kinds: str) -> frozenset[str]:
    return KINDS - set(kinds)


MISPLACED: Mapping[str, tuple[str, frozenset[str]]] = {
    "warc-concurrent-to": (
        "concurrent-to-misplaced",
        frozenset({"warcinfo", "conversion", "continuation"}),
    ),
    "warc-ip-address": ("ip-misplaced", frozenset({"warcinfo", "conversion", "continuation"})),
    "warc-refers-to": ("refers-to-misplaced", _all_but("metadata", "revisit", "conversion")),
    "warc-refers-to-target-uri": ("refers-to-uri-misplaced", _all_but("revisit")),
    "warc-refers-to-date": ("refers-to-date-misplaced", _all_but("revisit")),
    "warc-target-uri": ("target-misplaced", frozenset({"warcinfo"})),
    "warc-warcinfo-id": ("warcinfo-id-misplaced", frozenset({"warcinfo"})),
    "warc-filename": ("filename-misplaced", _all_but("warcinfo")),
    "warc-profile": ("profile-misplaced", _all_but("revisit")),
    "warc-payload-digest": ("payload-digest-misplaced", frozenset({"warcinfo", "metadata"})),
    "warc-identified-payload-type": ("payload-type-misplaced", frozenset({"warcinfo", "metadata"})),
    "warc-segment-origin-id": ("segment-origin-misplaced", _all_but("continuation")),
    "warc-segment-total-length": ("segment-total-misplaced", _all_but("continuation")),
}
"""By field the rule that it breaks on these types of record."""

_REQUIRED: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("id-missing", "warc-record-id", KINDS),
    ("date-missing", "warc-date", KINDS),
    ("target-missing", "warc-target-uri", _all_but("warcinfo", "metadata")),
    ("profile-missing", "warc-profile", frozenset({"revisit"})),
    ("segment-origin-missing", "warc-segment-origin-id", frozenset({"continuation"})),
    ("segment-number-missing", "warc-segment-number", frozenset({"continuation"})),
    ("block-digest-missing", "warc-block-digest", KINDS),
    ("warcinfo-id-missing", "warc-warcinfo-id", _all_but("warcinfo")),
    ("revisit-refers-to", "warc-refers-to", frozenset({"revisit"})),
    ("conversion-refers-to", "warc-refers-to", frozenset({"conversion"})),
)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


_VALUES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("warc-record-id", "id-form", is_id),
    ("warc-concurrent-to", "concurrent-to-form", is_id),
    ("warc-refers-to", "refers-to-form", is_id),
    ("warc-warcinfo-id", "warcinfo-id-form", is_id),
    ("warc-segment-origin-id", "segment-origin-form", is_id),
    ("warc-date", "date-form", is_date),
    ("warc-refers-to-date", "refers-to-date-form", is_date),
    ("warc-refers-to-target-uri", "refers-to-uri-form", is_uri),
    ("warc-profile", "profile-form", is_uri),
    ("content-type", "content-type-form", is_media_type),
    ("warc-identified-payload-type", "payload-type-form", is_media_type),
    ("warc-ip-address", "ip-form", is_address),
    ("warc-block-digest", "block-digest-form", is_digest),
    ("warc-payload-digest", "payload-digest-form", is_digest),
    ("warc-segment-number", "segment-number-form", _is_number),
    ("warc-segment-total-length", "segment-total-form", _is_number),
    (
        "warc-truncated",
        "truncated-reason",
        frozenset({"length", "time", "disconnect", "unspecified"}).__contains__,
    ),
)

_DEFINED = (
    frozenset(MISPLACED)
    | {field for _, field, _ in _REQUIRED}
    | {field for field, _, _ in _VALUES}
    | {"warc-type"}
)
_OF_A_SEGMENT = frozenset(
    {
        "warc-type",
        "warc-record-id",
        "warc-date",
        "warc-target-uri",
        "warc-warcinfo-id",
        "warc-block-digest",
        "warc-truncated",
        "warc-segment-number",
        "warc-segment-origin-id",
        "warc-segment-total-length",
        "content-type",
        "content-length",
    }
)


def parse_fields(lines: list[bytes], say: Say) -> Fields:
    """Return the fields of the lines of a head, the last of which is empty, and say what breaks a rule."""
    if not all(line.endswith(b"\r\n") for line in lines):
        say("line-end", "a line of the head ends with LF alone")
    fields: Fields = {}
    for line in _unfolded(lines[:-1], say):
        _take(line, fields, say)
    for name, values in fields.items():
        if len(values) > 1 and name not in REPEATABLE:
            say("repeated", f"{name} stands {len(values)} times")
    return fields


def _unfolded(lines: list[bytes], say: Say) -> list[bytes]:
    """Return the lines without their ends, those that go on a line before joined to it."""
    joined: list[bytes] = []
    for line in lines:
        bare = line.removesuffix(b"\n").removesuffix(b"\r")
        if bare[:1] in {b" ", b"\t"} and joined:
            say("folding", f"a field goes on in the line {bare[:80]!r}")
            joined[-1] += b" " + bare.strip(b" \t")
        else:
            joined.append(bare)
    return joined


def _take(line: bytes, fields: Fields, say: Say) -> None:
    name, colon, raw = line.partition(b":")
    if not colon:
        say("field-line", f"the line {line[:80]!r} has no colon")
        return
    text = name.decode("latin-1")
    if not TOKEN.fullmatch(text):
        say("field-name", f"{text[:80]!r} is not a name")
    try:
        value = raw.decode("utf-8")
    except UnicodeDecodeError:
        say("field-utf8", f"the value of {text[:80]} is not UTF-8")
        value = raw.decode("utf-8", "replace")
    _check_text(text, value, say)
    fields.setdefault(text.lower(), []).append(value.strip(" \t"))


def _check_text(name: str, value: str, say: Say) -> None:
    if _CONTROL.search(value):
        say("field-text", f"the value of {name} has control characters")
    if value and value != " " + value.strip(" \t"):
        say("field-space", f"the value of {name} is not preceded by one space alone, or is followed by some")
    if has_encoded_word(value):
        say("encoded-word", f"the value of {name} has an encoded word")


def check_fields(fields: Fields, length: int, now: datetime, say: Say) -> None:
    """Say what breaks a rule in the fields of one record whose block has that length."""
    kind = (fields.get("warc-type") or [""])[0]
    _check_kind(fields, kind, say)
    for rule, name, kinds in _REQUIRED:
        if kind in kinds and name not in fields:
            say(rule, f"a {kind} without {name}")
    for name, (rule, kinds) in MISPLACED.items():
        if kind in kinds and name in fields:
            say(rule, f"{name} on a {kind}")
    _check_values(fields, say)
    _check_ids(fields, say)
    _check_dates(fields, now, say)
    _check_target(fields, say)
    _check_segment(fields, kind, say)
    if length and kind != "continuation" and "content-type" not in fields:
        say("content-type-missing", "a block without Content-Type")


def _check_values(fields: Fields, say: Say) -> None:
    for name, rule, right in _VALUES:
        for value in fields.get(name, ()):
            if not right(value):
                say(rule, f"{name} is {value[:200]!r}")


def _check_kind(fields: Fields, kind: str, say: Say) -> None:
    if not kind:
        say("type-missing", "a record without WARC-Type")
    elif kind not in KINDS:
        say("type-known", f"WARC-Type is {kind[:80]!r}")
    for name in fields:
        if name.startswith("warc-") and name not in _DEFINED | _PROPOSED:
            say("field-known", f"{name[:80]} is no field of the standard")


def _check_ids(fields: Fields, say: Say) -> None:
    for record_id in fields.get("warc-record-id", ()):
        if is_id(record_id) and not is_uuid_where_said(record_id):
            say("id-uuid", f"{record_id[:200]} is not a UUID")


def _check_dates(fields: Fields, now: datetime, say: Say) -> None:
    for date in fields.get("warc-date", ()):
        moment = moment_of(date)
        if is_date(date) and moment is None:
            say("date-real", f"the calendar has no {date}")
        elif is_date(date) and not is_to_the_second(date):
            say("date-precision", f"WARC-Date is {date}")
        elif moment is not None and moment > now + timedelta(days=1):
            say("date-future", f"WARC-Date is {date}")


def _check_target(fields: Fields, say: Say) -> None:
    for target in fields.get("warc-target-uri", ()):
        if is_id(target):
            say("target-brackets", f"WARC-Target-URI is {target[:200]}")
        elif not is_uri(target):
            say("target-form", f"WARC-Target-URI is {target[:200]!r}")


def _check_segment(fields: Fields, kind: str, say: Say) -> None:
    number = (fields.get("warc-segment-number") or [""])[0]
    if _is_number(number):
        first = number.lstrip("0") == "1"
        if kind == "continuation" and (first or not number.strip("0")):
            say("segment-later", f"WARC-Segment-Number of a continuation is {number[:20]}")
        if kind != "continuation" and not first:
            say("segment-first", f"WARC-Segment-Number of a {kind} is {number[:20]}")
    if number and kind in {"warcinfo", "request", "metadata", "revisit"}:
        say("segment-kind", f"a {kind} is segmented")
    if kind == "continuation":
        for name in fields.keys() - _OF_A_SEGMENT - MISPLACED.keys():
            say("segment-extra", f"{name[:80]} on a continuation")
        for name in fields.keys() & {"warc-payload-digest", "warc-identified-payload-type"}:
            say("segment-extra", f"{name} on a continuation")
