# SPDX-License-Identifier: EUPL-1.2
"""Any file is scanned to its end: what is intact is given, what is not is named, nothing is lost in between."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.scanning.plain import Plain, looked_for
from archiver.scanning.scan import Form, Seen, Skipped, find_start, form_of, in_place, scan
from archiver.scanning.window import Window
from index.errors import DamagedError
from tests.support.exchanges import MOMENT, RESPONSES, exchange_of, warc_files
from tests.support.foreign import HELLO, PAGE, members, record, sha1

PACKS = {"plain": b"".join, "gzip": members}
INNER = b"HTTP/1.1 200 OK\r\n\r\n" + record(PAGE, 99) + record(PAGE, 98)


@pytest.fixture(params=PACKS)
def pack(request):
    return PACKS[request.param]


def put(folder, data):
    path = folder / "t"
    path.write_bytes(data)
    return path


def scanned(folder, data):
    found = list(scan(put(folder, data)))
    ends = [one.end for one in found]
    assert [one.offset for one in found] == [0, *ends[:-1]], "what was found does not cover the file"
    assert ends[-1:] == ([len(data)] if data else [])
    return found


def numbers(found):
    """Return the numbers of the records that were given, by their addresses."""
    names = [one.url.rpartition("/")[2] for one in found if isinstance(one, Seen)]
    return [int(name) for name in names if name.isdecimal()]


def skipped(found):
    return [(one.offset, one.end, one.what) for one in found if isinstance(one, Skipped)]


# ---- forms ---------------------------------------------------------------------------------------------------

FORMS = {
    "plain": (record(), Form.WARC),
    "plain 0.18": (record(version="0.18"), Form.WARC),
    "member per record": (members([record(), record()]), Form.WARC_GZIP),
    "one record alone": (members([record()]), Form.WARC_GZIP),
    "long first record": (members([record(PAGE + bytes(1 << 20)), record()]), Form.WARC_GZIP),
    "one member": (gzip.compress(record() * 2), Form.GZIP),
    "one long member": (gzip.compress(record(PAGE + bytes(1 << 20)) * 2), Form.GZIP),
    "members across records": (members([record()[:99], record()[99:]]), Form.GZIP),
    "first bytes gone": (b"xxxx" + record()[4:] + record(), Form.WARC),
    "first member broken": (members([record()])[:-4] + members([record(), record()]), Form.WARC_GZIP),
    "first magic broken": (b"xx" + members([record()])[2:] + members([record(), record()]), Form.WARC_GZIP),
    "zeros in front": (bytes(4096) + members([record(), record()]), Form.WARC_GZIP),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(20), Form.ZSTD),
    "zstd after a dictionary": (b"\x5d\x2a\x4d\x18" + bytes(20), Form.ZSTD),
    "arc": (b"filedesc://a.arc 0.0.0.0 20260302023001 text/plain 9\n1 0 A\n\n", Form.ARC),
    "arc without its first record": (b"http://a.example/ 192.0.2.1 20260302023001 text/html 0\n", Form.ARC),
    "arc.gz": (gzip.compress(b"filedesc://a 0.0.0.0 20260302023001 text/plain 0\n\n"), Form.ARC_GZIP),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_is_told_by_content(tmp_path, name):
    """What a file is, its bytes say."""
    data, form = FORMS[name]
    assert form_of(put(tmp_path, data)) is form
    assert in_place(form) is (form in {Form.WARC, Form.WARC_GZIP})


@pytest.mark.parametrize("data", [b"", b"<html>", b"PK\3\4", gzip.compress(b"<html>"), b"\x1f\x8b\x08\0"])
def test_what_is_no_archive_is_refused(tmp_path, data):
    """A file without a record is a sentence that names it, whether its form or its scan is asked for."""
    with pytest.raises(DamagedError, match=str(tmp_path)):
        list(scan(put(tmp_path, data)))


def test_unknown_version_is_named(tmp_path):
    """Records of a version that is not known are named with it."""
    (one,) = scanned(tmp_path, record(version="2.0"))
    assert "WARC/2.0" in one.what
    assert "0.17 to 1.1" in one.what


def test_missing_file_is_a_sentence(tmp_path):
    """A file that is not there is a sentence."""
    with pytest.raises(DamagedError, match="No such file"):
        form_of(tmp_path / "none")


# ---- intact --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_our_own_files(tmp_path, compression):
    """What we write is seen with the digests that its index lines have, and nothing odd about it."""
    files = warc_files(tmp_path, compression=compression)
    captures = [files.exchange(exchange_of(raw)) for raw in RESPONSES.values()]
    captures.append(files.exchange(exchange_of(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * (3 << 12))))
    captures.append(files.resource("urn:text:a", "text/plain; charset=utf-8", b"text", MOMENT))
    files.close()
    (path,) = tmp_path.iterdir()
    found = {one.offset: one for one in scan(path)}
    assert not any(isinstance(one, Skipped) for one in found.values())
    for capture in captures:
        one = found[capture.offset]
        assert (one.url, one.end - one.offset) == (capture.url, capture.length)
        assert (one.digest, one.intact) == (capture.digest, True)
        assert one.status == (None if capture.url.startswith("urn:") else capture.status)


def test_what_is_seen(tmp_path, pack):
    """A record comes with all that an index needs of it."""
    revisit = record(b"", 2, kind="Revisit", WARC_Payload_Digest=HELLO.upper().replace("SHA256", "SHA-256"))
    request = record(b"POST /3 HTTP/1.1\r\n\r\nab", 3, kind="request", version="1.1")
    one, two, three = scanned(tmp_path, pack([record(), revisit, request]))
    assert (one.kind, one.version, one.status, one.block_length) == ("response", "1.0", 200, len(PAGE))
    assert (one.digest, one.payload_length, one.faults) == (HELLO, 5, ())
    assert one.headers == (("Content-Type", "text/html"), ("Content-Length", "5"))
    assert (two.kind, two.digest, two.status, two.faults) == ("revisit", HELLO, None, ())
    assert (three.method, three.version, three.payload_length) == ("POST", "1.1", 2)


def test_parts_of_a_file(tmp_path, pack):
    """A scan may begin at any record, and ends before what begins at its stop."""
    path = put(tmp_path, pack(record(number=number) for number in range(9)))
    whole = list(scan(path))
    assert list(scan(path, whole[3].offset, whole[6].offset)) == whole[3:6]
    for before, after in pairwise(whole):
        assert find_start(path, before.offset + 1) == after.offset
        assert find_start(path, after.offset) == after.offset
    assert find_start(path, whole[-1].offset + 1) is None


# ---- damage --------------------------------------------------------------------------------------------------

RECORDS = [record(number=number) for number in (1, 2, 3)]
SHORT, LONG = (record(number=2, length=len(PAGE) + by) for by in (-3, +3))
SWALLOWS = record(number=2, length=len(PAGE) + 4 + len(RECORDS[2]) - 4)
DAMAGED = {
    "cut": (lambda pack: pack(RECORDS)[:-20], [1, 2]),
    "cut in a tail": (lambda _: b"".join(RECORDS)[:-2], [1, 2, 3]),
    "zeros between": (lambda pack: pack(RECORDS[:1]) + bytes(5000) + pack(RECORDS[1:]), [1, 2, 3]),
    "zeros behind": (lambda pack: pack(RECORDS) + bytes(5000), [1, 2, 3]),
    "text behind": (lambda pack: pack(RECORDS) + b"nonsense\r\nWARC/1.0\r\n", [1, 2, 3]),
    "text between": (lambda pack: pack(RECORDS[:1]) + b"nonsense\r\n\r\n" + pack(RECORDS[1:]), [1, 2, 3]),
    "a member taken out": (lambda pack: pack([RECORDS[0], RECORDS[2]]), [1, 3]),
    "members swapped": (lambda pack: pack(reversed(RECORDS)), [3, 2, 1]),
    "half a record": (lambda pack: pack(RECORDS[:2])[:-40] + pack(RECORDS[2:]), [1, 3]),
    "length too short": (lambda pack: pack([RECORDS[0], SHORT, RECORDS[2]]), [1, 3]),
    "length too long": (lambda pack: pack([RECORDS[0], LONG, RECORDS[2]]), [1, 3]),
    "length beyond the end": (lambda pack: pack([record(number=1, length=10**15), *RECORDS[1:]]), [2, 3]),
    "length takes in the next": (lambda pack: pack([RECORDS[0], SWALLOWS, RECORDS[2]]), [1, 3]),
    "no length": (lambda pack: pack([record(number=1, Content_Length=None), *RECORDS[1:]]), [2, 3]),
    "unknown version": (lambda pack: pack([RECORDS[0], record(number=2, version="2.0"), RECORDS[2]]), [1, 3]),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named_and_the_rest_given(tmp_path, name, pack):
    """Every intact record of a damaged file is given, and what is left is named with its place."""
    make, intact = DAMAGED[name]
    found = scanned(tmp_path, make(pack))
    assert numbers(found) == intact
    assert all(what for _, _, what in skipped(found))
    assert len(skipped(found)) == (
        0 if name in {"cut in a tail", "a member taken out", "members swapped"} else 1
    )


def test_flipped_bytes(tmp_path, pack):
    """Whatever single byte is changed, the other records are given, and the change is told."""
    whole = pack(RECORDS)
    for place in range(len(whole)):
        data = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        try:
            found = scanned(tmp_path, data)
        except DamagedError:
            pytest.fail(f"the byte at {place} makes the file unreadable")
        hit = 1 + sum(place >= len(pack(RECORDS[:upto])) for upto in (1, 2))
        rest = [one for one in found if isinstance(one, Seen) and one.intact and one.url[-1:] != str(hit)]
        assert {one.url[-1:] for one in rest} >= {"1", "2", "3"} - {str(hit)}


def test_body_that_looks_like_records(tmp_path, pack):
    """What stands in the block of an intact record is not taken for records, with digests and without."""
    bare = record(INNER, 2, WARC_Block_Digest=None)
    odd = record(b"\r\n\r\nWARC/1.0\r\n" + INNER, 3, tail=b"")
    assert numbers(scanned(tmp_path, pack([RECORDS[0], record(INNER, 1), bare, odd]))) == [1, 1, 2, 3]


def test_digest_mismatch_keeps_the_record(tmp_path, pack):
    """A record whose digests are wrong is kept, and called damaged, whatever stands in its block."""
    one, two = scanned(tmp_path, pack([record(INNER, 1, WARC_Block_Digest=sha1(b"")), RECORDS[1]]))
    assert ([fault.rule for fault in one.faults], one.intact, two.intact) == (["block-digest"], False, True)


def test_several_records_in_a_member_are_told(tmp_path):
    """Where a later member holds two records, it is said that unpacking gives them."""
    found = scanned(tmp_path, members([RECORDS[0], b"".join(RECORDS[1:]), RECORDS[0]]))
    assert [one.rule for one in found if isinstance(one, Skipped)] == ["crowded-member"]
    assert numbers(found) == [1, 1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), packed=st.booleans(), hits=st.integers(1, 4))
def test_random_damage_loses_nothing_intact(tmp_path, seed, packed, hits):
    """However a stretch of a file is damaged, every record that lies outside of it is given."""
    rng = random.Random(seed)
    blocks = [rng.choice([PAGE, INNER, PAGE + rng.randbytes(rng.randrange(4000)), b""]) for _ in range(8)]
    made = [record(block, number) for number, block in enumerate(blocks)]
    parts = [members([one]) for one in made] if packed else made
    whole = b"".join(parts)
    start = rng.randrange(len(whole))
    stop = min(len(whole), start + rng.choice([1, 8, 100, 3000]) * hits)
    junk = rng.choice(
        [b"", bytes(stop - start), rng.randbytes(stop - start), whole[:99], record(PAGE, 77)[:-30]]
    )
    at, outside = 0, []
    for number, part in enumerate(parts):
        if at + len(part) <= start or at >= stop:
            outside.append(number)
        at += len(part)
    path = put(tmp_path, whole[:start] + junk + whole[stop:])
    try:
        found = list(scan(path))
    except DamagedError:
        assert outside == []
        return
    assert [number for number in numbers(found) if number in outside] == outside


# ---- bounds --------------------------------------------------------------------------------------------------

BOMBS = {
    "body": lambda: gzip.compress(record(PAGE + bytes(64 << 20))) + members(RECORDS),
    "head": lambda: gzip.compress(b"WARC/1.0\r\n" + b"A: b\r\n" * (8 << 20)) + members(RECORDS),
    "line": lambda: gzip.compress(b"WARC/1.0\r\nA: " + b"x" * (64 << 20)) + members(RECORDS),
    "http head": lambda: gzip.compress(record(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (8 << 20))) + members(RECORDS),
    "chunks": lambda: gzip.compress(record(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * (1 << 17) + b"0\r\n\r\n")),
    "plain": lambda: record(PAGE + bytes(64 << 20)) + b"".join(RECORDS),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_memory_stays_flat(tmp_path, name):
    """Records of any size pass in pieces."""
    path = put(tmp_path, BOMBS[name]())
    tracemalloc.start()
    try:
        found = list(scan(path))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    assert name == "chunks" or numbers(found)[-3:] == [1, 2, 3]


def test_long_and_short_are_read_alike(tmp_path, pack):
    """A long chunked body gives the payload that a short one gives."""
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [bytes(range(256)) * 300] * 40)
    block = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"
    payload = bytes(range(256)) * 12000
    (one,) = scanned(tmp_path, pack([record(block, WARC_Payload_Digest=sha1(payload))]))
    assert (one.payload_length, one.faults) == (len(payload), ())


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("a head without end", 2),
        ("heads in a head", 10),
        ("heads without fields", 1200),
    ],
)
def test_heads_in_heads_cost_no_more_than_is_there(tmp_path, name, most):
    """Of places where a record could begin as many are looked at as leave the file's own size in proportion."""
    begins = b"WARC/1.0\r\n"
    data = {
        "a head without end": begins + b"X: " + b"WARC/1.0\r\n " * 300_000,
        "heads in a head": b"".join([begins + b"X: " + b"WARC/1.0\r\n " * 80_000 + b"\r\n\r\n"] * 2),
        "heads without fields": (begins + b"\r\n") * 10_000,
    }[name]
    path = put(tmp_path, data)
    with path.open("rb") as file:
        records = Plain(Window(file.fileno()))
        records.wasted = 1 << 30  # what every file is granted, so that a small one shows what it costs
        assert 0 < sum(1 for _ in looked_for(records, 0)) < most
    assert all(isinstance(one, Skipped) for one in scanned(tmp_path, data))


INTACT = [record(PAGE, number) for number in range(20, 40)]
PLACES = b"WARC/1.0\nfoo\n\n" * 300_000


@pytest.mark.parametrize(
    "damage",
    [
        PLACES,
        record(PLACES, 9).replace(b"Content-Length:", b"Content-Xength:"),
        record(b"WARC/1.0\n" * 3000 + b"y" * (1 << 21), 9, WARC_Block_Digest=sha1(b"another")) + b"XXXX",
    ],
    ids=["no record", "a record without length", "a record with another digest"],
)
def test_what_follows_many_places_is_found(tmp_path, damage):
    """However many places in what is damaged look like records, those that follow are given."""
    found = scanned(tmp_path, b"".join([record(PAGE, 1), damage, *INTACT]))
    assert sum(isinstance(one, Seen) and one.fields["warc-record-id"][-3:-1] in TWENTY for one in found) == 20


TWENTY = {str(number) for number in range(20, 40)}
