# SPDX-License-Identifier: EUPL-1.2
"""What a response says: links, title, language and text, whatever its coding, and what could not be read."""

from __future__ import annotations

import gzip
import zlib

import pytest

from archiver import reading
from archiver.reading import Read, read, unread_page, unread_sitemap
from tests.support.exchanges import URL, exchange_of

PAGE = '<!doctype html><html lang="nl-NL"><title>Één</title><p>Zie <a href="/a">hier</a><img src="b.png"></html>'.encode()


def answer(body, *fields):
    head = "".join(f"{field}\r\n" for field in ("HTTP/1.1 200 OK", *fields, f"Content-Length: {len(body)}"))
    return exchange_of(head.encode() + b"\r\n" + body)


def read_page(exchange):
    return read(unread_page(exchange))


def read_sitemaps(exchange):
    return read(unread_sitemap(exchange))


def links(found):
    return {(link.url, link.kind) for link in found.links}


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
    found = read_page(answer(body, HTML, *fields))
    assert links(found) >= FOUND
    assert found.page is not None
    assert found.page[:2] == ("Één", "nl")
    assert "Zie hier" in found.page[2]
    assert found.note == ""


def test_page_with_a_wrong_coding_is_still_read():
    """A page that says gzip and is not packed is read as it is, as browsers do, and the ledger says so."""
    found = read_page(answer(PAGE, HTML, "Content-Encoding: gzip"))
    assert links(found) >= FOUND


def test_chunked_page_is_read():
    """The framing of a chunked body is no part of the page."""
    body = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (40, PAGE[:40], len(PAGE) - 40, PAGE[40:])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert links(read_page(exchange_of(head + body))) >= FOUND


def test_what_lies_beyond_the_limit_is_said(monkeypatch):
    """A body that is too long is read in part, and the note for the ledger says so."""
    monkeypatch.setattr(reading, "MAX_PARSED", len(PAGE))
    found = read_page(answer(PAGE + b'<a href="/late">', HTML))
    assert links(found) >= FOUND
    assert f"{URL}late" not in {url for url, _ in links(found)}
    assert found.note.startswith("its links were read in part: ")


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "in stored blocks of deflate"])
def test_no_more_is_taken_of_a_body_than_is_read(monkeypatch, packed):
    """Of a body that goes on beyond the limit only as much is handed on as can be read."""
    monkeypatch.setattr(reading, "MAX_PARSED", 1_000)
    body = PAGE + b"<p>" + b"x" * 100_000
    fields = ("Content-Encoding: deflate",) if packed else ()
    unread = unread_page(answer(zlib.compress(body, 0) if packed else body, HTML, *fields))
    assert unread.cut
    assert len(unread.payload) < 70_000
    found = read(unread)
    assert links(found) >= FOUND
    assert found.note == "its links were read in part: it is longer than 1000 bytes"


def test_coding_that_is_not_known_is_said():
    """A page in a coding we cannot undo gives no links, and the note says which."""
    found = read_page(answer(b"\x1b\x03", HTML, "Content-Encoding: br"))
    assert "br" in found.note


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
    seen = read_page(answer(body, f"Content-Type: {mime}"))
    assert (links(seen), seen.page) == (found, None)


def test_link_fields_count_for_every_kind():
    """A Link field of the response is read, also where the body has no links."""
    found = read_page(answer(b"x", "Content-Type: image/png", "Link: </style.css>; rel=stylesheet"))
    assert links(found) == {(f"{URL}style.css", "embed")}


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
    found = read_page(answer(f'<html lang="{tag}"><title>T</title>'.encode(), HTML))
    assert found.page is not None
    assert found.page[1] == language


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
    found = read_sitemaps(answer(body, "Content-Type: application/xml"))
    assert (found.listed, links(found)) == ((f"{URL}p",), {(f"{URL}fy", "outlink"), (f"{URL}i.png", "embed")})


def test_guesses_beyond_the_limit_are_said():
    """A response with more addresses to guess at than are taken says so in the ledger."""
    body = ("[" + ",".join(f'"/a/{n}.pdf"' for n in range(2_010)) + "]").encode()
    found = read_page(answer(body, "Content-Type: application/json"))
    assert (len(found.links), found.note) == (2_000, "10 addresses that may be in it were not asked for")


def test_what_is_no_sitemap_is_said():
    """What cannot be read as a sitemap lists nothing, and the note says why."""
    found = read_sitemaps(
        answer(b"<urlset><url><loc>http://www.example.org/p", "Content-Type: application/xml")
    )
    assert found.note


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
