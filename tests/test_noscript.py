# SPDX-License-Identifier: EUPL-1.2
"""
`<noscript>` in pages: text where scripts run, markup where they do not, and one rewritten page for both.

What of it ends in two places goes. Read in either way, and by Chromium in both, a page leads nowhere out of the replay.
"""

from __future__ import annotations

import random

import pytest

from tests.support.page_tree import mapper
from viewer.rewriting.html import rewrite_html
from viewer.rewriting.markup import Noscript, tokens
from viewer.rewriting.page_elements import ReadingsDiffer
from viewer.rewriting.tags import Kind, Token

OUT = "<link rel=preconnect href=//x.example><img src=//x.example/i>"
IN = '<link href="http://m/x.example"><img src="http://m/x.example/i">'

STAYS = [
    f"<noscript>{OUT}</noscript>{OUT}",
    f"<noscript>text < text</noscript>{OUT}",
    f"<head><noscript><style>p{{}}</style><link rel=stylesheet href=//x.example></noscript><body>{OUT}",
    f"<noscript><p>one<p>two <b>three</noscript><p>{OUT}",
    f"<noscript><div><iframe src=//x.example></iframe></noscript>{OUT}",
    f"<noscript><!-- one --><svg><g/></svg></noscript><svg><g></svg>{OUT}",
    f"<NOSCRIPT class='</noscript>'>{OUT}</NOSCRIPT\n>{OUT}",
    f"<noscript>{OUT}",
    f"<noscript><!-- {OUT}",
    f"<script>'<noscript><!--</noscript>'</script><!-- <noscript><!-- -->{OUT}",
    f"<svg><noscript><g></noscript></svg>{OUT}",
]
"""Both readings end it at the same place, or it is none."""
GOES = [
    f'<noscript><p title="</noscript>{OUT}">',
    f"<noscript><!-- </noscript>{OUT} -->",
    f"<noscript><! </noscript>{OUT}>",
    f"<noscript></ </noscript>{OUT}>",
    *(f"<noscript><{name}></noscript>{OUT}</{name}>" for name in ("style", "title", "textarea", "script", "xmp", "iframe")),
    f"<noscript><plaintext></noscript>{OUT}",
    f"<noscript><style></noscript><noscript><div><svg></div>{OUT}",
    f"<noscript><script><!--<script></script></noscript>{OUT}",
    f"<noscript><noscript><!--</noscript>{OUT}</noscript>",
    f"<noscript><svg></noscript><style><a title='</style>{OUT}'></a>",
    f"<noscript><svg><![CDATA[</noscript>{OUT}]]>",
    f"<svg><foreignObject><noscript><!-- </noscript></svg>{OUT} -->",
    f"<math><mi><noscript><style></noscript></math>{OUT}</style>",
    f"<p><span><noscript><div></div></noscript><svg></span><![CDATA[>{OUT}]]>",
    f"<noscript><table></noscript><svg></table><title>{OUT}",
    f"<noscript></noscript</noscript>{OUT}",
    f"<noscript><template></noscript><col><title></title>{OUT}",
    f"<template><col><template><noscript><template><div></noscript></template><style></template>{OUT}",
    f"<template><col><template><noscript></template></noscript><title></template><style></title>{OUT}</style>",
    f"<template><template><noscript></template></noscript><col><title></template><style></title>{OUT}</style>",
]  # fmt: skip
"""Its content goes, because what follows would be other tags in one reading than in the other."""


def rewritten(page: str, *, scripts: bool = True) -> str:
    return rewrite_html(page.encode(), "utf-8", mapper, "", scripts=scripts).decode()


@pytest.mark.parametrize("page", STAYS)
def test_it_stays_where_both_readings_end_it_alike(page):
    assert rewritten(page) == rewritten(page, scripts=False)


@pytest.mark.parametrize("page", GOES)
def test_content_that_ends_elsewhere_goes(page):
    """What follows is then mapped; where no scripts run all stays, read as markup."""
    after = rewritten(page)
    assert IN in after
    assert "//x.example" not in after.replace(IN, "")
    assert read(after, Noscript.MARKUP) == read(after, Noscript.TEXT)
    assert "<noscript><" in rewritten(page, scripts=False) or "<svg><foreignObject>" in page


def read(page: str, noscript: Noscript) -> list[Token]:
    """Return the tokens of a page but for those within a `<noscript>`."""
    found: list[Token] = []
    within = False
    for token in tokens(page, noscript=noscript):
        within = within and token.name != "noscript"
        if not within and not (token.kind is Kind.RAW and token.name == "noscript"):
            found.append(token)
        within = within or (token.kind is Kind.START and token.name == "noscript")
    return found


WORDS = [
    *["<noscript>", "</noscript>"] * 8, "<noscript title='", "</noscript", "<!--", "-->", "<style>", "</style>", "<title>", "</title>",
    "<script>", "</script>", "<svg>", "</svg>", "<math>", "<mi>", "<desc>", *["<template>", "</template>", "<col>"] * 4, "<![CDATA[>", "]]>", "<table>",
    "</table>", "<td>", "<div>", "</div>", "<span>", "</span>", "<p>", "</p>", "<form>", "</form>", "<a>", "</a>", "<b>", "</b>",
    "<select>", "</select>", "<head>", "<body>", "<frameset>", "<plaintext>", "<p title='", "'>", "<", "</", "text", OUT, OUT, OUT,
]  # fmt: skip


def _page(chosen: random.Random) -> str:
    return "".join(chosen.choice(WORDS) for _ in range(chosen.randint(3, 16))) + OUT


@pytest.mark.parametrize("seed", range(5))
def test_any_page_is_the_same_tags_in_both_readings(seed):
    """What a page served for both has outside of `<noscript>` depends on neither; one that is ambiguous is told."""
    chosen = random.Random(seed)
    told = 0
    for _ in range(2000):
        page = _page(chosen)
        if page.count("<noscript") > page.count("</noscript"):
            continue  # where scripts run it hides all that follows, which is mapped all the same
        after = rewritten(page)
        told += after != rewritten(page, scripts=False)
        assert read(after, Noscript.MARKUP) == read(after, Noscript.TEXT), page
    assert told > 100


def test_elements_in_it_that_matter_to_what_follows_are_told():
    """What ends an `<svg>` is not looked for among elements that are there in one reading only."""
    with pytest.raises(ReadingsDiffer):
        list(tokens("<noscript><div></div></noscript><svg></span>", noscript=Noscript.EITHER))
    assert list(tokens("<noscript>text</noscript><svg></span>", noscript=Noscript.EITHER))
    assert list(tokens("<noscript><div></div></noscript><svg></svg>", noscript=Noscript.EITHER))


LEADING = """pages => pages.flatMap((page, at) => {
  const found = [];
  const look = root => { for (const one of root.querySelectorAll("link, img, template")) {
    if (one.content) look(one.content);
    for (const { name, value } of one.attributes)
      if (["href", "src"].includes(name) && /^(https?:)?[/][/]x[.]example/.test(value)) found.push([at, one.outerHTML]);
    if (/preconnect/.test(one.getAttribute("rel") || "")) found.push([at, one.outerHTML]);
  } };
  look(READ(page));
  return found;
})"""
READERS = {
    "markup": "(page => new DOMParser().parseFromString(page, 'text/html'))",
    "text": "(page => { const one = document.getElementById('one').contentDocument; one.open(); one.write(page); one.close(); return one; })",
}
"""A document without a window has no scripts, and one in a frame has."""


@pytest.mark.browser
@pytest.mark.parametrize("reader", READERS)
def test_chromium_finds_nothing_that_leads_out(browser, reader):
    """Of hostile and of random pages, with scripts and without."""
    chosen = random.Random(0)
    pages = [*STAYS, *GOES, *(_page(chosen) for _ in range(3000))]
    served = [rewritten(page).replace("<script>", "<script type=none>") for page in pages]
    seen = browser.new_page()
    seen.set_content(
        "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><iframe id=one>"
    )
    scripting = seen.evaluate(
        f"(page => ({READERS[reader]})(page).querySelector('noscript').firstChild.nodeType)('<body><noscript><b></b></noscript>')"
    )
    look = LEADING.replace("READ", READERS[reader])
    found, unserved = seen.evaluate(look, served), seen.evaluate(look, [rewritten(GOES[0], scripts=False)])
    seen.close()
    assert bool(unserved) is (reader == "text")  # it is what is taken away that would
    assert scripting == (3 if reader == "text" else 1)
    assert [(pages[at], element) for at, element in found] == []
