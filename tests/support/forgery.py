# SPDX-License-Identifier: EUPL-1.2
"""
Kinds of damage to a sealed day, as data: what happens to its WARC, and how much of the rest is made anew to match.

    DAMAGE[name].do(warc)         a Warc: its records one by one, or its bytes; or None where the file goes
    make_anew(folder)             index, ledger, pages, changes, datapackage.json and its digest fit what is there now

A forger who has the disk can do all of this to one day. What he cannot do is change what is kept outside it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver.package import encode, encode_digest, hash_file
from archiver.scanning.scan import scan
from archiver.scanning.seen import Seen, Skipped
from index.errors import DamagedError

INDEXED = {"response", "revisit", "resource"}


@dataclass
class Warc:
    """A WARC to be damaged: `records`, uncompressed, become its bytes, unless `data` is set."""

    records: list[bytes]
    members: list[bytes]
    """The same as they stand in the file."""
    data: bytes | None = None

    def find(self, *words: bytes) -> int:
        """Return the number of the first record with all these words in it."""
        return next(n for n, one in enumerate(self.records) if all(word in one for word in words))

    def edit(self, number: int, old: bytes, new: bytes) -> None:
        """Put other bytes in the place of some of a record."""
        assert old in self.records[number], (old, self.records[number][:900])
        self.records[number] = self.records[number].replace(old, new, 1)

    def encode(self) -> bytes:
        """Return the bytes of the file: of a record that is as it was, the member that was there."""
        if self.data is not None:
            return self.data
        known = {gzip.decompress(member): member for member in self.members}
        return b"".join(known.get(one) or gzip.compress(one, 6, mtime=0) for one in self.records)


def read(path: Path) -> Warc:
    """Return a WARC of ours, one gzip member a record."""
    data = path.read_bytes()
    ends = [(one.offset, one.end) for one in scan(path)]
    members = [data[start:end] for start, end in ends]
    return Warc([gzip.decompress(member) for member in members], members)


def _split(record: bytes) -> tuple[bytes, bytes]:
    head, _, rest = record.partition(b"\r\n\r\n")
    return head, rest[:-4]


def _field(record: bytes, name: bytes) -> bytes:
    return re.search(rb"\r\n" + name + rb": ([^\r]*)", record)[1]


def fresh(record: bytes, block: bytes | None = None, *, payload: bool = True) -> bytes:
    """Return a record with another block, length and digests made to fit; with `payload` that digest too."""
    head, old = _split(record)
    block = old if block is None else block
    head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(block), head)
    head = re.sub(rb"WARC-Block-Digest: \S+", b"WARC-Block-Digest: " + _sha(block), head)
    if payload and b"WARC-Type: revisit" not in head:
        body = block.partition(b"\r\n\r\n")[2] if b"msgtype" in head else block
        head = re.sub(rb"WARC-Payload-Digest: \S+", b"WARC-Payload-Digest: " + _sha(body), head)
    return head + b"\r\n\r\n" + block + b"\r\n\r\n"


def _sha(data: bytes) -> bytes:
    return f"sha256:{hashlib.sha256(data).hexdigest()}".encode()


def _raw(do: Callable[[bytes, list[bytes]], bytes]) -> Callable[[Warc], None]:
    def apply(warc: Warc) -> None:
        warc.data = do(b"".join(warc.members), warc.members)

    return apply


def _start(members: list[bytes], number: int) -> int:
    return sum(map(len, members[:number]))


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


def _drop(*words: bytes) -> Callable[[Warc], None]:
    def apply(warc: Warc) -> None:
        del warc.records[warc.find(*words)]

    return apply


PAGE = (b"WARC-Type: response", b"WARC-Target-URI: http://example.test/\r\n")
SAME = (b"WARC-Type: response", b"WARC-Target-URI: http://example.test/same\r\n")
REQUEST = (b"WARC-Type: request", b"WARC-Target-URI: http://example.test/\r\n")
INFO = (b"WARC-Type: warcinfo",)
TEXT = (b"WARC-Target-URI: urn:text:http://example.test/\r\n",)
AGAIN = (b"WARC-Type: revisit", b"WARC-Target-URI: http://example.test/twin\r\n")


def _in(which: tuple[bytes, ...], old: bytes, new: bytes) -> Callable[[Warc], None]:
    """Change bytes of a record and nothing else."""
    return lambda warc: warc.edit(warc.find(*which), old, new)


def _forged(
    which: tuple[bytes, ...], old: bytes, new: bytes, *, payload: bool = True
) -> Callable[[Warc], None]:
    """Change bytes of a record's block, and make its length and digests anew."""

    def apply(warc: Warc) -> None:
        number = warc.find(*which)
        head, block = _split(warc.records[number])
        assert old in block, block
        warc.records[number] = fresh(
            head + b"\r\n\r\n" + block + b"\r\n\r\n", block.replace(old, new, 1), payload=payload
        )

    return apply


def _field_to(which: tuple[bytes, ...], name: bytes, value: bytes | None) -> Callable[[Warc], None]:
    """Give a field another value, or take it out."""

    def apply(warc: Warc) -> None:
        number = warc.find(*which)
        line = b"" if value is None else b"\r\n" + name + b": " + value
        warc.records[number], times = re.subn(
            rb"\r\n" + name + rb": [^\r]*", line, warc.records[number], count=1
        )
        assert times == 1, name

    return apply


def _added(which: tuple[bytes, ...], line: bytes) -> Callable[[Warc], None]:
    return _in(which, b"\r\nContent-Length", b"\r\n" + line + b"\r\nContent-Length")


def _length_off(by: int) -> Callable[[Warc], None]:
    def apply(warc: Warc) -> None:
        number = warc.find(*PAGE)
        length = int(_field(warc.records[number], b"Content-Length"))
        warc.edit(
            number,
            b"Content-Length: %d\r\n\r\nHTTP" % length,
            b"Content-Length: %d\r\n\r\nHTTP" % (length + by),
        )

    return apply


def _swap_targets(warc: Warc) -> None:
    one, other = warc.find(*PAGE), warc.find(*SAME)
    warc.edit(one, b"http://example.test/\r\n", b"http://example.test/same\r\n")
    warc.edit(other, b"http://example.test/same\r\n", b"http://example.test/\r\n")


def _swap_blocks(warc: Warc) -> None:
    one, other = warc.find(*PAGE), warc.find(*SAME)
    blocks = _split(warc.records[one])[1], _split(warc.records[other])[1]
    warc.records[one] = fresh(warc.records[one], blocks[1])
    warc.records[other] = fresh(warc.records[other], blocks[0])


def _double(new_id: bytes | None) -> Callable[[Warc], None]:
    def apply(warc: Warc) -> None:
        record = warc.records[warc.find(*PAGE)]
        if new_id:
            record = record.replace(_field(record, b"WARC-Record-ID"), new_id)
        warc.records.append(record)

    return apply


def _remove_exchange(warc: Warc) -> None:
    _drop(*PAGE)(warc)
    _drop(*REQUEST)(warc)


def _unsigned(warc: Warc) -> None:
    number = warc.find(*PAGE)
    record = re.sub(rb"\r\nWARC-(?:Block|Payload)-Digest: [^\r]*", b"", warc.records[number])
    warc.records[number] = record.replace(b"Monday", b"Friday")


def _cut_body(warc: Warc) -> None:
    number = warc.find(*PAGE)
    warc.records[number] = fresh(warc.records[number], _split(warc.records[number])[1][:-20])


def _swap_order(warc: Warc) -> None:
    one, other = warc.find(*PAGE), warc.find(*SAME)
    warc.records[one], warc.records[other] = warc.records[other], warc.records[one]


def _forged_pair(warc: Warc) -> None:
    _forged(PAGE, b"Monday", b"Friday")(warc)
    _forged(TEXT, b"Monday", b"Friday")(warc)


NEW_ID = b"<urn:uuid:00000000-0000-4000-8000-00000000beef>"

WARC_DAMAGE: dict[str, Callable[[Warc], None]] = {
    # bytes of the file
    "a bit in a compressed block": _raw(
        lambda data, members: _flip(data, _start(members, 2) + len(members[2]) // 2)
    ),
    "a bit in a gzip checksum": _raw(lambda data, members: _flip(data, _start(members, 3) - 6)),
    "a bit in a gzip length": _raw(lambda data, members: _flip(data, _start(members, 3) - 2)),
    "a bit in a gzip header": _raw(lambda data, members: _flip(data, _start(members, 3))),
    "the last record cut": _raw(lambda data, _: data[:-15]),
    "the last record gone": _raw(lambda data, members: data[: -len(members[-1])]),
    "the file empty": _raw(lambda _data, _: b""),
    "512 bytes become zeros": _raw(lambda data, _: data[:600] + bytes(512) + data[1112:]),
    "100 bytes lost within": _raw(lambda data, _: data[:900] + data[1000:]),
    "bytes between records": _raw(
        lambda data, members: data[: _start(members, 3)] + b"\0\0\0\0" + data[_start(members, 3) :]
    ),
    "bytes behind the last record": _raw(lambda data, _: data + b"\0" * 512),
    "the begin lost": _raw(lambda data, _: data[100:]),
    "all records in one gzip member": _raw(lambda data, _: gzip.compress(gzip.decompress(data), mtime=0)),
    "compressed anew, the same records": _raw(
        lambda _data, members: b"".join(gzip.compress(gzip.decompress(one), 1, mtime=1) for one in members)
    ),
    "not compressed any more": _raw(lambda data, _: gzip.decompress(data)),
    # records, by someone or something that does not know of digests
    "a bit in a block": _in(PAGE, b"Monday", b"Mondax"),
    "a bit in the begin of an HTTP head": _in(PAGE, b"HTTP/1.1 200", b"HTTP/1.1 300"),
    "a version line of WARC/1.0": _in(PAGE, b"WARC/1.1", b"WARC/1.0"),
    "no version line": _in(PAGE, b"WARC/1.1\r\n", b""),
    "a line of the head that ends with LF": _in(PAGE, b"response\r\n", b"response\n"),
    "one CRLF at the end is gone": lambda warc: warc.records.__setitem__(1, warc.records[1][:-2]),
    "a byte behind the end of a record": lambda warc: warc.records.__setitem__(1, warc.records[1] + b"\n"),
    "Content-Length one too small": _length_off(-1),
    "Content-Length one too large": _length_off(1),
    "Content-Length gone": _field_to(PAGE, b"Content-Length", None),
    "Content-Length is no number": _field_to(PAGE, b"Content-Length", b"many"),
    # named fields, which no digest is over
    "block digest gone": _field_to(PAGE, b"WARC-Block-Digest", None),
    "payload digest gone": _field_to(PAGE, b"WARC-Payload-Digest", None),
    "another block digest": _field_to(PAGE, b"WARC-Block-Digest", _sha(b"")),
    "another payload digest": _field_to(PAGE, b"WARC-Payload-Digest", _sha(b"")),
    "both digests gone, another block": _unsigned,
    "another date": _field_to(PAGE, b"WARC-Date", b"2026-03-01T02:30:00.000500Z"),
    "another target": _field_to(PAGE, b"WARC-Target-URI", b"http://example.test/other"),
    "another record id": _field_to(PAGE, b"WARC-Record-ID", NEW_ID),
    "another IP address": _field_to(PAGE, b"WARC-IP-Address", b"192.0.2.66"),
    "another record type": _field_to(PAGE, b"WARC-Type", b"resource"),
    "another media type": _field_to(TEXT, b"Content-Type", b"text/html"),
    "another warcinfo id": _field_to(PAGE, b"WARC-Warcinfo-ID", NEW_ID),
    "marked as cut": _added(PAGE, b"WARC-Truncated: length"),
    "marked as a segment": _added(PAGE, b"WARC-Segment-Number: 1"),
    "a field twice": _added(PAGE, b"WARC-IP-Address: 192.0.2.66"),
    "a field that is not known": _added(PAGE, b"X-Own: 1"),
    "a revisit of another profile": _field_to(
        AGAIN, b"WARC-Profile", b"http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    ),
    "a revisit of another record": _field_to(AGAIN, b"WARC-Refers-To", NEW_ID),
    "a revisit of another date": _field_to(AGAIN, b"WARC-Refers-To-Date", b"2026-03-01T02:30:00.000500Z"),
    "a revisit of another payload": _field_to(AGAIN, b"WARC-Payload-Digest", _sha(b"another")),
    # by someone who knows of digests
    "a page forged, block digest made anew": _forged(PAGE, b"Monday", b"Friday", payload=False),
    "a page forged, both digests made anew": _forged(PAGE, b"Monday", b"Friday"),
    "a page and its text forged": _forged_pair,
    "a status forged": _forged(PAGE, b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found"),
    "an HTTP field forged": _forged(PAGE, b"charset=utf-8", b"charset=latin1"),
    "a body cut, everything made to fit": _cut_body,
    "a request forged": _forged(REQUEST, b"GET / HTTP", b"GET /x HTTP"),
    "the warcinfo forged": _forged(INFO, b"robots: obey", b"robots: ignore"),
    "the text of a page forged": _forged(TEXT, b"Monday", b"Friday"),
    "two pages exchanged": _swap_blocks,
    "two addresses exchanged": _swap_targets,
    "two records exchanged in order": _swap_order,
    "a record doubled": _double(None),
    "a record doubled under another id": _double(NEW_ID),
    "a response removed": _drop(*PAGE),
    "a request removed": _drop(*REQUEST),
    "a response and its request removed": _remove_exchange,
    "a response that a later day refers to removed": _drop(*SAME),
    "a text removed": _drop(*TEXT),
    "the warcinfo removed": _drop(*INFO),
}
"""By name what is done to the one WARC of a day."""


# ---- all of ours made anew -----------------------------------------------------------------------------------


def make_anew(folder: Path) -> None:
    """Make index, lists and seals of one day anew, as well as what is left of its records allows."""
    lines = _index_lines(folder)
    (folder / "indexes/index.cdxj").write_bytes(b"".join(sorted(lines)))
    facts = [json.loads(line.split(b" ", 2)[2]) for line in lines]
    known = {one["url"]: one for one in facts}
    own = {"counts": _keep_ledger(folder, known), "changes": _keep_changes(folder, known)}
    pages = (folder / "pages/pages.jsonl").read_bytes().splitlines(keepends=True)
    kept = [pages[0], *(page for page in pages[1:] if json.loads(page)["url"] in known)]
    (folder / "pages/pages.jsonl").write_bytes(b"".join(kept))
    reseal(folder, own)


def follow(folder: Path, forged: Path) -> None:
    """Make what one day says of records of another fit where these stand now, as far as they are there."""
    bodies = [json.loads(line.split(b" ", 2)[2]) for line in _lines(forged)]
    there = {body["record"]: body for body in bodies}
    lines = []
    for line in _lines(folder):
        key, moment, text = line.split(b" ", 2)
        body = json.loads(text)
        if body.get("orig.snapshot") == forged.name and (now := there.get(body["orig.record"])):
            body |= {f"orig.{name}": now[name] for name in ("filename", "offset", "length")}
        lines.append(b"%b %b %b\n" % (key, moment, json.dumps(body, separators=(",", ":")).encode()))
    (folder / "indexes/index.cdxj").write_bytes(b"".join(lines))
    reseal(folder)


def _lines(folder: Path) -> list[bytes]:
    return (folder / "indexes/index.cdxj").read_bytes().splitlines()


def _index_lines(folder: Path) -> list[bytes]:
    """Return a line for each record that should have one, by the line that it, or its address, had."""
    old = [line.split(b" ", 2) for line in _lines(folder)]
    by_id = {json.loads(body)["record"]: (key, moment, json.loads(body)) for key, moment, body in old}
    by_url = {one[2]["url"]: one for one in by_id.values()}
    lines = []
    for path in sorted((folder / "archive").iterdir()):
        for found in _scanned(path):
            if isinstance(found, Skipped) or found.kind not in INDEXED:
                continue
            name = found.fields.get("warc-record-id", "").strip("<>")
            entry = by_id.get(name) or by_url.get(found.url)
            if entry is None:
                continue
            key, moment, body = entry
            date = found.fields["warc-date"]
            body = body | {
                "digest": found.digest,
                "offset": str(found.offset),
                "length": str(found.end - found.offset),
                "filename": path.name,
                "record": name,
                "date": date,
            }
            if found.url in by_url:
                key, body["url"] = by_url[found.url][0], found.url
            moment = re.sub(rb"\D", b"", date[:19].encode()) if moment else moment
            lines.append(b"%b %b %b\n" % (key, moment, json.dumps(body, separators=(",", ":")).encode()))
    return lines


def _scanned(path: Path) -> list[Seen | Skipped]:
    """Return what can be read in place of a file, nothing where that is no WARC any more."""
    try:
        return list(scan(path))
    except DamagedError:
        return []


def _keep_ledger(folder: Path, known: dict[str, dict]) -> dict[str, int]:
    path = folder / "logs/ledger.jsonl"
    stored = {"captured", "unchanged", "redirect", "http-error", "truncated"}
    entries = [json.loads(line) for line in path.read_bytes().splitlines()]
    kept = [one for one in entries if one["outcome"] not in stored or one["url"] in known]
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in kept))
    return dict(Counter(one["outcome"] for one in kept))


def _keep_changes(folder: Path, known: dict[str, dict]) -> dict[str, int]:
    path = folder / "logs/changes.jsonl"
    changes = [json.loads(line) for line in path.read_bytes().splitlines()]
    kept = [one for one in changes if one["after"] is None or one["url"] in known]
    for one in kept:
        if one["url"] in known:
            one |= {"after": known[one["url"]]["digest"]}
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in kept))
    return dict(Counter(one["kind"] for one in kept))


def reseal(folder: Path, own: dict | None = None) -> None:
    """Write datapackage.json and its digest anew for the files that are there."""
    described = json.loads((folder / "datapackage.json").read_bytes())
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent != folder)
    described["resources"] = [
        {
            "name": path.name.lower(),
            "path": path.relative_to(folder).as_posix(),
            "hash": hash_file(path),
            "bytes": path.stat().st_size,
        }
        for path in paths
    ]
    described["daykeep"] |= own or {}
    (folder / "datapackage.json").write_bytes(encode(described))
    (folder / "datapackage-digest.json").write_bytes(encode_digest(hash_file(folder / "datapackage.json")))
