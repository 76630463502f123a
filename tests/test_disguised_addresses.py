# SPDX-License-Identifier: EUPL-1.2
"""
Addresses in a spelling that hides them: what Chromium asks for is the replay's address, and never the page's own.

Each page is shown twice. As it is, Chromium asks for `//x/`, or the page proves nothing; rewritten, it asks for the mapped
address, or for nothing where that is what is meant. No policy stands behind the rewriter here.
"""

from __future__ import annotations

import time
from base64 import b64encode

import pytest

from tests.support.page_tree import mapper
from viewer.rewriting.headers import map_refresh
from viewer.rewriting.html import rewrite_html

HERE = "http://here.example/"
PATIENCE = 10.0  # seconds
QUIET = 0.4  # seconds in which a page that asks for something has asked


def styled(css: str) -> str:
    """Return a page with a style sheet, and things that it is for."""
    return f"<!doctype html><style>{css}</style><p class='a\"'>p</p><b>b</b>"


BACKGROUND = "b{{background:{}}}".format
STYLES = {
    "a name with an escape in it": BACKGROUND("u\\72l(//x/)"),
    "a name that begins with an escape": BACKGROUND("\\url('//x/')"),
    "an address within such a name": BACKGROUND("\\75 rl(//x/)"),
    "an import with an escape": "@\\69mport '//x/';",
    "a set with an escape": BACKGROUND("\\69mage-set('//x/' 1x)"),
    "a quote in a selector": '.a\\"{background:url(//x/)} .b{c:"}',
    "a quote in a namespace": '@namespace \\"; b{background:url(//x/)} /*"*/',
    "a quote in the comment of a namespace": '@namespace a /*"*/ url(b); b{background:url(//x/)} /*"*/',
    "a quote in the address of a namespace": '@namespace u\\72l(a;") ; @import "//x/";/*"*/ b{c:"}',
    "a quote in an address": BACKGROUND('url(a"); c:d') + 'b{background:url(//x/)} b{c:"}',
    "an apostrophe in an address": BACKGROUND("url(a'); c:d") + "b{background:url(//x/)} b{c:'}",
    "an address in a set": BACKGROUND("image-set(url(a) 2x,'//x/' 1x)"),
    "an address between quotes in a set": BACKGROUND("image-set(url('a') 2x,'//x/' 1x)"),
    "a comment in a set": BACKGROUND('image-set(/*)*/"//x/" 1x)'),
    "functions in functions in a set": BACKGROUND('image-set(linear-gradient(rgb(0 0 0),red) 2x,"//x/" 1x)'),
    "brackets in a set": BACKGROUND('image-set(linear-gradient(rgb(calc(1*(1)) 0 0),red) 2x,"//x/" 1x)'),
    "a tab in an address": BACKGROUND("url('/\t/x/')"),
    "a tab in a scheme": BACKGROUND("url('h\tttp://x/')"),
    "an escaped tab in an address": BACKGROUND("url('/\\9 /x/')"),
    "an escaped line break in a string": '.a{c:"\\\r\nurl(a)"} b{background:url(//x/)} .a{c:""}',
    "a comment that was opened as in a page": "<!-- b{background:url(//x/)} -->",
    "an import behind that": "<!--@import '//x/';",
}
SHEET = b64encode(b"@import 'http://x/'").decode()
PAGES = {
    "a long s in the end of a script": "<script>1</\u017fcript><!-- </script><img src=//x/>",
    "a long s in the end of a style": "<style>1</\u017ftyle><!-- </style><img src=//x/>",
    "a dotless i in the end of a title": "<title>1</t\u0131tle><!-- </title><img src=//x/>",
    "a dotless i in the end of a frame": "<iframe>1</\u0131frame><!-- </iframe><img src=//x/>",
    "a background of a column": "<table><col background=//x/><tr><td>x</table>",
    "a background of columns": "<table><colgroup background=//x/><col></colgroup><tr><td>x</table>",
    "a Kelvin sign in an attribute": "<body bac\u212aground=a background=//x/>",
    "a Kelvin sign in a prefixed attribute": "<svg><image width=9 height=9 xlin\u212a:href=a xlink:href=//x/ />",
    "a Kelvin sign in what would end a drawing": "<svg><bloc\u212aquote><title><img src=//x/></title>",
    "a reference in the style of a drawing": "<svg><style>@import '&#47;/x/';</style></svg>",
    "a bracket as a reference": "<svg><style>b{background:url&#40;//x/)}</style></svg><b>b",
    "a quote as a reference": "<svg><style>@import url(&quot;//x/&quot;)</style></svg>",
    "a comment in an address": "<svg><style>b{background:url(/<!---->/x/)}</style></svg><b>b",
    "a section in an address": "<svg><style>b{background:url(/<![CDATA[/x/]]>)}</style></svg><b>b",
    "a map of modules in a drawing": "<svg><script type=importmap>{&quot;imports&quot;:{&quot;q&quot;:&quot;//x/&quot;}}</script></svg><script type=module>import 'q'</script>",
    "a tab in a map of modules": """<script type=importmap>{"imports":{"q":"h\\tttp://x/"}}</script><script type=module>import 'q'</script>""",
    "an animated mask": "<svg><rect width=9 height=9><set attributeName=mask to='url(//x/#a)' />",
    "an animated path": "<svg><rect width=9 height=9><animate attributeName=clip-path values='url(//x/#a);none' dur=1s />",
    "an animated cursor": "<svg><rect width=9 height=9><set attributeName=cursor to='url(//x/),auto' />",
    "a sheet that is its own address": "<link rel=stylesheet href='data:text/css,b{background:url(http://x/)}'><b>b",
    "another, in base64": f"<link rel=stylesheet href='data:text/css;base64,{SHEET}'>",
    "one in quirks mode that says nothing": "<link rel=stylesheet href='da\tta:,b{background:url(http://x/)}'><b>b",
    "one in another": f"<style>@import 'data:text/css;base64,{SHEET}';</style>",
    "a name with capitals in a drawing": "<foreignObject><svg></foreignObject><style><img src=//x/></style>",
    "another name with capitals": "<clippath><svg><g></clippath><style><img src=//x/></style>",
    "a name with capitals around a formula": "<svg><foreignObject><math><mi></foreignObject><br></mi><style><img src=//x/></style>",
}
NOTHING = {
    "an element in an address": "<svg><style>b{background:url(/<g/>/x/)}</style></svg><b>b",
    "an end tag in an address": "<svg><style>b{background:url(/</g>/x/)}</style></svg><b>b",
    "a declaration in an address": "<svg><style>b{background:url(/<!x>/x/)}</style></svg><b>b",
    "a comment with two ends": "<svg><style>b{background:url(/<!----!>/x/)}</style></svg><b>b",
    "a document in an object": "<object data='data:text/html,<img src=http://x/>'></object>",
    "a drawing in an object": "<object data=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='http://x/' width='9' height='9'/></svg>\"></object>",
    "a drawing in an embed": "<embed src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='http://x/' width='9' height='9'/></svg>\">",
    "a base that is not replayed": "<base href=ftp://x/><img src=y>",
    "a base without slashes that is not replayed": "<base href=ftp:x><img src=y>",
    "a document in a frame": "<frameset><frame src='data:text/html,<img src=http://x/>'>",
}
"""Where nobody can tell what would be asked for, or the policy refuses it in any case: it goes."""
XML = {
    "a reference in a style": "<style>@import '&#47;/x/';</style>",
    "a comment in an address": "<style>b{background:url(/<!-- -->/x/)}</style>",
    "a style with a prefix": "<h:style xmlns:h='http://www.w3.org/1999/xhtml'>b{background:url(//x/)}</h:style>",
    "a style of drawings with a prefix": "<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:style>@import '//x/';</s:style></s:svg>",
    "a map of modules": "<script type='importmap'>{&quot;imports&quot;:{&quot;q&quot;:&quot;//x/&quot;}}</script><script type='module'>import 'q'</script>",
}
REFRESHED = {
    "a quote in an address": '<meta http-equiv=refresh content="0;url=http://x\'@x/">',
    "a tab in an address": "<meta http-equiv=refresh content='0 url=/\t/x/'>",
    "a vertical tab before an address": "<meta http-equiv=refresh content='0&#11;;url=//x/'>",
    "a quote that opens one": "<meta http-equiv=refresh content='0; url=\"//x/\"/y'>",
}
HTML, XHTML = "text/html", "application/xhtml+xml"


def in_xhtml(body: str) -> str:
    """Return a page in XML."""
    return f"<html xmlns='http://www.w3.org/1999/xhtml'><head>{body}</head><body><b>b</b></body></html>"


def asked(browser, body: bytes, media_type: str, *, patience: float) -> list[str]:
    """Show a page, and return the hosts it asks, up to the first; none after so many seconds."""
    hosts: list[str] = []

    def answer(route):
        url = route.request.url
        if url == HERE:
            route.fulfill(body=body, headers={"content-type": f"{media_type}; charset=utf-8"})
            return
        if not url.startswith(HERE):  # what scans ahead may take a reference for a relative address
            hosts.append(url.split("/")[2].rpartition("@")[2])
        route.abort()

    with browser.new_context() as context:
        context.route("**/*", answer)
        page = context.new_page()
        page.goto(HERE, wait_until="commit")
        until = time.monotonic() + patience
        while not hosts and time.monotonic() < until:
            page.wait_for_timeout(20)
    return hosts


def rewritten(page: str, media_type: str) -> bytes:
    """Rewrite a page as it is rewritten for replay, without our script."""
    return rewrite_html(page.encode(), "utf-8", mapper, "", xml=media_type == XHTML)


MAPPED = [
    *((f"style: {name}", styled(css), HTML) for name, css in STYLES.items()),
    *((f"page: {name}", page, HTML) for name, page in (PAGES | REFRESHED).items()),
    *((f"xml: {name}", in_xhtml(body), XHTML) for name, body in XML.items()),
]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("page", "media_type"), [(page, kind) for _, page, kind in MAPPED], ids=[one[0] for one in MAPPED]
)
def test_a_disguised_address_is_mapped(browser, page, media_type):
    """What would be asked of the live site is asked of the replay."""
    assert asked(browser, page.encode(), media_type, patience=PATIENCE)[:1] == ["x"]
    assert asked(browser, rewritten(page, media_type), media_type, patience=PATIENCE)[:1] == ["m"]


@pytest.mark.browser
@pytest.mark.parametrize("space", ["\xa0", "\x85", "\x1f"])
def test_no_refresh_comes_of_none(browser, space):
    """What is no refresh to a browser is none when it is rewritten."""
    page = f"<meta http-equiv=refresh content='0{space};url=//x/'>"
    assert asked(browser, page.encode(), HTML, patience=QUIET) == []
    assert asked(browser, rewritten(page, HTML), HTML, patience=QUIET) == []
    assert map_refresh(f"0{space};url=//x/", mapper) == f"0{space};url=//x/"


@pytest.mark.browser
@pytest.mark.parametrize("page", NOTHING.values(), ids=NOTHING)
def test_what_cannot_be_told_goes(browser, page):
    """What would be asked of the live site is asked of nobody."""
    assert asked(browser, page.encode(), HTML, patience=PATIENCE)[:1] == ["x"]
    assert asked(browser, rewritten(page, HTML), HTML, patience=QUIET) == []
