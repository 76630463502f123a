# SPDX-License-Identifier: EUPL-1.2
"""
WARC files byte by byte, built without any code of the product: a day with a record of every kind.

    day()        {"example-20260302023000-00000.warc": b"WARC/1.1..."}    one of its records changed, if wanted
    segments()   a day of three files with one response in three segments
    members()    a file with these records in these gzip members

Lengths and digests are right wherever they are not what is to be wrong.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NAME = "example-20260302023000-00000.warc"
SECOND, THIRD = NAME.replace("00000", "00001"), NAME.replace("00000", "00002")
TARGET = "https://www.example.org/a%20page?q=1"
DATE = "2026-03-02T02:30:01.000500Z"
BODY = b"<!doctype html><p>hello"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 23\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"17;x=y\r\n" + BODY + b"\r\n0\r\nTrailer: 1\r\n\r\n"
REQUEST = b"GET /a%20page?q=1 HTTP/1.1\r\nHost: www.example.org\r\n\r\n"
SOFTWARE = b"software: daykeep/0.1\r\nformat: WARC File Format 1.1\r\nrobots: obey\r\n"
RESPONSE_TYPE, REQUEST_TYPE = "application/http; msgtype=response", "application/http; msgtype=request"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

Day = Mapping[str, bytes]
Fields = Mapping[str, str | None]


def name_of(number: int) -> str:
    """Return a record's id."""
    return f"<urn:uuid:00000000-0000-4000-8000-{number:012}>"


def sha256(data: bytes) -> str:
    """Return a digest as our records say it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Record:
    """One record to be built."""

    kind: str
    number: int
    fields: Fields
    block: bytes

    def changed(self, fields: Fields, block: bytes | None) -> Record:
        """Return it with other fields, None taking one away, and another block."""
        return Record(
            self.kind, self.number, {**self.fields, **fields}, self.block if block is None else block
        )

    def encode(self) -> bytes:
        """Return its bytes."""
        own = {
            "WARC-Type": self.kind,
            "WARC-Record-ID": name_of(self.number),
            "WARC-Date": DATE,
            "WARC-Block-Digest": sha256(self.block),
            "WARC-Warcinfo-ID": None if self.kind == "warcinfo" else name_of(1),
            "Content-Length": str(len(self.block)),
        }
        lines = [
            f"{name}: {value}\r\n" for name, value in {**own, **self.fields}.items() if value is not None
        ]
        return b"WARC/1.1\r\n" + "".join(lines).encode() + b"\r\n" + self.block + b"\r\n\r\n"


_OF_HTTP = {"WARC-Target-URI": TARGET, "WARC-IP-Address": "192.0.2.1"}
_RESPONSE = {"Content-Type": RESPONSE_TYPE, **_OF_HTTP}
_REFERS = {"WARC-Refers-To": name_of(2), "WARC-Refers-To-Target-URI": TARGET, "WARC-Refers-To-Date": DATE}
RECORDS: Mapping[str, Record] = {
    "warcinfo": Record(
        "warcinfo", 1, {"WARC-Filename": NAME, "Content-Type": "application/warc-fields"}, SOFTWARE
    ),
    "response": Record(
        "response",
        2,
        {**_RESPONSE, "WARC-Payload-Digest": sha256(BODY), "WARC-Protocol": "http/1.1"},
        HEAD + BODY,
    ),
    "request": Record(
        "request", 3, {"Content-Type": REQUEST_TYPE, "WARC-Concurrent-To": name_of(2), **_OF_HTTP}, REQUEST
    ),
    "metadata": Record(
        "metadata",
        4,
        {
            "WARC-Target-URI": TARGET,
            "Content-Type": "application/warc-fields",
            "WARC-Concurrent-To": name_of(2),
        },
        b"via: https://www.example.org/\r\n",
    ),
    "resource": Record(
        "resource",
        5,
        {
            "WARC-Target-URI": f"urn:text:{TARGET}",
            "Content-Type": 'text/plain; charset="utf-8"',
            "WARC-Payload-Digest": sha256(b"hello"),
            "WARC-Identified-Payload-Type": "text/plain",
        },
        b"hello",
    ),
    "dns": Record(
        "resource", 6, {"WARC-Target-URI": "dns:www.example.org", "Content-Type": "text/dns"}, b"a\n"
    ),
    "revisit": Record(
        "revisit",
        7,
        {
            **_RESPONSE,
            **_REFERS,
            "WARC-Profile": IDENTICAL,
            "WARC-Payload-Digest": sha256(BODY),
            "WARC-Truncated": "length",
        },
        HEAD,
    ),
    "not modified": Record(
        "revisit",
        8,
        {**_RESPONSE, **_REFERS, "WARC-Profile": NOT_MODIFIED},
        b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
    ),
    "conversion": Record(
        "conversion",
        9,
        {"WARC-Target-URI": TARGET, "Content-Type": "text/plain", "WARC-Refers-To": name_of(2)},
        b"hello, converted",
    ),
    "chunked": Record(
        "response",
        10,
        {**_RESPONSE, "WARC-Payload-Digest": sha256(BODY), "WARC-Target-URI": "http://[2001:db8::1]:80/"},
        CHUNKED + CHUNKS,
    ),
}

_SEGMENT = {"WARC-Target-URI": TARGET, "WARC-Segment-Origin-ID": name_of(2)}


def _info(number: int, file: str) -> Record:
    return RECORDS["warcinfo"].changed({"WARC-Record-ID": name_of(number), "WARC-Filename": file}, None)


SEGMENTS: Mapping[str, Sequence[Record]] = {
    NAME: (
        _info(1, NAME),
        Record("response", 2, {**_RESPONSE, "WARC-Segment-Number": "1"}, HEAD + BODY[:5]),
    ),
    SECOND: (
        _info(21, SECOND),
        Record(
            "continuation",
            22,
            {**_SEGMENT, "WARC-Segment-Number": "2", "WARC-Warcinfo-ID": name_of(21)},
            BODY[5:9],
        ),
    ),
    THIRD: (
        _info(31, THIRD),
        Record(
            "continuation",
            32,
            {
                **_SEGMENT,
                "WARC-Segment-Number": "3",
                "WARC-Segment-Total-Length": str(len(HEAD + BODY)),
                "WARC-Warcinfo-ID": name_of(31),
            },
            BODY[9:],
        ),
    ),
}


def day(which: str = "", fields: Fields | None = None, block: bytes | None = None) -> Day:
    """Return a day of one file with a record of every kind, one of them changed."""
    assert not which or which in RECORDS
    records = [one.changed(fields or {}, block) if name == which else one for name, one in RECORDS.items()]
    return {NAME: b"".join(one.encode() for one in records)}


def segments(which: str = "", fields: Fields | None = None, block: bytes | None = None) -> Day:
    """Return a day whose one response is segmented over three files, the segment in `which` changed."""
    return {
        name: b"".join(
            one.changed(fields or {}, block).encode() if name == which and number else one.encode()
            for number, one in enumerate(records)
        )
        for name, records in SEGMENTS.items()
    }


def swapped(old: bytes, new: bytes, of: Day | None = None) -> Day:
    """Return a day in whose first file the bytes `old`, which stand there, are others."""
    base = dict(of or day())
    assert old in base[NAME], old
    return {**base, NAME: base[NAME].replace(old, new, 1)}


def within(which: str, old: bytes, new: bytes) -> Day:
    """Return a day in which the bytes of one record, its digests left as they are, have `new` for `old`."""
    whole = RECORDS[which].encode()
    assert old in whole, old
    return swapped(whole, whole.replace(old, new, 1))


def members(*groups: Sequence[str]) -> Day:
    """Return a gzip file whose members hold these records, the first of them the warcinfo."""
    name = f"{NAME}.gz"
    records = {**RECORDS, "warcinfo": RECORDS["warcinfo"].changed({"WARC-Filename": name}, None)}
    return {
        name: b"".join(
            gzip.compress(b"".join(records[one].encode() for one in group), mtime=0) for group in groups
        )
    }


def renamed(of: Day, name: str) -> Day:
    """Return a day of one file under another name, which its warcinfo gives too."""
    old, data = next(iter(of.items()))
    return {name: data.replace(f"WARC-Filename: {old}".encode(), f"WARC-Filename: {name}".encode())}


def cut(of: Day, size: int) -> Day:
    """Return a day whose one file lacks so many bytes at its end."""
    name, data = next(iter(of.items()))
    return {name: data[:-size]}


def grown(of: Day, more: bytes) -> Day:
    """Return a day whose first file has more bytes at its end."""
    name, data = next(iter(of.items()))
    return {**of, name: data + more}
