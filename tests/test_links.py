# SPDX-License-Identifier: EUPL-1.2
"""Every form in which a document names another one is found, once, in order, as what it is to the document."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.css import find_css_links
from archiver.links import Document, Link, find_header_links, find_links, media_type, read_document
from archiver.links_html import find_srcset_links, refresh_target
from archiver.markup import MANY_TAGS, MAX_TAGS
from archiver.resolver import MAX_HINTS, MAX_LINKS, Resolver
from index.urlkey import normalise
from tests.support.bounded import ends

URL = "http://example.org/a/page"
HERE = "http://example.org/a/"


def found(body: str, mime: str = "text/html", url: str = URL) -> list[str]:
    """Return links shortly: a letter for the kind, and the address from the page's folder on."""
    links = find_links(url, mime, "utf-8", body.encode()).links
    return [f"{link.kind[0]} {link.url.removeprefix(HERE)}" for link in links]


HTML = [
    ("<a href=b>", ["o b"]),
    ("<a href='b#c'>", ["o b"]),
    ("<a href=#c><a href=''><a href=page>", []),
    ("<map><area href=b></map>", ["o b"]),
    ("<a href=b><a href=c><a href=b>", ["o b", "o c"]),
    ("<a href=' b\n'>", ["o b"]),
    ("<a href='b&amp;c=d?e&copy=f'>", ["o b&c=d?e&copy=f"]),
    ("<a href='b c'>", ["o b%20c"]),
    ("<a href='é'>", ["o %C3%A9"]),
    ("<a>b<a name=c>", []),
    ("<img src=i.png>", ["e i.png"]),
    ("<image src=i.png>", ["e i.png"]),
    ("<img src=i srcset='j 1x, k 2x'>", ["e i", "e j", "e k"]),
    ("<picture><source srcset='j 300w'><img src=i></picture>", ["e j", "e i"]),
    ("<video src=v poster=p><source src=w><track src=t></video>", ["e v", "e p", "e w", "e t"]),
    ("<audio src=s></audio>", ["e s"]),
    ("<script src=s.js></script>", ["e s.js"]),
    ("<script>var a = '<a href=no>'</script>", []),
    ("<!-- <a href=no> --><noscript><img src=i></noscript>", ["e i"]),
    ("<template><a href=b><template><img src=i></template></template><a href=c>", ["o b", "e i", "o c"]),
    ("<link rel=stylesheet href=s.css>", ["e s.css"]),
    ("<link rel='alternate Stylesheet' href=s.css>", ["e s.css"]),
    ("<link rel='shortcut icon' href=i.ico><link rel=apple-touch-icon href=t.png>", ["e i.ico", "e t.png"]),
    ("<link rel=manifest href=m><link rel=preload href=p><link rel=modulepreload href=q>", ["e m", "e p", "e q"]),
    ("<link rel=prefetch href=p><link rel=mask-icon href=i.svg>", ["e p", "e i.svg"]),
    ("<link rel=preload as=image imagesrcset='i 1x, j 2x'>", ["e i", "e j"]),
    ("<link rel=next href=n><link rel=prev href=p><link rel=alternate href=f>", ["o n", "o p", "o f"]),
    ("<link rel=dns-prefetch href=//x.org><link rel=preconnect href=//x.org><link rel=pingback href=x>", []),
    ("<iframe src=f></iframe><embed src=e><object data=d></object>", ["e f", "e e", "e d"]),
    ("<frameset><frame src=f></frameset>", ["e f"]),
    ("<input type=IMAGE src=i><input src=no>", ["e i"]),
    ("<body background=b><table background=c><td background=d></table>", ["e b", "e c", "e d"]),
    ("<svg><image href=i></image><image xlink:href=j /><use href='u.svg#x'/></svg>", ["e i", "e j", "e u.svg"]),
    ("<svg><use xlink:href='u.svg#x'/><use href='#y'/><a xlink:href=b></a></svg>", ["e u.svg", "o b"]),
    ("<p style='background: url(&quot;b.png&quot;)'>", ["e b.png"]),
    ("<a href=b style='background:url(c)'>", ["o b", "e c"]),
    ("<style>@import 'i.css'; p { background: url(b.png) }</style>", ["e i.css", "e b.png"]),
    ('<script type=importmap>{"imports":{"a":"./m.js","b/":"/no/"},"scopes":{"/":{"c":"n.js"}}}</script>',
     ["e m.js", "e n.js"]),
    ('<script type=importmap>{"imports":[1],"scopes":3}</script><script type=importmap>{</script>', []),
    ("<meta property=og:image content=o.png><meta name=twitter:image content=t.png>", ["h o.png", "h t.png"]),
    ("<meta http-equiv=Refresh content='5; url=n'>", ["o n"]),
    ("<meta name=description content=no>", []),
    ("<form action=f><input name=q></form><form method=GET action=g></form><form method=post action=no></form>",
     ["o f", "o g"]),
    ("<form></form>", []),
    ("<a href=i><img src=i>", ["e i"]),
    ("<img src=i><a href=i>", ["e i"]),
    ("<meta property=og:image content=i><a href=b><img src=i>", ["e i", "o b"]),
    ("<a href='data:text/html,x'><a href='javascript:x()'><a href='mailto:a@b.c'><a href='tel:1'><img src='blob:x'>", []),
    ("<a href='JaVaScRiPt:x'><a href='java\nscript:x'><a href='about:blank'><a href='ftp://a/'><a href='urn:a:b'>", []),
    ("<a href='http://['><a href='//'><a href='http://a b/'><a href='http:///'><a href='https://x:99999/'>", []),
    ("<a href='//x.org/y'><a href='HTTPS://X.org:443/z'>", ["o http://x.org/y", "o https://x.org/z"]),
    ("<base href='/b/'><base href='/no/'><a href=c><img src=d>", ["o http://example.org/b/c", "e http://example.org/b/d"]),
    ("<a href=c><base target=x><base href='//x.org'>", ["o http://x.org/c"]),
    ("<base href='data:,x'><a href=c>", ["o c"]),
    ("<base href='/b/'><a href='#x'><p style='fill:url(#y)'>", ["o http://example.org/b/"]),
    ("<iframe srcdoc='<img src=i><p style=\"background:url(b)\">'></iframe>", ["e i", "e b"]),
    ("<iframe srcdoc='<iframe srcdoc=&quot;<a href=b>&quot;></iframe>'></iframe>", ["o b"]),
    ("<button formaction=f><button formaction=g formmethod=get><button formaction=no formmethod=post>", ["h f", "o g"]),
    ("<input type=submit formaction=f>", ["h f"]),
    ("<blockquote cite=b><q cite=c></q><ins cite=d></ins><del cite=e></del></blockquote>", ["h b", "h c", "h d", "h e"]),
    ("<img src=i longdesc=l><iframe src=f longdesc=m></iframe><img lowsrc=j>", ["e i", "o l", "e f", "o m", "e j"]),
    ("<object data=d codebase=c/ archive='a.jar b.jar'></object>", ["e c/d", "e c/a.jar", "e c/b.jar"]),
    ("<applet code=A.class archive='a.jar,b.jar' codebase='../c/'></applet>", [
        f"e http://example.org/c/{name}" for name in ("A.class", "a.jar", "b.jar")]),
    ("<svg><feImage href=i /><feImage xlink:href=j /><script href=s.js /></svg>", ["e i", "e j", "e s.js"]),
    ("<svg><script xlink:href=s.js></script><a href=b><image href=i /></a></svg>", ["e s.js", "o b", "e i"]),
    ("<svg><linearGradient href='g.svg#a'/><textPath href='#no'/></svg>", ["h g.svg"]),
    ("<svg><rect fill='url(f.svg#a)' filter=\"url('g.svg#b')\" mask='url(#no)'/></svg>", ["e f.svg", "e g.svg"]),
    ("<p title=' style=\"x:url(no)\"'> style=\"x:url(no)\"<p style='a:URL(b)'>", ["e b"]),
    ("<p style='background:image-set(&quot;i&quot; 1x, &quot;j&quot; 2x)'>", ["e i", "e j"]),
    ("<portal src=p></portal><a href=b ping=no>", ["e p", "o b"]),
    ("<head><noscript><link rel=stylesheet href=s></noscript><body><noscript><a href=b>", ["e s", "o b"]),
    ("<!--[if lt IE 9]><script src='/js/html5.js'></script><![endif]--><!-- <a href='/no/no.html'> -->",
     ["h http://example.org/js/html5.js"]),
    ("<meta name=msapplication-TileImage content=t.png><meta name=msapplication-config content=b.xml>", ["e t.png", "e b.xml"]),
    ("<meta name=msapplication-task content='name=N;action-uri=a;icon-uri=i.ico'>", ["o a", "e i.ico"]),
    ("<meta property=og:url content=u><meta name=twitter:player content=p><meta itemprop=image content=i>", ["h u", "h p", "h i"]),
    ("<html manifest=m.appcache>", ["e m.appcache"]),
    ("<script type=speculationrules>{'a'</script>", []),
    ('<script type=speculationrules>{"prerender":[{"urls":["/a/next/","no*"],"where":{"href_matches":"/*"}}]}</script>', ["h next/"]),
    ('<script type=application/ld+json>{"@context":"https://schema.org/","image":["/a/i.png"],"url":"http://example.org/a/u"}</script>',
     ["h i.png", "h u"]),
    ('<script type=application/json>{"href":"\\/a\\/bb","n":"/a/\\u0063.html","mime":"text/html"}</script>', ["h bb", "h c.html"]),
    ("<script>push([1,'{\\\"href\\\":\\\"/a/bb/\\\"}']); x = './c.png'; y = '/a/' + z</script>", ["h bb/", "h c.png"]),
    ("<img data-src=i.png><img data-src=/a/i.png><img data-srcset='/a/j.png 1x, k.png 2x'>", ["e i.png", "e j.png", "e k.png"]),
    ("<div data-url=/a/bb/ data-x='text/html' data-y='12/03/2026' data-props='{&quot;link&quot;:&quot;/a/cc&quot;}'>", ["h bb/", "h cc"]),
    ("<a href=b data-src=/a/b>", ["o b"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "links"), HTML)
def test_html(body: str, links: list[str]) -> None:
    """Each element and attribute that holds an address gives a link of its kind."""
    assert found(body) == links


OTHER = [
    ("text/css", "@import url(a.css); b { background: url('c.png') }", ["e a.css", "e c.png"]),
    ("image/svg+xml", ('<?xml version="1.0"?><?xml-stylesheet href="s.css"?><svg xmlns:xlink="x"><style><![CDATA['
     'a{fill:url(f.png)}]]></style><a xlink:href="b"/><image href="i"/></svg>'), ["e s.css", "o b", "e i", "e f.png"]),
    ("image/svg+xml", '<!DOCTYPE svg [<!ENTITY a "http://no/">]><svg><image href="&a;"/></svg>', ["e &a;"]),
    ("application/xhtml+xml", ('<html><head><script src="s"/><title/><link rel="next" href="n"/></head>'
     '<body><a name="x"/><img src="i"/></body></html>'), ["e s", "o n", "e i"]),
    ("application/atom+xml", ('<feed><link rel="self" href="f"/><icon>i</icon><entry><link href="e"/><content src="c"/>'
     "</entry></feed>"), ["o f", "e i", "o e", "o c"]),
    ("application/rss+xml", ('<rss><channel><link>l</link><image><url>i</url></image><item><link>e</link>'
     '<enclosure url="m"/></item></channel></rss>'), ["o l", "e i", "o e", "e m"]),
    ("text/xml", "<rss><channel><item><link>e</link></item><item><link>f</link>", ["o e", "o f"]),
    ("application/rss+xml", ('<rss xmlns:m="m" xmlns:i="i" xmlns:a="a"><channel><i:image href="c"/><a:link href="s" rel="self"/><item>'
     '<m:content url="v"/><m:group><m:content url="w"/></m:group><m:thumbnail url="t"/></item></channel></rss>'),
     ["e c", "o s", "e v", "e w", "e t"]),
    ("application/atom+xml", '<feed><entry><link rel="enclosure" href="m"/></entry></feed>', ["e m"]),
    ("application/feed+json", json.dumps({
        "version": "https://jsonfeed.org/version/1.1", "home_page_url": "h", "icon": "i", "items": [
            {"url": "u", "image": "j", "attachments": [{"url": "a"}], "content_html": "<a href='/a/b.html'>"}]}),
     ["o h", "e i", "o u", "e j", "e a", "h b.html"]),
    ("text/xml", ('<browserconfig><msapplication><tile><square70x70logo src="a"/><TileImage src="b"/></tile><notification>'
     '<polling-uri src="c"/></notification></msapplication></browserconfig>'), ["e a", "e b", "h c"]),
    ("application/opensearchdescription+xml", ('<OpenSearchDescription><Image>i</Image><Url template="no{searchTerms}"/>'
     "<moz:SearchForm xmlns:moz='m'>f</moz:SearchForm></OpenSearchDescription>"), ["e i", "o f"]),
    ("text/xsl", '<xsl:stylesheet xmlns:xsl="x"><xsl:import href="a"/><xsl:include href="b"/></xsl:stylesheet>', ["e a", "e b"]),
    ("application/xslt+xml", '<xsl:transform xmlns:xsl="x"><xsl:include href="b"/></xsl:transform>', ["e b"]),
    ("text/xml", ('<urlset xmlns:i="i" xmlns:x="x"><url><loc>a</loc><x:link rel="alternate" href="b"/><i:image><i:loc>c</i:loc>'
     "</i:image></url></urlset>"), ["o a", "o b", "e c"]),
    ("text/css", '@charset "windows-1251"; a { background: url(a) }', ["e a"]),
    ("application/json", '{"items":[{"url":"/a/bb"},"/a/c.pdf","text/html","12/03/2026"],"html":"<img src=\\"/a/d.png\\">"}',
     ["h bb", "h c.pdf", "h d.png"]),
    ("application/problem+json", '{"instance":"/a/b/cc"}', ["h b/cc"]),
    ("application/json", '{"cut":"/a/b.html", ', ["h b.html"]),
    ("application/json", '{"version":3,"sources":["/a/no.js"],"sourcesContent":["\'/a/no.png\'"],"mappings":"A/B"}', []),
    ("text/xml", '<!DOCTYPE r [<!ENTITY a "b">]><rss><item><link>&a;</link></item></rss>', []),
    ("application/xml", '<?xml-stylesheet type="text/css" href="s.css?a=1&amp;b"?><x/>', ["e s.css?a=1&b"]),
    ("application/manifest+json", json.dumps({
        "start_url": "s", "icons": [{"src": "i"}, {"src": 1}, 2], "screenshots": [{"src": "j"}],
        "shortcuts": [{"url": "u", "icons": [{"src": "k"}]}, None]}), ["e i", "e j", "o s", "o u", "e k"]),
    ("application/json", '{"icons": {"src": "no"}, "url": "no"}', []),
    ("application/json", "[" * 100_000, []),
    ("application/json", "not JSON", []),
    ("text/plain", "<a href=no>", []),
    ("unk", "<a href=no>", []),
]  # fmt: skip


@pytest.mark.parametrize(("mime", "body", "links"), OTHER)
def test_other_types(mime: str, body: str, links: list[str]) -> None:
    """Style sheets, SVG, XHTML, feeds and manifests have links too; entities are never expanded."""
    assert found(body, mime) == links


CSS = [
    ("a { background: url(a.png) }", ["a.png"]),
    ("url( 'a b.png' )", ["a b.png"]),
    ("URL(A)url(b)", ["A", "b"]),
    (r"url(a\ b\29 .png)", ["a b).png"]),
    (r"url('a\'b')", ["a'b"]),
    ("url('a\\\nb')", ["ab"]),
    (r"url('\61\62 c')", ["abc"]),
    (r"url('\0\d800\ffffff')", ["\ufffd\ufffd\ufffd"]),
    ("@import 'a.css' screen; b { content: 'no' }", ["a.css"]),
    ('@import"a";@IMPORT/**/"b";@import url(c) layer(x);', ["a", "b", "c"]),
    ("@import 'a'", ["a"]),
    ("@charset 'no'; @import 'a'", ["a"]),
    ("@namespace url(http://no); @namespace 'no'; p { fill: url(a) }", ["a"]),
    ("/* url(no) */ url(a) /* url(no)", ["a"]),
    ("'url(no)' url(a)", ["a"]),
    (r"\'url(a)", ["a"]),
    ("image-set('a.png' 1x, url(b.png) 2x, 'c.png' type('image/png')) 'no'", ["a.png", "b.png", "c.png"]),
    ("-webkit-image-set(url('a') 1x) 'no'", ["a"]),
    (
        "a{background:image('a.png', red)} b{background:src(\"b.png\")} c{content:'no'; my-image('no')}",
        ["a.png", "b.png"],
    ),
    ("src: url('f.woff2')format('woff2'), url(f.woff)", ["f.woff2", "f.woff"]),
    ("myurl(no) no-url(no)", []),
    ("url(#no) url() url('')", []),
    ("url('a", ["a"]),
    ("url(a", ["a"]),
    ("url(", []),
    ("url(data:image/svg+xml;charset=utf8,<svg/>)", ["data:image/svg+xml;charset=utf8,<svg/>"]),
    ("url(a) url(b) url(a)", ["a", "b"]),
    ("@import url('a') layer(base) supports(display: grid) screen; @import 'b' layer;", ["a", "b"]),
    ("@import url(a) supports(background: url(b)); @layer c { d { fill: url(e) } }", ["a", "b", "e"]),
    (
        "@font-face { src: local('no'), url(f.woff2) format('woff2') tech(variations), url('g.ttf') }",
        ["f.woff2", "g.ttf"],
    ),
    ("cross-fade(url(a), url(b) 50%) -webkit-cross-fade(url(c), url(d), 50%)", ["a", "b", "c", "d"]),
    ("@supports (x: url(a)) { @media print { b { list-style: url(c) } } }", ["a", "c"]),
    ("--x: url(a); cursor: url(b.cur) 2 2, auto; content: url(c) / 'no'", ["a", "b.cur", "c"]),
    ("p { color: red }", []),
    ("<!-- url(a) -->", ["a"]),
]


@pytest.mark.parametrize(("text", "references"), CSS)
def test_css(text: str, references: list[str]) -> None:
    """Addresses of a style sheet are found with quotes, escapes and comments; other strings are none."""
    assert find_css_links(text) == references


SRCSET = [
    ("a", ["a"]),
    ("a 1x, b 2x", ["a", "b"]),
    ("a 1x,b 2x", ["a", "b"]),
    ("a, b", ["a", "b"]),
    ("a,b", ["a,b"]),
    (" , ,a 100w ,\n b\t2x,,", ["a", "b"]),
    ("data:image/png;base64,AA== 1x, b 2x", ["data:image/png;base64,AA==", "b"]),
    ("a,, b", ["a", "b"]),
    ("a (x, y) 1x, b", ["a", "b"]),
    ("a (x, b", ["a"]),
    ("/i/w_100,h_50/a.jpg 1x, /i/w_200,h_100/a.jpg 2x", ["/i/w_100,h_50/a.jpg", "/i/w_200,h_100/a.jpg"]),
    ("", []),
    (" ,, ", []),
]


@pytest.mark.parametrize(("value", "references"), SRCSET)
def test_srcset(value: str, references: list[str]) -> None:
    """Candidates are taken apart as the HTML standard does, commas within addresses kept."""
    assert list(find_srcset_links(value)) == references


REFRESH = [
    ("5; url=a", "a"),
    ("0;URL='a b'", "a b"),
    ('0; url="a" x', "a"),
    ("0,a", "a"),
    ("1.5 ; url = a", "a"),
    ("0; a", "a"),
    (";url=a", "a"),
    ("5", None),
    ("", None),
    ("0;", None),
    ("0; url=", None),
]


@pytest.mark.parametrize(("content", "target"), REFRESH)
def test_refresh(content: str, target: str | None) -> None:
    """A refresh leads where browsers would go."""
    assert refresh_target(content) == target


HEADERS = [
    ("<a.css>; rel=preload; as=style", ["e a.css"]),
    ('</s>; rel="stylesheet", <n>;rel=next', ["e http://example.org/s", "o n"]),
    ('<a>; title="x, <no>; rel=no"; rel="icon"', ["e a"]),
    ("<a>; REL = Preload", ["e a"]),
    ("<a>", []),
    ("<//x.org>; rel=preconnect", []),
    ("a; rel=next", []),
    ("<a; rel=next", []),
    ("<>; rel=next", []),
    ("<mailto:a@b>; rel=author", []),
]


@pytest.mark.parametrize(("value", "links"), HEADERS)
def test_link_headers(value: str, links: list[str]) -> None:
    """A Link field gives what a link element would."""
    assert [
        f"{kind[0]} {url.removeprefix(HERE)}" for url, kind in map(as_pair, find_header_links(URL, value))
    ] == links


def as_pair(link: Link) -> tuple[str, str]:
    return link.url, link.kind


REFERENCES = ["", "#x", "b", "b/", "./b", "../b", "../../../b", "/b", "//b", "///b", "b?c", "?c", "b?c?d#e?f", "b.html", ".b", "..b",
              "...", "b..", "b/./c", "b/../c", "%2e%2e/b", "b%20c", "b c", " b ", "b\n", "b:c", "./b:c", "b;c=d", "B~!$&()*+,=@",
              "'b'", "b'", "b\\c", "\\b", "b//c", "é", "http://x.org", "http://X.org/é#f", "http:b", "https:b", "HTTP://x/", "b?é",
              "b?'c", 'b?"', "b?[c]", "b?%zz", "b|c", "b^", "../", "..", ".", "./", "/", "/../b", "/./b", "../.b", "b" * 5000,
              "http://xn--a.org/", "//x.org:80", "http://1/", "b?c=//d", "-b", "_b", "b/c/d/", "b/c..d/e", "/b/.", "/b#", "../../b/"]  # fmt: skip
BASES = ["http://example.org/", "http://example.org/a", "http://example.org/a/b/c?d/e", "https://example.org:8443/a/",
         "http://[::1]/a/b", "http://example.org/?q=/x", "http://example.org/a%20b/c'd", "http://example.org/a//b//c"]  # fmt: skip


@pytest.mark.parametrize("base", BASES)
def test_fast_joins_are_right(base: str) -> None:
    """Whatever the resolver joins itself, the WHATWG parser joins in the same way."""
    resolver = Resolver(base)
    for reference in REFERENCES:
        assert resolver.resolve(reference) == normalise(reference, base), reference


@given(st.text("ab./?#:%2e&;=@~!'\\ \t-é", max_size=12), st.sampled_from(BASES))
def test_random_joins_are_right(reference: str, base: str) -> None:
    """The same holds for random references."""
    assert Resolver(base).resolve(reference) == normalise(reference, base)


def test_page_facts() -> None:
    """Title, language, base, canonical address and text come with the links, from one parse."""
    body = b"<html lang=nl><title>T &amp; U</title><base href=/b/><link rel=canonical href=c><p>Word"
    result = find_links(URL, "text/html", None, body)
    assert (result.title, result.language, result.base) == ("T & U", "nl", "http://example.org/b/")
    assert result.canonical == "http://example.org/b/c"
    document = read_document(URL, (("Content-Type", "text/html"),), body)
    assert (document.is_page, document.title, document.text) == (True, "T & U", "Word")


def test_document_of_a_response() -> None:
    """Links of header fields come first; an address that is an embed anywhere is an embed."""
    headers = (("content-type", "text/html; charset=iso-8859-1"), ("Link", "<n>; rel=next"), ("REFRESH", "1;r"),
               ("link", "<s>;rel=preload"), ("Speculation-Rules", '"r.json", "/q.json"'))  # fmt: skip
    document = read_document(URL, headers, "<a href=s><img src=n>é".encode("latin-1"))
    assert document.links == [
        Link(HERE + "n", "embed"),
        Link(HERE + "r", "outlink"),
        Link(HERE + "s", "embed"),
        Link(HERE + "r.json", "hint"),
        Link("http://example.org/q.json", "hint"),
    ]
    assert document.text == "é"
    assert read_document(URL, (("content-type", "image/png"),), b"\x89PNG") == Document(
        is_page=False, links=[]
    )


TYPES = [
    ("text/html", b"", ("text/html", None)),
    ("Text/HTML ; charset=UTF-8", b"", ("text/html", "UTF-8")),
    ('text/html;x=y;charset="utf-8"', b"", ("text/html", "utf-8")),
    (None, b"\n<!DOCTYPE html>", ("text/html", None)),
    ("", b"<HTML>", ("text/html", None)),
    (None, b"plain", ("unk", None)),
    ("nonsense", b"{}", ("unk", None)),
]


@pytest.mark.parametrize(("value", "body", "expected"), TYPES)
def test_media_type(value: str | None, body: bytes, expected: tuple[str, str | None]) -> None:
    """The type is that of the header; without one, HTML is known by its beginning."""
    assert media_type(value, body) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_links_in_any_encoding(encoding: str) -> None:
    """Addresses are read in the encoding of the page."""
    body = "<a href='café'>".encode(encoding)
    assert [link.url for link in find_links(URL, "text/html", None, body).links] == [HERE + "caf%C3%A9"]


def test_a_page_of_many_tags_keeps_its_links() -> None:
    """A very large page loses nesting, and no links."""
    row = ("<div><a href=a><b><img src=i srcset='j 2x'></b></a><video src=v poster=p></video><object data=o></object>"
           "<p style='background:url(s)'><svg><use href=u#x /><image href=w></svg></div>")  # fmt: skip
    big = row * (MANY_TAGS // 10)
    assert found(big) == found(row) == ["o a", "e i", "e j", "e v", "e p", "e o", "e u", "e w", "e s"]


def test_tags_are_bounded() -> None:
    """A page of more tags than anybody writes is read in part, and the ledger is told."""
    body = "<a href=b>x</a>" + "<b>" * MAX_TAGS + "<a href=no>"
    result = read_document(URL, (("content-type", "text/html"),), body.encode())
    assert ([link.url for link in result.links], "in part" in result.note) == ([HERE + "b"], True)


def test_hints_are_bounded() -> None:
    """No more guesses than the promise are taken from one document, and the ledger is told how many were not."""
    body = json.dumps([f"/a/{n}.html" for n in range(MAX_HINTS + 5)] + ["/a/0.html"])
    result = read_document(URL, (("content-type", "application/json"),), body.encode())
    assert {link.kind for link in result.links} == {"hint"}
    assert (len(result.links), result.note.partition(" ")[0]) == (MAX_HINTS, "5")


def test_what_is_certain_is_no_guess() -> None:
    """An address that is a hint and a link is a link, wherever the two stand."""
    page = "<meta property=og:image content=i><script>x = '/a/b/'; y = '/a/i'</script><a href=b/><img src=i>"
    assert found(page) == ["e i", "o b/"]


def test_links_are_bounded() -> None:
    """No more links than the promise are taken from one document."""
    body = " ".join(f"url({n})" for n in range(MAX_LINKS + 10))
    assert len(find_links(URL, "text/css", None, body.encode()).links) == MAX_LINKS


HOSTILE = [
    ("deep links", "text/html", "<div><a href=x>" * 9_000),
    ("templates", "text/html", "<template><a href=x>" * 9_000),
    ("frames in frames", "text/html", "<iframe srcdoc='" * 100_000),
    ("unclosed scripts", "text/html", "<script><!--" * 100_000),
    ("comments in names", "text/html", "<a <!--><b <script >" * 9_000),
    ("marks in text", "text/html", ' data-a="/b" url( style="' * 100_000),
    ("data", "text/html", "<p data-a='/b/c' style='a:url('>" * 30_000),
    ("hidden", "text/html", "<p hidden>x</p>" * 60_000),
    ("names of hidden", "text/html", "".join(f"<x-{n} hidden>x</x-{n}>" for n in range(9_000))),
    ("quotes in scripts", "text/javascript", "\"'`/" * 500_000),
    ("backslashes in scripts", "text/javascript", "'\\/" * 200_000 + "\\" * 1_000_000),
    ("long strings in scripts", "text/javascript", "'/" + "a/" * 1_000_000 + "'"),
    ("deep JSON", "application/json", '{"a":' * 300_000),
    ("wide JSON", "application/json", "[" + '"/a/b",' * 300_000 + '""]'),
    ("long names in JSON", "application/json", '{"' + "_" * 1_000_000 + '":["/a/b","/a/c"]}'),
    ("markup in JSON", "application/json", '["' + "<a href= " * 200_000 + '"]'),
    ("svg", "image/svg+xml", "<svg><use href=x>" * 100_000),
    ("srcset", "text/html", "<img srcset='" + ", " * 500_000 + "'>"),
    ("srcset brackets", "text/html", "<img srcset='" + "a (" * 300_000 + "'>"),
    ("refresh", "text/html", "<meta http-equiv=refresh content='" + "1; " * 300_000 + "'>"),
    ("long address", "text/html", "<a href='" + "../" * 500_000 + "'>"),
    ("long data", "text/html", "<img src='data:," + "x" * 5_000_000 + "'>"),
    ("urls", "text/css", "url(" * 500_000),
    ("quoted urls", "text/css", "url('" * 500_000),
    ("strings", "text/css", "url(x)" + '"' * 1_000_000),
    ("comments", "text/css", "url(x)" + "/*" * 1_000_000),
    ("escapes", "text/css", "url(" + "\\" * 1_000_001),
    ("imports", "text/css", "@import " * 200_000),
    ("sets", "text/css", "image-set(" * 100_000),
    ("spaces", "text/css", "url( " + " " * 1_000_000),
    ("feed", "text/xml", "<a>" * 500_000),
    ("instructions", "text/xml", "<?xml-stylesheet " * 200_000),
    ("no type", "unk", "<" * 1_000_000),
]


@pytest.mark.parametrize(("mime", "body"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_documents_cost_little(mime: str, body: str) -> None:
    """Documents made to stall a parser are read to their end (time that grows with the square would be minutes)."""
    assert ends(lambda: read_document(URL, (("content-type", mime),), body.encode()))


@pytest.mark.parametrize(
    "value", ["<a" * 500_000, '<a>"' * 250_000, "<a>;rel =" * 100_000, "<a>;" + " " * 1_000_000]
)
def test_hostile_link_fields_cost_little(value: str) -> None:
    """So are header fields."""
    assert ends(lambda: find_header_links(URL, value))


@given(st.sampled_from(["text/html", "text/css", "image/svg+xml", "text/xml", "application/json"]),
       st.one_of(st.binary(max_size=200), st.text("<>/=\"' ;:,()[]{}\\@#a&srchefurlimport\n\0é", max_size=200).map(str.encode)))  # fmt: skip
def test_any_bytes_are_read_without_error(mime: str, body: bytes) -> None:
    """Random bytes never raise, and every link is an address in normal form."""
    document = read_document(URL, (("content-type", mime), ("link", body.decode("latin-1"))), body)
    assert all(normalise(link.url) == link.url for link in document.links)
