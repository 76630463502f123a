# SPDX-License-Identifier: EUPL-1.2
"""Tests the rewriting of pages: what changes, and that nothing else does."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

import viewer.rewriting.html
from tests.support.bounded import ends
from tests.support.page_tree import SCRIPT, leading_out, mapper, tree
from viewer.addresses.address import Mapper
from viewer.addresses.path_address import PathAddresses
from viewer.rewriting.head import head_script
from viewer.rewriting.html import rewrite_html
from viewer.rewriting.markup import tokens
from viewer.rewriting.rules import MAX_HEADS
from viewer.rewriting.tags import Kind, attributes, unescape

MANY = settings(max_examples=1000)
HEAD = SCRIPT
DATA_HEAD = "&lt;script src=h>&lt;/script>"
SRCDOC_HEAD = DATA_HEAD


def rewritten(html: str | bytes, charset: str | None = None, *, xml: bool = False) -> str:
    body = html.encode() if isinstance(html, str) else html
    return rewrite_html(body, charset, mapper, HEAD, xml=xml).decode()


def without_head(html: str) -> str:
    return rewritten(f"<head>{html}").removeprefix(f"<head>{HEAD}")


CHANGED = [
    (
        "<svg><animate values='//x/1;2; //x/3'></svg>",
        "<svg><animate values='http://m/x/1;2; http://m/x/3'></svg>",
    ),
    ("<a href=http://x/a>", '<a href="http://m/x/a">'),
    ("<img class=a src=http:x>", '<img class=a src="http://m/http:x">'),
    (
        '<p>http:<b>x</b> https:x <!-- http:x --><img class="a > b" srcset="a> 1x, https:x 2x"> HTTP:/x',
        '<p>http:<b>x</b> https:x <!-- http:x --><img class="a > b" srcset="a> 1x, http://m/https:x 2x"> HTTP:/x',
    ),
    (
        "<title>http:x</title><p title='http:x'>http:<a href='Http:x'>http:x</a>",
        "<title>http:x</title><p title='http:x'>http:<a href='http://m/Http:x'>http:x</a>",
    ),
    ("<img class='a' src='HTTPS:/x/a'>", "<img class='a' src='http://m/HTTPS:/x/a'>"),
    ("<style>p{background:url(https:x/a)}</style>", "<style>p{background:url(http://m/https:x/a)}</style>"),
    ("<A HREF='//x/a' id=A>", "<A HREF='http://m/x/a' id=A>"),
    ('<a href="http://x/?a=1&amp;b=&quot;&copy=2">', '<a href="http://m/x/?a=1&amp;b=&quot;&amp;copy=2">'),
    ("<a href='http://x/\"&#39;'>", "<a href='http://m/x/\"&#39;'>"),
    ('<a href="&#104;ttp:&#x2f;/x/">', '<a href="http://m/x/">'),
    ('<a href=" \n http://x/\n ">', '<a href="http://m/x/">'),
    ('<a href="ht\ntp:/\t/x/\r/y">', '<a href="http://m/x//y">'),
    ('<a href="/\n/x/">', '<a href="http://m/x/">'),
    ("<a href=http://x/ href=http://y/>", '<a href="http://m/x/" href=http://y/>'),
    ("<p><a ping=//x/1 ping=//x/2 PING=//x/3 href=/a>", "<p><a href=/a>"),
    ('<li nonce="x"nk rel=icon><s nonce="x"cript>', "<li nk rel=icon><s cript>"),
    ("<svg class=a nonce='b'/><title><a href=//x/>", "<svg class=a /><title><a href=//x/>"),
    (
        "<iframe src='data:text/html,<b>'id=a>",
        f'<iframe sandbox="allow-scripts allow-forms allow-modals" srcdoc="{DATA_HEAD}&lt;b>" id=a>',
    ),
    (
        "<iframe srcdoc></iframe><iframe srcdoc=>",
        f'<iframe srcdoc="{SRCDOC_HEAD}"></iframe><iframe srcdoc="{SRCDOC_HEAD}">',
    ),
    ("<link rel=preconnect rel=preconnect href=//x/ rel=icon>", '<link href="http://m/x/">'),
    (
        "<meta http-equiv=Content-Security-Policy content=a http-equiv=Content-Security-Policy>",
        "<meta content=a>",
    ),
    ("<script integrity=a src=//x/ integrity=b nonce nonce>", '<script src="http://m/x/">'),
    (
        "<image src=//x/1 srcset='//x/2 2x'><svg><image href=//x/3></svg>",
        '<image src="http://m/x/1" srcset=\'http://m/x/2 2x\'><svg><image href="http://m/x/3"></svg>',
    ),
    ("<a href=http://x/>t</a><b title='>'>", "<a href=\"http://m/x/\">t</a><b title='>'>"),
    ("<img\r\nsrc=http://x/\r\n/>", '<img\r\nsrc="http://m/x/"\r\n/>'),
    ('<p a"b=1 <x><a href=http://x/>', '<p a"b=1 <x><a href="http://m/x/">'),
    ("<a\0b href=http://x/><a href=http://y/\0>", '<a\0b href=http://x/><a href="http://m/y/\0">'),
    (
        "<img srcset='http://x/1,2 1x, //y/2, /z 2x,http://w/ 3w'>",
        "<img srcset='http://m/x/1,2 1x, http://m/y/2, /z 2x,http://m/w/ 3w'>",
    ),
    ("<link imagesrcset='//x/1, //x/2 2x'>", "<link imagesrcset='http://m/x/1, http://m/x/2 2x'>"),
    ("<p style='background:url(&quot;//x/&quot;)'>", "<p style='background:url(\"http://m/x/\")'>"),
    ("<style>a{b:url(//x/)}</style>", "<style>a{b:url(http://m/x/)}</style>"),
    ("<svg><style>a{b:url(//x/)}</style></svg>", "<svg><style>a{b:url(http://m/x/)}</style></svg>"),
    (
        "<svg><image xlink:href='//x/'/><use href=//y/#z /></svg>",
        "<svg><image xlink:href='http://m/x/'/><use href=\"http://m/y/#z\" /></svg>",
    ),
    ("<svg><title><a href=//x/></title>", '<svg><title><a href="http://m/x/"></img>'),
    ("<math><annotation-xml><title><a href=//x/>", '<math><annotation-xml><title><a href="http://m/x/">'),
    (
        "<math><annotation-xml encoding=text/html><title><a href=//x/></title><a href=//y/>",
        '<math><annotation-xml encoding=text/html><title><a href=//x/></title><a href="http://m/y/">',
    ),
    (
        "<iframe srcdoc=x src='data:,y'></iframe>",
        f"<iframe srcdoc=\"{SRCDOC_HEAD}x\" src='data:,y'></iframe>",
    ),
    ("<svg><title/><a href=//x/>", '<svg><title/><a href="http://m/x/">'),
    (
        "<svg><p><title><a href=//x/></title><a href=//y/>",
        '<svg></svg><p><title><a href=//x/></title><a href="http://m/y/">',
    ),
    (
        "<meta http-equiv=refresh content='1;url=http://x/'>",
        "<meta http-equiv=refresh content='1;url=http://m/x/'>",
    ),
    ("<meta http-equiv=Content-Security-Policy content=x>", "<meta content=x>"),
    ("<meta charset=latin1>", '<meta charset="utf-8">'),
    (
        "<meta http-equiv=Content-Type content='text/html; charset=latin1'>",
        "<meta http-equiv=Content-Type content='text/html; charset=utf-8'>",
    ),
    ("<base href=http://x/ target=_top>", '<base href="http://m/x/">'),
    ("<a target=_BLANK href=/>", "<a href=/>"),
    ("<a ping=//x/ href=/>", "<a href=/>"),
    ("<script src=//x/ integrity=i nonce=n></script>", '<script src="http://m/x/"></script>'),
    ("<link rel='preconnect stylesheet' href=/a>", "<link rel='stylesheet' href=/a>"),
    ("<link rel=dns-prefetch href=//x>", '<link href="http://m/x">'),
    ("<script type=speculationrules>{}</script>", '<script type="text/x-speculationrules">{}</script>'),
    ("<button formaction=//x/ formtarget=_top>", '<button formaction="http://m/x/">'),
    ("<object data=//x/ codebase=//y/>", '<object data="http://m/x/" codebase="http://m/y/">'),
    ("<video poster=//x/ src=//y/>", '<video poster="http://m/x/" src="http://m/y/">'),
    ("<table background=//x/>", '<table background="http://m/x/">'),
    ("<noscript><img src=//x/></noscript>", '<noscript><img src="http://m/x/"></noscript>'),
    ("<template><a href=//x/></template>", '<template><a href="http://m/x/"></template>'),
    (
        "<select><style>a{b:url(//x/)}</style></select><a href=//y/>",
        '<select><style>a{b:url(http://m/x/)}</style></select><a href="http://m/y/">',
    ),
    (
        "<script><!--<script></script><a href=//x/>--></script><a href=//y/>",
        '<script><!--<script></script><a href=//x/>--></script><a href="http://m/y/">',
    ),
    ("<script><!--></script><a href=//y/>", '<script><!--></script><a href="http://m/y/">'),
    ("<!--><a href=//x/>", '<!--><a href="http://m/x/">'),
    (
        "<iframe srcdoc='<a href=//x/>'></iframe>",
        f"<iframe srcdoc='{SRCDOC_HEAD}&lt;a href=\"http://m/x/\">'></iframe>",
    ),
    (
        "<iframe src='data:text/html,<b>'></iframe>",
        f'<iframe sandbox="allow-scripts allow-forms allow-modals" srcdoc="{DATA_HEAD}&lt;b>"></iframe>',
    ),
    (
        "<iframe src='d\nata:text/html,<b>' sandbox></iframe>",
        f'<iframe sandbox="" srcdoc="{DATA_HEAD}&lt;b>"></iframe>',
    ),
    (
        "<iframe sandbox sandbox=allow-same-origin src='data:text/html,<b>' src='data:text/html,<i>'></iframe>",
        f'<iframe sandbox="" srcdoc="{DATA_HEAD}&lt;b>"></iframe>',
    ),
    (
        "<iframe sandbox src='data:text/html;base64,PGI+'></iframe>",
        f'<iframe sandbox="" srcdoc="{DATA_HEAD}&lt;b>"></iframe>',
    ),
    (
        '<script type=importmap>{"imports":{"a":"//x/a","b":"./b"},"integrity":{}}</script>',
        '<script type=importmap>{"imports": {"a": "http://m/x/a", "b": "./b"}}</script>',
    ),
]

SAME = [
    "<a href=/a><a href=a><a href=?b><a href='#c'><a href=mailto:x@y><a href='javascript:\"http://x/\"'>",
    "<a href><a href=><a href=''><a href=https><a href=http:>", "<p>http://x/ &amp; <b title='http://x/'>",
    "<!-- <a href=http://x/> --><!doctype html>", "<script>'<a href=http://x/>'</script>",
    "<title><a href=http://x/></title><textarea><a href=http://x/></textarea><xmp><a href=http://x/></xmp>",
    "<iframe><a href=http://x/></iframe><noembed><a href=http://x/></noembed><plaintext><a href=http://x/>",
    "<svg><![CDATA[<a href=http://x/>]]></svg>", "<a href=http://x/", "<a href='http://x/>", "<pre>\n\r\nx</pre>\r\n",
    "<a target=main><a target=_self>", "<script type=importmap>not json</script>", "<script type=importmap>[1]</script>",
    "<script type=importmap>" + "[" * 50_000 + "</script>", "</a href=http://x/>", "<meta charset=UTF-8>", "<>< a href=//x/>",
    "<input value='http://x/'><option value=//x/>", "<q cite=http://x/>", "<img data-src=http://x/>",
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), CHANGED)
def test_changed(html: str, expected: str) -> None:
    """What leads out of the replay is mapped or taken away, and the bytes around it stay."""
    assert without_head(html) == expected


@pytest.mark.parametrize("html", SAME)
def test_same(html: str) -> None:
    """Relative addresses, text, comments, scripts and broken markup stay byte for byte."""
    assert without_head(html) == html


# What HTML (section 4 and 16) and SVG 2 let a browser load or go to, and what older pages have
ADDRESSES = {
    "href": "a area base feimage image link script use",
    "xlink:href": "a feimage image script use lineargradient pattern textpath",
    "src": "audio embed fencedframe frame iframe img input portal script source track video",
    "background": "body table tbody td tfoot th thead tr",
    "poster": "video", "action": "form", "formaction": "button input", "data": "object", "codebase": "object",
    "lowsrc": "img", "dynsrc": "img", "from": "animate set", "to": "animate set",
    "srcset": "img source", "imagesrcset": "link",
}  # fmt: skip
STYLED = [
    "style",
    "clip-path",
    "cursor",
    "fill",
    "filter",
    "marker-start",
    "marker-mid",
    "marker-end",
    "mask",
    "stroke",
]
TAKEN_AWAY = [
    *(f"{tag} ping=/p" for tag in ("a", "area")), *(f"{tag} attributionsrc" for tag in ("a", "area", "img", "script")),
    *(f"{tag} integrity=x" for tag in ("link", "script")), *(f"{tag} nonce=x" for tag in ("link", "script", "style")),
    *(f"{tag} target=_top" for tag in ("a", "area", "base", "form")), "iframe csp=x", "link rel=preconnect",
    *(f"a target={name}" for name in ("_blank", "_new", "_parent", "_unfencedtop", "' _TOP '")), "link rel=prerender",
    "button formtarget=_top", "input formtarget=_top", "link rel=monetization", "link rel='dns-prefetch PRECONNECT'",
    *(f"meta http-equiv={name}" for name in (
        "accept-ch", "content-security-policy", "content-security-policy-report-only", "delegate-ch", "origin-trial",
        "permissions-policy", "set-cookie", "x-dns-prefetch-control", "X-Frame-Options",
    )),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tag"), [(name, tag) for name in ADDRESSES for tag in ADDRESSES[name].split()]
)
def test_address_mapped(name: str, tag: str) -> None:
    """Every attribute that a browser follows is mapped, on every element that has it."""
    assert without_head(f"<{tag} {name}='//x/'>") == f"<{tag} {name}='http://m/x/'>"


@pytest.mark.parametrize("name", STYLED)
def test_style_mapped(name: str) -> None:
    """Every attribute that holds CSS is mapped as CSS is."""
    assert without_head(f"<rect {name}='url(//x/#y)'>") == f"<rect {name}='url(http://m/x/#y)'>"


@pytest.mark.parametrize("tag", [*TAKEN_AWAY, *(re.sub(r"=([^' ]+)$", r'="\1"', tag) for tag in TAKEN_AWAY)])
def test_taken_away(tag: str) -> None:
    """What would weaken the replay or lead out of its frame goes, whatever else stands in the tag."""
    name, _, _ = tag.partition(" ")
    assert without_head(f'<{tag} id="x">') == f'<{name} id="x">'


PLACES = [
    ("", "|"),
    ("<p>x", "|<p>x"),
    ("x<!doctype html>", "|x<!doctype html>"),
    ("<!doctype html>", "<!doctype html>|"),
    ("<!-- c --><!DOCTYPE html>\n<title>x", "<!-- c --><!DOCTYPE html>\n|<title>x"),
    ("<!doctype html><html><head lang=nl><script>", "<!doctype html><html><head lang=nl>|<script>"),
    ("<!doctype html>\n<html>\n<body>", "<!doctype html>\n<html>\n|<body>"),
    ("<html>text<head>", "<html>|text<head>"),
    ("<!-- <head> --><script>", "<!-- <head> -->|<script>"),
    ("<frameset>", "|<frameset>"),
    ("</p><head>", "|</p><head>"),
    ("</", "|</"),
    (" \n text", " \n |text"),
    ("<html> text <p>", "<html> |text <p>"),
    ("<!doctype html></", "<!doctype html>|</"),
    ("<header><head>", "|<header><head>"),
    ("<?xml version='1.0'?><!doctype html><head>", "<?xml version='1.0'?><!doctype html><head>|"),
]


@pytest.mark.parametrize(("html", "expected"), PLACES)
def test_place(html: str, expected: str) -> None:
    """Our script runs first, and never stands before the doctype that decides the mode."""
    assert rewritten(html) == expected.replace("|", HEAD)


XML_PLACES = [
    ('<html xmlns="u"><head/><body/></html>', "html"),
    ('<h:html xmlns:h="u"><h:head><h:title/></h:head></h:html>', "head"),
    ('<!DOCTYPE html [<!ENTITY x "a>]">]><html xmlns="u"><body/></html>', "html"),
    ('<svg xmlns="http://www.w3.org/2000/svg"><a/></svg>', "svg"),
    ("<html><body><![CDATA[<head>]]></body></html>", "html"),
]


@pytest.mark.parametrize(("xml", "parent"), XML_PLACES)
def test_xml_place(xml: str, parent: str) -> None:
    """In XML the script is an XHTML element in the root or its head, and the page stays well-formed."""
    head = head_script("http://x/?a&b", pattern='http://{label}."', timestamp="1", origin="o", viewer="v")
    root = ET.fromstring(rewrite_html(xml.encode(), None, mapper, head, xml=True))
    script = "{http://www.w3.org/1999/xhtml}script"
    parents = [element.tag.rpartition("}")[2] for element in root.iter() if element.find(script) is not None]
    assert parents == [parent]
    assert root.find(f".//{script}").get("data-pattern") == 'http://{label}."'


FRAMES = [
    ("<frameset><textarea><frame src=//x></textarea>", "<frameset><textarea></textarea>"),
    ("<frameset><svg><![CDATA[><frame src=//x>]]>", "<frameset><svg><!---->"),
    ("<frameset><script>'<frame src=//x>'</script><frame src=//x/a>", '<frameset><script></script><frame src="http://m/x/a">'),
    ("<frameset><<!<frame >frame src=//x/f>", "<frameset><<!---->frame src=//x/f>"),
    ("<frameset><noframes><frame src=//x></noframes>", "<frameset><noframes><frame src=//x></noframes>"),
    ("<script>'<frameset><frame src=//x>'</script>", "<script>'<frameset><frame src=//x>'</script>"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "expected"), FRAMES)
def test_frames_in_what_is_text_elsewhere(html: str, expected: str) -> None:
    """In a `<frameset>` nothing but frames is a tag, elsewhere it is none: a frame that may be text goes."""
    assert without_head(html) == expected


XML_CHANGED = [
    ('<svg><image xlink:href="//x/"/></svg>', '<image xlink:href="http://m/x/"/>'),
    ('<?xml version="1.0" encoding="iso-8859-1"?><a/>', '<?xml version="1.0" encoding="utf-8"?>'),
    ('<?xml-stylesheet type="text/css" href="//x/?a&amp;b"?><a/>', 'href="http://m/x/?a&amp;b"?>'),
    ("<html><script/><a href='//x/'/></html>", "<a href='http://m/x/'/>"),
    ("<html><h:a xmlns:h='u' href='//x/'/></html>", "href='http://m/x/'/>"),
]


@pytest.mark.parametrize(("xml", "expected"), XML_CHANGED)
def test_xml_changed(xml: str, expected: str) -> None:
    """XHTML and SVG are mapped by the same table, with the tokens of XML."""
    assert expected in rewritten(xml, xml=True)


CHARSETS = [
    ("é".encode("latin-1"), "iso-8859-1", "é"),
    ("é".encode(), "iso-8859-1", "Ã©"),
    ("é".encode(), None, "Ã©"),
    ("é".encode("latin-1"), None, "é"),
    (b"\x80", "latin1", "€"),
    ("é".encode("utf-16"), "utf-8", "é"),
    (b"\xef\xbb\xbf\xc3\xa9", "latin1", "é"),
    ("é".encode("utf-16-be"), "UTF-16BE", "é"),
    ("日本".encode("shift_jis"), "Shift_JIS", "日本"),
    ("中".encode("gbk"), ' "gb2312" ', "中"),
    (b"\xc3\xa9", "zip", "Ã©"),
    (b"\x81\x8d", "windows-1252", "\x81\x8d"),
    (b"\xe9~{", "hz-gb-2312", "\ufffd"),
    (b"+ADw-", "utf-7", "+ADw-"),
    (b"\xff\xc3\xa9", "utf-8", "\ufffdé"),
]


@pytest.mark.parametrize(("body", "charset", "expected"), CHARSETS)
def test_charset(body: bytes, charset: str | None, expected: str) -> None:
    """A page is read as browsers read it, and always answered in UTF-8."""
    assert rewritten(body, charset) == HEAD + expected


DECLARED = [
    b"<meta charset=windows-1251>\xe9", b"<META HTTP-EQUIV=Content-Type CONTENT='text/html;charset=windows-1251'>\xe9",
    b"<?xml version='1.0' encoding='windows-1251'?>\xe9", b"<!-- <meta charset=latin1> --><meta charset=cp1251>\xe9",
]  # fmt: skip


@pytest.mark.parametrize("body", DECLARED)
def test_declared_charset(body: bytes) -> None:
    """Without a charset in the header, what the page declares holds."""
    assert rewritten(body).endswith("й")


PIECES = [
    *(html for html, _ in CHANGED), *SAME[:2], "<style>", "</style>", "<iframe>", "</iframe>",
    "<p>", "</p>", "<table>", "<td>", "</table>", "<b>", "text", "<!-- c -->", "<ul><li>", "</div>", "&amp;&lt", "<br/>",
    "<svg>", "</svg>", "<math><mi>", "</math>", "<textarea>", "</textarea>", "<foreignObject>", "<h1>", "\n", "<pre>\n",
]  # fmt: skip


@pytest.mark.parametrize("html", [html for html, _ in CHANGED])
def test_same_tree_alone(html: str) -> None:
    """Each case of the table, alone in a page, leaves the tree as it was but for what it changes."""
    before = f"<!doctype html><html><head>{html}"
    assert tree(rewritten(before)) == tree(before)


@MANY
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_same_tree(pieces: list[str]) -> None:
    """A parser makes the same tree of a page before and after, but for what the table changes."""
    before = "<!doctype html><html><head>" + "".join(pieces)
    assert tree(rewritten(before)) == tree(before)


# `<x` is an element that a parser neither moves nor copies, whatever stands around it
WRITTEN = ["<x", "<X", "</x", *"<>/=\"'!-&; \n\0é", " href", "=x", "x", "&amp;", "&#65", "<!--", "-->", "<!"]


@MANY
@example("<x x=>")
@given(st.lists(st.sampled_from(WRITTEN), max_size=30).map("".join))
def test_same_attributes(text: str) -> None:
    """Tags and attributes of any text are those that a parser finds: as many, in their order, of equal value."""
    html = f"<!doctype html><html><head></head><body><div>{text}"
    parsed = [node for node in LexborHTMLParser(html).root.traverse() if node.tag[0] == "x"]
    expected = [{name: value or "" for name, value in node.attributes.items()} for node in parsed]
    found = [
        {each.name: unescape(each.value) for each in attributes(html, token)}
        for token in tokens(html)
        if token.kind is Kind.START and token.name[0] == "x"
    ]
    assert [_without_nul(each) for each in found] == [_without_nul(each) for each in expected]


def _without_nul(found: dict[str, str]) -> dict[str, str]:
    return {
        name.replace("\0", "\ufffd"): value.replace("\0", "\ufffd").replace("\r\n", "\n")
        for name, value in found.items()
    }


@given(
    st.binary(max_size=300),
    st.sampled_from([None, "utf-8", "utf-16", "shift_jis", "nonsense"]),
    st.booleans(),
)
def test_never_raises(body: bytes, charset: str | None, xml: bool) -> None:
    """Whatever the bytes, there is an answer in UTF-8."""
    rewrite_html(body, charset, mapper, HEAD, xml=xml).decode()


PARTS = [
    "<", "a", " href=", "//x", "http:", '"', "'", ">", "/", "<!--", "-->", "<![CDATA[", "<script", "</", "style", "=", "&",
    "<?xml ", "[", "<svg", "<svg>", "<title>", "<desc>", "<math>", "<mi>", "</svg>", "<p>", "<annotation-xml", "<img src=", "\n", " style=", "url(", ")", "<a href='//y'>", "<iframe srcdoc=",
]  # fmt: skip
markup = st.lists(st.sampled_from(PARTS), max_size=25).map("".join)


@MANY
@given(markup)
def test_markup_leads_nowhere_else(html: str) -> None:
    """Whatever the markup, no attribute of the table leads out of the replay, as a parser reads the page."""
    assert leading_out(rewritten(html)) == []


@MANY
@given(markup, st.booleans())
def test_plain_markup_stays(html: str, xml: bool) -> None:
    """Markup without an absolute address stays but for one script; XML that has no root gets none."""
    assume("srcdoc" not in html and not re.search(r"/\s*/|&|<\?xml|https?:", html))
    assume(xml or not re.search("<(svg|math)", html, re.IGNORECASE))  # end tags that are missing are written
    head = HEAD.replace("script", 'script xmlns="http://www.w3.org/1999/xhtml"', 1) if xml else HEAD
    after = rewritten(html, xml=xml)
    assert after.count(head) == 1 or (xml and after.count(head) == 0)
    assert after.replace(head, "", 1) == html


# What most pages have, and what is nearly that
USUAL = [
    "<script", "<style", "<title", "<textarea", "<link", "<meta", "<base href='/x/y/'>", "<a", "<img", "<video", "</script>",
    "</style>", "</title>", "</textarea>", "</SCRIPT >", ' type="module"', " type='text/javascript'", ' type="importmap"',
    ' type="speculationrules"', ' type="text/css"', ' rel="stylesheet"', " rel='shortcut icon'", ' rel="icon preconnect"',
    ' rel="preconnect"', ' rel="preconnect-x x-prerender"', ' name="x"', ' content="1;url=//x"', ' charset="utf-8"',
    ' charset="UTF-8"', ' charset="latin1"', ' http-equiv="refresh"', ' http-equiv="set-cookie"', ' integrity="x"',
    ' src="/a"', ' href="/b/c"', ' href="b"', ' href="../../../b"', ' href="//x/"', ' imagesrcset="//x/ 2x"', ' style="a:b"',
    " style='background:url(/a)'", ' target="_top"', ' ping="/p"', ">", ">", ">", "/>", "a{b:url(/c)}", "a{b:url(//x)}",
    "a{b:url(c.png)}", "@import 'a';", "@import '/\\/x';", '{"imports":{"a":"//x/a","b":"/b"}}', "if(a<b)", "a<</s", "<", "</s",
    "<!", "<!--", "-->", "--!>", "<!--a-->", "<!--a--b-->", "<!-->", "<!doctype html>", "<!DOCTYPE html>", "<svg>", "</svg>", "<p>",
    "<svg><style>", "\n", " ", "//x", "é", ' href="https:x"', ' src="HTTP:/x"', ' srcset="a> 1x, https:x 2x"', ' title="tp: https: "',
    ' style="top:1;b:url(http:x)"', "a{b:url(https:x)}", "http:", "https:/x", "<frameset>", "<frame", "<noframes>", "</noframes>", "</frameset>",
]  # fmt: skip
MAPPERS = [mapper, PathAddresses("http://r.example").mapper("20260302023000", "https://x.example/a/b")]


@pytest.mark.parametrize("mapper", MAPPERS, ids=["origins", "paths"])
@pytest.mark.parametrize("pieces", [[*PIECES, *PARTS], USUAL], ids=["odd", "usual"])
@MANY
@given(data=st.data(), xml=st.booleans())
def test_same_without_the_short_cut(
    mapper: Mapper, pieces: list[str], data: st.DataObject, xml: bool
) -> None:
    """What is passed over as dull needs no change: the page is the same when every tag is looked at."""
    html = data.draw(st.lists(st.sampled_from(pieces), max_size=24).map("".join)).encode()
    short = rewrite_html(html, "utf-8", mapper, HEAD, xml=xml)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(viewer.rewriting.html, "dull_of", lambda **_: SimpleNamespace(over=lambda _plain: None))
        patch.setattr(viewer.rewriting.html, "_WORTH_A_LOOK", re.compile(""))
        patch.setattr(viewer.rewriting.html, "_WORTH_IN_PATHS", re.compile(""))
        assert rewrite_html(html, "utf-8", mapper, HEAD, xml=xml) == short


HOSTILE = [
    "<div>", "<a ", "<a b=", '<a b="', "<a b='\"", "<!--", "<![CDATA[", "<svg><desc>", "<script><!--", "<style>url(", "<title>",
    "<?xml ", "<!doctype [", "<iframe srcdoc='", "<iframe src='data:text/html,", "<img srcset='(,", "</math>", "&amp;", "<a href=//x/>",
    "<svg></x>", "<div><svg></div>", "<b><svg></i>", "<svg><desc><b></i>", "<a><p><svg></a>", "<span><svg></b></div>",
    "<svg><g></q>", "<table><td><svg></td>", "<math><mi><b></p>", "<i><svg><p></i>", "<svg></p><b>", "<form><svg></form>",
]  # fmt: skip


@pytest.mark.parametrize("part", ["<table></table>", "<form></form>"])
def test_linear_in_what_is_open(part: str) -> None:
    """With as much open around them as is remembered, tables and forms cost little more than other tags."""
    around = ("<svg><desc>" + "<div>" * 250) * 126
    assert ends(lambda: rewritten(around + part * (100_000 // len(part))))


@pytest.mark.parametrize("xml", [False, True])
@pytest.mark.parametrize("part", HOSTILE)
def test_linear(part: str, xml: bool) -> None:
    """A quarter of a megabyte of openings without ends is rewritten, which by its square would be minutes."""
    assert ends(lambda: rewritten("<svg>" + part * (250_000 // len(part)), xml=xml))


def _in_srcdoc(html: str) -> str:
    return f'<iframe srcdoc="{html.replace("&", "&amp;").replace(chr(34), "&quot;")}"></iframe>'


def _in_data(html: str) -> str:
    return f"<iframe src=data:text/html;base64,{b64encode(html.encode()).decode()}></iframe>"


@pytest.mark.parametrize("within", [_in_srcdoc, _in_data])
def test_deep_frames(within: Callable[[str], str]) -> None:
    """Frames within frames are shown to a fixed depth: deeper ones are empty."""
    page = "<a href=//x/>"
    for _ in range(5):
        page = within(page)
    page = rewritten(page)
    seen = []
    while page:
        seen.append("<script" in page.partition("<iframe")[0])
        frame = LexborHTMLParser(page).css_first("iframe")
        page = (frame.attributes.get("srcdoc") or "") if frame else ""
    assert seen == [True] * 4


@pytest.mark.parametrize("within", [_in_srcdoc, _in_data])
def test_many_frames_do_not_swell_a_page(within: Callable[[str], str]) -> None:
    """So many documents of a page get our script, and then no more: a page grows by a bounded length."""
    page = within("<p>x") * 5000
    grown = len(rewritten(page)) - len(page)
    assert rewritten(page).count("src=h") == 1 + MAX_HEADS
    assert grown < 5000 * 60 + 200 * len(HEAD) * 6
