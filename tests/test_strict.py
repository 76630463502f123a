# SPDX-License-Identifier: EUPL-1.2
"""Every rule of WARC/1.1 is kept by its good example, and its bad example is found by it and by no other rule."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.strict import days as strict
from archiver.strict.days import check
from archiver.strict.fields import KINDS, MISPLACED
from archiver.strict.grammar import is_address, is_date, is_digest, is_id, is_media_type, is_uri
from archiver.strict.rules import RULES, Level
from tests.support.conformance import EXAMPLES
from tests.support.exchanges import RESPONSES, exchange_of, warc_files
from tests.support.rules_table import render
from tests.support.snapshots import SITE, build_days, page
from tests.support.warc_bytes import DATE, NAME, RECORDS, TARGET, day, members, name_of, sha256

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def findings(folder, day, **options):
    """Return what is found in the files of a day."""
    paths = [folder / name for name in sorted(day)]
    for path in paths:
        path.write_bytes(day[path.name])
    return list(check(paths, NOW, **options))


def test_every_rule_has_examples():
    """Each rule of the table has a good and a bad example, and no example is of a rule that is not there."""
    assert set(EXAMPLES) | {"file-size"} == set(RULES)


def test_rules_in_the_documentation():
    """docs/warc-rules.md has the rules as they stand in their table."""
    assert render() in (Path(__file__).parents[1] / "docs/warc-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", EXAMPLES)
def test_good_example(rule, tmp_path):
    """Of what is right nothing is said, by no rule of any level."""
    assert [str(one) for one in findings(tmp_path, EXAMPLES[rule].good)] == []


@pytest.mark.parametrize("rule", EXAMPLES)
def test_bad_example(rule, tmp_path):
    """What breaks one rule is found by it alone."""
    assert {one.rule for one in findings(tmp_path, EXAMPLES[rule].bad)} == {rule}


def test_bad_example_of_size(tmp_path, monkeypatch):
    """A file of more bytes than the guideline allows is told."""
    monkeypatch.setattr(strict, "MAX_FILE", 1000)
    assert {one.rule for one in findings(tmp_path, day())} == {"file-size"}


def test_house_rules_can_be_left_out(tmp_path):
    """What only this archive promises is not asked of the files of others."""
    bad = EXAMPLES["block-digest-missing"].bad
    assert [one.level for one in findings(tmp_path, bad)] == [Level.HOUSE]
    assert findings(tmp_path, bad, house=False) == []


VALUES = {
    "warc-concurrent-to": name_of(2),
    "warc-ip-address": "192.0.2.1",
    "warc-refers-to": name_of(2),
    "warc-refers-to-target-uri": TARGET,
    "warc-refers-to-date": DATE,
    "warc-target-uri": TARGET,
    "warc-warcinfo-id": name_of(1),
    "warc-filename": NAME,
    "warc-profile": "http://netpreserve.org/warc/1.1/revisit/server-not-modified",
    "warc-payload-digest": sha256(b""),
    "warc-identified-payload-type": "text/plain",
    "warc-segment-origin-id": name_of(2),
    "warc-segment-total-length": "9",
}
PLACES = [(name, kind) for name, (_, kinds) in MISPLACED.items() for kind in sorted(kinds)]


@pytest.mark.parametrize(("name", "kind"), PLACES)
def test_field_on_the_wrong_type(name, kind, tmp_path):
    """Every field that the standard forbids on a type of record is told on each such type."""
    which = kind if kind in RECORDS else "resource"
    found = findings(tmp_path, day(which, {"WARC-Type": kind, name: VALUES[name]}))
    assert MISPLACED[name][0] in {one.rule for one in found}


def test_fields_of_the_table_are_of_types_that_exist():
    """The table of places names the types of the standard alone."""
    assert {kind for _, kinds in MISPLACED.values() for kind in kinds} <= KINDS
    assert set(VALUES) == set(MISPLACED)


GRAMMAR = [
    (is_uri, "http://www.example.org/", True),
    (is_uri, "https://user:pass@www.example.org:8080/a;b=1/%C3%A9?q=/?#x", True),
    (is_uri, "http://[2001:db8::1]/", True),
    (is_uri, "http://[v1.fe]/", True),
    (is_uri, "http://[2001:db8::1%25eth0]/", False),
    (is_uri, "http://[1.2.3]/", False),
    (is_uri, "urn:text:https://www.example.org/", True),
    (is_uri, "dns:www.example.org", True),
    (is_uri, "a:", True),
    (is_uri, "http://www.example.org/a b", False),
    (is_uri, "http://www.example.org/a|b", False),
    (is_uri, "http://www.example.org/{a}", False),
    (is_uri, "http://www.example.org/%4", False),
    (is_uri, "http://www.example.org/%zz", False),
    (is_uri, "http://www.example.org/caf\N{LATIN SMALL LETTER E WITH ACUTE}", False),
    (is_uri, "http://www.example.org/#a#b", False),
    (is_uri, "http://a:b:c/", False),
    (is_uri, "/a", False),
    (is_uri, "1a:b", False),
    (is_uri, "", False),
    (is_uri, "http://www.example.org/\n", False),
    (is_id, "<urn:uuid:1>", True),
    (is_id, "urn:uuid:1", False),
    (is_id, "<urn:uuid:1", False),
    (is_id, "<<urn:uuid:1>>", False),
    (is_id, "< urn:uuid:1>", False),
    (is_date, "2026", True),
    (is_date, "2026-03-02", True),
    (is_date, "2026-03-02T02:30Z", True),
    (is_date, "2026-03-02T02:30:01.123456789Z", True),
    (is_date, "2026-03-02T02:30:01.1234567890Z", False),
    (is_date, "2026-03-02T02:30:01.Z", False),
    (is_date, "2026-03-02T02:30:01", False),
    (is_date, "2026-03-02 02:30:01Z", False),
    (is_date, "2026-3-2T02:30:01Z", False),
    (is_date, "2026-03-02T02:30:01z", False),
    (is_media_type, "text/html", True),
    (is_media_type, 'text/html;charset="utf-8"; a=b', True),
    (is_media_type, "application/http; msgtype=response", True),
    (is_media_type, "text/html;", False),
    (is_media_type, "text/html; charset", False),
    (is_media_type, "text / html", False),
    (is_media_type, "text", False),
    (is_address, "192.0.2.1", True),
    (is_address, "192.0.2.256", False),
    (is_address, "192.0.2.01", False),
    (is_address, "::ffff:192.0.2.1", True),
    (is_address, "fe80::1%eth0", False),
    (is_address, "[::1]", False),
    (is_digest, "sha256:00", True),
    (is_digest, "sha1:ABC=", False),
    (is_digest, "sha1 :ABC", False),
    (is_digest, "sha1:a:b", False),
    (is_digest, "sha1", False),
]


@pytest.mark.parametrize(("right", "text", "wanted"), GRAMMAR)
def test_grammar(right, text, wanted):
    """Values are held to the letter of their grammar."""
    assert right(text) is wanted


DIGESTS = {
    "md5:5d41402abc4b2a76b9719d911017c592": set(),
    "md5:LVAUAKV4JMVHNOLRTWIRAF6FSI": set(),
    "md5:lvauakv4jmvhnolrtwiraf6fsi": {"digest-notation"},
    "sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N": set(),
    "sha1:AIKLJM2V2EOKR4WOIWUWRQTEMUN57P4D": {"block-digest-value"},
    "sha1:VL2MMHO4": {"block-digest-value"},
    "sha-1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d": {"digest-notation"},
    "sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d": set(),
    "sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N==": {"block-digest-form"},
    "blake3:ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f": {"digest-algorithm"},
}


@pytest.mark.parametrize("digest", DIGESTS)
def test_digest_of_a_block(digest, tmp_path):
    """A digest counts in Base16 and Base32, of every algorithm that Python has; how it is spelled is advice."""
    found = findings(tmp_path, day("resource", {"WARC-Block-Digest": digest}))
    assert {one.rule for one in found} == DIGESTS[digest]


def test_our_own_writer_breaks_no_rule(tmp_path):
    """Whatever a server sends, the records we make of it keep the standard and our own promises."""
    for compression in ("gzip", "none"):
        files = warc_files(tmp_path, compression=compression, prefix=f"{compression}-20260302023000")
        for raw in RESPONSES.values():
            files.exchange(exchange_of(raw))
        files.resource(
            "urn:text:http://www.example.org/", "text/plain", b"hello", datetime(2026, 3, 2, tzinfo=UTC)
        )
        files.close()
    found = [one for path in tmp_path.iterdir() for one in check([path], NOW)]
    assert {one.rule for one in found} - {"http-response", "http-chunks", "warcinfo-fields"} == set()


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_crawl_breaks_no_rule(compression, tmp_path):
    """Two days of a site with redirects, errors, chunks and revisits keep every rule, advice included."""
    days = [
        {
            "/": page(
                "Monday",
                "/same",
                "/missing",
                "/moved",
                "/chunked",
                "/empty",
                "/caf\N{LATIN SMALL LETTER E WITH ACUTE}|{x}",
            ),
            "/same": page("always the same"),
            "/moved": (301, {"Location": "/same"}, b""),
            "/chunked": (200, {"Content-Type": "text/plain", "Transfer-Encoding": "chunked"}, b"hello"),
            "/empty": (200, {"Content-Type": "text/plain"}, b""),
        },
        {"/": page("Tuesday", "/same"), "/same": page("always the same")},
    ]
    with build_days(tmp_path, days, compression=compression) as archive:
        for folder in archive.collection.snapshots(SITE):
            assert [str(one) for one in check(folder.warcs, NOW)] == []


# ---- damage --------------------------------------------------------------------------------------------------


def test_reading_goes_on_behind_damage(tmp_path):
    """Behind a broken record the others are read: each of two faults is told once, at its offset."""
    plain = bytearray(day("dns", {"WARC-Date": "yesterday"})[NAME])
    plain[plain.index(b"WARC/1.1\r\nWARC-Type: request")] ^= 4
    found = findings(tmp_path, {NAME: bytes(plain)})
    assert [one.rule for one in found] == ["stray-bytes", "date-form"]
    zipped = dict(members(*[[name] for name in RECORDS]))
    [(name, data)] = zipped.items()
    second = data.index(b"\x1f\x8b\x08", 10)
    damaged = data[: second + 20] + b"\xff" * 40 + data[second + 60 :]
    found = findings(tmp_path, {name: damaged})
    assert {(one.rule, one.offset) for one in found if one.rule == "gzip-whole"} == {("gzip-whole", second)}
    assert {one.rule for one in found} == {"gzip-whole", "concurrent-known"}


@pytest.mark.parametrize("compressed", [True, False])
def test_no_damage_ends_the_reading_or_passes(compressed, tmp_path):
    """Cut anywhere or with a bit flipped in a block, a file is never called right, and nothing is raised."""
    data = b"".join(
        gzip.compress(one.encode(), mtime=0) if compressed else one.encode() for one in RECORDS.values()
    )
    name = f"{NAME}.gz" if compressed else NAME
    for size in range(len(data) - 1, 0, -97):
        assert findings(tmp_path, {name: data[:size]}), size
    for at in range(0, len(data), 41):
        flipped = bytearray(data)
        flipped[at] ^= 0x10
        findings(tmp_path, {name: bytes(flipped)})


@pytest.mark.parametrize(
    "data",
    [
        b"\x1f\x8b\x08" * 100_000,
        b"WARC/1.1\r\n" * 100_000,
        b"WARC/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n" * 20_000,
        b"WARC/1.1\r\n" + b"a" * 3_000_000,
        b"WARC/1.1\r\n" + b"a: b\r\n" * 300_000,
        b"\r\n" * 500_000,
        gzip.compress(b"WARC/1.1\r\nContent-Length: 0\r\n\r\n" + b"x" * 50_000_000),
    ],
    ids=["members", "versions", "lengths", "line", "fields", "blank", "bomb"],
)
def test_hostile_files_are_bounded(data, tmp_path):
    """No file makes the reader hold much or search without end."""
    path = tmp_path / NAME
    path.write_bytes(data)
    tracemalloc.start()
    assert sum(1 for _ in check([path], NOW)) > 0
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()


def test_memory_stays_the_same(tmp_path):
    """A block of thirty megabytes and two thousand records take no more memory than a few."""
    big = RECORDS["resource"].changed({"WARC-Block-Digest": None, "WARC-Payload-Digest": None}, b"").encode()
    head = big[: -len(b"\r\n\r\n")].replace(b"Content-Length: 0", b"Content-Length: 30000000")
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.write(RECORDS["warcinfo"].encode() + head)
        file.seek(30_000_000, os.SEEK_CUR)
        file.write(b"\r\n\r\n" + RECORDS["dns"].encode() * 2_000)
    tracemalloc.start()
    found = check([path], NOW)
    assert next(found).rule == "block-digest-missing"
    assert {one.rule for one in found} == {"id-unique"}
    assert tracemalloc.get_traced_memory()[1] < 6_000_000
    tracemalloc.stop()
