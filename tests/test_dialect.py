# SPDX-License-Identifier: EUPL-1.2
"""Each rule for odd records: when it is used, what is read by it, and that replay reads the same."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.dialect import RULES, is_uri, warc_moment
from archiver.digests import parse_digest
from archiver.records import open_record
from archiver.responses import open_response, payload_digest, read_response
from archiver.scanning.scan import Seen, scan
from index.model import Capture, Original
from tests.support.foreign import CHUNKED, HELLO, PAGE, members, record, sha1, sha256

ROOT = Path(__file__).parents[1]
DNS = b"20260302023001\nwww.example.org. 60 IN A 192.0.2.1\n"
PSEUDO = b":status: 200\r\nserver: x\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello"
UNFRAMED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello"
BROKEN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"
BARE = b"<html>HTTP/0.9"
ENDLESS = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200_000
EXPECTED = b"hello"
OF_NOTHING = record(kind="revisit", WARC_Block_Digest=sha1(b""), WARC_Payload_Digest=sha256(EXPECTED))

# rule, record, payload
CASES = [
    ("block-digest", record(WARC_Block_Digest=sha1(b"")), EXPECTED),
    ("payload-digest", record(WARC_Payload_Digest=sha1(b"")), EXPECTED),
    ("digest-over-framing", record(CHUNKED, WARC_Payload_Digest=sha1(b"5\r\nhello\r\n0\r\n\r\n")), EXPECTED),
    ("digest-after-first-head", record(INTERIM, WARC_Payload_Digest=sha1(INTERIM[22:])), EXPECTED),
    ("digest-unknown", record(WARC_Block_Digest="crc32:0011"), EXPECTED),
    ("digest-unknown", record(WARC_Block_Digest="sha1:short"), EXPECTED),
    ("digest-of-nothing", OF_NOTHING, EXPECTED),
    ("no-block-digest", record(WARC_Block_Digest=None), EXPECTED),
    ("bare-lf", record(eol="\n"), EXPECTED),
    ("folded", record(raw=b"X-Long: one\r\n two\r\n"), EXPECTED),
    ("latin-1", record(raw=b"X-Name: \xe9\r\n"), EXPECTED),
    ("repeated", record(raw=b"WARC-Type: request\r\n"), EXPECTED),
    ("bracketed-uri", record(WARC_Target_URI="<http://www.example.org/1>"), EXPECTED),
    ("invalid-uri", record(WARC_Target_URI="http://www.example.org/a|b c"), EXPECTED),
    ("no-uri", record(WARC_Target_URI=None), EXPECTED),
    ("bare-id", record(WARC_Record_ID="urn:uuid:1"), EXPECTED),
    ("no-id", record(WARC_Record_ID=None), EXPECTED),
    ("date-digits", record(WARC_Date="20260302023001"), EXPECTED),
    ("date-invalid", record(WARC_Date="yesterday"), EXPECTED),
    ("date-invalid", record(WARC_Date=None), EXPECTED),
    ("no-content-type", record(Content_Type=None), EXPECTED),
    ("tail", record(tail=b""), EXPECTED),
    ("tail", record(tail=b"\r\n"), EXPECTED),
    ("tail", record(tail=b"\n\n"), EXPECTED),
    ("http-2", record(b"HTTP/2 200\r\nserver: x\r\n\r\nhello"), EXPECTED),
    ("http-2", record(b"HTTP/3 200 \r\n\r\nhello"), EXPECTED),
    ("pseudo-fields", record(PSEUDO), EXPECTED),
    ("pseudo-fields", record(b"HTTP/2 200\r\n" + PSEUDO), EXPECTED),
    ("no-status-line", record(BARE), BARE),
    ("no-status-line", record(BARE, Content_Type=None), BARE),
    ("endless-head", record(ENDLESS), ENDLESS),
    ("http-length", record(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), EXPECTED),
    ("http-length", record(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello"), EXPECTED),
    ("not-chunked", record(UNFRAMED), EXPECTED),
    ("chunks-broken", record(BROKEN), EXPECTED),
    ("dns-response", record(DNS, WARC_Target_URI="dns:www.example.org", Content_Type="text/dns"), DNS),
]


REPLAYED = [pytest.param(data, found, id=rule) for rule, data, found in CASES if rule != "endless-head"]
"""Replay refuses a head that does not end (test_records)."""


def only(folder, data):
    path = folder / "t"
    path.write_bytes(data)
    (one,) = scan(path)
    assert isinstance(one, Seen)
    return path, one


def capture(path, one, **more):
    return Capture(
        urlkey="a", timestamp="20260302023001", url="http://a/", mime="unk", status=None, digest="", filename=path.name,
        offset=one.offset, length=one.end - one.offset, **more,
    )  # fmt: skip


def test_every_rule_has_its_case():
    """No rule without a test, no test without a rule, and each has a sentence."""
    assert {rule for rule, _, _ in CASES} == set(RULES)
    assert all(rule.sentence.endswith(".") for rule in RULES.values())


def test_page_of_rules():
    """docs/odd-records.md has every rule in its own words."""
    page = (ROOT / "docs" / "odd-records.md").read_text(encoding="utf-8")
    rows = [
        f"| `{name}` | {rule.sentence} | {'damage' if rule.damage else ''} |" for name, rule in RULES.items()
    ]
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows


@pytest.mark.parametrize("pack", [bytes, lambda data: members([data])], ids=["plain", "gzip"])
@pytest.mark.parametrize(("rule", "data", "expected"), CASES, ids=[case[0] for case in CASES])
def test_rule(tmp_path, rule, data, expected, pack):
    """A record that needs a rule is kept, the rule and nothing else that is odd is said of it."""
    _, one = only(tmp_path, pack(data))
    assert rule in [fault.rule for fault in one.faults]
    assert {fault.rule for fault in one.faults} - {rule} <= {"no-content-type", "http-2"}
    assert (one.digest, one.payload_length) == (sha256(expected), len(expected))
    assert one.intact is not RULES[rule].damage


@pytest.mark.parametrize(("data", "expected"), REPLAYED)
def test_replay_reads_the_same(tmp_path, data, expected):
    """Replay, verify and export find the payload that the scan found."""
    path, one = only(tmp_path, data)
    with open_response(lambda *_: path, "", capture(path, one)) as response:
        assert b"".join(response.body) == expected
        assert response.status == (one.status or 200)
        assert one.status is None or response.headers == one.headers
    with open_record(path, 0) as stored:
        assert payload_digest(stored) == one.digest


WITHOUT = {
    "pseudo fields": (record(PSEUDO), (("server", "x"),)),
    "pseudo fields behind a status line": (record(b"HTTP/2 200\r\n" + PSEUDO), (("server", "x"),)),
    "DNS": (record(DNS, Content_Type="text/dns"), (("Content-Type", "text/dns"),)),
    "HTTP/0.9": (record(BARE), ()),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_fields_that_can_be_sent(tmp_path, name):
    """What replay sends has fields that HTTP knows: no pseudo fields, and the media type where there is no head."""
    data, headers = WITHOUT[name]
    path, _ = only(tmp_path, data)
    with open_record(path, 0) as stored:
        assert read_response(stored)[0].headers == headers


@pytest.mark.parametrize("block", [b"", PAGE[: PAGE.index(b"hello")]], ids=["no head", "its own head"])
def test_revisit_without_its_head(tmp_path, block):
    """A revisit that keeps no head shows the head of what it refers to."""
    path = tmp_path / "t"
    path.write_bytes(record() + record(block, 2, kind="revisit"))
    one, two = scan(path)
    original = Original(
        snapshot="",
        filename="t",
        offset=0,
        length=one.end,
        mime="text/html",
        status=200,
        url=one.url,
        timestamp="",
    )
    with open_response(lambda *_: path, "", capture(path, two, original=original)) as response:
        assert (response.status, response.headers) == (200, one.headers)
        assert b"".join(response.body) == b"hello"


NOT_HTTP = [
    record(PAGE, kind="resource", Content_Type="message/http"),
    record(PAGE, kind="conversion", Content_Type="text/plain"),
    record(PAGE, Content_Type="text/html"),
]


@pytest.mark.parametrize("data", NOT_HTTP)
def test_what_only_looks_like_http(tmp_path, data):
    """A block that its record says is something else is all payload."""
    assert only(tmp_path, data)[1].digest == sha256(PAGE)


CUT = [("disconnect", b""), (None, b"hello")]


@pytest.mark.parametrize(("truncated", "expected"), CUT)
def test_chunks_of_a_cut_response(tmp_path, truncated, expected):
    """A response that was cut was cut by who followed its chunks, so they are followed again."""
    data = record(UNFRAMED, WARC_Truncated=truncated)
    path, one = only(tmp_path, data)
    assert one.digest == sha256(expected)
    with open_record(path, 0) as stored:
        assert payload_digest(stored) == one.digest


DIGESTS = [
    (f"{label}:{spell(hashlib.new(algorithm, PAGE).digest())}", True)
    for algorithm, labels in {
        "md5": ("md5", "MD5"),
        "sha1": ("sha1", "SHA-1"),
        "sha256": ("sha256", "sha-256", "SHA256"),
        "sha512": ("sha512", "SHA-512"),
        "sha3_256": ("sha3-256",),
        "blake2b": ("blake2b",),
    }.items()
    for label in labels
    for spell in (
        bytes.hex,
        lambda value: value.hex().upper(),
        lambda value: base64.b32encode(value).decode(),
        lambda value: base64.b32encode(value).decode().rstrip("=").lower(),
        lambda value: base64.b64encode(value).decode(),
        lambda value: base64.urlsafe_b64encode(value).decode().rstrip("="),
    )
]


@pytest.mark.parametrize(("said", "known"), [*DIGESTS, ("sha999:00", False), ("sha1", False), ("", False)])
def test_digests_of_any_tool(said, known):
    """A digest is read whatever its algorithm and letters."""
    digest = parse_digest(said)
    assert (digest is not None) is known
    if digest:
        assert digest.value == hashlib.new(digest.algorithm, PAGE).digest()


@pytest.mark.parametrize("said", [DIGESTS[0][0], DIGESTS[9][0], DIGESTS[20][0]])
def test_digests_are_recomputed(tmp_path, said):
    """A digest of any algorithm is held against the block."""
    assert only(tmp_path, record(WARC_Block_Digest=said))[1].faults == ()
    assert not only(tmp_path, record(PAGE + b"!", WARC_Block_Digest=said))[1].intact


DATES = [
    ("2026-03-02T02:30:01Z", datetime(2026, 3, 2, 2, 30, 1, tzinfo=UTC)),
    ("2026-03-02T02:30:01.5Z", datetime(2026, 3, 2, 2, 30, 1, 500_000, tzinfo=UTC)),
    ("2026-03-02T02:30:01.123456789Z", datetime(2026, 3, 2, 2, 30, 1, 123_456, tzinfo=UTC)),
    ("2026-03-02T03:30:01+01:00", datetime(2026, 3, 2, 2, 30, 1, tzinfo=UTC)),
    ("2026-03-02T02:30:01", datetime(2026, 3, 2, 2, 30, 1, tzinfo=UTC)),
    ("20260302023001", datetime(2026, 3, 2, 2, 30, 1, tzinfo=UTC)),
    ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
    ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
    ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
    ("0000-01-01T00:00:00Z", None),
    ("0001-01-01T00:00:00+14:00", None),
    ("20261302023001", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "moment"), DATES)
def test_dates_of_any_tool(text, moment):
    """A date is read with or without a fraction, as digits, and in UTC where it names no zone."""
    assert warc_moment(text) == moment


@pytest.mark.parametrize(("text", "valid"), [("http://a/?b=%20", True), ("urn:a:b", True), ("http://a/ b", False),
    ("http://a/%2", False), ("/a", False), ("http://é/", False), ("http://a/" + "b" * 10**6 + "|", False)])  # fmt: skip
def test_uris(text, valid):
    """A URI is told from what only browsers take, at any length."""
    assert is_uri(text) is valid


def test_hello():
    """The digest the tests expect is that of the payload they use."""
    assert sha256(EXPECTED) == HELLO
