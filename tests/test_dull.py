# SPDX-License-Identifier: EUPL-1.2
"""Tests what of a page is passed over: as far as an expression with lookahead goes, and never a tag too far."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viewer.rewriting import embeds, passed_over
from viewer.rewriting.dull import Dull, attribute_but, element_but, plain_of, tag, valued

# The same, written with what the other engine lacks
TAGS = r"""(?:
      [^<]++
    | </[a-z][a-z0-9]*+>
    | <(?!(?:ELEMENTS)[\s/>])
      [a-z][a-z0-9]*+
      (?:[ \n]++(?!(?:ATTRIBUTES)[\s=/>])[a-z][a-z0-9:-]*+(?:="VALUE"|='VALUE')?)*+
      [ \n]*+/?>
    )*+"""
SCHEME = "(?![tT][pP][sS]?:)"
NO_SLASH = rf"(?:{SCHEME}[^QUOTE&/\\\t\n\r])*+"
SLASHES = rf"{NO_SLASH}(?:/(?:{SCHEME}[^\"'&/\\\t\n\r])++)*+/?"
ELEMENTS = "base frameset iframe link math meta noembed noframes plaintext script style svg template textarea title xmp"
PARTS = "audio embed feimage frame image img input object source track use video " + ELEMENTS.replace(
    "frameset ", ""
).replace("meta ", "")
ATTRIBUTES = "attributionsrc formtarget integrity nonce ping target"
PIECES = st.sampled_from(
    [
        *(f"<{name}" for name in f"{ELEMENTS} {PARTS} basement sv svgs p h1 a b i".split()),
        *(f" {name}" for name in f"{ATTRIBUTES} pings pin background style title href data-x xlink:href".split()),
        *"<>/='\"& \n\t\r\\?\xa0\u2028\x1cé€", "</p>", "</svg>", "text", '="/a/b"', "='/a'", '=""', '="//x"', "=x",
        "/>", "<!--", "-->", "<P>", "😀", "\ud800", "='", *"tTpPsS:",
        "='http:x'", '="a Https:/x"', "='ttpst:/pt:tp/s:'",
    ]
)  # fmt: skip


def expression(elements: str, attributes: str, value: str) -> re.Pattern[str]:
    written = TAGS.replace("ELEMENTS", elements.replace(" ", "|")).replace(
        "ATTRIBUTES", attributes.replace(" ", "|")
    )
    for quote in "\"'":
        written = written.replace(f"{quote}VALUE{quote}", f"{quote}{value.replace('QUOTE', quote)}{quote}")
    return re.compile(written, re.VERBOSE)


KINDS = [
    (passed_over.XML, expression(ELEMENTS, ATTRIBUTES, SLASHES)),
    (passed_over.XML_IN_PATHS, expression(f"audio img video {ELEMENTS}", ATTRIBUTES, NO_SLASH)),
    (embeds._DULL, expression(PARTS, "background style", "[^QUOTE]*+")),
]


@pytest.mark.parametrize(("dull", "expected"), KINDS, ids=["xml", "xml in paths", "embeds"])
@settings(max_examples=2000)
@given(pieces=st.lists(PIECES, max_size=30), place=st.integers(0, 20))
def test_as_far_as_the_expression(dull, expected, pieces, place):
    """From any place, a stretch ends where the expression with lookahead says."""
    text = "".join(pieces)
    place = min(place, len(text))
    found = expected.match(text, place)
    assert found
    assert dull.over(plain_of(text))(place) == found.end()


@pytest.mark.parametrize(
    ("text", "dull"),
    [
        ("text <p>more</p> <img src=/a>", "text <p>more</p> "),
        ('<a href="/a/b" class=\'x\' hidden>é</a><script>', '<a href="/a/b" class=\'x\' hidden>é</a>'),
        ('<a href="//x">', ""), ("<a ping='x'>", ""), ("<a pings='x'>", "<a pings='x'>"), ("<A>", ""),
        ("<basement><base>", "<basement>"), ("<svgs/><svg/>", "<svgs/>"), ("€<plaintext>", "€"), ("<p", ""), ("<![", ""),
        ("<script src='a/b'>if(a<b)'<i>'</script>x<", "<script src='a/b'>if(a<b)'<i>'</script>x"),
        ('<script type="importmap">{}</script>', ""), ("<script><!--</script>", ""), ("<script>x", ""),
        ("<script src='//x'></script>", ""), ("<style>a{b:url(/c/d)}</style><p>", "<style>a{b:url(/c/d)}</style><p>"),
        ("<style>url(//x)</style>", ""), ("<style>\\</style>", ""), ("<title>a &amp; b</title>", "<title>a &amp; b</title>"),
        ("<title><b></title>", ""), ('<meta name="a" content="//x"/>', '<meta name="a" content="//x"/>'),
        ('<meta charset="Utf-8">', '<meta charset="Utf-8">'), ('<meta charset="x">', ""), ('<meta http-equiv="x">', ""),
        ('<link rel="a preconnects" href="b">', '<link rel="a preconnects" href="b">'), ('<link rel="a preconnect">', ""),
        ("<a href='http:x'>", ""), ("<a href='a HTTPS:/x'>", ""), ("http:<a title='https'>", "http:<a title='https'>"),
        ("<a style='top:1;left:2'>", "<a style='top:1;left:2'>"), ("<style>url(http:x)</style>", ""),
        ("<style>a{top:1;left:2}</style>", "<style>a{top:1;left:2}</style>"), ("<frameset>", ""),
        ("<style>@media a{b{c:d/e}}</style>", "<style>@media a{b{c:d/e}}</style>"), ("<style>@import 'data:,'</style>", ""), ("<style>@\\69mport</style>", ""),
        ("<!doctype html><!--a-b-->", "<!doctype html><!--a-b-->"), ("<!-->", ""), ("<!--->", ""), ("<!--a--!>-->", ""),
    ],
)  # fmt: skip
def test_stretches(text, dull):
    """What most pages have; not what has to be looked at, nor what may be something else."""
    assert text[: passed_over.HTML.over(plain_of(text))(0)] == dull


def test_any_names():
    """Names that are the beginning of each other, or of one letter, are told apart."""
    attribute = attribute_but({"x", "x-y"})
    dull = Dull(tag(element_but({"a", "ab", "abc", "z9"}), valued(attribute, "[^{quote}]*")))
    for name, is_dull in {
        "a": 0,
        "ab": 0,
        "abc": 0,
        "abcd": 1,
        "ac": 1,
        "b": 1,
        "z": 1,
        "z9": 0,
        "z99": 1,
    }.items():
        assert bool(dull.over(f"<{name}>".encode())(0)) == bool(is_dull), name
    for name, is_dull in {"x": 0, "x-": 1, "x-y": 0, "x-y-": 1, "y": 1}.items():
        assert bool(dull.over(f"<b {name}='>'>".encode())(0)) == bool(is_dull), name
