# SPDX-License-Identifier: EUPL-1.2
"""Texts are brought into the forms of Unicode, however many marks are on a letter."""

from __future__ import annotations

import sys
import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import unicode_forms
from index.unicode_forms import MAX_MARKS, MAX_PIECE, caseless, normal_form, pieces, stream_safe

ABOVE, BELOW, LETTER, VOICED, SUBJOINED = "\u0301", "\u0316", "e", "\uff9e", "\u0f73"
FORMS = ("NFC", "NFD", "NFKC", "NFKD")
EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from(
        [ABOVE, BELOW, VOICED, SUBJOINED, "\u1161", "\u11a8", "\u1100", "\u0345", "\u2014", " ", "İ"]
    )
)


def marks(text):
    """Return how many marks are on end in a text that is taken apart, at most."""
    runs = groupby(unicodedata.normalize("NFKD", text), key=lambda one: unicodedata.combining(one) > 0)
    return max((len(list(run)) for is_mark, run in runs if is_mark), default=0)


def test_every_mark_is_looked_at():
    """What is taken for no mark without looking is none, of all that Unicode has."""
    passed_over = [one for one in EVERY if not unicode_forms._LONG.fullmatch(one * (MAX_MARKS + 1))]
    assert [one for one in passed_over if unicodedata.combining(unicodedata.normalize("NFKD", one)[0])] == []
    assert len(passed_over) < len(EVERY)


def test_where_a_piece_ends_nothing_is_composed():
    """No character below U+0300 changes with what is before it."""
    low = {chr(code) for code in range(0x300)}
    assert not [one for one in low if unicodedata.combining(one)]
    composed = (unicodedata.decomposition(one).split() for one in EVERY)
    assert not [one for one in composed if len(one) == 2 and one[0][0] != "<" and chr(int(one[1], 16)) in low]


@pytest.mark.parametrize("form", FORMS)
@given(text=TEXTS)
def test_forms_are_those_of_unicode(form, text):
    """A text without long runs of marks has the form that Unicode gives it."""
    if marks(text) <= MAX_MARKS:
        assert normal_form(form, text) == unicodedata.normalize(form, text)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
        assert caseless(text) == folded


@pytest.mark.parametrize("text", [f"{LETTER}{ABOVE}", "가", "\u1112\u1161\u11ab", f"x{BELOW} ", "漢字"])
@pytest.mark.parametrize("shift", range(3))
def test_pieces_are_as_the_whole(text, shift):
    """A text of several pieces has the form of the whole, wherever they end."""
    whole = "a" * shift + text * (3 * MAX_PIECE // len(text))
    assert "".join(pieces(whole)) == whole
    for form in FORMS:
        assert normal_form(form, whole) == unicodedata.normalize(form, whole)


@given(
    text=TEXTS,
    mark=st.sampled_from([ABOVE, BELOW, VOICED, SUBJOINED, ABOVE + BELOW]),
    many=st.integers(1, 99),
)
def test_no_letter_keeps_more_marks(text, mark, many):
    """Whatever marks a text has, no more than MAX_MARKS are on end, and nothing but marks is left out."""
    given_text = f"{text}{LETTER}{mark * many}{LETTER}{text}"
    kept = stream_safe(given_text)
    assert marks(kept) <= 2 * MAX_MARKS  # some are two when they are taken apart
    left = [one for one in given_text if not unicodedata.combining(unicodedata.normalize("NFKD", one)[0])]
    assert [one for one in kept if not unicodedata.combining(unicodedata.normalize("NFKD", one)[0])] == left
    assert marks(given_text) > MAX_MARKS or kept == given_text


def test_what_is_kept_of_a_letter_with_too_many_marks():
    """The first marks of a letter stay, those of the next letter too."""
    zalgo = LETTER + (ABOVE + BELOW) * 40 + LETTER + ABOVE
    assert stream_safe(zalgo) == LETTER + (ABOVE + BELOW) * (MAX_MARKS // 2) + LETTER + ABOVE
    assert normal_form("NFC", zalgo).endswith("é")
