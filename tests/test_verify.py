# SPDX-License-Identifier: EUPL-1.2
"""Every damage to a sealed snapshot is found and named, verify raises nothing, and a clean archive is clean."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import shutil
import zlib
from dataclasses import replace

import msgspec
import pytest

from archiver.checking.verify import check_contents, hash_file, verify
from archiver.ledger import Entry, UrlOutcome, write_lines
from archiver.package import encode, encode_digest
from archiver.snapshot_folder import SnapshotFolder
from archiver.warc import original_of, reference_of
from index.cdxj import format_line
from tests.support.exchanges import RESPONSES, exchange_of, warc_files
from tests.support.snapshots import HOST, SITE, build_days, page

DAYS = [
    {
        "/": page("Monday", "/same", "/missing", "/moved", "/chunked", "/empty"),
        "/same": page("always the same"),
        "/moved": (301, {"Location": "/same"}, b""),
        "/chunked": (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, b"hello"),
        "/empty": (200, {"Content-Type": "text/plain"}, b""),
    },
    {"/": page("Tuesday", "/same"), "/same": page("always the same")},
]
MONDAY, TUESDAY, WEDNESDAY = "20260302023000", "20260303023000", "20260304023000"


@pytest.fixture(scope="module", params=["gzip", "none"])
def sealed(request, tmp_path_factory):
    """Yield two sealed days."""
    root = tmp_path_factory.mktemp("sealed")
    with build_days(root, DAYS, compression=request.param) as archive:
        yield archive.collection.site_folder(SITE)


@pytest.fixture
def days(sealed, tmp_path):
    """Return a copy of them that may be damaged."""
    shutil.copytree(sealed, tmp_path / "snapshots")
    for path in [tmp_path / "snapshots", *(tmp_path / "snapshots").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tmp_path / "snapshots"


def problems(days, day=MONDAY):
    def find(snapshot, filename):
        return SnapshotFolder(SITE, snapshot, days / snapshot).warc(filename)

    return [str(one) for one in verify(SnapshotFolder(SITE, day, days / day), find)]


def files_of(days, day=MONDAY):
    return sorted(
        path.relative_to(days / day).as_posix() for path in (days / day).rglob("*") if path.is_file()
    )


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x04
    path.write_bytes(data)


def reseal(folder):
    """Write datapackage.json anew, so that only the contents themselves can tell."""
    described = json.loads((folder / "datapackage.json").read_bytes())
    for one in described["resources"]:
        path = folder / one["path"]
        one |= {"hash": hash_file(path), "bytes": path.stat().st_size}
    (folder / "datapackage.json").write_bytes(encode(described))
    (folder / "datapackage-digest.json").write_bytes(encode_digest(hash_file(folder / "datapackage.json")))


def lines_of(days, name, day=MONDAY):
    return (days / day / name).read_bytes().splitlines(keepends=True)


def put_lines(days, name, lines, day=MONDAY):
    (days / day / name).write_bytes(b"".join(lines))
    reseal(days / day)


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_clean_archive_has_no_problems(days, day):
    """Of a snapshot that is whole nothing is said."""
    assert problems(days, day) == []


def test_one_flipped_bit_is_found_wherever_it_is(days):
    """One bit in any file of a snapshot, at its begin, middle or end, is found and its file named."""
    for name in files_of(days):
        path = days / MONDAY / name
        whole = path.read_bytes()
        for at in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            flip(path, at)
            found = problems(days)
            assert any(name in one or "datapackage" in one for one in found), (name, at)
            path.write_bytes(whole)
    assert problems(days) == []


def test_every_flipped_bit_of_a_warc_is_found_by_its_records(days):
    """Also without the seal, the digests of the records find a bit that was flipped in a WARC."""
    path = next((days / MONDAY / "archive").iterdir())
    folder = SnapshotFolder(SITE, MONDAY, days / MONDAY)
    whole = path.read_bytes()
    # nothing says what stands in the named fields that no digest is over, nor in four bytes of a gzip head
    blocks = [at for at in range(0, len(whole), 97) if _is_guarded(whole, at)]
    assert len(blocks) > 10
    for at in blocks:
        flip(path, at)
        if _inflated(path.read_bytes(), at) == _inflated(whole, at) != b"":
            path.write_bytes(whole)
            continue  # a bit that fills up a byte of the compressed data, which is part of nothing
        assert list(check_contents(folder, lambda _day, name: path.with_name(name))) != [], at
        path.write_bytes(whole)


def _inflated(data, at):
    """Return what the gzip member at a place holds, nothing where it is none or broken."""
    start = data.rfind(b"\x1f\x8b\x08\0\0\0\0\0", 0, at + 8)
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(data[max(0, start) :])
    return b""


def _is_guarded(data, at):
    if data.startswith(b"\x1f\x8b"):
        start = data.rfind(b"\x1f\x8b\x08\0\0\0\0\0", 0, at + 8)
        return at - start >= 10
    start = data.rfind(b"WARC/1.1\r\n", 0, at + 1)
    if start < 0:
        return False
    head = data.index(b"\r\n\r\n", start)
    return head + 4 <= at < start + len(data[start:].split(b"\r\n\r\nWARC/1.1\r\n")[0])


@pytest.mark.parametrize("damage", ["cut", "remove", "grow"])
def test_every_cut_removed_or_grown_file_is_named(days, damage):
    """A file that is shorter, longer or gone is named, whichever it is."""
    for name in files_of(days):
        path = days / MONDAY / name
        whole = path.read_bytes()
        if damage == "remove":
            path.unlink()
        else:
            path.write_bytes(whole[:-7] if damage == "cut" else whole + b"\n")
        assert any(name in one for one in problems(days)), name
        path.write_bytes(whole)


STRAY = [
    "archive/more.warc.gz",
    "notes.txt",
    "datapackage.json.bak",
    "datapackage-old.json",
    "pages/.hidden",
    "new/deep/file",
]


@pytest.mark.parametrize("name", STRAY)
def test_added_file_is_named(days, name):
    """A file that was not sealed is named."""
    path = days / MONDAY / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"stray")
    assert f"{MONDAY}: {name}: stands in the folder but not in datapackage.json" in problems(days)


def test_missing_folders_raise_nothing(days):
    """Whole folders may be gone: everything that is missing is told."""
    for name in ("archive", "indexes", "logs", "pages"):
        shutil.rmtree(days / MONDAY / name)
    found = problems(days)
    assert sum("is not there, and datapackage.json lists it" in one for one in found) == 5
    shutil.rmtree(days / MONDAY)
    assert problems(days) != []


NO_PACKAGE = {
    "not JSON": b"{",
    "empty": b"",
    "list": b"[]",
    "no resources": b"{}",
    "resources in words": b'{"resources": "all"}',
    "resource without hash": b'{"resources": [{"path": "a", "bytes": 1}]}',
    "not UTF-8": b'{"resources": [{"path": "\xff", "bytes": 1, "hash": "x"}]}',
    "nested": b'{"resources": ' + b"[" * 100_000,
    "nested elsewhere": b'{"resources": [], "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "counts in words": b'{"resources": [], "daykeep": {"day": "", "outcome": "complete", "counts": 7, "changed": 1, "lacking": 0, "demonstration": 1}}',
}


@pytest.mark.parametrize("name", NO_PACKAGE)
def test_unreadable_package_is_named(days, name):
    """A datapackage.json of any other form is told, and the contents are checked all the same."""
    (days / MONDAY / "datapackage.json").write_bytes(NO_PACKAGE[name])
    flip(next((days / MONDAY / "archive").iterdir()), 600)
    found = problems(days)
    assert any("datapackage.json" in one for one in found)
    assert any("archive/" in one for one in found)


OUTSIDE = ["../../../etc/passwd", "/dev/zero", "archive/../../x", "a\0b", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_package_cannot_name_files_outside(days, name):
    """A path that leads out of the folder is told as missing, and never opened."""
    described = json.loads((days / MONDAY / "datapackage.json").read_bytes())
    described["resources"].append({"name": "x", "path": name, "bytes": 1, "hash": "sha256:0"})
    (days / MONDAY / "datapackage.json").write_bytes(encode(described))
    assert any("is not there, and datapackage.json lists it" in one for one in problems(days))


def edited(line, **changes):
    key, moment, body = line.split(b" ", 2)
    fields = {name: value for name, value in (json.loads(body) | changes).items() if value is not None}
    return b"%b %b %b\n" % (key, moment, msgspec.json.encode(fields))


INDEX_EDITS = {
    "another address": (
        lambda lines: [edited(lines[0], url=f"{HOST}/x"), *lines[1:]],
        "gives another address",
    ),
    "another digest": (
        lambda lines: [edited(lines[0], digest="sha256:0"), *lines[1:]],
        "gives another payload digest",
    ),
    "another length": (lambda lines: [edited(lines[0], length="9"), *lines[1:]], "gives another length"),
    "another offset": (lambda lines: [edited(lines[0], offset="9"), *lines[1:]], "no record at offset 9"),
    "another file": (lambda lines: [edited(lines[0], filename="x.warc"), *lines[1:]], "of x.warc"),
    "a line gone": (lambda lines: lines[1:], f"the record of {HOST}/ has no line in the index"),
    "a line twice": (lambda lines: [lines[0], *lines], "two lines for one record"),
    "another order": (lambda lines: lines[::-1], "its lines are not in order"),
    "no line at all": (lambda lines: [*lines, b"zzz\n"], "cannot be read"),
    "a line of nested nonsense": (
        lambda lines: [*lines, b"z 20260302023000 " + b"[" * 100_000 + b"\n"],
        "index.cdxj",
    ),
}


@pytest.mark.parametrize("name", INDEX_EDITS)
def test_edited_index_is_found_by_the_records(days, name):
    """An index that was edited and sealed anew is contradicted by the records themselves."""
    edit, what = INDEX_EDITS[name]
    put_lines(days, "indexes/index.cdxj", edit(lines_of(days, "indexes/index.cdxj")))
    assert any(what in one for one in problems(days))


def ledger(line, **changes):
    return msgspec.json.encode(json.loads(line) | changes) + b"\n"


LEDGER_EDITS = {
    "an outcome twice": (lambda lines: [lines[0], *lines], "has 2 outcomes"),
    "an outcome gone": (lambda lines: lines[1:], "is in the index, and the ledger does not call it stored"),
    "another outcome": (lambda lines: [ledger(lines[0], outcome="timeout"), *lines[1:]], "do not add up"),
    "stored and not there": (
        lambda lines: [*lines, ledger(lines[0], url=f"{HOST}/x")],
        "the index does not know it",
    ),
    "an unknown outcome": (
        lambda lines: [ledger(lines[0], outcome="lost"), *lines[1:]],
        "line 1 is not a ledger entry",
    ),
    "no entry": (lambda lines: [*lines, b"\xff\n"], "is not a ledger entry"),
    "nested nonsense": (lambda lines: [*lines, b'{"x":' + b"[" * 100_000 + b"\n"], "is not a ledger entry"),
}


@pytest.mark.parametrize("name", LEDGER_EDITS)
def test_edited_ledger_is_found(days, name):
    """A ledger that was edited and sealed anew is contradicted by the index or by the counts."""
    edit, what = LEDGER_EDITS[name]
    put_lines(days, "logs/ledger.jsonl", edit(lines_of(days, "logs/ledger.jsonl")))
    assert any(what in one for one in problems(days))


def test_edited_counts_are_found(days):
    """Counts that were edited and sealed anew do not match the ledger."""
    path = days / MONDAY / "datapackage.json"
    described = json.loads(path.read_bytes())
    described["daykeep"]["counts"]["captured"] += 1
    path.write_bytes(encode(described))
    reseal(days / MONDAY)
    assert problems(days) == [f"{MONDAY}: logs/ledger.jsonl: its outcomes do not add up to the sealed counts"]


def test_damage_hides_nothing_behind_it(days):
    """Behind a damaged record the others are still read: the damage is told once, where it is."""
    path = next((days / MONDAY / "archive").iterdir())
    line = json.loads(lines_of(days, "indexes/index.cdxj")[1].split(b" ", 2)[2])
    data = bytearray(path.read_bytes())
    start, end = int(line["offset"]), int(line["offset"]) + int(line["length"])
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    reseal(days / MONDAY)
    assert [one for one in problems(days) if "archive/" in one and f"offset {start}" in one]
    lost = [one for one in problems(days) if "no record at offset" in one]
    assert len(lost) == 1
    assert line["url"] in lost[0]


def test_revisit_is_held_against_its_original(days):
    """A revisit whose earlier record is gone or was replaced is found on the day that refers to it."""
    assert problems(days, TUESDAY) == []
    index = days / MONDAY / "indexes" / "index.cdxj"
    whole = index.read_bytes()
    index.write_bytes(b"".join(one for one in whole.splitlines(keepends=True) if b")/same " not in one))
    assert any("knows no such payload there" in one for one in problems(days, TUESDAY))
    index.write_bytes(whole)
    shutil.rmtree(days / MONDAY)
    found = problems(days, TUESDAY)
    assert len(found) == 1
    assert f"the revisit of {HOST}/same refers to what is not there" in found[0]


def test_index_cannot_lead_out_of_the_archive(days):
    """A revisit that names a path instead of a WARC is told, and the path never opened."""
    lines = [
        edited(one, **{"orig.filename": "../../../../x"}) if b"orig.filename" in one else one
        for one in lines_of(days, "indexes/index.cdxj", TUESDAY)
    ]
    put_lines(days, "indexes/index.cdxj", lines, TUESDAY)
    assert any("is not the name of a WARC" in one for one in problems(days, TUESDAY))


@pytest.mark.parametrize("name", RESPONSES)
def test_whatever_a_server_sends_reads_back(tmp_path, name):
    """No response, however odd, may keep a snapshot from being sealed: what was received verifies."""
    folder = SnapshotFolder(SITE, MONDAY, tmp_path / MONDAY)
    for part in ("indexes", "logs"):
        (folder.path / part).mkdir(parents=True)
    files = warc_files(folder.path / "archive")
    capture = files.exchange(exchange_of(RESPONSES[name]))
    files.close()
    folder.index_path.write_bytes(format_line(capture))
    entry = {
        "url": capture.url,
        "outcome": "captured",
        "status": 200,
        "reason": "",
        "via": "seed",
        "bytes": 1,
    }
    folder.ledger_path.write_bytes(msgspec.json.encode(entry | {"timestamp": MONDAY}))
    assert list(check_contents(folder, lambda _day, file: folder.warc(file))) == []


def build(root, day, exchanges, references=(), **changes):
    """Return a snapshot of these exchanges, unsealed, and its lines; `changes` are made to each line."""
    folder = SnapshotFolder(SITE, day, root / day)
    for part in ("indexes", "logs"):
        (folder.path / part).mkdir(parents=True)
    files = warc_files(folder.path / "archive", prefix=day)
    same_as = [*references, *[None] * len(exchanges)]
    captures = [files.exchange(one, same) for one, same in zip(exchanges, same_as, strict=False)]
    files.close()
    folder.index_path.write_bytes(
        b"".join(sorted(format_line(msgspec.structs.replace(one, **changes)) for one in captures))
    )
    entries = [Entry(one.url, UrlOutcome.CAPTURED, 200, "", "seed", 1, day) for one in captures]
    folder.ledger_path.write_bytes(b"".join(write_lines(entries)))
    return folder, captures


def contents(folder, *, deep):
    def find(snapshot, filename):
        return SnapshotFolder(SITE, snapshot, folder.path.parent / snapshot).warc(filename)

    return [one.what for one in check_contents(folder, find, deep=deep)]


@pytest.mark.parametrize("name", ["plain", "chunked"])
@pytest.mark.parametrize("deep", [False, True])
def test_not_modified_is_held_against_its_original(tmp_path, name, deep):
    """A 304 that refers to the response of another day is in order, and so is one that refers to a 304."""
    _, (first,) = build(tmp_path, MONDAY, [exchange_of(RESPONSES[name])])
    same_as = reference_of(original_of(first, MONDAY), first.digest)
    second, (again,) = build(tmp_path, TUESDAY, [exchange_of(RESPONSES["304"])], [same_as])
    assert contents(second, deep=deep) == []
    same_as = reference_of(original_of(again, TUESDAY), again.digest)
    third, _ = build(tmp_path, WEDNESDAY, [exchange_of(RESPONSES["304"])], [same_as])
    assert contents(third, deep=deep) == []


REFERRED = {
    "digest": ({}, {"digest": f"sha256:{'0' * 64}"}, "knows no such payload there"),
    "id": ({}, {"record_id": "<urn:uuid:0>"}, "its record gives another record"),
    "moment": ({}, {"date": "2026-03-01T02:30:01.000001Z"}, "its record gives another timestamp, date"),
    "size": ({"length": 10**9}, {}, "ends before it"),
    "profile": ({"status": 200}, {}, "its record gives another profile"),
}


@pytest.mark.parametrize("name", REFERRED)
def test_revisit_that_says_otherwise_is_found(tmp_path, name):
    """A revisit whose record, line and original do not agree is named."""
    changes, said, what = REFERRED[name]
    _, (first,) = build(tmp_path, MONDAY, [exchange_of(RESPONSES["plain"])])
    original = original_of(first, MONDAY)
    same_as = replace(reference_of(original, first.digest), **said)
    own = {"original": msgspec.structs.replace(original, **changes)} if "length" in changes else changes
    second, _ = build(tmp_path, TUESDAY, [exchange_of(RESPONSES["304"])], [same_as], **own)
    found = contents(second, deep=False)
    assert any(f"the revisit of {first.url} refers to what is not there" in one for one in found)
    assert any(what in one for one in found)


def test_record_referred_to_is_read_by_verify_alone(tmp_path):
    """A record of another day that was replaced under its line is found by reading it."""
    before, (first,) = build(tmp_path, MONDAY, [exchange_of(RESPONSES["plain"])])
    same_as = reference_of(original_of(first, MONDAY), first.digest)
    second, _ = build(tmp_path, TUESDAY, [exchange_of(RESPONSES["304"])], [same_as])
    path = before.warc(first.filename)
    path.write_bytes(bytes(path.stat().st_size))
    assert contents(second, deep=False) == []
    assert any("there is no WARC record" in one for one in contents(second, deep=True))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"timestamp": WEDNESDAY}, "another timestamp than"),
        ({"record": "urn:uuid:0"}, "another record than"),
        ({"date": "2026-03-02T02:30:01.000501Z"}, "another date than"),
    ],
    ids=["timestamp", "record", "date"],
)
def test_line_of_another_moment_is_found(tmp_path, changes, what):
    """A line that gives its record another moment or id is contradicted by the record."""
    folder, _ = build(tmp_path, MONDAY, [exchange_of(RESPONSES["plain"])], **changes)
    assert any(what in one for one in contents(folder, deep=False))


def test_older_lines_without_ids_are_in_order(tmp_path):
    """An index from before lines named their records is not called wrong for it."""
    folder, _ = build(tmp_path, MONDAY, [exchange_of(RESPONSES["plain"])], record=None, date=None)
    assert contents(folder, deep=True) == []


def test_payload_digest_that_lies_is_found(tmp_path):
    """A record whose block is whole and whose payload digest is another is named with its offset."""
    folder = SnapshotFolder(SITE, MONDAY, tmp_path / MONDAY)
    files = warc_files(folder.path / "archive", compression="none")
    capture = files.exchange(exchange_of(RESPONSES["plain"]))
    files.close()
    path = folder.warc(capture.filename)
    lie = f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    path.write_bytes(path.read_bytes().replace(capture.digest.encode(), lie.encode()))
    found = [str(one) for one in check_contents(folder, lambda _day, file: folder.warc(file))]
    assert (
        f"{MONDAY}: archive/t-00000.warc at offset {capture.offset}: the payload digest is not {lie}" in found
    )


def test_compressed_twice_is_found(days):
    """A WARC that another tool packed anew, with the same records inside, is not what was sealed."""
    path = next((days / MONDAY / "archive").iterdir())
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert any(f"archive/{path.name}" in one for one in problems(days))
