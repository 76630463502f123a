# SPDX-License-Identifier: EUPL-1.2
"""The words of a page come out as a reader sees them, in the page's own encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.charset import sniff_charset
from archiver.markup import MANY_TAGS, parse
from archiver.text import MAX_TEXT, page_text
from tests.support.bounded import ends

TEXTS = [
    ("<p>One <b>two</b></p><p>three", "One two\nthree"),
    ("<div>a</div>b", "a\nb"),
    ("a<div>b</div>c", "a\nb\nc"),
    ("<div>a<div>b</div>c</div>d", "a\nb\nc\nd"),
    ("<span>a<div>b</div></span>c", "a\nb\nc"),
    ("<div>a</div><b>c</b>", "a\nc"),
    ("a<br>b", "a\nb"),
    ("a<b>b</b><i>c</i>", "abc"),
    ("<b>a</b> <i>b</i>", "a b"),
    ("  a \n\t b&nbsp;&nbsp;c ", "a b c"),
    ("<ul><li>a<li>b</ul>c", "a\nb\nc"),
    ("<table><tr><td>a<td>b<tr><th>c</table>", "a b\nc"),
    ("<h1>a</h1><!-- no -->b", "a\nb"),
    ("a<script>no()</script><style>no{}</style>b", "ab"),
    ("a<noscript><p>no</p></noscript>b<template><p>no</p></template>c", "abc"),
    ("<p hidden>no<b>no</b></p><p>yes<span hidden>no</span>!", "yes!"),
    ("<div hidden><div hidden>no</div>no</div>yes", "yes"),
    ("<p hidden=until-found>yes", "yes"),
    ("<div>a<p hidden>no</p></div>b", "a\nb"),
    ("a<div hidden>no", "a"),
    ("a<bgsound hidden>b<basefont hidden>c<keygen hidden>d", "abcd"),
    ("<iframe>no</iframe><video>no</video><svg><title>no</title><text>yes</text></svg>", "yes"),
    ("<title>no</title>yes", "yes"),
    ("&lt;b&gt; &amp; &euro;", "<b> & €"),
    ("<select><option>a<option>b</select>", "a\nb"),
    ("<pre>a\n  b</pre>c", "a b\nc"),
    ("<frameset><frame src=a></frameset>", ""),
    ("a<xmp><b>&amp;</xmp><plaintext><i>", "a<b>&amp;<i>"),
    ("a<!-- <p>no --><?no?><![CDATA[no]]>b", "ab"),
    ("<a b<c=d>a</a><a title='>'>b</a><a title='<p>'>c</a>", "abc"),
    ("<x-a hidden>no<x-a>no</x-a>no</x-a>yes<br hidden>!<input hidden>?", "yes!?"),
    ("<p data-hidden=x>yes<p title=' hidden=&quot;&quot;'>yes", "yes\nyes"),
    ("<video>no<video>no</video></video>yes<canvas>no<p>no</canvas>", "yes"),
    ("<script>'</p>'</script>a<style>p > b {}</style>b", "ab"),
    ("", ""),
]


@pytest.mark.parametrize(("html", "text"), TEXTS)
def test_text_of_a_page(html: str, text: str) -> None:
    """Blocks stand on lines of their own, white space is one blank, and what is not shown is not there."""
    assert page_text(parse(html.encode())) == text


CHARSETS = [
    ("utf-8", "é".encode(), "utf-8"),
    ("iso-8859-1", b"\xe9\x80", "cp1252"),
    ("windows-1251", b"\xe9", "cp1251"),
    (None, "é".encode(), "utf-8"),
    (None, b"\xe9", "cp1252"),
    (None, b"", "utf-8"),
    ("iso-8859-1", b"\xef\xbb\xbfx", "utf-8"),
    (None, b"\xff\xfex\0", "utf-16-le"),
    (None, b"\xfe\xff\0x", "utf-16-be"),
    (None, b'<meta charset="koi8-r">\xe9', "koi8-r"),
    (None, b"<META HTTP-EQUIV=content-type CONTENT='text/html; charset=iso-8859-15'>", "iso8859-15"),
    (None, b"<!-- <meta charset=koi8-r> -->\xe9", "cp1252"),
    (None, b"<meta charset=utf-16>x", "utf-8"),
    (None, b" " * 2000 + b"<meta charset=koi8-r>\xe9", "cp1252"),
    ("utf-8", b"<meta charset=koi8-r>", "utf-8"),
    ("zip", b"<meta charset=rot13>\xe9", "cp1252"),
    ("unicode_escape", b"x", "utf-8"),
    ('"UTF-8"', b"x", "utf-8"),
]


@pytest.mark.parametrize(("header", "body", "name"), CHARSETS)
def test_charset(header: str | None, body: bytes, name: str) -> None:
    """Mark, header, what the page says, and then the bytes themselves decide the encoding."""
    assert sniff_charset(header, body) == name


def test_xml_names_its_encoding() -> None:
    """XHTML may say its encoding in the XML declaration, and is UTF-8 otherwise."""
    assert sniff_charset(None, b'<?xml version="1.0" encoding="windows-1251"?>', xml=True) == "cp1251"
    assert sniff_charset(None, b"<html>\xe9</html>", xml=True) == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_same_words_in_any_encoding(encoding: str) -> None:
    """A page reads the same whatever encoding it came in."""
    assert page_text(parse("<p>café".encode(encoding))) == "café"


PAGE = [
    ("<html lang=nl><title> A\n b </title>", "A b", "nl"),
    ("<title>a</title><title>b</title>", "a", ""),
    ("<html xml:lang=fy>", "", "fy"),
    ("<p>no title", "", ""),
    ("<title>" + "x" * 9999, "x" * 1000, ""),
    ("<html lang=nl><title>big</title>" + "<div>" * (MANY_TAGS + 1), "big", "nl"),
]


@pytest.mark.parametrize(("html", "title", "language"), PAGE)
def test_title_and_language(html: str, title: str, language: str) -> None:
    """Title and language are those of the page, collapsed and bounded."""
    page = parse(html.encode())
    assert (page.title, page.language) == (title, language)


def test_text_is_bounded() -> None:
    """No more text than the promise is taken from one page."""
    assert len(page_text(parse(b"<p>word " * 1_000_000))) <= MAX_TEXT


HOSTILE = [
    ("blocks", "<div>" * 10_000),
    ("blocks and text", "<div>x" * 10_000),
    ("spans", "<x>a" * 10_000),
    ("mixed", "<x><div>a" * 9_000),
    ("hidden", "<div hidden>x" * 10_000),
    ("templates", "<template>" * 10_000),
    ("more blocks", "<div>" * 200_000),
    ("lists", "<ul><li>" * 100_000),
    ("formatting", "<p>" + "".join(f"<b id={n}>" for n in range(2000)) + "<p>x" * 2000),
    ("formatting, shorter", "<p>" + "".join(f"<i id={n}>" for n in range(490)) + "<p>x" * 490),
    ("attributes", "<p " + " ".join(f"a{n}" for n in range(100_000)) + ">x"),
    ("attributes in quotes", "<p " + " ".join(f"a{n}='>'" for n in range(100_000)) + ">x"),
    ("root attributes", "".join(f"<html a{n}>" for n in range(100_000))),
    ("many names", "".join(f"<p a{n}>" for n in range(300_000))),
    (
        "many names in few tags",
        "".join("<p " + " ".join(f"a{t}x{n}" for n in range(900)) + ">" for t in range(500)),
    ),
    ("unknown ends", "<x>" * 50_000 + "</y>" * 50_000),
    ("quotes", "<a x=\"<a y='" * 100_000),
    ("comments", "<!--" * 200_000),
]


@pytest.mark.parametrize("html", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_nesting_costs_little(html: str) -> None:
    """Pages made to exhaust a parser are read to their end, without recursion (uncapped: minutes or gigabytes)."""
    assert ends(lambda: page_text(parse(html.encode())))


def test_a_page_of_many_tags_keeps_its_words() -> None:
    """A very large page loses nesting, and neither words nor lines."""
    rows = "<tr><td>a &amp; <b>b</b></td><td>c</td></tr>" * (MANY_TAGS // 4)
    page = parse(f"<html><body><script>no()</script><table>{rows}</table>".encode())
    assert page.flat
    assert set(page_text(page).splitlines()) == {"a & b c"}


@given(st.one_of(st.binary(max_size=300), st.text("<>/=\"' &;!-abdivhiden\n", max_size=300).map(str.encode)))
def test_any_bytes_are_read_without_error(body: bytes) -> None:
    """Random bytes never raise, and give the same text each time."""
    assert page_text(parse(body)) == page_text(parse(body))
