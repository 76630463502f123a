# SPDX-License-Identifier: EUPL-1.2
"""
Foreign content in pages: where `<svg>` and `<math>` end is where Chromium ends them, however broken the markup.

What follows tells: what looks like a link in a script, a title or a CDATA section is text in one reading and a link
in the other. Rewritten and parsed by Chromium, each page has the tree of the original with its addresses mapped.
"""

from __future__ import annotations

import json
import random
import re

import pytest

from tests.support.archive import Reply, build
from tests.support.chromium import visit
from tests.support.page_tree import SCRIPT, leading_out, mapper, tree
from tests.support.ports import free_port
from tests.support.viewing import serving
from viewer.rewriting.foreign_names import CAPITALS
from viewer.rewriting.html import rewrite_html
from viewer.rewriting.quirks import has_quirks

PROBES = (
    """<script>var x="<a href='//x/y'>"</script>""",
    "<style><a href=//x/>x</style>",
    "<title><a href=//x/></title>",
    "<![CDATA[><a href=//x/>]]>",
    "<xmp><a href=//x/></xmp>",
)
"""Of each, what looks like a link is one in HTML and text in foreign content, or the other way round."""

FRAGMENTS = [
    # one form pointer for the whole document: a form in a form is nothing, so what follows is still foreign
    "<form><math><mi><form>", "<form></form><math><mi><form>", "<form><svg><desc></form>", "<form><svg><desc></form><form>",
    "<template><form><svg><desc><form>", "<svg><desc><form></svg><math><mi><form>", "<table><form><svg><desc><form>", "<table><form><svg><desc></form><form>", "<table><tr><td><form><svg><desc></form><form>",
    "<form><svg><desc><template><form>", "<form><svg><desc><svg><desc><form>",
    # what breaks out of foreign content (HTML section 13.2.6.5)
    *(f"<svg><g><{tag}>" for tag in ("b", "body", "br", "div", "h1", "head", "img", "li", "p", "pre", "span", "table", "var")),
    "<svg><font>", "<svg><font color=x>", "<svg><font FACE=x>", "<svg><font size>", "<svg><font data-size=1>", "<math><font color=x>",
    "<svg></p>", "<svg></br>", "<svg><g></p>", "<math><mi></p>", "<math><mrow></br>", "<p><svg><path></p>", "<p><svg><path></p></svg>",
    # HTML integration points, and MathML's for text
    "<svg><foreignObject>", "<svg><foreignObject/>", "<svg><desc>", "<svg><title>", "<svg><foreignObject><div></svg>",
    "<svg><foreignObject><div></foreignObject>", "<svg><foreignObject></p>", "<svg><desc><svg></desc>", "<svg><desc><b></desc>",
    "<svg><foreignObject><p><svg></p>", "<svg><foreignObject><svg><g></foreignObject>", "<div><svg><foreignObject></div>",
    "<math><mi>", "<math><mo><b>", "<math><mn></math>", "<math><ms><svg>", "<math><mtext><p></mtext>", "<math><mi><mglyph>",
    "<math><mi><b><mglyph>", "<math><mo><malignmark></mo>", "<math><mi/>", "<math><mrow>", "<svg><mi>", "<math><desc>",
    "<math><annotation-xml>", "<math><annotation-xml encoding=text/html>", "<math><annotation-xml encoding='Application/XHTML+xml'>",
    "<math><annotation-xml encoding=text/plain>", "<math><annotation-xml data-encoding=text/html>", "<math><annotation-xml><svg>",
    "<math><annotation-xml><svg><desc>", "<a><math><annotation-xml></a>", "<div><math><annotation-xml><svg></div>",
    "<div><svg><annotation-xml></div>", "<p><math><annotation-xml></p>", "<table><td><math><annotation-xml></td>", "<math><annotation-xml encoding=text/html><div></annotation-xml>",
    # end tags of what is open around it, and of what is not
    "<div><svg><path></div>", "<svg><path></div>", "<div><svg><path/></svg></div>", "<span><svg></span>", "<svg></span>", "<a><svg></a>",
    "<a><div><svg></a>", "<b><p></b><svg></b>", "<p><b></p>t<svg></b>", "<p><b></p><svg></b>", "<button><svg></button>", "<li><svg></li>",
    "<ul><li><svg></ul>", "<ul><li><p><svg><li>", "<dl><dt><svg></dd>", "<h1><svg></h2>", "<form><svg></form>", "<form><div><svg></form>",
    "<object><svg></object>", "<b><object><svg></b>", "<custom><svg></custom>", "<custom><div><svg></custom>", "<i><svg></em></i>",
    "<table><tr><td><svg></td>", "<table><tr><td><svg><desc></td>", "<table><tr><td><svg><desc><b></table>", "<td><svg></td>",
    "<table><tr><td><svg><td>", "<table><tr><td><svg><foreignObject><td>", "<table><caption><svg></caption>", "<table><svg></table>",
    "<select><svg></select>", "<select><h1><svg></select>", "<select><select><svg></select>", "<dd><select></dd><svg></select>",
    "<table><g/><table></table><svg></table>", "<table><form><svg></form>", "<table><td><math><mi><table><math></tr>", "<form></div><svg></form><form><svg></form>",
    "<template><svg></template>", "<div><svg></svg><svg></div>", "<div><svg><p></div><svg></div>", "<svg><div></svg></div><svg></div>",
    # a paragraph ends the one before: of nine in a row one is open, and the agency has not used up its eight rounds
    "<b>" + "<p>" * 9 + "<svg></b>", "<font>" + "<p>" * 9 + "<math></font>", "<b><noscript>" + "<p>" * 9 + "<svg></b>", "<b>" + "<div>" * 9 + "<svg></b>",
    # a template may hold parts of a table without one: the first tells which, and what ends them
    *(f"<template><{part}><svg></{part}>" for part in ("caption", "colgroup", "tbody", "td", "th", "tr")),
    *(f"<template><{part}><svg></table>" for part in ("caption", "tbody", "td", "tr")), "<template><div></div><tr><svg></tr>",
    "<template><svg><desc><td>", "<template><math><mi><tfoot>", "<table><math><mi><template><tfoot><math></template>",
    "<template><tr><table><svg></table>", "<template><td><svg><desc><tr>", "<template><script></script><tr><svg></tr>",
    "<template><body><td><svg></td>", "<table><template><body><tr><math><mi><td>", "<template><svg><desc><form><form></form></desc>",
    "<template><math><mi><form><i></form>", "<template><svg><desc><form></svg><svg><desc><form></desc>",
    # a table directly in a table, columns, a form in a table, and what a cell that ends forgets
    "<table><i><svg><desc><table><math></i>", "<table><col><svg></colgroup>", "<table><td><svg><desc><col>", "<table><svg><desc><p><form></desc>",
    "<table><td><b></tr>text<svg></b>", "<svg><form><desc></form>", "<svg><desc><button><b></button>text</desc>",
    "<math><mi><p><a><div><svg></div>text", "<svg><desc><p><b></p>text<!-- --></desc>",
    # a template that begins with a column holds nothing else: what would be raw text, or a drawing, is not
    *(f"<template><col><{raw}></template>" for raw in ("noframes", "script", "style", "textarea", "title", "xmp")), "<template><col/><title></template>",
    *(f"<template>{first}<col><title></template>" for first in ("<link>", "<meta>", "<script></script>", "<style></style>", "<template></template>")),
    *(f"<template>{first}<col><title></template>" for first in ("text", "<!-- -->", "</p>", "<div>", "<tr>", "<svg></svg>", "<noscript></noscript>")),
    *(f"<template><template>{first}</template><col><title></template>" for first in ("<col>", "<div>", "<link>", "<svg></p>")),
    "<template><template><col></template><title></template>", "<template><col><template><title></template></template>",
    "<template><col><template><div></template><title></template>", "<template><col><template><template><div></template></template><title></template>",
    "<template><col></template><title></template>", "<template></template><col><title></template>", "<template><col><svg><template>", "<template><col><math><mi><template>",
    "<svg><desc><template><col><title></template></desc>", "<svg><desc><template><div><col><title></template></desc>", "<svg><template><col><title></template>",
    "<template><template><svg></span></svg></template><col><title></template><div><svg></div>", "<div><template><col><div></template><svg></div>",
    "<table><template><col><title></template></table>", "<template><col><b></template><svg></b>",
    # to Chromium some tags tell that a template is for anything, and to the standard they tell nothing
    *(f"<template><{first}></{first}><col><title></template>" for first in ("base", "basefont", "bgsound", "noframes", "title")),
    "<template><base><link><col><title></template>", "<template><link><base><col><title></template>", "<template><title></title><div><col><title></template>",
    "<template><title></title><tr><svg></tr>", "<template><title></title><tr><td><title></template>", "<svg><desc><template><base><col><style></template></desc>", "<svg><desc><template><base><td><svg></td>",
    "<template><base></template><table><td><svg></td>", *(f"<template><title></title><<tr>{rest}" for rest in ("a href=//x/>", "svg>", "/template>", "!--")),
    "<svg><desc><template><base><<td>a href=//x/>", "<template><title></title><<tr><td>title>", "<template><title></title>&am<tr>p;",
    # what opens formatting elements again in an integration point, which then is one no more
    *(f"<math><annotation-xml encoding=text/html><p>{one}" for one in ("<font><xmp></xmp>", "<b></p><svg></svg>", "<b></p><math></math>", "<b></p></br>", "<b></p></p>", "<b></p><br>")),
    "<math><mi><p><b></p><mglyph></mglyph>", "<template><math><mi><template></br>",
    # formatting elements are one list, whatever they stand in
    *(f"<svg><desc><p><b></p></{end}><div>{text}<svg></b>" for end in ("svg", "desc><desc") for text in ("", "x")), "<a><svg><desc><a></a></desc></svg><div><svg></a>",
    "<a><svg><desc><table><td><a></a></table></desc></svg><div><svg></a>", "<b><svg><desc></b>x</desc></svg><div><svg></b>", "<b><svg><desc><b></desc></svg></b><div><svg></b>",
    "<p><b><b><b><svg><desc><b></desc></svg></p><svg></b></b></b></b>", "<svg><desc><table><td><b></desc></svg><p>x<svg></b>", "<nobr><svg><desc><nobr></desc></svg></nobr>x<svg></nobr>",
    # in a `<select>` an option ends more
    *(f"<select>{one}" for one in ("<option><hr><svg></option>", "<optgroup><optgroup></optgroup><svg></optgroup>", "<optgroup><hr><svg></optgroup>", "<optgroup><option><option><svg></option>",
      "<optgroup><option><optgroup><svg></option>", "<div><option><hr><svg></option>", "<option><div><option><svg></div>")), "<option><hr><svg></option>",
    # to Chromium an end tag in SVG has the capitals of SVG, and then ends nothing else
    "<foreignObject><svg></foreignObject>", "<clippath><svg><g></clippath>", "<clippath><math></clippath>", "<svg><foreignObject><math><mi></foreignObject><br></mi>",
    "<svg><desc><clippath><svg></clippath>", "<svg><clippath></clippath>", "<svg><clippath><desc></clippath>", "<svg><desc><textpath><svg><textpath></textpath>", "<table><td><textpath><svg></textpath></td>",
    # in an integration point that holds nothing: text in a CDATA section counts, and end tags of what the document has one list of
    *(f"<svg><desc><p><b></p>{one}</desc>" for one in ("<![CDATA[x]]>", "<![CDATA[ ]]>", "<![CDATA[]]>", "<![CDATA[\0]]>", "\0", "</b>x", "</b><![CDATA[x]]>", "<svg></b></svg>x")),
    "<math><mi><p><a></p></a>x</mi>", "<form><svg><desc></form>x</desc>", "<svg><desc>&am<![CDATA[p;<b>&lt;]]>x</desc>", "<svg><desc><![CDATA[x",
    # what is a comment, and what nothing, within that
    "<svg><desc><div>&am<![CDATA[p;<b>&lt;]]>x</div></desc>", "<svg><desc><div><![CDATA[a--]]><![CDATA[-]]><![CDATA[]]><![CDATA[>x</div></desc>",
    "<svg><desc><table><colgroup></col><col></template><col></html><col></div><col></table></desc>", "<svg><desc><td><tr>x</desc>", "<svg></body><g></html><!-- --></g>",
    "<div><svg><g></b></div>", "<div><svg><g><svg><desc><svg></div></desc></svg></div>", "<table><td><svg><desc><div><svg></td>x</table>", "<template><svg><desc><div><svg></template>x</svg>",
    "<div><math><mi><mglyph><mglyph></div></mi></div>", "<svg><a><desc><div><svg><desc></a></desc></svg></div></desc></a>",
    # tags that end themselves, and raw text
    "<div><svg/><svg></div>", "<svg/>" * 300 + "<svg></span>", "<template><col><svg/></template><svg></span>",
    "<svg/>", "<svg><g/></g>", "<svg><script/>", "<svg><style/>", "<svg><title/>", "<math/>", "<svg><script></svg>", "<svg><style><p>",
    "<svg><textarea></svg>", "<svg><desc><textarea></svg></textarea>", "<svg a=b/></svg>", "<svg a=/></svg>", "<svg><SVG></svg></svg>",
]  # fmt: skip
PAGES = [f"<!doctype html><html><head></head><body>{one}{probe}" for one in FRAGMENTS for probe in PROBES]
TREE = """pages => pages.map(page => {
  const walk = node => [node.nodeName, node.namespaceURI || "",
    node.nodeType === 1 ? [...node.attributes].map(one => [one.name, one.value]) : node.nodeValue,
    [...(node instanceof HTMLTemplateElement ? node.content : node).childNodes].map(walk)];
  return JSON.stringify(walk(new DOMParser().parseFromString(page, "text/html").documentElement));
})"""


def rewritten(page: str) -> str:
    return rewrite_html(page.encode(), "utf-8", mapper, "", scripts=False).decode()


def mapped(node: list) -> list:
    """Map the addresses of links in a tree, and nothing else."""
    name, namespace, kept, children = node
    if name.lower() == "a" and isinstance(kept, list):
        kept = [[one, mapper(value) if one == "href" else value] for one, value in kept]
    return [name, namespace, kept, [mapped(child) for child in children]]


LOOSE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">'
)
IN_QUIRKS = (
    "<custom><p><table></table><svg></custom>",
    "<p><font><table><svg></font>",
    "<p><table><td><svg></p>",
)
OTHER_PAGES = [
    # a table ends a paragraph but in quirks mode
    *(f"{before}<body>{one}{probe}" for before in ("", "<!-- --!> </p>", "<?x?>text", "<!doctype html>", LOOSE) for one in IN_QUIRKS for probe in PROBES),
    # a `<noscript>` in the head ends by itself
    *(f"{before}<noscript>{inside}</noscript>{behind}{probe}" for before in ("", "<head>", "</head>", "<title></title> <!-- -->", "<body>", "text", "<template></template>")
      for inside in ("", "<svg>", "x<svg>", " <link>", "<p>", "<script></script>", "</head>", "</br>", "<noscript>") for behind in ("", "<math>", "<svg></noscript>") for probe in PROBES[1:4]),
]  # fmt: skip


@pytest.mark.browser
def test_foreign_content_is_read_as_chromium_reads_it(browser):
    """Of each fragment Chromium makes the same tree after rewriting as before, with its links mapped."""
    page = browser.new_page()
    before = page.evaluate(TREE, PAGES + OTHER_PAGES)
    after = page.evaluate(TREE, [rewritten(one) for one in PAGES + OTHER_PAGES])
    page.close()
    differ = [
        written
        for written, one, other in zip(PAGES + OTHER_PAGES, before, after, strict=True)
        if mapped(json.loads(one)) != json.loads(other)
    ]
    assert differ == []


DOCTYPES = [
    "", "<!doctype html>", "<!DOCTYPE HTML >", "<!-- --!> <!doctype html>", "<?xml?></p><!doctype html>", "<!x><!doctype html>", "x<!doctype html>", "<p><!doctype html>",
    "<!-- <!doctype html> -->", "<!doctypehtml>", "<!doctype>", "<!doctype x>", "<!doctype html x>", "<!doctype html system 'about:legacy-compat'>", "<!doctype html public 'x'>",
    LOOSE, LOOSE.replace("//www", "/www"), *(LOOSE.replace("4.01 Transitional", name) for name in ("4.01", "4.01 Frameset", "4.0 Transitional", "3.2 Final")),
    *(f'<!DOCTYPE html PUBLIC "-//W3C//DTD {name}//EN">' for name in ("HTML 4.01", "HTML 4.01 Transitional", "XHTML 1.0 Strict", "HTML 3.2 Final")),
    *(f'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML {name}//EN" "http://www.w3.org/TR/x.dtd">' for name in ("1.0 Strict", "1.0 Transitional", "1.0 Frameset", "1.1")),
    '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd" x>', '<!DOCTYPE html PUBLIC "-//IETF//DTD HTML//EN">', "<!doctype html public>",
]  # fmt: skip


@pytest.mark.browser
def test_quirks_are_told_as_chromium_tells_them(browser):
    """Where the rewriter says how a page is shown Chromium says so too; and it says so of the doctypes that pages have."""
    page = browser.new_page()
    pages = [f"{one}<p>" for one in DOCTYPES]
    modes = page.evaluate(
        "pages => pages.map(one => new DOMParser().parseFromString(one, 'text/html').compatMode)", pages
    )
    page.close()
    told = {one: has_quirks(one) for one in pages}
    assert [one for one, mode in zip(pages, modes, strict=True) if told[one] is (mode == "CSS1Compat")] == []
    assert told["<p>"] is True
    assert [told["<!doctype html><p>"], told[f"{LOOSE}<p>"], told["<!doctypehtml><p>"]] == [
        False,
        False,
        None,
    ]


@pytest.mark.browser
def test_capitals_of_svg(browser):
    """Every name that Chromium gives capitals in SVG is one of the rewriter's."""
    page = browser.new_page()
    names = [
        *CAPITALS,
        "svg",
        "switch",
        "discard",
        "solidcolor",
        "meshgradient",
        "hatchpath",
        "mesh",
        "missing-glyph",
        "font-face-uri",
        "vkern",
    ]
    found = page.evaluate(
        """names => names.filter(name => new DOMParser().parseFromString(`<svg><${name}>`, "text/html")
        .querySelector("svg > *")?.localName !== name && name !== "svg")""",
        names,
    )
    page.close()
    assert len(found) > 25
    assert set(found) <= CAPITALS


def test_fragments_tell_readings_apart():
    """Of each probe there are fragments after which what looks like a link is one, and others."""
    for probe in PROBES:
        found = {"http://m/x" in rewritten(page) for page in PAGES if page.endswith(probe)}
        assert found == {False, True}


AROUND = [
    "div", "p", "span", "a", "b", "i", "li", "ul", "td", "table", "tr", "button", "form", "h1", "section", "object", "label", "dd", "option", "custom", "nobr", "ruby", "rt", "font", "template", "tbody", "caption", "colgroup",
]  # fmt: skip
INSIDE = [
    "svg", "math", "g", "path", "foreignObject", "desc", "title", "mi", "mo", "mtext", "annotation-xml", "style", "script",
]  # fmt: skip
TAGS = [
    *(f"<{slash}{tag}>" for tag in AROUND + INSIDE for slash in ("", "/")), *["<svg>", "<math>"] * 6, "text", "</br>", "<br>",
    "<font color=x>", "<annotation-xml encoding=text/html>", "<g/>", "<script/>", "<title/>", "<mglyph>", "<textarea>", "</textarea>",
    "<", "&am", "p;", "a href=//x/>", "/template>", *["<template>", "</template>", "<col>"] * 2, "<base>",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_any_tags_are_read_as_a_parser_reads_them(seed):
    """A parser makes the same tree of a page before and after, whatever is open around foreign content."""
    chosen = random.Random(seed)
    for _ in range(1000):
        tags = [chosen.choice(TAGS) for _ in range(chosen.randint(2, 16))]
        page = "<!doctype html><html><head></head><body>" + "".join([*tags, chosen.choice(PROBES)])
        after = rewrite_html(page.encode(), "utf-8", mapper, SCRIPT).decode()
        assert tree(after) == tree(page), page
        assert leading_out(after) == [], page


@pytest.mark.parametrize(("deep", "ends"), [
    ("<math><mi>" * 100, False), ("<math><mi>" * 200, True), ("<svg><g>" * 500, True), ("<svg><g></g></svg>" * 500, False),
    ("<svg><desc>" + "<div>" * 200, False), ("<svg><desc>" + "<div>" * 300, True),
    ("<div>" * 200 + "<svg></span>", False), ("<div>" * 300 + "<svg></span>", True), ("<div>" * 300 + "<svg></svg>", False),
    ("".join(f"<b a={n}>" for n in range(300)) + "<svg></i>", True),
    ("<template><col>" + "<div>" * 300 + "</template><svg></span>", False), ("<svg/>" * 300 + "<svg></span>", False),
    ("<x><search><math></x>", True), ("<search><x><math></x></search>", False), ("<dt><search><dd></search><svg></dt>", True), ("<b><search><svg></b>", True),
    ("<!doctype html public 'x'><p><table><svg></i>", True), ("<!doctype html public 'x'><table><svg></i>", False),
    ("<template><tr><td>x</template>" * 300 + "<b>t</b><div><svg><path></div>", False),
])  # fmt: skip
def test_a_page_that_is_too_deep_ends(deep, ends):
    """What is open further out than is remembered may end anywhere: what follows is not shown rather than misread."""
    after = rewritten(f"{deep}<title><a href=//x/></title><a href=//x/>")
    assert ("<title>" not in after) is ends
    assert "href=//x/" not in after.replace("<title><a href=//x/>", "")


RUNS = "document.documentElement.setAttribute('ran','')"
SITE, DAY = "https://www.example.org", "20260303023000"


@pytest.mark.browser
def test_nothing_runs_in_the_view_without_scripts(browser, tmp_path):
    """After any of the fragments no script, handler or `javascript:` runs in the view that has none."""
    active = (
        f'<script>{RUNS}</script><img src=/none onerror="{RUNS}"><svg onload="{RUNS}"><script>{RUNS}</script></svg>'
        f'<iframe src="javascript:parent.{RUNS}"></iframe>'
    )
    pages = {
        f"{SITE}/{number}": Reply(f"<!doctype html><body>{one}{active}")
        for number, one in enumerate(FRAGMENTS)
    }
    frames = "".join(f"<iframe src=/{number}></iframe>" for number in range(len(FRAGMENTS)))
    port = free_port()
    day = {f"{SITE}/": Reply(f"<!doctype html><title>t</title>{frames}"), **pages}
    with (
        build(tmp_path / "data", {"demo": {DAY: day}}, port=port) as built,
        serving(built, port) as base,
        visit(browser, f"{base}/web/{DAY}ns_/{SITE}/") as seen,
    ):
        shown = [frame for frame in seen.page.frames if re.search(r"/\d+$", frame.url)]
        assert len(shown) == len(FRAGMENTS)
        assert [frame.url for frame in shown if frame.locator("[ran]").count()] == []
