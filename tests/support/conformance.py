# SPDX-License-Identifier: EUPL-1.2
"""
For every rule of WARC/1.1 the files of a day that keep it, and those of one that breaks it and nothing else.

    EXAMPLES[rule].good    {"example-20260302023000-00000.warc": b"WARC/1.1..."}
    EXAMPLES[rule].bad     the same, but for what breaks the rule
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.warc_bytes import (
    BODY,
    CHUNKED,
    CHUNKS,
    DATE,
    HEAD,
    IDENTICAL,
    NAME,
    RECORDS,
    SECOND,
    SEGMENTS,
    SOFTWARE,
    TARGET,
    THIRD,
    Day,
    cut,
    day,
    grown,
    members,
    name_of,
    renamed,
    segments,
    sha256,
    swapped,
    within,
)


@dataclass(frozen=True)
class Example:
    """A day that keeps a rule, and one that breaks it alone."""

    good: Day
    bad: Day


GOOD, PARTED, ZIPPED = day(), segments(), members(["warcinfo"], ["response"], ["request"])


def _without_last() -> Day:
    return {name: data for name, data in PARTED.items() if name != THIRD}


def _behind_another() -> Day:
    records = [SEGMENTS[NAME][0], RECORDS["dns"], SEGMENTS[NAME][1]]
    return {**PARTED, NAME: b"".join(one.encode() for one in records)}


def _without_second() -> Day:
    return {name: data for name, data in PARTED.items() if name != SECOND}


def _told_early() -> Day:
    return segments(SECOND, {"WARC-Segment-Total-Length": str(len(HEAD + BODY))})


def of_segments(bad: Callable[[], Day]) -> Example:
    """Return the example of a rule about segments."""
    return Example(PARTED, bad())


EXAMPLES: Mapping[str, Example] = {
    "file-empty": Example(GOOD, {NAME: b""}),
    "stray-bytes": Example(GOOD, grown(GOOD, b"\r\n")),
    "version-line": Example(GOOD, within("resource", b"WARC/1.1", b"WARC/1.0")),
    "line-end": Example(GOOD, within("resource", b"resource\r\n", b"resource\n")),
    "head-end": Example(GOOD, {NAME: GOOD[NAME] + b"WARC/1.1\r\nWARC-Type: resource\r\n"}),
    "field-line": Example(GOOD, within("resource", b"Content-Length", b"nonsense\r\nContent-Length")),
    "field-name": Example(GOOD, within("resource", b"Content-Length", b"My Field: 1\r\nContent-Length")),
    "field-text": Example(GOOD, day("resource", {"X-Own": "a\0b"})),
    "field-utf8": Example(
        day("resource", {"X-Own": "caf\N{LATIN SMALL LETTER E WITH ACUTE}"}),
        within("resource", b"Content-Length", b"X-Own: caf\xe9\r\nContent-Length"),
    ),
    "field-space": Example(GOOD, within("resource", b"Content-Length: ", b"Content-Length:")),
    "folding": Example(GOOD, within("resource", b"Content-Length", b"X-Own: a\r\n b\r\nContent-Length")),
    "encoded-word": Example(GOOD, day("resource", {"X-Own": "=?utf-8?q?caf=C3=A9?="})),
    "repeated": Example(
        within("request", b"Content-Length", f"WARC-Concurrent-To: {name_of(4)}\r\nContent-Length".encode()),
        within("resource", b"Content-Length", f"WARC-Date: {DATE}\r\nContent-Length".encode()),
    ),
    "field-known": Example(GOOD, day("resource", {"WARC-Payload-Digst": "sha256:0"})),
    "block-cut": Example(GOOD, cut(GOOD, 4 + 10)),
    "record-end": Example(GOOD, swapped(b"hello\r\n\r\n", b"hello\r\n")),
    "gzip-whole": Example(ZIPPED, cut(ZIPPED, 1)),
    "gzip-member": Example(ZIPPED, members(["warcinfo"], ["response", "request"])),
    "file-suffix": Example(ZIPPED, renamed(GOOD, NAME.replace(".warc", ".arc"))),
    "file-name": Example(GOOD, renamed(GOOD, "example.warc")),
    "warcinfo-first": Example(
        GOOD, {NAME: b"".join(RECORDS[name].encode() for name in ("resource", "warcinfo", "dns"))}
    ),
    "type-missing": Example(GOOD, day("dns", {"WARC-Type": None})),
    "type-known": Example(GOOD, day("dns", {"WARC-Type": "screenshot"})),
    "id-missing": Example(GOOD, day("resource", {"WARC-Record-ID": None})),
    "id-form": Example(GOOD, day("resource", {"WARC-Record-ID": name_of(5)[1:-1]})),
    "id-uuid": Example(
        GOOD, day("resource", {"WARC-Record-ID": "<urn:uuid:27ef1r9j-defr-25f9-328r-16859347dddd>"})
    ),
    "id-unique": Example(GOOD, day("resource", {"WARC-Record-ID": name_of(6)})),
    "length-missing": Example(GOOD, day("chunked", {"Content-Length": None})),
    "length-form": Example(GOOD, day("chunked", {"Content-Length": "0x10"})),
    "date-missing": Example(GOOD, day("resource", {"WARC-Date": None})),
    "date-form": Example(GOOD, day("resource", {"WARC-Date": "2026-03-02T02:30:01+01:00"})),
    "date-real": Example(GOOD, day("resource", {"WARC-Date": "2026-02-29T02:30:01Z"})),
    "date-precision": Example(
        day("resource", {"WARC-Date": "2026-03-02T02:30:01Z"}), day("resource", {"WARC-Date": "2026-03"})
    ),
    "date-future": Example(GOOD, day("resource", {"WARC-Date": "2126-03-02T02:30:01Z"})),
    "content-type-missing": Example(PARTED, day("resource", {"Content-Type": None})),
    "content-type-form": Example(GOOD, day("resource", {"Content-Type": "text"})),
    "concurrent-to-form": Example(GOOD, day("metadata", {"WARC-Concurrent-To": "<here>"})),
    "concurrent-to-misplaced": Example(GOOD, day("conversion", {"WARC-Concurrent-To": name_of(2)})),
    "concurrent-known": Example(GOOD, day("metadata", {"WARC-Concurrent-To": name_of(99)})),
    "concurrent-date": Example(GOOD, day("metadata", {"WARC-Date": "2026-03-02T02:30:01Z"})),
    "concurrent-target": Example(GOOD, day("metadata", {"WARC-Target-URI": "https://www.example.org/"})),
    "block-digest-missing": Example(GOOD, day("resource", {"WARC-Block-Digest": None})),
    "block-digest-form": Example(GOOD, day("resource", {"WARC-Block-Digest": "sha1=3EF4GH5I"})),
    "block-digest-value": Example(GOOD, day("metadata", {"WARC-Block-Digest": sha256(b"")})),
    "digest-notation": Example(
        day("resource", {"WARC-Block-Digest": "md5:5d41402abc4b2a76b9719d911017c592"}),
        day("resource", {"WARC-Block-Digest": "md5:5D41402ABC4B2A76B9719D911017C592"}),
    ),
    "digest-algorithm": Example(GOOD, day("resource", {"WARC-Block-Digest": "crc32:3610a686"})),
    "payload-digest-form": Example(GOOD, day("resource", {"WARC-Payload-Digest": "hello"})),
    "payload-digest-value": Example(GOOD, day("chunked", {"WARC-Payload-Digest": sha256(CHUNKS)})),
    "payload-digest-misplaced": Example(
        GOOD, day("metadata", {"WARC-Payload-Digest": sha256(b"via: https://www.example.org/\r\n")})
    ),
    "ip-form": Example(
        day("response", {"WARC-IP-Address": "2001:db8::1"}),
        day("response", {"WARC-IP-Address": "192.0.2.1:80"}),
    ),
    "ip-misplaced": Example(GOOD, day("conversion", {"WARC-IP-Address": "192.0.2.1"})),
    "ip-missing": Example(GOOD, day("request", {"WARC-IP-Address": None})),
    "refers-to-form": Example(GOOD, day("conversion", {"WARC-Refers-To": name_of(2)[1:]})),
    "refers-to-misplaced": Example(GOOD, day("resource", {"WARC-Refers-To": name_of(2)})),
    "refers-to-uri-form": Example(GOOD, day("not modified", {"WARC-Refers-To-Target-URI": "a b"})),
    "refers-to-uri-misplaced": Example(GOOD, day("conversion", {"WARC-Refers-To-Target-URI": TARGET})),
    "refers-to-date-form": Example(GOOD, day("revisit", {"WARC-Refers-To-Date": "20260302023001"})),
    "refers-to-date-misplaced": Example(GOOD, day("conversion", {"WARC-Refers-To-Date": DATE})),
    "target-missing": Example(
        day("metadata", {"WARC-Target-URI": None}), day("resource", {"WARC-Target-URI": None})
    ),
    "target-form": Example(GOOD, day("resource", {"WARC-Target-URI": "https://www.example.org/a|b"})),
    "target-brackets": Example(GOOD, day("resource", {"WARC-Target-URI": f"<{TARGET}>"})),
    "target-misplaced": Example(GOOD, day("warcinfo", {"WARC-Target-URI": TARGET})),
    "truncated-reason": Example(GOOD, day("resource", {"WARC-Truncated": "tired"})),
    "warcinfo-id-form": Example(GOOD, day("resource", {"WARC-Warcinfo-ID": "urn:uuid:1"})),
    "warcinfo-id-misplaced": Example(GOOD, day("warcinfo", {"WARC-Warcinfo-ID": name_of(1)})),
    "warcinfo-id-missing": Example(GOOD, day("resource", {"WARC-Warcinfo-ID": None})),
    "warcinfo-id-known": Example(PARTED, segments(SECOND, {"WARC-Warcinfo-ID": name_of(1)})),
    "filename-misplaced": Example(GOOD, day("resource", {"WARC-Filename": NAME})),
    "filename-own": Example(GOOD, day("warcinfo", {"WARC-Filename": SECOND})),
    "profile-missing": Example(GOOD, day("revisit", {"WARC-Profile": None})),
    "profile-form": Example(GOOD, day("revisit", {"WARC-Profile": "identical payload"})),
    "profile-misplaced": Example(GOOD, day("resource", {"WARC-Profile": IDENTICAL})),
    "profile-known": Example(
        GOOD, day("revisit", {"WARC-Profile": "http://netpreserve.org/warc/1.1/server-not-modified"})
    ),
    "payload-type-form": Example(GOOD, day("resource", {"WARC-Identified-Payload-Type": "plain text"})),
    "payload-type-misplaced": Example(GOOD, day("metadata", {"WARC-Identified-Payload-Type": "text/plain"})),
    "segment-number-form": of_segments(lambda: segments(THIRD, {"WARC-Segment-Number": "three"})),
    "segment-number-missing": of_segments(lambda: segments(THIRD, {"WARC-Segment-Number": None})),
    "segment-first": Example(PARTED, day("resource", {"WARC-Segment-Number": "2"})),
    "segment-later": of_segments(lambda: segments(SECOND, {"WARC-Segment-Number": "0"})),
    "segment-origin-form": of_segments(lambda: segments(THIRD, {"WARC-Segment-Origin-ID": name_of(2)[1:]})),
    "segment-origin-missing": of_segments(lambda: segments(THIRD, {"WARC-Segment-Origin-ID": None})),
    "segment-origin-misplaced": Example(PARTED, day("resource", {"WARC-Segment-Origin-ID": name_of(2)})),
    "segment-origin-known": of_segments(
        lambda: {name: data for name, data in PARTED.items() if name != NAME}
    ),
    "segment-total-form": of_segments(lambda: segments(THIRD, {"WARC-Segment-Total-Length": "all"})),
    "segment-total-misplaced": of_segments(_told_early),
    "segment-total-missing": of_segments(lambda: segments(THIRD, {"WARC-Segment-Total-Length": None})),
    "segment-total-value": of_segments(lambda: segments(THIRD, {"WARC-Segment-Total-Length": "9"})),
    "segment-order": of_segments(_without_second),
    "segment-target": of_segments(lambda: segments(SECOND, {"WARC-Target-URI": "https://www.example.org/"})),
    "segment-place": of_segments(_behind_another),
    "segment-kind": of_segments(
        lambda: segments(NAME, {"WARC-Type": "metadata", "WARC-Segment-Number": "1"})
    ),
    "segment-extra": of_segments(lambda: segments(SECOND, {"WARC-Protocol": "http/1.1"})),
    "warcinfo-type": Example(GOOD, day("warcinfo", {"Content-Type": "text/plain"})),
    "warcinfo-fields": Example(GOOD, day("warcinfo", {}, SOFTWARE.replace(b"robots", b"robot"))),
    "warc-fields-form": Example(GOOD, day("metadata", {}, b"via\r\n")),
    "msgtype": Example(GOOD, day("request", {"Content-Type": "application/http"})),
    "http-response": Example(GOOD, day("response", {}, b"ICY 200 OK\r\n\r\n" + BODY)),
    "http-request": Example(GOOD, day("request", {}, b"GET a page\r\n\r\n")),
    "http-chunks": Example(GOOD, day("chunked", {}, CHUNKED + BODY)),
    "cut-unmarked": Example(
        day("response", {"WARC-Payload-Digest": None, "WARC-Truncated": "disconnect"}, HEAD + BODY[:9]),
        day("response", {"WARC-Payload-Digest": None}, HEAD + BODY[:9]),
    ),
    "dns-type": Example(GOOD, day("dns", {"Content-Type": "text/plain"})),
    "revisit-digest": Example(GOOD, day("revisit", {"WARC-Payload-Digest": None})),
    "revisit-truncated": Example(GOOD, day("revisit", {"WARC-Truncated": None})),
    "revisit-refers-to": Example(GOOD, day("revisit", {"WARC-Refers-To": None})),
    "revisit-refers-more": Example(GOOD, day("revisit", {"WARC-Refers-To-Date": None})),
    "revisit-agrees": Example(GOOD, day("revisit", {"WARC-Refers-To-Date": "2026-03-01T02:30:01Z"})),
    "revisit-payload": Example(GOOD, day("revisit", {"WARC-Payload-Digest": sha256(b"another")})),
    "conversion-refers-to": Example(GOOD, day("conversion", {"WARC-Refers-To": None})),
}
"""Of `file-size` there is none: a file of a billion bytes is made where it is tested."""
