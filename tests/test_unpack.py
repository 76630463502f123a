# SPDX-License-Identifier: EUPL-1.2
"""Files whose records cannot be read in place: everything comes out, bounded, and what does not is named."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tracemalloc
import zipfile

import pytest
from backports import zstd

from archiver.scanning.forms import Form, form_of
from archiver.scanning.scan import Seen, scan
from archiver.scanning.unpack import Bounds, unpack
from index.errors import DamagedError
from tests.support.foreign import CHUNKED, HELLO, PAGE, members, record

RECORDS = [record(number=number) for number in (1, 2, 3)]
WARC = b"".join(RECORDS)
NOISE = bytes(range(256)) * 40


def unpacked(folder, data, **more):
    path = folder / "given"
    path.write_bytes(data)
    into = folder / "into"
    into.mkdir()
    return unpack(path, form_of(path), into, **more)


def numbers(found):
    """Return the numbers of all records that came out, by their addresses."""
    seen = (one for part in found.files for one in scan(part.path) if isinstance(one, Seen))
    return [int(one.url.rpartition("/")[2]) for one in seen]


def whats(found):
    return [one.what for one in found.skipped]


# ---- streams -------------------------------------------------------------------------------------------------

DICTIONARY = zstd.train_dict([record(number=number) for number in range(2000)], 4096)


def frames(records, dictionary=None):
    return b"".join(zstd.compress(one, zstd_dict=dictionary) for one in records)


def skippable(data, kind=0xD):
    return struct.pack("<II", 0x184D2A50 + kind, len(data)) + data


def checked(data):
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


STREAMS = {
    "one member": gzip.compress(WARC),
    "members across records": members([WARC[:300], WARC[300:700], WARC[700:]]),
    "one frame": zstd.compress(WARC),
    "a frame per record": frames(RECORDS),
    "with a dictionary": skippable(DICTIONARY.dict_content) + frames(RECORDS, DICTIONARY),
    "with a compressed dictionary": skippable(zstd.compress(DICTIONARY.dict_content)) + frames(RECORDS, DICTIONARY),
    "with other frames to be skipped": skippable(b"x" * 9, 3) + frames(RECORDS) + skippable(b"", 4),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_streams_unpack_to_the_same_bytes(tmp_path, name):
    """Whatever a WARC was compressed with, its own bytes come out, and it can be scanned."""
    found = unpacked(tmp_path, STREAMS[name])
    (part,) = found.files
    assert (part.path.read_bytes(), part.form, found.skipped) == (WARC, Form.WARC, [])
    assert numbers(found) == [1, 2, 3]


BROKEN = {
    "one member cut": (gzip.compress(WARC + record(NOISE, 4))[:-60], [1, 2, 3]),
    "checksum wrong": (gzip.compress(WARC)[:-8] + bytes(8), [1, 2, 3]),
    "zeros behind": (gzip.compress(WARC) + bytes(100), [1, 2, 3]),
    "a member broken": (gzip.compress(WARC) + gzip.compress(NOISE)[:-60] + gzip.compress(RECORDS[0]), [1, 2, 3, 1]),
    "a frame cut": (frames(RECORDS)[:-9], [1, 2]),
    "a frame broken": (checked(WARC) + checked(NOISE)[:-2] + b"xx" + checked(RECORDS[0]), [1, 2, 3, 1]),
    "a dictionary cut": (skippable(DICTIONARY.dict_content)[:-9] + frames(RECORDS), []),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_streams_give_what_they_can(tmp_path, name):
    """What comes before damage comes out to the last byte, what comes after it too, and the damage is named."""
    data, intact = BROKEN[name]
    found = unpacked(tmp_path, data)
    (one,) = found.skipped
    assert 0 <= one.offset < one.end <= len(data)
    assert one.what
    if intact:
        assert numbers(found) == intact


def test_last_byte_before_damage(tmp_path):
    """Records that lie whole before the damage in a compressed stream are not lost with it."""
    packed = bytearray(gzip.compress(b"".join(record(bytes([at]) * 50, at) for at in range(200)), 1))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    found = unpacked(tmp_path, bytes(packed))
    seen = numbers(found)
    assert len(seen) > 60
    assert seen == list(range(len(seen)))


# ---- ARC -----------------------------------------------------------------------------------------------------

INFO = b"1 0 Crawler\nURL IP-address Archive-date Content-type Archive-length\n"


def arc(url, block, mime="text/html", *, version=1, date="20260302023001", length=None):
    more = "" if version == 1 else " 200 CHECKSUM - 99 a.arc"
    size = len(block) if length is None else length
    return f"{url} 192.0.2.1 {date} {mime}{more} {size}\n".encode() + block + b"\n"


def arc_file(version=1):
    return (
        arc("filedesc://a.arc", INFO, "text/plain", version=version)
        + arc("dns:www.example.org", b"20260302023001\nwww.example.org. 60 IN A 192.0.2.1\n", "text/dns", version=version)
        + arc("http://www.example.org/1", PAGE, version=version)
        + arc("http://www.example.org/2 a", CHUNKED, version=version)
        + arc("http://www.example.org/3", b"<html>as old servers did", version=version, date="199612010000")
    )  # fmt: skip


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_arc_becomes_warc(tmp_path, version, pack):
    """Each record of an ARC is one of a WARC, with its address, moment, type and payload."""
    found = unpacked(tmp_path, pack(arc_file(version)))
    (part,) = found.files
    records = list(scan(part.path))
    assert [one.kind for one in records] == [
        "warcinfo",
        "metadata",
        "resource",
        "response",
        "response",
        "resource",
    ]
    assert [one.digest for one in records[3:5]] == [HELLO, HELLO]
    assert [one.url for one in records[3:]] == [f"http://www.example.org/{end}" for end in ("1", "2 a", "3")]
    dates = [one.fields["warc-date"] for one in records[3:]]
    assert dates == ["2026-03-02T02:30:01.000000Z"] * 2 + ["1996-12-01T00:00:00.000000Z"]
    assert {one.version for one in records} == {"1.1"}
    assert {one.fields.get("warc-warcinfo-id") for one in records[1:]} == {
        records[0].fields["warc-record-id"]
    }
    assert len({one.fields["warc-record-id"] for one in records}) == 6
    assert all(one.intact for one in records)
    assert found.skipped == []


def test_arc_gives_the_same_ids_every_time(tmp_path):
    """A file unpacked twice is the same twice."""
    for name in "ab":
        (tmp_path / name).mkdir()
    one, two = (unpacked(tmp_path / name, arc_file()).files[0].path.read_bytes() for name in "ab")
    assert one == two


def test_arc_member_per_record(tmp_path):
    """An ARC compressed record by record is unpacked as one that is not."""
    parts = [arc("filedesc://a.arc", INFO, "text/plain"), arc("http://www.example.org/1", PAGE)]
    assert unpacked(tmp_path, members(parts)).skipped == []


@pytest.mark.parametrize(("length", "named"), [(len(PAGE) - 2, "not that of its block"), (10**9, "cut off")])
def test_damaged_arc_records_are_named(tmp_path, length, named):
    """A record whose length lies is named with its place, and the next one is found."""
    before = arc("http://www.example.org/1", PAGE)
    found = unpacked(tmp_path, before + arc("http://www.example.org/2", PAGE, length=length) + before)
    (one,) = found.skipped
    assert (one.offset, named in one.what) == (len(before), True)
    (part,) = found.files
    assert [seen.url[-1] for seen in scan(part.path) if seen.kind == "response"] == ["1", "1"]


# ---- WACZ ----------------------------------------------------------------------------------------------------


def wacz(contents, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in contents:
            file.writestr(name, data)
    return out.getvalue()


GIVEN = [
    ("archive/a.warc.gz", members(RECORDS[:2])),
    ("archive/b.warc", RECORDS[2]),
    ("archive/c.warc.gz", gzip.compress(RECORDS[0] + RECORDS[1])),
    ("archive/d.arc", arc("http://www.example.org/7", PAGE)),
    ("pages/pages.jsonl", b'{"format":"json-pages-1.0"}\n'),
    ("indexes/index.cdx", b"x"),
    ("datapackage.json", b"{}"),
]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_wacz(tmp_path, method):
    """The WARCs of a WACZ come out byte for byte, those of other forms unpacked, and its lists of pages."""
    found = unpacked(tmp_path, wacz(GIVEN, method))
    assert [part.origin for part in found.files] == [name for name, _ in GIVEN[:4]]
    assert [part.path.read_bytes() for part in found.files[:2]] == [data for _, data in GIVEN[:2]]
    kinds = [one.url[-1] for part in found.files for one in scan(part.path) if one.kind == "response"]
    assert kinds == ["1", "2", "3", "1", "2", "7"]
    assert [path.read_bytes() for path in found.pages] == [GIVEN[4][1]]
    assert found.skipped == []


def linked():
    info = zipfile.ZipInfo("archive/link.warc")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


REFUSED = {
    "archive/../../escape.warc": "leads out of the zip",
    "/archive/absolute.warc": "leads out of the zip",
    "archive\\..\\windows.warc": "leads out of the zip",
    "archive/nested.wacz": "a WACZ inside a WACZ",
    "archive/text.warc": "no record that is known",
    linked(): "is a link",
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_members_are_refused_and_the_rest_read(tmp_path, name):
    """A member that may not be read is named, nothing is written outside the folder, and the others come out."""
    data = wacz(GIVEN) if "nested" in str(name) else b"no records"
    found = unpacked(tmp_path, wacz([GIVEN[0], (name, data), GIVEN[1]]))
    assert numbers(found) == [1, 2, 3]
    assert [REFUSED[name] in what for what in whats(found)] == [True]
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path, tmp_path / "into"}


def test_overlapping_members_are_refused(tmp_path):
    """Members that lie over each other, as in a zip bomb, are not read twice."""
    data = bytearray(wacz([("archive/a.warc", WARC), ("archive/b.warc", WARC)]))
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = bytes(4)  # the offset of its header
    found = unpacked(tmp_path, bytes(data))
    assert ["over another" in what for what in whats(found)] == [True]
    assert numbers(found) == [1, 2, 3]


def test_encrypted_and_unknown_methods_are_refused(tmp_path):
    """What is encrypted, or compressed by a method that costs any amount of memory, is named."""
    for name, change, what in [("a", (8, 1), "encrypted"), ("b", (10, 14), "method 14")]:
        data = bytearray(wacz([GIVEN[1], ("archive/x.warc", WARC)]))
        place = data.rfind(b"PK\1\2") + change[0]
        data[place] = change[1]
        (tmp_path / name).mkdir()
        found = unpacked(tmp_path / name, bytes(data))
        assert [what in one for one in whats(found)] == [True]
        assert numbers(found) == [3]


def test_wrong_checksums_of_the_zip_lose_nothing(tmp_path):
    """A stored WARC is read whatever the zip says of it: its records have digests of their own."""
    data = wacz(GIVEN[:2])
    place = data.index(RECORDS[2])
    flipped = data[:place] + RECORDS[2].replace(b"hello", b"jello") + data[place + len(RECORDS[2]) :]
    found = unpacked(tmp_path, flipped)
    assert numbers(found) == [1, 2, 3]
    assert [one.intact for one in scan(found.files[1].path)] == [False]


def test_broken_header_of_a_member_loses_nothing(tmp_path):
    """A stored WARC whose header in the zip is broken is found by its records."""
    data = wacz(GIVEN[:2])
    place = data.rindex(b"PK\3\4")
    found = unpacked(tmp_path, data[:place] + b"xxxx" + data[place + 4 :])
    assert numbers(found) == [1, 2, 3]


def test_cut_wacz_is_read_by_its_records(tmp_path):
    """A WACZ without its directory is a file in which records are found."""
    (tmp_path / "cut").write_bytes(wacz(GIVEN[:1])[:-40])
    assert form_of(tmp_path / "cut") is Form.WARC_GZIP
    assert len([one for one in scan(tmp_path / "cut") if isinstance(one, Seen)]) == 2


# ---- bounds --------------------------------------------------------------------------------------------------

SMALL = Bounds(most=1 << 22, free=1 << 20, ratio=10)
BOMBS = {
    "gzip": lambda: gzip.compress(WARC + bytes(64 << 20)),
    "zstd": lambda: zstd.compress(WARC + bytes(64 << 20)),
    "wacz": lambda: wacz([("archive/a.warc", WARC + bytes(64 << 20))], zipfile.ZIP_DEFLATED),
    "gzip in wacz": lambda: wacz([("archive/a.warc.gz", gzip.compress(WARC + bytes(64 << 20)))]),
    "gzip of gzip": lambda: wacz(
        [("archive/a.warc.gz", gzip.compress(WARC + gzip.compress(bytes(64 << 20))))]
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_cut(tmp_path, name):
    """What unpacks to more than its share is cut there, named, and costs no memory; what came before is kept."""
    bomb = BOMBS[name]()
    tracemalloc.start()
    try:
        found = unpacked(tmp_path, bomb, bounds=SMALL)
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    assert numbers(found) == [1, 2, 3]
    assert ("left out" in "".join(whats(found))) is (name != "gzip of gzip")
    assert sum(path.stat().st_size for path in (tmp_path / "into").iterdir()) <= 3 << 20


@pytest.mark.parametrize("entries", [0xFFFF, 21_000])
def test_too_many_members(tmp_path, entries):
    """A directory that says it has more members than are read is refused before it is read."""
    data = bytearray(wacz(GIVEN[:1]))
    end = data.rfind(b"PK\5\6")
    data[end + 8 : end + 12] = struct.pack("<HH", entries, entries)
    path = tmp_path / "given"
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="members"):
        unpack(path, Form.WACZ, tmp_path)


def test_in_place_is_itself(tmp_path):
    """A file that can be read in place is returned as it is."""
    found = unpacked(tmp_path, WARC)
    assert [part.path for part in found.files] == [tmp_path / "given"]
