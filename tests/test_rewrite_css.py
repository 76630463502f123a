# SPDX-License-Identifier: EUPL-1.2
"""Tests the mapping of addresses in style sheets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bounded import ends
from viewer.rewriting.css import rewrite_css, rewrite_css_text


def mapper(url: str) -> str:
    return f"http://m/{url.split('//')[1]}"


REWRITTEN = [
    ("a{b:url(http://x/a.png)}", "a{b:url(http://m/x/a.png)}"),
    ("a{b:url( 'https://x/a' )}", "a{b:url( 'http://m/x/a' )}"),
    ('a{b:URL("//x/a")}', 'a{b:URL("http://m/x/a")}'),
    ("a{b:url(http\\:\\/\\/x/a)}", "a{b:url(http://m/x/a)}"),
    ("a{b:url('http:\\2f\\2f x/a')}", "a{b:url('http://m/x/a')}"),
    ("a{b:url(http:\\2f\\2f x/a)}", "a{b:url(http://m/x/a)}"),
    ("a{b:url('http://x/a\\\n b')}", "a{b:url('http://m/x/a\\20 b')}"),
    ('a{b:url("http://x/\'\\"")}', 'a{b:url("http://m/x/\\27 \\22 ")}'),
    ("a{b:src('http://x/a')}", "a{b:src('http://m/x/a')}"),
    ('@import "http://x/a.css" screen;', '@import "http://m/x/a.css" screen;'),
    ("@IMPORT/**/'//x/a';", "@IMPORT/**/'http://m/x/a';"),
    ("@import url(http://x/a);", "@import url(http://m/x/a);"),
    (
        "a{b:image-set('http://x/1' 1x,url(http://x/2) 2x)}",
        "a{b:image-set('http://m/x/1' 1x,url(http://m/x/2) 2x)}",
    ),
    ("a{b:-webkit-image-set(url(//x/1) 1x)}", "a{b:-webkit-image-set(url(http://m/x/1) 1x)}"),
    ("a{b:url(http://x/a", "a{b:url(http://m/x/a"),
    ("a{b:url('http://x/a", "a{b:url('http://m/x/a"),
    ("a{b:url(http://x/\\d800 \\0 )}", "a{b:url(http://m/x/\ufffd\ufffd)}"),
    ('@import "data:text/css,a%7B%7D"', '@import "data:text/css,a%7B%7D"'),
    (
        "@import 'DATA: text/css; charset=\"x\",@import http:x,b%7Bc:url(http:%2F%2Fx/)%7D' d;",
        "@import 'data:text/css;charset=x;base64,QGltcG9ydCBodHRwOngsYntjOnVybChodHRwOi8vbS94Lyl9' d;",
    ),
    ("a{b:url('http://x/<\\2fstyle>')}", "a{b:url('http://m/x/\\3c /style>')}"),
]

UNTOUCHED = [
    "a{b:url(a.png)}", "a{b:url('/a//b')}", "a{b:url(data:image/svg+xml,<svg xmlns='http://x/'>)}", "a{b:url()}",
    'a{b:url("data:,//x")}', "a{content:'http://x/'}", "/* url(http://x/) */", "/* url(http://x/)",
    "@namespace svg url(http://www.w3.org/2000/svg);", '@namespace "http://x/";', "a{b:myurl(http://x/)}",
    "a{b:image-set('a' type('http://x/'))}", "a{content:'url(http://x/)'}", 'a{content:"\\" url(http://x/)"}',
    "a[href='http://x/']{}", "//", "\\", "url(", "'", "@import", "\0\x80url(/",
]  # fmt: skip

HOSTILE = [
    "url(",
    "image-set('",
    "image-set((",
    "@import/*",
    "@import '",
    "/*",
    "'",
    '"\\',
    "@namespace '",
    "url('//\\",
    "(",
]


@pytest.mark.parametrize(("css", "expected"), REWRITTEN)
def test_rewritten(css: str, expected: str) -> None:
    """An absolute address is mapped where a browser would load it, and nothing else changes."""
    assert rewrite_css_text(css, mapper) == expected


@pytest.mark.parametrize("css", UNTOUCHED)
def test_untouched(css: str) -> None:
    """Relative addresses, data, text, names and comments stay as they are."""
    assert rewrite_css(css.encode(), lambda url: url) == css.encode()
    assert rewrite_css_text(css, mapper) == css


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([*HOSTILE, "//x", ")", " ", "\\"])).map(lambda parts: "".join(parts).encode())
)
def test_bytes_stay(body: bytes) -> None:
    """With nothing to map, every byte stays, whatever the bytes."""
    assert rewrite_css(body, lambda url: url) == body


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf_16(charset: str) -> None:
    """A sheet in UTF-16 with its mark stays in UTF-16."""
    body = "\ufeffa{b:url(//x/é)}".encode(charset)
    assert rewrite_css(body, mapper) == "\ufeffa{b:url(http://m/x/é)}".encode(charset)


def test_other_charset() -> None:
    """Bytes that are not UTF-8 stay beside a mapped address."""
    assert rewrite_css(b"a{b:'\xe9';c:url(//x/\xe9)}", mapper) == b"a{b:'\xe9';c:url(http://m/x/\xe9)}"


@pytest.mark.parametrize("part", HOSTILE)
def test_linear(part: str) -> None:
    """A megabyte of openings without ends is rewritten to its end, which by its square would be minutes."""
    assert ends(lambda: rewrite_css_text("//" + part * (1_000_000 // len(part)), mapper))
