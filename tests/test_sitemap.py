# SPDX-License-Identifier: EUPL-1.2
"""Sitemaps of every form are read, as far as they can be, and hostile ones do no harm."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.sitemap import MAX_BYTES, MAX_PROBLEMS, MAX_URLS, read_sitemap

NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
A, B = "http://example.org/a", "http://example.org/b?x=1&y=2"
URLSET = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset {NS} xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> {A} </loc><lastmod>2026-01-01</lastmod><image:image><image:loc>http://no/</image:loc></image:image></url>
<url><loc><![CDATA[{B}]]></loc></url><url><loc>{A}#again</loc></url></urlset>""".encode()
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><link href="http://no/" rel="self"/>
<entry><link href="{A}"/><link rel="edit" href="http://no/"/></entry>
<entry><link rel="alternate" href="{B.replace("&", "&amp;")}"/></entry></feed>""".encode()
RSS = f"""<rss><channel><link>http://no/</link><item><link>{A}</link></item>
<item><link>{B.replace("&", "&amp;")}</link></item></channel></rss>""".encode()
PREFIXED = f'<s:urlset xmlns:s="x"><s:url><s:loc>{A}</s:loc></s:url></s:urlset>'.encode()

WHOLE = [
    ("urlset", URLSET, [A, B], []),
    ("compressed", gzip.compress(URLSET), [A, B], []),
    ("space before", b"\n \xef\xbb\xbf"[2:] + URLSET, [A, B], []),
    ("utf-16", URLSET.decode().replace("UTF-8", "UTF-16").encode("utf-16"), [A, B], []),
    ("prefix", PREFIXED, [A], []),
    ("atom", ATOM, [A, B], []),
    ("rss", RSS, [A, B], []),
    ("rdf", f'<rdf:RDF xmlns:rdf="r"><item><link>{A}</link></item></rdf:RDF>'.encode(), [A], []),
    ("index", f"<sitemapindex {NS}><sitemap><loc>{A}</loc></sitemap></sitemapindex>".encode(), [], [A]),
    ("text", f"{A}\r\n\n  {B}\n{A}\n".encode(), [A, B], []),
    ("text with mark", b"\xef\xbb\xbf" + f"{A}\n{B}".encode(), [A, B], []),
    ("empty text", b"", [], []),
    ("empty urlset", f"<urlset {NS}/>".encode(), [], []),
]


@pytest.mark.parametrize(
    ("body", "urls", "sitemaps"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
def test_forms(body: bytes, urls: list[str], sitemaps: list[str]) -> None:
    """Each form of sitemap gives its addresses, in order and once, without a complaint."""
    found = read_sitemap(body)
    assert (found.urls, found.sitemaps, found.problems) == (urls, sitemaps, [])


def test_images_and_languages() -> None:
    """Images, videos and other languages of a page are listed apart from the pages."""
    body = f"""<urlset {NS} xmlns:i="i" xmlns:v="v" xmlns:x="x"><url><loc>{A}</loc>
    <x:link rel="alternate" hreflang="fy" href="{A}fy"/><x:link rel="no" href="{A}no"/>
    <i:image><i:loc>{A}.png</i:loc></i:image><v:video><v:thumbnail_loc>{A}.jpg</v:thumbnail_loc>
    <v:content_loc>{A}.mp4</v:content_loc><v:player_loc>{A}no</v:player_loc></v:video></url></urlset>"""
    found = read_sitemap(body.encode())
    assert (found.urls, found.alternates) == ([A], [f"{A}fy"])
    assert found.media == [f"{A}.png", f"{A}.jpg", f"{A}.mp4"]


ENTITY = b'<!DOCTYPE urlset [<!ENTITY a "http://example.org/">]><urlset><url><loc>&a;</loc></url></urlset>'
OUTSIDE = b'<!DOCTYPE u [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>'
BROKEN = [
    ("cut", URLSET[:-40], [A, B], "in part"),
    ("undefined entity", PREFIXED.replace(b"</s:urlset>", b"<s:url>&nbsp;</s:url>"), [A], "in part"),
    ("internal entity", ENTITY, [], "entity"),
    ("external entity", OUTSIDE, [], "entity"),
    ("parameter entity", b'<!DOCTYPE u [<!ENTITY % a "b"> %a;]><urlset/>', [], "entity"),
    ("html", b"<!doctype html><html><body>Not found</body></html>", [], "no sitemap"),
    ("words", b"Page not found\n", [], "no sitemap"),
    ("not an address", PREFIXED.replace(A.encode(), b"mailto:a@example.org"), [], "mailto"),
    ("relative", PREFIXED.replace(A.encode(), b"/a"), [], "'/a'"),
    ("unknown encoding", b'<?xml version="1.0" encoding="klingon"?><urlset/>', [], "encoding"),
    ("deep", b"<urlset>" + b"<a>" * 100_000, [], "nested"),
    ("cut gzip", gzip.compress(PREFIXED)[:-8], [A], "not whole"),
    ("broken gzip", b"\x1f\x8bnonsense", [], "not whole"),
]


@pytest.mark.parametrize(
    ("body", "urls", "problem"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_damage(body: bytes, urls: list[str], problem: str) -> None:
    """What came before the damage counts, and the damage is told."""
    found = read_sitemap(body)
    assert found.urls == urls
    assert any(problem in line for line in found.problems), found.problems


def test_a_doctype_alone_is_harmless() -> None:
    """A document type without entities does not cost the addresses."""
    assert read_sitemap(b'<!DOCTYPE urlset SYSTEM "http://no/x.dtd">' + PREFIXED).urls == [A]


@pytest.mark.parametrize("form", ["xml", "text"])
def test_no_more_urls_than_the_protocol_allows(form: str) -> None:
    """The fifty-thousand-and-first address is not read, and that is told."""
    urls = [f"http://example.org/{n}" for n in range(MAX_URLS + 1)]
    xml = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    found = read_sitemap(("\n".join(urls) if form == "text" else f"<urlset>{xml}</urlset>").encode())
    assert (found.urls, len(found.problems)) == (urls[:-1], 1)


def test_a_compressed_bomb_is_cut() -> None:
    """A small file that unpacks to more than the protocol's 50 MB is read in part."""
    found = read_sitemap(gzip.compress(URLSET[:-9] + b" " * MAX_BYTES))
    assert (found.urls, bool(found.problems)) == ([A, B], True)


def test_problems_are_bounded() -> None:
    """A file of nonsense addresses does not fill the log."""
    body = "http://example.org/\n" + "x\n" * 1000
    assert len(read_sitemap(body.encode()).problems) == MAX_PROBLEMS


@given(st.one_of(st.binary(max_size=200), st.text("<>/urlsetoc&;!\"'[]= \n", max_size=200).map(str.encode)))
def test_any_bytes_are_read_without_error(body: bytes) -> None:
    """Random bytes never raise."""
    assert read_sitemap(body).urls == [] or body
