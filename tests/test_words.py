# SPDX-License-Identifier: EUPL-1.2
"""What a visitor types, read as phrases that must be there and phrases that must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.words import MAX_QUERY, MAX_TERMS, MAX_WORD, parse, words, words_with_initials

QUERIES = [
    ("", [], []),
    ('"', [], []),
    ("? ! -", [], []),
    ("Paspoort LEGES", [("paspoort",), ("leges",)], []),
    ('"op tijd" verlengen', [("op", "tijd"), ("verlengen",)], []),
    ('verlengen "op tijd', [("verlengen",), ("op",), ("tijd",)], []),
    ("„op tijd”", [("op", "tijd")], []),
    ("«op tijd» ja", [("op", "tijd"), ("ja",)], []),
    ('voor"op tijd"na', [("voor",), ("op", "tijd"), ("na",)], []),
    ('""', [], []),
    ("au-pair ind.nl foto's", [("au", "pair"), ("ind", "nl"), ("foto", "s")], []),
    ("Café cafe\u0301 cafe", [("cafe",)], []),
    ("wat kost het?", [("wat",), ("kost",), ("het",)], []),
    ("paspoort -leges", [("paspoort",)], [("leges",)]),
    ("-leges paspoort", [("paspoort",)], [("leges",)]),
    ("paspoort - leges", [("paspoort",), ("leges",)], []),
    ("paspoort --leges", [("paspoort",)], [("leges",)]),
    ("paspoort-leges", [("paspoort", "leges")], []),
    ("paspoort -au-pair", [("paspoort",)], [("au", "pair")]),
    ('a -"op tijd"', [("a",)], [("op", "tijd")]),
    ('"op tijd"-verlengen', [("op", "tijd"), ("verlengen",)], []),
    ("paspoort NOT leges", [("paspoort",)], [("leges",)]),
    ("paspoort NOT -leges", [("paspoort",)], [("leges",)]),
    ("paspoort not leges", [("paspoort",), ("not",), ("leges",)], []),
    ("NOT", [], []),
    ("NOT NOT a", [], [("a",)]),
    ("NOT NOT a AND (b OR", [("b",), ("or",)], [("a",)]),
    ("paspoort AND leges", [("paspoort",), ("leges",)], []),
    ('"paspoort AND leges"', [("paspoort", "and", "leges")], []),
    ("a -a", [("a",)], [("a",)]),
    ("title:x* ~y^2 [a TO b]", [("title", "x"), ("y", "2"), ("a",), ("to",), ("b",)], []),
    ("snake_case", [("snake", "case")], []),
    ("Straße ﬁn İ", [("strasse",), ("fin",), ("i",)], []),
    ("x" * 150, [("x" * 64,)], []),
    ("a" * 300, [("a" * 64,)], []),
    ("\x00 \ud800 \u202e", [], []),
    ("日本 язык", [("日本",), ("язык",)], []),
    (
        "verblijfs\u00advergunning co\u200bde a\u2060b\ufeff \ufeffc",
        [("verblijfsvergunning",), ("code",), ("ab",), ("c",)],
        [],
    ),
    ("Auf\u200clage \u00ad\u00ad \u200b", [("auflage",)], []),
    ("می\u200cخواهم", [("می", "خواهم")], []),
    ("ภาษา\u200bไทย", [("ภาษา", "ไทย")], []),
    ("\U0001d40f\U0001d41aspoort ＬＥＧＥＳ ⅣX", [("paspoort",), ("leges",), ("ivx",)], []),
    (("\u00ad" * 190) + "ab", [("ab",)], []),
]


@pytest.mark.parametrize(("asked", "wanted", "unwanted"), QUERIES)
def test_parse(asked, wanted, unwanted):
    """Words, phrases, what must not be there, and nothing else that has a meaning."""
    query = parse(asked)
    assert ([*query.wanted], [*query.unwanted]) == (wanted, unwanted)


def test_parse_is_bounded():
    """A query of a hundred words is one of twenty."""
    for text in (" ".join(map(str, range(60))), '"' + " ".join(map(str, range(60))) + '"'):
        assert sum(map(len, parse(text).wanted)) == MAX_TERMS
    query = parse(" -".join(map(str, range(60))))
    assert sum(map(len, query.wanted + query.unwanted)) == MAX_TERMS


@given(st.text(alphabet=st.sampled_from(list('ab -"“”NOT\u0301\x00é*:()[]')) | st.characters(), max_size=400))
def test_nothing_is_an_error(text):
    """Whatever is typed is read: bounded words, in lower case, none empty."""
    query = parse(text)
    found = [word for phrase in query.wanted + query.unwanted for word in phrase]
    assert all(query.wanted + query.unwanted)
    assert len(found) <= MAX_TERMS
    assert all(0 < len(word) <= MAX_WORD for word in found)


@pytest.mark.parametrize(
    "text", ['"' * 100_000, "-" * 100_000, "a" * 100_000, 'a"' * 50_000, "NOT " * 25_000]
)
def test_what_is_longer_is_passed_over(text):
    """Of a text however long, as much is read as of a query of the greatest length."""
    assert parse(text) == parse(text[:MAX_QUERY])


def test_words_of_a_long_word():
    """A page may be one word of a million letters; its beginning is the word."""
    assert [len(word.folded) for word in words("é" * 1_000_000)] == [MAX_WORD]


_LETTERED = st.text(
    st.sampled_from(
        "aAeéÉ\u0301ßsSkK\u212aıiİ09_- .\x00\nﬁfπΠ针\u0345\u200b\u200d\u00ad\ufeffก\u0645\U0001d4b3x"
    )
    | st.characters(),
    max_size=40,
)


@given(_LETTERED, st.sets(st.sampled_from("aesk0fiπ针x"), min_size=1))
def test_words_with_initials(text, initials):
    """Words that begin with some letters are found as by reading all words, whatever is written before them."""
    assert list(words_with_initials(text, initials)) == [
        word for word in words(text) if word.folded[0] in initials
    ]
