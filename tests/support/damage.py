# SPDX-License-Identifier: EUPL-1.2
"""
Good files in every form that is imported, and a thousand ways to damage them, the same ones every time.

    for number in range(1000):
        damaged = variant(number)
        damaged.data      what the file holds now
        damaged.intact    the captures whose bytes nobody touched, each with its payload digest: all must be kept
        damaged.touched   those whose bytes were touched: each must be named, or be there all the same

A record is intact where its own bytes still follow each other. In a file that is one compressed stream, those
are intact that come out before the first damaged byte; what comes after it nobody can read.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.support.foreign import record, sha1, sha256

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HOST = "http://www.example.org"
DATE, LATER = "2026-02-10T11:%02d:%02dZ", "2026-02-11T11:%02d:%02dZ"


@dataclass(frozen=True, slots=True)
class Known:
    """A record of a good file. What is no capture (warcinfo, request) has an empty URL."""

    raw: bytes
    url: str = ""
    timestamp: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Packed:
    """Records in a file of one form."""

    data: bytes
    places: tuple[tuple[int, int], ...]
    """Where each record stands in the file; of a stream, in what comes out of it."""
    comes_out: Callable[[bytes], int] | None = None
    """Of a stream: how many bytes come out of a beginning of it."""


@dataclass(frozen=True, slots=True)
class Damaged:
    form: str
    what: str
    data: bytes
    intact: tuple[Known, ...]
    touched: tuple[Known, ...]
    region: tuple[int, int] = (0, 0)
    """The damaged bytes in `data`."""
    hidden: bool = False
    """Whether every record that is left is as it was written, so that there is nothing to name."""


# ---- good files ----------------------------------------------------------------------------------------------


def _http(body: bytes, mime: str, more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\n{more}\r\n".encode() + body


def _blocks(rng: random.Random) -> Iterable[tuple[bytes, bytes]]:
    """Yield HTTP responses of several kinds, and the payload of each."""
    words = b" ".join(rng.choice([b"verblijf", b"leges", b"aanvraag", b"termijn"]) for _ in range(400))
    page = b"<!doctype html><title>Een pagina</title><p>" + words
    packed = gzip.compress(page, 6, mtime=0)
    decoy = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 3\r\n\r\nxyz\r\n\r\nhttp://a/ 1.2.3.4 20260101000000 a/b 3\n"
    noise = rng.randbytes(6000)
    for body, mime, more in [
        (page, "text/html; charset=utf-8", f"Content-Length: {len(page)}\r\n"),
        (packed, "text/html", f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n"),
        (decoy + noise[:2000], "application/octet-stream", ""),
        (b"", "text/plain", "Content-Length: 0\r\n"),
        (noise, "image/png", "Content-Length: 6000\r\n"),
    ]:
        yield _http(body, mime, more), body
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (page[:900], page[900:]))
    yield _http(framed + b"0\r\n\r\n", "text/html", "Transfer-Encoding: chunked\r\n"), page


def good_records(seed: int, *, days: int = 1) -> list[Known]:
    """Return the records of a small crawl: warcinfo, then responses, each with its request."""
    rng = random.Random(seed)
    warcinfo = b"software: another/1.0\r\n"
    made = [Known(record(warcinfo, 0, kind="warcinfo", WARC_Target_URI=None, WARC_Date=DATE % (0, 0), Content_Type="application/warc-fields"))]  # fmt: skip
    for number in range(12):
        block, payload = list(_blocks(rng))[number % 6]
        date = (LATER if days > 1 and number % 2 else DATE) % (number, number)
        url = f"{HOST}/{number}"
        digests = {} if b"chunked" in block else {"WARC_Payload_Digest": sha1(payload)}
        raw = record(block, number + 1, WARC_Target_URI=url, WARC_Date=date, **digests)
        made.append(Known(raw, url, re.sub(r"\D", "", date), sha256(payload)))
        asked = f"GET /{number} HTTP/1.1\r\nHost: www.example.org\r\n\r\n".encode()
        kind = "application/http; msgtype=request"
        made.append(Known(record(asked, number + 100, kind="request", WARC_Target_URI=url, WARC_Date=date, Content_Type=kind)))  # fmt: skip
    return made


def as_arc(known: Sequence[Known]) -> list[Known]:
    """Return the responses of a crawl as records of an ARC, its file description before them."""
    described = b"1 0 another\nURL IP-address Archive-date Content-type Archive-length\n"
    made = [Known(b"filedesc://a.arc 0.0.0.0 20260210110000 text/plain %d\n%b\n" % (len(described), described))]  # fmt: skip
    for one in known:
        if one.url:
            block = one.raw.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n\r\n")
            line = f"{one.url} 192.0.2.1 {one.timestamp} text/html {len(block)}\n".encode()
            made.append(Known(line + block + b"\n", one.url, one.timestamp, one.digest))
    return made


# ---- forms ---------------------------------------------------------------------------------------------------


def _joined(parts: Sequence[bytes], before: int = 0) -> tuple[tuple[int, int], ...]:
    places, at = [], before
    for part in parts:
        places.append((at, at + len(part)))
        at += len(part)
    return tuple(places)


def plain(parts: Sequence[bytes]) -> Packed:
    return Packed(b"".join(parts), _joined(parts))


def members(parts: Sequence[bytes]) -> Packed:
    return plain([gzip.compress(part, 6, mtime=0) for part in parts])


def frames(parts: Sequence[bytes]) -> Packed:
    return plain(
        [zstd.compress(part, options={zstd.CompressionParameter.checksum_flag: 1}) for part in parts]
    )


def _gunzipped(beginning: bytes) -> int:
    try:
        return len(zlib.decompressobj(31).decompress(beginning))
    except zlib.error:
        return 0


def one_member(parts: Sequence[bytes]) -> Packed:
    return Packed(gzip.compress(b"".join(parts), 6, mtime=0), _joined(parts), _gunzipped)


def wacz(parts: Sequence[bytes]) -> Packed:
    inside = members(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name, data in (
            ("pages/pages.jsonl", b'{"format":"json-pages-1.0","id":"pages","title":"All"}\n'),
            ("archive/data.warc.gz", inside.data),
            ("datapackage.json", b'{"profile":"data-package","wacz_version":"1.1.1","resources":[]}'),
        ):
            file.writestr(zipfile.ZipInfo(name, (2026, 2, 10, 11, 0, 0)), data)
    data = out.getvalue()
    start = data.index(inside.data)
    return Packed(data, tuple((a + start, b + start) for a, b in inside.places))


FORMS: dict[str, tuple[Callable[[Sequence[bytes]], Packed], str]] = {
    "warc": (plain, ".warc"),
    "warc.gz": (members, ".warc.gz"),
    "one-member gzip": (one_member, ".warc.gz"),
    "zstd": (frames, ".warc.zst"),
    "arc": (plain, ".arc"),
    "arc.gz": (members, ".arc.gz"),
    "wacz": (wacz, ".wacz"),
}
UNCHECKED = frozenset({"arc"})
"""Forms without any checksum: a body in which a byte is another cannot be told from the one that was written."""


# ---- damage --------------------------------------------------------------------------------------------------


def _spliced(
    form: str, what: str, known: Sequence[Known], packed: Packed, at: tuple[int, int], new: bytes
) -> Damaged:
    """Return a file in which the bytes from `at[0]` to `at[1]` are others."""
    start, stop = at
    comes = packed.comes_out
    if comes is None:
        safe = [end <= start or begin >= stop for begin, end in packed.places]
    else:
        out = comes(packed.data[:start])
        safe = [end <= out or start >= len(packed.data) for _, end in packed.places]
    data = packed.data[:start] + new + packed.data[stop:]
    return Damaged(
        form, what, data,
        tuple(one for one, kept in zip(known, safe, strict=True) if kept and one.url),
        tuple(one for one, kept in zip(known, safe, strict=True) if not kept and one.url),
        (start, start + len(new)),
    )  # fmt: skip


def _flip(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    at = rng.randrange(len(packed.data))
    return _spliced(form, "a flipped byte", known, packed, (at, at + 1), bytes([packed.data[at] ^ 1 << rng.randrange(8)]))  # fmt: skip


def _cut(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    at = rng.randrange(1, len(packed.data))
    return _spliced(form, "cut", known, packed, (at, len(packed.data)), b"")


def _headless(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    return _spliced(form, "its beginning is gone", known, packed, (0, rng.randrange(1, len(packed.data) // 2)), b"")  # fmt: skip


def _zeroed(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    size = rng.choice([16, 512, 4096])
    at = rng.randrange(0, len(packed.data), 512)
    stop = min(len(packed.data), at + size)
    return _spliced(form, "zeroed blocks", known, packed, (at, stop), bytes(stop - at))


def _noise(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    at = rng.randrange(len(packed.data))
    stop = min(len(packed.data), at + rng.choice([3, 200, 5000]))
    return _spliced(form, "other bytes", known, packed, (at, stop), rng.randbytes(stop - at))


def _between(rng: random.Random, form: str, known: Sequence[Known], packed: Packed) -> Damaged:
    places = packed.places if packed.comes_out is None else ((len(packed.data), 0),)
    at = rng.choice(places)[0]
    junk = rng.choice(
        [
            b"\0" * 700,
            rng.randbytes(900),
            b"WARC/1.0\r\nWARC-Type: resp\r\n",
            b"\x1f\x8b\x08\0garbage",
            b"PK\3\4",
        ]
    )
    return _spliced(form, "garbage between", known, packed, (at, at), junk)


def _repacked(
    form: str, what: str, known: Sequence[Known], touched: frozenset[int], **about: bool
) -> Damaged:
    packed = FORMS[form][0]([one.raw for one in known])
    hit = sorted(packed.places[number] for number in touched)
    return Damaged(
        form, what, packed.data,
        tuple(one for number, one in enumerate(known) if number not in touched and one.url),
        tuple(one for number, one in enumerate(known) if number in touched and one.url),
        hit[0] if hit else (0, 0), **about,
    )  # fmt: skip


def _lying(rng: random.Random, form: str, known: Sequence[Known], _packed: Packed) -> Damaged:
    """Let a record say another length than it has: in a member or frame of its own, or before the next one."""
    number = rng.choice([n for n, one in enumerate(known) if one.url])
    lie = rng.choice(
        [b"0", b"1", b"17", b"999", b"5000", b"123456789", b"-5", b"99999999999999999999", b"1e3"]
    )
    pattern = rb"( )\d+(?=\n)" if form.startswith("arc") else rb"(Content-Length: )\d+"
    first = known[number].raw
    changed = re.sub(pattern, rb"\g<1>" + lie, first, count=1)
    there = Known(changed, known[number].url, known[number].timestamp, known[number].digest)
    return _repacked(
        form, "a lying length", [*known[:number], there, *known[number + 1 :]], frozenset({number})
    )


def _swapped(rng: random.Random, form: str, known: Sequence[Known], _packed: Packed) -> Damaged:
    one, other = rng.sample(range(1, len(known)), 2)
    order = list(known)
    order[one], order[other] = order[other], order[one]
    return _repacked(form, "swapped", order, frozenset(), hidden=True)


def _removed(rng: random.Random, form: str, known: Sequence[Known], _packed: Packed) -> Damaged:
    number = rng.randrange(1, len(known))
    return _repacked(form, "removed", [*known[:number], *known[number + 1 :]], frozenset(), hidden=True)


def _doubled(rng: random.Random, form: str, known: Sequence[Known], _packed: Packed) -> Damaged:
    number, at = rng.randrange(1, len(known)), rng.randrange(1, len(known))
    return _repacked(form, "doubled", [*known[:at], known[number], *known[at:]], frozenset(), hidden=True)


KINDS = (_flip, _cut, _lying, _swapped, _removed, _doubled, _between, _zeroed, _noise, _headless)


def good(form: str, seed: int) -> list[Known]:
    """Return the records of the good file that a variant was made of."""
    known = good_records(seed, days=1 + seed % 2)
    return as_arc(known) if form.startswith("arc") else known


def variant(number: int) -> Damaged:
    """Return the damaged file of that number: forms and kinds of damage take turns, the place is by chance."""
    form = list(FORMS)[number % len(FORMS)]
    kind = KINDS[number // len(FORMS) % len(KINDS)]
    known = good(form, number)
    return kind(random.Random(number), form, known, FORMS[form][0]([one.raw for one in known]))
