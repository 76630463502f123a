# SPDX-License-Identifier: EUPL-1.2
"""What others wrote stands apart: its isolates match, and it neither ends ours nor takes ours for its own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from viewer.apart import apart, apart_plain, breakable, settled

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
RLO, PDF = "\u202e", "\u202c"


@pytest.mark.parametrize(
    ("address", "parted"),
    [
        ("https://www.example.org/", "https://www.example|.org/"),
        ("https://www.example.org/nl/kosten/a.b.png", "https://www.example|.org/|nl/|kosten/|a.b.png"),
        ("http://a.example/x?a=1&b=//c/d", "http://a|.example/|x|?a=1|&amp;b=//c/|d"),
        ("<b>/<i>", "&lt;b&gt;/|&lt;i&gt;"),
        ("", ""),
    ],
)
def test_breakable(address, parted):
    """An address is parted after slashes, before what is asked and before the last part of its host, and is escaped."""
    assert str(breakable(address)) == parted.replace("|", "<wbr>")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("café – ok", "café – ok"),
        (f"{PDI}{PDI}ended", "ended"),
        (f"a{RLI}b{PDI}c{PDI}d", f"a{RLI}b{PDI}cd"),
        (f"{RLI}open", f"{RLI}open{PDI}"),
        (f"{RLI}{LRI}{FSI}", f"{RLI}{LRI}{FSI}{PDI}{PDI}{PDI}"),
        (f"{PDI}{RLI}", f"{RLI}{PDI}"),
        (f"{RLO}turned", f"{RLO}turned"),  # ends with the isolate around it
        (f"{PDF}{PDF}", f"{PDF}{PDF}"),  # ends nothing outside of it
        (f"{RLI}a\u2029b", f"{RLI}a b{PDI}"),  # the end of a paragraph would end the isolate
        ("a\x1cb\x85c\u2028d\te\nf", "a b c d e f"),
        ("\0\x1b[31m\x9b\x7f", "\ufffd\ufffd[31m\ufffd\ufffd"),
        ("\ud800a\ufffe\uffff", "\ufffda\ufffd\ufffd"),
    ],
)
def test_settled(text, shown):
    """Isolates are made to match; what shows nothing has a sign; what ends a paragraph is white space."""
    assert settled(text) == shown


def test_apart():
    """In a page a text is escaped, in an element that isolates it."""
    assert apart("<b>&\"'") == "<bdi>&lt;b&gt;&amp;&#34;&#39;</bdi>"
    assert apart(apart("<b>").striptags()) == "<bdi>&lt;b&gt;</bdi>"


@pytest.mark.parametrize(
    "text",
    ["שלום", f"{RLO}x", "\u200fx", f"{LRI}x{PDI}", "١٢", "\U0001e900", "\U00010800", "\ufb1d", "\ufefc"],
)
def test_apart_plain(text):
    """Where no element can be, what turns writing round stands between an isolate and its end."""
    assert apart_plain(text) == f"{FSI}{text}{PDI}"


def test_plain_words_stay_as_they_are():
    """What turns nothing round gets nothing around it, where no element can be."""
    assert apart_plain("Kosten – € 12,50 café 漢字") == "Kosten – € 12,50 café 漢字"


def test_every_letter_that_turns():
    """Each character of Unicode that runs from right to left, or turns others round, gets its isolate."""
    turning = {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI"}
    wanted = (chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in turning)
    assert [hex(ord(one)) for one in wanted if not apart_plain(one).startswith(FSI)] == []


@given(some.text(alphabet=f"a{LRI}{RLI}{FSI}{PDI}{RLO}{PDF}א\u2029\x1c \0"))
def test_isolates_always_match(text):
    """Whatever stands in a text, all its isolates end within it, and what it says is still there."""
    depth = 0
    for one in settled(text):
        depth += (one in {LRI, RLI, FSI}) - (one == PDI)
        assert depth >= 0
    assert depth == 0
    assert [one for one in settled(text) if one in {"a", "א", RLO}] == [
        one for one in text if one in {"a", "א", RLO}
    ]
