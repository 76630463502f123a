# SPDX-License-Identifier: EUPL-1.2
"""Whatever a name is made from, every file system takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.exporting.safe_names import MAX_BYTES, Names, safe_name
from tests.support.normalised import counted

FORBIDDEN = set('<>:"/\\|?*') | {chr(code) for code in range(32)} | {"\x7f"}
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ind-20260302023000-00000.warc.gz", "ind-20260302023000-00000.warc.gz"),  # ours stay as they are
        ("Jaarverslag 2025 (def).pdf", "Jaarverslag 2025 (def).pdf"),
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j"),
        ("line\r\nbreak\x00\x7f\x85.txt", "line__break___.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".", "file"),
        ("..", "file"),
        ("", "file"),
        (" . . ", "file"),
        ("???", "file"),
        (".hidden", "hidden"),
        ("ends in dots...", "ends in dots"),
        ("ends in spaces   ", "ends in spaces"),
        ("mixed. . .", "mixed"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Nul.warc.gz", "_Nul.warc.gz"),
        ("nul .txt", "_nul.txt"),
        ("COM1", "_COM1"),
        ("lpt9.log", "_lpt9.log"),
        ("conin$", "_conin$"),
        ("console", "console"),
        ("com10.txt", "com10.txt"),
        ("100%.pdf", "100_.pdf"),
        ("één café.pdf", "een cafe.pdf"),
        ("ﬁle①.txt", "file1.txt"),
        ("日本語.pdf", "___.pdf"),
        ("日本語", "file"),
        ("\u202egpj.exe", "_gpj.exe"),  # turns around what follows
        ("zero\u200bwidth.txt", "zero_width.txt"),
        ("\ud800.txt", "_.txt"),
        ("x" * 300, "x" * 240),
        ("x" * 300 + ".warc.gz", "x" * 232 + ".warc.gz"),
        ("é" * 300 + ".pdf", "e" * 236 + ".pdf"),
        ("x." + "y" * 300, "x." + "y" * 238),  # no extension is that long
        ("con." + "x" * 300, "_con." + "x" * 235),
    ],
)
def test_safe_name(text, name):
    """A name is as like the text as every file system lets it be."""
    assert safe_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("één café.pdf", "één café.pdf"),
        ("e\u0301e\u0301n.pdf", "één.pdf"),
        ("日本語.pdf", "日本語.pdf"),
        ("a/日:本", "a_日_本"),
        ("é" * 300 + ".pdf", "é" * 118 + ".pdf"),
        ("COM¹.txt", "_COM¹.txt"),
    ],
)
def test_safe_name_with_letters_of_all_scripts(text, name):
    """For a download, whose name can say its encoding, letters stay."""
    assert safe_name(text, ascii_only=False) == name


@given(st.text(max_size=400), st.booleans())
def test_any_text_gives_a_safe_name(text, ascii_only):
    """No text leads to a name that some file system refuses, and a safe name stays as it is."""
    name = safe_name(text, ascii_only=ascii_only)
    assert 0 < len(name.encode()) <= MAX_BYTES
    assert not FORBIDDEN & set(name)
    assert not name.endswith((" ", "."))
    assert not name.startswith(".")
    assert name.partition(".")[0].rstrip(" ").casefold() not in RESERVED
    assert name.isascii() or not ascii_only
    assert safe_name(name, ascii_only=ascii_only) == name


def test_names_that_would_be_one():
    """Names that differ in capitals alone, or in what had to go, get a number; another folder begins anew."""
    names = Names()
    assert [
        names.take(text) for text in ("a.warc.gz", "A.WARC.gz", "a.warc.gz", "é", "e", "a-2.warc.gz")
    ] == [
        "a.warc.gz",
        "A-2.WARC.gz",
        "a-3.warc.gz",
        "e",
        "e-2",
        "a-2-2.warc.gz",
    ]
    assert names.take("a.warc.gz", folder="other") == "a.warc.gz"


@given(st.lists(st.text(alphabet="aA.é?", max_size=4), max_size=30))
def test_names_are_handed_out_once(texts):
    """No two texts are given one name, whether or not capitals count."""
    names = Names()
    given_out = [names.take(text).casefold() for text in texts]
    assert len(set(given_out)) == len(given_out)


def test_a_number_fits_as_well():
    """Also a name with a number has at most the bytes that are granted."""
    names = Names()
    assert [len(names.take("x" * 300 + ".pdf")) for _ in range(3)] == [MAX_BYTES] * 3


def test_marks_without_end():
    """A name of a letter and thousands of marks is less work than its length, and is a name."""
    text = "a" + "\u0301\u0316" * 5_000
    with counted() as steps:
        assert safe_name(text, ascii_only=False)
    assert 0 < sum(steps) < len(text)
