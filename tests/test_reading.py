# SPDX-License-Identifier: EUPL-1.2
"""What a response says: links, title, language and text, whatever its coding, and what could not be read."""

from __future__ import annotations

import gzip
import zlib

import pytest

from archiver import reading
from archiver.reading import Read, read_page, read_sitemaps
from tests.support.exchanges import URL, exchange_of

PAGE = '<!doctype html><html lang="nl-NL"><title>Één</title><p>Zie <a href="/a">hier</a><img src="b.png"></html>'.encode()


def answer(body, *fields):
    head = "".join(f"{field}\r\n" for field in ("HTTP/1.1 200 OK", *fields, f"Content-Length: {len(body)}"))
    return exchange_of(head.encode() + b"\r\n" + body)


def links(read):
    return {(link.url, link.kind) for link in read.links}


HTML = "Content-Type: text/html; charset=utf-8"
FOUND = {(f"{URL}a", "outlink"), (f"{URL}b.png", "embed")}
CODED = {
    "as it is": (PAGE, ()),
    "gzip": (gzip.compress(PAGE), ("Content-Encoding: gzip",)),
    "deflate": (zlib.compress(PAGE), ("Content-Encoding: deflate",)),
    "two codings": (gzip.compress(zlib.compress(PAGE)), ("Content-Encoding: deflate, gzip",)),
}


@pytest.mark.parametrize("name", CODED)
def test_page_is_read_under_its_codings(name):
    """Links, title, language and text of a page are found whatever it is packed in."""
    body, fields = CODED[name]
    read = read_page(answer(body, HTML, *fields))
    assert links(read) >= FOUND
    assert read.page is not None
    assert read.page[:2] == ("Één", "nl")
    assert "Zie hier" in read.page[2]
    assert read.note == ""


def test_page_with_a_wrong_coding_is_still_read():
    """A page that says gzip and is not packed is read as it is, as browsers do, and the ledger says so."""
    read = read_page(answer(PAGE, HTML, "Content-Encoding: gzip"))
    assert links(read) >= FOUND


def test_chunked_page_is_read():
    """The framing of a chunked body is no part of the page."""
    body = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (40, PAGE[:40], len(PAGE) - 40, PAGE[40:])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert links(read_page(exchange_of(head + body))) >= FOUND


def test_what_lies_beyond_the_limit_is_said(monkeypatch):
    """A body that is too long is read in part, and the note for the ledger says so."""
    monkeypatch.setattr(reading, "MAX_PARSED", len(PAGE))
    read = read_page(answer(PAGE + b'<a href="/late">', HTML))
    assert links(read) >= FOUND
    assert f"{URL}late" not in {url for url, _ in links(read)}
    assert read.note.startswith("its links were read in part: ")


def test_coding_that_is_not_known_is_said():
    """A page in a coding we cannot undo gives no links, and the note says which."""
    read = read_page(answer(b"\x1b\x03", HTML, "Content-Encoding: br"))
    assert "br" in read.note


OTHERS = [
    ("text/css", b"a{background:url(/c.png)}", {(f"{URL}c.png", "embed")}),
    ("application/geo+json", b'{"url":"/k.json"}', {(f"{URL}k.json", "hint")}),
    ("text/javascript", b"import './m.js'; x('/nl/a/')", {(f"{URL}m.js", "embed"), (f"{URL}nl/a/", "hint")}),
    ("image/png", b"\x89PNG\r\n\x1a\n<a href='/x'>", set()),
    ("application/pdf", b"%PDF-1.7 <a href='/x'>", set()),
    ("application/octet-stream", b"\0\1", set()),
]


@pytest.mark.parametrize(("mime", "body", "found"), OTHERS)
def test_other_kinds_are_no_pages(mime, body, found):
    """A style sheet has links and is no page; an image has neither."""
    read = read_page(answer(body, f"Content-Type: {mime}"))
    assert (links(read), read.page) == (found, None)


def test_link_fields_count_for_every_kind():
    """A Link field of the response is read, also where the body has no links."""
    read = read_page(answer(b"x", "Content-Type: image/png", "Link: </style.css>; rel=stylesheet"))
    assert links(read) == {(f"{URL}style.css", "embed")}


LANGUAGES = [
    ("nl", "nl"),
    ("NL-nl", "nl"),
    ("en_GB", "en"),
    ("zh-Hans-CN", "zh"),
    ("", ""),
    ("x", ""),
    ("Nederlands, natuurlijk", ""),
    ("nl;en", ""),
]


@pytest.mark.parametrize(("tag", "language"), LANGUAGES)
def test_language_is_the_primary_subtag(tag, language):
    """A page's language is the first part of its tag, in lower case; what is no tag is none."""
    read = read_page(answer(f'<html lang="{tag}"><title>T</title>'.encode(), HTML))
    assert read.page is not None
    assert read.page[1] == language


SITEMAP = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://www.example.org/p</loc></url></urlset>'
SITEMAPS = [
    (SITEMAP, (), Read(listed=(f"{URL}p",))),
    (gzip.compress(SITEMAP), ("Content-Encoding: gzip",), Read(listed=(f"{URL}p",))),
    (
        SITEMAP.replace(b"urlset", b"sitemapindex")
        .replace(b"<url>", b"<sitemap>")
        .replace(b"</url>", b"</sitemap>"),
        (),
        Read(sitemaps=(f"{URL}p",)),
    ),
]


@pytest.mark.parametrize(("body", "fields", "expected"), SITEMAPS)
def test_sitemaps(body, fields, expected):
    """A sitemap lists pages or sitemaps, packed or not."""
    assert read_sitemaps(answer(body, "Content-Type: application/xml", *fields)) == expected


def test_parts_of_pages_in_sitemaps():
    """The images that a sitemap names are parts, the other languages links."""
    more = b'<link rel="alternate" href="/fy" /><image><loc>http://www.example.org/i.png</loc></image></url>'
    body = SITEMAP.replace(b"</url>", more.replace(b'"/fy"', b'"http://www.example.org/fy"'))
    read = read_sitemaps(answer(body, "Content-Type: application/xml"))
    assert (read.listed, links(read)) == ((f"{URL}p",), {(f"{URL}fy", "outlink"), (f"{URL}i.png", "embed")})


def test_guesses_beyond_the_limit_are_said():
    """A response with more addresses to guess at than are taken says so in the ledger."""
    body = ("[" + ",".join(f'"/a/{n}.pdf"' for n in range(2_010)) + "]").encode()
    read = read_page(answer(body, "Content-Type: application/json"))
    assert (len(read.links), read.note) == (2_000, "10 addresses that may be in it were not asked for")


def test_what_is_no_sitemap_is_said():
    """What cannot be read as a sitemap lists nothing, and the note says why."""
    read = read_sitemaps(
        answer(b"<urlset><url><loc>http://www.example.org/p", "Content-Type: application/xml")
    )
    assert read.note


HOSTILE = {
    "nested": b"<div>" * 200_000,
    "no end": b"<a href='" + b"x" * 1_000_000,
    "nothing": b"",
    "zeros": bytes(100_000),
    "many attributes": b"<a " + b"b=c " * 100_000 + b">",
    "unclosed comment": b"<!--" + b"-" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_read_to_an_end(name):
    """Whatever a page does to a parser, reading ends and says what it found."""
    assert isinstance(read_page(answer(HOSTILE[name], HTML)), Read)
