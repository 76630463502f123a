# SPDX-License-Identifier: EUPL-1.2
"""One day's index: its lines, and how they are found."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from index.cdxj import Index, format_line, is_sorted, lower_bound, merge_sorted, parse_line, place_of
from index.errors import DamagedError, NotFoundError
from index.model import REVISIT, Capture, Original, Request
from index.urlkey import normalise, urlkey

NOW = "20260302023000"
CAPTURE = Capture(
    "org,example)/a",
    NOW,
    "https://example.org/a",
    "text/html",
    200,
    "sha256:" + "0" * 64,
    "x.warc.gz",
    333,
    1043,
)
ORIGINAL = Original(
    "20260301023000", "o.warc.gz", 7, 8, "text/html", 200, "https://example.org/a", "20260301023001"
)
GOLDEN = (
    b'org,example)/a 20260302023000 {"url":"https://example.org/a","mime":"text/html","status":"200",'
    b'"digest":"sha256:' + b"0" * 64 + b'","length":"1043","offset":"333","filename":"x.warc.gz"}\n'
)
BAD_LINES = [
    b"",
    b"\n",
    b"org,example)/a",
    b"org,example)/a 2026 {}",
    GOLDEN.replace(b'"url":"https://example.org/a",', b""),
    GOLDEN.replace(b'"333"', b"333"),
    GOLDEN.replace(b'"333"', b'"-333"'),
    GOLDEN.replace(b'"333"', b'"3_3"'),
    GOLDEN.replace(b'"200"', b'"two"'),
    GOLDEN.replace(b"20260302023000", b"2026030202300x"),
    GOLDEN.replace(b"}", b',"orig.snapshot":"20260301023000"}'),
    GOLDEN.replace(b"}", b',"method":"POST"}'),
    GOLDEN.replace(b"}", b',"method":"POST","request.digest":"","request.offset":"-1"}'),
    GOLDEN[:-5],
    b"\xff" + GOLDEN,
    b"z 20260302023000 " + b"[" * 100_000,
]

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_OPTIONAL = st.none() | _TEXT
_NUMBER = st.integers(0, 10**15)
_ORIGINALS = st.builds(
    Original,
    st.just(NOW),
    _TEXT,
    _NUMBER,
    _NUMBER,
    _TEXT,
    st.integers(100, 999),
    _TEXT,
    st.just(NOW),
    _OPTIONAL,
    _OPTIONAL,
)
_REQUESTS = st.builds(Request, _TEXT, _TEXT, _TEXT, _TEXT.filter(bool), _NUMBER)
_CAPTURES = st.builds(
    Capture,
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    st.just(NOW),
    _TEXT,
    _TEXT,
    st.none() | st.integers(0, 999),
    _TEXT,
    _TEXT,
    _NUMBER,
    _NUMBER,
    _OPTIONAL,
    _OPTIONAL,
    _OPTIONAL,
    _OPTIONAL,
    st.none() | _ORIGINALS,
    _OPTIONAL,
    _OPTIONAL,
    request=st.none() | _REQUESTS,
)
_PATHS = st.lists(st.text("aAbB/?&-_~", max_size=6), max_size=40)


def captured(url, timestamp=NOW, **other):
    return replace(CAPTURE, urlkey=urlkey(url), url=url, timestamp=timestamp, **other)


@pytest.fixture
def indexed(tmp_path):
    def make(*captures):
        path = tmp_path / "index.cdxj"
        path.write_bytes(b"".join(sorted(map(format_line, captures))))
        return Index(path)

    return make


def test_golden_line():
    """The line of a capture, byte for byte."""
    assert format_line(CAPTURE) == GOLDEN
    assert parse_line(GOLDEN) == CAPTURE
    assert parse_line(GOLDEN.rstrip()) == CAPTURE


def test_golden_revisit():
    """A revisit says where its payload lies, after the keys of the standard."""
    line = format_line(replace(CAPTURE, mime=REVISIT, status=304, etag='"é"', original=ORIGINAL))
    assert line.endswith(
        b'"filename":"x.warc.gz","etag":"\\"\\u00e9\\"","orig.snapshot":"20260301023000",'
        b'"orig.filename":"o.warc.gz","orig.offset":"7","orig.length":"8","orig.mime":"text/html",'
        b'"orig.status":"200","orig.url":"https://example.org/a","orig.timestamp":"20260301023001"}\n'
    )


def test_golden_record():
    """A line names its record and that of the original by id and by a date with its fraction."""
    named = {"record": "urn:uuid:1", "date": "2026-03-02T02:30:00.000001Z"}
    line = format_line(replace(CAPTURE, original=replace(ORIGINAL, record="urn:uuid:0", date="x"), **named))
    assert b'"filename":"x.warc.gz","record":"urn:uuid:1","date":"2026-03-02T02:30:00.000001Z",' in line
    assert line.endswith(b'"orig.timestamp":"20260301023001","orig.record":"urn:uuid:0","orig.date":"x"}\n')


@given(_CAPTURES)
def test_place_is_that_of_the_capture(capture):
    """Where a record lies is told the same without reading the line whole, whatever its values hold."""
    assert place_of(format_line(capture)) == (capture.filename, capture.offset)


def test_place_in_the_line_of_another_tool():
    """A line with its keys in another order has its place as well, and a damaged one has none."""
    line = GOLDEN.replace(b'"offset":"333","filename":"x.warc.gz"', b'"filename":"x.warc.gz","offset":"333"')
    assert place_of(line) == ("x.warc.gz", 333)
    with pytest.raises(DamagedError, match="cannot be read"):
        place_of(GOLDEN.replace(b'"333"', b'"-333"'))


def test_line_at_a_byte(indexed):
    """A line is found again by where it begins."""
    one, two = captured("https://example.org/a"), captured("https://example.org/b")
    with indexed(one, two) as index:
        assert parse_line(index.line_at(0)) == one
        assert parse_line(index.line_at(len(format_line(one)))) == two


def test_artefact_has_no_status():
    """A status that is not there is written as a hyphen."""
    line = format_line(replace(CAPTURE, status=None))
    assert b'"status":"-"' in line
    assert parse_line(line).status is None


@given(_CAPTURES)
def test_round_trip(capture):
    """Whatever a website put into a value, it comes back, and the line stays one line of ASCII."""
    line = format_line(capture)
    assert parse_line(line) == capture
    assert line.isascii()
    assert line.count(b"\n") == 1


def test_lone_surrogates_are_replaced():
    """Half a character, which no UTF-8 can say, becomes the replacement character."""
    assert parse_line(format_line(replace(CAPTURE, etag="a\udc80é"))).etag == "a\ufffdé"


@pytest.mark.parametrize("key", ["", "a b", "a\n", "é", "a\x00"])
def test_key_that_breaks_the_line(key):
    """A key with a space, a control character or beyond ASCII is refused."""
    with pytest.raises(ValueError, match="cannot begin"):
        format_line(replace(CAPTURE, urlkey=key))


@pytest.mark.parametrize("line", BAD_LINES)
def test_damaged_line(line):
    """A line that is not what it should be is told, never guessed at."""
    with pytest.raises(DamagedError, match="cannot be read"):
        parse_line(line)


def test_unknown_keys_are_passed_over():
    """A line with keys of another tool can be read."""
    assert parse_line(GOLDEN.replace(b'{"url"', b'{"access":"x","n":1,"url"')) == CAPTURE


def test_empty_index(indexed):
    """A day without captures has an index without lines."""
    with indexed() as index:
        assert list(index.lines()) == list(index.captures()) == list(index.prefix("")) == []
        assert index.find("https://example.org/a") is None


def test_missing_index(tmp_path):
    """An index that is not there is told by its path."""
    with pytest.raises(NotFoundError, match=r"index\.cdxj"):
        Index(tmp_path / "index.cdxj")


def test_last_line_without_newline(tmp_path):
    """A file whose last newline is missing is read whole."""
    (tmp_path / "x").write_bytes(GOLDEN.rstrip())
    with Index(tmp_path / "x") as index:
        assert index.find(CAPTURE.url) == CAPTURE


def test_find_takes_the_same_spelling_and_the_latest(indexed):
    """Of captures that share a key, only those of the very URL count, and of these the last."""
    url, upper = "https://example.org/a", "https://example.org/A"
    early, late, other = captured(url), captured(url, "20260302023100"), captured(upper, "20260302024000")
    with indexed(early, late, other) as index:
        assert index.find(url) == late
        assert index.find(upper) == other
        assert index.find("http://example.org/a") is None
        assert list(index.candidates("http://www.example.org/a/")) == [early, late, other]


def test_prefix(indexed):
    """Captures below a path are found by the beginning of their key."""
    urls = [
        "https://example.org/a",
        "https://example.org/a/b",
        "https://example.org/ab",
        "https://example.org/b",
    ]
    with indexed(*map(captured, urls)) as index:
        assert [one.url for one in index.prefix("org,example)/a")] == [urls[0], urls[1], urls[2]]
        assert [one.url for one in index.exact("org,example)/a")] == urls[:1]
        assert [one.url for one in index.prefix("org,example)/z")] == []


@given(paths=_PATHS, asked=st.text("aAbB/?&-_~", max_size=6))
def test_search_equals_scan(tmp_path_factory, paths, asked):
    """Every look-up gives what reading the whole file would give."""
    captures = {captured(normalise(f"http://example.org/{path}")) for path in paths}
    lines = sorted(map(format_line, captures))
    path = tmp_path_factory.mktemp("cdxj") / "x"
    path.write_bytes(b"".join(lines))
    url = normalise(f"http://example.org/{asked}")
    with Index(path) as index:
        everything = list(index.captures())
        assert list(index.lines()) == lines
        assert index.find(url) == next((one for one in everything if one.url == url), None)
        assert list(index.candidates(url)) == [one for one in everything if one.urlkey == urlkey(url)]
        assert list(index.prefix(urlkey(url))) == [
            one for one in everything if one.urlkey.startswith(urlkey(url))
        ]


@given(
    st.lists(st.text("abc", min_size=1, max_size=400), max_size=30),
    st.text("abcd", max_size=3),
    st.integers(0, 20_000),
)
def test_a_guess_changes_no_search(words, wanted, near):
    """Wherever a search begins, it ends at the first line that is not before what is wanted."""
    data = b"".join(f"{word}\n".encode() for word in sorted(words))
    found = lower_bound(data, wanted.encode(), near)
    assert data[:found] == b"".join(f"{word}\n".encode() for word in sorted(words) if word < wanted)


def test_threads_share_an_index(indexed):
    """Threads that look up at once each find their own."""
    urls = [f"https://example.org/{number}" for number in range(200)]
    wrong = []
    with indexed(*map(captured, urls)) as index:

        def look():
            wrong.extend(url for url in urls * 5 if index.find(url).url != url)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_order():
    """Order is that of bytes, and merging keeps it and drops what is double."""
    assert is_sorted([])
    assert is_sorted([b"A", b"a", b"a"])
    assert not is_sorted([b"a", b"B"])
    assert list(merge_sorted([b"a", b"c"], [b"b", b"c"], [])) == [b"a", b"b", b"c"]


def test_what_imported_records_add():
    """The digest that another tool recorded, and that a revisit's payload is nowhere, stand in their lines."""
    line = format_line(replace(CAPTURE, mime=REVISIT, recorded="sha1:ABC", unresolved=True))
    assert line.endswith(b'"filename":"x.warc.gz","recorded":"sha1:ABC","unresolved":"yes"}\n')
    assert parse_line(line) == replace(CAPTURE, mime=REVISIT, recorded="sha1:ABC", unresolved=True)


@given(
    st.lists(st.text("ab/", min_size=1, max_size=4), max_size=30),
    st.text("ab/ 1", max_size=4),
    st.integers(0, 400),
    st.integers(1, 300),
)
def test_blocks_are_whole_lines(tmp_path_factory, keys, low, near, size):
    """From the first line that is not before a bound, blocks of any size hold whole lines, and all of them."""
    path = tmp_path_factory.mktemp("index") / "index.cdxj"
    lines = sorted(f"{key} {number % 3}{'x' * (number % 7)}\n".encode() for number, key in enumerate(keys))
    path.write_bytes(b"".join(lines))
    with Index(path) as index:
        start = index.place(low.encode(), near)
        blocks = [index.block(start, size)]
        while blocks[-1]:
            start += len(blocks[-1])
            blocks.append(index.block(start, size))
    assert b"".join(blocks) == b"".join(line for line in lines if line >= low.encode())
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3), st.integers(0, 900)), max_size=30),
    st.sampled_from(["a", "b 1", "c", "d 2", "x"]),
    st.integers(0, 20_000),
)
def test_about_a_place(tmp_path_factory, made, named, near):
    """What is found about a guess is where the first line that begins so begins, or nothing is found."""
    lines = sorted(b"%b %d %b\n" % (key.encode(), number, b"-" * size) for key, number, size in made)
    path = tmp_path_factory.mktemp("about") / "x.cdxj"
    path.write_bytes(b"".join(lines))
    first = next((at for at, line in enumerate(lines) if line.startswith(named.encode())), None)
    with Index(path) as index:
        found, read, at = index.about(b"\n" + named.encode(), near)
        if read:
            assert first is not None
            assert found == len(b"".join(lines[:first]))
            assert path.read_bytes()[found:].startswith(read[at:])
        exact = index.place(named.encode())
        if first is not None and lines[first - 1 : first] and exact > 2000:
            assert index.about(b"\n" + named.encode(), exact)[0] == exact  # a guess that is right is enough
