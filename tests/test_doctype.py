# SPDX-License-Identifier: EUPL-1.2
"""
Entities and defaults that an XML page declares of itself: its addresses are mapped wherever they come from.

Chromium makes the same tree of a page before and after, its addresses mapped, and a parser finds none that leads out.
"""

from __future__ import annotations

import json

import pytest

from tests.support.page_tree import mapper
from viewer.rewriting.doctype import MOST_MORE, resolved
from viewer.rewriting.html import rewrite_html

XHTML = "xmlns='http://www.w3.org/1999/xhtml'"
SVG = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"

PAGES = {
    "markup": f"<!DOCTYPE html [<!ENTITY x \"<b {XHTML}><a href='//x/1'>x</a></b>\">]><html {XHTML}><body>&x;&x;</body></html>",
    "by number": f"<!DOCTYPE html [<!ENTITY x \"&#60;a {XHTML} href='&#x2f;/x/1'/>\">]><html {XHTML}><body>&x;</body></html>",
    "value": f"<!DOCTYPE html [<!ENTITY x '//x/1'>]><html {XHTML}><body><a href='&x;'/><img src=\"http:&x;/y\"/></body></html>",
    "quoted": f"<!DOCTYPE html [<!ENTITY x '//x/1\"'>]><html {XHTML}><body title=\"&x;\"><a title='&x;'/></body></html>",
    "first of two": f"<!DOCTYPE html [<!ENTITY x '//x/1'><!ENTITY x '/2'>]><html {XHTML}><body><a href='&x;'/></body></html>",
    "default": f"<!DOCTYPE html [<!ATTLIST a href CDATA '//x/1' title CDATA #IMPLIED>]><html {XHTML}><body><a/><a href='/own'/></body></html>",
    "kinds of default": f"<!DOCTYPE svg [<!ATTLIST image xlink:href CDATA #FIXED '//x/1' id ID #IMPLIED width (1|2) '1' y NMTOKEN #REQUIRED>]><svg {SVG}><image y='1'/></svg>",
    "names in case": f"<!DOCTYPE html [<!ATTLIST A href CDATA '//x/1'><!ATTLIST a href CDATA '//x/2'>]><html {XHTML}><body><a HREF='//x/3'/><A/></body></html>",
    "namespace": "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd' [<!ENTITY ns 'http://www.w3.org/2000/svg'>]><svg xmlns='&ns;'><a href='//x/1'/></svg>",
    "namespace by default": "<!DOCTYPE svg [<!ATTLIST svg xmlns CDATA #FIXED 'http://www.w3.org/2000/svg'>]><svg><a href='//x/1'/></svg>",
    "comment with a quote": f"<!DOCTYPE html [<!-- don't --><?x don't ]> ?><!ENTITY x '1'>]><html {XHTML}><body><a href='//x/1'/></body></html>",
    "declared in a comment": f"<!DOCTYPE html [<!-- <!ENTITY x '//x/2'> --><!ENTITY x '//x/1'>]><html {XHTML}><body><a href='&x;'/></body></html>",
    "style": f"<!DOCTYPE html [<!ENTITY x 'url(//x/1)'>]><html {XHTML}><head><style>p {{ background: &x; }} <![CDATA[a::before {{ content: '&x;' }}]]></style></head><body/></html>",
    "no markup there": f"<!DOCTYPE html [<!ENTITY x '//x/1'>]><html {XHTML}><body><!-- &x; --><![CDATA[&x;]]><?y &x;?>&amp;x;</body></html>",
    "default in an entity": f"<!DOCTYPE html [<!ENTITY x '<a/>'><!ATTLIST a href CDATA '//x/1'>]><html {XHTML}><body>&x;</body></html>",
    "not to be declared anew": f"<!DOCTYPE html [<!ENTITY amp '//x/1'><!ENTITY lt '&#38;#60;'>]><html {XHTML}><body title='&amp;'>&lt;</body></html>",
    "in another file": f"<!DOCTYPE html [<!ENTITY x SYSTEM 'x'>]><html {XHTML}><body>a&x;b</body></html>",
    "text": f"<!DOCTYPE html [<!ENTITY x 'caf\u00e9 &#38;#60; &#38;lt;'>]><html {XHTML}><body>&x;</body></html>",
}  # fmt: skip
TREE = """pages => pages.map(page => {
  const walk = node => [node.nodeName, node.namespaceURI || "",
    node.nodeType === 1 ? [...node.attributes].map(one => [one.name, one.value]).sort() : node.nodeValue,
    node.nodeType === 10 ? [] : [...node.childNodes].map(walk)];
  const made = new DOMParser().parseFromString(page, "application/xhtml+xml");
  made.normalize();
  return JSON.stringify([...made.childNodes].filter(one => one.nodeType !== 10).map(walk));
})"""


def rewritten(page: str) -> str:
    return rewrite_html(page.encode(), "utf-8", mapper, "", xml=True).decode()


def mapped(node: list) -> list:
    """Map the addresses of a tree, and nothing else."""
    name, namespace, kept, children = node
    if isinstance(kept, list):
        kept = [
            [one, mapper(value) if one in {"href", "src", "xlink:href"} and "//" in value else value]
            for one, value in kept
        ]
    if name == "#text" and isinstance(kept, str):
        kept = kept.replace("url(//x/1)", "url(http://m/x/1)", 1)
    return [name, namespace, kept, [mapped(child) for child in children]]


@pytest.mark.browser
def test_the_tree_is_chromiums(browser):
    """With entities and defaults put where they are meant, each page has the tree it had, its addresses mapped."""
    seen = browser.new_page()
    before = seen.evaluate(TREE, list(PAGES.values()))
    after = seen.evaluate(TREE, [rewritten(page) for page in PAGES.values()])
    seen.close()
    for name, one, other in zip(PAGES, before, after, strict=True):
        assert "parsererror" not in one, name
        assert [mapped(node) for node in json.loads(one)] == json.loads(other), name


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(codec):
    """A declaration tells of it by its first bytes, as Chromium 156 has it, in XML and in HTML."""
    page = "<?xml version='1.0' encoding='utf-16'?><a href='//x/1'>\u00e9</a>"
    for xml in (True, False):
        after = rewrite_html(page.encode(codec), None, mapper, "", xml=xml).decode()
        assert "<a href='http://m/x/1'>\u00e9</a>" in after


def test_an_entity_in_another():
    """Chromium 156 leaves the inner one as it is in an attribute, other browsers do not."""
    page = "<!DOCTYPE a [<!ENTITY y '//x'><!ENTITY x '&y;/1'>]><a href='&x;'/>"
    assert rewritten(page).endswith("<a href='http://m/x/1'/>")


def test_what_a_parameter_entity_declares_is_nothing():
    """It may declare entities that nobody sees: it goes, and who refers to these refers to nothing."""
    page = "<!DOCTYPE a [<!ENTITY % p '<!ENTITY x \"//x/\">'>%p;<!ENTITY % q SYSTEM 'q.dtd'>%q;<!ENTITY y '/y'>]><a href='&x;&y;'/>"
    assert rewritten(page) == "<!DOCTYPE a []><a href='&x;/y'/>"


OUT = "<a href='//x/1'/>"
NESTED = "".join(f"<!ENTITY x{n} '&x{n - 1};'>" for n in range(1, 20))
PADDING = f"<!--{'p' * 500_000}-->"
HOSTILE = {
    "a reference of two entities": f"<!DOCTYPE html [<!ENTITY x '&#38;'><!ENTITY y \"{OUT}\">]><html {XHTML}><body>&x;y;</body></html>",
    "the same in an attribute": f"<!DOCTYPE html [<!ENTITY x '&#38;'><!ENTITY y '//x/1'>]><html {XHTML}><body><a href='&x;y;'/></body></html>",
    "one in sixteen others": f'<!DOCTYPE html [<!ENTITY x0 "{OUT}">{NESTED}]><html {XHTML}><body>&x19;</body></html>',
    "one that is too long": f"<!DOCTYPE html [<!ENTITY x \"{OUT}{'x' * MOST_MORE}\">]><html {XHTML}><body>&x;</body></html>",
    "one after too many": f"<!DOCTYPE html [<!ENTITY j '{'j' * 100_000}'><!ENTITY x \"{OUT}{'x' * 100_000}\">]><html {XHTML}><body>{PADDING}{'&j;' * 10}&x;</body></html>",
    "a bracket in a declaration": f"<!DOCTYPE html [<!ATTLIST a title (a]b) 'c'><!ENTITY x '//x/1'>]><html {XHTML}><body><a href='&x;'/></body></html>",
    "more in a declaration": f"<!DOCTYPE html [<!ENTITY x '//x/1' more>]><html {XHTML}><body><a href='&x;'/></body></html>",
    "declared by a parameter": f"<!DOCTYPE html [<!ENTITY % p \"<!ATTLIST a href CDATA '//x/1'>\">%p;]><html {XHTML}><body><a/></body></html>",
    "a type by a parameter": f"<!DOCTYPE html [<!ENTITY % p 'CDATA'><!ATTLIST a href %p; '//x/1'>]><html {XHTML}><body><a/></body></html>",
    "an entity in another file": f"<!DOCTYPE html [<!ENTITY x SYSTEM 'x'><!ENTITY y PUBLIC 'y' 'y' NDATA n>]><html {XHTML}><body><a href='&x;&y;//x/1'/></body></html>",
    "another prefix": "<svg xmlns='http://www.w3.org/2000/svg' xmlns:l='&#x68;ttp://www.w3.org/1999/xlink'><image l:href='//x/1'/></svg>",
    "a prefix by default": "<!DOCTYPE svg [<!ATTLIST svg xmlns:l CDATA #FIXED 'http://www.w3.org/1999/xlink'>]><svg xmlns='http://www.w3.org/2000/svg'><image l:href='//x/1'/></svg>",
    "a sheet after a title": f"<?xml-stylesheet title=\"> href='/q'\" href='//x/1'?><html {XHTML}/>",
    "a sheet of two names": f"<?xml-stylesheet href='/q' href='//x/1'?><html {XHTML}/>",
    "another field of a sheet": f"<?xml-stylesheet xhref='/q' href='//x/1'?><html {XHTML}/>",
}  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("name", HOSTILE)
def test_chromium_finds_nothing_that_leads_out(browser, name):
    """In the page as it is served: an address is mapped, or what would bring it is not there."""
    seen = browser.new_page()
    served = rewritten(HOSTILE[name])
    before, after = seen.evaluate(TREE, [HOSTILE[name], served])
    seen.close()
    assert "//x/1" in before or name in {"the same in an attribute", "one in sixteen others"}
    assert "//x/1" not in after.replace("http://m/x/1", "")


def test_nothing_of_a_doctype_stays_that_brings_text():
    """What elements hold, kinds of values and notations may stay; what text there is is put in already."""
    page = (
        "<!DOCTYPE a PUBLIC 'p' 's[' [<!-- c --><?p?><!ELEMENT a (b|c)*><!NOTATION n SYSTEM 'n'><!ENTITY e SYSTEM 'e.xml'>"
        "<!ENTITY f PUBLIC 'p' 'f' NDATA n><!ENTITY x '1'>%p;<!ATTLIST a b ID #IMPLIED c (d|e) 'd' f NOTATION (n) #FIXED \"n\">"
        "<!ELEMENT b '<!ENTITY z \"1\">'>]><a>&x;&e;</a>"
    )
    assert resolved(page) == (
        "<!DOCTYPE a PUBLIC 'p' 's[' [<!ELEMENT a (b|c)*><!NOTATION n SYSTEM 'n'><!ATTLIST a b ID #IMPLIED c (d|e) #IMPLIED f NOTATION (n) #IMPLIED>]>"
        '<a c="d" f="n">1</a>'
    )


@pytest.mark.parametrize("page", [
    "<!DOCTYPE a [<!ENTITY x0 'ten letters'>" + "".join(f"<!ENTITY x{n} '{f'&x{n - 1};' * 10}'>" for n in range(1, 10)) + "]><a>&x9;</a>",
    "<!DOCTYPE a [<!ENTITY x '&x;&x;'>]><a>&x;</a>",
    "<!DOCTYPE a [<!ENTITY x '&y;&y;'><!ENTITY y '&x;&x;'>]><a>&x;</a>",
    f"<!DOCTYPE a [<!ENTITY x '{'x' * 10_000}'>]><a>{'&x;' * 10_000}</a>",
    f"<!DOCTYPE a [<!ATTLIST b c CDATA '{'x' * 10_000}'>]><a>{'<b/>' * 10_000}</a>",
    f"<!DOCTYPE a [<!ATTLIST b{''.join(f' c{n} CDATA ' + chr(39) * 2 for n in range(2_000))}>]><a>{'<b/>' * 20_000}</a>",
], ids=["laughs", "itself", "each other", "often", "defaults", "empty defaults"])  # fmt: skip
def test_a_page_grows_only_so_far(page):
    """What is beyond stays as it is; browsers refuse it."""
    after = resolved(page)
    below, resolved_below = (len(one) - one.index("]>") for one in (page, after))
    assert below < resolved_below <= below + MOST_MORE + 1000


@pytest.mark.parametrize(
    "piece",
    [
        "<!ENTITY x '",
        "<!ENTITY x '' ",
        "<!--",
        "<?",
        "<!ATTLIST a b CDATA '",
        "%x;",
        "<![",
        "'",
        "[",
        "<!x",
        "<!X",
        "<!ELEMENT a ",
    ],
)
def test_a_doctype_without_end(piece):
    """Takes time that is linear, and never raises."""
    rewritten("<!DOCTYPE a [" + piece * 50_000)
    rewritten("<!DOCTYPE a [" + piece * 50_000 + "]><a>&x;</a>")


@pytest.mark.parametrize("inner", [" ", "x", " b (", " b", " b A", "b=", "'' ", "(", "xmlns:"])
@pytest.mark.parametrize(
    "begun", ["<!ATTLIST a ", "<!ENTITY a ", "<!NOTATION a SYSTEM ", "<?xml-stylesheet "]
)
def test_a_long_declaration(inner, begun):
    """Takes time that is linear, in a doctype and before it."""
    rewritten("<!DOCTYPE a [" + begun + inner * 200_000 + ">]><a/>")
    rewritten(begun + inner * 200_000 + "?><a/>")


def test_pages_without_declarations_stay():
    for page in (
        "<a>&x;</a>",
        "<!DOCTYPE a><a b='&x;'/>",
        "<!DOCTYPE a []><a/>",
        "<!-- <!DOCTYPE a [<!ENTITY x '1'>]> --><a>&x;</a>",
    ):
        assert resolved(page) == page
